/* watch.c - notices by itself when an instance of an application changed: by a look at its helper's record.
 */
#include "locations/localhost/localhost.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define WATCH_MS 250

struct fingerprint {
	char *name, *directory;
	uint64_t hash;
	bool seen; /* in this round */
};

struct watching {
	struct location *location;
	char *app;
	change_sink *changed;
	void *owner;
	struct timer *timer;
	struct fingerprint *all;
	size_t count, room;
	size_t next_one; /* of them, that is likely to be listed next */
	bool first;      /* the round that only learns how things are */
	bool *gone;      /* set when it is unwatched while it tells */
	struct watching *next;
};

/* FNV-1a */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
	const unsigned char *next = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ next[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t fingerprint_of(struct location *location, const char *directory)
{
	struct status status;

	memset(&status, 0, sizeof(status));
	if (!status_read(location, directory, &status))
		return 1;
	bool alive = process_alive(location, status.helper, status.helper_start);
	uint64_t hash = hash_bytes(0xcbf29ce484222325u, status.state, strlen(status.state));
	hash = hash_bytes(hash, &status.helper, sizeof(status.helper));
	hash = hash_bytes(hash, &status.helper_start, sizeof(status.helper_start));
	hash = hash_bytes(hash, &status.pid, sizeof(status.pid));
	hash = hash_bytes(hash, &status.exits, sizeof(status.exits));
	return hash_bytes(hash, &alive, sizeof(alive));
}

static void fingerprint_free(struct fingerprint *mark)
{
	free(mark->name);
	free(mark->directory);
}

static struct fingerprint *add(struct watching *watching, const char *entry)
{
	owned_text name = {0}, directory = {0};

	if (watching->count == watching->room) {
		size_t room = watching->room ? watching->room * 2 : 16;
		struct fingerprint *all = realloc(watching->all, room * sizeof(*all));
		if (!all)
			return NULL;
		watching->all = all;
		watching->room = room;
	}
	text_format(&name, "%s.%s", watching->app, entry);
	text_format(&directory, "%s/%s/%s", localhost_of(watching->location)->run, watching->app, entry);
	struct fingerprint mark = {.name = text_take(&name), .directory = text_take(&directory)};
	if (!mark.name || !mark.directory) {
		fingerprint_free(&mark);
		return NULL;
	}
	watching->all[watching->count] = mark;
	return &watching->all[watching->count++];
}

/* They are listed in about the same order each time. */
static struct fingerprint *remember(struct watching *watching, const char *entry)
{
	size_t prefix = strlen(watching->app) + 1;

	for (size_t i = 0; i < watching->count; i++) {
		size_t at = (watching->next_one + i) % watching->count;
		if (strcmp(watching->all[at].name + prefix, entry) != 0)
			continue;
		watching->next_one = at + 1;
		return &watching->all[at];
	}
	return add(watching, entry);
}

struct round {
	struct watching *watching;
	char **names; /* that changed */
	size_t count, room;
};

static void note(struct round *round, const char *name)
{
	if (round->watching->first)
		return;
	if (round->count == round->room) {
		size_t room = round->room ? round->room * 2 : 8;
		char **names = realloc(round->names, room * sizeof(*names));
		if (!names)
			return; /* nothing is promised about number or truth */
		round->names = names;
		round->room = room;
	}
	round->names[round->count] = strdup(name);
	round->count += round->names[round->count] != NULL;
}

static bool visit(void *owner, const char *entry)
{
	struct round *round = owner;
	struct watching *watching = round->watching;
	struct fingerprint *mark = strchr(entry, '.') ? remember(watching, entry) : NULL;

	if (!mark)
		return true;
	uint64_t hash = fingerprint_of(watching->location, mark->directory);
	if (mark->hash != hash)
		note(round, mark->name);
	mark->hash = hash;
	mark->seen = true;
	return true;
}

static void forget_gone(struct round *round)
{
	struct watching *watching = round->watching;
	size_t kept = 0;

	for (size_t i = 0; i < watching->count; i++) {
		struct fingerprint *mark = &watching->all[i];
		if (!mark->seen) {
			note(round, mark->name);
			fingerprint_free(mark);
			continue;
		}
		mark->seen = false;
		watching->all[kept++] = *mark;
	}
	watching->count = kept;
}

static void look(void *owner)
{
	struct watching *watching = owner;
	struct location *location = watching->location;
	struct round round = {.watching = watching};
	owned_by(arena_release) struct arena arena = {0};
	char *directory = app_directory(location, &arena, watching->app);
	bool gone = false;

	watching->timer = NULL;
	if (directory) {
		location->world->ops->directory_list(location->world, directory, visit, &round, NULL);
		forget_gone(&round);
	}
	watching->first = false;
	/* The one who is told may stop watching meanwhile, and is then told no more. */
	watching->gone = &gone;
	for (size_t i = 0; i < round.count; i++) {
		if (!gone)
			watching->changed(watching->owner, round.names[i], NULL);
		free(round.names[i]);
	}
	free(round.names);
	if (gone)
		return;
	watching->gone = NULL;
	watching->timer = location->world->ops->timer_start(location->world, WATCH_MS, look, watching);
}

int localhost_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		    struct error *err)
{
	struct localhost *home = localhost_of(location);
	struct watching *watching;

	if (guard_app(app, err))
		return -1;
	localhost_unwatch(location, app);
	watching = calloc(1, sizeof(*watching));
	if (!watching || !(watching->app = strdup(app))) {
		free(watching);
		return fail_memory(err);
	}
	watching->location = location;
	watching->changed = changed;
	watching->owner = owner;
	watching->first = true;
	watching->next = home->watches;
	home->watches = watching;
	look(watching);
	return 0;
}

const char *watched_app(const struct watching *watching)
{
	return watching->app;
}

void localhost_unwatch(struct location *location, const char *app)
{
	struct watching **link = &localhost_of(location)->watches;

	while (*link && strcmp((*link)->app, app))
		link = &(*link)->next;
	struct watching *watching = *link;
	if (!watching)
		return;
	*link = watching->next;
	if (watching->gone)
		*watching->gone = true;
	location->world->ops->timer_cancel(location->world, watching->timer);
	for (size_t i = 0; i < watching->count; i++)
		fingerprint_free(&watching->all[i]);
	free(watching->all);
	free(watching->app);
	free(watching);
}
