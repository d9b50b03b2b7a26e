/* fuzz_scenario.c - a scenario for `berth simulate`, the blueprint that is played and the one that is
 * deployed later; twice, since one seed tells one story. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fuzz/pieces.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/target.h"

/* Nothing of a simulation stays in the engine that plays it: one does for all. */
static struct playhouse stage;

/* What every file that a step deploys has in it. */
static struct piece later;

static int read_later(struct world *world, const char *path, size_t limit, struct text *ret_content,
		      struct error *err)
{
	(void)world;
	if (later.size > limit || starts_with(path, "/nonexistent/none"))
		return fail(err, ERR_MISSING, "there is no %s", path);
	text_add_bytes(ret_content, later.text, later.size);
	return 0;
}

static void leave(void)
{
	stage_close(&stage);
}

static void enter(void)
{
	static struct world_ops ops;

	if (stage.berth)
		return;
	stage_open(&stage);
	ops = *stage.world->ops;
	ops.file_read = read_later;
	stage.world->ops = &ops;
	atexit(leave);
}

static const char shop[] = "id: shop\nlocation: cloud\nservices:\n"
			   "- {type: 'docker:redis:3', id: store, openPorts: 6379}\n"
			   "- {type: 'docker:web:1', id: web, instances: 2, openPorts: 80,"
			   " links: [$berth:component(\"store\")]}\n"
			   "- {type: process, id: clock, location: here, command: sleep 10}\n";

/* One that goes on for a long time is interrupted, as people do. */
struct patience {
	struct berth_operation *operation;
	unsigned looks;
	bool lost;
};

enum { LOOKS = 3 };

static bool ended(void *owner)
{
	struct patience *patience = owner;

	operations_catch_up(stage.berth);
	if (berth_done(patience->operation))
		return true;
	if (++patience->looks == LOOKS) {
		berth_cancel(patience->operation);
		patience->lost = true;
	}
	return false;
}

/* The document, for the caller; NULL: nobody waited for its end. */
static char *play(const struct berth_request *request, enum berth_outcome *ret)
{
	struct berth_error error = {0};
	struct patience patience = {.operation = berth_simulate(stage.berth, request, NULL, &error)};

	HOLDS(patience.operation);
	HOLDS(virtual_world_run(stage.world, ended, &patience, 1000));
	*ret = berth_outcome(patience.operation);
	HOLDS(*ret == BERTH_OK || *berth_message(patience.operation));
	char *document = patience.lost ? NULL : strdup(berth_result(patience.operation));
	berth_operation_free(patience.operation);
	return document;
}

static void judge(const char *text, enum berth_outcome outcome)
{
	owned_json document = json_loads(text, 0, NULL);
	const json_t *held = json_object_get(document, "held"),
		     *list = json_object_get(document, "diagnostics");
	const json_t *one, *start;
	size_t i;

	HOLDS(outcome == BERTH_OK || outcome == BERTH_FAILED || outcome == BERTH_INVALID);
	if (outcome != BERTH_INVALID) {
		HOLDS(json_is_boolean(held) && json_is_true(held) == (outcome == BERTH_OK));
		return;
	}
	HOLDS(json_array_size(list) > 0);
	json_array_foreach (list, i, one) {
		start = json_object_get(json_object_get(one, "range"), "start");
		HOLDS(json_number(start, "line", 0) > 0 && json_number(start, "column", 0) > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pieces pieces = pieces_of(bytes, size);
	struct piece scenario = pieces_next(&pieces), blueprint = pieces_next(&pieces);
	const struct berth_request request = {.size = sizeof request,
					      .blueprint = blueprint.size ? blueprint.text : shop,
					      .blueprint_size = blueprint.size,
					      .file = "/nonexistent/shop.yaml",
					      .scenario = scenario.text,
					      .scenario_size = scenario.size,
					      .scenario_file = "/nonexistent/scenario.yaml"};
	enum berth_outcome outcome, again;

	later = pieces_next(&pieces);
	enter();
	owned_memory char *first = play(&request, &outcome), *second = play(&request, &again);
	HOLDS(outcome == again && !first == !second);
	if (first) {
		judge(first, outcome);
		HOLDS(strcmp(first, second) == 0);
	}
	pieces_release(&pieces);
	return 0;
}
