/* output.c - what an instance of the scripted target wrote, given to whoever reads its logs. */
#include <string.h>

#include "locations/fake/call.h"

static size_t begin_at_time(const struct fake_instance *instance, int64_t since_ms)
{
	size_t start = 0;

	for (size_t i = 0; i < instance->mark_count && instance->marks[i].at_ms < since_ms; i++)
		start = instance->marks[i].end;
	return start;
}

static size_t begin_at_line(const struct text *log, int64_t lines)
{
	size_t at = log->length;

	if (lines < 0)
		return 0;
	if (!lines)
		return at;
	/* The newline at the very end closes the last line. */
	if (at && log->data[at - 1] == '\n')
		at--;
	for (; at; at--)
		if (log->data[at - 1] == '\n' && --lines == 0)
			return at;
	return 0;
}

static void give_out(struct call *call, const struct fake_instance *instance)
{
	size_t from = call->log_read;

	int64_t until_ms = call->question.log->until_ms;
	for (size_t i = 0; i < instance->mark_count; i++) {
		if (until_ms && instance->marks[i].at_ms >= until_ms)
			break;
		size_t end = instance->marks[i].end;
		if (end <= from)
			continue;
		call->question.sink(call->question.sink_owner, false, instance->log.data + from, end - from);
		from = end;
	}
	call->log_read = from;
}

bool call_read(struct call *call)
{
	const struct fake_instance *instance = target_instance(call->fake->target, call->name);
	const struct log_options *options = call->question.log;

	if (!instance || instance->log.failed)
		return true;
	if (!call->reading) {
		size_t line = begin_at_line(&instance->log, options->tail);
		size_t time = begin_at_time(instance, options->since_ms);
		call->log_read = line > time ? line : time;
		call->reading = true;
	}
	give_out(call, instance);
	return !options->follow ||
	       (instance->seen.state != SEEN_RUNNING && instance->seen.state != SEEN_RESTARTING);
}
