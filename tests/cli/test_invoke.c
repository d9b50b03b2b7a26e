/* test_invoke.c - berth invoke: what is asked, and what is shown of each instance. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(invoke, .init = cli_begin, .fini = cli_end, .timeout = 120);

Test(invoke, it_takes_a_component_an_effector_and_parameters)
{
	cr_expect_eq(run_cli("invoke shop db backup TO=/b DEPTH=2"), 0, "%s", err);
	cr_expect_str_eq(asked.verb, "invoke");
	cr_expect_str_eq(asked.app, "shop");
	cr_expect_str_eq(asked.components, "db\n");
	cr_expect_str_eq(asked.name, "backup");
	cr_expect_str_eq(asked.arguments, "TO=/b\nDEPTH=2\n");
}

Test(invoke, what_is_missing_is_said)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
	    {"invoke", "which application?"},
	    {"invoke shop", "of which component?"},
	    {"invoke shop db", "which effector?"},
	    {"invoke shop db backup now", "`now` is no parameter"},
	    {"invoke shop db backup --dry-run", "cannot be tried dry"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_expect_eq(run_cli(cases[i].line), 64, "%s", cases[i].line);
		cr_expect(strstr(err, cases[i].says), "%s: %s", cases[i].line, err);
	}
	cr_expect_eq(asked.begun, 0);
}

Test(invoke, each_instance_tells_how_it_ended_and_what_it_wrote)
{
	script.outcome = BERTH_FAILED;
	script.message = "`backup` failed in 2 of 3 instances of `db`";
	script.result =
	    "{\"app\":\"shop\",\"component\":\"db\",\"effector\":\"backup\",\"results\":["
	    "{\"instance\":\"shop.db.1\",\"location\":\"here\",\"exit_code\":0,\"error\":null,\"output\":["
	    "\"all "
	    "saved\"]},"
	    "{\"instance\":\"shop.db.2\",\"location\":\"here\",\"exit_code\":3,\"error\":null,\"output\":[]},"
	    "{\"instance\":\"shop.db.3\",\"location\":\"here\",\"exit_code\":null,\"error\":\"it is not "
	    "running\",\"output\":[]}]}";
	cr_expect_eq(run_cli("invoke shop db backup"), 1);
	cr_expect_str_eq(out, "db.1 at here: done\n"
			      "  | all saved\n"
			      "db.2 at here: failed with code 3\n"
			      "db.3 at here: it is not running\n");
	cr_expect(strstr(err, "failed in 2 of 3"), "%s", err);
}
