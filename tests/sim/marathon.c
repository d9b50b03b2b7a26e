/* marathon.c - an application on a Marathon: what is asked of it, and that it comes to that when all that
 * went wrong has ended. */
#include "tests/sim/marathon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/play.h"

#define SECOND_MS INT64_C(1000)
#define STATE     "/var/lib/marathoned"

enum { MOVES = 5 };

bool score_has_marathon(uint64_t seed)
{
	return seed % MARATHON_EACH == MARATHON_TURN;
}

void marathon_step(struct theatre *stage)
{
	if (outpost_step(&stage->marathon->post))
		marathon_judge_always(stage);
}

/* --- what is asked ----------------------------------------------------------------------------------- */

void marathon_publish(struct marathoned *marathon)
{
	struct text *text = &marathon->post.blueprint;
	text_clear(text);
	text_format(text,
		    "id: " MARATHON_APP "\nlocations:\n  cluster: {type: marathon, url: '%s', patience: 3m}\n"
		    "location: cluster\nservices:\n",
		    marathon_cluster_location + strlen("marathon:"));
	for (int i = 0; i < MARATHON_PARTS; i++) {
		const struct wished *part = &marathon->parts[i];
		if (!part->there)
			continue;
		text_format(text,
			    "- {type: 'docker:good:%u', id: %s, openPorts: %u, instances: %u, env: {SETTING: "
			    "'%u'}",
			    part->version, part->id, (unsigned)part->port, part->count, part->setting);
		if (part->provider >= 0)
			text_format(text, ", links: ['$berth:component(\"%s\")']",
				    marathon->parts[part->provider].id);
		text_add(text, "}\n");
	}
}

static void hear_controller(struct theatre *stage, const struct berth_event *event)
{
	if (event->instance && strcmp(event->instance, MARATHON_APP ".db.1") == 0)
		stage->marathon->noticed = true;
}

/* --- at rest ----------------------------------------------------------------------------------------- */

void marathon_rest(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	char words[300];
	stage->fate_count = 0;
	seat_kill_at(marathon->post.seat, 0);
	marathon_stranger_goes(stage);
	marathon_cluster_calm(marathon->cluster);
	stage_run(stage, 2 * 60 * SECOND_MS);
	marathon->disturbed = false;
	if (!outpost_insist(&marathon->post, DO_DEPLOY))
		return;
	tally_add(stage->tally, "judged", "apps of Marathon", marathon->count);
	if (!marathon_links_lead(marathon, words, sizeof words))
		stage_accuse(stage, "links", "%s", words);
	outpost_settles(&marathon->post);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static void behave(void *owner, const json_t *app, struct marathon_manner *ret)
{
	(void)owner, (void)app;
	*ret = (struct marathon_manner){.answers_after_ms = 100, .stops_ms = 2500};
}

static int open_all(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon = calloc(1, sizeof *stage->marathon);
	if (!marathon || !(marathon->cluster = marathon_cluster_new(stage->universe)))
		return -1;
	marathon_cluster_behave(marathon->cluster, behave, NULL);
	marathon->post = (struct outpost){.stage = stage,
					  .name = "marathon",
					  .app = MARATHON_APP,
					  .state = STATE,
					  .file = "/marathon.yaml",
					  .ended_well = marathon_judge_end,
					  .heard = hear_controller};
	marathon->parts[0] = (struct wished){"db", true, 1, 1, 1, 6379, -1};
	marathon->parts[1] = (struct wished){"web", true, 1, 1, 2, 8080, 0};
	marathon->parts[2] = (struct wished){"box", false, 1, 1, 1, 7070, 1};
	marathon_publish(marathon);
	return outpost_open(&marathon->post);
}

void marathon_close(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	if (!marathon)
		return;
	outpost_close(&marathon->post);
	marathon_stranger_goes(stage);
	marathon_cluster_free(marathon->cluster);
	free(give(stage->marathon));
}

static void leave(struct theatre *stage, struct dice *dice)
{
	stage->marathon->leaving = true;
	if (roll(dice, 4))
		marathon_stranger_comes(stage, "/" MARATHON_APP "/theirs");
	outpost_insist(&stage->marathon->post, DO_DESTROY);
}

void marathon_play(struct theatre *stage, uint64_t chance)
{
	struct dice dice = {chance};
	if (open_all(stage)) {
		stage_accuse(stage, "opens", "berth cannot be opened");
		return;
	}
	marathon_rest(stage);
	for (int i = 0; i < MOVES && !stage->rule[0]; i++)
		marathon_move(stage, &dice);
	if (!stage->rule[0])
		leave(stage, &dice);
}

void marathon_expect(struct tally *tally)
{
	for (const char *const *kind = marathon_faults; *kind; kind++)
		tally_add(tally, "fault", *kind, 0);
	tally_add(tally, "judged", "apps of Marathon", 0);
}
