/* scarce.h - memory that fails when a test says so: the program is linked with --wrap for all that allocates.
 */
#ifndef BERTH_TESTS_FUZZ_SCARCE_H
#define BERTH_TESTS_FUZZ_SCARCE_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the `at`-th allocation fails, and with `lasting` all that follow. 0: none, they are counted. */
void scarce_begin(size_t at, bool lasting);
/* There is enough again. How many were asked for since. */
size_t scarce_end(void);
/* Between the two there is enough, for what belongs to the other side. */
bool scarce_pause(void);
void scarce_resume(bool paused);
/* Print the stack of the one that fails. */
void scarce_show(bool show);

#endif
