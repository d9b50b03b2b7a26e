/* schema_verb.c - `schema`: the JSON Schema of a blueprint, or of a scenario, made of the tables of keys, for
 * editors. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/keys.h"
#include "blueprints/shapes.h"
#include "blueprints/top_keys.h"
#include "engine/engine.h"
#include "engine/scenario.h"

#define DEFINITIONS "#/definitions/"

static json_t *reference(const char *name)
{
	owned_text path = {0};
	text_format(&path, DEFINITIONS "%s", name);
	return path.failed ? NULL : json_pack("{s:s}", "$ref", text_view(&path));
}

/* "@name" within a shape becomes a reference. Takes `shape` over. */
static json_t *expand(json_t *shape)
{
	const char *key;
	void *next;
	json_t *member;
	size_t i;
	if (json_is_string(shape) && *json_string_value(shape) == '@') {
		json_t *to = reference(json_string_value(shape) + 1);
		json_decref(shape);
		return to;
	}
	json_array_foreach (shape, i, member)
		if (json_array_set_new(shape, i, expand(json_incref(member))))
			goto failed;
	json_object_foreach_safe(shape, next, key,
				 member) if (json_put(shape, key, expand(json_incref(member)))) goto failed;
	return shape;
failed:
	json_decref(shape);
	return NULL;
}

/* A key's value: what is said of it, and its form. Beside a reference an older validator reads nothing else.
 */
static json_t *property(const char *summary, const char *shape)
{
	json_t *to = reference(shape);
	return to ? json_pack("{s:s, s:[o]}", "description", summary, "allOf", to) : NULL;
}

/* An external component listens on what it has; a process names its ports. */
static const char *shape_of(enum component_key key, unsigned kinds)
{
	return key == KEY_PORTS && kinds == ON_EXTERNAL ? "externalPorts" : key_rules[key].shape;
}

/* Every spelling that those kinds take. NULL without memory. */
static json_t *properties_of(unsigned kinds)
{
	size_t count;
	const struct key_name *names = key_names(&count);
	json_t *properties = json_object();
	for (size_t i = 0; properties && i < count; i++) {
		if (names[i].key == KEY_LATER || !(key_rules[names[i].key].kinds & kinds))
			continue;
		const struct key_rule *rule = &key_rules[names[i].key];
		if (json_put(properties, names[i].name,
			     property(rule->summary, shape_of(names[i].key, kinds)))) {
			json_decref(properties);
			return NULL;
		}
	}
	return properties;
}

/* Of the configuration only what berth reads has a form; what is for a later version is refused. */
static json_t *config_definition(void)
{
	size_t count;
	const struct key_name *names = key_names(&count);
	owned_json properties = json_object();
	for (size_t i = 0; properties && i < count; i++) {
		if (!names[i].in_config)
			continue;
		bool later = names[i].key == KEY_LATER;
		json_t *form = later
				   ? json_false()
				   : property(key_rules[names[i].key].summary, key_rules[names[i].key].shape);
		if (json_put(properties, names[i].name, form))
			return NULL;
	}
	return json_pack("{s:[s,s], s:O}", "type", "object", "null", "properties", properties);
}

static json_t *kind_definition(unsigned kinds, bool open)
{
	json_t *properties = properties_of(kinds);
	return properties ? json_pack("{s:o, s:b}", "properties", properties, "additionalProperties", open)
			  : NULL;
}

static const struct {
	const char *definition;
	const char *type; /* the pattern of its `type` */
	unsigned kinds;
	bool open; /* it may have keys that nobody here knows */
} kinds[] = {
    {"dockerComponent", "^docker:", ON_DOCKER, false},
    {"processComponent", "^process$", ON_PROCESS, false},
    {"externalComponent", "^external$", ON_EXTERNAL, false},
    {"clusterComponent", "^(cluster|(org\\.apache\\.)?brooklyn\\.entity\\.group\\.DynamicCluster)$",
     ON_CLUSTER, false},
    {"balancerComponent",
     "^(loadbalancer|(org\\.apache\\.)?brooklyn\\.entity\\.proxy\\.nginx\\.NginxController)$", ON_BALANCER,
     false},
    {"softwareComponent",
     "^(software|((org\\.apache\\.)?brooklyn\\.entity\\.(software\\.base|basic)\\.)?VanillaSoftwareProcess)"
     "$",
     ON_SOFTWARE, false},
    /* Of a catalogue, perhaps the blueprint's own, which declares what it takes. */
    {"catalogueComponent", "^[A-Za-z][A-Za-z0-9_.-]*$",
     ON_DOCKER | ON_PROCESS | ON_EXTERNAL | ON_CLUSTER | ON_BALANCER | ON_SOFTWARE, true},
    {"anyComponent", NULL, ON_DOCKER | ON_PROCESS | ON_EXTERNAL | ON_CLUSTER | ON_BALANCER | ON_SOFTWARE,
     false}, /* whose type an expression says */
};

/* Whether one of the spellings of `type` fits the pattern; any, where there is none. */
static json_t *typed(const char *pattern)
{
	size_t count;
	const struct key_name *names = key_names(&count);
	owned_json any = json_array();
	for (size_t i = 0; any && i < count; i++) {
		if (names[i].key != KEY_TYPE)
			continue;
		json_t *condition = pattern ? json_pack("{s:[s], s:{s:{s:s}}}", "required", names[i].name,
							"properties", names[i].name, "pattern", pattern)
					    : json_pack("{s:[s]}", "required", names[i].name);
		if (json_add(any, condition))
			return NULL;
	}
	return json_pack("{s:O}", "anyOf", any);
}

/* Its type says which keys it takes. */
static json_t *service_definition(void)
{
	json_t *form = NULL;
	for (size_t i = COUNT_OF(kinds); i-- > 0;) {
		json_t *to = reference(kinds[i].definition);
		if (!kinds[i].type)
			form = to;
		else
			form = json_pack("{s:o, s:o, s:o}", "if", typed(kinds[i].type), "then", to, "else",
					 form);
	}
	json_t *type = typed(NULL);
	return json_pack("{s:s, s:[o, o]}", "type", "object", "allOf", type, form);
}

static json_t *definitions(void)
{
	owned_json all = json_object();
	for (size_t i = 0; all && i < shape_count; i++) {
		json_t *shape = json_loads(shapes[i].json, JSON_DECODE_ANY, NULL);
		if (!shape || json_put(all, shapes[i].name, expand(shape)))
			return NULL;
	}
	for (size_t i = 0; all && i < COUNT_OF(kinds); i++)
		if (json_put(all, kinds[i].definition, kind_definition(kinds[i].kinds, kinds[i].open)))
			return NULL;
	if (!all || json_put(all, "componentConfig", config_definition()) ||
	    json_put(all, "service", service_definition()))
		return NULL;
	return json_incref(all);
}

static json_t *top_properties(void)
{
	owned_json properties = json_object();
	for (size_t i = 0; properties && i < top_key_count; i++)
		if (top_keys[i].what != TOP_LATER &&
		    json_put(properties, top_keys[i].name, property(top_keys[i].summary, top_keys[i].shape)))
			return NULL;
	return properties ? json_incref(properties) : NULL;
}

static json_t *schema(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[s], s:o, s:b, s:o}", "$schema",
			 "http://json-schema.org/draft-07/schema#", "title", "berth blueprint", "description",
			 "An application: its components, where they go and how they are linked.", "type",
			 "object", "required", "services", "properties", top_properties(),
			 "additionalProperties", 0, "definitions", definitions());
}

static void step(struct berth_operation *operation)
{
	const char *name = operation->request.name;
	json_t *document = name && strcmp(name, "scenario") == 0 ? scenario_schema() : schema();
	if (document) {
		operation_finish(operation, BERTH_OK, document);
		return;
	}
	struct error err = {0};
	fail_memory(&err);
	operation_fail(operation, &err);
}

const struct verb verb_schema = {.name = "schema", .step = step};
