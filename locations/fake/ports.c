/* ports.c - the host ports of the scripted target: who holds which number on which address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/fake/target.h"

static const char any_address[] = "0.0.0.0";

static void port_key(char key[static 16], uint16_t port, enum protocol protocol)
{
	snprintf(key, 16, "%u/%s", port, protocol == UDP ? "udp" : "tcp");
}

bool port_taken(const struct fake_target *target, const char *address, uint16_t port, enum protocol protocol)
{
	char key[16];

	port_key(key, port, protocol);
	for (const struct held_port *held = map_get(target->ports, key); held; held = held->next)
		if (!strcmp(held->address, address) || !strcmp(held->address, any_address) ||
		    !strcmp(address, any_address))
			return true;
	return false;
}

int port_hold(struct fake_target *target, const char *address, uint16_t port, enum protocol protocol,
	      const struct fake_instance *holder)
{
	char key[16];
	struct held_port *held = calloc(1, sizeof(*held) + strlen(address) + 1);

	if (!held)
		return -1;
	port_key(key, port, protocol);
	held->holder = holder;
	held->next = map_get(target->ports, key);
	strcpy(held->address, address);
	if (map_put(&target->ports, key, held) < 0) {
		free(held);
		return -1;
	}
	return 0;
}

void port_let_go(struct fake_target *target, uint16_t port, enum protocol protocol,
		 const struct fake_instance *holder)
{
	char key[16];

	port_key(key, port, protocol);
	struct held_port *first = map_get(target->ports, key), **at = &first;
	while (*at) {
		struct held_port *held = *at;
		if (held->holder != holder) {
			at = &held->next;
			continue;
		}
		*at = held->next;
		free(held);
	}
	/* Putting over an existing entry takes no memory and cannot fail. */
	if (first)
		map_put(&target->ports, key, first);
	else
		map_drop(&target->ports, key);
}

static bool chain_free(const char *key, void *value, void *context)
{
	(void)key;
	(void)context;
	for (struct held_port *held = value, *next; held; held = next) {
		next = held->next;
		free(held);
	}
	return true;
}

void ports_free(struct fake_target *target)
{
	map_each(target->ports, chain_free, NULL);
	map_release(&target->ports);
}
