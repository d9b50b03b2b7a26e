/* screen.h - text for people: colours, columns, and nothing that a terminal would obey. */
#ifndef BERTH_CLI_SCREEN_H
#define BERTH_CLI_SCREEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"

enum paint { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN };

struct screen {
	FILE *to;
	bool colour;
	bool terminal;
	bool verbose;      /* -v */
	int columns, rows; /* 0: ask the terminal */
};

struct screen screen_of(FILE *to, const struct invocation *);
/* Columns and rows of the terminal; 80 by 24 when it does not say. */
void screen_size(const struct screen *, int *ret_columns, int *ret_rows);
void paint(const struct screen *, enum paint, const char *format, ...) __attribute__((format(printf, 3, 4)));
enum paint state_paint(const char *state);

/* Valid UTF-8 in which line ends and tabs are blanks and other control characters are written out; free it.
 * NULL without memory. */
char *printable(const char *bytes, size_t size);
/* The same to the screen; what cannot be printed for want of memory is left out. */
void put(const struct screen *, enum paint, const char *text);
/* A word as a shell reads it back. */
void put_shell_word(const struct screen *, const char *word);
/* So many bytes; tabs stay tabs. */
void put_bytes(const struct screen *, enum paint, const char *bytes, size_t size);
/* Bytes of one code point, at least 1 when there are any; *ret_point is -1 for a byte that is no UTF-8. */
size_t next_point(const char *bytes, size_t size, int32_t *ret_point);
int width_of(int32_t point);
int columns_of(const char *text);
/* Cuts `text` to so many columns, ".." showing that there was more. Returns the columns left. */
int cut_to(char *text, int columns);

/* Words in lines of at most so many columns; the first one goes on at column `at`, the others are indented.
 * Line ends in the text stay, the last line gets one. Returns where the last word ended. */
int wrap(FILE *, const char *text, int at, int indent, int columns);

/* A table whose columns are as wide as need be. Cells are made printable. */
struct table {
	int columns;
	bool
	    titled; /* the first row names the columns; then it may be shown as blocks on a narrow terminal */
	struct cell {
		char *text;
		enum paint paint;
	} * cells;
	size_t count;
};
void table_add(struct table *, enum paint, const char *text);
void table_print(const struct screen *, const struct table *);
void table_release(struct table *);

/* Members of JSON objects; "" and 0 for what is not there. */
const char *text_of(const json_t *object, const char *key);
int64_t number_of(const json_t *object, const char *key);
const json_t *list_of(const json_t *object, const char *key);
/* The instance without its application: "redis.1". */
const char *short_name(const char *instance, const char *component);
void format_elapsed(char *ret, size_t size, int64_t ms);

/* What the commands show. */
void show_error(const struct screen *, const char *text, const char *remedy);
void show_diagnostics(const struct screen *, const json_t *document);
void show_plan(const struct screen *, const json_t *document, bool (*chosen)(const json_t *change));
void show_link_name(const struct screen *, const json_t *link); /* where it is not what was shown already */
void show_components(const struct screen *, const json_t *document);
/* show_sizes.c: of a component whose size is told. */
void show_size(const struct screen *, const json_t *component);
void show_size_line(const struct screen *, const json_t *component); /* the first of its lines */
/* show_about.c: what else a location told of itself, an object. */
void show_about(const struct screen *, const json_t *about);
void show_failures(const struct screen *, const json_t *document);
/* volumes.c: a line with the very command that removes these volumes ({"location", "spec"}) of an
 * application. */
void put_removal_command(const struct screen *, const struct invocation *, const char *app,
			 const json_t *volumes);
/* The same of claims that nothing is behind. */
void put_adoption_command(const struct screen *, const struct invocation *, const char *app,
			  const json_t *claims);

#endif
