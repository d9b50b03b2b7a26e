/* version.c - which engine it is: the API's version, negotiated once, and the facts that `connect` tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "locations/docker/docker.h"

enum { API_OLDEST = 40, API_NEWEST = 44 }; /* minors of 1.x that this driver speaks */

bool header_value(const char *headers, const char *name, char *ret_value, size_t size)
{
	size_t length = strlen(name);

	for (const char *line = headers; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		snprintf(ret_value, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return true;
	}
	return false;
}

int64_t answered_at(const struct call *call)
{
	char date[64];

	return header_value(text_view(&call->headers), "Date", date, sizeof(date)) ? date_of(date) : 0;
}

int version_read(struct docker *docker, const struct pong *pong, struct error *err)
{
	char version[32], *end;

	if (!header_value(pong->headers, "Api-Version", version, sizeof(version)) ||
	    strncmp(version, "1.", 2) != 0) {
		explain_stranger(docker, pong, err);
		return -1;
	}
	long minor = strtol(version + 2, &end, 10);
	if (minor < API_OLDEST) {
		fail(err, ERR_UNSUPPORTED,
		     "location `%s`: the engine at %s speaks API %.16s; at least 1.%d is needed",
		     docker->location->name, docker->endpoint.shown, version, API_OLDEST);
		remedy(err, "use Docker Engine 19.03 or later");
		return -1;
	}
	snprintf(docker->api, sizeof(docker->api), "1.%ld", minor < API_NEWEST ? minor : API_NEWEST);
	podman_read(docker, pong->headers);
	return 0;
}

static enum progress version_told(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const struct pong pong = {call->status, text_view(&call->headers), text_view(&call->body)};
	char version[32];

	if (call->error.code != OK)
		return call_failed(call, err, "ping");
	if (call->status >= 500 && header_value(pong.headers, "Api-Version", version, sizeof(version)))
		return call_failed(call, err, "location `%s`: the engine does not say who it is",
				   task->docker->location->name);
	if (version_read(task->docker, &pong, err) < 0)
		return PROGRESS_FAILED;
	task->docker->known |= !task->docker->libpod[0];
	return task_go(task, task->docker->known ? task->after : podman_ask);
}

/* A client certificate that is wanted or refused looks like a lost connection in TLS 1.3, not in older ones.
 */
static enum progress version_answered(struct task *task, struct error *err)
{
	const struct question again = {.method = "GET", .path = "/_ping", .bare = true, .old_tls = true};

	if (task->docker->endpoint.secure && task->calls[0].error.code == ERR_UNREACHABLE)
		return ask(task, 0, &again, version_told, err);
	return version_told(task, err);
}

enum progress version_ask(struct task *task, struct error *err)
{
	const struct question ping = {.method = "GET", .path = "/_ping", .bare = true};

	return ask(task, 0, &ping, version_answered, err);
}

void docker_learn(struct location *location, const struct location *from)
{
	struct docker *docker = location->state;
	const struct docker *other = from->state;

	if (docker->known || !other->known)
		return;
	memcpy(docker->api, other->api, sizeof(docker->api));
	memcpy(docker->engine, other->engine, sizeof(docker->engine));
	memcpy(docker->platform, other->platform, sizeof(docker->platform));
	memcpy(docker->libpod, other->libpod, sizeof(docker->libpod));
	docker->nameless = other->nameless;
	docker->rootless = other->rootless;
	docker->known = true;
	if (docker->libpod[0])
		podman_known(docker);
}

void platform_read(struct docker *docker, struct call *call)
{
	const json_t *version = call_ok(call) ? call_json(call, NULL) : NULL;
	const char *system = json_text(version, "Os"), *machine = json_text(version, "Arch");

	if (system && machine)
		snprintf(docker->platform, sizeof(docker->platform), "%s/%s", system, machine);
}

static enum progress connected(struct task *task, struct error *err)
{
	struct location_facts *facts = task->wish.facts;
	struct call *version = &task->calls[0], *info = &task->calls[1];

	if (!call_ok(version))
		return call_failed(version, err, "location `%s`: cannot ask for the engine's version",
				   task->docker->location->name);
	if (!call_ok(info))
		return call_failed(info, err, "location `%s`: cannot ask about the engine",
				   task->docker->location->name);
	static const char *const version_texts[] = {"Version", NULL}, *const info_texts[] = {NULL};
	const json_t *v = call_named(version, version_texts, "no version", err);
	const json_t *i = v ? call_named(info, info_texts, "no facts", err) : NULL;
	if (!i)
		return PROGRESS_FAILED;
	const char *number = json_text(v, "Version"), *kernel = json_text(i, "KernelVersion");
	snprintf(facts->endpoint, sizeof(facts->endpoint), "%s", task->docker->endpoint.shown);
	snprintf(facts->because, sizeof(facts->because), "%s",
		 task->docker->endpoint.because ? task->docker->endpoint.because : "");
	snprintf(facts->version, sizeof(facts->version), "%s %s, API %s",
		 task->docker->libpod[0] ? "Podman" : "Docker Engine", number ? number : "?",
		 task->docker->api);
	snprintf(facts->details, sizeof(facts->details), "%lld CPUs, %.1f GiB, Linux %s, %lld containers",
		 (long long)json_number(i, "NCPU", 0),
		 (double)json_number(i, "MemTotal", 0) / (1024.0 * 1024 * 1024), kernel ? kernel : "?",
		 (long long)json_number(i, "Containers", 0));
	return PROGRESS_DONE;
}

enum progress connect_begin(struct task *task, struct error *err)
{
	const struct question version = {.method = "GET", .path = "/version"};
	const struct question info = {.method = "GET", .path = "/info"};

	if (ask(task, 0, &version, connected, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	return ask(task, 1, &info, connected, err);
}
