/* hold_probe.c - whether an instance or an address takes a connection, for policies that wish to know. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

enum { LIMIT_MS = 5000 };

struct held_probe {
	struct held_component *held;
	uint64_t wish;
	/* An address: */
	struct probe_call *call;
	/* or the port of an instance, asked by its location: */
	struct work *work;
	struct arena arena;
	struct instance_spec *spec; /* of its own: it is asked for as long as the probe lasts */
	struct errand errand;
	struct health_check check;
	struct held_probe *next;
};

static void take_off(struct hold *hold, const struct held_probe *probe)
{
	struct held_probe **at = &hold->probes;
	while (*at != probe)
		at = &(*at)->next;
	*at = probe->next;
}

static void drop(struct held_probe *probe)
{
	take_off(probe->held->hold, probe);
	arena_release(&probe->arena);
	free(probe);
}

/* Without memory for the outcome the probe is wished again. */
static void end(struct held_probe *probe, enum outcome_kind kind, const char *words)
{
	struct held_component *held = probe->held;
	held_outcome(held, probe->wish, kind, words);
	operation_wake(held->hold->operation);
	drop(probe);
}

static void answered(void *owner, const struct error *err)
{
	end(owner, err->code ? OUTCOME_FAILED : OUTCOME_DONE, err->code ? err->text : NULL);
}

static bool under_way(const struct held_component *held, uint64_t wish)
{
	for (const struct held_probe *probe = held->hold->probes; probe; probe = probe->next)
		if (probe->held == held && probe->wish == wish)
			return true;
	return false;
}

static struct held_probe *probe_new(struct held_component *held, uint64_t wish)
{
	struct held_probe *probe = calloc(1, sizeof *probe);
	if (!probe)
		return NULL;
	*probe = (struct held_probe){.held = held, .wish = wish, .next = held->hold->probes};
	held->hold->probes = probe;
	return probe;
}

/* --- an instance's own port, which only its location may reach ------------------------------------- */

const char *held_endpoint(const struct held_instance *member, struct arena *arena)
{
	const struct work *work = member->work;
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].protocol == TCP && work->ports[i].port)
			return arena_format(arena, "%s:%u", work->instance->name, work->ports[i].port);
	return NULL;
}

/* Whether that is meant, and of which. */
static struct work *work_of(const struct held_component *held, const char *endpoint)
{
	for (size_t i = 0; i < held->member_count; i++) {
		struct work *work = held->members[i].work;
		size_t length = strlen(work->instance->name);
		if (!strncmp(endpoint, work->instance->name, length) && endpoint[length] == ':')
			return work;
	}
	return NULL;
}

static void wake(struct errand *errand)
{
	const struct held_probe *probe = errand->owner;
	operation_wake(probe->held->hold->operation);
}

static enum progress ask(struct held_probe *probe, struct error *err)
{
	struct work *work = probe->work;
	return driver_of(work)->probe(&work->site->location, &probe->errand, probe->spec, &probe->check, err);
}

void hold_step_probes(struct hold *hold)
{
	for (struct held_probe *probe = hold->probes, *next; probe; probe = next) {
		struct error err = {0};
		next = probe->next;
		if (!probe->work)
			continue;
		if (ask(probe, &err) == PROGRESS_WAITING)
			continue;
		if (err.code == ERR_UNSUPPORTED) /* nobody can tell */
			end(probe, OUTCOME_DONE, NULL);
		else if (err.code && health_says_nothing(&probe->check, &err))
			end(probe, OUTCOME_DROPPED, err.text);
		else
			end(probe, err.code ? OUTCOME_FAILED : OUTCOME_DONE, err.code ? err.text : NULL);
	}
}

static int ask_location(struct held_component *held, const struct wish *wish, struct work *work)
{
	struct held_probe *probe = probe_new(held, wish->id);
	if (!probe)
		return -1;
	probe->spec = arena_array(&probe->arena, struct instance_spec, 1);
	if (!probe->spec || spec_outline(work, &probe->arena, probe->spec)) {
		drop(probe);
		return -1;
	}
	probe->work = work;
	probe->errand = (struct errand){.wake = wake, .owner = probe};
	probe->check =
	    (struct health_check){.kind = CHECK_TCP,
				  .port = (uint16_t)strtoul(strrchr(wish->what, ':') + 1, NULL, 10),
				  .timeout_ms = LIMIT_MS,
				  .retries = 1};
	operation_wake(held->hold->operation);
	return 0;
}

/* --- an address that the blueprint names ------------------------------------------------------------ */

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
	struct work *work = wish->what ? work_of(held, wish->what) : NULL;
	if (work)
		return ask_location(held, wish, work);
	if (!wish->what || !split(wish->what, address, sizeof address, &port))
		return held_outcome(held, wish->id, OUTCOME_FAILED,
				    "it has no address that can be asked from here");
	struct held_probe *probe = probe_new(held, wish->id);
	if (!probe)
		return -1;
	probe->call = world->ops->tcp_probe(world, address, port, LIMIT_MS, answered, probe);
	if (probe->call)
		return 0;
	drop(probe);
	return -1;
}

void hold_probes_end(struct hold *hold)
{
	struct world *world = hold->operation->berth->world;
	while (hold->probes) {
		struct held_probe *probe = hold->probes;
		hold->probes = probe->next;
		world->ops->tcp_cancel(world, probe->call);
		if (probe->work)
			probe->work->site->location.driver->drop(&probe->work->site->location,
								 &probe->errand);
		arena_release(&probe->arena);
		free(probe);
	}
}
