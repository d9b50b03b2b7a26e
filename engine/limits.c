/* limits.c - what a target can change of an instance in place, as a line that is remembered of it. */
#include "engine/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/specs.h"

void limits_note(const struct limits *limits, char ret[static LIMITS_NOTE])
{
	snprintf(ret, LIMITS_NOTE, "%" PRId64 " %" PRId64 " %s", limits->memory_bytes, limits->nano_cpus,
		 restart_name(limits->restart));
}

bool limits_noted(const char *line, struct limits *ret)
{
	struct limits limits = {0};
	char word[32];
	if (!line ||
	    sscanf(line, "%" SCNd64 " %" SCNd64 " %31s", &limits.memory_bytes, &limits.nano_cpus, word) != 3)
		return false;
	for (int policy = RESTART_UNLESS_STOPPED; policy <= RESTART_ALWAYS; policy++)
		if (strcmp(word, restart_name((enum restart_policy)policy)) == 0) {
			limits.restart = (enum restart_policy)policy;
			*ret = limits;
			return true;
		}
	return false;
}
