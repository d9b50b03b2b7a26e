/* fuzz_plan.c - a saved plan that somebody else wrote, carried out, and with its digest as if it were true.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/target.h"

static struct told deploy(struct playhouse *stage, const char *plan, size_t size)
{
	const struct berth_request request = {.size = sizeof request, .plan = plan, .plan_size = size};

	return stage_run(stage, berth_deploy, &request);
}

/* What a plan of it would have said. */
static void believe(struct playhouse *stage, const uint8_t *bytes, size_t size)
{
	owned_json saved = json_loadb((const char *)bytes, size, 0, NULL);
	const struct berth_request request = {.size = sizeof request,
					      .blueprint = json_text(saved, "blueprint"),
					      .file = json_text(saved, "file"),
					      .app = json_text(saved, "app")};

	if (!request.blueprint || !*request.blueprint || (request.file && starts_with(request.file, "http")))
		return;
	struct told told = stage_run(stage, berth_plan, &request);
	owned_json document = told.result ? json_loads(told.result, 0, NULL) : NULL;
	owned_json true_plan = json_loads(json_text(document, "saved") ?: "null", JSON_DECODE_ANY, NULL);
	free(told.result);
	if (json_text(true_plan, "digest") &&
	    !json_object_set(saved, "digest", json_object_get(true_plan, "digest"))) {
		owned_memory char *text = json_dumps(saved, JSON_COMPACT);
		told = deploy(stage, text, strlen(text));
		HOLDS(told.begun && told.ended);
		free(told.result);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct playhouse stage;

	if (!size)
		return 0;
	stage_open(&stage);
	struct told told = deploy(&stage, (const char *)bytes, size);
	HOLDS(told.begun && told.ended);
	HOLDS(told.outcome == BERTH_OK || *told.message);
	free(told.result);
	believe(&stage, bytes, size);
	stage_close(&stage);
	return 0;
}
