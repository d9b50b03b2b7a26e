/* files.c - puts an instance's files where they are wanted on this machine, and takes away what is still as
 * it was put.
 *
 * A file below the directory that is the instance's own is nobody else's. Any other path is shared: by the
 * generations of an instance, while both are there, and by the instances of one component. What one of them
 * replaces is kept in the run directory of the one it was for, and comes back when the newer one is removed,
 * as after an update that failed. A file that nobody here put there is never replaced, and never removed.
 */
#include "locations/localhost/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* --- what a file is to be -------------------------------------------------------------------- */

/* One spelling for a path, as far as that can be told from the path alone. */
static char *spell(struct arena *arena, const char *path)
{
	char *plain = arena_text(arena, path), *to = plain;

	for (const char *from = path; plain && *from;) {
		bool begins = from == path || from[-1] == '/';
		if (begins && to > plain && *from == '/')
			from++;
		else if (begins && from[0] == '.' && from[1] == '/')
			from += 2;
		else
			*to++ = *from++;
	}
	if (plain)
		*to = '\0';
	return plain;
}

static bool leads_out(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return true;
	return false;
}

static int rights_of(struct location *location, const struct instance_spec *spec,
		     const struct spec_file *file, struct file_rights *ret, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	const char *name = file->user ? file->user : spec->user;
	struct user user;

	*ret = (struct file_rights){.mode = file->mode, .uid = (uid_t)-1, .gid = (gid_t)-1};
	if (!name)
		return 0;
	if (user_find(location, &arena, name, &user, err))
		return -1;
	if (local_uid(location) && user.identity.uid != local_uid(location)) {
		fail(err, ERR_DENIED, "`%s` cannot be given to user `%s`: only root can", file->path, name);
		remedy(err, "leave out `user`, or deploy as root");
		return -1;
	}
	ret->uid = user.identity.uid;
	ret->gid = user.identity.gid;
	return 0;
}

int files_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	struct file_rights rights;

	for (size_t i = 0; i < spec->file_count; i++) {
		const char *path = spec->files[i].path;
		if (!*path || ends_with(path, "/") || leads_out(path))
			return fail(err, ERR_INVALID, "`%s` is no path of a file: one without `..`", path);
		if (rights_of(location, spec, &spec->files[i], &rights, err))
			return -1;
	}
	return 0;
}

/* Relative paths are so to where the instance works. */
static int describe_one(struct location *location, struct arena *arena, const struct instance_spec *spec,
			const struct spec_file *file, const char *salt, struct put_file *ret,
			struct error *err)
{
	bool relative = *file->path != '/';
	struct put_file described = {.own = relative && !spec->directory};

	if (rights_of(location, spec, file, &described.rights, err))
		return -1;
	const char *path = relative && spec->directory
			       ? arena_format(arena, "%s/%s", spec->directory, file->path)
			       : file->path;
	described.path = path ? spell(arena, path) : NULL;
	if (!described.path)
		return fail_memory(err);
	if (salted_digest(salt, file->content, file->size, described.digest))
		return fail(err, ERR_FAILED, "SHA-256 is not available from libcrypto");
	*ret = described;
	return 0;
}

struct putting {
	struct location *location;
	const struct instance_spec *spec;
	struct arena arena;
	struct file_records others;
	struct file_record before, now;
	const char *work; /* where the instance works */
	bool all;         /* also what another one has a file of its own at */
};

static void putting_release(struct putting *putting)
{
	arena_release(&putting->arena);
	file_records_release(&putting->others);
}

static int describe(struct putting *putting, struct error *err)
{
	const struct instance_spec *spec = putting->spec;
	struct world *world = putting->location->world;
	struct arena *arena = &putting->arena;
	uint64_t number;

	if (world->ops->random(world, &number, sizeof(number)))
		return fail(err, ERR_FAILED, "no random number to be had");
	putting->now = (struct file_record){
	    .directory = putting->before.directory,
	    .salt = *putting->before.salt ? putting->before.salt
					  : arena_format(arena, "%016llx", (unsigned long long)number),
	    .files = arena_array(arena, struct put_file, spec->file_count + 1),
	};
	if (!putting->now.salt || !putting->now.files)
		return fail_memory(err);
	for (size_t i = 0; i < spec->file_count; i++, putting->now.count++)
		if (describe_one(putting->location, arena, spec, &spec->files[i], putting->now.salt,
				 &putting->now.files[i], err))
			return -1;
	return 0;
}

/* --- what lies there ------------------------------------------------------------------------- */

static bool has_rights(struct location *location, const struct put_file *file)
{
	struct file_facts facts;
	uid_t uid = file->rights.uid == (uid_t)-1 ? local_uid(location) : file->rights.uid;
	gid_t gid = file->rights.gid;

	return !location->world->ops->file_look(location->world, file->path, &facts, NULL) &&
	       facts.mode == file->rights.mode && facts.uid == uid && (gid == (gid_t)-1 || facts.gid == gid);
}

/* Another component's is that component's, unless it is the very same; a stranger's is the stranger's. */
static int may_put(const struct putting *putting, const struct spec_file *content,
		   const struct put_file *file, struct error *err)
{
	const struct instance_spec *spec = putting->spec;
	char digest[DIGEST_HEX];

	for (size_t i = 0; i < putting->others.count; i++) {
		const struct file_record *other = &putting->others.all[i];
		const struct put_file *theirs = file_record_find(other, file->path);
		bool kin = !strcmp(other->app, spec->app) && !strcmp(other->component, spec->component);
		if (!theirs || kin)
			continue;
		if (salted_digest(other->salt, content->content, content->size, digest))
			return fail(err, ERR_FAILED, "SHA-256 is not available from libcrypto");
		if (strcmp(digest, theirs->digest))
			return fail(err, ERR_CONFLICT, "`%s` is a file of `%s.%s`", file->path, other->app,
				    other->component);
	}
	enum there there = file_there(putting->location, &putting->now, file->path, err);
	if (there == THERE_UNKNOWN)
		return -1;
	if (there == THERE_NO_FILE)
		return fail(err, ERR_CONFLICT, "`%s` is there and is no plain file", file->path);
	if (there == THERE_NOTHING || there == THERE_SAME || file_record_find(&putting->before, file->path) ||
	    file_records_find(&putting->others, file->path))
		return 0;
	fail(err, ERR_CONFLICT, "`%s` is there and was not put there by berth", file->path);
	remedy(err, "move it away, or leave it out of `files`");
	return -1;
}

/* --- putting --------------------------------------------------------------------------------- */

/* Those missing on the way to it, and those that were made for others of ours. */
static int note_made(struct putting *putting, const char *path, struct error *err)
{
	struct arena *arena = &putting->arena;
	struct file_record *now = &putting->now;
	char *directory = arena_text(arena, path);

	for (char *slash; directory && (slash = strrchr(directory, '/')) != directory;) {
		struct world *world = putting->location->world;
		*slash = '\0';
		bool ours = !world->ops->file_exists(world, directory) ||
			    file_record_made(&putting->before, directory);
		for (size_t i = 0; i < putting->others.count && !ours; i++)
			ours = file_record_made(&putting->others.all[i], directory);
		if (!ours)
			return 0;
		if (file_record_made(now, directory))
			continue;
		const char **made = arena_array(arena, const char *, now->made_count + 1);
		char *copy = arena_text(arena, directory);
		if (!made || !copy)
			return fail_memory(err);
		if (now->made_count)
			memcpy(made, now->made, now->made_count * sizeof(*made));
		made[now->made_count++] = copy;
		now->made = made;
	}
	return directory ? 0 : fail_memory(err);
}

/* What is there is somebody else's and will be replaced: it is kept for whom it was put there. */
static int keep_for_others(struct putting *putting, const char *path, struct error *err)
{
	struct world *world = putting->location->world;

	for (size_t i = 0; i < putting->others.count; i++) {
		owned_text content = {.secret = true};
		const struct file_record *other = &putting->others.all[i];
		const struct put_file *theirs = file_record_find(other, path);
		enum there there = theirs ? file_there(putting->location, other, path, err) : THERE_NOTHING;
		if (there == THERE_UNKNOWN)
			return -1;
		if (there != THERE_SAME)
			continue;
		char *kept = file_kept_path(&putting->arena, other, theirs);
		if (!kept)
			return fail_memory(err);
		if (world->ops->file_read(world, path, CONTENT_MAX, &content, err) ||
		    world->ops->file_write(world, kept, 0600, text_view(&content), content.length, err))
			return -1;
	}
	return 0;
}

static int put_shared(struct putting *putting, const struct spec_file *content, const struct put_file *file,
		      struct error *err)
{
	struct world *world = putting->location->world;
	enum there there = file_there(putting->location, &putting->now, file->path, err);

	if (there == THERE_UNKNOWN)
		return -1;
	if (there == THERE_SAME && has_rights(putting->location, file))
		return 0;
	if (there != THERE_NOTHING && !putting->all && file_records_find(&putting->others, file->path))
		return 0; /* until this one starts */
	if (there == THERE_OTHER && keep_for_others(putting, file->path, err))
		return -1;
	char *directory = arena_text(&putting->arena, file->path);
	if (!directory)
		return fail_memory(err);
	*strrchr(directory, '/') = '\0';
	if (*directory && world->ops->directories_make(world, directory, 0755, err))
		return -1;
	return world->ops->file_put(world, NULL, file->path, &file->rights, content->content, content->size,
				    err);
}

static int put_all(struct putting *putting, struct error *err)
{
	struct world *world = putting->location->world;

	/* One that was killed while it was placed has no place to work yet. */
	if (putting->now.count && world->ops->directories_make(world, putting->work, 0755, err))
		return -1;
	for (size_t i = 0; i < putting->now.count; i++) {
		const struct put_file *file = &putting->now.files[i];
		const struct spec_file *content = &putting->spec->files[i];
		int result = file->own ? world->ops->file_put(world, putting->work, file->path, &file->rights,
							      content->content, content->size, err)
				       : put_shared(putting, content, file, err);
		if (result)
			return -1;
	}
	return 0;
}

/* --- the whole of it ------------------------------------------------------------------------- */

/* What was put there before and is wanted no more. */
static int take_away_dropped(struct putting *putting, struct error *err)
{
	for (size_t i = 0; i < putting->before.count; i++) {
		const struct put_file *file = &putting->before.files[i];
		if (!file->own && file_record_first(&putting->before, i) &&
		    !file_record_find(&putting->now, file->path) &&
		    file_take_away(putting->location, &putting->arena, &putting->others, &putting->before,
				   file->path, err))
			return -1;
	}
	return 0;
}

/* What others replaced is replaced by ours again. */
static int forget_kept(struct putting *putting, struct error *err)
{
	for (size_t i = 0; i < putting->before.count; i++) {
		char *kept = file_kept_path(&putting->arena, &putting->before, &putting->before.files[i]);
		if (!kept)
			return fail_memory(err);
		if (putting->location->world->ops->file_remove(putting->location->world, kept, err))
			return -1;
	}
	return 0;
}

/* So that what is inside goes before what it is in. */
static int longest_first(const void *left, const void *right)
{
	size_t one = strlen(*(const char *const *)left), other = strlen(*(const char *const *)right);

	return one < other ? 1 : one > other ? -1 : 0;
}

static int prepare(struct putting *putting, const char *directory, struct error *err)
{
	struct marks marks;

	if (!manifest_read(putting->location, &putting->arena, directory, &marks))
		return fail(err, ERR_FAILED, "the run directory of `%s` is gone: `%s`", putting->spec->name,
			    directory);
	putting->work = work_directory(&putting->arena, &marks);
	if (!putting->work)
		return fail_memory(err);
	if (describe(putting, err) || file_records_load(putting->location, directory, &putting->others, err))
		return -1;
	for (size_t i = 0; i < putting->now.count; i++) {
		const struct put_file *file = &putting->now.files[i];
		if (file->own)
			continue;
		if (may_put(putting, &putting->spec->files[i], file, err) ||
		    note_made(putting, file->path, err))
			return -1;
	}
	if (putting->now.made_count)
		qsort(putting->now.made, putting->now.made_count, sizeof(*putting->now.made), longest_first);
	return 0;
}

/* Until all is put, what is there may also be what was put there before. */
static int record_and_put(struct putting *putting, struct error *err)
{
	struct file_record both = putting->now;
	size_t count = putting->now.count + putting->before.count;

	both.files = arena_array(&putting->arena, struct put_file, count + 1);
	if (!both.files)
		return fail_memory(err);
	for (size_t i = 0; i < putting->now.count; i++)
		both.files[i] = putting->now.files[i];
	for (size_t i = 0; i < putting->before.count; i++) {
		const struct put_file *file = &putting->before.files[i];
		if (!file->own && !file_recorded(&putting->now, file->path, file->digest))
			both.files[both.count++] = *file;
	}
	if (file_record_write(putting->location, &both, err) || put_all(putting, err))
		return -1;
	return both.count > putting->now.count ? file_record_write(putting->location, &putting->now, err) : 0;
}

int files_put(struct location *location, const struct instance_spec *spec, const char *directory, bool all,
	      struct error *err)
{
	owned_by(putting_release) struct putting putting = {.location = location, .spec = spec, .all = all};

	if (file_record_read(location, &putting.arena, directory, &putting.before, err))
		return -1;
	if (!spec->file_count && !putting.before.count)
		return 0;
	if (prepare(&putting, directory, err) || take_away_dropped(&putting, err) ||
	    record_and_put(&putting, err))
		return -1;
	return all ? forget_kept(&putting, err) : 0;
}
