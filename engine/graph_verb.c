/* graph_verb.c - `graph`: a blueprint, or what was deployed last, as a drawing. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/graph.h"
#include "engine/sizes.h"

static const struct {
	const char *name;
	void (*render)(struct graph *graph, struct text *ret);
} formats[] = {{"dot", graph_dot}, {"mermaid", graph_mermaid}, {"svg", graph_svg}};

/* The place of the format in the table, or -1 after the operation was finished. */
static int choose(struct berth_operation *operation)
{
	const char *format = operation->request.format ? operation->request.format : "dot";
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, format) == 0)
			return (int)i;
	fail(operation_error(operation), ERR_INVALID, "there is no format called `%s`", format);
	remedy(operation_error(operation), "the formats are dot, mermaid and svg");
	operation_finish(operation, BERTH_USAGE, document_new(NULL));
	return -1;
}

static json_t *render(const struct application *application, int format)
{
	struct graph graph;
	owned_text drawing = {0};
	if (graph_gather(application, &graph))
		return NULL;
	formats[format].render(&graph, &drawing);
	graph_release(&graph);
	return drawing.failed ? NULL : json_stringn(text_view(&drawing), drawing.length);
}

/* Who they are, as that was remembered last; all from 1 on where it was not. */
static void take_members(struct berth_operation *operation, struct component *component, const char *line)
{
	size_note_auto struct size_note note = {0};
	size_note_read(line, &note);
	const json_t *members = json_object_get(note.more, "members"), *ordinal;
	size_t count = json_array_size(members), i;
	unsigned *ordinals = count ? arena_array(&operation->arena, unsigned, count) : NULL;
	if (note.known && !members)
		component->size = note.size;
	if (!ordinals)
		return;
	json_array_foreach ((json_t *)members, i, ordinal)
		ordinals[i] = (unsigned)json_integer_value(ordinal);
	component->size = (unsigned)count;
	component->cluster.ordinals = ordinals;
}

/* As large as it was made last; of a file that nobody deployed, as large as it says. */
static void take_sizes(struct berth_operation *operation)
{
	struct application *application = operation->application;
	struct error ignored = {0};
	owned_json notes = NULL;
	if (!operation->stored)
		return;
	sizing_keep(operation);
	(void)store_sizes(operation->berth->store, application->id, &notes, &ignored);
	for (size_t i = 0; notes && i < application->component_count; i++) {
		struct component *component = &application->components[i];
		if (component->spec && component->spec->cluster)
			take_members(operation, component, json_text(notes, component->id));
	}
}

static void step(struct berth_operation *operation)
{
	struct error err = {0};
	int format = choose(operation);
	if (format < 0 || operation_read_blueprint(operation))
		return;
	if (!operation->application->blueprint) {
		fail(&err, ERR_MISSING, "no blueprint of `%s` is stored", operation->application->id);
		remedy(&err, "give the blueprint's file");
		operation_fail(operation, &err);
		return;
	}
	take_sizes(operation);
	json_t *drawing = render(operation->application, format);
	if (drawing) {
		operation_finish(operation, BERTH_OK, drawing);
		return;
	}
	fail_memory(&err);
	operation_fail(operation, &err);
}

const struct verb verb_graph = {.name = "graph", .step = step};
