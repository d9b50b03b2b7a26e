/* keeping.c - the applications of the store are kept for as long as the server runs. */
#include "api/server.h"

/* What a person wants to find in the log: what was done, and why. */
static void event(void *context, const struct berth_event *event)
{
	struct berth_server *server = context;
	struct log_fields fields = {0};
	log_field(&fields, "app", event->app);
	log_field(&fields, "instance", event->instance);
	log_field(&fields, "phase", event->phase);
	if (event->kind == BERTH_EVENT_NOTICE)
		webhooks_tell(server->webhooks, event);
	if (event->kind == BERTH_EVENT_WARNING)
		log_entry(server, BERTH_LOG_WARNING, "kept", &fields, "%s%s%.*s",
			  event->app ? event->app : "", event->app ? ": " : "", (int)event->text_size,
			  event->text);
	else if (event->kind == BERTH_EVENT_PHASE && event->settled)
		log_entry(server, BERTH_LOG_INFO, "kept", &fields, "%s: %s", event->instance, event->phase);
}

int keeping_begin(struct berth_server *server, struct error *err)
{
	const struct berth_listener listener = {.size = sizeof listener, .event = event, .context = server};
	struct berth_error why = {0};
	server->keeping = berth_keep(server->berth, NULL, &listener, &why);
	return server->keeping ? 0 : fail(err, ERR_FAILED, "%s", why.text);
}

bool keeping_ready(const struct berth_server *server)
{
	return berth_keep_ready(server->keeping);
}

void keeping_stop(struct berth_server *server)
{
	berth_cancel(server->keeping);
}

bool keeping_ended(const struct berth_server *server)
{
	return berth_done(server->keeping);
}
