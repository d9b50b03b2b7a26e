/* catalogue.c - a component whose type is made of another one becomes that other one, with what its type says
 * of it. */
#include "blueprints/catalogue.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/embedded.h"
#include "blueprints/yaml_internal.h"

#define CHAIN_LIMIT 16
#define FILE_LIMIT  (1 << 20)

/* --- what there is ---------------------------------------------------------------------------------- */

static const struct yaml_node *items_of(const struct yaml_node *root)
{
	const struct yaml_node *catalogue =
	    root && root->kind == YAML_MAP ? yaml_get(root, "brooklyn.catalog") : NULL;

	if (catalogue && catalogue->kind == YAML_MAP)
		root = catalogue;
	if (root && root->kind == YAML_MAP && yaml_get(root, "items"))
		root = yaml_get(root, "items");
	return root;
}

static bool type_of(const struct yaml_node *entry, struct catalogue_type *ret)
{
	const struct yaml_node *id = entry->kind == YAML_MAP ? yaml_get(entry, "id") : NULL;
	const struct yaml_node *item = entry->kind == YAML_MAP ? yaml_get(entry, "item") : NULL;

	if (!id || id->kind != YAML_SCALAR || !item || item->kind != YAML_MAP)
		return false;
	*ret = (struct catalogue_type){.id = id->text, .entry = entry, .item = item};
	return true;
}

void catalogue_each(struct arena *texts, struct arena *tree,
		    void (*each)(const struct catalogue_type *, void *), void *context)
{
	for (size_t i = 0; i < catalogue_text_count; i++) {
		owned_by(diagnostics_release) struct diagnostics none = {0};
		const struct yaml_node *root = yaml_compose_faulty(
		    texts, tree, "catalogue", catalogue_texts[i], strlen(catalogue_texts[i]), &none);
		const struct yaml_node *items = items_of(root);
		struct catalogue_type type;
		for (size_t k = 0; items && items->kind == YAML_LIST && k < items->count; k++)
			if (type_of(items->items[k], &type))
				each(&type, context);
	}
}

/* --- those that the blueprint knows ----------------------------------------------------------------- */

static void know(const struct catalogue_type *type, void *context)
{
	struct reading *r = context;
	struct catalogue_type *copy = scratch_new(r, struct catalogue_type);
	const struct yaml_node *names = yaml_get(type->entry, "names");

	if (!copy)
		return;
	*copy = *type;
	if (!map_get(r->types, type->id))
		reading_put(r, &r->types, type->id, copy);
	for (size_t i = 0; names && names->kind == YAML_LIST && i < names->count; i++)
		if (names->items[i]->kind == YAML_SCALAR && !map_get(r->types, names->items[i]->text))
			reading_put(r, &r->types, names->items[i]->text, copy);
}

static void read_items(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *items = items_of(root);
	struct catalogue_type type;

	if (items && items->kind == YAML_MAP && yaml_get(items, "id") && yaml_get(items, "item")) {
		if (type_of(items, &type))
			know(&type, r);
		return;
	}
	if (!items || items->kind != YAML_LIST) {
		advise(r->list,
		       complain(r->list, root->place, "a catalogue lists its types, and this is %s",
				kind_name(root)),
		       "write items: [{id: NAME, item: {type: ...}}]");
		return;
	}
	for (size_t i = 0; i < items->count; i++) {
		if (type_of(items->items[i], &type))
			know(&type, r);
		else
			advise(r->list,
			       complain(r->list, items->items[i]->place,
					"a type has an `id` and an `item`, a component"),
			       "write {id: NAME, item: {type: ...}}");
	}
}

static int read_content(struct reading *r, const char *path, struct text *ret, struct error *err)
{
	const struct blueprint_options *options = r->options;

	return options->file_read ? options->file_read(options->file_context, path, FILE_LIMIT, ret, err)
				  : fail(err, ERR_MISSING, "no file can be read here");
}

static void read_file(struct reading *r, const struct yaml_node *node)
{
	owned_text content = {0};
	struct error err = {0};
	const char *path = *node->text == '/' || !r->options->directory
			       ? node->text
			       : arena_format(r->arena, "%s/%s", r->options->directory, node->text);

	if (!path) {
		r->list->failed = true;
		return;
	}
	if (read_content(r, path, &content, &err)) {
		advise(r->list,
		       complain(r->list, node->place, "the catalogue `%s` cannot be read: %s", node->text,
				err.text),
		       "a catalogue is a file beside the blueprint");
		return;
	}
	const struct yaml_node *root = yaml_compose_faulty(r->arena, &r->scratch, node->text,
							   text_view(&content), content.length, r->list);
	if (root)
		read_items(r, root);
}

void catalogue_read(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *given = yaml_get(root, "catalog");
	bool list = given && given->kind == YAML_LIST;
	size_t count = given && !yaml_null(given) ? (list ? given->count : 1) : 0;

	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *one = list ? given->items[i] : given;
		struct catalogue_type type;
		if (one->kind == YAML_SCALAR)
			read_file(r, one);
		else if (type_of(one, &type))
			know(&type, r);
		else
			advise(r->list,
			       complain(r->list, one->place,
					"`catalog` lists files, or types with an `id` and an `item`"),
			       "write catalog: [types.yaml]");
	}
}

/* Those of the program come last: a blueprint's own go before them. */
static const struct catalogue_type *find_type(struct reading *r, const char *name)
{
	const struct catalogue_type *type = map_get(r->types, name);

	if (type || r->types_known)
		return type;
	r->types_known = true;
	catalogue_each(r->arena, &r->scratch, know, r);
	return map_get(r->types, name);
}

/* --- its parameters --------------------------------------------------------------------------------- */

static const struct yaml_node *parameters_of(const struct catalogue_type *type)
{
	static const char *const keys[] = {"brooklyn.parameters", "parameters"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		for (int k = 0; k < 2; k++) {
			const struct yaml_node *list = yaml_get(k ? type->entry : type->item, keys[i]);
			if (list && list->kind == YAML_LIST)
				return list;
		}
	return NULL;
}

static const struct yaml_entry *entry_of(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
		if (!strcmp(map->entries[i].key, key))
			return &map->entries[i];
	return NULL;
}

static bool is_set(const struct yaml_node *service, const char *name)
{
	const struct yaml_entry *config = entry_of(service, "brooklyn.config");

	return entry_of(service, name) || (config && entry_of(config->value, name)) ||
	       ((config = entry_of(service, "config")) && entry_of(config->value, name));
}

static struct yaml_node *node_like(struct reading *r, const struct yaml_node *like, struct growing *entries)
{
	struct yaml_node *node = scratch_new(r, struct yaml_node);

	if (!node)
		return NULL;
	*node = (struct yaml_node){.kind = YAML_MAP, .place = like->place, .count = (uint32_t)entries->count};
	node->entries = entries->members;
	return node;
}

static void add_entry(struct reading *r, struct growing *list, const char *key, struct place place,
		      const struct yaml_node *value)
{
	struct yaml_entry *entry = value ? grow_new(r, list, struct yaml_entry) : NULL;

	if (entry)
		*entry = (struct yaml_entry){.key = key, .key_place = place, .value = value};
}

/* What it declares may stand at the component's own level: there it is configuration, unless it is a key of
 * the language; and where it is not said, its default holds. A version that nobody asked for is only what is
 * usual. */
static const struct yaml_node *fill_parameters(struct reading *r, const struct yaml_node *service,
					       const struct catalogue_type *type)
{
	const struct yaml_node *list = parameters_of(type);
	struct growing own = {0}, config = {0}, rest = {0};

	for (size_t i = 0; list && i < list->count; i++) {
		const struct yaml_node *name =
		    list->items[i]->kind == YAML_MAP ? yaml_get(list->items[i], "name") : list->items[i];
		const struct yaml_node *initial =
		    list->items[i]->kind == YAML_MAP ? yaml_get(list->items[i], "default") : NULL;
		if (!name || name->kind != YAML_SCALAR)
			continue;
		const struct yaml_entry *given = entry_of(service, name->text);
		if (given && !map_get(r->keys, name->text))
			add_entry(r, &config, given->key, given->key_place, given->value);
		else if (!is_set(service, name->text) && initial && !yaml_null(initial))
			add_entry(r, &config, name->text, service->place, initial);
		if (!strcmp(name->text, "install.version") && !is_set(service, name->text) &&
		    !is_set(service, "install.version.match"))
			add_entry(r, &config, "install.version.match", service->place,
				  scalar_node(r, service->place, "any", true));
	}
	const struct yaml_entry *moved = config.members;
	for (size_t i = 0; i < service->count; i++) {
		bool away = false;
		for (size_t k = 0; k < config.count; k++)
			away = away || !strcmp(moved[k].key, service->entries[i].key);
		if (!away)
			add_entry(r, &own, service->entries[i].key, service->entries[i].key_place,
				  service->entries[i].value);
	}
	if (!config.count)
		return service;
	const struct yaml_node *base_config = node_like(r, service, &config);
	add_entry(r, &rest, "brooklyn.config", service->place, base_config);
	const struct yaml_node *over = node_like(r, service, &own), *base = node_like(r, service, &rest);
	return over && base ? services_merge(r, over, base, NULL) : service;
}

/* --- a component ------------------------------------------------------------------------------------ */

static bool is_type_key(const char *key)
{
	return !strcmp(key, "type") || !strcmp(key, "serviceType") || !strcmp(key, "service_type");
}

/* What is only of the type itself: how it is called, and what it declares. */
static bool stays_behind(const char *key)
{
	static const char *const keys[] = {"brooklyn.parameters", "parameters", "name",    "id",
					   "description",         "iconUrl",    "icon_url"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static const struct yaml_node *without(struct reading *r, const struct yaml_node *node,
				       bool (*drops)(const char *))
{
	struct growing entries = {0};

	for (size_t i = 0; i < node->count; i++)
		if (!drops(node->entries[i].key))
			add_entry(r, &entries, node->entries[i].key, node->entries[i].key_place,
				  node->entries[i].value);
	const struct yaml_node *rest = node_like(r, node, &entries);
	return rest ? rest : node;
}

/* It is called as its type is, where it has no name of its own. */
static const struct yaml_node *named(struct reading *r, const struct yaml_node *service,
				     const struct catalogue_type *type)
{
	struct growing id = {0};

	if (entry_of(service, "id") || entry_of(service, "name"))
		return service;
	add_entry(r, &id, "id", service->place, scalar_node(r, service->place, type->id, true));
	const struct yaml_node *base = node_like(r, service, &id);
	return base ? services_merge(r, service, base, NULL) : service;
}

const struct yaml_node *catalogue_expand(struct reading *r, const struct yaml_node *service)
{
	const char *name = service->kind == YAML_MAP ? written_type(service) : NULL;

	for (int depth = 0; name && !type_is_known(name); depth++) {
		const struct catalogue_type *type = find_type(r, name);
		struct place place = service->place;
		if (!type)
			break;
		for (size_t i = 0; i < service->count; i++)
			if (is_type_key(service->entries[i].key))
				place = service->entries[i].value->place;
		if (depth == CHAIN_LIMIT || !written_type(type->item)) {
			complain(r->list, place,
				 depth == CHAIN_LIMIT ? "the type `%s` leads to too many others"
						      : "the type `%s` has no type of its own",
				 name);
			break;
		}
		service = named(r, without(r, service, is_type_key), type);
		service = services_merge(r, service, without(r, type->item, stays_behind), &place);
		service = fill_parameters(r, service, type);
		name = written_type(type->item);
	}
	return service;
}
