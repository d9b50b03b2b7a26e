/* machine.h - a simulated machine: files, processes with their keepers, ports, and what a power cut leaves.
 *
 * Its functions stand behind a seat's `struct world`. They call seat_leaves() before any effect.
 */
#ifndef BERTH_SIMULATION_MACHINE_H
#define BERTH_SIMULATION_MACHINE_H

#include "simulation/seat.h"

/* Programs of this path are modelled as what berth-helper is; a file lies there from the beginning. */
#define MACHINE_HELPER "/usr/libexec/berth/berth-helper"
#define MACHINE_HOME   "/home/berth" /* of the seats' user, where they also work */

struct machine *machine_new(struct universe *universe, const char *name, const char *address);
/* After its seats, and the connections of SQLite to its files. */
void machine_free(struct machine *machine);
const char *machine_name(const struct machine *machine);
const char *machine_address(const struct machine *machine); /* of the interface of its default route */

/* The members of a seat's table that the machine answers: all of files, locks, processes, boot id, address,
 * ports. has_interface and tcp_probe are asked here first, then of the services. */
extern const struct world_ops machine_ops;
/* The process of a seat has begun, and its number; it has ended (its locks are let go of, its handles stay
 * until they are cancelled, its children live on). */
pid_t machine_process_begin(struct machine *machine, struct seat *seat);
void machine_process_end(struct machine *machine, pid_t pid);
/* Does a process of this machine accept connections there? -1: no address of this machine's. */
int machine_accepts(const struct machine *machine, const char *address, uint16_t port);
/* The VFS's name of this machine's files for SQLite, for whoever is no process of it and never dies. */
const char *machine_vfs(const struct machine *machine);

/* As whom its seats act: 1000, unless told so before the first one; 0 is root. */
void machine_user(struct machine *machine, uid_t uid);
/* Numbers of processes come from that range, one after the other, and again from its beginning. */
void machine_pids(struct machine *machine, pid_t first, pid_t last);

/* --- its disk --------------------------------------------------------------------------------------- */

/* So many bytes fit on it from now on; -1: any number. */
void machine_disk_room(struct machine *machine, int64_t bytes);
void machine_disk_read_only(struct machine *machine, bool read_only);
enum disk_act { DISK_READ, DISK_WRITE, DISK_SYNC, DISK_NAME };
/* Asked before each act at a file, by its name in its directory: the errno that it fails with, or 0. NULL:
 * nothing fails. */
void machine_disk_rule(struct machine *machine, int (*rule)(void *owner, enum disk_act act, const char *name),
		       void *owner);
/* For whoever tells the story: a file with its directories, owned by the seats' user, on the disk at once. 0
 * or -1. */
int machine_file(struct machine *machine, const char *path, mode_t mode, const char *content);
int machine_bytes(struct machine *machine, const char *path, mode_t mode, const void *bytes, size_t count);
/* Its content as it is now, appended: 0, or -1 when it is none. */
int machine_read(const struct machine *machine, const char *path, struct text *ret_content);

/* --- its processes ---------------------------------------------------------------------------------- */

/* What a program does once it runs. Zeroed: it stays until it is told to end. */
struct program_behaviour {
	bool ends;        /* by itself, `lives_ms` after its start, with `exit_code` or by `signal` */
	int64_t lives_ms; /* 0: 50 */
	int exit_code, signal;
	uint16_t port; /* where it accepts connections, `answers_after_ms` after its start; 0: nowhere */
	const char *address;      /* NULL: 127.0.0.1 */
	int64_t answers_after_ms; /* -1: never */
	int status;               /* of what it answers to HTTP; 0: 200 */
	const char *says;         /* a line, at its start */
	int64_t says_every_ms;    /* and again each time; whoever nobody hears any more is ended by it */
	const char *heard;        /* a line for each HUP, which otherwise ends it */
	bool ignores_term;        /* it only ends when it is killed */
	int64_t ends_after_ms;    /* so long after it was told to */
	unsigned forks;           /* children that outlive it */
	bool stubborn_forks;      /* which ignore TERM too */
};

/* A program was started; `name` is that of the instance it is of, "" when it is of none. `starts` counts
 * those by its keeper: 1 the first. */
struct program_started {
	const struct machine *machine;
	pid_t pid;
	const char *name;
	const char *const *argv;
	const char *environment; /* entries with a NUL behind each */
	size_t environment_size;
	unsigned starts;
};
typedef void behaver(void *owner, const struct program_started *started, struct program_behaviour *ret);
/* NULL: all stay. */
void machine_behave(struct machine *machine, behaver *behave, void *owner);

/* Something that is not ours takes a port; its number, or 0 when the port is taken. It ends when killed. */
pid_t machine_foreign(struct machine *machine, const char *address, uint16_t port);
/* By somebody's hand. */
void machine_signal(struct machine *machine, pid_t pid, int signal_number);
/* The living ones whose instance is of that name: the keepers, or the programs below them. */
size_t machine_keepers(const struct machine *machine, const char *name, pid_t *ret_first);
size_t machine_programs(const struct machine *machine, const char *name, pid_t *ret_first);
/* Another keeper of that instance, which somebody began at the same time: it stands still before it finds out
 * that there is one. Its number, or 0 when there is none to stand beside. It ends when it is signalled. */
pid_t machine_twin(struct machine *machine, const char *name);
bool machine_living(const struct machine *machine, pid_t pid);

/* It ends in good order, or not, and begins anew: no process is left, and nothing in /run. Its seats are
 * dead. */
void machine_reboot(struct machine *machine);
void machine_power_cut(struct machine *machine);

#endif
