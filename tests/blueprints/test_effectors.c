/* test_effectors.c - the effectors of a component: which commands they are, and what is refused. */
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(effectors, .fini = close_all);

Test(effectors, each_is_a_command_by_its_name)
{
	outcome = accepted(with_lines("  effectors:\n"
				      "    backup: pg_dump >/backup/$NAME\n"
				      "    flush: [redis-cli, flushall]\n"));
	const struct component_spec *spec = &outcome.blueprint->components[0];
	cr_assert_eq(spec->effector_count, 2);
	cr_expect_str_eq(spec->effectors[0].name, "backup");
	cr_expect(spec->effectors[0].command.shell);
	cr_expect_str_eq(spec->effectors[1].name, "flush");
	cr_expect_not(spec->effectors[1].command.shell);
	cr_expect_eq(spec->effectors[1].command.count, 2);
}

Test(effectors, one_may_be_a_request_and_have_parameters)
{
	outcome = accepted(
	    with_lines("  effectors:\n"
		       "    flush: {http: {path: '/flush/${WHAT}', headers: {X-Who: me}, body: 'a=${WHAT}'}, "
		       "parameters: {WHAT: all}}\n"
		       "    backup: {command: [pg_dump], parameters: {TO: , KEEP: 3}}\n"));
	const struct effector *effectors = outcome.blueprint->components[0].effectors;
	cr_assert_not_null(effectors[0].call);
	cr_expect_str_eq(effectors[0].call->method, "POST");
	cr_expect_str_eq(effectors[0].call->path, "/flush/${WHAT}");
	cr_expect_str_eq(effectors[0].call->headers[0], "X-Who: me");
	cr_expect_str_eq(effectors[0].call->body, "a=${WHAT}");
	cr_expect_eq(effectors[0].parameter_count, 1);
	cr_expect_str_eq(effectors[0].parameters[0].value, "all");
	cr_expect_null(effectors[1].call);
	cr_expect(effectors[1].command.given);
	cr_expect(effectors[1].closed);
	cr_expect_str_eq(effectors[1].parameters[0].value, "");
	cr_expect_str_eq(effectors[1].parameters[1].value, "3");
}

Test(effectors, a_request_has_any_of_the_methods_and_a_port)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		char lines[160];
		snprintf(lines, sizeof lines,
			 "  openPorts: 8080\n  effectors: {f: {http: {method: %s, port: 8080}}}", methods[i]);
		close_outcome(&outcome);
		outcome = accepted(with_lines(lines));
		const struct effector *effector = outcome.blueprint->components[0].effectors;
		cr_expect_str_eq(effector->call->method, methods[i]);
		cr_expect_eq(effector->call->port, 8080);
	}
}

Test(effectors, brooklyns_initializer_is_one)
{
	outcome = accepted(with_lines(
	    "  effectors: {first: 'true'}\n"
	    "  brooklyn.initializers:\n"
	    "  - type: org.apache.brooklyn.core.effector.ssh.SshCommandEffector\n"
	    "    brooklyn.config:\n"
	    "      name: sayHi\n"
	    "      description: says it\n"
	    "      command: echo hi $WHO\n"
	    "      shell.env: {FROM: here}\n"
	    "      parameters: {WHO: {description: whom, defaultValue: you}, HOW: loud, OPEN: {}}\n"));
	const struct component_spec *spec = &outcome.blueprint->components[0];
	cr_assert_eq(spec->effector_count, 2);
	const struct effector *effector = &spec->effectors[1];
	cr_expect_str_eq(effector->name, "sayHi");
	cr_expect(effector->command.shell);
	cr_expect(effector->closed);
	cr_assert_eq(effector->parameter_count, 4);
	cr_expect_str_eq(effector->parameters[0].value, "here");
	cr_expect_str_eq(effector->parameters[1].value, "you");
	cr_expect_str_eq(effector->parameters[2].value, "loud");
	cr_expect_str_eq(effector->parameters[3].value, "");
}

static void bad_initializer(const char *config, int column, const char *words)
{
	char lines[512];
	snprintf(lines, sizeof lines, "  initializers: [{type: ssh-effector, config: %s}]", config);
	refused(with_lines(lines), 3, column, words, NULL);
}

Test(effectors, what_is_wrong_with_brooklyns_is_said)
{
	bad_initializer("{command: x}", 18, "the effector has no `name`");
	bad_initializer("{name: a}", 18, "the effector has no `command`");
	bad_initializer("{name: stop, command: x}", 18, "every component has an effector `stop`");
	bad_initializer("{name: a, command: x, executionDir: /tmp}", 69, "takes no key `executionDir`");
	bad_initializer("{name: a, command: x, executionTarget: MEMBERS}", 86, "`MEMBERS`");
	bad_initializer("{name: a, command: x, parameters: {'a b': c}}", 82, "name of a parameter");
	bad_initializer("{name: a, command: x, parameters: [b]}", 81, "takes a map");
	refused(
	    with_lines("  effectors: {a: x}\n  initializers: [{type: ssh-effector, name: a, command: y}]"), 4,
	    18, "has two effectors `a`", NULL);
}

Test(effectors, none_is_none)
{
	outcome = accepted(with_lines("  effectors:\n"));
	cr_expect_eq(outcome.blueprint->components[0].effector_count, 0);
}

Test(effectors, a_process_has_them_too)
{
	outcome = accepted(
	    "services:\n- {type: process, id: x, command: sleep 1, effectors: {rotate: kill -USR1 $PPID}}\n");
	cr_expect_eq(outcome.blueprint->components[0].effector_count, 1);
}

Test(effectors, mistakes_are_told_where_they_are)
{
	refused(with_lines("  effectors: backup"), 3, 14, "takes a map, not text", "{NAME: COMMAND}");
	refused(with_lines("  effectors:\n    stop: x"), 4, 5, "every component has an effector `stop`",
		"another name");
	refused(with_lines("  effectors:\n    a b: x"), 4, 5, "cannot be the name of an effector", "letters");
	refused(with_lines("  effectors:\n    backup: {comand: x}"), 4, 14,
		"unknown key `comand` of an effector", "did you mean `command`?");
	refused(with_lines("  effectors:\n    backup: {command: x, http: {}}"), 4, 13,
		"exactly one of `command` and `http`", NULL);
	refused(with_lines("  effectors:\n    backup: {parameters: {A: 1}}"), 4, 13,
		"exactly one of `command` and `http`", NULL);
	refused(with_lines("  effectors:\n    f: {http: {method: FETCHING}}"), 4, 24,
		"`FETCHING` is no method", "GET, HEAD");
	refused(with_lines("  effectors:\n    f: {http: {path: x}}"), 4, 22, "should begin with `/`", NULL);
	refused(with_lines("  effectors:\n    f: {http: {port: many}}"), 4, 22, "is no port", NULL);
	refused(with_lines("  effectors:\n    f: {http: /x}"), 4, 15, "`http` takes a map", NULL);
	refused(with_lines("  effectors:\n    f: {http: {pth: /x}}"), 4, 16, "unknown key `pth`",
		"did you mean `path`?");
	refused(with_lines("  effectors:\n    f: {command: x, parameters: {a-b: 1}}"), 4, 34,
		"cannot be the name of a parameter", NULL);
	refused(with_lines("  effectors:\n    backup:"), 4, 12, "takes a text or a list of texts", NULL);
	refused(with_lines("  effectors:\n    backup: []"), 4, 13, "a command without a word", NULL);
	refused("services:\n- {type: external, id: e, address: a, ports: 1, effectors: {x: y}}\n", 2, 49,
		"effectors", NULL);
}

Test(effectors, what_a_component_has_of_itself_is_its_own_unless_it_was_given_another)
{
	outcome = accepted("services:\n- {type: cluster, id: web, memberSpec: {type: 'docker:nginx', "
			   "effectors: {resize: grow, flush: x}}}\n");
	const struct component_spec *cluster = &outcome.blueprint->components[0];
	const struct component_spec plain = {0};
	const char *names[EFFECTOR_LIMIT];
	cr_expect_eq(own_effector_of(cluster, "restart"), EFFECTOR_RESTART);
	cr_expect_eq(own_effector_of(cluster, "replaceMember"), EFFECTOR_REPLACE_MEMBER);
	cr_expect_eq(own_effector_of(&plain, "replaceMember"), EFFECTOR_NONE);
	cr_expect_eq(own_effector_of(cluster, "resize"), EFFECTOR_NONE);
	cr_expect_eq(own_effector_of(cluster, "flush"), EFFECTOR_NONE);
	cr_expect_eq(effector_names(&plain, names), 3);
	cr_expect_eq(effector_names(cluster, names), EFFECTOR_NONE + 2);
	cr_expect_str_eq(names[2], "restart");
	cr_expect_str_eq(names[EFFECTOR_NONE + 1], "flush");
}
