/* policies_of.c - the policies of a component, as its blueprint gives them. */
#include "engine/policies_of.h"

#include <string.h>

/* One that only tells what it would do leaves the target's restarts to the target. */
static bool is_dry(const struct component_policy *policy)
{
	const json_t *dry = json_object_get(policy->config, "dryRun");
	const char *word = json_string_value(dry);
	return json_is_true(dry) || (word && !strcmp(word, "true"));
}

bool restarts_by_policy(const struct component_spec *spec)
{
	for (size_t i = 0; spec && i < spec->policy_count; i++) {
		enum policy_kind kind = spec->policies[i].type->kind;
		if ((kind == POLICY_RESTARTER || kind == POLICY_REPLACER) && !is_dry(&spec->policies[i]))
			return true;
	}
	return false;
}

int policies_of(const struct component *component, struct policy_set **ret, struct error *err)
{
	const struct component_spec *spec = component->spec;
	*ret = NULL;
	if (!spec || !spec->policy_count)
		return 0;
	struct policy_spec *specs = calloc(spec->policy_count, sizeof *specs);
	if (!specs)
		return fail_memory(err);
	for (size_t i = 0; i < spec->policy_count; i++)
		specs[i] = (struct policy_spec){spec->policies[i].type->name, spec->policies[i].config};
	*ret = policy_set_new(specs, spec->policy_count, err);
	free(specs);
	return *ret ? 0 : -1;
}
