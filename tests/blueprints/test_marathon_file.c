/* test_marathon_file.c - an app, apps or a group in Marathon's own form as a blueprint. */
#include "parse.h"

#include "base/cleanup.h"
#include "base/text.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(marathon_file, .fini = close_all);

/* Where the names of locations lead; the deployer named `cloud`. */
static const char *type_of_location(void *context, const char *name)
{
	(void)name;
	return context;
}

static void read_for(const char *text, const char *type)
{
	struct blueprint_options options = {.file = "dir/b.json",
					    .directory = "/base",
					    .location = "cloud",
					    .location_type = type_of_location,
					    .location_context = (void *)type};

	close_outcome(&outcome);
	outcome = (struct outcome){0};
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	diagnostics_sort(&outcome.list);
	cr_assert_not(outcome.list.failed);
}

static const struct component_spec *component(const char *id)
{
	for (size_t i = 0; outcome.blueprint && i < outcome.blueprint->component_count; i++)
		if (!strcmp(outcome.blueprint->components[i].id, id))
			return &outcome.blueprint->components[i];
	cr_assert_fail("there is no `%s`: %s", id,
		       outcome.list.first ? outcome.list.first->summary : "and nothing is said of it");
	return NULL;
}

/* An app with these members. */
static const struct component_spec *app(const char *members)
{
	owned_text text = {0};

	text_format(&text, "{\"id\": \"/web\", \"instances\": 1, %s}", members);
	read_for(text_view(&text), "marathon");
	return component("web");
}

static void expect_members(const struct component_spec *spec, const char *json)
{
	owned_memory char *kept = json_dumps(spec->marathon, JSON_COMPACT | JSON_SORT_KEYS);

	cr_expect_str_eq(kept, json);
}

/* Exactly one error, at that place of the text. */
static void wrong(const char *text, int line, int column, const char *words, const char *remedy)
{
	read_for(text, "marathon");
	const struct diagnostic *entry = entry_at(&outcome.list, line, column);
	expect_words(entry, words, remedy);
	cr_expect_eq(outcome.list.errors, 1, "%zu errors, the first: %s", outcome.list.errors,
		     outcome.list.first->summary);
}

static void wrong_app(const char *members, int column, const char *words, const char *remedy)
{
	owned_text text = {0};

	text_format(&text, "{\"id\": \"/web\", \"instances\": 1,\n%s}", members);
	wrong(text_view(&text), 2, column, words, remedy);
}

#define IMAGE "\"container\": {\"docker\": {\"image\": \"redis:3\"}}"

Test(marathon_file, a_container_behind_a_bridge_is_a_component_of_its_image)
{
	read_for(
	    "{\n"
	    "\t\"id\": \"/shop/web\",\n"
	    "\t\"cpus\": 0.5, \"mem\": 64.0, \"disk\": 0, \"instances\": 3,\n"
	    "\t\"args\": [\"--port\", \"8080\"],\n"
	    "\t\"env\": {\"MODE\": \"live\", \"LIMIT\": \"5\"},\n"
	    "\t\"labels\": {\"HAPROXY_GROUP\": \"external\"},\n"
	    "\t\"container\": {\"type\": \"DOCKER\",\n"
	    "\t\t\"docker\": {\"image\": \"registry.example.org:5000/shop/web:1.2\", \"network\": "
	    "\"BRIDGE\",\n"
	    "\t\t\t\"forcePullImage\": true,\n"
	    "\t\t\t\"portMappings\": [{\"containerPort\": 8080, \"hostPort\": 0, \"servicePort\": 10101,\n"
	    "\t\t\t\t\"protocol\": \"tcp\"}, {\"containerPort\": 53, \"hostPort\": 5353, \"protocol\": "
	    "\"udp,tcp\"}]},\n"
	    "\t\t\"volumes\": [{\"containerPath\": \"/etc/a\", \"hostPath\": \"/var/a\", \"mode\": "
	    "\"RO\"}]},\n"
	    "\t\"healthChecks\": [{\"protocol\": \"HTTP\", \"path\": \"/health\", \"portIndex\": 0,\n"
	    "\t\t\"gracePeriodSeconds\": 5, \"intervalSeconds\": 7, \"timeoutSeconds\": 2,\n"
	    "\t\t\"maxConsecutiveFailures\": 4}],\n"
	    "\t\"taskKillGracePeriodSeconds\": 20,\n"
	    "\t\"upgradeStrategy\": {\"minimumHealthCapacity\": 0.5}\n"
	    "}\n",
	    "marathon");
	const struct component_spec *web = component("web");
	cr_expect_str_eq(outcome.blueprint->id, "shop-web");
	cr_expect_eq(outcome.list.warnings, 0);
	cr_expect_str_eq(web->location->name, "cloud");
	cr_expect_str_eq(web->type, "docker:registry.example.org:5000/shop/web:1.2");
	cr_expect_eq(web->instances, 3);
	cr_expect_eq(web->nano_cpus, 500000000);
	cr_expect_eq(web->memory_bytes, 64LL << 20);
	cr_expect_eq(web->command.count, 2);
	cr_expect_str_eq(web->command.words[1].text, "8080");
	cr_expect_eq(web->environment_count, 2);
	cr_expect_str_eq(web->labels[0].name, "HAPROXY_GROUP");
	cr_expect_eq(web->open_port_count, 3);
	cr_expect_eq(web->published_count, 1);
	cr_expect_eq(web->binding_count, 2);
	cr_expect_eq(web->bindings[0].host_port, 5353);
	cr_expect(web->pull_always);
	cr_expect_str_eq(web->volumes[0].source, "/var/a");
	cr_expect(web->volumes[0].read_only);
	cr_expect_eq(web->stop_timeout_ms, 20000);
	cr_expect_eq(web->health->kind, CHECK_HTTP);
	cr_expect_eq(web->health->port, 8080);
	cr_expect_str_eq(web->health->path, "/health");
	cr_expect_eq(web->health->interval_ms, 7000);
	cr_expect_eq(web->health->start_period_ms, 5000);
	cr_expect_eq(web->health->retries, 4);
	cr_expect_eq(json_real_value(json_at(web->marathon, "upgradeStrategy.minimumHealthCapacity")), 0.5);
	const json_t *mapping = json_array_get(json_at(web->marathon, "container.portMappings"), 0);
	cr_expect_eq(json_integer_value(json_object_get(mapping, "servicePort")), 10101);
}

Test(marathon_file, a_command_takes_the_place_of_the_images_entry_point)
{
	const struct component_spec *web = app("\"cmd\": \"redis-server --port $PORT0\", " IMAGE);
	cr_expect_eq(web->entrypoint.count, 2);
	cr_expect_str_eq(web->entrypoint.words[0].text, "/bin/sh");
	cr_expect_eq(web->command.count, 1);
	cr_expect_not(web->command.shell);
	cr_expect_str_eq(web->command.words[0].text, "redis-server --port $PORT0");
}

Test(marathon_file, what_runs_in_no_image_is_a_process_at_the_agents_own_network)
{
	const struct component_spec *web =
	    app("\"cmd\": \"python3 -m http.server $PORT0\", \"ports\": [0], \"user\": \"www\", \"uris\": "
		"[\"http://x/a.tgz\"]");
	cr_expect_eq(web->kind, COMPONENT_PROCESS);
	cr_expect(web->command.shell);
	cr_expect_str_eq(web->user, "www");
	expect_members(web,
		       "{\"container\":null,\"fetch\":[{\"uri\":\"http://x/a.tgz\"}],\"networks\":[{\"mode\":"
		       "\"host\"}],\"portDefinitions\":[{\"port\":0}]}");
	web = app("\"cmd\": \"serve\", \"portDefinitions\": [{\"port\": 8080, \"name\": \"http\"}], "
		  "\"requirePorts\": true, \"healthChecks\": [{\"protocol\": \"TCP\"}]");
	cr_expect_eq(web->named_port_count, 1);
	cr_expect_eq(web->named_ports[0].first, 8080);
	cr_expect_eq(web->health->kind, CHECK_TCP);
	cr_expect_eq(web->health->port, 8080);
}

Test(marathon_file, containers_of_mesos_itself_and_their_volumes_stay_as_they_are)
{
	const struct component_spec *web =
	    app("\"cmd\": \"run\", \"container\": {\"type\": \"MESOS\", \"volumes\": [{\"containerPath\": "
		"\"data\", \"mode\": \"RW\", \"persistent\": {\"size\": 512}}]}, \"residency\": "
		"{\"taskLostBehavior\": \"WAIT_FOREVER\"}");
	cr_expect_eq(web->kind, COMPONENT_PROCESS);
	expect_members(web,
		       "{\"container\":{\"docker\":null,\"type\":\"MESOS\",\"volumes\":[{\"containerPath\":"
		       "\"data\",\"mode\":\"RW\",\"persistent\":{\"size\":512}}]},\"networks\":[{\"mode\":"
		       "\"host\"}],\"residency\":{\"taskLostBehavior\":\"WAIT_FOREVER\"}}");
}

Test(marathon_file, networks_of_every_form_are_those_of_the_newest)
{
	static const struct {
		const char *members, *networks;
	} forms[] = {
	    {IMAGE, "[{\"mode\":\"host\"}]"},
	    {"\"networks\": [{\"mode\": \"container/bridge\"}], " IMAGE, "[{\"mode\":\"container/bridge\"}]"},
	    {"\"networks\": [{\"name\": \"dcos\", \"labels\": {\"a\": \"b\"}}], " IMAGE,
	     "[{\"labels\":{\"a\":\"b\"},\"name\":\"dcos\"}]"},
	    {"\"ipAddress\": {\"networkName\": \"dcos\"}, \"container\": {\"docker\": {\"image\": \"a\", "
	     "\"network\": \"USER\"}}",
	     "[{\"mode\":\"container\",\"name\":\"dcos\"}]"},
	    {"\"container\": {\"docker\": {\"image\": \"a\", \"network\": \"HOST\"}}",
	     "[{\"mode\":\"host\"}]"},
	    {"\"container\": {\"docker\": {\"image\": \"a\"}, \"portMappings\": [{\"containerPort\": 80}]}",
	     "[{\"mode\":\"container/bridge\"}]"},
	};

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		const json_t *networks = json_object_get(app(forms[i].members)->marathon, "networks");
		owned_memory char *made = json_dumps(networks, JSON_COMPACT | JSON_SORT_KEYS);
		cr_expect_str_eq(made, forms[i].networks);
	}
}

Test(marathon_file, secrets_of_marathon_stay_with_it_and_those_of_a_blueprint_may_be_used)
{
	const struct component_spec *web =
	    app("\"secrets\": {\"db\": {\"source\": \"shop/db\"}}, \"env\": {\"A\": {\"secret\": \"db\"}, "
		"\"B\": \"$berth:secret(\\\"env:B\\\")\", \"C\": \"d\"}, " IMAGE);
	cr_expect_eq(web->environment_count, 2);
	cr_expect_eq(web->environment[0].value.kind, VALUE_SECRET);
	cr_expect_str_eq(json_text(json_at(web->marathon, "env.A"), "secret"), "db");
}

static const char group[] =
    "{\"id\": \"/shop\",\n"
    " \"groups\": [\n"
    "  {\"id\": \"db\", \"apps\": [{\"id\": \"redis\", \"container\": {\"docker\": {\"image\": "
    "\"redis:3\"}}},\n"
    "    {\"id\": \"/shop/db/sql\", \"container\": {\"docker\": {\"image\": \"sql\"}}}]},\n"
    "  {\"id\": \"front\", \"dependencies\": [\"../db\"],\n"
    "   \"apps\": [{\"id\": \"web\", \"cmd\": \"web\"},\n"
    "    {\"id\": \"edge\", \"cmd\": \"edge\", \"dependencies\": [\"web\", \"/shop/db/sql\"]}]}],\n"
    " \"apps\": [{\"id\": \"top\", \"cmd\": \"top\", \"dependencies\": [\"front/web\", \"/elsewhere\"]}]}";

static const char *needs(const struct component_spec *spec)
{
	static char all[256];

	*all = '\0';
	for (size_t i = 0; i < spec->depends_on_count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "",
			 outcome.blueprint->components[spec->depends_on[i].component].id);
	return all;
}

Test(marathon_file, a_group_is_an_application_and_its_apps_wait_for_what_they_depend_on)
{
	read_for(group, "marathon");
	cr_expect_str_eq(outcome.blueprint->id, "shop");
	cr_expect_eq(outcome.blueprint->component_count, 5);
	cr_expect_str_eq(needs(component("db-redis")), "");
	cr_expect_str_eq(needs(component("front-web")), "db-redis db-sql");
	cr_expect_str_eq(needs(component("front-edge")), "front-web db-sql db-redis");
	cr_expect_str_eq(needs(component("top")), "front-web");
	const struct diagnostic *entry = entry_at(&outcome.list, 8, 69);
	cr_expect_eq(entry->severity, SEVERITY_WARNING);
	expect_words(entry, "no app or group here is `/elsewhere`", "external");
}

Test(marathon_file, apps_of_a_list_are_one_application_named_by_what_they_lie_in_or_by_the_file)
{
	read_for("[{\"id\": \"/a/b/one\", \"cmd\": \"x\"}, {\"id\": \"a/b/two/three\", \"cmd\": \"x\"}]",
		 "marathon");
	cr_expect_str_eq(outcome.blueprint->id, "a-b");
	component("one");
	component("two-three");
	read_for("[{\"id\": \"/one\", \"cmd\": \"x\"}, {\"id\": \"/two\", \"cmd\": \"x\"}]", "marathon");
	cr_expect_str_eq(outcome.blueprint->id, "b");
	read_for("{\"groups\": [{\"id\": \"/shop\", \"apps\": [{\"id\": \"a\", \"cmd\": \"x\"}, {\"id\": "
		 "\"b\", \"cmd\": "
		 "\"x\"}]}]}",
		 "marathon");
	cr_expect_str_eq(outcome.blueprint->id, "shop");
	component("b");
}

Test(marathon_file, who_would_be_called_as_another_is_has_a_digest_in_any_order)
{
	char digests[2][64] = {"", ""};

	for (int i = 0; i < 2; i++) {
		read_for(i ? "[{\"id\": \"/g/a-b\", \"cmd\": \"x\"}, {\"id\": \"/g/a/b\", \"cmd\": \"x\"}]"
			   : "[{\"id\": \"/g/a/b\", \"cmd\": \"x\"}, {\"id\": \"/g/a-b\", \"cmd\": \"x\"}]",
			 "marathon");
		component("a-b");
		for (size_t k = 0; k < 2; k++)
			if (strcmp(outcome.blueprint->components[k].id, "a-b") != 0)
				snprintf(digests[i], sizeof(digests[i]), "%s",
					 outcome.blueprint->components[k].id);
	}
	cr_expect(starts_with(digests[0], "a-b-"));
	cr_expect_str_eq(digests[0], digests[1]);
	wrong("[{\"id\": \"/g/a\", \"cmd\": \"x\"},\n {\"id\": \"g/a\", \"cmd\": \"x\"}]", 2, 9,
	      "two apps have the id `/g/a`", NULL);
}

Test(marathon_file, elsewhere_a_command_cannot_count_on_variables_of_marathons)
{
#define COUNTS "{\"id\": \"/web\",\n \"cmd\": \"serve $PORT0 ${PORT_HTTP} $PORT0 at $HOST of $HOME\"}"
	read_for(COUNTS, "marathon");
	cr_expect_eq(outcome.list.errors + outcome.list.warnings, 0);
	read_for(COUNTS, "localhost");
	cr_expect_eq(outcome.list.errors, 2);
	cr_expect_eq(outcome.list.warnings, 1, "$HOST");
	expect_words(entry_at(&outcome.list, 2, 9), "`web` counts on $PORT0", "${PORT0:-VALUE}");
	read_for("{\"id\": \"/web\", \"cmd\": \"PORT=80; serve $PORT $$ ${PORT1:-81} $PORT2 \\\\$PORT3\", "
		 "\"env\": "
		 "{\"PORT2\": \"82\"}}",
		 "localhost");
	cr_expect_eq(outcome.list.errors, 0, "%s", outcome.list.first->summary);
}

Test(marathon_file, elsewhere_what_marathon_alone_reads_is_warned_of_at_its_place)
{
	read_for("{\"id\": \"/web\",\n \"container\": {\"docker\": {\"image\": \"a\", \"privileged\": "
		 "true,\n  \"portMappings\": "
		 "[{\"containerPort\": 80, \"servicePort\": 80}]}},\n"
		 " \"constraints\": [[\"hostname\", \"UNIQUE\"]],\n \"fetch\": [], \"executor\": \"\",\n"
		 " \"env\": {\"A\": {\"secret\": \"s\"}}}",
		 "docker");
	const struct component_spec *web = component("web");
	cr_expect_null(web->marathon);
	cr_expect_eq(web->published_count, 1);
	cr_expect_eq(outcome.list.warnings, 3);
	expect_words(entry_at(&outcome.list, 2, 41), "`privileged` of `web` has no effect", "on a Marathon");
	expect_words(entry_at(&outcome.list, 4, 2), "`constraints` of `web` has no effect", NULL);
	expect_words(entry_at(&outcome.list, 6, 10), "`A` of `web` has no effect", NULL);
	read_for("{\"id\": \"/web\", \"cmd\": \"x\", \"constraints\": [[\"a\", \"UNIQUE\"]]}", NULL);
	cr_expect_eq(outcome.list.warnings, 0);
	cr_expect_not_null(component("web")->marathon);
}

Test(marathon_file, a_location_may_be_said_of_the_group_or_of_an_app)
{
	read_for("{\"id\": \"/g\", \"location\": \"here\", \"apps\": [{\"id\": \"a\", \"cmd\": \"x\"}, "
		 "{\"id\": \"b\", \"cmd\": "
		 "\"x\", \"location\": \"there\"}]}",
		 NULL);
	cr_expect_str_eq(component("a")->location->name, "here");
	cr_expect_str_eq(component("b")->location->name, "there");
}

Test(marathon_file, what_marathon_tells_of_an_app_is_no_wish)
{
	read_for("{\"app\": {\"id\": \"/web\", \"cmd\": \"x\", \"version\": \"2020-01-01T00:00:00.000Z\", "
		 "\"tasksRunning\": 1, "
		 "\"tasks\": [], \"deployments\": [], \"versionInfo\": {}, \"args\": null, \"container\": "
		 "null, \"cpus\": "
		 "null}}",
		 "marathon");
	expect_members(component("web"), "{\"container\":null,\"networks\":[{\"mode\":\"host\"}]}");
}

Test(marathon_file, what_it_cannot_mean_is_an_error_at_its_place)
{
	wrong_app("\"cmds\": \"x\"", 1, "unknown member `cmds` of an app", "did you mean `cmd`?");
	wrong_app(IMAGE ", \"args\": [\"a\"], \"cmd\": \"b\"", 48, "`args` beside `cmd`", "only one");
	wrong_app("\"cmd\": \"x\", \"ports\": [1], \"portDefinitions\": [{\"port\": 1}]", 13,
		  "`ports` beside `portDefinitions`", "only one");
	wrong("{\"id\": \"/web\",\n \"mem\": 32}", 1, 8, "nothing to run", "an image");
	wrong("{\"cmd\": \"x\"}", 1, 1, "the app has no `id`", "\"/NAME\"");
}

Test(marathon_file, members_of_an_app_that_do_not_fit_are_errors_at_their_place)
{
	wrong_app("\"healthChecks\": [{\"portIndex\": 1}], \"container\": {\"docker\": {\"image\": \"a\"}, "
		  "\"portMappings\": [{\"containerPort\": 80}]}",
		  32, "no port of `portIndex` 1: the app has 1", NULL);
	wrong_app("\"env\": {\"A\": {\"secret\": \"db\"}}, " IMAGE, 25, "none of the `secrets`",
		  "{source: PATH}");
	wrong_app("\"networks\": [{\"mode\": \"host\"}, {\"name\": \"a\"}], " IMAGE, 23,
		  "an app with `host` can be in no other network", NULL);
}

Test(marathon_file, a_suspended_app_is_a_cluster_of_none)
{
	read_for(
	    "[{\"id\": \"/g/a\", \"instances\": 0, \"cmd\": \"x\", \"constraints\": [[\"a\", \"UNIQUE\"]]}, "
	    "{\"id\": \"/g/b\", \"cmd\": \"y\", \"dependencies\": [\"/g/a\"]}]",
	    "marathon");
	const struct component_spec *a = component("a");
	cr_assert_not_null(a->cluster);
	cr_expect_eq(a->instances, 0);
	cr_expect_not_null(json_object_get(a->marathon, "constraints"));
	cr_expect_eq(component("b")->depends_on_count, 1);
}

Test(marathon_file, ports_of_an_address_of_its_own_are_mappings_without_the_host)
{
	const struct component_spec *web =
	    app("\"cmd\": \"x\", \"ipAddress\": {\"networkName\": \"dcos\", \"discovery\": {\"ports\": "
		"[{\"number\": 8080, \"name\": \"http\", \"protocol\": \"tcp\"}]}}, " IMAGE);
	cr_expect_eq(web->open_port_count, 1);
	cr_expect_eq(web->published_count, 0);
	owned_memory char *made =
	    json_dumps(json_at(web->marathon, "container.portMappings"), JSON_COMPACT | JSON_SORT_KEYS);
	cr_expect_str_eq(made, "[{\"containerPort\":8080,\"name\":\"http\",\"protocol\":\"tcp\"}]");
}

Test(marathon_file, values_of_the_wrong_kind_are_errors)
{
	wrong_app("\"cmd\": \"x\", \"env\": {\"PORT\": 80}", 29, "`PORT` takes text or a map, not a number",
		  "in quotes");
	wrong_app("\"cmd\": {\"$brooklyn:config\": \"a\"}", 8, "`cmd` takes text, not a map", NULL);
	wrong_app("\"cmd\": \"x\", \"cpus\": \"1\"", 21, "`cpus` takes a number, not text", "without quotes");
	wrong_app("\"cmd\": \"x\", \"container\": {\"docker\": {\"network\": \"NONE\", \"image\": \"a\"}}",
		  49, "without a network", "BRIDGE, HOST or USER");
	wrong_app("\"container\": {\"docker\": {\"image\": \"a\"}, \"portMappings\": [{\"hostPort\": 0}]}",
		  58, "which port the container listens on", "containerPort");
}

Test(marathon_file, groups_have_faults_of_their_own)
{
	wrong("{\"id\": \"/g\", \"apps\": [],\n \"scaleBy\": 2}", 2, 2, "unknown member `scaleBy`",
	      "berth scale");
	wrong("{\"id\": \"/g\", \"apps\": [],\n \"pods\": [{\"id\": \"p\"}]}", 2, 2, "pods are not placed",
	      NULL);
	wrong("{\"id\": \"/g\", \"apps\": []}", 1, 1, "there is no app in it", NULL);
	wrong("{\"id\": \"/g\", \"apps\": [\n{\"id\": \"/h/a\", \"cmd\": \"x\"}]}", 2, 8, "not in the group",
	      "`/g/NAME`");
	wrong("{\"id\": \"/g\", \"apps\": [\n{\"id\": \"A_b\", \"cmd\": \"x\"}]}", 2, 8,
	      "`A_b` is no id of Marathon", "small letters");
	wrong("{\"id\": \"/p\", \"containers\":\n [{\"name\": \"a\"}]}", 1, 14, "pods are not placed",
	      "as an app");
	wrong("[{\"id\": \"/a\", \"cmd\": \"x\", \"dependencies\": [\"/b\"]},\n"
	      " {\"id\": \"/b\", \"cmd\": \"x\", \"dependencies\": [\"/a\"]}]",
	      1, 44, "in a circle", NULL);
}

Test(marathon_file, what_is_a_blueprint_or_nothing_is_not_taken_for_one)
{
	refused("id: a\ninstances: 1\nservices: [{type: 'docker:x'}]\n", 2, 1, "unknown key `instances`",
		"belongs to a component");
	refused("[a, b]\n", 1, 1, "a blueprint is a map, not a list", NULL);
	outcome = accepted("id: apps\nservices: [{type: process, id: apps, command: x, cpus: 1}]\n");
}
