/* test_status_amid.c - what is told of instances while something is done to them. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/keeping.h"

TestSuite(status_amid, .init = keeping_begin, .fini = keeping_end);

#define ALONE                                                                                                \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web, openPorts: 80, "                \
	"healthCheck: {tcp: {port: 80}, interval: 2s, retries: 2}, policies: [{type: restarter}]}\n"

static void tells(const char *application, const char *instance)
{
	owned_json status = status_of("app");
	cr_expect_str_eq(json_text(status, "state"), application);
	cr_expect_str_eq(json_text(first_instance(status), "state"), instance);
}

Test(status_amid, what_is_being_stopped_is_stopping)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	deploy(ALONE);
	fake_target_time(scene.target, FAKE_STOP, 5 * SECOND);
	struct berth_operation *stop = berth_stop(scene.berth, &request, NULL, NULL);
	pass(2 * SECOND);
	tells("stopping", "stopping");
	pass(MINUTE);
	berth_operation_free(stop);
	tells("stopped", "stopped");
}

Test(status_amid, what_is_restarted_is_told_how_far_that_has_come)
{
	deploy(ALONE);
	keep();
	pass(10 * SECOND);
	fake_target_time(scene.target, FAKE_STOP, 5 * SECOND);
	fake_target_time(scene.target, FAKE_START, 20 * SECOND);
	sick(true);
	for (int i = 0; i < 60 && !(told && strstr(told, "app.web.1 stopping")); i++)
		pass(SECOND);
	pass(SECOND);
	tells("stopping", "stopping");
	pass(10 * SECOND);
	tells("starting", "starting");
	sick(false);
	pass(MINUTE);
	tells("running", "running");
}
