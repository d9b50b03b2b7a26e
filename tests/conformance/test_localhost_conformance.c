/* test_localhost_conformance.c - the conformance suite over the driver for processes of this machine, on the
 * real world. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/world_real.h"
#include "tests/conformance/conformance.h"

static struct world *world;
static char directory[256], files_directory[300];
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
	char claims[300];
	snprintf(claims, sizeof(claims), "%s/claims", directory);
	json_object_set_new(options, "claims", json_string(claims));
	spec = (struct location_spec){.name = "here", .type = "localhost", .target = "", .options = options};
	*ret = (struct location){.driver = &localhost_driver,
				 .world = world,
				 .name = "here",
				 .spec = &spec,
				 .state_directory = directory,
				 .helper = BERTH_HELPER_PATH,
				 .environment = no_environment};
	return localhost_driver.open(ret, err);
}

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	int64_t end = world->ops->now(world) + limit_ms;

	(void)subject;
	while (!until(owner)) {
		int64_t left = end - world->ops->now(world);
		if (left <= 0)
			return false;
		world_wait(world, left < 50 ? (int)left : 50);
	}
	return true;
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	static const char *const manners[] = {
	    [STAYS] = "exec sleep 1000",
	    [SPEAKS_AND_ENDS] = "echo spoken; exit 3",
	    [ENDS_WELL] = "exit 0",
	    [LISTENS] = "trap 'echo heard' HUP; echo listening; while :; do sleep 1000 & wait; done",
	};
	const char **command = arena_array(arena, const char *, 4);
	struct spec_port *port = (struct spec_port *)fitted->ports;

	(void)subject;
	if (!command)
		return -1;
	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = manners[manner];
	fitted->command = command;
	fitted->kind = COMPONENT_PROCESS;
	fitted->bind_address = "127.0.0.1";
	port->port = number;
	return 0;
}

static char *path_of(struct arena *arena, const struct subject *subject, const char *name, const char *file)
{
	return arena_format(arena, "%s/run/%s/%s/%s", directory, subject->app,
			    name + strlen(subject->app) + 1, file);
}

static int stranger(struct subject *subject, const char *name)
{
	struct arena arena = {0};
	int result = world->ops->directories_make(world, path_of(&arena, subject, name, ""), 0755, NULL);

	if (!result)
		result = world->ops->file_write(world, path_of(&arena, subject, name, "notes"), 0644, "mine",
						4, NULL);
	arena_release(&arena);
	return result;
}

static bool stranger_left(struct subject *subject, const char *name)
{
	struct arena arena = {0};
	bool left = world->ops->file_exists(world, path_of(&arena, subject, name, "notes"));

	arena_release(&arena);
	return left;
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
	struct location other;
	struct error err;
	bool woken = false;
	struct errand errand = {.wake = wake, .owner = &woken};
	enum progress progress;
	json_t *held = json_incref(options);

	if (open_localhost(subject, &other, NULL, &err))
		return -1;
	while ((progress = localhost_driver.remove(&other, &errand, subject->app, name, &err)) ==
		   PROGRESS_WAITING &&
	       pump(subject, is_woken, &woken, 30000))
		woken = false;
	localhost_driver.close(&other);
	json_decref(held);
	return progress == PROGRESS_DONE ? 0 : -1;
}

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	char bytes[4096];
	struct stat found;
	FILE *stream = fopen(path, "r");
	size_t count;

	(void)subject, (void)name;
	if (!stream)
		return -1;
	while ((count = fread(bytes, 1, sizeof(bytes), stream)) > 0)
		text_add_bytes(text, bytes, count);
	int result = fstat(fileno(stream), &found);
	*ret_mode = found.st_mode;
	fclose(stream);
	return result;
}

/* What lies about in our directory, but for the files themselves, and what every process' words are. */
static int shown(struct subject *subject, const char *name, struct text *text)
{
	char line[1024], bytes[4096];
	size_t count;

	(void)subject, (void)name;
	snprintf(line, sizeof(line),
		 "find %s -path %s -prune -o -type f -exec cat {} +; cat /proc/[0-9]*/cmdline 2>/dev/null",
		 directory, files_directory);
	FILE *stream = popen(line, "r");
	if (!stream)
		return -1;
	while ((count = fread(bytes, 1, sizeof(bytes), stream)) > 0)
		text_add_bytes(text, bytes, count);
	return pclose(stream) < 0 ? -1 : 0;
}

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
    {0},
};

static struct subject subject = {
    .driver = &localhost_driver,
    .directory = files_directory,
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

/* After the skipping, which runs no fini. */
static void set_up(void)
{
	const char *parent = getenv("TMPDIR");
	struct error err = {0};

	snprintf(directory, sizeof(directory), "%s/berth-conformance-XXXXXX", parent ? parent : "/tmp");
	cr_assert(mkdtemp(directory));
	snprintf(files_directory, sizeof(files_directory), "%s/files", directory);
	world = world_real_open(&err);
	cr_assert(world, "%s", err.text);
}

static void take_down(void)
{
	if (!world)
		return;
	conformance_end(&subject);
	world->ops->tree_remove(world, directory, NULL);
	world_real_close(world);
	json_decref(options);
}

#define CASE(name)                                                                                           \
	Test(localhost_conformance, name, .fini = take_down, .timeout = 120)                                 \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
