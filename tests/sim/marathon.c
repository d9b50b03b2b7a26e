/* marathon.c - who works with an application on a Marathon: what it is asked for, and that it comes to that
 * when all that went wrong has ended. */
#include "tests/sim/marathon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/play.h"

#define SECOND_MS  INT64_C(1000)
#define COMMAND_MS (40 * 60 * SECOND_MS)
#define STATE      "/var/lib/marathoned"

enum { TRIES = 8, MOVES = 5, STEP_MS = 50 };

bool score_has_marathon(uint64_t seed)
{
	return seed % MARATHON_EACH == MARATHON_TURN;
}

/* --- who works with it ------------------------------------------------------------------------------- */

static void hear(void *context, const struct berth_event *event)
{
	struct theatre *stage = context;
	if (event->kind == BERTH_EVENT_PHASE)
		stage_say(stage, "marathon: %s is %s%s%s", event->instance, event->phase,
			  event->text ? ": " : "", event->text ? event->text : "");
	if (event->kind != BERTH_EVENT_WARNING)
		return;
	stage->marathon->warned = true;
	stage_say(stage, "marathon is warned: %s", event->text);
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static int open_berth(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	struct berth_options options = {.size = sizeof options,
					.state_directory = STATE,
					.config_directory = "/etc/berth",
					.helper = HELPER};
	struct error err = {0};
	marathon->seat = seat_new(stage->universe, stage->machines[0]);
	return marathon->seat && berth_open_in(&marathon->berth, seat_world(marathon->seat), no_environment,
					       &options, &err) == 0
		   ? 0
		   : -1;
}

static void close_berth(struct marathoned *marathon)
{
	berth_operation_free(give(marathon->operation));
	berth_operation_free(give(marathon->keeper));
	if (marathon->berth)
		berth_close(give(marathon->berth));
	seat_free(give(marathon->seat));
}

void marathon_step(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	if (seat_dead(marathon->seat)) {
		stage_say(stage, "who works with Marathon is dead");
		close_berth(marathon);
		if (open_berth(stage))
			stage_accuse(stage, "opens", "berth cannot be opened after a death");
		return;
	}
	marathon_judge_always(stage);
}

/* --- what is asked ----------------------------------------------------------------------------------- */

void marathon_publish(struct marathoned *marathon)
{
	struct text *text = &marathon->blueprint;
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

/* What is to happen in the middle of it. */
static void come_to_pass(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	struct dice dice = {marathon->happens_chance};
	if (marathon->happens && stage_now(stage) >= marathon->happens_ms)
		(give(marathon->happens))(stage, &dice);
}

static void note_changes(struct marathoned *marathon)
{
	const char *result = berth_result(marathon->operation);
	struct error err = {0};
	owned_json document = json_parse(result, strlen(result), "result", &err);
	owned_text words = {0};
	size_t i;
	json_t *change;
	marathon->changed = json_flag(document, "changed", false);
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "action"), "unchanged") != 0)
			text_format(&words, "%s%s %s", words.length ? ", " : "", json_text(change, "action"),
				    json_text(change, "instance"));
	snprintf(marathon->last_changes, sizeof marathon->last_changes, "%s", text_view(&words));
}

static struct berth_operation *begin(struct theatre *stage, enum errand_kind doing)
{
	struct marathoned *marathon = stage->marathon;
	const struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = stage};
	struct berth_request request = {.size = sizeof request, .app = MARATHON_APP};
	struct berth_error error = {0};
	if (doing != DO_DEPLOY)
		return (doing == DO_STOP      ? berth_stop
			: doing == DO_START   ? berth_start
			: doing == DO_RESTART ? berth_restart
					      : berth_destroy)(marathon->berth, &request, &listener, &error);
	request.blueprint = text_view(&marathon->blueprint);
	request.file = "/marathon.yaml";
	return berth_deploy(marathon->berth, &request, &listener, &error);
}

enum berth_outcome marathon_order(struct theatre *stage, enum errand_kind doing)
{
	struct marathoned *marathon = stage->marathon;
	int64_t limit = stage_now(stage) + COMMAND_MS;
	enum berth_outcome outcome = BERTH_FAILED;
	stage_say(stage, "marathon: %s begins", errand_words[doing]);
	marathon->warned = false;
	marathon->operation = begin(stage, doing);
	while (marathon->operation && !berth_done(marathon->operation) && stage_now(stage) < limit &&
	       stage_run(stage, STEP_MS))
		come_to_pass(stage);
	marathon->happens = NULL;
	if (!marathon->operation) /* it was killed */
		return BERTH_FAILED;
	if (berth_done(marathon->operation))
		outcome = berth_outcome(marathon->operation);
	else
		stage_accuse(stage, "ends", "%s on Marathon does not end", errand_words[doing]);
	snprintf(marathon->last_words, sizeof marathon->last_words, "%s", berth_message(marathon->operation));
	stage_say(stage, "marathon: %s ends with %d: %s", errand_words[doing], (int)outcome,
		  marathon->last_words);
	if (outcome == BERTH_OK && doing == DO_DEPLOY)
		note_changes(marathon);
	berth_operation_free(give(marathon->operation));
	if (outcome == BERTH_OK)
		marathon_judge_end(stage, doing);
	return outcome;
}

static void hear_controller(void *context, const struct berth_event *event)
{
	struct theatre *stage = context;
	if (event->instance && strcmp(event->instance, MARATHON_APP ".db.1") == 0)
		stage->marathon->noticed = true;
	hear(context, event);
}

bool marathon_keep(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	const struct berth_listener listener = {
	    .size = sizeof listener, .event = hear_controller, .context = stage};
	struct berth_error error = {0};
	marathon->keeper = berth_keep(marathon->berth, NULL, &listener, &error);
	for (int i = 0; i < 600 && marathon->keeper && !berth_keep_ready(marathon->keeper); i++)
		if (!stage_run(stage, 100))
			break;
	return marathon->keeper && !stage->rule[0];
}

void marathon_let_go(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	if (marathon->keeper)
		berth_cancel(marathon->keeper);
	while (marathon->keeper && !berth_done(marathon->keeper) && stage_run(stage, STEP_MS)) {
	}
	berth_operation_free(give(marathon->keeper));
}

/* --- at rest ----------------------------------------------------------------------------------------- */

void marathon_rest(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	bool well = false;
	char words[300];
	stage->fate_count = 0;
	seat_kill_at(marathon->seat, 0);
	marathon_stranger_goes(stage);
	marathon_cluster_calm(marathon->cluster);
	stage_run(stage, 2 * 60 * SECOND_MS);
	marathon->disturbed = false;
	for (int tries = 0; tries < TRIES && !well && !stage->rule[0]; tries++) {
		stage_run(stage, 15 * SECOND_MS);
		well = marathon_order(stage, DO_DEPLOY) == BERTH_OK;
	}
	if (!well)
		stage_accuse(stage, "converges", "the deploy on Marathon does not end well: %s",
			     marathon->last_words);
	if (stage->rule[0])
		return;
	tally_add(stage->tally, "judged", "apps of Marathon", marathon->count);
	if (!marathon_links_lead(marathon, words, sizeof words))
		stage_accuse(stage, "links", "%s", words);
	if (!stage->rule[0] && marathon_order(stage, DO_DEPLOY) != BERTH_OK)
		stage_accuse(stage, "settles", "the next deploy on Marathon does not end well: %s",
			     marathon->last_words);
	if (!stage->rule[0] && marathon->changed)
		stage_accuse(stage, "settles", "the next deploy on Marathon changes something: %s",
			     marathon->last_changes);
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
	marathon->parts[0] = (struct wished){"db", true, 1, 1, 1, 6379, -1};
	marathon->parts[1] = (struct wished){"web", true, 1, 1, 2, 8080, 0};
	marathon->parts[2] = (struct wished){"box", false, 1, 1, 1, 7070, 1};
	marathon_publish(marathon);
	return open_berth(stage);
}

void marathon_close(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	if (!marathon)
		return;
	close_berth(marathon);
	marathon_stranger_goes(stage);
	marathon_cluster_free(marathon->cluster);
	text_release(&marathon->blueprint);
	free(give(stage->marathon));
}

static void leave(struct theatre *stage, struct dice *dice)
{
	struct marathoned *marathon = stage->marathon;
	bool well = false;
	marathon->leaving = true;
	if (roll(dice, 4))
		marathon_stranger_comes(stage, "/" MARATHON_APP "/theirs");
	for (int tries = 0; tries < TRIES && !well && !stage->rule[0]; tries++) {
		well = marathon_order(stage, DO_DESTROY) == BERTH_OK;
		stage_run(stage, 15 * SECOND_MS);
	}
	if (!well)
		stage_accuse(stage, "converges", "the destroy on Marathon does not end well: %s",
			     marathon->last_words);
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
