/* graph_layout.c - where each box of a drawing goes: longest-path layers, bends for long lines, barycentres.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/graph.h"

#define MARGIN     16
#define ROW_GAP    22
#define BEND_SIZE  14
#define SWEEPS     6
#define BENDS_MOST 50000 /* a line that would need more goes straight */

/* A piece of a line: between neighbouring layers. */
struct piece {
	size_t left, right;
};

struct work_table {
	struct graph *graph;
	struct layout *layout;
	struct piece *pieces; /* sorted by the layer of their left end */
	size_t piece_count;
	size_t *piece_start; /* of each layer */
	size_t *order;       /* the spots layer by layer */
	size_t *layer_start;
};

/* --- layers ---------------------------------------------------------------------------------------- */

/* Give a component's providers at least the next layer; those that wait for nobody else come next in line. */
static size_t settle(struct graph *graph, struct layout *layout, size_t at, size_t *waits, size_t *line,
		     size_t last)
{
	const struct component *component = &graph->application->components[at];
	for (size_t i = 0; i < component->need_count; i++) {
		size_t to = component->needs[i].to;
		if (waits[to] == 0)
			continue; /* settled already: a circle of peers */
		if (layout->spots[to].layer <= layout->spots[at].layer)
			layout->spots[to].layer = layout->spots[at].layer + 1;
		if (--waits[to] == 0)
			line[last++] = to;
	}
	return last;
}

/* Longest paths from those whom nobody needs. Where components need each other in a circle, one of them goes
 * first. */
static int assign_layers(struct graph *graph, struct layout *layout)
{
	size_t count = graph->application->component_count, last = 0, next = 0;
	size_t *waits = arena_array(&graph->arena, size_t, count + 1);
	size_t *line = arena_array(&graph->arena, size_t, count + 1);
	if (!waits || !line)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!(waits[i] = graph->application->components[i].consumer_count))
			line[last++] = i;
	for (size_t first = 0; next < count;) {
		if (next == last) {
			while (waits[first] == 0)
				first++;
			waits[first] = 0;
			line[last++] = first;
		}
		last = settle(graph, layout, line[next++], waits, line, last);
	}
	for (size_t i = 0; i < count; i++)
		if (layout->spots[i].layer >= layout->layer_count)
			layout->layer_count = layout->spots[i].layer + 1;
	return 0;
}

/* --- bends ------------------------------------------------------------------------------------------- */

/* How many bends a line needs; none for one that goes back (a circle). */
static size_t bends_of(const struct layout *layout, const struct graph_edge *edge)
{
	size_t from = layout->spots[edge->from].layer, to = layout->spots[edge->to].layer;
	return to > from + 1 ? to - from - 1 : 0;
}

static int route_lines(struct graph *graph, struct layout *layout, struct spot *boxes)
{
	size_t boxes_count = layout->spot_count, bends = 0;
	for (size_t i = 0; i < graph->edge_count; i++)
		bends += bends_of(layout, &graph->edges[i]);
	if (bends > BENDS_MOST)
		bends = 0;
	struct spot *spots = arena_array(&graph->arena, struct spot, boxes_count + bends + 1);
	layout->routes = arena_array(&graph->arena, size_t *, graph->edge_count + 1);
	if (!spots || !layout->routes)
		return -1;
	memcpy(spots, boxes, boxes_count * sizeof *spots);
	layout->spots = spots;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		size_t count = bends ? bends_of(layout, edge) : 0;
		size_t *route = layout->routes[i] = arena_array(&graph->arena, size_t, count + 3);
		if (!route)
			return -1;
		*route++ = edge->from;
		for (size_t bend = 0; bend < count; bend++) {
			spots[layout->spot_count] =
			    (struct spot){.height = BEND_SIZE, .layer = spots[edge->from].layer + 1 + bend};
			*route++ = layout->spot_count++;
		}
		*route++ = edge->to;
		*route = NO_COMPONENT;
	}
	return 0;
}

/* --- order within the layers --------------------------------------------------------------------------- */

/* Sort the pieces by layer, counting. */
static int gather_pieces(struct work_table *table)
{
	struct layout *layout = table->layout;
	struct arena *arena = &table->graph->arena;
	size_t count = 0;
	size_t *start = table->piece_start = arena_array(arena, size_t, layout->layer_count + 2);
	if (!start)
		return -1;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < table->graph->edge_count; i++)
			for (size_t *at = layout->routes[i]; at[1] != NO_COMPONENT; at++) {
				size_t layer = layout->spots[at[0]].layer;
				if (layout->spots[at[1]].layer != layer + 1)
					continue;
				if (pass == 0) {
					start[layer + 1]++;
					count++;
				} else {
					table->pieces[start[layer]++] = (struct piece){at[0], at[1]};
				}
			}
		if (pass)
			break;
		for (size_t layer = 0; layer < layout->layer_count; layer++)
			start[layer + 1] += start[layer];
		table->pieces = arena_array(arena, struct piece, count + 1);
		if (!table->pieces)
			return -1;
	}
	/* Filling moved each start to the next one's place. */
	memmove(start + 1, start, (layout->layer_count) * sizeof *start);
	start[0] = 0;
	table->piece_count = count;
	return 0;
}

static int gather_order(struct work_table *table)
{
	struct layout *layout = table->layout;
	struct arena *arena = &table->graph->arena;
	size_t *start = table->layer_start = arena_array(arena, size_t, layout->layer_count + 2);
	size_t *fill = arena_array(arena, size_t, layout->layer_count + 2);
	table->order = arena_array(arena, size_t, layout->spot_count + 1);
	if (!start || !fill || !table->order)
		return -1;
	for (size_t i = 0; i < layout->spot_count; i++)
		start[layout->spots[i].layer + 1]++;
	for (size_t layer = 0; layer < layout->layer_count; layer++)
		start[layer + 1] += start[layer];
	for (size_t i = 0; i < layout->spot_count; i++) {
		struct spot *spot = &layout->spots[i];
		spot->place = fill[spot->layer]++;
		table->order[start[spot->layer] + spot->place] = i;
	}
	return 0;
}

static int compare_pull(const void *a, const void *b, void *context)
{
	const struct spot *spots = context, *left = &spots[*(const size_t *)a],
			  *right = &spots[*(const size_t *)b];
	if (left->pull != right->pull)
		return left->pull < right->pull ? -1 : 1;
	return left->place < right->place ? -1 : left->place > right->place;
}

/* Where the neighbours of one layer's spots are, on the left or on the right, in the middle. `measure` tells
 * a spot's place. */
static void pull_layer(struct work_table *table, size_t layer, bool from_left,
		       double (*measure)(const struct spot *))
{
	struct spot *spots = table->layout->spots;
	size_t pieces = from_left ? layer - 1 : layer;
	for (size_t i = table->layer_start[layer]; i < table->layer_start[layer + 1]; i++)
		spots[table->order[i]].pull = 0;
	size_t first = table->layer_start[layer], count = table->layer_start[layer + 1] - first;
	size_t *neighbours = calloc(count + 1, sizeof *neighbours);
	if (!neighbours)
		return; /* the drawing is then less pretty, and right all the same */
	for (size_t i = table->piece_start[pieces]; i < table->piece_start[pieces + 1]; i++) {
		struct piece piece = table->pieces[i];
		struct spot *mine = &spots[from_left ? piece.right : piece.left];
		mine->pull += measure(&spots[from_left ? piece.left : piece.right]);
		neighbours[mine->place]++;
	}
	for (size_t i = 0; i < count; i++) {
		struct spot *spot = &spots[table->order[first + i]];
		spot->pull =
		    neighbours[spot->place] ? spot->pull / (double)neighbours[spot->place] : measure(spot);
	}
	free(neighbours);
}

static double place_of(const struct spot *spot)
{
	return (double)spot->place;
}

static double middle_of(const struct spot *spot)
{
	return spot->y + spot->height / 2.0;
}

static void sort_layer(struct work_table *table, size_t layer)
{
	size_t first = table->layer_start[layer], count = table->layer_start[layer + 1] - first;
	qsort_r(&table->order[first], count, sizeof *table->order, compare_pull, table->layout->spots);
	for (size_t i = 0; i < count; i++)
		table->layout->spots[table->order[first + i]].place = i;
}

static void untangle(struct work_table *table)
{
	size_t layers = table->layout->layer_count;
	for (int sweep = 0; sweep < SWEEPS; sweep++)
		for (size_t i = 1; i < layers; i++) {
			bool from_left = sweep % 2 == 0;
			size_t layer = from_left ? i : layers - 1 - i;
			pull_layer(table, layer, from_left, place_of);
			sort_layer(table, layer);
		}
}

/* --- coordinates ------------------------------------------------------------------------------- */

/* Each spot as near to its pull as those above it allow; then the whole layer moved by what is left over on
 * average. */
static void place_layer(struct work_table *table, size_t layer, bool pulled)
{
	struct spot *spots = table->layout->spots;
	size_t first = table->layer_start[layer], end = table->layer_start[layer + 1];
	double lacks = 0;
	int below = 0;
	for (size_t i = first; i < end; i++) {
		struct spot *spot = &spots[table->order[i]];
		int wish = pulled ? (int)(spot->pull - spot->height / 2.0) : below;
		spot->y = i == first || wish > below ? wish : below;
		lacks += wish - spot->y;
		below = spot->y + spot->height + ROW_GAP;
	}
	int move = end > first ? (int)(lacks / (double)(end - first)) : 0;
	for (size_t i = first; i < end; i++)
		spots[table->order[i]].y += move;
}

static void place_rows(struct work_table *table)
{
	struct layout *layout = table->layout;
	for (size_t layer = 0; layer < layout->layer_count; layer++) {
		if (layer)
			pull_layer(table, layer, true, middle_of);
		place_layer(table, layer, layer > 0);
	}
	int top = 0, bottom = 0;
	for (size_t i = 0; i < layout->spot_count; i++) {
		const struct spot *spot = &layout->spots[i];
		top = i == 0 || spot->y < top ? spot->y : top;
		bottom = i == 0 || spot->y + spot->height > bottom ? spot->y + spot->height : bottom;
	}
	for (size_t i = 0; i < layout->spot_count; i++)
		layout->spots[i].y += MARGIN - top;
	layout->height = bottom - top + 2 * MARGIN;
}

static void place_columns(struct work_table *table, int gap)
{
	struct layout *layout = table->layout;
	int x = MARGIN;
	for (size_t layer = 0; layer < layout->layer_count; layer++) {
		int widest = 0;
		for (size_t i = table->layer_start[layer]; i < table->layer_start[layer + 1]; i++)
			if (layout->spots[table->order[i]].width > widest)
				widest = layout->spots[table->order[i]].width;
		for (size_t i = table->layer_start[layer]; i < table->layer_start[layer + 1]; i++) {
			layout->spots[table->order[i]].x = x;
			layout->spots[table->order[i]].width = widest;
		}
		x += widest + gap;
	}
	layout->width = (layout->layer_count ? x - gap : x) + MARGIN;
}

int layout_make(struct graph *graph, struct spot *boxes, int gap, struct layout *ret)
{
	struct layout layout = {.spots = boxes, .spot_count = graph->application->component_count};
	struct work_table table = {.graph = graph, .layout = &layout};
	if (assign_layers(graph, &layout) || route_lines(graph, &layout, boxes) || gather_pieces(&table) ||
	    gather_order(&table))
		return -1;
	untangle(&table);
	place_columns(&table, gap);
	place_rows(&table);
	*ret = layout;
	return 0;
}
