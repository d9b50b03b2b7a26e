/* manual_markdown.c - the made part of docs/commands.md: every command, flag, variable and exit code. */
#include <string.h>

#include "cli/manual.h"

/* In a table's cell. */
static void put_cell(FILE *to, const char *text)
{
	for (; *text; text++)
		*text == '|' ? fputs("\\|", to) : putc(*text, to);
}

static void put_flags(FILE *to, const struct flag *flags)
{
	fputs("| flag | variable | |\n|---|---|---|\n", to);
	for (; flags->name; flags++) {
		char shown[80], variable[64];
		fputs("| ", to);
		if (flags->letter)
			fprintf(to, "`-%c`, ", flags->letter);
		putc('`', to);
		flag_shown(flags, shown, sizeof shown);
		put_cell(to, shown);
		if (flag_variable(flags, variable))
			fprintf(to, "` | `%s` | ", variable);
		else
			fputs("` | | ", to);
		put_cell(to, flags->summary);
		fputs(" |\n", to);
	}
}

static void put_endings(FILE *to, unsigned endings)
{
	const char *before = "\nEnds with ";
	for (size_t i = 0; i < ENDING_COUNT; i++)
		if (endings & 1u << i) {
			fprintf(to, "%s%d", before, exit_codes[i].code);
			before = ", ";
		}
	fputs(".\n", to);
}

static void put_command(FILE *to, const struct command *command)
{
	fprintf(to, "\n## %s\n\n    berth %s [FLAGS]%s%s\n\n%s\n", command->name, command->name,
		*command->arguments ? " " : "", command->arguments,
		command->details ? command->details : command->summary);
	if (command->flags) {
		putc('\n', to);
		put_flags(to, command->flags);
	}
	put_endings(to, command->endings);
	for (size_t i = 0; i < COUNT_OF(command->examples) && command->examples[i].line; i++)
		fprintf(to, "\n    %s\n\n%s\n", command->examples[i].line, command->examples[i].what);
}

void reference(FILE *to)
{
	fputs("## Common flags\n\nEvery command takes them.\n\n", to);
	put_flags(to, common_flags);
	fputs("\n## Exit codes\n\n| code | meaning |\n|---|---|\n", to);
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		fprintf(to, "| %d | ", exit_codes[i].code);
		put_cell(to, exit_codes[i].meaning);
		fputs(" |\n", to);
	}
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			put_command(to, commands[i]);
}
