/* groups.c - `type: group`: several components under one name, which links, `dependsOn`, a load balancer and
 * commands take in place of each. Who belongs to it is said by name or by type. */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

static const char *const group_types[] = {
    "group", "org.apache.brooklyn.entity.group.BasicGroup", "org.apache.brooklyn.entity.group.DynamicGroup",
    "brooklyn.entity.basic.BasicGroup", "brooklyn.entity.basic.DynamicGroup"};

static struct group_draft *add(struct reading *r, const char *id, struct place place)
{
	struct group_draft *draft = grow_new(r, &r->groups, struct group_draft);
	struct component_group *group = reading_new(r, struct component_group);

	if (!draft || !group)
		return NULL;
	*group = (struct component_group){.id = id, .place = place};
	*draft = (struct group_draft){.group = group, .place = place};
	return draft;
}

static const char *id_of(struct reading *r, const struct yaml_node *service)
{
	const struct yaml_node *id = yaml_get(service, "id") ?: yaml_get(service, "name");
	const char *text = id ? fixed_text(r, NULL, id, "id") : NULL;
	const char *folded = text ? fold_id(r, text) : NULL;

	if (!folded)
		advise(r->list, complain(r->list, service->place, "the group has no `id`"), "add `id: NAME`");
	return folded;
}

static void put(struct reading *r, struct growing *members, size_t index)
{
	const size_t *others = members->members;

	for (size_t i = 0; i < members->count; i++)
		if (others[i] == index)
			return;
	size_t *to = grow_new(r, members, size_t);
	if (to)
		*to = index;
}

/* --- a DynamicGroup's filter --------------------------------------------------------------------------- */

static const char *const predicates[] = {"org.apache.brooklyn.core.entity.EntityPredicates",
					 "brooklyn.entity.basic.EntityPredicates"};

static bool is_filter(const char *key)
{
	return !strcmp(key, "entityFilter") || !strcmp(key, "dynamicgroup.entityfilter");
}

/* NULL: it has none. */
static const struct yaml_node *filter_of(const struct yaml_node *service)
{
	const struct yaml_node *config = yaml_get(service, "brooklyn.config") ?: yaml_get(service, "config");

	for (size_t i = 0; config && config->kind == YAML_MAP && i < config->count; i++)
		if (is_filter(config->entries[i].key))
			return config->entries[i].value;
	for (size_t i = 0; i < service->count; i++)
		if (is_filter(service->entries[i].key))
			return service->entries[i].value;
	return NULL;
}

static const char *text_of(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR ? node->text : "";
}

/* The one argument of that predicate of EntityPredicates; NULL: it is another one. */
static const struct yaml_node *predicate_argument(const struct yaml_node *filter, const char *name)
{
	const struct yaml_node *object =
	    yaml_get(filter, "$brooklyn:object") ?: yaml_get(filter, "$berth:object");
	const struct yaml_node *arguments = object ? yaml_get(object, "factoryMethod.args") : NULL;
	bool ours = false;

	for (size_t i = 0; object && i < COUNT_OF(predicates); i++)
		ours |= !strcmp(text_of(yaml_get(object, "type")), predicates[i]);
	if (!ours || strcmp(text_of(yaml_get(object, "factoryMethod.name")), name) != 0 || !arguments)
		return NULL;
	return arguments->kind == YAML_LIST && arguments->count == 1 && *text_of(arguments->items[0])
		   ? arguments->items[0]
		   : NULL;
}

/* Of that id, or of that name as it is shown. */
static void read_filter(struct reading *r, const struct yaml_node *filter, struct growing *members)
{
	const struct yaml_node *map = filter->kind == YAML_MAP ? filter : NULL;
	const struct yaml_node *id = map ? predicate_argument(map, "idEqualTo") : NULL;
	const struct yaml_node *name = map ? predicate_argument(map, "displayNameEqualTo") : NULL;
	const struct draft *found = id ? find_component(r, id->text, id->place) : NULL;

	if (found)
		put(r, members, found->index);
	for (size_t i = 0; name && i < r->count; i++)
		if (!strcmp(text_of(yaml_get(r->drafts[i].node, "name")), name->text))
			put(r, members, i);
	if (name && !members->count)
		warn(r->list, name->place, "no component has the name `%s`", name->text);
	if (!id && !name)
		advise(r->list,
		       complain(r->list, filter->place, "this filter of a group is not known to berth"),
		       "idEqualTo and displayNameEqualTo of EntityPredicates are; else write `members: [a, "
		       "b]`, or "
		       "`memberTypes: [docker:nginx]`");
}

static void check_config(struct reading *r, const struct yaml_node *config)
{
	for (size_t i = 0; config->kind == YAML_MAP && i < config->count; i++)
		if (!is_filter(config->entries[i].key))
			advise(r->list,
			       complain(r->list, config->entries[i].key_place, "a group has no config `%s`",
					config->entries[i].key),
			       "`dynamicgroup.entityfilter` says who is in it, or `members` and "
			       "`memberTypes` beside `brooklyn.config` do");
}

static void check_keys(struct reading *r, const struct yaml_node *service)
{
	static const char *const keys[] = {"type",        "id",      "name",       "members",
					   "memberTypes", "iconUrl", "description"};

	for (size_t i = 0; i < service->count; i++) {
		const struct yaml_entry *entry = &service->entries[i];
		bool known = is_config_key(entry->key);
		if (known)
			check_config(r, entry->value);
		for (size_t k = 0; k < COUNT_OF(keys); k++)
			known |= !strcmp(keys[k], entry->key);
		if (!known && !is_filter(entry->key))
			advise(
			    r->list,
			    complain(r->list, entry->key_place, "`%s` does not go with a group", entry->key),
			    "a group takes `members`, a list of components, and `memberTypes`, one of types; "
			    "what else is meant for them is written on them");
	}
}

bool groups_take(struct reading *r, const struct yaml_node *service)
{
	const char *type = service->kind == YAML_MAP ? written_type(service) : NULL;
	bool is = false;

	for (size_t i = 0; type && i < COUNT_OF(group_types); i++)
		is |= !strcmp(group_types[i], type);
	if (!is)
		return false;
	check_keys(r, service);
	const char *id = id_of(r, service);
	struct group_draft *draft = id ? add(r, id, service->place) : NULL;
	if (draft)
		draft->node = service;
	return true;
}

void groups_add(struct reading *r, const char *id, struct place place, const char *const *names, size_t count)
{
	struct group_draft *draft = add(r, id, place);

	if (!draft)
		return;
	draft->names = names;
	draft->count = count;
}

/* --- who is in it ------------------------------------------------------------------------------------- */

static struct group_draft *find(struct reading *r, const char *id)
{
	struct group_draft *all = r->groups.members;

	for (size_t i = 0; i < r->groups.count; i++)
		if (!strcasecmp(all[i].group->id, id))
			return &all[i];
	return NULL;
}

const struct component_group *group_find(struct reading *r, const char *id)
{
	const struct group_draft *draft = find(r, id);

	return draft ? draft->group : NULL;
}

/* The name alone, of a text or of component("name"). */
static const char *name_in(struct reading *r, const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR && !is_expression(node))
		return node->text;
	if (!r->groups.count || !is_expression(node))
		return NULL;
	const struct expression *e = expression_read(r, node);
	bool one = e && e->kind == EXPRESSION_CALL && !e->on && e->count == 1 &&
		   e->arguments[0]->kind == EXPRESSION_TEXT;
	return one && (!strcmp(e->text, "component") || !strcmp(e->text, "entity")) ? e->arguments[0]->text
										    : NULL;
}

const struct component_group *group_named(struct reading *r, const struct yaml_node *node)
{
	const char *name = r->groups.count ? name_in(r, node) : NULL;

	return name ? group_find(r, name) : NULL;
}

static void resolve(struct reading *r, struct group_draft *draft);

static void put_named(struct reading *r, const struct group_draft *of, struct growing *members,
		      const char *name, struct place at)
{
	struct group_draft *inner = find(r, name);

	if (!inner) {
		const struct draft *found = find_component(r, name, at);
		if (found)
			put(r, members, found->index);
		return;
	}
	if (inner->resolving) {
		complain(r->list, at, "the groups `%s` and `%s` are within each other", of->group->id, name);
		return;
	}
	resolve(r, inner);
	for (size_t i = 0; i < inner->group->count; i++)
		put(r, members, inner->group->members[i]);
}

static void read_named(struct reading *r, const struct group_draft *draft, const struct yaml_node *list,
		       struct growing *members)
{
	size_t count = list->kind == YAML_LIST ? list->count : 1;

	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *item = list->kind == YAML_LIST ? list->items[i] : list;
		const char *name = name_in(r, item);
		const struct draft *found = name ? NULL : component_read(r, item);
		if (name)
			put_named(r, draft, members, name, item->place);
		else if (found)
			put(r, members, found->index);
	}
}

/* "docker:nginx" is of any tag; else the type as it is written, of a cluster its members'. */
static bool is_of_type(const struct draft *d, const char *type)
{
	const struct yaml_entry *given = given_of(d, KEY_TYPE);
	const char *own = given && given->value->kind == YAML_SCALAR ? given->value->text : NULL;
	size_t length = strlen(type);

	return own && !strncmp(own, type, length) &&
	       (!own[length] || (starts_with(type, "docker:") && strchr(":@", own[length])));
}

static void read_typed(struct reading *r, const struct yaml_node *list, struct growing *members)
{
	size_t count = list->kind == YAML_LIST ? list->count : 1;

	for (size_t n = 0; n < count; n++) {
		const struct yaml_node *item = list->kind == YAML_LIST ? list->items[n] : list;
		const char *type = fixed_text(r, NULL, item, "memberTypes");
		size_t before = members->count;
		for (size_t i = 0; type && i < r->count; i++)
			if (is_of_type(&r->drafts[i], type))
				put(r, members, i);
		if (type && members->count == before)
			warn(r->list, item->place, "no component is of type `%s`", type);
	}
}

static void resolve(struct reading *r, struct group_draft *draft)
{
	struct growing members = {0};

	if (draft->resolved)
		return;
	draft->resolved = draft->resolving = true;
	const struct yaml_node *named = draft->node ? yaml_get(draft->node, "members") : NULL;
	const struct yaml_node *typed = draft->node ? yaml_get(draft->node, "memberTypes") : NULL;
	const struct yaml_node *filter = draft->node ? filter_of(draft->node) : NULL;
	if (named && !yaml_null(named))
		read_named(r, draft, named, &members);
	if (typed && !yaml_null(typed))
		read_typed(r, typed, &members);
	if (filter && !yaml_null(filter))
		read_filter(r, filter, &members);
	for (size_t i = 0; i < draft->count; i++)
		put_named(r, draft, &members, draft->names[i], draft->place);
	if (draft->node && !named && !typed && !filter)
		advise(r->list,
		       complain(r->list, draft->place, "the group `%s` has no members", draft->group->id),
		       "write `members: [a, b]`, or `memberTypes: [docker:nginx]`");
	draft->group->members = kept(r, &members, sizeof(size_t));
	draft->group->count = draft->group->members ? members.count : 0;
	draft->resolving = false;
}

static void check_name(struct reading *r, const struct group_draft *draft)
{
	if (map_get(r->components, draft->group->id) || find(r, draft->group->id) != draft)
		advise(r->list,
		       complain(r->list, draft->place, "the group's id `%s` is that of another one",
				draft->group->id),
		       "give it another `id`");
}

void groups_resolve(struct reading *r)
{
	struct group_draft *all = r->groups.members;
	const struct component_group **list =
	    reading_alloc(r, sizeof(*list) * (r->groups.count ? r->groups.count : 1));

	for (size_t i = 0; list && i < r->groups.count; i++) {
		check_name(r, &all[i]);
		resolve(r, &all[i]);
		list[i] = all[i].group;
	}
	r->blueprint->groups = list;
	r->blueprint->group_count = list ? r->groups.count : 0;
}
