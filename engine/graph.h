/* graph.h - an application as a drawing: who needs whom and why, as text for a person or a drawing tool. */
#ifndef BERTH_ENGINE_GRAPH_H
#define BERTH_ENGINE_GRAPH_H

#include "base/text.h"
#include "entities/entity.h"

/* One line to draw. Several uses of the same thing are one. */
struct graph_edge {
	size_t from, to; /* components: the consumer, the provider */
	enum edge_kind kind;
	const char *label; /* "redis:6379"; "" for none */
};

struct graph {
	struct arena arena;
	const struct application *application;
	struct graph_edge *edges;
	size_t edge_count;
};

/* 0 or -1 (no memory). Released by graph_release. */
int graph_gather(const struct application *application, struct graph *ret);
void graph_release(struct graph *graph);
/* Where a component goes, in few words; "" where nothing is made. */
const char *graph_location(struct arena *arena, const struct component *component);
/* Its first line: the id, and how many of it. */
const char *graph_title(struct arena *arena, const struct component *component);

/* --- graph_render.c, graph_svg.c: text->failed when memory is gone --- */
void graph_dot(struct graph *graph, struct text *ret);
void graph_mermaid(struct graph *graph, struct text *ret);
void graph_svg(struct graph *graph, struct text *ret);

/* --- graph_layout.c --- */

/* A box, or a bend (of no component) that a long line goes through. The caller gives boxes their sizes. */
struct spot {
	int width, height;
	int x, y; /* upper left corner */
	size_t layer, place;
	double pull; /* where its neighbours would like it */
};

struct layout {
	struct spot *spots; /* the components' first, in their order */
	size_t spot_count;
	size_t **routes; /* for each edge, the spots it goes through, ended by NO_COMPONENT */
	size_t layer_count;
	int width, height;
};

/* Consumers left of what they need, in layers; lines that cross little. 0 or -1 (no memory). */
int layout_make(struct graph *graph, struct spot *boxes, int gap, struct layout *ret);

#endif
