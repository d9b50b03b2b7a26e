/* http_head.h - the head of an HTTP answer, and a body after it, read from bytes that may not be whole yet.
 */
#ifndef BERTH_BASE_HTTP_HEAD_H
#define BERTH_BASE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum reading { READ_WHOLE, READ_PART, READ_GARBAGE };

struct http_head {
	int status;
	size_t size;         /* with the empty line at its end */
	size_t fields;       /* where the first field begins: the status line's length */
	bool sized, chunked; /* how the body's end is told; neither: by the connection's */
	uint64_t length;     /* when `sized` */
};

/* Garbage as soon as it cannot become a head any more. */
enum reading http_head_read(const char *bytes, size_t count, struct http_head *ret_head);
/* The body in `bytes`, as `head` tells it; `closed`: no more will come. `ret_body` is written when it is
 * whole. */
enum reading http_body_read(const struct http_head *head, const char *bytes, size_t count, bool closed,
			    struct text *ret_body);

#endif
