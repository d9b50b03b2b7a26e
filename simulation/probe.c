/* probe.c - whether something accepts a connection somewhere in the simulated world. */
#include <stdio.h>
#include <stdlib.h>

#include "simulation/internal.h"

struct probe_call {
	struct event event;
	struct seat *seat;
	void (*answered)(void *, const struct error *);
	void *owner;
	char address[128];
	uint16_t port;
	int64_t timeout_ms;
	bool timed_out;
};

struct asked_port {
	const struct universe *universe;
	const struct machine *from;
	const char *address;
	uint16_t port;
	int found;
	struct place *place;
};

static bool ask_service(const char *address, void *place_, void *context)
{
	struct place *place = place_;
	struct asked_port *asked = context;
	(void)address;
	if (!place->served || wire_is_cut(asked->universe, place) || !place->service.accepts)
		return true;
	int found = place->service.accepts(place->service.owner, asked->from, asked->address, asked->port);
	if (found > asked->found) {
		asked->found = found;
		asked->place = place;
	}
	return asked->found < 1;
}

int wire_accepts(struct universe *universe, const struct machine *from, const char *address, uint16_t port,
		 struct place **ret)
{
	struct asked_port asked = {
	    .universe = universe, .from = from, .address = address, .port = port, .found = -1};
	int own = machine_accepts(from, address, port);
	/* A machine is a service too, for whoever wants to speak to its processes. */
	if (own < 1 || ret)
		map_each(universe->places, ask_service, &asked);
	if (own > asked.found)
		asked.found = own;
	if (ret)
		*ret = asked.place;
	return asked.found;
}

static void tell(struct probe_call *call, const struct error *answer)
{
	void (*answered)(void *, const struct error *) = call->answered;
	void *owner = call->owner;
	free(call);
	answered(owner, answer);
}

static void probe_happens(struct event *event)
{
	struct probe_call *call = (struct probe_call *)event;
	struct universe *universe = call->seat->participant.universe;
	struct error answer = {0};
	if (call->seat->dead)
		return;
	int found = wire_accepts(universe, call->seat->machine, call->address, call->port, NULL);
	if (found < 0 && !call->timed_out) {
		call->timed_out = true;
		if (clock_add(universe->clock, event, call->timeout_ms) == 0)
			return;
	}
	if (found < 0)
		fail(&answer, ERR_TIMED_OUT, "%s:%u: no answer in %lld ms", call->address, call->port,
		     (long long)call->timeout_ms);
	else if (found == 0)
		fail(&answer, ERR_UNREACHABLE, "%s:%u: Connection refused", call->address, call->port);
	tell(call, &answer);
}

struct probe_call *seat_tcp_probe(struct world *world, const char *address, uint16_t port, int64_t timeout_ms,
				  void (*answered)(void *owner, const struct error *), void *owner)
{
	struct seat *seat = seat_of(world);
	struct probe_call *call = malloc(sizeof *call);
	if (!call)
		return NULL;
	seat_leaves(seat, NULL);
	*call = (struct probe_call){
	    .seat = seat, .answered = answered, .owner = owner, .port = port, .timeout_ms = timeout_ms};
	snprintf(call->address, sizeof call->address, "%s", address);
	event_prepare(&call->event, probe_happens);
	if (clock_add(seat->participant.universe->clock, &call->event, 1) == 0)
		return call;
	free(call);
	return NULL;
}

void seat_tcp_cancel(struct world *world, struct probe_call *call)
{
	if (!call)
		return;
	clock_take(participant_of(world)->universe->clock, &call->event);
	free(call);
}

/* --- a question over a connection: nobody here knows its words ------------------------------------------ */

struct tcp_talk {
	struct tcp_question question;
	struct probe_call *probe;
};

static void connected(void *owner, const struct error *err)
{
	struct tcp_talk *talk = owner;
	const struct tcp_question question = talk->question;
	const struct text nothing = {0};
	struct error answer = *err;
	free(talk);
	if (!answer.code)
		fail(&answer, ERR_UNSUPPORTED, "nothing is answered over a connection of a simulated world");
	question.answered(question.owner, &nothing, &answer);
}

struct tcp_talk *seat_tcp_ask(struct world *world, const struct tcp_question *question)
{
	struct tcp_talk *talk = malloc(sizeof *talk);
	if (!talk)
		return NULL;
	talk->question = *question;
	talk->probe =
	    seat_tcp_probe(world, question->address, question->port, question->timeout_ms, connected, talk);
	if (talk->probe)
		return talk;
	free(talk);
	return NULL;
}

void seat_tcp_ask_cancel(struct world *world, struct tcp_talk *talk)
{
	if (!talk)
		return;
	seat_tcp_cancel(world, talk->probe);
	free(talk);
}
