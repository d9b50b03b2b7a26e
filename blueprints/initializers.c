/* initializers.c - sensors and effectors as Brooklyn's initializers write them. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/sensor_item.h"

static const struct {
	const char *type;
	enum sensor_source source;
} classes[] = {
    {"org.apache.brooklyn.core.sensor.http.HttpRequestSensor", SENSOR_URI},
    {"org.apache.brooklyn.core.sensor.ssh.SshCommandSensor", SENSOR_COMMAND},
    {"org.apache.brooklyn.core.sensor.StaticSensor", SENSOR_VALUE},
};

static const char *const noted[] = {"targetType", "description", "preemptiveBasicAuth", "suppressDuplicates"};

static bool is_number(const struct yaml_node *node)
{
	char *end = NULL;

	if (node->kind != YAML_SCALAR || yaml_null(node) || is_expression(node))
		return false;
	strtod(node->text, &end);
	return end != node->text && !*end;
}

static void read_brooklyn_key(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			      struct sensor_item *item)
{
	if (!strcmp(entry->key, "name"))
		item->sensor.name = fixed_text(r, d, entry->value, "name");
	else if (!strcmp(entry->key, "static.value") && item->sensor.source == SENSOR_VALUE &&
		 is_number(entry->value))
		sensor_item_value(r, d, entry->value, item);
	else if (!strcmp(entry->key, "static.value") && item->sensor.source == SENSOR_VALUE)
		item->text = entry->value;
	else if (!strcmp(entry->key, "uri") && item->sensor.source == SENSOR_URI)
		sensor_item_uri(r, d, entry->value, item);
	else if (!strcmp(entry->key, "username") && item->sensor.source == SENSOR_URI)
		item->user = fixed_text(r, d, entry->value, "username");
	else if (!strcmp(entry->key, "password") && item->sensor.source == SENSOR_URI)
		value_read(r, d, entry->value, &item->password);
	else if (!strcmp(entry->key, "headers") && item->sensor.source == SENSOR_URI)
		item->headers = headers_read(r, d, entry->value, &item->later);
	else if (!strcmp(entry->key, "jsonPath") && item->sensor.source == SENSOR_URI)
		sensor_item_where(r, d, entry, MEASURE_JSON, item);
	else if (!strcmp(entry->key, "command") && item->sensor.source == SENSOR_COMMAND) {
		sensor_item_from(item, SENSOR_COMMAND);
		command_read(r, d, entry->value, entry->key, &item->sensor.command);
	} else if (!strcmp(entry->key, "shell.env") && item->sensor.source == SENSOR_COMMAND)
		sensor_item_variables(r, d, entry->value, item);
	else if (!strcmp(entry->key, "period"))
		sensor_item_time(r, d, entry, LEAST_PERIOD_MS, &item->sensor.period_ms);
	else {
		for (size_t i = 0; i < COUNT_OF(noted); i++)
			if (!strcmp(entry->key, noted[i]))
				return;
		complain(r->list, entry->key_place,
			 "the key `%s` is not supported yet by this version of berth", entry->key);
	}
}

static int class_of(const char *type)
{
	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (!strcmp(type, classes[i].type))
			return (int)i;
	return -1;
}

static void read_keys(struct reading *r, struct draft *d, const struct yaml_node *map,
		      struct sensor_item *item)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct yaml_node *config =
		    is_config_key(entry->key) ? fixed_node(r, d, entry->value) : NULL;
		if (config && config->kind == YAML_MAP)
			for (size_t j = 0; j < config->count; j++)
				read_brooklyn_key(r, d, &config->entries[j], item);
		else if (!is_config_key(entry->key) && strcmp(entry->key, "type") != 0)
			read_brooklyn_key(r, d, entry, item);
	}
}

#define MACHINE_METRICS "org.apache.brooklyn.entity.machine.AddMachineMetrics"

/* What Brooklyn asks of a machine, of each instance. */
static void read_machine_metrics(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const struct {
		const char *name;
		enum usage_kind usage;
	} sensors[] = {{"machine.cpu", USAGE_CPUS},
		       {"machine.memory.used", USAGE_MEMORY},
		       {"machine.memory.free", USAGE_MEMORY_FREE},
		       {"machine.memory.total", USAGE_MEMORY_LIMIT}};
	struct sensor_item common = sensor_item_new(NULL, node->place);

	read_keys(r, d, node, &common);
	for (size_t i = 0; i < COUNT_OF(sensors); i++) {
		struct sensor_item item = sensor_item_new(sensors[i].name, node->place);
		sensor_item_from(&item, SENSOR_USAGE);
		item.sensor.usage = sensors[i].usage;
		item.sensor.period_ms = common.sensor.period_ms;
		sensor_item_keep(r, d, &item);
	}
}

static bool is_effector(const char *type)
{
	return !strcmp(type, "org.apache.brooklyn.core.effector.ssh.SshCommandEffector") ||
	       !strcmp(type, "brooklyn.entity.effector.SshCommandEffector") || !strcmp(type, "ssh-effector");
}

static void read_initializer(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *type = node->kind == YAML_MAP ? written_type(node) : NULL;
	struct sensor_item item = sensor_item_new(NULL, node->place);

	if (!type) {
		complain(r->list, node->place, "an initializer is a map with a `type`");
		return;
	}
	if (!strcmp(type, MACHINE_METRICS)) {
		read_machine_metrics(r, d, node);
		return;
	}
	if (is_effector(type)) {
		read_command_effector(r, d, node);
		return;
	}
	int class = class_of(type);
	if (class < 0) {
		advise(r->list,
		       complain(r->list, node->place,
				"the type `%s` is not supported yet by this version of berth", type),
		       "HttpRequestSensor, SshCommandSensor, StaticSensor, AddMachineMetrics and "
		       "SshCommandEffector are");
		return;
	}
	item.sensor.source = classes[class].source;
	read_keys(r, d, node, &item);
	if (!item.sensor.name)
		complain(r->list, node->place, "the sensor has no `name`");
	else
		sensor_item_keep(r, d, &item);
}

void read_initializers(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *list = fixed_node(r, d, node);

	if (!list || yaml_null(list))
		return;
	if (list->kind != YAML_LIST) {
		complain(r->list, list->place, "`brooklyn.initializers` takes a list, not %s",
			 kind_name(list));
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		read_initializer(r, d, list->items[i]);
}
