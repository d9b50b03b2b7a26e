/* podman.c - what Podman, which answers as a Docker engine does, does otherwise.
 *
 * It gives a container no names of its own for others (endpoint links), so that those of its components are
 * given to the whole network; with a network backend that looks no names up, consumers get addresses. It
 * changes nothing of a container in place, and calls images by their whole names.
 */
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

void podman_read(struct docker *docker, const char *headers)
{
	char version[sizeof(docker->libpod)] = "";

	/* It becomes a part of a path. */
	if (header_value(headers, "Libpod-Api-Version", version, sizeof(version)))
		version[*version == '.' ? 0 : strspn(version, "0123456789.")] = '\0';
	memcpy(docker->libpod, version, sizeof(version));
}

void podman_known(struct docker *docker)
{
	docker->podman = *docker->location->driver;
	docker->podman.capabilities.host_names = false;
	docker->podman.capabilities.limits_in_place = false;
	docker->podman.capabilities.restart_in_place = false;
	docker->location->driver = &docker->podman;
	docker->known = true;
}

static enum progress told(struct task *task, struct error *err)
{
	struct docker *docker = task->docker;
	struct call *call = &task->calls[0];

	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot ask Podman about its networks",
				   docker->location->name);
	const json_t *info = call_json(call, err);
	if (!info)
		return PROGRESS_FAILED;
	const char *backend = json_text(json_object_get(info, "host"), "networkBackend");
	docker->nameless = backend && !strcmp(backend, "cni");
	docker->rootless = json_flag(json_at(info, "host.security"), "rootless", false);
	podman_known(docker);
	return task_go(task, task->after);
}

enum progress podman_ask(struct task *task, struct error *err)
{
	const char *path = arena_format(&task->arena, "/v%s/libpod/info", task->docker->libpod);
	const struct question question = {.method = "GET", .path = path, .bare = true};

	return ask(task, 0, &question, told, err);
}

/* --- before a container is made ------------------------------------------------------------- */

static step make_volume;

static enum progress volume_made(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const struct instance_spec *spec = task->wish.spec;

	/* Made twice it is one. */
	if ((call_unsure(call) || (call->error.code == OK && call->status == 409)) && ++task->tries < TRIES)
		return task_go(task, make_volume);
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot make the volume `%s`",
				   task->docker->location->name, spec->volumes[task->volume].name);
	task->volume++;
	return task_go(task, make_volume);
}

/* The empty directory that Podman makes of a bind's missing source is not what was meant. */
static bool source_missing(const struct task *task, const struct volume *volume)
{
	struct world *world = task->docker->world;

	return volume->source && task->docker->endpoint.local &&
	       !world->ops->file_exists(world, volume->source);
}

/* A mount's labels are not for its volume: those are told when it is made. */
static enum progress make_volume(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;

	for (; task->volume < spec->volume_count; task->volume++) {
		const struct volume *volume = &spec->volumes[task->volume];
		if (source_missing(task, volume)) {
			fail(err, ERR_INVALID, "location `%s`: cannot create container `%s`: there is no %s",
			     task->docker->location->name, spec->name, volume->source);
			remedy(err, "make that directory, or use a named volume");
			return PROGRESS_FAILED;
		}
		if (volume->source || !volume->name)
			continue;
		const char *target = arena_format(&task->arena, "%s.%s", spec->app, volume->name);
		struct question question = {
		    .method = "POST",
		    .path = "/volumes/create",
		    .body = target ? json_pack("{s:s, s:o}", "Name", target, "Labels",
					       volume_labels(spec, volume->name))
				   : NULL,
		};
		return question.body ? ask(task, 0, &question, volume_made, err) : out_of_memory(err);
	}
	return task_go(task, task->after);
}

enum progress podman_volumes(struct task *task, step *next, struct error *err)
{
	(void)err;
	task->volume = 0;
	task->after = next;
	return task_go(task, make_volume);
}

/* --- names ---------------------------------------------------------------------------------- */

/* Of "app.component": the component. */
static const char *bare_name(const char *shared)
{
	const char *dot = strchr(shared, '.');

	return dot ? dot + 1 : shared;
}

/* All names but its own are those of its component there. */
bool is_shared_name(const struct docker *docker, const char *shared, const char *name)
{
	return docker->libpod[0] || !strcmp(name, shared);
}

static int add_name(json_t *names, const char *name)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		if (!strcmp(json_string_value(json_array_get(names, i)), name))
			return 0;
	return json_array_append_new(names, json_string(name));
}

json_t *shared_names(const struct docker *docker, const struct instance_spec *spec)
{
	owned_json names = json_pack("[s]", spec->shared_name);

	if (!docker->libpod[0])
		return give(names);
	if (add_name(names, bare_name(spec->shared_name)) < 0)
		return NULL;
	for (size_t i = 0; i < spec->called_count; i++)
		if (add_name(names, spec->called[i]) < 0)
			return NULL;
	return give(names);
}

/* "docker.io/library/redis:3", and what was loaded there as "localhost/redis:3", is "redis:3". */
static const char *familiar(const char *tag)
{
	static const char *const prefixes[] = {"docker.io/library/", "docker.io/", "localhost/"};

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		if (starts_with(tag, prefixes[i]))
			return tag + strlen(prefixes[i]);
	return tag;
}

/* --- answers -------------------------------------------------------------------------------- */

/* It does not tell the address that a container was made for; a label does. */
static void tell_address(json_t *container)
{
	const json_t *labels = json_object_get(container, "Labels");
	json_t *endpoint;
	const char *network;

	if (!labels)
		labels = json_at(container, "Config.Labels");
	const char *address = json_text(labels, "berth.address");
	json_object_foreach (json_at(container, "NetworkSettings.Networks"), network, endpoint) {
		const char *now = json_text(endpoint, "IPAddress");
		if (address)
			(void)json_object_set_new(endpoint, "IPAMConfig",
						  pinned_at(now && *now ? now : address));
	}
}

static void translate(json_t *container)
{
	const char *name = json_text(container, "Name");

	if (json_object_get(container, "Names") && name && !*name)
		(void)json_object_del(container, "Name");
	tell_address(container);
}

json_t *podman_translate(const struct docker *docker, json_t *answer)
{
	if (!docker->libpod[0])
		return answer;
	for (size_t i = 0; i < json_array_size(answer); i++)
		translate(json_array_get(answer, i));
	translate(answer);
	return answer;
}

/* What Docker answers with 409 is an error of its own there; the cause tells. */
int podman_status(const struct docker *docker, int status, const struct text *body)
{
	static const char *const causes[] = {"that name is already in use", "network already exists",
					     "volume already exists"};
	owned_json answer = docker->libpod[0] && status == 500
				? json_parse(text_view(body), body->length, "answer", NULL)
				: NULL;
	const char *cause = json_text(answer, "cause");

	for (size_t i = 0; cause && i < COUNT_OF(causes); i++)
		if (!strcmp(cause, causes[i]))
			return 409;
	return status;
}

bool names_image(const struct docker *docker, const char *tag, const char *reference)
{
	if (!strcmp(tag, reference))
		return true;
	return docker->libpod[0] && !strcmp(familiar(tag), familiar(reference));
}
