/* deploy.c - plan and deploy, stage by stage: bring an application to what its blueprint says, or only tell
 * how. */
#include "engine/deploy.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/awaited.h"
#include "engine/hosts.h"
#include "engine/operation.h"

bool stage_failed(struct berth_operation *operation)
{
	if (operation_failure(operation)->code == ERR_INVALID && operation->diagnostics.errors)
		operation_finish(operation, BERTH_INVALID, validation_document(operation));
	else
		operation_fail(operation, operation_error(operation));
	return false;
}

bool stage_misnamed(struct berth_operation *operation)
{
	operation_finish(operation, BERTH_USAGE, document_new(operation_app(operation)));
	return false;
}

void blame_site(struct error *ret, const struct site *site, const struct error *why)
{
	struct error err = *why;
	if (strstr(err.text, site->location.name))
		fail(ret, err.code, "%s", err.text);
	else
		fail(ret, err.code, "%s: %s", site->location.name, err.text);
	remedy(ret, "%s", err.remedy);
}

/* Where its components go and went; without a blueprint every place that may have something of it. */
static int open_sites(struct berth_operation *operation, struct error *err)
{
	if (operation->blueprint)
		return sites_assign(operation, err) || sites_open_known(operation, false, err) ? -1 : 0;
	if (sites_open_flags(operation, err))
		return -1;
	return sites_open_known(operation, !operation->stored && !operation->sites, err);
}

/* They are read and checked, but nobody is there who would do what they wish. */
static void warn_of_idle_policies(struct berth_operation *operation)
{
	const struct blueprint *blueprint = operation->blueprint;
	bool any = false;
	for (size_t i = 0; blueprint && i < blueprint->component_count; i++)
		any |= blueprint->components[i].policy_count > 0;
	if (any && operation->verb == &verb_deploy && !operation->berth->keeper)
		operation_warn(operation,
			       "the policies of `%s` wait for a controller: `berth serve` carries them out",
			       operation->application->id);
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	if (!operation->application && operation_read_blueprint(operation))
		return false;
	if (!operation->blueprint && !operation->verb->decide) {
		fail(err, ERR_MISSING, "nothing is known of `%s`: give its blueprint",
		     operation->application->id);
		return stage_failed(operation);
	}
	bool changes = operation->verb->changes && !operation->request.dry_run;
	if (changes ? !lock_ready(operation) : !is_as_expected(operation))
		return false;
	/* What is only stopped or started has its values. */
	if (!operation->verb->decide && environment_complete(operation, err))
		return stage_failed(operation);
	if (sites_bind(operation, err) || open_sites(operation, err))
		return stage_failed(operation);
	warn_of_idle_policies(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

bool work_needs_nothing(const struct work *work)
{
	return work->action == ACTION_UNCHANGED && !work->verify;
}

/* Nor is there anything to take away that a killed deploy left. */
static bool all_settled(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site_has_dead_lease(site))
			return false;
	for (size_t i = 0; i < operation->work_count; i++)
		if (!work_needs_nothing(operation->works[i]) || operation->works[i]->unseen)
			return false;
	return true;
}

static void mark_needed_sites(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next)
		site->needed |= site_has_dead_lease(site);
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		/* One for which there is no machine needs nothing of the one that it is counted to. */
		if (!work_needs_nothing(work) && !host_lacks(work, &(struct error){0}))
			work->site->needed = true;
	}
	/* Who is let in depends on others, wherever these are. */
	for (size_t i = 0; operation->blueprint && i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->instance->wanted && !work->site->failed && site_lets_in(work->site))
			work->site->needed = true;
	}
}

static bool stage_interrupted(struct berth_operation *operation)
{
	fail(operation_error(operation), ERR_CANCELLED, "interrupted; nothing was changed");
	return stage_failed(operation);
}

/* Those that are away beside the one that it fails with; whose keys are unknown is told already. */
static void tell_others(struct berth_operation *operation, const struct site *first, bool keys_told)
{
	enum { TOLD_MOST = 8 };
	size_t count = 0;
	for (const struct site *site = operation->sites; site; site = site->next) {
		if (site == first || site->same || !site->failed || site->silent || !host_must_answer(site) ||
		    (keys_told && site_error(site)->code == ERR_UNVERIFIED) || count++ >= TOLD_MOST)
			continue;
		struct error err = {0};
		blame_site(&err, site, site_error(site));
		operation_warn(operation, "%s%s%s%s", err.text, *err.remedy ? " (" : "", err.remedy,
			       *err.remedy ? ")" : "");
	}
	if (count > TOLD_MOST)
		operation_warn(operation, "and %zu more could not be asked", count - TOLD_MOST);
}

bool stage_surveyed(struct berth_operation *operation)
{
	if (operation->cancelled)
		return stage_interrupted(operation);
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	const struct site *failed = zones_silence(operation);
	size_t unknown = host_keys_tell(operation);
	if (!failed) {
		hosts_warn(operation);
		return true;
	}
	tell_others(operation, failed, unknown > 1);
	blame_site(operation_error(operation), failed, site_error(failed));
	if (unknown > 1 && site_error(failed)->code == ERR_UNVERIFIED)
		remedy(operation_error(operation), "all %zu of them and what takes their keys stand above",
		       unknown);
	return stage_failed(operation);
}

bool stage_matched(struct berth_operation *operation)
{
	if (survey_match(operation) == 0) {
		zones_tell(operation);
		return true;
	}
	if (!operation_failure(operation)->code)
		fail_memory(operation_error(operation));
	return stage_failed(operation);
}

bool stage_planned(struct berth_operation *operation)
{
	if (operation->cancelled)
		return stage_interrupted(operation);
	if (hosts_lacking(operation, operation_error(operation)))
		return stage_failed(operation);
	enum progress progress = plan_make(operation, operation_error(operation));
	if (progress == PROGRESS_WAITING) {
		operation_wake_after(operation, 1); /* who is due at once would keep all others waiting */
		return false;
	}
	if (progress == PROGRESS_FAILED) {
		if (!operation_failure(operation)->code)
			fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	operation->document = plan_document(operation);
	/* What memory failed to tell may be why something is to be done. */
	if (operation->document && !operation_short(operation))
		return true;
	fail_memory(operation_error(operation));
	return stage_failed(operation);
}

bool stage_confirmed(struct berth_operation *operation)
{
	const struct berth_listener *listener = &operation->listener;
	owned_memory char *plan = listener->confirm ? document_line(operation, operation->document) : NULL;
	if (!listener->confirm || (plan && listener->confirm(listener->context, plan)))
		return true;
	fail(operation_error(operation), ERR_CANCELLED, "not confirmed; nothing was changed");
	return stage_failed(operation);
}

static bool planned(struct berth_operation *operation)
{
	if (!stage_planned(operation))
		return false;
	if (!saved_plan_holds(operation))
		return stage_failed(operation);
	operation->stage = STAGE_NAMES;
	return true;
}

static bool decided(struct berth_operation *operation)
{
	enum progress names = saved_plan_names(operation);
	if (names != PROGRESS_DONE)
		return names == PROGRESS_FAILED && stage_failed(operation);
	enum progress there = preflight(operation);
	if (there != PROGRESS_DONE)
		return there == PROGRESS_FAILED && stage_failed(operation);
	if (!operation->verb->changes || operation->request.dry_run) {
		if (saved_plan_add(operation)) {
			fail_memory(operation_error(operation));
			return stage_failed(operation);
		}
		if (!all_settled(operation))
			mark_needed_sites(operation);
		foreign_claim_tell(operation);
		operation_finish(operation, BERTH_OK, give(operation->document));
		return false;
	}
	if (!plan_empty(operation) && !all_settled(operation) && !stage_confirmed(operation))
		return false;
	if (remember_sizes(operation) || sizing_remember(operation) || remember_stopped(operation))
		return stage_failed(operation);
	if (all_settled(operation)) {
		operation->stage = STAGE_COMMIT;
		return true;
	}
	mark_needed_sites(operation);
	lock_describe(operation);
	operation->stage = STAGE_CLAIM;
	return true;
}

static bool surveyed(struct berth_operation *operation)
{
	if (!stage_surveyed(operation) || !stage_matched(operation))
		return false;
	operation->stage = STAGE_LOOK;
	return true;
}

/* The member that is to be replaced is one. */
static bool member_known(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	const struct component *component =
	    operation->resizing.kind == RESIZE_REPLACE
		? application_component(operation->application, request->components[0])
		: NULL;
	if (!component || place_of_ordinal(component, (unsigned)request->count) != SIZE_MAX)
		return true;
	owned_text members = {0};
	for (unsigned i = 0; i < component->size && i < 8; i++)
		text_format(&members, "%s%s.%s.%u", i ? ", " : "", operation->application->id, component->id,
			    component_ordinal(component, i));
	fail(operation_error(operation), ERR_MISSING, "`%s` has no member %lld", component->id,
	     (long long)request->count);
	remedy(operation_error(operation), "%s%s%s", component->size ? "its members are " : "it has nobody",
	       text_view(&members), component->size > 8 ? " and others" : "");
	return stage_misnamed(operation);
}

/* A component that is named and is not there, neither wanted nor found. */
static bool names_known(struct berth_operation *operation)
{
	struct application *application = operation->application;
	for (const char *const *name = operation->request.components; name && *name; name++) {
		if (application_component(application, *name))
			continue;
		owned_memory const char **ids = calloc(application->component_count + 1, sizeof *ids);
		for (size_t i = 0; ids && i < application->component_count; i++)
			ids[i] = application->components[i].id;
		const char *meant = ids ? closest(*name, ids, application->component_count) : NULL;
		fail(operation_error(operation), ERR_MISSING, "`%s` has no component `%s`", application->id,
		     *name);
		if (meant)
			remedy(operation_error(operation), "did you mean `%s`?", meant);
		return stage_misnamed(operation);
	}
	return true;
}

static bool looked(struct berth_operation *operation)
{
	bool decides = !operation->verb->decide;
	if (!operation->blueprint && !operation->work_count) {
		fail_unknown_app(operation);
		return stage_failed(operation);
	}
	if (!names_known(operation) || !member_known(operation))
		return false;
	switch (decides ? plan_look(operation, operation_error(operation)) : PROGRESS_DONE) {
	case PROGRESS_WAITING:
		return false;
	case PROGRESS_FAILED:
		return stage_failed(operation);
	default:
		operation->stage = STAGE_PLAN;
		return true;
	}
}

static bool leased(struct berth_operation *operation)
{
	if (!sites_lease(operation))
		return false;
	operation->stage = STAGE_PREPARE;
	return true;
}

static bool prepared(struct berth_operation *operation)
{
	if (!stopped_remembered(operation))
		return false;
	/* Under the lease: nobody loses an application to somebody who is then refused. */
	if (!hands_noted(operation) || !sites_claim(operation) || !sites_prepare(operation))
		return false;
	if (!records_begin(operation))
		return false;
	if (reconcile_begin(operation, operation_error(operation)))
		return leases_give_up(operation);
	operation->stage = STAGE_WORK;
	return true;
}

static bool released(struct berth_operation *operation)
{
	if (!sites_leave(operation) || !sites_tidy(operation))
		return false;
	operation->stage = STAGE_REVIEW;
	return true;
}

static void leave(struct berth_operation *operation)
{
	fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
	     "%s; the next deploy goes on from there",
	     operation->timed_out ? "the time ran out" : "interrupted");
	operation_finish(operation, BERTH_INTERRUPTED, give(operation->document));
}

/* What was sent, and is not answered, the next one finds. */
static bool is_left(const struct berth_operation *operation)
{
	return operation->abandoned &&
	       (operation->stage == STAGE_LEASE || operation->stage == STAGE_PREPARE ||
		operation->stage == STAGE_RELEASE || operation->stage == STAGE_REVIEW);
}

static bool worked(struct berth_operation *operation)
{
	awaited_step(operation);
	if (!reconcile_turn(operation))
		return false;
	keep_failures(operation);
	if (operation->abandoned) {
		leave(operation);
		return false;
	}
	review_begin(operation);
	operation->stage = STAGE_RELEASE;
	return true;
}

static bool reviewed(struct berth_operation *operation)
{
	enum progress progress = review(operation, operation_error(operation));
	if (progress == PROGRESS_FAILED)
		return stage_failed(operation);
	if (progress == PROGRESS_WAITING)
		return false;
	operation->stage = STAGE_COMMIT;
	return true;
}

static void conclude(struct berth_operation *operation)
{
	json_t *document = give(operation->document);
	enum berth_outcome outcome = report_deploy(operation, document);
	records_conclude(operation, outcome);
	operation_finish(operation, outcome, document);
}

static bool committed(struct berth_operation *operation)
{
	struct error err = {0};
	if (!records_end(operation))
		return false;
	int durable = operation->commit ? store_durable(operation->berth->store, operation->commit, &err) : 1;
	if (!durable)
		return false;
	if (durable < 0)
		operation_warn(operation, "the store could not be written: %s", err.text);
	conclude(operation);
	return false;
}

void deploy_step(struct berth_operation *operation)
{
	static bool (*const stages[])(struct berth_operation *) = {
	    [STAGE_BEGIN] = begin,
	    [STAGE_SURVEY] = surveyed,
	    [STAGE_LOOK] = looked,
	    [STAGE_PLAN] = planned,
	    [STAGE_NAMES] = decided,
	    [STAGE_CLAIM] = stage_claimed,
	    [STAGE_LEASE] = leased,
	    [STAGE_PREPARE] = prepared,
	    [STAGE_WORK] = worked,
	    [STAGE_RELEASE] = released,
	    [STAGE_REVIEW] = reviewed,
	    [STAGE_COMMIT] = committed,
	    [STAGE_GIVE_UP] = leases_given_up,
	};
	while (!operation->done && !is_left(operation) && stages[operation->stage](operation))
		;
	if (!operation->done && is_left(operation))
		leave(operation);
}

const struct verb verb_plan = {.name = "plan", .step = deploy_step, .needs_store = true};
const struct verb verb_deploy = {.name = "deploy", .step = deploy_step, .changes = true, .needs_store = true};
