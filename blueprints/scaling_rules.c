/* scaling_rules.c - the metrics, steps and schedules of an autoscaler, read and checked. */
#include "blueprints/scaling_rules.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

/* The maps within its lists, as tables like those of policies. */
static const struct policy_key metric_keys[] = {
    {.name = "metric", .kind = POLICY_SENSOR, .required = true},
    {.name = "entity", .kind = POLICY_ENTITY},
    {.name = "target", .kind = POLICY_NUMBER},
    {.name = "lower", .kind = POLICY_NUMBER},
    {.name = "upper", .kind = POLICY_NUMBER},
    {.name = "steps", .kind = POLICY_STEPS},
};
enum { METRIC, ENTITY, TARGET, LOWER, UPPER, STEPS };
static const struct policy_key step_keys[] = {
    {.name = "above", .kind = POLICY_NUMBER},
    {.name = "below", .kind = POLICY_NUMBER},
    {.name = "add", .kind = POLICY_COUNT},
    {.name = "remove", .kind = POLICY_COUNT},
};
enum { ABOVE, BELOW, ADD, REMOVE };
static const struct policy_key schedule_keys[] = {
    {.name = "schedule", .kind = POLICY_SCHEDULE, .required = true},
    {.name = "min", .kind = POLICY_COUNT},
    {.name = "max", .kind = POLICY_COUNT},
};
enum { SCHEDULE, MIN, MAX };

#define KEYS(table) .keys = (table), .key_count = COUNT_OF(table)
static const struct policy_type metric_map = {.name = "a metric", KEYS(metric_keys)};
static const struct policy_type step_map = {.name = "a step", KEYS(step_keys)};
static const struct policy_type schedule_map = {.name = "a schedule", KEYS(schedule_keys)};

/* The values of a map, in the order of its table. */
static int read_map(const struct policy_type *of, const json_t *map, struct policy_value *values,
		    struct error *err)
{
	const char *name;
	json_t *json;

	if (!json_is_object(map))
		return fail(err, ERR_INVALID, "%s is a map", of->name);
	json_object_foreach ((json_t *)map, name, json) {
		int index = policy_key_find(of, name);
		if (index < 0) {
			const char *near = policy_key_closest(of, name);
			fail(err, ERR_INVALID, "%s has no key `%s`", of->name, name);
			if (near)
				remedy(err, "did you mean `%s`?", near);
			return -1;
		}
		if (policy_value_read(of, &of->keys[index], json, &values[index], err))
			return -1;
	}
	for (size_t i = 0; i < of->key_count; i++)
		if (of->keys[i].required && !values[i].given)
			return fail(err, ERR_INVALID, "%s needs `%s`", of->name, of->keys[i].name);
	return 0;
}

static int is_list(const json_t *list, const char *key, size_t most, struct error *err)
{
	if (!json_is_array(list))
		return fail(err, ERR_INVALID, "`%s` is to be a list", key);
	if (json_array_size(list) > most)
		return fail(err, ERR_INVALID, "`%s` has more than %zu entries", key, most);
	return 0;
}

/* --- steps --------------------------------------------------------------------------------------- */

static int read_step(const json_t *map, struct scaling_step *ret, struct error *err)
{
	struct policy_value values[COUNT_OF(step_keys)] = {0};

	if (read_map(&step_map, map, values, err))
		return -1;
	bool above =
	    values[ABOVE].given && values[ADD].given && !values[BELOW].given && !values[REMOVE].given;
	bool below =
	    values[BELOW].given && values[REMOVE].given && !values[ABOVE].given && !values[ADD].given;
	if (!above && !below) {
		fail(err, ERR_INVALID, "a step has `above` and `add`, or `below` and `remove`");
		remedy(err, "such as `{above: 80, add: 2}` or `{below: 20, remove: 1}`");
		return -1;
	}
	*ret = (struct scaling_step){above, values[above ? ABOVE : BELOW].real,
				     values[above ? ADD : REMOVE].number};
	return ret->count ? 0 : fail(err, ERR_INVALID, "a step adds or removes at least one");
}

int scaling_steps_read(const json_t *list, struct scaling_metric *ret, struct error *err)
{
	double lowest = INFINITY, highest = -INFINITY;
	const json_t *item;
	size_t i;

	if (is_list(list, "steps", SCALING_STEPS, err))
		return -1;
	json_array_foreach (list, i, item) {
		struct scaling_step *step = &ret->steps[i];
		if (read_step(item, step, err))
			return -1;
		if (step->above && step->bound < lowest)
			lowest = step->bound;
		else if (!step->above && step->bound > highest)
			highest = step->bound;
	}
	ret->step_count = json_array_size(list);
	if (lowest <= highest)
		return fail(err, ERR_INVALID, "every `below` is to be less than every `above`");
	return lowest > 0 ? 0 : fail(err, ERR_INVALID, "`above` is to be more than 0");
}

/* --- metrics ------------------------------------------------------------------------------------- */

static int check_metric(const struct scaling_metric *m, struct error *err)
{
	int length = (int)m->sensor_length;
	int ways = !isnan(m->target) + (!isnan(m->lower) || !isnan(m->upper)) + (m->step_count > 0);

	if (ways != 1) {
		fail(err, ERR_INVALID, "the metric `%.*s` has %s of `target`, `lower` and `upper`, `steps`",
		     length, m->sensor, ways ? "more than one" : "none");
		remedy(err, "such as `target: 60`");
		return -1;
	}
	if (isnan(m->lower) != isnan(m->upper))
		return fail(err, ERR_INVALID, "the metric `%.*s` needs both `lower` and `upper`", length,
			    m->sensor);
	if (m->target <= 0)
		return fail(err, ERR_INVALID, "`target` is to be more than 0");
	if (!isnan(m->lower) && (m->lower < 0 || m->lower >= m->upper))
		return fail(err, ERR_INVALID, "`lower` is to be from 0 to less than `upper`");
	return 0;
}

static int take_metric(const struct policy_value *values, struct scaling_metric *ret, struct error *err)
{
	*ret = (struct scaling_metric){
	    .sensor = values[METRIC].text,
	    .sensor_length = values[METRIC].length,
	    .entity = values[ENTITY].given ? values[ENTITY].text : NULL,
	    .entity_length = values[ENTITY].length,
	    .target = values[TARGET].given ? values[TARGET].real : NAN,
	    .lower = values[LOWER].given ? values[LOWER].real : NAN,
	    .upper = values[UPPER].given ? values[UPPER].real : NAN,
	};
	if (values[STEPS].given && scaling_steps_read(values[STEPS].map, ret, err))
		return -1;
	return check_metric(ret, err);
}

int scaling_metrics_read(const json_t *list, struct scaling_rules *ret, struct error *err)
{
	const json_t *item;
	size_t i;

	if (is_list(list, "metrics", SCALING_METRICS, err))
		return -1;
	json_array_foreach (list, i, item) {
		struct policy_value values[COUNT_OF(metric_keys)] = {0};
		if (read_map(&metric_map, item, values, err) || take_metric(values, &ret->metrics[i], err))
			return -1;
	}
	ret->metric_count = json_array_size(list);
	return 0;
}

/* --- schedules ----------------------------------------------------------------------------------- */

int scaling_schedules_read(const json_t *list, struct scaling_rules *ret, struct error *err)
{
	const json_t *item;
	size_t i;

	if (is_list(list, "schedules", SCALING_SCHEDULES, err))
		return -1;
	json_array_foreach (list, i, item) {
		struct policy_value values[COUNT_OF(schedule_keys)] = {0};
		struct scaling_schedule *to = &ret->schedules[i];
		if (read_map(&schedule_map, item, values, err) ||
		    schedule_parse(values[SCHEDULE].text, &to->when, err))
			return -1;
		to->min = values[MIN].given ? values[MIN].number : -1;
		to->max = values[MAX].given ? values[MAX].number : -1;
		if (to->min < 0 && to->max < 0)
			return fail(err, ERR_INVALID, "a schedule sets `min`, `max` or both");
		if (to->max >= 0 && to->min > to->max)
			return fail(err, ERR_INVALID, "`min` may not be above `max`");
	}
	ret->schedule_count = json_array_size(list);
	return 0;
}

/* --- all ----------------------------------------------------------------------------------------- */

static json_t *given(const struct policy_type *type, const json_t *config, const char *name)
{
	int index = policy_key_find(type, name);
	json_t *json = json_object_get(config, name);

	if (!json && index >= 0 && type->keys[index].flag)
		json = json_object_get(config, type->keys[index].flag);
	return json_is_null(json) ? NULL : json;
}

/* The one metric whose keys stand beside those of the policy. */
static int read_single(const struct policy_type *type, const json_t *config, struct scaling_rules *ret,
		       struct error *err)
{
	struct policy_value values[COUNT_OF(metric_keys)] = {0};
	const char *first = NULL;

	for (size_t i = 0; i < COUNT_OF(metric_keys); i++) {
		const json_t *json = given(type, config, metric_keys[i].name);
		if (json && policy_value_read(type, &metric_keys[i], json, &values[i], err))
			return -1;
		if (json && !first)
			first = metric_keys[i].name;
	}
	if (!first)
		return 0;
	if (ret->metric_count)
		return fail(err, ERR_INVALID, "`%s` and `metrics` exclude each other", first);
	if (!values[METRIC].given)
		return fail(err, ERR_INVALID, "`%s` needs a `metric`", first);
	ret->metric_count = 1;
	return take_metric(values, &ret->metrics[0], err);
}

static int check_bounds(const struct policy_type *type, const json_t *config, struct error *err)
{
	static const char *const names[] = {"min", "max"};
	struct policy_value values[2] = {0};

	for (size_t i = 0; i < 2; i++) {
		int index = policy_key_find(type, names[i]);
		const json_t *json = given(type, config, names[i]);
		policy_value_initial(type, &type->keys[index], &values[i]);
		if (json && policy_value_read(type, &type->keys[index], json, &values[i], err))
			return -1;
	}
	return values[1].given && values[0].number > values[1].number
		   ? fail(err, ERR_INVALID, "`min` may not be above `max`")
		   : 0;
}

int scaling_rules_read(const struct policy_type *type, const json_t *config, struct scaling_rules *ret,
		       struct error *err)
{
	const json_t *metrics = given(type, config, "metrics");
	const json_t *schedules = given(type, config, "schedules");

	*ret = (struct scaling_rules){0};
	if ((metrics && scaling_metrics_read(metrics, ret, err)) ||
	    (schedules && scaling_schedules_read(schedules, ret, err)) || read_single(type, config, ret, err))
		return -1;
	if (!ret->metric_count && !ret->schedule_count) {
		fail(err, ERR_INVALID, "%s has nothing to go by", type->name);
		remedy(err, "give it a `metric` with a `target`, or `schedules`");
		return -1;
	}
	return check_bounds(type, config, err);
}
