/* seat.c - a program's table of the outside, and its death. */
#include "simulation/seat.h"

#include <stdlib.h>

#include "simulation/internal.h"

struct asked_interface {
	const struct machine *machine;
	const char *name;
	bool found;
};

static bool ask_interface(const char *address, void *place_, void *context)
{
	const struct place *place = place_;
	struct asked_interface *asked = context;
	(void)address;
	if (place->served && place->service.interface)
		asked->found = place->service.interface(place->service.owner, asked->machine, asked->name);
	return !asked->found;
}

static bool seat_has_interface(struct world *world, const char *name)
{
	struct seat *seat = seat_of(world);
	struct asked_interface asked = {.machine = seat->machine, .name = name};
	if (machine_ops.has_interface(world, name))
		return true;
	map_each(seat->participant.universe->places, ask_interface, &asked);
	return asked.found;
}

struct asked_port {
	const struct machine *machine;
	const char *address;
	uint16_t port;
	bool udp, held;
};

static bool ask_port(const char *address, void *place_, void *context)
{
	const struct place *place = place_;
	struct asked_port *asked = context;
	(void)address;
	if (place->served && place->service.holds)
		asked->held = place->service.holds(place->service.owner, asked->machine, asked->address,
						   asked->port, asked->udp);
	return !asked->held;
}

static bool seat_port_free(struct world *world, const char *address, uint16_t port, bool udp)
{
	struct seat *seat = seat_of(world);
	struct asked_port asked = {.machine = seat->machine, .address = address, .port = port, .udp = udp};
	if (!machine_ops.port_free(world, address, port, udp))
		return false;
	map_each(seat->participant.universe->places, ask_port, &asked);
	return !asked.held;
}

static void fill_table(struct world_ops *ops)
{
	*ops = machine_ops;
	ops->now = world_now;
	ops->wall = world_wall;
	ops->zone = world_zone;
	ops->random = world_random;
	ops->timer_start = world_timer_start;
	ops->timer_cancel = world_timer_cancel;
	ops->work = seat_work;
	ops->work_cancel = seat_work_cancel;
	ops->http_send = seat_http_send;
	ops->http_cancel = seat_http_cancel;
	ops->channel_open = seat_channel_open;
	ops->channel_write = seat_channel_write;
	ops->channel_waiting = seat_channel_waiting;
	ops->channel_end = seat_channel_end;
	ops->channel_cancel = seat_channel_cancel;
	ops->tcp_probe = seat_tcp_probe;
	ops->tcp_cancel = seat_tcp_cancel;
	ops->tcp_ask = seat_tcp_ask;
	ops->tcp_ask_cancel = seat_tcp_ask_cancel;
	ops->ssh = &seat_ssh_ops;
	ops->has_interface = seat_has_interface;
	ops->port_free = seat_port_free;
}

struct seat *seat_new(struct universe *universe, struct machine *machine)
{
	struct seat *seat = calloc(1, sizeof *seat);
	if (!seat)
		return NULL;
	fill_table(&seat->ops);
	seat->participant = (struct participant){.world.ops = &seat->ops, .universe = universe, .seat = seat};
	seat->machine = machine;
	seat->pid = machine_process_begin(machine, seat);
	return seat;
}

void seat_free(struct seat *seat)
{
	if (!seat)
		return;
	if (!seat->dead)
		machine_process_end(seat->machine, seat->pid);
	free(seat);
}

struct world *seat_world(struct seat *seat)
{
	return &seat->participant.world;
}

struct seat *seat_of(struct world *world)
{
	return participant_of(world)->seat;
}

struct universe *seat_universe(const struct seat *seat)
{
	return seat->participant.universe;
}

struct machine *seat_machine(const struct seat *seat)
{
	return seat->machine;
}

pid_t seat_pid(const struct seat *seat)
{
	return seat->pid;
}

void seat_kill(struct seat *seat)
{
	if (seat->dead)
		return;
	seat->dead = true;
	machine_process_end(seat->machine, seat->pid);
}

void seat_kill_at(struct seat *seat, uint64_t calls)
{
	seat->dies_at = calls ? seat->calls + calls : 0;
}

bool seat_dead(const struct seat *seat)
{
	return seat->dead;
}

uint64_t seat_calls(const struct seat *seat)
{
	return seat->calls;
}

bool seat_leaves(struct seat *seat, struct error *err)
{
	if (!seat->dead && ++seat->calls == seat->dies_at)
		seat_kill(seat);
	if (seat->dead)
		fail(err, ERR_CANCELLED, "this process is dead");
	return !seat->dead;
}
