/* place.c - makes, starts, changes, ends and removes instances on a machine. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "locations/ssh/machine.h"

int ssh_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	return process_check(location, spec, "a process of a machine", err);
}

/* An errand of one script that is made from a spec. */
typedef void scripted(struct location *location, const struct instance_spec *spec, struct text *script);

static enum progress run_scripted(struct location *location, struct errand *errand,
				  const struct instance_spec *spec, scripted *write, struct error *err)
{
	struct task *task = errand->state;

	if (task) {
		enum progress progress = machine_answer(task, err);
		return progress == PROGRESS_DONE ? machine_task_end(task, progress) : progress;
	}
	if (guard_name(spec->app, spec->name, err))
		return PROGRESS_FAILED;
	task = machine_task_new(location, errand, sizeof(*task), NULL);
	if (!task) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	write(location, spec, &task->script);
	return machine_ask(task, err);
}

static void write_place(struct location *location, const struct instance_spec *spec, struct text *script)
{
	struct machine *machine = machine_of(location);

	machine_forget_ports(machine, spec->name);
	for (size_t i = 0; i < spec->port_count; i++)
		machine_take_port(machine, spec->name, spec->ports[i].port, spec->ports[i].protocol);
	say_instance(location, spec, location->world->ops->wall(location->world), script);
	if (machine->exclusive)
		text_add(script, "EXCLUSIVE=yes\n");
	text_format(script, "place %s %s\n", spec->app, folder_of(spec->app, spec->name));
}

enum progress ssh_place(struct location *location, struct errand *errand, const struct instance_spec *spec,
			const char **ret_note, struct error *err)
{
	*ret_note = NULL;
	bool unfit = spec->helper && machine_helper(machine_of(location), err);
	enum progress progress =
	    unfit ? PROGRESS_FAILED : run_scripted(location, errand, spec, write_place, err);
	if (progress == PROGRESS_FAILED && spec->helper && err->code == ERR_UNSUPPORTED)
		remedy(err, "write `link: direct` at the component that it stands for");
	return progress;
}

/* As the kernel writes it. A machine that runs our helper program has our order of bytes. */
static void own_address(const struct instance_spec *spec, char *ret, size_t size)
{
	struct in_addr address;

	if (inet_pton(AF_INET, spec->bind_address, &address) == 1)
		snprintf(ret, size, ":%08X", (unsigned)address.s_addr);
}

static void write_start(struct location *location, const struct instance_spec *spec, struct text *script)
{
	char own[16] = "";

	(void)location;
	if (spec->helper)
		own_address(spec, own, sizeof(own));
	text_format(script, "start %s %s '%s'", spec->app, folder_of(spec->app, spec->name), spec->digest);
	for (size_t i = 0; i < spec->port_count; i++)
		if (spec->ports[i].port)
			text_format(script, " %s:%04X%s", spec->ports[i].protocol == UDP ? "udp" : "tcp",
				    (unsigned)spec->ports[i].port, own);
	text_add_char(script, '\n');
}

enum progress ssh_start(struct location *location, struct errand *errand, const struct instance_spec *spec,
			struct error *err)
{
	return run_scripted(location, errand, spec, write_start, err);
}

enum progress ssh_stop(struct location *location, struct errand *errand, const char *app, const char *name,
		       struct error *err)
{
	return guard_name(app, name, err)
		   ? PROGRESS_FAILED
		   : machine_do(location, errand, err, "stop %s %s -1\n", app, folder_of(app, name));
}

enum progress ssh_remove(struct location *location, struct errand *errand, const char *app, const char *name,
			 struct error *err)
{
	return guard_name(app, name, err)
		   ? PROGRESS_FAILED
		   : machine_do(location, errand, err, "remove %s %s\n", app, folder_of(app, name));
}

/* --- what is there is changed --------------------------------------------------------------- */

static void write_update(struct location *location, const struct instance_spec *spec, struct text *script)
{
	(void)location;
	text_format(script, "remark %s %s restart %s\n", spec->app, folder_of(spec->app, spec->name),
		    restart_word(spec->restart));
}

enum progress ssh_update(struct location *location, struct errand *errand, const struct instance_spec *spec,
			 struct error *err)
{
	return run_scripted(location, errand, spec, write_update, err);
}

/* The marks last: what was cut off in between is delivered again. */
static void write_deliver(struct location *location, const struct instance_spec *spec, struct text *script)
{
	(void)location;
	say_files(spec, script);
	text_format(script, "deliver %s %s && remark %s %s files '%s'", spec->app,
		    folder_of(spec->app, spec->name), spec->app, folder_of(spec->app, spec->name),
		    spec->file_digest);
	if (spec->secret_salt && *spec->secret_salt)
		text_format(script, " salt '%s'", spec->secret_salt);
	text_add_char(script, '\n');
}

enum progress ssh_deliver(struct location *location, struct errand *errand, const struct instance_spec *spec,
			  struct error *err)
{
	return run_scripted(location, errand, spec, write_deliver, err);
}

enum progress ssh_signal(struct location *location, struct errand *errand, const char *app, const char *name,
			 const char *signal, struct error *err)
{
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	if (!signal_number(signal)) {
		fail(err, ERR_INVALID, "there is no signal `%s`", signal);
		return PROGRESS_FAILED;
	}
	return machine_do(location, errand, err, "signal %s %s %s\n", app, folder_of(app, name), signal);
}

enum progress ssh_rename(struct location *location, struct errand *errand, const char *app, const char *from,
			 const char *to, struct error *err)
{
	if (guard_name(app, from, err) || guard_name(app, to, err) || guard_rename(from, to, err))
		return PROGRESS_FAILED;
	if (!strcmp(from, to))
		return PROGRESS_DONE;
	return machine_do(location, errand, err, "rename %s %s %s\n", app, folder_of(app, from),
			  folder_of(app, to));
}
