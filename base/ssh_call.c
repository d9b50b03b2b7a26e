/* ssh_call.c - what is asked of machines by SSH: begun, given what to say, timed and ended; and the room of
 * SSH in the real world. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ssh_bytes.h"
#include "base/ssh_internal.h"

enum { COMMAND_LIMIT = 1024 * 1024, COMPACT = 64 * 1024 };

/* --- the room --------------------------------------------------------------------------------------- */

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void on_turn(uv_timer_t *timer)
{
	struct ssh *ssh = timer->data;
	struct link peers, sessions;

	/* Those that want one meanwhile come next time: others are not kept waiting. */
	link_init(&peers);
	link_init(&sessions);
	while (!link_alone(&ssh->ready_peers)) {
		struct link *first = ssh->ready_peers.next;
		link_remove(first);
		link_append(&peers, first);
	}
	while (!link_alone(&peers)) {
		struct link *first = peers.next;
		link_remove(first);
		ssh_peer_settle(owner_of(first, struct ssh_peer, ready));
	}
	while (!link_alone(&ssh->ready_sessions)) {
		struct link *first = ssh->ready_sessions.next;
		link_remove(first);
		link_append(&sessions, first);
	}
	while (!link_alone(&sessions)) {
		struct link *first = sessions.next;
		link_remove(first);
		ssh_session_move(owner_of(first, struct ssh_session, ready));
	}
}

void ssh_turn_soon(struct ssh *ssh)
{
	if (!uv_is_active((uv_handle_t *)ssh->turn))
		uv_timer_start(ssh->turn, on_turn, 0, 0);
}

void ssh_want_turn(struct ssh *ssh)
{
	for (struct link *p = ssh->peers.next; p != &ssh->peers; p = p->next) {
		struct ssh_peer *peer = owner_of(p, struct ssh_peer, link);
		for (struct link *s = peer->sessions.next; s != &peer->sessions; s = s->next)
			ssh_session_want_turn(owner_of(s, struct ssh_session, link));
	}
}

static struct ssh *ssh_open(struct real *real, struct error *err)
{
	struct ssh *ssh = calloc(1, sizeof(*ssh));

	if (ssh)
		ssh->turn = malloc(sizeof(*ssh->turn));
	if (!ssh || !ssh->turn) {
		free(ssh);
		fail_memory(err);
		return NULL;
	}
	ssh->nowhere = open("/dev/null", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (ssh->nowhere < 0)
		fail(err, ERR_FAILED, "/dev/null cannot be opened: %s", strerror(errno));
	if (ssh->nowhere < 0 || ssh2_load(&ssh->lib, err)) {
		if (ssh->nowhere >= 0)
			close(ssh->nowhere);
		free(ssh->turn);
		free(ssh);
		return NULL;
	}
	ssh->lib.init(0);
	ssh->real = real;
	link_init(&ssh->peers);
	link_init(&ssh->keys);
	link_init(&ssh->ready_peers);
	link_init(&ssh->ready_sessions);
	link_init(&ssh->bridges);
	uv_timer_init(&real->loop, ssh->turn);
	ssh->turn->data = ssh;
	return ssh;
}

struct ssh *ssh_room(struct real *real, struct error *err)
{
	if (!real->ssh)
		real->ssh = ssh_open(real, err);
	return real->ssh;
}

/* Nobody is called any more. */
static void close_peer(struct ssh_peer *peer)
{
	struct link *at;

	for (at = peer->waiting.next; at != &peer->waiting; at = at->next)
		owner_of(at, struct ssh_call, link)->cancelled = true;
	while (!link_alone(&peer->waiting))
		ssh_call_free(owner_of(peer->waiting.next, struct ssh_call, link));
	while (!link_alone(&peer->sessions)) {
		struct ssh_session *session = owner_of(peer->sessions.next, struct ssh_session, link);
		for (at = session->calls.next; at != &session->calls; at = at->next) {
			struct ssh_call *call = owner_of(at, struct ssh_call, link);
			call->cancelled = call->again = true;
		}
		if (session->state == SESSION_READY)
			session->ssh->lib.session_disconnect_ex(session->ssh2, SSH_DISCONNECT_BY_APPLICATION,
								"", "");
		ssh_wire_flush(session);
		ssh_session_lose(session);
	}
	ssh_peer_free(peer);
}

void ssh_close(struct real *real)
{
	struct ssh *ssh = real->ssh;

	if (!ssh)
		return;
	ssh_bridges_close(ssh);
	/* Those that others jump through come later. */
	for (bool any = true; any;) {
		any = false;
		for (struct link *at = ssh->peers.next, *next; at != &ssh->peers; at = next) {
			struct ssh_peer *peer = owner_of(at, struct ssh_peer, link);
			next = at->next;
			if (peer->users)
				continue;
			close_peer(peer);
			any = true;
			break;
		}
	}
	worker_close(&ssh->jobs);
	uv_close((uv_handle_t *)ssh->turn, free_handle);
	ssh->lib.exit();
	close(ssh->nowhere);
	free(ssh);
	real->ssh = NULL;
}

/* --- a call ------------------------------------------------------------------------------------------ */

static void on_late(uv_timer_t *timer)
{
	struct ssh_call *call = timer->data;

	if (call->failed || call->told || call->cancelled || call->stage >= CALL_CLOSING)
		return;
	fail(&call->answer.error, ERR_TIMED_OUT,
	     call->kind == CALL_CONNECTION ? "%s: no connection within %lld ms" : "%s: no end within %lld ms",
	     call->peer->name, (long long)call->timeout_ms);
	call->failed = true;
	if (call->session)
		ssh_session_want_turn(call->session);
	else
		ssh_peer_want_turn(call->peer);
}

static void close_timer(struct ssh_call *call)
{
	if (call->timer)
		uv_close((uv_handle_t *)call->timer, free_handle);
	call->timer = NULL;
}

struct ssh_call *ssh_call_new(struct world *world, const struct ssh_host *host, const struct ssh_sink *sink,
			      int64_t timeout_ms, struct error *err)
{
	struct real *real = real_of(world);
	struct ssh_call *call;

	if (!ssh_room(real, err))
		return NULL;
	struct ssh_peer *peer = ssh_peer_of(real->ssh, host, err);
	if (!peer)
		return NULL;
	call = calloc(1, sizeof(*call));
	if (call && timeout_ms > 0)
		call->timer = malloc(sizeof(*call->timer));
	if (!call || (timeout_ms > 0 && !call->timer)) {
		free(call);
		fail_memory(err);
		return NULL;
	}
	call->peer = peer;
	call->sink = *sink;
	call->timeout_ms = timeout_ms;
	call->channel_type = "session";
	call->limit = COMMAND_LIMIT;
	call->answer.exit_code = -1;
	call->queue.secret = true; /* what a command reads may be a password */
	link_init(&call->link);
	if (call->timer) {
		uv_timer_init(&real->loop, call->timer);
		call->timer->data = call;
		uv_update_time(&real->loop);
		uv_timer_start(call->timer, on_late, (uint64_t)timeout_ms, 0);
	}
	return call;
}

void ssh_call_begin(struct ssh_call *call)
{
	call->stage = CALL_WAITING;
	link_append(&call->peer->waiting, &call->link);
	ssh_peer_want_turn(call->peer);
}

void ssh_call_requeue(struct ssh_call *call)
{
	link_remove(&call->link);
	call->session = NULL;
	call->stage = CALL_WAITING;
	link_prepend(&call->peer->waiting, &call->link);
	ssh_peer_want_turn(call->peer);
}

void ssh_call_free(struct ssh_call *call)
{
	link_remove(&call->link);
	close_timer(call);
	ssh_copy_free(call->copy);
	free(call->terminal);
	text_release(&call->what);
	text_release(&call->queue);
	text_release(&call->answer.output);
	text_release(&call->answer.errors);
	free(call);
}

void ssh_call_tell(struct ssh_call *call)
{
	if (call->told)
		return;
	call->told = true;
	close_timer(call);
	if (!call->answer.error.code && (call->answer.output.failed || call->answer.errors.failed))
		fail_memory(&call->answer.error);
	if (!call->cancelled)
		call->sink.done(call->sink.owner, &call->answer);
}

/* --- the operations ------------------------------------------------------------------------------------ */

static void wake(struct ssh_call *call)
{
	if (call->session)
		ssh_session_want_turn(call->session);
}

void ssh_write(struct world *world, struct ssh_call *call, const void *bytes, size_t count)
{
	(void)world;
	if (call->ending || call->told || call->cancelled)
		return;
	if (call->written == call->queue.length) {
		call->written = 0;
		text_clear(&call->queue);
	} else if (call->written > call->queue.length / 2 && call->written > COMPACT) {
		call->queue.length -= call->written;
		memmove(call->queue.data, call->queue.data + call->written, call->queue.length + 1);
		call->written = 0;
	}
	text_add_bytes(&call->queue, bytes, count);
	wake(call);
}

static size_t ssh_waiting(const struct ssh_call *call)
{
	return call->queue.length - call->written;
}

static void ssh_end(struct world *world, struct ssh_call *call)
{
	(void)world;
	call->ending = true;
	wake(call);
}

static void ssh_resize(struct world *world, struct ssh_call *call, int columns, int rows)
{
	(void)world;
	call->columns = columns;
	call->rows = rows;
	call->resized = true;
	wake(call);
}

static void ssh_cancel(struct world *world, struct ssh_call *call)
{
	(void)world;
	if (!call || call->told)
		return;
	call->cancelled = true;
	if (call->session)
		ssh_session_want_turn(call->session);
	else
		ssh_peer_want_turn(call->peer);
}

static struct ssh_call *ssh_exec(struct world *world, const struct ssh_host *host,
				 const struct ssh_command *command, const struct ssh_sink *sink,
				 struct error *err)
{
	struct ssh_call *call = ssh_call_new(world, host, sink, command->timeout_ms, err);

	if (!call)
		return NULL;
	call->kind = CALL_COMMAND;
	call->stream = command->timeout_ms <= 0;
	call->ending = !command->more_input;
	call->columns = command->columns > 0 ? command->columns : 80;
	call->rows = command->rows > 0 ? command->rows : 24;
	if (command->limit)
		call->limit = command->limit;
	if (command->terminal)
		call->terminal = strdup(command->terminal);
	text_add(&call->what, command->command);
	text_add_bytes(&call->queue, command->input, command->input_size);
	if (call->what.failed || call->queue.failed || (command->terminal && !call->terminal)) {
		ssh_call_free(call);
		fail_memory(err);
		return NULL;
	}
	ssh_call_begin(call);
	return call;
}

/* RFC 4254, 7.2, and OpenSSH's PROTOCOL, 2.4. */
static struct ssh_call *ssh_forward(struct world *world, const struct ssh_host *host,
				    const struct ssh_target *target, const struct ssh_sink *sink,
				    struct error *err)
{
	struct ssh_call *call = ssh_call_new(world, host, sink, target->timeout_ms, err);
	static const char from[] = "127.0.0.1";

	if (!call)
		return NULL;
	call->kind = CALL_CONNECTION;
	if (target->socket) {
		call->channel_type = "direct-streamlocal@openssh.com";
		ssh_add_string(&call->what, target->socket, strlen(target->socket));
		ssh_add_string(&call->what, "", 0);
		ssh_add_u32(&call->what, 0);
	} else {
		call->channel_type = "direct-tcpip";
		ssh_add_string(&call->what, target->address, strlen(target->address));
		ssh_add_u32(&call->what, target->port);
		ssh_add_string(&call->what, from, sizeof(from) - 1);
		ssh_add_u32(&call->what, 0);
	}
	if (call->what.failed) {
		ssh_call_free(call);
		fail_memory(err);
		return NULL;
	}
	ssh_call_begin(call);
	return call;
}

const struct ssh_ops real_ssh_ops = {
    .exec = ssh_exec,
    .put = ssh_put,
    .get = ssh_get,
    .forward = ssh_forward,
    .write = ssh_write,
    .waiting = ssh_waiting,
    .end = ssh_end,
    .resize = ssh_resize,
    .cancel = ssh_cancel,
};
