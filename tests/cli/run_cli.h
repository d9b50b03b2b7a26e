/* run_cli.h - calls the program inside the test and keeps what it wrote. */
#ifndef BERTH_TESTS_CLI_RUN_CLI_H
#define BERTH_TESTS_CLI_RUN_CLI_H

#include "tests/cli/stub_berth.h"

/* Of the last call. */
extern char out[64 * 1024], err[64 * 1024];

/* A folder of its own with an empty environment of ours; cli_end() removes it. */
void cli_begin(void);
void cli_end(void);
/* Writes a file in that folder; its path relative to it. */
void write_file(const char *name, const char *text);
/* `words` are the arguments, separated by blanks. Returns the exit code. */
int run_cli(const char *words);
/* The same with a terminal as standard input and standard error; `typed` is typed on it first. */
int run_on_terminal(const char *words, const char *typed);
/* The same with all three streams on a terminal of so many columns; what is written there is in `out`. */
int run_on_screen(const char *words, const char *typed, unsigned short columns, unsigned short rows);
/* The same with standard output already closed by its reader. */
int run_into_closed_pipe(const char *words);
/* All three streams are that descriptor; `out` and `err` say nothing then. */
int run_on(int fd, const char *words);
int run_words(int argc, char **argv);
/* The same with that as standard input; *ret_read says how much of it was read. */
int run_with_input(const char *words, const char *input, size_t size, size_t *ret_read);

#endif
