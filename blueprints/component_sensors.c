/* component_sensors.c - the sensors of a component: where each of its numbers comes from, how it is found
 * there and what is made of it. */
#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/measure.h"
#include "blueprints/sensor_item.h"

enum { MOST_SENSORS = 64, LONGEST_NAME = 120, LONGEST_PATTERN = 256, PERIOD_MS = 5000 };

/* --- where it comes from ------------------------------------------------------------------------ */

void sensor_item_from(struct sensor_item *item, enum sensor_source source)
{
	item->sensor.source = source;
	item->sources++;
}

void sensor_item_uri(struct reading *r, struct draft *d, const struct yaml_node *node,
		     struct sensor_item *item)
{
	const char *uri = fixed_text(r, d, node, "uri");

	sensor_item_from(item, SENSOR_URI);
	if (uri && !starts_with(uri, "http://") && !starts_with(uri, "https://"))
		complain(r->list, node->place, "`%s` does not begin with http:// or https://", uri);
	else if (uri && (!printable(uri) || strchr(uri, ' ')))
		complain(r->list, node->place, "an address holds no spaces");
	else
		item->sensor.uri = uri;
}

/* A path or a port alone will do. */
static void read_http(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct sensor_item *item)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);
	struct effector_call *call;

	sensor_item_from(item, SENSOR_HTTP);
	if (!fixed)
		return;
	if (fixed->kind == YAML_MAP) {
		item->sensor.call = http_request_read(r, d, node, "GET", &item->later);
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

void sensor_item_value(struct reading *r, struct draft *d, const struct yaml_node *node,
		       struct sensor_item *item)
{
	const char *text = fixed_text(r, d, node, "value");
	char *end = NULL;

	sensor_item_from(item, SENSOR_VALUE);
	if (!text)
		return;
	item->sensor.value = strtod(text, &end);
	if (end == text || *end || !isfinite(item->sensor.value))
		complain(r->list, node->place, "`%s` is no number", text);
}

static void read_usage(struct reading *r, struct draft *d, const struct yaml_node *node,
		       struct sensor_item *item)
{
	static const char *const words[] = {
	    [USAGE_CPU] = "cpu",
	    [USAGE_CPUS] = "cpus",
	    [USAGE_MEMORY] = "memory",
	    [USAGE_MEMORY_LIMIT] = "memory.limit",
	    [USAGE_MEMORY_FREE] = "memory.free",
	    [USAGE_MEMORY_PERCENT] = "memory.percent",
	    [USAGE_RECEIVED] = "network.in",
	    [USAGE_SENT] = "network.out",
	    [USAGE_PROCESSES] = "processes",
	};
	int word = fixed_word(r, d, node, "usage", words, COUNT_OF(words));

	sensor_item_from(item, SENSOR_USAGE);
	if (word >= 0)
		item->sensor.usage = (enum usage_kind)word;
}

/* `true` means the first port. */
static void read_tcp_port(struct reading *r, struct draft *d, const struct yaml_node *node,
			  struct effector_call *call)
{
	const char *text = fixed_text(r, d, node, "tcp");

	if (!text || !strcmp(text, "true") || port_parse(text, &call->port))
		return;
	if (isalpha((unsigned char)*text) && d->spec->kind == COMPONENT_PROCESS)
		call->port_name = text;
	else
		complain(r->list, node->place, "`tcp` takes a port from 1 to 65535, or true for the first");
}

/* {port: 6379, send: "INFO\r\n"}: what is answered has the number. */
static void read_talk(struct reading *r, struct draft *d, const struct yaml_node *map,
		      struct sensor_item *item, struct effector_call *call)
{
	struct value words = {.kind = VALUE_TEXT, .text = "", .component = NO_COMPONENT};

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		static const char *const keys[] = {"port", "send"};
		if (!strcmp(entry->key, "port"))
			read_tcp_port(r, d, entry->value, call);
		else if (strcmp(entry->key, "send") != 0)
			suggest(r, complain(r->list, entry->key_place, "`tcp` takes no key `%s`", entry->key),
				entry->key, keys, COUNT_OF(keys), "its keys are port and send");
		else if (!value_read(r, d, entry->value, &words))
			item->sensor.words = kept_as(r, struct value, &words);
	}
	if (!yaml_get(map, "send"))
		advise(r->list, complain(r->list, map->place, "this `tcp` says nothing to be answered"),
		       "give it `send`, a text (\"\" to hear what is said unasked), or write the port alone");
}

static void read_tcp(struct reading *r, struct draft *d, const struct yaml_node *node,
		     struct sensor_item *item)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);
	struct effector_call *call = reading_new(r, struct effector_call);

	sensor_item_from(item, SENSOR_TCP);
	if (!fixed || !call)
		return;
	item->sensor.call = call;
	if (fixed->kind == YAML_MAP)
		read_talk(r, d, fixed, item, call);
	else
		read_tcp_port(r, d, node, call);
}

static void read_log(struct reading *r, struct draft *d, const struct yaml_node *node,
		     struct sensor_item *item)
{
	const char *text = fixed_text(r, d, node, "log");
	regex_t compiled;

	sensor_item_from(item, SENSOR_LOG);
	if (!text)
		return;
	item->sensor.lines = text;
	if (!*text || strlen(text) > LONGEST_PATTERN)
		complain(r->list, node->place, "`log` takes an expression of up to %d letters",
			 LONGEST_PATTERN);
	else if (regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB))
		complain(r->list, node->place, "`%s` is no extended regular expression", text);
	else
		regfree(&compiled);
}

static void read_pushed(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct sensor_item *item)
{
	if (!fixed_flag(r, d, node, "pushed", true))
		complain(r->list, node->place, "`pushed` is true, or is left out");
	sensor_item_from(item, SENSOR_PUSHED);
}

/* NAME, or COMPONENT/NAME: no name has a slash. */
static void read_from(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct sensor_item *item)
{
	const char *text = fixed_text(r, d, node, "from");

	sensor_item_from(item, SENSOR_DERIVED);
	if (text)
		sensor_item_input(r, item, NULL, text);
}

static void read_expression(struct reading *r, struct draft *d, const struct yaml_node *node,
			    struct sensor_item *item)
{
	const char *text = fixed_text(r, d, node, "expression");

	sensor_item_from(item, SENSOR_DERIVED);
	if (text)
		sensor_item_formula(r, item, text, node->place);
}

void sensor_item_variables(struct reading *r, struct draft *d, const struct yaml_node *node,
			   struct sensor_item *item)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		complain(r->list, map->place, "`env` takes a map, not %s", kind_name(map));
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		struct value value;
		if (!*entry->key || strchr(entry->key, '=') || !printable(entry->key))
			complain(r->list, entry->key_place, "`%s` is no name of a variable", entry->key);
		else if (!value_read(r, d, entry->value, &value)) {
			warn_plain_secret(r, entry->key, entry->value, false);
			struct environment_entry *added =
			    grow_new(r, &item->variables, struct environment_entry);
			if (added)
				*added = (struct environment_entry){entry->key, value, entry->key_place};
		}
	}
}

/* --- how it is found there ------------------------------------------------------------------------ */

void sensor_item_where(struct reading *r, struct draft *d, const struct yaml_entry *entry,
		       enum measure_kind kind, struct sensor_item *item)
{
	const char *where = fixed_text(r, d, entry->value, entry->key);
	struct error err;

	item->measures++;
	item->sensor.measure = kind;
	if (where && measure_check(kind, where, &err))
		complain_error(r->list, entry->value->place, &err);
	item->sensor.where = where;
}

/* --- what is made of it ---------------------------------------------------------------------------- */

static void read_aggregate(struct reading *r, struct draft *d, const struct yaml_node *node,
			   struct sensor_item *item)
{
	static const char *const words[] = {[AGGREGATE_MEAN] = "mean",
					    [AGGREGATE_SUM] = "sum",
					    [AGGREGATE_MAX] = "max",
					    [AGGREGATE_MIN] = "min",
					    [AGGREGATE_COUNT] = "count"};
	const char *text = fixed_text(r, d, node, "aggregate");
	int64_t percentile;

	item->aggregate_given = true;
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
		COUNT_OF(words), "mean, sum, max, min, count, or a percentile such as p95");
}

void sensor_item_time(struct reading *r, struct draft *d, const struct yaml_entry *entry, int64_t least,
		      int64_t *ret)
{
	int64_t ms = fixed_duration(r, d, entry->value, entry->key, least);

	if (ms >= 0)
		*ret = ms;
}

/* --- a sensor -------------------------------------------------------------------------------------- */

/* False: it is no key of a sensor. */
static bool read_source(struct reading *r, struct draft *d, const struct yaml_entry *part,
			struct sensor_item *item)
{
	static const struct {
		const char *key;
		void (*read)(struct reading *, struct draft *, const struct yaml_node *,
			     struct sensor_item *);
	} sources[] = {{"uri", sensor_item_uri}, {"http", read_http}, {"value", sensor_item_value},
		       {"usage", read_usage},    {"tcp", read_tcp},   {"log", read_log},
		       {"pushed", read_pushed},  {"from", read_from}, {"expression", read_expression}};

	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (!strcmp(part->key, sources[i].key)) {
			sources[i].read(r, d, part->value, item);
			return true;
		}
	if (!strcmp(part->key, "text")) {
		item->text = part->value;
		return true;
	}
	if (strcmp(part->key, "command") != 0)
		return false;
	sensor_item_from(item, SENSOR_COMMAND);
	command_read(r, d, part->value, part->key, &item->sensor.command);
	return true;
}

static bool read_measure(struct reading *r, struct draft *d, const struct yaml_entry *part,
			 struct sensor_item *item)
{
	if (!strcmp(part->key, "json") || !strcmp(part->key, "jsonPath"))
		sensor_item_where(r, d, part, MEASURE_JSON, item);
	else if (!strcmp(part->key, "metric"))
		sensor_item_where(r, d, part, MEASURE_METRIC, item);
	else if (!strcmp(part->key, "pattern"))
		sensor_item_where(r, d, part, MEASURE_PATTERN, item);
	else
		return false;
	return true;
}

static bool read_rest(struct reading *r, struct draft *d, const struct yaml_entry *part,
		      struct sensor_item *item)
{
	if (!strcmp(part->key, "period"))
		sensor_item_time(r, d, part, LEAST_PERIOD_MS, &item->sensor.period_ms);
	else if (!strcmp(part->key, "staleAfter"))
		sensor_item_time(r, d, part, 1, &item->sensor.stale_ms);
	else if (!strcmp(part->key, "window"))
		sensor_item_time(r, d, part, 1, &item->sensor.window_ms);
	else if (!strcmp(part->key, "rate"))
		item->sensor.rate = fixed_flag(r, d, part->value, part->key, false);
	else if (!strcmp(part->key, "aggregate"))
		read_aggregate(r, d, part->value, item);
	else if (!strcmp(part->key, "each"))
		item->enricher.each = fixed_flag(r, d, part->value, part->key, false);
	else if (!strcmp(part->key, "env"))
		sensor_item_variables(r, d, part->value, item);
	else if (!strcmp(part->key, "headers"))
		item->headers = headers_read(r, d, part->value, &item->later);
	else
		return false;
	return true;
}

static const char *const part_keys[] = {"uri",     "http",   "command",   "value",      "usage", "tcp",
					"log",     "pushed", "from",      "expression", "json",  "metric",
					"pattern", "period", "aggregate", "window",     "rate",  "staleAfter",
					"headers", "each",   "env",       "text"};

static const char *authorization(struct reading *r, const struct sensor_item *item)
{
	owned_text plain = {0};
	owned_text coded = {0};

	text_format(&plain, "%s:%s", item->user, item->password.text ? item->password.text : "");
	base64_add(&coded, text_view(&plain), plain.length);
	r->list->failed |= plain.failed || coded.failed;
	return arena_format(r->arena, "Authorization: Basic %s", text_view(&coded));
}

/* The headers of a request to an address, with who asks. */
static void finish_call(struct reading *r, struct sensor_item *item)
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
	if (item->user && item->password.kind == VALUE_TEXT)
		headers[count] = authorization(r, item);
	else if (item->user) {
		item->sensor.user = item->user;
		item->sensor.password = kept_as(r, struct value, &item->password);
	}
	*call = (struct effector_call){.method = "GET", .headers = headers};
	item->sensor.call = call;
}

/* A text is found in nothing, and nothing is made of it. */
static bool is_alone(struct reading *r, const struct sensor_item *item)
{
	if (!item->sources && !item->measures && !item->aggregate_given && !item->headers)
		return true;
	complain(r->list, item->sensor.place, "the sensor `%s` is a text: nothing goes with that",
		 item->sensor.name);
	return false;
}

static void check(struct reading *r, struct sensor_item *item)
{
	struct sensor *sensor = &item->sensor;
	bool text = sensor->source == SENSOR_URI || sensor->source == SENSOR_HTTP ||
		    sensor->source == SENSOR_COMMAND || sensor->source == SENSOR_LOG || sensor->words;
	bool derived = sensor->source == SENSOR_DERIVED;

	if (item->sources != 1)
		advise(r->list,
		       complain(r->list, sensor->place, "the sensor `%s` comes from %s", sensor->name,
				item->sources ? "more than one place" : "nowhere"),
		       "give it one of uri, http, command, usage, tcp, log, pushed, value, text, from and "
		       "expression");
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
	if (item->variables.count && sensor->source != SENSOR_COMMAND)
		complain(r->list, sensor->place, "`env` goes with `command`");
	if (item->enricher.each && !derived)
		complain(r->list, sensor->place, "`each` goes with `from` and `expression`");
	if (!sensor->stale_ms && !derived)
		sensor->stale_ms = 3 * sensor->period_ms;
}

/* Of one sensor's numbers alone several instances' can be made one. */
static void finish_enricher(struct reading *r, struct sensor_item *item)
{
	struct enricher *made = &item->enricher;

	if (item->sensor.source != SENSOR_DERIVED)
		return;
	made->together |= item->aggregate_given && !made->each && !made->formula;
	if (item->aggregate_given && made->formula && !made->each)
		complain(r->list, item->sensor.place,
			 "`aggregate` goes with `from`, or with an expression that is of `each`");
	item->sensor.enricher = kept_as(r, struct enricher, made);
}

static bool is_name(const char *name)
{
	return *name && strlen(name) <= LONGEST_NAME && printable(name) && !strpbrk(name, " \"'{}/");
}

void sensor_item_keep(struct reading *r, struct draft *d, struct sensor_item *item)
{
	const char *name = item->sensor.name;
	const struct sensor *before = d->sensors.members;

	if (item->text && is_name(name) && !starts_with(name, "service.")) {
		if (is_alone(r, item))
			text_sensor_keep(r, d, name, item->text);
		return;
	}
	check(r, item);
	finish_call(r, item);
	item->sensor.headers = kept(r, &item->later, sizeof(*item->sensor.headers));
	item->sensor.header_count = item->later.count;
	item->sensor.environment = kept(r, &item->variables, sizeof(*item->sensor.environment));
	item->sensor.environment_count = item->variables.count;
	finish_enricher(r, item);
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

struct sensor_item sensor_item_new(const char *name, struct place place)
{
	return (struct sensor_item){.sensor = {.name = name, .place = place, .period_ms = PERIOD_MS},
				    .enricher = {.otherwise = NAN}};
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
		struct sensor_item item = sensor_item_new(entry->key, entry->key_place);
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
		sensor_item_keep(r, d, &item);
	}
}
