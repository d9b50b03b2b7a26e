/* blueprint.c - reads a whole blueprint: the application's own keys, then every component in three passes. */
#include "blueprints/blueprint.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/component.h"
#include "blueprints/flattening.h"
#include "blueprints/marathon_file.h"
#include "blueprints/mask.h"
#include "blueprints/pattern.h"
#include "blueprints/top_keys.h"
#include "blueprints/yaml_internal.h"

static void complain_unknown(struct reading *r, const struct yaml_entry *entry)
{
	const char **names = scratch_alloc(r, sizeof(*names) * top_key_count);
	size_t count = 0;

	for (size_t i = 0; names && i < top_key_count; i++)
		if (top_keys[i].what != TOP_LATER)
			names[count++] = top_keys[i].name;
	const struct key_name *component = map_get(r->keys, entry->key);
	suggest(r, complain(r->list, entry->key_place, "unknown key `%s`", entry->key), entry->key, names,
		count,
		component ? "this key belongs to a component, under `services`"
			  : "an application has id, name, location, locations, parameters, brooklyn.config "
			    "and services");
}

static void check_top_keys(struct reading *r, const struct yaml_node *root)
{
	for (size_t i = 0; i < root->count; i++) {
		const struct yaml_entry *entry = &root->entries[i];
		size_t k = 0;
		while (k < top_key_count && strcmp(top_keys[k].name, entry->key))
			k++;
		if (k == top_key_count)
			complain_unknown(r, entry);
		else if (top_keys[k].what == TOP_UNUSED)
			warn_only_holds(r, entry);
		else if (top_keys[k].what == TOP_LATER)
			complain(r->list, entry->key_place,
				 "`%s` is not supported yet by this version of berth", entry->key);
	}
}

static void read_application_config(struct reading *r, const struct yaml_node *root)
{
	static const char *const spellings[] = {"brooklyn.config", "config"};

	for (size_t k = 0; k < COUNT_OF(spellings); k++) {
		const struct yaml_node *map = yaml_get(root, spellings[k]);
		if (!map || yaml_null(map))
			continue;
		if (map->kind != YAML_MAP) {
			complain(r->list, map->place, "`%s` takes a map, not %s", spellings[k],
				 kind_name(map));
			continue;
		}
		for (size_t i = 0; i < map->count; i++) {
			reading_put(r, &r->config, map->entries[i].key, (void *)&map->entries[i]);
			warn_plain_secret(r, map->entries[i].key, map->entries[i].value, false);
		}
	}
}

/* The file's name without folders and ending. */
static const char *file_id(struct reading *r)
{
	const char *slash = strrchr(r->file, '/'), *base = slash ? slash + 1 : r->file;
	const char *dot = strrchr(base, '.');
	const char *stem =
	    arena_copy(r->arena, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));

	if (!stem)
		r->list->failed = true;
	return stem ? name_id(r, stem) : NULL;
}

static void name_application(struct reading *r, const struct yaml_node *root)
{
	struct blueprint *b = r->blueprint;
	const struct yaml_node *id = yaml_get(root, "id"), *name = yaml_get(root, "name");
	const char *id_text = id ? fixed_text(r, NULL, id, "id") : NULL;

	b->place = id ? id->place : root->place;
	b->name = name && !yaml_null(name) ? fixed_text(r, NULL, name, "name") : NULL;
	if (id_text) {
		b->id = fold_id(r, id_text);
		if (!b->id)
			complain(r->list, id->place, "the id `%s` has no letter, digit or `_`", id_text);
	}
	if (r->options->application)
		b->id = fold_id(r, r->options->application);
	if (r->options->application && !b->id)
		complain(r->list, (struct place){.file = "--app"},
			 "`%s` makes no id: it has no letter or digit", r->options->application);
	if (!b->id && b->name)
		b->id = name_id(r, b->name);
	if (!b->id)
		b->id = file_id(r);
	if (!b->id)
		b->id = "application";
	if (strlen(b->id) > ID_LIMIT)
		advise(r->list,
		       complain(r->list, b->place, "the application's id is longer than %d characters",
				ID_LIMIT),
		       "give it a shorter `id`");
	if (!b->name)
		b->name = b->id;
}

void draft_begin(struct draft *d, struct component_spec *spec, size_t index, const struct yaml_node *node)
{
	static const struct health_check no_check;
	static const struct on_change restart = {.kind = ON_CHANGE_RESTART};

	spec->instances = 1;
	spec->resized = -1;
	spec->health = &no_check;
	spec->on_change = &restart;
	spec->stop_timeout_ms = -1;
	*d = (struct draft){.spec = spec, .index = index, .node = node};
	if (node)
		d->place = node->place;
}

static bool prepare_drafts(struct reading *r, const struct yaml_node *services)
{
	struct component_spec *specs;

	r->count = services->count;
	r->drafts = calloc(r->count + 1, sizeof(*r->drafts));
	r->ids = calloc(r->count + 1, sizeof(*r->ids));
	specs = reading_alloc(r, sizeof(*specs) * r->count);
	if (!r->drafts || !r->ids || !specs) {
		r->list->failed = true;
		r->count = 0;
		return false;
	}
	for (size_t i = 0; i < r->count; i++) {
		r->ids[i] = "";
		draft_begin(&r->drafts[i], &specs[i], i, services->items[i]);
		r->drafts[i].scope = r->scopes ? r->scopes[i] : NULL;
	}
	r->blueprint->components = specs;
	r->blueprint->component_count = r->count;
	return true;
}

/* Those that stand there now, with all that points to them. */
static void drafts_move(struct reading *r, struct draft *drafts, struct component_spec *specs)
{
	memcpy(drafts, r->drafts, sizeof(*drafts) * r->count);
	memcpy(specs, r->blueprint->components, sizeof(*specs) * r->count);
	for (size_t i = 0; i < r->count; i++) {
		drafts[i].spec = &specs[i];
		if (drafts[i].first)
			drafts[i].first->of_cluster = &drafts[i];
		component_moved(r, &r->drafts[i], &drafts[i]);
	}
	free(r->drafts);
	r->drafts = drafts;
	r->owner = NULL;
	r->blueprint->components = specs;
}

bool drafts_extend(struct reading *r, size_t more)
{
	size_t count = r->count + more;
	struct draft *drafts = calloc(count, sizeof(*drafts));
	struct component_spec *specs = reading_alloc(r, sizeof(*specs) * count);
	const char **ids = drafts && specs ? realloc(r->ids, sizeof(*ids) * count) : NULL;

	if (!ids) {
		free(drafts);
		r->list->failed = true;
		return false;
	}
	r->ids = ids;
	drafts_move(r, drafts, specs);
	for (size_t i = r->count; i < count; i++) {
		ids[i] = "";
		draft_begin(&drafts[i], &specs[i], i, NULL);
	}
	r->blueprint->component_count = r->count = count;
	return true;
}

static void place_component(struct reading *r, struct draft *d)
{
	const struct yaml_entry *one = given_of(d, KEY_LOCATION), *many = given_of(d, KEY_LOCATIONS);

	d->spec->location = r->location;
	if (d->members)
		cluster_place(r, d, many ? many : one ? NULL : r->location_list);
	if (!one && !many)
		return;
	d->spec->location = location_choose(r, d, one, many);
}

static void begin_keys(struct reading *r, struct draft *d)
{
	component_read_phase(r, d, 1);
	balancer_open(r, d);
	software_open(r, d);
}

static void end_keys(struct reading *r, struct draft *d)
{
	component_read_phase(r, d, 2);
}

static void finish(struct reading *r, struct draft *d)
{
	balancer_finish(r, d);
	software_finish(r, d);
	check_component(r, d);
	component_finish(r, d);
	if (d->of_cluster)
		cluster_first_check(r, d);
}

static void place_and_type(struct reading *r, struct draft *d)
{
	if (d->of_cluster)
		d->spec->location = d->of_cluster->spec->location;
	else
		place_component(r, d);
	component_type(r, d);
}

/* The first member of a cluster after the cluster. */
static void each(struct reading *r, void (*step)(struct reading *r, struct draft *d))
{
	for (size_t i = 0; i < r->count; i++) {
		r->scope = r->drafts[i].scope;
		step(r, &r->drafts[i]);
		if (r->drafts[i].first)
			step(r, r->drafts[i].first);
		r->scope = NULL;
	}
}

static void read_components(struct reading *r)
{
	for (size_t i = 0; i < r->count; i++)
		component_gather(r, &r->drafts[i]);
	each(r, component_name);
	groups_resolve(r);
	settings_apply_components(r);
	each(r, place_and_type);
	each(r, begin_keys);
	each(r, end_keys);
	ambassadors_add(r);
	each(r, finish);
	marathon_file_check(r);
	check_size(r);
	for (size_t i = 0; i < r->count; i++)
		policies_check_sensors(r, r->drafts[i].spec);
	sensors_name_inputs(r);
	sensors_check(r);
	check_host_ports(r);
	check_same_servers(r);
	check_cycles(r);
	each(r, config_check);
}

static void read_services(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *services = yaml_get(root, "services");

	if (!services) {
		if (!r->open)
			advise(r->list, complain(r->list, root->place, "the blueprint has no `services`"),
			       "list its components: services: [{type: docker:IMAGE}]");
	} else if (services->kind != YAML_LIST) {
		advise(r->list,
		       complain(r->list, services->place, "`services` takes a list, not %s",
				kind_name(services)),
		       "begin each component with `- type: ...`");
	} else if (!services->count) {
		advise(r->list, complain(r->list, services->place, "`services` is empty"),
		       "list at least one component");
	} else if (prepare_drafts(r, services_flatten(r, root, services))) {
		read_components(r);
	}
}

static void read_root(struct reading *r, const struct yaml_node *root)
{
	if (marathon_file_is(root) && !(root = marathon_file_read(r, root)))
		return;
	if (root->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, root->place, "a blueprint is a map, not %s", kind_name(root)),
		       "begin with `services:`");
		return;
	}
	if (!r->keys)
		keys_prepare(r);
	check_top_keys(r, root);
	read_application_config(r, root);
	parameters_read(r, root);
	settings_apply_parameters(r);
	parameters_check(r);
	name_application(r, root);
	catalogue_read(r, root);
	locations_read(r, root);
	read_services(r, root);
}

static void reading_close(struct reading *r)
{
	if (r->within) {
		r->types = NULL; /* the catalogue's */
		r->keys = NULL;
	}
	for (size_t i = 0; i < r->count; i++) {
		map_release(&r->drafts[i].config);
		if (r->drafts[i].first)
			map_release(&r->drafts[i].first->config);
	}
	free(r->drafts);
	free(r->ids);
	map_release(&r->components);
	map_release(&r->keys);
	map_release(&r->config);
	map_release(&r->used);
	map_release(&r->slips);
	map_release(&r->parameters);
	map_release(&r->locations);
	map_release(&r->types);
	arena_release(&r->scratch);
	arena_release(&r->passing);
}

static struct blueprint *open_blueprint(const struct blueprint_options *options)
{
	struct blueprint *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->holder = json_array();
	b->file = arena_text(&b->arena, options->file ? options->file : "blueprint");
	if (b->holder && b->file)
		return b;
	blueprint_release(b);
	return NULL;
}

/* --- catalogues -------------------------------------------------------------------------------------- */

/* An item by itself, read as an application for what is wrong with it. */
static void try_item(struct reading *r, const struct catalogue_type *type)
{
	struct blueprint *b = open_blueprint(r->options);

	if (!b) {
		r->list->failed = true;
		return;
	}
	struct reading inner = {.blueprint = b,
				.within = r,
				.arena = &b->arena,
				.list = r->list,
				.options = r->options,
				.file = r->file,
				.keys = r->keys,
				.types = r->types,
				.types_known = true,
				.open = type->kind != CATALOGUE_APPLICATION,
				.pattern_budget = PATTERN_BUDGET};
	const struct yaml_node *root = catalogue_trial(&inner, type);
	if (root)
		read_root(&inner, root);
	reading_close(&inner);
	blueprint_release(b);
}

static void keep_items(struct reading *r)
{
	const struct catalogue_type **items = r->items.members;
	struct blueprint_item *list = reading_alloc(r, sizeof(*list) * (r->items.count + 1));

	for (size_t i = 0; list && i < r->items.count; i++)
		list[i] = (struct blueprint_item){.id = arena_text(r->arena, items[i]->id),
						  .version = arena_text(r->arena, items[i]->version),
						  .kind = catalogue_kind_name(items[i]->kind)};
	r->blueprint->items = list;
	r->blueprint->item_count = list ? r->items.count : 0;
}

/* Those among the items, as the blueprint's own: whoever knows the types of locations looks at them. */
static void keep_locations(struct reading *r)
{
	const struct catalogue_type **items = r->items.members;
	struct location_spec *list = reading_alloc(r, sizeof(*list) * (r->items.count + 1));

	for (size_t i = 0; list && i < r->items.count; i++) {
		const struct yaml_node name = {
		    .kind = YAML_SCALAR, .place = items[i]->place, .text = items[i]->id};
		const struct yaml_entry entry = {.key = "location", .key_place = name.place, .value = &name};
		const struct location_spec *spec =
		    items[i]->kind == CATALOGUE_LOCATION ? location_choose(r, NULL, &entry, NULL) : NULL;
		if (spec)
			list[r->blueprint->location_count++] = *spec;
	}
	r->blueprint->locations = list;
}

static void read_catalogue(struct reading *r, const struct yaml_node *root, const char *item)
{
	const struct catalogue_type **items;

	keys_prepare(r);
	catalogue_items(r, root);
	catalogue_know_all(r);
	items = r->items.members;
	if (item || !r->options->judges) {
		root = catalogue_choose(r, root, item);
		if (root)
			read_root(r, root);
		return;
	}
	for (size_t i = 0; i < r->items.count; i++)
		try_item(r, items[i]);
	r->blueprint->id = r->blueprint->name = "catalogue"; /* of no application */
	keep_items(r);
	keep_locations(r);
}

/* The item that "FILE#ITEM" names; NULL: it is a file alone. */
static const char *blueprint_item(const char *file)
{
	static const char *const endings[] = {".yaml", ".yml", ".bom", "<stdin>"};
	const char *mark = strrchr(file, '#');

	for (size_t i = 0; mark && mark[1] && !strchr(mark, '/') && i < COUNT_OF(endings); i++) {
		size_t length = strlen(endings[i]);
		if ((size_t)(mark - file) >= length && !strncmp(mark - length, endings[i], length))
			return mark + 1;
	}
	return NULL;
}

/* Of "FILE#ITEM" the file is what messages name. */
static const char *own_file(struct blueprint *b, const char *item)
{
	return item ? arena_copy(&b->arena, b->file, strlen(b->file) - strlen(item) - 1) : b->file;
}

static void read_text(struct reading *r, const char *text, size_t size)
{
	const char *item = blueprint_item(r->blueprint->file);
	const struct yaml_node *root;

	r->file = own_file(r->blueprint, item);
	root = r->file ? yaml_compose_faulty(r->arena, &r->scratch, r->file, text, size, r->list) : NULL;
	r->list->failed = r->list->failed || !r->file;
	if (root && catalogue_is(root))
		read_catalogue(r, root, item);
	else if (root && item)
		advise(
		    r->list,
		    complain(r->list, root->place, "`%s` is an item of a catalogue, and this is none", item),
		    "without `#%s` it is a blueprint", item);
	else if (root)
		read_root(r, root);
	r->read = root != NULL;
}

struct blueprint *blueprint_parse(const char *text, size_t size, const struct blueprint_options *options,
				  struct diagnostics *list)
{
	struct blueprint *b = open_blueprint(options);
	size_t before = list->errors, memory = memory_failures();

	if (!b) {
		list->failed = true;
		return NULL;
	}
	struct reading r = {.blueprint = b,
			    .arena = &b->arena,
			    .list = list,
			    .options = options,
			    .pattern_budget = PATTERN_BUDGET};
	read_text(&r, text, size);
	b->variables = kept(&r, &r.variables, sizeof(*b->variables));
	b->variable_count = r.variables.count;
	reading_close(&r);
	mask_summaries(list, r.file ? r.file : b->file, text, size);
	/* Also that of a message's text, which nobody asks for. */
	list->failed = list->failed || memory_failures() != memory;
	if (r.read && list->errors == before && !list->failed)
		return b;
	blueprint_release(b);
	return NULL;
}

void blueprint_release(struct blueprint *blueprint)
{
	if (!blueprint)
		return;
	json_decref(blueprint->holder);
	arena_release(&blueprint->arena);
	free(blueprint);
}
