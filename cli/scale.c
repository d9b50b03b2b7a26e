/* scale.c - `berth scale`: another number of instances of one component. */
#include <errno.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

/* Fewer instances are what was asked for; what else is lost is not. */
static bool costs(const json_t *change)
{
	const char *outage = text_of(change, "outage");
	bool interrupts = *outage && strcmp(outage, "none") != 0;
	return interrupts || json_array_size(list_of(change, "data_at_risk"));
}

static bool read_count(const char *word, int64_t *ret)
{
	char *end = NULL;
	errno = 0;
	*ret = strtoll(word, &end, 10);
	return *word >= '0' && *word <= '9' && !*end && !errno && *ret <= 1000;
}

static int scale_run(struct invocation *invocation)
{
	static const struct change change = {
	    .begin = berth_scale,
	    .needed = costs,
	    .refusal = "this interrupts or puts data at risk, and nobody can be asked",
	    .done = "Scaled",
	    .nothing = "has so many already",
	};
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	const char *components[] = {NULL, NULL};
	int64_t count = 0;
	int code = input_app(invocation, &input);
	if (code)
		return code;
	if (arguments->count != 3)
		return complain_usage(invocation, "usage: berth scale APP COMPONENT N",
				      "a component and a number are wanted");
	if (!read_count(arguments->items[2], &count))
		return complain_usage(invocation, "usage: berth scale APP COMPONENT N",
				      "`%.40s` is not a number from 0 to 1000", arguments->items[2]);
	struct berth_request request = request_of(invocation, &input);
	components[0] = arguments->items[1];
	request.components = components;
	request.count = count;
	return carry_out_change(invocation, &change, &request);
}

const struct command command_scale = {
    .name = "scale",
    .arguments = "APP COMPONENT N",
    .summary = "another number of instances of one component",
    .details =
	"Makes instances of the component, or removes those with the highest numbers, until there are N of "
	"them. The next deploy goes back to what the blueprint says, and its plan shows it; a cluster keeps "
	"its "
	"size. A cluster can have none at all. A component that is bound to a fixed port of its host cannot "
	"have several.",
    .examples = {{"berth scale shop web 3", "three instances of `web`"},
		 {"berth scale shop worker 1 --dry-run", "what would go"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_APP, SUBJECT_COMPONENT},
    .most = 3,
    .run = scale_run,
};
