/* driver.c - the driver for machines reached by SSH: its table, and what a machine says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

static int open_machine(struct location *location, struct error *err)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return fail_memory(err);
	machine->location = location;
	location->state = machine;
	return ssh_options_read(machine, err);
}

static void close_machine(struct location *location)
{
	struct machine *machine = location->state;

	if (!machine)
		return;
	ssh_unwatch_all(location);
	while (machine->tasks)
		machine_task_free(machine->tasks);
	arena_release(&machine->arena);
	machine_forget_ports(machine, NULL);
	machine_names(location, false);
	free(machine);
	location->state = NULL;
}

void machine_names(struct location *location, bool work)
{
	struct machine *machine = machine_of(location);

	if (work == (location->driver == &machine->named))
		return;
	if (work) {
		machine->plain = location->driver;
		machine->named = *machine->plain;
		machine->named.capabilities.host_names = machine->named.capabilities.names_in_file = true;
	}
	location->driver = work ? &machine->named : machine->plain;
}

static void drop(struct location *location, struct errand *errand)
{
	(void)location;
	machine_task_free(errand->state);
}

/* --- what it is ----------------------------------------------------------------------------- */

static void line_text(const char *answer, const char *word, char *ret, size_t size)
{
	const char *line = machine_line(answer, word);

	snprintf(ret, size, "%.*s", line ? (int)strcspn(line, "\n") : 0, line ? line : "");
}

static void read_facts(struct machine *machine, const char *answer, struct location_facts *facts)
{
	char cpus[32], memory[32], kernel[128], user[64];

	line_text(answer, "@system", facts->version, sizeof(facts->version));
	line_text(answer, "@cpus", cpus, sizeof(cpus));
	line_text(answer, "@memory", memory, sizeof(memory));
	line_text(answer, "@kernel", kernel, sizeof(kernel));
	line_text(answer, "@user", user, sizeof(user));
	snprintf(facts->endpoint, sizeof(facts->endpoint), "%s", machine->identity);
	snprintf(facts->details, sizeof(facts->details), "%s CPU%s, %.1f GiB, %s, as %.*s%s", cpus,
		 strcmp(cpus, "1") ? "s" : "", atof(memory) / (1 << 20), kernel, (int)strcspn(user, " "),
		 user, machine_line(answer, "@keeper") ? ", with systemd" : "");
}

static enum progress connect_machine(struct location *location, struct errand *errand,
				     struct location_facts *ret, struct error *err)
{
	enum progress progress = machine_query(location, errand, err, "facts\n");
	struct task *task = errand->state;
	struct location_facts facts = {0};

	if (progress != PROGRESS_DONE)
		return progress;
	read_facts(machine_of(location), text_view(&task->answer), &facts);
	*ret = facts;
	return machine_task_end(task, PROGRESS_DONE);
}

static void learn(struct location *location, const struct location *from)
{
	struct machine *machine = machine_of(location);
	const struct machine *other = machine_of(from);

	snprintf(machine->told_address, sizeof(machine->told_address), "%s", other->told_address);
	snprintf(machine->boot, sizeof(machine->boot), "%s", other->boot);
	machine_names(location, from->driver == &other->named);
}

static const char *identity(const struct location *location)
{
	return machine_of(location)->identity;
}

static const char *resolved(const struct location *location, const json_t **ret_options)
{
	*ret_options = location->spec->options;
	return location->spec->target;
}

/* --- where it is reached -------------------------------------------------------------------- */

static int foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count, struct error *err)
{
	return process_foresee(machine_of(location)->network, spec, arena, ret, ret_count, err);
}

static int publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	const struct machine *machine = machine_of(location);
	const char *address = machine->address ? machine->address : machine->told_address;

	if (*address && snprintf(ret_address, size, "%s", address) < (int)size)
		return 0;
	fail(err, ERR_MISSING, "location `%s`: nobody says by which number others reach the machine",
	     location->name);
	remedy(err, "give the location an `address`");
	return -1;
}

static const char *readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check)
{
	(void)location, (void)spec;
	return check->kind == CHECK_COMMAND ? "by a command there" : "through its machine";
}

static enum progress prepare(struct location *location, struct errand *errand,
			     const struct prepare_request *request, struct error *err)
{
	return guard_app(request->app, err) ? PROGRESS_FAILED
					    : machine_do(location, errand, err, "prepare %s\n", request->app);
}

static enum progress release(struct location *location, struct errand *errand, const char *app, bool volumes,
			     struct error *err)
{
	(void)volumes; /* there are none */
	return guard_app(app, err) ? PROGRESS_FAILED : machine_do(location, errand, err, "release %s\n", app);
}

const struct location_driver ssh_driver = {
    .type = "ssh",
    .summary = "processes of a machine that is reached by SSH",
    .capabilities =
	{
	    .grain = GRAIN_INSTANCE,
	    .names_unique = true,
	    .host_names = false, /* where it can: machine_names */
	    .mapped_ports = false,
	    .kinds = 1u << COMPONENT_PROCESS,
	    .connects = true,
	    .calls_in_flight = 8,
	    .generations = true,
	    .limits_in_place = false, /* there are none to change */
	    .restart_in_place = true,
	},
    .open = open_machine,
    .close = close_machine,
    .identity = identity,
    .resolved = resolved,
    .connect = connect_machine,
    .learn = learn,
    .list = ssh_list,
    .look = ssh_look,
    .watch = ssh_watch,
    .unwatch = ssh_unwatch,
    .check = ssh_check,
    .preflight = location_lacks_nothing,
    .foresee = foresee,
    .publish_address = publish_address,
    .port_free = ssh_port_free,
    .claim = ssh_claim,
    .disclaim = ssh_disclaim,
    .prepare = prepare,
    .release = release,
    .place = ssh_place,
    .start = ssh_start,
    .admit = nothing_to_admit,
    .probe = ssh_probe,
    .stop = ssh_stop,
    .remove = ssh_remove,
    .update = ssh_update,
    .deliver = ssh_deliver,
    .signal = ssh_signal,
    .withdraw = nothing_to_withdraw,
    .rename = ssh_rename,
    .exec = ssh_exec,
    .readiness = readiness,
    .lease = ssh_lease,
    .tidy = ssh_tidy,
    .logs = ssh_logs,
    .usage = ssh_usage,
    .drop = drop,
};
