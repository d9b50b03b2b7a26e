/* pool.c - the pool of the autoscaler's recordings, as a model: it has a size, takes its time to change it,
 * and may have no room or fail. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "policies/policy.h"
#include "replay.h"

enum { MOST_STEPS_AT_ONE_TIME = 100, MOST_STEPS = 100000 };
/* A thread that waits for a moment wakes a little after it: what happens at the round moments of a script
 * comes before the check that is due then. */
enum { WAKES_LATE_MS = 1 };

struct pool {
	const json_t *series, *subject;
	struct policy_set *set;
	int64_t now, policy_at;
	int64_t size, capacity; /* capacity: -1: no bound */
	bool up, partial;
	int64_t calls;
	uint64_t begun;  /* wishes up to this id were begun */
	int64_t ends_at; /* of the resize under way; -1: none */
	uint64_t wish;   /* whose it is */
	int64_t target;
	json_t *resize; /* its decision, borrowed */
	bool fails;
	struct wish_outcome outcome;
	size_t outcome_count;
	struct sample sample;
	size_t sample_count;
	json_t *decisions;
	struct error *err;
};

static json_t *decide(struct pool *p, const char *what)
{
	json_t *decision = json_pack("{s:I, s:s}", "t_ms", (json_int_t)p->now, "what", what);

	json_array_append_new(p->decisions, decision);
	return decision;
}

/* --- resizing ------------------------------------------------------------------------------------ */

/* Calls are counted from 1. */
static bool is_to_fail(const struct pool *p)
{
	const json_t *list = json_object_get(p->subject, "fail_calls"), *item;
	size_t i;

	if (json_is_number(list))
		return json_integer_value(list) == p->calls;
	json_array_foreach (list, i, item)
		if (json_integer_value(item) == p->calls)
			return true;
	return false;
}

static void resize_end(struct pool *p)
{
	bool too_much = !p->fails && p->capacity >= 0 && p->target > p->capacity;
	bool publishes = json_flag(p->subject, "publish_size", false);

	if (!p->fails && !too_much)
		p->size = p->target;
	else if (too_much && p->partial && p->size < p->capacity)
		p->size = p->capacity;
	if (p->fails || too_much) {
		json_object_set_new(p->resize, "outcome",
				    json_string(p->fails ? "error" : "insufficient_capacity"));
		json_object_set_new(p->resize, "size_after", json_integer(p->size));
	}
	if (publishes && !p->fails) {
		p->sample = (struct sample){
		    .sensor = "group.members.count", .kind = SAMPLE_NUMBER, .number = (double)p->size};
		p->sample_count = 1;
	}
	p->outcome = (struct wish_outcome){.id = p->wish,
					   .kind = p->fails   ? OUTCOME_FAILED
						   : too_much ? OUTCOME_NO_CAPACITY
							      : OUTCOME_DONE};
	p->outcome_count = 1;
	p->ends_at = -1;
}

static void resize_begin(struct pool *p, const struct wish *wish)
{
	p->calls++;
	p->wish = wish->id;
	p->target = wish->size;
	p->fails = is_to_fail(p);
	p->resize = decide(p, "resize");
	json_object_set_new(p->resize, "from", json_integer(p->size));
	json_object_set_new(p->resize, "to", json_integer(p->target));
	p->ends_at = p->now + (p->fails ? 0 : json_number(p->subject, "resize_ms", 0));
	if (p->ends_at <= p->now)
		resize_end(p);
}

static void emitted(struct pool *p, const struct wish *wish)
{
	json_t *decision = decide(p, "sensor");

	json_object_set_new(decision, "entity", json_string("subject"));
	json_object_set_new(decision, "sensor", json_string(wish->what));
	if (wish->limit)
		json_object_set_new(decision, "value",
				    json_pack("{s:I, s:I, s:I, s:I, s:I}", "currentPoolSize",
					      (json_int_t)wish->limit->current_size, "maxAllowed",
					      (json_int_t)wish->limit->max_allowed, "currentUnbounded",
					      (json_int_t)wish->limit->current_unbounded, "maxUnbounded",
					      (json_int_t)wish->limit->max_unbounded, "timeWindow",
					      (json_int_t)wish->limit->time_window));
}

/* --- a step --------------------------------------------------------------------------------------- */

static int step(struct pool *p)
{
	owned_arena arena = {0};
	struct senses senses = {
	    .samples = &p->sample,
	    .sample_count = p->sample_count,
	    .outcomes = &p->outcome,
	    .outcome_count = p->outcome_count,
	    .size = p->size,
	    .state = LIFE_RUNNING,
	    .up = p->up,
	};
	struct wishes wishes;

	if (policy_set_step(p->set, &senses, p->now, &arena, &wishes, p->err))
		return -1;
	p->sample_count = p->outcome_count = 0;
	p->policy_at = wishes.next_ms;
	for (size_t i = 0; i < wishes.count; i++) {
		const struct wish *wish = &wishes.list[i];
		if (wish->kind == WISH_SIGNAL)
			emitted(p, wish);
		if (wish->kind != WISH_RESIZE || wish->id <= p->begun)
			continue;
		p->begun = wish->id;
		resize_begin(p, wish);
	}
	return 0;
}

static int settle(struct pool *p)
{
	for (int i = 0; i < MOST_STEPS_AT_ONE_TIME; i++) {
		if (step(p))
			return -1;
		if (!p->sample_count && !p->outcome_count && p->policy_at > p->now)
			return 0;
	}
	return fail(p->err, ERR_FAILED, "the policy comes to no end at %lld ms", (long long)p->now);
}

/* --- the script ------------------------------------------------------------------------------------ */

static double real_of(const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_number(value))
		return json_number_value(value);
	return text ? strtod(text, NULL) : NAN;
}

static void publish(struct pool *p, const char *sensor, const json_t *value)
{
	p->sample = (struct sample){.sensor = sensor,
				    .kind = value && !json_is_null(value) ? SAMPLE_NUMBER : SAMPLE_NOTHING,
				    .number = real_of(value)};
	p->sample_count = 1;
}

/* The sensor that says that all is well has the name of the cold one. */
static void publish_load(struct pool *p, const char *event, const json_t *sample)
{
	p->sample = (struct sample){
	    .sensor = strcmp(event, "hot") != 0 ? "resizablepool.cold" : "resizablepool.hot",
	    .kind = SAMPLE_LOAD,
	    .load = {.size = json_number(sample, "current_size", -1),
		     .rate = real_of(json_object_get(sample, "workrate")),
		     .low = real_of(json_object_get(sample, "low")),
		     .high = real_of(json_object_get(sample, "high"))},
	};
	p->sample_count = 1;
}

/* Brooklyn refuses what a policy reads once, and a minimum above the maximum. */
static void reconfigure(struct pool *p, const char *key, const json_t *value)
{
	const struct policy_type *type = policy_set_type(p->set, 0);
	int index = policy_key_find(type, key ? key : "");

	if (index >= 0 && !policy_set_configure(p->set, 0, key, value, p->err))
		return;
	json_t *decision = decide(p, "script_error");
	json_object_set_new(decision, "event", json_string("config"));
	json_object_set_new(decision, "error",
			    json_string(index >= 0 && type->keys[index].live
					    ? "IllegalArgumentException"
					    : "UnsupportedOperationException"));
}

static int play_sample(struct pool *p, const json_t *sample)
{
	const char *event = json_text(sample, "event");
	const json_t *value = json_object_get(sample, "value");

	if (!event)
		return fail(p->err, ERR_INVALID, "a sample without an event");
	if (!strcmp(event, "metric")) {
		publish(p, "load", value);
	} else if (!strcmp(event, "metric_remove")) {
		publish(p, "load", NULL);
	} else if (!strcmp(event, "hot") || !strcmp(event, "cold") || !strcmp(event, "ok")) {
		publish_load(p, event, sample);
	} else if (!strcmp(event, "size")) {
		p->size = json_integer_value(value);
		publish(p, "group.members.count", value);
	} else if (!strcmp(event, "capacity")) {
		p->capacity = json_is_integer(value) ? json_integer_value(value) : -1;
	} else if (!strcmp(event, "service_up")) {
		p->up = json_is_true(value);
	} else if (!strcmp(event, "suspend") || !strcmp(event, "resume")) {
		policy_set_suspend(p->set, 0, event[0] == 's');
	} else if (!strcmp(event, "config")) {
		reconfigure(p, json_text(sample, "key"), value);
	} else {
		return fail(p->err, ERR_UNSUPPORTED, "no such event here: %s", event);
	}
	return 0;
}

static int64_t next_time(const struct pool *p, const json_t *sample)
{
	int64_t at = p->policy_at < INT64_MAX ? p->policy_at + WAKES_LATE_MS : INT64_MAX;

	if (sample && json_number(sample, "t_ms", 0) < at)
		at = json_number(sample, "t_ms", 0);
	if (p->ends_at >= 0 && p->ends_at < at)
		at = p->ends_at;
	return at < p->now ? p->now : at;
}

static int run(struct pool *p)
{
	const json_t *samples = json_object_get(p->series, "samples");
	int64_t run_ms = json_number(p->series, "run_ms", 0);
	size_t sample = 0;

	if (settle(p))
		return -1;
	for (int steps = 0; steps < MOST_STEPS; steps++) {
		const json_t *next = json_array_get(samples, sample);
		int64_t at = next_time(p, next);
		if (at > run_ms)
			return 0;
		p->now = at;
		if (p->ends_at >= 0 && p->ends_at <= at) {
			resize_end(p);
		} else if (next && json_number(next, "t_ms", 0) <= at) {
			sample++;
			if (play_sample(p, next))
				return -1;
		}
		if (settle(p))
			return -1;
	}
	return fail(p->err, ERR_FAILED, "it came to no end");
}

/* --- making it --------------------------------------------------------------------------------------- */

static void set_up(struct pool *p)
{
	const json_t *up = json_object_get(p->subject, "service_up");
	const char *mode = json_text(p->subject, "capacity_mode");

	p->size = json_number(p->subject, "size", 0);
	p->capacity = json_number(p->subject, "capacity", -1);
	p->partial = !mode || strcmp(mode, "none") != 0;
	p->up = !up || json_is_true(up);
	p->ends_at = -1;
}

int pool_play(const json_t *series, json_t *decisions, json_t *final, struct error *err)
{
	struct pool p = {
	    .series = series,
	    .subject = json_object_get(series, "subject"),
	    .decisions = decisions,
	    .err = err,
	};
	const json_t *given = json_object_get(series, "config");
	owned_json config = given ? json_copy((json_t *)given) : json_object();
	struct policy_spec spec = {"org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy", config};

	set_up(&p);
	if (json_flag(series, "use_metric", false))
		json_object_set_new(config, "metric", json_string("load"));
	if (json_flag(series, "use_max_sensor", false))
		json_object_set_new(config, "maxSizeReachedSensor",
				    json_string("resizablepool.maxSizeReached"));
	p.set = policy_set_new(&spec, 1, err);
	int result = p.set ? run(&p) : -1;
	json_object_set_new(final, "size", json_integer(p.size));
	json_t *mark = p.set ? json_object_get(policy_set_config(p.set, 0),
					       "autoscaler.insufficientCapacityHighWaterMark")
			     : NULL;
	if (mark)
		json_object_set(final, "insufficientCapacityHighWaterMark", mark);
	policy_set_free(p.set);
	return result;
}
