/* test_numbers.c - what is made of the numbers of sensors. */
#include <criterion/criterion.h>

#include "policies/numbers.h"

static double together(enum aggregate how, unsigned percentile)
{
	double numbers[] = {5, 1, 4, 2, 8};

	return numbers_together(how, percentile, numbers, 5);
}

Test(numbers, several_become_one)
{
	cr_expect_eq(together(AGGREGATE_MEAN, 0), 4);
	cr_expect_eq(together(AGGREGATE_SUM, 0), 20);
	cr_expect_eq(together(AGGREGATE_MAX, 0), 8);
	cr_expect_eq(together(AGGREGATE_MIN, 0), 1);
	cr_expect_eq(together(AGGREGATE_COUNT, 0), 5);
	cr_expect_eq(together(AGGREGATE_PERCENTILE, 50), 4);
	cr_expect_eq(together(AGGREGATE_PERCENTILE, 80), 5);
	cr_expect_eq(together(AGGREGATE_PERCENTILE, 81), 8);
	cr_expect_eq(together(AGGREGATE_PERCENTILE, 100), 8);
	cr_expect_eq(together(AGGREGATE_PERCENTILE, 1), 1);
}

Test(numbers, the_mean_of_a_while_forgets_what_is_older)
{
	struct number_window window = {0};

	cr_expect_eq(window_mean(&window, 1000, 3000, 10), 10);
	cr_expect_eq(window_mean(&window, 2000, 3000, 20), 15);
	cr_expect_eq(window_mean(&window, 3000, 3000, 30), 20);
	cr_expect_eq(window_mean(&window, 4000, 3000, 40), 30, "the first is 3 s old");
	cr_expect_eq(window_mean(&window, 60000, 3000, 1), 1);
	window_release(&window);
}

Test(numbers, a_window_keeps_so_many_and_no_more)
{
	struct number_window window = {0};
	double mean = 0;

	for (int i = 0; i < 10 * WINDOW_NUMBERS; i++)
		mean = window_mean(&window, i, INT64_MAX / 2, i);
	cr_expect_eq(window.count, (size_t)WINDOW_NUMBERS);
	cr_expect_gt(mean, 9 * WINDOW_NUMBERS - 1, "the oldest have gone");
	window_release(&window);
}

Test(numbers, a_counter_tells_how_fast_it_grows_once_it_was_seen_twice)
{
	struct counter counter = {0};
	double rate = -1;

	cr_expect_not(counter_rate(&counter, 1000, 100, &rate));
	cr_expect(counter_rate(&counter, 3000, 150, &rate));
	cr_expect_eq(rate, 25);
	cr_expect_not(counter_rate(&counter, 4000, 5, &rate), "it began anew");
	cr_expect(counter_rate(&counter, 4500, 6, &rate));
	cr_expect_eq(rate, 2);
	cr_expect_not(counter_rate(&counter, 4500, 9, &rate), "no time went by");
}
