/* ssh_wire.c - the bytes of a session: over TCP, or over a connection that another machine makes for us.
 *
 * libssh2 is never told that it cannot send now: what does not leave at once waits here, so that it never has
 * half of one message out when it is asked to begin another. Calls write no more while much waits.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ssh_internal.h"

enum { GREETING_MAX = 8192 };

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

void ssh_wire_close(struct ssh_session *session)
{
	struct real *real = session->ssh->real;

	real_tcp_cancel(&real->world, session->connecting);
	session->connecting = NULL;
	if (session->poll) {
		uv_poll_stop(session->poll);
		uv_close((uv_handle_t *)session->poll, free_handle);
		session->poll = NULL;
	}
	if (session->fd >= 0)
		close(session->fd);
	session->fd = -1;
	real_ssh_ops.cancel(&real->world, give(session->through));
	text_release(&session->in);
	text_release(&session->out);
	text_release(&session->greeting);
	session->in_at = session->out_at = 0;
}

/* --- what leaves ----------------------------------------------------------------------------- */

LIBSSH2_SEND_FUNC(ssh_wire_send)
{
	struct ssh_session *session = *abstract;

	(void)socket, (void)flags;
	if (session->dead)
		return -EPIPE;
	text_add_bytes(&session->out, buffer, length);
	if (session->out.failed)
		return -ENOMEM;
	return (ssize_t)length;
}

static void flush_socket(struct ssh_session *session)
{
	while (session->out_at < session->out.length) {
		ssize_t sent = send(session->fd, session->out.data + session->out_at,
				    session->out.length - session->out_at, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN)
			session->wire_error = session->wire_error ? session->wire_error : errno;
		if (sent < 0)
			break;
		session->out_at += (size_t)sent;
	}
}

void ssh_wire_flush(struct ssh_session *session)
{
	if (session->fd >= 0) {
		flush_socket(session);
	} else if (session->through && session->out.length) {
		ssh_write(&session->ssh->real->world, session->through, session->out.data,
			  session->out.length);
		session->out_at = session->out.length;
	}
	if (session->out_at < session->out.length)
		return;
	session->out_at = 0;
	text_clear(&session->out);
}

/* --- what comes ------------------------------------------------------------------------------ */

static void note(struct ssh_session *session, const void *bytes, size_t count)
{
	size_t room = GREETING_MAX - session->greeting.length;

	session->received += count;
	session->allowance -= count;
	if (session->state == SESSION_HANDSHAKE && session->greeting.length < GREETING_MAX)
		text_add_bytes(&session->greeting, bytes, count < room ? count : room);
}

static ssize_t receive_through(struct ssh_session *session, void *buffer, size_t length)
{
	size_t left = session->in.length - session->in_at, count = left < length ? left : length;

	if (!count)
		return -EAGAIN;
	memcpy(buffer, session->in.data + session->in_at, count);
	session->in_at += count;
	if (session->in_at == session->in.length) {
		session->in_at = 0;
		text_clear(&session->in);
	}
	return (ssize_t)count;
}

static ssize_t receive_socket(struct ssh_session *session, void *buffer, size_t length)
{
	ssize_t got;

	do
		got = recv(session->fd, buffer, length, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return got;
	if (got < 0 && errno == EAGAIN)
		return -EAGAIN;
	/* First everything that came before is done with: libssh2 would forget it for the error. */
	session->in_end = true;
	session->wire_error = session->wire_error ? session->wire_error : got ? errno : 0;
	return -EAGAIN;
}

LIBSSH2_RECV_FUNC(ssh_wire_receive)
{
	struct ssh_session *session = *abstract;
	ssize_t got = -EAGAIN;

	(void)socket, (void)flags;
	if (session->dead)
		return 0;
	if (!session->allowance) {
		session->more = true;
		return -EAGAIN;
	}
	if (length > session->allowance)
		length = session->allowance;
	if (session->peer->jump)
		got = receive_through(session, buffer, length);
	else if (session->fd >= 0 && !session->in_end)
		got = receive_socket(session, buffer, length);
	if (got > 0)
		note(session, buffer, (size_t)got);
	return got;
}

/* --- connecting ------------------------------------------------------------------------------ */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct ssh_session *session = poll->data;

	if (status < 0 && !session->wire_error)
		session->wire_error = -status;
	if (events & UV_DISCONNECT)
		session->in_end = true;
	ssh_session_want_turn(session);
	uv_poll_stop(poll); /* until that turn has been */
}

void ssh_wire_watch(struct ssh_session *session)
{
	bool idle = session->state == SESSION_READY && link_alone(&session->calls);
	/* Nobody reads what comes while nothing is asked: it would be told again and again. */
	int events = session->in_end ? 0 : idle ? UV_DISCONNECT : UV_READABLE;

	if (session->out_at < session->out.length)
		events |= UV_WRITABLE;
	if (!session->poll)
		return;
	if (events)
		uv_poll_start(session->poll, events, on_poll);
	else
		uv_poll_stop(session->poll);
	if (idle)
		uv_unref((uv_handle_t *)session->poll);
	else
		uv_ref((uv_handle_t *)session->poll);
}

static void prepare_socket(const struct ssh_session *session)
{
	unsigned int silence = (unsigned int)(2 * session->peer->host.silence_ms);
	int on = 1;

	setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(session->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(session->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
}

static void connected(void *owner, int fd, const struct error *error)
{
	struct ssh_session *session = owner;

	session->connecting = NULL;
	ssh_session_want_turn(session);
	if (fd < 0) {
		session->error = *error;
		if (!*session->error.remedy)
			remedy(&session->error,
			       "is sshd running there, at that port, and does no firewall on "
			       "the way keep us out?");
		return;
	}
	session->fd = fd;
	prepare_socket(session);
	session->poll = malloc(sizeof(*session->poll));
	if (!session->poll || uv_poll_init_socket(&session->ssh->real->loop, session->poll, fd)) {
		free(give(session->poll));
		fail_memory(&session->error);
		return;
	}
	session->poll->data = session;
	session->state = SESSION_HANDSHAKE;
}

static void through_opened(void *owner)
{
	struct ssh_session *session = owner;

	session->state = SESSION_HANDSHAKE;
	ssh_session_want_turn(session);
}

static void through_bytes(void *owner, bool errors, const char *bytes, size_t count)
{
	struct ssh_session *session = owner;

	(void)errors;
	text_add_bytes(&session->in, bytes, count);
	if (session->in.failed)
		fail_memory(&session->error);
	ssh_session_want_turn(session);
}

static void through_drained(void *owner)
{
	ssh_session_want_turn(owner);
}

/* Whether the machine that it goes through was there, and could not get further. */
static bool was_tried(const struct ssh_call *through, const struct ssh_answer *answer)
{
	return answer->refused || (answer->error.code == ERR_TIMED_OUT && through->session);
}

/* Of the machine behind it nobody knows anything then. */
static void blame_way(const struct ssh_session *session, struct error *err)
{
	const struct error why = *err;

	err->here = true;
	if (why.code != ERR_UNREACHABLE && why.code != ERR_TIMED_OUT)
		return; /* it says itself who does not let us in */
	fail(err, why.code, "there is no way to %s: the machine that leads there does not answer (%s)",
	     session->peer->name, why.text);
	remedy(err, "see to the machine that `jump` or `ProxyJump` names%s%s", *why.remedy ? ": " : "",
	       why.remedy);
	err->here = true;
}

static void through_done(void *owner, struct ssh_answer *answer)
{
	struct ssh_session *session = owner;
	bool tried = was_tried(session->through, answer);

	session->through = NULL;
	session->in_end = true;
	session->through_error = answer->error;
	if (session->state == SESSION_CONNECTING) {
		session->error = answer->error;
		if (answer->error.code && !tried)
			blame_way(session, &session->error);
	}
	ssh_session_want_turn(session);
}

static void connect_through(struct ssh_session *session)
{
	const struct ssh_host *host = &session->peer->host;
	const struct ssh_target target = {
	    .address = host->address, .port = host->port, .timeout_ms = host->connect_ms};
	const struct ssh_sink sink = {.opened = through_opened,
				      .bytes = through_bytes,
				      .drained = through_drained,
				      .done = through_done,
				      .owner = session};

	session->through = real_ssh_ops.forward(&session->ssh->real->world, &session->peer->jump->host,
						&target, &sink, &session->error);
}

void ssh_wire_connect(struct ssh_session *session)
{
	const struct ssh_host *host = &session->peer->host;
	struct ssh *ssh = session->ssh;

	session->in_end = false;
	session->wire_error = 0;
	if (session->peer->jump) {
		connect_through(session);
		return;
	}
	session->connecting =
	    tcp_connect(ssh->real, host->address, host->port, session->deadline - real_now(&ssh->real->world),
			connected, session);
	if (!session->connecting)
		fail_memory(&session->error);
}
