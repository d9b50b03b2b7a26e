/* verbs.c - what the library can do: who may ask for it, and with which members of a request. */
#include "api/verbs.h"

#include <string.h>

#include "base/cleanup.h"

#define BLUEPRINT "blueprint file folder app locations settings environment timeout_ms"
#define EXPECTED  " if_revision"
#define CHANGE    BLUEPRINT " adopt components dry_run" EXPECTED

/* A blueprint can name any address, file and variable of the controller: who gives one operates. */
const struct server_verb server_verbs[] = {
    {"validate", berth_validate, ROLE_OPERATE, BLUEPRINT, false, false, false},
    {"plan", berth_plan, ROLE_OPERATE, BLUEPRINT " adopt leave_data", false, false, false},
    {"deploy", berth_deploy, ROLE_OPERATE, BLUEPRINT " adopt plan dry_run if_new leave_data" EXPECTED, true,
     false, true},
    {"status", berth_status, ROLE_READ, BLUEPRINT " remembered", false, true, false},
    {"destroy", berth_destroy, ROLE_OPERATE, BLUEPRINT " adopt dry_run volumes" EXPECTED, true, false, true},
    {"logs", berth_logs, ROLE_READ, BLUEPRINT " components follow tail since_ms", false, true, false},
    {"graph", berth_graph, ROLE_READ, BLUEPRINT " format", false, true, false},
    {"locations", berth_locations, ROLE_READ, "name check locations timeout_ms", false, true, false},
    {"types", berth_types, ROLE_READ, "name", false, true, false},
    {"schema", berth_schema, ROLE_READ, "name", false, true, false},
    {"stop", berth_stop, ROLE_OPERATE, CHANGE, true, false, true},
    {"start", berth_start, ROLE_OPERATE, CHANGE, true, false, true},
    {"restart", berth_restart, ROLE_OPERATE, CHANGE, true, false, true},
    {"scale", berth_scale, ROLE_OPERATE, CHANGE " count", true, false, true},
    {"exec", berth_exec, ROLE_OPERATE,
     BLUEPRINT " components command user directory terminal rows columns interactive", true, true, false},
    {"wait", berth_wait, ROLE_READ, BLUEPRINT " wait_for", false, true, false},
    {"why", berth_why, ROLE_READ, BLUEPRINT " components", false, true, false},
    {"gc", berth_gc, ROLE_OPERATE, "locations timeout_ms remove dry_run", true, false, false},
    {"history", berth_history, ROLE_READ, "app timeout_ms", false, true, false},
    {"rollback", berth_rollback, ROLE_OPERATE, CHANGE " count leave_data", true, false, true},
    {"invoke", berth_invoke, ROLE_OPERATE, "app components name arguments locations timeout_ms" EXPECTED,
     true, false, false},
    {"policies", berth_policy, ROLE_READ, "app components name timeout_ms", false, true, false},
    {"policy", berth_policy, ROLE_OPERATE, "app components name action arguments dry_run timeout_ms" EXPECTED,
     true, false, false},
    {"events", berth_events, ROLE_READ, "app follow tail since_ms after timeout_ms", false, true, false},
    {0},
};

const struct server_verb *server_verb_find(const char *name)
{
	for (const struct server_verb *verb = server_verbs; verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}

static const char *const roles[] = {
    [ROLE_NOBODY] = "nobody", [ROLE_READ] = "read", [ROLE_OPERATE] = "operate", [ROLE_ADMIN] = "admin"};

const char *role_name(enum role role)
{
	return roles[role];
}

enum role role_find(const char *name)
{
	for (size_t i = ROLE_READ; i < COUNT_OF(roles); i++)
		if (strcmp(roles[i], name) == 0)
			return (enum role)i;
	return ROLE_NOBODY;
}
