/* terminal.h - the terminal we are called from, while it belongs to a command elsewhere. */
#ifndef BERTH_CLI_TERMINAL_H
#define BERTH_CLI_TERMINAL_H

#include <stdbool.h>

/* Every key of that terminal becomes a byte, until terminal_end() or whatever ends the program. To be called
 * before signals_begin(). Returns a descriptor that becomes readable when its size changes, or -1 (errno). */
int terminal_begin(int fd);
/* The same for a view that is drawn over and over: a screen of its own on standard output, without a cursor;
 * keys become bytes, but what sends a signal still does. -1 also when the terminal is not ours to use. */
int terminal_view(int fd);
void terminal_end(void);
/* Whether its size may be another than at the last call. */
bool terminal_changed(void);
/* Rows and columns of it; 0 when it does not say. */
void terminal_size(int fd, unsigned *ret_rows, unsigned *ret_columns);

#endif
