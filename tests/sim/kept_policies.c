/* kept_policies.c - what policies of a set are about to do, from what they remember. */
#include "policies/internal.h"

size_t policies_acting(struct policy_set *set, const char *member);

/* How many restart or replace the member now. */
size_t policies_acting(struct policy_set *set, const char *member)
{
	size_t count = 0;
	for (size_t i = 0; i < set->count; i++) {
		struct policy *policy = &set->policies[i];
		struct record *record = record_find(policy, member);
		bool mends = policy->type->kind == POLICY_RESTARTER || policy->type->kind == POLICY_REPLACER;
		const struct action *action = record && mends ? record_action(policy, record) : NULL;
		count += action && action->id && action->told;
	}
	return count;
}
