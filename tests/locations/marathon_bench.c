/* marathon_bench.c - the scripted Marathon: what it answers, and the location opened on it. */
#include "tests/locations/marathon_bench.h"

#include <string.h>

struct marathon_stand stand;

static int64_t answer_http(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	text_format(&stand.asked, "%s %s\n", request->method, request->url);
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
