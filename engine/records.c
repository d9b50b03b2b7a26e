/* records.c - what a deploy leaves in the store: the application before anything is made, and in the end the
 * facts and the incarnations that the next one compares with. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/changes.h"
#include "engine/deploy.h"
#include "engine/hosts.h"
#include "engine/lasting.h"
#include "engine/limits.h"

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

/* How large a cluster is to be is remembered by itself: sizes.c. */
static bool sets_size(const struct application *application, const char *setting)
{
	const char *dot = strchr(setting, '.');
	if (!dot || !starts_with(dot, ".instances="))
		return false;
	owned_memory char *id = strndup(setting, (size_t)(dot - setting));
	const struct component *component =
	    id ? application_component((struct application *)application, id) : NULL;
	return component && component->spec && component->spec->cluster;
}

/* The settings that hold for the deploys after this one, too. */
static json_t *lasting_settings(const struct berth_operation *operation)
{
	json_t *list = kept_settings(operation->request.settings);
	for (size_t i = json_array_size(list); i-- > 0;)
		if (sets_size(operation->application, json_string_value(json_array_get(list, i))))
			json_array_remove(list, i);
	return list;
}

static const json_t *pins_of(const struct berth_operation *operation)
{
	return operation->source ? operation->source->pins : NULL;
}

static bool same_pins(const json_t *a, const json_t *b)
{
	return a && b ? json_equal(a, b) : a == b;
}

/* The record that lets later commands find the application, written before anything is made. */
static uint64_t remember(struct berth_operation *operation, const struct known_facts *facts)
{
	const struct berth_request *request = &operation->request;
	const struct stored_application *before = operation->stored;
	struct world *world = operation->berth->world;
	owned_json settings = lasting_settings(operation);
	owned_json locations = sites_remember(operation);
	owned_json variables = source_variables(operation);
	const char *directory = source_directory(operation);
	owned_memory char *blueprint = strndup(request->blueprint, request->blueprint_size);
	if (!settings || !locations || !variables || !directory || !blueprint)
		return 0;
	bool same = before && before->blueprint && strcmp(before->blueprint, blueprint) == 0 &&
		    json_equal(before->settings, settings) && json_equal(before->locations, locations) &&
		    json_equal(before->variables, variables) && same_pins(before->pins, pins_of(operation));
	if (!operation->revision)
		operation->revision = (before ? before->revision : 0) + !same;
	lasting_revise(operation);
	if (same && known_facts_equal(&before->facts, facts))
		return UINT64_MAX; /* nothing to write */
	/* Of one deploy that is one moment, so that what went wrong in it is known to be its own. */
	if (!operation->begun_ms)
		operation->begun_ms = world->ops->wall(world);
	struct stored_application record = {
	    .name = (char *)operation->application->id,
	    .file = (char *)request->file,
	    .directory = (char *)directory,
	    .blueprint = blueprint,
	    .settings = settings,
	    .locations = locations,
	    .variables = variables,
	    .pins = (json_t *)pins_of(operation),
	    .by = (char *)operation->berth->owner.words,
	    .facts = *facts,
	    .revision = operation->revision,
	    .deployed_ms = operation->begun_ms,
	};
	return store_put_application(operation->berth->store, &record);
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
		fail_memory(operation_error(operation));
		return leases_give_up(operation);
	}
	if (number != UINT64_MAX && number > operation->commit)
		operation->commit = number;
	return true;
}

bool records_begin(struct berth_operation *operation)
{
	return remember_facts(operation, facts_before);
}

/* Whether all its instances came to where they were to come, whatever the last listing could tell, or were
 * there from the beginning. */
static bool as_wanted(const struct component *component)
{
	for (size_t i = 0; i < component->instance_count; i++) {
		const struct instance *instance = &component->instances[i];
		bool there = instance->phase == PHASE_RUNNING || instance->phase == PHASE_FINISHED ||
			     (instance->phase == PHASE_STOPPED && instance->work->left_stopped);
		if (instance->wanted && !work_needs_nothing(instance->work) && !there)
			return false;
	}
	return true;
}

/* What a target does not know of it, and so makes no step, may have changed all the same. */
static bool still_holds(const struct component *component, const struct component_facts *facts)
{
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].wanted && !work_needs_nothing(component->instances[i].work))
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
	return facts_of(&room, application, component, component->spec, &facts, &count) ||
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
	return spec && spec->file_digest[0] ? spec->file_digest : work->files;
}

static const char *limits_of(const struct work *work, char line[static LIMITS_NOTE])
{
	const struct component *component = work->instance->component;
	const struct component_spec *spec = made_from(work->instance);
	if (!component->site || !changes_in_place(component) || work->limits_unknown)
		return NULL;
	limits_note(&(struct limits){spec->memory_bytes, spec->nano_cpus, restart_wanted(component, spec)},
		    line);
	return line;
}

/* A component that moved leaves an instance behind that has the name of the new one. */
static bool wanted_elsewhere(const struct instance *instance)
{
	const struct component *component = instance->component;
	return component->spec && component->site &&
	       place_of_ordinal(component, instance->ordinal) != SIZE_MAX;
}

/* An older one, one that is left over, or one that could not be seen, tells nothing worth keeping. */
static bool worth_remembering(const struct work *work)
{
	const struct instance *instance = work->instance;
	bool older_kept = instance->predecessor && instance->predecessor->work->kept;
	if ((work_needs_nothing(work) && !work->followed) || work->action == ACTION_STOP)
		return false;
	if (older_kept || instance->successor || work->leftover || (work->site->failed && !work->target_id))
		return false;
	return instance->wanted || !wanted_elsewhere(instance);
}

/* The old one was kept: what was begun is over, and what was known of it holds, as far as it was certain. */
static uint64_t remember_kept(const struct work *work, const char *name)
{
	struct store *store = work->operation->berth->store;
	const char *app = work->operation->application->id;
	struct stored_instance stored = {0};
	uint64_t number = 0;
	if (store_instance(store, app, name, &stored, NULL) == 0 && stored.target_id &&
	    stored.doubt == NO_DOUBT)
		number = store_put_instance(store, app, name, stored.target_id, stored.ports, stored.files,
					    stored.limits);
	stored_instance_release(&stored);
	return number;
}

/* One that was made, or that a deploy brought to what its blueprint says, is so. Whoever did something else
 * to it leaves files and limits as they were known of that incarnation, and in doubt when they were. */
static uint64_t remember_running(const struct work *work, const char *name, const char *target_id)
{
	struct store *store = work->operation->berth->store;
	const char *app = work->operation->application->id;
	char line[LIMITS_NOTE];
	owned_json ports = ports_of(work);
	if ((!work->operation->verb->decide && !work->tended) || work->fresh)
		return store_put_instance(store, app, name, target_id, ports, files_of(work),
					  limits_of(work, line));
	const struct known_instance *known = known_of(work->operation, name);
	if (!known || !known->target_id || strcmp(known->target_id, target_id) != 0)
		return store_put_instance(store, app, name, target_id, ports, NULL, NULL);
	bool doubtful = known->doubt != NO_DOUBT;
	if (doubtful && !work->followed)
		return 0;
	/* What was told of its links was seen to end well, whatever was begun before. */
	return store_put_instance(store, app, name, target_id, ports,
				  work->followed ? files_of(work) : known->files,
				  doubtful ? NULL : known->limits);
}

/* Its files are those of its spec now; all else of this incarnation is as it was known. */
void remember_told(const struct work *work)
{
	struct berth_operation *operation = work->operation;
	const struct observed *seen = work->instance->seen;
	const char *name = settled_name(work->instance);
	const struct known_instance *known = name ? known_of(operation, name) : NULL;
	if (!known || !known->target_id || known->doubt != NO_DOUBT || !seen || !seen->target_id ||
	    strcmp(known->target_id, seen->target_id) != 0)
		return;
	owned_json ports =
	    known->ports ? json_parse(known->ports, strlen(known->ports), "the numbers of its ports", NULL)
			 : ports_of(work);
	store_put_instance(operation->berth->store, operation->application->id, name, seen->target_id, ports,
			   files_of(work), known->limits);
}

/* The numbers that were picked for it stay; its files and limits are not known of this incarnation. */
void remember_answered(const struct work *work)
{
	struct berth_operation *operation = work->operation;
	const struct observed *seen = work->instance->seen;
	const char *name = settled_name(work->instance);
	const struct known_instance *known = name ? known_of(operation, name) : NULL;
	bool same = known && known->target_id && seen && seen->target_id &&
		    !strcmp(known->target_id, seen->target_id);
	if (!name || !seen || !seen->target_id || same)
		return;
	owned_json ports = known && known->ports ? json_parse(known->ports, strlen(known->ports),
							      "the numbers of its ports", NULL)
						 : ports_of(work);
	store_put_instance(operation->berth->store, operation->application->id, name, seen->target_id, ports,
			   NULL, NULL);
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
		uint64_t number = ready && target_id ? remember_running(work, name, target_id)
						     : store_put_instance(operation->berth->store,
									  operation->application->id, name,
									  NULL, NULL, NULL, NULL);
		if (number > operation->commit)
			operation->commit = number;
	}
}

bool records_end(struct berth_operation *operation)
{
	if (operation->written)
		return true;
	if (!remember_facts(operation, facts_now))
		return false;
	if (sizes_conclude(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	remember_ready(operation);
	hosts_conclude(operation);
	operation->written = true;
	return true;
}

static bool first_of_all(const struct instance *instance)
{
	const struct component *component = instance->component;
	for (size_t i = 0; i < component->instance_count; i++)
		if (!is_first_member(&component->instances[i]))
			return instance == &component->instances[i];
	return false;
}

/* Of each component the image that the first of its instances runs; of a cluster not that of a first member
 * which is another one. */
static json_t *images_now(const struct berth_operation *operation)
{
	json_t *images = json_object();
	for (size_t i = 0; images && i < operation->work_count; i++) {
		const struct instance *instance = operation->works[i]->instance;
		if (instance->wanted && first_of_all(instance) && instance->seen && instance->seen->image_id)
			json_put_text(images, instance->component->id, instance->seen->image_id);
	}
	return images;
}

void records_conclude(struct berth_operation *operation, enum berth_outcome outcome)
{
	owned_json images = operation->revision ? images_now(operation) : NULL;
	/* History only: nobody waits for it. */
	if (images)
		store_put_revision_end(operation->berth->store, operation->application->id,
				       operation->revision, images, (int)outcome);
}
