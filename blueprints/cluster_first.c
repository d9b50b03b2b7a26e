/* cluster_first.c - `firstMemberSpec`: what the first member of a cluster is made from, read like a component
 * of its own. It has the cluster's id, place in the order, location and configuration, and whoever uses the
 * cluster may meet it. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

static bool same_tree(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || (a->kind != YAML_SCALAR && a->count != b->count))
		return false;
	if (a->kind == YAML_SCALAR)
		return !strcmp(a->text, b->text);
	for (size_t i = 0; i < a->count; i++) {
		const struct yaml_node *other =
		    a->kind == YAML_LIST ? b->items[i] : yaml_get(b, a->entries[i].key);
		if (!other || !same_tree(a->kind == YAML_LIST ? a->items[i] : a->entries[i].value, other))
			return false;
	}
	return true;
}

/* Each of a list is among the others' too, each of a map is theirs as well: then it is of all members. */
static bool is_of_others(const struct yaml_node *own, const struct yaml_node *others)
{
	if (own->kind == YAML_SCALAR || own->kind != others->kind)
		return same_tree(own, others);
	for (size_t i = 0; i < own->count; i++) {
		const struct yaml_node *one = own->kind == YAML_LIST ? own->items[i] : own->entries[i].value;
		const struct yaml_node *same =
		    own->kind == YAML_LIST ? NULL : yaml_get(others, own->entries[i].key);
		for (size_t k = 0; own->kind == YAML_LIST && !same && k < others->count; k++)
			same = same_tree(one, others->items[k]) ? others->items[k] : NULL;
		if (!same || !same_tree(one, same))
			return false;
	}
	return true;
}

static const struct yaml_node *given_to_others(struct reading *r, const struct yaml_node *member,
					       enum component_key key)
{
	for (size_t i = 0; i < member->count; i++) {
		const struct key_name *name = map_get(r->keys, member->entries[i].key);
		if (name && name->key == key)
			return member->entries[i].value;
	}
	return NULL;
}

/* What holds for all members alike, because others go by it. What `memberSpec` says too, as where both are of
 * one type, is read there. */
static void refuse_common(struct reading *r, struct draft *first, const struct yaml_node *member)
{
	static const enum component_key common[] = {
	    KEY_LOCATION, KEY_LOCATIONS,    KEY_POLICIES, KEY_ENRICHERS,    KEY_EFFECTORS,
	    KEY_SENSORS,  KEY_INITIALIZERS, KEY_PROTECT,  KEY_LINK_ADDRESS, KEY_SAME_SERVER};

	for (size_t i = 0; i < COUNT_OF(common); i++) {
		const struct yaml_entry *given = given_of(first, common[i]);
		const struct yaml_node *others = given ? given_to_others(r, member, common[i]) : NULL;
		if (others && is_of_others(given->value, others))
			give_key(r, &first->given, common[i], NULL);
		else if (given)
			advise(r->list,
			       complain(r->list, given->key_place,
					"`%s` is of all members of the cluster, not of the first alone",
					given->key),
			       "write it under `memberSpec`, or beside it");
	}
}

static void inherit_config(struct reading *r, struct draft *first, const struct yaml_entry *config)
{
	for (size_t i = 0; config && config->value->kind == YAML_MAP && i < config->value->count; i++) {
		const struct yaml_entry *entry = &config->value->entries[i];
		if (!map_get(first->config, entry->key))
			reading_put(r, &first->config, entry->key, (void *)entry);
	}
}

void cluster_first_gather(struct reading *r, struct draft *d, const struct yaml_node *member)
{
	const struct yaml_node *node = member_node(r, given_of(d, KEY_FIRST_SPEC));
	struct component_spec *spec = node ? reading_new(r, struct component_spec) : NULL;
	struct draft *first = spec ? scratch_new(r, struct draft) : NULL;

	if (!first)
		return;
	draft_begin(first, spec, d->index, node);
	first->of_cluster = d;
	first->scope = d->scope;
	d->first = first;
	d->members->first = spec;
	if (cluster_is(node) || (written_type(node) && balancer_type(written_type(node)))) {
		first->foreign = true;
		complain(r->list, node->place, "the first member of a cluster cannot be a %s",
			 cluster_is(node) ? "cluster" : "load balancer");
		return;
	}
	component_gather(r, first);
	inherit_config(r, first, given_of(d, KEY_CONFIG));
	if (!first->foreign)
		members_refuse(r, first);
	refuse_common(r, first, member);
	give_key(r, &first->given, KEY_ID, NULL);
	give_key(r, &first->given, KEY_NAME, NULL);
}

void cluster_first_check(struct reading *r, const struct draft *first)
{
	const struct draft *cluster = first->of_cluster;
	const struct component_spec *one = first->spec, *other = cluster->spec;

	first->spec->protect = other->protect;
	first->spec->link_numbers = other->link_numbers;
	first->spec->same_server = other->same_server;
	if (!first->kind_known || !cluster->kind_known)
		return;
	if (one->kind != other->kind)
		advise(r->list,
		       complain(r->list, first->place,
				"the first member of `%s` is a %s, and the others are not", other->id,
				one->kind == COMPONENT_DOCKER    ? "container"
				: one->kind == COMPONENT_PROCESS ? "process"
								 : "thing from outside"),
		       "give `firstMemberSpec` and `memberSpec` types of the same kind");
	else if (one->job != other->job)
		advise(r->list,
		       complain(r->list, first->place,
				"of the members of `%s` either all are jobs or none is", other->id),
		       "write `job` in `firstMemberSpec` as it is in `memberSpec`");
}

static void complain_missing(struct reading *r, const struct draft *target, const char *port, struct place at)
{
	advise(r->list,
	       complain(r->list, at, "the first member of `%s` has no port `%s`, which is needed here",
			target->spec->id, port),
	       "open it also in the `firstMemberSpec` at line %d", target->first->place.line);
}

static bool has_number(struct reading *r, const struct draft *target, uint16_t port, enum protocol protocol,
		       struct place at)
{
	if (listens_on(target->first, port, protocol))
		return true;
	const char *name = arena_format(&r->passing, "%u", port);
	complain_missing(r, target, name ? name : "", at);
	return false;
}

static bool has_name(struct reading *r, const struct draft *target, const char *name, struct place at)
{
	if (find_named_port(target->first, name))
		return true;
	complain_missing(r, target, name, at);
	return false;
}

static bool can_tell(const struct draft *target)
{
	const struct draft *first = target->first;

	return first && first->kind_known && target->kind_known && !first->ports_faulty &&
	       !target->ports_faulty;
}

bool cluster_first_linked(struct reading *r, const struct draft *target, struct place at)
{
	const struct port_number *open = target->open_ports.members;
	bool all = true;

	if (!can_tell(target))
		return true;
	for (size_t i = 0; i < target->open_ports.count; i++)
		all &= has_number(r, target, open[i].port, open[i].protocol, at);
	for (size_t i = 0; i < target->spec->named_port_count; i++)
		all &= has_name(r, target, target->spec->named_ports[i].name, at);
	return all;
}

bool cluster_first_has(struct reading *r, const struct draft *target, const struct value *asked,
		       struct place at)
{
	const struct port_number *open = target->open_ports.members;

	if (!can_tell(target))
		return true;
	if (asked->text)
		return has_name(r, target, asked->text, at);
	if (asked->port)
		return listens_on(target->first, asked->port, UDP) ||
		       has_number(r, target, (uint16_t)asked->port, TCP, at);
	if (target->open_ports.count)
		return has_number(r, target, open[0].port, open[0].protocol, at);
	return !target->spec->named_port_count || has_name(r, target, target->spec->named_ports[0].name, at);
}
