/* endpoint.c - an engine's address as it is written, taken apart: where to connect, and whether over TLS. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/ssh_config.h"
#include "locations/docker/engine.h"

enum { PORT = 2375, TLS_PORT = 2376 };

static int unsupported(const struct docker *docker, const char *written, const char *why, const char *instead,
		       struct error *err)
{
	fail(err, ERR_UNSUPPORTED, "location `%s`: %s: %s", docker->location->name, written, why);
	remedy(err, "%s", instead);
	return -1;
}

static bool loopback(const char *host)
{
	return starts_with(host, "127.") || !strcmp(host, "localhost") || !strcmp(host, "[::1]");
}

static int unix_endpoint(struct docker *docker, const char *written, const char *path,
			 const struct trust *trust, struct error *err)
{
	struct endpoint *endpoint = &docker->endpoint;

	if (!*path)
		path = DEFAULT_SOCKET;
	if (*path != '/')
		return fail(err, ERR_INVALID, "location `%s`: %s: a socket's path begins with a slash",
			    docker->location->name, written);
	if (trust->option)
		return fail(err, ERR_INVALID,
			    "location `%s`: %s: `%s` is for engines behind TLS, not for a socket",
			    docker->location->name, written, trust->option);
	endpoint->socket = arena_text(&docker->arena, path);
	endpoint->shown = arena_format(&docker->arena, "unix://%s", path);
	/* One place under two names, on every system that has /run. */
	endpoint->identity = arena_format(&docker->arena, "unix://%s",
					  starts_with(path, "/var/run/") ? path + strlen("/var") : path);
	endpoint->base = "http://localhost";
	endpoint->local = true;
	return endpoint->socket && endpoint->shown && endpoint->identity ? 0 : fail_memory(err);
}

/* HOST[:PORT][/PATH] */
struct address {
	const char *host, *path; /* the path without a slash at its end */
	int64_t port;            /* 0: none was given */
};

static bool read_address(struct arena *arena, const char *rest, struct address *ret)
{
	size_t bracket = *rest == '[' ? strcspn(rest, "]") : 0;
	size_t length = bracket + strcspn(rest + bracket, ":/");
	const char *after = rest + length;

	if (strpbrk(rest, "@?# "))
		return false;
	*ret = (struct address){.host = arena_copy(arena, rest, length)};
	if (*after == ':') {
		size_t count = strcspn(++after, "/");
		const char *digits = arena_copy(arena, after, count);
		if (!digits || !parse_number(digits, 1, 65535, &ret->port))
			return false;
		after += count;
	}
	size_t path = strlen(after);
	while (path && after[path - 1] == '/')
		path--;
	ret->path = arena_copy(arena, after, path);
	return ret->host && ret->path;
}

/* The docker program never takes a port for a sign of TLS. A location that names the port that was made for
 * it does not have to say so twice. */
static bool over_tls(const char *scheme, enum written_by by, const struct trust *trust, int64_t port)
{
	if (strcmp(scheme, "tcp") != 0)
		return !strcmp(scheme, "https");
	return trust->wanted || (by == BY_LOCATION && port == TLS_PORT);
}

static int64_t port_of(const struct address *address, enum written_by by, bool secure)
{
	if (address->port)
		return address->port;
	/* As the docker program has it. */
	return by == BY_ENVIRONMENT || !secure ? PORT : TLS_PORT;
}

static int tcp_endpoint(struct docker *docker, const char *scheme, const char *written, const char *rest,
			enum written_by by, const struct trust *trust, struct error *err)
{
	struct endpoint *endpoint = &docker->endpoint;
	struct arena *arena = &docker->arena;
	struct address address;

	if (!read_address(arena, rest, &address) || (!*address.host && by == BY_LOCATION)) {
		fail(err, ERR_INVALID, "location `%s`: %s is not %s://HOST:PORT", docker->location->name,
		     written, scheme);
		return -1;
	}
	if (!strcmp(scheme, "http") && trust->option)
		return fail(err, ERR_INVALID, "location `%s`: %s is without TLS, and `%s` is for TLS",
			    docker->location->name, written, trust->option);
	endpoint->host = *address.host ? address.host : "localhost";
	endpoint->secure = over_tls(scheme, by, trust, address.port);
	endpoint->port = (uint16_t)port_of(&address, by, endpoint->secure);
	endpoint->base = arena_format(arena, "%s://%s:%u%s", endpoint->secure ? "https" : "http",
				      endpoint->host, endpoint->port, address.path);
	endpoint->shown = arena_format(arena, "tcp://%s:%u%s", endpoint->host, endpoint->port, address.path);
	endpoint->identity = endpoint->shown;
	endpoint->local = loopback(endpoint->host);
	if (!endpoint->base || !endpoint->shown)
		return fail_memory(err);
	endpoint->proxy = proxy_for(docker, endpoint->secure, endpoint->host, endpoint->port);
	return endpoint->secure ? certificates_take(docker, trust, err) : 0;
}

static const char *whoever_asks(const struct docker *docker)
{
	const char *user = variable(docker, "USER");

	return user && *user ? user : variable(docker, "LOGNAME");
}

/* USER@HOST[:PORT][/SOCKET], as the docker program has it; ssh's own configuration says the rest. */
static int ssh_endpoint(struct docker *docker, const char *written, const char *rest,
			const struct trust *trust, struct error *err)
{
	struct endpoint *endpoint = &docker->endpoint;
	struct arena *arena = &docker->arena;
	const struct ssh_here here = {.home = variable(docker, "HOME"),
				      .user = whoever_asks(docker),
				      .agent = variable(docker, "SSH_AUTH_SOCK")};
	size_t length = strcspn(rest, "/");
	const char *machine = arena_copy(arena, rest, length), *socket = rest + length;
	struct ssh_host *host = arena_array(arena, struct ssh_host, 1);
	struct error why = {0};

	if (!machine || !host)
		return fail_memory(err);
	if (trust->option)
		return fail(err, ERR_INVALID,
			    "location `%s`: %s: `%s` is for engines behind TLS, not behind SSH",
			    docker->location->name, written, trust->option);
	if (ssh_host_parse(arena, machine, host, &why) ||
	    ssh_host_complete(docker->world, arena, &here, host, &why)) {
		fail(err, why.code, "location `%s`: %s", docker->location->name, why.text);
		if (*why.remedy)
			remedy(err, "%s", why.remedy);
		return -1;
	}
	if (!*socket || !strcmp(socket, "/"))
		socket = DEFAULT_SOCKET;
	endpoint->ssh = host;
	endpoint->socket = arena_text(arena, socket);
	endpoint->shown =
	    arena_format(arena, "ssh://%s%s", machine, strcmp(socket, DEFAULT_SOCKET) ? socket : "");
	endpoint->identity = endpoint->shown;
	endpoint->base = "http://localhost";
	endpoint->host = host->address;
	return endpoint->socket && endpoint->shown ? 0 : fail_memory(err);
}

static int no_address(const struct docker *docker, const char *written, struct error *err)
{
	fail(err, ERR_INVALID, "location `%s`: `%s` is no engine's address", docker->location->name, written);
	remedy(err,
	       "write unix:///PATH, tcp://HOST:PORT, https://HOST:PORT, ssh://USER@HOST or context=NAME");
	return -1;
}

/* What blanks the environment may hold around it. */
static const char *trimmed(struct arena *arena, const char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	for (length = strlen(text); length && isspace((unsigned char)text[length - 1]);)
		length--;
	return arena_copy(arena, text, length);
}

int endpoint_read(struct docker *docker, const char *text, enum written_by by, const struct trust *trust,
		  struct error *err)
{
	const char *written = trimmed(&docker->arena, text), *colon = written ? strstr(written, "://") : NULL;
	const char *scheme = colon ? arena_copy(&docker->arena, written, (size_t)(colon - written)) : "";
	const char *rest = colon ? colon + strlen("://") : written;

	if (!written || !scheme)
		return fail_memory(err);
	if (!printable(written))
		return fail(err, ERR_INVALID, "location `%s`: the engine's address holds control characters",
			    docker->location->name);
	if (*written == '/' || !strcmp(scheme, "unix"))
		return unix_endpoint(docker, written, rest, trust, err);
	if (!strcmp(scheme, "tcp") || !strcmp(scheme, "http") || !strcmp(scheme, "https"))
		return tcp_endpoint(docker, scheme, written, rest, by, trust, err);
	if (!strcmp(scheme, "ssh"))
		return ssh_endpoint(docker, written, rest, trust, err);
	if (!strcmp(scheme, "npipe"))
		return unsupported(docker, written, "named pipes are of Windows alone",
				   "use unix:///PATH, or tcp://HOST:PORT for an engine on a Windows machine",
				   err);
	if (!strcmp(scheme, "fd"))
		return unsupported(
		    docker, written, "that is where an engine listens, not where it is reached",
		    "use the socket that it was given, such as unix:///var/run/docker.sock", err);
	if (!colon && *written && by == BY_ENVIRONMENT)
		return tcp_endpoint(docker, "tcp", written, written, by, trust, err);
	return no_address(docker, written, err);
}
