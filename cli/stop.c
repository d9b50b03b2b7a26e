/* stop.c - `berth stop`: end what runs, and keep it. */
#include "cli/commands.h"
#include "cli/screen.h"

static int stop_run(struct invocation *invocation)
{
	static const struct change change = {
	    .begin = berth_stop, .done = "Stopped", .nothing = "has nothing of that that runs"};
	return change_components(invocation, &change);
}

const struct command command_stop = {
    .name = "stop",
    .arguments = "APP [COMPONENT...]",
    .summary = "end what runs, and keep it",
    .details = "Ends the instances of the application, or of the components named, all at once, and keeps "
	       "them: their data, addresses and ports stay theirs, and `berth start`, or a deploy, starts "
	       "them again. Nothing is removed.",
    .examples = {{"berth stop shop", "all of it"}, {"berth stop shop web worker", "two of its components"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_APP, SUBJECT_COMPONENT},
    .most = 10000,
    .run = stop_run,
};
