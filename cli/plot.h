/* plot.h - what was measured, and the sizes that became of it, over time: as signs on a terminal, as a
 * drawing.
 */
#ifndef BERTH_CLI_PLOT_H
#define BERTH_CLI_PLOT_H

#include "cli/screen.h"

/* One number over time, in so many columns of equal length; NAN: nothing is known then. */
struct curve {
	double *values;
	int columns;
};
/* Of points [at_ms, number or null]: the mean of each column, else what was told before it. -1: no memory. */
int curve_of_numbers(const json_t *points, int64_t until_ms, int columns, struct curve *ret);
/* Of points {"at_ms", KEY: number}: what it is at the end of each column. */
int curve_of_sizes(const json_t *points, const char *key, int64_t until_ms, int columns, struct curve *ret);
double curve_top(const struct curve *curve); /* 0 when nothing is known */
void curve_release(struct curve *curve);

/* `series` of a simulation, as wide as the terminal; on one that is too narrow its changes as lines. */
void plot_series(const struct screen *, const json_t *series);
/* The same as SVG in `to`. 0 or -1 (no memory). */
int plot_svg(FILE *to, const json_t *series);

#endif
