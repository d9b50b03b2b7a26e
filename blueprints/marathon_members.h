/* marathon_members.h - which members an app of Marathon has, and what each takes. */
#ifndef BERTH_BLUEPRINTS_MARATHON_MEMBERS_H
#define BERTH_BLUEPRINTS_MARATHON_MEMBERS_H

#include "blueprints/reading.h"

enum {
	TAKES_TEXT = 1,
	TAKES_WHOLE = 2,
	TAKES_NUMBER = 4,
	TAKES_FLAG = 8,
	TAKES_LIST = 16,  /* of `of` each */
	TAKES_MAP = 32,   /* of the members `of` */
	TAKES_NAMED = 64, /* of names that are free, each `of` */
	TAKES_ANYTHING = 128,
};

struct marathon_member {
	const char *name;
	unsigned takes;
	const struct marathon_member *of; /* of a map they end with one that has no name */
	const char *words;                /* the only texts, with spaces between; NULL: any */
	const char *instead; /* where a component's `marathon` says it: what to write; NULL: that is fine */
	double least, most;  /* of numbers; 0, 0: at least 0 */
};

/* Those of an app, of a group that says nothing else, and of what Marathon tells of an app by itself. */
extern const struct marathon_member marathon_app_members[];
extern const char *const marathon_told_members[]; /* ended by NULL */

/* Complains of what is no member there, and of values of another kind. `whole`: the app is Marathon's own
 * text; else it is what a component says in `marathon`. */
void marathon_members_check(struct reading *r, struct draft *d, const struct yaml_node *map,
			    const struct marathon_member *members, const char *what, bool whole);

/* marathon_rules.c: what goes beyond kinds, of a map under that name, of a constraint and of an app; and the
 * member that is meant by another word, NULL: none. */
void marathon_map_check(struct reading *r, const struct yaml_node *map, const char *name);
void marathon_constraint_check(struct reading *r, const struct yaml_node *node);
/* What members of one app say of each other. `ports`: how many it has where it lists none itself;
 * `secrets_elsewhere`: its location may name some, too. */
void marathon_app_check(struct reading *r, const struct yaml_node *app, size_t ports, bool secrets_elsewhere);
const char *marathon_member_meant(const char *written);

#endif
