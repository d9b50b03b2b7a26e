/* graph_svg.c - the application as a picture: boxes by layer, lines by kind, a colour for each location. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/graph.h"

#define BOX_HEIGHT   66
#define BOX_PADDING  12
#define MEMBER       16 /* how wide and high one of a cluster's is, with the gap behind it */
#define LETTER_WIDTH 7  /* of 12 pixels' text, on average; titles are a little wider */
#define LETTERS_MOST 44
#define GAP_LEAST    70
#define LEGEND_ROW   30

/* Dark enough for white letters on them, on any page. */
static const char *const colours[] = {"#1f6feb", "#8250df", "#1a7f37", "#bc4c00",
				      "#a40e26", "#0b7285", "#7d4e00", "#596069"};

static const char style[] =
    "<style>"
    ".paper{fill:#fff}.box{fill:#f6f8fa;stroke:#57606a}.outside{stroke-dasharray:6 4}"
    "text{font:12px "
    "system-ui,sans-serif;fill:#24292f}.title{font-size:14px;font-weight:600}.type{fill:#57606a}"
    ".on{fill:#fff;font-size:11px}.line{fill:none;stroke:#57606a;stroke-width:1.4}"
    ".balances{stroke-width:2.8}.member{fill:#1a7f37}.value{stroke-dasharray:6 4}.order{stroke-dasharray:2 "
    "4}.head{fill:#57606a}"
    ".label{font-size:11px;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    "@media(prefers-color-scheme:dark){.paper{fill:#0d1117}.box{fill:#161b22;stroke:#8b949e}text{fill:#"
    "e6edf3}"
    ".type{fill:#9ea7b3}.on{fill:#fff}.line{stroke:#8b949e}.head{fill:#8b949e}.label{stroke:#0d1117}}"
    "</style>\n";

struct picture {
	struct graph *graph;
	struct text *text;
	struct layout layout;
	const char **titles, **types, **locations; /* of each component */
	const char **places;                       /* the locations, each once */
	size_t place_count;
	int *start_y, *end_y; /* where each line leaves and arrives */
};

static void add_xml(struct text *text, const char *words)
{
	for (; *words; words++) {
		switch (*words) {
		case '<':
			text_add(text, "&lt;");
			break;
		case '>':
			text_add(text, "&gt;");
			break;
		case '&':
			text_add(text, "&amp;");
			break;
		case '"':
			text_add(text, "&quot;");
			break;
		case '\'':
			text_add(text, "&#39;");
			break;
		default:
			text_add_char(text, (unsigned char)*words < ' ' ? ' ' : *words);
		}
	}
}

/* Characters, not bytes. */
static int letters(const char *words)
{
	int count = 0;
	for (; *words; words++)
		count += ((unsigned char)*words & 0xc0) != 0x80;
	return count;
}

/* Words no longer than a box holds. */
static void add_cut(struct text *text, const char *words)
{
	char cut[4 * LETTERS_MOST + 1];
	size_t length = 0;
	if (letters(words) <= LETTERS_MOST) {
		add_xml(text, words);
		return;
	}
	for (int count = 0; words[length] && length < sizeof cut - 4; length++) {
		count += ((unsigned char)words[length] & 0xc0) != 0x80;
		if (count == LETTERS_MOST)
			break;
		cut[length] = words[length];
	}
	memcpy(cut + length, "\xe2\x80\xa6", 4);
	add_xml(text, cut);
}

static int width_of(const char *words)
{
	int count = letters(words);
	return (count < LETTERS_MOST ? count : LETTERS_MOST) * LETTER_WIDTH;
}

/* --- measuring ----------------------------------------------------------------------------------------- */

static size_t place_index(const struct picture *picture, const char *location)
{
	size_t i = 0;
	while (i < picture->place_count && strcmp(picture->places[i], location) != 0)
		i++;
	return i;
}

static int measure_box(struct picture *picture, size_t index, struct spot *ret)
{
	struct arena *arena = &picture->graph->arena;
	const struct component *component = &picture->graph->application->components[index];
	const char *title = graph_title(arena, component), *location = graph_location(arena, component);
	const char *words = graph_type(picture->graph, component);
	if (!title || !location || !words)
		return -1;
	picture->titles[index] = title;
	picture->types[index] = words;
	picture->locations[index] = location;
	if (*location && place_index(picture, location) == picture->place_count)
		picture->places[picture->place_count++] = location;
	int width = width_of(title) * 8 / 7, type = width_of(words);
	int badge = *location ? width_of(location) + 14 : 0;
	width = width > type ? width : type;
	width = width > badge ? width : badge;
	const char *size = graph_size(arena, component);
	if (size && width_of(size) > width)
		width = width_of(size);
	if (size && ((int)graph_members(component) + 1) * MEMBER > width)
		width = ((int)graph_members(component) + 1) * MEMBER;
	*ret = (struct spot){.width = (width < 90 ? 90 : width) + 2 * BOX_PADDING,
			     .height = BOX_HEIGHT + (size ? 2 * MEMBER + 6 : 0)};
	return 0;
}

static int measure(struct picture *picture)
{
	struct graph *graph = picture->graph;
	size_t count = graph->application->component_count;
	struct spot *boxes = arena_array(&graph->arena, struct spot, count + 1);
	picture->titles = arena_array(&graph->arena, const char *, count + 1);
	picture->types = arena_array(&graph->arena, const char *, count + 1);
	picture->locations = arena_array(&graph->arena, const char *, count + 1);
	picture->places = arena_array(&graph->arena, const char *, count + 1);
	if (!boxes || !picture->titles || !picture->types || !picture->locations || !picture->places)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (measure_box(picture, i, &boxes[i]))
			return -1;
	int gap = GAP_LEAST;
	for (size_t i = 0; i < graph->edge_count; i++)
		if (width_of(graph->edges[i].label) + 40 > gap)
			gap = width_of(graph->edges[i].label) + 40;
	return layout_make(graph, boxes, gap, &picture->layout);
}

/* A line at one end of it: lines at one box are spread over its side in the order of where they go. */
struct line_end {
	size_t line, box;
	int other_y;
};

static int compare_ends(const void *a, const void *b)
{
	const struct line_end *left = a, *right = b;
	if (left->box != right->box)
		return left->box < right->box ? -1 : 1;
	if (left->other_y != right->other_y)
		return left->other_y < right->other_y ? -1 : 1;
	return left->line < right->line ? -1 : left->line > right->line;
}

static void spread(const struct picture *picture, struct line_end *ends, size_t count, int *ret_y)
{
	qsort(ends, count, sizeof *ends, compare_ends);
	for (size_t first = 0, end; first < count; first = end) {
		const struct spot *box = &picture->layout.spots[ends[first].box];
		for (end = first; end < count && ends[end].box == ends[first].box;)
			end++;
		for (size_t i = first; i < end; i++)
			ret_y[ends[i].line] =
			    box->y + box->height * (int)(i - first + 1) / (int)(end - first + 1);
	}
}

static int attach_lines(struct picture *picture)
{
	struct graph *graph = picture->graph;
	struct layout *layout = &picture->layout;
	size_t count = graph->edge_count;
	struct line_end *starts = arena_array(&graph->arena, struct line_end, count + 1);
	struct line_end *ends = arena_array(&graph->arena, struct line_end, count + 1);
	picture->start_y = arena_array(&graph->arena, int, count + 1);
	picture->end_y = arena_array(&graph->arena, int, count + 1);
	if (!starts || !ends || !picture->start_y || !picture->end_y)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const size_t *route = layout->routes[i];
		size_t last = 1;
		while (route[last + 1] != NO_COMPONENT)
			last++;
		starts[i] = (struct line_end){i, route[0], layout->spots[route[1]].y};
		ends[i] = (struct line_end){i, route[last], layout->spots[route[last - 1]].y};
	}
	spread(picture, starts, count, picture->start_y);
	spread(picture, ends, count, picture->end_y);
	return 0;
}

/* --- drawing ----------------------------------------------------------------------------------- */

static const char *kind_class(enum edge_kind kind)
{
	return kind == EDGE_LINK ? "line" : kind == EDGE_VALUE ? "line value" : "line order";
}

static void curve(struct text *text, int from_x, int from_y, int to_x, int to_y)
{
	int bend = to_x > from_x ? (to_x - from_x) / 2 : 60;
	text_format(text, " C%d,%d %d,%d %d,%d", from_x + bend, from_y, to_x - bend, to_y, to_x, to_y);
}

static void draw_line(struct picture *picture, size_t index)
{
	struct text *text = picture->text;
	const struct graph_edge *edge = &picture->graph->edges[index];
	const struct spot *spots = picture->layout.spots;
	const size_t *route = picture->layout.routes[index];
	int x = spots[route[0]].x + spots[route[0]].width, y = picture->start_y[index], label_x = 0,
	    label_y = 0;
	text_format(text, "<path class=\"%s%s\" marker-end=\"url(#berth-head)\" d=\"M%d,%d",
		    kind_class(edge->kind), graph_balances(picture->graph, edge) ? " balances" : "", x, y);
	for (size_t i = 1; route[i] != NO_COMPONENT; i++) {
		const struct spot *spot = &spots[route[i]];
		bool last = route[i + 1] == NO_COMPONENT;
		int to_y = last ? picture->end_y[index] : spot->y + spot->height / 2;
		if (i == 1) {
			label_x = (x + spot->x) / 2;
			label_y = (y + to_y) / 2 - 4;
		}
		curve(text, x, y, spot->x - (last ? 2 : 0), to_y);
		if (!last)
			text_format(text, " L%d,%d", spot->x + spot->width, to_y);
		x = spot->x + spot->width;
		y = to_y;
	}
	text_add(text, "\"/>\n");
	if (!*edge->label)
		return;
	text_format(text, "<text class=\"label\" x=\"%d\" y=\"%d\">", label_x, label_y);
	add_cut(text, edge->label);
	text_add(text, "</text>\n");
}

static void draw_badge(struct picture *picture, int x, int y, size_t place)
{
	struct text *text = picture->text;
	text_format(text,
		    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"16\" rx=\"8\" fill=\"%s\"/><text "
		    "class=\"on\" x=\"%d\" y=\"%d\">",
		    x, y, width_of(picture->places[place]) + 14, colours[place % COUNT_OF(colours)], x + 7,
		    y + 12);
	add_cut(text, picture->places[place]);
	text_add(text, "</text>\n");
}

/* How many, within which bounds, and one sign for each. */
static void draw_members(struct picture *picture, const struct component *component, const struct spot *spot)
{
	struct text *text = picture->text;
	const char *size = graph_size(&picture->graph->arena, component);
	int x = spot->x + BOX_PADDING, y = spot->y + BOX_HEIGHT;
	if (!size)
		return;
	text_format(text, "<text class=\"type\" x=\"%d\" y=\"%d\">", x, y + 10);
	add_cut(text, size);
	text_add(text, "</text>\n");
	for (unsigned i = 0; i < graph_members(component); i++, x += MEMBER)
		text_format(text,
			    "<rect class=\"member\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\">"
			    "<title>%u</title></rect>\n",
			    x, y + 16, MEMBER - 4, MEMBER - 4, component_ordinal(component, i));
	if (component->size > GRAPH_MEMBERS)
		text_format(text, "<text class=\"type\" x=\"%d\" y=\"%d\">+%u</text>\n", x, y + 27,
			    component->size - GRAPH_MEMBERS);
}

static void draw_box(struct picture *picture, size_t index)
{
	struct text *text = picture->text;
	const struct component *component = &picture->graph->application->components[index];
	const struct spot *spot = &picture->layout.spots[index];
	const char *type = picture->types[index];
	text_add(text, "<g><title>");
	add_xml(text, component->id);
	text_add(text, ": ");
	add_xml(text, type);
	text_format(
	    text, "</title><rect class=\"box%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
	    *picture->locations[index] ? "" : " outside", spot->x, spot->y, spot->width, spot->height);
	text_format(text, "<text class=\"title\" x=\"%d\" y=\"%d\">", spot->x + BOX_PADDING, spot->y + 20);
	add_cut(text, picture->titles[index]);
	text_format(text, "</text>\n<text class=\"type\" x=\"%d\" y=\"%d\">", spot->x + BOX_PADDING,
		    spot->y + 37);
	add_cut(text, type);
	text_add(text, "</text>\n");
	if (*picture->locations[index])
		draw_badge(picture, spot->x + BOX_PADDING, spot->y + 44,
			   place_index(picture, picture->locations[index]));
	draw_members(picture, component, spot);
	text_add(text, "</g>\n");
}

static int kind_legend(struct picture *picture, enum edge_kind kind, const char *words, int x, int y)
{
	size_t i = 0;
	while (i < picture->graph->edge_count && picture->graph->edges[i].kind != kind)
		i++;
	if (i == picture->graph->edge_count)
		return x;
	text_format(picture->text, "<path class=\"%s\" d=\"M%d,%d h30\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
		    kind_class(kind), x, y + 8, x + 36, y + 12, words);
	return x + 36 + width_of(words) + 20;
}

/* One row for the locations, wrapped where it is too long, one for the kinds of lines. */
static int draw_legend(struct picture *picture, int width, int y)
{
	int x = 16;
	for (size_t i = 0; i < picture->place_count; i++) {
		int wide = width_of(picture->places[i]) + 14;
		if (x > 16 && x + wide > width - 16) {
			x = 16;
			y += LEGEND_ROW;
		}
		draw_badge(picture, x, y, i);
		x += wide + 12;
	}
	if (picture->place_count)
		y += LEGEND_ROW;
	if (!picture->graph->edge_count)
		return y;
	x = kind_legend(picture, EDGE_LINK, "link", 16, y);
	x = kind_legend(picture, EDGE_VALUE, "value", x, y);
	kind_legend(picture, EDGE_ORDER, "order", x, y);
	return y + LEGEND_ROW;
}

/* How wide the rows of the legend want the picture to be. */
static int legend_width(const struct picture *picture)
{
	int widest = 280;
	for (size_t i = 0; i < picture->place_count; i++)
		if (width_of(picture->places[i]) + 46 > widest)
			widest = width_of(picture->places[i]) + 46;
	return widest;
}

void graph_svg(struct graph *graph, struct text *ret)
{
	owned_text inside = {0};
	struct picture picture = {.graph = graph, .text = &inside};
	if (measure(&picture) || attach_lines(&picture)) {
		ret->failed = true;
		return;
	}
	for (size_t i = 0; i < graph->edge_count; i++)
		draw_line(&picture, i);
	for (size_t i = 0; i < graph->application->component_count; i++)
		draw_box(&picture, i);
	int width = picture.layout.width, least = legend_width(&picture);
	width = width > least ? width : least;
	int height = draw_legend(&picture, width, picture.layout.height + 4);
	if (inside.failed) {
		ret->failed = true;
		return;
	}
	text_format(ret,
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
		    "%d\" role=\"img\">\n<title>",
		    width, height, width, height);
	add_xml(ret, graph->application->id);
	text_add(ret, "</title>\n");
	text_add(ret, style);
	text_add(ret, "<defs><marker id=\"berth-head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
		      "markerWidth=\"7\" markerHeight=\"7\""
		      " orient=\"auto\"><path class=\"head\" d=\"M0,0 L8,4 L0,8 z\"/></marker></defs>\n");
	text_format(ret, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", width, height);
	text_add_bytes(ret, inside.data, inside.length);
	text_add(ret, "</svg>\n");
}
