/* openstack_bench.c - a recorded OpenStack for tests, out of tests/openstack/recorded.jsonl. */
#include "tests/locations/openstack_bench.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/virtual_world.h"

enum { LINES_MOST = 16, VARIABLES_MOST = 32 };

struct location openstack_here;
struct error openstack_error;
struct text openstack_asked, openstack_sent, openstack_said;

static struct openstack_line lines[LINES_MOST + 1];
static const char *variables[VARIABLES_MOST][2];
static json_t *recorded; /* a list */
static struct world *world;
static struct location_spec spec;
static json_t *options;
static struct arena arena;
static bool woken;
static bool (*answers)(const struct http_request *, struct http_answer *);

/* --- what is recorded -------------------------------------------------------------------------------------
 */

static void load(void)
{
	FILE *file = fopen(BERTH_SOURCE_DIR "/tests/openstack/recorded.jsonl", "re");
	char *line = NULL;
	size_t room = 0;

	cr_assert_not_null(file);
	recorded = json_array();
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		json_t *one = json_loadb(line, (size_t)size, 0, NULL);
		cr_assert_not_null(one, "%.80s", line);
		json_array_append_new(recorded, one);
	}
	free(line);
	fclose(file);
}

const json_t *openstack_recorded(const char *name)
{
	for (size_t i = 0; i < json_array_size(recorded); i++)
		if (!strcmp(json_text(json_array_get(recorded, i), "name"), name))
			return json_array_get(recorded, i);
	cr_assert_fail("nothing is recorded as %s", name);
	return NULL;
}

size_t openstack_recorded_count(void)
{
	return json_array_size(recorded);
}

const char *openstack_recorded_name(size_t number)
{
	return json_text(json_array_get(recorded, number), "name");
}

const json_t *openstack_recorded_body(const char *name)
{
	return json_object_get(openstack_recorded(name), "body");
}

/* Without what is asked after the path: as recorded, else the first one of that path that was answered well.
 */
static const json_t *find_recorded(const char *method, const char *url)
{
	const json_t *like = NULL;

	for (size_t i = 0; i < json_array_size(recorded); i++) {
		const json_t *one = json_array_get(recorded, i);
		const char *theirs = json_text(one, "url");
		size_t length = strcspn(theirs, "?");
		if (strcmp(json_text(one, "method"), method) != 0 || json_number(one, "status", 0) >= 400)
			continue;
		if (!strcmp(theirs, url))
			return one;
		if (!like && length == strcspn(url, "?") && !strncmp(theirs, url, length))
			like = one;
	}
	return like;
}

static bool same_body(const json_t *one, const struct http_request *request)
{
	owned_json body = json_loadb(request->body, request->body_size, 0, NULL);

	return json_equal(json_object_get(one, "asked"), body);
}

/* Of logins the one that was asked for in the same words. */
static const json_t *find_login(const struct http_request *request)
{
	for (size_t i = 0; i < json_array_size(recorded); i++) {
		const json_t *one = json_array_get(recorded, i);
		if (!strcmp(json_text(one, "method"), "POST") &&
		    !strcmp(json_text(one, "url"), request->url) && same_body(one, request))
			return one;
	}
	return NULL;
}

static void answer_recorded(const json_t *one, struct http_answer *answer)
{
	const json_t *headers = json_object_get(one, "headers"), *body = json_object_get(one, "body");

	answer->sent = true;
	answer->status = (int)json_number(one, "status", 0);
	for (size_t i = 0; i < json_array_size(headers); i++) {
		const json_t *header = json_array_get(headers, i);
		text_format(&answer->headers, "%s: %s\r\n", json_string_value(json_array_get(header, 0)),
			    json_string_value(json_array_get(header, 1)));
	}
	if (body && !json_is_null(body))
		json_add_line(&answer->body, body);
}

static bool answer_line(const struct http_request *request, struct http_answer *answer)
{
	for (struct openstack_line *line = lines; line->url; line++) {
		if (strcmp(line->method, request->method) != 0 || !starts_with(request->url, line->url))
			continue;
		if (line->times && --line->times == 0)
			line->method = "used";
		if (!line->status)
			fail(&answer->error, ERR_UNREACHABLE, "the connection was closed");
		answer->sent = true;
		answer->status = line->status;
		text_add(&answer->headers, line->headers ? line->headers : "");
		text_add(&answer->body, line->body ? line->body : "");
		return true;
	}
	return false;
}

static int64_t answer_http(void *owner, const struct http_request *request, struct http_answer *answer)
{
	bool login = !strcmp(request->method, "POST") && ends_with(request->url, "/auth/tokens");

	(void)owner;
	text_format(&openstack_asked, "%s %s%s\n", request->method, request->url,
		    request->fresh ? " fresh" : "");
	if (login)
		text_format(&openstack_asked, "%.*s\n", (int)request->body_size, (const char *)request->body);
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (!starts_with(request->headers[i], "Accept") &&
		    !starts_with(request->headers[i], "Content-"))
			text_format(&openstack_sent, "%s\n", request->headers[i]);
	if ((answers && answers(request, answer)) || answer_line(request, answer))
		return 1;
	const json_t *one = login ? find_login(request) : find_recorded(request->method, request->url);
	if (!one && login)
		one = openstack_recorded("03-auth-bad-password");
	if (one)
		answer_recorded(one, answer);
	else
		fail(&answer->error, ERR_UNREACHABLE, "nothing is recorded for %s %s", request->method,
		     request->url);
	return 1;
}

void openstack_answers(bool (*answer)(const struct http_request *, struct http_answer *))
{
	answers = answer;
}

void openstack_lines(const struct openstack_line *some, size_t count)
{
	memset(lines, 0, sizeof(lines));
	memcpy(lines, some, count * sizeof(*some));
}

/* --- where it runs ----------------------------------------------------------------------------------------
 */

static const char *environment(const char *name)
{
	for (size_t i = 0; i < VARIABLES_MOST; i++)
		if (variables[i][0] && !strcmp(variables[i][0], name))
			return variables[i][1];
	return NULL;
}

void openstack_environment(const char *name, const char *value)
{
	size_t i = 0;

	while (variables[i][0] && strcmp(variables[i][0], name) != 0)
		i++;
	variables[i][0] = name;
	variables[i][1] = value;
}

void openstack_openrc(void)
{
	openstack_environment("OS_AUTH_URL", "http://127.0.0.1:5000/v3");
	openstack_environment("OS_USERNAME", "demo");
	openstack_environment("OS_PASSWORD", "demopass");
	openstack_environment("OS_PROJECT_NAME", "demo");
	openstack_environment("OS_USER_DOMAIN_NAME", "Default");
	openstack_environment("OS_PROJECT_DOMAIN_NAME", "Default");
}

const char *openstack_file(const char *name, const char *content)
{
	const char *path = arena_format(&arena, "%s/%s", virtual_world_directory(world), name);
	const char *slash = strrchr(path, '/');
	struct error err;

	cr_assert_eq(
	    world->ops->directories_make(world, arena_copy(&arena, path, (size_t)(slash - path)), 0700, &err),
	    0, "%s", err.text);
	cr_assert_eq(world->ops->file_write(world, path, 0600, content, strlen(content), &err), 0, "%s",
		     err.text);
	return path;
}

static void said(void *owner, const char *words)
{
	(void)owner;
	text_format(&openstack_said, "%s\n", words);
}

static void wake(struct errand *errand)
{
	(void)errand;
	woken = true;
}

static bool is_woken(void *owner)
{
	(void)owner;
	return woken;
}

int openstack_open(const char *target, const char *said_options)
{
	json_decref(options);
	options = said_options ? json_loads(said_options, 0, NULL) : NULL;
	cr_assert(!said_options || options, "%s", said_options);
	spec =
	    (struct location_spec){.name = "here", .type = "openstack", .target = target, .options = options};
	openstack_here = (struct location){.driver = &openstack_driver,
					   .world = world,
					   .name = "here",
					   .spec = &spec,
					   .state_directory = "/nonexistent",
					   .helper = "",
					   .environment = environment,
					   .say = said};
	return openstack_driver.open(&openstack_here, &openstack_error);
}

enum progress openstack_go_on(enum progress (*call)(struct errand *errand, void *owner), void *owner)
{
	struct errand errand = {.wake = wake};
	enum progress progress;

	while ((progress = call(&errand, owner)) == PROGRESS_WAITING) {
		woken = false;
		cr_assert(virtual_world_run(world, is_woken, NULL, 3600000), "nobody woke it");
	}
	return progress;
}

static enum progress connects(struct errand *errand, void *owner)
{
	return openstack_driver.connect(&openstack_here, errand, owner, &openstack_error);
}

enum progress openstack_connect(struct location_facts *ret)
{
	return openstack_go_on(connects, ret);
}

void openstack_bench_begin(void)
{
	static const struct virtual_hooks hooks = {.http = answer_http};

	load();
	world = virtual_world_new(1);
	virtual_world_hooks(world, &hooks);
	openstack_environment("HOME", virtual_world_directory(world));
}

void openstack_bench_end(void)
{
	if (openstack_here.state)
		openstack_driver.close(&openstack_here);
	virtual_world_free(world);
	json_decref(options);
	json_decref(recorded);
	answers = NULL;
	arena_release(&arena);
	text_release(&openstack_asked);
	text_release(&openstack_sent);
	text_release(&openstack_said);
}
