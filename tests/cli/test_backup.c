/* test_backup.c - berth backup and restore: what is asked, and what is shown of the answer. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(backup, .init = cli_begin, .fini = cli_end, .timeout = 120);

Test(backup, both_take_a_file_and_tell_what_is_in_it)
{
	script.result = "{\"file\":\"/b/monday.db\",\"applications\":3}";
	cr_expect_eq(run_cli("backup monday.db"), 0, "%s", err);
	cr_expect_str_eq(asked.verb, "backup");
	cr_expect_str_eq(asked.file, "monday.db");
	cr_expect_str_eq(out, "Backed up to /b/monday.db: 3 applications\n");
	script.result = "{\"file\":\"/b/monday.db\",\"applications\":1,\"former\":\"/s/berth.db.2026\"}";
	cr_expect_eq(run_cli("restore monday.db"), 0, "%s", err);
	cr_expect_str_eq(asked.verb, "restore");
	cr_expect_str_eq(out, "Restored from /b/monday.db: 1 application\n"
			      "What was remembered before is in /s/berth.db.2026\n");
	script.result = "{\"file\":\"/b/monday.db\",\"applications\":1,\"former\":null}";
	cr_expect_eq(run_cli("restore monday.db --dry-run"), 0, "%s", err);
	cr_expect(asked.dry_run);
	cr_expect_str_eq(out, "Would restore from /b/monday.db: 1 application\n");
}

Test(backup, the_store_of_a_controller_is_named_by_its_directory)
{
	static const char *const lines[] = {"backup --state /var/lib/berth x.db",
					    "restore --state /var/lib/berth x.db"};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		cr_expect_eq(run_cli(lines[i]), 0, "%s", err);
		cr_expect_str_eq(asked.state, "/var/lib/berth");
	}
}

Test(backup, only_a_file_of_this_machine_will_do)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
	    {"backup", "which file?"},
	    {"restore -", "name a file of this machine"},
	    {"restore https://here/x.db", "name a file of this machine"},
	    {"backup x.db --controller https://c:7443", "does not send its store"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_expect_eq(run_cli(cases[i].line), 64, "%s", cases[i].line);
		cr_expect(strstr(err, cases[i].says), "%s: %s", cases[i].line, err);
	}
	cr_expect_eq(asked.begun, 0);
	cr_expect_eq(run_cli("backup x.db --controller none"), 0, "%s", err);
}
