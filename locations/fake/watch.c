/* watch.c - who is told when something happens at the scripted target; told through the world, never at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"

static void news_release(struct news *news)
{
	free(news->name);
	free(news->target_id);
}

static void tell(void *owner)
{
	struct watch *watch = owner;
	struct news *news = give(watch->news);
	size_t count = watch->count;
	bool relist = watch->relist, gone = false;

	watch->timer = NULL;
	watch->count = watch->capacity = 0;
	watch->relist = false;
	/* The one who is told may stop watching meanwhile, and is then told no more. */
	watch->gone = &gone;
	if (relist)
		watch->changed(watch->owner, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		if (!relist && !gone)
			watch->changed(watch->owner, news[i].name, news[i].target_id ? &news[i].end : NULL);
		news_release(&news[i]);
	}
	free(news);
	if (!gone)
		watch->gone = NULL;
}

static void watch_arm(struct watch *watch)
{
	if (!watch->timer)
		watch->timer = watch->world->ops->timer_start(watch->world, 0, tell, watch);
	/* Without memory for that: now, rather than never. Who is told only takes note. */
	if (!watch->timer)
		tell(watch);
}

static bool watch_note(struct watch *watch, const char *name, const struct told_end *end)
{
	if (watch->count == watch->capacity) {
		size_t capacity = watch->capacity ? 2 * watch->capacity : 8;
		struct news *wider = reallocarray(watch->news, capacity, sizeof(*wider));
		if (!wider)
			return false;
		watch->news = wider;
		watch->capacity = capacity;
	}
	struct news news = {.name = strdup(name)};
	if (end && (news.target_id = strdup(end->target_id))) { /* without memory for it, it is a change */
		news.end = *end;
		news.end.target_id = news.target_id;
	}
	if (!news.name) {
		news_release(&news);
		return false;
	}
	watch->news[watch->count++] = news;
	return true;
}

void target_tell_end(struct fake_target *target, const char *app, const char *name,
		     const struct told_end *end)
{
	struct fake_app *known = map_get(target->apps, app);

	/* What happens while nobody can be reached is found by the relisting afterwards. */
	if (!known || target->unreachable)
		return;
	for (struct watch *watch = known->watches; watch; watch = watch->next) {
		if (!name || !watch_note(watch, name, end))
			watch->relist = true;
		watch_arm(watch);
	}
}

void target_changed(struct fake_target *target, const char *app, const char *name)
{
	target_tell_end(target, app, name, NULL);
}

void target_ended(struct fake_target *target, const struct observed *seen)
{
	const struct told_end end = {.target_id = seen->target_id,
				     .at_ms = target->world->ops->wall(target->world),
				     .exit_code = seen->exit_code,
				     .signal = seen->signal};

	target_tell_end(target, seen->app, seen->name, &end);
}

static bool relist_app(const char *name, void *value, void *context)
{
	const struct fake_app *app = value;

	(void)name;
	(void)context;
	for (struct watch *watch = app->watches; watch; watch = watch->next) {
		watch->relist = true;
		watch_arm(watch);
	}
	return true;
}

void target_relist(struct fake_target *target)
{
	map_each(target->apps, relist_app, NULL);
}

int watch_add(struct fake_target *target, const struct location *location, const char *app,
	      change_sink *changed, void *owner)
{
	struct fake_app *known = target_app(target, app);
	struct watch *watch = known ? calloc(1, sizeof(*watch)) : NULL;

	if (!watch)
		return -1;
	*watch = (struct watch){.next = known->watches,
				.location = location,
				.world = location->world,
				.changed = changed,
				.owner = owner};
	known->watches = watch;
	return 0;
}

static void watch_free(struct watch *watch)
{
	if (watch->gone)
		*watch->gone = true;
	watch->world->ops->timer_cancel(watch->world, watch->timer);
	for (size_t i = 0; i < watch->count; i++)
		news_release(&watch->news[i]);
	free(watch->news);
	free(watch);
}

void watch_remove(struct fake_app *app, const struct location *location)
{
	for (struct watch **at = &app->watches; *at;) {
		struct watch *watch = *at;
		if (watch->location != location) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		watch_free(watch);
	}
}

void watches_free(struct fake_app *app)
{
	while (app->watches) {
		struct watch *watch = app->watches;
		app->watches = watch->next;
		watch_free(watch);
	}
}

static bool close_app(const char *name, void *value, void *context)
{
	(void)name;
	watch_remove(value, context);
	return true;
}

void watches_close(struct fake_target *target, const struct location *location)
{
	map_each(target->apps, close_app, (void *)location);
}
