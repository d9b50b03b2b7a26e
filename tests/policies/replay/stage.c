/* stage.c - the subjects of the recordings, as models: a process, a cluster of processes with its quarantine,
 * and a port that listens or not. What the policies wish is done to them at once, or after as long as the
 * series says. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "stage.h"

static int64_t number_of(const json_t *object, const char *key, int64_t otherwise)
{
	return json_number(object, key, otherwise);
}

/* --- what is done ------------------------------------------------------------------------------ */

bool stage_fails(struct stage *s, const char *op, const char *entity)
{
	for (size_t i = 0; i < s->failing_count; i++) {
		struct failing *f = &s->failing[i];
		if (f->left > 0 && !strcmp(f->op, op) && (!*f->entity || !strcmp(f->entity, entity))) {
			f->left--;
			return true;
		}
	}
	return false;
}

void stage_end_later(struct stage *s, int64_t delay, enum ending ending, size_t stub, uint64_t wish,
		     bool failed)
{
	if (s->event_count == MOST_STUBS) {
		s->broken = true;
		return;
	}
	s->events[s->event_count++] = (struct event){s->now + delay, ending, stub, wish, failed};
}

static void outcome(struct stage *s, uint64_t wish, enum outcome_kind kind)
{
	if (s->outcome_count < MOST_STUBS)
		s->outcomes[s->outcome_count++] = (struct wish_outcome){wish, kind, NULL};
}

static void restart(struct stage *s, struct stub *stub, uint64_t wish)
{
	bool failed = stage_fails(s, "restart", stub->name);

	stage_called(s, "restart", stub->name, failed);
	if (failed)
		outcome(s, wish, OUTCOME_FAILED);
	else
		stage_end_later(s, s->restart_ms, END_RESTART, (size_t)(stub - s->stubs), wish, false);
}

void stage_resized(struct stage *s, struct stub *stub, bool added)
{
	stub->member = added;
	s->had_members |= added;
	s->size += added ? 1 : (size_t)-1;
	stage_sensed(s, "subject", "group.members.count", json_integer((json_int_t)s->size));
	stage_sensed(s, "subject", added ? "group.members.added" : "group.members.removed",
		     json_string(stub->name));
	stage_group_look(s);
}

void stage_cast_out(struct stage *s, struct stub *stub)
{
	stage_resized(s, stub, false);
	stub->quarantined = cluster_fate(START_FAILED, s->quarantine) == FATE_QUARANTINED;
	stub->child = stub->quarantined;
}

static void replacement_end(struct stage *s, enum outcome_kind kind)
{
	struct replacement *done = &s->queue[0];

	if (done->wish) {
		outcome(s, done->wish, kind);
	} else {
		json_t *decision = stage_decide(s, "returned");
		json_object_set_new(decision, "op", json_string("replace"));
		if (kind == OUTCOME_DONE)
			json_object_set_new(decision, "value", json_string(s->stubs[done->fresh].name));
		else
			json_object_set_new(
			    decision, "error",
			    json_string(done->stranger ? "NoSuchElementException" : "IllegalStateException"));
	}
	memmove(s->queue, s->queue + 1, --s->queue_count * sizeof(*s->queue));
	s->replacing = false;
}

static void replacement_begin(struct stage *s)
{
	struct stub *old = stub_named(s, s->queue[0].old);

	if (!old || !old->member) {
		s->queue[0].stranger = true;
		replacement_end(s, OUTCOME_FAILED);
		return;
	}
	struct stub *fresh = stub_add(s);
	s->queue[0].fresh = (size_t)(fresh - s->stubs);
	fresh->actual = fresh->expected = LIFE_STARTING;
	stage_resized(s, fresh, true);
	bool failed = stage_fails(s, "start", fresh->name);
	stage_called(s, "start", fresh->name, failed);
	int64_t takes = failed || s->start_ms < MEMBER_CALL_MS ? MEMBER_CALL_MS : s->start_ms;
	stage_end_later(s, takes, END_START, s->queue[0].fresh, 0, failed);
}

/* The new one of the replacement under way is started: now the old one goes. */
static void started(struct stage *s, struct stub *fresh, bool failed)
{
	if (failed) {
		fresh->actual = fresh->expected = LIFE_ON_FIRE;
		fresh->up = UP_NO;
		stage_group_look(s);
		stage_cast_out(s, fresh);
		replacement_end(s, OUTCOME_FAILED);
		return;
	}
	fresh->up = UP_YES;
	fresh->actual = fresh->expected = LIFE_RUNNING;
	struct stub *old = stub_named(s, s->queue[0].old);
	stage_resized(s, old, false);
	bool refuses = stage_fails(s, "stop", old->name);
	stage_called(s, "stop", old->name, refuses);
	stage_end_later(s, refuses ? 0 : s->stop_ms, END_STOP, (size_t)(old - s->stubs), 0, refuses);
}

static void end(struct stage *s, const struct event *event)
{
	struct stub *stub = &s->stubs[event->stub];

	if (event->ending == END_RESTART) {
		stub_set_up(s, stub, UP_YES);
		stub_expect(s, stub, LIFE_RUNNING);
		outcome(s, event->wish, OUTCOME_DONE);
	} else if (event->ending == END_WAIT) {
		replacement_begin(s);
	} else if (event->ending == END_START) {
		started(s, stub, event->failed);
	} else if (event->ending == END_STOP) {
		stub->child = false;
		replacement_end(s, event->failed ? OUTCOME_OLD_STAYS : OUTCOME_DONE);
	} else {
		group_end(s, event);
	}
}

static void replace_later(struct stage *s, const char *old, uint64_t wish)
{
	if (s->queue_count == MOST_STUBS) {
		s->broken = true;
		return;
	}
	struct replacement *added = &s->queue[s->queue_count++];
	*added = (struct replacement){.wish = wish};
	snprintf(added->old, sizeof(added->old), "%s", old);
}

/* --- what the policies see and wish ------------------------------------------------------------ */

static const char *first_problem(const struct stub *stub)
{
	return json_object_size(stub->problems) ? json_object_iter_key(json_object_iter(stub->problems))
						: NULL;
}

static void carry_out(struct stage *s, const struct wish *wish)
{
	struct stub *stub = stub_named(s, wish->member);

	if (wish->id && wish->id <= s->begun && wish->kind != WISH_PROBE)
		return; /* told again: under way */
	switch (wish->kind) {
	case WISH_STATE:
		stub_set_actual(s, stub, wish->life);
		break;
	case WISH_EXPECT:
		stub_expect(s, stub, wish->life);
		break;
	case WISH_SIGNAL:
		stage_sensed(s, wish->member ? wish->member : "subject", wish->what, NULL);
		break;
	case WISH_PROBLEM:
		json_object_set_new(s->group_problems, wish->what, json_string(wish->why));
		stage_group_look(s);
		break;
	case WISH_PROBE:
		outcome(s, wish->id, s->listening ? OUTCOME_DONE : OUTCOME_FAILED);
		break;
	case WISH_RESTART:
		restart(s, stub, wish->id);
		break;
	case WISH_REPLACE:
		replace_later(s, wish->member, wish->id);
		break;
	case WISH_STOP:
	case WISH_INVOKE:
	case WISH_RESIZE:
	case WISH_REPORT:
		break;
	}
}

static int step(struct stage *s)
{
	owned_arena arena = {0};
	struct member_sense senses[MOST_STUBS];
	struct senses all = {
	    .members = senses,
	    .signals = s->signals,
	    .signal_count = s->signal_count,
	    .outcomes = s->outcomes,
	    .outcome_count = s->outcome_count,
	    .state = s->group_state,
	    .up = true,
	};
	struct wishes wishes;
	uint64_t last = s->begun;

	for (size_t i = 0; i < s->stub_count; i++)
		if (!s->cluster || s->stubs[i].member)
			senses[all.member_count++] = (struct member_sense){
			    .name = s->stubs[i].name,
			    .expected = s->stubs[i].expected,
			    .up = s->stubs[i].up,
			    .problem = first_problem(&s->stubs[i]),
			    .endpoint = "stub:1",
			};
	if (policy_set_step(s->set, &all, s->now, &arena, &wishes, s->err))
		return -1;
	s->signal_count = s->outcome_count = 0;
	s->policy_at = wishes.next_ms;
	for (size_t i = 0; i < wishes.count; i++) {
		carry_out(s, &wishes.list[i]);
		last = wishes.list[i].id > last ? wishes.list[i].id : last;
	}
	s->begun = last;
	if (!s->replacing && s->queue_count) {
		s->replacing = true;
		stage_end_later(s, GROUP_CALL_MS, END_WAIT, 0, 0, false);
	}
	return 0;
}

/* What the policies see now, in one number: when it changes they look again. */
static size_t look_of(const struct stage *s)
{
	size_t sum = s->signal_count + s->outcome_count + json_array_size(s->decisions);

	for (size_t i = 0; i < s->stub_count; i++)
		sum = sum * 31 + s->stubs[i].up * 7 + s->stubs[i].expected +
		      json_object_size(s->stubs[i].problems);
	return sum;
}

/* Until nothing changes any more at this time. */
static int settle(struct stage *s)
{
	for (int i = 0; i < MOST_STEPS_AT_ONE_TIME; i++) {
		size_t before = look_of(s);
		if (step(s))
			return -1;
		if (look_of(s) == before && !s->outcome_count && s->policy_at > s->now &&
		    (s->replacing || !s->queue_count))
			return 0;
	}
	return fail(s->err, ERR_FAILED, "the policies come to no end at %lld ms", (long long)s->now);
}

/* --- the script -------------------------------------------------------------------------------- */

static void signal_later(struct stage *s, const char *sensor, const struct stub *stub)
{
	stage_sensed(s, stub->name, sensor, NULL);
	if (s->signal_count < MOST_STUBS)
		s->signals[s->signal_count++] = (struct policy_signal){sensor, stub->name, NULL};
}

static void fail_next(struct stage *s, const json_t *sample)
{
	const char *op = json_text(sample, "op"), *entity = json_text(sample, "entity");

	if (s->failing_count == MOST_STUBS)
		return;
	struct failing *added = &s->failing[s->failing_count++];
	snprintf(added->op, sizeof(added->op), "%s", op ? op : "");
	snprintf(added->entity, sizeof(added->entity), "%s", entity ? entity : "");
	added->left = number_of(sample, "count", 1);
}

static json_t *names(const struct stage *s, bool (*take)(const struct stub *))
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->stub_count; i++)
		if (take(&s->stubs[i]))
			json_array_append_new(list, json_string(s->stubs[i].name));
	return list;
}

static bool is_member(const struct stub *stub)
{
	return stub->member;
}

static bool is_child(const struct stub *stub)
{
	return stub->child;
}

static bool is_quarantined(const struct stub *stub)
{
	return stub->quarantined;
}

/* How things are now, into an object. */
static void describe(const struct stage *s, json_t *to)
{
	const char *name;
	json_t *item;

	if (!s->cluster) {
		if (s->stubs[0].actual != LIFE_NONE)
			json_object_set_new(to, "service_state",
					    json_string(lifecycle_name(s->stubs[0].actual)));
		if (s->stubs[0].up != UP_UNSET)
			json_object_set_new(to, "service_up", json_boolean(s->stubs[0].up == UP_YES));
		return;
	}
	json_t *children = names(s, is_child);
	if (s->quarantine) {
		json_array_insert_new(children, 0, json_string("QuarantineGroup"));
		json_object_set_new(to, "quarantined", names(s, is_quarantined));
	}
	json_object_set_new(to, "children", children);
	json_object_set_new(to, "members", names(s, is_member));
	if (json_object_size(s->group_problems)) {
		json_t *keys = json_array();
		json_object_foreach (s->group_problems, name, item)
			json_array_append_new(keys, json_string(name));
		json_object_set_new(to, "problems", keys);
	}
	if (s->group_state != LIFE_NONE)
		json_object_set_new(to, "service_state", json_string(lifecycle_name(s->group_state)));
	json_object_set_new(to, "service_up", json_boolean(stage_health(s).up));
	json_object_set_new(to, "size", json_integer((json_int_t)s->size));
}

/* Of the policy the series is about. */
static size_t subject_of(const struct stage *s)
{
	for (size_t i = 0; i < policy_set_count(s->set); i++)
		if (policy_set_type(s->set, i)->kind == s->kind && !policy_set_supplied(s->set, i))
			return i;
	return 0;
}

/* Brooklyn refuses what a policy reads once. */
static void reconfigure(struct stage *s, const char *key, const json_t *value)
{
	if (!policy_set_configure(s->set, subject_of(s), key ? key : "", value, s->err))
		return;
	json_t *decision = stage_decide(s, "script_error");
	json_object_set_new(decision, "event", json_string("config"));
	json_object_set_new(decision, "error", json_string("UnsupportedOperationException"));
}

static int play_sample(struct stage *s, const json_t *sample)
{
	const char *event = json_text(sample, "event"), *entity = json_text(sample, "entity");
	struct stub *stub = stub_named(s, entity ? entity : "m0");
	bool of_group = event && (!strcmp(event, "start") || !strcmp(event, "resize") ||
				  !strcmp(event, "fail_next") || !strcmp(event, "snapshot"));
	const json_t *value = json_object_get(sample, "value");

	if (!event || (!stub && !of_group))
		return fail(s->err, ERR_INVALID, "a sample without an event, or of nobody");
	if (!strcmp(event, "service_up"))
		stub_set_up(s, stub, up_of(value));
	else if (!strcmp(event, "expected"))
		stub_expect(s, stub, lifecycle_of(json_string_value(value)));
	else if (!strcmp(event, "problem"))
		stub_set_problem(s, stub, json_text(sample, "key"), value);
	else if (!strcmp(event, "entity_failed"))
		signal_later(s, "ha.entityFailed", stub);
	else if (!strcmp(event, "restart_failed"))
		signal_later(s, "ha.entityFailed.restart", stub);
	else if (!strcmp(event, "fail_next"))
		fail_next(s, sample);
	else if (!strcmp(event, "listen") || !strcmp(event, "unlisten"))
		s->listening = event[0] == 'l';
	else if (!strcmp(event, "suspend") || !strcmp(event, "resume"))
		policy_set_suspend(s->set, subject_of(s), event[0] == 's');
	else if (!strcmp(event, "replace"))
		replace_later(s, entity, 0);
	else if (!strcmp(event, "start"))
		group_call(s, (struct group_call){GROUP_START, s->initial});
	else if (!strcmp(event, "resize"))
		group_call(s, (struct group_call){GROUP_RESIZE, (size_t)number_of(sample, "value", 0)});
	else if (!strcmp(event, "snapshot"))
		describe(s, stage_decide(s, "snapshot"));
	else if (!strcmp(event, "config"))
		reconfigure(s, json_text(sample, "key"), value);
	else
		return fail(s->err, ERR_UNSUPPORTED, "no such event here: %s", event);
	return 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When something happens next. */
static int64_t next_time(const struct stage *s, size_t sample)
{
	const json_t *next = json_array_get(json_object_get(s->series, "samples"), sample);
	int64_t at = s->policy_at;

	if (next)
		at = earlier(at, number_of(next, "t_ms", 0));
	for (size_t i = 0; i < s->event_count; i++)
		at = earlier(at, s->events[i].at);
	for (size_t i = 0; i < s->stub_count; i++)
		if (s->stubs[i].settles_at >= 0)
			at = earlier(at, s->stubs[i].settles_at);
	return at < s->now ? s->now : at;
}

/* What comes to its end now. Each may bring another. */
static void end_due(struct stage *s)
{
	for (size_t i = 0; i < s->event_count;) {
		if (s->events[i].at > s->now) {
			i++;
			continue;
		}
		struct event event = s->events[i];
		memmove(&s->events[i], &s->events[i + 1], (--s->event_count - i) * sizeof(*s->events));
		end(s, &event);
		i = 0;
	}
	for (size_t i = 0; i < s->stub_count; i++)
		if (s->stubs[i].settles_at >= 0 && s->stubs[i].settles_at <= s->now)
			stub_expect(s, &s->stubs[i], LIFE_RUNNING);
}

static int run(struct stage *s)
{
	int64_t run_ms = number_of(s->series, "run_ms", 0);
	const json_t *samples = json_object_get(s->series, "samples");
	size_t sample = 0;

	if (settle(s))
		return -1;
	for (int events = 0; events < MOST_EVENTS && !s->broken; events++) {
		int64_t at = next_time(s, sample);
		if (at > run_ms)
			return 0;
		s->now = at;
		/* Ends before beginnings; each sample is seen by the policies before the next one. */
		size_t ends = s->event_count;
		end_due(s);
		const json_t *next = json_array_get(samples, sample);
		if (ends == s->event_count && next && number_of(next, "t_ms", 0) <= s->now) {
			sample++;
			if (play_sample(s, next))
				return -1;
		}
		if (settle(s))
			return -1;
	}
	return fail(s->err, ERR_FAILED, "it came to no end");
}

/* --- making a stage ---------------------------------------------------------------------------- */

static int set_up_policies(struct stage *s)
{
	static const struct {
		const char *policy, *type;
		enum policy_kind kind;
	} kinds[] = {
	    {"service-restarter", "org.apache.brooklyn.policy.ha.ServiceRestarter", POLICY_RESTARTER},
	    {"service-replacer", "org.apache.brooklyn.policy.ha.ServiceReplacer", POLICY_REPLACER},
	    {"service-failure-detector", "org.apache.brooklyn.policy.ha.ServiceFailureDetector",
	     POLICY_FAILURE_DETECTOR},
	    {"connection-failure-detector", "org.apache.brooklyn.policy.ha.ConnectionFailureDetector",
	     POLICY_CONNECTION_DETECTOR},
	};
	const char *policy = json_text(s->series, "policy");
	const json_t *subject = json_object_get(s->series, "subject");
	struct policy_spec specs[3];
	size_t count = 0;

	for (size_t i = 0; policy && i < COUNT_OF(kinds); i++)
		if (!strcmp(policy, kinds[i].policy)) {
			s->kind = kinds[i].kind;
			specs[count++] =
			    (struct policy_spec){kinds[i].type, json_object_get(s->series, "config")};
		}
	if (!count && (!policy || strcmp(policy, "dynamic-cluster") != 0))
		return fail(s->err, ERR_UNSUPPORTED, "no such policy here: %s", policy ? policy : "none");
	s->with_detector = s->kind == POLICY_FAILURE_DETECTOR ||
			   json_flag(s->series, "with_detector", false) ||
			   json_flag(subject, "member_detector", false);
	if (s->with_detector && s->kind != POLICY_FAILURE_DETECTOR)
		specs[count++] =
		    (struct policy_spec){kinds[2].type, json_object_get(s->series, "detector_config")};
	if (json_flag(subject, "member_restarter", false))
		specs[count++] = (struct policy_spec){kinds[0].type, NULL};
	s->set = policy_set_new(specs, count, s->err);
	if (!s->set)
		return -1;
	/* Brooklyn's supplies none. */
	for (size_t i = 0; i < policy_set_count(s->set); i++)
		policy_set_suspend(s->set, i, policy_set_supplied(s->set, i));
	return 0;
}

static void set_up_subject(struct stage *s)
{
	const json_t *subject = json_object_get(s->series, "subject");
	const json_t *initial = json_object_get(subject, "initial");
	const char *type = json_text(subject, "type");

	s->cluster = type && !strcmp(type, "cluster");
	s->start_ms = number_of(subject, "start_ms", 0);
	s->stop_ms = number_of(subject, "stop_ms", 0);
	s->restart_ms = number_of(subject, "restart_ms", 0);
	s->listening = json_flag(subject, "listening", true);
	s->quarantine =
	    json_flag(json_object_get(subject, "cluster_config"), "quarantineFailedEntities", true);
	s->group_problems = json_object();
	s->initial = s->cluster ? (size_t)number_of(subject, "size", 0) : 1;
	if (s->cluster && !json_flag(subject, "start", true))
		return;
	s->group_state = s->group_expected = LIFE_RUNNING;
	s->size = s->initial;
	s->had_members = s->size > 0;
	for (size_t i = 0; i < s->size && i < MOST_STUBS; i++) {
		struct stub *stub = stub_add(s);
		stub->member = s->cluster;
		stub->expected = s->cluster ? LIFE_RUNNING : lifecycle_of(json_text(initial, "expected"));
		stub->up = s->cluster ? UP_YES : up_of(json_object_get(initial, "service_up"));
		stub->actual = actual_state(stub->expected, stub->up, false, false);
	}
}

static bool is_of(const json_t *series, const char *policy)
{
	const char *name = json_text(series, "policy");

	return name && !strcmp(name, policy);
}

int stage_play(const json_t *series, json_t **ret_decisions, json_t **ret_final, struct error *err)
{
	struct stage *s = calloc(1, sizeof(*s));
	int result = -1;

	*ret_decisions = json_array();
	*ret_final = json_object();
	if (!s)
		return fail_memory(err);
	if (is_of(series, "autoscaler")) {
		free(s);
		return pool_play(series, *ret_decisions, *ret_final, err);
	}
	s->series = series;
	s->decisions = *ret_decisions;
	s->err = err;
	if (!set_up_policies(s)) {
		set_up_subject(s);
		result = run(s);
		describe(s, *ret_final);
	}
	policy_set_free(s->set);
	for (size_t i = 0; i < s->stub_count; i++)
		json_decref(s->stubs[i].problems);
	json_decref(s->group_problems);
	free(s);
	return result;
}
