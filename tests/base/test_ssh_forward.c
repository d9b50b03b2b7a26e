/* test_ssh_forward.c - connections that a machine makes for us: to addresses, to sockets, to further
 * machines. */
#include "channel_client.h"
#include "ssh_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Says back what comes until its end, then "over". */
struct echo {
	int listener;
	uint16_t port;
	char path[256];
	pthread_t thread;
};

static void *serve(void *argument)
{
	struct echo *echo = argument;
	char bytes[4096];
	int fd;

	while ((fd = accept(echo->listener, NULL, NULL)) >= 0) {
		ssize_t got;
		while ((got = read(fd, bytes, sizeof(bytes))) > 0)
			if (write(fd, bytes, (size_t)got) != got)
				break;
		if (write(fd, "over", 4) != 4)
			perror("echo");
		close(fd);
	}
	return NULL;
}

static void start_echo(struct echo *echo, const char *path)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un named = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address);

	echo->listener = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (path) {
		snprintf(echo->path, sizeof(echo->path), "%s", path);
		snprintf(named.sun_path, sizeof(named.sun_path), "%s", path);
		cr_assert_eq(bind(echo->listener, (struct sockaddr *)&named, sizeof(named)), 0);
	} else {
		cr_assert_eq(bind(echo->listener, (struct sockaddr *)&address, size), 0);
		cr_assert_eq(getsockname(echo->listener, (struct sockaddr *)&address, &size), 0);
		echo->port = ntohs(address.sin_port);
	}
	cr_assert_eq(listen(echo->listener, 16), 0);
	cr_assert_eq(pthread_create(&echo->thread, NULL, serve, echo), 0);
}

static void stop_echo(struct echo *echo)
{
	shutdown(echo->listener, SHUT_RDWR);
	pthread_join(echo->thread, NULL);
	close(echo->listener);
}

#define owned_echo __attribute__((cleanup(stop_echo))) struct echo

static void begin(struct told *told, struct world *world, const struct ssh_host *host,
		  const struct ssh_target *target)
{
	struct ssh_sink sink = told_sink(told, true);
	struct error err = {0};

	told->world = world;
	told->call = world->ops->ssh->forward(world, host, target, &sink, &err);
	cr_assert(told->call, "%s", err.text);
}

static void talk(struct told *told, const char *words)
{
	struct world *world = told->world;

	cr_assert(wait_for(world, &told->opened, PATIENCE_MS));
	world->ops->ssh->write(world, told->call, words, strlen(words));
	for (int i = 0; i < 9000 && told->received < strlen(words); i++)
		let_pass(world, 5);
	cr_expect_str_eq(text_view(&told->output), words);
	world->ops->ssh->end(world, told->call);
	told_wait(told);
	cr_expect_eq(told->error.code, OK, "%s", told->error.text);
	cr_expect_eq(told->received, strlen(words) + 4, "what comes after our end comes too");
}

Test(ssh_forward, leads_to_an_address)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_echo echo;
	owned_told told = {0};

	start_echo(&echo, NULL);
	begin(&told, world, &host, &(struct ssh_target){.address = "127.0.0.1", .port = echo.port});
	talk(&told, "to an address and back");
}

Test(ssh_forward, leads_to_a_socket)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_echo echo;
	owned_told told = {0};

	start_echo(&echo, in_folder(&server.folder, "socket"));
	begin(&told, world, &host, &(struct ssh_target){.socket = echo.path});
	talk(&told, "to a socket and back");
}

Test(ssh_forward, carries_megabytes_both_ways)
{
	enum { PIECE = 100000, PIECES = 50 };
	static char piece[PIECE];
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_echo echo;
	owned_told told = {.count_only = true};

	start_echo(&echo, NULL);
	begin(&told, world, &host, &(struct ssh_target){.address = "127.0.0.1", .port = echo.port});
	for (int i = 0; i < PIECES; i++)
		world->ops->ssh->write(world, told.call, piece, sizeof(piece));
	world->ops->ssh->end(world, told.call);
	told_wait(&told);
	cr_expect_eq(told.error.code, OK, "%s", told.error.text);
	cr_expect_eq(told.received, (size_t)PIECE * PIECES + 4);
}

Test(ssh_forward, to_where_nobody_listens_is_told)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0}, local = {0};

	begin(&told, world, &host, &(struct ssh_target){.address = "127.0.0.1", .port = 1});
	told_wait(&told);
	cr_expect_eq(told.error.code, ERR_UNREACHABLE);
	cr_expect_not(told.opened);
	begin(&local, world, &host, &(struct ssh_target){.socket = "/nowhere/socket"});
	told_wait(&local);
	cr_expect_eq(local.error.code, ERR_UNREACHABLE, "%s", local.error.text);
	cr_expect(strstr(local.error.remedy, "listening"), "%s", local.error.remedy);
	/* The session goes on. */
	owned_told after = run_there(world, &host, "echo on");
	cr_expect_str_eq(text_view(&after.output), "on\n");
}

Test(ssh_forward, that_is_not_allowed_is_told_with_the_word_that_would_allow_it)
{
	owned_sshd server =
	    ssh_server_start("AllowTcpForwarding no\nAllowStreamLocalForwarding no", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0}, local = {0};

	begin(&told, world, &host, &(struct ssh_target){.address = "127.0.0.1", .port = 1});
	told_wait(&told);
	cr_expect_eq(told.error.code, ERR_DENIED, "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "AllowTcpForwarding"), "%s", told.error.remedy);
	begin(&local, world, &host, &(struct ssh_target){.socket = "/nowhere/socket"});
	told_wait(&local);
	cr_expect(strstr(local.error.remedy, "AllowStreamLocalForwarding"), "%s", local.error.remedy);
}

Test(ssh_forward, leads_through_two_machines_to_a_third)
{
	owned_sshd first = ssh_server_start("", "ed25519"), second = ssh_server_start("", "ed25519");
	owned_sshd third = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host a = ssh_server_host(&first), b = ssh_server_host(&second),
			c = ssh_server_host(&third);

	b.jump = &a;
	c.jump = &b;
	owned_told told = run_there(world, &c, "echo $SSH_CONNECTION; head -c 3000000 /dev/zero >&2; exit 4");
	cr_expect_eq(told.error.code, ERR_FAILED, "the words are too many: %s", told.error.text);
	owned_told again = run_there(world, &c, "head -c 900000 /dev/zero; exit 4");
	cr_expect_eq(again.error.code, OK, "%s", again.error.text);
	cr_expect_eq(again.output.length, 900000);
	cr_expect_eq(again.exit_code, 4);
	cr_expect(ssh_server_logged(&first, "Accepted publickey") &&
		  ssh_server_logged(&third, "Accepted publickey"));
}

Test(ssh_forward, through_a_machine_that_lets_nobody_through_is_told)
{
	owned_sshd first = ssh_server_start("AllowTcpForwarding no", "ed25519");
	owned_sshd second = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host a = ssh_server_host(&first), b = ssh_server_host(&second);

	b.jump = &a;
	owned_told told = run_there(world, &b, "true");
	cr_expect_eq(told.error.code, ERR_DENIED, "%s", told.error.text);
	cr_expect_not(told.sent);
	cr_expect_not(is_silence(&told.error));
}

/* Of what is behind it nobody knows anything then. */
Test(ssh_forward, a_machine_on_the_way_that_is_away_says_nothing_of_the_one_behind_it)
{
	owned_sshd first = ssh_server_start("", "ed25519"), second = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host a = ssh_server_host(&first), b = ssh_server_host(&second), away = a;

	b.jump = &a;
	uint16_t port = b.port;
	b.port = 1;
	owned_told silent = run_there(world, &b, "true");
	cr_expect(is_silence(&silent.error), "%s", silent.error.text);
	b.port = port;
	away.port = 1;
	b.jump = &away;
	owned_told told = run_there(world, &b, "true");
	cr_expect_eq(told.error.code, ERR_UNREACHABLE, "%s", told.error.text);
	cr_expect_not(is_silence(&told.error), "%s", told.error.text);
	cr_expect(strstr(told.error.text, "the machine that leads there"), "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "`jump`"), "%s", told.error.remedy);
}

/* --- HTTP to a socket of the machine ---------------------------------------------------------------- */

static const char *there(struct http_request *request, const struct ssh_host *host, const char *socket,
			 const char *url)
{
	*request = (struct http_request){
	    .method = "GET", .url = url, .unix_socket = socket, .ssh = host, .timeout_ms = PATIENCE_MS};
	return url;
}

static void ask(struct world *world, const struct http_request *request, struct outcome *outcome)
{
	send_request(world, request, outcome);
	cr_assert(wait_for(world, &outcome->over, PATIENCE_MS));
}

Test(ssh_forward, carries_http_to_a_socket_over_one_connection)
{
	owned_sshd sshd = ssh_server_start("", "ed25519");
	const char *path = in_folder(&sshd.folder, "engine.sock");
	owned_server engine = server_start(path);
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&sshd);
	struct http_request request;

	for (int i = 0; i < 5; i++) {
		owned_outcome outcome = {0};
		there(&request, &host, path, "http://localhost/hello");
		ask(world, &request, &outcome);
		cr_expect_eq(outcome.status, 200, "%s", outcome.error.text);
		cr_expect_str_eq(text_view(&outcome.body), "hello");
	}
	cr_expect_eq(engine->accepted, 1, "%d", (int)engine->accepted);
	owned_outcome big = {0};
	there(&request, &host, path, "http://localhost/big");
	ask(world, &request, &big);
	cr_expect_eq(big.body.length, 1 << 20, "%s", big.error.text);
}

Test(ssh_forward, tells_why_http_does_not_get_to_a_socket)
{
	owned_sshd sshd = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&sshd);
	struct http_request request;
	owned_outcome nobody = {0}, stranger = {0};

	there(&request, &host, "/nowhere/engine.sock", "http://localhost/hello");
	ask(world, &request, &nobody);
	cr_expect_eq(nobody.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(nobody.error.text, "cannot connect us there"), "%s", nobody.error.text);
	host.identity_count = 0;
	there(&request, &host, "/nowhere/engine.sock", "http://localhost/hello");
	ask(world, &request, &stranger);
	cr_expect_eq(stranger.error.code, ERR_DENIED, "%s", stranger.error.text);
}

Test(ssh_forward, carries_a_connection_that_http_gives_away)
{
	owned_sshd sshd = ssh_server_start("", "ed25519");
	const char *path = in_folder(&sshd.folder, "engine.sock");
	owned_server engine = server_start(path);
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&sshd);
	struct http_request request;
	owned_talk talk = {0};

	there(&request, &host, path, "http://localhost/upgrade");
	request.method = "POST";
	talk_to(&talk, world, &request);
	cr_assert(wait_for(world, &talk.opened, PATIENCE_MS), "%s", talk.error.text);
	world->ops->channel_write(world, talk.channel, "words", 5);
	world->ops->channel_end(world, talk.channel);
	cr_assert(wait_for(world, &talk.over, PATIENCE_MS));
	cr_expect_str_eq(text_view(&talk.said), "wordsover", "%s", talk.error.text);
}
