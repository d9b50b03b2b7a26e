/* reason.c - why an app does not come to what was asked for: what its last task died of, what no offer had,
 * what a check found. */
#include <string.h>

#include "locations/marathon/marathon.h"

static enum progress found_of_queue(struct flow *flow, const char *words, const char *steady)
{
	if (words && *words)
		fail(&flow->reason, ERR_FAILED, "%s", words);
	flow->steady = steady ?: "";
	return flow_go(flow, flow->after);
}

static enum progress found(struct flow *flow, const char *words)
{
	return found_of_queue(flow, words, words);
}

/* One of an older version is no reason. */
static const char *failure_words(struct flow *flow)
{
	const struct marathon_failure *failure = flow->app.failure;

	if (!failure || !failure->message || failure->at_ms < flow->app.changed_ms)
		return NULL;
	return arena_format(&flow->arena, "%s%s%s", failure->message, failure->host ? ", on " : "",
			    failure->host ?: "");
}

static const char *health_words(struct flow *flow)
{
	for (size_t i = 0; i < flow->app.task_count; i++)
		if (flow->app.tasks[i].health == HEALTH_BAD)
			return arena_format(&flow->arena, "its check fails: %s",
					    flow->app.tasks[i].cause ?: "nobody says why");
	return NULL;
}

static bool is_staged(const struct flow *flow)
{
	for (size_t i = 0; i < flow->app.task_count; i++)
		if (flow->app.tasks[i].state == TASK_STAGED)
			return true;
	return false;
}

static enum progress queue_read(struct flow *flow, const json_t *json)
{
	const json_t *list = json_object_get(json, "queue");

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct marathon_queued queued;
		if (marathon_queued_read(json_array_get(list, i), &flow->arena, &queued, NULL) < 0 ||
		    !queued.app || strcmp(queued.app, flow->id) != 0)
			continue;
		if (is_staged(flow) && !marathon_queued_tells(&queued))
			break;
		return found_of_queue(flow, marathon_queued_words(&queued, false, &flow->arena),
				      marathon_queued_words(&queued, true, &flow->arena));
	}
	return found(flow, is_staged(flow) ? "its task is still being staged" : "");
}

static enum progress queue_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	return queue_read(flow, marathon_ok(call) ? marathon_json(call, err) : NULL);
}

static enum progress queue_told_to_all(struct flow *flow, struct error *err)
{
	(void)err;
	return queue_read(flow, flow->told);
}

#define QUEUE "/v2/queue?embed=lastUnusedOffers"

static enum progress queue_ask(struct flow *flow, struct error *err)
{
	const struct marathon_question question = {.method = "GET", .path = QUEUE};

	return marathon_ask(flow, 0, &question, queue_told, err);
}

enum progress reason_find(struct flow *flow, struct error *err)
{
	const char *words = failure_words(flow);

	flow->reason = (struct error){0};
	if (!words)
		words = health_words(flow);
	if (words)
		return found(flow, words);
	return read_together(flow, QUEUE, queue_told_to_all, queue_ask, err);
}
