/* start.c - `berth start`: start again what was stopped. */
#include "cli/commands.h"
#include "cli/screen.h"

static int start_run(struct invocation *invocation)
{
	static const struct change change = {
	    .begin = berth_start, .done = "Started", .nothing = "runs already"};
	return change_components(invocation, &change);
}

const struct command command_start = {
    .name = "start",
    .arguments = "APP [COMPONENT...]",
    .summary = "start again what was stopped",
    .details = "Starts the instances that are there and do not run, of the application or of the components "
	       "named, providers before those who need them, and waits until each answers. What is not there "
	       "at all a deploy makes.",
    .examples = {{"berth start shop", "all of it that is stopped"},
		 {"berth start shop db --timeout 1m", "one component, and no longer than a minute"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_APP, SUBJECT_COMPONENT},
    .most = 10000,
    .run = start_run,
};
