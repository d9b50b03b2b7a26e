/* catalogue_items.c - the items of a catalogue, as Brooklyn's files list them: how each is called, in which
 * version, what it can be used as, and what it stands for. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/component.h"
#include "blueprints/policy_types.h"
#include "blueprints/tree.h"
#include "blueprints/yaml_internal.h"

#define DEPTH_LIMIT 16
#define FILE_LIMIT  (1 << 20)
#define FILES_MOST  100
#define ITEMS_MOST  1000

/* --- kinds ------------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum catalogue_kind kind;
} kinds[] = {{"entity", CATALOGUE_COMPONENT},
	     {"template", CATALOGUE_APPLICATION},
	     {"application", CATALOGUE_APPLICATION},
	     {"location", CATALOGUE_LOCATION},
	     {"policy", CATALOGUE_POLICY},
	     {"enricher", CATALOGUE_ENRICHER},
	     {"bean", CATALOGUE_OTHER},
	     {"effector", CATALOGUE_OTHER}};

const char *catalogue_kind_name(enum catalogue_kind kind)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].word;
	return "";
}

const char *catalogue_kind_use(enum catalogue_kind kind)
{
	switch (kind) {
	case CATALOGUE_LOCATION:
		return "write its name as the `location` of a component or of the application";
	case CATALOGUE_POLICY:
		return "write its name as the `type` of one of a component's `policies`";
	case CATALOGUE_ENRICHER:
		return "write its name as the `type` of one of a component's `enrichers`";
	default:
		return "only components, locations, policies and enrichers can be used";
	}
}

/* Where it is not said: by what it is made of. */
static enum catalogue_kind kind_by_type(const char *type)
{
	const struct policy_type *policy = policy_type_find(type);

	if (policy)
		return policy->enricher ? CATALOGUE_ENRICHER : CATALOGUE_POLICY;
	if (strstr(type, ".enricher."))
		return CATALOGUE_ENRICHER;
	if (strstr(type, ".policy."))
		return CATALOGUE_POLICY;
	if (strstr(type, ".location.") || starts_with(type, "jclouds:") || !strcmp(type, "byon"))
		return CATALOGUE_LOCATION;
	return CATALOGUE_COMPONENT;
}

static enum catalogue_kind kind_of(struct reading *r, const struct yaml_node *said,
				   const struct yaml_node *item)
{
	const char *words[COUNT_OF(kinds)];
	const char *type = item->kind == YAML_MAP ? written_type(item) : item->text;

	if (!said && item->kind == YAML_MAP && yaml_get(item, "services"))
		return CATALOGUE_APPLICATION;
	if (!said)
		return type ? kind_by_type(type) : CATALOGUE_COMPONENT;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		words[i] = kinds[i].word;
		if (said->kind == YAML_SCALAR && !strcmp(said->text, kinds[i].word))
			return kinds[i].kind;
	}
	suggest(r,
		complain(r->list, said->place, "there is no kind of item called `%s`",
			 said->kind == YAML_SCALAR ? said->text : kind_name(said)),
		said->kind == YAML_SCALAR ? said->text : "", words, COUNT_OF(words),
		"the kinds are entity, template, location, policy and enricher");
	return CATALOGUE_COMPONENT;
}

/* A name of a class is too long for one of ours. */
const char *catalogue_short_name(const char *id)
{
	const char *dot = strrchr(id, '.');

	return strlen(id) > ID_LIMIT && dot && dot[1] ? dot + 1 : id;
}

/* --- what it stands for ------------------------------------------------------------------------------ */

static bool of_plans(const char *key)
{
	return !strcmp(key, "services") || !strcmp(key, "version") || !strcmp(key, "origin") ||
	       !strcmp(key, "brooklyn.catalog") || !strcmp(key, "catalog");
}

/* A plan as a component: its only service with what the plan says beside it, or a group of all. */
static const struct yaml_node *component_of(struct reading *r, const struct yaml_node *plan)
{
	const struct yaml_node *services = yaml_get(plan, "services"),
			       *rest = tree_without(r, plan, of_plans);
	struct growing group = {0};

	if (services->kind != YAML_LIST || !services->count) {
		complain(r->list, services->place, "`services` takes a list of components");
		return rest;
	}
	if (services->count == 1 && services->items[0]->kind == YAML_MAP)
		return services_merge(r, rest, services->items[0], NULL);
	tree_add(r, &group, "type", services->place,
		 scalar_node(r, services->place, "org.apache.brooklyn.entity.stock.BasicApplication", true));
	tree_add(r, &group, "brooklyn.children", services->place, services);
	const struct yaml_node *base = tree_map(r, services, &group);
	return base ? services_merge(r, rest, base, NULL) : rest;
}

/* A name alone is the type of what it stands for. */
static const struct yaml_node *typed(struct reading *r, const struct yaml_node *name)
{
	struct growing entries = {0};

	tree_add(r, &entries, "type", name->place, name);
	return tree_map(r, name, &entries);
}

/* --- versions ---------------------------------------------------------------------------------------- */

static bool is_snapshot(const char *version)
{
	return strcasestr(version, "SNAPSHOT") != NULL;
}

/* A snapshot is below every release, as in Brooklyn. */
static bool is_newer(const char *version, const char *than)
{
	if (is_snapshot(version) != is_snapshot(than))
		return is_snapshot(than);
	return strverscmp(version, than) > 0;
}

void catalogue_know(struct reading *r, const struct catalogue_type *type)
{
	struct catalogue_type *copy = scratch_new(r, struct catalogue_type);
	const struct yaml_node *names = yaml_get(type->entry, "names");
	const struct catalogue_type *other = map_get(r->types, type->id);

	if (!copy)
		return;
	*copy = *type;
	/* What is called as its own type says more of that type, which is another one's. */
	const char *made_of = type->item->kind == YAML_MAP ? written_type(type->item) : NULL;
	if (made_of && !strcmp(made_of, type->id))
		return;
	if (!other || is_newer(type->version, other->version))
		reading_put(r, &r->types, type->id, copy);
	if (*type->version) {
		const char *full = arena_format(r->arena, "%s:%s", type->id, type->version);
		if (!full)
			r->list->failed = true;
		else if (!map_get(r->types, full))
			reading_put(r, &r->types, full, copy);
	}
	for (size_t i = 0; names && names->kind == YAML_LIST && i < names->count; i++)
		if (names->items[i]->kind == YAML_SCALAR && !map_get(r->types, names->items[i]->text))
			reading_put(r, &r->types, names->items[i]->text, copy);
}

/* --- reading them ------------------------------------------------------------------------------------ */

/* What an item has of those around it. */
struct around {
	const char *version;
	const struct yaml_node *kind;
	int depth;
};

static void read_entry(struct reading *r, const struct yaml_node *entry, struct around around);

static const char *scalar_at(const struct yaml_node *entry, const char *key)
{
	const struct yaml_node *node = yaml_get(entry, key);

	return node && node->kind == YAML_SCALAR && !yaml_null(node) ? node->text : NULL;
}

static void keep_item(struct reading *r, const struct yaml_node *entry, const struct yaml_node *item,
		      const struct around *around)
{
	struct catalogue_type type = {.version = around->version, .entry = entry, .place = entry->place};
	const struct catalogue_type **kept_one;

	type.id = scalar_at(entry, "id");
	if (!type.id && item->kind == YAML_MAP)
		type.id = scalar_at(item, "id");
	if (!type.id || item->kind == YAML_LIST || yaml_null(item)) {
		advise(r->list,
		       complain(r->list, entry->place, "a type has an `id` and an `item`, a component"),
		       "write {id: NAME, item: {type: ...}}");
		return;
	}
	if (r->items.count == ITEMS_MOST) {
		complain(r->list, entry->place, "more than %d items of catalogues", ITEMS_MOST);
		return;
	}
	type.kind = kind_of(r, around->kind, item);
	type.item = item->kind == YAML_SCALAR ? typed(r, item) : item;
	if (type.item && type.kind <= CATALOGUE_APPLICATION && yaml_get(type.item, "services")) {
		type.plan = item;
		type.item = component_of(r, item);
	}
	if (!type.item)
		return;
	catalogue_know(r, &type);
	kept_one = grow_new(r, &r->items, const struct catalogue_type *);
	struct catalogue_type *copy = kept_one ? scratch_new(r, struct catalogue_type) : NULL;
	if (copy) {
		*copy = type;
		*kept_one = copy;
	} else if (kept_one) {
		r->items.count--;
	}
}

static int read_content(struct reading *r, const char *path, struct text *ret, struct error *err)
{
	const struct blueprint_options *options = r->options;

	return options->file_read ? options->file_read(options->file_context, path, FILE_LIMIT, ret, err)
				  : fail(err, ERR_MISSING, "no file can be read here");
}

const char *bundled_file(const char *text)
{
	if (!starts_with(text, "classpath:"))
		return text;
	text += strlen("classpath:");
	text += strspn(text, "/");
	const char *colon = strchr(text, ':');
	return colon ? colon + 1 + strspn(colon + 1, "/") : text;
}

/* Items elsewhere: in a file beside the blueprint. */
static void read_file(struct reading *r, const struct yaml_node *node, struct around around)
{
	owned_text content = {0};
	struct error err = {0};
	const char *name = bundled_file(node->text);
	const char *path = *name == '/' || !r->options->directory
			       ? name
			       : arena_format(r->arena, "%s/%s", r->options->directory, name);

	if (!path) {
		r->list->failed = true;
		return;
	}
	if (starts_with(node->text, "http:") || starts_with(node->text, "https:")) {
		advise(r->list,
		       complain(r->list, node->place,
				"`%s` is elsewhere, and a catalogue is fetched from nowhere", node->text),
		       "put the file beside this one, and write its name");
		return;
	}
	if (++r->files > FILES_MOST) {
		complain(r->list, node->place, "more than %d files of catalogues", FILES_MOST);
		return;
	}
	if (read_content(r, path, &content, &err)) {
		advise(r->list,
		       complain(r->list, node->place, "the catalogue `%s` cannot be read: %s", node->text,
				err.text),
		       name == node->text
			   ? "a catalogue is a file beside the blueprint"
			   : "what lies in a bundle is looked for beside this file: put it there");
		return;
	}
	const struct yaml_node *root = yaml_compose_faulty(r->arena, &r->scratch, node->text,
							   text_view(&content), content.length, r->list);
	around.depth++;
	if (root)
		read_entry(r, root, around);
}

static const char *const noted[] = {
    "id",
    "version",
    "bundle",
    "itemType",
    "item",
    "items",
    "name",
    "displayName",
    "iconUrl",
    "icon_url",
    "tags",
    "include",
    "publish",
    "description",
    "format",
    "license",
    "dependsOn",
    "parameters",
    "names",
    "brooklyn.parameters",
    "defaults",
    "overview",
    "license_url",
    "issues_url",
    "license_code",
    "qa",
    "libraries",
    "brooklyn.libraries",
    "scanJavaAnnotations",
    "type",
};

/* Brooklyn takes any key here; what it means nothing by is told, as it may have been meant. */
static void check_keys(struct reading *r, const struct yaml_node *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct yaml_entry *one = &entry->entries[i];
		size_t k = 0;
		while (k < COUNT_OF(noted) && strcmp(noted[k], one->key))
			k++;
		bool java = !strcmp(one->key, "libraries") || !strcmp(one->key, "brooklyn.libraries") ||
			    (!strcmp(one->key, "scanJavaAnnotations") && one->value->kind == YAML_SCALAR &&
			     !strcmp(one->value->text, "true"));
		if (k == COUNT_OF(noted))
			suggest(
			    r,
			    warn(r->list, one->key_place, "`%s` is without effect in a catalogue", one->key),
			    one->key, noted, COUNT_OF(noted), NULL);
		else if (java && !yaml_null(one->value) &&
			 one->value->count + (one->value->kind == YAML_SCALAR))
			advise(
			    r->list,
			    warn(r->list, one->key_place, "`%s` is Java, which does not run here", one->key),
			    "types that are in it are not known");
	}
}

/* "symbolic.name:version" */
static const char *bundle_version(const struct yaml_node *entry)
{
	const char *bundle = scalar_at(entry, "bundle"), *colon = bundle ? strrchr(bundle, ':') : NULL;

	return colon ? colon + 1 : NULL;
}

static void read_list(struct reading *r, const struct yaml_node *list, struct around around)
{
	around.depth++;
	for (size_t i = 0; i < list->count; i++)
		read_entry(r, list->items[i], around);
}

static void read_meta(struct reading *r, const struct yaml_node *entry, const struct yaml_node *sibling,
		      struct around around)
{
	const struct yaml_node *items = yaml_get(entry, "items"), *include = yaml_get(entry, "include");
	const struct yaml_node *item = yaml_get(entry, "item");

	if (!item)
		item = sibling;
	around.version = scalar_at(entry, "version") ?: bundle_version(entry) ?: around.version;
	if (yaml_get(entry, "itemType"))
		around.kind = yaml_get(entry, "itemType");
	check_keys(r, entry);
	if (include && include->kind == YAML_SCALAR)
		read_file(r, include, around);
	if (items && !yaml_null(items) && items->kind != YAML_LIST)
		complain(r->list, items->place, "`items` takes a list, not %s", kind_name(items));
	else if (items && !yaml_null(items))
		read_list(r, items, around);
	if (item)
		keep_item(r, entry, item, &around);
	else if (!items && !include &&
		 (yaml_get(entry, "id") || (around.depth && !yaml_get(entry, "scanJavaAnnotations"))))
		advise(r->list,
		       complain(r->list, entry->place, "a type has an `id` and an `item`, a component"),
		       "write {id: NAME, item: {type: ...}}");
}

static void read_entry(struct reading *r, const struct yaml_node *entry, struct around around)
{
	const struct yaml_node *catalogue =
	    entry->kind == YAML_MAP ? yaml_get(entry, "brooklyn.catalog") : NULL;
	const struct yaml_node *sibling = catalogue && yaml_get(entry, "services") ? entry : NULL;

	if (around.depth > DEPTH_LIMIT)
		complain(r->list, entry->place, "catalogues within one another, too many times");
	else if (catalogue && catalogue->kind == YAML_MAP)
		read_meta(r, catalogue, sibling, around);
	else if (catalogue && catalogue->kind == YAML_LIST)
		read_list(r, catalogue, around);
	else if (entry->kind == YAML_MAP && !catalogue)
		read_meta(r, entry, NULL, around);
	else if (entry->kind == YAML_LIST)
		read_list(r, entry, around);
	else if (entry->kind == YAML_SCALAR && !yaml_null(entry))
		read_file(r, entry, around);
	else
		advise(r->list,
		       complain(r->list, entry->place, "a catalogue lists its types, and this is %s",
				catalogue ? kind_name(catalogue) : kind_name(entry)),
		       "write items: [{id: NAME, item: {type: ...}}]");
}

void catalogue_items(struct reading *r, const struct yaml_node *root)
{
	read_entry(r, root, (struct around){.version = ""});
}

void catalogue_read(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *given = yaml_get(root, "catalog");

	if (given && !yaml_null(given))
		read_entry(r, given, (struct around){.version = "", .depth = 1});
}

/* --- what is used by name ---------------------------------------------------------------------------- */

static bool only_of_items(const char *key)
{
	return !strcmp(key, "displayName") || !strcmp(key, "name") || !strcmp(key, "id") ||
	       !strcmp(key, "description") || is_config_key(key);
}

/* Its options stand beside its type, as a location's do. */
const struct yaml_node *catalogue_location(struct reading *r, const char *name, const char **ret_id)
{
	const struct catalogue_type *type = map_get(r->types, name);
	struct growing entries = {0};

	if (!type || type->kind != CATALOGUE_LOCATION)
		return NULL;
	const struct yaml_node *config =
	    yaml_get(type->item, "brooklyn.config") ?: yaml_get(type->item, "config");
	for (size_t i = 0; i < type->item->count; i++)
		if (!only_of_items(type->item->entries[i].key))
			tree_add(r, &entries, type->item->entries[i].key, type->item->entries[i].key_place,
				 type->item->entries[i].value);
	for (size_t i = 0; config && config->kind == YAML_MAP && i < config->count; i++)
		if (!tree_entry(type->item, config->entries[i].key))
			tree_add(r, &entries, config->entries[i].key, config->entries[i].key_place,
				 config->entries[i].value);
	*ret_id = type->id;
	return tree_map(r, type->item, &entries);
}

static bool is_type_key(const char *key)
{
	return !strcmp(key, "type") || !strcmp(key, "policyType") || !strcmp(key, "policy_type") ||
	       !strcmp(key, "enricherType") || !strcmp(key, "enricher_type");
}

static const struct yaml_node *type_at(const struct yaml_node *node)
{
	for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
		if (is_type_key(node->entries[i].key) && node->entries[i].value->kind == YAML_SCALAR)
			return node->entries[i].value;
	return node->kind == YAML_SCALAR ? node : NULL;
}

const struct yaml_node *catalogue_adjunct(struct reading *r, const struct yaml_node *node)
{
	for (int depth = 0; depth < DEPTH_LIMIT; depth++) {
		const struct yaml_node *named = type_at(node);
		const struct catalogue_type *type = named ? map_get(r->types, named->text) : NULL;
		if (!type || (type->kind != CATALOGUE_POLICY && type->kind != CATALOGUE_ENRICHER))
			break;
		node = node->kind == YAML_SCALAR
			   ? type->item
			   : services_merge(r, tree_without(r, node, is_type_key), type->item, &named->place);
	}
	return node;
}
