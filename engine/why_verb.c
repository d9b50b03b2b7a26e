/* why_verb.c - `why`: why an application is not as wanted. What does not run as it should is looked at,
 * asked, and the end of its log is read; the store adds what failed before. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/keeper.h"
#include "engine/operation.h"
#include "engine/reconcile.h"
#include "engine/subjects.h"
#include "engine/why.h"

#define AT_ONCE   8
#define LOG_TAIL  20
#define LOG_LIMIT (16 * 1024)

enum { STEP_LOOK, STEP_ASK, STEP_LOG, STEP_OVER };

/* --- beginning ---------------------------------------------------------------------------------- */

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	struct inquiry *inquiry = arena_array(&operation->arena, struct inquiry, 1);
	if (operation_read_blueprint(operation))
		return false;
	if (!inquiry) {
		fail_memory(err);
		return stage_failed(operation);
	}
	inquiry->end = &inquiry->first;
	operation->verb_state = inquiry;
	if (sites_bind(operation, err) || status_open(operation, err))
		return stage_failed(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

/* --- what stands where ------------------------------------------------------------------------------ */

/* Whether what is planned can be believed: every place answers, and every component has one. */
static bool may_plan(const struct berth_operation *operation)
{
	const struct application *application = operation->application;
	if (!operation->blueprint || survey_failure(operation))
		return false;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (component->spec && component->spec->kind != COMPONENT_EXTERNAL && !component->site)
			return false;
	}
	return true;
}

static void find_owner(const struct berth_operation *operation, struct inquiry *inquiry)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.claim_count; i++) {
			const struct inventory_claim *claim = &site->inventory.claims[i];
			if (strcmp(claim->app, operation->application->id) == 0 &&
			    strcmp(claim->owner_id, operation->berth->owner.id) != 0)
				inquiry->owner = claim->owner_words;
		}
}

static int find_other_command(struct berth_operation *operation, struct inquiry *inquiry)
{
	owned_text words = {0};
	if (!lock_held(operation, operation->application->id, &words))
		return 0;
	inquiry->under_way = arena_text(&operation->arena, text_view(&words));
	return inquiry->under_way ? 0 : -1;
}

/* The words for the command line that deploys it again. */
static int find_commands(struct berth_operation *operation, struct inquiry *inquiry)
{
	struct arena *arena = &operation->arena;
	const struct berth_request *request = &operation->request;
	const char *file = operation->blueprint && request->file ? request->file : "BLUEPRINT";
	const char *directory = operation->blueprint ? source_directory(operation) : NULL;
	owned_text flags = {0};
	for (size_t i = 0; request->locations && request->locations[i]; i++)
		text_format(&flags, " --location %s", request->locations[i]);
	bool relative = directory && file[0] != '/' && file[0] != '<' && !is_url(file);
	inquiry->deploy = relative
			      ? arena_format(arena, "berth deploy %s/%s", directory, file)
			      : arena_format(arena, "berth deploy %s", file[0] == '<' ? "BLUEPRINT" : file);
	inquiry->flags = arena_text(arena, text_view(&flags));
	return inquiry->deploy && inquiry->flags ? 0 : -1;
}

static bool asked_for(const struct berth_operation *operation, const struct instance *instance)
{
	const char *const *names = operation->request.components;
	for (size_t i = 0; names && names[i]; i++)
		if (strcmp(names[i], instance->component->id) == 0 || strcmp(names[i], instance->name) == 0)
			return true;
	return !names || !names[0];
}

static bool is_fine(const struct berth_operation *operation, const struct inquiry *inquiry,
		    const struct work *work, enum phase state)
{
	if (state != PHASE_RUNNING && state != PHASE_FINISHED)
		return false;
	if (operation->blueprint && !work->instance->wanted)
		return false;
	return !inquiry->planned || work->action == ACTION_UNCHANGED;
}

/* By component and ordinal, whatever generation it is. */
static const char *plain_name(struct berth_operation *operation, const struct instance *instance)
{
	return instance_name(&operation->arena, operation->application->id, instance->component->id,
			     instance->ordinal);
}

static int add_finding(struct berth_operation *operation, struct inquiry *inquiry, struct work *work)
{
	struct finding *finding = arena_array(&operation->arena, struct finding, 1);
	const char *name = finding ? plain_name(operation, work->instance) : NULL;
	if (!name)
		return -1;
	*finding = (struct finding){.work = work, .name = name, .state = instance_state(work->instance)};
	const struct hold *hold = keeper_hold(operation->berth, operation->application->id);
	if (finding->state == PHASE_UNHEALTHY && !work->instance->seen->paused &&
	    !(finding->illness = arena_text(&operation->arena, hold_problem(hold, work->instance))))
		return -1;
	*inquiry->end = finding;
	inquiry->end = &finding->following;
	return map_get(operation->verb_names, name) ? 0 : map_put(&operation->verb_names, name, finding);
}

static int find_all(struct berth_operation *operation, struct inquiry *inquiry)
{
	bool named = operation->request.components && operation->request.components[0];
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		bool fine = is_fine(operation, inquiry, work, instance_state(work->instance));
		if (work->instance->successor) /* told with the one that follows it */
			continue;
		if (asked_for(operation, work->instance) && (named || !fine) &&
		    add_finding(operation, inquiry, work))
			return -1;
	}
	return 0;
}

/* --- what was recorded ------------------------------------------------------------------------------ */

/* An older generation's name ends in another way: "app.web.1.g2". */
static struct finding *finding_of(const struct berth_operation *operation, const char *instance)
{
	char name[256];
	const char *generation = instance ? strstr(instance, ".g") : NULL;
	snprintf(name, sizeof name, "%.*s", generation ? (int)(generation - instance) : 255,
		 instance ? instance : "");
	struct finding *finding = map_get(operation->verb_names, name);
	return finding ? finding : map_get(operation->verb_names, instance ? instance : "");
}

static int take_event(struct berth_operation *operation, const json_t *event)
{
	struct arena *arena = &operation->arena;
	struct finding *finding = finding_of(operation, json_text(event, "instance"));
	const char *what = json_text(event, "what"), *text = json_text(event, "text");
	if (!finding || !what)
		return 0;
	const char *time = arena_text(arena, json_text(event, "time"));
	finding->last = arena_text(arena, what);
	finding->last_time = time;
	if (strcmp(what, "running") == 0 || strcmp(what, "finished") == 0) {
		finding->ran_time = time;
		finding->failure = finding->failure_time = finding->failure_remedy = NULL;
	} else if (strcmp(what, "broken") == 0) {
		finding->failure = arena_text(arena, text ? text : "nobody recorded why");
		finding->failure_time = time;
		const char *remedy = json_text(event, "remedy");
		finding->failure_remedy = remedy ? arena_text(arena, remedy) : NULL;
	}
	return time && finding->last ? 0 : -1;
}

static int read_events(struct berth_operation *operation, const struct inquiry *inquiry)
{
	struct error err = {0};
	owned_json events = NULL;
	size_t i;
	json_t *event;
	if (!inquiry->first)
		return 0;
	if (store_events(operation->berth->store, operation->application->id, 0, &events, &err))
		operation_warn(operation, "%s; what failed before is not known", err.text);
	json_array_foreach (events, i, event)
		if (take_event(operation, event))
			return -1;
	return 0;
}

static bool surveyed(struct berth_operation *operation)
{
	struct inquiry *inquiry = operation->verb_state;
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	if (!stage_matched(operation))
		return false;
	if (!operation->blueprint && !operation->work_count && !survey_failure(operation)) {
		fail_unknown_app(operation);
		return stage_failed(operation);
	}
	operation->stage = STAGE_LOOK;
	inquiry->remembered = operation->stored != NULL;
	return true;
}

/* --- what would be changed --------------------------------------------------------------------------- */

/* Why it cannot be planned is worth telling, and no failure of ours. */
static bool looked(struct berth_operation *operation)
{
	struct inquiry *inquiry = operation->verb_state;
	inquiry->may_plan = may_plan(operation);
	enum progress progress =
	    inquiry->may_plan ? plan_look(operation, &inquiry->plan_error) : PROGRESS_DONE;
	if (progress == PROGRESS_WAITING)
		return false;
	inquiry->may_plan &= progress == PROGRESS_DONE;
	operation->stage = STAGE_PLAN;
	return true;
}

static bool compared(struct berth_operation *operation)
{
	struct inquiry *inquiry = operation->verb_state;
	if (inquiry->may_plan) {
		enum progress progress = plan_make(operation, &inquiry->plan_error);
		if (progress == PROGRESS_WAITING) {
			operation_wake_after(operation, 1);
			return false;
		}
		inquiry->planned = progress == PROGRESS_DONE;
	}
	recall_failures(operation);
	status_unready(operation);
	find_owner(operation, inquiry);
	if (find_other_command(operation, inquiry) || find_commands(operation, inquiry) ||
	    find_all(operation, inquiry) || read_events(operation, inquiry)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	operation->stage = STAGE_WORK;
	return true;
}

/* --- looking at each ------------------------------------------------------------------------------- */

/* What is there bears this name; one that a change would make is looked at in the one that it follows. */
static const char *name_there(const struct work *work)
{
	return work->instance->seen ? work->instance->seen->name : work->instance->name;
}

/* What it was listed as may be over by now. */
static void take_look(struct finding *finding)
{
	struct instance *instance = finding->work->instance;
	finding->moved = instance->seen->state != finding->looked.state;
	instance->seen = &finding->looked;
	if (!finding->moved)
		return;
	if (instance->wanted && !instance_known_ready(instance))
		instance->phase = PHASE_STARTING;
	finding->state = instance_state(instance);
}

static enum progress look(struct berth_operation *operation, struct finding *finding)
{
	struct work *work = finding->work;
	struct error err = {0};
	enum progress progress =
	    driver_of(work)->look(&work->site->location, &work->errand, operation->application->id,
				  name_there(work), &operation->arena, &finding->looked, &err);
	if (progress == PROGRESS_DONE)
		take_look(finding);
	return progress;
}

static enum progress ask(struct berth_operation *operation, struct finding *finding)
{
	struct work *work = finding->work;
	if (!work->spec || strcmp(work->spec->name, name_there(work)) != 0) {
		work->spec = arena_array(&operation->arena, struct instance_spec, 1);
		if (!work->spec || spec_outline(work, &operation->arena, work->spec))
			return PROGRESS_FAILED;
		work->spec->name = name_there(work);
	}
	enum progress progress = instance_ask(work, &finding->silence);
	finding->asked = progress != PROGRESS_WAITING;
	if (progress == PROGRESS_DONE)
		finding->silence = (struct error){0};
	return progress;
}

static void keep_log(void *owner, bool errors, const char *bytes, size_t count)
{
	struct work *work = owner;
	(void)errors;
	if (work->log.length < LOG_LIMIT)
		text_add_printable(&work->log, bytes, count);
}

static enum progress read_log(const struct berth_operation *operation, struct work *work)
{
	static const struct log_options tail = {.tail = LOG_TAIL};
	struct error err = {0};
	return driver_of(work)->logs(&work->site->location, &work->errand, operation->application->id,
				     name_there(work), &tail, keep_log, work, &err);
}

/* Whether this step has something to tell about it. */
static bool is_worth(const struct finding *finding, int step)
{
	const struct instance *instance = finding->work->instance;
	const struct observed *seen = instance->seen;
	bool fine = finding->state == PHASE_RUNNING || finding->state == PHASE_FINISHED;
	if (!seen || unseen_because(finding->work))
		return false;
	switch (step) {
	case STEP_LOOK:
		return !fine;
	case STEP_ASK:
		return finding->state == PHASE_STARTING && instance->wanted && finding->work->ports;
	default: /* of one that was stopped nobody wonders */
		if (seen->state == SEEN_STOPPED && finding->last && strcmp(finding->last, "stopped") == 0)
			return false;
		return !fine && seen->state != SEEN_CREATED && (!finding->asked || finding->silence.code);
	}
}

/* True when all that can be found out was. */
static bool inspect(struct berth_operation *operation, struct finding *finding)
{
	static const enum doing doings[] = {DOING_LOOK, DOING_PROBE, DOING_LOGS};
	struct work *work = finding->work;
	for (; finding->step < STEP_OVER; finding->step++) {
		if (work->doing == DOING_NOTHING && !is_worth(finding, finding->step))
			continue;
		work->doing = doings[finding->step];
		enum progress progress = finding->step == STEP_LOOK  ? look(operation, finding)
					 : finding->step == STEP_ASK ? ask(operation, finding)
								     : read_log(operation, work);
		if (progress == PROGRESS_WAITING)
			return false;
		work->doing = DOING_NOTHING;
	}
	return true;
}

static bool inspected(struct berth_operation *operation)
{
	const struct inquiry *inquiry = operation->verb_state;
	size_t flying = 0;
	for (struct finding *finding = inquiry->first; finding && flying < AT_ONCE;
	     finding = finding->following)
		flying += !inspect(operation, finding);
	return flying == 0;
}

/* --- in a document --------------------------------------------------------------------------------- */

/* Since when it is in that state: what the target says, else what was recorded of that very state. */
static json_t *since_json(const struct finding *finding)
{
	const struct observed *seen = finding->work->instance->seen;
	bool runs = finding->state == PHASE_RUNNING || finding->state == PHASE_STARTING;
	if (unseen_because(finding->work))
		return json_null();
	if (runs && seen && seen->started_ms)
		return json_moment(seen->started_ms);
	bool recorded = finding->last && strcmp(finding->last, phase_name(finding->state)) == 0;
	return recorded && finding->last_time ? json_string(finding->last_time) : json_null();
}

static json_t *failure_json(const struct finding *finding)
{
	json_t *object = finding->failure ? json_object() : json_null();
	if (finding->failure) {
		json_put_text(object, "time", finding->failure_time);
		json_put_text(object, "text", finding->failure);
		if (finding->failure_remedy)
			json_put_text(object, "remedy", finding->failure_remedy);
	}
	return object;
}

static json_t *finding_json(const struct finding *finding)
{
	static const char *const who[] = {[WHO_NOBODY] = "nobody",
					  [WHO_YOU] = "you",
					  [WHO_ADMINISTRATOR] = "administrator",
					  [WHO_OWNER] = "owner"};
	struct work *work = finding->work;
	bool log = work->log.length > 0;
	json_t *object = json_object();
	json_put_text(object, "component", work->instance->component->id);
	json_put_text(object, "instance", finding->name);
	json_put_text(object, "location", work->site->location.name);
	json_put_text(object, "state", phase_name(finding->state));
	json_put_text(object, "why", text_view(&finding->why));
	json_put(object, "since", since_json(finding));
	json_put(object, "last_failure", failure_json(finding));
	json_put_text(object, "who", who[finding->who]);
	json_put_text(object, "remedy", text_view(&finding->remedy));
	json_put_text(object, "next", text_view(&finding->next));
	json_put(object, "log", log ? log_lines(work) : json_array());
	return object;
}

static json_t *findings_json(const struct berth_operation *operation)
{
	const struct inquiry *inquiry = operation->verb_state;
	json_t *list = json_array();
	for (struct finding *finding = inquiry->first; finding; finding = finding->following) {
		finding_explain(operation, inquiry, finding);
		json_add(list, finding_json(finding));
		text_release(&finding->why);
		text_release(&finding->remedy);
		text_release(&finding->next);
	}
	return list;
}

static void add_line(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_line(json_t *list, const char *format, ...)
{
	owned_text line = {0};
	va_list arguments;
	va_start(arguments, format);
	text_vformat(&line, format, arguments);
	va_end(arguments);
	json_add(list, json_string(text_view(&line)));
}

/* What cannot be told, and for want of what. */
static json_t *unknown_json(const struct berth_operation *operation)
{
	const struct inquiry *inquiry = operation->verb_state;
	const struct application *application = operation->application;
	json_t *list = json_array();
	if (!operation->blueprint)
		add_line(list,
			 "what is wanted: the store has no blueprint of it, so all that was found is taken "
			 "to be wanted");
	else if (!inquiry->remembered)
		add_line(list, "what failed before: the store does not know `%s`", application->id);
	if (inquiry->plan_error.code)
		add_line(list, "whether it is as the blueprint says: %s", inquiry->plan_error.text);
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (component->spec && component->spec->kind != COMPONENT_EXTERNAL && !component->site)
			add_line(list, "what is with %s: nothing says where its location is", component->id);
	}
	return list;
}

/* Of the components that are asked for, those policies that have something to say. */
static void add_policies(const struct berth_operation *operation, const struct subject *subject, json_t *list)
{
	const char *const *names = operation->request.components;
	int64_t now_ms = operation->berth->world->ops->wall(operation->berth->world);
	bool named = !names || !names[0];
	for (size_t i = 0; !named && names[i]; i++)
		named = !strcmp(names[i], subject->component->id);
	for (size_t i = 0; named && i < policy_set_count(subject->set); i++) {
		owned_text ignored = {0};
		if (policy_set_explain(subject->set, i, now_ms, "; ", &ignored))
			json_add(list, policy_document(subject, i, now_ms));
	}
}

static void tell_policies(const struct berth_operation *operation, const struct subjects *subjects,
			  json_t *document)
{
	json_t *list = json_array();
	for (size_t i = 0; i < subjects->count; i++)
		add_policies(operation, &subjects->list[i], list);
	json_put(document, "policies", list);
	json_put(document, "kept", subjects->count ? json_boolean(subjects->kept) : json_null());
}

/* Without their memory the rest is told all the same. */
static void find_policies(struct berth_operation *operation, struct subjects *ret)
{
	const struct hold *hold = keeper_hold(operation->berth, operation->application->id);
	struct error before = *operation_failure(operation);
	if (hold ? subjects_of_hold(operation, hold, ret) : subjects_of_store(operation, ret))
		operation_warn(operation, "%s; what its policies remember is not known",
			       operation_failure(operation)->text);
	*operation_error(operation) = before;
}

static bool told(struct berth_operation *operation)
{
	struct inquiry *inquiry = operation->verb_state;
	const struct site *failed = survey_failure(operation);
	json_t *document = document_new(operation->application->id);
	struct subjects subjects = {0};
	struct error ignored = {0};
	owned_json stopped = NULL;
	find_policies(operation, &subjects);
	store_stopped(operation->berth->store, operation->application->id, &stopped, &ignored);
	inquiry->policies = &subjects;
	inquiry->stopped = stopped;
	json_put_text(document, "state", report_state(operation));
	json_put_text(document, "under_way", inquiry->under_way);
	json_put_text(document, "owner", inquiry->owner);
	json_put(document, "findings", findings_json(operation));
	json_put(document, "unknown", unknown_json(operation));
	tell_policies(operation, &subjects, document);
	inquiry->policies = NULL;
	inquiry->stopped = NULL;
	subjects_release(&subjects);
	if (failed)
		blame_site(operation_error(operation), failed, site_error(failed));
	operation_finish(operation, outcome_of(operation_failure(operation)->code), document);
	return false;
}

static bool worked(struct berth_operation *operation)
{
	const struct inquiry *inquiry = operation->verb_state;
	const char *const *names = operation->request.components;
	if (names && names[0] && !inquiry->first) {
		fail(operation_error(operation), ERR_MISSING, "`%s` has no component `%s`",
		     operation->application->id, names[0]);
		return stage_misnamed(operation);
	}
	return inspected(operation) && told(operation);
}

static void why_step(struct berth_operation *operation)
{
	static bool (*const stages[])(struct berth_operation *) = {[STAGE_BEGIN] = begin,
								   [STAGE_SURVEY] = surveyed,
								   [STAGE_LOOK] = looked,
								   [STAGE_PLAN] = compared,
								   [STAGE_WORK] = worked};
	if (operation->cancelled) {
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "not all answered in time" : "interrupted");
		stage_failed(operation);
		return;
	}
	while (!operation->done && stages[operation->stage](operation))
		;
}

const struct verb verb_why = {.name = "why", .step = why_step};
