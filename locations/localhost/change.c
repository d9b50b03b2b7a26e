/* change.c - changes what is there without making it anew: its name, its files, its restart policy, a signal.
 */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"

/* What is there under a name; `there` false: nothing. -1 with the reason when that is a stranger, or it
 * cannot be told. */
struct subject {
	bool there;
	struct observed seen;
	const char *directory; /* its run directory, of whatever store */
	const struct shim *shim;
};

/* By our own path where it lies there; a living helper may work for another store. */
static const char *directory_of(struct location *location, struct arena *arena, const struct shim *shim,
				const char *app, const char *name)
{
	const char *own = run_directory(location, arena, app, name);
	struct marks marks;

	return own && shim && !manifest_read(location, arena, own, &marks) ? shim->marks.run : own;
}

static int find(struct location *location, const struct scan *scan, struct arena *arena, const char *app,
		const char *name, struct subject *ret, struct error *err)
{
	struct subject subject = {.shim = scan_shim(scan, name)};
	struct error why;

	subject.directory = directory_of(location, arena, subject.shim, app, name);
	if (!subject.directory)
		return fail_memory(err);
	subject.there = observe(location, scan, arena, name, &subject.seen, &why);
	if (!subject.there && why.code == OK && stranger_at(location, subject.directory))
		fail(&why, ERR_CONFLICT, "`%s` holds files that berth did not make", subject.directory);
	if (!subject.there && why.code != OK) {
		*err = why;
		return -1;
	}
	*ret = subject;
	return 0;
}

static int must_be_there(const struct subject *subject, const char *name, struct error *err)
{
	return subject->there ? 0 : fail(err, ERR_MISSING, "`%s` is not on this machine", name);
}

/* One that has its keeper is found without a look at every process' descriptors, which takes longer than all
 * that is done to it. */
static int scan_for(struct location *location, const char *name, struct scan *scan, struct error *err)
{
	if (scan_make(location, false, scan, err))
		return -1;
	if (scan_shim(scan, name))
		return 0;
	scan_release(scan);
	return scan_make(location, true, scan, err);
}

/* Its scan and what `arena` holds must outlive it. 0; ERR_MISSING when it is not there. */
static int find_there(struct location *location, struct scan *scan, struct arena *arena, const char *app,
		      const char *name, struct subject *ret, struct error *err)
{
	return scan_for(location, name, scan, err) || find(location, scan, arena, app, name, ret, err) ||
		       must_be_there(ret, name, err)
		   ? -1
		   : 0;
}

static int read_manifest(struct location *location, struct arena *arena, const struct subject *subject,
			 const char *name, struct marks *ret, struct error *err)
{
	if (manifest_read(location, arena, subject->directory, ret))
		return 0;
	return fail(err, ERR_FAILED, "the run directory of `%s` is gone: `%s`", name, subject->directory);
}

/* --- a signal ------------------------------------------------------------------------------- */

static int send_signal(struct location *location, const char *app, const char *name, int number,
		       struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_scan scan = {0};
	struct subject subject;
	struct status status = {.code = -1};
	struct error why = {0};

	if (find_there(location, &scan, &arena, app, name, &subject, err))
		return -1;
	bool runs =
	    subject.shim && shim_status(location, subject.shim, &status) && !strcmp(status.state, "running");
	if (!runs)
		return fail(err, ERR_FAILED, "`%s` does not run", name);
	if (!location->world->ops->signal(location->world, status.pid, status.pid_start, number, &why))
		return 0;
	if (why.code == ERR_MISSING)
		return fail(err, ERR_FAILED, "`%s` has just ended", name);
	*err = why;
	return -1;
}

enum progress localhost_signal(struct location *location, struct errand *errand, const char *app,
			       const char *name, const char *signal, struct error *err)
{
	int number = signal_number(signal);

	(void)errand;
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	if (!number) {
		fail(err, ERR_INVALID, "there is no signal `%s`", signal);
		return PROGRESS_FAILED;
	}
	return send_signal(location, app, name, number, err) ? PROGRESS_FAILED : PROGRESS_DONE;
}

/* --- the restart policy --------------------------------------------------------------------- */

/* Its helper reads the manifest each time it must know. */
static int change_policy(struct location *location, const struct instance_spec *spec, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_scan scan = {0};
	struct subject subject;
	struct marks marks;

	if (find_there(location, &scan, &arena, spec->app, spec->name, &subject, err))
		return -1;
	if (subject.seen.restart == spec->restart)
		return 0;
	if (read_manifest(location, &arena, &subject, spec->name, &marks, err))
		return -1;
	marks.restart = spec->restart;
	return manifest_write(location, &marks, err);
}

enum progress localhost_update(struct location *location, struct errand *errand,
			       const struct instance_spec *spec, struct error *err)
{
	(void)errand;
	if (guard_name(spec->app, spec->name, err))
		return PROGRESS_FAILED;
	return change_policy(location, spec, err) ? PROGRESS_FAILED : PROGRESS_DONE;
}

/* --- its files ------------------------------------------------------------------------------ */

/* The manifest last: what was killed in between is delivered again. */
static int deliver(struct location *location, const struct instance_spec *spec, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_scan scan = {0};
	struct subject subject;
	struct marks marks;

	if (find_there(location, &scan, &arena, spec->app, spec->name, &subject, err) ||
	    files_put(location, spec, subject.directory, true, err) ||
	    read_manifest(location, &arena, &subject, spec->name, &marks, err))
		return -1;
	if (!strcmp(marks.files, spec->file_digest))
		return 0;
	marks.files = spec->file_digest;
	if (!*marks.salt && spec->secret_salt)
		marks.salt = spec->secret_salt;
	return manifest_write(location, &marks, err);
}

enum progress localhost_deliver(struct location *location, struct errand *errand,
				const struct instance_spec *spec, struct error *err)
{
	(void)errand;
	if (guard_name(spec->app, spec->name, err))
		return PROGRESS_FAILED;
	return deliver(location, spec, err) ? PROGRESS_FAILED : PROGRESS_DONE;
}

/* --- the name ------------------------------------------------------------------------------- */

/* The run directory's name is the instance's: one step, after which all who look find it under the new one.
 */
static int move(struct location *location, const struct subject *subject, const char *from, const char *to,
		struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = location->world;
	const char *end = strrchr(subject->directory, '/');
	char *directory = arena_format(&arena, "%.*s%s", (int)(end + 1 - subject->directory),
				       subject->directory, to + strlen(subject->seen.app) + 1);

	if (!directory)
		return fail_memory(err);
	if (!world->ops->file_exists(world, subject->directory)) {
		fail(err, ERR_FAILED, "`%s` cannot be renamed: its run directory is gone", from);
		remedy(err, "remove it (`berth destroy`) and deploy again");
		return -1;
	}
	if ((is_remnant(location, directory) && world->ops->tree_remove(world, directory, err)) ||
	    world->ops->file_rename(world, subject->directory, directory, err))
		return -1;
	ports_rename(localhost_of(location), from, to);
	return 0;
}

static int rename_instance(struct location *location, const char *app, const char *from, const char *to,
			   struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_scan scan = {0};
	struct subject subject, holder;

	if (scan_make(location, true, &scan, err) || find(location, &scan, &arena, app, to, &holder, err) ||
	    find(location, &scan, &arena, app, from, &subject, err))
		return -1;
	if (!subject.there && holder.there)
		return 0; /* it has the name already */
	if (must_be_there(&subject, from, err))
		return -1;
	if (holder.there)
		return fail(err, ERR_CONFLICT, "`%s` cannot become `%s`: another one has that name", from,
			    to);
	return move(location, &subject, from, to, err);
}

enum progress localhost_rename(struct location *location, struct errand *errand, const char *app,
			       const char *from, const char *to, struct error *err)
{
	(void)errand;
	if (guard_name(app, from, err) || guard_name(app, to, err) || guard_rename(from, to, err))
		return PROGRESS_FAILED;
	if (!strcmp(from, to))
		return PROGRESS_DONE;
	return rename_instance(location, app, from, to, err) ? PROGRESS_FAILED : PROGRESS_DONE;
}
