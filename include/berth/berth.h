/* berth.h - the public interface of libberth: deploy blueprints from your own program.
 *
 * A `struct berth` is one user's view: a store directory, the configuration, an event loop of its own. Work
 * is an operation: begun by one of the functions below, moved by berth_run(), or by your own poll loop
 * through berth_fd(), berth_timeout_ms() and berth_dispatch(), and ended when berth_done() says so. Its
 * result is a JSON document (the same that `berth ... -o json` prints), its outcome a number that is also the
 * exit code of the command line.
 *
 * One thread at a time may use a `struct berth` and its operations. The library takes no signal, no SIGCHLD
 * and no other global state from its host; SIGPIPE is blocked while it works and one of its own making is
 * drained. Every struct that you fill in begins with its size, so that later versions can add members: struct
 * berth_request request = {.size = sizeof request, ...}; one whose size is 0 is refused (BERTH_USAGE). What
 * you leave out is 0 or NULL, which has a meaning for each member. Texts are UTF-8, times milliseconds, those
 * of a clock since 1970.
 */
#ifndef BERTH_H
#define BERTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BERTH_API __attribute__((visibility("default")))

#define BERTH_VERSION_MAJOR 0
#define BERTH_VERSION_MINOR 1
#define BERTH_VERSION_PATCH 0

struct berth;
struct berth_operation;

/* How an operation ended. The numbers never change. */
enum berth_outcome {
	BERTH_OK = 0,
	BERTH_FAILED = 1, /* something does not run as wanted; the result says what runs, what not and why */
	BERTH_USAGE = 64, /* the request itself is wrong */
	BERTH_INVALID = 65,     /* the blueprint is, or a location is not bound; nothing was touched */
	BERTH_UNREACHABLE = 69, /* a target gave no answer: its components are unknown, never absent */
	BERTH_LOCKED = 75,      /* another deploy works on it, or somebody else owns it */
	BERTH_DENIED = 77,      /* credentials refused, or no right to */
	BERTH_TIMED_OUT = 124,
	BERTH_INTERRUPTED = 130, /* cancelled by berth_cancel() */
};

/* Why a call could not even begin: one line each, the remedy "" where none is known. A value; nothing to
 * free. */
struct berth_error {
	enum berth_outcome outcome;
	char text[480];
	char remedy[240];
};

/* Every string is copied. */
struct berth_options {
	size_t size;
	const char *state_directory;  /* the store; NULL: $XDG_STATE_HOME/berth or ~/.local/state/berth */
	const char *config_directory; /* locations.yaml; NULL: $XDG_CONFIG_HOME/berth or ~/.config/berth */
	const char *helper;           /* the berth-helper program; NULL: where it was installed */
	/* Stands for "this deployer" where machines come and go; NULL: machine, user and store. */
	const char *owner;
	/* Who carries out what is asked for: "unix:PATH" or "https://HOST:PORT" (a controller), or "none"
	 * (this process); NULL: the controller that has the store, when one has. */
	const char *controller;
	const char *token_file; /* for https: a file with the token; NULL: none */
	const char *ca_file;    /* for https: who vouches for the controller; NULL: the system's roots */
};

/* Version of the library at run time, "0.1.0". */
BERTH_API const char *berth_version(void);

/* Open. `options` may be NULL. 0 and *ret, for the caller to close; or -1 and *error (which may be NULL). The
 * store is made when first written. */
BERTH_API int berth_open(struct berth **ret, const struct berth_options *options, struct berth_error *error);
/* Ends all operations (as a second berth_cancel would) and lets go of everything: they are freed with it, no
 * pointer to one is good afterwards. NULL is fine. */
BERTH_API void berth_close(struct berth *berth);
/* Where the store is. Lives as long as the handle. */
BERTH_API const char *berth_state_directory(const struct berth *berth);

/* Read the configuration's locations.yaml, and go by it until it is read again; before the first call, each
 * operation reads it. 0; or -1 and *error when something in it is wrong: then all is as it was. */
BERTH_API int berth_reload(struct berth *berth, struct berth_error *error);
/* Back to what the last berth_reload() found in force. */
BERTH_API void berth_reload_undo(struct berth *berth);

/* --- what to do ---------------------------------------------------------------------------- */

/* Every string is copied by the call that takes the request. */
struct berth_request {
	size_t size;
	/* The YAML text, or NULL where `app` alone says it. */
	const char *blueprint;
	/* 0 with a non-NULL blueprint: it is NUL-terminated. */
	size_t blueprint_size;
	/* What messages call the blueprint. Relative paths in it start at this file's folder, and its
	 * locations.yaml lies beside it. NULL: "blueprint.yaml" here. An http:// or https:// URL, with
	 * `blueprint` NULL, is fetched; relative paths then start here. backup, restore: the file. */
	const char *file;
	/* The application; with a blueprint: overrides its id. */
	const char *app;
	/* Lists end with NULL; NULL is an empty one. */
	const char *const *locations; /* "NAME=SPEC" */
	const char *const *settings;  /* "PARAMETER=VALUE" or "COMPONENT.KEY=VALUE" */
	/* logs, stop, start, restart, why: only these; empty: all. scale, exec, invoke: the one that is
	 * meant; policy: only this one. */
	const char *const *components;
	int64_t timeout_ms; /* then it is cancelled, and ends with BERTH_TIMED_OUT; 0: never */
	bool dry_run;       /* deploy, destroy: only the plan */
	bool adopt;         /* take over an application that another store owns */
	bool volumes;       /* destroy: named volumes too */
	bool follow;        /* logs, events: go on as it comes */
	int64_t tail;       /* logs, events: so many of the last lines, or records; 0: all */
	int64_t since_ms;   /* logs, events: none from before that time; 0: all */
	/* graph: "dot" (default), "mermaid", "svg"; the result is then text. */
	const char *format;
	/* locations: check this one; types: only this one; policy: this one, "restarter" or "periodic/2";
	 * invoke: the effector; forward: the port's. */
	const char *name;
	int64_t count; /* scale: how many instances of components[0]; rollback: the revision */
	/* deploy: a plan that was saved, the text of the member "saved" of berth_plan's document; carried out
	 * exactly, or refused as stale. Replaces `blueprint`. */
	const char *plan;
	size_t plan_size;           /* 0 with a non-NULL plan: it is NUL-terminated */
	const char *const *command; /* exec: argv */
	const char *user;           /* exec: who runs it; NULL: the component's own */
	const char *directory;      /* exec: where; NULL: the component's own */
	bool terminal;              /* exec: on a pseudo terminal there */
	bool interactive;           /* exec: berth_exec_input() will give it input */
	unsigned rows, columns;     /* exec: the terminal's size at first */
	const char *wait_for;       /* wait: "running" (default), "healthy", "finished", "gone" */
	bool check;                 /* locations: ask them */
	bool remove;                /* gc: remove what is listed */
	bool remembered; /* status: only what the store knows, or the blueprint says; no target is asked */
	/* simulate: the scenario's YAML text, what messages call it (blueprints that it names lie beside it),
	 * and what chance is made of (0: what the scenario says). */
	const char *scenario;
	size_t scenario_size; /* 0 with a non-NULL scenario: it is NUL-terminated */
	const char *scenario_file;
	uint64_t seed;
	/* "NAME=VALUE": what the blueprint's variables and `env:` secrets mean; NULL: what the environment of
	 * the process says. */
	const char *const *environment;
	/* Where a relative `file` starts; NULL: where the process is. */
	const char *folder;
	const char *action; /* policy: "list" (default), "suspend", "resume" or "set" */
	const char *const
	    *arguments; /* policy: "KEY=VALUE", what it is set to; invoke: "NAME=VALUE", parameters */
	/* Whatever changes an application: only while it is at this revision, else it ends untouched with
	 * BERTH_LOCKED and the error's code "stale"; 0: at any. */
	int64_t if_revision;
	bool if_new; /* deploy: only while nothing is remembered of it */
	/* It is somebody else's: the environment of the process is not theirs, and without `environment` a
	 * blueprint that asks for anything of it is refused. */
	bool foreign;
	int64_t after; /* events: only those recorded after that of this number; 0: all */
	/* deploy, destroy, stop, start, restart, scale, rollback: it outlives this process. Until it has
	 * ended the store has it under this name, with `lasting_text` for whoever goes on with it:
	 * berth_left(). What is a secret of it is not to be there; `once`: something is missing there for
	 * that, so that nobody can go on with it. NULL: it does not. */
	const char *lasting, *lasting_text;
	bool once;
	bool resumed;  /* it goes on with the one of that name: with what is recorded of it, else as it is
			  given */
	unsigned port; /* forward: the instance's own number, or that of the port called `name` */
	/* plan, deploy, rollback: what goes to another location leaves the data of its volumes behind; else
	 * that is refused. */
	bool leave_data;
};

enum berth_event_kind {
	BERTH_EVENT_PHASE,   /* an instance's state changed, or what it waits for */
	BERTH_EVENT_LOG,     /* output of an instance */
	BERTH_EVENT_WARNING, /* `text` is worth a line on standard error */
	BERTH_EVENT_OUTPUT,  /* exec: bytes the command wrote */
	BERTH_EVENT_RECORD,  /* events with `follow`: one recorded event as a JSON object */
	BERTH_EVENT_NOTICE,  /* keep: `what` happened to an instance that is kept, for somebody who does not
				look */
};

/* Valid during the call only. Members that say nothing are NULL. */
struct berth_event {
	size_t size;
	enum berth_event_kind kind;
	const char *component, *instance, *location;
	const char *phase; /* "linking", "placing", "starting", "running", "broken", ... */
	/* PHASE: what it waits for or why it failed; WARNING: the sentence; LOG, OUTPUT: the bytes; RECORD:
	 * JSON. */
	const char *text;
	size_t text_size;
	bool errors;     /* LOG, OUTPUT: from the error stream */
	bool settled;    /* PHASE: this instance is as wanted now */
	const char *app; /* whose component, or whom the warning is about; NULL: nobody's */
	/* NOTICE: "failure" (it is not well), "recovery" (it is again), "breaker" (mending it did not help,
	 * again and again: tries get rare, or end), "breaker-closed" (it helped in the end), "no-capacity"
	 * (a cluster cannot grow as far as was asked for); `text` says it in words. */
	const char *what;
};

/* Both functions may be NULL. They are called on the thread that moves the operation, and must not call back
 * into the library, but for berth_cancel(). */
struct berth_listener {
	size_t size;
	void (*event)(void *context, const struct berth_event *event);
	/* Asked once, before the first change is made, with the plan as JSON (valid during the call); false
	 * ends the operation untouched, with BERTH_INTERRUPTED. */
	bool (*confirm)(void *context, const char *plan);
	void *context;
};

/* Each returns an operation for the caller to free, or NULL and *error (which may be NULL). It has not begun
 * yet then: what is wrong with the request is told when it ends, but for a size that is not set and, by
 * berth_exec, a component or a command that is missing: NULL at once. `listener` may be NULL; it is copied.
 * What follows here is the document of each. */

/* {"format_version", "valid", "error_count", "warning_count", "diagnostics": [...]}; asks no target. */
BERTH_API struct berth_operation *berth_validate(struct berth *, const struct berth_request *,
						 const struct berth_listener *, struct berth_error *);
/* {"format_version", "app", "changes": [{..., "links": [...], "publishes": [...]}], "saved": text, "summary":
 * {...}, "sizes": [{"component", "size", "initial"}] of those whose size is another one than the blueprint
 * begins with}; only reads. "saved" is what berth_request has as `plan`. */
BERTH_API struct berth_operation *berth_plan(struct berth *, const struct berth_request *,
					     const struct berth_listener *, struct berth_error *);
/* The plan's document without "saved", with "outcome", "changed": whether anything was, "revision" (where one
 * was recorded), "components" (as in status) and "failures": [{"component", "instance", "location", "error",
 * "remedy", "log": [lines]}]. */
BERTH_API struct berth_operation *berth_deploy(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);
/* {"format_version", "app", "state", "revision" (where one is remembered), "components": [...],
 * "unreachable":
 * [...]}, or {"format_version", "applications": [...], "unreachable": [...]} without an app.
 * A cluster, and what an autoscaler resizes, has "size": {"wanted", "real", "initial", "how": "blueprint",
 * "scale", "policy" or "found", "by", "since", "why"}; with an autoscaler also "policy", "min", "max",
 * "metrics": [{"name", "component" (of another one's), "state": "fresh", "stale" or "unknown", "value", "at",
 * "lower", "upper", "target", "wants"}], "wants": what all of them ask for, whatever is allowed, "target" of
 * a resize under way, and "holds", which says why it stays as it is, "until" when: "at-maximum",
 * "at-minimum", "cooling-down", "stabilising", "unknown", "no-room", "failed", "not-up", "resizing",
 * "suspended" or "no-controller". What is not known, or not so, is left out. */
BERTH_API struct berth_operation *berth_status(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);
/* {"format_version", "app", "removed": [...], "kept_volumes": [{"name", "location", "spec", "target_name"}],
 * "removed_volumes": [the same], "failures": [...]} */
BERTH_API struct berth_operation *berth_destroy(struct berth *, const struct berth_request *,
						const struct berth_listener *, struct berth_error *);
/* Output arrives as events; {"format_version", "app"}. */
BERTH_API struct berth_operation *berth_logs(struct berth *, const struct berth_request *,
					     const struct berth_listener *, struct berth_error *);
/* The result is text in request->format. */
BERTH_API struct berth_operation *berth_graph(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);
/* {"format_version", "locations": [{"name", "type", "spec", "source", "reachable", "version", ...}]} */
BERTH_API struct berth_operation *berth_locations(struct berth *, const struct berth_request *,
						  const struct berth_listener *, struct berth_error *);
/* {"format_version", "types": [{"name", "summary", "keys": [...]}]} */
BERTH_API struct berth_operation *berth_types(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);
/* What runs of the application is ended and kept, of request->components or all; again what is stopped is
 * started, and waited for until it answers; each is stopped and started in turn, providers first, one
 * instance of a component at a time. The document is deploy's. */
BERTH_API struct berth_operation *berth_stop(struct berth *, const struct berth_request *,
					     const struct berth_listener *, struct berth_error *);
BERTH_API struct berth_operation *berth_start(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);
BERTH_API struct berth_operation *berth_restart(struct berth *, const struct berth_request *,
						const struct berth_listener *, struct berth_error *);
/* components[0] has `count` instances, until the next deploy goes back to what the file says. Deploy's
 * document. */
BERTH_API struct berth_operation *berth_scale(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);
/* {"format_version", "app", "revisions": [{"revision", "time", "file", "by", "outcome", "images",
 * "current"}]}, the newest first: what was deployed, each time that something else was asked for. */
BERTH_API struct berth_operation *berth_history(struct berth *, const struct berth_request *,
						const struct berth_listener *, struct berth_error *);
/* Deploy again what `count` (0: the newest before this one that ended well) asked for, made from the images
 * that ran then, whatever their tags mean by now: a new revision. Deploy's document. */
BERTH_API struct berth_operation *berth_rollback(struct berth *, const struct berth_request *,
						 const struct berth_listener *, struct berth_error *);
/* What the store remembers, copied into the new file `file` (0600) as it is at one time; others go on with
 * the store meanwhile. {"format_version", "file", "applications": how many}. It is done in one turn of the
 * loop. */
BERTH_API struct berth_operation *berth_backup(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);
/* The store remembers what `file`, a backup, has: all of it, or nothing changed. What it remembered before is
 * kept as "former" beside it. Refused while a controller has the store, or a command is changing an
 * application. {"format_version", "file", "applications", "former": path or null}. */
BERTH_API struct berth_operation *berth_restore(struct berth *, const struct berth_request *,
						const struct berth_listener *, struct berth_error *);
/* The policies of the application, of components[0] alone where that is given: listed, or the one called
 * `name` suspended (it does nothing until it is resumed), resumed, or set to `arguments`. In force at once
 * where the handle keeps the application, and remembered in any case. {"format_version", "app", "kept",
 * "policies":
 * [{"component", "policy", "type", "supplied", "suspended", "config", "about", "each": [lines, of each
 * instance one]}]}, as they are then. */
BERTH_API struct berth_operation *berth_policy(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);
/* The effector `name` of components[0]: "start", "stop" or "restart" (their documents); of a cluster
 * "resize" (desiredSize), "resizeByDelta" (delta), "replaceMember" (memberId) or "expungeQuarantined"
 * (deploy's document); or a command of the blueprint's `effectors`, run in each instance that runs, with
 * `arguments` as its variables, or a request that is sent to each.
 * {"format_version", "app", "component", "effector", "results": [{"instance", "location", "exit_code",
 * "error", "output": [lines]}]}; BERTH_FAILED: not everywhere with 0. */
BERTH_API struct berth_operation *berth_invoke(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);
/* A number of a sensor that its blueprint says is pushed. */
struct berth_sample {
	size_t size;
	const char *app, *component, *sensor;
	unsigned instance; /* its ordinal; 0: of the component as a whole */
	double value;
	int64_t time_ms; /* when it was measured, since 1970; 0: now */
};
/* Told to the application that the handle keeps; it counts for as long as the sensor's numbers do. BERTH_OK,
 * or with *error BERTH_FAILED: there is no such application, component, instance or sensor; BERTH_LOCKED: the
 * application is not kept just now, or by another handle; BERTH_INVALID: it is too old to count; BERTH_USAGE:
 * it is no number. */
BERTH_API enum berth_outcome berth_tell(struct berth *, const struct berth_sample *, struct berth_error *);
/* Keep every application that the store knows, and those that are deployed meanwhile, as their policies say:
 * what ends or gets ill is restarted or replaced. It ends when it is cancelled; what flies is finished, and
 * the targets see to restarts themselves again. Whoever changes an application with the same handle has it
 * let go first. What is done comes as events. One at a time. */
BERTH_API struct berth_operation *berth_keep(struct berth *, const struct berth_request *,
					     const struct berth_listener *, struct berth_error *);
/* Of berth_keep's: whether every application was looked at once, or it is known why it could not be. */
BERTH_API bool berth_keep_ready(const struct berth_operation *operation);
/* Run `command` in components[0] ("web": the lowest that runs, or "web/2"). Its output comes as events; the
 * document is {"format_version", "app", "instance", "exit_code"}. BERTH_OK: it ran, and the code is its own;
 * BERTH_FAILED with 126 or 127: it cannot be executed, or is not found there. */
BERTH_API struct berth_operation *berth_exec(struct berth *, const struct berth_request *,
					     const struct berth_listener *, struct berth_error *);
/* Input for an interactive one, copied; its end (on a terminal ctrl-D is typed); another size of its
 * terminal.
 */
BERTH_API void berth_exec_input(struct berth_operation *operation, const void *bytes, size_t count);
BERTH_API void berth_exec_input_end(struct berth_operation *operation);
BERTH_API void berth_exec_resize(struct berth_operation *operation, unsigned rows, unsigned columns);
/* How many bytes of input are not passed on yet: give no more while this is large. */
BERTH_API size_t berth_exec_input_waiting(const struct berth_operation *operation);
/* A connection to `port` of components[0], as with berth_exec. Where it can be had from here, the document
 * says only how: {"format_version", "app", "instance", "port", "address", "number"}. Else, `interactive`, it
 * is carried by the operation: its input is what berth_exec_input() gives, what comes back are events, and it
 * ends with the connection; without `interactive` the document has no "address", and nothing is begun. Not
 * through a controller. */
BERTH_API struct berth_operation *berth_forward(struct berth *, const struct berth_request *,
						const struct berth_listener *, struct berth_error *);
/* Until the application is as `wait_for` says (status' document), or the timeout ran out. */
BERTH_API struct berth_operation *berth_wait(struct berth *, const struct berth_request *,
					     const struct berth_listener *, struct berth_error *);
/* {"format_version", "app", "state", "under_way", "owner", "findings": [{"component", "instance", "location",
 * "state", "why", "since", "last_failure": {"time", "text", "remedy"}, "who":
 * "you"|"administrator"|"owner"|"nobody", "remedy", "next", "log": [lines]}], "unknown": [...], "policies":
 * [as berth_policy's, those that wait for something, gave up or are suspended], "kept": true|false|null (it
 * has none)}: why it is not as wanted, in words; with `components` also of those that are. */
BERTH_API struct berth_operation *berth_why(struct berth *, const struct berth_request *,
					    const struct berth_listener *, struct berth_error *);
/* {"format_version", "found": [{"location", "spec", "app", "kind": "instance"|"network"|"lease"|"helper"|
 * "volume"|"claim" or, in words, what else a target has of it ("key pair"), "name", "state", "removed";
 * "owner" of a claim}], "failures": [{"location", "app",
 * "name", "error", "remedy"}]}: what carries our mark at the known locations and no application owns, and
 * claims that nothing is behind. In `locations` a name alone chooses among those that are known. */
BERTH_API struct berth_operation *berth_gc(struct berth *, const struct berth_request *,
					   const struct berth_listener *, struct berth_error *);
/* {"format_version", "app", "seed", "held", "virtual_ms", "steps": [{"command", "by", "line", "begun_ms",
 * "ended_ms", "outcome", "message"}], "assertions": [{"assertion", "file", "line", "held", "at_ms", "why",
 * "worst_ms"}], "story": [{"at_ms", "who", "what"}]}: the blueprint on a simulated fleet in virtual time, as
 * `scenario` says. Nothing real is touched: no store, no target. BERTH_FAILED: something did not hold. One
 * seed, one document. */
BERTH_API struct berth_operation *berth_simulate(struct berth *, const struct berth_request *,
						 const struct berth_listener *, struct berth_error *);
/* The JSON Schema of a blueprint, or with `name` "scenario" of a scenario. */
BERTH_API struct berth_operation *berth_schema(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);
/* {"format_version", "events": [{"number", "time", "app", "component", "instance", "what", "text"}]}: what
 * was recorded. With `follow` each comes as a BERTH_EVENT_RECORD, also those that are recorded later. */
BERTH_API struct berth_operation *berth_events(struct berth *, const struct berth_request *,
					       const struct berth_listener *, struct berth_error *);

/* --- moving it ------------------------------------------------------------------------------ */

/* Until the operation is done; others of its handle go on meanwhile. Returns its outcome. */
BERTH_API enum berth_outcome berth_run(struct berth_operation *operation);

/* Or in your own loop: poll berth_fd() (the handle's: not to be closed) for reading, for at most
 * berth_timeout_ms() (-1: for ever), then berth_dispatch(), which does what is due and does not wait. */
BERTH_API int berth_fd(struct berth *berth);
BERTH_API int berth_timeout_ms(struct berth *berth);
BERTH_API void berth_dispatch(struct berth *berth);

BERTH_API bool berth_done(const struct berth_operation *operation);
/* Whether the application was found as `if_revision` and `if_new` want it, and nobody else can change it now.
 */
BERTH_API bool berth_as_expected(const struct berth_operation *operation);
/* Whether one that is `lasting` is written down, so that it is gone on with whatever happens, or cannot be;
 * likewise that it was cancelled, and is not. */
BERTH_API bool berth_recorded(const struct berth_operation *operation);

/* A lasting change that somebody was killed at; valid during the call only. */
struct berth_left {
	size_t size;
	const char *name, *app;
	const char *text; /* its `lasting_text` */
	int64_t asked_ms; /* when it was asked for, in milliseconds since 1970 */
};
/* Each of them, in the order in which they were asked for: for who has the store alone, before anything is
 * begun. Each is to be begun again, `resumed`, and is over when that has ended. 0, or -1 with *error. */
BERTH_API int berth_left(struct berth *berth, void (*found)(void *context, const struct berth_left *left),
			 void *context, struct berth_error *error);
/* First call: start nothing new, finish or record what flies. Second: leave at once; nothing is orphaned by
 * it. Safe at any time on the owning thread, also inside a listener. */
BERTH_API void berth_cancel(struct berth_operation *operation);

/* How it ended; BERTH_FAILED before it is done. */
BERTH_API enum berth_outcome berth_outcome(const struct berth_operation *operation);
/* The result document, "" before it is done. Lives as long as the operation. */
BERTH_API const char *berth_result(const struct berth_operation *operation);
/* Why it did not end with BERTH_OK: one line and the remedy; "" when there is nothing to say. They live as
 * long as the operation. */
BERTH_API const char *berth_message(const struct berth_operation *operation);
BERTH_API const char *berth_remedy(const struct berth_operation *operation);
/* Ends it first when it is not done. NULL is fine. */
BERTH_API void berth_operation_free(struct berth_operation *operation);

#ifdef __cplusplus
}
#endif
#endif
