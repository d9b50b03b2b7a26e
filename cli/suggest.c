/* suggest.c - "did you mean": the nearest name by single slips of the keyboard. */
#include <string.h>

#include "cli/cli.h"

#define LONGEST 40

/* Insertions, deletions, substitutions and swapped neighbours; words over LONGEST are never near. */
static size_t distance(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	size_t rows[LONGEST + 1][LONGEST + 1];
	if (m > LONGEST || n > LONGEST)
		return LONGEST;
	for (size_t i = 0; i <= m; i++)
		for (size_t j = 0; j <= n; j++) {
			if (!i || !j) {
				rows[i][j] = i + j;
				continue;
			}
			size_t best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (rows[i - 1][j] + 1 < best)
				best = rows[i - 1][j] + 1;
			if (rows[i][j - 1] + 1 < best)
				best = rows[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[i - 2][j - 2] + 1 < best)
				best = rows[i - 2][j - 2] + 1;
			rows[i][j] = best;
		}
	return rows[m][n];
}

const char *nearest(const char *word, const char *(*name)(size_t i, const void *of), const void *of)
{
	size_t length = strlen(word), limit = length < 4 ? 1 : length < 8 ? 2 : 3;
	const char *found = NULL;
	for (size_t i = 0; name(i, of); i++) {
		size_t away = distance(word, name(i, of));
		if (away <= limit) {
			found = name(i, of);
			limit = away ? away - 1 : 0;
			if (!away)
				break;
		}
	}
	return found;
}
