/* values.c - durations and moments as people write them, and the clocks. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

#define LONGEST_MS (INT64_C(1000) * 60 * 60 * 24 * 36500)

int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t steady_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Milliseconds of a unit; a bare number is seconds. */
static double unit_of(const char **at)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}, {"d", 864e5}};
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		size_t length = strlen(units[i].name);
		if (strncmp(*at, units[i].name, length) == 0) {
			*at += length;
			return units[i].ms;
		}
	}
	return 0;
}

/* Digits with at most one point, by hand: strtod would take "inf", hexadecimals and the locale's comma. */
static bool number_at(const char **at, double *ret)
{
	double value = 0, place = 1;
	const char *start = *at;
	bool fraction = false;
	for (; (**at >= '0' && **at <= '9') || (**at == '.' && !fraction); ++*at) {
		if (**at == '.')
			fraction = true;
		else if (fraction)
			value += (**at - '0') * (place /= 10);
		else
			value = value * 10 + (**at - '0');
	}
	*ret = value;
	return *at > start && (*at)[-1] != '.' && *start != '.';
}

int parse_duration(const char *text, int64_t *ret_ms)
{
	double total = 0;
	if (!*text)
		return -1;
	for (const char *at = text; *at;) {
		double number;
		const char *start = at;
		if (!number_at(&at, &number))
			return -1;
		double unit = *at ? unit_of(&at) : start == text ? 1e3 : 0;
		if (unit == 0)
			return -1;
		total += number * unit;
	}
	if (total > (double)LONGEST_MS)
		return -1;
	*ret_ms = (int64_t)(total + 0.5);
	return 0;
}

/* The zone after a time: "Z", "+02:00" or nothing, which is this machine's. */
static int zone_of(const char *text, struct tm *broken, int64_t *ret_s)
{
	int hours = 0, minutes = 0, used = 0;
	if (!*text) {
		broken->tm_isdst = -1;
		*ret_s = mktime(broken);
		return 0;
	}
	*ret_s = timegm(broken);
	if (strcmp(text, "Z") == 0)
		return 0;
	if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
	    text[1 + used] || hours < 0 || minutes < 0)
		return -1;
	*ret_s -= (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

static int parse_timestamp(const char *text, int64_t *ret_ms)
{
	struct tm broken = {0};
	int64_t seconds = 0;
	double fraction = 0;
	const char *rest = strptime(text, "%Y-%m-%d", &broken);
	if (!rest)
		return -1;
	if (*rest == 'T' || *rest == 't' || *rest == ' ') {
		const char *clock = strptime(rest + 1, "%H:%M:%S", &broken);
		rest = clock ? clock : strptime(rest + 1, "%H:%M", &broken);
	}
	if (!rest)
		return -1;
	if (*rest == '.' && (++rest, !number_at(&rest, &fraction)))
		return -1;
	while (fraction >= 1)
		fraction /= 10;
	if (zone_of(rest, &broken, &seconds))
		return -1;
	*ret_ms = seconds * 1000 + (int64_t)(fraction * 1000);
	return 0;
}

int parse_moment(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	int64_t ago = 0;
	if (parse_duration(text, &ago) == 0) {
		*ret_ms = now_ms - ago;
		return 0;
	}
	return parse_timestamp(text, ret_ms);
}
