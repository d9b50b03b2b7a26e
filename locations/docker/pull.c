/* pull.c - fetch an image that is not there: once per location, however many instances wait for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/docker/docker.h"

#define PULL_IDLE_MS  120000
#define LINE_MAX_SIZE 65536
#define TOLD_EVERY_MS 500

struct layer {
	char id[16];
	int64_t current, total;
};

struct pull {
	struct pull *next;
	struct docker *docker;
	char *image;
	struct exchange *exchange;
	struct text line;
	struct layer *layers;
	size_t layer_count;
	unsigned waiting;
	bool over;
	char words[400]; /* the error line, or the refusal */
	struct error error;
	int64_t told_ms;
	char note[240];
};

static void pull_free(struct pull *pull)
{
	struct world *world = pull->docker->world;

	for (struct pull **at = &pull->docker->pulls; *at; at = &(*at)->next)
		if (*at == pull) {
			*at = pull->next;
			break;
		}
	if (pull->exchange)
		world->ops->http_cancel(world, pull->exchange);
	text_release(&pull->line);
	free(pull->layers);
	free(pull->image);
	free(pull);
}

static void tell_all(struct pull *pull)
{
	struct task *next;

	for (struct task *task = pull->docker->tasks; task; task = next) {
		next = task->next;
		if (task->pull == pull)
			task_attend(task);
	}
}

static struct layer *layer_of(struct pull *pull, const char *id)
{
	for (size_t i = 0; i < pull->layer_count; i++)
		if (!strncmp(pull->layers[i].id, id, sizeof(pull->layers[i].id) - 1))
			return &pull->layers[i];
	struct layer *more = realloc(pull->layers, (pull->layer_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	pull->layers = more;
	struct layer *layer = &more[pull->layer_count++];
	*layer = (struct layer){0};
	snprintf(layer->id, sizeof(layer->id), "%s", id);
	return layer;
}

static void write_note(struct pull *pull)
{
	int64_t current = 0, total = 0;

	for (size_t i = 0; i < pull->layer_count; i++) {
		current += pull->layers[i].current;
		total += pull->layers[i].total;
	}
	if (total)
		snprintf(pull->note, sizeof(pull->note), "pulling %.180s: %lld of %lld MB", pull->image,
			 (long long)(current / 1000000), (long long)((total + 999999) / 1000000));
	else
		snprintf(pull->note, sizeof(pull->note), "pulling %.200s", pull->image);
}

static void progressed(struct pull *pull, const json_t *line)
{
	const json_t *detail = json_object_get(line, "progressDetail");
	const char *id = json_text(line, "id"), *status = json_text(line, "status");
	int64_t now = pull->docker->world->ops->now(pull->docker->world);
	struct layer *layer = id && status && !strcmp(status, "Downloading") ? layer_of(pull, id) : NULL;

	if (!layer)
		return;
	layer->current = json_number(detail, "current", layer->current);
	layer->total = json_number(detail, "total", layer->total);
	write_note(pull);
	if (now - pull->told_ms < TOLD_EVERY_MS)
		return;
	pull->told_ms = now;
	tell_all(pull);
}

/* One of the JSON lines; an error is told so inside an answer of status 200. */
static void read_line(struct pull *pull)
{
	owned_json line = json_parse(text_view(&pull->line), pull->line.length, "a line of progress", NULL);
	const char *error = json_text(line, "error");

	if (error)
		snprintf(pull->words, sizeof(pull->words), "%s", error);
	else if (line)
		progressed(pull, line);
	text_clear(&pull->line);
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct pull *pull = owner;

	for (size_t i = 0; i < count; i++) {
		if (status < 300 && bytes[i] == '\n')
			read_line(pull);
		else if (pull->line.length < LINE_MAX_SIZE)
			text_add_char(&pull->line, bytes[i]);
	}
	return true;
}

static bool says(const char *words, const char *const *signs)
{
	for (; *signs; signs++)
		if (strcasestr(words, *signs))
			return true;
	return false;
}

/* The remote's words decide whether asking again may help. */
static void judge(struct pull *pull)
{
	static const char *const absent[] = {
	    "manifest unknown",     "not found",         "does not exist", "denied", "unauthorized",
	    "no matching manifest", "invalid reference", "name unknown",   NULL};
	const char *location = pull->docker->location->name;
	struct arena arena = {0};
	const char *words = words_of(&arena, pull->words, strlen(pull->words));

	if (says(words, absent)) {
		fail(&pull->error, ERR_MISSING, "location `%s`: cannot pull image `%s`: %s", location,
		     pull->image, words);
		remedy(&pull->error,
		       "check the spelling of the image and its tag; for a private one, `docker login` "
		       "and `docker pull` it on the engine's machine first");
	} else {
		fail(&pull->error, ERR_FAILED, "location `%s`: cannot pull image `%s`: %s", location,
		     pull->image, words);
		remedy(&pull->error, "see whether the engine's machine reaches the image's registry, or "
				     "`docker load` the image there");
	}
	arena_release(&arena);
}

static void done(void *owner, struct http_answer *answer)
{
	struct pull *pull = owner;

	pull->exchange = NULL;
	pull->over = true;
	if (answer->error.code == OK && answer->status >= 300) {
		struct arena arena = {0};
		snprintf(pull->words, sizeof(pull->words), "%s",
			 refusal_of(&arena, text_view(&pull->line), pull->line.length, answer->status));
		arena_release(&arena);
	}
	if (answer->status < 300 && pull->line.length)
		read_line(pull);
	if (pull->words[0])
		judge(pull);
	else if (answer->error.code != OK)
		explain(pull->docker, "POST /images/create", PULL_IDLE_MS, &answer->error, &pull->error);
	tell_all(pull);
}

/* "host:5000/x/y:3" -> "host:5000/x/y", "3"; a digest takes the tag's place. */
static int begin(struct pull *pull, struct error *err)
{
	struct arena arena = {0};
	const char *image = pull->image, *digest = strchr(image, '@'), *slash = strrchr(image, '/');
	const char *colon = strchr(slash ? slash : image, ':');
	size_t length = colon && (!digest || colon < digest) ? (size_t)(colon - image)
			: digest                             ? (size_t)(digest - image)
							     : strlen(image);
	const char *tag = digest ? digest + 1 : colon ? colon + 1 : "latest";
	const char *name = arena_copy(&arena, image, length);
	name = name ? escaped(&arena, name) : NULL;
	tag = escaped(&arena, tag);
	const struct question question = {
	    .method = "POST",
	    .path =
		name && tag ? arena_format(&arena, "/images/create?fromImage=%s&tag=%s", name, tag) : NULL,
	    .idle_ms = PULL_IDLE_MS,
	};
	const struct http_sink sink = {.done = done, .chunk = chunk, .owner = pull};
	struct error why = {0};

	write_note(pull);
	if (!question.path)
		fail_memory(&why);
	else
		pull->exchange = docker_send(pull->docker, &question, &sink, &why);
	arena_release(&arena);
	if (pull->exchange)
		return 0;
	explain(pull->docker, "POST /images/create", PULL_IDLE_MS, &why, err);
	return -1;
}

static struct pull *pull_new(struct docker *docker, const char *image)
{
	struct pull *pull = calloc(1, sizeof(*pull));

	if (!pull || !(pull->image = strdup(image))) {
		free(pull);
		return NULL;
	}
	pull->docker = docker;
	pull->next = docker->pulls;
	docker->pulls = pull;
	return pull;
}

enum progress pull_join(struct task *task, const char *image, step *next, struct error *err)
{
	struct pull *pull = task->docker->pulls;

	while (pull && (pull->over || strcmp(pull->image, image) != 0))
		pull = pull->next;
	if (!pull) {
		pull = pull_new(task->docker, image);
		if (!pull)
			return out_of_memory(err);
		if (begin(pull, err) < 0) {
			pull_free(pull);
			return PROGRESS_FAILED;
		}
	}
	pull->waiting++;
	task->pull = pull;
	task->waiting++;
	task->attention = true; /* the note is there to be read */
	return task_go(task, next);
}

void pull_leave(struct task *task)
{
	struct pull *pull = task->pull;

	task->pull = NULL;
	if (!pull)
		return;
	task->waiting--;
	if (--pull->waiting == 0)
		pull_free(pull);
}

enum progress pull_result(struct task *task, const char **ret_note, struct error *err)
{
	struct pull *pull = task->pull;

	if (!pull->over) {
		*ret_note = pull->note;
		return PROGRESS_WAITING;
	}
	struct error error = pull->error;
	*ret_note = NULL;
	pull_leave(task);
	if (error.code == OK)
		return PROGRESS_DONE;
	*err = error;
	return PROGRESS_FAILED;
}

void pulls_close(struct docker *docker)
{
	while (docker->pulls)
		pull_free(docker->pulls);
}
