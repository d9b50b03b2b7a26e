/* marathon_bench.c - the scripted Marathon: what it answers, and the location opened on it. */
#include "tests/locations/marathon_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct marathon_stand stand;

/* What is sent in a test, with the version that it was sent to, for whoever judges all of it at once:
 * tests/contract/marathon-bodies. */
static void keep_body(const struct http_request *request)
{
	const char *to = getenv("BERTH_MARATHON_BODIES");
	owned_json version = NULL, *body = NULL, *line = NULL;

	if (!to || !request->body_size)
		return;
	for (const struct line *each = stand.script; each->url; each++)
		if (strstr(each->url, "/v2/info") && each->body)
			version = version ? version : json_loads(each->body, 0, NULL);
	body = json_loadb(request->body, request->body_size, 0, NULL);
	line = json_pack("{s:s*, s:s, s:s, s:O*}", "version", json_text(version, "version"), "method",
			 request->method, "path", strstr(request->url, "/v2/"), "body", body);
	owned_memory char *text = json_line(line);
	FILE *file = fopen(to, "ae");
	cr_assert(text && file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

static int64_t answer_http(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	text_format(&stand.asked, "%s %s\n", request->method, request->url);
	keep_body(request);
	stand.unsized += !request->body && strcmp(request->method, "GET") != 0;
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (starts_with(request->headers[i], "Authorization") ||
		    !strcmp(request->headers[i], "Accept: text/event-stream"))
			text_format(&stand.asked, "%s\n", request->headers[i]);
	text_add_bytes(&stand.sent, request->body ? request->body : "", request->body_size);
	for (struct line *line = stand.script; line->url; line++) {
		if (strcmp(line->method, request->method) != 0 || !starts_with(request->url, line->url))
			continue;
		if (line->times && --line->times == 0)
			line->method = "used";
		if (line->status <= 0)
			fail(&answer->error, ERR_UNREACHABLE, "cannot connect: Connection refused");
		answer->sent = line->status != 0;
		answer->status = line->status > 0 ? (int)line->status : 0;
		text_add(&answer->headers, line->headers ? line->headers : "");
		text_add(&answer->body, line->body ? line->body : "");
		return 1;
	}
	fail(&answer->error, ERR_UNREACHABLE, "nobody is scripted for that");
	return 1;
}

static const char *environment(const char *name)
{
	for (size_t i = 0; i < 6; i += 2)
		if (stand.variables[i] && !strcmp(stand.variables[i], name))
			return stand.variables[i + 1];
	return NULL;
}

void wake_bench(struct errand *of)
{
	(void)of;
	stand.woken = true;
}

static bool is_woken(void *owner)
{
	(void)owner;
	return stand.woken;
}

void until_woken(void)
{
	stand.woken = false;
	cr_assert(virtual_world_run(stand.world, is_woken, NULL, 3600000), "nobody woke it");
}

int open_at(const struct location_driver *driver, const char *target, const char *more)
{
	static const struct virtual_hooks hooks = {.http = answer_http};

	stand.world = virtual_world_new(1);
	virtual_world_hooks(stand.world, &hooks);
	stand.options = json_loads(more ? more : "{}", 0, NULL);
	stand.spec = (struct location_spec){
	    .name = "here", .type = driver->type, .target = target, .options = stand.options};
	stand.location = (struct location){.driver = driver,
					   .world = stand.world,
					   .name = "here",
					   .spec = &stand.spec,
					   .state_directory = "/nonexistent",
					   .helper = "",
					   .environment = environment};
	return driver->open(&stand.location, &stand.err);
}

void close_all(void)
{
	if (stand.location.state)
		stand.location.driver->close(&stand.location);
	virtual_world_free(stand.world);
	json_decref(stand.options);
	text_release(&stand.asked);
	text_release(&stand.sent);
}

void play(const struct line *lines, size_t count)
{
	memset(stand.script, 0, sizeof(stand.script));
	memcpy(stand.script, lines, count * sizeof(*lines));
}

size_t requests(const char *line)
{
	size_t count = 0;

	for (const char *at = text_view(&stand.asked); (at = strstr(at, line)); at++)
		count++;
	return count;
}

static const struct spec_port ports[] = {
    {.port = 80, .open = true},
    {.port = 53, .protocol = UDP, .published = true, .host_port = 31053, .fixed = true}};
static const char *const command[] = {"serve", "it", NULL}, *const entrypoint[] = {"/run", "-v", NULL};
static const struct spec_variable given[] = {{"A", "b", false}};

const struct instance_spec *web(void)
{
	static struct instance_spec made;

	made = (struct instance_spec){.app = "shop",
				      .component = "web",
				      .name = "shop.web.1",
				      .ordinal = 1,
				      .kind = COMPONENT_DOCKER,
				      .image = "web:1",
				      .command = command,
				      .entrypoint = entrypoint,
				      .ports = ports,
				      .port_count = 2,
				      .variables = given,
				      .variable_count = 1,
				      .nano_cpus = 500000000,
				      .memory_bytes = (64 << 20) + 1,
				      .stop_timeout_ms = 2500,
				      .digest = "d",
				      .secret_salt = "",
				      .count = 3};
	return &made;
}

enum progress connect_it(struct location_facts *facts)
{
	return AWAIT_MARATHON(connect, facts);
}
