/* test_map.c - look-ups by name. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"

Test(map, an_empty_one_holds_nothing)
{
	struct map *map = NULL;

	cr_expect_null(map_get(map, "a"));
	cr_expect_eq(map_count(map), 0);
	map_drop(&map, "a");
	map_release(&map);
}

Test(map, finds_what_was_put)
{
	struct map *map = NULL;
	int values[500];
	char key[20];

	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		cr_assert_eq(map_put(&map, key, &values[i]), 0);
	}
	cr_expect_eq(map_count(map), 500);
	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		cr_assert_eq(map_get(map, key), &values[i]);
	}
	cr_expect_null(map_get(map, "key-500"));
	cr_expect_null(map_get(map, ""));
	map_release(&map);
	cr_expect_null(map);
}

Test(map, a_second_put_replaces)
{
	struct map *map = NULL;
	int a, b;

	map_put(&map, "x", &a);
	map_put(&map, "x", &b);
	cr_expect_eq(map_count(map), 1);
	cr_expect_eq(map_get(map, "x"), &b);
	map_release(&map);
}

Test(map, dropping_takes_only_that_one)
{
	struct map *map = NULL;
	int a, b;

	map_put(&map, "a", &a);
	map_put(&map, "b", &b);
	map_drop(&map, "a");
	map_drop(&map, "a");
	cr_expect_null(map_get(map, "a"));
	cr_expect_eq(map_get(map, "b"), &b);
	map_drop(&map, "b");
	cr_expect_null(map);
}

static bool note(const char *key, void *value, void *context)
{
	char *line = context;

	snprintf(line + strlen(line), 100 - strlen(line), "%s=%s ", key, (const char *)value);
	return strcmp(key, "m") != 0;
}

Test(map, visits_in_the_order_of_insertion_until_told_to_stop)
{
	struct map *map = NULL;
	char line[100] = "";

	map_put(&map, "z", "1");
	map_put(&map, "a", "2");
	map_put(&map, "m", "3");
	map_put(&map, "never", "4");
	map_each(map, note, line);
	cr_expect_str_eq(line, "z=1 a=2 m=3 ");
	map_release(&map);
}

static bool drop_each(const char *key, void *value, void *context)
{
	(void)value;
	map_drop(context, key);
	return true;
}

Test(map, a_visitor_may_drop_what_it_is_shown)
{
	struct map *map = NULL;

	map_put(&map, "a", NULL);
	map_put(&map, "b", NULL);
	map_each(map, drop_each, &map);
	cr_expect_null(map);
}
