/* virtual_world.c - events in the order of virtual time, and what little outside a test needs. */
#include "tests/support/virtual_world.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/virtual_channel.h"
#include "tests/support/virtual_files.h"

enum { EVENTS_AT_ONE_INSTANT = 5000000, LOOKED_AT_EVERY_MS = 10 };

struct virtual_world;

/* Something that will happen; the first member of all handles. */
struct event {
	void (*fire)(struct virtual_world *, struct event *); /* takes the event over */
	void (*release)(struct event *);
	size_t index; /* in the heap; NOWHERE while it is not */
	int64_t due;
	uint64_t order;
};

#define NOWHERE SIZE_MAX

struct timer {
	struct event event;
	void (*fired)(void *);
	void *owner;
};

struct job {
	struct event event;
	void (*work)(void *), (*done)(void *);
	void *owner;
};

struct probe_call {
	struct event event;
	void (*answered)(void *, const struct error *);
	void *owner;
	struct error answer;
};

struct exchange {
	struct event event;
	struct http_sink sink;
	struct http_answer answer;
	bool told, telling, cancelled;
};

struct child {
	struct event event;
	void (*ended)(void *, const struct process_end *);
	void *owner;
	struct process_end end;
	pid_t pid;
};

struct fd_watch {
	struct event event;
	int fd;
	short events;
	void (*ready)(void *);
	void *owner;
};

struct virtual_world {
	struct world world;
	struct event **heap;
	size_t count, capacity;
	int64_t now;
	uint64_t order, chance;
	pid_t last_pid;
	struct virtual_hooks hooks;
	char directory[256];
	bool taken[UINT16_MAX + 1];
};

static struct virtual_world *of(const struct world *world)
{
	return (struct virtual_world *)world;
}

/* --- the heap of events --- */

static bool before(const struct event *a, const struct event *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void put(struct virtual_world *v, struct event *event, size_t at)
{
	v->heap[at] = event;
	event->index = at;
}

static void sift(struct virtual_world *v, struct event *event, size_t at)
{
	for (; at && before(event, v->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(v, v->heap[(at - 1) / 2], at);
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < v->count && before(v->heap[child + 1], v->heap[child]))
			child++;
		if (child >= v->count || !before(v->heap[child], event))
			break;
		put(v, v->heap[child], at);
		at = child;
	}
	put(v, event, at);
}

static bool event_add(struct virtual_world *v, struct event *event, int64_t delay_ms)
{
	if (v->count == v->capacity) {
		size_t capacity = v->capacity ? 2 * v->capacity : 64;
		struct event **heap = realloc(v->heap, capacity * sizeof(struct event *));
		if (!heap)
			return false;
		v->heap = heap;
		v->capacity = capacity;
	}
	event->due = v->now + (delay_ms > 0 ? delay_ms : 0);
	event->order = ++v->order;
	sift(v, event, v->count++);
	return true;
}

static void event_take(struct virtual_world *v, struct event *event)
{
	size_t at = event->index;

	if (at == NOWHERE)
		return;
	event->index = NOWHERE;
	struct event *last = v->heap[--v->count];
	if (last != event)
		sift(v, last, at);
}

static void release_plain(struct event *event)
{
	free(event);
}

static void *event_new(size_t size, void (*fire)(struct virtual_world *, struct event *))
{
	struct event *event = calloc(1, size);

	if (!event)
		return NULL;
	event->fire = fire;
	event->release = release_plain;
	event->index = NOWHERE;
	return event;
}

static void cancel(struct world *world, struct event *event)
{
	if (!event)
		return;
	event_take(of(world), event);
	event->release(event);
}

/* The handle, or NULL when there is no memory to remember it. */
static void *begin(struct world *world, struct event *event, int64_t delay_ms)
{
	if (event && !event_add(of(world), event, delay_ms)) {
		event->release(event);
		return NULL;
	}
	return event;
}

bool virtual_world_run(struct world *world, bool (*until)(void *owner), void *owner, int64_t limit_ms)
{
	struct virtual_world *v = of(world);
	int64_t limit = v->now + limit_ms;
	size_t here = 0;

	while (!until || !until(owner)) {
		if (!v->count || v->heap[0]->due > limit) {
			v->now = limit;
			return until && until(owner);
		}
		struct event *event = v->heap[0];
		event_take(v, event);
		here = event->due > v->now ? 0 : here + 1;
		if (event->due > v->now)
			v->now = event->due;
		event->fire(v, event);
		if (here > EVENTS_AT_ONE_INSTANT)
			return false;
	}
	return true;
}

size_t virtual_world_pending(const struct world *world)
{
	return of(world)->count;
}

/* --- time and chance --- */

static int64_t now(struct world *world)
{
	return of(world)->now;
}

static int64_t wall(struct world *world)
{
	return INT64_C(1750000000000) + of(world)->now;
}

/* splitmix64 */
static int random_bytes(struct world *world, void *bytes, size_t count)
{
	unsigned char *to = bytes;

	for (size_t i = 0; i < count; i++) {
		uint64_t z = of(world)->chance += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		to[i] = (unsigned char)((z ^ z >> 31) >> 32);
	}
	return 0;
}

/* --- what this process is: the test --- */

static pid_t process_id(struct world *world)
{
	(void)world;
	return getpid();
}

static uid_t user_id(struct world *world)
{
	(void)world;
	return geteuid();
}

static void host_name(struct world *world, char *ret_name, size_t size)
{
	(void)world;
	if (gethostname(ret_name, size))
		ret_name[0] = '\0';
	ret_name[size - 1] = '\0';
}

static int working_directory(struct world *world, char *ret_path, size_t size)
{
	(void)world;
	return getcwd(ret_path, size) ? 0 : -1;
}

static const char *database_vfs(struct world *world)
{
	(void)world;
	return NULL;
}

/* --- timers and jobs --- */

static void timer_fire(struct virtual_world *v, struct event *event)
{
	struct timer timer = *(struct timer *)event;

	(void)v;
	free(event);
	timer.fired(timer.owner);
}

static struct timer *timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner)
{
	struct timer *timer = event_new(sizeof(*timer), timer_fire);

	if (!timer)
		return NULL;
	timer->fired = fired;
	timer->owner = owner;
	return begin(world, &timer->event, delay_ms);
}

static void timer_cancel(struct world *world, struct timer *timer)
{
	cancel(world, timer ? &timer->event : NULL);
}

static void job_fire(struct virtual_world *v, struct event *event)
{
	struct job job = *(struct job *)event;

	(void)v;
	free(event);
	job.work(job.owner);
	job.done(job.owner);
}

static struct job *work(struct world *world, void (*work_)(void *), void (*done)(void *), void *owner)
{
	struct job *job = event_new(sizeof(*job), job_fire);

	if (!job)
		return NULL;
	job->work = work_;
	job->done = done;
	job->owner = owner;
	return begin(world, &job->event, 0);
}

static void work_cancel(struct world *world, struct job *job)
{
	cancel(world, job ? &job->event : NULL);
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

static void exchange_fire(struct virtual_world *v, struct event *event)
{
	struct exchange *exchange = (struct exchange *)event;

	(void)v;
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

static struct exchange *http_send(struct world *world, const struct http_request *request,
				  const struct http_sink *sink, struct error *err)
{
	const struct virtual_hooks *hooks = &of(world)->hooks;
	struct exchange *exchange = event_new(sizeof(*exchange), exchange_fire);
	int64_t delay = 0;

	if (exchange) {
		exchange->event.release = exchange_release;
		exchange->sink = *sink;
		if (hooks->http)
			delay = hooks->http(hooks->owner, request, &exchange->answer);
		else
			fail(&exchange->answer.error, ERR_UNREACHABLE, "%s: nobody answers in this world",
			     request->url);
		exchange = begin(world, &exchange->event, delay);
	}
	if (!exchange)
		fail_memory(err);
	return exchange;
}

static void http_cancel(struct world *world, struct exchange *exchange)
{
	if (exchange && exchange->telling)
		exchange->cancelled = true;
	else
		cancel(world, exchange ? &exchange->event : NULL);
}

static void probe_fire(struct virtual_world *v, struct event *event)
{
	struct probe_call call = *(struct probe_call *)event;

	(void)v;
	free(event);
	call.answered(call.owner, &call.answer);
}

static struct probe_call *tcp_probe(struct world *world, const char *address, uint16_t port,
				    int64_t timeout_ms, void (*answered)(void *, const struct error *),
				    void *owner)
{
	const struct virtual_hooks *hooks = &of(world)->hooks;
	struct probe_call *call = event_new(sizeof(*call), probe_fire);
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
	return begin(world, &call->event, delay);
}

static void tcp_cancel(struct world *world, struct probe_call *call)
{
	cancel(world, call ? &call->event : NULL);
}

/* --- processes --- */

static void child_fire(struct virtual_world *v, struct event *event)
{
	struct child child = *(struct child *)event;

	(void)v;
	free(event);
	child.ended(child.owner, &child.end);
}

static struct child *spawn(struct world *world, const struct process_options *options,
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
	struct child *child = event_new(sizeof(*child), child_fire);
	if (child) {
		child->ended = ended;
		child->owner = owner;
		child->end = end;
		child->pid = ++v->last_pid;
		/* One that never ends stays out of the heap; it is its owner's to drop. */
		if (lives_ms >= 0)
			child = begin(world, &child->event, lives_ms);
	}
	if (!child)
		fail_memory(err);
	return child;
}

static pid_t child_pid(struct child *child)
{
	return child->pid;
}

static void child_drop(struct world *world, struct child *child)
{
	cancel(world, child ? &child->event : NULL);
}

/* --- descriptors: real ones, looked at in virtual time --- */

static void watch_fire(struct virtual_world *v, struct event *event)
{
	struct fd_watch *watch = (struct fd_watch *)event;
	struct pollfd polled = {.fd = watch->fd, .events = watch->events};
	bool ready = poll(&polled, 1, 0) > 0;

	/* Before it is told, so that it may be cancelled then. */
	if (!event_add(v, event, ready ? 0 : LOOKED_AT_EVERY_MS))
		abort();
	if (ready)
		watch->ready(watch->owner);
}

static struct fd_watch *fd_watch(struct world *world, int fd, bool write, void (*ready)(void *), void *owner)
{
	struct fd_watch *watch = event_new(sizeof(*watch), watch_fire);

	if (!watch)
		return NULL;
	watch->fd = fd;
	watch->events = write ? POLLOUT : POLLIN;
	watch->ready = ready;
	watch->owner = owner;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return begin(world, &watch->event, 0);
}

static void fd_cancel(struct world *world, struct fd_watch *watch)
{
	cancel(world, watch ? &watch->event : NULL);
}

static int processes(struct world *world, const char *prefix,
		     bool (*visit)(void *, const struct process_info *), void *owner, struct error *err)
{
	(void)world, (void)prefix, (void)visit, (void)owner, (void)err;
	return 0;
}

static int memfd_holders(struct world *world, const char *prefix,
			 bool (*visit)(void *, pid_t, uint64_t, const char *), void *owner, struct error *err)
{
	(void)world, (void)prefix, (void)visit, (void)owner, (void)err;
	return 0;
}

static int signal_process(struct world *world, pid_t pid, uint64_t start_ticks, int number, struct error *err)
{
	(void)world, (void)start_ticks, (void)number;
	return fail(err, ERR_MISSING, "process %d is gone", (int)pid);
}

static const char *boot_id(struct world *world)
{
	(void)world;
	return "b0070000-0000-4000-8000-000000000001";
}

/* --- the network of this machine --- */

static int default_address(struct world *world, char *ret_address, size_t size)
{
	(void)world;
	return snprintf(ret_address, size, "192.0.2.2") < (int)size ? 0 : -1;
}

static bool has_interface(struct world *world, const char *name)
{
	(void)world;
	return !strcmp(name, "lo");
}

static bool port_free(struct world *world, const char *address, uint16_t port, bool udp)
{
	(void)address, (void)udp;
	return !of(world)->taken[port];
}

void virtual_world_port(struct world *world, uint16_t port, bool taken)
{
	of(world)->taken[port] = taken;
}

/* --- life --- */

static const struct world_ops plain_ops = {
    .now = now,
    .wall = wall,
    .random = random_bytes,
    .process_id = process_id,
    .user_id = user_id,
    .host_name = host_name,
    .working_directory = working_directory,
    .database_vfs = database_vfs,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .http_send = http_send,
    .http_cancel = http_cancel,
    .tcp_probe = tcp_probe,
    .tcp_cancel = tcp_cancel,
    .work = work,
    .work_cancel = work_cancel,
    .spawn = spawn,
    .child_pid = child_pid,
    .child_drop = child_drop,
    .fd_watch = fd_watch,
    .fd_cancel = fd_cancel,
    .processes = processes,
    .memfd_holders = memfd_holders,
    .signal = signal_process,
    .boot_id = boot_id,
    .default_address = default_address,
    .has_interface = has_interface,
    .port_free = port_free,
    VIRTUAL_CHANNEL_OPS,
    VIRTUAL_FILE_OPS,
};

struct world *virtual_world_new(uint64_t seed)
{
	struct virtual_world *v = calloc(1, sizeof(*v));
	const char *above = getenv("TMPDIR");

	if (!v)
		return NULL;
	v->world.ops = &plain_ops;
	v->now = 1000;
	v->chance = seed;
	v->last_pid = 1000;
	snprintf(v->directory, sizeof(v->directory), "%s/berth-test-XXXXXX",
		 above && *above ? above : "/tmp");
	if (!mkdtemp(v->directory)) {
		free(v);
		return NULL;
	}
	return &v->world;
}

void virtual_world_free(struct world *world)
{
	struct virtual_world *v = of(world);

	if (!world)
		return;
	while (v->count) {
		struct event *event = v->heap[0];
		event_take(v, event);
		event->release(event);
	}
	free(v->heap);
	virtual_files_remove(v->directory);
	free(v);
}

void virtual_world_hooks(struct world *world, const struct virtual_hooks *hooks)
{
	of(world)->hooks = *hooks;
}

const struct virtual_hooks *virtual_world_hooked(const struct world *world)
{
	return &of(world)->hooks;
}

const char *virtual_world_directory(const struct world *world)
{
	return of(world)->directory;
}
