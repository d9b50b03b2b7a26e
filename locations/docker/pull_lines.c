/* pull_lines.c - the JSON lines by which an engine tells how far a pull is, that it ended, or what went
 * wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/docker/registry.h"

#define LINE_MAX_SIZE 65536

struct layer {
	char id[16];
	int64_t current, total;
};

static struct layer *layer_of(struct pull_lines *lines, const char *id)
{
	for (size_t i = 0; i < lines->layer_count; i++)
		if (!strncmp(lines->layers[i].id, id, sizeof(lines->layers[i].id) - 1))
			return &lines->layers[i];
	struct layer *more = realloc(lines->layers, (lines->layer_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	lines->layers = more;
	struct layer *layer = &more[lines->layer_count++];
	*layer = (struct layer){0};
	snprintf(layer->id, sizeof(layer->id), "%s", id);
	return layer;
}

static bool progressed(struct pull_lines *lines, const json_t *line, const char *id)
{
	const json_t *detail = json_object_get(line, "progressDetail");
	struct layer *layer = id ? layer_of(lines, id) : NULL;

	if (!layer)
		return false;
	layer->current = json_number(detail, "current", layer->current);
	layer->total = json_number(detail, "total", layer->total);
	lines->again[0] = '\0';
	return true;
}

/* The last line is "Status: ..." with Docker, and the image's own "Download complete" with Podman. */
static bool read_status(struct pull_lines *lines, const json_t *line, const char *status)
{
	const char *id = json_text(line, "id");

	lines->ended = starts_with(status, "Status: ") || !strcmp(status, "Download complete");
	if (!strcmp(status, "Downloading"))
		return progressed(lines, line, id);
	if (!starts_with(status, "Retrying in ") || !id)
		return false;
	snprintf(lines->again, sizeof(lines->again), "layer %.12s broke off, r%.40s", id, status + 1);
	return true;
}

static bool read_line(struct pull_lines *lines)
{
	owned_json line = json_parse(text_view(&lines->line), lines->line.length, "a line of progress", NULL);
	const char *error = json_text(line, "error"), *status = json_text(line, "status");
	bool news = false;

	if (error)
		snprintf(lines->words, sizeof(lines->words), "%s", error);
	else if (status)
		news = read_status(lines, line, status);
	text_clear(&lines->line);
	return news;
}

bool pull_lines_feed(struct pull_lines *lines, const char *bytes, size_t count)
{
	bool news = false;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n')
			news |= read_line(lines);
		else if (lines->line.length < LINE_MAX_SIZE)
			text_add_char(&lines->line, bytes[i]);
	}
	return news;
}

void pull_lines_note(const struct pull_lines *lines, const char *image, char *ret_note, size_t size)
{
	int64_t current = 0, total = 0;
	char how_far[80] = "";

	for (size_t i = 0; i < lines->layer_count; i++) {
		current += lines->layers[i].current;
		total += lines->layers[i].total;
	}
	if (total)
		snprintf(how_far, sizeof(how_far), ": %lld of %lld MB", (long long)(current / 1000000),
			 (long long)((total + 999999) / 1000000));
	snprintf(ret_note, size, "pulling %.180s%s%s%s", image, how_far, lines->again[0] ? "; " : "",
		 lines->again);
}

void pull_lines_release(struct pull_lines *lines)
{
	text_release(&lines->line);
	free(lines->layers);
	*lines = (struct pull_lines){0};
}
