/* test_openstack_recorded.c - what a real OpenStack answered is what the simulated one answers: the recorded
 * conversations of a client's whole life, played against it in their order. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "simulation/machine.h"
#include "simulation/openstack/cloud.h"

enum { PATIENCE_MS = 60000, AGAIN_MS = 100 };

static struct universe *universe;
static struct machine *machine;
static struct seat *seat;
static struct openstack_cloud *cloud;
static json_t *known; /* what is called otherwise here: theirs -> ours */
static char token[120];

static struct {
	bool over;
	int status;
	json_t *body;
} heard;

static void set_up(void)
{
	universe = universe_new(2);
	machine = machine_new(universe, "one", "10.0.0.1");
	seat = seat_new(universe, machine);
	cloud = openstack_cloud_new(universe);
	cr_assert(seat && cloud);
	known = json_object();
}

static void take_down(void)
{
	openstack_cloud_free(cloud);
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
	json_decref(known);
	json_decref(heard.body);
}

/* --- what is called how ----------------------------------------------------------------------------------
 */

/* Ids, addresses, secrets: what a client takes from one answer into a later request. */
static bool is_named_by_them(const char *key, const char *text)
{
	size_t length = strlen(text);

	if (length < 7 || strspn(text, "0123456789abcdef-.") != length)
		return !strcmp(key, "secret");
	return !strchr(text, '.') ? length >= 32 : isdigit((unsigned char)*text);
}

static void replace(struct text *text, const char *from, const char *to)
{
	owned_text out = {0};
	const char *at = text_view(text);

	for (const char *found; (found = strstr(at, from)); at = found + strlen(from)) {
		text_add_bytes(&out, at, (size_t)(found - at));
		text_add(&out, to);
	}
	text_add(&out, at);
	text_clear(text);
	text_add(text, text_view(&out));
}

static void translate(struct text *text)
{
	static const char *const hosts[][2] = {{"127.0.0.1:5000", "10.0.3.1:5000"},
					       {"127.0.0.1:8774", "10.0.3.1:8774"},
					       {"127.0.0.1:9696", "10.0.3.1:9696"},
					       {"127.0.0.1:9292", "10.0.3.1:9292"},
					       {"127.0.0.1:8778", "10.0.3.1:8778"}};
	const char *theirs;
	json_t *ours;

	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		replace(text, hosts[i][0], hosts[i][1]);
	json_object_foreach (known, theirs, ours) {
		replace(text, theirs, json_string_value(ours));
	}
}

/* --- whether two answers agree ------------------------------------------------------------------------- */

static const json_t *like(const json_t *list, const json_t *one, size_t i)
{
	const char *name = json_text(one, "name");

	for (size_t k = 0; name && k < json_array_size(list); k++) {
		const char *other = json_text(json_array_get(list, k), "name");
		if (other && !strcmp(other, name))
			return json_array_get(list, k);
	}
	return i < json_array_size(list) ? json_array_get(list, i) : NULL;
}

static bool same_words(const char *key, const json_t *theirs, const json_t *ours)
{
	static const char *const told[] = {"message", "title", "status", "type", "code", "device_owner"};
	owned_text words = {0};

	text_add(&words, json_string_value(theirs));
	translate(&words);
	for (size_t i = 0; i < COUNT_OF(told); i++)
		if (!strcmp(key, told[i]))
			return !strcmp(text_view(&words), json_string_value(ours));
	return true;
}

/* Members and their types; words where they tell something; ids become known. `where` tells the first place
 * that differs. */
static bool agree(const char *key, const json_t *theirs, const json_t *ours, struct text *where)
{
	const char *member;
	json_t *value;

	if (!ours || json_typeof(theirs) != json_typeof(ours)) {
		if (json_is_boolean(theirs) && json_is_boolean(ours))
			return true;
		text_format(where, " %s", key);
		return false;
	}
	if (json_is_string(theirs)) {
		if (is_named_by_them(key, json_string_value(theirs)))
			json_object_set(known, json_string_value(theirs), (json_t *)ours);
		if (same_words(key, theirs, ours))
			return true;
		text_format(where, " %s: %s", key, json_string_value(ours));
		return false;
	}
	for (size_t i = 0; i < json_array_size(theirs) && json_array_size(ours); i++) {
		const json_t *one = json_array_get(theirs, i), *other = like(ours, one, i);
		if (other && !agree(key, one, other, where))
			return false;
	}
	json_object_foreach ((json_t *)ours, member, value) {
		if (json_object_get(theirs, member) || !strcmp(key, "addresses"))
			continue;
		text_format(where, " +%s", member);
		return false;
	}
	json_object_foreach ((json_t *)theirs, member, value) {
		if (!agree(member, value, json_object_get(ours, member), where))
			return false;
	}
	return true;
}

/* --- asking -------------------------------------------------------------------------------------------- */

static void done(void *owner, struct http_answer *answer)
{
	const char *given = strstr(text_view(&answer->headers), "X-Subject-Token: ");

	(void)owner;
	cr_assert_eq(answer->error.code, OK, "%s", answer->error.text);
	heard.over = true;
	heard.status = answer->status;
	json_decref(heard.body);
	heard.body = json_loadb(text_view(&answer->body), answer->body.length, 0, NULL);
	if (given && answer->status == 201)
		snprintf(token, sizeof(token), "%.*s", (int)strcspn(given + 17, "\r\n"), given + 17);
}

static const char *recorded_header(const json_t *one, const char *name)
{
	const json_t *headers = json_object_get(one, "headers");

	for (size_t i = 0; i < json_array_size(headers); i++)
		if (!strcmp(json_string_value(json_array_get(json_array_get(headers, i), 0)), name))
			return json_string_value(json_array_get(json_array_get(headers, i), 1));
	return NULL;
}

static void ask(const json_t *one)
{
	const char *name = json_text(one, "name"), *version = recorded_header(one, "OpenStack-API-Version");
	const json_t *asked = json_object_get(one, "asked");
	owned_text url = {0}, body = {0};
	char with[160], of[160], spoken[80];
	const char *headers[4] = {spoken, of, with};
	const struct http_sink sink = {.done = done};
	struct error err;

	text_add(&url, json_text(one, "url"));
	translate(&url);
	if (!json_is_null(asked))
		json_add_line(&body, asked);
	translate(&body);
	snprintf(spoken, sizeof(spoken), "OpenStack-API-Version: %s", version ? version : "");
	snprintf(of, sizeof(of), "X-Subject-Token: %s", token);
	snprintf(with, sizeof(with), "X-Auth-Token: %s", strstr(name, "bad-token") ? "nope" : token);
	headers[strstr(name, "no-token") ? 2 : 3] = NULL;
	const struct http_request request = {.method = json_text(one, "method"),
					     .url = text_view(&url),
					     .headers = headers,
					     .body = body.length ? text_view(&body) : NULL,
					     .body_size = body.length};
	heard.over = false;
	cr_assert(seat_world(seat)->ops->http_send(seat_world(seat), &request, &sink, &err));
	while (!heard.over)
		cr_assert(clock_step(universe_clock(universe), INT64_MAX), "%s is never answered", name);
}

static void wait_ms(int64_t ms)
{
	int64_t end = clock_now(universe_clock(universe)) + ms;

	while (clock_step(universe_clock(universe), end))
		;
}

/* What is under way is asked for again until it is where it was then. */
static bool is_there_yet(const json_t *one)
{
	static const char *const told[] = {"status", "OS-EXT-STS:task_state"};
	const json_t *theirs = json_at(one, "body.server"), *ours = json_object_get(heard.body, "server");
	const json_t *addresses = json_object_get(theirs, "addresses");
	const json_t *list = json_object_iter_value(json_object_iter((json_t *)addresses));
	const json_t *own = json_object_get(ours, "addresses");

	if (!strstr(json_text(one, "url"), "/servers/") || strcmp(json_text(one, "method"), "GET") != 0)
		return true;
	if (heard.status != json_number(one, "status", 0))
		return false;
	for (size_t i = 0; theirs && i < COUNT_OF(told); i++)
		if (!json_equal(json_object_get(theirs, told[i]), json_object_get(ours, told[i])))
			return false;
	own = json_object_iter_value(json_object_iter((json_t *)own));
	return json_array_size(list) == json_array_size(own);
}

static bool plays(const json_t *one)
{
	owned_text where = {0};
	const json_t *body = json_object_get(one, "body");
	int64_t waited = 0;

	for (ask(one); !is_there_yet(one) && waited < PATIENCE_MS; waited += AGAIN_MS) {
		wait_ms(AGAIN_MS);
		ask(one);
	}
	bool same = heard.status == json_number(one, "status", 0) &&
		    (json_is_null(body) ? !heard.body : agree("body", body, heard.body, &where));
	owned_memory char *line = heard.body ? json_line(heard.body) : NULL;
	if (!same)
		fprintf(stderr, "%s: %d%s; %.600s\n", json_text(one, "name"), heard.status, text_view(&where),
			line ? line : "");
	return same;
}

/* --- all of it -------------------------------------------------------------------------------------------
 */

/* Those from here on are of another day: somebody logged in anew, and had a key. */
static void begin_another_day(void)
{
	owned_json login = json_pack("{s:s, s:s, s:s, s:{s:{s:{s:[s], s:{s:{s:s, s:{s:s}, s:s}}}}}}", "name",
				     "login", "method", "POST", "url", "http://127.0.0.1:5000/v3/auth/tokens",
				     "asked", "auth", "identity", "methods", "password", "password", "user",
				     "name", "demo", "domain", "name", "Default", "password", "demopass");

	ask(login);
	openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/os-keypairs",
			    "{\"keypair\":{\"name\":\"k-recorded\",\"public_key\":\"ssh-ed25519 AAAA a@b\"}}",
			    NULL);
}

Test(openstack_recorded, what_was_recorded_is_answered_alike, .init = set_up, .fini = take_down,
     .timeout = 60)
{
	FILE *file = fopen(BERTH_SOURCE_DIR "/tests/openstack/recorded.jsonl", "re");
	unsigned count = 0, same = 0;
	char *line = NULL;
	size_t room = 0;

	cr_assert_not_null(file);
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		owned_json one = json_loadb(line, (size_t)size, 0, NULL);
		cr_assert_not_null(one);
		if (starts_with(json_text(one, "name"), "89-"))
			begin_another_day();
		count++;
		same += plays(one);
	}
	free(line);
	fclose(file);
	fprintf(stderr, "%u of %u recorded answers agree\n", same, count);
	cr_expect_eq(same, count);
}
