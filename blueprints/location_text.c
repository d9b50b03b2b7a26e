/* location_text.c - a location's specification as it would be written in a blueprint. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/blueprint.h"

/* What is read by people, or kept as a name, has no password in it; where one is to be found may be told. */
static int mask(json_t *options)
{
	const char *key;
	json_t *value, *entry;
	size_t i;
	json_object_foreach (options, key, value) {
		const char *text = json_string_value(value);
		int failed = 0;
		if (text && sensitive_name(key) && !starts_with(text, "env:") && !starts_with(text, "file:"))
			failed = json_object_set_new(options, key, json_string("***"));
		else if (json_is_object(value))
			failed = mask(value);
		else
			json_array_foreach (value, i, entry)
				failed |= json_is_object(entry) ? mask(entry) : 0;
		if (failed)
			return -1;
	}
	return 0;
}

/* Text that needs no quotes in a map, and would be taken for nothing else there. */
static bool is_plain(const char *text)
{
	const char *word = text + strspn(text, "0123456789.-+");

	return *word && *text != '-' && strcmp(text, "true") && strcmp(text, "false") &&
	       strcmp(text, "null") && strcmp(text, "~") &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./~@-")];
}

static void add_option(const char *key, const json_t *value, struct text *to)
{
	const char *plain = json_string_value(value);
	owned_memory char *line = plain && is_plain(plain) ? NULL : json_line(value);

	text_format(to, "%s: %s", key, line ? line : plain ? plain : "null");
}

/* As it would be written: "docker:unix:///x", or {ssh: {host: h, user: me}}; it can be given back. */
const char *location_spec_text(struct arena *arena, const struct location_spec *spec)
{
	owned_json whole = spec->options ? json_deep_copy(spec->options) : NULL;
	owned_text text = {0};
	const char *key, *between = "";
	json_t *value;

	if (!json_object_size(spec->options))
		return *spec->target ? arena_format(arena, "%s:%s", spec->type, spec->target)
				     : arena_text(arena, spec->type);
	if (!whole || mask(whole))
		return NULL;
	text_format(&text, *spec->target ? "{type: \"%s:%s\", " : "{%s: {", spec->type, spec->target);
	json_object_foreach (whole, key, value) {
		text_add(&text, between);
		add_option(key, value, &text);
		between = ", ";
	}
	text_add(&text, *spec->target ? "}" : "}}");
	return text.failed ? NULL : arena_text(arena, text_view(&text));
}
