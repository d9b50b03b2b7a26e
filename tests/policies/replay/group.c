/* group.c - what is asked of a cluster of the recordings as a whole: to start, to have another size. */
#include <string.h>

#include "base/json.h"
#include "stage.h"

static struct group_call *under_way(struct stage *s)
{
	return &s->calls[0];
}

static void next_call(struct stage *s)
{
	if (s->calling || !s->call_count)
		return;
	s->calling = true;
	s->failures = false;
	if (under_way(s)->what == GROUP_START) {
		s->group_expected = LIFE_STARTING;
		stage_group_look(s);
	}
	stage_end_later(s, GROUP_CALL_MS, END_GROUP_CALL, 0, 0, false);
}

static void returned(struct stage *s, const char *error)
{
	bool starts = under_way(s)->what == GROUP_START;
	json_t *decision = stage_decide(s, "returned");

	json_object_set_new(decision, "op", json_string(starts ? "start" : "resize"));
	if (error)
		json_object_set_new(decision, "error", json_string(error));
	else if (!starts)
		json_object_set_new(decision, "value", json_integer((json_int_t)s->size));
	memmove(s->calls, s->calls + 1, --s->call_count * sizeof(*s->calls));
	s->calling = false;
	next_call(s);
}

/* --- its members are ready ----------------------------------------------------------------------- */

static void start_end(struct stage *s)
{
	const json_t *config = json_object_get(json_object_get(s->series, "subject"), "cluster_config");
	int64_t quorum = json_number(config, "initialQuorumSize", -1);
	bool started = cluster_has_started((int64_t)s->initial, quorum, s->size);

	if (!started)
		json_object_set_new(s->group_problems, "start", json_string("too few members started"));
	s->group_expected = started ? LIFE_RUNNING : LIFE_ON_FIRE;
	stage_group_look(s);
	returned(s, started ? NULL : "IllegalStateException");
}

static void call_end(struct stage *s)
{
	for (size_t i = 0; i < s->stub_count; i++)
		if (s->stubs[i].member && s->stubs[i].expected == LIFE_ON_FIRE)
			stage_cast_out(s, &s->stubs[i]);
	if (under_way(s)->what == GROUP_START)
		start_end(s);
	else
		returned(s, s->failures ? "IllegalStateException" : NULL);
}

static void member_end(struct stage *s, const struct event *event)
{
	struct stub *stub = &s->stubs[event->stub];

	s->failures |= event->failed;
	if (event->ending == END_MEMBER_STOP) {
		stub->child = false;
	} else {
		stub->up = event->failed ? UP_NO : UP_YES;
		stub->actual = stub->expected = event->failed ? LIFE_ON_FIRE : LIFE_RUNNING;
	}
	stage_group_look(s);
	if (--s->awaited == 0)
		call_end(s);
}

/* --- growing and shrinking ------------------------------------------------------------------------ */

static void grow(struct stage *s, size_t count)
{
	size_t from = s->stub_count;

	for (size_t i = 0; i < count && s->stub_count < MOST_STUBS; i++) {
		struct stub *fresh = stub_add(s);
		fresh->actual = fresh->expected = LIFE_STARTING;
		stage_resized(s, fresh, true);
	}
	for (size_t i = from; i < s->stub_count; i++) {
		bool fails = stage_fails(s, "start", s->stubs[i].name);
		stage_called(s, "start", s->stubs[i].name, fails);
		int64_t takes = fails || s->start_ms < MEMBER_CALL_MS ? MEMBER_CALL_MS : s->start_ms;
		stage_end_later(s, takes, END_MEMBER_START, i, 0, fails);
		s->awaited++;
	}
}

/* All leave the group before any of them is stopped. */
static void shrink(struct stage *s, size_t count)
{
	struct cluster_member members[MOST_STUBS];
	size_t places[MOST_STUBS], gone[MOST_STUBS], member_count = 0;

	for (size_t i = 0; i < s->stub_count; i++)
		if (s->stubs[i].member) {
			places[member_count] = i;
			members[member_count++] =
			    (struct cluster_member){.name = s->stubs[i].name, .number = (int64_t)i};
		}
	count = cluster_removals(members, member_count, REMOVE_NEWEST, false, count, gone);
	for (size_t i = 0; i < count; i++)
		stage_resized(s, &s->stubs[places[gone[i]]], false);
	for (size_t i = 0; i < count; i++) {
		struct stub *stub = &s->stubs[places[gone[i]]];
		bool fails = stage_fails(s, "stop", stub->name);
		stage_called(s, "stop", stub->name, fails);
		stage_end_later(s, fails ? 0 : s->stop_ms, END_MEMBER_STOP, places[gone[i]], 0, fails);
		s->awaited++;
	}
}

static void call_begin(struct stage *s)
{
	const json_t *config = json_object_get(json_object_get(s->series, "subject"), "cluster_config");
	int64_t most = json_number(config, "cluster.max.size", json_number(config, "maxSize", 0));
	struct cluster_change change = cluster_resize(s->size, under_way(s)->wanted, (size_t)most);

	if (change.no_room) {
		returned(s, "InsufficientCapacityException");
		return;
	}
	grow(s, change.add);
	shrink(s, change.remove);
	if (!s->awaited)
		call_end(s);
}

void group_call(struct stage *s, struct group_call call)
{
	if (s->call_count == MOST_STUBS) {
		s->broken = true;
		return;
	}
	s->calls[s->call_count++] = call;
	next_call(s);
}

void group_end(struct stage *s, const struct event *event)
{
	if (event->ending == END_GROUP_CALL)
		call_begin(s);
	else
		member_end(s, event);
}
