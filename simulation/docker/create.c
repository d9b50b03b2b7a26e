/* create.c - a container is made: what is wrong with the wish, its name, its volumes, and then it is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "simulation/docker/model.h"

static bool path_is_there(const struct docker_engine *engine, const char *path)
{
	const json_t *one;
	size_t i;

	json_array_foreach (engine->paths, i, one)
		if (!strcmp(json_string_value(one), path))
			return true;
	return !json_array_size(engine->paths);
}

static const char *mounts_wrong(const struct docker_engine *engine, const json_t *mounts, char *ret,
				size_t size)
{
	const json_t *mount;
	size_t i;

	json_array_foreach (mounts, i, mount) {
		const char *type = json_text(mount, "Type") ?: "", *source = json_text(mount, "Source") ?: "";
		const char *target = json_text(mount, "Target") ?: "", *why = NULL;
		if (*target != '/')
			why = *target ? "invalid mount path: must be absolute"
				      : "field Target must not be empty";
		else if (!strcmp(type, "bind") && !*source)
			why = "field Source must not be empty";
		else if (!strcmp(type, "volume") && !*source && json_flag(mount, "ReadOnly", false))
			why = "must not set ReadOnly mode when using anonymous volumes";
		else if (!strcmp(type, "bind") && !path_is_there(engine, source))
			why = "bind source path does not exist: ";
		if (!why)
			continue;
		snprintf(ret, size, "invalid mount config for type \"%s\": %s%s", type, why,
			 ends_with(why, ": ") ? source : "");
		return ret;
	}
	return NULL;
}

/* What is wrong with a wish by itself. */
static const char *wish_wrong(const struct docker_engine *engine, const json_t *body, char *ret, size_t size)
{
	const json_t *host = json_object_get(body, "HostConfig");
	const char *signal = json_text(body, "StopSignal");

	if (signal && *signal && !signal_number(signal)) {
		snprintf(ret, size, "Invalid signal: %s", signal);
		return ret;
	}
	if (json_flag(host, "AutoRemove", false) &&
	    restart_policy_wrong(json_object_get(host, "RestartPolicy"), true, ret, size))
		return ret;
	if (mounts_wrong(engine, json_object_get(host, "Mounts"), ret, size) ||
	    restart_policy_wrong(json_object_get(host, "RestartPolicy"), false, ret, size))
		return ret;
	return limits_wrong(host, ret, size);
}

static bool has_config(const json_t *body)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)body, key, value)
		if (strcmp(key, "HostConfig") != 0 && strcmp(key, "NetworkingConfig") != 0)
			return true;
	return false;
}

/* Entrypoint and command, each its own or the image's; a given entrypoint leaves the image's command out. */
static json_t *argv_of(const struct image *image, const json_t *body)
{
	json_t *entrypoint = json_object_get(body, "Entrypoint"), *command = json_object_get(body, "Cmd");
	json_t *argv = must_json(json_array());

	if (!json_array_size(command) && !json_array_size(entrypoint))
		command = json_object_get(image->config, "Cmd");
	if (!json_array_size(entrypoint))
		entrypoint = json_object_get(image->config, "Entrypoint");
	json_array_extend(argv, entrypoint);
	json_array_extend(argv, command);
	return argv;
}

static void read_mount(struct container *container, const json_t *wanted, struct mount *mount)
{
	struct docker_engine *engine = container->engine;
	const char *source = json_text(wanted, "Source") ?: "";
	char id[ID_LENGTH + 1];

	mount->path = copy(json_text(wanted, "Target"));
	mount->read_only = json_flag(wanted, "ReadOnly", false);
	if (!strcmp(json_text(wanted, "Type") ?: "", "bind")) {
		mount->source = copy(source);
		return;
	}
	mount->anonymous = !*source;
	if (mount->anonymous)
		new_id(engine, id);
	mount->volume = copy(mount->anonymous ? id : source);
	const json_t *options = json_object_get(wanted, "VolumeOptions");
	struct volume *volume = volume_made(engine, mount->volume, json_object_get(options, "Labels"));
	volume->anonymous |= mount->anonymous;
}

static void put_mount(struct text *to, const struct mount *mount)
{
	text_add(to, to->length > 1 ? "," : "");
	if (mount->volume) {
		text_add(to, "{\"Type\":\"volume\"");
		put_member(to, "Name", mount->volume);
		text_add(to, ",\"Source\":\"/var/lib/docker/volumes/");
		text_add(to, mount->volume);
		text_add(to, "/_data\"");
	} else {
		text_add(to, "{\"Type\":\"bind\"");
		put_member(to, "Source", mount->source);
	}
	put_member(to, "Destination", mount->path);
	text_format(to, "%s,\"RW\":%s,\"Propagation\":\"%s\"}",
		    mount->volume ? ",\"Driver\":\"local\",\"Mode\":\"z\"" : ",\"Mode\":\"\"",
		    mount->read_only ? "false" : "true", mount->volume ? "" : "rprivate");
}

static void read_mounts(struct container *container, const json_t *wanted)
{
	struct text told = {0}, wish = {0};

	container->mounts = must(calloc(json_array_size(wanted) + 1, sizeof(*container->mounts)));
	text_add_char(&told, '[');
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		struct mount *mount = &container->mounts[container->mount_count++];
		read_mount(container, json_array_get(wanted, i), mount);
		put_mount(&told, mount);
	}
	text_add_char(&told, ']');
	put_json(&wish, wanted);
	container->told_mounts = must(text_take(&told));
	container->wanted_mounts = must(text_take(&wish));
}

static void put_echo(struct text *to, const json_t *body, const char *key, const char *otherwise)
{
	const json_t *value = json_object_get(body, key);

	text_format(to, ",\"%s\":", key);
	if (value && !json_is_null(value))
		json_add_line(to, value);
	else
		text_add(to, otherwise);
}

/* An image's own word where the wish has none. */
static json_t *own_or_image_s(const struct image *image, const json_t *body, const char *key)
{
	json_t *own = json_object_get(body, key);

	return own && !json_is_null(own) && !(json_is_string(own) && !*json_string_value(own))
		   ? own
		   : json_object_get(image->config, key);
}

static void put_config(struct container *container, const json_t *body)
{
	const struct image *image = container->image;
	struct text to = {0};
	bool own = json_array_size(json_object_get(body, "Entrypoint")) > 0;
	const json_t *command = json_array_size(json_object_get(body, "Cmd")) || own
				    ? json_object_get(body, "Cmd")
				    : json_object_get(image->config, "Cmd");

	text_format(&to, "{\"Hostname\":\"%.12s\",\"Domainname\":\"\"", container->id);
	put_member(&to, "User", container->user);
	put_echo(&to, body, "AttachStdin", "false");
	put_echo(&to, body, "AttachStdout", "false");
	put_echo(&to, body, "AttachStderr", "false");
	if (json_object_size(container->exposed)) {
		text_add(&to, ",\"ExposedPorts\":");
		put_json(&to, container->exposed);
	}
	put_echo(&to, body, "Tty", "false");
	put_echo(&to, body, "OpenStdin", "false");
	put_echo(&to, body, "StdinOnce", "false");
	text_add(&to, ",\"Env\":");
	put_json(&to, json_array_size(container->environment) ? container->environment : NULL);
	text_add(&to, ",\"Cmd\":");
	put_json(&to, json_array_size(command) ? command : NULL);
	put_member(&to, "Image", container->image_name);
	text_add(&to, ",\"Volumes\":null");
	put_member(&to, "WorkingDir", container->directory);
	text_add(&to, ",\"Entrypoint\":");
	put_json(&to, own_or_image_s(image, body, "Entrypoint"));
	text_add(&to, ",\"OnBuild\":null,\"Labels\":");
	put_json(&to, container->labels);
	if (json_text(body, "StopSignal"))
		put_member(&to, "StopSignal", json_text(body, "StopSignal"));
	if (container->stop_timeout_s >= 0)
		text_format(&to, ",\"StopTimeout\":%lld", (long long)container->stop_timeout_s);
	text_add_char(&to, '}');
	container->config = must(text_take(&to));
}

static json_t *object_of(const json_t *body, const char *key)
{
	json_t *value = json_object_get(body, key);

	return must_json(json_is_object(value) ? json_deep_copy(value) : json_object());
}

static json_t *array_of(const json_t *body, const char *key)
{
	json_t *value = json_object_get(body, key);

	return must_json(json_is_array(value) ? json_deep_copy(value) : json_array());
}

static void read_labels(struct container *container, const json_t *body)
{
	container->labels = object_of(container->image->config, "Labels");
	json_object_update(container->labels, json_object_get(body, "Labels"));
}

static void put_args(struct container *container)
{
	struct text to = {0};
	owned_json rest = must_json(json_copy(container->argv));

	put_quoted(&to, json_string_value(json_array_get(rest, 0)) ?: "");
	json_array_remove(rest, 0);
	text_add(&to, ",\"Args\":");
	put_json(&to, rest);
	container->args = must(text_take(&to));
}

static void read_host(struct container *container, const json_t *host)
{
	struct text hosts = {0};
	const char *mode = json_text(host, "NetworkMode");

	json_t *bindings = json_object_get(host, "PortBindings");
	container->bindings = json_is_object(bindings) ? must_json(json_deep_copy(bindings)) : NULL;
	container->network_mode = copy(mode && *mode ? mode : "default");
	container->auto_remove = json_flag(host, "AutoRemove", false);
	limits_read(container, host);
	if (container->memory && !container->memory_swap)
		container->memory_swap = 2 * container->memory;
	const json_t *extra = json_object_get(host, "ExtraHosts");
	put_json(&hosts, json_is_array(extra) ? extra : NULL);
	container->extra_hosts = must(text_take(&hosts));
	read_mounts(container, json_object_get(host, "Mounts"));
}

static void read_wish(struct container *container, const json_t *body)
{
	const struct image *image = container->image;
	const char *signal = json_text(body, "StopSignal");

	read_labels(container, body);
	container->environment = array_of(body, "Env");
	container->exposed = object_of(body, "ExposedPorts");
	container->argv = argv_of(image, body);
	container->user = copy(json_string_value(own_or_image_s(image, body, "User")) ?: "");
	container->directory = copy(json_text(body, "WorkingDir") ?: "");
	container->tty = json_flag(body, "Tty", false);
	container->stdin_once = json_flag(body, "StdinOnce", false);
	container->has_stop_signal = signal && *signal;
	container->stop_signal = container->has_stop_signal ? signal_number(signal) : 15;
	container->stop_timeout_s = json_number(body, "StopTimeout", -1);
	read_host(container, json_object_get(body, "HostConfig"));
	put_args(container);
	put_config(container, body);
}

/* By the name of its network, when that is known by now. */
static void read_networks(struct container *container, const json_t *body)
{
	json_t *wanted = json_at(body, "NetworkingConfig.EndpointsConfig"), *config;
	const char *mode = container->network_mode, *key;
	size_t count;

	if (!strcmp(mode, "default"))
		mode = "bridge";
	const struct network *network = network_found(container->engine, mode, &count);
	const char *its = network && count == 1 ? network->name : mode;
	json_object_foreach (wanted, key, config) {
		bool same = !strcmp(key, its) || (network && !strcmp(key, network->id)) ||
			    !strcmp(key, container->network_mode);
		endpoint_new(container, same ? its : key, config);
	}
	if (!container->endpoints)
		endpoint_new(container, its, NULL);
}

static void enlist(struct container *container)
{
	struct docker_engine *engine = container->engine;

	put_list((void **)&engine->containers, container, offsetof(struct container, next));
	engine->container_count++;
	if (map_put(&engine->by_id, container->id, container) < 0)
		abort();
}

static bool names_volume(const json_t *mount)
{
	const char *source = json_text(mount, "Source");

	return source && *source && !strcmp(json_text(mount, "Type") ?: "", "volume");
}

/* Volumes are made one after the other, and a name is looked at when its turn comes: those before it stay.
 * False: *words have what is wrong. */
static bool make_volumes(struct docker_engine *engine, const json_t *mounts, char *words, size_t size)
{
	const json_t *mount;
	size_t i;

	json_array_foreach (mounts, i, mount) {
		const char *source = json_text(mount, "Source");
		if (!names_volume(mount))
			continue;
		if (volume_name_wrong(source, words, size))
			return false;
		volume_made(engine, source, json_at(mount, "VolumeOptions.Labels"));
	}
	return true;
}

/* It is told to be gone, although nobody was told that it was there. */
static void unmake(struct container *container, const json_t *body)
{
	read_labels(container, body);
	container_event(container, "destroy", NULL, NULL);
	map_drop(&container->engine->by_name, container->name);
	container_free(container);
}

static void made(struct call *call)
{
	struct container *container = give(call->container);
	struct text body = {0};
	char words[400];

	if (!make_volumes(call->engine, json_at(call->json, "HostConfig.Mounts"), words, sizeof(words))) {
		unmake(container, call->json);
		refuse(call, 400, "%s", words);
		return;
	}
	container->created_ns = stamp(call->engine);
	read_wish(container, call->json);
	read_networks(container, call->json);
	put_own_files(container);
	enlist(container);
	note_listed(container);
	container_event(container, "create", NULL, NULL);
	text_format(&body, "{\"Id\":\"%s\",\"Warnings\":[]}", container->id);
	answer(call, 201, &body);
}

static void made_by_now(struct event *event)
{
	made(owner_of(event, struct call, next_step));
}

static struct container *container_new(struct docker_engine *engine, const char *name, struct image *image)
{
	struct container *container = must(calloc(1, sizeof(*container)));

	container->engine = engine;
	container->image = image;
	container->answers_ms = -1;
	new_id(engine, container->id);
	take_name(container, name);
	event_prepare(&container->end, NULL);
	event_prepare(&container->kill, NULL);
	event_prepare(&container->again, NULL);
	event_prepare(&container->vanishes, NULL);
	return container;
}

/* The name is its from the first moment; it is there when it is made. */
static void begin_making(struct call *call, const char *name, struct image *image)
{
	struct docker_engine *engine = call->engine;

	call->container = container_new(engine, name, image);
	call->container->image_name = copy(json_text(call->json, "Image"));
	event_prepare(&call->next_step, made_by_now);
	if (!call->takes_ms)
		made(call);
	else if (clock_add(engine->clock, &call->next_step, call->takes_ms) < 0)
		abort();
}

/* One when it is made; others may follow. True after it was refused. */
static bool too_many_networks(struct call *call, const json_t *body)
{
	json_t *endpoints = json_at(body, "NetworkingConfig.EndpointsConfig"), *ignored;
	owned_text names = {0};
	const char *name;

	if (json_object_size(endpoints) < 2)
		return false;
	json_object_foreach (endpoints, name, ignored)
		text_format(&names, "%s%s", names.length ? ", " : "", name);
	refuse(call, 400, "Container cannot be connected to network endpoints: %s", text_view(&names));
	return true;
}

void create_asked(struct call *call)
{
	const json_t *body = call_body(call);
	owned_memory char *name = NULL;
	char words[400];

	if (!body)
		return;
	if (!has_config(body)) {
		refuse(call, 400, "Config cannot be empty in order to create a container");
		return;
	}
	if (wish_wrong(call->engine, body, words, sizeof(words))) {
		refuse(call, 400, "%s", words);
		return;
	}
	if (too_many_networks(call, body))
		return;
	const char *reference = json_text(body, "Image") ?: "";
	owned_memory char *whole = whole_reference(reference);
	struct image *image = image_found(call->engine, reference);
	owned_json argv = image ? argv_of(image, body) : NULL;
	if (*reference && !image) {
		refuse(call, 404, "No such image: %s", whole);
		return;
	}
	if (!json_array_size(argv)) {
		refuse(call, 400, "No command specified");
		return;
	}
	name = query_value(call, "name");
	if (!name || !*name) {
		free(name);
		name = format("simulated_%zu", call->engine->container_count + ++call->engine->within);
	}
	const char *bare = name + (*name == '/');
	if (!can_be_name(bare))
		refuse(call, 400, "Invalid container name (%s), only " NAME_CHARS " are allowed", name);
	else if (map_get(call->engine->by_name, bare))
		name_conflict(call, "", bare);
	else
		begin_making(call, bare, image);
}
