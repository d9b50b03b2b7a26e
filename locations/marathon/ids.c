/* ids.c - what our names are called there: an app's path has small letters, digits and dashes alone. */
#include <ctype.h>
#include <string.h>

#include "base/digest.h"
#include "locations/marathon/marathon.h"

/* What has to be written in another way carries a digest, so that no two are written alike. */
static void add_segment(struct text *to, const char *part)
{
	static const char *const kept[] = {"restart", "tasks", "versions"};
	bool other = !isalnum((unsigned char)*part) || !isalnum((unsigned char)part[strlen(part) - 1]);
	char digest[DIGEST_HEX];

	for (const char *c = part; *c; c++)
		other |= !islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-';
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		other |= !strcmp(kept[i], part);
	if (!other) {
		text_add(to, part);
		return;
	}
	if (digest_hex(part, strlen(part), digest) < 0) {
		to->failed = true;
		return;
	}
	text_add_char(to, 'x');
	for (const char *c = part; *c; c++)
		text_add_char(to, isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-');
	text_format(to, "-%.8s", digest);
}

char *marathon_group_id(struct arena *arena, const char *app)
{
	owned_text id = {0};

	text_add_char(&id, '/');
	add_segment(&id, app);
	return id.failed ? NULL : arena_text(arena, text_view(&id));
}

char *marathon_id(struct arena *arena, const char *name)
{
	const char *app, *component;
	unsigned ordinal, generation;
	owned_text id = {0};

	if (!instance_name_split(arena, name, &app, &component, &ordinal, &generation))
		return NULL;
	text_add_char(&id, '/');
	add_segment(&id, app);
	text_add_char(&id, '/');
	add_segment(&id, component);
	if (ordinal > 1)
		text_format(&id, ".%u", ordinal);
	return id.failed ? NULL : arena_text(arena, text_view(&id));
}

const char *marathon_label(const struct marathon_app *app, const char *name)
{
	const char *value = json_text(app->labels, name);

	return value ? value : "";
}

bool marathon_marked(const struct marathon_app *app, const char *application, const char *name)
{
	return !strcmp(marathon_label(app, "berth.app"), application) &&
	       !strcmp(marathon_label(app, "berth.instance"), name);
}
