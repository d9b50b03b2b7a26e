/* marathon_app.h - what the files share that write an app in Marathon's own form as a component. */
#ifndef BERTH_BLUEPRINTS_MARATHON_APP_H
#define BERTH_BLUEPRINTS_MARATHON_APP_H

#include "blueprints/marathon_file.h"

enum network { NETWORK_HOST, NETWORK_BRIDGE, NETWORK_NAMED };

struct making {
	struct reading *r;
	struct foreign_app *app;
	const struct yaml_node *node, *container, *docker;
	const char *image; /* NULL: it runs in none */
	enum network network;
	const struct yaml_node *mappings; /* of a network of its own; NULL: none */
	struct growing own;               /* struct yaml_entry: the component's keys */
	struct growing members;           /* those of `marathon` */
	struct growing container_members, docker_members;
};

/* --- marathon_app.c --- */
/* A member that is not null; NULL: there is none. */
const struct yaml_entry *marathon_entry(const struct yaml_node *map, const char *key);
/* NULL: no text, or no memory. */
const struct yaml_node *marathon_text(struct making *m, struct place place, const char *text);
/* A key of the component, which stands where the app's member does. */
void marathon_put(struct making *m, const char *key, const struct yaml_entry *from,
		  const struct yaml_node *value);
/* What is read by Marathon alone. */
void marathon_alone(struct making *m, const struct yaml_entry *entry);

/* --- marathon_app_ports.c --- */
/* A member's number; 0: there is none. */
long marathon_number(const struct yaml_node *map, const char *key);
/* Networks, and the ports that are mapped to them. */
void marathon_put_ports(struct making *m);
/* The ports of an app at its host's own network. */
void marathon_put_definitions(struct making *m);

#endif
