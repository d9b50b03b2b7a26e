/* create_body.c - the container an instance asks for, as the body of a create call. */
#include <string.h>

#include "locations/docker/prober.h"

/* Each part is checked once, when it is put in: jansson refuses NULL values. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *words(const char *const *list)
{
	json_t *array = json_array();

	for (; array && *list; list++)
		if (json_array_append_new(array, json_string(*list)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *environment(struct task *task, const struct instance_spec *spec)
{
	owned_json array = json_array();

	for (size_t i = 0; i < spec->variable_count; i++) {
		const char *pair =
		    arena_format(&task->arena, "%s=%s", spec->variables[i].name, spec->variables[i].value);
		if (!pair || json_array_append_new(array, json_string(pair)) < 0)
			return NULL;
	}
	return give(array);
}

static const char *port_key(struct task *task, const struct spec_port *port)
{
	return arena_format(&task->arena, "%u/%s", port->port, port->protocol == UDP ? "udp" : "tcp");
}

/* The ports a listing of stopped containers would not tell. */
static char *own_ports(struct task *task, const struct instance_spec *spec)
{
	owned_text text = {0};

	for (size_t i = 0; i < spec->port_count; i++)
		text_format(&text, "%s%u/%s", i ? " " : "", spec->ports[i].port,
			    spec->ports[i].protocol == UDP ? "udp" : "tcp");
	return text.failed ? NULL : arena_text(&task->arena, text_view(&text));
}

/* The names that it has for others, "app.db:db app.web:web": off its network nothing else tells them. */
static char *own_names(struct task *task, const struct instance_spec *spec)
{
	owned_text text = {0};
	owned_json links = link_list(spec);

	for (size_t i = 0; i < json_array_size(links); i++)
		text_format(&text, "%s%s", i ? " " : "", json_string_value(json_array_get(links, i)));
	return links && !text.failed ? arena_text(&task->arena, text_view(&text)) : NULL;
}

static json_t *labels(struct task *task, const struct instance_spec *spec)
{
	const char *ordinal = arena_format(&task->arena, "%u", spec->ordinal);
	const char *type = arena_format(&task->arena, "docker:%s", spec->image);
	const char *ports = own_ports(task, spec), *names = own_names(task, spec);
	owned_json object = json_object();
	const struct {
		const char *name, *value;
	} ours[] = {
	    {"berth.app", spec->app},
	    {"berth.component", spec->component},
	    {"berth.instance", ordinal},
	    {"berth.type", type},
	    {"berth.ports", ports},
	    {"berth.names", names},
	    {"berth.spec", spec->digest},
	    {"berth.links", spec->link_digest},
	    {"berth.salt", spec->secret_salt},
	    {"berth.secrets", spec->secret_digest},
	    {"berth.files", spec->file_digest},
	    {"berth.pinned", spec->pin_address ? "yes" : NULL},
	    {"berth.address", spec->pin_address && task->docker->libpod[0] ? task->address : NULL},
	    {"berth.job", spec->job ? "yes" : NULL},
	    {"berth.protect", spec->protect ? "yes" : NULL},
	    {"berth.shared", spec->shared_from_start ? "start" : NULL},
	};

	if (!object || !ordinal || !type || !ports || !names)
		return NULL;
	for (size_t i = 0; i < spec->label_count; i++)
		if (put(object, spec->labels[i].name, json_string(spec->labels[i].value)) < 0)
			return NULL;
	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (ours[i].value && *ours[i].value &&
		    put(object, ours[i].name, json_string(ours[i].value)) < 0)
			return NULL;
	return give(object);
}

static json_t *exposed(struct task *task, const struct instance_spec *spec)
{
	owned_json object = json_object();

	for (size_t i = 0; i < spec->port_count; i++) {
		const char *key = port_key(task, &spec->ports[i]);
		if (!key || put(object, key, json_object()) < 0)
			return NULL;
	}
	return give(object);
}

/* All addresses are none to Podman's firewall, which would forward what is sent to 0.0.0.0 itself. */
static const char *bound_address(const struct docker *docker, const struct spec_port *port)
{
	const char *address = port->host_address ? port->host_address : "";

	return docker->libpod[0] && !strcmp(address, "0.0.0.0") ? "" : address;
}

static json_t *port_bindings(struct task *task, const struct instance_spec *spec)
{
	owned_json object = json_object();

	for (size_t i = 0; object && i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		const char *key = port_key(task, port);
		const char *number = port->host_port ? arena_format(&task->arena, "%u", port->host_port) : "";
		if (!port->published)
			continue;
		json_t *list = key ? json_object_get(object, key) : NULL;
		if (!list && (!key || put(object, key, list = json_array()) < 0))
			return NULL;
		if (!number || json_array_append_new(list, json_pack("{s:s, s:s}", "HostIp",
								     bound_address(task->docker, port),
								     "HostPort", number)) < 0)
			return NULL;
	}
	return give(object);
}

json_t *volume_labels(const struct instance_spec *spec, const char *name)
{
	return json_pack("{s:s, s:s}", "berth.app", spec->app, "berth.volume", name);
}

/* A mount, not a bind: the engine makes an empty directory of a bind's missing source, and says no for a
 * mount's. */
static json_t *mount(struct task *task, const struct instance_spec *spec, const struct volume *volume)
{
	owned_json object = json_pack("{s:s, s:b}", "Target", volume->path, "ReadOnly", volume->read_only);

	if (!object)
		return NULL;
	if (volume->source) {
		if (put(object, "Type", json_string("bind")) < 0 ||
		    put(object, "Source", json_string(volume->source)) < 0)
			return NULL;
		return give(object);
	}
	if (put(object, "Type", json_string("volume")) < 0)
		return NULL;
	if (!volume->name)
		return give(object);
	const char *target = arena_format(&task->arena, "%s.%s", spec->app, volume->name);
	if (!target || put(object, "Source", json_string(target)) < 0 ||
	    put(object, "VolumeOptions", json_pack("{s:o}", "Labels", volume_labels(spec, volume->name))) < 0)
		return NULL;
	return give(object);
}

static json_t *mounts(struct task *task, const struct instance_spec *spec)
{
	owned_json array = json_array();

	for (size_t i = 0; i < spec->volume_count; i++)
		if (json_array_append_new(array, mount(task, spec, &spec->volumes[i])) < 0)
			return NULL;
	return give(array);
}

static json_t *extra_hosts(struct task *task, const struct instance_spec *spec)
{
	owned_json array = json_array();

	for (size_t i = 0; i < spec->host_count; i++) {
		const struct spec_host *host = &spec->hosts[i];
		if (!host->address)
			continue;
		const char *pair = arena_format(&task->arena, "%s:%s", host->alias, host->address);
		if (!pair || json_array_append_new(array, json_string(pair)) < 0)
			return NULL;
	}
	return give(array);
}

json_t *pinned_at(const char *address)
{
	return json_pack("{s:s}", "IPv4Address", address);
}

json_t *link_list(const struct instance_spec *spec)
{
	owned_json array = json_array();

	for (size_t i = 0; i < spec->host_count; i++) {
		const struct spec_host *host = &spec->hosts[i];
		if (host->target &&
		    json_array_append_new(array, json_sprintf("%s:%s", host->target, host->alias)) < 0)
			return NULL;
	}
	return give(array);
}

static const char *const policies[] = {
    [RESTART_UNLESS_STOPPED] = "unless-stopped",
    [RESTART_NO] = "no",
    [RESTART_ON_FAILURE] = "on-failure",
    [RESTART_ALWAYS] = "always",
};

json_t *restart_policy(enum restart_policy policy)
{
	return json_pack("{s:s}", "Name", policies[policy]);
}

enum restart_policy restart_policy_of(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(policies); i++)
		if (!strcmp(policies[i], name))
			return (enum restart_policy)i;
	return RESTART_NO; /* as the engine takes a name that was not given */
}

static json_t *host_config(struct task *task, const struct instance_spec *spec, const char *network)
{
	owned_json config = json_pack("{s:s}", "NetworkMode", network);

	if (!config || put(config, "PortBindings", port_bindings(task, spec)) < 0 ||
	    put(config, "RestartPolicy", restart_policy(spec->restart)) < 0)
		return NULL;
	if (spec->volume_count && put(config, "Mounts", mounts(task, spec)) < 0)
		return NULL;
	if (put(config, "ExtraHosts", extra_hosts(task, spec)) < 0)
		return NULL;
	if (spec->memory_bytes && put(config, "Memory", json_integer(spec->memory_bytes)) < 0)
		return NULL;
	if (spec->nano_cpus && put(config, "NanoCpus", json_integer(spec->nano_cpus)) < 0)
		return NULL;
	return give(config);
}

static json_t *networking(struct task *task, const struct instance_spec *spec, const char *network)
{
	owned_json endpoint = json_object();
	bool shared = spec->shared_from_start && spec->shared_name;

	if (!endpoint || put(endpoint, "Links", link_list(spec)) < 0)
		return NULL;
	if (shared && put(endpoint, "Aliases", shared_names(task->docker, spec)) < 0)
		return NULL;
	if (spec->pin_address && put(endpoint, "IPAMConfig", pinned_at(task->address)) < 0)
		return NULL;
	return json_pack("{s:{s:O}}", "EndpointsConfig", network, endpoint);
}

/* How it is ended, kept with it: `stop` asks for nothing else. */
static int put_ending(const struct docker *docker, json_t *body, const struct instance_spec *spec)
{
	int64_t timeout_ms = spec->stop_timeout_ms;

	if (spec->stop_signal && put(body, "StopSignal", json_sprintf("SIG%s", spec->stop_signal)) < 0)
		return -1;
	/* Podman would kill it at once. */
	if (timeout_ms < 0 && docker->libpod[0])
		timeout_ms = GRACE_S * 1000;
	return timeout_ms < 0 ? 0 : put(body, "StopTimeout", json_integer((timeout_ms + 999) / 1000));
}

json_t *create_body(struct task *task, const struct instance_spec *spec)
{
	const char *network = network_id(task->docker, spec->app); /* its name may be given twice */
	const char *image = spec->helper ? task->docker->program->image : spec->image;
	owned_json body = network ? json_pack("{s:s}", "Image", image) : NULL;

	if (!body || put(body, "Env", environment(task, spec)) < 0 ||
	    put(body, "Labels", labels(task, spec)) < 0 ||
	    put(body, "ExposedPorts", exposed(task, spec)) < 0 ||
	    put(body, "HostConfig", host_config(task, spec, network)) < 0 ||
	    put(body, "NetworkingConfig", networking(task, spec, network)) < 0 ||
	    put_ending(task->docker, body, spec) < 0)
		return NULL;
	if (spec->command && put(body, "Cmd", words(spec->command)) < 0)
		return NULL;
	if (spec->entrypoint && put(body, "Entrypoint", words(spec->entrypoint)) < 0)
		return NULL;
	if (spec->directory && put(body, "WorkingDir", json_string(spec->directory)) < 0)
		return NULL;
	if (spec->user && put(body, "User", json_string(spec->user)) < 0)
		return NULL;
	return give(body);
}
