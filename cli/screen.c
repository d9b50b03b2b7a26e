/* screen.c - text for people: colours when they are wanted, and remote words made harmless. */
#include "cli/screen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool set_in_environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

static bool colours(const struct invocation *invocation, bool terminal)
{
	const char *wish = invocation->settings.color, *term = getenv("TERM"),
		   *force = getenv("CLICOLOR_FORCE");
	if (wish && strcmp(wish, "auto") != 0)
		return strcmp(wish, "always") == 0;
	if (set_in_environment("NO_COLOR"))
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return terminal && term && *term && strcmp(term, "dumb") != 0;
}

struct screen screen_of(FILE *to, const struct invocation *invocation)
{
	bool terminal = isatty(fileno(to));
	return (struct screen){.to = to,
			       .terminal = terminal,
			       .colour = colours(invocation, terminal),
			       .verbose = invocation->settings.verbose};
}

void screen_size(const struct screen *screen, int *ret_columns, int *ret_rows)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");
	int wish = columns ? atoi(columns) : 0;
	if (screen->columns || ioctl(fileno(screen->to), TIOCGWINSZ, &size))
		size = (struct winsize){.ws_col = (unsigned short)screen->columns,
					.ws_row = (unsigned short)screen->rows};
	*ret_columns = size.ws_col ? size.ws_col : wish > 0 ? wish : 80;
	*ret_rows = size.ws_row ? size.ws_row : 24;
}

static const char *const codes[] = {
    [PLAIN] = "",    [BOLD] = "1",  [DIM] = "2",      [RED] = "31",  [GREEN] = "32",
    [YELLOW] = "33", [BLUE] = "34", [MAGENTA] = "35", [CYAN] = "36",
};

static void begin_paint(const struct screen *screen, enum paint how)
{
	if (screen->colour && how != PLAIN)
		fprintf(screen->to, "\033[%sm", codes[how]);
}

static void end_paint(const struct screen *screen, enum paint how)
{
	if (screen->colour && how != PLAIN)
		fputs("\033[0m", screen->to);
}

void paint(const struct screen *screen, enum paint how, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	begin_paint(screen, how);
	vfprintf(screen->to, format, arguments);
	end_paint(screen, how);
	va_end(arguments);
}

void put(const struct screen *screen, enum paint how, const char *text)
{
	owned_memory char *shown = printable(text, strlen(text));
	if (shown)
		paint(screen, how, "%s", shown);
}

void put_bytes(const struct screen *screen, enum paint how, const char *bytes, size_t size)
{
	while (size) {
		const char *tab = memchr(bytes, '\t', size);
		size_t length = tab ? (size_t)(tab - bytes) : size;
		owned_memory char *shown = printable(bytes, length);
		if (shown && length)
			paint(screen, how, "%s", shown);
		bytes += length;
		size -= length;
		for (; size && *bytes == '\t'; bytes++, size--)
			putc('\t', screen->to);
	}
}

enum paint state_paint(const char *state)
{
	static const struct {
		const char *state;
		enum paint how;
	} paints[] = {
	    {"running", GREEN},   {"finished", GREEN}, {"broken", RED},  {"unhealthy", RED},
	    {"unknown", MAGENTA}, {"absent", DIM},     {"stopped", DIM},
	};
	for (size_t i = 0; i < COUNT_OF(paints); i++)
		if (strcmp(paints[i].state, state) == 0)
			return paints[i].how;
	return YELLOW;
}

void show_error(const struct screen *screen, const char *text, const char *remedy)
{
	paint(screen, BOLD, "berth: ");
	paint(screen, RED, "error: ");
	put(screen, PLAIN, text);
	putc('\n', screen->to);
	if (remedy && *remedy) {
		paint(screen, CYAN, "  = ");
		put(screen, PLAIN, remedy);
		putc('\n', screen->to);
	}
}

void put_shell_word(const struct screen *out, const char *word)
{
	bool plain = *word && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
					   "-_./:=@%+,") == strlen(word);
	if (plain) {
		fputs(word, out->to);
		return;
	}
	putc('\'', out->to);
	for (; *word; word++)
		*word == '\'' ? fputs("'\\''", out->to) : putc(*word, out->to);
	putc('\'', out->to);
}
