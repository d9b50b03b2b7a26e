/* version.c - `berth version`: the program's and the library's, with nothing opened. */
#include "cli/cli.h"
#include "cli/commands.h"

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)
#define PROGRAM_VERSION                                                                                      \
	STRING(BERTH_VERSION_MAJOR) "." STRING(BERTH_VERSION_MINOR) "." STRING(BERTH_VERSION_PATCH)

int cli_version(struct invocation *invocation)
{
	if (wants_json(invocation))
		printf("{\"format_version\":\"1\",\"version\":\"%s\",\"library\":\"%s\"}\n", PROGRAM_VERSION,
		       berth_version());
	else
		printf("berth %s\nlibberth %s\n", PROGRAM_VERSION, berth_version());
	return 0;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "the version of the program and its library",
    .details = "Shows the version of the program and of the library it runs with.",
    .examples = {{"berth version", "the versions"}, {"berth version -o json", "as a document"}},
    .endings = ENDS_AT_ONCE,
    .run = cli_version,
};
