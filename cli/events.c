/* events.c - `berth events`: what was recorded about applications. */
#include "cli/commands.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"tail", 0, FLAG_COUNT, AT(tail), "N", NULL, "the last N only"},
    {0},
};

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation);
	struct table table = {.columns = 4};
	size_t i;
	json_t *event;
	json_array_foreach (list_of(document, "events"), i, event) {
		const char *instance = text_of(event, "instance"), *what = text_of(event, "what");
		const char *component = text_of(event, "component");
		table_add(&table, DIM, text_of(event, "time"));
		table_add(&table, BOLD,
			  *instance    ? instance
			  : *component ? component
				       : text_of(event, "app"));
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

static int events_run(struct invocation *invocation)
{
	struct berth_request request = request_of(invocation, NULL);
	if (invocation->arguments.count)
		request.app = invocation->arguments.items[0];
	if (invocation->settings.tail > 0)
		request.tail = invocation->settings.tail;
	struct carried carried = carry_out(invocation, berth_events, &request, NULL, NULL);
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

const struct command command_events = {
    .name = "events",
    .arguments = "[APP]",
    .summary = "what was recorded about it",
    .details = "Shows what was recorded of the user's applications, the oldest first: what "
	       "became ready, what was removed, what failed and why. With -o json each event is "
	       "an object on a line of its own.",
    .flags = flags,
    .examples = {{"berth events shop --tail 20", "the last 20 of one application"},
		 {"berth events -o json", "all of them, for a program"}},
    .endings = ENDS_READING,
    .subjects = {SUBJECT_APP},
    .most = 1,
    .run = events_run,
};
