/* pull.c - fetch an image: once per location, however many instances wait for it, and again for a while when
 * what went wrong may pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "locations/docker/registry.h"

#define PULL_IDLE_MS   120000
#define TOLD_EVERY_MS  500
#define AGAIN_FOR_MS   30000 /* after the first failure that may pass */
#define FIRST_PAUSE_MS 500

struct pull {
	struct pull *next;
	struct docker *docker;
	char *image;
	struct login login;
	struct exchange *exchange;
	struct timer *pause;
	struct pull_lines lines;
	struct text refusal; /* the body when the status said no */
	unsigned waiting, tries;
	int64_t first_failure_ms, pause_ms;
	bool over;
	struct error error;
	int64_t told_ms;
	char note[320];
};

static void attempt(struct pull *pull);

static void pull_free(struct pull *pull)
{
	struct world *world = pull->docker->world;

	for (struct pull **at = &pull->docker->pulls; *at; at = &(*at)->next)
		if (*at == pull) {
			*at = pull->next;
			break;
		}
	world->ops->http_cancel(world, pull->exchange);
	world->ops->timer_cancel(world, pull->pause);
	login_release(&pull->login);
	pull_lines_release(&pull->lines);
	text_release(&pull->refusal);
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

static int64_t now_of(const struct pull *pull)
{
	return pull->docker->world->ops->now(pull->docker->world);
}

/* --- its end, or another try ---------------------------------------------------------------- */

static void end(struct pull *pull)
{
	pull->over = true;
	tell_all(pull);
}

static void pause_over(void *owner)
{
	struct pull *pull = owner;

	pull->pause = NULL;
	attempt(pull);
}

/* The last try is made when the time is up. False when that was it. */
static bool try_again(struct pull *pull, const char *words)
{
	struct world *world = pull->docker->world;
	int64_t now = now_of(pull);

	if (pull->tries == 1)
		pull->first_failure_ms = now;
	int64_t left = pull->first_failure_ms + AGAIN_FOR_MS - now;
	if (left <= 0)
		return false;
	pull->pause_ms = pull->pause_ms ? 2 * pull->pause_ms : FIRST_PAUSE_MS;
	if (pull->pause_ms > left)
		pull->pause_ms = left;
	pull->pause = world->ops->timer_start(world, pull->pause_ms, pause_over, pull);
	if (!pull->pause)
		return false;
	snprintf(pull->note, sizeof(pull->note), "pulling %.120s: %.120s; again in %lld s", pull->image,
		 words, (long long)((pull->pause_ms + 999) / 1000));
	tell_all(pull);
	return true;
}

static void say_how_often(struct pull *pull)
{
	size_t length = strlen(pull->error.text);

	if (pull->tries > 1)
		snprintf(pull->error.text + length, sizeof(pull->error.text) - length,
			 " (tried %u times in %lld s)", pull->tries,
			 (long long)((now_of(pull) - pull->first_failure_ms + 500) / 1000));
}

static void failed(struct pull *pull, const char *said)
{
	owned_by(arena_release) struct arena arena = {0};
	const char *words = words_of(&arena, said, strlen(said));

	if (registry_refused(&pull->login, pull->image, "pull image", words, &pull->error) &&
	    try_again(pull, words))
		return;
	say_how_often(pull);
	end(pull);
}

static void refused(struct pull *pull, int status)
{
	owned_by(arena_release) struct arena arena = {0};

	failed(pull, refusal_of(&arena, text_view(&pull->refusal), pull->refusal.length, status));
}

static void done(void *owner, struct http_answer *answer)
{
	struct pull *pull = owner;

	pull->exchange = NULL;
	pull_lines_feed(&pull->lines, "\n", 1); /* the last line may end without */
	if (pull->lines.words[0]) {
		failed(pull, pull->lines.words);
	} else if (answer->error.code == ERR_TIMED_OUT) {
		failed(pull, "timed out: nothing came for 120 s");
	} else if (answer->error.code != OK) {
		explain(pull->docker, "POST /images/create", PULL_IDLE_MS, &answer->error, &pull->error);
		end(pull);
	} else if (answer->status >= 300) {
		refused(pull, answer->status);
	} else if (!pull->lines.ended) {
		failed(pull, "the engine's answer broke off before its end");
	} else {
		map_put(&pull->docker->pulled, pull->image, pull->docker);
		end(pull);
	}
}

/* --- an attempt ----------------------------------------------------------------------------- */

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct pull *pull = owner;

	if (status >= 300) {
		if (pull->refusal.length < 4096)
			text_add_bytes(&pull->refusal, bytes, count);
		return true;
	}
	if (!pull_lines_feed(&pull->lines, bytes, count))
		return true;
	pull_lines_note(&pull->lines, pull->image, pull->note, sizeof(pull->note));
	if (now_of(pull) - pull->told_ms < TOLD_EVERY_MS)
		return true;
	pull->told_ms = now_of(pull);
	tell_all(pull);
	return true;
}

/* "host:5000/x/y:3" -> "host:5000/x/y", "3"; a digest takes the tag's place. */
static const char *create_path(struct arena *arena, const char *image)
{
	const char *digest = strchr(image, '@'), *slash = strrchr(image, '/');
	const char *colon = strchr(slash ? slash : image, ':');
	size_t length = colon && (!digest || colon < digest) ? (size_t)(colon - image)
			: digest                             ? (size_t)(digest - image)
							     : strlen(image);
	const char *tag = digest ? digest + 1 : colon ? colon + 1 : "latest";
	const char *name = arena_copy(arena, image, length);

	name = name ? escaped(arena, name) : NULL;
	tag = escaped(arena, tag);
	return name && tag ? arena_format(arena, "/images/create?fromImage=%s&tag=%s", name, tag) : NULL;
}

/* The login is there, or there is none. */
static void ask_engine(void *owner)
{
	struct pull *pull = owner;
	owned_by(arena_release) struct arena arena = {0};
	const struct question question = {
	    .method = "POST",
	    .path = create_path(&arena, pull->image),
	    .login = pull->login.header.length ? text_view(&pull->login.header) : NULL,
	    .idle_ms = PULL_IDLE_MS,
	};
	const struct http_sink sink = {.done = done, .chunk = chunk, .owner = pull};
	struct error why = {0};

	pull_lines_note(&pull->lines, pull->image, pull->note, sizeof(pull->note));
	if (!question.path)
		fail_memory(&why);
	else
		pull->exchange = docker_send(pull->docker, &question, &sink, &why);
	login_wipe(&pull->login);
	if (pull->exchange) {
		tell_all(pull);
		return;
	}
	explain(pull->docker, "POST /images/create", PULL_IDLE_MS, &why, &pull->error);
	end(pull);
}

static void attempt(struct pull *pull)
{
	pull->tries++;
	pull->error = (struct error){0};
	pull_lines_release(&pull->lines);
	text_clear(&pull->refusal);
	if (login_find(&pull->login, pull->docker, pull->image, ask_engine, pull) == PROGRESS_DONE) {
		ask_engine(pull);
		return;
	}
	snprintf(pull->note, sizeof(pull->note), "pulling %.160s: asking %.80s for the login", pull->image,
		 pull->login.helper);
	tell_all(pull);
}

/* --- those who wait for it ------------------------------------------------------------------ */

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
	attempt(pull);
	return pull;
}

enum progress pull_join(struct task *task, const char *image, step *next, struct error *err)
{
	struct pull *pull = task->docker->pulls;

	while (pull && (pull->over || strcmp(pull->image, image) != 0))
		pull = pull->next;
	if (!pull && !(pull = pull_new(task->docker, image)))
		return out_of_memory(err);
	pull->waiting++;
	task->pull = pull;
	task->waiting++;
	task->attention = true;        /* the note is there to be read */
	task->errand->harmless = true; /* nothing is made before it is over */
	return task_go(task, next);
}

void pull_leave(struct task *task)
{
	struct pull *pull = task->pull;

	task->pull = NULL;
	if (!pull)
		return;
	task->errand->harmless = false;
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
	map_release(&docker->pulled);
}
