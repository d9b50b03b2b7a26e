/* locations.c - `berth locations`: the places that are known, and whether they answer. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

enum { SPEC_MOST = 48 }; /* columns: the whole of it would push all else off the screen */

static void add_spec(struct table *table, enum paint as, const char *spec)
{
	owned_memory char *cut = strdup(spec);
	if (cut)
		cut_to(cut, SPEC_MOST);
	table_add(table, as, cut ? cut : "");
}

/* One that a blueprint gives no name is called as it is written, which nobody types. */
static void add_name(struct table *table, const char *name)
{
	if (*name == '{')
		add_spec(table, BOLD, name);
	else
		table_add(table, BOLD, name);
}

static void add_location(struct table *table, const json_t *location, int columns)
{
	const json_t *reachable = json_object_get(location, "reachable");
	add_name(table, text_of(location, "name"));
	table_add(table, PLAIN, text_of(location, "type"));
	add_spec(table, PLAIN, text_of(location, "spec"));
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
	bool checked =
	    invocation->arguments.count > 0 && strcmp(invocation->arguments.items[0], "check") == 0;
	const json_t *list = list_of(document, "locations");
	struct table table = {.columns = !checked ? 4 : any_because(list) ? 8 : 7, .titled = true};
	size_t i;
	json_t *location;
	if (!list) { /* of a blueprint that is wrong there are none */
		show_diagnostics(&err, document);
		return;
	}
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

/* A word may be a name, or a specification, which has a colon before any slash. */
static bool is_blueprint(const char *word)
{
	const char *colon = strchr(word, ':'), *slash = strchr(word, '/');
	return is_file_name(word) && (!colon || (slash && slash < colon) || strncmp(word, "http", 4) == 0);
}

static int locations_run(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	size_t at = 0;
	int code = 0;
	bool check = arguments->count > at && strcmp(arguments->items[at], "check") == 0;
	at += check;
	bool blueprint = arguments->count > at && is_blueprint(arguments->items[at]);
	if (arguments->count > at && !check && !blueprint)
		return complain_usage(invocation, "`berth locations check NAME` asks one",
				      "`%s` is no word for here", arguments->items[at]);
	if (arguments->count > at + 1 + blueprint)
		return complain_usage(invocation,
				      "`berth locations check FILE NAME` asks one of a blueprint's",
				      "`%s` is one too many", arguments->items[at + 1 + blueprint]);
	if (blueprint && (code = input_blueprint(invocation, arguments->items[at++], &input)))
		return code;
	struct berth_request request = request_of(invocation, blueprint ? &input : NULL);
	request.check = check;
	request.name = arguments->count > at ? arguments->items[at] : NULL;
	code = simple_command(invocation, berth_locations, &request, render);
	input_release(&input);
	return code;
}

const struct command command_locations = {
    .name = "locations",
    .arguments = "[check] [BLUEPRINT] [NAME]",
    .summary = "the known locations; check: whether they answer",
    .details =
	"Lists the names that stand for locations and where each was defined: "
	"--location, locations.yaml of the user, the store, and what is built in. "
	"`check` asks them: whether they answer, let us in, and what they are. A name "
	"that nobody defined may be a spec itself. With a blueprint they are those that it defines, and "
	"where its components go. A long specification is cut; -o json has the whole of it.",
    .examples = {{"berth locations check shop.yaml",
		  "every place that a blueprint needs, each machine of a pool by itself"},
		 {"berth locations check docker:tcp://10.0.0.5:2376",
		  "whether that engine answers, and its version"}},
    .endings = ENDS_LOOKING,
    .subjects = {SUBJECT_WORD, SUBJECT_LOCATION, SUBJECT_LOCATION},
    .words = "check",
    .most = 3,
    .run = locations_run,
};
