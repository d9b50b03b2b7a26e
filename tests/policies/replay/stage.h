/* stage.h - the stage of the recordings: processes, or a cluster of them, and what happens to them later. */
#ifndef BERTH_TESTS_POLICIES_REPLAY_STAGE_H
#define BERTH_TESTS_POLICIES_REPLAY_STAGE_H

#include "policies/cluster.h"
#include "policies/internal.h"
#include "replay.h"

enum { MOST_STUBS = 32, MOST_EVENTS = 4096, MOST_STEPS_AT_ONE_TIME = 100 };
/* Brooklyn waits so long for a service to be up before it expects it to run. To call an effector of a group,
 * and of a member, takes it so long: what is told meanwhile is told before it. */
enum { BRIEF_WAIT_MS = 200, GROUP_CALL_MS = 6, MEMBER_CALL_MS = 5 };

struct stub {
	char name[16];
	enum lifecycle expected, actual;
	enum service_up up;
	json_t *problems; /* NULL: there never were any */
	bool member, child, quarantined;
	int64_t settles_at; /* when it is to be expected running though it is not up; -1 */
};

struct failing {
	char op[16], entity[16];
	int64_t left;
};

/* Something that comes to its end later. */
enum ending {
	END_RESTART,
	/* Of a replacement: the call came through, the new one is started, the old one stopped. */
	END_WAIT,
	END_START,
	END_STOP,
	/* Of what was asked of the group: the call came through, a member is started, or stopped. */
	END_GROUP_CALL,
	END_MEMBER_START,
	END_MEMBER_STOP,
};
struct event {
	int64_t at;
	enum ending ending;
	size_t stub;
	uint64_t wish; /* whose outcome it is */
	bool failed;
};

/* A member to be replaced: one after the other. */
struct replacement {
	char old[16];
	uint64_t wish; /* 0: asked for by the script */
	bool stranger; /* it is no member */
	size_t fresh;
};

/* What was asked of the group: one after the other. */
struct group_call {
	enum { GROUP_START, GROUP_RESIZE } what;
	size_t wanted;
};

struct stage {
	const json_t *series;
	struct policy_set *set;
	enum policy_kind kind;
	bool cluster, with_detector, quarantine, listening;
	int64_t now, start_ms, stop_ms, restart_ms;
	struct stub stubs[MOST_STUBS];
	size_t stub_count;
	size_t size, initial; /* of the group, as told last; and at its start */
	enum lifecycle group_state, group_expected;
	bool had_members;
	json_t *group_problems;
	struct failing failing[MOST_STUBS];
	size_t failing_count;
	struct event events[MOST_STUBS];
	size_t event_count;
	struct replacement queue[MOST_STUBS];
	size_t queue_count;
	bool replacing;
	struct group_call calls[MOST_STUBS];
	size_t call_count;
	bool calling;
	size_t awaited; /* members of the call under way that are not ready */
	bool failures;  /* some of them failed */
	struct policy_signal signals[MOST_STUBS];
	size_t signal_count;
	struct wish_outcome outcomes[MOST_STUBS];
	size_t outcome_count;
	uint64_t begun; /* wishes up to this id were begun */
	int64_t policy_at;
	json_t *decisions;
	struct error *err;
	bool broken;
};

json_t *stage_decide(struct stage *s, const char *what);
void stage_sensed(struct stage *s, const char *entity, const char *sensor, json_t *value);
/* A member was called; with how that ended where it failed. */
void stage_called(struct stage *s, const char *op, const char *entity, bool failed);
/* Whether the script says that this call fails. */
bool stage_fails(struct stage *s, const char *op, const char *entity);
struct stub *stub_add(struct stage *s);
void stage_end_later(struct stage *s, int64_t delay, enum ending ending, size_t stub, uint64_t wish,
		     bool failed);
/* The stub became a member, or is none any more. */
void stage_resized(struct stage *s, struct stub *stub, bool added);
/* A member could not be started: it is no member any more. */
void stage_cast_out(struct stage *s, struct stub *stub);
void stage_group_look(struct stage *s);
struct cluster_health stage_health(const struct stage *s);

/* --- stubs.c: states, and what is written down --- */
void stub_set_actual(struct stage *s, struct stub *stub, enum lifecycle life);
void stub_expect(struct stage *s, struct stub *stub, enum lifecycle life);
void stub_set_up(struct stage *s, struct stub *stub, enum service_up up);
enum lifecycle lifecycle_of(const char *text);
enum service_up up_of(const json_t *value);
struct stub *stub_named(struct stage *s, const char *name);
void stub_set_problem(struct stage *s, struct stub *stub, const char *key, const json_t *value);

/* --- group.c: what is asked of the group --- */
void group_call(struct stage *s, struct group_call call);
void group_end(struct stage *s, const struct event *event);

#endif
