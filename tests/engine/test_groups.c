/* test_groups.c - groups, and clusters whose members are made of several components, as they are deployed. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "scene.h"

static struct scene scene;

static void open_scene(void)
{
	scene_open(&scene);
}

static void close_scene(void)
{
	scene_close(&scene);
}

TestSuite(groups, .init = open_scene, .fini = close_scene);

#define POOL                                                                                                 \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a, openPorts: 80}\n"                 \
	"- {type: cluster, id: b, initialSize: 2, memberSpec: {type: 'docker:x:1', openPorts: 80}}\n"        \
	"- {type: group, id: pool, members: [a, b]}\n"

static enum berth_outcome ask(verb_function *verb, const char *component, json_t **ret)
{
	const char *const components[] = {component, NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = components, .count = 3};
	return scene_request(&scene, verb, &request, ret);
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static bool runs(const char *instance)
{
	const struct observed *seen = fake_target_find(scene.target, instance);
	return seen && seen->state == SEEN_RUNNING;
}

Test(groups, who_links_to_one_is_told_of_all_its_members)
{
	deploy(POOL "- {type: 'docker:f:1', id: f, links: {web: $brooklyn:component(\"pool\")}}\n");
	cr_expect_str_eq(scene_variable(&scene, "app.f.1", "WEB_ENDPOINTS"),
			 "app.a.1:80,app.b.1:80,app.b.2:80");
	cr_expect_str_eq(scene_variable(&scene, "app.f.1", "WEB_PORT_80_TCP_PORT"), "80");
}

Test(groups, its_members_are_stopped_and_started_together)
{
	deploy(POOL "- {type: 'docker:o:1', id: other}\n");
	cr_expect_eq(ask(berth_stop, "pool", NULL), BERTH_OK, "%s", scene.events);
	cr_expect(!runs("app.a.1") && !runs("app.b.1") && !runs("app.b.2") && runs("app.other.1"));
	cr_expect_eq(ask(berth_start, "pool", NULL), BERTH_OK, "%s", scene.events);
	cr_expect(runs("app.a.1") && runs("app.b.1") && runs("app.b.2"));
}

Test(groups, it_has_no_size)
{
	deploy(POOL);
	cr_expect_eq(ask(berth_scale, "pool", NULL), BERTH_INVALID);
	cr_expect_eq(fake_target_instances(scene.target), 3);
}

Test(groups, status_tells_how_its_members_are)
{
	json_t *document = NULL;
	struct berth_request request = {.size = sizeof request, .app = "app"};
	deploy(POOL);
	fake_target_exit(scene.target, "app.b.2", 1);
	scene_request(&scene, berth_status, &request, &document);
	const json_t *group = json_array_get(json_object_get(document, "groups"), 0);
	cr_expect_str_eq(json_text(group, "id"), "pool");
	cr_expect_str_eq(json_text(group, "state"), "stopped");
	cr_expect_eq(json_array_size(json_object_get(group, "members")), 2);
	json_decref(document);
}

Test(groups, of_a_cluster_of_applications_each_copy_is_wired_by_itself_and_more_come_with_the_blueprint)
{
	static const char nested[] =
	    "id: app\nlocation: fake\nservices:\n- type: cluster\n  id: shop\n  initialSize: %d\n"
	    "  memberSpec:\n    type: org.apache.brooklyn.entity.stock.BasicApplication\n"
	    "    brooklyn.children:\n    - {type: 'docker:d:1', id: db, openPorts: 6379}\n"
	    "    - {type: 'docker:w:1', id: web, openPorts: 80, links: [$brooklyn:component(\"db\")]}\n";
	char text[1024];
	snprintf(text, sizeof text, nested, 2);
	deploy(text);
	cr_expect_eq(fake_target_instances(scene.target), 4);
	cr_expect_not_null(strstr(scene_variable(&scene, "app.shop-2-web.1", "DB_PORT"), ":6379"));
	snprintf(text, sizeof text, nested, 1);
	deploy(text);
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect(runs("app.shop-1-web.1"));
}
