/* virtual_files.h - the virtual world's files: real ones, written only below its own directory. */
#ifndef BERTH_TESTS_SUPPORT_VIRTUAL_FILES_H
#define BERTH_TESTS_SUPPORT_VIRTUAL_FILES_H

#include "base/world.h"

int virtual_file_read(struct world *, const char *path, size_t limit, struct text *ret, struct error *);
int virtual_file_tail(struct world *, const char *path, size_t limit, struct text *ret, struct error *);
int virtual_file_read_at(struct world *, const char *path, uint64_t offset, size_t limit, struct text *ret,
			 struct error *);
int virtual_file_write(struct world *, const char *path, mode_t mode, const void *bytes, size_t count,
		       struct error *);
int virtual_file_put(struct world *, const char *base, const char *path, const struct file_rights *,
		     const void *bytes, size_t count, struct error *);
int virtual_file_look(struct world *, const char *path, struct file_facts *ret, struct error *);
int virtual_file_follow(struct world *, const char *path, struct file_facts *ret, struct error *);
int virtual_file_create(struct world *, const char *path, mode_t mode, struct error *);
int virtual_file_mode(struct world *, const char *path, mode_t mode, struct error *);
int virtual_file_rename(struct world *, const char *from, const char *to, struct error *);
int virtual_link_make(struct world *, const char *target, const char *path, struct error *);
int virtual_file_remove(struct world *, const char *path, struct error *);
int virtual_tree_remove(struct world *, const char *path, struct error *);
int virtual_directory_remove(struct world *, const char *path, struct error *);
int virtual_directories_make(struct world *, const char *path, mode_t mode, struct error *);
int virtual_directory_list(struct world *, const char *path, bool (*visit)(void *owner, const char *name),
			   void *owner, struct error *);
bool virtual_file_exists(struct world *, const char *path);
struct file_lock *virtual_lock(struct world *, const char *path, struct error *);
struct file_lock *virtual_directory_lock(struct world *, const char *path, struct error *);
void virtual_unlock(struct world *, struct file_lock *);
void virtual_files_remove(const char *directory);

#define VIRTUAL_FILE_OPS                                                                                     \
	.file_read = virtual_file_read, .file_tail = virtual_file_tail,                                      \
	.file_read_at = virtual_file_read_at, .file_write = virtual_file_write,                              \
	.file_note = virtual_file_write, .file_put = virtual_file_put, .file_look = virtual_file_look,       \
	.file_rename = virtual_file_rename, .link_make = virtual_link_make,                                  \
	.file_remove = virtual_file_remove, .tree_remove = virtual_tree_remove,                              \
	.directory_remove = virtual_directory_remove, .directories_make = virtual_directories_make,          \
	.directory_list = virtual_directory_list, .file_exists = virtual_file_exists,                        \
	.file_follow = virtual_file_follow, .file_create = virtual_file_create,                              \
	.file_mode = virtual_file_mode, .lock = virtual_lock, .directory_lock = virtual_directory_lock,      \
	.unlock = virtual_unlock

#endif
