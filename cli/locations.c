/* locations.c - `berth locations`: the places that are known, and whether they answer. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static void add_location(struct table *table, const json_t *location, int columns)
{
	const json_t *reachable = json_object_get(location, "reachable");
	table_add(table, BOLD, text_of(location, "name"));
	table_add(table, PLAIN, text_of(location, "type"));
	table_add(table, PLAIN, text_of(location, "spec"));
	table_add(table, PLAIN, text_of(location, "source"));
	if (columns < 5)
		return;
	if (json_is_boolean(reachable))
		table_add(table, json_is_true(reachable) ? GREEN : RED,
			  json_is_true(reachable) ? "yes" : "no");
	else
		table_add(table, YELLOW, "no answer");
	table_add(table, PLAIN, text_of(location, "version"));
	table_add(table, PLAIN,
		  *text_of(location, "endpoint") ? text_of(location, "endpoint")
						 : text_of(location, "details"));
	if (columns > 7)
		table_add(table, DIM, text_of(location, "because"));
}

static bool any_because(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (*text_of(json_array_get(list, i), "because"))
			return true;
	return false;
}

static void render(const struct invocation *invocation, const json_t *document)
{
	static const char *const titles[] = {"NAME",      "TYPE",    "SPEC",     "SOURCE",
					     "REACHABLE", "VERSION", "ENDPOINT", "CHOSEN BY"};
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	bool checked = invocation->arguments.count > 0;
	const json_t *list = list_of(document, "locations");
	struct table table = {.columns = !checked ? 4 : any_because(list) ? 8 : 7, .titled = true};
	size_t i;
	json_t *location;
	if (!list)
		return;
	for (i = 0; i < (size_t)table.columns; i++)
		table_add(&table, DIM, titles[i]);
	json_array_foreach (list, i, location)
		add_location(&table, location, table.columns);
	table_print(&out, &table);
	table_release(&table);
	json_array_foreach (list, i, location) {
		const json_t *about = json_object_get(location, "about");
		if (about && json_array_size(list) > 1)
			paint(&out, BOLD, "%s\n", text_of(location, "name"));
		show_about(&out, about);
	}
	fflush(stdout);
	/* Of one alone the command's own message tells. */
	json_array_foreach (list, i, location) {
		char text[800];
		if (!*text_of(location, "error") || json_array_size(list) == 1)
			continue;
		snprintf(text, sizeof text, "%s: %s", text_of(location, "name"), text_of(location, "error"));
		show_error(&err, text, text_of(location, "remedy"));
	}
}

static int locations_run(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	struct berth_request request = request_of(invocation, NULL);
	if (arguments->count && strcmp(arguments->items[0], "check") != 0)
		return complain_usage(invocation, "`berth locations check NAME` asks one",
				      "`%s` is no word for here", arguments->items[0]);
	request.check = arguments->count > 0;
	request.name = arguments->count > 1 ? arguments->items[1] : NULL;
	return simple_command(invocation, berth_locations, &request, render);
}

const struct command command_locations = {
    .name = "locations",
    .arguments = "[check [NAME]]",
    .summary = "the known locations; check: whether they answer",
    .details = "Lists the names that stand for locations and where each was defined: "
	       "--location, locations.yaml of the user, the store, and what is built in. "
	       "`check` asks them: whether they answer, let us in, and what they are. A name "
	       "that nobody defined may be a spec itself.",
    .examples = {{"berth locations", "the names that are known"},
		 {"berth locations check docker:tcp://10.0.0.5:2376",
		  "whether that engine answers, and its version"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_WORD, SUBJECT_LOCATION},
    .words = "check",
    .most = 2,
    .run = locations_run,
};
