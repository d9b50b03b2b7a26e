/* help.c - `berth help` and `berth version`: made from the same tables that are parsed. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

void help_general(FILE *to)
{
	fputs("berth deploys one blueprint onto unlike targets.\n\nusage: berth COMMAND [FLAGS] "
	      "[ARGUMENTS]\n\n",
	      to);
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %-24s %s\n", commands[i]->name, commands[i]->arguments,
			commands[i]->summary);
	fputs("\n`berth COMMAND --help` lists a command's flags. Every flag has a variable too: "
	      "BERTH_DRY_RUN=1.\n"
	      "\nexit codes:\n"
	      "    0  done, or nothing to do            69  a target cannot be reached\n"
	      "    1  the operation failed              75  locked, or owned by somebody else\n"
	      "    2  plan --detailed-exitcode: changes 77  credentials or rights are missing\n"
	      "   64  bad usage                        124  --timeout ran out\n"
	      "   65  the blueprint is invalid         130  interrupted\n",
	      to);
}

static void help_flags(FILE *to, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		char letter[8] = "    ", name[80];
		if (flags->letter)
			snprintf(letter, sizeof letter, "-%c, ", flags->letter);
		snprintf(name, sizeof name, "--%s%s%s", flags->name, flags->value ? " " : "",
			 flags->choices ? flags->choices
			 : flags->value ? flags->value
					: "");
		fprintf(to, "  %s%-38s %s\n", letter, name, flags->summary);
	}
}

void help_command(FILE *to, const struct command *command)
{
	fprintf(to, "usage: berth %s [FLAGS]%s%s\n\n%s\n\n", command->name, *command->arguments ? " " : "",
		command->arguments, command->summary);
	if (command->flags) {
		fputs("flags:\n", to);
		help_flags(to, command->flags);
		putc('\n', to);
	}
	fputs("common flags:\n", to);
	help_flags(to, common_flags);
}

static int help_run(struct invocation *invocation)
{
	if (!invocation->arguments.count) {
		help_general(stdout);
		return 0;
	}
	const struct command *command = command_find(invocation->arguments.items[0]);
	if (!command)
		return command_unknown(invocation, invocation->arguments.items[0]);
	help_command(stdout, command);
	return 0;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "the commands, or one command's flags",
    .most = 1,
    .run = help_run,
};
