/* exec.c - `berth exec`: a command in a component's instance, its streams ours, its exit code ours. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/terminal.h"

#define AT(member) offsetof(struct settings, member)

enum { EXIT_NOT_RUN = 125, EXIT_NOBODY_READS = 128 + SIGPIPE };
enum { INPUT_WAITING = 256 * 1024 }; /* no more is read while so much is not passed on */

static const struct flag flags[] = {
    {"interactive", 'i', FLAG_SWITCH, AT(interactive), NULL, NULL, "pass on standard input"},
    {"tty", 't', FLAG_SWITCH, AT(tty), NULL, NULL, "run it on a terminal"},
    {"user", 'u', FLAG_TEXT, AT(user), "USER", NULL, "run it as this user: NAME or UID, and :GROUP"},
    {"dir", 'w', FLAG_TEXT, AT(dir), "PATH", NULL, "run it in this directory"},
    {0},
};

enum { INPUT, TERMINAL, POLLS };

struct session {
	struct invocation *invocation;
	struct berth_operation *operation;
	struct pollfd polls[POLLS];
	bool reads;  /* standard input is passed on, and has not ended */
	bool unread; /* nobody reads what we write */
	bool alone;  /* our terminal has gone away */
};

/* --- output --------------------------------------------------------------------------------- */

/* Until there is room, or a signal came: a write that blocks would not hear of one that came just before. */
static bool has_room(int fd)
{
	struct pollfd wait[] = {{.fd = fd, .events = POLLOUT}, {.fd = signals_begin(), .events = POLLIN}};
	while (poll(wait, COUNT_OF(wait), -1) < 0 && errno == EINTR)
		;
	if (!wait[1].revents)
		return true;
	errno = EINTR;
	return false;
}

/* In pieces that fit where there is room at all. */
static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		if (!has_room(fd))
			return false;
		ssize_t count = write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
		if (count < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (count > 0) {
			bytes += count;
			size -= (size_t)count;
		}
	}
	return true;
}

static void take_event(void *context, const struct berth_event *event)
{
	struct session *session = context;
	if (event->kind != BERTH_EVENT_OUTPUT) {
		show_warning(session->invocation, event);
		if (session->polls[TERMINAL].fd >= 0)
			putc('\r', stderr); /* a raw one only goes down */
		return;
	}
	/* Who interrupts does not wait for a reader that does not read: what that keeps from being written is
	 * not worth a word; nor are errors that nobody reads.
	 */
	if (!write_all(event->errors ? STDERR_FILENO : STDOUT_FILENO, event->text, event->text_size) &&
	    !event->errors && errno != EINTR)
		session->unread = true;
}

/* --- input ---------------------------------------------------------------------------------- */

static void pass_on_input(struct session *session)
{
	static char bytes[64 * 1024];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
	if (count > 0) {
		berth_exec_input(session->operation, bytes, (size_t)count);
	} else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
		berth_exec_input_end(session->operation);
		session->reads = false;
		session->alone = session->polls[TERMINAL].fd >= 0; /* a raw one has no other end */
	}
}

static void begun(void *of, struct berth_operation *operation)
{
	((struct session *)of)->operation = operation;
}

static void prepare(void *of)
{
	struct session *session = of;
	bool room = session->reads && berth_exec_input_waiting(session->operation) < INPUT_WAITING;
	session->polls[INPUT].fd = room ? STDIN_FILENO : -1;
}

static bool tick(void *of)
{
	struct session *session = of;
	unsigned rows, columns;
	if (session->polls[INPUT].fd >= 0 && session->polls[INPUT].revents)
		pass_on_input(session);
	if (terminal_changed()) {
		terminal_size(STDIN_FILENO, &rows, &columns);
		if (rows && columns)
			berth_exec_resize(session->operation, rows, columns);
	}
	return session->unread || session->alone;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* The command's code, or one that says why there is none. */
static int code_of(const struct invocation *invocation, const struct session *session,
		   const struct carried *carried)
{
	const json_t *code = json_object_get(carried->document, "exit_code");
	struct screen err = screen_of(stderr, invocation);
	if (!carried->operation)
		return carried->outcome == BERTH_USAGE ? BERTH_USAGE : EXIT_NOT_RUN;
	if (code && carried->outcome == BERTH_OK)
		return (int)json_integer_value(code);
	if (session->unread && !session->alone)
		return EXIT_NOBODY_READS;
	if (carried->outcome == BERTH_INTERRUPTED)
		return BERTH_INTERRUPTED;
	if (wants_json(invocation))
		print_result(carried);
	else
		show_diagnostics(&err, carried->document);
	conclude(invocation, carried);
	if (carried->outcome == BERTH_TIMED_OUT)
		return BERTH_TIMED_OUT;
	return code ? (int)json_integer_value(code) : EXIT_NOT_RUN;
}

static int converse(struct invocation *invocation, struct berth_request *request)
{
	struct session session = {
	    .invocation = invocation,
	    .reads = request->interactive,
	    .polls = {[INPUT] = {.events = POLLIN}, [TERMINAL] = {.fd = -1, .events = POLLIN}}};
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = &session};
	struct attendant attendant = {.of = &session,
				      .begun = begun,
				      .polls = session.polls,
				      .poll_count = POLLS,
				      .prepare = prepare,
				      .tick = tick};
	if (request->terminal)
		terminal_size(STDIN_FILENO, &request->rows, &request->columns);
	/* Without input the keys are ours: ctrl-C interrupts. */
	if (request->terminal && request->interactive &&
	    (session.polls[TERMINAL].fd = terminal_begin(STDIN_FILENO)) < 0) {
		complain(invocation, BERTH_FAILED, "the terminal cannot be taken over", strerror(errno));
		return EXIT_NOT_RUN;
	}
	struct carried carried = carry_out(invocation, berth_exec, request, &listener, &attendant);
	terminal_end();
	int code = code_of(invocation, &session, &carried);
	carried_release(&carried);
	return code;
}

static int check(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	const struct settings *settings = &invocation->settings;
	if (arguments->count < 3)
		return complain_usage(invocation,
				      "usage: berth exec APP COMPONENT[/N] -- COMMAND [ARGUMENT...]",
				      !arguments->count       ? "in which application?"
				      : arguments->count == 1 ? "in which component?"
							      : "which command?");
	if (arguments->items[2][0] == '-')
		return complain_usage(invocation,
				      "flags of exec stand before the `--`: berth exec -it APP "
				      "COMPONENT -- COMMAND",
				      "`%s` is no command", arguments->items[2]);
	if (settings->tty && !isatty(STDIN_FILENO))
		return complain_usage(
		    invocation, settings->interactive ? "without -t, -i passes on any input" : "leave -t out",
		    "-t needs a terminal, and standard input is none");
	if (settings->interactive && strcmp(arguments->items[0], "-") == 0)
		return complain_usage(invocation, "name the application, or a file",
				      "standard input cannot be the blueprint and the command's input");
	return 0;
}

static int exec_run(struct invocation *invocation)
{
	const struct settings *settings = &invocation->settings;
	const char **items = invocation->arguments.items;
	struct input input = {0};
	int code = check(invocation);
	if (!code && (code = input_either(invocation, items[0], &input)) && code != BERTH_USAGE)
		code = EXIT_NOT_RUN;
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	request.components = (const char *const[]){items[1], NULL};
	request.command = items + 2;
	request.user = settings->user;
	request.directory = settings->dir;
	request.interactive = settings->interactive;
	request.terminal = settings->tty;
	code = converse(invocation, &request);
	input_release(&input);
	return code;
}

const struct command command_exec = {
    .name = "exec",
    .arguments = "APP|BLUEPRINT COMPONENT[/N] [--] COMMAND [ARGUMENT...]",
    .summary = "run a command in one of its instances",
    .details =
	"Runs a command in the instance N of a component, or in the lowest one that runs, with the "
	"instance's own environment, directory and user. Whatever follows the component is the command; "
	"flags of exec stand before it, the last of them before the `--`. What the command writes goes to "
	"standard output and standard error "
	"as it comes, and its exit code becomes that of exec.\n\n"
	"Standard input is passed on with -i, until it ends; so pipes work. With -i and -t the command runs "
	"on a "
	"terminal of its own that takes the place of ours: every key goes to it, ctrl-C too, and it follows "
	"the size of our window.\n\n"
	"Without -t, ctrl-C interrupts exec. A command in a container then runs on unless the end of its "
	"streams ends it; a process of this machine is hung up on.",
    .flags = flags,
    .examples = {{"berth exec -it shop web -- sh", "a shell in the first instance of `web`"},
		 {"berth exec -i shop db/2 -- psql <dump.sql",
		  "a file into a command in the second of `db`"}},
    .endings = ENDS(DONE) | ENDS(USAGE) | ENDS(TIMED_OUT) | ENDS(NOT_RUN) | ENDS(NOT_EXECUTABLE) |
	       ENDS(NOT_FOUND) | ENDS(INTERRUPTED),
    .subjects = {SUBJECT_EITHER, SUBJECT_COMPONENT},
    .most = 100000,
    .own_arguments = 2,
    .run = exec_run,
};
