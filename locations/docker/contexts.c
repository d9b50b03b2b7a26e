/* contexts.c - docker's own configuration: which context is the current one, where it leads, how it is
 * trusted. */
#include <string.h>

#include "base/digest.h"
#include "locations/docker/engine.h"

enum { FILE_MAX = 1 << 20 };

const char *configuration_folder(const struct docker *docker, struct arena *arena)
{
	const char *folder = variable(docker, "DOCKER_CONFIG"), *home = variable(docker, "HOME");

	if (folder)
		return folder;
	return home ? arena_format(arena, "%s/.docker", home) : NULL;
}

static int damaged(const struct docker *docker, const char *path, const char *why, struct error *err)
{
	return fail(err, ERR_INVALID, "location `%s`: %s: %s", docker->location->name, path, why);
}

/* A file of docker's, as an object; NULL with *err, or without when `optional` and there is none. */
static json_t *read_json(const struct docker *docker, const char *path, bool optional, struct error *err)
{
	struct world *world = docker->world;
	owned_text content = {.secret = true}; /* config.json holds passwords too */
	struct error why;

	if (world->ops->file_read(world, path, FILE_MAX, &content, &why) < 0) {
		if (why.code == ERR_NO_MEMORY)
			fail_memory(err);
		else if (why.code != ERR_MISSING || !optional)
			fail(err, why.code == ERR_DENIED ? ERR_DENIED : ERR_INVALID, "location `%s`: %s",
			     docker->location->name, why.text);
		return NULL;
	}
	if (optional && !text_view(&content)[strspn(text_view(&content), " \t\r\n")])
		return NULL;
	json_t *json = json_parse(text_view(&content), content.length, path, &why);
	if (json_is_object(json))
		return json;
	if (!json)
		fail(err, why.code == ERR_NO_MEMORY ? why.code : ERR_INVALID, "location `%s`: %s",
		     docker->location->name, why.text);
	else
		damaged(docker, path, "this is no JSON object", err);
	json_decref(json);
	return NULL;
}

int context_current(struct docker *docker, const char **ret_name, const char **ret_file, struct error *err)
{
	const char *folder = configuration_folder(docker, &docker->arena);
	const char *path = folder ? arena_format(&docker->arena, "%s/config.json", folder) : NULL;
	struct error why = {0};

	*ret_name = NULL;
	*ret_file = path;
	if (!path)
		return 0;
	owned_secret_json config = read_json(docker, path, true, &why);
	if (why.code != OK) {
		*err = why;
		remedy(err, "mend that file, or choose the engine without it: DOCKER_HOST, or "
			    "DOCKER_CONTEXT=default for the engine of this machine");
		return -1;
	}
	const json_t *current = json_object_get(config, "currentContext");
	const char *name = json_string_value(current);
	if (current && !name)
		return damaged(docker, path, "currentContext is no text", err);
	if (!name || !*name || !strcmp(name, "default"))
		return 0;
	*ret_name = arena_text(&docker->arena, name);
	return *ret_name ? 0 : fail_memory(err);
}

static int no_such(const struct docker *docker, const char *name, const char *because, const char *path,
		   struct error *err)
{
	fail(err, ERR_INVALID, "location `%s`: there is no Docker context `%s` (%s): there is no file %s",
	     docker->location->name, name, because, path);
	remedy(
	    err,
	    "`docker context ls` shows those that are; name one of them with context=NAME or DOCKER_CONTEXT, "
	    "or an engine with DOCKER_HOST");
	return -1;
}

static int broken(const char *name, struct error *err)
{
	if (err->code != ERR_NO_MEMORY && !err->remedy[0])
		remedy(
		    err,
		    "`docker context inspect %.60s` shows what docker reads of it; make it anew with `docker "
		    "context rm` and `docker context create`",
		    name);
	return -1;
}

/* Its certificates lie in a folder as DOCKER_CERT_PATH has it; there is none for a context without TLS. */
static bool has_certificates(struct docker *docker, const char *folder)
{
	static const char *const names[] = {"ca.pem", "cert.pem", "key.pem"};
	struct world *world = docker->world;
	bool found = false;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *path = arena_format(&docker->arena, "%s/%s", folder, names[i]);
		found |= path && world->ops->file_exists(world, path);
	}
	return found;
}

static int follow(struct docker *docker, const char *path, const json_t *meta, const char *folder,
		  struct error *err)
{
	const json_t *endpoint = json_at(meta, "Endpoints.docker");
	const char *host = json_text(endpoint, "Host");
	bool unchecked = json_flag(endpoint, "SkipTLSVerify", false);
	bool certified = has_certificates(docker, folder);
	const struct trust trust = {
	    .wanted = unchecked || certified, .unchecked = unchecked, .folder = certified ? folder : NULL};

	if (!json_is_object(endpoint))
		return damaged(docker, path, "it names no engine (Endpoints.docker is missing)", err);
	return endpoint_read(docker, host && *host ? host : "unix://", BY_CONTEXT, &trust, err);
}

int context_read(struct docker *docker, const char *name, const char *because, struct error *err)
{
	const char *folder = configuration_folder(docker, &docker->arena);
	char digest[DIGEST_HEX];

	if (!printable(name))
		return fail(err, ERR_INVALID, "location `%s`: a context's name holds control characters",
			    docker->location->name);
	if (!folder)
		return fail(err, ERR_INVALID,
			    "location `%s`: Docker's contexts are in ~/.docker, and HOME is not set",
			    docker->location->name);
	if (digest_hex(name, strlen(name), digest) < 0)
		return fail(err, ERR_FAILED, "location `%s`: the context's name cannot be digested",
			    docker->location->name);
	const char *path = arena_format(&docker->arena, "%s/contexts/meta/%s/meta.json", folder, digest);
	const char *certificates = arena_format(&docker->arena, "%s/contexts/tls/%s/docker", folder, digest);
	const char *told = arena_format(&docker->arena, "Docker context `%s`, %s", name, because);
	if (!path || !certificates || !told)
		return fail_memory(err);
	if (!docker->world->ops->file_exists(docker->world, path))
		return no_such(docker, name, because, path, err);
	owned_json meta = read_json(docker, path, false, err);
	if (!meta || follow(docker, path, meta, certificates, err) < 0)
		return broken(name, err);
	docker->endpoint.because = told;
	return 0;
}
