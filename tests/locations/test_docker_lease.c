/* test_docker_lease.c - leases as rows of volumes: taken, renewed, contested, expired, given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/locations/docker_bench.h"

/* --- an engine that keeps volumes, and a wire that delays and loses ---------------------------- */

enum { VOLUMES_MAX = 256, CONTENDERS = 3, TTL_MS = 4000 };

struct volume_kept {
	char name[64];
	json_t *labels;
	int64_t created_ms;
};

static struct volume_kept volumes[VOLUMES_MAX];
static size_t volume_count, creations, deletions;
static bool rough; /* the wire */
static bool deaf;  /* the engine, to what is to be removed */
static uint64_t dice_state;

static uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % sides;
}

static int64_t wall(void)
{
	return docker_world->ops->wall(docker_world);
}

static struct volume_kept *volume_of(const char *name)
{
	for (size_t i = 0; i < volume_count; i++)
		if (!strcmp(volumes[i].name, name))
			return &volumes[i];
	return NULL;
}

static void drop_volume(struct volume_kept *volume)
{
	json_decref(volume->labels);
	*volume = volumes[--volume_count];
}

/* In the engine's own zone, whole seconds. */
static json_t *shown(const struct volume_kept *volume)
{
	time_t local = (time_t)(volume->created_ms / 1000) + 7200;
	char stamp[40];
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S+02:00", gmtime_r(&local, &tm));
	return json_pack("{s:s, s:s, s:O}", "Name", volume->name, "CreatedAt", stamp, "Labels",
			 volume->labels);
}

static json_t *create_volume(const json_t *body)
{
	const char *name = json_text(body, "Name");
	struct volume_kept *volume = volume_of(name);

	if (!volume) {
		cr_assert(volume_count < VOLUMES_MAX);
		volume = &volumes[volume_count++];
		snprintf(volume->name, sizeof(volume->name), "%s", name);
		volume->labels = json_incref(json_object_get(body, "Labels"));
		volume->created_ms = wall();
		creations++;
	}
	return shown(volume);
}

static json_t *all_volumes(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < volume_count; i++)
		if (json_text(volumes[i].labels, "berth.lease"))
			json_array_append_new(list, shown(&volumes[i]));
	return json_pack("{s:o}", "Volumes", volume_count ? list : (json_decref(list), json_null()));
}

/* The status; an answer's body, or NULL. */
static int act(const char *method, const char *path, const char *text, size_t size, json_t **ret_body)
{
	*ret_body = NULL;
	if (strstr(path, "/_ping"))
		return 200;
	cr_assert(strstr(path, "/volumes"), "%s %s", method, path);
	if (!strcmp(method, "GET")) {
		cr_assert(strstr(path, "filters=") && strstr(path, "berth.lease"), "%s", path);
		*ret_body = all_volumes();
		return 200;
	}
	if (!strcmp(method, "POST")) {
		owned_json body = json_parse(text, size, "body", &docker_error);
		*ret_body = create_volume(body);
		return 201;
	}
	struct volume_kept *volume = volume_of(strrchr(path, '/') + 1);
	if (!volume)
		return 404;
	deletions++;
	drop_volume(volume);
	return 204;
}

/* An effect that comes when nobody waits for its answer any more. */
struct late {
	char method[8], path[256], *body;
	size_t size;
};

static void arrive_late(void *owner)
{
	struct late *late = owner;
	json_t *body;

	act(late->method, late->path, late->body, late->size, &body);
	json_decref(body);
	free(late->body);
	free(late);
}

static void send_late(const struct http_request *request, const char *path)
{
	struct late *late = calloc(1, sizeof(*late));

	cr_assert(late);
	snprintf(late->method, sizeof(late->method), "%s", request->method);
	snprintf(late->path, sizeof(late->path), "%s", path);
	late->size = request->body_size;
	late->body = strndup(request->body ? request->body : "", request->body_size);
	cr_assert(docker_world->ops->timer_start(docker_world, (int64_t)dice(800), arrive_late, late));
}

static void put_headers(struct http_answer *answer)
{
	char date[64];
	time_t seconds = (time_t)(wall() / 1000);
	struct tm tm;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &tm));
	text_format(&answer->headers, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nDate: %s\r\n\r\n", date);
}

static int64_t answer_request(void *owner, const struct http_request *request, struct http_answer *answer)
{
	const char *path = strchr(strstr(request->url, "://") + 3, '/');
	uint64_t luck = rough ? dice(100) : 100;
	json_t *body = NULL;

	(void)owner;
	answer->sent = true;
	if (deaf && !strcmp(request->method, "DELETE")) {
		fail(&answer->error, ERR_TIMED_OUT, "no answer");
		return request->timeout_ms;
	}
	if (luck >= 5 && luck < 10)
		send_late(request, path);
	else if (luck >= 5)
		answer->status = act(request->method, path, request->body, request->body_size, &body);
	put_headers(answer);
	owned_memory char *line = body ? json_line(body) : NULL;
	text_add(&answer->body, line ? line : "");
	json_decref(body);
	if (luck < 15) {
		answer->status = 0;
		fail(&answer->error, ERR_TIMED_OUT, "no answer");
	}
	return rough ? (int64_t)dice(400) : 1;
}

static void lease_set_up(void)
{
	const struct virtual_hooks hooks = {.http = answer_request};

	docker_set_up();
	virtual_world_hooks(docker_world, &hooks);
	volume_count = creations = deletions = 0;
	rough = deaf = false;
	dice_state = 1;
}

static void lease_take_down(void)
{
	while (volume_count)
		drop_volume(&volumes[0]);
	docker_take_down();
}

TestSuite(docker_lease, .init = lease_set_up, .fini = lease_take_down);

/* --- what it comes to -------------------------------------------------------------------------- */

static struct arena arena;

static struct lease try_lease(const char *token)
{
	const struct lease wanted = {.token = token, .words = token, .ttl_ms = TTL_MS};
	struct lease holder = {0};

	MUST(lease, "app", &wanted, &arena, &holder);
	return holder;
}

static void pass(int64_t ms)
{
	virtual_world_run(docker_world, NULL, NULL, ms);
}

static int64_t number_of_the_only_one(void)
{
	int64_t number = 0;

	cr_assert(volume_count == 1, "%zu volumes", volume_count);
	cr_assert(starts_with(volumes[0].name, "berth.lease.app."));
	cr_assert(parse_number(volumes[0].name + strlen("berth.lease.app."), 1, INT64_MAX, &number));
	return number;
}

Test(docker_lease, first_has_it_and_the_second_is_told_of_it)
{
	cr_assert_str_eq(try_lease("one").token, "one");
	struct lease holder = try_lease("two");
	cr_assert_str_eq(holder.token, "one");
	cr_assert_str_eq(holder.words, "one");
	cr_assert(holder.ttl_ms > 0 && holder.ttl_ms <= TTL_MS + 1000, "%lld", (long long)holder.ttl_ms);
	cr_assert(volume_count == 1 && creations == 1 && number_of_the_only_one() > 0);
	arena_release(&arena);
}

Test(docker_lease, renewed_it_is_a_higher_number)
{
	try_lease("one");
	for (int i = 0; i < 5; i++) {
		int64_t before = number_of_the_only_one();
		cr_assert_str_eq(try_lease("one").token, "one");
		cr_assert(number_of_the_only_one() > before);
		cr_assert_str_eq(try_lease("two").token, "one");
		pass(TTL_MS - 1000);
	}
	cr_assert(creations == 6);
	arena_release(&arena);
}

/* Both clocks know whole seconds: never a moment too soon, and at most two seconds late. */
Test(docker_lease, ends_by_the_engine_s_clock)
{
	for (int offset = 0; offset < 1000; offset += 250) {
		pass(1000 - wall() % 1000 + offset);
		try_lease("one");
		int64_t since = volumes[0].created_ms;
		while (!strcmp(try_lease("two").token, "one"))
			pass(100);
		int64_t lived = wall() - since;
		cr_assert(lived >= TTL_MS && lived <= TTL_MS + 2200, "%lld ms", (long long)lived);
		cr_assert(volume_count == 1, "the one that ended is left");
		MUST(tidy, "app", "two");
		cr_assert(volume_count == 0);
	}
	arena_release(&arena);
}

Test(docker_lease, only_its_own_token_gives_it_back)
{
	try_lease("one");
	MUST(tidy, "app", "two");
	cr_assert_str_eq(try_lease("two").token, "one");
	MUST(tidy, "app", "one");
	MUST(tidy, "app", "one");
	cr_assert(volume_count == 0);
	cr_assert_str_eq(try_lease("two").token, "two");
	arena_release(&arena);
}

/* It expires in a minute by itself: nobody waits longer for an engine that is silent. */
Test(docker_lease, given_back_to_a_silent_engine_it_is_left_to_expire)
{
	try_lease("one");
	deaf = true;
	int64_t begun = docker_world->ops->now(docker_world);
	MUST_FAIL(ERR_TIMED_OUT, tidy, "app", "one");
	cr_expect_leq(docker_world->ops->now(docker_world) - begun, 15000);
	arena_release(&arena);
}

static void somebody_s(const char *name, const char *labels)
{
	owned_json body = json_pack("{s:s, s:o}", "Name", name, "Labels", json_loads(labels, 0, NULL));

	json_decref(create_volume(body));
}

#define LEASE_OF(token)                                                                                      \
	"{\"berth.app\": \"app\", \"berth.lease\": \"" token                                                 \
	"\", \"berth.lease.words\": \"x\", \"berth.lease.ttl\": \"4000\"}"

Test(docker_lease, stranger_s_volume_of_the_name_is_a_conflict)
{
	const struct lease wanted = {.token = "one", .words = "x", .ttl_ms = TTL_MS};
	struct lease holder;

	/* Some days ahead of all numbers that time gives, so that the next one is known. */
	long long ahead = ((long long)wall() / 1000 + 1000000) << 20;
	char last[64], next[64], help[100];
	snprintf(last, sizeof(last), "berth.lease.app.%lld", ahead);
	snprintf(next, sizeof(next), "berth.lease.app.%lld", ahead + 1);
	snprintf(help, sizeof(help), "docker volume rm %s", next);
	somebody_s(last, LEASE_OF("one"));
	somebody_s(next, "{\"mine\": \"yes\"}");
	MUST_FAIL(ERR_CONFLICT, lease, "app", &wanted, &arena, &holder);
	HELPS(help);
	cr_assert(volume_count == 2 && !deletions);
	arena_release(&arena);
}

/* There is no number beyond it, and no deploy that would last so long. */
Test(docker_lease, one_of_the_highest_number_and_for_ever_keeps_nobody_out)
{
	static const char for_ever[] = "{\"berth.app\": \"app\", \"berth.lease\": \"x\", "
				       "\"berth.lease.ttl\": \"4611686018427387903\"}";
	somebody_s("berth.lease.app.9223372036854775806", for_ever);
	pass(3000);
	cr_assert_str_eq(try_lease("one").token, "one");
	cr_assert_str_eq(try_lease("one").token, "one", "also renewed");
	MUST(tidy, "app", "one");
	cr_assert(!volume_count, "nothing is left of either");
	arena_release(&arena);
}

/* Labels copied to another volume are no lease, nor are those of an application whose name begins alike. */
Test(docker_lease, what_only_resembles_one_is_left_alone)
{
	somebody_s("backup", LEASE_OF("copy"));
	somebody_s("berth.lease.app.x", LEASE_OF("copy"));
	somebody_s("berth.lease.app.01", LEASE_OF("copy"));
	somebody_s("berth.lease.app2.9", "{\"berth.app\": \"app2\", \"berth.lease\": \"other\", "
					 "\"berth.lease.ttl\": \"400000\"}");
	cr_assert_str_eq(try_lease("one").token, "one");
	pass(2 * TTL_MS);
	MUST(tidy, "app", "one");
	cr_assert(volume_count == 4 && creations == 5);
	arena_release(&arena);
}

/* A listing that was old let somebody begin anew, beside the one who went on. */
Test(docker_lease, higher_number_goes_on_while_the_lower_gives_way)
{
	somebody_s("berth.lease.app.5", LEASE_OF("far"));
	cr_assert_str_eq(try_lease("one").token, "far");
	cr_assert(volume_count == 1 && creations == 1);
	arena_release(&arena);
}

Test(docker_lease, holder_goes_on_when_an_intruder_leaves)
{
	const struct lease wanted = {.token = "one", .words = "x", .ttl_ms = TTL_MS};
	struct lease holder = {0};

	try_lease("one");
	somebody_s("berth.lease.app.9", LEASE_OF("intruder"));
	docker_errand_new();
	enum progress progress =
	    docker_driver.lease(&docker_location, &docker_errand, "app", &wanted, &arena, &holder, NULL);
	for (int i = 0; progress == PROGRESS_WAITING; i++) {
		docker_until_woken("lease");
		if (i == 4)
			drop_volume(volume_of("berth.lease.app.9"));
		progress = docker_driver.lease(&docker_location, &docker_errand, "app", &wanted, &arena,
					       &holder, NULL);
	}
	cr_assert(progress == PROGRESS_DONE);
	cr_assert_str_eq(holder.token, "one");
	arena_release(&arena);
}

/* --- many at once, on a rough wire ------------------------------------------------------------- */

struct contender {
	struct location location;
	struct errand errand;
	struct arena arena;
	struct lease wanted, holder;
	char token[8];
	bool woken, calling, tidying;
	int64_t called_ms, next_ms; /* of the last call; when the next is due */
	int64_t until_ms;           /* it may rely on holding it so long */
};

static struct contender contenders[CONTENDERS];
static unsigned grants;

static void contender_woken(struct errand *errand)
{
	((struct contender *)errand->owner)->woken = true;
}

static void granted(struct contender *contender)
{
	for (int i = 0; i < CONTENDERS; i++)
		cr_assert(&contenders[i] == contender || contenders[i].until_ms <= wall(),
			  "%s and %s have it at once", contender->token, contenders[i].token);
	contender->until_ms = contender->called_ms + TTL_MS;
	grants++;
}

static void step_contender(struct contender *contender)
{
	enum progress progress;
	struct error error;

	contender->woken = false;
	if (contender->tidying)
		progress = docker_driver.tidy(&contender->location, &contender->errand, "app",
					      contender->token, &error);
	else
		progress =
		    docker_driver.lease(&contender->location, &contender->errand, "app", &contender->wanted,
					&contender->arena, &contender->holder, &error);
	if (progress == PROGRESS_WAITING)
		return;
	if (progress == PROGRESS_DONE && !contender->tidying) {
		if (!strcmp(contender->holder.token, contender->token))
			granted(contender);
		else
			contender->until_ms = 0; /* it is told that it has lost it */
	}
	contender->calling = false;
	/* Sometimes it is away for longer than its lease lives. */
	contender->next_ms = wall() + (int64_t)dice(dice(6) ? 2000 : 3 * TTL_MS);
}

static void begin_call(struct contender *contender)
{
	contender->calling = true;
	contender->tidying = dice(4) == 0;
	contender->called_ms = wall();
	if (contender->tidying)
		contender->until_ms = 0;
	step_contender(contender);
}

static void play(uint64_t seed)
{
	static const struct location_spec spec = {
	    .name = "here", .type = "docker", .target = "unix:///engine.sock"};

	dice_state = seed * 2654435761u + 1;
	rough = true;
	for (int i = 0; i < CONTENDERS; i++) {
		struct contender *contender = &contenders[i];
		*contender = (struct contender){.location = docker_location};
		contender->location.spec = &spec;
		snprintf(contender->token, sizeof(contender->token), "t%d", i);
		contender->wanted = (struct lease){contender->token, contender->token, TTL_MS};
		contender->errand = (struct errand){.wake = contender_woken, .owner = contender};
		cr_assert(docker_driver.open(&contender->location, &docker_error) == 0);
	}
	for (int64_t end = wall() + 60000; wall() < end; pass(7))
		for (int i = 0; i < CONTENDERS; i++) {
			struct contender *contender = &contenders[i];
			if (contender->calling && contender->woken)
				step_contender(contender);
			else if (!contender->calling && wall() >= contender->next_ms)
				begin_call(contender);
		}
	for (int i = 0; i < CONTENDERS; i++) {
		docker_driver.close(&contenders[i].location);
		arena_release(&contenders[i].arena);
	}
	pass(2000);
	while (volume_count)
		drop_volume(&volumes[0]);
}

Test(docker_lease, never_two_have_it_whatever_is_lost)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		grants = 0;
		play(seed);
		cr_assert(grants > 3, "seed %d: %u grants in a minute", (int)seed, grants);
	}
}

Test(docker_lease, one_from_times_to_come_is_nobody_s)
{
	json_t *labels = json_pack("{s:s, s:s, s:s}", "berth.app", "app", "berth.lease", "token",
				   "berth.lease.ttl", "60000");
	json_t *volume = json_pack("{s:s, s:s, s:o}", "Name", "berth.lease.app.1", "CreatedAt",
				   "2026-01-02T10:00:00Z", "Labels", labels);
	int64_t taken_ms = INT64_C(1767348000000);
	cr_expect_gt(lease_left(volume, taken_ms + 1000), 0);
	cr_expect_gt(lease_left(volume, taken_ms - 500), 0, "whole seconds are the engine's");
	cr_expect_leq(lease_left(volume, taken_ms - 7200000), 0, "its clock was set back by two hours");
	json_decref(volume);
}
