/* graph.c - `berth graph`: components and links as a drawing's text. */
#include "cli/commands.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"format", 0, FLAG_CHOICE, AT(format), "FORMAT", "dot|mermaid|svg", "of the drawing"},
    {0},
};

/* The text as a member of a document, as all results are with -o json. */
static void print_drawing(const struct invocation *invocation, const char *drawing)
{
	const char *format = invocation->settings.format;
	owned_json document = json_pack("{s:s, s:s, s:s}", "format_version", "1", "format",
					format ? format : "dot", "drawing", drawing);
	if (document)
		json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
}

static int graph_run(struct invocation *invocation)
{
	struct input input = {0};
	struct screen err = screen_of(stderr, invocation);
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	int code = input_either(invocation,
				invocation->arguments.count ? invocation->arguments.items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	request.format = invocation->settings.format;
	struct carried carried = carry_out(invocation, berth_graph, &request, &listener, NULL);
	if (carried.outcome == BERTH_OK && wants_json(invocation))
		print_drawing(invocation, berth_result(carried.operation));
	else if (carried.outcome == BERTH_OK || wants_json(invocation))
		print_result(&carried);
	else
		show_diagnostics(&err, carried.document);
	code = conclude(invocation, &carried);
	carried_release(&carried);
	input_release(&input);
	return code;
}

const struct command command_graph = {
    .name = "graph",
    .arguments = "[BLUEPRINT|APP]",
    .summary = "the components and their links as a drawing",
    .details =
	"Draws the components, where they go and the links between them, as text for "
	"Graphviz, as Mermaid for a page of documentation, or as a finished picture in "
	"SVG; with -o json that text is the `drawing` of a document. A cluster is a box with its "
	"members, its size and its bounds; a load balancer's lines are bold. For an application's name the "
	"blueprint of its last deploy is drawn. No "
	"target is asked.",
    .flags = flags,
    .examples = {{"berth graph shop.yaml --format svg >shop.svg", "a picture"},
		 {"berth graph shop --format mermaid", "of what was last deployed, to paste into a README"}},
    .endings = ENDS_READING,
    .subjects = {SUBJECT_EITHER},
    .most = 1,
    .run = graph_run,
};
