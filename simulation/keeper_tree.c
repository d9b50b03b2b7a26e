/* keeper_tree.c - the tree below the model of berth-helper: its command's start, and signals to all of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/keeper_internal.h"

static bool descends(const struct process *process, pid_t from)
{
	for (unsigned hops = 0; process && hops < 64; hops++) {
		if (process->parent == from)
			return true;
		process = process_of(process->machine, process->parent);
	}
	return false;
}

/* Those that live when it looks: whoever is forked meanwhile is found the next time. */
void tree_signal(struct keeper *keeper, int signal)
{
	struct machine *machine = keeper->process->machine;
	pid_t self = keeper->process->pid;
	owned_memory pid_t *pids = calloc(machine->process_count + 1, sizeof *pids);
	size_t count = 0;
	if (!pids)
		return;
	for (const struct process *process = process_after(machine, 0); process;
	     process = process_after(machine, process->pid))
		if (!process->zombie && descends(process, self))
			pids[count++] = process->pid;
	for (size_t i = 0; i < count; i++) {
		struct process *process = process_of(machine, pids[i]);
		if (process && !process->zombie)
			process_signalled(process, signal);
	}
}

static int failing(struct start_failure *failure, int code, const char *format, const char *what, int error)
{
	failure->code = code;
	snprintf(failure->text, sizeof failure->text, format, what, strerror(error));
	return -1;
}

/* As its parent is: for a moment it looks like a second keeper. */
int fork_command(struct keeper *keeper, struct start_failure *failure)
{
	struct process *self = keeper->process;
	struct process *process = process_new(self->machine, self->pid, &self->actor, self->executable);
	if (!process)
		return failing(failure, 126, "cannot start another process: %.0s%s", "", errno);
	process->fork = true;
	process_works_in(process, self->directory);
	process->memfd = self->memfd ? strdup(self->memfd) : NULL;
	process->environment = malloc(self->environment_size + 1);
	if (process->environment && self->environment_size)
		memcpy(process->environment, self->environment, self->environment_size);
	process->environment_size = process->environment ? self->environment_size : 0;
	keeper->forked = process->pid;
	return 0;
}

/* Without a run directory (somebody removed it) the command still has a place to be. */
static int enter_directory(const struct keeper *keeper, struct process *process,
			   struct start_failure *failure)
{
	struct files *files = &process->machine->files;
	const char *wanted = keeper->launch.directory;
	struct node *node;
	if (wanted) {
		node = walk(files, process->directory, wanted, true, &process->actor);
		if (node && node->kind != FILE_DIRECTORY)
			errno = ENOTDIR;
		if (!node || node->kind != FILE_DIRECTORY)
			return failing(failure, 126, "cannot enter the directory `%s`: %s", wanted, errno);
	} else {
		if (!node_find(process->directory, "work", 4))
			directory_make(files, process->directory, "work", 0755, &process->actor);
		node = walk(files, process->directory, "work", true, &process->actor);
		if (node && keeper->account_given && !process->actor.uid) {
			node->uid = keeper->account.uid;
			node->gid = keeper->account.gid;
		}
		if (!node || node->kind != FILE_DIRECTORY)
			node = files->root;
	}
	process_works_in(process, node);
	return 0;
}

static const char *variable(const struct launch *launch, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < launch->variable_count; i++)
		if (!strncmp(launch->environment[i], name, length) && launch->environment[i][length] == '=')
			return launch->environment[i] + length + 1;
	return "";
}

/* As execvp looks: a word without a slash along PATH. */
static const char *find_program(const struct keeper *keeper, struct process *process, char *path, size_t size,
				int *ret_error)
{
	const char *word = keeper->launch.argv[0];
	const char *search = strchr(word, '/') ? NULL : variable(&keeper->launch, "PATH");
	*ret_error = ENOENT;
	for (const char *at = search;; at++) {
		size_t length = at ? strcspn(at, ":") : 0;
		snprintf(path, size, "%.*s%s%s", (int)length, at ? at : "", at ? "/" : "", word);
		const struct node *node =
		    walk(&process->machine->files, process->directory, path, true, &process->actor);
		if (node && node->kind == FILE_PLAIN && (node->mode & 0111) &&
		    node_allows(node, &process->actor, 1))
			return path;
		if (node)
			*ret_error = EACCES;
		if (!at || !at[length])
			return NULL;
		at += length;
	}
}

static int execute(struct keeper *keeper, struct process *process, struct start_failure *failure)
{
	char path[PATH_MOST];
	int error;
	if (enter_directory(keeper, process, failure))
		return -1;
	if (keeper->account_given && !process->actor.uid)
		process->actor = keeper->account;
	const char *found = find_program(keeper, process, path, sizeof path, &error);
	char *executable = found ? strdup(found) : NULL;
	if (!executable) {
		failing(failure, error == ENOENT ? 127 : 126, "cannot run `%s`: %s", keeper->launch.argv[0],
			error);
		if (error == ENOENT)
			snprintf(failure->text, sizeof failure->text,
				 "cannot run `%s`: no such program, or its interpreter is missing",
				 keeper->launch.argv[0]);
		return -1;
	}
	free(process->executable);
	process->executable = executable;
	process->fork = false;
	process_environment(process, keeper->launch.environment);
	return program_begin(process, keeper->launch.name, keeper->launch.argv, keeper->record.starts);
}

/* One that was killed before it ran the command is taken for one that ran and ended. */
int run_command(struct keeper *keeper, struct start_failure *failure)
{
	struct process *process = process_of(keeper->process->machine, keeper->forked);
	if (!process || process->zombie)
		return 0;
	uint64_t held_back = process->held_back;
	if (execute(keeper, process, failure)) {
		process_free(process);
		return -1;
	}
	for (int signal = 1; signal < 64; signal++) {
		process = process_of(keeper->process->machine, keeper->forked);
		if (process && !process->zombie && (held_back & UINT64_C(1) << signal))
			process_signalled(process, signal);
	}
	return 0;
}
