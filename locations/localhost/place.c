/* place.c - makes an instance's run directory, with what is known of it and where it is to work. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* The manifest, which holds nothing secret: from then on it is known as ours, whatever happens next. Then the
 * place where it works, beside the run directory, which may be renamed. */
int write_down(struct location *location, const struct instance_spec *spec, const char *directory,
	       int64_t created_ms, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = location->world;
	struct marks marks;

	if (!marks_of(location, &arena, spec, directory, created_ms, &marks))
		return fail_memory(err);
	char *work = work_directory(&arena, &marks);
	char *link = arena_format(&arena, "%s/work", directory);
	char *target = work ? arena_format(&arena, "../" WORK "%s", strrchr(work, '/')) : NULL;
	if (!link || !target)
		return fail_memory(err);
	if (world->ops->directories_make(world, directory, 0700, err) ||
	    manifest_write(location, &marks, err) || world->ops->directories_make(world, work, 0755, err))
		return -1;
	return world->ops->link_make(world, target, link, err);
}

/* What is there under the name: nothing, the same, the same with a helper that holds what an earlier
 * specification gave it, or something that has to go first. */
enum found { FOUND_NOTHING, FOUND_SAME, FOUND_PARKED, FOUND_OTHER, FOUND_FAILED };

static enum found find(struct location *location, const struct instance_spec *spec, struct arena *arena,
		       const char *directory, struct observed *ret_seen, struct error *err)
{
	owned_scan scan = {0};
	struct error why;

	if (scan_make(location, true, &scan, err))
		return FOUND_FAILED;
	if (observe(location, &scan, arena, spec->name, ret_seen, &why)) {
		if (ret_seen->orphan_tree || strcmp(ret_seen->digest, spec->digest))
			return FOUND_OTHER;
		return !is_living(ret_seen) && scan_shim(&scan, spec->name) ? FOUND_PARKED : FOUND_SAME;
	}
	if (why.code != OK) {
		*err = why;
		return FOUND_FAILED;
	}
	/* What a removal left that was killed would be in the way of the new one's. */
	if (is_remnant(location, directory))
		return location->world->ops->tree_remove(location->world, directory, err) ? FOUND_FAILED
											  : FOUND_NOTHING;
	if (!stranger_at(location, directory))
		return FOUND_NOTHING;
	fail(err, ERR_CONFLICT, "`%s` holds files that berth did not make", directory);
	remedy(err, "move them away");
	return FOUND_FAILED;
}

/* End what is in the way, if anything is. DONE: what is there now is nothing, or to be completed. */
static enum progress make_room(struct location *location, struct errand *errand,
			       const struct instance_spec *spec, const char *directory, struct arena *arena,
			       enum found *ret_found, struct observed *ret_seen, struct error *err)
{
	for (;;) {
		enum end_of end_of = END_OF_INSTANCE; /* an errand with a state knows itself what it ends */
		if (!errand->state) {
			*ret_found = find(location, spec, arena, directory, ret_seen, err);
			if (*ret_found == FOUND_FAILED)
				return PROGRESS_FAILED;
			if (*ret_found == FOUND_NOTHING || *ret_found == FOUND_SAME)
				return PROGRESS_DONE;
			end_of = *ret_found == FOUND_PARKED ? END_OF_HELPER : END_OF_INSTANCE;
		}
		enum progress progress = localhost_end(location, errand, spec->app, spec->name, end_of, err);
		if (progress != PROGRESS_DONE)
			return progress;
	}
}

enum progress localhost_place(struct location *location, struct errand *errand,
			      const struct instance_spec *spec, const char **ret_note, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = run_directory(location, &arena, spec->app, spec->name);
	enum found found;
	struct observed seen;

	*ret_note = NULL;
	if (!directory) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (guard_name(spec->app, spec->name, err))
		return PROGRESS_FAILED;
	enum progress progress = make_room(location, errand, spec, directory, &arena, &found, &seen, err);
	if (progress == PROGRESS_WAITING)
		*ret_note = "ending what was there under its name";
	if (progress != PROGRESS_DONE || (found == FOUND_SAME && is_living(&seen)))
		return progress;
	int64_t created_ms =
	    found == FOUND_SAME ? seen.created_ms : location->world->ops->wall(location->world);
	return write_down(location, spec, directory, created_ms, err) ||
		       files_put(location, spec, directory, false, err)
		   ? PROGRESS_FAILED
		   : PROGRESS_DONE;
}
