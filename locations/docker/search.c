/* search.c - which engine is meant when nobody names one: the docker program's own, else the first socket
 * found. */
#include <string.h>

#include "locations/docker/engine.h"

/* In the order of preference. What is there first counts, whether it answers or not: with Docker stopped for
 * a moment its applications must not be looked for, or made once more, at another engine. */
static const struct spot {
	const char *variable, *path; /* below that variable's folder */
	const char *whose;
} spots[] = {
    {NULL, DEFAULT_SOCKET, "Docker"},
    {"XDG_RUNTIME_DIR", "/docker.sock", "rootless Docker"},
    {"HOME", "/.docker/run/docker.sock", "Docker Desktop"},
    {"XDG_RUNTIME_DIR", "/podman/podman.sock", "rootless Podman"},
    {NULL, "/run/podman/podman.sock", "Podman"},
};

/* NULL when its folder is not known; *err when memory is gone. */
static const char *path_of(struct docker *docker, const struct spot *spot, bool *failed)
{
	const char *folder = spot->variable ? variable(docker, spot->variable) : "";
	const char *path = folder ? arena_format(&docker->arena, "%s%s", folder, spot->path) : NULL;

	*failed |= folder && !path;
	return path;
}

int search_local(struct docker *docker, struct error *err)
{
	struct endpoint *endpoint = &docker->endpoint;
	const struct trust none = {0};
	const struct spot *found = NULL;
	const char *socket = DEFAULT_SOCKET;
	owned_text missing = {0};
	bool failed = false;

	for (size_t i = 0; i < COUNT_OF(spots); i++) {
		const char *path = path_of(docker, &spots[i], &failed);
		if (!path)
			continue;
		if (!docker->world->ops->file_exists(docker->world, path)) {
			text_format(&missing, "%s%s", missing.length ? ", " : "", path);
		} else if (!found) {
			found = &spots[i];
			socket = path;
		} else if (!endpoint->other) {
			endpoint->other = path;
			endpoint->other_whose = spots[i].whose;
		}
	}
	endpoint->missing = arena_text(&docker->arena, text_view(&missing));
	endpoint->because = !found || found == spots
				? "the docker program's default"
				: arena_format(&docker->arena, "the first socket found, %s's", found->whose);
	if (failed || missing.failed || !endpoint->missing || !endpoint->because)
		return fail_memory(err);
	return endpoint_read(docker, socket, BY_LOCATION, &none, err);
}
