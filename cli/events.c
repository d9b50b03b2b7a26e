/* events.c - `berth events`: what was recorded about applications, and on as it is recorded. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"follow", 'f', FLAG_SWITCH, AT(follow), NULL, NULL, "go on as it comes"},
    {"tail", 0, FLAG_COUNT, AT(tail), "N", NULL, "of what is there only the last N, or all"},
    {"since", 0, FLAG_MOMENT, AT(since_ms), "TIME", NULL, "a time, or how long ago like 10m"},
    {0},
};

static const char *name_of(const json_t *event)
{
	const char *instance = text_of(event, "instance"), *component = text_of(event, "component");
	return *instance ? instance : *component ? component : text_of(event, "app");
}

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation);
	struct table table = {.columns = 4};
	size_t i;
	json_t *event;
	json_array_foreach (list_of(document, "events"), i, event) {
		const char *what = text_of(event, "what");
		table_add(&table, DIM, text_of(event, "time"));
		table_add(&table, BOLD, name_of(event));
		table_add(&table, state_paint(what), what);
		table_add(&table, PLAIN, text_of(event, "text"));
	}
	table_print(&out, &table);
	table_release(&table);
}

/* A stream is one object a line. */
static void print_lines(const json_t *document)
{
	size_t i;
	json_t *event;
	json_array_foreach (list_of(document, "events"), i, event) {
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

/* --- as it comes ------------------------------------------------------------------------------ */

static void print_event(const struct invocation *invocation, const char *line)
{
	struct screen out = screen_of(stdout, invocation);
	owned_json event = json_loads(line, 0, NULL);
	const char *what = text_of(event, "what"), *text = text_of(event, "text");
	put(&out, DIM, text_of(event, "time"));
	fputs("  ", out.to);
	put(&out, BOLD, name_of(event));
	fputs("  ", out.to);
	put(&out, state_paint(what), what);
	fputs(*text ? "  " : "", out.to);
	put(&out, PLAIN, text);
	putc('\n', out.to);
}

static void take_record(void *context, const struct berth_event *event)
{
	const struct invocation *invocation = context;
	if (event->kind != BERTH_EVENT_RECORD || !event->text)
		show_warning(context, event);
	else if (wants_json(invocation))
		puts(event->text);
	else
		print_event(invocation, event->text);
}

static int never(const void *of)
{
	(void)of;
	return -1;
}

static bool nobody_listens(void *of)
{
	(void)of;
	return output_failed();
}

static int follow(struct invocation *invocation, const struct berth_request *request)
{
	struct berth_listener listener = {
	    .size = sizeof listener, .event = take_record, .context = invocation};
	struct attendant attendant = {.timeout = never, .tick = nobody_listens};
	struct carried carried = carry_out(invocation, berth_events, request, &listener, &attendant);
	int code = (int)carried.outcome;
	if (carried.left)
		code = BERTH_OK;
	else if (!carried.interrupted)
		code = conclude(invocation, &carried);
	carried_release(&carried);
	return code;
}

static int once(struct invocation *invocation, const struct berth_request *request)
{
	struct carried carried = carry_out(invocation, berth_events, request, NULL, NULL);
	if (!wants_json(invocation))
		render(invocation, carried.document);
	else if (carried.outcome == BERTH_OK)
		print_lines(carried.document);
	else
		print_result(&carried);
	int code = conclude(invocation, &carried);
	carried_release(&carried);
	return code;
}

static int events_run(struct invocation *invocation)
{
	const struct settings *settings = &invocation->settings;
	struct berth_request request = request_of(invocation, NULL);
	if (invocation->arguments.count)
		request.app = invocation->arguments.items[0];
	request.follow = settings->follow;
	request.since_ms = settings->since_ms;
	if (settings->tail > 0)
		request.tail = settings->tail;
	if (settings->tail == 0)
		request.since_ms = wall_ms(); /* none of what is there already */
	return settings->follow ? follow(invocation, &request) : once(invocation, &request);
}

const struct command command_events = {
    .name = "events",
    .arguments = "[APP]",
    .summary = "what was recorded about it",
    .details = "Shows what was recorded of the user's applications, the oldest first: what "
	       "became ready, what was removed, what failed and why. With -o json each event is "
	       "an object on a line of its own.",
    .flags = flags,
    .examples = {{"berth events shop --tail 20", "the last 20 of one application"},
		 {"berth events -f -o json", "all of them and on as they come, for a program"}},
    .endings = ENDS_READING | ENDS(TIMED_OUT),
    .subjects = {SUBJECT_APP},
    .most = 1,
    .run = events_run,
};
