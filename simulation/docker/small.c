/* small.c - what every file of the simulated engine needs: memory that is there, ids, times, JSON text. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "simulation/docker/model.h"

void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

json_t *must_json(json_t *json)
{
	return must(json);
}

char *copy(const char *text)
{
	return must(strdup(text));
}

char *copy_or_null(const char *text)
{
	return text ? copy(text) : NULL;
}

char *format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return must(length < 0 ? NULL : text);
}

void new_id(struct docker_engine *engine, char ret[static ID_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdef";
	struct world *world = universe_outside(engine->universe);
	unsigned char bytes[ID_LENGTH / 2];

	(void)world->ops->random(world, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[ID_LENGTH] = '\0';
}

int64_t stamp(struct docker_engine *engine)
{
	struct world *world = universe_outside(engine->universe);
	int64_t now = world->ops->wall(world);

	engine->within = now == engine->last_ms ? engine->within + 1 : 1;
	engine->last_ms = now;
	/* Ends with a digit that is not left out. */
	return now * NS_OF_MS + (int64_t)engine->within * 131;
}

static void put_part(char *to, int64_t number, size_t digits)
{
	for (; digits > 0; digits--, number /= 10)
		to[digits - 1] = (char)('0' + number % 10);
}

void put_time(struct text *to, int64_t at_ns)
{
	char text[40] = "0000-00-00T00:00:00.000000000";
	time_t seconds = at_ns / (NS_OF_MS * 1000);
	size_t length = 29;
	struct tm tm;

	if (!at_ns) {
		text_add(to, NEVER);
		return;
	}
	gmtime_r(&seconds, &tm);
	put_part(text, tm.tm_year + 1900, 4);
	put_part(text + 5, tm.tm_mon + 1, 2);
	put_part(text + 8, tm.tm_mday, 2);
	put_part(text + 11, tm.tm_hour, 2);
	put_part(text + 14, tm.tm_min, 2);
	put_part(text + 17, tm.tm_sec, 2);
	put_part(text + 20, at_ns % (NS_OF_MS * 1000), 9);
	while (text[length - 1] == '0')
		length--;
	length -= text[length - 1] == '.';
	text[length++] = 'Z';
	text_add_bytes(to, text, length);
}

void put_quoted(struct text *to, const char *string)
{
	text_add_char(to, '"');
	for (const char *at = string; *at;) {
		size_t plain = 0;
		while ((unsigned char)at[plain] >= ' ' && at[plain] != '"' && at[plain] != '\\')
			plain++;
		text_add_bytes(to, at, plain);
		at += plain;
		if (!*at)
			break;
		if (*at == '"' || *at == '\\')
			text_format(to, "\\%c", *at);
		else if (*at == '\n')
			text_add(to, "\\n");
		else
			text_format(to, "\\u%04x", (unsigned char)*at);
		at++;
	}
	text_add_char(to, '"');
}

void put_json(struct text *to, const json_t *json)
{
	if (json)
		json_add_line(to, json);
	else
		text_add(to, "null");
}

void put_member(struct text *to, const char *key, const char *string)
{
	text_add(to, ",\"");
	text_add(to, key);
	text_add(to, "\":");
	put_quoted(to, string);
}

void put_number(struct text *to, int64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		digits[--at] = (char)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		digits[--at] = '-';
	text_add_bytes(to, digits + at, sizeof(digits) - at);
}

const char *address_text(uint32_t address, char ret[static 16])
{
	snprintf(ret, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		 address & 255);
	return ret;
}

void put_address(struct text *to, uint32_t address)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		put_number(to, address >> shift & 255);
		if (shift)
			text_add_char(to, '.');
	}
}

bool parse_address(const char *text, uint32_t *ret)
{
	struct in_addr numeric;

	if (!text || inet_pton(AF_INET, text, &numeric) != 1)
		return false;
	*ret = ntohl(numeric.s_addr);
	return true;
}

void put_list(void **list, void *object, size_t next_at)
{
	while (*list)
		list = (void **)((char *)*list + next_at);
	*list = object;
}

/* As the engine's own httputils has it. */
bool truth(const char *value)
{
	return value && *value && strcmp(value, "0") != 0 && strcasecmp(value, "no") != 0 &&
	       strcasecmp(value, "false") != 0 && strcasecmp(value, "none") != 0;
}
