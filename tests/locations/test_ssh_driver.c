/* test_ssh_driver.c - what the driver for machines says to one and makes of its answers: a script that is not
 * there yet, login shells with words of their own, answers that are lost, secrets, a stream that breaks. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "locations/location.h"
#include "tests/support/virtual_ssh.h"

#define MOST_CALLS 40

/* What the machine says to one command after the other. */
struct reply {
	const char *output, *errors;
	int exit_code;
	enum code fails; /* OK: it ends by itself */
	bool sent;
	bool stays; /* it says that and goes on */
};

static struct world *world;
static struct location location;
static struct location_spec spec;
static json_t *options;
static const struct reply *replies;
static struct call {
	char command[300];
	char input[8000];
} calls[MOST_CALLS];
static size_t call_count, reply_count;
static struct ssh_call *staying;

static void asked(void *owner, const struct virtual_ssh_request *request, struct ssh_call *call)
{
	(void)owner;
	cr_assert(request->command || request->target);
	cr_assert_lt(call_count, MOST_CALLS);
	struct call *heard = &calls[call_count++];
	if (request->target)
		snprintf(heard->command, sizeof(heard->command), "to %s %u", request->target->address,
			 (unsigned)request->target->port);
	else
		snprintf(heard->command, sizeof(heard->command), "%s", request->command->command);
	snprintf(heard->input, sizeof(heard->input), "%.*s",
		 request->command ? (int)request->command->input_size : 0,
		 request->command && request->command->input ? (const char *)request->command->input : "");
	if (request->target)
		virtual_ssh_open(call, 1);
	cr_assert_lt(call_count - 1, reply_count, "nobody expected `%s`", heard->command);
	const struct reply *reply = &replies[call_count - 1];
	if (reply->output)
		virtual_ssh_say(call, 1, false, reply->output, strlen(reply->output));
	if (reply->errors)
		virtual_ssh_say(call, 1, true, reply->errors, strlen(reply->errors));
	if (reply->stays) {
		staying = call;
		return;
	}
	if (reply->fails == OK) {
		virtual_ssh_exit(call, 2, reply->exit_code);
		return;
	}
	struct error why = {0};
	fail(&why, reply->fails, "the connection was lost");
	virtual_ssh_fail(call, 2, &why, reply->sent);
}

static const char *environment(const char *name)
{
	return !strcmp(name, "HOME") ? virtual_world_directory(world) : NULL;
}

static void open_machine(void)
{
	struct virtual_hooks hooks = {.ssh = asked};
	struct error err = {0};

	world = virtual_world_new(1);
	virtual_world_hooks(world, &hooks);
	options = json_object();
	spec = (struct location_spec){
	    .name = "there", .type = "ssh", .target = "me@10.0.0.5", .options = options};
	location = (struct location){.driver = &ssh_driver,
				     .world = world,
				     .name = "there",
				     .spec = &spec,
				     .state_directory = virtual_world_directory(world),
				     .helper = "",
				     .environment = environment};
	cr_assert(ssh_driver.open(&location, &err) == 0, "%s", err.text);
	call_count = 0;
}

static void close_machine(void)
{
	ssh_driver.close(&location);
	virtual_world_free(world);
	json_decref(options);
}

#define THE_MACHINE_SAYS(...)                                                                                \
	static const struct reply list[] = {__VA_ARGS__};                                                    \
	replies = list;                                                                                      \
	reply_count = COUNT_OF(list)

static void wake(struct errand *errand)
{
	*(bool *)errand->owner = true;
}

static bool woken(void *owner)
{
	return *(bool *)owner;
}

/* An errand to its end. */
#define DONE_WITH(progress, ...)                                                                             \
	({                                                                                                   \
		bool is_woken_ = false;                                                                      \
		struct errand errand_ = {.wake = wake, .owner = &is_woken_};                                 \
		struct errand *errand = &errand_;                                                            \
		enum progress so_far_;                                                                       \
		while ((so_far_ = __VA_ARGS__) == PROGRESS_WAITING &&                                        \
		       virtual_world_run(world, woken, &is_woken_, 3600000))                                 \
			is_woken_ = false;                                                                   \
		(progress) = so_far_;                                                                        \
		cr_assert_null(errand_.state);                                                               \
	})

#define ANSWER(lines) "@berth 1\n" lines "@end\n"

static enum progress stop_web(struct error *err)
{
	enum progress progress;

	DONE_WITH(progress, ssh_driver.stop(&location, errand, "shop", "shop.web.1", err));
	return progress;
}

TestSuite(ssh_driver, .init = open_machine, .fini = close_machine, .timeout = 60);

Test(ssh_driver, our_script_is_put_there_when_it_is_missing)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.errors = "/bin/sh: 0: cannot open .berth/machine\n", .exit_code = 2},
			 {.output = "@installed\n"}, {.output = ANSWER("@stopped\n")});
	cr_assert_eq(stop_web(&err), PROGRESS_DONE, "%s", err.text);
	cr_assert(strstr(calls[1].command, "cat >"), "%s", calls[1].command);
	cr_assert(strstr(calls[1].input, "what berth has done on a machine"));
	cr_assert_str_eq(calls[0].command, calls[2].command);
	cr_assert_str_eq(calls[2].input, "{\nstop shop web.1 -1\necho @end\n}\n");
}

Test(ssh_driver, words_of_a_login_shell_are_passed_over)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.output = "Welcome!\n@end\nYou have mail.\n" ANSWER("@stopped\n")});
	cr_assert_eq(stop_web(&err), PROGRESS_DONE, "%s", err.text);
}

Test(ssh_driver, a_lost_answer_is_asked_for_again)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.fails = ERR_UNREACHABLE, .sent = true}, {.fails = ERR_TIMED_OUT, .sent = true},
			 {.output = ANSWER("@stopped\n")});
	cr_assert_eq(stop_web(&err), PROGRESS_DONE, "%s", err.text);
	cr_assert_eq(call_count, 3);
}

Test(ssh_driver, an_answer_that_was_cut_short_is_asked_for_again)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.output = "@berth 1\n@stop"}, {.output = ANSWER("@stopped\n")});
	cr_assert_eq(stop_web(&err), PROGRESS_DONE, "%s", err.text);
}

Test(ssh_driver, a_machine_that_never_answers_is_unreachable)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.fails = ERR_UNREACHABLE});
	cr_assert_eq(stop_web(&err), PROGRESS_FAILED);
	cr_assert_eq(err.code, ERR_UNREACHABLE);
}

Test(ssh_driver, what_is_lost_each_time_stays_unknown)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.fails = ERR_UNREACHABLE, .sent = true}, {.fails = ERR_UNREACHABLE, .sent = true},
			 {.fails = ERR_UNREACHABLE, .sent = true}, {.fails = ERR_UNREACHABLE, .sent = true});
	cr_assert_eq(stop_web(&err), PROGRESS_FAILED);
	cr_assert_eq(err.code, ERR_UNREACHABLE);
}

Test(ssh_driver, a_full_disk_is_told_in_its_own_words)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.exit_code = 127}, {.output = "@installing\n",
					      .errors = "cat: write error: No space left on device\n",
					      .exit_code = 1});
	cr_assert_eq(stop_web(&err), PROGRESS_FAILED);
	cr_assert_eq(err.code, ERR_FAILED);
	cr_assert(strstr(err.text, "No space left on device"), "%s", err.text);
	cr_assert(strstr(err.remedy, "directory"), "%s", err.remedy);
}

Test(ssh_driver, a_shell_that_runs_nothing_is_told_as_such)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.output = "This account is not available.\n", .exit_code = 1},
			 {.output = "@installed\n"},
			 {.output = "This account is not available.\n", .exit_code = 1});
	cr_assert_eq(stop_web(&err), PROGRESS_FAILED);
	cr_assert(strstr(err.text, "This account is not available."), "%s", err.text);
}

static void no_shell(const char *words)
{
	struct error err = {0};

	cr_assert_eq(stop_web(&err), PROGRESS_FAILED);
	cr_expect_eq(err.code, ERR_DENIED);
	cr_expect(strstr(err.text, words), "%s", err.text);
	cr_expect(strstr(err.remedy, "usermod -s /bin/sh"), "%s", err.remedy);
}

Test(ssh_driver, so_is_one_that_is_no_shell)
{
	THE_MACHINE_SAYS({.output = "This account is currently not available.\n", .exit_code = 1},
			 {.output = "This account is currently not available.\n", .exit_code = 1});
	no_shell("lets no command run: This account is currently");
}

/* As sshd says where a user may copy files alone. */
Test(ssh_driver, so_is_one_that_only_copies_files)
{
	THE_MACHINE_SAYS({.errors = "This service allows sftp connections only.\n", .exit_code = 1},
			 {.errors = "This service allows sftp connections only.\n", .exit_code = 1});
	no_shell("lets no command run: This service allows sftp connections only.");
}

Test(ssh_driver, and_one_that_ends_at_once)
{
	THE_MACHINE_SAYS({.exit_code = 1}, {.exit_code = 1});
	no_shell("ends without a word");
}

Test(ssh_driver, a_refusal_is_in_the_machines_words)
{
	struct error err = {0};

	THE_MACHINE_SAYS({.output = ANSWER("!conflict /home/.berth/shop/web.1 is none of berth's\n")});
	cr_assert_eq(stop_web(&err), PROGRESS_FAILED);
	cr_assert_eq(err.code, ERR_CONFLICT);
	cr_assert(strstr(err.text, "is none of berth's"), "%s", err.text);
}

Test(ssh_driver, nothing_of_a_secret_is_in_a_command_line)
{
	static const char *const command[] = {"/bin/sh", "-c", "echo it's; sleep 1", NULL};
	struct spec_variable variables[] = {{"PASSWORD", "hun'ter 2$HOME", true}};
	static const char content[] = "two\nlines'";
	struct spec_file files[] = {{.path = "conf/key",
				     .content = content,
				     .size = sizeof(content) - 1,
				     .mode = 0600,
				     .secret = true}};
	struct instance_spec web = {.app = "shop",
				    .component = "web",
				    .name = "shop.web.1",
				    .ordinal = 1,
				    .kind = COMPONENT_PROCESS,
				    .command = command,
				    .variables = variables,
				    .variable_count = 1,
				    .files = files,
				    .file_count = 1,
				    .stop_timeout_ms = -1};
	struct error err = {0};
	const char *note;
	enum progress progress;

	THE_MACHINE_SAYS({.output = ANSWER("@placed\n")});
	DONE_WITH(progress, ssh_driver.place(&location, errand, &web, &note, &err));
	cr_assert_eq(progress, PROGRESS_DONE, "%s", err.text);
	cr_assert_null(strstr(calls[0].command, "hun"));
	/* The launch is a word of a word: each quote is written twice over. */
	cr_assert(strstr(calls[0].input, "export PASSWORD='\\''hun'\\''\\'\\'''\\''ter 2$HOME'\\''"), "%s",
		  calls[0].input);
	cr_assert(strstr(calls[0].input, "printf %s 'two\nlines'\\''' | file 0600"), "%s", calls[0].input);
	cr_assert(strstr(calls[0].input, "\nplace shop web.1\n"));
}

Test(ssh_driver, a_listing_is_one_command)
{
	struct list_request request = {.app = "shop"};
	struct inventory inventory = {0};
	struct error err = {0};
	enum progress progress;

	THE_MACHINE_SAYS(
	    {.output = ANSWER(
		 "@machine b00t 1700000000000 10.0.0.5\n@self b00t:1:2\n@listens tcp 00000000:1F90\n@host "
		 "shop\n"
		 "@app shop\n@claim shop\n:me\n:I am\n:here\n"
		 "@instance shop web.1\n:app=shop\n:component=web\n:spec=d1\n:ports=http=8081/tcp@10.0.0.5\n"
		 ":bind=0.0.0.0\n:created=1700000000000\n:restart=no\n"
		 "@state running alive 0 10 20 11 21 1700000000001 0 3 -1 0 b00t\n"
		 "@instance shop web.2\n:app=shop\n:component=web\n:spec=d1\n:created=5\n"
		 "@state running dead 2 10 20 11 21 1700000000001 0 3 -1 0 b00t\n"
		 "@stranger shop web.3 /home/.berth/shop/web.3\n")});
	DONE_WITH(progress, ssh_driver.list(&location, errand, &request, &inventory, &err));
	cr_assert_eq(progress, PROGRESS_DONE, "%s", err.text);
	cr_assert_eq(call_count, 1);
	cr_assert_eq(inventory.instance_count, 2);
	cr_assert_eq(inventory.instances[0].state, SEEN_RUNNING);
	cr_assert_eq(inventory.instances[0].exits, 3);
	cr_assert_eq(inventory.instances[0].restart, RESTART_NO);
	cr_assert_str_eq(inventory.instances[0].attachments[1].address, "10.0.0.5");
	cr_assert(inventory.instances[1].orphan_tree && inventory.instances[1].state == SEEN_BROKEN);
	cr_assert_str_eq(inventory.claims[0].owner_words, "I am");
	cr_assert_str_eq(inventory.holder, "shop");
	cr_assert_str_eq(inventory.machine, "b00t:1:2");
	cr_assert_eq(inventory.stranger_count, 1);
	cr_assert(!ssh_driver.port_free(&location, "10.0.0.5", 8080, TCP), "somebody listens there");
	cr_assert(!ssh_driver.port_free(&location, "10.0.0.5", 8081, TCP), "web.1 is to");
	cr_assert(ssh_driver.port_free(&location, "10.0.0.5", 8082, TCP));
	inventory_release(&inventory);
}

static struct inventory listed(const char *answer)
{
	struct list_request request = {.app = "shop"};
	struct inventory inventory = {0};
	struct error err = {0};
	enum progress progress;
	struct reply says = {.output = answer};

	replies = &says;
	reply_count = 1;
	call_count = 0;
	DONE_WITH(progress, ssh_driver.list(&location, errand, &request, &inventory, &err));
	cr_assert_eq(progress, PROGRESS_DONE, "%s", err.text);
	return inventory;
}

Test(ssh_driver, names_are_given_where_the_machine_says_that_they_work)
{
	static const char *const command[] = {"true", NULL};
	struct spec_host hosts[] = {{.alias = "store", .address = "10.0.0.6"},
				    {.alias = "front", .address = "127.0.0.1"}};
	struct instance_spec web = {.app = "shop",
				    .component = "web",
				    .name = "shop.web.1",
				    .ordinal = 1,
				    .kind = COMPONENT_PROCESS,
				    .command = command,
				    .hosts = hosts,
				    .host_count = 2,
				    .stop_timeout_ms = -1};
	struct error err = {0};
	enum progress progress;

	struct inventory inventory = listed(ANSWER("@machine b00t 1700000000000 10.0.0.5\n"));
	cr_assert_not(location.driver->capabilities.host_names);
	inventory_release(&inventory);
	inventory = listed(ANSWER("@machine b00t 1700000000000 10.0.0.5\n@names\n"));
	cr_assert(location.driver->capabilities.host_names);
	inventory_release(&inventory);
	THE_MACHINE_SAYS({.output = ANSWER("@delivered\n@marked\n")});
	call_count = 0;
	DONE_WITH(progress, location.driver->deliver(&location, errand, &web, &err));
	cr_assert_eq(progress, PROGRESS_DONE, "%s", err.text);
	cr_assert(strstr(calls[0].input, "NAMES='10.0.0.6 store\n127.0.0.1 front'\n"), "%s", calls[0].input);
	/* A machine may lose the right. */
	inventory = listed(ANSWER("@machine b00t 1700000000000 10.0.0.5\n"));
	cr_assert_not(location.driver->capabilities.host_names);
	inventory_release(&inventory);
}

struct heard {
	int changes, gaps, ends;
	char last[100];
	int code;
};

static void changed(void *owner, const char *name, const struct told_end *end)
{
	struct heard *heard = owner;

	heard->changes += name != NULL;
	heard->gaps += name == NULL;
	heard->ends += end != NULL;
	heard->code = end ? end->exit_code : heard->code;
	snprintf(heard->last, sizeof(heard->last), "%s", name ? name : "");
}

static bool opened_again(void *owner)
{
	(void)owner;
	return call_count == 2;
}

Test(ssh_driver, a_stream_that_breaks_is_a_gap_and_opened_again)
{
	struct heard heard = {0};
	struct error err = {0}, why = {0};

	THE_MACHINE_SAYS(
	    {.output =
		 "@watching\n@beat\n@changed shop web.1 end 1700 1800 3 0\n@changed other web.1 start\n",
	     .stays = true},
	    {.output = "@watching\n", .stays = true});
	cr_assert_eq(ssh_driver.watch(&location, "shop", changed, &heard, &err), 0);
	virtual_world_run(world, NULL, NULL, 100);
	cr_assert_eq(heard.gaps, 1, "what changed before is not told");
	cr_assert(heard.changes == 1 && heard.ends == 1 && heard.code == 3);
	cr_assert_str_eq(heard.last, "shop.web.1");
	fail(&why, ERR_UNREACHABLE, "the connection was lost");
	virtual_ssh_fail(staying, 1, &why, true);
	cr_assert(virtual_world_run(world, opened_again, NULL, 60000));
	virtual_world_run(world, NULL, NULL, 100);
	cr_assert_eq(heard.gaps, 3, "%d", heard.gaps);
	ssh_driver.unwatch(&location, "shop");
}

/* --- a connection to one of its ports --------------------------------------------------------------- */

static void heard_output(void *owner, bool errors, const char *bytes, size_t count)
{
	cr_expect_not(errors);
	text_add_bytes(owner, bytes, count);
}

static enum progress connect_to_web(struct text *got, int *ret_code, struct error *err)
{
	struct exec_session session = {.port = 8080,
				       .address = "127.0.0.1",
				       .interactive = true,
				       .input_ended = true,
				       .code = -1,
				       .output = heard_output,
				       .output_owner = got};
	enum progress progress;

	text_add(&session.input, "question");
	DONE_WITH(progress, ssh_driver.exec(&location, errand, "shop", "shop.web.1", &session, err));
	*ret_code = session.code;
	text_release(&session.input);
	return progress;
}

Test(ssh_driver, a_connection_goes_through_the_session_once_it_is_known_to_run)
{
	struct error err = {0};
	owned_text got = {0};
	int code;

	THE_MACHINE_SAYS({.output = ANSWER("@runs\n")}, {.output = "answer"});
	cr_assert_eq(connect_to_web(&got, &code, &err), PROGRESS_DONE, "%s", err.text);
	cr_expect_str_eq(calls[1].command, "to 127.0.0.1 8080");
	cr_expect_str_eq(text_view(&got), "answer");
	cr_expect_eq(code, 0);
}

Test(ssh_driver, nothing_is_connected_to_what_does_not_run)
{
	struct error err = {0};
	owned_text got = {0};
	int code;

	THE_MACHINE_SAYS({.output = ANSWER("!failed shop.web.1 does not run\n")});
	cr_assert_eq(connect_to_web(&got, &code, &err), PROGRESS_FAILED);
	cr_expect_eq(err.code, ERR_FAILED);
	cr_expect_eq(call_count, 1);
}
