/* simulate_story.c - what happened, in the order of virtual time: one plain line for each event. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

#define BEGIN_MS 1000 /* where a clock begins */

int64_t story_now(const struct simulation *simulation)
{
	return clock_now(simulation->clock) - BEGIN_MS;
}

bool story_is_news(struct simulation *simulation, struct map **told, const struct berth_event *event)
{
	const char *before = map_get(*told, event->instance);
	const char *words =
	    arena_format(&simulation->arena, "%s%s%s", event->phase, event->text && *event->text ? ": " : "",
			 event->text ? event->text : "");
	bool goes_on = before && words && strstr(before, ": ") && starts_with(words, before);
	if (!words || goes_on || (before && strcmp(before, words) == 0))
		return false;
	return map_put(told, event->instance, (void *)words) == 0;
}

void story_tell(struct simulation *simulation, const char *who, const char *format, ...)
{
	owned_text words = {0};
	size_t length = simulation->app ? strlen(simulation->app) : 0;
	va_list arguments;
	/* An instance is called as the scenario calls it. */
	if (length && strncmp(who, simulation->app, length) == 0 && who[length] == '.')
		who += length + 1;
	va_start(arguments, format);
	text_vformat(&words, format, arguments);
	va_end(arguments);
	json_t *line = json_object();
	if (words.failed || json_put_number(line, "at_ms", story_now(simulation)) ||
	    json_put_text(line, "who", who) || json_put_text(line, "what", text_view(&words)) ||
	    json_array_append(simulation->story, line))
		simulation->failed = true;
	json_decref(line);
}

const char *duration_words(int64_t ms, char ret[static 32])
{
	int64_t seconds = ms / 1000;
	if (ms % 1000 && ms < 1000)
		snprintf(ret, 32, "%lldms", (long long)ms);
	else if (ms % 1000)
		snprintf(ret, 32, "%lld.%llds", (long long)seconds, (long long)(ms % 1000 / 100));
	else if (seconds < 60 || seconds % 60)
		snprintf(ret, 32, seconds < 120 ? "%llds" : "%lldm%llds",
			 (long long)(seconds < 120 ? seconds : seconds / 60), (long long)(seconds % 60));
	else if (seconds % 3600)
		snprintf(ret, 32, "%lldm", (long long)(seconds / 60));
	else
		snprintf(ret, 32, "%lldh", (long long)(seconds / 3600));
	return ret;
}
