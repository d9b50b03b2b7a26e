/* fake.h - the scripted target: what a test tells it to do, how long to take and when to fail. */
#ifndef BERTH_LOCATIONS_FAKE_FAKE_H
#define BERTH_LOCATIONS_FAKE_FAKE_H

#include "locations/location.h"

/* The target itself outlives the locations that are opened on it, as a real one outlives the program. */
struct fake_target;

enum fake_call { /* every driver function that speaks to a target */
		 FAKE_CONNECT,
		 FAKE_LIST,
		 FAKE_LOOK,
		 FAKE_CLAIM,
		 FAKE_DISCLAIM,
		 FAKE_PREPARE,
		 FAKE_RELEASE,
		 FAKE_PLACE,
		 FAKE_START,
		 FAKE_ADMIT,
		 FAKE_PROBE,
		 FAKE_STOP,
		 FAKE_REMOVE,
		 FAKE_LOGS,
		 FAKE_UPDATE,
		 FAKE_DELIVER,
		 FAKE_SIGNAL,
		 FAKE_WITHDRAW,
		 FAKE_RENAME,
		 FAKE_EXEC,
		 FAKE_LEASE,
		 FAKE_TIDY,
		 FAKE_USAGE,
		 FAKE_CALLS
};

/* What takes its time at the target itself, whoever waits for it. */
enum fake_process {
	FAKE_BUILDING, /* what a place asked for is being made */
	FAKE_LEAVING,  /* what a remove asked for is being deleted, and still listed */
	FAKE_STAGING,  /* a task of a target that keeps them itself is on its way to run, besides the least */
	FAKE_LATENESS, /* what was asked by a caller who has gone is done */
	FAKE_PROCESSES
};

/* What happens to the next calls that match; of several rules that do, the first one made decides. */
struct fake_rule {
	enum fake_call call;
	const char *instance; /* its name (for calls about no instance: the application's), or NULL for any */
	unsigned skip, times; /* after so many matches, for so many; times 0: for ever */
	int64_t delay_ms;     /* added to the call's own time */
	bool effect;          /* with an error: it happened all the same (the answer was lost) */
	int64_t late_ms;      /* with an effect: so long after the answer was lost */
	const char *fault; /* of a place: it is accepted, and then ends in an error with these static words */
	bool for_ever;     /* of a place: it is being built for ever; of a remove: being deleted; of an
			      update: the tasks that are made never run */
	struct error error; /* OK: only delayed */
};

struct fake_target *fake_target_new(struct world *world);
void fake_target_free(struct fake_target *target);
/* A location's driver after open is a copy of fake_driver with that location's own capabilities, until it is
 * closed. Locations whose spec is {type: fake, target: NAME} (or plain `fake`: name "fake") find the target
 * of that name here; one that is not registered is made for the location and dies with it. NULL removes it. A
 * target is freed after the locations that are opened on it were closed. */
int fake_target_register(const char *name, struct fake_target *target);
int fake_target_rule(struct fake_target *target, const struct fake_rule *wanted);
void fake_target_capabilities(struct fake_target *target, const struct capabilities *capabilities);
void fake_target_time(struct fake_target *target, enum fake_call call,
		      int64_t delay_ms); /* default 0: at once */
/* Between so long and so long, evenly; 0 and 0: at once, as it is when nothing was said. */
void fake_target_pace(struct fake_target *target, enum fake_process process, int64_t least_ms,
		      int64_t most_ms);
/* It has room for so many instances, and says so when there is none for another; SIZE_MAX: for any number. */
void fake_target_room(struct fake_target *target, size_t instances);
/* What whoever asks before anything is made is told to be missing, in static words; "": nobody can be asked,
 * NULL: all is there. How often it was asked. */
void fake_target_lacks(struct fake_target *target, const char *words);
size_t fake_target_preflights(const struct fake_target *target);
void fake_target_unreachable(struct fake_target *target, bool unreachable);
/* All rules are forgotten. */
void fake_target_calm(struct fake_target *target);
/* Things happen at the target without us: an instance ends, vanishes, a stranger takes a name, an image
 * moves. */
int fake_target_exit(struct fake_target *target, const char *name,
		     int exit_code); /* negative: that signal; stays ended until it is started */
/* As of one whose machine does not answer, or does again. -1: it is not there. */
int fake_target_hide(struct fake_target *target, const char *name, bool hidden);
/* As of one whose machine cannot be asked, for what is wrong on our side. -1: it is not there. */
int fake_target_bar(struct fake_target *target, const char *name, bool barred);
/* It is broken with what it holds, where no restart helps. -1: it is not there. */
int fake_target_break(struct fake_target *target, const char *name);
/* As by `docker pause`: it answers nobody until it is started. -1: it does not run. */
int fake_target_pause(struct fake_target *target, const char *name);
/* The same, but its restart policy decides what follows. */
int fake_target_crash(struct fake_target *target, const char *name, int exit_code);
/* Those who watch are told of the instance though nothing happened; NULL: that they missed something. */
void fake_target_event(struct fake_target *target, const char *app, const char *name);
/* The same of an end that it never had, or had before: of that incarnation, at that time of the wall clock.
 */
int fake_target_tell_end(struct fake_target *target, const char *name, const char *target_id, int64_t at_ms);
int fake_target_vanish(struct fake_target *target, const char *name);
int fake_target_stranger(struct fake_target *target, const char *name);
int fake_target_image(struct fake_target *target, const char *reference,
		      const char *id); /* id NULL: there is none */
/* What a registry has under a reference, for those who always ask it, and how long it takes to fetch that.
 * The target has it once it was fetched. id NULL: the registry does not tell, and gives nothing. */
int fake_target_registry(struct fake_target *target, const char *reference, const char *id, int64_t pull_ms);
/* How often registries were asked what they have. */
size_t fake_target_asked(const struct fake_target *target);
/* Somebody else binds that port at the target, or lets go of it. */
int fake_target_port(struct fake_target *target, const char *address, uint16_t port, enum protocol protocol,
		     bool taken);
/* How an instance behaves once started: exits so often with that code before it stays; never answers probes;
 * ... A job that ends with code 3 after 2 s: {.exits = 1, .exit_code = 3, .lives_ms = 2000}. */
struct fake_behaviour {
	const char *component; /* "app.component", or the name of the one instance meant */
	const char *image;     /* only of those made from this image; NULL: of all. An instance's name goes
				  before an image, an image before none */
	unsigned exits; /* ends so often after a start (UINT32_MAX: always); whether the target starts it
			   again its spec's `restart` says */
	int exit_code;
	int64_t lives_ms;         /* so long before it ends; 0: 50 */
	int64_t answers_after_ms; /* from its start; -1: never */
	bool unverifiable;        /* nobody can ask whether it answers */
	const char *log;          /* what it writes each start */
	const char *heard;        /* what it writes when it is sent a signal */
};
int fake_target_behave(struct fake_target *target, const struct fake_behaviour *wanted);
/* What a command does when it is run inside an instance. One that the target was told nothing of writes its
 * own words and a newline, and ends with 0. */
struct fake_command {
	const char *words;           /* its argv with single spaces between; NULL: any that no other is for */
	const char *output, *errors; /* what it writes on either stream; NULL: nothing */
	bool echoes;                 /* then writes what it reads until its input ends */
	bool reads;                  /* then reads until its input ends */
	int code;
	struct error error; /* not OK: it does not get to run */
};
int fake_target_command(struct fake_target *target, const struct fake_command *wanted);
/* How often the engine made that call (all instances), and how many instances there are now, doubles and what
 * is leaving among them; and how many calls whose callers have gone are still to be done. */
size_t fake_target_calls(const struct fake_target *target, enum fake_call call);
size_t fake_target_instances(const struct fake_target *target);
size_t fake_target_late(const struct fake_target *target);
/* The instance as the target holds it, or NULL; valid until the next event. */
const struct observed *fake_target_find(const struct fake_target *target, const char *name);
/* Of a target that keeps the tasks of a component itself: one of them ends, the oldest is the first, and is
 * replaced; how many answer; the number it has for a port, or 0; somebody else changes the component. */
int fake_target_task_dies(struct fake_target *target, const char *name, unsigned nth, int exit_code);
size_t fake_target_tasks(const struct fake_target *target, const char *name);
uint16_t fake_target_task_port(const struct fake_target *target, const char *name, unsigned nth,
			       uint16_t port);
int fake_target_lock(struct fake_target *target, const char *name, int64_t lasts_ms);
/* What an instance uses from now on. What grows is given for each second that it runs; until it is told
 * something, none of it is known. */
int fake_target_usage(struct fake_target *target, const char *name, const struct usage *usage);
/* The same of all that are told nothing of their own, also of those to come. */
void fake_target_usual(struct fake_target *target, const struct usage *usage);
/* It writes that, as it is. */
int fake_target_write(struct fake_target *target, const char *name, const char *bytes);
/* Who is let in to an application's ports, a line each ("db 6379/tcp web in its group"); NULL: it was never
 * asked. */
const char *fake_target_let_in(const struct fake_target *target, const char *name);
/* The variables an instance was made with ("NAME=value", NULL-terminated), or NULL. */
const char *const *fake_target_environment(const struct fake_target *target, const char *name);
/* What it got so far, in order, NULL-terminated; or NULL. Signals: "HUP"; commands: their argv with spaces.
 */
const char *const *fake_target_signals(const struct fake_target *target, const char *name);
const char *const *fake_target_commands(const struct fake_target *target, const char *name);
/* What the last command could read at once, since its files were written; NULL: nothing. */
const char *fake_target_input(const struct fake_target *target, const char *name);
/* The options of the machine that it was to have; NULL: those of the location. */
const char *fake_target_machine(const struct fake_target *target, const char *name);
/* The files that lie in it. */
const struct spec_file *fake_target_files(const struct fake_target *target, const char *name,
					  size_t *ret_count);

#endif
