/* http_curl.c - HTTP exchanges on the loop, through libcurl's socket interface. */
#include <stdlib.h>

#include "base/http_internal.h"

#define IDLE_CONNECTIONS 16L /* kept open for the next request */
#define HOST_CONNECTIONS                                                                                     \
	256L /* a bound against running out of descriptors; callers limit their own calls                    \
	      */

/* Those that stay open leave connections to those that are answered: at that bound libcurl lets all others
 * wait, and does not even tell when their time is over. */
#define STREAMS 224U

struct watch {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t socket;
};

static void free_watch(uv_handle_t *handle)
{
	free(handle->data);
}

/* libcurl's part goes at once: the rest may wait for the loop longer than libcurl lives. */
static void release_transfer(struct exchange *exchange)
{
	const struct curl_functions *curl = &exchange->http->curl;

	exchange_forget_headers(exchange);
	ssh_bridge_forget(exchange);
	curl->easy_cleanup(exchange->easy);
	curl->slist_free_all(exchange->headers);
}

static void free_exchange(struct exchange *exchange)
{
	text_release(&exchange->answer.body);
	text_release(&exchange->answer.headers);
	text_release(&exchange->chunk);
	free(exchange);
}

static void idle_closed(uv_handle_t *handle)
{
	free_exchange(handle->data);
}

static void leave_libcurl(struct exchange *exchange)
{
	if (exchange->added)
		exchange->http->curl.multi_remove_handle(exchange->http->multi, exchange->easy);
	exchange->added = false;
}

/* Out of libcurl and of our lists; the memory goes unless a callback of the owner still runs on it. */
static void end_exchange(struct exchange *exchange)
{
	leave_libcurl(exchange);
	exchange->http->streams -= exchange->stream;
	exchange->stream = false;
	exchange->state = OVER;
	link_remove(&exchange->link);
	link_remove(&exchange->ready);
	if (exchange->calling)
		return;
	release_transfer(exchange);
	uv_close((uv_handle_t *)&exchange->idle, idle_closed);
}

static void complete(struct exchange *exchange, CURLcode code)
{
	exchange_conclude(exchange, code);
	/* A bare connection lives as long as its handle is libcurl's. */
	if (!exchange->bare || code != CURLE_OK)
		leave_libcurl(exchange);
	exchange->state = COMPLETE;
	if (link_alone(&exchange->ready))
		link_append(&exchange->http->ready, &exchange->ready);
}

/* False when the exchange is over: the owner cancelled it, or refused more. */
static bool hand_chunk(struct exchange *exchange)
{
	struct text chunk = exchange->chunk;
	long status = 0;

	if (!chunk.length || chunk.failed)
		return true;
	exchange->chunk = (struct text){0};
	exchange->http->curl.easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	exchange->calling = true;
	bool wants_more = exchange->sink.chunk(exchange->sink.owner, (int)status, chunk.data, chunk.length);
	exchange->calling = false;
	text_release(&chunk);
	if (exchange->state == OVER) {
		end_exchange(exchange);
		return false;
	}
	if (wants_more)
		return true;
	if (exchange->state == FLYING) {
		exchange->answer.status = (int)status;
		leave_libcurl(exchange);
		exchange->state = COMPLETE;
	}
	exchange->answer.sent = true;
	fail(&exchange->answer.error, ERR_CANCELLED, "%s: the rest of the answer was not wanted",
	     exchange->peer);
	return true;
}

static void hand_answer(struct exchange *exchange)
{
	exchange->calling = true;
	exchange->sink.done(exchange->sink.owner, &exchange->answer);
	exchange->calling = false;
	/* Who has its connection goes on with it, and ends it. */
	if (exchange->state == OVER || !exchange->added)
		end_exchange(exchange);
}

/* All callbacks of owners are made here, outside libcurl, so that they may begin and cancel as they like. */
static void hand_over(struct http *http)
{
	while (!link_alone(&http->ready)) {
		struct exchange *exchange = owner_of(http->ready.next, struct exchange, ready);
		link_remove(&exchange->ready);
		if (hand_chunk(exchange) && exchange->state == COMPLETE)
			hand_answer(exchange);
	}
}

/* Let libcurl work. Threads it makes to look up names must take none of the process's signals. */
static void act(struct http *http, curl_socket_t socket, int events)
{
	sigset_t all, before;
	CURLMsg *message;
	int count;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	http->curl.multi_socket_action(http->multi, socket, events, &count);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	while ((message = http->curl.multi_info_read(http->multi, &count))) {
		CURLcode code = message->data.result;
		struct exchange *exchange = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		http->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
		complete(exchange, code);
	}
	hand_over(http);
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	const struct watch *watch = poll->data;
	int flags = 0;

	if (status < 0)
		flags |= CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	act(watch->http, watch->socket, flags);
}

/* libcurl tells when it wants to be called at the latest. */
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http *http = context;

	(void)multi;
	if (timeout_ms < 0) {
		uv_timer_stop(&http->timer);
		return 0;
	}
	uv_update_time(&http->real->loop);
	uv_timer_start(&http->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static struct watch *watch_new(struct http *http, curl_socket_t socket)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	if (uv_poll_init_socket(&http->real->loop, &watch->poll, socket)) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->http = http;
	watch->socket = socket;
	http->curl.multi_assign(http->multi, socket, watch);
	return watch;
}

/* libcurl tells which sockets it wants to hear of. */
static int set_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context)
{
	struct http *http = context;
	struct watch *watch = socket_context;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (!watch)
			return 0;
		http->curl.multi_assign(http->multi, socket, NULL);
		uv_poll_stop(&watch->poll);
		uv_close((uv_handle_t *)&watch->poll, free_watch);
		return 0;
	}
	if (!watch && !(watch = watch_new(http, socket)))
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&watch->poll, events, on_poll);
}

static void on_idle(uv_timer_t *timer)
{
	struct exchange *exchange = timer->data;
	struct http *http = exchange->http;

	if (exchange->state != FLYING)
		return;
	complete(exchange, CURLE_OPERATION_TIMEDOUT);
	fail(&exchange->answer.error, ERR_TIMED_OUT, "%s was silent for %lld ms", exchange->peer,
	     (long long)exchange->idle_ms);
	hand_over(http);
}

struct http *http_open(struct real *real, struct error *err)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http) {
		fail_memory(err);
		return NULL;
	}
	if (curl_load(&http->curl, err)) {
		free(http);
		return NULL;
	}
	/* Not CURL_GLOBAL_SSL: OpenSSL sets itself up when TLS is first used, and most engines are reached
	 * without. */
	CURLcode code = http->curl.global_init(CURL_GLOBAL_NOTHING);
	http->multi = code == CURLE_OK ? http->curl.multi_init() : NULL;
	if (!http->multi) {
		fail(err, ERR_FAILED, "libcurl cannot be made ready: %s", http->curl.easy_strerror(code));
		free(http);
		return NULL;
	}
	http->real = real;
	link_init(&http->exchanges);
	link_init(&http->ready);
	uv_timer_init(&real->loop, &http->timer);
	http->timer.data = http;
	http->curl.multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	http->curl.multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	http->curl.multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	http->curl.multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	http->curl.multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
	http->curl.multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, HOST_CONNECTIONS);
	return http;
}

static struct exchange *exchange_new(struct http *http, const struct http_request *request,
				     const struct http_sink *sink, struct error *err)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange) {
		fail_memory(err);
		return NULL;
	}
	link_init(&exchange->link);
	link_init(&exchange->ready);
	exchange->http = http;
	exchange->sink = *sink;
	exchange->easy = http->curl.easy_init();
	if (!exchange->easy)
		fail_memory(err);
	if (!exchange->easy || exchange_configure(exchange, request, err)) {
		release_transfer(exchange);
		free_exchange(exchange);
		return NULL;
	}
	return exchange;
}

struct exchange *exchange_begin(struct http *http, const struct http_request *request,
				const struct http_sink *sink, bool bare, struct error *err)
{
	bool stream = bare || request->timeout_ms <= 0;

	if (stream && http->streams >= STREAMS) {
		fail(err, ERR_FAILED, "%u streams are open already", http->streams);
		remedy(err, "end some of those that follow something");
		return NULL;
	}
	struct exchange *exchange = exchange_new(http, request, sink, err);
	if (!exchange)
		return NULL;
	exchange->bare = bare;
	exchange->stream = stream;
	http->streams += stream;
	if (bare) {
		http->curl.easy_setopt(exchange->easy, CURLOPT_CONNECT_ONLY, 1L);
		http->curl.easy_setopt(exchange->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	}
	uv_timer_init(&http->real->loop, &exchange->idle);
	exchange->idle.data = exchange;
	link_append(&http->exchanges, &exchange->link);
	/* This only arms the timer: the transfer begins in the loop's next turn. */
	CURLMcode status = http->curl.multi_add_handle(http->multi, exchange->easy);
	if (status != CURLM_OK) {
		exchange->state = COMPLETE;
		end_exchange(exchange);
		fail_memory(err);
		return NULL;
	}
	exchange->added = true;
	return exchange;
}

void exchange_end(struct exchange *exchange)
{
	if (exchange->state != OVER)
		end_exchange(exchange);
}

struct exchange *real_http_send(struct world *world, const struct http_request *request,
				const struct http_sink *sink, struct error *err)
{
	struct real *real = real_of(world);

	if (!real->http && !(real->http = http_open(real, err)))
		return NULL;
	struct exchange *exchange = exchange_begin(real->http, request, sink, false, err);
	if (exchange && request->idle_ms > 0) {
		exchange->idle_ms = request->idle_ms;
		exchange->idle_open = true;
		uv_update_time(&real->loop);
		uv_timer_start(&exchange->idle, on_idle, (uint64_t)request->idle_ms,
			       (uint64_t)request->idle_ms);
	}
	return exchange;
}

void real_http_cancel(struct world *world, struct exchange *exchange)
{
	struct pipe_guard guard;

	(void)world;
	if (!exchange)
		return;
	pipe_guard_enter(&guard);
	exchange_end(exchange);
	pipe_guard_leave(&guard);
}

static void free_http(uv_handle_t *timer)
{
	free(timer->data);
}

void http_release(struct http *http)
{
	while (!link_alone(&http->exchanges))
		end_exchange(owner_of(http->exchanges.next, struct exchange, link));
	http->curl.multi_cleanup(http->multi);
	http->curl.global_cleanup();
	uv_close((uv_handle_t *)&http->timer, free_http);
}

void http_close(struct real *real)
{
	if (real->http)
		http_release(real->http);
	real->http = NULL;
}
