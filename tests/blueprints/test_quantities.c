/* test_quantities.c - memory and durations. */
#include <criterion/criterion.h>

#include "blueprints/blueprint.h"

Test(quantities, memory_takes_units_of_1024)
{
	cr_assert_eq(parse_memory("1024"), 1024);
	cr_assert_eq(parse_memory("128m"), 128LL << 20);
	cr_assert_eq(parse_memory("64MiB"), 64LL << 20);
	cr_assert_eq(parse_memory("1.5g"), 3LL << 29);
	cr_assert_eq(parse_memory("2 GB"), 2LL << 30);
	cr_assert_eq(parse_memory("1t"), 1LL << 40);
	cr_assert_eq(parse_memory("0"), 0);
}

Test(quantities, memory_refuses_what_is_no_amount)
{
	static const char *const wrong[] = {
	    "", "m", "-1m", "12 parsecs", "1.m", "1e3", "99999999999999t", "0x10", "1m m"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_assert_eq(parse_memory(wrong[i]), -1, "%s", wrong[i]);
}

Test(quantities, durations_add_up)
{
	cr_assert_eq(parse_duration_ms("500ms"), 500);
	cr_assert_eq(parse_duration_ms("10s"), 10000);
	cr_assert_eq(parse_duration_ms("2m"), 120000);
	cr_assert_eq(parse_duration_ms("1h30m"), 5400000);
	cr_assert_eq(parse_duration_ms("1 minute"), 60000);
	cr_assert_eq(parse_duration_ms("5"), 5000);
	cr_assert_eq(parse_duration_ms("1.5s"), 1500);
	cr_assert_eq(parse_duration_ms("0"), 0);
}

Test(quantities, durations_refuse_what_is_no_time)
{
	static const char *const wrong[] = {
	    "", "s", "-5s", "5 fortnights", "1h30", "forever", "9999999999999999999d"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_assert_eq(parse_duration_ms(wrong[i]), -1, "%s", wrong[i]);
}
