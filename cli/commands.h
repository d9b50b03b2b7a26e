/* commands.h - every command's entry. */
#ifndef BERTH_CLI_COMMANDS_H
#define BERTH_CLI_COMMANDS_H

struct command;

extern const struct command command_validate, command_plan, command_deploy, command_status, command_destroy,
    command_logs, command_exec, command_graph, command_locations, command_types, command_schema,
    command_events, command_version, command_help, command_completion, command_complete, command_manual,
    command_stop, command_start, command_restart, command_scale, command_wait, command_why, command_gc,
    command_simulate, command_history, command_rollback, command_invoke, command_policy, command_backup,
    command_restore, command_serve, command_ssh, command_cp, command_port_forward;

#endif
