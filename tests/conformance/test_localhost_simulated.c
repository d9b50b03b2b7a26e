/* test_localhost_simulated.c - the conformance suite over the driver for processes, on a simulated machine.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/conformance/grounds.h"
#include "tests/conformance/local_subject.h"

#define DIRECTORY MACHINE_HOME "/state"
#define FILES     MACHINE_HOME "/files"

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

	(void)subject;
	if (command) {
		command[0] = "/usr/bin/program";
		command[1] = arena_format(arena, "%d", manner);
	}
	return local_fit(fitted, command, number);
}

static int vanish(struct subject *subject, const char *name)
{
	struct seat *other = seat_new(simulated_ground.universe, simulated_ground.machine);
	int result = local_vanish(subject, seat_world(other), name);

	seat_free(other);
	return result;
}

struct showing {
	const char *above;
	struct text *text;
};

static bool show(void *owner, const char *name)
{
	const struct showing *showing = owner;
	struct world *world = simulated_ground.world;
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
	return simulated_ground.world->ops->directory_list(simulated_ground.world, "/", show, &showing, NULL);
}

#define NO_DESCRIPTORS "a simulated machine gives its processes no descriptors"

static const struct unfit unfits[] = {
    LOCAL_UNFITS,
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
    .file = local_file,
    .shown = shown,
    .unfits = unfits,
    .open = local_open,
    .pump = simulated_pump,
    .fit = fit,
    .stranger = local_stranger,
    .stranger_left = local_stranger_left,
    .vanish = vanish,
};

static void set_up(void)
{
	simulated_set_up("host", "192.0.2.7");
	machine_behave(simulated_ground.machine, behave, NULL);
	cr_assert_eq(machine_file(simulated_ground.machine, "/usr/bin/program", 0755, ""), 0);
	local_ground = (struct local_ground){
	    .world = simulated_ground.world, .directory = DIRECTORY, .helper = MACHINE_HELPER};
}

static void take_down(void)
{
	if (!simulated_ground.universe)
		return;
	conformance_end(&subject);
	simulated_take_down();
	local_release();
}

#define CASE(name)                                                                                           \
	Test(localhost_simulated, name, .fini = take_down, .timeout = 120)                                   \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
