/* test_docker_conformance.c - the conformance suite over the real engine that BERTH_TEST_DOCKER names
 * (unix:///...). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/world_real.h"
#include "tests/conformance/docker_subject.h"
#include "tests/conformance/grounds.h"
#include "tests/conformance/rig.h"
#include "tests/real/docker/lossy.h"

static struct world *here;

static const char *engine(void)
{
	return getenv("BERTH_TEST_DOCKER");
}

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	(void)subject;
	return real_pump(here, until, owner, limit_ms);
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	/* The first process of a container must ask for the signal that ends it. */
	static const char *const manners[] = {
	    [STAYS] = "trap 'exit 0' TERM; sleep 1000 & wait",
	    [SPEAKS_AND_ENDS] = "echo spoken; exit 3",
	    [ENDS_WELL] = "exit 0",
	    [LISTENS] =
		"trap exit TERM; trap 'echo heard' HUP; echo listening; while :; do sleep 1000& wait; done",
	};
	const char **command = arena_array(arena, const char *, 4);

	(void)subject, (void)number;
	if (!command)
		return -1;
	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = manners[manner];
	fitted->kind = COMPONENT_DOCKER;
	fitted->image = "busybox";
	fitted->command = command;
	return 0;
}

/* --- what others do at the engine --- */

static int docker(const char *words, const char *name)
{
	char line[512];

	snprintf(line, sizeof(line), "docker -H %s %s %s >/dev/null 2>&1", engine(), words, name);
	return system(line) == 0 ? 0 : -1;
}

static char stranger_name[128];

static int stranger(struct subject *subject, const char *name)
{
	char words[256];

	(void)subject;
	snprintf(stranger_name, sizeof(stranger_name), "%s", name);
	snprintf(words, sizeof(words), "run -d --network none --name %s busybox sleep", name);
	return docker(words, "1000");
}

static bool stranger_left(struct subject *subject, const char *name)
{
	(void)subject;
	return docker("top", name) == 0;
}

static int vanish(struct subject *subject, const char *name)
{
	(void)subject;
	return docker("rm -fv", name);
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	lossy_reach(reachable);
	return 0;
}

static int lose(struct subject *subject, enum lost what, const char *name)
{
	(void)subject, (void)name;
	lossy_lose(docker_lost[what].method, docker_lost[what].part);
	return 0;
}

static int output_of(struct text *text, const char *line)
{
	char bytes[4096];
	size_t count;
	FILE *stream = popen(line, "r");

	if (!stream)
		return -1;
	while ((count = fread(bytes, 1, sizeof(bytes), stream)) > 0)
		text_add_bytes(text, bytes, count);
	return pclose(stream) == 0 ? 0 : -1;
}

/* Through a copy, as one that does not run runs no commands either. */
static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	char folder[] = "/tmp/berth-conformance-XXXXXX", copy[64], words[256], line[512];
	struct stat found;

	(void)subject;
	if (!mkdtemp(folder))
		return -1;
	snprintf(words, sizeof(words), "cp %s:%s", name, path);
	snprintf(copy, sizeof(copy), "%s/file", folder);
	snprintf(line, sizeof(line), "cat %s", copy);
	int result = docker(words, copy);
	if (result == 0)
		result = stat(copy, &found) == 0 ? output_of(text, line) : -1;
	if (result == 0)
		*ret_mode = found.st_mode;
	unlink(copy);
	rmdir(folder);
	return result;
}

static int shown(struct subject *subject, const char *name, struct text *text)
{
	char line[512];

	(void)subject;
	snprintf(line, sizeof(line), "docker -H %s inspect %s && docker -H %s top %s", engine(), name,
		 engine(), name);
	return output_of(text, line);
}

static bool repeated(void *owner)
{
	(void)owner;
	return lossy_repeat();
}

/* The first time something must have been said: a pause that ends again changes nothing. */
static int repeat(struct subject *subject, const char *name)
{
	if (lossy_repeat())
		return 0;
	if (docker("pause", name) < 0 || docker("unpause", name) < 0)
		return -1;
	return pump(subject, repeated, NULL, 10000) ? 0 : -1;
}

static struct subject subject_docker = {
    .driver = &docker_driver,
    .directory = "/etc/berth",
    .file = file,
    .shown = shown,
    .unfits = docker_unfits,
    .open = docker_open,
    .pump = pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
    .repeat = repeat,
};

/* After the skipping, which runs no fini. */
static void set_up(void)
{
	struct error error;

	here = world_real_open(&error);
	cr_assert(here, "%s", error.text);
	lossy_install(here);
	docker_ground = (struct docker_ground){here, engine()};
}

static void take_down(void)
{
	if (!here)
		return;
	conformance_end(&subject_docker);
	if (*stranger_name)
		docker("rm -f", stranger_name);
	lossy_remove();
	world_real_close(here);
	docker_release();
}

#define CASE(name)                                                                                           \
	Test(docker_conformance, name, .fini = take_down)                                                    \
	{                                                                                                    \
		if (!engine())                                                                               \
			cr_skip_test("BERTH_TEST_DOCKER names no engine");                                   \
		conformance_begin(&subject_docker, #name);                                                   \
		set_up();                                                                                    \
		conformance_##name(&subject_docker);                                                         \
	}
CONFORMANCE_CASES(CASE)
