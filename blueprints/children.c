/* children.c - components within components: each becomes one of its own, beside its parent, on the same
 * machine, with what it inherits. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/flattening.h"
#include "blueprints/tree.h"

#define DEPTH_LIMIT 16

bool group_type(const char *type)
{
	static const char *const types[] = {
	    "SameServerEntity",
	    "same-server",
	    "org.apache.brooklyn.entity.software.base.SameServerEntity",
	    "brooklyn.entity.basic.SameServerEntity",
	    "org.apache.brooklyn.entity.stock.BasicApplication",
	    "org.apache.brooklyn.entity.stock.BasicStartable",
	    "org.apache.brooklyn.entity.stock.BasicEntity",
	    "brooklyn.entity.basic.BasicApplication",
	    "brooklyn.entity.basic.BasicStartable",
	    "brooklyn.entity.basic.BasicEntity",
	};

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}

/* Of a group of that kind the members share a machine. */
static bool shares(const char *type)
{
	return !ends_with(type, "BasicApplication") && !ends_with(type, "BasicStartable") &&
	       !ends_with(type, "BasicEntity");
}

const struct yaml_entry *children_of(const struct yaml_node *service)
{
	const struct yaml_entry *given = tree_entry(service, "brooklyn.children");

	return given ? given : tree_entry(service, "children");
}

static void add(struct reading *r, struct growing *list, const struct yaml_entry *entry)
{
	struct yaml_entry *to = grow_new(r, list, struct yaml_entry);

	if (to)
		*to = *entry;
}

static const struct yaml_node *without_children(struct reading *r, const struct yaml_node *service)
{
	struct growing rest = {0};

	for (size_t i = 0; i < service->count; i++)
		if (strcmp(service->entries[i].key, "brooklyn.children") &&
		    strcmp(service->entries[i].key, "children"))
			add(r, &rest, &service->entries[i]);
	const struct yaml_node *node = tree_map(r, service, &rest);
	return node ? node : service;
}

/* Its commands are the parent's own, and so is what it is installed as; what else is configured is inherited.
 */
static bool inherited(struct reading *r, const char *key)
{
	const struct key_name *name = map_get(r->keys, key);

	if (!name)
		return true;
	return name->key == KEY_ENV || name->key == KEY_SUBSTITUTIONS || name->key == KEY_START_TIMEOUT ||
	       name->key == KEY_PROVISIONING ||
	       (name->key >= KEY_FILES_PREINSTALL && name->key <= KEY_TEMPLATES_RUNTIME);
}

/* Only what is software has keys for these in its configuration. */
static bool fits(struct reading *r, const struct yaml_node *child, const char *key)
{
	const char *type = written_type(child);

	return !map_get(r->keys, key) || (type && (software_type(type) || group_type(type)));
}

static void add_config(struct reading *r, const struct yaml_node *child, const struct yaml_node *parent,
		       const char *key, struct growing *config)
{
	const struct yaml_entry *given = tree_entry(parent, key);

	for (size_t i = 0; given && given->value->kind == YAML_MAP && i < given->value->count; i++)
		if (inherited(r, given->value->entries[i].key) &&
		    fits(r, child, given->value->entries[i].key))
			add(r, config, &given->value->entries[i]);
}

/* `x: $brooklyn:parent().config("x")` says what it would inherit anyway. */
static bool asks_for_itself(struct reading *r, const struct yaml_entry *entry)
{
	bool outward = entry->value->kind == YAML_SCALAR && strstr(entry->value->text, "().config(");
	const struct expression *e =
	    outward && is_expression(entry->value) ? expression_read(r, entry->value) : NULL;

	return e && e->kind == EXPRESSION_CALL && e->on && is_around(e->on) && !strcmp(e->text, "config") &&
	       e->count == 1 && e->arguments[0]->kind == EXPRESSION_TEXT &&
	       !strcmp(e->arguments[0]->text, entry->key);
}

static const struct yaml_node *without_own_names(struct reading *r, const struct yaml_node *child)
{
	const struct yaml_entry *config = tree_entry(child, "brooklyn.config") ?: tree_entry(child, "config");
	struct growing kept_config = {0}, all = {0};

	if (!config || config->value->kind != YAML_MAP)
		return child;
	for (size_t i = 0; i < config->value->count; i++)
		if (!asks_for_itself(r, &config->value->entries[i]))
			add(r, &kept_config, &config->value->entries[i]);
	const struct yaml_node *rest =
	    kept_config.count == config->value->count ? NULL : tree_map(r, config->value, &kept_config);
	for (size_t i = 0; rest && i < child->count; i++)
		add(r, &all,
		    child->entries + i != config ? &child->entries[i]
						 : &(struct yaml_entry){.key = config->key,
									.key_place = config->key_place,
									.value = rest});
	const struct yaml_node *made = rest ? tree_map(r, child, &all) : NULL;
	return made ? made : child;
}

const struct yaml_node *flatten_inherit(struct flattening *flat, const struct yaml_node *child,
					const struct yaml_node *parent, const char *server)
{
	static const char *const places[] = {"location", "locations"};
	struct reading *r = flat->r;
	struct growing base = {0}, config = {0};

	child = without_own_names(r, child);

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct yaml_entry *given = tree_entry(parent, places[i]);
		if (given && !tree_entry(child, places[0]) && !tree_entry(child, places[1]))
			add(r, &base, given);
	}
	if (server && !tree_entry(child, "sameServer"))
		add(r, &base,
		    &(struct yaml_entry){.key = "sameServer",
					 .key_place = child->place,
					 .value = scalar_node(r, child->place, server, false)});
	add_config(r, child, parent, "brooklyn.config", &config);
	add_config(r, child, parent, "config", &config);
	const struct yaml_node *map = config.count ? tree_map(r, parent, &config) : NULL;
	if (map)
		add(r, &base,
		    &(struct yaml_entry){.key = "brooklyn.config", .key_place = child->place, .value = map});
	const struct yaml_node *all = base.count ? tree_map(r, parent, &base) : NULL;
	return all ? services_merge(r, child, all, NULL) : child;
}

void warn_only_holds(struct reading *r, const struct yaml_entry *entry)
{
	advise(r->list,
	       warn(r->list, entry->key_place,
		    "`%s` is without effect: what only holds its components together has no sensors and "
		    "effectors",
		    entry->key),
	       "write it on the component that it is meant for");
}

bool tells_only(const char *key)
{
	static const char *const keys[] = {"enrichers",    "brooklyn.enrichers",
					   "initializers", "brooklyn.initializers",
					   "sensors",      "effectors"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

/* A group has nothing to run: what would be of its own has nobody to do it. */
static void check_group(struct reading *r, const struct yaml_node *group)
{
	static const char *const allowed[] = {"type",
					      "serviceType",
					      "service_type",
					      "id",
					      "name",
					      "description",
					      "location",
					      "locations",
					      "brooklyn.config",
					      "config",
					      "brooklyn.children",
					      "children",
					      "iconUrl",
					      "icon_url",
					      "tags",
					      "brooklyn.tags",
					      "sameServer"};

	for (size_t i = 0; i < group->count; i++) {
		bool known = false;
		for (size_t k = 0; k < COUNT_OF(allowed); k++)
			known = known || !strcmp(allowed[k], group->entries[i].key);
		if (!known && tells_only(group->entries[i].key))
			warn_only_holds(r, &group->entries[i]);
		else if (!known)
			advise(r->list,
			       complain(r->list, group->entries[i].key_place,
					"`%s` does not go with what only holds its children together",
					group->entries[i].key),
			       "write it on the children that it is meant for");
	}
	const struct yaml_entry *children = children_of(group);
	if ((!children || yaml_null(children->value)) && !r->open)
		advise(r->list,
		       warn(r->list, group->place, "nothing is in it: it has no `brooklyn.children`"),
		       "list there what is to be made");
}

static const char *name_of(struct flattening *flat, const struct yaml_node *service)
{
	const struct yaml_entry *id = tree_entry(service, "id") ?: tree_entry(service, "name");
	const char *folded = id && id->value->kind == YAML_SCALAR ? fold_id(flat->r, id->value->text) : NULL;

	return folded ? folded : arena_format(flat->r->arena, "group-%zu", ++flat->groups);
}

static void take_children(struct flattening *flat, const struct yaml_node *parent, const char *server,
			  int depth)
{
	struct reading *r = flat->r;
	const struct yaml_entry *given = children_of(parent);

	if (!given || yaml_null(given->value))
		return;
	if (given->value->kind != YAML_LIST || depth == DEPTH_LIMIT) {
		complain(r->list, given->value->place,
			 depth == DEPTH_LIMIT ? "`%s` within one another, too many times"
					      : "`%s` takes a list of components",
			 given->key);
		return;
	}
	for (size_t i = 0; i < given->value->count; i++) {
		const struct yaml_node *child = catalogue_expand(r, given->value->items[i]);
		flatten_take(flat,
			     child->kind == YAML_MAP ? flatten_inherit(flat, child, parent, server) : child,
			     depth + 1);
	}
}

/* What is within a server has that one as its machine, unless the server says another one of itself. */
static const struct yaml_node *on_its_own_server(struct flattening *flat, const struct yaml_node *service)
{
	const struct yaml_node *alone = without_children(flat->r, service);
	const char *server = tree_entry(service, "sameServer") ? NULL : name_of(flat, service);
	struct growing own = {0};

	if (!server)
		return alone;
	add(flat->r, &own,
	    &(struct yaml_entry){.key = "sameServer",
				 .key_place = service->place,
				 .value = scalar_node(flat->r, service->place, server, false)});
	const struct yaml_node *base = tree_map(flat->r, service, &own);
	return base ? services_merge(flat->r, alone, base, NULL) : alone;
}

static void add_service(struct flattening *flat, const struct yaml_node *service, bool within)
{
	const struct yaml_node **to = grow_new(flat->r, &flat->services, const struct yaml_node *);
	const struct yaml_node *alone = within ? on_its_own_server(flat, service) : service;

	if (to)
		*to = alone;
	const struct scope **scope = grow_new(flat->r, &flat->scopes, const struct scope *);
	if (scope)
		*scope = flat->scope;
	size_t *parent = grow_new(flat->r, &flat->parents, size_t);
	if (parent)
		*parent = flat->parent;
}

/* `type` is a group's, or NULL. */
static void take_within(struct flattening *flat, const struct yaml_node *service, const char *type, int depth)
{
	const size_t outer = flat->parent;
	const struct yaml_entry *own = tree_entry(service, "sameServer");
	const char *server = own && own->value->kind == YAML_SCALAR ? own->value->text
			     : type && !shares(type)                ? NULL
								    : name_of(flat, service);

	if (!type && flat->services.count)
		flat->parent = flat->services.count - 1;
	take_children(flat, service, server, depth);
	flat->parent = outer;
}

/* Before those that are in it. */
void flatten_take(struct flattening *flat, const struct yaml_node *service, int depth)
{
	if (groups_take(flat->r, service) || web_cluster_take(flat, service, depth) ||
	    nested_take(flat, service, depth))
		return;
	service = nested_name(flat, service);
	const char *type = service->kind == YAML_MAP ? written_type(service) : NULL;
	bool group = type && group_type(type), within = service->kind == YAML_MAP && children_of(service);

	if (group)
		check_group(flat->r, service);
	else
		add_service(flat, service, within);
	if (within)
		take_within(flat, service, group ? type : NULL, depth);
}

/* Of the application's configuration software has the keys that are its own; names that config() reads are
 * found there anyway. */
static const struct yaml_node *of_application(struct reading *r, const struct yaml_node *root,
					      const struct yaml_node *service)
{
	const char *type = service->kind == YAML_MAP ? written_type(service) : NULL;
	struct growing config = {0}, known = {0};

	if (!type || (!software_type(type) && !group_type(type)))
		return service;
	add_config(r, service, root, "brooklyn.config", &config);
	add_config(r, service, root, "config", &config);
	const struct yaml_entry *entries = config.members;
	for (size_t i = 0; i < config.count; i++)
		if (map_get(r->keys, entries[i].key))
			add(r, &known, &entries[i]);
	const struct yaml_node *map = known.count ? tree_map(r, root, &known) : NULL;
	struct growing base = {0};
	if (map)
		add(r, &base,
		    &(struct yaml_entry){
			.key = "brooklyn.config", .key_place = service->place, .value = map});
	const struct yaml_node *all = base.count ? tree_map(r, root, &base) : NULL;
	return all ? services_merge(r, service, all, NULL) : service;
}

const struct yaml_node *services_flatten(struct reading *r, const struct yaml_node *root,
					 const struct yaml_node *services)
{
	struct flattening flat = {.r = r, .parent = NO_PARENT};

	for (size_t i = 0; i < services->count; i++)
		flatten_take(&flat, of_application(r, root, catalogue_expand(r, services->items[i])), 0);
	const struct yaml_node *all = tree_list(r, services, &flat.services);
	if (!all)
		return services;
	r->scopes = flat.scopes.members;
	r->parents = flat.parents.members;
	r->service_count = flat.parents.count;
	return all;
}

void read_same_server(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "sameServer");

	if (text && !*text)
		complain(r->list, node->place, "`sameServer` is empty");
	else
		d->spec->same_server = text;
}
