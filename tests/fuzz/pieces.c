/* pieces.c - takes an input apart. */
#include "tests/fuzz/pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

_Noreturn void fuzz_broken(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

void fuzz_patience(int seconds)
{
	const struct itimerval time = {.it_value = {.tv_sec = seconds}};

	setitimer(ITIMER_PROF, &time, NULL);
}

struct pieces pieces_of(const uint8_t *bytes, size_t size)
{
	struct pieces pieces = {.at = (const char *)bytes, .end = (const char *)bytes + size};

	/* Each piece but the last gives up a separator for its NUL. */
	pieces.all = malloc(size + 1);
	HOLDS(pieces.all);
	return pieces;
}

struct piece pieces_next(struct pieces *pieces)
{
	static const char between[] = "\n%%\n";
	size_t left = (size_t)(pieces->end - pieces->at);
	const char *found = left ? memmem(pieces->at, left, between, strlen(between)) : NULL;
	size_t size = found ? (size_t)(found - pieces->at) : left;
	char *copy = pieces->all + pieces->used;

	if (!left)
		return (struct piece){.text = ""};
	memcpy(copy, pieces->at, size);
	copy[size] = '\0';
	pieces->used += size + 1;
	pieces->at = found ? found + strlen(between) : pieces->end;
	return (struct piece){.text = copy, .size = size};
}

void pieces_release(struct pieces *pieces)
{
	free(pieces->all);
}
