/* handlers_self.c - routes about the controller itself. */
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

static void answer_word(struct exchange *exchange, int status, const char *word)
{
	answer_text(exchange, status, "text/plain; charset=utf-8", word, strlen(word));
}

void run_alive(struct exchange *exchange)
{
	answer_word(exchange, 200, "ok\n");
}

void run_ready(struct exchange *exchange)
{
	if (exchange->server->stops)
		answer_word(exchange, 503, "ending\n");
	else if (!keeping_ready(exchange->server))
		answer_word(exchange, 503, "looking at what runs\n");
	else
		answer_word(exchange, 200, "ready\n");
}

void run_metrics(struct exchange *exchange)
{
	metrics_answer(exchange);
}

void run_openapi(struct exchange *exchange)
{
	answer_json(exchange, 200, openapi_document());
}

void run_version(struct exchange *exchange)
{
	json_t *document = json_object();
	json_put_text(document, "format_version", "1");
	json_put_text(document, "version", berth_version());
	answer_json(exchange, 200, document);
}
