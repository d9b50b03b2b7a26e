/* test_completion.c - the shells' scripts hold every word of the tables; the names come fast and silently. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(completion, .init = cli_begin, .fini = cli_end, .timeout = 120);

Test(completion, every_command_and_flag_is_in_every_script)
{
	static const struct {
		const char *shell, *flag;
	} shells[] = {{"bash", " --%s"}, {"zsh", "--%s"}, {"fish", " -l %s "}};
	for (size_t s = 0; s < COUNT_OF(shells); s++) {
		char line[80], word[80];
		snprintf(line, sizeof line, "completion %s", shells[s].shell);
		cr_assert_eq(run_cli(line), 0);
		for (size_t i = 0; commands[i]; i++) {
			const struct flag *flag;
			cr_expect_eq(strstr(out, commands[i]->name) != NULL,
				     !commands[i]->hidden || strcmp(commands[i]->name, "__complete") == 0,
				     "%s: %s", shells[s].shell, commands[i]->name);
			for (size_t n = 0; (flag = flag_number(commands[i], n)); n++) {
				snprintf(word, sizeof word, shells[s].flag, flag->name);
				cr_expect(strstr(out, word), "%s: %s", shells[s].shell, word);
			}
		}
	}
}

Test(completion, a_shell_must_be_named)
{
	cr_expect_eq(run_cli("completion"), 64);
	cr_expect(strstr(err, "for which shell?"), "%s", err);
	cr_expect_eq(run_cli("completion tcsh"), 64);
	cr_expect(strstr(err, "the shells are bash, zsh and fish"), "%s", err);
}

Test(completion, names_come_from_what_is_remembered)
{
	script.result = "{\"applications\":[{\"app\":\"shop\"},{\"app\":\"talk\"}]}";
	cr_expect_eq(run_cli("__complete applications"), 0);
	cr_expect_str_eq(out, "shop\ntalk\n");
	cr_expect_str_eq(asked.verb, "status");
	cr_expect(asked.remembered, "no target is asked");
	script.result = "{\"components\":[{\"id\":\"db\"},{\"id\":\"web\"}]}";
	cr_expect_eq(run_cli("__complete components shop"), 0);
	cr_expect_str_eq(out, "db\nweb\n");
	cr_expect_str_eq(asked.app, "shop");
	cr_expect_eq(run_cli("__complete components ./blueprint.yaml"), 0);
	cr_expect_str_eq(asked.blueprint, "id: shop\n");
	script.result = "{\"locations\":[{\"name\":\"cloud\",\"spec\":\"docker:x\"}]}";
	cr_expect_eq(run_cli("__complete locations"), 0);
	cr_expect_str_eq(out, "cloud\n");
	cr_expect_eq(run_cli("__complete specs"), 0);
	cr_expect_str_eq(out, "docker\ndocker:x\n");
	script.result = "{\"types\":[{\"name\":\"process\"}]}";
	cr_expect_eq(run_cli("__complete types"), 0);
	cr_expect_str_eq(out, "process\n");
}

Test(completion, whatever_is_wrong_is_not_told)
{
	setenv("BERTH_OUTPUT", "nonsense", 1);
	script = (struct script){.begin_error = "no store", .outcome = BERTH_FAILED};
	cr_expect_eq(run_cli("__complete applications"), 0);
	cr_expect_str_eq(out, "");
	cr_expect_str_eq(err, "");
	cr_expect_eq(run_cli("__complete components ./nowhere.yaml"), 0);
	cr_expect_str_eq(err, "");
	cr_expect_eq(run_cli("__complete"), 0);
	cr_expect_eq(run_cli("__complete stars"), 0);
	unsetenv("BERTH_OUTPUT");
	script = (struct script){.result = "", .outcome = BERTH_UNREACHABLE, .message = "m"};
	cr_expect_eq(run_cli("__complete applications"), 0);
	cr_expect_str_eq(err, "");
}
