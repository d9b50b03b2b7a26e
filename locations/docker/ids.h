/* ids.h - who a file belongs to, by the tables of users and groups that lie in a container. */
#ifndef BERTH_LOCATIONS_DOCKER_IDS_H
#define BERTH_LOCATIONS_DOCKER_IDS_H

#include <stdbool.h>
#include <stddef.h>

struct ids {
	unsigned user, group;
};

/* The text of such a file; NULL: it was not read, or there is none. */
struct table {
	const char *text;
	size_t size;
};

/* Whether numbers alone, or nothing, say who it is: "", "1000:1000". */
bool ids_are_numbers(const char *user);
/* Whether it names a group: "www:staff". */
bool ids_name_a_group(const char *user);
/* "name", "uid", "name:group", "uid:gid", ...; "" is root. What is not found is NULL, or the name that is not
 * known. A number without a group has that of its line in the table, else 0, as the engine itself does it. */
const char *ids_find(const char *user, struct table users, struct table groups, struct ids *ret);

#endif
