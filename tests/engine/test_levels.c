/* test_levels.c - apps of one Marathon that are linked in levels: each level goes out whole, however slowly
 * the one before it comes up. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/handle.h"
#include "simulation/machine.h"
#include "simulation/marathon/cluster.h"

enum { A_LEVEL = 12, HOUR_MS = 60 * 60 * 1000 };

static struct stand {
	struct universe *universe;
	struct machine *machine;
	struct seat *seat;
	struct marathon_cluster *cluster;
	struct berth *berth;
	struct world_ops ops;
	const struct world_ops *plain;
	struct text changes; /* "PUT /v2/apps...\n" of every change of apps that left us */
	int64_t apart_ms;    /* so much later each of the first level answers than the one before it */
	bool first_is_dead;
} stand;

static const char *nothing(const char *name)
{
	(void)name;
	return NULL;
}

static struct exchange *note_request(struct world *world, const struct http_request *request,
				     const struct http_sink *sink, struct error *err)
{
	const char *path = strstr(request->url, "/v2/apps");
	if (path && strcmp(request->method, "GET") != 0)
		text_format(&stand.changes, "%s %s\n", request->method, path);
	return stand.plain->http_send(world, request, sink, err);
}

/* The ones of the first level get ready one after the other. */
static void behave(void *owner, const json_t *app, struct marathon_manner *ret)
{
	const char *id = json_text(app, "id");
	unsigned number = 0;
	(void)owner;
	*ret = (struct marathon_manner){.stops_ms = 20};
	if (id && sscanf(id, "/app/a%u", &number) == 1)
		ret->answers_after_ms = stand.first_is_dead && !number ? -1 : number * stand.apart_ms;
}

static void raise_curtain(void)
{
	struct berth_options options = {.size = sizeof options,
					.state_directory = MACHINE_HOME "/state",
					.config_directory = "/etc/berth",
					.helper = MACHINE_HELPER};
	struct error err = {0};
	stand = (struct stand){.universe = universe_new(1)};
	cr_assert(stand.universe);
	stand.machine = machine_new(stand.universe, "here", "10.0.0.1");
	stand.seat = stand.machine ? seat_new(stand.universe, stand.machine) : NULL;
	stand.cluster = marathon_cluster_new(stand.universe);
	cr_assert(stand.seat && stand.cluster);
	marathon_cluster_behave(stand.cluster, behave, NULL);
	struct world *world = seat_world(stand.seat);
	stand.plain = world->ops;
	stand.ops = *world->ops;
	stand.ops.http_send = note_request;
	world->ops = &stand.ops;
	cr_assert_eq(berth_open_in(&stand.berth, world, nothing, &options, &err), 0, "%s", err.text);
}

static void drop_curtain(void)
{
	berth_close(stand.berth);
	marathon_cluster_free(stand.cluster);
	seat_free(stand.seat);
	machine_free(stand.machine);
	universe_free(stand.universe);
	text_release(&stand.changes);
}

TestSuite(levels, .init = raise_curtain, .fini = drop_curtain);

static void write_levels(struct text *to)
{
	text_format(to, "id: app\nlocation: %s\nservices:\n", marathon_cluster_location);
	for (int i = 0; i < A_LEVEL; i++) {
		text_format(to, "- {type: 'docker:busybox:1', id: a%d, openPorts: 80}\n", i);
		text_format(to,
			    "- {type: 'docker:busybox:1', id: b%d, links: [$brooklyn:component(\"a%d\")]}\n",
			    i, i);
	}
}

static enum berth_outcome deploy(void)
{
	owned_text blueprint = {0};
	struct berth_error error;
	struct berth_listener listener = {.size = sizeof listener};
	write_levels(&blueprint);
	struct berth_request request = {
	    .size = sizeof request, .blueprint = text_view(&blueprint), .file = "/b.yaml"};
	struct clock *clock = universe_clock(stand.universe);
	struct berth_operation *operation = berth_deploy(stand.berth, &request, &listener, &error);
	cr_assert(operation, "%s", error.text);
	int64_t end = clock_now(clock) + HOUR_MS;
	while (!berth_done(operation) && clock_step(clock, end))
		;
	cr_assert(berth_done(operation), "it never ends");
	enum berth_outcome outcome = berth_outcome(operation);
	cr_log_info("%s", berth_result(operation));
	berth_operation_free(operation);
	return outcome;
}

#define A_CHANGE "PUT /v2/apps?partialUpdate=false\n"

Test(levels, each_goes_out_as_one_change_though_the_one_before_comes_up_slowly)
{
	stand.apart_ms = 9000;
	cr_assert_eq(deploy(), BERTH_OK);
	cr_expect_str_eq(text_view(&stand.changes), A_CHANGE A_CHANGE);
}

Test(levels, one_that_never_comes_up_holds_the_next_level_up_for_a_while_only)
{
	stand.first_is_dead = true;
	cr_assert_eq(deploy(), BERTH_FAILED);
	const char *second = strchr(text_view(&stand.changes), '\n');
	cr_expect(second && strncmp(second + 1, A_CHANGE, strlen(A_CHANGE)) == 0, "%s",
		  text_view(&stand.changes));
}
