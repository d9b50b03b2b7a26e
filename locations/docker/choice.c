/* choice.c - which engine is meant: the location's own word, then docker's variables, contexts and defaults.
 */
#include <string.h>

#include "locations/docker/engine.h"

const char *variable(const struct docker *docker, const char *name)
{
	return location_variable(docker->location, name);
}

static int by_environment(struct docker *docker, const char *host, const struct trust *trust,
			  const char *because, struct error *err)
{
	docker->endpoint.because = because;
	return endpoint_read(docker, host, BY_ENVIRONMENT, trust, err);
}

/* What docker calls the default context: the environment, else the engine of this machine. */
static int default_context(struct docker *docker, const struct trust *trust, struct error *err)
{
	const char *host = variable(docker, "DOCKER_HOST");

	if (host)
		return by_environment(docker, host, trust,
				      variable(docker, "DOCKER_CONTEXT")
					  ? "DOCKER_HOST, which counts before DOCKER_CONTEXT"
					  : "DOCKER_HOST",
				      err);
	if (trust->wanted)
		return by_environment(docker, "tcp://localhost:2376", trust,
				      "the docker program's default with DOCKER_TLS_VERIFY or DOCKER_TLS",
				      err);
	return search_local(docker, err);
}

static int by_context(struct docker *docker, const char *name, const struct trust *trust, const char *because,
		      struct error *err)
{
	return strcmp(name, "default") != 0 ? context_read(docker, name, because, err)
					    : default_context(docker, trust, err);
}

/* Nothing is said by the location. */
static int by_docker(struct docker *docker, const struct trust *trust, struct error *err)
{
	const char *name = variable(docker, "DOCKER_CONTEXT"), *file;

	if (variable(docker, "DOCKER_HOST"))
		return default_context(docker, trust, err);
	if (name)
		return by_context(docker, name, trust, "named by DOCKER_CONTEXT", err);
	if (context_current(docker, &name, &file, err) < 0)
		return -1;
	if (!name)
		return default_context(docker, trust, err);
	const char *because = arena_format(&docker->arena, "the current one by %s", file);
	return because ? context_read(docker, name, because, err) : fail_memory(err);
}

static int contradiction(const struct docker *docker, const char *one, const char *other, struct error *err)
{
	return fail(err, ERR_INVALID, "location `%s`: %s and %s both say which engine it is; give only one",
		    docker->location->name, one, other);
}

int engine_choose(struct docker *docker, struct error *err)
{
	static const char prefix[] = "context=";
	const struct engine_said *said = &docker->said;
	const char *target = docker->location->spec->target, *context = said->context;
	struct trust trust;

	if (starts_with(target, prefix) && context)
		return contradiction(docker, target, "`context`", err);
	if (*target && (said->host || context))
		return contradiction(docker, target, said->host ? "`host`" : "`context`", err);
	if (said->host && context)
		return contradiction(docker, "`host`", "`context`", err);
	if (starts_with(target, prefix))
		context = target + strlen(prefix);
	if (context && said->tls_option)
		return fail(err, ERR_INVALID,
			    "location `%s`: a context has certificates of its own; take `%s` away",
			    docker->location->name, said->tls_option);
	if (trust_read(docker, &trust, err) < 0)
		return -1;
	if (context)
		return by_context(docker, context, &trust, "named by the location", err);
	if (*target || said->host)
		return endpoint_read(docker, *target ? target : said->host, BY_LOCATION, &trust, err);
	return by_docker(docker, &trust, err);
}

/* Plain on the port that was made for TLS is what a location would have to say so. */
static const char *lasting_target(struct docker *docker)
{
	const struct endpoint *endpoint = &docker->endpoint;

	return endpoint->socket || endpoint->secure ? endpoint->shown : endpoint->base;
}

const char *engine_resolved(const struct location *location, const json_t **ret_options)
{
	struct docker *docker = location->state;
	const struct endpoint *endpoint = &docker->endpoint;

	*ret_options = location->spec->options;
	if (*location->spec->target || docker->said.host || docker->said.context)
		return location->spec->target;
	if (!endpoint->secure || docker->said.tls_option)
		return lasting_target(docker);
	if (!docker->lasting) {
		owned_json options =
		    location->spec->options ? json_deep_copy(location->spec->options) : json_object();
		if (json_put_flag(options, "tlsVerify", !endpoint->tls.no_verify) ||
		    (endpoint->folder && *endpoint->folder == '/' &&
		     json_put_text(options, "certPath", endpoint->folder)))
			return lasting_target(docker);
		docker->lasting = give(options);
	}
	*ret_options = docker->lasting;
	return lasting_target(docker);
}
