/* test_proxy_load.c - nginx and haproxy as they are, under load: their members come, go and are killed, and
 * no request fails. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/proxy.h"

enum { MEMBERS = 3, CLIENTS = 8, RELOADS = 20, REQUESTS_EACH = 60, WAIT_MS = 20000 };

static void rest(int ms)
{
	poll(NULL, 0, ms);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int listen_anywhere(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, size), 0);
	cr_assert_eq(listen(fd, 128), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* --- a member: a small server that takes a moment for each request ------------------------------------- */

static char member_name;

static void *serve(void *argument)
{
	int fd = (int)(intptr_t)argument;
	char head[4096], answer[128];
	size_t length = 0;
	ssize_t got;
	while ((got = recv(fd, head + length, sizeof head - 1 - length, 0)) > 0) {
		length += (size_t)got;
		head[length] = '\0';
		if (!strstr(head, "\r\n\r\n"))
			continue;
		length = 0;
		rest(2);
		int size = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%c",
				    member_name);
		if (send(fd, answer, (size_t)size, MSG_NOSIGNAL) != size)
			break;
	}
	close(fd);
	return NULL;
}

static pid_t start_member(int listener, char name)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	member_name = name;
	for (;;) {
		pthread_t thread;
		int fd = accept(listener, NULL, NULL);
		if (fd < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd))
			_exit(1);
		pthread_detach(thread);
	}
}

/* --- a client ------------------------------------------------------------------------------------------ */

struct client {
	pthread_t thread;
	uint16_t port;
	bool keeps; /* its connection, for the next request */
	int fd;     /* -1: it has none */
	char why[96];
	atomic_uint done, again, failed;
	atomic_bool stop;
};

static int connect_to(uint16_t port)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 10};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

enum answer { ANSWERED, ENDED_BEFORE, ENDED_WITHIN };

/* One request and all of its answer. */
static enum answer exchange(int fd, bool keeps, char *answer, size_t room)
{
	char request[128];
	int size = snprintf(request, sizeof request, "GET /x HTTP/1.1\r\nHost: a\r\n%s\r\n",
			    keeps ? "" : "Connection: close\r\n");
	size_t length = 0;
	ssize_t got;
	answer[0] = '\0';
	if (send(fd, request, (size_t)size, MSG_NOSIGNAL) != size)
		return ENDED_BEFORE;
	while ((got = TEMP_FAILURE_RETRY(recv(fd, answer + length, room - 1 - length, 0))) > 0) {
		const char *body, *lengths;
		length += (size_t)got;
		answer[length] = '\0';
		if (!(body = strstr(answer, "\r\n\r\n")) ||
		    !(lengths = strcasestr(answer, "content-length:")))
			continue;
		if (strlen(body + 4) >= strtoul(lengths + strlen("content-length:"), NULL, 10))
			return ANSWERED;
	}
	return length ? ENDED_WITHIN : ENDED_BEFORE;
}

/* As every client does: what a kept connection ended before a byte came is asked again on a new one. */
static enum answer ask(struct client *client, char *answer, size_t room)
{
	bool kept = client->fd >= 0;
	if (!kept && (client->fd = connect_to(client->port)) < 0)
		return ENDED_BEFORE;
	enum answer got = exchange(client->fd, client->keeps, answer, room);
	if (got == ANSWERED && client->keeps && !strcasestr(answer, "connection: close"))
		return got;
	close(client->fd);
	client->fd = -1;
	if (got != ENDED_BEFORE || !kept)
		return got;
	atomic_fetch_add(&client->again, 1);
	return ask(client, answer, room);
}

static void *ask_on(void *argument)
{
	struct client *client = argument;
	char answer[4096] = "";
	while (!atomic_load(&client->stop)) {
		enum answer got = ask(client, answer, sizeof answer);
		if (got != ANSWERED || strncmp(answer, "HTTP/1.1 200", 12) != 0) {
			if (!atomic_fetch_add(&client->failed, 1))
				snprintf(client->why, sizeof client->why, "%d: %.40s", got, answer);
		}
		atomic_fetch_add(&client->done, 1);
		rest(2);
	}
	if (client->fd >= 0)
		close(client->fd);
	return NULL;
}

/* --- the proxy ----------------------------------------------------------------------------------------- */

struct stage {
	const char *program, *file;
	int (*render)(const struct proxy_config *, struct text *, struct error *);
	int stop;
	char *start, *change; /* the words by which a process of a blueprint is started, and told */
	char folder[64];
	pid_t proxy, members[MEMBERS];
	uint16_t port, ports[MEMBERS];
	struct client clients[CLIENTS];
};

static void write_configuration(const struct stage *stage, const bool *in)
{
	static const char *const names[MEMBERS] = {"web.1", "web.2", "web.3"};
	static const struct health_check check = {
	    .kind = CHECK_TCP, .path = "/", .interval_ms = 1000, .timeout_ms = 1000, .retries = 3};
	struct proxy_member members[MEMBERS];
	struct proxy_pool pool = {"members", members, 0};
	struct error err = {0};
	owned_text text = {0}, path = {0}, draft = {0};
	for (size_t i = 0; i < MEMBERS; i++)
		if (in[i])
			members[pool.count++] =
			    (struct proxy_member){names[i], "127.0.0.1", stage->ports[i], 1, false};
	struct proxy_config config = {.address = "127.0.0.1",
				      .port = stage->port,
				      .pools = &pool,
				      .pool_count = 1,
				      .check = &check,
				      .retries = 2,
				      .timeout_ms = 5000,
				      .workers = 2,
				      .own_folder = true};
	cr_assert_eq(stage->render(&config, &text, &err), 0, "%s", err.text);
	text_format(&path, "%s/%s", stage->folder, stage->file);
	text_format(&draft, "%s/%s.new", stage->folder, stage->file);
	FILE *file = fopen(text_view(&draft), "w");
	cr_assert_not_null(file);
	fputs(text_view(&text), file);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(rename(text_view(&draft), text_view(&path)), 0);
}

/* As a blueprint says it of a process. A signal is a word of the same kind here. */
static void learn_words(struct stage *stage)
{
	owned_text text = {0}, change = {0};
	struct diagnostics list = {0};
	text_format(
	    &text,
	    "services:\n- {type: loadbalancer, id: lb, location: localhost, proxy: %s, members: web}\n"
	    "- {type: external, id: web, address: 127.0.0.1, ports: 80}\n",
	    stage->program);
	const struct blueprint_options options = {.file = "b.yaml"};
	struct blueprint *blueprint = blueprint_parse(text_view(&text), text.length, &options, &list);
	cr_assert_not_null(blueprint);
	const struct component_spec *spec = &blueprint->components[0];
	stage->start = strdup(spec->command.words[0].text);
	text_format(&change, "cd %s\n", stage->folder);
	if (spec->on_change->kind == ON_CHANGE_SIGNAL)
		text_format(&change, "kill -%s %d", spec->on_change->signal, (int)stage->proxy);
	else
		text_add(&change, spec->on_change->command.words[0].text);
	stage->change = text_take(&change);
	blueprint_release(blueprint);
	diagnostics_release(&list);
}

static void start_proxy(struct stage *stage)
{
	int hold[2];
	cr_assert_eq(pipe2(hold, O_CLOEXEC), 0);
	stage->proxy = fork();
	if (!stage->proxy) {
		char script[4096] = "";
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
		if (read(hold[0], script, sizeof script - 1) > 0 && chdir(stage->folder) == 0 &&
		    freopen("log", "w", stderr) && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
			execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	learn_words(stage);
	cr_assert_eq(write(hold[1], stage->start, strlen(stage->start)), (ssize_t)strlen(stage->start));
	close(hold[0]);
	close(hold[1]);
}

static void await_answer(const struct stage *stage)
{
	int fd = -1;
	for (int64_t end = now_ms() + WAIT_MS; fd < 0; rest(20)) {
		cr_assert_lt(now_ms(), end, "%s does not answer", stage->program);
		fd = connect_to(stage->port);
	}
	close(fd);
}

/* Each client has had so many more answers. */
static void await_requests(struct stage *stage, unsigned more)
{
	unsigned before[CLIENTS];
	int64_t end = now_ms() + WAIT_MS;
	for (size_t i = 0; i < CLIENTS; i++)
		before[i] = atomic_load(&stage->clients[i].done);
	for (size_t i = 0; i < CLIENTS; i++)
		for (; atomic_load(&stage->clients[i].done) - before[i] < more; rest(5))
			cr_assert_lt(now_ms(), end, "a client of %s waits", stage->program);
}

static void reload(struct stage *stage, const bool *in)
{
	write_configuration(stage, in);
	cr_assert_eq(system(stage->change), 0, "%s is not told", stage->program);
	await_requests(stage, REQUESTS_EACH / CLIENTS);
}

/* Whoever comes anew is served by the third member alone: the last file counts. */
static void await_third(const struct stage *stage)
{
	char answer[4096];
	int64_t end = now_ms() + WAIT_MS;
	for (unsigned row = 0; row < 20;) {
		int fd = connect_to(stage->port);
		cr_assert_geq(fd, 0);
		enum answer got = exchange(fd, false, answer, sizeof answer);
		close(fd);
		row = got == ANSWERED && answer[strlen(answer) - 1] == '3' ? row + 1 : 0;
		cr_assert_lt(now_ms(), end, "%s still goes by an older file", stage->program);
	}
}

static void raise_stage(struct stage *stage)
{
	static const bool all[MEMBERS] = {true, true, true};
	strcpy(stage->folder, "/tmp/berth-load.XXXXXX");
	cr_assert_not_null(mkdtemp(stage->folder));
	for (size_t i = 0; i < MEMBERS; i++) {
		int fd = listen_anywhere(&stage->ports[i]);
		stage->members[i] = start_member(fd, (char)('1' + i));
		close(fd);
	}
	close(listen_anywhere(&stage->port));
	write_configuration(stage, all);
	start_proxy(stage);
	await_answer(stage);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &stage->clients[i];
		client->port = stage->port;
		client->keeps = i % 2;
		client->fd = -1;
		cr_assert_eq(pthread_create(&client->thread, NULL, ask_on, client), 0);
	}
}

static void stop_clients(struct stage *stage)
{
	for (size_t i = 0; i < CLIENTS; i++)
		atomic_store(&stage->clients[i].stop, true);
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(stage->clients[i].thread, NULL);
}

/* It ends by itself when it is asked to, whatever it left behind. */
static void drop_stage(struct stage *stage)
{
	owned_text command = {0};
	int64_t end = now_ms() + WAIT_MS;
	pid_t ended = 0;
	kill(stage->proxy, stage->stop);
	for (; !(ended = waitpid(stage->proxy, NULL, WNOHANG)) && now_ms() < end; rest(20))
		;
	kill(-stage->proxy, SIGKILL);
	for (size_t i = 0; i < MEMBERS; i++) {
		kill(stage->members[i], SIGKILL);
		waitpid(stage->members[i], NULL, 0);
	}
	text_format(&command, "rm -rf %s", stage->folder);
	cr_expect_eq(system(text_view(&command)), 0);
	cr_expect_eq(ended, stage->proxy, "%s did not end", stage->program);
	free(stage->start);
	free(stage->change);
}

static void play(struct stage *stage)
{
	static const bool third[MEMBERS] = {false, false, true};
	unsigned done = 0, again = 0, failed = 0;
	raise_stage(stage);
	await_requests(stage, REQUESTS_EACH / CLIENTS);
	for (unsigned i = 0; i < RELOADS; i++) {
		bool in[MEMBERS] = {true, true, true};
		in[i % MEMBERS] = i % 2; /* one leaves, and comes back */
		reload(stage, in);
		if (i == RELOADS / 2) {
			kill(stage->members[0], SIGKILL); /* while it is meant, and nobody was told */
			await_requests(stage, REQUESTS_EACH / CLIENTS);
		}
	}
	reload(stage, third);
	await_third(stage);
	stop_clients(stage);
	for (size_t i = 0; i < CLIENTS; i++) {
		const struct client *client = &stage->clients[i];
		done += client->done;
		again += client->again;
		failed += client->failed;
		cr_expect_eq(client->failed, 0, "%s: %u of %u failed, the first: %s", stage->program,
			     client->failed, client->done, client->why);
	}
	cr_log_info("%s: %u requests, %u failed, %u asked again on a new connection", stage->program, done,
		    failed, again);
	drop_stage(stage);
}

static bool there_is(const char *path)
{
	return access(path, X_OK) == 0;
}

Test(proxy_load, no_request_fails_while_members_of_nginx_come_go_and_are_killed, .timeout = 120)
{
	static struct stage stage = {.program = "nginx",
				     .file = "nginx.conf",
				     .render = proxy_nginx,

				     .stop = SIGQUIT};
	if (!there_is("/usr/sbin/nginx"))
		cr_skip_test("nginx is not installed");
	play(&stage);
}

Test(proxy_load, no_request_fails_while_members_of_haproxy_come_go_and_are_killed, .timeout = 120)
{
	static struct stage stage = {
	    .program = "haproxy", .file = "haproxy.cfg", .render = proxy_haproxy, .stop = SIGUSR1};
	if (!there_is("/usr/sbin/haproxy"))
		cr_skip_test("haproxy is not installed");
	play(&stage);
}
