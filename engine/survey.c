/* survey.c - ask every site what is there, and match it with what is wanted. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/hosts.h"
#include "engine/specs.h"
#include "engine/targets.h"

/* The images of the components that go to this site, each once. */
static int gather_images(struct berth_operation *operation, struct site *site)
{
	struct application *application = operation->application;
	size_t count = 0;
	for (size_t i = 0; i < application->component_count; i++)
		count += goes_to(&application->components[i], site);
	const char **images = arena_array(graph_arena(operation), const char *, 3 * count + 1);
	const char **newest = arena_array(graph_arena(operation), const char *, 2 * count + 1);
	struct map *known = NULL;
	if (!images || !newest)
		return -1;
	size_t used = 0, always = 0;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (!goes_to(component, site) || !component->spec ||
		    component->spec->kind != COMPONENT_DOCKER)
			continue;
		const struct component_spec *first =
		    component->spec->cluster ? component->spec->cluster->first : NULL;
		const char *const all[] = {component->spec->image.familiar, component->pin,
					   first ? first->image.familiar : NULL};
		if (component->spec->pull_always && !component->pin)
			newest[always++] = all[0];
		if (first && first->pull_always)
			newest[always++] = all[2];
		for (size_t n = 0; n < COUNT_OF(all); n++) {
			if (!all[n] || map_get(known, all[n]))
				continue;
			if (map_put(&known, all[n], (void *)all[n])) {
				map_release(&known);
				return -1;
			}
			images[used++] = all[n];
		}
	}
	map_release(&known);
	site->images = images;
	site->newest = newest;
	return 0;
}

/* Only who decides what is to be made wants to know, and before anything is made. */
static bool asks_registries(const struct berth_operation *operation)
{
	return !operation->work_count && (operation->verb == &verb_plan || operation->verb == &verb_deploy);
}

/* What all are told that are kept at the place, or what is told to this one alone. */
static enum progress list(struct site *site, bool brief, struct error *err)
{
	const struct berth_operation *operation = site->operation;
	struct list_request request = {.app = operation_app(operation),
				       .instances_only = brief,
				       .images = site->images && site->images[0] ? site->images : NULL,
				       .newest = asks_registries(operation) ? site->newest : NULL};
	if (operation->verb->rest)
		return target_list(site, &site->inventory, err);
	enum progress progress =
	    site->location.driver->list(&site->location, &site->errand, &request, &site->inventory, err);
	if (progress != PROGRESS_WAITING)
		count_call(site, "list", progress == PROGRESS_FAILED ? err->code : OK);
	return progress;
}

enum progress survey_site(struct berth_operation *operation, struct site *site)
{
	/* Of what the store does not know a claim may be all there is. */
	bool brief = operation->verb->instances_only && operation->application && operation->stored;
	struct error err = {0};
	enum progress progress = PROGRESS_FAILED;
	if (site->listed || site->failed)
		return PROGRESS_DONE;
	bool rests = host_rests(site, &err);
	if (rests)
		progress = PROGRESS_FAILED;
	else if (!site->images && operation->application && !brief && gather_images(operation, site))
		fail_memory(&err);
	else
		progress = list(site, brief, &err);
	site->listed = progress == PROGRESS_DONE;
	site->failed = progress == PROGRESS_FAILED;
	if (progress != PROGRESS_WAITING && !rests)
		host_answered(site, &err);
	if (!site->failed)
		return progress;
	site_keep_error(site, &err);
	return PROGRESS_DONE;
}

enum progress survey(struct berth_operation *operation)
{
	enum progress all = PROGRESS_DONE;
	for (struct site *site = operation->sites; site; site = site->next)
		if (site->open && survey_site(operation, site) == PROGRESS_WAITING)
			all = PROGRESS_WAITING;
	if (all == PROGRESS_DONE)
		hosts_join(operation);
	return all;
}

struct site *survey_failure(const struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next)
		if (site->failed && !host_excused(site))
			return site;
	return NULL;
}

const char *unseen_because(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	if (work->site->failed)
		return site_error(work->site)->text;
	if (!seen || seen->state != SEEN_UNKNOWN)
		return NULL;
	return seen->error ? seen->error : "its machine does not answer";
}

bool keeps_tasks(const struct site *site)
{
	return site->location.driver->capabilities.grain == GRAIN_COMPONENT;
}

unsigned instances_of(const struct component *component)
{
	return component->size && component->site && keeps_tasks(component->site) ? 1 : component->size;
}

struct site *home_of(const struct component *component, size_t index)
{
	return component->cluster.homes ? component->cluster.homes[index] : component->site;
}

bool has_nobody(const struct component *component)
{
	return component->spec && component->spec->cluster && component->site && !instances_of(component);
}

size_t place_of_ordinal(const struct component *component, unsigned ordinal)
{
	size_t place = component_place(component, ordinal);
	return place < instances_of(component) ? place : SIZE_MAX;
}

/* --- matching ------------------------------------------------------------------------------- */

/* A late double stands beside the one that counts, whatever that is. */
static bool fits(const struct component *component, const struct site *site, const struct observed *seen)
{
	size_t place = component->spec ? place_of_ordinal(component, seen->ordinal) : SIZE_MAX;
	return place != SIZE_MAX && home_of(component, place) == site;
}

/* Whose instances were found, site after site: the components' places in the application. */
struct found {
	size_t *places, count;
};

static int note_found(struct berth_operation *operation, struct found *found, const char *id)
{
	struct application *application = operation->application;
	const struct component *component = application_component(application, id);
	if (!component && application_add_found(application, id))
		return -1;
	found->places[found->count++] = component ? component->index : application->component_count - 1;
	return 0;
}

/* Components that only the locations know join the others. */
static int find_components(struct berth_operation *operation, struct found *ret)
{
	size_t count = 0;
	for (const struct site *site = operation->sites; site; site = site->next)
		count += site->inventory.instance_count;
	*ret = (struct found){.places = calloc(count + 1, sizeof *ret->places)};
	if (!ret->places)
		return -1;
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			if (note_found(operation, ret, site->inventory.instances[i].component))
				return -1;
	return 0;
}

/* How many instances each component has: wanted ones, and what is there without being wanted. */
static int make_room(struct berth_operation *operation, const struct found *found)
{
	struct application *application = operation->application;
	size_t total = 0, observed = 0;
	size_t *room = calloc(application->component_count + 1, sizeof *room);
	if (!room)
		return -1;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		room[i] = component->site ? instances_of(component) : 0;
	}
	for (struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++, observed++) {
			size_t place = found->places[observed];
			if (!fits(&application->components[place], site, &site->inventory.instances[i]))
				room[place]++;
		}
	for (size_t i = 0; i < application->component_count; i++)
		total += room[i];
	/* One that is made anew has an older one beside it; so has each of another generation. */
	operation->works = arena_array(graph_arena(operation), struct work *, 2 * total + observed + 1);
	struct instance *instances = arena_array(&application->arena, struct instance, total ? total : 1);
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

static int give_work(struct berth_operation *operation, struct instance *instance, struct site *site)
{
	struct work *work = arena_array(graph_arena(operation), struct work, 1);
	if (!work)
		return -1;
	*work = (struct work){
	    .instance = instance,
	    .operation = operation,
	    .site = site,
	    .errand = {.wake = wake_work, .owner = work},
	};
	instance->work = work;
	/* make_room gave every one a place. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	operation->works[operation->work_count++] = work;
	return 0;
}

/* `seen`: what it is made of; NULL: what is wanted, whether it is there or not. */
static struct instance *add_instance(struct berth_operation *operation, struct component *component,
				     struct site *site, unsigned ordinal, const struct observed *seen)
{
	struct instance *instance = &component->instances[component->instance_count++];
	*instance = (struct instance){
	    .component = component,
	    .ordinal = ordinal,
	    .generation = seen ? seen->generation : 0,
	    .name = generation_name(graph_arena(operation), operation->application->id, component->id,
				    ordinal, seen ? seen->generation : 0),
	    .wanted = !seen,
	};
	if (seen && seen->late_double)
		instance->name = arena_text(&operation->arena, seen->name);
	return instance->name && give_work(operation, instance, site) == 0 ? instance : NULL;
}

static void take_for(struct instance *instance, const struct observed *seen)
{
	instance->seen = seen;
	instance->attachments = seen->attachments;
	instance->attachment_count = seen->attachment_count;
	instance->generation = seen->generation;
}

struct work *survey_add_beside(struct work *work, const struct observed *seen)
{
	struct berth_operation *operation = work->operation;
	struct instance *beside = arena_array(graph_arena(operation), struct instance, 1);
	if (!beside)
		return NULL;
	*beside = (struct instance){
	    .component = work->instance->component,
	    .ordinal = work->instance->ordinal,
	    .name = arena_text(graph_arena(operation), seen->name),
	};
	take_for(beside, seen);
	return beside->name && give_work(operation, beside, work->site) == 0 ? beside->work : NULL;
}

static int add_wanted(struct berth_operation *operation)
{
	struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++) {
		struct component *component = &application->components[i];
		for (unsigned n = 0; component->site && n < instances_of(component); n++)
			if (!add_instance(operation, component, home_of(component, n),
					  component_ordinal(component, n), NULL))
				return -1;
	}
	return 0;
}

/* Of several generations the one that serves, else that runs, else the oldest is taken for the instance. */
static bool stands_better(const struct observed *a, const struct observed *b)
{
	bool a_runs = a->state == SEEN_RUNNING, b_runs = b->state == SEEN_RUNNING;
	if (a->late_double != b->late_double)
		return b->late_double;
	if (a_runs != b_runs)
		return a_runs;
	if (a_runs && a->shared_name_held != b->shared_name_held)
		return a->shared_name_held;
	return a->generation < b->generation;
}

/* It goes with the listing that told it. */
static int set_aside(struct site *site, struct instance *instance, const struct observed *seen)
{
	struct sighting *other = arena_array(&site->inventory.arena, struct sighting, 1);
	if (!other)
		return -1;
	*other = (struct sighting){.seen = seen, .next = instance->others};
	instance->others = other;
	return 0;
}

static int take(struct site *site, struct instance *instance, const struct observed *seen)
{
	const struct observed *before = instance->seen;
	/* Left-over processes beside a live instance of that name are not the instance. */
	if (before && seen->orphan_tree && seen->generation == before->generation)
		return 0;
	bool same = before && before->orphan_tree && seen->generation == before->generation;
	if (before && !same && set_aside(site, instance, stands_better(seen, before) ? before : seen))
		return -1;
	if (!before || same || stands_better(seen, before))
		take_for(instance, seen);
	return 0;
}

static void find_quarantined(const struct component *component, struct instance *instance)
{
	for (size_t i = 0; i < component->cluster.quarantined_count + component->cluster.outdated_count;
	     i++) {
		if (component->cluster.quarantined[i].ordinal != instance->ordinal)
			continue;
		instance->outdated = i >= component->cluster.quarantined_count;
		instance->quarantined = instance->outdated ? NULL : &component->cluster.quarantined[i];
	}
}

static int match(struct berth_operation *operation, struct component *component, struct site *site,
		 const struct observed *seen)
{
	if (fits(component, site, seen))
		return take(site, &component->instances[place_of_ordinal(component, seen->ordinal)], seen);
	struct instance *instance = add_instance(operation, component, site, seen->ordinal, seen);
	if (!instance)
		return -1;
	if (goes_to(component, site) && !seen->late_double)
		find_quarantined(component, instance);
	take_for(instance, seen);
	return 0;
}

/* What is there of a wanted instance gives it its name until it is made anew. */
static int name_found(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		struct instance *instance = operation->works[i]->instance;
		if (instance->wanted && instance->seen && instance->generation &&
		    !(instance->name = arena_text(graph_arena(operation), instance->seen->name)))
			return -1;
	}
	return 0;
}

static void tell_of_doubts(struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.image_count; i++)
			if (site->inventory.images[i].doubt)
				operation_warn(operation, "%s", site->inventory.images[i].doubt);
}

/* What ran when it was to be gone back to may have been thrown away since. */
static void tell_of_lost_images(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->application->component_count; i++) {
		const struct component *component = &operation->application->components[i];
		if (component->pin && component->site && component->site->images &&
		    strcmp(image_wanted(component, component->spec), component->pin) != 0)
			operation_warn(
			    operation,
			    "`%s`: the image that ran then is not at %s any more; what `%s` means now "
			    "is used",
			    component->id, component->site->location.name, component->spec->image.familiar);
	}
}

/* Nobody acts on them; but who wonders why a name is taken, or what is left over, is told. */
static void tell_of_strangers(struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.stranger_count; i++)
			operation_warn(operation, "%s: %s", site->location.name,
				       site->inventory.strangers[i].what);
}

/* By component, the newest of each first. */
static int by_leave(const void *one, const void *other)
{
	const struct instance *a = (*(struct work *const *)one)->instance;
	const struct instance *b = (*(struct work *const *)other)->instance;
	if (a->component != b->component)
		return a->component < b->component ? -1 : 1;
	if (a->ordinal != b->ordinal)
		return a->ordinal > b->ordinal ? -1 : 1;
	return a->generation < b->generation ? 1 : a->generation > b->generation ? -1 : 0;
}

/* What is not wanted has an order of its own, whichever the listing's is. */
static void order_unwanted(struct berth_operation *operation, size_t wanted)
{
	if (operation->work_count > wanted + 1)
		qsort(operation->works + wanted, operation->work_count - wanted, sizeof *operation->works,
		      by_leave);
}

static int match_all(struct berth_operation *operation, const struct found *found)
{
	const size_t *place = found->places;
	if (make_room(operation, found) || add_wanted(operation))
		return -1;
	size_t wanted = operation->work_count;
	for (struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			if (match(operation, &operation->application->components[*place++], site,
				  &site->inventory.instances[i]))
				return -1;
	order_unwanted(operation, wanted);
	return name_found(operation);
}

int survey_match(struct berth_operation *operation)
{
	tell_of_strangers(operation);
	tell_of_doubts(operation);
	tell_of_lost_images(operation);
	struct found found = {0};
	hosts_decide(operation);
	int result =
	    find_components(operation, &found) || sizes_decide(operation) || match_all(operation, &found) ? -1
													  : 0;
	free(found.places);
	return result;
}

void survey_again(struct berth_operation *operation)
{
	known_release(&operation->known);
	operation->known_read = false;
	for (size_t i = 0; i < operation->work_count; i++) {
		operation->works[i]->instance->seen = NULL;
		operation->works[i]->instance->others = NULL;
	}
	for (struct site *site = operation->sites; site; site = site->next) {
		inventory_release(&site->retired);
		site->retired = site->inventory;
		site->inventory = (struct inventory){0};
		site->listed = site->failed = site->silent = false;
	}
}

/* Of those that are there without being wanted only these stay; NULL: it is none. */
static struct instance *in_quarantine(const struct component *component, const struct site *site,
				      const struct observed *seen)
{
	for (size_t i = instances_of(component);
	     component->cluster.quarantined && i < component->instance_count; i++)
		if (component->instances[i].quarantined && component->instances[i].work->site == site &&
		    component->instances[i].ordinal == seen->ordinal)
			return &component->instances[i];
	return NULL;
}

int survey_rematch_site(struct berth_operation *operation, struct site *site)
{
	for (size_t i = 0; i < site->inventory.instance_count; i++) {
		const struct observed *seen = &site->inventory.instances[i];
		struct component *component = application_component(operation->application, seen->component);
		struct instance *instance =
		    !component ? NULL
		    : fits(component, site, seen)
			? &component->instances[place_of_ordinal(component, seen->ordinal)]
			: in_quarantine(component, site, seen);
		if (instance && take(site, instance, seen))
			return -1;
	}
	/* Somebody may have renamed it; the name outlives the listing that told it. */
	for (size_t i = 0; i < operation->work_count; i++) {
		struct instance *instance = operation->works[i]->instance;
		if (operation->works[i]->site != site || !instance->wanted || !instance->seen ||
		    strcmp(instance->name, instance->seen->name) == 0)
			continue;
		const char *name = arena_text(graph_arena(operation), instance->seen->name);
		if (!name)
			return -1;
		instance->name = name;
	}
	return 0;
}

int survey_rematch(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next)
		if (survey_rematch_site(operation, site))
			return -1;
	return 0;
}
