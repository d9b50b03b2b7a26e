/* conformance_changes.c - what every driver must do to change instances: generations, names, limits, ends. */
#include <string.h>

#include "tests/conformance/rig.h"

/* The entry of that name in the listing of the case's application; strings in the rig's arena. */
static struct observed listed(struct rig *rig, const char *name)
{
	const struct list_request request = {.app = rig->subject->app};
	struct observed found = {0};
	struct inventory inventory = {0};

	MUST(rig, ASK(list, &request, &inventory));
	for (size_t i = 0; i < inventory.instance_count; i++) {
		if (strcmp(inventory.instances[i].name, name) != 0)
			continue;
		found = inventory.instances[i];
		found.name = arena_text(&rig->arena, found.name);
		found.digest = arena_text(&rig->arena, found.digest);
		found.target_id = arena_text(&rig->arena, found.target_id);
	}
	inventory_release(&inventory);
	cr_assert(found.name, "`%s` is not listed", name);
	return found;
}

/* The settled one runs; then the second generation is made, which sees what is taken. */
static struct instance_spec *run_two(struct rig *rig, const struct instance_spec *old)
{
	rig_run(rig, old);
	cr_assert(rig_count(rig, old->app) == 1);
	struct instance_spec *young = rig_generation(rig, old->component, 2, 0);
	rig_run(rig, young);
	return young;
}

void conformance_generations_live_side_by_side(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	const struct instance_spec *old = rig_spec(rig, "web", STAYS, 0);
	const struct instance_spec *young = run_two(rig, old);
	cr_assert(rig_count(rig, subject->app) == 2);
	struct observed one = listed(rig, old->name), other = listed(rig, young->name);
	cr_assert(one.state == SEEN_RUNNING && other.state == SEEN_RUNNING);
	cr_assert(one.ordinal == 1 && one.generation == 0, "%u", one.generation);
	cr_assert(other.ordinal == 1 && other.generation == 2, "%u", other.generation);
	cr_assert_str_eq(one.digest, old->digest);
	cr_assert_str_eq(other.digest, young->digest);
	cr_assert(strcmp(one.target_id, other.target_id) != 0);
	cr_assert(rig_look(rig, young->name).generation == 2);
	MUST(rig, ASK(remove, subject->app, old->name));
	cr_assert(rig_look(rig, young->name).state == SEEN_RUNNING, "the other one went too");
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

void conformance_generation_takes_the_settled_name(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	const struct instance_spec *old = rig_spec(rig, "web", STAYS, 0);
	struct instance_spec *young = run_two(rig, old);
	struct observed before = rig_look(rig, young->name);
	MUST(rig, ASK(remove, subject->app, old->name));
	MUST(rig, ASK(rename, subject->app, young->name, old->name));
	MUST(rig, ASK(rename, subject->app, young->name, old->name));
	struct observed after = rig_look(rig, old->name), told = listed(rig, old->name);
	cr_assert(rig_count(rig, subject->app) == 1);
	cr_assert(after.state == SEEN_RUNNING && after.generation == 0 && told.generation == 0);
	cr_assert_str_eq(after.target_id, before.target_id);
	cr_assert_str_eq(after.digest, young->digest);
	cr_assert(after.started_ms == before.started_ms && after.exits == before.exits, "it was restarted");
	/* And it answers to it: what is asked again finds it there, what is to go goes. */
	young->name = old->name;
	young->generation = 0;
	rig_run(rig, young);
	cr_assert_str_eq(rig_look(rig, old->name).target_id, before.target_id);
	MUST(rig, ASK(stop, subject->app, old->name));
	MUST(rig, ASK(remove, subject->app, old->name));
	cr_assert(rig_count(rig, subject->app) == 0);
	rig_close(rig);
}

void conformance_held_name_is_not_given_away(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	const struct instance_spec *old = rig_spec(rig, "web", STAYS, 0);
	const struct instance_spec *young = run_two(rig, old);
	struct observed one = rig_look(rig, old->name), other = rig_look(rig, young->name);
	const char *absent = generation_name(&rig->arena, subject->app, "web", 1, 3);
	MUST_NOT(rig, ERR_CONFLICT, ASK(rename, subject->app, young->name, old->name));
	MUST_NOT(rig, ERR_CONFLICT, ASK(rename, subject->app, old->name, young->name));
	cr_assert_str_eq(rig_look(rig, old->name).target_id, one.target_id);
	cr_assert_str_eq(rig_look(rig, young->name).target_id, other.target_id);
	MUST(rig, ASK(rename, subject->app, young->name, young->name));
	MUST_NOT(rig, ERR_MISSING,
		 ASK(rename, subject->app, absent, generation_name(&rig->arena, subject->app, "web", 1, 4)));
	rig_close(rig);
}

void conformance_answer_lost_after_rename(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	const struct instance_spec *old = rig_spec(rig, "web", STAYS, 0);
	const struct instance_spec *young = run_two(rig, old);
	struct observed before = rig_look(rig, young->name);
	MUST(rig, ASK(remove, subject->app, old->name));
	cr_assert_not_null(subject->lose, "undeclared: this subject cannot lose answers");
	cr_assert(subject->lose(subject, LOST_RENAME, young->name) == 0);
	enum progress progress = AWAIT(rig, ASK(rename, subject->app, young->name, old->name));
	cr_assert(progress == PROGRESS_DONE || rig->error.code == ERR_TIMED_OUT ||
		      rig->error.code == ERR_UNREACHABLE,
		  "a lost answer was taken for %s: %s", code_name(rig->error.code), rig->error.text);
	cr_assert_str_eq(listed(rig, old->name).target_id, before.target_id);
	MUST(rig, ASK(rename, subject->app, young->name, old->name));
	cr_assert_str_eq(rig_look(rig, old->name).target_id, before.target_id);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(rig);
}

void conformance_withdrawn_instance_runs_on(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	struct observed before = rig_look(rig, spec->name);
	cr_assert(before.shared_name_held || !subject->driver->capabilities.host_names);
	for (int i = 0; i < 2; i++) {
		MUST(rig, ASK(withdraw, subject->app, spec->name));
		struct observed after = rig_look(rig, spec->name);
		cr_assert(after.state == SEEN_RUNNING && !after.shared_name_held);
		cr_assert_str_eq(after.target_id, before.target_id);
		cr_assert(after.started_ms == before.started_ms && after.exits == before.exits);
	}
	MUST(rig, ASK(admit, spec));
	cr_assert(rig_look(rig, spec->name).shared_name_held == before.shared_name_held);
	MUST(rig, ASK(withdraw, subject->app, instance_name(&rig->arena, subject->app, "absent", 1)));
	rig_close(rig);
}

void conformance_predecessor_starts_again_while_the_successor_goes(struct subject *subject)
{
	struct rig rig[1], other[1];

	rig_open(rig, subject);
	rig_open(other, subject);
	uint16_t number = rig_free_port(rig);
	const struct instance_spec *old = rig_spec(rig, "web", STAYS, number);
	rig_run(rig, old);
	struct observed before = rig_look(rig, old->name);
	MUST(rig, ASK(stop, subject->app, old->name));
	const struct instance_spec *young = rig_generation(rig, "web", 2, number);
	rig_run(rig, young);
	cr_assert(rig_look(rig, young->name).state == SEEN_RUNNING);
	cr_assert(rig_look(rig, old->name).state == SEEN_STOPPED);
	MUST(rig, ASK(stop, subject->app, young->name));
	BOTH(rig, ASK(start, old), other, ASK_OF(other, remove, subject->app, young->name));
	struct observed after = rig_look(rig, old->name);
	cr_assert(after.state == SEEN_RUNNING);
	cr_assert_str_eq(after.target_id, before.target_id);
	cr_assert(rig_count(rig, subject->app) == 1);
	rig_close(other);
	rig_close(rig);
}

static const char *network_address(const struct observed *seen)
{
	for (size_t i = 0; i < seen->attachment_count; i++)
		if (*seen->attachments[i].network && seen->attachments[i].address)
			return seen->attachments[i].address;
	for (size_t i = 0; i < seen->attachment_count; i++)
		if (seen->attachments[i].address)
			return seen->attachments[i].address;
	return NULL;
}

static void has_address(struct rig *rig, const char *name, const char *wanted)
{
	struct observed seen = rig_look(rig, name);
	const char *address = network_address(&seen);

	cr_assert(address && !strcmp(address, wanted), "`%s` is at %s, not at %s", name,
		  address ? address : "no address", wanted);
}

void conformance_pinned_address_goes_to_the_successor(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *old = rig_spec(rig, "web", STAYS, 0);
	old->pin_address = true;
	rig_run(rig, old);
	struct observed seen = rig_look(rig, old->name);
	const char *address = network_address(&seen);
	cr_assert(address, "a running instance has no address");
	MUST(rig, ASK(stop, subject->app, old->name));
	rig_run(rig, rig_spec(rig, "other", STAYS, 0));
	MUST(rig, ASK(start, old));
	has_address(rig, old->name, address);
	MUST(rig, ASK(stop, subject->app, old->name));
	struct instance_spec *young = rig_generation(rig, "web", 2, 0);
	young->pin_address = true;
	young->pinned_address = address;
	rig_run(rig, young);
	has_address(rig, young->name, address);
	/* And back. */
	MUST(rig, ASK(remove, subject->app, young->name));
	MUST(rig, ASK(start, old));
	has_address(rig, old->name, address);
	rig_close(rig);
}

void conformance_limits_change_in_place(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	spec->memory_bytes = 64 << 20;
	rig_run(rig, spec);
	struct observed before = rig_look(rig, spec->name);
	cr_assert(before.limits_known, "its limits are not told");
	cr_assert(before.memory_bytes == 64 << 20 && before.nano_cpus == 0);
	spec->memory_bytes = 96 << 20;
	spec->nano_cpus = 500000000;
	MUST(rig, ASK(update, spec));
	MUST(rig, ASK(update, spec));
	struct observed after = rig_look(rig, spec->name);
	cr_assert(after.memory_bytes == 96 << 20, "%lld", (long long)after.memory_bytes);
	cr_assert(after.nano_cpus == 500000000, "%lld", (long long)after.nano_cpus);
	spec->memory_bytes = spec->nano_cpus = 0;
	MUST(rig, ASK(update, spec));
	after = rig_look(rig, spec->name);
	cr_assert(!after.memory_bytes && !after.nano_cpus, "a limit that was taken away is still there");
	cr_assert_str_eq(after.target_id, before.target_id);
	cr_assert(after.state == SEEN_RUNNING && after.started_ms == before.started_ms);
	MUST_NOT(rig, ERR_MISSING, ASK(update, rig_spec(rig, "absent", STAYS, 0)));
	rig_close(rig);
}

void conformance_restart_policy_changes_in_place(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "talker", SPEAKS_AND_ENDS, 0);
	rig_run(rig, spec);
	struct observed before = rig_look(rig, spec->name);
	cr_assert(before.limits_known && before.restart == RESTART_UNLESS_STOPPED);
	spec->restart = RESTART_NO;
	MUST(rig, ASK(update, spec));
	struct observed after = rig_until(rig, spec->name, SEEN_STOPPED);
	cr_assert(after.restart == RESTART_NO && after.exit_code == 3);
	rig_pause(rig, 500);
	cr_assert(rig_look(rig, spec->name).exits == after.exits, "it was started again");
	cr_assert_str_eq(after.target_id, before.target_id);
	rig_close(rig);
}

static void stays_ended(struct subject *subject, enum manner manner, enum restart_policy restart, int code)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "job", manner, 0);
	spec->restart = restart;
	rig_run(rig, spec);
	struct observed seen = rig_until(rig, spec->name, SEEN_STOPPED);
	cr_assert(seen.exit_code == code, "its exit code is %d", seen.exit_code);
	rig_pause(rig, 500);
	struct observed later = rig_look(rig, spec->name);
	cr_assert(later.state == SEEN_STOPPED && later.exit_code == code);
	cr_assert(later.exits == 1, "it ended %u times", later.exits);
	cr_assert(later.started_ms == seen.started_ms, "it was started again");
	cr_assert_str_eq(later.target_id, seen.target_id);
	rig_close(rig);
}

void conformance_job_that_ends_well_stays_ended(struct subject *subject)
{
	stays_ended(subject, ENDS_WELL, RESTART_NO, 0);
}

void conformance_job_that_fails_stays_ended(struct subject *subject)
{
	stays_ended(subject, SPEAKS_AND_ENDS, RESTART_NO, 3);
}

void conformance_on_failure_starts_again_what_failed(struct subject *subject)
{
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *fails = rig_spec(rig, "fails", SPEAKS_AND_ENDS, 0);
	fails->restart = RESTART_ON_FAILURE;
	rig_run(rig, fails);
	for (int i = 0; i < 1000 && seen.exits < 2; i++) {
		seen = rig_look(rig, fails->name);
		rig_pause(rig, 20);
	}
	cr_assert(seen.exits >= 2, "it was not started again");
	MUST(rig, ASK(remove, subject->app, fails->name)); /* and gives its port back */
	rig_close(rig);
	stays_ended(subject, ENDS_WELL, RESTART_ON_FAILURE, 0);
}
