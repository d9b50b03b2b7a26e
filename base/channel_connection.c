/* channel_connection.c - a channel's connection: made by libcurl over whatever it leads, then written and
 * read through it. */
#include <string.h>
#include <sys/socket.h>

#include "base/channel_internal.h"

static const struct curl_functions *curl_of(const struct channel *channel)
{
	return &channel->http->curl;
}

enum moved channel_send(struct channel *channel, const char *bytes, size_t count, size_t *ret_count)
{
	CURLcode code = curl_of(channel)->easy_send(channel->exchange->easy, bytes, count, ret_count);

	if (code == CURLE_AGAIN)
		return STALLED;
	if (code == CURLE_OK) {
		channel->answer.sent = true;
		return MOVED;
	}
	exchange_explain(channel->exchange, code, &channel->answer.error);
	return BROKEN;
}

enum moved channel_receive(struct channel *channel, char *bytes, size_t room, size_t *ret_count)
{
	CURLcode code = curl_of(channel)->easy_recv(channel->exchange->easy, bytes, room, ret_count);

	if (code == CURLE_AGAIN)
		return STALLED;
	if (code == CURLE_OK && *ret_count)
		return MOVED;
	if (code == CURLE_OK)
		channel_take_end(channel);
	else
		exchange_explain(channel->exchange, code, &channel->answer.error);
	return code == CURLE_OK ? ENDED : BROKEN;
}

/* Under TLS by its own word, where we can have it said; else the connection's half is closed. */
enum moved channel_close_ours(struct channel *channel)
{
	struct curl_tlssessioninfo *session = NULL;
	bool known = channel->exchange->tls && curl_of(channel)->ssl_shutdown && !channel->shy &&
		     curl_of(channel)->easy_getinfo(channel->exchange->easy, CURLINFO_TLS_SSL_PTR,
						    &session) == CURLE_OK &&
		     session->backend == CURLSSLBACKEND_OPENSSL && session->internals;

	if (known && curl_of(channel)->ssl_shutdown(session->internals) >= 0)
		return MOVED;
	if (known) {
		channel->shy = true;
		return STALLED;
	}
	shutdown(channel->socket, SHUT_WR);
	return MOVED;
}

static void connected(void *owner, struct http_answer *answer)
{
	struct channel *channel = owner;
	curl_socket_t socket = CURL_SOCKET_BAD;

	if (answer->error.code != OK) {
		channel->answer.error = answer->error;
		channel->exchange = NULL; /* a failed one ends by itself */
		channel_over(channel);
		return;
	}
	curl_of(channel)->easy_getinfo(channel->exchange->easy, CURLINFO_ACTIVESOCKET, &socket);
	if (socket != CURL_SOCKET_BAD) {
		channel_begin(channel, socket);
		return;
	}
	fail(&channel->answer.error, ERR_UNREACHABLE, "%s ended the connection", channel->exchange->peer);
	channel_over(channel);
}

static void write_request(const struct http_request *request, struct text *ret_text)
{
	size_t length;
	const char *host = url_authority(request->url, &length), *path = host + length;
	int path_length = (int)strcspn(path, "#");

	text_format(ret_text, "%s %s%.*s HTTP/1.1\r\nHost: %.*s\r\n", request->method,
		    *path == '/' ? "" : "/", path_length, path, (int)length, host);
	for (const char *const *header = request->headers; header && *header; header++)
		text_format(ret_text, "%s\r\n", *header);
	text_format(ret_text, "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: %zu\r\n\r\n",
		    request->body ? request->body_size : 0);
	if (request->body)
		text_add_bytes(ret_text, request->body, request->body_size);
}

int channel_connect(struct channel *channel, const struct http_request *request, struct error *err)
{
	const struct http_sink sink = {.done = connected, .owner = channel};

	write_request(request, &channel->flight);
	if (channel->flight.failed)
		return fail_memory(err);
	channel->http = http_open(channel->real, err);
	if (channel->http)
		channel->exchange = exchange_begin(channel->http, request, &sink, true, err);
	if (channel->exchange)
		return 0;
	if (channel->http)
		http_release(channel->http);
	return -1;
}
