/* progress.c - keeps the state of each instance, and tells it in lines or leaves it to the table. */
#include "cli/progress.h"

#include <string.h>

#define REDRAW_MS 100  /* at most ten times a second */
#define CLOCK_MS  1000 /* the elapsed times alone */

static enum progress_mode mode_of(const struct invocation *invocation, const struct screen *screen)
{
	const char *wish = invocation->settings.progress, *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;
	if (wish && strcmp(wish, "plain") == 0)
		return PROGRESS_PLAIN;
	if (wish && strcmp(wish, "json") == 0)
		return PROGRESS_JSON;
	if (wish && strcmp(wish, "quiet") == 0)
		return PROGRESS_QUIET;
	if (wish && strcmp(wish, "tty") == 0)
		return PROGRESS_TTY;
	return screen->terminal && !dumb ? PROGRESS_TTY : PROGRESS_PLAIN;
}

void progress_begin(struct progress *progress, const struct invocation *invocation)
{
	*progress = (struct progress){
	    .screen = screen_of(stderr, invocation), .clock = steady_ms, .size = screen_size};
	progress->mode = mode_of(invocation, &progress->screen);
}

/* --- rows ----------------------------------------------------------------------------------- */

static struct row *row_of(struct progress *progress, const struct berth_event *event)
{
	for (size_t i = 0; i < progress->count; i++)
		if (strcmp(progress->rows[i].instance, event->instance) == 0)
			return &progress->rows[i];
	struct row *rows = realloc(progress->rows, (progress->count + 1) * sizeof *rows);
	if (!rows)
		return NULL;
	progress->rows = rows;
	const char *name = short_name(event->instance, event->component ? event->component : "");
	struct row *row = &rows[progress->count];
	*row = (struct row){.instance = strdup(event->instance),
			    .name = printable(name, strlen(name)),
			    .began_ms = progress->clock()};
	if (!row->instance || !row->name) {
		free(row->instance);
		free(row->name);
		return NULL;
	}
	progress->count++;
	return row;
}

/* Whether it differs from what was there. */
static bool replace(char **at, const char *text)
{
	char *shown = printable(text ? text : "", text ? strlen(text) : 0);
	bool differs = shown && (!*at || strcmp(*at, shown) != 0);
	if (!differs) {
		free(shown);
		return false;
	}
	free(*at);
	*at = shown;
	return true;
}

static void tell_plain(const struct progress *progress, const struct row *row)
{
	const struct screen *screen = &progress->screen;
	const char *phase = row->phase ? row->phase : "", *text = row->text ? row->text : "";
	fprintf(screen->to, "%s  ", row->name);
	paint(screen, state_paint(phase), "%s", phase);
	fprintf(screen->to, "%s%s\n", *text ? "  " : "", text);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	owned_memory char *shown = text ? printable(text, strlen(text)) : NULL;
	if (shown)
		json_object_set_new(object, key, json_string(shown));
}

static void tell_json(const struct progress *progress, const struct berth_event *event)
{
	bool warning = event->kind == BERTH_EVENT_WARNING;
	owned_json object = json_object();
	set_text(object, "kind", warning ? "warning" : "phase");
	set_text(object, "component", event->component);
	set_text(object, "instance", event->instance);
	set_text(object, "location", event->location);
	set_text(object, "phase", event->phase);
	set_text(object, "text", event->text);
	if (!warning)
		json_object_set_new(object, "settled", json_boolean(event->settled));
	json_dumpf(object, progress->screen.to, JSON_COMPACT);
	putc('\n', progress->screen.to);
}

static void take_phase(struct progress *progress, const struct berth_event *event)
{
	struct row *row = row_of(progress, event);
	if (!row)
		return;
	bool changed = replace(&row->phase, event->phase);
	changed |= replace(&row->text, event->text);
	replace(&row->location, event->location);
	row->broken = event->phase && strcmp(event->phase, "broken") == 0;
	bool over = event->settled || row->broken;
	row->ended_ms = !over ? 0 : row->ended_ms ? row->ended_ms : progress->clock();
	progress->dirty = true;
	if (progress->mode == PROGRESS_PLAIN && changed)
		tell_plain(progress, row);
}

static void tell_warning(struct progress *progress, const char *text)
{
	const struct screen *screen = &progress->screen;
	progress_clear(progress);
	paint(screen, BOLD, "berth: ");
	paint(screen, YELLOW, "warning: ");
	put(screen, PLAIN, text);
	putc('\n', screen->to);
}

void progress_event(struct progress *progress, const struct berth_event *event)
{
	if (event->kind == BERTH_EVENT_LOG)
		return;
	if (progress->mode == PROGRESS_JSON)
		tell_json(progress, event);
	else if (event->kind == BERTH_EVENT_WARNING && event->text)
		tell_warning(progress, event->text);
	else if (event->kind == BERTH_EVENT_PHASE && event->instance && progress->mode != PROGRESS_QUIET)
		take_phase(progress, event);
}

/* --- when to draw --------------------------------------------------------------------------- */

static bool working(const struct progress *progress)
{
	for (size_t i = 0; i < progress->count; i++)
		if (!progress->rows[i].ended_ms)
			return true;
	return false;
}

int progress_timeout(const struct progress *progress)
{
	if (progress->mode != PROGRESS_TTY || (!progress->dirty && !working(progress)))
		return -1;
	int64_t due = progress->drawn_ms + (progress->dirty ? REDRAW_MS : CLOCK_MS) - progress->clock();
	return due > 0 ? (int)due : 0;
}

void progress_tick(struct progress *progress)
{
	if (progress_timeout(progress) != 0)
		return;
	table_draw(progress);
	progress->drawn_ms = progress->clock();
	progress->dirty = false;
}

void progress_clear(struct progress *progress)
{
	if (progress->mode != PROGRESS_TTY)
		return;
	table_clear(progress);
	progress->dirty = progress->count > 0;
}

static int attend_timeout(const void *of)
{
	return progress_timeout(of);
}

static bool attend_tick(void *of)
{
	progress_tick(of);
	return false;
}

static void attend_interrupted(void *of)
{
	progress_clear(of);
}

struct attendant progress_attendant(struct progress *progress)
{
	return (struct attendant){.of = progress,
				  .timeout = attend_timeout,
				  .tick = attend_tick,
				  .interrupted = attend_interrupted};
}

void progress_end(struct progress *progress)
{
	if (progress->mode == PROGRESS_TTY && progress->count)
		table_draw(progress);
	fflush(progress->screen.to);
	for (size_t i = 0; i < progress->count; i++) {
		struct row *row = &progress->rows[i];
		free(row->instance);
		free(row->name);
		free(row->location);
		free(row->phase);
		free(row->text);
	}
	free(progress->rows);
	progress->rows = NULL;
	progress->count = 0;
}
