/* marathon_moves.c - what happens to an application on a Marathon: edits, faults of its messages, leaders
 * that fall, tasks that move, strangers, deaths; each ends with its coming to rest. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/marathon.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)

enum { VACANT_MS = 15000, MOST_COUNT = 4, NOTICED_MS = 60000 };

const char *const marathon_faults[] = {"a message of Marathon meets a fault",
				       "an answer of Marathon is lost",
				       "Marathon's leader falls",
				       "a task of Marathon ends",
				       "an agent of Marathon is lost",
				       "Marathon's events are lost",
				       "Marathon gets no offers",
				       "an app is removed by hand",
				       "an app is changed by hand",
				       "a stranger's app",
				       "who works with Marathon is killed",
				       NULL};
enum {
	FAULT_MESSAGE,
	FAULT_ANSWER,
	FAULT_LEADER,
	FAULT_TASK,
	FAULT_AGENT,
	FAULT_EVENTS,
	FAULT_OFFERS,
	FAULT_REMOVED,
	FAULT_CHANGED,
	FAULT_STRANGER,
	FAULT_KILLED
};

static void meet(struct theatre *stage, int fault)
{
	stage_disturb(stage, marathon_faults[fault]);
	stage_say(stage, "fault: %s", marathon_faults[fault]);
}

/* --- what its author does ---------------------------------------------------------------------------- */

static void edit(struct theatre *stage, struct dice *dice)
{
	struct marathoned *marathon = stage->marathon;
	struct wished *part = &marathon->parts[roll(dice, MARATHON_PARTS)];
	switch (roll(dice, 4)) {
	case 0:
		part->version = part->version % 9 + 1;
		break;
	case 1:
		part->setting++;
		break;
	case 2:
		part->count = 1 + roll(dice, MOST_COUNT);
		break;
	default: /* it is nobody's provider */
		marathon->parts[2].there = !marathon->parts[2].there;
		marathon->leaving |= !marathon->parts[2].there;
	}
	marathon_publish(marathon);
}

static enum berth_outcome order(struct theatre *stage, enum errand_kind doing)
{
	return outpost_order(&stage->marathon->post, doing);
}

static void plan(struct theatre *stage, struct dice *dice, happening *happens, unsigned within_ms)
{
	outpost_plan(&stage->marathon->post, dice, happens, within_ms);
}

/* A deploy of what was edited, or a destroy, or what stops and starts it. */
static enum berth_outcome work(struct theatre *stage, struct dice *dice)
{
	static const enum errand_kind others[] = {DO_DESTROY, DO_STOP, DO_RESTART};
	if (roll(dice, 4)) {
		edit(stage, dice);
		return order(stage, DO_DEPLOY);
	}
	enum errand_kind doing = others[roll(dice, COUNT_OF(others))];
	stage->marathon->leaving |= doing == DO_DESTROY;
	enum berth_outcome outcome = order(stage, doing);
	if (doing == DO_STOP && !stage->rule[0])
		outcome = order(stage, DO_START);
	return outcome;
}

static void edited(struct theatre *stage, struct dice *dice)
{
	work(stage, dice);
}

/* --- what becomes of its messages -------------------------------------------------------------------- */

static const struct fate message_fates[] = {
    {.lost = true},
    {.lost = true, .reset = true},
    {.answer_lost = true},
    {.answer_lost = true, .reset = true},
    {.refused = true},
    {.spoiling = SPOIL_STATUS, .status = 500},
    {.spoiling = SPOIL_STATUS, .status = 502},
    {.spoiling = SPOIL_STATUS, .status = 503},
    {.spoiling = SPOIL_GARBAGE},
    {.spoiling = SPOIL_TRUNCATED, .after = 12},
    {.spoiling = SPOIL_CUT, .after = 12},
    {.there_ms = 70000},
};

static void plan_fate(struct theatre *stage, int fault, const struct planned_fate *planned)
{
	outpost_fate(&stage->marathon->post, marathon_faults[fault], planned);
}

static void messages_suffer(struct theatre *stage, struct dice *dice)
{
	unsigned count = 1 + roll(dice, 3);
	for (unsigned i = 0; i < count; i++)
		plan_fate(stage, FAULT_MESSAGE,
			  &(struct planned_fate){.fate = message_fates[roll(dice, COUNT_OF(message_fates))],
						 .only = "/v2/",
						 .skip = roll(dice, 25),
						 .times = 1 + roll(dice, 3)});
	work(stage, dice);
}

/* What a change does is done whether anybody hears of it or not, so one who does not hear finds out. */
static void an_answer_is_lost(struct theatre *stage, struct dice *dice)
{
	static const char *const changes[] = {"POST http", "PUT http", "DELETE http"};
	plan_fate(stage, FAULT_ANSWER,
		  &(struct planned_fate){.fate = {.answer_lost = true, .reset = one_in(dice, 2)},
					 .only = changes[roll(dice, COUNT_OF(changes))],
					 .skip = roll(dice, 2),
					 .times = 1});
	if (work(stage, dice) != BERTH_OK && !stage->rule[0])
		stage_accuse(stage, "harmless", "one answer was lost, and it does not end well: %s",
			     stage->marathon->post.last_words);
}

/* What cannot be read of an app is not known: nobody takes it for gone. */
static void unread(struct theatre *stage, struct dice *dice)
{
	static const int statuses[] = {500, 502, 503};
	enum errand_kind doing = one_in(dice, 2) ? DO_DESTROY : DO_STOP;
	plan_fate(stage, FAULT_MESSAGE,
		  &(struct planned_fate){.fate = {.spoiling = one_in(dice, 3) ? SPOIL_GARBAGE : SPOIL_STATUS,
						  .status = statuses[roll(dice, COUNT_OF(statuses))]},
					 .only = "GET http://10.0.2.1:8080/v2/apps/" MARATHON_APP,
					 .skip = roll(dice, 3),
					 .times = 1 + roll(dice, 3)});
	stage->marathon->leaving |= doing == DO_DESTROY;
	order(stage, doing);
}

/* --- what becomes of the target ---------------------------------------------------------------------- */

static void leader_falls(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_LEADER);
	marathon_cluster_depose(stage->marathon->cluster, 500 + roll(dice, VACANT_MS));
}

static void leader_falls_in_it(struct theatre *stage, struct dice *dice)
{
	plan(stage, dice, leader_falls, 6000);
	work(stage, dice);
}

static const char *any_app(struct theatre *stage, struct dice *dice)
{
	static char id[80];
	const struct wished *part = &stage->marathon->parts[roll(dice, 2)];
	snprintf(id, sizeof id, "/" MARATHON_APP "/%s", part->id);
	return id;
}

static void task_ends(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_TASK);
	stage->marathon->disturbed = true;
	marathon_cluster_kill_task(stage->marathon->cluster, any_app(stage, dice));
}

static void agent_goes(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_AGENT);
	stage->marathon->disturbed = true;
	marathon_cluster_agent(stage->marathon->cluster, roll(dice, MARATHON_AGENTS), true);
}

static void tasks_move(struct theatre *stage, struct dice *dice)
{
	happening *happens = one_in(dice, 2) ? task_ends : agent_goes;
	if (one_in(dice, 2)) {
		plan(stage, dice, happens, 6000);
		work(stage, dice);
		return;
	}
	happens(stage, dice);
	stage_run(stage, roll(dice, 20000));
}

/* Nothing is launched for a while: what cannot be done is told, and taken back. */
static void no_offers(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_OFFERS);
	marathon_cluster_starve(stage->marathon->cluster, true);
	work(stage, dice);
	marathon_cluster_starve(stage->marathon->cluster, false);
}

/* A controller finds out what happened while the stream of events was broken, or had not all in it. */
static void kept(struct theatre *stage, struct dice *dice)
{
	struct marathoned *marathon = stage->marathon;
	bool leaderless = one_in(dice, 3);
	if (!outpost_keep(&marathon->post) || !stage_run(stage, 5 * SECOND_MS))
		return;
	meet(stage, FAULT_EVENTS);
	marathon_cluster_lose_events(marathon->cluster, 100);
	marathon->noticed = false;
	marathon->leaving = marathon->disturbed = true;
	marathon_cluster_ask(marathon->cluster, "DELETE", "/apps/" MARATHON_APP "/db", NULL);
	if (leaderless)
		marathon_cluster_depose(marathon->cluster, 2000 + roll(dice, VACANT_MS));
	stage_run(stage, roll(dice, 20000));
	marathon_cluster_lose_events(marathon->cluster, 0);
	if (!leaderless)
		marathon_cluster_hang_up(marathon->cluster);
	if (stage_run(stage, NOTICED_MS) && !marathon->noticed)
		stage_accuse(stage, "notices",
			     "a controller does not notice that an app has gone while the "
			     "stream of events was broken");
	outpost_let_go(&marathon->post);
}

/* --- what others do ---------------------------------------------------------------------------------- */

static void removed_by_hand(struct theatre *stage, struct dice *dice)
{
	struct marathoned *marathon = stage->marathon;
	char path[120];
	meet(stage, FAULT_REMOVED);
	marathon->leaving = marathon->disturbed = true;
	snprintf(path, sizeof path, "/apps%s", any_app(stage, dice));
	marathon_cluster_ask(marathon->cluster, "DELETE", path, NULL);
	stage_run(stage, roll(dice, 2000));
}

static void changed_by_hand(struct theatre *stage, struct dice *dice)
{
	struct marathoned *marathon = stage->marathon;
	char path[120], body[40];
	meet(stage, FAULT_CHANGED);
	marathon->disturbed = true;
	snprintf(path, sizeof path, "/apps%s", any_app(stage, dice));
	snprintf(body, sizeof body, "{\"instances\":%u}", roll(dice, MOST_COUNT));
	marathon_cluster_ask(marathon->cluster, "PUT", path, body);
}

static void by_hand(struct theatre *stage, struct dice *dice)
{
	happening *happens = one_in(dice, 2) ? removed_by_hand : changed_by_hand;
	if (one_in(dice, 2)) {
		happens(stage, dice);
		stage_run(stage, roll(dice, 5000));
		return;
	}
	plan(stage, dice, happens, 4000);
	work(stage, dice);
}

/* Under the name that a component is to have, or beside ours. */
static void stranger(struct theatre *stage, struct dice *dice)
{
	struct marathoned *marathon = stage->marathon;
	bool in_the_way = !marathon->parts[2].there && one_in(dice, 2);
	meet(stage, FAULT_STRANGER);
	marathon_stranger_comes(stage, in_the_way ? "/" MARATHON_APP "/box" : "/" MARATHON_APP "/theirs");
	marathon_stranger_comes(stage, "/" MARATHON_APP "-too/db");
	if (in_the_way) {
		marathon->parts[2].there = true;
		marathon_publish(marathon);
		if (order(stage, DO_DEPLOY) == BERTH_OK && !stage->rule[0])
			stage_accuse(stage, "strangers", "a deploy ends well where a stranger's app is");
	}
	if (!stage->rule[0])
		work(stage, dice);
}

static void killed(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_KILLED);
	for (unsigned times = 1 + roll(dice, 3); times > 0 && !stage->rule[0]; times--) {
		seat_kill_at(stage->marathon->post.seat, 1 + roll(dice, 90));
		work(stage, dice);
		seat_kill_at(stage->marathon->post.seat, 0);
	}
}

/* The leader falls, and whoever works is killed. */
static void killed_as_it_falls(struct theatre *stage, struct dice *dice)
{
	plan(stage, dice, leader_falls, 4000);
	killed(stage, dice);
}

void marathon_move(struct theatre *stage, struct dice *dice)
{
	static happening *const happenings[] = {edited,
						messages_suffer,
						messages_suffer,
						messages_suffer,
						an_answer_is_lost,
						leader_falls_in_it,
						leader_falls_in_it,
						tasks_move,
						tasks_move,
						no_offers,
						kept,
						kept,
						by_hand,
						stranger,
						stranger,
						killed,
						killed,
						killed_as_it_falls,
						unread,
						unread,
						an_answer_is_lost};
	happenings[roll(dice, COUNT_OF(happenings))](stage, dice);
	if (!stage->rule[0])
		marathon_rest(stage);
	stage->marathon->leaving = false;
}
