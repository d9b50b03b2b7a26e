/* keep.c - what it costs to keep many components alive, and how soon what ends is started again: on the fake
 * target, in the real world with the real store. One line of JSON.
 *
 * berth-keep APPLICATIONS COMPONENTS FOLDER: so many applications of so many components each. */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "engine/handle.h"
#include "locations/fake/fake.h"

enum {
	DEATHS = 200,    /* one after the other */
	BURST = 50,      /* at once */
	LONG = 2000,     /* over a time, for what grows */
	START_MS = 20,   /* that a start takes at the target, during the burst */
	IDLE_MS = 10000, /* watched doing nothing */
	QUIET_MS = 300,  /* without any call: at rest */
	PATIENCE_MS = 60000
};

struct bench {
	struct world *world;
	struct fake_target *target;
	struct berth *berth;
	struct berth_options options;
	unsigned applications, components;
	unsigned next; /* whose turn it is to end */
};

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "keep: %s: %s\n", what, why);
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double now_ms(void)
{
	return seconds(CLOCK_MONOTONIC) * 1e3;
}

/* In bytes. */
static size_t anonymous(void)
{
	char line[256];
	size_t kilobytes = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		sscanf(line, "RssAnon: %zu", &kilobytes);
	if (!file || !kilobytes)
		give_up("/proc/self/status", "does not tell the resident size");
	fclose(file);
	return kilobytes * 1024;
}

static size_t descriptors(void)
{
	size_t count = 0;
	DIR *directory = opendir("/proc/self/fd");
	while (directory && readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* --- the applications ----------------------------------------------------------------------------- */

static void describe(struct text *text, unsigned application, unsigned components)
{
	text_format(text, "id: app%u\nservices:\n", application);
	for (unsigned i = 1; i <= components; i++)
		text_format(
		    text,
		    "- id: c%u\n  type: docker:x:1\n  openPorts: 80\n  location: {fake: {}}\n"
		    "  policies: [{type: restarter, backoff: 1ms, stableFor: 1ms, breakerAfter: 0}]\n",
		    i);
}

static void deploy(struct bench *bench, unsigned application)
{
	owned_text blueprint = {0};
	struct berth_error error;
	describe(&blueprint, application, bench->components);
	struct berth_request request = {.size = sizeof request,
					.blueprint = text_view(&blueprint),
					.blueprint_size = blueprint.length,
					.file = "keep.yaml"};
	struct berth_operation *operation = berth_deploy(bench->berth, &request, NULL, &error);
	if (!operation)
		give_up("deploy", error.text);
	while (!berth_done(operation))
		world_wait(bench->world, -1);
	if (berth_outcome(operation) != BERTH_OK)
		give_up("deploy", berth_message(operation));
	berth_operation_free(operation);
}

static void open_handle(struct bench *bench)
{
	struct error err = {0};
	if (berth_open_in(&bench->berth, bench->world, NULL, &bench->options, &err))
		give_up("opening", err.text);
}

/* --- keeping them --------------------------------------------------------------------------------- */

static size_t calls(const struct bench *bench)
{
	size_t all = 0;
	for (enum fake_call call = 0; call < FAKE_CALLS; call++)
		all += fake_target_calls(bench->target, call);
	return all;
}

static void rest(struct bench *bench)
{
	size_t before = calls(bench);
	double until = now_ms() + QUIET_MS, patience = now_ms() + PATIENCE_MS;
	while (now_ms() < until) {
		world_wait(bench->world, (int)(until - now_ms()) + 1);
		if (calls(bench) != before)
			until = now_ms() + QUIET_MS;
		before = calls(bench);
		if (now_ms() > patience)
			give_up("keep", "it does not come to rest");
	}
}

/* Its name is said. */
static void next_dies(struct bench *bench)
{
	char name[64];
	unsigned number = bench->next++ % (bench->applications * bench->components);
	snprintf(name, sizeof name, "app%u.c%u.1", number % bench->applications + 1,
		 number / bench->applications + 1);
	if (fake_target_exit(bench->target, name, 1))
		give_up(name, "is not there");
}

static size_t starts(const struct bench *bench)
{
	return fake_target_calls(bench->target, FAKE_START);
}

/* Until so many starts were asked for: milliseconds since `begun`. */
static double started(struct bench *bench, size_t count, double begun)
{
	while (starts(bench) < count) {
		world_wait(bench->world, 100);
		if (now_ms() > begun + PATIENCE_MS)
			give_up("keep", "what ended was not started again");
	}
	return now_ms() - begun;
}

static int by_size(const void *a, const void *b)
{
	const double *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

static void one_by_one(struct bench *bench, double *ret_median, double *ret_late)
{
	double taken[DEATHS];
	for (size_t i = 0; i < DEATHS; i++) {
		size_t before = starts(bench);
		double begun = now_ms();
		next_dies(bench);
		taken[i] = started(bench, before + 1, begun);
		for (double until = now_ms() + 20; now_ms() < until;)
			world_wait(bench->world, 20);
	}
	qsort(taken, DEATHS, sizeof *taken, by_size);
	*ret_median = taken[DEATHS / 2];
	*ret_late = taken[DEATHS * 99 / 100];
}

static void all_at_once(struct bench *bench, double *ret_first, double *ret_last)
{
	size_t before = starts(bench);
	fake_target_time(bench->target, FAKE_START, START_MS);
	double begun = now_ms();
	for (size_t i = 0; i < BURST; i++)
		next_dies(bench);
	*ret_first = started(bench, before + 1, begun);
	*ret_last = started(bench, before + BURST, begun);
	fake_target_time(bench->target, FAKE_START, 0);
	rest(bench);
}

/* Deaths in tens, over and over. */
static void for_long(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i += 10) {
		size_t before = starts(bench);
		for (size_t n = 0; n < 10; n++)
			next_dies(bench);
		started(bench, before + 10, now_ms());
	}
	rest(bench);
}

static struct berth_operation *keep(struct bench *bench)
{
	struct berth_error error;
	struct berth_operation *keeper = berth_keep(bench->berth, NULL, NULL, &error);
	double patience = now_ms() + PATIENCE_MS;
	if (!keeper)
		give_up("keep", error.text);
	while (!berth_keep_ready(keeper)) {
		world_wait(bench->world, 100);
		if (now_ms() > patience)
			give_up("keep", "it does not get ready");
	}
	return keeper;
}

/* The first one tells the targets that restarts are its duty now. It ends as by a kill. */
static void keep_and_die(struct bench *bench)
{
	open_handle(bench);
	keep(bench);
	rest(bench);
	berth_close(bench->berth);
}

static void measure(struct bench *bench)
{
	double median, late, first, last;
	size_t listings = fake_target_calls(bench->target, FAKE_LIST);
	malloc_trim(0);
	size_t floor = anonymous();
	double begun = now_ms(), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	open_handle(bench);
	keep(bench);
	double ready = now_ms() - begun;
	double ready_cpu = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e3;
	listings = fake_target_calls(bench->target, FAKE_LIST) - listings;
	rest(bench);
	size_t more = anonymous() - floor;
	double idle_since = now_ms();
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	while (now_ms() < idle_since + IDLE_MS)
		world_wait(bench->world, (int)(idle_since + IDLE_MS - now_ms()) + 1);
	double idle = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e3 / (now_ms() - idle_since);
	one_by_one(bench, &median, &late);
	all_at_once(bench, &first, &last);
	for_long(bench, LONG); /* once all has been touched, nothing more is to be needed */
	size_t memory = anonymous(), files = descriptors();
	for_long(bench, LONG);
	printf("{\"applications\": %u, \"components\": %u, \"ready_ms\": %.1f, \"ready_cpu_ms\": %.1f, "
	       "\"listings\": %zu, \"memory\": %zu, \"idle\": %.5f, \"median_ms\": %.2f, \"late_ms\": %.2f, "
	       "\"first_ms\": %.2f, \"last_ms\": %.2f, \"grown\": %zd, \"files\": %zd}\n",
	       bench->applications, bench->components, ready, ready_cpu, listings, more, idle, median, late,
	       first, last, (ssize_t)(anonymous() - memory), (ssize_t)(descriptors() - files));
}

int main(int count, char **arguments)
{
	int64_t applications = 0, components = 0;
	struct error err = {0};
	if (count < 4 || !parse_number(arguments[1], 1, 100000, &applications) ||
	    !parse_number(arguments[2], 1, 100000, &components))
		give_up("usage", "berth-keep APPLICATIONS COMPONENTS FOLDER");
	struct bench bench = {.applications = (unsigned)applications,
			      .components = (unsigned)components,
			      .options = {.size = sizeof bench.options,
					  .state_directory = arguments[3],
					  .config_directory = arguments[3]}};
	bench.world = world_real_open(&err);
	bench.target = bench.world ? fake_target_new(bench.world) : NULL;
	if (!bench.target || fake_target_register("fake", bench.target))
		give_up("opening", err.text);
	open_handle(&bench);
	for (unsigned i = 1; i <= bench.applications; i++)
		deploy(&bench, i);
	berth_close(bench.berth);
	keep_and_die(&bench);
	measure(&bench);
	berth_close(bench.berth);
	fake_target_register("fake", NULL);
	fake_target_free(bench.target);
	world_real_close(bench.world);
}
