/* engine_bench.c - the driver on a real engine: opened, awaited, and what the docker program says beside it.
 */
#include "tests/real/docker/engine_bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world *here;
struct location location;
struct errand errand;
struct error error;
struct arena arena;
const char *app, *engine_target;
bool woken;

static struct location_spec where = {.name = "here", .type = "docker"};

void wake(struct errand *woken_one)
{
	(void)woken_one;
	woken = true;
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

void until_woken(const char *what)
{
	int64_t limit = here->ops->now(here) + 60000;

	while (!woken && here->ops->now(here) < limit)
		world_wait(here, 100);
	cr_assert(woken, "%s: nobody woke its errand", what);
}

void wait_a_moment(void)
{
	world_wait(here, 50);
}

static void clear(void)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};

	MUST(list, &request, &inventory);
	for (size_t i = 0; i < inventory.instance_count; i++)
		MUST(remove, app, inventory.instances[i].name);
	inventory_release(&inventory);
	MUST(release, app, true);
}

/* After the skipping, which runs no fini. */
void set_up(const char *name)
{
	struct prepare_request prepare = {.instances = 4};

	engine_target = where.target = getenv("BERTH_TEST_DOCKER");
	if (!where.target)
		cr_skip_test("BERTH_TEST_DOCKER names no engine");
	here = world_real_open(&error);
	cr_assert(here, "%s", error.text);
	app = arena_format(&arena, "dk-%s-%d", name, (int)getpid());
	location = (struct location){.driver = &docker_driver,
				     .world = here,
				     .name = "here",
				     .spec = &where,
				     .state_directory = "/nonexistent",
				     .helper = "",
				     .environment = no_environment};
	cr_assert(docker_driver.open(&location, &error) == 0, "%s", error.text);
	prepare.app = app;
	MUST(prepare, &prepare);
}

void take_down(void)
{
	if (!here)
		return;
	/* A failed test may have left its errand. */
	if (errand.state)
		docker_driver.drop(&location, &errand);
	clear();
	docker_driver.close(&location);
	world_real_close(here);
	arena_release(&arena);
}

struct instance_spec *wish(const char *component, const char *image, const char *script)
{
	struct instance_spec *spec = arena_array(&arena, struct instance_spec, 1);
	const char **words = arena_array(&arena, const char *, 4);

	cr_assert(spec && words);
	words[0] = "/bin/sh", words[1] = "-c", words[2] = script;
	*spec = (struct instance_spec){
	    .app = app,
	    .component = component,
	    .ordinal = 1,
	    .name = instance_name(&arena, app, component, 1),
	    .shared_name = arena_format(&arena, "%s.%s", app, component),
	    .kind = COMPONENT_DOCKER,
	    .image = image,
	    .command = script ? words : NULL,
	    .stop_timeout_ms = -1,
	    .digest = "aa",
	    .secret_salt = "",
	};
	return spec;
}

struct instance_spec *successor(const struct instance_spec *spec)
{
	struct instance_spec *next = arena_array(&arena, struct instance_spec, 1);

	cr_assert(next);
	*next = *spec;
	next->generation = 2;
	next->name = generation_name(&arena, app, spec->component, spec->ordinal, 2);
	snprintf(next->digest, sizeof(next->digest), "bb");
	return next;
}

void run(const struct instance_spec *spec)
{
	const char *note = NULL;

	MUST(place, spec, &note);
	MUST(start, spec);
}

struct observed look(const struct instance_spec *spec)
{
	struct observed seen = {0};

	MUST(look, app, spec->name, &arena, &seen);
	return seen;
}

bool held_as_listed(const struct instance_spec *spec)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};
	bool held = false;

	MUST(list, &request, &inventory);
	for (size_t i = 0; i < inventory.instance_count; i++)
		if (!strcmp(inventory.instances[i].name, spec->name))
			held = inventory.instances[i].shared_name_held;
	inventory_release(&inventory);
	return held;
}

const struct health_check *command(const char *line)
{
	struct health_check *check = arena_array(&arena, struct health_check, 1);
	struct value *words = arena_array(&arena, struct value, 1);

	cr_assert(check && words);
	*words = (struct value){.kind = VALUE_TEXT, .text = line};
	*check = (struct health_check){.kind = CHECK_COMMAND,
				       .command = {.given = true, .shell = true, .words = words, .count = 1},
				       .timeout_ms = 10000};
	return check;
}

static int docker(const char *format, va_list arguments, struct text *ret_output)
{
	owned_text line = {0};
	char bytes[512];
	size_t count;

	text_format(&line, "docker -H %s ", engine_target);
	text_vformat(&line, format, arguments);
	text_add(&line, " 2>/dev/null");
	FILE *pipe = popen(text_view(&line), "r");
	cr_assert_not_null(pipe);
	while ((count = fread(bytes, 1, sizeof(bytes), pipe)) > 0)
		text_add_bytes(ret_output, bytes, count);
	return pclose(pipe);
}

const char *docker_says(const char *format, ...)
{
	owned_text output = {0};
	va_list arguments;

	va_start(arguments, format);
	int status = docker(format, arguments, &output);
	va_end(arguments);
	cr_assert(status == 0, "docker %s: %d", format, status);
	while (output.length && output.data[output.length - 1] == '\n')
		output.data[--output.length] = '\0';
	return arena_text(&arena, text_view(&output));
}

int docker_does(const char *format, ...)
{
	owned_text output = {0};
	va_list arguments;

	va_start(arguments, format);
	int status = docker(format, arguments, &output);
	va_end(arguments);
	return status;
}
