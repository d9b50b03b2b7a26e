/* complete.c - `berth __complete KIND [APP]`: names for a shell's completion, one a line. It asks no target,
 * and whatever goes wrong there are only fewer names. */
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static json_t *ask(struct invocation *invocation, begin_fn *begin, const struct input *input)
{
	struct berth_request request = request_of(invocation, input);
	request.remembered = true;
	struct carried carried = carry_out(invocation, begin, &request, NULL, NULL);
	json_t *document = json_incref(carried.document);
	carried_release(&carried);
	return document;
}

static void print_names(const json_t *list, const char *key)
{
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry)
		if (*text_of(entry, key))
			puts(text_of(entry, key));
}

static void applications(struct invocation *invocation)
{
	owned_json document = ask(invocation, berth_status, NULL);
	print_names(list_of(document, "applications"), "app");
}

/* Of an application or of a blueprint. */
static void components(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	if (arguments->count < 2 || input_either(invocation, arguments->items[1], &input))
		return;
	owned_json document = ask(invocation, berth_status, &input);
	print_names(list_of(document, "components"), "id");
	input_release(&input);
}

static void locations(struct invocation *invocation)
{
	owned_json document = ask(invocation, berth_locations, NULL);
	print_names(list_of(document, "locations"), "name");
}

static void specs(struct invocation *invocation)
{
	owned_json document = ask(invocation, berth_locations, NULL);
	puts("docker");
	print_names(list_of(document, "locations"), "spec");
}

static void types(struct invocation *invocation)
{
	owned_json document = ask(invocation, berth_types, NULL);
	print_names(list_of(document, "types"), "name");
	print_names(list_of(document, "catalogue"), "name");
}

static void command_names(struct invocation *invocation)
{
	(void)invocation;
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			puts(commands[i]->name);
}

static int complete_run(struct invocation *invocation)
{
	static const struct {
		const char *kind;
		void (*print)(struct invocation *);
	} kinds[] = {{"applications", applications},
		     {"components", components},
		     {"locations", locations},
		     {"specs", specs},
		     {"types", types},
		     {"commands", command_names}};
	const struct words *arguments = &invocation->arguments;
	invocation->silent = true;
	for (size_t i = 0; arguments->count && i < COUNT_OF(kinds); i++)
		if (strcmp(kinds[i].kind, arguments->items[0]) == 0)
			kinds[i].print(invocation);
	return 0;
}

const struct command command_complete = {
    .name = "__complete",
    .arguments = "KIND [APP]",
    .summary = "names for a shell's completion",
    .endings = ENDS_AT_ONCE,
    .most = 2,
    .hidden = true,
    .run = complete_run,
};
