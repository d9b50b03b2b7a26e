/* fake_subject.c - a scripted target in virtual time as the conformance suite's subject. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/conformance/fake_subject.h"
#include "tests/conformance/grounds.h"
#include "tests/conformance/rig.h"
#include "tests/support/virtual_world.h"

struct world *fake_world;
struct fake_target *fake_bed;

static struct location_spec spec;
static json_t *options;

static int open_fake(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	const char *profile = subject->owner;

	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	if (profile) {
		json_object_set_new(options, "profile", json_string(profile));
		json_object_set_new(options, "patience", json_integer(20000));
	}
	spec = (struct location_spec){.name = "here", .type = "fake", .target = "bed", .options = options};
	*ret = (struct location){
	    .driver = &fake_driver,
	    .world = fake_world,
	    .name = "here",
	    .spec = &spec,
	    .state_directory = virtual_world_directory(fake_world),
	    .helper = "",
	    .environment = empty_environment,
	};
	return fake_driver.open(ret, err);
}

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	(void)subject;
	return virtual_world_run(fake_world, until, owner, limit_ms);
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	static const struct fake_behaviour manners[] = {
	    [STAYS] = {0},
	    [SPEAKS_AND_ENDS] = {.exits = UINT32_MAX, .exit_code = 3, .log = "spoken\n"},
	    [ENDS_WELL] = {.exits = UINT32_MAX},
	    [LISTENS] = {.log = "listening\n", .heard = "heard\n"},
	};
	struct fake_behaviour behaviour = manners[manner];

	(void)subject, (void)number;
	behaviour.component = arena_format(arena, "%s.%s", fitted->app, fitted->component);
	fitted->kind = COMPONENT_DOCKER;
	fitted->image = "busybox";
	return manner == STAYS ? 0 : fake_target_behave(fake_bed, &behaviour);
}

static int file(struct subject *subject, const char *name, const char *path, struct text *text,
		unsigned *ret_mode)
{
	size_t count;
	const struct spec_file *files = fake_target_files(fake_bed, name, &count);

	(void)subject;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		text_add_bytes(text, files[i].content, files[i].size);
		*ret_mode = files[i].mode;
		return 0;
	}
	return -1;
}

static int stranger(struct subject *subject, const char *name)
{
	(void)subject;
	return fake_target_stranger(fake_bed, name);
}

static bool stranger_left(struct subject *subject, const char *name)
{
	(void)subject;
	/* Had one of ours taken the name, the target would have it as an instance. */
	return !fake_target_find(fake_bed, name);
}

static int vanish(struct subject *subject, const char *name)
{
	(void)subject;
	return fake_target_vanish(fake_bed, name);
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	fake_target_unreachable(fake_bed, !reachable);
	return 0;
}

static int lose(struct subject *subject, enum lost what, const char *name)
{
	static const enum fake_call calls[] = {[LOST_PLACE] = FAKE_PLACE,
					       [LOST_START] = FAKE_START,
					       [LOST_REMOVE] = FAKE_REMOVE,
					       [LOST_RENAME] = FAKE_RENAME,
					       [LOST_UPDATE] = FAKE_UPDATE};
	struct fake_rule rule = {.call = calls[what], .instance = name, .times = 1, .effect = true};

	(void)subject;
	fail(&rule.error, ERR_TIMED_OUT, "no answer");
	return fake_target_rule(fake_bed, &rule);
}

static int repeat(struct subject *subject, const char *name)
{
	fake_target_event(fake_bed, subject->app, name);
	return 0;
}

static int late(struct subject *subject, const char *name)
{
	struct fake_rule rule = {
	    .call = FAKE_PLACE, .instance = name, .times = 1, .effect = true, .late_ms = 30000};

	(void)subject;
	fail(&rule.error, ERR_TIMED_OUT, "no answer");
	return fake_target_rule(fake_bed, &rule);
}

static int arrive(struct subject *subject)
{
	(void)subject;
	virtual_world_run(fake_world, NULL, NULL, 60000);
	return fake_target_late(fake_bed) ? -1 : 0;
}

static int spoil(struct subject *subject, const char *name)
{
	struct fake_rule rule = {
	    .call = FAKE_PLACE, .instance = name, .times = 1, .fault = "No valid host was found."};

	(void)subject;
	return fake_target_rule(fake_bed, &rule);
}

static int hang(struct subject *subject, const char *name)
{
	struct fake_rule rule = {.call = FAKE_UPDATE, .instance = name, .times = 1, .for_ever = true};

	(void)subject;
	return fake_target_rule(fake_bed, &rule);
}

static const struct unfit unfits[] = {
    {"exec_on_a_terminal_has_its_size", "what a script writes looks at no terminal"},
    {"exec_runs_where_it_is_told", "what a script writes has no directory"},
    {0},
};

struct subject fake_subject = {
    .unfits = unfits,
    .directory = "/etc/berth",
    .file = file,
    .driver = &fake_driver,
    .open = open_fake,
    .pump = pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
    .repeat = repeat,
    .late = late,
    .arrive = arrive,
    .spoil = spoil,
    .hang = hang,
    .tear_down = fake_tear_down,
};

/* What the cases run, as a shell in a container would do it. */
static void script_commands(void)
{
	static char much[300001];
	struct fake_command commands[] = {
	    {.words = "/bin/sh -c " RUN_SPEAKS, .output = "out\n", .errors = "err\n", .code = 7},
	    {.words = "/bin/sh -c " RUN_DIES, .code = 128 + 15},
	    {.words = "/bin/sh -c " RUN_MUCH, .output = much},
	    {.words = "cat", .echoes = true},
	    {.words = "/no/such/command"},
	    {.words = "/etc/passwd"},
	};

	memset(much, 'x', sizeof(much) - 1);
	fail(&commands[4].error, ERR_MISSING, "no such command");
	fail(&commands[5].error, ERR_DENIED, "permission denied");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		cr_assert(fake_target_command(fake_bed, &commands[i]) == 0);
}

void fake_set_up(void)
{
	fake_world = virtual_world_new(1);
	fake_bed = fake_world ? fake_target_new(fake_world) : NULL;
	cr_assert(fake_bed && fake_target_register("bed", fake_bed) == 0);
	script_commands();
}

/* The table as the profile makes it, which tells the suite what cannot be asked. */
void fake_set_up_profile(struct subject *subject, const char *profile)
{
	static struct location_driver driver;
	struct location location;
	struct error err = {0};

	fake_set_up();
	*subject = fake_subject;
	subject->owner = (void *)profile;
	cr_assert(open_fake(subject, &location, NULL, &err) == 0, "%s", err.text);
	driver = *location.driver;
	location.driver->close(&location);
	subject->driver = &driver;
}

void fake_take_down(void)
{
	conformance_end(&fake_subject);
	fake_tear_down();
}

void fake_tear_down(void)
{
	fake_target_register("bed", NULL);
	fake_target_free(fake_bed);
	virtual_world_free(fake_world);
	json_decref(options);
}
