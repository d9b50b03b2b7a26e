/* constraints.h - what the constraints of a parameter allow. */
#ifndef BERTH_BLUEPRINTS_CONSTRAINTS_H
#define BERTH_BLUEPRINTS_CONSTRAINTS_H

#include "blueprints/reading.h"

/* `constraints` of a parameter: one, or a list. */
void constraints_read(struct reading *r, const struct yaml_node *node, struct parameter *p);
/* Complain where the parameter's value (NULL: it has none) breaks one of them. `text` is the value when it is
 * known, else NULL. */
void constraints_check(struct reading *r, const struct parameter *p, const struct yaml_node *value,
		       const char *text);
/* parameters.c: what a parameter or the application's config is set to; NULL when to nothing. */
const struct yaml_node *parameter_value(struct reading *r, const char *name);

#endif
