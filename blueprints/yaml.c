/* yaml.c - composes the tree of nodes from libyaml's events, within budgets. */
#include "blueprints/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "blueprints/yaml_internal.h"

#define INPUT_LIMIT  ((size_t)16 << 20)
#define DEPTH_LIMIT  64
#define NODE_LIMIT   ((size_t)8000000)
#define ALIAS_LIMIT  ((size_t)1000000)
#define ANCHOR_LIMIT 1000
#define SCALAR_LIMIT ((size_t)1 << 20)
#define LINEAR_LIMIT 16 /* up to so many keys are compared one by one */

struct anchor {
	const struct yaml_node *node; /* NULL while it is being composed */
	size_t weight;                /* nodes in it, through aliases too */
};

/* Members of the collections that are open; the innermost are last. */
struct pile {
	void *members;
	size_t count, capacity, size;
};

struct composer {
	yaml_parser_t parser;
	struct yaml_source source;
	struct arena *texts, *tree;
	struct diagnostics *list;
	struct map *anchors;
	size_t anchor_count;
	size_t nodes, aliased;
	struct pile entries, items;
	int depth;
	bool stopped;
};

static void *push(struct composer *c, struct pile *pile)
{
	if (pile->count == pile->capacity) {
		size_t capacity = pile->capacity ? pile->capacity * 2 : 64;
		void *members = reallocarray(pile->members, capacity, pile->size);
		if (!members) {
			c->list->failed = c->stopped = true;
			return NULL;
		}
		pile->members = members;
		pile->capacity = capacity;
	}
	return (char *)pile->members + pile->size * pile->count++;
}

/* What was piled up since `from`, moved into the arena. */
static void *pull(struct composer *c, struct pile *pile, size_t from)
{
	size_t count = pile->count - from;
	void *members = arena_alloc(c->tree, pile->size * (count ? count : 1));

	if (!members) {
		c->list->failed = c->stopped = true;
		return NULL;
	}
	if (count)
		memcpy(members, (char *)pile->members + pile->size * from, pile->size * count);
	pile->count = from;
	return members;
}

static struct diagnostic *stop(struct composer *c, struct place at, const char *what)
{
	c->stopped = true;
	return complain(c->list, at, "%s", what);
}

static bool next_event(struct composer *c, yaml_event_t *event)
{
	if (yaml_parser_parse(&c->parser, event))
		return true;
	c->stopped = true;
	yaml_explain(&c->source, &c->parser, c->list);
	return false;
}

static struct place event_place(const struct composer *c, const yaml_event_t *event, bool whole)
{
	return yaml_source_place(&c->source, &event->start_mark, whole ? &event->end_mark : NULL);
}

static bool count_node(struct composer *c, struct place place)
{
	if (++c->nodes <= NODE_LIMIT)
		return true;
	stop(c, place, "more than 8 million nodes");
	return false;
}

static struct yaml_node *make_node(struct composer *c, enum yaml_kind kind, struct place place)
{
	struct yaml_node *node = count_node(c, place) ? arena_alloc(c->tree, sizeof(*node)) : NULL;
	if (c->stopped)
		return NULL;
	if (!node) {
		c->list->failed = c->stopped = true;
		return NULL;
	}
	node->kind = kind;
	node->place = place;
	return node;
}

/* Whether the tag leaves a scalar plain; the standard ones are known, others refused. */
static bool check_tag(struct composer *c, const yaml_char_t *tag, struct place at, bool plain)
{
	static const char standard[] = "tag:yaml.org,2002:";
	static const char *const names[] = {"null", "bool", "int", "float", "map", "seq"};
	const char *text = (const char *)tag;

	if (!text)
		return plain;
	if (!strcmp(text, "!"))
		return false;
	if (!strncmp(text, standard, sizeof(standard) - 1)) {
		text += sizeof(standard) - 1;
		if (!strcmp(text, "str"))
			return false;
		for (size_t i = 0; i < COUNT_OF(names); i++)
			if (!strcmp(text, names[i]))
				return true;
	}
	advise(c->list, complain(c->list, at, "the tag `%s` means nothing here", text),
	       "take it away, or put a value that begins with `!` in quotes");
	return plain;
}

/* What the scalar says; false when the composer has to stop. */
static bool read_scalar(struct composer *c, const yaml_event_t *event, struct yaml_node *ret)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct place place = event_place(c, event, true);

	if (length > SCALAR_LIMIT) {
		stop(c, place, "a value longer than 1 MiB");
		return false;
	}
	if (memchr(value, '\0', length))
		complain(c->list, place, "a NUL character within the text");
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*ret = (struct yaml_node){.kind = YAML_SCALAR,
				  .place = place,
				  .plain = check_tag(c, event->data.scalar.tag, place, plain),
				  .text = arena_copy(c->texts, value, length)};
	if (!ret->text)
		c->list->failed = c->stopped = true;
	return !c->stopped;
}

static const struct yaml_node *compose_scalar(struct composer *c, const yaml_event_t *event)
{
	struct yaml_node scalar;

	if (!read_scalar(c, event, &scalar))
		return NULL;
	struct yaml_node *node = make_node(c, YAML_SCALAR, scalar.place);
	if (node)
		*node = scalar;
	return node;
}

static const struct yaml_node *compose_alias(struct composer *c, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct place place = event_place(c, event, true);
	struct anchor *anchor = map_get(c->anchors, name);

	if (anchor && anchor->node) {
		c->aliased += anchor->weight;
		c->nodes += anchor->weight;
		if (c->aliased <= ALIAS_LIMIT)
			return anchor->node;
		advise(c->list, stop(c, place, "aliases make more than a million nodes of this text"),
		       "aliases within aliases multiply: write fewer of them");
		return NULL;
	}
	if (anchor)
		complain(c->list, place, "the alias `*%s` stands within what it names", name);
	else
		advise(c->list, complain(c->list, place, "no anchor `&%s` before this alias", name),
		       "put a value that begins with `*` in quotes");
	struct yaml_node *node = make_node(c, YAML_SCALAR, place);
	if (node) {
		node->text = "";
		node->plain = true;
	}
	return node;
}

static const struct yaml_node *compose_node(struct composer *c, yaml_event_t *event);

static const struct yaml_node *compose_list(struct composer *c, const yaml_event_t *start)
{
	struct yaml_node *node = make_node(c, YAML_LIST, event_place(c, start, false));
	size_t from = c->items.count;

	if (!node)
		return NULL;
	check_tag(c, start->data.sequence_start.tag, node->place, false);
	for (;;) {
		yaml_event_t event;
		if (!next_event(c, &event))
			return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		const struct yaml_node *item = compose_node(c, &event);
		if (!item)
			return NULL;
		const struct yaml_node **place = push(c, &c->items);
		if (!place)
			return NULL;
		*place = item;
	}
	node->count = (uint32_t)(c->items.count - from);
	node->items = pull(c, &c->items, from);
	return node->items ? node : NULL;
}

/* The keys of one map, for finding the ones written twice. */
struct key_set {
	struct map *map;
	size_t from, count;
};

static struct yaml_entry *entry_at(struct composer *c, size_t index)
{
	return (struct yaml_entry *)c->entries.members + index;
}

/* The index + 1 of the entry with that key since set->from; 0 when there is none. */
static size_t find_key(struct composer *c, struct key_set *set, const char *key)
{
	for (; set->count < c->entries.count; set->count++) {
		if (c->entries.count - set->from <= LINEAR_LIMIT)
			break;
		const char *added = entry_at(c, set->count)->key;
		if (map_put(&set->map, added, (void *)(set->count + 1))) {
			c->list->failed = c->stopped = true;
			return 0;
		}
	}
	size_t found = set->map ? (size_t)map_get(set->map, key) : 0;
	for (size_t i = set->count; !found && i < c->entries.count; i++)
		if (!strcmp(entry_at(c, i)->key, key))
			found = i + 1;
	return found;
}

static void merge_map(struct composer *c, struct key_set *set, const struct yaml_node *from)
{
	c->aliased += from->count;
	if (c->aliased > ALIAS_LIMIT) {
		stop(c, from->place, "merge keys make more than a million entries of this text");
		return;
	}
	for (size_t i = 0; i < from->count && !c->stopped; i++) {
		if (find_key(c, set, from->entries[i].key))
			continue;
		struct yaml_entry *entry = push(c, &c->entries);
		if (entry)
			*entry = from->entries[i];
	}
}

static void merge(struct composer *c, struct key_set *set, struct place at, const struct yaml_node *value)
{
	bool right = value->kind == YAML_MAP || value->kind == YAML_LIST;

	for (size_t i = 0; value->kind == YAML_LIST && i < value->count; i++)
		right = right && value->items[i]->kind == YAML_MAP;
	if (!right) {
		advise(c->list, complain(c->list, at, "`<<` takes a map or a list of maps"),
		       "write `<<: *anchor`");
		return;
	}
	if (value->kind == YAML_MAP)
		merge_map(c, set, value);
	else
		for (size_t i = 0; i < value->count && !c->stopped; i++)
			merge_map(c, set, value->items[i]);
}

/* A key that no alias can mean needs no place in the tree beside its entry. */
static bool compose_plain_key(struct composer *c, yaml_event_t *event, struct yaml_node *ret)
{
	bool done = read_scalar(c, event, ret) && count_node(c, ret->place);

	yaml_event_delete(event);
	return done;
}

/* The key of an entry; false when the composer has to stop or the key cannot be one. */
static bool compose_key(struct composer *c, yaml_event_t *event, struct yaml_node *ret)
{
	struct place at = event_place(c, event, true);

	if (event->type == YAML_SCALAR_EVENT && !event->data.scalar.anchor)
		return compose_plain_key(c, event, ret);
	const struct yaml_node *key = compose_node(c, event);
	if (!key)
		return false;
	*ret = *key;
	if (key->kind == YAML_SCALAR)
		return true;
	advise(c->list, complain(c->list, at, "a key must be text"),
	       "put `{` and `[` that belong to a text in quotes");
	return false;
}

static void add_entry(struct composer *c, struct key_set *set, const struct yaml_node *key,
		      const struct yaml_node *value)
{
	size_t twice = find_key(c, set, key->text);

	if (twice) {
		struct place first = entry_at(c, twice - 1)->key_place;
		complain(c->list, key->place, "the key `%s` is written twice: first at line %d, column %d",
			 key->text, first.line, first.column);
		return;
	}
	struct yaml_entry *entry = push(c, &c->entries);
	if (entry)
		*entry = (struct yaml_entry){.key = key->text, .key_place = key->place, .value = value};
}

/* Read all entries; what `<<` brings is kept aside, because written keys go before it. */
static bool compose_entries(struct composer *c, struct key_set *set, const struct yaml_node **ret_merge,
			    struct place *ret_merge_place)
{
	for (;;) {
		yaml_event_t event;
		if (!next_event(c, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		struct yaml_node key;
		bool fits = compose_key(c, &event, &key);
		if (c->stopped || !next_event(c, &event))
			return false;
		const struct yaml_node *value = compose_node(c, &event);
		if (!value)
			return false;
		if (!fits)
			continue;
		if (key.plain && !strcmp(key.text, "<<") && !*ret_merge) {
			*ret_merge = value;
			*ret_merge_place = key.place;
		} else {
			add_entry(c, set, &key, value);
		}
	}
}

static const struct yaml_node *compose_map(struct composer *c, const yaml_event_t *start)
{
	struct yaml_node *node = make_node(c, YAML_MAP, event_place(c, start, false));
	struct key_set set = {.from = c->entries.count, .count = c->entries.count};
	const struct yaml_node *merged = NULL;
	struct place merge_place = {0};

	if (!node)
		return NULL;
	check_tag(c, start->data.mapping_start.tag, node->place, false);
	bool done = compose_entries(c, &set, &merged, &merge_place);
	if (done && merged)
		merge(c, &set, merge_place, merged);
	map_release(&set.map);
	if (!done || c->stopped)
		return NULL;
	node->count = (uint32_t)(c->entries.count - set.from);
	node->entries = pull(c, &c->entries, set.from);
	return node->entries ? node : NULL;
}

/* An anchor counts from its beginning, so that an alias within it is seen as the circle it is. */
static struct anchor *begin_anchor(struct composer *c, const yaml_char_t *name, struct place at)
{
	if (++c->anchor_count > ANCHOR_LIMIT) {
		stop(c, at, "more than 1000 anchors");
		return NULL;
	}
	struct anchor *anchor = arena_alloc(c->tree, sizeof(*anchor));
	if (!anchor || map_put(&c->anchors, (const char *)name, anchor)) {
		c->list->failed = c->stopped = true;
		return NULL;
	}
	return anchor;
}

static const struct yaml_node *compose_collection(struct composer *c, const yaml_event_t *event)
{
	if (c->depth >= DEPTH_LIMIT) {
		stop(c, event_place(c, event, false), "nested deeper than 64 levels");
		return NULL;
	}
	c->depth++;
	const struct yaml_node *node =
	    event->type == YAML_MAPPING_START_EVENT ? compose_map(c, event) : compose_list(c, event);
	c->depth--;
	return node;
}

/* Takes the event over. */
static const struct yaml_node *compose_node(struct composer *c, yaml_event_t *event)
{
	const yaml_char_t *name = event->type == YAML_SCALAR_EVENT          ? event->data.scalar.anchor
				  : event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor
				  : event->type == YAML_SEQUENCE_START_EVENT
				      ? event->data.sequence_start.anchor
				      : NULL;
	struct anchor *anchor = name ? begin_anchor(c, name, event_place(c, event, false)) : NULL;
	size_t before = c->nodes;
	const struct yaml_node *node = NULL;

	if (!c->stopped)
		node = event->type == YAML_ALIAS_EVENT    ? compose_alias(c, event)
		       : event->type == YAML_SCALAR_EVENT ? compose_scalar(c, event)
							  : compose_collection(c, event);
	if (anchor) {
		anchor->node = node;
		anchor->weight = c->nodes - before;
	}
	yaml_event_delete(event);
	return node;
}

static const struct yaml_node *compose_document(struct composer *c)
{
	const struct yaml_node *root = NULL;

	while (!c->stopped) {
		yaml_event_t event;
		if (!next_event(c, &event))
			return NULL;
		yaml_event_type_t type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && root)
			advise(c->list,
			       stop(c, event_place(c, &event, false), "a second document begins here"),
			       "keep one document in a file");
		if (type == YAML_SCALAR_EVENT || type == YAML_ALIAS_EVENT ||
		    type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
			root = compose_node(c, &event);
		else
			yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	return c->stopped ? NULL : root;
}

static const struct yaml_node *compose_text(struct composer *c)
{
	if (!yaml_parser_initialize(&c->parser)) {
		c->list->failed = true;
		return NULL;
	}
	yaml_parser_set_encoding(&c->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&c->parser, (const unsigned char *)c->source.text, c->source.size);
	const struct yaml_node *root = compose_document(c);
	yaml_parser_delete(&c->parser);
	if (!root && !c->stopped)
		complain(c->list, (struct place){.file = c->source.file, .line = 1, .column = 1},
			 "the text is empty");
	return root;
}

const struct yaml_node *yaml_compose_faulty(struct arena *texts, struct arena *tree, const char *file,
					    const char *text, size_t size, struct diagnostics *list)
{
	struct composer c = {.texts = texts,
			     .tree = tree,
			     .list = list,
			     .entries.size = sizeof(struct yaml_entry),
			     .items.size = sizeof(const struct yaml_node *)};
	const char *name = arena_text(texts, file);

	if (!name) {
		list->failed = true;
		return NULL;
	}
	if (size > INPUT_LIMIT) {
		complain(list, (struct place){.file = name, .line = 1, .column = 1},
			 "the text is larger than 16 MiB");
		return NULL;
	}
	const struct yaml_node *root = NULL;
	if (yaml_source_open(&c.source, name, text, size, list))
		root = compose_text(&c);
	yaml_source_close(&c.source);
	map_release(&c.anchors);
	free(c.entries.members);
	free(c.items.members);
	return root;
}

const struct yaml_node *yaml_compose(struct arena *arena, const char *file, const char *text, size_t size,
				     struct diagnostics *list)
{
	size_t before = list->errors;
	const struct yaml_node *root = yaml_compose_faulty(arena, arena, file, text, size, list);

	return list->errors == before && !list->failed ? root : NULL;
}
