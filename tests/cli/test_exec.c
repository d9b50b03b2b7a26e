/* test_exec.c - `berth exec`: whose words are whose, streams, terminals and exit codes. */
#include <criterion/criterion.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

#define DOCUMENT(code)                                                                                       \
	"{\"format_version\":\"1\",\"app\":\"shop\",\"instance\":\"shop.web.1\",\"exit_code\":" code "}"

static void begin(void)
{
	cli_begin();
	script.result = DOCUMENT("0");
}

TestSuite(exec, .init = begin, .fini = cli_end, .timeout = 120);

Test(exec, what_follows_the_component_is_the_command)
{
	static const struct {
		const char *words, *command;
	} cases[] = {
	    {"exec shop web -- ls", "ls\n"},
	    {"exec shop web ls", "ls\n"},
	    {"exec shop web -- ls -l --all -i", "ls\n-l\n--all\n-i\n"},
	    {"exec shop web ls -o json --help -- x", "ls\n-o\njson\n--help\n--\nx\n"},
	    {"exec shop web -- -- --", NULL},
	    {"exec shop web -- sh -- --", "sh\n--\n--\n"},
	    {"exec -- shop web -- ls -t", "ls\n-t\n"},
	    {"exec shop -- web ls", "ls\n"},
	    {"--app shop exec shop web ls", "ls\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		asked = (struct asked){0};
		int code = run_cli(cases[i].words);
		cr_expect_eq(code, cases[i].command ? 0 : BERTH_USAGE, "%s: %d: %s", cases[i].words, code,
			     err);
		if (!cases[i].command)
			continue;
		cr_expect_str_eq(asked.command, cases[i].command, "%s: %s", cases[i].words, asked.command);
		cr_expect_str_eq(asked.components, "web\n");
		cr_expect_str_eq(asked.app, "shop");
		cr_expect(!asked.interactive && !asked.terminal && !*asked.user && !*asked.directory);
		cr_expect_str_eq(out, "");
	}
}

Test(exec, its_own_flags_stand_before)
{
	cr_expect_eq(run_cli("exec -u me:us --dir /srv --timeout 3s --location here=docker shop web/2 env"),
		     0);
	cr_expect_str_eq(asked.verb, "exec");
	cr_expect_str_eq(asked.user, "me:us");
	cr_expect_str_eq(asked.directory, "/srv");
	cr_expect_str_eq(asked.components, "web/2\n");
	cr_expect_str_eq(asked.locations, "here=docker\n");
	cr_expect_eq(asked.timeout_ms, 3000);
	cr_expect_eq(run_cli("exec shop web --user nobody -- ls -l"), 0);
	cr_expect_str_eq(asked.user, "nobody");
	cr_expect_str_eq(asked.command, "ls\n-l\n");
	cr_expect_eq(run_cli("exec shop web -it sh"), BERTH_USAGE);
	cr_expect(strstr(err, "flags of exec stand before the `--`"), "%s", err);
}

Test(exec, a_blueprint_names_the_application_too)
{
	cr_expect_eq(run_cli("exec ./blueprint.yaml web -- ls"), 0);
	cr_expect_str_eq(asked.blueprint, "id: shop\n");
	cr_expect_eq(run_cli("exec ./none.yaml web -- ls"), BERTH_USAGE);
	cr_expect_eq(run_cli("exec -i - web -- ls"), BERTH_USAGE);
}

Test(exec, what_is_missing_is_asked_for)
{
	cr_expect_eq(run_cli("exec"), BERTH_USAGE);
	cr_expect(strstr(err, "in which application?"), "%s", err);
	cr_expect_eq(run_cli("exec shop"), BERTH_USAGE);
	cr_expect(strstr(err, "in which component?"), "%s", err);
	cr_expect_eq(run_cli("exec shop web --"), BERTH_USAGE);
	cr_expect(strstr(err, "which command?"), "%s", err);
	cr_expect_eq(asked.begun, 0);
}

#define OUTPUT(bytes, from_errors)                                                                           \
	{                                                                                                    \
		.kind = BERTH_EVENT_OUTPUT, .component = "web", .instance = "shop.web.1", .text = bytes,     \
		.text_size = sizeof bytes - 1, .errors = from_errors                                         \
	}

Test(exec, its_streams_are_ours_byte_for_byte)
{
	static const struct berth_event events[] = {OUTPUT("no line end", false),
						    OUTPUT("bad\033[2J\n", true), OUTPUT("\0\377", false)};
	script.events = events;
	script.event_count = COUNT_OF(events);
	script.result = DOCUMENT("7");
	cr_expect_eq(run_cli("exec shop web -- ls"), 7);
	cr_expect(!memcmp(out, "no line end\0\377", 14));
	cr_expect_str_eq(err, "bad\033[2J\n");
}

Test(exec, exit_codes_say_whose_failure_it_was)
{
	static const struct {
		const char *result, *begin_error;
		enum berth_outcome outcome;
		int code;
	} cases[] = {
	    {DOCUMENT("0"), NULL, BERTH_OK, 0},
	    {DOCUMENT("255"), NULL, BERTH_OK, 255},
	    {DOCUMENT("125"), NULL, BERTH_OK, 125},
	    {DOCUMENT("126"), NULL, BERTH_FAILED, 126},
	    {DOCUMENT("127"), NULL, BERTH_FAILED, 127},
	    {"{\"app\":\"shop\"}", NULL, BERTH_FAILED, 125},
	    {"{\"app\":\"shop\"}", NULL, BERTH_UNREACHABLE, 125},
	    {"{\"app\":\"shop\"}", NULL, BERTH_DENIED, 125},
	    {"{\"app\":\"shop\"}", NULL, BERTH_INVALID, 125},
	    {"{\"app\":\"shop\"}", NULL, BERTH_TIMED_OUT, 124},
	    {NULL, "no such thing", BERTH_USAGE, 64},
	    {NULL, "no memory", BERTH_FAILED, 125},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		script.result = cases[i].result;
		script.outcome = cases[i].outcome;
		script.begin_error = cases[i].begin_error;
		script.message = cases[i].outcome ? "that is why" : NULL;
		cr_expect_eq(run_cli("exec shop web -- ls"), cases[i].code, "%zu", i);
		const char *told = cases[i].begin_error ? cases[i].begin_error : script.message;
		cr_expect(told ? strstr(err, told) != NULL : !*err, "%zu: %s", i, err);
		cr_expect_str_eq(out, "");
	}
}

Test(exec, an_invalid_blueprint_is_explained)
{
	script.outcome = BERTH_INVALID;
	script.message = "the blueprint is invalid";
	script.result =
	    "{\"valid\":false,\"error_count\":1,\"warning_count\":0,\"diagnostics\":[{\"severity\":"
	    "\"error\",\"summary\":\"no such key `imgae`\",\"detail\":\"\"}]}";
	cr_expect_eq(run_cli("exec ./blueprint.yaml web -- ls"), 125);
	cr_expect(strstr(err, "no such key `imgae`"), "%s", err);
}

Test(exec, an_interrupt_ends_it)
{
	script.waits = 1;
	script.raises = SIGINT;
	script.raise_times = 1;
	script.result = "{\"app\":\"shop\"}";
	cr_expect_eq(run_cli("exec shop web -- ls"), BERTH_INTERRUPTED);
	cr_expect_eq(asked.cancelled, 1);
	cr_expect_str_eq(err, "");
}

Test(exec, input_is_passed_on_to_its_end_with_i_alone)
{
	static char much[300000];
	size_t read_ = 0;
	memset(much, 'x', sizeof much);
	memcpy(much, "begun ", 6);
	script.until_input_ends = true;
	cr_expect_eq(run_with_input("exec -i shop web -- cat", much, sizeof much, &read_), 0);
	cr_expect(asked.interactive && asked.input_ended);
	cr_expect_eq(asked.input_size, sizeof much);
	cr_expect_eq(strncmp(asked.input, "begun xxx", 9), 0);
	script.until_input_ends = false;
	asked = (struct asked){0};
	cr_expect_eq(run_with_input("exec shop web -- cat", much, sizeof much, &read_), 0);
	cr_expect_eq(read_, 0, "somebody else's input was read");
	cr_expect(!asked.input_size && !asked.input_ended);
}

Test(exec, no_more_is_read_than_is_taken)
{
	static char much[300000];
	size_t read_ = 0;
	script.until_input_ends = true;
	script.input_waiting = 1 << 20;
	script.raises = SIGTERM;
	script.raise_times = 1;
	cr_expect_eq(run_with_input("exec -i shop web -- cat", much, sizeof much, &read_), BERTH_INTERRUPTED);
	cr_expect_eq(read_, 0);
}

Test(exec, who_closed_the_output_has_seen_enough)
{
	static const struct berth_event events[] = {OUTPUT("one\n", false)};
	script.events = events;
	script.event_count = COUNT_OF(events);
	script.waits = 2;
	script.result = "{\"app\":\"shop\"}";
	cr_expect_eq(run_into_closed_pipe("exec shop web -- yes"), 128 + SIGPIPE);
	cr_expect_eq(asked.cancelled, 2);
	cr_expect_str_eq(err, "");
}

Test(exec, a_terminal_is_needed_for_one)
{
	cr_expect_eq(run_cli("exec -t shop web -- sh"), BERTH_USAGE);
	cr_expect(strstr(err, "-t needs a terminal") && strstr(err, "leave -t out"), "%s", err);
	cr_expect_eq(run_cli("exec -it shop web -- sh"), BERTH_USAGE);
	cr_expect(strstr(err, "without -t, -i passes on any input"), "%s", err);
	cr_expect_eq(asked.begun, 0);
}

/* --- with a terminal of our own ------------------------------------------------------------- */

static int near, far;
static struct termios before;

/* Runs with the terminal as all three streams. */
static int run_there(const char *words)
{
	const struct winsize size = {.ws_row = 33, .ws_col = 77};
	struct termios after;
	cr_assert_eq(openpty(&near, &far, NULL, NULL, &size), 0);
	cr_assert_eq(tcgetattr(far, &before), 0);
	int code = run_on(far, words);
	cr_assert_eq(tcgetattr(far, &after), 0);
	cr_expect_eq(memcmp(&before.c_lflag, &after.c_lflag, sizeof after.c_lflag), 0, "the mode was kept");
	cr_expect_eq(before.c_iflag, after.c_iflag);
	cr_expect_eq(before.c_oflag, after.c_oflag);
	close(near);
	close(far);
	return code;
}

static bool was_raw;
static const char *typed = "";

/* In the midst of it. */
static void look(void)
{
	struct termios mode;
	cr_assert_eq(write(near, typed, strlen(typed)), (ssize_t)strlen(typed));
	was_raw =
	    tcgetattr(far, &mode) == 0 && !(mode.c_lflag & (ICANON | ECHO | ISIG)) && !(mode.c_oflag & OPOST);
}

Test(exec, a_terminal_is_taken_over_and_given_back)
{
	script.until_input_ends = true;
	script.ends_input_at = 3; /* what is typed is taken for ctrl-C by nobody */
	script.looks = look;
	typed = "ab\003";
	cr_expect_eq(run_there("exec -it shop web -- sh"), 0);
	cr_expect(was_raw);
	cr_expect_str_eq(asked.input, "ab\003");
	cr_expect(asked.terminal && asked.interactive);
	cr_expect_eq(asked.rows, 33);
	cr_expect_eq(asked.columns, 77);
	cr_expect_eq(asked.cancelled, 0);
}

Test(exec, without_input_the_keys_stay_ours)
{
	script.looks = look;
	typed = "x";
	cr_expect_eq(run_there("exec -t shop web -- ls"), 0);
	cr_expect_not(was_raw);
	cr_expect(asked.terminal && !asked.interactive);
	cr_expect_eq(asked.input_size, 0);
}

static void grow(void)
{
	const struct winsize size = {.ws_row = 40, .ws_col = 100};
	ioctl(far, TIOCSWINSZ, &size);
	raise(SIGWINCH);
}

Test(exec, its_size_follows_ours)
{
	script.looks = grow;
	script.waits_for_resize = true;
	cr_expect_eq(run_there("exec -it shop web -- sh"), 0);
	cr_expect_eq(asked.rows, 40);
	cr_expect_eq(asked.columns, 100);
	cr_expect_eq(asked.resizes, 1);
}

Test(exec, an_interrupt_from_elsewhere_gives_it_back)
{
	script.looks = look;
	script.until_input_ends = true;
	script.raises = SIGTERM;
	script.raise_times = 1;
	cr_expect_eq(run_there("exec -it shop web -- sh"), BERTH_INTERRUPTED);
	cr_expect(was_raw);
}
