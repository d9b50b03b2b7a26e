/* localhost.h - what the files of the localhost driver share: its state, its errands, and what is found on
 * this machine. */
#ifndef BERTH_LOCATIONS_LOCALHOST_LOCALHOST_H
#define BERTH_LOCATIONS_LOCALHOST_LOCALHOST_H

#include "locations/location.h"

/* A spawned helper is kept until it ended, so that it is reaped while we live. */
struct kept {
	struct localhost *home;
	struct child *child;
	pid_t pid;
	bool ended;
	struct process_end end;
	struct task *task; /* who waits for it to come up, or NULL */
	struct kept *next;
};

struct localhost {
	const char *run; /* <state_directory>/run */
	/* "host:MACHINE-ID": what is bound on loopback is reached on this machine only. */
	const char *network;
	const char *address; /* the option, or NULL */
	const char *claims;  /* the directory of this user's claims on this machine, and of their locks */
	int64_t grace_ms;
	struct arena arena;
	struct task *tasks; /* errands under way */
	struct kept *kept;
	struct watching *watches;
	struct taken *taken; /* ports of known instances */
};

/* What hangs on errand->state; the first member of each kind of errand. */
struct task {
	struct location *location;
	struct errand *errand;
	struct timer *timer;
	int64_t deadline_ms, delay_ms;
	void (*release)(struct task *task); /* lets go of what the kind holds besides; NULL: nothing */
	struct task *previous, *next;
};

static inline struct localhost *localhost_of(const struct location *location)
{
	return location->state;
}

/* --- task.c --- */
/* Zeroed but for its head, which is linked and hung on the errand; NULL when memory is gone. */
void *local_task_new(struct location *location, struct errand *errand, size_t size,
		     void (*release)(struct task *));
void local_task_free(struct task *task); /* NULL is fine */
/* Wake the errand after a while, the longer the oftener it was asked: from `first_ms` to ten times that. */
enum progress local_task_sleep(struct task *task, int64_t first_ms, struct error *err);
enum progress local_task_end(struct task *task, enum progress progress);

/* --- marks.c: what we write down about an instance, as "KEY=value" entries with a NUL behind each --- */

/* The entries of a helper's environment, or of a manifest. Texts are "" when absent. */
struct marks {
	const char *app, *component, *name;
	unsigned ordinal;
	const char *spec, *links, *salt, *secrets, *ports, *bind, *run;
	int64_t created_ms, grace_ms;
};

/* What the helper wrote last. */
struct status {
	char state[16]; /* "" when there is none */
	pid_t helper, pid;
	uint64_t helper_start, pid_start;
	int64_t started_ms, ended_ms;
	unsigned exits;
	int code, signal;
	char boot[64];
};

/* False when they are not whole or not fit for a path. Strings in `arena`. */
bool marks_read(struct arena *arena, const char *entries, size_t size, struct marks *ret_marks);
void marks_write(const struct instance_spec *spec, int64_t created_ms, int64_t grace_ms,
		 struct text *ret_entries);
/* What the helper is to run; holds secrets. */
void launch_write(const struct instance_spec *spec, int64_t grace_ms, struct text *ret_records);
/* An application's or component's id, safe as a part of a path and of a name. */
bool fit_id(const char *id);
/* <run>/APP, <run>/APP/COMPONENT.N and a file in it; NULL when memory is gone. */
char *app_directory(struct location *location, struct arena *arena, const char *app);
char *run_directory(struct location *location, struct arena *arena, const char *app, const char *name);
/* False when there is none. */
bool status_read(struct location *location, const char *directory, struct status *ret_status);
/* Whether that very process is alive (a zombie is not). */
bool process_alive(struct location *location, pid_t pid, uint64_t start_ticks);
/* Start time of a process that is there, else 0. */
uint64_t process_start(struct location *location, pid_t pid);
/* Who a process is and whose child, as the kernel tells it and no process can feign; false when it is gone.
 */
bool process_identity(struct location *location, pid_t pid, uid_t *ret_real, uid_t *ret_effective,
		      pid_t *ret_parent);
/* 0, or -1 with ERR_CONFLICT when the name is not one of the application's. */
int guard_name(const char *app, const char *name, struct error *err);

/* --- scan.c: what runs --- */

/* A living berth-helper. */
struct shim {
	pid_t pid, parent;
	uint64_t start;
	struct marks marks;
	bool twin; /* another one of its name was there first */
};

/* A process in a tree whose keeper is `shim_pid`. */
struct member {
	const char *name;
	pid_t shim_pid;
	uint64_t shim_start;
	pid_t pid;
	uint64_t start;
	bool orphan; /* its keeper is dead */
};

struct scan {
	struct arena arena;
	struct shim *shims;
	size_t shim_count, shim_room;
	struct member *members; /* of all trees, the kept ones too */
	size_t member_count, member_room;
};

/* `trees`: look for members as well, which costs a look at every process' descriptors. */
int scan_make(struct location *location, bool trees, struct scan *ret_scan, struct error *err);
void scan_release(struct scan *scan);
#define owned_scan owned_by(scan_release) struct scan /* owned_scan scan = {0}; */
const struct shim *scan_shim(const struct scan *scan, const char *name);
/* How many processes of that name run without a keeper. */
size_t scan_orphans(const struct scan *scan, const char *name);
/* Send a signal to each member of the trees of that name, and to what descends from it. */
int scan_kill(struct location *location, const struct scan *scan, const char *name, int signal_number,
	      struct error *err);

/* --- observe.c --- */
/* The instance as scan and run directory show it. False with OK in *err when it is not there. */
bool observe(struct location *location, const struct scan *scan, struct arena *arena, const char *name,
	     struct observed *ret, struct error *err);
enum progress localhost_list(struct location *, struct errand *, const struct list_request *,
			     struct inventory *, struct error *);
enum progress localhost_look(struct location *, struct errand *, const char *app, const char *name,
			     struct arena *, struct observed *, struct error *);
/* Whether something that is not ours lies at an instance's run directory. */
bool stranger_at(struct location *location, const char *directory);
/* How a command ended, in words: "it exited with code 3". */
void status_words(const struct status *status, char *ret_words, size_t size);

/* --- attach.c --- */
int localhost_check(struct location *, const struct instance_spec *, struct error *);
int localhost_foresee(struct location *, const struct instance_spec *, struct arena *,
		      const struct attachment **, size_t *, struct error *);
int localhost_publish_address(struct location *, char *ret_address, size_t size, struct error *);
/* --- ports.c --- */
bool localhost_port_free(struct location *, const char *address, uint16_t port, enum protocol);
/* Forget the ports of the instance of that name, else of all of the application, else all. */
void ports_forget(struct localhost *home, const char *name, const char *app);
void ports_take(struct localhost *home, const char *name, const struct attachment *attachment);
/* 0, or -1 with ERR_CONFLICT when somebody else has one of the ports it is to listen on. */
int ports_check(struct location *location, const struct scan *scan, const struct instance_spec *spec,
		struct error *err);

/* The attachments that marks tell of. 0, or -1 when memory is gone. */
int attachments_read(struct location *location, const struct marks *marks, struct arena *arena,
		     const struct attachment **ret, size_t *ret_count);
/* Where a client on this machine finds what listens at `bind`. */
const char *reachable_address(const char *bind);

/* --- place.c, end.c, probe.c, logs.c, watch.c, claim.c, exec.c --- */
enum progress localhost_place(struct location *, struct errand *, const struct instance_spec *, const char **,
			      struct error *);
enum progress localhost_start(struct location *, struct errand *, const struct instance_spec *,
			      struct error *);
void kept_ended(void *owner, const struct process_end *end);
enum progress localhost_stop(struct location *, struct errand *, const char *app, const char *name,
			     struct error *);
enum progress localhost_remove(struct location *, struct errand *, const char *app, const char *name,
			       struct error *);
enum progress localhost_probe(struct location *, struct errand *, const struct instance_spec *,
			      const struct health_check *, struct error *);
enum progress localhost_logs(struct location *, struct errand *, const char *app, const char *name,
			     const struct log_options *, log_sink *, void *, struct error *);
int localhost_watch(struct location *, const char *app, void (*changed)(void *, const char *), void *owner,
		    struct error *);
void localhost_unwatch(struct location *, const char *app);
enum progress localhost_exec(struct location *, struct errand *, const char *app, const char *name,
			     struct exec_session *, struct error *);
/* End what was run in the instance of that name and is left over. */
void exec_kill(struct location *location, const char *name);
/* --- users.c --- */
struct user {
	const char *name, *home; /* NULL: whoever the instance is */
	struct process_identity identity;
};
/* "NAME|UID[:GROUP|GID]"; ERR_DENIED when there is none such. Strings and groups in `arena`. */
int user_find(struct location *location, struct arena *arena, const char *text, struct user *ret_user,
	      struct error *err);
const char *watched_app(const struct watching *watching);
enum progress localhost_claim(struct location *, struct errand *, const char *app, const struct owner *,
			      bool adopt, struct arena *, struct owner *, struct error *);
enum progress localhost_disclaim(struct location *, struct errand *, const char *app, struct error *);
enum progress localhost_prepare(struct location *, struct errand *, const struct prepare_request *,
				struct error *);
enum progress localhost_release(struct location *, struct errand *, const char *app, bool volumes,
				struct error *);
/* The claim's holder in `arena`; false when nobody holds it. */
bool claim_read(struct location *location, struct arena *arena, const char *app, struct owner *ret_holder);
/* Visit the names of the applications that somebody has here. */
void claims_visit(struct location *location, bool (*visit)(void *owner, const char *app), void *owner);
/* Let go of the locks that claims took for this location. */
void claims_let_go(struct location *location);
/* Remove the application's directory when nothing is in it. */
void tidy_app(struct location *location, const char *app);

#endif
