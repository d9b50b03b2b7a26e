/* table.c - rows of cells, and small helpers for what goes into them. */
#include <stdlib.h>
#include <string.h>

#include "cli/screen.h"

void table_add(struct table *table, enum paint how, const char *text)
{
	struct cell *cells = realloc(table->cells, (table->count + 1) * sizeof *cells);
	if (!cells)
		return;
	table->cells = cells;
	cells[table->count++] = (struct cell){.text = printable(text, strlen(text)), .paint = how};
}

static int width_of_column(const struct table *table, int column)
{
	int widest = 0;
	for (size_t i = (size_t)column; i < table->count; i += (size_t)table->columns) {
		int width = table->cells[i].text ? columns_of(table->cells[i].text) : 0;
		if (width > widest)
			widest = width;
	}
	return widest;
}

/* Whether this cell ends its row: nothing but empty ones follow. */
static bool ends_row(const struct table *table, size_t at)
{
	for (size_t i = at + 1; i < table->count && i % (size_t)table->columns; i++)
		if (table->cells[i].text && *table->cells[i].text)
			return false;
	return true;
}

static void print_rows(const struct screen *screen, const struct table *table, const int *widths)
{
	size_t columns = (size_t)table->columns;
	for (size_t i = 0; i < table->count; i++) {
		const char *text = table->cells[i].text ? table->cells[i].text : "";
		paint(screen, *text ? table->cells[i].paint : PLAIN, "%s", text);
		if (!ends_row(table, i)) {
			fprintf(screen->to, "%*s", widths[i % columns] - columns_of(text) + 2, "");
			continue;
		}
		putc('\n', screen->to);
		i += columns - 1 - i % columns;
	}
}

/* A row as a block: its first cell, then the others with their titles, a line each. */
static void print_blocks(const struct screen *screen, const struct table *table)
{
	size_t columns = (size_t)table->columns;
	for (size_t i = columns; i < table->count; i++) {
		const struct cell *cell = &table->cells[i], *title = &table->cells[i % columns];
		if (!cell->text || !*cell->text)
			continue;
		if (i % columns)
			paint(screen, title->paint, "  %s ", title->text ? title->text : "");
		paint(screen, cell->paint, "%s", cell->text);
		putc('\n', screen->to);
	}
}

void table_print(const struct screen *screen, const struct table *table)
{
	size_t columns = (size_t)table->columns;
	int whole = -2, available, rows;
	owned_memory int *widths = calloc(columns, sizeof *widths);
	for (size_t i = 0; widths && i < columns; i++) {
		widths[i] = width_of_column(table, (int)i);
		whole += widths[i] + 2;
	}
	screen_size(screen, &available, &rows);
	if (screen->terminal && table->titled && whole > available)
		print_blocks(screen, table);
	else if (widths)
		print_rows(screen, table, widths);
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){0};
}

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const json_t *list_of(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

const char *short_name(const char *instance, const char *component)
{
	size_t length = strlen(component);
	const char *found = NULL, *at = instance;
	while (length && (at = strstr(at, component))) {
		if ((at == instance || at[-1] == '.') && (at[length] == '.' || !at[length]))
			found = at;
		at++;
	}
	return found ? found : instance;
}

void format_elapsed(char *ret, size_t size, int64_t ms)
{
	if (ms < 60000)
		snprintf(ret, size, "%d.%d s", (int)(ms / 1000), (int)(ms % 1000 / 100));
	else if (ms < 3600000)
		snprintf(ret, size, "%d m %02d s", (int)(ms / 60000), (int)(ms / 1000 % 60));
	else
		snprintf(ret, size, "%d h %02d m", (int)(ms / 3600000), (int)(ms / 60000 % 60));
}
