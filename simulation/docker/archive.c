/* archive.c - files put into a container and taken out of it, as archives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

/* --- what lies there ------------------------------------------------------------------------------------ */

struct file *file_found(const struct container *container, const char *path)
{
	struct file *file = container->files;

	while (file && strcmp(file->path, path) != 0)
		file = file->next;
	return file;
}

static bool is_directory(const struct container *container, const char *path)
{
	static const char *const always[] = {"/", "/etc", "/tmp", "/bin", "/dev", "/proc", "/sys"};
	size_t length = strlen(path);

	for (size_t i = 0; i < COUNT_OF(always); i++)
		if (!strcmp(path, always[i]))
			return true;
	for (size_t i = 0; i < container->mount_count; i++)
		if (!strcmp(container->mounts[i].path, path))
			return true;
	for (const struct file *file = container->files; file; file = file->next)
		if (!strncmp(file->path, path, length) && file->path[length] == '/')
			return true;
	return false;
}

static void put_file(struct container *container, const char *path, const struct tar_entry *entry)
{
	struct file *file = file_found(container, path);

	if (!file) {
		file = must(calloc(1, sizeof(*file)));
		file->path = copy(path);
		put_list((void **)&container->files, file, offsetof(struct file, next));
	}
	free(file->content);
	file->content = must(malloc(entry->size + 1));
	memcpy(file->content, entry->content, entry->size);
	file->content[entry->size] = '\0';
	file->size = entry->size;
	file->mode = entry->mode;
	file->uid = entry->uid;
	file->gid = entry->gid;
}

void put_own_files(struct container *container)
{
	static const struct {
		const char *path, *content;
	} own[] = {
	    {"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n"},
	    {"/etc/group", "root:x:0:\nwww-data:x:33:\n"},
	};

	for (size_t i = 0; i < COUNT_OF(own); i++) {
		const struct tar_entry entry = {
		    .mode = 0644, .content = own[i].content, .size = strlen(own[i].content)};
		put_file(container, own[i].path, &entry);
	}
}

void files_free(struct container *container)
{
	struct file *next;

	for (struct file *file = container->files; file; file = next) {
		next = file->next;
		free(file->path);
		free(file->content);
		free(file);
	}
}

/* --- taken out --------------------------------------------------------------------------------- */

static char *path_asked(struct call *call)
{
	char *path = query_value(call, "path");

	if (path && *path)
		return path;
	free(path);
	refuse(call, 400, "bad parameter: pathcannot be empty");
	return NULL;
}

/* "x/" and "/x" are one. */
static char *absolute(const char *path)
{
	char *whole = format("%s%s", *path == '/' ? "" : "/", path);
	size_t length = strlen(whole);

	while (length > 1 && whole[length - 1] == '/')
		whole[--length] = '\0';
	return whole;
}

static void put_entry(struct text *to, const struct file *file, const char *name)
{
	struct tar_entry entry = {
	    .kind = '0',
	    .mode = file->mode,
	    .uid = file->uid,
	    .gid = file->gid,
	    .content = file->content,
	    .size = file->size,
	};

	snprintf(entry.name, sizeof(entry.name), "%s", name);
	tar_put(to, &entry);
}

static void put_directory(struct text *to, const struct container *container, const char *path)
{
	size_t length = strlen(path), base = (size_t)(strrchr(path, '/') - path) + 1;
	struct tar_entry entry = {.kind = '5', .mode = 0755};

	snprintf(entry.name, sizeof(entry.name), "%s/", path + base);
	tar_put(to, &entry);
	for (const struct file *file = container->files; file; file = file->next)
		if (!strncmp(file->path, path, length) && (length == 1 || file->path[length] == '/'))
			put_entry(to, file, file->path + base);
}

void archive_get_asked(struct call *call)
{
	static const char end[1024];
	owned_memory char *written = path_asked(call);

	if (!written)
		return;
	const struct container *container = container_of_call(call);
	if (!container)
		return;
	owned_memory char *path = absolute(written);
	const struct file *file = file_found(container, path);
	struct text to = {0};
	if (file) {
		put_entry(&to, file, strrchr(path, '/') + 1);
	} else if (is_directory(container, path)) {
		put_directory(&to, container, path);
	} else {
		refuse(call, 404, "Could not find the file %s in container %s", written, call->part);
		return;
	}
	text_add_bytes(&to, end, sizeof(end));
	answer_bytes(call, 200, "application/x-tar", NULL, to.data, to.length);
	text_release(&to);
}

/* --- put in ------------------------------------------------------------------------------------ */

#define CANNOT "Error processing tar file(exit status 1): "

/* What is above a file must not be one. */
static const struct file *file_above(const struct container *container, const char *path)
{
	for (const struct file *file = container->files; file; file = file->next) {
		size_t length = strlen(file->path);
		if (!strncmp(file->path, path, length) && path[length] == '/')
			return file;
	}
	return NULL;
}

static const struct mount *read_only_above(const struct container *container, const char *path)
{
	for (size_t i = 0; i < container->mount_count; i++) {
		const struct mount *mount = &container->mounts[i];
		size_t length = strlen(mount->path);
		if (mount->read_only && !strncmp(mount->path, path, length) &&
		    (path[length] == '/' || !path[length]))
			return mount;
	}
	return NULL;
}

/* False after it was refused. */
static bool unpack(struct call *call, struct container *container, const char *below, bool careful,
		   const struct tar_entry *entry)
{
	owned_memory char *joint = format("%s/%s", strcmp(below, "/") ? below : "", entry->name);
	owned_memory char *path = absolute(joint);

	if (entry->kind == '5')
		return true;
	if (is_directory(container, path) && careful) {
		refuse(call, 500, CANNOT "cannot overwrite directory \"%s\" with non-directory \"%s\"", path,
		       below);
		return false;
	}
	if (file_above(container, path)) {
		refuse(call, 500, CANNOT "open %s: not a directory", path);
		return false;
	}
	if (read_only_above(container, path)) {
		refuse(call, 500, CANNOT "open %s: read-only file system", path);
		return false;
	}
	put_file(container, path, entry);
	return true;
}

void archive_put_asked(struct call *call)
{
	owned_memory char *written = path_asked(call);
	const char *at = call->body, *end = call->body ? call->body + call->body_size : NULL;
	struct tar_entry entry;

	if (!written)
		return;
	struct container *container = container_of_call(call);
	if (!container)
		return;
	owned_memory char *below = absolute(written);
	if (file_found(container, below)) {
		refuse(call, 500, "extraction point is not a directory");
		return;
	}
	if (!is_directory(container, below)) {
		refuse(call, 404, "Could not find the file %s in container %s", written, call->part);
		return;
	}
	bool careful = query_flag(call, "noOverwriteDirNonDir");
	while (at && tar_next(&at, end, &entry))
		if (!unpack(call, container, below, careful, &entry))
			return;
	answer_nothing(call, 200);
}
