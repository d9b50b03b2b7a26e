/* json_path.c - paths into a document as JSONPath writes them. */
#include "base/json_path.h"

#include <stdlib.h>
#include <string.h>

/* One step down: a member's name, or an element's number. */
struct step {
	const char *name; /* NULL: a number */
	size_t length;
	long number;
};

enum { LONGEST_PATH = 512 };

/* What is between brackets; the rest of the path, or NULL. */
static const char *read_bracket(const char *at, struct step *ret)
{
	char quote = *at == '\'' || *at == '"' ? *at : '\0';
	char *end = NULL;

	if (!quote) {
		ret->number = strtol(at, &end, 10);
		return end != at && *end == ']' && *at != ' ' && *at != '+' ? end + 1 : NULL;
	}
	ret->name = at + 1;
	at = strchr(ret->name, quote);
	ret->length = at ? (size_t)(at - ret->name) : 0;
	return at && at[1] == ']' ? at + 2 : NULL;
}

/* The rest of the path after one step, or NULL: it is none. */
static const char *read_step(const char *at, bool first, struct step *ret)
{
	*ret = (struct step){0};
	if (*at == '[')
		return read_bracket(at + 1, ret);
	if (*at == '.')
		at++;
	else if (!first)
		return NULL;
	ret->name = at;
	ret->length = strcspn(at, ".[]*?@'\" ");
	return ret->length ? at + ret->length : NULL;
}

static const char *beginning(const char *path, bool *ret_bare)
{
	*ret_bare = *path != '$';
	return *ret_bare ? path : path + 1;
}

int json_path_check(const char *path, struct error *err)
{
	bool first;
	const char *at = beginning(path, &first);
	struct step step;

	if (strlen(path) > LONGEST_PATH)
		return fail(err, ERR_INVALID, "a path of more than %d characters", LONGEST_PATH);
	if (first && !*at)
		return fail(err, ERR_INVALID, "the path is empty");
	for (; *at; first = false) {
		const char *rest = read_step(at, first, &step);
		if (!rest) {
			fail(err, ERR_INVALID, "`%s` is no path to one value: it fails at `%s`", path, at);
			remedy(err, "such as $.load, $.pools[0].size or $['in use']");
			return -1;
		}
		at = rest;
	}
	return 0;
}

static json_t *descend(const json_t *from, const struct step *step)
{
	if (step->name)
		return json_object_getn(from, step->name, step->length);
	size_t count = json_array_size(from);
	size_t index = step->number < 0 ? count + (size_t)step->number : (size_t)step->number;

	return json_array_get(from, index);
}

json_t *json_path_find(const json_t *document, const char *path)
{
	bool first;
	const char *at = beginning(path, &first);
	json_t *here = (json_t *)document;
	struct step step;

	for (; here && at && *at; first = false) {
		at = read_step(at, first, &step);
		here = at ? descend(here, &step) : NULL;
	}
	return at ? here : NULL;
}
