/* conformance.c - what every location driver must do with instances; each case is one promise of location.h.
 */
#include <string.h>

#include "tests/conformance/rig.h"

void conformance_connect_tells_what_it_is(struct subject *subject)
{
	struct location_facts facts = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	MUST(rig, ASK(connect, &facts));
	cr_assert(facts.endpoint[0] && facts.version[0]);
	json_decref(facts.about);
	rig_close(rig);
}

void conformance_unknown_option_is_refused(struct subject *subject)
{
	struct location location = {0};
	struct error error = {0};

	cr_assert(subject->open(subject, &location, "{\"noSuchOption\": 1}", &error) == -1);
	cr_assert(error.code == ERR_INVALID, "%s: %s", code_name(error.code), error.text);
	cr_assert(strstr(error.text, "noSuchOption"), "the option is not named: %s", error.text);
	cr_assert(error.remedy[0], "there is no remedy");
	location.driver->close(&location);
}

void conformance_absent_instance_is_missing(struct subject *subject)
{
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	MUST_NOT(rig, ERR_MISSING, ASK(look, subject->app, spec->name, &rig->arena, &seen));
	cr_assert(rig_count(rig, subject->app) == 0);
	rig_close(rig);
}

void conformance_placed_twice_is_one(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	struct observed first = rig_look(rig, spec->name);
	cr_assert(first.state == SEEN_CREATED);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert_str_eq(rig_look(rig, spec->name).target_id, first.target_id);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

void conformance_placed_again_by_another_program_is_one(struct subject *subject)
{
	struct rig earlier[1], rig[1];

	rig_open(earlier, subject);
	struct instance_spec *spec = rig_spec(earlier, "web", STAYS, 0);
	rig_run(earlier, spec);
	struct observed seen = rig_look(earlier, spec->name);
	earlier->location.driver->close(&earlier->location);
	rig_open(rig, subject);
	rig_run(rig, spec);
	cr_assert_str_eq(rig_look(rig, spec->name).target_id, seen.target_id);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
	arena_release(&earlier->arena);
}

void conformance_started_twice_runs_once(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, rig_free_port(rig));
	rig_run(rig, spec);
	struct observed first = rig_look(rig, spec->name);
	cr_assert(first.state == SEEN_RUNNING);
	rig_pause(rig, 10);
	MUST(rig, ASK(start, spec));
	struct observed second = rig_look(rig, spec->name);
	cr_assert_str_eq(second.target_id, first.target_id);
	cr_assert(second.started_ms == first.started_ms && second.exits == first.exits,
		  "it was started anew");
	rig_close(rig);
}

void conformance_stopped_twice_is_done(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	MUST(rig, ASK(stop, subject->app, spec->name));
	cr_assert(rig_look(rig, spec->name).state == SEEN_STOPPED);
	MUST(rig, ASK(stop, subject->app, spec->name));
	cr_assert(rig_look(rig, spec->name).state == SEEN_STOPPED);
	MUST(rig, ASK(stop, subject->app, instance_name(&rig->arena, subject->app, "absent", 1)));
	rig_close(rig);
}

void conformance_stopped_instance_starts_again(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	MUST(rig, ASK(stop, subject->app, spec->name));
	rig_run(rig, spec);
	cr_assert(rig_look(rig, spec->name).state == SEEN_RUNNING);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

static void removed(struct rig *rig, const struct instance_spec *spec)
{
	struct observed seen = {0};

	MUST_NOT(rig, ERR_MISSING, ASK(look, spec->app, spec->name, &rig->arena, &seen));
	cr_assert(rig_count(rig, spec->app) == 0);
}

void conformance_removed_twice_is_done(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	MUST(rig, ASK(stop, subject->app, spec->name));
	MUST(rig, ASK(remove, subject->app, spec->name));
	MUST(rig, ASK(remove, subject->app, spec->name));
	removed(rig, spec);
	rig_close(rig);
}

void conformance_running_instance_is_removed(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	MUST(rig, ASK(remove, subject->app, spec->name));
	removed(rig, spec);
	rig_close(rig);
}

/* The effect happened, the answer did not come: the driver says DONE after looking, or that it does not know.
 */
static void may_be_unknown(const struct rig *rig, enum progress progress)
{
	cr_assert(progress == PROGRESS_DONE || rig->error.code == ERR_TIMED_OUT ||
		      rig->error.code == ERR_UNREACHABLE,
		  "a lost answer was taken for %s: %s", code_name(rig->error.code), rig->error.text);
}

static void lose(const struct rig *rig, enum lost what, const char *name)
{
	cr_assert_not_null(rig->subject->lose, "undeclared: this subject cannot lose answers");
	cr_assert(rig->subject->lose(rig->subject, what, name) == 0);
}

void conformance_answer_lost_after_place(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	lose(rig, LOST_PLACE, spec->name);
	may_be_unknown(rig, rig_place(rig, spec));
	cr_assert(rig_count(rig, subject->app) == 1, "the loss was not after the effect");
	struct observed first = rig_look(rig, spec->name);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert_str_eq(rig_look(rig, spec->name).target_id, first.target_id);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

void conformance_answer_lost_after_start(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	lose(rig, LOST_START, spec->name);
	may_be_unknown(rig, AWAIT(rig, ASK(start, spec)));
	struct observed first = rig_look(rig, spec->name);
	cr_assert(first.state == SEEN_RUNNING, "the loss was not after the effect");
	rig_pause(rig, 10);
	MUST(rig, ASK(start, spec));
	cr_assert(rig_look(rig, spec->name).started_ms == first.started_ms, "it was started anew");
	rig_close(rig);
}

void conformance_answer_lost_after_remove(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	lose(rig, LOST_REMOVE, spec->name);
	may_be_unknown(rig, AWAIT(rig, ASK(remove, subject->app, spec->name)));
	cr_assert(rig_count(rig, subject->app) == 0, "the loss was not after the effect");
	MUST(rig, ASK(remove, subject->app, spec->name));
	removed(rig, spec);
	rig_close(rig);
}

void conformance_stranger_is_never_touched(struct subject *subject)
{
	const struct list_request request = {.app = subject->app};
	struct inventory inventory = {0};
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	cr_assert_not_null(subject->stranger, "undeclared: this subject has no strangers");
	cr_assert(subject->stranger(subject, spec->name) == 0);
	cr_assert(rig_place(rig, spec) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_CONFLICT, "%s", rig->error.text);
	MUST_NOT(rig, ERR_CONFLICT, ASK(look, subject->app, spec->name, &rig->arena, &seen));
	MUST_NOT(rig, ERR_CONFLICT, ASK(stop, subject->app, spec->name));
	MUST_NOT(rig, ERR_CONFLICT, ASK(remove, subject->app, spec->name));
	cr_assert(subject->stranger_left(subject, spec->name), "the stranger is gone");
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.instance_count == 0);
	cr_assert(inventory.stranger_count == 1);
	cr_assert_str_eq(inventory.strangers[0].name, spec->name);
	inventory_release(&inventory);
	rig_close(rig);
}

void conformance_name_held_by_another_application(struct subject *subject)
{
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	const char *other = arena_format(&rig->arena, "%s-b", subject->app);
	const struct prepare_request request = {.app = other, .instances = 1};
	MUST(rig, ASK(prepare, &request));
	struct instance_spec *mine = rig_spec(rig, "web", STAYS, 0);
	struct instance_spec *theirs = rig_spec(rig, "web", STAYS, 0);
	theirs->app = other;
	cr_assert(rig_place(rig, theirs) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(rig_place(rig, mine) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_CONFLICT, "%s", rig->error.text);
	MUST_NOT(rig, ERR_CONFLICT, ASK(look, subject->app, mine->name, &rig->arena, &seen));
	MUST_NOT(rig, ERR_CONFLICT, ASK(remove, subject->app, mine->name));
	cr_assert(rig_count(rig, subject->app) == 0);
	cr_assert(rig_count(rig, other) == 1);
	rig_close(rig);
}

void conformance_unreachable_is_unknown(struct subject *subject)
{
	const struct list_request request = {.app = subject->app};
	struct inventory inventory = {0};
	struct location_facts facts;
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	cr_assert_not_null(subject->reach, "undeclared: this subject is always reached");
	cr_assert(subject->reach(subject, false) == 0);
	MUST_NOT(rig, ERR_UNREACHABLE, ASK(connect, &facts));
	MUST_NOT(rig, ERR_UNREACHABLE, ASK(list, &request, &inventory));
	MUST_NOT(rig, ERR_UNREACHABLE, ASK(look, subject->app, spec->name, &rig->arena, &seen));
	MUST_NOT(rig, ERR_UNREACHABLE, ASK(remove, subject->app, spec->name));
	cr_assert(subject->reach(subject, true) == 0);
	cr_assert(rig_look(rig, spec->name).state == SEEN_RUNNING);
	rig_close(rig);
}

void conformance_published_port_is_taken(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	uint16_t number = rig_free_port(rig);
	struct instance_spec *first = rig_spec(rig, "web", STAYS, number);
	struct instance_spec *second = rig_spec(rig, "other", STAYS, number);
	rig_run(rig, first);
	cr_assert(rig_look(rig, first->name).state == SEEN_RUNNING);
	enum progress progress = rig_place(rig, second);
	if (progress == PROGRESS_DONE)
		progress = AWAIT(rig, ASK(start, second));
	cr_assert(progress == PROGRESS_FAILED, "two instances have one port");
	cr_assert(rig->error.code == ERR_CONFLICT, "%s: %s", code_name(rig->error.code), rig->error.text);
	cr_assert(rig_look(rig, first->name).state == SEEN_RUNNING);
	rig_close(rig);
}

void conformance_running_answers_the_empty_check(struct subject *subject)
{
	const struct health_check none = {.kind = CHECK_NONE, .port = 80};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	rig_until_answers(rig, spec, &none);
	MUST(rig, ASK(admit, spec));
	MUST(rig, ASK(admit, spec));
	MUST(rig, ASK(stop, subject->app, spec->name));
	MUST_NOT(rig, ERR_FAILED, ASK(probe, spec, &none));
	rig_close(rig);
}

void conformance_half_made_of_the_same_digest_is_completed(struct subject *subject)
{
	struct rig earlier[1], rig[1];

	rig_open(earlier, subject);
	struct instance_spec *spec = rig_spec(earlier, "web", STAYS, 0);
	cr_assert(rig_place(earlier, spec) == PROGRESS_DONE, "%s", earlier->error.text);
	earlier->location.driver->close(&earlier->location);
	rig_open(rig, subject);
	cr_assert(rig_look(rig, spec->name).state == SEEN_CREATED);
	rig_run(rig, spec);
	cr_assert(rig_look(rig, spec->name).state == SEEN_RUNNING);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
	arena_release(&earlier->arena);
}

void conformance_half_made_of_another_digest_is_replaced(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *old = rig_spec(rig, "web", STAYS, 0);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_digest(spec, 'd');
	cr_assert(rig_place(rig, old) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert_str_eq(rig_look(rig, spec->name).digest, spec->digest);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

void conformance_half_made_is_removed(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	MUST(rig, ASK(remove, subject->app, spec->name));
	removed(rig, spec);
	rig_close(rig);
}

void conformance_dropped_errand_leaks_nothing(struct subject *subject)
{
	const char *note = NULL;
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_errand(rig);
	rig->location.driver->drop(&rig->location, &rig->errand);
	rig_errand(rig);
	if (ASK(place, spec, &note) == PROGRESS_WAITING)
		rig->location.driver->drop(&rig->location, &rig->errand);
	cr_assert_null(rig->errand.state);
	/* Whether it is there now is unknown; asked again it is there once. */
	rig_run(rig, spec);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

void conformance_closed_while_under_way(struct subject *subject)
{
	const struct list_request request = {.app = subject->app};
	struct inventory inventory = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	rig_watch(rig);
	rig_errand(rig);
	enum progress progress = ASK(list, &request, &inventory);
	cr_assert(progress != PROGRESS_FAILED, "%s", rig->error.text);
	rig_close(rig);
	inventory_release(&inventory);
}
