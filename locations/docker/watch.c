/* watch.c - the engine's events about an application: subscribed first, listed then, and again after every
 * gap. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/docker/docker.h"

/* A stream that is silent for so long may have nobody at its other end any more, and no break tells it. */
enum { QUIET_MS = 30000 };
enum { FIRST_PAUSE_MS = 250, LONGEST_PAUSE_MS = 10000, MARGIN_S = 2, EVENT_LINE_MAX = 65536 };

struct subscription {
	struct subscription *next, **back;
	struct docker *docker;
	char *app;
	void (*changed)(void *owner, const char *name);
	void *owner;
	struct exchange *exchange;
	struct timer *timer;
	struct text line;
	int64_t pause_ms;
	bool *gone; /* while it is being told: where to say that it was removed */
};

static void ping(struct subscription *subscription);

static void subscription_free(struct subscription *subscription)
{
	struct world *world = subscription->docker->world;

	if (subscription->gone)
		*subscription->gone = true;
	if (subscription->exchange)
		world->ops->http_cancel(world, subscription->exchange);
	world->ops->timer_cancel(world, subscription->timer);
	*subscription->back = subscription->next;
	if (subscription->next)
		subscription->next->back = subscription->back;
	text_release(&subscription->line);
	free(subscription->app);
	free(subscription);
}

static void again(void *owner)
{
	struct subscription *subscription = owner;

	subscription->timer = NULL;
	ping(subscription);
}

static void later(struct subscription *subscription)
{
	struct world *world = subscription->docker->world;

	subscription->timer = world->ops->timer_start(world, subscription->pause_ms, again, subscription);
	subscription->pause_ms *= 2;
	if (subscription->pause_ms > LONGEST_PAUSE_MS)
		subscription->pause_ms = LONGEST_PAUSE_MS;
}

/* False when the one who was told has ended the watch. */
static bool tell(struct subscription *subscription, const char *name)
{
	bool gone = false;

	subscription->gone = &gone;
	subscription->changed(subscription->owner, name);
	if (!gone)
		subscription->gone = NULL;
	return !gone;
}

static bool read_line(struct subscription *subscription)
{
	owned_json event =
	    json_parse(text_view(&subscription->line), subscription->line.length, "an event", NULL);
	const json_t *attributes = json_at(event, "Actor.Attributes");
	const char *name = json_text(attributes, "name"), *old = json_text(attributes, "oldName");

	text_clear(&subscription->line);
	subscription->pause_ms = FIRST_PAUSE_MS;
	/* Nobody has a name any more that another one was exchanged for. */
	if (old && !tell(subscription, old + (*old == '/')))
		return false;
	return !name || tell(subscription, name);
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct subscription *subscription = owner;

	for (size_t i = 0; status < 300 && i < count; i++) {
		bool begins = !subscription->line.length;
		if (bytes[i] == '\n') {
			if (!begins && !read_line(subscription))
				return false;
		} else if (begins && bytes[i] != '{' && !isspace((unsigned char)bytes[i])) {
			return false; /* whoever says this is no engine, and may say no more: asked again */
		} else if (subscription->line.length < EVENT_LINE_MAX) {
			text_add_char(&subscription->line, bytes[i]);
		}
	}
	return true;
}

static void ended(void *owner, struct http_answer *answer)
{
	struct subscription *subscription = owner;

	subscription->exchange = NULL;
	text_clear(&subscription->line);
	if (answer->error.code == ERR_TIMED_OUT)
		subscription->pause_ms = FIRST_PAUSE_MS;
	later(subscription);
}

static char *events_path(struct subscription *subscription, struct arena *arena, int64_t since)
{
	const char *label = arena_format(arena, "berth.app=%s", subscription->app);
	/* Commands run in a container are events too, and a check that runs one must not cause the next. */
	owned_json filters =
	    label ? json_pack("{s:[s], s:[s], s:[s,s,s,s,s,s,s,s,s,s,s,s,s]}", "label", label, "type",
			      "container", "event", "create", "start", "restart", "die", "oom", "kill",
			      "stop", "destroy", "rename", "pause", "unpause", "update", "health_status")
		  : NULL;
	owned_memory char *line = filters ? json_line(filters) : NULL;
	const char *value = line ? escaped(arena, line) : NULL;

	return value ? arena_format(arena, "/events?since=%lld&filters=%s", (long long)since, value) : NULL;
}

/* The engine's own clock, since `since` is read by it. */
static int64_t clock_of(struct subscription *subscription, const char *headers)
{
	struct world *world = subscription->docker->world;
	char date[64] = "";
	int64_t told = header_value(headers, "Date", date, sizeof(date)) ? date_of(date) : 0;

	return (told ? told : world->ops->wall(world)) / 1000;
}

static void subscribe(struct subscription *subscription, int64_t since)
{
	const struct http_sink sink = {.done = ended, .chunk = chunk, .owner = subscription};
	struct arena arena = {0};
	const struct question question = {
	    .method = "GET",
	    .path = events_path(subscription, &arena, since),
	    .idle_ms = QUIET_MS,
	};

	if (question.path)
		subscription->exchange = docker_send(subscription->docker, &question, &sink, NULL);
	arena_release(&arena);
	if (!subscription->exchange) {
		later(subscription);
		return;
	}
	/* All since that time will be told, so what is listed from now on misses nothing. */
	tell(subscription, NULL);
}

static void pinged(void *owner, struct http_answer *answer)
{
	struct subscription *subscription = owner;
	const struct pong pong = {answer->status, text_view(&answer->headers), text_view(&answer->body)};

	subscription->exchange = NULL;
	if (answer->error.code != OK ||
	    (!subscription->docker->api[0] && version_read(subscription->docker, &pong, NULL) < 0)) {
		later(subscription);
		return;
	}
	subscribe(subscription, clock_of(subscription, pong.headers) - MARGIN_S);
}

static void ping(struct subscription *subscription)
{
	const struct question question = {.method = "GET", .path = "/_ping", .bare = true};
	const struct http_sink sink = {.done = pinged, .owner = subscription};

	subscription->exchange = docker_send(subscription->docker, &question, &sink, NULL);
	if (!subscription->exchange)
		later(subscription);
}

int docker_watch(struct location *location, const char *app, void (*changed)(void *owner, const char *name),
		 void *owner, struct error *err)
{
	struct docker *docker = location->state;
	struct subscription *subscription = calloc(1, sizeof(*subscription));

	docker_unwatch(location, app);
	if (!subscription || !(subscription->app = strdup(app))) {
		free(subscription);
		return fail_memory(err);
	}
	subscription->docker = docker;
	subscription->changed = changed;
	subscription->owner = owner;
	subscription->pause_ms = FIRST_PAUSE_MS;
	subscription->next = docker->subscriptions;
	subscription->back = &docker->subscriptions;
	if (subscription->next)
		subscription->next->back = &subscription->next;
	docker->subscriptions = subscription;
	ping(subscription);
	return 0;
}

void docker_unwatch(struct location *location, const char *app)
{
	struct docker *docker = location->state;

	for (struct subscription *at = docker->subscriptions; at; at = at->next)
		if (!strcmp(at->app, app)) {
			subscription_free(at);
			return;
		}
}

void subscriptions_close(struct docker *docker)
{
	while (docker->subscriptions)
		subscription_free(docker->subscriptions);
}
