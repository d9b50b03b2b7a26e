/* location.c - the registry of drivers and the names that instances carry at their targets. */
#include "locations/location.h"

#include <string.h>

#include "locations/whole.h"

static const struct location_driver *const drivers[] = {
    &localhost_driver, &docker_driver,    &ssh_driver,  &marathon_driver,
    &mesos_driver,     &openstack_driver, &fake_driver, NULL};

const struct location_driver *const *location_drivers(void)
{
	return drivers;
}

const struct location_driver *location_driver_of(const char *type)
{
	for (size_t i = 0; drivers[i]; i++)
		if (!strcmp(drivers[i]->type, type))
			return drivers[i];
	return NULL;
}

enum progress nothing_to_admit(struct location *location, struct errand *errand,
			       const struct instance_spec *spec, struct error *err)
{
	(void)location, (void)errand, (void)spec, (void)err;
	return PROGRESS_DONE;
}

enum progress nothing_to_withdraw(struct location *location, struct errand *errand, const char *app,
				  const char *name, struct error *err)
{
	(void)location, (void)errand, (void)app, (void)name, (void)err;
	return PROGRESS_DONE;
}

bool any_port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol)
{
	(void)location, (void)address, (void)port, (void)protocol;
	return true;
}

const char *location_variable(const struct location *location, const char *name)
{
	const char *value = location->environment ? location->environment(name) : NULL;

	return value && *value ? value : NULL;
}

enum progress location_lacks_nothing(struct location *location, struct errand *errand,
				     const struct instance_spec *spec, json_t *lacks, struct error *err)
{
	(void)location, (void)errand, (void)spec, (void)lacks, (void)err;
	return PROGRESS_DONE;
}

void inventory_release(struct inventory *inventory)
{
	arena_release(&inventory->arena);
	whole_release(inventory->whole);
	*inventory = (struct inventory){0};
}

char *instance_name(struct arena *arena, const char *app, const char *component, unsigned ordinal)
{
	return arena_format(arena, "%s.%s.%u", app, component, ordinal);
}

char *generation_name(struct arena *arena, const char *app, const char *component, unsigned ordinal,
		      unsigned generation)
{
	if (!generation)
		return instance_name(arena, app, component, ordinal);
	return arena_format(arena, "%s.%s.%u.g%u", app, component, ordinal, generation);
}

/* Only the spelling that instance_name gives counts, or two names would stand for one instance. */
static bool number_of(const char *text, size_t size, unsigned *ret_number)
{
	char digits[16];
	int64_t number;

	if (!size || size >= sizeof digits || *text < '1' || *text > '9')
		return false;
	memcpy(digits, text, size);
	digits[size] = '\0';
	if (!parse_number(digits, 1, UINT32_MAX, &number))
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* "1" or "1.g2"; a first generation has the settled name. */
static bool numbers_of(const char *text, unsigned *ret_ordinal, unsigned *ret_generation)
{
	size_t size = strcspn(text, ".");

	*ret_generation = 0;
	if (!number_of(text, size, ret_ordinal))
		return false;
	return !text[size] ||
	       (text[size + 1] == 'g' &&
		number_of(text + size + 2, strlen(text + size + 2), ret_generation) && *ret_generation > 1);
}

char *double_name(struct arena *arena, const char *name, const char *target_id)
{
	return arena_format(arena, "%s~%s", name, target_id);
}

const char *double_id(const char *name, size_t *ret_length)
{
	const char *tilde = strchr(name, '~');

	*ret_length = tilde ? (size_t)(tilde - name) : strlen(name);
	return tilde ? tilde + 1 : NULL;
}

static bool is_known(const struct location *location, const struct observed *seen)
{
	return location->stands_for &&
	       location->stands_for(location->stands_owner, seen->app, seen->name, seen->target_id);
}

bool counts_before(const struct location *location, const struct observed *a, const struct observed *b)
{
	if (a->leaving != b->leaving)
		return b->leaving;
	bool a_known = is_known(location, a), b_known = is_known(location, b);
	if (a_known != b_known)
		return a_known;
	if ((a->state == SEEN_BROKEN) != (b->state == SEEN_BROKEN))
		return b->state == SEEN_BROKEN;
	if (a->created_ms != b->created_ms)
		return a->created_ms < b->created_ms;
	return strcmp(a->target_id, b->target_id) < 0;
}

bool instance_name_split(struct arena *arena, const char *name, const char **ret_app,
			 const char **ret_component, unsigned *ret_ordinal, unsigned *ret_generation)
{
	const char *first = strchr(name, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	unsigned ordinal, generation;

	if (!second || first == name || second == first + 1 || !numbers_of(second + 1, &ordinal, &generation))
		return false;
	const char *app = arena_copy(arena, name, (size_t)(first - name));
	const char *component = arena_copy(arena, first + 1, (size_t)(second - first - 1));
	if (!app || !component)
		return false;
	*ret_app = app;
	*ret_component = component;
	*ret_ordinal = ordinal;
	*ret_generation = generation;
	return true;
}
