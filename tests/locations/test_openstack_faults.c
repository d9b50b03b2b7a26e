/* test_openstack_faults.c - whatever becomes of one request of the OpenStack driver, what it is for comes to
 * an end that says why, and the next try does as if nothing had been. */
#include <string.h>

#include "tests/locations/cloud_bench.h"

enum { REQUESTS_MOST = 12 };

static struct location_facts facts;

static void end(void)
{
	json_decref(facts.about);
	cloud_bench_end();
}

TestSuite(openstack_faults, .init = cloud_bench_begin, .fini = end, .timeout = 120);

static enum progress check_it(void)
{
	cloud_error = (struct error){0};
	return CLOUD_RUN(connect(&cloud_here, &errand, &facts, &cloud_error));
}

/* Each request of a check, one after the other; gives how many checks failed. */
static unsigned spoil_each(const struct fate *fate)
{
	unsigned failed = 0;

	for (size_t number = 1; number <= REQUESTS_MOST; number++) {
		cr_assert_eq(cloud_open(NULL), 0);
		cloud_fate(number, fate);
		if (check_it() == PROGRESS_FAILED) {
			failed++;
			cr_expect(cloud_error.code != OK && *cloud_error.text);
			cr_expect(cloud_error.code != ERR_MISSING || fate->status == 404, "%s",
				  cloud_error.text);
		}
		cloud_fate(0, fate);
		cr_expect_eq(check_it(), PROGRESS_DONE, "after request %zu: %s", number, cloud_error.text);
		openstack_driver.close(&cloud_here);
		cloud_here.state = NULL;
	}
	return failed;
}

#define AT_ONCE .there_ms = 1, .back_ms = 1

Test(openstack_faults, what_is_cut_off_is_asked_again)
{
	const struct fate never_there = {AT_ONCE, .lost = true, .reset = true};
	const struct fate no_answer = {AT_ONCE, .answer_lost = true, .reset = true};
	const struct fate in_the_middle = {AT_ONCE, .spoiling = SPOIL_CUT, .after = 20};

	/* But the login, which is no question. */
	cr_expect_leq(spoil_each(&never_there), 1);
	cr_expect_leq(spoil_each(&no_answer), 1);
	cr_expect_leq(spoil_each(&in_the_middle), 1);
}

Test(openstack_faults, what_is_never_answered_is_unknown)
{
	const struct fate silent = {AT_ONCE, .answer_lost = true};

	cr_expect_gt(spoil_each(&silent), 0);
}

Test(openstack_faults, what_is_no_answer_is_told)
{
	const struct fate garbage = {AT_ONCE, .spoiling = SPOIL_GARBAGE};
	const struct fate half = {AT_ONCE, .spoiling = SPOIL_TRUNCATED, .after = 30};

	cr_expect_gt(spoil_each(&garbage), 0);
	cr_expect_gt(spoil_each(&half), 0);
}

Test(openstack_faults, what_stands_before_a_service_may_refuse)
{
	const int statuses[] = {400, 401, 403, 404, 429, 500, 502, 503};

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		const struct fate refused = {AT_ONCE, .spoiling = SPOIL_STATUS, .status = statuses[i]};
		unsigned failed = spoil_each(&refused);
		bool again = statuses[i] == 429 || statuses[i] == 503 || statuses[i] == 401;
		cr_expect(again ? failed <= 1 : failed >= 1, "%d: %u", statuses[i], failed);
	}
}

Test(openstack_faults, what_arrives_twice_or_late_is_no_matter)
{
	const struct fate twice = {AT_ONCE, .twice = true};
	const struct fate late = {.there_ms = 5000, .back_ms = 5000};

	cr_expect_eq(spoil_each(&twice), 0);
	cr_expect_eq(spoil_each(&late), 0);
}
