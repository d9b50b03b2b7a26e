/* describe.c - a container as it is inspected, and as a listing tells it, which is as it was noted last. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

const char *state_word(const struct container *container)
{
	static const char *const words[] = {[CREATED] = "created",
					    [RUNNING] = "running",
					    [PAUSED] = "paused",
					    [RESTARTING] = "restarting",
					    [EXITED] = "exited"};

	return container->removing && !container->pid ? "removing" : words[container->state];
}

/* Members after others: ,"Key":VALUE */

static void put_raw(struct text *to, const char *key, const char *json)
{
	text_add(to, ",\"");
	text_add(to, key);
	text_add(to, "\":");
	text_add(to, json);
}

static void put_flag(struct text *to, const char *key, bool value)
{
	put_raw(to, key, value ? "true" : "false");
}

static void put_count(struct text *to, const char *key, int64_t number)
{
	put_raw(to, key, "");
	put_number(to, number);
}

static void put_moment(struct text *to, const char *key, int64_t at_ns)
{
	put_raw(to, key, "\"");
	put_time(to, at_ns);
	text_add_char(to, '"');
}

/* --- parts of both ------------------------------------------------------------------------------------- */

static void put_endpoint(struct text *to, const struct endpoint *endpoint, bool names)
{
	const struct network *on = endpoint->on;
	uint32_t address = endpoint->address;
	bool told = on || endpoint->failed, addressed = (on && on->bridges) || endpoint->failed;

	put_quoted(to, endpoint->network);
	text_add(to, ":{\"IPAMConfig\":");
	if (endpoint->pinned) {
		text_add(to, "{\"IPv4Address\":");
		put_quoted(to, endpoint->pinned);
		text_add_char(to, '}');
	} else {
		text_add(to, "null");
	}
	text_add(to, ",\"Links\":");
	put_json(to, names ? endpoint->links : NULL);
	text_add(to, ",\"Aliases\":");
	put_json(to, names ? endpoint->aliases : NULL);
	put_member(to, "NetworkID", endpoint->network_id);
	put_member(to, "EndpointID", told ? endpoint->id : "");
	text_add(to, ",\"Gateway\":\"");
	if (addressed && !endpoint->failed)
		put_address(to, on->gateway);
	text_add(to, "\",\"IPAddress\":\"");
	if (addressed)
		put_address(to, address);
	text_add_char(to, '"');
	put_count(to, "IPPrefixLen", addressed ? endpoint->prefix : 0);
	text_add(to, ",\"IPv6Gateway\":\"\",\"GlobalIPv6Address\":\"\",\"GlobalIPv6PrefixLen\":0");
	if (addressed)
		text_format(to, ",\"MacAddress\":\"02:42:%02x:%02x:%02x:%02x\"", address >> 24,
			    address >> 16 & 255, address >> 8 & 255, address & 255);
	else
		text_add(to, ",\"MacAddress\":\"\"");
	text_add(to, ",\"DriverOpts\":null}");
}

/* By the order of their names, as Go writes its maps. */
static void put_endpoints(struct text *to, const struct container *container, bool names)
{
	const struct endpoint *last = NULL;

	text_add(to, "\"Networks\":{");
	for (;;) {
		const struct endpoint *least = NULL;
		for (const struct endpoint *at = container->endpoints; at; at = at->next)
			if ((!last || strcmp(at->network, last->network) > 0) &&
			    (!least || strcmp(at->network, least->network) < 0))
				least = at;
		if (!least)
			break;
		text_add(to, last ? "," : "");
		put_endpoint(to, least, names);
		last = least;
	}
	text_add_char(to, '}');
}

/* --- inspected --------------------------------------------------------------------------------- */

static void put_state(struct text *to, const struct container *container)
{
	bool runs =
	    container->state == RUNNING || container->state == PAUSED || container->state == RESTARTING;

	text_add(to, ",\"State\":{\"Status\":\"");
	text_add(to, state_word(container));
	text_add_char(to, '"');
	put_flag(to, "Running", runs);
	put_flag(to, "Paused", container->state == PAUSED);
	put_flag(to, "Restarting", container->state == RESTARTING);
	put_flag(to, "OOMKilled", container->out_of_memory);
	put_flag(to, "Dead", container->removing && !runs);
	put_count(to, "Pid", container->pid);
	put_count(to, "ExitCode", container->exit_code);
	put_member(to, "Error", container->error ? container->error : "");
	put_moment(to, "StartedAt", container->started_ns);
	put_moment(to, "FinishedAt", container->finished_ns);
	text_add_char(to, '}');
}

static void put_host(struct text *to, const struct container *container)
{
	text_add(to, ",\"HostConfig\":{\"Binds\":null,\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{}}");
	put_member(to, "NetworkMode", container->network_mode);
	text_add(to, ",\"PortBindings\":");
	put_json(to, container->bindings);
	text_add(to, ",\"RestartPolicy\":{\"Name\":\"");
	text_add(to, container->restart_policy);
	text_add_char(to, '"');
	put_count(to, "MaximumRetryCount", container->max_retries);
	text_add_char(to, '}');
	put_flag(to, "AutoRemove", container->auto_remove);
	put_raw(to, "ExtraHosts", container->extra_hosts);
	text_add(to, ",\"Links\":null");
	put_count(to, "Memory", container->memory);
	put_count(to, "NanoCpus", container->nano_cpus);
	put_count(to, "CpuPeriod", container->cpu_period);
	put_count(to, "CpuQuota", container->cpu_quota);
	put_count(to, "MemorySwap", container->memory_swap);
	if (container->mount_count) {
		put_raw(to, "Mounts", container->wanted_mounts);
	}
	text_add_char(to, '}');
}

static void put_networks(struct text *to, const struct container *container)
{
	const struct endpoint *plain = endpoint_found(container, "bridge");

	text_add(to, ",\"NetworkSettings\":{\"Bridge\":\"\",\"Ports\":");
	put_ports_inspected(to, container);
	text_add(to, ",\"Gateway\":\"");
	if (plain && plain->on)
		put_address(to, plain->on->gateway);
	text_add(to, "\",\"IPAddress\":\"");
	if (plain && plain->on)
		put_address(to, plain->address);
	text_add(to, "\",");
	put_endpoints(to, container, true);
	text_add_char(to, '}');
}

void container_asked(struct call *call)
{
	const struct container *container = container_of_call(call);
	struct text to = {0};

	if (!container)
		return;
	text_add(&to, "{\"Id\":\"");
	text_add(&to, container->id);
	text_add_char(&to, '"');
	put_moment(&to, "Created", container->created_ns);
	put_raw(&to, "Path", container->args);
	put_state(&to, container);
	put_member(&to, "Image", container->image->id);
	text_add(&to, ",\"Name\":\"/");
	text_add(&to, container->name);
	text_add_char(&to, '"');
	put_count(&to, "RestartCount", container->restarts);
	text_add(&to, ",\"Driver\":\"overlay2\",\"Platform\":\"linux\"");
	put_host(&to, container);
	put_raw(&to, "Mounts", container->told_mounts);
	put_raw(&to, "Config", container->config);
	put_networks(&to, container);
	text_add_char(&to, '}');
	answer(call, 200, &to);
}

/* --- listed ------------------------------------------------------------------------------------ */

/* As `docker ps` shows it: words with blanks or quotes in single ones. */
static void put_command(struct text *to, const json_t *argv)
{
	owned_text line = {0};
	const json_t *word;
	size_t i;

	json_array_foreach (argv, i, word) {
		const char *text = json_string_value(word) ?: "";
		bool plain = *text && !strpbrk(text, " \t\n'\"\\$`!*?[]{}()<>|&;#~=%");
		text_add(&line, i ? " " : "");
		text_format(&line, plain || !i ? "%s" : "'%s'", text);
	}
	put_member(to, "Command", text_view(&line));
}

void note_listed(struct container *container)
{
	struct text head = {0}, tail = {0};

	put_command(&head, container->argv);
	put_count(&head, "Created", container->created_ns / (NS_OF_MS * 1000));
	text_add(&head, ",\"Ports\":");
	put_ports_listed(&head, container);
	text_add(&head, ",\"Labels\":");
	put_json(&head, container->labels);
	put_member(&head, "State", state_word(container));
	text_add(&tail, ",\"HostConfig\":{\"NetworkMode\":");
	put_quoted(&tail, container->network_mode);
	text_add(&tail, "},\"NetworkSettings\":{");
	put_endpoints(&tail, container, false);
	text_add(&tail, "}");
	put_raw(&tail, "Mounts", container->told_mounts);
	text_add_char(&tail, '}');
	free(container->listed_head);
	free(container->listed_tail);
	container->listed_head = must(text_take(&head));
	container->listed_tail = must(text_take(&tail));
	container->listed_state = container->state;
	container->listed_removing = container->removing;
	container->listed_exit = container->exit_code;
	container->listed_started_ns = container->started_ns;
	container->listed_finished_ns = container->finished_ns;
}

/* As go-units has it. */
static const char *ago(int64_t span_ns, char *ret, size_t size)
{
	long long seconds = span_ns / (NS_OF_MS * 1000), minutes = seconds / 60;
	long long hours = (seconds + 1800) / 3600;

	if (seconds < 1)
		snprintf(ret, size, "Less than a second");
	else if (seconds == 1)
		snprintf(ret, size, "1 second");
	else if (seconds < 60)
		snprintf(ret, size, "%lld seconds", seconds);
	else if (minutes == 1)
		snprintf(ret, size, "About a minute");
	else if (minutes < 60)
		snprintf(ret, size, "%lld minutes", minutes);
	else if (hours == 1)
		snprintf(ret, size, "About an hour");
	else if (hours < 48)
		snprintf(ret, size, "%lld hours", hours);
	else
		snprintf(ret, size, "%lld days", hours / 24);
	return ret;
}

static void put_status(struct text *to, const struct container *container, int64_t now_ns)
{
	char up[40], since[40];

	ago(now_ns - container->listed_started_ns, up, sizeof(up));
	ago(now_ns - container->listed_finished_ns, since, sizeof(since));
	text_add(to, ",\"Status\":\"");
	if (container->listed_removing)
		text_add(to, "Removal In Progress");
	else if (container->listed_state == CREATED)
		text_add(to, "Created");
	else if (container->listed_state == EXITED)
		text_format(to, "Exited (%d) %s ago", container->listed_exit, since);
	else if (container->listed_state == RESTARTING)
		text_format(to, "Restarting (%d) %s ago", container->listed_exit, since);
	else
		text_format(to, "Up %s%s", up, container->listed_state == PAUSED ? " (Paused)" : "");
	text_add_char(to, '"');
}

/* Its image's reference, unless that means another one now. */
static const char *shown_image(const struct container *container)
{
	return image_found(container->engine, container->image_name) == container->image
		   ? container->image_name
		   : container->image->id;
}

static void put_listed(struct text *to, const struct container *container, int64_t now_ns)
{
	text_add(to, "{\"Id\":\"");
	text_add(to, container->id);
	text_add(to, "\",\"Names\":[");
	if (container->name) {
		text_add(to, "\"/");
		text_add(to, container->name);
		text_add_char(to, '"');
	}
	text_add_char(to, ']');
	put_member(to, "Image", shown_image(container));
	put_member(to, "ImageID", container->image->id);
	text_add(to, container->listed_head);
	put_status(to, container, now_ns);
	text_add(to, container->listed_tail);
}

static bool name_fits(const char *value, const void *container_)
{
	const struct container *container = container_;
	char name[256];

	snprintf(name, sizeof(name), "/%s", container->name ? container->name : "");
	if (*value == '^') {
		size_t length = strlen(value + 1);
		bool whole = length && value[length] == '$';
		size_t count = length - whole;
		const char *its = value[1] == '/' ? name : name + 1;
		return !strncmp(its, value + 1, count) && (!whole || strlen(its) == count);
	}
	return strstr(name, value) != NULL;
}

static bool id_fits(const char *value, const void *container_)
{
	const struct container *container = container_;

	return starts_with(container->id, value);
}

static bool is_wanted(const struct container *container, const json_t *filters, bool all)
{
	bool runs = container->listed_state == RUNNING || container->listed_state == PAUSED ||
		    container->listed_state == RESTARTING;
	bool any_state = json_object_get(filters, "status") != NULL;

	return (all || any_state || runs) && filter_labels(filters, container->labels) &&
	       filter_any(filters, "name", name_fits, container) &&
	       filter_any(filters, "id", id_fits, container) &&
	       filter_word(filters, "status", state_word(container));
}

/* The youngest first. */
void containers_asked(struct call *call)
{
	static const char *const known[] = {"ancestor", "before",  "exited",  "id",     "label",
					    "name",     "status",  "health",  "since",  "volume",
					    "network",  "is-task", "publish", "expose", NULL};
	struct docker_engine *engine = call->engine;
	struct world *world = universe_outside(engine->universe);
	const struct container **order;
	json_t *filters;
	struct text to = {0};
	size_t count = 0;

	if (filters_read(call, known, &filters) < 0)
		return;
	int64_t now_ns = world->ops->wall(world) * NS_OF_MS + NS_OF_MS;
	bool all = query_flag(call, "all");
	order = must(calloc(engine->container_count + 1, sizeof(*order)));
	for (const struct container *one = engine->containers; one; one = one->next)
		order[count++] = one;
	text_add_char(&to, '[');
	while (count > 0) {
		const struct container *one = order[--count];
		if (!is_wanted(one, filters, all))
			continue;
		text_add(&to, to.length > 1 ? "," : "");
		put_listed(&to, one, now_ns);
	}
	text_add_char(&to, ']');
	free(order);
	json_decref(filters);
	answer(call, 200, &to);
}
