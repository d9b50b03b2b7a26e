/* events.c - what happened, told to those who listen: what they missed first, as far as it is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

struct listener {
	json_t *filters;
};

static bool passes(const json_t *filters, const struct told_event *event)
{
	const char *image = json_text(event->attributes, "image");
	const char *name = json_text(event->attributes, "name");
	bool container = !strcmp(event->type, "container");

	return filter_word(filters, "type", event->type) && filter_word(filters, "event", event->action) &&
	       filter_labels(filters, event->attributes) &&
	       (!container || filter_word(filters, "container", event->id) ||
		filter_word(filters, "container", name ? name : "")) &&
	       filter_word(filters, "image", image ? image : "");
}

static bool listens(const struct call *call)
{
	return call->kind == DOCKER_EVENTS && call->streams;
}

/* In the order in which they began to listen, which is not that of the list. */
static void pass_on(struct docker_engine *engine, const struct told_event *event)
{
	for (struct call *call = engine->calls; call; call = call->next) {
		const struct listener *listener = call->own;
		if (listens(call) && passes(listener->filters, event))
			stream_add(call, event->line, strlen(event->line));
	}
}

/* The last end there was is told once more, after whatever happened. */
static void tell_end_again(struct docker_engine *engine)
{
	for (size_t back = 1; back <= EVENTS_KEPT && back <= engine->event_count; back++) {
		const struct told_event *event = &engine->events[(engine->event_count - back) % EVENTS_KEPT];
		if (strcmp(event->action, "die") != 0)
			continue;
		pass_on(engine, event);
		return;
	}
}

static void event_free(struct told_event *event)
{
	free(event->line);
	json_decref(event->attributes);
	*event = (struct told_event){0};
}

static char *line_of(const struct told_event *event, const char *image)
{
	struct text line = {0};

	text_add_char(&line, '{');
	if (!strcmp(event->type, "container")) {
		text_format(&line, "\"status\":\"%s\",\"id\":\"%s\"", event->action, event->id);
		put_member(&line, "from", image);
		text_add_char(&line, ',');
	}
	text_format(&line,
		    "\"Type\":\"%s\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":", event->type,
		    event->action, event->id);
	put_json(&line, event->attributes);
	text_format(&line, "},\"scope\":\"local\",\"time\":%lld,\"timeNano\":%lld}\n",
		    (long long)(event->at_ns / (NS_OF_MS * 1000)), (long long)event->at_ns);
	return must(text_take(&line));
}

void tell_event(struct docker_engine *engine, const char *type, const char *action, const char *id,
		const char *image, json_t *attributes)
{
	struct told_event *event = &engine->events[engine->event_count++ % EVENTS_KEPT];

	event_free(event);
	event->at_ns = stamp(engine);
	event->type = type;
	event->action = action;
	event->attributes = attributes;
	snprintf(event->id, sizeof(event->id), "%s", id);
	event->line = line_of(event, image ? image : "");
	pass_on(engine, event);
	if (engine->echoes)
		tell_end_again(engine);
}

void docker_engine_echoes(struct docker_engine *engine, bool echoes)
{
	engine->echoes = echoes;
}

void events_free(struct docker_engine *engine)
{
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		event_free(&engine->events[i]);
}

/* "1795716900", "1795716900.5": nanoseconds; -1: it is none. */
static int64_t time_asked(const char *written)
{
	char *end;
	int64_t ns = strtoll(written, &end, 10) * NS_OF_MS * 1000, digit = NS_OF_MS * 100;

	if (end == written)
		return -1;
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9' && digit; end++, digit /= 10)
			ns += (*end - '0') * digit;
	return *end ? -1 : ns;
}

static void tell_past(struct call *call, const json_t *filters, int64_t since_ns, int64_t until_ns)
{
	const struct docker_engine *engine = call->engine;
	size_t first = engine->event_count > EVENTS_KEPT ? engine->event_count - EVENTS_KEPT : 0;

	for (size_t i = first; i < engine->event_count; i++) {
		const struct told_event *event = &engine->events[i % EVENTS_KEPT];
		if (event->at_ns >= since_ns && event->at_ns <= until_ns && passes(filters, event))
			stream_add(call, event->line, strlen(event->line));
	}
}

static void listener_gone(struct call *call)
{
	struct listener *listener = call->own;

	json_decref(listener->filters);
	listener->filters = NULL;
}

static void until_is_due(struct event *event)
{
	struct call *call = owner_of(event, struct call, next_step);

	listener_gone(call);
	stream_end(call);
}

static void end_at(struct call *call, int64_t until_ns)
{
	struct world *world = universe_outside(call->engine->universe);
	int64_t left_ms = until_ns / NS_OF_MS - world->ops->wall(world);

	event_prepare(&call->next_step, until_is_due);
	if (clock_add(call->engine->clock, &call->next_step, left_ms > 0 ? left_ms : 0) < 0)
		abort();
}

void events_asked(struct call *call)
{
	owned_memory char *since = query_value(call, "since"), *until = query_value(call, "until");
	int64_t since_ns = since && *since ? time_asked(since) : 0;
	int64_t until_ns = until && *until ? time_asked(until) : INT64_MAX;
	json_t *filters;

	if (since_ns < 0 || until_ns < 0) {
		refuse(call, 500, "strconv.ParseInt: parsing \"%s\": invalid syntax",
		       since_ns < 0 ? since : until);
		return;
	}
	if (filters_read(call, NULL, &filters) < 0)
		return;
	struct listener *listener = must(calloc(1, sizeof(*listener)));
	listener->filters = filters;
	call->own = listener;
	stream_begin(call, "application/json");
	call->gone = listener_gone;
	if (since && *since)
		tell_past(call, filters, since_ns, until_ns);
	if (until_ns != INT64_MAX)
		end_at(call, until_ns);
}
