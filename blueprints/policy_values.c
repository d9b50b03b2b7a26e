/* policy_values.c - the values of policies' keys: what is written, as what is meant. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/blueprint.h"
#include "blueprints/policy_types.h"
#include "blueprints/scaling_rules.h"
#include "blueprints/schedule.h"

enum { DAY_SECONDS = 86400 };

static int wrong(struct error *err, const struct policy_key *key, const char *wanted, const char *example)
{
	fail(err, ERR_INVALID, "`%s` is to be %s", key->name, wanted);
	remedy(err, "such as `%s: %s`", key->name, example);
	return -1;
}

/* Brooklyn takes a bare number for milliseconds, this language for seconds. */
static bool bare_is_millis(const struct policy_type *type, const struct policy_key *key)
{
	return type->classic || key->kind == POLICY_MILLIS;
}

static bool bare(const char *text)
{
	return text[strspn(text, "0123456789. ")] == '\0';
}

static int64_t duration_of(const struct policy_type *type, const struct policy_key *key, const char *text)
{
	if (!strcasecmp(text, "forever"))
		return POLICY_FOREVER;
	int64_t ms = parse_duration_ms(text);
	if (ms > 0 && bare(text) && bare_is_millis(type, key))
		ms /= 1000;
	return ms > POLICY_FOREVER ? POLICY_FOREVER : ms;
}

static int read_duration(const struct policy_type *type, const struct policy_key *key, const json_t *json,
			 struct policy_value *ret, struct error *err)
{
	ret->number = -1;
	if (json_is_string(json)) {
		ret->number = duration_of(type, key, json_string_value(json));
	} else if (json_is_number(json)) {
		double value = json_number_value(json) * (bare_is_millis(type, key) ? 1 : 1000);
		if (value >= 0)
			ret->number = value < (double)POLICY_FOREVER ? (int64_t)value : POLICY_FOREVER;
	}
	return ret->number < 0 ? wrong(err, key, "a duration", "30s") : 0;
}

static int read_count(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		      struct error *err)
{
	if (json_is_integer(json))
		ret->number = json_integer_value(json);
	else if (!json_is_string(json) || !parse_number(json_string_value(json), 0, INT32_MAX, &ret->number))
		ret->number = -1;
	if (ret->number < 0 || ret->number > INT32_MAX)
		return wrong(err, key, "a whole number, not below 0", "3");
	return 0;
}

static int read_flag(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		     struct error *err)
{
	const char *text = json_string_value(json);

	if (json_is_boolean(json))
		ret->number = json_is_true(json);
	else if (text && (!strcasecmp(text, "true") || !strcasecmp(text, "false")))
		ret->number = !strcasecmp(text, "true");
	else
		return wrong(err, key, "true or false", "false");
	return 0;
}

/* In `$brooklyn:sensor("NAME")` or `sensor("CLASS", "NAME")` the last of the quoted. Borrowed with its
 * length. */
static const char *quoted_name(const char *text, size_t *ret_length)
{
	const char *close = strrchr(text, '"');
	const char *open = close;

	while (open && open > text && open[-1] != '"')
		open--;
	if (!close || open == text || open == close)
		return NULL;
	*ret_length = (size_t)(close - open);
	return open;
}

static int read_sensor(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		       struct error *err)
{
	const char *text = json_string_value(json);

	if (text && *text && *text != '$') {
		ret->text = text;
		ret->length = strlen(text);
	} else if (text && strstr(text, ":sensor(")) {
		ret->text = quoted_name(text, &ret->length);
	}
	return ret->text ? 0 : wrong(err, key, "the name of a sensor", "ha.entityFailed");
}

/* "HH:mm[:ss]", "now"; a number is seconds, which YAML makes of 08:00:00. */
static int read_time(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		     struct error *err)
{
	const char *text = json_string_value(json);
	unsigned hours = 99, minutes = 0, seconds = 0;
	int end = 0;

	if (text && (!strcasecmp(text, "now") || !strcasecmp(text, "immediately"))) {
		ret->number = -1;
		return 0;
	}
	if (json_is_integer(json) && json_integer_value(json) >= 0 &&
	    json_integer_value(json) < DAY_SECONDS) {
		ret->number = json_integer_value(json) * 1000;
		return 0;
	}
	if (text && sscanf(text, "%2u:%2u%n:%2u%n", &hours, &minutes, &end, &seconds, &end) >= 2 &&
	    !text[end] && hours < 24 && minutes < 60 && seconds < 60) {
		ret->number = ((int64_t)hours * 3600 + minutes * 60 + seconds) * 1000;
		return 0;
	}
	return wrong(err, key, "a time of the day, or `now`", "\"03:30:00\"");
}

static int read_schedule(const struct policy_key *key, const json_t *json, struct policy_value *ret,
			 struct error *err)
{
	struct schedule schedule;

	ret->text = json_string_value(json);
	if (!ret->text)
		return wrong(err, key, "a schedule", "\"30 3 * * *\"");
	ret->length = strlen(ret->text);
	return schedule_parse(ret->text, &schedule, err);
}

static int read_state(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		      struct error *err)
{
	static const char *const states[] = {"created", "starting", "running",  "stopping",
					     "stopped", "on-fire",  "destroyed"};
	const char *text = json_string_value(json);

	for (size_t i = 0; text && i < COUNT_OF(states); i++)
		if (!strcasecmp(text, states[i]) ||
		    (!strcasecmp(text, "on_fire") && !strcmp(states[i], "on-fire"))) {
			ret->text = states[i];
			ret->length = strlen(states[i]);
			return 0;
		}
	return wrong(err, key, "a state", "running");
}

static int read_text(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		     struct error *err)
{
	ret->text = json_string_value(json);
	if (!ret->text || !*ret->text)
		return wrong(err, key, "a text", "...");
	ret->length = strlen(ret->text);
	return 0;
}

static int read_map(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		    struct error *err)
{
	ret->map = json;
	return json_is_object(json) ? 0 : wrong(err, key, "a map", "{name: value}");
}

static int read_list(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		     struct error *err)
{
	struct scaling_rules rules;

	ret->map = json;
	if (key->kind == POLICY_METRICS)
		return scaling_metrics_read(json, &rules, err);
	if (key->kind == POLICY_STEPS)
		return scaling_steps_read(json, &rules.metrics[0], err);
	return scaling_schedules_read(json, &rules, err);
}

static int read_number(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		       struct error *err)
{
	const char *text = json_string_value(json);
	char *end = NULL;

	if (json_is_number(json))
		ret->real = json_number_value(json);
	else if (text && *text)
		ret->real = strtod(text, &end);
	if ((!json_is_number(json) && (!end || *end)) || !isfinite(ret->real))
		return wrong(err, key, "a number", "12.5");
	return 0;
}

/* The id of a component, in `$brooklyn:entity("ID")` and the like as well. */
static int read_entity(const struct policy_key *key, const json_t *json, struct policy_value *ret,
		       struct error *err)
{
	const char *text = json_string_value(json);

	if (text && *text && *text != '$') {
		ret->text = text;
		ret->length = strlen(text);
	} else if (text && (strstr(text, ":entity(") || strstr(text, ":component("))) {
		ret->text = quoted_name(text, &ret->length);
	}
	return ret->text ? 0 : wrong(err, key, "the id of a component", "web");
}

static int read_java(const struct policy_key *key, struct error *err)
{
	fail(err, ERR_UNSUPPORTED,
	     "`%s` takes an object of Brooklyn's Java classes, which berth does not have", key->name);
	return -1;
}

int policy_value_read(const struct policy_type *type, const struct policy_key *key, const json_t *json,
		      struct policy_value *ret, struct error *err)
{
	*ret = (struct policy_value){.given = true};
	switch (key->kind) {
	case POLICY_DURATION:
	case POLICY_MILLIS:
		return read_duration(type, key, json, ret, err);
	case POLICY_COUNT:
		return read_count(key, json, ret, err);
	case POLICY_FLAG:
		return read_flag(key, json, ret, err);
	case POLICY_TEXT:
		return read_text(key, json, ret, err);
	case POLICY_SENSOR:
		return read_sensor(key, json, ret, err);
	case POLICY_TIME:
		return read_time(key, json, ret, err);
	case POLICY_SCHEDULE:
		return read_schedule(key, json, ret, err);
	case POLICY_STATE:
		return read_state(key, json, ret, err);
	case POLICY_MAP:
		return read_map(key, json, ret, err);
	case POLICY_METRICS:
	case POLICY_STEPS:
	case POLICY_SCHEDULES:
		return read_list(key, json, ret, err);
	case POLICY_NUMBER:
		return read_number(key, json, ret, err);
	case POLICY_ENTITY:
		return read_entity(key, json, ret, err);
	case POLICY_JAVA:
		return read_java(key, err);
	}
	return fail(err, ERR_INVALID, "`%s` cannot be read", key->name);
}

void policy_value_initial(const struct policy_type *type, const struct policy_key *key,
			  struct policy_value *ret)
{
	*ret = (struct policy_value){0};
	if (!key->initial)
		return;
	ret->given = true;
	ret->text = key->initial;
	ret->length = strlen(key->initial);
	if (key->kind == POLICY_DURATION || key->kind == POLICY_MILLIS)
		ret->number = duration_of(type, key, key->initial);
	else if (key->kind == POLICY_COUNT)
		parse_number(key->initial, 0, INT32_MAX, &ret->number);
	else if (key->kind == POLICY_FLAG)
		ret->number = !strcmp(key->initial, "true");
}
