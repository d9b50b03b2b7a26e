/* yaml_scalar.c - reading nodes: members by key, null and the two truths. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/yaml.h"

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->entries[i].key, key))
			return map->entries[i].value;
	return NULL;
}

bool yaml_null(const struct yaml_node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (node->kind != YAML_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(node->text, words[i]))
			return true;
	return false;
}

bool yaml_bool(const struct yaml_node *node, struct diagnostics *list, bool *ret_flag)
{
	if (node->kind != YAML_SCALAR)
		return false;
	if (!strcasecmp(node->text, "true") || !strcasecmp(node->text, "false")) {
		*ret_flag = !strcasecmp(node->text, "true");
		return true;
	}
	bool yes = !strcasecmp(node->text, "yes") || !strcasecmp(node->text, "on");
	if (!yes && strcasecmp(node->text, "no") && strcasecmp(node->text, "off"))
		return false;
	advise(list, warn(list, node->place, "`%s` is taken as %s", node->text, yes ? "true" : "false"),
	       "write `%s`", yes ? "true" : "false");
	*ret_flag = yes;
	return true;
}
