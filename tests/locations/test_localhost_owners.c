/* test_localhost_owners.c - who has an application of this machine, whichever store he deploys from; and
 * whose processes are taken for ours. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

static struct location other; /* the same user's, with another store */
static char other_directory[300];

static void open_other(struct world *world)
{
	snprintf(other_directory, sizeof(other_directory), "%s/other", bench.directory);
	other = bench.location;
	other.world = world;
	other.state = NULL;
	other.state_directory = other_directory;
	cr_assert_eq(localhost_driver.open(&other, &bench.error), 0, "%s", bench.error.text);
}

TestSuite(localhost_owners, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

static enum progress claim(struct location *location, const char *id, const char *words, bool adopt,
			   struct owner *ret_holder)
{
	struct owner owner = {id, words, NULL};

	return DRIVE(localhost_driver.claim(location, &bench.errand, bench.app, &owner, adopt, &bench.arena,
					    ret_holder, &bench.error));
}

Test(localhost_owners, a_claim_holds_for_every_store_of_the_user)
{
	struct list_request request = {.app = bench.app};
	struct inventory inventory = {0};
	struct owner holder;

	open_other(bench.world);
	cr_assert_eq(claim(&bench.location, "1", "Ann", false, &holder), PROGRESS_DONE);
	bench_close();
	bench_open();
	other.world = bench.world;
	cr_assert_eq(claim(&other, "2", "Bob", false, &holder), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(holder.words, "Ann");
	cr_assert_eq(DRIVE(localhost_driver.list(&other, &bench.errand, &request, &inventory, &bench.error)),
		     PROGRESS_DONE);
	cr_assert_eq(inventory.claim_count, 1);
	cr_assert_str_eq(inventory.claims[0].owner_id, "1");
	inventory_release(&inventory);
	localhost_driver.close(&other);
}

Test(localhost_owners, who_finds_it_being_changed_is_told_by_whom)
{
	struct error err = {0};
	struct owner holder;
	struct world *second = world_real_open(&err);

	cr_assert(second);
	open_other(second);
	struct owner ann = {"1", "Ann", NULL};
	cr_assert_eq(localhost_driver.claim(&other, &bench.errand, bench.app, &ann, false, &bench.arena,
					    &holder, &err),
		     PROGRESS_DONE);
	cr_assert_eq(claim(&bench.location, "2", "Bob", false, &holder), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_LOCKED);
	cr_assert(strstr(bench.error.text, "another deploy of Ann"), "%s", bench.error.text);
	localhost_driver.close(&other);
	world_real_close(second);
	cr_assert_eq(claim(&bench.location, "1", "Ann", false, &holder), PROGRESS_DONE, "%s",
		     bench.error.text);
}

Test(localhost_owners, two_locations_of_one_deploy_share_the_lock)
{
	struct owner holder;

	open_other(bench.world);
	cr_assert_eq(claim(&bench.location, "1", "Ann", false, &holder), PROGRESS_DONE);
	cr_assert_eq(claim(&other, "1", "Ann", false, &holder), PROGRESS_DONE, "%s", bench.error.text);
	localhost_driver.close(&other);
}

Test(localhost_owners, claims_that_others_can_write_to_are_refused)
{
	struct owner holder;
	char claims[300];

	snprintf(claims, sizeof(claims), "%s/claims", bench.directory);
	cr_assert_eq(mkdir(claims, 0700), 0);
	cr_assert_eq(chmod(claims, 0770), 0);
	cr_assert_eq(claim(&bench.location, "1", "Ann", false, &holder), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_DENIED);
}

/* A user without XDG_RUNTIME_DIR, as cron has none, in a machine where that user has logged in. */
static enum progress claim_as_cron(const char *id, struct owner *ret_holder)
{
	json_t *claims = json_incref(json_object_get(bench.options, "claims"));

	json_object_del(bench.options, "claims");
	open_other(bench.world);
	json_object_set_new(bench.options, "claims", claims);
	enum progress progress = claim(&other, id, "Ann", false, ret_holder);
	localhost_driver.close(&other);
	return progress;
}

Test(localhost_owners, without_a_runtime_directory_in_the_environment_it_is_the_same_user)
{
	struct owner holder = {0};
	struct stat status;

	if (geteuid() || unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL))
		cr_skip_test("only root can make a machine of its own");
	cr_assert_eq(mkdir("/run/user", 0755), 0);
	cr_assert_eq(mkdir("/run/user/65534", 0700), 0);
	cr_assert_eq(chown("/run/user/65534", 65534, 65534), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		bool right = claim_as_cron("1", &holder) == PROGRESS_DONE;
		_exit(right ? 0 : 1);
	}
	int ended;
	cr_assert_eq(waitpid(pid, &ended, 0), pid);
	cr_assert_eq(ended, 0);
	char path[100];
	snprintf(path, sizeof(path), "/run/user/65534/berth/%s.claim", bench.app);
	cr_assert_eq(stat(path, &status), 0, "the claim is elsewhere");
}

Test(localhost_owners, removed_from_another_store_its_directory_goes_too)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	struct stat status;

	bench_run(spec);
	open_other(bench.world);
	cr_assert_eq(
	    DRIVE(localhost_driver.remove(&other, &bench.errand, spec->app, spec->name, &bench.error)),
	    PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_neq(stat(bench_path(spec, ""), &status), 0);
	localhost_driver.close(&other);
}

/* A process of nobody's that holds the mark of a tree whose keeper is dead, and hides that it is nobody's. */
static pid_t imitate(const char *name)
{
	int ready[2];
	char mark[200], byte;

	cr_assert_eq(pipe(ready), 0);
	snprintf(mark, sizeof(mark), "berth:%s:999999.1", name);
	pid_t pid = fork();
	if (pid == 0) {
		if (memfd_create(mark, 0) < 0 || setgid(65534) || setuid(65534) ||
		    prctl(PR_SET_DUMPABLE, 0) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

Test(localhost_owners, marks_imitated_by_another_user_are_nothing)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	if (geteuid())
		cr_skip_test("only root can act as another user");
	pid_t pid = imitate(spec->name);
	bool listed = bench_listed(spec) != NULL;
	enum progress removed = bench_remove(spec);
	bool alive = bench_alive(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_assert_not(listed);
	cr_assert_eq(removed, PROGRESS_DONE);
	cr_assert(alive, "another user's process was killed");
}
