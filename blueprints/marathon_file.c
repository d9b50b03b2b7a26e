/* marathon_file.c - an app, a list of apps or a group with all that is in it, in Marathon's own form, becomes
 * the tree of a blueprint: each app a component of the application that the group is. */
#include "blueprints/marathon_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/marathon_members.h"
#include "blueprints/top_keys.h"
#include "blueprints/tree.h"

#define NEEDED_LIMIT 1000000

/* --- its shape -------------------------------------------------------------------------------------- */

/* Of an app, and of nothing that a blueprint says at its top. */
static bool app_shape(const struct yaml_node *node)
{
	static const char *const signs[] = {"cmd", "args",      "container", "cpus",
					    "mem", "instances", "containers"};

	/* Its id may have been left out, which is told then. */
	if (node->kind != YAML_MAP ||
	    (!yaml_get(node, "id") && !yaml_get(node, "cmd") && !yaml_get(node, "container")))
		return false;
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (yaml_get(node, signs[i]))
			return true;
	return false;
}

/* {"app": {...}}, as Marathon tells of one. */
static const struct yaml_node *unwrapped(const struct yaml_node *root)
{
	const struct yaml_node *app =
	    root->kind == YAML_MAP && root->count == 1 ? yaml_get(root, "app") : NULL;

	return app && app_shape(app) ? app : root;
}

bool marathon_file_is(const struct yaml_node *root)
{
	static const char *const berths[] = {"services", "type", "serviceType", "service_type"};

	root = unwrapped(root);
	if (root->kind == YAML_LIST)
		return root->count && app_shape(root->items[0]);
	for (size_t i = 0; root->kind == YAML_MAP && i < COUNT_OF(berths); i++)
		if (yaml_get(root, berths[i]))
			return false;
	return root->kind == YAML_MAP &&
	       (app_shape(root) || yaml_get(root, "apps") || yaml_get(root, "groups"));
}

/* --- paths ------------------------------------------------------------------------------------------ */

struct collecting {
	struct reading *r;
	struct growing apps; /* struct foreign_app */
	struct map *by_path; /* path -> id, for dependencies */
	size_t needed;
};

/* A segment of an id: small letters, digits, `-` within, and dots between such parts. */
static bool legal(const char *segment, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char c = segment[i], next = i + 1 < length ? segment[i + 1] : '.';
		bool first = !i || segment[i - 1] == '.';
		if (c == '.'   ? first || next == '.'
		    : c == '-' ? first || next == '.'
			       : !strchr("abcdefghijklmnopqrstuvwxyz0123456789", c))
			return false;
		if (c == '.' && i + 1 == length)
			return false;
	}
	return length;
}

static void climb(struct text *path)
{
	while (path->length && path->data[path->length - 1] != '/')
		path->data[--path->length] = '\0';
	if (path->length)
		path->data[--path->length] = '\0';
}

/* "/shop/db" of "db" in "/shop", of "../db" in "/shop/web"; "" of the root. NULL with a complaint. */
static const char *resolved(struct reading *r, const char *base, const struct yaml_node *node)
{
	owned_text path = {0};

	if (node->kind != YAML_SCALAR)
		return NULL; /* complained of with the other values */
	text_add(&path, *node->text == '/' ? "" : base);
	for (const char *at = node->text; *at;) {
		size_t length = strcspn(at, "/");
		if (length == 2 && at[0] == '.' && at[1] == '.') {
			climb(&path);
		} else if (length && !(length == 1 && *at == '.')) {
			if (!legal(at, length)) {
				advise(
				    r->list,
				    complain(r->list, node->place, "`%s` is no id of Marathon", node->text),
				    "its parts, with `/` between, are made of small letters, digits and `-`");
				return NULL;
			}
			text_format(&path, "/%.*s", (int)length, at);
		}
		at += length + (at[length] == '/');
	}
	const char *made = path.failed ? NULL : arena_text(r->arena, text_view(&path));
	r->list->failed |= !made;
	return made;
}

/* How much of a path is what it lies in. */
static size_t parent_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* What of several paths lies in the same. */
static size_t shared_length(const char *a, size_t length, const char *b)
{
	while (length && (strncmp(a, b, length) || (b[length] && b[length] != '/')))
		for (length--; length && a[length] != '/'; length--)
			;
	return length;
}

/* --- apps and groups -------------------------------------------------------------------------------- */

static bool told(const char *key)
{
	for (size_t i = 0; marathon_told_members[i]; i++)
		if (!strcmp(marathon_told_members[i], key))
			return true;
	return false;
}

/* Of an app what is Marathon's to judge by; the rest is berth's, or was told by Marathon itself. */
static bool app_check(struct collecting *all, const struct yaml_node *node)
{
	struct reading *r = all->r;
	struct growing own = {0};
	size_t before = r->list->errors;

	if (node->kind != YAML_MAP) {
		complain(r->list, node->place, "an app is a map, not %s", kind_name(node));
		return false;
	}
	if (yaml_get(node, "containers")) {
		advise(r->list,
		       complain(r->list, tree_entry(node, "containers")->key_place,
				"pods are not placed by berth"),
		       "write each of its containers as an app");
		return false;
	}
	for (size_t i = 0; i < node->count; i++)
		if (!told(node->entries[i].key) && strcmp(node->entries[i].key, "location"))
			tree_add(r, &own, node->entries[i].key, node->entries[i].key_place,
				 node->entries[i].value);
	const struct yaml_node *map = tree_map(r, node, &own);
	if (map)
		marathon_members_check(r, NULL, map, marathon_app_members, "an app", true);
	if (!tree_member(node, "id"))
		advise(r->list, complain(r->list, node->place, "the app has no `id`"),
		       "write \"id\": \"/NAME\"");
	return r->list->errors == before;
}

static void take_app(struct collecting *all, const struct yaml_node *node, const struct foreign_group *group)
{
	struct reading *r = all->r;

	if (!app_check(all, node))
		return;
	const struct yaml_node *id = yaml_get(node, "id");
	const char *path = resolved(r, group ? group->path : "", id);
	if (path && !*path)
		complain(r->list, id->place, "`%s` is the id of no app", id->text);
	if (!path || !*path)
		return;
	if (group &&
	    (parent_length(path) != strlen(group->path) || strncmp(path, group->path, parent_length(path)))) {
		advise(
		    r->list,
		    complain(r->list, id->place, "the app `%s` is not in the group that its id names", path),
		    "here it is `%s/NAME`, or `NAME` alone", group->path);
		return;
	}
	struct foreign_app *app = grow_new(r, &all->apps, struct foreign_app);
	const struct yaml_entry *own = tree_entry(node, "location");
	if (app)
		*app = (struct foreign_app){.node = node,
					    .path = path,
					    .place = id->place,
					    .within = group,
					    .location = own     ? own
							: group ? group->location
								: NULL};
}

static bool is_top_key(const char *key)
{
	static const char *const groups[] = {"id", "services", "version"};

	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (!strcmp(groups[i], key))
			return false;
	for (size_t i = 0; i < top_key_count; i++)
		if (!strcmp(top_keys[i].name, key))
			return top_keys[i].what != TOP_LATER;
	return false;
}

static bool empty_list(const struct yaml_node *node)
{
	return yaml_null(node) || (node->kind == YAML_LIST && !node->count);
}

static void check_group_key(struct collecting *all, const struct yaml_entry *entry, bool root)
{
	static const char *const keys[] = {"id", "apps", "groups", "dependencies", "location"};
	struct reading *r = all->r;

	if (!strcmp(entry->key, "pods") && empty_list(entry->value))
		return;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i], entry->key))
			return;
	if (!strcmp(entry->key, "version") || !strcmp(entry->key, "enforceRole") ||
	    (root && is_top_key(entry->key)))
		return;
	struct diagnostic *said = complain(r->list, entry->key_place,
					   !strcmp(entry->key, "pods") ? "pods are not placed by berth"
								       : "unknown member `%s` of a group",
					   entry->key);
	if (!strcmp(entry->key, "pods"))
		advise(r->list, said, "write each of their containers as an app");
	else if (!strcmp(entry->key, "scaleBy"))
		advise(r->list, said, "write `instances` at the apps, or use `berth scale`");
	else
		suggest(r, said, entry->key, keys, COUNT_OF(keys),
			"a group has id, apps, groups, dependencies and location");
}

static const struct yaml_node *list_of(struct reading *r, const struct yaml_node *map, const char *key)
{
	const struct yaml_node *list = tree_member(map, key);

	if (list && list->kind != YAML_LIST) {
		complain(r->list, list->place, "`%s` takes a list, not %s", key, kind_name(list));
		return NULL;
	}
	return list;
}

static void take_group(struct collecting *all, const struct yaml_node *node,
		       const struct foreign_group *outer)
{
	struct reading *r = all->r;
	struct foreign_group *group = scratch_new(r, struct foreign_group);
	const struct yaml_node *id = node->kind == YAML_MAP ? tree_member(node, "id") : NULL;

	if (!group)
		return;
	if (node->kind != YAML_MAP || (outer && !id)) {
		complain(r->list, node->place,
			 node->kind == YAML_MAP ? "the group has no `id`" : "a group is a map");
		return;
	}
	*group = (struct foreign_group){.outer = outer, .path = "", .location = tree_entry(node, "location")};
	if (outer && !group->location)
		group->location = outer->location;
	if (id && !(group->path = resolved(r, outer ? outer->path : "", id)))
		return;
	if (outer && strncmp(group->path, outer->path, strlen(outer->path))) {
		complain(r->list, id->place, "the group `%s` is not in `%s`, where it stands", group->path,
			 outer->path);
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		check_group_key(all, &node->entries[i], !outer);
	group->dependencies = list_of(r, node, "dependencies");
	const struct yaml_node *apps = list_of(r, node, "apps"), *groups = list_of(r, node, "groups");
	for (size_t i = 0; apps && i < apps->count; i++)
		take_app(all, apps->items[i], group);
	for (size_t i = 0; groups && i < groups->count; i++)
		take_group(all, groups->items[i], group);
}

/* --- what they are called --------------------------------------------------------------------------- */

/* "db-redis" of "db/redis". */
static const char *joined(struct reading *r, const char *path)
{
	char *copy = arena_text(r->arena, path + (*path == '/'));

	for (char *c = copy; c && *c; c++)
		if (*c == '/' || *c == '.')
			*c = '-';
	r->list->failed |= !copy;
	return copy ? name_id(r, copy) : NULL;
}

/* The application's path: its group, or what all apps lie in. */
static size_t common_length(const struct growing *apps)
{
	const struct foreign_app *list = apps->members;
	size_t length = apps->count ? parent_length(list[0].path) : 0;

	for (size_t i = 1; i < apps->count; i++)
		length = shared_length(list[0].path, length, list[i].path);
	return length;
}

/* Who would be called as another one is, and had to be spelt in another way, has a digest. */
static const char *told_apart(struct reading *r, const struct foreign_app *app)
{
	char digest[DIGEST_HEX];
	const char *id = digest_hex(app->path, strlen(app->path), digest)
			     ? NULL
			     : arena_format(r->arena, "%.*s-%.8s", ID_LIMIT - 9, app->id, digest);

	r->list->failed |= !id;
	return id;
}

static void name_apps(struct collecting *all, size_t length)
{
	struct reading *r = all->r;
	struct foreign_app *apps = all->apps.members;
	struct map *first = NULL, *many = NULL;

	for (size_t i = 0; i < all->apps.count; i++) {
		if (!(apps[i].id = joined(r, apps[i].path + length)))
			break;
		const struct foreign_app *same = map_get(all->by_path, apps[i].path);
		if (same)
			complain(r->list, apps[i].place,
				 "two apps have the id `%s`: the other one is at line %d, column %d",
				 apps[i].path, same->place.line, same->place.column);
		reading_put(r, &all->by_path, apps[i].path, &apps[i]);
		reading_put(r, map_get(first, apps[i].id) ? &many : &first, apps[i].id, &apps[i]);
	}
	for (size_t i = 0; i < all->apps.count && apps[i].id && !r->list->failed; i++)
		if (map_get(many, apps[i].id) && strpbrk(apps[i].path + length + 1, "/."))
			apps[i].id = told_apart(r, &apps[i]);
	map_release(&first);
	map_release(&many);
}

/* --- who comes after whom --------------------------------------------------------------------------- */

static void need(struct collecting *all, struct foreign_app *app, const struct foreign_app *other,
		 struct place at)
{
	struct reading *r = all->r;
	const struct yaml_node **needed = app->needed.members;

	for (size_t i = 0; i < app->needed.count; i++)
		if (!strcmp(needed[i]->text, other->id))
			return;
	if (all->needed++ == NEEDED_LIMIT)
		complain(r->list, at, "the dependencies come to more than %d", NEEDED_LIMIT);
	if (all->needed <= NEEDED_LIMIT)
		tree_add_item(r, &app->needed, scalar_node(r, at, other->id, false));
}

/* An app, or all that are in a group. */
static void need_path(struct collecting *all, struct foreign_app *app, const char *base,
		      const struct yaml_node *node)
{
	struct foreign_app *apps = all->apps.members;
	const char *path = resolved(all->r, base, node);
	struct foreign_app *one = path ? map_get(all->by_path, path) : NULL;
	bool found = one;

	if (one)
		need(all, app, one, node->place);
	for (size_t i = 0; path && !one && i < all->apps.count; i++) {
		size_t length = strlen(path);
		if (strncmp(apps[i].path, path, length) || apps[i].path[length] != '/')
			continue;
		found = true;
		if (&apps[i] != app)
			need(all, app, &apps[i], node->place);
	}
	if (path && !found)
		advise(all->r->list,
		       warn(all->r->list, node->place, "no app or group here is `%s`: nothing is waited for",
			    path),
		       "a blueprint with `type: external` is linked to what runs elsewhere");
}

static void order_apps(struct collecting *all)
{
	struct foreign_app *apps = all->apps.members;

	for (size_t i = 0; i < all->apps.count; i++) {
		const struct foreign_group *group = apps[i].within;
		const struct yaml_node *own = tree_member(apps[i].node, "dependencies");
		for (size_t k = 0; own && k < own->count; k++)
			need_path(all, &apps[i], group ? group->path : "", own->items[k]);
		for (; group; group = group->outer)
			for (size_t k = 0; group->dependencies && k < group->dependencies->count; k++)
				need_path(all, &apps[i], group->path, group->dependencies->items[k]);
	}
}

/* --- the whole -------------------------------------------------------------------------------------- */

/* Where what says nothing of it goes. */
static const struct yaml_node *location_of(struct reading *r, const struct yaml_node *root)
{
	const char *name = r->options->location ? r->options->location : "marathon";

	return scalar_node(r, root->place, name, false);
}

static const struct yaml_node *blueprint_of(struct collecting *all, const struct yaml_node *root,
					    const char *id)
{
	struct reading *r = all->r;
	struct foreign_app *apps = all->apps.members;
	struct growing top = {0}, services = {0};
	bool placed = false, app = app_shape(root);
	const struct yaml_node *named = tree_member(root, "id");

	if (id)
		tree_add(r, &top, "id", root->place,
			 scalar_node(r, named ? named->place : root->place, id, false));
	for (size_t i = 0; !app && root->kind == YAML_MAP && i < root->count; i++)
		if (is_top_key(root->entries[i].key)) {
			placed |= !strcmp(root->entries[i].key, "location");
			tree_add(r, &top, root->entries[i].key, root->entries[i].key_place,
				 root->entries[i].value);
		}
	if (!placed)
		tree_add(r, &top, "location", root->place, location_of(r, root));
	for (size_t i = 0; i < all->apps.count; i++)
		tree_add_item(r, &services, marathon_app_service(r, &apps[i]));
	tree_add(r, &top, "services", root->place, tree_list(r, root, &services));
	r->apps = apps;
	r->app_count = all->apps.count;
	return tree_map(r, root, &top);
}

/* How much of the apps' paths is the application's, and its id; NULL: the file's name. */
static const char *application_id(struct collecting *all, const struct yaml_node *root, size_t *ret_length)
{
	struct reading *r = all->r;
	const struct foreign_app *apps = all->apps.members;
	const struct yaml_node *named = root->kind == YAML_MAP ? tree_member(root, "id") : NULL;

	*ret_length = 0;
	if (!all->apps.count)
		return NULL;
	if (all->apps.count == 1 && !apps[0].within) {
		*ret_length = parent_length(apps[0].path);
		return joined(r, apps[0].path);
	}
	const char *group = apps[0].within && named ? resolved(r, "", named) : NULL;
	*ret_length = group && *group ? strlen(group) : common_length(&all->apps);
	const char *path = arena_copy(&r->scratch, apps[0].path, *ret_length);
	return path && *path ? joined(r, path) : NULL;
}

const struct yaml_node *marathon_file_read(struct reading *r, const struct yaml_node *written)
{
	const struct yaml_node *root = unwrapped(written), *made = NULL;
	struct collecting all = {.r = r};
	size_t before = r->list->errors, length;

	if (root->kind == YAML_LIST)
		for (size_t i = 0; i < root->count; i++)
			take_app(&all, root->items[i], NULL);
	else if (app_shape(root))
		take_app(&all, root, NULL);
	else
		take_group(&all, root, NULL);
	if (!all.apps.count && r->list->errors == before)
		complain(r->list, root->place, "there is no app in it");
	const char *id = application_id(&all, root, &length);
	name_apps(&all, length);
	if (r->list->errors == before && !r->list->failed) {
		order_apps(&all);
		made = blueprint_of(&all, root, id);
	}
	map_release(&all.by_path);
	return r->list->errors == before ? made : NULL;
}

/* Whether anything was asked for there: nothing is, where it says what is so anyway. */
static bool asks(const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR)
		return node->count;
	return !yaml_null(node) && *node->text && strcmp(node->text, "0") && strcmp(node->text, "0.0") &&
	       strcmp(node->text, "false");
}

void marathon_file_check(struct reading *r)
{
	for (size_t i = 0; i < r->app_count && i < r->count; i++) {
		const struct foreign_app *app = &r->apps[i];
		const struct yaml_entry *alone = app->alone.members;
		if (!marathon_elsewhere(r, &r->drafts[i])) {
			marathon_app_check(r, app->node, 0, false);
			continue;
		}
		for (size_t k = 0; k < app->alone.count; k++)
			if (asks(alone[k].value))
				advise(r->list,
				       warn(r->list, alone[k].key_place,
					    "`%s` of `%s` has no effect here: Marathon alone reads it",
					    alone[k].key, app->id),
				       "take it away, or place `%s` on a Marathon", app->id);
		marathon_variables_check(r, app);
	}
}
