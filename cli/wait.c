/* wait.c - `berth wait`: until an application is as it is needed. */
#include <string.h>

#include "cli/commands.h"
#include "cli/progress.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"for", 0, FLAG_CHOICE, AT(wait_for), "STATE", "running|healthy|finished|gone",
     "what it is waited to be"},
    {0},
};

static void take_event(void *context, const struct berth_event *event)
{
	progress_event(context, event);
}

static void render(const struct invocation *invocation, const struct carried *carried)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	const char *goal = invocation->settings.wait_for;
	show_diagnostics(&err, carried->document);
	if (carried->outcome != BERTH_OK) {
		show_components(&out, carried->document);
		return;
	}
	put(&out, BOLD, text_of(carried->document, "app"));
	fprintf(out.to, " %s %s\n", goal && strcmp(goal, "finished") == 0 ? "has" : "is",
		goal ? goal : "running");
}

static int wait_run(struct invocation *invocation)
{
	struct progress progress;
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = &progress};
	struct input input = {0};
	const struct words *arguments = &invocation->arguments;
	int code = input_either(invocation, arguments->count ? arguments->items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	request.wait_for = invocation->settings.wait_for;
	progress_begin(&progress, invocation);
	struct attendant attendant = progress_attendant(&progress);
	struct carried carried = carry_out(invocation, berth_wait, &request, &listener, &attendant);
	progress_end(&progress);
	if (wants_json(invocation))
		print_result(&carried);
	else if (carried.document)
		render(invocation, &carried);
	code = conclude(invocation, &carried);
	carried_release(&carried);
	input_release(&input);
	return code;
}

const struct command command_wait = {
    .name = "wait",
    .arguments = "[APP|BLUEPRINT]",
    .summary = "until it runs, is healthy, has finished or is gone",
    .details =
	"Waits until the application is as --for says. It is `running` when everything that the last "
	"deploy's blueprint wants runs and was seen to answer (as `berth status` shows it), `healthy` when "
	"everything answers its health check, or its open ports accept, now; `finished` when its jobs came "
	"to their "
	"end well, `gone` when nothing of it is left, not even a network or a claim.\n\n"
	"It is told of changes by the targets and asks them no more than it must. Without --timeout it waits "
	"as "
	"long as it takes, except for what cannot come about: a job that failed, or a target that gives no "
	"answer.",
    .flags = flags,
    .examples = {{"berth wait shop --for healthy --timeout 2m",
		  "ends with 124 when it is not after two minutes"},
		 {"berth wait shop --for gone && echo free", "once another command has destroyed it"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_EITHER},
    .most = 1,
    .run = wait_run,
};
