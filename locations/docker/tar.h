/* tar.h - files as one archive in memory: written, and read as far as one file goes. */
#ifndef BERTH_LOCATIONS_DOCKER_TAR_H
#define BERTH_LOCATIONS_DOCKER_TAR_H

#include "base/cleanup.h"
#include "base/text.h"

struct tar_file {
	const char *name; /* without a slash at its beginning */
	unsigned mode, uid, gid;
	int64_t changed_s; /* wall clock */
	const void *content;
	size_t size;
};

/* Directories on the way are not written: whoever unpacks it makes those that are missing. */
void tar_add(struct text *tar, const struct tar_file *file);
void tar_end(struct text *tar);
/* The content of an archive whose first entry is a plain file, inside `tar`; false when it is none. */
bool tar_first(const char *tar, size_t size, const char **ret_content, size_t *ret_size);

#endif
