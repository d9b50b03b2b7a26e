/* users.c - the users and groups of this machine, as the files in /etc have them: the same that berth-helper
 * reads. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/localhost/localhost.h"

#define FILE_MAX ((size_t)4 << 20)
#define FIELDS   7

/* The next line's fields, cut in place; fewer than FIELDS leave the others empty. False at the end. */
static bool next_line(char **text, char *fields[static FIELDS])
{
	char *line;

	for (;;) {
		if (!*text || !**text)
			return false;
		line = strsep(text, "\n");
		if (*line && *line != '#')
			break;
	}
	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = line ? strsep(&line, ":") : "";
	return true;
}

static bool number_of(const char *text, int64_t *ret_number)
{
	return parse_number(text, 0, UINT32_MAX - 1, ret_number);
}

static int read_table(struct location *location, const char *path, struct text *ret_content,
		      struct error *err)
{
	if (location->world->ops->file_read(location->world, path, FILE_MAX, ret_content, err))
		return -1;
	return ret_content->failed ? fail_memory(err) : 0;
}

/* A number that has no name is a user all the same. */
static int find_user(struct location *location, struct arena *arena, const char *name, struct user *ret_user,
		     struct error *err)
{
	owned_text content = {0};
	char *fields[FIELDS];
	int64_t wanted = -1, uid, gid;

	if (read_table(location, "/etc/passwd", &content, err))
		return -1;
	number_of(name, &wanted);
	for (char *rest = content.data; next_line(&rest, fields);) {
		if (!number_of(fields[2], &uid) || !number_of(fields[3], &gid) ||
		    (strcmp(fields[0], name) != 0 && uid != wanted))
			continue;
		*ret_user = (struct user){.name = arena_text(arena, fields[0]),
					  .home = arena_text(arena, fields[5]),
					  .identity = {.uid = (uid_t)uid, .gid = (gid_t)gid}};
		return ret_user->name && ret_user->home ? 0 : fail_memory(err);
	}
	if (wanted < 0)
		return fail(err, ERR_DENIED, "user `%.64s` is not in /etc/passwd", name);
	*ret_user = (struct user){.name = arena_text(arena, name),
				  .home = "/",
				  .identity = {.uid = (uid_t)wanted, .gid = (gid_t)wanted}};
	return ret_user->name ? 0 : fail_memory(err);
}

static bool lists(const char *members, const char *name)
{
	size_t length = strlen(name);

	for (; *members; members += strcspn(members, ",") + (members[strcspn(members, ",")] == ','))
		if (strcspn(members, ",") == length && !strncmp(members, name, length))
			return true;
	return false;
}

/* The group asked for, if any, and those that list the user. */
static int find_groups(struct location *location, struct arena *arena, const char *group, struct user *user,
		       struct error *err)
{
	owned_text content = {0};
	char *fields[FIELDS];
	int64_t wanted = -1, gid;
	size_t room = 2;
	bool found = !group;

	if (read_table(location, "/etc/group", &content, err))
		return -1;
	for (const char *c = text_view(&content); *c; c++)
		room += *c == '\n';
	gid_t *groups = arena_array(arena, gid_t, room);
	if (!groups)
		return fail_memory(err);
	found = found || number_of(group, &wanted);
	if (wanted >= 0)
		user->identity.gid = (gid_t)wanted;
	for (char *rest = content.data; next_line(&rest, fields);) {
		if (!number_of(fields[2], &gid))
			continue;
		if (group && !strcmp(fields[0], group)) {
			user->identity.gid = (gid_t)gid;
			found = true;
		}
		if (lists(fields[3], user->name))
			groups[user->identity.group_count++] = (gid_t)gid;
	}
	if (!found)
		return fail(err, ERR_DENIED, "group `%.64s` is not in /etc/group", group);
	groups[user->identity.group_count++] = user->identity.gid;
	user->identity.groups = groups;
	return 0;
}

int user_find(struct location *location, struct arena *arena, const char *text, struct user *ret_user,
	      struct error *err)
{
	char *name = arena_text(arena, text), *group = name ? strchr(name, ':') : NULL;
	struct user user;

	if (!name)
		return fail_memory(err);
	if (group)
		*group++ = '\0';
	if (find_user(location, arena, name, &user, err) || find_groups(location, arena, group, &user, err))
		return -1;
	*ret_user = user;
	return 0;
}
