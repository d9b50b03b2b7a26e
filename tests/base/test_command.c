/* test_command.c - programs run for their answer, whatever they do instead of giving one. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/command.h"

struct told {
	bool over;
	struct error error;
	struct process_end end;
	char output[65536], errors[4096];
	size_t output_size;
};

static void done(void *owner, const struct command_answer *answer)
{
	struct told *told = owner;

	cr_assert_not(told->over, "told twice");
	told->over = true;
	told->error = answer->error;
	told->end = answer->end;
	told->output_size = answer->output_size;
	cr_assert(answer->output_size < sizeof(told->output) && answer->errors_size < sizeof(told->errors));
	memcpy(told->output, answer->output, answer->output_size + 1);
	memcpy(told->errors, answer->errors, answer->errors_size + 1);
}

static struct command *begin(struct world *world, const char *script, const char *input, int64_t timeout_ms,
			     struct told *told)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	const struct command_request request = {
	    .argv = argv, .input = input, .limit = 4000, .timeout_ms = timeout_ms};
	struct error err = {0};
	struct command *command = command_start(world, &request, done, told, &err);

	cr_assert(command, "%s", err.text);
	return command;
}

static void run(struct world *world, const char *script, const char *input, struct told *told)
{
	begin(world, script, input, SOON_MS, told);
	cr_assert(wait_for(world, &told->over, 2 * SOON_MS));
}

/* Whether some process has that entry in its environment. */
static bool found(void *owner, const struct process_info *info)
{
	*(bool *)owner |= !info->zombie;
	return true;
}

static bool anybody(struct world *world, const char *entry)
{
	bool any = false;

	world->ops->processes(world, entry, found, &any, NULL);
	return any;
}

static bool end_it(void *owner, const struct process_info *info)
{
	struct world *world = owner;

	world->ops->signal(world, info->pid, info->start_ticks, SIGKILL, NULL);
	return true;
}

/* The mark of ours that the child was given, as "BERTH_COMMAND=...". */
static void read_mark(const char *path, char mark[static 64])
{
	FILE *file = fopen(path, "r");

	mark[0] = '\0';
	if (!file)
		return;
	if (!fgets(mark, 64, file))
		mark[0] = '\0';
	fclose(file);
	mark[strcspn(mark, "\n")] = '\0';
}

Test(command, is_fed_and_heard)
{
	owned_world world = fixture_world();
	struct told told = {0};

	run(world, "read -r line; echo \"got $line\"; echo oops >&2; exit 3", "a question", &told);
	cr_expect_eq(told.error.code, OK);
	cr_expect_eq(told.end.exit_code, 3);
	cr_expect_str_eq(told.output, "got a question\n");
	cr_expect_str_eq(told.errors, "oops\n");
}

Test(command, sees_the_end_of_what_it_is_fed)
{
	owned_world world = fixture_world();
	struct told told = {0};

	run(world, "cat; echo .", NULL, &told);
	cr_expect_str_eq(told.output, ".\n");
}

Test(command, does_not_die_of_an_input_that_nobody_reads)
{
	owned_world world = fixture_world();
	struct told told = {0};

	run(world, "exec <&-; echo done", "unread", &told);
	cr_expect_str_eq(told.output, "done\n");
}

Test(command, has_our_own_environment)
{
	owned_world world = fixture_world();
	struct told told = {0};

	setenv("BERTH_TEST_WORD", "seen", 1);
	run(world, "echo $BERTH_TEST_WORD", NULL, &told);
	cr_expect_str_eq(told.output, "seen\n");
}

Test(command, runs_where_we_are)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct told told = {0};

	cr_assert_eq(chdir(folder.path), 0);
	run(world, "pwd", NULL, &told);
	cr_expect(starts_with(told.output, folder.path), "%s", told.output);
}

Test(command, may_open_its_streams_by_name)
{
	owned_world world = fixture_world();
	struct told told = {0};

	run(world, "echo one >/dev/stdout; echo two >/dev/stderr; echo three", NULL, &told);
	cr_expect_str_eq(told.output, "one\nthree\n");
	cr_expect_str_eq(told.errors, "two\n");
}

Test(command, that_ends_by_a_signal_says_so)
{
	owned_world world = fixture_world();
	struct told told = {0};

	run(world, "kill -9 $$", NULL, &told);
	cr_expect_eq(told.error.code, OK);
	cr_expect_eq(told.end.signal, SIGKILL);
}

Test(command, that_says_too_much_is_ended)
{
	owned_world world = fixture_world();
	struct told told = {0};

	run(world, "while :; do echo yes yes yes; done", NULL, &told);
	cr_expect_eq(told.error.code, ERR_FAILED);
	cr_expect(strstr(told.error.text, "4000"));
	struct told loud = {0};
	run(world, "head -c 5000 /dev/zero >&2", NULL, &loud);
	cr_expect_eq(loud.error.code, ERR_FAILED);
	struct told just = {0};
	run(world, "head -c 4000 /dev/zero", NULL, &just);
	cr_expect_eq(just.error.code, OK);
	cr_expect_eq(just.output_size, 4000);
}

Test(command, that_hangs_is_ended_with_all_it_started)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct told told = {0};
	char script[512], mark[64];

	snprintf(script, sizeof(script),
		 "echo BERTH_COMMAND=$BERTH_COMMAND >%s; setsid sleep 1000 & sleep 1000",
		 in_folder(&folder, "mark"));
	begin(world, script, NULL, 700, &told);
	cr_assert(wait_for(world, &told.over, SOON_MS));
	cr_expect_eq(told.error.code, ERR_TIMED_OUT);
	read_mark(in_folder(&folder, "mark"), mark);
	cr_assert_gt(strlen(mark), 30, "the child wrote `%s`", mark);
	for (int i = 0; i < 100 && anybody(world, mark); i++)
		let_pass(world, 20);
	cr_expect_not(anybody(world, mark), "something it started is left");
}

Test(command, that_is_cancelled_is_ended_and_tells_nothing)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct told told = {0};
	char script[512], mark[64] = "";

	snprintf(script, sizeof(script), "echo BERTH_COMMAND=$BERTH_COMMAND >%s; sleep 1000",
		 in_folder(&folder, "mark"));
	int before = open_descriptors();
	struct command *command = begin(world, script, NULL, SOON_MS, &told);
	for (int i = 0; i < 200 && strlen(mark) < 30; i++) {
		let_pass(world, 20);
		read_mark(in_folder(&folder, "mark"), mark);
	}
	cr_assert(anybody(world, mark));
	command_cancel(command);
	for (int i = 0; i < 100 && anybody(world, mark); i++)
		let_pass(world, 20);
	cr_expect_not(anybody(world, mark));
	cr_expect_not(told.over);
	cr_expect_eq(open_descriptors(), before, "descriptors are left open");
}

/* A daemon that it leaves behind, with its streams open, is nobody's business. */
Test(command, is_over_when_it_ends)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct told told = {0};
	char script[512], mark[64];

	snprintf(script, sizeof(script), "echo BERTH_COMMAND=$BERTH_COMMAND >%s; sleep 30 & echo answer",
		 in_folder(&folder, "mark"));
	run(world, script, NULL, &told);
	cr_expect_eq(told.error.code, OK);
	cr_expect_str_eq(told.output, "answer\n");
	read_mark(in_folder(&folder, "mark"), mark);
	cr_expect(anybody(world, mark));
	world->ops->processes(world, mark, end_it, world, NULL);
}

Test(command, that_is_not_there_is_missing)
{
	owned_world world = fixture_world();
	const char *const argv[] = {"/nonexistent/program", NULL};
	const struct command_request request = {.argv = argv, .limit = 10, .timeout_ms = 1000};
	struct error err = {0};
	int before = open_descriptors();

	cr_expect_null(command_start(world, &request, done, NULL, &err));
	cr_expect_eq(err.code, ERR_MISSING, "%s", err.text);
	let_pass(world, 10);
	cr_expect_eq(open_descriptors(), before);
}

Test(command, that_may_not_run_is_denied)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *const argv[] = {in_folder(&folder, "x"), NULL};
	const struct command_request request = {.argv = argv, .limit = 10, .timeout_ms = 1000};
	struct error err = {0};

	close(open(argv[0], O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	cr_expect_null(command_start(world, &request, done, NULL, &err));
	cr_expect_eq(err.code, ERR_DENIED, "%s", err.text);
}
