/* http_request.c - a request told to libcurl: method, body, headers, connection, TLS. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/http_internal.h"

#define CONNECT_MS       30000L
#define DEFAULT_BODY_MAX ((size_t)64 << 20)

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	struct text *into = exchange->sink.chunk ? &exchange->chunk : &exchange->answer.body;

	(void)size; /* always 1 */
	if (exchange->idle_open)
		uv_timer_again(&exchange->idle);
	exchange->received += count;
	if (exchange->body_limit && exchange->received > exchange->body_limit) {
		exchange->refusal = "the answer is longer than allowed";
		return 0;
	}
	text_add_bytes(into, bytes, count);
	if (into->failed)
		return 0;
	if (exchange->sink.chunk && link_alone(&exchange->ready))
		link_append(&exchange->http->ready, &exchange->ready);
	return count;
}

void exchange_forget_headers(struct exchange *exchange)
{
	for (struct curl_slist *header = exchange->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	struct text *headers = &exchange->answer.headers;

	(void)size;
	if (exchange->idle_open)
		uv_timer_again(&exchange->idle);
	/* Only the last answer counts: a "100 Continue" may come before it. */
	if (count >= 5 && !memcmp(bytes, "HTTP/", 5)) {
		exchange_forget_headers(exchange);
		text_clear(headers);
		return count;
	}
	if (count <= 2 && (bytes[0] == '\r' || bytes[0] == '\n'))
		return count;
	if (headers->length + count > HEADERS_LIMIT) {
		exchange->refusal = "the answer's headers are longer than allowed";
		return 0;
	}
	text_add_bytes(headers, bytes, count);
	return headers->failed ? 0 : count;
}

static int add_header(struct exchange *exchange, const char *header)
{
	struct curl_slist *longer = exchange->http->curl.slist_append(exchange->headers, header);

	if (!longer)
		return -1;
	exchange->headers = longer;
	return 0;
}

static int add_headers(struct exchange *exchange, const struct http_request *request, struct error *err)
{
	bool typed = false;

	for (const char *const *header = request->headers; header && *header; header++) {
		if (!printable(*header) || !strchr(*header, ':'))
			return fail(err, ERR_INVALID, "a request header is not \"Name: value\"");
		if (!strncasecmp(*header, "Content-Type:", 13))
			typed = true;
		if (add_header(exchange, *header))
			return fail_memory(err);
	}
	/* libcurl would wait a second for "100 Continue", and call any body a form. */
	if (add_header(exchange, "Expect:") || (!typed && add_header(exchange, "Content-Type:")))
		return fail_memory(err);
	return 0;
}

const char *url_authority(const char *url, size_t *ret_length)
{
	const char *start = strstr(url, "://");

	start = start ? start + 3 : url;
	size_t length = strcspn(start, "/?#");
	for (size_t i = 0; i < length; i++)
		if (start[i] == '@') {
			start += i + 1;
			length -= i + 1;
			i = (size_t)-1;
		}
	*ret_length = length;
	return start;
}

static void name_peer(struct exchange *exchange, const struct http_request *request)
{
	size_t length;
	const char *host = url_authority(request->url, &length);

	if (request->unix_socket)
		snprintf(exchange->peer, sizeof(exchange->peer), "%s", request->unix_socket);
	else
		snprintf(exchange->peer, sizeof(exchange->peer), "%.*s", (int)(length < 150 ? length : 150),
			 host);
	exchange->unix_socket = request->unix_socket;
	exchange->proxy = request->proxy;
	exchange->tls = !strncasecmp(request->url, "https:", 6);
}

/* Shorter lines below: the first option refused ends the matter. */
#define SET(option, value)                                                                                   \
	do {                                                                                                 \
		CURLcode code_ = exchange->http->curl.easy_setopt(exchange->easy, (option), (value));        \
		if (code_ != CURLE_OK)                                                                       \
			return code_;                                                                        \
	} while (0)

static curl_socket_t open_bridge(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	return ssh_bridge_open(context, address);
}

static CURLcode set_connection(struct exchange *exchange, const struct http_request *request)
{
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a cancelled name look-up is not waited for */
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	if (request->timeout_ms > 0)
		SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	if (request->unix_socket)
		SET(CURLOPT_UNIX_SOCKET_PATH, exchange->machine ? exchange->way : request->unix_socket);
	if (exchange->machine) {
		SET(CURLOPT_OPENSOCKETFUNCTION, open_bridge);
		SET(CURLOPT_OPENSOCKETDATA, exchange);
	}
	/* Said in any case: libcurl would look into the environment by itself. */
	SET(CURLOPT_PROXY, request->proxy ? request->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	if (request->fresh) {
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_FORBID_REUSE, 1L);
	}
	return CURLE_OK;
}

static CURLcode set_tls(struct exchange *exchange, const struct http_tls *tls)
{
	if (!tls)
		return CURLE_OK;
	if (tls->ca_file) {
		SET(CURLOPT_CAINFO, tls->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (tls->cert_file)
		SET(CURLOPT_SSLCERT, tls->cert_file);
	if (tls->key_file)
		SET(CURLOPT_SSLKEY, tls->key_file);
	/* OpenSSL would ask on the terminal for the password of an encrypted key. */
	SET(CURLOPT_KEYPASSWD, "");
	if (tls->no_verify) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (tls->not_newer_than_1_2)
		SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2);
	exchange->client_certificate = tls->cert_file;
	return CURLE_OK;
}

static CURLcode set_message(struct exchange *exchange, const struct http_request *request)
{
	bool bare =
	    !request->body && strcmp(request->method, "POST") != 0 && strcmp(request->method, "PUT") != 0;

	SET(CURLOPT_URL, request->url);
	if (!strcmp(request->method, "HEAD")) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (bare) {
		SET(CURLOPT_HTTPGET, 1L);
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	} else {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(request->body ? request->body_size : 0));
		SET(CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	}
	SET(CURLOPT_HTTPHEADER, exchange->headers);
	return CURLE_OK;
}

static CURLcode set_callbacks(struct exchange *exchange)
{
	SET(CURLOPT_PRIVATE, exchange);
	SET(CURLOPT_ERRORBUFFER, exchange->words);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, exchange);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, exchange);
	return CURLE_OK;
}

int exchange_configure(struct exchange *exchange, const struct http_request *request, struct error *err)
{
	if (!printable(request->method) || !*request->method || strchr(request->method, ' ') ||
	    !printable(request->url))
		return fail(err, ERR_INVALID,
			    "a request needs a method and a URL without control characters");
	name_peer(exchange, request);
	if (request->ssh && request->unix_socket && ssh_bridge_prepare(exchange, request, err))
		return -1;
	exchange->body_limit = request->body_limit;
	if (!exchange->body_limit && !exchange->sink.chunk)
		exchange->body_limit = DEFAULT_BODY_MAX;
	if (add_headers(exchange, request, err))
		return -1;
	CURLcode code = set_connection(exchange, request);
	if (code == CURLE_OK)
		code = set_tls(exchange, request->tls);
	if (code == CURLE_OK)
		code = set_message(exchange, request);
	if (code == CURLE_OK)
		code = set_callbacks(exchange);
	if (code == CURLE_OUT_OF_MEMORY)
		return fail_memory(err);
	if (code != CURLE_OK)
		return fail(err, ERR_INVALID, "%s: the request is refused: %s", exchange->peer,
			    exchange->http->curl.easy_strerror(code));
	return 0;
}
