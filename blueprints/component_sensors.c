/* component_sensors.c - the sensors of a component: where each of its numbers comes from, how it is found
 * there and what is made of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/measure.h"

enum { MOST_SENSORS = 64, LONGEST_NAME = 120, PERIOD_MS = 5000, LEAST_PERIOD_MS = 100 };

/* A sensor while it is read. */
struct item {
	struct sensor sensor;
	int sources, measures; /* how many of either are written */
	const char *user, *password;
	const char *const *headers;
};

static void complain_given(struct reading *r, struct place place, const struct error *err)
{
	advise(r->list, complain(r->list, place, "%s", err->text), "%s", err->remedy);
}

/* --- where it comes from ------------------------------------------------------------------------ */

static void from(struct item *item, enum sensor_source source)
{
	item->sensor.source = source;
	item->sources++;
}

static void read_uri(struct reading *r, struct draft *d, const struct yaml_node *node, struct item *item)
{
	const char *uri = fixed_text(r, d, node, "uri");

	from(item, SENSOR_URI);
	if (uri && !starts_with(uri, "http://") && !starts_with(uri, "https://"))
		complain(r->list, node->place, "`%s` does not begin with http:// or https://", uri);
	else if (uri && (!printable(uri) || strchr(uri, ' ')))
		complain(r->list, node->place, "an address holds no spaces");
	else
		item->sensor.uri = uri;
}

/* A path or a port alone will do. */
static void read_http(struct reading *r, struct draft *d, const struct yaml_node *node, struct item *item)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);
	struct effector_call *call;

	from(item, SENSOR_HTTP);
	if (!fixed)
		return;
	if (fixed->kind == YAML_MAP) {
		item->sensor.call = http_request_read(r, d, node, "GET");
		return;
	}
	call = reading_new(r, struct effector_call);
	if (!call)
		return;
	*call = (struct effector_call){.method = "GET", .path = "/"};
	item->sensor.call = call;
	if (fixed->kind == YAML_SCALAR && *fixed->text == '/' && !strchr(fixed->text, ' '))
		call->path = fixed->text;
	else if (fixed->kind != YAML_SCALAR || !port_parse(fixed->text, &call->port))
		complain(r->list, node->place,
			 "`http` takes a path such as /load.json, a port, or a map of both");
}

static void read_value(struct reading *r, struct draft *d, const struct yaml_node *node, struct item *item)
{
	const char *text = fixed_text(r, d, node, "value");
	char *end = NULL;

	from(item, SENSOR_VALUE);
	if (!text)
		return;
	item->sensor.value = strtod(text, &end);
	if (end == text || *end || !isfinite(item->sensor.value))
		complain(r->list, node->place, "`%s` is no number", text);
}

/* --- how it is found there ------------------------------------------------------------------------ */

static void read_where(struct reading *r, struct draft *d, const struct yaml_entry *entry,
		       enum measure_kind kind, struct item *item)
{
	const char *where = fixed_text(r, d, entry->value, entry->key);
	struct error err;

	item->measures++;
	item->sensor.measure = kind;
	if (where && measure_check(kind, where, &err))
		complain_given(r, entry->value->place, &err);
	item->sensor.where = where;
}

/* --- what is made of it ---------------------------------------------------------------------------- */

static void read_aggregate(struct reading *r, struct draft *d, const struct yaml_node *node,
			   struct item *item)
{
	static const char *const words[] = {[AGGREGATE_MEAN] = "mean",
					    [AGGREGATE_SUM] = "sum",
					    [AGGREGATE_MAX] = "max",
					    [AGGREGATE_MIN] = "min"};
	const char *text = fixed_text(r, d, node, "aggregate");
	int64_t percentile;

	if (!text)
		return;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(text, words[i])) {
			item->sensor.aggregate = (enum aggregate)i;
			return;
		}
	if (*text == 'p' && parse_number(text + 1, 1, 100, &percentile)) {
		item->sensor.aggregate = AGGREGATE_PERCENTILE;
		item->sensor.percentile = (unsigned)percentile;
		return;
	}
	suggest(r, complain(r->list, node->place, "`%s` says nothing of several numbers", text), text, words,
		COUNT_OF(words), "mean, sum, max, min, or a percentile such as p95");
}

static void read_time(struct reading *r, struct draft *d, const struct yaml_entry *entry, int64_t least,
		      int64_t *ret)
{
	int64_t ms = fixed_duration(r, d, entry->value, entry->key, least);

	if (ms >= 0)
		*ret = ms;
}

/* --- a sensor -------------------------------------------------------------------------------------- */

/* False: it is no key of a sensor. */
static bool read_source(struct reading *r, struct draft *d, const struct yaml_entry *part, struct item *item)
{
	static const struct {
		const char *key;
		void (*read)(struct reading *, struct draft *, const struct yaml_node *, struct item *);
	} sources[] = {{"uri", read_uri}, {"http", read_http}, {"value", read_value}};

	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (!strcmp(part->key, sources[i].key)) {
			sources[i].read(r, d, part->value, item);
			return true;
		}
	if (strcmp(part->key, "command") != 0)
		return false;
	from(item, SENSOR_COMMAND);
	command_read(r, d, part->value, part->key, &item->sensor.command);
	return true;
}

static bool read_measure(struct reading *r, struct draft *d, const struct yaml_entry *part, struct item *item)
{
	if (!strcmp(part->key, "json") || !strcmp(part->key, "jsonPath"))
		read_where(r, d, part, MEASURE_JSON, item);
	else if (!strcmp(part->key, "metric"))
		read_where(r, d, part, MEASURE_METRIC, item);
	else if (!strcmp(part->key, "pattern"))
		read_where(r, d, part, MEASURE_PATTERN, item);
	else
		return false;
	return true;
}

static bool read_rest(struct reading *r, struct draft *d, const struct yaml_entry *part, struct item *item)
{
	if (!strcmp(part->key, "period"))
		read_time(r, d, part, LEAST_PERIOD_MS, &item->sensor.period_ms);
	else if (!strcmp(part->key, "staleAfter"))
		read_time(r, d, part, 1, &item->sensor.stale_ms);
	else if (!strcmp(part->key, "window"))
		read_time(r, d, part, 1, &item->sensor.window_ms);
	else if (!strcmp(part->key, "rate"))
		item->sensor.rate = fixed_flag(r, d, part->value, part->key, false);
	else if (!strcmp(part->key, "aggregate"))
		read_aggregate(r, d, part->value, item);
	else if (!strcmp(part->key, "headers"))
		item->headers = headers_read(r, d, part->value);
	else
		return false;
	return true;
}

static const char *const part_keys[] = {"uri",    "http",       "command", "value",     "json",
					"metric", "pattern",    "period",  "aggregate", "window",
					"rate",   "staleAfter", "headers"};

static const char *authorization(struct reading *r, const struct item *item)
{
	owned_text plain = {0};
	owned_text coded = {0};

	text_format(&plain, "%s:%s", item->user, item->password ? item->password : "");
	base64_add(&coded, text_view(&plain), plain.length);
	r->list->failed |= plain.failed || coded.failed;
	return arena_format(r->arena, "Authorization: Basic %s", text_view(&coded));
}

/* The headers of a request to an address, with who asks. */
static void finish_call(struct reading *r, struct item *item)
{
	size_t count = 0;

	if (item->sensor.source != SENSOR_URI)
		return;
	while (item->headers && item->headers[count])
		count++;
	const char **headers = arena_array(r->arena, const char *, count + 2);
	struct effector_call *call = reading_new(r, struct effector_call);
	r->list->failed |= !headers;
	if (!headers || !call)
		return;
	if (count)
		memcpy(headers, item->headers, count * sizeof(*headers));
	if (item->user)
		headers[count] = authorization(r, item);
	*call = (struct effector_call){.method = "GET", .headers = headers};
	item->sensor.call = call;
}

static void check(struct reading *r, struct item *item)
{
	struct sensor *sensor = &item->sensor;
	bool text =
	    sensor->source == SENSOR_URI || sensor->source == SENSOR_HTTP || sensor->source == SENSOR_COMMAND;

	if (item->sources != 1)
		advise(r->list,
		       complain(r->list, sensor->place, "the sensor `%s` comes from %s", sensor->name,
				item->sources ? "more than one place" : "nowhere"),
		       "give it one of uri, http, command and value");
	else if (item->measures > !!text)
		complain(r->list, sensor->place,
			 text ? "the sensor `%s` takes only one of json, metric and pattern"
			      : "the sensor `%s` is a number by itself: no json, metric or pattern finds it",
			 sensor->name);
	else if (sensor->source == SENSOR_COMMAND && !sensor->command.count)
		complain(r->list, sensor->place, "the sensor `%s` has a command without a word",
			 sensor->name);
	if (item->headers && sensor->source != SENSOR_URI)
		complain(r->list, sensor->place, "`headers` go with `uri`; those of `http` stand within it");
	if (!sensor->stale_ms)
		sensor->stale_ms = 3 * sensor->period_ms;
}

static bool is_name(const char *name)
{
	return *name && strlen(name) <= LONGEST_NAME && printable(name) && !strpbrk(name, " \"'{}/");
}

static void keep(struct reading *r, struct draft *d, struct item *item)
{
	const char *name = item->sensor.name;
	const struct sensor *before = d->sensors.members;

	check(r, item);
	finish_call(r, item);
	if (!is_name(name) || starts_with(name, "service.")) {
		complain(r->list, item->sensor.place, "`%s` cannot be the name of a sensor", name);
		return;
	}
	for (size_t i = 0; i < d->sensors.count; i++)
		if (!strcmp(before[i].name, name)) {
			complain(r->list, item->sensor.place, "`%s` has two sensors `%s`", d->spec->id, name);
			return;
		}
	if (d->sensors.count == MOST_SENSORS) {
		complain(r->list, item->sensor.place, "more than %d sensors", MOST_SENSORS);
		return;
	}
	struct sensor *added = grow_new(r, &d->sensors, struct sensor);
	if (added)
		*added = item->sensor;
}

static struct item item_new(const char *name, struct place place)
{
	return (struct item){.sensor = {.name = name, .place = place, .period_ms = PERIOD_MS}};
}

void read_sensors(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, map->place, "`sensors` takes a map, not %s", kind_name(map)),
		       "write {load: {http: /load.json, json: $.load}}");
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct yaml_node *parts = fixed_node(r, d, entry->value);
		struct item item = item_new(entry->key, entry->key_place);
		if (parts && parts->kind != YAML_MAP)
			complain(r->list, parts->place, "a sensor is a map, not %s", kind_name(parts));
		if (!parts || parts->kind != YAML_MAP)
			continue;
		for (size_t j = 0; j < parts->count; j++) {
			const struct yaml_entry *part = &parts->entries[j];
			if (!read_source(r, d, part, &item) && !read_measure(r, d, part, &item) &&
			    !read_rest(r, d, part, &item))
				suggest(r,
					complain(r->list, part->key_place, "unknown key `%s` of a sensor",
						 part->key),
					part->key, part_keys, COUNT_OF(part_keys), NULL);
		}
		keep(r, d, &item);
	}
}

/* --- Brooklyn's ------------------------------------------------------------------------------------- */

static const struct {
	const char *type;
	enum sensor_source source;
} classes[] = {
    {"org.apache.brooklyn.core.sensor.http.HttpRequestSensor", SENSOR_URI},
    {"org.apache.brooklyn.core.sensor.ssh.SshCommandSensor", SENSOR_COMMAND},
    {"org.apache.brooklyn.core.sensor.StaticSensor", SENSOR_VALUE},
};

static const char *const noted[] = {"targetType", "description", "preemptiveBasicAuth", "suppressDuplicates"};

static void read_brooklyn_key(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			      struct item *item)
{
	if (!strcmp(entry->key, "name"))
		item->sensor.name = fixed_text(r, d, entry->value, "name");
	else if (!strcmp(entry->key, "static.value") && item->sensor.source == SENSOR_VALUE)
		read_value(r, d, entry->value, item);
	else if (!strcmp(entry->key, "uri") && item->sensor.source == SENSOR_URI)
		read_uri(r, d, entry->value, item);
	else if (!strcmp(entry->key, "username") && item->sensor.source == SENSOR_URI)
		item->user = fixed_text(r, d, entry->value, "username");
	else if (!strcmp(entry->key, "password") && item->sensor.source == SENSOR_URI)
		item->password = fixed_text(r, d, entry->value, "password");
	else if (!strcmp(entry->key, "headers") && item->sensor.source == SENSOR_URI)
		item->headers = headers_read(r, d, entry->value);
	else if (!strcmp(entry->key, "jsonPath") && item->sensor.source == SENSOR_URI)
		read_where(r, d, entry, MEASURE_JSON, item);
	else if (!strcmp(entry->key, "command") && item->sensor.source == SENSOR_COMMAND) {
		from(item, SENSOR_COMMAND);
		command_read(r, d, entry->value, entry->key, &item->sensor.command);
	} else if (!strcmp(entry->key, "period"))
		read_time(r, d, entry, LEAST_PERIOD_MS, &item->sensor.period_ms);
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

static bool is_config(const char *key)
{
	return !strcmp(key, "brooklyn.config") || !strcmp(key, "config");
}

static void read_keys(struct reading *r, struct draft *d, const struct yaml_node *map, struct item *item)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct yaml_node *config =
		    is_config(entry->key) ? fixed_node(r, d, entry->value) : NULL;
		if (config && config->kind == YAML_MAP)
			for (size_t j = 0; j < config->count; j++)
				read_brooklyn_key(r, d, &config->entries[j], item);
		else if (!is_config(entry->key) && strcmp(entry->key, "type") != 0)
			read_brooklyn_key(r, d, entry, item);
	}
}

static void read_initializer(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *type = node->kind == YAML_MAP ? written_type(node) : NULL;
	struct item item = item_new(NULL, node->place);

	if (!type) {
		complain(r->list, node->place, "an initializer is a map with a `type`");
		return;
	}
	int class = class_of(type);
	if (class < 0) {
		advise(r->list,
		       complain(r->list, node->place,
				"the type `%s` is not supported yet by this version of berth", type),
		       "HttpRequestSensor, SshCommandSensor and StaticSensor are");
		return;
	}
	item.sensor.source = classes[class].source;
	read_keys(r, d, node, &item);
	if (!item.sensor.name)
		complain(r->list, node->place, "the sensor has no `name`");
	else
		keep(r, d, &item);
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
