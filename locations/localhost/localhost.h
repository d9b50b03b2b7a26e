/* localhost.h - what the files of the localhost driver share: its state, its errands, and what is found on
 * this machine. */
#ifndef BERTH_LOCATIONS_LOCALHOST_LOCALHOST_H
#define BERTH_LOCATIONS_LOCALHOST_LOCALHOST_H

#include "locations/process.h"

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

/* As whom we act here. */
static inline uid_t local_uid(const struct location *location)
{
	return location->world->ops->user_id(location->world);
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

/* The entries of a manifest, or of a helper's environment, where they are as they were when it began. Texts
 * are "" when absent. The name is not among the entries: it is that of the run directory, which may be moved.
 */
struct marks {
	const char *app, *component, *name;
	unsigned ordinal, generation;
	const char *spec, *links, *salt, *secrets, *files, *ports, *bind;
	const char *run; /* the run directory */
	enum restart_policy restart;
	bool job, protect;
	int64_t created_ms, grace_ms;
};

/* What the helper wrote last. */
struct status {
	char state[16]; /* "" when there is none */
	pid_t helper, pid;
	uint64_t helper_start, pid_start;
	int64_t started_ms, ended_ms;
	unsigned exits, starts; /* as counted by all helpers, and by this one */
	int code, signal;
	char boot[64];
};

/* False when they are not whole or not fit for a path, or `directory` (NULL: the one that the entries name)
 * is none of an instance of theirs. Strings in `arena`. */
bool marks_read(struct arena *arena, const char *entries, size_t size, const char *directory,
		struct marks *ret_marks);
/* The marks of an instance that lies in that run directory; false when there are none. */
bool manifest_read(struct location *location, struct arena *arena, const char *directory,
		   struct marks *ret_marks);
int manifest_write(struct location *location, const struct marks *marks, struct error *err);
/* Strings are the spec's or in `arena`; false when memory is gone. */
bool marks_of(struct location *location, struct arena *arena, const struct instance_spec *spec,
	      const char *directory, int64_t created_ms, struct marks *ret_marks);
void marks_write(const struct marks *marks, struct text *ret_entries);
/* What the helper is to run; holds secrets. */
/* `program` in place of the first word of its command; NULL: that word. */
void launch_write(const struct instance_spec *spec, const char *program, int64_t grace_ms,
		  struct text *ret_records);
/* How long the instance may take to end. */
int64_t grace_of(struct location *location, const struct instance_spec *spec);
/* <run>/APP, <run>/APP/COMPONENT.N[.gM]; NULL when memory is gone. */
char *app_directory(struct location *location, struct arena *arena, const char *app);
char *run_directory(struct location *location, struct arena *arena, const char *app, const char *name);
/* "APP.COMPONENT.N.CREATED": what an instance is under any name. */
char *incarnation_of(struct arena *arena, const struct marks *marks);
/* Where an instance of these marks works unless its component says otherwise. Its run directory has a link to
 * it, `work`; itself it lies beside, so that its path stays when the instance is renamed. */
char *work_directory(struct arena *arena, const struct marks *marks);
#define WORK ".work" /* beside the run directories */
/* False when there is none. */
bool status_read(struct location *location, const char *directory, struct status *ret_status);
/* Whether that very process is alive (a zombie is not). */
bool process_alive(struct location *location, pid_t pid, uint64_t start_ticks);
/* Whether somebody sent it SIGSTOP: it does nothing until SIGCONT comes. */
bool process_paused(struct location *location, pid_t pid, uint64_t start_ticks);
/* Who a process is and whose child, as the kernel tells it and no process can feign; false when it is gone.
 */
struct kernel_view {
	uid_t real, effective;
	pid_t parent;
	uint64_t pending; /* signals sent to it that it has not taken yet: bit N - 1 for signal N */
};
bool process_identity(struct location *location, pid_t pid, struct kernel_view *ret);

/* --- scan.c: what runs --- */

/* A living berth-helper. Its marks are those it began with, but for the name and the run directory: these are
 * what its working directory is called now, which the kernel tells and nobody can feign. */
struct shim {
	pid_t pid, parent;
	uint64_t start;
	struct marks marks;
	bool twin;   /* another one of its name was there first */
	bool ending; /* it was asked to end or park, and has not heard it yet */
};

/* A process in a tree whose keeper is `shim_pid`. */
struct member {
	const char *name; /* of the instance: its keeper's, or that of the run directory with its record; else
			   * the one it began with */
	pid_t shim_pid;
	uint64_t shim_start;
	pid_t pid;
	uint64_t start;
	bool orphan;   /* its keeper is dead */
	bool recorded; /* a helper of ours wrote down that it is the keeper */
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
/* What the helper last wrote; false when it has not written, or another one did. */
bool shim_status(struct location *location, const struct shim *shim, struct status *ret_status);
/* Nothing of it runs: its helper waits to be told to start it again. */
bool shim_parked(struct location *location, const struct shim *shim);
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
/* Whether it is what a removal left that was killed half-way: a run directory without a manifest. */
bool is_remnant(struct location *location, const char *directory);
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
/* What the one of that name has is another's now. */
void ports_rename(struct localhost *home, const char *from, const char *to);
void ports_take(struct localhost *home, const char *name, const struct attachment *attachment);
/* 0, or -1 with ERR_CONFLICT when somebody else has one of the ports it is to listen on, at `bind`. */
int ports_check(struct location *location, const struct scan *scan, const char *name, const char *bind,
		const struct attachment *all, size_t count, struct error *err);

/* The attachments that marks tell of. 0, or -1 when memory is gone. */
int attachments_read(struct location *location, const struct marks *marks, struct arena *arena,
		     const struct attachment **ret, size_t *ret_count);

/* --- left.c --- */
/* Something that belongs to no instance: its kind and name, for people. False: enough. */
typedef bool object_visitor(void *owner, const char *app, const char *kind, const char *name);
void left_visit(struct location *location, const struct scan *scan, const char *app, object_visitor *visit,
		void *owner);
int left_clear(struct location *location, const char *app, struct error *err);
/* Remove the application's directories when nothing is in them. */
void tidy_app(struct location *location, const char *app);

/* --- lease.c --- */
enum progress localhost_lease(struct location *, struct errand *, const char *app, const struct lease *,
			      struct arena *, struct lease *, struct error *);
enum progress localhost_tidy(struct location *, struct errand *, const char *app, const char *token,
			     struct error *);
/* The token of the application's lease, in force or not; NULL: there is none. */
const char *lease_token(struct location *location, struct arena *arena, const char *app);
void leases_visit(struct location *location, object_visitor *visit, void *owner);

/* --- files.c --- */
/* Could they be put there? No I/O but a look at the machine's users. */
int files_check(struct location *location, const struct instance_spec *spec, struct error *err);
/* Put the spec's files where they are wanted, and take away those that are wanted no more, of the instance
 * that lies in that run directory. `all`: also where another one has a file of its own, which otherwise waits
 * for the start. */
int files_put(struct location *location, const struct instance_spec *spec, const char *directory, bool all,
	      struct error *err);
/* Take away what was put there for the instance that lies in `directory`, as far as it is still that. */
int files_remove(struct location *location, const char *directory, struct error *err);

/* --- change.c --- */
enum progress localhost_deliver(struct location *, struct errand *, const struct instance_spec *,
				struct error *);
enum progress localhost_update(struct location *, struct errand *, const struct instance_spec *,
			       struct error *);
enum progress localhost_signal(struct location *, struct errand *, const char *app, const char *name,
			       const char *signal, struct error *);
enum progress localhost_rename(struct location *, struct errand *, const char *app, const char *from,
			       const char *to, struct error *);

/* --- place.c, start.c, end.c, probe.c, logs.c, usage.c, watch.c, claim.c, exec.c --- */
enum progress localhost_place(struct location *, struct errand *, const struct instance_spec *, const char **,
			      struct error *);
enum progress localhost_start(struct location *, struct errand *, const struct instance_spec *,
			      struct error *);
/* Make or complete the run directory: the manifest, and where it works. */
int write_down(struct location *location, const struct instance_spec *spec, const char *directory,
	       int64_t created_ms, struct error *err);
bool is_living(const struct observed *seen);
/* What is to end: the processes, so that its helper is parked; the helper too, but for what lies on disk;
 * or all of it, at once. */
enum end_of { END_OF_PROCESSES, END_OF_HELPER, END_OF_INSTANCE };
enum progress localhost_end(struct location *, struct errand *, const char *app, const char *name,
			    enum end_of end_of, struct error *);
enum progress localhost_stop(struct location *, struct errand *, const char *app, const char *name,
			     struct error *);
enum progress localhost_remove(struct location *, struct errand *, const char *app, const char *name,
			       struct error *);
enum progress localhost_probe(struct location *, struct errand *, const struct instance_spec *,
			      const struct health_check *, struct error *);
enum progress localhost_logs(struct location *, struct errand *, const char *app, const char *name,
			     const struct log_options *, log_sink *, void *, struct error *);
enum progress localhost_usage(struct location *, struct errand *, const char *app, const char *name,
			      struct usage *, struct error *);
int localhost_watch(struct location *, const char *app, change_sink *changed, void *owner, struct error *);
void localhost_unwatch(struct location *, const char *app);
enum progress localhost_exec(struct location *, struct errand *, const char *app, const char *name,
			     struct exec_session *, struct error *);
/* End what was run in that instance and is left over. */
void exec_kill(struct location *location, const char *incarnation);
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
/* Visit the names of the applications that have a file of that ending among the claims. */
void claims_visit(struct location *location, const char *ending, bool (*visit)(void *owner, const char *app),
		  void *owner);
/* CLAIMS/APP.KIND; NULL when memory is gone. */
char *claim_path(struct location *location, struct arena *arena, const char *app, const char *kind);
/* A directory that another user could write to says nothing. */
bool claims_are_ours(struct location *location);
/* DONE with the lock held until it is let go or the location is closed; or what else to answer. */
enum progress claim_lock(struct location *location, struct errand *errand, const char *app,
			 struct error *err);
void claim_unlock(struct location *location, const char *app);
/* By this location. */
bool claim_lock_held(struct location *location, const char *app);
/* Let go of the locks that claims took for this location. */
void claims_let_go(struct location *location);

#endif
