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
/* What a component is, and the groups that it is in; "" of one that the blueprint does not have. NULL: no
 * memory. */
const char *graph_type(struct graph *graph, const struct component *component);
/* Where it goes, in few words; "" where nothing is made. */
const char *graph_location(struct arena *arena, const struct component *component);
/* Its first line: the id, and how many of it. */
const char *graph_title(struct arena *arena, const struct component *component);
/* Of a cluster, and of what an autoscaler resizes: "3 members, 1 to 5"; NULL: it is neither, or no memory. */
const char *graph_size(struct arena *arena, const struct component *component);
/* So many of its members are drawn one by one. */
enum { GRAPH_MEMBERS = 6 };
static inline unsigned graph_members(const struct component *component)
{
	return component->size < GRAPH_MEMBERS ? component->size : GRAPH_MEMBERS;
}
/* Whether it is a load balancer's line to those who take its requests. */
static inline bool graph_balances(const struct graph *graph, const struct graph_edge *edge)
{
	const struct component_spec *spec = graph->application->components[edge->from].spec;
	return spec && spec->balancer && edge->kind == EDGE_LINK;
}

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
