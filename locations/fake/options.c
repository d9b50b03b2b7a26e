/* options.c - what a blueprint may say about a fake location. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/call.h"

static const char *const known[] = {"target",         "profile",       "grain",       "hostNames",
				    "namesUnique",    "mappedPorts",   "generations", "limitsInPlace",
				    "restartInPlace", "callsInFlight", "delay",       "patience",
				    "address",        "room"};

static int wrong(const struct fake *fake, struct error *err, const char *key, const char *wanted)
{
	return fail(err, ERR_INVALID, "location `%s`: `%s` must be %s", fake->location->name, key, wanted);
}

static int read_flag(const struct fake *fake, const char *key, const json_t *value, bool *ret,
		     struct error *err)
{
	if (!json_is_boolean(value))
		return wrong(fake, err, key, "true or false");
	*ret = json_is_true(value);
	return 0;
}

/* Blueprints may write numbers as text. */
static int read_number(const struct fake *fake, const char *key, const json_t *value, int64_t low,
		       int64_t *ret, struct error *err)
{
	int64_t number = json_is_integer(value) ? json_integer_value(value) : low - 1;

	if (json_is_string(value) && !parse_number(json_string_value(value), low, INT32_MAX, &number))
		number = low - 1;
	if (number < low || number > INT32_MAX)
		return wrong(fake, err, key, "a whole number that is not too small");
	*ret = number;
	return 0;
}

static int read_words(const struct fake *fake, const char *key, const json_t *value, char **ret,
		      struct error *err)
{
	const char *words = json_string_value(value);

	if (!words || !*words)
		return wrong(fake, err, key, "a text");
	char *copy = strdup(words);
	if (!copy)
		return fail_memory(err);
	free(*ret);
	*ret = copy;
	return 0;
}

static int read_grain(struct fake *fake, const json_t *value, struct error *err)
{
	const char *word = json_string_value(value);

	if (word && !strcmp(word, "instance"))
		fake->made->capabilities.grain = GRAIN_INSTANCE;
	else if (word && !strcmp(word, "component"))
		fake->made->capabilities.grain = GRAIN_COMPONENT;
	else
		return wrong(fake, err, "grain", "`instance` or `component`");
	return 0;
}

static int unknown(const struct fake *fake, const char *key, struct error *err)
{
	const char *meant = closest(key, known, COUNT_OF(known));

	fail(err, ERR_INVALID, "location `%s`: a fake location has no option `%s`", fake->location->name,
	     key);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	else
		remedy(err, "known options: target, grain, hostNames, namesUnique, mappedPorts, generations, "
			    "limitsInPlace, restartInPlace, letsIn, ownAddresses, callsInFlight, delay (ms), "
			    "patience (ms), address, room (instances), profile");
	return -1;
}

/* The capability that an option switches, or NULL. */
static bool *flag_of(struct capabilities *can, const char *key)
{
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
	    {"hostNames", &can->host_names},
	    {"namesUnique", &can->names_unique},
	    {"mappedPorts", &can->mapped_ports},
	    {"generations", &can->generations},
	    {"limitsInPlace", &can->limits_in_place},
	    {"restartInPlace", &can->restart_in_place},
	    {"letsIn", &can->lets_in},
	    {"ownAddresses", &can->own_addresses},
	};

	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (!strcmp(flags[i].key, key))
			return flags[i].flag;
	return NULL;
}

static int read_option(struct fake *fake, const char *key, const json_t *value, struct error *err)
{
	int64_t number;

	if (!strcmp(key, "target"))
		return read_words(fake, key, value, &fake->target_name, err);
	if (!strcmp(key, "address"))
		return read_words(fake, key, value, &fake->address, err);
	if (!strcmp(key, "grain"))
		return read_grain(fake, value, err);
	bool *flag = flag_of(&fake->made->capabilities, key);
	if (flag)
		return read_flag(fake, key, value, flag, err);
	if (!strcmp(key, "delay"))
		return read_number(fake, key, value, 0, &fake->delay_ms, err);
	if (!strcmp(key, "patience"))
		return read_number(fake, key, value, 1, &fake->patience_ms, err);
	bool room = !strcmp(key, "room");
	if (!room && strcmp(key, "callsInFlight") != 0)
		return unknown(fake, key, err);
	if (read_number(fake, key, value, room ? 0 : 1, &number, err) < 0)
		return -1;
	if (room) {
		fake->room = (size_t)number;
		return 0;
	}
	fake->made->capabilities.calls_in_flight = (unsigned)number;
	return 0;
}

/* Of the manner of OpenStack's Nova: it takes any number of things of one name, accepts what it does later,
 * and may fail then. */
static void be_nova(struct fake *fake)
{
	struct capabilities *can = &fake->made->capabilities;

	can->names_unique = false;
	can->limits_in_place = can->restart_in_place = false;
	can->calls_in_flight = 4;
	if (!fake->own_target)
		return;
	fake_target_pace(fake->target, FAKE_BUILDING, 4000, 60000);
	fake_target_pace(fake->target, FAKE_LEAVING, 1000, 7000);
	fake_target_pace(fake->target, FAKE_LATENESS, 1000, 60000);
}

/* Of the manner of Marathon: it keeps the tasks of a component itself, and their ports move. */
static void be_marathon(struct fake *fake)
{
	struct capabilities *can = &fake->made->capabilities;

	can->grain = GRAIN_COMPONENT;
	can->host_names = can->generations = false;
	can->limits_in_place = can->restart_in_place = false;
	can->kinds = 1u << COMPONENT_DOCKER;
	if (fake->own_target)
		fake_target_pace(fake->target, FAKE_STAGING, 500, 5000);
}

static int read_profile(struct fake *fake, const json_t *value, struct error *err)
{
	const char *word = json_string_value(value);

	if (word && !strcmp(word, "nova"))
		be_nova(fake);
	else if (word && !strcmp(word, "marathon"))
		be_marathon(fake);
	else
		return wrong(fake, err, "profile", "`nova` or `marathon`");
	return 0;
}

static int find_target(struct fake *fake, struct error *err)
{
	fake->target = fake_target_named(fake->target_name);
	if (!fake->target) {
		fake->target = fake_target_new(fake->location->world);
		fake->own_target = true;
	}
	if (!fake->target)
		return fail_memory(err);
	fake->made->capabilities = fake->target->capabilities;
	return 0;
}

int fake_options(struct fake *fake, const struct location_spec *spec, struct error *err)
{
	const json_t *target = json_object_get(spec->options, "target"),
		     *profile = json_object_get(spec->options, "profile");
	const char *key;
	json_t *value;

	fake->target_name = strdup(spec->target && *spec->target ? spec->target : "fake");
	fake->address = strdup("192.0.2.10");
	fake->room = SIZE_MAX;
	if (!fake->target_name || !fake->address)
		return fail_memory(err);
	if (target && read_option(fake, "target", target, err) < 0)
		return -1;
	/* What the target can do comes first; the location's own words may say otherwise. */
	if (find_target(fake, err) < 0)
		return -1;
	if (profile && read_profile(fake, profile, err) < 0)
		return -1;
	json_object_foreach ((json_t *)spec->options, key, value)
		if (strcmp(key, "profile") != 0 && read_option(fake, key, value, err) < 0)
			return -1;
	return 0;
}
