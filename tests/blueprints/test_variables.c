/* test_variables.c - $berth:env wherever a scalar is, read once while the blueprint is. */
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(variables, .fini = close_all);

/* What is set where berth runs. */
static const char *environment(void *context, const char *name)
{
	static const char *const set[][2] = {{"IMAGE", "redis"},
					     {"TAG", "7.2"},
					     {"N", "3"},
					     {"PORT", "8080"},
					     {"YES", "true"},
					     {"ID", "db"},
					     {"WORD", "always"},
					     {"TIME", "30s"},
					     {"EMPTY", ""},
					     {"WHERE", "cloud"},
					     {"SPEC", "docker:tcp://h:1"},
					     {"KEY", "stage"}};
	int *asked = context;
	if (asked)
		++*asked;
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
		if (!strcmp(set[i][0], name))
			return set[i][1];
	return NULL;
}

static const struct blueprint *take(const char *text, int *asked)
{
	struct blueprint_options options = {
	    .file = "b.yaml", .directory = "/base", .environment = environment, .environment_context = asked};
	close_outcome(&outcome);
	outcome = (struct outcome){0};
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	cr_assert_not_null(outcome.blueprint, "%d:%d: %s", outcome.list.first->place.line,
			   outcome.list.first->place.column, outcome.list.first->summary);
	return outcome.blueprint;
}

static const struct component_spec *component(const char *lines)
{
	return take(with_lines(lines), NULL)->components;
}

Test(variables, stand_for_numbers_words_times_and_lists)
{
	const struct component_spec *spec =
	    component("  id: $berth:env(\"ID\")\n  instances: $berth:env(\"N\")\n  openPorts: "
		      "[$berth:env(\"PORT\"), 90]\n"
		      "  restart: $berth:env(\"WORD\")\n  protect: $berth:env(\"YES\")\n  stopTimeout: "
		      "$berth:env(\"TIME\")\n"
		      "  memory: $berth:env(\"MEMORY\", \"64m\")\n  user: $berth:env(\"USER_ID\", \"1000\")");
	cr_assert_str_eq(spec->id, "db");
	cr_assert_eq(spec->instances, 3);
	cr_assert_eq(spec->open_ports[0].port, 8080);
	cr_assert_eq(spec->restart, RESTART_ALWAYS);
	cr_assert(spec->protect);
	cr_assert_eq(spec->stop_timeout_ms, 30000);
	cr_assert_eq(spec->memory_bytes, 64 << 20);
	cr_assert_str_eq(spec->user, "1000");
	spec = component(
	    "  healthCheck: {http: {port: $berth:env(\"PORT\"), path: '$berth:env(\"P\", \"/ok\")'}}\n"
	    "  openPorts: $berth:env(\"PORT\")\n  volumes: ['$berth:env(\"V\", \"data:/d\")']\n"
	    "  labels: {a: $berth:env(\"TAG\")}\n  files: {/a: {content: x, mode: '$berth:env(\"M\", "
	    "\"0600\")'}}");
	cr_assert_eq(spec->health->port, 8080);
	cr_assert_str_eq(spec->volumes[0].name, "data");
	cr_assert_str_eq(spec->labels[0].value, "7.2");
	cr_assert_eq(spec->files[0].mode, 0600);
}

Test(variables, name_images_and_give_ids)
{
	const struct blueprint *b =
	    take("services:\n- type: $brooklyn:formatString(\"docker:%s:%s\", $berth:env(\"IMAGE\"), "
		 "$berth:env(\"TAG\"))\n"
		 "- type: 'docker:'\n  id: y\n  imageName: $berth:env(\"IMAGE\")\n  imageTag: "
		 "$berth:env(\"TAG\")\n",
		 NULL);
	cr_assert_str_eq(b->components[0].id, "redis");
	cr_assert_str_eq(b->components[0].image.familiar, "redis:7.2");
	cr_assert_str_eq(b->components[1].image.familiar, "redis:7.2");
}

Test(variables, name_components_sensors_and_configuration)
{
	const struct blueprint *b =
	    take("brooklyn.config: {stage: live}\nservices:\n- {type: 'docker:x', id: db, openPorts: 8080}\n"
		 "- type: docker:y\n  id: web\n  links: {d: '$brooklyn:component($berth:env(\"ID\"))'}\n"
		 "  dependsOn: [$berth:env(\"ID\")]\n  env:\n    A: $brooklyn:config($berth:env(\"KEY\"))\n"
		 "    B: $berth:endpoint($berth:env(\"ID\"), $berth:env(\"PORT\"))\n"
		 "    C: $berth:secret($berth:env(\"S\", \"env:C\"))\n    D: $berth:env($berth:env(\"V\", "
		 "\"TAG\"))\n",
		 NULL);
	const struct component_spec *web = &b->components[1];
	cr_assert_eq(web->links[0].component, 0);
	cr_assert_eq(web->depends_on[0].component, 0);
	cr_assert_str_eq(web->environment[0].value.text, "live");
	cr_assert_eq(web->environment[1].value.port, 8080);
	cr_assert_str_eq(web->environment[2].value.text, "env:C");
	cr_assert_str_eq(web->environment[3].value.text, "7.2");
}

Test(variables, stand_in_the_map_form_and_in_a_literal_for_themselves)
{
	const struct component_spec *spec = component(
	    "  env:\n    A: {$berth:env: TAG}\n    B: {$berth:env: [NONE, other]}\n"
	    "    C: {$brooklyn:formatString: ['%s!', '$berth:env(\"TAG\")']}\n"
	    "    D: {$brooklyn:literal: '$berth:env(\"TAG\")'}\n    E: $berth:env(\"EMPTY\", \"x\")");
	cr_assert_str_eq(spec->environment[0].value.text, "7.2");
	cr_assert_str_eq(spec->environment[1].value.text, "other");
	cr_assert_str_eq(spec->environment[2].value.text, "7.2!");
	cr_assert_str_eq(spec->environment[3].value.text, "$berth:env(\"TAG\")");
	cr_assert_str_eq(spec->environment[4].value.text, "", "set, though to nothing");
}

Test(variables, say_where_things_go)
{
	const struct blueprint *b =
	    take("location: $berth:env(\"WHERE\")\nlocations:\n  cloud: $berth:env(\"SPEC\")\n"
		 "  other: {type: docker, address: '$berth:env(\"A\", \"10.0.0.5\")'}\n"
		 "services:\n- type: docker:x\n- {type: 'docker:y', location: other}\n",
		 NULL);
	cr_assert_str_eq(b->components[0].location->name, "cloud");
	cr_assert_str_eq(b->components[0].location->target, "tcp://h:1");
	cr_assert_str_eq(json_string_value(json_object_get(b->components[1].location->options, "address")),
			 "10.0.0.5");
}

Test(variables, are_read_once_and_remembered)
{
	int asked = 0;
	const struct blueprint *b = take("parameters: [{name: p, default: $berth:env(\"TAG\")}]\nservices:\n"
					 "- {type: 'docker:x', env: {A: '$brooklyn:config(\"p\")', B: "
					 "'$berth:env(\"TAG\")', C: '$berth:env(\"NONE\", \"n\")'}}\n",
					 &asked);
	cr_assert_eq(asked, 2);
	cr_assert_eq(b->variable_count, 2);
	cr_assert_str_eq(b->variables[0].name, "TAG");
	cr_assert_str_eq(b->variables[0].value, "7.2");
	cr_assert_str_eq(b->variables[1].name, "NONE");
	cr_assert_null(b->variables[1].value);
}

Test(variables, of_an_earlier_reading_hold_whatever_the_environment_says_now)
{
	static const struct variable_read before[] = {{"TAG", "6"}, {"GONE", "here"}, {"N", NULL}};
	struct blueprint_options options = {.file = "b.yaml",
					    .directory = "/base",
					    .environment = environment,
					    .variables = before,
					    .variable_count = 3};
	const char *text = with_lines("  env: {A: '$berth:env(\"TAG\")', B: '$berth:env(\"GONE\")', C: "
				      "'$berth:env(\"N\", \"default\")', D: '$berth:env(\"PORT\")'}");
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	cr_assert_not_null(outcome.blueprint);
	static const char *const values[] = {"6", "here", "default", "8080"};
	for (size_t i = 0; i < 4; i++)
		cr_expect_str_eq(outcome.blueprint->components[0].environment[i].value.text, values[i]);
	cr_assert_eq(outcome.blueprint->variable_count, 4);
}

Test(variables, that_are_not_set_are_an_error_at_their_place)
{
	refused(with_lines("  instances: $berth:env(\"ABSENT\")"), 3, 21,
		"`ABSENT` is not set where berth runs", "$berth:env(\"ABSENT\", \"...\")");
	refused("location: $berth:env(\"ABSENT\")\nservices: [{type: 'docker:x'}]\n", 1, 18, "is not set",
		NULL);
	refused("locations: {a: $berth:env(\"ABSENT\")}\nservices: [{type: 'docker:x'}]\n", 1, 23,
		"is not set", NULL);
	refused(with_lines("  env: {A: '$brooklyn:formatString(\"%s\", $berth:env(\"ABSENT\"))'}"), 3, 49,
		"is not set", NULL);
	refused(with_lines("  env: {A: '$berth:env()'}"), 3, 20, "env() does not take 0 arguments", NULL);
	refused(with_lines("  env: {A: '$berth:env(\"A\", $berth:secret(\"env:B\"))'}"), 3, 20, "both texts",
		"\"default\"");
	refused(
	    "parameters: [{name: unused, default: $berth:env(\"ABSENT\")}]\nservices: [{type: 'docker:x'}]\n",
	    1, 45, "is not set", NULL);
}
