/* client.h - a controller spoken to: its address, and an operation that goes on there. */
#ifndef BERTH_API_CLIENT_H
#define BERTH_API_CLIENT_H

#include "api/verbs.h"
#include "engine/backend.h"

enum { LINE_MOST = 16 * 1024 * 1024 }; /* an event longer than that is none of ours */

/* Of a handle. */
struct client {
	const char *name;   /* as it was given, for people */
	const char *socket; /* NULL: elsewhere, by TLS */
	const char *base;   /* "http://controller", "https://host:port" */
	struct http_tls tls;
	const char *authorization; /* the whole header, or NULL */
};

enum remote_stage {
	REMOTE_BEGIN,
	REMOTE_POSTED, /* waits for the operation's name */
	REMOTE_LISTENS,
	REMOTE_FETCHES, /* the end was told: waits for the result */
};

/* One request on its way. */
struct call {
	struct berth_operation *operation;
	struct exchange *exchange;
	struct http_answer answer;
	bool answered;
};

/* Of an operation. */
struct remote {
	const struct server_verb *verb;
	enum remote_stage stage;
	struct call main, cancel, input;
	char id[64];
	char key[33]; /* the same request again is the same operation there */
	json_t *body;
	bool rehearses; /* what would be done is asked for, to be agreed to */
	bool agreed;
	bool ended; /* the last event came */
	unsigned tries, cancels;
	/* What came of the stream and is no whole event yet. */
	struct text pending;
	char last_event[24];
	struct text sent; /* input that is on its way */
	bool end_sent;
};

static inline struct remote *remote_of(const struct berth_operation *operation)
{
	return operation->remote;
}

static inline struct client *client_of(const struct berth_operation *operation)
{
	return operation->berth->controller;
}

/* client_call.c: `body` may be NULL; the operation is woken when it is answered. 0, or -1 with *err. */
int call_send(struct call *call, struct berth_operation *operation, const char *method, const char *path,
	      const json_t *body, struct error *err);
/* The same for a stream of events. */
int call_listen(struct call *call, struct berth_operation *operation, const char *path, struct error *err);
void call_end(struct call *call);
/* Why it was refused: the words of the controller. */
void call_refused(const struct call *call, struct error *err, enum berth_outcome *ret_outcome);

/* client_body.c: the request as it is sent, with all that only this machine knows. 0, or -1 with *err. */
int remote_body(struct berth_operation *operation, struct error *err);
/* The next one has those variables that are wanted and set here. */
int remote_bring(struct berth_operation *operation, const json_t *wanted, struct error *err);

/* client_events.c: bytes of the stream become events of the listener. False: they are no events. */
bool remote_take(struct berth_operation *operation, const char *bytes, size_t count);

/* client_input.c: what an exec was given goes there, piece by piece. */
void remote_input(struct berth_operation *operation);

/* client_operation.c */
void remote_step(struct berth_operation *operation);
void remote_let_go(struct berth_operation *operation);

#endif
