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

/* What is there by a list, in the order of insertion: the map must say the same of each key at any time. */
struct model {
	struct map *map;
	int keys[200];
	size_t count;
};

static void check(const struct model *model)
{
	char key[20];

	cr_assert_eq(map_count(model->map), model->count);
	for (int i = 0; i < 200; i++) {
		const int *found = NULL;
		for (size_t k = 0; k < model->count; k++)
			found = model->keys[k] == i ? &model->keys[i] : found;
		snprintf(key, sizeof(key), "key-%d", i);
		cr_assert_eq(map_get(model->map, key), found, "%s", key);
	}
}

static void drop_from(struct model *model, size_t at)
{
	char key[20];

	snprintf(key, sizeof(key), "key-%d", model->keys[at]);
	map_drop(&model->map, key);
	model->count--;
	memmove(&model->keys[at], &model->keys[at + 1], (model->count - at) * sizeof(int));
}

static void put_into(struct model *model, int number)
{
	char key[20];

	for (size_t i = 0; i < model->count; i++)
		if (model->keys[i] == number)
			return;
	model->keys[model->count++] = number;
	snprintf(key, sizeof(key), "key-%d", number);
	cr_assert_eq(map_put(&model->map, key, &model->keys[number]), 0);
}

struct walk {
	const struct model *model;
	size_t at;
};

static bool same_order(const char *key, void *value, void *context)
{
	struct walk *walk = context;
	char wanted[20];

	(void)value;
	snprintf(wanted, sizeof(wanted), "key-%d", walk->model->keys[walk->at++]);
	cr_assert_str_eq(key, wanted);
	return true;
}

Test(map, whatever_comes_and_goes_the_rest_is_found)
{
	struct model model = {0};
	unsigned chance = 1;

	for (int round = 0; round < 4000; round++) {
		chance = chance * 1103515245 + 12345;
		unsigned number = chance >> 16;
		/* It fills up and runs empty by turns. */
		bool fills = (number & 7) < (round / 500 % 2 ? 3 : 6);
		if (fills)
			put_into(&model, (int)(number >> 3) % 200);
		else if (model.count)
			drop_from(&model, (number >> 3) % model.count);
		if (round % 16 == 0)
			check(&model);
	}
	struct walk walk = {&model, 0};
	map_each(model.map, same_order, &walk);
	cr_expect_eq(walk.at, model.count);
	while (model.count)
		drop_from(&model, model.count - 1);
	cr_expect_null(model.map);
}

/* What comes takes the place of what went and was about as long: never of what was shorter. */
Test(map, keys_of_any_length_come_and_go_without_touching_others)
{
	enum { LONGEST = 1200 };
	struct map *map = NULL;
	char key[LONGEST + 1];
	int values[LONGEST + 1];

	memset(key, 'k', sizeof(key));
	for (int round = 0; round < 3; round++) {
		for (int length = LONGEST; length >= 0; length--) {
			key[length] = '\0';
			cr_assert_eq(map_put(&map, key, &values[length]), 0);
			key[length] = 'k';
		}
		for (int length = 0; length <= LONGEST; length++) {
			key[length] = '\0';
			cr_assert_eq(map_get(map, key), &values[length], "length %d", length);
			if (length % 3 != round)
				map_drop(&map, key);
			key[length] = 'k';
		}
		cr_assert_eq(map_count(map), LONGEST / 3 + (round == 0));
	}
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
