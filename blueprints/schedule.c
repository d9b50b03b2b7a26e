/* schedule.c - reading a schedule, and finding its next moment. */
#include "blueprints/schedule.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, YEARS_AHEAD = 9 /* a 29th of February is never further off */ };
#define DAY_MS ((int64_t)DAY_MINUTES * MINUTE_MS)

struct field {
	const char *name;
	unsigned low, high;
	const char *const *words; /* of three letters, from `low` on; NULL: none */
};

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
				     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const struct field fields[] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day", 1, 31, NULL},
    {"month", 1, 12, months},
    {"day of the week", 0, 7, weekdays},
};

/* A number or a word, moved over; -1 when neither is there. */
static int take_number(const struct field *field, const char **at)
{
	for (unsigned i = 0; field->words && field->words[i]; i++)
		if (!strncasecmp(*at, field->words[i], 3) && !isalpha((unsigned char)(*at)[3])) {
			*at += 3;
			return (int)(field->low + i);
		}
	int number = 0, digits = 0;
	for (; isdigit((unsigned char)**at) && digits < 4; (*at)++, digits++)
		number = number * 10 + (**at - '0');
	return digits ? number : -1;
}

/* One member of a list: "*", "5", "1-5", each with "/step". */
static int take_range(const struct field *field, const char **at, uint64_t *bits)
{
	int from = (int)field->low, to = (int)field->high, step = 1;
	bool open = **at == '*';

	if (open) {
		(*at)++;
	} else {
		from = to = take_number(field, at);
		if (**at == '-') {
			(*at)++;
			to = take_number(field, at);
			open = true;
		}
	}
	if (**at == '/') {
		(*at)++;
		step = take_number(&(struct field){.name = "step"}, at);
		if (!open)
			to = (int)field->high;
	}
	if (from < 0 || from < (int)field->low || to > (int)field->high || to < from || step < 1)
		return -1;
	for (int i = from; i <= to; i += step)
		*bits |= (uint64_t)1 << i;
	return 0;
}

static int read_field(const struct field *field, const char **at, uint64_t *bits, struct error *err)
{
	const char *from = *at;

	*bits = 0;
	for (;;) {
		if (take_range(field, at, bits))
			break;
		if (**at != ',')
			return !**at || **at == ' '
				   ? 0
				   : fail(err, ERR_INVALID, "the %s ends in `%s`", field->name, *at);
		(*at)++;
	}
	fail(err, ERR_INVALID, "`%s` is no %s", from, field->name);
	remedy(err, "numbers from %u to %u, `*`, ranges `1-5`, lists `1,3` and steps `*/5`", field->low,
	       field->high);
	return -1;
}

static const char *nickname(const char *text)
{
	static const char *const names[][2] = {
	    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
	    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
	    {"@annually", "0 0 1 1 *"},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcasecmp(text, names[i][0]))
			return names[i][1];
	return text;
}

int schedule_parse(const char *text, struct schedule *ret, struct error *err)
{
	uint64_t bits[COUNT_OF(fields)];
	const char *begins[COUNT_OF(fields)];
	const char *at = nickname(text);

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		at += strspn(at, " ");
		begins[i] = at;
		if (!*at) {
			fail(err, ERR_INVALID, "`%s` has no %s", text, fields[i].name);
			remedy(
			    err,
			    "five fields: minute hour day month day-of-the-week, such as `30 3 * * mon-fri`");
			return -1;
		}
		if (read_field(&fields[i], &at, &bits[i], err))
			return -1;
	}
	if (at[strspn(at, " ")])
		return fail(err, ERR_INVALID, "`%s` has more than five fields", text);
	uint32_t sundays = bits[4] >> 7 & 1; /* 7 is Sunday, too */
	*ret = (struct schedule){
	    .minutes = bits[0],
	    .hours = (uint32_t)bits[1],
	    .days = (uint32_t)bits[2],
	    .months = (uint32_t)bits[3],
	    .weekdays = (uint32_t)(bits[4] & 0x7f) | sundays,
	    .every_day = *begins[2] == '*',
	    .every_weekday = *begins[4] == '*',
	};
	return 0;
}

static bool day_matches(const struct schedule *s, int64_t day)
{
	time_t seconds = (time_t)(day * (DAY_MS / 1000));
	struct tm date;

	if (!gmtime_r(&seconds, &date) || !(s->months >> (date.tm_mon + 1) & 1))
		return false;
	bool by_day = s->days >> date.tm_mday & 1, by_weekday = s->weekdays >> date.tm_wday & 1;
	return s->every_day || s->every_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* The first minute of a day from this one on; -1: none. */
static int64_t minute_from(const struct schedule *s, int64_t minute)
{
	for (; minute < DAY_MINUTES; minute++)
		if (s->hours >> (minute / 60) & 1 && s->minutes >> (minute % 60) & 1)
			return minute;
	return -1;
}

/* The last minute of a day up to this one; -1: none. */
static int64_t minute_until(const struct schedule *s, int64_t minute)
{
	while (minute >= 0 && !(s->hours >> (minute / 60) & 1 && s->minutes >> (minute % 60) & 1))
		minute--;
	return minute;
}

int64_t schedule_last(const struct schedule *schedule, int64_t until_ms)
{
	if (until_ms < 0)
		return -1;
	int64_t day = until_ms / DAY_MS, minute = until_ms % DAY_MS / MINUTE_MS;

	for (int64_t first = day - YEARS_AHEAD * 366; day >= 0 && day >= first; day--) {
		int64_t at = day_matches(schedule, day) ? minute_until(schedule, minute) : -1;
		if (at >= 0)
			return day * DAY_MS + at * MINUTE_MS;
		minute = DAY_MINUTES - 1;
	}
	return -1;
}

int64_t schedule_next(const struct schedule *schedule, int64_t after_ms)
{
	if (after_ms < 0)
		after_ms = 0;
	int64_t day = after_ms / DAY_MS, minute = after_ms % DAY_MS / MINUTE_MS + 1;

	for (int64_t last = day + YEARS_AHEAD * 366; day <= last; day++, minute = 0) {
		int64_t at = day_matches(schedule, day) ? minute_from(schedule, minute) : -1;
		if (at >= 0)
			return day * DAY_MS + at * MINUTE_MS;
	}
	return -1;
}
