/* inner.c - what is asked of an instance is asked of the machine that its server is. */
#include <string.h>

#include "locations/openstack/openstack.h"

static void woken(struct errand *errand)
{
	talk_awake(errand->owner);
}

enum progress openstack_inner(struct talk *talk, inner_call *call, struct error *err)
{
	struct openstack_machine *machine = talk->machine;
	const struct instance_spec *spec = talk->order.spec;

	talk->inner.wake = woken;
	talk->inner.owner = talk;
	if (spec) {
		talk->spec = *spec;
		talk->spec.name = machine->inner;
		talk->spec.generation = 0;
		talk->spec.ended = NULL; /* the incarnation that the engine knows is the server */
	}
	enum progress progress =
	    call(&machine->location, &talk->inner, &talk->order, &talk->spec, machine->inner, err);
	if (progress == PROGRESS_FAILED)
		openstack_advise_key(machine, err);
	return progress;
}

static enum progress find(struct talk *talk, struct error *err);

static enum progress at_machine(struct talk *talk, struct error *err)
{
	enum progress progress = openstack_inner(talk, talk->order.call, err);

	if (progress == PROGRESS_WAITING)
		return talk_sleep(talk);
	/* Its server may have come to an end since it was reached: then there is nobody to ask. */
	if (progress == PROGRESS_FAILED && talk->order.lenient && is_silence(err) && !talk->looked) {
		talk->looked = true;
		*err = (struct error){0};
		return openstack_enter(talk, find, err);
	}
	return progress;
}

static enum progress found(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	const struct openstack_order *order = &talk->order;
	const struct openstack_server *servers, *stranger;
	size_t count;

	if (openstack_servers_found(talk, &servers, &count, err) < 0)
		return PROGRESS_FAILED;
	const struct openstack_server *server =
	    openstack_server_of(openstack, servers, count, order->app, order->name, &stranger);
	/* Nothing was ever run on a machine that was not reached yet. */
	bool reached =
	    server && !strcmp(server->status, "ACTIVE") && json_text(server->metadata, "berth.hostkey");
	if (order->lenient && !reached)
		return PROGRESS_DONE;
	if (!server) {
		fail(err, ERR_MISSING, "location `%s` has no server of `%s`", openstack->location->name,
		     order->name);
		return PROGRESS_FAILED;
	}
	if (!reached) {
		fail(err, ERR_FAILED, "location `%s`: the server of `%s` does not run yet: it is %s",
		     openstack->location->name, order->name, server->status);
		return PROGRESS_FAILED;
	}
	talk->machine = openstack_machine_of(openstack, server, err);
	return talk->machine ? talk_go(talk, at_machine) : PROGRESS_FAILED;
}

static enum progress find(struct talk *talk, struct error *err)
{
	return openstack_find_servers(talk, talk->order.app, talk->order.name, found, err);
}

enum progress openstack_delegate(struct talk *talk, struct error *err)
{
	const struct openstack_order *order = &talk->order;

	talk->machine = openstack_machine_named(talk->openstack, order->app, order->name);
	return talk->machine ? talk_go(talk, at_machine) : openstack_enter(talk, find, err);
}

/* --- the driver's functions there ------------------------------------------------------------------------
 */

enum progress probe_there(struct location *machine, struct errand *errand,
			  const struct openstack_order *order, const struct instance_spec *spec,
			  const char *name, struct error *err)
{
	(void)name;
	return machine->driver->probe(machine, errand, spec, order->check, err);
}

enum progress update_there(struct location *machine, struct errand *errand,
			   const struct openstack_order *order, const struct instance_spec *spec,
			   const char *name, struct error *err)
{
	(void)order, (void)name;
	return machine->driver->update(machine, errand, spec, err);
}

enum progress deliver_there(struct location *machine, struct errand *errand,
			    const struct openstack_order *order, const struct instance_spec *spec,
			    const char *name, struct error *err)
{
	(void)order, (void)name;
	return machine->driver->deliver(machine, errand, spec, err);
}

enum progress signal_there(struct location *machine, struct errand *errand,
			   const struct openstack_order *order, const struct instance_spec *spec,
			   const char *name, struct error *err)
{
	(void)spec;
	return machine->driver->signal(machine, errand, order->app, name, order->signal, err);
}

enum progress exec_there(struct location *machine, struct errand *errand, const struct openstack_order *order,
			 const struct instance_spec *spec, const char *name, struct error *err)
{
	(void)spec;
	return machine->driver->exec(machine, errand, order->app, name, order->session, err);
}

enum progress logs_there(struct location *machine, struct errand *errand, const struct openstack_order *order,
			 const struct instance_spec *spec, const char *name, struct error *err)
{
	(void)spec;
	return machine->driver->logs(machine, errand, order->app, name, order->log_options, order->sink,
				     order->sink_owner, err);
}

enum progress usage_there(struct location *machine, struct errand *errand,
			  const struct openstack_order *order, const struct instance_spec *spec,
			  const char *name, struct error *err)
{
	(void)spec;
	return machine->driver->usage(machine, errand, order->app, name, order->usage, err);
}

enum progress stop_there(struct location *machine, struct errand *errand, const struct openstack_order *order,
			 const struct instance_spec *spec, const char *name, struct error *err)
{
	(void)spec;
	return machine->driver->stop(machine, errand, order->app, name, err);
}
