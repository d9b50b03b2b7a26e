/* local_subject.c - the driver for processes as a conformance subject: opened, and what others of this user
 * do. */
#include "tests/conformance/local_subject.h"

#include <string.h>

#include "base/cleanup.h"
#include "tests/conformance/grounds.h"

struct local_ground local_ground;

static struct location_spec spec;
static json_t *options;

int local_open(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	json_object_set_new(options, "address", json_string("127.0.0.1"));
	json_object_set_new(options, "grace", json_string("1s"));
	if (local_ground.claims)
		json_object_set_new(options, "claims", json_string(local_ground.claims));
	spec = (struct location_spec){.name = "here", .type = "localhost", .target = "", .options = options};
	*ret = (struct location){.driver = &localhost_driver,
				 .world = local_ground.world,
				 .name = "here",
				 .spec = &spec,
				 .state_directory = local_ground.directory,
				 .helper = local_ground.helper,
				 .environment = empty_environment};
	return localhost_driver.open(ret, err);
}

void local_release(void)
{
	json_decref(options);
	options = NULL;
}

int local_fit(struct instance_spec *fitted, const char **command, uint16_t number)
{
	struct spec_port *port = (struct spec_port *)fitted->ports;

	if (!command)
		return -1;
	fitted->command = command;
	fitted->kind = COMPONENT_PROCESS;
	fitted->bind_address = "127.0.0.1";
	port->port = number;
	return 0;
}

static char *path_of(struct arena *arena, const struct subject *subject, const char *name, const char *file)
{
	return arena_format(arena, "%s/run/%s/%s/%s", local_ground.directory, subject->app,
			    name + strlen(subject->app) + 1, file);
}

int local_stranger(struct subject *subject, const char *name)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = local_ground.world;

	return world->ops->directories_make(world, path_of(&arena, subject, name, ""), 0755, NULL) ||
		       world->ops->file_write(world, path_of(&arena, subject, name, "notes"), 0644, "mine", 4,
					      NULL)
		   ? -1
		   : 0;
}

bool local_stranger_left(struct subject *subject, const char *name)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = local_ground.world;

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

int local_vanish(struct subject *subject, struct world *world, const char *name)
{
	struct location other;
	struct error err;
	bool woken = false;
	struct errand errand = {.wake = wake, .owner = &woken};
	enum progress progress;
	json_t *held = json_incref(options);

	if (local_open(subject, &other, NULL, &err))
		return -1;
	other.world = world;
	while ((progress = localhost_driver.remove(&other, &errand, subject->app, name, &err)) ==
		   PROGRESS_WAITING &&
	       subject->pump(subject, is_woken, &woken, 30000))
		woken = false;
	localhost_driver.close(&other);
	json_decref(held);
	return progress == PROGRESS_DONE ? 0 : -1;
}

int local_file(struct subject *subject, const char *name, const char *path, struct text *text,
	       unsigned *ret_mode)
{
	struct world *world = local_ground.world;
	struct file_facts facts;

	(void)subject, (void)name;
	if (world->ops->file_look(world, path, &facts, NULL))
		return -1;
	*ret_mode = facts.mode;
	return world->ops->file_read(world, path, 1 << 20, text, NULL);
}
