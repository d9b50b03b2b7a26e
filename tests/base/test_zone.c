/* test_zone.c - local time is what TZ says it is at that time of the year. */
#include "fixture.h"

#include <stdlib.h>
#include <time.h>

#define HOUR_MS INT64_C(3600000)
/* 2025-03-30T01:00:00Z and 2025-10-26T01:00:00Z: when clocks are changed in the middle of Europe. */
#define FORWARD INT64_C(1743296400000)
#define BACK    INT64_C(1761440400000)

static int64_t zone_at(int64_t wall_ms)
{
	owned_world world = fixture_world();
	return world->ops->zone(world, wall_ms);
}

Test(zone, it_changes_when_clocks_do)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	cr_expect_eq(zone_at(FORWARD - 1000), HOUR_MS);
	cr_expect_eq(zone_at(FORWARD), 2 * HOUR_MS);
	cr_expect_eq(zone_at(BACK - 1000), 2 * HOUR_MS);
	cr_expect_eq(zone_at(BACK), HOUR_MS);
}

Test(zone, west_of_greenwich_it_is_less_and_may_be_no_whole_hour)
{
	setenv("TZ", "NST3:30", 1);
	tzset();
	cr_expect_eq(zone_at(FORWARD), -(3 * HOUR_MS + HOUR_MS / 2));
}
