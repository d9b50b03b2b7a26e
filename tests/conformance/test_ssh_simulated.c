/* test_ssh_simulated.c - the conformance suite over the driver for machines reached by SSH, on the model of
 * such a machine: what a real one passes, it passes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ssh.h"
#include "simulation/ssh_machine.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/grounds.h"
#include "tests/conformance/rig.h"

#define NUMBER "192.0.2.9"
#define FILES  "/files"

static struct ssh_machine *machine;
static struct location_spec spec;
static json_t *options;

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
	if (!command)
		return -1;
	command[0] = "/usr/bin/program";
	command[1] = arena_format(arena, "%d", manner);
	command[2] = NULL;
	fitted->kind = COMPONENT_PROCESS;
	fitted->command = command;
	fitted->bind_address = "127.0.0.1";
	((struct spec_port *)fitted->ports)->port = number;
	return command[1] ? 0 : -1;
}

static int open_ssh(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	json_object_set_new(options, "grace", json_string("1s"));
	spec = (struct location_spec){
	    .name = "there", .type = "ssh", .target = "root@" NUMBER, .options = options};
	*ret = (struct location){.driver = &ssh_driver,
				 .world = simulated_ground.world,
				 .name = "there",
				 .spec = &spec,
				 .state_directory = "/state",
				 .helper = "",
				 .environment = empty_environment};
	return ssh_driver.open(ret, err);
}

static int stranger(struct subject *subject, const char *name)
{
	(void)subject;
	return ssh_machine_stranger(machine, name);
}

static bool stranger_left(struct subject *subject, const char *name)
{
	(void)subject;
	return ssh_machine_stranger_left(machine, name);
}

static int vanish(struct subject *subject, const char *name)
{
	(void)subject;
	return ssh_machine_vanish(machine, name);
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	universe_isolate(simulated_ground.universe, NUMBER ":22", !reachable);
	return 0;
}

static const char *lost_verb;

static void decide(void *owner, struct seat *seat, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	(void)owner, (void)seat, (void)address;
	if (!lost_verb || !strstr(request->url, lost_verb))
		return;
	lost_verb = NULL;
	ret->answer_lost = ret->reset = true;
}

static int lose(struct subject *subject, enum lost which, const char *name)
{
	static const char *const verbs[] = {[LOST_PLACE] = "/place ",
					    [LOST_START] = "/start ",
					    [LOST_REMOVE] = "/remove ",
					    [LOST_RENAME] = "/rename ",
					    [LOST_UPDATE] = "/remark "};

	(void)subject, (void)name;
	lost_verb = verbs[which];
	return 0;
}

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	size_t size = 0;
	const char *content = ssh_machine_file(machine, name, path, &size, ret_mode);

	(void)subject;
	if (!content)
		return -1;
	text_add_bytes(text, content, size);
	return 0;
}

static void show(void *owner, const struct ssh_view *view)
{
	text_add(owner, view->manifest);
}

static int shown(struct subject *subject, const char *name, struct text *text)
{
	(void)subject, (void)name;
	ssh_machine_each(machine, show, text);
	return 0;
}

#define NO_SHELL "a simulated machine has no shell to run other commands"

static const struct unfit unfits[] = {
    {"gap_in_the_watch_is_relisted", "a stream that breaks is another subject's"},
    {"event_told_twice_changes_nothing", "it is told by nobody but the machine"},
    {"name_held_by_another_application", "an instance's directory lies in its application's"},
    {"volumes_outlive_the_release", "processes have no volumes"},
    {"volumes_go_when_asked", "processes have no volumes"},
    {"exec_gives_both_streams_and_the_code", NO_SHELL},
    {"exec_tells_the_signal_that_ended_it", NO_SHELL},
    {"exec_gives_much_output_whole", NO_SHELL},
    {"exec_gives_back_its_input", NO_SHELL},
    {"exec_without_input_reads_its_end", NO_SHELL},
    {"exec_on_a_terminal_has_its_size", NO_SHELL},
    {"exec_runs_where_it_is_told", NO_SHELL},
    {"exec_of_no_command_is_missing", NO_SHELL},
    {"exec_of_what_cannot_run_is_denied", NO_SHELL},
    {0}};

static struct subject subject = {
    .driver = &ssh_driver,
    .directory = FILES,
    .file = file,
    .shown = shown,
    .unfits = unfits,
    .open = open_ssh,
    .pump = simulated_pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
};

static void set_up(void)
{
	simulated_set_up("host", "192.0.2.7");
	machine = ssh_machine_new(simulated_ground.universe, NUMBER);
	cr_assert(machine);
	ssh_machine_behave(machine, behave, NULL);
	universe_fates(simulated_ground.universe, decide, NULL);
}

static void take_down(void)
{
	if (!simulated_ground.universe)
		return;
	conformance_end(&subject);
	ssh_machine_free(machine);
	simulated_take_down();
	json_decref(options);
	options = NULL;
}

#define CASE(name)                                                                                           \
	Test(ssh_simulated, name, .fini = take_down, .timeout = 120)                                         \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)

/* --- what only this model could do otherwise ----------------------------------------------------- */

static enum progress started(struct rig *rig, const char *component, uint16_t number, const char *address)
{
	struct instance_spec *one = rig_spec(rig, component, STAYS, number);

	one->bind_address = address;
	enum progress progress = rig_place(rig, one);
	return progress == PROGRESS_DONE ? AWAIT(rig, ASK(start, one)) : progress;
}

Test(ssh_simulated_machine, one_number_at_two_addresses_is_no_conflict, .fini = take_down, .timeout = 60)
{
	struct rig rig[1];

	conformance_begin(&subject, "one_number_at_two_addresses_is_no_conflict");
	set_up();
	rig_open(rig, &subject);
	cr_expect_eq(started(rig, "one", 8080, "127.64.0.1"), PROGRESS_DONE, "%s", rig->error.text);
	cr_expect_eq(started(rig, "two", 8080, "127.64.0.2"), PROGRESS_DONE, "%s", rig->error.text);
	cr_expect_eq(started(rig, "other", 8080, "127.64.0.1"), PROGRESS_FAILED);
	cr_expect_eq(rig->error.code, ERR_CONFLICT, "%s", rig->error.text);
	cr_expect_eq(started(rig, "web", 8080, "127.0.0.1"), PROGRESS_DONE, "%s", rig->error.text);
	rig_close(rig);
}

Test(ssh_simulated_machine, where_nobody_listens_it_is_the_instance_that_does_not_answer, .fini = take_down,
     .timeout = 60)
{
	const struct health_check tcp = {.kind = CHECK_TCP, .port = 8081};
	struct rig rig[1];

	conformance_begin(&subject, "where_nobody_listens_it_is_the_instance_that_does_not_answer");
	set_up();
	rig_open(rig, &subject);
	struct instance_spec *one = rig_spec(rig, "one", STAYS, 8081);
	rig_run(rig, one);
	MUST_NOT(rig, ERR_FAILED, ASK(probe, one, &tcp));
	rig_close(rig);
}
