/* score.c - the moves of a seed are written down, and those that a violation does not need are found. */
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/calls.h"
#include "tests/sim/play.h"
#include "tests/sim/sized.h"

/* How often each kind comes, of all. */
static const unsigned weights[MOVE_KINDS] = {
    [MOVE_EDIT] = 12,    [MOVE_OPERATION] = 22,     [MOVE_WAIT] = 8,       [MOVE_FATE] = 26,
    [MOVE_KILL] = 4,     [MOVE_KILL_AT] = 7,        [MOVE_STORE_LOST] = 2, [MOVE_CANCEL] = 3,
    [MOVE_ISOLATE] = 3,  [MOVE_ENGINE_RESTART] = 2, [MOVE_CRASH] = 4,      [MOVE_BY_HAND] = 4,
    [MOVE_STRANGER] = 2, [MOVE_IMAGE] = 3,          [MOVE_REFUSAL] = 6,    [MOVE_CLOCK] = 3,
    [MOVE_PORT] = 2,     [MOVE_FAKE] = 8,           [MOVE_LOCAL] = 5,      [MOVE_POWER] = 1,
    [MOVE_DISK] = 2,     [MOVE_BAD_UPDATE] = 3,     [MOVE_TRIAL] = 10,
};

static enum move_kind any_kind(struct dice *dice)
{
	unsigned all = 0, at;
	for (int i = 0; i < MOVE_KINDS; i++)
		all += weights[i];
	at = roll(dice, all);
	for (int i = 0; i < MOVE_KINDS; i++) {
		if (at < weights[i])
			return (enum move_kind)i;
		at -= weights[i];
	}
	return MOVE_EDIT;
}

static unsigned any_realms(struct dice *dice)
{
	static const unsigned sets[] = {
	    1u << REALM_DOCKER,
	    1u << REALM_DOCKER,
	    1u << REALM_DOCKER,
	    1u << REALM_LOCAL,
	    1u << REALM_LOCAL | 1u << REALM_DOCKER,
	    1u << REALM_DOCKER | 1u << REALM_FAKE,
	    1u << REALM_FAKE,
	    1u << REALM_FAKE | 1u << REALM_NAMELESS,
	};
	return sets[roll(dice, COUNT_OF(sets))];
}

bool score_is_kept(uint64_t seed)
{
	return seed % KEPT_EACH == 0;
}

bool score_has_machine(uint64_t seed)
{
	return seed % MACHINE_EACH == MACHINE_TURN && !score_is_kept(seed) && !score_is_sized(seed);
}

/* All other seeds are as if there were no such machine. */
static unsigned machine_realms(uint64_t seed)
{
	static const unsigned sets[] = {
	    1u << REALM_MACHINE,
	    1u << REALM_MACHINE,
	    1u << REALM_MACHINE | 1u << REALM_DOCKER,
	    1u << REALM_MACHINE | 1u << REALM_FAKE,
	};
	return sets[seed / MACHINE_EACH % COUNT_OF(sets)];
}

void score_write(struct score *score, uint64_t seed)
{
	struct dice dice = {seed * UINT64_C(0x2545f4914f6cdd1d) + 1};
	*score = (struct score){
	    .seed = seed, .realms = any_realms(&dice), .chance = dice_next(&dice), .trial = -1};
	if (score_has_machine(seed))
		score->realms = machine_realms(seed);
	score->count = score->kept_from = 28 + roll(&dice, 20);
	if (score_is_kept(seed))
		score->count += 12 + (unsigned)(seed / KEPT_EACH % 9);
	for (unsigned i = 0; i < score->count; i++) {
		struct move *move = &score->moves[i];
		move->kind = i < score->kept_from ? any_kind(&dice) : MOVE_KEPT;
		move->pause_ms = one_in(&dice, 3) ? roll(&dice, 4000) : roll(&dice, 300);
		move->chance = dice_next(&dice);
	}
}

bool score_lean(struct score *score, const char *kind)
{
	enum move_kind often = MOVE_STRANGER;
	if (strcmp(kind, "strangers") != 0) {
		for (score->trial = 0; trial_kinds[score->trial]; score->trial++)
			if (strcmp(kind, trial_kinds[score->trial]) == 0)
				break;
		if (!trial_kinds[score->trial])
			return false;
		often = MOVE_TRIAL;
	}
	for (unsigned i = 1; i < score->kept_from; i += 2)
		score->moves[i].kind = often;
	return true;
}

static bool still_violates(const struct score *score, const char *rule)
{
	struct tally *tally = tally_new();
	struct outcome outcome;
	calls_count(tally);
	score_play(score, tally, NULL, NULL, &outcome);
	tally_free(tally);
	return strcmp(outcome.rule, rule) == 0;
}

/* Leave out as many as possible of those from `first` on at once. */
static bool leave_out(struct score *score, unsigned first, unsigned count, const char *rule)
{
	struct score tried = *score;
	bool any = false;
	for (unsigned i = first; i < first + count && i < score->count; i++) {
		any |= !tried.moves[i].left_out;
		tried.moves[i].left_out = true;
	}
	if (!any || !still_violates(&tried, rule))
		return false;
	*score = tried;
	return true;
}

unsigned score_shrink(struct score *score, const char *rule)
{
	for (unsigned size = score->count / 2; size; size /= 2) {
		bool less;
		do {
			less = false;
			for (unsigned first = 0; first < score->count; first += size)
				less |= leave_out(score, first, size, rule);
		} while (less && size == 1);
	}
	unsigned left = 0;
	for (unsigned i = 0; i < score->count; i++)
		left += !score->moves[i].left_out;
	return left;
}
