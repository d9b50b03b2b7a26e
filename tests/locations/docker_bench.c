/* docker_bench.c - the scripted engine: answers from a table, and what was asked. */
#include "tests/locations/docker_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base64.h"

struct world *docker_world;
struct location docker_location;
struct errand docker_errand;
struct error docker_error;
struct asked docker_asked[256];
size_t docker_asked_count;

static struct reply replies[64];
static size_t reply_count;
static struct location_spec spec;
static json_t *options;
static struct {
	const char *name, *value;
} variables[16];
static const char *sockets[8];
static bool woken;
static struct world_ops ops;

static const struct spec_port port_80 = {.port = 80, .protocol = TCP, .open = true};

const struct instance_spec docker_web = {
    .app = "app",
    .component = "web",
    .ordinal = 1,
    .name = "app.web.1",
    .shared_name = "app.web",
    .kind = COMPONENT_DOCKER,
    .image = "busybox:1",
    .ports = &port_80,
    .port_count = 1,
    .digest = "aa",
    .link_digest = "11",
    .secret_salt = "",
};

static const char *environment(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(variables) && variables[i].name; i++)
		if (!strcmp(variables[i].name, name))
			return variables[i].value;
	return NULL;
}

void docker_variable(const char *name, const char *value)
{
	size_t i = 0;

	while (variables[i].name && strcmp(variables[i].name, name) != 0)
		cr_assert(++i < COUNT_OF(variables));
	variables[i].name = name;
	variables[i].value = value;
}

void docker_socket(const char *path)
{
	size_t i = 0;

	while (sockets[i])
		cr_assert(++i < COUNT_OF(sockets));
	sockets[i] = path;
}

/* What this machine happens to have does not count. */
static bool known_file(struct world *world, const char *path)
{
	struct stat facts;

	for (size_t i = 0; i < COUNT_OF(sockets) && sockets[i]; i++)
		if (!strcmp(sockets[i], path))
			return true;
	return starts_with(path, virtual_world_directory(world)) && !stat(path, &facts);
}

void docker_login_read(const char *header, char *ret_json, size_t size)
{
	owned_memory char *letters = strdup(header + strlen("X-Registry-Auth: "));
	owned_text json = {0};

	cr_assert(starts_with(header, "X-Registry-Auth: ") && letters);
	cr_assert_eq(strlen(letters) % 4, 0, "without padding: %s", letters);
	for (char *c = letters; *c; c++) {
		cr_assert(*c != '+' && *c != '/', "not for URLs: %s", letters);
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	}
	cr_assert(base64_decode(letters, &json));
	snprintf(ret_json, size, "%s", text_view(&json));
}

static void note(const struct http_request *request, struct asked *to)
{
	const char *path = strstr(request->url, "://");

	path = path ? strchr(path + 3, '/') : NULL;
	to->api[0] = '\0';
	if (!path)
		path = "/";
	else if (starts_with(path, "/v1.")) {
		size_t length = strcspn(path + 2, "/");
		snprintf(to->api, sizeof(to->api), "%.*s", (int)length, path + 2);
		path += 2 + length;
	}
	snprintf(to->line, sizeof(to->line), "%s %s", request->method, path);
	snprintf(to->proxy, sizeof(to->proxy), "%s", request->proxy ? request->proxy : "");
	to->secure = starts_with(request->url, "https://");
	to->old_tls = request->tls && request->tls->not_newer_than_1_2;
	to->login[0] = '\0';
	for (const char *const *header = request->headers; header && *header; header++)
		if (starts_with(*header, "X-Registry-Auth: "))
			docker_login_read(*header, to->login, sizeof(to->login));
	to->size = request->body_size;
	to->body = calloc(1, to->size + 1);
	cr_assert_not_null(to->body);
	if (to->size)
		memcpy(to->body, request->body, to->size);
}

static int64_t answer_request(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	cr_assert(docker_asked_count < COUNT_OF(docker_asked), "asked without end: %s", request->url);
	struct asked *asked = &docker_asked[docker_asked_count++];
	note(request, asked);
	for (size_t i = reply_count; i-- > 0;) {
		struct reply *reply = &replies[i];
		if (!reply->request || !starts_with(asked->line, reply->request))
			continue;
		answer->status = reply->status;
		answer->sent = reply->status || reply->sent;
		if (!reply->status)
			fail(&answer->error, reply->error ? reply->error : ERR_UNREACHABLE, "%s",
			     reply->text ? reply->text : "no answer");
		if (reply->remedy)
			remedy(&answer->error, "%s", reply->remedy);
		const char *body = reply->body ? reply->body : "";
		text_add_bytes(&answer->body, body, reply->size ? reply->size : strlen(body));
		text_add(&answer->headers,
			 reply->headers
			     ? reply->headers
			     : "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nDate: Sat, 21 Nov 2026 11:44:52 "
			       "GMT\r\n\r\n");
		int64_t delay = reply->delay_ms;
		if (reply->times && --reply->times == 0)
			reply->request = NULL;
		return delay;
	}
	answer->status = 500;
	answer->sent = true;
	text_format(&answer->body, "{\"message\": \"nothing scripted for %s\"}", asked->line);
	return 0;
}

static void (*other_end)(struct channel *channel);
static void (*other_ear)(struct channel *channel, const char *bytes, size_t count);

static void begin_channel(void *owner, const struct http_request *request, struct channel *channel)
{
	(void)owner;
	cr_assert(docker_asked_count < COUNT_OF(docker_asked));
	note(request, &docker_asked[docker_asked_count++]);
	other_end(channel);
}

static void hear_channel(void *owner, struct channel *channel, const char *bytes, size_t count)
{
	(void)owner;
	if (other_ear)
		other_ear(channel, bytes, count);
}

static const char *const *interfaces;

static bool has_interface(struct world *world, const char *name)
{
	(void)world;
	for (const char *const *one = interfaces; *one; one++)
		if (!strcmp(*one, name))
			return true;
	return false;
}

void docker_interfaces(const char *const *names)
{
	interfaces = names;
}

void docker_programs(int (*spawn)(void *owner, const struct process_options *options,
				  struct process_end *ret_end, int64_t *ret_lives_ms, struct error *err))
{
	const struct virtual_hooks hooks = {.http = answer_request, .spawn = spawn};

	virtual_world_hooks(docker_world, &hooks);
}

void docker_reply(const struct reply *reply)
{
	cr_assert(reply_count < COUNT_OF(replies));
	replies[reply_count++] = *reply;
}

void docker_forget(void)
{
	for (size_t i = 0; i < docker_asked_count; i++)
		free(docker_asked[i].body);
	docker_asked_count = 0;
}

int docker_reopen(const char *target, const char *more, const char *host)
{
	docker_driver.close(&docker_location);
	json_decref(options);
	options = more ? json_loads(more, 0, NULL) : NULL;
	docker_variable("DOCKER_HOST", host);
	spec = (struct location_spec){.name = "here", .type = "docker", .target = target, .options = options};
	docker_location = (struct location){
	    .driver = &docker_driver,
	    .world = docker_world,
	    .name = "here",
	    .spec = &spec,
	    .state_directory = "/nonexistent",
	    .helper = "",
	    .environment = environment,
	};
	return docker_driver.open(&docker_location, &docker_error);
}

void docker_set_up(void)
{
	static const char *const here[] = {"docker0", "br-0123456789ab", NULL};
	const struct virtual_hooks hooks = {.http = answer_request};

	docker_world = virtual_world_new(1);
	cr_assert_not_null(docker_world);
	ops = *docker_world->ops;
	ops.has_interface = has_interface;
	ops.file_exists = known_file;
	docker_interfaces(here);
	docker_world->ops = &ops;
	virtual_world_hooks(docker_world, &hooks);
	REPLY("GET /_ping", 200, NULL);
	REPLY("GET /networks?filters=%7B%22name%22%3A%5B%22berth.app%22%5D%7D", 200,
	      "[{\"Id\": \"n0\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY(
	    "GET /containers/json?all=1&filters=%7B%22label%22%3A%5B%22berth.app%3Dapp%22%2C%22berth.helper",
	    200, "[]");
	cr_assert(docker_reopen("unix:///engine.sock", NULL, NULL) == 0, "%s", docker_error.text);
}

void docker_tcp(int64_t (*tcp)(void *owner, const char *address, uint16_t port, struct error *answer))
{
	const struct virtual_hooks hooks = {.http = answer_request, .tcp = tcp};

	virtual_world_hooks(docker_world, &hooks);
}

void docker_talks(void (*channel)(struct channel *channel),
		  void (*heard)(struct channel *channel, const char *bytes, size_t count))
{
	const struct virtual_hooks hooks = {
	    .http = answer_request, .channel = begin_channel, .heard = hear_channel};

	other_end = channel;
	other_ear = heard;
	virtual_world_hooks(docker_world, &hooks);
}

void docker_take_down(void)
{
	docker_driver.close(&docker_location);
	json_decref(options);
	docker_forget();
	virtual_world_free(docker_world);
}

const struct asked *docker_request(const char *line, size_t n)
{
	for (size_t i = 0; i < docker_asked_count; i++)
		if (starts_with(docker_asked[i].line, line) && n-- == 0)
			return &docker_asked[i];
	return NULL;
}

size_t docker_requests(const char *line)
{
	size_t count = 0;

	while (docker_request(line, count))
		count++;
	return count;
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

void docker_errand_new(void)
{
	cr_assert_null(docker_errand.state);
	docker_errand = (struct errand){.wake = wake};
	docker_error = (struct error){0};
}

void docker_until_woken(const char *what)
{
	woken = false;
	cr_assert(virtual_world_run(docker_world, is_woken, NULL, 600000), "%s: nobody woke its errand",
		  what);
}

const char *docker_container(char digest, const char *state)
{
	static char json[2048];
	char labels[512] = "";

	if (digest)
		snprintf(labels, sizeof(labels),
			 "\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\", "
			 "\"berth.spec\": \"%c%c\", \"berth.links\": \"11\", \"berth.ports\": \"80/tcp\"",
			 digest, digest);
	snprintf(json, sizeof(json),
		 "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Image\": \"sha256:1\", \"RestartCount\": 2, "
		 "\"Created\": \"2026-11-21T11:44:52.5Z\", \"Config\": {\"Labels\": {%s}, \"Tty\": false}, "
		 "\"State\": {\"Status\": \"%s\", \"Running\": %s, \"ExitCode\": 3, \"Error\": \"\", "
		 "\"StartedAt\": \"2026-11-21T11:44:53Z\"}, \"HostConfig\": {\"RestartPolicy\": {\"Name\": "
		 "\"unless-stopped\"}}, \"NetworkSettings\": {\"Ports\": {\"80/tcp\": "
		 "[{\"HostIp\": \"0.0.0.0\", \"HostPort\": \"8080\"}, {\"HostIp\": \"::\", \"HostPort\": "
		 "\"8080\"}]}, "
		 "\"Networks\": {\"berth.app\": {\"IPAddress\": \"10.213.0.5\", \"NetworkID\": "
		 "\"0123456789abcdef\", \"Links\": [\"app.db:db\"], \"Aliases\": [\"mine\", \"c1d2\"]}}}}",
		 labels, state, strcmp(state, "running") ? "false" : "true");
	return json;
}
