/* links.c - links and dependsOn: which components this one needs, under which names. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
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

/* A job has done what it is for when it has finished. */
static enum need need_of(const struct draft *target, enum need need)
{
	return need == NEED_READY && target->spec->job ? NEED_FINISHED : need;
}

static void add_link(struct reading *r, struct draft *d, struct growing *links, struct link link)
{
	const struct draft *target = &r->drafts[link.component];
	struct link *members = links->members;

	for (size_t i = 0; i < links->count; i++)
		if (!strcasecmp(members[i].alias, link.alias) &&
		    (!link.group || members[i].group != link.group)) {
			complain(r->list, link.place,
				 "two links have the alias `%s`: the other one is at line %d, column %d",
				 link.alias, members[i].place.line, members[i].place.column);
			return;
		}
	cluster_first_linked(r, target, link.place);
	struct link *member = grow_new(r, links, struct link);
	if (member) {
		*member = link;
		member->need = need_of(target, NEED_READY);
	}
	if (!link.peer)
		add_order(r, d, target, link.place);
	else if (target->spec->job)
		advise(
		    r->list,
		    warn(r->list, link.place,
			 "the link `%s` to the job `%s` only says what comes first, and with `wait: false` "
			 "not even that",
			 link.alias, target->spec->id),
		    "take `wait: false` away");
}

/* What {component: ..., wait: false} says; NULL when it names no component. */
static const struct yaml_node *read_link_map(struct reading *r, struct draft *d,
					     const struct yaml_entry *entry, bool *ret_wait)
{
	static const char *const keys[] = {"component", "wait"};
	const struct yaml_node *map = entry->value, *component = NULL;

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *part = &map->entries[i];
		if (!strcmp(part->key, "component"))
			component = part->value;
		else if (!strcmp(part->key, "wait"))
			*ret_wait = fixed_flag(r, d, part->value, "wait", true);
		else
			suggest(r,
				complain(r->list, part->key_place, "unknown key `%s` of a link", part->key),
				part->key, keys, 2, "a link takes component and wait");
	}
	if (!component)
		advise(r->list, complain(r->list, map->place, "the link `%s` names no component", entry->key),
		       "write {component: $brooklyn:component(\"id\")}");
	return component;
}

/* Who is in a group is linked to under its one alias. */
static void add_group(struct reading *r, struct draft *d, struct growing *links, struct link link)
{
	for (size_t i = 0; i < link.group->count; i++) {
		link.component = link.group->members[i];
		if (link.component != d->index)
			add_link(r, d, links, link);
	}
}

/* alias: component("x"), or alias: {component: ..., wait: false} */
static void read_aliased(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			 struct growing *links)
{
	const struct yaml_node *node = entry->value;
	bool wait = true;

	if (node->kind == YAML_MAP && !is_expression(node))
		node = read_link_map(r, d, entry, &wait);
	if (!node)
		return;
	const struct component_group *group = group_named(r, node);
	const struct draft *target = group ? NULL : component_read(r, node);
	if (!is_alias(entry->key)) {
		complain(r->list, entry->key_place,
			 "the alias `%s` is no host name: letters, digits, `-`, `_` and `.`", entry->key);
		return;
	}
	if (group)
		add_group(r, d, links,
			  (struct link){
			      .alias = entry->key, .group = group, .peer = !wait, .place = entry->key_place});
	else if (target)
		add_link(r, d, links,
			 (struct link){.alias = entry->key,
				       .component = target->index,
				       .peer = !wait,
				       .place = entry->key_place});
}

/* As it is called where the link stands: in the copies of a cluster's members, within the copy. */
static const char *called_here(const struct draft *d, const char *id)
{
	for (const struct scope *scope = d->scope; scope; scope = scope->outer) {
		size_t length = strlen(scope->prefix);
		if (!strncmp(id, scope->prefix, length) && id[length] == '-')
			return id + length + 1;
	}
	return id;
}

static void read_listed(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct growing *links)
{
	const struct component_group *group = group_named(r, node);
	const struct draft *target = group ? NULL : component_read(r, node);

	if (group)
		add_group(
		    r, d, links,
		    (struct link){.alias = called_here(d, group->id), .group = group, .place = node->place});
	else if (target)
		add_link(r, d, links,
			 (struct link){.alias = called_here(d, target->spec->id),
				       .component = target->index,
				       .place = node->place});
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
	d->spec->links = kept(r, &links, sizeof(*d->spec->links));
	d->spec->link_count = links.count;
}

struct draft *component_or_id(struct reading *r, const struct yaml_node *node)
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
	*link = (struct link){.component = target->index, .need = need_of(target, need), .place = at};
	add_order(r, d, target, at);
}

/* One component, or all of a group. */
static void add_all_needed(struct reading *r, struct draft *d, struct growing *needed,
			   const struct yaml_node *node)
{
	const struct component_group *group = group_named(r, node);

	for (size_t i = 0; group && i < group->count; i++)
		if (group->members[i] != d->index)
			add_needed(r, d, needed, &r->drafts[group->members[i]], node->place, NEED_READY);
	if (!group)
		add_needed(r, d, needed, component_or_id(r, node), node->place, NEED_READY);
}

/* How far `target` (NULL: unknown) must have come; false with a complaint. */
static bool read_condition(struct reading *r, struct draft *d, const struct yaml_node *node,
			   const struct draft *target, enum need *ret_need)
{
	static const char *const words[] = {
	    [NEED_READY] = "ready", [NEED_STARTED] = "started", [NEED_FINISHED] = "finished"};
	int word = fixed_word(r, d, node, "dependsOn", words, COUNT_OF(words));

	if (word < 0)
		return false;
	*ret_need = (enum need)word;
	if (*ret_need != NEED_FINISHED || !target || target->spec->job || !target->kind_known)
		return true;
	advise(r->list,
	       complain(r->list, node->place, "`%s` is no job: it does not finish", target->spec->id),
	       target->spec->kind == COMPONENT_EXTERNAL ? "write ready"
							: "write ready or started, or give `%s` `job: true`",
	       target->spec->id);
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
			add_all_needed(r, d, &needed, node->items[i]);
	} else if (node->kind == YAML_MAP && !is_expression(node)) {
		for (size_t i = 0; i < node->count; i++) {
			const struct yaml_entry *entry = &node->entries[i];
			enum need need;
			const struct draft *target = find_component(r, entry->key, entry->key_place);
			if (read_condition(r, d, entry->value, target, &need))
				add_needed(r, d, &needed, target, entry->key_place, need);
		}
	} else {
		add_all_needed(r, d, &needed, node);
	}
	d->spec->depends_on = kept(r, &needed, sizeof(*d->spec->depends_on));
	d->spec->depends_on_count = needed.count;
}
