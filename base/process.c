/* process.c - children of the real world: started through a keeper, watched by pidfd, waited for by nobody
 * else. */
#include "base/world_real_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/keeper.h"

struct child {
	struct link link; /* in real->children until over */
	uv_poll_t poll;   /* of the keeper's pidfd */
	int keeper;       /* pidfd */
	int report;       /* where the keeper writes */
	pid_t pid;
	void (*ended)(void *owner, const struct process_end *);
	void *owner;
};

static void free_child(uv_handle_t *handle)
{
	free(handle->data);
}

/* The keeper has ended or was told to. Nobody but one who asks for clones gets it, so it waits for us. */
static void reap(int keeper)
{
	struct pollfd watched = {.fd = keeper, .events = POLLIN};
	siginfo_t ignored;

	/* libuv made the descriptor non-blocking, and with it waitid. */
	while (poll(&watched, 1, -1) < 0 && errno == EINTR)
		;
	while (waitid(P_PIDFD, (id_t)keeper, &ignored, WEXITED | __WALL) < 0 && errno == EINTR)
		;
}

static void end_child(struct child *child)
{
	link_remove(&child->link);
	uv_poll_stop(&child->poll);
	uv_close((uv_handle_t *)&child->poll, free_child);
	close(child->keeper);
	close(child->report);
}

/* False when there is nothing (more) to read. */
static bool read_record(int fd, struct keeper_record *record)
{
	ssize_t got;

	while ((got = read(fd, record, sizeof(*record))) < 0 && errno == EINTR)
		;
	return got == (ssize_t)sizeof(*record);
}

static void on_keeper_ended(uv_poll_t *poll, int status, int events)
{
	struct child *child = poll->data;
	struct keeper_record record;
	struct process_end end = {.exit_code = -1}; /* somebody killed the keeper: nobody knows */

	(void)status;
	(void)events;
	if (read_record(child->report, &record) && record.stage == STAGE_ENDED) {
		end.exit_code = record.code;
		end.signal = record.signal;
	}
	reap(child->keeper);
	end_child(child);
	child->ended(child->owner, &end);
}

static int fail_stage(const struct process_options *options, const struct keeper_record *record,
		      struct error *err)
{
	errno = record->error;
	switch (record->stage) {
	case STAGE_DIRECTORY:
		return fail_file(err, options->directory ? options->directory : "/", "cannot enter");
	case STAGE_IDENTITY:
		return fail(err, record->error == EPERM ? ERR_DENIED : ERR_FAILED,
			    "cannot become user %u: %s", (unsigned)options->identity->uid,
			    strerror(record->error));
	case STAGE_EXEC:
		return fail_file(err, options->argv[0], "cannot start");
	default:
		return fail(err, ERR_FAILED, "cannot start %s: no process: %s", options->argv[0],
			    strerror(record->error));
	}
}

/* Wait for the first record, which comes as soon as the child runs or cannot. */
static void await_start(int report, int keeper, struct keeper_record *ret_record)
{
	struct pollfd watched[2] = {{.fd = report, .events = POLLIN}, {.fd = keeper, .events = POLLIN}};

	while (poll(watched, 2, -1) < 0 && errno == EINTR)
		;
	if (!read_record(report, ret_record))
		*ret_record = (struct keeper_record){.stage = STAGE_FORK, .error = ECHILD};
}

static int start_keeper(const struct process_options *options, int report, int *ret_keeper, struct error *err)
{
	static const char *const nothing[] = {NULL};
	owned_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	owned_fd host = (int)syscall(SYS_pidfd_open, getpid(), 0);
	const struct keeper_plan plan = {
	    .argv = options->argv,
	    .environment = options->environment ? options->environment : nothing,
	    .directory = options->directory ? options->directory : "/",
	    .streams = {options->input >= 0 ? options->input : null,
			options->output >= 0 ? options->output : null,
			options->errors >= 0 ? options->errors : null},
	    .new_session = options->new_session,
	    .terminal = options->terminal,
	    .identity = options->identity,
	    .report = report,
	    .host = host,
	};

	if (null < 0)
		return fail_file(err, "/dev/null", "cannot read");
	if (host < 0 || keeper_start(&plan, ret_keeper) < 0)
		return fail(err, errno == ENOMEM ? ERR_NO_MEMORY : ERR_FAILED,
			    "cannot start %s: no process: %s", options->argv[0], strerror(errno));
	return 0;
}

/* Take over a keeper that has begun; it and the pipe are the child's from here on. */
static int watch(struct real *real, struct child *child, int keeper, int report, struct error *err)
{
	int status = uv_poll_init(&real->loop, &child->poll, keeper);

	if (status)
		return fail(err, ERR_FAILED, "a process cannot be watched: %s", uv_strerror(status));
	child->poll.data = child;
	child->keeper = keeper;
	child->report = report;
	link_append(&real->children, &child->link);
	return 0;
}

static void stop_keeper(int keeper)
{
	syscall(SYS_pidfd_send_signal, keeper, SIGKILL, NULL, 0);
	reap(keeper);
}

static int start_child(struct real *real, struct child *child, const struct process_options *options,
		       struct error *err)
{
	int ends[2], keeper = -1;
	struct keeper_record record;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return fail(err, ERR_FAILED, "cannot start %s: %s", options->argv[0], strerror(errno));
	int status = start_keeper(options, ends[1], &keeper, err);
	close(ends[1]);
	if (!status) {
		await_start(ends[0], keeper, &record);
		status = record.stage == STAGE_STARTED ? 0 : fail_stage(options, &record, err);
		if (!status)
			status = watch(real, child, keeper, ends[0], err);
		if (status)
			stop_keeper(keeper);
	}
	if (status) {
		release_fd(&keeper);
		close(ends[0]);
		return -1;
	}
	child->pid = record.pid;
	return 0;
}

struct child *real_spawn(struct world *world, const struct process_options *options,
			 void (*ended)(void *owner, const struct process_end *), void *owner,
			 struct error *err)
{
	struct child *child = calloc(1, sizeof(*child));

	if (!child) {
		fail_memory(err);
		return NULL;
	}
	if (start_child(real_of(world), child, options, err)) {
		free(child);
		return NULL;
	}
	child->ended = ended;
	child->owner = owner;
	uv_poll_start(&child->poll, UV_READABLE, on_keeper_ended);
	return child;
}

pid_t real_child_pid(struct child *child)
{
	return child->pid;
}

void real_child_drop(struct world *world, struct child *child)
{
	(void)world;
	if (!child || uv_is_closing((uv_handle_t *)&child->poll))
		return;
	stop_keeper(child->keeper);
	end_child(child);
}

void children_close(struct real *real)
{
	while (!link_alone(&real->children))
		real_child_drop(&real->world, owner_of(real->children.next, struct child, link));
}
