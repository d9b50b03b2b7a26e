/* routes.c - a request finds what answers it; it is counted, and what changes something is written down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

#define NEWEST_API 41

static handler *const handlers[DOCKER_UNKNOWN] = {
    [DOCKER_PING] = ping_asked,
    [DOCKER_VERSION] = version_asked,
    [DOCKER_INFO] = info_asked,
    [DOCKER_EVENTS] = events_asked,
    [DOCKER_CONTAINERS] = containers_asked,
    [DOCKER_CREATE] = create_asked,
    [DOCKER_CONTAINER] = container_asked,
    [DOCKER_START] = start_asked,
    [DOCKER_STOP] = stop_asked,
    [DOCKER_KILL] = kill_asked,
    [DOCKER_PAUSE] = pause_asked,
    [DOCKER_UNPAUSE] = unpause_asked,
    [DOCKER_RENAME] = rename_asked,
    [DOCKER_UPDATE] = update_asked,
    [DOCKER_REMOVE] = remove_asked,
    [DOCKER_LOGS] = logs_asked,
    [DOCKER_STATS] = stats_asked,
    [DOCKER_ATTACH] = attach_asked,
    [DOCKER_EXEC] = exec_asked,
    [DOCKER_EXEC_START] = exec_start_asked,
    [DOCKER_EXEC_RESIZE] = exec_resize_asked,
    [DOCKER_EXEC_INSPECT] = exec_inspect_asked,
    [DOCKER_ARCHIVE_GET] = archive_get_asked,
    [DOCKER_ARCHIVE_PUT] = archive_put_asked,
    [DOCKER_NETWORKS] = networks_asked,
    [DOCKER_NETWORK_CREATE] = network_create_asked,
    [DOCKER_NETWORK] = network_asked,
    [DOCKER_NETWORK_REMOVE] = network_remove_asked,
    [DOCKER_CONNECT] = connect_asked,
    [DOCKER_DISCONNECT] = disconnect_asked,
    [DOCKER_VOLUMES] = volumes_asked,
    [DOCKER_VOLUME_CREATE] = volume_create_asked,
    [DOCKER_VOLUME] = volume_asked,
    [DOCKER_VOLUME_REMOVE] = volume_remove_asked,
    [DOCKER_IMAGES] = images_asked,
    [DOCKER_PULL] = pull_asked,
    [DOCKER_LOAD] = load_asked,
    [DOCKER_IMAGE] = image_asked,
    [DOCKER_DISTRIBUTION] = distribution_asked,
};

#define DESCRIPTION(name, method, path, changes, takes) {method " " path, method, path, changes, takes},
static const struct description {
	const char *name, *method, *path;
	bool changes;
	int64_t takes_ms;
} descriptions[] = {DOCKER_CALLS_EACH(DESCRIPTION)};

const char *docker_call_name(enum docker_call call)
{
	return call < DOCKER_UNKNOWN ? descriptions[call].name : "a page that is not there";
}

size_t docker_engine_count(const struct docker_engine *engine, enum docker_call call)
{
	return engine->counts[call];
}

static int64_t takes(const struct docker_engine *engine, enum docker_call kind)
{
	return engine->takes_ms[kind] ? engine->takes_ms[kind] - 1 : descriptions[kind].takes_ms;
}

void docker_engine_takes(struct docker_engine *engine, enum docker_call call, int64_t takes_ms)
{
	engine->takes_ms[call] = takes_ms + 1;
}

const struct docker_change *docker_engine_changes(const struct docker_engine *engine, size_t *ret_count)
{
	*ret_count = engine->change_count;
	return engine->changes;
}

/* --- which one ------------------------------------------------------------------------------------- */

/* "{}" stands for what is no slash, "{*}" for anything. */
static bool fits(const char *pattern, const char *path, const char **ret_part, size_t *ret_length)
{
	const char *hole = strchr(pattern, '{');
	size_t length = strlen(path);

	if (!hole)
		return !strcmp(pattern, path);
	size_t before = (size_t)(hole - pattern);
	const char *rest = strchr(hole, '}') + 1;
	size_t after = strlen(rest);
	if (length <= before + after || strncmp(path, pattern, before) != 0 ||
	    strcmp(path + length - after, rest) != 0)
		return false;
	*ret_part = path + before;
	*ret_length = length - before - after;
	return hole[1] == '*' || !memchr(*ret_part, '/', *ret_length);
}

static enum docker_call kind_of(const char *method, const char *path, const char **ret_part,
				size_t *ret_length)
{
	for (size_t i = 0; i < COUNT_OF(descriptions); i++)
		if (!strcmp(descriptions[i].method, method) &&
		    fits(descriptions[i].path, path, ret_part, ret_length))
			return (enum docker_call)i;
	return DOCKER_UNKNOWN;
}

/* "/v1.41/x" -> "/x"; false: a version that we do not speak. */
static bool skip_version(const char **path, int *ret_minor)
{
	int length = 0;

	*ret_minor = NEWEST_API;
	if (sscanf(*path, "/v1.%d%n", ret_minor, &length) == 1 && length)
		*path += length;
	return *ret_minor <= NEWEST_API;
}

/* --- who it is about ------------------------------------------------------------------------------- */

static char *name_about(struct call *call)
{
	const struct container *container = NULL;
	const struct exec *exec;

	switch (call->kind) {
	case DOCKER_CREATE:
		return query_value(call, "name");
	case DOCKER_NETWORK_CREATE:
	case DOCKER_VOLUME_CREATE:
		return copy_or_null(json_text(call_parsed(call), "Name"));
	case DOCKER_PULL:
		return query_value(call, "fromImage");
	case DOCKER_EXEC_START:
	case DOCKER_EXEC_RESIZE:
	case DOCKER_EXEC_INSPECT:
		exec = map_get(call->engine->execs_by_id, call->part);
		container = exec ? exec->container : NULL;
		break;
	case DOCKER_NETWORK:
	case DOCKER_NETWORK_REMOVE:
	case DOCKER_CONNECT:
	case DOCKER_DISCONNECT: {
		const struct network *network = network_found(call->engine, call->part, NULL);
		return copy(network ? network->name : call->part);
	}
	default:
		container = strncmp(descriptions[call->kind].path, "/containers/{}", 14) == 0
				? container_found(call->engine, call->part)
				: NULL;
	}
	if (container && container->name)
		return copy(container->name);
	return copy_or_null(call->part);
}

/* Whom a network's call is about. */
static char *name_joining(struct call *call)
{
	bool joins = call->kind == DOCKER_CONNECT || call->kind == DOCKER_DISCONNECT;
	const char *named = joins ? json_text(call_parsed(call), "Container") : NULL;
	const struct container *container = named && *named ? container_found(call->engine, named) : NULL;

	return container && container->name ? copy(container->name) : NULL;
}

static void write_down(struct call *call, const char *path, char *target)
{
	struct docker_engine *engine = call->engine;

	if (!(engine->change_count & (engine->change_count - 1)))
		engine->changes =
		    must(realloc(engine->changes, (engine->change_count ? engine->change_count * 2 : 1) *
						      sizeof(*engine->changes)));
	engine->changes[engine->change_count++] = (struct docker_change){
	    .at_ms = clock_now(engine->clock),
	    .call = call->kind,
	    .path = copy(path),
	    .target = target ? target : copy(""),
	    .joins = name_joining(call),
	    .foreign = !call->reply,
	};
	call->change = engine->change_count;
}

static const struct docker_rule *rule_of(struct call *call, const char *target)
{
	for (struct rule *rule = call->engine->rules; rule; rule = rule->next) {
		const struct docker_rule *wanted = &rule->rule;
		if (wanted->call != call->kind ||
		    (wanted->target && (!target || strcmp(wanted->target, target) != 0)))
			continue;
		unsigned seen = rule->seen++;
		if (!rule->over && seen >= wanted->skip &&
		    (!wanted->times || seen < wanted->skip + wanted->times))
			return wanted;
	}
	return NULL;
}

/* --- and when -------------------------------------------------------------------------------------- */

static bool is_prevented(const struct call *call)
{
	return call->instead && call->instead->status && !call->instead->effect;
}

static void handle(struct call *call)
{
	if (is_prevented(call))
		answer_nothing(call, 0); /* says what the rule has */
	else
		handlers[call->kind](call);
}

static void due(struct event *event)
{
	handle(owner_of(event, struct call, event));
}

static struct call *call_new(struct docker_engine *engine, struct reply *reply, struct docker_asked *asked)
{
	struct call *call = must(calloc(1, sizeof(*call)));

	call->engine = engine;
	call->reply = reply;
	call->asked = asked;
	call->kind = DOCKER_UNKNOWN;
	event_prepare(&call->event, due);
	event_prepare(&call->next_step, due);
	call->next = engine->calls;
	call->back = &engine->calls;
	if (call->next)
		call->next->back = &call->next;
	engine->calls = call;
	if (reply)
		reply_keep(reply, call);
	return call;
}

static void begin(struct call *call, const char *path)
{
	bool counts = call->reply != NULL, changes = descriptions[call->kind].changes;
	char *target = changes || call->engine->rules ? name_about(call) : NULL;

	if (counts)
		call->engine->counts[call->kind]++;
	call->instead = counts ? rule_of(call, target) : NULL;
	if (changes)
		write_down(call, path, target);
	else
		free(target);
	int64_t wait_ms =
	    (counts ? takes(call->engine, call->kind) : 0) + (call->instead ? call->instead->delay_ms : 0);
	call->takes_ms = wait_ms;
	/* A creation takes its time by itself. */
	if (!wait_ms || (call->kind == DOCKER_CREATE && !is_prevented(call)))
		handle(call);
	else if (clock_add(call->engine->clock, &call->event, wait_ms) < 0)
		abort();
}

static void percent_decode(char *text)
{
	char *to = text;
	unsigned byte;

	for (const char *from = text; *from; from++) {
		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

void call_arrives(struct docker_engine *engine, const char *method, const char *url, const void *body,
		  size_t body_size, bool upgrade, struct reply *reply, struct docker_asked *asked)
{
	struct call *call = call_new(engine, reply, asked);
	const char *path = url, *part = NULL;
	size_t length = 0;
	int minor;

	bool speaks = skip_version(&path, &minor);
	size_t bare = strcspn(path, "?");
	call->path = must(strndup(path, bare));
	call->query = copy(path[bare] ? path + bare + 1 : "");
	call->upgrade = upgrade;
	if (body_size) {
		call->body = must(malloc(body_size + 1));
		memcpy(call->body, body, body_size);
		call->body[body_size] = '\0';
		call->body_size = body_size;
	}
	call->kind = kind_of(method, call->path, &part, &length);
	if (part) {
		call->part = must(strndup(part, length));
		percent_decode(call->part);
	}
	if (!speaks) {
		refuse(call, 400, "client version 1.%d is too new. Maximum supported API version is 1.%d",
		       minor, NEWEST_API);
	} else if (call->kind == DOCKER_UNKNOWN) {
		if (reply)
			engine->counts[DOCKER_UNKNOWN]++;
		universe_tell(engine->universe, "the engine does not know %s %s", method, path);
		refuse(call, 404, "page not found");
	} else {
		begin(call, path);
	}
}
