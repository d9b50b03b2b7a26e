/* scenario_keys.c - the tables of a scenario's keys: their forms, where they are kept, what they are for. */
#include "engine/scenario.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "simulation/docker/engine.h"

/* --- words ------------------------------------------------------------------------------------------ */

const struct scenario_outcome scenario_outcomes[] = {
    {"ok", BERTH_OK},
    {"failed", BERTH_FAILED},
    {"usage", BERTH_USAGE},
    {"invalid", BERTH_INVALID},
    {"unreachable", BERTH_UNREACHABLE},
    {"locked", BERTH_LOCKED},
    {"denied", BERTH_DENIED},
    {"timedOut", BERTH_TIMED_OUT},
    {"interrupted", BERTH_INTERRUPTED},
    [ANY_OUTCOME] = {"any", BERTH_OK},
};
static const char *const outcome_words[] = {"ok",          "failed", "usage",  "invalid",
					    "unreachable", "locked", "denied", "timedOut",
					    "interrupted", "any",    NULL};
_Static_assert(COUNT_OF(outcome_words) == COUNT_OF(scenario_outcomes) + 1, "one word for each");

#define CALLS_EACH(X)                                                                                        \
	X(ping, PING)                                                                                        \
	X(version, VERSION)                                                                                  \
	X(info, INFO)                                                                                        \
	X(events, EVENTS)                                                                                    \
	X(list, CONTAINERS)                                                                                  \
	X(create, CREATE)                                                                                    \
	X(inspect, CONTAINER)                                                                                \
	X(start, START)                                                                                      \
	X(stop, STOP)                                                                                        \
	X(kill, KILL)                                                                                        \
	X(rename, RENAME)                                                                                    \
	X(update, UPDATE)                                                                                    \
	X(remove, REMOVE)                                                                                    \
	X(logs, LOGS)                                                                                        \
	X(attach, ATTACH)                                                                                    \
	X(exec, EXEC)                                                                                        \
	X(execStart, EXEC_START)                                                                             \
	X(execInspect, EXEC_INSPECT)                                                                         \
	X(files, ARCHIVE_PUT)                                                                                \
	X(networks, NETWORKS)                                                                                \
	X(networkCreate, NETWORK_CREATE)                                                                     \
	X(networkInspect, NETWORK)                                                                           \
	X(networkRemove, NETWORK_REMOVE)                                                                     \
	X(connect, CONNECT)                                                                                  \
	X(disconnect, DISCONNECT)                                                                            \
	X(volumes, VOLUMES)                                                                                  \
	X(volumeCreate, VOLUME_CREATE)                                                                       \
	X(volumeInspect, VOLUME)                                                                             \
	X(volumeRemove, VOLUME_REMOVE)                                                                       \
	X(images, IMAGES)                                                                                    \
	X(imageInspect, IMAGE)                                                                               \
	X(pull, PULL)                                                                                        \
	X(load, LOAD)                                                                                        \
	X(distribution, DISTRIBUTION)
#define CALL_WORD(word, call)   #word,
#define CALL_NUMBER(word, call) DOCKER_##call,

const char *const scenario_calls[] = {CALLS_EACH(CALL_WORD) NULL};
static const int call_numbers[] = {CALLS_EACH(CALL_NUMBER)};

int scenario_call(size_t word)
{
	return call_numbers[word];
}

/* --- tables ----------------------------------------------------------------------------------------- */

#define AT(structure, member) offsetof(struct structure, member)

static const struct scenario_key image_keys[] = {
    {.name = "pull",
     .form = FORM_DURATION,
     .at = AT(scenario_image, pull_ms),
     .summary = "how long it takes to fetch (300ms)"},
    {.name = "missing",
     .form = FORM_FLAG,
     .at = AT(scenario_image, missing),
     .summary = "no registry has it"},
    {.name = "present",
     .form = FORM_FLAG,
     .at = AT(scenario_image, present),
     .summary = "the engine has it already"},
    {0},
};
static const struct scenario_form image_form = {"image", image_keys, sizeof(struct scenario_image), false};

static const struct scenario_key engine_keys[] = {
    {.name = "latency",
     .form = FORM_DURATION,
     .at = AT(scenario_engine, latency_ms),
     .summary = "of each message, one way (1ms)"},
    {.name = "images",
     .form = FORM_NAMED,
     .at = AT(scenario_engine, images),
     .summary = "images by their reference; one that is not named can be fetched",
     .of = &image_form},
    {.name = "slow",
     .form = FORM_PAIRS,
     .at = AT(scenario_engine, slow),
     .summary = "kinds of calls, and how long each takes: {start: 3s}"},
    {0},
};
static const struct scenario_form engine_form = {"engine", engine_keys, sizeof(struct scenario_engine),
						 false};

static const struct scenario_key place_keys[] = {
    {.name = "docker",
     .form = FORM_MAP,
     .at = AT(scenario_place, docker),
     .summary = "a Docker engine",
     .of = &engine_form},
    {0},
};
static const struct scenario_form place_form = {"location", place_keys, sizeof(struct scenario_place), true};

static const struct scenario_form behaviour_form;
static const struct scenario_key behaviour_keys[] = {
    {.name = "answersAfter",
     .form = FORM_NEVER,
     .at = AT(scenario_behaviour, answers_after_ms),
     .summary = "from its start on until its ports answer, or `never` (at once)"},
    {.name = "exits",
     .form = FORM_ALWAYS,
     .at = AT(scenario_behaviour, exits),
     .summary = "so often it ends by itself after a start, or `always` (0; a job: always)",
     .high = UINT32_MAX},
    {.name = "exitCode",
     .form = FORM_NUMBER,
     .at = AT(scenario_behaviour, exit_code),
     .summary = "with which code it ends then (0)",
     .high = 255},
    {.name = "livesFor",
     .form = FORM_DURATION,
     .at = AT(scenario_behaviour, lives_ms),
     .summary = "how long it runs before it ends by itself (50ms)"},
    {.name = "stopsAfter",
     .form = FORM_NEVER,
     .at = AT(scenario_behaviour, stops_ms),
     .summary = "how long it takes to end when it is asked to, or `never`: it has to be killed (at once)"},
    {.name = "log",
     .form = FORM_TEXT,
     .at = AT(scenario_behaviour, log),
     .summary = "what it writes each time it starts"},
    {.name = "broken",
     .form = FORM_TEXT,
     .at = AT(scenario_behaviour, broken),
     .summary = "it cannot be started: the engine's words"},
    {.name = "withImage",
     .form = FORM_NAMED,
     .at = AT(scenario_behaviour, with_image),
     .summary = "the same for one image of it: {\"web:2\": {answersAfter: never}}",
     .of = &behaviour_form},
    {0},
};
static const struct scenario_form behaviour_form = {"behaviour", behaviour_keys,
						    sizeof(struct scenario_behaviour), false};

static const struct scenario_key fault_keys[] = {
    [FAULT_AT] = {.name = "at",
		  .form = FORM_TEXT,
		  .at = AT(scenario_fault, at),
		  .summary = "the location; of diskFull, the deployer (every one)"},
    [FAULT_CALLS] = {.name = "calls",
		     .form = FORM_WORDS,
		     .at = AT(scenario_fault, calls),
		     .summary = "only these kinds of calls to an engine (all)",
		     .words = scenario_calls},
    [FAULT_COMPONENT] = {.name = "component",
			 .form = FORM_TEXT,
			 .at = AT(scenario_fault, component),
			 .summary = "only calls about its instances, or one of them: `web.2`"},
    [FAULT_SKIP] = {.name = "skip",
		    .form = FORM_NUMBER,
		    .at = AT(scenario_fault, skip),
		    .summary = "lets so many of them pass first (0)"},
    [FAULT_TIMES] = {.name = "times",
		     .form = FORM_NUMBER,
		     .at = AT(scenario_fault, times),
		     .summary = "to so many of them (to all, while it lasts)",
		     .low = 1},
    [FAULT_FOR] = {.name = "for",
		   .form = FORM_DURATION,
		   .at = AT(scenario_fault, for_ms),
		   .summary = "how long it lasts (to the end)"},
    [FAULT_UNREACHABLE] = {.name = "unreachable",
			   .form = FORM_DURATION,
			   .at = AT(scenario_fault, unreachable_ms),
			   .summary = "for so long nothing gets through, neither way"},
    [FAULT_LOST] = {.name = "lost",
		    .form = FORM_FLAG,
		    .at = AT(scenario_fault, lost),
		    .summary = "the call never arrives"},
    [FAULT_ANSWER_LOST] = {.name = "answerLost",
			   .form = FORM_FLAG,
			   .at = AT(scenario_fault, answer_lost),
			   .summary = "it has its effect, and the answer is lost: the connection breaks"},
    [FAULT_REFUSED] = {.name = "refused",
		       .form = FORM_FLAG,
		       .at = AT(scenario_fault, refused),
		       .summary = "no connection is made"},
    [FAULT_DELAY] = {.name = "delay",
		     .form = FORM_DURATION,
		     .at = AT(scenario_fault, delay_ms),
		     .summary = "it arrives so much later"},
    [FAULT_STATUS] = {.name = "status",
		      .form = FORM_NUMBER,
		      .at = AT(scenario_fault, status),
		      .summary = "this HTTP status is answered, and nothing is done",
		      .low = 400,
		      .high = 599},
    [FAULT_GARBAGE] = {.name = "garbage",
		       .form = FORM_FLAG,
		       .at = AT(scenario_fault, garbage),
		       .summary = "the answer is no JSON"},
    [FAULT_TRUNCATED] = {.name = "truncated",
			 .form = FORM_NUMBER,
			 .at = AT(scenario_fault, truncated),
			 .summary = "the answer ends after so many bytes, as if it were whole"},
    [FAULT_CUT] = {.name = "cut",
		   .form = FORM_NUMBER,
		   .at = AT(scenario_fault, cut),
		   .summary = "the connection breaks after so many bytes of the answer"},
    [FAULT_TWICE] = {.name = "twice",
		     .form = FORM_FLAG,
		     .at = AT(scenario_fault, twice),
		     .summary = "it arrives a second time"},
    [FAULT_ENGINE_DOWN] = {.name = "engineDown",
			   .form = FORM_DURATION,
			   .at = AT(scenario_fault, engine_down_ms),
			   .summary = "the engine ends with all that runs on it, and is back after so long"},
    [FAULT_DISK_FULL] = {.name = "diskFull",
			 .form = FORM_FLAG,
			 .at = AT(scenario_fault, disk_full),
			 .summary = "nothing more can be written on the deployer's machine"},
    [FAULT_KEYS] = {0},
};
static const struct scenario_form fault_form = {"fault", fault_keys, sizeof(struct scenario_fault), false};

/* Names and texts: nothing to put into brackets. NOLINTBEGIN(bugprone-macro-parentheses) */
#define PLAN_LIST(key, word, what)                                                                           \
	[PLAN_##key] = {                                                                                     \
	    .name = word, .form = FORM_TEXTS, .at = AT(scenario_plan, lists[PLAN_##key]), .summary = what}
/* NOLINTEND(bugprone-macro-parentheses) */
static const struct scenario_key plan_keys[] = {
    PLAN_LIST(CREATES, "creates", "exactly these components are made; a list, or one"),
    PLAN_LIST(STARTS, "starts", "exactly these are started"),
    PLAN_LIST(UPDATES, "updates", "exactly these are changed where they are"),
    PLAN_LIST(RELINKS, "relinks", "exactly these are made anew because of what they are given from others"),
    PLAN_LIST(REPLACES, "replaces", "exactly these are made anew because of what they are themselves"),
    PLAN_LIST(RESTARTS, "restarts", "exactly these are restarted"),
    PLAN_LIST(STOPS, "stops", "exactly these are stopped"),
    PLAN_LIST(REMOVES, "removes", "exactly these are removed"),
    [PLAN_UNCHANGED] = {.name = "unchanged",
			.form = FORM_FLAG,
			.at = AT(scenario_plan, unchanged),
			.summary = "whether nothing changes"},
    [PLAN_KEYS] = {0},
};
const struct scenario_form scenario_plan_form = {"plan", plan_keys, sizeof(struct scenario_plan), true};

static const struct scenario_key step_keys[] = {
    [STEP_DEPLOY] = {.name = "deploy",
		     .form = FORM_MAYBE,
		     .at = AT(scenario_step, deploy),
		     .summary = "deploys, with a file's name another blueprint, beside the scenario"},
    [STEP_PLAN] = {.name = "plan",
		   .form = FORM_MAP,
		   .at = AT(scenario_step, plan),
		   .summary = "what a deploy would do now; with keys: what it is to be",
		   .of = &scenario_plan_form},
    [STEP_STOP] = {.name = "stop",
		   .form = FORM_TEXTS,
		   .at = AT(scenario_step, components),
		   .summary = "stops all, or these components"},
    [STEP_START] = {.name = "start",
		    .form = FORM_TEXTS,
		    .at = AT(scenario_step, components),
		    .summary = "starts all, or these components"},
    [STEP_RESTART] = {.name = "restart",
		      .form = FORM_TEXTS,
		      .at = AT(scenario_step, components),
		      .summary = "restarts all, or these components"},
    [STEP_SCALE] = {.name = "scale",
		    .form = FORM_PAIRS,
		    .at = AT(scenario_step, scale),
		    .summary = "so many of a component: {web: 4}"},
    [STEP_DESTROY] = {.name = "destroy",
		      .form = FORM_MAYBE,
		      .at = AT(scenario_step, destroy),
		      .summary = "removes the application"},
    [STEP_EDIT] = {.name = "edit",
		   .form = FORM_PAIRS,
		   .at = AT(scenario_step, edit),
		   .summary = "from now on, as --set: {web.instances: 3, web.env: '{A: b}'}"},
    [STEP_FAULT] = {.name = "fault",
		    .form = FORM_MAP,
		    .at = AT(scenario_step, fault),
		    .summary = "something goes wrong",
		    .of = &fault_form},
    [STEP_KILL] = {.name = "kill",
		   .form = FORM_TEXT,
		   .at = AT(scenario_step, kill),
		   .summary = "`berth`: its process; else a component's containers, or one: `web.2`"},
    [STEP_REMOVE] = {.name = "remove",
		     .form = FORM_TEXT,
		     .at = AT(scenario_step, remove),
		     .summary = "somebody removes a component's containers, or one, behind berth's back"},
    [STEP_CUT_OFF] = {.name = "cutOff",
		      .form = FORM_TEXT,
		      .at = AT(scenario_step, cut_off),
		      .summary = "somebody takes a component's containers, or one, off their network"},
    [STEP_REBOOT] = {.name = "reboot",
		     .form = FORM_TEXT,
		     .at = AT(scenario_step, reboot),
		     .summary = "a location's machine goes down and comes up again"},
    [STEP_JUMP] = {.name = "jump",
		   .form = FORM_JUMP,
		   .at = AT(scenario_step, jump_ms),
		   .summary = "the wall clock jumps: 1h, or -1h"},
    [STEP_WAIT] = {.name = "wait",
		   .form = FORM_DURATION,
		   .at = AT(scenario_step, wait_ms),
		   .summary = "lets so much time pass"},
    [STEP_AFTER] = {.name = "after",
		    .form = FORM_DURATION,
		    .at = AT(scenario_step, after_ms),
		    .summary = "so long after the step before it, or after its list began (0s)"},
    [STEP_BY] = {.name = "by",
		 .form = FORM_TEXT,
		 .at = AT(scenario_step, by),
		 .summary = "who does it: somebody with a machine and a store of their own (you)"},
    [STEP_OUTCOME] = {.name = "outcome",
		      .form = FORM_WORD,
		      .at = AT(scenario_step, outcome),
		      .summary = "how it is to end (ok)",
		      .words = outcome_words},
    [STEP_SAYS] = {.name = "says",
		   .form = FORM_TEXT,
		   .at = AT(scenario_step, says),
		   .summary = "words that its last message is to have"},
    [STEP_TIMEOUT] = {.name = "timeout",
		      .form = FORM_DURATION,
		      .at = AT(scenario_step, timeout_ms),
		      .summary = "as --timeout"},
    [STEP_ADOPT] = {.name = "adopt",
		    .form = FORM_FLAG,
		    .at = AT(scenario_step, adopt),
		    .summary = "as --adopt"},
    [STEP_VOLUMES] = {.name = "volumes",
		      .form = FORM_FLAG,
		      .at = AT(scenario_step, volumes),
		      .summary = "destroy: as --volumes"},
    [STEP_AT_CALL] = {.name = "atCall",
		      .form = FORM_NUMBER,
		      .at = AT(scenario_step, at_call),
		      .summary = "kill: berth: in front of the call of that number from now that leaves it",
		      .low = 1},
    [STEP_EXIT_CODE] = {.name = "exitCode",
			.form = FORM_NUMBER,
			.at = AT(scenario_step, exit_code),
			.summary = "kill: the code that it ends with (137)",
			.high = 255},
    [STEP_MEANWHILE] = {.name = "meanwhile",
			.form = FORM_LIST,
			.at = AT(scenario_step, meanwhile),
			.summary = "steps that begin together with this one",
			.of = &scenario_step_form},
    [STEP_KEYS] = {0},
};
const struct scenario_form scenario_step_form = {"step", step_keys, sizeof(struct scenario_step), true};

static const struct scenario_key recovers_keys[] = {
    {.name = "within",
     .form = FORM_DURATION,
     .at = AT(scenario_recovers, within_ms),
     .summary = "how long it may take (30s)"},
    {.name = "component",
     .form = FORM_TEXT,
     .at = AT(scenario_recovers, component),
     .summary = "only of this one (all)"},
    {0},
};
static const struct scenario_form recovers_form = {"recovers", recovers_keys,
						   sizeof(struct scenario_recovers), false};

const char *const scenario_states[] = {"running", "finished", "starting", "stopped", "unhealthy",
				       "broken",  "absent",   "unknown",  NULL};
static const struct scenario_key finally_keys[] = {
    [FINALLY_STATE] = {.name = "state",
		       .form = FORM_WORD,
		       .at = AT(scenario_finally, state),
		       .summary = "the application's state as `berth status` shows it",
		       .words = scenario_states},
    [FINALLY_UNCHANGED] = {.name = "unchanged",
			   .form = FORM_FLAG,
			   .at = AT(scenario_finally, unchanged),
			   .summary = "whether a next deploy would change nothing"},
    [FINALLY_COUNT] = {.name = "count",
		       .form = FORM_PAIRS,
		       .at = AT(scenario_finally, count),
		       .summary = "so many of a component answer: {web: 2}"},
    [FINALLY_NOTHING] = {.name = "nothing",
			 .form = FORM_FLAG,
			 .at = AT(scenario_finally, nothing),
			 .summary = "nothing of it is left at any location"},
    [FINALLY_KEYS] = {0},
};
static const struct scenario_form finally_form = {"finally", finally_keys, sizeof(struct scenario_finally),
						  false};

static const struct scenario_key assert_keys[] = {
    [ASSERT_NEVER] =
	{.name = "never",
	 .form = FORM_TEXT,
	 .at = AT(scenario_assertion, never),
	 .summary = "`fewer than 2 web`, from the first time that there were two; or `more than 3 web`"},
    [ASSERT_RECOVERS] = {.name = "recovers",
			 .form = FORM_MAP,
			 .at = AT(scenario_assertion, recovers),
			 .summary = "what was lost, or disturbed, is as wanted again in time",
			 .of = &recovers_form},
    [ASSERT_OUTAGE] = {.name = "outage",
		       .form = FORM_PAIRS,
		       .at = AT(scenario_assertion, outage),
		       .summary = "at most so long at a time none of a component answers: {web: 2s}"},
    [ASSERT_FINALLY] = {.name = "finally",
			.form = FORM_MAP,
			.at = AT(scenario_assertion, finally),
			.summary = "how it is at the end",
			.of = &finally_form},
    [ASSERT_KEYS] = {0},
};
static const struct scenario_form assert_form = {"assertion", assert_keys, sizeof(struct scenario_assertion),
						 false};

static const struct scenario_key samples_keys[] = {
    {.name = "file",
     .form = FORM_TEXT,
     .at = AT(scenario_samples, file),
     .summary = "lines of `time,value`, or of {\"time\": , \"value\": }, beside the scenario; time in "
		"seconds, or as "
		"2026-01-02T03:04:05Z"},
    {.name = "shared",
     .form = FORM_FLAG,
     .at = AT(scenario_samples, shared),
     .summary = "the values are of all instances together: each has its share, as many as there are"},
    {0},
};
static const struct scenario_form samples_form = {"recording", samples_keys, sizeof(struct scenario_samples),
						  false};

static const struct scenario_key top_keys[] = {
    {.name = "description", .form = FORM_TEXT, .at = AT(scenario, description), .summary = "for people"},
    {.name = "seed",
     .form = FORM_NUMBER,
     .at = AT(scenario, seed),
     .summary = "what chance is made of; --seed goes before it (1)"},
    {.name = "limit",
     .form = FORM_DURATION,
     .at = AT(scenario, limit_ms),
     .low = 1,
     .summary = "no command takes longer (1h)"},
    {.name = "variables",
     .form = FORM_PAIRS,
     .at = AT(scenario, variables),
     .summary = "the environment that the blueprint reads; secrets that are nowhere are `simulated`"},
    {.name = "fleet",
     .form = FORM_NAMED,
     .at = AT(scenario, fleet),
     .summary = "locations; one that is not named is simulated as what its components need",
     .of = &place_form},
    {.name = "behaviour",
     .form = FORM_NAMED,
     .at = AT(scenario, behaviour),
     .summary = "how components' programs behave",
     .of = &behaviour_form},
    {.name = "samples",
     .form = FORM_NAMED,
     .at = AT(scenario, samples),
     .summary = "what sensors tell, from the beginning on: {web.load: {file: load.csv}}",
     .of = &samples_form},
    {.name = "steps",
     .form = FORM_LIST,
     .at = AT(scenario, steps),
     .summary = "what happens, one after the other",
     .of = &scenario_step_form},
    {.name = "assert",
     .form = FORM_LIST,
     .at = AT(scenario, assertions),
     .summary = "what is to hold",
     .of = &assert_form},
    {0},
};
const struct scenario_form scenario_form = {"scenario", top_keys, sizeof(struct scenario), false};
