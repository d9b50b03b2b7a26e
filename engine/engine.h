/* engine.h - what the engine's files share: the handle, an operation, opened locations, work on instances. */
#ifndef BERTH_ENGINE_ENGINE_H
#define BERTH_ENGINE_ENGINE_H

#include "base/world.h"
#include "berth/berth.h"
#include "engine/counts.h"
#include "engine/store.h"
#include "entities/entity.h"
#include "locations/location.h"

struct berth {
	struct world *world;
	bool world_owned;
	struct arena arena;
	const char *state_directory, *config_directory, *helper;
	struct owner owner;
	const char *(*environment)(const char *name);
	char deployer[40];   /* this owner at this very place: whose dead leases need not be waited for */
	struct store *store; /* opened when first needed */
	struct counts counts;
	char *configured, *configured_before; /* what locations.yaml says; NULL: it is read each time */
	struct target *targets;               /* places that are watched or listed for several operations */
	struct berth_operation *operations;
	struct berth_operation *keeper; /* holds every application the store knows; NULL: nobody does */
	bool giving_back;               /* it ends: the targets have their duties again */
	/* Allocations that failed while an operation had its turn are that one's; of others nobody knows
	 * whose. */
	struct berth_operation *at_turn; /* NULL: none */
	size_t short_at_turns;           /* how many failed in turns that are over, */
	size_t short_before_turn;        /* and altogether before the one under way */
	struct error spare; /* for whoever fails once no memory is left for an error of its own */
	size_t let_go;      /* instances that ended operations had, and whose memory is kept */
	/* Who carries operations out instead of this process, and what that keeps; NULL: nobody. */
	const struct berth_backend *backend;
	void *controller;
	/* Where a location really is, when that is not where its specification says; NULL: nowhere else. */
	const struct location_spec *(*relocate)(void *owner, struct arena *, const struct location_spec *);
	void *relocate_owner;
	bool secrets_made_up; /* what is in them says nothing of the real ones */
	/* What a component's sensor tells, instead of what it asks: 1 with *ret, 0: it asks itself, -1:
	 * nothing now. NULL: each asks itself. */
	int (*sample)(void *owner, const char *component, const char *sensor, double *ret);
	void *sample_owner;
};

/* So many calls at one time, and who waits for one of them to end. */
struct slots {
	unsigned flying;
	struct work *first, *last;
};

/* How far the listing of a site has come that may be one for many. */
enum shared_listing {
	LISTING_NONE,
	LISTING_ASKED,  /* it waits for the next one to begin */
	LISTING_ALONE,  /* it is to be listed by itself */
	LISTING_SHARED, /* one of all is under way */
	LISTING_TOLD,   /* that is there */
};

/* An opened location during one operation. */
typedef void site_change(struct site *site, const char *name, const struct told_end *end);

struct site {
	struct location location;
	const struct location_spec *spec;
	const char *source; /* where the name was defined, for people */
	const char *origin; /* the spec as text, for the store: "docker:unix:///run/docker.sock" */
	struct berth_operation *operation;
	struct site *next;
	bool open, watched;
	bool pooled;        /* a machine of a pool: hosts.h */
	bool silence_noted; /* host_health.c's */
	struct site *twin;  /* the site of the same place that was opened before, and is used instead */
	/* Another machine of a pool that turned out to be this very one, and is used instead: hosts_join. */
	struct site *same;
	struct errand errand;
	const char *const *images; /* references to look up in the listing */
	const char *const *newest; /* those of components that always want what the registry has */
	struct inventory inventory;
	struct inventory retired;     /* the listing before this one: attachments may still point into it */
	struct location_facts *facts; /* locations_verb.c's */
	bool listed, failed;          /* the survey's answer; site_error() says why it failed */
	bool silent;                  /* it failed, and what goes there can go elsewhere: it is left out */
	struct error *error;          /* NULL: nothing failed yet */
	struct arena claim_arena;
	struct owner holder;
	bool needed; /* something is to be made here */
	bool claimed, prepared, released, left, tidied;
	bool untidy;  /* what stands beside its instances while somebody is at work may still be there */
	bool refused; /* its claim, or what is needed there once */
	bool no_room; /* it said that there is none for more members of a cluster */
	bool touched; /* it was asked for a change of an instance */
	const struct openings *openings; /* who is to be let in, where that is asked; NULL: not settled yet */
	struct lease_keeper *lease;      /* lease.c's */
	struct resurvey *resurvey;       /* hold_resurvey.c's */
	struct location_counts *counts;  /* counts.c's; NULL: nothing was counted yet */
	/* Calls under way that change something, that make or start something where many do so by one, and
	 * that end something. */
	struct slots changes, together, stops;
	int64_t silent_ms,
	    overdue_ms; /* since when, and when last, a call had no answer; 0: one came since */
	/* targets.c's */
	struct target *target;
	site_change *changed;
	struct site *next_ear, *next_new, *next_asking;
	enum shared_listing listing;
	struct whole *whole;
};

/* What the plan says about one instance. */
enum action {
	ACTION_UNCHANGED,
	ACTION_CREATE,
	ACTION_START,
	ACTION_UPDATE,  /* in place: limits, files, a name */
	ACTION_RELINK,  /* made anew because of what it is given from others */
	ACTION_REPLACE, /* made anew because of what it is itself */
	ACTION_RESTART,
	ACTION_STOP,
	ACTION_REMOVE,
	ACTION_COUNT
};

/* How an instance is made anew. */
enum order {
	ORDER_PLAIN,       /* the old one is removed, then the new one made: nothing there is worth keeping */
	ORDER_STOP_FIRST,  /* the new one made, the old one stopped and kept until the new one answers */
	ORDER_START_FIRST, /* the new one answers before the old one goes */
	ORDER_ROLLING,     /* the target itself makes its tasks anew, new ones first */
	ORDER_UNDER_WAY,   /* the target is making it so already, which is waited for */
};

struct reason {
	const char *path;      /* "env.STAGE", "image", "links.redis" */
	const char *old, *new; /* NULL: not known or not to be shown */
	struct place place;    /* line 0: no place */
	bool stale;            /* stays as it is until the instance is made anew for another reason */
	struct reason *next;
};

/* What an update in place has to do. PART_ROLL: the target itself makes its tasks anew; PART_COUNT: it makes
 * more, or fewer; PART_LINKS: what does not run is given what comes from links. */
enum {
	PART_LIMITS = 1,
	PART_FILES = 2,
	PART_NOTICE = 4,
	PART_NAME = 8,
	PART_JOIN = 16,
	PART_ROLL = 32,
	PART_COUNT = 64,
	PART_LINKS = 128
};

/* Which driver call is under way for an instance, so that the same one is asked again. */
enum doing {
	DOING_NOTHING,
	DOING_PLACE,
	DOING_START,
	DOING_PROBE,
	DOING_LOOK,
	DOING_ADMIT,
	DOING_STOP,
	DOING_REMOVE,
	DOING_LOGS,
	DOING_UPDATE,
	DOING_DELIVER,
	DOING_SIGNAL,
	DOING_EXEC,
	DOING_WITHDRAW,
	DOING_RENAME
};

struct held_instance; /* hold.h */

struct work {
	struct instance *instance;
	struct held_instance *held; /* where its application is held, else NULL */
	struct berth_operation *operation;
	struct site *site; /* where the instance is, or is to be */
	struct errand errand;
	enum action action;
	enum order order;
	struct reason *reasons;
	unsigned parts;         /* of an update in place: what is still to be done */
	bool goes_first;        /* a removal that what is made waits for: it holds what that needs */
	bool leftover;          /* of a generation that an interrupted update left */
	bool lone;              /* nothing that an interrupted update left may run beside it */
	bool name_free;         /* nothing has the name it is to be made under, as a saved plan has it */
	bool preflown;          /* its target was asked whether it has what it is to be made of */
	bool looked_at;         /* its limits were asked for before the plan was made */
	bool limits_unknown;    /* and still are */
	bool resumed;           /* an update that was interrupted: it was made already */
	bool withdrawn;         /* of one that goes: it lost the shared name */
	bool step_aside;        /* of an older one: its successor wants to start, stop */
	bool stepped_aside;     /* it stopped for its successor */
	bool kept;              /* the successor failed, and this one is there as before */
	const char *target_id;  /* of the incarnation that stays, as it was seen before */
	bool answered;          /* it was seen to answer in this operation */
	bool rescue;            /* goes on although the operation was interrupted */
	bool reviewed;          /* it was looked at after the work */
	bool clear_failed;      /* it did not get ready, and could not be removed */
	struct error *refusal;  /* why it could not be removed, while it is looked at; else NULL */
	bool clings;            /* it could not be removed, and has stopped for certain */
	bool log_kept, cleared; /* how far BROKEN has come */
	/* Of a new member of a cluster that did not get ready: it is kept to be looked at; it is gone; what
	 * becomes of it is settled. */
	bool set_aside, discarded, joining_over;
	bool unseen;          /* its machine, or its location, does not answer: it is left as it is */
	bool hopeless;        /* it was not tried, since there is no room for it */
	bool place_again;     /* its target had nothing left to start */
	bool left_stopped;    /* what changes under it does not start it */
	unsigned char tended; /* so often it was left alone, ended and was started again: tending.c */
	bool has_turn;
	struct exec_session *command; /* of onChange, under way */
	bool handed;                  /* its file is that command's input */
	bool followed;           /* pools.h: it was told who takes its requests, whatever its action is */
	const char *loopback;    /* of a stand-in that is a process: where it listens; else NULL */
	struct spec_port *ports; /* the component's, with this instance's numbers */
	size_t port_count;
	struct arena arena;         /* the spec and all it points to */
	struct instance_spec *spec; /* NULL: not made, or not needed any more */
	const char *files;          /* the digest of the files it has, after that; NULL: it has none */
	struct arena look_next;     /* of the look under way */
	struct arena look_arena;    /* of the last one, when it did not run then */
	struct arena attach_arena;  /* of the last one that saw it run: its attachments stay in force */
	struct arena plan_arena;    /* of the one before the plan: the older one of an update may have it */
	const struct observed *looked; /* what the last one told */
	struct error *error; /* why it failed, or had to be tried again; NULL: it did not (see work_error) */
	struct place fault;  /* where in the blueprint the value stands that cannot be had; line 0: nowhere */
	struct text log;     /* the end of its output, for a failure */
	struct text note;    /* what it waits for, in words */
	enum doing doing;
	unsigned needs_met; /* so many of those that it needs were seen to answer, one after the other */
	uint64_t intent;    /* the store's number of the recorded intent; 0: none yet */
	struct timer *timer;
	int64_t deadline_ms, settle_ms, probe_delay_ms;
	int64_t await_by_ms; /* the sensor that it waits for is to have told by then; 0: it waits for none */
	int64_t not_before_ms; /* a pause between tries */
	unsigned exits_before; /* the exit count when this deploy began to care */
	unsigned picks;        /* how often its picked ports were taken by somebody else */
	int attempts;          /* tries of a call that got no answer */
	bool dirty, settled;
	struct slots *slots;   /* of which it holds one, or waits for one; NULL: neither */
	bool slot, waits_slot; /* that is */
	bool waits_commit;
	bool made;              /* this deploy made or started it */
	bool look_due;          /* something happened there, or somebody needs its address */
	bool overtaken;         /* something happened there while it was looked at */
	bool started, admitted; /* how far STARTING has come */
	size_t checks_done;
	bool fresh;   /* made by this deploy: every exit counts */
	bool counted; /* exits_before is known */
	unsigned exits_seen;
	unsigned ends;           /* how often it ended for good while it was started */
	bool blocked;            /* one of those it needs does not run */
	bool halted;             /* stopped by a cancel before it was as wanted */
	bool verify;             /* unchanged, but not known to have answered yet */
	struct pool_words *pool; /* pools.h's, of a load balancer; NULL: nothing is known */
	/* Of one that leaves the pools of load balancers: they are to know by then, and what is under way is
	 * over by then; 0: it does not yet. */
	int64_t leave_by_ms, drained_ms;
	bool left_pools;
	struct work *next_dirty, *next_slot, *next_commit;
};

enum stage {
	STAGE_BEGIN,
	STAGE_SURVEY,
	STAGE_LOOK,
	STAGE_PLAN,
	STAGE_NAMES, /* of a saved plan: whether what it makes has its name free */
	STAGE_CLAIM,
	STAGE_LEASE,
	STAGE_PREPARE,
	STAGE_WORK,
	STAGE_RELEASE,
	STAGE_REVIEW,
	STAGE_COMMIT,
	STAGE_GIVE_UP /* something failed while it had leases: they are given back, then it is told */
};

struct berth_operation;

/* One kind of operation: `step` looks at where it stands and goes on as far as it can. */
struct verb {
	const char *name;
	void (*step)(struct berth_operation *operation);
	void (*let_go)(struct berth_operation *operation); /* of what `verb_state` holds; NULL: nothing */
	bool changes; /* it may change something: takes the application's lock */
	/* What it does about an instance, instead of what the blueprint asks; NULL: that. */
	enum action (*decide)(const struct work *work);
	/* Of what the blueprint asks it does just this; NULL: all. */
	bool (*only)(struct work *work);
	bool
	    limits_only; /* it looks at limits and the restart policy of what is there, and at nothing else */
	bool all_generations; /* `decide` is asked about what an interrupted update left, too */
	bool needs_store;     /* it cannot do without what was remembered, nor without remembering */
	bool instances_only;  /* needs no other kind of object from the listings */
	/* Of one that stays when all is as wanted: the step of what rests, whatever its phase; what a
	 * location tells of an instance (NULL: of any); and where an instance has come to. */
	enum phase (*rest)(struct work *work);
	void (*changed)(struct site *site, struct work *work, const struct told_end *end);
	void (*stepped)(struct work *work);
};

struct berth_operation {
	struct berth *berth;
	const struct verb *verb;
	struct berth_operation *next;
	struct arena arena;
	struct berth_request request; /* strings in the arena */
	struct berth_listener listener;
	struct diagnostics diagnostics;
	struct blueprint *blueprint;
	struct blueprint *retired; /* not acted on any more, but sites' specs live in it */
	struct application *application;
	struct stored_application *stored;       /* what the store has about it, or NULL */
	struct known_instances known;            /* and about its instances: known_of() */
	bool hands_noted;                        /* those of a place that was in other hands are in doubt, */
	uint64_t doubt;                          /* by that record; 0: none was needed */
	struct stored_application *past;         /* the revision that a rollback goes back to, or NULL */
	const struct stored_application *source; /* whose blueprint it is; NULL: one that was given */
	json_t *saved;                           /* the saved plan that is carried out, or NULL */
	const char *directory;                   /* where its relative paths start */
	json_t *stored_options;                  /* of locations from the store: sites' specs refer to them */
	json_t *location_options;                /* keeps the options of locations.yaml alive */
	json_t *missing_environment;             /* names that a request was to bring; NULL: none */
	const struct location_spec **bindings;   /* names known from outside the blueprint */
	const char **binding_sources;
	size_t binding_count;
	struct site *sites;
	struct host_pool *host_pools;   /* hosts.c */
	struct host_guest *host_guests; /* components that go to one of a pool's machines */
	json_t *host_options;           /* keeps their options alive */
	json_t *host_health, *machines; /* host_health.c's; NULL: not read yet */
	struct work **works;            /* one for each instance, wanted or to go */
	size_t work_count;
	size_t effort; /* variables put together, needs looked at, and what else there may be very much of */
	struct planning {
		bool begun;
		size_t errors;              /* complaints there were before */
		size_t component, instance; /* the next to be decided */
	} planning;
	struct map *works_by_name; /* while reconciling; NULL: few have names, see work_named() */
	struct work *dirty_first, *dirty_last;
	struct work *commit_first, *commit_last; /* who waits for a record to be durable */
	size_t unsettled, unsettled_wanted;
	size_t first_removals;  /* that are still to come */
	struct work *relinking; /* whose turn it is, of those that follow a changed value */
	uint64_t
	    decisions;  /* steps that changed a phase, or began a call or took its answer; for measuring */
	uint64_t calls; /* begun, and answered */
	struct timer *turn, *clock, *pause;
	struct file_lock *lock;
	const char *lock_path, *lock_words; /* the lock's file, and the one that names its holder */
	struct timer *lock_timer;           /* until it is tried again */
	const char *lease_token, *lease_words;
	const char *policy, *why; /* that wishes it, and what for; NULL: somebody asked for it */
	int64_t begun_ms;         /* by the wall clock, as the store has it; 0: nothing was recorded */
	uint64_t commit;  /* the store's number of the last record that must be durable before the end */
	int64_t revision; /* of what it deploys */
	uint64_t stopped; /* the last record of who is to stay stopped */
	size_t
	    nobodys_before; /* allocations that had failed while no operation had its turn, when it began */
	char *result;
	struct error *error;              /* why it failed; NULL: it did not (see operation_error) */
	json_t *document, *failures;      /* under way */
	struct long_member *long_members; /* document.c's */
	struct fetching *fetching;        /* of the blueprint, under way */
	void *verb_state;                 /* the verb's own, in the arena */
	struct lasting *lasting;          /* lasting.c's; NULL: it does not outlive this process */
	void *remote;                     /* the backend's own, when that carries it out */
	struct hold *awaited;             /* awaited.c's: sensors that are waited for; NULL: none is */
	struct map *verb_names;           /* the verb's own look-up */
	enum stage stage;
	enum berth_outcome outcome;
	unsigned lock_tries;
	/* Of the component that the request names, where an effector of clusters was invoked. */
	struct resizing {
		enum resizing_kind { RESIZE_NOT, RESIZE_TO, RESIZE_BY, RESIZE_REPLACE, RESIZE_EXPUNGE } kind;
		int64_t number;
	} resizing;
	const char *no_room; /* why a cluster could not grow as far as was asked for; NULL: it could */
	bool known_read;     /* `known` was */
	bool any_kept;       /* an older one stays, or comes back, since its successor failed */
	bool cancelled, cancel_told, abandoned, timed_out, changed, done;
	bool reconciling; /* since reconciled_ms, monotonic */
	int64_t reconciled_ms;
	bool overdue;         /* there was no memory for the timer of its next turn */
	bool written;         /* the last records are with the store */
	bool as_expected;     /* it was seen to be at the revision that the request is meant for */
	bool short_of_memory; /* in one of its turns: operation_short() */
	bool brief_review;    /* few changed: they are looked at, nothing is listed again */
	bool secret_missed;   /* one that it needed did not come with the request */
	bool busy;            /* who only looks: another command is changing the application */
};

/* Of works and all that goes with the graph, before the result is put together. */
static inline struct arena *graph_arena(const struct berth_operation *operation)
{
	return &operation->application->arena;
}

/* The earlier of two delays; -1: never. */
static inline int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* --- operation.c --- */
struct berth_operation *operation_begin(struct berth *berth, const struct verb *verb,
					const struct berth_request *request,
					const struct berth_listener *listener, struct berth_error *error);
/* Have the operation stepped in the next turn of the loop. Safe at any time, any number of times. */
void operation_wake(struct berth_operation *operation);
/* What the loop's owner does for those that could not be woken by the loop, without memory. */
bool operations_overdue(const struct berth *berth);
void operations_catch_up(struct berth *berth);
/* The same after a while; replaces an earlier wish. */
void operation_wake_after(struct berth_operation *operation, int64_t delay_ms);
/* End it: the document is taken over (NULL: none). Only once. */
void operation_finish(struct berth_operation *operation, enum berth_outcome outcome, json_t *document);
/* Whether memory ran out meanwhile: what was found out, decided or written down since may not be whole. */
bool operation_short(const struct berth_operation *operation);
/* End it because of *err, with the outcome its code stands for. */
void operation_fail(struct berth_operation *operation, const struct error *err);
enum berth_outcome outcome_of(enum code code);
/* Where to say why it failed: made when first needed, since of the many that are kept few ever do. */
struct error *operation_error(struct berth_operation *operation);
/* Why it failed; code OK: it did not. */
const struct error *operation_failure(const struct berth_operation *operation);
/* What was said there does not count, or no longer. */
void operation_forget_error(struct berth_operation *operation);
void operation_warn(struct berth_operation *operation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- fetch.c: a blueprint behind a URL --- */
bool is_url(const char *file);
/* Whether the verb may begin. False: wait, or the operation was ended. */
bool operation_fetched(struct berth_operation *operation);
void fetch_end(struct berth_operation *operation);

/* --- blueprint_source.c: the request's text becomes a blueprint and a graph --- */
/* 0; or -1 after the operation was finished with what is wrong. */
int operation_read_blueprint(struct berth_operation *operation);
/* What a variable of the blueprint means: the request says it, or the process' environment; NULL: not set. */
const char *operation_environment(const struct berth_operation *operation, const char *name);

/* --- environment.c: what a request was to bring along --- */

/* Nothing came with the request, and the environment of the process is not that of whoever asks. */
bool environment_withheld(const struct berth_operation *operation);
/* That would have been needed; told with the end. */
void environment_miss(struct berth_operation *operation, const char *name);
/* 0, or -1 with *err when its blueprint asks for anything that was withheld. */
int environment_complete(struct berth_operation *operation, struct error *err);
/* The application's name of the request or its blueprint; NULL when it has none. */
const char *operation_app(const struct berth_operation *operation);
/* -1, with the first complaint and how many more there are in *err. */
int fail_invalid(const struct berth_operation *operation, struct error *err);
/* What is wrong with the blueprint ends the operation. -1. */
int refuse_blueprint(struct berth_operation *operation);
json_t *validation_document(const struct berth_operation *operation);

/* --- bindings.c: names of locations that are known from outside the blueprint --- */
/* Know those of --location, locations.yaml and the store. 0, or -1 with *err. */
int sites_bind(struct berth_operation *operation, struct error *err);
/* The type of what a name stands for, as far as that can be told before the blueprint is read; NULL: nobody
 * knows, or what is wrong with it is said later. */
const char *binding_type(struct berth_operation *operation, const char *name);
/* What a name stands for, the first definition found, and who defined it; NULL: nobody. */
const struct location_spec *binding_of(const struct berth_operation *operation, const char *name,
				       const char **ret_source);
/* A location as the store keeps it: {"name", "spec": {"type", "target", "options"}}, which need not outlive
 * the call. NULL: it is none, or no memory. */
const struct location_spec *binding_stored(struct berth_operation *operation, const json_t *entry);

/* --- sites.c: the locations of an operation --- */
/* The site of a spec, opened on first use. NULL with *err. */
struct site *site_open(struct berth_operation *operation, const struct location_spec *spec,
		       const char *source, struct error *err);
/* Give each component its site; complaints (unbound, unfit) go to the operation's diagnostics. 0 or -1. */
int sites_assign(struct berth_operation *operation, struct error *err);
/* Where something that is to go to `location` (NULL: nothing is said of it) goes: what a --location or
 * locations.yaml says of it counts. Without a type: nobody says. NULL: no memory. */
const struct location_spec *site_spec_for(struct berth_operation *operation,
					  const struct location_spec *location, const char **ret_source);
/* -1, with *err that there is no such type of location. */
int site_refuse_type(const struct location_spec *spec, struct error *err);
/* Warn of a cloud that nothing here says how to log in to. */
void sites_warn_clouds(struct berth_operation *operation);
/* Open what the store remembers for the application, and with `all` every known location. */
int sites_open_known(struct berth_operation *operation, bool all, struct error *err);
/* Open every location named with --location. 0 or -1. */
int sites_open_flags(struct berth_operation *operation, struct error *err);
void sites_close(struct berth_operation *operation);
/* Keep why something failed there: few ever do. */
void site_keep_error(struct site *site, const struct error *err);
/* Why it failed last; code OK: it never did. */
const struct error *site_error(const struct site *site);
void site_drop_lease(struct site *site); /* lease.c */
/* site_names.c: what it is called; `origin` is its spec as text. NULL: no memory. */
const char *site_name(struct berth_operation *operation, const struct location_spec *spec,
		      const char *origin);
/* Those that hold, or are to hold, something of the application, as the store keeps them. NULL: no memory. */
json_t *sites_remember(const struct berth_operation *operation);

/* Whether the target makes, names and replaces the tasks of a component itself. */
bool keeps_tasks(const struct site *site);
/* How many instances the engine sees to: one that stands for all where the target keeps the tasks. */
unsigned instances_of(const struct component *component);
/* sites.c: whether it goes there, or some of its members may. */
bool goes_to(const struct component *component, const struct site *site);
/* survey.c: where one of those that it is to have is to be, from 0 on. */
struct site *home_of(const struct component *component, size_t index);
/* Of a cluster without a member: nobody is to be reached. */
bool has_nobody(const struct component *component);
/* Where the wanted one of that ordinal is among its instances; SIZE_MAX: none of that ordinal is wanted. */
size_t place_of_ordinal(const struct component *component, unsigned ordinal);
/* Whether its number of members is what the operation is for. */
bool resizes(const struct berth_operation *operation);
/* sizes.c: how many instances each component is to have, now that it was listed what is there. 0, or -1 with
 * operation->error. */
int sizes_decide(struct berth_operation *operation);

/* --- sites_check.c: what is wrong with where components go, without opening any place --- */
/* A complaint where places of that driver do not take the component. */
void site_refuse_kind(struct berth_operation *operation, const struct component *component,
		      const struct location_driver *driver);
/* A complaint for each location whose type is none of ours, and for each component that its location does not
 * take; a warning of names that nobody defined. */
void sites_check(struct berth_operation *operation);

/* --- sizing.c: who made a component as large as it is, since when, and why --- */
/* Whether its size is told: of clusters, and of what an autoscaler resizes. */
bool size_told(const struct component *component);
/* What is about to be done, before it is. 0, or -1 with operation->error. */
int sizing_remember(struct berth_operation *operation);
/* {COMPONENT: {"size", "initial", "how", "by", "since", "why"}} of all whose size is told; NULL: nothing is
 * known. */
json_t *sizing_read(const struct berth_operation *operation);
/* What an autoscaler resizes and is no cluster stays as large as it was made last, until the number in the
 * file is another one. */
void sizing_keep(struct berth_operation *operation);
/* [{"component", "size", "initial"}] of those that are not as large as the file begins with; NULL: all are.
 */
json_t *sizing_kept(const struct berth_operation *operation);

/* --- survey.c: ask every site what is there --- */
/* DONE when every site has answered or failed. */
enum progress survey(struct berth_operation *operation);
/* Make instances and works of what is wanted and what was found. 0 or -1 (no memory). */
int survey_match(struct berth_operation *operation);
/* The first site that failed, or NULL; not one of a pool where nothing of the application is known to be. */
struct site *survey_failure(const struct berth_operation *operation);
/* Why nobody knows how it is: its location does not answer, or there the machine that it is on; NULL: it is
 * known. */
const char *unseen_because(const struct work *work);

/* --- plan.c --- */
/* Decide for every instance what is to be done. WAITING: it takes long, and goes on in the next turn, so that
 * signals and clocks are heard meanwhile. FAILED: with complaints in diagnostics or *err. */
enum progress plan_make(struct berth_operation *operation, struct error *err);
/* Where it is attached is what is seen of it. */
void keep_attachments(struct instance *instance);
/* Look at those whose limits nobody remembers, before they are compared. DONE when all have answered. */
enum progress plan_look(struct berth_operation *operation, struct error *err);
/* plan_removals.c: which removals come first, which are refused, which are only another name. 0 or -1. */
int plan_removals(struct berth_operation *operation, struct error *err);
/* Another work for what stands beside a wanted instance: an older or a left-over one. NULL: no memory. */
struct work *survey_add_beside(struct work *work, const struct observed *seen);
/* What the store has of an instance of that name, read with all others when one is first asked for; or NULL.
 */
const struct known_instance *known_of(struct berth_operation *operation, const char *name);
/* Whether this very incarnation was seen to answer, as far as the store knows. */
bool instance_known_ready(const struct instance *instance);
bool plan_empty(const struct berth_operation *operation);
json_t *plan_document(struct berth_operation *operation);

/* --- document.c: what is long in a document is text from the beginning --- */
/* A member of the document, there and empty now, whose value the caller writes. NULL: no memory. */
struct text *document_text(struct berth_operation *operation, json_t *document, const char *key);
/* A member that is a document itself, within a string: that of `head`, with the member `last` after its own.
 * 0 or -1. */
int document_quote(struct berth_operation *operation, json_t *document, const char *key, const json_t *head,
		   const char *last);
/* What was written there, or NULL. */
const struct text *document_member(const struct berth_operation *operation, const char *key);
/* The whole document on one line, for the caller to free; NULL when memory is gone. */
char *document_line(const struct berth_operation *operation, json_t *document);
void document_release(struct berth_operation *operation);

/* --- reconcile.c --- */
/* Begin to work on the plan. */
int reconcile_begin(struct berth_operation *operation, struct error *err);
/* Step every dirty instance; true when all are settled and nothing flies. */
bool reconcile_turn(struct berth_operation *operation);
/* Of that name now; NULL: none is. */
struct work *work_named(const struct berth_operation *operation, const char *name);
/* It goes by that name from now on. 0 or -1 (no memory). */
int work_rename(struct work *work, const char *name);
void reconcile_end(struct berth_operation *operation);
void work_wake(struct work *work);
/* Where to say why it failed: made when first needed, since few ever do. */
struct error *work_error(struct work *work);
/* Why it failed; code OK: it did not. */
const struct error *error_of(const struct work *work);

/* --- survey.c again --- */
/* Forget the listings and what was seen, so that the next survey asks afresh. */
void survey_again(struct berth_operation *operation);
/* After another survey: what is there now, for the instances that are known. 0 or -1 (no memory). */
int survey_rematch(struct berth_operation *operation);
/* The same of one location, which was asked by itself. */
enum progress survey_site(struct berth_operation *operation, struct site *site);
int survey_rematch_site(struct berth_operation *operation, struct site *site);

/* --- report.c: documents from the state of things --- */
/* "components" of the document, as `status` shows them. 0 or -1 (no memory). */
int report_components(struct berth_operation *operation, json_t *document);
/* --- status.c: what `wait` and `why` have in common with it --- */
/* Open the places of the request's application: its blueprint's, the last deploy's, those named, else all. */
int status_open(struct berth_operation *operation, struct error *err);
/* What `status` shows of one application, once it is matched. `answered`: all were just seen to answer. */
json_t *status_document(struct berth_operation *operation, bool answered);
/* last_failures.c: why the last deploy could not bring each there, into the works' errors; and whether a
 * command is at it now. */
void recall_failures(struct berth_operation *operation);
/* What runs but was never seen to answer is still starting, as far as anybody remembers. */
void status_unready(struct berth_operation *operation);
/* -1, with operation->error. */
int fail_unknown_app(struct berth_operation *operation);

/* --- checks.c: does an instance answer? --- */
/* The instance's checks in turn: its blueprint's own, else each open TCP port accepts. */
bool instance_check(const struct work *work, size_t number, struct health_check *ret_check);
/* Ask them all once. Needs its ports. DONE: it answers, as far as can be known from here. */
enum progress instance_ask(struct work *work, struct error *err);
/* Give every wanted instance a spec that is enough to be asked by. 0 or -1. */
int instances_outline(struct berth_operation *operation, struct error *err);

/* --- remembered.c: `status` without asking a target --- */
/* Finishes the operation with what the store knows or the blueprint says; states are `unknown`. */
void status_remembered(struct berth_operation *operation);

/* One word for the whole application. */
const char *report_state(const struct berth_operation *operation);
/* {"format_version", "app"}; NULL without memory. */
json_t *document_new(const char *app);

extern const struct verb verb_history, verb_rollback, verb_backup, verb_restore, verb_policies, verb_policy,
    verb_invoke, verb_members, verb_keep, verb_hold, verb_mend, verb_replace, verb_relink, verb_duty;
extern const struct verb verb_validate, verb_plan, verb_deploy, verb_status, verb_destroy, verb_logs,
    verb_graph, verb_locations, verb_types, verb_schema, verb_events, verb_stop, verb_start, verb_restart,
    verb_scale, verb_wait, verb_why, verb_gc, verb_exec, verb_forward, verb_simulate;

#endif
