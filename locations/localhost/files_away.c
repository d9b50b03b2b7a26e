/* files_away.c - takes away what was put on this machine for an instance, as far as it is still that, or
 * gives others back what they had there before. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/localhost/files.h"

static void say(struct location *location, const char *format, const char *path)
{
	char words[600];

	snprintf(words, sizeof(words), format, path);
	if (location->say)
		location->say(location->say_owner, words);
}

/* What another one had there before ours comes back. */
static int give_back(struct location *location, struct arena *arena, const struct file_record *other,
		     const struct put_file *theirs, bool *ret_given, struct error *err)
{
	owned_text content = {.secret = true};
	struct world *world = location->world;
	char *kept = file_kept_path(arena, other, theirs);

	if (!kept)
		return fail_memory(err);
	if (!world->ops->file_exists(world, kept))
		return 0;
	if (world->ops->file_read(world, kept, CONTENT_MAX, &content, err) ||
	    world->ops->file_put(world, NULL, theirs->path, &theirs->rights, text_view(&content),
				 content.length, err))
		return -1;
	*ret_given = true;
	return world->ops->file_remove(world, kept, err);
}

static int remove_file(struct location *location, struct arena *arena, const char *path, bool whole,
		       struct error *err)
{
	struct world *world = location->world;
	const char *name = strrchr(path, '/') + 1;
	char *half = arena_format(arena, "%.*s" FILE_HALF, (int)(name - path), path, name);

	if (!half)
		return fail_memory(err);
	if (world->ops->file_remove(world, half, err))
		return -1;
	return whole ? world->ops->file_remove(world, path, err) : 0;
}

/* What is there is ours: whether others want just that, or got back what they had. */
static int leave_to_others(struct location *location, struct arena *arena, const struct file_records *others,
			   const char *path, bool *ret_left, struct error *err)
{
	for (size_t i = 0; i < others->count && !*ret_left; i++) {
		const struct file_record *other = &others->all[i];
		enum there there =
		    file_record_find(other, path) ? file_there(location, other, path, err) : THERE_NOTHING;
		if (there == THERE_UNKNOWN)
			return -1;
		*ret_left = there == THERE_SAME;
	}
	for (size_t i = 0; i < others->count && !*ret_left; i++) {
		const struct put_file *theirs = file_record_find(&others->all[i], path);
		if (theirs && give_back(location, arena, &others->all[i], theirs, ret_left, err))
			return -1;
	}
	return 0;
}

int file_take_away(struct location *location, struct arena *arena, const struct file_records *others,
		   const struct file_record *record, const char *path, struct error *err)
{
	enum there there = file_there(location, record, path, err);
	bool left = false;

	if (there == THERE_UNKNOWN ||
	    (there == THERE_SAME && leave_to_others(location, arena, others, path, &left, err)))
		return -1;
	if ((there == THERE_OTHER || there == THERE_NO_FILE) && !file_records_find(others, path))
		say(location, "`%s` was changed by somebody else, and stays", path);
	return remove_file(location, arena, path, there == THERE_SAME && !left, err);
}

static void remove_made(struct location *location, const struct file_records *others,
			const struct file_record *record)
{
	for (size_t i = 0; i < record->made_count; i++) {
		bool shared = false;
		for (size_t o = 0; o < others->count && !shared; o++)
			shared = file_record_made(&others->all[o], record->made[i]);
		if (!shared)
			location->world->ops->directory_remove(location->world, record->made[i], NULL);
	}
}

int files_remove(struct location *location, const char *directory, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_by(file_records_release) struct file_records others = {0};
	struct file_record record;

	if (file_record_read(location, &arena, directory, &record, err))
		return -1;
	if (!record.count)
		return 0;
	if (file_records_load(location, directory, &others, err))
		return -1;
	for (size_t i = 0; i < record.count; i++)
		if (!record.files[i].own && file_record_first(&record, i) &&
		    file_take_away(location, &arena, &others, &record, record.files[i].path, err))
			return -1;
	remove_made(location, &others, &record);
	return file_record_remove(location, directory, err);
}
