/* watch.c - what happened at the engine: one stream of its events for all who watch an application there.
 *
 * It is subscribed first, and those who watch list then, and again after every gap.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"

/* A stream that is silent for so long may have nobody at its other end any more, and no break tells it. */
enum { QUIET_MS = 30000 };
enum { FIRST_PAUSE_MS = 250, LONGEST_PAUSE_MS = 10000, MARGIN_S = 2, EVENT_LINE_MAX = 65536 };
enum { NS_OF_MS = 1000000, SECOND_MS = 1000 };

/* Who is told of one application. */
struct subscription {
	struct subscription *next, **back;
	struct events *events;
	char *app;
	change_sink *changed;
	void *owner;
	bool new; /* it came to a stream that was there, and was not told to list yet */
};

struct events {
	struct docker *docker;
	struct subscription *first, *telling; /* the next one to be told, while all are */
	struct map *by_app;
	struct exchange *exchange;
	struct timer *timer, *greeting;
	struct text line;
	struct map
	    *starved; /* the ids of those that ran out of memory, and were not told to have ended yet */
	int64_t pause_ms;
	int64_t clock_ms, asked_ms; /* the engine's clock when it was pinged, and ours (monotonic) then */
	bool subscribed;
	bool *gone; /* while somebody is told: where to say that all of this went */
};

static void ping(struct events *events);

static void events_free(struct events *events)
{
	struct world *world = events->docker->world;

	if (events->gone)
		*events->gone = true;
	if (events->exchange)
		world->ops->http_cancel(world, events->exchange);
	world->ops->timer_cancel(world, events->timer);
	world->ops->timer_cancel(world, events->greeting);
	text_release(&events->line);
	map_release(&events->starved);
	map_release(&events->by_app);
	events->docker->events = NULL;
	free(events);
}

/* The stream goes with the last of them. */
static void subscription_free(struct subscription *subscription)
{
	struct events *events = subscription->events;

	if (events->telling == subscription)
		events->telling = subscription->next;
	*subscription->back = subscription->next;
	if (subscription->next)
		subscription->next->back = subscription->back;
	if (subscription->app)
		map_drop(&events->by_app, subscription->app);
	free(subscription->app);
	free(subscription);
	if (!events->first)
		events_free(events);
}

static void again(void *owner)
{
	struct events *events = owner;

	events->timer = NULL;
	ping(events);
}

static void later(struct events *events)
{
	struct world *world = events->docker->world;

	events->timer = world->ops->timer_start(world, events->pause_ms, again, events);
	events->pause_ms *= 2;
	if (events->pause_ms > LONGEST_PAUSE_MS)
		events->pause_ms = LONGEST_PAUSE_MS;
}

/* Whoever is told may end its watch, and with the last one all of this goes: false then. */
static bool tell(struct events *events, struct subscription *subscription, const char *name,
		 const struct told_end *end)
{
	bool gone = false;

	events->gone = &gone;
	subscription->changed(subscription->owner, name, end);
	if (!gone)
		events->gone = NULL;
	return !gone;
}

/* All of them, or those who are new, are to list. */
static bool tell_to_list(struct events *events, bool all)
{
	struct subscription *subscription = events->first;

	while (subscription) {
		events->telling = subscription->next;
		bool told = all || subscription->new;
		subscription->new = false;
		if (told && !tell(events, subscription, NULL, NULL))
			return false;
		subscription = events->telling;
	}
	return true;
}

/* Whose it is, by its label, else by its name. */
static bool tell_owner(struct events *events, const json_t *attributes, const char *name,
		       const struct told_end *end)
{
	const char *label = json_text(attributes, "berth.app");
	struct arena arena = {0};
	const char *app = label ? label : arena_copy(&arena, name, strcspn(name, "."));
	struct subscription *subscription = app ? map_get(events->by_app, app) : NULL;

	arena_release(&arena);
	return !subscription || tell(events, subscription, name, end);
}

/* It is told in front of the end, or alone when it was not the container's first process. Without memory for
 * it the end is told without it. */
static void note_starved(struct events *events, const char *id)
{
	if (id && !map_get(events->starved, id))
		(void)map_put(&events->starved, id, events);
}

/* By a clock that was set back since it is told once more, as if it were news. Clocks drift apart. */
static bool is_ahead(const struct events *events, int64_t at_ms)
{
	struct world *world = events->docker->world;
	int64_t passed_ms = world->ops->now(world) - events->asked_ms;

	return at_ms > events->clock_ms + passed_ms + SECOND_MS + passed_ms / SECOND_MS;
}

/* NULL: it is no end, or not all of it is told. Podman tells it before a start would find it ended. */
static const struct told_end *end_of(struct events *events, const json_t *event, const char *id,
				     struct told_end *ret)
{
	const char *code = json_text(json_at(event, "Actor.Attributes"), "exitCode");
	int64_t at_ms = json_number(event, "timeNano", 0) / NS_OF_MS, number;

	if (strcmp(json_text(event, "Action") ?: "", "die") != 0 || !id)
		return NULL;
	bool starved = map_get(events->starved, id);
	if (starved)
		map_drop(&events->starved, id);
	if (!code || !parse_number(code, 0, INT32_MAX, &number) || at_ms <= 0 || is_ahead(events, at_ms) ||
	    *events->docker->libpod)
		return NULL;
	*ret = (struct told_end){
	    .target_id = id, .at_ms = at_ms, .exit_code = (int)number, .out_of_memory = starved};
	return ret;
}

static bool read_line(struct events *events)
{
	owned_json event = json_parse(text_view(&events->line), events->line.length, "an event", NULL);
	const json_t *attributes = json_at(event, "Actor.Attributes");
	const char *name = json_text(attributes, "name"), *old = json_text(attributes, "oldName");
	const char *id = json_text(json_object_get(event, "Actor"), "ID");
	struct told_end end;

	text_clear(&events->line);
	events->pause_ms = FIRST_PAUSE_MS;
	if (!strcmp(json_text(event, "Action") ?: "", "oom")) {
		note_starved(events, id);
		return true;
	}
	/* Nobody has a name any more that another one was exchanged for. */
	if (old && !tell_owner(events, attributes, old + (*old == '/'), NULL))
		return false;
	return !name || tell_owner(events, attributes, name, end_of(events, event, id, &end));
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct events *events = owner;

	for (size_t i = 0; status < 300 && i < count; i++) {
		bool begins = !events->line.length;
		if (bytes[i] == '\n') {
			if (!begins && !read_line(events))
				return false;
		} else if (begins && bytes[i] != '{' && !isspace((unsigned char)bytes[i])) {
			return false; /* whoever says this is no engine, and may say no more: asked again */
		} else if (events->line.length < EVENT_LINE_MAX) {
			text_add_char(&events->line, bytes[i]);
		}
	}
	return true;
}

static void ended(void *owner, struct http_answer *answer)
{
	struct events *events = owner;

	events->exchange = NULL;
	events->subscribed = false;
	text_clear(&events->line);
	map_release(&events->starved);
	if (answer->error.code == ERR_TIMED_OUT)
		events->pause_ms = FIRST_PAUSE_MS;
	later(events);
}

static char *events_path(const struct docker *docker, struct arena *arena, int64_t since)
{
	/* Commands run in a container are events too, and a check that runs one must not cause the next. A
	 * signal (`kill`) changes nothing but by the end that it leads to. */
	owned_json filters = json_pack("{s:[s], s:[s,s,s,s,s,s,s,s,s,s,s,s]}", "type", "container", "event",
				       "create", "start", "restart", "die", "oom", "stop", "destroy",
				       "rename", "pause", "unpause", "update", "health_status");
	/* Podman tells nothing at all to whoever asks for a label without its value. */
	bool labelled = filters && !*docker->libpod;
	if (labelled && json_put(filters, "label", json_pack("[s]", "berth.app")))
		return NULL;
	owned_memory char *line = filters ? json_line(filters) : NULL;
	const char *value = line ? escaped(arena, line) : NULL;

	return value ? arena_format(arena, "/events?since=%lld&filters=%s", (long long)since, value) : NULL;
}

/* The engine's own clock in whole seconds, since `since` is read by it. */
static int64_t clock_of(const struct events *events, const char *headers)
{
	struct world *world = events->docker->world;
	char date[64] = "";
	int64_t told = header_value(headers, "Date", date, sizeof(date)) ? date_of(date) : 0;

	return (told ? told : world->ops->wall(world)) / 1000;
}

static void subscribe(struct events *events, int64_t since)
{
	const struct http_sink sink = {.done = ended, .chunk = chunk, .owner = events};
	struct arena arena = {0};
	const struct question question = {
	    .method = "GET",
	    .path = events_path(events->docker, &arena, since),
	    .idle_ms = QUIET_MS,
	};

	if (question.path)
		events->exchange = docker_send(events->docker, &question, &sink, NULL);
	arena_release(&arena);
	if (!events->exchange) {
		later(events);
		return;
	}
	events->subscribed = true;
	/* All since that time will be told, so what is listed from now on misses nothing. */
	tell_to_list(events, true);
}

static void pinged(void *owner, struct http_answer *answer)
{
	struct events *events = owner;
	const struct pong pong = {answer->status, text_view(&answer->headers), text_view(&answer->body)};

	events->exchange = NULL;
	/* Another version may be there by now. */
	if (answer->error.code != OK || version_read(events->docker, &pong, NULL) < 0) {
		later(events);
		return;
	}
	events->clock_ms = clock_of(events, pong.headers) * SECOND_MS;
	events->asked_ms = events->docker->world->ops->now(events->docker->world);
	subscribe(events, events->clock_ms / SECOND_MS - MARGIN_S);
}

static void ping(struct events *events)
{
	const struct question question = {.method = "GET", .path = "/_ping", .bare = true};
	const struct http_sink sink = {.done = pinged, .owner = events};

	events->exchange = docker_send(events->docker, &question, &sink, NULL);
	if (!events->exchange)
		later(events);
}

static struct events *events_begin(struct docker *docker)
{
	struct events *events = docker->events;

	if (events || !(events = calloc(1, sizeof(*events))))
		return events;
	events->docker = docker;
	events->pause_ms = FIRST_PAUSE_MS;
	docker->events = events;
	ping(events);
	return events;
}

static void greet(void *owner)
{
	struct events *events = owner;

	events->greeting = NULL;
	tell_to_list(events, false);
}

/* It came to a stream that is there already: all from now on will be told. 0 or -1. */
static int welcome(struct subscription *subscription)
{
	struct events *events = subscription->events;
	struct world *world = events->docker->world;

	subscription->new = events->subscribed;
	if (subscription->new && !events->greeting)
		events->greeting = world->ops->timer_start(world, 0, greet, events);
	return subscription->new && !events->greeting ? -1 : 0;
}

int docker_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		 struct error *err)
{
	struct docker *docker = location->state;
	struct subscription *subscription = calloc(1, sizeof(*subscription));

	docker_unwatch(location, app);
	struct events *events = subscription ? events_begin(docker) : NULL;
	if (!events) {
		free(subscription);
		return fail_memory(err);
	}
	*subscription = (struct subscription){.next = events->first,
					      .back = &events->first,
					      .events = events,
					      .app = strdup(app),
					      .changed = changed,
					      .owner = owner};
	if (subscription->next)
		subscription->next->back = &subscription->next;
	events->first = subscription;
	if (subscription->app && map_put(&events->by_app, app, subscription) == 0 &&
	    welcome(subscription) == 0)
		return 0;
	subscription_free(subscription);
	return fail_memory(err);
}

void docker_unwatch(struct location *location, const char *app)
{
	const struct docker *docker = location->state;
	struct subscription *subscription = docker->events ? map_get(docker->events->by_app, app) : NULL;

	if (subscription)
		subscription_free(subscription);
}

void events_close(struct docker *docker)
{
	while (docker->events)
		subscription_free(docker->events->first);
}
