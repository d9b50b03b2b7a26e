/* log_lines.c - output of several instances, put together again line by line. */
#include "cli/log_lines.h"

#include <string.h>

#define HOLD_MS      300
#define HOLD_BYTES   (256 * 1024)
#define LONGEST_LINE (64 * 1024) /* a longer one is shown in pieces */

void log_lines_begin(struct log_lines *lines, const struct invocation *invocation)
{
	*lines = (struct log_lines){.invocation = invocation, .screen = screen_of(stdout, invocation)};
	lines->json = wants_json(invocation);
	lines->holding = !lines->json;
}

/* --- sources -------------------------------------------------------------------------------- */

static char *copy_of(const char *text)
{
	return strdup(text ? text : "");
}

static struct log_source *add_source(struct log_lines *lines, const struct berth_event *event, int colour)
{
	struct log_source *sources = realloc(lines->sources, (lines->count + 1) * sizeof *sources);
	if (!sources)
		return NULL;
	lines->sources = sources;
	const char *name = short_name(event->instance, event->component ? event->component : "");
	struct log_source *source = &sources[lines->count];
	*source = (struct log_source){.instance = copy_of(event->instance),
				      .name = printable(name, strlen(name)),
				      .component = copy_of(event->component),
				      .location = copy_of(event->location),
				      .errors = event->errors,
				      .colour = colour};
	lines->count++;
	return source;
}

static struct log_source *source_of(struct log_lines *lines, const struct berth_event *event)
{
	int colour = -1;
	for (size_t i = 0; i < lines->count; i++) {
		struct log_source *source = &lines->sources[i];
		if (!source->instance || strcmp(source->instance, event->instance) != 0)
			continue;
		colour = source->colour;
		if (source->errors == event->errors)
			return source;
	}
	if (colour < 0)
		colour = lines->instances++;
	struct log_source *source = add_source(lines, event, colour);
	if (source && source->name && columns_of(source->name) > lines->width)
		lines->width = columns_of(source->name);
	return source;
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_json(const struct log_source *source, const char *bytes, size_t size)
{
	owned_memory char *text = printable(bytes, size);
	owned_json object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "component", source->component, "instance",
				      source->instance, "location", source->location, "stream",
				      source->errors ? "stderr" : "stdout", "text", text ? text : "");
	if (!object)
		return;
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
}

static void write_line(const struct log_lines *lines, const struct log_source *source, const char *bytes,
		       size_t size)
{
	static const enum paint colours[] = {CYAN, YELLOW, GREEN, MAGENTA, BLUE};
	const struct screen *screen = &lines->screen;
	const char *name = source->name ? source->name : "";
	if (lines->json) {
		write_json(source, bytes, size);
		return;
	}
	if (lines->prefixed) {
		paint(screen, colours[(size_t)source->colour % COUNT_OF(colours)], "%s%*s | ", name,
		      lines->width - columns_of(name), "");
	}
	if (screen->terminal)
		put_bytes(screen, PLAIN, bytes, size);
	else
		fwrite(bytes, 1, size, screen->to);
	putc('\n', screen->to);
}

static bool keep_partial(struct log_source *source, const char *bytes, size_t size)
{
	char *more = realloc(source->partial, source->size + size + 1);
	if (!more)
		return false;
	memcpy(more + source->size, bytes, size);
	source->partial = more;
	source->size += size;
	return true;
}

static void end_partial(const struct log_lines *lines, struct log_source *source)
{
	write_line(lines, source, source->partial ? source->partial : "", source->size);
	free(source->partial);
	source->partial = NULL;
	source->size = 0;
}

static void write_bytes(struct log_lines *lines, struct log_source *source, const char *bytes, size_t size)
{
	if (!lines->json && !lines->prefixed && !lines->screen.terminal) {
		fwrite(bytes, 1, size,
		       lines->screen.to); /* of one instance, to a file: exactly what it wrote */
		return;
	}
	while (size) {
		const char *end = memchr(bytes, '\n', size);
		size_t length = end ? (size_t)(end - bytes) : size;
		if (!keep_partial(source, bytes, length))
			return;
		if (end || source->size > LONGEST_LINE)
			end_partial(lines, source);
		length += end != NULL;
		bytes += length;
		size -= length;
	}
}

/* --- holding -------------------------------------------------------------------------------- */

static void let_out(struct log_lines *lines)
{
	if (!lines->holding)
		return;
	lines->holding = false;
	lines->prefixed = lines->instances > 1;
	for (size_t i = 0; i < lines->held_count; i++) {
		struct held *held = &lines->held[i];
		write_bytes(lines, &lines->sources[held->source], held->bytes, held->size);
		free(held->bytes);
	}
	free(lines->held);
	lines->held = NULL;
	lines->held_count = 0;
}

static bool hold(struct log_lines *lines, size_t source, const char *bytes, size_t size)
{
	struct held *held = realloc(lines->held, (lines->held_count + 1) * sizeof *held);
	if (!held)
		return false;
	lines->held = held;
	held = &held[lines->held_count];
	*held = (struct held){.source = source, .size = size, .bytes = malloc(size + 1)};
	if (!held->bytes)
		return false;
	memcpy(held->bytes, bytes, size);
	lines->held_count++;
	lines->held_bytes += size;
	if (!lines->held_since_ms)
		lines->held_since_ms = steady_ms();
	return true;
}

void log_lines_take(struct log_lines *lines, const struct berth_event *event)
{
	struct log_source *source = source_of(lines, event);
	if (!source || !source->instance || !source->component || !source->location)
		return;
	if (lines->instances > 1 || lines->held_bytes > HOLD_BYTES)
		let_out(lines);
	lines->prefixed |= !lines->json && lines->instances > 1;
	size_t number = (size_t)(source - lines->sources);
	if (lines->holding && hold(lines, number, event->text, event->text_size))
		return;
	let_out(lines);
	write_bytes(lines, source, event->text, event->text_size);
}

int log_lines_timeout(const struct log_lines *lines)
{
	if (!lines->holding || !lines->held_since_ms)
		return -1;
	int64_t due = lines->held_since_ms + HOLD_MS - steady_ms();
	return due > 0 ? (int)due : 0;
}

bool log_lines_tick(struct log_lines *lines)
{
	if (log_lines_timeout(lines) == 0)
		let_out(lines);
	return output_failed();
}

void log_lines_end(struct log_lines *lines)
{
	let_out(lines);
	for (size_t i = 0; i < lines->count; i++) {
		struct log_source *source = &lines->sources[i];
		if (source->size)
			end_partial(lines, source);
		free(source->instance);
		free(source->name);
		free(source->component);
		free(source->location);
		free(source->partial);
	}
	free(lines->sources);
	lines->sources = NULL;
	lines->count = 0;
}
