/* clouded_moves.c - what happens to an application on an OpenStack: edits, faults of its messages, creations
 * that fail, servers that go, deaths; each ends with its coming to rest. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/clouded.h"

enum { MOST_COUNT = 3, AWAY_MS = 40000, LAG_MS = 6000 };

const char *const clouded_faults[] = {"a message of OpenStack meets a fault",
				      "an answer of OpenStack is lost",
				      "a creation of OpenStack fails",
				      "a server is deleted by hand",
				      "a server fails",
				      "a server is switched off",
				      "tokens of OpenStack are revoked",
				      "a service of OpenStack is away",
				      "a service of OpenStack is busy",
				      "OpenStack has no room",
				      "listings of OpenStack are late",
				      "strangers of OpenStack",
				      "who works with OpenStack is killed",
				      NULL};
enum {
	FAULT_MESSAGE,
	FAULT_ANSWER,
	FAULT_CREATION,
	FAULT_DELETED,
	FAULT_SERVER,
	FAULT_SWITCHED,
	FAULT_TOKENS,
	FAULT_AWAY,
	FAULT_BUSY,
	FAULT_ROOM,
	FAULT_LAG,
	FAULT_STRANGERS,
	FAULT_KILLED
};

static void meet(struct theatre *stage, int fault)
{
	stage_disturb(stage, clouded_faults[fault]);
	stage_say(stage, "fault: %s", clouded_faults[fault]);
}

/* --- what its author does ---------------------------------------------------------------------------- */

static void edit(struct theatre *stage, struct dice *dice)
{
	struct clouded *clouded = stage->clouded;
	struct clouded_part *part = &clouded->parts[roll(dice, CLOUDED_PARTS)];
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
		clouded->parts[2].there = !clouded->parts[2].there;
	}
	clouded->leaving = true;
	clouded_publish(clouded);
}

static enum berth_outcome order(struct theatre *stage, enum errand_kind doing)
{
	return outpost_order(&stage->clouded->post, doing);
}

enum berth_outcome clouded_work(struct theatre *stage, struct dice *dice)
{
	static const enum errand_kind others[] = {DO_DESTROY, DO_STOP, DO_RESTART};
	if (roll(dice, 4)) {
		edit(stage, dice);
		return order(stage, DO_DEPLOY);
	}
	enum errand_kind doing = others[roll(dice, COUNT_OF(others))];
	stage->clouded->leaving |= doing == DO_DESTROY;
	enum berth_outcome outcome = order(stage, doing);
	if (doing == DO_STOP && !stage->rule[0])
		outcome = order(stage, DO_START);
	return outcome;
}

void clouded_harmless(struct theatre *stage, enum berth_outcome outcome, const char *what)
{
	if (outcome != BERTH_OK && !stage->rule[0])
		stage_accuse(stage, "harmless", "%s, and it does not end well: %s", what,
			     stage->clouded->post.last_words);
}

static void edited(struct theatre *stage, struct dice *dice)
{
	clouded_work(stage, dice);
}

enum berth_outcome clouded_around_work(struct theatre *stage, struct dice *dice, happening *happens)
{
	if (one_in(dice, 2))
		outpost_plan(&stage->clouded->post, dice, happens, 20000);
	else
		happens(stage, dice);
	return clouded_work(stage, dice);
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
    {.spoiling = SPOIL_STATUS, .status = 429},
    {.spoiling = SPOIL_GARBAGE},
    {.spoiling = SPOIL_EMPTY},
    {.spoiling = SPOIL_TRUNCATED, .after = 12},
    {.spoiling = SPOIL_CUT, .after = 12},
    {.there_ms = 40000},
    {.twice = true},
};

static void messages_suffer(struct theatre *stage, struct dice *dice)
{
	static const char *const whose[] = {"http://10.0.3.1:8774", "http://10.0.3.1:9696",
					    "http://10.0.3.1:5000", "SSH ssh://10.88."};
	unsigned count = 1 + roll(dice, 3);
	for (unsigned i = 0; i < count; i++)
		outpost_fate(
		    &stage->clouded->post, clouded_faults[FAULT_MESSAGE],
		    &(struct planned_fate){.fate = message_fates[roll(dice, COUNT_OF(message_fates))],
					   .only = whose[roll(dice, COUNT_OF(whose))],
					   .skip = roll(dice, 25),
					   .times = 1 + roll(dice, 3)});
	clouded_work(stage, dice);
}

/* What a change does is done whether anybody hears of it or not, so one who does not hear finds out. */
static void an_answer_is_lost(struct theatre *stage, struct dice *dice)
{
	static const char *const changes[] = {
	    "POST http://10.0.3.1:8774/v2.1/servers",        "DELETE http://10.0.3.1:8774/v2.1/servers",
	    "POST http://10.0.3.1:9696/v2.0/floatingips",    "DELETE http://10.0.3.1:9696/v2.0/floatingips",
	    "POST http://10.0.3.1:9696/v2.0/security-group", "PUT http://10.0.3.1:9696/v2.0/security-groups",
	    "POST http://10.0.3.1:8774/v2.1/os-keypairs"};
	outpost_fate(&stage->clouded->post, clouded_faults[FAULT_ANSWER],
		     &(struct planned_fate){.fate = {.answer_lost = true, .reset = one_in(dice, 2)},
					    .only = changes[roll(dice, COUNT_OF(changes))],
					    .skip = roll(dice, 2),
					    .times = 1});
	clouded_harmless(stage, clouded_work(stage, dice), "one answer was lost");
}

/* --- what becomes of the cloud ----------------------------------------------------------------------- */

static void creation_fails(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_CREATION);
	static const char *const words[] = {
	    "Build of instance aborted: Volume did not finish being created", "No valid host was found. ",
	    "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures",
	    "Quota exceeded for resources: ['port'].", NULL};
	stage->clouded->fails = words[roll(dice, COUNT_OF(words) - 1)];
	clouded_work(stage, dice);
}

static void take_one(struct theatre *stage, struct dice *dice)
{
	struct clouded *clouded = stage->clouded;
	const struct seen_server *seen = clouded_any(clouded, dice);
	static const int faults[] = {FAULT_DELETED, FAULT_SERVER, FAULT_SWITCHED};
	int fault = faults[roll(dice, COUNT_OF(faults))];
	if (!seen)
		return;
	meet(stage, fault);
	clouded->disturbed = clouded->leaving = true;
	if (fault == FAULT_DELETED)
		openstack_cloud_lose(clouded->cloud, seen->id);
	else if (fault == FAULT_SERVER)
		openstack_cloud_fail(clouded->cloud, seen->id, "Instance lost its host");
	else
		openstack_cloud_switch(clouded->cloud, seen->id, false);
}

static void a_server_suffers(struct theatre *stage, struct dice *dice)
{
	clouded_around_work(stage, dice, take_one);
}

static void tokens_revoked(struct theatre *stage, struct dice *dice)
{
	(void)dice;
	meet(stage, FAULT_TOKENS);
	openstack_cloud_revoke(stage->clouded->cloud);
}

/* Who is asked to log in again does, and nobody notices. */
static void tokens_go(struct theatre *stage, struct dice *dice)
{
	clouded_harmless(stage, clouded_around_work(stage, dice, tokens_revoked), "tokens were revoked");
}

static void go_away(struct theatre *stage, struct dice *dice)
{
	enum openstack_service service = roll(dice, CLOUD_PLACEMENT);
	meet(stage, FAULT_AWAY);
	openstack_cloud_stop(stage->clouded->cloud, service, true);
}

static void a_service_is_away(struct theatre *stage, struct dice *dice)
{
	clouded_around_work(stage, dice, go_away);
	stage_run(stage, roll(dice, AWAY_MS));
}

static void be_busy(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_BUSY);
	openstack_cloud_refuse(stage->clouded->cloud, roll(dice, CLOUD_PLACEMENT), 503, 1 + roll(dice, 3));
}

static void a_service_is_busy(struct theatre *stage, struct dice *dice)
{
	clouded_around_work(stage, dice, be_busy);
}

static void no_room(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_ROOM);
	if (one_in(dice, 2))
		openstack_cloud_full(stage->clouded->cloud, true);
	else
		openstack_cloud_quota(stage->clouded->cloud,
				      clouded_quotas[roll(dice, COUNT_OF(clouded_quotas))],
				      1 + (int)roll(dice, 3));
	clouded_work(stage, dice);
}

static void listings_are_late(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_LAG);
	openstack_cloud_lag(stage->clouded->cloud, 1000 + roll(dice, LAG_MS));
	clouded_work(stage, dice);
}

static void strangers(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_STRANGERS);
	clouded_strangers_come(stage);
	clouded_work(stage, dice);
}

static void killed(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_KILLED);
	for (unsigned times = 1 + roll(dice, 3); times > 0 && !stage->rule[0]; times--) {
		seat_kill_at(stage->clouded->post.seat, 1 + roll(dice, 200));
		clouded_work(stage, dice);
		seat_kill_at(stage->clouded->post.seat, 0);
	}
}

void clouded_move(struct theatre *stage, struct dice *dice)
{
	static happening *const happenings[] = {edited,
						messages_suffer,
						messages_suffer,
						messages_suffer,
						an_answer_is_lost,
						an_answer_is_lost,
						creation_fails,
						a_server_suffers,
						a_server_suffers,
						tokens_go,
						a_service_is_away,
						a_service_is_busy,
						no_room,
						listings_are_late,
						strangers,
						killed,
						killed,
						killed};
	unsigned which = roll(dice, COUNT_OF(happenings) + (unsigned)clouded_other_count);
	(which < COUNT_OF(happenings) ? happenings[which]
				      : clouded_others[which - COUNT_OF(happenings)])(stage, dice);
	if (!stage->rule[0])
		clouded_rest(stage);
	stage->clouded->leaving = false;
}
