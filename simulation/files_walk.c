/* files_walk.c - what the paths of a simulated machine lead to. */
#include <errno.h>
#include <string.h>

#include "simulation/files.h"

#define LINKS_MOST 40

struct walker {
	struct files *files;
	const struct actor *actor;
	unsigned links;
};

static struct node *refuse(int error)
{
	errno = error;
	return NULL;
}

static struct node *go(struct walker *walker, struct node *at, const char *path, bool follow);

/* One name down, or up. */
static struct node *step(struct walker *walker, struct node *at, const char *name, size_t length, bool follow)
{
	if (at->kind != FILE_DIRECTORY)
		return refuse(ENOTDIR);
	if (length > 255)
		return refuse(ENAMETOOLONG);
	if (!node_allows(at, walker->actor, 1))
		return refuse(EACCES);
	if (length == 1 && *name == '.')
		return at;
	if (length == 2 && name[0] == '.' && name[1] == '.')
		return at->parent ? at->parent : at;
	struct node *node = node_find(at, name, length);
	if (!node)
		return refuse(ENOENT);
	if (node->kind != FILE_LINK || !follow)
		return node;
	if (++walker->links > LINKS_MOST)
		return refuse(ELOOP);
	return go(walker, at, (const char *)node->bytes, true);
}

static struct node *go(struct walker *walker, struct node *at, const char *path, bool follow)
{
	if (!*path)
		return refuse(ENOENT);
	if (*path == '/')
		at = walker->files->root;
	while (at) {
		path += strspn(path, "/");
		if (!*path)
			break;
		size_t length = strcspn(path, "/");
		bool last = !path[length];
		at = step(walker, at, path, length, follow || !last);
		path += length;
		if (at && *path && at->kind != FILE_DIRECTORY)
			return refuse(ENOTDIR);
	}
	return at;
}

struct node *walk(struct files *files, struct node *from, const char *path, bool follow,
		  const struct actor *actor)
{
	struct walker walker = {.files = files, .actor = actor};
	if (strlen(path) >= PATH_MOST)
		return refuse(ENAMETOOLONG);
	return go(&walker, from ? from : files->root, path, follow);
}

struct node *walk_above(struct files *files, struct node *from, const char *path, const struct actor *actor,
			char ret_name[static 256])
{
	size_t end = strlen(path);
	if (end >= PATH_MOST)
		return refuse(ENAMETOOLONG);
	while (end > 1 && path[end - 1] == '/')
		end--;
	size_t begin = end;
	while (begin && path[begin - 1] != '/')
		begin--;
	if (end - begin > 255)
		return refuse(ENAMETOOLONG);
	bool dots = end - begin <= 2 && strspn(path + begin, ".") >= end - begin;
	if (end == begin || dots)
		return refuse(EEXIST);
	memcpy(ret_name, path + begin, end - begin);
	ret_name[end - begin] = '\0';
	char above[PATH_MOST];
	memcpy(above, path, begin);
	above[begin] = '\0';
	struct node *node = begin ? walk(files, from, above, true, actor) : from;
	if (node && node->kind != FILE_DIRECTORY)
		return refuse(ENOTDIR);
	return node && !node_allows(node, actor, 1) ? refuse(EACCES) : node;
}

struct node *walk_to_make(struct files *files, const char *path, const struct actor *actor,
			  char ret_name[static 256])
{
	struct node *directory = walk_above(files, NULL, path, actor, ret_name);
	for (unsigned links = 0; directory && links < LINKS_MOST; links++) {
		const struct node *node = node_find(directory, ret_name, strlen(ret_name));
		if (!node || node->kind != FILE_LINK)
			return directory;
		directory = walk_above(files, directory, (const char *)node->bytes, actor, ret_name);
	}
	return directory ? refuse(ELOOP) : NULL;
}
