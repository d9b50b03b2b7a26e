/* catalogue_file.c - a catalogue in place of a blueprint: the application that one of its items makes, and
 * one for each that shows what is wrong with it. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/component.h"
#include "blueprints/tree.h"

bool catalogue_is(const struct yaml_node *root)
{
	return root->kind == YAML_MAP && yaml_get(root, "brooklyn.catalog");
}

/* { id: ..., services: [...] } */
static const struct yaml_node *around(struct reading *r, const struct catalogue_type *type,
				      const struct yaml_node *service)
{
	struct growing entries = {0};

	tree_add(r, &entries, "id", type->place,
		 scalar_node(r, type->place, catalogue_short_name(type->id), true));
	if (service)
		tree_add(r, &entries, "services", type->place, tree_list_of(r, service));
	return tree_map(r, type->item, &entries);
}

static const struct yaml_node *planned(struct reading *r, const struct catalogue_type *type)
{
	struct growing entries = {0};

	if (!tree_entry(type->plan, "id"))
		tree_add(r, &entries, "id", type->place,
			 scalar_node(r, type->place, catalogue_short_name(type->id), true));
	for (size_t i = 0; i < type->plan->count; i++)
		if (strcmp(type->plan->entries[i].key, "brooklyn.catalog"))
			tree_add(r, &entries, type->plan->entries[i].key, type->plan->entries[i].key_place,
				 type->plan->entries[i].value);
	return tree_map(r, type->plan, &entries);
}

static const struct yaml_node *application_of(struct reading *r, const struct catalogue_type *type)
{
	return type->plan ? planned(r, type) : around(r, type, catalogue_alone(r, type));
}

/* --- one of them ------------------------------------------------------------------------------------- */

static bool is_called(const struct catalogue_type *type, const char *name)
{
	size_t length = strlen(type->id);

	return !strcmp(type->id, name) || (!strncmp(type->id, name, length) && name[length] == ':' &&
					   !strcmp(type->version, name + length + 1));
}

static const struct catalogue_type *only_one(struct reading *r)
{
	const struct catalogue_type **items = r->items.members, *found = NULL;
	size_t count = 0, components = 0;

	for (size_t i = 0; i < r->items.count; i++)
		if (items[i]->kind == CATALOGUE_APPLICATION) {
			found = items[i];
			count++;
		}
	for (size_t i = 0; !count && i < r->items.count; i++)
		if (items[i]->kind == CATALOGUE_COMPONENT) {
			found = items[i];
			components++;
		}
	return count + components == 1 ? found : NULL;
}

static void complain_choice(struct reading *r, const struct yaml_node *root, const char *name)
{
	const struct catalogue_type **items = r->items.members;
	const char **names = scratch_alloc(r, sizeof(*names) * (r->items.count + 1));
	owned_text known = {0};
	size_t count = 0;

	for (size_t i = 0; names && i < r->items.count; i++)
		if (items[i]->kind <= CATALOGUE_APPLICATION)
			names[count++] = items[i]->id;
	for (size_t i = 0; i < count && i < 8; i++)
		text_format(&known, "%s`%s`", i ? ", " : "", names[i]);
	if (!count) {
		advise(r->list,
		       complain(r->list, root->place, "the catalogue has nothing that can be deployed"),
		       "only components and applications are");
		return;
	}
	char otherwise[1024];
	snprintf(otherwise, sizeof otherwise, "write %.200s#ITEM: %.600s%s", r->file, text_view(&known),
		 count > 8 ? " or others" : "");
	if (name)
		suggest(r, complain(r->list, root->place, "the catalogue has no item `%s`", name), name,
			names, count, otherwise);
	else
		advise(
		    r->list,
		    complain(r->list, root->place, "this is a catalogue: it is not said which of its items"),
		    "%s", otherwise);
}

const struct yaml_node *catalogue_choose(struct reading *r, const struct yaml_node *root, const char *name)
{
	const struct catalogue_type **items = r->items.members, *found = NULL;

	for (size_t i = 0; name && i < r->items.count; i++)
		if (is_called(items[i], name))
			found = map_get(r->types, name) ?: items[i];
	if (!name)
		found = only_one(r);
	if (found && found->kind > CATALOGUE_APPLICATION)
		advise(r->list,
		       complain(r->list, found->place, "`%s` cannot be deployed: its kind is %s", found->id,
				catalogue_kind_name(found->kind)),
		       "%s", catalogue_kind_use(found->kind));
	else if (found)
		return application_of(r, found);
	else
		complain_choice(r, root, name);
	return NULL;
}

/* --- all of them ------------------------------------------------------------------------------------- */

static const struct yaml_node *text_at(struct reading *r, const struct catalogue_type *type, const char *text)
{
	return scalar_node(r, type->place, text, true);
}

/* Of a component that has it, and is otherwise nothing; what scales is of a cluster. */
static const struct yaml_node *with_adjunct(struct reading *r, const struct catalogue_type *type)
{
	struct growing process = {0}, own = {0};
	struct place at = type->place;
	const char *name = written_type(catalogue_adjunct(r, type->item));
	bool scales = name && strstr(name, "utoScaler");

	tree_add(r, &process, "type", at, text_at(r, type, "process"));
	if (!scales)
		tree_add(r, &process, "id", at, text_at(r, type, catalogue_short_name(type->id)));
	tree_add(r, &process, "command", at, text_at(r, type, "true"));
	if (scales) {
		tree_add(r, &own, "type", at, text_at(r, type, "cluster"));
		tree_add(r, &own, "id", at, text_at(r, type, catalogue_short_name(type->id)));
		tree_add(r, &own, "memberSpec", at, tree_map(r, type->entry, &process));
	}
	struct growing *service = scales ? &own : &process;
	tree_add(r, service, type->kind == CATALOGUE_POLICY ? "policies" : "enrichers", at,
		 tree_list_of(r, type->item));
	return tree_map(r, type->entry, service);
}

const struct yaml_node *catalogue_trial(struct reading *r, const struct catalogue_type *type)
{
	switch (type->kind) {
	case CATALOGUE_COMPONENT:
	case CATALOGUE_APPLICATION:
		return application_of(r, type);
	case CATALOGUE_LOCATION:
		return NULL; /* read by its name */
	case CATALOGUE_POLICY:
	case CATALOGUE_ENRICHER:
		return around(r, type, with_adjunct(r, type));
	default:
		advise(r->list,
		       complain(r->list, type->place, "`%s` is Java, which does not run here", type->id),
		       "%s", catalogue_kind_use(type->kind));
		return NULL;
	}
}
