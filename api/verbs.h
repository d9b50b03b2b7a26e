/* verbs.h - what the library can do, as the API names it. */
#ifndef BERTH_API_VERBS_H
#define BERTH_API_VERBS_H

#include <stdbool.h>

#include "berth/berth.h"

/* What somebody may do; each may what those before may. */
enum role { ROLE_NOBODY, ROLE_READ, ROLE_OPERATE, ROLE_ADMIN };

const char *role_name(enum role role);
/* ROLE_NOBODY when there is none of that name. */
enum role role_find(const char *name);

struct server_verb {
	const char *name;
	struct berth_operation *(*begin)(struct berth *, const struct berth_request *,
					 const struct berth_listener *, struct berth_error *);
	enum role role;
	const char *takes; /* members of its request */
	bool changes;
	/* It is for somebody who listens: without one it ends. */
	bool attended;
	bool lasts; /* it is gone on with when its controller was killed */
};

extern const struct server_verb server_verbs[]; /* ends with a NULL name */
const struct server_verb *server_verb_find(const char *name);

#endif
