/* question.h - one thing that is asked at an address: does it take a connection, what does it answer? */
#ifndef BERTH_HELPER_QUESTION_H
#define BERTH_HELPER_QUESTION_H

#include <poll.h>
#include <stdint.h>

/* Asked by one of these lines, with a time limit in milliseconds and a numeric address:
 *   NAME tcp MS ADDRESS PORT
 *   NAME http MS ADDRESS PORT PATH
 * and answered by one of these:
 *   NAME open                (tcp)
 *   NAME status CODE HEX     (http; how the body begins, each byte as two digits)
 *   NAME error WORDS         nobody answers, in time or as wanted
 */
struct question;

/* NULL: answered already. Without memory the program ends. */
struct question *question_begin(const char *line);
/* What to wait for, and at most until when. */
struct pollfd question_waits(const struct question *question);
int64_t question_due(const struct question *question);
/* Goes on with what can be done now. NULL: answered, and gone. */
struct question *question_move(struct question *question, short events);
int64_t now_ms(void);
/* "NAME error WORDS" of a line that cannot be taken. */
void question_refuse(const char *line, const char *words);

#endif
