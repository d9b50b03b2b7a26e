/* formula.c - arithmetic over named numbers: read once into steps for a stack, then worked out. */
#include "base/formula.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { MOST_STEPS = 256, MOST_NAMES = 32, DEEPEST = 32, SHOWN = 20 };

struct reader {
	struct arena *arena;
	const char *at;
	struct formula_step steps[MOST_STEPS];
	size_t count;
	const char *names[MOST_NAMES];
	size_t name_count;
	unsigned depth; /* of brackets */
	struct error *err;
};

static int read_sum(struct reader *r);

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n");
}

static bool take(struct reader *r, char wanted)
{
	skip_space(r);
	if (*r->at != wanted)
		return false;
	r->at++;
	return true;
}

static int unexpected(struct reader *r)
{
	owned_text shown = {0};

	skip_space(r);
	if (!*r->at)
		return fail(r->err, ERR_INVALID,
			    "the expression ends where a number or a name should follow");
	text_add_printable(&shown, r->at, strnlen(r->at, SHOWN));
	return fail(r->err, ERR_INVALID, "`%s` is not understood in an expression", text_view(&shown));
}

static int add(struct reader *r, struct formula_step step)
{
	if (r->count == MOST_STEPS)
		return fail(r->err, ERR_INVALID, "the expression is too long");
	r->steps[r->count++] = step;
	return 0;
}

static int add_operation(struct reader *r, enum formula_operation operation)
{
	return add(r, (struct formula_step){.operation = operation});
}

static int add_name(struct reader *r, const char *at, size_t length)
{
	size_t i = 0;

	while (i < r->name_count && (strncmp(r->names[i], at, length) != 0 || r->names[i][length]))
		i++;
	if (i == MOST_NAMES)
		return fail(r->err, ERR_INVALID, "more than %d names in an expression", MOST_NAMES);
	if (i == r->name_count) {
		r->names[i] = arena_copy(r->arena, at, length);
		if (!r->names[i])
			return fail_memory(r->err);
		r->name_count++;
	}
	return add(r, (struct formula_step){.operation = FORMULA_NAME, .name = i});
}

static int close_bracket(struct reader *r)
{
	r->depth--;
	return take(r, ')') ? 0 : unexpected(r);
}

static int open_bracket(struct reader *r)
{
	return ++r->depth > DEEPEST ? fail(r->err, ERR_INVALID, "too many brackets in each other") : 0;
}

/* --- functions ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum formula_operation operation;
	bool several;
} functions[] = {
    {"abs", FORMULA_ABS, false},     {"floor", FORMULA_FLOOR, false}, {"ceil", FORMULA_CEIL, false},
    {"round", FORMULA_ROUND, false}, {"min", FORMULA_MIN, true},      {"max", FORMULA_MAX, true},
};

static int read_arguments(struct reader *r, enum formula_operation operation, bool several)
{
	if (open_bracket(r) || read_sum(r))
		return -1;
	if (!several && add_operation(r, operation))
		return -1;
	while (several && take(r, ','))
		if (read_sum(r) || add_operation(r, operation))
			return -1;
	return close_bracket(r);
}

static int read_word(struct reader *r)
{
	const char *at = r->at;
	size_t length = 0;

	while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == '.')
		length++;
	r->at += length;
	if (!take(r, '('))
		return add_name(r, at, length);
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		if (strlen(functions[i].name) == length && !strncmp(functions[i].name, at, length))
			return read_arguments(r, functions[i].operation, functions[i].several);
	fail(r->err, ERR_INVALID, "no function is called `%.*s`", (int)(length < SHOWN ? length : SHOWN), at);
	remedy(r->err, "there are abs, floor, ceil, round, min and max");
	return -1;
}

/* --- the parts of an expression ------------------------------------------------------------------- */

static int read_braces(struct reader *r)
{
	size_t length = strcspn(r->at, "}");

	if (!length || !r->at[length])
		return fail(r->err, ERR_INVALID, "a name in braces is written {like this}");
	if (add_name(r, r->at, length))
		return -1;
	r->at += length + 1;
	return 0;
}

static int read_number(struct reader *r)
{
	char *end;
	double number = strtod(r->at, &end);

	/* Neither hexadecimal nor "1e400". */
	if (end == r->at || !isfinite(number) || tolower((unsigned char)r->at[1]) == 'x')
		return unexpected(r);
	r->at = end;
	return add(r, (struct formula_step){.operation = FORMULA_NUMBER, .number = number});
}

static int read_part(struct reader *r)
{
	if (take(r, '-')) {
		if (open_bracket(r) || read_part(r))
			return -1;
		r->depth--;
		return add_operation(r, FORMULA_NEGATE);
	}
	if (take(r, '('))
		return open_bracket(r) || read_sum(r) || close_bracket(r) ? -1 : 0;
	if (take(r, '{'))
		return read_braces(r);
	if (isalpha((unsigned char)*r->at) || *r->at == '_')
		return read_word(r);
	return isdigit((unsigned char)*r->at) || *r->at == '.' ? read_number(r) : unexpected(r);
}

static int read_product(struct reader *r)
{
	if (read_part(r))
		return -1;
	for (;;) {
		bool times = take(r, '*');
		if (!times && !take(r, '/'))
			return 0;
		if (read_part(r) || add_operation(r, times ? FORMULA_MULTIPLY : FORMULA_DIVIDE))
			return -1;
	}
}

static int read_sum(struct reader *r)
{
	if (read_product(r))
		return -1;
	for (;;) {
		bool plus = take(r, '+');
		if (!plus && !take(r, '-'))
			return 0;
		if (read_product(r) || add_operation(r, plus ? FORMULA_ADD : FORMULA_SUBTRACT))
			return -1;
	}
}

int formula_read(struct arena *arena, const char *text, struct formula *ret, struct error *err)
{
	struct reader r = {.arena = arena, .at = text, .err = err};

	if (read_sum(&r))
		return -1;
	skip_space(&r);
	if (*r.at)
		return unexpected(&r);
	struct formula_step *steps = arena_array(arena, struct formula_step, r.count);
	const char **names = arena_array(arena, const char *, r.name_count + 1);
	if (!steps || !names)
		return fail_memory(err);
	memcpy(steps, r.steps, r.count * sizeof(*steps));
	memcpy(names, r.names, r.name_count * sizeof(*names));
	*ret = (struct formula){steps, r.count, names, r.name_count};
	return 0;
}

/* The library of these is nowhere else needed. Beyond 2^53 all numbers are whole. */
static double whole_below(double a)
{
	double cut = fabs(a) < 0x1p53 ? (double)(int64_t)a : a;

	return cut > a ? cut - 1 : cut;
}

static double of_one(enum formula_operation operation, double a)
{
	switch (operation) {
	case FORMULA_NEGATE:
		return -a;
	case FORMULA_ABS:
		return fabs(a);
	case FORMULA_FLOOR:
		return whole_below(a);
	case FORMULA_CEIL:
		return -whole_below(-a);
	default:
		return a < 0 ? -whole_below(0.5 - a) : whole_below(a + 0.5);
	}
}

/* What is not known makes what it goes into unknown: fmin and fmax would leave it out. */
static double of_two(enum formula_operation operation, double a, double b)
{
	switch (operation) {
	case FORMULA_ADD:
		return a + b;
	case FORMULA_SUBTRACT:
		return a - b;
	case FORMULA_MULTIPLY:
		return a * b;
	case FORMULA_DIVIDE:
		return a / b;
	case FORMULA_MIN:
		return isnan(a) || a < b ? a : b;
	default:
		return isnan(a) || a > b ? a : b;
	}
}

/* No more lies on the stack than there are steps. */
double formula_value(const struct formula *formula, const double *numbers)
{
	double stack[MOST_STEPS] = {0};
	size_t top = 0;

	for (size_t i = 0; i < formula->count; i++) {
		const struct formula_step *step = &formula->steps[i];
		switch (step->operation) {
		case FORMULA_NUMBER:
			stack[top++] = step->number;
			break;
		case FORMULA_NAME:
			stack[top++] = numbers[step->name];
			break;
		case FORMULA_NEGATE:
		case FORMULA_ABS:
		case FORMULA_FLOOR:
		case FORMULA_CEIL:
		case FORMULA_ROUND:
			stack[top - 1] = of_one(step->operation, stack[top - 1]);
			break;
		default:
			top--;
			stack[top - 1] = of_two(step->operation, stack[top - 1], stack[top]);
		}
	}
	return isfinite(stack[0]) ? stack[0] : NAN;
}
