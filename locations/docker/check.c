/* check.c - whether an engine could run an instance at all, told before anything is touched. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
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

static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length > 1 && folder[length - 1] == '/')
		length--;
	return !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

/* The engine lays something of its own over these, or a volume that nobody writes to. */
static const char *covered_by(const struct instance_spec *spec, const char *path)
{
	static const char *const own[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf",
					  "/dev",       "/proc",         "/sys"};

	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (lies_in(path, own[i]))
			return own[i];
	for (size_t i = 0; i < spec->volume_count; i++)
		if (spec->volumes[i].read_only && lies_in(path, spec->volumes[i].path))
			return spec->volumes[i].path;
	return NULL;
}

static int check_files(const struct docker *docker, const struct instance_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->file_count; i++) {
		const char *path = spec->files[i].path, *cover = covered_by(spec, path);
		if (*path != '/')
			return fail(err, ERR_INVALID,
				    "location `%s`: the path of file `%s` of `%s` is not absolute",
				    docker->location->name, path, spec->component);
		if (!cover)
			continue;
		fail(err, ERR_INVALID,
		     "location `%s`: file `%s` of `%s` cannot lie there: %s is laid over it",
		     docker->location->name, path, spec->component, cover);
		remedy(err, "choose another path for it");
		return -1;
	}
	return 0;
}

int docker_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	const struct docker *docker = location->state;

	if (check_kind(docker, spec, err) < 0 || check_name(docker, spec, err) < 0 ||
	    check_labels(docker, spec, err) < 0 || check_files(docker, spec, err) < 0)
		return -1;
	if (!spec->memory_bytes || spec->memory_bytes >= MEMORY_MIN)
		return 0;
	fail(err, ERR_INVALID, "location `%s`: the memory limit of `%s` is below what an engine accepts",
	     location->name, spec->component);
	remedy(err, "give it at least 6m");
	return -1;
}
