/* internal.h - what the files of the simulated outside share: who takes part, and messages on their way. */
#ifndef BERTH_SIMULATION_INTERNAL_H
#define BERTH_SIMULATION_INTERNAL_H

#include "base/map.h"
#include "simulation/machine.h"

/* A `struct world` of ours: a seat's, or the one outside of all programs. */
struct participant {
	struct world world; /* first */
	struct universe *universe;
	struct seat *seat; /* NULL: outside */
};

struct seat {
	struct participant participant; /* first */
	struct world_ops ops;
	struct machine *machine;
	pid_t pid;
	bool dead;
	uint64_t calls, dies_at;    /* 0: does not */
	int64_t worker_free_ms;     /* when its worker has done all that was asked so far */
	struct ssh_call *ssh_calls; /* at machines reached by SSH */
};

struct place {
	struct service service;
	bool isolated, served;
	int64_t silent_until_ms; /* messages wait until then */
};

struct universe {
	struct clock *clock;
	struct participant outside;
	uint64_t chance;
	int64_t jumped_ms;
	struct reply *replies; /* those that are under way */
	struct map *logins;    /* private key without passphrase -> what is logged in with by it; read once */
	struct map *places;    /* address -> struct place; never removed, so that replies may point to it */
	fate_decider *decide;
	void *decider;
	void (*line)(void *owner, int64_t now_ms, const char *words);
	void *line_owner;
};

/* What comes back, in its order. */
enum parcel_kind { PARCEL_HEAD, PARCEL_OPEN, PARCEL_BYTES, PARCEL_END, PARCEL_CUT };

struct parcel {
	struct event event;
	struct parcel *next;
	struct reply *reply;
	enum parcel_kind kind;
	int status;
	struct text bytes; /* HEAD and OPEN: the headers */
};

/* A request on its way, and its answer on the way back. It lives until the service is done with it, whoever
 * asked is done with it, and nothing of it is under way. */
struct reply {
	struct universe *universe;
	struct reply *next, **link; /* among all of the universe */
	struct place *place;
	struct machine *from;
	struct fate fate;
	struct http_request request; /* its strings are ours */
	struct event arrival;
	struct event leaving; /* that nobody waits any more is on its way */
	struct parcel *parcels, **last_parcel;
	struct parcel *words; /* bytes for the service, on a connection that was given away */
	int64_t last_back_ms, last_there_ms;
	size_t passed; /* bytes of the body */
	void *kept;
	bool arrived, serving; /* the service has it, and is not done */
	bool over;             /* the asker will hear nothing more */
	bool busy;             /* inside one of its own callbacks */
	/* Who asked; both NULL: nobody waits any more. */
	struct exchange *exchange;
	struct channel *channel;
};

static inline struct participant *participant_of(struct world *world)
{
	return (struct participant *)world;
}

/* --- wire.c --- */
/* What is under way when the universe ends arrives nowhere. */
void wire_end(struct universe *universe);
/* A copy of the request starts its way, to whatever it is for. NULL: no memory. */
struct reply *wire_send(struct seat *seat, const struct http_request *request);
/* Nothing gets through to it, or from it, now. */
bool wire_is_cut(const struct universe *universe, const struct place *place);
/* Whether a connection can be made at all now; else *err has why. */
bool wire_connects(struct seat *seat, const struct reply *reply, struct error *err);
/* Nobody waits for it any more. */
void wire_leave(struct reply *reply);
/* Bytes for the service; count 0: no more will come. */
int wire_write(struct reply *reply, const void *bytes, size_t count);
const char *wire_peer(const struct http_request *request, char *ret, size_t size);

/* --- exchange.c, channel.c: what arrives; each may end the asker --- */
void exchange_first(struct exchange *exchange, int status, const struct text *headers);
void exchange_bytes(struct exchange *exchange, const char *bytes, size_t count);
void exchange_last(struct exchange *exchange, bool well);
void channel_first(struct channel *channel, int status, const struct text *headers, bool open);
void channel_bytes(struct channel *channel, const char *bytes, size_t count);
void channel_last(struct channel *channel, bool well);

struct exchange *seat_http_send(struct world *world, const struct http_request *request,
				const struct http_sink *sink, struct error *err);
void seat_http_cancel(struct world *world, struct exchange *exchange);
struct channel *seat_channel_open(struct world *world, const struct http_request *request,
				  const struct channel_sink *sink, struct error *err);
void seat_channel_write(struct world *world, struct channel *channel, const void *bytes, size_t count);
size_t seat_channel_waiting(const struct channel *channel);
void seat_channel_end(struct world *world, struct channel *channel);
void seat_channel_cancel(struct world *world, struct channel *channel);
/* Whether what is said on it now would be answered within so long. */
bool channel_lives(const struct channel *channel, int64_t within_ms);
bool channel_may_have_arrived(const struct channel *channel);

/* --- ssh/session.c --- */
extern const struct ssh_ops seat_ssh_ops;

/* --- probe.c --- */
struct tcp_talk *seat_tcp_ask(struct world *world, const struct tcp_question *question);
void seat_tcp_ask_cancel(struct world *world, struct tcp_talk *talk);
struct probe_call *seat_tcp_probe(struct world *world, const char *address, uint16_t port, int64_t timeout_ms,
				  void (*answered)(void *owner, const struct error *), void *owner);
void seat_tcp_cancel(struct world *world, struct probe_call *call);
/* 1: something accepts there; 0: refused; -1: nobody knows the address. *ret (may be NULL): the service. */
int wire_accepts(struct universe *universe, const struct machine *from, const char *address, uint16_t port,
		 struct place **ret);

/* --- time.c --- */
int64_t world_now(struct world *world);
int64_t world_wall(struct world *world);
int64_t world_zone(struct world *world, int64_t wall_ms);
int world_random(struct world *world, void *bytes, size_t count);
struct timer *world_timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner);
void world_timer_cancel(struct world *world, struct timer *timer);
struct job *seat_work(struct world *world, void (*work)(void *), void (*done)(void *), void *owner);
void seat_work_cancel(struct world *world, struct job *job);

#endif
