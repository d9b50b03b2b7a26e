/* prober.c - questions that are asked inside an application's network, and who waits for their answers. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/docker/prober.h"

enum { STUMBLES = 3, MARGIN_MS = 5000, LINE_LENGTH_MAX = 4096 };

static step ask_there;

const char *prober_name(struct arena *arena, const char *app)
{
	return arena_format(arena, "berth.helper.%s", app);
}

bool is_helper(const char *name, const json_t *labels)
{
	static const char prefix[] = "berth.helper.";
	const char *app = json_text(labels, "berth.app");

	return app && json_text(labels, "berth.helper") && starts_with(name, prefix) &&
	       !strcmp(name + strlen(prefix), app);
}

static struct prober *find(const struct docker *docker, const char *app)
{
	struct prober *prober = docker->probers;

	while (prober && strcmp(prober->app, app) != 0)
		prober = prober->next;
	return prober;
}

struct prober *prober_of(struct docker *docker, const char *app)
{
	struct prober *prober = find(docker, app);

	if (prober || !(prober = calloc(1, sizeof(*prober))))
		return prober;
	if (!(prober->app = strdup(app))) {
		free(prober);
		return NULL;
	}
	prober->docker = docker;
	/* Without one its questions are told from others' by their numbers alone. */
	(void)docker->world->ops->random(docker->world, &prober->token, sizeof(prober->token));
	prober->next = docker->probers;
	docker->probers = prober;
	return prober;
}

static void prober_hang_up(struct prober *prober);

static void prober_free(struct prober *prober)
{
	struct prober **at = &prober->docker->probers;

	prober_hang_up(prober);
	while (*at != prober)
		at = &(*at)->next;
	*at = prober->next;
	free(prober->id);
	free(prober->app);
	free(prober);
}

void prober_forget(struct docker *docker, const char *app)
{
	struct prober *prober = find(docker, app);

	if (prober && !prober->askings && !prober->maker)
		prober_free(prober);
	else if (prober)
		prober_hang_up(prober);
}

void probers_close(struct docker *docker)
{
	while (docker->probers)
		prober_free(docker->probers);
}

enum progress prober_leave(struct task *task, step *next, struct error *err)
{
	struct prober *prober = find(task->docker, task->wish.app);

	if (prober)
		prober_hang_up(prober);
	return prober && prober->id ? prober_remove(task, next, err) : task_go(task, next);
}

bool prober_possible(struct docker *docker)
{
	const struct program *program = program_of(docker);

	return program && !program->is.refused[0] &&
	       (!docker->platform[0] || !strcmp(docker->platform, program->is.platform));
}

/* --- why not --- */

static enum progress unverifiable(const struct prober *prober, struct error *err)
{
	fail(err, ERR_UNSUPPORTED,
	     "cannot be verified from here: the containers of `%s` are on another machine's network, and %s",
	     prober->app, prober->refused);
	remedy(err, "use a check of kind `command`, which runs inside the container");
	return PROGRESS_FAILED;
}

enum progress prober_refuse(struct prober *prober, struct error *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(prober->refused, sizeof(prober->refused), format, arguments);
	va_end(arguments);
	return unverifiable(prober, err);
}

enum progress prober_stumbles(struct prober *prober, const struct error *why, struct error *err)
{
	struct error kept = *why;

	if (kept.code != ERR_NO_MEMORY && ++prober->stumbles >= STUMBLES)
		return prober_refuse(prober, err, "%.300s", kept.text);
	*err = kept;
	return PROGRESS_FAILED;
}

/* --- what came of a question --- */

static void come_back(struct asking *asking, int state)
{
	struct world *world = asking->task->docker->world;

	world->ops->timer_cancel(world, give(asking->timer));
	asking->state = state;
	task_returned(asking->task);
}

static void all_come_back(struct prober *prober, int from)
{
	for (struct asking *asking = prober->askings; asking; asking = asking->next)
		if ((int)asking->state == from)
			come_back(asking, ASKING_IDLE);
}

/* Nobody is to be asked any more; those who wait for an answer hear of it. */
static void prober_hang_up(struct prober *prober)
{
	struct world *world = prober->docker->world;

	world->ops->channel_cancel(world, give(prober->channel));
	prober->open = false;
	text_release(&prober->line);
	prober->frames = (struct frames){0};
	all_come_back(prober, ASKING_ASKED);
}

static void late(void *owner)
{
	struct asking *asking = owner;

	asking->timer = NULL;
	asking->prober->stumbles++;
	prober_hang_up(asking->prober);
}

/* --- what it says --- */

static void take_line(struct prober *prober, const char *line)
{
	size_t length = strcspn(line, " ");

	for (struct asking *asking = prober->askings; asking; asking = asking->next) {
		if (asking->state != ASKING_ASKED || strlen(asking->name) != length ||
		    strncmp(asking->name, line, length) != 0)
			continue; /* somebody else's */
		prober->stumbles = 0;
		text_clear(&asking->answer);
		text_add(&asking->answer, line + length + (line[length] == ' '));
		come_back(asking, ASKING_ANSWERED);
		return;
	}
}

static void take(void *owner, bool errors, const char *bytes, size_t count)
{
	struct prober *prober = owner;

	for (size_t i = 0; !errors && i < count; i++) {
		if (bytes[i] != '\n') {
			if (prober->line.length < LINE_LENGTH_MAX)
				text_add_char(&prober->line, bytes[i]);
			continue;
		}
		take_line(prober, text_view(&prober->line));
		text_clear(&prober->line);
	}
}

static void said(void *owner, const char *bytes, size_t count)
{
	struct prober *prober = owner;

	frames_feed(&prober->frames, bytes, count, take, prober);
}

static void opened(void *owner)
{
	struct prober *prober = owner;

	prober->open = true;
	if (prober->maker)
		task_returned(prober->maker);
}

static void ended(void *owner, struct http_answer *answer)
{
	struct prober *prober = owner;

	prober->channel = NULL;
	prober->ended = answer->error;
	prober->status = answer->status;
	if (!prober->open && prober->maker)
		task_returned(prober->maker);
	prober->stumbles += prober->open;
	prober_hang_up(prober);
}

enum progress prober_listen(struct task *task, step *next, struct error *err)
{
	struct prober *prober = task->asking->prober;
	const struct channel_sink sink = {.opened = opened, .bytes = said, .done = ended, .owner = prober};
	const char *id = escaped(&task->arena, prober->id);
	const struct question question = {
	    .method = "POST",
	    .path =
		id ? arena_format(&task->arena, "/containers/%s/attach?stream=1&stdin=1&stdout=1", id) : NULL,
	    .limit_ms = READ_MS,
	};
	struct error why = {0};

	if (!question.path)
		return out_of_memory(err);
	prober_hang_up(prober);
	prober->ended = (struct error){0};
	prober->status = 0;
	prober->channel = docker_channel(task->docker, &question, &sink, &why);
	if (!prober->channel) {
		explain(task->docker, "POST /containers/attach", question.limit_ms, &why, err);
		return PROGRESS_FAILED;
	}
	task->waiting++;
	return task_go(task, next);
}

/* --- those who ask --- */

static enum progress made(struct task *task, struct error *err)
{
	struct prober *prober = task->asking->prober;

	prober->maker = NULL;
	all_come_back(prober, ASKING_WAITS);
	return ask_there(task, err);
}

static enum progress send_question(struct task *task, struct error *err)
{
	struct world *world = task->docker->world;
	struct asking *asking = task->asking;
	struct prober *prober = asking->prober;
	owned_text line = {0};

	snprintf(asking->name, sizeof(asking->name), "%08x-%lu", prober->token, ++prober->asked);
	text_format(&line, "%s %s\n", asking->name, asking->question);
	asking->timer = world->ops->timer_start(world, asking->limit_ms + MARGIN_MS, late, asking);
	if (line.failed || !asking->timer)
		return out_of_memory(err);
	world->ops->channel_write(world, prober->channel, text_view(&line), line.length);
	asking->state = ASKING_ASKED;
	task->waiting++;
	return task_go(task, ask_there);
}

static enum progress ask_there(struct task *task, struct error *err)
{
	struct asking *asking = task->asking;
	struct prober *prober = asking->prober;

	if (asking->state == ASKING_ANSWERED)
		return asking->answered(task, err);
	if (prober->refused[0])
		return unverifiable(prober, err);
	if (prober->open)
		return send_question(task, err);
	if (prober->maker) {
		asking->state = ASKING_WAITS;
		task->waiting++;
		return task_go(task, ask_there);
	}
	if (prober->stumbles >= STUMBLES)
		return prober_refuse(prober, err, "the helper that asks there ends without an answer");
	prober->maker = task;
	task->after = made;
	return prober_make(task, err);
}

enum progress prober_ask(struct task *task, const char *network, const char *question, int64_t limit_ms,
			 step *next, struct error *err)
{
	struct prober *prober = prober_of(task->docker, task->wish.app);
	struct asking *asking = arena_alloc(&task->arena, sizeof(*asking));

	if (!prober || !asking || !network || !question)
		return out_of_memory(err);
	*asking = (struct asking){
	    .next = prober->askings,
	    .prober = prober,
	    .task = task,
	    .network = network,
	    .question = question,
	    .limit_ms = limit_ms,
	    .answered = next,
	};
	prober->askings = task->asking = asking;
	return ask_there(task, err);
}

const char *prober_answer(struct task *task)
{
	const struct text *answer = &task->asking->answer;

	return answer->failed ? NULL : arena_text(&task->arena, text_view(answer));
}

void asking_release(struct asking *asking)
{
	struct prober *prober = asking->prober;
	struct world *world = prober->docker->world;
	struct asking **at = &prober->askings;

	world->ops->timer_cancel(world, asking->timer);
	while (*at != asking)
		at = &(*at)->next;
	*at = asking->next;
	text_release(&asking->answer);
	if (prober->maker != asking->task)
		return;
	/* What it began is for another to go on with. */
	prober->maker = NULL;
	if (!prober->open)
		prober_hang_up(prober);
	all_come_back(prober, ASKING_WAITS);
}
