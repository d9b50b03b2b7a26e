/* settings.c - what a policy is set to, by the names of its type's table. */
#include <stdlib.h>
#include <string.h>

#include "policies/internal.h"

static const struct policy_value *value_of(const struct policy *policy, const char *key, size_t *ret_index)
{
	int index = policy_key_find(policy->type, key);

	if (index < 0 || !policy->values[index].given)
		return NULL;
	*ret_index = (size_t)index;
	return &policy->values[index];
}

int64_t setting(const struct policy *policy, const char *key)
{
	size_t index;
	const struct policy_value *value = value_of(policy, key, &index);

	return value ? value->number : NEVER;
}

const char *setting_text(const struct policy *policy, const char *key)
{
	size_t index;

	return value_of(policy, key, &index) ? policy->texts[index] : NULL;
}

const json_t *setting_map(const struct policy *policy, const char *key)
{
	size_t index;
	const struct policy_value *value = value_of(policy, key, &index);

	return value ? value->map : NULL;
}

int setting_take(struct policy *policy, size_t index, const json_t *json, struct error *err)
{
	const struct policy_key *key = &policy->type->keys[index];
	struct policy_value value;
	char *text = NULL;

	if (!json)
		policy_value_initial(policy->type, key, &value);
	else if (policy_value_read(policy->type, key, json, &value, err))
		return -1;
	if (value.text && !(text = strndup(value.text, value.length)))
		return fail_memory(err);
	free(policy->texts[index]);
	policy->texts[index] = text;
	policy->values[index] = value;
	return 0;
}
