/* test_localhost_lease.c - whose deploy of an application is under way on this machine, and until when. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

TestSuite(localhost_lease, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

static struct lease lease_of(const char *token, int64_t ttl_ms)
{
	return (struct lease){token, arena_format(&bench.arena, "the deploy %s", token), ttl_ms};
}

/* Whose it is after that one asked. */
static struct lease take(const char *token, int64_t ttl_ms)
{
	struct lease lease = lease_of(token, ttl_ms), holder = {0};

	cr_assert_eq(DRIVE(localhost_driver.lease(&bench.location, &bench.errand, bench.app, &lease,
						  &bench.arena, &holder, &bench.error)),
		     PROGRESS_DONE, "%s", bench.error.text);
	return holder;
}

static void give_back(const char *token)
{
	cr_assert_eq(
	    DRIVE(localhost_driver.tidy(&bench.location, &bench.errand, bench.app, token, &bench.error)),
	    PROGRESS_DONE, "%s", bench.error.text);
}

static char *lease_path(void)
{
	return arena_format(&bench.arena, "%s/claims/%s.lease", bench.directory, bench.app);
}

Test(localhost_lease, the_first_has_it_until_it_gives_it_back)
{
	cr_assert_str_eq(take("one", 60000).token, "one");
	struct lease holder = take("two", 60000);
	cr_assert_str_eq(holder.token, "one");
	cr_assert_str_eq(holder.words, "the deploy one");
	cr_assert(holder.ttl_ms > 50000 && holder.ttl_ms <= 60000, "%lld ms are left",
		  (long long)holder.ttl_ms);
	give_back("two");
	cr_assert_str_eq(take("two", 60000).token, "one", "another one's token gave it back");
	give_back("one");
	give_back("one");
	cr_assert_str_eq(take("two", 60000).token, "two");
}

Test(localhost_lease, a_dead_deploy_holds_nobody_up_longer_than_its_time)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		bench_open();
		take("dead", 400);
		raise(SIGKILL);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status));
	cr_assert_str_eq(take("next", 60000).token, "dead");
	cr_assert(EVENTUALLY(!strcmp(take("next", 60000).token, "next")));
}

Test(localhost_lease, renewed_it_goes_on)
{
	take("one", 300);
	cr_assert_str_eq(take("one", 60000).token, "one");
	int64_t end = bench.world->ops->now(bench.world) + 500;
	while (bench.world->ops->now(bench.world) < end)
		world_wait(bench.world, 10);
	cr_assert_str_eq(take("two", 60000).token, "one");
}

/* Its file as another boot, another clock or a torn disk would leave it. */
static void rewrite(const char *last_line)
{
	char *content = arena_format(&bench.arena, "one\nthe deploy one\n%s\n", last_line);

	take("one", 60000);
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, lease_path(), 0600, content, strlen(content), NULL), 0);
}

Test(localhost_lease, of_another_boot_it_is_over)
{
	rewrite("11111111-2222-4333-8444-555555555555 999999999999 9999999999999 60000");
	cr_assert_str_eq(take("two", 60000).token, "two");
}

Test(localhost_lease, counted_from_a_clock_that_was_set_back_it_is_over)
{
	int64_t wall = bench.world->ops->wall(bench.world);

	rewrite(arena_format(&bench.arena, "- -1 %lld 60000", (long long)wall + 30000));
	cr_assert_str_eq(take("two", 60000).token, "one", "without the uptime the wall clock counts");
	rewrite(arena_format(&bench.arena, "- -1 %lld 60000", (long long)wall + 90000000));
	cr_assert_str_eq(take("two", 60000).token, "two");
}

Test(localhost_lease, a_torn_one_is_nobodys)
{
	rewrite("");
	cr_assert_str_eq(take("two", 60000).token, "two");
}

Test(localhost_lease, goes_on_beside_the_claim_and_is_listed)
{
	struct owner owner = {"anna", "anna@here", NULL}, holder = {0};
	struct list_request request = {.app = NULL};
	struct inventory inventory = {0};

	cr_assert_eq(DRIVE(localhost_driver.claim(&bench.location, &bench.errand, bench.app, &owner, false,
						  &bench.arena, &holder, &bench.error)),
		     PROGRESS_DONE);
	cr_assert_str_eq(take("one", 60000).token, "one");
	cr_assert_eq(
	    localhost_driver.list(&bench.location, &bench.errand, &request, &inventory, &bench.error),
	    PROGRESS_DONE);
	cr_assert_eq(inventory.object_count, 1);
	cr_assert_str_eq(inventory.objects[0].app, bench.app);
	cr_assert_str_eq(inventory.objects[0].kind, "lease");
	cr_assert_str_eq(inventory.objects[0].name, "the deploy one");
	inventory_release(&inventory);
	/* The claim's lock is still this location's. */
	struct error err = {0};
	char *lock = arena_format(&bench.arena, "%s/claims/%s.lock", bench.directory, bench.app);
	cr_assert_null(bench.world->ops->lock(bench.world, lock, &err));
	cr_assert_eq(err.code, ERR_LOCKED);
	cr_assert_eq(
	    DRIVE(localhost_driver.disclaim(&bench.location, &bench.errand, bench.app, &bench.error)),
	    PROGRESS_DONE);
	cr_assert_not(bench.world->ops->file_exists(bench.world, lease_path()));
}

Test(localhost_lease, without_a_claim_it_keeps_no_lock)
{
	struct error err = {0};
	char *path = arena_format(&bench.arena, "%s/claims/%s.lock", bench.directory, bench.app);

	take("one", 60000);
	struct file_lock *lock = bench.world->ops->lock(bench.world, path, &err);
	cr_assert(lock, "%s", err.text);
	/* Whoever reads and writes at the same time is waited for, and not for ever. */
	struct lease lease = lease_of("two", 60000), holder = {0};
	cr_assert_eq(DRIVE(localhost_driver.lease(&bench.location, &bench.errand, bench.app, &lease,
						  &bench.arena, &holder, &bench.error)),
		     PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_LOCKED);
	bench.world->ops->unlock(bench.world, lock);
	cr_assert_str_eq(take("two", 60000).token, "one");
	give_back("one");
}

/* Many at one time, each of which says whether it got it. */
Test(localhost_lease, of_many_at_once_one_has_it)
{
	enum { MANY = 8 };
	pid_t pids[MANY];
	int winners = 0;

	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			bench_open();
			char token[20];
			snprintf(token, sizeof(token), "deploy-%d", i);
			_exit(!strcmp(take(token, 60000).token, token) ? 1 : 0);
		}
	}
	for (int i = 0; i < MANY; i++) {
		int status;
		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert(WIFEXITED(status));
		winners += WEXITSTATUS(status);
	}
	cr_assert_eq(winners, 1);
}
