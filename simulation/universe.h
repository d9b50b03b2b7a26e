/* universe.h - the simulated outside: one clock, one source of chance, machines, and what answers at
 * addresses between them.
 *
 * Programs take part through a *seat* (`seat.h`): a `struct world` of one process on one machine. What
 * stands at the other side of the wire is a *service*. Everything that happens comes from the clock and the
 * seed, so the same seed plays the same.
 */
#ifndef BERTH_SIMULATION_UNIVERSE_H
#define BERTH_SIMULATION_UNIVERSE_H

#include <stdarg.h>

#include "base/world.h"
#include "simulation/clock.h"

struct universe;
struct machine;
struct seat;
struct reply;

struct universe *universe_new(uint64_t seed); /* NULL: no memory */
/* After its seats, machines and services. NULL is fine. */
void universe_free(struct universe *universe);
struct clock *universe_clock(struct universe *universe);
/* Time and chance for what is outside of every program: `now`, `wall`, `random`, timers; nothing else. */
struct world *universe_outside(struct universe *universe);
/* 0 to sides - 1; 0 when there are none. */
unsigned universe_roll(struct universe *universe, unsigned sides);
/* The wall clock jumps; the monotonic one never does. */
void universe_jump(struct universe *universe, int64_t by_ms);

/* --- what stands at an address --------------------------------------------------------------- */

/* All but `request` may be NULL. */
struct service {
	/* A request has arrived. It and the reply are there until the service has ended or cut the reply, or
	 * `gone` told that nobody waits for it any more. */
	void (*request)(void *owner, const struct http_request *request, struct reply *reply);
	/* Who asked has gone: nothing may be done with the reply any more. */
	void (*gone)(void *owner, struct reply *reply);
	/* On a connection that was given away: bytes; count 0: no more will come. */
	void (*heard)(void *owner, struct reply *reply, const char *bytes, size_t count);
	/* Does something accept connections there, asked from that machine? -1: the address is not ours. */
	int (*accepts)(void *owner, const struct machine *from, const char *address, uint16_t port);
	/* Does that machine have a network interface of that name because of us? */
	bool (*interface)(void *owner, const struct machine *machine, const char *name);
	/* Do we hold that port of that machine? */
	bool (*holds)(void *owner, const struct machine *machine, const char *address, uint16_t port,
		      bool udp);
	void *owner;
};

/* At "unix:/run/docker.sock" or "10.0.0.5:2375", copied. NULL removes it. 0, or -1 without memory. Whoever
 * is connected stays so. */
int universe_serve(struct universe *universe, const char *address, const struct service *service);
/* Nobody reaches it: requests that arrive are lost, and so is what it says. Connections are not cut. */
void universe_isolate(struct universe *universe, const char *address, bool isolated);
/* For so long what is said to it, and what it says, is under way: it arrives when that is over, as TCP sends
 * again. Whoever gives up meanwhile is told nothing of it, but their request has its effect all the same. */
void universe_silence(struct universe *universe, const char *address, int64_t for_ms);

/* --- how a service answers --------------------------------------------------------------------- */

/* What is said arrives in the order in which it was said. `headers`: "Name: value\r\n..." or NULL. */
void reply_head(struct reply *reply, int status, const char *headers);
/* The connection is given away (101, or a 200 without a length): from now on bytes both ways. */
void reply_open(struct reply *reply, int status, const char *headers);
void reply_bytes(struct reply *reply, const void *bytes, size_t count);
void reply_end(struct reply *reply); /* all said; the reply is gone */
void reply_cut(struct reply *reply); /* the connection breaks; the reply is gone */
/* Head, body and end in one. `body` NULL: none. */
void reply_whole(struct reply *reply, int status, const char *headers, const char *body);
void reply_keep(struct reply *reply, void *state); /* the service's own */
void *reply_kept(const struct reply *reply);
/* Which machine asks. */
const struct machine *reply_from(const struct reply *reply);

/* --- what the wire does to messages ------------------------------------------------------------ */

enum spoiling {
	SPOIL_NOTHING,
	SPOIL_STATUS,    /* `status` is answered in its place */
	SPOIL_GARBAGE,   /* a body that is nothing */
	SPOIL_EMPTY,     /* one that is well formed, and says nothing: `{}` */
	SPOIL_TRUNCATED, /* the body ends after `after` bytes, as if it were whole */
	SPOIL_CUT,       /* the connection breaks after `after` bytes of the body */
};

struct fate {
	int64_t there_ms, back_ms; /* on the way */
	bool refused;              /* no connection is made */
	bool lost;                 /* it never arrives; who asked waits */
	bool answer_lost;          /* it has its effect, and who asked waits */
	bool reset;                /* `lost` or `answer_lost` shows as a broken connection, at once */
	bool twice;                /* it arrives a second time; that answer goes nowhere. Not with `fresh` */
	enum spoiling spoiling;
	int status; /* with SPOIL_STATUS: it did not arrive */
	size_t after;
};

/* Asked once for each request; `ret` is zeroed, and 1 ms each way. */
typedef void fate_decider(void *owner, struct seat *seat, const char *address,
			  const struct http_request *request, struct fate *ret);
void universe_fates(struct universe *universe, fate_decider *decide, void *owner);

/* --- telling the story ------------------------------------------------------------------------- */

/* One line with the time before it, when somebody listens. */
void universe_tell(struct universe *universe, const char *format, ...) __attribute__((format(printf, 2, 3)));
void universe_listen(struct universe *universe, void (*line)(void *owner, int64_t now_ms, const char *words),
		     void *owner);

#endif
