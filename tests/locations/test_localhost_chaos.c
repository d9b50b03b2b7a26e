/* test_localhost_chaos.c - the driver for processes on a simulated machine where everything goes wrong: its
 * program is killed at any call, keepers and commands are killed, the power is cut, the disk is full.
 *
 * Whatever happened: no instance ever runs twice, and once it is calm again all can be started and removed,
 * with nothing left.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "simulation/machine.h"

#define APP         "shop"
#define STATE       MACHINE_HOME "/state"
#define SEEDS       120
#define ACTS        40
#define PATIENCE_MS 120000

struct play {
	uint64_t seed;
	struct universe *universe;
	struct machine *machine;
	struct seat *seat;
	struct world *world;
	struct location_spec spec;
	json_t *options;
	struct location location;
	struct errand errand;
	struct error error;
	bool woken, calm;
	struct arena arena;
	struct text story;
};

static unsigned roll(struct play *play, unsigned sides)
{
	return universe_roll(play->universe, sides);
}

static bool chance(struct play *play, unsigned percent)
{
	return roll(play, 100) < percent;
}

static void line(void *owner, int64_t now_ms, const char *words)
{
	struct play *play = owner;

	text_format(&play->story, "%8lld  %s\n", (long long)now_ms, words);
}

/* --- what may never be ------------------------------------------------------------------------- */

struct looking {
	struct play *play;
	char places[64][256];
	size_t count;
};

/* Where a command works is its instance's alone. */
static bool look_at(void *owner, const struct process_info *info)
{
	struct looking *looking = owner;
	struct play *play = looking->play;

	if (!strstr(info->directory, "/.work/") || looking->count == COUNT_OF(looking->places))
		return true;
	for (size_t i = 0; i < looking->count; i++)
		cr_assert_str_neq(looking->places[i], info->directory, "seed %llu: %s runs twice\n%s",
				  (unsigned long long)play->seed, info->directory, text_view(&play->story));
	snprintf(looking->places[looking->count++], sizeof(looking->places[0]), "%s", info->directory);
	return true;
}

static void check(struct play *play)
{
	struct seat *outside = seat_new(play->universe, play->machine);
	struct looking looking = {.play = play};

	if (!outside)
		return;
	struct world *world = seat_world(outside);
	world->ops->processes(world, "BERTH_TREE=", look_at, &looking, NULL);
	seat_free(outside);
}

/* --- what happens without us ------------------------------------------------------------------- */

struct picking {
	struct play *play;
	bool keepers;
	pid_t picked;
	unsigned seen;
};

static bool pick(void *owner, const struct process_info *info)
{
	struct picking *picking = owner;
	bool keeper = ends_with(info->executable, "/berth-helper");

	if (!info->zombie && keeper == picking->keepers && !roll(picking->play, ++picking->seen))
		picking->picked = info->pid;
	return true;
}

static void kill_one(struct play *play, bool keeper, int signal_number)
{
	struct picking picking = {.play = play, .keepers = keeper};
	struct seat *outside = seat_new(play->universe, play->machine);

	if (!outside)
		return;
	struct world *world = seat_world(outside);
	world->ops->processes(world, "BERTH_", pick, &picking, NULL);
	seat_free(outside);
	if (picking.picked)
		machine_signal(play->machine, picking.picked, signal_number);
}

static void disturb(struct play *play)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGHUP, SIGKILL};

	switch (roll(play, 12)) {
	case 0:
	case 1:
		kill_one(play, true, SIGKILL);
		break;
	case 2:
	case 3:
	case 4:
		kill_one(play, false, signals[roll(play, COUNT_OF(signals))]);
		break;
	case 5:
		kill_one(play, true, SIGTERM);
		break;
	case 6:
		if (chance(play, 20))
			machine_power_cut(play->machine);
		break;
	case 7:
		if (chance(play, 20))
			machine_reboot(play->machine);
		break;
	case 8:
		machine_disk_room(play->machine, chance(play, 40) ? (int64_t)roll(play, 2000) : -1);
		break;
	case 9:
		machine_disk_read_only(play->machine, chance(play, 20));
		break;
	case 10:
		universe_jump(play->universe, (int64_t)roll(play, 7200000) - 3600000);
		break;
	default:
		break;
	}
}

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	struct play *play = owner;

	(void)started;
	if (play->calm)
		return;
	ret->ignores_term = chance(play, 20);
	ret->ends_after_ms = chance(play, 30) ? (int64_t)roll(play, 800) : 0;
	ret->ends = chance(play, 30);
	ret->lives_ms = 1 + (int64_t)roll(play, chance(play, 20) ? 20000 : 300);
	ret->exit_code = (int)roll(play, 2);
	ret->says = chance(play, 50) ? "words" : NULL;
	ret->says_every_ms = chance(play, 50) ? 50 + (int64_t)roll(play, 500) : 0;
}

/* --- the driver's program ---------------------------------------------------------------------- */

static void woken(struct errand *errand)
{
	((struct play *)errand->owner)->woken = true;
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void begin(struct play *play)
{
	play->seat = seat_new(play->universe, play->machine);
	play->world = seat_world(play->seat);
	play->spec = (struct location_spec){
	    .name = "here", .type = "localhost", .target = "", .options = play->options};
	play->location = (struct location){.driver = &localhost_driver,
					   .world = play->world,
					   .name = "here",
					   .spec = &play->spec,
					   .state_directory = STATE,
					   .helper = MACHINE_HELPER,
					   .environment = no_environment};
	play->errand = (struct errand){.wake = woken, .owner = play};
	cr_assert_eq(localhost_driver.open(&play->location, &play->error), 0, "%s", play->error.text);
}

static void end(struct play *play)
{
	localhost_driver.drop(&play->location, &play->errand);
	localhost_driver.close(&play->location);
	seat_free(play->seat);
}

/* True: it waits no longer, or its program died. */
static bool go_on(struct play *play, int64_t until)
{
	struct clock *clock = universe_clock(play->universe);

	if (!clock_step(clock, until))
		return true;
	check(play);
	if (!play->calm && chance(play, 8))
		disturb(play);
	return seat_dead(play->seat) || play->woken;
}

enum ended { ENDED_DONE, ENDED_FAILED, ENDED_DEAD };

#define DRIVE(play, call)                                                                                    \
	({                                                                                                   \
		int64_t until_ = clock_now(universe_clock((play)->universe)) + PATIENCE_MS;                  \
		enum progress progress_ = PROGRESS_WAITING;                                                  \
		(play)->error = (struct error){0};                                                           \
		while (!seat_dead((play)->seat) && (progress_ = (call)) == PROGRESS_WAITING) {               \
			(play)->woken = false;                                                               \
			while (!go_on(play, until_))                                                         \
				;                                                                            \
			cr_assert(clock_now(universe_clock((play)->universe)) < until_,                      \
				  "seed %llu: %s does not end\n%s", (unsigned long long)(play)->seed, #call, \
				  text_view(&(play)->story));                                                \
		}                                                                                            \
		universe_tell((play)->universe, "%s: %s", #call,                                             \
			      seat_dead((play)->seat)      ? "dead"                                          \
			      : progress_ == PROGRESS_DONE ? "done"                                          \
							   : (play)->error.text);                            \
		seat_dead((play)->seat)      ? ENDED_DEAD                                                    \
		: progress_ == PROGRESS_DONE ? ENDED_DONE                                                    \
					     : ENDED_FAILED;                                                 \
	})
#define CALL(play, function, ...)                                                                            \
	DRIVE(play,                                                                                          \
	      localhost_driver.function(&(play)->location, &(play)->errand, __VA_ARGS__, &(play)->error))

static struct instance_spec *spec_of(struct play *play, const char *component, unsigned generation,
				     char digest)
{
	static const char *const command[] = {"/usr/bin/program", NULL};
	struct instance_spec *spec = arena_array(&play->arena, struct instance_spec, 1);
	struct spec_file *file = arena_array(&play->arena, struct spec_file, 1);

	*file = (struct spec_file){.path = "conf/settings", .content = "on", .size = 2, .mode = 0600};
	*spec = (struct instance_spec){
	    .app = APP,
	    .component = component,
	    .ordinal = 1,
	    .generation = generation,
	    .name = generation ? generation_name(&play->arena, APP, component, 1, generation)
			       : instance_name(&play->arena, APP, component, 1),
	    .shared_name = arena_format(&play->arena, APP ".%s", component),
	    .kind = COMPONENT_PROCESS,
	    .command = command,
	    .files = file,
	    .file_count = 1,
	    .bind_address = "127.0.0.1",
	    .stop_timeout_ms = -1,
	    .secret_salt = ""};
	memset(spec->digest, digest, DIGEST_HEX - 1);
	memset(spec->link_digest, 'b', DIGEST_HEX - 1);
	memset(spec->file_digest, 'f', DIGEST_HEX - 1);
	return spec;
}

static struct instance_spec *any_spec(struct play *play)
{
	static const char *const components[] = {"web", "db"};

	return spec_of(play, components[roll(play, 2)], chance(play, 50) ? 0 : 2,
		       chance(play, 80) ? 'a' : 'c');
}

static void act(struct play *play)
{
	const struct instance_spec *spec = any_spec(play), *other;
	const struct list_request request = {.app = APP};
	struct inventory inventory = {0};
	struct observed seen;
	const char *note;

	if (chance(play, 30))
		seat_kill_at(play->seat, 1 + roll(play, 40));
	switch (roll(play, 9)) {
	case 0:
	case 1:
	case 2:
		if (CALL(play, place, spec, &note) == ENDED_DONE)
			CALL(play, start, spec);
		break;
	case 3:
		CALL(play, stop, APP, spec->name);
		break;
	case 4:
		CALL(play, start, spec);
		break;
	case 5:
		CALL(play, remove, APP, spec->name);
		break;
	case 6:
		other = spec_of(play, spec->component, spec->generation ? 0 : 2, 'a');
		CALL(play, rename, APP, spec->name, other->name);
		break;
	case 7:
		if (CALL(play, list, &request, &inventory) == ENDED_DONE)
			inventory_release(&inventory);
		break;
	default:
		CALL(play, look, APP, spec->name, &play->arena, &seen);
		CALL(play, deliver, spec);
		break;
	}
	int64_t until = clock_now(universe_clock(play->universe)) + (int64_t)roll(play, 1500);
	play->woken = false;
	while (!go_on(play, until))
		;
	if (seat_dead(play->seat)) {
		end(play);
		begin(play);
	}
	seat_kill_at(play->seat, 0);
}

/* --- calm again -------------------------------------------------------------------------------- */

#define MUST(play, call)                                                                                     \
	cr_assert_eq(call, ENDED_DONE, "seed %llu: %s: %s\n%s", (unsigned long long)(play)->seed, #call,     \
		     (play)->error.text, text_view(&(play)->story))

static bool count_process(void *owner, const struct process_info *info)
{
	*(unsigned *)owner += !info->zombie;
	return true;
}

static bool no_launch(void *owner, const char *name)
{
	struct play *play = owner;

	cr_assert_not(starts_with(name, "launch"), "seed %llu: what it runs still lies there\n%s",
		      (unsigned long long)play->seed, text_view(&play->story));
	return true;
}

static bool count_name(void *owner, const char *name)
{
	struct play *play = owner;

	cr_assert_fail("seed %llu: %s is left\n%s", (unsigned long long)play->seed, name,
		       text_view(&play->story));
	return true;
}

static void remove_all(struct play *play)
{
	const struct list_request request = {.app = APP};
	struct inventory inventory = {0};

	MUST(play, CALL(play, list, &request, &inventory));
	for (size_t i = 0; i < inventory.instance_count; i++)
		MUST(play, CALL(play, remove, APP, inventory.instances[i].name));
	inventory_release(&inventory);
}

static void calm_down(struct play *play)
{
	struct instance_spec *spec = spec_of(play, "web", 0, 'a');
	struct observed seen;
	unsigned left = 0;
	const char *note;

	play->calm = true;
	machine_disk_room(play->machine, -1);
	machine_disk_read_only(play->machine, false);
	universe_tell(play->universe, "calm");
	MUST(play, CALL(play, place, spec, &note));
	MUST(play, CALL(play, deliver, spec));
	MUST(play, CALL(play, start, spec));
	MUST(play, CALL(play, stop, APP, spec->name));
	MUST(play, CALL(play, start, spec));
	MUST(play, CALL(play, look, APP, spec->name, &play->arena, &seen));
	cr_assert(seen.state == SEEN_RUNNING || seen.state == SEEN_RESTARTING,
		  "seed %llu: it is in state %d: %s\n%s", (unsigned long long)play->seed, seen.state,
		  seen.error ? seen.error : "", text_view(&play->story));
	play->world->ops->directory_list(play->world, STATE "/run/" APP "/web.1", no_launch, play, NULL);
	remove_all(play);
	play->world->ops->processes(play->world, "BERTH_", count_process, &left, NULL);
	cr_assert_eq(left, 0, "seed %llu: %u processes are left\n%s", (unsigned long long)play->seed, left,
		     text_view(&play->story));
	MUST(play, CALL(play, release, APP, true));
	play->world->ops->directory_list(play->world, STATE "/run", count_name, play, NULL);
}

static void play_seed(uint64_t seed)
{
	struct play play = {.seed = seed};

	play.universe = universe_new(seed);
	universe_listen(play.universe, line, &play);
	play.machine = machine_new(play.universe, "host", "192.0.2.7");
	cr_assert(play.machine);
	machine_pids(play.machine, 300, 380);
	machine_behave(play.machine, behave, &play);
	cr_assert_eq(machine_file(play.machine, "/usr/bin/program", 0755, ""), 0);
	play.options = json_pack("{s:s}", "grace", "300ms");
	begin(&play);
	for (int i = 0; i < ACTS; i++)
		act(&play);
	calm_down(&play);
	end(&play);
	json_decref(play.options);
	machine_free(play.machine);
	universe_free(play.universe);
	arena_release(&play.arena);
	if (getenv("BERTH_SEED"))
		fputs(text_view(&play.story), stderr);
	text_release(&play.story);
}

Test(localhost_chaos, whatever_goes_wrong_nothing_runs_twice_and_nothing_is_left)
{
	const char *one = getenv("BERTH_SEED"), *more = getenv("BERTH_SEEDS");
	uint64_t seeds = more ? strtoull(more, NULL, 10) : SEEDS;

	if (one) {
		play_seed(strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= seeds; seed++)
		play_seed(seed);
}
