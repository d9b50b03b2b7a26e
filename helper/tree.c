/* tree.c - finds the helper's descendants in /proc and signals exactly those. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "helper/tree.h"

struct member {
	pid_t pid, parent, group;
	unsigned long long start;
	char state;
	bool ours;
};

struct members {
	struct member *all;
	size_t count, room;
};

/* The fields behind the command's name, which may itself hold blanks and parentheses. */
static bool read_member(pid_t pid, struct member *ret_member)
{
	char path[64], line[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t count = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (count <= 0)
		return false;
	line[count] = '\0';
	const char *rest = strrchr(line, ')');
	int parent, group;
	struct member member = {.pid = pid};
	if (!rest ||
	    sscanf(rest + 1, " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &member.state, &parent, &group, &member.start) != 4)
		return false;
	member.parent = parent;
	member.group = group;
	*ret_member = member;
	return true;
}

unsigned long long tree_start_ticks(pid_t pid)
{
	struct member member;
	return read_member(pid, &member) ? member.start : 0;
}

static bool add_member(struct members *members, const struct member *member)
{
	if (members->count == members->room) {
		size_t room = members->room ? members->room * 2 : 256;
		struct member *all = realloc(members->all, room * sizeof(*all));
		if (!all)
			return false;
		members->all = all;
		members->room = room;
	}
	members->all[members->count++] = *member;
	return true;
}

static void read_all(struct members *members)
{
	DIR *directory = opendir("/proc");
	if (!directory)
		return;
	struct dirent *entry;
	while ((entry = readdir(directory))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);
		struct member member;
		if (pid <= 0 || *end || !read_member((pid_t)pid, &member))
			continue;
		if (!add_member(members, &member))
			break;
	}
	closedir(directory);
}

/* Mark children of ours until a round finds no more; numbers wrap, so order says nothing. */
static void mark_ours(struct members *members)
{
	pid_t self = getpid();
	bool found = true;
	while (found) {
		found = false;
		for (size_t i = 0; i < members->count; i++) {
			struct member *member = &members->all[i];
			if (member->ours)
				continue;
			bool ours = member->parent == self;
			for (size_t j = 0; !ours && j < members->count; j++)
				ours = members->all[j].ours && members->all[j].pid == member->parent;
			member->ours = ours;
			found = found || ours;
		}
	}
}

/* Through a pidfd that is checked after it was opened, so that a reused number is never hit. */
static void signal_exactly(const struct member *member, int signal_number)
{
	int fd = pidfd_open(member->pid, 0);
	if (fd < 0)
		return;
	if (tree_start_ticks(member->pid) == member->start)
		pidfd_send_signal(fd, signal_number, NULL, 0);
	close(fd);
}

void tree_signal(pid_t group, int signal_number)
{
	struct members members = {0};
	read_all(&members);
	mark_ours(&members);
	bool group_alive = false;
	for (size_t i = 0; i < members.count; i++)
		group_alive =
		    group_alive || (members.all[i].ours && group > 0 && members.all[i].group == group);
	if (group_alive)
		kill(-group, signal_number);
	for (size_t i = 0; i < members.count; i++) {
		const struct member *member = &members.all[i];
		if (member->ours && member->state != 'Z' && !(group_alive && member->group == group))
			signal_exactly(member, signal_number);
	}
	free(members.all);
}
