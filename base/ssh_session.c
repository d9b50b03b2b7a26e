/* ssh_session.c - a session with a machine, from the first knock at its door to the end: it goes on by turns,
 * and what ends it is told to all that it carries. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ssh_internal.h"

enum {
	TURN_BYTES = 512 * 1024, /* read before others have their turn */
	DROPPED_MAX = 10,        /* attempts that end before it said who it is */
	FIRST_PAUSE_MS = 100,
	PAUSE_MAX_MS = 3000,
	PACKET = 32768,
};

static int64_t now_of(const struct ssh_session *session)
{
	return real_now(&session->ssh->real->world);
}

/* --- turns ----------------------------------------------------------------------------------- */

void ssh_session_want_turn(struct ssh_session *session)
{
	if (link_alone(&session->ready))
		link_append(&session->ssh->ready_sessions, &session->ready);
	ssh_turn_soon(session->ssh);
}

static void on_timer(uv_timer_t *timer)
{
	ssh_session_want_turn(timer->data);
}

static void set_timer(struct ssh_session *session, int64_t at)
{
	int64_t left = at - now_of(session);

	uv_update_time(&session->ssh->real->loop);
	uv_timer_start(session->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
}

/* --- its life ---------------------------------------------------------------------------------- */

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

struct ssh_session *ssh_session_new(struct ssh_peer *peer)
{
	struct ssh_session *session = calloc(1, sizeof(*session));

	if (session)
		session->timer = malloc(sizeof(*session->timer));
	if (!session || !session->timer) {
		free(session);
		return NULL;
	}
	session->peer = peer;
	session->ssh = peer->ssh;
	session->fd = -1;
	uv_timer_init(&peer->ssh->real->loop, session->timer);
	session->timer->data = session;
	link_init(&session->ready);
	link_init(&session->calls);
	link_append(&peer->sessions, &session->link);
	ssh_session_want_turn(session);
	return session;
}

/* A channel of a kind that there is not: it must be refused, which costs the machine nothing. */
static void ask_for_life(struct ssh_session *session)
{
	static const char kind[] = "keepalive@berth";
	const struct ssh2_functions *lib = &session->ssh->lib;
	LIBSSH2_CHANNEL *channel =
	    lib->channel_open_ex(session->ssh2, kind, sizeof(kind) - 1, PACKET, PACKET, NULL, 0);

	if (!channel && lib->session_last_error(session->ssh2, NULL, NULL, 0) == LIBSSH2_ERROR_EAGAIN)
		return;
	if (channel)
		lib->channel_free(channel);
	session->asking = false;
}

/* libssh2 lets go of what it has half done only when it goes on with it, and finds that the connection has
 * ended. */
static void clean_up(struct ssh_session *session)
{
	const struct ssh2_functions *lib = &session->ssh->lib;

	session->dead = true;
	session->allowance = 1;
	if (!session->ssh2)
		return;
	if (session->state == SESSION_HANDSHAKE)
		lib->session_handshake(session->ssh2, session->ssh->nowhere);
	if (session->state == SESSION_LOGIN)
		ssh_login_abandon(session);
	if (session->asking)
		ask_for_life(session);
}

static void forget_ssh2(struct ssh_session *session)
{
	const struct error why = session->error;

	clean_up(session);
	session->error = why; /* not what came of that */
	for (int tries = 0; session->ssh2 && tries < 8; tries++)
		if (session->ssh->lib.session_free(session->ssh2) != LIBSSH2_ERROR_EAGAIN)
			session->ssh2 = NULL;
	session->ssh2 = NULL;
	session->dead = false;
	ssh_login_release(&session->login);
	ssh_wire_close(session);
}

static void free_session(struct ssh_session *session)
{
	struct ssh_peer *peer = session->peer;

	forget_ssh2(session);
	link_remove(&session->link);
	link_remove(&session->ready);
	uv_close((uv_handle_t *)session->timer, free_handle);
	free(session);
	ssh_peer_want_turn(peer);
}

/* Those of its calls that had not begun yet go to another session, once; all others are told. */
void ssh_session_lose(struct ssh_session *session)
{
	struct ssh_peer *peer = session->peer;
	bool logged_in = session->state == SESSION_READY;
	struct error why;

	if (logged_in) {
		/* libssh2's half of each call goes first, while its memory is there. */
		session->dead = true;
		session->allowance = 1;
	}
	while (!link_alone(&session->calls))
		ssh_call_lose(owner_of(session->calls.next, struct ssh_call, link), &session->error);
	why = session->error;
	free_session(session);
	if (logged_in)
		return;
	/* The next attempt would end like this one: those who waited for it are told. */
	struct link those = {0};
	link_init(&those);
	while (!link_alone(&peer->waiting)) {
		struct link *first = peer->waiting.next;
		link_remove(first);
		link_append(&those, first);
	}
	while (!link_alone(&those))
		ssh_call_lose(owner_of(those.next, struct ssh_call, link), &why);
}

/* Ended well, with nothing on it. */
static void ssh_session_end(struct ssh_session *session)
{
	if (session->state == SESSION_READY) {
		session->ssh->lib.session_disconnect_ex(session->ssh2, SSH_DISCONNECT_BY_APPLICATION, "", "");
		ssh_wire_flush(session);
	}
	free_session(session);
}

size_t ssh_session_backlog(const struct ssh_session *session)
{
	size_t waiting = session->out.length - session->out_at;

	return session->through ? waiting + real_ssh_ops.waiting(session->through) : waiting;
}

unsigned ssh_session_load(const struct ssh_session *session, unsigned *ret_streams)
{
	unsigned load = 0;

	*ret_streams = 0;
	for (struct link *at = session->calls.next; at != &session->calls; at = at->next) {
		const struct ssh_call *call = owner_of(at, struct ssh_call, link);
		load += call->kind != CALL_CONNECTION;
		*ret_streams += call->kind != CALL_CONNECTION && call->stream;
	}
	return load;
}

/* --- what goes wrong --------------------------------------------------------------------------- */

static void explain_end(struct ssh_session *session, const char *doing)
{
	const char *name = session->peer->name;
	struct error *err = &session->error;

	if (*session->goodbye)
		fail(err, ERR_UNREACHABLE, "%s ended the connection while %s: %s", name, doing,
		     session->goodbye);
	else if (session->through_error.code)
		fail(err, ERR_UNREACHABLE, "the connection to %s through another machine ended while %s: %s",
		     name, doing, session->through_error.text);
	else if (session->wire_error)
		fail(err, ERR_UNREACHABLE, "the connection to %s was lost while %s: %s", name, doing,
		     strerror(session->wire_error));
	else
		fail(err, ERR_UNREACHABLE, "%s ended the connection while %s", name, doing);
	err->here = !*session->goodbye && session->through_error.code;
}

static void explain_no_agreement(struct ssh_session *session, const char *words)
{
	owned_text offered = {0};

	ssh_host_key_offered(&session->greeting, &offered);
	if (offered.length && !strstr(offered.data, "ssh-ed25519") &&
	    !strstr(offered.data, "ecdsa-sha2-nistp")) {
		fail(&session->error, ERR_UNSUPPORTED,
		     "%s offers only host key types that libssh2 here cannot check: %s", session->peer->name,
		     offered.data);
		remedy(&session->error,
		       "give it an ed25519 host key (as root there: ssh-keygen -A, and restart sshd)");
		return;
	}
	fail(&session->error, ERR_FAILED, "%s and libssh2 agree on no way to encrypt: %s",
	     session->peer->name, words);
}

void ssh_session_explain(struct ssh_session *session, int status, const char *doing)
{
	char *words = NULL;

	session->ssh->lib.session_last_error(session->ssh2, &words, NULL, 0);
	switch (status) {
	case LIBSSH2_ERROR_SOCKET_RECV:
	case LIBSSH2_ERROR_SOCKET_SEND:
	case LIBSSH2_ERROR_SOCKET_DISCONNECT:
		explain_end(session, doing);
		break;
	case LIBSSH2_ERROR_ALLOC:
		fail_memory(&session->error);
		break;
	case LIBSSH2_ERROR_KEX_FAILURE:
	case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
	case LIBSSH2_ERROR_METHOD_NONE:
		explain_no_agreement(session, words ? words : "");
		break;
	default:
		fail(&session->error, ERR_FAILED, "%s: %s: %s", session->peer->name, doing,
		     words && *words ? words : "libssh2 does not say why");
	}
}

static LIBSSH2_DISCONNECT_FUNC(on_disconnect)
{
	struct ssh_session *own = *abstract;
	size_t length = 0;

	(void)session, (void)reason, (void)language, (void)language_len;
	for (int i = 0; i < message_len && length + 1 < sizeof(own->goodbye); i++)
		own->goodbye[length++] =
		    (unsigned char)message[i] < ' ' || message[i] == 0x7f ? ' ' : message[i];
	own->goodbye[length] = '\0';
}

/* --- stages ------------------------------------------------------------------------------------- */

static bool failed(const struct ssh_session *session)
{
	return session->error.code != OK;
}

static void knock(struct ssh_session *session)
{
	const struct ssh_host *host = &session->peer->host;
	int64_t now = now_of(session);

	if (now < session->not_before) {
		set_timer(session, session->not_before);
		return;
	}
	if (!ssh_peer_gate_open(session->peer))
		return; /* whoever leaves it calls the next */
	if (!session->deadline)
		session->deadline = now + host->connect_ms;
	session->state = SESSION_CONNECTING;
	set_timer(session, session->deadline);
	ssh_wire_connect(session);
}

static void begin_handshake(struct ssh_session *session)
{
	const struct ssh2_functions *lib = &session->ssh->lib;

	session->ssh2 = lib->session_init_ex(ssh_allocate, ssh_release, ssh_reallocate, session);
	if (!session->ssh2) {
		fail_memory(&session->error);
		return;
	}
	lib->session_set_blocking(session->ssh2, 0);
	lib->session_callback_set(session->ssh2, LIBSSH2_CALLBACK_SEND, (void *)ssh_wire_send);
	lib->session_callback_set(session->ssh2, LIBSSH2_CALLBACK_RECV, (void *)ssh_wire_receive);
	lib->session_callback_set(session->ssh2, LIBSSH2_CALLBACK_DISCONNECT, (void *)on_disconnect);
	ssh_host_key_prefer(session, &session->error);
}

/* Whoever has too many guests hangs up before a word is said (MaxStartups); one that is begun anew just then,
 * in the midst of its words. What we have against each other is told in other ways. */
static bool was_dropped(const struct ssh_session *session)
{
	const struct text *greeting = &session->greeting;
	bool cut = session->error.code == ERR_UNREACHABLE && !*session->goodbye;

	return session->state == SESSION_HANDSHAKE &&
	       (!greeting->length || strstr(text_view(greeting), "MaxStartups") ||
		(cut && starts_with(text_view(greeting), "SSH-")));
}

static bool knock_again(struct ssh_session *session)
{
	int64_t pause = FIRST_PAUSE_MS, now = now_of(session);
	unsigned char chance = 0;
	struct world *world = &session->ssh->real->world;

	if (!was_dropped(session) || ++session->dropped >= DROPPED_MAX)
		return false;
	for (unsigned i = 1; i < session->dropped && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	/* Those who were dropped together do not come back together. */
	world->ops->random(world, &chance, 1);
	pause += pause * chance / 255;
	if (now + pause >= session->deadline)
		return false;
	forget_ssh2(session);
	session->error = (struct error){0};
	session->state = SESSION_GATE;
	session->not_before = now + pause;
	return true;
}

static void shake_hands(struct ssh_session *session)
{
	if (!session->ssh2)
		begin_handshake(session);
	if (failed(session))
		return;
	int status = session->ssh->lib.session_handshake(session->ssh2, session->ssh->nowhere);
	if (status == LIBSSH2_ERROR_EAGAIN)
		return;
	if (status) {
		ssh_session_explain(session, status, "saying who it is");
		return;
	}
	if (ssh_host_key_check(session, &session->error))
		return;
	text_release(&session->greeting);
	session->state = SESSION_LOGIN;
}

static void log_in(struct ssh_session *session)
{
	switch (ssh_login_move(session)) {
	case LOGIN_BUSY:
		return;
	case LOGIN_DONE:
		ssh_login_release(&session->login);
		session->state = SESSION_READY;
		session->heard_at = session->idle_since = now_of(session);
		ssh_peer_want_turn(session->peer);
		return;
	case LOGIN_FAILED:
		if (!failed(session))
			fail(&session->error, ERR_FAILED, "%s does not let us log in", session->peer->name);
	}
}

static void watch_over_life(struct ssh_session *session)
{
	int64_t now = now_of(session), silence = session->peer->host.silence_ms;
	bool asked = session->asking || session->opening;

	if (link_alone(&session->calls) && !session->asking) {
		int64_t end = session->idle_since + session->peer->host.idle_ms;
		if (now >= end)
			session->state = SESSION_OVER;
		else
			set_timer(session, end);
		return;
	}
	if (!asked && now - session->heard_at >= silence) {
		session->asking = true;
		session->asked_at = now;
		ask_for_life(session);
	} else if (asked && now - session->heard_at >= 2 * silence && now - session->asked_at >= silence) {
		fail(&session->error, ERR_UNREACHABLE, "%s has given no sign of life for %lld s",
		     session->peer->name, (long long)(now - session->heard_at) / 1000);
		return;
	}
	int64_t next = session->heard_at + (asked || session->asking ? 2 : 1) * silence;
	if (session->asked_at + silence > next && (asked || session->asking))
		next = session->asked_at + silence;
	set_timer(session, next);
}

/* All calls, as long as that makes something come. */
static void carry(struct ssh_session *session)
{
	uint64_t before;

	do {
		before = session->received;
		if (session->asking)
			ask_for_life(session);
		for (struct link *at = session->calls.next, *next; at != &session->calls && !failed(session);
		     at = next) {
			struct ssh_call *call = owner_of(at, struct ssh_call, link);
			ssh_call_move(call);
			next = at->next;
			if (call->stage == CALL_OVER) {
				ssh_call_free(call);
				session->idle_since = now_of(session);
				ssh_peer_want_turn(session->peer);
			} else if (call->stage == CALL_WAITING) {
				ssh_call_requeue(call);
			}
		}
	} while (session->received != before && !failed(session));
}

static const char *doing(const struct ssh_session *session)
{
	switch (session->state) {
	case SESSION_HANDSHAKE:
		return "saying who it is";
	case SESSION_LOGIN:
		return "logging in";
	default:
		return "in use";
	}
}

static void check_end(struct ssh_session *session)
{
	if (failed(session) || session->state == SESSION_GATE || session->more)
		return;
	if (session->in_end || session->wire_error)
		explain_end(session, doing(session));
	else if (session->state < SESSION_READY && now_of(session) >= session->deadline)
		fail(&session->error, ERR_TIMED_OUT, "%s: %s within %lld ms", session->peer->name,
		     session->state == SESSION_CONNECTING  ? "no connection"
		     : session->state == SESSION_HANDSHAKE ? "it did not say who it is"
		     : session->login.agent                ? "not logged in, for the agent has not answered"
							   : "not logged in",
		     (long long)session->peer->host.connect_ms);
	/* The machine that leads there was not there yet itself, or our own agent kept it waiting. */
	if (failed(session) && ((session->through && !session->through->session) || session->login.agent))
		session->error.here = true;
}

/* Everything above that waits for the same door, or for that door to be free. */
static void call_next(struct ssh *ssh)
{
	for (struct link *p = ssh->peers.next; p != &ssh->peers; p = p->next) {
		struct ssh_peer *peer = owner_of(p, struct ssh_peer, link);
		for (struct link *s = peer->sessions.next; s != &peer->sessions; s = s->next) {
			struct ssh_session *session = owner_of(s, struct ssh_session, link);
			if (session->state == SESSION_GATE)
				ssh_session_want_turn(session);
		}
	}
}

static void take_stages(struct ssh_session *session)
{
	enum session_state before;

	do {
		before = session->state;
		switch (session->state) {
		case SESSION_GATE:
			knock(session);
			break;
		case SESSION_HANDSHAKE:
			shake_hands(session);
			break;
		case SESSION_LOGIN:
			log_in(session);
			break;
		case SESSION_READY:
			carry(session);
			break;
		default:
			break;
		}
	} while (session->state != before && !failed(session));
}

void ssh_session_move(struct ssh_session *session)
{
	struct ssh *ssh = session->ssh;
	bool inside = session->state > SESSION_GATE && session->state < SESSION_READY;
	uint64_t before = session->received;

	session->more = false;
	session->allowance = TURN_BYTES;
	take_stages(session);
	if (session->received != before)
		session->heard_at = now_of(session);
	ssh_wire_flush(session);
	check_end(session);
	if (!failed(session) && session->state == SESSION_READY)
		watch_over_life(session);
	if (failed(session) && knock_again(session)) {
		ssh_session_want_turn(session);
	} else if (failed(session)) {
		ssh_session_lose(session);
		session = NULL;
	} else if (session->state == SESSION_OVER) {
		session->state = SESSION_READY;
		ssh_session_end(session);
		session = NULL;
	}
	if (inside && (!session || session->state == SESSION_GATE || session->state == SESSION_READY))
		call_next(ssh);
	if (!session)
		return;
	ssh_wire_flush(session);
	ssh_wire_watch(session);
	if (session->more)
		ssh_session_want_turn(session);
	if (session->state == SESSION_READY && link_alone(&session->calls) && !session->asking)
		uv_unref((uv_handle_t *)session->timer);
	else
		uv_ref((uv_handle_t *)session->timer);
}
