/* counts.c - what the engine counts of its own work, and how it is told. */
#include "engine/counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "berth/numbers.h"
#include "engine/engine.h"

/* Blueprints name locations as they like: beyond that they count as one. */
enum { MOST_LOCATIONS = 200, MOST_CALLS = 32, RESULTS = ERR_NO_MEMORY + 1 };

static const int64_t bounds[] = {10, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000};

struct location_counts {
	struct call_counts {
		const char *call;
		uint64_t results[RESULTS];
	} calls[MOST_CALLS];
};

struct duration_counts {
	uint64_t count, within[COUNT_OF(bounds)];
	int64_t sum_ms;
};

struct decision_counts {
	char *policy;
	const char *kind;
	uint64_t count;
};

/* --- counting ------------------------------------------------------------------------------- */

static void *find_or_make(struct map **map, const char *key, size_t size)
{
	void *found = map_get(*map, key);
	if (found)
		return found;
	found = calloc(1, size);
	if (found && map_put(map, key, found)) {
		free(found);
		return NULL;
	}
	return found;
}

static struct location_counts *counts_of(struct site *site)
{
	struct counts *counts = &site->operation->berth->counts;
	const char *name = site->location.name;
	if (map_count(counts->locations) >= MOST_LOCATIONS && !map_get(counts->locations, name))
		name = "(others)";
	return find_or_make(&counts->locations, name, sizeof(struct location_counts));
}

void count_call(struct site *site, const char *call, enum code result)
{
	if (!site->counts && !(site->counts = counts_of(site)))
		return;
	struct call_counts *counts = site->counts->calls, *end = counts + MOST_CALLS;
	while (counts < end && counts->call && counts->call != call && strcmp(counts->call, call) != 0)
		counts++;
	if (counts == end)
		return;
	counts->call = call;
	counts->results[result]++;
}

void count_duration(const struct berth_operation *operation, int64_t duration_ms)
{
	struct duration_counts *counts =
	    find_or_make(&operation->berth->counts.durations, operation->verb->name, sizeof *counts);
	if (!counts)
		return;
	counts->count++;
	counts->sum_ms += duration_ms;
	for (size_t i = 0; i < COUNT_OF(bounds); i++)
		counts->within[i] += duration_ms <= bounds[i];
}

void count_decision(const struct berth_operation *operation, const char *policy, const char *kind)
{
	owned_text key = {0};
	text_format(&key, "%s %s", policy ? policy : "", kind);
	struct decision_counts *counts =
	    key.failed ? NULL : find_or_make(&operation->berth->counts.decisions, key.data, sizeof *counts);
	if (!counts || (!counts->policy && !(counts->policy = strdup(policy ? policy : ""))))
		return;
	counts->kind = kind;
	counts->count++;
}

static bool free_plain(const char *key, void *value, void *context)
{
	(void)key, (void)context;
	free(value);
	return true;
}

static bool free_decision(const char *key, void *value, void *context)
{
	struct decision_counts *counts = value;
	free(counts->policy);
	return free_plain(key, counts, context);
}

void counts_release(struct counts *counts)
{
	map_each(counts->locations, free_plain, NULL);
	map_each(counts->durations, free_plain, NULL);
	map_each(counts->decisions, free_decision, NULL);
	map_release(&counts->locations);
	map_release(&counts->durations);
	map_release(&counts->decisions);
}

/* --- telling -------------------------------------------------------------------------------- */

struct teller {
	void (*tell)(void *context, const struct berth_number *number);
	void *context;
	struct berth_number number;
};

static void begin(struct teller *teller, const char *name, enum berth_number_kind kind, const char *summary)
{
	teller->number = (struct berth_number){
	    .size = sizeof teller->number, .name = name, .kind = kind, .summary = summary};
}

static void tell(struct teller *teller, const struct berth_label *labels, size_t count, uint64_t value)
{
	teller->number.labels = labels;
	teller->number.label_count = count;
	teller->number.value = value;
	teller->tell(teller->context, &teller->number);
}

static bool tell_location(const char *name, void *value, void *of)
{
	const struct location_counts *location = value;
	for (size_t i = 0; i < MOST_CALLS && location->calls[i].call; i++)
		for (size_t result = 0; result < RESULTS; result++) {
			const struct berth_label labels[] = {{"location", name},
							     {"call", location->calls[i].call},
							     {"result", code_name((enum code)result)}};
			if (location->calls[i].results[result])
				tell(of, labels, COUNT_OF(labels), location->calls[i].results[result]);
		}
	return true;
}

static bool tell_duration(const char *verb, void *value, void *of)
{
	const struct duration_counts *counts = value;
	const struct berth_label label = {"verb", verb};
	struct teller *teller = of;
	teller->number.bounds = bounds;
	teller->number.within = counts->within;
	teller->number.bound_count = COUNT_OF(bounds);
	teller->number.sum_ms = counts->sum_ms;
	tell(teller, &label, 1, counts->count);
	return true;
}

static bool tell_decision(const char *key, void *value, void *of)
{
	const struct decision_counts *counts = value;
	const struct berth_label labels[] = {{"policy", counts->policy}, {"kind", counts->kind}};
	(void)key;
	tell(of, labels, COUNT_OF(labels), counts->count);
	return true;
}

/* An application is kept, or being changed, by one operation at a time; who only looks does not count. */
static const struct application *changed_by(const struct berth_operation *operation)
{
	bool counts = operation->verb->changes && !operation->done && operation->work_count;
	return counts ? operation->application : NULL;
}

/* One that is kept may have an effector run in it at the same time. */
static bool told_before(const struct berth *berth, const struct berth_operation *until, const char *app)
{
	for (const struct berth_operation *operation = berth->operations; operation != until;
	     operation = operation->next) {
		const struct application *application = changed_by(operation);
		if (application && strcmp(application->id, app) == 0)
			return true;
	}
	return false;
}

static void tell_instances(struct teller *teller, const struct berth *berth)
{
	for (const struct berth_operation *operation = berth->operations; operation;
	     operation = operation->next) {
		uint64_t states[PHASE_COUNT] = {0};
		const struct application *application = changed_by(operation);
		if (application && told_before(berth, operation, application->id))
			continue;
		for (size_t i = 0; application && i < operation->work_count; i++)
			states[operation->works[i]->instance->phase]++;
		for (size_t phase = 0; application && phase < PHASE_COUNT; phase++) {
			const struct berth_label labels[] = {{"app", application->id},
							     {"state", phase_name((enum phase)phase)}};
			if (states[phase])
				tell(teller, labels, COUNT_OF(labels), states[phase]);
		}
	}
}

static uint64_t waiting_for_slot(const struct slots *slots)
{
	uint64_t count = 0;
	for (const struct work *work = slots->first; work; work = work->next_slot)
		count++;
	return count;
}

static void tell_queues(struct teller *teller, const struct berth *berth)
{
	uint64_t steps = 0, calls = 0, records = 0, flying = 0;
	for (const struct berth_operation *operation = berth->operations; operation;
	     operation = operation->next) {
		for (const struct work *work = operation->dirty_first; work; work = work->next_dirty)
			steps++;
		for (const struct work *work = operation->commit_first; work; work = work->next_commit)
			records++;
		for (const struct site *site = operation->sites; site; site = site->next) {
			calls += waiting_for_slot(&site->changes) + waiting_for_slot(&site->together) +
				 waiting_for_slot(&site->stops);
			flying += site->changes.flying + site->together.flying + site->stops.flying;
		}
	}
	const struct {
		const char *queue;
		uint64_t depth;
	} queues[] = {{"step", steps}, {"call", calls}, {"record", records}};
	begin(teller, "queue_depth", BERTH_GAUGE,
	      "instances that wait: for a step, for a call to their location, for a record to be durable");
	for (size_t i = 0; i < COUNT_OF(queues); i++)
		tell(teller, &(struct berth_label){"queue", queues[i].queue}, 1, queues[i].depth);
	begin(teller, "calls_in_flight", BERTH_GAUGE, "calls under way that change something at a location");
	tell(teller, NULL, 0, flying);
}

static uint64_t holds(const struct berth *berth)
{
	uint64_t count = 0;
	for (const struct berth_operation *operation = berth->operations; operation;
	     operation = operation->next)
		count += operation->verb == &verb_hold && !operation->done && operation->stage == STAGE_WORK;
	return count;
}

void berth_numbers(const struct berth *berth, void (*told)(void *context, const struct berth_number *number),
		   void *context)
{
	struct teller teller = {.tell = told, .context = context};
	const struct counts *counts = &berth->counts;
	begin(&teller, "calls", BERTH_COUNTER, "calls to locations that were answered, or given up");
	map_each(counts->locations, tell_location, &teller);
	begin(&teller, "reconcile", BERTH_DURATION,
	      "from the first step until all instances were as wanted, or were not to be brought there");
	map_each(counts->durations, tell_duration, &teller);
	begin(&teller, "policy_decisions", BERTH_COUNTER, "what policies decided to do, or to tell");
	map_each(counts->decisions, tell_decision, &teller);
	begin(&teller, "instances", BERTH_GAUGE, "instances of applications that are kept or being changed");
	tell_instances(&teller, berth);
	begin(&teller, "applications", BERTH_GAUGE, "applications that are kept at this moment");
	tell(&teller, NULL, 0, holds(berth));
	tell_queues(&teller, berth);
}
