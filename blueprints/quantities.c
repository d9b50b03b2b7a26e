/* quantities.c - amounts with a unit: memory and time. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/blueprint.h"

struct unit {
	const char *name;
	int64_t size;
};

/* A decimal number without sign or exponent, moved over; -1 when there is none. */
static double take_decimal(const char **text)
{
	const char *at = *text;
	double value = 0, scale = 1;
	int digits = 0;

	for (; isdigit((unsigned char)*at); at++, digits++)
		value = value * 10 + (*at - '0');
	if (*at == '.' && isdigit((unsigned char)at[1]))
		for (at++; isdigit((unsigned char)*at); at++, digits++) {
			scale /= 10;
			value += (*at - '0') * scale;
		}
	if (!digits || digits > 18)
		return -1;
	*text = at;
	return value;
}

static int64_t find_unit(const char *name, size_t length, const struct unit *units, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == length && !strncasecmp(units[i].name, name, length))
			return units[i].size;
	return -1;
}

static int64_t amount(double value)
{
	return value < 9e18 ? (int64_t)(value + 0.5) : -1;
}

int64_t parse_memory(const char *text)
{
	static const struct unit units[] = {
	    {"", 1},          {"b", 1},         {"k", 1 << 10},    {"kb", 1 << 10},    {"kib", 1 << 10},
	    {"m", 1 << 20},   {"mb", 1 << 20},  {"mib", 1 << 20},  {"g", 1 << 30},     {"gb", 1 << 30},
	    {"gib", 1 << 30}, {"t", 1LL << 40}, {"tb", 1LL << 40}, {"tib", 1LL << 40},
	};
	double value = take_decimal(&text);

	if (value < 0)
		return -1;
	while (*text == ' ')
		text++;
	int64_t size = find_unit(text, strlen(text), units, COUNT_OF(units));
	return size < 0 ? -1 : amount(value * (double)size);
}

int64_t parse_duration_ms(const char *text)
{
	static const struct unit units[] = {
	    {"ms", 1},          {"millis", 1},      {"millisecond", 1}, {"milliseconds", 1},
	    {"s", 1000},        {"sec", 1000},      {"secs", 1000},     {"second", 1000},
	    {"seconds", 1000},  {"m", 60000},       {"min", 60000},     {"mins", 60000},
	    {"minute", 60000},  {"minutes", 60000}, {"h", 3600000},     {"hour", 3600000},
	    {"hours", 3600000}, {"d", 86400000},    {"day", 86400000},  {"days", 86400000},
	};
	double total = 0;
	int parts = 0;

	while (*text == ' ')
		text++;
	for (; *text; parts++) {
		double value = take_decimal(&text);
		if (value < 0)
			return -1;
		while (*text == ' ')
			text++;
		size_t length = 0;
		while (isalpha((unsigned char)text[length]))
			length++;
		int64_t size = length ? find_unit(text, length, units, COUNT_OF(units)) : 1000;
		if (size < 0 || (!length && (*text || parts)))
			return -1;
		total += value * (double)size;
		text += length;
		while (*text == ' ')
			text++;
	}
	return parts ? amount(total) : -1;
}
