/* test_openstack_simulated.c - the conformance suite over the OpenStack driver, on the model of a cloud and
 * of the machines that its servers are. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/grounds.h"
#include "tests/locations/cloud_bench.h"

#define FILES "/files"

static struct location_spec specs[8]; /* as long as the subject lives */
static json_t *options[8];
static size_t opened;
static bool spoils, strangers;

/* --- what runs there -------------------------------------------------------------------------------------
 */

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

static void make(void *owner, const json_t *server, struct openstack_manner *ret)
{
	(void)owner, (void)server;
	ret->programs = behave;
	ret->fault = spoils ? "Build of instance aborted: no space left on device" : NULL;
	spoils = false;
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

static int open_openstack(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	cr_assert(opened < COUNT_OF(specs));
	json_t *own = options[opened] = json_loads(more ? more : "{}", 0, NULL);
	struct location_spec *spec = &specs[opened++];
	json_object_set_new(own, "image", json_string("debian-tiny"));
	*spec =
	    (struct location_spec){.name = "here", .type = "openstack", .target = "envvars", .options = own};
	*ret = (struct location){.driver = &openstack_driver,
				 .world = simulated_ground.world,
				 .name = "here",
				 .spec = spec,
				 .state_directory = MACHINE_HOME "/state",
				 .helper = "",
				 .environment = cloud_environment};
	return openstack_driver.open(ret, err);
}

/* --- what happens without us -----------------------------------------------------------------------------
 */

static const char *server_of(const char *name)
{
	static char server[200];

	snprintf(server, sizeof(server), "berth.%s", name);
	return server;
}

/* A server like another one, without its marks. */
static int stranger(struct subject *subject, const char *name)
{
	owned_json flavors = NULL;
	owned_json images = openstack_cloud_list(cloud, "images");
	owned_json networks = openstack_cloud_list(cloud, "networks");
	char body[600];

	(void)subject;
	strangers = true;
	openstack_cloud_ask(cloud, CLOUD_NOVA, "GET", "/v2.1/flavors/detail", NULL, &flavors);
	snprintf(
	    body, sizeof(body),
	    "{\"server\":{\"name\":\"%s\",\"imageRef\":\"%s\",\"flavorRef\":\"%s\",\"networks\":[{\"uuid\":"
	    "\"%s\"}]}}",
	    server_of(name), json_text(json_array_get(images, 0), "id"),
	    json_text(json_array_get(json_object_get(flavors, "flavors"), 0), "id"),
	    json_text(json_array_get(networks, 0), "id"));
	return openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/servers", body, NULL) == 202 ? 0 : -1;
}

static bool stranger_left(struct subject *subject, const char *name)
{
	owned_json servers = openstack_cloud_list(cloud, "servers");

	(void)subject;
	for (size_t i = 0; i < json_array_size(servers); i++) {
		const json_t *server = json_array_get(servers, i);
		if (!strcmp(json_text(server, "name"), server_of(name)) &&
		    !json_object_size(json_object_get(server, "metadata")))
			return true;
	}
	return false;
}

static int vanish(struct subject *subject, const char *name)
{
	(void)subject;
	return openstack_cloud_lose(cloud, server_of(name)) ? 0 : -1;
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	for (unsigned i = 0; i < CLOUD_SERVICES; i++)
		universe_isolate(simulated_ground.universe, openstack_cloud_addresses[i], !reachable);
	return 0;
}

static int lose(struct subject *subject, enum lost which, const char *name)
{
	static const struct {
		const char *method, *part;
	} calls[] = {[LOST_PLACE] = {"POST", "/v2.1/servers"},
		     [LOST_START] = {"SSH", "/start "},
		     [LOST_REMOVE] = {"DELETE", "/v2.1/servers/"},
		     [LOST_RENAME] = {"PUT", "/v2.1/servers/"},
		     [LOST_UPDATE] = {"SSH", "/remark "}};

	(void)subject, (void)name;
	cloud_lose(calls[which].method, calls[which].part, true);
	return 0;
}

/* It is held up on its way. */
static int late(struct subject *subject, const char *name)
{
	(void)subject, (void)name;
	cloud_hold("POST", "/v2.1/servers");
	return 0;
}

static int arrive(struct subject *subject)
{
	(void)subject;
	return cloud_held_arrives() == 202 ? 0 : -1;
}

static int spoil(struct subject *subject, const char *name)
{
	(void)subject, (void)name;
	spoils = true;
	return 0;
}

/* --- what is there ---------------------------------------------------------------------------------------
 */

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	const struct ssh_machine *machine = openstack_cloud_machine(cloud, server_of(name));
	size_t size = 0;
	const char *content = machine ? ssh_machine_file(machine, name, path, &size, ret_mode) : NULL;

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
	const struct ssh_machine *machine = openstack_cloud_machine(cloud, server_of(name));
	owned_json servers = openstack_cloud_list(cloud, "servers");

	(void)subject;
	json_add_line(text, servers);
	if (machine)
		ssh_machine_each(machine, show, text);
	return 0;
}

#define NO_SHELL "a simulated machine has no shell to run other commands"

static const struct unfit unfits[] = {
    {"gap_in_the_watch_is_relisted", "a stream that breaks is another subject's"},
    {"event_told_twice_changes_nothing", "it is told by nobody but the machine"},
    {"foreseen_is_observed", "nobody knows a server's address before it is there"},
    {"pinned_address_goes_to_the_successor", "an address goes with its server"},
    {"published_port_is_taken", "a server has its address for itself"},
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
    .driver = &openstack_driver,
    .directory = FILES,
    .file = file,
    .shown = shown,
    .unfits = unfits,
    .open = open_openstack,
    .pump = simulated_pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
    .late = late,
    .arrive = arrive,
    .spoil = spoil,
};

static void set_up(void)
{
	cloud_bench_begin();
	openstack_cloud_behave(cloud, make, NULL);
	spoils = strangers = false;
}

/* Whatever it was about: nothing of it is left in the project. */
static void take_down(void)
{
	if (!simulated_ground.universe)
		return;
	conformance_end(&subject);
	cloud_pass(60000);
	bool clean = strangers || !*cloud_left();
	if (!clean)
		fprintf(stderr, "left: %s", cloud_left());
	cloud_bench_end();
	while (opened)
		json_decref(options[--opened]);
	cr_assert(clean);
}

#define CASE(name)                                                                                           \
	Test(openstack_simulated, name, .fini = take_down, .timeout = 120)                                   \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
