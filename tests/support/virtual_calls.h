/* virtual_calls.h - the inside of a virtual world, and those of its operations that are answered later. */
#ifndef BERTH_TESTS_SUPPORT_VIRTUAL_CALLS_H
#define BERTH_TESTS_SUPPORT_VIRTUAL_CALLS_H

#include "simulation/clock.h"
#include "tests/support/virtual_world.h"

struct virtual_world {
	struct world world; /* first, so that a world is a virtual one by a cast */
	struct clock *clock;
	uint64_t chance;
	int64_t set_back_ms; /* the wall clock was, in all */
	struct {
		int64_t before_ms, until_ms, then_ms;
	} zone; /* the difference of local time, and what it is later */
	pid_t last_pid;
	struct virtual_hooks hooks;
	char directory[256];
	bool taken[UINT16_MAX + 1]; /* ports */
};

/* Lets go of what is still to come; nobody is called. */
void virtual_calls_release(struct clock *clock);

/* The world's operations. */
struct timer *virtual_timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner);
void virtual_timer_cancel(struct world *world, struct timer *timer);
struct job *virtual_work(struct world *world, void (*work_)(void *), void (*done)(void *), void *owner);
void virtual_work_cancel(struct world *world, struct job *job);
struct exchange *virtual_http_send(struct world *world, const struct http_request *request,
				   const struct http_sink *sink, struct error *err);
void virtual_http_cancel(struct world *world, struct exchange *exchange);
struct probe_call *virtual_tcp_probe(struct world *world, const char *address, uint16_t port,
				     int64_t timeout_ms, void (*answered)(void *, const struct error *),
				     void *owner);
void virtual_tcp_cancel(struct world *world, struct probe_call *call);
struct tcp_talk *virtual_tcp_ask(struct world *world, const struct tcp_question *question);
void virtual_tcp_ask_cancel(struct world *world, struct tcp_talk *talk);
struct child *virtual_spawn(struct world *world, const struct process_options *options,
			    void (*ended)(void *, const struct process_end *), void *owner,
			    struct error *err);
pid_t virtual_child_pid(struct child *child);
void virtual_child_drop(struct world *world, struct child *child);
struct fd_watch *virtual_fd_watch(struct world *world, int fd, bool write, void (*ready)(void *),
				  void *owner);
void virtual_fd_cancel(struct world *world, struct fd_watch *watch);

#define VIRTUAL_CALL_OPS                                                                                     \
	.timer_start = virtual_timer_start, .timer_cancel = virtual_timer_cancel, .work = virtual_work,      \
	.work_cancel = virtual_work_cancel, .http_send = virtual_http_send,                                  \
	.http_cancel = virtual_http_cancel, .tcp_probe = virtual_tcp_probe,                                  \
	.tcp_cancel = virtual_tcp_cancel, .tcp_ask = virtual_tcp_ask,                                        \
	.tcp_ask_cancel = virtual_tcp_ask_cancel, .spawn = virtual_spawn, .child_pid = virtual_child_pid,    \
	.child_drop = virtual_child_drop, .fd_watch = virtual_fd_watch, .fd_cancel = virtual_fd_cancel

#endif
