/* pieces.h - an input of several texts: a line of two percent signs stands between one and the next. */
#ifndef BERTH_TESTS_FUZZ_PIECES_H
#define BERTH_TESTS_FUZZ_PIECES_H

#include "tests/fuzz/target.h"

struct pieces {
	const char *at, *end;
	char *all; /* a copy with a NUL behind each piece */
	size_t used;
};

struct piece {
	const char *text; /* NUL-terminated, and may hold others */
	size_t size;
};

struct pieces pieces_of(const uint8_t *bytes, size_t size);
/* The next one; an empty one past the last. */
struct piece pieces_next(struct pieces *pieces);
void pieces_release(struct pieces *pieces);

#endif
