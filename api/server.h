/* server.h - what the server's files share: the server, its doors, its guests, their requests, and
 * operations. */
#ifndef BERTH_API_SERVER_H
#define BERTH_API_SERVER_H

#include <sys/types.h>

#include "api/library.h"
#include "api/request.h"
#include "api/ring.h"
#include "api/verbs.h"
#include "api/webhook.h"
#include "base/digest.h"
#include "base/map.h"
#include "berth/serve.h"

enum {
	MOST_ARGUMENTS = 3,
	MOST_BODY = 4 * 1024 * 1024,
	MOST_HEADER = 32 * 1024,
	MOST_GUESTS = 1200,              /* connections at one door */
	MOST_WATCHERS = 500,             /* of who may only read, and so many of the others */
	MOST_RUNNING = 100,              /* likewise */
	MOST_ENDED = 256,                /* operations that are remembered after their end */
	RING_BYTES = 64 * 1024 * 1024,   /* events of one operation that are kept */
	RINGS_BYTES = 128 * 1024 * 1024, /* of all; beyond that of each its share, and no more than */
	RING_SMALL_BYTES = 1024 * 1024,
	RING_KEPT_BYTES = 64 * 1024, /* a while after the end */
	RING_KEPT_MS = 60000,
	HEAD_MS = 10000, /* from the first byte that may come to the whole head */
	BODY_MS = 30000,
	BEAT_MS = 15000,     /* a stream says that it lives */
	PATIENCE_MS = 60000, /* an operation for somebody who listens waits so long for one */
	SILENCE_S = 30,      /* a connection that takes nothing, or says nothing */
};

struct exchange;
struct route;
struct tracked;

/* --- doors: door.c, listen.c ---------------------------------------------------------------- */

enum door_kind { DOOR_UNIX, DOOR_TLS };

/* One socket that is listened on. */
struct door {
	struct berth_server *server;
	struct door *next;
	enum door_kind kind;
	int fd;
	char *name; /* "unix:/run/berth.sock" */
	char *path; /* of a unix socket that we made: it goes with us */
	struct MHD_Daemon *daemon;
	struct MHD_Daemon *former; /* with the certificates before a reload: until its guests have gone */
};

/* listen.c: what is to be listened on becomes doors. 0, or -1 with *err. */
int listen_open(struct berth_server *server, const struct berth_server_options *options, struct error *err);
void listen_close(struct door *door);
/* door.c: HTTP on an open socket. */
int door_open(struct door *door, struct error *err);
int door_reload(struct door *door, struct error *err);
/* Who came by the certificates before is let go. */
void door_end_former(struct door *door);
void door_close(struct door *door);

/* --- guests: guest.c ------------------------------------------------------------------------ */

/* Who came in by one connection. */
struct guest {
	struct door *door;
	struct guest *next, *previous;
	int fd;
	int64_t deadline_ms; /* until it has said what it must; 0: it need not say anything */
	uid_t uid;
	pid_t pid;
	bool known; /* uid and pid were told */
};

void guest_notice(void *door, struct MHD_Connection *, void **context, enum MHD_ConnectionNotificationCode);
/* Those who are too slow leave. */
void guests_sweep(struct berth_server *server);

/* --- access: access.c, tokens.c ------------------------------------------------------------- */

/* Who asks, and what they may. */
struct asker {
	enum role role;
	char who[96];           /* for people, and the audit */
	char token[DIGEST_HEX]; /* by which they came, since two may have one name; "": by none */
};

struct token {
	char digest[DIGEST_HEX]; /* of the token itself, which is kept nowhere */
	enum role role;
	char name[64];
};

struct tokens {
	struct token *items;
	size_t count;
};

int tokens_read(const char *path, struct tokens *ret, struct error *err);
const struct token *tokens_find(const struct tokens *tokens, const char *token);
void tokens_release(struct tokens *tokens);

/* certificate.c: what is needed to look at them. 0, or -1 with *err. */
int certificates_load(struct error *err);
/* By a client's certificate; ROLE_NOBODY: it showed none of our authority. */
enum role certificate_role(const struct exchange *exchange, char ret_who[96]);
void access_look(const struct exchange *exchange, struct asker *ret);
/* What an operation tells, and what came of it, is for whoever began it, and for those who might have. */
bool access_hears(const struct exchange *exchange, const struct tracked *tracked);
/* The secrets were read again: who may less now goes on with nothing. */
void access_review(struct berth_server *server);

/* --- operations: operations.c --------------------------------------------------------------- */

struct tracked {
	struct berth_server *server;
	struct tracked *next;
	char id[32];
	const struct server_verb *verb;
	struct berth_operation *operation; /* NULL: it has ended */
	char *app;
	struct asker by;
	enum berth_outcome outcome;
	char *result, *message, *remedy;
	int64_t began_ms, ended_ms; /* wall clock */
	int64_t alone_since_ms;     /* nobody listens to it; steady clock */
	struct ring ring;
	char *key, digest[DIGEST_HEX]; /* Idempotency-Key, and of the request that came with it */
	size_t holders;                /* exchanges that read it */
	bool passing;                  /* for one exchange alone: it goes with that */
	unsigned cancels;
	bool told;        /* somebody was shown how it ended */
	bool watches;     /* it only waits for what is recorded */
	bool by_record;   /* its events have the numbers of what was recorded */
	uint64_t record;  /* the last of these */
	bool conditional; /* it is meant for one revision of its application */
	bool lasts;       /* it is gone on with when the controller is killed */
	bool resumed;     /* that has happened: its events are counted anew */
};

/* It would only wait for what is recorded. */
bool is_watch(const struct server_verb *verb, const struct berth_request *request);
/* NULL with *error when it cannot begin. */
struct tracked *tracked_begin(struct berth_server *server, const struct server_verb *verb,
			      const struct berth_request *request, const struct asker *by, const char *key,
			      struct berth_error *error);
/* One that a former controller was killed at; NULL without memory. */
struct tracked *tracked_resume(struct berth_server *server, const struct server_verb *verb,
			       struct berth_request *request, const struct asker *by, const char *key,
			       int64_t asked_ms);
struct tracked *tracked_find(struct berth_server *server, const char *id);
struct tracked *tracked_by_key(struct berth_server *server, const char *key);
/* What ended is taken down, who has nobody is cancelled, and what is too much is forgotten. */
void tracked_sweep(struct berth_server *server);
void tracked_cancel(struct tracked *tracked);
/* It is known whether it is meant for what is there, and it is written down; or it has ended. */
bool tracked_recorded(const struct tracked *tracked);
void tracked_release_all(struct berth_server *server);
/* As the API shows it; `whole`: with its result. `key` as in json_write.h. */
void tracked_write(struct text *to, const char *key, const struct tracked *tracked, bool whole);
/* Watches of what is recorded are none. */
size_t tracked_running(const struct berth_server *server);
/* Those of who may only read, or of the others: neither takes the other's room. Of watches, or of the rest.
 */
size_t tracked_beside(const struct berth_server *server, const struct asker *by, bool watches);
bool tracked_all_ended(const struct berth_server *server);
/* Nobody else reads what was read of it. */
void tracked_forget_read(struct tracked *tracked, const struct ring_place *place);
/* Somebody reads it, or does no more. */
void tracked_hold(struct tracked *tracked);
void tracked_drop(struct tracked *tracked);

/* --- resume.c: changes that outlive a controller ---------------------------------------------- */

/* Where it is one, what the store is to have of it: the text, for the caller to free, and the members of the
 * request that say so. Else NULL. */
char *resume_note(const struct server_verb *verb, struct berth_request *request, const struct asker *by,
		  const char *key, const char *id);
/* Those that a former controller was killed at go on. 0, or -1 with *err. */
int resume_left(struct berth_server *server, struct error *err);

/* events.c */
void event_json(struct text *to, const struct berth_event *event);
const char *event_name(enum berth_event_kind kind);

/* --- exchanges: exchange.c ------------------------------------------------------------------ */

enum waits {
	WAITS_NOT,
	WAITS_END,      /* of the operation, then `finish` answers */
	WAITS_START,    /* of what it tells, or its end */
	WAITS_EVENTS,   /* of the operation, for a stream */
	WAITS_RECORDED, /* tracked_recorded() */
};

/* One request and its answer. */
struct exchange {
	struct berth_server *server;
	struct guest *guest;
	struct MHD_Connection *connection;
	struct exchange *next, *previous;
	struct arena arena;
	const struct route *route;
	char *method, *path;
	const char *arguments[MOST_ARGUMENTS]; /* what stands for {app}, {id} in the path */
	struct text body;
	size_t body_size; /* that came, also what was not kept */
	struct asker by;
	bool taken; /* the whole request is there, and was looked at */
	bool answered, suspended;
	bool revoked; /* whoever it is may not any more what they might when they asked */
	bool tagged;  /* the answer may be kept, to be asked for again by its tag */
	int status;
	struct {
		const char *name, *value;
	} headers[4]; /* of the answer */
	size_t header_count;
	/* What it waits for. */
	enum waits waits;
	struct tracked *tracked;
	void (*finish)(struct exchange *);
	struct ring_place place;
	bool streams, plain;
	struct text line; /* what comes before the next event, or of a plain stream in its place */
	size_t line_taken;
	int64_t beat_ms; /* when a stream that has nothing to say says so */
};

enum MHD_Result exchange_take(void *of, struct MHD_Connection *, const char *url, const char *method,
			      const char *version, const char *bytes, size_t *count, void **context);
void exchange_completed(void *door, struct MHD_Connection *, void **context, enum MHD_RequestTerminationCode);
/* The value of a header; NULL: it is not there. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* Answers: once. */
void answer_text(struct exchange *exchange, int status, const char *type, const char *bytes, size_t size);
void answer_json(struct exchange *exchange, int status, json_t *document); /* taken over */
void answer_empty(struct exchange *exchange, int status);
void answer_response(struct exchange *exchange, int status, const char *type,
		     struct MHD_Response *response); /* taken over */
/* Nothing is read from it nor written to it until it is woken. */
void exchange_suspend(struct exchange *exchange);
/* One more header of the answer, given before it. */
void answer_header(struct exchange *exchange, const char *name, const char *value);
/* Go on with `finish` when that has come. */
void exchange_wait(struct exchange *exchange, struct tracked *tracked, enum waits waits,
		   void (*finish)(struct exchange *));
/* Those whose waiting is over go on. */
void exchanges_wake(struct berth_server *server);
/* Those of one daemon go on, to be ended with it; NULL: all. */
void exchanges_resume(struct berth_server *server, const struct MHD_Daemon *of);

/* --- audit.c: who asked for what, in the log -------------------------------------------------- */

/* Refusals of one minute: a stranger can make as many as they like. */
struct refusals {
	int64_t since_ms; /* 0: there was none for a while */
	size_t told, untold;
};

void audit(struct exchange *exchange);
/* What was left out of the minute before is told by its number. */
void audit_sweep(struct berth_server *server, int64_t now_ms);

/* --- problem.c: application/problem+json ---------------------------------------------------- */

void problem(struct exchange *exchange, int status, const char *what_to_do, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void problem_error(struct exchange *exchange, const struct error *err);
void problem_begin(struct exchange *exchange, const struct berth_error *error);
/* Of an operation that did not end well. */
void problem_tracked(struct exchange *exchange, const struct tracked *tracked);
int status_of_outcome(enum berth_outcome outcome);
int status_of_code(const char *code, enum berth_outcome outcome);

/* --- tags.c: entity tags -------------------------------------------------------------------- */

/* A document, or 304 when whoever asks has it already. */
void answer_tagged(struct exchange *exchange, const char *type, const char *bytes, size_t size);
/* If-Match and If-None-Match of a change become members of its request. 0; or -1 and answered. */
int tags_read(struct exchange *exchange, const struct server_verb *verb, struct berth_request *request);

/* --- stream.c: events as they come ---------------------------------------------------------- */

/* As text/event-stream; `plain`: only what was written, as text. */
void watch_begin(struct exchange *exchange, struct tracked *tracked, bool plain);
/* Whether a suspended stream has something to do. */
bool watch_due(const struct exchange *exchange, int64_t now_ms);
/* How many of its kind watch. */
size_t *watchers_beside(const struct exchange *exchange);

/* --- metrics.c ------------------------------------------------------------------------------ */

struct metrics {
	struct map *requests;   /* "METHOD route status" -> struct counter */
	struct map *operations; /* "verb outcome" */
	size_t watchers_dropped, deadlines_missed;
};
void metrics_count(struct map **map, const char *labels);
void metrics_answer(struct exchange *exchange);
void metrics_release(struct metrics *metrics);

/* --- the server ----------------------------------------------------------------------------- */

struct berth_server {
	struct berth *berth;
	struct http_library http;
	struct door *doors;
	struct guest *guests;
	struct exchange *exchanges;
	struct tracked *tracked, **tracked_end;
	size_t guest_count, ring_bytes;
	size_t watchers[2]; /* of who may only read; of the others */
	int epoll_fd;
	int owner_fd;
	struct tokens tokens;
	char *token_file, *certificate_file, *key_file, *ca_file, *webhook_file;
	struct webhooks *webhooks;    /* NULL: nobody wants to hear of anything */
	char *certificate, *key, *ca; /* what they hold */
	void (*log)(void *context, const struct berth_log_entry *entry);
	void *context;
	char status[120];                /* the last one told */
	struct berth_operation *keeping; /* the applications of the store */
	struct metrics metrics;
	struct refusals refusals;
	char run_id[9];
	uint64_t operation_number;
	int64_t began_ms, swept_ms;
	int64_t last_end_ms; /* when the last operation ended, or the end was asked for */
	unsigned stops;
};

/* --- keeping.c ---------------------------------------------------------------------------------- */

/* Keep the applications of the store. 0, or -1 with *err. */
int keeping_begin(struct berth_server *server, struct error *err);
/* Whether each of them was looked at once, or it is known why not. */
bool keeping_ready(const struct berth_server *server);
/* First call: let go of them in order. Second: at once. */
void keeping_stop(struct berth_server *server);
bool keeping_ended(const struct berth_server *server);

/* log.c: a line about the server itself; or about something else, with its pieces. What is NULL among them
 * says nothing. */
void server_log(const struct berth_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct log_fields {
	struct berth_label items[12];
	size_t count;
};
void log_field(struct log_fields *fields, const char *name, const char *value);
void log_entry(const struct berth_server *server, enum berth_log_level level, const char *about,
	       const struct log_fields *fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int64_t steady_ms(void);
int64_t wall_ms(void);

#endif
