/* commands.c - the table of commands, and what to say about a name that is none. */
#include "cli/commands.h"

#include <string.h>

#include "cli/screen.h"

const struct command *const commands[] = {
    &command_validate,
    &command_plan,
    &command_deploy,
    &command_status,
    &command_destroy,
    &command_stop,
    &command_start,
    &command_restart,
    &command_scale,
    &command_logs,
    &command_exec,
    &command_ssh,
    &command_cp,
    &command_port_forward,
    &command_graph,
    &command_gc,
    &command_locations,
    &command_types,
    &command_simulate,
    &command_schema,
    &command_wait,
    &command_why,
    &command_events,
    &command_history,
    &command_rollback,
    &command_invoke,
    &command_policy,
    &command_serve,
    &command_backup,
    &command_restore,
    &command_version,
    &command_completion,
    &command_help,
    /* Hidden ones come last: nobody is told of them. */
    &command_complete,
    &command_manual,
    NULL,
};

/* What other programs call it. */
static const struct hint {
	const char *theirs, *ours;
} hints[] = {
    {"up", "deploy"},      {"apply", "deploy"},     {"create", "deploy"},   {"run", "deploy"},
    {"install", "deploy"}, {"down", "destroy"},     {"delete", "destroy"},  {"rm", "destroy"},
    {"remove", "destroy"}, {"undeploy", "destroy"}, {"ps", "status"},       {"ls", "status"},
    {"list", "status"},    {"get", "status"},       {"diff", "plan"},       {"check", "validate"},
    {"lint", "validate"},  {"catalog", "types"},    {"config", "validate"}, {"init", "validate"},
    {"show", "status"},    {"top", "status"},       {"inspect", "status"},  {"refresh", "status"},
    {"sim", "simulate"},   {"test", "simulate"},    {"chaos", "simulate"},  {"drill", "simulate"},
    {"describe", "why"},   {"explain", "why"},      {"kill", "stop"},       {"prune", "gc"},
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static const char *command_name(size_t i, const void *of)
{
	(void)of;
	return commands[i] && !commands[i]->hidden ? commands[i]->name : NULL;
}

int command_unknown(const struct invocation *invocation, const char *name)
{
	const char *meant = NULL;
	for (size_t i = 0; i < COUNT_OF(hints); i++)
		if (strcmp(hints[i].theirs, name) == 0)
			meant = hints[i].ours;
	if (!meant)
		meant = nearest(name, command_name, NULL);
	char remedy[120] = "`berth help` lists the commands";
	if (meant)
		snprintf(remedy, sizeof remedy, "did you mean `berth %s`?", meant);
	return complain_usage(invocation, remedy, "there is no command `%s`", name);
}
