/* pattern.h - regular expressions as Brooklyn's users write them, for the C library's matcher. */
#ifndef BERTH_BLUEPRINTS_PATTERN_H
#define BERTH_BLUEPRINTS_PATTERN_H

#include "base/arena.h"
#include "base/error.h"

/* The extended POSIX expression that matches whole texts as the Java one does: \d, (?:...), lazy repetitions
 * and escapes within [...] are rewritten; what cannot be is an error, and so is one that takes more time or
 * memory than it may: of *budget, at first PATTERN_BUDGET, what it takes is used up. NULL with *err. */
const char *pattern_posix(struct arena *arena, const char *text, size_t *budget, struct error *err);
#define PATTERN_BUDGET ((size_t)20000)
/* The same of a shell's pattern: `*`, `?` and `[a-z]`. */
const char *glob_posix(struct arena *arena, const char *text, size_t *budget, struct error *err);
/* Whether the text, which is no longer than 4 KiB, matches. */
bool pattern_matches(const char *posix, const char *text);

#endif
