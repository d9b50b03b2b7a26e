/* simulate_controller.c - the controller of whoever deploys a blueprint with policies: commands go through
 * it, and it keeps what they made. One that died is started again, as a service manager would. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

#define RETURNS_MS 1000

static void take_event(void *context, const struct berth_event *event)
{
	struct deployer *by = context;
	if (event->kind == BERTH_EVENT_WARNING)
		story_tell(by->simulation, "controller", "%s", event->text);
	else if (event->kind == BERTH_EVENT_PHASE && event->instance &&
		 story_is_news(by->simulation, &by->told, event))
		story_tell(by->simulation, event->instance, "%s%s%s", event->phase,
			   event->text && *event->text ? ": " : "", event->text ? event->text : "");
}

static int start(struct deployer *by, struct error *err)
{
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = by};
	struct berth_error error = {0};
	if (fleet_open(by, &by->seat, &by->berth, err))
		return -1;
	by->keeper = berth_keep(by->berth, NULL, &listener, &error);
	return by->keeper ? 0 : fail(err, ERR_FAILED, "%s", error.text);
}

static void close_down(struct deployer *by)
{
	berth_operation_free(give(by->keeper));
	berth_close(give(by->berth));
	seat_free(give(by->seat));
	map_release(&by->told);
}

static void returns(struct event *event)
{
	struct deployer *by = owner_of(event, struct deployer, returns);
	struct error err = {0};
	story_tell(by->simulation, by->name, "the controller is started again");
	if (start(by, &err))
		by->simulation->failed = true;
}

int controller_begin(struct deployer *by, struct error *err)
{
	if (by->has_controller)
		return 0;
	by->has_controller = true;
	event_prepare(&by->returns, returns);
	story_tell(by->simulation, by->name, "berth serve");
	return start(by, err);
}

bool controller_kill(struct deployer *by, int64_t at_call)
{
	if (!by->seat || seat_dead(by->seat))
		return false;
	if (at_call) {
		seat_kill_at(by->seat, (uint64_t)at_call);
		return true;
	}
	story_tell(by->simulation, by->name, "the controller is killed with kill -9");
	seat_kill(by->seat);
	return true;
}

void controllers_look(struct simulation *simulation)
{
	for (struct deployer *by = simulation->deployers; by; by = by->next) {
		if (!by->seat || !seat_dead(by->seat))
			continue;
		close_down(by);
		if (clock_add(simulation->clock, &by->returns, RETURNS_MS))
			simulation->failed = true;
	}
}

void controllers_release(struct simulation *simulation)
{
	for (struct deployer *by = simulation->deployers; by; by = by->next) {
		if (by->has_controller)
			clock_take(simulation->clock, &by->returns);
		close_down(by);
	}
}
