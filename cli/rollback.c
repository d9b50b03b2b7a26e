/* rollback.c - `berth rollback`: deploy again what was deployed before. */
#include <errno.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/screen.h"

static const struct flag flags[] = {
    {"leave-data", 0, FLAG_SWITCH, offsetof(struct settings, leave_data), NULL, NULL, FLAG_LEAVE_DATA},
    {0},
};

static bool read_revision(const char *word, int64_t *ret)
{
	char *end = NULL;
	errno = 0;
	*ret = strtoll(word, &end, 10);
	return *word >= '1' && *word <= '9' && !*end && !errno;
}

static int rollback_run(struct invocation *invocation)
{
	static const struct change change = {
	    .begin = berth_rollback,
	    .needed = change_costs,
	    .refusal = "this removes, interrupts or puts data at risk, and nobody can be asked",
	    .done = "Rolled back",
	    .nothing = "is like that already",
	};
	const struct words *arguments = &invocation->arguments;
	struct input input = {0};
	int64_t revision = 0;
	int code = input_app(invocation, &input);
	if (code)
		return code;
	if (arguments->count > 1 && !read_revision(arguments->items[1], &revision))
		return complain_usage(invocation, "`berth history APP` lists them",
				      "`%.40s` is no revision's number", arguments->items[1]);
	struct berth_request request = request_of(invocation, &input);
	request.count = revision;
	return carry_out_change(invocation, &change, &request);
}

const struct command command_rollback = {
    .name = "rollback",
    .arguments = "APP [REVISION]",
    .summary = "deploy again what was deployed before",
    .details =
	"Deploys what the revision asked for (without a number: the newest before the present one that "
	"ended well), made from the images that ran then, whatever their tags mean by now. That is a "
	"revision of its own, so the way forward again is another rollback. Values given with --set "
	"whose names are those of secrets are nowhere kept: give them again.\n\nWhere a component was at "
	"another location then, it goes back there; what its volumes hold is not moved, so that is refused "
	"without --leave-data.",
    .flags = flags,
    .examples = {{"berth rollback shop", "as it was before the last change"},
		 {"berth rollback shop 3 --dry-run", "what the way back to revision 3 would do"}},
    .endings = ENDS_CHANGING,
    .subjects = {SUBJECT_APP},
    .most = 2,
    .run = rollback_run,
};
