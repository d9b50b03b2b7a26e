/* ssh_internal.h - SSH in the real world: machines, sessions with them, and the calls that these carry.
 *
 * All calls to libssh2 for one session are made by its `ssh_session_move`, out of the loop; whoever wants
 * something of it marks what it wants and asks for a turn. So nothing is ever half sent when something else
 * begins, and owners may do as they like in their callbacks.
 */
#ifndef BERTH_BASE_SSH_INTERNAL_H
#define BERTH_BASE_SSH_INTERNAL_H

#include <libssh2.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/known_hosts.h"
#include "base/ssh.h"
#include "base/ssh_key.h"
#include "base/world_real_internal.h"

/* libssh2, loaded on first use. */
struct ssh2_functions {
	int (*init)(int flags);
	void (*exit)(void);
	const char *(*version)(int required);
	LIBSSH2_SESSION *(*session_init_ex)(LIBSSH2_ALLOC_FUNC((*alloc)), LIBSSH2_FREE_FUNC((*free)),
					    LIBSSH2_REALLOC_FUNC((*realloc)), void *abstract);
	int (*session_free)(LIBSSH2_SESSION *session);
	void (*session_set_blocking)(LIBSSH2_SESSION *session, int blocking);
	void *(*session_callback_set)(LIBSSH2_SESSION *session, int type, void *callback);
	int (*session_method_pref)(LIBSSH2_SESSION *session, int type, const char *methods);
	int (*session_handshake)(LIBSSH2_SESSION *session, libssh2_socket_t socket);
	const char *(*session_hostkey)(LIBSSH2_SESSION *session, size_t *ret_size, int *ret_type);
	int (*session_last_error)(LIBSSH2_SESSION *session, char **ret_text, int *ret_size, int own);
	int (*session_disconnect_ex)(LIBSSH2_SESSION *session, int reason, const char *description,
				     const char *language);
	char *(*userauth_list)(LIBSSH2_SESSION *session, const char *user, unsigned int size);
	int (*userauth_authenticated)(LIBSSH2_SESSION *session);
	int (*userauth_publickey)(LIBSSH2_SESSION *session, const char *user, const unsigned char *key,
				  size_t key_size, LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC((*sign)),
				  void **abstract);
	int (*userauth_password_ex)(LIBSSH2_SESSION *session, const char *user, unsigned int user_size,
				    const char *password, unsigned int password_size,
				    LIBSSH2_PASSWD_CHANGEREQ_FUNC((*change)));
	LIBSSH2_CHANNEL *(*channel_open_ex)(LIBSSH2_SESSION *session, const char *type,
					    unsigned int type_size, unsigned int window, unsigned int packet,
					    const char *message, unsigned int message_size);
	int (*channel_request_pty_ex)(LIBSSH2_CHANNEL *channel, const char *term, unsigned int term_size,
				      const char *modes, unsigned int modes_size, int width, int height,
				      int width_px, int height_px);
	int (*channel_request_pty_size_ex)(LIBSSH2_CHANNEL *channel, int width, int height, int width_px,
					   int height_px);
	int (*channel_process_startup)(LIBSSH2_CHANNEL *channel, const char *request,
				       unsigned int request_size, const char *message,
				       unsigned int message_size);
	ssize_t (*channel_read_ex)(LIBSSH2_CHANNEL *channel, int stream, char *bytes, size_t room);
	ssize_t (*channel_write_ex)(LIBSSH2_CHANNEL *channel, int stream, const char *bytes, size_t count);
	int (*channel_send_eof)(LIBSSH2_CHANNEL *channel);
	int (*channel_eof)(LIBSSH2_CHANNEL *channel);
	int (*channel_wait_closed)(LIBSSH2_CHANNEL *channel);
	int (*channel_free)(LIBSSH2_CHANNEL *channel);
	int (*channel_get_exit_status)(LIBSSH2_CHANNEL *channel);
	int (*channel_get_exit_signal)(LIBSSH2_CHANNEL *channel, char **ret_signal, size_t *ret_size,
				       char **ret_message, size_t *ret_message_size, char **ret_language,
				       size_t *ret_language_size);
};

struct ssh {
	struct real *real;
	struct ssh2_functions lib;
	int nowhere;         /* a descriptor for libssh2, which wants one: bytes go by session->wire */
	struct link peers;   /* the machines that are used */
	struct link keys;    /* ours, read from files or texts */
	struct worker *jobs; /* what computes for long: opening encrypted keys */
	uv_timer_t *turn;    /* for those with something to do: */
	struct link ready_peers, ready_sessions;
	struct link bridges; /* HTTP through machines */
};

/* --- ours: keys (ssh_keys.c, ssh_agent.c) -------------------------------------------------- */

/* One that several sessions may use: opened once. */
struct ssh_kept_key {
	struct link link; /* in ssh->keys */
	struct ssh *ssh;
	unsigned users;
	char digest[DIGEST_HEX]; /* of text and passphrase */
	struct job *job;         /* it is being opened */
	struct text text, passphrase;
	struct ssh_key *key; /* NULL with `error` when it cannot be used */
	bool encrypted;      /* and there is no passphrase */
	struct error error;
};

/* NULL with *err. It may not be open yet: `job` tells; all sessions get a turn when it is. */
struct ssh_kept_key *ssh_keep_key(struct ssh *ssh, const struct ssh_identity *identity, struct error *err);
void ssh_let_key_go(struct ssh_kept_key *key);

/* An agent, asked for one thing after the other. */
struct ssh_agent;
enum ssh_agent_state { AGENT_BUSY, AGENT_ANSWERED, AGENT_FAILED };
struct ssh_agent_identity {
	struct text blob;
	char comment[80];
};
/* `ready` is called when the state may have changed. */
struct ssh_agent *ssh_agent_open(struct real *real, const char *path, void (*ready)(void *owner),
				 void *owner);
void ssh_agent_close(struct ssh_agent *agent);
enum ssh_agent_state ssh_agent_list(struct ssh_agent *agent); /* call until it is not busy */
size_t ssh_agent_count(const struct ssh_agent *agent);
const struct ssh_agent_identity *ssh_agent_identity(const struct ssh_agent *agent, size_t index);
enum ssh_agent_state ssh_agent_sign(struct ssh_agent *agent, size_t index, const void *bytes, size_t size,
				    struct text *ret_signature);
const char *ssh_agent_words(const struct ssh_agent *agent); /* why it failed */

/* --- machines (ssh_peer.c) ----------------------------------------------------------------- */

struct ssh_peer {
	struct link link;  /* in ssh->peers */
	struct link ready; /* in ssh->ready_peers while calls may find a session */
	struct ssh *ssh;
	char digest[DIGEST_HEX]; /* of the whole description */
	struct arena arena;
	struct ssh_host host;
	char name[200];        /* for messages: "user@host:port" */
	char gate[300];        /* what shares its limit of handshakes: address, port and way */
	struct ssh_peer *jump; /* held */
	unsigned users;        /* peers that jump through it */
	struct link waiting;   /* calls without a session, in order */
	struct link sessions;
	unsigned room; /* so many commands at once the machine allows on one session */
	bool no_sftp;  /* it was seen to have none */
};

struct ssh_peer *ssh_peer_of(struct ssh *ssh, const struct ssh_host *host, struct error *err);
/* One that is kept until it is left. */
struct ssh_peer *ssh_peer_visit(struct real *real, const struct ssh_host *host, struct error *err);
void ssh_peer_leave(struct ssh_peer *peer); /* NULL is fine */
void ssh_peer_want_turn(struct ssh_peer *peer);
/* Give its calls to sessions, and make those that are missing; or let go of it when nothing uses it any more.
 */
void ssh_peer_settle(struct ssh_peer *peer);
void ssh_peer_free(struct ssh_peer *peer);
/* Whether one more may begin to log in there. */
bool ssh_peer_gate_open(const struct ssh_peer *peer);

/* ssh_call.c: the room, made when it is first entered. */
struct ssh *ssh_room(struct real *real, struct error *err);

/* --- sessions (ssh_session.c) -------------------------------------------------------------- */

enum session_state {
	SESSION_GATE,       /* too many others knock at that door */
	SESSION_CONNECTING, /* TCP, or the channel through another machine */
	SESSION_HANDSHAKE,
	SESSION_LOGIN,
	SESSION_READY,
	SESSION_OVER,
};

enum login_stage {
	LOGIN_METHODS,   /* which there are */
	LOGIN_NAMED,     /* keys that somebody named, */
	LOGIN_AGENT,     /* then the agent's, */
	LOGIN_CUSTOMARY, /* then those that lie where keys lie, */
	LOGIN_PASSWORD,
	LOGIN_REFUSED,
};

struct ssh_login {
	enum login_stage stage;
	size_t next; /* the next one of that stage */
	struct ssh_kept_key *key;
	struct ssh_agent *agent;
	bool trying;              /* libssh2 is in the middle of one */
	bool by_key, by_password; /* what the machine takes */
	bool key_used;            /* some key was offered */
	const char *mend;         /* what helps with a key that was named and cannot be used; NULL: none */
	struct text blob;         /* the public key being tried */
	struct text tried;        /* in words */
	struct text refused;      /* blobs that were, one after the other, each with its length */
};

struct ssh_session {
	struct link link;  /* in peer->sessions */
	struct link ready; /* in ssh->ready_sessions while it wants a turn */
	struct ssh_peer *peer;
	struct ssh *ssh;
	LIBSSH2_SESSION *ssh2;
	uv_timer_t *timer;
	struct link calls;
	struct ssh_call *opening; /* libssh2 opens one channel at a time */
	/* the wire */
	struct probe_call *connecting;
	uv_poll_t *poll;
	struct ssh_call *through; /* on the session with the machine we jump through */
	struct text in, out;
	size_t in_at, out_at;
	size_t allowance;     /* bytes to be read in this turn */
	uint64_t received;    /* in all */
	struct text greeting; /* what the machine said first, until the handshake is over */
	int64_t heard_at;     /* the last sign of life */
	int64_t asked_at;     /* 0, or when one was asked for */
	int64_t deadline;     /* of connecting */
	int64_t not_before;   /* of the next attempt */
	int64_t idle_since;
	struct ssh_login login;
	enum session_state state;
	int fd;             /* -1: none */
	int wire_error;     /* errno of the socket */
	unsigned dropped;   /* so many times, before it said anything */
	uint32_t opened_id; /* what libssh2 told of on the way: see ssh_memory.c */
	bool in_end;        /* no more comes */
	bool dead;          /* libssh2 is only to clean up: nothing is sent or received for it */
	bool more;          /* than the allowance was there */
	bool asking;        /* for a sign of life, by opening a channel */
	char open_words[120];
	char goodbye[200];          /* what the machine said when it hung up */
	struct error error;         /* why it is over */
	struct error through_error; /* why what it goes through is */
};

struct ssh_session *ssh_session_new(struct ssh_peer *peer);
void ssh_session_want_turn(struct ssh_session *session);
/* Commands under way on it, and those of them without a time limit. */
unsigned ssh_session_load(const struct ssh_session *session, unsigned *ret_streams);
/* It is lost: everything on it ends with that error. */
void ssh_session_lose(struct ssh_session *session);
void ssh_session_move(struct ssh_session *session);
/* Bytes that have not left us yet. */
size_t ssh_session_backlog(const struct ssh_session *session);
/* All of them. */
void ssh_want_turn(struct ssh *ssh);
void ssh_turn_soon(struct ssh *ssh);
/* Why libssh2 failed, as *err, for `doing`. */
void ssh_session_explain(struct ssh_session *session, int status, const char *doing);

/* --- ssh_wire.c --- */
void ssh_wire_connect(struct ssh_session *session);
void ssh_wire_close(struct ssh_session *session);
void ssh_wire_flush(struct ssh_session *session);
void ssh_wire_watch(struct ssh_session *session);
LIBSSH2_SEND_FUNC(ssh_wire_send);
LIBSSH2_RECV_FUNC(ssh_wire_receive);

/* --- ssh_memory.c --- */
LIBSSH2_ALLOC_FUNC(ssh_allocate);
LIBSSH2_FREE_FUNC(ssh_release);
LIBSSH2_REALLOC_FUNC(ssh_reallocate);

/* --- ssh_host_key.c --- */
/* Prefer what is known. 0, or -1 with *err. */
int ssh_host_key_prefer(struct ssh_session *session, struct error *err);
int ssh_host_key_check(struct ssh_session *session, struct error *err);
/* What host keys a machine offers that none was agreed on with, out of its greeting; "" when not known. */
void ssh_host_key_offered(const struct text *greeting, struct text *ret_names);

/* --- ssh_login.c --- */
enum login_result { LOGIN_BUSY, LOGIN_DONE, LOGIN_FAILED };
enum login_result ssh_login_move(struct ssh_session *session);
/* The session is dead: libssh2 is to let go of what it is in the middle of. */
void ssh_login_abandon(struct ssh_session *session);
void ssh_login_release(struct ssh_login *login);

/* --- calls (ssh_call.c, ssh_channel.c, ssh_copy.c) ------------------------------------------- */

enum call_kind { CALL_COMMAND, CALL_SUBSYSTEM, CALL_CONNECTION };
enum call_stage {
	CALL_WAITING, /* for a session, */
	CALL_TURN,    /* for its channel to be opened, */
	CALL_OPENING,
	CALL_TERMINAL,
	CALL_STARTING,
	CALL_RUNNING,
	CALL_SAID, /* the other side has said all */
	CALL_CLOSING,
	CALL_OVER,
};

struct ssh_copy;

struct ssh_call {
	struct link link; /* in peer->waiting or session->calls */
	struct ssh_peer *peer;
	struct ssh_session *session;
	enum call_kind kind;
	enum call_stage stage;
	bool stream;      /* it may stay for ever */
	struct text what; /* the command, subsystem, or message of the channel's opening */
	const char *channel_type;
	char *terminal;
	int columns, rows;
	bool resized;
	struct text queue; /* to be written, from `written` on */
	size_t written;
	bool ending, ended;
	bool left; /* something did, since `drained` was told */
	struct ssh_sink sink;
	struct ssh_copy *copy; /* of a file: takes the place of the sink until it is done */
	size_t limit;
	struct ssh_answer answer;
	LIBSSH2_CHANNEL *channel;
	uint32_t id;       /* libssh2's own number of it */
	bool exit_told;    /* an exit status came */
	uv_timer_t *timer; /* the time limit; closed by itself */
	int64_t timeout_ms;
	bool failed, cancelled, told;
	bool restart;      /* once closed, it begins anew by another way */
	bool again;        /* it has been on a session that was lost before it began */
	unsigned refusals; /* of its channel, while no other was open */
};

struct ssh_call *ssh_call_new(struct world *world, const struct ssh_host *host, const struct ssh_sink *sink,
			      int64_t timeout_ms, struct error *err);
void ssh_call_begin(struct ssh_call *call);
void ssh_call_free(struct ssh_call *call);
/* Go on with it; what it wants of its session is in its fields. Out of ssh_session_move alone. */
void ssh_call_move(struct ssh_call *call);
/* Its session is lost. */
void ssh_call_lose(struct ssh_call *call, const struct error *why);
/* It waits for a session again, before all others. */
void ssh_call_requeue(struct ssh_call *call);
/* Tell its owner, once. */
void ssh_call_tell(struct ssh_call *call);

void ssh_write(struct world *world, struct ssh_call *call, const void *bytes, size_t count);

/* ssh_copy.c */
struct ssh_call *ssh_put(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			 const struct ssh_sink *sink, struct error *err);
struct ssh_call *ssh_get(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			 const struct ssh_sink *sink, struct error *err);
void ssh_copy_opened(struct ssh_call *call);
void ssh_copy_bytes(struct ssh_call *call, bool errors, const char *bytes, size_t count);
/* Its channel has ended, as the answer says, or could not begin: the answer as its owner is to have it; or
 * `restart`. */
void ssh_copy_ended(struct ssh_call *call);
/* Now by another way: what is to be asked for it. */
void ssh_copy_restart(struct ssh_call *call);
void ssh_copy_free(struct ssh_copy *copy);

/* --- ssh_bridge.c --- */
struct ssh_bridge;
void ssh_bridges_close(struct ssh *ssh);

/* --- ssh_load.c --- */
int ssh2_load(struct ssh2_functions *lib, struct error *err);

#endif
