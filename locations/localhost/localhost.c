/* localhost.c - the driver for processes of this machine: its table, its options, and what the machine says
 * of itself. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define GRACE_MS 10000

/* --- options ------------------------------------------------------------------------------- */

static int read_option(struct localhost *home, const char *key, const json_t *value, struct error *err)
{
	if (!strcmp(key, "address") && json_is_string(value)) {
		home->address = arena_text(&home->arena, json_string_value(value));
		return home->address ? 0 : fail_memory(err);
	}
	if (!strcmp(key, "grace")) {
		home->grace_ms = json_is_string(value)    ? parse_duration_ms(json_string_value(value))
				 : json_is_integer(value) ? json_integer_value(value) * 1000
							  : -1;
		if (home->grace_ms >= 0)
			return 0;
		return fail(err, ERR_INVALID, "`grace` is a duration such as \"10s\"");
	}
	if (!strcmp(key, "claims")) {
		if (!json_is_string(value) || *json_string_value(value) != '/')
			return fail(err, ERR_INVALID, "`claims` is the absolute path of a directory");
		home->claims = arena_text(&home->arena, json_string_value(value));
		return home->claims ? 0 : fail_memory(err);
	}
	if (!strcmp(key, "address"))
		return fail(err, ERR_INVALID, "`address` is a text such as \"192.0.2.7\"");
	fail(err, ERR_INVALID, "a localhost location has no option `%s`", key);
	remedy(err,
	       "it has `address` (the one that ports are published on), `grace` (the time to end in) and "
	       "`claims` (the directory that says who has which application)");
	return -1;
}

static int read_options(struct localhost *home, const struct location_spec *spec, struct error *err)
{
	const char *key;
	json_t *value;

	if (spec->target && *spec->target) {
		fail(err, ERR_INVALID, "`localhost:%s`: this machine needs no target", spec->target);
		remedy(err, "write `localhost`");
		return -1;
	}
	json_object_foreach ((json_t *)spec->options, key, value)
		if (read_option(home, key, value, err))
			return -1;
	return 0;
}

static void read_machine(struct location *location, char *ret_id, size_t size)
{
	owned_text content = {0};

	snprintf(ret_id, size, "local");
	if (location->world->ops->file_read(location->world, "/etc/machine-id", 256, &content, NULL))
		return;
	size_t length = strcspn(text_view(&content), "\n");
	if (length)
		snprintf(ret_id, size, "%.*s", (int)length, text_view(&content));
}

/* One for each user of this machine, wherever the user's stores are; gone at a restart, as processes are. A
 * job of cron's or a `su` has no XDG_RUNTIME_DIR, and yet is the same user. */
static const char *claims_directory(struct location *location)
{
	struct localhost *home = localhost_of(location);
	struct world *world = location->world;
	const char *runtime = location->environment ? location->environment("XDG_RUNTIME_DIR") : NULL;
	struct file_facts facts;

	if (!local_uid(location))
		return arena_text(&home->arena, "/run/berth");
	if (runtime && *runtime == '/')
		return arena_format(&home->arena, "%s/berth", runtime);
	const char *usual = arena_format(&home->arena, "/run/user/%u", (unsigned)local_uid(location));
	if (usual && !world->ops->file_look(world, usual, &facts, NULL) && facts.kind == FILE_DIRECTORY &&
	    facts.uid == local_uid(location))
		return arena_format(&home->arena, "%s/berth", usual);
	return arena_format(&home->arena, "/tmp/berth-%u", (unsigned)local_uid(location));
}

static int open_localhost(struct location *location, struct error *err)
{
	struct localhost *home = calloc(1, sizeof(*home));
	char machine[64];

	if (!home)
		return fail_memory(err);
	location->state = home;
	home->grace_ms = GRACE_MS;
	read_machine(location, machine, sizeof(machine));
	home->run = arena_format(&home->arena, "%s/run", location->state_directory);
	home->network = arena_format(&home->arena, "host:%s", machine);
	home->claims = claims_directory(location);
	if (!home->run || !home->network || !home->claims)
		return fail_memory(err);
	return read_options(home, location->spec, err);
}

static void close_localhost(struct location *location)
{
	struct localhost *home = location->state;

	if (!home)
		return;
	while (home->watches)
		localhost_unwatch(location, watched_app(home->watches));
	while (home->tasks)
		local_task_free(home->tasks);
	claims_let_go(location);
	while (home->kept) {
		struct kept *kept = home->kept;
		home->kept = kept->next;
		location->world->ops->child_drop(location->world, kept->child);
		free(kept);
	}
	ports_forget(home, NULL, NULL);
	arena_release(&home->arena);
	free(home);
	location->state = NULL;
}

/* --- what the machine is ------------------------------------------------------------------- */

/* The value of a line such as `PRETTY_NAME="Debian"` or `MemTotal:  12 kB`, or false. */
static bool find_line(const char *text, const char *key, char *ret_value, size_t size)
{
	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (!starts_with(line, key))
			continue;
		line += strlen(key);
		line += strspn(line, " \t\"");
		snprintf(ret_value, size, "%.*s", (int)strcspn(line, "\"\n"), line);
		return true;
	}
	return false;
}

static unsigned count_lines(const char *text, const char *key)
{
	unsigned count = 0;

	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		count += starts_with(line, key);
	return count;
}

static void read_facts(struct location *location, struct location_facts *facts)
{
	struct world *world = location->world;
	owned_text release = {0}, kernel = {0}, processors = {0}, memory = {0};
	char value[100];

	world->ops->file_read(world, "/etc/os-release", 65536, &release, NULL);
	world->ops->file_read(world, "/proc/sys/kernel/osrelease", 256, &kernel, NULL);
	world->ops->file_read(world, "/proc/cpuinfo", 16 << 20, &processors, NULL);
	world->ops->file_read(world, "/proc/meminfo", 65536, &memory, NULL);
	snprintf(facts->endpoint, sizeof(facts->endpoint), "this machine");
	if (!find_line(text_view(&release), "PRETTY_NAME=", value, sizeof(value)))
		snprintf(value, sizeof(value), "Linux");
	snprintf(facts->version, sizeof(facts->version), "%s", value);
	unsigned count = count_lines(text_view(&processors), "processor");
	double gibibytes =
	    find_line(text_view(&memory), "MemTotal:", value, sizeof(value)) ? atof(value) / (1 << 20) : 0;
	snprintf(facts->details, sizeof(facts->details), "%u CPU%s, %.1f GiB, Linux %.*s", count,
		 count == 1 ? "" : "s", gibibytes, (int)strcspn(text_view(&kernel), "\n"),
		 text_view(&kernel));
}

static enum progress connect_localhost(struct location *location, struct errand *errand,
				       struct location_facts *ret, struct error *err)
{
	struct location_facts facts = {0};

	(void)errand;
	(void)err;
	read_facts(location, &facts);
	*ret = facts;
	return PROGRESS_DONE;
}

/* Whatever listens on this machine can be asked from it. */
static const char *readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check)
{
	(void)location;
	(void)spec;
	(void)check;
	return "from here";
}

static void drop_localhost(struct location *location, struct errand *errand)
{
	(void)location;
	local_task_free(errand->state);
}

static const char *resolved(const struct location *location, const json_t **ret_options)
{
	*ret_options = location->spec->options;
	return location->spec->target;
}

/* There is nothing to find out. */
static void learn(struct location *location, const struct location *from)
{
	(void)location, (void)from;
}

static const char *identity(const struct location *location)
{
	(void)location;
	return "this machine";
}

const struct location_driver localhost_driver = {
    .type = "localhost",
    .summary = "processes of this machine, which outlive the command line",
    .capabilities =
	{
	    .grain = GRAIN_INSTANCE,
	    .names_unique = true,
	    .host_names = false,
	    .mapped_ports = false,
	    .kinds = 1u << COMPONENT_PROCESS,
	    .calls_in_flight = 8,
	    .generations = true,
	    .limits_in_place = false, /* there are none to change */
	    .restart_in_place = true,
	},
    .open = open_localhost,
    .close = close_localhost,
    .connect = connect_localhost,
    .learn = learn,
    .list = localhost_list,
    .look = localhost_look,
    .watch = localhost_watch,
    .unwatch = localhost_unwatch,
    .check = localhost_check,
    .preflight = location_lacks_nothing,
    .identity = identity,
    .resolved = resolved,
    .foresee = localhost_foresee,
    .publish_address = localhost_publish_address,
    .port_free = localhost_port_free,
    .claim = localhost_claim,
    .disclaim = localhost_disclaim,
    .prepare = localhost_prepare,
    .release = localhost_release,
    .place = localhost_place,
    .start = localhost_start,
    .admit = nothing_to_admit,
    .probe = localhost_probe,
    .stop = localhost_stop,
    .remove = localhost_remove,
    .exec = localhost_exec,
    .update = localhost_update,
    .deliver = localhost_deliver,
    .signal = localhost_signal,
    .withdraw = nothing_to_withdraw,
    .rename = localhost_rename,
    .readiness = readiness,
    .lease = localhost_lease,
    .tidy = localhost_tidy,
    .logs = localhost_logs,
    .usage = localhost_usage,
    .drop = drop_localhost,
};
