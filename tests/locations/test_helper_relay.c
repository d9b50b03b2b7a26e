/* test_helper_relay.c - the helper as a stand-in: connections through it to servers that this test plays. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

static pid_t helper;
static char folder[] = "/tmp/berth-relay.XXXXXX", path[64];
static int servers[2] = {-1, -1};
static unsigned ports[2], front;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- both sides of it ------------------------------------------------------------------------------- */

static int listening(unsigned *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(!bind(fd, (struct sockaddr *)&address, size) && !listen(fd, 16));
	cr_assert(!getsockname(fd, (struct sockaddr *)&address, &size));
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int connected(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The next connection that comes to the server, or -1 when none comes so long. */
static int taken(int server, int patience_ms)
{
	struct pollfd waits = {.fd = servers[server], .events = POLLIN};

	return poll(&waits, 1, patience_ms) == 1 ? accept4(servers[server], NULL, NULL, SOCK_CLOEXEC) : -1;
}

static void says(int fd, const char *words)
{
	cr_assert_eq(send(fd, words, strlen(words), MSG_NOSIGNAL), (ssize_t)strlen(words));
}

/* All that comes until so much was read, or the end. */
static size_t heard(int fd, char *bytes, size_t size)
{
	struct pollfd waits = {.fd = fd, .events = POLLIN};
	size_t count = 0;

	while (count < size && poll(&waits, 1, PATIENCE_MS) == 1) {
		ssize_t got = recv(fd, bytes + count, size - count, 0);
		if (got <= 0)
			break;
		count += (size_t)got;
	}
	return count;
}

static void hears(int fd, const char *words)
{
	char bytes[64] = "";

	heard(fd, bytes, strlen(words));
	cr_expect_str_eq(bytes, words);
}

static bool has_ended(int fd)
{
	char byte;

	return heard(fd, &byte, 1) == 0;
}

/* --- the helper ------------------------------------------------------------------------------------- */

static void write_file(const char *text)
{
	char fresh[80];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	FILE *file = fopen(fresh, "we");
	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0 && rename(fresh, path) == 0);
}

/* Connections to the front go to these of the servers. */
static void lead_to(bool first, bool second)
{
	char text[200], one[40] = "", other[40] = "";

	if (first)
		snprintf(one, sizeof(one), " 127.0.0.1:%u", ports[0]);
	if (second)
		snprintf(other, sizeof(other), " 127.0.0.1:%u", ports[1]);
	snprintf(text, sizeof(text), "127.0.0.1:%u%s%s\n", front, one, other);
	write_file(text);
}

static void start_helper(void)
{
	helper = fork();
	if (!helper) {
		execl(BERTH_HELPER_PATH, BERTH_HELPER_PATH, "relay", path, (char *)NULL);
		_exit(127);
	}
	int64_t until = now_ms() + PATIENCE_MS;
	int fd;
	while ((fd = connected(front)) < 0 && now_ms() < until)
		poll(NULL, 0, 5);
	cr_assert(fd >= 0);
	close(fd);
}

static void set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/relay", folder);
	for (int i = 0; i < 2; i++)
		servers[i] = listening(&ports[i]);
	close(listening(&front));
	lead_to(false, false);
	start_helper();
}

static void take_down(void)
{
	if (helper > 0) {
		kill(helper, SIGKILL);
		waitpid(helper, NULL, 0);
	}
	for (int i = 0; i < 2; i++)
		close(servers[i]);
	unlink(path);
	rmdir(folder);
}

TestSuite(helper_relay, .init = set_up, .fini = take_down, .timeout = 240);

/* The server's end of the next connection that says these words first; of others only asked was whether they
 * are taken. -1: none came so long. */
static int taken_saying(int server, const char *words, int patience_ms)
{
	char bytes[64];
	int fd;

	while ((fd = taken(server, patience_ms)) >= 0) {
		size_t count = heard(fd, bytes, strlen(words));
		if (count == strlen(words) && memcmp(bytes, words, count) == 0)
			return fd;
		close(fd);
	}
	return -1;
}

/* It is told, and has read it when a new connection goes to the server that it names now. */
static void moved_to(int server)
{
	lead_to(server == 0, server == 1);
	kill(helper, SIGHUP);
	int64_t until = now_ms() + PATIENCE_MS;
	int there = -1;
	while (there < 0 && now_ms() < until) {
		int fd = connected(front);
		says(fd, "moved?");
		there = taken_saying(server, "moved?", 200);
		close(fd);
	}
	cr_assert(there >= 0);
	close(there);
}

/* A client, and the server's end of its connection. */
static int led(int server, int *ret_there)
{
	int client = connected(front);

	cr_assert(client >= 0);
	says(client, "led?");
	*ret_there = taken_saying(server, "led?", PATIENCE_MS);
	cr_assert(*ret_there >= 0);
	return client;
}

Test(helper_relay, what_one_end_says_the_other_hears_and_an_end_is_passed_on_by_itself)
{
	int there;
	moved_to(0);
	int client = led(0, &there);

	says(client, "question");
	hears(there, "question");
	shutdown(client, SHUT_WR);
	cr_expect(has_ended(there));
	says(there, "an answer to what has ended");
	hears(client, "an answer to what has ended");
	close(there);
	cr_expect(has_ended(client));
	close(client);
}

Test(helper_relay, a_provider_that_moves_is_followed_while_connections_under_way_go_on)
{
	int before, after;
	moved_to(0);
	int kept = led(0, &before);
	moved_to(1);
	int fresh = led(1, &after);

	says(kept, "still");
	hears(before, "still");
	says(fresh, "anew");
	hears(after, "anew");
	close(kept);
	close(fresh);
	cr_expect(has_ended(before) && has_ended(after));
	close(before);
	close(after);
}

Test(helper_relay, one_that_comes_before_its_provider_is_led_there_once_it_is_told)
{
	int client = connected(front);

	says(client, "early");
	lead_to(true, false);
	kill(helper, SIGHUP);
	int there = taken_saying(0, "early", PATIENCE_MS);
	cr_assert(there >= 0);
	close(there);
	close(client);
}

Test(helper_relay, one_for_whom_nobody_is_told_is_let_go_of)
{
	int client = connected(front);

	cr_expect(has_ended(client));
	close(client);
}

Test(helper_relay, a_target_that_does_not_answer_is_passed_over)
{
	int there;
	moved_to(0);
	close(servers[1]);
	lead_to(true, true);
	kill(helper, SIGHUP);
	for (int i = 0; i < 4; i++) {
		int client = led(0, &there);
		says(client, "x");
		hears(there, "x");
		close(client);
		close(there);
	}
}

Test(helper_relay, much_of_it_arrives_whole_though_the_reader_is_slow)
{
	enum { SIZE = 8 << 20 };
	int there;
	moved_to(0);
	int client = led(0, &there);
	char *sent = malloc(SIZE), *got = malloc(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (char)(i * 31 + (i >> 12));
	pid_t writer = fork();
	if (!writer) {
		size_t done = 0;
		while (done < SIZE) {
			ssize_t count = send(there, sent + done, SIZE - done, MSG_NOSIGNAL);
			if (count <= 0)
				_exit(1);
			done += (size_t)count;
		}
		_exit(0);
	}
	close(there);
	size_t count = heard(client, got, 1000);
	poll(NULL, 0, 50); /* until all on the way is full */
	count += heard(client, got + count, SIZE - count);
	cr_expect_eq(count, SIZE);
	cr_expect_eq(memcmp(sent, got, SIZE), 0);
	cr_expect(has_ended(client));
	waitpid(writer, NULL, 0);
	close(client);
	free(sent);
	free(got);
}

Test(helper_relay, a_file_that_it_cannot_read_changes_nothing)
{
	int there;
	moved_to(0);
	write_file("80 nowhere\n");
	kill(helper, SIGHUP);
	int client = led(0, &there);
	says(client, "x");
	hears(there, "x");
	close(client);
	close(there);
}

Test(helper_relay, told_to_end_it_does_when_the_last_connection_has)
{
	int there, status = 0;
	moved_to(0);
	int client = led(0, &there);

	kill(helper, SIGTERM);
	int64_t until = now_ms() + PATIENCE_MS;
	int fd;
	while ((fd = connected(front)) >= 0 && now_ms() < until)
		close(fd);
	cr_expect(fd < 0, "it takes nobody new");
	says(client, "last words");
	hears(there, "last words");
	close(client);
	close(there);
	close(servers[0]); /* with it those that were only asked whether they are taken */
	servers[0] = -1;
	cr_assert_eq(waitpid(helper, &status, 0), helper);
	helper = 0;
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
