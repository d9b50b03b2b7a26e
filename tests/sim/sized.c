/* sized.c - a cluster beside everything else: it is deployed, kept, and resized by its load; each deed of its
 * autoscaler is noticed. */
#include "tests/sim/sized.h"
#include "tests/sim/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "engine/keeper.h"
#include "tests/sim/play.h"

#define SECOND_MS  INT64_C(1000)
#define MINUTE_MS  (60 * SECOND_MS)
#define COMMAND_MS (20 * MINUTE_MS)
#define PAGE       "10.66.0.1:9100"
#define STATE      "/var/lib/sized"

bool score_is_sized(uint64_t seed)
{
	return seed % SIZED_EACH == SIZED_TURN;
}

/* --- its load ------------------------------------------------------------------------------------- */

static double load_now(struct sized *sized)
{
	struct dice dice = {sized->noise_state++};
	double sway = sized->noise * ((double)roll(&dice, 2001) - 1000) / 1000;
	double each = sized->load / (sized->answering ? sized->answering : 1) + sway;
	return each > 0 ? each : 0;
}

static void tell_load(void *owner, const struct http_request *request, struct reply *reply)
{
	const struct theatre *stage = owner;
	char body[64];
	(void)request;
	snprintf(body, sizeof body, "{\"load\": %.3f}", load_now(stage->sized));
	if (stage->sized->silent_ms >= 0)
		reply_cut(reply);
	else
		reply_whole(reply, 200, "Content-Type: application/json\r\n", body);
}

/* --- who keeps it ----------------------------------------------------------------------------------- */

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void hear(void *context, const struct berth_event *event)
{
	struct theatre *stage = context;
	if (event->kind == BERTH_EVENT_PHASE)
		stage_say(stage, "cluster: %s is %s%s%s", event->instance, event->phase,
			  event->text ? ": " : "", event->text ? event->text : "");
	else if (event->kind == BERTH_EVENT_WARNING)
		stage_say(stage, "cluster: %s", event->text);
}

static int open_berth(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	struct berth_options options = {.size = sizeof options,
					.state_directory = STATE,
					.config_directory = "/etc/berth",
					.helper = HELPER};
	struct error err = {0};
	sized->seat = seat_new(stage->universe, stage->machines[0]);
	return sized->seat && berth_open_in(&sized->berth, seat_world(sized->seat), no_environment, &options,
					    &err) == 0
		   ? 0
		   : -1;
}

static void close_berth(struct sized *sized)
{
	berth_operation_free(give(sized->operation));
	berth_operation_free(give(sized->keeper));
	if (sized->berth)
		berth_close(give(sized->berth));
	seat_free(give(sized->seat));
	sized->deed = NULL;
}

void sized_begin(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	const struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = stage};
	struct berth_error error = {0};
	sized->keeps = true;
	sized->keeper = berth_keep(sized->berth, NULL, &listener, &error);
	if (!sized->keeper)
		stage_accuse(stage, "keeps", "the controller of the cluster does not begin: %s", error.text);
}

/* Another process takes its place. */
static void revive(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	stage_echo(stage);
	stage_say(stage, "the controller of the cluster is dead");
	sized->uneasy_ms = stage_now(stage);
	close_berth(sized);
	if (open_berth(stage))
		stage_accuse(stage, "opens", "berth cannot be opened after a death");
	else if (sized->keeps)
		sized_begin(stage);
}

/* --- what is asked ------------------------------------------------------------------------------------ */

static const char *const locations[] = {"engine=docker:tcp://" ENGINE_ADDRESS, NULL};

static struct berth_operation *begin(struct theatre *stage, enum errand_kind doing, unsigned count)
{
	const struct sized *sized = stage->sized;
	const char *const web[] = {"web", NULL};
	const struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = stage};
	struct berth_request request = {.size = sizeof request, .app = SIZED_APP, .locations = locations};
	struct berth_error error = {0};
	if (doing == DO_DEPLOY) {
		request.blueprint = text_view(&sized->blueprint);
		request.file = "/sized.yaml";
	} else if (doing == DO_SCALE) {
		request.components = web;
		request.count = count;
	}
	return doing == DO_DEPLOY  ? berth_deploy(sized->berth, &request, &listener, &error)
	       : doing == DO_SCALE ? berth_scale(sized->berth, &request, &listener, &error)
				   : berth_destroy(sized->berth, &request, &listener, &error);
}

static void size_is(struct theatre *stage, unsigned size)
{
	struct sized *sized = stage->sized;
	if (sized->seen) /* what was asked for before may not have been done */
		sized->size = sized->seen;
	if (size == sized->size)
		return;
	sized->grew = size > sized->size;
	sized->changed_ms = stage_now(stage);
	sized->size_before = sized->size;
	sized->size = size;
	sized->deed_over = false;
}

enum berth_outcome sized_ask(struct theatre *stage, enum errand_kind doing, unsigned count)
{
	struct sized *sized = stage->sized;
	int64_t limit = stage_now(stage) + COMMAND_MS;
	enum berth_outcome outcome = BERTH_FAILED;
	sized->quiet = false;
	sized->uneasy_ms = stage_now(stage);
	if (doing == DO_SCALE)
		size_is(stage, count);
	if (sized->scaler == SCALER_CLASSIC) /* Brooklyn's goes by what was wanted before, too */
		sized->changed_ms = -1;
	sized->operation = begin(stage, doing, count);
	while (sized->operation && !berth_done(sized->operation) && stage_now(stage) < limit &&
	       stage_run(stage, 50)) {
	}
	if (sized->operation) { /* else it was killed */
		outcome = berth_done(sized->operation) ? berth_outcome(sized->operation) : BERTH_FAILED;
		if (outcome != BERTH_OK)
			stage_say(stage, "cluster: %s ends with %d: %s", errand_words[doing], (int)outcome,
				  berth_message(sized->operation));
		berth_operation_free(give(sized->operation));
	}
	sized->uneasy_ms = stage_now(stage);
	return outcome;
}

/* --- what is seen --------------------------------------------------------------------------------------- */

static void count_members(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	sized->running = sized->answering = 0;
	for (size_t i = 0; i < stage->judge->now.count; i++) {
		const struct sight *sight = &stage->judge->now.list[i];
		if (!sight->app || strcmp(sight->app, SIZED_APP) != 0 || !sight->component ||
		    strcmp(sight->component, "web") != 0)
			continue;
		sized->running += sight->running;
		sized->answering += sight->running && sight->answers;
	}
}

static const struct berth_operation *deed_under_way(const struct sized *sized)
{
	for (const struct berth_operation *at = sized->berth->operations; at; at = at->next)
		if (at != sized->operation && !at->done && at->verb == &verb_scale)
			return at;
	return NULL;
}

static void deed_begins(struct theatre *stage, const struct berth_operation *deed)
{
	struct sized *sized = stage->sized;
	unsigned wanted = (unsigned)deed->request.count;
	if (sized->seen)
		sized->size = sized->seen;
	stage_say(stage, "it is resized from %u to %u, %u answer", sized->size, wanted, sized->answering);
	tally_add(stage->tally, "resized", wanted > sized->size ? "up" : "down", wanted != sized->size);
	rule_size_bounds(stage, wanted);
	if (wanted != sized->size) { /* else it is done once more */
		rule_no_flapping(stage, wanted);
		rule_stale_moves_nothing(stage);
		rule_quiet(stage);
	}
	size_is(stage, wanted);
	sized->deed_ms = stage_now(stage);
	sized->forgot = false;
}

static void watch_deeds(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	const struct berth_operation *deed = deed_under_way(sized);
	if (deed == sized->deed)
		return;
	sized->deed = deed;
	if (deed)
		deed_begins(stage, deed);
}

void sized_step(struct theatre *stage)
{
	struct sized *sized = stage->sized;
	if (seat_dead(sized->seat)) {
		revive(stage);
		return;
	}
	if (sized->stamp != stage->judge->stamp) {
		sized->stamp = stage->judge->stamp;
		count_members(stage);
		rule_last_one_stays(stage);
		rule_never_more(stage);
		rule_listed_answered(stage);
	}
	if (!sized->keeper)
		return;
	if (sized->keeps && berth_done(sized->keeper))
		stage_accuse(stage, "keeps", "the controller of the cluster has ended: %s",
			     berth_message(sized->keeper));
	watch_deeds(stage);
	rule_size_kept(stage);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void write_policy(const struct sized *sized, struct text *to)
{
	static const char *const own[] = {
	    [SCALER_BOUNDS] = "lower: 20, upper: 50",
	    [SCALER_TARGET] = "target: 40",
	    [SCALER_STEPS] = "steps: [{above: 50, add: 1}, {above: 90, add: 2}, {below: 20, remove: 1}]",
	};
	if (sized->scaler == SCALER_CLASSIC)
		text_format(to,
			    "  - type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\n"
			    "    brooklyn.config: {metric: load, metricLowerBound: 20, metricUpperBound: 50, "
			    "minPoolSize: %u, maxPoolSize: %u, resizeUpStabilizationDelay: %ds, "
			    "resizeDownStabilizationDelay: %ds}\n",
			    sized->least, sized->most, SIZED_UP_DELAY / 1000, SIZED_DOWN_DELAY / 1000);
	else
		text_format(to,
			    "  - {type: autoscaler, metric: load, %s, min: %u, max: %u, upCooldown: %ds, "
			    "downCooldown: %ds, downDelay: 10s}\n",
			    own[sized->scaler], sized->least, sized->most, SIZED_UP_COOL / 1000,
			    SIZED_DOWN_COOL / 1000);
}

static void write_blueprint(struct sized *sized, unsigned initial)
{
	text_format(&sized->blueprint,
		    "id: " SIZED_APP "\nservices:\n- type: cluster\n  id: web\n  location: engine\n"
		    "  initialSize: %u\n  memberSpec: {type: 'docker:good:1', openPorts: 80}\n"
		    "  sensors: {load: {uri: 'http://10.66.0.1:9100/load', json: $.load, period: %ds}}\n"
		    "  policies:\n  - restarter\n",
		    initial, SIZED_PERIOD / 1000);
	write_policy(sized, &sized->blueprint);
	text_add(&sized->blueprint,
		 "- type: docker:good:1\n  id: front\n  location: engine\n  onChange: none\n"
		 "  files: {/etc/c.conf: '$berth:endpoints(\"web\")'}\n");
}

static bool insist(struct theatre *stage, enum errand_kind doing)
{
	for (int tries = 0; tries < 6 && !stage->rule[0]; tries++) {
		if (sized_ask(stage, doing, 0) == BERTH_OK)
			return true;
		stage_run(stage, 30 * SECOND_MS);
	}
	if (!stage->rule[0])
		stage_accuse(stage, "converges", "%s of the cluster does not end well", errand_words[doing]);
	return false;
}

static bool open_all(struct theatre *stage, struct dice *dice)
{
	const struct service page = {.request = tell_load, .owner = stage};
	struct sized *sized = stage->sized = calloc(1, sizeof *stage->sized);
	if (!sized)
		abort();
	*sized = (struct sized){.silent_ms = -1, .changed_ms = -1, .noise_state = dice_next(dice)};
	sized->scaler = (enum scaler)roll(dice, SCALERS);
	sized->least = 1 + roll(dice, 2);
	sized->most = sized->least + 1 + roll(dice, 3);
	sized->size = sized->size_before = sized->least + roll(dice, 2);
	sized->load = sized->size * 35.0;
	sized->uneasy_ms = stage_now(stage);
	write_blueprint(sized, sized->size);
	docker_engine_changes(stage->engine, &sized->changes_seen);
	if (sized->blueprint.failed || universe_serve(stage->universe, PAGE, &page) || open_berth(stage))
		stage_accuse(stage, "opens", "the cluster cannot be begun");
	return !stage->rule[0] && insist(stage, DO_DEPLOY);
}

void sized_close(struct theatre *stage)
{
	if (!stage->sized)
		return;
	close_berth(stage->sized);
	universe_serve(stage->universe, PAGE, NULL);
	text_release(&stage->sized->blueprint);
	text_release(&stage->sized->listed);
	free(give(stage->sized));
}

static void settle(struct theatre *stage, struct dice *dice)
{
	sized_calm(stage);
	stage->sized->load = 5 + roll(dice, stage->sized->most * (SIZED_UPPER + 10));
	if (stage->rule[0] || !stage_run(stage, 10 * MINUTE_MS))
		return;
	sights_take(&stage->judge->now, stage);
	count_members(stage);
	rule_size_fits(stage);
}

void sized_play(struct theatre *stage, uint64_t chance)
{
	struct dice dice = {chance * UINT64_C(0x2545f4914f6cdd1d) + 5};
	unsigned moves = 10 + roll(&dice, 8);
	if (open_all(stage, &dice)) {
		sized_begin(stage);
		stage_run(stage, 10 * SECOND_MS);
		for (unsigned i = 0; i < moves && !stage->rule[0]; i++)
			move_sized(stage, &dice);
		if (!stage->rule[0])
			settle(stage, &dice);
		stage->sized->leaving = true;
		if (!stage->rule[0] && insist(stage, DO_DESTROY)) {
			sights_take(&stage->judge->now, stage);
			rule_sized_gone(stage);
		}
	}
	sized_close(stage);
}

void sized_expect(struct tally *tally)
{
	static const char *const judged[] = {"sizes that are asked for", "sizes that turn back",
					     "members that go", "sizes at rest", "members that are listed"};
	for (size_t i = 0; i < COUNT_OF(judged); i++)
		tally_add(tally, "judged", judged[i], 0);
	tally_add(tally, "resized", "up", 0);
	tally_add(tally, "resized", "down", 0);
	sized_moves_expect(tally);
}
