/* test_docker_names.c - names and addresses that others hold, while instances are exchanged under them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/real/docker/engine_bench.h"

TestSuite(docker_names, .fini = take_down, .timeout = 240);
TestSuite(docker_pins, .fini = take_down, .timeout = 240);

#define STAYS  "trap 'exit 0' TERM; sleep 1000 & wait"
#define ECHOES "exec nc -ll -p 7000 -e cat"

/* Looks `db` up, which is a link to the shared name of `store`, as often as it can. */
static struct instance_spec *run_consumer(void)
{
	static struct spec_host host = {.alias = "db"};
	struct instance_spec *consumer =
	    wish("front", "busybox",
		 "while :; do nslookup -type=a db 127.0.0.11 2>/dev/null | grep -q '^Address: 10' || echo . "
		 ">>/missed; echo . >>/asked; usleep 500; done");

	host.target = arena_format(&arena, "%s.store", app);
	consumer->hosts = &host, consumer->host_count = 1;
	run(consumer);
	return consumer;
}

static int counted(const struct instance_spec *consumer, const char *what)
{
	return atoi(docker_says("exec %s sh -c 'touch /%s; wc -l </%s'", consumer->name, what, what));
}

/* Until it asked so often more. */
static void until_asked(const struct instance_spec *consumer, int more)
{
	int wanted = counted(consumer, "asked") + more;

	for (int i = 0; i < 600 && counted(consumer, "asked") < wanted; i++)
		wait_a_moment();
	cr_assert(counted(consumer, "asked") >= wanted);
}

static const char *found_by(const struct instance_spec *consumer)
{
	return docker_says(
	    "exec %s sh -c 'nslookup -type=a db 127.0.0.11 | sed -n \"s/^Address: //p\" | sort | "
	    "tr \"\\n\" \" \"'",
	    consumer->name);
}

static void rename_often(const struct instance_spec *settled, const struct instance_spec *young)
{
	for (int i = 0; i < 10; i++) {
		MUST(rename, app, young->name, settled->name);
		MUST(rename, app, settled->name, young->name);
	}
}

/* The engine takes the names of a renamed container off and puts them on again; a look-up that falls between
 * (some microseconds) finds nothing, unless another container has the name too. */
Test(docker_names, link_holds_while_its_target_is_renamed)
{
	set_up("rename");
	struct instance_spec *settled = wish("store", "busybox", STAYS), *young = successor(settled);
	young->shared_from_start = true;
	run(young);
	struct instance_spec *consumer = run_consumer();
	const char *address = arena_format(&arena, "%s ", look(young).attachments[0].address);
	until_asked(consumer, 20);
	int missed = counted(consumer, "missed");
	rename_often(settled, young);
	MUST(rename, app, young->name, settled->name);
	cr_assert_str_eq(found_by(consumer), address);
	cr_assert(counted(consumer, "missed") - missed <= 1);
	cr_assert(held_as_listed(settled) && look(settled).generation == 0);
	/* With two of the name nothing is ever missed. */
	struct instance_spec *other = successor(settled);
	other->shared_from_start = true;
	run(other);
	missed = counted(consumer, "missed");
	for (int i = 0; i < 10; i++) {
		const char *third = generation_name(&arena, app, "store", 1, 3);
		MUST(rename, app, settled->name, third);
		MUST(rename, app, third, settled->name);
	}
	until_asked(consumer, 20);
	cr_assert(counted(consumer, "missed") == missed, "%d of %d look-ups",
		  counted(consumer, "missed") - missed, counted(consumer, "asked"));
}

Test(docker_names, name_of_another_is_not_taken)
{
	set_up("taken");
	struct instance_spec *old = wish("store", "busybox", STAYS), *young = successor(old);
	run(old);
	run(young);
	MUST_FAIL(ERR_CONFLICT, rename, app, young->name, old->name);
	MUST(remove, app, old->name);
	cr_assert(docker_does("run -d --name %s busybox sleep 1000", old->name) == 0);
	enum progress progress = AWAIT(rename, app, young->name, old->name);
	cr_assert(docker_does("rm -f %s", old->name) == 0);
	cr_assert(progress == PROGRESS_FAILED && error.code == ERR_CONFLICT, "%s", error.text);
	MUST(rename, app, young->name, old->name);
	MUST(rename, app, young->name, old->name);
	MUST_FAIL(ERR_INVALID, rename, app, old->name, instance_name(&arena, app, "store", 2));
}

/* A child that speaks with an echo until it is told to leave off; ends with 0 when all came back. */
static pid_t speak(const char *address, int *ret_stop)
{
	int started[2], stop[2];
	char byte;

	cr_assert(pipe(started) == 0 && pipe(stop) == 0);
	pid_t child = fork();
	if (child == 0) {
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000)};
		struct timeval limit = {.tv_sec = 20};
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		char said[4096], heard[sizeof(said)];
		close(stop[1]);
		inet_pton(AF_INET, address, &to.sin_addr);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			_exit(1);
		for (unsigned round = 0;; round++) {
			memset(said, 'a' + (int)(round % 26), sizeof(said));
			if (send(fd, said, sizeof(said), MSG_NOSIGNAL) != sizeof(said))
				_exit(2);
			if (recv(fd, heard, sizeof(heard), MSG_WAITALL) != sizeof(heard) ||
			    memcmp(said, heard, sizeof(said)) != 0)
				_exit(3);
			if (round == 10)
				(void)!write(started[1], "x", 1);
			struct timeval moment = {.tv_usec = 2000};
			fd_set set;
			FD_ZERO(&set);
			FD_SET(stop[0], &set);
			if (select(stop[0] + 1, &set, NULL, NULL, &moment) > 0)
				_exit(0);
		}
	}
	close(stop[0]);
	close(started[1]);
	cr_assert(child > 0 && read(started[0], &byte, 1) == 1, "nobody echoes");
	close(started[0]);
	*ret_stop = stop[1];
	return child;
}

static int spoken(pid_t child, int stop)
{
	int status = 0;

	close(stop);
	cr_assert(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void until_it_listens(const struct instance_spec *spec)
{
	const struct health_check check = {.kind = CHECK_TCP, .port = 7000, .timeout_ms = 3000};

	for (int i = 0; i < 100 && AWAIT(probe, spec, &check) != PROGRESS_DONE; i++)
		wait_a_moment();
	MUST(probe, spec, &check);
}

Test(docker_names, withdrawn_one_serves_its_connections_to_their_end)
{
	int stop;

	set_up("withdraw");
	struct instance_spec *old = wish("store", "busybox", ECHOES), *young = successor(old);
	old->shared_from_start = true;
	old->stop_timeout_ms = young->stop_timeout_ms = 0;
	run(old);
	struct instance_spec *consumer = run_consumer();
	run(young);
	until_it_listens(old);
	until_it_listens(young);
	struct observed before = look(old);
	const char *address = before.attachments[0].address;
	until_asked(consumer, 5);
	int missed = counted(consumer, "missed");
	pid_t child = speak(address, &stop);
	MUST(admit, young);
	MUST(withdraw, app, old->name);
	const char *successors = arena_format(&arena, "%s ", look(young).attachments[0].address);
	cr_assert_str_eq(found_by(consumer), successors);
	MUST(withdraw, app, old->name);
	until_asked(consumer, 5);
	int code = spoken(child, stop);
	cr_assert(code == 0, "the connection under way was broken (%d)", code);
	cr_assert(counted(consumer, "missed") == missed);
	struct observed after = look(old);
	cr_assert(!after.shared_name_held && after.started_ms == before.started_ms);
	cr_assert_str_eq(after.attachments[0].address, address);
	cr_assert(look(young).shared_name_held);
	/* And it does not come back with a start. */
	MUST(stop, app, old->name);
	MUST(withdraw, app, old->name);
	MUST(start, old);
	cr_assert_not(look(old).shared_name_held || held_as_listed(old));
	MUST(remove, app, old->name);
	MUST(withdraw, app, old->name);
}

/* --- pinned addresses --- */

static bool is_at(const struct instance_spec *spec, const char *address)
{
	const char *its = look(spec).attachments[0].address;

	return its && !strcmp(its, address);
}

Test(docker_pins, pinned_address_outlives_stops_and_goes_to_the_successor)
{
	set_up("pin");
	struct instance_spec *old = wish("store", "busybox", STAYS), *young = successor(old);
	old->pin_address = young->pin_address = old->shared_from_start = true;
	run(old);
	const char *address = look(old).attachments[0].address;
	cr_assert(address && held_as_listed(old));
	MUST(stop, app, old->name);
	cr_assert(is_at(old, address), "a stopped one is not said to have it");
	for (unsigned i = 1; i <= 3; i++)
		run(wish(arena_format(&arena, "other%u", i), "busybox", STAYS));
	MUST(start, old);
	cr_assert(is_at(old, address));
	MUST(stop, app, old->name);
	young->pinned_address = address;
	run(young);
	cr_assert(is_at(young, address));
	MUST(admit, young);
	cr_assert(is_at(young, address) && look(young).shared_name_held);
	MUST_FAIL(ERR_CONFLICT, start, old);
	cr_assert(strstr(error.text, young->name) && error.remedy[0], "%s", error.text);
	MUST(stop, app, young->name);
	MUST(start, old);
	cr_assert(is_at(old, address));
}

/* Its consumers began to hold the number only when it was there already. */
Test(docker_pins, what_is_there_already_is_pinned_when_it_is_asked_for)
{
	set_up("later");
	struct instance_spec *spec = wish("store", "busybox", ECHOES);
	spec->shared_from_start = true;
	run(spec);
	const char *address = look(spec).attachments[0].address;
	const char *format = "inspect -f '{{range .NetworkSettings.Networks}}{{.IPAMConfig}}{{end}}' %s";
	spec->pin_address = true;
	MUST(admit, spec);
	cr_assert(strstr(docker_says(format, spec->name), address));
	cr_assert(is_at(spec, address) && look(spec).shared_name_held);
	struct instance_spec *other = wish("other", "busybox", STAYS);
	run(other);
	MUST(stop, app, other->name);
	other->pin_address = true;
	MUST(start, other);
	cr_assert(strstr(docker_says(format, other->name), look(other).attachments[0].address));
}

Test(docker_pins, many_at_once_get_addresses_of_their_own)
{
	enum { MANY = 4 };
	struct errand errands[MANY] = {0};
	enum progress progress[MANY];
	struct instance_spec *specs[MANY];
	const char *note = NULL;

	set_up("many");
	for (int i = 0; i < MANY; i++) {
		specs[i] = wish(arena_format(&arena, "c%d", i), "busybox", STAYS);
		specs[i]->pin_address = true;
		errands[i].wake = wake;
		progress[i] = PROGRESS_WAITING;
	}
	for (int round = 0, left = MANY; left && round < 1000; round++) {
		left = 0;
		for (int i = 0; i < MANY; i++) {
			if (progress[i] == PROGRESS_WAITING)
				progress[i] =
				    docker_driver.place(&location, &errands[i], specs[i], &note, &error);
			left += progress[i] == PROGRESS_WAITING;
		}
		world_wait(here, 20);
	}
	for (int i = 0; i < MANY; i++) {
		cr_assert(progress[i] == PROGRESS_DONE, "%s", error.text);
		MUST(start, specs[i]);
		for (int k = 0; k < i; k++)
			cr_assert_not(is_at(specs[i], look(specs[k]).attachments[0].address));
	}
}
