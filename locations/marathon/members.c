/* members.c - what a component says of its app in Marathon's own words: what follows from that for the rest,
 * and how it is laid over it. */
#include <string.h>

#include "locations/marathon/marathon.h"

bool marathon_since(const struct marathon *marathon, unsigned major, unsigned minor)
{
	return marathon->major > major || (marathon->major == major && marathon->minor >= minor);
}

bool marathon_is_new(const struct marathon *marathon)
{
	return marathon_since(marathon, 1, 5);
}

const char *marathon_network(const struct marathon *marathon, const struct instance_spec *spec)
{
	const json_t *first = json_array_get(json_object_get(spec->marathon, "networks"), 0);
	const char *mode = json_text(first, "mode"), *name = json_text(first, "name");

	if (!first)
		return marathon->network;
	if (!mode || !strcmp(mode, "container"))
		return name ? name : "";
	return !strcmp(mode, "host") ? "host" : "bridge";
}

bool marathon_is_bare(const struct instance_spec *spec)
{
	return json_is_null(json_object_get(spec->marathon, "container"));
}

bool marathon_by_mesos(const struct marathon *marathon, const struct instance_spec *spec)
{
	const char *type = json_text(json_object_get(spec->marathon, "container"), "type");

	return type ? !strcmp(type, "MESOS") : marathon->mesos_containers || marathon_is_bare(spec);
}

const char *marathon_shell_line(const struct instance_spec *spec)
{
	const char *const *shell = spec->kind == COMPONENT_DOCKER ? spec->entrypoint : NULL;
	const char *const *line = spec->command;

	return shell && shell[0] && !strcmp(shell[0], "/bin/sh") && shell[1] && !strcmp(shell[1], "-c") &&
		       !shell[2] && line && line[0] && !line[1]
		   ? line[0]
		   : NULL;
}

/* Maps are merged, whatever else is said stands; null takes away. */
static void merge(json_t *into, const json_t *said)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)said, key, value) {
		json_t *there = json_object_get(into, key);
		if (json_is_object(there) && json_is_object(value))
			merge(there, value);
		else if (json_is_null(value))
			json_object_del(into, key);
		else
			json_put(into, key, json_deep_copy(value));
	}
}

/* Before 1.5 they are the engine's. */
static void move_mappings(json_t *container)
{
	json_t *docker = json_object_get(container, "docker");
	json_t *mappings = json_object_get(container, "portMappings");

	if (!docker || !mappings)
		return;
	json_put(docker, "portMappings", json_incref(mappings));
	json_object_del(container, "portMappings");
}

void marathon_lay_over(const struct marathon *marathon, const struct instance_spec *spec, json_t *app)
{
	owned_json said = spec->marathon ? json_copy((json_t *)spec->marathon) : NULL;

	if (!said)
		return;
	/* Of one network it was written already, as this version reads it. */
	if (!marathon_is_new(marathon) || json_array_size(json_object_get(said, "networks")) <= 1)
		json_object_del(said, "networks");
	if (marathon_is_bare(spec))
		json_object_del(said, "container");
	merge(app, said);
	if (!marathon_is_new(marathon) && !marathon_by_mesos(marathon, spec))
		move_mappings(json_object_get(app, "container"));
}
