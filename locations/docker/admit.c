/* admit.c - a container off its network and on again, at the same address: to gain the shared name of its
 * component, to lose it, to be pinned to its address, or to be moved to another one.
 *
 * What it has under way with others of its network goes on: address and hardware address stay, and what is
 * lost meanwhile (some tenths of a second) is sent again. Connections through a published port do not survive
 * it, as the engine ends who forwards them. */
#include <string.h>

#include "locations/docker/docker.h"

enum { CONNECT_PAUSE_MS = 300, LEAVER_PAUSE_MS = 30 };

enum purpose { ADMITS, WITHDRAWS, MOVES };

struct standing {
	enum purpose purpose;
	const char *shared; /* name of its component; NULL: none */
	const char *names;  /* for others, as it was made with them; NULL: not known */
};

static step look, looked, connect_now, connected, disconnect;

static char *network_path(struct task *task, const char *rest)
{
	const char *id = escaped(&task->arena, task->target);

	return id ? arena_format(&task->arena, "/networks/%s/%s", id, rest) : NULL;
}

static bool holds(const json_t *aliases, const char *name)
{
	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));
		if (alias && !strcmp(alias, name))
			return true;
	}
	return false;
}

static const char *name_of(const struct task *task)
{
	return task->wish.spec ? task->wish.spec->name : task->wish.name;
}

static bool pinned(const struct task *task)
{
	return task->wish.spec && task->wish.spec->pin_address;
}

/* A call on the network failed: look where the container stands now, but not for ever. */
static enum progress again(struct task *task, struct call *call, struct error *err)
{
	if (++task->tries >= TRIES)
		return call_failed(call, err, "location `%s`: cannot connect container `%s` to its network",
				   task->docker->location->name, name_of(task));
	if (call->status == 404)
		network_forget(task->docker, task->wish.app);
	return task_pause(task, CONNECT_PAUSE_MS * task->tries, look, err);
}

static enum progress arrived(struct task *task)
{
	const struct standing *standing = task->own;

	return standing->purpose == MOVES ? task_go(task, task->after) : PROGRESS_DONE;
}

static enum progress connected(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return arrived(task);
	/* Somebody took the address meanwhile: better another one than none, but where others hold the
	 * number only at the very last. */
	if (call->error.code == OK && strcasestr(call_words(call), "address already in use") &&
	    (!pinned(task) || task->tries + 2 >= TRIES))
		task->address = NULL;
	return again(task, call, err);
}

/* Whether it shall carry the shared name when it is back. */
static bool shared_again(const struct task *task)
{
	const struct standing *standing = task->own;

	switch (standing->purpose) {
	case ADMITS:
		return standing->shared;
	case MOVES: /* else the name comes back with the next admission */
		return standing->shared && task->wish.spec->shared_from_start;
	default:
		return false;
	}
}

/* "app.db:db app.web:web" as a list. */
static json_t *names_list(const char *names)
{
	owned_json list = json_array();

	for (; *names; names += strcspn(names, " "), names += *names == ' ')
		if (json_array_append_new(list, json_stringn(names, strcspn(names, " "))) < 0)
			return NULL;
	return give(list);
}

/* What the container kept on the network before, or was made with, or what its wish says when it is off it.
 */
static json_t *endpoint_config(struct task *task)
{
	const struct standing *standing = task->own;
	owned_json config = json_object();
	owned_json aliases = shared_again(task) ? shared_names(task->docker, task->wish.spec) : json_array();
	const json_t *kept = json_object_get(task->kept, "Aliases");
	json_t *links = json_object_get(task->kept, "Links");

	if (!config || !aliases)
		return NULL;
	for (size_t i = 0; i < json_array_size(kept); i++)
		if (json_array_append(aliases, json_array_get(kept, i)) < 0)
			return NULL;
	links = json_is_array(links) ? json_incref(links)
		: standing->names    ? names_list(standing->names)
		: task->wish.spec    ? link_list(task->wish.spec)
				     : json_array();
	if (json_object_set(config, "Aliases", aliases) < 0 ||
	    json_object_set_new(config, "Links", links) < 0 ||
	    (task->address && json_object_set_new(config, "IPAMConfig", pinned_at(task->address)) < 0))
		return NULL;
	return give(config);
}

static enum progress connect_now(struct task *task, struct error *err)
{
	json_t *config = endpoint_config(task);
	struct question question = {
	    .method = "POST",
	    .path = network_path(task, "connect"),
	    .body = config ? json_pack("{s:s, s:o}", "Container", task->id, "EndpointConfig", config) : NULL,
	};

	if (!question.body)
		return out_of_memory(err);
	return ask_in_turn(task, TURN_MOVES, &question, connect_now, connected, err);
}

static enum progress disconnected(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	task->docker->leaver = NULL;
	return call_ok(call) ? task_go(task, connect_now) : again(task, call, err);
}

/* One after the other: an engine may stand still for ever when two leave at once (20.10 does). */
static enum progress disconnect(struct task *task, struct error *err)
{
	struct question question = {
	    .method = "POST",
	    .path = network_path(task, "disconnect"),
	    .body = json_pack("{s:s}", "Container", task->id),
	};

	if (task->docker->leaver || !turn_comes(task, TURN_MOVES)) {
		json_decref(question.body);
		return task_pause(task, LEAVER_PAUSE_MS, disconnect, err);
	}
	if (!question.body)
		return out_of_memory(err);
	task->docker->leaver = task;
	return ask_in_turn(task, TURN_MOVES, &question, disconnect, disconnected, err);
}

/* Remember what must be the same afterwards. The container's own short id comes by itself. */
static int keep(struct task *task, const json_t *container, const json_t *endpoint)
{
	const struct standing *standing = task->own;
	const char *address = json_text(endpoint, "IPAddress"), *id = json_text(container, "Id");
	const json_t *aliases = json_object_get(endpoint, "Aliases");
	json_t *links = json_object_get(endpoint, "Links");
	owned_json kept = json_pack("{s:[]}", "Aliases");

	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));
		bool shared =
		    alias && standing->shared && is_shared_name(task->docker, standing->shared, alias);
		if (alias && !shared && (!id || strncmp(id, alias, strlen(alias)) != 0) &&
		    json_array_append(json_object_get(kept, "Aliases"), json_array_get(aliases, i)) < 0)
			return -1;
	}
	if (!kept || (json_is_array(links) && json_object_set(kept, "Links", links) < 0))
		return -1;
	if (address && *address && !(task->address = arena_text(&task->arena, address)))
		return -1;
	json_decref(task->kept);
	task->kept = give(kept);
	return 0;
}

/* Off its network nothing is told of it; the names it has for others are those it was made with. */
static enum progress join(struct task *task, const json_t *container, struct error *err)
{
	struct standing *standing = task->own;
	const json_t *labels = json_object_get(json_object_get(container, "Config"), "Labels");
	const char *names = json_text(labels, "berth.names");

	if (names && !(standing->names = arena_text(&task->arena, names)))
		return out_of_memory(err);
	return task_go(task, connect_now);
}

/* What a running container was to be connected by, and was refused, is told as its endpoint all the same:
 * with its names, maybe with an address, and without a gateway. */
static bool is_connected(const json_t *container, const json_t *endpoint)
{
	const char *status = json_text(json_object_get(container, "State"), "Status");
	const char *gateway = json_text(endpoint, "Gateway");

	return !status || strcmp(status, "running") != 0 || !gateway || *gateway;
}

/* Whether there is nothing to do (any more). */
static bool stands(const struct task *task, const json_t *container, const json_t *endpoint)
{
	const struct standing *standing = task->own;
	const char *fixed = fixed_address(endpoint);
	bool held = standing->shared && holds(json_object_get(endpoint, "Aliases"), standing->shared);

	switch (standing->purpose) {
	case ADMITS:
		return (held || !standing->shared) && (!pinned(task) || fixed);
	case WITHDRAWS:
		return !held || !container_runs(container);
	default:
		return task->address && fixed && !strcmp(task->address, fixed);
	}
}

static enum progress looked(struct task *task, struct error *err)
{
	const struct standing *standing = task->own;
	int ours = inspected_is_ours(task, name_of(task), err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return standing->purpose == WITHDRAWS ? PROGRESS_DONE
						      : container_gone(task, name_of(task), err);
	const json_t *container = call_json(&task->calls[0], err);
	const json_t *endpoint = endpoint_of(container, task->wish.app);
	if (endpoint && !is_connected(container, endpoint))
		endpoint = NULL;
	if (!endpoint && standing->purpose == WITHDRAWS && !task->kept)
		return PROGRESS_DONE;
	if (!endpoint)
		return join(task, container, err);
	if (stands(task, container, endpoint))
		return arrived(task);
	if (keep(task, container, endpoint) < 0)
		return out_of_memory(err);
	return task_go(task, disconnect);
}

static enum progress inspect_it(struct task *task, struct error *err)
{
	task->target = arena_text(&task->arena, network_id(task->docker, task->wish.app));
	if (!task->target)
		return out_of_memory(err);
	return inspect(task, name_of(task), looked, err);
}

static enum progress look(struct task *task, struct error *err)
{
	return network_find(task, inspect_it, err);
}

static int stand(struct task *task, enum purpose purpose, const char *shared, struct error *err)
{
	struct standing *standing = arena_alloc(&task->arena, sizeof(*standing));

	if (!standing)
		return fail_memory(err);
	*standing = (struct standing){.purpose = purpose, .shared = shared && *shared ? shared : NULL};
	task->own = standing;
	return 0;
}

enum progress admit_begin(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;

	if ((!spec->shared_name || !*spec->shared_name) && !spec->pin_address)
		return PROGRESS_DONE;
	if (stand(task, ADMITS, spec->shared_name, err) < 0)
		return PROGRESS_FAILED;
	return look(task, err);
}

/* Whoever was stopped lets its address go, and another may have it when it is started again: task->address is
 * where it goes, NULL anywhere. */
enum progress rejoin_begin(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;

	task->flag = true;
	if (stand(task, MOVES, spec->shared_name, err) < 0)
		return PROGRESS_FAILED;
	return look(task, err);
}

/* --- withdraw --- */

/* The first look needs no network: mostly there is something to lose, and the engine tells where. */
static enum progress looked_first(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const json_t *container = call_ok(call) ? call_json(call, err) : NULL;
	const char *network = json_text(endpoint_of(container, task->wish.app), "NetworkID");

	task->target = arena_text(&task->arena, network ? network : "");
	if (!task->target)
		return out_of_memory(err);
	return looked(task, err);
}

enum progress withdraw_begin(struct task *task, struct error *err)
{
	const char *name = task->wish.name, *app, *component;
	unsigned ordinal, generation;

	if (!instance_name_split(&task->arena, name, &app, &component, &ordinal, &generation)) {
		fail(err, ERR_INVALID, "`%s` is no instance's name", name);
		return PROGRESS_FAILED;
	}
	const char *mixed = arena_format(&task->arena, "%s.%s", app, component);
	const char *shared = mixed ? lower(&task->arena, mixed) : NULL;
	if (!shared)
		return out_of_memory(err);
	if (stand(task, WITHDRAWS, shared, err) < 0)
		return PROGRESS_FAILED;
	return inspect(task, name, looked_first, err);
}
