/* sized_moves.c - what happens to a cluster that is resized by its load: loads, sensors that tell nothing,
 * members that fail, places that are away, and the controller's own death. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/play.h"
#include "tests/sim/sized.h"

#define SECOND_MS  INT64_C(1000)
#define MINUTE_MS  (60 * SECOND_MS)
#define COMMAND_MS (20 * MINUTE_MS)

void sized_disturb(struct theatre *stage, const char *kind)
{
	stage_disturb(stage, kind);
	stage->sized->uneasy_ms = stage_now(stage);
	stage->sized->quiet = false;
	stage_say(stage, "fault: %s", kind);
}

static void load_is(struct theatre *stage, double load, double noise, const char *kind)
{
	stage->sized->load = load;
	stage->sized->noise = noise;
	tally_add(stage->tally, "load", kind, 1);
	stage_say(stage, "the load is %g, each number by %g at most another one: %s", load, noise, kind);
}

static double any_load(struct theatre *stage, struct dice *dice)
{
	return 5 + roll(dice, stage->sized->most * (SIZED_UPPER + 10));
}

/* --- loads --------------------------------------------------------------------------------------- */

static void load_steady(struct theatre *stage, struct dice *dice)
{
	load_is(stage, any_load(stage, dice), 0, "steady");
	stage_run(stage, (20 + roll(dice, 70)) * SECOND_MS);
}

/* Just at the bound: each number may say the one or the other. */
static void load_at_bound(struct theatre *stage, struct dice *dice)
{
	unsigned size = 1 + roll(dice, stage->sized->most);
	double bound = one_in(dice, 2) ? SIZED_UPPER : SIZED_LOWER;
	load_is(stage, size * bound, bound / 3, "noise around a bound");
	stage_run(stage, (60 + roll(dice, 90)) * SECOND_MS);
	stage->sized->noise = 0;
}

/* Wherever there is a size that it asks for, and it has that one, it is to keep it. */
static void load_within(struct theatre *stage, struct dice *dice)
{
	struct sized *sized = stage->sized;
	unsigned size = sized->answering;
	double middle = sized->scaler == SCALER_TARGET ? SIZED_TARGET : (SIZED_UPPER + SIZED_LOWER) / 2.0;
	load_is(stage, size * middle, 0, "steady");
	if (!size || !stage_run(stage, 90 * SECOND_MS))
		return;
	bool calm = sized->answering == size && sized->running == size && sized->size == size &&
		    stage_now(stage) - sized->uneasy_ms > MINUTE_MS && sized->silent_ms < 0;
	load_is(stage, size * middle, sized->scaler == SCALER_TARGET ? 3 : 12, "noise within the bounds");
	sized->quiet = calm;
	stage_run(stage, (60 + roll(dice, 60)) * SECOND_MS);
	sized->quiet = false;
	sized->noise = 0;
}

static void load_spike(struct theatre *stage, struct dice *dice)
{
	double before = stage->sized->load;
	load_is(stage, stage->sized->most * 100.0, 0, "a spike");
	stage_run(stage, (2 + roll(dice, 6)) * SECOND_MS);
	stage->sized->load = before;
	stage_run(stage, (20 + roll(dice, 60)) * SECOND_MS);
}

static void load_wave(struct theatre *stage, struct dice *dice)
{
	double top = any_load(stage, dice);
	for (int i = 0; i < 24 && !stage->rule[0]; i++) {
		double part = i % 12 < 6 ? i % 12 / 6.0 : 2 - i % 12 / 6.0;
		stage->sized->load = 5 + top * part;
		stage_run(stage, 8 * SECOND_MS);
	}
	tally_add(stage->tally, "load", "a wave", 1);
}

/* --- its sensor ---------------------------------------------------------------------------------- */

/* It says what would be a reason to resize, then nothing: before that was done, or a moment after. */
static void sensor_silent(struct theatre *stage, struct dice *dice)
{
	struct sized *sized = stage->sized;
	stage_meet(stage, "a sensor tells nothing");
	sized->load = any_load(stage, dice);
	if (!stage_run(stage, (2 + roll(dice, 14)) * SECOND_MS))
		return;
	sized->load = one_in(dice, 2) ? 5 : sized->most * 100.0;
	stage_run(stage, (1 + roll(dice, 3)) * SECOND_MS);
	sized->silent_ms = stage_now(stage);
	stage_say(stage, "fault: its sensor tells nothing");
	stage_run(stage, (15 + roll(dice, 170)) * SECOND_MS);
	sized->silent_ms = -1;
	stage_say(stage, "its sensor tells numbers again");
}

/* --- its members ----------------------------------------------------------------------------------- */

static const struct sight *any_member(struct theatre *stage, struct dice *dice)
{
	sights_take(&stage->sights, stage);
	for (int tries = 0; tries < 40 && stage->sights.count; tries++) {
		const struct sight *sight = &stage->sights.list[roll(dice, (unsigned)stage->sights.count)];
		if (sight->app && strcmp(sight->app, SIZED_APP) == 0 && sight->component &&
		    strcmp(sight->component, "web") == 0 && sight->running)
			return sight;
	}
	return NULL;
}

static void member_ends(struct theatre *stage, struct dice *dice)
{
	const struct sight *member = any_member(stage, dice);
	if (!member)
		return;
	sized_disturb(stage, "a member ends");
	docker_engine_end(stage->engine, member->name, 1);
	stage_run(stage, (5 + roll(dice, 40)) * SECOND_MS);
}

static void member_vanishes(struct theatre *stage, struct dice *dice)
{
	const struct sight *member = any_member(stage, dice);
	char path[160];
	if (!member)
		return;
	sized_disturb(stage, "a member is removed by hand");
	snprintf(path, sizeof path, "/containers/%s?force=1", member->name);
	docker_engine_ask(stage->engine, "DELETE", path, NULL, NULL);
	stage_run(stage, (5 + roll(dice, 40)) * SECOND_MS);
}

/* From now on whoever is started anew ends at once; those that run go on. */
static void newcomers_fail(struct theatre *stage, bool fail)
{
	const struct docker_behaviour manner = {.name = SIZED_APP ".web",
						.exits = fail ? UINT32_MAX : 0,
						.exit_code = 1,
						.lives_ms = 100,
						.answers_after_ms = fail ? -1 : 0,
						.stops_ms = 20};
	docker_engine_behave(stage->engine, &manner);
}

static void growth_fails(struct theatre *stage, struct dice *dice)
{
	sized_disturb(stage, "new members do not get ready");
	newcomers_fail(stage, true);
	load_is(stage, stage->sized->most * (SIZED_UPPER + 5.0), 0, "steady");
	stage_run(stage, (20 + roll(dice, 60)) * SECOND_MS);
	newcomers_fail(stage, false);
	stage->sized->uneasy_ms = stage_now(stage);
	stage_run(stage, (20 + roll(dice, 40)) * SECOND_MS);
}

/* --- its place, the wire, the clocks ---------------------------------------------------------------- */

static void place_away(struct theatre *stage, struct dice *dice)
{
	int64_t away_ms = (5 + roll(dice, one_in(dice, 3) ? 150 : 30)) * SECOND_MS;
	sized_disturb(stage, "the place of a cluster is away");
	stage->echoes_until_ms = stage_now(stage) + away_ms + MINUTE_MS;
	universe_silence(stage->universe, ENGINE_ADDRESS, away_ms);
	stage->sized->load = any_load(stage, dice);
	stage_run(stage, away_ms);
	stage->sized->uneasy_ms = stage_now(stage);
	stage_run(stage, 10 * SECOND_MS);
}

static void place_restarts(struct theatre *stage, struct dice *dice)
{
	sized_disturb(stage, "the engine of a cluster is restarted");
	docker_engine_restart(stage->engine, 200 + roll(dice, 5000));
	stage_run(stage, (5 + roll(dice, 20)) * SECOND_MS);
}

static void spoil_message(struct theatre *stage, struct dice *dice)
{
	static const struct fate fates[] = {{.lost = true, .reset = true},
					    {.answer_lost = true},
					    {.answer_lost = true, .reset = true},
					    {.refused = true},
					    {.spoiling = SPOIL_STATUS, .status = 500}};
	static const char *const only[] = {"/create", "/start", "/stop", "DELETE", "/json"};
	if (stage->fate_count == FATES_MAX)
		return;
	struct planned_fate *planned = &stage->fates[stage->fate_count++];
	*planned = (struct planned_fate){.fate = fates[roll(dice, COUNT_OF(fates))],
					 .kind = "a message of a resize",
					 .only = only[roll(dice, COUNT_OF(only))],
					 .skip = roll(dice, 2),
					 .times = 1 + roll(dice, 2)};
	planned->fate.there_ms = planned->fate.back_ms = 1;
	stage->sized->uneasy_ms = stage_now(stage) + MINUTE_MS;
	stage->sized->load = any_load(stage, dice);
	stage_run(stage, (10 + roll(dice, 40)) * SECOND_MS);
}

static void clocks_jump(struct theatre *stage, struct dice *dice)
{
	int64_t by = (int64_t)roll(dice, 90) * MINUTE_MS * (one_in(dice, 2) ? -1 : 1);
	sized_disturb(stage, "clocks jump beside a cluster");
	universe_jump(stage->universe, by);
	stage->sized->changed_ms = -1;
	stage_run(stage, roll(dice, 10) * SECOND_MS);
}

/* --- whoever works with it --------------------------------------------------------------------------- */

static void controller_dies(struct theatre *stage, struct dice *dice)
{
	struct sized *sized = stage->sized;
	sized_disturb(stage, "the controller of a cluster is killed");
	if (one_in(dice, 2)) {
		sized->load = any_load(stage, dice);
		seat_kill_at(sized->seat, 1 + roll(dice, 60));
		stage_run(stage, 15 * SECOND_MS);
	} else {
		seat_kill(sized->seat);
		stage_run(stage, roll(dice, 10) * SECOND_MS);
	}
}

static void resized_by_hand(struct theatre *stage, struct dice *dice)
{
	struct sized *sized = stage->sized;
	unsigned count = sized->least + roll(dice, sized->most - sized->least + 1);
	tally_add(stage->tally, "operation", "resize by hand", 1);
	stage_say(stage, "it is scaled to %u by hand", count);
	sized->uneasy_ms = stage_now(stage);
	sized_ask(stage, DO_SCALE, count);
	stage_run(stage, roll(dice, 20) * SECOND_MS);
}

static void deployed_again(struct theatre *stage, struct dice *dice)
{
	sized_ask(stage, DO_DEPLOY, 0);
	stage_run(stage, roll(dice, 10) * SECOND_MS);
}

typedef void happening(struct theatre *stage, struct dice *dice);

void move_sized(struct theatre *stage, struct dice *dice)
{
	static happening *const happenings[] = {
	    load_steady,  load_steady,     load_at_bound,   load_at_bound,   load_within,   load_within,
	    load_spike,   load_wave,       sensor_silent,   sensor_silent,   sensor_silent, member_ends,
	    growth_fails, place_away,      member_vanishes, place_restarts,  spoil_message, spoil_message,
	    clocks_jump,  controller_dies, controller_dies, resized_by_hand, deployed_again};
	happenings[roll(dice, COUNT_OF(happenings))](stage, dice);
}

void sized_calm(struct theatre *stage)
{
	stage_say(stage, "the faults end");
	stage->fate_count = 0;
	seat_kill_at(stage->sized->seat, 0);
	docker_engine_calm(stage->engine);
	newcomers_fail(stage, false);
	stage->sized->noise = 0;
	stage->sized->silent_ms = -1;
	stage->sized->quiet = false;
	stage->disturbances++;
	stage_run(stage, MINUTE_MS);
}

void sized_moves_expect(struct tally *tally)
{
	static const char *const faults[] = {"a sensor tells nothing",
					     "a member ends",
					     "a member is removed by hand",
					     "new members do not get ready",
					     "the place of a cluster is away",
					     "the engine of a cluster is restarted",
					     "a message of a resize",
					     "clocks jump beside a cluster",
					     "the controller of a cluster is killed"};
	static const char *const loads[] = {"steady", "noise around a bound", "noise within the bounds",
					    "a spike", "a wave"};
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		tally_add(tally, "fault", faults[i], 0);
	for (size_t i = 0; i < COUNT_OF(loads); i++)
		tally_add(tally, "load", loads[i], 0);
	tally_add(tally, "operation", "resize by hand", 0);
}
