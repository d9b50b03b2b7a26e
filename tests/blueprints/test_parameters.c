/* test_parameters.c - parameters and --set. */
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

#define SERVICES "services:\n- {type: 'docker:x', id: web, env: {A: '$brooklyn:config(\"p\")', B: b}}\n"

TestSuite(parameters, .fini = close_all);

static void set_wrong(const char *text, const char *setting, const char *words, const char *remedy)
{
	outcome = parse_with(text, (const char *[]){setting, NULL}, NULL);
	cr_assert_eq(outcome.list.errors, 1, "%zu errors", outcome.list.errors);
	cr_assert_str_eq(outcome.list.first->place.file, "--set");
	expect_words(outcome.list.first, words, remedy);
	close_outcome(&outcome);
}

static void set_right(const char *text, const char *setting)
{
	close_outcome(&outcome);
	outcome = accepted_with(text, (const char *[]){setting, NULL});
}

Test(parameters, a_setting_wins_over_the_default)
{
	set_right("parameters: [{name: p, default: d}]\n" SERVICES, "p=set=x");
	cr_assert_str_eq(outcome.blueprint->components[0].environment[0].value.text, "set=x");
	set_right("brooklyn.parameters: [{name: p, type: integer, default: 5}]\n" SERVICES, NULL);
	cr_assert_str_eq(outcome.blueprint->components[0].environment[0].value.text, "5");
}

Test(parameters, what_is_said_of_one_for_others_has_no_effect)
{
	set_right("parameters:\n- {name: p, default: d, label: l, description: [any, thing], pinned: true,\n"
		  "   reconfigurable: false, inheritance.type: none, inheritance.runtime: none}\n" SERVICES,
		  NULL);
	cr_assert_str_eq(outcome.blueprint->components[0].environment[0].value.text, "d");
	cr_assert_eq(outcome.list.warnings, 0);
}

Test(parameters, a_required_one_needs_a_value)
{
	refused("parameters:\n- {name: p, required: true}\n" SERVICES, 2, 10, "`p` has no value",
		"--set p=VALUE");
	refused("parameters:\n- {name: p, constraints: [required]}\n" SERVICES, 2, 10, "`p` has no value",
		NULL);
	set_right("parameters: [{name: p, required: true}]\n" SERVICES, "p=x");
}

Test(parameters, types_and_constraints_are_checked)
{
	refused("parameters:\n- {name: p, type: integer, default: x}\n" SERVICES, 2, 37, "`x` is none", NULL);
	refused("parameters:\n- {name: p, type: port, default: 70000}\n" SERVICES, 2, 34, "`70000` is none",
		NULL);
	refused("parameters:\n- {name: p, type: boolean, default: x}\n" SERVICES, 2, 37, "is none", NULL);
	refused("parameters:\n- {name: p, type: double, default: x}\n" SERVICES, 2, 36, "is none", NULL);
	refused("parameters:\n- {name: p, type: duration, default: x}\n" SERVICES, 2, 38, "is none", NULL);
	refused("parameters:\n- {name: p, default: x, constraints: [{regex: 'a+'}]}\n" SERVICES, 2, 22,
		"may not be `x`", "line 2");
	set_wrong("parameters: [{name: p, type: integer}]\n" SERVICES, "p=x", "`x` is none", NULL);
	set_right("parameters: [{name: p, constraints: [{regex: 'a+'}]}]\n" SERVICES, "p=aaa");
}

Test(parameters, wrong_declarations_are_refused)
{
	refused("parameters: {p: 1}\n"
		"services: [{type: 'docker:x'}]\n",
		1, 13, "takes a list", NULL);
	refused("parameters: [{name: p, tpe: x}]\n" SERVICES, 1, 24, "unknown key `tpe`", "`type`");
	refused("parameters: [{name: p, type: strng}]\n" SERVICES, 1, 30, "unknown type `strng`", "`string`");
	refused("parameters: [p, p]\n" SERVICES, 1, 17, "two parameters are called `p`", NULL);
	refused("parameters: [p, {default: 1}]\n" SERVICES, 1, 17, "needs a `name`", NULL);
	refused("parameters: [{name: p, constraints: [{urlExists: x}]}]\n" SERVICES, 1, 39,
		"`urlExists` is not supported yet", NULL);
	refused("parameters: [{name: p, constraints: [{regex: '('}]}]\n" SERVICES, 1, 46,
		"no regular expression", NULL);
	refused("parameters: [{name: p, required: perhaps}]\n" SERVICES, 1, 34, "true or false", NULL);
}

Test(parameters, settings_reach_into_components)
{
	const char text[] = "parameters: [p]\n" SERVICES;
	set_right(text, "web.memory=256m");
	const struct component_spec *web = &outcome.blueprint->components[0];
	cr_assert_eq(web->memory_bytes, 256LL << 20);
	cr_assert_str_eq(web->key_places[web->key_place_count - 3].place.file, "--set");
	set_right(text, "web.env.B=new");
	web = &outcome.blueprint->components[0];
	cr_assert_eq(web->environment_count, 2);
	cr_assert_str_eq(web->environment[1].value.text, "new");
	cr_assert_str_eq(web->environment[1].place.file, "--set");
	set_right(text, "web.env.C=more");
	cr_assert_eq(outcome.blueprint->components[0].environment_count, 3);
	set_right(text, "web.openPorts=[80, 443]");
	cr_assert_eq(outcome.blueprint->components[0].open_port_count, 2);
	set_right(text, "web.type=docker:redis:4");
	cr_assert_str_eq(outcome.blueprint->components[0].image.tag, "4");
	set_right(text, "web.config.p=mine");
	cr_assert_str_eq(outcome.blueprint->components[0].environment[0].value.text, "mine");
}

Test(parameters, settings_that_reach_nothing_are_refused)
{
	const char text[] = "parameters: [p]\n" SERVICES;
	set_wrong(text, "q=1", "no parameter is called `q`", "COMPONENT.KEY=VALUE");
	set_wrong(text, "wbe.memory=1", "no component has the id `wbe`", "`web`");
	set_wrong(text, "web.memry=1", "unknown key `memry` of the component `web`", "`memory`");
	set_wrong(text, "web.children=no", "cannot be set from outside", NULL);
	set_wrong(text, "web.id=x", "cannot be set", NULL);
	set_wrong(text, "novalue", "sets nothing", "PARAMETER=VALUE");
	set_wrong(text, "web.memory=lots", "`lots` is no amount of memory", NULL);
}

Test(parameters, patterns_are_those_that_brooklyns_users_write)
{
	static const struct {
		const char *regex, *yes, *no;
	} patterns[] = {
	    {"^(?:[0-9]{1,3}\\.){3}[0-9]{1,3}$", "10.0.0.5", "10.0.0"},
	    {"\\d+[a-z]*?", "12ab", "ab12"},
	    {"[\\w.-]+", "a_b.c-d", "a b"},
	    {"[^\\]]+", "ab", "a]b"},
	    {"[\\^\\-x]", "^", "y"},
	    {"[\\^]", "^", "x"},
	    {"[[:alpha:]]+", "abc", "ab1"},
	    {"a|b", "b", "ab"},
	    {"\\S+\\s\\S+", "a b", "ab"},
	    {"[\\s]x", " x", "sx"},
	    {"[a\\.]", ".", "b"},
	};
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		char text[300], setting[40];
		snprintf(text, sizeof(text),
			 "parameters: [{name: p, constraints: [{regex: '%s'}]}]\n" SERVICES,
			 patterns[i].regex);
		snprintf(setting, sizeof(setting), "p=%s", patterns[i].yes);
		set_right(text, setting);
		close_outcome(&outcome);
		snprintf(setting, sizeof(setting), "p=%s", patterns[i].no);
		set_wrong(text, setting, "may not be", "line 1");
	}
	static const char *const others[] = {"(?=a)b", "a++", "\\p{L}", "[a[b]]", "[a&&b]", "[a", "\\"};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		char text[300];
		snprintf(text, sizeof(text),
			 "parameters: [{name: p, constraints: [{regex: '%s'}]}]\n" SERVICES, others[i]);
		refused(text, 1, 46, "regular expression", NULL);
	}
}

#define PAIR(constraint)                                                                                     \
	"parameters:\n- {name: p, constraints: [" constraint "]}\n- {name: q}\n- {name: r}\n" SERVICES

static void both(const char *text, const char *p, const char *q, const char *words)
{
	close_outcome(&outcome);
	outcome = parse_with(text, (const char *[]){p ? p : q, p ? q : NULL, NULL}, NULL);
	cr_assert_eq(outcome.list.errors, words ? 1 : 0, "%s %s: %s", text, p ? p : q,
		     outcome.list.first ? outcome.list.first->summary : "nothing");
	if (words)
		expect_words(outcome.list.first, words, NULL);
}

Test(parameters, one_may_speak_of_another)
{
	both(PAIR("{requiredIf: q}"), NULL, "q=1", "needs a value, as `q` has one");
	both(PAIR("{requiredIf: q}"), "p=1", "q=1", NULL);
	both(PAIR("{requiredIf: q}"), NULL, NULL, NULL);
	both(PAIR("{requiredUnless: q}"), NULL, NULL, "needs a value, unless `q` has one");
	both(PAIR("{requiredUnless: q}"), NULL, "q=1", NULL);
	both(PAIR("{requiredUnless: q}"), "p=1", NULL, NULL);
	both(PAIR("{forbiddenIf: q}"), "p=1", "q=1", "may have no value, as `q` has one");
	both(PAIR("{forbiddenIf: q}"), "p=1", "q=", NULL);
	both(PAIR("{forbiddenUnless: q}"), "p=1", NULL, "may have no value, unless `q` has one");
	both(PAIR("{forbiddenUnless: q}"), "p=1", "q=1", NULL);
	both(PAIR("{requiredUnlessAnyOf: [q, r]}"), NULL, NULL, "needs a value, unless `any of the others`");
	both(PAIR("{requiredUnlessAnyOf: [q, r]}"), NULL, "r=1", NULL);
	both(PAIR("{forbiddenUnlessAnyOf: [q, r]}"), "p=1", NULL, "may have no value");
	both(PAIR("{forbiddenUnlessAnyOf: r}"), "p=1", "r=1", NULL);
	both(PAIR("{glob: 'a*b'}"), "p=axxb", NULL, NULL);
	both(PAIR("{glob: 'a*b'}"), "p=axx", NULL, "may not be `axx`");
	refused(PAIR("{requiredIf: s}"), 2, 40, "nothing sets the config `s`", NULL);
	refused(PAIR("{requiredIf: [q]}"), 2, 40, "takes the name of another parameter", NULL);
	refused(PAIR("{requiredIff: q}"), 2, 28, "`requiredIff` is not supported yet", "`requiredIf`");
	refused(PAIR("requiredIf"), 2, 27, "`requiredIf` needs a value", "{requiredIf: ...}");
	refused(PAIR("[x]"), 2, 27, "a constraint is a word or a map", NULL);
}

Test(parameters, types_have_several_names_and_lists_and_maps_are_types)
{
	set_right(
	    "parameters: [{name: p, type: org.apache.brooklyn.util.time.Duration, default: 5m}]\n" SERVICES,
	    NULL);
	set_right("parameters: [{name: p, type: Port, default: 8000-8010}]\n" SERVICES, NULL);
	set_right("parameters: [{name: p}, {name: m, type: java.util.Map, default: {a: b}}]\n" SERVICES,
		  NULL);
	set_right("parameters: [{name: p, type: timestamp, default: '2026-01-02T03:04:05Z'}]\n" SERVICES,
		  NULL);
	cr_assert_str_eq(outcome.blueprint->components[0].environment[0].value.text, "2026-01-02T03:04:05Z");
	refused("parameters: [{name: p}, {name: m, type: java.util.Map, default: b}]\n" SERVICES, 1, 65,
		"is of the type map", NULL);
	refused("parameters: [{name: p}, {name: m, type: list, default: {a: b}}]\n" SERVICES, 1, 56,
		"is of the type list", NULL);
	refused("parameters: [{name: p, type: port, default: 10-5}]\n" SERVICES, 1, 45, "is none", NULL);
	refused("parameters: [{name: p, type: org.acme.Thing}]\n" SERVICES, 1, 30, "not supported yet",
		"string, integer");
	refused("parameters: [{name: p, type: integer, default: $berth:env(\"GIT_COMMIT\")}]\n" SERVICES, 1,
		48, "`abc123` is none", NULL);
	set_right("parameters: [{name: p, type: integer, default: $berth:endpoint(\"web\")}, {name: q}]\n"
		  "services: [{type: 'docker:x', id: web, openPorts: 1}]\n",
		  NULL);
}

Test(parameters, a_secret_one_is_never_quoted)
{
	set_wrong("parameters: [{name: api.token, type: integer}]\nservices: [{type: 'docker:x'}]\n",
		  "api.token=hunter2", "what it is set to is none", NULL);
	set_wrong(
	    "parameters: [{name: api.token, constraints: [{regex: x}]}]\nservices: [{type: 'docker:x'}]\n",
	    "api.token=hunter2", "may not be what it is set to", "line 1");
}
