/* test_docker_pulse.c - an engine that is slow is waited for; one that is silent is not. */
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_pulse, .init = docker_set_up, .fini = docker_take_down);

#define START "POST /containers/c1d2/start"
#define LOOK  "GET /containers/app.web.1/json"
#define AGAIN "GET /containers/c1d2/json"
#define PING  "GET /_ping"

#define LOST(request_, after_ms, ...)                                                                        \
	REPLY(request_, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .delay_ms = (after_ms), ##__VA_ARGS__)

static int64_t now(void)
{
	return docker_world->ops->now(docker_world);
}

/* It is known which engine it is, as after any listing. */
static void known(void)
{
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 204, NULL);
	MUST(start, &docker_web);
	docker_forget();
}

static void goes_silent(void)
{
	LOST(START, 120000);
	LOST(AGAIN, 10000);
	LOST(PING, 10000);
}

Test(docker_pulse, a_slow_engine_is_waited_for_while_it_answers_pings)
{
	known();
	REPLY(START, 204, NULL, .delay_ms = 95000);
	MUST(start, &docker_web);
	cr_assert(docker_requests(START) == 1, "it was not waited for");
	cr_assert(docker_requests(PING) >= 5, "%zu pings", docker_requests(PING));
}

Test(docker_pulse, one_ping_that_is_lost_is_no_silence)
{
	known();
	REPLY(START, 204, NULL, .delay_ms = 60000);
	LOST(PING, 10000, .times = 1);
	MUST(start, &docker_web);
	cr_assert(docker_requests(START) == 1);
}

Test(docker_pulse, a_silent_engine_is_waited_for_half_a_minute)
{
	known();
	goes_silent();
	int64_t before = now();
	MUST_FAIL(ERR_TIMED_OUT, start, &docker_web);
	cr_assert(now() - before >= 30000 && now() - before < 31000, "%lld ms", (long long)(now() - before));
	SAYS("unix:///engine.sock has answered nothing for 30 s, not even a ping");
	HELPS("see whether the engine hangs");
}

Test(docker_pulse, for_some_seconds_nothing_more_is_asked_of_it)
{
	known();
	goes_silent();
	MUST_FAIL(ERR_TIMED_OUT, start, &docker_web);
	docker_forget();
	MUST_FAIL(ERR_TIMED_OUT, start, &docker_web);
	cr_assert(!docker_asked_count, "%s", docker_asked[0].line);
	virtual_world_run(docker_world, NULL, NULL, 5000);
	LOST(LOOK, 10000, .times = 1);
	MUST_FAIL(ERR_TIMED_OUT, start, &docker_web);
	cr_assert(docker_requests(LOOK) == 1);
	/* Silent still. */
	MUST_FAIL(ERR_TIMED_OUT, start, &docker_web);
	cr_assert(docker_requests(LOOK) == 1);
	virtual_world_run(docker_world, NULL, NULL, 5000);
	REPLY(START, 204, NULL);
	MUST(start, &docker_web);
	MUST(start, &docker_web);
}

static bool other_woken;

static void wake_other(struct errand *errand)
{
	(void)errand;
	other_woken = true;
}

Test(docker_pulse, whoever_waits_is_told)
{
	struct errand other = {.wake = wake_other};
	struct error err = {0};
	enum progress progress;

	known();
	goes_silent();
	while ((progress = docker_driver.start(&docker_location, &other, &docker_web, &err)) ==
		   PROGRESS_WAITING &&
	       !docker_requests(START))
		virtual_world_run(docker_world, NULL, NULL, 10);
	cr_assert_eq(progress, PROGRESS_WAITING);
	int64_t before = now();
	MUST_FAIL(ERR_TIMED_OUT, start, &docker_web);
	cr_assert(other_woken && now() - before < 31000);
	cr_assert_eq(docker_driver.start(&docker_location, &other, &docker_web, &err), PROGRESS_FAILED);
	cr_assert_eq(err.code, ERR_TIMED_OUT);
}
