/* outpost.c - who works with an application at one target: a berth that is opened anew after each death, what
 * it is asked for, and that it comes to that. */
#include "tests/sim/outpost.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define SECOND_MS  INT64_C(1000)
#define COMMAND_MS (40 * 60 * SECOND_MS)

enum { TRIES = 8, STEP_MS = 50 };

/* --- its berth --------------------------------------------------------------------------------------- */

static void hear(void *context, const struct berth_event *event)
{
	struct outpost *post = context;
	if (event->kind == BERTH_EVENT_PHASE)
		stage_say(post->stage, "%s: %s is %s%s%s", post->name, event->instance, event->phase,
			  event->text ? ": " : "", event->text ? event->text : "");
	if (event->kind != BERTH_EVENT_WARNING)
		return;
	post->warned = true;
	stage_say(post->stage, "%s is warned: %s", post->name, event->text);
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

int outpost_open(struct outpost *post)
{
	struct berth_options options = {.size = sizeof options,
					.state_directory = post->state,
					.config_directory = "/etc/berth",
					.helper = HELPER};
	struct error err = {0};
	post->seat = seat_new(post->stage->universe, post->stage->machines[0]);
	return post->seat && berth_open_in(&post->berth, seat_world(post->seat),
					   post->environment ? post->environment : no_environment, &options,
					   &err) == 0
		   ? 0
		   : -1;
}

static void close_berth(struct outpost *post)
{
	berth_operation_free(give(post->operation));
	berth_operation_free(give(post->keeper));
	if (post->berth)
		berth_close(give(post->berth));
	seat_free(give(post->seat));
}

void outpost_close(struct outpost *post)
{
	close_berth(post);
	text_release(&post->blueprint);
}

bool outpost_step(struct outpost *post)
{
	if (!seat_dead(post->seat))
		return true;
	stage_say(post->stage, "%s: who works is dead", post->name);
	close_berth(post);
	if (outpost_open(post))
		stage_accuse(post->stage, "opens", "berth cannot be opened after a death");
	return false;
}

/* --- what is asked ----------------------------------------------------------------------------------- */

/* What is to happen in the middle of it. */
static void come_to_pass(struct outpost *post)
{
	struct dice dice = {post->happens_chance};
	if (post->happens && stage_now(post->stage) >= post->happens_ms)
		(give(post->happens))(post->stage, &dice);
}

void outpost_plan(struct outpost *post, struct dice *dice, happening *happens, unsigned within_ms)
{
	post->happens = happens;
	post->happens_ms = stage_now(post->stage) + roll(dice, within_ms);
	post->happens_chance = dice_next(dice);
}

static void note_changes(struct outpost *post)
{
	const char *result = berth_result(post->operation);
	struct error err = {0};
	owned_json document = json_parse(result, strlen(result), "result", &err);
	owned_text words = {0};
	size_t i;
	json_t *change;
	post->changed = json_flag(document, "changed", false);
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "action"), "unchanged") != 0)
			text_format(&words, "%s%s %s", words.length ? ", " : "", json_text(change, "action"),
				    json_text(change, "instance"));
	snprintf(post->last_changes, sizeof post->last_changes, "%s", text_view(&words));
}

static struct berth_operation *begin(struct outpost *post, enum errand_kind doing)
{
	const struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = post};
	struct berth_request request = {.size = sizeof request, .app = post->app};
	struct berth_error error = {0};
	if (doing != DO_DEPLOY)
		return (doing == DO_STOP      ? berth_stop
			: doing == DO_START   ? berth_start
			: doing == DO_RESTART ? berth_restart
					      : berth_destroy)(post->berth, &request, &listener, &error);
	request.blueprint = text_view(&post->blueprint);
	request.file = post->file;
	return berth_deploy(post->berth, &request, &listener, &error);
}

enum berth_outcome outpost_order(struct outpost *post, enum errand_kind doing)
{
	struct theatre *stage = post->stage;
	int64_t limit = stage_now(stage) + COMMAND_MS;
	enum berth_outcome outcome = BERTH_FAILED;
	stage_say(stage, "%s: %s begins", post->name, errand_words[doing]);
	post->warned = false;
	post->operation = begin(post, doing);
	while (post->operation && !berth_done(post->operation) && stage_now(stage) < limit &&
	       stage_run(stage, STEP_MS))
		come_to_pass(post);
	post->happens = NULL;
	if (!post->operation) /* it was killed */
		return BERTH_FAILED;
	if (berth_done(post->operation))
		outcome = berth_outcome(post->operation);
	else
		stage_accuse(stage, "ends", "%s: %s does not end", post->name, errand_words[doing]);
	snprintf(post->last_words, sizeof post->last_words, "%s", berth_message(post->operation));
	stage_say(stage, "%s: %s ends with %d: %s", post->name, errand_words[doing], (int)outcome,
		  post->last_words);
	if (outcome == BERTH_OK && doing == DO_DEPLOY)
		note_changes(post);
	berth_operation_free(give(post->operation));
	if (outcome == BERTH_OK)
		post->ended_well(stage, doing);
	return outcome;
}

bool outpost_insist(struct outpost *post, enum errand_kind doing)
{
	struct theatre *stage = post->stage;
	bool well = false;
	for (int tries = 0; tries < TRIES && !well && !stage->rule[0]; tries++) {
		well = outpost_order(post, doing) == BERTH_OK;
		stage_run(stage, 15 * SECOND_MS);
	}
	if (!well)
		stage_accuse(stage, "converges", "%s: the %s does not end well: %s", post->name,
			     errand_words[doing], post->last_words);
	return !stage->rule[0];
}

void outpost_settles(struct outpost *post)
{
	struct theatre *stage = post->stage;
	if (!stage->rule[0] && outpost_order(post, DO_DEPLOY) != BERTH_OK)
		stage_accuse(stage, "settles", "%s: the next deploy does not end well: %s", post->name,
			     post->last_words);
	if (!stage->rule[0] && post->changed)
		stage_accuse(stage, "settles", "%s: the next deploy changes something: %s", post->name,
			     post->last_changes);
}

/* --- a controller ------------------------------------------------------------------------------------ */

static void hear_controller(void *context, const struct berth_event *event)
{
	struct outpost *post = context;
	if (post->heard)
		post->heard(post->stage, event);
	hear(context, event);
}

bool outpost_keep(struct outpost *post)
{
	const struct berth_listener listener = {
	    .size = sizeof listener, .event = hear_controller, .context = post};
	struct berth_error error = {0};
	post->keeper = berth_keep(post->berth, NULL, &listener, &error);
	for (int i = 0; i < 600 && post->keeper && !berth_keep_ready(post->keeper); i++)
		if (!stage_run(post->stage, 100))
			break;
	return post->keeper && !post->stage->rule[0];
}

void outpost_let_go(struct outpost *post)
{
	if (post->keeper)
		berth_cancel(post->keeper);
	while (post->keeper && !berth_done(post->keeper) && stage_run(post->stage, STEP_MS)) {
	}
	berth_operation_free(give(post->keeper));
}

/* --- its messages ------------------------------------------------------------------------------------ */

void outpost_fate(struct outpost *post, const char *kind, const struct planned_fate *planned)
{
	struct planned_fate *one = &post->stage->fates[post->stage->fate_count++];
	*one = *planned;
	one->kind = kind;
	if (!one->fate.there_ms)
		one->fate.there_ms = 2;
	one->fate.back_ms = 2;
}
