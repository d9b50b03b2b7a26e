/* effectors.c - which effectors a component has: every one's, every cluster's, and those that it was given.
 */
#include <string.h>

#include "blueprints/blueprint.h"

static const struct own {
	const char *name, *parameter;
	bool of_clusters;
} owns[] = {
    [EFFECTOR_START] = {"start", NULL, false},
    [EFFECTOR_STOP] = {"stop", NULL, false},
    [EFFECTOR_RESTART] = {"restart", NULL, false},
    [EFFECTOR_RESIZE] = {"resize", "desiredSize", true},
    [EFFECTOR_RESIZE_BY_DELTA] = {"resizeByDelta", "delta", true},
    [EFFECTOR_REPLACE_MEMBER] = {"replaceMember", "memberId", true},
    [EFFECTOR_EXPUNGE_QUARANTINED] = {"expungeQuarantined", NULL, true},
};

enum own_effector own_effector_named(const char *name)
{
	enum own_effector own = 0;

	while (own < EFFECTOR_NONE && strcmp(owns[own].name, name) != 0)
		own++;
	return own;
}

const char *own_effector_parameter(enum own_effector own)
{
	return own == EFFECTOR_NONE ? NULL : owns[own].parameter;
}

bool effector_is_built_in(const char *name)
{
	enum own_effector own = own_effector_named(name);

	return own != EFFECTOR_NONE && !owns[own].of_clusters;
}

const struct effector *effector_given(const struct component_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->effector_count; i++)
		if (spec->effectors[i].name && !strcmp(spec->effectors[i].name, name))
			return &spec->effectors[i];
	return NULL;
}

enum own_effector own_effector_of(const struct component_spec *spec, const char *name)
{
	enum own_effector own = own_effector_named(name);

	if (own == EFFECTOR_NONE || (owns[own].of_clusters && !spec->cluster) || effector_given(spec, name))
		return EFFECTOR_NONE;
	return own;
}

size_t effector_names(const struct component_spec *spec, const char *ret[static EFFECTOR_LIMIT])
{
	size_t count = 0;

	for (enum own_effector own = 0; own < EFFECTOR_NONE; own++)
		if (!owns[own].of_clusters || (spec && spec->cluster))
			ret[count++] = owns[own].name;
	for (size_t i = 0; spec && i < spec->effector_count && count < EFFECTOR_LIMIT; i++)
		if (spec->effectors[i].name)
			ret[count++] = spec->effectors[i].name;
	return count;
}
