/* targets.c - a place that several operations use: watched once for all of them, and listed once for many. */
#include "engine/targets.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "locations/whole.h"

enum { MANY = 4 }; /* one listing of everything is cheaper than so many of one application each */

/* Those who watch one application. */
struct ear {
	struct site *first;
};

static struct world *world_of(const struct target *target)
{
	return target->berth->world;
}

/* --- which one it is ------------------------------------------------------------------------ */

/* The place, and everything by which it is reached: with other certificates it may be open to others. */
static char *key_of(const struct location *location)
{
	const json_t *options = NULL;
	const char *target = location->driver->resolved(location, &options);
	owned_memory char *line = options ? json_line(options) : NULL;
	owned_text key = {0};
	text_format(&key, "%s %s %s %s", location->spec->type, location->driver->identity(location), target,
		    line ? line : "");
	return key.failed || (options && !line) ? NULL : strdup(text_view(&key));
}

/* Of the same place, and nobody else's memory. NULL: no memory. */
static const struct location_spec *spec_of(struct target *target, const struct location *location)
{
	struct arena *arena = &target->arena;
	struct location_spec *spec = arena_array(arena, struct location_spec, 1);
	const json_t *options = NULL;
	const char *resolved = location->driver->resolved(location, &options);
	if (!spec || (options && !(target->options = json_deep_copy(options))))
		return NULL;
	*spec = (struct location_spec){.name = arena_text(arena, location->name),
				       .type = arena_text(arena, location->spec->type),
				       .target = arena_text(arena, resolved),
				       .options = target->options};
	return spec->name && spec->type && spec->target ? spec : NULL;
}

static void wake_target(struct errand *errand);

static void target_free(struct target *target)
{
	struct world *world = world_of(target);
	struct target **at = &target->berth->targets;
	if (target->location.driver) {
		target->location.driver->drop(&target->location, &target->errand);
		target->location.driver->close(&target->location);
	}
	world->ops->timer_cancel(world, target->turn);
	whole_release(target->whole);
	map_release(&target->ears);
	while (*at && *at != target)
		at = &(*at)->next;
	if (*at)
		*at = target->next;
	json_decref(target->options);
	free(target->key);
	arena_release(&target->arena);
	free(target);
}

static struct target *target_new(const struct site *site, char *key, struct error *err)
{
	struct berth *berth = site->operation->berth;
	struct target *target = calloc(1, sizeof *target);
	if (!target) {
		free(key);
		fail_memory(err);
		return NULL;
	}
	target->berth = berth;
	target->key = key;
	target->errand = (struct errand){.wake = wake_target, .owner = target};
	const struct location_spec *spec = spec_of(target, &site->location);
	if (!spec) {
		target_free(target);
		fail_memory(err);
		return NULL;
	}
	target->location = (struct location){.driver = location_driver_of(spec->type),
					     .world = berth->world,
					     .name = spec->name,
					     .spec = spec,
					     .state_directory = berth->state_directory,
					     .helper = berth->helper,
					     .environment = berth->environment};
	if (target->location.driver->open(&target->location, err)) {
		target_free(target);
		return NULL;
	}
	target->next = berth->targets;
	return berth->targets = target;
}

/* The site uses it from now on. 0 or -1 with *err. */
static int join(struct site *site, struct error *err)
{
	if (site->target)
		return 0;
	char *key = key_of(&site->location);
	if (!key)
		return fail_memory(err);
	struct target *target = site->operation->berth->targets;
	while (target && strcmp(target->key, key) != 0)
		target = target->next;
	if (target)
		free(key);
	else if (!(target = target_new(site, key, err)))
		return -1;
	target->users++;
	site->target = target;
	return 0;
}

/* --- its turn of the loop ------------------------------------------------------------------- */

static void take_turn(void *owner);

static bool arm(struct target *target)
{
	struct world *world = world_of(target);
	if (!target->turn)
		target->turn = world->ops->timer_start(world, 0, take_turn, target);
	return target->turn != NULL;
}

/* Those who ask see to it when there is no memory for a turn. */
static void wake_target(struct errand *errand)
{
	struct target *target = errand->owner;
	target->due = true;
	if (arm(target))
		return;
	for (struct site *site = target->asking; site; site = site->next_asking)
		operation_wake(site->operation);
}

/* --- watching --------------------------------------------------------------------------------- */

static void heard(void *owner, const char *name, const struct told_end *end)
{
	const struct ear *ear = owner;
	for (struct site *site = ear->first; site; site = site->next_ear)
		site->changed(site, name, end);
}

static void welcome(struct target *target)
{
	while (target->newcomers) {
		struct site *site = target->newcomers;
		target->newcomers = site->next_new;
		site->changed(site, NULL, NULL);
	}
}

static void forget_ear(struct target *target, struct ear *ear, const char *app)
{
	target->location.driver->unwatch(&target->location, app);
	map_drop(&target->ears, app);
	free(ear);
}

/* The first one who watches that application. NULL with *err. */
static struct ear *new_ear(struct target *target, const char *app, struct error *err)
{
	struct ear *ear = calloc(1, sizeof *ear);
	if (!ear || map_put(&target->ears, app, ear)) {
		free(ear);
		fail_memory(err);
		return NULL;
	}
	if (target->location.driver->watch(&target->location, app, heard, ear, err) == 0)
		return ear;
	map_drop(&target->ears, app);
	free(ear);
	return NULL;
}

int target_watch(struct site *site, site_change *changed, struct error *err)
{
	const char *app = site->operation->application->id;
	if (join(site, err))
		return -1;
	struct target *target = site->target;
	struct ear *ear = map_get(target->ears, app);
	if (ear && !arm(target))
		return fail_memory(err);
	if (ear) {
		site->next_new = target->newcomers;
		target->newcomers = site;
	} else if (!(ear = new_ear(target, app, err))) {
		return -1;
	}
	site->changed = changed;
	site->next_ear = ear->first;
	ear->first = site;
	site->watched = true;
	return 0;
}

void target_unwatch(struct site *site)
{
	if (!site->watched)
		return;
	struct target *target = site->target;
	const char *app = site->operation->application->id;
	struct ear *ear = map_get(target->ears, app);
	struct site **at = &ear->first, **new = &target->newcomers;
	while (*at != site)
		at = &(*at)->next_ear;
	*at = site->next_ear;
	while (*new &&*new != site)
		new = &(*new)->next_new;
	if (*new)
		*new = site->next_new;
	site->watched = false;
	if (!ear->first)
		forget_ear(target, ear, app);
}

/* --- listing ---------------------------------------------------------------------------------- */

static void answer_all(struct target *target)
{
	struct whole *whole = target->whole;
	bool counted = false;
	target->whole = NULL;
	for (struct site *site = target->asking; site; site = site->next_asking)
		if (site->listing == LISTING_SHARED) {
			if (!counted)
				count_call(site, "list", whole_error(whole)->code);
			counted = true;
			site->listing = LISTING_TOLD;
			site->whole = whole_read(whole);
			operation_wake(site->operation);
		}
	whole_release(whole);
}

static void go_on(struct target *target)
{
	struct location *location = &target->location;
	const struct list_request request = {.instances_only = true};
	target->due = false;
	if (location->driver->list(location, &target->errand, &request, whole_inventory(target->whole),
				   whole_error(target->whole)) != PROGRESS_WAITING)
		answer_all(target);
}

/* What is listed from now on is news to all who ask by now. */
static void begin_listing(struct target *target)
{
	size_t count = 0;
	for (const struct site *site = target->asking; site; site = site->next_asking)
		count += site->listing == LISTING_ASKED;
	if (count >= MANY)
		target->whole = whole_new(); /* without memory for it: each for itself */
	for (struct site *site = target->asking; site; site = site->next_asking) {
		if (site->listing != LISTING_ASKED)
			continue;
		site->listing = target->whole ? LISTING_SHARED : LISTING_ALONE;
		if (!target->whole)
			operation_wake(site->operation);
	}
	target->due = target->whole != NULL;
}

static void take_turn(void *owner)
{
	struct target *target = owner;
	target->turn = NULL;
	welcome(target);
	if (!target->whole)
		begin_listing(target);
	if (!target->whole || !target->due)
		return;
	go_on(target);
	if (!target->whole && target->asking) /* who came too late for that one */
		wake_target(&target->errand);
}

static void leave_asking(struct site *site)
{
	struct site **at = site->target ? &site->target->asking : NULL;
	while (at && *at && *at != site)
		at = &(*at)->next_asking;
	if (at && *at)
		*at = site->next_asking;
	site->listing = LISTING_NONE;
	whole_read_ended(give(site->whole));
}

static enum progress take_part(struct site *site, struct inventory *ret, struct error *err)
{
	const struct error *why = whole_error(site->whole);
	if (why->code) {
		*err = *why;
	} else if (whole_part(site->whole, operation_app(site->operation), ret)) {
		fail_memory(err);
	} else {
		site->location.driver->learn(&site->location, &site->target->location);
		leave_asking(site);
		return PROGRESS_DONE;
	}
	leave_asking(site);
	return PROGRESS_FAILED;
}

static enum progress list_alone(struct site *site, struct inventory *ret, struct error *err)
{
	struct location *location = &site->location;
	const struct list_request request = {.app = operation_app(site->operation), .instances_only = true};
	enum progress progress = location->driver->list(location, &site->errand, &request, ret, err);
	if (progress == PROGRESS_WAITING)
		return progress;
	count_call(site, "list", progress == PROGRESS_FAILED ? err->code : OK);
	leave_asking(site);
	return progress;
}

static enum progress ask(struct site *site, struct error *err)
{
	if (join(site, err))
		return PROGRESS_FAILED;
	if (!site->target->whole && !arm(site->target)) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	site->listing = LISTING_ASKED;
	site->next_asking = site->target->asking;
	site->target->asking = site;
	return PROGRESS_WAITING;
}

enum progress target_list(struct site *site, struct inventory *ret, struct error *err)
{
	switch (site->listing) {
	case LISTING_NONE:
		return ask(site, err);
	case LISTING_ALONE:
		return list_alone(site, ret, err);
	case LISTING_TOLD:
		return take_part(site, ret, err);
	default:
		if (site->target->due && !arm(site->target))
			take_turn(site->target);
		return PROGRESS_WAITING;
	}
}

void target_leave(struct site *site)
{
	struct target *target = site->target;
	if (!target)
		return;
	target_unwatch(site);
	leave_asking(site);
	site->target = NULL;
	if (--target->users == 0)
		target_free(target);
}
