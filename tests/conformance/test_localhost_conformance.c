/* test_localhost_conformance.c - the conformance suite over the driver for processes of this machine, on the
 * real world. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/world_real.h"
#include "tests/conformance/grounds.h"
#include "tests/conformance/local_subject.h"

static struct world *world;
static char directory[256], files_directory[300], claims[300];

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	(void)subject;
	return real_pump(world, until, owner, limit_ms);
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

	(void)subject;
	if (command) {
		command[0] = "/bin/sh";
		command[1] = "-c";
		command[2] = manners[manner];
	}
	return local_fit(fitted, command, number);
}

static int vanish(struct subject *subject, const char *name)
{
	return local_vanish(subject, world, name);
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

static const struct unfit unfits[] = {LOCAL_UNFITS, {0}};

static struct subject subject = {
    .driver = &localhost_driver,
    .directory = files_directory,
    .file = local_file,
    .shown = shown,
    .unfits = unfits,
    .open = local_open,
    .pump = pump,
    .fit = fit,
    .stranger = local_stranger,
    .stranger_left = local_stranger_left,
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
	snprintf(claims, sizeof(claims), "%s/claims", directory);
	world = world_real_open(&err);
	cr_assert(world, "%s", err.text);
	local_ground = (struct local_ground){world, directory, BERTH_HELPER_PATH, claims};
}

static void take_down(void)
{
	if (!world)
		return;
	conformance_end(&subject);
	world->ops->tree_remove(world, directory, NULL);
	world_real_close(world);
	local_release();
}

#define CASE(name)                                                                                           \
	Test(localhost_conformance, name, .fini = take_down, .timeout = 240)                                 \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		set_up();                                                                                    \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
