/* call.h - calls on their way to the scripted target, and what one location of the fake driver keeps. */
#ifndef BERTH_LOCATIONS_FAKE_CALL_H
#define BERTH_LOCATIONS_FAKE_CALL_H

#include "locations/fake/target.h"

/* A location's own state. */
struct fake {
	const struct location_driver *driver; /* a table with this location's capabilities */
	struct location_driver *made;         /* while its options are read */
	struct location *location;
	struct fake_target *target;
	bool own_target;
	char *target_name, *address;
	int64_t delay_ms;
	size_t room;         /* for so many instances */
	int64_t patience_ms; /* for what is being built, or deleted */
	struct call *calls;
};

/* What a driver's function asks; all of it stays valid until the errand is over. */
struct question {
	enum fake_call kind;
	const char *app, *name;           /* name: of an instance, else NULL */
	const struct instance_spec *spec; /* of place, start, admit, probe, update and deliver */
	const struct owner *owner;        /* of claim */
	const struct lease *lease;
	const char *word; /* the signal, the new name, the lease's token, who is let in */
	bool flag;        /* adopt, volumes */
	struct exec_session *session;
	const struct log_options *log;
	log_sink *sink;
	void *sink_owner;
};

/* One errand under way. */
struct call {
	struct call *next, **back; /* among the location's */
	struct call *next_reader;  /* among those that follow an instance */
	struct call **reader_back; /* NULL: it follows none */
	struct fake *fake;
	struct errand *errand;
	struct question question;
	char *app, *name, *word, *owner_id, *owner_words, *owner_place; /* own copies */
	struct owner owner;
	struct lease lease; /* its strings are `word` and `owner_words` */
	struct log_options log;
	size_t log_read; /* bytes already given to the sink */
	struct timer *timer;
	bool reading; /* the sink got the beginning */
	bool echoes;  /* the command gives back what it reads */
	bool reads;   /* the command waits for the end of its input */
	bool arrived, effect, done;
	bool began, taken_back; /* of an update: how far it has come */
	bool late;              /* whoever asked for it has gone */
	bool patient;           /* its timer only ends its patience */
	char follows[24];       /* the target_id of what is being built */
	int64_t late_ms;
	const char *fault;
	bool for_ever;
	struct error *scripted; /* what its rule has it answer; NULL: what comes of it */
	struct error *result;   /* why it failed; NULL: it did not */
};

/* Start the call, or see whether it has come back. DONE: it has, and went well. */
enum progress call_ask(struct location *location, struct errand *errand, const struct question *question,
		       struct error *err);
/* The caller has something new for a call that is followed: look at it from the loop. */
void call_poke(struct call *call);
/* Let go of it; what was sent is done all the same. */
void call_drop(struct call *call);

/* --- effects.c: what a call does when it reaches the target --- */
int call_act(struct call *call, struct error *err);
/* The instance of that name if it carries our mark for the application: 0; ERR_MISSING; or ERR_CONFLICT. */
int find_ours(const struct fake *fake, const char *app, const char *name, struct fake_instance **ret,
	      struct error *err);
/* The same, but where nothing of that name is there: 0 with NULL in *ret. */
int find_if_there(const struct fake *fake, const char *app, const char *name, struct fake_instance **ret,
		  struct error *err);
/* What this location tells of an instance of the target. */
void tell_instance(const struct fake *fake, struct memory *memory, const struct fake_instance *instance,
		   struct observed *ret);
int fake_foresee(struct fake *fake, const struct instance_spec *spec, struct arena *arena,
		 const struct attachment **ret, size_t *ret_count, struct error *err);

/* --- changes.c: what changes at an instance that is there --- */
int act_update(struct call *call, struct error *err);
int act_deliver(struct call *call, struct error *err);
int act_signal(struct call *call, struct error *err);
int act_withdraw(struct call *call, struct error *err);
int act_rename(struct call *call, struct error *err);

/* --- leases.c --- */
int act_lease(struct call *call, struct error *err);
int act_tidy(struct call *call, struct error *err);

/* --- exec.c --- */
int act_exec(struct call *call, struct error *err);
/* Give the session what the command writes and take what it reads; true when it has ended. */
bool call_converse(struct call *call);

/* --- rolling.c: what a target that keeps the tasks itself is asked to change --- */
/* Begin it, unless something else is under way there. 0 or -1 (no memory). */
int call_begin_roll(struct call *call, struct fake_instance *instance);
int64_t await_rolling(struct call *call, struct error *err); /* as call_await */

/* --- building.c: what is accepted first and done later --- */
/* How much of its patience is left for what began then. */
int64_t patience_left(const struct fake *fake, int64_t since_ms);
/* Whether a call that was taken is waited for. */
bool call_waits(const struct call *call);
/* -1 when it is done, or has failed with *err; else after how long at the latest to ask again. */
int64_t call_await(struct call *call, struct error *err);

/* --- late.c --- */
/* It will be done although its caller has gone, as if it were another call, after so long. */
void late_send(const struct call *call, int64_t delay_ms);

/* --- output.c --- */
/* Give the sink what it has not seen; true when there is nothing more to wait for. */
bool call_read(struct call *call);

/* --- inventory.c --- */
int fake_list(struct fake *fake, const struct list_request *request, struct inventory *ret,
	      struct error *err);

/* --- options.c --- */
int fake_options(struct fake *fake, const struct location_spec *spec, struct error *err);

#endif
