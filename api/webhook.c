/* webhook.c - notices to those who want to hear of them: signed, in order, tried again for a day, and never
 * in the way of anything else.
 *
 * The signature is that of https://www.standardwebhooks.com: HMAC-SHA256 of "ID.TIMESTAMP.BODY", in base64.
 */
#include "api/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/private.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/json_write.h"
#include "engine/engine.h"

enum {
	MOST_RECEIVERS = 20,
	MOST_WAITING = 1000, /* for one of them: the oldest goes */
	ANSWER_MS = 15000,
	FIRST_PAUSE_MS = 1000,
	LONGEST_PAUSE_MS = 5 * 60 * 1000,
	SHORTEST_SECRET = 16,
	MOST_ANSWER = 64 * 1024, /* nobody reads it */
};

static const int64_t PATIENCE_MS = 24 * 60 * 60 * 1000;

static const char *const whats[] = {"failure", "recovery", "breaker", "breaker-closed", "no-capacity"};

struct letter {
	char id[40];
	char *body;
	int64_t written_ms; /* wall clock */
	struct letter *next;
};

struct receiver {
	struct webhooks *of; /* NULL: just read */
	struct receiver *next;
	char *url, *shown; /* a URL may have secrets in its path: people see its beginning */
	char *secret;      /* NULL: nothing is signed */
	unsigned wants;    /* a bit for each of `whats` */
	struct letter *first, *last;
	size_t count;
	struct exchange *exchange;
	struct timer *timer;
	unsigned tries; /* of the first letter */
	bool failing;   /* it was told that it does not take them */
};

struct webhooks {
	struct berth *berth;
	struct receiver *receivers;
	char *ca_file;
	char run_id[17];
	uint64_t number;
	struct webhook_counts counts;
	void (*log)(void *context, bool well, const char *line);
	void *context;
};

static void try_first(void *of);

/* --- reading -------------------------------------------------------------------------------- */

static void letter_free(struct letter *letter)
{
	free(letter->body);
	free(letter);
}

static void receiver_free(struct receiver *receiver)
{
	for (struct letter *letter = receiver->first, *next; letter; letter = next) {
		next = letter->next;
		letter_free(letter);
	}
	if (receiver->secret)
		explicit_bzero(receiver->secret, strlen(receiver->secret));
	free(receiver->secret);
	free(receiver->url);
	free(receiver->shown);
	free(receiver);
}

void receivers_free(struct receiver *receivers)
{
	for (struct receiver *next; receivers; receivers = next) {
		next = receivers->next;
		receiver_free(receivers);
	}
}

static int read_whats(char *words, unsigned *ret_wants, const char *where, struct error *err)
{
	char *rest = NULL;
	*ret_wants = words ? 0 : ~0u;
	for (char *word = words ? strtok_r(words, ",", &rest) : NULL; word;
	     word = strtok_r(NULL, ",", &rest)) {
		size_t i = 0;
		while (i < COUNT_OF(whats) && strcmp(whats[i], word) != 0)
			i++;
		if (i == COUNT_OF(whats)) {
			fail(err, ERR_INVALID, "%s: `%.40s` is nothing that is told", where, word);
			remedy(err, "failure, recovery, breaker, breaker-closed, no-capacity; or leave it "
				    "out for all of them");
			return -1;
		}
		*ret_wants |= 1u << i;
	}
	return 0;
}

static int check_words(const char *url, const char *secret, const char *where, struct error *err)
{
	if ((!starts_with(url, "https://") && !starts_with(url, "http://")) || !printable(url))
		return fail(err, ERR_INVALID, "%s: a receiver is at an https:// or http:// URL", where);
	if (secret && (strcmp(secret, "-") == 0 || strlen(secret) >= SHORTEST_SECRET))
		return 0;
	fail(err, ERR_INVALID, "%s: after the URL comes a secret of %d characters or more", where,
	     SHORTEST_SECRET);
	remedy(err, "`openssl rand -hex 32` makes one; `-` for a receiver that checks no signature");
	return -1;
}

struct reading {
	const char *path;
	struct receiver **end;
	size_t count;
};

static int take_line(void *of, char *line, int number, struct error *err)
{
	struct reading *reading = of;
	char *rest = NULL, where[300];
	char *url = strtok_r(line, " \t\r", &rest), *secret = strtok_r(NULL, " \t\r", &rest);
	char *words = secret ? strtok_r(NULL, " \t\r", &rest) : NULL;
	unsigned wants;
	if (!url || *url == '#')
		return 0;
	snprintf(where, sizeof where, "%s:%d", reading->path, number);
	if (check_words(url, secret, where, err) || read_whats(words, &wants, where, err))
		return -1;
	if (++reading->count > MOST_RECEIVERS)
		return fail(err, ERR_INVALID, "%s has more than %d receivers", reading->path, MOST_RECEIVERS);
	struct receiver *receiver = calloc(1, sizeof *receiver);
	if (!receiver)
		return fail_memory(err);
	*reading->end = receiver;
	reading->end = &receiver->next;
	receiver->wants = wants;
	receiver->url = strdup(url);
	bool is_signed = secret && strcmp(secret, "-") != 0;
	receiver->secret = is_signed ? strdup(secret) : NULL;
	/* "https://user:word@host:1/path" is shown as "https://host:1". */
	const char *host = strstr(url, "://") + 3, *end = host + strcspn(host, "/?#"),
		   *at = memrchr(host, '@', (size_t)(end - host));
	const char *shown = at ? at + 1 : host;
	if (asprintf(&receiver->shown, "%.*s%.*s", (int)(host - url), url, (int)(end - shown), shown) < 0)
		receiver->shown = NULL;
	bool whole = receiver->url && receiver->shown && (receiver->secret || !is_signed);
	return whole ? 0 : fail_memory(err);
}

int receivers_read(const char *path, struct receiver **ret, struct error *err)
{
	struct receiver *list = NULL;
	struct reading reading = {.path = path, .end = &list};
	if (private_lines(path, "the file of webhooks", take_line, &reading, err)) {
		receivers_free(list);
		return -1;
	}
	*ret = list;
	return 0;
}

/* --- sending -------------------------------------------------------------------------------- */

static void say(const struct receiver *receiver, bool well, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(const struct receiver *receiver, bool well, const char *format, ...)
{
	owned_text line = {0};
	va_list arguments;
	text_format(&line, "webhook at %s: ", receiver->shown);
	va_start(arguments, format);
	text_vformat(&line, format, arguments);
	va_end(arguments);
	receiver->of->log(receiver->of->context, well, text_view(&line));
}

static struct world *world_of(const struct receiver *receiver)
{
	return receiver->of->berth->world;
}

static void drop_first(struct receiver *receiver)
{
	struct letter *letter = receiver->first;
	receiver->first = letter->next;
	if (!receiver->first)
		receiver->last = NULL;
	receiver->count--;
	receiver->of->counts.waiting--;
	receiver->tries = 0;
	letter_free(letter);
}

/* By whoever owes the receiver something, once the loop is free of what called. */
static void go_on(struct receiver *receiver, int64_t delay_ms)
{
	struct world *world = world_of(receiver);
	if (receiver->exchange || receiver->timer || !receiver->first)
		return;
	receiver->timer = world->ops->timer_start(world, delay_ms, try_first, receiver);
}

/* 1 s, 2 s, 4 s, ... up to 5 min, and by chance up to a quarter more, so that not all come at one time. */
static int64_t pause_after(const struct receiver *receiver)
{
	struct world *world = world_of(receiver);
	unsigned doublings = receiver->tries < 10 ? receiver->tries : 10;
	int64_t pause = (int64_t)FIRST_PAUSE_MS << (doublings ? doublings - 1 : 0);
	uint16_t chance = 0;
	pause = pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
	world->ops->random(world, &chance, sizeof chance);
	return pause + pause / 4 * chance / UINT16_MAX;
}

static void try_again(struct receiver *receiver, const char *why)
{
	struct world *world = world_of(receiver);
	if (world->ops->wall(world) - receiver->first->written_ms > PATIENCE_MS) {
		say(receiver, false, "%s, for a day: notice %s is given up", why, receiver->first->id);
		receiver->of->counts.dropped++;
		drop_first(receiver);
		go_on(receiver, 0);
		return;
	}
	receiver->tries++;
	if (!receiver->failing)
		say(receiver, false, "%s; notices wait and are tried again", why);
	receiver->failing = true;
	go_on(receiver, pause_after(receiver));
}

/* What the receiver will never take is not sent again; what it, or the way to it, may take later is. */
static bool is_final(int status)
{
	return status >= 300 && status < 500 && status != 408 && status != 425 && status != 429;
}

static void answered(void *owner, struct http_answer *answer)
{
	struct receiver *receiver = owner;
	char why[600];
	receiver->exchange = NULL;
	if (answer->status >= 200 && answer->status < 300 && !answer->error.code) {
		if (receiver->failing)
			say(receiver, true, "takes notices again, %zu wait", receiver->count - 1);
		receiver->failing = false;
		receiver->of->counts.delivered++;
		drop_first(receiver);
		go_on(receiver, 0);
		return;
	}
	if (answer->status)
		snprintf(why, sizeof why, "answers %d", answer->status);
	else
		snprintf(why, sizeof why, "%s", answer->error.text);
	if (!is_final(answer->status)) {
		try_again(receiver, why);
		return;
	}
	say(receiver, false, "%s: notice %s is not sent again", why, receiver->first->id);
	receiver->of->counts.refused++;
	drop_first(receiver);
	go_on(receiver, 0);
}

/* "v1,BASE64" of what is signed. 0 or -1. */
static int sign(const struct receiver *receiver, const struct letter *letter, int64_t now_s, struct text *ret)
{
	static const char coded[] = "whsec_";
	unsigned char digest[HMAC_SIZE];
	owned_text content = {0}, key = {.secret = true};
	text_format(&content, "%s.%" PRId64 ".%s", letter->id, now_s, letter->body);
	if (!starts_with(receiver->secret, coded) ||
	    !base64_decode(receiver->secret + sizeof coded - 1, &key)) {
		text_clear(&key);
		text_add(&key, receiver->secret);
	}
	if (content.failed || key.failed ||
	    hmac_sha256(key.data, key.length, content.data, content.length, digest))
		return -1;
	text_add(ret, "Webhook-Signature: v1,");
	base64_add(ret, (const char *)digest, sizeof digest);
	return ret->failed ? -1 : 0;
}

static int send_first(struct receiver *receiver, struct error *err)
{
	struct world *world = world_of(receiver);
	const struct letter *letter = receiver->first;
	int64_t now_s = world->ops->wall(world) / 1000;
	owned_text id = {0}, moment = {0}, signature = {0};
	text_format(&id, "Webhook-Id: %s", letter->id);
	text_format(&moment, "Webhook-Timestamp: %" PRId64, now_s);
	if (receiver->secret && sign(receiver, letter, now_s, &signature))
		return fail_memory(err);
	const char *const headers[] = {"Content-Type: application/json",
				       "User-Agent: berth",
				       text_view(&id),
				       text_view(&moment),
				       receiver->secret ? text_view(&signature) : NULL,
				       NULL};
	const struct http_tls tls = {.ca_file = receiver->of->ca_file};
	const struct http_request request = {.method = "POST",
					     .url = receiver->url,
					     .headers = headers,
					     .body = letter->body,
					     .body_size = strlen(letter->body),
					     .tls = &tls,
					     .timeout_ms = ANSWER_MS,
					     .body_limit = MOST_ANSWER};
	const struct http_sink sink = {.done = answered, .owner = receiver};
	if (id.failed || moment.failed)
		return fail_memory(err);
	receiver->exchange = world->ops->http_send(world, &request, &sink, err);
	return receiver->exchange ? 0 : -1;
}

static void try_first(void *of)
{
	struct receiver *receiver = of;
	struct error err = {0};
	receiver->timer = NULL;
	if (!receiver->exchange && receiver->first && send_first(receiver, &err))
		try_again(receiver, err.text);
}

/* --- telling -------------------------------------------------------------------------------- */

static char *write_body(const char *id, const char *what, const struct berth_event *notice, int64_t now_ms)
{
	struct text body = {0};
	owned_json moment = json_moment(now_ms);
	owned_memory char *words =
	    strndup(notice->text ? notice->text : "", notice->text ? notice->text_size : 0);
	json_open(&body, NULL, '{');
	json_write_text(&body, "format_version", "1");
	json_write_text(&body, "id", id);
	json_write_text(&body, "time", json_string_value(moment));
	json_write_text(&body, "what", what);
	json_write_text(&body, "app", notice->app);
	json_write_text(&body, "component", notice->component);
	json_write_text(&body, "instance", notice->instance);
	json_write_text(&body, "text", words);
	json_close(&body, '}');
	return text_take(&body);
}

/* The oldest that waits goes for the newest; one that is on its way stays. */
static void make_room(struct receiver *receiver)
{
	if (receiver->count < MOST_WAITING)
		return;
	struct letter *oldest = receiver->exchange ? receiver->first->next : receiver->first;
	receiver->of->counts.dropped++;
	if (!receiver->exchange) {
		drop_first(receiver);
		return;
	}
	receiver->first->next = oldest->next;
	if (receiver->last == oldest)
		receiver->last = receiver->first;
	receiver->count--;
	receiver->of->counts.waiting--;
	letter_free(oldest);
}

static void put(struct receiver *receiver, const char *id, const char *body, int64_t now_ms)
{
	struct letter *letter = calloc(1, sizeof *letter);
	if (!letter || !(letter->body = strdup(body))) {
		free(letter);
		receiver->of->counts.dropped++;
		return;
	}
	make_room(receiver);
	snprintf(letter->id, sizeof letter->id, "%s", id);
	letter->written_ms = now_ms;
	if (receiver->last)
		receiver->last->next = letter;
	else
		receiver->first = letter;
	receiver->last = letter;
	receiver->count++;
	receiver->of->counts.waiting++;
	go_on(receiver, 0);
}

void webhooks_tell(struct webhooks *webhooks, const struct berth_event *notice)
{
	size_t what = 0;
	char id[40];
	while (what < COUNT_OF(whats) && notice->what && strcmp(whats[what], notice->what) != 0)
		what++;
	if (!webhooks || !webhooks->receivers || !notice->what || what == COUNT_OF(whats))
		return;
	struct world *world = webhooks->berth->world;
	int64_t now_ms = world->ops->wall(world);
	snprintf(id, sizeof id, "%s-%" PRIu64, webhooks->run_id, ++webhooks->number);
	owned_memory char *body = write_body(id, whats[what], notice, now_ms);
	for (struct receiver *receiver = webhooks->receivers; receiver && body; receiver = receiver->next)
		if (receiver->wants & 1u << what)
			put(receiver, id, body, now_ms);
}

/* --- the whole ------------------------------------------------------------------------------ */

struct webhooks *webhooks_new(struct berth *berth, const char *ca_file,
			      void (*log)(void *context, bool well, const char *line), void *context)
{
	struct webhooks *webhooks = calloc(1, sizeof *webhooks);
	uint64_t chance = 0;
	if (!webhooks || (ca_file && !(webhooks->ca_file = strdup(ca_file)))) {
		free(webhooks);
		return NULL;
	}
	berth->world->ops->random(berth->world, &chance, sizeof chance);
	snprintf(webhooks->run_id, sizeof webhooks->run_id, "%016" PRIx64, chance);
	webhooks->berth = berth;
	webhooks->log = log;
	webhooks->context = context;
	return webhooks;
}

static void end(struct receiver *receiver)
{
	struct world *world = world_of(receiver);
	if (receiver->exchange)
		world->ops->http_cancel(world, give(receiver->exchange));
	world->ops->timer_cancel(world, give(receiver->timer));
	receiver->of->counts.waiting -= receiver->count;
	receiver_free(receiver);
}

/* Its letters, where it was one before. */
static void inherit(struct receiver *receiver, struct receiver *before)
{
	receiver->first = give(before->first);
	receiver->last = give(before->last);
	receiver->count = before->count;
	receiver->tries = before->tries;
	receiver->failing = before->failing;
	before->count = 0;
	go_on(receiver, 0);
}

void webhooks_take(struct webhooks *webhooks, struct receiver *receivers)
{
	struct receiver *before = webhooks->receivers;
	webhooks->receivers = receivers;
	for (struct receiver *receiver = receivers; receiver; receiver = receiver->next) {
		receiver->of = webhooks;
		for (struct receiver *old = before; old; old = old->next)
			if (strcmp(old->url, receiver->url) == 0 && !receiver->count)
				inherit(receiver, old);
	}
	for (struct receiver *next; before; before = next) {
		next = before->next;
		end(before);
	}
}

struct webhook_counts webhooks_counts(const struct webhooks *webhooks)
{
	return webhooks ? webhooks->counts : (struct webhook_counts){0};
}

bool webhooks_flying(const struct webhooks *webhooks)
{
	for (const struct receiver *receiver = webhooks ? webhooks->receivers : NULL; receiver;
	     receiver = receiver->next)
		if (receiver->exchange)
			return true;
	return false;
}

void webhooks_free(struct webhooks *webhooks)
{
	if (!webhooks)
		return;
	webhooks_take(webhooks, NULL);
	free(webhooks->ca_file);
	free(webhooks);
}
