/* help.c - `berth help`: made from the same tables that are parsed. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

#define WIDEST 96
#define NARROW 64 /* below this an explanation gets lines of its own */

static int help_columns(FILE *to, const struct invocation *invocation)
{
	struct screen screen = screen_of(to, invocation);
	int columns, rows;
	screen_size(&screen, &columns, &rows);
	return columns < 20 ? 20 : columns > WIDEST ? WIDEST : columns;
}

/* A term and its explanation, which begins at column `at` where there is room. */
static void explain(FILE *to, const char *term, const char *text, int at, int columns)
{
	if (columns < NARROW && at > 8)
		at = 8;
	int used = fprintf(to, "  %s", term);
	if (used + 2 > at)
		fprintf(to, "\n%*s", at, "");
	else
		fprintf(to, "%*s", at - used, "");
	wrap(to, text, at, at, columns);
}

static void list_commands(FILE *to, int columns)
{
	for (size_t i = 0; commands[i]; i++) {
		char term[80];
		if (commands[i]->hidden)
			continue;
		snprintf(term, sizeof term, "%-10s %s", commands[i]->name, commands[i]->arguments);
		explain(to, term, commands[i]->summary, 34, columns);
	}
}

static void list_exits(FILE *to, unsigned endings, int columns)
{
	fputs("\nexit codes:\n", to);
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		char code[8];
		snprintf(code, sizeof code, "%3d", exit_codes[i].code);
		if (endings & 1u << i)
			explain(to, code, exit_codes[i].meaning, 7, columns);
	}
}

void help_general(FILE *to, const struct invocation *invocation)
{
	int columns = help_columns(to, invocation);
	wrap(to, "berth deploys one blueprint onto unlike targets.", 0, 0, columns);
	fputs("\nusage: berth COMMAND [FLAGS] [ARGUMENTS]\n\n", to);
	list_commands(to, columns);
	putc('\n', to);
	wrap(
	    to,
	    "`berth COMMAND --help` lists a command's flags. Every flag has a variable too: BERTH_DRY_RUN=1; "
	    "and a line of its own in $XDG_CONFIG_HOME/berth/config.yaml: `dry-run: true`.",
	    0, 0, columns);
	list_exits(to, ~0u, columns);
}

static void list_flags(FILE *to, const struct flag *flags, int columns)
{
	for (; flags && flags->name; flags++) {
		char shown[80], term[96], variable[64], text[256];
		flag_shown(flags, shown, sizeof shown);
		snprintf(term, sizeof term, "%c%c%s %s", flags->letter ? '-' : ' ',
			 flags->letter ? flags->letter : ' ', flags->letter ? "," : " ", shown);
		bool has = flag_variable(flags, variable);
		snprintf(text, sizeof text, "%s%s%s%s", flags->summary, has ? " (" : "", has ? variable : "",
			 has ? ")" : "");
		explain(to, term, text, 32, columns);
	}
}

static void list_examples(FILE *to, const struct command *command, int columns)
{
	fputs("\nexamples:\n", to);
	for (size_t i = 0; i < COUNT_OF(command->examples) && command->examples[i].line; i++) {
		fprintf(to, "  %s\n      ", command->examples[i].line);
		wrap(to, command->examples[i].what, 6, 6, columns);
	}
}

void help_command(FILE *to, const struct invocation *invocation, const struct command *command)
{
	int columns = help_columns(to, invocation);
	fprintf(to, "usage: berth %s [FLAGS]%s%s\n\n", command->name, *command->arguments ? " " : "",
		command->arguments);
	wrap(to, command->details ? command->details : command->summary, 0, 0, columns);
	if (command->flags) {
		fputs("\nflags:\n", to);
		list_flags(to, command->flags, columns);
	}
	fputs("\ncommon flags:\n", to);
	list_flags(to, common_flags, columns);
	list_exits(to, command->endings, columns);
	list_examples(to, command, columns);
}

static int help_run(struct invocation *invocation)
{
	if (!invocation->arguments.count) {
		help_general(stdout, invocation);
		return 0;
	}
	const struct command *command = command_find(invocation->arguments.items[0]);
	if (!command || command->hidden)
		return command_unknown(invocation, invocation->arguments.items[0]);
	help_command(stdout, invocation, command);
	return 0;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "the commands, or one command's flags",
    .details =
	"Lists the commands, or shows what one command does, its flags, exit codes and examples: the same "
	"as `berth COMMAND --help`.",
    .examples = {{"berth help", "the commands and the exit codes"},
		 {"berth help deploy", "all about one of them"}},
    .endings = ENDS_AT_ONCE,
    .subjects = {SUBJECT_COMMAND},
    .most = 1,
    .run = help_run,
};
