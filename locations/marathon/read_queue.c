/* read_queue.c - what waits to be launched, and for what: the offers that came, and what none of them had. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

/* The step of the funnel that refused most. */
static void read_summary(const json_t *list, struct marathon_queued *ret)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *step = json_array_get(list, i);
		int64_t declined = json_number(step, "declined", 0);
		if (declined > ret->declined) {
			ret->declined = declined;
			ret->reason = json_text(step, "reason");
		}
	}
}

static double scalar_of(const json_t *resource)
{
	const json_t *scalar = json_object_get(resource, "scalar");

	return json_number_value(json_is_object(scalar) ? json_object_get(scalar, "value") : scalar);
}

static void weigh_offer(const json_t *offer, struct marathon_offers *seen)
{
	const json_t *resources = json_object_get(offer, "resources");
	double cpus = 0, mem = 0, disk = 0;

	/* One resource may come in pieces, one for each role. */
	for (size_t i = 0; i < json_array_size(resources); i++) {
		const json_t *resource = json_array_get(resources, i);
		const char *name = json_text(resource, "name");
		double *of = !name                   ? NULL
			     : !strcmp(name, "cpus") ? &cpus
			     : !strcmp(name, "mem")  ? &mem
			     : !strcmp(name, "disk") ? &disk
						     : NULL;
		if (of)
			*of += scalar_of(resource);
	}
	seen->count++;
	seen->most_cpus = cpus > seen->most_cpus ? cpus : seen->most_cpus;
	seen->most_mem = mem > seen->most_mem ? mem : seen->most_mem;
	seen->most_disk = disk > seen->most_disk ? disk : seen->most_disk;
}

static int read_offers(const struct marathon_reading *reading, const json_t *json,
		       struct marathon_queued *ret)
{
	const json_t *summary, *last, *unused;

	if (marathon_take_object(reading, json, "processedOffersSummary", &summary) < 0 ||
	    marathon_take_count(reading, summary, "processedOffersCount", 0, &ret->offers) < 0 ||
	    marathon_take_count(reading, summary, "unusedOffersCount", 0, &ret->unused) < 0 ||
	    marathon_take_list(reading, summary, "rejectSummaryLastOffers", &last) < 0 ||
	    marathon_take_list(reading, json, "lastUnusedOffers", &unused) < 0)
		return -1;
	read_summary(last, ret);
	for (size_t i = 0; i < json_array_size(unused); i++)
		weigh_offer(json_object_get(json_array_get(unused, i), "offer"), &ret->seen);
	return 0;
}

int marathon_queued_read(const json_t *json, struct arena *arena, struct marathon_queued *ret,
			 struct error *err)
{
	const struct marathon_reading reading = {arena, "entry of its queue", err};
	const json_t *app, *pod, *delay;
	int64_t count;

	*ret = (struct marathon_queued){0};
	if (marathon_must_be_object(&reading, json) < 0 ||
	    marathon_take_object(&reading, json, "app", &app) < 0 ||
	    marathon_take_object(&reading, json, "pod", &pod) < 0 ||
	    marathon_take_object(&reading, json, "delay", &delay) < 0 ||
	    marathon_take_count(&reading, json, "count", 0, &count) < 0 ||
	    marathon_take_text(&reading, app, "id", app, &ret->app) < 0 ||
	    marathon_take_text(&reading, pod, "id", pod, &ret->pod) < 0 ||
	    marathon_take_real(&reading, app, "cpus", 0, &ret->cpus) < 0 ||
	    marathon_take_real(&reading, app, "mem", 0, &ret->mem) < 0 ||
	    marathon_take_real(&reading, app, "disk", 0, &ret->disk) < 0 ||
	    marathon_take_real(&reading, delay, "timeLeftSeconds", 0, &ret->delay_s) < 0)
		return -1;
	if (!ret->app && !ret->pod)
		return fail(err, ERR_UNREACHABLE, "Marathon told of an entry of its queue that is of no app");
	ret->count = (unsigned)count;
	ret->overdue = json_flag(delay, "overdue", true);
	return read_offers(&reading, json, ret);
}

/* --- in words ------------------------------------------------------------------------------- */

static void add_size(struct text *words, double mebibytes)
{
	if (mebibytes >= 1024)
		text_format(words, "%.3g GiB", mebibytes / 1024);
	else
		text_format(words, "%.4g MiB", mebibytes);
}

/* What an offer would have to have, and how near the best one came. */
static void add_lack(const struct marathon_queued *queued, bool steady, struct text *words)
{
	static const struct {
		const char *reason, *words;
	} others[] = {
	    {"UnfulfilledConstraint", "none fulfils its constraints"},
	    {"UnfulfilledRole", "none is of a role that it accepts"},
	    {"NoCorrespondingReservationFound", "none holds what was reserved for it"},
	    {"AgentMaintenance", "their agents are to be maintained"},
	    {"InsufficientGpus", "none with as many GPUs"},
	    {"InsufficientPorts", "none with the ports that it asks for"},
	    {"DeclinedScarceResources", "they are kept for those who need GPUs"},
	};
	const struct marathon_offers *seen = &queued->seen;
	const char *reason = queued->reason ? queued->reason : "";
	bool told = seen->count > 0, shown = told && !steady;

	if (!strcmp(reason, "InsufficientCpus") || (!*reason && told && seen->most_cpus < queued->cpus)) {
		text_format(words, "none with %.3g CPUs", queued->cpus);
		if (shown)
			text_format(words, " (the most is %.3g)", seen->most_cpus);
	} else if (!strcmp(reason, "InsufficientMemory") ||
		   (!*reason && told && seen->most_mem < queued->mem)) {
		text_add(words, "none with ");
		add_size(words, queued->mem);
		text_add(words, " of memory");
		if (shown) {
			text_add(words, " (the most is ");
			add_size(words, seen->most_mem);
			text_add_char(words, ')');
		}
	} else if (!strcmp(reason, "InsufficientDisk")) {
		text_add(words, "none with ");
		add_size(words, queued->disk);
		text_add(words, " of disk");
	} else {
		for (size_t i = 0; i < COUNT_OF(others); i++)
			if (!strcmp(others[i].reason, reason)) {
				text_add(words, others[i].words);
				return;
			}
		text_add(words, *reason ? reason : "none was taken");
	}
}

bool marathon_queued_tells(const struct marathon_queued *queued)
{
	return queued->offers || queued->seen.count || (!queued->overdue && queued->delay_s > 0);
}

const char *marathon_queued_words(const struct marathon_queued *queued, bool steady, struct arena *arena)
{
	owned_text words = {0};

	if (!queued->overdue && queued->delay_s > 0) {
		text_add(&words, "it ended too often: Marathon tries again ");
		if (steady)
			text_add(&words, "later");
		else
			text_format(&words, "in %.0f s", queued->delay_s);
	} else if (queued->offers || queued->seen.count) {
		int64_t count = queued->offers ? queued->offers : (int64_t)queued->seen.count;
		if (steady)
			text_add(&words, "offers came, ");
		else
			text_format(&words, "%lld offer%s, ", (long long)count, count == 1 ? "" : "s");
		add_lack(queued, steady, &words);
	} else {
		text_add(&words, "Marathon was made no offer by Mesos");
	}
	return words.failed ? NULL : arena_text(arena, text_view(&words));
}
