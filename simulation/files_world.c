/* files_world.c - reading and looking at files, as a simulated process does it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file_error.h"
#include "simulation/machine_internal.h"

static bool alive(struct world *world, struct error *err)
{
	if (!seat_dead(seat_of(world)))
		return true;
	fail(err, ERR_CANCELLED, "this process is dead");
	return false;
}

static struct machine *machine_of(struct world *world)
{
	return seat_machine(seat_of(world));
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* What is to be read: a file's bytes, or what /proc makes up. */
struct source {
	const char *bytes;
	size_t size;
	struct text made;
};

static void source_release(struct source *source)
{
	text_release(&source->made);
}

static int open_source(struct world *world, const char *path, struct source *source, struct error *err)
{
	struct machine *machine = machine_of(world);
	if (!alive(world, err))
		return -1;
	int made = proc_read(machine, &machine->user, path, &source->made);
	if (made < 0)
		return fail_file(err, path, "cannot read");
	if (made == 0) {
		source->bytes = text_view(&source->made);
		source->size = source->made.length;
		return source->made.failed ? fail_memory(err) : 0;
	}
	const struct node *node = walk(&machine->files, NULL, path, true, &machine->user);
	if (node && node->kind == FILE_DIRECTORY)
		errno = EISDIR;
	else if (node && !node_allows(node, &machine->user, 4))
		errno = EACCES;
	else if (node && !disk_refuses(&machine->files, DISK_READ, node)) {
		source->bytes = (const char *)node->bytes;
		source->size = (size_t)node->size;
		return 0;
	}
	return fail_file(err, path, "cannot read");
}

static int append(const char *bytes, size_t count, struct text *ret_content, struct error *err)
{
	text_add_bytes(ret_content, count ? bytes : "", count);
	return ret_content->failed ? fail_memory(err) : 0;
}

int sim_file_read(struct world *world, const char *path, size_t limit, struct text *ret_content,
		  struct error *err)
{
	owned_by(source_release) struct source source = {0};
	if (open_source(world, path, &source, err))
		return -1;
	if (source.size > limit)
		return fail(err, ERR_INVALID, "%s is longer than %zu bytes", path, limit);
	return append(source.bytes, source.size, ret_content, err);
}

int sim_file_tail(struct world *world, const char *path, size_t limit, struct text *ret_content,
		  struct error *err)
{
	owned_by(source_release) struct source source = {0};
	if (open_source(world, path, &source, err))
		return -1;
	size_t skipped = source.size > limit ? source.size - limit : 0;
	return append(source.bytes + skipped, source.size - skipped, ret_content, err);
}

int sim_file_read_at(struct world *world, const char *path, uint64_t offset, size_t limit,
		     struct text *ret_content, struct error *err)
{
	owned_by(source_release) struct source source = {0};
	if (open_source(world, path, &source, err))
		return -1;
	if (offset > INT64_MAX)
		return fail(err, ERR_INVALID, "%s: no file reaches to byte %llu", path,
			    (unsigned long long)offset);
	if (offset >= source.size)
		return 0;
	size_t left = source.size - (size_t)offset;
	return append(source.bytes + offset, left < limit ? left : limit, ret_content, err);
}

/* --- looking ---------------------------------------------------------------------------------------- */

static int look(struct world *world, const char *path, bool follow, struct file_facts *ret, struct error *err)
{
	struct machine *machine = machine_of(world);
	if (!alive(world, err))
		return -1;
	const struct node *node = walk(&machine->files, NULL, path, follow, &machine->user);
	if (!node)
		return fail_file(err, path, "cannot look at");
	*ret = (struct file_facts){.kind = node->kind,
				   .mode = node->mode,
				   .uid = node->uid,
				   .gid = node->gid,
				   .size = node->kind == FILE_DIRECTORY ? 4096 : node->size,
				   .device = 1,
				   .inode = node->inode};
	return 0;
}

int sim_file_look(struct world *world, const char *path, struct file_facts *ret, struct error *err)
{
	return look(world, path, false, ret, err);
}

int sim_file_follow(struct world *world, const char *path, struct file_facts *ret, struct error *err)
{
	return look(world, path, true, ret, err);
}

bool sim_file_exists(struct world *world, const char *path)
{
	struct machine *machine = machine_of(world);
	owned_text ignored = {0};
	if (seat_dead(seat_of(world)))
		return false;
	int made = proc_read(machine, &machine->user, path, &ignored);
	return made == 0 || (made > 0 && walk(&machine->files, NULL, path, true, &machine->user));
}

struct names {
	char **all;
	size_t count;
};

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->all[i]);
	free(names->all);
}

/* Of the names as they were at first: who visits may change them. */
int sim_directory_list(struct world *world, const char *path, bool (*visit)(void *owner, const char *name),
		       void *owner, struct error *err)
{
	struct machine *machine = machine_of(world);
	owned_by(names_release) struct names names = {0};
	if (!alive(world, err))
		return -1;
	struct node *node = walk(&machine->files, NULL, path, true, &machine->user);
	if (!node && errno == ENOENT)
		return 0;
	if (node && node->kind != FILE_DIRECTORY)
		errno = ENOTDIR;
	else if (node && !node_allows(node, &machine->user, 4))
		errno = EACCES;
	else if (node && !disk_refuses(&machine->files, DISK_READ, node))
		names.all = calloc(node->count + 1, sizeof *names.all);
	if (!names.all)
		return fail_file(err, path, "cannot list");
	for (; names.count < node->count; names.count++)
		if (!(names.all[names.count] = strdup(node->entries[names.count]->name)))
			return fail_memory(err);
	for (size_t i = 0; i < names.count && visit(owner, names.all[i]); i++)
		;
	return 0;
}
