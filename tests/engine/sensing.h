/* sensing.h - a scene with a keeper and something that tells numbers, for tests of sensors. */
#ifndef BERTH_TESTS_ENGINE_SENSING_H
#define BERTH_TESTS_ENGINE_SENSING_H

#include "tests/engine/keeping.h"

#define CLUSTER(more)                                                                                        \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 1\n"                 \
	"  memberSpec: {type: 'docker:x:1', openPorts: 80}\n" more
#define BY_ADDRESS "  sensors: {load: {uri: 'http://10.9.9.9/load', json: $.load, period: 1s}}\n"
#define BROOKLYNS                                                                                            \
	"  brooklyn.policies:\n"                                                                             \
	"  - type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\n"                                \
	"    brooklyn.config: {metric: '$brooklyn:sensor(\"load\")', metricLowerBound: 20, "                 \
	"metricUpperBound: 50, minPoolSize: 1, maxPoolSize: 4, resizeUpStabilizationDelay: 1s, "             \
	"resizeDownStabilizationDelay: 2s}\n"
#define OWN                                                                                                  \
	"  policies: [{type: autoscaler, metric: load, target: 40, max: 5, upCooldown: 1s, downCooldown: "   \
	"1s, downDelay: 5s}]\n"
#define TWO                                                                                                  \
	"id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: web\n  instances: 2\n  openPorts: "   \
	"80\n"

/* Whatever is asked over HTTP or a connection. */
extern struct page {
	const char *load; /* what it says; NULL: nobody answers */
	size_t asked;
	char who_asked[128];
	struct text headers;   /* of the last request, each with a newline */
	int64_t connect_after; /* -1: nothing takes connections */
	char said[64];
	const char *info; /* what is answered over a connection */
	bool was_enough;
} page;

/* Of a suite: .init and .fini. */
void sensing_begin(void);
void sensing_end(void);
/* Also to whoever was started anew. */
void page_answers(void);
/* Deployed, and kept. */
void sense(const char *blueprint);
size_t members(void);
/* What `status` says of the sensor of `web`, as JSON; "-": nothing. */
const char *sensor(const char *name);
/* The same of that instance. */
const char *sensor_of(const char *instance, const char *name);

#endif
