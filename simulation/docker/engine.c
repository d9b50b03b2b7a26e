/* engine.c - the simulated engine as a whole: at its address, in its machine, and while it is down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"
#include "simulation/machine.h"

#define CPUS 2

/* --- the service ------------------------------------------------------------------------------------ */

/* "http://10.201.0.2:80/page" -> "10.201.0.2:80", "/page" */
static const char *split_url(const char *url, char *ret_peer, size_t size)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	size_t length = strcspn(host, "/?#");
	snprintf(ret_peer, size, "%.*s", (int)length, host);
	return host[length] == '/' ? host + length : "/";
}

static struct container *container_at(struct docker_engine *engine, const char *address)
{
	uint32_t number;

	if (!parse_address(address, &number))
		return NULL;
	for (struct container *container = engine->containers; container; container = container->next)
		for (struct endpoint *at = container->endpoints; at; at = at->next)
			if (at->on && at->address == number)
				return container;
	return NULL;
}

/* The one that publishes that port there. */
static struct container *publisher(struct docker_engine *engine, const char *address, uint16_t port)
{
	for (struct container *container = engine->containers; container; container = container->next)
		for (size_t i = 0; i < container->bound_count; i++) {
			const struct bound_port *bound = &container->bound[i];
			if (!bound->udp && bound->number == port &&
			    (!strcmp(bound->address, "0.0.0.0") || !strcmp(bound->address, address)))
				return container;
		}
	return NULL;
}

static bool is_open(const struct container *container, uint16_t port)
{
	char key[16];

	snprintf(key, sizeof(key), "%u/tcp", port);
	return json_object_get(container->exposed, key) != NULL;
}

static bool ours(const struct docker_engine *engine, const struct machine *from, const char *address)
{
	const json_t *one;
	size_t i;

	if (from && from == engine->machine &&
	    (starts_with(address, "127.") || !strcmp(address, machine_address(from))))
		return true;
	json_array_foreach (engine->addresses, i, one)
		if (!strcmp(json_string_value(one), address))
			return true;
	return engine->machine && !strcmp(address, machine_address(engine->machine));
}

/* Who would take a connection there, asked from that machine; *ret_known: whether the address is there. */
static struct container *listener(struct docker_engine *engine, const struct machine *from,
				  const char *address, uint16_t port, bool *ret_known)
{
	bool inside = from && from == engine->machine;
	struct container *container = inside ? container_at(engine, address) : NULL;

	*ret_known = container != NULL;
	if (container)
		return is_open(container, port) && container_answers(container) ? container : NULL;
	if (!ours(engine, from, address))
		return NULL;
	container = publisher(engine, address, port);
	*ret_known = container != NULL;
	return container && container_answers(container) ? container : NULL;
}

static int accepts(void *owner, const struct machine *from, const char *address, uint16_t port)
{
	bool known;

	if (listener(owner, from, address, port, &known))
		return 1;
	return known ? 0 : -1;
}

/* A program's page, not the engine's. */
static void page_asked(struct docker_engine *engine, const char *peer, struct reply *reply)
{
	char address[160];
	int64_t port = 80;
	bool known;

	snprintf(address, sizeof(address), "%s", peer);
	char *colon = strrchr(address, ':');
	if (colon && parse_number(colon + 1, 1, UINT16_MAX, &port))
		*colon = '\0';
	const struct container *container =
	    listener(engine, reply_from(reply), address, (uint16_t)port, &known);
	if (!container) {
		reply_cut(reply);
		return;
	}
	const struct docker_behaviour *how = container->behaviour;
	reply_whole(reply, how && how->http_status ? how->http_status : 200, NULL,
		    how && how->page ? how->page : "");
}

static bool asks_upgrade(const struct http_request *request)
{
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (!strcasecmp(request->headers[i], "Upgrade: tcp"))
			return true;
	return false;
}

static void request(void *owner, const struct http_request *request, struct reply *reply)
{
	struct docker_engine *engine = owner;
	char peer[160];
	const char *path = split_url(request->url, peer, sizeof(peer));

	if (!request->unix_socket && strcmp(peer, engine->address) != 0)
		page_asked(engine, peer, reply);
	else
		call_arrives(engine, request->method, path, request->body, request->body_size,
			     asks_upgrade(request), reply, NULL);
}

/* What was asked for is done all the same, but a stream ends. */
static void gone(void *owner, struct reply *reply)
{
	struct call *call = reply_kept(reply);

	(void)owner;
	if (!call)
		return;
	call->reply = NULL;
	if (call->gone)
		call->gone(call);
	if (call->streams)
		call_free(call);
}

static void heard(void *owner, struct reply *reply, const char *bytes, size_t count)
{
	struct call *call = reply_kept(reply);

	(void)owner;
	if (call && call->heard)
		call->heard(call, bytes, count);
}

/* "br-" and the beginning of a network's id. */
static bool interface(void *owner, const struct machine *machine, const char *name)
{
	const struct docker_engine *engine = owner;

	if (!machine || machine != engine->machine)
		return false;
	if (!strcmp(name, "docker0"))
		return true;
	for (const struct network *network = engine->networks; network; network = network->next)
		if (network->bridges && !network->predefined && starts_with(name, "br-") &&
		    strlen(name) == 3 + SHORT_ID && starts_with(network->id, name + 3))
			return true;
	return false;
}

/* --- its life ---------------------------------------------------------------------------------------- */

static void is_up(struct event *event);

struct docker_engine *docker_engine_new(struct universe *universe, const char *address)
{
	struct docker_engine *engine = must(calloc(1, sizeof(*engine)));

	engine->universe = universe;
	engine->clock = universe_clock(universe);
	engine->address = copy(address);
	engine->addresses = must_json(json_array());
	engine->paths = must_json(json_array());
	engine->registries_end = &engine->registries;
	engine->next_port = FIRST_FREE_PORT;
	engine->pids = 1000;
	engine->service = (struct service){
	    .request = request,
	    .gone = gone,
	    .heard = heard,
	    .accepts = accepts,
	    .interface = interface,
	    .holds = ports_held,
	    .owner = engine,
	};
	event_prepare(&engine->up, is_up);
	networks_begin(engine);
	if (universe_serve(universe, address, &engine->service) == 0)
		return engine;
	docker_engine_free(engine);
	return NULL;
}

#define FREE_LIST(list, free_one)                                                                            \
	while (list) {                                                                                       \
		__typeof__(list) next_ = (list)->next;                                                       \
		free_one(list);                                                                              \
		(list) = next_;                                                                              \
	}

static void free_held(struct held_port *held)
{
	free(held->address);
	free(held);
}

static void free_rule(struct rule *rule)
{
	free((char *)rule->rule.target);
	free((char *)rule->rule.words);
	free(rule);
}

static void free_behaviour(struct behaviour *behaviour)
{
	struct docker_behaviour *one = &behaviour->behaviour;

	free((char *)one->name);
	free((char *)one->image);
	free((char *)one->page);
	free((char *)one->log);
	free((char *)one->heard);
	free((char *)one->broken);
	free(behaviour);
}

static void free_command(struct command *command)
{
	struct docker_command *one = &command->command;

	free((char *)one->words);
	free((char *)one->output);
	free((char *)one->errors);
	free((char *)one->sized);
	free(command);
}

static void free_registry(struct registry *registry)
{
	free((char *)registry->registry.reference);
	free((char *)registry->registry.digest);
	free((char *)registry->registry.words);
	free(registry);
}

static void free_what_happens(struct docker_engine *engine)
{
	FREE_LIST(engine->held, free_held);
	FREE_LIST(engine->rules, free_rule);
	FREE_LIST(engine->behaviours, free_behaviour);
	FREE_LIST(engine->commands, free_command);
	FREE_LIST(engine->registries, free_registry);
	for (size_t i = 0; i < engine->change_count; i++) {
		free((char *)engine->changes[i].path);
		free((char *)engine->changes[i].target);
		free((char *)engine->changes[i].joins);
	}
	free(engine->changes);
}

/* Whatever is connected breaks off. */
static void drop_calls(struct docker_engine *engine)
{
	while (engine->calls) {
		struct call *call = engine->calls;
		struct reply *reply = give(call->reply);
		if (call->gone)
			call->gone(call);
		call_free(call);
		if (reply)
			reply_cut(reply);
	}
}

void docker_engine_free(struct docker_engine *engine)
{
	if (!engine)
		return;
	(void)universe_serve(engine->universe, engine->address, NULL);
	clock_take(engine->clock, &engine->up);
	drop_calls(engine);
	FREE_LIST(engine->execs, exec_free);
	FREE_LIST(engine->containers, container_free);
	FREE_LIST(engine->graveyard, container_free);
	FREE_LIST(engine->networks, network_free);
	FREE_LIST(engine->volumes, volume_free);
	FREE_LIST(engine->images, image_free);
	FREE_LIST(engine->old_images, image_free);
	map_release(&engine->by_name);
	map_release(&engine->by_id);
	map_release(&engine->volumes_by_name);
	map_release(&engine->execs_by_id);
	events_free(engine);
	free_what_happens(engine);
	json_decref(engine->addresses);
	json_decref(engine->paths);
	free(engine->address);
	free(engine);
}

void docker_engine_machine(struct docker_engine *engine, const struct machine *machine)
{
	engine->machine = machine;
}

void docker_engine_address(struct docker_engine *engine, const char *address)
{
	must_json(engine->addresses);
	json_array_append_new(engine->addresses, must_json(json_string(address)));
}

void docker_engine_path(struct docker_engine *engine, const char *path)
{
	json_array_append_new(engine->paths, must_json(json_string(path)));
}

/* --- down, and up again --------------------------------------------------------------------------------- */

static void is_up(struct event *event)
{
	struct docker_engine *engine = owner_of(event, struct docker_engine, up);

	engine->down = false;
	(void)universe_serve(engine->universe, engine->address, &engine->service);
	start_again_after_boot(engine);
}

/* That one breaks off may end others. */
static struct call *connected(const struct docker_engine *engine)
{
	struct call *call = engine->calls;

	while (call && !call->reply)
		call = call->next;
	return call;
}

void docker_engine_cut(struct docker_engine *engine)
{
	struct call *call;

	while ((call = connected(engine))) {
		struct reply *reply = give(call->reply);
		if (call->gone)
			call->gone(call);
		if (call->streams)
			call_free(call);
		reply_cut(reply);
	}
}

void docker_engine_restart(struct docker_engine *engine, int64_t down_ms)
{
	(void)universe_serve(engine->universe, engine->address, NULL);
	engine->down = true;
	drop_calls(engine);
	for (struct container *container = engine->containers; container; container = container->next) {
		container->remover = NULL;
		if (container->state == RUNNING || container->state == PAUSED)
			container_ended(container, 137, false);
		else
			container_quiet(container);
		clock_take(engine->clock, &container->vanishes);
	}
	for (struct network *network = engine->networks; network; network = network->next)
		ghosts_forget(network);
	if (clock_add(engine->clock, &engine->up, down_ms) < 0)
		abort();
}

void docker_engine_ask(struct docker_engine *engine, const char *method, const char *path, const char *body,
		       struct docker_asked *ret)
{
	if (ret)
		*ret = (struct docker_asked){.status = engine->down ? -1 : 0};
	if (engine->down)
		return;
	call_arrives(engine, method, path, body, body ? strlen(body) : 0, false, NULL, ret);
}

/* --- what it says of itself ---------------------------------------------------------------------------- */

void ping_asked(struct call *call)
{
	static const char headers[] = "Cache-Control: no-cache, no-store, must-revalidate\r\n"
				      "Pragma: no-cache\r\n";

	answer_bytes(call, 200, "text/plain; charset=utf-8", headers, "OK", 2);
}

void version_asked(struct call *call)
{
	struct text body = {0};

	text_add(&body, "{\"Platform\":{\"Name\":\"\"},\"Components\":[{\"Name\":\"Engine\","
			"\"Version\":\"20.10.24\",\"Details\":{\"ApiVersion\":\"1.41\",\"Arch\":\"amd64\","
			"\"Os\":\"linux\"}}],\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\","
			"\"MinAPIVersion\":\"1.12\",\"GitCommit\":\"5d6db84\",\"GoVersion\":\"go1.19.8\","
			"\"Os\":\"linux\",\"Arch\":\"amd64\",\"KernelVersion\":\"6.1.0\"}");
	answer(call, 200, &body);
}

void info_asked(struct call *call)
{
	const struct docker_engine *engine = call->engine;
	size_t counts[EXITED + 1] = {0}, images = 0;
	struct text body = {0};

	for (const struct container *one = engine->containers; one; one = one->next)
		counts[one->state]++;
	for (const struct image *one = engine->images; one; one = one->next)
		images++;
	text_format(
	    &body,
	    "{\"ID\":\"SIMU:LATE\",\"Containers\":%zu,\"ContainersRunning\":%zu,\"ContainersPaused\":%zu,"
	    "\"ContainersStopped\":%zu,\"Images\":%zu,\"Driver\":\"overlay2\",\"KernelVersion\":\"6.1.0\","
	    "\"OperatingSystem\":\"Debian GNU/Linux 12 (bookworm)\",\"OSType\":\"linux\","
	    "\"Architecture\":\"x86_64\",\"NCPU\":%d,\"MemTotal\":%lld,\"Name\":\"simulated\","
	    "\"ServerVersion\":\"20.10.24\",\"SecurityOptions\":[\"name=seccomp,profile=default\"],"
	    "\"Warnings\":null}",
	    engine->container_count, counts[RUNNING] + counts[RESTARTING], counts[PAUSED],
	    counts[CREATED] + counts[EXITED], images, CPUS, (long long)ENGINE_MEMORY);
	answer(call, 200, &body);
}

uint64_t docker_engine_stamp(const struct docker_engine *engine)
{
	return engine->event_count + engine->change_count;
}

void docker_engine_calm(struct docker_engine *engine)
{
	/* Requests that they decided are still under way. */
	for (struct rule *rule = engine->rules; rule; rule = rule->next)
		rule->over = true;
}
