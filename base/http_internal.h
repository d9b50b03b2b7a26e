/* http_internal.h - what the rooms of HTTP share: libcurl's functions, the multi handle, an exchange. */
#ifndef BERTH_BASE_HTTP_INTERNAL_H
#define BERTH_BASE_HTTP_INTERNAL_H

#include <curl/curl.h>

#define HEADERS_LIMIT ((size_t)256 << 10)

#include "base/world_real_internal.h"

/* libcurl, loaded when the first request is made: what asks for none starts several times faster. */
struct curl_functions {
	CURLcode (*global_init)(long flags);
	void (*global_cleanup)(void);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	CURLcode (*easy_send)(CURL *easy, const void *bytes, size_t count, size_t *ret_sent);
	CURLcode (*easy_recv)(CURL *easy, void *bytes, size_t room, size_t *ret_count);
	void (*easy_cleanup)(CURL *easy);
	const char *(*easy_strerror)(CURLcode code);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
	CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t socket, int events, int *ret_running);
	CURLMsg *(*multi_info_read)(CURLM *multi, int *ret_left);
	CURLMcode (*multi_assign)(CURLM *multi, curl_socket_t socket, void *pointer);
	CURLMcode (*multi_cleanup)(CURLM *multi);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	int (*ssl_shutdown)(void *ssl); /* of the OpenSSL below it; NULL: it has another */
};

struct http {
	struct real *real;
	struct curl_functions curl;
	CURLM *multi;
	uv_timer_t timer;      /* when libcurl wants to be called */
	struct link exchanges; /* all that fly */
	struct link ready;     /* those with something to hand over */
	unsigned streams;      /* of them, how many may stay for ever */
};

enum exchange_state { FLYING, COMPLETE, OVER };

struct exchange {
	struct link link;  /* in http->exchanges until over */
	struct link ready; /* in http->ready while something waits to be handed over */
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	uv_timer_t idle;
	bool idle_open;
	int64_t idle_ms;
	size_t body_limit; /* 0: none */
	size_t received;
	struct http_sink sink;
	enum exchange_state state;
	bool added;   /* its handle is with libcurl */
	bool stream;  /* it is one of http->streams */
	bool bare;    /* only the connection is wanted: done when it stands, over when exchange_end says so */
	bool calling; /* a callback of its owner runs */
	struct http_answer answer;
	struct text chunk;   /* arrived, not yet handed to sink.chunk */
	const char *refusal; /* why we ended the transfer from inside libcurl */
	bool unix_socket;
	struct ssh_peer *machine; /* whose socket it is; NULL: this one's */
	char *machine_socket;
	char way[80];
	struct ssh_bridge *bridge; /* of the connection made for it */
	struct error bridge_error;
	char peer[160]; /* whom messages name: never a secret from the URL */
	bool tls, client_certificate, proxy;
	char words[CURL_ERROR_SIZE];
};

/* http_curl_load.c */
int curl_load(struct curl_functions *curl, struct error *err);

/* http_curl.c */
struct http *http_open(struct real *real, struct error *err);
void http_release(struct http *http);
struct exchange *exchange_begin(struct http *http, const struct http_request *request,
				const struct http_sink *sink, bool bare, struct error *err);
void exchange_end(struct exchange *exchange);

/* http_request.c */
int exchange_configure(struct exchange *exchange, const struct http_request *request, struct error *err);
/* The host and port of a URL, without user, password, path or query, which may hold secrets. */
const char *url_authority(const char *url, size_t *ret_length);

/* The request was sent, or never will be: one of its headers may be a password. */
void exchange_forget_headers(struct exchange *exchange);

/* ssh_bridge.c */
int ssh_bridge_prepare(struct exchange *exchange, const struct http_request *request, struct error *err);
/* Where libcurl is to connect to: the socket to do it with, and the address. */
curl_socket_t ssh_bridge_open(struct exchange *exchange, struct curl_sockaddr *address);
void ssh_bridge_forget(struct exchange *exchange);

/* http_errors.c */
/* Fill in the answer of a transfer that libcurl says has ended with `code`. */
void exchange_conclude(struct exchange *exchange, CURLcode code);
/* Why a transfer ended with `code`, as *err. */
void exchange_explain(struct exchange *exchange, CURLcode code, struct error *err);

#endif
