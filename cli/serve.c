/* serve.c - `berth serve`: the controller, in its loop with signals and the service manager. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <berth/serve.h>

#include "cli/commands.h"
#include "cli/log_entries.h"
#include "cli/manager.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"state", 0, FLAG_TEXT, AT(state), "DIR", NULL, "the store's directory, which it takes for itself"},
    {"listen", 0, FLAG_WORDS, AT(listen), "ADDRESS", NULL, "unix:PATH or tcp:HOST:PORT; repeatable"},
    {"tls-cert", 0, FLAG_TEXT, AT(tls_cert), "FILE", NULL, "for tcp: its certificate, with the chain (PEM)"},
    {"tls-key", 0, FLAG_TEXT, AT(tls_key), "FILE", NULL, "for tcp: the key of that (PEM)"},
    {"client-ca", 0, FLAG_TEXT, AT(client_ca), "FILE", NULL,
     "for tcp: whoever has a certificate of this authority may come in"},
    {"webhook-file", 0, FLAG_TEXT, AT(webhook_file), "FILE", NULL,
     "who is told of failures, recoveries and breakers: URL SECRET [WHAT,...], one a line"},
    {"webhook-ca", 0, FLAG_TEXT, AT(webhook_ca), "FILE", NULL, "who vouches for them (PEM)"},
    {"log-format", 0, FLAG_CHOICE, AT(log_format), "FORMAT", "text|logfmt|json",
     "how it logs to standard error"},
    {0},
};

struct serving {
	struct invocation *invocation;
	struct berth_server *server;
	struct manager manager;
	struct log log;
	char status[120]; /* what the service manager was told last */
	int stops;
};

static void log_line(struct serving *serving, const char *line)
{
	const struct berth_log_entry entry = {
	    .size = sizeof entry, .level = BERTH_LOG_INFO, .about = "server", .text = line};
	log_write(&serving->log, &entry);
}

static void refuse_reload(struct serving *serving, const struct berth_error *error)
{
	char text[sizeof error->text + sizeof error->remedy + 48];
	snprintf(text, sizeof text, "nothing is read again, all is as before: %s%s%s", error->text,
		 *error->remedy ? "; " : "", error->remedy);
	const struct berth_log_entry entry = {
	    .size = sizeof entry, .level = BERTH_LOG_ERROR, .about = "server", .text = text};
	log_write(&serving->log, &entry);
}

static void reload(struct serving *serving)
{
	struct berth_error error = {0};
	manager_tell(&serving->manager, "RELOADING=1");
	if (berth_server_reload(serving->server, &error))
		refuse_reload(serving, &error);
	else
		log_line(serving, "tokens, certificates, webhooks and locations are read again");
	manager_tell(&serving->manager, "READY=1");
}

static void take_signal(struct serving *serving, int number)
{
	if (number == SIGHUP) {
		reload(serving);
		return;
	}
	manager_tell(&serving->manager, "STOPPING=1");
	berth_server_stop(serving->server);
	if (++serving->stops == 2)
		signals_default();
}

static int sooner(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* What `systemctl status` shows. */
static void tell_status(struct serving *serving)
{
	char line[sizeof serving->status + 8];
	if (serving->manager.fd < 0)
		return;
	const char *status = berth_server_status(serving->server);
	if (strcmp(serving->status, status) == 0)
		return;
	snprintf(serving->status, sizeof serving->status, "%s", status);
	snprintf(line, sizeof line, "STATUS=%s", serving->status);
	manager_tell(&serving->manager, line);
}

static void turn(struct serving *serving, int signals)
{
	struct pollfd wait[] = {{.fd = berth_server_fd(serving->server), .events = POLLIN},
				{.fd = signals, .events = POLLIN}};
	int timeout = sooner(berth_server_timeout_ms(serving->server), manager_timeout_ms(&serving->manager));
	if (poll(wait, COUNT_OF(wait), timeout) < 0 && errno != EINTR)
		return;
	for (int number = signals_next(); number; number = signals_next())
		take_signal(serving, number);
	berth_server_dispatch(serving->server);
	manager_alive(&serving->manager);
	tell_status(serving);
}

/* One descriptor for each application that is kept, beside those of connections. */
static void make_room(void)
{
	enum { ROOM = 16384 };
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= ROOM)
		return;
	limit.rlim_cur = limit.rlim_max < ROOM ? limit.rlim_max : ROOM;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int serve(struct serving *serving, const struct berth_server_options *options)
{
	struct berth_error error = {0};
	struct invocation *invocation = serving->invocation;
	make_room();
	if (open_berth(invocation, &error) ||
	    berth_server_open(&serving->server, invocation->berth, options, &error))
		return complain(invocation, error.outcome ? error.outcome : BERTH_FAILED, error.text,
				error.remedy);
	int signals = signals_begin();
	manager_tell(&serving->manager, "READY=1");
	while (!berth_server_stopped(serving->server))
		turn(serving, signals);
	signals_end();
	berth_server_close(serving->server);
	log_line(serving, "ended");
	return BERTH_OK;
}

static int serve_run(struct invocation *invocation)
{
	struct settings *settings = &invocation->settings;
	struct serving serving = {.invocation = invocation};
	manager_begin(&serving.manager);
	log_begin(&serving.log, settings->log_format);
	settings->controller = "none"; /* it is one */
	struct berth_server_options options = {
	    .size = sizeof options,
	    .listen = settings->listen.items,
	    .sockets = serving.manager.sockets,
	    .socket_count = serving.manager.socket_count,
	    .tls_certificate = settings->tls_cert,
	    .tls_key = settings->tls_key,
	    .client_ca = settings->client_ca,
	    .token_file = settings->token_file,
	    .webhook_file = settings->webhook_file,
	    .webhook_ca = settings->webhook_ca,
	    .log = log_write,
	    .context = &serving.log,
	};
	int code = serve(&serving, &options);
	manager_end(&serving.manager);
	return code;
}

const struct command command_serve = {
    .name = "serve",
    .arguments = "",
    .summary = "the controller: an HTTP API that stays",
    .details =
	"Takes a store for itself and carries out what others ask of it, by HTTP: programs, and every other "
	"command of berth with --controller, or without it on the same machine and store. What goes on does "
	"not end when whoever asked goes away.\n\n"
	"It listens on `controller.sock` beside the store, or where --listen says. Through a socket of this "
	"machine root and the user that it runs as may do everything, and nobody else anything. TCP takes "
	"TLS, and a token or a certificate of whoever asks: --token-file has lines of TOKEN ROLE [NAME], "
	"where the role is `read`, `operate` or `admin`, and --client-ca the authority whose certificates "
	"are let in, with the role that their organizational unit names.\n\n"
	"It logs to standard error, who changed what among it: --log-format `text`, `logfmt` or `json`; "
	"where "
	"that is the journal, each line with its priority. SIGTERM ends it when what flies is finished "
	"or recorded, a second one at once; SIGHUP makes it read tokens, certificates, webhooks and its "
	"`locations.yaml` "
	"again, all of it or, when something is wrong with one of them, nothing. Under "
	"systemd it tells when it is ready (Type=notify), feeds the watchdog and takes sockets.\n\n"
	"Who is in --webhook-file is told when an instance that is kept is not well (`failure`), is well "
	"again "
	"(`recovery`), and when mending it does not help (`breaker`) or did in the end (`breaker-closed`), "
	"and when there is no room for as many members as a cluster is to have (`no-capacity`): a "
	"POST "
	"with JSON, signed with the line's secret, and tried again for a day.\n\n"
	"`GET /v1/openapi.json` describes the API.",
    .flags = flags,
    .examples = {{"berth serve", "beside the user's own store; other commands find it there"},
		 {"berth serve --listen tcp:0.0.0.0:7443 --tls-cert c.pem --tls-key k.pem --token-file t",
		  "for other machines"}},
    .endings = ENDS_AT_ONCE | ENDS(FAILED) | ENDS(LOCKED) | ENDS(DENIED),
    .run = serve_run,
};
