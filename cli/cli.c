/* cli.c - one call of the program: parse, find the command, run it. */
#include <signal.h>

#include "cli/screen.h"

/* A closed pipe is an error of the write that meets it, not the end of a deploy. A handler, unlike SIG_IGN,
 * is not inherited by the programs that are started. */
static void ignore(int number)
{
	(void)number;
}

static void survive_closed_pipes(void)
{
	struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
	sigaction(SIGPIPE, &action, NULL);
}

static int run(struct invocation *invocation, int argc, char **argv)
{
	int code = arguments_parse(invocation, argc, argv);
	if (code)
		return code;
	if (invocation->settings.help) {
		if (invocation->command)
			help_command(stdout, invocation, invocation->command);
		else
			help_general(stdout, invocation);
		return 0;
	}
	if (invocation->settings.version)
		return cli_version(invocation);
	if (!invocation->command && wants_json(invocation))
		return complain_usage(invocation, "`berth help` lists the commands", "no command is named");
	if (!invocation->command) {
		help_general(stderr, invocation);
		return BERTH_USAGE;
	}
	return invocation->command->run(invocation);
}

int berth_cli(int argc, char **argv)
{
	struct invocation invocation = {.settings = {.tail = -1}};
	survive_closed_pipes();
	int code = run(&invocation, argc, argv);
	invocation_release(&invocation);
	return finish_output(code);
}
