/* types_verb.c - `types`: the kinds of components and the keys that each takes. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/catalogue.h"
#include "blueprints/keys.h"
#include "engine/engine.h"

static const struct {
	const char *name, *summary, *example;
	unsigned kind;
} types[] = {
    {"docker:IMAGE", "a container of that image, on a Docker engine",
     "- type: docker:redis:3\n  id: redis\n  openPorts: 6379\n", ON_DOCKER},
    {"process", "a program that runs on a machine itself, kept alive there",
     "- type: process\n  id: web\n  ports: {http: auto}\n  command: exec busybox httpd -f -p "
     "$BIND_ADDRESS:$PORT_HTTP\n",
     ON_PROCESS},
    {"software",
     "what is installed, customized and launched by commands of its own, on a machine or in a container",
     "- type: software\n  id: web\n  ports: {http: auto}\n  customize.command: echo hello >index.html\n  "
     "launch.command: exec busybox httpd -f -p $BIND_ADDRESS:$PORT_HTTP\n",
     ON_SOFTWARE},
    {"external", "something that is there already, to link to: nothing is made",
     "- type: external\n  id: database\n  address: db.example.org\n  ports: 5432\n", ON_EXTERNAL},
    {"cluster", "many of one kind, whose number changes while they run",
     "- type: cluster\n  id: web\n  initialSize: 3\n  memberSpec:\n    type: docker:nginx:1\n    openPorts: "
     "80\n",
     ON_CLUSTER},
    {"loadbalancer", "one address for many: nginx or haproxy, told of those that run",
     "- type: loadbalancer\n  id: front\n  members: $brooklyn:component(\"web\")\n  image: nginx:stable\n  "
     "portBindings: {8080: 80}\n- type: docker:nginx:1\n  id: web\n  openPorts: 80\n",
     ON_BALANCER},
};

static json_t *keys_of(unsigned kind)
{
	json_t *keys = json_array();
	for (int key = 0; keys && key < KEY_COUNT; key++) {
		if (!(key_rules[key].kinds & kind))
			continue;
		json_t *entry = json_object();
		if (json_put_text(entry, "name", key_rules[key].name) ||
		    json_put_text(entry, "summary", key_rules[key].summary) ||
		    json_array_append(keys, entry)) {
			json_decref(keys);
			keys = NULL;
		}
		json_decref(entry);
	}
	return keys;
}

/* "docker", "docker:IMAGE" and "docker:redis:3" all ask for the first one. */
static bool asked_for(size_t type, const char *name)
{
	if (!name)
		return true;
	if (types[type].kind == ON_DOCKER)
		return strcmp(name, "docker") == 0 || starts_with(name, "docker:");
	return strcmp(types[type].name, name) == 0;
}

/* What is seen of everything that runs, and can be done to it. */
static json_t *names_of(const char *const *names, const struct yaml_node *more)
{
	json_t *list = json_array();
	for (; list && *names; names++)
		json_add(list, json_string(*names));
	for (size_t i = 0; list && more && more->kind == YAML_MAP && i < more->count; i++)
		json_add(list, json_string(more->entries[i].key));
	return list;
}

static json_t *sensors_of(unsigned kind, const struct yaml_node *more)
{
	static const char *const running[] = {"service.isUp",
					      "service.process.isRunning",
					      "host.address",
					      "host.subnet.address",
					      "host.name",
					      "main.uri",
					      NULL};
	static const char *const there[] = {"host.address", "host.name", NULL};
	return names_of(kind == ON_EXTERNAL ? there : running, more);
}

static json_t *effectors_of(unsigned kind, const struct yaml_node *more)
{
	static const char *const built_in[] = {"start", "stop", "restart", NULL}, *const none[] = {NULL};
	return names_of(kind == ON_EXTERNAL ? none : built_in, more);
}

/* --- the catalogue ---------------------------------------------------------------------------- */

struct listing {
	const char *name; /* asked for; NULL: all, in short */
	json_t *list;
	bool failed;
};

static const char *text_at(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
	return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

static bool is_called(const struct catalogue_type *type, const char *name)
{
	const struct yaml_node *names = yaml_get(type->entry, "names");
	for (size_t i = 0; names && i < names->count; i++)
		if (strcmp(names->items[i]->text, name) == 0)
			return true;
	return strcmp(type->id, name) == 0;
}

/* Its parameters: what may be written beside the keys of what it is made of. */
static json_t *parameters_of(const struct catalogue_type *type)
{
	const struct yaml_node *list = yaml_get(type->entry, "parameters");
	json_t *keys = json_array();
	for (size_t i = 0; list && i < list->count; i++) {
		owned_text summary = {0};
		json_t *entry = json_object();
		const char *initial = text_at(list->items[i], "default");
		const char *said = text_at(list->items[i], "description");
		text_add(&summary, said ? said : "");
		if (initial && *initial)
			text_format(&summary, " (%s)", initial);
		json_put_text(entry, "name", text_at(list->items[i], "name"));
		json_put_text(entry, "summary", text_view(&summary));
		json_add(keys, entry);
	}
	return keys;
}

static void add_type(const struct catalogue_type *type, void *context)
{
	struct listing *listing = context;
	if (listing->name && !is_called(type, listing->name))
		return;
	owned_text example = {0};
	const char *base = text_at(type->item, "type"), *said = text_at(type->entry, "description");
	const struct yaml_node *machine = yaml_get(type->item, "machine");
	json_t *entry = json_object(), *names = json_array();
	const struct yaml_node *other = yaml_get(type->entry, "names");
	for (size_t i = 0; other && i < other->count; i++)
		json_add(names, json_string(other->items[i]->text));
	text_format(&example, "- type: %s\n  id: %s\n", type->id, type->id);
	listing->failed |=
	    json_put_text(entry, "name", type->id) || json_put_text(entry, "summary", said ? said : "") ||
	    json_put_text(entry, "example", text_view(&example)) ||
	    json_put_text(entry, "base", base ? base : "") || json_put(entry, "names", names) ||
	    json_put(entry, "keys", parameters_of(type)) ||
	    json_put(entry, "sensors",
		     sensors_of(ON_SOFTWARE, machine ? yaml_get(machine, "sensors") : NULL)) ||
	    json_put(entry, "effectors",
		     effectors_of(ON_SOFTWARE, machine ? yaml_get(machine, "effectors") : NULL)) ||
	    json_add(listing->list, entry);
}

/* NULL when memory is gone. */
static json_t *list_catalogue(const char *name)
{
	struct arena texts = {0}, tree = {0};
	struct listing listing = {.name = name, .list = json_array()};
	if (listing.list)
		catalogue_each(&texts, &tree, add_type, &listing);
	arena_release(&tree);
	arena_release(&texts);
	if (!listing.failed)
		return listing.list;
	json_decref(listing.list);
	return NULL;
}

/* NULL when memory is gone. */
static json_t *list_types(const char *name)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < COUNT_OF(types); i++) {
		if (!asked_for(i, name))
			continue;
		json_t *entry = json_object();
		if (json_put_text(entry, "name", types[i].name) ||
		    json_put_text(entry, "summary", types[i].summary) ||
		    json_put_text(entry, "example", types[i].example) ||
		    json_put(entry, "keys", keys_of(types[i].kind)) ||
		    json_put(entry, "sensors", sensors_of(types[i].kind, NULL)) ||
		    json_put(entry, "effectors", effectors_of(types[i].kind, NULL)) ||
		    json_array_append(list, entry)) {
			json_decref(list);
			list = NULL;
		}
		json_decref(entry);
	}
	return list;
}

static void refuse(struct berth_operation *operation, const char *name)
{
	static const char *const names[] = {"docker",   "process", "software",
					    "external", "cluster", "loadbalancer"};
	const char *meant = closest(name, names, COUNT_OF(names));
	fail(operation_error(operation), ERR_INVALID, "there is no type of component called `%s`", name);
	if (meant)
		remedy(operation_error(operation), "did you mean `%s`?", meant);
	else
		remedy(operation_error(operation),
		       "`berth types` lists them; without a catalogue they are docker:IMAGE, process, "
		       "software, external, cluster, loadbalancer and group");
	operation_finish(operation, BERTH_USAGE, document_new(NULL));
}

static void step(struct berth_operation *operation)
{
	const char *name = operation->request.name;
	owned_json list = list_types(name);
	owned_json catalogue = list_catalogue(name);
	if (list && catalogue && !json_array_size(list) && !json_array_size(catalogue)) {
		refuse(operation, name);
		return;
	}
	json_t *document = list && catalogue ? document_new(NULL) : NULL;
	if (!document || json_put_shared(document, "types", list) ||
	    json_put_shared(document, "catalogue", catalogue)) {
		struct error err = {0};
		json_decref(document);
		fail_memory(&err);
		operation_fail(operation, &err);
		return;
	}
	operation_finish(operation, BERTH_OK, document);
}

const struct verb verb_types = {.name = "types", .step = step};
