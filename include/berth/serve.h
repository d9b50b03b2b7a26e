/* serve.h - the controller: a `struct berth` behind an HTTP API.
 *
 * The server takes part in its host's loop: poll berth_server_fd() for reading, for at most
 * berth_server_timeout_ms(), then berth_server_dispatch(). That moves the operations of its `struct berth`
 * too. It takes no signal and starts no thread.
 */
#ifndef BERTH_SERVE_H
#define BERTH_SERVE_H

#include <berth/berth.h>
#include <berth/numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

struct berth_server;

/* As syslog has them. */
enum berth_log_level { BERTH_LOG_ERROR = 3, BERTH_LOG_WARNING = 4, BERTH_LOG_NOTICE = 5, BERTH_LOG_INFO = 6 };

/* Something worth a line: valid during the call only. */
struct berth_log_entry {
	size_t size;
	enum berth_log_level level;
	const char *about; /* "server", "audit" (who asked for what), "operation" (how it ended), "kept" */
	const char *text;  /* all of it in words: one line, without control characters */
	const struct berth_label *fields; /* the same in pieces, where there are any: {"status", "202"} */
	size_t field_count;
};

/* Every string is copied. */
struct berth_server_options {
	size_t size;
	/* "unix:PATH" or "tcp:HOST:PORT", NULL-terminated; NULL or empty: a socket beside the store. */
	const char *const *listen;
	/* Sockets that listen already, as a service manager hands them over; closed with the server. */
	const int *sockets;
	size_t socket_count;
	/* For tcp: the server's certificate and key, and who may come in: those whose token is in the file,
	 * and those with a certificate of this authority. */
	const char *tls_certificate, *tls_key, *client_ca, *token_file;
	/* Who hears of failures, recoveries and breakers: lines of `URL SECRET [WHAT,...]`; and who vouches
	 * for them, NULL: the system's roots. */
	const char *webhook_file, *webhook_ca;
	/* NULL: nobody wants to know. Must not call back. */
	void (*log)(void *context, const struct berth_log_entry *entry);
	void *context;
};

/* Takes the state directory of `berth` for itself and begins to listen. 0 and *ret, or -1 and *error:
 * BERTH_LOCKED when another one has it or what is to be listened on, BERTH_USAGE for what cannot be. */
BERTH_API int berth_server_open(struct berth_server **ret, struct berth *berth,
				const struct berth_server_options *options, struct berth_error *error);
/* Ends what is left, at once; the `struct berth` stays its owner's. NULL is fine. */
BERTH_API void berth_server_close(struct berth_server *server);

/* The server's: not to be closed. */
BERTH_API int berth_server_fd(const struct berth_server *server);
/* -1: for ever. */
BERTH_API int berth_server_timeout_ms(struct berth_server *server);
BERTH_API void berth_server_dispatch(struct berth_server *server);

/* Read tokens, certificates, webhooks and the configured locations again. 0, or -1 and *error: then all is as
 * before.
 */
BERTH_API int berth_server_reload(struct berth_server *server, struct berth_error *error);
/* One line for a service manager: "3 applications are kept, 1 operation is under way". Until the next call.
 */
BERTH_API const char *berth_server_status(struct berth_server *server);
/* First call: take nothing new, finish or record what flies. Second: leave at once. */
BERTH_API void berth_server_stop(struct berth_server *server);
/* Whether all has come to its end after that. */
BERTH_API bool berth_server_stopped(const struct berth_server *server);

#ifdef __cplusplus
}
#endif
#endif
