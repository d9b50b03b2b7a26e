/* sense.c - what sampling costs: so many instances on the fake target whose sensors are asked once a second,
 * in the real world with the real store. One line of JSON.
 *
 * berth-sense COMPONENTS INSTANCES KIND SECONDS FOLDER: `usage` asks their target, `made` adds what is made
 * of it, `pushed` is told from outside. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "engine/handle.h"
#include "locations/fake/fake.h"

struct bench {
	struct world *world;
	struct fake_target *target;
	struct berth *berth;
	unsigned components, instances;
	const char *kind;
};

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "sense: %s: %s\n", what, why);
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_kind(const struct bench *bench, const char *kind)
{
	return !strcmp(bench->kind, kind);
}

static void describe(const struct bench *bench, struct text *text)
{
	text_add(text, "id: app\nlocation: fake\nservices:\n");
	for (unsigned i = 1; i <= bench->components; i++) {
		text_format(
		    text,
		    "- id: c%u\n  type: docker:x:1\n  instances: %u\n  policies: [{type: autoscaler, metric: "
		    "load, target: 1000, max: 1000}]\n  sensors:\n    load: {%s, period: 1s}\n",
		    i, bench->instances, is_kind(bench, "pushed") ? "pushed: true" : "usage: memory");
		if (is_kind(bench, "made"))
			text_add(text, "    half: {expression: load / 2, each: true, aggregate: p95}\n"
				       "    mean: {from: load, window: 30s}\n");
	}
}

static void deploy(const struct bench *bench)
{
	owned_text blueprint = {0};
	struct berth_error error;
	describe(bench, &blueprint);
	const struct berth_request request = {.size = sizeof request,
					      .blueprint = text_view(&blueprint),
					      .blueprint_size = blueprint.length,
					      .file = "sense.yaml"};
	struct berth_operation *operation = berth_deploy(bench->berth, &request, NULL, &error);
	if (!operation)
		give_up("deploy", error.text);
	while (!berth_done(operation))
		world_wait(bench->world, -1);
	if (berth_outcome(operation) != BERTH_OK)
		give_up("deploy", berth_message(operation));
	berth_operation_free(operation);
}

/* Each uses something. */
static void feed(const struct bench *bench)
{
	const struct usage usage = {.cpu_s = NAN,
				    .memory = 1000,
				    .memory_limit = 1e6,
				    .received_bytes = NAN,
				    .sent_bytes = NAN,
				    .processes = 1};
	char name[64];
	for (unsigned i = 1; i <= bench->components; i++)
		for (unsigned j = 1; j <= bench->instances; j++) {
			snprintf(name, sizeof name, "app.c%u.%u", i, j);
			if (fake_target_usage(bench->target, name, &usage))
				give_up(name, "is not there");
		}
}

static size_t push(const struct bench *bench, unsigned number)
{
	char component[24];
	snprintf(component, sizeof component, "c%u", number % bench->components + 1);
	const struct berth_sample sample = {.size = sizeof sample,
					    .app = "app",
					    .component = component,
					    .sensor = "load",
					    .instance = number / bench->components % bench->instances + 1,
					    .value = 1000};
	struct berth_error error;
	if (berth_tell(bench->berth, &sample, &error) != BERTH_OK)
		give_up("push", error.text);
	return 1;
}

/* So many samples were taken. */
static size_t watch(const struct bench *bench, double length)
{
	size_t before = fake_target_calls(bench->target, FAKE_USAGE), pushed = 0;
	double begun = seconds(CLOCK_MONOTONIC), gone;
	while ((gone = seconds(CLOCK_MONOTONIC) - begun) < length) {
		while (is_kind(bench, "pushed") &&
		       pushed < (size_t)(gone * bench->components * bench->instances))
			pushed += push(bench, (unsigned)pushed);
		world_wait(bench->world, 1);
	}
	return fake_target_calls(bench->target, FAKE_USAGE) - before + pushed;
}

int main(int count, char **words)
{
	struct error err = {0};
	if (count != 6)
		give_up("usage", "berth-sense COMPONENTS INSTANCES usage|made|pushed SECONDS FOLDER");
	struct bench bench = {.components = (unsigned)strtoul(words[1], NULL, 10),
			      .instances = (unsigned)strtoul(words[2], NULL, 10),
			      .kind = words[3]};
	const struct berth_options options = {
	    .size = sizeof options, .state_directory = words[5], .config_directory = words[5]};
	bench.world = world_real_open(&err);
	bench.target = bench.world ? fake_target_new(bench.world) : NULL;
	if (!bench.target || fake_target_register("fake", bench.target))
		give_up("opening", err.text);
	if (berth_open_in(&bench.berth, bench.world, NULL, &options, &err))
		give_up("opening", err.text);
	deploy(&bench);
	feed(&bench);
	struct berth_operation *keeper = berth_keep(bench.berth, NULL, NULL, NULL);
	while (!berth_keep_ready(keeper))
		world_wait(bench.world, 100);
	watch(&bench, is_kind(&bench, "pushed") ? 0 : 3); /* all of them were asked once */
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), begun = seconds(CLOCK_MONOTONIC);
	size_t samples = watch(&bench, strtod(words[4], NULL));
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	double gone = seconds(CLOCK_MONOTONIC) - begun;
	printf("{\"kind\": \"%s\", \"instances\": %u, \"samples_a_second\": %.0f, \"core\": %.3f, "
	       "\"microseconds_a_sample\": %.2f}\n",
	       bench.kind, bench.components * bench.instances, (double)samples / gone, cpu / gone,
	       samples ? cpu * 1e6 / (double)samples : 0);
	berth_operation_free(keeper);
	berth_close(bench.berth);
	fake_target_register("fake", NULL);
	fake_target_free(bench.target);
	world_real_close(bench.world);
}
