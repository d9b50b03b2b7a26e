/* destroy.c - remove what belongs to an application, wherever it is; data volumes only when asked. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "engine/deploy.h"
#include "engine/hosts.h"
#include "engine/operation.h"

/* The places where it may be: its blueprint's, the last deploy's, those named for this command. */
static int open_places(struct berth_operation *operation, struct error *err)
{
	struct error unbound = {0};
	if (operation->blueprint && sites_assign(operation, &unbound))
		operation_warn(operation, "%s; every known location is asked", unbound.text);
	if (sites_open_flags(operation, err))
		return -1;
	return sites_open_known(operation, unbound.code || (!operation->stored && !operation->sites), err);
}

/* From here on only what is found counts, and all of it is to go. */
static int forget_blueprint(struct berth_operation *operation)
{
	struct application *found = application_found(operation->application->id);
	if (!found)
		return fail_memory(operation_error(operation));
	hosts_forget(operation);
	application_free(operation->application);
	operation->application = found;
	blueprint_release(operation->retired);
	operation->retired = give(operation->blueprint); /* the sites' specs live in it */
	return 0;
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	if (!operation->application && operation_read_blueprint(operation))
		return false;
	if (operation->request.dry_run ? !is_as_expected(operation) : !lock_ready(operation))
		return false;
	if (sites_bind(operation, err) || open_places(operation, err) || forget_blueprint(operation))
		return stage_failed(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

static bool anything_at(const struct site *site, bool volumes)
{
	const struct inventory *inventory = &site->inventory;
	return inventory->instance_count || inventory->prepared || inventory->claim_count ||
	       site_has_dead_lease(site) || (volumes && inventory->volume_count);
}

static bool decided(struct berth_operation *operation)
{
	bool any = false;
	if (!stage_planned(operation))
		return false;
	for (struct site *site = operation->sites; site; site = site->next)
		any |= site->needed = site->open && anything_at(site, operation->request.volumes);
	if (!any && !operation->stored)
		operation_warn(operation,
			       "nothing of `%s` is known, neither here nor at the locations asked; "
			       "--location NAME=SPEC asks another one",
			       operation->application->id);
	if (operation->request.dry_run) {
		foreign_claim_tell(operation);
		operation_finish(operation, BERTH_OK, give(operation->document));
		return false;
	}
	if (any && !stage_confirmed(operation))
		return false;
	lock_describe(operation);
	operation->stage = STAGE_CLAIM;
	return true;
}

static bool surveyed(struct berth_operation *operation)
{
	if (!stage_surveyed(operation) || !stage_matched(operation))
		return false;
	operation->stage = STAGE_PLAN;
	return true;
}

static bool leased(struct berth_operation *operation)
{
	if (!sites_lease(operation))
		return false;
	if (reconcile_begin(operation, operation_error(operation)))
		return leases_give_up(operation);
	operation->stage = STAGE_WORK;
	return true;
}

static bool worked(struct berth_operation *operation)
{
	if (!reconcile_turn(operation))
		return false;
	keep_failures(operation);
	if (operation->cancelled || json_array_size(operation->failures)) {
		operation->stage = STAGE_COMMIT;
		return true;
	}
	operation->stage = STAGE_RELEASE;
	return true;
}

static bool released(struct berth_operation *operation)
{
	bool waiting = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		struct error err = {0};
		if (!site->needed || site->left)
			continue;
		enum progress progress = site_leave(operation, site, operation->request.volumes, &err);
		waiting |= progress == PROGRESS_WAITING;
		if (progress != PROGRESS_FAILED)
			continue;
		blame_site(operation_error(operation), site, &err);
		operation->stage = STAGE_COMMIT; /* to tell what was removed, and that not all of it was */
		return true;
	}
	if (waiting || !sites_tidy(operation))
		return false;
	operation->stage = STAGE_COMMIT;
	return true;
}

static void write_removed(struct berth_operation *operation, json_t *document)
{
	struct text *list = document_text(operation, document, "removed");
	if (!list)
		return;
	json_open(list, NULL, '[');
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->instance->phase == PHASE_GONE)
			json_write_text(list, NULL, operation->works[i]->instance->name);
	json_close(list, ']');
}

/* Those of the sites that were left with their data removed, or those that were not to be removed. */
static json_t *volumes_json(const struct berth_operation *operation, bool removed)
{
	json_t *list = json_array();
	for (const struct site *site = operation->sites; site; site = site->next) {
		bool told = removed ? operation->request.volumes && site->left : !operation->request.volumes;
		for (size_t i = 0; told && i < site->inventory.volume_count; i++) {
			const struct inventory_volume *volume = &site->inventory.volumes[i];
			json_t *entry = json_object();
			json_put_text(entry, "name", volume->name);
			json_put_text(entry, "location", site->location.name);
			json_put_text(entry, "spec", site->origin);
			json_put_text(entry, "target_name", volume->target_name);
			json_add(list, entry);
		}
	}
	return list;
}

static bool all_left(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->needed && (!site->left || site->untidy))
			return false;
	return true;
}

static enum berth_outcome outcome(struct berth_operation *operation, size_t failures)
{
	if (operation->cancelled) {
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     "%s; destroy again goes on from there",
		     operation->timed_out ? "the time ran out" : "interrupted");
		return BERTH_INTERRUPTED;
	}
	if (failures) {
		size_t count = count_instances(operation, true);
		fail(operation_error(operation), any_unanswered(operation) ? ERR_UNREACHABLE : ERR_FAILED,
		     "%zu %s could not be removed", count, count == 1 ? "instance" : "instances");
		remedy(operation_error(operation),
		       "mend what the messages name and destroy again: it goes on from there");
	}
	return outcome_of(operation_failure(operation)->code);
}

/* Only what is gone from everywhere is forgotten. */
static bool committed(struct berth_operation *operation)
{
	struct error err = {0};
	if (!operation->abandoned && !sites_tidy(operation)) /* whatever became of it, the deploy is over */
		return false;
	size_t failures = json_array_size(operation->failures);
	bool gone = !failures && !operation->abandoned && all_left(operation);
	if (!operation->written && gone && operation->stored)
		operation->commit =
		    store_drop_application(operation->berth->store, operation->application->id);
	operation->written = true;
	int durable = operation->commit ? store_durable(operation->berth->store, operation->commit, &err) : 1;
	if (!durable && !operation->abandoned)
		return false;
	if (durable < 0)
		operation_warn(operation, "the store could not be written: %s", err.text);
	if (gone)
		lock_remove(operation);
	json_t *document = document_new(operation->application->id);
	write_removed(operation, document);
	json_put(document, "removed_volumes", volumes_json(operation, true));
	json_put(document, "kept_volumes", volumes_json(operation, false));
	json_put(document, "failures", operation->failures ? give(operation->failures) : json_array());
	operation_finish(operation, gone ? BERTH_OK : outcome(operation, failures), document);
	return false;
}

static void destroy_step(struct berth_operation *operation)
{
	static bool (*const stages[])(struct berth_operation *) = {
	    [STAGE_BEGIN] = begin,         [STAGE_SURVEY] = surveyed,  [STAGE_PLAN] = decided,
	    [STAGE_CLAIM] = stage_claimed, [STAGE_LEASE] = leased,     [STAGE_WORK] = worked,
	    [STAGE_RELEASE] = released,    [STAGE_COMMIT] = committed, [STAGE_GIVE_UP] = leases_given_up,
	};
	/* Left at once: it is told what is gone, and that the rest is not known to be. */
	if (operation->abandoned && (operation->stage == STAGE_LEASE || operation->stage == STAGE_RELEASE))
		operation->stage = STAGE_COMMIT;
	while (!operation->done && stages[operation->stage](operation))
		;
}

const struct verb verb_destroy = {.name = "destroy", .step = destroy_step, .changes = true};
