/* near_misses.c - what stands in a component's `brooklyn.config`, is read by nobody, and is spelt almost like
 * something that is. */
#include <string.h>
#include <strings.h>

#include "base/words.h"
#include "blueprints/component.h"

#define SHORT 5  /* from so many letters on one of them may be wrong */
#define LONG  12 /* and from so many on two */

void config_used(struct reading *r, const char *name)
{
	if (!map_get(r->used, name))
		reading_put(r, &r->used, name, r);
}

static bool is_slip(const char *written, const char *meant)
{
	size_t length = strlen(written), most = length >= LONG ? 2 : length >= SHORT ? 1 : 0;

	return !strcasecmp(written, meant) || edit_distance(written, meant) <= most;
}

/* The key of the language that it is a slip of; NULL: of none. */
static const struct key_name *key_near(const char *written)
{
	size_t count;
	const struct key_name *names = key_names(&count), *found = NULL;

	for (size_t i = 0; i < count && !found; i++)
		if (names[i].in_config && names[i].key < KEY_COUNT && is_slip(written, names[i].name))
			found = &names[i];
	return found;
}

/* Many components may have the same ones of their own. */
static const struct key_name *key_meant_by(struct reading *r, const char *written)
{
	static const struct key_name none = {.key = KEY_COUNT};
	const struct key_name *known = map_get(r->slips, written);

	if (!known) {
		known = key_near(written) ?: &none;
		reading_put(r, &r->slips, written, (void *)known);
	}
	return known == &none ? NULL : known;
}

struct search {
	struct reading *r;
	const char *written, *meant;
};

/* What is read of the component's own: by what its type does, above all. */
static bool is_meant(const char *name, void *value, void *context)
{
	struct search *search = context;

	(void)value;
	if (map_get(search->r->used, name) && is_slip(search->written, name))
		search->meant = name;
	return !search->meant;
}

/* Whether a template may ask for it, which nobody has read yet. */
static bool has_templates(const struct draft *d)
{
	return given_of(d, KEY_TEMPLATES_PREINSTALL) || given_of(d, KEY_TEMPLATES_INSTALL) ||
	       given_of(d, KEY_TEMPLATES_CUSTOMIZE) || given_of(d, KEY_TEMPLATES_RUNTIME);
}

static const char *meant_by(struct reading *r, const struct draft *d, const char *written)
{
	const struct key_name *key = key_meant_by(r, written);
	struct search search = {.r = r, .written = written};

	if (key && draft_takes(d, key->key))
		return key->name;
	if (!has_templates(d))
		map_each(d->config, is_meant, &search);
	return search.meant;
}

void config_check(struct reading *r, struct draft *d)
{
	const struct yaml_entry *config = given_of(d, KEY_CONFIG);

	if (!config || config->value->kind != YAML_MAP || d->foreign || !d->kind_known)
		return;
	for (size_t i = 0; i < config->value->count; i++) {
		const struct yaml_entry *entry = &config->value->entries[i];
		if (map_get(r->keys, entry->key) || map_get(r->used, entry->key) ||
		    map_get(r->parameters, entry->key))
			continue;
		const char *meant = meant_by(r, d, entry->key);
		if (meant)
			advise(r->list,
			       warn(r->list, entry->key_place, "nothing reads the config `%s`", entry->key),
			       "did you mean `%s`?", meant);
	}
}
