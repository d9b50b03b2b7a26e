/* test_localhost_files.c - files that are put on this machine for its instances: where, for whom, and when
 * they go. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

static char said[1000];

static void hear(void *owner, const char *words)
{
	(void)owner;
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", words);
}

static void set_up(void)
{
	bench_set_up();
	bench.location.say = hear;
}

TestSuite(localhost_files, .init = set_up, .fini = bench_tear_down, .timeout = 240);

/* A path beside everything else of the test's. */
static char *outside(const char *name)
{
	return arena_format(&bench.arena, "%s/outside/%s", bench.directory, name);
}

static void make_outside(void)
{
	cr_assert_eq(bench.world->ops->directories_make(
			 bench.world, arena_format(&bench.arena, "%s/outside", bench.directory), 0755, NULL),
		     0);
}

static struct spec_file *add_file(struct instance_spec *spec, const char *path, const char *content)
{
	struct spec_file *files = arena_array(&bench.arena, struct spec_file, spec->file_count + 1);

	if (spec->file_count)
		memcpy(files, spec->files, spec->file_count * sizeof(*files));
	files[spec->file_count] =
	    (struct spec_file){.path = path, .content = content, .size = strlen(content), .mode = 0640};
	spec->files = files;
	memset(spec->file_digest, 'f', DIGEST_HEX - 1);
	return &files[spec->file_count++];
}

static struct instance_spec *with(struct instance_spec *spec, const char *path, const char *content)
{
	struct instance_spec *other = arena_array(&bench.arena, struct instance_spec, 1);

	*other = *spec;
	other->files = NULL;
	other->file_count = 0;
	add_file(other, path, content);
	return other;
}

static void write_there(const char *path, const char *content)
{
	cr_assert_eq(bench.world->ops->file_write(bench.world, path, 0644, content, strlen(content), NULL),
		     0);
}

static bool exists(const char *path)
{
	struct stat status;

	return !lstat(path, &status);
}

static enum progress deliver(const struct instance_spec *spec)
{
	return DRIVE(localhost_driver.deliver(&bench.location, &bench.errand, spec, &bench.error));
}

/* --- where and for whom ---------------------------------------------------------------------- */

Test(localhost_files, lie_where_it_works_before_it_starts)
{
	struct instance_spec *spec = bench_spec("web", "cat conf/app.conf; exec sleep 1000");
	struct stat status;

	add_file(spec, "conf/app.conf", "colour = blue\n");
	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(bench_path(spec, "work/conf/app.conf")), "colour = blue\n");
	cr_assert_eq(stat(bench_path(spec, "work/conf/app.conf"), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0640);
	cr_assert_str_eq(bench_listed(spec)->digest, spec->digest);
	cr_assert_str_eq(bench_look(spec)->file_digest, spec->file_digest);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " colour = blue\n")));
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
}

Test(localhost_files, elsewhere_they_go_with_it_and_what_was_made_for_them)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	make_outside();
	write_there(outside("theirs"), "theirs");
	add_file(spec, outside("a/b/one"), "1");
	add_file(spec, outside("a//./two"), "2");
	add_file(spec, outside("three"), "3");
	bench_run(spec);
	cr_assert_str_eq(bench_read(outside("a/b/one")), "1");
	cr_assert_str_eq(bench_read(outside("a/two")), "2");
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert(exists(outside("three")), "a stop takes nothing away");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(exists(outside("a")));
	cr_assert_not(exists(outside("three")));
	cr_assert_str_eq(bench_read(outside("theirs")), "theirs");
	cr_assert_str_eq(said, "");
}

Test(localhost_files, relative_ones_lie_below_the_directory_it_is_given)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	make_outside();
	spec->directory = arena_format(&bench.arena, "%s/outside", bench.directory);
	add_file(spec, "conf/app.conf", "x");
	bench_run(spec);
	cr_assert_str_eq(bench_read(outside("conf/app.conf")), "x");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	cr_assert_not(exists(outside("conf")));
	cr_assert(exists(outside(".")));
}

Test(localhost_files, belong_to_the_user_they_are_for)
{
	struct instance_spec *spec = bench_spec("web", "cat own given; exec sleep 1000");
	struct stat status;

	if (geteuid())
		cr_skip_test("only root can give files away");
	spec->user = "65534:65533";
	add_file(spec, "own", "own\n")->mode = 0400;
	struct spec_file *given = add_file(spec, "given", "given\n");
	given->mode = 0600;
	given->user = "0";
	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(stat(bench_path(spec, "work/own"), &status), 0);
	cr_assert(status.st_uid == 65534 && status.st_gid == 65533 && (status.st_mode & 07777) == 0400);
	cr_assert_eq(stat(bench_path(spec, "work/given"), &status), 0);
	cr_assert(status.st_uid == 0 && (status.st_mode & 07777) == 0600);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " own\n")));
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), "given: Permission denied")));
}

static int check(const struct instance_spec *spec)
{
	bench.error = (struct error){0};
	return localhost_driver.check(&bench.location, spec, &bench.error);
}

Test(localhost_files, what_cannot_be_put_is_refused_before_anything_is_touched)
{
	struct instance_spec *spec = bench_spec("web", "true");
	static const char *const wrong[] = {"../out", "/etc/../etc/x", "a/", "", "a/.."};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		cr_assert_eq(check(with(spec, wrong[i], "x")), -1, "`%s`", wrong[i]);
		cr_assert_eq(bench.error.code, ERR_INVALID, "`%s`: %s", wrong[i], bench.error.text);
	}
	cr_assert_eq(check(with(spec, "a..b/..c", "x")), 0, "%s", bench.error.text);
	struct instance_spec *stranger = with(spec, "x", "x");
	((struct spec_file *)stranger->files)->user = "nobody-of-that-name";
	cr_assert_eq(check(stranger), -1);
	cr_assert(strstr(bench.error.text, "nobody-of-that-name"), "%s", bench.error.text);
}

Test(localhost_files, only_root_gives_files_away)
{
	struct instance_spec *spec = with(bench_spec("web", "true"), "x", "x");

	((struct spec_file *)spec->files)->user = "0";
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(2);
		int result = check(spec);
		_exit(result == -1 && bench.error.code == ERR_DENIED && strstr(bench.error.remedy, "as root")
			  ? 0
			  : 1);
	}
	int status;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

/* --- what is not ours ------------------------------------------------------------------------ */

Test(localhost_files, strangers_file_is_neither_replaced_nor_removed)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	make_outside();
	write_there(outside("theirs"), "theirs");
	add_file(spec, outside("theirs"), "ours");
	cr_assert_eq(bench_place(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert(strstr(bench.error.text, "was not put there by berth"), "%s", bench.error.text);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("theirs")), "theirs");
}

Test(localhost_files, a_link_is_not_written_through)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	make_outside();
	write_there(outside("target"), "theirs");
	cr_assert_eq(symlink("target", outside("link")), 0);
	cr_assert_eq(bench_place(with(spec, outside("link"), "ours")), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_str_eq(bench_read(outside("target")), "theirs");
}

Test(localhost_files, a_link_that_the_program_made_leads_nowhere)
{
	struct instance_spec *spec =
	    bench_spec("web", arena_format(&bench.arena, "rm -r conf; ln -s %s/outside conf; exec sleep 1000",
					   bench.directory));

	make_outside();
	add_file(spec, "conf/app.conf", "first");
	bench_run(spec);
	struct stat status;
	cr_assert(EVENTUALLY(!lstat(bench_path(spec, "work/conf"), &status) && S_ISLNK(status.st_mode)));
	cr_assert_eq(deliver(with(spec, "conf/app.conf", "second")), PROGRESS_FAILED);
	cr_assert_not(exists(outside("app.conf")));
}

Test(localhost_files, one_that_somebody_changed_stays_and_is_told)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	make_outside();
	add_file(spec, outside("kept"), "kept");
	add_file(spec, outside("edited"), "as it was put");
	bench_run(spec);
	write_there(outside("edited"), "as somebody edited it");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(exists(outside("kept")));
	cr_assert_str_eq(bench_read(outside("edited")), "as somebody edited it");
	char *words =
	    arena_format(&bench.arena, "`%s` was changed by somebody else, and stays\n", outside("edited"));
	cr_assert_str_eq(said, words);
}

Test(localhost_files, one_that_is_gone_already_is_no_failure)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	make_outside();
	add_file(spec, outside("dir/file"), "x");
	bench_run(spec);
	cr_assert_eq(bench.world->ops->tree_remove(bench.world, outside("dir"), NULL), 0);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(said, "");
}

/* --- delivered ------------------------------------------------------------------------------- */

Test(localhost_files, delivered_they_change_while_it_runs_and_stopped)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	char command[400];

	make_outside();
	add_file(spec, outside("dropped"), "xyzzy-first");
	add_file(spec, outside("changed"), "xyzzy-first");
	add_file(spec, "own", "xyzzy-first");
	bench_run(spec);
	const struct observed *before = bench_look(spec);
	struct instance_spec *other = with(spec, outside("changed"), "xyzzy-second");
	add_file(other, outside("new"), "xyzzy-second");
	add_file(other, "own", "xyzzy-second");
	other->file_digest[0] = '2';
	other->secret_salt = "beef";
	for (int i = 0; i < 2; i++)
		cr_assert_eq(deliver(other), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(exists(outside("dropped")));
	cr_assert_str_eq(bench_read(outside("changed")), "xyzzy-second");
	cr_assert_str_eq(bench_read(outside("new")), "xyzzy-second");
	cr_assert_str_eq(bench_read(bench_path(spec, "work/own")), "xyzzy-second");
	const struct observed *after = bench_look(spec);
	cr_assert_str_eq(after->file_digest, other->file_digest);
	cr_assert_str_eq(after->secret_salt, "beef");
	cr_assert_str_eq(after->target_id, before->target_id);
	cr_assert_eq(after->exits, 0);
	/* What is in them lies nowhere else. */
	snprintf(command, sizeof(command), "grep -rqs xyzzy %s/run/%s/web.1/", bench.directory, bench.app);
	cr_assert_eq(WEXITSTATUS(system(command)), 1);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	struct instance_spec *third = with(spec, outside("new"), "third");
	cr_assert_eq(deliver(third), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("new")), "third");
	cr_assert_not(exists(outside("changed")));
	cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	cr_assert_not(exists(outside("new")));
	cr_assert_eq(deliver(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
}

/* --- shared ---------------------------------------------------------------------------------- */

static struct instance_spec *successor_of(struct instance_spec *old, const char *path, const char *content)
{
	struct instance_spec *young = bench_generation(with(old, path, content), 2);

	young->digest[0] = 'f';
	return young;
}

Test(localhost_files, older_one_gets_its_file_back_when_the_younger_fails)
{
	struct instance_spec *old = bench_spec("web", "exec sleep 1000");

	make_outside();
	add_file(old, outside("conf"), "old")->mode = 0600;
	struct instance_spec *young = successor_of(old, outside("conf"), "young");
	bench_run(old);
	cr_assert_eq(bench_place(young), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("conf")), "old", "the older one still runs");
	cr_assert_eq(bench_stop(old), PROGRESS_DONE);
	cr_assert_eq(bench_start(young), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("conf")), "young");
	cr_assert_eq(bench_remove(young), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("conf")), "old");
	struct stat status;
	cr_assert_eq(stat(outside("conf"), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0600);
	cr_assert_eq(bench_start(bench_named(old)), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_remove(old), PROGRESS_DONE);
	cr_assert_not(exists(outside("conf")));
	cr_assert_str_eq(said, "");
}

Test(localhost_files, younger_one_keeps_its_file_when_the_older_goes)
{
	struct instance_spec *old = bench_spec("web", "exec sleep 1000");

	make_outside();
	add_file(old, outside("made/conf"), "old");
	struct instance_spec *young = successor_of(old, outside("made/conf"), "young");
	bench_run(old);
	bench_run(young);
	cr_assert_eq(bench_remove(old), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("made/conf")), "young");
	cr_assert_eq(bench_rename(young, old), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_remove(old), PROGRESS_DONE);
	cr_assert_not(exists(outside("made")));
	cr_assert_str_eq(said, "");
}

Test(localhost_files, nothing_is_left_in_whatever_order_they_go)
{
	for (int order = 0; order < 4; order++) {
		struct instance_spec *old = bench_spec("web", "exec sleep 1000");
		make_outside();
		add_file(old, outside("conf"), "old");
		struct instance_spec *young = successor_of(old, outside("conf"), "young");
		bench_run(old);
		cr_assert_eq(bench_place(young), PROGRESS_DONE, "%s", bench.error.text);
		if (order & 1)
			cr_assert_eq(bench_start(young), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_remove(order & 2 ? old : young), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_remove(order & 2 ? young : old), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_not(exists(outside("conf")), "order %d", order);
		cr_assert_str_eq(said, "", "order %d: %s", order, said);
	}
}

Test(localhost_files, instances_of_a_component_share_them)
{
	struct instance_spec *one = bench_spec("web", "exec sleep 1000"),
			     *two = bench_spec("web", "exec sleep 1000");

	make_outside();
	two->ordinal = 2;
	two->name = instance_name(&bench.arena, bench.app, "web", 2);
	add_file(one, outside("conf"), "x");
	add_file(two, outside("conf"), "x");
	bench_run(one);
	bench_run(two);
	cr_assert_eq(bench_remove(one), PROGRESS_DONE);
	cr_assert_str_eq(bench_read(outside("conf")), "x");
	cr_assert_eq(bench_remove(two), PROGRESS_DONE);
	cr_assert_not(exists(outside("conf")));
}

Test(localhost_files, another_components_file_is_that_components)
{
	struct instance_spec *web = bench_spec("web", "exec sleep 1000"),
			     *db = bench_spec("db", "exec sleep 1000");

	make_outside();
	bench_run(with(web, outside("conf"), "x"));
	cr_assert_eq(bench_place(with(db, outside("conf"), "y")), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	char *holder = arena_format(&bench.arena, "is a file of `%s.web`", bench.app);
	cr_assert(strstr(bench.error.text, holder), "%s", bench.error.text);
	cr_assert_str_eq(bench_read(outside("conf")), "x");
	bench_run(with(db, outside("conf"), "x"));
}

/* --- killed ---------------------------------------------------------------------------------- */

static void place_and_start(const struct instance_spec *spec)
{
	if (bench_place(spec) == PROGRESS_DONE)
		bench_start(spec);
}

static void deliver_it(const struct instance_spec *spec)
{
	deliver(spec);
}

static void remove_it(const struct instance_spec *spec)
{
	bench_remove(spec);
}

static void left_nothing(unsigned step)
{
	cr_assert_not(exists(outside("made")), "step %u: what was put there is left", step);
	cr_assert_str_eq(said, "", "step %u: %s", step, said);
	cr_assert_not(exists(arena_format(&bench.arena, "%s/run/%s", bench.directory, bench.app)), "step %u",
		      step);
}

Test(localhost_files, killed_at_any_step_the_next_leaves_nothing_behind)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	bool killed = true;

	make_outside();
	add_file(spec, outside("made/one"), "first");
	add_file(spec, "own", "first");
	struct instance_spec *other = with(spec, outside("made/one"), "second");
	add_file(other, outside("made/below/two"), "second");
	for (unsigned step = 1; killed; step++) {
		/* Removed without having been completed. */
		bench_killed_at(step, place_and_start, spec);
		cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "step %u: %s", step, bench.error.text);
		left_nothing(step);
		killed = bench_killed_at(step, place_and_start, spec);
		bench_run(spec);
		cr_assert_str_eq(bench_read(outside("made/one")), "first");
		killed |= bench_killed_at(step, deliver_it, other);
		if (step % 2) {
			cr_assert_eq(deliver(other), PROGRESS_DONE, "step %u: %s", step, bench.error.text);
			cr_assert_str_eq(bench_read(outside("made/one")), "second");
			cr_assert_str_eq(bench_read(outside("made/below/two")), "second");
		}
		killed |= bench_killed_at(step, remove_it, spec);
		cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "step %u: %s", step, bench.error.text);
		left_nothing(step);
		cr_assert(step < 30);
	}
}

Test(localhost_files, update_killed_at_any_step_gives_the_older_one_its_file_back)
{
	struct instance_spec *old = bench_spec("web", "exec sleep 1000");
	bool killed = true;

	make_outside();
	add_file(old, outside("made/one"), "old");
	struct instance_spec *young = successor_of(old, outside("made/one"), "young");
	for (unsigned step = 1; killed; step++) {
		bench_run(old);
		killed = bench_killed_at(step, place_and_start, young);
		killed |= bench_killed_at(step, remove_it, young);
		cr_assert_eq(bench_remove(young), PROGRESS_DONE, "step %u: %s", step, bench.error.text);
		cr_assert_str_eq(bench_read(outside("made/one")), "old", "step %u", step);
		cr_assert_eq(bench_remove(old), PROGRESS_DONE, "step %u: %s", step, bench.error.text);
		left_nothing(step);
		cr_assert(step < 30);
	}
}
