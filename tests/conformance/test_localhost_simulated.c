/* test_localhost_simulated.c - the conformance suite over the driver for processes, on a simulated machine.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/machine.h"
#include "tests/conformance/conformance.h"

#define DIRECTORY MACHINE_HOME "/state"
#define FILES     MACHINE_HOME "/files"

static struct universe *universe;
static struct machine *machine;
static struct seat *seat;
static struct world *world;
static struct location_spec spec;
static json_t *options;

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static int open_localhost(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	json_object_set_new(options, "address", json_string("127.0.0.1"));
	json_object_set_new(options, "grace", json_string("1s"));
	spec = (struct location_spec){.name = "here", .type = "localhost", .target = "", .options = options};
	*ret = (struct location){.driver = &localhost_driver,
				 .world = world,
				 .name = "here",
				 .spec = &spec,
				 .state_directory = DIRECTORY,
				 .helper = MACHINE_HELPER,
				 .environment = no_environment};
	return localhost_driver.open(ret, err);
}

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	struct clock *clock = universe_clock(universe);
	int64_t end = clock_now(clock) + limit_ms;

	(void)subject;
	while (!until(owner))
		if (!clock_step(clock, end))
			return until(owner);
	return true;
}

static const struct program_behaviour manners[] = {
    [STAYS] = {0},
    [SPEAKS_AND_ENDS] = {.ends = true, .lives_ms = 3, .exit_code = 3, .says = "spoken"},
    [ENDS_WELL] = {.ends = true, .lives_ms = 3},
    [LISTENS] = {.says = "listening", .heard = "heard"},
};

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	(void)owner;
	if (started->argv[0] && started->argv[1])
		*ret = manners[*started->argv[1] - '0'];
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	const char **command = arena_array(arena, const char *, 3);
	struct spec_port *port = (struct spec_port *)fitted->ports;

	(void)subject;
	if (!command)
		return -1;
	command[0] = "/usr/bin/program";
	command[1] = arena_format(arena, "%d", manner);
	fitted->command = command;
	fitted->kind = COMPONENT_PROCESS;
	fitted->bind_address = "127.0.0.1";
	port->port = number;
	return 0;
}

static char *path_of(struct arena *arena, const struct subject *subject, const char *name, const char *file)
{
	return arena_format(arena, DIRECTORY "/run/%s/%s/%s", subject->app, name + strlen(subject->app) + 1,
			    file);
}

static int stranger(struct subject *subject, const char *name)
{
	owned_by(arena_release) struct arena arena = {0};

	return world->ops->directories_make(world, path_of(&arena, subject, name, ""), 0755, NULL) ||
		       world->ops->file_write(world, path_of(&arena, subject, name, "notes"), 0644, "mine", 4,
					      NULL)
		   ? -1
		   : 0;
}

static bool stranger_left(struct subject *subject, const char *name)
{
	owned_by(arena_release) struct arena arena = {0};

	return world->ops->file_exists(world, path_of(&arena, subject, name, "notes"));
}

static void wake(struct errand *errand)
{
	*(bool *)errand->owner = true;
}

static bool is_woken(void *owner)
{
	return *(bool *)owner;
}

/* Another program of the same user removes it. */
static int vanish(struct subject *subject, const char *name)
{
	struct seat *other_seat = seat_new(universe, machine);
	struct location other;
	struct error err;
	bool woken = false;
	enum progress progress;
	json_t *held = json_incref(options);

	if (open_localhost(subject, &other, NULL, &err))
		return -1;
	other.world = seat_world(other_seat);
	struct errand errand = {.wake = wake, .owner = &woken};
	while ((progress = localhost_driver.remove(&other, &errand, subject->app, name, &err)) ==
	       PROGRESS_WAITING) {
		pump(subject, is_woken, &woken, 30000);
		woken = false;
	}
	localhost_driver.close(&other);
	seat_free(other_seat);
	json_decref(held);
	return progress == PROGRESS_DONE ? 0 : -1;
}

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	struct file_facts facts;

	(void)subject, (void)name;
	if (world->ops->file_look(world, path, &facts, NULL))
		return -1;
	*ret_mode = facts.mode;
	return world->ops->file_read(world, path, 1 << 20, text, NULL);
}

struct showing {
	const char *above;
	struct text *text;
};

static bool show(void *owner, const char *name)
{
	const struct showing *showing = owner;
	char path[1000];
	struct file_facts facts;

	snprintf(path, sizeof(path), "%s/%s", showing->above, name);
	if (!strcmp(path, FILES) || world->ops->file_look(world, path, &facts, NULL))
		return true;
	struct showing below = {path, showing->text};
	if (facts.kind == FILE_DIRECTORY)
		world->ops->directory_list(world, path, show, &below, NULL);
	else if (facts.kind == FILE_PLAIN)
		world->ops->file_read(world, path, 1 << 20, showing->text, NULL);
	return true;
}

static int shown(struct subject *subject, const char *name, struct text *text)
{
	struct showing showing = {"", text};

	(void)subject, (void)name;
	return world->ops->directory_list(world, "/", show, &showing, NULL);
}

#define NO_DESCRIPTORS "a simulated machine gives its processes no descriptors"

static const struct unfit unfits[] = {
    {"answer_lost_after_rename", "this machine's answers are not lost"},
    {"answer_lost_after_place", "this machine's answers are not lost"},
    {"answer_lost_after_start", "this machine's answers are not lost"},
    {"answer_lost_after_remove", "this machine's answers are not lost"},
    {"unreachable_is_unknown", "this machine is always reached"},
    {"gap_in_the_watch_is_relisted", "the watch looks by itself and has no gaps"},
    {"event_told_twice_changes_nothing", "the watch looks by itself and is told nothing"},
    {"name_held_by_another_application", "an instance's directory lies in its application's"},
    {"volumes_outlive_the_release", "processes have no volumes"},
    {"volumes_go_when_asked", "processes have no volumes"},
    {"exec_gives_both_streams_and_the_code", NO_DESCRIPTORS},
    {"exec_tells_the_signal_that_ended_it", NO_DESCRIPTORS},
    {"exec_gives_much_output_whole", NO_DESCRIPTORS},
    {"exec_gives_back_its_input", NO_DESCRIPTORS},
    {"exec_without_input_reads_its_end", NO_DESCRIPTORS},
    {"exec_on_a_terminal_has_its_size", NO_DESCRIPTORS},
    {"exec_runs_where_it_is_told", NO_DESCRIPTORS},
    {"exec_of_no_command_is_missing", NO_DESCRIPTORS},
    {"exec_of_what_cannot_run_is_denied", NO_DESCRIPTORS},
    {0},
};

static struct subject subject = {
    .driver = &localhost_driver,
    .directory = FILES,
    .file = file,
    .shown = shown,
    .unfits = unfits,
    .open = open_localhost,
    .pump = pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
};

static void set_up(void)
{
	universe = universe_new(1);
	machine = machine_new(universe, "host", "192.0.2.7");
	cr_assert(machine);
	machine_behave(machine, behave, NULL);
	cr_assert_eq(machine_file(machine, "/usr/bin/program", 0755, ""), 0);
	seat = seat_new(universe, machine);
	world = seat_world(seat);
}

static void take_down(void)
{
	if (!world)
		return;
	conformance_end(&subject);
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
	json_decref(options);
}

#define CASE(name)                                                                                           \
	Test(localhost_simulated, name, .fini = take_down, .timeout = 20)                                    \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
