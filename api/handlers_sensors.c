/* handlers_sensors.c - numbers of sensors that are pushed: each is told at once, and no operation begins. */
#include <limits.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

/* False with the answer given: it is none. */
static bool read_sample(struct exchange *exchange, const json_t *body, struct berth_sample *ret)
{
	const json_t *value = json_object_get(body, "value"), *instance = json_object_get(body, "instance"),
		     *time_ms = json_object_get(body, "time_ms");
	size_t known = (value != NULL) + (instance != NULL) + (time_ms != NULL);
	int64_t ordinal = instance ? json_integer_value(instance) : 1;
	const char *wrong = NULL;
	if (!json_is_number(value))
		wrong = "`value` is a number";
	else if ((instance && !json_is_integer(instance)) || ordinal < 1 || ordinal > INT_MAX)
		wrong = "`instance` is a whole number from 1 on";
	else if (time_ms && (!json_is_integer(time_ms) || json_integer_value(time_ms) < 1))
		wrong = "`time_ms` is in milliseconds since 1970";
	else if (json_object_size(body) != known)
		wrong = "it takes value, instance and time_ms";
	if (wrong) {
		problem(exchange, 400, "such as {\"value\": 12.5}", "%s", wrong);
		return false;
	}
	*ret = (struct berth_sample){.size = sizeof *ret,
				     .app = exchange->arguments[0],
				     .component = exchange->arguments[1],
				     .sensor = exchange->arguments[2],
				     .instance = instance ? (unsigned)ordinal : 0,
				     .value = json_number_value(value),
				     .time_ms = json_integer_value(time_ms)};
	return true;
}

static int status_of(enum berth_outcome outcome)
{
	switch (outcome) {
	case BERTH_USAGE:
		return 400;
	case BERTH_FAILED:
		return 404;
	case BERTH_LOCKED:
		return 503;
	default:
		return 422;
	}
}

void run_sample(struct exchange *exchange)
{
	struct error err = {0};
	struct berth_sample sample;
	struct berth_error error;
	owned_json body = json_parse(text_view(&exchange->body), exchange->body.length, "the body", &err);
	if (!json_is_object(body)) {
		problem(exchange, 400, "such as {\"value\": 12.5}", "%s",
			err.code ? err.text : "the body is no JSON object");
		return;
	}
	if (!read_sample(exchange, body, &sample))
		return;
	enum berth_outcome outcome = berth_tell(exchange->server->berth, &sample, &error);
	if (outcome == BERTH_OK)
		answer_empty(exchange, 204);
	else
		problem(exchange, status_of(outcome), error.remedy, "%s", error.text);
}
