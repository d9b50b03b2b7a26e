/* problem.c - what went wrong, as application/problem+json. */
#include <stdio.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"
#include "base/json_write.h"

static const char *status_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
	    {200, "OK"},
	    {202, "Accepted"},
	    {400, "Bad request"},
	    {401, "Who are you?"},
	    {403, "Not allowed"},
	    {404, "Not found"},
	    {405, "Method not allowed"},
	    {409, "Conflict"},
	    {412, "Changed meanwhile"},
	    {413, "Too long"},
	    {415, "Not JSON"},
	    {422, "Not valid"},
	    {500, "Failed"},
	    {502, "A target does not answer, or refuses"},
	    {503, "Not now"},
	    {504, "Time ran out"},
	};
	for (size_t i = 0; i < COUNT_OF(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Failed";
}

int status_of_outcome(enum berth_outcome outcome)
{
	switch (outcome) {
	case BERTH_OK:
		return 200;
	case BERTH_USAGE:
		return 400;
	case BERTH_INVALID:
		return 422;
	case BERTH_LOCKED:
		return 409;
	case BERTH_UNREACHABLE:
	case BERTH_DENIED: /* by a target: whoever asked was let in */
		return 502;
	case BERTH_TIMED_OUT:
		return 504;
	case BERTH_INTERRUPTED:
		return 503;
	case BERTH_FAILED:
		break;
	}
	return 500;
}

/* What the document says of it is finer than the outcome. */
int status_of_code(const char *code, enum berth_outcome outcome)
{
	if (code && strcmp(code, "stale") == 0)
		return 412;
	if (code && (outcome == BERTH_FAILED || outcome == BERTH_USAGE) && strcmp(code, "missing") == 0)
		return 404;
	if (code && outcome == BERTH_FAILED && strcmp(code, "conflict") == 0)
		return 409;
	if (code && outcome == BERTH_FAILED && strcmp(code, "unsupported") == 0)
		return 422;
	if (code && strcmp(code, "no-memory") == 0)
		return 503;
	return status_of_outcome(outcome);
}

static void begin(struct text *to, int status, const char *detail, const char *remedy_text)
{
	json_open(to, NULL, '{');
	json_write_text(to, "type", "about:blank");
	json_write_text(to, "title", status_title(status));
	json_write_number(to, "status", status);
	json_write_text(to, "detail", detail);
	if (remedy_text && *remedy_text)
		json_write_text(to, "remedy", remedy_text);
}

static void end(struct exchange *exchange, int status, struct text *body)
{
	json_close(body, '}');
	if (!body->failed)
		answer_text(exchange, status, "application/problem+json", text_view(body), body->length);
}

void problem(struct exchange *exchange, int status, const char *what_to_do, const char *format, ...)
{
	owned_text body = {0}, detail = {0};
	va_list arguments;
	va_start(arguments, format);
	text_vformat(&detail, format, arguments);
	va_end(arguments);
	begin(&body, status, text_view(&detail), what_to_do);
	end(exchange, status, &body);
}

void problem_error(struct exchange *exchange, const struct error *err)
{
	int status = err->code == ERR_INVALID ? 400 : err->code == ERR_NO_MEMORY ? 503 : 500;
	problem(exchange, status, err->remedy, "%s", err->text);
}

void problem_begin(struct exchange *exchange, const struct berth_error *error)
{
	owned_text body = {0};
	int status = status_of_outcome(error->outcome);
	begin(&body, status, error->text, error->remedy);
	json_write_number(&body, "outcome", error->outcome);
	end(exchange, status, &body);
}

void problem_tracked(struct exchange *exchange, const struct tracked *tracked)
{
	owned_text body = {0};
	owned_json result = *tracked->result == '{' ? json_loads(tracked->result, 0, NULL) : NULL;
	const json_t *diagnostics = json_object_get(result, "diagnostics");
	int status = status_of_code(json_text(json_object_get(result, "error"), "code"), tracked->outcome);
	begin(&body, status, tracked->message, tracked->remedy);
	json_write_number(&body, "outcome", tracked->outcome);
	if (diagnostics)
		json_write_value(&body, "diagnostics", diagnostics);
	if (result)
		json_write_line(&body, "result", tracked->result, strlen(tracked->result));
	end(exchange, status, &body);
}
