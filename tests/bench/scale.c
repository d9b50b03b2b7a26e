/* scale.c - one application of so many linked components through validate, plan, deploy, plan again, status
 * and destroy on the fake target, in the real world with the real store: a line of JSON for each step.
 *
 * scale COMPONENTS FOLDER SPREAD STEP...: component N needs those of number N / SPREAD and N / (SPREAD + 1);
 * where that is 0, the last one alone needs all the others. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "engine/handle.h"
#include "locations/fake/fake.h"

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

struct bench {
	struct berth *berth;
	size_t components;
	unsigned spread;
	struct text blueprint;
};

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "scale: %s: %s\n", what, why);
	exit(1);
}

static void link_to(struct text *text, size_t number)
{
	text_format(text, "$brooklyn:component(\"c%zu\")", number);
}

static void need_all_before(struct text *text, size_t components)
{
	text_add(text, "  dependsOn: [c1");
	for (size_t i = 2; i < components; i++)
		text_format(text, ", c%zu", i);
	text_add(text, "]\n");
}

static void describe(struct text *text, size_t components, unsigned spread)
{
	text_add(text, "id: scale\nservices:\n");
	for (size_t i = 1; i <= components; i++) {
		size_t near = spread ? i / spread : 0, far = i / (spread + 1);
		text_format(text, "- id: c%zu\n  type: docker:x:1\n  openPorts: 80\n  location: {fake: {}}\n",
			    i);
		if (!near)
			continue;
		text_add(text, "  links: [");
		link_to(text, near);
		if (far && far != near) {
			text_add(text, ", ");
			link_to(text, far);
		}
		text_add(text, "]\n");
	}
	if (!spread && components > 1)
		need_all_before(text, components);
}

/* --- what it cost ------------------------------------------------------------------------------- */

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* In bytes: "VmRSS:", "VmHWM:" (the largest since forget_peak). */
static size_t resident(const char *which)
{
	owned_text status = {0};
	char line[256];
	size_t kilobytes = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		if (starts_with(line, which))
			sscanf(line + strlen(which), "%zu", &kilobytes);
	if (!file || !kilobytes)
		give_up("/proc/self/status", "does not tell the resident size");
	fclose(file);
	return kilobytes * 1024;
}

static void forget_peak(void)
{
	owned_fd file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	malloc_trim(0);
	if (file < 0 || write(file, "5", 1) != 1)
		give_up("/proc/self/clear_refs", strerror(errno));
}

/* What the work of an operation took: from the turn in which it began to that in which it ended. */
struct working {
	double wall, cpu;
	uint64_t decisions;
};

static double cpu_time(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static struct working follow(struct berth_operation *operation)
{
	struct working working = {0};
	while (!berth_done(operation)) {
		double wall = seconds(CLOCK_MONOTONIC), cpu = cpu_time();
		uint64_t before = operation->decisions;
		world_wait(operation->berth->world, -1);
		if (operation->decisions == before && operation->stage != STAGE_WORK)
			continue;
		working.wall += seconds(CLOCK_MONOTONIC) - wall;
		working.cpu += cpu_time() - cpu;
	}
	working.decisions = operation->decisions;
	return working;
}

static void run(struct bench *bench, const char *name, verb_function *verb)
{
	struct berth_request request = {.size = sizeof request,
					.blueprint = text_view(&bench->blueprint),
					.blueprint_size = bench->blueprint.length,
					.file = "scale.yaml",
					.volumes = true};
	struct berth_error error;
	forget_peak();
	size_t before = resident("VmRSS:");
	double wall = seconds(CLOCK_MONOTONIC), cpu = cpu_time();
	struct berth_operation *operation = verb(bench->berth, &request, NULL, &error);
	if (!operation)
		give_up(name, error.text);
	struct working working = follow(operation);
	if (berth_outcome(operation) != BERTH_OK)
		give_up(name, berth_message(operation));
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = cpu_time() - cpu;
	printf("{\"components\": %zu, \"spread\": %u, \"step\": \"%s\", \"wall\": %.6f, \"cpu\": %.6f, "
	       "\"text\": %zu, \"memory\": %zd, \"peak\": %zu, \"decisions\": %" PRIu64
	       ", \"work_wall\": %.6f, \"work_cpu\": %.6f}\n",
	       bench->components, bench->spread, name, wall, cpu, bench->blueprint.length,
	       (ssize_t)(resident("VmHWM:") - before), resident("VmHWM:"), working.decisions, working.wall,
	       working.cpu);
	fflush(stdout);
	berth_operation_free(operation);
}

static const struct {
	const char *name;
	verb_function *verb;
} steps[] = {{"validate", berth_validate},
	     {"plan", berth_plan},
	     {"deploy", berth_deploy},
	     {"status", berth_status},
	     {"destroy", berth_destroy}};

static void run_named(struct bench *bench, const char *name)
{
	size_t i = 0;
	while (i < COUNT_OF(steps) && strcmp(steps[i].name, name) != 0)
		i++;
	if (i == COUNT_OF(steps))
		give_up(name, "no such step");
	run(bench, name, steps[i].verb);
}

int main(int count, char **arguments)
{
	int64_t components = 0, spread = 0;
	struct error err = {0};
	if (count < 5 || !parse_number(arguments[1], 1, 10000000, &components) ||
	    !parse_number(arguments[3], 0, 1000, &spread) || spread == 1)
		give_up("usage", "scale COMPONENTS FOLDER SPREAD STEP...");
	struct bench bench = {.components = (size_t)components, .spread = (unsigned)spread};
	struct world *world = world_real_open(&err);
	struct fake_target *target = world ? fake_target_new(world) : NULL;
	struct berth_options options = {
	    .size = sizeof options, .state_directory = arguments[2], .config_directory = arguments[2]};
	if (!target || fake_target_register("fake", target) ||
	    berth_open_in(&bench.berth, world, NULL, &options, &err))
		give_up("opening", err.text);
	describe(&bench.blueprint, bench.components, bench.spread);
	for (int i = 4; i < count; i++)
		run_named(&bench, arguments[i]);
	berth_close(bench.berth);
	fake_target_register("fake", NULL);
	fake_target_free(target);
	world_real_close(world);
	text_release(&bench.blueprint);
}
