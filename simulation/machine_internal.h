/* machine_internal.h - what the files of a simulated machine share: its state, its processes, SQLite's
 * handles. */
#ifndef BERTH_SIMULATION_MACHINE_INTERNAL_H
#define BERTH_SIMULATION_MACHINE_INTERNAL_H

#include <sqlite3.h>

#include "base/map.h"
#include "simulation/files.h"
#include "simulation/machine.h"

#define PID_FIRST 300
#define PID_LAST  32767
#define INIT      1

struct keeper;
struct program;

struct process {
	struct machine *machine;
	pid_t pid, parent, group;
	uint64_t start_ticks;
	struct actor actor;
	char *executable;
	struct node *directory; /* where it works; held */
	char *environment;      /* entries with a NUL behind each */
	size_t environment_size;
	char *memfd;    /* the name of the one it has open, or NULL */
	bool subreaper; /* orphans below it become its children */
	bool fork;      /* still its parent's program, with its parent's signals held back */
	uint64_t held_back;
	bool zombie;
	struct process_end end;
	struct file_lock *locks;
	/* What it runs; all NULL: it does nothing. */
	struct seat *seat;
	struct keeper *keeper;
	struct program *program;
	struct child *child; /* who is told of its end */
	/* Where it accepts connections; port 0: nowhere. */
	char listens_at[64];
	uint16_t port;
	bool udp;
};

/* SQLite's way to these files for one process. */
struct vfs {
	sqlite3_vfs base; /* first */
	char name[64];
	struct machine *machine;
	struct seat *seat; /* NULL: of no process, and never dead */
	bool dead;
	struct database_handle *handles;
	struct vfs *next;
};

/* One open file of SQLite's. */
struct database_handle {
	sqlite3_file base; /* first */
	struct vfs *vfs;
	struct node *node;
	int lock;
	bool mapped;             /* it uses the node's wal index */
	struct wal_index *index; /* that memory, also after its process died */
	unsigned shared, exclusive;
	bool read_only, temporary;
	struct database_handle *next_of_vfs, *next_of_node;
};

struct file_lock {
	struct process *process; /* NULL: it has ended */
	struct node *node;
	struct file_lock *next;
};

struct machine {
	struct universe *universe;
	char *name, *address;
	struct files files;
	struct actor user; /* of the seats */
	unsigned boots;
	char boot_id[40];
	int64_t booted_ms;
	pid_t pid_first, pid_last, pid_next;
	struct process **processes; /* by pid */
	size_t process_count, process_room;
	struct freed {
		pid_t pid;
		uint64_t ticks;
	} freed[64]; /* numbers that were given back in this tick */
	size_t freed_count;
	struct vfs *vfs;
	behaver *behave;
	void *behaver;
};

static const struct actor root_actor = {0};

/* --- processes.c --- */
struct process *process_new(struct machine *machine, pid_t parent, const struct actor *actor,
			    const char *executable);
struct process *process_of(const struct machine *machine, pid_t pid);
struct process *seat_process(struct seat *seat);
/* Of one that still waits to be waited for too. */
void process_free(struct process *process);
/* It has ended: its locks, ports and handles are gone; its parent is told, its children have another one. */
void process_ended(struct process *process, int code, int signal);
void process_signalled(struct process *process, int signal);
bool process_environment(struct process *process, const char *const *entries);
void process_works_in(struct process *process, struct node *directory);
/* The next of the machine's after that pid, or NULL. */
struct process *process_after(const struct machine *machine, pid_t pid);
int64_t machine_wall(const struct machine *machine);

/* --- spawn.c --- */
void child_told(struct child *child, const struct process_end *end);
/* Its process is no more, without an end that somebody could tell. */
void child_lost(struct child *child);

/* --- files_lock.c --- */
/* NULL with errno; EWOULDBLOCK: another one has it. */
struct file_lock *lock_node(struct process *process, struct node *node);
void locks_let_go(struct process *process);

/* --- proc.c --- */
/* What "/proc/PID/cwd" leads to; NULL: that is not what was asked for. */
struct node *proc_directory(const struct machine *machine, const char *path);
/* What a path below /proc holds: 0, -1 with errno, 1: it is none. */
int proc_read(struct machine *machine, const struct actor *actor, const char *path, struct text *ret_content);

/* --- vfs.c, vfs_file.c, vfs_index.c --- */
struct vfs *vfs_new(struct machine *machine, struct seat *seat);
void vfs_free(struct vfs *vfs);
void vfs_dies(struct machine *machine, const struct seat *seat);
void handle_init(struct database_handle *handle);
void handle_let_go(struct database_handle *handle);
void index_leave(struct database_handle *handle);
void index_release(struct database_handle *handle);
int index_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret);
int index_lock(sqlite3_file *file, int offset, int count, int flags);
void index_barrier(sqlite3_file *file);
int index_unmap(sqlite3_file *file, int delete_it);
/* Something leaves the process: false, it is dead. */
bool vfs_leaves(struct vfs *vfs);
bool vfs_is_dead(const struct vfs *vfs);

/* --- ports.c --- */
int ports_begin(struct machine *machine);
void ports_end(struct machine *machine);
/* False: another one has it. */
bool process_listens(struct process *process, const char *address, uint16_t port);

/* --- keeper.c --- */
/* A process begins as berth-helper with that directory as its argument. */
int keeper_begin(struct process *process, const char *directory);
void keeper_free(struct keeper *keeper);
/* Its process ends just now. */
void keeper_dies(struct keeper *keeper);
void keeper_signalled(struct keeper *keeper, int signal);
/* Those it has not taken yet, as the kernel tells them: bit N - 1 for signal N. */
uint64_t keeper_pending(const struct keeper *keeper);
void keeper_child_ended(struct keeper *keeper);
/* A line that one of its tree writes. */
void keeper_hears(struct keeper *keeper, const char *line);

/* --- programs.c --- */
int program_begin(struct process *process, const char *name, const char *const *argv, unsigned starts);
int program_status(const struct program *program); /* of what it answers to HTTP */
void program_free(struct program *program);
void program_signalled(struct program *program, int signal);

/* --- members of the table, by file --- */
int sim_file_read(struct world *, const char *, size_t, struct text *, struct error *);
int sim_file_tail(struct world *, const char *, size_t, struct text *, struct error *);
int sim_file_read_at(struct world *, const char *, uint64_t, size_t, struct text *, struct error *);
int sim_file_write(struct world *, const char *, mode_t, const void *, size_t, struct error *);
int sim_file_note(struct world *, const char *, mode_t, const void *, size_t, struct error *);
int sim_file_put(struct world *, const char *, const char *, const struct file_rights *, const void *, size_t,
		 struct error *);
int sim_file_look(struct world *, const char *, struct file_facts *, struct error *);
int sim_file_follow(struct world *, const char *, struct file_facts *, struct error *);
int sim_file_create(struct world *, const char *, mode_t, struct error *);
int sim_file_mode(struct world *, const char *, mode_t, struct error *);
int sim_file_rename(struct world *, const char *, const char *, struct error *);
int sim_link_make(struct world *, const char *, const char *, struct error *);
int sim_file_remove(struct world *, const char *, struct error *);
int sim_tree_remove(struct world *, const char *, struct error *);
int sim_directory_remove(struct world *, const char *, struct error *);
int sim_directories_make(struct world *, const char *, mode_t, struct error *);
int sim_directory_list(struct world *, const char *, bool (*)(void *, const char *), void *, struct error *);
bool sim_file_exists(struct world *, const char *);
struct file_lock *sim_lock(struct world *, const char *, struct error *);
struct file_lock *sim_directory_lock(struct world *, const char *, struct error *);
void sim_unlock(struct world *, struct file_lock *);
const char *sim_database_vfs(struct world *);
struct child *sim_spawn(struct world *, const struct process_options *,
			void (*)(void *, const struct process_end *), void *, struct error *);
pid_t sim_child_pid(struct child *);
void sim_child_drop(struct world *, struct child *);
struct fd_watch *sim_fd_watch(struct world *, int, bool, void (*)(void *), void *);
void sim_fd_cancel(struct world *, struct fd_watch *);
int sim_processes(struct world *, const char *, bool (*)(void *, const struct process_info *), void *,
		  struct error *);
int sim_memfd_holders(struct world *, const char *, bool (*)(void *, pid_t, uint64_t, const char *), void *,
		      struct error *);
int sim_signal(struct world *, pid_t, uint64_t, int, struct error *);
bool sim_port_free(struct world *, const char *, uint16_t, bool);

#endif
