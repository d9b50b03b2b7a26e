/* location.h - a place that can run components: the table a driver fills in, and what the engine gives it.
 *
 * A driver carries wishes out and tells what is; it never decides what to wish for. All members of the
 * table are required. Those that return `enum progress` start or continue their work and return at once:
 * PROGRESS_WAITING means "call me again with the same errand when errand->wake was called". Asked again
 * after PROGRESS_DONE, the answer is PROGRESS_DONE again; after a restart of the program an operation
 * finds what it made before (by name and mark) instead of making another.
 *
 * Failures carry the remote's own words. ERR_UNREACHABLE and ERR_TIMED_OUT mean *unknown*, never absent:
 * a mutation that got no answer is looked at again before anything else is tried, inside the driver.
 *
 * Where the target takes a second thing of one name (capabilities.names_unique is false), a creation whose
 * caller has gone may still be done when another has taken its place: a *late double*. Of all things of one
 * name and application one counts, by counts_before() and nothing else. The name means that one in every
 * function. The others are told by `list` alone, each with `late_double` and a name of its own,
 * double_name(), which means just that thing in every function; the engine has them removed and does nothing
 * else with them. One that is leaving already is not told at all. What `list` cannot tell in time is caught
 * by two functions: `remove` of a plain name is DONE when nothing of that name is left, and `tidy` removes
 * the doubles there are.
 *
 * Where the grain is the component the target itself makes, names, moves and replaces the tasks of a
 * component, and one instance stands for all of them. `place` makes it with no task running, or, where
 * spec.at_once allows it, with all of them; `start` has spec.count of them run, `stop` none again, which is
 * kept. `update` makes of it what the spec says, whatever differs, and is DONE when the target has brought
 * its tasks to that: new ones before old ones go, one or a few at a time. When that does not come to an end
 * the driver takes it back, and fails; what was there before runs again. What is under way already to the
 * same end is waited for; what an earlier deploy of ours began to another end is overtaken at once, somebody
 * else's change once its time is over. `probe` is DONE when all tasks run and answer. The
 * attachments are those of the tasks that do, the oldest first; their numbers move each time a task is made,
 * and consumers follow.
 *
 * A target may accept what it has not done yet. `place` goes on WAITING until the thing is made, and fails
 * with the target's own words when it ends in an error; `remove` waits until it is gone. Both have a
 * deadline, as a target may take for ever. What is being made is SEEN_CREATED, and SEEN_BROKEN once its time
 * is over; what is being deleted is SEEN_BROKEN and `leaving`. So whoever comes after a killed program goes
 * on waiting, or makes it anew.
 *
 * Where each instance has a machine of its own, one that does not answer says nothing of the others: `list`
 * and `look` tell its instance as SEEN_UNKNOWN, and `remove` takes it away with its machine all the same.
 */
#ifndef BERTH_LOCATIONS_LOCATION_H
#define BERTH_LOCATIONS_LOCATION_H

#include "base/world.h"
#include "blueprints/blueprint.h"
#include "entities/spec.h"

enum progress { PROGRESS_DONE, PROGRESS_WAITING, PROGRESS_FAILED };

struct location;

/* One errand of the engine's at a location; the engine's memory, zeroed but for the first two members before
 * its first call. The driver hangs what it needs on `state` and frees it when it answers DONE or FAILED, or
 * in `drop`. */
struct errand {
	void (*wake)(
	    struct errand *errand); /* from the loop: look again. Never from inside a driver's function */
	void *owner;                /* the engine's */
	void *state;                /* the driver's; NULL while nothing is under way */
	/* The driver's: dropped now nothing more is changed, and who goes on finds what was: nothing yet (a
	 * pull), or what waits for nobody here (a server that is being built). */
	bool harmless;
	const char
	    *note; /* the driver's: what it waits for, in words, while it does; NULL: nothing to tell */
};

struct location_driver;
struct whole; /* whole.h */

struct location {
	const struct location_driver *driver;
	struct world *world;
	const char *name;                 /* as the blueprint calls it; messages use it */
	const struct location_spec *spec; /* outlives the location */
	const char *state_directory;      /* where a driver may keep files of this user; absolute */
	const char *helper;               /* path of berth-helper, or "" */
	const char *(*environment)(const char *name); /* getenv, or a test's; for DOCKER_HOST and the like */
	/* Words for people about what is no failure, such as what was left at the target and why; NULL:
	 * nobody listens. Called from inside the driver's functions. */
	void (*say)(void *owner, const char *words);
	void *say_owner;
	/* Whether the engine knows the thing of that target_id as the one that stands under the name; NULL:
	 * it knows nothing. */
	bool (*stands_for)(void *owner, const char *app, const char *name, const char *target_id);
	void *stands_owner;
	/* Whether others of that application are still to be placed here, for which nobody has to be there
	 * who is being placed just now: a level of links is not complete yet. NULL: nobody knows. */
	bool (*more_come)(void *owner, const char *app);
	void *more_owner;
	void *state; /* the driver's own, from open to close */
};

/* Who deploys. `id` is stable for one user's store on one machine (or given by name); `words` is for people;
 * `place` tells whose store knows what was changed last: several may deploy under one name. NULL or "": it is
 * not told.
 */
struct owner {
	const char *id, *words, *place;
};

/* Whether the engine places and replaces each instance, or the target does that itself. */
enum grain { GRAIN_INSTANCE, GRAIN_COMPONENT };

struct capabilities {
	enum grain grain;
	bool names_unique;        /* the target refuses a second instance of one name; false: late doubles */
	bool host_names;          /* can give an instance names of its own (spec.hosts) */
	bool names_in_file;       /* these are lines of a file, which `deliver` writes anew, as numbers; what
				     is shared is given to nobody */
	bool mapped_ports;        /* published numbers may differ from the instance's own */
	unsigned kinds;           /* bit set of 1u << enum component_kind that it can run */
	unsigned calls_in_flight; /* mutating calls that do good at one time */
	unsigned made_together;   /* of `place` and `start`, where it does many by one; 0: as the others */
	bool generations; /* two instances of one ordinal can live side by side (names with a generation), and
			     `rename` settles the younger one's name */
	bool limits_in_place;  /* `update` changes memory and cpus of what runs */
	bool restart_in_place; /* `update` changes the restart policy of what runs */
	bool marathon;         /* reads spec.marathon */
	bool connects; /* what listens there is reached through it, by `exec` with a port; else from here */
	bool lets_in;  /* nobody reaches a port there who is not let in: `prepare` is told who is to be */
	bool own_addresses;  /* each instance has one to itself: all of them can have one port */
	bool makes_machines; /* one for each instance, where we log in by SSH, as options of it say */
};

/* Everything at a location that carries our mark for one application (or for all). */
struct inventory {
	struct arena arena;
	const struct observed *instances;
	size_t instance_count;
	/* The images asked for: the id each reference has now, NULL when it is not there. Of those of
	 * `newest` also the id of what the registry has now (which may be no image here), or why that is not
	 * known. */
	const struct inventory_image {
		const char *reference, *id, *newest, *doubt;
	} * images;
	size_t image_count;
	/* Named volumes marked as ours, as the blueprint calls them. */
	const struct inventory_volume {
		const char *app, *name, *target_name;
	} * volumes;
	size_t volume_count;
	/* Things of our names without our mark, which must never be touched: "container `x`", "volume `y`".
	 */
	const struct inventory_stranger {
		const char *name, *what;
	} * strangers;
	size_t stranger_count;
	const struct inventory_claim {
		const char *app, *owner_id, *owner_words, *place; /* as in struct owner, never NULL */
	} * claims;
	size_t claim_count;
	/* What else carries our mark: networks, leases, helpers. Only told when every application is listed.
	 */
	const struct inventory_object {
		const char *app, *kind, *name;
	} * objects;
	size_t object_count;
	const char *holder;       /* the application that has all of this place for itself; NULL: none has */
	const char *holder_owner; /* whose that is, as in struct owner's words; NULL: not known */
	int64_t held_since_ms;    /* by the clock there; 0: not known */
	/* Which machine this is, by whatever name it was reached: two places of one are one. NULL: not known.
	 */
	const char *machine;
	bool prepared; /* what prepare makes is there (asked for one application) */
	/* The token of a lease that is there, in force or not (asked for one application); NULL: none is. */
	const char *lease;
	struct whole *whole; /* the listing that it is a part of, where all this lies; NULL: none */
};

struct list_request {
	const char *app;           /* NULL: every application */
	const char *const *images; /* references to look up, NULL-terminated; NULL: none */
	/* Those of the images whose registry is asked what it has now under that tag; NULL: none. */
	const char *const *newest;
	bool instances_only; /* nothing but instances is wanted: no other kind of object is asked for */
};

struct prepare_request {
	const char *app;
	size_t instances; /* how many will be here at most; sizes what must be sized */
	/* Where the target lets in; else NULL. Lives until the errand has ended. */
	const struct openings *openings;
};

/* A deploy under way, so that two of one owner do not interleave. */
struct lease {
	const char *token; /* of this very deploy */
	const char *words; /* for people: who, where, since when */
	int64_t ttl_ms;    /* it expires so long after it was taken or renewed, by the target's own clock */
};

/* A command run inside an instance. The engine's memory, stable from the first call to the last. */
struct exec_session {
	const char *const *command; /* argv, NULL-terminated */
	/* Where the target `connects`: no command, but a connection to this port, at this address as the
	 * target itself reaches it; 0: it is a command. Its end of input is ours, the code is 0. */
	uint16_t port;
	const char *address;
	const char *user, *directory; /* NULL: the instance's own */
	/* "NAME=VALUE", beside the instance's own variables and before them; NULL: none. */
	const char *const *environment;
	bool terminal;    /* on a pseudo terminal there: one stream, and a size */
	bool interactive; /* `input` is passed on; false: it reads the end of file at once */
	/* Bytes on their way in: the engine appends and asks again, the driver takes from the front. Their
	 * end is typed where there is a terminal (ctrl-D). */
	struct text input;
	bool input_ended;
	unsigned rows, columns;
	bool resized; /* the size is new: the driver takes note and clears it */
	void (*output)(void *owner, bool errors, const char *bytes, size_t count);
	void *output_owner;
	/* Once DONE: the command's exit code; 128 + N when signal N ended it. Once FAILED because it was not
	 * found: 127, or could not be executed: 126. */
	int code;
};

struct log_options {
	int64_t tail;     /* last lines; -1: all */
	int64_t since_ms; /* wall clock; 0: all */
	int64_t until_ms; /* only what was written before; 0: all. Not with `follow` */
	bool follow;
};

/* Output as it comes, whole lines or not; `errors`: the error stream. `at_ms`: wall clock when known, else 0.
 */
typedef void log_sink(void *owner, bool errors, const char *bytes, size_t count);

/* What an instance has used since it began, and has now. NAN: its target does not tell. */
struct usage {
	double cpu_s;                      /* the time that CPUs worked for it, in seconds */
	double memory, memory_limit;       /* bytes, without caches that go when they are in the way */
	double received_bytes, sent_bytes; /* over its networks */
	double processes;
	int64_t at_ms; /* by a clock of the target: what grew, grew between two of them */
};

/* What `connect` learnt, for `locations check`. */
struct location_facts {
	char endpoint[256]; /* "unix:///run/docker.sock", "this machine" */
	char version[128];  /* "Docker Engine 20.10.24, API 1.41" */
	char details[256];  /* "2 CPUs, 23.5 GiB, Linux 6.1, 4 containers" */
	char because[256];  /* why that one, when the location does not say so itself: "DOCKER_HOST" */
	json_t *about;      /* what else there is, an object; NULL: nothing. The caller's to let go of */
};

/* That an instance has ended, as its target told by itself: which incarnation, when by the target's own
 * clock, and how. It may have been started again since. */
struct told_end {
	const char *target_id;
	int64_t at_ms;
	int exit_code, signal; /* as in struct observed */
	bool out_of_memory;
};

/* Something about the instance of that name may have changed; NULL: list again. `end` (NULL: none was told)
 * lives for this call. */
typedef void change_sink(void *owner, const char *name, const struct told_end *end);

struct location_driver {
	const char *type;    /* as a blueprint writes it: "docker" */
	const char *summary; /* one line for help */
	struct capabilities capabilities;

	/* Read the spec's options and set up; no I/O with the target. Unknown options are ERR_INVALID with
	 * the known ones in the remedy. `close` takes a half-opened location too and lets go of all errands.
	 */
	int (*open)(struct location *, struct error *);
	void (*close)(struct location *);

	/* The target's own address in one form, such as "unix:///run/docker.sock": two locations of one
	 * driver with the same identity are the same place. Known once opened; lives as long as the location.
	 */
	const char *(*identity)(const struct location *);
	/* How to come back to this very place, whatever the environment says by then: the target and the
	 * options (NULL: none) of a spec, which live as long as the location. */
	const char *(*resolved)(const struct location *, const json_t **ret_options);

	/* Is it there, are we let in, what is it? */
	enum progress (*connect)(struct location *, struct errand *, struct location_facts *ret,
				 struct error *);
	/* Take over what `from`, open at the same place, has found out about the target itself, so that it is
	 * not asked again; no I/O. */
	void (*learn)(struct location *, const struct location *from);
	/* Everything of ours, by one listing per kind of object. `ret` is zeroed by the caller, released by
	 * inventory_release. */
	enum progress (*list)(struct location *, struct errand *, const struct list_request *,
			      struct inventory *ret, struct error *);
	/* One instance afresh, with its exit count and the target's words. ERR_MISSING when it is not there,
	 * ERR_CONFLICT when a stranger holds its name. Strings of `ret` live in `arena`. */
	enum progress (*look)(struct location *, struct errand *, const char *app, const char *name,
			      struct arena *arena, struct observed *ret, struct error *);
	/* Tell when something about this application's instances may have changed: `changed` with an
	 * instance's name, or NULL for "list again". Only marks things dirty: nothing is promised about
	 * order, number or truth, and an end may be told twice, or late. Gaps are bridged by the driver
	 * (reconnect, then changed(NULL)). One watch per application. */
	int (*watch)(struct location *, const char *app, change_sink *changed, void *owner, struct error *);
	void (*unwatch)(struct location *, const char *app);

	/* Could it run this spec? Checked before anything is touched; no I/O. */
	int (*check)(struct location *, const struct instance_spec *, struct error *);
	/* Has the target what it would make an instance of this spec of? Asked of what is to be made, before
	 * anything is touched. `lacks` (an array) gets a sentence for each thing that is not there; what
	 * nobody there tells is none. FAILED: nobody could be asked. */
	enum progress (*preflight)(struct location *, struct errand *, const struct instance_spec *,
				   json_t *lacks, struct error *);
	/* Where an instance of this spec will be attached, as far as that is known now. Strings in `arena`;
	 * no I/O. */
	int (*foresee)(struct location *, const struct instance_spec *, struct arena *arena,
		       const struct attachment **ret, size_t *ret_count, struct error *);
	/* The one numeric address that ports are published on when somebody outside needs them; no I/O with
	 * the target. ERR_MISSING with the remedy when there is none. */
	int (*publish_address)(struct location *, char *ret_address, size_t size, struct error *);
	/* Whether a port can be had at that address, as far as the last listing and this machine tell. */
	bool (*port_free)(struct location *, const char *address, uint16_t port, enum protocol);

	/* Take, or find out who has, the application at this location. DONE with ret_owner (strings in
	 * `arena`) = the holder, who may be somebody else; `adopt` takes it over. What its owner holds from
	 * another place is held from this one then. */
	enum progress (*claim)(struct location *, struct errand *, const char *app, const struct owner *,
			       bool adopt, struct arena *arena, struct owner *ret_holder, struct error *);
	enum progress (*disclaim)(struct location *, struct errand *, const char *app, struct error *);

	/* What the application needs here once (a network), and its removal. Where the target lets in it is
	 * asked whenever something of the application changes, here or elsewhere. Release removes named
	 * volumes only if asked; absent things are fine; anonymous and helper objects go. */
	enum progress (*prepare)(struct location *, struct errand *, const struct prepare_request *,
				 struct error *);
	enum progress (*release)(struct location *, struct errand *, const char *app, bool volumes,
				 struct error *);

	/* Make the instance, not started; fetch its image when absent (*ret_note, in static or driver memory,
	 * may tell the progress: "pulling redis:3: 12 of 40 MB"). A half-made one of the same digest is
	 * completed, of another removed first. A stranger's name is ERR_CONFLICT. */
	enum progress (*place)(struct location *, struct errand *, const struct instance_spec *,
			       const char **ret_note, struct error *);
	/* What was stopped runs again as it was made: of the spec its names count, and its digest unless that
	 * is "". ERR_MISSING when the target has nothing to start it from any more: it must be placed again.
	 * The incarnation that spec.ended names was told to have ended: it need not be looked at before. */
	enum progress (*start)(struct location *, struct errand *, const struct instance_spec *,
			       struct error *);
	/* It answers: let it carry the shared name. No-op where there is none or it is held already. */
	enum progress (*admit)(struct location *, struct errand *, const struct instance_spec *,
			       struct error *);
	/* Does it answer this check now? DONE: yes. FAILED: not now, *err says why (and the last bytes). The
	 * check's port is the instance's own, never 0. CHECK_NONE: it runs. ERR_UNSUPPORTED: cannot be asked
	 * from here; ERR_UNREACHABLE: the location does not answer, which says nothing of the instance. */
	enum progress (*probe)(struct location *, struct errand *, const struct instance_spec *,
			       const struct health_check *, struct error *);
	/* End it gently within its grace, then hard; absent is DONE. `name` must carry our mark for `app`,
	 * else ERR_CONFLICT. */
	enum progress (*stop)(struct location *, struct errand *, const char *app, const char *name,
			      struct error *);
	/* Gone with its anonymous volumes, and all late doubles of it; a running one is ended hard. Absent is
	 * DONE. Same guard. */
	enum progress (*remove)(struct location *, struct errand *, const char *app, const char *name,
				struct error *);

	/* Change in place what the capabilities say can be, to what the spec says; all of it where the grain
	 * is the component (but what the digest "" stands for). ERR_MISSING when it is gone. */
	enum progress (*update)(struct location *, struct errand *, const struct instance_spec *,
				struct error *);
	/* Write the spec's files into the instance, which runs or not; nobody is restarted. */
	enum progress (*deliver)(struct location *, struct errand *, const struct instance_spec *,
				 struct error *);
	/* Send its main process a signal ("HUP"). ERR_FAILED when it does not run. Same guard as `stop`. */
	enum progress (*signal)(struct location *, struct errand *, const char *app, const char *name,
				const char *signal, struct error *);
	/* It is to go, another serves already: let it lose the shared name, while connections under way go
	 * on. DONE where there is none to lose, or the instance is gone. */
	enum progress (*withdraw)(struct location *, struct errand *, const char *app, const char *name,
				  struct error *);
	/* Give it another name of the same application, component and ordinal; DONE when it has that already.
	 * ERR_CONFLICT when something else holds the new name. Nothing else about it changes. */
	enum progress (*rename)(struct location *, struct errand *, const char *app, const char *from,
				const char *to, struct error *);
	/* Run a command inside it, to its end. ERR_FAILED when the instance does not run; ERR_MISSING when
	 * the command is not found there, ERR_DENIED when it cannot be executed. */
	enum progress (*exec)(struct location *, struct errand *, const char *app, const char *name,
			      struct exec_session *, struct error *);

	/* How `probe` would ask this check: words such as "from here" or "by a helper in its network"; NULL:
	 * it cannot be verified. Known after the listing; no I/O. */
	const char *(*readiness)(struct location *, const struct instance_spec *,
				 const struct health_check *);

	/* Take or renew the lease of a deploy. DONE with ret_holder (strings in `arena`) = who has it, who
	 * may be somebody else; one that expired is nobody's. */
	enum progress (*lease)(struct location *, struct errand *, const char *app, const struct lease *,
			       struct arena *arena, struct lease *ret_holder, struct error *);
	/* Give the lease of that token back, and let go of all that was made for the length of a deploy only
	 * (helpers), and of late doubles. Absent things are fine. */
	enum progress (*tidy)(struct location *, struct errand *, const char *app, const char *token,
			      struct error *);

	enum progress (*logs)(struct location *, struct errand *, const char *app, const char *name,
			      const struct log_options *, log_sink *sink, void *sink_owner, struct error *);

	/* What it uses. ERR_FAILED when it does not run. */
	enum progress (*usage)(struct location *, struct errand *, const char *app, const char *name,
			       struct usage *ret, struct error *err);

	/* The engine loses interest in an errand; its effect at the target is then unknown. NULL state is
	 * fine. */
	void (*drop)(struct location *, struct errand *);
};

extern const struct location_driver fake_driver, localhost_driver, docker_driver, ssh_driver, marathon_driver,
    mesos_driver, openstack_driver;

/* The driver of that type, or NULL; all of them, NULL-terminated. */
const struct location_driver *location_driver_of(const char *type);
const struct location_driver *const *location_drivers(void);

/* What a driver has in its table where its target knows nothing of the kind. */
enum progress nothing_to_admit(struct location *location, struct errand *errand,
			       const struct instance_spec *spec, struct error *err);
enum progress nothing_to_withdraw(struct location *location, struct errand *errand, const char *app,
				  const char *name, struct error *err);
bool any_port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol);

/* A variable of the environment that the location is used in; NULL: it is not set, or empty. */
const char *location_variable(const struct location *location, const char *name);
void inventory_release(struct inventory *inventory); /* leaves it zeroed */
/* The preflight of a target that need not be asked. */
enum progress location_lacks_nothing(struct location *location, struct errand *errand,
				     const struct instance_spec *spec, json_t *lacks, struct error *err);
/* Names of things, injective in their parts (which hold no dots): "app.component.ordinal", "app.component".
 */
char *instance_name(struct arena *arena, const char *app, const char *component, unsigned ordinal);
/* The same with a generation (2, 3, ...): "app.component.ordinal.g2"; 0: the settled name. */
char *generation_name(struct arena *arena, const char *app, const char *component, unsigned ordinal,
		      unsigned generation);
/* Split an instance's name; false when it is none. Parts in `arena`. */
bool instance_name_split(struct arena *arena, const char *name, const char **ret_app,
			 const char **ret_component, unsigned *ret_ordinal, unsigned *ret_generation);
/* What a late double is called: "app.component.ordinal~ID". No instance's name has a tilde. */
char *double_name(struct arena *arena, const char *name, const char *target_id);
/* The target_id at the end of such a name, and how long the instance's name before it is; NULL: it is none.
 */
const char *double_id(const char *name, size_t *ret_length);
/* Which of two things of one name and application counts: one that stays, then the one that the engine knows,
 * then one that is not broken, then the older one, at last the lower target_id. Whatever comes late is
 * younger than what was used meanwhile, so nobody's links move to it. */
bool counts_before(const struct location *location, const struct observed *a, const struct observed *b);

#endif
