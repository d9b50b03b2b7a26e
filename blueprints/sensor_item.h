/* sensor_item.h - a sensor while it is read: shared by what a blueprint says in our words and in Brooklyn's.
 */
#ifndef BERTH_BLUEPRINTS_SENSOR_ITEM_H
#define BERTH_BLUEPRINTS_SENSOR_ITEM_H

#include "blueprints/component.h"

enum { LEAST_PERIOD_MS = 100 };

struct sensor_item {
	struct sensor sensor;
	struct enricher enricher;
	int sources, measures; /* how many of either are written */
	bool aggregate_given;
	struct growing later, variables; /* headers, and of a command */
	const char *user;
	struct value password; /* VALUE_TEXT of NULL: none */
	const char *const *headers;
	const struct yaml_node *text; /* it is one, and no number; NULL: it is none */
};

/* component_sensors.c */
struct sensor_item sensor_item_new(const char *name, struct place place);
void sensor_item_from(struct sensor_item *item, enum sensor_source source);
void sensor_item_uri(struct reading *r, struct draft *d, const struct yaml_node *node,
		     struct sensor_item *item);
void sensor_item_value(struct reading *r, struct draft *d, const struct yaml_node *node,
		       struct sensor_item *item);
void sensor_item_where(struct reading *r, struct draft *d, const struct yaml_entry *entry,
		       enum measure_kind kind, struct sensor_item *item);
void sensor_item_time(struct reading *r, struct draft *d, const struct yaml_entry *entry, int64_t least,
		      int64_t *ret);
void sensor_item_variables(struct reading *r, struct draft *d, const struct yaml_node *node,
			   struct sensor_item *item);
/* That it is whole, into the component's. */
void sensor_item_keep(struct reading *r, struct draft *d, struct sensor_item *item);

/* sensor_inputs.c */
/* The sensor that it is made of: NAME, or COMPONENT/NAME. */
void sensor_item_input(struct reading *r, struct sensor_item *item, const char *component,
		       const char *sensor);
/* Its expression, with the sensors that it names. `text` as written. */
void sensor_item_formula(struct reading *r, struct sensor_item *item, const char *text, struct place place);
/* Which of them are made for each instance, once all of the component's are read. */
void sensors_settle(struct draft *d);

/* enrichers.c: false: it is of another kind. */
bool enricher_read(struct reading *r, struct draft *d, const struct yaml_node *node);
/* What a transformer makes: a text, and no number of other sensors. */
bool sensor_is_text(struct reading *r, struct draft *d, const struct yaml_node *node);

/* text_sensors.c */
bool text_sensor_is(struct reading *r, struct draft *d, const char *name);
/* Into the component's, to be shown. */
void text_sensor_keep(struct reading *r, struct draft *d, const char *name, const struct yaml_node *node);

#endif
