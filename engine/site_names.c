/* site_names.c - what a location of an operation is called: by its name, as it is written, or in short. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"

/* As it is remembered what has no name is called as it is written. NULL: it has none. */
static const char *name_given(const struct location_spec *spec)
{
	return spec->name && *spec->name && *spec->name != '{' ? spec->name : NULL;
}

/* What says where it is, of all that a map says: without whoever logs in by a URL, and without a password. */
static void add_whereabouts(const struct location_spec *spec, struct text *to)
{
	static const char *const keys[] = {"host", "url", "cloud", "target"};
	const char *where = *spec->target ? spec->target : NULL, *user = json_text(spec->options, "user");

	for (size_t i = 0; !where && i < COUNT_OF(keys); i++)
		where = json_text(spec->options, keys[i]);
	if (!where)
		return;
	const char *at = strrchr(where, '@');
	bool url = strstr(where, "://"), secret = at && (url || memchr(where, ':', (size_t)(at - where)));
	if (url || at)
		user = NULL;
	text_format(to, ":%s%s%s", user ? user : "", user ? "@" : "", secret ? at + 1 : where);
}

/* What a place is called that has no name: "ssh:me@10.0.0.5", where its map says much more. Two of the same
 * name are told apart by their number. NULL: no memory. */
static const char *short_name(struct berth_operation *operation, const struct location_spec *spec)
{
	owned_text name = {0};
	size_t alike = 0;

	text_add(&name, spec->type);
	add_whereabouts(spec, &name);
	for (const struct site *other = operation->sites; other; other = other->next)
		alike += !name_given(other->spec) && starts_with(other->location.name, text_view(&name));
	if (alike)
		text_format(&name, "#%zu", alike + 1);
	return name.failed ? NULL : arena_text(&operation->arena, text_view(&name));
}

const char *site_name(struct berth_operation *operation, const struct location_spec *spec, const char *origin)
{
	bool is_map = json_object_size(spec->options) != 0;

	return name_given(spec) ?: is_map ? short_name(operation, spec) : origin;
}
