/* watch.c - a state shown again and again: redrawn in place on a terminal, a line for each change elsewhere.
 */
#include "cli/watch.h"

#include <string.h>

static int next_frame(struct live *live)
{
	live->text = NULL;
	live->size = 0;
	live->frame = live->terminal;
	screen_size(&live->terminal, &live->frame.columns, &live->frame.rows);
	live->frame.to = open_memstream(&live->text, &live->size);
	return live->frame.to ? 0 : -1;
}

int live_begin(struct live *live, const struct screen *terminal)
{
	*live = (struct live){.terminal = *terminal};
	return next_frame(live);
}

/* The terminal cuts long lines itself while it is told not to wrap. */
static void draw_lines(const struct live *live)
{
	FILE *to = live->terminal.to;
	int room = live->frame.rows > 2 ? live->frame.rows - 1 : 1, left = 0;
	char *rest = live->text, *line;
	while ((line = strsep(&rest, "\n"))) {
		if (!rest && !*line)
			break;
		if (room-- > 1)
			fprintf(to, "%s\033[0m\033[K\n", line);
		else
			left++;
	}
	if (left)
		fprintf(to, "and %d more line%s\033[K\n", left, left == 1 ? "" : "s");
}

int live_draw(struct live *live)
{
	FILE *to = live->terminal.to;
	if (fclose(live->frame.to) == 0 && live->text) {
		fputs(live->drawn ? "\033[?7l\033[H" : "\033[?7l\033[2J\033[H", to);
		draw_lines(live);
		fputs("\033[J\033[?7h", to);
		fflush(to);
	}
	live->drawn = true;
	free(live->text);
	return next_frame(live);
}

void live_end(struct live *live)
{
	if (live->frame.to)
		fclose(live->frame.to);
	free(live->text);
	*live = (struct live){0};
}

/* --- lines --------------------------------------------------------------------------------------- */

/* What is watched in one document: name to state. */
static json_t *states_of(const json_t *document)
{
	json_t *states = json_object(), *entry, *instance;
	size_t i, n;
	json_array_foreach (list_of(document, "applications"), i, entry)
		json_object_set_new(states, text_of(entry, "app"), json_string(text_of(entry, "state")));
	json_array_foreach (list_of(document, "components"), i, entry)
		json_array_foreach (list_of(entry, "instances"), n, instance)
			json_object_set_new(states, text_of(instance, "name"),
					    json_string(text_of(instance, "state")));
	return states;
}

static void show_state(const struct screen *screen, const char *name, const char *state)
{
	put(screen, PLAIN, name);
	fputs("  ", screen->to);
	put(screen, state_paint(state), state);
	putc('\n', screen->to);
}

void show_state_changes(const struct screen *screen, const json_t *before, const json_t *now)
{
	owned_json old = states_of(before);
	owned_json new = states_of(now);
	const char *name;
	json_t *state;
	json_object_foreach (new, name, state)
		if (strcmp(text_of(old, name), json_string_value(state)) != 0)
			show_state(screen, name, json_string_value(state));
	json_object_foreach (old, name, state)
		if (!json_object_get(new, name))
			show_state(screen, name, "gone");
}
