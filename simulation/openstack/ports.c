/* ports.c - the simulated Neutron's ports: an address in a network, of a server or of nobody yet. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

enum { FIRST_ADDRESS = 100, LAST_ADDRESS = 250 };

const char *port_address(const json_t *port)
{
	const char *address = json_text(json_array_get(json_object_get(port, "fixed_ips"), 0), "ip_address");

	return address ? address : "";
}

static bool is_taken(const struct openstack_cloud *cloud, const char *address)
{
	for (size_t i = 0; i < json_array_size(cloud->ports); i++)
		if (!strcmp(port_address(json_array_get(cloud->ports, i)), address))
			return true;
	return row_find(cloud->floating, "floating_ip_address", address);
}

bool address_find(const struct openstack_cloud *cloud, const json_t *network, char ret[static ID_SIZE])
{
	for (unsigned i = FIRST_ADDRESS; i <= LAST_ADDRESS; i++) {
		snprintf(ret, ID_SIZE, "%s%u", json_text(network, "_prefix"), i);
		if (!is_taken(cloud, ret))
			return true;
	}
	return false;
}

json_t *port_make(struct openstack_cloud *cloud, const json_t *network, const json_t *said, json_t *groups)
{
	char address[ID_SIZE], mac[24];

	if (!address_find(cloud, network, address)) {
		json_decref(groups);
		return NULL;
	}
	snprintf(mac, sizeof(mac), "fa:16:3e:%02x:%02x:%02x", universe_roll(cloud->universe, 256),
		 universe_roll(cloud->universe, 256), universe_roll(cloud->universe, 256));
	json_t *port = row_new(cloud, PROJECT_ID, said);
	json_object_update_new(
	    port,
	    json_pack("{s:O, s:s, s:b, s:s, s:s, s:s, s:[{s:O, s:s}], s:[], s:[], s:o, s:s, s:b, s:i}",
		      "network_id", json_object_get(network, "id"), "mac_address", mac, "admin_state_up",
		      true, "status", "DOWN", "device_id", "", "device_owner", "", "fixed_ips", "subnet_id",
		      json_array_get(json_object_get(network, "subnets"), 0), "ip_address", address,
		      "allowed_address_pairs", "extra_dhcp_opts", "security_groups", groups,
		      "binding:vnic_type", "normal", "port_security_enabled", true, "revision_number", 1));
	json_array_append_new(cloud->ports, port);
	return port;
}

void port_remove(struct openstack_cloud *cloud, json_t *port)
{
	floating_leave(cloud, json_text(port, "id"));
	row_remove(cloud->ports, port);
	cloud->stamp++;
}

void port_bind(struct openstack_cloud *cloud, json_t *port, const char *server, const char *status)
{
	json_object_set_new(port, "device_id", json_string(server));
	json_object_set_new(port, "device_owner", json_string(*server ? "compute:nova" : ""));
	json_object_set_new(port, "status", json_string(status));
	row_touch(cloud, port);
}

void ports_list(struct asked *asked)
{
	row_list(asked, &PORT_ROW, asked->cloud->ports);
}

/* Those that are asked for, or the project's own; NULL: one is not there, which is said. */
static json_t *groups_wanted(struct asked *asked, const json_t *said)
{
	const json_t *wanted = json_object_get(said, "security_groups");

	if (!json_is_array(wanted))
		return cloud_need(json_pack("[s]", group_default(asked->cloud)));
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		const char *id = json_string_value(json_array_get(wanted, i));
		if (row_find(asked->cloud->groups, "id", id))
			continue;
		row_absent(asked, &GROUP_ROW, id ? id : "None");
		return NULL;
	}
	return cloud_need(json_copy((json_t *)wanted));
}

void ports_post(struct asked *asked)
{
	const json_t *said = json_object_get(asked->body, "port");
	const char *network_id = json_text(said, "network_id");
	const json_t *network = row_find(asked->cloud->networks, "id", network_id);

	if (!network) {
		row_absent(asked, &NETWORK_ROW, network_id ? network_id : "None");
		return;
	}
	if (row_too_many(asked, "port", json_array_size(asked->cloud->ports)))
		return;
	json_t *groups = groups_wanted(asked, said);
	if (!groups)
		return;
	json_t *port = port_make(asked->cloud, network, said, groups);
	if (port)
		row_answer(asked, 201, &PORT_ROW, port);
	else
		cloud_refuse(asked, 409, "IpAddressGenerationFailure",
			     "No more IP addresses available on network %s.", network_id);
}

void port_get(struct asked *asked)
{
	const json_t *port = row_named(asked, &PORT_ROW, asked->cloud->ports);

	if (port)
		row_answer(asked, 200, &PORT_ROW, port);
}

void port_put(struct asked *asked)
{
	static const char *const members[] = {"name", "description", "security_groups", "admin_state_up",
					      NULL};
	json_t *port = row_named(asked, &PORT_ROW, asked->cloud->ports);
	const json_t *said = json_object_get(asked->body, "port");
	owned_json groups = port ? groups_wanted(asked, said) : NULL;

	if (groups && row_change(asked, port, said, members))
		row_answer(asked, 200, &PORT_ROW, port);
}

/* What a server has is taken away from it. */
void port_delete(struct asked *asked)
{
	json_t *port = row_named(asked, &PORT_ROW, asked->cloud->ports);
	char server[ID_SIZE];

	if (!port)
		return;
	snprintf(server, sizeof(server), "%s", json_text(port, "device_id"));
	port_remove(asked->cloud, port);
	if (*server && server_find(asked->cloud, server, false))
		server_rewire(server_find(asked->cloud, server, false));
	cloud_answer(asked, 204, NULL);
}
