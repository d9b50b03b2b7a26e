/* component_marathon.c - members of a component's app that Marathon alone reads, as they are written there.
 */
#include "blueprints/component.h"
#include "blueprints/marathon_members.h"

bool at_marathon(const struct reading *r, const struct draft *d)
{
	return location_kind_of(r, d->spec->location)->apps;
}

bool marathon_elsewhere(const struct reading *r, const struct draft *d)
{
	return r->apps && location_type_of(r, d->spec->location) && !at_marathon(r, d);
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
	if (marathon_elsewhere(r, d))
		return;
	if (!r->apps)
		marathon_members_check(r, d, map, marathon_app_members, "an app of Marathon", false);
	for (size_t i = 0; i < map->count; i++)
		add_key_place(r, d, arena_format(r->arena, "marathon.%s", map->entries[i].key),
			      map->entries[i].key_place);
	d->spec->marathon = node_kept(r, d, map);
}

/* Whether secrets of the app may be named by the location's own `options`. */
static bool secrets_elsewhere(const struct reading *r, const struct draft *d)
{
	const struct location_spec *location = d->spec->location;

	return !at_marathon(r, d) || !location->type || json_at(location->options, "options.secrets");
}

void marathon_finish(struct reading *r, struct draft *d)
{
	const struct yaml_entry *given = given_of(d, KEY_MARATHON);
	const struct component_spec *spec = d->spec;
	const struct yaml_node *map = given && !r->apps ? fixed_node(r, d, given->value) : NULL;

	if (map && map->kind == YAML_MAP)
		marathon_app_check(r, map,
				   spec->open_port_count + spec->published_count + spec->binding_count +
				       spec->named_port_count,
				   secrets_elsewhere(r, d));
}
