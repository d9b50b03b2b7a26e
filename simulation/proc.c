/* proc.c - what /proc of a simulated machine tells of its processes and of itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/machine_internal.h"

static const char *name_of(const struct process *process)
{
	const char *slash = strrchr(process->executable, '/');
	return slash ? slash + 1 : process->executable;
}

static void tell_stat(const struct process *process, struct text *ret)
{
	text_format(ret, "%d (%.15s) %c %d %d %d 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %llu 0 0\n",
		    (int)process->pid, name_of(process), process->zombie ? 'Z' : 'S', (int)process->parent,
		    (int)process->group, (int)process->group, (unsigned long long)process->start_ticks);
}

static void tell_status(const struct process *process, struct text *ret)
{
	unsigned uid = process->actor.uid, gid = process->actor.gid;
	text_format(
	    ret,
	    "Name:\t%.15s\nState:\t%s\nPid:\t%d\nPPid:\t%d\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n"
	    "Groups:\t%u \nShdPnd:\t%016llx\n",
	    name_of(process), process->zombie ? "Z (zombie)" : "S (sleeping)", (int)process->pid,
	    (int)process->parent, uid, uid, uid, uid, gid, gid, gid, gid, gid,
	    (unsigned long long)(process->keeper ? keeper_pending(process->keeper) : 0));
}

static int tell_process(struct machine *machine, const struct actor *actor, const char *path,
			struct text *ret)
{
	const char *digits = path + strlen("/proc/");
	char *end;
	pid_t pid = (pid_t)strtol(digits, &end, 10);
	if (end == digits)
		return 1;
	const struct process *process = process_of(machine, pid);
	errno = ENOENT;
	if (!process)
		return -1;
	path = end;
	if (!*path)
		return 0;
	if (!strcmp(path, "/stat"))
		tell_stat(process, ret);
	else if (!strcmp(path, "/status"))
		tell_status(process, ret);
	else if (!strcmp(path, "/cwd") && process->directory)
		return process->directory->named ? 0 : -1;
	else if (strcmp(path, "/environ"))
		return -1;
	else if (actor->uid && actor->uid != process->actor.uid) {
		errno = EACCES;
		return -1;
	} else
		text_add_bytes(ret, process->environment ? process->environment : "",
			       process->environment_size);
	return 0;
}

struct node *proc_directory(const struct machine *machine, const char *path)
{
	char *end = NULL;
	pid_t pid = starts_with(path, "/proc/") ? (pid_t)strtol(path + strlen("/proc/"), &end, 10) : 0;
	const struct process *process = end && !strcmp(end, "/cwd") ? process_of(machine, pid) : NULL;
	return process ? process->directory : NULL;
}

int proc_read(struct machine *machine, const struct actor *actor, const char *path, struct text *ret_content)
{
	if (!starts_with(path, "/proc/"))
		return 1;
	int64_t uptime = clock_now(universe_clock(machine->universe)) - machine->booted_ms;
	if (!strcmp(path, "/proc/sys/kernel/random/boot_id"))
		text_format(ret_content, "%s\n", machine->boot_id);
	else if (!strcmp(path, "/proc/sys/kernel/osrelease"))
		text_add(ret_content, "6.1.0\n");
	else if (!strcmp(path, "/proc/cpuinfo"))
		text_add(ret_content, "processor\t: 0\nprocessor\t: 1\n");
	else if (!strcmp(path, "/proc/meminfo"))
		text_add(ret_content, "MemTotal:        8388608 kB\n");
	else if (!strcmp(path, "/proc/uptime"))
		text_format(ret_content, "%lld.%02lld 0.00\n", (long long)(uptime / 1000),
			    (long long)(uptime % 1000 / 10));
	else
		return tell_process(machine, actor, path, ret_content);
	return 0;
}
