/* log.c - what is worth a line: in words, and in pieces for whoever searches. */
#include <stdarg.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"

/* One line, whatever somebody wrote into a path or a name. */
static void add_line(struct text *to, const char *words, size_t size)
{
	owned_text shown = {0};
	text_add_printable(&shown, words, size);
	for (const char *c = text_view(&shown); *c; c++)
		if (*c == '\n')
			text_add(to, "\\n");
		else
			text_add_char(to, *c == '\t' ? ' ' : *c);
	to->failed |= shown.failed;
}

void log_field(struct log_fields *fields, const char *name, const char *value)
{
	if (value && *value && fields->count < COUNT_OF(fields->items))
		fields->items[fields->count++] = (struct berth_label){name, value};
}

static void put(const struct berth_server *server, enum berth_log_level level, const char *about,
		const struct log_fields *fields, const char *format, va_list arguments)
{
	owned_text words = {0}, line = {0};
	if (!server->log)
		return;
	text_vformat(&words, format, arguments);
	add_line(&line, text_view(&words), words.length);
	const struct berth_log_entry entry = {.size = sizeof entry,
					      .level = level,
					      .about = about,
					      .text = text_view(&line),
					      .fields = fields ? fields->items : NULL,
					      .field_count = fields ? fields->count : 0};
	server->log(server->context, &entry);
}

void server_log(const struct berth_server *server, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put(server, BERTH_LOG_INFO, "server", NULL, format, arguments);
	va_end(arguments);
}

void log_entry(const struct berth_server *server, enum berth_log_level level, const char *about,
	       const struct log_fields *fields, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put(server, level, about, fields, format, arguments);
	va_end(arguments);
}
