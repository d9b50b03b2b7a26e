/* ssh.c - `berth ssh`: a shell in a component's instance, wherever that is. */
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/converse.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"user", 'u', FLAG_TEXT, AT(user), "USER", NULL, "as this user: NAME or UID, and :GROUP"},
    {"dir", 'w', FLAG_TEXT, AT(dir), "PATH", NULL, "in this directory"},
    {0},
};

/* The better shell, where there is one. */
static const char *const shell[] = {"sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh",
				    NULL};

static int check(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	if (arguments->count < 2)
		return complain_usage(invocation, "usage: berth ssh APP COMPONENT[/N] [-- COMMAND...]",
				      arguments->count ? "in which component?" : "in which application?");
	if (strcmp(arguments->items[0], "-") == 0)
		return complain_usage(invocation, "name the application, or a file",
				      "standard input cannot be the blueprint and the shell's input");
	if (arguments->count > 2 && arguments->items[2][0] == '-')
		return complain_usage(
		    invocation,
		    "flags of ssh stand before the `--`: berth ssh -u root APP COMPONENT -- COMMAND",
		    "`%s` is no command", arguments->items[2]);
	return 0;
}

static int ssh_run(struct invocation *invocation)
{
	const struct settings *settings = &invocation->settings;
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	int code = check(invocation);
	if (!code && (code = input_either(invocation, arguments->items[0], &input)) && code != BERTH_USAGE)
		code = EXIT_NOT_RUN;
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	request.components = (const char *const[]){arguments->items[1], NULL};
	request.command = arguments->count > 2 ? arguments->items + 2 : shell;
	request.user = settings->user;
	request.directory = settings->dir;
	request.interactive = true;
	request.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	code =
	    converse(invocation, &request, &(struct streams){.input = STDIN_FILENO, .output = STDOUT_FILENO});
	input_release(&input);
	return code;
}

const struct command command_ssh = {
    .name = "ssh",
    .arguments = "APP|BLUEPRINT COMPONENT[/N] [[--] COMMAND [ARGUMENT...]]",
    .summary = "a shell in one of its instances",
    .details =
	"Opens a shell, or runs a command, in the instance N of a component, or in the lowest one that runs: "
	"on a machine, in a container or beside a process of this machine, with the instance's own "
	"environment, "
	"directory and user. From a terminal it runs on one of its own, as `berth exec -it` does; else the "
	"shell "
	"reads its commands from standard input. The shell is bash where there is one, else sh. Its exit "
	"code "
	"becomes that of ssh.",
    .flags = flags,
    .examples = {{"berth ssh shop web", "a shell in the first instance of `web`"},
		 {"berth ssh shop db/2 -- psql", "a program there in its place"}},
    .endings = ENDS(DONE) | ENDS(USAGE) | ENDS(TIMED_OUT) | ENDS(NOT_RUN) | ENDS(NOT_EXECUTABLE) |
	       ENDS(NOT_FOUND) | ENDS(INTERRUPTED),
    .subjects = {SUBJECT_EITHER, SUBJECT_COMPONENT},
    .most = 100000,
    .own_arguments = 2,
    .run = ssh_run,
};
