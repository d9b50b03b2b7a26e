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
	refused(with_lines("  effectors:\n    backup: {command: x}"), 4, 13,
		"takes a text or a list of texts", NULL);
	refused(with_lines("  effectors:\n    backup:"), 4, 12, "takes a text or a list of texts", NULL);
	refused(with_lines("  effectors:\n    backup: []"), 4, 13, "a command without a word", NULL);
	refused("services:\n- {type: external, id: e, address: a, ports: 1, effectors: {x: y}}\n", 2, 49,
		"effectors", NULL);
}
