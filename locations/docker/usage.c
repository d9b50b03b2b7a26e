/* usage.c - what a container uses: one sample, of which the engine is asked without waiting for a second. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "locations/docker/docker.h"

static double number_at(const json_t *object, const char *path)
{
	const json_t *number = json_at(object, path);

	return json_is_number(number) ? json_number_value(number) : NAN;
}

/* Pages of files that nobody has touched lately go when memory is needed; the two forms of cgroups have
 * another word for them. */
static double memory_in_use(const json_t *stats)
{
	double used = number_at(stats, "memory_stats.usage");
	double first = number_at(stats, "memory_stats.stats.total_inactive_file");
	double second = number_at(stats, "memory_stats.stats.inactive_file");
	double files = isnan(first) ? second : first;

	return files <= used ? used - files : used;
}

/* Over all networks that it is on; on the host's it has none of its own. */
static double over_networks(json_t *stats, const char *direction)
{
	json_t *networks = json_object_get(stats, "networks"), *network;
	double sum = 0;
	const char *name;

	if (!json_object_size(networks))
		return NAN;
	json_object_foreach (networks, name, network)
		sum += number_at(network, direction);
	return sum;
}

static enum progress answered(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *location = task->docker->location->name, *name = task->wish.name;

	if (call->status == 404 && call->error.code == OK) {
		fail(err, ERR_MISSING, "location `%s`: there is no container `%s`", location, name);
		return PROGRESS_FAILED;
	}
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot ask what container `%s` uses", location,
				   name);
	json_t *stats = call_json(call, err);
	if (!stats)
		return PROGRESS_FAILED;
	int64_t at_ms = time_of(json_text(stats, "read"));
	if (!at_ms) {
		fail(err, ERR_FAILED, "location `%s`: container `%s` does not run", location, name);
		return PROGRESS_FAILED;
	}
	*task->wish.usage = (struct usage){
	    .cpu_s = number_at(stats, "cpu_stats.cpu_usage.total_usage") / 1e9,
	    .memory = memory_in_use(stats),
	    .memory_limit = number_at(stats, "memory_stats.limit"),
	    .received_bytes = over_networks(stats, "rx_bytes"),
	    .sent_bytes = over_networks(stats, "tx_bytes"),
	    .processes = number_at(stats, "pids_stats.current"),
	    .at_ms = at_ms,
	};
	return PROGRESS_DONE;
}

/* Nothing is changed by it, so the container is not inspected before: one call for each sample. */
enum progress usage_begin(struct task *task, struct error *err)
{
	const char *name = escaped(&task->arena, task->wish.name);
	const struct question question = {
	    .method = "GET",
	    .path = name ? arena_format(&task->arena, "/containers/%s/stats?stream=false&one-shot=true", name)
			 : NULL,
	};

	return ask(task, 0, &question, answered, err);
}
