/* marathon_file.h - a text in Marathon's own form (an app, apps, a group) read as a blueprint. */
#ifndef BERTH_BLUEPRINTS_MARATHON_FILE_H
#define BERTH_BLUEPRINTS_MARATHON_FILE_H

#include "blueprints/reading.h"

/* An app of that text. */
struct foreign_app {
	const struct yaml_node *node;
	const char *path;                   /* "/shop/db/redis" */
	const char *id;                     /* of the component that it becomes */
	struct place place;                 /* of its id */
	const struct yaml_entry *location;  /* its own, or its group's; NULL: none */
	const struct foreign_group *within; /* the innermost group; NULL: none */
	struct growing alone;               /* struct yaml_entry: what is read by Marathon alone */
	struct growing needed;              /* const char *: the ids of those it comes after */
};

struct foreign_group {
	const struct foreign_group *outer;
	const char *path; /* "" for the root */
	const struct yaml_node *dependencies;
	const struct yaml_entry *location;
};

/* Whether the text has that form. */
bool marathon_file_is(const struct yaml_node *root);
/* The same as a blueprint. NULL with complaints. */
const struct yaml_node *marathon_file_read(struct reading *r, const struct yaml_node *written);
/* What members of an app say of each other; or a warning of what has no effect where it is placed. Once all
 * keys are read. */
void marathon_file_check(struct reading *r);

/* marathon_variables.c: complains of variables that its command counts on and nobody sets elsewhere. */
void marathon_variables_check(struct reading *r, const struct foreign_app *app);

/* marathon_app.c: the app as a component's entry of `services`. */
const struct yaml_node *marathon_app_service(struct reading *r, struct foreign_app *app);

#endif
