/* virtual_world.h - a world for tests: time goes from event to event, nothing sleeps, every run is the same.
 *
 * Timers that are due together fire in the order they were started. work() does the job and calls `done` as
 * one event, jobs in order. Files are real ones: written only below the world's own directory, which goes
 * with it. There are no processes and no network but what a test gives as hooks.
 */
#ifndef BERTH_TESTS_SUPPORT_VIRTUAL_WORLD_H
#define BERTH_TESTS_SUPPORT_VIRTUAL_WORLD_H

#include "base/ssh.h"

struct virtual_ssh_request;

/* What stands in for the outside; NULL: ERR_UNREACHABLE. */
struct virtual_hooks {
	void *owner;
	/* Fill in the answer (its texts are released afterwards) and return after how many ms it arrives. A
	 * sink with a `chunk` gets the body through that. */
	int64_t (*http)(void *owner, const struct http_request *request, struct http_answer *answer);
	/* Fill in what is heard over such a connection, and return after how many ms. */
	int64_t (*talk)(void *owner, const struct tcp_question *, struct text *heard, struct error *);
	/* Fill in what tcp_probe is to tell, and return after how many ms. */
	int64_t (*tcp)(void *owner, const char *address, uint16_t port, struct error *answer);
	/* A channel is asked for: say with virtual_channel.h what the other end does; and it has heard
	 * something
	 * (`count` 0: that no more comes). */
	void (*channel)(void *owner, const struct http_request *request, struct channel *channel);
	void (*heard)(void *owner, struct channel *channel, const char *bytes, size_t count);
	/* Something is asked of a machine by SSH: say with virtual_ssh.h what comes of it; and what it has
	 * heard beyond what the request brought (`count` 0: that no more comes). */
	void (*ssh)(void *owner, const struct virtual_ssh_request *request, struct ssh_call *call);
	void (*ssh_heard)(void *owner, struct ssh_call *call, const char *bytes, size_t count);
	/* 0 and how and after how many ms (-1: never) the child ends; or -1. */
	int (*spawn)(void *owner, const struct process_options *options, struct process_end *ret_end,
		     int64_t *ret_lives_ms, struct error *err);
};

struct world *virtual_world_new(uint64_t seed); /* NULL: no memory or no directory */
void virtual_world_free(struct world *world);   /* NULL is fine; pending callbacks are never called */
void virtual_world_hooks(struct world *world, const struct virtual_hooks *hooks);
const struct virtual_hooks *virtual_world_hooked(const struct world *world);
/* Absolute; for state directories and the like. */
const char *virtual_world_directory(const struct world *world);
/* The wall clock is set back; the monotonic one never is. */
void virtual_world_set_back(struct world *world, int64_t by_ms);
/* Local time is so much more than UTC (at first: no more), and so much from that time of the wall clock on.
 */
void virtual_world_zone(struct world *world, int64_t zone_ms, int64_t until_ms, int64_t then_ms);
void virtual_world_port(struct world *world, uint16_t port, bool taken);

/* Fire events until the predicate holds (NULL: never) or `limit_ms` of virtual time have passed; whether it
 * holds. An endless run of events at one instant ends it too. */
bool virtual_world_run(struct world *world, bool (*until)(void *owner), void *owner, int64_t limit_ms);
/* How many events are still to come. */
size_t virtual_world_pending(const struct world *world);

#endif
