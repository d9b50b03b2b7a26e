/* nested.c - a cluster whose members are clusters, or made of several components: so many copies of what a
 * member is, each component under an id of its own. Their number is the blueprint's; that of a cluster within
 * is its own, as of any cluster. All copies, and those of each component in them, are groups. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/flattening.h"

static const struct yaml_entry *of_key(struct reading *r, const struct yaml_node *map, enum component_key key)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct key_name *name = map_get(r->keys, map->entries[i].key);
		if (name && name->key == key)
			return &map->entries[i];
	}
	return NULL;
}

/* Also where it stands in the configuration. */
static const struct yaml_entry *given_to(struct reading *r, const struct yaml_node *service,
					 enum component_key key)
{
	const struct yaml_entry *own = of_key(r, service, key), *config = of_key(r, service, KEY_CONFIG);

	return own || !config || config->value->kind != YAML_MAP ? own : of_key(r, config->value, key);
}

/* What its members are, where that is more than one component of one size; else NULL. */
static const struct yaml_node *nested_member(struct reading *r, const struct yaml_node *service)
{
	const struct yaml_entry *spec = given_to(r, service, KEY_MEMBER_SPEC);
	const struct yaml_node *node = spec ? entity_spec(spec->value) : NULL;

	if (!node || node->kind != YAML_MAP || !node->count)
		return NULL;
	node = catalogue_expand(r, node);
	const char *type = node->kind == YAML_MAP ? written_type(node) : NULL;
	return type && (cluster_type(type) || group_type(type) || children_of(node)) ? node : NULL;
}

/* --- what it is given ------------------------------------------------------------------------------ */

static bool goes_with_it(enum component_key key)
{
	return key == KEY_ID || key == KEY_NAME || key == KEY_TYPE || key == KEY_NOTED || key == KEY_CONFIG ||
	       key == KEY_LOCATION || key == KEY_LOCATIONS || key == KEY_MEMBER_SPEC ||
	       key == KEY_INITIAL_SIZE;
}

static void check_keys(struct reading *r, const struct yaml_node *map, bool config)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct key_name *name = map_get(r->keys, entry->key);
		bool meant = name ? !config || (name->in_config && name->key < KEY_COUNT &&
						key_rules[name->key].kinds == ON_CLUSTER)
				  : !config;
		if (meant && !config && tells_only(entry->key))
			warn_only_holds(r, entry);
		else if (meant && !(name && goes_with_it(name->key)))
			advise(r->list,
			       complain(r->list, entry->key_place,
					"`%s` does not go with a cluster whose members are made of several "
					"components: their number is fixed by `initialSize`",
					entry->key),
			       "write it within `memberSpec`, on what it is meant for");
	}
}

static uint32_t size_of(struct reading *r, const struct yaml_node *service)
{
	const struct yaml_entry *given = given_to(r, service, KEY_INITIAL_SIZE);
	const char *text = given ? fixed_text(r, NULL, given->value, given->key) : NULL;
	uint32_t size = 1;

	if (text && !instances_parse(text, 0, &size))
		complain(r->list, given->value->place, "`initialSize` is a number from 0 to %d, not `%s`",
			 INSTANCE_LIMIT, text);
	return size;
}

static const struct yaml_node *map_with(struct reading *r, const struct yaml_node *like, const char *key,
					struct place place, const struct yaml_node *value)
{
	struct yaml_node *map = scratch_new(r, struct yaml_node);
	struct yaml_entry *entry = scratch_new(r, struct yaml_entry);

	if (!map || !entry || !value)
		return like;
	*entry = (struct yaml_entry){.key = key, .key_place = place, .value = value};
	*map = (struct yaml_node){.kind = YAML_MAP, .place = like->place, .count = 1};
	map->entries = entry;
	return map;
}

/* What the copy of that number has of the cluster: of several locations one, turn by turn. */
static const struct yaml_node *parent_of(struct reading *r, const struct yaml_node *service, uint32_t number)
{
	const struct yaml_entry *many = of_key(r, service, KEY_LOCATIONS);

	if (!many || many->value->kind != YAML_LIST || !many->value->count)
		return service;
	const struct yaml_node *one = many->value->items[(number - 1) % many->value->count];
	return services_merge(
	    r, map_with(r, service, "location", many->key_place, one),
	    map_with(r, service, "type", service->place, scalar_node(r, service->place, "cluster", false)),
	    NULL);
}

/* --- ids ------------------------------------------------------------------------------------------- */

static const char *own_id(struct reading *r, const struct yaml_node *service)
{
	const struct yaml_entry *id = of_key(r, service, KEY_ID) ?: of_key(r, service, KEY_NAME);
	const char *text = id ? fixed_text(r, NULL, id->value, "id") : NULL, *type = written_type(service);

	if (text)
		return fold_id(r, text);
	return type && starts_with(type, "docker:") ? image_id(r, type) : NULL;
}

static const struct yaml_node *with_id(struct reading *r, const struct yaml_node *service, const char *id)
{
	const struct yaml_entry *given = of_key(r, service, KEY_ID);
	struct place place = given ? given->value->place : service->place;
	const struct yaml_node *over =
	    map_with(r, service, "id", given ? given->key_place : place, scalar_node(r, place, id, false));

	return services_merge(r, over, service, NULL);
}

const struct yaml_node *nested_name(struct flattening *flat, const struct yaml_node *service)
{
	struct reading *r = flat->r;
	const char *id = flat->scope && service->kind == YAML_MAP ? own_id(r, service) : NULL;
	const char *whole = id ? arena_format(r->arena, "%s-%s", flat->scope->prefix, id) : NULL;

	if (!flat->scope || service->kind != YAML_MAP || service == flat->scope->root)
		return service;
	if (!id && !group_type(written_type(service) ?: "")) {
		advise(r->list,
		       complain(r->list, service->place, "a component within `memberSpec` has no `id`"),
		       "add `id: NAME`");
		return service;
	}
	return whole ? with_id(r, service, whole) : service;
}

/* --- the copies ------------------------------------------------------------------------------------ */

/* The id of the taken component at that place, as it was written or given. */
static const char *taken_id(struct flattening *flat, size_t at)
{
	const struct yaml_node *const *all = flat->services.members;

	return all[at]->kind == YAML_MAP ? own_id(flat->r, all[at]) : NULL;
}

struct copies {
	const char *id;
	struct growing all;   /* const char *: the ids of all components */
	struct growing parts; /* struct part */
};

/* The copies of one component of a member. */
struct part {
	const char *name; /* within its copy; "": it is all of it */
	struct growing ids;
};

static void put_id(struct reading *r, struct growing *list, const char *id)
{
	const char **to = grow_new(r, list, const char *);

	if (to)
		*to = id;
}

static void note(struct reading *r, struct copies *copies, const char *id, const char *prefix)
{
	size_t length = strlen(prefix);
	const char *name = strncmp(id, prefix, length) || !id[length] ? "" : id + length + 1;
	struct part *part = copies->parts.members, *found = NULL;

	put_id(r, &copies->all, id);
	for (size_t i = 0; part && i < copies->parts.count && !found; i++)
		if (!strcmp(part[i].name, name))
			found = &part[i];
	if (!found && (found = grow_new(r, &copies->parts, struct part)))
		*found = (struct part){.name = name};
	if (found)
		put_id(r, &found->ids, id);
}

/* The member itself has the copy's own id, what is in it is named within that. */
static void take_copy(struct flattening *flat, const struct yaml_node *member, const struct yaml_node *parent,
		      const char *prefix, struct copies *copies, int depth)
{
	struct reading *r = flat->r;
	const struct scope *outer = flat->scope;
	struct scope *scope = scratch_new(r, struct scope);
	size_t before = flat->services.count;
	const struct yaml_node *copy = flatten_inherit(flat, member, parent, NULL);

	if (!scope)
		return;
	*scope = (struct scope){.prefix = prefix, .outer = outer};
	flat->scope = scope;
	scope->root = with_id(r, copy, prefix);
	flatten_take(flat, scope->root, depth + 1);
	flat->scope = outer;
	for (size_t i = before; i < flat->services.count; i++) {
		const char *id = taken_id(flat, i);
		if (id)
			note(r, copies, id, prefix);
	}
}

/* All of them under the cluster's name, and each part under its own. */
static void make_groups(struct reading *r, const struct yaml_node *service, struct copies *copies)
{
	const struct part *parts = copies->parts.members;

	groups_add(r, copies->id, service->place, copies->all.members, copies->all.count);
	for (size_t i = 0; i < copies->parts.count; i++) {
		const char *id =
		    *parts[i].name ? arena_format(r->arena, "%s-%s", copies->id, parts[i].name) : NULL;
		if (id)
			groups_add(r, id, service->place, parts[i].ids.members, parts[i].ids.count);
	}
}

bool nested_take(struct flattening *flat, const struct yaml_node *service, int depth)
{
	enum { DEEPEST = 4 };
	struct reading *r = flat->r;
	const char *type = service->kind == YAML_MAP ? written_type(service) : NULL;
	const struct yaml_node *member = type && cluster_type(type) ? nested_member(r, service) : NULL;

	if (!member)
		return false;
	const struct yaml_node *named = nested_name(flat, service);
	struct copies copies = {.id = own_id(r, named)};
	const struct yaml_entry *config = of_key(r, service, KEY_CONFIG);
	check_keys(r, service, false);
	if (config && config->value->kind == YAML_MAP)
		check_keys(r, config->value, true);
	if (!copies.id)
		advise(r->list, complain(r->list, service->place, "the cluster has no `id`"),
		       "add `id: NAME`");
	if (depth > DEEPEST)
		complain(r->list, service->place, "clusters within one another, too many times");
	uint32_t size = size_of(r, service);
	for (uint32_t n = 1; copies.id && depth <= DEEPEST && n <= size; n++) {
		const char *prefix = arena_format(r->arena, "%s-%u", copies.id, n);
		if (prefix)
			take_copy(flat, member, parent_of(r, service, n), prefix, &copies, depth);
	}
	if (copies.id)
		make_groups(r, service, &copies);
	return true;
}
