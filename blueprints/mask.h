/* mask.h - which parts of a source's line are not to be shown. */
#ifndef BERTH_BLUEPRINTS_MASK_H
#define BERTH_BLUEPRINTS_MASK_H

#include "blueprints/diagnostics.h"

/* From `from` up to `to`, offsets into the source. */
struct span {
	size_t from, to;
};

enum { MASK_LIMIT = 16 };

/* The values of sensitive keys (PASSWORD, TOKEN, ...) in the line that `at` lies in, as they look in YAML,
 * whether or not the text is valid. What refers to a secret is none. Returns how many; more than fit are one
 * that reaches to the line's end. */
size_t mask_line(const char *source, size_t size, size_t at, struct span ret[static MASK_LIMIT]);

/* What the complaints about a file quote of such values becomes *** as well. */
void mask_summaries(struct diagnostics *list, const char *file, const char *source, size_t size);

#endif
