/* test_manual.c - help, the manual's pages and docs/commands.md say the same as the tables that are parsed.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(manual, .init = cli_begin, .fini = cli_end, .timeout = 120);

static const struct command *next(size_t *i)
{
	while (commands[*i] && commands[*i]->hidden)
		++*i;
	return commands[*i] ? commands[(*i)++] : NULL;
}

static const char *help_of(const struct command *command)
{
	char line[80];
	snprintf(line, sizeof line, "%s --help", command->name);
	cr_assert_eq(run_cli(line), 0);
	cr_expect_str_eq(err, "");
	return out;
}

Test(manual, every_command_is_told_in_full)
{
	const struct command *command;
	for (size_t i = 0; (command = next(&i));) {
		cr_expect(command->details && strlen(command->details) > 40, "%s", command->name);
		cr_expect_neq(command->details[strlen(command->details) - 1], ' ', "%s", command->name);
		cr_expect(command->endings & ENDS(DONE) && command->endings & ENDS(USAGE), "%s",
			  command->name);
		for (size_t n = 0; n < COUNT_OF(command->examples); n++)
			cr_expect(command->examples[n].line && strstr(command->examples[n].line, "berth "),
				  "%s: two examples", command->name);
	}
}

Test(manual, help_of_a_command_stands_alone)
{
	const struct command *command;
	for (size_t i = 0; (command = next(&i));) {
		const struct flag *flag;
		const char *help = help_of(command);
		char text[200], variable[64];
		snprintf(text, sizeof text, "usage: berth %s [FLAGS]", command->name);
		cr_expect_eq(strncmp(help, text, strlen(text)), 0, "%s", help);
		for (size_t n = 0; (flag = flag_number(command, n)); n++) {
			flag_shown(flag, text, sizeof text);
			cr_expect(strstr(help, text), "%s: %s", command->name, text);
			cr_expect(!flag_variable(flag, variable) || strstr(help, variable), "%s: %s",
				  command->name, variable);
		}
		for (size_t n = 0; n < ENDING_COUNT; n++) {
			snprintf(text, sizeof text, "\n  %3d  ", exit_codes[n].code);
			cr_expect_eq(strstr(help, text) != NULL, (command->endings & 1u << n) != 0, "%s: %s",
				     command->name, text);
		}
		cr_expect(strstr(help, command->examples[1].line), "%s", command->name);
	}
}

/* Lines that are to be typed, or name one thing, are not broken. */
static bool unbroken(const char *line)
{
	const char *word = line + strspn(line, " ");
	return strncmp(line, "usage: ", 7) == 0 || strstr(line, "berth ") || *word == '-' ||
	       !strpbrk(word, " ");
}

Test(manual, help_fits_forty_columns)
{
	const struct command *command;
	setenv("COLUMNS", "40", 1);
	for (size_t i = 0; (command = next(&i));) {
		char *rest = (char *)help_of(command), *line;
		while ((line = strsep(&rest, "\n")))
			cr_expect(unbroken(line) || strlen(line) <= 40, "%s: %s", command->name, line);
	}
	unsetenv("COLUMNS");
}

Test(manual, general_help_lists_the_exit_codes_and_hides_what_is_hidden)
{
	cr_expect_eq(run_cli("help"), 0);
	for (size_t i = 0; i < ENDING_COUNT; i++)
		cr_expect(strstr(out, exit_codes[i].meaning), "%s", exit_codes[i].meaning);
	cr_expect_null(strstr(out, "__"));
	cr_expect_eq(run_cli("help __manual"), 64);
	cr_expect_eq(run_cli("__manul"), 64);
	cr_expect_null(strstr(err, "__manual"), "%s", err);
}

static char *read_file(const char *path)
{
	char *text = calloc(1, 256 * 1024);
	FILE *file = fopen(path, "r");
	cr_assert(text && file, "%s", path);
	cr_assert_lt(fread(text, 1, 256 * 1024 - 1, file), 256 * 1024 - 1);
	fclose(file);
	return text;
}

#define MARK "<!-- From here on made by `berth __manual markdown`. -->\n"

Test(manual, the_reference_is_what_the_tables_say)
{
	owned_memory char *page = read_file(BERTH_SOURCE_DIR "/docs/commands.md");
	const char *made = strstr(page, MARK);
	cr_assert_not_null(made, "no line that says where the made part begins");
	cr_assert_eq(run_cli("__manual markdown"), 0);
	cr_expect_str_eq(made + strlen(MARK), out,
			 "docs/commands.md: put there what `berth __manual markdown` prints");
}

Test(manual, a_page_for_each_command)
{
	const struct command *command;
	script.result = "{\"types\":[{\"name\":\"process\",\"summary\":\"a program\",\"example\":\"- type: "
			"process\\n\",\"keys\":[{\"name\":\"env\",\"summary\":\"variables\"}]}]}";
	setenv("SOURCE_DATE_EPOCH", "86400", 1);
	cr_assert_eq(run_cli("__manual man pages"), 0);
	for (size_t i = 0; (command = next(&i));) {
		char path[80];
		snprintf(path, sizeof path, "pages/man1/berth-%s.1", command->name);
		owned_memory char *page = read_file(path);
		cr_expect(strstr(page, "\"1970-01-02\""), "%s", page);
		cr_expect(strstr(page, ".SH EXIT STATUS\n"), "%s", page);
		cr_expect(strstr(page, "\\fB\\-\\-location\\fR \\fINAME=SPEC\\fR\n"), "%s", page);
	}
	owned_memory char *program = read_file("pages/man1/berth.1");
	cr_expect(strstr(program, "\\fBberth deploy\\fR [BLUEPRINT|PLAN]\n"), "%s", program);
	cr_expect(strstr(program, ".TP\n.B 124\n"), "%s", program);
	owned_memory char *blueprint = read_file("pages/man5/berth-blueprint.5");
	cr_expect(strstr(blueprint, ".SS type: process\n"), "%s", blueprint);
	cr_expect(strstr(blueprint, ".TP\n\\fBenv\\fR\nvariables\n"), "%s", blueprint);
	unsetenv("SOURCE_DATE_EPOCH");
}

Test(manual, pages_that_cannot_be_written_are_a_failure)
{
	cr_expect_eq(run_cli("__manual man /proc/nowhere"), 64);
	cr_expect(strstr(err, "cannot write /proc/nowhere/man1/berth.1"), "%s", err);
	cr_expect_eq(run_cli("__manual"), 64);
}
