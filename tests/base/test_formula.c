/* test_formula.c - arithmetic over named numbers: what is read, what comes of it, what is refused. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/formula.h"

static struct arena arena;

static void clean(void)
{
	arena_release(&arena);
}

TestSuite(formula, .fini = clean);

/* With load 30, cores 4 and zero 0, whatever comes first. */
static double value(const char *text)
{
	struct formula formula;
	struct error err = {0};
	double numbers[8];

	cr_assert_eq(formula_read(&arena, text, &formula, &err), 0, "%s: %s", text, err.text);
	for (size_t i = 0; i < formula.name_count; i++) {
		const char *name = formula.names[i];
		numbers[i] = !strcmp(name, "load")    ? 30
			     : !strcmp(name, "cores") ? 4
			     : !strcmp(name, "zero")  ? 0
						      : NAN;
	}
	return formula_value(&formula, numbers);
}

Test(formula, points_before_lines_and_from_left_to_right)
{
	static const struct {
		const char *text;
		double value;
	} all[] = {
	    {"1", 1},
	    {" 1 + 2 * 3 ", 7},
	    {"(1 + 2) * 3", 9},
	    {"10 - 3 - 2", 5},
	    {"100 / 10 / 2", 5},
	    {"-2 * -3", 6},
	    {"2 - -3", 5},
	    {"-(1 + 2)", -3},
	    {"1.5e2 + .5", 150.5},
	    {"load / cores", 7.5},
	    {"{load} / {cores} * 100", 750},
	    {"load + load", 60},
	    {"round(load / cores)", 8},
	    {"floor(-1.5) + ceil(1.2) + abs(-4)", 4},
	    {"min(load, cores, 5)", 4},
	    {"max(load, cores, 50)", 50},
	    {"max(7)", 7},
	    {"min(max(load, 100), 60)", 60},
	    {"max (1, 2)", 2},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cr_expect_float_eq(value(all[i].text), all[i].value, 1e-9, "%s", all[i].text);
}

Test(formula, what_is_not_known_makes_all_of_it_unknown)
{
	static const char *const texts[] = {
	    "nobody + 1", "min(nobody, 1)", "min(1, nobody)", "max(nobody, 1)", "max(1, nobody)",
	    "0 * nobody", "load / zero",    "zero / zero",    "-(load / zero)", "abs(nobody)",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_expect(isnan(value(texts[i])), "%s", texts[i]);
}

Test(formula, a_name_may_be_of_any_letters_between_braces_and_is_told_once)
{
	struct formula formula;
	struct error err;

	cr_assert_eq(formula_read(&arena, "{queue/reqs.per-sec} + a.b_1 + {a.b_1} + {a}", &formula, &err), 0);
	cr_assert_eq(formula.name_count, 3);
	cr_expect_str_eq(formula.names[0], "queue/reqs.per-sec");
	cr_expect_str_eq(formula.names[1], "a.b_1");
	cr_expect_str_eq(formula.names[2], "a");
}

Test(formula, what_is_none_is_refused_with_what_is_wrong)
{
	static const struct {
		const char *text, *words;
	} all[] = {
	    {"", "ends where a number or a name should follow"},
	    {"1 +", "ends where"},
	    {"(1", "ends where"},
	    {"1)", "`)` is not understood"},
	    {"a b", "`b` is not understood"},
	    {"a % b", "`% b` is not understood"},
	    {"{a", "{like this}"},
	    {"{}", "{like this}"},
	    {"0x10", "is not understood"},
	    {"sqrt(2)", "no function is called `sqrt`"},
	    {"abs(1, 2)", "`, 2)` is not understood"},
	    {"1e999", "is not understood"},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct formula formula;
		struct error err = {0};
		cr_expect_eq(formula_read(&arena, all[i].text, &formula, &err), -1, "%s", all[i].text);
		cr_expect_not_null(strstr(err.text, all[i].words), "%s: %s", all[i].text, err.text);
	}
}

Test(formula, the_deepest_and_the_longest_have_their_bounds)
{
	struct formula formula;
	struct error err = {0};
	char text[2048] = "";

	for (int i = 0; i < 40; i++)
		strcat(text, "(");
	strcat(text, "1");
	cr_expect_eq(formula_read(&arena, text, &formula, &err), -1);
	cr_expect_not_null(strstr(err.text, "too many brackets"), "%s", err.text);
	memset(text, '-', 100);
	text[100] = '1';
	text[101] = '\0';
	cr_expect_eq(formula_read(&arena, text, &formula, &err), -1);
	strcpy(text, "1");
	for (int i = 0; i < 200; i++)
		strcat(text, "+1");
	cr_expect_eq(formula_read(&arena, text, &formula, &err), -1);
	cr_expect_not_null(strstr(err.text, "too long"), "%s", err.text);
}
