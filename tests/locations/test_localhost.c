/* test_localhost.c - processes of this machine: made, found again, looked at and ended. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

TestSuite(localhost, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

Test(localhost, placed_but_not_started_is_created)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	const struct observed *seen = bench_listed(spec);
	cr_assert(seen);
	cr_assert_eq(seen->state, SEEN_CREATED);
	cr_assert_str_eq(seen->digest, spec->digest);
	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	cr_assert_null(bench_listed(spec));
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "absent is done");
}

Test(localhost, outlives_the_world_that_started_it)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	bench_run(spec);
	const char *id = bench_listed(spec)->target_id;
	bench_close();
	bench_open();
	const struct observed *seen = bench_listed(spec);
	cr_assert(seen);
	cr_assert_eq(seen->state, SEEN_RUNNING);
	cr_assert_str_eq(seen->target_id, id);
	cr_assert_str_eq(seen->type, "process");
	cr_assert_gt(seen->started_ms, 0);
}

Test(localhost, starting_twice_starts_one)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	bench_run(spec);
	const char *id = bench_listed(spec)->target_id;
	bench_run(spec);
	cr_assert_str_eq(bench_listed(spec)->target_id, id);
	cr_assert_eq(bench_look(spec)->exits, 0);
}

Test(localhost, found_again_when_its_run_directory_was_deleted)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	char *mark = arena_format(&bench.arena, "BERTH_APP=%s", bench.app);

	bench_run(spec);
	cr_assert_eq(bench.world->ops->tree_remove(bench.world, bench_path(spec, ""), NULL), 0);
	const struct observed *seen = bench_listed(spec);
	cr_assert(seen);
	cr_assert_eq(seen->state, SEEN_RUNNING);
	cr_assert_str_eq(seen->digest, spec->digest);
	bench_run(spec);
	cr_assert_str_eq(bench_listed(spec)->target_id, seen->target_id, "a second one was started");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_null(bench_listed(spec));
	cr_assert_eq(bench_count(mark), 0);
}

Test(localhost, another_digest_replaces_what_was_there)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	bench_run(spec);
	pid_t helper = bench_helper(bench_listed(spec));
	spec->digest[0] = 'f';
	cr_assert_eq(bench_start(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	bench_run(spec);
	cr_assert_not(bench_alive(helper));
	cr_assert_str_eq(bench_listed(spec)->digest, spec->digest);
}

Test(localhost, stop_keeps_the_record_and_start_begins_again)
{
	struct instance_spec *spec =
	    bench_spec("web", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");

	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), "up")));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	const struct observed *seen = bench_look(spec);
	cr_assert_eq(seen->state, SEEN_STOPPED);
	cr_assert_eq(seen->exit_code, 3);
	cr_assert_eq(seen->exits, 1);
	cr_assert(seen->exits_known);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	bench_run(spec);
	cr_assert_eq(bench_look(spec)->state, SEEN_RUNNING);
	cr_assert_eq(bench_look(spec)->exits, 1);
}

Test(localhost, exits_are_counted_while_it_restarts)
{
	struct instance_spec *spec = bench_spec("web", "exit 7");

	bench_run(spec);
	cr_assert(EVENTUALLY(bench_look(spec)->exits >= 3));
	const struct observed *seen = bench_look(spec);
	cr_assert(seen->state == SEEN_RESTARTING || seen->state == SEEN_RUNNING);
	cr_assert_eq(seen->exit_code, 7);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_eq(bench_look(spec)->state, SEEN_STOPPED);
}

Test(localhost, helper_killed_with_its_tree_gone_is_stopped)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	bench_run(spec);
	pid_t helper = bench_helper(bench_listed(spec));
	kill(helper, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(helper)));
	cr_assert(EVENTUALLY(bench_listed(spec)->orphan_tree));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	const struct observed *seen = bench_listed(spec);
	cr_assert_eq(seen->state, SEEN_STOPPED);
	cr_assert_not(seen->orphan_tree);
	cr_assert(strstr(seen->error, "killed"));
}

Test(localhost, missing_user_command_and_directory_are_told_in_words)
{
	struct instance_spec *user = bench_spec("a", "true"), *program = bench_spec("b", "true"),
			     *directory = bench_spec("c", "true");
	const char *command[] = {"no-such-program-anywhere", NULL};

	user->user = "nobody-of-that-name";
	program->command = command;
	directory->directory = "/nowhere/at/all";
	cr_assert_eq(bench_place(user), PROGRESS_DONE);
	cr_assert_eq(bench_start(user), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_FAILED);
	cr_assert_str_eq(bench.error.text, "user `nobody-of-that-name` is not in /etc/passwd");
	cr_assert_eq(bench_look(user)->exit_code, 126);
	bench_place(program);
	cr_assert_eq(bench_start(program), PROGRESS_FAILED);
	cr_assert(strstr(bench.error.text, "cannot run `no-such-program-anywhere`"), "%s", bench.error.text);
	cr_assert_eq(bench_look(program)->exit_code, 127);
	cr_assert_eq(bench_look(program)->state, SEEN_STOPPED);
	cr_assert(strstr(bench_look(program)->error, "no-such-program-anywhere"));
	bench_place(directory);
	cr_assert_eq(bench_start(directory), PROGRESS_FAILED);
	cr_assert(strstr(bench.error.text, "`/nowhere/at/all`"), "%s", bench.error.text);
}

Test(localhost, runs_as_the_user_asked_for)
{
	struct instance_spec *spec = bench_spec("web", "id -u; id -g; pwd; exec sleep 1000");
	char *log = bench_path(spec, "log");

	if (geteuid() != 0)
		cr_skip("only root can become somebody else");
	spec->user = "65534:0";
	spec->directory = "/";
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(log), " /\n")), "%s", bench_read(log));
	cr_assert(strstr(bench_read(log), " 65534\n"), "%s", bench_read(log));
	cr_assert(strstr(bench_read(log), " 0\n"), "%s", bench_read(log));
}

Test(localhost, its_own_working_directory_goes_with_it)
{
	struct instance_spec *spec = bench_spec("web", "echo mine >file && echo done; exec sleep 1000");
	char *log = bench_path(spec, "log");

	if (geteuid() == 0)
		spec->user = "65534";
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(log), " done\n")), "%s", bench_read(log));
	cr_assert_str_eq(bench_read(bench_path(spec, "work/file")), "mine\n");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	cr_assert_not(bench.world->ops->file_exists(bench.world, bench_path(spec, "work")));
}

Test(localhost, environment_has_what_was_asked_and_sane_defaults)
{
	struct instance_spec *spec = bench_spec("web", "env; echo end; exec sleep 1000");
	struct spec_variable variables[] = {{"COLOUR", "blue green", false}, {"LANG", "C", false}};
	char *log = bench_path(spec, "log");

	spec->variables = variables;
	spec->variable_count = 2;
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(log), " end\n")));
	const char *text = bench_read(log);
	cr_assert(strstr(text, " COLOUR=blue green\n"));
	cr_assert(strstr(text, " LANG=C\n"));
	cr_assert(strstr(text, " PATH=/usr/local/sbin:"));
	cr_assert(strstr(text, " HOME=/"));
	cr_assert_not(strstr(text, " BERTH_APP="), "a berth run by the component would take it for --app");
	cr_assert_null(strstr(text, "BERTH_SPEC="));
	cr_assert_null(strstr(text, "BERTH_RUN="));
}

Test(localhost, secrets_are_in_no_command_line_and_no_helper)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	struct spec_variable variable = {"PASSWORD", "xyzzy-secret", true};
	char path[400];
	struct stat status;

	spec->variables = &variable;
	spec->variable_count = 1;
	bench_run(spec);
	pid_t helper = bench_helper(bench_listed(spec));
	for (int i = 0; i < 2; i++) {
		owned_text content = {0};
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)helper, i ? "environ" : "cmdline");
		cr_assert_eq(bench.world->ops->file_read(bench.world, path, 65536, &content, NULL), 0);
		cr_assert_null(memmem(content.data, content.length, "xyzzy", 5));
	}
	cr_assert_neq(stat(bench_path(spec, "launch"), &status), 0, "the helper removes what it read");
	snprintf(path, sizeof(path), "grep -rqs xyzzy-secret %s", bench.directory);
	cr_assert_eq(WEXITSTATUS(system(path)), 1, "a secret lies in a file");
	pid_t command = (pid_t)strtol(strstr(bench_read(bench_path(spec, "state")), "\npid ") + 5, NULL, 10);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)command);
	owned_text environment = {0};
	cr_assert_eq(bench.world->ops->file_read(bench.world, path, 65536, &environment, NULL), 0);
	cr_assert(memmem(environment.data, environment.length, "PASSWORD=xyzzy-secret", 21));
	cr_assert_eq(stat(bench_path(spec, ""), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0700);
}

static void note_change(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	snprintf(owner, 100, "%s", name ? name : "(all)");
}

Test(localhost, watch_tells_of_the_one_that_changed)
{
	struct instance_spec *one = bench_spec("one", "sleep 1000"), *two = bench_spec("two", "sleep 1000");
	char told[100] = "";

	bench_run(one);
	bench_run(two);
	cr_assert_eq(localhost_driver.watch(&bench.location, bench.app, note_change, told, &bench.error), 0);
	kill(bench_helper(bench_listed(two)), SIGKILL);
	cr_assert(EVENTUALLY(told[0]));
	cr_assert_str_eq(told, two->name);
	localhost_driver.unwatch(&bench.location, bench.app);
}

static const char *claimed(const char *id, bool adopt)
{
	struct owner owner = {id, "somebody@somewhere", NULL}, holder = {0};

	cr_assert_eq(DRIVE(localhost_driver.claim(&bench.location, &bench.errand, bench.app, &owner, adopt,
						  &bench.arena, &holder, &bench.error)),
		     PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(holder.words, "somebody@somewhere");
	return holder.id;
}

Test(localhost, claim_belongs_to_the_first_until_adopted)
{
	struct list_request request = {.app = NULL};
	struct inventory inventory = {0};

	cr_assert_str_eq(claimed("anna", false), "anna");
	cr_assert_str_eq(claimed("bert", false), "anna");
	cr_assert_str_eq(claimed("bert", true), "bert");
	cr_assert_eq(
	    localhost_driver.list(&bench.location, &bench.errand, &request, &inventory, &bench.error),
	    PROGRESS_DONE);
	cr_assert_eq(inventory.claim_count, 1);
	cr_assert_str_eq(inventory.claims[0].app, bench.app);
	cr_assert_str_eq(inventory.claims[0].owner_id, "bert");
	inventory_release(&inventory);
	cr_assert_eq(
	    DRIVE(localhost_driver.disclaim(&bench.location, &bench.errand, bench.app, &bench.error)),
	    PROGRESS_DONE);
	cr_assert_str_eq(claimed("carl", false), "carl");
}

Test(localhost, release_leaves_nothing_of_the_application)
{
	struct prepare_request prepare = {.app = bench.app, .instances = 1};
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	char *directory = arena_format(&bench.arena, "%s/run/%s", bench.directory, bench.app);

	claimed("anna", false);
	cr_assert_eq(localhost_driver.prepare(&bench.location, &bench.errand, &prepare, &bench.error),
		     PROGRESS_DONE);
	bench_run(spec);
	cr_assert_eq(localhost_driver.release(&bench.location, &bench.errand, bench.app, false, &bench.error),
		     PROGRESS_DONE);
	cr_assert(bench_listed(spec), "release took a running instance");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	localhost_driver.release(&bench.location, &bench.errand, bench.app, false, &bench.error);
	DRIVE(localhost_driver.disclaim(&bench.location, &bench.errand, bench.app, &bench.error));
	cr_assert_not(bench.world->ops->file_exists(bench.world, directory));
}

Test(localhost, dropped_errands_are_let_go)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");

	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_assert_eq(localhost_driver.start(&bench.location, &bench.errand, spec, &bench.error),
		     PROGRESS_WAITING);
	localhost_driver.drop(&bench.location, &bench.errand);
	cr_assert_null(bench.errand.state);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(
	    localhost_driver.remove(&bench.location, &bench.errand, bench.app, spec->name, &bench.error),
	    PROGRESS_WAITING);
	localhost_driver.drop(&bench.location, &bench.errand);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
}

Test(localhost, what_a_killed_removal_left_is_no_hindrance_to_a_new_one)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	int64_t began = bench.world->ops->wall(bench.world);

	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(unlink(bench_path(spec, "manifest")), 0);
	/* A new one is of another millisecond, and works elsewhere. */
	cr_assert(EVENTUALLY(bench.world->ops->wall(bench.world) > began + 2));
	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
}

Test(localhost, files_are_delivered_to_one_that_was_placed_by_half)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	const struct spec_file file = {.path = "note", .content = "on", .size = 2, .mode = 0600};

	spec->files = &file;
	spec->file_count = 1;
	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	bench.world->ops->tree_remove(bench.world, bench_path(spec, "../.work"), NULL);
	cr_assert_eq(DRIVE(localhost_driver.deliver(&bench.location, &bench.errand, spec, &bench.error)),
		     PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(bench_path(spec, "work/note")), "on");
}

/* Writes the state anew, with another value behind the key. */
static void rewrite_state(const struct instance_spec *spec, const char *key, const char *value)
{
	const char *path = bench_path(spec, "state");
	owned_text now = {0};
	const char *before = bench_read(path);

	for (const char *line = before; *line; line += strcspn(line, "\n") + 1) {
		int length = (int)strcspn(line, "\n");
		bool meant = !strncmp(line, key, strlen(key)) && line[strlen(key)] == ' ';
		if (meant)
			text_format(&now, "%s %s\n", key, value);
		else
			text_format(&now, "%.*s\n", length, line);
		if (!line[length])
			break;
	}
	cr_assert_eq(bench.world->ops->file_write(bench.world, path, 0600, text_view(&now), now.length, NULL),
		     0);
}

/* This test's own process has the number by now, and began at another time. */
Test(localhost, a_number_that_is_somebody_else_s_by_now_keeps_nothing_alive)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	char words[64];

	bench_run(spec);
	pid_t helper = bench_helper(bench_listed(spec)), command = bench_command(spec);
	kill(helper, SIGKILL);
	kill(command, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(helper) && !bench_alive(command)));
	snprintf(words, sizeof(words), "%d 1", (int)getpid());
	rewrite_state(spec, "helper", words);
	rewrite_state(spec, "pid", words);
	const struct observed *seen = bench_listed(spec);
	cr_assert(!seen || seen->state != SEEN_RUNNING, "taken for the instance");
	const struct health_check runs = {.kind = CHECK_NONE};
	cr_assert_eq(DRIVE(localhost_driver.probe(&bench.location, &bench.errand, spec, &runs, &bench.error)),
		     PROGRESS_FAILED);
	bench_run(spec);
	cr_assert_eq(bench_listed(spec)->state, SEEN_RUNNING);
	cr_assert_neq(bench_helper(bench_listed(spec)), getpid());
}

/* Whoever has its numbers since this machine began anew is not what ran before. */
Test(localhost, what_ran_before_this_machine_began_anew_is_gone)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	const struct health_check runs = {.kind = CHECK_NONE};

	bench_run(spec);
	rewrite_state(spec, "boot", "00000000-0000-0000-0000-000000000000");
	cr_assert_eq(DRIVE(localhost_driver.probe(&bench.location, &bench.errand, spec, &runs, &bench.error)),
		     PROGRESS_FAILED);
}
