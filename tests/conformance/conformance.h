/* conformance.h - the one suite that every location driver passes, whatever it stands on. */
#ifndef BERTH_TESTS_CONFORMANCE_H
#define BERTH_TESTS_CONFORMANCE_H

#include "locations/location.h"

/* How an instance is to behave once started. */
enum manner {
	STAYS,           /* runs until it is stopped */
	SPEAKS_AND_ENDS, /* writes the line "spoken", then ends with code 3 (and may be started again) */
	ENDS_WELL,       /* ends with code 0 soon after its start */
	LISTENS,         /* writes "listening" once it heeds signals, and "heard" at each HUP; runs on */
};

/* Commands that the cases run inside an instance, by /bin/sh -c. */
#define RUN_SPEAKS "echo out; echo err >&2; exit 7"
#define RUN_DIES   "kill -TERM $$"
#define RUN_MUCH   "head -c 300000 /dev/zero | tr '\\0' x"
#define RUN_SIZED  "until [ \"$(stty size)\" = '33 77' ]; do sleep 1; done; echo sized"

/* The calls whose answer can be lost after their effect. */
enum lost { LOST_PLACE, LOST_START, LOST_REMOVE, LOST_RENAME, LOST_UPDATE };

/* A case that this subject cannot produce, and why. */
struct unfit {
	const char *name, *reason;
};

/* A driver under test together with its target and what happens there without us. A hook that is NULL makes
 * the cases that need it unfit, which must then be declared. Hooks return 0, or -1 when it could not be done.
 */
struct subject {
	void *owner;
	const struct location_driver *driver;
	const struct unfit *unfits; /* ends with an empty entry */
	const char *app;            /* set by the suite: unique among those that run at the same time */

	/* Fill in the location and open it with these options besides those it needs (a JSON object, or
	 * NULL); may be called several times. The strings and the spec of it live as long as the subject. */
	int (*open)(struct subject *, struct location *ret, const char *options, struct error *);
	/* Let the world go on until the predicate holds, at most so long; whether it does. */
	bool (*pump)(struct subject *, bool (*until)(void *), void *owner, int64_t limit_ms);
	/* Give the spec a kind and what it needs to run in that manner. `number` is a host port that is free:
	 * a published port of the spec has it; where an instance listens on its host port, change `port` too.
	 */
	int (*fit)(struct subject *, struct arena *, struct instance_spec *, enum manner, uint16_t number);

	const char *directory; /* an absolute path where an instance's files may be put */
	/* The file as it lies in the instance, which need not run: appended to the text. */
	int (*file)(struct subject *, const char *name, const char *path, struct text *, unsigned *ret_mode);
	/* Everything else that the target, and this machine, show of its instances to those who look; NULL:
	 * nothing but what the driver tells. */
	int (*shown)(struct subject *, const char *name, struct text *);

	int (*stranger)(struct subject *, const char *name);       /* something not ours takes the name */
	bool (*stranger_left)(struct subject *, const char *name); /* it is still there, untouched */
	int (*vanish)(struct subject *, const char *name);         /* gone, without us */
	int (*reach)(struct subject *, bool reachable); /* nobody answers, or again somebody does */
	int (*lose)(struct subject *, enum lost, const char *name); /* the next such call's answer is lost */
	int (*repeat)(struct subject *, const char *name); /* the target tells again what it told already */
	/* Where names are not unique: the next creation's answer is lost, and it is done only in `arrive`;
	 * the next creation is accepted, and then fails. */
	int (*late)(struct subject *, const char *name);
	int (*arrive)(struct subject *);
	int (*spoil)(struct subject *, const char *name);
	/* Where the target keeps the tasks: those that the next update makes never run. */
	int (*hang)(struct subject *, const char *name);
	/* Of subjects that are set up before a case begins: what was made goes, of a case that is skipped. */
	void (*tear_down)(void);
};

#define CONFORMANCE_CASES(X)                                                                                 \
	X(connect_tells_what_it_is)                                                                          \
	X(unknown_option_is_refused)                                                                         \
	X(absent_instance_is_missing)                                                                        \
	X(placed_twice_is_one)                                                                               \
	X(placed_again_by_another_program_is_one)                                                            \
	X(started_twice_runs_once)                                                                           \
	X(stopped_twice_is_done)                                                                             \
	X(stopped_instance_starts_again)                                                                     \
	X(removed_twice_is_done)                                                                             \
	X(running_instance_is_removed)                                                                       \
	X(answer_lost_after_place)                                                                           \
	X(answer_lost_after_start)                                                                           \
	X(answer_lost_after_remove)                                                                          \
	X(stranger_is_never_touched)                                                                         \
	X(name_held_by_another_application)                                                                  \
	X(unreachable_is_unknown)                                                                            \
	X(vanished_instance_is_told)                                                                         \
	X(event_told_twice_changes_nothing)                                                                  \
	X(gap_in_the_watch_is_relisted)                                                                      \
	X(unwatched_is_told_no_more)                                                                         \
	X(foreseen_is_observed)                                                                              \
	X(published_port_is_taken)                                                                           \
	X(running_answers_the_empty_check)                                                                   \
	X(logs_are_there_after_the_end)                                                                      \
	X(half_made_of_the_same_digest_is_completed)                                                         \
	X(half_made_of_another_digest_is_replaced)                                                           \
	X(half_made_is_removed)                                                                              \
	X(listing_tells_the_marks)                                                                           \
	X(protection_is_kept_with_it)                                                                        \
	X(listing_is_of_one_application)                                                                     \
	X(claim_is_held_by_the_first)                                                                        \
	X(claim_is_adopted)                                                                                  \
	X(claim_is_given_back)                                                                               \
	X(prepared_twice_is_done)                                                                            \
	X(volumes_outlive_the_release)                                                                       \
	X(volumes_go_when_asked)                                                                             \
	X(dropped_errand_leaks_nothing)                                                                      \
	X(closed_while_under_way)                                                                            \
	X(generations_live_side_by_side)                                                                     \
	X(generation_takes_the_settled_name)                                                                 \
	X(held_name_is_not_given_away)                                                                       \
	X(answer_lost_after_rename)                                                                          \
	X(withdrawn_instance_runs_on)                                                                        \
	X(predecessor_starts_again_while_the_successor_goes)                                                 \
	X(pinned_address_goes_to_the_successor)                                                              \
	X(limits_change_in_place)                                                                            \
	X(restart_policy_changes_in_place)                                                                   \
	X(job_that_ends_well_stays_ended)                                                                    \
	X(job_that_fails_stays_ended)                                                                        \
	X(on_failure_starts_again_what_failed)                                                               \
	X(files_are_there_before_the_start)                                                                  \
	X(files_are_delivered_without_a_restart)                                                             \
	X(secret_file_is_shown_nowhere)                                                                      \
	X(signal_reaches_the_main_process)                                                                   \
	X(exec_gives_both_streams_and_the_code)                                                              \
	X(exec_tells_the_signal_that_ended_it)                                                               \
	X(exec_gives_much_output_whole)                                                                      \
	X(exec_gives_back_its_input)                                                                         \
	X(exec_without_input_reads_its_end)                                                                  \
	X(exec_on_a_terminal_has_its_size)                                                                   \
	X(exec_runs_where_it_is_told)                                                                        \
	X(exec_of_no_command_is_missing)                                                                     \
	X(exec_of_what_cannot_run_is_denied)                                                                 \
	X(exec_needs_a_running_instance)                                                                     \
	X(contested_claim_has_one_winner)                                                                    \
	X(lease_is_held_by_the_first)                                                                        \
	X(lease_is_taken_after_its_end)                                                                      \
	X(renewed_lease_does_not_end)                                                                        \
	X(ended_lease_has_one_heir)                                                                          \
	X(lease_is_listed_with_its_application)                                                              \
	X(late_double_is_told_apart)                                                                         \
	X(late_double_goes_alone)                                                                            \
	X(removed_name_leaves_no_double)                                                                     \
	X(late_double_is_tidied_away)                                                                        \
	X(creation_that_fails_later_is_told)                                                                 \
	X(creation_is_waited_for_by_another_program)                                                         \
	X(stranger_of_our_name_is_left_alone)                                                                \
	X(component_runs_as_many_as_asked)                                                                   \
	X(component_is_scaled_in_place)                                                                      \
	X(component_is_rolled_once)                                                                          \
	X(component_is_rolled_anew_when_asked)                                                               \
	X(answer_lost_after_update)                                                                          \
	X(change_that_hangs_is_taken_back)                                                                   \
	X(change_under_way_is_waited_for)                                                                    \
	X(stopped_component_keeps_its_count)                                                                 \
	X(lease_is_given_back)                                                                               \
	X(objects_of_every_application_are_told)

#define CONFORMANCE_DECLARE(name) void conformance_##name(struct subject *subject);
CONFORMANCE_CASES(CONFORMANCE_DECLARE)

/* Begin a case: gives the subject its application's name; skips the test where the subject declares it unfit.
 */
void conformance_begin(struct subject *subject, const char *name);
/* Why this driver cannot do what that case is about: the words of a capability it has not; or NULL. */
const char *conformance_lack(const struct location_driver *driver, const char *name);
/* End it, also after a failure: nothing of the application stays at the target. */
void conformance_end(struct subject *subject);

#endif
