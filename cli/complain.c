/* complain.c - why something cannot be done, for people on standard error and with -o json as a document too.
 */
#include <stdarg.h>
#include <string.h>

#include "cli/screen.h"

bool wants_json(const struct invocation *invocation)
{
	const char *output = invocation->settings.output;
	return output && strcmp(output, "json") == 0;
}

static const char *code_word(enum berth_outcome outcome)
{
	switch (outcome) {
	case BERTH_OK:
		return "ok";
	case BERTH_FAILED:
		return "failed";
	case BERTH_USAGE:
		return "usage";
	case BERTH_INVALID:
		return "invalid";
	case BERTH_UNREACHABLE:
		return "unreachable";
	case BERTH_LOCKED:
		return "locked";
	case BERTH_DENIED:
		return "denied";
	case BERTH_TIMED_OUT:
		return "timed-out";
	case BERTH_INTERRUPTED:
		return "cancelled";
	}
	return "failed";
}

static void print_document(enum berth_outcome outcome, const char *text, const char *remedy)
{
	owned_memory char *shown_text = printable(text, strlen(text)),
			  *shown_remedy = printable(remedy, strlen(remedy));
	owned_json document =
	    json_pack("{s:s, s:{s:s, s:s, s:s}}", "format_version", "1", "error", "code", code_word(outcome),
		      "text", shown_text ? shown_text : "", "remedy", shown_remedy ? shown_remedy : "");
	if (document) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

int complain(const struct invocation *invocation, enum berth_outcome outcome, const char *text,
	     const char *remedy)
{
	struct screen screen = screen_of(stderr, invocation);
	if (invocation->silent)
		return (int)outcome;
	if (wants_json(invocation))
		print_document(outcome, text, remedy ? remedy : "");
	show_error(&screen, text, remedy);
	return (int)outcome;
}

int complain_usage(const struct invocation *invocation, const char *remedy, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	int code = complain(invocation, BERTH_USAGE, length < 0 ? "bad usage" : text, remedy);
	if (length >= 0)
		free(text);
	return code;
}
