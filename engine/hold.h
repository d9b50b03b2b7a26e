/* hold.h - applications that are kept as their policies say: what the files of `hold` share.
 *
 * A hold is an operation that stays. It has read the stored blueprint, listed what is there and watches it;
 * what changes is looked at, the component's policies are asked, and what they wish is done by the same
 * phases as in a deploy. It has the application's lock: whoever wants to change the application has it let go
 * first, and it begins anew afterwards.
 */
#ifndef BERTH_ENGINE_HOLD_H
#define BERTH_ENGINE_HOLD_H

#include "engine/engine.h"
#include "policies/policy.h"

/* A wanted instance, beside its work. */
struct held_instance {
	struct work *work;
	struct held_component *of;
	const char *name;  /* that it has once no other generation is there: policies know it by that */
	uint64_t wish;     /* whose action is under way; 0: none is */
	uint64_t put_off;  /* the one that waits until it is seen again; 0: none does */
	bool acting;       /* something is done to it */
	bool away;         /* a deed is done to it: what is seen of it meanwhile says nothing */
	bool back;         /* that has ended, and it was not looked at since */
	int64_t acting_ms; /* since then; monotonic */
	bool sight_lost;   /* the last look got no answer, */
	bool hindered;     /* for what is wrong on the way there: its target need not be silent */
	bool stopped;      /* on purpose: it is not to run */
	bool on_fire;      /* a policy gave it up: it is expected to be so */
	unsigned refused;  /* so often in a row its target did not do what it takes to restart it */
	bool end_told; /* its target told by itself that it ended, and nobody has seen it or acted since */
	struct observed *ended; /* that is what its instance is seen as then; NULL: never yet */
	struct sense {          /* what its policies were told of it last */
		enum phase phase;
		bool lost, hindered, ill, acting;
	} told;
	/* Its health check, where the blueprint gives it one. */
	char *answered; /* which incarnation of it was seen to answer, here or by a deploy; NULL: none was */
	unsigned failures;     /* in a row */
	int64_t ask_next_ms;   /* monotonic */
	char *problem;         /* why it counts as unhealthy; NULL: it does not */
	struct relink *relink; /* hold_relink.c's; NULL: that was never tried */
};

enum { SAVED_HEX = 32 }; /* as much of a digest as tells two memories apart */

/* A component: what its policies need. */
struct held_component {
	struct hold *hold;
	struct component *component;
	struct policy_set *set; /* NULL: it has no policies */
	struct held_instance *members;
	size_t member_count;
	/* What happened since its policies were asked last. */
	struct wish_outcome *outcomes;
	size_t outcome_count, outcome_room;
	bool due;
	uint64_t first;        /* wish of this hold: those before it were of an earlier one */
	int64_t next_ms;       /* wall clock: when they want to be asked again; INT64_MAX: never */
	int64_t due_ms;        /* the same as a monotonic time, for a wall clock that is set back meanwhile */
	json_t *problems;      /* service.problems; NULL: there was none yet */
	char saved[SAVED_HEX]; /* the digest of what the store has of their memory; "": it has none */
	int64_t unfinished_ms; /* since then a resize of it is not finished, and nobody is at it; 0: it is */
	bool listed_again;     /* whether that is so was not looked at since */
	int64_t tidied_ms;     /* when what stands beside its instances was seen to last; monotonic */
	bool lone;             /* its targets were told to leave restarts to its policies */
	/* Beside the hold, about all or one of its members, whose policies are not asked meanwhile; the
	 * keeper's. NULL: none is. */
	const struct deed *deed;
	bool *awaited;                /* of its sensors only these are asked; NULL: all are */
	struct held_sensors *sensors; /* hold_sensors.c's; NULL: it has none */
};

/* A location is listed again, after what may have been missed. */
struct resurvey {
	bool due, under_way;
	unsigned failures;       /* in a row */
	int64_t at_ms;           /* not before that; monotonic */
	bool claim_due;          /* somebody wants to know whose the application is there */
	int64_t claimed_ms;      /* when it was ours; 0: not known */
	unsigned claim_failures; /* in a row */
	int64_t claim_not_before_ms;
};

struct held_invocation; /* hold_invoke.c's */

/* verb_state of a hold. */
struct hold {
	struct berth_operation *operation;
	struct held_component *components;
	size_t component_count;
	bool any_due;                        /* something happened to one of them */
	struct held_probe *probes;           /* under way */
	struct held_invocation *invocations; /* likewise */
	bool lost;                           /* another owner has the application now */
	bool told_deeds;                     /* policies know what became of those of the last one */
	bool duty_looked_at;                 /* whether its targets know whose restarts are */
	bool let_go;                         /* for a deed */
	bool for_awaited; /* it is awaited.c's: an operation's that only asks for numbers, and somebody was */
	bool told;        /* told one, since who waits was woken */
	struct feed_queue *feeds; /* hold_sensors.c's; NULL: nothing is sensed */
};

/* What a policy wishes and the hold cannot do itself: the keeper has it done beside the hold, which goes on
 * for everything else. It is let go for DEED_DUTY, which is about all, and for DEED_SCALE, after which there
 * are others to hold. */
struct deed {
	enum deed_kind {
		DEED_MEND,
		DEED_REPLACE,
		DEED_STOP,
		DEED_START,
		DEED_RESTART,
		DEED_DUTY,
		DEED_SCALE,
		DEED_INVOKE,
		DEED_RELINK
	} kind;
	char *component;
	char *policy, *why; /* of SCALE: who wishes it, and what for */
	unsigned number;    /* an ordinal, or 0: all of the component; of SCALE the size */
	uint64_t wish;      /* whose outcome is awaited; 0: nobody's */
	bool done;
	enum outcome_kind outcome;
	char *words; /* why it failed */
	struct deed *next;
};
void deeds_free(struct deed *deed);

/* --- hold_instances.c: what is seen of instances, and what is done to them --- */
/* Begin with what was listed: every work at rest, in the phase that the listing tells. 0 or -1 with *err. */
int hold_watch(struct berth_operation *operation, struct error *err);
enum phase step_resting_held(struct work *work);
/* It ends by itself, and is not asked how it is. */
bool held_is_job(const struct work *work);
void hold_changed(struct site *site, struct work *work, const struct told_end *end);
/* What is known of it is nothing but what its target told by itself, and more was told since: a look must
 * tell first. */
bool held_in_doubt(const struct held_instance *held);
/* Of thousands only those about whom something is asked or done have in memory what they are asked to be. */
void hold_forget_spec(struct work *work);
/* Its location was listed (its instance's `seen` is of now), or could not be. */
void hold_sight(struct work *work, bool seen);
/* Stop it and start it, or only start it. */
void held_restart(struct held_instance *held);
/* hold_deeds.c: nothing of ours is under way about those whom the deed is for, or who are needed for it. */
bool hold_may_leave(const struct hold *hold, const struct deed *deed);
/* It is begun, and has ended: those whom it was for are looked at, then their policies hear of it. */
void hold_deed_begins(struct hold *hold, const struct deed *deed);
void hold_deed_ended(struct hold *hold, const struct deed *deed);
/* It was looked at, and is in that phase. */
void held_came_back(struct held_instance *member, enum phase phase);
/* Whether the component's policies may be asked. 1: yes; 0: not yet; -1: no memory. */
int held_at_home(struct held_component *held);

/* --- hold_relink.c: who holds a number that has moved --- */
/* Whether it is to be given the new one; that is begun. */
bool held_relinks(struct held_instance *held);
/* Those there that could not be said to be ours. */
void relinks_wake(const struct site *site);

/* --- hold_health.c: its health check, asked for as long as it runs --- */
/* Whether it is under way: the work is not to be used for anything else. */
bool health_asked(struct work *work);
/* It was seen to answer: the next deploy need not ask again. */
void health_answered(struct held_instance *held);
/* Whether a check that failed so says nothing of the instance. */
bool health_says_nothing(const struct health_check *check, const struct error *err);
/* Those under way are not waited for any more. */
void health_give_up(struct berth_operation *operation);
/* What was found out of another incarnation says nothing of this one. */
void health_forget(struct held_instance *held);

/* --- hold_verb.c --- */
/* Whether restarts are a policy's of ours, and its targets were told so. */
bool hold_restarts_told(const struct berth_operation *operation, const struct component *component);

/* --- hold_resurvey.c --- */
/* List again what is due; the next one is after so many milliseconds (-1: none). */
int64_t hold_resurvey(struct berth_operation *operation);
void resurvey_due(struct site *site, int64_t delay_ms);

/* --- hold_claim.c: nothing is done where somebody else has taken the application over --- */
/* Whether it was ours a moment ago. False: it is asked, and the policies once more when that is known. */
bool hold_site_ours(struct site *site);
void hold_ask_claims(struct hold *hold);

/* --- hold_policies.c --- */
/* Everything that is held beside the works, with what is remembered of it; `done`: what became of deeds that
 * an earlier hold of the application was let go for. 0 or -1 with *err. */
int hold_take_up(struct hold *hold, const struct deed *done, struct error *err);
void hold_let_go(struct hold *hold);
void hold_stepped(struct work *work);
/* Ask the policies of those to whom something happened, or who are due; the next one is due after
 * *ret_delay_ms (-1: never). 0 or -1 with *err. */
int hold_ask_policies(struct hold *hold, int64_t *ret_delay_ms, struct error *err);
/* All of them: what they wished could not be done, and can be now. */
void hold_ask_again(struct hold *hold);
/* Somebody suspended, resumed or set one of them: it is kept, under the record's number that is returned, and
 * they are asked. 0: no memory. */
uint64_t hold_policies_changed(struct held_component *held);
/* All of its instances are seen just now. */
bool held_in_sight(const struct held_component *held);
/* NULL: it is not held. */
const struct held_component *held_component_of(const struct hold *hold, const char *id);
/* hold_health.c: {INSTANCE: {"id": incarnation, "why": words}} of those that are unhealthy. NULL: no memory.
 */
json_t *hold_illnesses(const struct hold *hold);
/* Whether that says so of the one that is seen. */
bool is_illness_of(const json_t *ill, const char *name, const struct observed *seen);
/* An instance is as the hold before knew it, until it is asked. 0 or -1 (no memory). */
int health_inherit(struct held_instance *held, const json_t *ill);
/* Why an instance that another operation saw run counts as unhealthy; NULL: it does not, or is not held. */
const char *hold_problem(const struct hold *hold, const struct instance *instance);
/* What its autoscaler makes of it now. 1; 0: it has none; -1: no memory. */
struct scaling_sight;
int held_scaling(const struct held_component *held, struct arena *arena, struct scaling_sight *ret);
/* "service.isUp", "service.state", "service.state.expected" and "service.problems", as members of an object.
 * False, and nothing is written: it is a job, or not all of it is in sight. */
bool held_write_sensors(const struct held_component *held, struct text *to);
/* What an interrupted change left beside its instances is seen to. 0 or -1 (no memory). */
int held_tidy(struct held_component *held);
/* The same once more, some minutes later, of those that are well: what could not be removed then. */
int held_tidy_again(struct held_component *held);
/* Whether another one of it was left on a machine of a pool that was silent. */
bool held_twice(const struct held_instance *member);
/* hold_wishes.c: do what they wish, as far as it can be begun now. 0 or -1 with *err. */
int hold_carry_out(struct held_component *held, const struct wishes *wishes, struct error *err);
/* Make it anew with what it is given from others now. 0 or -1 (no memory). */
int held_relink(struct held_component *held);
/* A resize that was cut off is brought to its end after a while; *ret_delay_ms: when. 0 or -1 (no memory). */
int hold_finish_resize(struct held_component *held, int64_t *ret_delay_ms);
/* How what was wished for ended. 0 or -1 (no memory). */
int held_outcome(struct held_component *held, uint64_t wish, enum outcome_kind kind, const char *words);
/* hold_probe.c: whether an address answers; its outcome comes by itself. 0 or -1 (no memory). */
int hold_probe(struct held_component *held, const struct wish *wish);
void hold_step_probes(struct hold *hold);
void hold_probes_end(struct hold *hold);
/* hold_invoke.c: an effector of the blueprint, beside everything else; its outcome comes by itself. 0 or -1.
 */
int hold_invoke(struct held_component *held, const struct wish *wish);
void hold_step_invocations(struct hold *hold);
/* The hold ends: those under way are given up, and told as failed to the next one, not begun again. NULL:
 * none was. */
struct deed *hold_invocations_end(struct hold *hold);
/* "app.web.1:80": its first port, for a probe of it; NULL: it has none. */
const char *held_endpoint(const struct held_instance *member, struct arena *arena);
bool held_well(const struct held_instance *held);
/* It is not seen, and that says nothing of its target. */
bool held_hindered(const struct held_instance *held);

#endif
