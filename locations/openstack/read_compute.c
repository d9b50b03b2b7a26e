/* read_compute.c - what Nova says of itself and of what there is to be had: versions, limits, flavors. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/answers.h"
#include "locations/openstack/reading.h"

/* --- microversions ------------------------------------------------------------------------------------ */

/* "2.93" is 93. An old service says "". */
static bool number_of(const char *text, unsigned *ret)
{
	char more;

	*ret = 0;
	return !text || !*text || sscanf(text, "2.%5u%c", ret, &more) == 1;
}

int openstack_microversions_read(const json_t *json, struct openstack_microversions *ret, struct error *err)
{
	const struct openstack_reading reading = {NULL, "Nova", err};
	const json_t *version = json_object_get(json, "version");
	const char *low, *high;

	*ret = (struct openstack_microversions){0};
	if (!json_is_object(version))
		return openstack_odd(&reading, "version");
	if (openstack_take_text(&reading, version, "min_version", false, &low) < 0 ||
	    openstack_take_text(&reading, version, "version", false, &high) < 0)
		return -1;
	return number_of(low, &ret->low) && number_of(high, &ret->high) && ret->low <= ret->high
		   ? 0
		   : openstack_odd(&reading, "version");
}

int openstack_microversion(const struct openstack_microversions *theirs, unsigned lowest, unsigned wanted)
{
	unsigned high = theirs->high < wanted ? theirs->high : wanted;

	return theirs->high && high >= theirs->low && high >= lowest ? (int)high : -1;
}

/* --- limits -------------------------------------------------------------------------------------------- */

int openstack_limits_read(const json_t *json, struct arena *arena, const struct openstack_quota **ret,
			  size_t *ret_count, struct error *err)
{
	static const struct {
		const char *name, *limit, *used;
	} known[] = {
	    {"instances", "maxTotalInstances", "totalInstancesUsed"},
	    {"cores", "maxTotalCores", "totalCoresUsed"},
	    {"memory", "maxTotalRAMSize", "totalRAMUsed"},
	    {"keypairs", "maxTotalKeypairs", NULL},
	    {"serverGroups", "maxServerGroups", "totalServerGroupsUsed"},
	};
	const struct openstack_reading reading = {arena, "Nova", err};
	const json_t *absolute = json_at(json, "limits.absolute");
	struct openstack_quota *list = arena_array(arena, struct openstack_quota, COUNT_OF(known));

	*ret = list;
	*ret_count = 0;
	if (!list)
		return fail_memory(err);
	if (!json_is_object(absolute))
		return openstack_odd(&reading, "limits");
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct openstack_quota *quota = &list[*ret_count];
		quota->name = known[i].name;
		quota->used = -1;
		if (!json_object_get(absolute, known[i].limit))
			continue;
		if (openstack_take_number(&reading, absolute, known[i].limit, -1, &quota->limit) < 0 ||
		    (known[i].used &&
		     openstack_take_number(&reading, absolute, known[i].used, -1, &quota->used) < 0))
			return -1;
		++*ret_count;
	}
	return 0;
}

int openstack_network_quotas_read(const json_t *json, struct arena *arena, const struct openstack_quota **ret,
				  size_t *ret_count, struct error *err)
{
	static const struct {
		const char *name, *key;
	} known[] = {
	    {"ports", "port"},
	    {"floatingIps", "floatingip"},
	    {"securityGroups", "security_group"},
	    {"securityGroupRules", "security_group_rule"},
	};
	const struct openstack_reading reading = {arena, "Neutron", err};
	const json_t *all = json_object_get(json, "quota");
	struct openstack_quota *list = arena_array(arena, struct openstack_quota, COUNT_OF(known));

	*ret = list;
	*ret_count = 0;
	if (!list)
		return fail_memory(err);
	if (!json_is_object(all))
		return openstack_odd(&reading, "quota");
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct openstack_quota *quota = &list[*ret_count];
		const json_t *told = json_object_get(all, known[i].key);
		bool details = json_is_object(told);
		quota->name = known[i].name;
		quota->used = -1;
		if (!told)
			continue;
		if (openstack_take_number(&reading, details ? told : all, details ? "limit" : known[i].key,
					  -1, &quota->limit) < 0 ||
		    (details && openstack_take_number(&reading, told, "used", -1, &quota->used) < 0))
			return -1;
		++*ret_count;
	}
	return 0;
}

/* --- flavors ------------------------------------------------------------------------------------------- */

static int take_flavor(const struct openstack_reading *reading, const json_t *json,
		       struct openstack_flavor *ret)
{
	ret->disabled = json_flag(json, "OS-FLV-DISABLED:disabled", false);
	return openstack_take_text(reading, json, "id", true, &ret->id) < 0 ||
		       openstack_take_text(reading, json, "name", true, &ret->name) < 0 ||
		       openstack_take_number(reading, json, "ram", 0, &ret->memory_mib) < 0 ||
		       openstack_take_number(reading, json, "vcpus", 0, &ret->cores) < 0 ||
		       openstack_take_number(reading, json, "disk", 0, &ret->disk_gib) < 0 ||
		       openstack_take_number(reading, json, "OS-FLV-EXT-DATA:ephemeral", 0,
					     &ret->ephemeral_gib) < 0
		   ? -1
		   : 0;
}

int openstack_flavors_read(const json_t *json, struct arena *arena, const struct openstack_flavor **ret,
			   size_t *ret_count, struct error *err)
{
	const struct openstack_reading reading = {arena, "Nova", err};
	const json_t *list;

	*ret_count = 0;
	if (openstack_take_list(&reading, json, "flavors", &list) < 0)
		return -1;
	struct openstack_flavor *flavors =
	    arena_array(arena, struct openstack_flavor, json_array_size(list) + 1);
	if (!flavors)
		return fail_memory(err);
	*ret = flavors;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_flavor(&reading, json_array_get(list, i), &flavors[(*ret_count)++]) < 0)
			return -1;
	return 0;
}
