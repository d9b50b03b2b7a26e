/* answer.h - an HTTP answer as it comes in: its status, how its body begins, and where it ends. */
#ifndef BERTH_HELPER_ANSWER_H
#define BERTH_HELPER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is ready for the first byte. */
struct answer {
	enum {
		AT_STATUS,
		AT_FIELDS,
		AT_BODY,
		AT_CHUNK_SIZE,
		AT_CHUNK,
		AT_CHUNK_END,
		AT_TRAILERS,
		AT_CLOSE, /* the connection's end is the body's */
		AT_END,
		AT_GARBAGE,
	} at;
	int status;
	bool sized, chunked;
	int64_t left; /* of the body or the chunk under way */
	char line[256];
	size_t line_length; /* what does not fit is passed over */
	char body[200];     /* its beginning */
	size_t body_length;
};

void answer_take(struct answer *answer, const char *bytes, size_t count);
/* The other side has said all. */
void answer_closed(struct answer *answer);

#endif
