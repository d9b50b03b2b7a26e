/* installed.c - where to find what was installed with the library: from the library's file, or the program
 * that it is linked into, since the folder that it was made for need not be the one that it was put into.
 */
#include "engine/installed.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the file at `path`; "" where there is none. */
static void folder_of(const char *path, char ret[PATH_MAX])
{
	if (!realpath(path, ret))
		*ret = '\0';
	char *slash = strrchr(ret, '/');
	if (slash)
		*slash = '\0';
}

/* From `folder` on; NULL when it is not there. */
static const char *helper_at(struct arena *arena, const char *folder, const char *way)
{
	char path[PATH_MAX];
	const char *joined = *folder ? arena_format(arena, "%s/%s", folder, way) : NULL;
	return joined && realpath(joined, path) && access(path, X_OK) == 0 ? arena_text(arena, path) : NULL;
}

const char *installed_helper(struct arena *arena)
{
	static const char mark;
	char library[PATH_MAX] = "", program[PATH_MAX];
	Dl_info info;
	if (dladdr(&mark, &info) && info.dli_fname && strchr(info.dli_fname, '/'))
		folder_of(info.dli_fname, library);
	folder_of("/proc/self/exe", program);
	/* As they are installed, then as the build leaves them. */
	const char *const ways[][2] = {{library, BERTH_HELPER_FROM_LIBRARY},
				       {program, BERTH_HELPER_FROM_PROGRAM},
				       {library, "libexec/berth-helper"},
				       {program, "libexec/berth-helper"}};
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		const char *found = helper_at(arena, ways[i][0], ways[i][1]);
		if (found)
			return found;
	}
	return arena_text(arena, BERTH_HELPER);
}
