/* graph_render.c - the lines between an application's components, and the drawing as dot and Mermaid text. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/policy_types.h"
#include "engine/engine.h"
#include "engine/graph.h"

/* --- what there is to draw ----------------------------------------------------------------------- */

/* "redis:6379" or "web:80,443": the alias, and the ports that are behind it. */
static const char *link_label(struct arena *arena, const struct edge *edge, const struct component *provider)
{
	owned_text label = {0};
	char before = ':';
	text_add(&label, edge->link->alias ? edge->link->alias : provider->id);
	for (size_t i = 0; i < provider->port_count; i++) {
		const struct spec_port *port = &provider->ports[i];
		if (!port->open)
			continue;
		text_add_char(&label, before);
		before = ',';
		if (port->port)
			text_format(&label, "%u", port->port);
		else
			text_add(&label, port->name ? port->name : "?");
		if (port->protocol == UDP)
			text_add(&label, "/udp");
	}
	return label.failed ? NULL : arena_text(arena, text_view(&label));
}

static const char *edge_label(struct arena *arena, const struct edge *edge, const struct component *provider)
{
	static const char *const needs[] = {
	    [NEED_READY] = "", [NEED_STARTED] = "started", [NEED_FINISHED] = "finished"};
	switch (edge->kind) {
	case EDGE_LINK:
		return link_label(arena, edge, provider);
	case EDGE_VALUE:
		return edge->port ? arena_format(arena, "%d", edge->port) : "";
	case EDGE_ORDER:
	default:
		return edge->link ? needs[edge->link->need] : "";
	}
}

static bool known(const struct graph *graph, size_t first, const struct graph_edge *edge)
{
	for (size_t i = first; i < graph->edge_count; i++) {
		const struct graph_edge *other = &graph->edges[i];
		if (other->to == edge->to && other->kind == edge->kind &&
		    strcmp(other->label, edge->label) == 0)
			return true;
	}
	return false;
}

static int gather_of(struct graph *graph, const struct component *component)
{
	size_t first = graph->edge_count;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct edge *need = &component->needs[i];
		struct graph_edge edge = {.from = component->index, .to = need->to, .kind = need->kind};
		edge.label = edge_label(&graph->arena, need, &graph->application->components[need->to]);
		if (!edge.label)
			return -1;
		if (!known(graph, first, &edge))
			graph->edges[graph->edge_count++] = edge;
	}
	return 0;
}

int graph_gather(const struct application *application, struct graph *ret)
{
	struct graph graph = {.application = application};
	size_t most = 0;
	for (size_t i = 0; i < application->component_count; i++)
		most += application->components[i].need_count;
	graph.edges = arena_array(&graph.arena, struct graph_edge, most + 1);
	int status = graph.edges ? 0 : -1;
	for (size_t i = 0; i < application->component_count && status == 0; i++)
		status = gather_of(&graph, &application->components[i]);
	if (status)
		graph_release(&graph);
	else
		*ret = graph;
	return status;
}

void graph_release(struct graph *graph)
{
	arena_release(&graph->arena);
	graph->edge_count = 0;
}

const char *graph_location(struct arena *arena, const struct component *component)
{
	const struct component_spec *spec = component->spec;
	if (!spec || spec->kind == COMPONENT_EXTERNAL)
		return "";
	const struct location_spec *location = spec->location;
	if (!location)
		return "localhost";
	if (location->name && *location->name)
		return location->name;
	if (!location->target || !*location->target)
		return location->type ? location->type : "";
	return arena_format(arena, "%s:%s", location->type, location->target);
}

const char *graph_title(struct arena *arena, const struct component *component)
{
	unsigned count = component->spec ? component->size : 1;
	return count > 1 ? arena_format(arena, "%s \xc3\x97%u", component->id, count) : component->id;
}

/* A policy's number under one of its keys' names; NULL: it is not given. */
static const json_t *bound_of(const json_t *config, const char *const *keys)
{
	const json_t *found = NULL;
	for (; *keys && !found; keys++)
		found = json_object_get(config, *keys);
	return found;
}

static void add_bound(struct text *to, const char *before, const json_t *bound, const char *otherwise)
{
	text_add(to, before);
	if (json_is_integer(bound))
		text_format(to, "%lld", (long long)json_integer_value(bound));
	else
		text_add(to, json_is_string(bound) ? json_string_value(bound) : otherwise);
}

static void add_bounds(struct text *to, const struct component_spec *spec)
{
	static const char *const least[] = {"min", "minPoolSize", "autoscaler.minPoolSize", NULL},
				 *const most[] = {"max", "maxPoolSize", "autoscaler.maxPoolSize", NULL};
	for (size_t i = 0; i < spec->policy_count; i++) {
		if (spec->policies[i].type->kind != POLICY_AUTOSCALER)
			continue;
		const json_t *max = bound_of(spec->policies[i].config, most);
		add_bound(to, max ? ", " : ", at least ", bound_of(spec->policies[i].config, least), "1");
		if (max)
			add_bound(to, " to ", max, "");
		return;
	}
	if (spec->cluster && spec->cluster->most)
		text_format(to, ", at most %u", spec->cluster->most);
}

const char *graph_size(struct arena *arena, const struct component *component)
{
	owned_text words = {0};
	if (!size_told(component))
		return NULL;
	if (component->size)
		text_format(&words, "%u member%s", component->size, component->size == 1 ? "" : "s");
	else
		text_add(&words, "no members");
	add_bounds(&words, component->spec);
	return words.failed ? NULL : arena_text(arena, text_view(&words));
}

static bool is_in(const struct component_group *group, size_t component)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->members[i] == component)
			return true;
	return false;
}

/* Of a cluster whose first member is another one, both. */
const char *graph_type(struct graph *graph, const struct component *component)
{
	const struct component_spec *spec = component->spec;
	const struct blueprint *blueprint = graph->application->blueprint;
	owned_text words = {0};
	text_add(&words, spec ? spec->type : "");
	if (spec && spec->cluster && spec->cluster->first)
		text_format(&words, ", first %s", spec->cluster->first->type);
	const char *before = ", in ";
	for (size_t i = 0; blueprint && i < blueprint->group_count; i++)
		if (is_in(blueprint->groups[i], component->index)) {
			text_format(&words, "%s%s", before, blueprint->groups[i]->id);
			before = " and ";
		}
	return words.failed ? NULL : arena_text(&graph->arena, text_view(&words));
}

/* The lines of a component's box: title, type, location. 0 or -1. */
static int lines_of(struct graph *graph, const struct component *component, const char *ret_lines[3])
{
	ret_lines[0] = graph_title(&graph->arena, component);
	ret_lines[1] = graph_type(graph, component);
	ret_lines[2] = graph_location(&graph->arena, component);
	return ret_lines[0] && ret_lines[1] && ret_lines[2] ? 0 : -1;
}

/* --- dot ------------------------------------------------------------------------------------------- */

static void add_dot_text(struct text *text, const char *words)
{
	for (; *words; words++) {
		if (*words == '"' || *words == '\\')
			text_add_char(text, '\\');
		if (*words == '\n')
			text_add(text, "\\n");
		else if ((unsigned char)*words >= ' ')
			text_add_char(text, *words);
	}
}

/* Its members beside it, within a box of their own. */
static void add_dot_members(const struct component *component, struct text *text)
{
	for (unsigned i = 0; i < graph_members(component); i++) {
		text_add(text, "\t\"");
		add_dot_text(text, component->id);
		text_format(text, ".%u\" [label=\"%u\", shape=circle, style=solid, width=0.3];\n",
			    component_ordinal(component, i), component_ordinal(component, i));
	}
	if (component->size > GRAPH_MEMBERS) {
		text_add(text, "\t\"");
		add_dot_text(text, component->id);
		text_format(text, ".more\" [label=\"and %u more\", shape=plaintext];\n",
			    component->size - GRAPH_MEMBERS);
	}
}

static void add_dot_node(struct graph *graph, const struct component *component, struct text *text);

static void add_dot_cluster(struct graph *graph, const struct component *component, const char *size,
			    struct text *text)
{
	text_add(text, "\tsubgraph \"cluster_");
	add_dot_text(text, component->id);
	text_add(text, "\" {\n\tstyle=\"rounded,dashed\";\n\tfontname=\"sans-serif\";\n\tlabel=\"");
	add_dot_text(text, size);
	text_add(text, "\";\n");
	add_dot_node(graph, component, text);
	add_dot_members(component, text);
	text_add(text, "\t}\n");
}

static void add_dot_component(struct graph *graph, const struct component *component, struct text *text)
{
	const char *size = graph_size(&graph->arena, component);
	if (size)
		add_dot_cluster(graph, component, size, text);
	else
		add_dot_node(graph, component, text);
}

static void add_dot_node(struct graph *graph, const struct component *component, struct text *text)
{
	const char *lines[3];
	if (lines_of(graph, component, lines)) {
		text->failed = true;
		return;
	}
	text_add(text, "\t\"");
	add_dot_text(text, component->id);
	text_add(text, "\" [label=\"");
	for (size_t i = 0; i < 3; i++) {
		if (i && *lines[i])
			text_add(text, "\\n");
		add_dot_text(text, lines[i]);
	}
	text_add(text, component->spec && component->spec->kind == COMPONENT_EXTERNAL
			   ? "\", style=\"rounded,dashed\"];\n"
			   : "\"];\n");
}

static void add_dot_edge(struct graph *graph, const struct graph_edge *edge, struct text *text)
{
	const struct component *components = graph->application->components;
	text_add(text, "\t\"");
	add_dot_text(text, components[edge->from].id);
	text_add(text, "\" -> \"");
	add_dot_text(text, components[edge->to].id);
	text_add(text, "\" [style=");
	text_add(text, graph_balances(graph, edge) ? "bold"
		       : edge->kind == EDGE_LINK   ? "solid"
		       : edge->kind == EDGE_VALUE  ? "dashed"
						   : "dotted");
	if (*edge->label) {
		text_add(text, ", label=\"");
		add_dot_text(text, edge->label);
		text_add_char(text, '"');
	}
	text_add(text, "];\n");
}

void graph_dot(struct graph *graph, struct text *ret)
{
	text_add(ret, "digraph \"");
	add_dot_text(ret, graph->application->id);
	text_add(ret, "\" {\n\trankdir=LR;\n\tnode [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
		      "\tedge [fontname=\"sans-serif\", fontsize=10];\n");
	for (size_t i = 0; i < graph->application->component_count; i++)
		add_dot_component(graph, &graph->application->components[i], ret);
	for (size_t i = 0; i < graph->edge_count; i++)
		add_dot_edge(graph, &graph->edges[i], ret);
	text_add(ret, "}\n");
}

/* --- Mermaid ----------------------------------------------------------------------------------------- */

/* Within quotes; what Mermaid or HTML would read as something else becomes an entity. */
static void add_mermaid_text(struct text *text, const char *words)
{
	for (; *words; words++) {
		unsigned char c = (unsigned char)*words;
		if (c == '\n')
			text_add(text, "<br/>");
		else if (strchr("\"#<>&`\\", c))
			text_format(text, "#%d;", c);
		else if (c >= ' ')
			text_add_char(text, *words);
	}
}

static void add_mermaid_node(struct graph *graph, const struct component *component, struct text *text)
{
	const char *lines[3];
	bool external = component->spec && component->spec->kind == COMPONENT_EXTERNAL;
	if (lines_of(graph, component, lines)) {
		text->failed = true;
		return;
	}
	text_format(text, "\tn%zu%s\"", component->index, external ? "([" : "[");
	for (size_t i = 0; i < 3; i++) {
		if (i && *lines[i])
			text_add(text, "<br/>");
		add_mermaid_text(text, lines[i]);
	}
	text_add(text, external ? "\"])\n" : "\"]\n");
}

static void add_mermaid_component(struct graph *graph, const struct component *component, struct text *text)
{
	const char *size = graph_size(&graph->arena, component);
	if (!size) {
		add_mermaid_node(graph, component, text);
		return;
	}
	text_format(text, "\tsubgraph c%zu[\"", component->index);
	add_mermaid_text(text, size);
	text_add(text, "\"]\n");
	add_mermaid_node(graph, component, text);
	for (unsigned i = 0; i < graph_members(component); i++)
		text_format(text, "\tn%zum%u((%u))\n", component->index, component_ordinal(component, i),
			    component_ordinal(component, i));
	if (component->size > GRAPH_MEMBERS)
		text_format(text, "\tn%zumore[\"and %u more\"]\n", component->index,
			    component->size - GRAPH_MEMBERS);
	text_add(text, "\tend\n");
}

static void add_mermaid_edge(const struct graph *graph, const struct graph_edge *edge, struct text *text)
{
	text_format(text, "\tn%zu %s", edge->from,
		    graph_balances(graph, edge) ? "==>"
		    : edge->kind == EDGE_LINK   ? "-->"
						: "-.->");
	if (*edge->label) {
		text_add(text, "|\"");
		add_mermaid_text(text, edge->label);
		text_add(text, "\"|");
	}
	text_format(text, " n%zu\n", edge->to);
}

void graph_mermaid(struct graph *graph, struct text *ret)
{
	text_add(ret, "flowchart LR\n");
	for (size_t i = 0; i < graph->application->component_count; i++)
		add_mermaid_component(graph, &graph->application->components[i], ret);
	for (size_t i = 0; i < graph->edge_count; i++)
		add_mermaid_edge(graph, &graph->edges[i], ret);
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].kind != EDGE_LINK)
			text_format(ret, "\tlinkStyle %zu stroke-dasharray:%s\n", i,
				    graph->edges[i].kind == EDGE_VALUE ? "6 4" : "2 4");
}
