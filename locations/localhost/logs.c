/* logs.c - reads what the helper wrote down of a process' output, also after its end and across a rotation.
 */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define STEP_BYTES ((size_t)1 << 20)
#define FOLLOW_MS  200

/* Where a follower stands: in which generation of the file, and at which byte. */
struct following {
	struct task task;
	char *directory;
	unsigned long generation;
	uint64_t offset;
};

static void release_following(struct task *task)
{
	free(((struct following *)task)->directory);
}

/* Generation and place of a log file; 0: there is none. */
static unsigned long generation_of(struct location *location, const char *path)
{
	owned_text head = {0};
	unsigned long generation = 0;

	if (!location->world->ops->file_read_at(location->world, path, 0, 40, &head, NULL))
		sscanf(text_view(&head), "log %lu", &generation);
	return generation;
}

/* A record: a letter, the time, a blank, the bytes. */
struct record {
	bool errors, whole;
	int64_t at_ms;
	const char *bytes;
	size_t count;
};

static bool read_record(const char *line, size_t length, struct record *ret_record)
{
	char letter = length ? line[0] : '\0', *end;

	if (!letter || !strchr("oOeE", letter))
		return false;
	long long at = strtoll(line + 1, &end, 10);
	if (*end != ' ' || end >= line + length)
		return false;
	*ret_record = (struct record){.errors = letter == 'e' || letter == 'E',
				      .whole = letter == 'o' || letter == 'e',
				      .at_ms = at,
				      .bytes = end + 1,
				      .count = (size_t)(line + length - end - 1)};
	return true;
}

/* Hand out the whole records from `from` on; returns how many bytes they were. */
static size_t emit(const struct text *content, size_t from, int64_t since_ms, log_sink *sink, void *owner)
{
	const char *begin = text_view(content) + from, *end = text_view(content) + content->length, *newline;
	struct record record;

	while (begin < end && (newline = memchr(begin, '\n', (size_t)(end - begin)))) {
		if (read_record(begin, (size_t)(newline - begin), &record) && record.at_ms >= since_ms) {
			/* The newline of the file serves as the line's own. */
			sink(owner, record.errors, record.bytes, record.count + record.whole);
		}
		begin = newline + 1;
	}
	return (size_t)(begin - text_view(content)) - from;
}

/* Where the last `lines` lines begin; their number in ret_found when there are fewer. */
static size_t tail_offset(const struct text *content, int64_t lines, int64_t *ret_found)
{
	const char *text = text_view(content);
	size_t begin = content->length;
	struct record record;

	*ret_found = 0;
	while (begin > 0) {
		const char *before = begin > 1 ? memrchr(text, '\n', begin - 1) : NULL;
		size_t start = before ? (size_t)(before - text) + 1 : 0;
		if (read_record(text + start, begin - 1 - start, &record) && record.whole &&
		    (*ret_found)++ == lines) {
			--*ret_found;
			return begin;
		}
		begin = start;
	}
	return 0;
}

static int read_whole(struct location *location, const char *path, struct text *ret_content,
		      struct error *err)
{
	struct world *world = location->world;

	for (;;) {
		size_t before = ret_content->length;
		if (world->ops->file_read_at(world, path, before, STEP_BYTES, ret_content, err))
			return -1;
		if (ret_content->length == before)
			return 0;
	}
}

/* What a crash or a running write left unfinished at the end is for the next time. */
static void cut_unfinished(struct text *content)
{
	while (content->length && content->data[content->length - 1] != '\n')
		content->data[--content->length] = '\0';
}

/* All that is there now; notes where a follower goes on. */
static int read_past(struct location *location, struct following *following,
		     const struct log_options *options, log_sink *sink, void *owner, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_text now = {0}, older = {0};
	char *path = arena_format(&arena, "%s/log", following->directory);
	char *path_older = arena_format(&arena, "%s/log.1", following->directory);
	size_t from = 0, from_older = 0;
	int64_t found;

	if (!path || !path_older)
		return fail_memory(err);
	following->generation = generation_of(location, path);
	if (!following->generation)
		return 0;
	if (read_whole(location, path, &now, err))
		return -1;
	cut_unfinished(&now);
	following->offset = now.length;
	if (options->tail >= 0)
		from = tail_offset(&now, options->tail, &found);
	if ((options->tail < 0 || found < options->tail) &&
	    location->world->ops->file_exists(location->world, path_older)) {
		if (read_whole(location, path_older, &older, NULL))
			text_clear(&older);
		if (options->tail >= 0)
			from_older = tail_offset(&older, options->tail - found, &found);
		emit(&older, from_older, options->since_ms, sink, owner);
	}
	emit(&now, from, options->since_ms, sink, owner);
	return 0;
}

/* The rest of the file we were in, under its older name; after more than one rotation it is lost. */
static void finish_generation(struct location *location, struct following *following, struct arena *arena,
			      unsigned long generation, log_sink *sink, void *owner)
{
	owned_text content = {0};
	char *path = arena_format(arena, "%s/log.1", following->directory);
	struct world *world = location->world;

	if (path && following->generation && generation_of(location, path) == following->generation &&
	    !world->ops->file_read_at(world, path, following->offset, (size_t)64 << 20, &content, NULL))
		emit(&content, 0, 0, sink, owner);
	following->generation = generation;
	following->offset = 0;
}

/* True when something new was there. */
static bool read_more(struct location *location, struct following *following, log_sink *sink, void *owner)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_text content = {0};
	struct world *world = location->world;
	char *path = arena_format(&arena, "%s/log", following->directory);

	if (!path)
		return false;
	unsigned long generation = generation_of(location, path);
	if (!generation)
		return false;
	if (generation != following->generation)
		finish_generation(location, following, &arena, generation, sink, owner);
	if (world->ops->file_read_at(world, path, following->offset, STEP_BYTES, &content, NULL) ||
	    generation_of(location, path) != following->generation)
		return true; /* rotated under our eyes: again */
	size_t count = emit(&content, 0, 0, sink, owner);
	following->offset += count;
	return count > 0;
}

static bool alive(struct location *location, const char *directory)
{
	struct status status;

	return status_read(location, directory, &status) &&
	       process_alive(location, status.helper, status.helper_start);
}

static enum progress follow(struct following *following, log_sink *sink, void *owner, struct error *err)
{
	struct location *location = following->task.location;
	bool living = alive(location, following->directory);

	/* Asked before the reading: what the last writer wrote is then there. */
	bool more = read_more(location, following, sink, owner);
	if (!living && !more)
		return local_task_end(&following->task, PROGRESS_DONE);
	following->task.delay_ms = 0;
	return local_task_sleep(&following->task, FOLLOW_MS, err);
}

static int find_log(struct location *location, const char *app, const char *name, struct arena *arena,
		    char **ret_directory, struct error *err)
{
	char *directory = run_directory(location, arena, app, name);
	char *manifest = directory ? arena_format(arena, "%s/manifest", directory) : NULL;

	if (!manifest)
		return fail_memory(err);
	if (!location->world->ops->file_exists(location->world, manifest))
		return fail(err, ERR_MISSING, "`%s` has no log on this machine: `%s` is gone", name,
			    directory);
	*ret_directory = directory;
	return 0;
}

enum progress localhost_logs(struct location *location, struct errand *errand, const char *app,
			     const char *name, const struct log_options *options, log_sink *sink,
			     void *sink_owner, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = NULL;

	if (errand->state)
		return follow(errand->state, sink, sink_owner, err);
	if (guard_name(app, name, err) || find_log(location, app, name, &arena, &directory, err))
		return PROGRESS_FAILED;
	struct following *following = local_task_new(location, errand, sizeof(*following), release_following);
	if (!directory || !following || !(following->directory = strdup(directory))) {
		local_task_free((struct task *)following);
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (read_past(location, following, options, sink, sink_owner, err))
		return local_task_end(&following->task, PROGRESS_FAILED);
	if (!options->follow)
		return local_task_end(&following->task, PROGRESS_DONE);
	return local_task_sleep(&following->task, FOLLOW_MS, err);
}
