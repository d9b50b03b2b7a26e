/* cluster.c - what a cluster decides of its members and zones. */
#include "policies/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool in_zone(const struct cluster_member *member, const char *zone)
{
	return member->zone && zone ? !strcmp(member->zone, zone) : member->zone == zone;
}

/* --- which member goes ------------------------------------------------------------------------ */

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

/* A member among all, in the order in which they would go but for their zones. */
struct leaver {
	const struct cluster_member *member;
	enum cluster_removal by;
	size_t index, zone;
	size_t next; /* of the same zone; SIZE_MAX: none is */
};

/* How many there are of a zone yet, and who of them goes next. */
struct queue {
	const char *zone;
	size_t left, head, tail;
};

static int by_turn(const void *one, const void *other)
{
	const struct leaver *a = one, *b = other;

	if (goes_before(a->member, b->member, a->by))
		return -1;
	if (goes_before(b->member, a->member, a->by))
		return 1;
	return a->index < b->index ? -1 : 1;
}

/* Who is not well, and who is the first, are so wherever they are. */
static bool alike(const struct leaver *a, const struct leaver *b)
{
	return a->member->first == b->member->first &&
	       (a->by != REMOVE_UNWELL || a->member->well == b->member->well);
}

static size_t queue_of(struct queue *queues, size_t *count, const struct cluster_member *member, bool spread)
{
	const struct cluster_member at = {.zone = spread ? member->zone : NULL};
	size_t i = 0;

	while (i < *count && !in_zone(&at, queues[i].zone))
		i++;
	if (i == *count)
		queues[(*count)++] = (struct queue){.zone = at.zone, .head = SIZE_MAX};
	return i;
}

static void line_up(struct leaver *leavers, size_t from, size_t to, struct queue *queues)
{
	for (size_t i = from; i < to; i++) {
		struct queue *queue = &queues[leavers[i].zone];
		leavers[i].next = SIZE_MAX;
		if (queue->head == SIZE_MAX)
			queue->head = i;
		else
			leavers[queue->tail].next = i;
		queue->tail = i;
	}
}

/* The one of the zone with the most; of equals the one whose turn is first. */
static size_t take_next(const struct leaver *leavers, struct queue *queues, size_t count)
{
	struct queue *most = NULL;

	for (size_t i = 0; i < count; i++) {
		struct queue *queue = &queues[i];
		if (queue->head != SIZE_MAX && (!most || queue->left > most->left ||
						(queue->left == most->left && queue->head < most->head)))
			most = queue;
	}
	size_t next = most ? most->head : 0;
	if (most) {
		most->head = leavers[next].next;
		most->left--;
	}
	return leavers[next].index;
}

size_t cluster_removals(const struct cluster_member *members, size_t count, enum cluster_removal by,
			bool spread, size_t wanted, size_t *ret)
{
	owned_memory struct leaver *leavers = calloc(count + 1, sizeof *leavers);
	owned_memory struct queue *queues = calloc(count + 1, sizeof *queues);
	size_t queue_count = 0, end;

	if (!leavers || !queues)
		return 0;
	for (size_t i = 0; i < count; i++) {
		size_t zone = queue_of(queues, &queue_count, &members[i], spread);
		leavers[i] = (struct leaver){.member = &members[i], .by = by, .index = i, .zone = zone};
		queues[zone].left++;
	}
	if (count)
		qsort(leavers, count, sizeof *leavers, by_turn);
	for (size_t from = 0; from < count; from = end) {
		for (end = from + 1; end < count && alike(&leavers[from], &leavers[end]);)
			end++;
		line_up(leavers, from, end, queues);
		for (size_t i = from; i < end; i++)
			ret[i] = take_next(leavers, queues, queue_count);
	}
	return wanted < count ? wanted : count;
}

void cluster_spare_last(const struct cluster_member *members, size_t count, enum cluster_removal by,
			size_t *ret, size_t taken)
{
	size_t next = SIZE_MAX, spared = SIZE_MAX;

	for (size_t i = taken; i < count; i++) {
		if (members[ret[i]].well)
			return;
		if (next == SIZE_MAX || goes_before(&members[ret[i]], &members[ret[next]], by))
			next = i;
	}
	for (size_t i = 0; i < taken; i++)
		if (members[ret[i]].well &&
		    (spared == SIZE_MAX || goes_before(&members[ret[spared]], &members[ret[i]], by)))
			spared = i;
	if (next == SIZE_MAX || spared == SIZE_MAX)
		return;
	size_t stays = ret[spared];
	ret[spared] = ret[next];
	ret[next] = stays;
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
