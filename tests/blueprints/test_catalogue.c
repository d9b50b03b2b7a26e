/* test_catalogue.c - types that are made of others, and components within components. */
#include "base/text.h"
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(catalogue, .fini = close_all);

static void take(const char *text)
{
	close_outcome(&outcome);
	outcome = accepted(text);
}

static const struct component_spec *component(const char *id)
{
	for (size_t i = 0; i < outcome.blueprint->component_count; i++)
		if (!strcmp(outcome.blueprint->components[i].id, id))
			return &outcome.blueprint->components[i];
	cr_assert_fail("there is no component `%s`", id);
	return NULL;
}

static const char *content_of(const struct component_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->file_count; i++)
		if (!strcmp(spec->files[i].path, path))
			return spec->files[i].content->text;
	cr_assert_fail("there is no file `%s`", path);
	return NULL;
}

static void holds(const struct component_spec *spec, const char *path, const char *words)
{
	const char *text = content_of(spec, path);
	cr_expect(strstr(text, words), "`%s` does not hold `%s`:\n%s", path, words, text);
}

static const char *variable(const struct component_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		if (!strcmp(spec->environment[i].name, name))
			return spec->environment[i].value.text;
	return NULL;
}

/* --- those of the program --------------------------------------------------------------------------- */

Test(catalogue, a_component_may_declare_parameters_of_its_own)
{
	static const char text[] =
	    "location: localhost\nservices:\n- type: software\n  id: web\n  launch.command: x\n"
	    "  brooklyn.parameters:\n"
	    "  - {name: colour, type: string, default: red, constraints: [{regex: '[a-z]+'}]}\n"
	    "  - {name: http.port, type: port, default: 8080}\n"
	    "  - {name: size, type: integer, required: true}\n"
	    "  - {name: kind, type: org.apache.brooklyn.some.Thing}\n"
	    "  brooklyn.config: {%s}\n"
	    "  ports: {http: $brooklyn:config(\"http.port\")}\n"
	    "  env: {COLOUR: $brooklyn:config(\"colour\")}\n";
	char whole[1024];
	snprintf(whole, sizeof whole, text, "size: 3");
	outcome = accepted(whole);
	const struct component_spec *spec = &outcome.blueprint->components[0];
	cr_expect_str_eq(spec->environment[0].value.text, "red");
	cr_expect_eq(spec->named_ports[0].first, 8080);
	snprintf(whole, sizeof whole, text, "colour: blue");
	refused(whole, 3, 3, "the parameter `size` has no value", "brooklyn.config");
	snprintf(whole, sizeof whole, text, "size: many");
	refused(whole, 11, 27, "is of the type integer, and `many` is none", NULL);
	snprintf(whole, sizeof whole, text, "size: 3, colour: '7'");
	refused(whole, 11, 38, "the parameter `colour` may not be `7`", "regular expression");
}

Test(catalogue, a_parameter_may_have_other_names)
{
	take("location: localhost\nservices:\n"
	     "- {type: MariaDbNode, id: db, mariadb.port: 3307, brooklyn.config: {creationScriptContents: "
	     "select 1}}\n"
	     "- {type: TomcatServer, id: web, war: 'http://example.org/x.war', httpPort: 8081}\n"
	     "- {type: process, id: user, command: x, env: {DB: "
	     "'$brooklyn:component(\"db\").attributeWhenReady(\"datastore.url\")'}}\n");
	cr_expect_eq(component("db")->named_ports[0].first, 3307);
	cr_expect_eq(component("web")->named_ports[0].first, 8081);
	const char *script = NULL;
	for (size_t i = 0; i < component("db")->environment_count; i++)
		if (!strcmp(component("db")->environment[i].name, "CREATION_SCRIPT"))
			script = component("db")->environment[i].value.text;
	cr_assert_not_null(script);
	cr_expect_str_eq(script, "select 1");
	const struct value *url = &component("user")->environment[0].value;
	cr_assert_eq(url->kind, VALUE_JOIN);
	cr_expect_str_eq(url->parts[0].text, "mysql://");
	cr_expect_str_eq(url->parts[1].text, "host.address");
	cr_expect_eq(url->parts[3].kind, VALUE_PORT);
	take("location: docker\nservices:\n- {type: MySqlNode, id: db, install.version: 5.7}\n");
	cr_expect_str_eq(component("db")->image.familiar, "mysql:5.7");
}

static const struct value *value_of(const struct component_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		if (!strcmp(spec->environment[i].name, name))
			return &spec->environment[i].value;
	cr_assert_fail("there is no variable %s", name);
	return NULL;
}

Test(catalogue, a_map_or_a_list_that_a_parameter_takes_becomes_a_text)
{
	take(
	    "location: localhost\nservices:\n"
	    "- {type: TomcatServer, id: web, java.sysprops: {a.b: 1, c: 'd %s'}}\n"
	    "- {type: TomcatServer, id: plain, http.port: 8090}\n"
	    "- {type: NodeJsWebAppService, id: node, brooklyn.config: {nodePackages: [x, y], appName: z}}\n");
	cr_expect_str_eq(value_of(component("web"), "JAVA_PROPERTIES")->text, "a.b=1\nc=d %s\n");
	cr_expect_str_eq(value_of(component("plain"), "JAVA_PROPERTIES")->text, "");
	cr_expect_str_eq(value_of(component("node"), "NODE_PACKAGES")->text, "x y ");
	take("location: docker\nservices:\n- {type: TomcatServer, id: web, java.sysprops: {a.b: 1}}\n");
	cr_expect_str_eq(value_of(component("web"), "JAVA_OPTS")->text, "-Da.b='1' ");
}

static bool has_file(const struct component_spec *spec, const char *path, const char *source)
{
	for (size_t i = 0; i < spec->file_count; i++)
		if (spec->files[i].source && ends_with(spec->files[i].path, path) &&
		    ends_with(spec->files[i].source, source))
			return true;
	return false;
}

Test(catalogue, what_a_parameter_takes_from_beside_the_blueprint_is_put_where_its_type_says)
{
	static const char services[] =
	    "\nservices:\n- {type: TomcatServer, id: web, war: 'classpath://my.war'}\n"
	    "- {type: MySqlNode, id: db, creationScriptUrl: a.sql}\n"
	    "- {type: MySqlNode, id: other, mysql.port: 1, creationScriptUrl: "
	    "'https://example.org/a.sql'}\n";
	char text[400];

	snprintf(text, sizeof text, "location: localhost%s", services);
	take(text);
	cr_expect(has_file(component("web"), "", "my.war"));
	cr_expect(has_file(component("db"), "", "a.sql"));
	cr_expect_not(has_file(component("other"), "", "a.sql"));
	snprintf(text, sizeof text, "location: docker%s", services);
	take(text);
	cr_expect(has_file(component("web"), "/usr/local/tomcat/webapps/ROOT.war", "my.war"));
	cr_expect(has_file(component("db"), "/docker-entrypoint-initdb.d/0.sql", "a.sql"));
	refused(
	    "location: docker\nservices:\n- {type: TomcatServer, brooklyn.config: {files.runtime: {a: b}}}\n",
	    3, 42, "starts by itself", "skip.install: false");
}

Test(catalogue, a_types_own_parameters_are_checked_where_it_is_used)
{
	refused("location: localhost\ncatalog:\n- id: shop\n"
		"  parameters: [{name: size, type: integer}, {name: owner, constraints: [required]}]\n"
		"  item: {type: software, launch.command: x}\n"
		"services:\n- {type: shop, size: 3}\n",
		7, 3, "the parameter `owner` has no value", NULL);
}

Test(catalogue, brooklyns_redis_is_an_image_in_a_container)
{
	take("location: my-docker-cloud\nservices:\n"
	     "- {type: org.apache.brooklyn.entity.nosql.redis.RedisStore, id: db, install.version: 3.0.0}\n");
	const struct component_spec *spec = component("db");
	cr_expect_eq(spec->kind, COMPONENT_DOCKER);
	cr_expect_str_eq(spec->image.familiar, "redis:3.0.0");
	cr_expect(!spec->command.given && !spec->entrypoint.given);
	cr_expect_eq(spec->file_count, 0);
	cr_assert_eq(spec->open_port_count, 1);
	cr_expect_eq(spec->open_ports[0].port, 6379);
	take("location: my-docker-cloud\nservices:\n"
	     "- type: RedisStore\n  publish: [6379]\n"
	     "  brooklyn.config: {install.version: 3.0.0, docker.image: 'redis:3'}\n");
	cr_expect_str_eq(component("redis")->image.familiar, "redis:3");
}

Test(catalogue, and_a_program_on_a_machine)
{
	take("location: localhost\nservices:\n"
	     "- {type: RedisStore, install.version: 3.0.0, install.version.match: at-least, redis.port: "
	     "7000}\n");
	const struct component_spec *spec = component("redis");
	cr_expect_eq(spec->kind, COMPONENT_PROCESS);
	cr_assert_eq(spec->named_port_count, 1);
	cr_expect_eq(spec->named_ports[0].first, 7000);
	cr_expect_eq(spec->health->kind, CHECK_TCP);
	holds(spec, "software/settings.install", "INSTALL_VERSION='3.0.0'");
	holds(spec, "software/settings.install", "INSTALL_VERSION_MATCH='at-least'");
	holds(spec, "software/steps/launch", "redis-server");
}

Test(catalogue, a_version_that_nobody_asked_for_may_be_any)
{
	take("location: localhost\nservices:\n- {type: redis}\n- {type: redis, id: other, redis.port: 1, "
	     "install.version: 6}\n");
	holds(component("redis"), "software/settings.install", "INSTALL_VERSION_MATCH='any'");
	holds(component("other"), "software/settings.install", "INSTALL_VERSION_MATCH='exact'");
}

Test(catalogue, steps_of_the_blueprints_own_run_in_the_image)
{
	take("location: docker\nservices:\n- {type: redis, launch.command: exec redis-server --port 1}\n");
	const struct component_spec *spec = component("redis");
	cr_expect_str_eq(spec->image.familiar, "redis:7");
	cr_expect_eq(spec->entrypoint.count, 3);
	cr_expect_str_eq(content_of(spec, "/opt/berth/software/steps/launch"), "exec redis-server --port 1");
}

Test(catalogue, all_of_them_go_everywhere)
{
	static const char *const names[] = {"redis",      "nginx", "postgresql", "tomcat",
					    "static-web", "mysql", "server",     "nodejs"};
	static const char *const locations[] = {"docker", "localhost"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (size_t k = 0; k < 2; k++) {
			char text[200];
			snprintf(text, sizeof(text), "location: %s\nservices:\n- {type: %s}\n", locations[k],
				 names[i]);
			take(text);
			cr_expect_eq(outcome.list.warnings, 0, "%s at %s", names[i], locations[k]);
			cr_expect_str_eq(outcome.blueprint->components[0].id, names[i]);
		}
}

Test(catalogue, members_of_a_cluster_may_be_of_them)
{
	take("location: docker\nservices:\n- {type: cluster, id: c, memberSpec: {type: redis}}\n"
	     "- {type: cluster, id: d, memberSpec: nginx}\n");
	cr_expect_str_eq(component("c")->image.familiar, "redis:7");
	cr_expect_str_eq(component("d")->image.familiar, "nginx:stable");
}

/* --- those of a blueprint --------------------------------------------------------------------------- */

#define OWN                                                                                                  \
	"location: docker\ncatalog:\n"                                                                       \
	"- id: web\n  item: {type: 'docker:x:1', openPorts: 80, env: {A: 1, B: 2}, labels: {l: m}, "         \
	"policies: [{type: restarter}]}\n"                                                                   \
	"- id: shop\n  parameters: [{name: size, default: 3}, {name: shape}]\n"                              \
	"  item: {type: web, env: {B: 3, C: $brooklyn:config(\"size\")}, openPorts: 8080}\n"

Test(catalogue, types_of_a_blueprint_inherit)
{
	take(OWN "services:\n- {type: shop, env: {A: 0}}\n- {type: shop, id: big, size: 9, policies: [{type: "
		 "replacer}]}\n");
	const struct component_spec *spec = component("shop");
	cr_expect_str_eq(spec->image.familiar, "x:1");
	cr_assert_eq(spec->open_port_count, 1);
	cr_expect_eq(spec->open_ports[0].port, 8080);
	cr_expect_str_eq(variable(spec, "A"), "0");
	cr_expect_str_eq(variable(spec, "B"), "3");
	cr_expect_str_eq(variable(spec, "C"), "3");
	cr_expect_eq(spec->label_count, 1);
	cr_expect_eq(spec->policy_count, 1);
	cr_expect_str_eq(variable(component("big"), "C"), "9");
	cr_expect_eq(component("big")->policy_count, 2);
}

static int read_types(void *context, const char *path, size_t limit, struct text *ret, struct error *err)
{
	(void)context;
	(void)limit;
	if (strcmp(path, "/base/types.yaml"))
		return fail(err, ERR_MISSING, "there is none");
	text_add(ret,
		 "brooklyn.catalog:\n  version: 1\n  items:\n  - {id: mine, item: {type: 'docker:y'}}\n");
	return 0;
}

static struct outcome with_files(const char *text)
{
	struct outcome read = {0};
	struct blueprint_options options = {.file = "b.yaml", .directory = "/base", .file_read = read_types};
	read.blueprint = blueprint_parse(text, strlen(text), &options, &read.list);
	return read;
}

Test(catalogue, they_may_lie_in_files_beside_it)
{
	outcome = with_files("catalog: [types.yaml]\nservices:\n- {type: mine}\n");
	cr_assert_not_null(outcome.blueprint);
	cr_expect_str_eq(component("mine")->image.familiar, "y:latest");
	close_outcome(&outcome);
	outcome = with_files("catalog: none.yaml\nservices:\n- {type: 'docker:x'}\n");
	cr_assert_null(outcome.blueprint);
	cr_expect(strstr(outcome.list.first->summary, "cannot be read: there is none"));
}

Test(catalogue, a_type_may_differ_between_machines_and_containers)
{
	static const char text[] = "catalog:\n- id: mine\n  item:\n    type: software\n    env: {A: 1}\n"
				   "    machine: {launch.command: here, env: {B: 2}}\n"
				   "    container: {docker.image: 'x:1', openPorts: 80, env: {B: 3}}\n"
				   "services:\n- {type: mine, id: a, location: localhost}\n- {type: mine, "
				   "id: b, location: docker}\n";
	take(text);
	cr_expect_str_eq(content_of(component("a"), "software/steps/launch"), "here");
	cr_expect_str_eq(variable(component("a"), "A"), "1");
	cr_expect_str_eq(variable(component("a"), "B"), "2");
	cr_expect_str_eq(component("b")->image.familiar, "x:1");
	cr_expect_str_eq(variable(component("b"), "B"), "3");
	cr_expect_eq(component("b")->open_port_count, 1);
}

Test(catalogue, what_makes_no_type_is_refused)
{
	refused("catalog:\n- {id: a}\nservices:\n- {type: 'docker:x'}\n", 2, 3, "`id` and an `item`", NULL);
	refused(
	    "catalog:\n- {id: a, item: {type: b}}\n- {id: b, item: {type: a}}\nservices:\n- {type: a, id: "
	    "c}\n",
	    5, 10, "leads to too many others", NULL);
	refused("catalog:\n- {id: a, item: {openPorts: 1}}\nservices:\n- {type: a, id: c}\n", 4, 10,
		"has no type", NULL);
	refused("catalog:\n- {id: a, item: {type: 'docker:x', openPort: 1}}\nservices:\n- {type: a}\n", 4, 10,
		"unknown key `openPort`", NULL);
}

/* --- components within components ------------------------------------------------------------------- */

Test(catalogue, children_are_components_on_the_same_machine)
{
	take("location: docker\nservices:\n"
	     "- type: software\n  id: app\n  location: localhost\n  launch.command: a\n"
	     "  brooklyn.config: {shell.env: {A: 1, B: 2}, the.name: x, stop.command: s}\n"
	     "  brooklyn.children:\n"
	     "  - {type: software, id: log, launch.command: b, env: {B: 3, C: "
	     "$brooklyn:config(\"the.name\")}}\n"
	     "  - {type: process, id: tail, command: c}\n");
	cr_assert_eq(outcome.blueprint->component_count, 3);
	const struct component_spec *log = component("log");
	cr_expect_eq(log->kind, COMPONENT_PROCESS);
	cr_expect_str_eq(log->same_server, "app");
	cr_expect_str_eq(component("app")->same_server, "app");
	cr_expect_str_eq(component("tail")->same_server, "app");
	cr_expect_str_eq(variable(log, "A"), "1");
	cr_expect_str_eq(variable(log, "B"), "3");
	cr_expect_str_eq(variable(log, "C"), "x");
	cr_expect_eq(component("tail")->environment_count, 0);
	for (size_t i = 0; i < log->file_count; i++)
		cr_expect_neq(strcmp(log->files[i].path, "software/steps/stop"), 0);
}

Test(catalogue, same_server_only_holds_together)
{
	take("services:\n- type: org.apache.brooklyn.entity.software.base.SameServerEntity\n"
	     "  name: both of them\n  location: localhost\n  children:\n"
	     "  - {type: process, id: a, command: x}\n"
	     "  - {type: SameServerEntity, id: inner, brooklyn.children: [{type: process, id: b, command: "
	     "y}]}\n"
	     "  - {type: process, id: c, command: z, sameServer: other}\n"
	     "- {type: org.apache.brooklyn.entity.stock.BasicApplication, brooklyn.children: [{type: "
	     "'docker:x'}]}\n"
	     "- {type: 'docker:y', sameServer: z, brooklyn.children: [{type: process, id: p, command: q}]}\n"
	     "- {type: software, id: s, launch.command: t, sameServer: z}\n");
	cr_assert_eq(outcome.blueprint->component_count, 7);
	cr_expect_str_eq(component("p")->same_server, "z");
	cr_expect_str_eq(component("y")->same_server, "z");
	cr_expect_str_eq(component("s")->same_server, "z");
	cr_expect_str_eq(component("a")->same_server, "both-of-them");
	cr_expect_str_eq(component("b")->same_server, "both-of-them");
	cr_expect_str_eq(component("c")->same_server, "other");
	cr_expect_eq(component("b")->kind, COMPONENT_PROCESS);
	cr_expect_null(component("x")->same_server);
}

Test(catalogue, what_is_not_carried_out_of_what_only_holds_others_is_told)
{
	take("brooklyn.enrichers: []\n"
	     "brooklyn.tags: [a]\n"
	     "services:\n"
	     "- type: org.apache.brooklyn.entity.stock.BasicApplication\n"
	     "  tags: [b]\n"
	     "  brooklyn.initializers: []\n"
	     "- {type: cluster, id: c, initialSize: 2, memberSpec: {type: "
	     "org.apache.brooklyn.entity.stock.BasicApplication, children: [{type: 'docker:x'}]},\n"
	     "   brooklyn.enrichers: []}\n");
	expect_words(entry_at(&outcome.list, 1, 1), "`brooklyn.enrichers` is without effect", "component");
	expect_words(entry_at(&outcome.list, 4, 3), "nothing is in it", "list there");
	expect_words(entry_at(&outcome.list, 6, 3), "`brooklyn.initializers` is without effect", NULL);
	expect_words(entry_at(&outcome.list, 8, 4), "`brooklyn.enrichers` is without effect", NULL);
	cr_expect_eq(outcome.blueprint->component_count, 2);
	refused("brooklyn.policies: []\nservices:\n- {type: 'docker:x'}\n", 1, 1, "not supported yet", NULL);
}

Test(catalogue, what_has_no_place_there_is_refused)
{
	refused("services:\n- {type: SameServerEntity, policies: [], children: [{type: 'docker:x'}]}\n", 2,
		28, "`policies` does not go with", "children");
	refused("services:\n- {type: 'docker:x', children: no}\n", 2, 32, "takes a list of components", NULL);
	refused("location: docker\nservices:\n- type: cluster\n  id: a\n  memberSpec: 'docker:x'\n"
		"  firstMemberSpec: {type: software, launch.command: a, children: [{type: 'docker:x'}]}\n",
		6, 56, "no children", NULL);
	refused("services:\n- {type: process, id: a, command: b, sameServer: ''}\n", 2, 50, "is empty", NULL);
}
