/* test_files_alike.c - the simulated machine's files and the real ones, asked the same, answer the same. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "simulation/machine.h"

#define ROUNDS 2000

/* One of the two, and what it said last. */
struct side {
	struct world *world;
	struct text said;
};

static const char *const names[] = {"a",     "b",     "a/a",  "a/b",    "b/a",
				    "a/b/c", "b/a/a", "link", "link/a", "./a/../b"};

static unsigned roll(uint64_t *chance, unsigned sides)
{
	uint64_t z = *chance += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ z >> 31) >> 33) % sides;
}

static bool tell_name(void *owner, const char *name)
{
	text_format(owner, " %s", name);
	return true;
}

static void tell_facts(struct side *side, int result, const struct file_facts *facts)
{
	if (!result)
		text_format(&side->said, " kind %d mode %o size %llu", facts->kind, (unsigned)facts->mode,
			    facts->kind == FILE_DIRECTORY ? 0ULL : (unsigned long long)facts->size);
}

/* The same act at one of them. */
static void act(struct side *side, unsigned what, const char *path, const char *other, const char *relative,
		unsigned number)
{
	struct world *world = side->world;
	const struct world_ops *ops = world->ops;
	const struct file_rights rights = {.mode = 0600 + number % 8, .uid = (uid_t)-1, .gid = (gid_t)-1};
	struct error err = {0};
	struct file_facts facts;
	struct file_lock *lock;
	owned_text content = {0};
	int result = 0;
	char words[40];
	snprintf(words, sizeof words, "%u words", number);
	text_clear(&side->said);
	switch (what) {
	case 0:
		result = ops->file_read(world, path, number % 12, &content, &err);
		break;
	case 1:
		result = ops->file_tail(world, path, 1 + number % 5, &content, &err);
		break;
	case 2:
		result = ops->file_read_at(world, path, number % 9, 4, &content, &err);
		break;
	case 3:
		result = ops->file_write(world, path, 0600 + number % 8, words, strlen(words), &err);
		break;
	case 4:
		result = ops->file_put(world, NULL, path, &rights, words, strlen(words), &err);
		break;
	case 5:
		result = ops->file_put(world, other, relative, &rights, words, strlen(words), &err);
		break;
	case 6:
		result = ops->file_look(world, path, &facts, &err);
		tell_facts(side, result, &facts);
		break;
	case 7:
		result = ops->file_follow(world, path, &facts, &err);
		tell_facts(side, result, &facts);
		break;
	case 8:
		result = ops->file_create(world, path, 0640, &err);
		break;
	case 9:
		result = ops->file_mode(world, path, 0700 + number % 8, &err);
		break;
	case 10:
		result = ops->file_rename(world, path, other, &err);
		break;
	case 11:
		result = ops->link_make(world, number % 2 ? "a" : "a/b", path, &err);
		break;
	case 12:
		result = ops->file_remove(world, path, &err);
		break;
	case 13:
		result = number % 4 ? 0 : ops->tree_remove(world, path, &err);
		break;
	case 14:
		result = ops->directory_remove(world, path, &err);
		break;
	case 15:
		result = ops->directories_make(world, path, 0700 + number % 64, &err);
		break;
	case 16:
		result = ops->directory_list(world, path, tell_name, &side->said, &err);
		break;
	case 17:
		result = ops->file_exists(world, path);
		break;
	case 18:
		lock = number % 2 ? ops->lock(world, path, &err) : ops->directory_lock(world, path, &err);
		result = lock != NULL;
		ops->unlock(world, lock);
		break;
	}
	text_format(&side->said, " %d, %s: %s; %s", result, code_name(err.code), err.text,
		    text_view(&content));
}

static void story(uint64_t seed)
{
	struct universe *universe = universe_new(seed);
	struct machine *machine = machine_new(universe, "alike", "192.0.2.1");
	char folder[] = "/tmp/berth-alike-XXXXXX", path[100], other[100];
	uint64_t chance = seed;
	cr_assert(machine && mkdtemp(folder));
	machine_user(machine, geteuid());
	struct seat *seat = seat_new(universe, machine);
	struct side real = {.world = world_real_open(NULL)}, simulated = {.world = seat_world(seat)};
	cr_assert_eq(simulated.world->ops->directories_make(simulated.world, folder, 0700, NULL), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned what = roll(&chance, 19), number = roll(&chance, 1000);
		const char *relative = names[roll(&chance, COUNT_OF(names))];
		const char *name = names[roll(&chance, COUNT_OF(names))];
		snprintf(path, sizeof path, "%s/%s", folder, name);
		snprintf(other, sizeof other, "%s/%s", folder, names[roll(&chance, COUNT_OF(names))]);
		/* The directory of the new name must still be there by that name, to be synced. */
		if (what == 10 && strstr(other, ".."))
			continue;
		act(&real, what, path, other, relative, number);
		act(&simulated, what, path, other, relative, number);
		cr_assert_str_eq(text_view(&simulated.said), text_view(&real.said),
				 "seed %llu, round %u, act %u at %s (%s, %s)\nsimulated:%s\nreal:%s",
				 (unsigned long long)seed, i, what, path, other, relative,
				 text_view(&simulated.said), text_view(&real.said));
	}
	real.world->ops->tree_remove(real.world, folder, NULL);
	world_real_close(real.world);
	text_release(&real.said);
	text_release(&simulated.said);
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
}

Test(files_alike, whatever_is_asked_both_say_the_same)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		story(seed);
}
