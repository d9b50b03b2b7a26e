/* server_tell.c - a server as the simulated Nova tells it, in each of its versions. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

enum { FLOATING_TOLD_MS = 2500 }; /* until Nova knows of a floating IP */

static bool has_addresses(const struct server *server)
{
	return server->state == SERVER_ACTIVE || server->state == SERVER_SHUTOFF ||
	       (server->state == SERVER_DELETING && server->was != SERVER_ERROR &&
		server->was >= SERVER_ACTIVE);
}

static void add_address(json_t *list, const char *address, const char *type, const json_t *port, bool whole)
{
	json_t *told = cloud_need(json_pack("{s:i, s:s}", "version", 4, "addr", address));

	if (whole)
		json_object_update_new(told, json_pack("{s:s, s:O}", "OS-EXT-IPS:type", type,
						       "OS-EXT-IPS-MAC:mac_addr",
						       json_object_get(port, "mac_address")));
	json_array_append_new(list, told);
}

static void add_port(const struct server *server, const json_t *port, json_t *told, bool whole)
{
	const struct openstack_cloud *cloud = server->cloud;
	const json_t *network = row_find(cloud->networks, "id", json_text(port, "network_id"));
	const json_t *floating = row_find(cloud->floating, "port_id", json_text(port, "id"));
	const char *name = json_text(network, "name");
	json_t *list = json_object_get(told, name);

	if (!list) {
		list = cloud_need(json_array());
		json_object_set_new(told, name, list);
	}
	add_address(list, port_address(port), "fixed", port, whole);
	if (floating && cloud_now(cloud) >= json_number(floating, "_led_ms", 0) + FLOATING_TOLD_MS)
		add_address(list, json_text(floating, "floating_ip_address"), "floating", port, whole);
}

json_t *server_tell_addresses(const struct server *server, bool whole)
{
	const json_t *ports = server->cloud->ports;
	json_t *told = cloud_need(json_object());

	for (size_t i = 0; has_addresses(server) && i < json_array_size(ports); i++)
		if (!strcmp(json_text(json_array_get(ports, i), "device_id"), server->id))
			add_port(server, json_array_get(ports, i), told, whole);
	return told;
}

static json_t *tell_links(const char *kind, const char *id, bool self)
{
	char own[160], bookmark[160];

	snprintf(own, sizeof(own), "http://%s/v2.1/%s/%s", openstack_cloud_addresses[CLOUD_NOVA], kind, id);
	snprintf(bookmark, sizeof(bookmark), "http://%s/%s/%s", openstack_cloud_addresses[CLOUD_NOVA], kind,
		 id);
	if (!self)
		return json_pack("[{s:s, s:s}]", "rel", "bookmark", "href", bookmark);
	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "rel", "self", "href", own, "rel", "bookmark", "href",
			 bookmark);
}

static json_t *tell_flavor(const struct server *server, unsigned version)
{
	const json_t *flavor = server->flavor;

	if (version < 47)
		return json_pack("{s:O, s:o}", "id", json_object_get(flavor, "id"), "links",
				 tell_links("flavors", json_text(flavor, "id"), false));
	return json_pack("{s:O, s:O, s:O, s:i, s:i, s:O, s:{}}", "vcpus", json_object_get(flavor, "vcpus"),
			 "ram", json_object_get(flavor, "ram"), "disk", json_object_get(flavor, "disk"),
			 "ephemeral", 0, "swap", 0, "original_name", json_object_get(flavor, "name"),
			 "extra_specs");
}

/* What it is, its task and what its machine is. */
static void put_state(const struct server *server, json_t *told)
{
	static const struct {
		const char *status, *task, *vm;
		int power;
	} states[] = {[SERVER_SCHEDULING] = {"BUILD", "scheduling", "building", 0},
		      [SERVER_NETWORKING] = {"BUILD", "networking", "building", 0},
		      [SERVER_SPAWNING] = {"BUILD", "spawning", "building", 0},
		      [SERVER_ACTIVE] = {"ACTIVE", NULL, "active", 1},
		      [SERVER_SHUTOFF] = {"SHUTOFF", NULL, "stopped", 4},
		      [SERVER_ERROR] = {"ERROR", NULL, "error", 0},
		      [SERVER_LEAVING] = {"DELETED", NULL, "deleted", 0},
		      [SERVER_GONE] = {"DELETED", NULL, "deleted", 0}};
	bool deleting = server->state == SERVER_DELETING, progresses;
	bool leaving = server->state == SERVER_LEAVING && !server->told_deleted;
	enum server_state state = deleting || leaving ? server->was : server->state;

	progresses = state <= SERVER_ACTIVE;
	const char *status = state == SERVER_SHUTOFF && *server->laid ? server->laid : states[state].status;
	json_object_update_new(told,
			       json_pack("{s:s, s:s?, s:s, s:i}", "status", status, "OS-EXT-STS:task_state",
					 deleting ? "deleting" : states[state].task, "OS-EXT-STS:vm_state",
					 states[state].vm, "OS-EXT-STS:power_state", states[state].power));
	if (progresses)
		json_object_set_new(told, "progress", json_integer(0));
	if (*server->fault)
		json_object_set_new(told, "fault",
				    json_pack("{s:i, s:o, s:s}", "code", 500, "created",
					      cloud_time(server->fault_ms), "message", server->fault));
}

static json_t *tell_moment(int64_t ms)
{
	char stamp[STAMP_SIZE];

	if (!ms)
		return json_null();
	cloud_write_time(ms, stamp);
	snprintf(stamp + strlen(stamp) - 1, 8, ".000000");
	return json_string(stamp);
}

static void put_groups(const struct server *server, json_t *told)
{
	const struct openstack_cloud *cloud = server->cloud;
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; i < json_array_size(cloud->ports); i++) {
		const json_t *port = json_array_get(cloud->ports, i);
		const json_t *ids = json_object_get(port, "security_groups");
		if (strcmp(json_text(port, "device_id"), server->id) != 0)
			continue;
		for (size_t k = 0; k < json_array_size(ids); k++)
			json_array_append_new(
			    list, json_pack("{s:s}", "name",
					    json_text(row_find(cloud->groups, "id",
							       json_string_value(json_array_get(ids, k))),
						      "name")));
	}
	if (has_addresses(server))
		json_object_set(told, "security_groups", list);
	json_decref(list);
}

static void put_newer(const struct server *server, unsigned version, bool alone, json_t *told)
{
	const json_t *description = json_object_get(server->asked, "description");
	const char *name = json_text(server->asked, "name");

	if (version >= 9)
		json_object_set_new(told, "locked", json_false());
	if (version >= 19)
		json_object_set_new(told, "description",
				    description ? json_deep_copy(description) : json_null());
	if (version >= 26)
		json_object_set_new(told, "tags", json_array());
	if (version >= 63)
		json_object_set_new(told, "trusted_image_certificates", json_null());
	if (version >= 71 && alone)
		json_object_set_new(told, "server_groups", json_array());
	if (version >= 73)
		json_object_set_new(told, "locked_reason", json_null());
	if (version >= 90)
		json_object_set_new(told, "OS-EXT-SRV-ATTR:hostname", json_string(name));
}

json_t *server_tell(const struct server *server, unsigned version, bool alone)
{
	bool hosted = server->state != SERVER_SCHEDULING && server->state != SERVER_ERROR;
	bool launched = server->launched_ms != 0;
	const char *image = json_text(server->image, "id");
	json_t *told = cloud_need(json_pack(
	    "{s:s, s:O, s:s, s:s, s:O, s:s, s:{s:s, s:o}, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:s}", "id",
	    server->id, "name", json_object_get(server->asked, "name"), "tenant_id", PROJECT_ID, "user_id",
	    USER_ID, "metadata", json_object_get(server->asked, "metadata"), "hostId",
	    hosted ? "95b8b01330318b3e067c6fad780d80490815718839aa4242917fde3d" : "", "image", "id", image,
	    "links", tell_links("images", image, false), "flavor", tell_flavor(server, version), "created",
	    cloud_time(server->created_ms), "updated", cloud_time(server->updated_ms), "addresses",
	    server_tell_addresses(server, true), "accessIPv4", "", "accessIPv6", "", "links",
	    tell_links("servers", server->id, true), "OS-DCF:diskConfig", "MANUAL"));

	json_object_update_new(
	    told, json_pack("{s:s, s:s, s:s?, s:o, s:o, s:[]}", "OS-EXT-AZ:availability_zone",
			    hosted ? "nova" : "", "config_drive", launched ? "True" : "", "key_name",
			    json_text(server->asked, "key_name"), "OS-SRV-USG:launched_at",
			    tell_moment(server->launched_ms), "OS-SRV-USG:terminated_at",
			    tell_moment(server->gone_ms), "os-extended-volumes:volumes_attached"));
	if (server_boot_volume(server->asked))
		json_object_set_new(told, "image", json_string(""));
	put_state(server, told);
	put_groups(server, told);
	put_newer(server, version, alone, told);
	return told;
}
