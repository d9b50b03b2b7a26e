/* test_awaited.c - components that are given what the sensors of others tell when they are made. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;
static const char *const *answers; /* what the page says, one after the other; the last one from then on */
static size_t asked;

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	(void)request;
	const char *says = answers[asked];
	if (answers[asked + 1])
		asked++;
	if (!*says) {
		fail(&answer->error, ERR_UNREACHABLE, "connection refused");
		return 1;
	}
	answer->status = 200;
	text_add(&answer->body, says);
	return 3;
}

static void raise_curtain(void)
{
	static const struct virtual_hooks hooks = {.http = answer};
	asked = 0;
	scene_open(&scene);
	virtual_world_hooks(scene.world, &hooks);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	keeper = NULL;
	scene_close(&scene);
}

TestSuite(awaited, .init = raise_curtain, .fini = drop_curtain);

#define SAYS(...)                                                                                            \
	answers = (const char *const[])                                                                      \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define WEB(sensor)                                                                                          \
	"id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: web\n  openPorts: 80\n  sensors: "    \
	"{" sensor "}\n"
#define WORKER(sensor)                                                                                       \
	"- type: docker:y:1\n  id: worker\n  env: {LOAD: "                                                   \
	"'$brooklyn:component(\"web\").attributeWhenReady(\"" sensor "\")'}\n"
#define BY_PAGE "load: {http: /load, period: 2s}"

static const char *given(void)
{
	return scene_variable(&scene, "app.worker.1", "LOAD");
}

/* The words of the operation's failures. */
static char *words_of(const json_t *document)
{
	return json_dumps(document, 0);
}

Test(awaited, a_component_is_given_what_the_sensor_of_another_one_tells)
{
	SAYS("12.5");
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load"), NULL), BERTH_OK, "%s",
		     scene.events);
	cr_expect_str_eq(given(), "12.5");
	cr_expect_lt(strstr(scene.events, "app.web.1 running"), strstr(scene.events, "app.worker.1 placing"));
}

Test(awaited, it_waits_until_a_number_other_than_zero_is_told)
{
	SAYS("", "nothing yet", "0", "7");
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load"), NULL), BERTH_OK, "%s",
		     scene.events);
	cr_expect_str_eq(given(), "7");
}

Test(awaited, another_number_later_changes_nothing)
{
	owned_json document = NULL;
	SAYS("3", "4");
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load"), NULL), BERTH_OK);
	const size_t before = asked;
	cr_assert_eq(scene_run(&scene, berth_plan, WEB(BY_PAGE) WORKER("load"), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.worker.1"), "unchanged");
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load"), NULL), BERTH_OK);
	cr_expect_str_eq(given(), "3");
	cr_expect_eq(asked, before, "nobody waits for it");
}

Test(awaited, one_that_is_made_anew_is_given_what_is_told_then)
{
	SAYS("3", "4");
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load"), NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load") "  labels: {a: b}\n", NULL),
		     BERTH_OK);
	cr_expect_str_eq(given(), "4");
}

Test(awaited, of_one_that_never_tells_anything_it_is_said_why)
{
	owned_json document = NULL;
	SAYS("");
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(BY_PAGE) WORKER("load"), &document), BERTH_FAILED);
	owned_memory char *words = words_of(document);
	cr_expect(
	    strstr(words, "`load` of `web` told no number other than 0 within 300 s: connection refused"),
	    "%s", words);
	cr_expect_eq(fake_target_instances(scene.target), 1, "and the other one runs");
}

Test(awaited, what_a_sensor_is_made_of_is_asked_too)
{
	SAYS("12");
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       WEB(BY_PAGE ", double: {expression: 'load * 2'}") WORKER("double"), NULL),
		     BERTH_OK, "%s", scene.events);
	cr_expect_str_eq(given(), "24");
}

Test(awaited, a_command_tells_it_in_a_member_of_a_cluster)
{
	const struct fake_command command = {.words = "wc -l", .output = "17\n"};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
	cr_assert_eq(
	    scene_run(&scene, berth_deploy,
		      "id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 3\n"
		      "  memberSpec: {type: 'docker:x:1', openPorts: 80}\n"
		      "  sensors: {lines: {command: [wc, -l], aggregate: max}}\n" WORKER("lines"),
		      NULL),
	    BERTH_OK, "%s", scene.events);
	cr_expect_str_eq(given(), "17");
}

Test(awaited, one_that_is_pushed_needs_a_controller)
{
	owned_json document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB("depth: {pushed: true}") WORKER("depth"), &document),
		     BERTH_FAILED);
	owned_memory char *words = words_of(document);
	cr_expect(strstr(words, "pushed to a controller, and there is none"), "%s", words);
}

struct telling {
	struct berth_operation *deploy;
	bool told;
};

/* Tried until somebody listens. */
static bool told_and_over(void *owner)
{
	struct telling *telling = owner;
	const struct berth_sample sample = {
	    .size = sizeof sample, .app = "app", .component = "web", .sensor = "depth", .value = 5};
	struct berth_error error;
	if (!telling->told)
		telling->told = berth_tell(scene.berth, &sample, &error) == BERTH_OK;
	return berth_done(telling->deploy);
}

Test(awaited, a_number_that_is_pushed_while_a_deploy_waits_for_it_is_taken)
{
	static const char blueprint[] = WEB("depth: {pushed: true}") WORKER("depth");
	const struct berth_request request = {
	    .size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
	struct telling telling = {.deploy = berth_deploy(scene.berth, &request, NULL, &error)};
	cr_assert_not_null(telling.deploy, "%s", error.text);
	cr_assert(virtual_world_run(scene.world, told_and_over, &telling, 3600 * 1000));
	cr_expect_eq(berth_outcome(telling.deploy), BERTH_OK);
	berth_operation_free(telling.deploy);
	cr_expect_str_eq(given(), "5");
}
