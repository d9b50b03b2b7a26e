/* plot.c - a simulation's numbers and sizes over time, drawn with signs: a chart for each number, one for
 * each component that is resized, and their time below. */
#include "cli/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 8, LEAST_COLUMNS = 20, MOST_COLUMNS = 112, ROWS = 8, MOST_SIZE_ROWS = 12 };

/* What the cells of a chart show. */
enum mark { MARK_NONE, MARK_POINT, MARK_LINE, MARK_REAL, MARK_MISSING, MARKS };

static bool speaks_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = NULL;
	for (size_t i = 0; i < COUNT_OF(names) && !(value && *value); i++)
		value = getenv(names[i]);
	return value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
}

static void put_mark(const struct screen *out, enum mark mark)
{
	static const struct {
		const char *sign, *plain;
		enum paint how;
	} signs[MARKS] = {[MARK_NONE] = {" ", " ", PLAIN},
			  [MARK_POINT] = {"\xe2\x80\xa2", "*", CYAN},
			  [MARK_LINE] = {"\xe2\x94\x84", "-", DIM},
			  [MARK_REAL] = {"\xe2\x96\x88", "#", GREEN},
			  [MARK_MISSING] = {"\xe2\x96\x91", ":", YELLOW}};
	paint(out, signs[mark].how, "%s", speaks_utf8() ? signs[mark].sign : signs[mark].plain);
}

/* One chart: its rows are of equal height, the first one is the highest. */
struct chart {
	const struct screen *out;
	int rows, columns;
	double top; /* of the highest row */
};

static int row_of(const struct chart *chart, double value)
{
	int row = chart->rows - 1 - (int)(value / chart->top * chart->rows);
	return row < 0 ? 0 : row >= chart->rows ? chart->rows - 1 : row;
}

static void put_row(const struct chart *chart, double label, const enum mark *marks)
{
	char words[32] = "";
	if (isfinite(label))
		snprintf(words, sizeof words, "%.4g", label);
	paint(chart->out, DIM, "%*.*s |", LABEL - 2, LABEL - 2, words);
	int last = chart->columns - 1;
	while (last >= 0 && marks[last] == MARK_NONE)
		last--;
	for (int i = 0; i <= last; i++)
		put_mark(chart->out, marks[i]);
	putc('\n', chart->out->to);
}

static void put_title(const struct screen *out, const char *component, const char *name)
{
	put(out, BOLD, component);
	if (*name) {
		putc('.', out->to);
		put(out, BOLD, name);
	}
}

/* --- a number ------------------------------------------------------------------------------------ */

struct goal {
	double lower, upper, target;
};

static double number_or_nan(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);
	return json_is_number(number) ? json_number_value(number) : NAN;
}

static double larger(double a, double b)
{
	return isfinite(b) && b > a ? b : a;
}

static void draw_number(const struct chart *chart, const struct curve *curve, const struct goal *goal)
{
	const double lines[] = {goal->lower, goal->upper, goal->target};
	enum mark *marks = calloc((size_t)chart->columns, sizeof *marks);
	for (int row = 0; marks && row < chart->rows; row++) {
		double label = row == 0 ? chart->top : row == chart->rows - 1 ? 0 : NAN;
		for (int i = 0; i < chart->columns; i++)
			marks[i] = MARK_NONE;
		for (size_t k = 0; k < COUNT_OF(lines); k++)
			if (isfinite(lines[k]) && row_of(chart, lines[k]) == row) {
				label = lines[k];
				for (int i = 0; i < chart->columns; i++)
					marks[i] = MARK_LINE;
			}
		for (int i = 0; i < chart->columns; i++)
			if (isfinite(curve->values[i]) && row_of(chart, curve->values[i]) == row)
				marks[i] = MARK_POINT;
		put_row(chart, label, marks);
	}
	free(marks);
}

static void plot_number(const struct screen *out, const json_t *metric, int64_t until_ms, int columns)
{
	const struct goal goal = {number_or_nan(metric, "lower"), number_or_nan(metric, "upper"),
				  number_or_nan(metric, "target")};
	struct curve curve;
	if (curve_of_numbers(list_of(metric, "points"), until_ms, columns, &curve))
		return;
	double top = larger(larger(larger(curve_top(&curve), goal.upper), goal.target), goal.lower);
	const struct chart chart = {out, ROWS, columns, top > 0 ? top * 1.05 : 1};
	put_title(out, text_of(metric, "component"), text_of(metric, "name"));
	if (isfinite(goal.target))
		fprintf(out->to, ", target %g", goal.target);
	else if (isfinite(goal.upper))
		fprintf(out->to, ", %g to %g", goal.lower, goal.upper);
	putc('\n', out->to);
	draw_number(&chart, &curve, &goal);
	curve_release(&curve);
}

/* --- a size ---------------------------------------------------------------------------------------- */

struct sizes {
	struct curve wanted, real, least, most;
};

static int sizes_of(const json_t *points, int64_t until_ms, int columns, struct sizes *ret)
{
	*ret = (struct sizes){0};
	return curve_of_sizes(points, "wanted", until_ms, columns, &ret->wanted) ||
		       curve_of_sizes(points, "real", until_ms, columns, &ret->real) ||
		       curve_of_sizes(points, "min", until_ms, columns, &ret->least) ||
		       curve_of_sizes(points, "max", until_ms, columns, &ret->most)
		   ? -1
		   : 0;
}

static void sizes_release(struct sizes *sizes)
{
	curve_release(&sizes->wanted);
	curve_release(&sizes->real);
	curve_release(&sizes->least);
	curve_release(&sizes->most);
}

/* Of the row of those from `low` on: is it reached, wanted, a bound? */
static enum mark size_mark(const struct sizes *sizes, int column, double low, double high)
{
	double real = sizes->real.values[column], wanted = sizes->wanted.values[column],
	       least = sizes->least.values[column], most = sizes->most.values[column];
	if (isfinite(real) && real > low)
		return MARK_REAL;
	if (isfinite(wanted) && wanted > low)
		return MARK_MISSING;
	return (most > low && most <= high) || (least > low && least <= high) ? MARK_LINE : MARK_NONE;
}

static void draw_sizes(const struct chart *chart, const struct sizes *sizes)
{
	enum mark *marks = calloc((size_t)chart->columns, sizeof *marks);
	for (int row = 0; marks && row < chart->rows; row++) {
		double high = chart->top * (chart->rows - row) / chart->rows,
		       low = chart->top * (chart->rows - row - 1) / chart->rows;
		for (int i = 0; i < chart->columns; i++)
			marks[i] = size_mark(sizes, i, low, high);
		put_row(chart, high, marks);
	}
	free(marks);
}

static void plot_size(const struct screen *out, const json_t *size, int64_t until_ms, int columns)
{
	struct sizes sizes;
	if (sizes_of(list_of(size, "points"), until_ms, columns, &sizes) == 0) {
		/* A maximum that is far away would press everything down. */
		double top = larger(curve_top(&sizes.wanted), curve_top(&sizes.real));
		if (curve_top(&sizes.most) <= 3 * top)
			top = larger(top, curve_top(&sizes.most));
		top = top < 1 ? 1 : top;
		const struct chart chart = {out, top <= MOST_SIZE_ROWS ? (int)top : ROWS, columns, top};
		put_title(out, text_of(size, "component"), "");
		fputs(", instances\n", out->to);
		draw_sizes(&chart, &sizes);
	}
	sizes_release(&sizes);
}

/* --- all of it ---------------------------------------------------------------------------------------- */

static void put_time(const struct screen *out, int64_t until_ms, int columns)
{
	char end[32];
	format_elapsed(end, sizeof end, until_ms);
	fprintf(out->to, "%*s", LABEL, "+");
	for (int i = 0; i < columns; i++)
		putc('-', out->to);
	int gap = columns - (int)strlen(end) - 1;
	fprintf(out->to, "\n%*s0%*s%s\n", LABEL, "", gap > 0 ? gap : 1, "", end);
}

/* "   30.0 s  web: 3 wanted, 2 answer" */
static void list_changes(const struct screen *out, const json_t *size)
{
	int64_t wanted = -1;
	size_t i;
	json_t *point;
	json_array_foreach (list_of(size, "points"), i, point) {
		char when[32];
		if (number_of(point, "wanted") == wanted)
			continue;
		wanted = number_of(point, "wanted");
		format_elapsed(when, sizeof when, number_of(point, "at_ms"));
		fprintf(out->to, "%s ", when);
		put(out, BOLD, text_of(size, "component"));
		fprintf(out->to, " %lld\n", (long long)wanted);
	}
}

void plot_series(const struct screen *out, const json_t *series)
{
	int columns, rows;
	size_t i;
	json_t *one;
	screen_size(out, &columns, &rows);
	columns = columns - LABEL - 1;
	columns = columns > MOST_COLUMNS ? MOST_COLUMNS : columns;
	int64_t until_ms = number_of(series, "until_ms");
	if (columns < LEAST_COLUMNS) {
		json_array_foreach (list_of(series, "sizes"), i, one)
			list_changes(out, one);
		return;
	}
	json_array_foreach (list_of(series, "metrics"), i, one)
		plot_number(out, one, until_ms, columns);
	json_array_foreach (list_of(series, "sizes"), i, one)
		plot_size(out, one, until_ms, columns);
	put_time(out, until_ms, columns);
}
