/* test_localhost_answers.c - options, attachments, checks and logs of processes of this machine. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

TestSuite(localhost_answers, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

/* --- options and attachments --------------------------------------------------------------- */

Test(localhost_answers, unknown_option_is_refused_with_the_known_ones)
{
	json_t *options = json_pack("{s:s}", "adress", "127.0.0.1");
	struct location_spec spec = {.name = "x", .type = "localhost", .target = "", .options = options};
	struct location location = bench.location;
	struct error err = {0};

	location.spec = &spec;
	cr_assert_eq(localhost_driver.open(&location, &err), -1);
	cr_assert_eq(err.code, ERR_INVALID);
	cr_assert(strstr(err.text, "`adress`"));
	cr_assert(strstr(err.remedy, "`address`"));
	cr_assert(strstr(err.remedy, "`claims`"));
	localhost_driver.close(&location);
	json_decref(options);
}

Test(localhost_answers, check_refuses_what_a_process_cannot_have)
{
	struct instance_spec *spec = bench_spec("web", "true");
	struct volume volume = {.path = "/data"};
	struct error err = {0};

	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), 0, "%s", err.text);
	spec->volumes = &volume;
	spec->volume_count = 1;
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), -1);
	cr_assert_eq(err.code, ERR_UNSUPPORTED);
	cr_assert(strstr(err.text, "`volumes`"));
	spec->volume_count = 0;
	spec->memory_bytes = 1;
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), -1);
	cr_assert(strstr(err.text, "`memory`"), "%s", err.text);
	spec->memory_bytes = 0;
	spec->nano_cpus = 500000000;
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), -1);
	cr_assert(strstr(err.text, "`cpus`"), "%s", err.text);
	spec->nano_cpus = 0;
	spec->kind = COMPONENT_DOCKER;
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), -1);
	cr_assert_eq(err.code, ERR_UNSUPPORTED);
	spec->kind = COMPONENT_PROCESS;
	bench.location.helper = "/nowhere/berth-helper";
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), -1);
	cr_assert_eq(err.code, ERR_MISSING);
	cr_assert(*err.remedy);
}

Test(localhost_answers, words_that_are_not_known_yet_are_not_missed)
{
	struct instance_spec *spec = bench_spec("web", "true");
	struct error err = {0};

	spec->command = NULL;
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), -1);
	cr_assert(strstr(err.text, "`command`"), "%s", err.text);
	*spec->digest = '\0'; /* it waits for values of others */
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &err), 0, "%s", err.text);
}

static void assert_same(const struct attachment *a, const struct attachment *b)
{
	cr_assert_str_eq(a->network, b->network);
	cr_assert_str_eq(a->address, b->address);
	cr_assert_eq(a->port_count, b->port_count);
	for (size_t i = 0; i < a->port_count; i++) {
		cr_assert_eq(a->ports[i].port, b->ports[i].port);
		cr_assert_eq(a->ports[i].number, b->ports[i].number);
		cr_assert_eq(a->ports[i].protocol, b->ports[i].protocol);
	}
}

Test(localhost_answers, observed_attachments_are_the_foreseen_ones)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct spec_port ports[] = {
	    {.name = "http", .port = 8080, .protocol = TCP, .open = true},
	    {.name = "admin",
	     .port = 9000,
	     .protocol = TCP,
	     .published = true,
	     .host_address = "192.0.2.7",
	     .host_port = 9000},
	    {.port = 53, .protocol = UDP, .published = true, .host_address = "192.0.2.7", .host_port = 53},
	};
	const struct attachment *foreseen;
	size_t count;

	spec->ports = ports;
	spec->port_count = 3;
	spec->bind_address = "0.0.0.0";
	cr_assert_eq(
	    localhost_driver.foresee(&bench.location, spec, &bench.arena, &foreseen, &count, &bench.error),
	    0);
	cr_assert_eq(count, 2);
	cr_assert_eq(strncmp(foreseen[0].network, "host:", 5), 0);
	cr_assert_str_eq(foreseen[0].address, "127.0.0.1");
	cr_assert_eq(foreseen[0].port_count, 3);
	cr_assert_str_eq(foreseen[1].network, "");
	cr_assert_str_eq(foreseen[1].address, "192.0.2.7");
	cr_assert_eq(foreseen[1].port_count, 2);
	cr_assert_eq(foreseen[1].ports[1].protocol, UDP);
	bench_run(spec);
	const struct observed *seen = bench_look(spec);
	cr_assert_eq(seen->attachment_count, 2);
	assert_same(&seen->attachments[0], &foreseen[0]);
	assert_same(&seen->attachments[1], &foreseen[1]);
}

Test(localhost_answers, ports_are_published_on_the_address_named)
{
	char address[64];

	json_object_set_new(bench.options, "address", json_string("192.0.2.9"));
	bench_close();
	bench_open();
	cr_assert_eq(
	    localhost_driver.publish_address(&bench.location, address, sizeof(address), &bench.error), 0);
	cr_assert_str_eq(address, "192.0.2.9");
}

Test(localhost_answers, connect_says_what_machine_this_is)
{
	struct location_facts facts;

	cr_assert_eq(localhost_driver.connect(&bench.location, &bench.errand, &facts, &bench.error),
		     PROGRESS_DONE);
	cr_assert_str_eq(facts.endpoint, "this machine");
	cr_assert(strstr(facts.details, "CPU"));
	cr_assert(strstr(facts.details, "GiB, Linux "));
	cr_assert_null(strstr(facts.details, "0 CPU"));
}

/* --- checks -------------------------------------------------------------------------------- */

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 8), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static enum progress probe(const struct instance_spec *spec, const struct health_check *check)
{
	return DRIVE(localhost_driver.probe(&bench.location, &bench.errand, spec, check, &bench.error));
}

static struct health_check command_check(struct value *word, const char *shell)
{
	*word = (struct value){.kind = VALUE_TEXT, .text = shell, .component = NO_COMPONENT};
	return (struct health_check){.kind = CHECK_COMMAND,
				     .timeout_ms = 5000,
				     .command = {.given = true, .shell = true, .words = word, .count = 1}};
}

Test(localhost_answers, tcp_check_asks_its_port)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct health_check check = {.kind = CHECK_TCP, .timeout_ms = 5000};
	int fd = listen_somewhere(&check.port);

	bench_run(spec);
	cr_assert_eq(probe(spec, &check), PROGRESS_DONE, "%s", bench.error.text);
	close(fd);
	cr_assert_eq(probe(spec, &check), PROGRESS_FAILED);
	cr_assert_neq(bench.error.code, OK);
}

/* A controller that found it running knows none of its variables. */
Test(localhost_answers, a_command_is_asked_with_the_variables_that_the_process_runs_with)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000"),
			     *unknown = bench_spec("web", "sleep 1000");
	struct spec_variable variable = {"LEVEL", "7", false};
	struct value word;
	struct health_check check = command_check(&word, "test \"$LEVEL\" = 7 && ls /");

	spec->variables = &variable;
	spec->variable_count = 1;
	bench_run(spec);
	cr_expect_eq(probe(spec, &check), PROGRESS_DONE, "%s", bench.error.text);
	unknown->variable_count = 0;
	cr_expect_eq(probe(unknown, &check), PROGRESS_DONE, "%s", bench.error.text);
}

/* Its last consumer outside is gone, which is no reason to make it anew. */
Test(localhost_answers, checks_ask_where_it_was_told_to_listen)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct spec_variable variable = {"BIND_ADDRESS", "127.0.0.1", false};
	struct health_check tcp = {.kind = CHECK_TCP, .timeout_ms = 5000}, command;
	struct value word;
	int fd = listen_somewhere(&tcp.port);

	bench_run(spec);
	spec->bind_address = "127.0.0.99";
	variable.value = spec->bind_address;
	spec->variables = &variable;
	spec->variable_count = 1;
	cr_assert_eq(probe(spec, &tcp), PROGRESS_DONE, "%s", bench.error.text);
	command = command_check(&word, "test $BIND_ADDRESS = 127.0.0.1");
	cr_assert_eq(probe(spec, &command), PROGRESS_DONE, "%s", bench.error.text);
	close(fd);
}

Test(localhost_answers, port_of_another_program_is_told_before_the_start)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct spec_port port = {.name = "http", .protocol = TCP};
	int fd = listen_somewhere(&port.port);
	char words[80];

	spec->ports = &port;
	spec->port_count = 1;
	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_assert_eq(bench_start(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	snprintf(words, sizeof(words), "port %u on 127.0.0.1 is taken by another program",
		 (unsigned)port.port);
	cr_assert_str_eq(bench.error.text, words);
	close(fd);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(localhost_driver.port_free(&bench.location, "127.0.0.1", port.port, TCP));
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE);
	cr_assert(localhost_driver.port_free(&bench.location, "127.0.0.1", port.port, TCP));
}

/* Answers one request in a child, with that status. */
static void answer_once(int fd, const char *status)
{
	if (fork() != 0)
		return;
	char request[2000], answer[200];
	int client = accept(fd, NULL, NULL);
	ssize_t got = read(client, request, sizeof(request) - 1);
	request[got > 0 ? got : 0] = '\0';
	bool right = strncmp(request, "GET /health HTTP/1.1\r\n", 22) == 0;
	int size = snprintf(answer, sizeof(answer),
			    "HTTP/1.1 %s\r\nContent-Length: 13\r\nConnection: close\r\n\r\nno\ndatabase\n\n",
			    right ? status : "418 Wrong");
	_exit(write(client, answer, (size_t)size) == size ? 0 : 1);
}

Test(localhost_answers, http_check_judges_the_status)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct health_check check = {.kind = CHECK_HTTP, .timeout_ms = 5000, .path = "/health"};
	int fd = listen_somewhere(&check.port);

	bench_run(spec);
	answer_once(fd, "302 Found");
	cr_assert_eq(probe(spec, &check), PROGRESS_DONE, "%s", bench.error.text);
	answer_once(fd, "503 Busy");
	cr_assert_eq(probe(spec, &check), PROGRESS_FAILED);
	cr_assert_str_eq(bench.error.text, "it answers with status 503: no database");
	check.status = 204;
	answer_once(fd, "200 OK");
	cr_assert_eq(probe(spec, &check), PROGRESS_FAILED);
	cr_assert(strstr(bench.error.text, "200, not 204"), "%s", bench.error.text);
	close(fd);
}

Test(localhost_answers, command_check_sees_the_components_environment)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct spec_variable variable = {"COLOUR", "blue", false};
	struct value word;
	struct health_check check = command_check(&word, "test \"$COLOUR\" = blue");

	spec->variables = &variable;
	spec->variable_count = 1;
	bench_run(spec);
	cr_assert_eq(probe(spec, &check), PROGRESS_DONE, "%s", bench.error.text);
	check = command_check(&word, "echo first; echo it is broken >&2; exit 4");
	cr_assert_eq(probe(spec, &check), PROGRESS_FAILED);
	cr_assert_str_eq(bench.error.text, "the check exited with code 4: first it is broken");
}

Test(localhost_answers, command_check_that_hangs_is_killed_with_its_children)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct spec_variable variable = {"HANGING", bench.app, false};
	struct value word;
	struct health_check check = command_check(&word, "echo hangs; sleep 1000 & sleep 1000");
	char *mark = arena_format(&bench.arena, "HANGING=%s", bench.app);

	bench_run(spec);
	spec->variables = &variable;
	spec->variable_count = 1;
	check.timeout_ms = 300;
	cr_assert_eq(probe(spec, &check), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_TIMED_OUT);
	cr_assert(strstr(bench.error.text, "300 ms: hangs"), "%s", bench.error.text);
	cr_assert(EVENTUALLY(bench_count(mark) == 0));
}

Test(localhost_answers, check_of_one_that_restarts_tells_its_last_exit)
{
	struct instance_spec *spec = bench_spec("web", "exit 5");
	struct health_check none = {.kind = CHECK_NONE};

	bench_run(spec);
	cr_assert(EVENTUALLY(bench_look(spec)->exits >= 4));
	cr_assert(EVENTUALLY(bench_look(spec)->state == SEEN_RESTARTING));
	cr_assert_eq(probe(spec, &none), PROGRESS_FAILED);
	cr_assert(strstr(bench.error.text, "exited with code 5"), "%s", bench.error.text);
}

Test(localhost_answers, no_check_means_it_runs)
{
	struct instance_spec *spec = bench_spec("web", "sleep 1000");
	struct health_check none = {.kind = CHECK_NONE};

	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_assert_eq(probe(spec, &none), PROGRESS_FAILED);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE);
	cr_assert_eq(probe(spec, &none), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_eq(probe(spec, &none), PROGRESS_FAILED);
}

/* --- logs ---------------------------------------------------------------------------------- */

struct collected {
	struct text all, errors;
};

static void collect(void *owner, bool errors, const char *bytes, size_t count)
{
	struct collected *collected = owner;

	text_add_bytes(&collected->all, bytes, count);
	if (errors)
		text_add_bytes(&collected->errors, bytes, count);
}

static void forget(struct collected *collected)
{
	text_clear(&collected->all);
	text_clear(&collected->errors);
}

static void release_collected(struct collected *collected)
{
	text_release(&collected->all);
	text_release(&collected->errors);
}

static enum progress logs(const struct instance_spec *spec, const struct log_options *options,
			  struct collected *ret)
{
	return DRIVE(localhost_driver.logs(&bench.location, &bench.errand, bench.app, spec->name, options,
					   collect, ret, &bench.error));
}

Test(localhost_answers, logs_keep_both_streams_and_the_end_after_the_exit)
{
	struct instance_spec *spec =
	    bench_spec("web", "echo one; echo two >&2; echo three; printf unfinished; exec sleep 1000");
	owned_by(release_collected) struct collected collected = {0};
	struct log_options all = {.tail = -1}, last = {.tail = 2}, none = {.tail = 0};

	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " three\n")));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_eq(logs(spec, &all, &collected), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_str_eq(text_view(&collected.errors), "two\n");
	cr_assert(strstr(text_view(&collected.all), "one\n"));
	cr_assert(strstr(text_view(&collected.all), "three\n"));
	cr_assert(strstr(text_view(&collected.all), "unfinished\n"));
	forget(&collected);
	cr_assert_eq(logs(spec, &last, &collected), PROGRESS_DONE);
	cr_assert(strstr(text_view(&collected.all), "unfinished\n"));
	cr_assert_null(strstr(text_view(&collected.all), "one\n"));
	forget(&collected);
	cr_assert_eq(logs(spec, &none, &collected), PROGRESS_DONE);
	cr_assert_eq(collected.all.length, 0);
}

Test(localhost_answers, logs_of_a_while_are_each_line_of_it_once)
{
	struct instance_spec *spec = bench_spec("web", "echo one; sleep 0.3; echo two; exec sleep 1000");
	owned_by(release_collected) struct collected collected = {0};
	long long first, second;

	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " two\n")));
	const char *log = bench_read(bench_path(spec, "log"));
	cr_assert_eq(sscanf(strchr(log, '\n') + 1, "o%lld one\no%lld two", &first, &second), 2, "%s", log);
	struct log_options before = {.tail = -1, .until_ms = second},
			   after = {.tail = -1, .since_ms = second, .until_ms = second + 1},
			   later = {.tail = -1, .since_ms = second + 1};
	cr_assert_eq(logs(spec, &before, &collected), PROGRESS_DONE);
	cr_assert_str_eq(text_view(&collected.all), "one\n");
	forget(&collected);
	cr_assert_eq(logs(spec, &after, &collected), PROGRESS_DONE);
	cr_assert_str_eq(text_view(&collected.all), "two\n");
	forget(&collected);
	cr_assert_eq(logs(spec, &later, &collected), PROGRESS_DONE);
	cr_assert_eq(collected.all.length, 0);
}

Test(localhost_answers, logs_follow_until_the_end)
{
	struct instance_spec *spec =
	    bench_spec("web", "echo first; while [ ! -e go ]; do sleep 0.05; done; echo second; "
			      "echo done >said; exec sleep 1000");
	owned_by(release_collected) struct collected collected = {0};
	struct log_options follow = {.tail = -1, .follow = true};
	struct error err = {0};

	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " first\n")));
	cr_assert_eq(localhost_driver.logs(&bench.location, &bench.errand, bench.app, spec->name, &follow,
					   collect, &collected, &err),
		     PROGRESS_WAITING);
	cr_assert_str_eq(text_view(&collected.all), "first\n");
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, bench_path(spec, "work/go"), 0644, "", 0, NULL), 0);
	while (!strstr(text_view(&collected.all), "second\n")) {
		bench_wait();
		cr_assert_eq(localhost_driver.logs(&bench.location, &bench.errand, bench.app, spec->name,
						   &follow, collect, &collected, &err),
			     PROGRESS_WAITING);
	}
	cr_assert_str_eq(text_view(&collected.all), "first\nsecond\n");
	kill(bench_helper(bench_listed(spec)), SIGTERM);
	cr_assert_eq(logs(spec, &follow, &collected), PROGRESS_DONE);
	cr_assert_str_eq(text_view(&collected.all), "first\nsecond\n");
}

static void write_log(const struct instance_spec *spec, const char *file, const char *text)
{
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, bench_path(spec, file), 0600, text, strlen(text), NULL),
	    0);
}

Test(localhost_answers, follower_loses_nothing_when_the_log_rotates)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	owned_by(release_collected) struct collected collected = {0};
	struct log_options follow = {.tail = 1, .follow = true};
	struct error err = {0};

	/* The command is silent, so the test may write its log. */
	bench_run(spec);
	write_log(spec, "log", "log 4\no1 one\no2 two\no3 thr");
	cr_assert_eq(localhost_driver.logs(&bench.location, &bench.errand, bench.app, spec->name, &follow,
					   collect, &collected, &err),
		     PROGRESS_WAITING);
	cr_assert_str_eq(text_view(&collected.all), "two\n");
	write_log(spec, "log.1", "log 4\no1 one\no2 two\no3 three\ne4 four\n");
	write_log(spec, "log", "log 5\nO5 fi\no6 ve\n");
	bench_wait();
	cr_assert_eq(localhost_driver.logs(&bench.location, &bench.errand, bench.app, spec->name, &follow,
					   collect, &collected, &err),
		     PROGRESS_WAITING);
	cr_assert_str_eq(text_view(&collected.all), "two\nthree\nfour\nfive\n");
	cr_assert_str_eq(text_view(&collected.errors), "four\n");
}

Test(localhost_answers, logs_reach_into_the_older_file_and_back_in_time)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	owned_by(release_collected) struct collected collected = {0};
	struct log_options three = {.tail = 3}, since = {.tail = -1, .since_ms = 3};

	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	write_log(spec, "log.1", "log 1\no1 one\no2 two\n");
	write_log(spec, "log", "log 2\nO3 thr\no3 ee\no4 four\n");
	cr_assert_eq(logs(spec, &three, &collected), PROGRESS_DONE);
	cr_assert_str_eq(text_view(&collected.all), "two\nthree\nfour\n");
	forget(&collected);
	cr_assert_eq(logs(spec, &since, &collected), PROGRESS_DONE);
	cr_assert_str_eq(text_view(&collected.all), "three\nfour\n");
}

Test(localhost_answers, long_lines_come_back_whole)
{
	struct instance_spec *spec =
	    bench_spec("web", "head -c 30000 /dev/zero | tr '\\0' x; echo; echo end; exec sleep 1000");
	owned_by(release_collected) struct collected collected = {0};
	struct log_options all = {.tail = -1};

	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " end\n")));
	cr_assert_eq(logs(spec, &all, &collected), PROGRESS_DONE);
	cr_assert_eq(collected.all.length, 30000 + 1 + 4);
	cr_assert_eq(strspn(text_view(&collected.all), "x"), 30000);
}

Test(localhost_answers, logs_of_nothing_are_missing)
{
	struct instance_spec *spec = bench_spec("web", "true");
	owned_by(release_collected) struct collected collected = {0};
	struct log_options all = {.tail = -1};

	cr_assert_eq(logs(spec, &all, &collected), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
}
