/* files.h - the files that were put on this machine for its instances, as those who put and count them share
 * it. */
#ifndef BERTH_LOCATIONS_LOCALHOST_FILES_H
#define BERTH_LOCATIONS_LOCALHOST_FILES_H

#include "locations/localhost/localhost.h"

struct put_file {
	const char *path; /* absolute; of one that is its instance's own, relative to where that works */
	bool own;
	struct file_rights rights;
	char digest[DIGEST_HEX]; /* of the salt and the content */
};

/* What was put there for one instance: the file `files` in its run directory, written before they are. */
struct file_record {
	const char *directory;       /* the run directory */
	const char *app, *component; /* by its name */
	const char *salt;
	struct put_file *files;
	size_t count;
	const char **made; /* directories that were made for them, the inner ones first */
	size_t made_count;
};

struct file_records {
	struct arena arena;
	struct file_record *all;
	size_t count, room;
};

/* --- file_records.c --- */
/* Nothing is in it when there is none. Strings in `arena`. */
int file_record_read(struct location *location, struct arena *arena, const char *directory,
		     struct file_record *ret, struct error *err);
int file_record_write(struct location *location, const struct file_record *record, struct error *err);
int file_record_remove(struct location *location, const char *directory, struct error *err);
/* Those of all instances but the one that lies in `except`. */
int file_records_load(struct location *location, const char *except, struct file_records *ret,
		      struct error *err);
void file_records_release(struct file_records *records);
/* What a record says of a path that is not an instance's own, or NULL. */
const struct put_file *file_record_find(const struct file_record *record, const char *path);
/* A path stands in a record twice while what it has there is replaced. */
bool file_record_first(const struct file_record *record, size_t index);
bool file_recorded(const struct file_record *record, const char *path, const char *digest);
bool file_record_made(const struct file_record *record, const char *path);
/* Where the content that somebody else replaced is kept for the instance. */
char *file_kept_path(struct arena *arena, const struct file_record *record, const struct put_file *file);
/* One that says something of that path, or NULL. */
const struct file_record *file_records_find(const struct file_records *records, const char *path);

#define CONTENT_MAX ((size_t)256 << 20) /* what is larger is nothing of ours */
/* What lies at a path, compared with what the record says of it. */
enum there { THERE_NOTHING, THERE_SAME, THERE_OTHER, THERE_NO_FILE, THERE_UNKNOWN };
enum there file_there(struct location *location, const struct file_record *record, const char *path,
		      struct error *err);
int salted_digest(const char *salt, const void *bytes, size_t count, char ret_hex[static DIGEST_HEX]);

/* --- files_away.c --- */
int file_take_away(struct location *location, struct arena *arena, const struct file_records *others,
		   const struct file_record *record, const char *path, struct error *err);

#endif
