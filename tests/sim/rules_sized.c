/* rules_sized.c - what the size of a cluster is held to: its bounds, those who serve, and its calm. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/keeper.h"
#include "tests/sim/rules.h"
#include "tests/sim/sized.h"

enum {
	SLACK_MS = 2500, /* what was heard up to a period before */
	WELL_MS = 60000, /* so long nothing went wrong */
	STALE_MS = 3 * SIZED_PERIOD + 4000,
};

static bool is_uneasy(const struct theatre *stage, int64_t since)
{
	return stage->sized->uneasy_ms > since;
}

/* --- when a resize begins -------------------------------------------------------------------------- */

void rule_size_bounds(struct theatre *stage, unsigned wanted)
{
	const struct sized *sized = stage->sized;
	tally_add(stage->tally, "judged", "sizes that are asked for", 1);
	if (wanted < sized->least || wanted > sized->most)
		stage_accuse(stage, "size bounds", "%u are asked for, of %u to %u", wanted, sized->least,
			     sized->most);
}

/* It does not turn back before its wait is over, whatever it hears. */
void rule_no_flapping(struct theatre *stage, unsigned wanted)
{
	const struct sized *sized = stage->sized;
	bool grows = wanted > sized->size, classic = sized->scaler == SCALER_CLASSIC;
	int64_t least = grows ? (classic ? SIZED_UP_DELAY : SIZED_UP_COOL)
			      : (classic ? SIZED_DOWN_DELAY : SIZED_DOWN_COOL);
	int64_t since = stage_now(stage) - sized->changed_ms;
	if (sized->changed_ms < 0 || grows == sized->grew || wanted == sized->size || sized->forgot)
		return;
	tally_add(stage->tally, "judged", "sizes that turn back", 1);
	if (since < least - SLACK_MS)
		stage_accuse(stage, "no flapping", "from %u back to %u after %lld ms, not %lld", sized->size,
			     wanted, (long long)since, (long long)least);
}

/* A number that nobody tells any more is none. What was wished before, and could not be done, may still be.
 */
void rule_stale_moves_nothing(struct theatre *stage)
{
	const struct sized *sized = stage->sized;
	int64_t allowed = STALE_MS + (sized->scaler == SCALER_CLASSIC ? SIZED_DOWN_DELAY : 0);
	int64_t silent = sized->silent_ms < 0 ? 0 : stage_now(stage) - sized->silent_ms;
	if (silent > allowed && !is_uneasy(stage, sized->silent_ms - WELL_MS))
		stage_accuse(stage, "stale", "it is resized, and its sensor has told nothing for %lld s",
			     (long long)silent / 1000);
}

void rule_quiet(struct theatre *stage)
{
	if (stage->sized->quiet)
		stage_accuse(stage, "no flapping", "it is resized, and its load is within the bounds");
}

/* --- at all times ---------------------------------------------------------------------------------- */

/* Nobody changes it but who is asked to. */
void rule_size_kept(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	const struct hold *hold = sized->keeper ? keeper_hold(sized->berth, SIZED_APP) : NULL;
	const struct held_component *held = hold ? held_component_of(hold, "web") : NULL;
	if (!held || sized->forgot || sized->operation || !sized->size)
		return;
	unsigned size = held->component->cluster.asked;
	sized->deed_over |= size == sized->size;
	sized->seen = size;
	if (size != sized->size && (sized->deed_over || size != sized->size_before))
		stage_accuse(stage, "size kept", "it is to have %u, and %u were asked for last", size,
			     sized->size);
}

void rule_never_more(struct theatre *stage)
{
	const struct sized *sized = stage->sized;
	if (sized->running > sized->most)
		stage_accuse(stage, "size bounds", "%u run, of %u at most", sized->running, sized->most);
}

static bool ends_something(enum docker_call call)
{
	return call == DOCKER_STOP || call == DOCKER_KILL || call == DOCKER_REMOVE;
}

/* Others than that one that serve. */
static unsigned serving_beside(const struct theatre *stage, const char *name, bool *ret_serves)
{
	unsigned count = 0;
	*ret_serves = false;
	for (size_t i = 0; i < stage->judge->now.count; i++) {
		const struct sight *sight = &stage->judge->now.list[i];
		bool serves = sight->running && sight->answers;
		if (!sight->app || strcmp(sight->app, SIZED_APP) != 0 || !sight->component ||
		    strcmp(sight->component, "web") != 0)
			continue;
		if (strcmp(sight->name, name) == 0)
			*ret_serves = serves;
		else
			count += serves;
	}
	return count;
}

/* Seen from the engine: whoever serves is not ended while nobody else does. */
void rule_last_one_stays(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (; sized->changes_seen < count; sized->changes_seen++) {
		const struct docker_change *change = &changes[sized->changes_seen];
		bool serves;
		if (change->foreign || !ends_something(change->call) || !change->target ||
		    strncmp(change->target, SIZED_APP ".web.", strlen(SIZED_APP ".web.")) != 0 ||
		    sized->leaving)
			continue;
		tally_add(stage->tally, "judged", "members that go", 1);
		if (!serving_beside(stage, change->target, &serves) && serves)
			stage_accuse(stage, "last one stays", "%s of %s, and nobody else serves",
				     docker_call_name(change->call), change->target);
	}
}

static struct whose *whose_is(struct sized *sized, const char *address, size_t length)
{
	for (size_t i = 0; i < sized->whose_count; i++)
		if (strlen(sized->whose[i].address) == length &&
		    !strncmp(sized->whose[i].address, address, length))
			return &sized->whose[i];
	return NULL;
}

static void note_address(struct sized *sized, const struct sight *sight, const char *address)
{
	struct whose *whose = whose_is(sized, address, strlen(address));
	if (!whose && sized->whose_count == SIZED_ADDRESSES)
		return;
	if (!whose)
		whose = &sized->whose[sized->whose_count++];
	if (strcmp(whose->id, sight->id) != 0)
		whose->answered = false;
	whose->answered |= sight->answers;
	snprintf(whose->address, sizeof whose->address, "%s", address);
	snprintf(whose->id, sizeof whose->id, "%s", sight->id);
}

static void accuse_listed(struct theatre *stage, const char *list)
{
	while (*list) {
		size_t entry = strcspn(list, ","), length = strcspn(list, ":");
		const struct whose *whose = whose_is(stage->sized, list, length);
		tally_add(stage->tally, "judged", "members that are listed", 1);
		if (whose && !whose->answered)
			stage_accuse(stage, "never linked",
				     "%.*s is listed, and %.12s, which has it, never answered", (int)entry,
				     list, whose->id);
		list += entry + (list[entry] == ',');
	}
}

/* Whoever did not get ready is no member: it is kept to be looked at, and nobody is sent to it. */
void rule_listed_answered(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	owned_text list = {0};
	for (size_t i = 0; i < stage->judge->now.count; i++) {
		const struct sight *sight = &stage->judge->now.list[i];
		if (!sight->app || strcmp(sight->app, SIZED_APP) != 0 || !sight->component)
			continue;
		if (strcmp(sight->component, "front") == 0)
			sight_file(sight, stage, &list);
		for (size_t n = 0;
		     strcmp(sight->component, "web") == 0 && sight->running && n < sight->spot_count; n++)
			note_address(sized, sight, sight->spots[n].address);
	}
	if (!strcmp(text_view(&list), text_view(&sized->listed)))
		return;
	text_clear(&sized->listed);
	text_add(&sized->listed, text_view(&list));
	accuse_listed(stage, text_view(&list));
}

/* --- at rest ----------------------------------------------------------------------------------------- */

/* How many would do, by the rule that the blueprint gives. */
static bool fits(const struct sized *sized, unsigned size)
{
	double each = sized->load / size, fewer = size > 1 ? sized->load / (size - 1) : 1e9;
	if (sized->scaler == SCALER_TARGET)
		return (each <= SIZED_TARGET * 1.1 || size >= sized->most) &&
		       (each >= SIZED_TARGET * 0.9 || size <= sized->least || fewer > SIZED_TARGET);
	return (each <= SIZED_UPPER || size >= sized->most) &&
	       (each >= SIZED_LOWER || size <= sized->least || fewer > SIZED_UPPER);
}

/* What its autoscaler would say; "" for nothing. */
static const char *reason(const struct sized *sized)
{
	const struct hold *hold = sized->keeper ? keeper_hold(sized->berth, SIZED_APP) : NULL;
	const struct held_component *held = hold ? held_component_of(hold, "web") : NULL;
	struct arena arena = {0};
	struct scaling_sight sight;
	const char *words = "not held";
	if (held)
		words = held_scaling(held, &arena, &sight) == 1 ? scaling_hold_name(sight.hold) : "no policy";
	arena_release(&arena);
	return words;
}

void rule_size_fits(struct theatre *stage)
{
	const struct sized *sized = stage->sized;
	tally_add(stage->tally, "judged", "sizes at rest", 1);
	if (sized->answering < sized->least || sized->answering > sized->most ||
	    !fits(sized, sized->answering))
		stage_accuse(stage, "size fits", "%u of %u answer, of %u to %u, and the load is %g: %s",
			     sized->answering, sized->running, sized->least, sized->most, sized->load,
			     reason(sized));
}

void rule_sized_gone(struct theatre *stage)
{
	for (size_t i = 0; i < stage->judge->now.count; i++) {
		const struct sight *sight = &stage->judge->now.list[i];
		if (sight->app && strcmp(sight->app, SIZED_APP) == 0 && sight->component)
			stage_accuse(stage, "nothing left", "%s is there after destroy", sight->name);
	}
}
