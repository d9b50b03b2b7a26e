/* test_moves.c - a component whose location is another one now: it is made there, who is linked to it
 * follows, and then the old one goes; what its volumes hold is not left behind unless that was asked for. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "engine/engine.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct fake_target *there;

static void raise_curtain(void)
{
	scene_open(&scene);
	there = scene_place(&scene, "there");
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(moves, .init = raise_curtain, .fini = drop_curtain);

#define PLACES "id: app\nlocation: fake\nlocations: {far: {fake: {target: there}}}\nservices:\n"
#define WEB    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n"
#define HERE   PLACES "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n" WEB
#define THERE  PLACES "- {type: 'docker:redis:3', id: db, location: far, openPorts: 6379}\n" WEB
#define KEEPS(more)                                                                                          \
	PLACES "- {type: 'docker:redis:3', id: db" more                                                      \
	       ", openPorts: 6379, volumes: ['data:/data', '/tmp/own']}\n"

static void deploy(const char *blueprint)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, &document), BERTH_OK);
	json_decref(document);
}

static enum berth_outcome ask(verb_function *verb, const char *blueprint, bool leave_data, json_t **ret)
{
	const struct berth_request request = {
	    .size = sizeof request, .blueprint = blueprint, .leave_data = leave_data};
	return scene_request(&scene, verb, &request, ret);
}

static const char *words_of(const json_t *document, const char *member)
{
	return json_text(json_array_get(json_object_get(document, "diagnostics"), 0), member) ?: "";
}

Test(moves, the_new_one_answers_and_its_consumers_follow_before_the_old_one_goes)
{
	deploy(HERE);
	const char *before = scene_variable(&scene, "app.web.1", "DB_PORT_6379_TCP");
	cr_assert_not_null(before);
	char *was = strdup(before);
	deploy(THERE);
	cr_expect_str_neq(scene_variable(&scene, "app.web.1", "DB_PORT_6379_TCP"), was);
	cr_expect_not_null(fake_target_find(there, "app.db.1"));
	cr_expect_null(fake_target_find(scene.target, "app.db.1"));
	const char *answers = strstr(scene.events, "app.db.1 running"),
		   *follows = strstr(scene.events, "app.web.1 running");
	const char *goes = strstr(scene.events, "app.db.1 removing");
	cr_assert(answers && follows && goes, "%s", scene.events);
	cr_expect(answers < follows && follows < goes, "%s", scene.events);
	free(was);
}

Test(moves, the_old_one_stays_where_the_new_one_does_not_get_ready)
{
	deploy(HERE);
	cr_assert_eq(fake_target_rule(
			 there, &(struct fake_rule){.call = FAKE_PLACE,
						    .error = {.code = ERR_FAILED, .text = "no such image"}}),
		     0);
	json_t *document = NULL;
	cr_expect_eq(ask(berth_deploy, THERE, false, &document), BERTH_FAILED);
	json_decref(document);
	cr_expect_not_null(fake_target_find(scene.target, "app.db.1"));
	cr_expect_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
	cr_expect_eq(fake_target_find(scene.target, "app.web.1")->state, SEEN_RUNNING);
	fake_target_calm(there);
	deploy(THERE);
	cr_expect_null(fake_target_find(scene.target, "app.db.1"), "the next deploy goes on");
}

Test(moves, data_is_not_left_behind_by_the_way)
{
	deploy(KEEPS(""));
	json_t *document = NULL;
	cr_assert_eq(ask(berth_deploy, KEEPS(", location: far"), false, &document), BERTH_INVALID);
	cr_expect_str_eq(words_of(document, "summary"),
			 "`db` would move from fake to far without its data: `data` (/data) stays at fake, "
			 "what is in /tmp/own is lost");
	json_decref(document);
	cr_expect_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
	cr_expect_null(fake_target_find(there, "app.db.1"), "nothing was touched");
	cr_expect_eq(ask(berth_plan, KEEPS(", location: far"), false, &document), BERTH_INVALID,
		     "nor is it planned");
	json_decref(document);
}

/* As it was deployed: not as the blueprint has it by now. */
Test(moves, nor_by_a_blueprint_that_has_no_volumes_any_more)
{
	deploy(KEEPS(""));
	json_t *document = NULL;
	cr_expect_eq(ask(berth_deploy,
			 PLACES "- {type: 'docker:redis:3', id: db, location: far, openPorts: 6379}\n", false,
			 &document),
		     BERTH_INVALID);
	json_decref(document);
}

Test(moves, it_is_left_behind_where_that_was_asked_for)
{
	deploy(KEEPS(""));
	json_t *document = NULL;
	cr_assert_eq(ask(berth_plan, KEEPS(", location: far"), true, &document), BERTH_OK);
	size_t i, told = 0;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		told += json_array_size(json_object_get(change, "data_at_risk"));
	cr_expect_eq(told, 1);
	/* The plan that was looked at is carried out as it is. */
	char *plan = strdup(json_text(document, "saved"));
	const struct berth_request saved = {.size = sizeof saved, .plan = plan};
	json_t *done = NULL;
	cr_expect_eq(scene_request(&scene, berth_deploy, &saved, &done), BERTH_OK);
	json_decref(done);
	json_decref(document);
	free(plan);
	cr_expect_not_null(fake_target_find(there, "app.db.1"));
	cr_expect_null(fake_target_find(scene.target, "app.db.1"));
}

Test(moves, the_way_back_leaves_data_only_where_that_was_asked_for)
{
	deploy(KEEPS(""));
	json_t *document = NULL;
	cr_assert_eq(ask(berth_deploy, KEEPS(", location: far"), true, &document), BERTH_OK);
	json_decref(document);
	struct berth_request back = {.size = sizeof back, .app = "app"};
	document = NULL;
	cr_expect_eq(scene_request(&scene, berth_rollback, &back, &document), BERTH_INVALID);
	cr_expect(strstr(words_of(document, "summary"), "without its data: `data` (/data) stays at far"),
		  "%s", words_of(document, "summary"));
	json_decref(document);
	cr_expect_not_null(fake_target_find(there, "app.db.1"), "nothing was touched");
	back.leave_data = true;
	cr_expect_eq(scene_request(&scene, berth_rollback, &back, NULL), BERTH_OK);
	cr_expect_not_null(fake_target_find(scene.target, "app.db.1"));
	cr_expect_null(fake_target_find(there, "app.db.1"));
}

Test(moves, what_is_only_read_is_not_data)
{
	deploy(PLACES "- {type: 'docker:redis:3', id: db, volumes: ['/etc:/in:ro']}\n");
	deploy(PLACES "- {type: 'docker:redis:3', id: db, location: far, volumes: ['/etc:/in:ro']}\n");
	cr_expect_not_null(fake_target_find(there, "app.db.1"));
}
