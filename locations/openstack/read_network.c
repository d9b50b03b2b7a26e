/* read_network.c - Neutron's networks. */
#include "locations/openstack/answers.h"
#include "locations/openstack/reading.h"

static int take_network(const struct openstack_reading *reading, const json_t *json,
			struct openstack_network *ret)
{
	const json_t *subnets;

	if (openstack_take_id(reading, json, "id", &ret->id) < 0 ||
	    openstack_take_text(reading, json, "name", false, &ret->name) < 0 ||
	    openstack_take_text(reading, json, "project_id", false, &ret->project_id) < 0 ||
	    openstack_take_text(reading, json, "status", false, &ret->status) < 0 ||
	    openstack_take_list(reading, json, "subnets", &subnets) < 0)
		return -1;
	ret->name = ret->name ? ret->name : "";
	ret->external = json_flag(json, "router:external", false);
	ret->shared = json_flag(json, "shared", false);
	ret->up = json_flag(json, "admin_state_up", true);
	ret->subnets = json_array_size(subnets);
	return 0;
}

int openstack_networks_read(const json_t *json, struct arena *arena, const struct openstack_network **ret,
			    size_t *ret_count, struct error *err)
{
	const struct openstack_reading reading = {arena, "Neutron", err};
	const json_t *list;

	*ret_count = 0;
	if (openstack_take_list(&reading, json, "networks", &list) < 0)
		return -1;
	struct openstack_network *networks =
	    arena_array(arena, struct openstack_network, json_array_size(list) + 1);
	if (!networks)
		return fail_memory(err);
	*ret = networks;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_network(&reading, json_array_get(list, i), &networks[(*ret_count)++]) < 0)
			return -1;
	return 0;
}
