/* progress_table.c - the live table: redrawn in place, never wider or higher than the terminal. */
#include <string.h>

#include "cli/progress.h"

#define ELAPSED_COLUMNS 9
#define PHASE_COLUMNS   9
#define NARROW          60 /* below this the location is left out */

struct layout {
	int name, location, text, elapsed; /* columns; 0: left out */
};

static int widest(const struct progress *progress, size_t member, int least)
{
	int columns = least;
	for (size_t i = 0; i < progress->count; i++) {
		const char *text = *(char **)((char *)&progress->rows[i] + member);
		int width = text ? columns_of(text) : 0;
		if (width > columns)
			columns = width;
	}
	return columns;
}

static int at_most(int value, int limit)
{
	return value < limit ? value : limit;
}

/* One column stays free, so that no terminal wraps. */
static struct layout lay_out(const struct progress *progress, int columns)
{
	bool narrow = columns < NARROW;
	int name = widest(progress, offsetof(struct row, name), 1);
	struct layout layout = {.name = at_most(name, narrow ? columns / 4 : columns / 3),
				.elapsed = narrow ? 6 : ELAPSED_COLUMNS};
	if (!narrow)
		layout.location = at_most(widest(progress, offsetof(struct row, location), 1), columns / 4);
	int used = layout.name + 2 + PHASE_COLUMNS + 2 + layout.elapsed;
	used += layout.location ? layout.location + 2 : 0;
	layout.text = columns - 1 - used - 2;
	if (layout.text < 4)
		layout.text = 0;
	return layout;
}

/* The text in a column of its own, cut or filled up, and two blanks. */
static void put_column(const struct screen *screen, enum paint how, const char *text, int columns)
{
	owned_memory char *copy = strdup(text ? text : "");
	if (!copy || columns <= 0)
		return;
	int width = cut_to(copy, columns);
	paint(screen, how, "%s", copy);
	fprintf(screen->to, "%*s", columns - width + 2, "");
}

static void draw_row(const struct progress *progress, const struct row *row, const struct layout *layout,
		     int columns)
{
	const struct screen *screen = &progress->screen;
	char elapsed[24], right[40];
	int64_t end = row->ended_ms ? row->ended_ms : progress->clock();
	format_elapsed(elapsed, sizeof elapsed, end - row->began_ms);
	if (layout->elapsed < ELAPSED_COLUMNS && strstr(elapsed, " m "))
		*(strstr(elapsed, " m ") + 2) = '\0'; /* the minutes alone */
	put_column(screen, PLAIN, row->name, layout->name);
	put_column(screen, DIM, row->location, layout->location);
	int left = columns - 1 - layout->name - 2 - (layout->location ? layout->location + 2 : 0);
	if (left > PHASE_COLUMNS)
		put_column(screen, state_paint(row->phase ? row->phase : ""), row->phase, PHASE_COLUMNS);
	put_column(screen, PLAIN, row->text, layout->text);
	snprintf(right, sizeof right, "%*s", layout->elapsed, elapsed);
	if (left >= PHASE_COLUMNS + 2 + layout->elapsed)
		paint(screen, DIM, "%s", right);
	fputs("\033[K\n", screen->to);
}

/* What still moves comes first when not all fits. */
static size_t draw_rows(const struct progress *progress, const struct layout *layout, int columns,
			size_t room)
{
	size_t drawn = 0;
	bool all = progress->count <= room;
	for (int ended = 0; ended < (all ? 1 : 2); ended++)
		for (size_t i = 0; i < progress->count && drawn < room; i++) {
			const struct row *row = &progress->rows[i];
			if (!all && (row->ended_ms != 0) != ended)
				continue;
			draw_row(progress, row, layout, columns);
			drawn++;
		}
	return drawn;
}

static void go_back(struct progress *progress)
{
	if (progress->drawn)
		fprintf(progress->screen.to, "\033[%dA\r", progress->drawn);
	progress->drawn = 0;
}

void table_draw(struct progress *progress)
{
	int columns, rows;
	progress->size(&progress->screen, &columns, &rows);
	struct layout layout = lay_out(progress, columns);
	size_t room = rows > 3 ? (size_t)rows - 2 : 1;
	go_back(progress);
	size_t drawn = draw_rows(progress, &layout, columns, room);
	progress->drawn = (int)drawn;
	if (drawn < progress->count) {
		fprintf(progress->screen.to, "and %zu more\033[K\n", progress->count - drawn);
		progress->drawn++;
	}
	fputs("\033[J", progress->screen.to);
	fflush(progress->screen.to);
}

void table_clear(struct progress *progress)
{
	go_back(progress);
	fputs("\033[J", progress->screen.to);
	fflush(progress->screen.to);
}
