/* test_openings.c - where nobody is let in who need not come, exactly those who link to a port are, and the
 * plan says who. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "locations/fake/target.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct fake_target *cloud, *machine;

static void raise_curtain(void)
{
	scene_open(&scene);
	cloud = scene_place(&scene, "cloud");
	machine = scene_place(&scene, "machine");
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(openings, .init = raise_curtain, .fini = drop_curtain);

#define PLACES                                                                                               \
	"id: app\nlocation: cloud\nlocations:\n  cloud: {fake: {target: cloud, letsIn: true}}\n"             \
	"  machine: {fake: {target: machine}}\nservices:\n"
#define DB    "- {type: 'docker:redis:3', id: db, openPorts: [6379, 9999]}\n"
#define NEAR  "- {type: 'docker:web:1', id: near, links: [$brooklyn:component(\"db\")]}\n"
#define FAR   "- {type: 'docker:web:1', id: far, location: machine, links: [$brooklyn:component(\"db\")]}\n"
#define LATER "- {type: 'docker:web:1', id: later, dependsOn: [db]}\n"

static void deploy(const char *blueprint)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, &document), BERTH_OK);
	json_decref(document);
}

Test(openings, a_consumer_beside_it_comes_by_its_group_and_nobody_else_does)
{
	deploy(PLACES DB NEAR LATER);
	cr_assert_str_eq(fake_target_let_in(cloud, "app"),
			 "db 6379/tcp near in its group\ndb 9999/tcp near in its group\n");
}

Test(openings, an_open_port_that_nobody_uses_stays_shut)
{
	deploy(PLACES DB LATER);
	cr_assert_str_eq(fake_target_let_in(cloud, "app"), "");
}

Test(openings, a_consumer_elsewhere_whose_number_nobody_knows_opens_it_to_everybody)
{
	deploy(PLACES DB FAR);
	cr_assert_str_eq(fake_target_let_in(cloud, "app"),
			 "db 6379/tcp far everywhere\ndb 9999/tcp far everywhere\n");
}

Test(openings, a_machine_comes_by_its_own_number)
{
	struct capabilities can = fake_driver.capabilities;
	can.connects = true;
	fake_target_capabilities(machine, &can);
	deploy("id: app\nlocations:\n  cloud: {fake: {target: cloud, letsIn: true}}\n"
	       "  machine: {fake: {target: machine, address: 10.0.0.7}}\nservices:\n"
	       "- {type: 'docker:redis:3', id: db, location: cloud, openPorts: 6379}\n"
	       "- {type: 'docker:web:1', id: far, location: machine, openPorts: 80, publish: [80],"
	       " links: [$brooklyn:component(\"db\")]}\n");
	cr_assert_str_eq(fake_target_let_in(cloud, "app"), "db 6379/tcp far 10.0.0.7\n");
}

Test(openings, what_the_blueprint_publishes_is_for_whoever_comes)
{
	deploy(PLACES "- {type: 'docker:web:1', id: web, openPorts: [80, 81], publish: [80]}\n"
		      "- {type: 'docker:web:1', id: near, links: [$brooklyn:component(\"web\")]}\n");
	cr_assert_str_eq(fake_target_let_in(cloud, "app"),
			 "web 80/tcp whoever everywhere\nweb 81/tcp near in its group\n");
}

/* The provider itself is as it was. */
Test(openings, a_consumer_that_comes_and_goes_elsewhere_is_let_in_and_shut_out)
{
	deploy(PLACES DB NEAR);
	deploy(PLACES DB NEAR FAR);
	cr_assert_str_eq(fake_target_let_in(cloud, "app"),
			 "db 6379/tcp near in its group\ndb 6379/tcp far everywhere\n"
			 "db 9999/tcp near in its group\ndb 9999/tcp far everywhere\n");
	deploy(PLACES DB NEAR);
	cr_assert_str_eq(fake_target_let_in(cloud, "app"),
			 "db 6379/tcp near in its group\ndb 9999/tcp near in its group\n");
}

Test(openings, a_target_that_lets_in_everybody_anyhow_is_told_of_nobody)
{
	deploy("id: app\nlocation: machine\nlocations: {machine: {fake: {target: machine}}}\nservices:\n" DB
		   NEAR);
	cr_assert_null(fake_target_let_in(machine, "app"));
}

static const json_t *opens(const json_t *document, const char *instance)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "instance"), instance) == 0)
			return json_object_get(change, "opens");
	return NULL;
}

Test(openings, the_plan_says_to_whom_each_port_is_opened)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, PLACES DB NEAR FAR, &document), BERTH_OK);
	const json_t *list = opens(document, "app.db.1");
	cr_assert_eq(json_array_size(list), 4);
	cr_assert_eq(json_number(json_array_get(list, 0), "port", 0), 6379);
	cr_assert_str_eq(json_text(json_array_get(list, 0), "to"), "near");
	cr_assert_str_eq(json_text(json_array_get(list, 0), "from"), "its security group");
	cr_assert_str_eq(json_text(json_array_get(list, 1), "to"), "far");
	cr_assert_str_eq(json_text(json_array_get(list, 1), "from"), "everywhere");
	cr_assert_eq(json_array_size(opens(document, "app.near.1")), 0);
	cr_assert_null(opens(document, "app.far.1"), "nobody needs to be let in there");
	json_decref(document);
}

/* Whoever took its rules away is found out by the next who looks. */
Test(openings, one_that_nobody_is_let_in_to_any_more_is_let_in_to_again)
{
	json_t *document = NULL;
	deploy(PLACES DB NEAR);
	struct fake_instance *db = map_get(cloud->instances, "app.db.1");
	db->seen.cut_off = true;
	db->seen.error = "a rule is gone";
	cr_assert_eq(scene_run(&scene, berth_plan, PLACES DB NEAR, &document), BERTH_OK);
	const json_t *change = json_array_get(json_object_get(document, "changes"), 0);
	cr_expect_str_eq(json_text(change, "instance"), "app.db.1");
	cr_expect_str_eq(json_text(change, "action"), "update");
	cr_expect_str_eq(json_text(json_array_get(json_object_get(change, "because"), 0), "old"),
			 "a rule is gone");
	json_decref(document);
	size_t placed = fake_target_calls(cloud, FAKE_PLACE);
	deploy(PLACES DB NEAR);
	cr_expect_not(db->seen.cut_off);
	cr_expect_eq(fake_target_calls(cloud, FAKE_PLACE), placed);
}

Test(openings, the_plan_says_that_we_log_in_to_a_machine_that_is_made)
{
	struct capabilities can = fake_driver.capabilities;
	json_t *document = NULL;
	can.makes_machines = true;
	fake_target_capabilities(cloud, &can);
	cr_assert_eq(scene_run(&scene, berth_plan, PLACES DB, &document), BERTH_OK);
	const json_t *way = json_array_get(opens(document, "app.db.1"), 0);
	cr_assert_eq(json_number(way, "port", 0), 22);
	cr_assert_str_eq(json_text(way, "to"), "whoever logs in by SSH");
	cr_assert_str_eq(json_text(way, "from"), "everywhere");
	json_decref(document);
}
