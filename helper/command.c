/* command.c - the few steps between fork and exec, each of which can fail in words. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/command.h"

static int failing(struct start_failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int failing(struct start_failure *failure, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	failure->code = code;
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return -1;
}

/* A whole number, or -1: a user may be given by one that has no name. */
static long number_of(const char *text)
{
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	return *text && !*end && !errno && number >= 0 ? number : -1;
}

/* Straight from the file: a static program cannot ask the name service's modules. */
static int find_user(const char *name, struct account *account)
{
	long number = number_of(name);
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry = NULL;
	while (file && (entry = fgetpwent(file)))
		if (strcmp(entry->pw_name, name) == 0 || (number >= 0 && entry->pw_uid == (uid_t)number))
			break;
	if (entry) {
		account->uid = entry->pw_uid;
		account->gid = entry->pw_gid;
		snprintf(account->name, sizeof(account->name), "%s", entry->pw_name);
		snprintf(account->home, sizeof(account->home), "%s", entry->pw_dir);
	}
	if (file)
		fclose(file);
	if (entry || number < 0)
		return entry ? 0 : -1;
	account->uid = (uid_t)number;
	account->gid = (gid_t)number;
	snprintf(account->name, sizeof(account->name), "%s", name);
	return 0;
}

static bool has_member(const struct group *entry, const char *name)
{
	for (char **member = entry->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

/* The group asked for, if any, and those that list the user. 0, or -1 when the group is unknown. */
static int find_groups(const char *group, struct account *account)
{
	bool found = !group;
	long number = group ? number_of(group) : -1;
	FILE *file = fopen("/etc/group", "re");
	struct group *entry;
	while (file && (entry = fgetgrent(file))) {
		if (!found && (strcmp(entry->gr_name, group) == 0 || entry->gr_gid == (gid_t)number)) {
			account->gid = entry->gr_gid;
			found = true;
		}
		if (account->group_count < (int)(sizeof(account->groups) / sizeof(account->groups[0])) - 1 &&
		    has_member(entry, account->name))
			account->groups[account->group_count++] = entry->gr_gid;
	}
	if (file)
		fclose(file);
	if (!found && number >= 0) {
		account->gid = (gid_t)number;
		found = true;
	}
	account->groups[account->group_count++] = account->gid;
	return found ? 0 : -1;
}

int account_find(const char *user, struct account *ret_account, struct start_failure *failure)
{
	struct account account = {.uid = geteuid(), .gid = getegid(), .home = "/", .given = user != NULL};
	char name[256], own[16];
	snprintf(own, sizeof(own), "%u", (unsigned)geteuid());
	snprintf(name, sizeof(name), "%s", user ? user : own);
	char *group = strchr(name, ':');
	if (group)
		*group++ = '\0';
	if (find_user(name, &account) < 0)
		return failing(failure, 126, "user `%s` is not in /etc/passwd", name);
	if (find_groups(group, &account) < 0)
		return failing(failure, 126, "group `%s` is not in /etc/group", group);
	if (user && geteuid() != 0 && account.uid != geteuid())
		return failing(failure, 126, "cannot run as user `%s`: only root may become somebody else",
			       name);
	*ret_account = account;
	return 0;
}

static int become(const struct account *account, struct start_failure *failure)
{
	if (!account->given || geteuid() != 0)
		return 0;
	if (setgroups((size_t)account->group_count, account->groups) < 0 || setgid(account->gid) < 0 ||
	    setuid(account->uid) < 0)
		return failing(failure, 126, "cannot become user `%s`: %s", account->name, strerror(errno));
	return 0;
}

static int enter_directory(const struct launch *launch, const struct account *account,
			   struct start_failure *failure)
{
	if (launch->directory) {
		if (chdir(launch->directory) < 0)
			return failing(failure, 126, "cannot enter the directory `%s`: %s", launch->directory,
				       strerror(errno));
		return 0;
	}
	bool there = mkdir("work", 0755) == 0 || errno == EEXIST;
	if (there && geteuid() == 0 && account->given && chown("work", account->uid, account->gid) < 0)
		return failing(failure, 126, "cannot hand over the working directory: %s", strerror(errno));
	/* Without a run directory (somebody removed it) the command still has a place to be. */
	if (chdir("work") < 0 && chdir("/") < 0)
		return failing(failure, 126, "cannot enter a working directory: %s", strerror(errno));
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Does not return when it goes well. */
static int run_command(const struct launch *launch, const struct account *account, int output, int errors,
		       struct start_failure *failure)
{
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0)
		return failing(failure, 126, "cannot set up its input and output: %s", strerror(errno));
	setsid();
	umask(022);
	if (enter_directory(launch, account, failure) < 0 || become(account, failure) < 0)
		return -1;
	reset_signals();
	environ = launch->environment;
	execvp(launch->argv[0], launch->argv);
	return failing(failure, errno == ENOENT ? 127 : 126, "cannot run `%s`: %s", launch->argv[0],
		       errno == ENOENT ? "no such program, or its interpreter is missing" : strerror(errno));
}

/* The child's words come through a pipe that a successful exec closes. */
static bool read_failure(int fd, struct start_failure *failure)
{
	ssize_t count;
	do
		count = read(fd, failure, sizeof(*failure));
	while (count < 0 && errno == EINTR);
	return count == (ssize_t)sizeof(*failure);
}

pid_t command_start(const struct launch *launch, const struct account *account, int output, int errors,
		    struct start_failure *failure)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failing(failure, 126, "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		struct start_failure own = {0};
		run_command(launch, account, output, errors, &own);
		ssize_t written = write(ends[1], &own, sizeof(own));
		_exit(written > 0 ? own.code : 126);
	}
	close(ends[1]);
	if (pid < 0)
		failing(failure, 126, "cannot start another process: %s", strerror(errno));
	else if (read_failure(ends[0], failure)) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ends[0]);
	return pid;
}
