/* test_templates.c - files of software in which ${NAME} stands for what its blueprint says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"
#include "tests/engine/scene.h"

static struct scene scene;

static void open_scene(void)
{
	scene_open(&scene);
}

static void close_scene(void)
{
	scene_close(&scene);
}

TestSuite(templates, .init = open_scene, .fini = close_scene);

#define APP                                                                                                  \
	"id: app\nlocation: fake\nparameters: [{name: stage, default: test}]\nservices:\n"                   \
	"- {type: 'docker:x:1', id: db, openPorts: 5432}\n"                                                  \
	"- type: software\n  id: web\n  name: The web\n  launch.command: a\n"                                \
	"  templates.runtime: {%s/in.conf: out.conf}\n  template.substitutions: {who: me}\n"                 \
	"  brooklyn.config:\n    the.port: 80\n    db.at: $berth:endpoint(\"db\", 5432)\n    many: [1, 2]\n" \
	"    token: $berth:secret(\"env:TOKEN\")\n"

static void put(const char *text)
{
	struct world *world = scene.world;
	char path[600];
	snprintf(path, sizeof path, "%s/in.conf", virtual_world_directory(world));
	cr_assert_eq(world->ops->file_write(world, path, 0644, text, strlen(text), NULL), 0);
}

static const char *app(void)
{
	static char text[2048];
	snprintf(text, sizeof text, APP, virtual_world_directory(scene.world));
	return text;
}

static const struct spec_file *filled(void)
{
	size_t count = 0;
	const struct spec_file *files = fake_target_files(scene.target, "app.web.1", &count);
	for (size_t i = 0; i < count; i++)
		if (strstr(files[i].path, "/files/runtime/"))
			return &files[i];
	cr_assert_fail("there is no such file");
	return NULL;
}

static void becomes(const char *template, const char *text)
{
	put(template);
	cr_assert_eq(scene_run(&scene, berth_deploy, app(), NULL), BERTH_OK, "%s", scene.events);
	const struct spec_file *file = filled();
	cr_expect(file->size == strlen(text) && !memcmp(file->content, text, file->size), "%.*s",
		  (int)file->size, (const char *)file->content);
}

static void is_refused(const char *template, const char *words)
{
	owned_json document = NULL;
	put(template);
	cr_assert_neq(scene_run(&scene, berth_plan, app(), &document), BERTH_OK);
	owned_text text = {0};
	char *all = json_dumps(document, 0);
	text_add(&text, all ? all : "");
	free(all);
	cr_expect(strstr(text_view(&text), words), "`%s` is not said: %s", words, text_view(&text));
}

Test(templates, what_is_configured_stands_in_them)
{
	becomes("port ${config['the.port']} ${ config[\"stage\"] } ${who} of ${entity.id}, "
		"${entity.displayName}\n"
		"a $ and a < stay",
		"port 80 test me of web, The web\na $ and a < stay");
}

Test(templates, what_comes_from_others_is_waited_for)
{
	put("db ${config['db.at']}");
	cr_assert_eq(scene_run(&scene, berth_deploy, app(), NULL), BERTH_OK, "%s", scene.events);
	const struct spec_file *file = filled();
	cr_expect(file->size > strlen("db :5432") && !memcmp(file->content, "db ", 3), "%.*s",
		  (int)file->size, (const char *)file->content);
}

Test(templates, a_secret_in_one_makes_it_secret)
{
	scene_environment("TOKEN", "hidden");
	becomes("token ${config['token']}", "token hidden");
	cr_expect(filled()->secret);
}

Test(templates, what_stands_for_nothing_is_refused_at_its_line)
{
	is_refused("one\ntwo ${config['none']}", "line 2: `${config['none']}` stands for nothing");
	is_refused("${driver.installDir}", "stands for nothing");
	is_refused("${config['many']}", "stands for nothing");
	is_refused("${open", "stands for nothing");
	is_refused("<#if a>", "directives of FreeMarker");
}
