/* test_processes.c - looking at this machine's processes. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct search {
	pid_t pid;
	int found;
	struct process_info info;
	char executable[256], directory[256], environment[1024];
	char name[256];
};

static bool find_process(void *owner, const struct process_info *info)
{
	struct search *search = owner;

	if (info->pid != search->pid)
		return true;
	search->found++;
	search->info = *info;
	snprintf(search->executable, sizeof(search->executable), "%s", info->executable);
	snprintf(search->directory, sizeof(search->directory), "%s", info->directory);
	size_t size = info->environment_size < 1024 ? info->environment_size : 1024;
	memcpy(search->environment, info->environment, size);
	return true;
}

/* A child of the test with a marked environment, stopped in a program of a difficult name. */
static pid_t start_marked(struct world *world, const char *mark)
{
	const char *const argv[] = {"/bin/sleep", "60", NULL}, *const environment[] = {"A=b", mark, NULL};
	const struct process_options options = {
	    .argv = argv, .environment = environment, .input = -1, .output = -1, .errors = -1};
	struct child *child = world->ops->spawn(world, &options, NULL, NULL, NULL);

	cr_assert(child);
	struct search search = {.pid = world->ops->child_pid(child)};
	world->ops->child_drop(world, child);
	/* The kernel shows the new program's environment a moment after execve. */
	for (int i = 0; i < 1000 && !search.found; i++) {
		cr_assert_eq(world->ops->processes(world, mark, find_process, &search, NULL), 0);
		let_pass(world, 1);
	}
	return search.pid;
}

Test(processes, shows_us_ourselves)
{
	owned_world world = fixture_world();
	struct search search = {.pid = getpid()};

	/* Field 2 of the line this is read from, which must not confuse the count of the others. */
	prctl(PR_SET_NAME, "a) S 1 (b");
	cr_assert_eq(world->ops->processes(world, NULL, find_process, &search, NULL), 0);
	cr_assert_eq(search.found, 1);
	cr_expect_eq(search.info.parent, getppid());
	cr_expect_eq(search.info.uid, geteuid());
	cr_expect_gt(search.info.start_ticks, 0);
	cr_expect_not(search.info.zombie);
	cr_expect(strstr(search.executable, "test-base"), "%s", search.executable);
}

Test(processes, shows_where_it_works_by_the_present_name)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct search search = {.pid = getpid()};
	const char *before = in_folder(&folder, "before"), *now = in_folder(&folder, "now");

	cr_assert_eq(mkdir(before, 0700), 0);
	cr_assert_eq(chdir(before), 0);
	cr_assert_eq(rename(before, now), 0);
	cr_assert_eq(world->ops->processes(world, NULL, find_process, &search, NULL), 0);
	cr_expect_str_eq(search.directory, now);
}

Test(processes, finds_by_the_initial_environment)
{
	owned_world world = fixture_world();
	char mark[60], almost[62];

	snprintf(mark, sizeof(mark), "BERTH_TEST_MARK=%d", (int)getpid());
	pid_t pid = start_marked(world, mark);
	struct search search = {.pid = pid}, none = {.pid = pid}, self = {.pid = getpid()};

	cr_assert_eq(world->ops->processes(world, mark, find_process, &search, NULL), 0);
	cr_expect_eq(search.found, 1);
	cr_expect_eq(search.info.environment_size, strlen("A=b") + 1 + strlen(mark) + 1);
	cr_expect_str_eq(search.environment + 4, mark);
	snprintf(almost, sizeof(almost), "%sx", mark);
	world->ops->processes(world, almost, find_process, &none, NULL);
	world->ops->processes(world, mark + 1, find_process, &none, NULL);
	world->ops->processes(world, mark, find_process, &self, NULL);
	cr_expect_eq(none.found + self.found, 0);
	kill(pid, SIGKILL);
}

static bool stop_at_once(void *owner, const struct process_info *info)
{
	(void)info;
	++*(int *)owner;
	return false;
}

Test(processes, the_visit_ends_when_told)
{
	owned_world world = fixture_world();
	int calls = 0;

	cr_assert_eq(world->ops->processes(world, NULL, stop_at_once, &calls, NULL), 0);
	cr_expect_eq(calls, 1);
}

Test(processes, zombies_are_told_apart)
{
	owned_world world = fixture_world();
	siginfo_t end;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
	struct search search = {.pid = pid};
	cr_assert_eq(world->ops->processes(world, NULL, find_process, &search, NULL), 0);
	cr_expect_eq(search.found, 1);
	cr_expect(search.info.zombie);
	cr_expect_str_eq(search.executable, "");
	waitpid(pid, NULL, 0);
}

static bool find_holder(void *owner, pid_t pid, uint64_t start_ticks, const char *name)
{
	struct search *search = owner;

	if (pid != search->pid)
		return true;
	search->found++;
	search->info.start_ticks = start_ticks;
	snprintf(search->name, sizeof(search->name), "%s", name);
	return true;
}

Test(processes, holders_of_a_named_memfd_are_found)
{
	owned_world world = fixture_world();
	char name[60];
	struct search search = {.pid = getpid()}, self = {.pid = getpid()};

	snprintf(name, sizeof(name), "berth-test-%d (deleted) x", (int)getpid());
	int fd = memfd_create(name, MFD_CLOEXEC), copy = dup(fd);
	int other = memfd_create("other-test", MFD_CLOEXEC);
	cr_assert_eq(world->ops->memfd_holders(world, "berth-test-", find_holder, &search, NULL), 0);
	cr_expect_eq(search.found, 1);
	cr_expect_str_eq(search.name, name);
	world->ops->processes(world, NULL, find_process, &self, NULL);
	cr_expect_eq(search.info.start_ticks, self.info.start_ticks);
	close(fd);
	close(copy);
	close(other);
	search.found = 0;
	world->ops->memfd_holders(world, "berth-test-", find_holder, &search, NULL);
	cr_expect_eq(search.found, 0);
}

static bool stop_at_holder(void *owner, pid_t pid, uint64_t start_ticks, const char *name)
{
	(void)pid;
	(void)start_ticks;
	(void)name;
	++*(int *)owner;
	return false;
}

Test(processes, the_visit_of_holders_ends_when_told)
{
	owned_world world = fixture_world();
	int a = memfd_create("berth-stop-a", MFD_CLOEXEC), b = memfd_create("berth-stop-b", MFD_CLOEXEC),
	    calls = 0;

	cr_assert_eq(world->ops->memfd_holders(world, "berth-stop-", stop_at_holder, &calls, NULL), 0);
	cr_expect_eq(calls, 1);
	close(a);
	close(b);
}

Test(signals, reach_exactly_that_process)
{
	owned_world world = fixture_world();
	struct error err = {0};
	int status;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	struct search search = {.pid = pid};
	world->ops->processes(world, NULL, find_process, &search, NULL);
	cr_assert_eq(search.found, 1);
	uint64_t ticks = search.info.start_ticks;
	cr_expect_eq(world->ops->signal(world, pid, ticks + 1, SIGKILL, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect_eq(waitpid(pid, NULL, WNOHANG), 0, "the wrong process was hit");
	cr_expect_eq(world->ops->signal(world, pid, ticks, 12345, &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
	cr_expect_eq(world->ops->signal(world, pid, ticks, SIGTERM, &err), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	cr_expect_eq(world->ops->signal(world, pid, ticks, SIGTERM, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
}

Test(signals, never_reach_groups)
{
	owned_world world = fixture_world();
	struct error err = {0};

	cr_expect_eq(world->ops->signal(world, 0, 0, 0, &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
	cr_expect_eq(world->ops->signal(world, -1, 0, 0, &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
}

Test(processes, this_boot_has_an_id)
{
	owned_world world = fixture_world();
	const char *id = world->ops->boot_id(world);

	cr_expect_eq(strlen(id), 36);
	cr_expect_eq(id, world->ops->boot_id(world));
	cr_expect(printable(id));
}
