/* files_names.c - names in a simulated machine's file tree: given, taken, moved, each in the journal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/files.h"

/* The place of a name among the entries: of the first that is not before it. */
static size_t place_of(const struct node *directory, const char *name)
{
	size_t low = 0, high = directory->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(directory->entries[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int enter(struct node *directory, struct node *node)
{
	if (directory->count == directory->room) {
		size_t room = directory->room ? directory->room * 2 : 8;
		struct node **entries = realloc(directory->entries, room * sizeof *entries);
		if (!entries) {
			errno = ENOMEM;
			return -1;
		}
		directory->entries = entries;
		directory->room = room;
	}
	size_t at = place_of(directory, node->name);
	memmove(directory->entries + at + 1, directory->entries + at,
		(directory->count - at) * sizeof *directory->entries);
	directory->entries[at] = node;
	directory->count++;
	node->named = true;
	node_hold(node);
	return 0;
}

/* Its hold by name is the caller's now. */
static void leave(struct node *node)
{
	struct node *directory = node->parent;
	size_t at = place_of(directory, node->name);
	directory->count--;
	memmove(directory->entries + at, directory->entries + at + 1,
		(directory->count - at) * sizeof *directory->entries);
	node->named = false;
}

/* It lies there from now on, under that name, which it takes over. */
static void settle_at(struct files *files, struct node *node, struct node *directory, char *name)
{
	struct node *before = node->parent;
	free(node->name);
	node->name = name;
	node->parent = directory;
	node->fleeting = node->fleeting || directory->fleeting;
	node_hold(directory);
	if (before)
		node_drop(files, before);
}

static int may_change(struct files *files, const struct node *directory, const struct actor *actor)
{
	if (!directory->named) {
		errno = ENOENT;
		return -1;
	}
	if (disk_refuses(files, DISK_NAME, directory))
		return -1;
	if (node_allows(directory, actor, 3))
		return 0;
	errno = EACCES;
	return -1;
}

int name_give(struct files *files, struct node *directory, const char *name, struct node *node,
	      const struct actor *actor)
{
	size_t length = strlen(name);
	if (node_find(directory, name, length)) {
		errno = EEXIST;
		return -1;
	}
	if (may_change(files, directory, actor))
		return -1;
	owned_memory char *copy = strdup(name);
	if (!copy || change_note(files, &(struct change){.kind = CHANGE_MADE, .node = node})) {
		errno = ENOMEM;
		return -1;
	}
	settle_at(files, node, directory, give(copy));
	return enter(directory, node);
}

int name_take(struct files *files, struct node *node, const struct actor *actor)
{
	if (node->kind == FILE_DIRECTORY && node->count) {
		errno = ENOTEMPTY;
		return -1;
	}
	if (may_change(files, node->parent, actor) ||
	    change_note(files, &(struct change){.kind = CHANGE_REMOVED, .node = node}))
		return -1;
	leave(node);
	node_drop(files, node);
	return 0;
}

static bool is_below(const struct node *node, const struct node *above)
{
	while (node && node != above)
		node = node->parent;
	return node;
}

/* Whether what is at the new name may make room. */
static int may_replace(const struct node *node, const struct node *there)
{
	errno = 0;
	if (there->kind == FILE_DIRECTORY && node->kind != FILE_DIRECTORY)
		errno = EISDIR;
	else if (there->kind != FILE_DIRECTORY && node->kind == FILE_DIRECTORY)
		errno = ENOTDIR;
	else if (there->count)
		errno = ENOTEMPTY;
	return errno ? -1 : 0;
}

int name_move(struct files *files, struct node *node, struct node *directory, const char *name,
	      const struct actor *actor)
{
	struct node *there = node_find(directory, name, strlen(name));
	if (there == node)
		return 0;
	if (is_below(directory, node)) {
		errno = EINVAL;
		return -1;
	}
	if ((there && may_replace(node, there)) || may_change(files, node->parent, actor) ||
	    may_change(files, directory, actor))
		return -1;
	char *copy = strdup(name);
	struct change change = {.kind = CHANGE_MOVED,
				.node = node,
				.parent = node->parent,
				.name = copy ? strdup(node->name) : NULL,
				.replaced = there};
	if (!change.name || change_note(files, &change)) {
		free(copy);
		free(change.name);
		errno = ENOMEM;
		return -1;
	}
	if (there) {
		leave(there);
		node_drop(files, there);
	}
	leave(node);
	settle_at(files, node, directory, copy);
	int status = enter(directory, node);
	node_drop(files, node);
	return status;
}

static struct node *make(struct files *files, enum file_kind kind, struct node *directory, const char *name,
			 mode_t mode, const struct actor *actor)
{
	struct node *node = node_new(files, kind, mode, actor);
	if (!node)
		return NULL;
	int status = name_give(files, directory, name, node, actor), error = errno;
	node_drop(files, node);
	errno = error;
	return status ? NULL : node;
}

struct node *file_make(struct files *files, struct node *directory, const char *name, mode_t mode,
		       const struct actor *actor)
{
	return make(files, FILE_PLAIN, directory, name, mode, actor);
}

struct node *directory_make(struct files *files, struct node *directory, const char *name, mode_t mode,
			    const struct actor *actor)
{
	return make(files, FILE_DIRECTORY, directory, name, mode, actor);
}

static void undo(struct files *files, struct change *change)
{
	struct node *node = change->node;
	if (change->kind == CHANGE_REMOVED) {
		enter(node->parent, node);
		return;
	}
	leave(node);
	node_drop(files, node);
	if (change->kind == CHANGE_MADE)
		return;
	struct node *directory = node->parent;
	node_hold(directory);
	settle_at(files, node, change->parent, give(change->name));
	enter(change->parent, node);
	if (change->replaced)
		enter(directory, change->replaced);
	node_drop(files, directory);
}

void names_undo(struct files *files, size_t left)
{
	while (files->change_count > left) {
		struct change *change = &files->changes[files->change_count - 1];
		undo(files, change);
		change->kind = CHANGE_MADE; /* what it holds goes with it */
		files->change_count--;
		node_drop(files, change->node);
		if (change->parent)
			node_drop(files, change->parent);
		if (change->replaced)
			node_drop(files, change->replaced);
		free(change->name);
	}
}
