/* policies_of.h - the policies of a component, as its blueprint gives them. */
#ifndef BERTH_ENGINE_POLICIES_OF_H
#define BERTH_ENGINE_POLICIES_OF_H

#include "entities/entity.h"
#include "policies/policy.h"

/* Whether one of them sees to it that what ended runs again: the target is then not to do that, too. */
bool restarts_by_policy(const struct component_spec *spec);
/* A set of them in *ret, for policy_set_free; NULL when it has none. 0 or -1 with *err. */
int policies_of(const struct component *component, struct policy_set **ret, struct error *err);

#endif
