/* web_clusters.c - Brooklyn's clusters of web servers: a cluster whose members have what the whole is
 * configured with, and for the controlled one a load balancer before it. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/flattening.h"
#include "blueprints/tree.h"

#define PREFIX      "entity.webapp."
#define USUAL_TYPE  "tomcat"
#define NGINX       "org.apache.brooklyn.entity.proxy.nginx.NginxController"
#define OF_BALANCER "-controller"

static bool is_called(const char *type, const char *name)
{
	const char *rest = starts_with(type, "org.apache.") ? type + strlen("org.apache.") : type;

	return starts_with(rest, "brooklyn." PREFIX) && !strcmp(rest + strlen("brooklyn." PREFIX), name);
}

static bool is_controlled(const char *type)
{
	return is_called(type, "ControlledDynamicWebAppCluster");
}

/* Its parts while they are told apart. */
struct parts {
	struct reading *r;
	const struct yaml_node *whole;
	struct growing cluster, config, balancer, balancer_config, member_config;
	const struct yaml_entry *member, *controller;
};

static bool of_controller(const char *key)
{
	return is_word_of(key, (const char *const[]){"controllerSpec",
						     "controlleddynamicwebappcluster.controllerSpec", NULL});
}

static bool of_balancer(const char *key)
{
	return is_word_of(key, (const char *const[]){"proxy.protocol", "proxy.http.port", "proxy.https.port",
						     "portBindings", "tls", NULL});
}

/* Whether the cluster itself has that key; all others are its members'. */
static bool of_cluster(struct reading *r, const char *key)
{
	const struct key_name *name = map_get(r->keys, key);

	return name && (name->key >= KEY_COUNT || (key_rules[name->key].kinds & ON_CLUSTER));
}

static void add(struct parts *parts, struct growing *list, const struct yaml_entry *entry)
{
	tree_add(parts->r, list, entry->key, entry->key_place, entry->value);
}

static void take(struct parts *parts, const struct yaml_entry *entry, bool configured)
{
	const struct key_name *name = map_get(parts->r->keys, entry->key);

	if (of_controller(entry->key))
		parts->controller = entry;
	else if (name && name->key == KEY_MEMBER_SPEC)
		parts->member = entry;
	else if (of_balancer(entry->key))
		add(parts, configured ? &parts->balancer_config : &parts->balancer, entry);
	else if (of_cluster(parts->r, entry->key))
		add(parts, configured ? &parts->config : &parts->cluster, entry);
	else
		add(parts, &parts->member_config, entry);
}

static void take_all(struct parts *parts)
{
	for (size_t i = 0; i < parts->whole->count; i++) {
		const struct yaml_entry *entry = &parts->whole->entries[i];
		if (!strcmp(entry->key, "type") || !strcmp(entry->key, "serviceType") ||
		    !strcmp(entry->key, "service_type"))
			continue;
		if (!is_config_key(entry->key) || entry->value->kind != YAML_MAP)
			take(parts, entry, false);
		else
			for (size_t k = 0; k < entry->value->count; k++)
				take(parts, &entry->value->entries[k], true);
	}
}

static const struct yaml_node *text_node(struct parts *parts, const char *text)
{
	return scalar_node(parts->r, parts->whole->place, text, true);
}

/* { type: TYPE, brooklyn.config: { ... } } */
static const struct yaml_node *typed(struct parts *parts, const char *type, const struct growing *config)
{
	struct growing entries = {0};
	struct place at = parts->whole->place;

	if (type)
		tree_add(parts->r, &entries, "type", at, text_node(parts, type));
	if (config->count)
		tree_add(parts->r, &entries, "brooklyn.config", at,
			 tree_map(parts->r, parts->whole, (struct growing *)config));
	return tree_map(parts->r, parts->whole, &entries);
}

/* What is said of all is said of each; what a member says itself counts first. */
static const struct yaml_node *member_of(struct parts *parts)
{
	const struct yaml_node *own = parts->member ? entity_spec(parts->member->value) : NULL;
	const struct yaml_node *all = typed(parts, own ? NULL : USUAL_TYPE, &parts->member_config);

	if (!own)
		advise(parts->r->list,
		       warn(parts->r->list, parts->whole->place,
			    "without a `memberSpec` its members are of type " USUAL_TYPE
			    ", where Brooklyn has a JBoss 7"),
		       "write memberSpec: {type: " USUAL_TYPE "}");
	if (own && own->kind == YAML_SCALAR && !yaml_null(own)) {
		struct growing entries = {0};
		tree_add(parts->r, &entries, "type", own->place, own);
		own = tree_map(parts->r, own, &entries);
	}
	return own && own->kind == YAML_MAP && all ? services_merge(parts->r, own, all, NULL)
	       : own                               ? own
						   : all;
}

static const struct yaml_node *cluster_of(struct parts *parts, const char *id)
{
	struct growing *list = &parts->cluster;
	struct place at = parts->whole->place;

	tree_add(parts->r, list, "type", at, text_node(parts, "cluster"));
	if (!tree_entry(parts->whole, "id"))
		tree_add(parts->r, list, "id", at, text_node(parts, id));
	if (parts->config.count)
		tree_add(parts->r, list, "brooklyn.config", at,
			 tree_map(parts->r, parts->whole, &parts->config));
	tree_add(parts->r, list, "memberSpec", parts->member ? parts->member->key_place : at,
		 member_of(parts));
	return tree_map(parts->r, parts->whole, list);
}

static const struct yaml_node *balancer_of(struct parts *parts, const char *id)
{
	static const char *const places[] = {"location", "locations"};
	const struct yaml_node *own = parts->controller ? entity_spec(parts->controller->value) : NULL;
	const char *name =
	    arena_format(parts->r->arena, "%.*s" OF_BALANCER, (int)(ID_LIMIT - strlen(OF_BALANCER)), id);
	struct growing *list = &parts->balancer;
	struct place at = parts->controller ? parts->controller->key_place : parts->whole->place;

	if (!own || !written_type(own))
		tree_add(parts->r, list, "type", at, text_node(parts, NGINX));
	if (!own || !tree_entry(own, "id"))
		tree_add(parts->r, list, "id", at, name ? text_node(parts, name) : NULL);
	tree_add(parts->r, list, "members", at, text_node(parts, id));
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (tree_entry(parts->whole, places[i]))
			add(parts, list, tree_entry(parts->whole, places[i]));
	if (parts->balancer_config.count)
		tree_add(parts->r, list, "brooklyn.config", at,
			 tree_map(parts->r, parts->whole, &parts->balancer_config));
	parts->r->list->failed |= !name;
	const struct yaml_node *made = tree_map(parts->r, parts->whole, list);
	return own && own->kind == YAML_MAP && made ? services_merge(parts->r, own, made, NULL) : made;
}

/* As others call it; what has no name is called as Brooklyn shows it. */
static const char *id_of(struct reading *r, const struct yaml_node *service, const char *type)
{
	const struct yaml_entry *id = tree_entry(service, "id") ?: tree_entry(service, "name");
	const char *text = id && id->value->kind == YAML_SCALAR ? name_id(r, id->value->text) : NULL;

	return text ? text : strrchr(type, '.') + 1;
}

bool web_cluster_take(struct flattening *flat, const struct yaml_node *service, int depth)
{
	const char *type = service->kind == YAML_MAP ? written_type(service) : NULL;
	struct parts parts = {.r = flat->r, .whole = service};

	if (!type || (!is_controlled(type) && !is_called(type, "DynamicWebAppCluster")))
		return false;
	take_all(&parts);
	const char *id = id_of(flat->r, service, type);
	const struct yaml_node *cluster = cluster_of(&parts, id);
	const struct yaml_node *balancer = is_controlled(type) ? balancer_of(&parts, id) : NULL;
	if (balancer)
		flatten_take(flat, balancer, depth + 1);
	if (cluster)
		flatten_take(flat, cluster, depth + 1);
	return true;
}
