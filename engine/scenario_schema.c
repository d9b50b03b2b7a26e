/* scenario_schema.c - the JSON Schema of a scenario, made of the tables of its keys, for editors. */
#include "base/cleanup.h"
#include "engine/scenario.h"

#define DURATION "^(-?[0-9.]+ *[a-z]* *)+$"

static json_t *form_schema(json_t *definitions, const struct scenario_form *form);

static json_t *words_schema(const char *const *words)
{
	json_t *list = json_array();
	for (; list && *words; words++)
		json_add(list, json_string(*words));
	return json_pack("{s:o}", "enum", list);
}

static json_t *one_or_many(json_t *one)
{
	return one ? json_pack("{s:[o, {s:s, s:O}]}", "anyOf", one, "type", "array", "items", one) : NULL;
}

static json_t *scalar(void)
{
	return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
}

static json_t *number(const struct scenario_key *key)
{
	return key->high ? json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)key->low,
				     "maximum", (json_int_t)key->high)
			 : json_pack("{s:s, s:I}", "type", "integer", "minimum", (json_int_t)key->low);
}

static json_t *duration(void)
{
	return json_pack("{s:[s,s], s:s}", "type", "string", "number", "pattern", DURATION);
}

static json_t *or_word(json_t *form, const char *word)
{
	return json_pack("{s:[o, {s:s}]}", "anyOf", form, "const", word);
}

static json_t *map_from_names(json_t *form)
{
	return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", form);
}

static json_t *value_schema(json_t *definitions, const struct scenario_key *key)
{
	switch (key->form) {
	case FORM_TEXT:
		return scalar();
	case FORM_MAYBE:
		return json_pack("{s:[s,s]}", "type", "string", "null");
	case FORM_FLAG:
		return json_pack("{s:s}", "type", "boolean");
	case FORM_DURATION:
	case FORM_JUMP:
		return duration();
	case FORM_NEVER:
		return or_word(duration(), "never");
	case FORM_NUMBER:
		return number(key);
	case FORM_ALWAYS:
		return or_word(number(key), "always");
	case FORM_WORD:
		return words_schema(key->words);
	case FORM_WORDS:
		return one_or_many(words_schema(key->words));
	case FORM_TEXTS:
		return json_pack("{s:[o, {s:s}]}", "anyOf", one_or_many(scalar()), "type", "null");
	case FORM_PAIRS:
		return map_from_names(scalar());
	case FORM_MAP:
		return form_schema(definitions, key->of);
	case FORM_NAMED:
		return map_from_names(form_schema(definitions, key->of));
	case FORM_LIST:
		return json_pack("{s:s, s:o}", "type", "array", "items", form_schema(definitions, key->of));
	}
	return NULL;
}

static json_t *properties(json_t *definitions, const struct scenario_form *form)
{
	json_t *all = json_object();
	for (const struct scenario_key *key = form->keys; key->name; key++)
		json_put(all, key->name,
			 json_pack("{s:s, s:[o]}", "description", key->summary, "allOf",
				   value_schema(definitions, key)));
	return all;
}

static json_t *map_schema(json_t *definitions, const struct scenario_form *form)
{
	return json_pack("{s:[s,s], s:o, s:b}", "type", "object", "null", "properties",
			 properties(definitions, form), "additionalProperties", 0);
}

/* The first key of a form that can be written as a word alone says which words. */
static json_t *word_alone(const struct scenario_form *form)
{
	json_t *words = json_array();
	for (const struct scenario_key *key = form->keys; key->name; key++)
		if (key->form == FORM_MAYBE || key->form == FORM_TEXTS || key->form == FORM_MAP ||
		    key->form == FORM_FLAG)
			json_add(words, json_string(key->name));
	return json_pack("{s:o}", "enum", words);
}

/* A reference to the definition of a map's form, which is made when it is first met. */
static json_t *form_schema(json_t *definitions, const struct scenario_form *form)
{
	owned_text path = {0};
	if (!json_object_get(definitions, form->name)) {
		json_put(definitions, form->name, json_true());
		json_t *map = map_schema(definitions, form);
		if (form->words)
			map = json_pack("{s:[o, o]}", "anyOf", word_alone(form), map);
		json_put(definitions, form->name, map);
	}
	text_format(&path, "#/definitions/%s", form->name);
	return json_pack("{s:s}", "$ref", text_view(&path));
}

json_t *scenario_schema(void)
{
	json_t *definitions = json_object();
	json_t *top = properties(definitions, &scenario_form);
	return json_pack("{s:s, s:s, s:s, s:s, s:[s], s:o, s:b, s:o}", "$schema",
			 "http://json-schema.org/draft-07/schema#", "title", "berth scenario", "description",
			 "What happens to a blueprint on a simulated fleet, and what must hold.", "type",
			 "object", "required", "steps", "properties", top, "additionalProperties", 0,
			 "definitions", definitions);
}
