/* universe.c - one clock, one source of chance, and what stands at which address. */
#include "simulation/universe.h"

#include <stdio.h>
#include <stdlib.h>

#include "simulation/internal.h"

static const struct world_ops outside_ops = {
    .now = world_now,
    .wall = world_wall,
    .zone = world_zone,
    .random = world_random,
    .timer_start = world_timer_start,
    .timer_cancel = world_timer_cancel,
};

struct universe *universe_new(uint64_t seed)
{
	struct universe *universe = calloc(1, sizeof *universe);
	if (!universe)
		return NULL;
	universe->chance = seed;
	universe->outside = (struct participant){.world.ops = &outside_ops, .universe = universe};
	universe->clock = clock_new();
	if (!universe->clock) {
		free(universe);
		return NULL;
	}
	return universe;
}

static bool free_value(const char *key, void *value, void *context)
{
	(void)key, (void)context;
	free(value);
	return true;
}

void universe_free(struct universe *universe)
{
	if (!universe)
		return;
	wire_end(universe);
	map_each(universe->places, free_value, NULL);
	map_release(&universe->places);
	map_each(universe->logins, free_value, NULL);
	map_release(&universe->logins);
	clock_free(universe->clock);
	free(universe);
}

struct clock *universe_clock(struct universe *universe)
{
	return universe->clock;
}

struct world *universe_outside(struct universe *universe)
{
	return &universe->outside.world;
}

void universe_jump(struct universe *universe, int64_t by_ms)
{
	universe->jumped_ms += by_ms;
}

static struct place *place_at(struct universe *universe, const char *address)
{
	struct place *place = map_get(universe->places, address);
	if (place)
		return place;
	place = calloc(1, sizeof *place);
	if (place && map_put(&universe->places, address, place)) {
		free(place);
		return NULL;
	}
	return place;
}

int universe_serve(struct universe *universe, const char *address, const struct service *service)
{
	struct place *place = place_at(universe, address);
	if (!place)
		return -1;
	/* Who is connected still speaks to it. */
	if (service)
		place->service = *service;
	place->served = service;
	return 0;
}

void universe_isolate(struct universe *universe, const char *address, bool isolated)
{
	struct place *place = map_get(universe->places, address);
	if (place)
		place->isolated = isolated;
}

void universe_silence(struct universe *universe, const char *address, int64_t for_ms)
{
	struct place *place = map_get(universe->places, address);
	if (place)
		place->silent_until_ms = clock_now(universe->clock) + for_ms;
}

void universe_fates(struct universe *universe, fate_decider *decide, void *owner)
{
	universe->decide = decide;
	universe->decider = owner;
}

void universe_listen(struct universe *universe, void (*line)(void *owner, int64_t now_ms, const char *words),
		     void *owner)
{
	universe->line = line;
	universe->line_owner = owner;
}

void universe_tell(struct universe *universe, const char *format, ...)
{
	char words[1024];
	va_list arguments;
	if (!universe->line)
		return;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	universe->line(universe->line_owner, clock_now(universe->clock), words);
}
