/* schema.c - `berth schema`: the JSON Schema of a blueprint, for editors. */
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
	struct berth_request request = request_of(invocation, NULL);
	return simple_command(invocation, berth_schema, &request, render);
}

const struct command command_schema = {
    .name = "schema",
    .arguments = "",
    .summary = "the JSON Schema of blueprints, for editors",
    .details =
	"Prints the JSON Schema (draft 7) of a blueprint: its keys, their forms and what they are for. "
	"An editor that knows YAML completes and checks by it, when a blueprint begins with the line "
	"`# yaml-language-server: $schema=FILE` or the editor's settings say so. What a blueprint names, "
	"`berth validate` checks.",
    .examples = {{"berth schema >blueprint.schema.json", "a file for the editor"},
		 {"berth schema -o json", "on one line, for a program"}},
    .endings = ENDS_AT_ONCE,
    .run = schema_run,
};
