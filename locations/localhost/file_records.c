/* file_records.c - what is written down of the files that were put on this machine: paths, rights and
 * digests, never what is in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/localhost/files.h"

#define RECORD_MAX ((size_t)16 << 20)

int salted_digest(const char *salt, const void *bytes, size_t count, char ret_hex[static DIGEST_HEX])
{
	owned_text content = {.secret = true};

	text_add(&content, salt);
	text_add_bytes(&content, bytes, count);
	return content.failed ? -1 : digest_hex(text_view(&content), content.length, ret_hex);
}

const struct put_file *file_record_find(const struct file_record *record, const char *path)
{
	for (size_t i = 0; i < record->count; i++)
		if (!record->files[i].own && !strcmp(record->files[i].path, path))
			return &record->files[i];
	return NULL;
}

bool file_record_made(const struct file_record *record, const char *path)
{
	for (size_t i = 0; i < record->made_count; i++)
		if (!strcmp(record->made[i], path))
			return true;
	return false;
}

bool file_record_first(const struct file_record *record, size_t index)
{
	return file_record_find(record, record->files[index].path) == &record->files[index];
}

char *file_kept_path(struct arena *arena, const struct file_record *record, const struct put_file *file)
{
	return arena_format(arena, "%s/kept.%s", record->directory, file->digest);
}

/* --- the file: "salt=...", "file=MODE UID GID DIGEST PATH", "own=...", "made=PATH", a NUL behind each --- */

static bool take_file(struct arena *arena, const char *value, bool own, struct file_record *record)
{
	struct put_file file = {.own = own};
	unsigned mode, uid, gid;
	int length = 0;

	if (sscanf(value, "%o %u %u %64s %n", &mode, &uid, &gid, file.digest, &length) != 4 || !length ||
	    value[length] != '/')
		return true; /* not one of ours */
	file.rights = (struct file_rights){.mode = mode, .uid = uid, .gid = gid};
	file.path = arena_text(arena, value + length);
	record->files[record->count++] = file;
	return file.path != NULL;
}

static bool take_entry(struct arena *arena, const char *entry, struct file_record *record)
{
	const char *value = strchr(entry, '=');

	if (!value)
		return true;
	value++;
	if (starts_with(entry, "file="))
		return take_file(arena, value, false, record);
	if (starts_with(entry, "own="))
		return take_file(arena, value, true, record);
	if (starts_with(entry, "salt="))
		return (record->salt = arena_text(arena, value)) != NULL;
	if (starts_with(entry, "made=/"))
		return (record->made[record->made_count++] = arena_text(arena, value)) != NULL;
	return true;
}

static int parse(struct arena *arena, const struct text *content, struct file_record *record,
		 struct error *err)
{
	const char *text = text_view(content), *end = text + content->length;
	size_t entries = 0;

	for (const char *c = text; c < end; c++)
		entries += *c == '\0';
	record->files = arena_array(arena, struct put_file, entries + 1);
	record->made = arena_array(arena, const char *, entries + 1);
	if (!record->files || !record->made)
		return fail_memory(err);
	for (const char *entry = text; entry < end && entries; entry += strlen(entry) + 1, entries--)
		if (!take_entry(arena, entry, record))
			return fail_memory(err);
	return 0;
}

static char *record_path(struct arena *arena, const char *directory)
{
	return arena_format(arena, "%s/files", directory);
}

int file_record_read(struct location *location, struct arena *arena, const char *directory,
		     struct file_record *ret, struct error *err)
{
	owned_text content = {0};
	struct world *world = location->world;
	struct file_record record = {.directory = arena_text(arena, directory), .salt = ""};
	char *path = record_path(arena, directory);

	if (!path || !record.directory)
		return fail_memory(err);
	if (world->ops->file_exists(world, path) &&
	    world->ops->file_read(world, path, RECORD_MAX, &content, err))
		return -1;
	if (parse(arena, &content, &record, err))
		return -1;
	*ret = record;
	return 0;
}

int file_record_write(struct location *location, const struct file_record *record, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_text content = {0};
	char *path = record_path(&arena, record->directory);

	text_format(&content, "salt=%s", record->salt);
	text_add_char(&content, '\0');
	for (size_t i = 0; i < record->count; i++) {
		const struct put_file *file = &record->files[i];
		text_format(&content, "%s=%o %u %u %s %s", file->own ? "own" : "file",
			    (unsigned)file->rights.mode, (unsigned)file->rights.uid,
			    (unsigned)file->rights.gid, file->digest, file->path);
		text_add_char(&content, '\0');
	}
	for (size_t i = 0; i < record->made_count; i++) {
		text_format(&content, "made=%s", record->made[i]);
		text_add_char(&content, '\0');
	}
	if (!path || content.failed)
		return fail_memory(err);
	return location->world->ops->file_write(location->world, path, 0600, content.data, content.length,
						err);
}

int file_record_remove(struct location *location, const char *directory, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *path = record_path(&arena, directory);

	return path ? location->world->ops->file_remove(location->world, path, err) : fail_memory(err);
}

/* --- those of the other instances ------------------------------------------------------------ */

struct loading {
	struct location *location;
	struct file_records *records;
	const char *except, *app;
	struct error *err;
	bool failed;
};

static struct file_record *add_record(struct file_records *records)
{
	if (records->count == records->room) {
		size_t room = records->room ? records->room * 2 : 16;
		struct file_record *all = arena_array(&records->arena, struct file_record, room);
		if (!all)
			return NULL;
		if (records->count)
			memcpy(all, records->all, records->count * sizeof(*all));
		records->all = all;
		records->room = room;
	}
	return &records->all[records->count++];
}

static bool visit_instance(void *owner, const char *entry)
{
	struct loading *loading = owner;
	struct arena *arena = &loading->records->arena;
	const char *app, *component;
	unsigned ordinal, generation;
	char *name = arena_format(arena, "%s.%s", loading->app, entry);
	char *directory = name ? run_directory(loading->location, arena, loading->app, name) : NULL;
	struct file_record record;

	if (!directory) {
		fail_memory(loading->err);
		loading->failed = true;
		return false;
	}
	if (!strcmp(directory, loading->except) ||
	    !instance_name_split(arena, name, &app, &component, &ordinal, &generation))
		return true;
	if (file_record_read(loading->location, arena, directory, &record, loading->err)) {
		loading->failed = true;
		return false;
	}
	if (!record.count)
		return true;
	record.app = app;
	record.component = component;
	struct file_record *added = add_record(loading->records);
	if (added)
		*added = record;
	else
		fail_memory(loading->err);
	loading->failed = !added;
	return !loading->failed;
}

static bool visit_app(void *owner, const char *entry)
{
	struct loading *loading = owner;
	struct world *world = loading->location->world;

	if (!fit_id(entry))
		return true;
	loading->app = arena_text(&loading->records->arena, entry);
	char *directory =
	    loading->app ? app_directory(loading->location, &loading->records->arena, loading->app) : NULL;
	if (!directory)
		fail_memory(loading->err);
	if (!directory || world->ops->directory_list(world, directory, visit_instance, loading, loading->err))
		loading->failed = true;
	return !loading->failed;
}

int file_records_load(struct location *location, const char *except, struct file_records *ret,
		      struct error *err)
{
	struct world *world = location->world;
	struct loading loading = {.location = location, .records = ret, .except = except, .err = err};

	if (world->ops->directory_list(world, localhost_of(location)->run, visit_app, &loading, err))
		return -1;
	return loading.failed ? -1 : 0;
}

void file_records_release(struct file_records *records)
{
	arena_release(&records->arena);
	*records = (struct file_records){0};
}

const struct file_record *file_records_find(const struct file_records *records, const char *path)
{
	for (size_t i = 0; i < records->count; i++)
		if (file_record_find(&records->all[i], path))
			return &records->all[i];
	return NULL;
}

/* --- what lies there ------------------------------------------------------------------------- */

bool file_recorded(const struct file_record *record, const char *path, const char *digest)
{
	for (size_t i = 0; i < record->count; i++)
		if (!record->files[i].own && !strcmp(record->files[i].path, path) &&
		    !strcmp(record->files[i].digest, digest))
			return true;
	return false;
}

enum there file_there(struct location *location, const struct file_record *record, const char *path,
		      struct error *err)
{
	owned_text content = {.secret = true};
	struct world *world = location->world;
	struct file_facts facts;
	struct error why = {0};
	char digest[DIGEST_HEX];

	if (world->ops->file_look(world, path, &facts, &why)) {
		if (why.code == ERR_MISSING)
			return THERE_NOTHING;
		*err = why;
		return THERE_UNKNOWN;
	}
	if (facts.kind != FILE_PLAIN)
		return THERE_NO_FILE;
	if (facts.size > CONTENT_MAX)
		return THERE_OTHER;
	if (world->ops->file_read(world, path, CONTENT_MAX, &content, err))
		return THERE_UNKNOWN;
	if (salted_digest(record->salt, text_view(&content), content.length, digest)) {
		fail(err, ERR_FAILED, "SHA-256 is not available from libcrypto");
		return THERE_UNKNOWN;
	}
	return file_recorded(record, path, digest) ? THERE_SAME : THERE_OTHER;
}
