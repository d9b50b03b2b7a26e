/* converse.h - a command in an instance while it runs: what it reads and writes is ours. */
#ifndef BERTH_CLI_CONVERSE_H
#define BERTH_CLI_CONVERSE_H

#include <signal.h>

#include "cli/cli.h"

enum { EXIT_NOT_RUN = 125, EXIT_NOT_FOUND = 127, EXIT_NOBODY_READS = 128 + SIGPIPE };

/* Where its streams are on our side; its errors are always ours. */
struct streams {
	int input, output;
};

/* Carries the request out, its terminal being `input`. The command's exit code, or one that says why there is
 * none, which was told. */
int converse(struct invocation *invocation, struct berth_request *request, const struct streams *streams);

#endif
