/* http_client.h - one exchange of the world under test, its answer kept for looking at. */
#ifndef BERTH_TESTS_BASE_HTTP_CLIENT_H
#define BERTH_TESTS_BASE_HTTP_CLIENT_H

#include "fixture.h"
#include "http_server.h"

struct outcome {
	bool over;
	int calls;
	struct error error;
	int status;
	bool sent;
	struct text body, headers, chunks;
	int chunk_calls, chunk_status;
	int refuse_after; /* chunks; 0: never */
	/* Done when the first chunk, or the answer, comes. */
	struct world *world;
	struct exchange *cancel;
	const char *then_get; /* a URL to send on to, from inside the callback */
};

#define owned_outcome __attribute__((cleanup(release_outcome), unused)) struct outcome
void release_outcome(struct outcome *outcome);

extern const struct http_request get_request;
/* The server's URL of a path; valid until the eighth call from here. */
const char *url_of(const struct http_server *server, const char *path);
/* With or without chunks handed over as they come. */
struct exchange *send_to(struct world *world, const struct http_server *server, const char *path,
			 struct http_request request, bool stream, struct outcome *outcome);
/* Exactly this request, its answer collected. */
void send_request(struct world *world, const struct http_request *request, struct outcome *outcome);
/* Sent and waited for. */
void exchange_with(struct world *world, const struct http_server *server, const char *path,
		   struct http_request request, struct outcome *outcome);

#endif
