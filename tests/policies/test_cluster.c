/* test_cluster.c - which member goes, where the next one goes, what becomes of one that failed. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policies/cluster.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
enum { MINUTE = 60000 };

static void expect_gone(const struct cluster_member *members, size_t count, enum cluster_removal by,
			bool spread, const char *names)
{
	size_t gone[16];
	char said[200] = "";
	size_t wanted = (strlen(names) + 1) / 2; /* one letter each */

	cr_assert_eq(cluster_removals(members, count, by, spread, wanted, gone), wanted);
	for (size_t i = 0; i < wanted; i++) {
		strcat(said, i ? " " : "");
		strcat(said, members[gone[i]].name);
	}
	cr_expect_str_eq(said, names);
}

Test(cluster, the_newest_goes_first_and_the_first_member_last)
{
	static const struct cluster_member members[] = {
	    {"a", NULL, 7, true, true}, {"b", NULL, 3, true, false}, {"c", NULL, 5, true, false}};
	size_t gone[8];

	expect_gone(members, 3, REMOVE_NEWEST, false, "c b a");
	expect_gone(members, 3, REMOVE_OLDEST, false, "b c a");
	cr_expect_eq(cluster_removals(members, 3, REMOVE_NEWEST, false, 8, gone), 3, "there are no more");
	cr_expect_eq(cluster_removals(members, 3, REMOVE_NEWEST, false, 0, gone), 0);
	cr_expect_eq(cluster_removals(NULL, 0, REMOVE_NEWEST, true, 2, gone), 0);
}

Test(cluster, what_is_not_well_goes_before_what_is)
{
	static const struct cluster_member members[] = {{"a", "x", 1, false, false},
							{"b", "y", 2, true, false},
							{"c", "y", 3, true, false},
							{"d", "y", 4, true, false}};

	expect_gone(members, 4, REMOVE_UNWELL, false, "a d c b");
	expect_gone(members, 4, REMOVE_UNWELL, true, "a d c b");
	expect_gone(members, 4, REMOVE_NEWEST, true, "d c b a");
}

Test(cluster, spread_they_go_from_the_fullest_location)
{
	static const struct cluster_member members[] = {
	    {"a", "x", 1, true, false}, {"b", "x", 2, true, false}, {"c", "x", 3, true, false},
	    {"d", "y", 4, true, false}, {"e", "y", 5, true, false}, {"f", "z", 6, true, false}};

	expect_gone(members, 6, REMOVE_NEWEST, true, "c e b f d a");
	expect_gone(members, 6, REMOVE_OLDEST, true, "a b d c e f");
}

static const char *const zones[] = {"x", "y", "z"};

/* Some are not well, the fourth one was the first member, and numbers came back. */
static void fill(struct cluster_member *members, size_t count, unsigned seed)
{
	for (size_t i = 0; i < count; i++) {
		seed = seed * 1103515245 + 12345;
		members[i] = (struct cluster_member){.zone = zones[(seed >> 16) % 3],
						     .number = (int64_t)((i * 7919 + seed % 7) % 100003),
						     .well = (seed >> 20) % 4 != 0,
						     .first = i == 3};
	}
}

Test(cluster, who_goes_later_is_who_goes_first_of_those_left)
{
	struct cluster_member members[40], left[40];
	size_t order[40], next[40], of[40];

	for (unsigned seed = 0; seed < 300; seed++) {
		enum cluster_removal by = seed % 3 == 0   ? REMOVE_NEWEST
					  : seed % 3 == 1 ? REMOVE_OLDEST
							  : REMOVE_UNWELL;
		size_t count = COUNT(members);
		fill(members, count, seed);
		cr_assert_eq(cluster_removals(members, count, by, seed % 2, count, order), count);
		memcpy(left, members, sizeof(left));
		for (size_t i = 0; i < count; i++)
			of[i] = i;
		for (size_t i = 0; i < count; i++) {
			size_t rest = count - i;
			cr_assert_eq(cluster_removals(left, rest, by, seed % 2, 1, next), 1);
			cr_assert_eq(of[next[0]], order[i], "seed %u, the %zu. to go", seed, i);
			memmove(left + next[0], left + next[0] + 1, (rest - next[0] - 1) * sizeof(*left));
			memmove(of + next[0], of + next[0] + 1, (rest - next[0] - 1) * sizeof(*of));
		}
	}
}

/* Each compared with all would take hours. */
Test(cluster, a_hundred_thousand_are_put_in_order_at_once, .timeout = 20)
{
	enum { MANY = 100000 };
	struct cluster_member *members = calloc(MANY, sizeof *members);
	size_t *order = calloc(MANY, sizeof *order);

	cr_assert(members && order);
	fill(members, MANY, 1);
	cr_expect_eq(cluster_removals(members, MANY, REMOVE_UNWELL, true, MANY - 1, order), MANY - 1);
	cluster_spare_last(members, MANY, REMOVE_UNWELL, order, MANY - 1);
	cr_expect(members[order[MANY - 1]].well);
	free(members);
	free(order);
}

static struct zone_choice choice_of(const struct cluster_member *members, size_t member_count,
				    const struct zone_outcome *outcomes, size_t outcome_count)
{
	return (struct zone_choice){
	    zones, 3, members, member_count, outcomes, outcome_count, brooklyns_zone_rule, 100 * MINUTE};
}

Test(cluster, the_next_one_goes_where_the_fewest_are)
{
	static const struct cluster_member members[] = {
	    {"a", "x", 1, true, false}, {"b", "y", 2, true, false}, {"c", "x", 3, true, false}};
	struct zone_choice choice = choice_of(members, 3, NULL, 0);

	cr_expect_eq(zone_for_next(&choice), 2);
	choice.zone_count = 2;
	cr_expect_eq(zone_for_next(&choice), 1);
	choice.member_count = 0;
	cr_expect_eq(zone_for_next(&choice), 0, "of equals the first");
	choice.zone_count = 0;
	cr_expect_eq(zone_for_next(&choice), SIZE_MAX);
}

Test(cluster, members_stay_evenly_spread_however_they_come_and_go)
{
	struct cluster_member members[60];
	size_t count = 0, gone[COUNT(members)];
	unsigned dice = 1;

	for (int turn = 0; turn < 2000; turn++) {
		size_t per_zone[3] = {0};
		dice = dice * 1103515245 + 12345;
		if (count && (count == COUNT(members) || dice >> 16 & 1)) {
			cr_assert_eq(cluster_removals(members, count,
						      turn % 2 ? REMOVE_NEWEST : REMOVE_OLDEST, true, 1,
						      gone),
				     1);
			members[gone[0]] = members[--count];
		} else {
			struct zone_choice choice = choice_of(members, count, NULL, 0);
			members[count] = (struct cluster_member){
			    .name = "m", .zone = zones[zone_for_next(&choice)], .number = turn, .well = true};
			count++;
		}
		for (size_t i = 0; i < count; i++)
			per_zone[members[i].zone[0] - 'x']++;
		for (int i = 0; i < 3; i++)
			for (int j = 0; j < 3; j++)
				cr_assert_leq(per_zone[i], per_zone[j] + 1, "turn %d", turn);
	}
}

Test(cluster, a_location_where_starts_failed_is_avoided_for_a_time)
{
	static const struct zone_outcome outcomes[] = {
	    {"x", 50 * MINUTE, true}, {"x", 60 * MINUTE, true}, {"y", 60 * MINUTE, true}};
	struct zone_choice choice = choice_of(NULL, 0, outcomes, 3);

	cr_expect(zone_failed(&choice, "x"));
	cr_expect_not(zone_failed(&choice, "y"), "one is not enough");
	cr_expect_not(zone_failed(&choice, "z"), "nothing is known");
	cr_expect_eq(zone_for_next(&choice), 1);
	choice.now_ms = 110 * MINUTE; /* both are within the hour still, to the millisecond */
	cr_expect(zone_failed(&choice, "x"));
	choice.now_ms++;
	cr_expect_not(zone_failed(&choice, "x"));
}

Test(cluster, a_location_where_most_starts_succeed_is_used)
{
	struct zone_outcome outcomes[10] = {0};
	struct zone_choice choice = choice_of(NULL, 0, outcomes, 10);

	for (int i = 0; i < 10; i++)
		outcomes[i] = (struct zone_outcome){"x", 99 * MINUTE, i != 0};
	cr_expect(zone_failed(&choice, "x"), "nine of ten");
	outcomes[1].failed = false;
	cr_expect_not(zone_failed(&choice, "x"), "eight of ten");
}

Test(cluster, where_all_locations_failed_the_one_that_rested_longest_is_tried)
{
	static const struct zone_outcome outcomes[] = {{"x", 99 * MINUTE, true}, {"x", 98 * MINUTE, true},
						       {"y", 90 * MINUTE, true}, {"y", 91 * MINUTE, true},
						       {"z", 95 * MINUTE, true}, {"z", 96 * MINUTE, true}};
	struct zone_choice choice = choice_of(NULL, 0, outcomes, 6);

	cr_expect_eq(zone_for_next(&choice), 1);
}

Test(cluster, a_replacement_goes_where_the_old_one_was_unless_that_failed)
{
	static const struct cluster_member old = {"a", "y", 1, false, false};
	static const struct zone_outcome outcomes[] = {{"y", 99 * MINUTE, true}, {"y", 99 * MINUTE, true}};
	static const struct cluster_member nowhere = {"b", NULL, 1, false, false};
	struct zone_choice choice = choice_of(&old, 1, outcomes, 0);

	cr_expect_eq(zone_for_replacement(&choice, &old), 1);
	choice.outcome_count = 2;
	cr_expect_eq(zone_for_replacement(&choice, &old), 0);
	cr_expect_eq(zone_for_replacement(&choice, &nowhere), 0);
}

Test(cluster, it_grows_as_far_as_it_may_and_says_so_only_where_it_cannot_grow_at_all)
{
	struct cluster_change change = cluster_resize(2, 9, 5);

	cr_expect_eq(change.add, 3);
	cr_expect_not(change.no_room);
	cr_expect(cluster_resize(5, 6, 5).no_room);
	cr_expect_not(cluster_resize(5, 5, 5).no_room);
	cr_expect_eq(cluster_resize(7, 6, 5).remove, 1, "somebody made it larger");
	cr_expect_eq(cluster_resize(2, 9, 0).add, 7, "no bound");
	cr_expect_eq(cluster_resize(3, 0, 5).remove, 3);
}

Test(cluster, who_could_not_start_is_put_aside_if_there_is_something_to_look_at)
{
	cr_expect_eq(cluster_fate(START_DONE, true), FATE_JOINS);
	cr_expect_eq(cluster_fate(START_FAILED, true), FATE_QUARANTINED);
	cr_expect_eq(cluster_fate(START_FAILED, false), FATE_DISCARDED);
	cr_expect_eq(cluster_fate(START_NO_ROOM, true), FATE_DISCARDED);
}

Test(cluster, all_of_the_first_ones_must_start_or_as_many_as_the_quorum_says)
{
	cr_expect(cluster_has_started(3, -1, 3));
	cr_expect_not(cluster_has_started(3, -1, 2));
	cr_expect(cluster_has_started(3, 2, 2));
	cr_expect_not(cluster_has_started(3, 2, 1));
	cr_expect(cluster_has_started(3, 0, 0));
	cr_expect(cluster_has_started(0, -1, 0));
}

Test(cluster, one_begun_empty_is_up_and_one_that_lost_all_is_not)
{
	struct cluster_health begun = cluster_health(0, 0, 0, false), lost = cluster_health(0, 0, 0, true);

	cr_expect(begun.up && !begun.on_fire);
	cr_expect(!lost.up && lost.on_fire);
	cr_expect(cluster_health(3, 1, 0, true).up);
	cr_expect(cluster_health(3, 2, 1, true).on_fire);
}
