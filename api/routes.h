/* routes.h - the table of everything that the API answers. */
#ifndef BERTH_API_ROUTES_H
#define BERTH_API_ROUTES_H

#include "api/server.h"

/* How a route answers when all is well, for its description. */
enum answer {
	ANSWER_TEXT,
	ANSWER_DOCUMENT,  /* 200 with JSON */
	ANSWER_OPERATION, /* 202 with what can be asked about it */
	ANSWER_STREAM,    /* 200 with server-sent events */
	ANSWER_BYTES,     /* 200 with a file */
	ANSWER_NOTHING,   /* 204 */
};

struct route {
	const char *method, *path; /* parameters in braces: at most MOST_ARGUMENTS */
	enum role role;
	const char *summary;
	/* The library's verb; its members of the request may come by the path, and these by the query (GET)
	 * or in the body. */
	const char *verb, *takes;
	enum answer answer;
	void (*run)(struct exchange *exchange);
};

extern const struct route routes[];
extern const size_t route_count;

/* The route of a method and a path; arguments of the path point into `arena`. NULL with the methods that
 * there are for this path in ret_allow, "" when there is no such path. */
const struct route *route_find(const char *method, const char *path, struct arena *arena,
			       const char *ret_arguments[MOST_ARGUMENTS], char ret_allow[64]);
/* Check who asks, and run it. */
void route_run(struct exchange *exchange);

/* openapi.c: all of it as OpenAPI 3.1. */
json_t *openapi_document(void);

/* schemas.c: the documents of the API as JSON Schema, by name; a reference to one; what a verb's request
 * needs, "" for nothing; and the name of a verb's document, or NULL. */
json_t *schemas_all(void);
json_t *schema_reference(const char *name);
const char *schema_of_verb(const char *verb);
const char *schema_needs(const char *verb);

/* handlers.c */
void run_document(struct exchange *exchange);  /* by the query; wait and answer with the result */
void run_posted(struct exchange *exchange);    /* by the body; likewise */
void run_operation(struct exchange *exchange); /* by the body; answer at once with the operation */
void run_verb(struct exchange *exchange);      /* likewise, and the body says the verb */
void run_logs(struct exchange *exchange);
void run_events(
    struct exchange *exchange); /* what was recorded; as it is recorded, where events are asked for */
void run_backup(struct exchange *exchange);
/* handlers_sensors.c */
void run_sample(struct exchange *exchange);
/* handlers_operations.c */
void run_operation_list(struct exchange *exchange);
void run_operation_show(struct exchange *exchange);
void run_operation_cancel(struct exchange *exchange);
void run_operation_events(struct exchange *exchange);
void run_operation_input(struct exchange *exchange);
/* handlers_self.c */
void run_alive(struct exchange *exchange);
void run_ready(struct exchange *exchange);
void run_metrics(struct exchange *exchange);
void run_openapi(struct exchange *exchange);
void run_version(struct exchange *exchange);

#endif
