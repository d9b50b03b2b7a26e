/* component_volumes.c - volumes: "name:/path", "/host:/path:ro", "/path". */
#include <ctype.h>
#include <string.h>

#include "blueprints/component.h"

static bool is_volume_name(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || !name[1])
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return false;
	return true;
}

static void complain_volume(struct reading *r, struct place at, const char *text, const char *why)
{
	advise(r->list, complain(r->list, at, "the volume `%s`: %s", text, why),
	       "write \"name:/path\", \"/host:/path:ro\" or \"/path\"");
}

/* Cut "source:path[:option]"; false with a complaint. */
static bool split(struct reading *r, struct place at, const char *text, char *copy, struct volume *volume,
		  const char **ret_source)
{
	char *path = strchr(copy, ':');
	char *option = path ? strchr(path + 1, ':') : NULL;

	*ret_source = path ? copy : NULL;
	if (path)
		*path = '\0';
	volume->path = path ? path + 1 : copy;
	if (!option)
		return true;
	*option++ = '\0';
	volume->read_only = !strcmp(option, "ro");
	if (volume->read_only || !strcmp(option, "rw"))
		return true;
	complain_volume(r, at, text, "only `ro` or `rw` may follow the second `:`");
	return false;
}

static bool read_source(struct reading *r, struct place at, const char *text, const char *source,
			struct volume *volume)
{
	if (!source)
		return true;
	if (*source == '/') {
		volume->source = source;
	} else if (source[0] == '.' && (source[1] == '/' || !source[1] || source[1] == '.')) {
		volume->source = r->options->directory
				     ? arena_format(r->arena, "%s/%s", r->options->directory, source)
				     : source;
	} else if (is_volume_name(source)) {
		volume->name = source;
	} else {
		complain_volume(r, at, text,
				"a volume's name is made of letters, digits, `_`, `.` and `-`, at least two");
		return false;
	}
	return true;
}

enum { VOLUMES_LIMIT = 1000 }; /* each is compared with each */

static bool read_volume(struct reading *r, struct draft *d, const struct yaml_node *node, struct volume *ret)
{
	const char *text = fixed_text(r, d, node, "volumes"), *source;
	char *copy = text ? arena_text(r->arena, text) : NULL;
	struct volume volume = {.place = node->place};

	if (!copy)
		return false;
	if (!split(r, node->place, text, copy, &volume, &source) ||
	    !read_source(r, node->place, text, source, &volume))
		return false;
	if (*volume.path != '/') {
		complain_volume(r, node->place, text, "the path within the component must be absolute");
		return false;
	}
	*ret = volume;
	return true;
}

void read_volumes(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	if (d->spec->kind == COMPONENT_PROCESS) {
		advise(r->list,
		       complain(r->list, given_of(d, KEY_VOLUMES)->key_place,
				"volumes are not supported on processes"),
		       "a process sees this machine's files as they are");
		return;
	}
	const struct yaml_node *list = fixed_node(r, d, node);
	if (!list || yaml_null(list))
		return;
	if (list->kind == YAML_MAP) {
		advise(r->list, complain(r->list, list->place, "`volumes` takes a list, not a map"),
		       "write volumes: [\"name:/path\"]");
		return;
	}
	if (list->kind == YAML_LIST && list->count > VOLUMES_LIMIT) {
		complain(r->list, list->place, "`volumes` has more than %d entries", VOLUMES_LIMIT);
		return;
	}
	size_t count = list->kind == YAML_LIST ? list->count : 1, taken = 0;
	struct volume *volumes = reading_alloc(r, sizeof(*volumes) * (count + 1));
	for (size_t i = 0; volumes && i < count; i++) {
		struct volume *volume = &volumes[taken];
		if (!read_volume(r, d, list->kind == YAML_LIST ? list->items[i] : list, volume))
			continue;
		size_t other = 0;
		while (other < taken && strcmp(volumes[other].path, volume->path))
			other++;
		if (other == taken)
			taken++;
		else
			complain(r->list, volume->place,
				 "two volumes at `%s`: the other one is at line %d, column %d", volume->path,
				 volumes[other].place.line, volumes[other].place.column);
	}
	d->spec->volumes = volumes;
	d->spec->volume_count = volumes ? taken : 0;
}
