/* soak.c - a controller kept for a long time while one message in twenty meets something and instances die:
 * it must not grow. */
#include "tests/sim/soak.h"

#include <dirent.h>
#include <malloc.h>
#include <sqlite3.h>
#include <time.h>

#include "base/cleanup.h"
#include "simulation/clock.h"
#include "tests/sim/calls.h"
#include "tests/sim/kept.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

enum {
	FAULT_PERCENT = 5,
	WARM_DAYS = 2,
	SLACK_BYTES = 64 << 10, /* what is under way at that moment */
	SLACK_STORE = 2 << 20,  /* events, of which the last ones are kept */
};

/* Every kind of policy; asked seldom enough that a year can be waited for. */
static const char blueprint[] =
    "id: app\nservices:\n"
    "- {type: 'docker:good:1', id: c0, location: engine, instances: 2, openPorts: 80, healthCheck: {tcp: {}, "
    "interval: 20m, retries: 2}, policies: [restarter]}\n"
    "- {type: 'docker:good:1', id: c1, location: engine, openPorts: 80, policies: [restarter, replacer, "
    "{type: connection-failure-detector, pollPeriod: 15m}]}\n"
    "- {type: 'docker:good:1', id: c2, location: engine, openPorts: 80, links: "
    "[$brooklyn:component(\"c1\")], "
    "policies: [replacer]}\n"
    "- {type: 'docker:good:1', id: c3, location: fleet, policies: "
    "[org.apache.brooklyn.policy.ha.ServiceRestarter, org.apache.brooklyn.policy.ha.ServiceReplacer]}\n"
    "- {type: 'docker:good:1', id: c4, location: fleet, policies: [restarter, {type: periodic, effector: "
    "restart, period: 12h}]}\n";

struct gauge {
	size_t bytes, descriptors, store, timers;
};

static size_t descriptors(void)
{
	size_t count = 0;
	DIR *directory = opendir("/proc/self/fd");
	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

static size_t store_size(struct theatre *stage)
{
	static const char *const endings[] = {"", "-wal"};
	size_t bytes = 0;
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		owned_text content = {0};
		char path[128];
		snprintf(path, sizeof path, "%s/berth.db%s", stage->deployers[0].state, endings[i]);
		if (machine_read(stage->machines[0], path, &content) == 0)
			bytes += content.length;
	}
	return bytes;
}

/* SQLite's own cache grows with the events that are kept, up to its limit. */
static size_t bytes_in_use(void)
{
	return mallinfo2().uordblks - (size_t)sqlite3_memory_used();
}

/* What the controller holds is what is free again when it has gone; another one takes its place. */
static struct gauge measure(struct theatre *stage)
{
	struct deployer *deployer = &stage->deployers[0];
	struct gauge gauge = {.descriptors = descriptors(),
			      .timers = clock_pending(universe_clock(stage->universe))};
	gauge.bytes = bytes_in_use();
	deployer_close(deployer);
	gauge.bytes -= bytes_in_use();
	gauge.store = store_size(stage);
	if (deployer_open(deployer))
		stage_accuse(stage, "opens", "berth cannot be opened any more");
	else
		kept_begin(deployer);
	return gauge;
}

/* --- what happens ------------------------------------------------------------------------------- */

static void end_any(struct theatre *stage, struct dice *dice)
{
	sights_take(&stage->sights, stage);
	const struct sight *sight =
	    stage->sights.count ? &stage->sights.list[roll(dice, (unsigned)stage->sights.count)] : NULL;
	if (!sight || !sight->component || !sight->running)
		return;
	stage_disturb(stage, "an instance ends by itself");
	if (sight->realm == REALM_DOCKER)
		docker_engine_end(stage->engine, sight->name, 1);
	else
		fake_target_crash(stage->fleet, sight->name, 1);
}

/* Some ends each day, and now and then a target that is away. */
static bool live_a_day(struct theatre *stage, struct dice *dice)
{
	stage->fault_percent = FAULT_PERCENT;
	for (int i = 0; i < 4; i++) {
		if (!stage_run(stage, 5 * HOUR_MS))
			return false;
		end_any(stage, dice);
	}
	if (one_in(dice, 5)) {
		universe_silence(stage->universe, ENGINE_ADDRESS, 10 * MINUTE_MS);
		fake_target_unreachable(stage->fleet, true);
		stage_run(stage, 10 * MINUTE_MS);
		fake_target_unreachable(stage->fleet, false);
	}
	stage->fault_percent = 0;
	return stage_run(stage, 4 * HOUR_MS);
}

static bool begin(struct theatre *stage)
{
	struct deployer *deployer = &stage->deployers[0];
	stage->model.realms = 1u << REALM_DOCKER | 1u << REALM_FAKE;
	text_add(&stage->blueprint, blueprint);
	kept_begin(deployer);
	stage->echoes_until_ms = INT64_MAX; /* the model knows nothing of it: nothing is judged by it */
	deployer_begin(deployer, DO_DEPLOY, 1);
	stage->echoes_until_ms = 0;
	stage_wait(stage, deployer, HOUR_MS);
	return deployer->begun && deployer->last == BERTH_OK;
}

/* --- what is held against it -------------------------------------------------------------------- */

static void show(FILE *to, unsigned day, struct gauge gauge)
{
	fprintf(to,
		"after %u days it holds %zu bytes, %zu descriptors, %zu timers, a store of %zu bytes; %.1f s "
		"of CPU\n",
		day, gauge.bytes, gauge.descriptors, gauge.timers, gauge.store,
		(double)clock() / CLOCKS_PER_SEC);
	fflush(to);
}

static size_t must_not_grow(FILE *to, const char *what, size_t before, size_t after, size_t slack)
{
	bool grew = after > before + slack;
	fprintf(to, "%s - soak: %s: %zu, then %zu\n", grew ? "not ok" : "ok", what, before, after);
	return grew;
}

int soak_run(unsigned days, uint64_t seed, FILE *to)
{
	struct tally *tally = tally_new();
	struct theatre stage = {0};
	struct dice dice = {seed};
	struct gauge first = {0}, last = {0};
	size_t failures = 0;
	calls_count(tally);
	if (stage_open(&stage, seed, tally) || !begin(&stage)) {
		fprintf(to, "not ok - soak: it does not begin: %s\n", stage.verdict);
		return 1;
	}
	for (unsigned day = 1; day <= days && live_a_day(&stage, &dice); day++) {
		if (day != WARM_DAYS && day != days)
			continue;
		struct gauge now = measure(&stage);
		show(to, day, now);
		*(day == WARM_DAYS ? &first : &last) = now;
	}
	if (stage.rule[0])
		failures++, fprintf(to, "not ok - soak: %s: %s\n", stage.rule, stage.verdict);
	failures += must_not_grow(to, "bytes in use", first.bytes, last.bytes, SLACK_BYTES);
	failures += must_not_grow(to, "descriptors", first.descriptors, last.descriptors, 0);
	failures += must_not_grow(to, "bytes of store", first.store, last.store, SLACK_STORE);
	failures += must_not_grow(to, "timers", first.timers, last.timers, 8);
	stage_close(&stage);
	tally_free(tally);
	return failures != 0;
}
