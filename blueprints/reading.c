/* reading.c - small helpers of everybody who reads a part of a blueprint. */
#include "blueprints/reading.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

void *reading_alloc(struct reading *r, size_t size)
{
	void *memory = arena_alloc(r->arena, size);

	if (!memory)
		r->list->failed = true;
	return memory;
}

void *grow(struct reading *r, struct growing *list, size_t size)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 4;
		void *members = reading_alloc(r, capacity * size);
		if (!members)
			return NULL;
		if (list->count)
			memcpy(members, list->members, list->count * size);
		list->members = members;
		list->capacity = capacity;
	}
	return (char *)list->members + size * list->count++;
}

void reading_put(struct reading *r, struct map **map, const char *key, void *value)
{
	if (map_put(map, key, value))
		r->list->failed = true;
}

struct yaml_node *scalar_node(struct reading *r, struct place place, const char *text, bool plain)
{
	struct yaml_node *node = reading_new(r, struct yaml_node);

	if (!node || !text) {
		r->list->failed = true;
		return NULL;
	}
	*node = (struct yaml_node){.kind = YAML_SCALAR, .place = place, .text = text, .plain = plain};
	return node;
}

const struct yaml_node *scalar_like(struct reading *r, const struct yaml_node *like, const char *text,
				    bool plain)
{
	return scalar_node(r, like->place, text, plain);
}

void suggest(struct reading *r, struct diagnostic *entry, const char *written, const char *const *names,
	     size_t count, const char *otherwise)
{
	if (!entry)
		return;
	const char *close = closest(written, names, count);
	if (close)
		advise(r->list, entry, "did you mean `%s`?", close);
	else if (otherwise)
		advise(r->list, entry, "%s", otherwise);
}

const char *fold_id(struct reading *r, const char *text)
{
	char *folded = arena_text(r->arena, text);
	size_t length = 0, first = 0;
	bool changed = false;

	if (!folded) {
		r->list->failed = true;
		return NULL;
	}
	for (const char *c = text; *c; c++) {
		bool fits = isalnum((unsigned char)*c) || *c == '_' || *c == '-';
		changed = changed || !fits;
		if (((unsigned char)*c & 0xc0) != 0x80)
			folded[length++] = fits ? *c : '-';
	}
	/* What surrounded the name leaves no dashes behind. */
	while (changed && length && folded[length - 1] == '-')
		length--;
	while (changed && first < length && folded[first] == '-')
		first++;
	folded[length] = '\0';
	return strspn(folded + first, "-") == length - first ? NULL : folded + first;
}

const char *kind_name(const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR)
		return yaml_null(node) ? "nothing" : "text";
	return node->kind == YAML_LIST ? "a list" : "a map";
}
