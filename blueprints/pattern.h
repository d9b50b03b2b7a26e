/* pattern.h - regular expressions as Brooklyn's users write them, for the C library's matcher. */
#ifndef BERTH_BLUEPRINTS_PATTERN_H
#define BERTH_BLUEPRINTS_PATTERN_H

#include "base/arena.h"
#include "base/error.h"

/* The extended POSIX expression that matches whole texts as the Java one does: \d, (?:...), lazy repetitions
 * and escapes within [...] are rewritten; what cannot be is an error. NULL with *err. */
const char *pattern_posix(struct arena *arena, const char *text, struct error *err);
/* Whether the text matches; an expression that does not compile matches everything. */
bool pattern_matches(const char *posix, const char *text);

#endif
