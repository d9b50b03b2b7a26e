/* test_policy.c - berth policy: which words mean what, and how the list is shown. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(policy, .init = cli_begin, .fini = cli_end, .timeout = 120);

static void asks(const char *line, const char *action, const char *components, const char *name,
		 const char *arguments)
{
	asked.name[0] = '\0';
	cr_expect_eq(run_cli(line), 0, "%s: %s", line, err);
	cr_expect_str_eq(asked.verb, "policy", "%s", line);
	cr_expect_str_eq(asked.app, "shop", "%s", line);
	cr_expect_str_eq(asked.action, action, "%s", line);
	cr_expect_str_eq(asked.components, components, "%s", line);
	cr_expect_str_eq(asked.name, name, "%s", line);
	cr_expect_str_eq(asked.arguments, arguments, "%s", line);
}

Test(policy, list_suspend_resume_and_set_take_a_component_and_a_policy)
{
	asks("policy list shop", "list", "", "", "");
	asks("policy list shop db", "list", "db\n", "", "");
	asks("policy list shop db restarter", "list", "db\n", "restarter", "");
	asks("policy suspend shop restarter", "suspend", "", "restarter", "");
	asks("policy suspend shop db restarter", "suspend", "db\n", "restarter", "");
	asks("policy resume --app shop restarter", "resume", "", "restarter", "");
	asks("policy set shop db restarter backoff=2s maxTries=3", "set", "db\n", "restarter",
	     "backoff=2s\nmaxTries=3\n");
	asks("policy set shop restarter backoff=2s", "set", "", "restarter", "backoff=2s\n");
}

Test(policy, what_is_missing_or_too_much_is_said)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
	    {"policy", "list, suspend, resume or set?"},
	    {"policy remove shop", "`remove` is no word for here"},
	    {"policy list", "which application?"},
	    {"policy list ./shop.yaml", "takes an application's name, not a file"},
	    {"policy suspend shop", "which policy?"},
	    {"policy suspend shop db restarter web", "`web` is too much"},
	    {"policy suspend shop restarter backoff=1s", "`backoff=1s` is too much"},
	    {"policy set shop restarter", "what is `restarter` to be set to?"},
	    {"policy set shop backoff=1s", "which policy?"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_expect_eq(run_cli(cases[i].line), 64, "%s", cases[i].line);
		cr_expect(strstr(err, cases[i].says), "%s: %s", cases[i].line, err);
	}
	cr_expect_eq(asked.begun, 0);
}

Test(policy, the_list_tells_what_each_is_about_and_set_to)
{
	script.result =
	    "{\"app\": \"shop\", \"kept\": true, \"policies\": [{\"component\": \"db\", \"policy\": "
	    "\"restarter\", \"suspended\": false, \"supplied\": false, \"config\": {\"backoff\": "
	    "\"2s\", \"maxTries\": 3}, \"about\": \"waits 4 s before restart 3 of shop.db.1\"}]}";
	cr_expect_eq(run_cli("policy list shop"), 0, "%s", err);
	cr_expect(strstr(out, "waits 4 s before restart 3"), "%s", out);
	cr_expect(strstr(out, "backoff=2s maxTries=3"), "%s", out);
	cr_expect_not(strstr(out, "berth serve"), "%s", out);
	script.result =
	    "{\"app\": \"shop\", \"kept\": false, \"policies\": [{\"component\": \"db\", \"policy\": "
	    "\"restarter\", \"suspended\": true, \"config\": {}, \"about\": \"suspended\"}]}";
	cr_expect_eq(run_cli("policy suspend shop db restarter"), 0, "%s", err);
	cr_expect(strstr(out, "suspended"), "%s", out);
	cr_expect(strstr(out, "They act while `berth serve` keeps the application."), "%s", out);
	script.result =
	    "{\"app\": \"shop\", \"kept\": true, \"policies\": [{\"component\": \"db\", \"policy\": "
	    "\"restarter\", \"config\": {\"backoff\": \"2s\"}, \"about\": \"restart 1 of db.1; restart 2 of "
	    "db.2\", "
	    "\"each\": [\"restart 1 of db.1\", \"restart 2 of db.2\"]}]}";
	cr_expect_eq(run_cli("policy list shop"), 0, "%s", err);
	cr_expect_str_eq(out, "COMPONENT  POLICY     WHAT IT IS ABOUT   SET TO\n"
			      "db         restarter  restart 1 of db.1  backoff=2s\n"
			      "                      restart 2 of db.2\n");
	script.result = "{\"app\": \"shop\", \"kept\": true, \"policies\": []}";
	cr_expect_eq(run_cli("policy list shop"), 0, "%s", err);
	cr_expect_str_eq(out, "shop has no policies.\n");
}
