/* simulate_judge.c - what must hold: looked at after every moment of virtual time, told with the moment and
 * with what broke it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

#define SETTLE_MS 30000

struct verdict {
	struct verdict *next;
	const struct scenario_assertion *assertion; /* NULL: of a step */
	const char *words;
	struct place place;
	const char *component; /* NULL: of all */
	int64_t limit_ms;
	bool armed;        /* it was so, and nobody took it away since */
	bool ever;         /* it was so once */
	int64_t since_ms;  /* since when it is not so; -1: it is */
	int64_t worst_ms;  /* the longest time that it was not so */
	int64_t broken_ms; /* story time; -1: it holds */
	const char *why;
};

/* --- their beginning ---------------------------------------------------------------------------------- */

static struct verdict *add(struct simulation *simulation, struct place place, const char *words)
{
	struct verdict *verdict = arena_array(&simulation->arena, struct verdict, 1);
	if (!verdict || !words) {
		simulation->failed = true;
		return NULL;
	}
	*verdict = (struct verdict){.words = words, .place = place, .since_ms = -1, .broken_ms = -1};
	if (simulation->last_verdict)
		simulation->last_verdict->next = verdict;
	else
		simulation->verdicts = verdict;
	return simulation->last_verdict = verdict;
}

static void begin_outage(struct simulation *simulation, const struct scenario_assertion *assertion)
{
	for (const struct said_pair *pair = assertion->outage; pair; pair = said_next(pair)) {
		struct verdict *verdict =
		    add(simulation, pair->said.place,
			arena_format(&simulation->arena, "%s is never away for longer than %s",
				     pair->said.name, pair->value.text));
		if (!verdict)
			return;
		verdict->assertion = assertion;
		verdict->component = pair->said.name;
		verdict->limit_ms = parse_duration_ms(pair->value.text);
	}
}

static void begin_finally(struct simulation *simulation, const struct scenario_assertion *assertion)
{
	const struct scenario_finally *finally = &assertion->finally;
	owned_text words = {0};
	text_add(&words, "finally");
	if (said_has(finally, FINALLY_STATE))
		text_format(&words, " it is %s", scenario_states[finally->state]);
	for (const struct said_pair *pair = finally->count; pair; pair = said_next(pair))
		text_format(&words, " %s %s %s", pair == finally->count ? "with" : "and", pair->value.text,
			    pair->said.name);
	if (said_has(finally, FINALLY_UNCHANGED))
		text_format(&words, "%s a next deploy changes %s", words.length > 7 ? " and" : "",
			    finally->unchanged ? "nothing" : "something");
	if (finally->nothing)
		text_add(&words, " nothing is left");
	struct verdict *verdict =
	    add(simulation, assertion->said.place, arena_text(&simulation->arena, text_view(&words)));
	if (verdict)
		verdict->assertion = assertion;
}

static void begin_never(struct simulation *simulation, const struct scenario_assertion *assertion)
{
	struct verdict *verdict = add(simulation, assertion->said.place,
				      arena_format(&simulation->arena, "never %s", assertion->never.text));
	if (!verdict)
		return;
	verdict->assertion = assertion;
	verdict->component = assertion->component;
}

static void begin_recovers(struct simulation *simulation, const struct scenario_assertion *assertion)
{
	const struct scenario_recovers *recovers = &assertion->recovers;
	char limit[32];
	duration_words(recovers->within_ms, limit);
	struct verdict *verdict = add(simulation, assertion->said.place,
				      arena_format(&simulation->arena, "%s%srecovers within %s",
						   recovers->component.text ? recovers->component.text : "",
						   recovers->component.text ? " " : "", limit));
	if (!verdict)
		return;
	verdict->assertion = assertion;
	verdict->component = recovers->component.text;
	verdict->limit_ms = recovers->within_ms;
}

void verdicts_begin(struct simulation *simulation)
{
	static void (*const begin[])(struct simulation *,
				     const struct scenario_assertion *) = {[ASSERT_NEVER] = begin_never,
									   [ASSERT_RECOVERS] = begin_recovers,
									   [ASSERT_OUTAGE] = begin_outage,
									   [ASSERT_FINALLY] = begin_finally};
	for (const struct scenario_assertion *assertion = simulation->scenario->assertions; assertion;
	     assertion = said_next(assertion))
		begin[assertion->what](simulation, assertion);
	simulation->disturbed_ms = -1;
	simulation->judged_ms = -1;
}

/* --- what breaks them --------------------------------------------------------------------------------- */

static void broken(struct simulation *simulation, struct verdict *verdict, const char *why)
{
	if (verdict->broken_ms >= 0)
		return;
	verdict->broken_ms = story_now(simulation);
	verdict->why = why;
	story_tell(simulation, "assertion", "broken: %s: %s", verdict->words, why);
}

static int64_t there_of(const struct watched *watched)
{
	return watched->job ? watched->finished : watched->answering;
}

static const char *verb_of_count(const struct watched *watched, int64_t count)
{
	if (watched->job)
		return count == 1 ? "has finished" : "have finished";
	return count == 1 ? "answers" : "answer";
}

static bool is_missing(const struct watched *watched, bool all, int64_t *ret_wanted)
{
	*ret_wanted = all || watched->wanted < watched->kept ? watched->wanted : watched->kept;
	return there_of(watched) < *ret_wanted;
}

/* Who is missing; NULL: nobody. Of all that the last command wanted, or only of what must not be lost while a
 * command is under way. */
static const struct watched *missing(const struct simulation *simulation, const char *component, bool all,
				     int64_t *ret_wanted)
{
	for (size_t i = 0; i < simulation->watched_count; i++) {
		const struct watched *watched = &simulation->watched[i];
		if (component && strcmp(component, watched->id) != 0)
			continue;
		if (is_missing(watched, all, ret_wanted))
			return watched;
	}
	return NULL;
}

static const struct watched *watched_of(struct simulation *simulation, const char *component)
{
	return fleet_watched(simulation, component, strlen(component));
}

static void look_never(struct simulation *simulation, struct verdict *verdict)
{
	const struct scenario_assertion *assertion = verdict->assertion;
	const struct watched *watched = watched_of(simulation, verdict->component);
	int64_t count = watched ? watched->answering : 0;
	bool good = assertion->more ? count <= assertion->count : count >= assertion->count;
	/* Who takes it away on purpose is not told that it is missing. */
	if (!assertion->more && watched && watched->wanted < assertion->count)
		verdict->armed = false;
	else if (good)
		verdict->armed = verdict->ever = true;
	else if (verdict->armed || assertion->more)
		broken(simulation, verdict,
		       arena_format(&simulation->arena, "%lld %s of %s", (long long)count,
				    count == 1 ? "answers" : "answer", verdict->component));
}

static void look_outage(struct simulation *simulation, struct verdict *verdict)
{
	const struct watched *watched = watched_of(simulation, verdict->component);
	int64_t now = clock_now(simulation->clock);
	char words[32];
	if (!watched || !watched->wanted || watched->answering) {
		verdict->armed = watched && watched->answering;
		verdict->ever = verdict->ever || verdict->armed;
		verdict->since_ms = -1;
		return;
	}
	if (!verdict->armed)
		return;
	if (verdict->since_ms < 0)
		verdict->since_ms = now;
	if (now - verdict->since_ms > verdict->worst_ms)
		verdict->worst_ms = now - verdict->since_ms;
	if (verdict->worst_ms > verdict->limit_ms)
		broken(simulation, verdict,
		       arena_format(&simulation->arena, "none of it answers since %s",
				    duration_words(verdict->worst_ms, words)));
}

/* What it lacks, and since when: something was lost, or what was disturbed is not as wanted yet. */
static const struct watched *lacks(const struct simulation *simulation, const struct verdict *verdict,
				   int64_t *ret_wanted, int64_t *ret_since_ms)
{
	int64_t now = clock_now(simulation->clock);
	const struct watched *lost =
	    simulation->armed ? missing(simulation, verdict->component, false, ret_wanted) : NULL;
	if (lost) {
		*ret_since_ms = verdict->since_ms >= 0 ? verdict->since_ms : now;
		return lost;
	}
	if (simulation->disturbed_ms < 0 || now < simulation->disturbed_ms)
		return NULL;
	*ret_since_ms = simulation->disturbed_ms;
	return missing(simulation, verdict->component, true, ret_wanted);
}

static void look_recovers(struct simulation *simulation, struct verdict *verdict)
{
	int64_t now = clock_now(simulation->clock), wanted = 0, since;
	const struct watched *who = lacks(simulation, verdict, &wanted, &since);
	char words[32];
	verdict->since_ms = who ? since : -1;
	verdict->ever = verdict->ever || who || simulation->disturbed_ms >= 0;
	if (who && now - since > verdict->worst_ms)
		verdict->worst_ms = now - since;
	if (!who || now - since <= verdict->limit_ms)
		return;
	broken(simulation, verdict,
	       arena_format(&simulation->arena, "after %s %lld of %lld %s %s%s%s",
			    duration_words(now - since, words), (long long)there_of(who), (long long)wanted,
			    who->id, who->job ? "have finished" : "answer",
			    simulation->disturbance ? ", since " : "",
			    simulation->disturbance ? simulation->disturbance : ""));
}

/* That something is lost, and that it is there again, is part of the story. */
static void tell_loss(struct simulation *simulation)
{
	bool lost = false;
	for (size_t i = 0; i < simulation->watched_count; i++) {
		struct watched *watched = &simulation->watched[i];
		int64_t wanted, there = there_of(watched);
		if (!simulation->armed || !is_missing(watched, false, &wanted)) {
			watched->told = -1;
			continue;
		}
		lost = true;
		/* The way back up is told once it is whole. */
		if (watched->told < 0 || there < watched->told)
			story_tell(simulation, watched->id, "%lld of %lld %s",
				   (long long)(watched->told = there), (long long)wanted,
				   verb_of_count(watched, there));
	}
	/* Nobody wants it any more where it is taken away on purpose. */
	if (!lost && simulation->lost && simulation->armed)
		story_tell(simulation, simulation->app, "all that is wanted is there again");
	simulation->lost = lost;
}

void verdicts_look(struct simulation *simulation)
{
	int64_t wanted;
	if (simulation->judged_ms == clock_now(simulation->clock))
		return;
	simulation->judged_ms = clock_now(simulation->clock);
	fleet_tally(simulation);
	for (struct verdict *verdict = simulation->verdicts; verdict; verdict = verdict->next) {
		if (!verdict->assertion || verdict->broken_ms >= 0)
			continue;
		if (verdict->assertion->what == ASSERT_NEVER)
			look_never(simulation, verdict);
		else if (verdict->assertion->what == ASSERT_OUTAGE)
			look_outage(simulation, verdict);
		else if (verdict->assertion->what == ASSERT_RECOVERS)
			look_recovers(simulation, verdict);
	}
	tell_loss(simulation);
	bool whole = simulation->watched_count && !missing(simulation, NULL, true, &wanted);
	simulation->lacking = !whole && (simulation->armed || simulation->disturbed_ms >= 0);
	if (whole && clock_now(simulation->clock) >= simulation->disturbed_ms) {
		simulation->disturbed_ms = -1;
		simulation->armed = true;
	}
}

void verdicts_disturbed(struct simulation *simulation, int64_t end_ms, const char *words)
{
	if (end_ms < simulation->disturbed_ms)
		return;
	simulation->disturbed_ms = end_ms;
	simulation->disturbance = words;
}

void verdicts_note(struct simulation *simulation, struct place place, const char *what, const char *why)
{
	struct verdict *verdict = add(simulation, place, arena_text(&simulation->arena, what));
	if (verdict && why)
		broken(simulation, verdict, arena_text(&simulation->arena, why));
}

/* --- the end ------------------------------------------------------------------------------------------ */

/* What comes last is asked when all has come to rest, or will not. */
static int64_t settles(const struct simulation *simulation)
{
	int64_t wanted, left = simulation->over_ms + SETTLE_MS - clock_now(simulation->clock);
	bool any = simulation->scenario->assertions && (simulation->armed || simulation->disturbed_ms >= 0);
	if (any && clock_now(simulation->clock) < simulation->disturbed_ms)
		return simulation->disturbed_ms - clock_now(simulation->clock);
	return any && left > 0 && missing(simulation, NULL, true, &wanted) ? left : -1;
}

int64_t verdicts_waits(const struct simulation *simulation)
{
	int64_t longest = settles(simulation), now = clock_now(simulation->clock), wanted, since;
	for (const struct verdict *verdict = simulation->verdicts; verdict; verdict = verdict->next) {
		if (!verdict->assertion || verdict->assertion->what != ASSERT_RECOVERS ||
		    verdict->broken_ms >= 0)
			continue;
		int64_t left = -1;
		if (lacks(simulation, verdict, &wanted, &since))
			left = since + verdict->limit_ms + 1 - now;
		else if (now < simulation->disturbed_ms)
			left = simulation->disturbed_ms - now;
		longest = left > longest ? left : longest;
	}
	return longest;
}

static void judge_finally(struct simulation *simulation, struct verdict *verdict)
{
	const struct scenario_finally *finally = &verdict->assertion->finally;
	struct arena *arena = &simulation->arena;
	const char *state = json_text(simulation->status, "state");
	if (said_has(finally, FINALLY_STATE) &&
	    (!state || strcmp(state, scenario_states[finally->state]) != 0))
		broken(simulation, verdict, arena_format(arena, "it is %s", state ? state : "not known"));
	for (const struct said_pair *pair = finally->count; pair; pair = said_next(pair)) {
		const struct watched *watched = watched_of(simulation, pair->said.name);
		int64_t wanted = -1, count = watched ? watched->answering : 0;
		if (!parse_number(pair->value.text, 0, INT64_MAX, &wanted) || wanted != count)
			broken(simulation, verdict,
			       arena_format(arena, "%lld of %s %s", (long long)count, pair->said.name,
					    count == 1 ? "answers" : "answer"));
	}
	const char *left = finally->nothing ? fleet_leftover(simulation) : NULL;
	if (left)
		broken(simulation, verdict, left);
	if (!(said_has(finally, FINALLY_UNCHANGED)))
		return;
	bool known = json_object_get(simulation->plan, "summary"), changes = plan_changes(simulation->plan);
	if (!known || changes == finally->unchanged)
		broken(simulation, verdict,
		       !known    ? "the next deploy cannot be planned"
		       : changes ? "a next deploy changes something"
				 : "a next deploy changes nothing");
}

/* An assertion about what never was would hold whatever happens. */
static void judge_meaning(struct simulation *simulation, struct verdict *verdict)
{
	const struct scenario_assertion *assertion = verdict->assertion;
	struct arena *arena = &simulation->arena;
	if (verdict->ever || verdict->broken_ms >= 0)
		return;
	if (assertion->what == ASSERT_NEVER && !assertion->more && assertion->count > 0)
		broken(simulation, verdict,
		       arena_format(arena, "there never were %lld %s that answer",
				    (long long)assertion->count, assertion->component));
	else if (assertion->what == ASSERT_OUTAGE)
		broken(simulation, verdict, arena_format(arena, "no %s ever answered", verdict->component));
}

static json_t *verdict_json(const struct verdict *verdict)
{
	json_t *entry = json_object();
	bool held = verdict->broken_ms < 0;
	(void)(json_put_text(entry, "assertion", verdict->words) ||
	       json_put_text(entry, "file", verdict->place.file) ||
	       json_put_number(entry, "line", verdict->place.line) || json_put_flag(entry, "held", held));
	if (!held)
		(void)(json_put_number(entry, "at_ms", verdict->broken_ms) ||
		       json_put_text(entry, "why", verdict->why));
	else if (verdict->assertion && verdict->ever &&
		 (verdict->assertion->what == ASSERT_RECOVERS || verdict->assertion->what == ASSERT_OUTAGE))
		json_put_number(entry, "worst_ms", verdict->worst_ms);
	return entry;
}

bool verdicts_end(struct simulation *simulation, json_t *ret_list)
{
	bool held = true;
	for (struct verdict *verdict = simulation->verdicts; verdict; verdict = verdict->next) {
		if (verdict->assertion && verdict->assertion->what == ASSERT_FINALLY)
			judge_finally(simulation, verdict);
		else if (verdict->assertion)
			judge_meaning(simulation, verdict);
		held = held && verdict->broken_ms < 0;
		json_add(ret_list, verdict_json(verdict));
	}
	return held;
}
