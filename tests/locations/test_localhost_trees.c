/* test_localhost_trees.c - all that came of a process is ended with it, and nothing else. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

TestSuite(localhost_trees, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

/* A command that leaves a daemon in a session of its own and says its number. */
static const char daemon_shell[] = "(setsid sh -c 'trap \"\" HUP; echo $$ >daemon; while :; do sleep 0.1; "
				   "done' </dev/null >/dev/null 2>&1 &); "
				   "exec sleep 1000";

static pid_t daemon_of(const struct instance_spec *spec)
{
	char *path = bench_path(spec, "work/daemon");

	cr_assert(EVENTUALLY(bench_number(path) > 0));
	return (pid_t)bench_number(path);
}

Test(localhost_trees, stop_ends_a_double_forked_daemon)
{
	struct instance_spec *spec = bench_spec("web", daemon_shell);

	bench_run(spec);
	pid_t daemon = daemon_of(spec);
	cr_assert(bench_alive(daemon));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(bench_alive(daemon));
	cr_assert_eq(bench_look(spec)->state, SEEN_STOPPED);
}

Test(localhost_trees, one_that_ignores_the_signal_is_killed_after_the_grace)
{
	struct instance_spec *spec =
	    bench_spec("web", "trap '' TERM; echo deaf; while :; do sleep 0.1; done");

	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), "deaf")));
	int64_t before = bench.world->ops->now(bench.world);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	int64_t took = bench.world->ops->now(bench.world) - before;
	cr_assert(took >= 300, "no grace was given: %lld ms", (long long)took);
	cr_assert(took < 5000, "the helper did not kill it: %lld ms", (long long)took);
	cr_assert_eq(bench_look(spec)->state, SEEN_STOPPED);
}

Test(localhost_trees, killed_helper_leaves_an_orphan_tree_that_remove_ends)
{
	struct instance_spec *spec = bench_spec("web", daemon_shell);
	char *mark = arena_format(&bench.arena, "BERTH_APP=%s", bench.app);

	bench_run(spec);
	pid_t daemon = daemon_of(spec);
	const struct observed *seen = bench_listed(spec);
	kill(bench_helper(seen), SIGKILL);
	cr_assert(EVENTUALLY(bench_listed(spec)->orphan_tree));
	const struct observed *orphan = bench_listed(spec);
	cr_assert_eq(orphan->state, SEEN_BROKEN);
	cr_assert_str_eq(orphan->target_id, seen->target_id);
	cr_assert(strstr(orphan->error, "2 of its processes") || strstr(orphan->error, "3 of its processes"),
		  "%s", orphan->error);
	cr_assert(bench_alive(daemon));
	cr_assert_eq(bench_start(spec), PROGRESS_FAILED, "a second one beside the tree");
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(bench_alive(daemon));
	cr_assert_null(bench_listed(spec));
	cr_assert_eq(bench_count(mark), 0);
}

Test(localhost_trees, orphan_tree_is_found_without_run_directory_and_environment)
{
	struct instance_spec *spec = bench_spec("web", "exec env -i sleep 1000");

	bench_run(spec);
	const struct observed *seen = bench_listed(spec);
	kill(bench_helper(seen), SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(bench_helper(seen))));
	bench.world->ops->tree_remove(bench.world, bench_path(spec, ""), NULL);
	const struct observed *orphan = bench_listed(spec);
	cr_assert(orphan);
	cr_assert(orphan->orphan_tree);
	cr_assert_str_eq(orphan->digest, "");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_null(bench_listed(spec));
}

Test(localhost_trees, placing_over_an_orphan_tree_ends_it_first)
{
	struct instance_spec *spec = bench_spec("web", daemon_shell);

	bench_run(spec);
	pid_t daemon = daemon_of(spec);
	pid_t helper = bench_helper(bench_listed(spec));
	kill(helper, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(helper)));
	bench_run(spec);
	cr_assert_not(bench_alive(daemon));
	cr_assert_eq(bench_look(spec)->state, SEEN_RUNNING);
	cr_assert_neq(bench_helper(bench_listed(spec)), helper);
}

Test(localhost_trees, remove_ends_a_running_tree_within_a_second_or_so)
{
	struct instance_spec *spec =
	    bench_spec("web", "trap '' TERM; (trap '' TERM; sleep 1000) & while :; do sleep 0.1; done");
	char *mark = arena_format(&bench.arena, "BERTH_APP=%s", bench.app);

	bench_run(spec);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_count(mark), 0);
	cr_assert_not(bench.world->ops->file_exists(bench.world, bench_path(spec, "")));
}

Test(localhost_trees, frozen_helper_is_ended_by_remove)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	bench_run(spec);
	pid_t helper = bench_helper(bench_listed(spec));
	kill(helper, SIGSTOP);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(bench_alive(helper));
	cr_assert_null(bench_listed(spec));
}

Test(localhost_trees, command_that_goes_into_the_background_is_no_component)
{
	struct instance_spec *spec = bench_spec("web", "(setsid sh -c 'echo $$ >daemon; exec sleep 1000' &); "
						       "while [ ! -s daemon ]; do sleep 0.01; done; exit 0");

	bench_run(spec);
	pid_t daemon = daemon_of(spec);
	cr_assert(EVENTUALLY(bench_look(spec)->exits >= 1 && !bench_alive(daemon)));
	cr_assert(strstr(bench_look(spec)->error, "foreground"));
}

/* Somebody else's process that looks like ours but is no helper. */
static pid_t start_foreign(const char *app)
{
	char name[64], run[400],
	    *environment[] = {name, "BERTH_COMPONENT=web", "BERTH_INSTANCE=1", "BERTH_SPEC=aaaa", run, NULL};
	char *argv[] = {"berth-helper", "1000", NULL};

	snprintf(name, sizeof(name), "BERTH_APP=%s", app);
	snprintf(run, sizeof(run), "BERTH_RUN=%s/run/%s/web.1", bench.directory, app);
	pid_t pid = fork();
	if (pid == 0) {
		execve("/bin/sleep", argv, environment);
		_exit(127);
	}
	return pid;
}

Test(localhost_trees, foreign_process_of_our_name_is_never_touched)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	char *mark = arena_format(&bench.arena, "BERTH_APP=%s", bench.app);

	pid_t foreign = start_foreign(bench.app);
	cr_assert(EVENTUALLY(bench_count(mark) == 1));
	cr_assert_null(bench_listed(spec));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	bench_run(spec);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	cr_assert(bench_alive(foreign));
	kill(foreign, SIGKILL);
	waitpid(foreign, NULL, 0);
}

Test(localhost_trees, strangers_directory_is_a_conflict_and_stays)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	char *file = bench_path(spec, "precious");
	struct list_request request = {.app = bench.app};
	struct inventory inventory = {0};

	cr_assert_eq(bench.world->ops->directories_make(bench.world, bench_path(spec, ""), 0755, NULL), 0);
	cr_assert_eq(bench.world->ops->file_write(bench.world, file, 0644, "keep", 4, NULL), 0);
	cr_assert_eq(bench_place(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(bench_remove(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_null(bench_look(spec));
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_str_eq(bench_read(file), "keep");
	cr_assert_eq(
	    localhost_driver.list(&bench.location, &bench.errand, &request, &inventory, &bench.error),
	    PROGRESS_DONE);
	cr_assert_eq(inventory.stranger_count, 1);
	cr_assert_str_eq(inventory.strangers[0].name, spec->name);
	cr_assert_eq(inventory.instance_count, 0);
	inventory_release(&inventory);
}

/* A program that places and starts, and is killed after so many milliseconds. */
static void deploy_and_die(const struct instance_spec *spec, int64_t after_ms)
{
	pid_t pid = fork();

	if (pid == 0) {
		bench_open();
		bench_place(spec);
		bench_start(spec);
		for (;;)
			world_wait(bench.world, 1000);
	}
	int64_t end = bench.world->ops->now(bench.world) + after_ms;
	while (bench.world->ops->now(bench.world) < end)
		world_wait(bench.world, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int state_now(const struct instance_spec *spec)
{
	const struct observed *seen = bench_look(spec);
	return seen ? (int)seen->state : -1;
}

static bool runs(const struct instance_spec *spec)
{
	return state_now(spec) == SEEN_RUNNING;
}

Test(localhost_trees, deploy_killed_at_any_instant_leaves_one_after_the_next)
{
	char *mark = arena_format(&bench.arena, "BERTH_RUN=%s", bench_path(bench_spec("web", ""), ""));

	mark[strlen(mark) - 1] = '\0';
	for (int round = 0; round < 12; round++) {
		struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
		deploy_and_die(spec, round * 4);
		bench_run(spec);
		/* A helper that came too late may still be about to end. */
		cr_assert(EVENTUALLY(runs(spec)), "round %d: state %d", round, state_now(spec));
		cr_assert(EVENTUALLY(bench_count(mark) == 1), "round %d: %u helpers", round,
			  bench_count(mark));
		cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_count(mark), 0, "round %d", round);
	}
}

Test(localhost_trees, half_made_directory_is_completed)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	cr_assert_eq(bench.world->ops->directories_make(bench.world, bench_path(spec, ""), 0700, NULL), 0);
	cr_assert_null(bench_listed(spec));
	bench_run(spec);
	cr_assert_eq(bench_look(spec)->state, SEEN_RUNNING);
}

Test(localhost_trees, name_of_another_application_is_refused)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	bench_run(spec);
	cr_assert_eq(
	    DRIVE(localhost_driver.stop(&bench.location, &bench.errand, "other", spec->name, &bench.error)),
	    PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(
	    DRIVE(localhost_driver.remove(&bench.location, &bench.errand, "..", "..web.1", &bench.error)),
	    PROGRESS_FAILED);
	cr_assert_eq(bench_look(spec)->state, SEEN_RUNNING);
}
