/* hosts_choice.c - which machine of a pool a component, or a member of a cluster, gets. */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hosts_state.h"

enum { HOLDERS_TOLD = 4 }; /* of a pool without a free machine */

/* --- one machine under two names ---------------------------------------------------------------------- */

static struct site *same_machine(const struct site *site)
{
	for (struct site *other = site->operation->sites; other != site; other = other->next)
		if (other->pooled && other->listed && !other->same && other->inventory.machine &&
		    !strcmp(other->inventory.machine, site->inventory.machine))
			return other;
	return NULL;
}

void hosts_join(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next) {
		struct inventory *seen = &site->inventory;
		if (!site->pooled || !site->listed)
			continue;
		site->same = seen->machine ? same_machine(site) : NULL;
		if (!site->same)
			continue;
		seen->instance_count = seen->claim_count = seen->stranger_count = seen->object_count = 0;
		seen->lease = NULL;
		seen->prepared = false;
	}
}

static struct site *machine_at(const struct host_pool *pool, size_t i)
{
	return pool->sites[i]->same ? pool->sites[i]->same : pool->sites[i];
}

int host_pool_join(struct berth_operation *operation, struct host_pool *pool, struct component *component)
{
	struct host_guest *guest = arena_array(&operation->arena, struct host_guest, 1);
	struct host_guest **end = &operation->host_guests;

	if (!guest)
		return -1;
	*guest = (struct host_guest){.pool = pool, .component = component};
	while (*end)
		end = &(*end)->next;
	*end = guest;
	return 0;
}

static struct host_guest *guest_of(const struct berth_operation *operation, const struct component *component)
{
	struct host_guest *guest = operation->host_guests;

	while (guest && guest->component != component)
		guest = guest->next;
	return guest;
}

static bool is_cluster(const struct component *component)
{
	return component->spec && component->spec->cluster;
}

/* --- where it is ---------------------------------------------------------------------------- */

/* Ordinal 0: any instance of it. */
static bool is_at(const struct component *component, unsigned ordinal, const struct site *site)
{
	for (size_t i = 0; i < site->inventory.instance_count; i++) {
		const struct observed *seen = &site->inventory.instances[i];
		if (strcmp(seen->component, component->id) == 0 && (!ordinal || seen->ordinal == ordinal))
			return true;
	}
	return false;
}

/* Of the pool, as far as it is still there. */
static struct site *machine_remembered(struct berth_operation *operation, const struct host_guest *guest,
				       unsigned ordinal)
{
	owned_text name = {0};

	text_format(&name, "%s.%s.%u", operation->application->id, guest->component->id, ordinal);
	const char *machine = json_text(host_machines(operation), text_view(&name));
	for (size_t i = 0; machine && i < guest->pool->count; i++) {
		const struct site *site = guest->pool->sites[i];
		if (strcmp(site->location.driver->identity(&site->location), machine) == 0)
			return machine_at(guest->pool, i);
	}
	return NULL;
}

/* Somebody says himself that it is to be made anew, whatever is there. */
static bool is_given_up(const struct berth_operation *operation, const struct component *component,
			unsigned ordinal)
{
	int64_t number = operation->request.count;

	return operation->verb == &verb_replace && component_meant(operation, component->id) &&
	       (!number || number == (int64_t)ordinal);
}

/* What is remembered comes before what is seen: what was left on another one may be back. On a machine that
 * does not answer it may run. */
static struct site *machine_of(struct berth_operation *operation, const struct host_guest *guest,
			       unsigned ordinal)
{
	struct site *was = machine_remembered(operation, guest, ordinal);

	if (was && is_at(guest->component, ordinal, was))
		return was;
	for (size_t i = 0; i < guest->pool->count; i++)
		if (is_at(guest->component, ordinal, machine_at(guest->pool, i)))
			return machine_at(guest->pool, i);
	bool unknown = was && was->failed && !is_given_up(operation, guest->component, ordinal);
	return unknown ? was : NULL;
}

/* What is nowhere to be seen may be on a machine that does not answer, where nobody here can know that it is
 * not: the first of those. */
static struct site *machine_unknown(struct berth_operation *operation, const struct host_guest *guest,
				    unsigned ordinal)
{
	owned_text name = {0};

	text_format(&name, "%s.%s.%u", operation->application->id, guest->component->id, ordinal);
	if (is_given_up(operation, guest->component, ordinal) || !host_unknown(operation, text_view(&name)))
		return NULL;
	for (size_t i = 0; i < guest->pool->count; i++) {
		struct site *site = guest->pool->sites[i];
		if (site && site->failed)
			return site;
	}
	return NULL;
}

/* Its instances share a machine. */
static struct site *machine_of_all(struct berth_operation *operation, const struct host_guest *guest)
{
	struct site *found = NULL;

	for (unsigned ordinal = 1; !found && ordinal <= guest->component->spec->instances; ordinal++)
		found = machine_of(operation, guest, ordinal);
	for (size_t i = 0; !found && i < guest->pool->count; i++)
		if (is_at(guest->component, 0, machine_at(guest->pool, i)))
			found = machine_at(guest->pool, i);
	return found;
}

/* --- one that is free ----------------------------------------------------------------------- */

static bool share_a_machine(const struct component *one, const struct component *other)
{
	const char *a = one->spec->same_server, *b = other->spec->same_server;
	return a && b && strcmp(a, b) == 0;
}

static bool has_home(const struct component *component, const struct site *site)
{
	for (unsigned i = 0; component->cluster.homes && i < component->size; i++)
		if (component->cluster.homes[i] == site)
			return true;
	return false;
}

/* A member that leaves has its machine until it is gone, and one that is kept to be looked at stays. */
static bool has(const struct host_guest *guest, const struct site *site)
{
	const struct component *component = guest->component;

	return is_cluster(component) ? is_at(component, 0, site) || has_home(component, site)
				     : component->site == site;
}

/* Of a component of this application that stays there, or of another one. */
static bool is_free(const struct berth_operation *operation, const struct host_guest *guest,
		    const struct site *site)
{
	const char *holder = site->inventory.holder;

	if (site->failed)
		return false;
	if (holder && strcmp(holder, operation->application->id) != 0)
		return false;
	for (const struct host_guest *other = operation->host_guests; other; other = other->next)
		if ((other != guest || is_cluster(guest->component)) && has(other, site) &&
		    !share_a_machine(other->component, guest->component))
			return false;
	return true;
}

/* The one where it was, else the first. Where things could not be installed only when there is no other. */
static struct site *free_machine(struct berth_operation *operation, const struct host_guest *guest,
				 unsigned ordinal)
{
	struct site *was = machine_remembered(operation, guest, ordinal);

	if (was && is_free(operation, guest, was) && !host_avoided(was))
		return was;
	for (int last = 0; last < 2; last++)
		for (size_t i = 0; i < guest->pool->count; i++) {
			struct site *site = machine_at(guest->pool, i);
			if (is_free(operation, guest, site) && (last || !host_avoided(site)))
				return site;
		}
	return NULL;
}

/* It shares one with those that say so, else it takes the first that is free. */
static void find_machine(struct berth_operation *operation, struct host_guest *guest)
{
	struct component *component = guest->component;

	for (struct host_guest *other = operation->host_guests; other && !component->site;
	     other = other->next)
		if (other != guest && other->pool == guest->pool &&
		    share_a_machine(other->component, component))
			component->site = other->component->site;
	if (!component->site)
		component->site = machine_unknown(operation, guest, 1);
	if (!component->site)
		component->site = free_machine(operation, guest, 1);
	guest->lacking = !component->site;
}

/* What is said of all its machines is said of one that answers. */
static struct site *first_answering(const struct host_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (!pool->sites[i]->failed)
			return machine_at(pool, i);
	return pool->sites[0];
}

void hosts_decide(struct berth_operation *operation)
{
	struct host_guest *guest;

	for (guest = operation->host_guests; guest; guest = guest->next)
		guest->component->site = is_cluster(guest->component) ? first_answering(guest->pool)
								      : machine_of_all(operation, guest);
	for (guest = operation->host_guests; guest; guest = guest->next)
		if (!guest->component->site)
			find_machine(operation, guest);
	for (guest = operation->host_guests; guest; guest = guest->next)
		if (!guest->component->site)
			guest->component->site = machine_at(guest->pool, 0);
}

int hosts_give_homes(struct berth_operation *operation, struct component *component, const unsigned *ordinals,
		     size_t count)
{
	struct host_guest *guest = guest_of(operation, component);
	struct arena *arena = graph_arena(operation);

	if (!guest)
		return 0;
	component->cluster.homes = arena_array(arena, struct site *, count + 1);
	guest->lacks = arena_array(arena, bool, count + 1);
	if (!component->cluster.homes || !guest->lacks)
		return -1;
	for (size_t i = 0; i < count; i++)
		component->cluster.homes[i] = machine_of(operation, guest, ordinals[i])
						  ?: machine_unknown(operation, guest, ordinals[i]);
	for (size_t i = 0; i < count; i++) {
		if (component->cluster.homes[i])
			continue;
		component->cluster.homes[i] = free_machine(operation, guest, ordinals[i]);
		guest->lacks[i] = !component->cluster.homes[i];
		guest->lacking |= guest->lacks[i];
	}
	for (size_t i = 0; i < count; i++)
		if (guest->lacks[i])
			component->cluster.homes[i] = component->site;
	return 0;
}

void hosts_forget(struct berth_operation *operation)
{
	operation->host_guests = NULL;
}

/* --- when there is none --------------------------------------------------------------------- */

/* A component of this application that has it; NULL: none has. */
static const struct component *guest_at(const struct berth_operation *operation, const struct host_pool *pool,
					const struct site *site)
{
	const struct host_guest *guest = operation->host_guests;

	while (guest && !(guest->pool == pool && has(guest, site)))
		guest = guest->next;
	return guest ? guest->component : NULL;
}

/* ": 10.0.0.5 by `shop` of me@desk, since 2026-01-02T03:04:05Z", as far as that is known. */
static void say_holder(const struct berth_operation *operation, const struct host_pool *pool,
		       const struct site *site, struct text *to)
{
	const struct inventory *seen = &site->inventory;
	const struct component *own = guest_at(operation, pool, site);
	time_t since_s = (time_t)(seen->held_since_ms / 1000);
	struct tm parts;
	char since[32] = "";

	text_format(to, "%s%s", to->length ? ", " : ": ", site->spec->target);
	if (own)
		text_format(to, " by `%s`", own->id);
	else if (seen->holder)
		text_format(to, " by application `%s`", seen->holder);
	if (!own && seen->holder_owner)
		text_format(to, " of %s", seen->holder_owner);
	if (since_s && gmtime_r(&since_s, &parts) &&
	    strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &parts))
		text_format(to, " since %s", since);
}

static void say_holders(const struct berth_operation *operation, const struct host_pool *pool,
			struct text *to)
{
	size_t told = 0, held = 0;

	for (size_t i = 0; i < pool->count; i++) {
		const struct site *site = pool->sites[i];
		if (site->failed || site->same || held++ >= HOLDERS_TOLD)
			continue;
		say_holder(operation, pool, site, to);
		told++;
	}
	if (held > told)
		text_format(to, ", and %zu more", held - told);
}

static int refuse(const struct berth_operation *operation, const struct host_guest *guest, struct error *err)
{
	const struct host_pool *pool = guest->pool;
	const char *of = is_cluster(guest->component) ? " for another member" : "";
	const char *name = host_pool_name(pool), *id = guest->component->id;
	owned_text holders = {0};
	size_t silent = 0;

	for (size_t i = 0; i < pool->count; i++)
		silent += pool->sites[i]->failed;
	say_holders(operation, pool, &holders);
	if (pool->count == 1)
		fail(err, ERR_CAPACITY, "`%s` has no machine%s: the only one of `%s` is in use%s", id, of,
		     name, text_view(&holders));
	else if (!silent)
		fail(err, ERR_CAPACITY, "`%s` has no machine%s: each of `%s` is in use%s", id, of, name,
		     text_view(&holders));
	else
		fail(err, ERR_CAPACITY,
		     "`%s` has no machine%s: each of `%s` is in use, but for %zu of %zu that cannot be used "
		     "now%s",
		     id, of, name, silent, pool->count, text_view(&holders));
	remedy(err,
	       is_cluster(guest->component)
		   ? "add a host to the pool, or ask for fewer members"
		   : "add a host to the pool, or let two components share one: `sameServer: NAME` on both");
	return -1;
}

int hosts_lacking(struct berth_operation *operation, struct error *err)
{
	for (const struct host_guest *guest = operation->host_guests; guest; guest = guest->next) {
		struct error why = {0};
		if (!guest->lacking)
			continue;
		if (!is_cluster(guest->component))
			return refuse(operation, guest, err);
		refuse(operation, guest, &why);
		operation_warn(operation, "%s; %s", why.text, why.remedy);
	}
	return 0;
}

bool host_lacks(const struct work *work, struct error *err)
{
	const struct component *component = work->instance->component;
	const struct host_guest *guest = guest_of(work->operation, component);
	size_t place = guest && guest->lacks ? component_place(component, work->instance->ordinal) : SIZE_MAX;

	return work->instance->wanted && place < component->size && guest->lacks[place] &&
	       refuse(work->operation, guest, err);
}
