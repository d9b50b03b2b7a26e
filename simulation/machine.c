/* machine.c - a simulated machine: its beginning, its boots, and its table. */
#include "simulation/machine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/machine_internal.h"

#define USER 1000

/* --- files that are there ------------------------------------------------------------------------------ */

static void give_to(struct node *node, const struct actor *owner)
{
	if (!node)
		return;
	node->uid = owner->uid;
	node->gid = owner->gid;
}

static struct node *make_above(struct machine *machine, const char *path, char name[static 256])
{
	char above[PATH_MOST];
	const struct actor *owner = starts_with(path, MACHINE_HOME "/") ? &machine->user : &root_actor;
	snprintf(above, sizeof above, "%s", path);
	for (char *slash = strchr(above + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		struct node *directory = walk_above(&machine->files, NULL, above, &root_actor, name);
		if (directory && !node_find(directory, name, strlen(name)))
			give_to(directory_make(&machine->files, directory, name, 0755, &root_actor), owner);
		*slash = '/';
	}
	return walk_above(&machine->files, NULL, path, &root_actor, name);
}

int machine_bytes(struct machine *machine, const char *path, mode_t mode, const void *bytes, size_t count)
{
	char name[256];
	struct node *directory = make_above(machine, path, name);
	const struct actor *owner = starts_with(path, MACHINE_HOME "/") ? &machine->user : &root_actor;
	struct node *node = directory ? node_find(directory, name, strlen(name)) : NULL;
	if (directory && !node)
		give_to(node = file_make(&machine->files, directory, name, mode, &root_actor), owner);
	if (!node || node->kind != FILE_PLAIN || node_resize(&machine->files, node, 0) ||
	    node_write(&machine->files, node, 0, bytes, count))
		return -1;
	node->mode = mode;
	disk_settle(&machine->files);
	return 0;
}

int machine_file(struct machine *machine, const char *path, mode_t mode, const char *content)
{
	return machine_bytes(machine, path, mode, content, strlen(content));
}

int machine_read(const struct machine *machine, const char *path, struct text *ret_content)
{
	const struct node *node = walk((struct files *)&machine->files, NULL, path, true, &root_actor);
	if (!node || node->kind != FILE_PLAIN)
		return -1;
	text_add_bytes(ret_content, node->size ? node->bytes : (const unsigned char *)"", (size_t)node->size);
	return 0;
}

static void make_directory(struct machine *machine, const char *path, mode_t mode, const struct actor *owner)
{
	char name[256];
	struct node *directory = make_above(machine, path, name);
	if (directory && !node_find(directory, name, strlen(name)))
		give_to(directory_make(&machine->files, directory, name, mode, &root_actor), owner);
}

static int furnish(struct machine *machine)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
				     "berth:x:1000:1000::/home/berth:/bin/sh\n";
	char id[40];
	snprintf(id, sizeof id, "%016llx%016llx\n", (unsigned long long)strlen(machine->name),
		 (unsigned long long)machine->name[0]);
	make_directory(machine, "/tmp", 01777, &root_actor);
	make_directory(machine, "/run", 0755, &root_actor);
	walk(&machine->files, NULL, "/run", true, &root_actor)->fleeting = true;
	make_directory(machine, "/root", 0700, &root_actor);
	make_directory(machine, MACHINE_HOME, 0755, &machine->user);
	return machine_file(machine, "/bin/sh", 0755, "") ||
		       machine_file(machine, MACHINE_HELPER, 0755, "") ||
		       machine_file(machine, "/etc/machine-id", 0444, id) ||
		       machine_file(machine, "/etc/os-release", 0644,
				    "PRETTY_NAME=\"A simulated machine\"\n") ||
		       machine_file(machine, "/etc/passwd", 0644, passwd) ||
		       machine_file(machine, "/etc/group", 0644,
				    "root:x:0:\nnogroup:x:65534:\nberth:x:1000:\n")
		   ? -1
		   : 0;
}

/* --- boots ------------------------------------------------------------------------------------- */

static void empty(struct machine *machine, struct node *directory)
{
	while (directory->count) {
		struct node *last = directory->entries[directory->count - 1];
		if (last->kind == FILE_DIRECTORY)
			empty(machine, last);
		if (name_take(&machine->files, last, &root_actor))
			return;
	}
}

static void boot(struct machine *machine)
{
	bool read_only = machine->files.read_only;
	int (*rule)(void *, enum disk_act, const char *) = machine->files.rule;
	char runtime[64];
	machine->files.read_only = false;
	machine->files.rule = NULL;
	machine->boots++;
	machine->booted_ms = clock_now(universe_clock(machine->universe));
	machine->pid_next = machine->pid_first;
	machine->freed_count = 0;
	snprintf(machine->boot_id, sizeof machine->boot_id, "b007%04x-0000-4000-8000-%012x",
		 machine->boots & 0xffff, universe_roll(machine->universe, 1u << 31));
	struct node *run = walk(&machine->files, NULL, "/run", true, &root_actor);
	if (run)
		empty(machine, run);
	snprintf(runtime, sizeof runtime, "/run/user/%u", (unsigned)machine->user.uid);
	make_directory(machine, runtime, 0700, &machine->user);
	disk_settle(&machine->files);
	machine->files.read_only = read_only;
	machine->files.rule = rule;
}

/* All at once: nobody sees another one's end. */
static void end_all(struct machine *machine)
{
	struct process *process;
	for (pid_t pid = 0; (process = process_after(machine, pid));) {
		pid = process->pid;
		if (process->seat)
			seat_kill(process->seat);
	}
	while ((process = process_after(machine, 0)))
		process_free(process);
}

void machine_reboot(struct machine *machine)
{
	universe_tell(machine->universe, "%s reboots", machine->name);
	end_all(machine);
	disk_settle(&machine->files);
	boot(machine);
}

void machine_power_cut(struct machine *machine)
{
	universe_tell(machine->universe, "%s loses its power", machine->name);
	end_all(machine);
	disk_cut(&machine->files);
	boot(machine);
}

/* --- life -------------------------------------------------------------------------------------- */

struct machine *machine_new(struct universe *universe, const char *name, const char *address)
{
	struct machine *machine = calloc(1, sizeof *machine);
	if (!machine)
		return NULL;
	machine->universe = universe;
	machine->user = (struct actor){USER, USER};
	machine->pid_first = PID_FIRST;
	machine->pid_last = PID_LAST;
	machine->name = strdup(name);
	machine->address = strdup(address);
	if (!machine->name || !machine->address || disk_begin(&machine->files, universe) ||
	    furnish(machine) || !vfs_new(machine, NULL) || ports_begin(machine)) {
		machine_free(machine);
		return NULL;
	}
	boot(machine);
	return machine;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	end_all(machine);
	ports_end(machine);
	while (machine->vfs) {
		struct vfs *vfs = machine->vfs;
		machine->vfs = vfs->next;
		vfs_free(vfs);
	}
	disk_end(&machine->files);
	free(machine->processes);
	free(machine->name);
	free(machine->address);
	free(machine);
}

const char *machine_name(const struct machine *machine)
{
	return machine->name;
}

const char *machine_address(const struct machine *machine)
{
	return machine->address;
}

void machine_user(struct machine *machine, uid_t uid)
{
	struct node *home = walk(&machine->files, NULL, MACHINE_HOME, true, &root_actor);
	machine->user = (struct actor){uid, uid};
	give_to(home, &machine->user);
	boot(machine);
}

void machine_pids(struct machine *machine, pid_t first, pid_t last)
{
	machine->pid_first = machine->pid_next = first;
	machine->pid_last = last;
}

void machine_disk_room(struct machine *machine, int64_t bytes)
{
	machine->files.room = bytes;
}

void machine_disk_read_only(struct machine *machine, bool read_only)
{
	machine->files.read_only = read_only;
}

void machine_disk_rule(struct machine *machine, int (*rule)(void *owner, enum disk_act act, const char *name),
		       void *owner)
{
	machine->files.rule = rule;
	machine->files.rule_owner = owner;
}

void machine_behave(struct machine *machine, behaver *behave, void *owner)
{
	machine->behave = behave;
	machine->behaver = owner;
}

/* --- a seat's table ---------------------------------------------------------------------------- */

pid_t machine_process_begin(struct machine *machine, struct seat *seat)
{
	static const char *const nothing[] = {NULL};
	struct process *process = process_new(machine, INIT, &machine->user, "/usr/bin/berth");
	struct node *home = walk(&machine->files, NULL, MACHINE_HOME, true, &root_actor);
	if (!process)
		return 0;
	process->seat = seat;
	process_environment(process, nothing);
	if (home)
		process_works_in(process, home);
	return process->pid;
}

void machine_process_end(struct machine *machine, pid_t pid)
{
	struct process *process = process_of(machine, pid);
	if (process)
		process_ended(process, 0, SIGKILL);
}

static pid_t sim_process_id(struct world *world)
{
	return seat_pid(seat_of(world));
}

static uid_t sim_user_id(struct world *world)
{
	return seat_machine(seat_of(world))->user.uid;
}

static void sim_host_name(struct world *world, char *ret_name, size_t size)
{
	snprintf(ret_name, size, "%s", seat_machine(seat_of(world))->name);
}

static int sim_working_directory(struct world *world, char *ret_path, size_t size)
{
	(void)world;
	return snprintf(ret_path, size, "%s", MACHINE_HOME) < (int)size ? 0 : -1;
}

static const char *sim_boot_id(struct world *world)
{
	return seat_machine(seat_of(world))->boot_id;
}

static int sim_default_address(struct world *world, char *ret_address, size_t size)
{
	return snprintf(ret_address, size, "%s", seat_machine(seat_of(world))->address) < (int)size ? 0 : -1;
}

static bool sim_has_interface(struct world *world, const char *name)
{
	(void)world;
	return !strcmp(name, "lo") || !strcmp(name, "eth0");
}

const struct world_ops machine_ops = {
    .process_id = sim_process_id,
    .user_id = sim_user_id,
    .host_name = sim_host_name,
    .working_directory = sim_working_directory,
    .spawn = sim_spawn,
    .child_pid = sim_child_pid,
    .child_drop = sim_child_drop,
    .fd_watch = sim_fd_watch,
    .fd_cancel = sim_fd_cancel,
    .processes = sim_processes,
    .memfd_holders = sim_memfd_holders,
    .signal = sim_signal,
    .boot_id = sim_boot_id,
    .file_read = sim_file_read,
    .file_tail = sim_file_tail,
    .file_read_at = sim_file_read_at,
    .file_write = sim_file_write,
    .file_note = sim_file_note,
    .file_put = sim_file_put,
    .file_look = sim_file_look,
    .file_follow = sim_file_follow,
    .file_create = sim_file_create,
    .file_mode = sim_file_mode,
    .file_rename = sim_file_rename,
    .link_make = sim_link_make,
    .file_remove = sim_file_remove,
    .tree_remove = sim_tree_remove,
    .directory_remove = sim_directory_remove,
    .directories_make = sim_directories_make,
    .directory_list = sim_directory_list,
    .file_exists = sim_file_exists,
    .lock = sim_lock,
    .directory_lock = sim_directory_lock,
    .unlock = sim_unlock,
    .database_vfs = sim_database_vfs,
    .default_address = sim_default_address,
    .has_interface = sim_has_interface,
    .port_free = sim_port_free,
};
