/* hold_feeds.c - how a feed is asked: by a request, a connection, or through the driver of its instance. */
#include <math.h>
#include <regex.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/measure.h"
#include "engine/invoke_http.h"
#include "engine/reconcile.h"
#include "engine/sensor_feeds.h"
#include "engine/specs.h"

enum {
	LIMIT_MS = 10 * 1000,
	CALL_LIMIT_MS = 60 * 1000,
	ANSWER_LIMIT = 1024 * 1024,
	LONGEST_LINE = 64 * 1024,
	MOST_LINES = 10000,  /* of one turn */
	LOG_SETTLES_MS = 500 /* what was written by then is in the log */
};

/* A question to a driver: a command, a log, or what the instance uses. */
struct feed_call {
	struct errand errand;
	struct arena arena;
	struct exec_session session;
	struct feed_lines variables;
	struct text output; /* of a command; of a log a line that is not whole yet */
	struct usage usage;
	struct log_options log;
	regex_t lines;
	bool compiled;
	size_t matches;
	struct text last; /* the last line that matched */
};

static const struct sensor *sensor_of(const struct feed *feed)
{
	return feed->number->sensor;
}

static struct world *world_of(const struct feed *feed)
{
	return feed_operation(feed)->berth->world;
}

static void tell_text(struct feed *feed, const char *text, size_t size)
{
	const struct sensor *sensor = sensor_of(feed);
	struct error err = {0};
	double value;
	bool failed = measure(sensor->measure, sensor->where, text, size, &value, &err) != 0;
	if (failed && feed_is_given_values(feed))
		fail(&err, ERR_FAILED, "there is no number in what it was told");
	if (failed)
		feed_told_nothing(feed, &err);
	else
		feed_told(feed, value, feed_now(feed));
}

/* --- by a request --------------------------------------------------------------------------------- */

static void answered(void *owner, struct http_answer *answer)
{
	struct feed *feed = owner;
	struct error err = answer->error;
	feed->exchange = NULL;
	if (!err.code && (answer->status < 200 || answer->status > 299))
		fail(&err, ERR_FAILED, "it was answered with status %d", answer->status);
	if (err.code)
		feed_told_nothing(feed, &err);
	else
		tell_text(feed, text_view(&answer->body), answer->body.length);
}

static int url_of(const struct feed *feed, struct text *to, struct error *err)
{
	const struct sensor *sensor = sensor_of(feed);
	if (sensor->uri) {
		text_add(to, sensor->uri);
		return 0;
	}
	if (instance_origin(feed->of->work, sensor->call, to, err))
		return -1;
	text_add(to, sensor->call->path);
	return 0;
}

static void ask_by_http(struct feed *feed)
{
	struct world *world = world_of(feed);
	const struct effector_call *call = sensor_of(feed)->call;
	const struct http_sink sink = {.done = answered, .owner = feed};
	struct error err = {0};
	owned_text url = {0};
	owned_by(feed_lines_release) struct feed_lines headers = {0};
	if (url_of(feed, &url, &err) || feed_headers(feed, &headers, &err)) {
		feed_told_nothing(feed, &err);
		return;
	}
	const struct http_request request = {.method = call->method,
					     .url = text_view(&url),
					     .headers = headers.list,
					     .body = call->body,
					     .body_size = call->body ? strlen(call->body) : 0,
					     .timeout_ms = LIMIT_MS,
					     .body_limit = ANSWER_LIMIT};
	if (url.failed)
		return; /* asked again, like all that memory fails for */
	feed->exchange = world->ops->http_send(world, &request, &sink, &err);
	if (!feed->exchange)
		feed_told_nothing(feed, &err);
}

/* --- by a connection -------------------------------------------------------------------------------- */

static void connected(void *owner, const struct error *err)
{
	struct feed *feed = owner;
	int64_t now_ms = feed_now(feed);
	feed->probe = NULL;
	if (err->code)
		feed_told_nothing(feed, err);
	else
		feed_told(feed, (double)(now_ms - feed->asked_ms), now_ms);
}

/* A line that is not whole yet may have half a number. Prometheus' lines are added up: all are needed. */
static bool is_enough(void *owner, const struct text *heard)
{
	const struct sensor *sensor = sensor_of(owner);
	const char *end = memrchr(text_view(heard), '\n', heard->length);
	size_t length = sensor->measure == MEASURE_JSON ? heard->length
			: end                           ? (size_t)(end - text_view(heard))
							: 0;
	owned_text whole = {.secret = true};
	struct error err = {0};
	double value;
	if (sensor->measure == MEASURE_METRIC || !length)
		return false;
	text_add_bytes(&whole, text_view(heard), length);
	return !whole.failed &&
	       !measure(sensor->measure, sensor->where, text_view(&whole), whole.length, &value, &err);
}

static void heard(void *owner, const struct text *text, const struct error *err)
{
	struct feed *feed = owner;
	feed->talk = NULL;
	if (err->code)
		feed_told_nothing(feed, err);
	else
		tell_text(feed, text_view(text), text->length);
}

static void talk_to(struct feed *feed, const char *address, uint16_t port)
{
	struct world *world = world_of(feed);
	struct error err = {0};
	owned_text words = {.secret = true};
	struct tcp_question question = {.address = address,
					.port = port,
					.timeout_ms = LIMIT_MS,
					.enough = is_enough,
					.answered = heard,
					.owner = feed};
	if (feed_words(feed, &words, &err)) {
		feed_told_nothing(feed, &err);
		return;
	}
	question.words = text_view(&words);
	if (!words.failed) /* asked again, like all that memory fails for */
		feed->talk = world->ops->tcp_ask(world, &question);
}

static void ask_by_tcp(struct feed *feed)
{
	struct world *world = world_of(feed);
	struct error err = {0};
	const char *address;
	uint16_t port;
	if (instance_address(feed->of->work, sensor_of(feed)->call, &address, &port, &err))
		feed_told_nothing(feed, &err);
	else if (sensor_of(feed)->words)
		talk_to(feed, address, port);
	else
		feed->probe = world->ops->tcp_probe(world, address, port, LIMIT_MS, connected, feed);
}

/* --- through the driver ----------------------------------------------------------------------------- */

static void end_call(struct feed *feed)
{
	struct feed_call *call = give(feed->call);
	if (call->compiled)
		regfree(&call->lines);
	text_release(&call->output);
	text_release(&call->last);
	feed_lines_release(&call->variables);
	arena_release(&call->arena);
	free(call);
}

static void wake(struct errand *errand)
{
	feed_wake(errand->owner);
}

/* NULL: no memory; it is asked again, like all that memory fails for. */
static struct feed_call *begin_call(struct feed *feed)
{
	struct feed_call *call = calloc(1, sizeof *call);
	if (call)
		call->errand = (struct errand){.wake = wake, .owner = feed};
	return feed->call = call;
}

/* --- a command --- */

static void take_output(void *owner, bool errors, const char *bytes, size_t count)
{
	struct feed_call *call = ((struct feed *)owner)->call;
	size_t room = call->output.length < ANSWER_LIMIT ? ANSWER_LIMIT - call->output.length : 0;
	if (!errors)
		text_add_bytes(&call->output, bytes, count < room ? count : room);
}

static int begin_command(struct feed *feed, struct error *err)
{
	const char *waits = NULL, *const *words = NULL;
	struct feed_call *call = feed->call;
	if (spec_words(feed->of->work, &call->arena, &sensor_of(feed)->command, &words, &waits, err) !=
	    RESOLVED)
		return waits ? fail(err, ERR_FAILED, "its command waits for `%s`", waits) : -1;
	if (feed_variables(feed, &call->variables, err))
		return -1;
	call->session = (struct exec_session){.command = words,
					      .environment = call->variables.list,
					      .output = take_output,
					      .output_owner = feed};
	return 0;
}

static void command_ended(struct feed *feed)
{
	const struct feed_call *call = feed->call;
	struct error err = {0};
	if (call->session.code) {
		fail(&err, ERR_FAILED, "its command ended with code %d", call->session.code);
		feed_told_nothing(feed, &err);
	} else if (!call->output.failed)
		tell_text(feed, text_view(&call->output), call->output.length);
}

/* --- a log --- */

static void take_line(struct feed_call *call, const char *line, size_t length)
{
	regmatch_t all = {.rm_so = 0, .rm_eo = (regoff_t)length};
	if (regexec(&call->lines, line, 1, &all, REG_STARTEND))
		return;
	call->matches++;
	text_clear(&call->last);
	text_add_bytes(&call->last, line, length);
}

/* Whole lines as they come; of one that never ends the beginning is enough. */
static void take_log(void *owner, bool errors, const char *bytes, size_t count)
{
	struct feed_call *call = ((struct feed *)owner)->call;
	struct text *line = &call->output;
	(void)errors;
	while (count) {
		const char *end = memchr(bytes, '\n', count);
		size_t length = end ? (size_t)(end - bytes) : count;
		size_t room = line->length < LONGEST_LINE ? LONGEST_LINE - line->length : 0;
		if (!line->length && end)
			take_line(call, bytes, length < LONGEST_LINE ? length : LONGEST_LINE);
		else
			text_add_bytes(line, bytes, length < room ? length : room);
		if (line->length && end) {
			take_line(call, text_view(line), line->length);
			text_clear(line);
		}
		length += end != NULL;
		bytes += length;
		count -= length;
	}
}

/* The first time it only remembers from when on lines count. 1: nothing is asked. */
static int begin_log(struct feed *feed, struct error *err)
{
	struct world *world = world_of(feed);
	struct feed_call *call = feed->call;
	int64_t until_ms = world->ops->wall(world) - LOG_SETTLES_MS;
	if (!feed->read_ms || until_ms <= feed->read_ms) {
		feed->read_ms = until_ms;
		return 1;
	}
	if (regcomp(&call->lines, sensor_of(feed)->lines, REG_EXTENDED))
		return fail_memory(err);
	call->compiled = true;
	call->log = (struct log_options){.tail = MOST_LINES, .since_ms = feed->read_ms, .until_ms = until_ms};
	return 0;
}

/* No line is no number, where the number is one of a line's. */
static void log_ended(struct feed *feed)
{
	struct feed_call *call = feed->call;
	feed->read_ms = call->log.until_ms;
	if (call->output.length)
		take_line(call, text_view(&call->output), call->output.length);
	if (call->output.failed || call->last.failed)
		return;
	if (sensor_of(feed)->measure == MEASURE_WHOLE)
		feed_told(feed, (double)call->matches, feed_now(feed));
	else if (call->matches)
		tell_text(feed, text_view(&call->last), call->last.length);
}

/* --- what it uses --- */

/* NAN: not told; what grows is known from the second time on. */
static double used(struct feed *feed, const struct usage *usage)
{
	double rate = NAN;
	switch (sensor_of(feed)->usage) {
	case USAGE_CPU:
	case USAGE_CPUS:
		if (!isnan(usage->cpu_s) && counter_rate(&feed->counter, usage->at_ms, usage->cpu_s, &rate) &&
		    sensor_of(feed)->usage == USAGE_CPU)
			rate *= 100;
		return rate;
	case USAGE_RECEIVED:
		if (!isnan(usage->received_bytes))
			counter_rate(&feed->counter, usage->at_ms, usage->received_bytes, &rate);
		return rate;
	case USAGE_SENT:
		if (!isnan(usage->sent_bytes))
			counter_rate(&feed->counter, usage->at_ms, usage->sent_bytes, &rate);
		return rate;
	case USAGE_MEMORY:
		return usage->memory;
	case USAGE_MEMORY_LIMIT:
		return usage->memory_limit;
	case USAGE_MEMORY_FREE:
		return usage->memory_limit - usage->memory;
	case USAGE_MEMORY_PERCENT:
		return usage->memory_limit > 0 ? usage->memory / usage->memory_limit * 100 : NAN;
	case USAGE_PROCESSES:
		return usage->processes;
	}
	return NAN;
}

static void tell_usage(struct feed *feed, const struct usage *usage)
{
	double value = used(feed, usage);
	if (isfinite(value))
		feed_told(feed, value, feed_now(feed));
}

/* The next one, from `at` on, of those that are told by one answer together with that feed; NULL: no more. */
static struct feed *told_together(const struct feed *feed, size_t *at)
{
	size_t count = 0, index = (size_t)(feed - feed->number->feeds);
	struct number *numbers = held_numbers(feed->held, &count);
	while (*at < count) {
		const struct sensor *sensor = numbers[(*at)++].sensor;
		if (sensor->source == SENSOR_USAGE && sensor->period_ms == sensor_of(feed)->period_ms)
			return &numbers[*at - 1].feeds[index];
	}
	return NULL;
}

static bool is_asked_already(const struct feed *feed)
{
	const struct feed *other;
	for (size_t at = 0; (other = told_together(feed, &at));)
		if (other->call)
			return true;
	return false;
}

/* One answer serves all sensors of the instance that ask for it as often. */
static void usage_ended(struct feed *feed)
{
	const struct usage usage = feed->call->usage;
	struct feed *other;
	for (size_t at = 0; (other = told_together(feed, &at));) {
		if (other != feed)
			feed_put_off(other);
		tell_usage(other, &usage);
	}
}

/* --- all three --- */

static enum progress go_on(struct feed *feed, struct error *err)
{
	struct work *work = feed->of->work;
	struct feed_call *call = feed->call;
	struct location *location = &work->site->location;
	const char *app = feed_operation(feed)->application->id, *name = work->instance->seen->name;
	switch (sensor_of(feed)->source) {
	case SENSOR_COMMAND:
		return driver_of(work)->exec(location, &call->errand, app, name, &call->session, err);
	case SENSOR_LOG:
		return driver_of(work)->logs(location, &call->errand, app, name, &call->log, take_log, feed,
					     err);
	default:
		return driver_of(work)->usage(location, &call->errand, app, name, &call->usage, err);
	}
}

void feed_go_on(struct feed *feed)
{
	struct error err = {0};
	if (!feed->call)
		return;
	enum progress progress = go_on(feed, &err);
	if (progress == PROGRESS_WAITING && feed_now(feed) - feed->asked_ms <= CALL_LIMIT_MS)
		return;
	if (progress == PROGRESS_WAITING) {
		fail(&err, ERR_TIMED_OUT, "there was no end of it within %d s", CALL_LIMIT_MS / 1000);
		feed_give_up(feed);
		feed_told_nothing(feed, &err);
		return;
	}
	if (progress == PROGRESS_FAILED)
		feed_told_nothing(feed, &err);
	else if (sensor_of(feed)->source == SENSOR_COMMAND)
		command_ended(feed);
	else if (sensor_of(feed)->source == SENSOR_LOG)
		log_ended(feed);
	else
		usage_ended(feed);
	end_call(feed);
}

static void ask_by_driver(struct feed *feed)
{
	enum sensor_source source = sensor_of(feed)->source;
	struct error err = {0};
	if ((source == SENSOR_USAGE && is_asked_already(feed)) || !begin_call(feed))
		return;
	int failed = source == SENSOR_COMMAND ? begin_command(feed, &err)
		     : source == SENSOR_LOG   ? begin_log(feed, &err)
					      : 0;
	if (!failed) {
		feed_go_on(feed);
		return;
	}
	if (failed < 0)
		feed_told_nothing(feed, &err);
	end_call(feed);
}

/* --- in its turn ------------------------------------------------------------------------------------ */

bool feed_runs(const struct feed *feed)
{
	const struct held_instance *of = feed->of;
	return !of || (of->work->instance->phase == PHASE_RUNNING && of->work->instance->seen &&
		       !of->sight_lost && !of->acting);
}

bool feed_asks(const struct feed *feed)
{
	return feed->exchange || feed->probe || feed->talk || feed->call;
}

/* By somebody who knows what it would tell. */
static bool is_known(struct feed *feed)
{
	const struct berth *berth = feed->held->hold->operation->berth;
	struct error err = {0};
	double value;
	int known = berth->sample ? berth->sample(berth->sample_owner, feed->held->component->id,
						  sensor_of(feed)->name, &value)
				  : 0;
	if (known > 0) {
		feed_told(feed, value, feed->asked_ms);
	} else if (known < 0) {
		fail(&err, ERR_FAILED, "it is said to tell nothing");
		feed_told_nothing(feed, &err);
	}
	return known != 0;
}

void feed_ask(struct feed *feed)
{
	feed->asked_ms = feed_now(feed);
	if (is_known(feed))
		return;
	switch (sensor_of(feed)->source) {
	case SENSOR_VALUE:
		feed_told(feed, sensor_of(feed)->value, feed->asked_ms);
		break;
	case SENSOR_COMMAND:
	case SENSOR_LOG:
	case SENSOR_USAGE:
		ask_by_driver(feed);
		break;
	case SENSOR_TCP:
		ask_by_tcp(feed);
		break;
	case SENSOR_PUSHED:
	case SENSOR_DERIVED:
		break; /* they are told */
	default:
		ask_by_http(feed);
	}
}

void feed_give_up(struct feed *feed)
{
	struct world *world = world_of(feed);
	if (feed->exchange)
		world->ops->http_cancel(world, give(feed->exchange));
	if (feed->probe)
		world->ops->tcp_cancel(world, give(feed->probe));
	if (feed->talk)
		world->ops->tcp_ask_cancel(world, give(feed->talk));
	if (!feed->call)
		return;
	struct work *work = feed->of->work;
	driver_of(work)->drop(&work->site->location, &feed->call->errand);
	end_call(feed);
}
