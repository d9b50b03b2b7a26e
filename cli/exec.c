/* exec.c - `berth exec`: a command in a component's instance, its streams ours, its exit code ours. */
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/converse.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"interactive", 'i', FLAG_SWITCH, AT(interactive), NULL, NULL, "pass on standard input"},
    {"tty", 't', FLAG_SWITCH, AT(tty), NULL, NULL, "run it on a terminal"},
    {"user", 'u', FLAG_TEXT, AT(user), "USER", NULL, "run it as this user: NAME or UID, and :GROUP"},
    {"dir", 'w', FLAG_TEXT, AT(dir), "PATH", NULL, "run it in this directory"},
    {0},
};

static int check(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	const struct settings *settings = &invocation->settings;
	if (arguments->count < 3)
		return complain_usage(invocation,
				      "usage: berth exec APP COMPONENT[/N] -- COMMAND [ARGUMENT...]",
				      !arguments->count       ? "in which application?"
				      : arguments->count == 1 ? "in which component?"
							      : "which command?");
	if (arguments->items[2][0] == '-')
		return complain_usage(invocation,
				      "flags of exec stand before the `--`: berth exec -it APP "
				      "COMPONENT -- COMMAND",
				      "`%s` is no command", arguments->items[2]);
	if (settings->tty && !isatty(STDIN_FILENO))
		return complain_usage(
		    invocation, settings->interactive ? "without -t, -i passes on any input" : "leave -t out",
		    "-t needs a terminal, and standard input is none");
	if (settings->interactive && strcmp(arguments->items[0], "-") == 0)
		return complain_usage(invocation, "name the application, or a file",
				      "standard input cannot be the blueprint and the command's input");
	return 0;
}

static int exec_run(struct invocation *invocation)
{
	const struct settings *settings = &invocation->settings;
	const char **items = invocation->arguments.items;
	struct input input = {0};
	int code = check(invocation);
	if (!code && (code = input_either(invocation, items[0], &input)) && code != BERTH_USAGE)
		code = EXIT_NOT_RUN;
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	request.components = (const char *const[]){items[1], NULL};
	request.command = items + 2;
	request.user = settings->user;
	request.directory = settings->dir;
	request.interactive = settings->interactive;
	request.terminal = settings->tty;
	code =
	    converse(invocation, &request, &(struct streams){.input = STDIN_FILENO, .output = STDOUT_FILENO});
	input_release(&input);
	return code;
}

const struct command command_exec = {
    .name = "exec",
    .arguments = "APP|BLUEPRINT COMPONENT[/N] [--] COMMAND [ARGUMENT...]",
    .summary = "run a command in one of its instances",
    .details =
	"Runs a command in the instance N of a component, or in the lowest one that runs, with the "
	"instance's own environment, directory and user. Whatever follows the component is the command; "
	"flags of exec stand before it, the last of them before the `--`. What the command writes goes to "
	"standard output and standard error "
	"as it comes, and its exit code becomes that of exec.\n\n"
	"Standard input is passed on with -i, until it ends; so pipes work. With -i and -t the command runs "
	"on a "
	"terminal of its own that takes the place of ours: every key goes to it, ctrl-C too, and it follows "
	"the size of our window.\n\n"
	"Without -t, ctrl-C interrupts exec. A command in a container then runs on unless the end of its "
	"streams ends it; a process of this machine is hung up on.",
    .flags = flags,
    .examples = {{"berth exec -it shop web -- sh", "a shell in the first instance of `web`"},
		 {"berth exec -i shop db/2 -- psql <dump.sql",
		  "a file into a command in the second of `db`"}},
    .endings = ENDS(DONE) | ENDS(USAGE) | ENDS(TIMED_OUT) | ENDS(NOT_RUN) | ENDS(NOT_EXECUTABLE) |
	       ENDS(NOT_FOUND) | ENDS(INTERRUPTED),
    .subjects = {SUBJECT_EITHER, SUBJECT_COMPONENT},
    .most = 100000,
    .own_arguments = 2,
    .run = exec_run,
};
