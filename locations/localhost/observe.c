/* observe.c - puts together what the processes, the trees and the run directories say about the instances. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* What a run directory holds when it is ours; names of files being written begin with these or with a dot. */
static const char *const own_files[] = {"manifest", "launch", "state", "lock", "log", "error",
					"work",     "probe",  "files", "kept", "."};

struct content {
	bool any, manifest, foreign;
};

static bool visit_content(void *owner, const char *name)
{
	struct content *content = owner;
	bool own = false;

	for (size_t i = 0; i < COUNT_OF(own_files); i++)
		own = own || starts_with(name, own_files[i]);
	content->any = true;
	content->manifest = content->manifest || !strcmp(name, "manifest");
	content->foreign = content->foreign || !own;
	return true;
}

bool stranger_at(struct location *location, const char *directory)
{
	struct content content = {0};

	location->world->ops->directory_list(location->world, directory, visit_content, &content, NULL);
	return content.foreign && !content.manifest;
}

bool is_remnant(struct location *location, const char *directory)
{
	struct world *world = location->world;
	struct content content = {0};

	return world->ops->file_exists(world, directory) &&
	       !world->ops->directory_list(world, directory, visit_content, &content, NULL) &&
	       !content.foreign && !content.manifest;
}

static void read_error(struct location *location, struct arena *arena, const char *directory,
		       struct observed *seen)
{
	owned_text content = {0};
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/error", directory) < (int)sizeof(path) &&
	    !location->world->ops->file_tail(location->world, path, 400, &content, NULL) && content.length)
		seen->error = arena_text(arena, text_view(&content));
}

static enum observed_state running_state(const struct status *status)
{
	if (!strcmp(status->state, "restarting"))
		return SEEN_RESTARTING;
	if (!strcmp(status->state, "starting"))
		return SEEN_CREATED;
	if (!strcmp(status->state, "parked") || !strcmp(status->state, "stopped") ||
	    !strcmp(status->state, "failed"))
		return SEEN_STOPPED;
	return SEEN_RUNNING;
}

static void see_status(const struct status *status, struct observed *seen)
{
	seen->exit_code = status->code;
	seen->signal = status->signal;
	seen->exits = status->exits;
	seen->exits_known = true;
	seen->started_ms = status->started_ms;
}

static bool keeps_any(const struct scan *scan, const struct shim *shim)
{
	for (size_t i = 0; i < scan->member_count; i++) {
		const struct member *member = &scan->members[i];
		if (member->shim_pid == shim->pid && member->shim_start == shim->start &&
		    member->pid != shim->pid)
			return true;
	}
	return false;
}

/* A living helper says how it is; what its directory says counts only when that very helper wrote it. Of one
 * whose directory was removed only its processes tell. */
static void see_shim(struct location *location, struct arena *arena, const struct scan *scan,
		     const struct shim *shim, const struct status *status, struct observed *seen)
{
	bool lost = !location->world->ops->file_exists(location->world, shim->marks.run);

	seen->state = *status->state ? running_state(status) : SEEN_RUNNING;
	/* It will be down, whoever asked for that; started again it is when it has come to its end. */
	seen->stopping = seen->state == SEEN_RUNNING && (shim->ending || !strcmp(status->state, "stopping"));
	if (seen->stopping)
		seen->state = SEEN_STOPPED;
	if (*status->state)
		see_status(status, seen);
	seen->paused =
	    seen->state == SEEN_RUNNING && process_paused(location, status->pid, status->pid_start);
	if (seen->paused)
		seen->error = "it is paused";
	seen->target_id = arena_format(arena, "%d:%llu:%s", (int)shim->pid, (unsigned long long)shim->start,
				       location->world->ops->boot_id(location->world));
	if (!lost)
		return;
	/* A helper that keeps nothing starts it again from there; and its name is that of the directory, so
	 * that one of an update can never be given the settled one. */
	bool idle = !keeps_any(scan, shim);
	if (!idle && !shim->marks.generation)
		return;
	seen->state = SEEN_BROKEN;
	seen->error = idle ? "its run directory was removed, and nothing of it runs"
			   : "its run directory was removed during an update";
}

static void see_rest(struct location *location, struct arena *arena, const struct status *status,
		     struct observed *seen)
{
	bool over = !strcmp(status->state, "stopped") || !strcmp(status->state, "failed") ||
		    !strcmp(status->state, "parked");

	if (!*status->state) {
		seen->state = SEEN_CREATED;
		seen->target_id = arena_format(arena, "created:%lld", (long long)seen->created_ms);
		return;
	}
	see_status(status, seen);
	seen->state = SEEN_STOPPED;
	seen->target_id = arena_format(arena, "%d:%llu:%s", (int)status->helper,
				       (unsigned long long)status->helper_start, status->boot);
	if (over)
		return;
	seen->exit_code = -1;
	seen->signal = 0;
	seen->error = strcmp(status->boot, location->world->ops->boot_id(location->world))
			  ? "it ran until this machine was restarted"
			  : "its keeper (berth-helper) was killed";
}

static void see_tree(struct location *location, struct arena *arena, const struct scan *scan,
		     const char *name, struct observed *seen)
{
	const struct member *first = NULL;

	for (size_t i = 0; i < scan->member_count && !first; i++)
		if (scan->members[i].orphan && !strcmp(scan->members[i].name, name))
			first = &scan->members[i];
	if (!first)
		return;
	seen->state = SEEN_BROKEN;
	seen->orphan_tree = true;
	seen->target_id =
	    arena_format(arena, "%d:%llu:%s", (int)first->shim_pid, (unsigned long long)first->shim_start,
			 location->world->ops->boot_id(location->world));
	seen->error =
	    arena_format(arena,
			 "its keeper (berth-helper, process %d) died; %zu of its processes still run, "
			 "the first is process %d",
			 (int)first->shim_pid, scan_orphans(scan, name), (int)first->pid);
}

static int see_marks(struct location *location, struct arena *arena, const struct marks *marks,
		     struct observed *seen)
{
	*seen = (struct observed){
	    .app = arena_text(arena, marks->app),
	    .component = arena_text(arena, marks->component),
	    .ordinal = marks->ordinal,
	    .generation = marks->generation,
	    .name = arena_text(arena, marks->name),
	    .target_id = "",
	    .digest = arena_text(arena, marks->spec),
	    .link_digest = arena_text(arena, marks->links),
	    .secret_salt = arena_text(arena, marks->salt),
	    .secret_digest = arena_text(arena, marks->secrets),
	    .file_digest = arena_text(arena, marks->files),
	    .type = "process",
	    .exit_code = -1,
	    .created_ms = marks->created_ms,
	    .limits_known = true,           /* there are none */
	    .bindings_known = *marks->spec, /* where it listens is in its marks */
	    .restart = marks->restart,
	    .job = marks->job,
	    .protect = marks->protect,
	};
	if (!seen->app || !seen->component || !seen->name || !seen->digest || !seen->link_digest ||
	    !seen->secret_salt || !seen->secret_digest || !seen->file_digest)
		return -1;
	return *marks->spec
		   ? attachments_read(location, marks, arena, &seen->attachments, &seen->attachment_count)
		   : 0;
}

/* A tree whose run directory is gone as well: its name is all that is known. */
static bool bare_marks(const struct scan *scan, struct arena *arena, const char *name,
		       struct marks *ret_marks)
{
	struct marks marks = {.name = name,
			      .spec = "",
			      .links = "",
			      .salt = "",
			      .secrets = "",
			      .files = "",
			      .ports = "",
			      .bind = ""};

	if (!scan_orphans(scan, name) || !instance_name_split(arena, name, &marks.app, &marks.component,
							      &marks.ordinal, &marks.generation))
		return false;
	*ret_marks = marks;
	return true;
}

/* What may change while it runs is in the manifest; a living helper has the rest, also without one. */
static bool find_marks(struct location *location, const struct scan *scan, struct arena *arena,
		       const char *directory, const char *name, struct marks *ret_marks)
{
	const struct shim *shim = scan_shim(scan, name);
	bool written = manifest_read(location, arena, directory, ret_marks);

	if (!shim)
		return written || bare_marks(scan, arena, name, ret_marks);
	if (!written || ret_marks->created_ms != shim->marks.created_ms)
		*ret_marks = shim->marks;
	return true;
}

/* Where the instance lies: a living helper may work for another store. NULL when memory is gone. */
static const char *directory_of(struct location *location, const struct scan *scan, struct arena *arena,
				const char *app, const char *name)
{
	const struct shim *shim = scan_shim(scan, name);

	return shim ? arena_text(arena, shim->marks.run) : run_directory(location, arena, app, name);
}

static bool see(struct location *location, const struct scan *scan, struct arena *arena, const char *name,
		struct observed *ret, struct error *err)
{
	const struct shim *shim = scan_shim(scan, name);
	const char *app, *component;
	unsigned ordinal, generation;
	struct marks marks;
	struct status status = {.code = -1};
	struct observed seen;

	*err = (struct error){0};
	if (!instance_name_split(arena, name, &app, &component, &ordinal, &generation))
		return false;
	const char *directory = directory_of(location, scan, arena, app, name);
	if (!directory) {
		fail_memory(err);
		return false;
	}
	/* Those of another application in this one's directory are a stranger's. */
	if (!find_marks(location, scan, arena, directory, name, &marks) || strcmp(marks.name, name) != 0)
		return false;
	if (see_marks(location, arena, &marks, &seen)) {
		fail_memory(err);
		return false;
	}
	if (shim ? !shim_status(location, shim, &status) : !status_read(location, directory, &status))
		status = (struct status){.code = -1};
	if (shim)
		see_shim(location, arena, scan, shim, &status, &seen);
	else
		see_rest(location, arena, &status, &seen);
	if (!shim)
		see_tree(location, arena, scan, name, &seen);
	if (!seen.error)
		read_error(location, arena, directory, &seen);
	if (!seen.target_id) {
		fail_memory(err);
		return false;
	}
	*ret = seen;
	return true;
}

bool observe(struct location *location, const struct scan *scan, struct arena *arena, const char *name,
	     struct observed *ret, struct error *err)
{
	size_t memory = memory_failures();
	bool there = see(location, scan, arena, name, ret, err);

	/* What there was no memory to read is not absent for that. */
	if (err->code != OK || memory_failures() == memory)
		return there;
	fail_memory(err);
	return false;
}

enum progress localhost_look(struct location *location, struct errand *errand, const char *app,
			     const char *name, struct arena *arena, struct observed *ret, struct error *err)
{
	owned_scan scan = {0};
	struct observed seen;
	struct error why;

	(void)errand;
	if (guard_name(app, name, err) || scan_make(location, true, &scan, err))
		return PROGRESS_FAILED;
	if (observe(location, &scan, arena, name, &seen, &why)) {
		seen.exits_known = true;
		*ret = seen;
		return PROGRESS_DONE;
	}
	char *directory = run_directory(location, arena, app, name);
	if (why.code == OK && directory && stranger_at(location, directory))
		fail(&why, ERR_CONFLICT, "`%s` holds files that berth did not make", directory);
	else if (why.code == OK)
		fail(&why, ERR_MISSING, "`%s` is not on this machine", name);
	*err = why;
	return PROGRESS_FAILED;
}
