/* test_series.c - the policies under Brooklyn's names decide what Brooklyn's own classes decided. The series
 * in tests/policies/series are decisions recorded from Apache Brooklyn 1.1.0. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "replay/replay.h"

static void expect_series(const char *name, size_t at_least)
{
	char path[512];
	char *said = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&said, &size);
	struct replay_count count = {0};

	snprintf(path, sizeof(path), "%s/tests/policies/series/%s.jsonl", BERTH_SOURCE_DIR, name);
	cr_assert_eq(replay_file(path, to, &count), 0);
	fclose(to);
	cr_expect_eq(count.differing, 0, "%zu of %zu differ\n%s", count.differing, count.series, said);
	cr_expect_geq(count.series, at_least);
	free(said);
}

Test(series, a_restarter_restarts_once_and_gives_up_as_brooklyn_does)
{
	expect_series("restarter", 5);
}

Test(series, a_replacer_replaces_until_too_many_failed_as_brooklyn_does)
{
	expect_series("replacer", 6);
}

Test(series, failure_detectors_tell_what_brooklyns_tell)
{
	expect_series("failure-detector", 10);
}

Test(series, an_autoscaler_resizes_its_pool_as_brooklyns_does)
{
	expect_series("autoscaler", 51);
}

Test(series, a_cluster_grows_shrinks_and_puts_aside_as_brooklyns_does)
{
	expect_series("cluster", 5);
}

/* --- the comparison itself ------------------------------------------------------------------- */

static const char down_and_up[] =
    "{\"name\":\"x\",\"policy\":\"service-failure-detector\",\"config\":{},\"subject\":{\"type\":\"proc\","
    "\"initial\":"
    "{\"service_up\":true,\"expected\":\"running\"}},\"samples\":[{\"t_ms\":300,\"event\":\"service_up\","
    "\"value\":false},"
    "{\"t_ms\":600,\"event\":\"service_up\",\"value\":true}],\"run_ms\":900,\"stable\":true,\"decisions\":["
    "{\"t_ms\":%d,\"entity\":\"m0\",\"sensor\":\"ha.entityFailed\",\"what\":\"sensor\"},"
    "{\"t_ms\":302,\"entity\":\"m0\",\"sensor\":\"service.state\",\"value\":\"%s\",\"what\":\"sensor\"},"
    "{\"t_ms\":601,\"entity\":\"m0\",\"sensor\":\"service.state\",\"value\":\"running\",\"what\":\"sensor\"}%"
    "s],"
    "\"final\":{\"service_state\":\"%s\",\"service_up\":true}}";
static const char recovered[] =
    ",{\"t_ms\":602,\"entity\":\"m0\",\"sensor\":\"ha.entityRecovered\",\"what\":\"sensor\"}";

/* Whether the series, so filled in, is played as it says. */
static bool agrees(int failed_at, const char *state, const char *rest, const char *final)
{
	char line[2000];
	owned_memory char *said = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&said, &size);
	json_t *decisions = NULL, *end = NULL;
	struct error err;

	snprintf(line, sizeof(line), down_and_up, failed_at, state, rest, final);
	json_t *series = json_loads(line, 0, NULL);
	cr_assert(series, "%s", line);
	cr_assert_eq(stage_play(series, &decisions, &end, &err), 0);
	bool agree = decisions_agree(series, decisions, end, to);
	fclose(to);
	json_decref(series);
	json_decref(decisions);
	json_decref(end);
	return agree;
}

Test(series, what_is_the_same_within_the_tolerance_agrees)
{
	cr_expect(agrees(301, "on-fire", recovered, "running"));
	cr_expect(agrees(301 + 149, "on-fire", recovered, "running"), "later by less than 150 ms");
}

Test(series, every_difference_is_noticed)
{
	cr_expect_not(agrees(301 + 151, "on-fire", recovered, "running"), "too late");
	cr_expect_not(agrees(301, "stopped", recovered, "running"), "another value");
	cr_expect_not(agrees(301, "on-fire", "", "running"), "one that was not recorded");
	cr_expect_not(agrees(301, "on-fire", recovered, "on-fire"), "another end");
	cr_expect_not(
	    agrees(301, "on-fire",
		   ",{\"t_ms\":602,\"entity\":\"m0\",\"sensor\":\"ha.entityRecovered\",\"what\":\"sensor\"},"
		   "{\"t_ms\":603,\"entity\":\"m0\",\"sensor\":\"ha.entityFailed\",\"what\":\"sensor\"}",
		   "running"),
	    "one that was recorded and is not decided");
}
