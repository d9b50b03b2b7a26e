/* store.h - what berth remembers between commands, in SQLite: written on the world's worker, awaited by
 * number.
 *
 * The target is the truth: losing this file loses history and remembered choices, never resources.
 */
#ifndef BERTH_ENGINE_STORE_H
#define BERTH_ENGINE_STORE_H

#include "base/arena.h"
#include "base/json.h"
#include "base/world.h"
#include "engine/known_facts.h"

struct store;

/* What a deploy leaves behind for the next command. Texts are owned by the struct. */
struct stored_application {
	char *name, *file, *directory, *blueprint;
	json_t *settings; /* list of texts */
	json_t
	    *variables; /* {NAME: value or null}: what it asked the environment for, but for sensitive ones */
	json_t *locations;        /* [{"name", "spec"}] */
	json_t *pins;             /* {COMPONENT: image id} that a rollback goes back to; NULL: none */
	char *by;                 /* who asked for it; only written, and told by store_revisions */
	struct known_facts facts; /* what its instances were made from, for the plan's reasons */
	int64_t revision, deployed_ms;
};

/* Whether what is remembered of an instance may be otherwise by now. */
enum doubt {
	NO_DOUBT,
	DOUBT_LIMITS, /* a change of its limits was begun, and is not known to have ended */
	DOUBT_HANDS,  /* another store may have changed it in place */
	DOUBT_BEGUN,  /* a change of all that is changed in place was begun, and is not known to have ended */
};

/* What is remembered of one instance. */
struct stored_instance {
	char *target_id; /* the incarnation that was seen ready */
	json_t *ports;   /* {"6379/tcp": 20431}: numbers that were picked for it */
	char *files; /* the digest of the files it was given last, where it differs from what it was made with
		      */
	char *limits; /* what its target can change in place, as it is: limits.h; NULL: not known */
	enum doubt doubt;
};

/* The store in `directory`, made there (0700, file 0600) when something is first written. `committed` is
 * called on the loop after every commit. NULL when memory is gone. */
struct store *store_new(struct world *world, const char *directory);
/* Waits for the commit under way. NULL is fine. */
void store_free(struct store *store);
/* Call `committed(owner)` after each commit or failure; one listener per owner. */
int store_listen(struct store *store, void (*committed)(void *owner), void *owner);
void store_unlisten(struct store *store, void *owner);

/* What is kept in memory of the file goes, and is read again when it is asked for. */
void store_give_back(struct store *store);

/* Reading, at once. 0 with NULL in *ret when there is nothing; -1 with *err when the file cannot be used. */
int store_application(struct store *store, const char *name, struct stored_application **ret,
		      struct error *err);
int store_applications(struct store *store, json_t **ret_names, struct error *err);
int store_instance(struct store *store, const char *app, const char *name, struct stored_instance *ret,
		   struct error *err);
/* The same of all instances of an application, by name. */
struct known_instances {
	struct arena arena; /* of the texts */
	struct known_instance {
		const char *name, *target_id, *ports, *files, *limits; /* `ports` as text; NULL: none */
		enum doubt doubt;
	} * items;
	size_t count, room;
};
/* 0 or -1, with nothing in *ret. */
int store_instances(struct store *store, const char *app, struct known_instances *ret, struct error *err);
const struct known_instance *known_find(const struct known_instances *known, const char *name); /* or NULL */
void known_release(struct known_instances *known);
int store_events(struct store *store, const char *app, int64_t limit, json_t **ret_events, struct error *err);
/* {COMPONENT: text}: what its policies remember. 0 or -1. */
int store_memories(struct store *store, const char *app, json_t **ret, struct error *err);
/* {COMPONENT: text}: the sizes of its clusters. 0 or -1. */
int store_sizes(struct store *store, const char *app, json_t **ret, struct error *err);
/* {COMPONENT: text}: who made it that large: sizing.c. 0 or -1. */
int store_sized(struct store *store, const char *app, json_t **ret, struct error *err);
/* {INSTANCE: machine}: on which of a pool's machines each is; of no application (""): {MACHINE: text}, how
 * each of them is. 0 or -1. */
int store_machines(struct store *store, const char *app, json_t **ret, struct error *err);
/* {INSTANCE: by}: those that were stopped on purpose. 0 or -1. */
int store_stopped(struct store *store, const char *app, json_t **ret, struct error *err);
/* One revision, as it was asked for: without facts and locations. Number 0: the newest before the present one
 * that ended well, else the one before it. NULL in *ret: there is none. 0 or -1. */
int store_revision(struct store *store, const char *app, int64_t number, struct stored_application **ret,
		   struct error *err);
/* [{"revision", "time", "file", "by", "outcome", "images", "current"}], the newest first. 0 or -1. */
int store_revisions(struct store *store, const char *app, json_t **ret, struct error *err);
/* Which events, and in *ret_last the number of the newest one of the whole store that was looked at. */
struct event_query {
	const char *app; /* NULL: of all */
	int64_t after;   /* only those with a higher number; 0: all */
	int64_t since_ms, limit;
};
int store_events_of(struct store *store, const struct event_query *wanted, json_t **ret_events,
		    int64_t *ret_last, struct error *err);
/* A change that outlives whoever carries it out: lasting.c. */
struct stored_lasting {
	const char *name, *app;
	const char *text; /* of whoever asked for it */
	const char *over; /* why nobody is to go on with it: lasting.c's words; NULL: one may */
	int64_t time_ms;  /* when it was asked for, and when its turn came; 0: it did not */
	int64_t begun_ms;
	int64_t revision; /* that it made of the application; 0: none, or none yet */
};
/* Those of that name, or of that application (NULL: any), in the order in which they were asked for; texts
 * are valid during the call. 0 or -1. */
int store_lasting(struct store *store, const char *name, const char *app,
		  int (*found)(void *owner, const struct stored_lasting *lasting), void *owner,
		  struct error *err);
/* {INSTANCE: true}: those of which it was recorded since then that they run. 0 or -1. */
int store_ran_since(struct store *store, const char *app, int64_t since_ms, json_t **ret, struct error *err);
/* Cheap: another number when anything in the store may have changed, by whomever; 0: there is none yet. */
uint64_t store_version(struct store *store);
/* A moment as events have it: "2026-01-02T03:04:05.678Z". */
json_t *json_moment(int64_t wall_ms);
void stored_application_free(struct stored_application *application);
void stored_instance_release(struct stored_instance *instance);

/* Writing: each puts a record in the queue and returns its number (never 0), or 0 when memory is gone. */
uint64_t store_put_application(struct store *store, const struct stored_application *application);
uint64_t store_drop_application(struct store *store, const char *name);
uint64_t store_put_intent(struct store *store, const char *app, const char *instance, const char *location,
			  const char *what, const char *digest);
/* NULL target_id: it is gone. */
uint64_t store_put_instance(struct store *store, const char *app, const char *instance, const char *target_id,
			    const json_t *ports, const char *files, const char *limits);
uint64_t store_put_event(struct store *store, const char *app, const char *component, const char *instance,
			 const char *what, const char *text);
/* The same of an instance's phase, with what is to be done about it; NULL: nothing is known to help. It may
 * become durable only with what is put after it in this turn. */
uint64_t store_put_failure(struct store *store, const char *app, const char *component, const char *instance,
			   const char *what, const char *text, const char *remedy);
/* How a revision's last deploy ended, and which images {COMPONENT: id} ran then. */
uint64_t store_put_revision_end(struct store *store, const char *app, int64_t revision, const json_t *images,
				int outcome);
/* What the policies of a component remember. */
uint64_t store_put_memory(struct store *store, const char *app, const char *component, const char *text);
/* How many members a cluster is to have: sizes.c. */
uint64_t store_put_size(struct store *store, const char *app, const char *component, const char *text);
/* Who made a component as large as it is, since when, and why: sizing.c. */
uint64_t store_put_sized(struct store *store, const char *app, const char *component, const char *text);
/* On which machine an instance is, or how a machine is: store_machines(). Over by itself once it is gone. */
uint64_t store_put_machine(struct store *store, const char *app, const char *name, const char *text);
/* Nobody is to start it: it was stopped on purpose, by whom or what `by` says. NULL: that is over. It is over
 * by itself once the instance is known to run, or is gone. */
uint64_t store_put_stopped(struct store *store, const char *app, const char *instance, const char *by);
/* A change that lasts: it is asked for; its turn has come, and maybe made a revision (0: not); nobody is to
 * go on with it, or with any of `app`'s; it has ended. */
uint64_t store_put_lasting(struct store *store, const struct stored_lasting *lasting);
uint64_t store_put_lasting_begun(struct store *store, const char *name, int64_t revision);
uint64_t store_put_lasting_over(struct store *store, const char *name, const char *app, const char *why);
uint64_t store_put_lasting_end(struct store *store, const char *name);
/* 1: durable. 0: not yet. -1: the commit failed, *err says why (and everything after it). */
int store_durable(struct store *store, uint64_t number, struct error *err);
/* The record that was put last; 0: none was. Whoever must read what others put waits until it is durable. */
uint64_t store_last(const struct store *store);

#endif
