/* clouds_file.c - a cloud out of clouds.yaml, with what secure.yaml says of it laid over. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/settings.h"

enum { FILE_LIMIT = 1 << 20, PLACES = 5 };

/* One of the two files, as far as there is one. */
struct clouds_file {
	const char *path;
	const struct yaml_node *clouds;
};

/* --- where they are ----------------------------------------------------------------------------------- */

static const char *current_directory(const struct openstack_source *source)
{
	struct world *world = source->location->world;
	char here[4096];

	return world->ops->working_directory(world, here, sizeof(here)) == 0 ? arena_text(source->arena, here)
									     : "";
}

/* The folders in which it is looked for, the first one that has it counts. */
static void folders_of(const struct openstack_source *source, const char *ret[static PLACES])
{
	const char *config = location_variable(source->location, "XDG_CONFIG_HOME");

	ret[0] = current_directory(source);
	if (config && *config == '/')
		ret[1] = arena_format(source->arena, "%s/openstack", config);
	else
		ret[1] =
		    source->home ? arena_format(source->arena, "%s/.config/openstack", source->home) : "";
	ret[2] = "/etc/xdg/openstack";
	ret[3] = "/etc/openstack";
	ret[4] = NULL;
}

static bool is_there(const struct openstack_source *source, const char *path)
{
	struct world *world = source->location->world;

	return path && *path == '/' && world->ops->file_exists(world, path);
}

/* NULL: there is none. */
static const char *find(const struct openstack_source *source, const char *name, const char *said_by)
{
	static const char *const suffixes[] = {"yaml", "yml", "json"};
	const char *said = location_variable(source->location, said_by), *folders[PLACES];

	folders_of(source, folders);
	if (said && *said != '/')
		said = arena_format(source->arena, "%s/%s", folders[0] ? folders[0] : "", said);
	if (is_there(source, said))
		return said;
	for (size_t i = 0; folders[i]; i++)
		for (size_t k = 0; k < COUNT_OF(suffixes); k++) {
			const char *path =
			    arena_format(source->arena, "%s/%s.%s", folders[i], name, suffixes[k]);
			if (*folders[i] && is_there(source, path))
				return path;
		}
	return NULL;
}

/* --- what they say ------------------------------------------------------------------------------------- */

static int refuse_file(const struct diagnostics *list, const char *path, struct error *err)
{
	const struct diagnostic *first = list->first;

	while (first && first->severity != SEVERITY_ERROR)
		first = first->next;
	if (!first)
		return fail_memory(err);
	fail(err, ERR_INVALID, "%s:%d:%d: %s", path, first->place.line, first->place.column, first->summary);
	if (first->remedy)
		remedy(err, "%s", first->remedy);
	return -1;
}

static int refuse_node(const struct yaml_node *node, struct error *err, const char *what)
{
	return fail(err, ERR_INVALID, "%s:%d:%d: %s", node->place.file, node->place.line, node->place.column,
		    what);
}

static int read_file(const struct openstack_source *source, const char *path, struct clouds_file *ret,
		     struct error *err)
{
	struct world *world = source->location->world;
	owned_by(diagnostics_release) struct diagnostics list = {0};
	owned_text content = {.secret = true};

	*ret = (struct clouds_file){.path = path};
	if (!path)
		return 0;
	if (world->ops->file_read(world, path, FILE_LIMIT, &content, err) < 0)
		return -1;
	const struct yaml_node *root =
	    yaml_compose(source->arena, path, text_view(&content), content.length, &list);
	if (!root)
		return refuse_file(&list, path, err);
	ret->clouds = yaml_get(root, "clouds");
	if (root->kind != YAML_MAP || (ret->clouds && ret->clouds->kind != YAML_MAP))
		return refuse_node(root, err, "it must have a map of `clouds`");
	return 0;
}

/* --- one of its clouds --------------------------------------------------------------------------------- */

/* A scalar, NULL when it is not there or null. */
static int scalar(const struct yaml_node *node, const char **ret, struct error *err)
{
	if (!node || yaml_null(node))
		return 0;
	if (node->kind != YAML_SCALAR || !printable(node->text))
		return refuse_node(node, err, "it must be a text of one line");
	*ret = node->text;
	return 0;
}

static const struct yaml_node *member(const struct yaml_node *cloud, const char *key)
{
	const struct yaml_node *node = cloud && key ? yaml_get(cloud, key) : NULL;

	return node && !yaml_null(node) ? node : NULL;
}

/* In its `auth`, else beside that. */
static const struct yaml_node *said(const struct yaml_node *cloud, const struct openstack_setting *setting)
{
	const struct yaml_node *auth = member(cloud, "auth");
	const struct yaml_node *found = auth && auth->kind == YAML_MAP ? member(auth, setting->key) : NULL;

	if (!found && auth && auth->kind == YAML_MAP)
		found = member(auth, setting->older);
	if (!found)
		found = member(cloud, setting->key);
	return found ? found : member(cloud, setting->older);
}

/* Of `regions` the first one counts where no `region_name` is said. */
static int first_region(const struct yaml_node *cloud, struct openstack_settings *ret, struct error *err)
{
	const struct yaml_node *regions = member(cloud, "regions");

	if (ret->region || !regions || regions->kind != YAML_LIST || !regions->count)
		return 0;
	const struct yaml_node *first = regions->items[0];
	return scalar(first->kind == YAML_MAP ? member(first, "name") : first, &ret->region, err);
}

static int read_cloud(const struct openstack_source *source, const struct yaml_node *cloud,
		      const struct yaml_node *secure, struct openstack_settings *ret, struct error *err)
{
	for (size_t i = 0; i < openstack_settings_count; i++) {
		const struct openstack_setting *setting = &openstack_settings_known[i];
		const struct yaml_node *node = said(secure, setting);
		const char **to = openstack_slot(ret, setting);
		if (scalar(node ? node : said(cloud, setting), to, err) < 0)
			return -1;
		if (setting->path && *to && starts_with(*to, "~/") && source->home &&
		    !(*to = arena_format(source->arena, "%s%s", source->home, *to + 1)))
			return fail_memory(err);
	}
	return first_region(cloud, ret, err);
}

/* The entry of that name, or with NULL the only one. */
static const struct yaml_entry *entry_of(const struct yaml_node *clouds, const char *name)
{
	if (!clouds || (!name && clouds->count != 1))
		return NULL;
	for (size_t i = 0; i < clouds->count; i++)
		if (!name || !strcmp(clouds->entries[i].key, name))
			return &clouds->entries[i];
	return NULL;
}

static int none_such(const struct openstack_source *source, const struct clouds_file *file, const char *name,
		     struct error *err)
{
	const struct yaml_node *clouds = file->clouds;
	owned_text known = {0};

	for (size_t i = 0; clouds && i < clouds->count; i++)
		text_format(&known, "%s`%s`", i ? ", " : "", clouds->entries[i].key);
	if (!name) {
		fail(err, ERR_INVALID, "location `%s`: which cloud?", source->location->name);
		remedy(err, "write openstack:CLOUD, set OS_CLOUD or OS_AUTH_URL%s%s",
		       known.length ? "; there are " : "", text_view(&known));
		return -1;
	}
	if (!file->path) {
		fail(err, ERR_MISSING, "location `%s`: there is no clouds.yaml to look `%s` up in",
		     source->location->name, name);
		remedy(err, "it is looked for in OS_CLIENT_CONFIG_FILE, in the working directory, "
			    "~/.config/openstack and /etc/openstack");
		return -1;
	}
	fail(err, ERR_MISSING, "location `%s`: %s has no cloud `%s`", source->location->name, file->path,
	     name);
	remedy(err, "it has %s", known.length ? text_view(&known) : "none: clouds stand below `clouds:`");
	return -1;
}

int openstack_clouds_read(const struct openstack_source *source, const char *name,
			  struct openstack_settings *ret, struct error *err)
{
	struct clouds_file clouds, secure;

	if (read_file(source, find(source, "clouds", "OS_CLIENT_CONFIG_FILE"), &clouds, err) < 0)
		return -1;
	const struct yaml_entry *entry = entry_of(clouds.clouds, name);
	if (!entry)
		return none_such(source, &clouds, name, err);
	if (entry->value->kind != YAML_MAP)
		return refuse_node(entry->value, err, "a cloud is a map");
	if (read_file(source, find(source, "secure", "OS_CLIENT_SECURE_FILE"), &secure, err) < 0)
		return -1;
	const struct yaml_entry *more = entry_of(secure.clouds, entry->key);
	if (more && more->value->kind != YAML_MAP)
		return refuse_node(more->value, err, "a cloud is a map");
	ret->cloud = entry->key;
	ret->source = clouds.path;
	return read_cloud(source, entry->value, more ? more->value : NULL, ret, err);
}
