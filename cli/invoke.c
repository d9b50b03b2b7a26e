/* invoke.c - `berth invoke`: an effector of a component, and what came of it in each instance. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static void show_output(const struct screen *out, const json_t *result)
{
	size_t i;
	json_t *line;
	json_array_foreach (list_of(result, "output"), i, line) {
		paint(out, DIM, "  | ");
		put(out, PLAIN, json_is_string(line) ? json_string_value(line) : "");
		putc('\n', out->to);
	}
}

static void show_result(const struct screen *out, const json_t *document, const json_t *result)
{
	const json_t *code = json_object_get(result, "exit_code"),
		     *status = json_object_get(result, "status");
	bool failed = json_integer_value(code) || json_integer_value(status) >= 400 ||
		      (json_is_integer(status) && json_integer_value(status) < 200);
	const char *error = text_of(result, "error");
	put(out, BOLD, short_name(text_of(result, "instance"), text_of(document, "component")));
	fputs(" at ", out->to);
	put(out, PLAIN, text_of(result, "location"));
	fputs(": ", out->to);
	if (*error)
		put(out, RED, error);
	else
		paint(out, failed ? RED : GREEN, failed ? "failed" : "done");
	if (!*error && json_integer_value(code))
		fprintf(out->to, " with code %lld", (long long)json_integer_value(code));
	if (!*error && json_is_integer(status))
		fprintf(out->to, " with status %lld", (long long)json_integer_value(status));
	putc('\n', out->to);
	show_output(out, result);
}

/* `start` and its like have no results of their own. */
static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation);
	size_t i;
	json_t *result;
	json_array_foreach (list_of(document, "results"), i, result)
		show_result(&out, document, result);
	if (json_object_get(document, "outcome") && !json_object_get(document, "error"))
		puts(json_is_true(json_object_get(document, "changed")) ? "done" : "nothing was to be done");
}

static int invoke_run(struct invocation *invocation)
{
	static const char usage[] = "usage: berth invoke APP COMPONENT EFFECTOR [NAME=VALUE...]";
	const struct words *words = &invocation->arguments;
	const char *components[] = {NULL, NULL};
	struct input input = {0};
	int code = input_app(invocation, &input);
	if (code)
		return code;
	if (words->count < 3)
		return complain_usage(invocation, usage,
				      words->count < 2 ? "of which component?" : "which effector?");
	if (invocation->settings.dry_run)
		return complain_usage(invocation, "leave it out", "an effector cannot be tried dry");
	for (size_t i = 3; i < words->count; i++)
		if (!strchr(words->items[i], '='))
			return complain_usage(invocation, usage, "`%s` is no parameter", words->items[i]);
	struct berth_request request = request_of(invocation, &input);
	components[0] = words->items[1];
	request.components = components;
	request.name = words->items[2];
	request.arguments = words->count > 3 ? words->items + 3 : NULL;
	return simple_command(invocation, berth_invoke, &request, render);
}

const struct command command_invoke = {
    .name = "invoke",
    .arguments = "APP COMPONENT EFFECTOR [NAME=VALUE...]",
    .summary = "run an effector of a component",
    .details =
	"Runs a command that the blueprint gives the component under `effectors`, in each of its instances "
	"that runs, with the parameters as variables, or sends each a request. What it writes and its code, "
	"or its answer "
	"and its status, are shown, and recorded as "
	"an event; a code other than 0, or a status of 400 and more, anywhere ends with 1. `start`, `stop` "
	"and `restart` are effectors of "
	"every component; a cluster also has `resize` (desiredSize), `resizeByDelta` (delta), "
	"`replaceMember` "
	"(memberId) and `expungeQuarantined`.\n\n"
	"Ctrl-C interrupts it here; what runs in a container may run on.",
    .examples = {{"berth invoke shop db backup TO=/backup", "the command `backup` of `db`"},
		 {"berth invoke shop web resizeByDelta delta=2", "two members more"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_APP, SUBJECT_COMPONENT, SUBJECT_NOTHING},
    .most = 100,
    .run = invoke_run,
};
