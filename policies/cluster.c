/* cluster.c - what a cluster decides of its members and zones. */
#include "policies/cluster.h"

#include <stdlib.h>
#include <string.h>

static bool in_zone(const struct cluster_member *member, const char *zone)
{
	return member->zone && zone ? !strcmp(member->zone, zone) : member->zone == zone;
}

/* --- which member goes ------------------------------------------------------------------------ */

static bool is_taken(const size_t *taken, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (taken[i] == index)
			return true;
	return false;
}

/* How many of its zone are left. */
static size_t left_beside(const struct cluster_member *members, size_t count, const size_t *taken,
			  size_t taken_count, const struct cluster_member *member)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		left += in_zone(&members[i], member->zone) && !is_taken(taken, taken_count, i);
	return left;
}

/* Whether `a` goes before `b`, their zones aside. */
static bool goes_before(const struct cluster_member *a, const struct cluster_member *b,
			enum cluster_removal by)
{
	if (a->first != b->first)
		return b->first;
	if (by == REMOVE_UNWELL && a->well != b->well)
		return !a->well;
	return by == REMOVE_OLDEST ? a->number < b->number : a->number > b->number;
}

size_t cluster_removals(const struct cluster_member *members, size_t count, enum cluster_removal by,
			bool spread, size_t wanted, size_t *ret)
{
	size_t taken = 0;

	while (taken < wanted && taken < count) {
		size_t best = SIZE_MAX, most = 0;
		for (size_t i = 0; i < count; i++) {
			if (is_taken(ret, taken, i))
				continue;
			size_t beside = spread ? left_beside(members, count, ret, taken, &members[i]) : 0;
			/* Who is not well, and who is the first, are so wherever they are. */
			bool alike = best != SIZE_MAX && members[i].first == members[best].first &&
				     (by != REMOVE_UNWELL || members[i].well == members[best].well);
			if (best == SIZE_MAX || (alike && beside > most) ||
			    ((!alike || beside == most) && goes_before(&members[i], &members[best], by))) {
				best = i;
				most = beside;
			}
		}
		ret[taken++] = best;
	}
	return taken;
}

void cluster_spare_last(const struct cluster_member *members, size_t count, enum cluster_removal by,
			size_t *ret, size_t taken)
{
	size_t next = SIZE_MAX, spared = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (is_taken(ret, taken, i))
			continue;
		if (members[i].well)
			return;
		if (next == SIZE_MAX || goes_before(&members[i], &members[next], by))
			next = i;
	}
	for (size_t i = 0; i < taken; i++)
		if (members[ret[i]].well &&
		    (spared == SIZE_MAX || goes_before(&members[ret[spared]], &members[ret[i]], by)))
			spared = i;
	if (next != SIZE_MAX && spared != SIZE_MAX)
		ret[spared] = next;
}

/* --- where the next one goes ------------------------------------------------------------------ */

const struct zone_rule brooklyns_zone_rule = {.within_ms = 3600000, .least = 2, .share = 0.9};

bool zone_failed(const struct zone_choice *choice, const char *zone)
{
	size_t all = 0, failed = 0;

	for (size_t i = 0; i < choice->outcome_count; i++) {
		const struct zone_outcome *outcome = &choice->outcomes[i];
		if (outcome->at_ms < choice->now_ms - choice->rule.within_ms ||
		    strcmp(outcome->zone, zone) != 0)
			continue;
		all++;
		failed += outcome->failed;
	}
	return all && all >= choice->rule.least && (double)failed >= choice->rule.share * (double)all;
}

static size_t members_of(const struct zone_choice *choice, const char *zone)
{
	size_t count = 0;

	for (size_t i = 0; i < choice->member_count; i++)
		count += in_zone(&choice->members[i], zone);
	return count;
}

static int64_t last_failure(const struct zone_choice *choice, const char *zone)
{
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < choice->outcome_count; i++) {
		const struct zone_outcome *outcome = &choice->outcomes[i];
		if (outcome->failed && outcome->at_ms > last && !strcmp(outcome->zone, zone))
			last = outcome->at_ms;
	}
	return last;
}

size_t zone_for_next(const struct zone_choice *choice)
{
	size_t best = SIZE_MAX, fewest = 0, oldest = SIZE_MAX;

	for (size_t i = 0; i < choice->zone_count; i++) {
		const char *zone = choice->zones[i];
		size_t has = members_of(choice, zone);
		if (zone_failed(choice, zone)) {
			if (oldest == SIZE_MAX ||
			    last_failure(choice, zone) < last_failure(choice, choice->zones[oldest]))
				oldest = i;
		} else if (best == SIZE_MAX || has < fewest) {
			best = i;
			fewest = has;
		}
	}
	return best == SIZE_MAX ? oldest : best;
}

size_t zone_for_replacement(const struct zone_choice *choice, const struct cluster_member *old)
{
	for (size_t i = 0; i < choice->zone_count; i++)
		if (in_zone(old, choice->zones[i]) && !zone_failed(choice, choice->zones[i]))
			return i;
	return zone_for_next(choice);
}

/* --- how large it becomes, and what becomes of a member ----------------------------------------- */

struct cluster_change cluster_resize(size_t size, size_t wanted, size_t most)
{
	if (wanted <= size)
		return (struct cluster_change){.remove = size - wanted};
	if (most && size >= most)
		return (struct cluster_change){.no_room = true};
	return (struct cluster_change){.add = (most && wanted > most ? most : wanted) - size};
}

enum cluster_fate cluster_fate(enum start_outcome outcome, bool quarantine)
{
	if (outcome == START_DONE)
		return FATE_JOINS;
	/* Where no machine was to be had there is nothing to look at. */
	return outcome == START_FAILED && quarantine ? FATE_QUARANTINED : FATE_DISCARDED;
}

bool cluster_has_started(int64_t initial, int64_t quorum, size_t started)
{
	return (int64_t)started >= (quorum < 0 ? initial : quorum);
}

struct cluster_health cluster_health(size_t members, size_t up, size_t on_fire, bool had_members)
{
	bool is_up = up > 0 || (!members && !had_members);

	return (struct cluster_health){.up = is_up, .on_fire = on_fire > 0 || !is_up};
}
