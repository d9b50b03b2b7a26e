/* keeper_internal.h - what the parts of the model of berth-helper share. */
#ifndef BERTH_SIMULATION_KEEPER_INTERNAL_H
#define BERTH_SIMULATION_KEEPER_INTERNAL_H

#include "simulation/machine_internal.h"

enum restart { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NO };

/* What it is to run, in its memory alone. */
struct launch {
	char *records; /* as they were read; the rest points into it */
	const char *name, *directory, *user;
	const char **argv, **environment;
	size_t argument_count, variable_count;
	char *defaults[8]; /* variables that it gave itself */
	size_t default_count;
	int64_t grace_ms, log_limit;
	int stop_signal;
	enum restart restart;
};

struct record {
	const char *state;
	pid_t pid;
	uint64_t pid_start;
	int64_t started_ms, ended_ms;
	unsigned exits, starts;
	int code, signal;
};

struct log {
	struct node *node; /* held; NULL: none could be opened */
	int64_t limit;
	unsigned long generation;
};

enum stage {
	STAGE_ENTERING,   /* signals still do what they do to anybody */
	STAGE_SETTING_UP, /* it holds the directory */
	STAGE_BEGINNING,  /* about to start the command for the first time */
	STAGE_FORKED,     /* waits for the fork to run the command: signals are held back */
	STAGE_RUNNING,
};

enum wish { WISH_RUN, WISH_PARK, WISH_END };

struct keeper {
	struct process *process;
	enum stage stage;
	char *directory;
	struct event step, due; /* something is to be looked at; when, without being called */
	struct event write;     /* the state, which the disk did not take, again */
	struct launch launch;
	struct record record;
	struct log log;
	struct text output; /* written by the tree, and not read yet */
	uint64_t signals;   /* that wait to be taken */
	struct actor account;
	bool account_given;
	char account_name[64], account_home[256];
	pid_t forked;
	/* As berth-helper has them. */
	pid_t command, group;
	int64_t began_ms, back_off_ms;
	int64_t due_ms;
	enum wish wish;
	bool ever_ran, failed, ending, killing, waits, parked, woken;
};

struct start_failure {
	int code;
	char text[480];
};

/* --- keeper_files.c: all of it in the directory where it works --- */
/* False: the disk does not take it. */
bool record_write(struct keeper *keeper);
void record_error(struct keeper *keeper, const char *text); /* NULL: nothing is wrong */
unsigned record_exits_before(struct keeper *keeper);
int launch_read(struct keeper *keeper, struct start_failure *failure);
void launch_default(struct launch *launch, const char *name, const char *value);
void launch_release(struct launch *launch);
enum restart manifest_restart(struct keeper *keeper);
int account_find(struct keeper *keeper, struct start_failure *failure);
int log_open(struct keeper *keeper);
/* What the tree wrote, line by line. */
void log_drain(struct keeper *keeper);
void log_release(struct keeper *keeper);

/* --- keeper_tree.c --- */
void tree_signal(struct keeper *keeper, int signal);
/* The command's process, as a fork of the keeper that has not run it yet: 0 or -1. */
int fork_command(struct keeper *keeper, struct start_failure *failure);
/* It runs the command now: 0, or -1 and it is gone. */
int run_command(struct keeper *keeper, struct start_failure *failure);

#endif
