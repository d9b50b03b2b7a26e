/* files.c - a spec's files are put into its container, which runs or not: one archive, one call.
 *
 * The engine unpacks it inside the container's own file system with its volumes mounted, also when the
 * container never ran, and makes missing directories (root's, 0755). It replaces what is there: a reader
 * meets the old file, for a moment none, or the new one. */
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"
#include "locations/docker/ids.h"
#include "locations/docker/tar.h"

enum { USERS, GROUPS };

struct filling {
	const char *own; /* the user that the container runs as */
	struct table users, groups;
};

static step write_files;

static const char *owner_of(const struct filling *filling, const struct spec_file *file)
{
	return file->user ? file->user : filling->own;
}

static enum progress nobody(struct task *task, const struct spec_file *file, const char *name,
			    struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;

	fail(err, ERR_INVALID,
	     "location `%s`: file `%s` of `%s` cannot belong to `%s`: its image knows no such name",
	     task->docker->location->name, file->path, spec->component, name);
	remedy(err, "write numbers: `user: \"UID:GID\"`");
	return PROGRESS_FAILED;
}

static enum progress refused(struct task *task, struct call *call, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	const char *words = call_words(call);

	call_failed(call, err, "location `%s`: cannot put files into container `%s`",
		    task->docker->location->name, spec->name);
	if (strstr(words, "read-only")) {
		err->code = ERR_INVALID;
		remedy(err, "a file cannot lie in what is mounted read-only: choose another path");
	} else if (strstr(words, "cannot overwrite directory") || strstr(words, "not a directory")) {
		err->code = ERR_INVALID;
		remedy(err, "the image has something else at that path: choose another one");
	}
	return PROGRESS_FAILED;
}

static enum progress written(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call)) {
		/* Without memory they are only written once more. */
		(void)map_put(&task->docker->filled, task->id, task->docker);
		return task_go(task, task->after);
	}
	/* Written twice they are the same. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return task_go(task, write_files);
	return refused(task, call, err);
}

static enum progress add_files(struct task *task, const struct filling *filling, struct text *archive,
			       struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	struct world *world = task->docker->world;

	for (size_t i = 0; i < spec->file_count; i++) {
		const struct spec_file *file = &spec->files[i];
		struct ids ids;
		const char *unknown =
		    ids_find(owner_of(filling, file), filling->users, filling->groups, &ids);
		if (unknown)
			return nobody(task, file, unknown, err);
		tar_add(archive, &(struct tar_file){
				     .name = file->path + (*file->path == '/'),
				     .mode = file->mode,
				     .uid = ids.user,
				     .gid = ids.group,
				     .changed_s = world->ops->wall(world) / 1000,
				     .content = file->content,
				     .size = file->size,
				 });
	}
	tar_end(archive);
	return PROGRESS_DONE;
}

static enum progress write_files(struct task *task, struct error *err)
{
	owned_text archive = {.secret = true};
	const struct question question = {
	    .method = "PUT",
	    .path = container_path(task, "/archive?path=%2F&noOverwriteDirNonDir=1"),
	    .archive = &archive,
	};

	if (add_files(task, task->own, &archive, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	return ask(task, 0, &question, written, err);
}

/* A table that is not there is an empty one. */
static int read_table(struct task *task, unsigned slot, struct table *ret, struct error *err)
{
	struct call *call = &task->calls[slot];

	if (!call->task || (call->error.code == OK && call->status == 404))
		return 0;
	if (!call_ok(call)) {
		call_failed(call, err, "location `%s`: cannot look up the users of container `%s`",
			    task->docker->location->name, task->wish.spec->name);
		return -1;
	}
	const char *content;
	size_t size;
	if (!tar_first(text_view(&call->body), call->body.length, &content, &size))
		return 0; /* a link or worse; names are then not known */
	ret->text = arena_copy(&task->arena, content, size);
	ret->size = size;
	return ret->text ? 0 : fail_memory(err);
}

static enum progress tables_read(struct task *task, struct error *err)
{
	struct filling *filling = task->own;

	if (read_table(task, USERS, &filling->users, err) < 0 ||
	    read_table(task, GROUPS, &filling->groups, err) < 0)
		return PROGRESS_FAILED;
	return task_go(task, write_files);
}

static enum progress ask_table(struct task *task, unsigned slot, const char *path, struct error *err)
{
	const char *rest = arena_format(&task->arena, "/archive?path=%s", path);
	const struct question question = {
	    .method = "GET",
	    .path = rest ? container_path(task, rest) : NULL,
	};

	return ask(task, slot, &question, tables_read, err);
}

static enum progress find_users(struct task *task, bool users, bool groups, struct error *err)
{
	call_release(&task->calls[USERS]);
	call_release(&task->calls[GROUPS]);
	if (users && ask_table(task, USERS, "%2Fetc%2Fpasswd", err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	if (groups && ask_table(task, GROUPS, "%2Fetc%2Fgroup", err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	return users || groups ? PROGRESS_WAITING : task_go(task, write_files);
}

enum progress files_begin(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	const char *own = json_text(json_at(call_json(&task->calls[0], err), "Config"), "User");
	struct filling *filling = arena_alloc(&task->arena, sizeof(*filling));
	bool users = false, groups = false;

	if (!spec->file_count)
		return task_go(task, task->after);
	if (!filling || !(filling->own = arena_text(&task->arena, own ? own : "")))
		return out_of_memory(err);
	task->own = filling;
	for (size_t i = 0; i < spec->file_count; i++) {
		users |= !ids_are_numbers(owner_of(filling, &spec->files[i]));
		groups |= ids_name_a_group(owner_of(filling, &spec->files[i]));
	}
	return find_users(task, users, groups, err);
}

/* --- deliver --- */

static enum progress looked(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	int ours = inspected_is_ours(task, spec->name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return container_gone(task, spec->name, err);
	task->after = task_done;
	return task_go(task, files_begin);
}

enum progress deliver_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.spec->name, looked, err);
}
