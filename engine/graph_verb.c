/* graph_verb.c - `graph`: a blueprint, or what was deployed last, as a drawing. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/graph.h"

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

/* As large as it was made last; of a file that nobody deployed, as large as it says. */
static void take_sizes(struct berth_operation *operation)
{
	struct application *application = operation->application;
	owned_json stories = operation->stored ? sizing_read(operation) : NULL;
	for (size_t i = 0; stories && i < application->component_count; i++) {
		struct component *component = &application->components[i];
		int64_t size = json_number(json_object_get(stories, component->id), "size", 0);
		if (size > 0 && size_told(component))
			component->size = (unsigned)size;
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
