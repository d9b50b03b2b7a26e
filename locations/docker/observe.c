/* observe.c - what the engine says of a container, put as the engine-neutral `struct observed`. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "locations/docker/docker.h"

enum { CPU_PERIOD_US = 100000 };

char *lower(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text);

	for (char *c = copy; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

char *network_name(struct arena *arena, const char *app)
{
	return arena_format(arena, "berth.%s", app);
}

bool marked(const json_t *labels, const char *app)
{
	const char *label = json_text(labels, "berth.app");

	return label && (!app || !strcmp(label, app));
}

bool is_instance(const char *name, const json_t *labels)
{
	const char *app = json_text(labels, "berth.app"), *component = json_text(labels, "berth.component");
	const char *ordinal = json_text(labels, "berth.instance"), *its_app, *its_component;
	struct arena arena = {0};
	unsigned number, generation;
	bool is = app && component && ordinal &&
		  instance_name_split(&arena, name, &its_app, &its_component, &number, &generation) &&
		  !strcmp(its_app, app) && !strcmp(its_component, component) &&
		  !strcmp(arena_format(&arena, "%u", number) ?: "", ordinal);

	arena_release(&arena);
	return is;
}

/* A listing has "Names" (with those that old links gave), an inspected one "Name". */
const char *container_name(const json_t *container)
{
	const char *name = json_text(container, "Name");
	const json_t *names = json_object_get(container, "Names");

	for (size_t i = 0; !name && i < json_array_size(names); i++) {
		const char *one = json_string_value(json_array_get(names, i));
		if (one && *one && !strchr(one + 1, '/'))
			name = one;
	}
	return !name ? "" : *name == '/' ? name + 1 : name;
}

/* "Z", "+02:00": how far its clock is ahead of universal time. */
static int64_t zone_of(const char *zone)
{
	int hours, minutes;

	if ((*zone != '+' && *zone != '-') || sscanf(zone + 1, "%2d:%2d", &hours, &minutes) != 2)
		return 0;
	return (*zone == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60000;
}

int64_t time_of(const char *stamp)
{
	struct tm tm = {0};
	int milliseconds = 0, end = 0;

	if (!stamp || sscanf(stamp, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			     &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6)
		return 0;
	if (tm.tm_year < 1970)
		return 0; /* the engine's "never" is the year 1 */
	const char *rest = stamp + end + (stamp[end] == '.');
	for (int digit = 100; isdigit((unsigned char)*rest); rest++, digit /= 10)
		milliseconds += (*rest - '0') * digit;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000 + milliseconds - zone_of(rest);
}

static int month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = strlen(name) == 3 ? strstr(months, name) : NULL;

	return at ? (int)(at - months) / 3 : -1;
}

/* "Sat, 21 Nov 2026 11:44:52 GMT" */
int64_t date_of(const char *date)
{
	char month[4];
	struct tm tm = {0};

	if (sscanf(date, "%*3s, %2d %3s %4d %2d:%2d:%2d", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6 ||
	    (tm.tm_mon = month_of(month)) < 0)
		return 0;
	tm.tm_year -= 1900;
	return (int64_t)timegm(&tm) * 1000;
}

static const char *label_text(const json_t *labels, const char *name, struct arena *arena)
{
	const char *value = json_text(labels, name);

	return arena_text(arena, value ? value : "");
}

/* What every container of ours carries in its labels. */
static int read_marks(const json_t *container, const json_t *labels, struct arena *arena,
		      struct observed *ret)
{
	const char *ordinal = json_text(labels, "berth.instance");
	const char *its_app, *its_component;
	unsigned its_ordinal;
	int64_t number;

	ret->ordinal = ordinal && parse_number(ordinal, 1, INT32_MAX, &number) ? (unsigned)number : 0;
	ret->app = label_text(labels, "berth.app", arena);
	ret->component = label_text(labels, "berth.component", arena);
	ret->digest = label_text(labels, "berth.spec", arena);
	ret->link_digest = label_text(labels, "berth.links", arena);
	ret->secret_salt = label_text(labels, "berth.salt", arena);
	ret->secret_digest = label_text(labels, "berth.secrets", arena);
	ret->file_digest = label_text(labels, "berth.files", arena);
	ret->type = label_text(labels, "berth.type", arena);
	ret->name = arena_text(arena, container_name(container));
	ret->job = json_text(labels, "berth.job");
	ret->protect = json_text(labels, "berth.protect");
	const char *id = json_text(container, "Id");
	ret->target_id = arena_text(arena, id ? id : "");
	if (ret->name)
		(void)instance_name_split(arena, ret->name, &its_app, &its_component, &its_ordinal,
					  &ret->generation);
	return ret->app && ret->component && ret->digest && ret->link_digest && ret->secret_salt &&
		       ret->secret_digest && ret->file_digest && ret->type && ret->name && ret->target_id
		   ? 0
		   : -1;
}

static bool is_paused(const char *word)
{
	return word && !strcmp(word, "paused");
}

static enum observed_state state_of(const char *word)
{
	static const struct {
		const char *word;
		enum observed_state state;
	} states[] = {
	    {"created", SEEN_CREATED},       {"running", SEEN_RUNNING}, {"paused", SEEN_RUNNING},
	    {"restarting", SEEN_RESTARTING}, {"exited", SEEN_STOPPED},  {"removing", SEEN_BROKEN},
	    {"dead", SEEN_BROKEN},
	};

	for (size_t i = 0; word && i < COUNT_OF(states); i++)
		if (!strcmp(word, states[i].word))
			return states[i].state;
	return SEEN_STOPPED;
}

const json_t *endpoint_of(const json_t *container, const char *app)
{
	const json_t *networks = json_at(container, "NetworkSettings.Networks");
	struct arena arena = {0};
	const char *name = network_name(&arena, app);
	const json_t *endpoint = name ? json_object_get(networks, name) : NULL;

	arena_release(&arena);
	return endpoint;
}

/* The address that it shall have, wherever it is started; NULL: any. */
const char *fixed_address(const json_t *endpoint)
{
	const char *fixed = json_text(json_object_get(endpoint, "IPAMConfig"), "IPv4Address");

	return fixed && *fixed ? fixed : NULL;
}

static bool held_as_inspected(const json_t *labels, const json_t *endpoint)
{
	const char *app = json_text(labels, "berth.app"), *component = json_text(labels, "berth.component");
	const json_t *aliases = json_object_get(endpoint, "Aliases");
	struct arena arena = {0};
	const char *mixed = arena_format(&arena, "%s.%s", app ? app : "", component ? component : "");
	const char *shared = mixed ? lower(&arena, mixed) : NULL;
	bool held = false;

	for (size_t i = 0; shared && i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));
		held |= alias && !strcmp(alias, shared);
	}
	arena_release(&arena);
	return held;
}

/* Docker's listing does not tell aliases, Podman's does. An address of its own choice on our network is given
 * by `admit`, or was given to a pinned one when it was made; what `withdraw` left behind has one too. */
static bool held_as_listed(const json_t *labels, const json_t *endpoint)
{
	bool fixed = fixed_address(endpoint), pinned = json_text(labels, "berth.pinned");

	if (json_is_array(json_object_get(endpoint, "Aliases")))
		return held_as_inspected(labels, endpoint);
	if (json_text(labels, "berth.shared"))
		return endpoint && (!fixed || pinned);
	return fixed && !pinned;
}

bool shared_name_held(const json_t *container)
{
	const json_t *labels = json_at(container, "Config.Labels");
	const char *app = json_text(labels, "berth.app");

	return app && held_as_inspected(labels, endpoint_of(container, app));
}

/* Whoever took it off its network, to give it a name or by hand, did not get to put it on again. */
static bool is_cut_off(const json_t *container, const json_t *endpoint, enum observed_state state)
{
	return state == SEEN_RUNNING && !endpoint &&
	       json_is_object(json_at(container, "NetworkSettings.Networks"));
}

/* "Exited (3) 5 minutes ago" */
static int exit_code_of(const char *status)
{
	const char *bracket = status ? strchr(status, '(') : NULL;

	if (!bracket || (!starts_with(status, "Exited (") && !starts_with(status, "Restarting (")))
		return -1;
	return (int)strtol(bracket + 1, NULL, 10);
}

/* A pinned one has its address also while it is stopped. */
static const char *address_of(const json_t *labels, const json_t *endpoint)
{
	const char *address = json_text(endpoint, "IPAddress");

	if (address && *address)
		return address;
	return json_text(labels, "berth.pinned") ? fixed_address(endpoint) : NULL;
}

static enum protocol protocol_of(const char *word)
{
	return word && !strcmp(word, "udp") ? UDP : TCP;
}

static int attach_listed(struct docker *docker, const json_t *container, const json_t *labels,
			 const json_t *endpoint, struct arena *arena, struct observed *ret)
{
	const json_t *ports = json_object_get(container, "Ports");
	struct binding *bindings = arena_array(arena, struct binding, json_array_size(ports) + 1);
	size_t count = 0;

	for (size_t i = 0; bindings && i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		const char *address = json_text(port, "IP");
		int64_t number = json_number(port, "PublicPort", 0);
		if (number <= 0 || number > UINT16_MAX)
			continue;
		bindings[count++] = (struct binding){
		    .address = address ? address : "",
		    .port = (uint16_t)json_number(port, "PrivatePort", 0),
		    .number = (uint16_t)number,
		    .protocol = protocol_of(json_text(port, "Type")),
		};
	}
	return bindings ? attachments_make(docker, arena, json_text(labels, "berth.ports"),
					   address_of(labels, endpoint), bindings, count, ret)
			: -1;
}

int observe_listed(struct docker *docker, const json_t *container, int64_t told_ms, struct arena *arena,
		   struct observed *ret)
{
	const json_t *labels = json_object_get(container, "Labels");
	const char *image = json_text(container, "ImageID"), *state = json_text(container, "State");
	struct observed seen = {0};

	if (read_marks(container, labels, arena, &seen) < 0)
		return -1;
	const json_t *endpoint = endpoint_of(container, seen.app);
	seen.state = state_of(state);
	seen.exit_code = exit_code_of(json_text(container, "Status"));
	seen.image_id = image ? arena_text(arena, image) : NULL;
	if ((seen.paused = is_paused(state)))
		seen.error = "it is paused";
	seen.created_ms = json_number(container, "Created", 0) * 1000;
	seen.ran_ms = seen.state == SEEN_RUNNING ? told_ms : 0;
	seen.shared_name_held = held_as_listed(labels, endpoint);
	seen.cut_off = is_cut_off(container, endpoint, seen.state);
	if ((image && !seen.image_id) || attach_listed(docker, container, labels, endpoint, arena, &seen) < 0)
		return -1;
	*ret = seen;
	return 0;
}

/* {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": null} */
static int attach_inspected(struct docker *docker, const json_t *container, const json_t *labels,
			    const json_t *endpoint, struct arena *arena, struct observed *ret)
{
	/* While it does not run only its configuration has them. */
	json_t *bound = json_at(container, "NetworkSettings.Ports"), *list;
	json_t *ports = json_object_size(bound) ? bound : json_at(container, "HostConfig.PortBindings");
	const char *key;
	size_t room = 1, count = 0;

	json_object_foreach (ports, key, list)
		room += json_array_size(list);
	struct binding *bindings = arena_array(arena, struct binding, room);
	if (!bindings)
		return -1;
	json_object_foreach (ports, key, list)
		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *one = json_array_get(list, i);
			const char *number = json_text(one, "HostPort"), *address = json_text(one, "HostIp");
			const char *slash = strchr(key, '/');
			bindings[count++] = (struct binding){
			    .address = address ? address : "",
			    .port = (uint16_t)strtoul(key, NULL, 10),
			    .number = number ? (uint16_t)strtoul(number, NULL, 10) : 0,
			    .protocol = protocol_of(slash ? slash + 1 : NULL),
			};
		}
	return attachments_make(docker, arena, json_text(labels, "berth.ports"), address_of(labels, endpoint),
				bindings, count, ret);
}

/* In thousand millionths of a CPU; a quota goes before the number, and -1 is none. */
static int64_t cpus_of(const json_t *config)
{
	int64_t quota = json_number(config, "CpuQuota", 0), period = json_number(config, "CpuPeriod", 0);

	if (!quota)
		return json_number(config, "NanoCpus", 0);
	if (quota < 0 || quota > INT64_MAX / 1000000000)
		return 0;
	return quota * 1000000000 / (period > 0 ? period : CPU_PERIOD_US);
}

static void read_limits(const json_t *container, struct observed *ret)
{
	const json_t *config = json_object_get(container, "HostConfig");
	int64_t memory = json_number(config, "Memory", 0);

	ret->limits_known = json_is_object(config);
	ret->memory_bytes = memory < NO_MEMORY_LIMIT ? memory : 0;
	ret->nano_cpus = cpus_of(config);
	ret->restart = restart_policy_of(json_text(json_object_get(config, "RestartPolicy"), "Name"));
}

static int read_state(const json_t *container, struct arena *arena, struct observed *ret)
{
	const json_t *state = json_object_get(container, "State");
	const char *word = json_text(state, "Status"), *error = json_text(state, "Error");
	int64_t restarts = json_number(container, "RestartCount", 0);

	ret->state = state_of(word);
	/* A restart is counted when the run before it ends, so only an end without one is added. */
	ret->exits = (unsigned)restarts + (ret->state == SEEN_STOPPED || ret->state == SEEN_BROKEN);
	ret->exits_known = true;
	ret->exit_code = ret->state == SEEN_CREATED || ret->state == SEEN_RUNNING
			     ? -1
			     : (int)json_number(state, "ExitCode", -1);
	ret->out_of_memory = json_flag(state, "OOMKilled", false);
	ret->created_ms = time_of(json_text(container, "Created"));
	ret->started_ms = time_of(json_text(state, "StartedAt"));
	ret->ran_ms = ret->state == SEEN_RUNNING ? ret->started_ms : 0;
	if ((ret->paused = is_paused(word)))
		error = "it is paused";
	if (!error || !*error)
		return 0;
	owned_text shown = {0};
	text_add_printable(&shown, error, strlen(error));
	ret->error = shown.failed ? NULL : arena_text(arena, text_view(&shown));
	return ret->error ? 0 : -1;
}

int observe_inspected(struct docker *docker, const json_t *container, struct arena *arena,
		      struct observed *ret)
{
	const json_t *labels = json_at(container, "Config.Labels");
	const char *image = json_text(container, "Image");
	struct observed seen = {0};

	if (read_marks(container, labels, arena, &seen) < 0 || read_state(container, arena, &seen) < 0)
		return -1;
	const json_t *endpoint = endpoint_of(container, seen.app);
	read_limits(container, &seen);
	seen.image_id = image ? arena_text(arena, image) : NULL;
	seen.shared_name_held = held_as_inspected(labels, endpoint);
	seen.cut_off = is_cut_off(container, endpoint, seen.state);
	seen.bindings_known = true;
	if ((image && !seen.image_id) ||
	    attach_inspected(docker, container, labels, endpoint, arena, &seen) < 0)
		return -1;
	*ret = seen;
	return 0;
}
