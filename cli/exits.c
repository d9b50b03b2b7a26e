/* exits.c - the table of exit codes. */
#include "cli/cli.h"

const struct exit_code exit_codes[ENDING_COUNT] = {
    [ENDING_DONE] = {BERTH_OK, "done, or nothing to do"},
    [ENDING_FAILED] = {BERTH_FAILED,
		       "it failed, or something is not as wanted; the message says what and why"},
    [ENDING_CHANGES] = {EXIT_CHANGES, "there are changes (only with --detailed-exitcode)"},
    [ENDING_USAGE] = {BERTH_USAGE, "bad usage"},
    [ENDING_INVALID] = {BERTH_INVALID,
			"the blueprint is invalid, or a location is not bound; nothing was touched"},
    [ENDING_UNREACHABLE] = {BERTH_UNREACHABLE, "a target cannot be reached: what it holds is unknown"},
    [ENDING_LOCKED] = {BERTH_LOCKED, "another command is changing it, or somebody else owns it; try again"},
    [ENDING_DENIED] = {BERTH_DENIED, "credentials were refused, or no right to"},
    [ENDING_TIMED_OUT] = {BERTH_TIMED_OUT, "--timeout ran out"},
    [ENDING_NOT_RUN] = {125, "exec: the command was not run, or its end is not known"},
    [ENDING_NOT_EXECUTABLE] = {126, "exec: the command cannot be executed there"},
    [ENDING_NOT_FOUND] = {127, "exec: the command is not found there"},
    [ENDING_INTERRUPTED] = {BERTH_INTERRUPTED, "interrupted, or not agreed to"},
};
