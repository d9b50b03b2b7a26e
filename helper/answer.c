/* answer.c - reads an HTTP/1 answer byte by byte; as lenient about its lines as web clients are. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/answer.h"

static void end_status_line(struct answer *answer)
{
	const char *line = answer->line, *blank = strchr(line, ' ');
	long status = blank ? strtol(blank, NULL, 10) : 0;
	bool good = strncmp(line, "HTTP/1.", 7) == 0 && status >= 100 && status <= 999;
	answer->status = (int)status;
	answer->at = good ? AT_FIELDS : AT_GARBAGE;
}

/* The value of a field of that name, or NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);
	if (strncasecmp(line, name, length) != 0 || line[length] != ':')
		return NULL;
	line += length + 1;
	return line + strspn(line, " \t");
}

static void end_head(struct answer *answer)
{
	if (answer->status < 200)
		*answer = (struct answer){0}; /* another one follows */
	else if (answer->status == 204 || answer->status == 304)
		answer->at = AT_END;
	else if (answer->chunked)
		answer->at = AT_CHUNK_SIZE;
	else if (answer->sized)
		answer->at = answer->left ? AT_BODY : AT_END;
	else
		answer->at = AT_CLOSE;
}

static void end_field(struct answer *answer)
{
	const char *value;
	char *end;
	if (!answer->line_length) {
		end_head(answer);
	} else if ((value = value_of(answer->line, "Content-Length"))) {
		answer->sized = true;
		answer->left = strtoll(value, &end, 10);
		if (end == value || answer->left < 0)
			answer->at = AT_GARBAGE;
	} else if ((value = value_of(answer->line, "Transfer-Encoding"))) {
		answer->chunked = strcasestr(value, "chunked") != NULL;
	}
}

static void end_chunk_size(struct answer *answer)
{
	char *end;
	answer->left = strtoll(answer->line, &end, 16);
	if (end == answer->line || answer->left < 0)
		answer->at = AT_GARBAGE;
	else
		answer->at = answer->left ? AT_CHUNK : AT_TRAILERS;
}

static void end_line(struct answer *answer)
{
	if (answer->line_length && answer->line[answer->line_length - 1] == '\r')
		answer->line_length--;
	answer->line[answer->line_length] = '\0';
	if (answer->at == AT_STATUS)
		end_status_line(answer);
	else if (answer->at == AT_FIELDS)
		end_field(answer);
	else if (answer->at == AT_CHUNK_SIZE)
		end_chunk_size(answer);
	else if (answer->at == AT_CHUNK_END)
		answer->at = answer->line_length ? AT_GARBAGE : AT_CHUNK_SIZE;
	else if (!answer->line_length)
		answer->at = AT_END; /* after the trailers */
	answer->line_length = 0;
}

static void take_line(struct answer *answer, char byte)
{
	if (byte == '\n')
		end_line(answer);
	else if (answer->line_length < sizeof(answer->line) - 1)
		answer->line[answer->line_length++] = byte;
}

static void take_body(struct answer *answer, char byte)
{
	if (answer->body_length < sizeof(answer->body))
		answer->body[answer->body_length++] = byte;
	if (answer->at == AT_CLOSE || --answer->left)
		return;
	answer->at = answer->at == AT_BODY ? AT_END : AT_CHUNK_END;
}

void answer_take(struct answer *answer, const char *bytes, size_t count)
{
	for (; count && answer->at != AT_END && answer->at != AT_GARBAGE; count--, bytes++) {
		if (answer->at == AT_BODY || answer->at == AT_CHUNK || answer->at == AT_CLOSE)
			take_body(answer, *bytes);
		else
			take_line(answer, *bytes);
	}
}

void answer_closed(struct answer *answer)
{
	if (answer->at == AT_CLOSE)
		answer->at = AT_END;
}
