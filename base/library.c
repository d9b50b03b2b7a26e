/* library.c - shared libraries that are loaded on first use. */
#include "base/library.h"

#include <dlfcn.h>

int library_refuse(const struct library *library, const char *why, struct error *err)
{
	fail(err, ERR_UNSUPPORTED, "%s: %s", library->need, why);
	remedy(err, "install it (Debian: apt-get install %s)", library->package);
	return -1;
}

void *library_open(const struct library *library, struct error *err)
{
	void *handle = dlopen(library->file, RTLD_LAZY | RTLD_LOCAL);

	if (!handle)
		library_refuse(library, dlerror(), err);
	return handle;
}

int library_take(const struct library *library, void *handle, const struct library_function *wanted,
		 size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!(*wanted[i].function = dlsym(handle, wanted[i].name)))
			return library_refuse(library, wanted[i].name, err);
	return 0;
}
