/* test_docker_simulated.c - the simulated engine against the real one: the same requests, one after the
 * other, valid and not, are answered alike, and both tell the same of it by themselves. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "tests/real/docker/alike.h"

enum { STEPS = 70 };

/* --- what both tell by themselves -------------------------------------------------------------- */

static struct exchange *listening;
static struct text heard_events;
static struct docker_asked simulated_events;

static bool hear(void *owner, int status, const char *bytes, size_t count)
{
	(void)owner, (void)status;
	text_add_bytes(&heard_events, bytes, count);
	return true;
}

static void unheard(void *owner, struct http_answer *answer)
{
	(void)owner, (void)answer;
	listening = NULL;
}

/* Not for `unpause`: one that goes on to hear a signal tells so in its own time. */
static void listen_to_both(void)
{
	const char *path = arena_format(&both.arena,
					"/events?filters=%%7B%%22label%%22%%3A%%5B%%22diff%%3D%x%%22%%5D%%2C%"
					"%22event%%22%%3A%%5B%%22create%%22"
					"%%2C%%22start%%22%%2C%%22die%%22%%2C%%22kill%%22%%2C%%22stop%%22%%"
					"2C%%22destroy%%22%%2C%%22rename%%22"
					"%%2C%%22pause%%22%%2C%%22update%%22%%5D%%7D",
					both.tag);
	const struct http_request request = {
	    .method = "GET",
	    .url = arena_format(&both.arena, "http://localhost/v1.41%s", path),
	    .unix_socket = both.socket_path,
	};
	const struct http_sink sink = {.done = unheard, .chunk = hear};

	listening = both.real->ops->http_send(both.real, &request, &sink, NULL);
	docker_engine_ask(both.engine, "GET", path, NULL, &simulated_events);
	cr_assert_not_null(listening);
	/* The connection is there before the first thing happens. */
	ask_real(&both.sides[0], "GET", "/_ping", NULL);
	world_wait(both.real, 100);
}

static void listen_no_more(void)
{
	if (listening)
		both.real->ops->http_cancel(both.real, give(listening));
	text_release(&heard_events);
	text_release(&simulated_events.body);
}

/* What containers went through, in one line for each event. */
static const char *history(const struct text *events)
{
	owned_text lines = {0};

	for (const char *at = text_view(events); *at; at += strcspn(at, "\n"), at += *at == '\n') {
		owned_json event = json_loadb(at, strcspn(at, "\n"), 0, NULL);
		owned_json masked = event ? mask_json(json_at(event, "Actor.Attributes")) : NULL;
		owned_memory char *line = masked ? json_dumps(masked, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
		text_format(&lines, "%s %s %s\n", json_text(event, "Type") ?: "?",
			    json_text(event, "Action") ?: "?", line ? line : "?");
	}
	return arena_text(&both.arena, text_view(&lines));
}

/* The first line in which they differ, of each. */
static void compare_histories(void)
{
	world_wait(both.real, 200);
	const char *told = history(&heard_events), *simulated = history(&simulated_events.body);
	const char *its = told, *ours = simulated;
	unsigned number = 1;

	for (; *told && *told == *simulated; told++, simulated++) {
		if (*told != '\n')
			continue;
		number++;
		its = told + 1;
		ours = simulated + 1;
	}
	cr_assert(!*told && !*simulated, "event %u differs\n  told: %.*s\n  simulated: %.*s", number,
		  (int)strcspn(its, "\n"), its, (int)strcspn(ours, "\n"), ours);
}

/* --- the play ---------------------------------------------------------------------------------- */

static void take_down(void)
{
	if (!both.real)
		return;
	listen_no_more();
	both_take_down();
}

static void play_seed(uint64_t seed, unsigned steps)
{
	const char *target = getenv("BERTH_TEST_DOCKER");

	if (!target || !starts_with(target, "unix://"))
		cr_skip_test("BERTH_TEST_DOCKER names no engine");
	both.socket_path = target + strlen("unix://");
	both.chance = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	both.tag = (unsigned)getpid() * 8 + (unsigned)(seed % 8);
	both_set_up();
	listen_to_both();
	for (unsigned i = 0; i < steps; i++) {
		struct step step = {.number = i};
		/* There is something to ask about, mostly. */
		if (i < 3)
			ask_networks(&step);
		else if (i < 8)
			ask_create(&step);
		else
			ask_something(&step);
	}
	compare_histories();
}

TestSuite(docker_simulated, .fini = take_down, .timeout = 240);

Test(docker_simulated, answers_as_the_real_one)
{
	play_seed(1, STEPS);
}

Test(docker_simulated, answers_as_the_real_one_again)
{
	play_seed(2, STEPS);
}

/* More of them by hand: BERTH_TEST_SEEDS="100 40". */
Test(docker_simulated, answers_as_the_real_one_for_long, .timeout = 100000)
{
	const char *asked = getenv("BERTH_TEST_SEEDS");
	unsigned first, count;

	if (!asked || sscanf(asked, "%u %u", &first, &count) != 2)
		cr_skip_test("only by hand");
	for (unsigned seed = first; seed < first + count; seed++) {
		take_down();
		fprintf(stderr, "seed %u\n", seed);
		play_seed(seed, STEPS);
	}
}
