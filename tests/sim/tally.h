/* tally.h - how often everything happened, over many seeds. */
#ifndef BERTH_TESTS_SIM_TALLY_H
#define BERTH_TESTS_SIM_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tally;

struct tally *tally_new(void);
void tally_free(struct tally *tally);
/* One more of that group ("fault", "phase", "call", ...). A first 0 makes it known: a row that may stay
 * empty. */
void tally_add(struct tally *tally, const char *group, const char *name, uint64_t count);
/* As lines "group<TAB>name<TAB>count"; and back, added up. */
void tally_write(const struct tally *tally, FILE *to);
int tally_read(struct tally *tally, FILE *from);
/* The table for people; how many rows of it are empty. */
size_t tally_show(const struct tally *tally, FILE *to);

#endif
