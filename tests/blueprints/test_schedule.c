/* test_schedule.c - when a schedule comes next, and when it came last. */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "blueprints/schedule.h"

static int64_t moment(const char *text)
{
	struct tm date = {0};

	cr_assert(strptime(text, "%Y-%m-%d %H:%M:%S", &date), "%s", text);
	return (int64_t)timegm(&date) * 1000;
}

static void expect_next(const char *schedule, const char *after, const char *next)
{
	struct schedule read;
	struct error err;

	cr_assert_eq(schedule_parse(schedule, &read, &err), 0, "%s", err.text);
	int64_t at = schedule_next(&read, moment(after));
	cr_expect_eq(at, next ? moment(next) : -1, "%s after %s: %lld", schedule, after, (long long)at);
}

Test(schedule, comes_at_its_minutes_and_hours)
{
	expect_next("* * * * *", "2026-11-26 10:00:00", "2026-11-26 10:01:00");
	expect_next("* * * * *", "2026-11-26 10:00:59", "2026-11-26 10:01:00");
	expect_next("30 3 * * *", "2026-11-26 03:29:59", "2026-11-26 03:30:00");
	expect_next("30 3 * * *", "2026-11-26 03:30:00", "2026-11-27 03:30:00");
	expect_next("*/15 8-18 * * *", "2026-11-26 18:45:00", "2026-11-27 08:00:00");
	expect_next("5,35 * * * *", "2026-11-26 10:05:00", "2026-11-26 10:35:00");
	expect_next("10-20/5 * * * *", "2026-11-26 10:10:00", "2026-11-26 10:15:00");
	expect_next("10/20 * * * *", "2026-11-26 10:10:00", "2026-11-26 10:30:00");
}

Test(schedule, comes_on_its_days)
{
	expect_next("0 0 1 * *", "2026-11-26 00:00:00", "2026-12-01 00:00:00");
	expect_next("0 0 * * mon-fri", "2026-11-27 00:00:00", "2026-11-30 00:00:00");
	expect_next("0 0 * * 7", "2026-11-26 00:00:00", "2026-11-29 00:00:00");
	expect_next("0 0 * * SUN", "2026-11-26 00:00:00", "2026-11-29 00:00:00");
	expect_next("0 0 29 feb *", "2026-11-26 00:00:00", "2028-02-29 00:00:00");
	expect_next("0 0 29 2 *", "2096-03-01 00:00:00", "2104-02-29 00:00:00");
	expect_next("0 0 30 2 *", "2026-11-26 00:00:00", NULL);
	expect_next("0 12 13 * fri", "2026-11-26 13:00:00", "2026-11-27 12:00:00"); /* either will do */
	expect_next("0 12 */2 * fri", "2026-11-26 13:00:00",
		    "2026-11-27 12:00:00"); /* both: the 27th is odd */
	expect_next("@daily", "2026-11-26 00:00:00", "2026-11-27 00:00:00");
	expect_next("@monthly", "2026-12-26 00:00:00", "2027-01-01 00:00:00");
}

Test(schedule, what_is_none_is_refused_with_its_field)
{
	static const char *const wrong[][2] = {
	    {"", "has no minute"},
	    {"0 0 * *", "has no day of the week"},
	    {"60 0 * * *", "is no minute"},
	    {"0 24 * * *", "is no hour"},
	    {"0 0 0 * *", "is no day"},
	    {"0 0 * 13 *", "is no month"},
	    {"0 0 * * 8", "is no day of the week"},
	    {"5-1 * * * *", "is no minute"},
	    {"*/0 * * * *", "is no minute"},
	    {"1, * * * *", "is no minute"},
	    {"x * * * *", "is no minute"},
	    {"1x * * * *", "ends in `x"},
	    {"0 0 * * monday", "is no day of the week"},
	    {"0 0 * * * *", "more than five fields"},
	    {"99999999999 * * * *", "is no minute"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct schedule read;
		struct error err = {0};
		cr_expect_eq(schedule_parse(wrong[i][0], &read, &err), -1, "%s", wrong[i][0]);
		cr_expect(strstr(err.text, wrong[i][1]), "%s: %s", wrong[i][0], err.text);
	}
}

static void expect_last(const char *schedule, const char *until, const char *last)
{
	struct schedule read;
	struct error err;

	cr_assert_eq(schedule_parse(schedule, &read, &err), 0, "%s", err.text);
	int64_t at = schedule_last(&read, moment(until));
	cr_expect_eq(at, last ? moment(last) : -1, "%s until %s: %lld", schedule, until, (long long)at);
}

Test(schedule, came_last_at_a_moment_that_is_not_later)
{
	expect_last("30 3 * * *", "2026-11-26 03:30:00", "2026-11-26 03:30:00");
	expect_last("30 3 * * *", "2026-11-26 03:30:59", "2026-11-26 03:30:00");
	expect_last("30 3 * * *", "2026-11-26 03:29:59", "2026-11-25 03:30:00");
	expect_last("*/15 8-18 * * mon-fri", "2026-11-29 12:00:00", "2026-11-27 18:45:00");
	expect_last("0 0 29 feb *", "2026-11-26 00:00:00", "2024-02-29 00:00:00");
	expect_last("0 0 30 feb *", "2026-11-26 00:00:00", NULL);
	expect_last("0 0 1 jan *", "1970-01-01 00:00:00", "1970-01-01 00:00:00");
	expect_last("0 1 1 jan *", "1970-01-01 00:00:00", NULL);
}

Test(schedule, what_came_last_comes_next_after_the_moment_before_it)
{
	static const char *const schedules[] = {"*/7 3,9 * * *", "0 12 1-7 * sun", "59 23 31 * *",
						"* * * * *"};
	uint64_t dice = 1;

	for (int i = 0; i < 200; i++) {
		struct schedule read;
		dice = dice * 6364136223846793005u + 1442695040888963407u;
		int64_t now = (int64_t)(dice >> 24) % (60LL * 365 * 86400000) + 366LL * 86400000;
		cr_assert_eq(schedule_parse(schedules[i % 4], &read, NULL), 0);
		int64_t last = schedule_last(&read, now), next = schedule_next(&read, now);
		cr_assert(last >= 0 && last <= now && now < next);
		cr_assert_eq(schedule_next(&read, last - 1), last);
		cr_assert_eq(schedule_last(&read, next - 1), last, "none lies between the two");
	}
}
