/* ssh.h - machines reached by SSH: commands, files and connections there, over one session for each way to
 * log in.
 *
 * A group of the world's operations (`world->ops->ssh`), under the world's rules: callbacks come from the
 * loop, never from inside the call that asked for them; a call is its owner's until `done` or until it is
 * cancelled.
 *
 * Everything for one `struct ssh_host` shares a session, which is made when first wanted and kept for a while
 * after the last call. A session that is lost ends each of its calls with ERR_UNREACHABLE (or ERR_TIMED_OUT);
 * `sent` tells whether what was asked may have begun there, and then what became of it is unknown.
 */
#ifndef BERTH_BASE_SSH_H
#define BERTH_BASE_SSH_H

#include "base/world.h"

struct ssh_call; /* a command, a copy or a connection under way */

/* --- which machine ------------------------------------------------------------------------- */

/* A key of our own to log in with. */
struct ssh_identity {
	const char *file;       /* its path; NULL: `text` */
	const char *text;       /* the private key itself, as such a file holds it */
	const char *passphrase; /* NULL: none */
	bool customary;         /* nobody named it: that it is missing, or encrypted, is passed over */
};

/* What to do about a machine whose host key nobody knows. One that is known to be another, or revoked, is
 * always refused. */
enum ssh_trust {
	SSH_KNOWN_ONLY, /* refuse it */
	SSH_ACCEPT_NEW, /* take it, and write it into the first known_hosts file */
};

/* Copied before a call is begun. What is equal is one session. */
struct ssh_host {
	const char *address; /* where to connect to: a name or a number */
	uint16_t port;       /* 0: 22 */
	const char *user;
	const char *known_as;                  /* its name in known_hosts; NULL: the address */
	const struct ssh_identity *identities; /* tried in this order, */
	size_t identity_count;
	const char *agent;              /* then all that the agent at this socket has; NULL: none; */
	bool listed_only;               /* (of those, the ones whose public key an identity has) */
	const char *password;           /* then this; NULL: none */
	const char *const *known_hosts; /* files, NULL-terminated; NULL: none */
	const char *const *host_keys;   /* the only ones to take, NULL-terminated: "ssh-ed25519 AAAA..." or
					   "SHA256:..."; NULL: known_hosts tells */
	enum ssh_trust trust;
	const struct ssh_host *jump; /* through that machine; NULL: directly */
	int64_t connect_ms;          /* until logged in, attempts after dropped ones included; 0: 30 s */
	int64_t silence_ms; /* asked for a sign of life after so long, lost after twice that; 0: 10 s */
	int64_t idle_ms;    /* how long an unused session is kept; 0: 60 s */
};

/* --- what is asked of it ------------------------------------------------------------------- */

/* Everything is copied. A call waits for its turn while the session has no room for it. */
struct ssh_command {
	const char *command; /* one line for the login shell there, which may be any: "sh -s" */
	const void *input;   /* what it reads first */
	size_t input_size;
	bool more_input;      /* `write` and `end` go on with it; else it reads the end after `input` */
	const char *terminal; /* the TERM of a terminal of its own, with `columns` and `rows`; NULL: none */
	int columns, rows;
	int64_t timeout_ms; /* from now to its end, ERR_TIMED_OUT after; 0: none, it may stay for ever */
	size_t limit;       /* more output, or more words of error, are ERR_FAILED when collected; 0: 1 MiB */
};

/* A file there; a path that is not absolute begins in the user's home. */
struct ssh_file {
	const char *path;
	const void *bytes; /* to be written, whole or not at all: beside it (FILE_HALF), then renamed */
	size_t size;
	mode_t mode;
	size_t limit; /* a longer one is not read (ERR_FAILED); 0: 64 MiB */
	int64_t timeout_ms;
};

/* What the machine is to connect us to. */
struct ssh_target {
	const char *socket;  /* a socket's path there, or NULL for TCP: */
	const char *address; /* as that machine understands it */
	uint16_t port;
	int64_t timeout_ms; /* until it stands; 0: as long as the session allows */
};

struct ssh_answer {
	struct error error; /* OK when it ended by itself: a command that fails is no failure of ours */
	bool sent;          /* it may have begun there: after a failure, its effect is unknown */
	bool refused;       /* of a connection: the machine itself says that there is none to be had */
	int exit_code;      /* of a command; -1 when a signal ended it */
	char signal[16];    /* "TERM", "KILL", ...; "" when it exited */
	struct text output; /* of a command, or what a file holds; empty when `bytes` took it */
	struct text errors;
};

/* How a call speaks to who began it; all but `done` may be NULL. The answer is valid during the call only;
 * its texts may be taken over. */
struct ssh_sink {
	void (*done)(void *owner, struct ssh_answer *answer); /* the last call */
	/* The command runs; the connection stands. */
	void (*opened)(void *owner);
	/* As they come; `errors`: from the command's standard error. NULL: collect. */
	void (*bytes)(void *owner, bool errors, const char *bytes, size_t count);
	/* All that was written has left us. */
	void (*drained)(void *owner);
	void *owner;
};

struct ssh_ops {
	/* NULL with *err when it cannot even be begun. */
	struct ssh_call *(*exec)(struct world *, const struct ssh_host *, const struct ssh_command *,
				 const struct ssh_sink *, struct error *);
	struct ssh_call *(*put)(struct world *, const struct ssh_host *, const struct ssh_file *,
				const struct ssh_sink *, struct error *);
	struct ssh_call *(*get)(struct world *, const struct ssh_host *, const struct ssh_file *,
				const struct ssh_sink *, struct error *);
	/* Bytes both ways, until the other side has said all. */
	struct ssh_call *(*forward)(struct world *, const struct ssh_host *, const struct ssh_target *,
				    const struct ssh_sink *, struct error *);
	/* For a command with `more_input`, and a connection. Copied, and sent as the other side takes it;
	 * before it is open: after that. Without memory the call is done with an error. */
	void (*write)(struct world *, struct ssh_call *, const void *bytes, size_t count);
	/* How many bytes have not left us yet: write no more while this is large. */
	size_t (*waiting)(const struct ssh_call *);
	/* Nothing more will be written; the other side may go on speaking. */
	void (*end)(struct world *, struct ssh_call *);
	void (*resize)(struct world *, struct ssh_call *, int columns, int rows);
	/* A command that runs there already is not ended by this: it loses its input and output. NULL is
	 * fine. */
	void (*cancel)(struct world *, struct ssh_call *);
};

#endif
