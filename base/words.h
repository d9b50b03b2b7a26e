/* words.h - how far two words are apart. */
#ifndef BERTH_BASE_WORDS_H
#define BERTH_BASE_WORDS_H

#include <stddef.h>

/* How many letters are to be inserted, removed, replaced or swapped with a neighbour until one is the other,
 * case aside; SIZE_MAX where one of them is too long to be a word. */
size_t edit_distance(const char *a, const char *b);

#endif
