/* plan.c - `berth plan`: what a deploy would do, and why. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"detailed-exitcode", 0, FLAG_SWITCH, AT(detailed_exitcode), NULL, NULL, "exit 2 when there are changes"},
    {"out", 0, FLAG_TEXT, AT(out), "FILE", NULL, "keep the plan there, for `berth deploy FILE`"},
    {"leave-data", 0, FLAG_SWITCH, AT(leave_data), NULL, NULL, FLAG_LEAVE_DATA},
    {0},
};

static bool has_changes(const json_t *document)
{
	size_t i;
	json_t *change;
	json_array_foreach (list_of(document, "changes"), i, change)
		if (strcmp(text_of(change, "action"), "unchanged") != 0)
			return true;
	return false;
}

/* "No changes" is said of nothing that nobody could look at. */
static int detailed_code(const json_t *document)
{
	if (has_changes(document))
		return EXIT_CHANGES;
	return json_array_size(list_of(document, "unknown")) ? BERTH_UNREACHABLE : 0;
}

static void render(const struct invocation *invocation, const struct carried *carried)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	show_diagnostics(&err, carried->document);
	if (carried->outcome == BERTH_OK)
		show_plan(&out, carried->document, NULL);
}

/* 0, or the exit code. */
static int save(const struct invocation *invocation, const struct carried *carried)
{
	const char *path = invocation->settings.out, *saved = text_of(carried->document, "saved");
	struct screen out = screen_of(stdout, invocation);
	if (!path || carried->outcome != BERTH_OK)
		return 0;
	if (!*saved)
		return complain(invocation, BERTH_FAILED, "this plan cannot be kept", "give its blueprint");
	int code = save_text(invocation, path, saved);
	if (code || wants_json(invocation))
		return code;
	fputs("Kept in ", out.to);
	put(&out, BOLD, path);
	fputs(": `berth deploy ", out.to);
	put(&out, PLAIN, path);
	if (*text_of(carried->document, "owner")) /* which the plan does not keep */
		fputs(" --adopt", out.to);
	fputs("` carries out exactly that.\n", out.to);
	return 0;
}

static int plan_run(struct invocation *invocation)
{
	struct input input = {0};
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	int code = input_blueprint(
	    invocation, invocation->arguments.count ? invocation->arguments.items[0] : NULL, &input);
	if (code)
		return code;
	struct berth_request request = request_of(invocation, &input);
	struct carried carried = carry_out(invocation, berth_plan, &request, &listener, NULL);
	if (wants_json(invocation))
		print_result(&carried);
	else
		render(invocation, &carried);
	code = conclude(invocation, &carried);
	if (!code)
		code = save(invocation, &carried);
	if (!code && invocation->settings.detailed_exitcode)
		code = detailed_code(carried.document);
	carried_release(&carried);
	input_release(&input);
	return code;
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "[BLUEPRINT|PLAN]",
    .summary = "what deploy would do and why; only reads",
    .details =
	"Compares the blueprint with what is at its targets and shows what `berth "
	"deploy` would do to each instance, because of which line, how it would be "
	"linked, what would be published, how long it would be out and which data are at "
	"risk. It reads and authenticates, and changes nothing anywhere.\n\nWhat is made as it "
	"is to be and was not seen to answer, as after a deploy that failed, is told apart "
	"(`awaited` in the document): a deploy changes nothing of it, and waits for it. It is no "
	"change for --detailed-exitcode. Neither is what is on a machine, or at a location of a "
	"cluster, that does not answer (`?` and *unknown*; `unknown` in the document, with why): a "
	"deploy leaves it as it is, and ends with 69. Nor is it known to be as it is to be: where there "
	"is no change beside it, --detailed-exitcode ends with 69, too.\n\nWhat is to be made is looked "
	"for before it is: where an OpenStack has no such image, flavor, network, key pair, zone or "
	"group, that is an error of the plan, and of a deploy before it has begun.\n\nWith --out "
	"the plan is kept in a file: `berth deploy FILE` carries out exactly that, or "
	"refuses it when the blueprint's targets have moved on since.",
    .flags = flags,
    .examples = {{"berth plan shop.yaml", "what a deploy would do, and why"},
		 {"berth plan --detailed-exitcode", "ends with 2 when there is something to do"}},
    .endings = ENDS_LOOKING | ENDS(CHANGES),
    .subjects = {SUBJECT_BLUEPRINT},
    .most = 1,
    .run = plan_run,
};
