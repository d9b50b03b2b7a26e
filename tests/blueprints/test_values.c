/* test_values.c - expressions in values: each function, each way to get one wrong. */
#include "parse.h"

static const char twin[] = "services:\n"
			   "- {type: 'docker:x', id: a, openPorts: [80, 443]}\n"
			   "- type: docker:y\n"
			   "  id: b\n"
			   "  env:\n"
			   "    K: %s\n";

static char *twin_with(const char *value)
{
	static char text[2048];
	snprintf(text, sizeof(text), twin, value);
	return text;
}

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(values, .fini = close_all);

static const struct value *value_of(const char *expression)
{
	close_outcome(&outcome);
	outcome = accepted(twin_with(expression));
	cr_assert_eq(outcome.blueprint->components[1].environment_count, 1);
	return &outcome.blueprint->components[1].environment[0].value;
}

static void bad(const char *expression, int column, const char *words, const char *remedy)
{
	refused(twin_with(expression), 6, column, words, remedy);
}

Test(values, plain_text_stays_as_written)
{
	cr_assert_str_eq(value_of("yes")->text, "yes");
	cr_assert_str_eq(value_of("0123")->text, "0123");
	cr_assert_str_eq(value_of("")->text, "");
	cr_assert_eq(value_of("x")->kind, VALUE_TEXT);
}

Test(values, address_port_and_endpoint_name_the_target)
{
	const struct value *v = value_of("$berth:address(\"a\")");
	cr_assert_eq(v->kind, VALUE_ADDRESS);
	cr_assert_eq(v->component, 0);
	v = value_of("$brooklyn:port(\"a\", 443)");
	cr_assert_eq(v->kind, VALUE_PORT);
	cr_assert_eq(v->port, 443);
	v = value_of("$berth:endpoint(component(\"a\"))");
	cr_assert_eq(v->kind, VALUE_ENDPOINT);
	cr_assert_eq(v->port, 0);
}

Test(values, those_around_are_named_by_where_they_are)
{
	static const char *const words[] = {"child", "descendant", "ancestor"};
	char text[128];
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "$brooklyn:%s(\"a\").attributeWhenReady(\"host.address\")",
			 words[i]);
		cr_expect_eq(value_of(text)->component, 0);
		snprintf(text, sizeof text,
			 "$brooklyn:component(\"%s\", \"a\").attributeWhenReady(\"host.name\")", words[i]);
		cr_expect_eq(value_of(text)->component, 0);
	}
}

Test(values, endpoints_are_of_files_alone_and_restart_nobody)
{
#define LISTING(files, change)                                                                               \
	"id: x\nservices:\n- {type: 'docker:i:1', id: a, openPorts: 80}\n- type: docker:i:1\n  id: "         \
	"b\n" change "  files:\n    /list: " files "\n"
	close_outcome(&outcome);
	outcome = accepted(LISTING("$berth:endpoints(\"a\")", "  onChange: none\n"));
	const struct component_spec *spec = &outcome.blueprint->components[1];
	cr_expect_eq(spec->files[0].content->kind, VALUE_ENDPOINTS);
	cr_expect_eq(spec->files[0].content->component, 0);
	cr_expect(spec->lists_members);
	close_outcome(&outcome);
	outcome = accepted(LISTING("{$brooklyn:formatString: ['x %s', '$berth:endpoints(\"a\", 80)']}",
				   "  onChange: {signal: HUP}\n"));
	cr_expect(outcome.blueprint->components[1].lists_members);
	cr_expect_not(outcome.blueprint->components[0].lists_members);
	refused(LISTING("$berth:endpoints(\"a\")", ""), 7, 5, "`onChange` cannot be restart",
		"{signal: HUP}");
	bad("$berth:endpoints(\"a\")", 5, "which only a file can", "`files`");
}

Test(values, format_joins_and_folds)
{
	cr_assert_str_eq(value_of("$brooklyn:formatString(\"%s-%d%%\", \"a\", 5)")->text, "a-5%");
	const struct value *v =
	    value_of("$brooklyn:formatString(\"http://%s/x\", $berth:endpoint(\"a\", 80))");
	cr_assert_eq(v->kind, VALUE_JOIN);
	cr_assert_eq(v->part_count, 3);
	cr_assert_str_eq(v->parts[0].text, "http://");
	cr_assert_eq(v->parts[1].kind, VALUE_ENDPOINT);
	cr_assert_str_eq(v->parts[2].text, "/x");
}

Test(values, map_form_is_the_same)
{
	const struct value *v = value_of("{$brooklyn:formatString: ['%s:%s', '$berth:address(\"a\")', 5]}");
	cr_assert_eq(v->kind, VALUE_JOIN);
	cr_assert_eq(v->parts[0].kind, VALUE_ADDRESS);
	cr_assert_str_eq(v->parts[2].text, "5");
	v = value_of("{'$brooklyn:component(\"a\").attributeWhenReady': service.isUp}");
	cr_assert_eq(v->kind, VALUE_SENSOR);
	cr_assert_str_eq(value_of("{$brooklyn:literal: '$brooklyn:x'}")->text, "$brooklyn:x");
}

Test(values, literal_is_not_evaluated)
{
	cr_assert_str_eq(value_of("$brooklyn:literal(\"$brooklyn:config(1)\")")->text, "$brooklyn:config(1)");
}

Test(values, secrets_keep_their_reference)
{
	const struct value *v = value_of("$berth:secret(\"env:API\")");
	cr_assert_eq(v->kind, VALUE_SECRET);
	cr_assert_str_eq(v->text, "env:API");
	cr_assert_str_eq(value_of("$berth:secret(\"file:keys/k\")")->text, "file:/base/keys/k");
	cr_assert_str_eq(value_of("$berth:secret(\"file:/abs\")")->text, "file:/abs");
	bad("$berth:secret(\"API\")", 22, "given by its place", "env:NAME");
}

Test(values, env_reads_the_deployers_environment)
{
	cr_assert_str_eq(value_of("$berth:env(\"GIT_COMMIT\")")->text, "abc123");
	cr_assert_str_eq(value_of("$berth:env(\"ABSENT\", \"none\")")->text, "none");
	bad("$berth:env(\"ABSENT\")", 15, "`ABSENT` is not set", "default");
}

Test(values, sensors_are_checked)
{
	const struct value *v = value_of("$brooklyn:component(\"a\").attributeWhenReady(\"host.address\")");
	cr_assert_eq(v->kind, VALUE_SENSOR);
	cr_assert_eq(v->component, 0);
	cr_assert_str_eq(v->text, "host.address");
	cr_assert_eq(value_of("$brooklyn:attributeWhenReady(\"host.name\")")->component, 1);
	bad("$brooklyn:component(\"a\").attributeWhenReady(\"host.adress\")", 52, "no sensor",
	    "`host.address`");
	bad("$brooklyn:component(\"a\").attributeWhenReady(\"x\", {})", 57, "does not fit here", NULL);
}

#define OF_WEB(more)                                                                                         \
	"services:\n- {type: 'docker:x', id: web, sensors: {load: {value: 3}}}\n- type: docker:y\n  id: "    \
	"b\n" more

Test(values, a_sensor_of_another_component_is_taken_by_a_variable_alone)
{
	outcome =
	    accepted(OF_WEB("  env: {K: '$brooklyn:component(\"web\").attributeWhenReady(\"load\")'}\n"));
	const struct value *v = &outcome.blueprint->components[1].environment[0].value;
	cr_assert_eq(v->kind, VALUE_SAMPLE);
	cr_assert_eq(v->component, 0);
	cr_assert_str_eq(v->text, "load");
	refused(OF_WEB("  env: {K: '$brooklyn:component(\"web\").attributeWhenReady(\"laod\")'}\n"), 5, 59,
		"`web` has no sensor `laod`", "`load`");
	refused(OF_WEB("  command: [x, '$brooklyn:component(\"web\").attributeWhenReady(\"load\")']\n"), 5,
		63, "only `env` can take it", "variable of `env`");
	refused(OF_WEB("  sensors: {own: {value: 3}}\n  env: {K: '$brooklyn:attributeWhenReady(\"own\")'}\n"),
		6, 42, "not known before it starts", NULL);
}

Test(values, mapped_port_publishes_the_targets_port)
{
	const struct value *v =
	    value_of("$brooklyn:component(\"a\").attributeWhenReady(\"mapped.docker.port.443\")");
	cr_assert_eq(v->kind, VALUE_SENSOR);
	const struct component_spec *a = &outcome.blueprint->components[0];
	cr_assert_eq(a->published_count, 1);
	cr_assert_eq(a->published[0].port, 443);
	cr_assert_eq(a->open_port_count, 2);
	bad("$brooklyn:component(\"a\").attributeWhenReady(\"mapped.docker.port.0\")", 52, "no port from 1",
	    NULL);
}

Test(values, wrong_expressions_point_at_the_word)
{
	bad("$brooklyn:conponent(\"a\")", 18, "no function is called `conponent`", "`component`");
	bad("$brooklyn:parent()", 18, "parent() is no component of its own here", "component(\"id\")");
	bad("$brooklyn:entityId()", 18, "entityId() is not supported yet", "entity.id");
	bad("$brooklyn:external(\"vault\", \"key\")", 18, "external() is not supported yet", "secret(");
	bad("$brooklyn:urlEncode(\"a\")", 18, "urlEncode() is not supported yet", NULL);
	bad("$berth:address(\"nope\")", 23, "no component has the id `nope`", "`a`");
	bad("$berth:port(\"a\", 81)", 25, "`a` has no port `81`", "80, 443");
	bad("$berth:port(\"b\")", 15, "`b` has no ports", "openPorts");
	bad("$berth:component(\"a\")", 15, "a component is no text", "endpoint");
	bad("$brooklyn:literal(\"a\"", 18, "not closed", NULL);
	bad("$brooklyn:literal('a')", 26, "double quotes", NULL);
	bad("$brooklyn:literal", 18, "without `(...)`", "literal(");
	bad("$brooklyn:literal(\"a\") more", 31, "text after the end", "formatString");
	bad("$brooklyn:literal(\"a)", 26, "not closed", NULL);
	bad("$brooklyn:config(\"x\")[0]", 29, "not supported yet", NULL);
	bad("$brooklyn:literal()", 18, "does not take 0 arguments", "takes 1");
	bad("{$brooklyn:literal: x, other: y}", 9, "only key of its map", NULL);
	bad("[a, b]", 8, "a list stands where a text is needed", NULL);
}

Test(values, format_arguments_are_counted_and_typed)
{
	bad("$brooklyn:formatString(\"%s %s\", \"a\")", 18, "takes 2 arguments, but 1 is given", NULL);
	bad("$brooklyn:formatString(\"%x\", \"a\")", 31, "has a `%x`", "%s");
	bad("$brooklyn:formatString(\"%d\", \"a\")", 37, "%d takes a whole number", "%s");
}

Test(values, an_expression_within_a_text_is_warned_of)
{
	const struct value *v = value_of("http://$brooklyn:component(\"a\")/");
	cr_assert_str_eq(v->text, "http://$brooklyn:component(\"a\")/");
	cr_assert_eq(outcome.list.warnings, 1);
	expect_words(entry_at(&outcome.list, 6, 8), "not evaluated", "formatString");
}

Test(values, config_looks_in_the_component_then_parameters_then_the_application)
{
	outcome =
	    accepted("brooklyn.config: {k: app, both: app, nested: '$brooklyn:config(\"k\")'}\n"
		     "parameters:\n- {name: p, default: initial}\n- {name: both, default: unused}\n- empty\n"
		     "services:\n- type: docker:x\n  config: {k: own}\n"
		     "  env: {A: '$brooklyn:config(\"k\")', B: '$brooklyn:config(\"p\")', "
		     "C: '$brooklyn:config(\"both\")', D: '$brooklyn:config(\"nested\")', "
		     "E: '$brooklyn:config(\"empty\")'}\n");
	static const char *const expected[] = {"own", "initial", "app", "own", ""};
	for (size_t i = 0; i < 5; i++)
		cr_assert_str_eq(outcome.blueprint->components[0].environment[i].value.text, expected[i]);
}

Test(values, config_of_another_component_is_its_own)
{
	outcome = accepted("services:\n- {type: 'docker:x', id: a, config: {k: theirs}}\n"
			   "- {type: 'docker:y', id: b, config: {k: ours}, "
			   "env: {A: '$brooklyn:component(\"a\").config(\"k\")'}}\n");
	cr_assert_str_eq(outcome.blueprint->components[1].environment[0].value.text, "theirs");
}

Test(values, config_that_nobody_sets_or_that_leads_back_is_refused)
{
	refused("brooklyn.config: {colour: red}\nservices:\n- type: docker:x\n  env: {A: "
		"'$brooklyn:config(\"color\")'}\n",
		4, 23, "nothing sets the config `color`", "`colour`");
	refused("brooklyn.config:\n  a: $brooklyn:config(\"b\")\n  b: $brooklyn:config(\"a\")\n"
		"services:\n- type: docker:x\n  env:\n    A: $brooklyn:config(\"a\")\n",
		3, 16, "a -> b -> a", NULL);
}

Test(values, config_may_be_a_whole_list_or_number)
{
	outcome = accepted("brooklyn.config: {ports: [80, 81], mem: 64m}\nservices:\n- type: docker:x\n"
			   "  openPorts: $brooklyn:config(\"ports\")\n  memory: $brooklyn:config(\"mem\")\n");
	cr_assert_eq(outcome.blueprint->components[0].open_port_count, 2);
	cr_assert_eq(outcome.blueprint->components[0].memory_bytes, 64LL << 20);
}

Test(values, what_is_known_only_later_cannot_be_a_fixed_value)
{
	refused("services:\n- {type: 'docker:x', id: a, openPorts: 80}\n- type: docker:y\n"
		"  memory: $berth:address(\"a\")\n",
		4, 11, "a fixed value is needed here", NULL);
}
