/* virtual_calls.c - what is asked of a virtual world now and answered by an event: the hooks say what, and
 * when. */
#include "tests/support/virtual_calls.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

enum { LOOKED_AT_EVERY_MS = 10 };

/* The first member of all handles. */
struct call {
	struct event event; /* first, so that an event is the handle by a cast */
	void (*release)(struct event *);
};

struct timer {
	struct call call;
	void (*fired)(void *);
	void *owner;
};

struct job {
	struct call call;
	void (*work)(void *), (*done)(void *);
	void *owner;
};

struct probe_call {
	struct call call;
	void (*answered)(void *, const struct error *);
	void *owner;
	struct error answer;
};

struct tcp_talk {
	struct call call;
	struct tcp_question question;
	struct text heard;
	struct error error;
};

struct exchange {
	struct call call;
	struct http_sink sink;
	struct http_answer answer;
	bool telling, cancelled;
};

struct child {
	struct call call;
	void (*ended)(void *, const struct process_end *);
	void *owner;
	struct process_end end;
	pid_t pid;
};

struct fd_watch {
	struct call call;
	struct virtual_world *world;
	int fd;
	short events;
	void (*ready)(void *);
	void *owner;
};

static struct virtual_world *of(const struct world *world)
{
	return (struct virtual_world *)world;
}

static void release_plain(struct event *event)
{
	free(event);
}

static void *call_new(size_t size, void (*happen)(struct event *))
{
	struct call *call = calloc(1, size);

	if (!call)
		return NULL;
	event_prepare(&call->event, happen);
	call->release = release_plain;
	return call;
}

static void let_go(struct event *event)
{
	((struct call *)event)->release(event);
}

static void cancel(struct world *world, void *handle)
{
	if (!handle)
		return;
	clock_take(of(world)->clock, handle);
	let_go(handle);
}

/* The handle, or NULL when there is no memory to remember it. */
static void *begin(struct world *world, struct call *call, int64_t delay_ms)
{
	if (call && clock_add(of(world)->clock, &call->event, delay_ms)) {
		let_go(&call->event);
		return NULL;
	}
	return call;
}

void virtual_calls_release(struct clock *clock)
{
	for (struct event *event; (event = clock_take_next(clock));)
		let_go(event);
}

/* --- timers and jobs --- */

static void timer_fire(struct event *event)
{
	struct timer timer = *(struct timer *)event;

	free(event);
	timer.fired(timer.owner);
}

struct timer *virtual_timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner)
{
	struct timer *timer = call_new(sizeof(*timer), timer_fire);

	if (!timer)
		return NULL;
	timer->fired = fired;
	timer->owner = owner;
	return begin(world, &timer->call, delay_ms);
}

void virtual_timer_cancel(struct world *world, struct timer *timer)
{
	cancel(world, timer);
}

static void job_fire(struct event *event)
{
	struct job job = *(struct job *)event;

	free(event);
	job.work(job.owner);
	job.done(job.owner);
}

struct job *virtual_work(struct world *world, void (*work_)(void *), void (*done)(void *), void *owner)
{
	struct job *job = call_new(sizeof(*job), job_fire);

	if (!job)
		return NULL;
	job->work = work_;
	job->done = done;
	job->owner = owner;
	return begin(world, &job->call, 0);
}

void virtual_work_cancel(struct world *world, struct job *job)
{
	cancel(world, job);
}

/* --- HTTP and TCP --- */

static void exchange_release(struct event *event)
{
	struct exchange *exchange = (struct exchange *)event;

	text_release(&exchange->answer.body);
	text_release(&exchange->answer.headers);
	free(exchange);
}

/* The body by way of `chunk`; false when that was the end of it. */
static bool stream(struct exchange *exchange)
{
	struct text *body = &exchange->answer.body;

	exchange->telling = true;
	bool more =
	    exchange->sink.chunk(exchange->sink.owner, exchange->answer.status, body->data, body->length);
	exchange->telling = false;
	text_release(body);
	if (exchange->cancelled)
		return false;
	if (!more)
		fail(&exchange->answer.error, ERR_CANCELLED, "the answer was not wanted any more");
	return true;
}

static void exchange_fire(struct event *event)
{
	struct exchange *exchange = (struct exchange *)event;

	if (exchange->sink.chunk && exchange->answer.body.length && !stream(exchange)) {
		exchange_release(event);
		return;
	}
	struct exchange last = *exchange;
	free(exchange);
	last.sink.done(last.sink.owner, &last.answer);
	text_release(&last.answer.body);
	text_release(&last.answer.headers);
}

struct exchange *virtual_http_send(struct world *world, const struct http_request *request,
				   const struct http_sink *sink, struct error *err)
{
	const struct virtual_hooks *hooks = &of(world)->hooks;
	struct exchange *exchange = call_new(sizeof(*exchange), exchange_fire);
	int64_t delay = 0;

	if (exchange) {
		exchange->call.release = exchange_release;
		exchange->sink = *sink;
		if (hooks->http)
			delay = hooks->http(hooks->owner, request, &exchange->answer);
		else
			fail(&exchange->answer.error, ERR_UNREACHABLE, "%s: nobody answers in this world",
			     request->url);
		exchange = begin(world, &exchange->call, delay);
	}
	if (!exchange)
		fail_memory(err);
	return exchange;
}

void virtual_http_cancel(struct world *world, struct exchange *exchange)
{
	if (exchange && exchange->telling)
		exchange->cancelled = true;
	else
		cancel(world, exchange);
}

static void probe_fire(struct event *event)
{
	struct probe_call call = *(struct probe_call *)event;

	free(event);
	call.answered(call.owner, &call.answer);
}

struct probe_call *virtual_tcp_probe(struct world *world, const char *address, uint16_t port,
				     int64_t timeout_ms, void (*answered)(void *, const struct error *),
				     void *owner)
{
	const struct virtual_hooks *hooks = &of(world)->hooks;
	struct probe_call *call = call_new(sizeof(*call), probe_fire);
	int64_t delay = 0;

	if (!call)
		return NULL;
	call->answered = answered;
	call->owner = owner;
	if (hooks->tcp)
		delay = hooks->tcp(hooks->owner, address, port, &call->answer);
	else
		fail(&call->answer, ERR_UNREACHABLE, "%s:%u: nobody answers in this world", address, port);
	if (timeout_ms && delay > timeout_ms) {
		fail(&call->answer, ERR_TIMED_OUT, "%s:%u: no answer in %lld ms", address, port,
		     (long long)timeout_ms);
		delay = timeout_ms;
	}
	return begin(world, &call->call, delay);
}

void virtual_tcp_cancel(struct world *world, struct probe_call *call)
{
	cancel(world, call);
}

static void talk_release(struct event *event)
{
	text_release(&((struct tcp_talk *)event)->heard);
	free(event);
}

static void talk_fire(struct event *event)
{
	struct tcp_talk talk = *(struct tcp_talk *)event;

	free(event);
	talk.question.answered(talk.question.owner, &talk.heard, &talk.error);
	text_release(&talk.heard);
}

struct tcp_talk *virtual_tcp_ask(struct world *world, const struct tcp_question *question)
{
	const struct virtual_hooks *hooks = &of(world)->hooks;
	struct tcp_talk *talk = call_new(sizeof(*talk), talk_fire);
	int64_t delay = 0;

	if (!talk)
		return NULL;
	talk->call.release = talk_release;
	talk->question = *question;
	if (hooks->talk)
		delay = hooks->talk(hooks->owner, question, &talk->heard, &talk->error);
	else
		fail(&talk->error, ERR_UNREACHABLE, "%s:%u: nobody answers in this world", question->address,
		     question->port);
	return begin(world, &talk->call, delay);
}

void virtual_tcp_ask_cancel(struct world *world, struct tcp_talk *talk)
{
	cancel(world, talk);
}

/* --- processes --- */

static void child_fire(struct event *event)
{
	struct child child = *(struct child *)event;

	free(event);
	child.ended(child.owner, &child.end);
}

struct child *virtual_spawn(struct world *world, const struct process_options *options,
			    void (*ended)(void *, const struct process_end *), void *owner, struct error *err)
{
	struct virtual_world *v = of(world);
	struct process_end end = {0};
	int64_t lives_ms = -1;

	if (!v->hooks.spawn) {
		fail(err, ERR_UNREACHABLE, "%s: there are no processes in this world", options->argv[0]);
		return NULL;
	}
	if (v->hooks.spawn(v->hooks.owner, options, &end, &lives_ms, err) < 0)
		return NULL;
	struct child *child = call_new(sizeof(*child), child_fire);
	if (child) {
		child->ended = ended;
		child->owner = owner;
		child->end = end;
		child->pid = ++v->last_pid;
		/* One that never ends is no event; it is its owner's to drop. */
		if (lives_ms >= 0)
			child = begin(world, &child->call, lives_ms);
	}
	if (!child)
		fail_memory(err);
	return child;
}

pid_t virtual_child_pid(struct child *child)
{
	return child->pid;
}

void virtual_child_drop(struct world *world, struct child *child)
{
	cancel(world, child);
}

/* --- descriptors: real ones, looked at in virtual time --- */

static void watch_fire(struct event *event)
{
	struct fd_watch *watch = (struct fd_watch *)event;
	struct pollfd polled = {.fd = watch->fd, .events = watch->events};
	bool ready = poll(&polled, 1, 0) > 0;

	/* Before it is told, so that it may be cancelled then. */
	if (clock_add(watch->world->clock, event, ready ? 0 : LOOKED_AT_EVERY_MS))
		abort();
	if (ready)
		watch->ready(watch->owner);
}

struct fd_watch *virtual_fd_watch(struct world *world, int fd, bool write, void (*ready)(void *), void *owner)
{
	struct fd_watch *watch = call_new(sizeof(*watch), watch_fire);

	if (!watch)
		return NULL;
	watch->world = of(world);
	watch->fd = fd;
	watch->events = write ? POLLOUT : POLLIN;
	watch->ready = ready;
	watch->owner = owner;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return begin(world, &watch->call, 0);
}

void virtual_fd_cancel(struct world *world, struct fd_watch *watch)
{
	cancel(world, watch);
}
