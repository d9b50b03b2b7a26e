/* software_files.c - files and templates of software's phases: kept beside its steps, with a list for each
 * phase by which the runner puts them where they are wanted. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/component.h"

static const struct {
	const char *phase;
	enum component_key key;
	bool template;
} groups[] = {
    {"preinstall", KEY_FILES_PREINSTALL, false}, {"preinstall", KEY_TEMPLATES_PREINSTALL, true},
    {"install", KEY_FILES_INSTALL, false},       {"install", KEY_TEMPLATES_INSTALL, true},
    {"customize", KEY_FILES_CUSTOMIZE, false},   {"customize", KEY_TEMPLATES_CUSTOMIZE, true},
    {"runtime", KEY_FILES_RUNTIME, false},       {"runtime", KEY_TEMPLATES_RUNTIME, true},
};

/* --- what ${NAME} may be ---------------------------------------------------------------------------- */

struct filling {
	struct reading *r;
	struct draft *d;
	struct growing all; /* struct substitution */
};

static void add_substitution(struct filling *filling, const char *name, const struct value *value)
{
	struct substitution *entry = grow_new(filling->r, &filling->all, struct substitution);

	if (!entry || !name) {
		filling->r->list->failed = true;
		return;
	}
	*entry = (struct substitution){.name = name, .value = kept_as(filling->r, struct value, value)};
}

/* Not all that is configured makes a text; what a template does not ask for is nobody's fault. */
static void add_node(struct filling *filling, const char *name, const struct yaml_node *node)
{
	struct reading *r = filling->r;
	owned_by(diagnostics_release) struct diagnostics unasked = {0};
	struct diagnostics *list = r->list;
	struct value value;

	if (!node || (node->kind != YAML_SCALAR && !is_expression(node)))
		return;
	r->list = &unasked;
	int result = value_read(r, filling->d, node, &value);
	r->list = list;
	list->failed = list->failed || unasked.failed;
	if (!result)
		add_substitution(filling, name, &value);
}

static bool has_substitution(const struct filling *filling, const char *name)
{
	const struct substitution *all = filling->all.members;

	for (size_t i = 0; i < filling->all.count; i++)
		if (!strcmp(all[i].name, name))
			return true;
	return false;
}

static bool take_config(const char *key, void *entry, void *context)
{
	struct filling *filling = context;
	const char *name = arena_format(filling->r->arena, "config['%s']", key);

	if (name && !has_substitution(filling, name))
		add_node(filling, name, ((const struct yaml_entry *)entry)->value);
	return true;
}

static bool take_parameter(const char *key, void *entry, void *context)
{
	struct filling *filling = context;
	const struct parameter *parameter = entry;
	const char *name = arena_format(filling->r->arena, "config['%s']", key);

	if (name && !has_substitution(filling, name))
		add_node(filling, name, parameter->setting ? parameter->setting : parameter->initial);
	return true;
}

static void add_own(struct filling *filling)
{
	static const char *const sensors[] = {"host.address", "host.name", "host.subnet.address"};
	const struct component_spec *spec = filling->d->spec;
	const char *const names[][2] = {
	    {"entity.id", spec->id}, {"entity.displayName", spec->name}, {"entity.name", spec->name}};
	struct value value = {.place = filling->d->place, .component = NO_COMPONENT};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		value.text = names[i][1];
		add_substitution(filling, names[i][0], &value);
	}
	value.kind = VALUE_SENSOR;
	value.component = filling->d->index;
	for (size_t i = 0; i < COUNT_OF(sensors); i++) {
		value.text = sensors[i];
		add_substitution(filling, arena_format(filling->r->arena, "attribute['%s']", sensors[i]),
				 &value);
	}
}

static void gather_substitutions(struct filling *filling)
{
	struct reading *r = filling->r;
	const struct yaml_entry *given = given_of(filling->d, KEY_SUBSTITUTIONS);
	const struct yaml_node *map = given ? fixed_node(r, filling->d, given->value) : NULL;

	if (map && map->kind != YAML_MAP && !yaml_null(map))
		complain(r->list, map->place, "`%s` takes a map, not %s", given->key, kind_name(map));
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
		add_node(filling, map->entries[i].key, map->entries[i].value);
	map_each(filling->d->config, take_config, filling);
	map_each(r->parameters, take_parameter, filling);
	map_each(r->config, take_config, filling);
	add_own(filling);
}

/* --- the files -------------------------------------------------------------------------------------- */

static bool is_fetched(const char *source)
{
	return starts_with(source, "http://") || starts_with(source, "https://");
}

/* An address that the runner fetches, or a file beside the blueprint; NULL with a complaint. */
static const char *source_of(struct reading *r, const struct yaml_entry *entry, bool template)
{
	const char *text = bundled_file(entry->key);
	bool fetched = is_fetched(text);

	if (fetched && !template)
		return text;
	if (starts_with(text, "file://"))
		text += strlen("file://");
	else if (fetched || strstr(text, "://")) {
		advise(r->list,
		       complain(r->list, entry->key_place, "`%s` cannot be read from here", entry->key),
		       template ? "a template is a file beside the blueprint"
				: "write a file beside the blueprint, or an http URL");
		return NULL;
	}
	if (!*text || ends_with(text, "/")) {
		complain(r->list, entry->key_place, "`%s` names a folder, not a file", entry->key);
		return NULL;
	}
	const char *path = *text == '/' || !r->options->directory
			       ? text
			       : arena_format(r->arena, "%s/%s", r->options->directory, text);
	if (!path)
		r->list->failed = true;
	return path;
}

/* As the runner's shell reads it. */
static void add_word(struct text *to, const char *word)
{
	text_add(to, " '");
	for (const char *c = word; *c; c++)
		if (*c == '\'')
			text_add(to, "'\\''");
		else
			text_add_char(to, *c);
	text_add_char(to, '\'');
}

struct group {
	const char *folder;
	struct growing *files;
	struct text lists[COUNT_OF(groups)]; /* of each phase at its first group */
	size_t count;
};

static void put_one(struct reading *r, struct draft *d, size_t which, const struct yaml_entry *entry,
		    struct group *group)
{
	const char *source = source_of(r, entry, groups[which].template);
	const char *to = source ? fixed_text(r, d, entry->value, groups[which].phase) : NULL;
	struct text *list = &group->lists[which & ~(size_t)1];

	if (!to)
		return;
	if (!*to || ends_with(to, "/")) {
		const char *base = strrchr(source, '/');
		to = arena_format(r->arena, "%s%s", to, base ? base + 1 : source);
	}
	text_add(list, "put");
	if (is_fetched(source)) {
		add_word(list, source);
	} else {
		const char *name =
		    arena_format(r->arena, "files/%s/%zu", groups[which].phase, ++group->count);
		const char *path = name ? arena_format(r->arena, "%s/%s", group->folder, name) : NULL;
		struct file_entry *file = path ? grow_new(r, group->files, struct file_entry) : NULL;
		if (!file || !to) {
			r->list->failed = true;
			return;
		}
		*file = (struct file_entry){.path = path,
					    .source = source,
					    .mode = 0644,
					    .template = groups[which].template,
					    .place = entry->key_place};
		add_key_place(r, d, arena_format(r->arena, "files.%s", path), entry->key_place);
		add_word(list, name);
	}
	add_word(list, to);
	text_add_char(list, '\n');
}

static void put_group(struct reading *r, struct draft *d, size_t which, struct group *group)
{
	const struct yaml_entry *given = given_of(d, groups[which].key);
	const struct yaml_node *map = given ? fixed_node(r, d, given->value) : NULL;

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, map->place, "`%s` takes a map, not %s", given->key, kind_name(map)),
		       "write {FILE: where it goes}");
		return;
	}
	for (size_t i = 0; i < map->count; i++)
		put_one(r, d, which, &map->entries[i], group);
}

static void put_list(struct reading *r, struct draft *d, size_t which, struct group *group)
{
	struct text *list = &group->lists[which];
	struct file_entry *file = list->length ? grow_new(r, group->files, struct file_entry) : NULL;
	struct value value = {.place = d->place, .component = NO_COMPONENT};

	if (file) {
		value.text = arena_text(r->arena, text_view(list));
		*file = (struct file_entry){
		    .path = arena_format(r->arena, "%s/copy.%s", group->folder, groups[which].phase),
		    .content = kept_as(r, struct value, &value),
		    .mode = 0644,
		    .place = d->place};
		if (!file->path || !value.text)
			r->list->failed = true;
	}
	text_release(list);
}

void software_put_files(struct reading *r, struct draft *d, const char *folder, struct growing *files)
{
	struct filling filling = {.r = r, .d = d};
	struct group group = {.folder = folder, .files = files};
	size_t first = files->count;
	bool templates = false;

	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		put_group(r, d, i, &group);
		templates = templates || (groups[i].template && given_of(d, groups[i].key));
	}
	if (templates)
		gather_substitutions(&filling);
	const struct substitution *all = kept(r, &filling.all, sizeof(*all));
	struct file_entry *entries = files->members;
	for (size_t i = first; i < files->count; i++)
		if (entries[i].template) {
			entries[i].substitutions = all;
			entries[i].substitution_count = all ? filling.all.count : 0;
		}
	for (size_t i = 0; i < COUNT_OF(groups); i += 2)
		put_list(r, d, i, &group);
}
