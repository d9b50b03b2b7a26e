/* host_health.c - machines of a pool that do not answer, or where nothing can be installed: left out for a
 * while, tried again, remembered for whoever comes next. Where an instance was made is remembered too, so
 * that on a machine that is silent it is known to be unknown, and is not made elsewhere. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hosts.h"
#include "engine/specs.h"

enum {
	FIRST_REST_MS = 5 * 1000, /* until one that did not answer is asked again; doubled each time */
	LONGEST_REST_MS = 5 * 60 * 1000,
	TOO_MANY = 2, /* failures to install something there */
};

static int64_t wall(const struct berth_operation *operation)
{
	return operation->berth->world->ops->wall(operation->berth->world);
}

static const char *identity_of(const struct site *site)
{
	return site->location.driver->identity(&site->location);
}

/* --- what is remembered --------------------------------------------------------------------- */

/* Without the store nothing is known, and everything is asked. */
static const json_t *all_health(struct berth_operation *operation)
{
	struct error ignored = {0};

	if (!operation->host_health &&
	    store_machines(operation->berth->store, "", &operation->host_health, &ignored))
		operation->host_health = json_object();
	return operation->host_health;
}

const json_t *host_machines(struct berth_operation *operation)
{
	const char *app = operation_app(operation);
	struct error ignored = {0};

	if (!operation->machines && app &&
	    store_machines(operation->berth->store, app, &operation->machines, &ignored))
		operation->machines = json_object();
	return operation->machines;
}

/* A new reference, to {} where nothing is known; NULL: no memory. */
static json_t *health_of(const struct site *site)
{
	const char *line = json_text(all_health(site->operation), identity_of(site));
	json_t *health = line ? json_parse(line, strlen(line), "how a machine is", NULL) : NULL;

	return health ? health : json_object();
}

/* Who only looks leaves no trace. */
static bool may_write(const struct berth_operation *operation)
{
	return (operation->verb->changes && !operation->request.dry_run) ||
	       (operation->verb == &verb_locations && operation->request.check);
}

static void keep_health(const struct site *site, const json_t *health)
{
	struct berth_operation *operation = site->operation;
	owned_memory char *line = json_line(health);

	if (!line || !may_write(operation))
		return;
	json_put_text(operation->host_health, identity_of(site), line);
	store_put_machine(operation->berth->store, "", identity_of(site), line);
}

static void tell(const struct site *site, const char *what, const char *text, const char *remedy)
{
	struct berth_operation *operation = site->operation;
	owned_text line = {0};

	text_format(&line, "%s: %s", site->location.name, text);
	if (may_write(operation) && operation_app(operation))
		store_put_failure(operation->berth->store, operation_app(operation), NULL, NULL, what,
				  text_view(&line), remedy);
}

/* --- what nobody here knows ------------------------------------------------------------------- */

/* In place of a machine: it may be on any of its pool. */
#define ANYWHERE "?"

/* The application is there already, and this store does not know of it, or others had to do with it since. */
static bool others_know(struct berth_operation *operation)
{
	bool knows = json_object_size(host_machines(operation)) > 0;

	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->pooled && site->listed &&
		    (site->inventory.instance_count
			 ? !knows || site_changed_hands(site)
			 : site->inventory.claim_count && site_changed_hands(site)))
			return true;
	return false;
}

bool host_unknown(struct berth_operation *operation, const char *name)
{
	const char *machine = json_text(host_machines(operation), name);

	return machine ? !strcmp(machine, ANYWHERE) : others_know(operation);
}

uint64_t hosts_note_unknown(struct berth_operation *operation)
{
	uint64_t last = 0;

	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const char *name = work->unseen && work->site->pooled ? settled_name(work->instance) : NULL;
		if (name && !json_text(host_machines(operation), name))
			last = store_put_machine(operation->berth->store, operation->application->id, name,
						 ANYWHERE);
	}
	return last;
}

/* --- those that do not answer --------------------------------------------------------------- */

static bool is_known_at(struct berth_operation *operation, const struct site *site)
{
	const json_t *machine;
	const char *name;

	json_object_foreach ((json_t *)host_machines(operation), name, machine)
		if (json_is_string(machine) && (!strcmp(json_string_value(machine), identity_of(site)) ||
						!strcmp(json_string_value(machine), ANYWHERE)))
			return true;
	return false;
}

/* A clock that was put back does not make the rest longer. */
static int64_t left_of_rest(const struct site *site, const json_t *health)
{
	int64_t left_ms = json_number(health, "again", 0) - wall(site->operation);

	return json_number(health, "silent", 0) && left_ms > 0 && left_ms <= LONGEST_REST_MS ? left_ms : 0;
}

/* When none is left to be asked it may be us who could not reach them. */
static bool all_rest(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next) {
		owned_json health = site->pooled && site->open ? health_of(site) : NULL;
		if (health && !left_of_rest(site, health))
			return false;
	}
	return true;
}

/* Whoever keeps an application has pauses of his own, and has one that is back looked at for what was left
 * there; where something is known to be, it is always looked for. */
bool host_rests(struct site *site, struct error *err)
{
	const struct verb *verb = site->operation->verb;

	if (!site->pooled || verb->rest || verb == &verb_mend || is_known_at(site->operation, site))
		return false;
	owned_json health = health_of(site);
	int64_t left_ms = left_of_rest(site, health);
	if (!left_ms || all_rest(site->operation))
		return false;
	fail(err, ERR_UNREACHABLE, "%s (asked again in %lld s)",
	     json_text(health, "why") ?: "it did not answer", (long long)(left_ms + 999) / 1000);
	remedy(err, "%s", json_text(health, "remedy") ?: "");
	return true;
}

static bool says_nothing(enum code code)
{
	return code == ERR_NO_MEMORY || code == ERR_CANCELLED;
}

static void note_silence(const struct site *site, json_t *health, const struct error *err)
{
	int64_t silent = json_number(health, "silent", 0), rest_ms = FIRST_REST_MS;

	for (int64_t i = 0; i < silent && rest_ms < LONGEST_REST_MS; i++)
		rest_ms *= 2;
	if (rest_ms > LONGEST_REST_MS)
		rest_ms = LONGEST_REST_MS;
	if (!silent) {
		json_put_number(health, "since", wall(site->operation));
		tell(site, "machine-left-out", err->text, err->remedy);
	}
	json_put_number(health, "silent", silent + 1);
	json_put_number(health, "again", wall(site->operation) + rest_ms);
	json_put_text(health, "why", err->text);
	json_put_text(health, "remedy", err->remedy);
}

static void note_answer(const struct site *site, json_t *health)
{
	static const char *const over[] = {"silent", "since", "again", "why", "remedy"};

	for (size_t i = 0; i < COUNT_OF(over); i++)
		json_object_del(health, over[i]);
	tell(site, "machine-back", "it answers again", NULL);
}

void host_answered(struct site *site, const struct error *err)
{
	/* An operation asks several times; whoever keeps an application goes on for ever. */
	bool noted = site->silence_noted && !site->operation->verb->rest;
	if (!site->pooled || says_nothing(err->code) || (err->code && noted))
		return;
	owned_json health = health_of(site);
	if (!health || (!err->code && !json_number(health, "silent", 0)))
		return;
	site->silence_noted = err->code;
	if (err->code)
		note_silence(site, health, err);
	else
		note_answer(site, health);
	keep_health(site, health);
}

static bool any_answered(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->pooled && site->listed)
			return true;
	return false;
}

bool host_excused(const struct site *site)
{
	struct berth_operation *operation = site->operation;

	return site->pooled && any_answered(operation) && !is_known_at(operation, site);
}

/* What is to be gone has to be seen. */
bool host_must_answer(const struct site *site)
{
	struct berth_operation *operation = site->operation;

	if (!site->pooled || !any_answered(operation))
		return true;
	return operation->verb == &verb_destroy && (is_known_at(operation, site) || others_know(operation));
}

void hosts_warn(struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->same)
			operation_warn(operation,
				       "%s and %s are one machine: it is used once, by the first name; write "
				       "each machine once",
				       site->same->location.name, site->location.name);
		else if (site->pooled && site->failed)
			operation_warn(operation, "%s is left out%s: %s", site->location.name,
				       is_known_at(operation, site) ? ", and what runs there is not known"
								    : "",
				       site_error(site)->text);
}

/* --- those where things cannot be installed -------------------------------------------------- */

bool host_avoided(const struct site *site)
{
	owned_json health = health_of(site);

	return json_number(health, "failed", 0) >= TOO_MANY;
}

json_t *host_health_json(const struct site *site)
{
	return health_of(site);
}

static bool is_the_machines(enum code code)
{
	return code == ERR_FAILED || code == ERR_DENIED || code == ERR_UNVERIFIED || code == ERR_UNSUPPORTED;
}

static void note_attempt(const struct work *work)
{
	const struct site *site = work->site;
	bool runs = work->instance->phase == PHASE_RUNNING || work->instance->phase == PHASE_FINISHED;
	bool failed = work->instance->phase == PHASE_BROKEN && is_the_machines(error_of(work)->code);
	owned_json health = health_of(site);

	if (!health || (!failed && !(runs && json_number(health, "failed", 0))))
		return;
	if (failed) {
		json_put_number(health, "failed", json_number(health, "failed", 0) + 1);
		json_put_text(health, "failure", error_of(work)->text);
	} else {
		json_object_del(health, "failed");
		json_object_del(health, "failure");
	}
	keep_health(site, health);
}

/* --- where each is -------------------------------------------------------------------------- */

void host_remember(const struct work *work, const char *name)
{
	struct berth_operation *operation = work->operation;

	if (work->site->pooled)
		store_put_machine(operation->berth->store, operation->application->id, name,
				  identity_of(work->site));
}

bool host_moved(const struct work *work, const char *name)
{
	struct berth_operation *operation = work->operation;

	if (!work->site->pooled)
		return false;
	json_decref(give(operation->machines)); /* somebody else wrote it */
	const char *machine = json_text(host_machines(operation), name);
	return machine && strcmp(machine, identity_of(work->site)) != 0;
}

void hosts_conclude(struct berth_operation *operation)
{
	hosts_note_unknown(operation);
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct instance *instance = work->instance;
		if (!work->site->pooled || !instance->wanted)
			continue;
		const char *name = settled_name(instance);
		const char *was = name ? json_text(host_machines(operation), name) : NULL;
		if (name && instance->seen && (!was || strcmp(was, identity_of(work->site)) != 0))
			host_remember(work, name);
		if (work->made && work->action != ACTION_UNCHANGED && !work->hopeless)
			note_attempt(work);
	}
}

void hosts_release(struct berth_operation *operation)
{
	json_decref(give(operation->host_health));
	json_decref(give(operation->machines));
}
