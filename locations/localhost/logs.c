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
	char *place; /* where the instance works: it stays when the run directory is renamed */
	unsigned long generation;
	uint64_t offset;
};

static void release_following(struct task *task)
{
	free(((struct following *)task)->directory);
	free(((struct following *)task)->place);
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
static size_t emit(const struct text *content, size_t from, const struct log_options *options, log_sink *sink,
		   void *owner)
{
	int64_t since_ms = options ? options->since_ms : 0;
	int64_t until_ms = options && options->until_ms ? options->until_ms : INT64_MAX;
	const char *begin = text_view(content) + from, *end = text_view(content) + content->length, *newline;
	struct record record;

	while (begin < end && (newline = memchr(begin, '\n', (size_t)(end - begin)))) {
		if (read_record(begin, (size_t)(newline - begin), &record) && record.at_ms >= since_ms &&
		    record.at_ms < until_ms) {
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
		emit(&older, from_older, options, sink, owner);
	}
	emit(&now, from, options, sink, owner);
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
		emit(&content, 0, NULL, sink, owner);
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
	size_t count = emit(&content, 0, NULL, sink, owner);
	following->offset += count;
	return count > 0;
}

static bool alive(struct location *location, const char *directory)
{
	struct status status;

	return status_read(location, directory, &status) &&
	       process_alive(location, status.helper, status.helper_start);
}

/* --- the run directory, however it is called now -------------------------------------------- */

/* Whether the instance that is followed lies there. */
static bool lies_in(struct following *following, const char *directory)
{
	owned_by(arena_release) struct arena arena = {0};
	struct marks marks;

	if (!manifest_read(following->task.location, &arena, directory, &marks))
		return false;
	char *place = work_directory(&arena, &marks);
	return place && !strcmp(place, following->place);
}

struct search {
	struct following *following;
	const char *parent;
	char *found;
};

static bool visit_run(void *owner, const char *entry)
{
	struct search *search = owner;
	owned_by(arena_release) struct arena arena = {0};
	char *directory = arena_format(&arena, "%s/%s", search->parent, entry);

	if (directory && lies_in(search->following, directory))
		search->found = strdup(directory);
	return !search->found;
}

/* Renamed it goes on under its new name; another one that came under the old name is not followed. */
static bool find_again(struct following *following)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = following->task.location->world;
	char *parent = arena_text(&arena, following->directory);
	struct search search = {.following = following, .parent = parent};

	if (lies_in(following, following->directory))
		return true;
	if (!parent)
		return false;
	*strrchr(parent, '/') = '\0';
	world->ops->directory_list(world, parent, visit_run, &search, NULL);
	if (!search.found)
		return false;
	free(following->directory);
	following->directory = search.found;
	return true;
}

static enum progress follow(struct following *following, log_sink *sink, void *owner, struct error *err)
{
	struct location *location = following->task.location;
	if (!find_again(following))
		return local_task_end(&following->task, PROGRESS_DONE);
	bool living = alive(location, following->directory);

	/* Asked before the reading: what the last writer wrote is then there. */
	bool more = read_more(location, following, sink, owner);
	if (!living && !more)
		return local_task_end(&following->task, PROGRESS_DONE);
	following->task.delay_ms = 0;
	return local_task_sleep(&following->task, FOLLOW_MS, err);
}

/* The run directory with its log, which another store's may be, and where the instance works. */
static int find_log(struct location *location, const char *app, const char *name, struct following *following,
		    struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_scan scan = {0};
	struct marks marks;
	size_t memory = memory_failures();
	char *directory = run_directory(location, &arena, app, name);

	if (!directory)
		return fail_memory(err);
	bool found = manifest_read(location, &arena, directory, &marks);
	if (!found && scan_make(location, false, &scan, err))
		return -1;
	const struct shim *shim = found ? NULL : scan_shim(&scan, name);
	found = found || (shim && manifest_read(location, &arena, shim->marks.run, &marks));
	if (!found && memory_failures() != memory)
		return fail_memory(err);
	if (!found)
		return fail(err, ERR_MISSING, "`%s` has no log on this machine: `%s` is gone", name,
			    directory);
	char *place = work_directory(&arena, &marks);
	following->directory = strdup(marks.run);
	following->place = place ? strdup(place) : NULL;
	return following->directory && following->place ? 0 : fail_memory(err);
}

enum progress localhost_logs(struct location *location, struct errand *errand, const char *app,
			     const char *name, const struct log_options *options, log_sink *sink,
			     void *sink_owner, struct error *err)
{
	if (errand->state)
		return follow(errand->state, sink, sink_owner, err);
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	struct following *following = local_task_new(location, errand, sizeof(*following), release_following);
	if (!following) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (find_log(location, app, name, following, err) ||
	    read_past(location, following, options, sink, sink_owner, err))
		return local_task_end(&following->task, PROGRESS_FAILED);
	if (!options->follow)
		return local_task_end(&following->task, PROGRESS_DONE);
	return local_task_sleep(&following->task, FOLLOW_MS, err);
}
