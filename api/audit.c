/* audit.c - who asked for which change, and who was not let in, in the log; however many are refused. */
#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

enum { MINUTE_MS = 60000, MOST_TOLD = 60 };

static bool mutates(const struct exchange *exchange)
{
	return strcmp(exchange->method, "GET") != 0 && strcmp(exchange->method, "HEAD") != 0;
}

/* Of what changes something, and of who was not let in. */
static bool is_audited(const struct exchange *exchange)
{
	const struct tracked *tracked = exchange->tracked;
	if (exchange->status == 401 || exchange->status == 403)
		return true;
	/* Numbers come every second, and change nothing by themselves. */
	if (exchange->status < 400 && exchange->route && exchange->route->run == run_sample)
		return false;
	return mutates(exchange) && !(exchange->status < 400 && tracked && !tracked->verb->changes);
}

static void write_line(const struct exchange *exchange)
{
	const struct tracked *tracked = exchange->tracked;
	const char *who = *exchange->by.who ? exchange->by.who : "somebody";
	struct log_fields fields = {0};
	owned_text line = {0};
	char status[12], process[24] = "";
	snprintf(status, sizeof status, "%d", exchange->status);
	text_format(&line, "audit: %s", who);
	if (exchange->guest->known) {
		snprintf(process, sizeof process, "%ld", (long)exchange->guest->pid);
		text_format(&line, " (process %s)", process);
	}
	text_format(&line, " at %s: %.16s %.200s -> %s", exchange->guest->door->name, exchange->method,
		    exchange->path, status);
	if (tracked)
		text_format(&line, ", %s%s%s, operation %s", tracked->verb->name, tracked->app ? " " : "",
			    tracked->app ? tracked->app : "", tracked->id);
	log_field(&fields, "who", who);
	log_field(&fields, "process", process);
	log_field(&fields, "door", exchange->guest->door->name);
	log_field(&fields, "method", exchange->method);
	log_field(&fields, "path", exchange->path);
	log_field(&fields, "status", status);
	log_field(&fields, "verb", tracked ? tracked->verb->name : NULL);
	log_field(&fields, "app", tracked ? tracked->app : NULL);
	log_field(&fields, "operation", tracked ? tracked->id : NULL);
	log_entry(exchange->server, exchange->status < 400 ? BERTH_LOG_NOTICE : BERTH_LOG_WARNING, "audit",
		  &fields, "%s", text_view(&line));
}

/* --- refusals ------------------------------------------------------------------------------- */

/* Anybody can be refused as often as they like. */
static bool is_refusal(const struct exchange *exchange)
{
	return exchange->status >= 400 &&
	       (!exchange->by.role || exchange->status == 401 || exchange->status == 403);
}

static void end_minute(struct berth_server *server)
{
	struct refusals *refusals = &server->refusals;
	struct log_fields fields = {0};
	char count[24];
	snprintf(count, sizeof count, "%zu", refusals->untold);
	log_field(&fields, "count", count);
	if (refusals->untold)
		log_entry(server, BERTH_LOG_WARNING, "audit", &fields,
			  "audit: %s more were refused within that minute", count);
	*refusals = (struct refusals){0};
}

void audit_sweep(struct berth_server *server, int64_t now_ms)
{
	if (server->refusals.since_ms && now_ms - server->refusals.since_ms >= MINUTE_MS)
		end_minute(server);
}

static bool is_told(struct berth_server *server)
{
	struct refusals *refusals = &server->refusals;
	int64_t now_ms = steady_ms();
	audit_sweep(server, now_ms);
	if (!refusals->since_ms)
		refusals->since_ms = now_ms;
	bool told = refusals->told < MOST_TOLD;
	refusals->told += told;
	refusals->untold += !told;
	return told;
}

void audit(struct exchange *exchange)
{
	if (is_audited(exchange) && (!is_refusal(exchange) || is_told(exchange->server)))
		write_line(exchange);
}
