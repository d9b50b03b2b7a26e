/* restart.c - `berth restart`: stop and start again, in turn. */
#include "cli/commands.h"
#include "cli/screen.h"

static int restart_run(struct invocation *invocation)
{
	static const struct change change = {
	    .begin = berth_restart, .done = "Restarted", .nothing = "has nothing to restart"};
	return change_components(invocation, &change);
}

const struct command command_restart = {
    .name = "restart",
    .arguments = "APP [COMPONENT...]",
    .summary = "stop and start again, in turn",
    .details = "Stops and starts each instance of the application, or of the components named, in turn: "
	       "providers first, one instance of a component at a time, the next when the one before "
	       "answers. One that does not get ready again ends it: the others stay as they are.",
    .examples = {{"berth restart shop web", "the instances of `web`, one after the other"},
		 {"berth restart shop --dry-run", "what it would do"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_APP, SUBJECT_COMPONENT},
    .most = 10000,
    .run = restart_run,
};
