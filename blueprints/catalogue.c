/* catalogue.c - a component whose type is made of another one becomes that other one, with what its type says
 * of it. */
#include "blueprints/catalogue.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/embedded.h"
#include "blueprints/tree.h"
#include "blueprints/yaml_internal.h"

#define CHAIN_LIMIT    16
#define CATALOGUE_FILE "catalogue" /* where those of the program stand */

/* --- what there is ---------------------------------------------------------------------------------- */

void catalogue_each(struct arena *texts, struct arena *tree,
		    void (*each)(const struct catalogue_type *, void *), void *context)
{
	for (size_t i = 0; i < catalogue_text_count; i++) {
		owned_by(diagnostics_release) struct diagnostics none = {0};
		const struct yaml_node *items = yaml_compose_faulty(
		    texts, tree, CATALOGUE_FILE, catalogue_texts[i], strlen(catalogue_texts[i]), &none);
		for (size_t k = 0; items && items->kind == YAML_LIST && k < items->count; k++) {
			const struct yaml_node *entry = items->items[k];
			const struct yaml_node *id = yaml_get(entry, "id"), *item = yaml_get(entry, "item");
			if (id && item)
				each(&(struct catalogue_type){.id = id->text,
							      .version = "",
							      .place = id->place,
							      .entry = entry,
							      .item = item},
				     context);
		}
	}
}

static void know(const struct catalogue_type *type, void *context)
{
	catalogue_know(context, type);
}

void catalogue_know_all(struct reading *r)
{
	if (r->types_known)
		return;
	r->types_known = true;
	catalogue_each(r->arena, &r->scratch, know, r);
}

/* Those of the program come last: a blueprint's own go before them. */
static const struct catalogue_type *find_type(struct reading *r, const char *name)
{
	const struct catalogue_type *type = map_get(r->types, name);

	if (type)
		return type;
	catalogue_know_all(r);
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

static bool is_set(const struct yaml_node *service, const char *name)
{
	const struct yaml_entry *config = tree_entry(service, "brooklyn.config");

	return tree_entry(service, name) || (config && tree_entry(config->value, name)) ||
	       ((config = tree_entry(service, "config")) && tree_entry(config->value, name));
}

static const struct yaml_entry *set_as(const struct yaml_node *service, const char *name)
{
	const struct yaml_entry *config =
	    tree_entry(service, "brooklyn.config") ?: tree_entry(service, "config");
	const struct yaml_entry *own = tree_entry(service, name);

	return own || !config || config->value->kind != YAML_MAP ? own : tree_entry(config->value, name);
}

/* What it is given as, under its own name or another one (`also`); NULL: nothing. */
static const struct yaml_entry *given_as(const struct yaml_node *service, const struct yaml_node *parameter,
					 const char *name)
{
	const struct yaml_node *also = parameter->kind == YAML_MAP ? yaml_get(parameter, "also") : NULL;
	const struct yaml_entry *given = set_as(service, name);

	for (size_t i = 0; !given && also && also->kind == YAML_LIST && i < also->count; i++)
		given = set_as(service, also->items[i]->text);
	return given;
}

/* Under another name of it (`also`) it is set, too. */
static bool add_named_otherwise(struct reading *r, const struct yaml_node *service,
				const struct yaml_node *parameter, const char *name, struct growing *config)
{
	const struct yaml_node *also = parameter->kind == YAML_MAP ? yaml_get(parameter, "also") : NULL;

	for (size_t i = 0; also && also->kind == YAML_LIST && i < also->count; i++) {
		const char *other = also->items[i]->text;
		const struct yaml_entry *given = set_as(service, other);
		if (!given || is_set(service, name))
			continue;
		tree_add(r, config, name, given->key_place, given->value);
		if (given == tree_entry(service, other))
			tree_add(r, config, other, given->key_place, given->value);
		return true;
	}
	return false;
}

/* {$brooklyn:formatString: [...]} of all that is in a map or a list, each by a pattern of its name and value,
 * or of its value. */
static const struct yaml_node *each_entry(struct reading *r, const struct yaml_node *from,
					  const char *pattern)
{
	struct yaml_node *list = scratch_new(r, struct yaml_node);
	const struct yaml_node **items = scratch_alloc(r, sizeof(*items) * (2 * (size_t)from->count + 1));
	struct growing call = {0};
	owned_text format = {0};
	uint32_t count = 1;

	if (!list || !items)
		return NULL;
	for (size_t i = 0; i < from->count; i++) {
		const struct yaml_entry *entry = from->kind == YAML_MAP ? &from->entries[i] : NULL;
		text_add(&format, pattern);
		if (entry)
			items[count++] = scalar_node(r, entry->key_place, entry->key, false);
		items[count++] = entry ? entry->value : from->items[i];
	}
	const char *text = arena_text(r->arena, text_view(&format));
	r->list->failed |= !text || format.failed;
	items[0] = scalar_node(r, from->place, text ? text : "", false);
	*list = (struct yaml_node){.kind = YAML_LIST, .place = from->place, .count = count, .items = items};
	tree_add(r, &call, "$brooklyn:formatString", from->place, list);
	return tree_map(r, from, &call);
}

/* A map or a list that is given becomes a text by each of the parameter's patterns, under a name of its own.
 */
static void add_texts(struct reading *r, const struct yaml_node *service, const struct yaml_node *parameter,
		      const struct yaml_entry *given, struct growing *config)
{
	const struct yaml_node *each = parameter->kind == YAML_MAP ? yaml_get(parameter, "each") : NULL;

	for (size_t i = 0; each && each->kind == YAML_MAP && i < each->count; i++) {
		const struct yaml_entry *pattern = &each->entries[i];
		bool several = given && given->value->kind != YAML_SCALAR && given->value->count;
		tree_add(r, config, pattern->key, given ? given->key_place : service->place,
			 several ? each_entry(r, given->value, pattern->value->text)
				 : scalar_node(r, service->place, "", false));
	}
}

static bool is_address(const char *text)
{
	return starts_with(text, "http://") || starts_with(text, "https://") || starts_with(text, "ftp://");
}

/* PLACE: {KEY: {what the type has there, and one more}} */
static void add_placed(struct reading *r, const struct catalogue_type *type, const char *place,
		       const char *key, const struct yaml_entry *one, struct growing *to)
{
	const struct yaml_node *had = yaml_get(type->item, place);
	const struct yaml_node *files = had ? yaml_get(had, key) : NULL;
	struct growing entries = {0}, map = {0};

	for (size_t i = 0; files && i < files->count; i++)
		tree_add(r, &entries, files->entries[i].key, files->entries[i].key_place,
			 files->entries[i].value);
	tree_add(r, &entries, one->key, one->key_place, one->value);
	tree_add(r, &map, key, one->key_place, tree_map(r, one->value, &entries));
	tree_add(r, to, place, one->key_place, tree_map(r, one->value, &map));
}

/* What is no address is a file beside the blueprint, which comes to where the parameter says. */
static void add_file(struct reading *r, const struct catalogue_type *type, const struct yaml_node *parameter,
		     const struct yaml_node *value, struct growing *to)
{
	const struct yaml_node *file = parameter->kind == YAML_MAP ? yaml_get(parameter, "file") : NULL;
	const struct yaml_node *machine = file ? yaml_get(file, "machine") : NULL;
	const struct yaml_node *container = file ? yaml_get(file, "container") : NULL;
	struct growing source = {0};

	if (!file || value->kind != YAML_SCALAR || yaml_null(value) || !*value->text ||
	    is_expression(value) || is_address(value->text))
		return;
	if (machine)
		add_placed(
		    r, type, "machine", "files.customize",
		    &(struct yaml_entry){.key = value->text, .key_place = value->place, .value = machine},
		    to);
	tree_add(r, &source, "source", value->place,
		 scalar_node(r, value->place, bundled_file(value->text), false));
	if (container)
		add_placed(r, type, "container", "files",
			   &(struct yaml_entry){.key = container->text,
						.key_place = value->place,
						.value = tree_map(r, value, &source)},
			   to);
}

static const struct yaml_node *with_files(struct reading *r, const struct yaml_node *service,
					  const struct catalogue_type *type)
{
	const struct yaml_node *list = parameters_of(type);
	struct growing files = {0};

	for (size_t i = 0; list && i < list->count; i++) {
		const struct yaml_node *parameter = list->items[i];
		const struct yaml_node *name =
		    parameter->kind == YAML_MAP ? yaml_get(parameter, "name") : NULL;
		const struct yaml_entry *given =
		    name && name->kind == YAML_SCALAR ? given_as(service, parameter, name->text) : NULL;
		if (given)
			add_file(r, type, parameter, given->value, &files);
	}
	const struct yaml_node *base = files.count ? tree_map(r, service, &files) : NULL;
	return base ? services_merge(r, service, base, NULL) : service;
}

/* What it declares may stand at the component's own level: there it is configuration, unless it is a key of
 * the language; and where it is not said, its default holds. A version that nobody asked for is only what is
 * usual. */
static const struct yaml_node *fill(struct reading *r, const struct yaml_node *service,
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
		const struct yaml_entry *given = tree_entry(service, name->text);
		add_texts(r, service, list->items[i], given_as(service, list->items[i], name->text), &config);
		if (add_named_otherwise(r, service, list->items[i], name->text, &config))
			continue;
		if (given && !map_get(r->keys, name->text))
			tree_add(r, &config, given->key, given->key_place, given->value);
		else if (!is_set(service, name->text) && initial && !yaml_null(initial))
			tree_add(r, &config, name->text, service->place, initial);
		if (!strcmp(name->text, "install.version") && !is_set(service, name->text) &&
		    !is_set(service, "install.version.match"))
			tree_add(r, &config, "install.version.match", service->place,
				 scalar_node(r, service->place, "any", true));
	}
	const struct yaml_entry *moved = config.members;
	for (size_t i = 0; i < service->count; i++) {
		bool away = false;
		for (size_t k = 0; k < config.count; k++)
			away = away || !strcmp(moved[k].key, service->entries[i].key);
		if (!away)
			tree_add(r, &own, service->entries[i].key, service->entries[i].key_place,
				 service->entries[i].value);
	}
	if (!config.count)
		return service;
	const struct yaml_node *base_config = tree_map(r, service, &config);
	tree_add(r, &rest, "brooklyn.config", service->place, base_config);
	const struct yaml_node *over = tree_map(r, service, &own), *base = tree_map(r, service, &rest);
	return over && base ? services_merge(r, over, base, NULL) : service;
}

/* Those of the program's own types are checked where their keys are read. */
/* The component with what its type declares: as configuration, or by default. */
static const struct yaml_node *catalogue_fill(struct reading *r, const struct yaml_node *service,
					      const struct catalogue_type *type)
{
	const struct yaml_node *list = parameters_of(type), *filled = fill(r, service, type);

	if (list && strcmp(type->place.file, CATALOGUE_FILE) != 0)
		parameters_check_component(r, list, filled);
	return filled;
}

static bool is_parameters(const char *key)
{
	return !strcmp(key, "brooklyn.parameters") || !strcmp(key, "parameters");
}

/* What a component declares by itself is what a type of its own would. */
static const struct yaml_node *with_own_parameters(struct reading *r, const struct yaml_node *service)
{
	const struct catalogue_type own = {.place = service->place, .entry = service, .item = service};

	if (service->kind != YAML_MAP || !parameters_of(&own))
		return service;
	return tree_without(r, catalogue_fill(r, service, &own), is_parameters);
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

/* It is called as its type is, where it has no name of its own. */
static const struct yaml_node *named(struct reading *r, const struct yaml_node *service,
				     const struct catalogue_type *type)
{
	struct growing id = {0};

	if (tree_entry(service, "id") || tree_entry(service, "name"))
		return service;
	tree_add(r, &id, "id", service->place,
		 scalar_node(r, service->place, catalogue_short_name(type->id), true));
	const struct yaml_node *base = tree_map(r, service, &id);
	return base ? services_merge(r, service, base, NULL) : service;
}

/* What belongs to the type, and not to a component of it. */
static bool is_declared(const char *key)
{
	return stays_behind(key) && strcmp(key, "id") != 0 && strcmp(key, "name") != 0;
}

const struct yaml_node *catalogue_alone(struct reading *r, const struct catalogue_type *type)
{
	const struct yaml_node *service = named(r, tree_without(r, type->item, is_declared), type);

	return catalogue_fill(r, service, type);
}

/* What Brooklyn has may be written with where it is looked for, and with the version that it came with. */
static const char *plain_type(struct reading *r, const char *type)
{
	static const char *const prefixes[] = {"java:", "brooklyn:", "catalog:"};
	const char *plain = type;

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		if (starts_with(type, prefixes[i]))
			plain = type + strlen(prefixes[i]);
	/* By a short name, as in redis:3, an image is meant that lacks its `docker:`. */
	const char *colon = strchr(plain, '.') ? strrchr(plain, ':') : NULL;
	if (type_is_known(plain) || find_type(r, plain) || !colon)
		return plain;
	const char *without = arena_copy(r->arena, plain, (size_t)(colon - plain));
	r->list->failed |= !without;
	const struct catalogue_type *type_of = without ? find_type(r, without) : NULL;
	return without && (type_is_known(without) || (type_of && !*type_of->version)) ? without : plain;
}

static const struct yaml_node *with_plain_type(struct reading *r, const struct yaml_node *service)
{
	const char *written = service->kind == YAML_MAP ? written_type(service) : NULL;

	if (!written || type_is_known(written) || find_type(r, written) || !strchr(written, ':'))
		return service;
	const char *plain = plain_type(r, written);
	if (!type_is_known(plain) && !find_type(r, plain))
		return service;
	struct yaml_node *copy = scratch_new(r, struct yaml_node);
	struct yaml_entry *entries = scratch_alloc(r, sizeof(*entries) * service->count);
	if (!copy || !entries)
		return service;
	memcpy(entries, service->entries, sizeof(*entries) * service->count);
	for (size_t i = 0; i < service->count; i++)
		if (is_type_key(entries[i].key) && entries[i].value->kind == YAML_SCALAR &&
		    !strcmp(entries[i].value->text, written))
			entries[i].value = scalar_node(r, entries[i].value->place, plain, true);
	*copy = *service;
	copy->entries = entries;
	return copy;
}

const struct yaml_node *catalogue_expand(struct reading *r, const struct yaml_node *service)
{
	service = with_own_parameters(r, with_plain_type(r, service));
	const char *name = service->kind == YAML_MAP ? written_type(service) : NULL;

	for (int depth = 0; name && !type_is_known(name); depth++) {
		const struct catalogue_type *type = find_type(r, name);
		struct place place = service->place;
		if (!type)
			break;
		for (size_t i = 0; i < service->count; i++)
			if (is_type_key(service->entries[i].key))
				place = service->entries[i].value->place;
		if (type->kind > CATALOGUE_APPLICATION) {
			advise(r->list,
			       complain(r->list, place,
					"`%s` is of the catalogue, but it is no component: its kind is %s",
					name, catalogue_kind_name(type->kind)),
			       "%s", catalogue_kind_use(type->kind));
			break;
		}
		if (depth == CHAIN_LIMIT || !written_type(type->item)) {
			complain(r->list, place,
				 depth == CHAIN_LIMIT ? "the type `%s` leads to too many others"
						      : "the type `%s` has no type of its own",
				 name);
			break;
		}
		service = with_files(r, named(r, tree_without(r, service, is_type_key), type), type);
		service = services_merge(r, service, tree_without(r, type->item, stays_behind), &place);
		service = catalogue_fill(r, service, type);
		name = written_type(type->item);
	}
	return service;
}
