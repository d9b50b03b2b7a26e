/* hold_probe.c - whether an address answers a connection, for policies that wish to know. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"

enum { LIMIT_MS = 5000 };

struct held_probe {
	struct held_component *held;
	uint64_t wish;
	struct probe_call *call;
	struct held_probe *next;
};

static void take_off(struct hold *hold, const struct held_probe *probe)
{
	struct held_probe **at = &hold->probes;
	while (*at != probe)
		at = &(*at)->next;
	*at = probe->next;
}

static void answered(void *owner, const struct error *err)
{
	struct held_probe *probe = owner;
	struct held_component *held = probe->held;
	take_off(held->hold, probe);
	held_outcome(held, probe->wish, err->code ? OUTCOME_FAILED : OUTCOME_DONE,
		     err->code ? err->text : NULL);
	operation_wake(held->hold->operation);
	free(probe);
}

static bool under_way(const struct held_component *held, uint64_t wish)
{
	for (const struct held_probe *probe = held->hold->probes; probe; probe = probe->next)
		if (probe->held == held && probe->wish == wish)
			return true;
	return false;
}

/* "10.0.0.1:80" or "[::1]:80". False: it is neither. */
static bool split(const char *endpoint, char *address, size_t size, uint16_t *ret_port)
{
	const char *colon = strrchr(endpoint, ':');
	bool bracketed = endpoint[0] == '[' && colon && colon[-1] == ']';
	size_t length = colon ? (size_t)(colon - endpoint) - (bracketed ? 2 : 0) : 0;
	char *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (!length || length >= size || !port || port > UINT16_MAX || *end)
		return false;
	memcpy(address, endpoint + (bracketed ? 1 : 0), length);
	address[length] = '\0';
	*ret_port = (uint16_t)port;
	return true;
}

int hold_probe(struct held_component *held, const struct wish *wish)
{
	struct world *world = held->hold->operation->berth->world;
	char address[128];
	uint16_t port;
	if (under_way(held, wish->id))
		return 0;
	if (!wish->what || !split(wish->what, address, sizeof address, &port))
		return held_outcome(held, wish->id, OUTCOME_FAILED,
				    "it has no address that can be asked from here");
	struct held_probe *probe = calloc(1, sizeof *probe);
	if (!probe)
		return -1;
	*probe = (struct held_probe){.held = held, .wish = wish->id};
	probe->call = world->ops->tcp_probe(world, address, port, LIMIT_MS, answered, probe);
	if (!probe->call) {
		free(probe);
		return -1;
	}
	probe->next = held->hold->probes;
	held->hold->probes = probe;
	return 0;
}

void hold_probes_end(struct hold *hold)
{
	struct world *world = hold->operation->berth->world;
	while (hold->probes) {
		struct held_probe *probe = hold->probes;
		hold->probes = probe->next;
		world->ops->tcp_cancel(world, probe->call);
		free(probe);
	}
}
