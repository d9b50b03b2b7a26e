/* read_groups.c - Neutron's security groups with their rules, and its floating IPs. */
#include <stdlib.h>
#include <string.h>

#include "locations/openstack/network.h"
#include "locations/openstack/reading.h"

/* --- in the order in which they count ---------------------------------------------------------------------
 */

static int by_age(int64_t a_ms, const char *a, int64_t b_ms, const char *b)
{
	return a_ms != b_ms ? (a_ms > b_ms) - (a_ms < b_ms) : strcmp(a, b);
}

static int groups_by_age(const void *a, const void *b)
{
	const struct openstack_group *left = a, *right = b;

	return by_age(left->created_ms, left->id, right->created_ms, right->id);
}

static int floatings_by_age(const void *a, const void *b)
{
	const struct openstack_floating *left = a, *right = b;

	return by_age(left->created_ms, left->id, right->created_ms, right->id);
}

/* --- what they have in common ------------------------------------------------------------------------------
 */

struct common {
	const char *id, *name, *description;
	int64_t created_ms;
};

static int take_common(const struct openstack_reading *reading, const json_t *json, struct common *ret)
{
	const char *created;

	if (openstack_take_id(reading, json, "id", &ret->id) < 0 ||
	    openstack_take_text(reading, json, "name", false, &ret->name) < 0 ||
	    openstack_take_text(reading, json, "description", false, &ret->description) < 0 ||
	    openstack_take_text(reading, json, "created_at", false, &created) < 0)
		return -1;
	ret->name = ret->name ? ret->name : "";
	ret->description = ret->description ? ret->description : "";
	ret->created_ms = created ? openstack_time(created) : 0;
	return 0;
}

/* An id that is not there may be written as "". */
static int take_id(const struct openstack_reading *reading, const json_t *json, const char *key,
		   const char **ret)
{
	if (openstack_take_text(reading, json, key, false, ret) < 0)
		return -1;
	*ret = *ret && **ret ? *ret : NULL;
	return 0;
}

/* --- security groups ---------------------------------------------------------------------------------------
 */

static int take_rule(const struct openstack_reading *reading, const json_t *json, struct openstack_rule *ret)
{
	const char *direction;

	if (openstack_take_id(reading, json, "id", &ret->id) < 0 ||
	    openstack_take_text(reading, json, "direction", true, &direction) < 0 ||
	    openstack_take_text(reading, json, "ethertype", false, &ret->ethertype) < 0 ||
	    openstack_take_text(reading, json, "protocol", false, &ret->protocol) < 0 ||
	    openstack_take_number(reading, json, "port_range_min", 0, &ret->first) < 0 ||
	    openstack_take_number(reading, json, "port_range_max", 0, &ret->last) < 0 ||
	    take_id(reading, json, "remote_group_id", &ret->group) < 0 ||
	    take_id(reading, json, "remote_ip_prefix", &ret->prefix) < 0)
		return -1;
	ret->ethertype = ret->ethertype ? ret->ethertype : "IPv4";
	ret->ingress = strcmp(direction, "ingress") == 0;
	return 0;
}

static int take_group(const struct openstack_reading *reading, const json_t *json,
		      struct openstack_group *ret)
{
	struct common common;
	const json_t *rules;

	if (take_common(reading, json, &common) < 0 ||
	    openstack_take_number(reading, json, "revision_number", -1, &ret->revision) < 0 ||
	    openstack_take_list(reading, json, "security_group_rules", &rules) < 0)
		return -1;
	struct openstack_rule *taken =
	    arena_array(reading->arena, struct openstack_rule, json_array_size(rules) + 1);
	if (!taken)
		return fail_memory(reading->err);
	for (size_t i = 0; i < json_array_size(rules); i++)
		if (take_rule(reading, json_array_get(rules, i), &taken[i]) < 0)
			return -1;
	ret->id = common.id;
	ret->name = common.name;
	ret->description = common.description;
	ret->created_ms = common.created_ms;
	ret->rules = taken;
	ret->rule_count = json_array_size(rules);
	return 0;
}

int openstack_groups_read(const json_t *json, struct arena *arena, const struct openstack_group **ret,
			  size_t *ret_count, struct error *err)
{
	const struct openstack_reading reading = {arena, "Neutron", err};
	const json_t *list;

	if (openstack_take_list(&reading, json, "security_groups", &list) < 0)
		return -1;
	size_t count = json_array_size(list);
	struct openstack_group *groups = arena_array(arena, struct openstack_group, count + 1);
	if (!groups)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++)
		if (take_group(&reading, json_array_get(list, i), &groups[i]) < 0)
			return -1;
	qsort(groups, count, sizeof(*groups), groups_by_age);
	*ret = groups;
	*ret_count = count;
	return 0;
}

/* --- floating IPs ------------------------------------------------------------------------------------------
 */

static int take_floating(const struct openstack_reading *reading, const json_t *json,
			 struct openstack_floating *ret)
{
	struct common common;

	if (take_common(reading, json, &common) < 0 ||
	    openstack_take_text(reading, json, "floating_ip_address", true, &ret->address) < 0 ||
	    openstack_take_text(reading, json, "status", false, &ret->status) < 0 ||
	    take_id(reading, json, "port_id", &ret->port_id) < 0)
		return -1;
	ret->id = common.id;
	ret->description = common.description;
	ret->created_ms = common.created_ms;
	ret->status = ret->status ? ret->status : "";
	return 0;
}

int openstack_floatings_read(const json_t *json, struct arena *arena, const struct openstack_floating **ret,
			     size_t *ret_count, struct error *err)
{
	const struct openstack_reading reading = {arena, "Neutron", err};
	const json_t *list;

	if (openstack_take_list(&reading, json, "floatingips", &list) < 0)
		return -1;
	size_t count = json_array_size(list);
	struct openstack_floating *floatings = arena_array(arena, struct openstack_floating, count + 1);
	if (!floatings)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++)
		if (take_floating(&reading, json_array_get(list, i), &floatings[i]) < 0)
			return -1;
	qsort(floatings, count, sizeof(*floatings), floatings_by_age);
	*ret = floatings;
	*ret_count = count;
	return 0;
}
