/* library.h - shared libraries that are loaded on first use. */
#ifndef BERTH_BASE_LIBRARY_H
#define BERTH_BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct library {
	const char *file;    /* "libcurl.so.4" */
	const char *need;    /* "HTTP needs libcurl 7.85 or newer" */
	const char *package; /* of Debian: "libcurl4" */
};

struct library_function {
	const char *name;
	void **function;
};

/* Why it cannot be used, with its remedy. -1. */
int library_refuse(const struct library *library, const char *why, struct error *err);
/* NULL with *err. Never closed: what lies below it leaves functions for the end of the process. */
void *library_open(const struct library *library, struct error *err);
/* Each function where it is wanted. 0 or -1 with *err. */
int library_take(const struct library *library, void *handle, const struct library_function *wanted,
		 size_t count, struct error *err);

#endif
