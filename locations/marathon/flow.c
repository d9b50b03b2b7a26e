/* flow.c - an errand under way: steps that are taken whenever what they wait for has come back. */
#include <stdarg.h>
#include <stdlib.h>

#include "locations/marathon/marathon.h"

static struct flow *flow_new(struct marathon *marathon, struct errand *errand, flow_step *first)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->marathon = marathon;
	flow->errand = errand;
	flow->memory_before = memory_failures();
	/* A listing is read alike whoever tells it. */
	flow->step = marathon->known || (first == list_marathon && marathon->bases) ? first : known_begin;
	flow->after = first;
	flow->since_ms = marathon->world->ops->now(marathon->world);
	flow->next = marathon->flows;
	flow->back = &marathon->flows;
	if (flow->next)
		flow->next->back = &flow->next;
	marathon->flows = flow;
	errand->state = flow;
	return flow;
}

void flow_free(struct flow *flow)
{
	struct world *world = flow->marathon->world;

	for (unsigned i = 0; i < CALLS; i++) {
		marathon_call_release(&flow->calls[i]);
		json_decref(flow->questions[i].body);
	}
	world->ops->timer_cancel(world, flow->timer);
	world->ops->tcp_cancel(world, flow->probe);
	if (flow->asked)
		world->ops->http_cancel(world, flow->asked);
	together_leave(flow);
	json_decref(flow->app_json);
	arena_release(&flow->app_arena);
	inventory_release(&flow->inventory);
	text_release(&flow->note);
	flow->errand->note = NULL;
	flow->errand->harmless = false;
	*flow->back = flow->next;
	if (flow->next)
		flow->next->back = flow->back;
	flow->errand->state = NULL;
	arena_release(&flow->arena);
	free(flow);
}

/* What came of it without memory is not known, whatever a step made of that. */
static enum progress settled(const struct flow *flow, enum progress progress, struct error *err)
{
	return progress == PROGRESS_WAITING || memory_failures() == flow->memory_before ? progress
											: flow_no_memory(err);
}

enum progress flow_run(struct location *location, struct errand *errand, flow_step *first,
		       const struct marathon_wish *wish, struct error *err)
{
	struct flow *flow = errand->state;
	struct error unasked;
	enum progress progress = PROGRESS_WAITING;

	if (!flow && !(flow = flow_new(location->state, errand, first)))
		return flow_no_memory(err);
	flow->wish = *wish;
	while (progress == PROGRESS_WAITING && !flow->waiting)
		progress = flow->step(flow, err ? err : &unasked);
	progress = settled(flow, progress, err);
	if (progress != PROGRESS_WAITING)
		flow_free(flow);
	return progress;
}

enum progress flow_go(struct flow *flow, flow_step *next)
{
	flow->step = next;
	return PROGRESS_WAITING;
}

void flow_returned(struct flow *flow)
{
	if (--flow->waiting == 0)
		flow->errand->wake(flow->errand);
}

static void fired(void *owner)
{
	struct flow *flow = owner;

	flow->timer = NULL;
	flow_returned(flow);
}

enum progress flow_pause(struct flow *flow, int64_t delay_ms, flow_step *next, struct error *err)
{
	struct world *world = flow->marathon->world;

	flow->step = next;
	flow->timer = world->ops->timer_start(world, delay_ms, fired, flow);
	if (!flow->timer)
		return flow_no_memory(err);
	flow->waiting++;
	return PROGRESS_WAITING;
}

void flow_note(struct flow *flow, const char *format, ...)
{
	va_list arguments;

	text_clear(&flow->note);
	va_start(arguments, format);
	text_vformat(&flow->note, format, arguments);
	va_end(arguments);
	flow->errand->note = text_view(&flow->note);
}

int64_t flow_now(const struct flow *flow)
{
	return flow->marathon->world->ops->now(flow->marathon->world);
}

bool flow_overdue(const struct flow *flow, int64_t limit_ms)
{
	return flow_now(flow) - flow->since_ms >= limit_ms;
}

enum progress flow_no_memory(struct error *err)
{
	fail_memory(err);
	return PROGRESS_FAILED;
}
