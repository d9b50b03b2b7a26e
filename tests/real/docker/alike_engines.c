/* alike_engines.c - the real engine and the simulated one are asked the same, and must answer alike. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "tests/real/docker/alike.h"

struct both both = {.sides = {{.called = "the real engine"}, {.called = "the simulated one"}}};

struct exchange_end {
	bool done;
	struct side *side;
};

static void answered(void *owner, struct http_answer *answer)
{
	struct exchange_end *end = owner;

	end->done = true;
	end->side->status = answer->error.code == OK ? answer->status : -1;
	text_add_bytes(&end->side->body, text_view(&answer->body), answer->body.length);
}

void ask_real(struct side *side, const char *method, const char *path, const char *body)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	const char *url = arena_format(&both.arena, "http://localhost/v1.41%s", path);
	struct exchange_end end = {.side = side};
	const struct http_sink sink = {.done = answered, .owner = &end};
	const struct http_request request = {
	    .method = method,
	    .url = url,
	    .unix_socket = both.socket_path,
	    .headers = body ? headers : NULL,
	    .body = body,
	    .body_size = body ? strlen(body) : 0,
	    .timeout_ms = 60000,
	};

	cr_assert(both.real->ops->http_send(both.real, &request, &sink, NULL));
	while (!end.done)
		world_wait(both.real, 1000);
}

void ask_simulated(struct side *side, const char *method, const char *path, const char *body)
{
	struct clock *clock = universe_clock(both.universe);
	int64_t limit = clock_now(clock) + 60000;
	struct docker_asked asked;

	docker_engine_ask(both.engine, method, arena_format(&both.arena, "/v1.41%s", path), body, &asked);
	while (!asked.status && clock_step(clock, limit))
		;
	/* What follows from it has followed, as at the real one by the time of the next request. */
	limit = clock_now(clock) + 50;
	while (clock_step(clock, limit))
		;
	side->status = asked.status;
	side->body = asked.body;
}

static void ask_both(const char *method, const char *const paths[2], const char *const bodies[2])
{
	for (int i = 0; i < 2; i++)
		text_release(&both.sides[i].body);
	ask_real(&both.sides[0], method, paths[0], bodies[0]);
	ask_simulated(&both.sides[1], method, paths[1], bodies[1]);
}

/* "{c:web}" stands for an id that each engine has its own of. */
const char *with_ids(const struct side *side, const char *template)
{
	owned_text text = {0};
	char key[100];

	while (template && *template) {
		if (*template == '{' && template[1] && template[2] == ':') {
			size_t length = strcspn(template, "}");
			snprintf(key, sizeof(key), "%.*s", (int)length - 1, template + 1);
			const char *id = map_get(side->ids, key);
			text_add(&text, id ? id : "0123456789abcdef");
			template += length + 1;
		} else {
			text_add_char(&text, *template ++);
		}
	}
	return template ? arena_text(&both.arena, text_view(&text)) : NULL;
}

void keep_ids(const char *key)
{
	for (int i = 0; key && i < 2; i++) {
		owned_json answer = json_loads(text_view(&both.sides[i].body), 0, NULL);
		const char *id = json_text(answer, "Id");
		if (id)
			cr_assert(map_put(&both.sides[i].ids, key, arena_text(&both.arena, id)) == 0);
	}
}

static json_t *parsed(const struct side *side, bool set)
{
	owned_json json = json_loadb(text_view(&side->body), side->body.length, JSON_DECODE_ANY, NULL);
	json_t *masked = json ? mask_json(json) : masked_bytes(&side->body);

	return set && json_is_array(masked) ? sorted_json(masked) : masked;
}

/* With numbers of the kernel in it. */
static bool both_fail_to_add_an_interface(void)
{
	static const char words[] = "{\"message\":\"failed to add interface veth";

	return starts_with(text_view(&both.sides[0].body), words) &&
	       starts_with(text_view(&both.sides[1].body), words);
}

/* Every five minutes the real one clears commands away that do not run, whoever may still ask. */
static bool cleared_away(const struct step *step)
{
	return starts_with(step->path, "/exec/{e:}") && both.sides[0].status == 404 &&
	       both.sides[1].status != 404;
}

static void compare(const struct step *step)
{
	owned_text where = {0};

	if (cleared_away(step))
		return;
	bool set = starts_with(step->path, "/networks");

	text_add(&where, "answer");
	owned_json one = parsed(&both.sides[0], set);
	owned_json other = parsed(&both.sides[1], set);
	cr_assert(both.sides[0].status == both.sides[1].status,
		  "step %u: %s %s %s\n  answered %d: %s\n  simulated %d: %s", step->number, step->method,
		  step->path, step->body ? step->body : "", both.sides[0].status,
		  text_view(&both.sides[0].body), both.sides[1].status, text_view(&both.sides[1].body));
	cr_assert(both_fail_to_add_an_interface() || says_too(one, other, &where),
		  "step %u: %s %s %s\n  differs in %s", step->number, step->method, step->path,
		  step->body ? step->body : "", text_view(&where));
}

void ask_and_compare(struct step *step, const char *keep)
{
	const char *paths[2], *bodies[2];

	for (int i = 0; i < 2; i++) {
		paths[i] = with_ids(&both.sides[i], step->path);
		bodies[i] = with_ids(&both.sides[i], step->body);
	}
	if (getenv("BERTH_TEST_TALK"))
		fprintf(stderr, "%u %s %s %s\n", step->number, step->method, step->path,
			step->body ? step->body : "");
	ask_both(step->method, paths, bodies);
	compare(step);
	keep_ids(keep);
}

void both_set_up(void)
{
	struct error error;

	cr_assert((both.real = world_real_open(&error)), "%s", error.text);
	both.universe = universe_new(1);
	both.engine = docker_engine_new(both.universe, "unix:/run/docker.sock");
	cr_assert(both.universe && both.engine);
	docker_engine_image(both.engine, "busybox", NULL);
	docker_engine_image(both.engine, "berth-bed:2", NULL);
	docker_engine_path(both.engine, "/");
	docker_engine_address(both.engine, "198.18.0.1");
	const struct docker_behaviour behaviours[] = {
	    {.name = arena_format(&both.arena, "s-%x", both.tag)},
	    {.name = arena_format(&both.arena, "e-%x", both.tag),
	     .exits = UINT32_MAX,
	     .exit_code = 3,
	     .lives_ms = 1,
	     .log = "spoken\n"},
	    {.name = arena_format(&both.arena, "x-%x", both.tag),
	     .broken = "exec: \"/no/such/program\": stat /no/such/program: no such file or directory"},
	};
	for (size_t i = 0; i < COUNT_OF(behaviours); i++)
		docker_engine_behave(both.engine, &behaviours[i]);
	const struct docker_command programs[] = {
	    {.words = "/bin/sh -c echo in; exit 4", .output = "in\n", .code = 4},
	    {.words = "/no/such", .missing = true},
	    {.words = "nothing", .missing = true},
	};
	for (size_t i = 0; i < COUNT_OF(programs); i++)
		docker_engine_command(both.engine, &programs[i]);
}

static void clear_kind(const char *list, const char *kind, const char *more)
{
	const char *path = arena_format(
	    &both.arena, "%sfilters=%%7B%%22label%%22%%3A%%5B%%22diff%%3D%x%%22%%5D%%7D", list, both.tag);
	struct side side = {0};

	ask_real(&side, "GET", path, NULL);
	owned_json answer = json_loads(text_view(&side.body), 0, NULL);
	const json_t *things = json_is_array(answer) ? answer : json_object_get(answer, "Volumes"), *thing;
	size_t i;
	text_release(&side.body);
	json_array_foreach (things, i, thing) {
		const char *id = json_text(thing, "Id") ?: json_text(thing, "Name");
		ask_real(&side, "DELETE", arena_format(&both.arena, "/%s/%s%s", kind, id, more), NULL);
		text_release(&side.body);
	}
}

void both_take_down(void)
{
	clear_kind("/containers/json?all=1&", "containers", "?force=1&v=1");
	clear_kind("/networks?", "networks", "");
	clear_kind("/volumes?", "volumes", "");
	docker_engine_free(both.engine);
	universe_free(both.universe);
	world_real_close(both.real);
	both.real = NULL;
	for (int i = 0; i < 2; i++) {
		map_release(&both.sides[i].ids);
		text_release(&both.sides[i].body);
	}
	arena_release(&both.arena);
}
