/* wire.c - messages on their way: what becomes of a request, and its answer in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/internal.h"

#define TWICE_WITHIN_MS 40

const char *wire_peer(const struct http_request *request, char *ret, size_t size)
{
	if (request->unix_socket) {
		snprintf(ret, size, "unix:%s", request->unix_socket);
		return ret;
	}
	const char *host = strstr(request->url, "://");
	host = host ? host + 3 : request->url;
	snprintf(ret, size, "%.*s", (int)strcspn(host, "/?#"), host);
	return ret;
}

/* --- a request of our own ---------------------------------------------------------------------- */

static void release_request(struct http_request *request)
{
	free((char *)request->method);
	free((char *)request->url);
	free((char *)request->unix_socket);
	free((void *)request->body);
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		free((char *)request->headers[i]);
	free((void *)request->headers);
}

static bool copy_headers(struct http_request *copy, const char *const *headers)
{
	size_t count = 0;
	while (headers && headers[count])
		count++;
	char **list = calloc(count + 1, sizeof *list);
	copy->headers = (const char *const *)list;
	for (size_t i = 0; list && i < count; i++)
		if (!(list[i] = strdup(headers[i])))
			return false;
	return list;
}

static bool copy_request(struct http_request *copy, const struct http_request *request)
{
	*copy = *request;
	copy->method = strdup(request->method);
	copy->url = strdup(request->url);
	copy->unix_socket = request->unix_socket ? strdup(request->unix_socket) : NULL;
	copy->body =
	    request->body ? memcpy(malloc(request->body_size + 1), request->body, request->body_size) : NULL;
	copy->tls = NULL;
	copy->proxy = NULL;
	return copy_headers(copy, request->headers) && copy->method && copy->url &&
	       (copy->body || !request->body) && (copy->unix_socket || !request->unix_socket);
}

/* --- its life ------------------------------------------------------------------------------------- */

static void free_parcel(struct parcel *parcel)
{
	clock_take(parcel->reply->universe->clock, &parcel->event);
	text_release(&parcel->bytes);
	free(parcel);
}

static void drop_parcels(struct parcel **list)
{
	while (*list) {
		struct parcel *next = (*list)->next;
		free_parcel(*list);
		*list = next;
	}
}

static void free_reply(struct reply *reply)
{
	clock_take(reply->universe->clock, &reply->arrival);
	clock_take(reply->universe->clock, &reply->leaving);
	drop_parcels(&reply->parcels);
	drop_parcels(&reply->words);
	release_request(&reply->request);
	*reply->link = reply->next;
	if (reply->next)
		reply->next->link = reply->link;
	free(reply);
}

void wire_end(struct universe *universe)
{
	while (universe->replies)
		free_reply(universe->replies);
}

/* It goes when nobody has anything to do with it any more. */
static void settle(struct reply *reply)
{
	bool waits = reply->exchange || reply->channel;
	bool moves = reply->arrival.index != EVENT_IDLE || reply->leaving.index != EVENT_IDLE;
	if (!reply->busy && !waits && !moves && !reply->serving)
		free_reply(reply);
}

static void tell_gone(struct reply *reply)
{
	const struct service *service = &reply->place->service;
	if (!reply->serving)
		return;
	reply->serving = false;
	drop_parcels(&reply->words);
	if (service->gone)
		service->gone(service->owner, reply);
}

bool wire_is_cut(const struct universe *universe, const struct place *place)
{
	return place->isolated || clock_now(universe->clock) < place->silent_until_ms;
}

/* What cannot get through now and is sent again: it happens when it can. */
static bool waits_longer(struct reply *reply, struct event *event)
{
	int64_t left = reply->place ? reply->place->silent_until_ms - clock_now(reply->universe->clock) : 0;
	return left > 0 && clock_add(reply->universe->clock, event, left) == 0;
}

static void leaving_happens(struct event *event)
{
	struct reply *reply = owner_of(event, struct reply, leaving);
	if (waits_longer(reply, event))
		return;
	tell_gone(reply);
	settle(reply);
}

static void arrival_happens(struct event *event)
{
	struct reply *reply = owner_of(event, struct reply, arrival);
	const struct service *service = &reply->place->service;
	if (waits_longer(reply, event))
		return;
	if (reply->place->served && !reply->place->isolated) {
		reply->arrived = reply->serving = reply->busy = true;
		universe_tell(reply->universe, "%s hears %s %s",
			      reply->request.unix_socket ? reply->request.unix_socket : "a service",
			      reply->request.method, reply->request.url);
		service->request(service->owner, &reply->request, reply);
		if (reply->over)
			tell_gone(reply);
		reply->busy = false;
	}
	settle(reply);
}

static struct reply *new_reply(struct universe *universe, const struct http_request *request)
{
	struct reply *reply = calloc(1, sizeof *reply);
	if (!reply)
		return NULL;
	reply->universe = universe;
	reply->next = universe->replies;
	reply->link = &universe->replies;
	universe->replies = reply;
	if (reply->next)
		reply->next->link = &reply->next;
	reply->last_parcel = &reply->parcels;
	event_prepare(&reply->arrival, arrival_happens);
	event_prepare(&reply->leaving, leaving_happens);
	if (copy_request(&reply->request, request))
		return reply;
	free_reply(reply);
	return NULL;
}

static struct place *find_place(struct universe *universe, const struct machine *from, const char *peer)
{
	struct place *place = map_get(universe->places, peer);
	char address[160];
	int64_t port = 80;
	if (place)
		return place;
	snprintf(address, sizeof address, "%s", peer);
	char *colon = strrchr(address, ':');
	if (colon && parse_number(colon + 1, 1, UINT16_MAX, &port))
		*colon = 0;
	return wire_accepts(universe, from, address, (uint16_t)port, &place) == 1 ? place : NULL;
}

/* It arrives once more than it was sent. */
static void send_again(const struct reply *first)
{
	struct reply *again = new_reply(first->universe, &first->request);
	if (!again)
		return;
	again->place = first->place;
	again->from = first->from;
	again->over = true;
	int64_t later = first->fate.there_ms + 1 + universe_roll(first->universe, TWICE_WITHIN_MS);
	if (clock_add(first->universe->clock, &again->arrival, later))
		free_reply(again);
}

static struct parcel *add_parcel(struct reply *reply, enum parcel_kind kind, const void *bytes, size_t count);

static void spoil_status(struct reply *reply)
{
	static const char words[] = "{\"message\":\"upstream connect error or disconnect before headers\"}";
	struct parcel *head = add_parcel(reply, PARCEL_HEAD, NULL, 0);
	if (head)
		head->status = reply->fate.status;
	add_parcel(reply, PARCEL_BYTES, words, sizeof words - 1);
	add_parcel(reply, PARCEL_END, NULL, 0);
}

struct reply *wire_send(struct seat *seat, const struct http_request *request)
{
	struct universe *universe = seat->participant.universe;
	struct reply *reply = new_reply(universe, request);
	char peer[160];
	if (!reply)
		return NULL;
	wire_peer(request, peer, sizeof peer);
	reply->from = seat->machine;
	reply->fate = (struct fate){.there_ms = 1, .back_ms = 1};
	reply->place = find_place(universe, seat->machine, peer);
	if (universe->decide)
		universe->decide(universe->decider, seat, peer, request, &reply->fate);
	if (!reply->place || reply->fate.refused)
		return reply;
	if (reply->fate.spoiling == SPOIL_STATUS)
		spoil_status(reply);
	else if (reply->fate.lost ? reply->fate.reset
				  : clock_add(universe->clock, &reply->arrival, reply->fate.there_ms) < 0)
		add_parcel(reply, PARCEL_CUT, NULL, 0);
	if (reply->fate.twice && !request->fresh && !reply->fate.lost)
		send_again(reply);
	return reply;
}

bool wire_connects(struct seat *seat, const struct reply *reply, struct error *err)
{
	char peer[160];
	(void)seat;
	if (reply->place && reply->place->served && !reply->fate.refused)
		return true;
	wire_peer(&reply->request, peer, sizeof peer);
	if (reply->request.unix_socket && !reply->place)
		fail(err, ERR_UNREACHABLE, "there is no socket %s: No such file or directory",
		     reply->request.unix_socket);
	else if (reply->request.unix_socket)
		fail(err, ERR_UNREACHABLE, "nobody listens on the socket %s: Connection refused",
		     reply->request.unix_socket);
	else
		fail(err, ERR_UNREACHABLE, "cannot connect to %s: Connection refused", peer);
	return false;
}

void wire_leave(struct reply *reply)
{
	reply->exchange = NULL;
	reply->channel = NULL;
	reply->over = true;
	drop_parcels(&reply->parcels);
	reply->last_parcel = &reply->parcels;
	if (reply->serving && clock_add(reply->universe->clock, &reply->leaving, reply->fate.there_ms))
		tell_gone(reply);
	settle(reply);
}

/* --- what comes back -------------------------------------------------------------------------- */

static void deliver(struct reply *reply, struct parcel *parcel)
{
	struct exchange *exchange = reply->exchange;
	struct channel *channel = reply->channel;
	switch (parcel->kind) {
	case PARCEL_HEAD:
	case PARCEL_OPEN:
		if (exchange)
			exchange_first(exchange, parcel->status, &parcel->bytes);
		else if (channel)
			channel_first(channel, parcel->status, &parcel->bytes, parcel->kind == PARCEL_OPEN);
		break;
	case PARCEL_BYTES:
		if (exchange)
			exchange_bytes(exchange, parcel->bytes.data, parcel->bytes.length);
		else if (channel)
			channel_bytes(channel, parcel->bytes.data, parcel->bytes.length);
		break;
	case PARCEL_END:
	case PARCEL_CUT:
		if (exchange)
			exchange_last(exchange, parcel->kind == PARCEL_END);
		else if (channel)
			channel_last(channel, parcel->kind == PARCEL_END);
	}
}

static void parcel_happens(struct event *event)
{
	struct parcel *parcel = (struct parcel *)event;
	struct reply *reply = parcel->reply;
	if (waits_longer(reply, event))
		return;
	reply->parcels = parcel->next;
	if (!reply->parcels)
		reply->last_parcel = &reply->parcels;
	reply->busy = true;
	if (!reply->place->isolated)
		deliver(reply, parcel);
	reply->busy = false;
	free_parcel(parcel);
	settle(reply);
}

static struct parcel *new_parcel(struct reply *reply, enum parcel_kind kind, const void *bytes, size_t count,
				 void (*happens)(struct event *))
{
	struct parcel *parcel = calloc(1, sizeof *parcel);
	if (!parcel)
		return NULL;
	parcel->reply = reply;
	parcel->kind = kind;
	text_add_bytes(&parcel->bytes, bytes, count);
	event_prepare(&parcel->event, happens);
	return parcel;
}

/* Due when all before it is, at the earliest. */
static int post(struct reply *reply, struct parcel *parcel, int64_t *last_ms, int64_t way_ms)
{
	int64_t now = clock_now(reply->universe->clock);
	if (*last_ms < now + way_ms)
		*last_ms = now + way_ms;
	return clock_add(reply->universe->clock, &parcel->event, *last_ms - now);
}

static struct parcel *add_parcel(struct reply *reply, enum parcel_kind kind, const void *bytes, size_t count)
{
	struct parcel *parcel;
	if (reply->over || !(parcel = new_parcel(reply, kind, bytes, count, parcel_happens)))
		return NULL;
	if (post(reply, parcel, &reply->last_back_ms, reply->fate.back_ms)) {
		free_parcel(parcel);
		return NULL;
	}
	*reply->last_parcel = parcel;
	reply->last_parcel = &parcel->next;
	return parcel;
}

/* Whether anything of the answer gets through; a broken connection shows once. */
static bool passes(struct reply *reply)
{
	if (!reply->fate.answer_lost)
		return !reply->over;
	if (reply->fate.reset && !reply->over)
		add_parcel(reply, PARCEL_CUT, NULL, 0);
	reply->fate.reset = false;
	return false;
}

static void head(struct reply *reply, enum parcel_kind kind, int status, const char *headers)
{
	if (!passes(reply))
		return;
	struct parcel *parcel = add_parcel(reply, kind, headers, headers ? strlen(headers) : 0);
	if (parcel)
		parcel->status = status;
}

void reply_head(struct reply *reply, int status, const char *headers)
{
	head(reply, PARCEL_HEAD, status, headers);
}

void reply_open(struct reply *reply, int status, const char *headers)
{
	head(reply, PARCEL_OPEN, status, headers);
}

/* How many of these bytes still get through. */
static size_t spoilt_room(const struct reply *reply, size_t count)
{
	enum spoiling spoiling = reply->fate.spoiling;
	if (spoiling != SPOIL_TRUNCATED && spoiling != SPOIL_CUT)
		return count;
	size_t room = reply->fate.after > reply->passed ? reply->fate.after - reply->passed : 0;
	return count < room ? count : room;
}

void reply_bytes(struct reply *reply, const void *bytes, size_t count)
{
	static const char garbage[] = "\xff\xfe<!doctype html>\0<p>{[";
	if (!count || !passes(reply))
		return;
	if (reply->fate.spoiling == SPOIL_GARBAGE || reply->fate.spoiling == SPOIL_EMPTY) {
		bool empty = reply->fate.spoiling == SPOIL_EMPTY;
		if (!reply->passed++)
			add_parcel(reply, PARCEL_BYTES, empty ? "{}" : garbage,
				   empty ? 2 : sizeof garbage - 1);
		return;
	}
	size_t room = spoilt_room(reply, count);
	reply->passed += count;
	if (room)
		add_parcel(reply, PARCEL_BYTES, bytes, room);
	if (room < count && reply->fate.spoiling == SPOIL_CUT) {
		add_parcel(reply, PARCEL_CUT, NULL, 0);
		reply->fate.answer_lost = true;
	}
}

static void served(struct reply *reply)
{
	reply->serving = false;
	settle(reply);
}

void reply_end(struct reply *reply)
{
	if (passes(reply))
		add_parcel(reply, PARCEL_END, NULL, 0);
	served(reply);
}

void reply_cut(struct reply *reply)
{
	if (passes(reply))
		add_parcel(reply, PARCEL_CUT, NULL, 0);
	served(reply);
}

void reply_whole(struct reply *reply, int status, const char *headers, const char *body)
{
	reply_head(reply, status, headers);
	if (body)
		reply_bytes(reply, body, strlen(body));
	reply_end(reply);
}

void reply_keep(struct reply *reply, void *state)
{
	reply->kept = state;
}

void *reply_kept(const struct reply *reply)
{
	return reply->kept;
}

const struct machine *reply_from(const struct reply *reply)
{
	return reply->from;
}

/* --- to the service, on a connection that was given away ----------------------------------------- */

static void words_happen(struct event *event)
{
	struct parcel *parcel = (struct parcel *)event;
	struct reply *reply = parcel->reply;
	const struct service *service = &reply->place->service;
	if (waits_longer(reply, event))
		return;
	reply->words = parcel->next;
	reply->busy = true;
	if (reply->serving && service->heard && !reply->place->isolated)
		service->heard(service->owner, reply, text_view(&parcel->bytes), parcel->bytes.length);
	reply->busy = false;
	free_parcel(parcel);
	settle(reply);
}

int wire_write(struct reply *reply, const void *bytes, size_t count)
{
	struct parcel *parcel = new_parcel(reply, PARCEL_BYTES, bytes, count, words_happen);
	if (!parcel)
		return -1;
	if (post(reply, parcel, &reply->last_there_ms, reply->fate.there_ms)) {
		free_parcel(parcel);
		return -1;
	}
	struct parcel **end = &reply->words;
	while (*end)
		end = &(*end)->next;
	*end = parcel;
	return 0;
}
