/* component_marathon.c - members of a component's app that Marathon alone reads, as they are written there.
 */
#include <string.h>

#include "base/text.h"
#include "blueprints/component.h"

/* Those that the blueprint says in a way of its own, or that are Marathon's to say. */
static const char *other_way(const char *member)
{
	static const struct {
		const char *member, *instead;
	} ours[] = {
	    {"id", "the component's `id` is its name there"},
	    {"instances", "write `instances` at the component itself"},
	    {"cmd", "write `command: \"...\"` at the component itself"},
	    {"args", "write `command: [...]` at the component itself"},
	    {"labels", "write `labels` at the component itself"},
	    {"dependencies", "write `dependsOn` at the component itself"},
	    {"version", "Marathon gives each change its version"},
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!strcmp(ours[i].member, member))
			return ours[i].instead;
	return NULL;
}

void read_marathon(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, map->place, "`marathon` takes a map, not %s", kind_name(map)),
		       "write marathon: {constraints: [[hostname, UNIQUE]]}");
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const char *instead = other_way(entry->key);
		if (instead)
			advise(r->list,
			       complain(r->list, entry->key_place, "`%s` is not for `marathon` to say",
					entry->key),
			       "%s", instead);
		add_key_place(r, d, arena_format(r->arena, "marathon.%s", entry->key), entry->key_place);
	}
	d->spec->marathon = node_kept(r, d, map);
}
