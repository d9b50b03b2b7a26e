/* conformance_doubles.c - what every driver must do whose target takes a second thing of one name, and
 * accepts what it does later. */
#include <string.h>

#include "tests/conformance/rig.h"

/* Two things have the spec's name; the id of the one that was used meanwhile. */
static const char *double_up(struct rig *rig, const struct instance_spec *spec)
{
	struct subject *subject = rig->subject;

	cr_assert(subject->late && subject->late(subject, spec->name) == 0);
	rig_place(rig, spec);
	rig_run(rig, spec);
	struct observed first = rig_look(rig, spec->name);
	cr_assert(subject->arrive(subject) == 0);
	return first.target_id;
}

/* The listing's only late double, in the rig's arena; the one that counts must be `id`. */
static const char *told_double(struct rig *rig, const struct instance_spec *spec, const char *id)
{
	const struct list_request request = {.app = spec->app};
	struct inventory inventory = {0};
	const char *found = NULL, *counts = NULL;

	MUST(rig, ASK(list, &request, &inventory));
	for (size_t i = 0; i < inventory.instance_count; i++) {
		const struct observed *seen = &inventory.instances[i];
		cr_assert_str_eq(seen->component, spec->component);
		cr_assert(seen->ordinal == spec->ordinal);
		if (seen->late_double)
			found = arena_text(&rig->arena, seen->name);
		else
			counts = arena_text(&rig->arena, seen->target_id);
		cr_assert(seen->late_double == (strcmp(seen->name, spec->name) != 0), "%s", seen->name);
	}
	cr_assert(inventory.instance_count == 2 && found && counts);
	cr_assert_str_eq(counts, id);
	inventory_release(&inventory);
	return found;
}

static size_t listed(struct rig *rig, const char *app)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};

	MUST(rig, ASK(list, &request, &inventory));
	size_t count = inventory.instance_count;
	inventory_release(&inventory);
	return count;
}

static void assert_alone(struct rig *rig, const struct instance_spec *spec, const char *id)
{
	struct observed seen = rig_look(rig, spec->name);

	cr_assert_str_eq(seen.target_id, id);
	cr_assert(seen.state == SEEN_RUNNING);
	cr_assert(listed(rig, spec->app) == 1);
}

void conformance_late_double_is_told_apart(struct subject *subject)
{
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	const char *id = double_up(rig, spec);
	const char *name = told_double(rig, spec, id);
	cr_assert_str_eq(rig_look(rig, spec->name).target_id, id);
	cr_assert_str_neq(rig_look(rig, name).target_id, id);
	rig_open(other, subject);
	cr_assert_str_eq(told_double(other, spec, id), name, "another program has another name for it");
	rig_close(other);
	rig_close(rig);
}

void conformance_late_double_goes_alone(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	const char *id = double_up(rig, spec);
	const char *name = told_double(rig, spec, id);
	MUST(rig, ASK(stop, spec->app, name));
	MUST(rig, ASK(remove, spec->app, name));
	MUST(rig, ASK(remove, spec->app, name));
	assert_alone(rig, spec, id);
	rig_close(rig);
}

void conformance_removed_name_leaves_no_double(struct subject *subject)
{
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	double_up(rig, spec);
	MUST(rig, ASK(remove, spec->app, spec->name));
	MUST_NOT(rig, ERR_MISSING, ASK(look, spec->app, spec->name, &rig->arena, &seen));
	cr_assert(listed(rig, spec->app) == 0);
	rig_close(rig);
}

void conformance_late_double_is_tidied_away(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	const char *id = double_up(rig, spec);
	MUST(rig, ASK(tidy, spec->app, "first"));
	assert_alone(rig, spec, id);
	rig_close(rig);
}

void conformance_creation_that_fails_later_is_told(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	cr_assert(subject->spoil && subject->spoil(subject, spec->name) == 0);
	cr_assert(rig_place(rig, spec) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_FAILED, "%s", rig->error.text);
	struct observed broken = rig_look(rig, spec->name);
	cr_assert(broken.state == SEEN_BROKEN);
	cr_assert(broken.error && strstr(rig->error.text, broken.error), "%s", rig->error.text);
	rig_run(rig, spec);
	struct observed seen = rig_look(rig, spec->name);
	cr_assert(seen.state == SEEN_RUNNING);
	cr_assert_str_neq(seen.target_id, broken.target_id);
	rig_close(rig);
}

void conformance_creation_is_waited_for_by_another_program(struct subject *subject)
{
	const char *note = NULL;
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	rig_open(other, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	BOTH(rig, ASK(place, spec, &note), other, ASK_OF(other, place, spec, &note));
	cr_assert(rig_look(rig, spec->name).state == SEEN_CREATED);
	cr_assert(listed(rig, spec->app) == 1);
	rig_close(other);
	rig_close(rig);
}

void conformance_stranger_of_our_name_is_left_alone(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	cr_assert(subject->stranger && subject->stranger(subject, spec->name) == 0);
	rig_run(rig, spec);
	MUST(rig, ASK(remove, spec->app, spec->name));
	cr_assert(subject->stranger_left(subject, spec->name), "the stranger is gone");
	cr_assert(listed(rig, spec->app) == 0);
	rig_close(rig);
}
