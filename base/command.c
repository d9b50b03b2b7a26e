/* command.c - a child with pipes, a clock and a mark by which it is found again when it has to go. */
#include "base/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MARK        "BERTH_COMMAND="
#define KILL_ROUNDS 5 /* one that multiplies while we look is looked for again */

enum { OUTPUT, ERRORS, STREAMS };

struct heard {
	struct command *command;
	int fd;
	struct fd_watch *watch; /* NULL: at its end */
	char *bytes;            /* room for the limit, one more that is too many, and the NUL */
	size_t count;
};

struct command {
	struct world *world;
	struct child *child;
	struct timer *clock;
	struct heard heard[STREAMS];
	size_t limit;
	int64_t timeout_ms;
	char mark[sizeof(MARK) + 32];
	struct error error;
	struct process_end end;
	void (*done)(void *owner, const struct command_answer *answer);
	void *owner;
};

static void hear_no_more(struct heard *heard)
{
	struct world *world = heard->command->world;

	world->ops->fd_cancel(world, heard->watch);
	heard->watch = NULL;
	release_fd(&heard->fd);
	heard->fd = -1;
}

static void command_free(struct command *command)
{
	struct world *world = command->world;

	for (int i = 0; i < STREAMS; i++) {
		struct heard *heard = &command->heard[i];
		hear_no_more(heard);
		if (heard->bytes)
			explicit_bzero(heard->bytes, command->limit + 2);
		free(heard->bytes);
	}
	world->ops->timer_cancel(world, command->clock);
	world->ops->child_drop(world, command->child);
	free(command);
}

/* --- ending it ------------------------------------------------------------------------------ */

struct hunt {
	struct world *world;
	bool found;
};

static bool kill_one(void *owner, const struct process_info *info)
{
	struct hunt *hunt = owner;

	if (info->zombie)
		return true;
	hunt->found = true;
	hunt->world->ops->signal(hunt->world, info->pid, info->start_ticks, SIGKILL, NULL);
	return true;
}

/* Whatever carries the mark: what it started may have left it behind. */
static void kill_all(struct command *command)
{
	struct hunt hunt = {.world = command->world, .found = true};

	for (int round = 0; hunt.found && round < KILL_ROUNDS; round++) {
		hunt.found = false;
		hunt.world->ops->processes(hunt.world, command->mark, kill_one, &hunt, NULL);
	}
}

void command_cancel(struct command *command)
{
	if (!command)
		return;
	kill_all(command);
	command_free(command);
}

static void finish(struct command *command)
{
	const struct heard *output = &command->heard[OUTPUT], *errors = &command->heard[ERRORS];
	const struct command_answer answer = {
	    .error = command->error,
	    .end = command->end,
	    .output = output->bytes,
	    .output_size = output->count,
	    .errors = errors->bytes,
	    .errors_size = errors->count,
	};

	output->bytes[output->count] = errors->bytes[errors->count] = '\0';
	command->done(command->owner, &answer);
	command_free(command);
}

static void late(void *owner)
{
	struct command *command = owner;

	command->clock = NULL;
	fail(&command->error, ERR_TIMED_OUT, "it did not end within %lld s",
	     (long long)(command->timeout_ms / 1000));
	kill_all(command);
	finish(command);
}

/* --- hearing it ----------------------------------------------------------------------------- */

/* Read what is there; false when it said too much. */
static bool hear(struct heard *heard)
{
	struct command *command = heard->command;

	while (heard->fd >= 0 && heard->count <= command->limit) {
		ssize_t got = read(heard->fd, heard->bytes + heard->count, command->limit + 1 - heard->count);
		if (got > 0)
			heard->count += (size_t)got;
		else if (!got || (errno != EINTR && errno != EAGAIN))
			hear_no_more(heard);
		else if (errno == EAGAIN)
			break;
	}
	return heard->count <= command->limit;
}

static void too_much(struct command *command)
{
	fail(&command->error, ERR_FAILED, "it said more than %zu bytes", command->limit);
}

static void can_be_heard(void *owner)
{
	struct heard *heard = owner;
	struct command *command = heard->command;

	if (hear(heard))
		return;
	too_much(command);
	kill_all(command);
	finish(command);
}

/* What it left running may keep the pipes open: only what is there already is waited for. */
static void ended(void *owner, const struct process_end *end)
{
	struct command *command = owner;

	command->child = NULL;
	command->end = *end;
	for (int i = 0; i < STREAMS; i++)
		if (!hear(&command->heard[i]))
			too_much(command);
	finish(command);
}

/* --- starting it ---------------------------------------------------------------------------- */

/* A pipe with the whole input in it, at its end. */
static int input_pipe(const char *input)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	size_t size = strlen(input);
	bool whole = write(ends[1], input, size) == (ssize_t)size;
	close(ends[1]);
	if (whole)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* The end that the child writes to, or -1. */
static int output_pipe(struct heard *heard)
{
	struct world *world = heard->command->world;
	int ends[2];

	heard->bytes = malloc(heard->command->limit + 2);
	if (!heard->bytes || pipe2(ends, O_CLOEXEC))
		return -1;
	heard->fd = ends[0];
	heard->watch = world->ops->fd_watch(world, ends[0], false, can_be_heard, heard);
	if (heard->watch)
		return ends[1];
	close(ends[1]);
	return -1;
}

static int make_mark(struct command *command)
{
	unsigned char chance[16];

	if (command->world->ops->random(command->world, chance, sizeof(chance)) < 0)
		return -1;
	strcpy(command->mark, MARK);
	for (size_t i = 0; i < sizeof(chance); i++)
		sprintf(command->mark + sizeof(MARK) - 1 + 2 * i, "%02x", chance[i]);
	return 0;
}

/* Our own environment and the mark, which comes first: a mark of ours from further above is not its. */
static const char **marked_environment(const struct command *command)
{
	size_t count = 0, kept = 1;

	while (environ[count])
		count++;
	const char **marked = calloc(count + 2, sizeof(char *));
	if (!marked)
		return NULL;
	marked[0] = command->mark;
	for (size_t i = 0; i < count; i++)
		if (!starts_with(environ[i], MARK))
			marked[kept++] = environ[i];
	return marked;
}

static int spawn(struct command *command, const struct command_request *request, struct error *err)
{
	struct world *world = command->world;
	owned_memory const char **environment = marked_environment(command);
	owned_fd input = input_pipe(request->input ? request->input : "");
	owned_fd output = output_pipe(&command->heard[OUTPUT]);
	owned_fd errors = output_pipe(&command->heard[ERRORS]);
	const struct process_options options = {
	    .argv = request->argv,
	    .environment = environment,
	    .directory = ".",
	    .input = input,
	    .output = output,
	    .errors = errors,
	};

	if (!environment || input < 0 || output < 0 || errors < 0)
		return fail(err, ERR_FAILED, "cannot start %s: no memory or no pipe", request->argv[0]);
	command->child = world->ops->spawn(world, &options, ended, command, err);
	return command->child ? 0 : -1;
}

struct command *command_start(struct world *world, const struct command_request *request,
			      void (*done)(void *owner, const struct command_answer *answer), void *owner,
			      struct error *err)
{
	struct command *command = calloc(1, sizeof(*command));

	if (!command) {
		fail_memory(err);
		return NULL;
	}
	command->world = world;
	command->limit = request->limit;
	command->timeout_ms = request->timeout_ms;
	command->done = done;
	command->owner = owner;
	for (int i = 0; i < STREAMS; i++)
		command->heard[i] = (struct heard){.command = command, .fd = -1};
	command->clock = world->ops->timer_start(world, request->timeout_ms, late, command);
	if (command->clock && make_mark(command) == 0 && spawn(command, request, err) == 0)
		return command;
	if (!command->clock)
		fail_memory(err);
	command_free(command);
	return NULL;
}
