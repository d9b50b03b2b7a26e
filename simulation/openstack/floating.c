/* floating.c - the simulated Neutron's floating IPs: taken from a network that leads outside, led to a port.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

enum { WIRED_MS = 2500 }; /* until it is told to be up, and Nova knows of it */

static json_t *tell_port(const json_t *port)
{
	if (!port)
		return json_null();
	return json_pack("{s:O, s:O, s:O, s:b, s:O, s:O, s:O}", "name", json_object_get(port, "name"),
			 "network_id", json_object_get(port, "network_id"), "mac_address",
			 json_object_get(port, "mac_address"), "admin_state_up", true, "status",
			 json_object_get(port, "status"), "device_id", json_object_get(port, "device_id"),
			 "device_owner", json_object_get(port, "device_owner"));
}

/* Up some time after it was led somewhere. */
static void settle(const struct openstack_cloud *cloud, json_t *floating)
{
	const char *id = json_text(floating, "port_id");
	const json_t *port = row_find(cloud->ports, "id", id);
	bool up = port && cloud_now(cloud) >= json_number(floating, "_led_ms", 0) + WIRED_MS;

	json_object_set_new(floating, "status", json_string(up ? "ACTIVE" : "DOWN"));
	json_object_set_new(floating, "port_details", tell_port(port));
}

static void rewire(struct openstack_cloud *cloud, const char *port)
{
	const json_t *row = row_find(cloud->ports, "id", port);
	struct server *server = row ? server_find(cloud, json_text(row, "device_id"), false) : NULL;

	if (server)
		server_rewire(server);
}

/* `port` NULL: to nobody. */
static void lead(struct openstack_cloud *cloud, json_t *floating, const json_t *port)
{
	const char *before = json_text(floating, "port_id");
	char left[ID_SIZE];

	snprintf(left, sizeof(left), "%s", before ? before : "");
	json_object_update_new(
	    floating,
	    json_pack("{s:o, s:o, s:o, s:I}", "port_id",
		      port ? json_incref(json_object_get(port, "id")) : json_null(), "fixed_ip_address",
		      port ? json_string(port_address(port)) : json_null(), "router_id",
		      port ? json_string("4ea1b360-d932-4186-a9b8-9f5a22d64b95") : json_null(), "_led_ms",
		      (json_int_t)cloud_now(cloud)));
	rewire(cloud, left);
	if (port)
		rewire(cloud, json_text(port, "id"));
}

void floating_leave(struct openstack_cloud *cloud, const char *port)
{
	for (size_t i = 0; i < json_array_size(cloud->floating); i++) {
		json_t *floating = json_array_get(cloud->floating, i);
		const char *led = json_text(floating, "port_id");
		if (!led || strcmp(led, port) != 0)
			continue;
		lead(cloud, floating, NULL);
		row_touch(cloud, floating);
	}
}

/* The port that it is to be led to, or NULL, which is no mistake where none is asked for. False: that is
 * said.
 */
static bool find_port(struct asked *asked, const json_t *said, const json_t *floating, const json_t **ret)
{
	const char *id = json_text(said, "port_id");
	const json_t *other = row_find(asked->cloud->floating, "port_id", id);

	*ret = row_find(asked->cloud->ports, "id", id);
	const json_t *network =
	    *ret ? row_find(asked->cloud->networks, "id", json_text(*ret, "network_id")) : NULL;
	if (id && !*ret) {
		row_absent(asked, &PORT_ROW, id);
	} else if (json_flag(network, "router:external", false)) {
		cloud_refuse(
		    asked, 404, "ExternalGatewayForFloatingIPNotFound",
		    "External network %s is not reachable from subnet %s. Therefore, cannot associate "
		    "Port %s with a Floating IP.",
		    json_text(network, "id"),
		    json_string_value(json_array_get(json_object_get(network, "subnets"), 0)), id);
	} else if (other && other != floating) {
		cloud_refuse(
		    asked, 409, "FloatingIPPortAlreadyAssociated",
		    "Cannot associate a floating IP with port %s using fixed IP %s, as that fixed IP "
		    "already has a floating IP on external network %s.",
		    id, port_address(*ret), json_text(other, "floating_network_id"));
	} else {
		return true;
	}
	return false;
}

void floating_list(struct asked *asked)
{
	for (size_t i = 0; i < json_array_size(asked->cloud->floating); i++)
		settle(asked->cloud, json_array_get(asked->cloud->floating, i));
	row_list(asked, &FLOATING_ROW, asked->cloud->floating);
}

static json_t *make(struct openstack_cloud *cloud, const json_t *network, const json_t *said,
		    const char *address)
{
	json_t *floating = row_new(cloud, PROJECT_ID, said);

	json_object_del(floating, "name");
	json_object_update_new(floating, json_pack("{s:s, s:O, s:n, s:n, s:n, s:s, s:n}",
						   "floating_ip_address", address, "floating_network_id",
						   json_object_get(network, "id"), "router_id", "port_id",
						   "fixed_ip_address", "status", "DOWN", "port_details"));
	json_array_append_new(cloud->floating, floating);
	return floating;
}

void floating_post(struct asked *asked)
{
	const json_t *said = json_object_get(asked->body, "floatingip"), *port;
	const char *of = json_text(said, "floating_network_id");
	const json_t *network = row_find(asked->cloud->networks, "id", of);
	char address[ID_SIZE];

	if (!network) {
		row_absent(asked, &NETWORK_ROW, of ? of : "None");
	} else if (!json_flag(network, "router:external", false)) {
		cloud_refuse(asked, 400, "BadRequest",
			     "Bad floatingip request: Network %s is not a valid external network.", of);
	} else if (row_too_many(asked, "floatingip", json_array_size(asked->cloud->floating)) ||
		   !find_port(asked, said, NULL, &port)) {
		return;
	} else if (!address_find(asked->cloud, network, address)) {
		cloud_refuse(asked, 400, "ExternalIpAddressExhausted",
			     "Unable to find any IP address on external network %s.", of);
	} else {
		json_t *floating = make(asked->cloud, network, said, address);
		if (port)
			lead(asked->cloud, floating, port);
		settle(asked->cloud, floating);
		row_answer(asked, 201, &FLOATING_ROW, floating);
	}
}

void floating_get(struct asked *asked)
{
	json_t *floating = row_named(asked, &FLOATING_ROW, asked->cloud->floating);

	if (!floating)
		return;
	settle(asked->cloud, floating);
	row_answer(asked, 200, &FLOATING_ROW, floating);
}

void floating_put(struct asked *asked)
{
	static const char *const members[] = {"description", NULL};
	json_t *floating = row_named(asked, &FLOATING_ROW, asked->cloud->floating);
	const json_t *said = json_object_get(asked->body, "floatingip"), *port;

	if (!floating || !find_port(asked, said, floating, &port) ||
	    !row_change(asked, floating, said, members))
		return;
	if (json_object_get(said, "port_id")) {
		lead(asked->cloud, floating, port);
		row_touch(asked->cloud, floating);
	}
	settle(asked->cloud, floating);
	row_answer(asked, 200, &FLOATING_ROW, floating);
}

void floating_delete(struct asked *asked)
{
	json_t *floating = row_named(asked, &FLOATING_ROW, asked->cloud->floating);

	if (!floating)
		return;
	lead(asked->cloud, floating, NULL);
	row_remove(asked->cloud->floating, floating);
	cloud_answer(asked, 204, NULL);
}
