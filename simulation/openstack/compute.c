/* compute.c - the simulated Nova's flavors, limits and quotas, and what it is asked by which path. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

/* --- flavors ---------------------------------------------------------------------------------------------
 */

static void make_flavor(struct openstack_cloud *cloud, const char *name, int ram, int cores)
{
	char id[ID_SIZE], self[120], bookmark[120];

	cloud_uuid(cloud, id);
	snprintf(self, sizeof(self), "http://%s/v2.1/flavors/%s", openstack_cloud_addresses[CLOUD_NOVA], id);
	snprintf(bookmark, sizeof(bookmark), "http://%s/flavors/%s", openstack_cloud_addresses[CLOUD_NOVA],
		 id);
	json_array_append_new(
	    cloud->flavors,
	    cloud_need(
		json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:i, s:b, s:f, s:[{s:s, s:s}, {s:s, s:s}]}",
			  "id", id, "name", name, "ram", ram, "disk", 1, "swap", 0,
			  "OS-FLV-EXT-DATA:ephemeral", 0, "OS-FLV-DISABLED:disabled", false, "vcpus", cores,
			  "os-flavor-access:is_public", true, "rxtx_factor", 1.0, "links", "rel", "self",
			  "href", self, "rel", "bookmark", "href", bookmark)));
}

void compute_begin(struct openstack_cloud *cloud)
{
	cloud->flavors = cloud_need(json_array());
	cloud->keypairs = cloud_need(json_array());
	cloud->server_groups = cloud_need(json_array());
	cloud->volumes = cloud_need(json_array());
	cloud->compute_quotas = cloud_need(
	    json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "cores", 20,
		      "fixed_ips", -1, "floating_ips", -1, "injected_file_content_bytes", 10240,
		      "injected_file_path_bytes", 255, "injected_files", 5, "instances", 10, "key_pairs", 100,
		      "metadata_items", 128, "ram", 51200, "security_group_rules", -1, "security_groups", -1,
		      "server_group_members", 10, "server_groups", 10));
	make_flavor(cloud, "m1.small", 512, 2);
	make_flavor(cloud, "m1.nano", 192, 1);
	make_flavor(cloud, "m1.tiny", 256, 1);
	make_flavor(cloud, "m1.huge", 49000, 1);
}

static json_t *tell_flavor(const struct asked *asked, const json_t *flavor)
{
	json_t *told = row_tell(flavor);

	if (asked->version < 75)
		json_object_set_new(told, "swap", json_string(""));
	if (asked->version >= 55)
		json_object_set_new(told, "description", json_null());
	if (asked->version >= 61)
		json_object_set_new(told, "extra_specs", json_object());
	return told;
}

static void list_flavors(struct asked *asked)
{
	const char *next;
	owned_json page = cloud_page(asked, asked->cloud->flavors, &next);
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; i < json_array_size(page); i++)
		json_array_append_new(list, tell_flavor(asked, json_array_get(page, i)));
	json_t *told = json_pack("{s:o}", "flavors", list);
	if (next)
		json_object_set_new(told, "flavors_links", cloud_links(asked, next));
	cloud_answer(asked, 200, told);
}

static void get_flavor(struct asked *asked)
{
	const json_t *flavor = row_find(asked->cloud->flavors, "id", asked->words[0]);

	if (flavor)
		cloud_answer(asked, 200, json_pack("{s:o}", "flavor", tell_flavor(asked, flavor)));
	else
		cloud_refuse(asked, 404, "itemNotFound", "Flavor %s could not be found.", asked->words[0]);
}

/* --- limits ----------------------------------------------------------------------------------------------
 */

static json_t *tell_limits(const struct asked *asked)
{
	const struct openstack_cloud *cloud = asked->cloud;
	const json_t *quotas = cloud->compute_quotas;
	json_t *told = cloud_need(json_pack(
	    "{s:I, s:I, s:I, s:i, s:I, s:i, s:i, s:i, s:i, s:i, s:i}", "maxTotalInstances",
	    (json_int_t)json_number(quotas, "instances", 0), "maxTotalCores",
	    (json_int_t)json_number(quotas, "cores", 0), "maxTotalRAMSize",
	    (json_int_t)json_number(quotas, "ram", 0), "maxServerMeta", 128, "maxTotalKeypairs",
	    (json_int_t)json_number(quotas, "key_pairs", 0), "maxServerGroups", 10, "maxServerGroupMembers",
	    10, "totalRAMUsed", (int)servers_used(cloud, "ram"), "totalCoresUsed",
	    (int)servers_used(cloud, "vcpus"), "totalInstancesUsed", (int)servers_used(cloud, NULL),
	    "totalServerGroupsUsed", (int)json_array_size(cloud->server_groups)));

	if (asked->version < 36)
		json_object_update_new(told,
				       json_pack("{s:i, s:i, s:i, s:i, s:i}", "maxTotalFloatingIps", -1,
						 "maxSecurityGroups", -1, "maxSecurityGroupRules", -1,
						 "totalFloatingIpsUsed", 0, "totalSecurityGroupsUsed", 0));
	if (asked->version < 39)
		json_object_set_new(told, "maxImageMeta", json_integer(128));
	if (asked->version < 57)
		json_object_update_new(
		    told, json_pack("{s:i, s:i}", "maxPersonality", 5, "maxPersonalitySize", 10240));
	return told;
}

static void get_limits(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:{s:[], s:o}}", "limits", "rate", "absolute", tell_limits(asked)));
}

static void get_quotas(struct asked *asked)
{
	json_t *told = json_copy(asked->cloud->compute_quotas);

	json_object_set_new(told, "id", json_string(asked->words[0]));
	cloud_answer(asked, 200, json_pack("{s:o}", "quota_set", told));
}

static void list_zones(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:[{s:s, s:{s:b}, s:n}]}", "availabilityZoneInfo", "zoneName", "nova",
			       "zoneState", "available", true, "hosts"));
}

const struct route compute_routes[] = {
    {"GET", "/", nova_versions, true},
    {"GET", "/v2.1", nova_version, false},
    {"GET", "/v2.1/flavors/detail", list_flavors, false},
    {"GET", "/v2.1/flavors/*", get_flavor, false},
    {"GET", "/v2.1/limits", get_limits, false},
    {"GET", "/v2.1/os-availability-zone", list_zones, false},
    {"GET", "/v2.1/os-quota-sets/*", get_quotas, false},
    {"GET", "/v2.1/os-keypairs", keypairs_list, false},
    {"POST", "/v2.1/os-keypairs", keypair_post, false},
    {"GET", "/v2.1/os-keypairs/*", keypair_get, false},
    {"DELETE", "/v2.1/os-keypairs/*", keypair_delete, false},
    {"GET", "/v2.1/os-server-groups", server_groups_list, false},
    {"POST", "/v2.1/os-server-groups", server_group_post, false},
    {"DELETE", "/v2.1/os-server-groups/*", server_group_delete, false},
    {"GET", "/v2.1/servers", servers_list, false},
    {"GET", "/v2.1/servers/detail", servers_detail, false},
    {"POST", "/v2.1/servers", server_post, false},
    {"GET", "/v2.1/servers/*", server_get, false},
    {"DELETE", "/v2.1/servers/*", server_delete, false},
    {"PUT", "/v2.1/servers/*", server_put, false},
    {"POST", "/v2.1/servers/*/action", server_act, false},
    {"GET", "/v2.1/servers/*/ips", server_addresses, false},
    {"GET", "/v2.1/servers/*/os-interface", server_interfaces, false},
    {"GET", "/v2.1/servers/*/metadata", metadata_get, false},
    {"POST", "/v2.1/servers/*/metadata", metadata_post, false},
    {"PUT", "/v2.1/servers/*/metadata", metadata_put, false},
    {"DELETE", "/v2.1/servers/*/metadata/*", metadata_delete, false},
};
const size_t compute_route_count = COUNT_OF(compute_routes);
