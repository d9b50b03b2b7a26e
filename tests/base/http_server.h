/* http_server.h - a small HTTP server on a thread, with the manners good and bad that the client must
 * survive. */
#ifndef BERTH_TESTS_BASE_HTTP_SERVER_H
#define BERTH_TESTS_BASE_HTTP_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What it does is told by the path:
 *   /hello      "hello", connection kept            /echo       the request itself as the body
 *   /chunked    three chunks                        /drip       20 pieces, 10 ms apart
 *   /cut        a tenth of the promised body        /never      nothing, until the client goes
 *   /garbage    no HTTP at all                      /big        1 MiB
 *   /second     "hello" to the first request of a connection, then it closes without a word
 *   /continue   "100 Continue" before the answer    /silent     headers and one piece, then nothing
 *   /headers    headers without end                 /404        that status, with a body
 *   /redirect   302 to /hello
 */
struct http_server {
	int listener;
	uint16_t port; /* 0 on a unix socket */
	pthread_t thread;
	pthread_t connections[128];
	int count;
	int sockets[128];
	atomic_int arrivals, accepted, gone; /* requests read; connections taken; those the client closed */
	atomic_bool stopping;
};

/* On a unix socket of that path, or with NULL on a port of the loopback address. */
struct http_server *server_start(const char *unix_path);
void server_stop(struct http_server **server);
#define owned_server __attribute__((cleanup(server_stop), unused)) struct http_server *

#endif
