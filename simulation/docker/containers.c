/* containers.c - containers found by name, made, renamed and changed in place. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "simulation/docker/model.h"

#define CREATION_MS 15
#define NAME_CHARS  "[a-zA-Z0-9][a-zA-Z0-9_.-]"

/* --- found ------------------------------------------------------------------------------------------ */

static struct container *by_beginning(struct docker_engine *engine, const char *id, bool *ret_many)
{
	struct container *found = NULL;

	*ret_many = false;
	if (!*id || strspn(id, "0123456789abcdef") != strlen(id))
		return NULL;
	for (struct container *one = engine->containers; one; one = one->next) {
		if (!starts_with(one->id, id))
			continue;
		*ret_many = found != NULL;
		if (found)
			return NULL;
		found = one;
	}
	return found;
}

static struct container *find(struct docker_engine *engine, const char *name, bool *ret_many)
{
	struct container *found = map_get(engine->by_id, name);

	*ret_many = false;
	if (!found)
		found = map_get(engine->by_name, name + (*name == '/'));
	/* Its name may be kept for one that is just being made. */
	if (found && found->created_ns)
		return found;
	return by_beginning(engine, name, ret_many);
}

struct container *container_found(struct docker_engine *engine, const char *name)
{
	bool many;

	return find(engine, name, &many);
}

struct container *container_of_call(struct call *call)
{
	bool many;
	struct container *container = find(call->engine, call->part, &many);

	if (many)
		refuse(call, 500, "Multiple IDs found with provided prefix: %s", call->part);
	else if (!container)
		refuse(call, 404, "No such container: %s", call->part);
	return container;
}

void container_event(struct container *container, const char *action, const char *key, const char *value)
{
	json_t *attributes = must_json(json_copy(container->labels));

	json_object_set_new(attributes, "image", must_json(json_string(container->image_name)));
	json_object_set_new(attributes, "name", must_json(json_string(container->name)));
	if (key)
		json_object_set_new(attributes, key, must_json(json_string(value)));
	tell_event(container->engine, "container", action, container->id, container->image_name, attributes);
}

/* --- its endpoints ----------------------------------------------------------------------------------- */

bool user_defined(const char *network_name)
{
	return strcmp(network_name, "bridge") != 0 && strcmp(network_name, "host") != 0 &&
	       strcmp(network_name, "none") != 0 && strcmp(network_name, "default") != 0;
}

struct endpoint *endpoint_found(const struct container *container, const char *network_name)
{
	struct endpoint *endpoint = container->endpoints;

	while (endpoint && strcmp(endpoint->network, network_name) != 0)
		endpoint = endpoint->next;
	return endpoint;
}

static json_t *list_of(const json_t *config, const char *key)
{
	json_t *list = json_object_get(config, key);

	return json_is_array(list) ? must_json(json_copy(list)) : NULL;
}

struct endpoint *endpoint_new(struct container *container, const char *network_name, const json_t *config)
{
	struct endpoint *endpoint = must(calloc(1, sizeof(*endpoint)));
	const char *pinned = json_text(json_object_get(config, "IPAMConfig"), "IPv4Address");

	endpoint->network = copy(network_name);
	endpoint->links = list_of(config, "Links");
	endpoint->aliases = list_of(config, "Aliases");
	endpoint->pinned = pinned && *pinned ? copy(pinned) : NULL;
	put_list((void **)&container->endpoints, endpoint, offsetof(struct endpoint, next));
	return endpoint;
}

void endpoint_drop(struct container *container, struct endpoint *endpoint)
{
	struct endpoint **at = &container->endpoints;

	while (*at != endpoint)
		at = &(*at)->next;
	*at = endpoint->next;
	free(endpoint->network);
	free(endpoint->pinned);
	json_decref(endpoint->links);
	json_decref(endpoint->aliases);
	free(endpoint);
}

void name_endpoint(struct container *container, struct endpoint *endpoint)
{
	owned_json id = must_json(json_stringn(container->id, SHORT_ID));
	const json_t *alias;
	size_t i;

	if (!user_defined(endpoint->network))
		return;
	json_array_foreach (endpoint->aliases, i, alias)
		if (json_equal(alias, id))
			return;
	if (!endpoint->aliases)
		endpoint->aliases = must_json(json_array());
	json_array_append(endpoint->aliases, id);
}

/* --- names --------------------------------------------------------------------------------------------- */

static bool can_be_name(const char *name)
{
	if (!isalnum((unsigned char)*name) || !name[1])
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return false;
	return true;
}

static void conflict(struct call *call, const char *before, const char *name)
{
	const struct container *holder = map_get(call->engine->by_name, name);

	refuse(call, 409,
	       "%sConflict. The container name \"/%s\" is already in use by container \"%s\". You have to "
	       "remove (or rename) that container to be able to reuse that name.",
	       before, name, holder->id);
}

static void take_name(struct container *container, const char *name)
{
	if (map_put(&container->engine->by_name, name, container) < 0)
		abort();
	container->name = copy(name);
}

void rename_asked(struct call *call)
{
	owned_memory char *name = query_value(call, "name"), *old = NULL;
	const char *bare = name ? name + (*name == '/') : "";

	if (!*bare) {
		refuse(call, 400, "Neither old nor new names may be empty");
		return;
	}
	struct container *container = container_of_call(call);
	if (!container)
		return;
	if (!strcmp(container->name, bare)) {
		refuse(call, 400, "Renaming a container with the same name as its current name");
	} else if (!can_be_name(bare)) {
		refuse(call, 400,
		       "Error when allocating new name: Invalid container name (/%s), only " NAME_CHARS
		       " are allowed",
		       bare);
	} else if (map_get(call->engine->by_name, bare)) {
		conflict(call, "Error when allocating new name: ", bare);
	} else {
		old = container->name;
		map_drop(&call->engine->by_name, old);
		take_name(container, bare);
		note_listed(container);
		owned_memory char *slashed = format("/%s", old);
		container_event(container, "rename", "oldName", slashed);
		answer_nothing(call, 204);
	}
}

/* --- limits -------------------------------------------------------------------------------------------- */

#define MEMORY_MIN 6291456
#define CPUS       2

const char *limits_wrong(const json_t *body, char *ret, size_t size)
{
	int64_t memory = json_number(body, "Memory", 0), swap = json_number(body, "MemorySwap", 0);
	int64_t cpus = json_number(body, "NanoCpus", 0), quota = json_number(body, "CpuQuota", 0);
	int64_t period = json_number(body, "CpuPeriod", 0);

	*ret = '\0';
	if (memory && memory < MEMORY_MIN)
		snprintf(ret, size, "Minimum memory limit allowed is 6MB");
	else if (memory > 0 && swap > 0 && swap < memory)
		snprintf(ret, size, "Minimum memoryswap limit should be larger than memory limit, see usage");
	else if (cpus > 0 && period > 0)
		snprintf(ret, size, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
	else if (cpus > 0 && quota > 0)
		snprintf(ret, size, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	else if (cpus < 0 || cpus > CPUS * INT64_C(1000000000))
		snprintf(ret, size,
			 "Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", CPUS,
			 CPUS);
	else if (quota > 0 && quota < 1000)
		snprintf(ret, size, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return *ret ? ret : NULL;
}

void limits_read(struct container *container, const json_t *body)
{
	static const struct {
		const char *key;
		size_t at;
	} numbers[] = {
	    {"Memory", offsetof(struct container, memory)},
	    {"MemorySwap", offsetof(struct container, memory_swap)},
	    {"NanoCpus", offsetof(struct container, nano_cpus)},
	    {"CpuQuota", offsetof(struct container, cpu_quota)},
	    {"CpuPeriod", offsetof(struct container, cpu_period)},
	};
	const json_t *policy = json_object_get(body, "RestartPolicy");
	const char *name = json_text(policy, "Name");

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		int64_t number = json_number(body, numbers[i].key, 0);
		if (number)
			*(int64_t *)(void *)((char *)container + numbers[i].at) = number;
	}
	if (!name || !*name)
		return;
	snprintf(container->restart_policy, sizeof(container->restart_policy), "%s", name);
	container->max_retries = json_number(policy, "MaximumRetryCount", 0);
}

const char *restart_policy_wrong(const json_t *policy, bool auto_remove, char *ret, size_t size)
{
	static const char *const known[] = {"", "no", "always", "unless-stopped", "on-failure"};
	const char *name = json_text(policy, "Name") ?: "";
	bool retries = json_number(policy, "MaximumRetryCount", 0) != 0, found = false;

	*ret = '\0';
	for (size_t i = 0; i < COUNT_OF(known); i++)
		found |= !strcmp(name, known[i]);
	if (auto_remove && *name && strcmp(name, "no") != 0)
		snprintf(ret, size, "can't create 'AutoRemove' container with restart policy");
	else if (!found)
		snprintf(ret, size, "invalid restart policy '%s'", name);
	else if (retries && strcmp(name, "on-failure") != 0 && *name)
		snprintf(ret, size, "maximum retry count cannot be used with restart policy '%s'", name);
	return *ret ? ret : NULL;
}

/* Why what is there cannot be changed in that way. */
static const char *cannot_change(const struct container *container, const json_t *body)
{
	const char *policy = json_text(json_object_get(body, "RestartPolicy"), "Name");
	int64_t cpus = json_number(body, "NanoCpus", 0);

	if (cpus > 0 && container->cpu_period > 0)
		return "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set";
	if (cpus > 0 && container->cpu_quota > 0)
		return "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set";
	if (json_number(body, "CpuPeriod", 0) > 0 && container->nano_cpus > 0)
		return "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set";
	if (json_number(body, "CpuQuota", 0) > 0 && container->nano_cpus > 0)
		return "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set";
	if (json_number(body, "Memory", 0) > container->memory_swap && !json_number(body, "MemorySwap", 0))
		return "Memory limit should be smaller than already set memoryswap limit, update the "
		       "memoryswap at the same time";
	if (policy && *policy && strcmp(policy, "no") != 0 && container->auto_remove)
		return "Restart policy cannot be updated because AutoRemove is enabled for the container";
	return NULL;
}

void update_asked(struct call *call)
{
	const json_t *body = call_body(call);
	char words[200];

	if (!body)
		return;
	struct container *container = container_of_call(call);
	if (!container)
		return;
	if (restart_policy_wrong(json_object_get(body, "RestartPolicy"), false, words, sizeof(words)) ||
	    limits_wrong(body, words, sizeof(words))) {
		refuse(call, 400, "%s", words);
		return;
	}
	const char *why = container->removing ? "Container is marked for removal and cannot be \"update\"."
					      : cannot_change(container, body);
	if (why) {
		refuse(call, container->removing ? 500 : 409, "Cannot update container %s: %s", container->id,
		       why);
		return;
	}
	struct text told = {0};
	limits_read(container, body);
	note_listed(container);
	container_event(container, "update", NULL, NULL);
	text_add(&told, "{\"Warnings\":null}");
	answer(call, 200, &told);
}

/* --- made -------------------------------------------------------------------------------------------------
 */

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
	container->open_stdin = json_flag(body, "OpenStdin", false);
	container->stdin_once = json_flag(body, "StdinOnce", false);
	container->stop_signal = signal && *signal ? signal_number(signal) : 15;
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

static void made(struct call *call)
{
	struct container *container = call->container;
	struct text body = {0};

	call->container = NULL;
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
	made((struct call *)((char *)event - offsetof(struct call, next_step)));
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
	if (!call->reply)
		made(call);
	else if (clock_add(engine->clock, &call->next_step, CREATION_MS) < 0)
		abort();
}

static bool names_volume(const json_t *mount)
{
	const char *source = json_text(mount, "Source");

	return source && *source && !strcmp(json_text(mount, "Type") ?: "", "volume");
}

/* A name is looked at when its volume is made: those before it stay. */
static bool volumes_named_well(struct call *call, const json_t *mounts)
{
	const json_t *mount;
	char words[400];
	size_t wrong = 0, i;

	while (wrong < json_array_size(mounts) &&
	       !(names_volume(json_array_get(mounts, wrong)) &&
		 volume_name_wrong(json_text(json_array_get(mounts, wrong), "Source"), words, sizeof(words))))
		wrong++;
	if (wrong == json_array_size(mounts))
		return true;
	json_array_foreach (mounts, i, mount)
		if (i < wrong && names_volume(mount))
			volume_made(call->engine, json_text(mount, "Source"),
				    json_at(mount, "VolumeOptions.Labels"));
	refuse(call, 400, "%s", words);
	return false;
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
		conflict(call, "", bare);
	else if (volumes_named_well(call, json_at(body, "HostConfig.Mounts")))
		begin_making(call, bare, image);
}

void container_free(struct container *container)
{
	container_quiet(container);
	clock_take(container->engine->clock, &container->vanishes);
	while (container->endpoints)
		endpoint_drop(container, container->endpoints);
	for (size_t i = 0; i < container->mount_count; i++) {
		free(container->mounts[i].volume);
		free(container->mounts[i].source);
		free(container->mounts[i].path);
	}
	files_free(container);
	log_free(container);
	prober_free(container->prober);
	json_t *const objects[] = {container->labels, container->environment, container->argv,
				   container->exposed, container->bindings};
	for (size_t i = 0; i < COUNT_OF(objects); i++)
		json_decref(objects[i]);
	char *const texts[] = {container->name,          container->image_name,  container->network_mode,
			       container->user,          container->directory,   container->config,
			       container->args,          container->told_mounts, container->extra_hosts,
			       container->wanted_mounts, container->error,       container->listed_head,
			       container->listed_tail};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		free(texts[i]);
	free(container->mounts);
	free(container->bound);
	free(container);
}
