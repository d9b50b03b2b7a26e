/* exec_start.c - starts a command in an instance's place: its streams, its environment, where and as whom. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "locations/localhost/exec.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ADDED        6 /* variables of ours at most */

/* The command's ends, closed when it has them. */
struct streams {
	int input, output, errors;
};

static void streams_close(struct streams *streams)
{
	release_fd(&streams->input);
	if (streams->output != streams->input)
		release_fd(&streams->output);
	if (streams->errors != streams->output)
		release_fd(&streams->errors);
}

/* --- streams ------------------------------------------------------------------------------- */

static int fail_streams(struct error *err, const char *what)
{
	return fail(err, ERR_FAILED, "cannot make a %s: %s", what, strerror(errno));
}

/* A pipe whose end `ours` (0: for reading, 1: for writing) is kept, and never waits. */
static int make_pipe(int ours, int *ret_ours, int *ret_theirs, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return fail_streams(err, "pipe");
	*ret_ours = ends[ours];
	*ret_theirs = ends[!ours];
	return fcntl(*ret_ours, F_SETFL, O_NONBLOCK) ? fail_streams(err, "pipe") : 0;
}

static int make_pipes(struct running *running, bool interactive, struct streams *streams, struct error *err)
{
	if (interactive && make_pipe(1, &running->input.fd, &streams->input, err))
		return -1;
	return make_pipe(0, &running->output.fd, &streams->output, err) ||
		       make_pipe(0, &running->errors.fd, &streams->errors, err)
		   ? -1
		   : 0;
}

void running_resize(const struct running *running, const struct exec_session *session)
{
	const struct winsize size = {.ws_row = (unsigned short)session->rows,
				     .ws_col = (unsigned short)session->columns};

	if (running->terminal && running->output.fd >= 0)
		ioctl(running->output.fd, TIOCSWINSZ, &size);
}

/* Whoever the command is may open it again by its name. */
static int make_terminal(struct running *running, const struct process_identity *identity,
			 struct streams *streams, struct error *err)
{
	char path[64];
	int near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (near < 0)
		return fail_streams(err, "terminal");
	running->output.fd = near;
	if (grantpt(near) || unlockpt(near) || ptsname_r(near, path, sizeof(path)) ||
	    (streams->input = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 ||
	    fcntl(near, F_SETFL, O_NONBLOCK))
		return fail_streams(err, "terminal");
	streams->output = streams->errors = streams->input;
	if (identity && fchown(streams->input, identity->uid, (gid_t)-1))
		return fail_streams(err, "terminal");
	running->input.fd = fcntl(near, F_DUPFD_CLOEXEC, 0);
	return running->input.fd < 0 ? fail_streams(err, "terminal") : 0;
}

void end_close(struct running *running, struct end *end)
{
	struct world *world = running->task.location->world;

	world->ops->fd_cancel(world, end->watch);
	end->watch = NULL;
	release_fd(&end->fd);
	end->fd = -1;
}

/* --- whom, where, with what ---------------------------------------------------------------- */

static int choose_identity(struct location *location, struct arena *arena, const struct host *host,
			   const char *wanted, struct user *ret_user, struct error *err)
{
	*ret_user = (struct user){.identity = {.uid = host->uid,
					       .gid = host->gid,
					       .groups = host->groups,
					       .group_count = host->group_count}};
	if (wanted && user_find(location, arena, wanted, ret_user, err))
		return -1;
	if (local_uid(location) == 0 || ret_user->identity.uid == local_uid(location))
		return 0;
	return fail(err, ERR_DENIED, "only root may run something as user `%s`",
		    wanted ? wanted : arena_format(arena, "%u", (unsigned)host->uid));
}

static bool gives(const char *entry, const char *name)
{
	return starts_with(entry, name) && entry[strlen(name)] == '=';
}

/* Whether what is given has a variable of that name. */
static bool given_again(const char *entry, const char *const *given)
{
	size_t length = strcspn(entry, "=") + 1;

	for (; given && *given; given++)
		if (!strncmp(*given, entry, length))
			return true;
	return false;
}

/* The instance's own, with what another user and a terminal change, and the mark. */
static const char **environment_of(struct arena *arena, const struct host *host, const struct user *user,
				   const struct exec_session *session, const char *mark)
{
	const char *const *given = session->environment;
	size_t count = 0, given_count = 0;

	while (given && given[given_count])
		given_count++;
	const char **all = arena_array(arena, const char *, host->variable_count + given_count + ADDED);

	if (!all)
		return NULL;
	for (size_t i = 0; i < host->variable_count; i++) {
		const char *entry = host->environment[i];
		bool other =
		    user->name && (gives(entry, "HOME") || gives(entry, "USER") || gives(entry, "LOGNAME"));
		if (!other && !given_again(entry, given))
			all[count++] = entry;
	}
	for (size_t i = 0; i < given_count; i++)
		all[count++] = given[i];
	if (user->name) {
		all[count++] = arena_format(arena, "HOME=%s", user->home);
		all[count++] = arena_format(arena, "USER=%s", user->name);
		all[count++] = arena_format(arena, "LOGNAME=%s", user->name);
	}
	if (session->terminal && !host_variable(host, "TERM"))
		all[count++] = "TERM=xterm";
	all[count++] = mark;
	for (size_t i = 0; i < count; i++)
		if (!all[i])
			return NULL;
	return all;
}

/* Where the instance works, or what is told, which may start from there. */
static const char *directory_of(struct location *location, struct arena *arena, const struct host *host,
				const char *wanted, struct error *err)
{
	char own[64];

	snprintf(own, sizeof(own), "/proc/%d/cwd", (int)host->pid);
	const char *path = !wanted          ? arena_text(arena, own)
			   : *wanted == '/' ? wanted
					    : arena_format(arena, "%s/%s", own, wanted);
	if (!path)
		fail_memory(err);
	if (!path || !wanted || location->world->ops->file_exists(location->world, path))
		return path;
	fail(err, ERR_DENIED, "there is no directory `%s`", wanted);
	return NULL;
}

/* --- the command --------------------------------------------------------------------------- */

static void child_ended(void *owner, const struct process_end *end)
{
	struct running *running = owner;

	running->child = NULL;
	running->over = true;
	running->result = *end;
	running->task.errand->wake(running->task.errand);
}

static int start_at(struct running *running, const char *path, const char *const *command,
		    struct process_options *options, struct error *err)
{
	struct world *world = running->task.location->world;
	owned_by(arena_release) struct arena arena = {0};
	size_t count = 0;

	while (command[count])
		count++;
	const char **argv = arena_array(&arena, const char *, count + 1);
	if (!argv)
		return fail_memory(err);
	memcpy(argv, command, count * sizeof(*argv));
	/* The world takes the path from the first word. */
	argv[0] = path;
	options->argv = argv;
	running->child = world->ops->spawn(world, options, child_ended, running, err);
	return running->child ? 0 : -1;
}

/* As a shell looks: the first that can be executed; one that cannot is remembered. */
static int start_in_path(struct running *running, const char *search, const char *const *command,
			 struct process_options *options, struct error *err)
{
	struct world *world = running->task.location->world;
	struct error denied = {0}, why;

	for (const char *at = search;; at++) {
		int length = (int)strcspn(at, ":");
		char path[4096];
		bool fits = snprintf(path, sizeof(path), "%.*s/%s", length ? length : 1, length ? at : ".",
				     command[0]) < (int)sizeof(path);
		at += length;
		if (fits && (path[0] != '/' || world->ops->file_exists(world, path))) {
			if (!start_at(running, path, command, options, &why))
				return 0;
			if (why.code == ERR_DENIED)
				denied = why;
			else if (why.code != ERR_MISSING)
				return *err = why, -1;
		}
		if (!*at)
			break;
	}
	if (denied.code == OK)
		return fail(err, ERR_MISSING, "there is no command `%s` in the instance's PATH", command[0]);
	*err = denied;
	return -1;
}

static int start_command(struct running *running, const struct host *host, const char *const *command,
			 struct process_options *options, struct error *err)
{
	const char *search = host_variable(host, "PATH");

	if (strchr(command[0], '/'))
		return start_at(running, command[0], command, options, err);
	return start_in_path(running, search && *search ? search : DEFAULT_PATH, command, options, err);
}

static int make_mark(struct running *running, const char *incarnation, struct error *err)
{
	struct world *world = running->task.location->world;
	uint64_t number = 0;

	if (world->ops->random(world, &number, sizeof(number)))
		return fail(err, ERR_FAILED, "no random number to be had");
	if (asprintf(&running->mark, "BERTH_EXEC=%s:%016llx", incarnation, (unsigned long long)number) < 0) {
		running->mark = NULL;
		return fail_memory(err);
	}
	return 0;
}

/* The code that tells the failure is the command's, as shells have it. */
static int blame_command(struct exec_session *session, const struct error *err)
{
	if (err->code == ERR_MISSING)
		session->code = NOT_FOUND;
	else if (err->code == ERR_DENIED)
		session->code = NOT_EXECUTABLE;
	return -1;
}

int running_start(struct running *running, const struct host *host, struct exec_session *session,
		  struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	owned_by(streams_close) struct streams streams = {-1, -1, -1};
	struct location *location = running->task.location;
	struct user user;

	if (make_mark(running, host->incarnation, err))
		return -1;
	running->terminal = session->terminal;
	if (choose_identity(location, &arena, host, session->user, &user, err))
		return blame_command(session, err);
	bool other = user.identity.uid != local_uid(location) || session->user;
	struct process_options options = {
	    .environment = environment_of(&arena, host, &user, session, running->mark),
	    .directory = directory_of(location, &arena, host, session->directory, err),
	    .new_session = true,
	    .terminal = session->terminal,
	    .identity = local_uid(location) == 0 && other ? &user.identity : NULL,
	};
	if (!options.directory)
		return blame_command(session, err);
	if (!options.environment)
		return fail_memory(err);
	if (session->terminal ? make_terminal(running, options.identity, &streams, err)
			      : make_pipes(running, session->interactive, &streams, err))
		return -1;
	running_resize(running, session);
	session->resized = false;
	options.input = streams.input;
	options.output = streams.output;
	options.errors = streams.errors;
	return start_command(running, host, session->command, &options, err) ? blame_command(session, err)
									     : 0;
}
