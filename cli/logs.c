/* logs.c - `berth logs`: what the instances wrote, each line with its instance's name when there are several.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/log_lines.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"follow", 'f', FLAG_SWITCH, AT(follow), NULL, NULL, "go on as it comes"},
    {"tail", 0, FLAG_COUNT, AT(tail), "N", NULL, "the last N lines of each, or all"},
    {"since", 0, FLAG_MOMENT, AT(since_ms), "TIME", NULL, "a time, or how long ago like 10m"},
    {0},
};

static void take_event(void *context, const struct berth_event *event)
{
	struct log_lines *lines = context;
	if (event->kind == BERTH_EVENT_LOG && event->instance && event->text)
		log_lines_take(lines, event);
	else
		show_warning((void *)lines->invocation, event);
}

static int timeout_of(const void *of)
{
	return log_lines_timeout(of);
}

static bool tick(void *of)
{
	return log_lines_tick(of);
}

static int carry_out_logs(struct invocation *invocation, const struct berth_request *request)
{
	struct log_lines lines;
	struct screen err = screen_of(stderr, invocation);
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = &lines};
	struct attendant attendant = {.of = &lines, .timeout = timeout_of, .tick = tick};
	log_lines_begin(&lines, invocation);
	struct carried carried = carry_out(invocation, berth_logs, request, &listener, &attendant);
	log_lines_end(&lines);
	int code = (int)carried.outcome;
	if (carried.left)
		code = BERTH_OK;
	else if (!carried.interrupted && carried.outcome != BERTH_OK) {
		if (!wants_json(invocation))
			show_diagnostics(&err, carried.document);
		else
			print_result(&carried);
		code = conclude(invocation, &carried);
	}
	carried_release(&carried);
	return code;
}

static int logs_run(struct invocation *invocation)
{
	struct input input = {0};
	const struct words *arguments = &invocation->arguments;
	const struct settings *settings = &invocation->settings;
	int code = input_either(invocation, arguments->count ? arguments->items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	if (arguments->count > 1)
		request.components = arguments->items + 1;
	request.follow = settings->follow;
	request.since_ms = settings->since_ms;
	if (settings->tail > 0)
		request.tail = settings->tail;
	if (settings->tail == 0)
		request.since_ms = wall_ms(); /* none of what is there already */
	code = carry_out_logs(invocation, &request);
	input_release(&input);
	return code;
}

const struct command command_logs = {
    .name = "logs",
    .arguments = "[APP|BLUEPRINT] [COMPONENT...]",
    .summary = "the output of its instances",
    .details = "Shows what the application's instances wrote. Lines of several instances are "
	       "interleaved, each with the name of its instance in front; a single one's bytes "
	       "are passed on as they are. With -o json each line becomes an object.",
    .flags = flags,
    .examples = {{"berth logs shop web -f", "the output of `web`, and on as it comes"},
		 {"berth logs shop --since 10m --tail 50",
		  "of each instance at most 50 lines of the last ten minutes"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_EITHER, SUBJECT_COMPONENT},
    .most = 10000,
    .run = logs_run,
};
