/* lacks.c - which cases ask for what not every driver can do. */
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/conformance/conformance.h"

#define CAPABILITY(member) offsetof(struct location_driver, capabilities.member)

static const struct {
	const char *name;
	size_t capability; /* a bool of the driver's */
	const char *reason;
} asks[] = {
    {"generations_live_side_by_side", CAPABILITY(generations), "one instance of an ordinal at a time"},
    {"generation_takes_the_settled_name", CAPABILITY(generations), "one instance of an ordinal at a time"},
    {"held_name_is_not_given_away", CAPABILITY(generations), "one instance of an ordinal at a time"},
    {"answer_lost_after_rename", CAPABILITY(generations), "one instance of an ordinal at a time"},
    {"predecessor_starts_again_while_the_successor_goes", CAPABILITY(generations),
     "one instance of an ordinal at a time"},
    {"pinned_address_goes_to_the_successor", CAPABILITY(generations), "one instance of an ordinal at a time"},
    {"stranger_is_never_touched", CAPABILITY(names_unique), "a stranger's name is as good as any"},
    {"name_held_by_another_application", CAPABILITY(names_unique), "no name is ever taken"},
    {"limits_change_in_place", CAPABILITY(limits_in_place), "limits are those it was made with"},
    {"restart_policy_changes_in_place", CAPABILITY(restart_in_place), "the policy is that it was made with"},
};

/* Cases about a second thing of one name. */
static const char *const about_doubles[] = {
    "late_double_is_told_apart",          "late_double_goes_alone",
    "removed_name_leaves_no_double",      "late_double_is_tidied_away",
    "creation_that_fails_later_is_told",  "creation_is_waited_for_by_another_program",
    "stranger_of_our_name_is_left_alone",
};

/* Cases about a target that keeps the tasks of a component itself. */
static const char *const about_tasks[] = {
    "component_runs_as_many_as_asked", "component_is_scaled_in_place",
    "component_is_rolled_once",        "component_is_rolled_anew_when_asked",
    "answer_lost_after_update",        "change_that_hangs_is_taken_back",
    "change_under_way_is_waited_for",  "stopped_component_keeps_its_count",
};

/* Cases that such a target cannot be asked. */
static const struct {
	const char *name, *reason;
} not_of_tasks[] = {
    {"foreseen_is_observed", "nobody foresees where its tasks will be"},
    {"published_port_is_taken", "it gives ports itself"},
    {"job_that_ends_well_stays_ended", "it runs again whatever ends"},
    {"job_that_fails_stays_ended", "it runs again whatever ends"},
    {"on_failure_starts_again_what_failed", "it runs again whatever ends"},
};

/* Members that a driver may not have yet. */
static const struct {
	const char *name;
	size_t member;
} members[] = {
#define MEMBER(member) offsetof(struct location_driver, member)
    {"generation_takes_the_settled_name", MEMBER(rename)},
    {"held_name_is_not_given_away", MEMBER(rename)},
    {"answer_lost_after_rename", MEMBER(rename)},
    {"withdrawn_instance_runs_on", MEMBER(withdraw)},
    {"limits_change_in_place", MEMBER(update)},
    {"restart_policy_changes_in_place", MEMBER(update)},
    {"job_that_ends_well_stays_ended", MEMBER(update)},
    {"job_that_fails_stays_ended", MEMBER(update)},
    {"on_failure_starts_again_what_failed", MEMBER(update)},
    {"files_are_there_before_the_start", MEMBER(deliver)},
    {"files_are_delivered_without_a_restart", MEMBER(deliver)},
    {"secret_file_is_shown_nowhere", MEMBER(deliver)},
    {"signal_reaches_the_main_process", MEMBER(signal)},
    {"exec_gives_both_streams_and_the_code", MEMBER(exec)},
    {"exec_tells_the_signal_that_ended_it", MEMBER(exec)},
    {"exec_gives_much_output_whole", MEMBER(exec)},
    {"exec_gives_back_its_input", MEMBER(exec)},
    {"exec_without_input_reads_its_end", MEMBER(exec)},
    {"exec_on_a_terminal_has_its_size", MEMBER(exec)},
    {"exec_runs_where_it_is_told", MEMBER(exec)},
    {"exec_of_no_command_is_missing", MEMBER(exec)},
    {"exec_of_what_cannot_run_is_denied", MEMBER(exec)},
    {"exec_needs_a_running_instance", MEMBER(exec)},
    {"lease_is_held_by_the_first", MEMBER(lease)},
    {"lease_is_taken_after_its_end", MEMBER(lease)},
    {"renewed_lease_does_not_end", MEMBER(lease)},
    {"ended_lease_has_one_heir", MEMBER(lease)},
    {"lease_is_given_back", MEMBER(lease)},
    {"objects_of_every_application_are_told", MEMBER(lease)},
};

static const char *at(const struct location_driver *driver, size_t offset)
{
	return (const char *)driver + offset;
}

const char *conformance_lack(const struct location_driver *driver, const char *name)
{
	void (*member)(void);

	for (size_t i = 0; i < COUNT_OF(asks); i++)
		if (!strcmp(asks[i].name, name) && !*(const bool *)at(driver, asks[i].capability))
			return asks[i].reason;
	for (size_t i = 0; i < COUNT_OF(about_doubles) && driver->capabilities.names_unique; i++)
		if (!strcmp(about_doubles[i], name))
			return "no two things have one name";
	bool keeps_tasks = driver->capabilities.grain == GRAIN_COMPONENT;
	for (size_t i = 0; i < COUNT_OF(about_tasks) && !keeps_tasks; i++)
		if (!strcmp(about_tasks[i], name))
			return "each instance is placed by itself";
	for (size_t i = 0; i < COUNT_OF(not_of_tasks) && keeps_tasks; i++)
		if (!strcmp(not_of_tasks[i].name, name))
			return not_of_tasks[i].reason;
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		memcpy(&member, at(driver, members[i].member), sizeof(member));
		if (!strcmp(members[i].name, name) && !member)
			return "this driver has not got that yet";
	}
	return NULL;
}
