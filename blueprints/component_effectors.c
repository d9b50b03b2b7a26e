/* component_effectors.c - the effectors of a component: names of commands that are run in it on request. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/component.h"

enum { LONGEST_NAME = 63 };

bool effector_is_built_in(const char *name)
{
	return !strcmp(name, "start") || !strcmp(name, "stop") || !strcmp(name, "restart");
}

static bool is_name(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return *name != '-' && length > 0 && length <= LONGEST_NAME && !name[length];
}

static void read_effector(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			  struct effector *ret)
{
	if (effector_is_built_in(entry->key)) {
		advise(
		    r->list,
		    complain(r->list, entry->key_place, "every component has an effector `%s`", entry->key),
		    "give yours another name");
		return;
	}
	if (!is_name(entry->key)) {
		advise(
		    r->list,
		    complain(r->list, entry->key_place, "`%s` cannot be the name of an effector", entry->key),
		    "names are made of letters, digits, `_` and `-`");
		return;
	}
	ret->name = entry->key;
	command_read(r, d, entry->value, entry->key, &ret->command);
	if (ret->command.given && !ret->command.count)
		complain(r->list, entry->value->place, "`%s` is a command without a word", entry->key);
}

void read_effectors(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, map->place, "`effectors` takes a map, not %s", kind_name(map)),
		       "write {NAME: COMMAND}");
		return;
	}
	if (map->count > MOST_EFFECTORS) {
		complain(r->list, map->place, "more than %d effectors", MOST_EFFECTORS);
		return;
	}
	struct effector *effectors = arena_array(r->arena, struct effector, map->count);
	r->list->failed |= map->count && !effectors;
	for (size_t i = 0; effectors && i < map->count; i++)
		read_effector(r, d, &map->entries[i], &effectors[i]);
	d->spec->effectors = effectors;
	d->spec->effector_count = effectors ? map->count : 0;
}
