/* schema.c - `berth schema`: the JSON Schema of a blueprint, or of a scenario, for editors. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

/* A document for programs in either form; this one people can read too. */
static void render(const struct invocation *invocation, const json_t *document)
{
	(void)invocation;
	if (!json_object_get(document, "definitions"))
		return;
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int schema_run(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	const char *of = arguments->count ? arguments->items[0] : "blueprint";
	struct berth_request request = request_of(invocation, NULL);
	if (strcmp(of, "blueprint") != 0 && strcmp(of, "scenario") != 0)
		return complain_usage(invocation, "there is one of a blueprint and one of a scenario",
				      "there is no schema of `%.60s`", of);
	request.name = of;
	return simple_command(invocation, berth_schema, &request, render);
}

const struct command command_schema = {
    .name = "schema",
    .arguments = "[blueprint|scenario]",
    .summary = "the JSON Schema of blueprints, for editors",
    .details =
	"Prints the JSON Schema (draft 7) of a blueprint, or of a scenario of `berth simulate`: its keys, "
	"their forms and what they are for. "
	"An editor that knows YAML completes and checks by it, when a blueprint begins with the line "
	"`# yaml-language-server: $schema=FILE` or the editor's settings say so. What a blueprint names, "
	"`berth validate` checks.",
    .examples = {{"berth schema >blueprint.schema.json", "a file for the editor"},
		 {"berth schema -o json", "on one line, for a program"}},
    .endings = ENDS_AT_ONCE,
    .subjects = {SUBJECT_WORD},
    .words = "blueprint|scenario",
    .most = 1,
    .run = schema_run,
};
