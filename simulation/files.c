/* files.c - nodes of a simulated machine's file tree, and their bytes. */
#include "simulation/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int disk_begin(struct files *files, struct universe *universe)
{
	static const struct actor root = {0};
	*files = (struct files){.universe = universe, .room = -1};
	files->root = node_new(files, FILE_DIRECTORY, 0755, &root);
	if (files->root)
		files->root->named = true;
	return files->root ? 0 : -1;
}

static void drop_tree(struct files *files, struct node *node)
{
	while (node->count) {
		struct node *below = node->entries[--node->count];
		below->named = false;
		drop_tree(files, below);
	}
	node_drop(files, node);
}

void disk_end(struct files *files)
{
	disk_settle(files);
	if (files->root)
		drop_tree(files, give(files->root));
	free(files->changes);
}

struct node *node_new(struct files *files, enum file_kind kind, mode_t mode, const struct actor *actor)
{
	struct node *node = calloc(1, sizeof *node);
	if (!node) {
		errno = ENOMEM;
		return NULL;
	}
	*node = (struct node){.kind = kind,
			      .mode = mode,
			      .uid = actor->uid,
			      .gid = actor->gid,
			      .inode = ++files->last_inode,
			      .holds = 1};
	return node;
}

void node_hold(struct node *node)
{
	node->holds++;
}

void node_drop(struct files *files, struct node *node)
{
	while (node && --node->holds == 0) {
		struct node *parent = node->parent;
		unsynced_forget(files, node);
		if (files->room >= 0 && !node->fleeting)
			files->room += (int64_t)node->size;
		free(node->name);
		free(node->entries);
		free(node->bytes);
		free(node->sectors);
		free(node->changed);
		free(node);
		node = parent;
	}
}

struct node *node_find(const struct node *directory, const char *name, size_t length)
{
	size_t low = 0, high = directory->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strncmp(directory->entries[middle]->name, name, length);
		if (order == 0 && directory->entries[middle]->name[length])
			order = 1;
		if (order == 0)
			return directory->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static size_t put_path(const struct node *node, char *ret_path, size_t size)
{
	if (!node->parent)
		return 0;
	size_t length = put_path(node->parent, ret_path, size);
	int more = snprintf(ret_path + length, size - length, "/%s", node->name);
	return length + (size_t)more < size ? length + (size_t)more : size - 1;
}

void node_path(const struct node *node, char *ret_path, size_t size)
{
	size_t length = put_path(node, ret_path, size);
	bool gone = false;
	for (const struct node *at = node; at; at = at->parent)
		gone = gone || !at->named;
	snprintf(ret_path + length, size - length, "%s%s", length ? "" : "/", gone ? " (deleted)" : "");
}

bool node_allows(const struct node *node, const struct actor *actor, unsigned rights)
{
	unsigned shift = actor->uid == node->uid ? 6 : actor->gid == node->gid ? 3 : 0;
	return !actor->uid || ((node->mode >> shift) & rights) == rights;
}

int disk_refuses(struct files *files, enum disk_act act, const struct node *node)
{
	int error = act != DISK_READ && act != DISK_SYNC && files->read_only ? EROFS : 0;
	if (node && node->fleeting)
		return 0;
	if (!error && files->rule)
		error = files->rule(files->rule_owner, act, node && node->name ? node->name : "");
	errno = error;
	return error ? -1 : 0;
}

/* --- bytes -------------------------------------------------------------------------------------- */

static int make_room(struct node *node, uint64_t size)
{
	if (size <= node->bytes_room)
		return 0;
	uint64_t room = node->bytes_room ? node->bytes_room * 2 : 256;
	while (room < size)
		room *= 2;
	unsigned char *bytes = realloc(node->bytes, room);
	if (!bytes) {
		errno = ENOMEM;
		return -1;
	}
	node->bytes = bytes;
	node->bytes_room = room;
	return 0;
}

static int set_size(struct files *files, struct node *node, uint64_t size)
{
	int64_t more = (int64_t)(size - node->size);
	bool counts = files->room >= 0 && !node->fleeting;
	if (counts && more > files->room) {
		errno = ENOSPC;
		return -1;
	}
	if (make_room(node, size))
		return -1;
	if (more > 0)
		memset(node->bytes + node->size, 0, (size_t)more);
	if (counts)
		files->room -= more;
	node->size = size;
	return 0;
}

int node_write(struct files *files, struct node *node, uint64_t offset, const void *bytes, size_t count)
{
	if (disk_refuses(files, DISK_WRITE, node) || sectors_note(files, node, offset, count) ||
	    (offset + count > node->size && set_size(files, node, offset + count)))
		return -1;
	if (count)
		memcpy(node->bytes + offset, bytes, count);
	return 0;
}

int node_resize(struct files *files, struct node *node, uint64_t size)
{
	uint64_t from = size < node->size ? size : node->size;
	uint64_t until = size < node->size ? node->size : size;
	if (disk_refuses(files, DISK_WRITE, node) || sectors_note(files, node, from, until - from))
		return -1;
	if (size < node->cut_to && size < node->size)
		node->cut_to = size;
	return set_size(files, node, size);
}
