/* test_readable.c - what a plan shows of old and new values is what people write. */
#include <criterion/criterion.h>

#include "engine/readable.h"

static struct arena arena;

static void let_go(void)
{
	arena_release(&arena);
}

TestSuite(readable, .fini = let_go);

static void reads(const char *path, const char *fact, const char *expected)
{
	const char *got = readable_fact(&arena, path, fact);
	if (expected)
		cr_expect_str_eq(got ? got : "(none)", expected, "%s: %s", path, fact);
	else
		cr_expect_null(got, "%s: %s", path, fact);
}

Test(readable, amounts_have_their_units)
{
	reads("memory", "67108864", "64m");
	reads("memory", "3221225472", "3g");
	reads("memory", "1000", "1000");
	reads("memory", "0", NULL);
	reads("cpus", "500000000", "0.5");
	reads("cpus", "2000000000", "2");
	reads("cpus", "1250000000", "1.25");
	reads("cpus", "0", NULL);
	reads("env.memory", "67108864", "67108864");
}

Test(readable, commands_are_lines_or_lists)
{
	reads("command", "sh: exec web --port 80", "exec web --port 80");
	reads("entrypoint", "exec: web\x1f--name\x1ftwo words", "[web, --name, two words]");
	reads("env.WHY", "sh: no command", "sh: no command");
}

Test(readable, expressions_have_the_arguments_that_were_given)
{
	reads("env.A", "$berth:secret(\"\", \"env:TOKEN\", 0)", "$berth:secret(\"env:TOKEN\")");
	reads("env.A", "http://$berth:endpoint(\"db\", \"\", 6379)/x$berth:address(\"web\", \"\", 0)",
	      "http://$berth:endpoint(\"db\", 6379)/x$berth:address(\"web\")");
	reads("env.A", "$berth:port(\"db\", \"http\", 0)", "$berth:port(\"db\", \"http\")");
	reads("command", "sh: run $berth:address(\"db\", \"\", 0)", "run $berth:address(\"db\")");
}

Test(readable, what_only_looks_like_one_is_left_as_it_is)
{
	reads("env.A", "$berth:nothing", "$berth:nothing");
	reads("env.A", "$berth:f(\"a\", \"b\"", "$berth:f(\"a\", \"b\"");
	reads("env.A", "", "");
}
