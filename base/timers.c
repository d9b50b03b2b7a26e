/* timers.c - one-shot timers of the real world. */
#include "base/world_real_internal.h"

#include <stdlib.h>

#include "base/memory.h"

struct timer {
	uv_timer_t uv;
	struct link link; /* in real->timers until over */
	struct real *real;
	void (*fired)(void *);
	void *owner;
	int64_t due;
	bool over; /* it fired or was cancelled */
};

static void free_timer(uv_handle_t *handle)
{
	free(handle->data);
}

static void end_timer(struct timer *timer)
{
	if (timer->over)
		return;
	timer->over = true;
	link_remove(&timer->link);
	uv_close((uv_handle_t *)&timer->uv, free_timer);
}

static void on_timer(uv_timer_t *uv)
{
	struct timer *timer = uv->data;
	int64_t left = timer->due - real_now(&timer->real->world);

	/* The loop's clock is coarse: never call before the time that was asked for. */
	if (left > 0) {
		uv_timer_start(uv, on_timer, (uint64_t)left, 0);
		return;
	}
	end_timer(timer);
	timer->fired(timer->owner);
}

struct timer *real_timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner)
{
	struct real *real = real_of(world);
	struct timer *timer = memory_zeroed(sizeof(*timer));

	if (!timer)
		return NULL;
	if (delay_ms < 0)
		delay_ms = 0;
	if (delay_ms > INT64_MAX - real_now(world))
		delay_ms = INT64_MAX - real_now(world); /* for ever */
	timer->real = real;
	timer->fired = fired;
	timer->owner = owner;
	timer->due = real_now(world) + delay_ms;
	uv_timer_init(&real->loop, &timer->uv);
	timer->uv.data = timer;
	link_append(&real->timers, &timer->link);
	/* The loop's idea of now is as old as its last turn. */
	uv_update_time(&real->loop);
	uv_timer_start(&timer->uv, on_timer, (uint64_t)delay_ms, 0);
	return timer;
}

void real_timer_cancel(struct world *world, struct timer *timer)
{
	(void)world;
	if (timer)
		end_timer(timer);
}

void timers_close(struct real *real)
{
	while (!link_alone(&real->timers))
		end_timer(owner_of(real->timers.next, struct timer, link));
}
