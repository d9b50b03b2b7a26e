/* scaling.c - how many instances one metric asks for, and within which bounds. */
#include "policies/scaling.h"

#include <math.h>

enum { MOST_INSTANCES = 1000000000 };

static int64_t whole(double number)
{
	return number >= MOST_INSTANCES ? MOST_INSTANCES : number > 0 ? (int64_t)number : 0;
}

/* The fewest that bear the load with at most so much each. */
static int64_t fewest(double load, double each)
{
	int64_t count = whole(load / each);

	return (double)count * each < load && count < MOST_INSTANCES ? count + 1 : count;
}

/* The most that have at least so much each. */
static int64_t most(double load, double each)
{
	int64_t count = each > 0 ? whole(load / each) : MOST_INSTANCES;

	return (double)count * each > load && count > 0 ? count - 1 : count;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t by_target(double target, double value, double load, int64_t size, int64_t tolerance)
{
	double slack = target * (double)tolerance / 100;

	if (value > target + slack)
		return larger(fewest(load, target), size);
	return value < target - slack ? smaller(fewest(load, target), size) : size;
}

static int64_t by_bounds(const struct scaling_metric *m, double value, double load, int64_t size)
{
	if (value > m->upper)
		return larger(fewest(load, m->upper), size);
	if (value < m->lower) /* not so few that they would be too few at once */
		return smaller(larger(most(load, m->lower), fewest(load, m->upper)), size);
	return size;
}

/* Of the steps to one side: the furthest that applies. NULL: none does. */
static const struct scaling_step *step_for(const struct scaling_metric *m, bool above, double value)
{
	const struct scaling_step *found = NULL;

	for (size_t i = 0; i < m->step_count; i++) {
		const struct scaling_step *step = &m->steps[i];
		bool applies = step->above == above && (above ? value > step->bound : value < step->bound);
		if (applies && (!found || (above ? step->bound > found->bound : step->bound < found->bound)))
			found = step;
	}
	return found;
}

/* Of the steps to one side the bound that is nearest to what is fine; NAN: there are none. */
static double nearest(const struct scaling_metric *m, bool above)
{
	double bound = NAN;

	for (size_t i = 0; i < m->step_count; i++)
		if (m->steps[i].above == above &&
		    (isnan(bound) || (above ? m->steps[i].bound < bound : m->steps[i].bound > bound)))
			bound = m->steps[i].bound;
	return bound;
}

static int64_t by_steps(const struct scaling_metric *m, double value, double load, int64_t size)
{
	const struct scaling_step *up = step_for(m, true, value), *down = step_for(m, false, value);
	double above = nearest(m, true), below = nearest(m, false);

	if (up) /* one at least, but no more than are not too many at once */
		return smaller(size + up->count,
			       isnan(below) ? MOST_INSTANCES : larger(most(load, below), size + 1));
	if (down)
		return smaller(larger(larger(size - down->count, 0), isnan(above) ? 0 : fewest(load, above)),
			       size);
	return size;
}

int64_t scaling_wanted(const struct scaling_metric *metric, double value, int64_t size,
		       int64_t tolerance_percent)
{
	if (value < 0)
		value = 0;
	double load = value * (double)larger(size, 1);
	if (!isnan(metric->target))
		return by_target(metric->target, value, load, size, tolerance_percent);
	return metric->step_count ? by_steps(metric, value, load, size)
				  : by_bounds(metric, value, load, size);
}

struct scaling_bounds scaling_bounds(const struct scaling_rules *rules, int64_t local_ms,
				     struct scaling_bounds otherwise)
{
	const struct scaling_schedule *in_force = NULL;
	int64_t since = -1;

	for (size_t i = 0; i < rules->schedule_count; i++) {
		int64_t last = schedule_last(&rules->schedules[i].when, local_ms);
		if (last >= 0 && last >= since) {
			since = last;
			in_force = &rules->schedules[i];
		}
	}
	struct scaling_bounds bounds = otherwise;
	if (in_force && in_force->min >= 0)
		bounds.min = in_force->min;
	if (in_force && in_force->max >= 0)
		bounds.max = in_force->max;
	if (bounds.min > bounds.max)
		bounds.min = bounds.max;
	return bounds;
}
