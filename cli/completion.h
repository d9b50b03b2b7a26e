/* completion.h - the three shells' scripts, each made from the tables of commands and flags. */
#ifndef BERTH_CLI_COMPLETION_H
#define BERTH_CLI_COMPLETION_H

#include "cli/cli.h"

void completion_bash(FILE *);
void completion_zsh(FILE *);
void completion_fish(FILE *);

/* What `berth __complete` calls it: "applications", ...; NULL: the program knows no names for it. */
const char *subject_names(enum subject);
/* How many of a command's arguments are told apart; *ret_rest: the last one stands for all that follow. */
size_t arguments_told(const struct command *, bool *ret_rest);
/* Writes `text`, each of these characters with a backslash before it, or twice in single quotes' manner. */
void put_escaped(FILE *, const char *text, const char *escaped);
/* "a|b" as "a b". */
void put_choices(FILE *, const char *choices, const char *between);
bool has_value(const struct flag *);

#endif
