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

/* What is done at both worlds alike: to which path, and with which number, which says how. */
struct act {
	unsigned what, number;
	const char *path, *other, *relative;
};

enum { FILE_ACTS = 10, ACTS = 19 };

/* What a file has in it, and how it is. */
static int act_on_file(struct side *side, const struct act *act, struct text *content, struct error *err)
{
	struct world *world = side->world;
	const struct world_ops *ops = world->ops;
	unsigned number = act->number;
	const struct file_rights rights = {.mode = 0600 + number % 8, .uid = (uid_t)-1, .gid = (gid_t)-1};
	struct file_facts facts;
	int result;
	char words[40];
	snprintf(words, sizeof words, "%u words", number);
	switch (act->what) {
	case 0:
		return ops->file_read(world, act->path, number % 12, content, err);
	case 1:
		return ops->file_tail(world, act->path, 1 + number % 5, content, err);
	case 2:
		return ops->file_read_at(world, act->path, number % 9, 4, content, err);
	case 3:
		return ops->file_write(world, act->path, rights.mode, words, strlen(words), err);
	case 4:
		return ops->file_put(world, NULL, act->path, &rights, words, strlen(words), err);
	case 5:
		return ops->file_put(world, act->other, act->relative, &rights, words, strlen(words), err);
	case 6:
		result = ops->file_look(world, act->path, &facts, err);
		break;
	case 7:
		result = ops->file_follow(world, act->path, &facts, err);
		break;
	case 8:
		return ops->file_create(world, act->path, 0640, err);
	default:
		return ops->file_mode(world, act->path, 0700 + number % 8, err);
	}
	tell_facts(side, result, &facts);
	return result;
}

/* Which files and folders there are. */
static int act_on_tree(struct side *side, const struct act *act, struct error *err)
{
	struct world *world = side->world;
	const struct world_ops *ops = world->ops;
	unsigned number = act->number;
	struct file_lock *lock;
	switch (act->what) {
	case 10:
		return ops->file_rename(world, act->path, act->other, err);
	case 11:
		return ops->link_make(world, number % 2 ? "a" : "a/b", act->path, err);
	case 12:
		return ops->file_remove(world, act->path, err);
	case 13:
		return number % 4 ? 0 : ops->tree_remove(world, act->path, err);
	case 14:
		return ops->directory_remove(world, act->path, err);
	case 15:
		return ops->directories_make(world, act->path, 0700 + number % 64, err);
	case 16:
		return ops->directory_list(world, act->path, tell_name, &side->said, err);
	case 17:
		return ops->file_exists(world, act->path);
	default:
		lock = number % 2 ? ops->lock(world, act->path, err)
				  : ops->directory_lock(world, act->path, err);
		ops->unlock(world, lock);
		return lock != NULL;
	}
}

/* The same act at one of them. */
static void carry_out(struct side *side, const struct act *act)
{
	struct error err = {0};
	owned_text content = {0};
	text_clear(&side->said);
	int result =
	    act->what < FILE_ACTS ? act_on_file(side, act, &content, &err) : act_on_tree(side, act, &err);
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
		unsigned what = roll(&chance, ACTS), number = roll(&chance, 1000);
		const char *relative = names[roll(&chance, COUNT_OF(names))];
		const char *name = names[roll(&chance, COUNT_OF(names))];
		snprintf(path, sizeof path, "%s/%s", folder, name);
		snprintf(other, sizeof other, "%s/%s", folder, names[roll(&chance, COUNT_OF(names))]);
		/* The directory of the new name must still be there by that name, to be synced. */
		if (what == 10 && strstr(other, ".."))
			continue;
		const struct act act = {what, number, path, other, relative};
		carry_out(&real, &act);
		carry_out(&simulated, &act);
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
