/* policy_types.c - the tables of policies: each type under its names, each key with its default and meaning.
 */
#include "blueprints/policy_types.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Keys that several types have. */
#define DRY_RUN                                                                                              \
	{                                                                                                    \
		.name = "dryRun", .kind = POLICY_FLAG, .initial = "false", .live = true,                     \
		.meaning = "tell what it would do, and do nothing"                                           \
	}
#define MIN_HEALTHY                                                                                          \
	{                                                                                                    \
		.name = "minHealthy", .kind = POLICY_COUNT, .initial = "1", .live = true,                    \
		.meaning = "an instance that is well is only acted on while so many others are well (never " \
			   "more than there are others)"                                                     \
	}
#define MAX_PARALLEL(initially)                                                                              \
	{                                                                                                    \
		.name = "maxParallel", .kind = POLICY_COUNT, .initial = (initially), .live = true,           \
		.meaning = "at most so many instances of the component are acted on at one time; 0: all"     \
	}
#define BACKOFF(initially)                                                                                   \
	{                                                                                                    \
		.name = "backoff", .kind = POLICY_DURATION, .initial = (initially), .live = true,            \
		.meaning = "the wait after the first try; it doubles with each further one"                  \
	}
#define BACKOFF_MAX(initially)                                                                               \
	{                                                                                                    \
		.name = "backoffMax", .kind = POLICY_DURATION, .initial = (initially), .live = true,         \
		.meaning = "the wait grows no further than this, jitter aside"                               \
	}
#define JITTER                                                                                               \
	{                                                                                                    \
		.name = "jitter", .kind = POLICY_COUNT, .initial = "20", .live = true,                       \
		.meaning = "up to so many percent are added to each wait, by chance (100 at most)"           \
	}
#define STABLE_FOR(initially)                                                                                \
	{                                                                                                    \
		.name = "stableFor", .kind = POLICY_DURATION, .initial = (initially), .live = true,          \
		.meaning = "well for so long: tries are counted from the beginning again"                    \
	}
#define BREAKER_AFTER                                                                                        \
	{                                                                                                    \
		.name = "breakerAfter", .kind = POLICY_COUNT, .initial = "5", .live = true,                  \
		.meaning = "after so many tries in a row the breaker opens, which is reported; 0: never"     \
	}
#define BREAKER_PAUSE(initially)                                                                             \
	{                                                                                                    \
		.name = "breakerPause", .kind = POLICY_DURATION, .initial = (initially), .live = true,       \
		.meaning = "while the breaker is open, one try after each such pause"                        \
	}
#define MAX_TRIES                                                                                            \
	{                                                                                                    \
		.name = "maxTries", .kind = POLICY_COUNT, .initial = "0", .live = true,                      \
		.meaning = "give up after so many tries in a row; 0: never"                                  \
	}

static const struct policy_key classic_restarter[] = {
    {.name = "failOnRecurringFailuresInThisDuration",
     .kind = POLICY_DURATION,
     .initial = "3m",
     .meaning = "a failure so soon after the last one is given up on"},
    {.name = "setOnFireOnFailure",
     .kind = POLICY_FLAG,
     .initial = "true",
     .meaning = "whether what is given up on is expected to be on fire"},
    {.name = "failureSensorToMonitor",
     .kind = POLICY_SENSOR,
     .initial = "ha.entityFailed",
     .meaning = "the sensor that tells of a failure"},
};

static const struct policy_key restarter[] = {
    BACKOFF("1s"),
    BACKOFF_MAX("5m"),
    JITTER,
    STABLE_FOR("1m"),
    BREAKER_AFTER,
    BREAKER_PAUSE("5m"),
    MAX_TRIES,
    MIN_HEALTHY,
    MAX_PARALLEL("4"),
    {.name = "failureSensorToMonitor",
     .kind = POLICY_SENSOR,
     .meaning = "the sensor that tells of a failure; unset: those of both failure detectors"},
    DRY_RUN,
};

static const struct policy_key classic_replacer[] = {
    {.name = "failOnRecurringFailuresInThisDuration",
     .kind = POLICY_MILLIS,
     .initial = "5m",
     .meaning = "failed replacements count for so long"},
    {.name = "failOnNumRecurringFailures",
     .kind = POLICY_COUNT,
     .initial = "5",
     .meaning = "so many failed replacements in that time: no more are tried"},
    {.name = "setOnFireOnFailure",
     .kind = POLICY_FLAG,
     .initial = "true",
     .meaning = "whether a replacement that fails becomes a problem of the group"},
    {.name = "failureSensorToMonitor",
     .kind = POLICY_SENSOR,
     .initial = "ha.entityFailed.restart",
     .meaning = "the members' sensor that tells of a failure"},
};

static const struct policy_key replacer[] = {
    BACKOFF("10s"),
    BACKOFF_MAX("10m"),
    JITTER,
    STABLE_FOR("5m"),
    BREAKER_AFTER,
    BREAKER_PAUSE("10m"),
    MAX_TRIES,
    MIN_HEALTHY,
    MAX_PARALLEL("1"),
    {.name = "unseenAfter",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .live = true,
     .meaning =
	 "one whose machine (of a pool, or its own server) has been silent for so long is made on another "
	 "one, although it may still run; 0s: never"},
    {.name = "failureSensorToMonitor",
     .kind = POLICY_SENSOR,
     .meaning = "the sensor that tells of a failure; unset: ha.entityFailed.restart beside a restarter, "
		"else those of both failure detectors"},
    DRY_RUN,
};

static const struct policy_key classic_detector[] = {
    {.name = "onlyReportIfPreviouslyUp",
     .kind = POLICY_FLAG,
     .initial = "true",
     .meaning = "whether one that was never up cannot fail"},
    {.name = "monitorServiceProblems",
     .kind = POLICY_FLAG,
     .initial = "true",
     .meaning = "without effect, as in Brooklyn 1.1.0: problems are always monitored"},
    {.name = "serviceOnFire.stabilizationDelay",
     .flag = "serviceOnFireStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "not well for so long: its state becomes on-fire"},
    {.name = "entityFailed.stabilizationDelay",
     .flag = "entityFailedStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "not well for so long: ha.entityFailed"},
    {.name = "entityRecovered.stabilizationDelay",
     .flag = "entityRecoveredStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "after a failure, well for so long: ha.entityRecovered"},
    {.name = "entityFailed.republishTime",
     .flag = "entityFailedRepublishTime",
     .kind = POLICY_DURATION,
     .meaning = "tell the failure again after each such time; unset: once"},
};

static const struct policy_key detector[] = {
    {.name = "failedAfter",
     .flag = "entityFailed.stabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "not well for so long: ha.entityFailed",
     .live = true},
    {.name = "recoveredAfter",
     .flag = "entityRecovered.stabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "after a failure, well for so long: ha.entityRecovered",
     .live = true},
    {.name = "onlyIfPreviouslyUp",
     .flag = "onlyReportIfPreviouslyUp",
     .kind = POLICY_FLAG,
     .initial = "false",
     .meaning = "whether one that was never up cannot fail",
     .live = true},
    {.name = "monitorProblems",
     .flag = "monitorServiceProblems",
     .kind = POLICY_FLAG,
     .initial = "true",
     .meaning = "whether a problem is a failure although the service is up",
     .live = true},
};

static const struct policy_key classic_connection[] = {
    {.name = "connectionFailureDetector.endpoint",
     .flag = "endpoint",
     .kind = POLICY_TEXT,
     .meaning = "the host:port to connect to; unset: where the instance can be reached"},
    {.name = "connectionFailureDetector.pollPeriod",
     .flag = "pollPeriod",
     .kind = POLICY_DURATION,
     .initial = "1s",
     .meaning = "from one connection to the next"},
    {.name = "connectionFailureDetector.serviceFailedStabilizationDelay",
     .flag = "connectionFailedStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "no connection for longer than this: ha.connectionFailed"},
    {.name = "connectionFailureDetector.serviceRecoveredStabilizationDelay",
     .flag = "connectionRecoveredStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "after that, connections for longer than this: ha.connectionRecovered"},
    {.name = "failureDetector.sensor.fail",
     .kind = POLICY_SENSOR,
     .initial = "ha.connectionFailed",
     .meaning = "the sensor that tells of the failure"},
    {.name = "failureDetector.sensor.recover",
     .kind = POLICY_SENSOR,
     .initial = "ha.connectionRecovered",
     .meaning = "the sensor that tells of the recovery"},
};

static const struct policy_key connection[] = {
    {.name = "endpoint",
     .kind = POLICY_TEXT,
     .meaning = "the host:port to connect to; unset: where the instance can be reached"},
    {.name = "pollPeriod",
     .kind = POLICY_DURATION,
     .initial = "1s",
     .meaning = "from one connection to the next",
     .live = true},
    {.name = "failedAfter",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "no connection for so long: ha.connectionFailed",
     .live = true},
    {.name = "recoveredAfter",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .meaning = "after that, connections for so long: ha.connectionRecovered",
     .live = true},
};

static const struct policy_key classic_stop_after[] = {
    {.name = "lifetime",
     .kind = POLICY_DURATION,
     .meaning = "how long it may stay, counted from when it first got into the state",
     .live = true,
     .required = true},
    {.name = "state",
     .kind = POLICY_STATE,
     .initial = "running",
     .meaning = "the state that starts the time"},
    {.name = "pollPeriod",
     .kind = POLICY_DURATION,
     .initial = "30s",
     .meaning = "how often it is looked at: it stops up to so much later"},
};

static const struct policy_key stop_after[] = {
    {.name = "lifetime",
     .kind = POLICY_DURATION,
     .meaning = "how long it may stay, counted from when it first got into the state",
     .live = true,
     .required = true},
    {.name = "state",
     .kind = POLICY_STATE,
     .initial = "running",
     .meaning = "the state that starts the time"},
    DRY_RUN,
};

#define EFFECTOR                                                                                             \
	{.name = "effector", .kind = POLICY_TEXT, .meaning = "the effector to invoke", .required = true},    \
	{                                                                                                    \
		.name = "args", .kind = POLICY_MAP, .meaning = "its arguments"                               \
	}
#define PERIOD                                                                                               \
	{.name = "period",                                                                                   \
	 .kind = POLICY_DURATION,                                                                            \
	 .initial = "1h",                                                                                    \
	 .meaning = "from one time to the next",                                                             \
	 .live = true},                                                                                      \
	    {.name = "time", .kind = POLICY_TIME, .meaning = "when first: HH:mm:ss of the day, or now"},     \
	{                                                                                                    \
		.name = "wait", .kind = POLICY_DURATION,                                                     \
		.meaning = "when first, where no time is given; unset: after one period"                     \
	}

static const struct policy_key classic_periodic[] = {
    EFFECTOR,
    PERIOD,
    {.name = "start.sensor",
     .kind = POLICY_SENSOR,
     .initial = "service.isUp",
     .meaning = "the sensor whose truth starts the periods"},
};

static const struct policy_key periodic[] = {
    EFFECTOR,
    PERIOD,
    {.name = "schedule",
     .kind = POLICY_SCHEDULE,
     .meaning = "minute, hour, day, month and day of the week, as cron's; instead of period, time and wait",
     .live = true},
    DRY_RUN,
};

/* Brooklyn's keys have a long name and a short one. */
#define SCALER(key) .name = "autoscaler." key, .flag = (key)

static const struct policy_key classic_autoscaler[] = {
    {SCALER("metric"), .kind = POLICY_SENSOR,
     .meaning = "the sensor to keep within the bounds: an average over the members"},
    {SCALER("entityWithMetric"), .kind = POLICY_ENTITY, .meaning = "whose sensor it is; unset: its own"},
    {SCALER("metricLowerBound"), .kind = POLICY_NUMBER, .live = true,
     .meaning = "below this it shrinks; a metric needs both bounds"},
    {SCALER("metricUpperBound"), .kind = POLICY_NUMBER, .live = true, .meaning = "above this it grows"},
    {SCALER("resizeUpIterationIncrement"), .kind = POLICY_COUNT, .initial = "1", .live = true,
     .meaning = "it grows by a multiple of this"},
    {SCALER("resizeUpIterationMax"), .kind = POLICY_COUNT, .initial = "2147483647", .live = true,
     .meaning = "it grows by so many at one time"},
    {SCALER("resizeDownIterationIncrement"), .kind = POLICY_COUNT, .initial = "1", .live = true,
     .meaning = "it shrinks by a multiple of this"},
    {SCALER("resizeDownIterationMax"), .kind = POLICY_COUNT, .initial = "2147483647", .live = true,
     .meaning = "it shrinks by so many at one time"},
    {SCALER("minPeriodBetweenExecs"), .kind = POLICY_DURATION, .initial = "100ms",
     .meaning = "from one check to the next, at least"},
    {SCALER("resizeUpStabilizationDelay"), .kind = POLICY_DURATION, .initial = "0s", .live = true,
     .meaning = "more was wanted for so long: it grows"},
    {SCALER("resizeDownStabilizationDelay"), .kind = POLICY_DURATION, .initial = "0s", .live = true,
     .meaning = "less was wanted for so long: it shrinks"},
    {SCALER("minPoolSize"), .kind = POLICY_COUNT, .initial = "1", .live = true,
     .meaning = "never fewer than these"},
    {SCALER("maxPoolSize"), .kind = POLICY_COUNT, .initial = "2147483647", .live = true,
     .meaning = "never more than these"},
    {.name = "autoscaler.insufficientCapacityHighWaterMark",
     .kind = POLICY_COUNT,
     .live = true,
     .meaning = "there is no room for more; set by itself where growing met that"},
    {SCALER("resizeOperator"), .kind = POLICY_JAVA, .meaning = "not here: it is Java"},
    {SCALER("currentSizeOperator"), .kind = POLICY_JAVA, .meaning = "not here: it is Java"},
    {SCALER("poolHotSensor"), .kind = POLICY_SENSOR, .initial = "resizablepool.hot",
     .meaning = "tells of a load that is too high; without a metric"},
    {SCALER("poolColdSensor"), .kind = POLICY_SENSOR, .initial = "resizablepool.cold",
     .meaning = "tells of a load that is too low"},
    {SCALER("poolOkSensor"), .kind = POLICY_SENSOR, .initial = "resizablepool.cold",
     .meaning = "tells that the load is fine; that its default is the cold one's is Brooklyn's"},
    {SCALER("maxSizeReachedSensor"), .kind = POLICY_SENSOR,
     .meaning = "emitted, once, when more was wanted than is allowed; unset: never"},
    {SCALER("maxReachedNotificationDelay"), .kind = POLICY_DURATION, .initial = "0s",
     .meaning = "when that was so for so long"},
};

static const struct policy_key autoscaler[] = {
    {.name = "metric",
     .kind = POLICY_SENSOR,
     .meaning = "the number to go by: an average over the instances"},
    {.name = "entity",
     .flag = "entityWithMetric",
     .kind = POLICY_ENTITY,
     .meaning = "the component whose number it is; unset: this one"},
    {.name = "target",
     .kind = POLICY_NUMBER,
     .live = true,
     .meaning = "as many instances as keep the metric near this"},
    {.name = "lower",
     .flag = "metricLowerBound",
     .kind = POLICY_NUMBER,
     .live = true,
     .meaning = "or: fewer below this"},
    {.name = "upper",
     .flag = "metricUpperBound",
     .kind = POLICY_NUMBER,
     .live = true,
     .meaning = "and more above this"},
    {.name = "steps",
     .kind = POLICY_STEPS,
     .meaning = "or: `[{above: 80, add: 2}, {below: 20, remove: 1}]`; the furthest that applies counts"},
    {.name = "metrics",
     .kind = POLICY_METRICS,
     .meaning = "several: a list of maps of the keys above; the one that wants most instances counts"},
    {.name = "min",
     .flag = "minPoolSize",
     .kind = POLICY_COUNT,
     .initial = "1",
     .live = true,
     .meaning = "never fewer instances"},
    {.name = "max",
     .flag = "maxPoolSize",
     .kind = POLICY_COUNT,
     .live = true,
     .required = true,
     .meaning = "never more instances"},
    {.name = "schedules",
     .kind = POLICY_SCHEDULES,
     .meaning = "other bounds by the clock: `[{schedule: 0 8 * * mon-fri, min: 4, max: 9}]`, each from its "
		"moments on until a moment of another"},
    {.name = "upDelay",
     .flag = "resizeUpStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "0s",
     .live = true,
     .meaning = "more were wanted for so long: it grows"},
    {.name = "downDelay",
     .flag = "resizeDownStabilizationDelay",
     .kind = POLICY_DURATION,
     .initial = "5m",
     .live = true,
     .meaning = "fewer were wanted for so long: it shrinks"},
    {.name = "upCooldown",
     .kind = POLICY_DURATION,
     .initial = "30s",
     .live = true,
     .meaning = "after any change it does not grow for so long"},
    {.name = "downCooldown",
     .kind = POLICY_DURATION,
     .initial = "5m",
     .live = true,
     .meaning = "after any change it does not shrink for so long"},
    {.name = "upMax",
     .flag = "resizeUpIterationMax",
     .kind = POLICY_COUNT,
     .initial = "0",
     .live = true,
     .meaning = "at most so many more at one time; 0: any number"},
    {.name = "downMax",
     .flag = "resizeDownIterationMax",
     .kind = POLICY_COUNT,
     .initial = "0",
     .live = true,
     .meaning = "at most so many fewer at one time; 0: any number"},
    {.name = "tolerance",
     .kind = POLICY_COUNT,
     .initial = "10",
     .live = true,
     .meaning = "so many percent from its target a metric changes nothing"},
    {.name = "staleAfter",
     .kind = POLICY_DURATION,
     .initial = "2m",
     .live = true,
     .meaning = "a number that is older is unknown; while one is, it does not shrink"},
    {.name = "capacityPause",
     .kind = POLICY_DURATION,
     .initial = "5m",
     .live = true,
     .meaning = "where there was no room for more, it is tried again after so long"},
    DRY_RUN,
};

#define KEYS(table) .keys = (table), .key_count = COUNT_OF(table)
_Static_assert(COUNT_OF(classic_autoscaler) <= 64 && COUNT_OF(autoscaler) <= 64,
	       "which keys have a value is told by the bits of one number");
#define CLASS(rest) .name = "org.apache.brooklyn.policy." rest, .old_name = "brooklyn.policy." rest

const struct policy_type policy_types[] = {
    {.name = "restarter",
     .kind = POLICY_RESTARTER,
     .summary = "restarts an instance that is not well, with a wait that grows, for ever",
     KEYS(restarter)},
    {.name = "replacer",
     .kind = POLICY_REPLACER,
     .summary = "makes a new instance for one that stays not well, then removes the old one",
     KEYS(replacer)},
    {.name = "failure-detector",
     .kind = POLICY_FAILURE_DETECTOR,
     .summary = "tells when an instance that is to run is not well, and when it is again",
     KEYS(detector)},
    {.name = "connection-failure-detector",
     .kind = POLICY_CONNECTION_DETECTOR,
     .summary = "tells when an instance cannot be connected to, and when it can again",
     KEYS(connection)},
    {.name = "stop-after",
     .kind = POLICY_STOP_AFTER,
     .summary = "stops the component when it has run for a time",
     KEYS(stop_after)},
    {.name = "periodic",
     .kind = POLICY_PERIODIC,
     .summary = "invokes an effector again and again, by a period or a schedule",
     KEYS(periodic)},
    {.name = "autoscaler",
     .kind = POLICY_AUTOSCALER,
     .summary = "has as many instances as the load asks for, and the clock allows",
     KEYS(autoscaler)},
    {CLASS("ha.ServiceRestarter"), .kind = POLICY_RESTARTER, .classic = true,
     .summary = "restarts an instance once; a failure soon after another is given up on",
     KEYS(classic_restarter)},
    {CLASS("ha.ServiceReplacer"), .kind = POLICY_REPLACER, .classic = true,
     .summary = "replaces a member whose restart failed", KEYS(classic_replacer)},
    {CLASS("ha.ServiceFailureDetector"), .kind = POLICY_FAILURE_DETECTOR, .classic = true, .enricher = true,
     .summary = "tells when an instance that is to run fails, and when it recovers", KEYS(classic_detector)},
    {CLASS("ha.ConnectionFailureDetector"), .kind = POLICY_CONNECTION_DETECTOR, .classic = true,
     .summary = "tells when an endpoint cannot be connected to, and when it can again",
     KEYS(classic_connection)},
    {CLASS("action.StopAfterDurationPolicy"), .kind = POLICY_STOP_AFTER, .classic = true,
     .summary = "stops the component when it has run for a time", KEYS(classic_stop_after)},
    {CLASS("action.PeriodicEffectorPolicy"), .kind = POLICY_PERIODIC, .classic = true,
     .summary = "invokes an effector again and again", KEYS(classic_periodic)},
    {CLASS("autoscaling.AutoScalerPolicy"), .kind = POLICY_AUTOSCALER, .classic = true,
     .summary = "resizes a cluster so that a metric stays within bounds", KEYS(classic_autoscaler)},
};
const size_t policy_type_count = COUNT_OF(policy_types);

const struct policy_type *policy_type_find(const char *name)
{
	for (size_t i = 0; i < policy_type_count; i++) {
		const struct policy_type *type = &policy_types[i];
		if (!strcmp(name, type->name) || (type->old_name && !strcmp(name, type->old_name)))
			return type;
	}
	return NULL;
}

/* A class' own name: what people remember of it. */
static const char *short_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

const char *policy_type_closest(const char *name)
{
	const char *names[2 * COUNT_OF(policy_types)];

	for (size_t i = 0; i < policy_type_count; i++) {
		if (!strcmp(short_of(name), short_of(policy_types[i].name)))
			return policy_types[i].name;
		names[2 * i] = policy_types[i].name;
		names[2 * i + 1] = short_of(policy_types[i].name);
	}
	const char *found = closest(short_of(name), names, COUNT_OF(names));
	if (!found)
		found = closest(name, names, COUNT_OF(names));
	for (size_t i = 0; found && i < policy_type_count; i++)
		if (!strcmp(short_of(policy_types[i].name), found))
			return policy_types[i].name;
	return found;
}

int policy_key_find(const struct policy_type *type, const char *name)
{
	for (size_t i = 0; i < type->key_count; i++) {
		const struct policy_key *key = &type->keys[i];
		if (!strcmp(name, key->name) || (key->flag && !strcmp(name, key->flag)))
			return (int)i;
	}
	return -1;
}

const char *policy_key_closest(const struct policy_type *type, const char *name)
{
	const char *names[2 * POLICY_KEYS];
	size_t count = 0;

	for (size_t i = 0; i < type->key_count; i++) {
		names[count++] = type->keys[i].name;
		if (type->keys[i].flag)
			names[count++] = type->keys[i].flag;
	}
	return closest(name, names, count);
}
