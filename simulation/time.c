/* time.c - clocks, chance, timers and the worker of those who take part. */
#include <stdlib.h>

#include "simulation/internal.h"

#define WALL_AT_FIRST INT64_C(1750000000000)
/* How long the worker is busy with one job: mostly hardly at all, now and then as long as a slow disk is. */
#define WORK_MS 3

struct timer {
	struct event event;
	struct participant *of;
	void (*fired)(void *);
	void *owner;
};

struct job {
	struct event event;
	struct seat *seat;
	void (*work)(void *), (*done)(void *);
	void *owner;
};

int64_t world_now(struct world *world)
{
	return clock_now(participant_of(world)->universe->clock);
}

int64_t world_wall(struct world *world)
{
	const struct universe *universe = participant_of(world)->universe;
	return WALL_AT_FIRST + universe->jumped_ms + clock_now(universe->clock);
}

/* All of it lies where that is the time of the day. */
int64_t world_zone(struct world *world, int64_t wall_ms)
{
	(void)world, (void)wall_ms;
	return 0;
}

/* splitmix64 */
static uint64_t next_chance(struct universe *universe)
{
	uint64_t z = universe->chance += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned universe_roll(struct universe *universe, unsigned sides)
{
	return sides ? (unsigned)((next_chance(universe) >> 32) * sides >> 32) : 0;
}

int world_random(struct world *world, void *bytes, size_t count)
{
	unsigned char *to = bytes;
	for (size_t i = 0; i < count; i++)
		to[i] = (unsigned char)(next_chance(participant_of(world)->universe) >> 56);
	return 0;
}

/* A dead program's handles stay until it lets go of them. */
static bool heeds(const struct participant *participant)
{
	return !participant->seat || !participant->seat->dead;
}

static void timer_happens(struct event *event)
{
	struct timer timer = *(struct timer *)event;
	if (!heeds(timer.of))
		return;
	free(event);
	timer.fired(timer.owner);
}

struct timer *world_timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner)
{
	struct participant *of = participant_of(world);
	struct timer *timer = malloc(sizeof *timer);
	if (!timer)
		return NULL;
	*timer = (struct timer){.of = of, .fired = fired, .owner = owner};
	event_prepare(&timer->event, timer_happens);
	if (clock_add(of->universe->clock, &timer->event, delay_ms) == 0)
		return timer;
	free(timer);
	return NULL;
}

void world_timer_cancel(struct world *world, struct timer *timer)
{
	if (!timer)
		return;
	clock_take(participant_of(world)->universe->clock, &timer->event);
	free(timer);
}

static void job_happens(struct event *event)
{
	struct job *job = (struct job *)event;
	if (job->seat->dead)
		return;
	job->work(job->owner);
	if (job->seat->dead)
		return;
	struct job last = *job;
	free(job);
	last.done(last.owner);
}

struct job *seat_work(struct world *world, void (*work)(void *), void (*done)(void *), void *owner)
{
	struct seat *seat = seat_of(world);
	struct universe *universe = seat->participant.universe;
	struct job *job = malloc(sizeof *job);
	if (!job)
		return NULL;
	*job = (struct job){.seat = seat, .work = work, .done = done, .owner = owner};
	event_prepare(&job->event, job_happens);
	int64_t now = clock_now(universe->clock);
	if (seat->worker_free_ms < now)
		seat->worker_free_ms = now;
	seat->worker_free_ms += universe_roll(universe, WORK_MS);
	if (clock_add(universe->clock, &job->event, seat->worker_free_ms - now) == 0)
		return job;
	free(job);
	return NULL;
}

void seat_work_cancel(struct world *world, struct job *job)
{
	if (!job)
		return;
	clock_take(participant_of(world)->universe->clock, &job->event);
	free(job);
}
