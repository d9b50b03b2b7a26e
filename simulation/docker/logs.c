/* logs.c - what containers write, and who reads it. */
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

struct reading {
	bool out, errors;
};

static bool follows(const struct call *call, const struct container *container)
{
	return call->kind == DOCKER_LOGS && call->streams && call->container == container;
}

static void pass_on(struct call *call, const struct log_line *line)
{
	const struct reading *reading = call->own;

	if (line->errors ? reading->errors : reading->out)
		stream_frame(call, call->container->tty, line->errors, line->bytes, line->size);
}

static void add_line(struct container *container, bool errors, const char *bytes, size_t count)
{
	container->log = must(realloc(container->log, (container->log_count + 1) * sizeof(*container->log)));
	struct log_line *line = &container->log[container->log_count++];
	*line = (struct log_line){.at_ns = stamp(container->engine), .errors = errors, .size = count};
	line->bytes = must(malloc(count + 1));
	memcpy(line->bytes, bytes, count);
	for (struct call *call = container->engine->calls; call; call = call->next)
		if (follows(call, container))
			pass_on(call, line);
}

void log_add(struct container *container, bool errors, const char *bytes, size_t count)
{
	attached_tell(container, errors, bytes, count);
	while (count) {
		const char *end = memchr(bytes, '\n', count);
		size_t length = end ? (size_t)(end - bytes) + 1 : count;
		add_line(container, errors, bytes, length);
		bytes += length;
		count -= length;
	}
}

void log_followers_end(struct container *container)
{
	struct call *next;

	for (struct call *call = container->engine->calls; call; call = next) {
		next = call->next;
		if (follows(call, container))
			stream_end(call);
	}
}

void log_free(struct container *container)
{
	for (size_t i = 0; i < container->log_count; i++)
		free(container->log[i].bytes);
	free(container->log);
}

static int64_t since_asked(const struct call *call)
{
	owned_memory char *written = query_value(call, "since");
	char *end = NULL;
	int64_t ns = written ? strtoll(written, &end, 10) * NS_OF_MS * 1000 : 0, digit = NS_OF_MS * 100;

	if (end && *end == '.')
		for (end++; *end >= '0' && *end <= '9' && digit; end++, digit /= 10)
			ns += (*end - '0') * digit;
	return ns;
}

/* The last so many lines of those that are wanted. */
static size_t first_line(const struct call *call, const struct container *container, int64_t since_ns)
{
	owned_memory char *written = query_value(call, "tail");
	const struct reading *reading = call->own;
	int64_t wanted = INT64_MAX;
	size_t at = container->log_count;

	if (written && *written && strcmp(written, "all") != 0)
		(void)parse_number(written, 0, INT64_MAX, &wanted);
	for (; at > 0 && wanted > 0; at--) {
		const struct log_line *line = &container->log[at - 1];
		if (line->at_ns < since_ns)
			break;
		wanted -= line->errors ? reading->errors : reading->out;
	}
	return at;
}

void logs_asked(struct call *call)
{
	struct reading *reading = must(calloc(1, sizeof(*reading)));

	call->own = reading;
	reading->out = query_flag(call, "stdout");
	reading->errors = query_flag(call, "stderr");
	if (!reading->out && !reading->errors) {
		refuse(call, 400, "Bad parameters: you must choose at least one stream");
		return;
	}
	struct container *container = container_of_call(call);
	if (!container)
		return;
	call->container = container;
	size_t at = first_line(call, container, since_asked(call));
	stream_begin(call, NULL);
	for (; at < container->log_count; at++)
		pass_on(call, &container->log[at]);
	if (!query_flag(call, "follow") || !has_process(container))
		stream_end(call);
}
