/* feed_values.c - what a feed is asked with and what is only known then, as a secret is: headers, variables.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "engine/sensor_feeds.h"
#include "engine/specs.h"

/* Of the component as a whole they are what its first instance would be given. */
static struct work *work_of(const struct feed *feed, struct error *err)
{
	if (!feed->of && !feed->held->member_count) {
		fail(err, ERR_FAILED, "it has no instance whose values could be taken");
		return NULL;
	}
	return feed->of ? feed->of->work : feed->held->members[0].work;
}

/* 0, or -1 with *err. */
static int add_value(const struct feed *feed, const struct value *value, struct text *to, struct error *err)
{
	struct work *work = work_of(feed, err);
	struct value_text found = {.text = {.secret = true}};
	const char *waits = NULL;
	if (!work)
		return -1;
	enum resolved resolved = value_resolve(work, value, &found, &waits, err);
	text_add(to, resolved == RESOLVED ? text_view(&found.text) : "");
	text_release(&found.text);
	if (resolved == RESOLVED_LATER)
		return fail(err, ERR_FAILED, "it waits for `%s`", waits ? waits : "another component");
	return resolved == RESOLVED ? 0 : -1;
}

int feed_words(const struct feed *feed, struct text *to, struct error *err)
{
	return add_value(feed, feed->number->sensor->words, to, err);
}

static int add_line(struct feed_lines *lines, struct text *line, struct error *err)
{
	if (line->failed)
		return fail_memory(err);
	/* A line of a header is one line whatever is in it. */
	if (strpbrk(text_view(line), "\r\n"))
		return fail(err, ERR_INVALID, "what it is to be asked with is not on one line");
	lines->texts[lines->count] = *line;
	*line = (struct text){.secret = true};
	lines->list[lines->count] = text_view(&lines->texts[lines->count]);
	lines->count++;
	return 0;
}

static int add_entries(const struct feed *feed, const struct environment_entry *entries, size_t count,
		       const char *between, struct feed_lines *lines, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		owned_text line = {.secret = true};
		text_format(&line, "%s%s", entries[i].name, between);
		if (add_value(feed, &entries[i].value, &line, err) || add_line(lines, &line, err))
			return -1;
	}
	return 0;
}

static int add_user(const struct feed *feed, struct feed_lines *lines, struct error *err)
{
	const struct sensor *sensor = feed->number->sensor;
	owned_text plain = {.secret = true}, line = {.secret = true};
	if (!sensor->password)
		return 0;
	text_format(&plain, "%s:", sensor->user);
	if (add_value(feed, sensor->password, &plain, err))
		return -1;
	text_add(&line, "Authorization: Basic ");
	base64_add(&line, text_view(&plain), plain.length);
	line.failed |= plain.failed;
	return add_line(lines, &line, err);
}

static int make_room(struct feed_lines *lines, size_t count, struct error *err)
{
	lines->list = calloc(count + 1, sizeof *lines->list);
	lines->texts = calloc(count + 1, sizeof *lines->texts);
	return lines->list && lines->texts ? 0 : fail_memory(err);
}

int feed_headers(const struct feed *feed, struct feed_lines *ret, struct error *err)
{
	const struct sensor *sensor = feed->number->sensor;
	const char *const *known = sensor->call->headers;
	size_t count = 0;
	while (known && known[count])
		count++;
	if (make_room(ret, count + sensor->header_count + 1, err))
		return -1;
	for (; ret->count < count; ret->count++)
		ret->list[ret->count] = known[ret->count];
	return add_entries(feed, sensor->headers, sensor->header_count, ": ", ret, err) ||
		       add_user(feed, ret, err)
		   ? -1
		   : 0;
}

int feed_variables(const struct feed *feed, struct feed_lines *ret, struct error *err)
{
	const struct sensor *sensor = feed->number->sensor;
	if (make_room(ret, sensor->environment_count, err))
		return -1;
	return add_entries(feed, sensor->environment, sensor->environment_count, "=", ret, err);
}

void feed_lines_release(struct feed_lines *lines)
{
	for (size_t i = 0; lines->texts && i < lines->count; i++)
		text_release(&lines->texts[i]);
	free(lines->list);
	free(lines->texts);
	*lines = (struct feed_lines){0};
}

bool feed_is_given_values(const struct feed *feed)
{
	const struct sensor *sensor = feed->number->sensor;
	return sensor->header_count || sensor->environment_count || sensor->password ||
	       (sensor->words && sensor->words->kind != VALUE_TEXT);
}
