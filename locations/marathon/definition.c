/* definition.c - the app that a component becomes, in the form that this version of Marathon reads. */
#include <string.h>

#include "locations/marathon/marathon.h"

static bool is_host(const char *network)
{
	return !strcmp(network, "host");
}

static bool is_bridge(const char *network)
{
	return !strcmp(network, "bridge");
}

static json_t *words(const char *const *list)
{
	json_t *array = json_array();

	for (; array && list && *list; list++)
		json_add(array, json_any_text(*list));
	return array;
}

/* --- ports ------------------------------------------------------------------------------------------- */

static const char *port_name(struct flow *flow, const struct spec_port *port)
{
	owned_text name = {0};

	if (port->name)
		for (const char *c = port->name; *c; c++)
			text_add_char(&name, (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ? *c
					     : *c >= 'A' && *c <= 'Z' ? (char)(*c + 32)
								      : '-');
	else
		text_format(&name, "p%u%s", port->port, port->protocol == UDP ? "-udp" : "");
	return name.failed ? NULL : arena_text(&flow->arena, text_view(&name));
}

/* In a network of its own a task has any number it wants; the host gives it another. */
static json_t *mapping(struct flow *flow, const struct spec_port *port)
{
	return json_pack("{s:i, s:i, s:i, s:s, s:s}", "containerPort", port->port, "hostPort",
			 port->published && port->fixed ? port->host_port : 0, "servicePort", 0, "protocol",
			 port->protocol == UDP ? "udp" : "tcp", "name", port_name(flow, port));
}

static json_t *definition_of_port(struct flow *flow, const struct spec_port *port)
{
	return json_pack("{s:i, s:s, s:s}", "port", port->fixed ? port->port : 0, "protocol",
			 port->protocol == UDP ? "udp" : "tcp", "name", port_name(flow, port));
}

/* Before 1.5: of a container of Mesos' own, which has an address for itself. */
static json_t *discovered(struct flow *flow, const struct spec_port *port)
{
	return json_pack("{s:i, s:s, s:s}", "number", port->port, "protocol",
			 port->protocol == UDP ? "udp" : "tcp", "name", port_name(flow, port));
}

static json_t *ports(struct flow *flow, const struct instance_spec *spec,
		     json_t *(*one)(struct flow *, const struct spec_port *))
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < spec->port_count; i++)
		json_add(list, one(flow, &spec->ports[i]));
	return list;
}

static bool any_fixed(const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->port_count; i++)
		if (spec->ports[i].fixed)
			return true;
	return false;
}

/* --- the container ------------------------------------------------------------------------------------ */

static json_t *parameters(struct flow *flow, const struct instance_spec *spec)
{
	json_t *list = json_array();
	bool instead = spec->kind == COMPONENT_DOCKER && spec->entrypoint && !marathon_shell_line(spec);
	const struct {
		const char *key, *value;
	} given[] = {
	    {"entrypoint", instead ? spec->entrypoint[0] : NULL},
	    {"workdir", spec->directory},
	    {"user", spec->user},
	    {"stop-signal",
	     spec->stop_signal ? arena_format(&flow->arena, "SIG%s", spec->stop_signal) : NULL},
	};

	for (size_t i = 0; list && i < COUNT_OF(given); i++)
		if (given[i].value && *given[i].value)
			json_add(list, json_pack("{s:s, s:s}", "key", given[i].key, "value", given[i].value));
	return list;
}

static json_t *volumes(const struct instance_spec *spec)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < spec->volume_count; i++)
		if (spec->volumes[i].source)
			json_add(list, json_pack("{s:s, s:s, s:s}", "containerPath", spec->volumes[i].path,
						 "hostPath", spec->volumes[i].source, "mode",
						 spec->volumes[i].read_only ? "RO" : "RW"));
	return list;
}

static json_t *container(struct flow *flow, const struct instance_spec *spec, const char *network)
{
	const struct marathon *marathon = flow->marathon;
	bool mesos = marathon_by_mesos(marathon, spec);
	owned_json docker =
	    json_pack("{s:s, s:b}", "image", spec->kind == COMPONENT_PROCESS ? marathon->image : spec->image,
		      "forcePullImage", spec->pull_always);
	bool told = !is_host(network) && (!mesos || marathon_is_new(marathon));
	json_t *mappings = told ? ports(flow, spec, mapping) : NULL;

	if (!mesos)
		json_put(docker, "parameters", parameters(flow, spec));
	if (docker && !mesos && !marathon_is_new(marathon)) {
		json_put_text(docker, "network",
			      is_host(network)     ? "HOST"
			      : is_bridge(network) ? "BRIDGE"
						   : "USER");
		if (mappings)
			json_put(docker, "portMappings", give(mappings));
	}
	return json_pack("{s:s, s:O, s:o, s:o*}", "type", mesos ? "MESOS" : "DOCKER", "docker", docker,
			 "volumes", volumes(spec), "portMappings", mappings);
}

static json_t *networks(const char *network)
{
	return is_host(network) ? json_pack("[{s:s}]", "mode", "host")
	       : is_bridge(network)
		   ? json_pack("[{s:s}]", "mode", "container/bridge")
		   : json_pack("[{s:s, s:s*}]", "mode", "container", "name", *network ? network : NULL);
}

static void put_network(struct flow *flow, const struct instance_spec *spec, const char *network, json_t *app)
{
	if (is_host(network)) {
		json_put(app, "portDefinitions", ports(flow, spec, definition_of_port));
		json_put_flag(app, "requirePorts", any_fixed(spec));
	}
	if (marathon_is_new(flow->marathon)) {
		json_put(app, "networks", networks(network));
	} else if (!is_host(network) && !is_bridge(network)) {
		json_t *address = json_pack("{s:s*}", "networkName", *network ? network : NULL);
		if (marathon_by_mesos(flow->marathon, spec))
			json_put(address, "discovery",
				 json_pack("{s:o*}", "ports", ports(flow, spec, discovered)));
		json_put(app, "ipAddress", address);
	}
}

/* --- what it runs --------------------------------------------------------------------------------------- */

/* An entrypoint of several words: its first one is the container's, the others lead the arguments. */
static void put_command(const struct instance_spec *spec, json_t *app)
{
	owned_json list = json_array();
	owned_json lead = words(spec->kind == COMPONENT_DOCKER && spec->entrypoint && spec->entrypoint[0]
				    ? spec->entrypoint + 1
				    : NULL);
	owned_json rest = words(spec->command);

	if (marathon_shell_line(spec)) {
		json_put_text(app, "cmd", marathon_shell_line(spec));
		return;
	}
	json_array_extend(list, lead);
	json_array_extend(list, rest);
	if (json_array_size(list))
		json_put_shared(app, "args", list);
}

static json_t *environment(const struct instance_spec *spec)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < spec->variable_count; i++) {
		const struct spec_variable *variable = &spec->variables[i];
		/* In a container of its own it listens for all; who may reach it the host decides. */
		bool bind = spec->kind == COMPONENT_PROCESS && !strcmp(variable->name, "BIND_ADDRESS");
		json_put(object, variable->name, json_any_text(bind ? "0.0.0.0" : variable->value));
	}
	return object;
}

static json_t *labels(struct flow *flow, const struct instance_spec *spec)
{
	json_t *object = json_object();
	const char *type = spec->kind == COMPONENT_PROCESS
			       ? "process"
			       : arena_format(&flow->arena, "docker:%s", spec->image);
	const char *count = arena_format(&flow->arena, "%u", spec->count ? spec->count : 1);
	const struct {
		const char *name, *value;
	} ours[] = {
	    {"berth.app", spec->app},
	    {"berth.component", spec->component},
	    {"berth.instance", spec->name},
	    {"berth.type", type},
	    {"berth.count", count},
	    {"berth.spec", spec->digest},
	    {"berth.links", spec->link_digest},
	    {"berth.salt", spec->secret_salt},
	    {"berth.secrets", spec->secret_digest},
	    {"berth.files", spec->file_digest},
	    {"berth.protect", spec->protect ? "yes" : NULL},
	};

	for (size_t i = 0; object && i < spec->label_count; i++)
		json_put(object, spec->labels[i].name, json_any_text(spec->labels[i].value));
	for (size_t i = 0; object && i < COUNT_OF(ours); i++)
		if (ours[i].value && *ours[i].value)
			json_put_text(object, ours[i].name, ours[i].value);
	return object;
}

/* --- whether it answers --------------------------------------------------------------------------------- */

/* Marathon counts whole seconds, and one at least. */
static int seconds(int64_t ms)
{
	return ms > 1000 ? (int)((ms + 999) / 1000) : 1;
}

static int port_index(const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->port_count; i++)
		if (spec->ports[i].port == spec->health->port && spec->ports[i].protocol == TCP)
			return (int)i;
	return -1;
}

static void add_quoted(struct text *line, const char *word)
{
	text_add(line, line->length ? " '" : "'");
	for (; *word; word++)
		if (*word == '\'')
			text_add(line, "'\\''");
		else
			text_add_char(line, *word);
	text_add_char(line, '\'');
}

/* Run by a shell in the task. */
static json_t *check_command(const struct command *command)
{
	owned_text line = {0};

	for (size_t i = 0; i < command->count; i++) {
		const char *word = command->words[i].text ? command->words[i].text : "";
		if (command->shell)
			text_add(&line, word);
		else
			add_quoted(&line, word);
	}
	return json_pack("{s:s}", "value", text_view(&line));
}

bool marathon_asks(const struct health_check *check)
{
	return check && check->kind != CHECK_NONE && !(check->kind == CHECK_HTTP && check->status);
}

static void put_health(const struct marathon *marathon, const struct instance_spec *spec, json_t *app)
{
	const struct health_check *check = spec->health;

	if (!marathon_asks(check) || (check->kind != CHECK_COMMAND && port_index(spec) < 0))
		return;
	json_t *entry =
	    json_pack("{s:s, s:i, s:i, s:i, s:i}", "protocol",
		      check->kind == CHECK_HTTP  ? "HTTP"
		      : check->kind == CHECK_TCP ? "TCP"
						 : "COMMAND",
		      "gracePeriodSeconds", check->start_period_ms ? seconds(check->start_period_ms) : 300,
		      "intervalSeconds", seconds(check->interval_ms ? check->interval_ms : 2000),
		      "timeoutSeconds", seconds(check->timeout_ms), "maxConsecutiveFailures", check->retries);
	if (check->kind == CHECK_COMMAND)
		json_put(entry, "command", check_command(&check->command));
	else
		json_put_number(entry, "portIndex", port_index(spec));
	if (check->kind == CHECK_HTTP)
		json_put_text(entry, "path", check->path ? check->path : "/");
	if (check->kind == CHECK_COMMAND && marathon_is_new(marathon))
		json_put_number(entry, "delaySeconds", 1);
	json_put(app, "healthChecks", json_pack("[o]", entry));
}

static double mebibytes(int64_t bytes)
{
	return (double)((bytes + (1 << 20) - 1) >> 20);
}

/* What the location says of every app of it. */
static void put_options(const struct marathon *marathon, json_t *app)
{
	if (marathon->constraints)
		json_put(app, "constraints", json_deep_copy(marathon->constraints));
	if (marathon->fetch)
		json_put(app, "fetch", json_deep_copy(marathon->fetch));
	if (marathon->upgrade)
		json_put(app, "upgradeStrategy", json_deep_copy(marathon->upgrade));
	if (marathon->role)
		json_put_text(app, "role", marathon->role);
	if (marathon->extra)
		json_object_update_missing(app, (json_t *)marathon->extra);
}

static bool is_resident(const json_t *app)
{
	const json_t *volumes = json_object_get(json_object_get(app, "container"), "volumes");

	for (size_t i = 0; i < json_array_size(volumes); i++)
		if (json_object_get(json_array_get(volumes, i), "persistent"))
			return true;
	return false;
}

/* It is refused when one of the two is said alone: then the other is what it is where nobody says anything.
 */
static void complete_upgrade(json_t *app)
{
	json_t *strategy = json_object_get(app, "upgradeStrategy");
	bool resident = is_resident(app);

	if (!json_is_object(strategy))
		return;
	if (!json_object_get(strategy, "minimumHealthCapacity"))
		json_put(strategy, "minimumHealthCapacity", json_real(resident ? 0.5 : 1));
	if (!json_object_get(strategy, "maximumOverCapacity"))
		json_put(strategy, "maximumOverCapacity", json_real(resident ? 0 : 1));
}

json_t *marathon_definition(struct flow *flow, const struct instance_spec *spec, unsigned instances)
{
	const struct marathon *marathon = flow->marathon;
	const char *network = marathon_network(marathon, spec);
	size_t memory = memory_failures();
	json_t *app =
	    json_pack("{s:s, s:i, s:f, s:f, s:f, s:o, s:o}", "id", flow->id, "instances", (int)instances,
		      "cpus", spec->nano_cpus ? (double)spec->nano_cpus / 1e9 : marathon->cpus, "mem",
		      spec->memory_bytes ? mebibytes(spec->memory_bytes) : marathon->mem, "disk",
		      marathon->disk, "env", environment(spec), "labels", labels(flow, spec));

	if (!app)
		return NULL;
	if (!marathon_is_bare(spec))
		json_put(app, "container", container(flow, spec, network));
	if (marathon_by_mesos(marathon, spec) && spec->user)
		json_put_text(app, "user", spec->user);
	put_command(spec, app);
	put_network(flow, spec, network, app);
	put_health(marathon, spec, app);
	if (spec->stop_timeout_ms >= 0 && marathon_since(marathon, 1, 2))
		json_put_number(app, "taskKillGracePeriodSeconds", (spec->stop_timeout_ms + 999) / 1000);
	put_options(marathon, app);
	marathon_lay_over(marathon, spec, app);
	complete_upgrade(app);
	if (memory_failures() == memory)
		return app;
	json_decref(app);
	return NULL;
}
