/* leases.c - the lease of a deploy at the scripted target: taken, renewed, expired, given back. */
#include <stdlib.h>
#include <string.h>

#include "locations/fake/call.h"

struct sweep {
	const struct fake *fake;
	struct fake_instance *found;
};

static void lease_clear(struct fake_app *app)
{
	free(app->lease_token);
	free(app->lease_words);
	app->lease_token = app->lease_words = NULL;
}

int act_lease(struct call *call, struct error *err)
{
	struct world *world = call->fake->target->world;
	struct fake_app *app = target_app(call->fake->target, call->app);
	const struct lease *lease = call->question.lease;
	int64_t now = world->ops->now(world);

	if (!app)
		return fail_memory(err);
	if (app->lease_token && strcmp(app->lease_token, lease->token) != 0 && app->lease_until_ms > now)
		return 0;
	char *token = strdup(lease->token), *words = strdup(lease->words);
	if (!token || !words) {
		free(token);
		free(words);
		return fail_memory(err);
	}
	lease_clear(app);
	app->lease_token = token;
	app->lease_words = words;
	app->lease_until_ms = now + lease->ttl_ms;
	return 0;
}

/* The next of the application's late doubles that is not leaving yet. */
static bool find_double(const char *target_id, void *value, void *context)
{
	struct fake_instance *instance = value;
	struct sweep *sweep = context;
	const struct fake *fake = sweep->fake;

	(void)target_id;
	if (!instance->seen.leaving &&
	    name_holder(fake->target, fake->location, instance->seen.app, instance->seen.name) != instance)
		sweep->found = instance;
	return !sweep->found;
}

static void remove_doubles(const struct fake *fake, struct fake_app *app)
{
	struct sweep sweep = {.fake = fake};

	do {
		sweep.found = NULL;
		map_each(app->instances, find_double, &sweep);
		if (sweep.found)
			instance_leave(sweep.found, false);
	} while (sweep.found);
}

int act_tidy(struct call *call, struct error *err)
{
	struct fake_app *app = map_get(call->fake->target->apps, call->app);

	(void)err;
	if (app && app->lease_token && !strcmp(app->lease_token, call->word))
		lease_clear(app);
	if (app && !call->fake->driver->capabilities.names_unique)
		remove_doubles(call->fake, app);
	return 0;
}
