/* watch.c - a state shown again and again: redrawn in place on a terminal, a line for each change elsewhere.
 */
#include "cli/watch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/terminal.h"

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
	*live = (struct live){.terminal = *terminal, .news = -1};
	return next_frame(live);
}

bool live_ended(const struct live *live)
{
	struct pollfd input = {.fd = live->news < 0 ? -1 : STDIN_FILENO, .events = POLLIN};
	while (poll(&input, 1, 0) == 1) {
		char key;
		ssize_t count = read(STDIN_FILENO, &key, 1);
		if (count == 0 || (count < 0 && errno != EINTR))
			return true; /* the terminal is gone */
		if (count == 1 && (key == 'q' || key == 'Q'))
			return true;
	}
	return false;
}

bool live_resized(struct live *live)
{
	bool resized = live->news >= 0 && terminal_changed();
	if (resized) {
		live->drawn = false;
		screen_size(&live->terminal, &live->frame.columns, &live->frame.rows);
	}
	return resized;
}

/* The terminal cuts long lines itself while it is told not to wrap. */
static void draw_lines(const struct live *live, FILE *to)
{
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

/* In one piece, so that no terminal shows a part of it. */
static void draw_picture(const struct live *live)
{
	char *picture = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&picture, &size);
	if (!to)
		return;
	fputs(live->drawn ? "\033[?7l\033[H" : "\033[?7l\033[2J\033[H", to);
	draw_lines(live, to);
	fputs("\033[J\033[?7h", to);
	if (fclose(to) == 0) {
		fwrite(picture, 1, size, live->terminal.to);
		fflush(live->terminal.to);
	}
	free(picture);
}

/* With the first picture: what is said before there is one is not to be lost with that screen. */
static void take_terminal(struct live *live)
{
	live->taken = true;
	if (isatty(STDIN_FILENO) && isatty(fileno(live->terminal.to)))
		live->news = terminal_view(STDIN_FILENO);
}

int live_draw(struct live *live)
{
	if (!live->taken)
		take_terminal(live);
	if (fclose(live->frame.to) == 0 && live->text)
		draw_picture(live);
	live->drawn = true;
	free(live->text);
	return next_frame(live);
}

void live_end(struct live *live)
{
	if (live->frame.to)
		fclose(live->frame.to);
	free(live->text);
	if (live->news >= 0)
		terminal_end();
	*live = (struct live){.news = -1};
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

static const json_t *sizes_of(const json_t *document, const char *id)
{
	size_t i;
	json_t *component;
	json_array_foreach (list_of(document, "components"), i, component)
		if (strcmp(text_of(component, "id"), id) == 0)
			return json_object_get(component, "size");
	return NULL;
}

static bool same_size(const json_t *one, const json_t *other)
{
	return one && number_of(one, "wanted") == number_of(other, "wanted") &&
	       number_of(one, "real") == number_of(other, "real") &&
	       strcmp(text_of(one, "holds"), text_of(other, "holds")) == 0;
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
	size_t i;
	json_t *component;
	json_array_foreach (list_of(now, "components"), i, component) {
		const json_t *size = json_object_get(component, "size");
		if (size && !same_size(sizes_of(before, text_of(component, "id")), size))
			show_size_line(screen, component);
	}
}
