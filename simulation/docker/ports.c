/* ports.c - a container's ports on the machine: bound when it joins its network, one for each number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

enum { LAST_FREE_PORT = 60999 };

static bool everywhere(const char *address)
{
	return !*address || !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

static bool collide(const char *one, const char *other)
{
	return everywhere(one) || everywhere(other) || !strcmp(one, other);
}

/* The engine itself gave it to somebody; *ret_exactly: for that very address, which is all that it looks at
 * before it tries. */
static bool allocated(const struct docker_engine *engine, const char *address, uint16_t number, bool udp,
		      bool *ret_exactly)
{
	bool found = false;

	*ret_exactly = false;
	for (const struct container *one = engine->containers; one; one = one->next)
		for (size_t i = 0; i < one->bound_count; i++) {
			const struct bound_port *bound = &one->bound[i];
			if (bound->number != number || bound->udp != udp || !collide(bound->address, address))
				continue;
			found = true;
			*ret_exactly |= !strcmp(bound->address, address);
		}
	return found;
}

static bool held_by_others(const struct docker_engine *engine, const char *address, uint16_t number)
{
	for (const struct held_port *held = engine->held; held; held = held->next)
		if (held->number == number && collide(held->address, address))
			return true;
	return false;
}

static bool has_address(const struct docker_engine *engine, const char *address)
{
	const json_t *one;
	size_t i;

	json_array_foreach (engine->addresses, i, one)
		if (!strcmp(json_string_value(one), address))
			return true;
	return everywhere(address) || starts_with(address, "127.") || !json_array_size(engine->addresses);
}

void docker_engine_port(struct docker_engine *engine, const char *address, uint16_t port, bool taken)
{
	struct held_port **at = &engine->held, *held;

	while ((held = *at)) {
		if (held->number == port && !strcmp(held->address, address)) {
			*at = held->next;
			free(held->address);
			free(held);
			continue;
		}
		at = &held->next;
	}
	if (!taken)
		return;
	held = must(calloc(1, sizeof(*held)));
	held->address = copy(address);
	held->number = port;
	put_list((void **)&engine->held, held, offsetof(struct held_port, next));
}

/* --- bound -------------------------------------------------------------------------------------------- */

static int failed(const struct container *container, const char *endpoint_id, char *words, size_t size,
		  const char *how)
{
	snprintf(words, size, "driver failed programming external connectivity on endpoint %s (%s): %s",
		 container->name, endpoint_id, how);
	return 500;
}

static uint16_t pick_number(struct docker_engine *engine, bool udp)
{
	bool exactly;

	for (int tries = 0; tries < LAST_FREE_PORT - FIRST_FREE_PORT; tries++) {
		uint16_t number = engine->next_port++;
		if (engine->next_port > LAST_FREE_PORT)
			engine->next_port = FIRST_FREE_PORT;
		if (!allocated(engine, "0.0.0.0", number, udp, &exactly) &&
		    !held_by_others(engine, "0.0.0.0", number))
			return number;
	}
	return 0;
}

static void note(struct container *container, const struct bound_port *bound)
{
	container->bound =
	    must(realloc(container->bound, (container->bound_count + 1) * sizeof(*container->bound)));
	container->bound[container->bound_count++] = *bound;
}

static int bind_one(struct container *container, const char *endpoint_id, struct bound_port *bound,
		    char *words, size_t size)
{
	struct docker_engine *engine = container->engine;
	const char *protocol = bound->udp ? "udp" : "tcp";
	bool exactly;
	char how[200];

	bool taken = allocated(engine, bound->address, bound->number, bound->udp, &exactly);
	if (taken && exactly)
		snprintf(how, sizeof(how), "Bind for %s:%u failed: port is already allocated", bound->address,
			 bound->number);
	else if (!has_address(engine, bound->address))
		snprintf(
		    how, sizeof(how),
		    "Error starting userland proxy: listen %s4 %s:%u: bind: cannot assign requested address",
		    protocol, bound->address, bound->number);
	else if (taken || held_by_others(engine, bound->address, bound->number))
		snprintf(how, sizeof(how),
			 "Error starting userland proxy: listen %s4 %s:%u: bind: address already in use",
			 protocol, bound->address, bound->number);
	else {
		note(container, bound);
		return 0;
	}
	return failed(container, endpoint_id, words, size, how);
}

static int bind_port(struct container *container, const char *endpoint_id, const char *key,
		     const json_t *binding, char *words, size_t size)
{
	const char *address = json_text(binding, "HostIp") ?: "";
	const char *number = json_text(binding, "HostPort") ?: "";
	struct bound_port bound = {
	    .number = (uint16_t)strtoul(number, NULL, 10),
	    .port = (uint16_t)strtoul(key, NULL, 10),
	    .udp = strstr(key, "/udp") != NULL,
	};
	bool both = !*address;

	if (!bound.number)
		bound.number = pick_number(container->engine, bound.udp);
	snprintf(bound.address, sizeof(bound.address), "%s", both ? "0.0.0.0" : address);
	int status = bind_one(container, endpoint_id, &bound, words, size);
	if (!status && both) {
		snprintf(bound.address, sizeof(bound.address), "::");
		note(container, &bound);
	}
	return status;
}

int ports_bind(struct container *container, const char *endpoint_id, char *words, size_t size)
{
	json_t *ignored;
	const char *key;
	int status = 0;

	json_object_foreach (container->exposed, key, ignored) {
		const json_t *list = json_object_get(container->bindings, key), *binding;
		size_t i;
		json_array_foreach (list, i, binding)
			if (!status)
				status = bind_port(container, endpoint_id, key, binding, words, size);
	}
	if (status)
		ports_release(container);
	return status;
}

void ports_release(struct container *container)
{
	container->bound_count = 0;
}

bool ports_held(void *owner, const struct machine *machine, const char *address, uint16_t port, bool udp)
{
	const struct docker_engine *engine = owner;
	bool exactly;

	return machine && machine == engine->machine &&
	       (allocated(engine, address, port, udp, &exactly) || held_by_others(engine, address, port));
}

/* --- told -------------------------------------------------------------------------------------- */

static bool on_a_bridge(const struct container *container)
{
	for (const struct endpoint *at = container->endpoints; at; at = at->next)
		if (at->on && at->on->bridges && !at->failed)
			return true;
	return false;
}

static bool is_of(const struct bound_port *bound, const char *key)
{
	return bound->port == strtoul(key, NULL, 10) && bound->udp == (strstr(key, "/udp") != NULL);
}

void put_ports_inspected(struct text *to, const struct container *container)
{
	bool first = true;
	json_t *ignored;
	const char *key;

	text_add_char(to, '{');
	if (on_a_bridge(container))
		json_object_foreach (container->exposed, key, ignored) {
			size_t count = 0;
			text_add(to, first ? "" : ",");
			first = false;
			put_quoted(to, key);
			text_add_char(to, ':');
			for (size_t i = 0; i < container->bound_count; i++) {
				const struct bound_port *bound = &container->bound[i];
				if (!is_of(bound, key))
					continue;
				text_format(to, "%s{\"HostIp\":\"%s\",\"HostPort\":\"%u\"}",
					    count++ ? "," : "[", bound->address, bound->number);
			}
			text_add(to, count ? "]" : "null");
		}
	text_add_char(to, '}');
}

void put_ports_listed(struct text *to, const struct container *container)
{
	bool first = true;
	json_t *ignored;
	const char *key;

	text_add_char(to, '[');
	if (on_a_bridge(container))
		json_object_foreach (container->exposed, key, ignored) {
			const char *type = strstr(key, "/udp") ? "udp" : "tcp";
			unsigned long port = strtoul(key, NULL, 10);
			bool published = false;
			for (size_t i = 0; i < container->bound_count; i++) {
				const struct bound_port *bound = &container->bound[i];
				if (!is_of(bound, key))
					continue;
				published = true;
				text_format(
				    to,
				    "%s{\"IP\":\"%s\",\"PrivatePort\":%lu,\"PublicPort\":%u,\"Type\":\"%s\"}",
				    first ? "" : ",", bound->address, port, bound->number, type);
				first = false;
			}
			if (published)
				continue;
			text_format(to, "%s{\"PrivatePort\":%lu,\"Type\":\"%s\"}", first ? "" : ",", port,
				    type);
			first = false;
		}
	text_add_char(to, ']');
}
