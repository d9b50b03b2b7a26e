/* target.h - what the scripted target is made of, shared by the files of the fake driver. */
#ifndef BERTH_LOCATIONS_FAKE_TARGET_H
#define BERTH_LOCATIONS_FAKE_TARGET_H

#include "base/map.h"
#include "locations/fake/fake.h"
#include "locations/fake/memory.h"

/* A host port in use; entries of one number and protocol form a chain. */
struct held_port {
	struct held_port *next;
	const struct fake_instance *holder; /* NULL: somebody else's */
	char address[];
};

struct port_wish {
	const char *address; /* published there; NULL: not published */
	uint16_t port, number;
	enum protocol protocol;
};

/* Words in the order they came. */
struct words {
	const char **list; /* NULL-terminated once there is one */
	size_t count;
};

/* When which part of the output was written. */
struct log_mark {
	size_t end;
	int64_t at_ms;
};

/* One of those that a target keeps itself. */
struct fake_task {
	struct fake_task *next; /* the oldest first */
	struct fake_instance *of;
	char id[80], host[16];
	unsigned version;
	bool runs, answers;
	struct attached_port *ports;
	struct timer *timer; /* until it runs, answers, or ends early */
};

/* What an instance is made of, as far as that can change. */
struct fake_make {
	unsigned version, count;
	const char *digest, *link_digest, *secret_salt, *secret_digest, *file_digest, *type, *image_id,
	    *image;
	const char **environment;
	struct port_wish *ports;
	size_t port_count;
	struct spec_file *files;
	size_t file_count;
};

struct fake_instance {
	struct fake_target *target;
	struct fake_instance *same_name; /* the next of those that have its name */
	struct memory memory;            /* of all the strings below and of the instance itself */
	struct observed seen;
	char address[16]; /* on its application's network: while it runs, and between runs if it is pinned */
	bool pinned;      /* it keeps the address it has, or the one it was made for */
	char target_id[24];
	const char *group;   /* "app.component" */
	const char *image;   /* the reference it was made from; NULL without one */
	const char *machine; /* the options of its machine, on a line; NULL: those of the location */
	const char **environment;
	struct port_wish *ports;
	size_t port_count;
	struct spec_host *hosts; /* names of its own */
	size_t host_count;
	struct attachment *attachments;
	bool shared_from_start;
	int64_t since_ms; /* monotonic: when it last began to run */
	unsigned exits_left;
	int64_t pause_ms;    /* before the target starts it again */
	struct timer *timer; /* its next end or start; that of its building, of its leaving */
	bool building;
	bool hidden; /* its machine does not answer, */
	bool barred; /* or cannot be asked, for what is wrong on our side */
	/* Where the grain is the component. */
	bool grouped, suspended, rolling;
	struct fake_task *tasks;
	struct fake_make made, settled; /* as it is to be; as it was last, whole; version 0: never */
	unsigned versions, stuck_version;
	struct timer *lock; /* somebody else's change is under way until then */
	int64_t lock_since_ms;
	const char *fault; /* its building ends in an error, with these words; or NULL */
	struct text log;
	struct log_mark *marks;
	size_t mark_count;
	struct memory files_memory;
	struct spec_file *files;
	size_t file_count;
	const char
	    *input; /* what the last command could read at once; NULL: nothing, or its files are newer */
	struct words signals, commands;
	/* Told to it; what grows, by how much in a second, and what that came to by usage_ms (monotonic; 0:
	 * it was told nothing). */
	struct usage usage, grown;
	int64_t usage_ms;
};

/* What is to be told: the instance's name, and its end (of `target_id`) where it is one. */
struct news {
	char *name, *target_id;
	struct told_end end;
};

/* Somebody who asked to be told about an application. */
struct watch {
	struct watch *next;
	const struct location *location;
	struct world *world;
	change_sink *changed;
	void *owner;
	struct timer *timer;
	struct news *news;
	size_t count, capacity;
	bool relist; /* names were missed */
	bool *gone;  /* while it is being told: where to say that it was removed */
};

struct fake_app {
	struct map *instances;                      /* target_id -> struct fake_instance */
	struct map *volumes;                        /* name -> itself, a copy */
	struct map *addresses;                      /* address -> the struct fake_instance that has it */
	char *owner_id, *owner_words, *owner_place; /* NULL: unclaimed */
	char *lease_token, *lease_words;            /* NULL: never taken, or given back */
	int64_t lease_until_ms;                     /* on the world's clock */
	bool prepared;
	char *let_in; /* a line for each of those that are; NULL: it was not asked to let in anybody */
	struct watch *watches;
	char *name;
};

struct rule {
	struct rule *next;
	struct fake_rule rule;
	char *instance;
	unsigned matched;
};

/* What a driver can do at locations that were given the same capabilities. */
struct fake_table {
	struct location_driver driver;
	struct fake_table *next;
};

struct fake_target {
	struct world *world;
	struct map *apps;       /* struct fake_app */
	struct map *instances;  /* name -> struct fake_instance, the first of that name; all applications' */
	struct map *strangers;  /* names */
	struct map *images;     /* reference -> its id, "" when there is none */
	struct map *registries; /* reference -> the id that its registry has, "" when it does not tell */
	int64_t pull_ms;
	size_t asked;
	struct map *behaviours; /* "app.component image" and the like -> struct fake_behaviour */
	struct map *commands;   /* its words, "" for any other -> struct fake_command */
	struct map *ports;      /* "8080/tcp" -> struct held_port */
	struct rule *rules, **last_rule;
	struct capabilities capabilities;
	struct fake_table *tables; /* of locations at it */
	bool unreachable;
	int64_t time[FAKE_CALLS];
	struct {
		int64_t least_ms, most_ms;
	} paces[FAKE_PROCESSES];
	struct late *lates;
	size_t calls[FAKE_CALLS];
	struct call *readers; /* calls that follow an instance: its log, a command in it */
	uint32_t made, addresses;
	size_t instance_count, room;
	uint16_t next_port;
	const char *lack; /* of what is to be made; NULL: nothing lacks, "": nobody tells */
	size_t preflights;
	struct usage usual; /* of those that were told nothing */
	bool usual_told;
};

/* --- target.c --- */
struct fake_target *fake_target_named(const char *name); /* NULL when none is registered */
/* Made when absent; NULL: no memory. */
struct fake_app *target_app(struct fake_target *target, const char *name);
struct fake_instance *target_instance(const struct fake_target *target, const char *name);
/* The id a reference has, in `hex` when the target was told nothing about it; NULL: no such image. */
/* What the registry has under a reference; NULL when it is not known to have any of its own, "" when it does
 * not tell. */
const char *target_registry(const struct fake_target *target, const char *reference);
const char *target_image(const struct fake_target *target, const char *reference, char hex[static 80]);
/* The rule for a call that begins now, or NULL. */
const struct fake_rule *target_rule(struct fake_target *target, enum fake_call call, const char *name);

/* What the target was told of that instance ("app.component" is its group), or NULL. */
const struct fake_behaviour *target_behaviour(const struct fake_target *target, const char *name,
					      const char *group, const char *image);
/* How that command acts, or NULL. */
const struct fake_command *target_command(const struct fake_target *target, const char *words);

/* How long that takes now. */
int64_t target_pace(struct fake_target *target, enum fake_process process);

bool map_value_free(const char *name, void *value, void *context); /* for map_each */

/* --- names.c --- */
int name_hold(struct fake_instance *instance); /* its own; 0 or -1 */
void name_let_go(struct fake_instance *instance);
int name_change(struct fake_instance *instance,
		const char *name); /* whose text stays the caller's; 0 or -1 */
/* The one that the name, be it that of a double, means for this application (NULL: any); `location` knows
 * what the engine knows, or NULL. */
struct fake_instance *name_holder(const struct fake_target *target, const struct location *location,
				  const char *app, const char *name);

/* --- tasks.c: what a target keeps itself --- */
void tasks_start(struct fake_instance *instance, unsigned count);
void tasks_stop(struct fake_instance *instance);
/* Make it what the spec says; `stuck`: what is made of it never runs. 0 or -1 (no memory). */
int tasks_change(struct fake_instance *instance, const struct instance_spec *spec, bool stuck);
/* What it was when it was last whole; false: it never was. */
bool tasks_take_back(struct fake_instance *instance);
void tasks_tell(const struct fake_instance *instance, struct arena *arena, struct observed *ret);

/* --- late.c: what is done when whoever asked for it has gone --- */
void lates_free(struct fake_target *target);

/* --- watch.c --- */
void target_changed(struct fake_target *target, const char *app, const char *name);
/* It has ended, which is told along with it. */
void target_ended(struct fake_target *target, const struct observed *seen);
/* The same with another end, which may be a lie. */
void target_tell_end(struct fake_target *target, const char *app, const char *name,
		     const struct told_end *end);
void target_relist(struct fake_target *target);
int watch_add(struct fake_target *target, const struct location *location, const char *app,
	      change_sink *changed, void *owner);
void watch_remove(struct fake_app *app, const struct location *location);
void watches_close(struct fake_target *target, const struct location *location);
void watches_free(struct fake_app *app);

/* --- instance.c: what happens to one instance at the target --- */
int instance_start(struct fake_instance *instance, struct error *err);
void instance_end(struct fake_instance *instance, int exit_code);
void instance_remove(struct fake_instance *instance);
void instance_free(struct fake_instance *instance);
int instance_rename(struct fake_instance *instance, const char *name, unsigned generation, struct error *err);
const struct fake_behaviour *instance_behaviour(const struct fake_instance *instance);
/* Whoever watches it or reads from it looks again. */
void instance_tell(const struct fake_instance *instance);
void instance_write(struct fake_instance *instance, const char *words); /* NULL: nothing */
/* --- usage.c --- */
int instance_usage(struct fake_instance *instance, struct usage *ret, struct error *err);
/* It ends by itself; its restart policy decides what follows. */
void instance_crash(struct fake_instance *instance, int exit_code);

/* It is asked to be deleted: gone at once, or leaving for a while, `for_ever`. */
void instance_leave(struct fake_instance *instance, bool for_ever);
/* It is being built from now on. */
void instance_build(struct fake_instance *instance, bool for_ever);

/* --- keep.c: an instance is made --- */
int instance_make(struct fake_target *target, const struct instance_spec *spec,
		  const struct attachment *attachments, size_t count, struct fake_instance **ret,
		  struct error *err);
/* Whether all the digests are those of the spec. */
bool instance_made_of(const struct fake_instance *instance, const struct instance_spec *spec);
/* Make it of another spec; what it was made of stays in its memory. 0 or -1. */
int instance_make_of(struct fake_instance *instance, const struct instance_spec *spec);
/* It is what instance->made says. */
void instance_be_made_of(struct fake_instance *instance);
/* In place of those it had. */
int instance_keep_files(struct fake_instance *instance, const struct instance_spec *spec);
int words_add(struct memory *memory, struct words *words, const char *word);

/* --- addresses.c --- */
/* The address of a start: the pinned one or a fresh one; ERR_CONFLICT when another running one has it. */
int address_hold(struct fake_instance *instance, struct error *err);
void address_let_go(struct fake_instance *instance);

/* --- ports.c --- */
bool port_taken(const struct fake_target *target, const char *address, uint16_t port, enum protocol protocol);
int port_hold(struct fake_target *target, const char *address, uint16_t port, enum protocol protocol,
	      const struct fake_instance *holder);
void port_let_go(struct fake_target *target, uint16_t port, enum protocol protocol,
		 const struct fake_instance *holder);
void ports_free(struct fake_target *target);

/* --- call.c --- */
/* Followers of this instance look again (NULL: all of them). */
void calls_output(struct fake_target *target, const char *instance);
/* They follow it under its new name. */
void calls_renamed(struct fake_target *target, const char *from, const char *to);

#endif
