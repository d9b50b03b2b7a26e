/* converse.c - what passes between a command in an instance and ours while it runs: input, output, a
 * terminal's keys and size. */
#include "cli/converse.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/screen.h"
#include "cli/terminal.h"

enum { INPUT_WAITING = 256 * 1024 }; /* no more is read while so much is not passed on */

enum { INPUT, TERMINAL, POLLS };

struct session {
	struct invocation *invocation;
	struct berth_operation *operation;
	const struct streams *streams;
	struct pollfd polls[POLLS];
	bool reads;  /* the input is passed on, and has not ended */
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
	if (!write_all(event->errors ? STDERR_FILENO : session->streams->output, event->text,
		       event->text_size) &&
	    !event->errors && errno != EINTR)
		session->unread = true;
}

/* --- input ---------------------------------------------------------------------------------- */

static void pass_on_input(struct session *session)
{
	static char bytes[64 * 1024];
	ssize_t count = read(session->streams->input, bytes, sizeof bytes);
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
	session->polls[INPUT].fd = room ? session->streams->input : -1;
}

static bool tick(void *of)
{
	struct session *session = of;
	unsigned rows, columns;
	if (session->polls[INPUT].fd >= 0 && session->polls[INPUT].revents)
		pass_on_input(session);
	if (terminal_changed()) {
		terminal_size(session->streams->input, &rows, &columns);
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

int converse(struct invocation *invocation, struct berth_request *request, const struct streams *streams)
{
	struct session session = {
	    .invocation = invocation,
	    .streams = streams,
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
		terminal_size(streams->input, &request->rows, &request->columns);
	/* Without input the keys are ours: ctrl-C interrupts. */
	if (request->terminal && request->interactive &&
	    (session.polls[TERMINAL].fd = terminal_begin(streams->input)) < 0) {
		complain(invocation, BERTH_FAILED, "the terminal cannot be taken over", strerror(errno));
		return EXIT_NOT_RUN;
	}
	struct carried carried = carry_out(invocation, berth_exec, request, &listener, &attendant);
	terminal_end();
	int code = code_of(invocation, &session, &carried);
	carried_release(&carried);
	return code;
}
