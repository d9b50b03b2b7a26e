/* plot_svg.c - a simulation's numbers and sizes over time as a drawing. */
#include <math.h>

#include "cli/plot.h"

enum { WIDTH = 920, LEFT = 60, PLOT = 840, HEIGHT = 130, GAP = 44, COLUMNS = 840 };

static const char style[] =
    "<style>.paper{fill:#fff}.axis{stroke:#57606a;fill:none}.goal{stroke:#bc4c00;stroke-dasharray:6 "
    "4;fill:none}"
    ".number{stroke:#1f6feb;stroke-width:1.5;fill:none}.real{fill:#1a7f37;fill-opacity:.35}"
    ".wanted{stroke:#1a7f37;stroke-width:1.5;fill:none}text{font:12px system-ui,sans-serif;fill:#24292f}"
    ".title{font-weight:600}.end{text-anchor:end}"
    "@media(prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#e6edf3}.axis{stroke:#8b949e}}</"
    "style>\n";

static void put_xml(FILE *to, const char *words)
{
	for (; *words; words++) {
		unsigned char c = (unsigned char)*words;
		if (c == '<' || c == '>' || c == '&' || c == '"')
			fprintf(to, "&#%d;", c);
		else
			putc(c < ' ' ? ' ' : c, to);
	}
}

/* A frame with its title, from 0 up to `top`. */
struct frame {
	FILE *to;
	int y;
	double top;
};

static double y_of(const struct frame *frame, double value)
{
	double part = value / frame->top;
	return frame->y + HEIGHT * (1 - (part > 1 ? 1 : part < 0 ? 0 : part));
}

static void begin_frame(const struct frame *frame, const char *component, const char *name)
{
	fprintf(frame->to, "<text class=\"title\" x=\"%d\" y=\"%d\">", LEFT, frame->y - 8);
	put_xml(frame->to, component);
	fputs(*name ? "." : ", instances", frame->to);
	put_xml(frame->to, name);
	fprintf(frame->to,
		"</text><text class=\"end\" x=\"%d\" y=\"%d\">%.4g</text><text class=\"end\" x=\"%d\" "
		"y=\"%d\">0</text>\n<path class=\"axis\" d=\"M%d,%d V%d H%d\"/>\n",
		LEFT - 6, frame->y + 10, frame->top, LEFT - 6, frame->y + HEIGHT, LEFT, frame->y,
		frame->y + HEIGHT, LEFT + PLOT);
}

/* Broken where nothing is known; in steps where it stays until it is something else. */
static void draw_curve(const struct frame *frame, const struct curve *curve, const char *class, bool steps)
{
	bool goes_on = false;
	fprintf(frame->to, "<path class=\"%s\" d=\"", class);
	for (int i = 0; i < curve->columns; i++) {
		double value = curve->values[i];
		if (isfinite(value) && !goes_on)
			fprintf(frame->to, "M%d,%.1f ", LEFT + i, y_of(frame, value));
		else if (isfinite(value) && !steps)
			fprintf(frame->to, "L%d,%.1f ", LEFT + i, y_of(frame, value));
		else if (isfinite(value) && value != curve->values[i - 1])
			fprintf(frame->to, "H%d V%.1f ", LEFT + i, y_of(frame, value));
		else if (goes_on && steps && (!isfinite(value) || i + 1 == curve->columns))
			fprintf(frame->to, "H%d ", LEFT + i);
		goes_on = isfinite(value);
	}
	fputs("\"/>\n", frame->to);
}

static void draw_goal(const struct frame *frame, const json_t *metric, const char *key)
{
	const json_t *number = json_object_get(metric, key);
	if (!json_is_number(number))
		return;
	double y = y_of(frame, json_number_value(number));
	fprintf(
	    frame->to,
	    "<path class=\"goal\" d=\"M%d,%.1f H%d\"/><text class=\"end\" x=\"%d\" y=\"%.1f\">%.4g</text>\n",
	    LEFT, y, LEFT + PLOT, LEFT - 6, y + 4, json_number_value(number));
}

static int draw_number(FILE *to, const json_t *metric, int64_t until_ms, int y)
{
	static const char *const goals[] = {"lower", "upper", "target"};
	struct curve curve;
	if (curve_of_numbers(list_of(metric, "points"), until_ms, COLUMNS, &curve))
		return -1;
	struct frame frame = {to, y, curve_top(&curve)};
	for (size_t i = 0; i < COUNT_OF(goals); i++) {
		double goal = json_number_value(json_object_get(metric, goals[i]));
		frame.top = goal > frame.top ? goal : frame.top;
	}
	frame.top = frame.top > 0 ? frame.top * 1.05 : 1;
	begin_frame(&frame, text_of(metric, "component"), text_of(metric, "name"));
	for (size_t i = 0; i < COUNT_OF(goals); i++)
		draw_goal(&frame, metric, goals[i]);
	draw_curve(&frame, &curve, "number", false);
	curve_release(&curve);
	return 0;
}

static void draw_real(const struct frame *frame, const struct curve *curve)
{
	for (int i = 0, end; i < curve->columns; i = end) {
		double value = curve->values[i];
		for (end = i + 1; end < curve->columns && curve->values[end] == value; end++)
			;
		if (isfinite(value) && value > 0)
			fprintf(frame->to,
				"<rect class=\"real\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n",
				LEFT + i, y_of(frame, value), end - i,
				frame->y + HEIGHT - y_of(frame, value));
	}
}

static int draw_size(FILE *to, const json_t *size, int64_t until_ms, int y)
{
	static const char *const keys[] = {"wanted", "real", "min", "max"};
	struct curve curves[COUNT_OF(keys)] = {0};
	int result = 0;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		result |= curve_of_sizes(list_of(size, "points"), keys[i], until_ms, COLUMNS, &curves[i]);
	if (result == 0) {
		struct frame frame = {to, y, curve_top(&curves[0])};
		double real = curve_top(&curves[1]), most = curve_top(&curves[3]);
		frame.top = real > frame.top ? real : frame.top < 1 ? 1 : frame.top;
		frame.top = most > frame.top && most <= 3 * frame.top ? most : frame.top;
		begin_frame(&frame, text_of(size, "component"), "");
		draw_real(&frame, &curves[1]);
		draw_curve(&frame, &curves[2], "goal", true);
		if (most <= frame.top)
			draw_curve(&frame, &curves[3], "goal", true);
		draw_curve(&frame, &curves[0], "wanted", true);
	}
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		curve_release(&curves[i]);
	return result;
}

int plot_svg(FILE *to, const json_t *series)
{
	const json_t *metrics = list_of(series, "metrics"), *sizes = list_of(series, "sizes");
	int height = (int)(json_array_size(metrics) + json_array_size(sizes)) * (HEIGHT + GAP) + GAP, y = GAP;
	int64_t until_ms = number_of(series, "until_ms");
	char end[32];
	size_t i;
	json_t *one;
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		"role=\"img\">\n%s<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n",
		WIDTH, height, WIDTH, height, style, WIDTH, height);
	json_array_foreach (metrics, i, one) {
		if (draw_number(to, one, until_ms, y))
			return -1;
		y += HEIGHT + GAP;
	}
	json_array_foreach (sizes, i, one) {
		if (draw_size(to, one, until_ms, y))
			return -1;
		y += HEIGHT + GAP;
	}
	format_elapsed(end, sizeof end, until_ms);
	fprintf(to,
		"<text x=\"%d\" y=\"%d\">0</text><text class=\"end\" x=\"%d\" y=\"%d\">%s</text>\n</svg>\n",
		LEFT, height - 16, LEFT + PLOT, height - 16, end);
	return 0;
}
