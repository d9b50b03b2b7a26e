/* simulate.h - a scenario being played: the outside that is simulated, who deploys there, what is under way,
 * and what was seen of it.
 *
 * One operation of the caller's holds all of it; inside, every command of the scenario is a `struct berth` of
 * its own in the seat of a process that lives as long as the command does.
 */
#ifndef BERTH_ENGINE_SIMULATE_H
#define BERTH_ENGINE_SIMULATE_H

#include "engine/engine.h"
#include "engine/scenario.h"
#include "simulation/docker/engine.h"
#include "simulation/machine.h"
#include "simulation/seat.h"

/* A location of the fleet. */
struct spot {
	struct spot *next;
	const char *name;    /* as the blueprint calls it */
	const char *target;  /* what follows "docker:" in its specification; NULL: this machine */
	const char *address; /* at the wire: "10.77.1.1:2375", "unix:/var/run/docker.sock"; NULL likewise */
	struct docker_engine *engine;
	const struct scenario_engine *said; /* NULL: nothing is */
	struct map *images;                 /* whose registry it knows */
	struct map *behaved;                /* the components whose behaviour it knows */
	struct event back;                  /* it can be reached again */
	struct simulation *simulation;
};

/* Somebody with a machine and a store. */
struct deployer {
	struct deployer *next;
	const char *name;
	struct machine *machine;
	struct process *processes; /* of the application, that were started on it */
	struct event has_room;     /* its disk is not full any more */
	bool has_controller;       /* or had, and has again soon */
	struct seat *seat;         /* the controller's, with what follows; NULL: it is not there now */
	struct berth *berth;
	struct berth_operation *keeper;
	struct map *told;     /* its last words about each instance */
	struct event returns; /* it is started again */
	struct simulation *simulation;
};

/* A program of the application, as it was started on a deployer's machine. */
struct process {
	struct process *next;
	pid_t pid;
	const char *name;   /* of its instance, then */
	int64_t answers_ms; /* by the clock; -1: never */
	bool ended_well;    /* it ends by itself, and with 0 */
};

/* The last questions are asked by commands too. */
enum { ASK_STATUS = STEP_KEYS, ASK_PLAN };

/* A command under way. */
struct run {
	struct run *next;
	const struct scenario_step *step; /* NULL: of the last questions */
	int action;                       /* enum step_key, or one of the last questions */
	struct deployer *by;
	struct seat *seat;
	struct berth *berth;
	bool through; /* these are the controller's */
	struct berth_operation *operation;
	struct track *track; /* waits for it; NULL: nobody */
	struct map *told;    /* the last words about each instance */
	int64_t begun_ms;
	uint64_t dies_at;                   /* in front of that call; 0: it does not */
	const struct scenario_step *killer; /* that says so */
	bool killed, over;
	struct simulation *simulation;
};

/* A list of steps being gone through. */
struct track {
	struct track *next;
	struct event event;
	const struct scenario_step *at; /* the next one; NULL: none */
	struct track *outer;            /* whose step has it as its `meanwhile` */
	unsigned pending;               /* what its step waits for: a run, an inner track, time */
	bool waited;                    /* `after` is over */
	bool over;
	struct simulation *simulation;
};

/* A fault that is in force. */
struct trouble {
	struct trouble *next;
	const struct scenario_step *step; /* whose fault it is */
	const struct spot *spot;          /* NULL: all */
	const char *component;
	unsigned ordinal;
	int64_t until_ms, skip, left; /* left -1: all */
	bool met;                     /* a call */
};

/* What the scenario knows of a component. */
struct watched {
	const char *id;
	struct place place;
	bool job;
	int64_t made;         /* so many the blueprint, or the last scaling, makes */
	int64_t wanted, kept; /* by the last command that began; what must not be lost meanwhile */
	int64_t answering, running, finished, there;
	int64_t told; /* how many the story says there are, while some are missing; -1: none is */
};

/* A blueprint's text. */
struct edition {
	const char *file; /* absolute */
	const char *text;
	size_t size;
};

#define CUTTING ((void *)1)
#define CUT     ((void *)2)

struct verdict; /* simulate_judge.c */

struct simulation {
	struct berth_operation *operation; /* the caller's */
	struct arena arena;
	struct scenario *scenario;
	const char *app;
	struct edition edition; /* of the blueprint, as it was deployed last */
	const char *folder;     /* of the scenario */
	uint64_t seed;
	struct universe *universe;
	struct clock *clock;
	struct spot *spots, *local; /* `local`: the engine of every deployer's machine */
	unsigned spot_count;
	struct deployer *deployers;
	unsigned deployer_count;
	struct map *made_up;   /* names of secrets that are nowhere */
	struct map *cut_off;   /* names of containers that somebody takes, or took (CUT), off their network */
	const char **settings; /* NULL-terminated: the request's and what was edited */
	size_t setting_count;
	struct run *runs;
	struct track *tracks;
	struct trouble *troubles;
	struct watched *watched;
	size_t watched_count, watched_room;
	struct map *watched_by_id; /* index + 1 */
	struct verdict *verdicts, *last_verdict;
	int64_t disturbed_ms; /* when the last disturbance ends; -1: what was disturbed is as wanted again */
	const char *disturbance;
	bool has_policies;            /* the blueprint that was read last */
	bool armed;                   /* the application was once as wanted, and nobody took it away since */
	bool lacking;                 /* it is not as wanted now */
	bool lost;                    /* something of it that was there is not */
	int64_t over_ms;              /* when the last step was over */
	int64_t judged_ms;            /* the last moment that was looked at */
	struct recording *recordings; /* simulate_samples.c's */
	struct sizing *sizings;
	struct event samples_over; /* the last number of a recording */
	bool samples_wait;         /* it is to come */
	json_t *story, *steps;
	json_t *status, *plan; /* the answers to the last questions */
	bool asking;           /* they are being asked */
	bool failed;           /* no memory */
};

/* --- simulate_environment.c: what simulated programs see of the environment --- */
#define SIMULATED_PROGRAMS "/usr/bin" /* where they lie: the simulated PATH */
/* From now on it is this simulation's, on this thread; forgotten when it ends. */
void environment_of(const struct simulation *simulation);
void environment_forget(const struct simulation *simulation);
/* NULL: not set. */
const char *environment_value(const char *name);

/* --- simulate_fleet.c: machines and places --- */
/* Who is called so, with a machine of his own; NULL: no memory. */
struct deployer *fleet_deployer(struct simulation *simulation, const char *name);
/* The location that a scenario calls so; NULL: none. */
struct spot *fleet_spot(const struct simulation *simulation, const char *name);
/* That of a specification with a type, there from now on; NULL: no memory. */
struct spot *fleet_spot_of(struct simulation *simulation, const struct location_spec *spec);
/* A new one: an engine on another host (that of "tcp://HOST", else one of ours), or at `address` (NULL: a
 * machine without one). NULL: no memory. */
struct spot *fleet_engine_elsewhere(struct simulation *simulation, const char *name, const char *written);
struct spot *fleet_add_spot(struct simulation *simulation, const char *name, const char *target,
			    const char *address);
/* A new process of that deployer, with an opened engine. 0 or -1 with *err. */
int fleet_open(struct deployer *by, struct seat **ret_seat, struct berth **ret_berth, struct error *err);
/* "NAME=SPEC" of every name that nothing defines, NULL-terminated. */
const char *const *fleet_locations(struct simulation *simulation);
void fleet_release(struct simulation *simulation);

/* --- simulate_blueprint.c: where the blueprint's components go, and with what --- */
/* Reads the text with the settings so far: the components are known, and the locations, images, secrets and
 * files that it names are there, these on that deployer's machine (NULL: it is only read). 0; or -1, with the
 * complaints in `list` (may be NULL) or in *err. */
int fleet_prepare(struct simulation *simulation, struct deployer *by, const struct edition *edition,
		  struct diagnostics *list, struct error *err);
/* What a step deploys: the text is read through the caller's own world. 0, or -1 with *err. */
int fleet_edition(struct simulation *simulation, const char *name, struct edition *ret, struct error *err);

/* --- simulate_census.c: what is there --- */
/* Which of the application's containers. */
struct sought {
	const char *component; /* NULL: all */
	unsigned ordinal;      /* 0: all */
	bool running;          /* only those that run */
};
/* Them one after the other, until it returns false. Nothing may be done to an engine meanwhile. */
void fleet_visit(struct simulation *simulation, const struct sought *sought,
		 bool (*visit)(void *owner, struct spot *spot, const struct docker_container_view *view),
		 void *owner);
/* "app.web.2.g3": its component, which is as long as *ret_length says; NULL: not of the application. */
const char *fleet_component(const struct simulation *simulation, const char *name, size_t *ret_length,
			    unsigned *ret_ordinal);
bool fleet_meant(const struct simulation *simulation, const struct sought *sought, const char *name);
/* NULL: the scenario knows of none. */
struct watched *fleet_watched(struct simulation *simulation, const char *id, size_t length);
/* Count what is there now, of each component. */
void fleet_tally(struct simulation *simulation);
/* What carries the application's mark at any location, in words; NULL: nothing. */
const char *fleet_leftover(struct simulation *simulation);

/* --- simulate_processes.c: the application's programs on the machines of those who deploy --- */
void processes_begin(struct deployer *deployer);
void processes_tally(struct simulation *simulation);
/* One of the application that still runs on a machine, in words; NULL: none does. */
const char *processes_leftover(struct simulation *simulation);
/* How many were meant. */
unsigned processes_kill(struct simulation *simulation, const struct sought *sought);

/* --- simulate_names.c: whom and what the scenario names --- */
/* Complains of components and locations that the blueprints do not have. 0 or -1. */
int names_check(struct simulation *simulation, struct diagnostics *list);
/* Calls images as the engines do. */
void names_settle(struct simulation *simulation, struct diagnostics *list);
/* Complains of images that the scenario says something of, and no component ever had. */
void names_end(struct simulation *simulation);

/* --- simulate_controller.c: who keeps what was deployed as its policies say --- */
/* From now on that deployer has one. 0 or -1 with *err. */
int controller_begin(struct deployer *by, struct error *err);
/* At once, or in front of that call. False: there is none to kill. */
bool controller_kill(struct deployer *by, int64_t at_call);
/* Those that died are let go of, and come back. */
void controllers_look(struct simulation *simulation);
void controllers_release(struct simulation *simulation);

/* --- simulate_faults.c: what goes wrong --- */
void faults_begin(struct simulation *simulation);
/* Complains of faults that no call met. */
void faults_end(struct simulation *simulation);
/* It was to be killed in front of a call that it did not come to. */
void death_missed(struct simulation *simulation, const struct run *run);
/* A fault, a kill, a removal, a reboot, a jump of the clock. */
void faults_act(struct simulation *simulation, const struct scenario_step *step);

/* --- simulate_steps.c: what happens in turn --- */
void steps_begin(struct simulation *simulation);
/* After each event: what has ended, and what comes next. */
void steps_look(struct simulation *simulation);
bool steps_over(const struct simulation *simulation);
/* The last questions: how it is, and whether a deploy would change anything. */
void steps_ask(struct simulation *simulation);
void steps_release(struct simulation *simulation);

/* --- simulate_run.c: a command in a process of its own --- */
/* Of that step, or one of the last questions (`step` NULL); `track` waits for it. One that cannot begin has
 * no operation. NULL: no memory. */
struct run *run_begin(struct simulation *simulation, const struct scenario_step *step, int action,
		      struct track *track);
/* Its operation is done, or it is dead. */
void run_end(struct run *run);
void run_kill(struct run *run, const char *why);
/* Lets go of what it holds, once it ended or in the middle. */
void run_close(struct run *run);

/* --- simulate_outcome.c: how a command ended --- */
/* The verb: "deploy". */
const char *run_words(const struct run *run);
/* "deploy", "stop web api", "scale web 4" */
void run_describe(const struct run *run, struct text *to);
/* `document` NULL: it made none. */
void run_judge(struct run *run, const json_t *document);
/* Whether a plan's document lists anything but what is unchanged. */
bool plan_changes(const json_t *document);

/* --- simulate_judge.c: what must hold --- */
void verdicts_begin(struct simulation *simulation);
/* Look at what is there now. */
void verdicts_look(struct simulation *simulation);
/* Something was done to it that it is to recover from, until `end_ms`. */
void verdicts_disturbed(struct simulation *simulation, int64_t end_ms, const char *words);
/* How a step ended is itself an assertion. `why` NULL: as it was to. */
void verdicts_note(struct simulation *simulation, struct place place, const char *what, const char *why);
/* How long it must be looked at further; -1: no longer. */
int64_t verdicts_waits(const struct simulation *simulation);
/* What can only be said at the end. True: all held. */
bool verdicts_end(struct simulation *simulation, json_t *ret_list);

/* --- simulate_samples.c: sensors that tell what was recorded, and what becomes of the sizes --- */
/* What is wrong with a file goes to `list`. 0, or -1 with *err. */
int samples_begin(struct simulation *simulation, struct diagnostics *list, struct error *err);
/* From now on that berth's sensors tell them. */
void samples_of(struct simulation *simulation, struct berth *berth);
/* Time has gone on. */
void samples_look(struct simulation *simulation);
/* {"sizes": [...], "metrics": [...]}; NULL: nothing was recorded. */
json_t *samples_json(const struct simulation *simulation);
void samples_release(struct simulation *simulation);

/* --- simulate_story.c --- */
int64_t story_now(const struct simulation *simulation); /* milliseconds from its beginning */
/* How far something has come (`pulling redis:3: 10 of 42 MB`) is not told again and again; `told` has the
 * last words about each instance. */
bool story_is_news(struct simulation *simulation, struct map **told, const struct berth_event *event);
void story_tell(struct simulation *simulation, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "30s", "1m30s", "250ms" */
const char *duration_words(int64_t ms, char ret[static 32]);

#endif
