/* conformance_tasks.c - what every driver must do whose target makes, names and replaces the tasks of a
 * component itself. */
#include <string.h>

#include "tests/conformance/rig.h"

static size_t running(const struct observed *seen)
{
	size_t count = 0;

	for (size_t i = 0; i < seen->task_count; i++)
		count += seen->tasks[i].state == SEEN_RUNNING;
	return count;
}

/* Look until so many run and nothing is under way. */
static struct observed until_running(struct rig *rig, const struct instance_spec *spec, size_t wanted)
{
	const struct health_check none = {.kind = CHECK_NONE, .port = 80};

	rig_until_answers(rig, spec, &none);
	struct observed seen = rig_look(rig, spec->name);
	cr_assert(running(&seen) == wanted && seen.task_count == wanted, "%zu run", running(&seen));
	cr_assert(!seen.rolling && seen.state == SEEN_RUNNING);
	return seen;
}

static struct instance_spec *run_three(struct rig *rig, struct observed *ret)
{
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);

	spec->count = 3;
	rig_run(rig, spec);
	*ret = until_running(rig, spec, 3);
	return spec;
}

static const struct observed_task *task_of(const struct observed *seen, const char *id)
{
	for (size_t i = 0; i < seen->task_count; i++)
		if (!strcmp(seen->tasks[i].id, id))
			return &seen->tasks[i];
	return NULL;
}

/* None of those that were there is there any more. */
static void assert_rolled(const struct observed *before, const struct observed *after)
{
	for (size_t i = 0; i < before->task_count; i++)
		cr_assert_null(task_of(after, before->tasks[i].id), "%s was left", before->tasks[i].id);
}

static void assert_left(const struct observed *before, const struct observed *after)
{
	for (size_t i = 0; i < before->task_count; i++)
		cr_assert(task_of(after, before->tasks[i].id), "%s was made anew", before->tasks[i].id);
}

void conformance_component_runs_as_many_as_asked(struct subject *subject)
{
	struct observed seen;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &seen);
	cr_assert(seen.count == 3 && seen.attachment_count == 3);
	for (size_t i = 0; i < seen.attachment_count; i++) {
		const struct attachment *at = &seen.attachments[i];
		cr_assert(at->address && at->port_count == 1 && at->ports[0].port == 80 &&
			  at->ports[0].number);
	}
	cr_assert_str_neq(seen.tasks[0].id, seen.tasks[1].id);
	cr_assert(rig_count(rig, spec->app) == 1, "a task is told as an instance");
	rig_close(rig);
}

void conformance_component_is_scaled_in_place(struct subject *subject)
{
	struct observed before, after;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &before);
	spec->count = 5;
	MUST(rig, ASK(update, spec));
	after = until_running(rig, spec, 5);
	assert_left(&before, &after);
	spec->count = 1;
	MUST(rig, ASK(update, spec));
	after = until_running(rig, spec, 1);
	cr_assert_str_eq(after.tasks[0].id, before.tasks[0].id, "the oldest went first");
	cr_assert(after.count == 1);
	rig_close(rig);
}

void conformance_component_is_rolled_once(struct subject *subject)
{
	struct observed before, after, again;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &before);
	rig_digest(spec, 'd');
	MUST(rig, ASK(update, spec));
	after = until_running(rig, spec, 3);
	cr_assert_str_eq(after.digest, spec->digest);
	assert_rolled(&before, &after);
	MUST(rig, ASK(update, spec));
	again = until_running(rig, spec, 3);
	assert_left(&after, &again);
	rig_close(rig);
}

void conformance_component_is_rolled_anew_when_asked(struct subject *subject)
{
	struct observed before, after;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &before);
	spec->roll = true;
	MUST(rig, ASK(update, spec));
	after = until_running(rig, spec, 3);
	assert_rolled(&before, &after);
	cr_assert_str_eq(after.digest, before.digest);
	rig_close(rig);
}

void conformance_answer_lost_after_update(struct subject *subject)
{
	struct observed before, after, again;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &before);
	rig_digest(spec, 'd');
	cr_assert(subject->lose && subject->lose(subject, LOST_UPDATE, spec->name) == 0);
	AWAIT(rig, ASK(update, spec));
	MUST(rig, ASK(update, spec));
	after = until_running(rig, spec, 3);
	assert_rolled(&before, &after);
	rig_pause(rig, 10000);
	again = until_running(rig, spec, 3);
	assert_left(&after, &again);
	rig_close(rig);
}

void conformance_change_that_hangs_is_taken_back(struct subject *subject)
{
	struct observed before, after;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &before);
	rig_digest(spec, 'd');
	cr_assert(subject->hang && subject->hang(subject, spec->name) == 0);
	MUST_NOT(rig, ERR_FAILED, ASK(update, spec));
	after = until_running(rig, spec, 3);
	cr_assert_str_eq(after.digest, before.digest);
	rig_close(rig);
}

void conformance_change_under_way_is_waited_for(struct subject *subject)
{
	struct observed before, after;
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	rig_open(other, subject);
	struct instance_spec *spec = run_three(rig, &before);
	rig_digest(spec, 'd');
	BOTH(rig, ASK(update, spec), other, ASK_OF(other, update, spec));
	after = until_running(rig, spec, 3);
	assert_rolled(&before, &after);
	cr_assert_str_eq(after.digest, spec->digest);
	rig_close(other);
	rig_close(rig);
}

void conformance_stopped_component_keeps_its_count(struct subject *subject)
{
	struct observed seen;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = run_three(rig, &seen);
	MUST(rig, ASK(stop, spec->app, spec->name));
	seen = rig_look(rig, spec->name);
	cr_assert(seen.state == SEEN_STOPPED && seen.count == 3 && !running(&seen));
	spec->count = 0;
	MUST(rig, ASK(start, spec));
	until_running(rig, spec, 3);
	rig_close(rig);
}
