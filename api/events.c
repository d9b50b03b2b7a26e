/* events.c - an event of the library as JSON. */
#include <string.h>

#include "api/server.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json_write.h"

const char *event_name(enum berth_event_kind kind)
{
	static const char *const names[] = {
	    [BERTH_EVENT_PHASE] = "phase",     [BERTH_EVENT_LOG] = "log",
	    [BERTH_EVENT_WARNING] = "warning", [BERTH_EVENT_OUTPUT] = "output",
	    [BERTH_EVENT_RECORD] = "record",   [BERTH_EVENT_NOTICE] = "notice"};
	return (size_t)kind < COUNT_OF(names) ? names[kind] : "other";
}

static bool is_text(const char *bytes, size_t size)
{
	for (size_t i = 0, length; i < size; i += length) {
		length = bytes[i] ? utf8_length(bytes + i) : 0;
		if (!length || length > size - i)
			return false;
	}
	return true;
}

/* What is no UTF-8 travels as it is, in letters. */
static void put_bytes(struct text *to, const char *bytes, size_t size)
{
	owned_memory char *copy = strndup(bytes, size);
	if (copy && is_text(copy, size)) {
		json_write_text(to, "text", copy);
		return;
	}
	owned_text letters = {0};
	base64_add(&letters, bytes, size);
	json_write_text(to, "bytes", text_view(&letters));
	to->failed |= letters.failed;
}

static void put(struct text *to, const char *key, const char *value)
{
	if (value)
		json_write_text(to, key, value);
}

void event_json(struct text *to, const struct berth_event *event)
{
	json_open(to, NULL, '{');
	json_write_text(to, "kind", event_name(event->kind));
	put(to, "what", event->what);
	put(to, "app", event->app);
	put(to, "component", event->component);
	put(to, "instance", event->instance);
	put(to, "location", event->location);
	put(to, "phase", event->phase);
	if (event->text)
		put_bytes(to, event->text, event->text_size ? event->text_size : strlen(event->text));
	if (event->errors)
		json_write_flag(to, "errors", true);
	if (event->settled)
		json_write_flag(to, "settled", true);
	json_close(to, '}');
}
