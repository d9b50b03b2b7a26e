/* limits.h - what a target can change of an instance in place. */
#ifndef BERTH_ENGINE_LIMITS_H
#define BERTH_ENGINE_LIMITS_H

#include "entities/spec.h"

struct limits {
	int64_t memory_bytes, nano_cpus; /* 0: none */
	enum restart_policy restart;
};

#define LIMITS_NOTE 80

/* As the store keeps them of one incarnation: "67108864 0 always". */
void limits_note(const struct limits *limits, char ret[static LIMITS_NOTE]);
/* Read such a line. False: nothing is known (NULL), or it is no such line. */
bool limits_noted(const char *line, struct limits *ret);

#endif
