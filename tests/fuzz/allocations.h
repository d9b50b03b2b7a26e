/* allocations.h - pieces of work in which every allocation is to fail once. */
#ifndef BERTH_TESTS_FUZZ_ALLOCATIONS_H
#define BERTH_TESTS_FUZZ_ALLOCATIONS_H

#include <stdbool.h>

/* What came of a piece of work. */
struct verdict {
	bool good;         /* it says that it did what it was asked for */
	char *result;      /* then: what it made, as a text; its owner frees it */
	char message[512]; /* else: what it says went wrong */
};

/* Only what `act` allocates fails; what is around it is done each time, with all the memory it wants. */
struct scenario {
	const char *name;
	void (*set_up)(void);
	struct verdict (*act)(void);
	void (*take_down)(void);
};

/* The last one has no name. */
extern const struct scenario scenarios[];

#endif
