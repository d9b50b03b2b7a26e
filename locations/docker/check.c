/* check.c - whether an engine could run an instance at all, told before anything is touched. */
#include <ctype.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { MEMORY_MIN = 6 * 1024 * 1024 };

static int check_kind(const struct docker *docker, const struct instance_spec *spec, struct error *err)
{
	if (spec->kind == COMPONENT_DOCKER && spec->image && *spec->image)
		return 0;
	fail(err, ERR_UNSUPPORTED, "location `%s` runs docker images, and `%s` is none",
	     docker->location->name, spec->component);
	remedy(err, "write `type: docker:IMAGE`, or give the component another location, such as localhost");
	return -1;
}

static int check_name(const struct docker *docker, const struct instance_spec *spec, struct error *err)
{
	bool fits = isalnum((unsigned char)spec->name[0]) && strlen(spec->name) > 1;

	for (const char *c = spec->name; *c; c++)
		fits &= isalnum((unsigned char)*c) || strchr("_.-", *c) != NULL;
	if (fits)
		return 0;
	return fail(err, ERR_INVALID, "location `%s`: `%s` cannot name a container", docker->location->name,
		    spec->name);
}

static int check_labels(const struct docker *docker, const struct instance_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->label_count; i++) {
		if (!starts_with(spec->labels[i].name, "berth."))
			continue;
		fail(err, ERR_INVALID, "location `%s`: the label `%s` of `%s` is berth's own",
		     docker->location->name, spec->labels[i].name, spec->component);
		remedy(err, "choose a name that does not begin with `berth.`");
		return -1;
	}
	return 0;
}

int docker_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	const struct docker *docker = location->state;

	if (check_kind(docker, spec, err) < 0 || check_name(docker, spec, err) < 0 ||
	    check_labels(docker, spec, err) < 0)
		return -1;
	if (!spec->memory_bytes || spec->memory_bytes >= MEMORY_MIN)
		return 0;
	fail(err, ERR_INVALID, "location `%s`: the memory limit of `%s` is below what an engine accepts",
	     location->name, spec->component);
	remedy(err, "give it at least 6m");
	return -1;
}
