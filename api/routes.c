/* routes.c - the table of everything that the API answers, and the way to a row of it. */
#include "api/routes.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define APP    "/v1/applications/{app}"
#define SENSOR APP "/components/{component}/sensors/{sensor}"
#define READ   "file folder locations settings environment timeout_ms"
#define GIVEN  READ " adopt"
#define DETAIL "locations settings timeout_ms"

const struct route routes[] = {
    {"GET", "/healthz", ROLE_NOBODY, "whether it lives", NULL, "", ANSWER_TEXT, run_alive},
    {"GET", "/readyz", ROLE_NOBODY, "whether it takes work", NULL, "", ANSWER_TEXT, run_ready},
    {"GET", "/metrics", ROLE_READ, "numbers, for Prometheus", NULL, "", ANSWER_TEXT, run_metrics},
    {"GET", "/v1/openapi.json", ROLE_READ, "this description", NULL, "", ANSWER_DOCUMENT, run_openapi},
    {"GET", "/v1/version", ROLE_READ, "the controller's version", NULL, "", ANSWER_DOCUMENT, run_version},

    {"GET", "/v1/applications", ROLE_READ, "the applications that are known, and their states", "status",
     "remembered " DETAIL, ANSWER_DOCUMENT, run_document},
    {"POST", "/v1/applications", ROLE_OPERATE, "deploy a blueprint, or a saved plan", "deploy",
     "blueprint app plan dry_run " GIVEN, ANSWER_OPERATION, run_operation},
    {"GET", APP, ROLE_READ, "what runs of it, and where", "status", "remembered " DETAIL, ANSWER_DOCUMENT,
     run_document},
    {"DELETE", APP, ROLE_OPERATE, "destroy it", "destroy", "volumes dry_run " GIVEN, ANSWER_OPERATION,
     run_operation},
    {"POST", APP "/destroy", ROLE_OPERATE, "destroy it", "destroy", "volumes dry_run " GIVEN,
     ANSWER_OPERATION, run_operation},
    {"POST", APP "/stop", ROLE_OPERATE, "stop and keep its instances", "stop", "components dry_run " GIVEN,
     ANSWER_OPERATION, run_operation},
    {"POST", APP "/start", ROLE_OPERATE, "start what is stopped", "start", "components dry_run " GIVEN,
     ANSWER_OPERATION, run_operation},
    {"POST", APP "/restart", ROLE_OPERATE, "stop and start its instances, one after the other", "restart",
     "components dry_run " GIVEN, ANSWER_OPERATION, run_operation},
    {"POST", APP "/scale", ROLE_OPERATE, "another number of instances", "scale",
     "components count dry_run " GIVEN, ANSWER_OPERATION, run_operation},
    {"POST", APP "/exec", ROLE_OPERATE, "run a command in an instance; its output comes as events", "exec",
     "components command user directory terminal rows columns interactive " READ, ANSWER_OPERATION,
     run_operation},
    {"POST", APP "/wait", ROLE_READ, "until it is as it is needed", "wait", "wait_for " DETAIL,
     ANSWER_OPERATION, run_operation},
    {"GET", APP "/why", ROLE_READ, "why it is not as wanted", "why", "components " DETAIL, ANSWER_DOCUMENT,
     run_document},
    {"GET", APP "/graph", ROLE_READ, "its graph, drawn", "graph", "format " DETAIL, ANSWER_TEXT,
     run_document},
    {"GET", APP "/events", ROLE_READ,
     "what was recorded of it; with `Accept: text/event-stream` as it is recorded", "events",
     "tail since_ms after timeout_ms", ANSWER_DOCUMENT, run_events},
    {"GET", APP "/history", ROLE_READ, "its revisions: what was deployed when", "history", "timeout_ms",
     ANSWER_DOCUMENT, run_document},
    {"POST", APP "/rollback", ROLE_OPERATE,
     "deploy what an earlier revision was, with the images that ran then", "rollback",
     "count dry_run timeout_ms adopt", ANSWER_OPERATION, run_operation},
    {"POST", APP "/invoke", ROLE_OPERATE, "run an effector of a component in its instances", "invoke",
     "components name arguments locations timeout_ms", ANSWER_OPERATION, run_operation},
    {"GET", APP "/policies", ROLE_READ, "its policies, and what each is about", "policies",
     "components name timeout_ms", ANSWER_DOCUMENT, run_document},
    {"POST", APP "/policies", ROLE_OPERATE, "suspend or resume one of its policies, or set it anew", "policy",
     "components name action arguments dry_run timeout_ms", ANSWER_OPERATION, run_operation},
    {"GET", APP "/logs", ROLE_READ, "what its instances wrote; with `Accept: text/event-stream` as events",
     "logs", "components follow tail since_ms " DETAIL, ANSWER_STREAM, run_logs},

    {"PUT", SENSOR, ROLE_OPERATE, "a number of a sensor that is pushed", NULL, "value instance time_ms",
     ANSWER_NOTHING, run_sample},
    {"POST", SENSOR, ROLE_OPERATE, "a number of a sensor that is pushed", NULL, "value instance time_ms",
     ANSWER_NOTHING, run_sample},

    {"POST", "/v1/validate", ROLE_OPERATE, "what is wrong with a blueprint", "validate",
     "blueprint app " READ, ANSWER_DOCUMENT, run_posted},
    {"POST", "/v1/plan", ROLE_OPERATE, "what a deploy would do", "plan", "blueprint app " GIVEN,
     ANSWER_DOCUMENT, run_posted},
    {"POST", "/v1/gc", ROLE_OPERATE, "what no application owns", "gc", "remove dry_run locations timeout_ms",
     ANSWER_OPERATION, run_operation},
    {"GET", "/v1/events", ROLE_READ,
     "what was recorded of all applications; with `Accept: text/event-stream` as it is recorded", "events",
     "tail since_ms after timeout_ms", ANSWER_DOCUMENT, run_events},
    {"GET", "/v1/backup", ROLE_ADMIN, "what is remembered, as one file for `berth restore`", NULL, "",
     ANSWER_BYTES, run_backup},
    {"GET", "/v1/locations", ROLE_READ, "the locations that are known", "locations",
     "name check locations timeout_ms", ANSWER_DOCUMENT, run_document},
    {"GET", "/v1/types", ROLE_READ, "the types of components", "types", "name", ANSWER_DOCUMENT,
     run_document},
    {"GET", "/v1/schema", ROLE_READ, "the JSON Schema of a blueprint", "schema", "name", ANSWER_DOCUMENT,
     run_document},

    {"GET", "/v1/operations", ROLE_READ, "what goes on, and what has ended lately", NULL, "", ANSWER_DOCUMENT,
     run_operation_list},
    {"POST", "/v1/operations", ROLE_READ, "begin any operation; `verb` says which", NULL, "verb",
     ANSWER_OPERATION, run_verb},
    {"GET", "/v1/operations/{id}", ROLE_READ, "how far it has come; its result once it is done", NULL, "",
     ANSWER_DOCUMENT, run_operation_show},
    {"DELETE", "/v1/operations/{id}", ROLE_READ,
     "cancel it: what flies is finished or recorded; a second time: at once", NULL, "", ANSWER_OPERATION,
     run_operation_cancel},
    {"GET", "/v1/operations/{id}/events", ROLE_READ, "its events as they come; go on by Last-Event-ID", NULL,
     "", ANSWER_STREAM, run_operation_events},
    {"POST", "/v1/operations/{id}/input", ROLE_OPERATE,
     "input of an exec: `bytes` in base64, `end`, `rows` and `columns`", NULL, "bytes end rows columns",
     ANSWER_NOTHING, run_operation_input},
};
const size_t route_count = COUNT_OF(routes);

/* --- finding -------------------------------------------------------------------------------- */

/* One piece of both paths; false: they differ. */
static bool match_piece(const char **template, const char **path, struct arena *arena, const char **ret)
{
	size_t theirs = strcspn(*path, "/"), ours = strcspn(*template, "/");
	bool parameter = **template == '{';
	if (parameter && theirs)
		*ret = arena_copy(arena, *path, theirs);
	else if (theirs != ours || strncmp(*path, *template, ours) != 0)
		return false;
	*path += theirs;
	*template += ours;
	return !parameter || *ret;
}

static bool match(const char *template, const char *path, struct arena *arena,
		  const char *ret_arguments[MOST_ARGUMENTS])
{
	size_t count = 0;
	const char *argument = NULL;
	memset(ret_arguments, 0, MOST_ARGUMENTS * sizeof *ret_arguments);
	while (*template == '/' && *path == '/') {
		template ++;
		path++;
		argument = NULL;
		if (!match_piece(&template, &path, arena, &argument))
			return false;
		if (argument && count < MOST_ARGUMENTS)
			ret_arguments[count++] = argument;
	}
	return !*template && !*path;
}

const struct route *route_find(const char *method, const char *path, struct arena *arena,
			       const char *ret_arguments[MOST_ARGUMENTS], char ret_allow[64])
{
	size_t used = 0;
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	*ret_allow = '\0';
	for (size_t i = 0; i < route_count; i++) {
		if (!match(routes[i].path, path, arena, ret_arguments))
			continue;
		if (strcmp(routes[i].method, wanted) == 0)
			return &routes[i];
		used +=
		    (size_t)snprintf(ret_allow + used, 64 - used, "%s%s", used ? ", " : "", routes[i].method);
	}
	return NULL;
}

/* --- running -------------------------------------------------------------------------------- */

/* Whoever is nobody here learns nothing, not even which paths there are. */
static bool refuse_stranger(struct exchange *exchange)
{
	const struct route *route = exchange->route;
	enum role needed = route ? route->role : ROLE_READ;
	access_look(exchange, &exchange->by);
	if (exchange->by.role >= needed)
		return false;
	if (exchange->by.role) {
		problem(exchange, 403, NULL, "%s may %s; this takes `%s`", exchange->by.who,
			role_name(exchange->by.role), role_name(needed));
	} else if (exchange->guest->door->kind == DOOR_UNIX) {
		problem(exchange, 403, "ask as root, or as the controller's own user",
			"this controller is not yours");
	} else {
		answer_header(exchange, "WWW-Authenticate", "Bearer");
		problem(exchange, 401, "send `Authorization: Bearer TOKEN`, or a client certificate",
			"nobody is known by what was sent");
	}
	return true;
}

/* A name that no application can have is not looked for anywhere. */
static bool refuse_name(struct exchange *exchange)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *name = strstr(exchange->route->path, "{app}") ? exchange->arguments[0] : NULL;
	if (!name || !name[strspn(name, letters)])
		return false;
	owned_text shown = {0};
	text_add_printable(&shown, name, strnlen(name, 80));
	problem(exchange, 400, "names are made of letters, digits, `_` and `-`",
		"`%s` is no application's name", text_view(&shown));
	return true;
}

void route_run(struct exchange *exchange)
{
	char allow[64];
	exchange->route =
	    route_find(exchange->method, exchange->path, &exchange->arena, exchange->arguments, allow);
	if (refuse_stranger(exchange))
		return;
	if (exchange->route && refuse_name(exchange))
		return;
	if (exchange->route) {
		exchange->route->run(exchange);
	} else if (*allow) {
		answer_header(exchange, "Allow", allow);
		problem(exchange, 405, allow, "%.16s is not for this path", exchange->method);
	} else {
		problem(exchange, 404, "/v1/openapi.json has all there is", "there is no such path");
	}
}
