/* explain.c - why an engine is not reached, in words that tell the usual mistakes apart, with what to do. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "locations/docker/engine.h"

enum { SHOWN_MAX = 60 };

/* --- a socket of this machine --- */

static void start_hint(const struct endpoint *endpoint, struct error *err)
{
	const char *path = endpoint->socket, *other = endpoint->other;

	if (other)
		remedy(err,
		       "start it, or name the engine that is meant: %s's socket is there too "
		       "(docker:unix://%s)",
		       endpoint->other_whose, other);
	else if (strstr(path, "podman"))
		remedy(err,
		       "start Podman's service: `%s`, or name another engine: docker:unix:///PATH, "
		       "docker:tcp://HOST:PORT, docker:context=NAME or DOCKER_HOST",
		       starts_with(path, "/run/user/") ? "systemctl --user start podman.socket"
						       : "sudo systemctl start podman.socket");
	else
		remedy(err,
		       "start Docker (`%s`), or name another engine: docker:unix:///PATH, "
		       "docker:tcp://HOST:PORT, docker:context=NAME or DOCKER_HOST",
		       starts_with(path, "/run/user/") ? "systemctl --user start docker"
						       : "sudo systemctl start docker");
}

static void rights_hint(const struct endpoint *endpoint, struct error *err)
{
	if (endpoint->other)
		remedy(err,
		       "use sudo or join the group that owns the socket; or name %s's, which is there too: "
		       "docker:unix://%s",
		       endpoint->other_whose, endpoint->other);
	else if (strstr(endpoint->socket, "podman"))
		remedy(err, "use sudo, or a service of your own: `systemctl --user start podman.socket`");
	else
		remedy(err,
		       "join the group that owns the socket (`sudo usermod -aG docker $USER`, then log in "
		       "again), or use sudo");
}

static void explain_socket(const struct docker *docker, const struct error *why, struct error *err)
{
	const struct endpoint *endpoint = &docker->endpoint;
	bool searched = endpoint->missing && *endpoint->missing;

	if (searched && !docker->world->ops->file_exists(docker->world, endpoint->socket))
		fail(err, why->code, "location `%s`: no engine is found on this machine: there is no %s",
		     docker->location->name, endpoint->missing);
	if (why->code == ERR_DENIED)
		rights_hint(endpoint, err);
	else if (why->code == ERR_UNREACHABLE)
		start_hint(endpoint, err);
}

/* --- over the network --- */

/* Which certificates counts as much as what is wrong with them. */
static void explain_trust(const struct docker *docker, const struct error *why, struct error *err)
{
	const struct endpoint *endpoint = &docker->endpoint;

	if (endpoint->folder)
		remedy(err, "%s; those of %.90s are used", why->remedy, endpoint->folder);
	else if (!endpoint->tls.ca_file)
		remedy(err, "%s (`ca` or `certPath`, else DOCKER_CERT_PATH)", why->remedy);
}

static void explain_network(const struct docker *docker, const struct error *why, struct error *err)
{
	const struct endpoint *endpoint = &docker->endpoint;

	if (endpoint->proxy && (why->code == ERR_UNREACHABLE || why->code == ERR_TIMED_OUT))
		remedy(err, "the way there leads through the proxy of %s; NO_PROXY=%.80s goes straight",
		       endpoint->secure ? "HTTPS_PROXY" : "HTTP_PROXY", endpoint->host);
	else if (why->code == ERR_DENIED && endpoint->secure)
		explain_trust(docker, why, err);
	else if (why->code == ERR_UNREACHABLE && !why->remedy[0])
		remedy(err,
		       "does an engine listen there (2375 is plain, 2376 is TLS), and does a firewall let us "
		       "through?");
}

void explain(const struct docker *docker, const char *what, int64_t limit_ms, const struct error *why,
	     struct error *err)
{
	const char *name = docker->location->name;

	if (why->code == ERR_NO_MEMORY) {
		fail_memory(err);
		return;
	}
	/* Without a remedy of its own the request was sent. */
	if (why->code == ERR_TIMED_OUT && !why->remedy[0]) {
		fail(err, ERR_TIMED_OUT, "location `%s`: %s unanswered for %lld s by %s", name, what,
		     (long long)(limit_ms / 1000), docker->endpoint.shown);
		remedy(err, "see whether the engine is well: `docker ps` and its log");
		return;
	}
	fail(err, why->code, "location `%s`: %s", name, why->text);
	remedy(err, "%s", why->remedy);
	if (docker->endpoint.socket && !why->remedy[0])
		explain_socket(docker, why, err);
	else if (!docker->endpoint.socket)
		explain_network(docker, why, err);
}

/* --- something else answered --- */

static bool wants_tls(const char *body)
{
	return strcasestr(body, "HTTP request to an HTTPS server") ||
	       strcasestr(body, "HTTP request was sent to HTTPS port");
}

static void say_tls(const struct docker *docker, struct error *err)
{
	fail(err, ERR_UNREACHABLE, "location `%s`: %s speaks TLS on that port, and was asked without",
	     docker->location->name, docker->endpoint.shown);
	if (docker->endpoint.because)
		remedy(err,
		       "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and "
		       "key.pem (a context: `docker context update --docker ...`)");
	else
		remedy(err,
		       "write docker:https://%.80s:%u, and give the certificates by the location's "
		       "`certPath` or "
		       "DOCKER_CERT_PATH",
		       docker->endpoint.host, docker->endpoint.port);
}

/* A page's title, else its first words; "" when it is none. */
static void title_of(const char *body, char *ret, size_t size)
{
	const char *title = strcasestr(body, "<title>"), *html = strcasestr(body, "<html");

	*ret = '\0';
	if (title)
		snprintf(ret, size, " `%.*s`", (int)strcspn(title + 7, "<\n"), title + 7);
	else if (html || strcasestr(body, "<!doctype html"))
		snprintf(ret, size, " without a title");
}

void explain_stranger(const struct docker *docker, const struct pong *pong, struct error *err)
{
	const char *name = docker->location->name, *shown = docker->endpoint.shown;
	char target[SHOWN_MAX * 2], title[SHOWN_MAX];

	title_of(pong->body, title, sizeof(title));
	if (pong->status == 400 && wants_tls(pong->body)) {
		say_tls(docker, err);
		return;
	}
	if (pong->status == 407)
		fail(err, ERR_DENIED, "location `%s`: the proxy on the way to %s asks for a password", name,
		     shown);
	else if (pong->status == 401 || pong->status == 403)
		fail(err, ERR_DENIED, "location `%s`: %s does not let us in (HTTP %d)%s", name, shown,
		     pong->status, *title ? ", and is perhaps no engine" : "");
	else if (pong->status / 100 == 3 && header_value(pong->headers, "Location", target, sizeof(target)))
		fail(err, ERR_UNREACHABLE,
		     "location `%s`: %s is no Docker engine: it sends us on to %s (HTTP %d)", name, shown,
		     target, pong->status);
	else if (*title)
		fail(err, ERR_UNREACHABLE,
		     "location `%s`: %s is no Docker engine: it shows a web page%s (HTTP %d)", name, shown,
		     title, pong->status);
	else
		fail(err, ERR_UNREACHABLE,
		     "location `%s`: %s does not speak as a Docker engine does (HTTP %d)", name, shown,
		     pong->status);
	remedy(err, "give the address of a Docker engine's API");
	if (docker->endpoint.proxy)
		remedy(
		    err,
		    "give the address of a Docker engine's API; the way there leads through the proxy of %s, "
		    "and NO_PROXY=%.60s goes straight",
		    docker->endpoint.secure ? "HTTPS_PROXY" : "HTTP_PROXY", docker->endpoint.host);
}
