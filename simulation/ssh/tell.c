/* tell.c - what a simulated machine reached by SSH says of itself and of what lies there. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/ssh/model.h"

bool ssh_mark(const char *manifest, const char *key, char *ret, size_t size)
{
	size_t length = strlen(key);

	for (const char *line = manifest; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, length) && line[length] == '=') {
			snprintf(ret, size, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
			return true;
		}
	return false;
}

/* Each line with a colon before it. */
static void add_lines(const char *lines, struct text *out)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");
		text_format(out, ":%.*s\n", (int)length, lines);
		lines += length + (lines[length] == '\n');
	}
}

static void tell_machine(const struct ssh_machine *machine, struct text *out)
{
	text_format(out, "@machine boot-%u %lld %s\n", machine->boot, (long long)machine_clock(machine),
		    machine->number);
}

static void tell_there(const struct folder *folder, const struct there *there, struct text *out)
{
	const struct noted *noted = &there->noted;
	const char *word = noted->word ? noted->word : "-", *kept = "dead";
	unsigned left = 0;

	if (!there->manifest) {
		if (there->foreign)
			text_format(out, "@stranger %s %s .berth/%s/%s\n", folder->name, there->name,
				    folder->name, there->name);
		return;
	}
	text_format(out, "@instance %s %s\n", folder->name, there->name);
	add_lines(there->manifest, out);
	if (noted->word && strcmp(noted->word, "stopped") != 0) {
		kept = is_kept(there) ? "alive" : "dead";
		left = is_kept(there) ? 0 : programs_alive(there);
	}
	if (there->stopping && is_kept(there))
		word = "stopping";
	text_format(out, "@state %s %s %u %ld %ld %ld %ld %lld %lld %u %d %d ", word, kept, left,
		    noted->keeper, noted->keeper, noted->program, noted->program, (long long)noted->began_ms,
		    (long long)noted->ended_ms, noted->exits, noted->word ? noted->code : -1, noted->signal);
	if (noted->word)
		text_format(out, "boot-%u\n", noted->boot);
	else
		text_add(out, "-\n");
}

static void tell_folder(const struct ssh_machine *machine, const struct folder *folder, struct text *out)
{
	text_format(out, "@app %s\n", folder->name);
	if (folder->claim) {
		text_format(out, "@claim %s\n", folder->name);
		add_lines(folder->claim, out);
	}
	if (folder->lease.token)
		text_format(out, "@lease %s %lld\n:%s\n:%s\n:boot-%u %lld %lld\n", folder->name,
			    (long long)machine_clock(machine), folder->lease.token, folder->lease.words,
			    folder->lease.boot, (long long)folder->lease.until_ms,
			    (long long)folder->lease.whole_ms);
	for (const struct there *there = folder->instances; there; there = there->next)
		tell_there(folder, there, out);
}

static void tell_ports(const struct there *there, struct text *out)
{
	for (; there; there = there->next)
		for (const struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next)
			if (keeper->answers)
				text_format(out, "@listens tcp 0100007F:%04X\n", keeper->behaviour.port);
}

void tell_listing(struct ssh_machine *machine, const char *app, struct text *out)
{
	tell_machine(machine, out);
	text_format(out, "@self boot-%u:%s\n", machine->boot, machine->number);
	tell_ports(machine->ghosts, out);
	for (const struct folder *folder = machine->folders; folder; folder = folder->next)
		tell_ports(folder->instances, out);
	if (*machine->held_by)
		text_format(out, "@host %s\n", machine->held_by);
	for (const struct folder *folder = machine->folders; folder; folder = folder->next)
		if (!*app || !strcmp(folder->name, app))
			tell_folder(machine, folder, out);
}

void tell_look(struct ssh_machine *machine, const char *app, const char *name, struct text *out)
{
	const struct there *there = there_find(machine, app, name);

	tell_machine(machine, out);
	if (there)
		tell_there(there->folder, there, out);
}

void tell_facts(struct text *out)
{
	text_add(out, "@system Simulated 1\n@kernel Linux 6.1.0 x86_64\n@cpus 2\n@memory 8388608\n"
		      "@user root 0\n@id 00000000000000000000000000000001\n");
}
