/* enrichers.c - sensors that are made of others, as a list of enrichers says it: in Brooklyn's words, or by
 * our short ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/formula.h"
#include "base/text.h"
#include "blueprints/sensor_item.h"

#define STOCK  "org.apache.brooklyn.enricher.stock."
#define POLICY "org.apache.brooklyn.policy.enricher."

enum kind { AGGREGATOR, TRANSFORMER, PROPAGATOR, DELTA, TIMED_DELTA, LAST_MEAN, WINDOW_MEAN, PERCENTAGE };

static const struct {
	const char *type;
	enum kind kind;
} types[] = {
    {"aggregator", AGGREGATOR},
    {"transformer", TRANSFORMER},
    {"propagator", PROPAGATOR},
    {"delta", DELTA},
    {"rate", TIMED_DELTA},
    {"rolling-mean", LAST_MEAN},
    {"window-mean", WINDOW_MEAN},
    {"percentage", PERCENTAGE},
    {STOCK "Aggregator", AGGREGATOR},
    {STOCK "Transformer", TRANSFORMER},
    {STOCK "Propagator", PROPAGATOR},
    {STOCK "YamlTimeWeightedDeltaEnricher", TIMED_DELTA},
    {STOCK "YamlRollingMeanEnricher", LAST_MEAN},
    {STOCK "YamlRollingTimeWindowMeanEnricher", WINDOW_MEAN},
    {STOCK "PercentageEnricher", PERCENTAGE},
    {POLICY "DeltaEnricher", DELTA},
    {POLICY "TimeWeightedDeltaEnricher", TIMED_DELTA},
    {POLICY "RollingMeanEnricher", LAST_MEAN},
    {POLICY "RollingTimeWindowMeanEnricher", WINDOW_MEAN},
};

enum { LAST_NUMBERS = 10, MOST_NUMBERS = 1024, UNIT_MS = 1000, WINDOW_MS = 60 * 1000 };
#define CONFIDENCE 0.8

/* An enricher while it is read. */
struct form {
	enum kind kind;
	struct sensor_item item;
	const char *producer; /* whose sensors it goes by; NULL: its own */
	const char *source, *current, *total;
	const struct yaml_node *mapping, *names; /* of a propagator */
	bool how;                                /* an aggregator or a transformer was told how */
	bool faulty; /* a key was not understood: do not complain of missing ones */
};

/* --- values ---------------------------------------------------------------------------------------- */

/* The name in `$brooklyn:sensor("NAME")` and its like, or the text that stands there. */
static const char *named(struct reading *r, struct draft *d, const struct yaml_node *node,
			 const char *const *functions, const char *key)
{
	const struct expression *e = is_expression(node) ? expression_read(r, node) : NULL;

	if (!e || e->kind != EXPRESSION_CALL || e->on)
		return fixed_text(r, d, node, key);
	for (; *functions; functions++)
		if (!strcmp(e->text, *functions) && e->count && e->count <= 2 &&
		    e->arguments[e->count - 1]->kind == EXPRESSION_TEXT)
			return e->arguments[e->count - 1]->text;
	return fixed_text(r, d, node, key);
}

static const char *sensor_name(struct reading *r, struct draft *d, const struct yaml_node *node,
			       const char *key)
{
	static const char *const functions[] = {"sensor", NULL};

	return named(r, d, node, functions, key);
}

static const char *entity_name(struct reading *r, struct draft *d, const struct yaml_node *node,
			       const char *key)
{
	static const char *const functions[] = {"entity", "component", NULL};

	return named(r, d, node, functions, key);
}

static void read_number(struct reading *r, struct draft *d, const struct yaml_entry *entry, double *ret)
{
	const char *text = fixed_text(r, d, entry->value, entry->key);
	char *end = NULL;
	double number = text ? strtod(text, &end) : 0;

	if (text && (end == text || *end || !isfinite(number)))
		complain(r->list, entry->value->place, "`%s` is no number", text);
	else if (text)
		*ret = number;
}

/* --- what a transformer makes of it ---------------------------------------------------------------- */

/* attributeWhenReady("NAME"), perhaps of entity("ID"), as a name of a formula. False: it is none. */
static bool add_attribute(const struct expression *e, struct text *to)
{
	if (e->kind != EXPRESSION_CALL || strcmp(e->text, "attributeWhenReady") != 0 || e->count != 1 ||
	    e->arguments[0]->kind != EXPRESSION_TEXT)
		return false;
	if (!e->on) {
		text_format(to, "{%s}", e->arguments[0]->text);
		return true;
	}
	bool entity = e->on->kind == EXPRESSION_CALL && !e->on->on && e->on->count == 1 &&
		      (!strcmp(e->on->text, "entity") || !strcmp(e->on->text, "component")) &&
		      e->on->arguments[0]->kind == EXPRESSION_TEXT;
	if (entity)
		text_format(to, "{%s/%s}", e->on->arguments[0]->text, e->arguments[0]->text);
	return entity;
}

/* formatString("%s / 100", ...): the text, with the names of sensors in it. */
static bool add_format(const struct expression *e, struct text *to)
{
	size_t used = 1;

	if (e->kind != EXPRESSION_CALL || e->on || strcmp(e->text, "formatString") != 0 || !e->count ||
	    e->arguments[0]->kind != EXPRESSION_TEXT)
		return false;
	for (const char *at = e->arguments[0]->text; *at; at++) {
		bool directive = at[0] == '%' && (at[1] == 's' || at[1] == 'd' || at[1] == 'f');
		if (!directive) {
			text_add_bytes(to, at, 1);
			continue;
		}
		at++;
		if (used == e->count)
			return false;
		const struct expression *argument = e->arguments[used++];
		if (argument->kind == EXPRESSION_TEXT)
			text_add(to, argument->text);
		else if (!add_attribute(argument, to))
			return false;
	}
	return used == e->count;
}

/* Whether it is made of what no number is. */
static bool names_texts(struct reading *r, struct draft *d, const struct formula *formula)
{
	for (size_t i = 0; i < formula->name_count; i++) {
		const char *name = formula->names[i], *slash = strchr(name, '/');
		if (sensor_is_built_in(slash ? slash + 1 : name) || (!slash && text_sensor_is(r, d, name)))
			return true;
	}
	return false;
}

bool sensor_is_text(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	owned_text text = {0};
	const struct expression *e = is_expression(node) ? expression_read(r, node) : NULL;
	struct formula formula;
	struct error err;

	if (is_expression(node) && !e)
		return false;
	if (e && !add_attribute(e, &text) && !add_format(e, &text))
		return true;
	if (!e && (node->kind != YAML_SCALAR || yaml_null(node)))
		return false;
	return formula_read(&r->passing, e ? text_view(&text) : node->text, &formula, &err) ||
	       names_texts(r, d, &formula);
}

static void read_target_value(struct reading *r, struct draft *d, const struct yaml_node *node,
			      struct form *form)
{
	owned_text text = {0};
	const struct expression *e = is_expression(node) ? expression_read(r, node) : NULL;

	if (is_expression(node) && !e)
		return;
	form->how = true;
	if (sensor_is_text(r, d, node)) {
		form->item.text = node;
		return;
	}
	if (!e) {
		const char *plain = fixed_text(r, d, node, "targetValue");
		if (!plain)
			return;
		text_add(&text, plain);
	} else if (!add_attribute(e, &text))
		add_format(e, &text);
	r->list->failed |= text.failed;
	sensor_item_formula(r, &form->item, text_view(&text), node->place);
}

/* --- keys -------------------------------------------------------------------------------------------- */

static void read_source(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	form->source = sensor_name(r, d, entry->value, entry->key);
}

static void read_current(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			 struct form *form)
{
	form->current = sensor_name(r, d, entry->value, entry->key);
}

static void read_total(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	form->total = sensor_name(r, d, entry->value, entry->key);
}

static void read_target(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	form->item.sensor.name = sensor_name(r, d, entry->value, entry->key);
}

static void read_producer(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			  struct form *form)
{
	form->producer = entity_name(r, d, entry->value, entry->key);
}

static void read_transformation(struct reading *r, struct draft *d, const struct yaml_entry *entry,
				struct form *form)
{
	static const char *const words[] = {[AGGREGATE_MEAN] = "average",
					    [AGGREGATE_SUM] = "sum",
					    [AGGREGATE_MAX] = "max",
					    [AGGREGATE_MIN] = "min",
					    [AGGREGATE_COUNT] = "count"};
	const char *text = fixed_text(r, d, entry->value, entry->key);
	int64_t percentile;

	form->how = true;
	for (size_t i = 0; text && i < COUNT_OF(words); i++)
		if (!strcasecmp(text, words[i])) {
			form->item.sensor.aggregate = (enum aggregate)i;
			return;
		}
	if (text && !strcmp(text, "mean"))
		return;
	if (text && *text == 'p' && parse_number(text + 1, 1, 100, &percentile)) {
		form->item.sensor.aggregate = AGGREGATE_PERCENTILE;
		form->item.sensor.percentile = (unsigned)percentile;
	} else if (text)
		suggest(r, complain(r->list, entry->value->place, "`%s` makes no number of several", text),
			text, words, COUNT_OF(words),
			"average, sum, min, max, count, or a percentile such as p95");
}

static void read_otherwise(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			   struct form *form)
{
	read_number(r, d, entry, &form->item.enricher.otherwise);
}

static void read_value(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	read_target_value(r, d, entry->value, form);
}

static void read_list(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	form->names = fixed_node(r, d, entry->value);
	if (form->names && form->names->kind != YAML_LIST)
		complain(r->list, form->names->place, "`%s` takes a list of sensors", entry->key);
}

static void read_mapping(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			 struct form *form)
{
	form->mapping = fixed_node(r, d, entry->value);
	if (form->mapping && form->mapping->kind != YAML_MAP)
		complain(r->list, form->mapping->place, "`%s` takes a map of sensors", entry->key);
}

/* A bare number is of milliseconds under Brooklyn's key for it. */
static void read_unit(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	const char *text = fixed_text(r, d, entry->value, entry->key);

	if (text && parse_number(text, 1, INT32_MAX, &form->item.enricher.length_ms))
		return;
	if (text)
		complain(r->list, entry->value->place, "`%s` is no number of milliseconds", text);
}

static void read_length(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	sensor_item_time(r, d, entry, 1, &form->item.enricher.length_ms);
}

static void read_confidence(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			    struct form *form)
{
	read_number(r, d, entry, &form->item.enricher.confidence);
}

static void read_most(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	const char *text = fixed_text(r, d, entry->value, entry->key);

	if (text && !parse_number(text, 1, MOST_NUMBERS, &form->item.enricher.most))
		complain(r->list, entry->value->place, "`%s` is a number from 1 to %d", entry->key,
			 MOST_NUMBERS);
}

#define OF(kind) (1u << (kind))
#define ANY      (~0u)
#define ONE      (OF(DELTA) | OF(TIMED_DELTA) | OF(LAST_MEAN) | OF(WINDOW_MEAN))

/* What Brooklyn writes as `enricher.KEY` goes without the beginning, too. NULL: it changes nothing here. */
static const struct {
	const char *key;
	unsigned kinds;
	void (*read)(struct reading *, struct draft *, const struct yaml_entry *, struct form *);
} keys[] = {
    {"targetSensor", ANY, read_target},
    {"target", ANY, read_target},
    {"producer", ANY, read_producer},
    {"sourceSensor", ONE | OF(AGGREGATOR) | OF(TRANSFORMER), read_source},
    {"source", ONE | OF(AGGREGATOR) | OF(TRANSFORMER), read_source},
    {"transformation", OF(AGGREGATOR), read_transformation},
    {"transformation.untyped", OF(AGGREGATOR), read_transformation},
    {"defaultMemberValue", OF(AGGREGATOR), read_otherwise},
    {"aggregating.fromMembers", OF(AGGREGATOR), NULL},
    {"aggregating.fromChildren", OF(AGGREGATOR), NULL},
    {"aggregator.excludeBlank", OF(AGGREGATOR), NULL},
    {"targetValue", OF(TRANSFORMER), read_value},
    {"expression", OF(TRANSFORMER), read_value},
    {"targetType", ANY, NULL},
    {"triggerSensors", OF(TRANSFORMER), NULL},
    {"propagating", OF(PROPAGATOR), read_list},
    {"propagating.inclusions", OF(PROPAGATOR), read_list},
    {"sensorMapping", OF(PROPAGATOR), read_mapping},
    {"propagating.sensorMapping", OF(PROPAGATOR), read_mapping},
    {"delta.period", OF(TIMED_DELTA), read_length},
    {"unitMillis", OF(TIMED_DELTA), read_unit},
    {"window.duration", OF(WINDOW_MEAN), read_length},
    {"timePeriod", OF(WINDOW_MEAN), read_length},
    {"window.confidenceRequired", OF(WINDOW_MEAN), read_confidence},
    {"confidenceRequired", OF(WINDOW_MEAN), read_confidence},
    {"window.size", OF(LAST_MEAN), read_most},
    {"windowSize", OF(LAST_MEAN), read_most},
    {"sourceCurrentSensor", OF(PERCENTAGE), read_current},
    {"sourceTotalSensor", OF(PERCENTAGE), read_total},
    {"suppressDuplicates", ANY, NULL},
    {"uniqueTag", ANY, NULL},
    {"name", ANY, NULL},
    {"displayName", ANY, NULL},
    {"id", ANY, NULL},
    {"description", ANY, NULL},
    {"iconUrl", ANY, NULL},
};

static const char *const type_keys[] = {"type", "enricherType", "enricher_type", NULL};

static void complain_key(struct reading *r, const struct yaml_entry *entry, const char *key, enum kind kind)
{
	const char *names[COUNT_OF(keys)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (keys[i].kinds & OF(kind) && keys[i].read)
			names[count++] = keys[i].key;
	suggest(r, complain(r->list, entry->key_place, "the enricher takes no key `%s` here", entry->key),
		key, names, count, NULL);
}

static void take_key(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct form *form)
{
	const char *key =
	    starts_with(entry->key, "enricher.") ? entry->key + strlen("enricher.") : entry->key;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i].key, key) && keys[i].kinds & OF(form->kind)) {
			if (keys[i].read && !yaml_null(entry->value))
				keys[i].read(r, d, entry, form);
			return;
		}
	form->faulty = true;
	complain_key(r, entry, key, form->kind);
}

static void take_keys(struct reading *r, struct draft *d, const struct yaml_node *map, struct form *form)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct yaml_node *config =
		    is_config_key(entry->key) ? fixed_node(r, d, entry->value) : NULL;
		if (config && config->kind == YAML_MAP)
			for (size_t j = 0; j < config->count; j++)
				take_key(r, d, &config->entries[j], form);
		else if (!is_config_key(entry->key) && !is_word_of(entry->key, type_keys))
			take_key(r, d, entry, form);
	}
}

/* --- what it comes to -------------------------------------------------------------------------------- */

static void add_copy(struct reading *r, struct draft *d, const struct form *form, const char *source,
		     const char *target)
{
	struct form copy = *form;

	if (!source || !target)
		return;
	copy.item.sensor.name = target;
	sensor_item_input(r, &copy.item, form->producer, source);
	sensor_item_keep(r, d, &copy.item);
}

static void finish_propagator(struct reading *r, struct draft *d, const struct form *form)
{
	const struct yaml_node *names = form->names, *mapping = form->mapping;

	if (!names && !mapping)
		advise(r->list, complain(r->list, form->item.sensor.place, "the propagator says no sensors"),
		       "give it `propagating`, a list, or `sensorMapping`, a map");
	for (size_t i = 0; names && names->kind == YAML_LIST && i < names->count; i++) {
		const char *name = sensor_name(r, d, names->items[i], "propagating");
		add_copy(r, d, form, name, name);
	}
	for (size_t i = 0; mapping && mapping->kind == YAML_MAP && i < mapping->count; i++) {
		const struct yaml_entry *entry = &mapping->entries[i];
		const struct yaml_node *key = scalar_like(r, entry->value, entry->key, true);
		add_copy(r, d, form, key ? sensor_name(r, d, key, "sensorMapping") : NULL,
			 sensor_name(r, d, entry->value, "sensorMapping"));
	}
}

static bool needs(struct reading *r, const struct form *form, const void *given, const char *key)
{
	if (!given && !r->open)
		complain(r->list, form->item.sensor.place, "the enricher has no `%s`", key);
	return given;
}

static void finish(struct reading *r, struct draft *d, struct form *form)
{
	struct sensor_item *item = &form->item;

	if (form->kind == PROPAGATOR) {
		finish_propagator(r, d, form);
		return;
	}
	if (!needs(r, form, item->sensor.name, "targetSensor"))
		return;
	if (form->kind == PERCENTAGE) {
		if (!needs(r, form, form->current, "sourceCurrentSensor") ||
		    !needs(r, form, form->total, "sourceTotalSensor"))
			return;
		sensor_item_input(r, item, form->producer, form->current);
		sensor_item_input(r, item, form->producer, form->total);
	} else if (form->kind == TRANSFORMER) {
		if (!needs(r, form, form->how ? form : NULL, "targetValue"))
			return;
		if (item->text)
			item->sources = 0;
	} else {
		if (!needs(r, form, form->source, "sourceSensor") ||
		    (form->kind == AGGREGATOR && !needs(r, form, form->how ? form : NULL, "transformation")))
			return;
		sensor_item_input(r, item, form->producer, form->source);
	}
	sensor_item_keep(r, d, item);
}

/* What the members of a cluster are told to do each does by itself; so does a component of several. */
static bool is_the_clusters(const struct draft *d, const struct yaml_node *node)
{
	for (size_t i = 0; d->cluster && i < d->cluster->count; i++) {
		const struct yaml_node *list = d->cluster->entries[i].value;
		for (size_t j = 0; list->kind == YAML_LIST && j < list->count; j++)
			if (list->items[j] == node)
				return true;
	}
	return false;
}

static int kind_of(const char *type)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcmp(type, types[i].type))
			return (int)types[i].kind;
	return -1;
}

static const char *type_of(const struct yaml_node *node)
{
	for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
		if (is_word_of(node->entries[i].key, type_keys) &&
		    node->entries[i].value->kind == YAML_SCALAR)
			return node->entries[i].value->text;
	return NULL;
}

bool enricher_read(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const enum enrichment how[] = {
	    [AGGREGATOR] = ENRICH_COPY,         [TRANSFORMER] = ENRICH_COPY,
	    [PROPAGATOR] = ENRICH_COPY,         [DELTA] = ENRICH_DELTA,
	    [TIMED_DELTA] = ENRICH_TIMED_DELTA, [LAST_MEAN] = ENRICH_LAST_MEAN,
	    [WINDOW_MEAN] = ENRICH_WINDOW_MEAN, [PERCENTAGE] = ENRICH_RATIO,
	};
	const char *type = type_of(node);
	int kind = type ? kind_of(type) : -1;

	if (kind < 0)
		return false;
	struct form form = {.kind = (enum kind)kind, .item = sensor_item_new(NULL, node->place)};
	struct enricher *enricher = &form.item.enricher;
	enricher->how = how[kind];
	enricher->length_ms = kind == WINDOW_MEAN ? WINDOW_MS : UNIT_MS;
	enricher->confidence = CONFIDENCE;
	enricher->most = LAST_NUMBERS;
	sensor_item_from(&form.item, SENSOR_DERIVED);
	take_keys(r, d, node, &form);
	enricher->together = kind == AGGREGATOR;
	enricher->each = kind != AGGREGATOR && !form.producer && !is_the_clusters(d, node);
	if (!form.faulty)
		finish(r, d, &form);
	return true;
}
