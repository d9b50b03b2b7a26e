/* test_localhost_exec.c - commands run beside a process of this machine: as whom, where, and what is left. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

static struct text output, errors;
static struct exec_session session;

static void collect(void *owner, bool from_errors, const char *bytes, size_t count)
{
	(void)owner;
	text_add_bytes(from_errors ? &errors : &output, bytes, count);
}

static void tear_down(void)
{
	bench_tear_down();
	text_release(&output);
	text_release(&errors);
	text_release(&session.input);
}

/* A world's loop keeps SIGPIPE away from what it calls; here the driver is called from outside. */
static void set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	bench_set_up();
}

TestSuite(localhost_exec, .init = set_up, .fini = tear_down);

static void to_run(const char *const *command)
{
	text_clear(&output);
	text_clear(&errors);
	text_clear(&session.input);
	session =
	    (struct exec_session){.command = command, .output = collect, .input = session.input, .code = -1};
}

#define SHELL(words) ((const char *const[]){"sh", "-c", words, NULL})

static enum progress ask(const struct instance_spec *spec)
{
	return localhost_driver.exec(&bench.location, &bench.errand, spec->app, spec->name, &session,
				     &bench.error);
}

static void run(const struct instance_spec *spec)
{
	cr_assert_eq(DRIVE(ask(spec)), PROGRESS_DONE, "%s", bench.error.text);
}

/* Its output, of a shell's words. */
static const char *said(const struct instance_spec *spec, const char *words)
{
	to_run(SHELL(words));
	run(spec);
	return text_view(&output);
}

static void fails(const struct instance_spec *spec, enum code code, int exit_code)
{
	cr_assert_eq(DRIVE(ask(spec)), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, code, "%s: %s", code_name(bench.error.code), bench.error.text);
	cr_assert_eq(session.code, exit_code, "its code is %d", session.code);
	cr_assert_null(bench.errand.state);
}

static struct instance_spec *stays(void)
{
	return bench_spec("web", "exec sleep 1000");
}

Test(localhost_exec, it_has_the_instances_environment_and_place)
{
	static const struct spec_variable variables[] = {{.name = "STAGE", .value = "a b"},
							 {.name = "KEY", .value = "hush", .secret = true},
							 {.name = "BERTH_OUTPUT", .value = "json"}};
	struct instance_spec *spec = stays();

	spec->variables = variables;
	spec->variable_count = COUNT_OF(variables);
	bench_run(spec);
	cr_assert_str_eq(said(spec, "echo \"$STAGE $KEY $BERTH_OUTPUT\""), "a b hush json\n");
	cr_assert_str_eq(said(spec, "echo ${BERTH_TREE-none} ${BERTH_APP-none} ${TERM-none}"),
			 "none none none\n");
	char real[PATH_MAX];
	cr_assert(realpath(bench_path(spec, "work"), real));
	cr_assert_str_eq(said(spec, "pwd"), arena_format(&bench.arena, "%s\n", real));
	/* What one session has is not the next one's. */
	cr_assert_str_eq(said(spec, "env | grep -c ^BERTH_EXEC="), "1\n");
}

Test(localhost_exec, variables_that_are_given_come_before_its_own)
{
	static const struct spec_variable variables[] = {{.name = "STAGE", .value = "live"},
							 {.name = "STAGES", .value = "all"}};
	static const char *const given[] = {"STAGE=test", "TO=/a b", NULL};
	struct instance_spec *spec = stays();

	spec->variables = variables;
	spec->variable_count = COUNT_OF(variables);
	bench_run(spec);
	to_run(SHELL("echo \"$STAGE $STAGES $TO\"; env | grep -c ^STAGE="));
	session.environment = given;
	run(spec);
	cr_assert_str_eq(text_view(&output), "test all /a b\n1\n");
}

Test(localhost_exec, secrets_are_in_no_command_line)
{
	static const struct spec_variable key = {.name = "KEY", .value = "hush-4711", .secret = true};
	struct instance_spec *spec = stays();

	spec->variables = &key;
	spec->variable_count = 1;
	bench_run(spec);
	cr_assert_str_eq(said(spec, "test \"$KEY\" = hush-4711 && ! cat /proc/[0-9]*/cmdline 2>/dev/null | "
				    "tr '\\0' '\\n' | grep -x hush-471[1]; echo $?"),
			 "0\n");
}

Test(localhost_exec, directories_are_taken_from_where_the_instance_works)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	cr_assert_str_eq(said(spec, "mkdir below; cd below; pwd >path"), "");
	const char *below = bench_read(bench_path(spec, "work/below/path"));
	to_run(SHELL("pwd"));
	session.directory = "below";
	run(spec);
	cr_assert_str_eq(text_view(&output), below);
	to_run(SHELL("pwd"));
	session.directory = "/";
	run(spec);
	cr_assert_str_eq(text_view(&output), "/\n");
	to_run(SHELL("pwd"));
	session.directory = "/no/such/place";
	fails(spec, ERR_DENIED, 126);
	cr_assert(strstr(bench.error.text, "`/no/such/place`"), "%s", bench.error.text);
}

Test(localhost_exec, commands_are_found_as_shells_find_them)
{
	struct instance_spec *spec = stays();
	char *path = arena_format(&bench.arena, "%s/a:%s/b:/bin:/usr/bin", bench.directory, bench.directory);
	const struct spec_variable variable = {.name = "PATH", .value = path};

	spec->variables = &variable;
	spec->variable_count = 1;
	bench_run(spec);
	char *script =
	    arena_format(&bench.arena,
			 "cd %s; mkdir a b; echo '#!/bin/sh\necho found' >b/tool; cp b/tool a/tool; "
			 "cp b/tool a/blunt; echo '#!/no/interpreter' >a/dead; chmod +x b/tool a/dead",
			 bench.directory);
	cr_assert_str_eq(said(spec, script), "");
	to_run((const char *const[]){"tool", NULL});
	run(spec);
	cr_assert_str_eq(text_view(&output), "found\n", "the first that can be executed");
	to_run((const char *const[]){"blunt", NULL});
	fails(spec, ERR_DENIED, 126);
	to_run((const char *const[]){"dead", NULL});
	fails(spec, ERR_MISSING, 127);
	to_run((const char *const[]){"no-such-tool", NULL});
	fails(spec, ERR_MISSING, 127);
	cr_assert(strstr(bench.error.text, "`no-such-tool`"), "%s", bench.error.text);
	to_run((const char *const[]){"./no-such-tool", NULL});
	fails(spec, ERR_MISSING, 127);
	cr_assert_str_eq(said(spec, "cp ../../../../b/tool here"), "");
	to_run((const char *const[]){"./here", NULL});
	run(spec);
	cr_assert_str_eq(text_view(&output), "found\n");
}

Test(localhost_exec, root_may_be_others_and_others_may_not)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	to_run(SHELL("id -u; id -g; echo $HOME $USER"));
	session.user = "no-such-user";
	fails(spec, ERR_DENIED, 126);
	cr_assert(strstr(bench.error.text, "`no-such-user`"), "%s", bench.error.text);
	session.user = "1:no-such-group";
	fails(spec, ERR_DENIED, 126);
	session.user = "1:2";
	if (geteuid() != 0) {
		fails(spec, ERR_DENIED, 126);
		cr_assert(strstr(bench.error.text, "only root"), "%s", bench.error.text);
		return;
	}
	/* Whoever that is must be able to pass through the folders above. */
	chmod(bench.directory, 0711);
	session.code = -1;
	session.directory = "/";
	run(spec);
	cr_assert_str_eq(text_view(&output), "1\n2\n/usr/sbin daemon\n");
	to_run(SHELL("id -u; id -G; echo $HOME"));
	session.user = "54321";
	session.directory = "/";
	run(spec);
	cr_assert_str_eq(text_view(&output), "54321\n54321\n/\n");
}

Test(localhost_exec, it_is_whoever_the_instance_is)
{
	if (geteuid() != 0)
		cr_skip_test("only root may become somebody else");
	struct instance_spec *spec = stays();

	spec->user = "daemon";
	spec->directory = "/";
	bench_run(spec);
	cr_assert_str_eq(said(spec, "id -u; id -g; id -G; echo $USER"), "1\n1\n1\ndaemon\n");
	to_run(SHELL("tty >/dev/null && echo typed >$(tty); id -u"));
	session.terminal = true;
	run(spec);
	cr_assert_str_eq(text_view(&output), "typed\r\n1\r\n", "its own terminal can be opened");
}

/* Feed it while it runs, with no more than so much waiting. */
static void feed(const struct instance_spec *spec, const char *bytes, size_t total)
{
	enum { LIMIT = 128 << 10 };
	size_t given = 0;
	enum progress progress;

	session.interactive = true;
	bench.error = (struct error){0};
	for (;;) {
		size_t count = session.input.length < LIMIT ? LIMIT - session.input.length : 0;
		if (count > total - given)
			count = total - given;
		text_add_bytes(&session.input, bytes + given, count);
		given += count;
		session.input_ended = given == total;
		if ((progress = ask(spec)) != PROGRESS_WAITING)
			break;
		if (session.input.length == LIMIT || session.input_ended)
			bench_wait();
	}
	cr_assert_eq(progress, PROGRESS_DONE, "%s", bench.error.text);
}

Test(localhost_exec, much_goes_through_unharmed)
{
	enum { TOTAL = 20 << 20 };
	static char much[TOTAL];
	struct instance_spec *spec = stays();

	for (size_t i = 0; i < TOTAL; i++)
		much[i] = (char)((i ^ i >> 11) * 7);
	bench_run(spec);
	to_run(SHELL("cat; exit 3"));
	feed(spec, much, TOTAL);
	cr_assert_eq(session.code, 3);
	cr_assert(output.length == TOTAL && !memcmp(output.data, much, TOTAL));
}

Test(localhost_exec, input_that_nobody_reads_is_no_failure)
{
	static char much[4 << 20];
	struct instance_spec *spec = stays();

	bench_run(spec);
	to_run(SHELL("exec 0<&-; sleep 0.1; echo unread"));
	feed(spec, much, sizeof(much));
	cr_assert_eq(session.code, 0);
	cr_assert_str_eq(text_view(&output), "unread\n");
}

Test(localhost_exec, what_it_leaves_behind_is_not_waited_for)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	cr_assert_str_eq(said(spec, "sleep 1000 & echo begun; exit 5"), "begun\n");
	cr_assert_eq(session.code, 5);
	/* One that shut its streams is waited for all the same. */
	to_run(SHELL("exec >&- 2>&-; sleep 0.2; exit 6"));
	run(spec);
	cr_assert_eq(session.code, 6);
}

static bool count_one(void *owner, const struct process_info *info)
{
	*(unsigned *)owner += !info->zombie;
	return true;
}

static unsigned sessions_of(const struct instance_spec *spec)
{
	unsigned count = 0;
	char *mark = arena_format(&bench.arena, "BERTH_EXEC=%s:", bench_incarnation(spec));

	bench.world->ops->processes(bench.world, mark, count_one, &count, NULL);
	return count;
}

Test(localhost_exec, it_ends_with_its_instance)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	said(spec, "trap '' HUP TERM; (sleep 1000) & setsid sleep 1001 & exit 0");
	cr_assert(EVENTUALLY(sessions_of(spec) >= 2));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert(EVENTUALLY(sessions_of(spec) == 0));
}

Test(localhost_exec, it_ends_with_its_instance_under_another_name_too)
{
	struct instance_spec *settled = stays(), *young = bench_generation(settled, 2);

	bench_run(young);
	said(young, "trap '' HUP TERM; (sleep 1000) & exit 0");
	cr_assert(EVENTUALLY(sessions_of(young) >= 1));
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(sessions_of(settled) >= 1);
	cr_assert_eq(bench_stop(settled), PROGRESS_DONE);
	cr_assert(EVENTUALLY(sessions_of(settled) == 0));
}

/* Asked once, then until the words are there. */
static void until_said(const struct instance_spec *spec, const char *words)
{
	bench.error = (struct error){0};
	while (!strstr(text_view(&output), words)) {
		cr_assert_eq(ask(spec), PROGRESS_WAITING, "%s", bench.error.text);
		if (!strstr(text_view(&output), words))
			bench_wait();
	}
}

Test(localhost_exec, a_dropped_session_hangs_up)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	to_run(SHELL("trap 'echo hung >ears; exit' HUP; sleep 1000 & sleep 0.2; echo ready; wait"));
	until_said(spec, "ready");
	cr_assert(sessions_of(spec) >= 2);
	localhost_driver.drop(&bench.location, &bench.errand);
	cr_assert_null(bench.errand.state);
	cr_assert(EVENTUALLY(*bench_read(bench_path(spec, "work/ears"))));
	cr_assert(EVENTUALLY(sessions_of(spec) == 0));
	const struct observed *seen = bench_look(spec);
	cr_assert(seen && seen->state == SEEN_RUNNING, "the instance itself goes on");
}

Test(localhost_exec, a_terminal_is_one_and_ends_when_its_end_is_typed)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	to_run(SHELL("stty size; echo $TERM; test -t 0 -a -t 1 -a -t 2 && echo all; cat; echo over"));
	session.terminal = session.interactive = session.resized = true;
	session.rows = 33;
	session.columns = 77;
	until_said(spec, "all\r\n");
	text_add(&session.input, "typed\n");
	until_said(spec, "typed\r\ntyped\r\n");
	session.input_ended = true;
	run(spec);
	cr_assert_str_eq(text_view(&output), "33 77\r\nxterm\r\nall\r\ntyped\r\ntyped\r\nover\r\n");
	cr_assert_str_eq(text_view(&errors), "");
	cr_assert_eq(session.code, 0);
}

Test(localhost_exec, a_terminals_keys_reach_who_is_in_front)
{
	struct instance_spec *spec = stays();

	bench_run(spec);
	to_run(SHELL("trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done"));
	session.terminal = session.interactive = true;
	until_said(spec, "ready");
	text_add(&session.input, "\003");
	run(spec);
	cr_assert(strstr(text_view(&output), "caught"), "%s", text_view(&output));
	cr_assert_eq(session.code, 9);
}

Test(localhost_exec, only_what_runs)
{
	struct instance_spec *spec = stays();

	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	to_run(SHELL("true"));
	fails(spec, ERR_FAILED, -1);
	cr_assert(strstr(bench.error.text, "is not running"), "%s", bench.error.text);
	cr_assert(strstr(bench.error.remedy, "berth start"), "%s", bench.error.remedy);
	struct instance_spec *absent = bench_spec("absent", "exec sleep 1000");
	fails(absent, ERR_MISSING, -1);
}

Test(localhost_exec, found_without_its_run_directory)
{
	struct instance_spec *spec = stays();
	static const struct spec_variable variable = {.name = "STAGE", .value = "lost"};

	spec->directory = "/";
	spec->variables = &variable;
	spec->variable_count = 1;
	bench_run(spec);
	bench.world->ops->tree_remove(bench.world, bench_path(spec, ""), NULL);
	cr_assert_str_eq(said(spec, "echo $STAGE; pwd"), "lost\n/\n");
}
