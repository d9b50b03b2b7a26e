/* watch.c - one stream for a location on which the machine tells what changes there; when it breaks, all who
 * watch are told to list again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

#define LEAST_PAUSE_MS 500
#define MOST_PAUSE_MS  30000

struct watcher {
	char *app;
	change_sink *changed;
	void *owner;
	struct watcher *next;
};

struct stream {
	struct location *location;
	struct ssh_call *call;
	struct timer *timer;
	struct text line; /* that has not ended yet */
	int64_t pause_ms;
	bool *gone; /* set when the stream is closed while it tells */
};

static void open_stream(void *owner);

/* Whoever is told may stop watching, or all of them. False: the stream is gone. */
static bool tell(struct stream *stream, const char *app, const char *name, const struct told_end *end)
{
	struct watcher *watcher = machine_of(stream->location)->watchers;
	bool gone = false;

	while (watcher && strcmp(watcher->app, app) != 0)
		watcher = watcher->next;
	if (!watcher)
		return true;
	stream->gone = &gone;
	watcher->changed(watcher->owner, name, end);
	if (!gone)
		stream->gone = NULL;
	return !gone;
}

static bool tell_all(struct stream *stream)
{
	owned_arena arena = {0};
	size_t count = 0;

	for (struct watcher *watcher = machine_of(stream->location)->watchers; watcher;
	     watcher = watcher->next)
		count++;
	const char **apps = arena_array(&arena, const char *, count + 1);
	count = 0;
	for (struct watcher *watcher = machine_of(stream->location)->watchers; apps && watcher;
	     watcher = watcher->next)
		if ((apps[count] = arena_text(&arena, watcher->app)))
			count++;
	for (size_t i = 0; i < count; i++)
		if (!tell(stream, apps[i], NULL, NULL))
			return false;
	return true;
}

/* "@changed APP NAME end CREATED ENDED CODE SIGNAL", or another word behind the name. */
static bool heard_change(struct stream *stream, const char *line)
{
	char app[128], folder[160], word[16], created[32];
	long long ended;
	int code, signal, count;
	owned_arena arena = {0};

	count = sscanf(line, "%127s %159s %15s %31s %lld %d %d", app, folder, word, created, &ended, &code,
		       &signal);
	char *name = count < 2 ? NULL : arena_format(&arena, "%s.%s", app, folder);
	if (!name)
		return true;
	struct told_end end = {.target_id = created, .at_ms = ended, .exit_code = code, .signal = signal};
	return tell(stream, app, name, count == 7 && strcmp(word, "end") == 0 ? &end : NULL);
}

static bool heard_line(struct stream *stream, const char *line)
{
	if (starts_with(line, "@changed "))
		return heard_change(stream, line + 9);
	if (strcmp(line, "@watching") != 0)
		return true;
	/* What changed before nobody told. */
	stream->pause_ms = LEAST_PAUSE_MS;
	return tell_all(stream);
}

static void heard(void *owner, bool errors, const char *bytes, size_t count)
{
	struct stream *stream = owner;

	if (errors)
		return;
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] != '\n') {
			text_add_char(&stream->line, bytes[i]);
			continue;
		}
		owned_text line = stream->line;
		stream->line = (struct text){0};
		if (!heard_line(stream, text_view(&line)))
			return;
	}
}

static void broken(void *owner, struct ssh_answer *answer)
{
	struct stream *stream = owner;
	struct world *world = stream->location->world;

	(void)answer;
	stream->call = NULL;
	text_clear(&stream->line);
	stream->timer = world->ops->timer_start(world, stream->pause_ms, open_stream, stream);
	stream->pause_ms = stream->pause_ms * 2 < MOST_PAUSE_MS ? stream->pause_ms * 2 : MOST_PAUSE_MS;
	tell_all(stream);
}

static void open_stream(void *owner)
{
	struct stream *stream = owner;
	struct machine *machine = machine_of(stream->location);
	struct world *world = stream->location->world;
	owned_text line = {0};
	struct ssh_sink sink = {.done = broken, .bytes = heard, .owner = stream};

	stream->timer = NULL;
	text_format(&line, "exec /bin/sh %s watch", machine->script);
	/* Its input stays open for as long as we listen: so it is told that we do not any more. */
	struct ssh_command command = {.command = text_view(&line), .more_input = true};
	stream->call =
	    line.failed ? NULL : world->ops->ssh->exec(world, &machine->host, &command, &sink, NULL);
	if (!stream->call)
		stream->timer = world->ops->timer_start(world, stream->pause_ms, open_stream, stream);
}

static void close_stream(struct machine *machine)
{
	struct stream *stream = machine->stream;

	if (!stream)
		return;
	struct world *world = stream->location->world;
	machine->stream = NULL;
	if (stream->gone)
		*stream->gone = true;
	world->ops->ssh->cancel(world, stream->call);
	world->ops->timer_cancel(world, stream->timer);
	text_release(&stream->line);
	free(stream);
}

int ssh_watch(struct location *location, const char *app, change_sink *changed, void *owner,
	      struct error *err)
{
	struct machine *machine = machine_of(location);

	if (guard_app(app, err))
		return -1;
	ssh_unwatch(location, app);
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct stream *stream = machine->stream ? machine->stream : calloc(1, sizeof(*stream));
	if (!watcher || !stream || !(watcher->app = strdup(app))) {
		free(watcher);
		if (!machine->stream)
			free(stream);
		return fail_memory(err);
	}
	watcher->changed = changed;
	watcher->owner = owner;
	watcher->next = machine->watchers;
	machine->watchers = watcher;
	if (!machine->stream) {
		*stream = (struct stream){.location = location, .pause_ms = LEAST_PAUSE_MS};
		machine->stream = stream;
		open_stream(stream);
	}
	return 0;
}

void ssh_unwatch(struct location *location, const char *app)
{
	struct machine *machine = machine_of(location);
	struct watcher **link = &machine->watchers;

	while (*link && strcmp((*link)->app, app) != 0)
		link = &(*link)->next;
	struct watcher *watcher = *link;
	if (!watcher)
		return;
	*link = watcher->next;
	free(watcher->app);
	free(watcher);
	if (!machine->watchers)
		close_stream(machine);
}

void ssh_unwatch_all(struct location *location)
{
	struct machine *machine = machine_of(location);

	while (machine->watchers)
		ssh_unwatch(location, machine->watchers->app);
}
