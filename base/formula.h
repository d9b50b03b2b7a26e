/* formula.h - arithmetic over named numbers: (in + out) / max(cores, 1), {queue/requests.per-sec} * 60.
 *
 * A name is of letters, digits, "_" and ".", and begins with one of the first or "_"; any other stands
 * between braces. There are + - * /, brackets, abs, floor, ceil, round, and min and max of several.
 */
#ifndef BERTH_BASE_FORMULA_H
#define BERTH_BASE_FORMULA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct formula_step {
	enum formula_operation {
		FORMULA_NUMBER,
		FORMULA_NAME,
		FORMULA_ADD,
		FORMULA_SUBTRACT,
		FORMULA_MULTIPLY,
		FORMULA_DIVIDE,
		FORMULA_NEGATE,
		FORMULA_ABS,
		FORMULA_FLOOR,
		FORMULA_CEIL,
		FORMULA_ROUND,
		FORMULA_MIN, /* of the two on top, as often as there are more */
		FORMULA_MAX
	} operation;
	double number;
	size_t name;
};

/* In the order in which a stack takes it. */
struct formula {
	const struct formula_step *steps;
	size_t count;
	const char *const *names; /* each once, in the order in which they are met */
	size_t name_count;
};

/* All in the arena. 0, or -1 with what is wrong of it, or ERR_NO_MEMORY. */
int formula_read(struct arena *arena, const char *text, struct formula *ret, struct error *err);
/* With a number for each name. NAN: there is none, as of a division by zero. */
double formula_value(const struct formula *formula, const double *numbers);

#endif
