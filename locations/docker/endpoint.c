/* endpoint.c - where the engine listens, from what a blueprint, an option or DOCKER_HOST says. */
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

#define DEFAULT_HOST "unix:///var/run/docker.sock"

static int unsupported(const struct docker *docker, const char *host, const char *why, struct error *err)
{
	fail(err, ERR_UNSUPPORTED, "location `%s`: %s: %s", docker->location->name, host, why);
	remedy(err, "use unix:///PATH or tcp://HOST:2375 (plain), for instance through an SSH tunnel");
	return -1;
}

static bool loopback(const char *host)
{
	return starts_with(host, "127.") || !strcmp(host, "localhost") || !strcmp(host, "[::1]");
}

static int unix_endpoint(struct docker *docker, const char *host, const char *path, struct error *err)
{
	struct endpoint *endpoint = &docker->endpoint;

	if (*path != '/')
		return fail(err, ERR_INVALID, "location `%s`: %s: a socket's path begins with a slash",
			    docker->location->name, host);
	endpoint->socket = arena_text(&docker->arena, path);
	endpoint->shown = arena_format(&docker->arena, "unix://%s", path);
	endpoint->base = "http://localhost";
	endpoint->local = true;
	return endpoint->socket && endpoint->shown ? 0 : fail_memory(err);
}

static int tcp_endpoint(struct docker *docker, const char *host, const char *rest, struct error *err)
{
	struct endpoint *endpoint = &docker->endpoint;
	size_t bracket = *rest == '[' ? strcspn(rest, "]") : 0;
	size_t length = bracket + strcspn(rest + bracket, ":/");
	const char *after = rest + length;
	char digits[8] = "2375";
	int64_t port = 2375;

	if (*after == ':') {
		size_t count = strcspn(after + 1, "/");
		snprintf(digits, sizeof(digits), "%.*s", (int)(count < 7 ? count : 7), after + 1);
		after += 1 + count;
	}
	if (!length || strchr(rest, '@') || !parse_number(digits, 1, 65535, &port) ||
	    (*after && strcmp(after, "/") != 0))
		return fail(err, ERR_INVALID, "location `%s`: %s is not tcp://HOST:PORT",
			    docker->location->name, host);
	if (port == 2376)
		return unsupported(docker, host, "an engine behind TLS cannot be used yet", err);
	endpoint->host = arena_copy(&docker->arena, rest, length);
	if (!endpoint->host)
		return fail_memory(err);
	endpoint->base = arena_format(&docker->arena, "http://%s:%d", endpoint->host, (int)port);
	endpoint->shown = arena_format(&docker->arena, "tcp://%s:%d", endpoint->host, (int)port);
	endpoint->local = loopback(endpoint->host);
	return endpoint->base && endpoint->shown ? 0 : fail_memory(err);
}

static const char *host_of(const struct docker *docker, const char *option)
{
	const struct location *location = docker->location;
	const char *named = location->environment ? location->environment("DOCKER_HOST") : NULL;

	if (*location->spec->target)
		return location->spec->target;
	if (option)
		return option;
	return named && *named ? named : DEFAULT_HOST;
}

int endpoint_find(struct docker *docker, const char *option, struct error *err)
{
	const char *host = host_of(docker, option);
	const char *verify =
	    docker->location->environment ? docker->location->environment("DOCKER_TLS_VERIFY") : NULL;

	if (!printable(host))
		return fail(err, ERR_INVALID, "location `%s`: the engine's address holds control characters",
			    docker->location->name);
	if (starts_with(host, "unix://"))
		return unix_endpoint(docker, host, host + strlen("unix://"), err);
	if (*host == '/')
		return unix_endpoint(docker, host, host, err);
	if (starts_with(host, "ssh://"))
		return unsupported(docker, host, "an engine behind SSH cannot be used yet", err);
	if (starts_with(host, "https://"))
		return unsupported(docker, host, "an engine behind TLS cannot be used yet", err);
	if (starts_with(host, "tcp://") && verify && *verify)
		return unsupported(docker, host, "DOCKER_TLS_VERIFY is set, and TLS cannot be used yet", err);
	if (starts_with(host, "tcp://"))
		return tcp_endpoint(docker, host, host + strlen("tcp://"), err);
	if (starts_with(host, "http://"))
		return tcp_endpoint(docker, host, host + strlen("http://"), err);
	fail(err, ERR_INVALID, "location `%s`: `%s` is no engine's address", docker->location->name, host);
	remedy(err, "write unix:///PATH, tcp://HOST:PORT or http://HOST:PORT");
	return -1;
}
