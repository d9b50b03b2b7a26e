/* test_helper_probe.c - the helper's questions, asked through its pipes of servers that this test plays. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { PATIENCE_MS = 60000 };

static pid_t helper;
static int to_helper = -1, from_helper = -1, listener = -1;
static unsigned port;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void start_helper(const char *idle_s)
{
	int in[2], out[2];

	cr_assert(!pipe(in) && !pipe(out));
	helper = fork();
	if (!helper) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		execl(BERTH_HELPER_PATH, BERTH_HELPER_PATH, "probe", idle_s, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_helper = in[1];
	from_helper = out[0];
}

static void set_up(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(!bind(listener, (struct sockaddr *)&address, size) && !listen(listener, 16));
	cr_assert(!getsockname(listener, (struct sockaddr *)&address, &size));
	port = ntohs(address.sin_port);
	start_helper("60");
}

/* Exit code, or -1 when it does not end. */
static int end_of_helper(void)
{
	int status;
	int64_t until = now_ms() + PATIENCE_MS;

	while (waitpid(helper, &status, WNOHANG) != helper) {
		if (now_ms() > until)
			return -1;
		poll(NULL, 0, 5);
	}
	helper = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* It ends with its input, and is killed when it does not. */
static void end_helper(void)
{
	struct pollfd answers = {.fd = from_helper, .events = POLLIN};
	char rest[4096];

	close(to_helper);
	while (helper > 0 && poll(&answers, 1, 2000) == 1 && read(from_helper, rest, sizeof(rest)) > 0)
		;
	if (helper > 0 && end_of_helper() < 0) {
		kill(helper, SIGKILL);
		waitpid(helper, NULL, 0);
	}
	helper = 0;
	close(from_helper);
}

static void take_down(void)
{
	end_helper();
	close(listener);
}

TestSuite(helper_probe, .init = set_up, .fini = take_down, .timeout = 240);

static void ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void ask(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cr_assert(vdprintf(to_helper, format, arguments) > 0);
	va_end(arguments);
}

/* The next answer, without its newline; "" when none comes. */
static const char *answer(void)
{
	static char line[1024];
	size_t length = 0;
	int64_t until = now_ms() + PATIENCE_MS;
	struct pollfd poll_fd = {.fd = from_helper, .events = POLLIN};

	while (length < sizeof(line) - 1 && now_ms() < until && poll(&poll_fd, 1, PATIENCE_MS) == 1 &&
	       read(from_helper, line + length, 1) == 1 && line[length] != '\n')
		length++;
	line[length] = '\0';
	return line;
}

#define ANSWERS(...)                                                                                         \
	do {                                                                                                 \
		char wanted_[512];                                                                           \
		snprintf(wanted_, sizeof(wanted_), __VA_ARGS__);                                             \
		cr_assert_str_eq(answer(), wanted_);                                                         \
	} while (0)

/* The helper's connection, and what it asked there. */
static int accept_one(char *ret_request, size_t size)
{
	struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
	size_t length = 0;

	cr_assert(poll(&poll_fd, 1, PATIENCE_MS) == 1, "nobody connects");
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert(fd >= 0);
	while (size && !strstr((ret_request[length] = '\0', ret_request), "\r\n\r\n")) {
		ssize_t count = read(fd, ret_request + length, size - 1 - length);
		cr_assert(count > 0, "no whole request: %s", ret_request);
		length += (size_t)count;
	}
	return fd;
}

/* Asks for a page and answers with these bytes, then hangs up. */
static const char *page_answers(const char *bytes)
{
	char request[512];

	ask("p http 10000 127.0.0.1 %u /ok\n", port);
	int fd = accept_one(request, sizeof(request));
	cr_assert(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
	shutdown(fd, SHUT_WR);
	const char *said = answer();
	close(fd);
	return said;
}

Test(helper_probe, port_that_takes_connections_is_open)
{
	ask("a1 tcp 10000 127.0.0.1 %u\n", port);
	ANSWERS("a1 open");
}

Test(helper_probe, nobody_there_is_told_in_words)
{
	close(listener);
	listener = -1;
	ask("a tcp 10000 127.0.0.1 %u\nb http 10000 127.0.0.1 %u /\n", port, port);
	ANSWERS("a error 127.0.0.1:%u: connection refused", port);
	ANSWERS("b error cannot connect to 127.0.0.1:%u: Connection refused", port);
}

Test(helper_probe, page_is_asked_as_a_client_asks)
{
	char request[512];

	ask("p http 10000 127.0.0.1 %u /a?b=c\n", port);
	int fd = accept_one(request, sizeof(request));
	char wanted[256];
	snprintf(wanted, sizeof(wanted), "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n\r\n",
		 port);
	cr_assert_str_eq(request, wanted);
	close(fd);
}

Test(helper_probe, status_and_beginning_of_the_page_are_told)
{
	cr_assert_str_eq(page_answers("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 5\r\n\r\nshort"),
			 "p status 418 73686f7274");
	cr_assert_str_eq(page_answers("HTTP/1.0 200 OK\r\n\r\n\x01\xff"), "p status 200 01ff");
	cr_assert_str_eq(page_answers("HTTP/1.1 204 No Content\r\n\r\n"), "p status 204 ");
}

Test(helper_probe, lines_may_end_without_a_carriage_return)
{
	cr_assert_str_eq(page_answers("HTTP/1.0 200 OK\nServer: toy\n\nhi"), "p status 200 6869");
}

Test(helper_probe, chunks_are_put_together)
{
	cr_assert_str_eq(page_answers("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"
				      "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n"),
			 "p status 200 616263");
}

Test(helper_probe, interim_answers_are_passed_over)
{
	cr_assert_str_eq(page_answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: "
				      "0\r\n\r\n"),
			 "p status 503 ");
}

Test(helper_probe, whole_answer_is_enough_while_the_connection_stays)
{
	char request[512];
	static const char bytes[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";

	ask("p http 10000 127.0.0.1 %u /ok\n", port);
	int fd = accept_one(request, sizeof(request));
	cr_assert(write(fd, bytes, strlen(bytes)) > 0);
	ANSWERS("p status 200 78");
	close(fd);
}

Test(helper_probe, long_pages_are_read_to_their_end_and_cut_short)
{
	char page[20000] = "HTTP/1.1 200 OK\r\n\r\n", wanted[512] = "p status 200 ";

	memset(page + strlen(page), 'x', sizeof(page) - 1 - strlen(page));
	for (int i = 0; i < 200; i++)
		strcat(wanted, "78");
	cr_assert_str_eq(page_answers(page), wanted);
}

Test(helper_probe, cut_answer_is_none)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted),
		 "p error 127.0.0.1:%u ended the connection before its answer was whole", port);
	cr_assert_str_eq(page_answers(""), wanted);
	cr_assert_str_eq(page_answers("HTTP/1.1 200"), wanted);
	cr_assert_str_eq(page_answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), wanted);
	cr_assert_str_eq(page_answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab"),
			 wanted);
}

Test(helper_probe, other_protocols_are_no_answer)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "p error 127.0.0.1:%u does not answer as HTTP should", port);
	cr_assert_str_eq(page_answers("SSH-2.0-OpenSSH_9.2p1\r\n"), wanted);
	cr_assert_str_eq(page_answers("HTTP/1.1 ok\r\n\r\n"), wanted);
	cr_assert_str_eq(page_answers("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), wanted);
	cr_assert_str_eq(page_answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), wanted);
}

Test(helper_probe, silence_is_no_answer_in_time)
{
	char request[512];

	ask("p http 100 127.0.0.1 %u /\n", port);
	int fd = accept_one(request, sizeof(request));
	ANSWERS("p error no answer from 127.0.0.1:%u in time", port);
	close(fd);
}

Test(helper_probe, trickle_is_no_answer_in_time)
{
	char request[512];
	int64_t until = now_ms() + PATIENCE_MS;
	struct pollfd poll_fd = {.fd = from_helper, .events = POLLIN};

	ask("p http 200 127.0.0.1 %u /\n", port);
	int fd = accept_one(request, sizeof(request));
	cr_assert(write(fd, "HTTP/1.1 200 OK\r\n\r\n", 19) == 19);
	while (now_ms() < until && poll(&poll_fd, 1, 5) == 0 && write(fd, "x", 1) == 1)
		;
	ANSWERS("p error no answer from 127.0.0.1:%u in time", port);
	close(fd);
}

Test(helper_probe, slow_one_keeps_no_other_waiting)
{
	char request[512];

	ask("slow http 10000 127.0.0.1 %u /\n", port);
	int fd = accept_one(request, sizeof(request));
	for (int i = 0; i < 100; i++)
		ask("q%d tcp 10000 127.0.0.1 %u\n", i, port);
	for (int i = 0; i < 100; i++) {
		cr_assert(starts_with(answer(), "q"));
		close(accept_one(NULL, 0));
	}
	cr_assert(write(fd, "HTTP/1.1 204 OK\r\n\r\n", 19) == 19);
	ANSWERS("slow status 204 ");
	close(fd);
}

Test(helper_probe, more_than_it_can_hold_are_refused)
{
	char request[512];
	int fds[256];

	for (int i = 0; i < 256; i++) {
		ask("h%d http 60000 127.0.0.1 %u /\n", i, port);
		fds[i] = accept_one(request, sizeof(request));
	}
	ask("more tcp 10000 127.0.0.1 %u\n", port);
	ANSWERS("more error too many questions at once");
	for (int i = 0; i < 256; i++)
		close(fds[i]);
}

Test(helper_probe, nonsense_is_refused_by_its_name)
{
	char path[20000];

	ask("a\nb tcp 1 127.0.0.1\nc tcp 1 127.0.0.1 0\nd http 1 127.0.0.1 80 x\ne tcp 1 localhost 80\n");
	ANSWERS("a error the question is not understood");
	ANSWERS("b error the question is not understood");
	ANSWERS("c error the question is not understood");
	ANSWERS("d error the question is not understood");
	ANSWERS("e error the address is not numeric");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ask("f http 1000 127.0.0.1 80 /%s\ng tcp 10000 127.0.0.1 %u\n", path, port);
	ANSWERS("f error the question is too long");
	ANSWERS("g open");
}

Test(helper_probe, ends_with_its_input)
{
	char request[512];

	ask("p http 60000 127.0.0.1 %u /\n", port);
	int fd = accept_one(request, sizeof(request));
	close(to_helper);
	to_helper = -1;
	cr_assert_eq(end_of_helper(), 0);
	close(fd);
}

Test(helper_probe, ends_when_nothing_is_asked)
{
	end_helper();
	start_helper("1");
	int64_t before = now_ms();
	cr_assert_eq(end_of_helper(), 0);
	cr_assert(now_ms() - before >= 900);
}

Test(helper_probe, ends_when_told_to)
{
	ask("a tcp 10000 127.0.0.1 %u\n", port);
	ANSWERS("a open");
	kill(helper, SIGTERM);
	cr_assert_eq(end_of_helper(), 0);
}
