/* reading.c - small helpers of everybody who reads a part of a blueprint. */
#include "blueprints/reading.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/text.h"

static void *alloc_in(struct reading *r, struct arena *arena, size_t size)
{
	void *memory = arena_alloc(arena, size);

	if (!memory)
		r->list->failed = true;
	return memory;
}

void *reading_alloc(struct reading *r, size_t size)
{
	return alloc_in(r, r->arena, size);
}

void *scratch_alloc(struct reading *r, size_t size)
{
	return alloc_in(r, &r->scratch, size);
}

void grow_for(struct reading *r, struct growing *list, size_t capacity, size_t size)
{
	void *members = capacity > list->capacity ? scratch_alloc(r, capacity * size) : NULL;

	if (!members)
		return;
	if (list->count)
		memcpy(members, list->members, list->count * size);
	list->members = members;
	list->capacity = capacity;
}

void *grow(struct reading *r, struct growing *list, size_t size)
{
	if (list->count == list->capacity)
		grow_for(r, list, list->capacity ? list->capacity * 2 : 2, size);
	if (list->count == list->capacity)
		return NULL;
	return (char *)list->members + size * list->count++;
}

void *kept(struct reading *r, const struct growing *list, size_t size)
{
	void *members = list->count ? reading_alloc(r, list->count * size) : NULL;

	return members ? memcpy(members, list->members, list->count * size) : NULL;
}

void reading_put(struct reading *r, struct map **map, const char *key, void *value)
{
	if (map_put(map, key, value))
		r->list->failed = true;
}

struct yaml_node *scalar_node(struct reading *r, struct place place, const char *text, bool plain)
{
	struct yaml_node *node = scratch_new(r, struct yaml_node);

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

/* A name's end gives way to a digest of all of it, so that two long ones that begin alike stay two. */
const char *name_id(struct reading *r, const char *text)
{
	const char *folded = fold_id(r, text);
	char digest[DIGEST_HEX];

	if (!folded || strlen(folded) <= ID_LIMIT)
		return folded;
	const char *id = digest_hex(folded, strlen(folded), digest)
			     ? NULL
			     : arena_format(r->arena, "%.*s-%.8s", ID_LIMIT - 9, folded, digest);
	r->list->failed |= !id;
	return id;
}

const char *kind_name(const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR)
		return yaml_null(node) ? "nothing" : "text";
	return node->kind == YAML_LIST ? "a list" : "a map";
}

int fixed_word(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
	       const char *const *words, size_t count)
{
	const char *text = fixed_text(r, d, node, key);
	owned_text all = {0};

	if (!text)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], text))
			return (int)i;
		text_format(&all, "%s%s", !i ? "write " : i + 1 == count ? " or " : ", ", words[i]);
	}
	suggest(r, complain(r->list, node->place, "`%s` cannot be `%s`", key, text), text, words, count,
		text_view(&all));
	return -1;
}

bool fixed_flag(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		bool otherwise)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);
	bool flag = otherwise;

	if (!fixed || yaml_bool(fixed, r->list, &flag))
		return flag;
	if (fixed->kind == YAML_SCALAR && !yaml_null(fixed))
		complain(r->list, node->place, "`%s` is true or false, not `%s`", key, fixed->text);
	else
		complain(r->list, node->place, "`%s` is true or false, not %s", key, kind_name(fixed));
	return otherwise;
}

int64_t fixed_duration(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		       int64_t least)
{
	const char *text = fixed_text(r, d, node, key);
	int64_t ms = text ? parse_duration_ms(text) : -1;

	if (!text || ms >= least)
		return ms;
	advise(r->list, complain(r->list, node->place, "`%s` is no time for `%s`", text, key),
	       "write 500ms, 10s, 2m or 1h30m");
	return -1;
}

bool is_word_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

bool is_config_key(const char *key)
{
	return !strcmp(key, "brooklyn.config") || !strcmp(key, "config");
}
