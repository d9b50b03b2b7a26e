/* ids.c - who a file belongs to: names looked up in a container's own /etc/passwd and /etc/group. */
#include "locations/docker/ids.h"

#include <string.h>

#include "base/text.h"

#define LAST_ID (UINT32_MAX - 1)

/* The n-th field of a line "a:b:c". */
static bool field_of(const char *line, size_t size, unsigned n, const char **ret_field, size_t *ret_size)
{
	const char *end = line + size;

	for (; n > 0; n--) {
		const char *colon = memchr(line, ':', (size_t)(end - line));
		if (!colon)
			return false;
		line = colon + 1;
	}
	const char *colon = memchr(line, ':', (size_t)(end - line));
	*ret_field = line;
	*ret_size = (size_t)((colon ? colon : end) - line);
	return true;
}

static bool number_in(const char *text, size_t size, unsigned *ret)
{
	char digits[12];
	int64_t number;

	if (!size || size >= sizeof(digits))
		return false;
	memcpy(digits, text, size);
	digits[size] = '\0';
	if (!parse_number(digits, 0, LAST_ID, &number))
		return false;
	*ret = (unsigned)number;
	return true;
}

/* The line whose n-th field is that word. */
static bool line_of(struct table table, unsigned n, const char *word, size_t length, const char **ret_line,
		    size_t *ret_size)
{
	const char *line = table.text, *end = table.text ? table.text + table.size : NULL;
	const char *field;
	size_t size;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t whole = (size_t)((stop ? stop : end) - line);
		if (field_of(line, whole, n, &field, &size) && size == length && !memcmp(field, word, size)) {
			*ret_line = line;
			*ret_size = whole;
			return true;
		}
		line += whole + 1;
	}
	return false;
}

static bool id_at(const char *line, size_t size, unsigned n, unsigned *ret)
{
	const char *field;
	size_t length;

	return field_of(line, size, n, &field, &length) && number_in(field, length, ret);
}

bool ids_are_numbers(const char *user)
{
	size_t name = strcspn(user, ":");
	unsigned ignored;

	return !*user || (user[name] && number_in(user, name, &ignored) &&
			  number_in(user + name + 1, strlen(user + name + 1), &ignored));
}

bool ids_name_a_group(const char *user)
{
	const char *colon = strchr(user, ':');
	unsigned ignored;

	return colon && !number_in(colon + 1, strlen(colon + 1), &ignored);
}

const char *ids_find(const char *user, struct table users, struct table groups, struct ids *ret)
{
	size_t length = strcspn(user, ":"), size = 0;
	const char *group = user[length] ? user + length + 1 : NULL, *line = NULL;
	bool numeric = number_in(user, length, &ret->user);

	ret->group = 0;
	if (!*user) {
		*ret = (struct ids){0};
		return NULL;
	}
	bool found = line_of(users, numeric ? 2 : 0, user, length, &line, &size);
	if (found)
		found = id_at(line, size, 2, &ret->user) && id_at(line, size, 3, &ret->group);
	if (!found && !numeric)
		return user;
	if (!group || number_in(group, strlen(group), &ret->group))
		return NULL;
	if (line_of(groups, 0, group, strlen(group), &line, &size) && id_at(line, size, 2, &ret->group))
		return NULL;
	return group;
}
