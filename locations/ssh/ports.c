/* ports.c - which ports of a machine are somebody's: by its last listing, and by what its instances are to
 * have. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

void machine_forget_ports(struct machine *machine, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < machine->taken_count; i++) {
		struct listening *taken = &machine->taken[i];
		if (name && (!taken->name || strcmp(taken->name, name) != 0))
			machine->taken[kept++] = *taken;
		else
			free(taken->name);
	}
	machine->taken_count = kept;
	if (kept)
		return;
	free(give(machine->taken));
	machine->taken_room = 0;
}

/* Nothing is promised without memory: a driver that tries it is told. */
void machine_take_port(struct machine *machine, const char *name, uint16_t port, enum protocol protocol)
{
	if (machine->taken_count == machine->taken_room) {
		size_t room = machine->taken_room ? machine->taken_room * 2 : 32;
		struct listening *taken = realloc(machine->taken, room * sizeof(*taken));
		if (!taken)
			return;
		machine->taken = taken;
		machine->taken_room = room;
	}
	char *copy = name ? strdup(name) : NULL;
	machine->taken[machine->taken_count++] = (struct listening){copy, port, protocol};
}

/* It is to listen there, or will again. */
void machine_take_ports(struct machine *machine, const struct observed *seen)
{
	machine_forget_ports(machine, seen->name);
	for (size_t i = 0; seen->attachment_count && i < seen->attachments[0].port_count; i++)
		machine_take_port(machine, seen->name, seen->attachments[0].ports[i].port,
				  seen->attachments[0].ports[i].protocol);
}

/* As the last listing tells; nothing of ours that runs is in its own way when it is kept. */
bool ssh_port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol)
{
	const struct machine *machine = machine_of(location);

	(void)address;
	for (size_t i = 0; i < machine->taken_count; i++)
		if (machine->taken[i].port == port && machine->taken[i].protocol == protocol)
			return false;
	return true;
}
