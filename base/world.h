/* world.h - everything outside the program's own memory: time, timers, HTTP, SSH, probes, processes,
 * files, chance.
 *
 * The engine and the shipped drivers reach the outside only through a `struct world`, so that a
 * simulated one can stand in. The real one (`world_real.h`) runs on libuv and libcurl.
 *
 * One thread owns a world and calls all of this; callbacks come on that thread, never from inside
 * the call that asked for them. A handle (`struct timer *`, ...) is the caller's until its callback
 * has been called or it was cancelled; after either it is gone. Cancelling never calls back, takes
 * NULL, and does not undo what the request may have done at the other side.
 */
#ifndef BERTH_BASE_WORLD_H
#define BERTH_BASE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

struct world;
struct timer;
struct exchange;
struct channel;
struct probe_call;
struct job;
struct child;
struct fd_watch;
struct file_lock;
struct ssh_ops;
struct ssh_host;

/* --- HTTP ---------------------------------------------------------------------------------- */

struct http_tls {
	const char *ca_file, *cert_file, *key_file; /* NULL: the system's roots, no client certificate */
	bool no_verify;
	bool not_newer_than_1_2; /* where a refused client certificate is told before anything is sent */
};

/* Everything is copied before http_send returns. */
struct http_request {
	const char *method;         /* "GET", "POST", ... */
	const char *url;            /* with unix_socket: "http://localhost/path" */
	const char *unix_socket;    /* a socket's path, or NULL for TCP */
	const struct ssh_host *ssh; /* the machine where that socket is (ssh.h); NULL: this one */
	const char *const *headers; /* "Name: value", NULL-terminated; NULL for none */
	const void *body;           /* NULL for none */
	size_t body_size;
	const struct http_tls *tls; /* NULL: defaults */
	const char *proxy;          /* "http://proxy:3128"; NULL: none, whatever the environment says */
	int64_t timeout_ms;         /* for the whole exchange; 0: none (streams) */
	int64_t idle_ms;            /* a stream silent for so long has failed (ERR_TIMED_OUT); 0: never */
	size_t body_limit;          /* a longer answer is ERR_FAILED; 0: 64 MiB */
	bool fresh; /* on a connection of its own, so that it cannot be sent twice unnoticed */
};

struct http_answer {
	struct error error; /* OK once a status arrived and the body ended well */
	int status;         /* 0 when none arrived */
	bool sent; /* the request may have reached the other side: after a failure, its effect is unknown */
	struct text body;    /* empty when `chunk` took it */
	struct text headers; /* as received: "Name: value\r\n..." of the last answer */
};

/* How an exchange speaks to who began it. The answer is valid during the call only; `body` may be taken over.
 */
struct http_sink {
	void (*done)(void *owner, struct http_answer *answer);
	/* For streams: bytes as they come (status already known); false ends the exchange with ERR_CANCELLED.
	 * NULL: collect. */
	bool (*chunk)(void *owner, int status, const char *bytes, size_t count);
	void *owner;
};

/* --- channels ------------------------------------------------------------------------------- */

/* Bytes both ways. How a channel speaks to who began it; all but `done` may be NULL. */
struct channel_sink {
	/* The other side has given the connection away: what it says from now on comes as `bytes`. */
	void (*opened)(void *owner);
	void (*bytes)(void *owner, const char *bytes, size_t count);
	/* All that was written has left us. */
	void (*drained)(void *owner);
	/* The last call. OK: the other side has said all, or answered with something else than the
	 * connection; then `status` and `body` are its refusal. `sent`: the request may have reached it. */
	void (*done)(void *owner, struct http_answer *answer);
	void *owner;
};

/* --- processes ------------------------------------------------------------------------------ */

/* Whom a process runs as; only root can be somebody else. */
struct process_identity {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
};

struct process_options {
	const char *const *argv;        /* argv[0] is a path, never looked up in PATH */
	const char *const *environment; /* NULL-terminated "NAME=value"; NULL: empty */
	const char *directory;          /* NULL: "/" */
	int input, output, errors;      /* descriptors to become 0, 1, 2; -1: /dev/null */
	bool new_session;               /* setsid, so that it outlives our terminal */
	bool terminal;                  /* its input is a terminal, which its new session makes its own */
	const struct process_identity *identity; /* NULL: ours */
};

struct process_end {
	int exit_code; /* -1 when a signal ended it, or nobody knows (then `signal` is 0) */
	int signal;    /* 0 when it exited */
};

/* A process of this machine as /proc shows it; strings valid during the visit only. */
struct process_info {
	pid_t pid, parent;
	uint64_t start_ticks; /* with pid and the boot id, its identity */
	uid_t uid;
	const char *executable;  /* what /proc/PID/exe names; "" when not ours to see */
	const char *directory;   /* where it works, by the name that this has now; "" when not ours to see */
	const char *environment; /* the initial one, NUL-separated; */
	size_t environment_size; /* 0 when not ours to see */
	bool zombie;
};

/* --- files ---------------------------------------------------------------------------------- */

enum file_kind { FILE_PLAIN, FILE_DIRECTORY, FILE_LINK, FILE_OTHER };

struct file_facts {
	enum file_kind kind;
	mode_t mode; /* the rights alone */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	uint64_t device, inode; /* together they are the file, whatever it is called */
};

/* The name, beside the file, of what file_put has not finished: a killed one leaves it to the next. */
#define FILE_HALF ".%s.berth"

/* Whose a file is to be; (uid_t)-1 and (gid_t)-1: our own. */
struct file_rights {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* --- the table ------------------------------------------------------------------------------ */

/* What is asked over a connection of its own; copied but for what `owner` is. */
struct tcp_question {
	const char *address; /* numeric, or a name */
	uint16_t port;
	const char *words;  /* said first; "": nothing is */
	int64_t timeout_ms; /* until all is heard */
	/* Whether what was heard so far is the answer; else it is what was heard until the other side ended.
	 */
	bool (*enough)(void *owner, const struct text *heard);
	/* Once: all that was heard, or why there is no answer. */
	void (*answered)(void *owner, const struct text *heard, const struct error *err);
	void *owner;
};

struct world_ops {
	int64_t (*now)(struct world *);  /* monotonic milliseconds */
	int64_t (*wall)(struct world *); /* milliseconds since 1970 */
	/* Local time minus UTC, in milliseconds, at that time of the wall clock. */
	int64_t (*zone)(struct world *, int64_t wall_ms);
	int (*random)(struct world *, void *bytes, size_t count);

	/* What this process is. */
	pid_t (*process_id)(struct world *);
	uid_t (*user_id)(struct world *); /* as whom it acts */
	void (*host_name)(struct world *, char *ret_name, size_t size);
	/* Where relative paths begin. 0, or -1 when that is gone. */
	int (*working_directory)(struct world *, char *ret_path, size_t size);

	struct timer *(*timer_start)(struct world *, int64_t delay_ms, void (*fired)(void *), void *owner);
	void (*timer_cancel)(struct world *, struct timer *);

	struct exchange *(*http_send)(struct world *, const struct http_request *, const struct http_sink *,
				      struct error *);
	void (*http_cancel)(struct world *, struct exchange *);

	/* An HTTP request that asks for the connection itself ("Upgrade: tcp"): 101 gives it, and so does a
	 * 200 whose body has no length. `timeout_ms` is for the answer's head, or a refusal; `body_limit` for
	 * a refusal (0: 64 KiB); `idle_ms` and `fresh` say nothing here. */
	struct channel *(*channel_open)(struct world *, const struct http_request *,
					const struct channel_sink *, struct error *);
	/* Copied, and sent as the other side takes it; before it is open: after that. Without memory the
	 * channel is done with an error. */
	void (*channel_write)(struct world *, struct channel *, const void *bytes, size_t count);
	/* How many bytes have not left us yet: write no more while this is large. */
	size_t (*channel_waiting)(const struct channel *);
	/* Nothing more will be written: when all has left us, the other side is told, and may go on speaking.
	 */
	void (*channel_end)(struct world *, struct channel *);
	void (*channel_cancel)(struct world *, struct channel *);

	/* Machines by SSH: ssh.h. */
	const struct ssh_ops *ssh;

	/* Does `address` (numeric, or a name) accept a TCP connection? `answered` gets OK, or why not. */
	struct probe_call *(*tcp_probe)(struct world *, const char *address, uint16_t port,
					int64_t timeout_ms,
					void (*answered)(void *owner, const struct error *), void *owner);
	void (*tcp_cancel)(struct world *, struct probe_call *);

	/* Connect as tcp_probe does, say something and hear what is answered. NULL: no memory. */
	struct tcp_talk *(*tcp_ask)(struct world *, const struct tcp_question *);
	void (*tcp_ask_cancel)(struct world *, struct tcp_talk *);

	/* `work` runs on the world's one worker thread, jobs in order; `done` afterwards on ours. A cancelled
	 * job that already runs is finished, without `done`. Both get `owner`, which must outlive `work`. */
	struct job *(*work)(struct world *, void (*work)(void *owner), void (*done)(void *owner),
			    void *owner);
	void (*work_cancel)(struct world *, struct job *);

	/* `ended` is called once; the child is not killed when the world closes or the handle is dropped. */
	struct child *(*spawn)(struct world *, const struct process_options *,
			       void (*ended)(void *owner, const struct process_end *), void *owner,
			       struct error *);
	pid_t (*child_pid)(struct child *);
	void (*child_drop)(struct world *, struct child *);
	/* Tell, again and again until cancelled, that a pipe, terminal or socket can be read (or has ended),
	 * or with `write` be written, without waiting. The descriptor stays the caller's; it becomes
	 * non-blocking. */
	struct fd_watch *(*fd_watch)(struct world *, int fd, bool write, void (*ready)(void *owner),
				     void *owner);
	void (*fd_cancel)(struct world *, struct fd_watch *);
	/* Visit every process of this machine. With `environment_prefix` (such as "BERTH_APP=") only those
	 * whose initial environment has an entry that begins so. */
	int (*processes)(struct world *, const char *environment_prefix,
			 bool (*visit)(void *owner, const struct process_info *), void *owner,
			 struct error *);
	/* Visit processes that hold an open memfd whose name begins with `name_prefix`; `name` is the whole
	 * one. */
	int (*memfd_holders)(struct world *, const char *name_prefix,
			     bool (*visit)(void *owner, pid_t pid, uint64_t start_ticks, const char *name),
			     void *owner, struct error *);
	/* Send a signal to exactly that process (pid and start time, through a pidfd); ERR_MISSING when it is
	 * gone. */
	int (*signal)(struct world *, pid_t pid, uint64_t start_ticks, int signal_number, struct error *);
	/* This boot's id, as /proc/sys/kernel/random/boot_id gives it, without the newline. */
	const char *(*boot_id)(struct world *);

	/* Files. A path is absolute. */
	int (*file_read)(struct world *, const char *path, size_t limit, struct text *ret_content,
			 struct error *);
	/* The last `limit` bytes. */
	int (*file_tail)(struct world *, const char *path, size_t limit, struct text *ret_content,
			 struct error *);
	/* From `offset` on, at most `limit` bytes; nothing appended at the end of the file. */
	int (*file_read_at)(struct world *, const char *path, uint64_t offset, size_t limit,
			    struct text *ret_content, struct error *);
	/* Whole or not at all: written beside it, synced, renamed. */
	int (*file_write)(struct world *, const char *path, mode_t mode, const void *bytes, size_t count,
			  struct error *);
	/* The same without waiting for the disk: a machine that fails may lose it, or leave it empty. */
	int (*file_note)(struct world *, const char *path, mode_t mode, const void *bytes, size_t count,
			 struct error *);
	/* As file_write for whoever the rights name, and readable by nobody else at any time. What lies there
	 * and is no plain file is ERR_CONFLICT. With a `base` the path is relative to it: no link below it is
	 * followed, nothing leads out of it, and the directories that are missing below it are made for the
	 * same owner. */
	int (*file_put)(struct world *, const char *base, const char *path, const struct file_rights *,
			const void *bytes, size_t count, struct error *);
	/* What lies at the path itself, be it a link; ERR_MISSING when nothing does. */
	int (*file_look)(struct world *, const char *path, struct file_facts *ret, struct error *);
	/* What the path leads to, through links. */
	int (*file_follow)(struct world *, const char *path, struct file_facts *ret, struct error *err);
	/* A new, empty file of exactly that mode. It is not opened meanwhile, so that whoever in this process
	 * has it open keeps its locks; its name is synced. ERR_CONFLICT when something lies there. */
	int (*file_create)(struct world *, const char *path, mode_t mode, struct error *err);
	/* The mode of what the path leads to, whatever the umask says. */
	int (*file_mode)(struct world *, const char *path, mode_t mode, struct error *err);
	/* A file or a directory; ERR_CONFLICT when something lies at the new path. */
	int (*file_rename)(struct world *, const char *from, const char *to, struct error *);
	/* A symbolic link; done when just that is there, ERR_CONFLICT when something else is. */
	int (*link_make)(struct world *, const char *target, const char *path, struct error *);
	int (*file_remove)(struct world *, const char *path, struct error *); /* absent is fine */
	int (*tree_remove)(struct world *, const char *path,
			   struct error *); /* absent is fine; links not followed */
	/* One that nothing is in, else ERR_CONFLICT; absent is fine. */
	int (*directory_remove)(struct world *, const char *path, struct error *);
	int (*directories_make)(struct world *, const char *path, mode_t mode,
				struct error *); /* with parents */
	/* Names in a directory in sorted order, "." and ".." left out; an absent directory has none. */
	int (*directory_list)(struct world *, const char *path, bool (*visit)(void *owner, const char *name),
			      void *owner, struct error *);
	bool (*file_exists)(struct world *, const char *path);
	/* An exclusive lock (flock) on a file, made when absent; ERR_LOCKED when somebody alive holds it. */
	struct file_lock *(*lock)(struct world *, const char *path, struct error *);
	/* Likewise on a directory itself, and waited for: for turns that are short. */
	struct file_lock *(*directory_lock)(struct world *, const char *path, struct error *err);
	void (*unlock)(struct world *, struct file_lock *);
	/* The name of the VFS through which SQLite reaches the files of this world; NULL: its own. */
	const char *(*database_vfs)(struct world *);

	/* The numeric address of the interface the default route uses ("" when there is none). */
	int (*default_address)(struct world *, char *ret_address, size_t size);
	/* Whether this machine has a network interface of that name now. */
	bool (*has_interface)(struct world *, const char *name);
	/* Whether a TCP (or UDP) port can be bound on a numeric address of this machine now. */
	bool (*port_free)(struct world *, const char *address, uint16_t port, bool udp);
};

struct world {
	const struct world_ops *ops;
};

#endif
