/* server_life.c - the life of a server in the simulated Nova: scheduled, wired, up or in error, its machine
 * with its host key, switched off, deleted, gone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "simulation/openstack/model.h"

enum {
	HOST_RAM_MIB = 16384,
	SCHEDULING_MS = 700,
	NETWORKING_MS = 900,
	LEAVING_MS = 600, /* told, and without addresses */
};

/* --- its ports -------------------------------------------------------------------------------------------
 */

static json_t *next_port(const struct server *server, size_t *at)
{
	const json_t *ports = server->cloud->ports;

	while (*at < json_array_size(ports)) {
		json_t *port = json_array_get(ports, (*at)++);
		if (!strcmp(json_text(port, "device_id"), server->id))
			return port;
	}
	return NULL;
}

/* Of what was asked for: a port that there is, or one of its own in a network. False: no address is left. */
static bool wire(struct server *server, const json_t *said)
{
	struct openstack_cloud *cloud = server->cloud;
	json_t *port = row_find(cloud->ports, "id", json_text(said, "port"));

	if (!port) {
		const json_t *network = row_find(cloud->networks, "id", json_text(said, "uuid"));
		json_t *groups = json_deep_copy(json_object_get(server->asked, "_groups"));
		port = network ? port_make(cloud, network, NULL, groups) : NULL;
		if (!port)
			return false;
		json_array_append(server->ports, json_object_get(port, "id"));
	}
	port_bind(cloud, port, server->id, "DOWN");
	return true;
}

static bool wire_all(struct server *server)
{
	const json_t *said = json_object_get(server->asked, "networks");
	const char *word = json_string_value(said);

	if (word && !strcmp(word, "none"))
		return true;
	if (!json_is_array(said)) {
		owned_json first = json_pack(
		    "{s:O}", "uuid", json_object_get(json_array_get(server->cloud->networks, 0), "id"));
		return wire(server, first);
	}
	for (size_t i = 0; i < json_array_size(said); i++)
		if (!wire(server, json_array_get(said, i)))
			return false;
	return true;
}

/* Its own go, others are nobody's again. */
static void unwire(struct server *server)
{
	struct openstack_cloud *cloud = server->cloud;
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(server->ports); i++) {
		json_t *port =
		    row_find(cloud->ports, "id", json_string_value(json_array_get(server->ports, i)));
		if (port)
			port_remove(cloud, port);
	}
	json_array_clear(server->ports);
	for (json_t *port; (port = next_port(server, &at));)
		port_bind(cloud, port, "", "DOWN");
}

/* --- its machine -----------------------------------------------------------------------------------------
 */

/* Both in the network of that port, of which each has 256 addresses. */
static bool is_beside(const char *address, const char *via)
{
	size_t length = via ? (size_t)(strrchr(via, '.') - via) : 0;

	return via && !strncmp(address, via, length + 1);
}

/* Whether what comes from there to that address of it gets through: outside nobody knows the way to a network
 * that does not lead there, but by a machine in it. */
static bool is_reached(void *owner, const struct machine *from, const char *via, const char *address,
		       uint16_t number)
{
	const struct server *server = owner;
	const struct openstack_cloud *cloud = server->cloud;
	size_t at = 0;

	for (const json_t *port; (port = next_port(server, &at));) {
		const json_t *network = row_find(cloud->networks, "id", json_text(port, "network_id"));
		const json_t *floating = row_find(cloud->floating, "port_id", json_text(port, "id"));
		bool here = floating && !strcmp(json_text(floating, "floating_ip_address"), address);
		if (!strcmp(port_address(port), address))
			here = json_flag(network, "router:external", false) || is_beside(address, via);
		if (here)
			return groups_let_in(cloud, port,
					     via    ? via
					     : from ? machine_address(from)
						    : "0.0.0.0",
					     number);
	}
	return false;
}

static void serve_floating(struct server *server)
{
	const struct openstack_cloud *cloud = server->cloud;

	for (size_t i = 0; server->machine && i < json_array_size(cloud->floating); i++) {
		const json_t *floating = json_array_get(cloud->floating, i);
		const json_t *port = row_find(cloud->ports, "id", json_text(floating, "port_id"));
		if (port && !strcmp(json_text(port, "device_id"), server->id))
			ssh_machine_also(server->machine, json_text(floating, "floating_ip_address"));
	}
}

void server_rewire(struct server *server)
{
	if (!server->machine)
		return;
	ssh_machine_also(server->machine, NULL);
	serve_floating(server);
}

static void set_door(struct server *server)
{
	const json_t *key = row_find(server->cloud->keypairs, "name", json_text(server->asked, "key_name"));
	const struct ssh_door door = {.host_key = server->host_key,
				      .login_key = json_text(key, "public_key"),
				      .reaches = is_reached,
				      .owner = server};

	ssh_machine_door(server->machine, &door);
}

static void raise_machine(struct server *server)
{
	size_t at = 0;
	const json_t *port = next_port(server, &at);

	if (!port || server->machine)
		return;
	server->machine = cloud_need(ssh_machine_new(server->cloud->universe, port_address(port)));
	ssh_machine_behave(server->machine, server->manner.programs, server->manner.programs_owner);
	set_door(server);
	serve_floating(server);
}

/* --- its host key ----------------------------------------------------------------------------------------
 */

/* A key that is as long as one of that kind, and of this server alone. */
static void make_key(struct server *server)
{
	static const unsigned char head[] = {0,   0,   0,   11,  's', 's', 'h', '-', 'e', 'd',
					     '2', '5', '5', '1', '9', 0,   0,   0,   32};
	unsigned char bytes[sizeof(head) + 32];
	owned_text key = {0};

	memcpy(bytes, head, sizeof(head));
	for (size_t i = 0; i < 32; i++)
		bytes[sizeof(head) + i] = (unsigned char)universe_roll(server->cloud->universe, 256);
	base64_add(&key, bytes, sizeof(bytes));
	snprintf(server->host_key, sizeof(server->host_key), "ssh-ed25519 %s", text_view(&key));
	server->keys++;
}

/* Those that were given to it, as cloud-init takes them. */
static void take_given_key(struct server *server)
{
	owned_text data = {0};
	const char *encoded = json_text(server->asked, "user_data");

	if (!encoded || !base64_decode(encoded, &data))
		return;
	const char *at = strstr(text_view(&data), "ed25519_public:");
	at = at ? strstr(at, "ssh-ed25519 ") : NULL;
	if (!at)
		return;
	size_t length = strlen("ssh-ed25519 ");
	length += strcspn(at + length, " \"'\n");
	snprintf(server->host_key, sizeof(server->host_key), "%.*s", (int)length, at);
}

static void tell_key(struct server *server)
{
	const char *name = json_text(server->asked, "name");
	struct text *console = &server->console;

	if (server->manner.mute) {
		text_add(console, "\nDebian GNU/Linux 12 ttyS0\n\nlogin: ");
	} else if (json_object_get(server->image, "_init")) {
		text_format(console,
			    "ci-info: no authorized SSH keys fingerprints found for user debian.\n"
			    "<14>Nov 27 18:00:01 cloud-init: #####################################\n"
			    "-----BEGIN SSH HOST KEY KEYS-----\n"
			    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= root@%s\n"
			    "%s root@%s\n"
			    "-----END SSH HOST KEY KEYS-----\n"
			    "[   12.371] cloud-init[512]: Cloud-init v. 22.4.2 finished\n",
			    name, server->host_key, name);
	} else {
		text_format(console,
			    "%s root@%s\nFingerprint: SHA256:Mmdg/1Gb1GkN+C3GkDa/hD7vE7MkR+3wHt0OZM3AE90\n"
			    "BOOT uptime 6.23 keys 1\n[154] Nov 21 00:51:01 Not backgrounding\n",
			    server->host_key, name);
	}
}

/* First its console tells the key, then its sshd answers. */
static void boot_happens(struct event *event)
{
	struct server *server = owner_of(event, struct server, boot);

	server->cloud->stamp++;
	if (server->keys_told) {
		raise_machine(server);
		return;
	}
	server->keys_told = true;
	tell_key(server);
	clock_add(server->cloud->clock, &server->boot, server->manner.boots_ms / 4);
}

static void begin_boot(struct server *server)
{
	size_t at = 0;
	const json_t *port = next_port(server, &at);

	server->keys_told = false;
	if (!*server->host_key && server->manner.host_key)
		snprintf(server->host_key, sizeof(server->host_key), "%s", server->manner.host_key);
	else if (!*server->host_key)
		make_key(server);
	take_given_key(server);
	text_format(&server->console,
		    "[    0.000000] Linux version 6.1.0-13-amd64\nnet: eth0 %s router=10.0.0.1\n",
		    port ? port_address(port) : "none");
	if (server->manner.boots_ms >= 0)
		clock_add(server->cloud->clock, &server->boot,
			  server->manner.boots_ms - server->manner.boots_ms / 4);
}

/* As when it is rebuilt: its console begins anew. */
void server_renew_key(struct server *server)
{
	make_key(server);
	text_clear(&server->console);
	if (server->keys_told)
		tell_key(server);
	if (server->machine)
		set_door(server);
}

/* --- from its beginning to its end -----------------------------------------------------------------------
 */

static void enter(struct server *server, enum server_state state)
{
	server->state = state;
	server->updated_ms = cloud_now(server->cloud);
	server->cloud->stamp++;
}

static void next_step(struct server *server, int64_t in_ms)
{
	clock_add(server->cloud->clock, &server->step, in_ms);
}

static void let_go(struct server *server)
{
	struct server **link = &server->cloud->servers;

	while (*link != server)
		link = &(*link)->next;
	*link = server->next;
	clock_take(server->cloud->clock, &server->step);
	clock_take(server->cloud->clock, &server->boot);
	ssh_machine_free(server->machine);
	text_release(&server->console);
	json_decref(server->asked);
	json_decref(server->image);
	json_decref(server->flavor);
	json_decref(server->ports);
	free(server);
}

static void power_off(struct server *server)
{
	clock_take(server->cloud->clock, &server->boot);
	ssh_machine_free(give(server->machine));
}

void server_fail(struct server *server, const char *words)
{
	clock_take(server->cloud->clock, &server->step);
	power_off(server);
	snprintf(server->fault, sizeof(server->fault), "%s", words);
	enter(server, SERVER_ERROR);
	server->fault_ms = server->updated_ms;
}

static void be_active(struct server *server)
{
	size_t at = 0;

	for (json_t *port; (port = next_port(server, &at));)
		port_bind(server->cloud, port, server->id, "ACTIVE");
	enter(server, SERVER_ACTIVE);
	server->launched_ms = server->updated_ms;
	begin_boot(server);
}

static bool finds_host(const struct server *server)
{
	return !server->cloud->full && json_number(server->flavor, "ram", 0) <= HOST_RAM_MIB;
}

static void step_happens(struct event *event)
{
	struct server *server = owner_of(event, struct server, step);
	int64_t left = server->manner.builds_ms - SCHEDULING_MS - NETWORKING_MS;

	switch (server->state) {
	case SERVER_SCHEDULING:
		if (!finds_host(server)) {
			server_fail(server, "No valid host was found. ");
		} else {
			enter(server, SERVER_NETWORKING);
			next_step(server, NETWORKING_MS);
		}
		break;
	case SERVER_NETWORKING:
		server_volume_make(server);
		if (!wire_all(server)) {
			server_fail(server, "No more IP addresses available on network");
		} else {
			enter(server, SERVER_SPAWNING);
			next_step(server, left > 0 ? left : 0);
		}
		break;
	case SERVER_SPAWNING:
		if (server->manner.fault)
			server_fail(server, server->manner.fault);
		else
			be_active(server);
		break;
	case SERVER_DELETING:
		server_end(server, SERVER_LEAVING);
		break;
	case SERVER_LEAVING:
		server_end(server, SERVER_GONE);
		break;
	case SERVER_ACTIVE:
	case SERVER_SHUTOFF:
	case SERVER_ERROR:
		break;
	case SERVER_GONE:
		let_go(server);
		break;
	}
}

struct server *server_begin(struct openstack_cloud *cloud, json_t *asked, const json_t *image,
			    const json_t *flavor)
{
	struct server *server = cloud_need(calloc(1, sizeof(*server)));

	*server = (struct server){.next = cloud->servers,
				  .cloud = cloud,
				  .asked = asked,
				  .image = json_deep_copy(image),
				  .flavor = json_deep_copy(flavor),
				  .ports = cloud_need(json_array()),
				  .created_ms = cloud_now(cloud)};
	server->manner = (struct openstack_manner){.builds_ms = 4000 + universe_roll(cloud->universe, 4000),
						   .boots_ms = 6000 + universe_roll(cloud->universe, 3000),
						   .deletes_ms = 1000 + universe_roll(cloud->universe, 6000)};
	if (cloud->manners)
		cloud->manners(cloud->manners_owner, asked, &server->manner);
	cloud->servers = server;
	cloud_uuid(cloud, server->id);
	event_prepare(&server->step, step_happens);
	event_prepare(&server->boot, boot_happens);
	enter(server, SERVER_SCHEDULING);
	next_step(server, SCHEDULING_MS);
	return server;
}

/* One that was deleted while it was built is still told to be up when it has come that far. */
static void leave(struct server *server)
{
	bool built = server->was < SERVER_ACTIVE;

	if (built) {
		server->was = SERVER_ACTIVE;
		server->launched_ms = server->updated_ms;
	}
	server->told_deleted = !built && server->was != SERVER_ERROR;
	server->gone_ms = server->told_deleted ? server->updated_ms : 0;
}

void server_end(struct server *server, enum server_state state)
{
	bool begins = state == SERVER_DELETING && server->state < SERVER_DELETING;

	if (state == SERVER_DELETING && !begins)
		return;
	if (begins)
		server->was = server->state;
	enter(server, state);
	clock_take(server->cloud->clock, &server->step);
	if (state == SERVER_DELETING) {
		next_step(server, server->manner.deletes_ms);
	} else if (state == SERVER_LEAVING) {
		power_off(server);
		unwire(server);
		server_volume_end(server);
		leave(server);
		next_step(server, LEAVING_MS);
	} else {
		power_off(server);
		unwire(server);
		server_volume_end(server);
		server->gone_ms = server->updated_ms;
		next_step(server, server->cloud->lag_ms);
	}
}

void server_switch(struct server *server, bool on)
{
	if (on && server->state == SERVER_SHUTOFF) {
		*server->laid = '\0';
		enter(server, SERVER_ACTIVE);
		if (server->machine)
			ssh_machine_reboot(server->machine, server->manner.boots_ms);
		else
			begin_boot(server);
	} else if (!on && server->state == SERVER_ACTIVE) {
		enter(server, SERVER_SHUTOFF);
		clock_take(server->cloud->clock, &server->boot);
		if (server->machine)
			ssh_machine_reboot(server->machine, INT32_MAX);
	}
}

void servers_free(struct openstack_cloud *cloud)
{
	while (cloud->servers)
		let_go(cloud->servers);
}
