/* read_events.c - Marathon's stream of events: taken apart whatever the pieces it comes in, and what one
 * tells.
 */
#include <string.h>

#include "base/text.h"
#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

/* --- the stream ----------------------------------------------------------------------------- */

static const char *value_of(const struct text *line, const char *field)
{
	const char *text = text_view(line);
	size_t length = strlen(field);

	if (strncmp(text, field, length) != 0 || (text[length] && text[length] != ':'))
		return NULL;
	text += length + (text[length] == ':');
	return text + (*text == ' ');
}

static void take_field(struct marathon_stream *stream)
{
	const char *name = value_of(&stream->line, "event"), *data = value_of(&stream->line, "data");

	if (name) {
		text_clear(&stream->name);
		text_add(&stream->name, name);
	} else if (data) {
		if (stream->has_data)
			text_add_char(&stream->data, '\n');
		text_add(&stream->data, data);
		stream->has_data = true;
	}
}

static bool end_line(struct marathon_stream *stream)
{
	bool more = true;

	if (stream->line.length) {
		take_field(stream);
		text_clear(&stream->line);
		return true;
	}
	/* An empty line ends an event; with nothing before it, it is a sign of life. */
	if (stream->has_data)
		more = stream->event(stream->owner, text_view(&stream->name), text_view(&stream->data),
				     stream->data.length);
	text_clear(&stream->name);
	text_clear(&stream->data);
	stream->has_data = false;
	return more;
}

bool marathon_stream_feed(struct marathon_stream *stream, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool pair = bytes[i] == '\n' && stream->after_return;
		stream->after_return = bytes[i] == '\r';
		if (pair)
			continue;
		if (bytes[i] == '\r' || bytes[i] == '\n') {
			if (!end_line(stream))
				return false;
		} else if (stream->line.length + stream->data.length < MARATHON_EVENT_MOST) {
			text_add_char(&stream->line, bytes[i]);
		} else {
			stream->overflow = true;
			return false;
		}
	}
	return !stream->line.failed && !stream->data.failed && !stream->name.failed;
}

void marathon_stream_release(struct marathon_stream *stream)
{
	text_release(&stream->line);
	text_release(&stream->name);
	text_release(&stream->data);
}

/* --- one event ------------------------------------------------------------------------------ */

/* What is done in a step; of old it was one thing, or a list without a name. */
static const json_t *actions_of(const json_t *step)
{
	return json_is_array(step) ? step : json_object_get(step, "actions");
}

static void add_app(const json_t *action, const char **apps, size_t *count)
{
	const char *app = json_text(action, "app");
	size_t known = 0;

	while (app && known < *count && strcmp(apps[known], app) != 0)
		known++;
	if (app && known == *count)
		apps[(*count)++] = app;
}

/* The apps that a plan's steps are about; each once. */
static int read_plan(const struct marathon_reading *reading, const json_t *plan, struct marathon_event *ret)
{
	const json_t *steps = json_object_get(plan, "steps");
	size_t room = 1;

	for (size_t i = 0; i < json_array_size(steps); i++)
		room += 1 + json_array_size(actions_of(json_array_get(steps, i)));
	const char **apps = arena_array(reading->arena, const char *, room);
	if (!apps)
		return fail_memory(reading->err);
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i), *actions = actions_of(step);
		add_app(step, apps, &ret->app_count);
		for (size_t k = 0; k < json_array_size(actions); k++)
			add_app(json_array_get(actions, k), apps, &ret->app_count);
	}
	ret->apps = apps;
	return 0;
}

int marathon_event_read(const char *name, const json_t *data, struct arena *arena, struct marathon_event *ret,
			struct error *err)
{
	const struct marathon_reading reading = {arena, "event", err};
	const json_t *plan, *definition;
	const char *run_spec, *instance;

	*ret = (struct marathon_event){0};
	if (marathon_must_be_object(&reading, data) < 0 ||
	    marathon_take_text(&reading, data, "eventType", false, &ret->type) < 0 ||
	    marathon_take_text(&reading, data, "appId", false, &ret->app) < 0 ||
	    marathon_take_text(&reading, data, "runSpecId", false, &run_spec) < 0 ||
	    marathon_take_text(&reading, data, "taskId", false, &ret->task) < 0 ||
	    marathon_take_text(&reading, data, "instanceId", false, &instance) < 0 ||
	    marathon_take_text(&reading, data, "id", false, &ret->deployment) < 0 ||
	    marathon_take_text(&reading, data, "reason", false, &ret->reason) < 0 ||
	    marathon_take_text(&reading, data, "taskStatus", false, &ret->state) < 0 ||
	    marathon_take_time(&reading, data, "timestamp", &ret->at_ms) < 0 ||
	    marathon_take_object(&reading, data, "appDefinition", &definition) < 0 ||
	    marathon_take_object(&reading, data, "plan", &plan) < 0)
		return -1;
	if (!ret->type)
		ret->type = name;
	if (!*ret->type)
		return fail(err, ERR_UNREACHABLE, "Marathon told of an event of no type");
	ret->app = ret->app ? ret->app : run_spec ? run_spec : json_text(definition, "id");
	ret->task = ret->task ? ret->task : instance;
	ret->state = ret->state ? ret->state : json_text(data, "condition");
	ret->deployment = ret->deployment ? ret->deployment : json_text(plan, "id");
	return read_plan(&reading, plan, ret);
}
