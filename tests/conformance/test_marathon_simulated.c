/* test_marathon_simulated.c - the conformance suite over the Marathon driver, on the model of a Marathon:
 * what the double of one passes, it passes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/marathon/cluster.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/grounds.h"

static struct marathon_cluster *cluster;
static struct location_spec spec;
static json_t *options;

static const struct marathon_manner manners[] = {
    [STAYS] = {.stops_ms = 20},
    [SPEAKS_AND_ENDS] = {.ends = true, .lives_ms = 3, .exit_code = 3},
    [ENDS_WELL] = {.ends = true, .lives_ms = 3},
    [LISTENS] = {.stops_ms = 20},
};

static void behave(void *owner, const json_t *app, struct marathon_manner *ret)
{
	const char *word = json_string_value(json_array_get(json_object_get(app, "args"), 0));

	(void)owner;
	*ret = manners[word ? *word - '0' : STAYS];
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	const char **command = arena_array(arena, const char *, 2);

	(void)subject, (void)number;
	if (!command)
		return -1;
	command[0] = arena_format(arena, "%d", manner);
	fitted->kind = COMPONENT_DOCKER;
	fitted->image = "busybox";
	fitted->command = command;
	fitted->memory_bytes = 16 << 20;
	return command[0] ? 0 : -1;
}

static int open_marathon(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	json_object_set_new(options, "patience", json_string("20s"));
	spec = (struct location_spec){.name = "here",
				      .type = "marathon",
				      .target = marathon_cluster_location + strlen("marathon:"),
				      .options = options};
	*ret = (struct location){.driver = &marathon_driver,
				 .world = simulated_ground.world,
				 .name = "here",
				 .spec = &spec,
				 .state_directory = "/state",
				 .helper = "",
				 .environment = empty_environment};
	return marathon_driver.open(ret, err);
}

/* --- what happens without us ---------------------------------------------------------------------- */

/* "/shop/web" of "shop.web.1". */
static const char *path_of(const char *name)
{
	static char path[200];
	const char *dot = strchr(name, '.'), *end = strrchr(name, '.');

	snprintf(path, sizeof(path), "/%.*s/%.*s", (int)(dot - name), name, (int)(end - dot - 1), dot + 1);
	return path;
}

static int asked(const char *method, const char *name, const char *body)
{
	char path[300];

	snprintf(path, sizeof(path), "/apps%s", path_of(name));
	return marathon_cluster_ask(cluster, method, path, body) / 100 == 2 ? 0 : -1;
}

static int stranger(struct subject *subject, const char *name)
{
	(void)subject;
	return asked("PUT", name, "{\"cmd\":\"sleep 1000\",\"instances\":0}");
}

static bool stranger_left(struct subject *subject, const char *name)
{
	const json_t *definition = marathon_cluster_definition(cluster, path_of(name));

	(void)subject;
	return json_text(definition, "cmd") != NULL;
}

static int vanish(struct subject *subject, const char *name)
{
	(void)subject;
	return asked("DELETE", name, NULL);
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	for (size_t i = 0; i < 2; i++)
		universe_isolate(simulated_ground.universe, marathon_cluster_addresses[i], !reachable);
	return 0;
}

static struct {
	const char *method, *part; /* NULL: no answer is lost */
} lost;

static void decide(void *owner, struct seat *seat, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	(void)owner, (void)seat, (void)address;
	if (!lost.method || strcmp(request->method, lost.method) != 0 || !strstr(request->url, lost.part))
		return;
	lost.method = NULL;
	ret->answer_lost = ret->reset = true;
}

static int lose(struct subject *subject, enum lost which, const char *name)
{
	(void)subject, (void)name;
	lost.method = which == LOST_PLACE ? "POST" : which == LOST_REMOVE ? "DELETE" : "PUT";
	lost.part = "/v2/apps";
	return 0;
}

/* A change that changes nothing is told all the same, and all is told twice. */
static int repeat(struct subject *subject, const char *name)
{
	(void)subject;
	marathon_cluster_echoes(cluster, true);
	return asked("PUT", name, "{}");
}

static int hang(struct subject *subject, const char *name)
{
	(void)subject, (void)name;
	marathon_cluster_starve(cluster, true);
	return 0;
}

#define NO_FILES    "Marathon puts no files into tasks"
#define NO_COMMANDS "Marathon runs no commands in tasks"
#define OF_AN_AGENT "a named volume would be of one agent"

static const struct unfit unfits[] = {
    {"logs_are_there_after_the_end", "a simulated agent keeps no files"},
    {"volumes_outlive_the_release", OF_AN_AGENT},
    {"volumes_go_when_asked", OF_AN_AGENT},
    {"files_are_there_before_the_start", NO_FILES},
    {"files_are_delivered_without_a_restart", NO_FILES},
    {"secret_file_is_shown_nowhere", NO_FILES},
    {"withdrawn_instance_runs_on", "tasks share no name that one could lose"},
    {"signal_reaches_the_main_process", "Marathon sends no signals"},
    {"exec_gives_both_streams_and_the_code", NO_COMMANDS},
    {"exec_tells_the_signal_that_ended_it", NO_COMMANDS},
    {"exec_gives_much_output_whole", NO_COMMANDS},
    {"exec_gives_back_its_input", NO_COMMANDS},
    {"exec_without_input_reads_its_end", NO_COMMANDS},
    {"exec_on_a_terminal_has_its_size", NO_COMMANDS},
    {"exec_runs_where_it_is_told", NO_COMMANDS},
    {"exec_of_no_command_is_missing", NO_COMMANDS},
    {"exec_of_what_cannot_run_is_denied", NO_COMMANDS},
    {"exec_needs_a_running_instance", NO_COMMANDS},
    {0}};

static struct subject subject = {
    .driver = &marathon_driver,
    .unfits = unfits,
    .open = open_marathon,
    .pump = simulated_pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
    .repeat = repeat,
    .hang = hang,
};

static void set_up(void)
{
	simulated_set_up("host", "192.0.2.7");
	cluster = marathon_cluster_new(simulated_ground.universe);
	cr_assert(cluster);
	marathon_cluster_behave(cluster, behave, NULL);
	universe_fates(simulated_ground.universe, decide, NULL);
}

static void take_down(void)
{
	if (!simulated_ground.universe)
		return;
	marathon_cluster_starve(cluster, false);
	conformance_end(&subject);
	marathon_cluster_free(cluster);
	simulated_take_down();
	json_decref(options);
	options = NULL;
}

#define CASE(name)                                                                                           \
	Test(marathon_simulated, name, .fini = take_down, .timeout = 120)                                    \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
