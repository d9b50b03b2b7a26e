/* list.c - everything on this machine that carries our mark. */
#include "locations/localhost/localhost.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"

struct names {
	const char **all;
	size_t count, room;
	struct map *known;
};

struct listing {
	struct location *location;
	struct scan scan;
	struct names instances, apps, claimed, strangers;
	struct arena arena;
	const char *app;      /* the one asked for, or NULL */
	const char *visiting; /* whose directory is being read */
	bool failed;
};

static void release_names(struct names *names)
{
	free(names->all);
	map_release(&names->known);
}

static void listing_release(struct listing *listing)
{
	scan_release(&listing->scan);
	release_names(&listing->instances);
	release_names(&listing->apps);
	release_names(&listing->claimed);
	release_names(&listing->strangers);
	arena_release(&listing->arena);
}

/* The name, which must live as long as the listing, once. */
static void add_name(struct listing *listing, struct names *names, const char *name)
{
	if (name && map_get(names->known, name))
		return;
	if (name && names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 32;
		const char **all = realloc(names->all, room * sizeof(*all));
		if (all) {
			names->all = all;
			names->room = room;
		}
	}
	if (!name || names->count == names->room || map_put(&names->known, name, (void *)name)) {
		listing->failed = true;
		return;
	}
	names->all[names->count++] = name;
}

static bool visit_instance(void *owner, const char *entry)
{
	struct listing *listing = owner;
	char *name = arena_format(&listing->arena, "%s.%s", listing->visiting, entry);
	const char *app, *component;
	unsigned ordinal, generation;

	if (!name)
		listing->failed = true;
	else if (instance_name_split(&listing->arena, name, &app, &component, &ordinal, &generation))
		add_name(listing, &listing->instances, name);
	return !listing->failed;
}

static bool visit_app(void *owner, const char *entry)
{
	struct listing *listing = owner;

	if (fit_id(entry) && (!listing->app || !strcmp(listing->app, entry)))
		add_name(listing, &listing->apps, arena_text(&listing->arena, entry));
	return !listing->failed;
}

static void read_directories(struct listing *listing)
{
	struct location *location = listing->location;
	struct world *world = location->world;

	world->ops->directory_list(world, localhost_of(location)->run, visit_app, listing, NULL);
	for (size_t i = 0; i < listing->apps.count && !listing->failed; i++) {
		char *directory = app_directory(location, &listing->arena, listing->apps.all[i]);
		listing->visiting = listing->apps.all[i];
		if (directory)
			world->ops->directory_list(world, directory, visit_instance, listing, NULL);
		listing->failed = listing->failed || !directory;
	}
}

static bool asked_for(const struct listing *listing, const char *name)
{
	size_t length = listing->app ? strlen(listing->app) : 0;

	return !listing->app || (!strncmp(name, listing->app, length) && name[length] == '.');
}

static void read_processes(struct listing *listing)
{
	for (size_t i = 0; i < listing->scan.shim_count; i++)
		if (asked_for(listing, listing->scan.shims[i].marks.name))
			add_name(listing, &listing->instances, listing->scan.shims[i].marks.name);
	for (size_t i = 0; i < listing->scan.member_count; i++)
		if (listing->scan.members[i].orphan && asked_for(listing, listing->scan.members[i].name))
			add_name(listing, &listing->instances, listing->scan.members[i].name);
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool observe_all(struct listing *listing, struct inventory *inventory, struct error *err)
{
	struct location *location = listing->location;
	struct observed *seen = arena_array(&inventory->arena, struct observed, listing->instances.count + 1);

	if (!seen) {
		fail_memory(err);
		return false;
	}
	if (listing->instances.count)
		qsort(listing->instances.all, listing->instances.count, sizeof(*listing->instances.all),
		      by_name);
	inventory->instances = seen;
	for (size_t i = 0; i < listing->instances.count; i++) {
		struct error why;
		const char *name = listing->instances.all[i];
		if (observe(location, &listing->scan, &inventory->arena, name,
			    &seen[inventory->instance_count], &why))
			inventory->instance_count++;
		else if (why.code == OK)
			add_name(listing, &listing->strangers, name);
		if (why.code == OK)
			continue;
		if (err)
			*err = why;
		return false;
	}
	return true;
}

static bool list_strangers(struct listing *listing, struct inventory *inventory)
{
	struct arena *arena = &inventory->arena;
	struct inventory_stranger *strangers =
	    arena_array(arena, struct inventory_stranger, listing->strangers.count + 1);

	inventory->strangers = strangers;
	for (size_t i = 0; strangers && i < listing->strangers.count; i++) {
		const char *name = listing->strangers.all[i], *app, *component;
		unsigned ordinal, generation;
		char *directory =
		    instance_name_split(&listing->arena, name, &app, &component, &ordinal, &generation)
			? run_directory(listing->location, &listing->arena, app, name)
			: NULL;
		if (!directory || !stranger_at(listing->location, directory))
			continue;
		struct inventory_stranger *stranger = &strangers[inventory->stranger_count++];
		stranger->name = arena_text(arena, name);
		stranger->what = arena_format(arena, "directory `%s`", directory);
		listing->failed = listing->failed || !stranger->name || !stranger->what;
	}
	return strangers && !listing->failed;
}

static bool visit_claimed(void *owner, const char *app)
{
	struct listing *listing = owner;

	if (!listing->app || !strcmp(listing->app, app))
		add_name(listing, &listing->claimed, arena_text(&listing->arena, app));
	return !listing->failed;
}

static bool list_claims(struct listing *listing, struct inventory *inventory)
{
	claims_visit(listing->location, "claim", visit_claimed, listing);
	struct inventory_claim *claims =
	    arena_array(&inventory->arena, struct inventory_claim, listing->claimed.count + 1);

	inventory->claims = claims;
	for (size_t i = 0; claims && i < listing->claimed.count; i++) {
		struct owner holder;
		if (!claim_read(listing->location, &inventory->arena, listing->claimed.all[i], &holder))
			continue;
		const char *app = arena_text(&inventory->arena, listing->claimed.all[i]);
		listing->failed = listing->failed || !app;
		claims[inventory->claim_count++] =
		    (struct inventory_claim){app, holder.id, holder.words, holder.place};
	}
	inventory->prepared = listing->app && listing->apps.count > 0;
	return claims && !listing->failed;
}

struct object_list {
	struct arena *arena;
	struct inventory_object *all;
	size_t count, room;
	bool failed;
};

static bool note_object(void *owner, const char *app, const char *kind, const char *name)
{
	struct object_list *list = owner;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		struct inventory_object *all = arena_array(list->arena, struct inventory_object, room);
		if (all && list->count)
			memcpy(all, list->all, list->count * sizeof(*all));
		list->failed = list->failed || !all;
		if (!all)
			return false;
		list->all = all;
		list->room = room;
	}
	struct inventory_object object = {
	    .app = arena_text(list->arena, app), .kind = kind, .name = arena_text(list->arena, name)};
	list->failed = list->failed || !object.app || !object.name;
	list->all[list->count++] = object;
	return !list->failed;
}

/* What belongs to no instance: leases, and what removals left that were killed. */
static bool list_objects(struct listing *listing, const struct list_request *request,
			 struct inventory *inventory)
{
	struct object_list list = {.arena = &inventory->arena};

	if (listing->app)
		inventory->lease = lease_token(listing->location, &inventory->arena, listing->app);
	if (listing->app || request->instances_only)
		return true;
	for (size_t i = 0; i < listing->apps.count; i++)
		left_visit(listing->location, &listing->scan, listing->apps.all[i], note_object, &list);
	leases_visit(listing->location, note_object, &list);
	inventory->objects = list.all;
	inventory->object_count = list.count;
	return !list.failed;
}

static void know_ports(struct location *location, const char *app, const struct inventory *inventory)
{
	struct localhost *home = localhost_of(location);

	ports_forget(home, NULL, app);
	for (size_t i = 0; i < inventory->instance_count; i++)
		for (size_t a = 0; a < inventory->instances[i].attachment_count; a++)
			ports_take(home, inventory->instances[i].name,
				   &inventory->instances[i].attachments[a]);
}

enum progress localhost_list(struct location *location, struct errand *errand,
			     const struct list_request *request, struct inventory *ret, struct error *err)
{
	owned_by(listing_release) struct listing listing = {.location = location, .app = request->app};
	struct inventory inventory = {0};

	(void)errand;
	if (request->app && guard_app(request->app, err))
		return PROGRESS_FAILED;
	if (scan_make(location, true, &listing.scan, err))
		return PROGRESS_FAILED;
	read_directories(&listing);
	read_processes(&listing);
	if (err)
		*err = (struct error){0};
	if (listing.failed || !observe_all(&listing, &inventory, err) ||
	    !list_strangers(&listing, &inventory) || !list_claims(&listing, &inventory) ||
	    !list_objects(&listing, request, &inventory) || process_images(request, &inventory)) {
		if (listing.failed || (err && err->code == OK))
			fail_memory(err);
		inventory_release(&inventory);
		return PROGRESS_FAILED;
	}
	know_ports(location, request->app, &inventory);
	*ret = inventory;
	return PROGRESS_DONE;
}
