/* links.c - links and dependsOn: which components this one needs, under which names. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "blueprints/component.h"

static bool is_alias(const char *alias)
{
	if (!isalnum((unsigned char)*alias))
		return false;
	for (const char *c = alias; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return false;
	return true;
}

static void add_link(struct reading *r, struct draft *d, struct growing *links, const char *alias,
		     const struct draft *target, struct place at)
{
	struct link *members = links->members;

	for (size_t i = 0; i < links->count; i++)
		if (!strcasecmp(members[i].alias, alias)) {
			complain(r->list, at,
				 "two links have the alias `%s`: the other one is at line %d, column %d",
				 alias, members[i].place.line, members[i].place.column);
			return;
		}
	struct link *link = grow_new(r, links, struct link);
	if (link)
		*link = (struct link){.alias = alias, .component = target->index, .place = at};
	add_order(r, d, target, at);
}

static const struct yaml_node *read_wait(struct reading *r, const struct yaml_entry *entry,
					 const struct yaml_node *found)
{
	static const char *const keys[] = {"component", "wait"};
	bool wait;

	if (!strcmp(entry->key, "component"))
		return entry->value;
	if (strcmp(entry->key, "wait"))
		suggest(r, complain(r->list, entry->key_place, "unknown key `%s` of a link", entry->key),
			entry->key, keys, 2, "a link takes component and wait");
	else if (!yaml_bool(entry->value, r->list, &wait))
		complain(r->list, entry->value->place, "`wait` is true or false");
	else if (!wait)
		complain(r->list, entry->key_place,
			 "`wait: false` is not supported yet by this version of berth");
	return found;
}

/* alias: component("x"), or alias: {component: ..., wait: true} */
static void read_aliased(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			 struct growing *links)
{
	const struct yaml_node *node = entry->value;

	if (node->kind == YAML_MAP && !is_expression(node)) {
		const struct yaml_node *found = NULL;
		for (size_t i = 0; i < node->count; i++)
			found = read_wait(r, &node->entries[i], found);
		if (!found) {
			advise(r->list,
			       complain(r->list, node->place, "the link `%s` names no component", entry->key),
			       "write {component: $brooklyn:component(\"id\")}");
			return;
		}
		node = found;
	}
	const struct draft *target = component_read(r, node);
	if (!is_alias(entry->key)) {
		complain(r->list, entry->key_place,
			 "the alias `%s` is no host name: letters, digits, `-`, `_` and `.`", entry->key);
		return;
	}
	if (target)
		add_link(r, d, links, entry->key, target, entry->key_place);
}

static void read_listed(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct growing *links)
{
	const struct draft *target = component_read(r, node);

	if (target)
		add_link(r, d, links, target->spec->id, target, node->place);
}

void read_links(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct growing links = {0};

	if (yaml_null(node))
		return;
	r->owner = d;
	if (node->kind == YAML_MAP && !is_expression(node))
		for (size_t i = 0; i < node->count; i++)
			read_aliased(r, d, &node->entries[i], &links);
	else if (node->kind == YAML_LIST)
		for (size_t i = 0; i < node->count; i++)
			read_listed(r, d, node->items[i], &links);
	else
		read_listed(r, d, node, &links);
	d->spec->links = links.members;
	d->spec->link_count = links.count;
}

/* A component in dependsOn may stand there by its bare id. */
static struct draft *read_needed(struct reading *r, const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR && !is_expression(node) && !yaml_null(node))
		return find_component(r, node->text, node->place);
	return component_read(r, node);
}

static void add_needed(struct reading *r, struct draft *d, struct growing *needed, const struct draft *target,
		       struct place at, enum need need)
{
	struct link *link = target ? grow_new(r, needed, struct link) : NULL;

	if (!link)
		return;
	*link = (struct link){.component = target->index, .need = need, .place = at};
	add_order(r, d, target, at);
}

static bool read_condition(struct reading *r, struct draft *d, const struct yaml_node *node,
			   enum need *ret_need)
{
	const char *text = fixed_text(r, d, node, "dependsOn");

	if (!text)
		return false;
	*ret_need = !strcmp(text, "started") ? NEED_STARTED : NEED_READY;
	if (*ret_need == NEED_STARTED || !strcmp(text, "ready"))
		return true;
	if (!strcmp(text, "finished"))
		complain(r->list, node->place,
			 "the condition `finished` is not supported yet by this version of berth");
	else
		advise(r->list, complain(r->list, node->place, "unknown condition `%s`", text),
		       "write ready or started");
	return false;
}

void read_depends_on(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct growing needed = {0};

	if (yaml_null(node))
		return;
	r->owner = d;
	if (node->kind == YAML_LIST) {
		for (size_t i = 0; i < node->count; i++)
			add_needed(r, d, &needed, read_needed(r, node->items[i]), node->items[i]->place,
				   NEED_READY);
	} else if (node->kind == YAML_MAP && !is_expression(node)) {
		for (size_t i = 0; i < node->count; i++) {
			const struct yaml_entry *entry = &node->entries[i];
			enum need need;
			bool known = read_condition(r, d, entry->value, &need);
			const struct draft *target = find_component(r, entry->key, entry->key_place);
			if (known)
				add_needed(r, d, &needed, target, entry->key_place, need);
		}
	} else {
		add_needed(r, d, &needed, read_needed(r, node), node->place, NEED_READY);
	}
	d->spec->depends_on = needed.members;
	d->spec->depends_on_count = needed.count;
}
