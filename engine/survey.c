/* survey.c - ask every site what is there, and match it with what is wanted. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"

/* The images of the components that go to this site, each once. */
static int gather_images(struct berth_operation *operation, struct site *site)
{
	struct application *application = operation->application;
	size_t count = 0;
	for (size_t i = 0; i < application->component_count; i++)
		count += application->components[i].site == site;
	const char **images = arena_array(&operation->arena, const char *, count + 1);
	struct map *known = NULL;
	if (!images)
		return -1;
	size_t used = 0;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (component->site != site || !component->spec || component->spec->kind != COMPONENT_DOCKER)
			continue;
		const char *image = component->spec->image.familiar;
		if (map_get(known, image))
			continue;
		if (map_put(&known, image, (void *)image)) {
			map_release(&known);
			return -1;
		}
		images[used++] = image;
	}
	map_release(&known);
	site->images = images;
	return 0;
}

static enum progress survey_site(struct berth_operation *operation, struct site *site)
{
	bool brief = operation->verb->instances_only && operation->application;
	if (site->listed || site->failed)
		return PROGRESS_DONE;
	if (!site->images && operation->application && !brief && gather_images(operation, site)) {
		site->failed = true;
		fail_memory(&site->error);
		return PROGRESS_DONE;
	}
	struct list_request request = {.app = operation_app(operation),
				       .instances_only = brief,
				       .images = site->images && site->images[0] ? site->images : NULL};
	enum progress progress = site->location.driver->list(&site->location, &site->errand, &request,
							     &site->inventory, &site->error);
	site->listed = progress == PROGRESS_DONE;
	site->failed = progress == PROGRESS_FAILED;
	return progress == PROGRESS_FAILED ? PROGRESS_DONE : progress;
}

enum progress survey(struct berth_operation *operation)
{
	enum progress all = PROGRESS_DONE;
	for (struct site *site = operation->sites; site; site = site->next)
		if (site->open && survey_site(operation, site) == PROGRESS_WAITING)
			all = PROGRESS_WAITING;
	return all;
}

struct site *survey_failure(const struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next)
		if (site->failed)
			return site;
	return NULL;
}

/* --- matching ------------------------------------------------------------------------------- */

static bool fits(const struct component *component, const struct site *site, const struct observed *seen)
{
	return component->spec && component->site == site && seen->ordinal >= 1 &&
	       seen->ordinal <= component->spec->instances;
}

/* Components that only the locations know. */
static int add_found_components(struct berth_operation *operation)
{
	struct application *application = operation->application;
	for (struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++) {
			const struct observed *seen = &site->inventory.instances[i];
			if (!application_component(application, seen->component) &&
			    application_add_found(application, seen->component))
				return -1;
		}
	return 0;
}

/* How many instances each component has: wanted ones, and what is there without being wanted. */
static int make_room(struct berth_operation *operation)
{
	struct application *application = operation->application;
	size_t total = 0;
	size_t *room = calloc(application->component_count + 1, sizeof *room);
	if (!room)
		return -1;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		room[i] = component->site ? component->spec->instances : 0;
	}
	for (struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++) {
			const struct observed *seen = &site->inventory.instances[i];
			struct component *component = application_component(application, seen->component);
			if (!fits(component, site, seen))
				room[component->index]++;
		}
	for (size_t i = 0; i < application->component_count; i++)
		total += room[i];
	operation->works = arena_array(&operation->arena, struct work *, total + 1);
	struct instance *instances = arena_array(&application->arena, struct instance, total + 1);
	for (size_t i = 0; operation->works && instances && i < application->component_count; i++) {
		application->components[i].instances = instances;
		instances += room[i];
	}
	free(room);
	return operation->works && instances ? 0 : -1;
}

static void wake_work(struct errand *errand)
{
	work_wake(errand->owner);
}

static struct instance *add_instance(struct berth_operation *operation, struct component *component,
				     struct site *site, unsigned ordinal, bool wanted)
{
	struct instance *instance = &component->instances[component->instance_count++];
	struct work *work = arena_array(&operation->arena, struct work, 1);
	if (!work)
		return NULL;
	/* make_room gave every one a place. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	operation->works[operation->work_count++] = work;
	*instance = (struct instance){
	    .component = component,
	    .ordinal = ordinal,
	    .name = instance_name(&operation->arena, operation->application->id, component->id, ordinal),
	    .wanted = wanted,
	    .work = work,
	};
	*work = (struct work){
	    .instance = instance,
	    .operation = operation,
	    .site = site,
	    .errand = {.wake = wake_work, .owner = work},
	};
	return instance->name ? instance : NULL;
}

static int add_wanted(struct berth_operation *operation)
{
	struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++) {
		struct component *component = &application->components[i];
		for (unsigned n = 1; component->site && n <= component->spec->instances; n++)
			if (!add_instance(operation, component, component->site, n, true))
				return -1;
	}
	return 0;
}

static int match(struct berth_operation *operation, struct site *site, const struct observed *seen)
{
	struct component *component = application_component(operation->application, seen->component);
	struct instance *instance = NULL;
	if (fits(component, site, seen))
		instance = &component->instances[seen->ordinal - 1];
	/* Left-over processes beside a live instance of that name are not the instance. */
	if (instance && instance->seen && seen->orphan_tree)
		return 0;
	if (!instance && !(instance = add_instance(operation, component, site, seen->ordinal, false)))
		return -1;
	instance->seen = seen;
	instance->attachments = seen->attachments;
	instance->attachment_count = seen->attachment_count;
	return 0;
}

/* Nobody acts on them; but who wonders why a name is taken, or what is left over, is told. */
static void tell_of_strangers(struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.stranger_count; i++)
			operation_warn(operation, "%s: %s", site->location.name,
				       site->inventory.strangers[i].what);
}

int survey_match(struct berth_operation *operation)
{
	tell_of_strangers(operation);
	if (add_found_components(operation) || make_room(operation) || add_wanted(operation))
		return -1;
	for (struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			if (match(operation, site, &site->inventory.instances[i]))
				return -1;
	return 0;
}

void survey_again(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++)
		operation->works[i]->instance->seen = NULL;
	for (struct site *site = operation->sites; site; site = site->next) {
		inventory_release(&site->retired);
		site->retired = site->inventory;
		site->inventory = (struct inventory){0};
		site->listed = site->failed = false;
	}
}

void survey_rematch(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++) {
			const struct observed *seen = &site->inventory.instances[i];
			struct component *component =
			    application_component(operation->application, seen->component);
			if (!component || !fits(component, site, seen))
				continue;
			struct instance *instance = &component->instances[seen->ordinal - 1];
			instance->seen = seen;
			instance->attachments = seen->attachments;
			instance->attachment_count = seen->attachment_count;
		}
}
