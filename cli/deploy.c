/* deploy.c - `berth deploy`: bring the application to what the blueprint says, or carry out a saved plan. */
#include "cli/commands.h"
#include "cli/screen.h"

static const struct flag flags[] = {
    {"leave-data", 0, FLAG_SWITCH, offsetof(struct settings, leave_data), NULL, NULL, FLAG_LEAVE_DATA},
    {0},
};

static int deploy_run(struct invocation *invocation)
{
	static const struct change change = {
	    .begin = berth_deploy,
	    .needed = change_costs,
	    .refusal = "this deploy removes, interrupts or puts data at risk, and nobody can be asked",
	    .done = "Deployed",
	    .nothing = "is as the blueprint says",
	};
	struct input input = {0};
	int code = input_blueprint(
	    invocation, invocation->arguments.count ? invocation->arguments.items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	code = carry_out_change(invocation, &change, &request);
	input_release(&input);
	return code;
}

const struct command command_deploy = {
    .name = "deploy",
    .arguments = "[BLUEPRINT|PLAN]",
    .summary = "bring the application to what the blueprint says",
    .details =
	"Makes, changes, starts and removes what is needed until the application is what "
	"the blueprint says, and waits until every instance answers. Deploying again "
	"changes nothing when nothing changed; a deploy that was interrupted or failed "
	"goes on from where it came to.\n\nA deploy that removes something, replaces it "
	"with an outage or puts data at risk shows that part of the plan and asks; where "
	"nobody can be asked it needs -y. Of a component whose new instance does not get "
	"ready the old one is kept, or started again.\n\nA PLAN is a file that `berth plan --out` "
	"made: exactly that is done, or nothing when "
	"what it rests on has changed since.\n\nA component whose `location` is another one now is "
	"made there first; when it answers and all who are linked to it have its new place, the old one "
	"goes. What its volumes hold is not moved, so that is refused without --leave-data.",
    .flags = flags,
    .examples = {{"berth deploy shop.yaml --location cloud=docker",
		  "the name `cloud` stands for the Docker engine of this machine"},
		 {"berth plan shop.yaml --out shop.plan && berth deploy shop.plan -y",
		  "what was looked at before, and nothing else"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_BLUEPRINT},
    .most = 1,
    .run = deploy_run,
};
