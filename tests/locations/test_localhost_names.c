/* test_localhost_names.c - processes of this machine that live side by side, and get another name while they
 * run. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

TestSuite(localhost_names, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

static const char *mark(void)
{
	return arena_format(&bench.arena, "BERTH_APP=%s", bench.app);
}

Test(localhost_names, two_generations_live_side_by_side)
{
	struct instance_spec *old = bench_spec("web", "echo old >who; exec sleep 1000");
	struct instance_spec *young =
	    bench_generation(bench_spec("web", "echo young >who; exec sleep 1000"), 2);

	young->digest[0] = 'f';
	bench_run(old);
	bench_run(young);
	const struct observed *first = bench_listed(old), *second = bench_listed(young);
	cr_assert(first && first->state == SEEN_RUNNING && first->generation == 0);
	cr_assert(second && second->state == SEEN_RUNNING && second->generation == 2);
	cr_assert_eq(second->ordinal, 1);
	cr_assert_str_neq(first->target_id, second->target_id);
	cr_assert_str_eq(second->digest, young->digest);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(young, "work/who")), "young\n")));
	cr_assert_str_eq(bench_read(bench_path(old, "work/who")), "old\n");
	cr_assert_eq(bench_remove(old), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_null(bench_listed(old));
	cr_assert_eq(bench_listed(young)->state, SEEN_RUNNING);
}

Test(localhost_names, renamed_it_is_the_same_and_found_by_its_new_name_alone)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	bench_run(young);
	const struct observed *before = bench_look(young);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_null(bench_listed(young));
	cr_assert_null(bench_look(young));
	cr_assert_eq(bench.error.code, ERR_MISSING);
	const struct observed *after = bench_look(settled);
	cr_assert_eq(after->state, SEEN_RUNNING);
	cr_assert_eq(after->generation, 0);
	cr_assert_str_eq(after->name, settled->name);
	cr_assert_str_eq(after->target_id, before->target_id);
	cr_assert_eq(after->started_ms, before->started_ms);
	bench_close();
	bench_open();
	cr_assert_str_eq(bench_listed(settled)->target_id, before->target_id);
	bench_run(settled);
	cr_assert_str_eq(bench_listed(settled)->target_id, before->target_id, "another one was started");
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "it has that name already");
	cr_assert_eq(bench_remove(settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_count(mark()), 0);
	cr_assert_not(bench.world->ops->file_exists(
	    bench.world, arena_format(&bench.arena, "%s/run/%s", bench.directory, bench.app)));
}

Test(localhost_names, where_it_works_keeps_its_path)
{
	struct instance_spec *settled =
	    bench_spec("web", "here=$(pwd -P); while [ ! -e go ]; do sleep 0.02; done; "
			      "echo late >\"$here/late\"; exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	bench_run(young);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, bench_path(settled, "work/go"), 0644, "", 0, NULL), 0);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(settled, "work/late")), "late\n")));
}

/* Opened by somebody who holds a lease on it, a program cannot be executed until that is given back. */
static int hold_up(const char *program)
{
	int fd = open(program, O_RDWR | O_CLOEXEC);

	signal(SIGIO, SIG_IGN);
	cr_assert(fd >= 0);
	cr_assert(EVENTUALLY(fcntl(fd, F_SETLEASE, F_WRLCK) == 0));
	return fd;
}

Test(localhost_names, what_is_about_to_start_again_has_its_new_name)
{
	char *program = arena_format(&bench.arena, "%s/program", bench.directory);
	const char *command[] = {program, NULL};
	struct instance_spec *settled = bench_spec("web", "");
	struct instance_spec *young = bench_generation(settled, 2);

	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, program, 0755, "#!/bin/sh\nexit 1\n", 17, NULL), 0);
	settled->command = young->command = command;
	bench_run(young);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	/* The next start gets as far as between fork and exec, where it looks like its keeper. */
	int fd = hold_up(program);
	cr_assert(EVENTUALLY(fcntl(fd, F_GETLEASE) != F_WRLCK), "it does not start again");
	bool lists_old = bench_listed(young) != NULL, lists_new = bench_listed(settled) != NULL;
	close(fd);
	cr_assert(lists_new);
	cr_assert_not(lists_old, "its old name came back");
}

Test(localhost_names, another_ones_name_is_not_taken)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000"),
			     *other = bench_spec("db", "true");
	struct instance_spec *young = bench_generation(settled, 2), *third = bench_generation(settled, 3);

	cr_assert_eq(bench_rename(young, settled), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
	bench_run(settled);
	bench_run(young);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(bench_rename(young, other), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(bench_listed(young)->state, SEEN_RUNNING);
	/* Nor that of what is stopped, nor of a stranger. */
	cr_assert_eq(bench_stop(settled), PROGRESS_DONE);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(bench.world->ops->directories_make(bench.world, bench_path(third, ""), 0755, NULL), 0);
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, bench_path(third, "precious"), 0644, "keep", 4, NULL),
	    0);
	cr_assert_eq(bench_rename(young, third), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_str_eq(bench_read(bench_path(third, "precious")), "keep");
}

Test(localhost_names, what_a_killed_removal_left_does_not_hold_the_name)
{
	struct list_request request = {.app = NULL};
	struct inventory inventory = {0};
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	cr_assert_eq(bench_place(settled), PROGRESS_DONE);
	cr_assert_eq(bench.world->ops->file_remove(bench.world, bench_path(settled, "manifest"), NULL), 0);
	cr_assert_eq(
	    localhost_driver.list(&bench.location, &bench.errand, &request, &inventory, &bench.error),
	    PROGRESS_DONE);
	cr_assert_eq(inventory.object_count, 2);
	cr_assert_str_eq(inventory.objects[0].app, bench.app);
	cr_assert_str_eq(inventory.objects[0].kind, "run directory");
	cr_assert(strstr(inventory.objects[0].name, "/web.1"));
	cr_assert_str_eq(inventory.objects[1].kind, "working directory");
	inventory_release(&inventory);
	bench_run(young);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_listed(settled)->state, SEEN_RUNNING);
}

Test(localhost_names, release_clears_what_killed_removals_left)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000"),
			     *lives = bench_spec("db", "exec sleep 1000");

	bench_run(lives);
	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_assert_eq(bench.world->ops->file_remove(bench.world, bench_path(spec, "manifest"), NULL), 0);
	cr_assert_eq(localhost_driver.release(&bench.location, &bench.errand, bench.app, false, &bench.error),
		     PROGRESS_DONE);
	cr_assert_not(bench.world->ops->file_exists(bench.world, bench_path(spec, "")));
	cr_assert(bench.world->ops->file_exists(bench.world, bench_path(lives, "work/.")));
	cr_assert_eq(bench_remove(lives), PROGRESS_DONE);
	cr_assert_not(bench.world->ops->file_exists(
	    bench.world, arena_format(&bench.arena, "%s/run/%s", bench.directory, bench.app)));
}

Test(localhost_names, orphaned_tree_of_a_renamed_one_has_its_new_name)
{
	struct instance_spec *settled = bench_spec("web", "sleep 1000 & exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	if (geteuid() == 0)
		young->user = "65534"; /* whose processes are ours by our own record alone */
	bench_run(young);
	pid_t helper = bench_helper(bench_listed(young)), command = bench_command(young);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	kill(helper, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(helper)));
	cr_assert_null(bench_listed(young));
	const struct observed *orphan = bench_listed(settled);
	cr_assert(orphan && orphan->orphan_tree);
	cr_assert_eq(bench_remove(settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(bench_alive(command));
	cr_assert_null(bench_listed(settled));
}

Test(localhost_names, orphaned_tree_can_be_renamed)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	bench_run(young);
	pid_t helper = bench_helper(bench_listed(young)), command = bench_command(young);
	kill(helper, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(helper)));
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(bench_listed(settled)->orphan_tree);
	cr_assert_null(bench_listed(young));
	cr_assert_eq(bench_remove(settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(bench_alive(command));
}

Test(localhost_names, one_whose_run_directory_is_gone_cannot_be_renamed)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	bench_run(young);
	cr_assert_eq(bench_rename(young, bench_generation(settled, 3)), PROGRESS_DONE);
	young = bench_generation(settled, 3);
	cr_assert_eq(bench.world->ops->tree_remove(bench.world, bench_path(young, ""), NULL), 0);
	cr_assert(bench_listed(young), "its last name is forgotten");
	cr_assert_eq(bench_listed(young)->state, SEEN_BROKEN, "an update would go on with it");
	cr_assert_eq(bench_rename(young, settled), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_FAILED);
	cr_assert(bench.error.remedy[0]);
	cr_assert_eq(bench_remove(young), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_count(mark()), 0);
}

Test(localhost_names, the_next_generation_has_the_name_again)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	for (int round = 0; round < 3; round++) {
		bench_run(young);
		cr_assert_eq(bench_remove(settled), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_listed(settled)->state, SEEN_RUNNING);
	}
	cr_assert_eq(bench_remove(settled), PROGRESS_DONE);
	cr_assert_eq(bench_count(mark()), 0);
}

static void rename_young(const struct instance_spec *settled)
{
	bench_rename(bench_generation(settled, 2), settled);
}

Test(localhost_names, renaming_killed_at_any_step_is_done_by_the_next)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);
	bool killed = true;

	for (unsigned step = 1; killed; step++) {
		bench_run(young);
		const char *id = bench_listed(young)->target_id;
		/* What was to be cleared away before, too. */
		cr_assert_eq(
		    bench.world->ops->directories_make(bench.world, bench_path(settled, ""), 0700, NULL), 0);
		killed = bench_killed_at(step, rename_young, settled);
		const struct observed *one = bench_listed(settled), *other = bench_listed(young);
		cr_assert(!one != !other, "step %u: it has two names, or none", step);
		cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_str_eq(bench_listed(settled)->target_id, id);
		cr_assert_eq(bench_remove(settled), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_count(mark()), 0);
		cr_assert(step < 10);
	}
}

/* --- those who look on ----------------------------------------------------------------------- */

static void collect(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)errors;
	text_add_bytes(owner, bytes, count);
}

static enum progress follow(struct errand *errand, const struct instance_spec *spec, struct text *output)
{
	static const struct log_options options = {.tail = -1, .follow = true};

	return localhost_driver.logs(&bench.location, errand, spec->app, spec->name, &options, collect,
				     output, &bench.error);
}

Test(localhost_names, follower_of_the_output_stays_with_the_instance)
{
	struct instance_spec *settled = bench_spec("web", "echo old; exec sleep 1000");
	struct instance_spec *young = bench_generation(
	    bench_spec("web",
		       "echo first; while [ ! -e go ]; do sleep 0.02; done; echo second; exec sleep 1000"),
	    2);
	owned_text old = {0}, new = {0};
	struct errand other = {.wake = bench.errand.wake, .owner = &bench};

	bench_run(settled);
	bench_run(young);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(young, "log")), " first\n")));
	cr_assert_eq(follow(&other, young, &new), PROGRESS_WAITING);
	struct errand ending = {.wake = bench.errand.wake, .owner = &bench};
	cr_assert_eq(follow(&ending, settled, &old), PROGRESS_WAITING);
	cr_assert_eq(bench_remove(settled), PROGRESS_DONE);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, bench_path(settled, "work/go"), 0644, "", 0, NULL), 0);
	cr_assert(EVENTUALLY(follow(&other, young, &new) == PROGRESS_WAITING &&
			     strstr(text_view(&new), "second\n")));
	cr_assert_str_eq(text_view(&new), "first\nsecond\n");
	cr_assert(EVENTUALLY(follow(&ending, settled, &old) == PROGRESS_DONE));
	cr_assert_null(strstr(text_view(&old), "second"), "the other one's output: %s", text_view(&old));
	localhost_driver.drop(&bench.location, &other);
}

static void note_change(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	text_format(owner, "%s ", name ? name : "(all)");
}

Test(localhost_names, watch_tells_both_names)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);
	owned_text told = {0};

	bench_run(young);
	cr_assert_eq(localhost_driver.watch(&bench.location, bench.app, note_change, &told, &bench.error), 0);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE);
	char *both[] = {arena_format(&bench.arena, "%s ", young->name),
			arena_format(&bench.arena, "%s ", settled->name)};
	cr_assert(EVENTUALLY(strstr(text_view(&told), both[0]) && strstr(text_view(&told), both[1])));
	localhost_driver.unwatch(&bench.location, bench.app);
}
