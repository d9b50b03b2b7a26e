/* clusters.c - `type: cluster`: the component that its members are instances of, with what the cluster itself
 * says of them. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/tree.h"

static const char *const cluster_types[] = {"cluster", "org.apache.brooklyn.entity.group.DynamicCluster",
					    "brooklyn.entity.group.DynamicCluster"};

bool cluster_type(const char *type)
{
	for (size_t i = 0; i < COUNT_OF(cluster_types); i++)
		if (!strcmp(cluster_types[i], type))
			return true;
	return false;
}

bool cluster_is(const struct yaml_node *service)
{
	const char *type = written_type(service);

	return type && cluster_type(type);
}

/* {$brooklyn:entitySpec: X}, which is how Brooklyn writes a specification, and X itself are the same. */
const struct yaml_node *entity_spec(const struct yaml_node *node)
{
	if (node->kind != YAML_MAP || node->count != 1)
		return node;
	const char *key = node->entries[0].key;
	size_t prefix = expression_prefix(key);
	return prefix && !strcmp(key + prefix, "entitySpec") ? node->entries[0].value : node;
}

const struct yaml_node *member_node(struct reading *r, const struct yaml_entry *given)
{
	const struct yaml_node *node = entity_spec(given->value);

	if (node->kind == YAML_SCALAR && !yaml_null(node) && !expression_prefix(node->text))
		node = tree_map_of(r, "type", node->place, node) ?: node;
	if (node->kind == YAML_MAP && node->count)
		return catalogue_expand(r, node);
	advise(r->list,
	       complain(r->list, node->place, "`%s` takes a component, not %s", given->key, kind_name(node)),
	       "write the member's `type` and its other keys below it");
	return NULL;
}

static void gather_own(struct reading *r, struct draft *d)
{
	for (size_t i = 0; i < d->cluster->count; i++) {
		const struct yaml_entry *entry = &d->cluster->entries[i];
		const struct key_name *name = map_get(r->keys, entry->key);
		if (name && name->key == KEY_TYPE)
			continue;
		if (name && name->key < KEY_COUNT && !(key_rules[name->key].kinds & ON_CLUSTER))
			advise(r->list,
			       complain(r->list, entry->key_place,
					"`%s` is of the cluster's members, not of the cluster", entry->key),
			       "write it under `memberSpec`");
		else
			draft_take(r, d, entry);
	}
	draft_take_config(r, d);
}

/* A list, or a map, with what both have. */
static const struct yaml_entry *both(struct reading *r, const struct yaml_entry *one,
				     const struct yaml_entry *other)
{
	struct yaml_entry *entry = scratch_new(r, struct yaml_entry);
	struct yaml_node *list = scratch_new(r, struct yaml_node);
	size_t count = (size_t)one->value->count + other->value->count;
	bool map = one->value->kind == YAML_MAP;
	size_t each = map ? sizeof(*one->value->entries) : sizeof(*one->value->items);
	char *members = scratch_alloc(r, each * (count + 1));

	if (!entry || !list || !members)
		return one;
	memcpy(members, map ? (void *)one->value->entries : (void *)one->value->items,
	       each * one->value->count);
	memcpy(members + each * one->value->count,
	       map ? (void *)other->value->entries : (void *)other->value->items, each * other->value->count);
	*list = (struct yaml_node){
	    .kind = one->value->kind, .place = one->value->place, .count = (uint32_t)count};
	if (map)
		list->entries = (void *)members;
	else
		list->items = (void *)members;
	*entry = (struct yaml_entry){.key = one->key, .key_place = one->key_place, .value = list};
	return entry;
}

/* What is said both of the members and of the cluster holds for the component, which is both. */
static void lay_over(struct reading *r, struct draft *d, enum component_key key, const struct yaml_entry *own)
{
	const struct yaml_entry *members = given_of(d, key);

	if (!own)
		return;
	bool add =
	    key == KEY_POLICIES || key == KEY_ENRICHERS || key == KEY_INITIALIZERS || key == KEY_SENSORS;
	enum yaml_kind kind = key == KEY_SENSORS ? YAML_MAP : YAML_LIST;
	bool two = add && members && members->value->kind == kind && own->value->kind == kind;
	give_key(r, &d->given, key, two ? both(r, members, own) : own);
}

/* How many there are, say. */
void members_refuse(struct reading *r, const struct draft *d)
{
	for (int key = 0; key < KEY_COUNT; key++)
		if (given_of(d, key) && (key == KEY_INSTANCES || key_rules[key].kinds == ON_CLUSTER))
			advise(r->list,
			       complain(r->list, given_of(d, key)->key_place,
					"`%s` is of the cluster, not of its members", given_of(d, key)->key),
			       key == KEY_INSTANCES
				   ? "`initialSize`, beside `memberSpec`, says how many there are"
				   : "write it beside `memberSpec`");
	if (given_of(d, KEY_CHILDREN))
		complain(r->list, given_of(d, KEY_CHILDREN)->key_place,
			 "the members of a cluster have no children");
}

void cluster_gather(struct reading *r, struct draft *d)
{

	d->cluster = d->node;
	d->spec->cluster = d->members = reading_new(r, struct cluster_spec);
	if (!d->members)
		return;
	*d->members = (struct cluster_spec){.quorum = -1, .quarantine = true};
	gather_own(r, d);
	const struct yaml_entry *spec = given_of(d, KEY_MEMBER_SPEC);
	if (!spec && !r->open)
		advise(r->list, complain(r->list, d->place, "the cluster has no `memberSpec`"),
		       "write there what each of its members is, as a component of its own");
	const struct yaml_node *member = spec ? member_node(r, spec) : NULL;
	d->foreign = !member;
	if (!member)
		return;
	if (given_of(d, KEY_FIRST_SPEC))
		cluster_first_gather(r, d, member);
	const struct given_keys own = d->given;
	d->given = (struct given_keys){0};
	d->node = member;
	component_gather(r, d);
	if (!d->foreign)
		members_refuse(r, d);
	/* A member has no name of its own: it is one of the cluster's. */
	give_key(r, &d->given, KEY_ID, NULL);
	give_key(r, &d->given, KEY_NAME, NULL);
	for (int key = 0; key < KEY_COUNT; key++)
		lay_over(r, d, key, given_key(&own, key));
}

/* --- its own keys --------------------------------------------------------------------------------- */

void read_initial_size(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "initialSize");

	if (text && !instances_parse(text, 0, &d->spec->instances))
		complain(r->list, node->place, "`initialSize` is a number from 0 to %d, not `%s`",
			 INSTANCE_LIMIT, text);
}

void read_max_size(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "maxSize");

	if (text && !instances_parse(text, 1, &d->members->most))
		complain(r->list, node->place, "`maxSize` is a number from 1 to %d, not `%s`", INSTANCE_LIMIT,
			 text);
}

/* Brooklyn's -1 is all of them. */
void read_quorum(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "initialQuorumSize");

	if (text && !parse_number(text, -1, INSTANCE_LIMIT, &d->members->quorum))
		advise(r->list,
		       complain(r->list, node->place, "`initialQuorumSize` is no number: `%s`", text),
		       "write how many members are enough, or -1: all of them");
}

void read_removal(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {
	    [REMOVE_NEWEST] = "newest", [REMOVE_OLDEST] = "oldest", [REMOVE_UNWELL] = "unhealthy"};
	int word = fixed_word(r, d, node, "removalStrategy", words, COUNT_OF(words));

	if (word >= 0)
		d->members->removal = (enum cluster_removal)word;
}

void read_quarantine(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	d->members->quarantine = fixed_flag(r, d, node, "quarantineFailedEntities", true);
}

/* --- where its members go ------------------------------------------------------------------------- */

void cluster_place(struct reading *r, struct draft *d, const struct yaml_entry *many)
{
	if (many && many->value->kind == YAML_LIST && many->value->count > 1)
		location_list_read(r, d, many, &d->members->zones, &d->members->zone_count);
}

/* As it is called, or written in place. */
static bool is_called(struct reading *r, const struct location_spec *zone, const char *name)
{
	if (zone->name && *zone->name)
		return !strcmp(zone->name, name);
	const char *written = zone->target && *zone->target
				  ? arena_format(r->arena, "%s:%s", zone->type, zone->target)
				  : zone->type;
	r->list->failed |= !written;
	return written && !strcmp(written, name);
}

static void complain_zone(struct reading *r, const struct draft *d, const struct yaml_node *node,
			  const char *name)
{
	advise(r->list,
	       complain(r->list, node->place, "`%s` is none of the `locations` of the cluster", name),
	       d->members->zone_count ? "write one of them as it is called there"
				      : "give the cluster a list of `locations` first");
}

void read_zone_names(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);
	size_t count = !fixed ? 0 : fixed->kind == YAML_LIST ? fixed->count : 1;
	struct growing chosen = {0};

	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *item = fixed->kind == YAML_LIST ? fixed->items[i] : fixed;
		const char *name = fixed_text(r, d, item, "availabilityZoneNames");
		size_t at = 0;
		while (name && at < d->members->zone_count && !is_called(r, d->members->zones[at], name))
			at++;
		if (name && at == d->members->zone_count)
			complain_zone(r, d, item, name);
		const struct location_spec **zone = name && at < d->members->zone_count
							? grow_new(r, &chosen, const struct location_spec *)
							: NULL;
		if (zone)
			*zone = d->members->zones[at];
	}
	if (!chosen.count)
		return;
	d->members->zones = kept(r, &chosen, sizeof(*d->members->zones));
	d->members->zone_count = d->members->zones ? chosen.count : 0;
	if (d->members->zones)
		d->spec->location = d->members->zones[0];
}

void read_zone_count(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "numAvailabilityZones");
	uint32_t number = 0;

	if (text && !instances_parse(text, 1, &number))
		complain(r->list, node->place, "`numAvailabilityZones` is a number from 1 to %d, not `%s`",
			 INSTANCE_LIMIT, text);
	if (number && number < d->members->zone_count)
		d->members->zone_count = number;
}

void read_zones(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	if (!fixed_flag(r, d, node, "enableAvailabilityZones", true))
		d->members->zone_count = 0;
}
