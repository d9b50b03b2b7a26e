/* plot_curve.c - points in time as a number for each column of a plot. */
#include <math.h>
#include <stdlib.h>

#include "cli/plot.h"

static int new_curve(int columns, struct curve *ret)
{
	*ret = (struct curve){.values = calloc((size_t)columns + 1, sizeof(double)), .columns = columns};
	for (int i = 0; ret->values && i < columns; i++)
		ret->values[i] = NAN;
	return ret->values ? 0 : -1;
}

static int column_of(int64_t at_ms, int64_t until_ms, int columns)
{
	int64_t column = until_ms > 0 ? at_ms * columns / until_ms : 0;
	return column >= columns ? columns - 1 : column < 0 ? 0 : (int)column;
}

/* What is not told again is so until something else is. */
static void fill(struct curve *curve, int from, int to, double value)
{
	for (int i = from; i <= to && i < curve->columns; i++)
		curve->values[i] = value;
}

int curve_of_numbers(const json_t *points, int64_t until_ms, int columns, struct curve *ret)
{
	int at = -1, count = 0;
	double sum = 0, last = NAN;
	size_t i;
	json_t *point;
	if (new_curve(columns, ret))
		return -1;
	json_array_foreach (points, i, point) {
		const json_t *value = json_array_get(point, 1);
		int column = column_of(json_integer_value(json_array_get(point, 0)), until_ms, columns);
		if (column != at) {
			if (at >= 0)
				fill(ret, at + 1, column - 1, last);
			at = column;
			sum = count = 0;
		}
		last = json_is_number(value) ? json_number_value(value) : NAN;
		if (json_is_number(value)) {
			sum += last;
			count++;
		}
		ret->values[column] = count ? sum / count : NAN;
	}
	return 0;
}

int curve_of_sizes(const json_t *points, const char *key, int64_t until_ms, int columns, struct curve *ret)
{
	int at = 0;
	double last = NAN;
	size_t i;
	json_t *point;
	if (new_curve(columns, ret))
		return -1;
	json_array_foreach (points, i, point) {
		int column = column_of(number_of(point, "at_ms"), until_ms, columns);
		fill(ret, at, column - 1, last);
		at = column;
		const json_t *value = json_object_get(point, key);
		last = json_is_number(value) ? json_number_value(value) : NAN;
	}
	fill(ret, at, columns - 1, last);
	return 0;
}

double curve_top(const struct curve *curve)
{
	double top = 0;
	for (int i = 0; i < curve->columns; i++)
		if (isfinite(curve->values[i]) && curve->values[i] > top)
			top = curve->values[i];
	return top;
}

void curve_release(struct curve *curve)
{
	free(curve->values);
	curve->values = NULL;
}
