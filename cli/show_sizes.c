/* show_sizes.c - how large clusters are, what their autoscalers go by, and why the size is as it is. */
#include <string.h>
#include <time.h>

#include "cli/screen.h"

/* "2026-01-02T03:04:05.678Z" in milliseconds; -1: it is none. */
static int64_t moment_of(const char *text)
{
	struct tm parts = {0};
	const char *rest = *text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	int milliseconds = 0;
	if (!rest)
		return -1;
	if (sscanf(rest, ".%3dZ", &milliseconds) != 1)
		milliseconds = 0;
	return (int64_t)timegm(&parts) * 1000 + milliseconds;
}

static void put_age(const struct screen *screen, int64_t ms)
{
	char words[32];
	format_elapsed(words, sizeof words, ms > 0 ? ms : 0);
	fputs(words, screen->to);
}

static const struct {
	const char *holds, *words;
	enum paint how;
	const char *rest; /* behind how long it still takes; NULL: that is not told */
} reasons[] = {
    {"suspended", "its policy is suspended", YELLOW, NULL},
    {"resizing", "it is being resized", YELLOW, NULL},
    {"not-up", "its policy waits until all of it is up", YELLOW, NULL},
    {"failed", "resizing failed, again in ", RED, ""},
    {"no-room", "there is no room for more", RED, NULL},
    {"at-maximum", "at its maximum", YELLOW, NULL},
    {"at-minimum", "at its minimum", PLAIN, NULL},
    {"cooling-down", "cooling down ", CYAN, " more"},
    {"stabilising", "asked for, but not for long enough: ", CYAN, " more"},
    {"unknown", "not all is known: it does not shrink", MAGENTA, NULL},
    {"no-controller", "its policy waits for a controller (`berth serve`)", YELLOW, NULL},
};

static void put_reason(const struct screen *screen, const json_t *size)
{
	const char *holds = text_of(size, "holds");
	size_t i = 0;
	while (i < COUNT_OF(reasons) && strcmp(reasons[i].holds, holds) != 0)
		i++;
	if (i == COUNT_OF(reasons))
		return;
	fputs("; ", screen->to);
	paint(screen, reasons[i].how, "%s", reasons[i].words);
	if (reasons[i].rest) {
		put_age(screen, moment_of(text_of(size, "until")) - wall_ms());
		fputs(reasons[i].rest, screen->to);
	}
	if (json_is_integer(json_object_get(size, "target")))
		fprintf(screen->to, " to %lld", (long long)number_of(size, "target"));
}

static void put_number(const struct screen *screen, const char *before, const json_t *number)
{
	if (json_is_number(number))
		fprintf(screen->to, "%s%g", before, json_number_value(number));
}

/* "(20 to 50)", "(target 40)" */
static void put_goal(const struct screen *screen, const json_t *metric)
{
	const json_t *lower = json_object_get(metric, "lower"), *upper = json_object_get(metric, "upper"),
		     *target = json_object_get(metric, "target");
	if (!lower && !upper && !target)
		return;
	fputs(" (", screen->to);
	put_number(screen, "", lower);
	put_number(screen, lower ? " to " : "up to ", upper);
	put_number(screen, "target ", target);
	putc(')', screen->to);
}

static void show_metric(const struct screen *screen, const json_t *metric)
{
	const char *state = text_of(metric, "state"), *component = text_of(metric, "component");
	bool stale = strcmp(state, "stale") == 0;
	fputs("  ", screen->to);
	if (*component) {
		put(screen, PLAIN, component);
		putc('.', screen->to);
	}
	put(screen, PLAIN, text_of(metric, "name"));
	if (strcmp(state, "unknown") == 0)
		paint(screen, MAGENTA, " is not known");
	else
		put_number(screen, stale ? " was " : " is ", json_object_get(metric, "value"));
	put_goal(screen, metric);
	if (stale) {
		paint(screen, MAGENTA, ", stale: ");
		put_age(screen, wall_ms() - moment_of(text_of(metric, "at")));
		fputs(" ago", screen->to);
	} else if (json_is_integer(json_object_get(metric, "wants"))) {
		fprintf(screen->to, " asks for %lld", (long long)number_of(metric, "wants"));
	}
	putc('\n', screen->to);
}

/* "since 12 s by autoscaler: from 1 instances to 4, load is 90" */
static void show_story(const struct screen *screen, const json_t *size)
{
	const char *how = text_of(size, "how"), *why = text_of(size, "why");
	if (!*how)
		return;
	fputs("  since ", screen->to);
	put_age(screen, wall_ms() - moment_of(text_of(size, "since")));
	fputs(strcmp(how, "policy") == 0  ? " by "
	      : strcmp(how, "scale") == 0 ? ", scaled by "
					  : ", deployed by ",
	      screen->to);
	put(screen, PLAIN, text_of(size, "by"));
	if (*why) {
		fputs(": ", screen->to);
		put(screen, PLAIN, why);
	} else if (strcmp(how, "found") == 0) {
		fputs(": as it was found", screen->to);
	}
	putc('\n', screen->to);
}

/* Brooklyn's has no maximum by itself. */
static void put_bounds(const struct screen *screen, const json_t *size)
{
	int64_t least = number_of(size, "min"), most = number_of(size, "max");
	if (!json_is_integer(json_object_get(size, "max")))
		return;
	if (most == INT32_MAX)
		fprintf(screen->to, ", at least %lld allowed", (long long)least);
	else
		fprintf(screen->to, ", %lld to %lld allowed", (long long)least, (long long)most);
}

void show_size_line(const struct screen *screen, const json_t *component)
{
	const json_t *size = json_object_get(component, "size");
	int64_t wanted = number_of(size, "wanted"), real = number_of(size, "real");
	paint(screen, DIM, "size ");
	put(screen, PLAIN, text_of(component, "id"));
	paint(screen, real == wanted ? GREEN : YELLOW, " %lld of %lld", (long long)real, (long long)wanted);
	if (number_of(size, "quarantined"))
		fprintf(screen->to, ", %lld quarantined", (long long)number_of(size, "quarantined"));
	if (number_of(size, "first"))
		fprintf(screen->to, ", first %s.%lld (%s)", text_of(component, "id"),
			(long long)number_of(size, "first"), text_of(size, "first_type"));
	put_bounds(screen, size);
	put_reason(screen, size);
	putc('\n', screen->to);
}

void show_size(const struct screen *screen, const json_t *component)
{
	const json_t *size = json_object_get(component, "size"), *metric;
	size_t i;
	if (!size)
		return;
	show_size_line(screen, component);
	json_array_foreach (list_of(size, "metrics"), i, metric)
		show_metric(screen, metric);
	show_story(screen, size);
	if (*text_of(size, "no_room")) {
		paint(screen, RED, "  no room for more: ");
		put(screen, PLAIN, text_of(size, "no_room"));
		putc('\n', screen->to);
	}
}
