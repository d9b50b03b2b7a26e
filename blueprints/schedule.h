/* schedule.h - moments by minute, hour, day, month and day of the week, as cron's five fields say them. */
#ifndef BERTH_BLUEPRINTS_SCHEDULE_H
#define BERTH_BLUEPRINTS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Bit n: at n. Days and months count from 1, the days of the week from Sunday, which is 0. */
struct schedule {
	uint64_t minutes;
	uint32_t hours, days, months, weekdays;
	bool every_day, every_weekday; /* written as "*": where neither is, either of the two will do */
};

/* "*\/15 8-18 * * mon-fri", "@daily". 0 or -1. */
int schedule_parse(const char *text, struct schedule *ret, struct error *err);
/* The first moment after `after_ms`, both in local time as milliseconds since 1970; -1: there is none. */
int64_t schedule_next(const struct schedule *schedule, int64_t after_ms);
/* The last moment that is not after `until_ms`, likewise; -1: there was none. */
int64_t schedule_last(const struct schedule *schedule, int64_t until_ms);

#endif
