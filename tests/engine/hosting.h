/* hosting.h - a scene with machines of a pool, which answer as our script on them would. */
#ifndef BERTH_TESTS_ENGINE_HOSTING_H
#define BERTH_TESTS_ENGINE_HOSTING_H

#include "tests/engine/keeping.h"

enum { POOL_MOST = 20 };

#define POOL(location) "id: app\nlocation:\n  " location "\nservices:\n"
#define THREE          POOL("byon: {user: me, hosts: [10.0.0.1, '10.0.0.{2-3}']}")
#define ONE(id, more)  "- {type: process, id: " id ", command: sleep 9" more "}\n"

extern struct pool {
	struct placed { /* what is on which machine */
		char host[40], app[40], folder[80], manifest[2000];
		bool runs;
	} all[POOL_MOST];
	size_t count;
	struct claimed {
		char host[40], lines[300];
	} claims[POOL_MOST];
	size_t claim_count;
	bool silent;                /* no machine answers */
	const char *dead[4];        /* those that do not answer */
	const char *full;           /* where nothing can be installed */
	size_t knocks;              /* at those that do not answer */
	bool strangers;             /* nobody knows their host keys */
	const char *held_by_others; /* a machine that another application has */
	const char *other_name;     /* of 10.0.0.1 */
} pool;

/* Of a suite: .init; .fini is keeping_end. */
void pool_begin(void);
/* Where a component is; "none". */
const char *machine_of(const char *component);
size_t copies_of(const char *component);
enum berth_outcome pool_run(verb_function *verb, const char *blueprint, json_t **ret);

#endif
