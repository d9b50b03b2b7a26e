/* ssh_channel.c - one call on its session: its channel is opened, its command begun, its bytes moved, and its
 * end found. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ssh_internal.h"

enum {
	REFUSALS = 20,
	WINDOW = 2 * 1024 * 1024,
	PACKET = 32768,
	PIECE = 32768,
	BACKLOG = 256 * 1024, /* not yet with the kernel: enough for now */
};

static const struct ssh2_functions *lib_of(const struct ssh_call *call)
{
	return &call->session->ssh->lib;
}

static const char *name_of(const struct ssh_call *call)
{
	return call->peer->name;
}

/* Whether that was no answer yet; else, when it failed, the session is lost. */
static bool not_now(struct ssh_call *call, ssize_t status)
{
	if (status < 0 && status != LIBSSH2_ERROR_EAGAIN && !call->session->error.code)
		ssh_session_explain(call->session, (int)status, "in use");
	return status < 0;
}

/* --- its end ----------------------------------------------------------------------------------------- */

static void close_channel(struct ssh_call *call)
{
	struct ssh_session *session = call->session;

	if (call->channel && lib_of(call)->channel_free(call->channel) == LIBSSH2_ERROR_EAGAIN)
		return;
	call->channel = NULL;
	if (session->opening == call)
		session->opening = NULL;
	call->stage = CALL_OVER;
	if (!call->restart || call->cancelled || call->told)
		return;
	call->restart = call->ended = call->exit_told = false;
	call->id = UINT32_MAX;
	ssh_copy_restart(call);
	call->stage = CALL_WAITING;
}

static void end_call(struct ssh_call *call)
{
	if (call->copy && !call->cancelled)
		ssh_copy_ended(call);
	if (!call->restart)
		ssh_call_tell(call);
	call->stage = CALL_CLOSING;
	close_channel(call);
}

static void fail_call(struct ssh_call *call)
{
	call->failed = true;
	end_call(call);
}

static void take_exit(struct ssh_call *call)
{
	const struct ssh2_functions *lib = lib_of(call);
	struct ssh_answer *answer = &call->answer;
	char *signal = NULL;
	size_t size = 0;
	void *nobody = NULL;

	lib->channel_get_exit_signal(call->channel, &signal, &size, NULL, NULL, NULL, NULL);
	if (signal) {
		snprintf(answer->signal, sizeof(answer->signal), "%.*s", (int)(size < 15 ? size : 15),
			 signal);
		ssh_release(signal, &nobody);
	} else if (call->exit_told) {
		answer->exit_code = lib->channel_get_exit_status(call->channel);
	} else {
		fail(&answer->error, ERR_UNREACHABLE, "%s did not tell how the command ended", name_of(call));
	}
}

static void await_close(struct ssh_call *call)
{
	if (call->kind == CALL_CONNECTION) {
		call->answer.exit_code = 0;
		end_call(call);
		return;
	}
	if (not_now(call, lib_of(call)->channel_wait_closed(call->channel)))
		return;
	take_exit(call);
	end_call(call);
}

/* --- its bytes ----------------------------------------------------------------------------------------- */

static void deliver(struct ssh_call *call, bool errors, const char *bytes, size_t count)
{
	struct text *to = errors ? &call->answer.errors : &call->answer.output;

	if (call->copy) {
		ssh_copy_bytes(call, errors, bytes, count);
	} else if (call->sink.bytes) {
		call->sink.bytes(call->sink.owner, errors, bytes, count);
	} else if (to->length + count > call->limit) {
		fail(&call->answer.error, ERR_FAILED, "%s: more than %zu bytes came from the command",
		     name_of(call), call->limit);
		fail_call(call);
	} else {
		text_add_bytes(to, bytes, count);
	}
}

static bool over(const struct ssh_call *call)
{
	return call->cancelled || call->failed || call->stage > CALL_SAID || call->session->error.code;
}

static void receive_stream(struct ssh_call *call, int stream)
{
	char bytes[PIECE];

	while (!over(call)) {
		ssize_t got = lib_of(call)->channel_read_ex(call->channel, stream, bytes, sizeof(bytes));
		if (got <= 0) {
			not_now(call, got);
			return;
		}
		deliver(call, stream, bytes, (size_t)got);
	}
}

static void send_some(struct ssh_call *call)
{
	while (call->written < call->queue.length && ssh_session_backlog(call->session) < BACKLOG) {
		ssize_t sent = lib_of(call)->channel_write_ex(
		    call->channel, 0, call->queue.data + call->written, call->queue.length - call->written);
		if (sent == LIBSSH2_ERROR_CHANNEL_CLOSED || sent == LIBSSH2_ERROR_CHANNEL_EOF_SENT)
			sent = (ssize_t)(call->queue.length - call->written); /* nobody reads it */
		if (sent <= 0) {
			not_now(call, sent);
			return;
		}
		call->written += (size_t)sent;
		call->left = true;
	}
}

static void move_bytes(struct ssh_call *call)
{
	if (call->queue.failed) {
		fail_memory(&call->answer.error);
		fail_call(call);
		return;
	}
	if (call->resized) {
		lib_of(call)->channel_request_pty_size_ex(call->channel, call->columns, call->rows, 0, 0);
		call->resized = false;
	}
	send_some(call);
	if (call->left && call->written == call->queue.length && !over(call)) {
		call->left = false;
		explicit_bzero(call->queue.data, call->queue.length);
		call->written = 0;
		text_clear(&call->queue);
		if (call->sink.drained && !call->copy)
			call->sink.drained(call->sink.owner);
	}
	if (call->ending && !call->ended && call->written == call->queue.length && !over(call))
		call->ended = !not_now(call, lib_of(call)->channel_send_eof(call->channel));
	receive_stream(call, 0);
	if (call->kind != CALL_CONNECTION)
		receive_stream(call, SSH_EXTENDED_DATA_STDERR);
	if (!over(call) && call->stage == CALL_RUNNING && lib_of(call)->channel_eof(call->channel) == 1)
		call->stage = CALL_SAID;
	if (!over(call) && call->stage == CALL_SAID)
		await_close(call);
}

/* --- its beginning ---------------------------------------------------------------------------------------
 */

static void tell_opened(struct ssh_call *call)
{
	call->stage = CALL_RUNNING;
	if (call->copy)
		ssh_copy_opened(call);
	else if (call->sink.opened)
		call->sink.opened(call->sink.owner);
}

static void begin_connection(struct ssh_call *call)
{
	call->answer.sent = true;
	/* The time limit was for this. */
	if (call->timer)
		uv_timer_stop(call->timer);
	tell_opened(call);
}

static void refuse_connection(struct ssh_call *call, const char *words)
{
	const char *said = call->session->open_words;
	bool forbidden = strstr(words, "prohibited");
	bool local = !strcmp(call->channel_type, "direct-streamlocal@openssh.com");

	call->answer.refused = true;
	fail(&call->answer.error, forbidden ? ERR_DENIED : ERR_UNREACHABLE,
	     forbidden ? "%s does not let us connect to others: %s" : "%s cannot connect us there: %s",
	     name_of(call), *said ? said : words);
	if (forbidden)
		remedy(&call->answer.error, "its sshd_config needs `%s yes`",
		       local ? "AllowStreamLocalForwarding" : "AllowTcpForwarding");
	else if (local)
		remedy(&call->answer.error,
		       "is something listening at that socket there, may the user open it, and "
		       "does its sshd_config not say `AllowStreamLocalForwarding no`?");
	fail_call(call);
}

/* A session that has some already has as many as the machine allows: this one waits for its turn. */
static void refuse_session(struct ssh_call *call, const char *words)
{
	struct ssh_session *session = call->session;
	unsigned open = 0;

	for (struct link *at = session->calls.next; at != &session->calls; at = at->next) {
		const struct ssh_call *other = owner_of(at, struct ssh_call, link);
		open += other->channel && other->kind != CALL_CONNECTION;
	}
	if (open) {
		call->peer->room = open;
		call->stage = CALL_WAITING;
		return;
	}
	/* An sshd may still count one that has just ended, when the next is asked for at once. */
	if (call->refusals++ < REFUSALS) {
		call->stage = CALL_TURN;
		return;
	}
	fail(&call->answer.error, ERR_DENIED, "%s lets us run nothing: %s", name_of(call),
	     *session->open_words ? session->open_words : words);
	remedy(&call->answer.error, "does its sshd_config have MaxSessions 0?");
	fail_call(call);
}

static void open_channel(struct ssh_call *call)
{
	struct ssh_session *session = call->session;
	const struct ssh2_functions *lib = lib_of(call);
	bool message = call->kind == CALL_CONNECTION;
	char *words = NULL;

	call->channel = lib->channel_open_ex(
	    session->ssh2, call->channel_type, (unsigned int)strlen(call->channel_type), WINDOW, PACKET,
	    message ? call->what.data : NULL, message ? (unsigned int)call->what.length : 0);
	int status = call->channel ? 0 : lib->session_last_error(session->ssh2, &words, NULL, 0);
	if (status == LIBSSH2_ERROR_EAGAIN)
		return;
	session->opening = NULL;
	call->id = session->opened_id;
	bool unwanted = call->cancelled || call->failed;
	if (unwanted && (call->channel || status == LIBSSH2_ERROR_CHANNEL_FAILURE))
		end_call(call);
	else if (call->channel && message)
		begin_connection(call);
	else if (call->channel)
		call->stage = call->terminal ? CALL_TERMINAL : CALL_STARTING;
	else if (status != LIBSSH2_ERROR_CHANNEL_FAILURE)
		ssh_session_explain(session, status, "in use");
	else if (message)
		refuse_connection(call, words ? words : "");
	else
		refuse_session(call, words ? words : "");
}

static void ask_terminal(struct ssh_call *call)
{
	int status = lib_of(call)->channel_request_pty_ex(call->channel, call->terminal,
							  (unsigned int)strlen(call->terminal), NULL, 0,
							  call->columns, call->rows, 0, 0);

	if (status == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
		fail(&call->answer.error, ERR_DENIED, "%s gives us no terminal", name_of(call));
		remedy(&call->answer.error, "its sshd_config needs `PermitTTY yes`");
		fail_call(call);
		return;
	}
	if (!not_now(call, status))
		call->stage = CALL_STARTING;
}

static void start(struct ssh_call *call)
{
	const char *request = call->kind == CALL_SUBSYSTEM ? "subsystem" : "exec";

	call->answer.sent = true;
	int status =
	    lib_of(call)->channel_process_startup(call->channel, request, (unsigned int)strlen(request),
						  call->what.data, (unsigned int)call->what.length);
	if (status == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
		call->answer.sent = false;
		fail(&call->answer.error, ERR_DENIED, "%s refuses to run a command", name_of(call));
		fail_call(call);
		return;
	}
	if (!not_now(call, status))
		tell_opened(call);
}

static void take_turn(struct ssh_call *call)
{
	struct ssh_session *session = call->session;

	if (session->opening || session->asking)
		return;
	session->opening = call;
	session->asked_at = real_now(&session->ssh->real->world);
	session->open_words[0] = '\0';
	call->stage = CALL_OPENING;
}

static void step(struct ssh_call *call)
{
	switch (call->stage) {
	case CALL_TURN:
		take_turn(call);
		break;
	case CALL_OPENING:
		open_channel(call);
		break;
	case CALL_TERMINAL:
		ask_terminal(call);
		break;
	case CALL_STARTING:
		start(call);
		break;
	case CALL_RUNNING:
	case CALL_SAID:
		move_bytes(call);
		break;
	case CALL_CLOSING:
		close_channel(call);
		break;
	default:
		break;
	}
}

void ssh_call_move(struct ssh_call *call)
{
	enum call_stage before;

	/* One that is being opened is libssh2's until that has ended. */
	if ((call->cancelled || call->failed) && call->stage < CALL_CLOSING) {
		if (call->failed)
			ssh_call_tell(call);
		if (call->stage != CALL_OPENING)
			end_call(call);
	}
	do {
		before = call->stage;
		step(call);
		if ((call->cancelled || call->failed) && call->stage < CALL_CLOSING &&
		    call->stage != CALL_OPENING)
			end_call(call);
	} while (call->stage != before && call->stage != CALL_WAITING && call->stage != CALL_OVER &&
		 !call->session->error.code);
}

static void let_go(struct ssh_call *call)
{
	struct ssh_session *session = call->session;

	if (session->opening == call)
		call->channel = lib_of(call)->channel_open_ex(
		    session->ssh2, call->channel_type, (unsigned int)strlen(call->channel_type), WINDOW,
		    PACKET, call->kind == CALL_CONNECTION ? call->what.data : NULL,
		    call->kind == CALL_CONNECTION ? (unsigned int)call->what.length : 0);
	session->opening = session->opening == call ? NULL : session->opening;
	if (call->channel)
		lib_of(call)->channel_free(call->channel);
	call->channel = NULL;
}

void ssh_call_lose(struct ssh_call *call, const struct error *why)
{
	bool begun = call->answer.sent, on_session = call->session;

	if (on_session)
		let_go(call);
	if (on_session && !begun && !call->again && !call->cancelled && !call->failed && !call->told) {
		call->again = true;
		ssh_call_requeue(call);
		return;
	}
	if (!call->failed)
		call->answer.error = *why;
	call->failed = true;
	call->session = NULL;
	link_remove(&call->link);
	ssh_call_tell(call);
	ssh_call_free(call);
}
