/* keeping.h - a scene with a keeper, for tests of applications that are kept. */
#ifndef BERTH_TESTS_ENGINE_KEEPING_H
#define BERTH_TESTS_ENGINE_KEEPING_H

#include "tests/engine/scene.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define KEPT(policies)                                                                                       \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379, policies: [" policies "]}\n"                    \
	"- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")], policies: [" policies     \
	"]}\n"
#define RESTARTED KEPT("{type: restarter}")
#define CLASSIC   KEPT("{type: org.apache.brooklyn.policy.ha.ServiceRestarter}")

#define CHECKED                                                                                              \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "       \
	"retries: 2}, policies: [{type: restarter}]}\n"

extern struct scene scene;
extern struct berth_operation *keeper;
extern char *told; /* "INSTANCE PHASE\n" and "! WARNING\n" of all that the keeper told; NULL: nothing yet */

/* Of a suite: .init and .fini. */
void keeping_begin(void);
void keeping_end(void);

void keep(void);
void let_go(void);
void pass(int64_t duration_ms);
void deploy(const char *blueprint);
/* `web` answers nobody, or does again. */
void sick(bool is);
void kill_it(const char *name);

const struct observed *there(const char *name);
void runs(const char *name);
void is_down(const char *name);
size_t starts(void);
size_t times_told(const char *words);
/* For the caller to let go of. */
json_t *status_of(const char *app);
json_t *first_instance(const json_t *status);
char *all_events(void);

#endif
