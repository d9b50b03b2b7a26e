/* left.c - what a removal that was killed half-way left of an application, and its end. */
#include "locations/localhost/localhost.h"

#include <string.h>

#include "base/cleanup.h"

struct leaving {
	struct location *location;
	const struct scan *scan;
	const char *app;
	object_visitor *visit;
	void *owner;
	struct arena arena;
};

static void leaving_release(struct leaving *leaving)
{
	arena_release(&leaving->arena);
}

static bool visit_run(void *owner, const char *entry)
{
	struct leaving *leaving = owner;
	struct location *location = leaving->location;
	const char *app, *component;
	unsigned ordinal, generation;
	char *name = arena_format(&leaving->arena, "%s.%s", leaving->app, entry);
	char *directory = name ? run_directory(location, &leaving->arena, leaving->app, name) : NULL;

	if (!directory ||
	    !instance_name_split(&leaving->arena, name, &app, &component, &ordinal, &generation) ||
	    scan_shim(leaving->scan, name) || scan_orphans(leaving->scan, name) ||
	    !is_remnant(location, directory))
		return true;
	return leaving->visit(leaving->owner, leaving->app, "run directory", directory);
}

/* --- places to work ------------------------------------------------------------------------- */

struct worker_search {
	struct leaving *leaving;
	const char *place;
	bool found;
};

static bool is_place(struct worker_search *search, const struct marks *marks)
{
	char *place = work_directory(&search->leaving->arena, marks);

	search->found = search->found || !place || !strcmp(strrchr(place, '/'), strrchr(search->place, '/'));
	return search->found;
}

static bool visit_worker(void *owner, const char *entry)
{
	struct worker_search *search = owner;
	struct leaving *leaving = search->leaving;
	struct marks marks;
	char *directory = arena_format(&leaving->arena, "%s/%s/%s", localhost_of(leaving->location)->run,
				       leaving->app, entry);

	if (directory && manifest_read(leaving->location, &leaving->arena, directory, &marks))
		is_place(search, &marks);
	search->found = search->found || !directory;
	return !search->found;
}

/* An instance here works there, or one whose run directory somebody deleted; or its tree without a keeper
 * may. */
static bool is_used(struct leaving *leaving, const char *place, const char *app_directory_path)
{
	struct world *world = leaving->location->world;
	struct worker_search search = {.leaving = leaving, .place = place};
	size_t length = strlen(leaving->app);

	for (size_t i = 0; i < leaving->scan->shim_count && !search.found; i++)
		if (!strcmp(leaving->scan->shims[i].marks.app, leaving->app))
			is_place(&search, &leaving->scan->shims[i].marks);
	for (size_t i = 0; i < leaving->scan->member_count && !search.found; i++) {
		const struct member *member = &leaving->scan->members[i];
		search.found = member->orphan && !strncmp(member->name, leaving->app, length) &&
			       member->name[length] == '.';
	}
	/* What cannot be looked through may hold anything. */
	if (!search.found &&
	    world->ops->directory_list(world, app_directory_path, visit_worker, &search, NULL))
		return true;
	return search.found;
}

static bool visit_place(void *owner, const char *entry)
{
	struct leaving *leaving = owner;
	char *directory = app_directory(leaving->location, &leaving->arena, leaving->app);
	char *place = directory ? arena_format(&leaving->arena, "%s/" WORK "/%s", directory, entry) : NULL;

	if (!place || is_used(leaving, place, directory))
		return true;
	return leaving->visit(leaving->owner, leaving->app, "working directory", place);
}

void left_visit(struct location *location, const struct scan *scan, const char *app, object_visitor *visit,
		void *owner)
{
	owned_by(leaving_release) struct leaving leaving = {
	    .location = location, .scan = scan, .app = app, .visit = visit, .owner = owner};
	struct world *world = location->world;
	char *directory = app_directory(location, &leaving.arena, app);
	char *places = directory ? arena_format(&leaving.arena, "%s/" WORK, directory) : NULL;

	if (!places)
		return;
	world->ops->directory_list(world, directory, visit_run, &leaving, NULL);
	world->ops->directory_list(world, places, visit_place, &leaving, NULL);
}

/* --- its end -------------------------------------------------------------------------------- */

struct clearing {
	struct world *world;
	struct error *err;
	bool failed;
};

static bool clear_one(void *owner, const char *app, const char *kind, const char *path)
{
	struct clearing *clearing = owner;

	(void)app;
	(void)kind;
	clearing->failed = clearing->world->ops->tree_remove(clearing->world, path, clearing->err) != 0;
	return !clearing->failed;
}

int left_clear(struct location *location, const char *app, struct error *err)
{
	owned_scan scan = {0};
	struct clearing clearing = {.world = location->world, .err = err};

	if (scan_make(location, true, &scan, err))
		return -1;
	left_visit(location, &scan, app, clear_one, &clearing);
	return clearing.failed ? -1 : 0;
}

void tidy_app(struct location *location, const char *app)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = app_directory(location, &arena, app);
	char *places = directory ? arena_format(&arena, "%s/" WORK, directory) : NULL;

	if (!places)
		return;
	location->world->ops->directory_remove(location->world, places, NULL);
	location->world->ops->directory_remove(location->world, directory, NULL);
}
