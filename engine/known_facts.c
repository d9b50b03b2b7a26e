/* known_facts.c - tables of facts: read from what the store has, compared, and written again. */
#include "engine/known_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"

int known_facts_add(struct known_facts *facts, struct component_facts item)
{
	if (facts->count == facts->room) {
		size_t room = facts->room ? 2 * facts->room : 4;
		struct component_facts *wider = reallocarray(facts->items, room, sizeof *wider);
		if (!wider)
			return -1;
		facts->items = wider;
		facts->room = room;
	}
	facts->items[facts->count++] = item;
	return 0;
}

void known_facts_release(struct known_facts *facts)
{
	arena_release(&facts->arena);
	free(facts->items);
	*facts = (struct known_facts){0};
}

static int by_path(const void *left, const void *right)
{
	return strcmp(((const struct fact_line *)left)->path, ((const struct fact_line *)right)->path);
}

static int by_component(const void *left, const void *right)
{
	return strcmp(((const struct component_facts *)left)->component,
		      ((const struct component_facts *)right)->component);
}

void known_facts_sort(struct known_facts *facts)
{
	if (facts->count)
		qsort(facts->items, facts->count, sizeof *facts->items, by_component);
}

/* Components are much alike: where the one before says the same, its text serves for both. */
static const char *text_like(struct arena *arena, const char *text, const char *before)
{
	return before && strcmp(before, text) == 0 ? before : arena_text(arena, text);
}

static const struct fact_line *line_at(const struct known_facts *facts, size_t index)
{
	static const struct fact_line none;
	const struct component_facts *before = facts->count ? &facts->items[facts->count - 1] : NULL;
	return before && index < before->count ? &before->lines[index] : &none;
}

static int read_component(void *context, const char *component, json_t *json, struct error *err)
{
	struct known_facts *facts = context;
	struct fact_line *lines = arena_array(&facts->arena, struct fact_line, json_object_size(json));
	struct component_facts item = {.component = arena_text(&facts->arena, component), .lines = lines};
	const char *path;
	json_t *value;
	if (!lines || !item.component)
		return fail_memory(err);
	json_object_foreach (json, path, value) {
		const struct fact_line *like = line_at(facts, item.count);
		if (!json_is_string(value))
			continue;
		struct fact_line line = {text_like(&facts->arena, path, like->path),
					 text_like(&facts->arena, json_string_value(value), like->value)};
		if (!line.path || !line.value)
			return fail_memory(err);
		lines[item.count++] = line;
	}
	qsort(lines, item.count, sizeof *lines, by_path);
	return known_facts_add(facts, item) ? fail_memory(err) : 0;
}

int known_facts_read(const char *text, const char *what, struct known_facts *ret, struct error *err)
{
	*ret = (struct known_facts){0};
	if (json_each_member(text, strlen(text), what, read_component, ret, err)) {
		known_facts_release(ret);
		return -1;
	}
	known_facts_sort(ret);
	return 0;
}

char *known_facts_line(const struct known_facts *facts)
{
	owned_text line = {0};
	json_open(&line, NULL, '{');
	for (size_t i = 0; i < facts->count; i++) {
		const struct component_facts *item = &facts->items[i];
		json_open(&line, item->component, '{');
		for (size_t k = 0; k < item->count; k++)
			json_write_text(&line, item->lines[k].path, item->lines[k].value);
		json_close(&line, '}');
	}
	json_close(&line, '}');
	return text_take(&line);
}

static bool same_facts(const struct component_facts *a, const struct component_facts *b)
{
	if (strcmp(a->component, b->component) != 0 || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->lines[i].path, b->lines[i].path) != 0 ||
		    strcmp(a->lines[i].value, b->lines[i].value) != 0)
			return false;
	return true;
}

bool known_facts_equal(const struct known_facts *a, const struct known_facts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_facts(&a->items[i], &b->items[i]))
			return false;
	return true;
}

const struct component_facts *known_facts_find(const struct known_facts *facts, const char *component)
{
	const struct component_facts key = {.component = component};
	return facts->count ? bsearch(&key, facts->items, facts->count, sizeof *facts->items, by_component)
			    : NULL;
}

const char *fact_value(const struct component_facts *facts, const char *path)
{
	const struct fact_line key = {.path = path}, *found = NULL;
	if (facts && facts->count)
		found = bsearch(&key, facts->lines, facts->count, sizeof *facts->lines, by_path);
	return found ? found->value : NULL;
}
