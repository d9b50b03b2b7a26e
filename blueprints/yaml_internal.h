/* yaml_internal.h - what the composer's own files share. */
#ifndef BERTH_BLUEPRINTS_YAML_INTERNAL_H
#define BERTH_BLUEPRINTS_YAML_INTERNAL_H

#include <yaml.h>

#include "blueprints/yaml.h"

/* The text, with a table that turns libyaml's character indexes into bytes. */
struct yaml_source {
	const char *file;
	const char *text; /* without a byte order mark */
	size_t size;
	size_t mark_size;    /* of the byte order mark left out */
	size_t *checkpoints; /* byte of every 256th character; NULL when all is ASCII */
	size_t characters;
};

/* Checks that the text is UTF-8 without control characters. False with a complaint. */
bool yaml_source_open(struct yaml_source *source, const char *file, const char *text, size_t size,
		      struct diagnostics *list);
void yaml_source_close(struct yaml_source *source);
struct place yaml_source_place(const struct yaml_source *source, const yaml_mark_t *start,
			       const yaml_mark_t *end);

/* Says in plain words what libyaml stumbled over. */
void yaml_explain(const struct yaml_source *source, const yaml_parser_t *parser, struct diagnostics *list);

/* As yaml_compose, but a tree whose only faults are duplicate keys and the like still comes back; what it
 * says lies in `texts`, which may outlive the tree. */
const struct yaml_node *yaml_compose_faulty(struct arena *texts, struct arena *tree, const char *file,
					    const char *text, size_t size, struct diagnostics *list);

#endif
