/* component_bindings.c - ports of a component bound to ports of its host: portBindings, directPorts. */
#include <string.h>

#include "base/address.h"
#include "blueprints/component.h"

static void complain_binding(struct reading *r, struct draft *d, struct place at, const char *text,
			     const char *why)
{
	d->ports_faulty = true;
	advise(r->list, complain(r->list, at, "the port binding `%s`: %s", text, why),
	       "write {HOST: PORT} such as {80: 9090}, {\"127.0.0.1:80\": 9090} or {\"53/udp\": 53}");
}

/* "53/udp": 0 when no protocol is named, 1 when one is, -1 when it is unknown. */
static int cut_protocol(char *text, enum protocol *protocol)
{
	char *slash = strchr(text, '/');

	if (!slash)
		return 0;
	*slash++ = '\0';
	*protocol = strcasecmp(slash, "udp") ? TCP : UDP;
	return *protocol == UDP || !strcasecmp(slash, "tcp") ? 1 : -1;
}

/* "80", "127.0.0.1:80", "[::1]:80" */
static const char *read_host(char *host, struct port_binding *binding)
{
	char *colon = strrchr(host, ':');
	char *address = host, *port = host;

	if (colon) {
		*colon = '\0';
		port = colon + 1;
		size_t length = strlen(address);
		if (length > 1 && *address == '[' && address[length - 1] == ']') {
			address[length - 1] = '\0';
			address++;
		}
		if (!address_is_numeric(address))
			return "the address must be a numeric one";
		binding->host_address = address;
	}
	return port_parse(port, &binding->host_port) ? NULL : "the host's port must be from 1 to 65535";
}

static void add_binding(struct reading *r, struct draft *d, const struct port_binding *binding)
{
	struct port_binding *member = grow_new(r, &d->bindings, struct port_binding);

	if (member)
		*member = *binding;
	add_open_port(r, d,
		      (struct port_number){
			  .port = binding->port, .protocol = binding->protocol, .place = binding->place});
}

/* One binding of which both sides are known as text. */
static void read_sides(struct reading *r, struct draft *d, struct place at, const char *host,
		       const char *port)
{
	char *left = arena_text(r->arena, host), *right = arena_text(r->arena, port);
	struct port_binding binding = {.host_address = "0.0.0.0", .protocol = TCP, .place = at};
	enum protocol other = TCP;

	if (!left || !right) {
		r->list->failed = true;
		return;
	}
	int by_host = cut_protocol(left, &binding.protocol), by_port = cut_protocol(right, &other);
	if (by_host < 0 || by_port < 0 || (by_host && by_port && other != binding.protocol)) {
		complain_binding(r, d, at, host, "the protocol is tcp or udp, the same on both sides");
		return;
	}
	if (by_port)
		binding.protocol = other;
	const char *fault = read_host(left, &binding);
	if (!fault && !port_parse(right, &binding.port))
		fault = "the component's port must be from 1 to 65535";
	if (!fault) {
		add_binding(r, d, &binding);
		return;
	}
	const char *shown = arena_format(r->arena, "%s: %s", host, port);
	complain_binding(r, d, at, shown ? shown : host, fault);
}

/* "80:9090", "127.0.0.1:80:9090", "80" */
static void read_scalar(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "portBindings");
	char *copy = text ? arena_text(r->arena, text) : NULL;

	if (!copy) {
		d->ports_faulty = true;
		return;
	}
	char *colon = strrchr(copy, ':');
	if (colon)
		*colon = '\0';
	read_sides(r, d, node->place, copy, colon ? colon + 1 : copy);
}

void read_port_bindings(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed) {
		d->ports_faulty = true;
		return;
	}
	for (size_t i = 0; fixed->kind == YAML_LIST && i < fixed->count; i++)
		read_scalar(r, d, fixed->items[i]);
	for (size_t i = 0; fixed->kind == YAML_MAP && i < fixed->count; i++) {
		const struct yaml_entry *entry = &fixed->entries[i];
		const char *port = fixed_text(r, d, entry->value, "portBindings");
		if (port)
			read_sides(r, d, entry->key_place, entry->key, port);
		else
			d->ports_faulty = true;
	}
	if (fixed->kind == YAML_SCALAR && !yaml_null(fixed))
		read_scalar(r, d, fixed);
}

/* Clocker's: the host has the same number. What portBindings bind already is left to them. */
static void read_direct(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "directPorts");
	const struct port_binding *bindings = d->bindings.members;
	uint16_t port;

	if (!text)
		return;
	if (!port_parse(text, &port)) {
		complain(r->list, node->place, "`%s` is no port from 1 to 65535", text);
		d->ports_faulty = true;
		return;
	}
	for (size_t i = 0; i < d->bindings.count; i++)
		if (bindings[i].protocol == TCP && bindings[i].port == port)
			return;
	struct port_binding binding = {.host_address = "0.0.0.0",
				       .host_port = port,
				       .port = port,
				       .protocol = TCP,
				       .place = node->place};
	add_binding(r, d, &binding);
}

void read_direct_ports(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed || yaml_null(fixed))
		return;
	if (fixed->kind == YAML_MAP) {
		advise(r->list,
		       complain(r->list, fixed->place, "`directPorts` takes a list of ports, not a map"),
		       "`portBindings` takes a map");
		return;
	}
	if (fixed->kind == YAML_SCALAR)
		read_direct(r, d, fixed);
	for (size_t i = 0; fixed->kind == YAML_LIST && i < fixed->count; i++)
		read_direct(r, d, fixed->items[i]);
}
