/* stubs.c - the processes of a stage as models: their states, and what is written down of each change. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "stage.h"

json_t *stage_decide(struct stage *s, const char *what)
{
	json_t *decision = json_pack("{s:I, s:s}", "t_ms", (json_int_t)s->now, "what", what);

	json_array_append_new(s->decisions, decision);
	return decision;
}

void stage_sensed(struct stage *s, const char *entity, const char *sensor, json_t *value)
{
	json_t *decision = stage_decide(s, "sensor");

	json_object_set_new(decision, "entity", json_string(entity));
	json_object_set_new(decision, "sensor", json_string(sensor));
	if (value)
		json_object_set_new(decision, "value", value);
}

void stage_called(struct stage *s, const char *op, const char *entity, bool failed)
{
	json_t *decision = stage_decide(s, op);

	json_object_set_new(decision, "entity", json_string(entity));
	if (failed)
		json_object_set_new(decision, "outcome", json_string("error"));
}

/* --- states ---------------------------------------------------------------------------------- */

struct cluster_health stage_health(const struct stage *s)
{
	size_t members = 0, up = 0, on_fire = 0;

	for (size_t i = 0; i < s->stub_count; i++) {
		members += s->stubs[i].member;
		up += s->stubs[i].member && s->stubs[i].up == UP_YES;
		on_fire += s->stubs[i].member && s->stubs[i].actual == LIFE_ON_FIRE;
	}
	return cluster_health(members, up, on_fire, s->had_members);
}

void stage_group_look(struct stage *s)
{
	if (!s->cluster || s->group_expected == LIFE_NONE)
		return;
	bool on_fire = json_object_size(s->group_problems) > 0 || stage_health(s).on_fire;
	enum lifecycle state = s->group_expected;
	if (state == LIFE_RUNNING && on_fire)
		state = LIFE_ON_FIRE;
	if (state == s->group_state)
		return;
	s->group_state = state;
	stage_sensed(s, "subject", "service.state", json_string(lifecycle_name(state)));
}

void stub_set_actual(struct stage *s, struct stub *stub, enum lifecycle life)
{
	if (life == LIFE_NONE || stub->actual == life)
		return;
	stub->actual = life;
	stage_sensed(s, stub->name, "service.state", json_string(lifecycle_name(life)));
	stage_group_look(s);
}

/* What Brooklyn computes where no failure detector took its place. */
static void compute_actual(struct stage *s, struct stub *stub)
{
	if (!s->with_detector)
		stub_set_actual(s, stub,
				actual_state(stub->expected, stub->up, json_object_size(stub->problems) > 0,
					     stub->problems != NULL));
}

void stub_expect(struct stage *s, struct stub *stub, enum lifecycle life)
{
	if (life == LIFE_RUNNING && stub->up != UP_YES && stub->settles_at < 0) {
		stub->settles_at = s->now + BRIEF_WAIT_MS;
		return;
	}
	stub->settles_at = -1;
	stub->expected = life;
	stage_sensed(s, stub->name, "service.state.expected", json_string(lifecycle_name(life)));
	compute_actual(s, stub);
}

void stub_set_up(struct stage *s, struct stub *stub, enum service_up up)
{
	stub->up = up;
	compute_actual(s, stub);
	if (up == UP_YES && stub->settles_at >= 0)
		stub_expect(s, stub, LIFE_RUNNING);
	stage_group_look(s);
}

enum lifecycle lifecycle_of(const char *text)
{
	for (int life = LIFE_CREATED; text && life < LIFE_COUNT; life++)
		if (!strcmp(text, lifecycle_name((enum lifecycle)life)) ||
		    (life == LIFE_ON_FIRE && !strcmp(text, "on_fire")))
			return (enum lifecycle)life;
	return LIFE_NONE;
}

enum service_up up_of(const json_t *value)
{
	return json_is_true(value) ? UP_YES : json_is_false(value) ? UP_NO : UP_UNSET;
}

struct stub *stub_named(struct stage *s, const char *name)
{
	for (size_t i = 0; name && i < s->stub_count; i++)
		if (!strcmp(s->stubs[i].name, name))
			return &s->stubs[i];
	return NULL;
}

struct stub *stub_add(struct stage *s)
{
	struct stub *stub = &s->stubs[s->stub_count < MOST_STUBS ? s->stub_count++ : MOST_STUBS - 1];

	*stub = (struct stub){.settles_at = -1, .child = true};
	snprintf(stub->name, sizeof(stub->name), "m%zu", (size_t)(stub - s->stubs));
	return stub;
}

void stub_set_problem(struct stage *s, struct stub *stub, const char *key, const json_t *value)
{
	bool made = !stub->problems, changed;
	const char *name;
	json_t *item;

	if (made)
		stub->problems = json_object();
	if (json_is_null(value) || !value)
		changed = json_object_del(stub->problems, key) == 0;
	else if ((changed = !json_equal(json_object_get(stub->problems, key), value)))
		json_object_set_new(stub->problems, key, json_deep_copy(value));
	if (!changed && !made)
		return;
	json_t *keys = json_array();
	json_object_foreach (stub->problems, name, item)
		json_array_append_new(keys, json_string(name));
	stage_sensed(s, stub->name, "service.problems", keys);
	compute_actual(s, stub);
}
