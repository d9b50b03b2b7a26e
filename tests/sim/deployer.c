/* deployer.c - one who works with berth: operations begun and ended, processes that die and others in their
 * place. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/sim/judge.h"
#include "tests/sim/kept.h"
#include "tests/sim/stage.h"
#include "tests/sim/there.h"

const char *const errand_words[DO_KINDS] = {"deploy",  "plan",  "status",    "stop",  "start",
					    "restart", "scale", "destroy",   "why",   "gc",
					    "logs",    "exec",  "locations", "policy"};

static char secret[32];

/* What every program sees of its environment: one secret. */
static const char *environment(const char *name)
{
	return strcmp(name, "SIM_SECRET") == 0 ? secret : NULL;
}

int deployer_open(struct deployer *deployer)
{
	struct berth_options options = {.size = sizeof options,
					.state_directory = deployer->state,
					.config_directory = "/etc/berth",
					.helper = HELPER,
					.owner = deployer->owner};
	struct error err = {0};
	deployer->seat = seat_new(deployer->stage->universe, deployer->machine);
	if (!deployer->seat)
		return -1;
	if (berth_open_in(&deployer->berth, seat_world(deployer->seat), environment, &options, &err) == 0)
		return 0;
	seat_free(deployer->seat);
	deployer->seat = NULL;
	return -1;
}

void deployer_close(struct deployer *deployer)
{
	if (deployer->operation)
		berth_operation_free(deployer->operation);
	deployer->operation = NULL;
	berth_operation_free(deployer->keeper);
	deployer->keeper = NULL;
	berth_close(deployer->berth);
	deployer->berth = NULL;
	seat_free(deployer->seat);
	deployer->seat = NULL;
	sights_release(&deployer->before);
	json_decref(deployer->document);
	deployer->document = NULL;
}

void deployer_revive(struct deployer *deployer)
{
	stage_echo(deployer->stage);
	stage_say(deployer->stage, "deployer %d: killed%s%s", deployer->number + 1,
		  deployer->operation ? " in the middle of " : "",
		  deployer->operation ? errand_words[deployer->doing] : "");
	if (deployer->keeper)
		kept_died(deployer->stage);
	deployer_close(deployer);
	if (deployer_open(deployer))
		stage_accuse(deployer->stage, "opens", "berth cannot be opened after a death");
	else if (deployer->keeps)
		kept_begin(deployer);
}

void deployer_lose_store(struct deployer *deployer)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	struct error err = {0};
	stage_say(deployer->stage, "deployer %d: its store is deleted", deployer->number + 1);
	judge_store_lost(deployer->stage);
	seat_kill(deployer->seat);
	deployer_revive(deployer);
	struct world *world = seat_world(deployer->seat);
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		char path[256];
		snprintf(path, sizeof path, "%s/berth.db%s", deployer->state, endings[i]);
		world->ops->file_remove(world, path, &err);
	}
}

/* --- operations --------------------------------------------------------------------------------------- */

static void hear(void *context, const struct berth_event *event)
{
	struct deployer *deployer = context;
	if (event->kind == BERTH_EVENT_PHASE) {
		tally_add(deployer->stage->tally, "phase", event->phase, 1);
		judge_phase(deployer, event);
		stage_say(deployer->stage, "deployer %d: %s is %s%s%s", deployer->number + 1, event->instance,
			  event->phase, event->text ? ": " : "", event->text ? event->text : "");
	} else if (event->kind == BERTH_EVENT_WARNING) {
		stage_say(deployer->stage, "deployer %d is warned: %s", deployer->number + 1, event->text);
	}
}

/* "replace app.c1.1 (image)" */
static void add_change(struct text *words, const json_t *change)
{
	const char *between = " (";
	size_t i;
	json_t *reason;
	text_format(words, "%s%s %s", words->length ? ", " : "", json_text(change, "action"),
		    json_text(change, "instance"));
	json_array_foreach (json_object_get(change, "because"), i, reason) {
		text_format(words, "%s%s", between, json_text(reason, "path"));
		between = ", ";
	}
	if (*between == ',')
		text_add(words, ")");
}

static void note_plan(struct deployer *deployer, json_t *document)
{
	owned_text words = {0};
	size_t i;
	json_t *change;
	json_decref(deployer->document);
	deployer->document = document;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "action"), "unchanged") != 0)
			add_change(&words, change);
	snprintf(deployer->last_changes, sizeof deployer->last_changes, "%s", text_view(&words));
}

static bool agree(void *context, const char *plan)
{
	struct deployer *deployer = context;
	struct error err = {0};
	note_plan(deployer, json_parse(plan, strlen(plan), "the plan", &err));
	stage_say(deployer->stage, "deployer %d: its plan is to %s", deployer->number + 1,
		  deployer->last_changes);
	judge_plan(deployer);
	return true;
}

static const char *const locations[] = {"engine=docker:tcp://" ENGINE_ADDRESS,
					"fleet={type: fake, target: fleet}",
					"cloud={type: fake, target: cloud, profile: nova}",
					"here=localhost",
					"there=ssh:root@" THERE_NUMBER,
					NULL};

static const char *any_component(const struct theatre *stage, struct dice *dice)
{
	for (int tries = 0; tries < 50; tries++) {
		const struct part *part = &stage->model.parts[roll(dice, PARTS_MAX)];
		if (part->there)
			return part->id;
	}
	return "c0";
}

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

static verb_function *const verbs[DO_KINDS] = {
    berth_deploy,  berth_plan, berth_status, berth_stop, berth_start, berth_restart,   berth_scale,
    berth_destroy, berth_why,  berth_gc,     berth_logs, berth_exec,  berth_locations, berth_policy};

bool deployer_begin(struct deployer *deployer, enum errand_kind doing, uint64_t chance)
{
	static const char *const command[] = {"true", NULL};
	struct theatre *stage = deployer->stage;
	struct dice dice = {chance};
	const struct detail *detail = &deployer->detail;
	const char *components[] = {detail->component ? detail->component : any_component(stage, &dice),
				    NULL};
	const char *const arguments[] = {detail->argument, NULL};
	const char *known[COUNT_OF(locations)];
	memcpy(known, locations, sizeof known);
	if (!there_is(stage))
		known[COUNT_OF(known) - 2] = NULL;
	bool reads_blueprint = doing == DO_DEPLOY || doing == DO_PLAN;
	struct berth_request request = {.size = sizeof request,
					.blueprint = reads_blueprint ? text_view(&stage->blueprint) : NULL,
					.file = "/b.yaml",
					.app = doing == DO_GC || doing == DO_LOCATIONS ? NULL : "app",
					.check = doing == DO_LOCATIONS,
					.locations = known,
					.adopt = deployer->adopt,
					.tail = 5,
					.leave_data = true, /* it moves things as it likes */
					.command = doing == DO_EXEC ? command : NULL,
					.action = detail->action,
					.name = detail->policy,
					.arguments = detail->argument ? arguments : NULL,
					.count = 1 + roll(&dice, 3)};
	struct berth_listener listener = {
	    .size = sizeof listener, .event = hear, .confirm = agree, .context = deployer};
	struct berth_error error = {0};
	if (detail->component || doing == DO_SCALE || doing == DO_EXEC ||
	    (doing == DO_RESTART && one_in(&dice, 2)))
		request.components = components;
	snprintf(secret, sizeof secret, "hush%u", stage->model.secret_version);
	deployer->doing = doing;
	deployer->disturbed = deployer->overtaken = stage_now(stage) < stage->echoes_until_ms;
	deployer->wanted = stage->model;
	deployer->begun++;
	judge_begin(deployer);
	kept_asked(deployer);
	stage_say(stage, "deployer %d: %s%s%s", deployer->number + 1, errand_words[doing],
		  request.components ? " " : "", request.components ? components[0] : "");
	tally_add(stage->tally, "operation", errand_words[doing], 1);
	deployer->operation = verbs[doing](deployer->berth, &request, &listener, &error);
	if (!deployer->operation)
		stage_say(stage, "deployer %d: it does not begin: %s", deployer->number + 1, error.text);
	return deployer->operation;
}

/* What a deploy says that it changed. */
static void note_changes(struct deployer *deployer)
{
	const char *result = berth_result(deployer->operation);
	struct error err = {0};
	json_t *document = json_parse(result, strlen(result), "result", &err);
	deployer->changed = json_flag(document, "changed", false);
	note_plan(deployer, document);
}

void deployer_conclude(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	enum berth_outcome outcome = berth_outcome(deployer->operation);
	char words[16];
	deployer->last = outcome;
	snprintf(deployer->last_words, sizeof deployer->last_words, "%s", berth_message(deployer->operation));
	if (deployer->doing == DO_DEPLOY || deployer->doing == DO_PLAN)
		note_changes(deployer);
	snprintf(words, sizeof words, "%d", (int)outcome);
	tally_add(stage->tally, "outcome", words, 1);
	stage_say(stage, "deployer %d: %s ends with %d%s%s", deployer->number + 1,
		  errand_words[deployer->doing], (int)outcome,
		  *berth_message(deployer->operation) ? ": " : "", berth_message(deployer->operation));
	kept_answered(deployer, outcome);
	judge_end(deployer, outcome);
	berth_operation_free(deployer->operation);
	deployer->operation = NULL;
}
