/* test_simulated_conformance.c - the conformance suite over the simulated Docker engine, in virtual time. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/docker/engine.h"
#include "tests/conformance/docker_subject.h"
#include "tests/conformance/grounds.h"
#include "tests/conformance/rig.h"

static struct docker_engine *engine;
static bool unreachable;
static struct docker_lost to_lose; /* method NULL: nothing */

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	static const struct docker_behaviour manners[] = {
	    [STAYS] = {.lives_ms = 0},
	    [SPEAKS_AND_ENDS] = {.exits = UINT32_MAX, .exit_code = 3, .log = "spoken\n"},
	    [ENDS_WELL] = {.exits = UINT32_MAX},
	    [LISTENS] = {.log = "listening\n", .heard = "heard\n"},
	};
	struct docker_behaviour behaviour = manners[manner];

	(void)subject, (void)number;
	behaviour.name = arena_format(arena, "%s.%s", fitted->app, fitted->component);
	docker_engine_behave(engine, &behaviour);
	fitted->kind = COMPONENT_DOCKER;
	fitted->image = "busybox";
	return 0;
}

/* --- what others do at the engine --- */

static bool is_answered(void *owner)
{
	const struct docker_asked *asked = owner;

	return asked->status != 0;
}

static int do_there(const char *method, const char *path, const char *body)
{
	struct docker_asked asked;

	docker_engine_ask(engine, method, path, body, &asked);
	simulated_pump(NULL, is_answered, &asked, 60000);
	text_release(&asked.body);
	return asked.status >= 200 && asked.status < 400 ? 0 : -1;
}

static int stranger(struct subject *subject, const char *name)
{
	char path[256];

	(void)subject;
	snprintf(path, sizeof(path), "/containers/create?name=%s", name);
	if (do_there("POST", path, "{\"Image\":\"busybox\",\"HostConfig\":{\"NetworkMode\":\"none\"}}") < 0)
		return -1;
	snprintf(path, sizeof(path), "/containers/%s/start", name);
	return do_there("POST", path, NULL);
}

struct looked_for {
	const char *name;
	bool runs;
};

static bool look_for(void *owner, const struct docker_container_view *view)
{
	struct looked_for *looked = owner;

	if (!strcmp(view->name, looked->name))
		looked->runs = !strcmp(view->state, "running") && !json_object_size(view->labels);
	return true;
}

static bool stranger_left(struct subject *subject, const char *name)
{
	struct looked_for looked = {.name = name};

	(void)subject;
	docker_engine_containers(engine, look_for, &looked);
	return looked.runs;
}

static int vanish(struct subject *subject, const char *name)
{
	char path[256];

	(void)subject;
	snprintf(path, sizeof(path), "/containers/%s?force=1&v=1", name);
	return do_there("DELETE", path, NULL);
}

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	size_t size;
	const char *content = docker_engine_file(engine, name, path, &size, ret_mode);

	(void)subject;
	if (!content)
		return -1;
	text_add_bytes(text, content, size);
	return 0;
}

static int shown(struct subject *subject, const char *name, struct text *text)
{
	struct docker_asked asked;
	char path[256];

	(void)subject;
	snprintf(path, sizeof(path), "/containers/%s/json", name);
	docker_engine_ask(engine, "GET", path, NULL, &asked);
	text_add(text, text_view(&asked.body));
	text_release(&asked.body);
	return 0;
}

static bool never(void *owner)
{
	(void)owner;
	return false;
}

/* What is on its way arrives before. */
static int reach(struct subject *subject, bool reachable)
{
	unreachable = !reachable;
	if (!unreachable)
		return 0;
	simulated_pump(subject, never, NULL, 5);
	docker_engine_cut(engine);
	return 0;
}

static int repeat(struct subject *subject, const char *name)
{
	char path[256];

	(void)subject;
	snprintf(path, sizeof(path), "/containers/%s/pause", name);
	if (do_there("POST", path, NULL) < 0)
		return -1;
	snprintf(path, sizeof(path), "/containers/%s/unpause", name);
	return do_there("POST", path, NULL);
}

/* --- the wire --- */

static void decide(void *owner, struct seat *from, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	(void)owner, (void)from, (void)address;
	ret->refused = unreachable;
	if (!to_lose.method || strcmp(request->method, to_lose.method) != 0 ||
	    !strstr(request->url, to_lose.part))
		return;
	to_lose.method = NULL;
	ret->answer_lost = ret->reset = true;
}

static int lose(struct subject *subject, enum lost what, const char *name)
{
	(void)subject, (void)name;
	to_lose = docker_lost[what];
	return 0;
}

static struct subject subject_simulated = {
    .driver = &docker_driver,
    .directory = "/etc/berth",
    .file = file,
    .shown = shown,
    .unfits = docker_unfits,
    .open = docker_open,
    .pump = simulated_pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
    .repeat = repeat,
};

/* What the cases run, as a shell in a container would do it. */
static void script_commands(void)
{
	static char much[300001];
	const struct docker_command commands[] = {
	    {.words = "/bin/sh -c " RUN_SPEAKS, .output = "out\n", .errors = "err\n", .code = 7},
	    {.words = "/bin/sh -c " RUN_DIES, .code = 128 + 15},
	    {.words = "/bin/sh -c " RUN_MUCH, .output = much},
	    {.words = "/bin/sh -c echo begun; " RUN_SIZED,
	     .output = "begun\n",
	     .rows = 33,
	     .columns = 77,
	     .sized = "sized\n"},
	    {.words = "/bin/sh -c pwd", .tells_directory = true},
	    {.words = "cat", .echoes = true},
	    {.words = "/no/such/command", .missing = true},
	    {.words = "/etc/passwd", .denied = true},
	};

	memset(much, 'x', sizeof(much) - 1);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		docker_engine_command(engine, &commands[i]);
}

static void set_up(void)
{
	simulated_set_up("here", "198.18.0.1");
	engine = docker_engine_new(simulated_ground.universe, "unix:/run/docker.sock");
	cr_assert(engine);
	docker_engine_machine(engine, simulated_ground.machine);
	docker_engine_image(engine, "busybox", NULL);
	universe_fates(simulated_ground.universe, decide, NULL);
	script_commands();
	docker_ground = (struct docker_ground){simulated_ground.world, "unix:///run/docker.sock"};
}

static void take_down(void)
{
	if (!simulated_ground.universe)
		return;
	conformance_end(&subject_simulated);
	cr_assert(docker_engine_count(engine, DOCKER_UNKNOWN) == 0, "it was asked what it does not know");
	docker_engine_free(engine);
	simulated_take_down();
	docker_release();
}

#define CASE(name)                                                                                           \
	Test(simulated_conformance, name, .fini = take_down)                                                 \
	{                                                                                                    \
		conformance_begin(&subject_simulated, #name);                                                \
		set_up();                                                                                    \
		conformance_##name(&subject_simulated);                                                      \
	}
CONFORMANCE_CASES(CASE)
