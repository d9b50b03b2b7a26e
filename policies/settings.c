/* settings.c - what a policy is set to, by the names of its type's table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "policies/internal.h"

bool setting_given(const struct policy *policy, size_t index)
{
	return policy->has >> index & 1;
}

static const struct setting *value_of(const struct policy *policy, const char *key)
{
	int index = policy_key_find(policy->type, key);

	return index < 0 || !setting_given(policy, (size_t)index) ? NULL : &policy->values[index];
}

int64_t setting(const struct policy *policy, const char *key)
{
	const struct setting *value = value_of(policy, key);

	return value ? value->number : NEVER;
}

double setting_real(const struct policy *policy, const char *key)
{
	const struct setting *value = value_of(policy, key);

	return value ? value->real : NAN;
}

const char *setting_text(const struct policy *policy, const char *key)
{
	const struct setting *value = value_of(policy, key);

	return value ? value->text : NULL;
}

const json_t *setting_map(const struct policy *policy, const char *key)
{
	const struct setting *value = value_of(policy, key);

	return value ? value->map : NULL;
}

int setting_take(struct policy *policy, size_t index, const json_t *json, struct error *err)
{
	const struct policy_key *key = &policy->type->keys[index];
	struct policy_value value;
	char *text = NULL;

	if (!json || json_is_null(json))
		policy_value_initial(policy->type, key, &value);
	else if (policy_value_read(policy->type, key, json, &value, err))
		return -1;
	if (value.text && !(text = strndup(value.text, value.length)))
		return fail_memory(err);
	struct setting *to = &policy->values[index];
	free(to->text);
	*to = (struct setting){.text = text};
	policy->has &= ~(UINT64_C(1) << index);
	policy->has |= (uint64_t)value.given << index;
	if (key->kind == POLICY_NUMBER)
		to->real = value.real;
	else if (value.map)
		to->map = value.map;
	else
		to->number = value.number;
	return 0;
}

/* --- set while it runs ---------------------------------------------------------------------- */

/* How the blueprint spells the key, which may have two names; NULL: it does not give it. */
static const char *spelling_of(const struct policy *policy, size_t index)
{
	const char *name;
	json_t *value;

	json_object_foreach (policy->given, name, value)
		if (policy_key_find(policy->type, name) == (int)index)
			return name;
	return NULL;
}

/* What is the blueprint's stays as it is. 0 or -1. */
static int own_given(struct policy *policy)
{
	owned_json own = json_object();
	const char *name;
	json_t *value;

	if (!own)
		return -1;
	json_object_foreach (policy->given, name, value)
		if (json_put_shared(own, name, value))
			return -1;
	json_decref(policy->given);
	policy->given = give(own);
	return 0;
}

/* The value that was there before borrows from `given`: the new one is read before it goes. */
static int put_value(struct policy *policy, size_t index, const json_t *json, struct error *err)
{
	owned_json value = json_deep_copy(json);

	if (!value || own_given(policy))
		return fail_memory(err);
	const char *before = spelling_of(policy, index);
	if (setting_take(policy, index, value, err))
		return -1;
	if (json_is_null(value))
		return before ? json_object_del(policy->given, before) : 0;
	if (json_put_shared(policy->given, before ? before : policy->type->keys[index].name, value))
		return fail_memory(err);
	return 0;
}

/* The blueprint's word for a key, whatever was set since; null: it says nothing. */
static json_t *word_of_blueprint(const struct policy *policy, size_t index)
{
	const json_t *set = json_object_get(policy->set_by_hand, policy->type->keys[index].name);
	const char *name = spelling_of(policy, index);

	if (set)
		return json_incref(json_object_get(set, "over"));
	return name ? json_incref(json_object_get(policy->given, name)) : json_null();
}

static int note_setting(struct policy *policy, size_t index, const json_t *json, json_t *over)
{
	owned_json note = json_object();

	if (!policy->set_by_hand && !(policy->set_by_hand = json_object()))
		return -1;
	if (!note || json_put(note, "to", json_deep_copy(json)) || json_put_shared(note, "over", over))
		return -1;
	return json_put_shared(policy->set_by_hand, policy->type->keys[index].name, note);
}

int setting_change(struct policy *policy, size_t index, const json_t *json, struct error *err)
{
	owned_json over = word_of_blueprint(policy, index);

	if (put_value(policy, index, json, err))
		return -1;
	return note_setting(policy, index, json, over) ? fail_memory(err) : 0;
}

int settings_restore(struct policy *policy, const json_t *saved, struct error *err)
{
	const char *name;
	json_t *note;

	json_object_foreach ((json_t *)saved, name, note) {
		int index = policy_key_find(policy->type, name);
		json_t *to = json_object_get(note, "to");
		struct error why = {0};
		if (index < 0 || !policy->type->keys[index].live || !to)
			continue;
		owned_json over = word_of_blueprint(policy, (size_t)index);
		if (!json_equal(over, json_object_get(note, "over")))
			continue;
		if (setting_change(policy, (size_t)index, to, &why) && why.code == ERR_NO_MEMORY)
			return fail_memory(err);
	}
	return 0;
}
