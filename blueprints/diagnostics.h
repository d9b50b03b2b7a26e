/* diagnostics.h - everything wrong with a file at once, each with its place and its remedy. */
#ifndef BERTH_BLUEPRINTS_DIAGNOSTICS_H
#define BERTH_BLUEPRINTS_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"

/* Where something stands in a source text; lines and columns count from 1, 0 when there is no place. */
struct place {
	const char *file; /* as the user named it; lives as long as the blueprint */
	int line, column;
	uint32_t byte;  /* offset from the beginning */
	int end_column; /* on the same line; 0 when unknown */
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diagnostic {
	enum severity severity;
	struct place place;
	const char *summary; /* one line, lower case, no full stop */
	const char *remedy;  /* "did you mean `redis`?"; NULL when none */
	struct diagnostic *next;
};

/* A list in order of discovery. Zero-initialised is ready; past 100 errors only the count goes on. */
struct diagnostics {
	struct arena arena;
	struct diagnostic *first, *last;
	size_t errors, warnings;
	bool failed; /* memory ran out: not everything is here */
};

/* Adds an entry and returns it so that a remedy can be added; NULL when memory is gone or the list is full.
 */
struct diagnostic *complain(struct diagnostics *list, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What an error says, with its remedy if it has one. */
struct diagnostic *complain_error(struct diagnostics *list, struct place at, const struct error *err);
struct diagnostic *warn(struct diagnostics *list, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes a NULL diagnostic. */
void advise(struct diagnostics *list, struct diagnostic *diagnostic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Entries sorted by file, line and column (stable). */
void diagnostics_sort(struct diagnostics *list);
/* [{"severity", "summary", "detail", "range": {"filename", "start": {line, column, byte}, "end": {...}},
 * "snippet"}], as `terraform validate -json` shapes it; `source` is the text for snippets, or NULL. New
 * reference, NULL without memory. */
json_t *diagnostics_json(const struct diagnostics *list, const char *source, size_t source_size);
void diagnostics_release(struct diagnostics *list);

#endif
