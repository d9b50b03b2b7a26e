/* zoned.c - a cluster whose members are spread over several engines, seen from the engines: never more of
 * them than were asked for, whoever is silent; none ended unasked; and when all answer, just as many as were
 * asked for. */
#include "tests/sim/zoned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/sim/play.h"

#define SECOND_MS  INT64_C(1000)
#define MINUTE_MS  (60 * SECOND_MS)
#define COMMAND_MS (20 * MINUTE_MS)
#define STATE      "/var/lib/zoned"
#define APP        "zoned"

enum { ZONES = 3, MOST = 6, MEMBERS = 64, TRIES = 6 };

static const char *const addresses[ZONES] = {"10.0.1.1:2375", "10.0.1.2:2375", "10.0.1.3:2375"};

struct member {
	char name[48];
	size_t zone;
	unsigned ordinal;
	bool running;
};

struct zoned {
	struct seat *seat;
	struct berth *berth;
	struct berth_operation *operation;
	struct docker_engine *engines[ZONES];
	size_t changes_seen[ZONES];
	uint64_t stamps[ZONES];
	int64_t away_until_ms[ZONES];
	bool failing;          /* new members do not get ready */
	bool leaving;          /* who goes is asked to */
	bool doubtful;         /* who asked for the last size was killed: perhaps nobody knows of it */
	bool ends_by_itself;   /* a member was made to end: what is done about it is no harm */
	unsigned size, before; /* asked for last, and before that: until it was done it may be either */
	struct member members[MEMBERS], former[MEMBERS];
	size_t count, former_count;
};

bool score_is_zoned(uint64_t seed)
{
	return seed % ZONED_EACH == ZONED_TURN;
}

/* --- what is there ----------------------------------------------------------------------------------- */

struct view {
	struct zoned *zoned;
	size_t zone;
};

static bool see(void *owner, const struct docker_container_view *container)
{
	const struct view *view = owner;
	struct zoned *zoned = view->zoned;
	const char *app = json_string_value(json_object_get(container->labels, "berth.app"));
	const char *ordinal = json_string_value(json_object_get(container->labels, "berth.instance"));
	if (!app || strcmp(app, APP) != 0 || !ordinal || !container->name || zoned->count == MEMBERS)
		return true;
	struct member *member = &zoned->members[zoned->count++];
	*member = (struct member){.zone = view->zone,
				  .ordinal = (unsigned)strtoul(ordinal, NULL, 10),
				  .running = strcmp(container->state, "running") == 0};
	snprintf(member->name, sizeof member->name, "%s", container->name);
	return true;
}

static void look(struct zoned *zoned)
{
	memcpy(zoned->former, zoned->members, sizeof zoned->former);
	zoned->former_count = zoned->count;
	zoned->count = 0;
	for (size_t i = 0; i < ZONES; i++)
		docker_engine_containers(zoned->engines[i], see, &(struct view){zoned, i});
}

static unsigned running(const struct zoned *zoned)
{
	unsigned count = 0;
	for (size_t i = 0; i < zoned->count; i++)
		count += zoned->members[i].running;
	return count;
}

static bool any_away(const struct theatre *stage)
{
	for (size_t i = 0; i < ZONES; i++)
		if (stage_now(stage) < stage->zoned->away_until_ms[i])
			return true;
	return false;
}

/* --- at all times ------------------------------------------------------------------------------------ */

/* Those that nobody can see serve all the same. */
static void rule_never_doubled(struct theatre *stage)
{
	const struct zoned *zoned = stage->zoned;
	unsigned most = zoned->size > zoned->before ? zoned->size : zoned->before;
	if (running(zoned) > most)
		stage_accuse(stage, "zones", "%u members run, of %u that were asked for", running(zoned),
			     most);
}

static bool was_running(const struct zoned *zoned, size_t zone, const char *name)
{
	for (size_t i = 0; i < zoned->former_count; i++)
		if (zoned->former[i].zone == zone && !strcmp(zoned->former[i].name, name))
			return zoned->former[i].running;
	return false;
}

static bool ends_something(enum docker_call call)
{
	return call == DOCKER_STOP || call == DOCKER_KILL || call == DOCKER_REMOVE;
}

static void rule_none_ended_unasked(struct theatre *stage, size_t zone)
{
	struct zoned *zoned = stage->zoned;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(zoned->engines[zone], &count);
	bool asked = zoned->leaving || zoned->failing || zoned->ends_by_itself || zoned->size < zoned->before;
	for (; zoned->changes_seen[zone] < count; zoned->changes_seen[zone]++) {
		const struct docker_change *change = &changes[zoned->changes_seen[zone]];
		if (change->foreign || !ends_something(change->call) || !change->target || asked)
			continue;
		if (was_running(zoned, zone, change->target))
			stage_accuse(stage, "zones", "%s of %s, which runs, and nobody asked for it",
				     docker_call_name(change->call), change->target);
	}
}

static void hear(void *context, const struct berth_event *event)
{
	struct theatre *stage = context;
	if (event->kind == BERTH_EVENT_PHASE)
		stage_say(stage, "zones: %s at %s is %s%s%s", event->instance, event->location, event->phase,
			  event->text ? ": " : "", event->text ? event->text : "");
	else if (event->kind == BERTH_EVENT_WARNING)
		stage_say(stage, "zones: %s", event->text);
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static int open_berth(struct theatre *stage)
{
	struct zoned *zoned = stage->zoned;
	struct berth_options options = {.size = sizeof options,
					.state_directory = STATE,
					.config_directory = "/etc/berth",
					.helper = HELPER};
	struct error err = {0};
	zoned->seat = seat_new(stage->universe, stage->machines[0]);
	return zoned->seat && berth_open_in(&zoned->berth, seat_world(zoned->seat), no_environment, &options,
					    &err) == 0
		   ? 0
		   : -1;
}

static void close_berth(struct zoned *zoned)
{
	berth_operation_free(give(zoned->operation));
	if (zoned->berth)
		berth_close(give(zoned->berth));
	seat_free(give(zoned->seat));
}

void zoned_step(struct theatre *stage)
{
	struct zoned *zoned = stage->zoned;
	bool changed = false;
	if (seat_dead(zoned->seat)) {
		stage_say(stage, "who works with the zones is dead");
		close_berth(zoned);
		if (open_berth(stage))
			stage_accuse(stage, "opens", "berth cannot be opened after a death");
		return;
	}
	for (size_t i = 0; i < ZONES; i++) {
		changed |= zoned->stamps[i] != docker_engine_stamp(zoned->engines[i]);
		zoned->stamps[i] = docker_engine_stamp(zoned->engines[i]);
	}
	if (!changed)
		return;
	look(zoned);
	for (size_t i = 0; i < ZONES; i++)
		rule_none_ended_unasked(stage, i);
	rule_never_doubled(stage);
}

/* --- what is asked ----------------------------------------------------------------------------------- */

static const char blueprint[] =
    "id: " APP "\nservices:\n- type: cluster\n  id: web\n  locations: ['docker:tcp://10.0.1.1:2375', "
    "'docker:tcp://10.0.1.2:2375', 'docker:tcp://10.0.1.3:2375']\n  initialSize: 2\n"
    "  memberSpec: {type: 'docker:good:1'}\n";

static enum berth_outcome ask(struct theatre *stage, enum errand_kind doing, unsigned count)
{
	static const char *const web[] = {"web", NULL};
	struct zoned *zoned = stage->zoned;
	const struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = stage};
	struct berth_request request = {.size = sizeof request, .app = APP};
	struct berth_error error = {0};
	int64_t limit = stage_now(stage) + COMMAND_MS;
	enum berth_outcome outcome = BERTH_FAILED;
	if (doing == DO_DEPLOY) {
		request.blueprint = blueprint;
		request.file = "/zoned.yaml";
	} else if (doing == DO_SCALE) {
		request.components = web;
		request.count = count;
	}
	zoned->operation = doing == DO_DEPLOY  ? berth_deploy(zoned->berth, &request, &listener, &error)
			   : doing == DO_SCALE ? berth_scale(zoned->berth, &request, &listener, &error)
					       : berth_destroy(zoned->berth, &request, &listener, &error);
	while (zoned->operation && !berth_done(zoned->operation) && stage_now(stage) < limit &&
	       stage_run(stage, 50)) {
	}
	if (!zoned->operation) /* it was killed */
		return BERTH_FAILED;
	if (berth_done(zoned->operation))
		outcome = berth_outcome(zoned->operation);
	stage_say(stage, "zones: %s ends with %d: %s", errand_words[doing], (int)outcome,
		  outcome == BERTH_OK ? "" : berth_message(zoned->operation));
	berth_operation_free(give(zoned->operation));
	return outcome;
}

static void resize(struct theatre *stage, unsigned size)
{
	struct zoned *zoned = stage->zoned;
	zoned->before = zoned->before > zoned->size ? zoned->before : zoned->size;
	zoned->size = size;
	stage_say(stage, "zones: %u are asked for, after %u", size, zoned->before);
	ask(stage, DO_SCALE, size);
}

/* --- at rest ----------------------------------------------------------------------------------------- */

static bool one_of_each(const struct zoned *zoned)
{
	for (size_t i = 0; i < zoned->count; i++)
		for (size_t k = 0; k < i; k++)
			if (zoned->members[i].ordinal == zoned->members[k].ordinal &&
			    zoned->members[i].running && zoned->members[k].running)
				return false;
	return true;
}

/* Those that were kept to be looked at are none of them. */
static void rule_as_many_as_asked(struct theatre *stage)
{
	struct zoned *zoned = stage->zoned;
	look(zoned);
	unsigned count = running(zoned);
	if (zoned->doubtful && count == zoned->before)
		zoned->size = count;
	zoned->doubtful = false;
	tally_add(stage->tally, "judged", "members in zones", 1);
	tally_add(stage->tally, "judged", "members in quarantine", zoned->count - count);
	if (count != zoned->size || !one_of_each(zoned) || zoned->count > 2 * (size_t)MOST)
		stage_accuse(stage, "zones", "%u of %zu members run, and %u are asked for", count,
			     zoned->count, zoned->size);
}

/* All answer, and nothing fails. */
static void rest(struct theatre *stage)
{
	struct zoned *zoned = stage->zoned;
	bool well = false;
	for (int tries = 0; tries < TRIES && !well && !stage->rule[0]; tries++) {
		stage_run(stage, 5 * SECOND_MS);
		well = ask(stage, DO_DEPLOY, 0) == BERTH_OK;
	}
	if (!well && !stage->rule[0])
		stage_accuse(stage, "converges", "the deploy over several places does not end well");
	if (stage->rule[0])
		return;
	rule_as_many_as_asked(stage);
	zoned->before = zoned->size;
	zoned->ends_by_itself = false;
}

/* --- what happens ------------------------------------------------------------------------------------ */

static void disturb(struct theatre *stage, const char *kind)
{
	stage_disturb(stage, kind);
	stage_say(stage, "fault: %s", kind);
}

static unsigned any_size(struct dice *dice)
{
	return 1 + roll(dice, MOST);
}

static void resized(struct theatre *stage, struct dice *dice)
{
	resize(stage, any_size(dice));
}

/* One or two of them; what runs there goes on. */
static void zones_away(struct theatre *stage, struct dice *dice)
{
	struct zoned *zoned = stage->zoned;
	unsigned first = roll(dice, ZONES), count = 1 + one_in(dice, 3);
	int64_t away_ms = (2 + roll(dice, 8)) * MINUTE_MS;
	disturb(stage, "a zone does not answer");
	for (unsigned i = 0; i < count; i++) {
		unsigned zone = (first + i) % ZONES;
		universe_silence(stage->universe, addresses[zone], away_ms);
		zoned->away_until_ms[zone] = stage_now(stage) + away_ms;
	}
	for (unsigned asked = 1 + roll(dice, 2); asked > 0 && !stage->rule[0] && any_away(stage); asked--) {
		unsigned size = any_size(dice);
		if (one_in(dice, 3))
			ask(stage, DO_DEPLOY, 0);
		else
			resize(stage, size);
	}
	while (any_away(stage) && stage_run(stage, 10 * SECOND_MS)) {
	}
}

static void newcomers_fail(struct theatre *stage, size_t zone, bool fail)
{
	const struct docker_behaviour manner = {.name = APP ".web",
						.exits = fail ? UINT32_MAX : 0,
						.exit_code = 1,
						.lives_ms = 100,
						.stops_ms = 20};
	docker_engine_behave(stage->zoned->engines[zone], &manner);
}

/* Everywhere, or in one of them. */
static void growth_fails(struct theatre *stage, struct dice *dice)
{
	struct zoned *zoned = stage->zoned;
	size_t only = roll(dice, ZONES + 2);
	disturb(stage, "new members in zones do not get ready");
	for (size_t i = 0; i < ZONES; i++)
		newcomers_fail(stage, i, only >= ZONES || i == only);
	zoned->failing = true;
	resize(stage, zoned->size + 1 + roll(dice, 2) > MOST ? MOST : zoned->size + 1 + roll(dice, 2));
	if (one_in(dice, 2))
		ask(stage, DO_DEPLOY, 0);
	for (size_t i = 0; i < ZONES; i++)
		newcomers_fail(stage, i, false);
	zoned->failing = false;
	zoned->ends_by_itself = true;
}

static void member_vanishes(struct theatre *stage, struct dice *dice)
{
	const struct zoned *zoned = stage->zoned;
	look(stage->zoned);
	if (!zoned->count)
		return;
	const struct member *member = &zoned->members[roll(dice, (unsigned)zoned->count)];
	char path[160];
	disturb(stage, "a member in a zone is removed by hand");
	snprintf(path, sizeof path, "/containers/%s?force=1", member->name);
	docker_engine_ask(zoned->engines[member->zone], "DELETE", path, NULL, NULL);
	stage_run(stage, SECOND_MS);
}

static void killed(struct theatre *stage, struct dice *dice)
{
	disturb(stage, "who works with the zones is killed");
	stage->zoned->ends_by_itself = true; /* what was begun is gone on with */
	stage->zoned->doubtful = true;
	seat_kill_at(stage->zoned->seat, 1 + roll(dice, 80));
	resize(stage, any_size(dice));
	seat_kill_at(stage->zoned->seat, 0);
	stage_run(stage, 2 * SECOND_MS);
}

static void move(struct theatre *stage, struct dice *dice)
{
	typedef void happening(struct theatre * stage, struct dice * dice);
	static happening *const happenings[] = {resized,      zones_away,   zones_away, zones_away,
						growth_fails, growth_fails, killed,     member_vanishes};
	happenings[roll(dice, COUNT_OF(happenings))](stage, dice);
	if (!stage->rule[0])
		rest(stage);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static int open_all(struct theatre *stage)
{
	static const struct docker_registry registry = {
	    .reference = "good:1",
	    .digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111",
	    .pull_ms = 400};
	struct zoned *zoned = stage->zoned = calloc(1, sizeof *stage->zoned);
	if (!zoned)
		return -1;
	zoned->size = zoned->before = 2;
	for (size_t i = 0; i < ZONES; i++) {
		if (!(zoned->engines[i] = docker_engine_new(stage->universe, addresses[i])))
			return -1;
		docker_engine_registry(zoned->engines[i], &registry);
		newcomers_fail(stage, i, false);
	}
	return open_berth(stage);
}

void zoned_close(struct theatre *stage)
{
	struct zoned *zoned = stage->zoned;
	if (!zoned)
		return;
	close_berth(zoned);
	for (size_t i = 0; i < ZONES; i++)
		docker_engine_free(zoned->engines[i]);
	free(give(stage->zoned));
}

static void leave(struct theatre *stage)
{
	struct zoned *zoned = stage->zoned;
	zoned->leaving = true;
	for (int tries = 0; tries < TRIES && !stage->rule[0] && ask(stage, DO_DESTROY, 0) != BERTH_OK;
	     tries++)
		stage_run(stage, 5 * SECOND_MS);
	look(zoned);
	if (!stage->rule[0] && zoned->count)
		stage_accuse(stage, "nothing left", "%s is there after destroy", zoned->members[0].name);
}

void zoned_play(struct theatre *stage, uint64_t chance)
{
	struct dice dice = {chance * UINT64_C(0x2545f4914f6cdd1d) + 9};
	unsigned moves = 4 + roll(&dice, 4);
	if (open_all(stage))
		stage_accuse(stage, "opens", "the cluster over several places cannot be begun");
	else
		rest(stage);
	for (unsigned i = 0; i < moves && !stage->rule[0]; i++)
		move(stage, &dice);
	if (!stage->rule[0])
		leave(stage);
	zoned_close(stage);
}

void zoned_expect(struct tally *tally)
{
	static const char *const faults[] = {
	    "a zone does not answer", "new members in zones do not get ready",
	    "a member in a zone is removed by hand", "who works with the zones is killed"};
	static const char *const judged[] = {"members in zones", "members in quarantine"};
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		tally_add(tally, "fault", faults[i], 0);
	for (size_t i = 0; i < COUNT_OF(judged); i++)
		tally_add(tally, "judged", judged[i], 0);
}
