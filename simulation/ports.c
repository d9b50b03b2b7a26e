/* ports.c - where the processes of a simulated machine accept connections, and what they answer. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/machine_internal.h"

static bool is_any(const char *address)
{
	return !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

static bool is_loopback(const char *address)
{
	return starts_with(address, "127.") || !strcmp(address, "::1") || !strcmp(address, "localhost");
}

static bool is_ours(const struct machine *machine, const char *address)
{
	return is_any(address) || is_loopback(address) || !strcmp(address, machine->address);
}

/* Who accepts there; NULL: nobody. */
static const struct process *listener_at(const struct machine *machine, const char *address, uint16_t port,
					 bool udp)
{
	for (size_t i = 0; i < machine->process_count; i++) {
		const struct process *process = machine->processes[i];
		if (process->port == port && process->udp == udp &&
		    (is_any(process->listens_at) || is_any(address) || !strcmp(process->listens_at, address)))
			return process;
	}
	return NULL;
}

int machine_accepts(const struct machine *machine, const char *address, uint16_t port)
{
	if (!is_ours(machine, address))
		return -1;
	return port && listener_at(machine, address, port, false) ? 1 : 0;
}

bool sim_port_free(struct world *world, const char *address, uint16_t port, bool udp)
{
	const struct machine *machine = seat_machine(seat_of(world));
	return is_ours(machine, address) && (!port || !listener_at(machine, address, port, udp));
}

bool process_listens(struct process *process, const char *address, uint16_t port)
{
	if (listener_at(process->machine, address, port, false))
		return false;
	snprintf(process->listens_at, sizeof process->listens_at, "%s", address);
	process->port = port;
	return true;
}

pid_t machine_foreign(struct machine *machine, const char *address, uint16_t port)
{
	static const char *const nothing[] = {NULL};
	struct process *process = process_new(machine, INIT, &root_actor, "/usr/sbin/another");
	if (!process || !process_environment(process, nothing) || !process_listens(process, address, port)) {
		if (process)
			process_free(process);
		return 0;
	}
	return process->pid;
}

/* --- what they answer -------------------------------------------------------------------------- */

static void requested(void *owner, const struct http_request *request, struct reply *reply)
{
	const struct machine *machine = owner;
	char host[160];
	int64_t port = 80;
	const char *begin = strstr(request->url, "://");
	begin = begin ? begin + 3 : request->url;
	snprintf(host, sizeof host, "%.*s", (int)strcspn(begin, "/?#"), begin);
	char *colon = strrchr(host, ':');
	if (colon && parse_number(colon + 1, 1, UINT16_MAX, &port))
		*colon = '\0';
	const struct process *process = listener_at(machine, host, (uint16_t)port, false);
	if (process && process->program)
		reply_whole(reply, program_status(process->program), NULL, "");
	else
		reply_cut(reply);
}

/* From another machine its own address is asked for. */
static int accepts(void *owner, const struct machine *from, const char *address, uint16_t port)
{
	const struct machine *machine = owner;
	if (from != machine && strcmp(address, machine->address))
		return -1;
	return machine_accepts(machine, address, port);
}

static void place_name(const struct machine *machine, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "machine:%s", machine->name);
}

int ports_begin(struct machine *machine)
{
	const struct service service = {.request = requested, .accepts = accepts, .owner = machine};
	char name[160];
	place_name(machine, name, sizeof name);
	return universe_serve(machine->universe, name, &service);
}

void ports_end(struct machine *machine)
{
	char name[160];
	place_name(machine, name, sizeof name);
	universe_serve(machine->universe, name, NULL);
}
