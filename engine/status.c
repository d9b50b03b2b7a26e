/* status.c - what runs where: one application in full, or all of them in a line each. */
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "engine/deploy.h"
#include "engine/specs.h"

/* Every application the store knows may be at a location that nothing else names. */
static int open_all(struct berth_operation *operation, struct error *err)
{
	owned_json names = NULL;
	size_t i;
	json_t *name;
	struct error why = {0};
	if (store_applications(operation->berth->store, &names, &why))
		operation_warn(operation, "%s; only what the known locations have is shown", why.text);
	json_array_foreach (names, i, name) {
		stored_application_free(operation->stored);
		operation->stored = NULL;
		if (store_application(operation->berth->store, json_string_value(name), &operation->stored,
				      err) ||
		    sites_open_known(operation, false, err))
			return -1;
	}
	return sites_open_known(operation, true, err);
}

int status_open(struct berth_operation *operation, struct error *err)
{
	if (operation->blueprint) {
		/* Unbound names matter to a deploy; here they are only nowhere to look. */
		struct error ignored = {0};
		sites_assign(operation, &ignored);
	}
	bool know_where = operation->stored || operation->sites;
	return sites_open_known(operation, !know_where, err) ? -1 : sites_open_flags(operation, err);
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	bool one = operation->request.app || operation->request.blueprint;
	if (operation->request.remembered) {
		status_remembered(operation);
		return false;
	}
	if (one && operation_read_blueprint(operation))
		return false;
	if (sites_bind(operation, err) || (one ? status_open(operation, err) : open_all(operation, err)))
		return stage_failed(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

static json_t *unreachable_json(const struct berth_operation *operation)
{
	json_t *list = json_array();
	for (const struct site *site = operation->sites; site; site = site->next) {
		if (!site->failed)
			continue;
		json_t *entry = json_object();
		json_put_text(entry, "location", site->location.name);
		json_put_text(entry, "error", site_error(site)->text);
		json_put_text(entry, "remedy", site_error(site)->remedy);
		json_add(list, entry);
	}
	return list;
}

/* Foreseen attachments of what does not run, so that links can be told. */
static void settle_links(struct berth_operation *operation)
{
	struct error ignored = {0};
	if (!operation->blueprint || publications_settle(operation, &ignored))
		return;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct instance *instance = operation->works[i]->instance;
		if (instance->seen && instance->seen->state == SEEN_RUNNING) {
			instance->attachments = instance->seen->attachments;
			instance->attachment_count = instance->seen->attachment_count;
		}
	}
}

/* What runs but was never seen to answer is still starting, as far as anybody remembers. */
void status_unready(struct berth_operation *operation)
{
	for (size_t i = 0; operation->stored && i < operation->work_count; i++) {
		struct instance *instance = operation->works[i]->instance;
		if (instance->wanted && instance->seen && !instance_known_ready(instance))
			instance->phase = PHASE_STARTING;
	}
}

/* Of one that is not seen, though its location answers. */
static enum berth_outcome outcome_of_unseen(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const char *why = work->site->failed ? NULL : unseen_because(work);
		if (!why)
			continue;
		fail(operation_error(operation), ERR_UNREACHABLE, "nobody knows how %s is: %s",
		     work->instance->name, why);
		return BERTH_UNREACHABLE;
	}
	return BERTH_OK;
}

static enum berth_outcome outcome_of_survey(struct berth_operation *operation)
{
	const struct site *failed = survey_failure(operation);
	if (!failed)
		return outcome_of_unseen(operation);
	blame_site(operation_error(operation), failed, site_error(failed));
	return outcome_of(site_error(failed)->code);
}

/* Nothing else of it was found. */
static bool fail_only_claimed(struct berth_operation *operation)
{
	const char *app = operation->application->id;
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.claim_count; i++) {
			const struct inventory_claim *claim = &site->inventory.claims[i];
			bool ours = strcmp(claim->owner_id, operation->berth->owner.id) == 0;
			if (strcmp(claim->app, app) != 0)
				continue;
			fail(operation_error(operation), ERR_MISSING,
			     "of `%s` there is but the claim of %s at %s", app, claim->owner_words,
			     site->location.name);
			remedy(operation_error(operation), "`berth destroy %s%s --location %s=%s` removes it",
			       app, ours ? "" : " --adopt", site->location.name, site->origin);
			return true;
		}
	return false;
}

int fail_unknown_app(struct berth_operation *operation)
{
	if (fail_only_claimed(operation))
		return -1;
	fail(operation_error(operation), ERR_MISSING, "nothing of `%s` is known here",
	     operation->application->id);
	remedy(operation_error(operation),
	       "`berth status` lists what is; --location NAME=SPEC asks another place");
	return -1;
}

json_t *status_document(struct berth_operation *operation, bool answered)
{
	recall_failures(operation);
	settle_links(operation);
	if (!answered)
		status_unready(operation);
	json_t *document = document_new(operation->application->id);
	if (operation->stored)
		json_put_number(document, "revision", operation->stored->revision);
	json_put_text(document, "state", report_state(operation));
	report_components(operation, document);
	if (operation->blueprint && operation->blueprint->group_count)
		json_put(document, "groups", groups_json(operation));
	json_put(document, "unreachable", unreachable_json(operation));
	return document;
}

static void finish_one(struct berth_operation *operation)
{
	if (survey_match(operation)) {
		fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	enum berth_outcome outcome = outcome_of_survey(operation);
	json_t *document = status_document(operation, false);
	if (outcome == BERTH_OK && !operation->blueprint && !operation->work_count) {
		fail_unknown_app(operation);
		outcome = BERTH_FAILED;
	}
	operation_finish(operation, outcome, document);
}

/* --- all applications ----------------------------------------------------------------------- */

static const char *owner_of(const struct berth_operation *operation, const char *app)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.claim_count; i++)
			if (strcmp(site->inventory.claims[i].app, app) == 0)
				return site->inventory.claims[i].owner_words;
	return NULL;
}

struct tally {
	json_t *list;
	struct map *by_app;
};

static json_t *line_of(struct tally *tally, const char *app)
{
	json_t *line = map_get(tally->by_app, app);
	if (line)
		return line;
	line = json_object();
	json_put_text(line, "app", app);
	json_put_number(line, "instances", 0);
	json_put_number(line, "running", 0);
	json_put_number(line, "finished", 0);
	json_put_number(line, "broken", 0);
	json_put(line, "locations", json_array());
	json_add(tally->list, line);
	return map_put(&tally->by_app, app, line) ? NULL : line;
}

static void count_instance(struct tally *tally, const struct site *site, const struct observed *seen)
{
	json_t *line = seen->late_double ? NULL : line_of(tally, seen->app);
	if (!line)
		return;
	json_put_number(line, "instances", json_number(line, "instances", 0) + 1);
	json_put_number(line, "running", json_number(line, "running", 0) + (seen->state == SEEN_RUNNING));
	bool ended = seen->job && seen->state == SEEN_STOPPED && seen->exit_code != 0;
	bool broken = ended || seen->state == SEEN_RESTARTING || seen->state == SEEN_BROKEN;
	json_put_number(line, "broken", json_number(line, "broken", 0) + broken);
	if (seen->state == SEEN_UNKNOWN)
		json_put_number(line, "unknown", json_number(line, "unknown", 0) + 1);
	bool finished = seen->job && seen->state == SEEN_STOPPED && seen->exit_code == 0;
	json_put_number(line, "finished", json_number(line, "finished", 0) + finished);
	json_t *locations = json_object_get(line, "locations");
	size_t count = json_array_size(locations);
	const char *last = count ? json_string_value(json_array_get(locations, count - 1)) : NULL;
	if (!last || strcmp(last, site->location.name) != 0)
		json_add(locations, json_string(site->location.name));
}

/* In the words of one application's status, as far as instances alone tell. */
static const char *state_of_line(const json_t *line)
{
	int64_t instances = json_number(line, "instances", 0), running = json_number(line, "running", 0),
		finished = json_number(line, "finished", 0);
	if (!instances)
		return "absent";
	if (json_number(line, "unknown", 0) || json_number(line, "broken", 0))
		return json_number(line, "unknown", 0) ? "unknown" : "broken";
	if (running + finished < instances)
		return running ? "unhealthy" : "stopped";
	return running ? "running" : "finished";
}

/* Whose it is, though nothing of it is there. */
static void count_claim(struct tally *tally, const struct site *site, const struct inventory_claim *claim)
{
	json_t *line = line_of(tally, claim->app);
	json_t *locations = json_object_get(line, "locations");
	if (line && !json_number(line, "instances", 0))
		json_add(locations, json_string(site->location.name));
}

static void finish_all(struct berth_operation *operation)
{
	struct tally tally = {.list = json_array()};
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			count_instance(&tally, site, &site->inventory.instances[i]);
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.claim_count; i++)
			count_claim(&tally, site, &site->inventory.claims[i]);
	size_t i;
	json_t *line;
	json_array_foreach (tally.list, i, line) {
		json_put_text(line, "state", state_of_line(line));
		json_put_text(line, "owner", owner_of(operation, json_text(line, "app")));
	}
	map_release(&tally.by_app);
	enum berth_outcome outcome = outcome_of_survey(operation);
	json_t *document = document_new(NULL);
	json_put(document, "applications", tally.list);
	json_put(document, "unreachable", unreachable_json(operation));
	operation_finish(operation, outcome, document);
}

static void status_step(struct berth_operation *operation)
{
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "interrupted");
		stage_failed(operation);
		return;
	}
	if (operation->stage == STAGE_BEGIN && !begin(operation))
		return;
	if (survey(operation) == PROGRESS_WAITING)
		return;
	if (operation->application)
		finish_one(operation);
	else
		finish_all(operation);
}

const struct verb verb_status = {.name = "status", .step = status_step, .instances_only = true};
