/* test_location.c - names of instances, and finding a driver. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

Test(location, drivers_are_found_by_type)
{
	cr_assert(location_driver_of("fake") == &fake_driver);
	cr_assert(location_driver_of("localhost") == &localhost_driver);
	cr_assert(location_driver_of("docker") == &docker_driver);
	cr_assert_null(location_driver_of("dock"));
	cr_assert_null(location_driver_of(""));
}

Test(location, every_driver_is_listed_once)
{
	const struct location_driver *const *all = location_drivers();
	size_t count = 0;

	for (; all[count]; count++)
		cr_assert(location_driver_of(all[count]->type) == all[count]);
	cr_assert(count == 7);
}

Test(location, name_is_made_of_its_parts, .fini = release)
{
	cr_assert_str_eq(instance_name(&arena, "talk", "redis", 1), "talk.redis.1");
	cr_assert_str_eq(instance_name(&arena, "a-b", "c", 4294967295u), "a-b.c.4294967295");
	cr_assert_str_eq(generation_name(&arena, "talk", "redis", 1, 0), "talk.redis.1");
	cr_assert_str_eq(generation_name(&arena, "talk", "redis", 1, 2), "talk.redis.1.g2");
}

Test(location, name_comes_apart_again, .fini = release)
{
	const char *app, *component;
	unsigned ordinal, generation;

	cr_assert(instance_name_split(&arena, "a-b.c_d.12", &app, &component, &ordinal, &generation));
	cr_assert_str_eq(app, "a-b");
	cr_assert_str_eq(component, "c_d");
	cr_assert(ordinal == 12 && generation == 0);
	cr_assert(instance_name_split(&arena, "a-b.c_d.12.g3", &app, &component, &ordinal, &generation));
	cr_assert_str_eq(component, "c_d");
	cr_assert(ordinal == 12 && generation == 3);
}

Test(location, other_names_are_none_of_ours, .fini = release)
{
	static const char *const others[] = {
	    "",        "a",
	    "a.b",     "a.b.",
	    "a.b.0",   "a.b.01",
	    "a.b.1x",  "a.b.+1",
	    "a.b.-1",  "a.b.c",
	    "a.b.1.2", ".b.1",
	    "a..1",    "..1",
	    "a.b. 1",  "a.b.1 ",
	    "/a.b",    "a.b.4294967296",
	    "a.b.c.1", "a.b.99999999999999999999",
	    "a.b.1.g", "a.b.1.g1",
	    "a.b.1.2", "a.b.1.g2x",
	    "a.b.1.",  "a.b.1.g2.g3",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const char *app = "untouched", *component = "untouched";
		unsigned ordinal = 77, generation;
		cr_assert(!instance_name_split(&arena, others[i], &app, &component, &ordinal, &generation),
			  "%s", others[i]);
		cr_assert(!strcmp(app, "untouched") && !strcmp(component, "untouched") && ordinal == 77);
	}
}

Test(location, double_has_a_name_of_its_own, .fini = release)
{
	const char *name = double_name(&arena, "talk.redis.1.g2", "fake-7"), *app, *component;
	unsigned ordinal, generation;
	size_t length;

	cr_assert_str_eq(double_id(name, &length), "fake-7");
	cr_assert(length == strlen("talk.redis.1.g2"));
	cr_assert(!instance_name_split(&arena, name, &app, &component, &ordinal, &generation));
	cr_assert_null(double_id("talk.redis.1", &length));
	cr_assert(length == strlen("talk.redis.1"));
}

static bool knows_seven(void *owner, const char *app, const char *name, const char *target_id)
{
	cr_assert(owner == &arena && !strcmp(app, "talk") && !strcmp(name, "talk.redis.1"));
	return !strcmp(target_id, "7");
}

Test(location, of_two_of_one_name_the_same_always_counts)
{
	/* Each counts before those after it. */
	static const struct observed ranks[] = {
	    {.target_id = "7", .state = SEEN_BROKEN, .created_ms = 900},
	    {.target_id = "8", .state = SEEN_CREATED, .created_ms = 100},
	    {.target_id = "2", .state = SEEN_RUNNING, .created_ms = 200},
	    {.target_id = "3", .state = SEEN_STOPPED, .created_ms = 200},
	    {.target_id = "1", .state = SEEN_BROKEN, .created_ms = 50},
	    {.target_id = "0", .state = SEEN_BROKEN, .created_ms = 10, .leaving = true},
	};
	const struct location location = {.stands_for = knows_seven, .stands_owner = &arena};

	for (size_t i = 0; i < COUNT_OF(ranks); i++)
		for (size_t k = 0; k < COUNT_OF(ranks); k++) {
			struct observed a = ranks[i], b = ranks[k];
			a.app = b.app = "talk";
			a.name = b.name = "talk.redis.1";
			cr_expect(counts_before(&location, &a, &b) == (i < k), "%s and %s", a.target_id,
				  b.target_id);
		}
}

Test(location, released_inventory_is_empty)
{
	struct inventory inventory = {.instance_count = 3, .prepared = true};

	cr_assert_not_null(arena_text(&inventory.arena, "something"));
	inventory_release(&inventory);
	cr_assert(!inventory.instance_count && !inventory.prepared && !inventory.arena.blocks);
	inventory_release(&inventory);
}
