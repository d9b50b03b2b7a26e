/* types_verb.c - `types`: the kinds of components and the keys that each takes. */
#include <string.h>

#include "base/cleanup.h"
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
		    json_put(entry, "keys", keys_of(types[i].kind)) || json_array_append(list, entry)) {
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
	fail(&operation->error, ERR_INVALID, "there is no type of component called `%s`", name);
	if (meant)
		remedy(&operation->error, "did you mean `%s`?", meant);
	else
		remedy(&operation->error,
		       "the types are docker:IMAGE, process, software, external, cluster and loadbalancer");
	operation_finish(operation, BERTH_USAGE, document_new(NULL));
}

static void step(struct berth_operation *operation)
{
	const char *name = operation->request.name;
	json_t *list = list_types(name);
	if (list && !json_array_size(list)) {
		json_decref(list);
		refuse(operation, name);
		return;
	}
	json_t *document = list ? document_new(NULL) : NULL;
	if (!document || json_put_shared(document, "types", list)) {
		struct error err = {0};
		json_decref(document);
		json_decref(list);
		fail_memory(&err);
		operation_fail(operation, &err);
		return;
	}
	json_decref(list);
	operation_finish(operation, BERTH_OK, document);
}

const struct verb verb_types = {.name = "types", .step = step};
