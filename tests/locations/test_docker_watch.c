/* test_docker_watch.c - one stream of an engine's events for all who watch an application there. */
#include <stdio.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_stream, .init = docker_set_up, .fini = docker_take_down);

enum { COUNT = 300 };

static struct ear {
	char app[16];
	unsigned all, named, ends;
	char last[64], ended[64]; /* which incarnation */
	struct told_end end;
} ears[COUNT];

static void hear(void *owner, const char *name, const struct told_end *end)
{
	struct ear *ear = owner;
	if (!name) {
		ear->all++;
		return;
	}
	ear->named++;
	if (end) {
		ear->ends++;
		ear->end = *end;
		snprintf(ear->ended, sizeof(ear->ended), "%s", end->target_id);
	}
	snprintf(ear->last, sizeof(ear->last), "%s", name);
}

static void watch(unsigned i)
{
	snprintf(ears[i].app, sizeof(ears[i].app), "app%u", i);
	cr_assert(docker_driver.watch(&docker_location, ears[i].app, hear, &ears[i], &docker_error) == 0,
		  "%s", docker_error.text);
}

static void watch_all(void)
{
	memset(ears, 0, sizeof(ears));
	for (unsigned i = 0; i < COUNT; i++)
		watch(i);
}

static bool never(void *owner)
{
	(void)owner;
	return false;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(docker_world, never, NULL, duration_ms);
}

static void each_was_told(unsigned all)
{
	for (unsigned i = 0; i < COUNT; i++)
		cr_assert_eq(ears[i].all, all, "%s was told to list %u times", ears[i].app, ears[i].all);
}

#define LABELLED(app, name)                                                                                  \
	"{\"Action\": \"die\", \"Actor\": {\"Attributes\": {\"berth.app\": \"" app "\", \"name\": \"" name   \
	"\"}}}\n"
#define NAMED(name) "{\"Action\": \"die\", \"Actor\": {\"Attributes\": {\"name\": \"" name "\"}}}\n"

Test(docker_stream, it_is_one_for_all_of_them_and_negotiated_once)
{
	REPLY("GET /events", 200, LABELLED("app7", "app7.web.1"), .delay_ms = 5000);
	watch_all();
	pass(1000);
	cr_assert_eq(docker_requests("GET /events"), 1);
	cr_assert_eq(docker_requests("GET /_ping"), 1);
	each_was_told(1);
}

Test(docker_stream, an_event_is_told_to_whom_its_label_or_its_name_says)
{
	REPLY("GET /events", 200,
	      LABELLED("app7", "odd name") NAMED("app8.web.1") NAMED("nobody")
		  LABELLED("other", "app9.web.1"),
	      .delay_ms = 100);
	watch_all();
	pass(200);
	for (unsigned i = 0; i < COUNT; i++)
		cr_assert_eq(ears[i].named, i == 7 || i == 8, "%s was told of %s", ears[i].app, ears[i].last);
	cr_assert_str_eq(ears[7].last, "odd name");
	cr_assert_str_eq(ears[8].last, "app8.web.1");
}

Test(docker_stream, who_comes_later_is_told_to_list_and_nobody_else)
{
	REPLY("GET /events", 200, "", .delay_ms = 20000);
	watch(0);
	pass(1000);
	watch(1);
	cr_assert_eq(ears[1].all, 0, "told from inside");
	pass(1000);
	cr_assert_eq(ears[0].all, 1);
	cr_assert_eq(ears[1].all, 1);
	cr_assert_eq(docker_requests("GET /events"), 1);
}

Test(docker_stream, when_it_breaks_it_is_asked_for_once_more_and_all_list)
{
	REPLY("GET /events", 0, NULL, .error = ERR_UNREACHABLE, .sent = true, .delay_ms = 3000);
	watch_all();
	pass(5000);
	cr_assert_eq(docker_requests("GET /events"), 2);
	each_was_told(2);
}

Test(docker_stream, the_last_one_takes_it_along)
{
	REPLY("GET /events", 0, NULL, .error = ERR_UNREACHABLE, .sent = true, .delay_ms = 3000);
	watch_all();
	pass(1000);
	for (unsigned i = 0; i < COUNT; i++)
		docker_driver.unwatch(&docker_location, ears[i].app);
	pass(60000);
	cr_assert_eq(docker_requests("GET /events"), 1, "it is asked for although nobody listens");
	each_was_told(1);
	watch(0);
	pass(1000);
	cr_assert_eq(docker_requests("GET /events"), 2);
}

static void leave_all(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	(void)owner, (void)name;
	for (unsigned i = 0; i < COUNT; i++)
		docker_driver.unwatch(&docker_location, ears[i].app);
}

Test(docker_stream, who_is_told_may_end_it_for_all)
{
	REPLY("GET /events", 200, LABELLED("app7", "app7.web.1") LABELLED("app8", "app8.web.1"),
	      .delay_ms = 100);
	watch_all();
	cr_assert(docker_driver.watch(&docker_location, "app7", leave_all, NULL, &docker_error) == 0);
	pass(1000);
	cr_assert_eq(ears[8].named, 0);
	cr_assert_eq(docker_requests("GET /events"), 1);
}

/* What one location found out, another one at the same place need not ask. */
Test(docker_stream, what_is_known_of_the_engine_is_passed_on)
{
	struct location other = docker_location;
	struct inventory inventory = {0};
	struct error err = {0};
	watch(0);
	pass(1000);
	cr_assert(docker_driver.open(&other, &err) == 0, "%s", err.text);
	REPLY("GET /containers/json", 200, "[]");
	const struct list_request request = {.app = "app", .instances_only = true};
	AWAIT(list, &request, &inventory);
	inventory_release(&inventory);
	docker_forget();
	docker_driver.learn(&other, &docker_location);
	docker_errand_new();
	while (docker_driver.list(&other, &docker_errand, &request, &inventory, &err) == PROGRESS_WAITING)
		docker_until_woken("the listing");
	cr_assert_eq(docker_requests("GET /_ping"), 0);
	cr_assert_eq(docker_requests("GET /containers/json"), 1);
	cr_assert_str_eq(docker_request("GET /containers/json", 0)->api, "1.41");
	inventory_release(&inventory);
	docker_driver.close(&other);
}

/* The bench's engine says by its Date that it is 1795261492. */
#define HAPPENS_AT(time, what, id, more)                                                                     \
	"{\"Action\": \"" what "\", \"Actor\": {\"ID\": \"" id                                               \
	"\", \"Attributes\": {\"berth.app\": \"app7\", \"name\": \"app7.web.1\"" more                        \
	"}}, \"timeNano\": " time "}\n"
#define HAPPENS(what, id, more) HAPPENS_AT("1795261492120097561", what, id, more)

Test(docker_stream, an_end_is_told_with_its_code_and_its_time)
{
	REPLY("GET /events", 200, HAPPENS("die", "c7", ", \"exitCode\": \"137\""), .delay_ms = 100);
	watch_all();
	pass(200);
	cr_assert_eq(ears[7].ends, 1);
	cr_assert_str_eq(ears[7].ended, "c7");
	cr_assert_eq(ears[7].end.exit_code, 137);
	cr_assert_eq(ears[7].end.at_ms, INT64_C(1795261492120));
	cr_assert(!ears[7].end.out_of_memory);
}

Test(docker_stream, what_tells_no_code_no_container_or_no_time_is_a_change_and_no_end)
{
	REPLY("GET /events", 200,
	      HAPPENS("die", "c7", "") HAPPENS("die", "c7", ", \"exitCode\": \"soon\"")
		  HAPPENS("stop", "c7", ", \"exitCode\": \"0\"") LABELLED("app7", "app7.web.1"),
	      .delay_ms = 100);
	watch_all();
	pass(200);
	cr_assert_eq(ears[7].named, 4);
	cr_assert_eq(ears[7].ends, 0);
}

Test(docker_stream, that_it_ran_out_of_memory_is_told_with_its_end)
{
	REPLY("GET /events", 200, HAPPENS("oom", "c7", "") HAPPENS("die", "c8", ", \"exitCode\": \"1\""),
	      .delay_ms = 100, .times = 1);
	watch_all();
	pass(200);
	cr_assert_eq(ears[7].ends, 1, "it is no end by itself");
	cr_assert(!ears[7].end.out_of_memory, "another one's");
	docker_forget();
	REPLY("GET /events", 200, HAPPENS("oom", "c7", "") HAPPENS("die", "c7", ", \"exitCode\": \"137\""),
	      .delay_ms = 100, .times = 1);
	pass(20000);
	cr_assert_eq(ears[7].ends, 2);
	cr_assert(ears[7].end.out_of_memory);
}

/* It tells all since a time, and that has come again. */
Test(docker_stream, an_end_that_is_yet_to_come_is_one_of_before_its_clock_was_set_back)
{
	REPLY("GET /events", 200, HAPPENS_AT("1795261499000000000", "die", "c7", ", \"exitCode\": \"137\""),
	      .delay_ms = 100);
	watch_all();
	pass(200);
	cr_assert_eq(ears[7].named, 1);
	cr_assert_eq(ears[7].ends, 0);
}
