/* machine.h - what the files of the SSH driver share: its state, its errands, and what is said to a machine.
 *
 * Each of the driver's functions is one command on the machine: a script of ours lies there (machine/),
 * reads what it is to do from its input, and answers in lines. All that it does can be done again, so a lost
 * answer is asked for anew. */
#ifndef BERTH_LOCATIONS_SSH_MACHINE_H
#define BERTH_LOCATIONS_SSH_MACHINE_H

#include "base/arena.h"
#include "base/ssh.h"
#include "locations/helper_program.h"
#include "locations/process.h"

struct machine {
	struct location *location;
	struct arena arena;
	struct ssh_host host;
	const char *identity;  /* "ssh://user@host:22" */
	const char *network;   /* what is bound on loopback there is reached there only */
	const char *directory; /* where our files are: absolute, or below the user's home */
	const char *address;   /* the option, or the number that the host is written as; NULL: */
	char told_address[64]; /* the one by which the machine says that it was reached; "" */
	char script[80];       /* DIRECTORY/machine-DIGEST */
	char boot[64];         /* the machine's boot, as last told */
	int64_t grace_ms;
	const struct location_driver *plain; /* the table it was opened with, while it has that: */
	struct location_driver named;        /* of a machine whose processes can have names of their own */
	struct helper_program helper;        /* known once it was wanted */
	bool exclusive;                      /* one application has the machine for itself */
	struct task *tasks;                  /* errands under way */
	struct watcher *watchers;
	struct stream *stream;   /* that tells what changes; NULL: nobody watches */
	struct listening *taken; /* ports that are somebody's there, as far as is known */
	size_t taken_count, taken_room;
};

struct listening {
	char *name; /* of the instance; NULL: whoever listens there */
	uint16_t port;
	enum protocol protocol;
};

static inline struct machine *machine_of(const struct location *location)
{
	return location->state;
}

/* What is put on a machine that has it not. */
enum installed { INSTALL_NOTHING, INSTALL_SCRIPT, INSTALL_HELPER };

/* What hangs on errand->state; the first member of each kind of errand. */
struct task {
	struct location *location;
	struct errand *errand;
	struct ssh_call *call;
	struct timer *timer;
	struct text script;        /* what the machine is asked to do; may hold secrets */
	bool over;                 /* it was answered, or cannot be */
	enum installed installing; /* is being put there */
	bool installed;            /* our script was, for this errand */
	bool has_helper;           /* and the helper program */
	unsigned tries;
	struct error error;                 /* once over */
	struct text answer;                 /* all its lines */
	int64_t timeout_ms;                 /* for one try */
	void (*release)(struct task *task); /* lets go of what the kind holds besides; NULL: nothing */
	struct task *previous, *next;
};

/* --- task.c --- */
/* Zeroed but for its head, which is linked and hung on the errand; NULL when memory is gone. */
struct task *machine_task_new(struct location *location, struct errand *errand, size_t size,
			      void (*release)(struct task *));
void machine_task_free(struct task *task); /* NULL is fine */
enum progress machine_task_end(struct task *task, enum progress progress);
/* noise.c: what comes before the line that `mark` begins is a login shell's own. */
struct noise {
	const char *mark;
	struct text held; /* until that line came */
	bool over;
};
/* Of the bytes that came those that are ours, in *ret, until the next ones come; 0: none are yet. */
size_t noise_strip(struct noise *noise, const char *bytes, size_t count, const char **ret);
/* In the end: what was held back for a line that never came, so that it may tell why. */
size_t noise_rest(struct noise *noise, const char **ret);
void noise_release(struct noise *noise);
/* Have the machine do what task->script says: WAITING, or FAILED with the task gone. */
enum progress machine_ask(struct task *task, struct error *err);
/* DONE once there is an answer, which may be read until the task ends. FAILED with the task gone: what the
 * machine, or the way to it, had against it. */
enum progress machine_answer(struct task *task, struct error *err);
/* The first line of the answer after that word and a blank, or NULL. Lines end with a newline. */
const char *machine_line(const char *answer, const char *word);
/* Lines one after the other: the beginning of the next one and its length; NULL at the end. */
const char *machine_next(const char *line, size_t *ret_length);

/* An errand that is one function of the script: DONE with its answer in the task on `errand->state`, to be
 * read before the task ends. */
enum progress machine_query(struct location *location, struct errand *errand, struct error *err,
			    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same of one that has nothing to tell; the task has ended. */
enum progress machine_do(struct location *location, struct errand *errand, struct error *err,
			 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* --- install.c: what has to lie on a machine before it does what it is asked --- */
/* What the helper program is there, as `"$here/NAME"`; 0, or -1: it cannot run there. */
int machine_helper(struct machine *machine, struct error *err);
/* The command that takes its input for that file. 0 or -1. */
int machine_install(struct task *task, struct text *line, struct text *bytes, struct error *err);

/* --- script.c: what is said to a machine --- */
/* A word for the shell, whatever is in it. */
void say_word(struct text *script, const char *word);
/* NAME=word, on a line of its own. */
void say_variable(struct text *script, const char *name, const char *value);
/* MANIFEST, LAUNCH, NAMES and write_files of the instance; of `say_files` the last two. HELPER and PLATFORM
 * where it is made of that program. */
void say_instance(struct location *location, const struct instance_spec *spec, int64_t created_ms,
		  struct text *script);
void say_files(const struct instance_spec *spec, struct text *script);
/* The instance's directory on the machine: its name without the application. */
const char *folder_of(const char *app, const char *name);
/* The text of machine/, its files one after the other. */
extern const char machine_script[];
extern const size_t machine_script_size;

/* --- the driver's functions, by file --- */
/* Whether processes there can have a hosts file of their own, as the machine told last. */
void machine_names(struct location *location, bool work);         /* driver.c */
int ssh_options_read(struct machine *machine, struct error *err); /* options.c */

enum progress ssh_list(struct location *, struct errand *, const struct list_request *, struct inventory *,
		       struct error *); /* list.c */
enum progress ssh_look(struct location *, struct errand *, const char *app, const char *name, struct arena *,
		       struct observed *, struct error *);
bool ssh_port_free(struct location *, const char *address, uint16_t port, enum protocol);

/* --- ports.c --- */
/* Those of the instance of that name, or all (NULL). */
void machine_forget_ports(struct machine *machine, const char *name);
/* NULL: whoever it is that listens there. */
void machine_take_port(struct machine *machine, const char *name, uint16_t port, enum protocol protocol);
/* All that it is to listen on. */
void machine_take_ports(struct machine *machine, const struct observed *seen);

int ssh_check(struct location *, const struct instance_spec *, struct error *); /* place.c */
enum progress ssh_place(struct location *, struct errand *, const struct instance_spec *, const char **,
			struct error *);
enum progress ssh_start(struct location *, struct errand *, const struct instance_spec *, struct error *);
enum progress ssh_stop(struct location *, struct errand *, const char *app, const char *name, struct error *);
enum progress ssh_remove(struct location *, struct errand *, const char *app, const char *name,
			 struct error *);
enum progress ssh_update(struct location *, struct errand *, const struct instance_spec *, struct error *);
enum progress ssh_deliver(struct location *, struct errand *, const struct instance_spec *, struct error *);
enum progress ssh_signal(struct location *, struct errand *, const char *app, const char *name,
			 const char *signal, struct error *);
enum progress ssh_rename(struct location *, struct errand *, const char *app, const char *from,
			 const char *to, struct error *);

enum progress ssh_claim(struct location *, struct errand *, const char *app, const struct owner *, bool adopt,
			struct arena *, struct owner *, struct error *); /* claim.c */
enum progress ssh_disclaim(struct location *, struct errand *, const char *app, struct error *);
enum progress ssh_lease(struct location *, struct errand *, const char *app, const struct lease *,
			struct arena *, struct lease *, struct error *);
enum progress ssh_tidy(struct location *, struct errand *, const char *app, const char *token,
		       struct error *);
/* The owner that the lines after an "@claim" tell of. 0, or -1: no memory. */
int claim_lines(const char *lines, struct arena *arena, struct owner *ret_owner);

enum progress ssh_probe(struct location *, struct errand *, const struct instance_spec *,
			const struct health_check *, struct error *); /* probe.c */
enum progress ssh_exec(struct location *, struct errand *, const char *app, const char *name,
		       struct exec_session *, struct error *); /* exec.c */
enum progress ssh_logs(struct location *, struct errand *, const char *app, const char *name,
		       const struct log_options *, log_sink *, void *, struct error *);

enum progress ssh_usage(struct location *, struct errand *, const char *app, const char *name, struct usage *,
			struct error *); /* usage.c */

int ssh_watch(struct location *, const char *app, change_sink *, void *owner, struct error *); /* watch.c */
void ssh_unwatch(struct location *, const char *app);
void ssh_unwatch_all(struct location *);

#endif
