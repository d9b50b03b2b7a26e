/* cloud.c - the simulated OpenStack in real time, for whoever stands between it and a program.
 *
 *   openstack-cloud HOST-KEYS
 *
 * A line {"method", "url", "headers": ["Name: value"], "body"} is a request, and is answered by a line
 * {"status", "headers", "body"}; {"list": "servers"} is answered by what there is of them. A server shows the
 * next line of the file of HOST-KEYS, and is there within two seconds. There is room
 * for any number of all. It ends with its input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "simulation/machine.h"
#include "simulation/openstack/cloud.h"

enum { KEYS_MOST = 64, ANSWERED_MS = 60000, ROOM = 1000000 };

static struct universe *universe;
static struct openstack_cloud *cloud;
static struct seat *seat;
static char keys[KEYS_MOST][100];
static size_t key_count, servers_made;
static const char *const quotas[] = {
    "instances", "cores", "ram", "key_pairs", "port", "floatingip", "security_group", "security_group_rule"};
static json_t *heard; /* the answer; NULL: there is none yet */

static int64_t real(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Everything that was due by now has happened. */
static void catch_up(void)
{
	static int64_t began = -1;
	struct clock *clock = universe_clock(universe);

	if (began < 0)
		began = real(CLOCK_MONOTONIC) - clock_now(clock);
	while (clock_step(clock, real(CLOCK_MONOTONIC) - began))
		;
}

static void quickly(void *owner, const json_t *server, struct openstack_manner *ret)
{
	(void)owner, (void)server;
	ret->builds_ms = 1700;
	ret->boots_ms = 200;
	ret->deletes_ms = 300;
	ret->host_key = keys[servers_made++ % key_count];
}

static void answered(void *owner, struct http_answer *answer)
{
	(void)owner;
	heard = json_pack("{s:i, s:s, s:s%}", "status", answer->status, "headers",
			  text_view(&answer->headers), "body", text_view(&answer->body), answer->body.length);
}

static json_t *ask(const json_t *asked)
{
	const json_t *told = json_object_get(asked, "headers");
	const char *body = json_text(asked, "body"), *headers[64] = {NULL};
	const struct http_request request = {.method = json_text(asked, "method"),
					     .url = json_text(asked, "url"),
					     .headers = headers,
					     .body = body,
					     .body_size = body ? strlen(body) : 0};
	const struct http_sink sink = {.done = answered};
	struct error err;

	for (size_t i = 0; i < json_array_size(told) && i < COUNT_OF(headers) - 1; i++)
		headers[i] = json_string_value(json_array_get(told, i));
	heard = NULL;
	if (!request.method || !request.url ||
	    !seat_world(seat)->ops->http_send(seat_world(seat), &request, &sink, &err))
		return json_pack("{s:i}", "status", 0);
	int64_t end = clock_now(universe_clock(universe)) + ANSWERED_MS;
	while (!heard && clock_step(universe_clock(universe), end))
		;
	return heard ? heard : json_pack("{s:i}", "status", 0);
}

static void serve(const char *line)
{
	owned_json asked = json_loads(line, 0, NULL);
	const char *list = json_text(asked, "list");

	catch_up();
	owned_json answer = list ? openstack_cloud_list(cloud, list) : ask(asked);
	if (answer)
		json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}

static size_t read_keys(const char *path)
{
	FILE *file = fopen(path, "re");

	while (file && key_count < KEYS_MOST && fgets(keys[key_count], sizeof(keys[0]), file)) {
		keys[key_count][strcspn(keys[key_count], "\n")] = '\0';
		key_count++;
	}
	if (file)
		fclose(file);
	return key_count;
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;

	if (argc != 2 || !read_keys(argv[1])) {
		fputs("usage: openstack-cloud HOST-KEYS\n", stderr);
		return 64;
	}
	universe = universe_new((uint64_t)real(CLOCK_REALTIME));
	struct world *outside = universe_outside(universe);
	universe_jump(universe, real(CLOCK_REALTIME) - outside->ops->wall(outside));
	struct machine *machine = machine_new(universe, "here", "192.0.2.7");
	seat = seat_new(universe, machine);
	cloud = openstack_cloud_new(universe);
	openstack_cloud_behave(cloud, quickly, NULL);
	for (size_t i = 0; i < COUNT_OF(quotas); i++)
		openstack_cloud_quota(cloud, quotas[i], ROOM);
	while (getline(&line, &room, stdin) > 0)
		serve(line);
	free(line);
	openstack_cloud_free(cloud);
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
	return 0;
}
