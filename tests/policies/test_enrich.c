/* test_enrich.c - what is made of the numbers of sensors, by tables of what is told when. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/formula.h"
#include "policies/enrich.h"

#define NOTHING NAN

struct told {
	int64_t at_ms;
	double number, made; /* NOTHING: it tells nothing */
};

static void series(const struct enricher *how, const struct told *all, size_t count)
{
	struct enriching state = {0};

	for (size_t i = 0; i < count; i++) {
		double made = NAN;
		bool told = enrich(how, &state, &all[i].number, all[i].at_ms, &made);
		cr_expect_eq(told, !isnan(all[i].made), "number %zu", i);
		if (told)
			cr_expect_float_eq(made, all[i].made, 1e-9, "number %zu: %f", i, made);
	}
	enriching_release(&state);
}
#define SERIES(how, ...)                                                                                     \
	series(&(struct enricher)how, (const struct told[]){__VA_ARGS__},                                    \
	       sizeof((const struct told[]){__VA_ARGS__}) / sizeof(struct told))
#define HOW(...)                                                                                             \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

Test(enrich, a_copy_is_the_number)
{
	SERIES(HOW(.how = ENRICH_COPY), {0, 5, 5}, {0, -1, -1});
}

Test(enrich, a_delta_is_known_from_the_second_number_on)
{
	SERIES(HOW(.how = ENRICH_DELTA), {0, 5, NOTHING}, {1000, 7, 2}, {1500, 4, -3});
}

Test(enrich, a_timed_delta_is_for_its_unit_of_time)
{
	SERIES(HOW(.how = ENRICH_TIMED_DELTA, .length_ms = 1000), {1000, 10, NOTHING}, {3000, 30, 10},
	       {3500, 30, 0}, {4000, 20, -20});
	SERIES(HOW(.how = ENRICH_TIMED_DELTA, .length_ms = 60000), {1000, 0, NOTHING}, {2000, 1, 60});
}

Test(enrich, a_timed_delta_tells_nothing_while_no_time_goes_by)
{
	SERIES(HOW(.how = ENRICH_TIMED_DELTA, .length_ms = 1000), {1000, 0, NOTHING}, {1000, 5, NOTHING},
	       {2000, 6, 1}, {500, 7, NOTHING}, {1500, 9, 2});
}

Test(enrich, the_mean_of_the_last_ones_forgets_those_before)
{
	SERIES(HOW(.how = ENRICH_LAST_MEAN, .most = 3), {1, 3, 3}, {2, 6, 4.5}, {3, 9, 6}, {4, 12, 9},
	       {5, 0, 7});
	SERIES(HOW(.how = ENRICH_LAST_MEAN, .most = 1), {1, 3, 3}, {2, 6, 6});
}

Test(enrich, the_mean_of_a_while_weighs_each_number_by_the_time_since_the_one_before)
{
	/* It holds for the time that leads up to it; four fifths must be known. */
	SERIES(HOW(.how = ENRICH_WINDOW_MEAN, .length_ms = 1000, .confidence = 0.8), {1000, 1, NOTHING},
	       {1500, 10, NOTHING}, {1800, 10, NOTHING}, {1900, 1, 9}, {2000, 10, 9.1}, {2500, 0, 4.1});
}

Test(enrich, the_mean_of_a_while_is_of_all_of_it_once_it_is_full)
{
	SERIES(HOW(.how = ENRICH_WINDOW_MEAN, .length_ms = 1000, .confidence = 0.8), {0, 0, NOTHING},
	       {1000, 4, 4}, {2000, 8, 8}, {2250, 0, 6}, {9000, 2, 2});
}

Test(enrich, less_confidence_is_asked_for_where_it_is_said)
{
	SERIES(HOW(.how = ENRICH_WINDOW_MEAN, .length_ms = 1000, .confidence = 0), {1000, 7, NOTHING},
	       {1001, 3, 3}, {1002, 5, 4});
}

Test(enrich, a_time_that_goes_back_begins_the_mean_anew)
{
	SERIES(HOW(.how = ENRICH_WINDOW_MEAN, .length_ms = 1000, .confidence = 0.5), {5000, 7, NOTHING},
	       {5900, 7, 7}, {1000, 1, NOTHING}, {1900, 1, 1});
}

Test(enrich, a_ratio_is_not_of_nothing_nor_below_it)
{
	static const struct {
		double numbers[2], made;
	} all[] = {{{1, 4}, 0.25}, {{0, 4}, 0}, {{4, 0}, NOTHING}, {{-1, 4}, NOTHING}, {{1, -4}, NOTHING}};
	const struct enricher how = {.how = ENRICH_RATIO};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct enriching state = {0};
		double made = 0;
		cr_expect_eq(enrich(&how, &state, all[i].numbers, 0, &made), !isnan(all[i].made), "%zu", i);
		if (!isnan(all[i].made))
			cr_expect_float_eq(made, all[i].made, 1e-9);
	}
}

Test(enrich, an_expression_is_worked_out_of_all_its_numbers)
{
	struct arena arena = {0};
	struct formula formula;
	struct error err;
	cr_assert_eq(formula_read(&arena, "a / b", &formula, &err), 0);
	const struct enricher how = {.how = ENRICH_FORMULA, .formula = &formula};
	struct enriching state = {0};
	double made = 0;

	cr_expect(enrich(&how, &state, (double[]){6, 4}, 0, &made));
	cr_expect_eq(made, 1.5);
	cr_expect_not(enrich(&how, &state, (double[]){6, 0}, 0, &made), "by zero");
	arena_release(&arena);
}
