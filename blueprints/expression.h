/* expression.h - the tree of a `$brooklyn:` expression, before anything in it is looked up. */
#ifndef BERTH_BLUEPRINTS_EXPRESSION_H
#define BERTH_BLUEPRINTS_EXPRESSION_H

#include "blueprints/yaml.h"

enum expression_kind {
	EXPRESSION_CALL, /* text(arguments), maybe chained on another call */
	EXPRESSION_TEXT, /* a string, a number or a bare word */
	EXPRESSION_NODE, /* a list or map among the arguments of the map form */
};

struct expression {
	enum expression_kind kind;
	bool quoted;
	unsigned char room; /* for arguments */
	const char *text;
	struct place place;
	const struct expression *on; /* what a call is chained on, or NULL */
	const struct expression **arguments;
	size_t count;
	const struct yaml_node *node;
};

/* The length of "$brooklyn:" or "$berth:" at the text's beginning, else 0. */
size_t expression_prefix(const char *text);
/* Whether the node is an expression in one of its two forms, or tries to be one. */
bool is_expression(const struct yaml_node *node);
/* NULL with a complaint when it cannot be read. What it says lies in `texts`, which may outlive the tree. */
const struct expression *expression_parse(struct arena *texts, struct arena *tree,
					  const struct yaml_node *node, struct diagnostics *list);

#endif
