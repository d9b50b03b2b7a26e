/* leases.c - the lease of a deploy at the scripted target: taken, renewed, expired, given back. */
#include <stdlib.h>
#include <string.h>

#include "locations/fake/call.h"

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

int act_tidy(struct call *call, struct error *err)
{
	struct fake_app *app = map_get(call->fake->target->apps, call->app);

	(void)err;
	if (app && app->lease_token && !strcmp(app->lease_token, call->word))
		lease_clear(app);
	return 0;
}
