/* test_docker_exec.c - commands in a container: their streams, their end, and sessions that go wrong. */
#include <string.h>

#include "tests/locations/docker_bench.h"

#define LOOK   "GET /containers/app.web.1/json"
#define MAKE   "POST /containers/c1d2/exec"
#define START  "POST /exec/e1/start"
#define RESIZE "POST /exec/e1/resize"
#define END    "GET /exec/e1/json"

static struct text output, errors;
static struct exec_session session;
static const char *const command[] = {"sh", "-c", "some words", NULL};
static struct channel *channel; /* the last one that was asked for */

static void collect(void *owner, bool from_errors, const char *bytes, size_t count)
{
	(void)owner;
	text_add_bytes(from_errors ? &errors : &output, bytes, count);
}

static void set_up(void)
{
	docker_set_up();
	session = (struct exec_session){.command = command, .output = collect};
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(MAKE, 201, "{\"Id\": \"e1\"}");
	REPLY(END, 200, "{\"Running\": false, \"ExitCode\": 7, \"Pid\": 12}");
}

static void take_down(void)
{
	docker_take_down();
	text_release(&output);
	text_release(&errors);
	text_release(&session.input);
}

TestSuite(docker_exec, .init = set_up, .fini = take_down);

/* A frame as the engine sends it. */
static void say_frame(struct channel *to, int64_t delay_ms, char stream, const char *words)
{
	char frame[512] = {stream};
	size_t length = strlen(words);

	frame[6] = (char)(length >> 8);
	frame[7] = (char)length;
	memcpy(frame + 8, words, length);
	virtual_channel_say(to, delay_ms, frame, length + 8);
}

static void ends(struct channel *opened)
{
	channel = opened;
	virtual_channel_accept(opened, 1);
	virtual_channel_hang_up(opened, 5, NULL, 101, NULL);
}

static void waits(struct channel *opened)
{
	channel = opened;
	virtual_channel_accept(opened, 1);
}

#define RUN()            MUST(exec, "app", "app.web.1", &session)
#define RUN_FAILS(code_) MUST_FAIL(code_, exec, "app", "app.web.1", &session)

static enum progress ask_on(void)
{
	return docker_driver.exec(&docker_location, &docker_errand, "app", "app.web.1", &session,
				  &docker_error);
}

/* Ask on whenever it is woken, for so long. */
static enum progress go_on(int64_t limit_ms)
{
	int64_t limit = docker_world->ops->now(docker_world) + limit_ms;
	enum progress progress;

	while ((progress = ask_on()) == PROGRESS_WAITING && docker_world->ops->now(docker_world) < limit)
		virtual_world_run(docker_world, NULL, NULL, 1);
	return progress;
}

/* --- who, what, where --- */

Test(docker_exec, the_engine_is_told_all_of_it)
{
	docker_talks(ends, NULL);
	session.user = "nobody";
	session.directory = "/srv";
	session.interactive = true;
	RUN();
	cr_assert(session.code == 7);
	const char *body = docker_request(MAKE, 0)->body;
	static const char *const parts[] = {"\"AttachStdin\":true", "\"Tty\":false",
					    "\"Cmd\":[\"sh\",\"-c\",\"some words\"]", "\"User\":\"nobody\"",
					    "\"WorkingDir\":\"/srv\""};
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		cr_assert(strstr(body, parts[i]), "no %s in %s", parts[i], body);
	cr_assert(strstr(docker_request(START, 0)->body, "\"Detach\":false"));
	cr_assert(!docker_requests(RESIZE));
}

Test(docker_exec, variables_go_with_the_command)
{
	static const char *const given[] = {"TO=/backup", "DEPTH=2", NULL};
	docker_talks(ends, NULL);
	session.environment = given;
	RUN();
	const char *body = docker_request(MAKE, 0)->body;
	cr_assert(strstr(body, "\"Env\":[\"TO=/backup\",\"DEPTH=2\"]"), "%s", body);
}

Test(docker_exec, only_what_is_ours_and_runs)
{
	docker_talks(ends, NULL);
	REPLY(LOOK, 200, docker_container('a', "exited"));
	RUN_FAILS(ERR_FAILED);
	SAYS("is not running");
	HELPS("berth start app");
	REPLY(LOOK, 200, docker_container('a', "paused"));
	RUN_FAILS(ERR_FAILED);
	HELPS("docker unpause");
	REPLY(LOOK, 200, docker_container(0, "running"));
	RUN_FAILS(ERR_CONFLICT);
	REPLY(LOOK, 404, "{}");
	RUN_FAILS(ERR_MISSING);
	cr_assert(!docker_requests("POST"));
}

Test(docker_exec, what_stopped_meanwhile_is_not_running)
{
	docker_talks(ends, NULL);
	REPLY(MAKE, 409, "{\"message\": \"Container c1d2 is not running\"}");
	RUN_FAILS(ERR_FAILED);
	SAYS("Container c1d2 is not running");
	cr_assert(session.code == 0);
}

static void refuses(struct channel *opened)
{
	virtual_channel_hang_up(opened, 1, NULL, 409, "{\"message\": \"Container c1d2 is paused\"}");
}

Test(docker_exec, refused_start_is_told_in_the_engines_words)
{
	docker_talks(refuses, NULL);
	RUN_FAILS(ERR_FAILED);
	SAYS("Container c1d2 is paused");
}

/* --- output and end --- */

static void speaks_in_bytes(struct channel *opened)
{
	static const char bytes[] =
	    "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\2 2";

	virtual_channel_accept(opened, 1);
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		virtual_channel_say(opened, 2 + (int64_t)i, bytes + i, 1);
	virtual_channel_hang_up(opened, 100, NULL, 101, NULL);
}

Test(docker_exec, both_streams_however_they_are_cut)
{
	docker_talks(speaks_in_bytes, NULL);
	RUN();
	cr_assert_str_eq(text_view(&output), "out 2");
	cr_assert_str_eq(text_view(&errors), "err");
}

Test(docker_exec, the_end_is_asked_for_until_it_is_there)
{
	docker_talks(ends, NULL);
	REPLY(END, 200, "{\"Running\": true, \"ExitCode\": null, \"Pid\": 12}", .times = 3);
	RUN();
	cr_assert(session.code == 7);
	cr_assert(docker_requests(END) == 4);
}

Test(docker_exec, what_never_ends_after_its_streams_is_given_up)
{
	docker_talks(ends, NULL);
	REPLY(END, 200, "{\"Running\": true, \"ExitCode\": null, \"Pid\": 12}");
	RUN_FAILS(ERR_UNREACHABLE);
	SAYS("still runs");
}

Test(docker_exec, an_end_that_is_none_is_not_believed)
{
	docker_talks(ends, NULL);
	REPLY(END, 200, "{\"Running\": false, \"ExitCode\": null}");
	RUN_FAILS(ERR_UNREACHABLE);
	REPLY(END, 200, "what?");
	RUN_FAILS(ERR_UNREACHABLE);
	REPLY(END, 0, NULL, .error = ERR_UNREACHABLE, .sent = true);
	RUN_FAILS(ERR_UNREACHABLE);
	REPLY(END, 404, "{\"message\": \"No such exec instance\"}");
	RUN_FAILS(ERR_MISSING);
	SAYS("exit code");
	cr_assert(session.code == 0);
}

/* --- what cannot run --- */

static const char *complaint;

static void complains(struct channel *opened)
{
	virtual_channel_accept(opened, 1);
	say_frame(opened, 2, 1, complaint);
	virtual_channel_hang_up(opened, 5, NULL, 101, NULL);
}

Test(docker_exec, the_engines_complaint_is_no_output)
{
	static const struct {
		const char *words, *shown;
		enum code code;
		int exit_code;
	} cases[] = {
	    {"OCI runtime exec failed: exec failed: unable to start container process: exec: \"nope\": "
	     "executable file not found in $PATH: unknown\r\n",
	     "executable file not found in $PATH", ERR_MISSING, 127},
	    {"OCI runtime exec failed: exec failed: exec: \"/nope\": stat /nope: no such file or "
	     "directory\r\n",
	     "stat /nope", ERR_MISSING, 127},
	    {"OCI runtime exec failed: exec failed: exec: \"/etc/passwd\": permission denied\r\n",
	     "permission denied", ERR_DENIED, 126},
	    {"OCI runtime exec failed: exec failed: chdir to cwd (\"/nope\") set in config.json failed: no "
	     "such "
	     "file or directory\r\n",
	     "chdir to cwd", ERR_DENIED, 126},
	    {"unable to find user nope: no matching entries in passwd file\r\n", "unable to find user nope",
	     ERR_DENIED, 126},
	};

	REPLY(END, 200, "{\"Running\": false, \"ExitCode\": 126, \"Pid\": 0}");
	docker_talks(complains, NULL);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		complaint = cases[i].words;
		RUN_FAILS(cases[i].code);
		SAYS(cases[i].shown);
		cr_assert(session.code == cases[i].exit_code);
		cr_assert_str_eq(text_view(&output), "");
	}
}

Test(docker_exec, who_only_speaks_like_the_engine_is_heard)
{
	docker_talks(complains, NULL);
	complaint = "OCI runtime exec failed: they say";
	RUN();
	cr_assert_str_eq(text_view(&output), complaint);
	/* One that never ran and says so in words nobody knows. */
	complaint = "the moon is too near";
	REPLY(END, 200, "{\"Running\": false, \"ExitCode\": 126, \"Pid\": 0}");
	RUN_FAILS(ERR_DENIED);
	SAYS("see its output");
	cr_assert(strstr(text_view(&output), complaint));
}

/* --- lost, cut, garbage --- */

static void breaks(struct channel *opened)
{
	struct error why;

	fail(&why, ERR_UNREACHABLE, "the connection was reset");
	virtual_channel_accept(opened, 1);
	say_frame(opened, 2, 1, "so far");
	virtual_channel_hang_up(opened, 3, &why, 101, NULL);
}

static void is_not_there(struct channel *opened)
{
	struct error why;

	fail(&why, ERR_UNREACHABLE, "cannot connect");
	virtual_channel_hang_up(opened, 3, &why, 0, NULL);
}

static void is_cut(struct channel *opened)
{
	virtual_channel_accept(opened, 1);
	virtual_channel_say(opened, 2, "\1\0\0\0\0\0\0\7so far", 14);
	virtual_channel_hang_up(opened, 3, NULL, 101, NULL);
}

static void is_cut_early(struct channel *opened)
{
	virtual_channel_accept(opened, 1);
	virtual_channel_say(opened, 2, "\1\0\0", 3);
	virtual_channel_hang_up(opened, 3, NULL, 101, NULL);
}

static void raves(struct channel *opened)
{
	virtual_channel_accept(opened, 1);
	virtual_channel_say(opened, 2, "HTTP/1.1 500 Oh\r\n", 17);
}

Test(docker_exec, lost_sessions_are_told_as_lost)
{
	static const struct {
		void (*end)(struct channel *opened);
		const char *words, *output;
	} cases[] = {
	    {breaks, "was lost, it may still run: the connection was reset", "so far"},
	    {is_not_there, "cannot connect", ""},
	    {is_cut, "cut off", "so far"},
	    {is_cut_early, "cut off", ""},
	    {raves, "is no output", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		docker_talks(cases[i].end, NULL);
		text_clear(&output);
		RUN_FAILS(ERR_UNREACHABLE);
		SAYS(cases[i].words);
		cr_assert_str_eq(text_view(&output), cases[i].output);
		cr_assert(!docker_requests(END), "%s: the end was asked for", cases[i].words);
	}
}

/* --- input --- */

static size_t heard;

static void hangs_up_at_the_end(struct channel *opened, const char *bytes, size_t count)
{
	(void)bytes;
	heard += count;
	if (!count)
		virtual_channel_hang_up(opened, 1, NULL, 101, NULL);
}

Test(docker_exec, no_more_input_is_taken_than_the_engine_takes)
{
	enum { TOTAL = 1 << 20 };
	static char much[TOTAL];

	docker_talks(waits, hangs_up_at_the_end);
	docker_errand_new();
	session.interactive = true;
	memset(much, 'x', sizeof(much));
	text_add_bytes(&session.input, much, sizeof(much));
	session.input_ended = true;
	ask_on();
	virtual_world_run(docker_world, NULL, NULL, 1);
	for (int i = 0; !channel && i < 10; i++) {
		ask_on();
		virtual_world_run(docker_world, NULL, NULL, 1);
	}
	virtual_channel_stall(channel, true);
	cr_assert(go_on(100) == PROGRESS_WAITING);
	cr_assert(session.input.length >= TOTAL - (256 << 10), "%zu are left", session.input.length);
	cr_assert(!virtual_channel_ended(channel));
	virtual_channel_stall(channel, false);
	cr_assert(go_on(1000) == PROGRESS_DONE, "%s", docker_error.text);
	cr_assert(heard == TOTAL && !session.input.length);
}

Test(docker_exec, without_input_nothing_is_said)
{
	docker_talks(ends, NULL);
	text_add(&session.input, "unasked");
	session.input_ended = true;
	RUN();
	cr_assert(strstr(docker_request(MAKE, 0)->body, "\"AttachStdin\":false"));
	cr_assert(session.input.length == strlen("unasked"));
}

/* --- a terminal --- */

static void speaks_raw(struct channel *opened)
{
	channel = opened;
	virtual_channel_accept(opened, 1);
	virtual_channel_say(opened, 2, "\1\0\0\0raw\r\n", 9);
}

static void hangs_up_at_ctrl_d(struct channel *opened, const char *bytes, size_t count)
{
	cr_assert(count, "its end was told, not typed");
	if (bytes[count - 1] == 4)
		virtual_channel_hang_up(opened, 1, NULL, 101, NULL);
}

Test(docker_exec, a_terminal_has_one_raw_stream_and_its_end_is_typed)
{
	docker_talks(speaks_raw, hangs_up_at_ctrl_d);
	session.terminal = session.interactive = true;
	session.input_ended = true;
	text_add(&session.input, "typed\n");
	RUN();
	cr_assert(output.length == 9 && !memcmp(output.data, "\1\0\0\0raw\r\n", 9));
	cr_assert(strstr(docker_request(MAKE, 0)->body, "\"Tty\":true"));
	cr_assert(strstr(docker_request(START, 0)->body, "\"Tty\":true"));
}

Test(docker_exec, its_size_is_told_until_it_is_taken_and_again_when_it_changes)
{
	docker_talks(waits, NULL);
	docker_errand_new();
	session.terminal = true;
	session.rows = 24;
	session.columns = 80;
	session.resized = true;
	REPLY(RESIZE, 200, NULL);
	REPLY(RESIZE, 409, "{\"message\": \"exec is not running\"}", .times = 2);
	cr_assert(go_on(500) == PROGRESS_WAITING);
	cr_assert(docker_requests(RESIZE "?h=24&w=80") == 3 && !session.resized);
	/* The next but one while the next is on its way: the last counts. */
	REPLY(RESIZE, 200, NULL, .delay_ms = 50);
	session.rows = 30;
	session.resized = true;
	go_on(10);
	session.rows = 33;
	session.resized = true;
	go_on(200);
	cr_assert(docker_requests(RESIZE "?h=30&w=80") == 1 && docker_requests(RESIZE "?h=33&w=80") == 1);
	cr_assert(docker_requests(RESIZE) == 5);
	virtual_channel_hang_up(channel, 1, NULL, 101, NULL);
	cr_assert(go_on(1000) == PROGRESS_DONE, "%s", docker_error.text);
}

Test(docker_exec, a_size_that_is_never_taken_is_no_failure)
{
	docker_talks(waits, NULL);
	docker_errand_new();
	session.terminal = session.resized = true;
	REPLY(RESIZE, 500, "{}");
	cr_assert(go_on(5000) == PROGRESS_WAITING);
	cr_assert(docker_requests(RESIZE) == 20);
	virtual_channel_hang_up(channel, 1, NULL, 101, NULL);
	cr_assert(go_on(1000) == PROGRESS_DONE, "%s", docker_error.text);
}

/* --- dropped --- */

Test(docker_exec, dropped_at_any_time_it_leaves_nothing)
{
	docker_talks(waits, NULL);
	for (int turns = 0; turns < 12; turns++) {
		docker_errand_new();
		session.terminal = session.resized = true;
		REPLY(RESIZE, 409, "{}");
		for (int i = 0; i < turns; i++) {
			cr_assert(ask_on() == PROGRESS_WAITING);
			virtual_world_run(docker_world, NULL, NULL, 1);
		}
		docker_driver.drop(&docker_location, &docker_errand);
		cr_assert_null(docker_errand.state);
		cr_assert(virtual_world_pending(docker_world) == 0);
	}
}
