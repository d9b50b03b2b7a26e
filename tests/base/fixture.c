/* fixture.c - worlds, folders and waiting for the tests of the base floor. */
#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct world *fixture_world(void)
{
	struct error err = {0};
	struct world *world = world_real_open(&err);

	cr_assert(world, "%s", err.text);
	return world;
}

bool wait_for(struct world *world, const bool *flag, int64_t deadline_ms)
{
	int64_t end = world->ops->now(world) + deadline_ms;

	while (!*flag) {
		int64_t left = end - world->ops->now(world);
		if (left <= 0)
			return false;
		world_wait(world, (int)left);
	}
	return true;
}

void set_flag(void *flag)
{
	*(bool *)flag = true;
}

void let_pass(struct world *world, int milliseconds)
{
	bool over = false;

	world->ops->timer_start(world, milliseconds, set_flag, &over);
	cr_assert(wait_for(world, &over, milliseconds + SOON_MS));
}

struct folder fixture_folder(void)
{
	struct folder folder;
	const char *base = getenv("TMPDIR");

	snprintf(folder.path, sizeof(folder.path), "%s/berth-test-XXXXXX", base && *base ? base : "/tmp");
	cr_assert(mkdtemp(folder.path));
	return folder;
}

void remove_folder(struct folder *folder)
{
	owned_world world = fixture_world();

	world->ops->tree_remove(world, folder->path, NULL);
}

const char *in_folder(const struct folder *folder, const char *name)
{
	static char paths[8][512];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, name);
	return path;
}

int open_descriptors(void)
{
	DIR *fds = opendir("/proc/self/fd");
	int count = 0;

	cr_assert(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}
