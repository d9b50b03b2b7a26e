/* component_policies.c - the policies of a component, and the failure detectors that Brooklyn writes as
 * enrichers: their types and keys. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/component.h"
#include "blueprints/scaling_rules.h"
#include "blueprints/sensor_item.h"

enum { MOST_POLICIES = 64 };

static const char *const type_keys[] = {"type",         "policyType",    "policy_type",
					"enricherType", "enricher_type", NULL};
static const char *const noted_keys[] = {"name", "displayName", "description", "iconUrl", NULL};

/* --- values ------------------------------------------------------------------------------------ */

static json_t *scalar_json(const struct yaml_node *node)
{
	int64_t number;

	if (yaml_null(node))
		return json_null();
	if (node->plain && (!strcmp(node->text, "true") || !strcmp(node->text, "false")))
		return json_boolean(node->text[0] == 't');
	if (node->plain && parse_number(node->text, INT64_MIN, INT64_MAX, &number))
		return json_integer(number);
	return json_any_text(node->text);
}

/* Without memory the blueprint as a whole is not to be used. */
static json_t *made(struct reading *r, json_t *json)
{
	r->list->failed |= !json;
	return json;
}

/* What stands there, with its expressions looked up. NULL with a complaint, or without memory. */
static json_t *plain_json(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed)
		return NULL;
	if (fixed->kind == YAML_SCALAR)
		return made(r, scalar_json(fixed));
	owned_json json = made(r, fixed->kind == YAML_LIST ? json_array() : json_object());
	for (size_t i = 0; json && i < fixed->count; i++) {
		const struct yaml_node *inner =
		    fixed->kind == YAML_LIST ? fixed->items[i] : fixed->entries[i].value;
		json_t *value = plain_json(r, d, inner);
		if (!value)
			return NULL;
		r->list->failed |= fixed->kind == YAML_LIST
				       ? json_add(json, value) != 0
				       : json_put(json, fixed->entries[i].key, value) != 0;
	}
	return give(json);
}

/* `$brooklyn:sensor("NAME")`, `sensor("CLASS", "NAME")`, `entity("ID")`, `component("ID")`: the name. */
static json_t *named_json(struct reading *r, struct draft *d, const struct yaml_node *node,
			  const char *const *functions, const char *takes)
{
	if (!is_expression(node))
		return plain_json(r, d, node);
	const struct expression *e = expression_read(r, node);
	if (!e)
		return NULL;
	if (e->kind != EXPRESSION_CALL || e->on || !is_word_of(e->text, functions))
		return plain_json(r, d, node);
	if (e->count < 1 || e->count > 2 || e->arguments[e->count - 1]->kind != EXPRESSION_TEXT) {
		complain(r->list, e->place, "%s() takes %s", e->text, takes);
		return NULL;
	}
	return made(r, json_any_text(e->arguments[e->count - 1]->text));
}

static json_t *value_json(struct reading *r, struct draft *d, const struct policy_key *key,
			  const struct yaml_node *node)
{
	static const char *const sensors[] = {"sensor", NULL};
	static const char *const entities[] = {"entity", "component", NULL};

	if (key->kind == POLICY_SENSOR)
		return named_json(r, d, node, sensors, "the name of a sensor");
	if (key->kind == POLICY_ENTITY)
		return named_json(r, d, node, entities, "the id of a component");
	return plain_json(r, d, node);
}

/* --- keys -------------------------------------------------------------------------------------- */

struct item {
	const struct policy_type *type;
	const char *id;
	struct place place, type_place, effector_place;
	json_t *config;
	unsigned given; /* a bit for each key */
	const struct yaml_entry *entries[POLICY_KEYS];
};

static void complain_key(struct reading *r, const struct item *item, const struct yaml_entry *entry)
{
	const char *near = policy_key_closest(item->type, entry->key);
	struct diagnostic *entry_of =
	    complain(r->list, entry->key_place, "%s has no key `%s`", item->type->name, entry->key);

	if (near)
		advise(r->list, entry_of, "did you mean `%s`?", near);
}

static void take_policy_key(struct reading *r, struct draft *d, struct item *item,
			    const struct yaml_entry *entry)
{
	int index = policy_key_find(item->type, entry->key);
	struct policy_value value;
	struct error err;

	if (index < 0) {
		complain_key(r, item, entry);
		return;
	}
	const struct policy_key *key = &item->type->keys[index];
	if (item->given & 1u << index) {
		complain(r->list, entry->key_place, "`%s` is given twice", key->name);
		return;
	}
	item->given |= 1u << index;
	item->entries[index] = entry;
	if (yaml_null(entry->value))
		return; /* as if it were not there */
	owned_json json = value_json(r, d, key, entry->value);
	if (!json)
		return;
	if (policy_value_read(item->type, key, json, &value, &err))
		complain_error(r->list, entry->value->place, &err);
	else if (json_put_shared(item->config, key->name, json))
		r->list->failed = true;
	if (!strcmp(key->name, "effector"))
		item->effector_place = entry->value->place;
}

static void take_config(struct reading *r, struct draft *d, struct item *item, const struct yaml_entry *entry)
{
	const struct yaml_node *config = fixed_node(r, d, entry->value);

	if (!config || yaml_null(config))
		return;
	if (config->kind != YAML_MAP) {
		complain(r->list, config->place, "`%s` takes a map, not %s", entry->key, kind_name(config));
		return;
	}
	for (size_t i = 0; i < config->count; i++)
		take_policy_key(r, d, item, &config->entries[i]);
}

static void check_required(struct reading *r, const struct item *item)
{
	const struct policy_type *type = item->type;
	int schedule = policy_key_find(type, "schedule"), period = policy_key_find(type, "period");

	for (size_t i = 0; i < type->key_count; i++)
		if (type->keys[i].required && !(item->given & 1u << i) && !r->open)
			complain(r->list, item->place, "%s needs `%s`: %s", type->name, type->keys[i].name,
				 type->keys[i].meaning);
	if (schedule >= 0 && item->given & 1u << schedule && item->given & 1u << period)
		complain(r->list, item->place, "`schedule` and `period` exclude each other");
}

/* The entry of a key that has a number; NULL: it has none. */
static const struct yaml_entry *number_of(const struct item *item, const char *name, double *ret)
{
	int index = policy_key_find(item->type, name);
	const struct policy_key *key = &item->type->keys[index];
	const json_t *json = json_object_get(item->config, key->name);
	struct policy_value value;

	if (!json || policy_value_read(item->type, key, json, &value, NULL))
		return NULL;
	*ret = key->kind == POLICY_NUMBER ? value.real : (double)value.number;
	return item->entries[index];
}

static bool bounds_cross(struct reading *r, const struct item *item, const char *low, const char *high)
{
	double least = 0, most = 0;
	const struct yaml_entry *from = number_of(item, low, &least), *to = number_of(item, high, &most);

	if (!from || !to || least <= most)
		return false;
	advise(r->list,
	       complain(r->list, from->value->place, "`%s` %g is above `%s` %g", from->key, least, to->key,
			most),
	       "nothing lies between them: exchange them, or correct one");
	return true;
}

/* Brooklyn asks for both with each number that is told, and otherwise moves no size, without a word. */
static void check_both(struct reading *r, const struct item *item)
{
	double ignored;
	int metric = policy_key_find(item->type, "metric");
	bool lower = number_of(item, "metricLowerBound", &ignored);
	bool upper = number_of(item, "metricUpperBound", &ignored);

	if (!item->entries[metric] || yaml_null(item->entries[metric]->value) || (lower && upper) || r->open)
		return;
	advise(r->list,
	       complain(r->list, item->entries[metric]->value->place,
			"a metric needs `metricLowerBound` and `metricUpperBound`: without both no size is "
			"ever moved"),
	       "give it %s", lower || upper ? (lower ? "`metricUpperBound`" : "`metricLowerBound`") : "both");
}

/* What its keys say together. */
static void check_autoscaler(struct reading *r, const struct draft *d, const struct item *item)
{
	struct scaling_rules rules;
	struct error err;

	if (item->type->kind != POLICY_AUTOSCALER)
		return;
	bool cross = bounds_cross(r, item, "metricLowerBound", "metricUpperBound");
	cross |= bounds_cross(r, item, "minPoolSize", "maxPoolSize");
	if (item->type->classic)
		check_both(r, item);
	else if (!cross && scaling_rules_read(item->type, item->config, &rules, &err))
		complain_error(r->list, item->place, &err);
	if (d->spec->job)
		complain(r->list, item->type_place, "`%s` is a job: it has no size that could be changed",
			 d->spec->id);
}

/* --- types ------------------------------------------------------------------------------------- */

static void complain_type(struct reading *r, const struct yaml_node *node, const char *type)
{
	const char *near = policy_type_closest(type);

	/* Another class that Brooklyn has is no slip of the pen. */
	if (starts_with(type, "org.apache.brooklyn.") || starts_with(type, "brooklyn.")) {
		const char *name = strrchr(type, '.') + 1;
		bool close = near && (ends_with(near, name) || policy_type_find(near)->classic);
		struct diagnostic *entry =
		    complain(r->list, node->place,
			     "the type `%s` is not supported yet by this version of berth", type);
		if (close)
			advise(r->list, entry, "did you mean `%s`?", near);
		return;
	}
	struct diagnostic *entry = complain(r->list, node->place, "no policy is called `%s`", type);
	if (near)
		advise(r->list, entry, "did you mean `%s`?", near);
	else
		advise(r->list, entry,
		       "restarter, replacer, failure-detector, connection-failure-detector, stop-after, "
		       "periodic");
}

static const struct yaml_entry *entry_of(const struct yaml_node *map, const char *const *names)
{
	for (size_t i = 0; i < map->count; i++)
		if (is_word_of(map->entries[i].key, names))
			return &map->entries[i];
	return NULL;
}

static const struct policy_type *read_type(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *named = node;

	if (node->kind == YAML_MAP) {
		const struct yaml_entry *entry = entry_of(node, type_keys);
		if (!entry) {
			advise(r->list, complain(r->list, node->place, "the policy has no `type`"),
			       "such as `type: restarter`");
			return NULL;
		}
		named = entry->value;
	}
	const char *text = fixed_text(r, d, named, "type");
	const struct policy_type *type = text ? policy_type_find(text) : NULL;
	if (text && !type)
		complain_type(r, named, text);
	return type;
}

/* Only one of these in a component: two would act on the same instances. */
static bool is_second(const struct draft *d, const struct policy_type *type)
{
	const struct component_policy *before = d->policies.members;

	for (size_t i = 0; type->kind != POLICY_PERIODIC && i < d->policies.count; i++)
		if (before[i].type->kind == type->kind)
			return true;
	return false;
}

static void keep_policy(struct reading *r, struct draft *d, const struct item *item)
{
	struct component_policy *added = grow_new(r, &d->policies, struct component_policy);

	if (!added)
		return;
	*added = (struct component_policy){.type = item->type,
					   .id = item->id,
					   .place = item->place,
					   .effector_place = item->effector_place,
					   .config = item->config};
	if (json_array_append(r->blueprint->holder, item->config))
		r->list->failed = true;
}

static const char *read_id(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "id");
	const char *id = text ? arena_text(r->arena, text) : NULL;

	r->list->failed |= text && !id;
	return id;
}

static void read_policy(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct item item = {.place = node->place, .type_place = node->place};

	if (node->kind == YAML_LIST) {
		complain(r->list, node->place, "a policy is a map with a `type`, not a list");
		return;
	}
	item.type = read_type(r, d, node);
	if (!item.type)
		return;
	if (node->kind == YAML_MAP)
		item.type_place = entry_of(node, type_keys)->value->place;
	owned_json config = made(r, json_object());
	item.config = config;
	if (!config)
		return;
	for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		if (is_config_key(entry->key))
			take_config(r, d, &item, entry);
		else if (!strcmp(entry->key, "id"))
			item.id = read_id(r, d, entry->value);
		else if (!is_word_of(entry->key, type_keys) && !is_word_of(entry->key, noted_keys))
			take_policy_key(r, d, &item, entry);
	}
	check_required(r, &item);
	check_autoscaler(r, d, &item);
	if (is_second(d, item.type))
		complain(r->list, node->place, "`%s` has two policies that do the work of a %s", d->spec->id,
			 item.type->name);
	else
		keep_policy(r, d, &item);
}

static void read_list(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		      bool enrichers)
{
	const struct yaml_node *list = fixed_node(r, d, node);

	if (!list || yaml_null(list))
		return;
	if (list->kind != YAML_LIST) {
		advise(r->list,
		       complain(r->list, list->place, "`%s` takes a list, not %s", key, kind_name(list)),
		       "write `- type: restarter`");
		return;
	}
	if (list->count > MOST_POLICIES) {
		complain(r->list, list->place, "more than %d policies", MOST_POLICIES);
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *one = catalogue_adjunct(r, list->items[i]);
		if (!enrichers || !enricher_read(r, d, one))
			read_policy(r, d, one);
	}
}

/* --- the effectors that they invoke ------------------------------------------------------------- */

static bool has_effector(const struct component_spec *spec, const char *name)
{
	enum own_effector own = own_effector_of(spec, name);

	return effector_given(spec, name) || (own != EFFECTOR_NONE && own != EFFECTOR_EXPUNGE_QUARANTINED);
}

static void complain_effector(struct reading *r, const struct component_spec *spec, struct place place,
			      const char *wanted)
{
	const char *names[EFFECTOR_LIMIT];
	size_t count = effector_names(spec, names);

	suggest(r, complain(r->list, place, "`%s` has no effector `%.80s`", spec->id, wanted), wanted, names,
		count, "give its command under `effectors`");
}

void policies_check_effectors(struct reading *r, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->policy_count; i++) {
		const struct component_policy *policy = &spec->policies[i];
		const char *wanted = json_text(policy->config, "effector");
		if (wanted && !has_effector(spec, wanted))
			complain_effector(r, spec, policy->effector_place, wanted);
	}
}

/* --- the sensors that they go by ---------------------------------------------------------------- */

static void complain_sensor(struct reading *r, const struct component_spec *spec, struct place place,
			    const char *wanted)
{
	const char **names = arena_array(r->arena, const char *, spec->sensor_count + 1);

	r->list->failed |= !names;
	for (size_t i = 0; names && i < spec->sensor_count; i++)
		names[i] = spec->sensors[i].name;
	suggest(r, complain(r->list, place, "`%s` has no sensor `%.80s`", spec->id, wanted), wanted, names,
		names ? spec->sensor_count : 0, "say under `sensors` where it comes from");
}

static void check_metric(struct reading *r, const struct component_spec *own,
			 const struct component_policy *policy, const char *sensor, const char *entity)
{
	const struct draft *other = entity ? find_component(r, entity, policy->place) : NULL;
	const struct component_spec *spec = entity ? (other ? other->spec : NULL) : own;

	for (size_t i = 0; spec && i < spec->sensor_count; i++)
		if (!strcmp(spec->sensors[i].name, sensor))
			return;
	if (spec && !r->open)
		complain_sensor(r, spec, policy->place, sensor);
}

/* The component's id as the policy hears it: however it is written. */
static void check_metrics(struct reading *r, const struct component_spec *spec,
			  const struct component_policy *policy)
{
	struct scaling_rules rules;
	struct error err;

	if (policy->type->classic) {
		const char *metric = json_text(policy->config, "autoscaler.metric");
		if (metric)
			check_metric(r, spec, policy, metric,
				     json_text(policy->config, "autoscaler.entityWithMetric"));
		return;
	}
	if (scaling_rules_read(policy->type, policy->config, &rules, &err))
		return;
	for (size_t i = 0; i < rules.metric_count; i++) {
		const struct scaling_metric *metric = &rules.metrics[i];
		const char *sensor =
		    arena_format(r->arena, "%.*s", (int)metric->sensor_length, metric->sensor);
		const char *entity = metric->entity ? arena_format(r->arena, "%.*s",
								   (int)metric->entity_length, metric->entity)
						    : NULL;
		if (sensor && (entity || !metric->entity))
			check_metric(r, spec, policy, sensor, entity);
		else
			r->list->failed = true;
	}
}

void policies_check_sensors(struct reading *r, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->policy_count; i++)
		if (spec->policies[i].type->kind == POLICY_AUTOSCALER)
			check_metrics(r, spec, &spec->policies[i]);
}

void read_policies(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	read_list(r, d, node, "policies", false);
}

void read_enrichers(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	read_list(r, d, node, "enrichers", true);
}
