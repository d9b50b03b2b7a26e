/* report.c - the state of things as documents: components, instances, and what went wrong. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "base/map.h"
#include "base/signals.h"
#include "engine/deploy.h"
#include "engine/hold.h"
#include "engine/hold_sensors.h"
#include "engine/keeper.h"
#include "engine/size_report.h"
#include "engine/specs.h"
#include "policies/cluster.h"

static enum phase phase_of(const struct component *component, const struct observed *seen)
{
	static const enum phase phases[] = {
	    [SEEN_CREATED] = PHASE_PLACING, [SEEN_RUNNING] = PHASE_RUNNING, [SEEN_RESTARTING] = PHASE_BROKEN,
	    [SEEN_STOPPED] = PHASE_STOPPED, [SEEN_BROKEN] = PHASE_BROKEN,   [SEEN_UNKNOWN] = PHASE_UNKNOWN,
	};
	bool job = component->spec ? component->spec->job : seen->job;
	if (seen->paused)
		return PHASE_UNHEALTHY;
	if (seen->stopping)
		return PHASE_STOPPING;
	if (seen->state == SEEN_STOPPED && job)
		return seen->exit_code == 0 ? PHASE_FINISHED : PHASE_BROKEN;
	return phases[seen->state];
}

/* It is there and never ran: somebody is about to start it, or it is left like that. */
static enum phase made_state(const struct work *work)
{
	if (work->operation->verb->changes || work->operation->busy)
		return PHASE_PLACING;
	return error_of(work)->code ? PHASE_BROKEN : PHASE_STOPPED;
}

static enum phase state_seen(const struct instance *instance, const struct observed *seen)
{
	return seen->state == SEEN_CREATED ? made_state(instance->work) : phase_of(instance->component, seen);
}

/* Of all the tasks that the target keeps. */
static enum phase tasks_state(const struct observed *seen)
{
	size_t running = 0;
	for (size_t i = 0; i < seen->task_count; i++)
		running += seen->tasks[i].state == SEEN_RUNNING;
	if (seen->rolling)
		return running ? PHASE_UPDATING : PHASE_STARTING;
	return running < seen->count ? PHASE_STARTING : PHASE_RUNNING;
}

/* In this very handle, by whoever keeps the application. */
static const char *held_problem(const struct instance *instance)
{
	const struct berth_operation *operation = instance->work->operation;
	const struct hold *hold = keeper_hold(operation->berth, operation->application->id);
	return hold && operation != hold->operation ? hold_problem(hold, instance) : NULL;
}

/* What another operation of this handle is bringing it to now, for one that only looks; else PHASE_COUNT. */
static enum phase brought_to(const struct instance *instance)
{
	const struct berth_operation *own = instance->work->operation, *other;
	for (other = own->verb->changes ? NULL : own->berth->operations; other; other = other->next) {
		const char *app =
		    other->verb->changes && !other->done && other->works ? operation_app(other) : NULL;
		const struct work *work =
		    app && !strcmp(app, own->application->id) ? work_named(other, instance->name) : NULL;
		/* What is only asked whether it answers is not about to start. */
		if (work && !work->settled && (work->made || work->instance->phase != PHASE_STARTING))
			return work->instance->phase;
	}
	return PHASE_COUNT;
}

/* What is true of an instance: what the target says, unless this operation knows better or the target is
 * silent. */
enum phase instance_state(const struct instance *instance)
{
	const struct site *site = instance->work->site;
	if (site->failed)
		return PHASE_UNKNOWN;
	const struct instance *older = instance->predecessor;
	bool serves = instance->seen &&
		      (instance->work->answered || instance->work->kept || (older && older->work->kept));
	if (instance->phase == PHASE_BROKEN && !serves)
		return PHASE_BROKEN;
	if (instance->seen && (instance->quarantined || instance->phase == PHASE_QUARANTINED))
		return PHASE_QUARANTINED;
	if (!instance->seen)
		return instance->work->blocked ? PHASE_LINKING : PHASE_ABSENT;
	enum phase doing = brought_to(instance);
	if (doing == PHASE_STOPPING || doing == PHASE_REMOVING)
		return PHASE_STOPPING;
	if (doing == PHASE_STARTING && !instance->seen->paused)
		return PHASE_STARTING;
	if (instance->seen->state == SEEN_RUNNING && instance->phase == PHASE_STARTING &&
	    !instance->seen->paused)
		return PHASE_STARTING;
	if (instance->seen->state == SEEN_RUNNING && keeps_tasks(site))
		return tasks_state(instance->seen);
	enum phase state = state_seen(instance, instance->seen);
	return state == PHASE_RUNNING && held_problem(instance) ? PHASE_UNHEALTHY : state;
}

/* Some did not get ready, or there was no room for them. */
static enum phase fewer_than_asked(const struct component *component, enum phase worst, size_t counted)
{
	bool serves = counted && (worst == PHASE_RUNNING || worst == PHASE_FINISHED);
	bool one = component->site && !component->cluster.zones;
	if (worst == PHASE_UNKNOWN || (one && component->site->failed))
		return PHASE_UNKNOWN;
	return serves ? PHASE_UNHEALTHY : counted ? worst : PHASE_BROKEN;
}

enum phase component_state(const struct component *component)
{
	if (component->spec && component->spec->kind == COMPONENT_EXTERNAL)
		return PHASE_RUNNING; /* taken to be there */
	enum phase worst = PHASE_FINISHED;
	size_t counted = 0;
	static const int badness[PHASE_COUNT] = {
	    [PHASE_FINISHED] = 0, [PHASE_RUNNING] = 1, [PHASE_UPDATING] = 2, [PHASE_STARTING] = 3,
	    [PHASE_PLACING] = 4,  [PHASE_LINKING] = 5, [PHASE_STOPPING] = 6, [PHASE_UNHEALTHY] = 7,
	    [PHASE_STOPPED] = 8,  [PHASE_ABSENT] = 9,  [PHASE_BROKEN] = 10,  [PHASE_UNKNOWN] = 11,
	};
	for (size_t i = 0; i < component->instance_count; i++) {
		const struct instance *instance = &component->instances[i];
		enum phase state = instance_state(instance);
		if (!instance->wanted && (instance->phase == PHASE_GONE || state == PHASE_QUARANTINED))
			continue; /* there are fewer of it now */
		if (instance->work->set_aside || instance->work->discarded)
			state = PHASE_BROKEN;
		counted++;
		if (badness[state] > badness[worst])
			worst = state;
	}
	if (component->spec && component->spec->cluster && component->size < component->cluster.asked)
		return fewer_than_asked(component, worst, counted);
	if (component->spec && has_nobody(component) && !counted) /* as it was asked for */
		return PHASE_RUNNING;
	return counted ? worst : PHASE_ABSENT;
}

const char *report_state(const struct berth_operation *operation)
{
	const struct application *application = operation->application;
	size_t counts[PHASE_COUNT] = {0}, all = 0;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (!component->spec ? !component->instance_count
				     : component->spec->kind == COMPONENT_EXTERNAL)
			continue;
		counts[component_state(component)]++;
		all++;
	}
	if (counts[PHASE_UNKNOWN] || counts[PHASE_BROKEN])
		return phase_name(counts[PHASE_UNKNOWN] ? PHASE_UNKNOWN : PHASE_BROKEN);
	if (counts[PHASE_FINISHED] == all && all)
		return "finished";
	if (counts[PHASE_RUNNING] + counts[PHASE_FINISHED] == all && all)
		return "running";
	if (counts[PHASE_ABSENT] == all)
		return "absent";
	if (counts[PHASE_UPDATING] || counts[PHASE_STARTING] || counts[PHASE_PLACING] ||
	    counts[PHASE_LINKING])
		return "starting";
	/* Part of it runs, or runs and is not well. */
	if (counts[PHASE_RUNNING] || counts[PHASE_UNHEALTHY])
		return "unhealthy";
	return phase_name(counts[PHASE_STOPPING] ? PHASE_STOPPING : PHASE_STOPPED);
}

/* --- one instance --------------------------------------------------------------------------- */

static void write_port(struct text *to, const struct attached_port *port, const struct attachment *published,
		       const struct attached_port *outside)
{
	json_open(to, NULL, '{');
	json_write_number(to, "port", port->port);
	json_write_text(to, "protocol", port->protocol == UDP ? "udp" : "tcp");
	if (outside && outside->number) {
		json_write_number(to, "host_port", outside->number);
		json_write_text(to, "host_address", outside->bound ? outside->bound : published->address);
	}
	json_close(to, '}');
}

/* The port as others reach it from outside, when it is published. */
static const struct attached_port *outside_of(const struct observed *seen, const struct attached_port *port,
					      const struct attachment **ret_at)
{
	for (size_t a = 1; a < seen->attachment_count; a++)
		for (size_t i = 0; i < seen->attachments[a].port_count; i++) {
			const struct attached_port *other = &seen->attachments[a].ports[i];
			if (other->port == port->port && other->protocol == port->protocol) {
				*ret_at = &seen->attachments[a];
				return other;
			}
		}
	return NULL;
}

static void write_ports(struct text *to, const struct observed *seen)
{
	json_open(to, "ports", '[');
	for (size_t i = 0; seen && i < seen->attachments[0].port_count; i++) {
		const struct attached_port *port = &seen->attachments[0].ports[i];
		const struct attachment *at = NULL;
		const struct attached_port *outside = outside_of(seen, port, &at);
		write_port(to, port, at, outside);
	}
	json_close(to, ']');
}

static void write_end(struct text *to, const struct observed *seen)
{
	char name[SIGNAL_NAME], word[SIGNAL_NAME + 3];
	json_write_number(to, "exit_code", seen->exit_code);
	signal_name(seen->signal, name);
	snprintf(word, sizeof word, "SIG%s", name);
	if (*name)
		json_write_text(to, "signal", word);
}

/* Where others find it. What listens nowhere on a machine elsewhere is where that machine is; its own
 * loopback would be taken for this one's. */
static const char *address_of(struct site *site, const struct observed *seen, char *room, size_t size)
{
	const struct attachment *at = &seen->attachments[0];
	bool told = at->port_count || !at->address || !starts_with(at->address, "127.");
	if (told || !site->open || !strcmp(site->spec->type, "localhost") ||
	    site->location.driver->publish_address(&site->location, room, size, NULL))
		return at->address;
	return room;
}

/* `error`: what is wrong with it, or NULL; `failure`: what the last deploy could not do to it. What never ran
 * is nowhere yet, whatever was set aside for it. */
static void write_seen(struct text *to, struct site *site, const struct observed *seen, const char *name,
		       const char *place, enum phase state, const char *error, const char *failure)
{
	char room[64];
	bool somewhere = seen && seen->state != SEEN_CREATED && seen->attachment_count;
	json_open(to, NULL, '{');
	json_write_text(to, "name", name);
	if (place)
		json_write_text(to, "location", place);
	json_write_text(to, "state", phase_name(state));
	json_write_text(to, "target_id", seen ? seen->target_id : NULL);
	json_write_text(to, "address", somewhere ? address_of(site, seen, room, sizeof room) : NULL);
	write_ports(to, somewhere ? seen : NULL);
	if (seen && seen->exits_known)
		json_write_number(to, "exits", seen->exits);
	if (seen && seen->state != SEEN_RUNNING && seen->state != SEEN_CREATED && seen->state != SEEN_UNKNOWN)
		write_end(to, seen);
	if (seen && seen->out_of_memory)
		json_write_flag(to, "out_of_memory", true);
	if (error)
		json_write_text(to, "error", error);
	if (failure)
		json_write_text(to, "last_failure", failure);
	json_close(to, '}');
}

static const char *words_of(const struct observed *seen)
{
	return seen && seen->error && *seen->error ? seen->error : NULL;
}

/* Those that the target made, by its own names; what is wrong with them all stands at the first. */
static void write_tasks(struct text *to, const struct instance *instance, const char *words,
			const char *failure)
{
	for (size_t i = 0; i < instance->seen->task_count; i++) {
		const struct observed_task *task = &instance->seen->tasks[i];
		const struct observed seen = {.state = task->state,
					      .exit_code = -1,
					      .target_id = task->id,
					      .attachments = &task->at,
					      .attachment_count = 1};
		write_seen(to, instance->work->site, &seen, task->id, NULL,
			   phase_of(instance->component, &seen), i ? NULL : words, i ? NULL : failure);
	}
}

/* Where not all of a component are at one place; else NULL. */
static const char *place_of(const struct instance *instance)
{
	return instance->component->cluster.zones ? instance->work->site->location.name : NULL;
}

/* In the middle of an update an ordinal has two. */
static void write_instance(struct text *to, const struct instance *instance)
{
	bool broken = instance->phase == PHASE_BROKEN || instance->phase == PHASE_QUARANTINED;
	if (instance->phase == PHASE_GONE)
		return;
	const struct error *error = error_of(instance->work);
	const char *ill = instance_state(instance) == PHASE_UNHEALTHY ? held_problem(instance) : NULL;
	const char *words = instance->quarantined               ? instance->quarantined->why
			    : broken                            ? error->text
			    : ill                               ? ill
			    : keeps_tasks(instance->work->site) ? NULL
								: words_of(instance->seen);
	const char *failure = !instance->work->operation->verb->changes && error->code ? error->text : NULL;
	if (instance->seen && instance->seen->task_count)
		write_tasks(to, instance, words, failure);
	else
		write_seen(to, instance->work->site, instance->seen, instance->name, place_of(instance),
			   instance_state(instance), words, failure);
	for (const struct sighting *other = instance->others; other; other = other->next)
		write_seen(to, instance->work->site, other->seen, other->seen->name, place_of(instance),
			   state_seen(instance, other->seen), words_of(other->seen), other->failure);
}

static const char *type_of(const struct component *component)
{
	if (component->spec)
		return component->spec->type;
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].seen && component->instances[i].seen->type)
			return component->instances[i].seen->type;
	return "";
}

static void write_links_of(struct text *to, const struct component *component)
{
	/* Without attachments on either side the path is not known yet. */
	if (!component->spec || !component->site || !instances_of(component) ||
	    !component->instances[0].work->ports)
		write_no_links(to);
	else
		write_links(to, &component->instances[0]);
}

/* Those that are texts, as the first of its instances tells them. */
static void write_texts(struct text *to, const struct component *component)
{
	struct work *work = component->instance_count ? component->instances[0].work : NULL;
	for (size_t i = 0; component->spec && i < component->spec->text_count; i++) {
		const struct environment_entry *entry = &component->spec->texts[i];
		owned_text said = {0};
		bool known = work && work->ports && value_show(work, &entry->value, &said);
		json_write_text(to, entry->name, known ? text_view(&said) : NULL);
	}
}

/* By the listing alone. */
static bool is_up(const struct component *component)
{
	size_t members = 0, up = 0;
	if (component->spec && component->spec->kind == COMPONENT_EXTERNAL)
		return true; /* taken to be there */
	for (size_t i = 0; i < component->instance_count; i++, members++)
		up += instance_state(&component->instances[i]) == PHASE_RUNNING;
	return cluster_health(members, up, 0, !has_nobody(component)).up;
}

static void write_sensors(struct text *to, const struct component *component, const struct hold *hold)
{
	const struct held_component *held = hold ? held_component_of(hold, component->id) : NULL;
	json_open(to, "sensors", '{');
	if (!held || !held_write_sensors(held, to))
		json_write_flag(to, "service.isUp", is_up(component));
	write_texts(to, component);
	json_close(to, '}');
	if (held)
		held_write_instance_numbers(held, to);
}

/* What is wrong with tasks that the target keeps is of the component, not of one of them. */
static const char *words_of_tasks(const struct component *component)
{
	const struct instance *first = component->instance_count ? &component->instances[0] : NULL;
	return first && keeps_tasks(first->work->site) && first->phase != PHASE_GONE ? words_of(first->seen)
										     : NULL;
}

static void write_component(struct text *to, const struct berth_operation *operation,
			    const struct component *component, const struct hold *hold, const json_t *stories)
{
	const struct site *site =
	    component->site ? component->site
			    : (component->instance_count ? component->instances[0].work->site : NULL);
	enum phase state = component_state(component);
	json_open(to, NULL, '{');
	json_write_text(to, "id", component->id);
	json_write_text(to, "type", type_of(component));
	json_write_text(to, "location", site ? site->location.name : NULL);
	json_write_text(to, "state", phase_name(state));
	for (size_t i = 0; i < component->cluster.zone_count && !(site && site->failed); i++)
		site = component->cluster.zones[i];
	if (site && site->failed)
		json_write_text(to, "error", site_error(site)->text);
	else if (words_of_tasks(component))
		json_write_text(to, "error", words_of_tasks(component));
	json_open(to, "instances", '[');
	for (size_t i = 0; i < component->instance_count; i++)
		write_instance(to, &component->instances[i]);
	json_close(to, ']');
	write_links_of(to, component);
	if (size_told(component))
		write_size(to, operation, component, hold, json_object_get(stories, component->id));
	write_sensors(to, component, hold);
	json_close(to, '}');
}

static bool all_gone(const struct component *component)
{
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].phase != PHASE_GONE)
			return false;
	return !component->spec;
}

int report_components(struct berth_operation *operation, json_t *document)
{
	const struct application *application = operation->application;
	const struct hold *hold = keeper_hold(operation->berth, application->id);
	struct text *list = document_text(operation, document, "components");
	if (!list)
		return -1;
	owned_json stories = sizing_read(operation);
	text_reserve(list, 512 * application->component_count);
	json_open(list, NULL, '[');
	for (size_t i = 0; i < application->component_count; i++)
		if (!all_gone(&application->components[i]))
			write_component(list, operation, &application->components[i], hold, stories);
	json_close(list, ']');
	return list->failed ? -1 : 0;
}

/* --- what went wrong ------------------------------------------------------------------------ */

static json_t *lines_of(const char *text)
{
	json_t *lines = json_array();
	while (*text) {
		size_t length = strcspn(text, "\n");
		json_add(lines, json_stringn_nocheck(text, length));
		text += length + (text[length] == '\n');
	}
	return lines;
}

static void mask(char *text, const char *secret, size_t length)
{
	for (char *at = text; length >= 4 && (at = strstr(at, secret)); at += length)
		memset(at, '*', length);
}

/* What the instance was given, or would be; for a verb that only looks it is not known yet. */
static const struct instance_spec *spec_given(struct work *work)
{
	const char *waits = NULL;
	struct error ignored = {0};
	if (!work->spec && made_from(work->instance))
		spec_build(work, &waits, &ignored);
	return work->spec;
}

/* A program may print what it was given: the secrets among it are not passed on. */
static void mask_secrets(struct work *work, char *text)
{
	const struct instance_spec *spec = spec_given(work);
	for (size_t i = 0; spec && i < spec->variable_count; i++)
		if (spec->variables[i].secret)
			mask(text, spec->variables[i].value, strlen(spec->variables[i].value));
	for (size_t i = 0; spec && i < spec->file_count; i++) {
		const struct spec_file *file = &spec->files[i];
		owned_memory char *content = file->secret ? strndup(file->content, file->size) : NULL;
		if (content) {
			mask(text, content, strlen(content));
			explicit_bzero(content, strlen(content));
		}
	}
}

json_t *log_lines(struct work *work)
{
	owned_memory char *log = strdup(text_view(&work->log));
	if (!log)
		count_memory_failure();
	else if (*log)
		mask_secrets(work, log);
	return lines_of(log ? log : "");
}

static json_t *failure_json(struct work *work)
{
	json_t *object = json_object();
	json_put_text(object, "component", work->instance->component->id);
	json_put_text(object, "instance", settled_name(work->instance));
	json_put_text(object, "location", work->site->location.name);
	json_put_text(object, "error",
		      error_of(work)->code ? error_of(work)->text : "interrupted before it was as wanted");
	json_put_text(object, "remedy", error_of(work)->code ? error_of(work)->remedy : "");
	if (work->instance->predecessor && work->instance->predecessor->work->kept)
		json_put_text(object, "kept", work->instance->predecessor->name);
	else if (work->kept)
		json_put_text(object, "kept", work->instance->name);
	json_put(object, "log", log_lines(work));
	return object;
}

/* Whoever makes all of it as it is to be could not; others have not to do with it. */
static bool is_missed(const struct work *work)
{
	const struct verb *verb = work->operation->verb;
	return work->unseen && (!work->site->silent || verb == &verb_deploy || verb == &verb_rollback);
}

static bool went_wrong(const struct work *work)
{
	enum phase phase = work->instance->phase;
	return phase == PHASE_BROKEN || (phase == PHASE_QUARANTINED && work->set_aside) || work->blocked ||
	       work->halted || is_missed(work);
}

void keep_failures(struct berth_operation *operation)
{
	json_decref(operation->failures);
	operation->failures = json_array();
	for (size_t i = 0; i < operation->work_count; i++)
		if (went_wrong(operation->works[i]))
			json_add(operation->failures, failure_json(operation->works[i]));
}

bool any_unanswered(const struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if ((work->instance->phase == PHASE_BROKEN || work->unseen) &&
		    (error_of(work)->code == ERR_UNREACHABLE || error_of(work)->code == ERR_TIMED_OUT))
			return true;
	}
	return false;
}

size_t count_instances(const struct berth_operation *operation, bool wrong_only)
{
	struct map *met = NULL;
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct instance *instance = operation->works[i]->instance;
		char key[64];
		snprintf(key, sizeof key, "%p %u", (const void *)instance->component, instance->ordinal);
		if (!wrong_only || went_wrong(operation->works[i]))
			(void)map_put(&met, key, operation->works[i]);
	}
	size_t count = map_count(met);
	map_release(&met);
	return count;
}

/* --- how it ended --------------------------------------------------------------------------- */

/* Of a cluster that has so many members as are enough, those that did not join are no failure of the whole.
 */
static bool is_enough(const struct component *component)
{
	const struct cluster_spec *cluster = component->spec ? component->spec->cluster : NULL;
	size_t well = 0;
	if (!cluster || cluster->quorum < 0)
		return false;
	for (unsigned i = 0; i < instances_of(component); i++) {
		enum phase phase = instance_state(&component->instances[i]);
		well += phase == PHASE_RUNNING || phase == PHASE_FINISHED;
	}
	return cluster_has_started(component->cluster.asked, cluster->quorum, well);
}

static size_t count_failures(struct berth_operation *operation)
{
	size_t count = 0, forgiven = 0;
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (!went_wrong(work))
			continue;
		bool apart = work->set_aside || work->discarded || work->unseen;
		bool enough = apart && is_enough(work->instance->component);
		count += !enough;
		forgiven += enough;
		if (enough && !work->unseen) /* which is told of already */
			operation_warn(operation, "%s did not get ready: %s", work->instance->name,
				       error_of(work)->text);
	}
	/* Some were told that nobody can be asked about any more. */
	size_t told = json_array_size(operation->failures);
	return count || forgiven < told ? told : 0;
}

enum berth_outcome report_deploy(struct berth_operation *operation, json_t *document)
{
	size_t failures = count_failures(operation);
	enum berth_outcome outcome = !failures                   ? BERTH_OK
				     : any_unanswered(operation) ? BERTH_UNREACHABLE
								 : BERTH_FAILED;
	if (operation->cancelled && failures) {
		outcome = BERTH_INTERRUPTED;
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "the time ran out; the next deploy goes on from there"
					  : "interrupted; the next deploy goes on from there");
	} else if (failures) {
		fail(operation_error(operation), outcome == BERTH_FAILED ? ERR_FAILED : ERR_UNREACHABLE,
		     "%zu of %zu instances of `%s` are not as wanted", count_instances(operation, true),
		     count_instances(operation, false), operation->application->id);
		remedy(operation_error(operation),
		       "mend what the messages name and deploy again: it goes on from there");
	}
	json_put_text(document, "outcome",
		      outcome == BERTH_OK ? "ok" : code_name(operation_failure(operation)->code));
	json_put_flag(document, "changed", operation->changed);
	if (operation->revision)
		json_put_number(document, "revision", operation->revision);
	report_components(operation, document);
	json_put(document, "failures", operation->failures ? give(operation->failures) : json_array());
	return outcome;
}
