/* deploy.c - plan and deploy: bring an application to what its blueprint says, or only tell how. */
#include "engine/deploy.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/operation.h"
#include "engine/specs.h"

bool stage_failed(struct berth_operation *operation)
{
	if (operation->error.code == ERR_INVALID && operation->diagnostics.errors)
		operation_finish(operation, BERTH_INVALID, validation_document(operation));
	else
		operation_fail(operation, &operation->error);
	return false;
}

/* A location's failure in a sentence that names it. */
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

static bool begin(struct berth_operation *operation)
{
	struct error *err = &operation->error;
	if (!operation->application && operation_read_blueprint(operation))
		return false;
	if (!operation->blueprint && !operation->verb->decide) {
		fail(err, ERR_MISSING, "nothing is known of `%s`: give its blueprint",
		     operation->application->id);
		return stage_failed(operation);
	}
	bool changes = operation->verb->changes && !operation->request.dry_run;
	if (changes && !lock_ready(operation))
		return false;
	if (sites_bind(operation, err) || open_sites(operation, err))
		return stage_failed(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

/* It is as wanted, and known to answer: nothing is to be done about it. */
static bool settled(const struct work *work)
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
		if (!settled(operation->works[i]))
			return false;
	return true;
}

static void mark_needed_sites(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next)
		site->needed |= site_has_dead_lease(site);
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (!settled(work))
			work->site->needed = true;
	}
}

/* Values of sensitive names are to be given again: they are nowhere written down. */
json_t *kept_settings(const char *const *settings)
{
	json_t *list = json_array();
	for (; list && settings && *settings; settings++) {
		owned_memory char *name = strndup(*settings, strcspn(*settings, "="));
		if (name && !sensitive_name(name))
			json_add(list, json_string(*settings));
	}
	return list;
}

/* The record that lets later commands find the application, written before anything is made. */
static uint64_t remember(struct berth_operation *operation, const struct known_facts *facts)
{
	const struct berth_request *request = &operation->request;
	const struct stored_application *before = operation->stored;
	struct world *world = operation->berth->world;
	owned_json settings = kept_settings(request->settings);
	owned_json locations = sites_remember(operation);
	owned_json variables = source_variables(operation);
	const char *directory = source_directory(operation);
	owned_memory char *blueprint = strndup(request->blueprint, request->blueprint_size);
	if (!settings || !locations || !variables || !directory || !blueprint)
		return 0;
	bool same = before && before->blueprint && strcmp(before->blueprint, blueprint) == 0 &&
		    json_equal(before->settings, settings) && json_equal(before->locations, locations) &&
		    json_equal(before->variables, variables);
	if (same && known_facts_equal(&before->facts, facts))
		return UINT64_MAX; /* nothing to write */
	struct stored_application record = {
	    .name = (char *)operation->application->id,
	    .file = (char *)request->file,
	    .directory = (char *)directory,
	    .blueprint = blueprint,
	    .settings = settings,
	    .locations = locations,
	    .variables = variables,
	    .facts = *facts,
	    .revision = (before ? before->revision : 0) + !same,
	    .deployed_ms = world->ops->wall(world),
	};
	return store_put_application(operation->berth->store, &record);
}

bool stage_surveyed(struct berth_operation *operation)
{
	if (operation->cancelled) {
		fail(&operation->error, ERR_CANCELLED, "interrupted; nothing was changed");
		return stage_failed(operation);
	}
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	const struct site *failed = survey_failure(operation);
	if (!failed)
		return true;
	blame_site(&operation->error, failed, &failed->error);
	return stage_failed(operation);
}

bool stage_matched(struct berth_operation *operation)
{
	if (survey_match(operation) == 0)
		return true;
	fail_memory(&operation->error);
	return stage_failed(operation);
}

bool stage_planned(struct berth_operation *operation)
{
	if (plan_make(operation, &operation->error)) {
		if (!operation->error.code)
			fail_memory(&operation->error);
		return stage_failed(operation);
	}
	operation->document = plan_document(operation);
	/* What memory failed to tell may be why something is to be done. */
	if (operation->document && !operation_short(operation))
		return true;
	fail_memory(&operation->error);
	return stage_failed(operation);
}

bool stage_confirmed(struct berth_operation *operation)
{
	const struct berth_listener *listener = &operation->listener;
	owned_memory char *plan = listener->confirm ? document_line(operation, operation->document) : NULL;
	if (!listener->confirm || (plan && listener->confirm(listener->context, plan)))
		return true;
	fail(&operation->error, ERR_CANCELLED, "not confirmed; nothing was changed");
	return stage_failed(operation);
}

static bool decided(struct berth_operation *operation)
{
	if (!stage_planned(operation))
		return false;
	if (!saved_plan_holds(operation))
		return stage_failed(operation);
	if (!operation->verb->changes || operation->request.dry_run) {
		if (saved_plan_add(operation)) {
			fail_memory(&operation->error);
			return stage_failed(operation);
		}
		operation_finish(operation, BERTH_OK, give(operation->document));
		return false;
	}
	if (all_settled(operation)) {
		operation->stage = STAGE_COMMIT;
		return true;
	}
	if (!plan_empty(operation) && !stage_confirmed(operation))
		return false;
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
		fail(&operation->error, ERR_INVALID, "`%s` has no component `%s`", application->id, *name);
		if (meant)
			remedy(&operation->error, "did you mean `%s`?", meant);
		return stage_failed(operation);
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
	if (!names_known(operation))
		return false;
	switch (decides ? plan_look(operation, &operation->error) : PROGRESS_DONE) {
	case PROGRESS_WAITING:
		return false;
	case PROGRESS_FAILED:
		return stage_failed(operation);
	default:
		return decided(operation);
	}
}

static void refuse_holder(struct berth_operation *operation, const struct site *site, const char *words)
{
	bool alike = strcmp(words, operation->berth->owner.words) == 0;
	fail(&operation->error, ERR_LOCKED, "`%s` at %s belongs to %s%s", operation->application->id,
	     site->location.name, words, alike ? ", who deployed it with another state folder" : "");
	remedy(&operation->error, "--adopt takes it over");
}

/* As the listings tell it: no call is made just to be refused. */
bool claims_allow(struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.claim_count; i++) {
			const struct inventory_claim *claim = &site->inventory.claims[i];
			if (!site->needed || operation->request.adopt ||
			    strcmp(claim->app, operation->application->id) != 0 ||
			    strcmp(claim->owner_id, operation->berth->owner.id) == 0)
				continue;
			refuse_holder(operation, site, claim->owner_words);
			return stage_failed(operation);
		}
	return true;
}

bool sites_claim(struct berth_operation *operation)
{
	bool waiting = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->needed || site->claimed)
			continue;
		struct error err = {0};
		enum progress progress = site->location.driver->claim(
		    &site->location, &site->errand, operation->application->id, &operation->berth->owner,
		    operation->request.adopt, &site->claim_arena, &site->holder, &err);
		if (progress == PROGRESS_FAILED) {
			blame_site(&operation->error, site, &err);
			return stage_failed(operation);
		}
		if (progress == PROGRESS_DONE && strcmp(site->holder.id, operation->berth->owner.id) != 0) {
			refuse_holder(operation, site, site->holder.words);
			return stage_failed(operation);
		}
		site->claimed = progress == PROGRESS_DONE;
		waiting |= progress == PROGRESS_WAITING;
	}
	return !waiting;
}

/* How many instances will be at this site, and whether any is to be made. */
static size_t instances_at(const struct berth_operation *operation, const struct site *site, bool *ret_making)
{
	size_t count = 0;
	*ret_making = false;
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->site != site || !work->instance->wanted)
			continue;
		count++;
		*ret_making |= work->action == ACTION_CREATE || work->action == ACTION_REPLACE ||
			       work->action == ACTION_RELINK;
	}
	return count;
}

static bool sites_prepare(struct berth_operation *operation)
{
	bool waiting = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		bool making = false;
		struct prepare_request request = {.app = operation->application->id,
						  .instances = instances_at(operation, site, &making)};
		if (!site->needed || site->prepared || !making)
			continue;
		struct error err = {0};
		enum progress progress =
		    site->location.driver->prepare(&site->location, &site->errand, &request, &err);
		if (progress == PROGRESS_FAILED) {
			blame_site(&operation->error, site, &err);
			return stage_failed(operation);
		}
		site->prepared = progress == PROGRESS_DONE;
		waiting |= progress == PROGRESS_WAITING;
	}
	return !waiting;
}

static bool claimed(struct berth_operation *operation)
{
	if (!claims_allow(operation))
		return false;
	operation->stage = STAGE_LEASE;
	return true;
}

static bool leased(struct berth_operation *operation)
{
	if (!sites_lease(operation))
		return false;
	operation->stage = STAGE_PREPARE;
	return true;
}

/* What is known of a component, and that it is protected. */
static int add_protected(struct known_facts *to, const char *component, const struct component_facts *known)
{
	size_t count = known ? known->count : 0, before = 0;
	struct fact_line *lines = arena_array(&to->arena, struct fact_line, count + 1);
	if (!lines)
		return -1;
	while (before < count && strcmp(known->lines[before].path, "protect") < 0)
		before++;
	if (before)
		memcpy(lines, known->lines, before * sizeof *lines);
	lines[before] = (struct fact_line){"protect", "true"};
	if (count > before)
		memcpy(lines + before + 1, known->lines + before, (count - before) * sizeof *lines);
	return known_facts_add(to, (struct component_facts){component, lines, count + 1});
}

static bool is_protected(const struct component *component)
{
	return component && component->spec && component->spec->protect;
}

/* What was known, and what is protected from now on: that holds from the beginning. */
static int facts_before(struct berth_operation *operation, struct known_facts *ret)
{
	static const struct known_facts nothing;
	const struct known_facts *known = operation->stored ? &operation->stored->facts : &nothing;
	struct application *application = operation->application;
	for (size_t i = 0; i < known->count; i++) {
		const struct component_facts *item = &known->items[i];
		bool add = is_protected(application_component(application, item->component)) &&
			   !fact_value(item, "protect");
		if (add ? add_protected(ret, item->component, item) : known_facts_add(ret, *item))
			return -1;
	}
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (is_protected(component) && !known_facts_find(known, component->id) &&
		    add_protected(ret, component->id, NULL))
			return -1;
	}
	known_facts_sort(ret);
	return 0;
}

/* Keep what is known from now on, as `gather` finds it. */
static bool remember_facts(struct berth_operation *operation,
			   int (*gather)(struct berth_operation *, struct known_facts *))
{
	struct known_facts facts = {0};
	if (operation->verb->decide)
		return true;
	uint64_t number = gather(operation, &facts) ? 0 : remember(operation, &facts);
	known_facts_release(&facts);
	if (!number) {
		fail_memory(&operation->error);
		return stage_failed(operation);
	}
	if (number != UINT64_MAX && number > operation->commit)
		operation->commit = number;
	return true;
}

static bool prepared(struct berth_operation *operation)
{
	/* Under the lease: nobody loses an application to somebody who is then refused. */
	if (!sites_claim(operation) || !sites_prepare(operation))
		return false;
	if (!remember_facts(operation, facts_before))
		return false;
	if (reconcile_begin(operation, &operation->error))
		return stage_failed(operation);
	operation->stage = STAGE_WORK;
	return true;
}

/* A location that holds nothing of the application any more is left as it was found. */
static bool deserted(const struct berth_operation *operation, const struct site *site)
{
	bool any = false;
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->site != site)
			continue;
		any = true;
		if (work->instance->wanted || work->instance->phase != PHASE_GONE)
			return false;
	}
	return any;
}

/* Takes away what an application needed once here, then the claim. */
enum progress site_leave(struct berth_operation *operation, struct site *site, bool volumes,
			 struct error *err)
{
	const struct location_driver *driver = site->location.driver;
	const char *app = operation->application->id;
	if (!site->released) {
		enum progress progress = driver->release(&site->location, &site->errand, app, volumes, err);
		if (progress != PROGRESS_DONE)
			return progress;
		site->released = true;
	}
	enum progress progress = driver->disclaim(&site->location, &site->errand, app, err);
	site->left = progress == PROGRESS_DONE;
	return progress;
}

static bool released(struct berth_operation *operation)
{
	bool waiting = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		struct error err = {0};
		if (site->left || operation->cancelled || !deserted(operation, site))
			continue;
		enum progress progress = site_leave(operation, site, false, &err);
		waiting |= progress == PROGRESS_WAITING;
		if (progress == PROGRESS_FAILED) {
			site->left = true;
			operation_warn(operation, "%s: %s", site->location.name, err.text);
		}
	}
	if (waiting || !sites_tidy(operation))
		return false;
	operation->stage = STAGE_REVIEW;
	return true;
}

static bool worked(struct berth_operation *operation)
{
	if (!reconcile_turn(operation))
		return false;
	keep_failures(operation);
	if (operation->abandoned) {
		fail(&operation->error, ERR_CANCELLED, "interrupted; the next deploy goes on from there");
		operation_finish(operation, BERTH_INTERRUPTED, give(operation->document));
		return false;
	}
	review_begin(operation);
	operation->stage = STAGE_RELEASE;
	return true;
}

static bool reviewed(struct berth_operation *operation)
{
	enum progress progress = review(operation, &operation->error);
	if (progress == PROGRESS_FAILED)
		return stage_failed(operation);
	if (progress == PROGRESS_WAITING)
		return false;
	operation->stage = STAGE_COMMIT;
	return true;
}

/* Whether all its instances came to where they were to come, whatever the last listing could tell, or were
 * there from the beginning. */
static bool as_wanted(const struct component *component)
{
	for (size_t i = 0; i < component->instance_count; i++) {
		const struct instance *instance = &component->instances[i];
		if (instance->wanted && !settled(instance->work) && instance->phase != PHASE_RUNNING &&
		    instance->phase != PHASE_FINISHED)
			return false;
	}
	return true;
}

/* What a target does not know of it, and so makes no step, may have changed all the same. */
static bool still_holds(const struct component *component, const struct component_facts *facts)
{
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].wanted && !settled(component->instances[i].work))
			return false;
	return facts && component->spec && !fact_value(facts, "protect") == !component->spec->protect;
}

static bool all_gone(const struct component *component)
{
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].phase != PHASE_GONE)
			return false;
	return true;
}

enum fate { FACTS_STAY, FACTS_GO, FACTS_ARE_NEW };

/* What becomes of what was known of a component. */
static enum fate fate_of(const struct berth_operation *operation, const struct component *component,
			 const struct component_facts *known)
{
	if (!component || !component_meant(operation, component->id))
		return FACTS_STAY;
	if (!component->spec && all_gone(component))
		return FACTS_GO;
	return component->site && as_wanted(component) && !still_holds(component, known) ? FACTS_ARE_NEW
											 : FACTS_STAY;
}

static int add_new(struct known_facts *to, const struct application *application,
		   const struct component *component)
{
	owned_arena room = {0};
	const struct fact *facts = NULL;
	size_t count = 0;
	return facts_of(&room, application, component, &facts, &count) ||
		       facts_keep(to, component->id, facts, count)
		   ? -1
		   : 0;
}

/* The facts of components that run as the blueprint says; of the others what was known before. */
static int facts_now(struct berth_operation *operation, struct known_facts *ret)
{
	static const struct known_facts nothing;
	const struct known_facts *known = operation->stored ? &operation->stored->facts : &nothing;
	struct application *application = operation->application;
	for (size_t i = 0; i < known->count; i++) {
		const struct component_facts *item = &known->items[i];
		const struct component *component = application_component(application, item->component);
		if (fate_of(operation, component, item) == FACTS_STAY && known_facts_add(ret, *item))
			return -1;
	}
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		const struct component_facts *item = known_facts_find(known, component->id);
		if (fate_of(operation, component, item) == FACTS_ARE_NEW &&
		    add_new(ret, application, component))
			return -1;
	}
	known_facts_sort(ret);
	return 0;
}

static json_t *ports_of(const struct work *work)
{
	json_t *ports = json_object();
	for (size_t i = 0; i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		char key[128];
		port_key(key, sizeof key, port);
		uint16_t number = port->host_port ? port->host_port : port->port;
		if (!port->fixed && number && !keeps_tasks(work->site) && (port->published || port->name))
			json_put_number(ports, key, number);
	}
	return ports;
}

/* The digest of the files it has now, which may not be those it was made with. */
static const char *files_of(const struct work *work)
{
	const struct instance_spec *spec = work->spec;
	return spec && spec->file_digest[0] ? spec->file_digest : NULL;
}

/* A component that moved leaves an instance behind that has the name of the new one. */
static bool wanted_elsewhere(const struct instance *instance)
{
	const struct component *component = instance->component;
	return component->spec && component->site && instance->ordinal <= instances_of(component);
}

/* An older one, one that is left over, or one that could not be seen, tells nothing worth keeping. */
static bool worth_remembering(const struct work *work)
{
	const struct instance *instance = work->instance;
	bool older_kept = instance->predecessor && instance->predecessor->work->kept;
	if (settled(work) || work->action == ACTION_STOP)
		return false;
	if (older_kept || instance->successor || work->leftover || (work->site->failed && !work->target_id))
		return false;
	return instance->wanted || !wanted_elsewhere(instance);
}

/* The old one was kept: what was begun is over, and what was known of it holds. */
static uint64_t remember_kept(const struct work *work, const char *name)
{
	struct store *store = work->operation->berth->store;
	const char *app = work->operation->application->id;
	struct stored_instance stored = {0};
	uint64_t number = 0;
	if (store_instance(store, app, name, &stored, NULL) == 0 && stored.target_id)
		number = store_put_instance(store, app, name, stored.target_id, stored.ports, stored.files);
	stored_instance_release(&stored);
	return number;
}

/* What is seen running now has answered: the next deploy need not ask again. Where the last listing failed,
 * what was done is remembered of the incarnation it was done to. */
static void remember_ready(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct instance *instance = work->instance;
		const char *name = settled_name(instance);
		const char *target_id = instance->seen       ? instance->seen->target_id
					: work->site->failed ? work->target_id
							     : NULL;
		bool ready = instance->wanted &&
			     (instance->phase == PHASE_RUNNING || instance->phase == PHASE_FINISHED);
		const struct instance *older = instance->predecessor;
		if (name && older && older->work->kept && !older->work->stepped_aside) {
			uint64_t kept = remember_kept(work, name);
			operation->commit = kept > operation->commit ? kept : operation->commit;
			continue;
		}
		/* There, but not as wanted: the record of what was begun stays, so that it is looked at. */
		bool in_doubt = !ready && instance->wanted && instance->seen;
		if (!name || in_doubt || !worth_remembering(work))
			continue;
		owned_json ports = ready && target_id ? ports_of(work) : NULL;
		uint64_t number = store_put_instance(operation->berth->store, operation->application->id,
						     name, ready ? target_id : NULL, ports, files_of(work));
		if (number > operation->commit)
			operation->commit = number;
	}
}

static bool write_down(struct berth_operation *operation)
{
	if (operation->written)
		return true;
	if (!remember_facts(operation, facts_now))
		return false;
	remember_ready(operation);
	operation->written = true;
	return true;
}

static void conclude(struct berth_operation *operation)
{
	json_t *document = give(operation->document);
	enum berth_outcome outcome = report_deploy(operation, document);
	operation_finish(operation, outcome, document);
}

static bool committed(struct berth_operation *operation)
{
	struct error err = {0};
	if (!write_down(operation))
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
	    [STAGE_BEGIN] = begin,      [STAGE_SURVEY] = surveyed,  [STAGE_LOOK] = looked,
	    [STAGE_CLAIM] = claimed,    [STAGE_LEASE] = leased,     [STAGE_PREPARE] = prepared,
	    [STAGE_WORK] = worked,      [STAGE_RELEASE] = released, [STAGE_REVIEW] = reviewed,
	    [STAGE_COMMIT] = committed,
	};
	while (!operation->done && stages[operation->stage](operation))
		;
}

const struct verb verb_plan = {.name = "plan", .step = deploy_step, .needs_store = true};
const struct verb verb_deploy = {.name = "deploy", .step = deploy_step, .changes = true, .needs_store = true};
