/* watch.c - what happened there: one stream of Marathon's events for all who watch an application at it.
 *
 * Events come in any order, some twice, some never: each only says that something is to be looked at again.
 * When the stream ends, as it does with each change of the leader, those who watch list anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "locations/marathon/marathon.h"

/* A sign of life comes every ten seconds. */
enum { QUIET_MS = 30000, FIRST_PAUSE_MS = 250, LONGEST_PAUSE_MS = 5000, REDIRECTS = 3 };

struct subscription {
	struct subscription *next, **back;
	struct watcher *watcher;
	char *app, *group; /* "shop", "/shop/" */
	change_sink *changed;
	void *owner;
	bool new; /* was not told to list yet */
};

struct watcher {
	struct marathon *marathon;
	struct subscription *first, *telling; /* the next one to be told, while all are */
	struct exchange *exchange;
	struct timer *timer, *greeting;
	struct marathon_stream stream;
	char base[300]; /* where another sent us; "": Marathon's own address */
	unsigned redirects;
	int64_t pause_ms;
	bool flows;
	bool *gone; /* while somebody is told: where to say that all of this went */
};

static void subscribe(struct watcher *watcher);

static void watcher_free(struct watcher *watcher)
{
	struct world *world = watcher->marathon->world;

	if (watcher->gone)
		*watcher->gone = true;
	if (watcher->exchange)
		world->ops->http_cancel(world, watcher->exchange);
	world->ops->timer_cancel(world, watcher->timer);
	world->ops->timer_cancel(world, watcher->greeting);
	marathon_stream_release(&watcher->stream);
	watcher->marathon->watcher = NULL;
	free(watcher);
}

/* The stream goes with the last of them. */
static void subscription_free(struct subscription *subscription)
{
	struct watcher *watcher = subscription->watcher;

	if (watcher->telling == subscription)
		watcher->telling = subscription->next;
	*subscription->back = subscription->next;
	if (subscription->next)
		subscription->next->back = subscription->back;
	free(subscription->app);
	free(subscription->group);
	free(subscription);
	if (!watcher->first)
		watcher_free(watcher);
}

/* --- telling ------------------------------------------------------------------------------------------- */

/* Whoever is told may end its watch, and with the last one all of this goes: false then. */
static bool tell(struct watcher *watcher, const struct subscription *subscription, const char *name)
{
	bool gone = false;

	watcher->gone = &gone;
	subscription->changed(subscription->owner, name, NULL);
	if (!gone)
		watcher->gone = NULL;
	return !gone;
}

static bool is_of(const struct subscription *subscription, const char *id)
{
	return id && starts_with(id, subscription->group);
}

static bool concerns(const struct subscription *subscription, const struct marathon_event *event)
{
	bool any = is_of(subscription, event->app);

	for (size_t i = 0; i < event->app_count; i++)
		any |= is_of(subscription, event->apps[i]);
	return any;
}

/* Those it concerns are to list: which instance it was, an app's path need not tell. NULL: all are. */
static bool tell_all(struct watcher *watcher, const struct marathon_event *event, bool only_new)
{
	struct subscription *subscription = watcher->first;

	while (subscription) {
		watcher->telling = subscription->next;
		bool told = event ? concerns(subscription, event) : !only_new || subscription->new;
		if (!event)
			subscription->new = false;
		if (told && !tell(watcher, subscription, NULL))
			return false;
		subscription = watcher->telling;
	}
	return true;
}

/* --- the stream ---------------------------------------------------------------------------------------- */

static bool take_event(void *owner, const char *name, const char *data, size_t size)
{
	struct watcher *watcher = owner;
	struct marathon_event event;
	owned_arena arena = {0};
	owned_json json = json_parse(data, size, "an event", NULL);

	watcher->pause_ms = FIRST_PAUSE_MS;
	if (!json || marathon_event_read(name, json, &arena, &event, NULL) < 0)
		return tell_all(watcher, NULL, false);
	return tell_all(watcher, &event, false);
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct watcher *watcher = owner;

	if (status != 200)
		return true;
	/* From the head on all is told that happens: what is listed now misses nothing. */
	if (!watcher->flows) {
		watcher->flows = true;
		if (!tell_all(watcher, NULL, false))
			return false;
	}
	return marathon_stream_feed(&watcher->stream, bytes, count);
}

static void again(void *owner)
{
	struct watcher *watcher = owner;

	watcher->timer = NULL;
	subscribe(watcher);
}

static void later(struct watcher *watcher)
{
	struct marathon *marathon = watcher->marathon;

	if (marathon->bases && !*watcher->base)
		marathon->base = (marathon->base + 1) % marathon->base_count;
	watcher->base[0] = '\0';
	watcher->timer =
	    marathon->world->ops->timer_start(marathon->world, watcher->pause_ms, again, watcher);
	watcher->pause_ms *= 2;
	if (watcher->pause_ms > LONGEST_PAUSE_MS)
		watcher->pause_ms = LONGEST_PAUSE_MS;
}

/* A standby names the leader, whom it asks for the same. What else is named is a page to log in at, say,
 * whose owner is not to learn with what Marathon is asked. */
static bool is_sent_on(struct watcher *watcher, const struct http_answer *answer)
{
	owned_arena arena = {0};
	const char *from = *watcher->base ? watcher->base : watcher->marathon->bases[watcher->marathon->base];
	const char *to =
	    answer->status / 100 == 3 ? marathon_redirect(&arena, text_view(&answer->headers), from) : NULL;

	const char *path = to ? strstr(to, "/v2/events") : NULL;

	if (!path || strcspn(to, "?#") < (size_t)(path - to) || ++watcher->redirects > REDIRECTS)
		return false;
	snprintf(watcher->base, sizeof(watcher->base), "%.*s", (int)(path - to), to);
	return true;
}

static void ended(void *owner, struct http_answer *answer)
{
	struct watcher *watcher = owner;
	bool flowed = watcher->flows;

	watcher->exchange = NULL;
	watcher->flows = false;
	marathon_stream_release(&watcher->stream);
	watcher->stream = (struct marathon_stream){0};
	if (is_sent_on(watcher, answer)) {
		subscribe(watcher);
		return;
	}
	later(watcher);
	if (flowed)
		tell_all(watcher, NULL, false);
}

static void subscribe(struct watcher *watcher)
{
	const struct http_sink sink = {.done = ended, .chunk = chunk, .owner = watcher};
	const struct marathon_question question = {.method = "GET",
						   .path = "/v2/events",
						   .base = *watcher->base ? watcher->base : NULL,
						   .known = true};

	watcher->stream = (struct marathon_stream){.event = take_event, .owner = watcher};
	if (!*watcher->base)
		watcher->redirects = 0;
	if (watcher->marathon->bases)
		watcher->exchange = marathon_send(watcher->marathon, &question, "Accept: text/event-stream",
						  QUIET_MS, &sink, NULL);
	if (!watcher->exchange)
		later(watcher);
}

/* --- who watches ---------------------------------------------------------------------------------------- */

static struct watcher *watcher_begin(struct marathon *marathon)
{
	struct watcher *watcher = marathon->watcher;

	if (watcher || !(watcher = calloc(1, sizeof(*watcher))))
		return watcher;
	watcher->marathon = marathon;
	watcher->pause_ms = FIRST_PAUSE_MS;
	marathon->watcher = watcher;
	subscribe(watcher);
	return watcher;
}

static void greet(void *owner)
{
	struct watcher *watcher = owner;

	watcher->greeting = NULL;
	tell_all(watcher, NULL, true);
}

/* It came to a stream that is there already: all from now on will be told. 0 or -1. */
static int welcome(struct subscription *subscription)
{
	struct watcher *watcher = subscription->watcher;
	struct world *world = watcher->marathon->world;

	subscription->new = watcher->flows;
	if (subscription->new && !watcher->greeting)
		watcher->greeting = world->ops->timer_start(world, 0, greet, watcher);
	return subscription->new && !watcher->greeting ? -1 : 0;
}

static struct subscription *subscription_of(const struct marathon *marathon, const char *app)
{
	struct subscription *each = marathon->watcher ? marathon->watcher->first : NULL;

	while (each && strcmp(each->app, app) != 0)
		each = each->next;
	return each;
}

int marathon_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		   struct error *err)
{
	struct marathon *marathon = location->state;
	struct subscription *subscription = calloc(1, sizeof(*subscription));
	owned_arena arena = {0};

	marathon_unwatch(location, app);
	struct watcher *watcher = subscription ? watcher_begin(marathon) : NULL;
	if (!watcher) {
		free(subscription);
		return fail_memory(err);
	}
	*subscription = (struct subscription){.next = watcher->first,
					      .back = &watcher->first,
					      .watcher = watcher,
					      .app = strdup(app),
					      .changed = changed,
					      .owner = owner};
	if (subscription->next)
		subscription->next->back = &subscription->next;
	watcher->first = subscription;
	const char *id = marathon_group_id(&arena, app);
	if (id && asprintf(&subscription->group, "%s/", id) < 0)
		subscription->group = NULL;
	if (subscription->app && subscription->group && welcome(subscription) == 0)
		return 0;
	subscription_free(subscription);
	return fail_memory(err);
}

void marathon_unwatch(struct location *location, const char *app)
{
	struct subscription *subscription = subscription_of(location->state, app);

	if (subscription)
		subscription_free(subscription);
}

void marathon_watcher_close(struct marathon *marathon)
{
	while (marathon->watcher)
		subscription_free(marathon->watcher->first);
}
