/* stage.c - sets up an engine in a virtual world, and runs its operations to their end. */
#include "tests/fuzz/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/target.h"

#define HOUR_MS (60 * 60 * 1000)

static const char *environment(const char *name)
{
	return strcmp(name, "HOME") ? NULL : "/nonexistent";
}

static void stage_reopen(struct playhouse *stage)
{
	struct error err = {0};
	struct berth_options options = {.size = sizeof options,
					.state_directory = stage->state,
					.config_directory = stage->state,
					.helper = "/bin/true",
					.owner = "tests"};

	berth_close(stage->berth);
	stage->berth = NULL;
	HOLDS(!berth_open_in(&stage->berth, stage->world, environment, &options, &err));
}

void stage_open(struct playhouse *stage)
{
	*stage = (struct playhouse){.world = virtual_world_new(7)};
	HOLDS(stage->world);
	stage->target = fake_target_new(stage->world);
	HOLDS(stage->target && !fake_target_register("fake", stage->target));
	snprintf(stage->state, sizeof stage->state, "%s/state", virtual_world_directory(stage->world));
	snprintf(stage->store, sizeof stage->store, "%s/berth.db", stage->state);
	stage_reopen(stage);
}

void stage_close(struct playhouse *stage)
{
	berth_close(stage->berth);
	fake_target_register("fake", NULL);
	fake_target_free(stage->target);
	virtual_world_free(stage->world);
}

/* As berth_run goes on. */
static bool ended(void *operation)
{
	operations_catch_up(((struct berth_operation *)operation)->berth);
	return berth_done(operation);
}

struct told stage_run(struct playhouse *stage, verb_function *verb, const struct berth_request *request)
{
	struct told told = {0};
	struct berth_error error = {0};
	struct berth_operation *operation = verb(stage->berth, request, NULL, &error);

	if (!operation) {
		told.outcome = error.outcome;
		snprintf(told.message, sizeof told.message, "%s", error.text);
		return told;
	}
	told.begun = true;
	told.ended = virtual_world_run(stage->world, ended, operation, HOUR_MS);
	told.outcome = berth_outcome(operation);
	snprintf(told.message, sizeof told.message, "%s", berth_message(operation));
	told.result = strdup(berth_result(operation));
	berth_operation_free(operation);
	return told;
}
