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
 * and to those who want the connection itself:
 *   /upgrade    101, then what comes is sent back; at its end "over", and the server's own end
 *   /hijack     the same by a 200 without a length    /slowly   the same, the head byte by byte and after a
 * 100 /early      101 and "early" in one piece, then as above /deaf       101, then nothing is read until
 * `hears` is set; then as above /cut101     101 and "half", then the connection is reset /half-head  a head's
 * beginning, then the end /refused    409 with a chunked body, the connection kept /answered   200 with a
 * length: an answer, not the connection /blabber    409 with a body of 1 MiB              /until-end 500 with
 * a body that ends with the connection
 */
struct http_server {
	int listener;
	uint16_t port; /* 0 on a unix socket */
	pthread_t thread;
	pthread_t connections[128];
	int count;
	int sockets[128];
	atomic_int arrivals, accepted, gone; /* requests read; connections taken; those the client closed */
	atomic_bool stopping, hears;
	atomic_llong heard; /* bytes that came over connections given away */
};

/* On a unix socket of that path, or with NULL on a port of the loopback address. */
struct http_server *server_start(const char *unix_path);
void server_stop(struct http_server **server);
#define owned_server __attribute__((cleanup(server_stop), unused)) struct http_server *

#endif
