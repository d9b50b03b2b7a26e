/* call.c - one request to a service of an OpenStack: answered, refused in its own words, or unknown. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

/* What came of it; the question stays. */
static void forget_answer(struct openstack_call *call)
{
	struct world *world = call->talk->openstack->world;

	if (call->exchange)
		world->ops->http_cancel(world, call->exchange);
	call->exchange = NULL;
	text_release(&call->body);
	text_release(&call->headers);
	json_decref(give(call->json));
	call->error = (struct error){0};
	call->status = 0;
	call->sent = false;
}

void openstack_call_release(struct openstack_call *call)
{
	if (!call->talk)
		return;
	forget_answer(call);
	json_decref(call->pages);
	if (call->question.secret)
		release_secret_json(&call->question.body);
	else
		json_decref(call->question.body);
	*call = (struct openstack_call){0};
}

static void done(void *owner, struct http_answer *answer)
{
	struct openstack_call *call = owner;

	call->exchange = NULL;
	call->error = answer->error;
	call->status = answer->status;
	call->sent = answer->sent;
	call->body = answer->body;
	answer->body = (struct text){0};
	call->headers = answer->headers;
	answer->headers = (struct text){0};
	talk_returned(call->talk);
}

/* --- sending ---------------------------------------------------------------------------------------------
 */

/* Who logged in behind TLS is not to show the token to everybody on the way, unless that was said to be no
 * matter. */
static bool is_bare(const struct openstack *openstack, const char *base)
{
	return starts_with(openstack->settings.auth_url, "https://") && !starts_with(base, "https://") &&
	       !openstack->tls.no_verify;
}

static const char *refuse_bare(const struct openstack *openstack, const struct openstack_question *question,
			       const char *base, struct error *err)
{
	fail(err, ERR_INVALID,
	     "location `%s`: the service %s is at %s, where the token would be on its way without TLS",
	     openstack->location->name, question->service, base);
	remedy(err, "take another `interface`, or say `tlsVerify: false` where that is no matter");
	return NULL;
}

/* The region or the interface is another one, or the cloud has none. */
static void advise_of_catalogue(const struct openstack *openstack, const char *service, struct arena *arena,
				struct error *err)
{
	const struct openstack_token *token = &openstack->session.token;
	const struct openstack_settings *settings = &openstack->settings;
	owned_json regions = openstack_regions(token);
	owned_memory char *names = json_line(regions);

	if (settings->region && openstack_endpoint(token, arena, service, settings->interface, NULL))
		remedy(err, "`region` (region_name, OS_REGION_NAME) is one of %s", names ? names : "others");
	else
		remedy(err, "`interface` is public, internal or admin; `openstack catalog list` shows what "
			    "there is");
}

static const char *base_of(struct talk *talk, const struct openstack_question *question, struct error *err)
{
	const struct openstack *openstack = talk->openstack;
	const struct openstack_settings *settings = &openstack->settings;
	const char *region = settings->region;

	if (!question->service)
		return settings->auth_url;
	const char *base = openstack_endpoint(&openstack->session.token, &talk->arena, question->service,
					      settings->interface, region);
	if (!base) {
		fail(err, ERR_MISSING,
		     "location `%s`: the catalogue has no %s endpoint of the service %s%s%s",
		     openstack->location->name, settings->interface, question->service,
		     region ? " in the region " : "", region ? region : "");
		advise_of_catalogue(openstack, question->service, &talk->arena, err);
		return NULL;
	}
	if (is_bare(openstack, base))
		return refuse_bare(openstack, question, base, err);
	const char *slash = strrchr(base, '/'), *project = openstack->session.token.project_id;
	return question->root && slash && project && ends_with(slash, project)
		   ? arena_copy(&talk->arena, base, (size_t)(slash - base))
		   : base;
}

/* Of a page that names the next one from the root on, the path is the whole one. */
static void add_address(struct text *url, const char *base, const char *path)
{
	const char *host = strstr(base, "://");
	const char *below = host ? strchr(host + 3, '/') : NULL;

	if (below && starts_with(path, below) && strchr("/?", path[strlen(below)]))
		text_add_bytes(url, base, (size_t)(below - base));
	else
		text_add(url, base);
	text_add(url, path);
}

/* What is made has no name that would be refused a second time: a connection that was kept, and ends before
 * its answer, would have it sent once more unnoticed. */
static bool creates(const struct openstack_question *question)
{
	return !strcmp(question->method, "POST") && !starts_with(question->path, "/servers/");
}

static int send(struct openstack_call *call, struct error *err)
{
	struct openstack *openstack = call->talk->openstack;
	const struct openstack_question *question = &call->question;
	const char *base = base_of(call->talk, question, err);
	int version = openstack_microversion(&openstack->nova, OLDEST_NOVA, NEWEST_NOVA);
	owned_text body = {.secret = question->secret};
	owned_text url = {0};
	char spoken[64], revision[48];

	if (!base)
		return -1;
	add_address(&url, base, question->path);
	if (question->body)
		json_add_line(&body, question->body);
	if (url.failed || body.failed)
		return fail_memory(err);
	const char *headers[6] = {"Accept: application/json"};
	size_t count = 1;
	if (question->body)
		headers[count++] = "Content-Type: application/json";
	if (question->service && openstack->session.number)
		headers[count++] = openstack->session.header;
	if (question->service && !strcmp(question->service, "compute") && version > 0) {
		snprintf(spoken, sizeof(spoken), "OpenStack-API-Version: compute 2.%d", version);
		headers[count++] = spoken;
	}
	if (question->revision) {
		snprintf(revision, sizeof(revision), "If-Match: revision_number=%lld",
			 (long long)question->revision);
		headers[count++] = revision;
	}
	snprintf(call->what, sizeof(call->what), "%s %.*s", question->method,
		 (int)strcspn(text_view(&url), "?"), text_view(&url));
	call->session = openstack->session.number;
	const struct http_request request = {
	    .method = question->method,
	    .url = text_view(&url),
	    .headers = headers,
	    .body = question->body ? text_view(&body) : NULL,
	    .body_size = body.length,
	    .tls = starts_with(base, "https://") ? &openstack->tls : NULL,
	    .timeout_ms = READ_MS,
	    .fresh = call->again || creates(question),
	};
	const struct http_sink sink = {.done = done, .owner = call};
	call->exchange = openstack->world->ops->http_send(openstack->world, &request, &sink, err);
	if (!call->exchange)
		return -1;
	call->talk->waiting++;
	return 0;
}

int openstack_ask(struct talk *talk, unsigned slot, const struct openstack_question *question,
		  struct error *err)
{
	struct openstack_call *call = &talk->calls[slot];

	openstack_call_release(call);
	call->talk = talk;
	call->question = *question;
	return question->path ? send(call, err) : fail_memory(err);
}

/* --- once more -------------------------------------------------------------------------------------------
 */

/* Asked twice it comes to the same as once: what is deleted already is not found. */
static bool bears_repeating(const struct openstack_question *question)
{
	return !strcmp(question->method, "GET") || !strcmp(question->method, "DELETE");
}

/* A connection that the service had closed meanwhile; to ask once more changes nothing. */
static bool lost(const struct openstack_call *call)
{
	return call->talk && call->error.code == ERR_UNREACHABLE && !call->again &&
	       (bears_repeating(&call->question) || !call->sent);
}

static bool not_let_in(const struct openstack_call *call)
{
	return call->talk && call->error.code == OK && call->status == 401 && call->question.service &&
	       call->session;
}

/* Who was asked too often has done nothing: 429, and 413 as an older Nova says it. */
static bool asked_too_often(const struct openstack_call *call)
{
	char told[32];

	return call->status == 429 ||
	       (call->status == 413 && openstack_header(call, "Retry-After", told, sizeof(told)));
}

/* A login may be repeated as a question may. */
static bool refused_for_now(const struct openstack_call *call)
{
	if (!call->talk || call->error.code != OK || call->tries + 1 >= TRIES)
		return false;
	bool reads = !strcmp(call->question.method, "GET") || !call->question.service;
	return asked_too_often(call) || (reads && call->status == 503);
}

bool openstack_away(const struct openstack_call *call)
{
	if (call->error.code != OK)
		return call->error.code == ERR_UNREACHABLE || call->error.code == ERR_TIMED_OUT;
	return call->status >= 502 && call->status <= 504;
}

/* While something is made its services may be away for a while: whoever only looks asks on. */
static bool is_borne(const struct openstack_call *call)
{
	const struct talk *talk = call->talk;

	return talk && !strcmp(call->question.method, "GET") && openstack_away(call) &&
	       talk_now(talk) < talk->patient_until_ms;
}

static int64_t pause_of(const struct openstack_call *call)
{
	char told[32];
	int64_t seconds;

	if (!openstack_header(call, "Retry-After", told, sizeof(told)) ||
	    !parse_number(told, 1, 3600, &seconds))
		return PAUSE_MS;
	return seconds * 1000 < PAUSE_MOST_MS ? seconds * 1000 : PAUSE_MOST_MS;
}

int64_t openstack_patience(struct openstack_call *call)
{
	if (!refused_for_now(call) && !is_borne(call))
		return 0;
	call->tries++;
	return pause_of(call);
}

int openstack_repeat(struct openstack_call *call, struct error *err)
{
	forget_answer(call);
	return send(call, err);
}

static talk_step returned;

/* All that are to be asked again are marked so by having no answer. */
static enum progress send_again(struct talk *talk, struct error *err)
{
	for (unsigned i = 0; i < CALLS; i++) {
		struct openstack_call *call = &talk->calls[i];
		if (call->talk && !call->status && call->error.code == OK && send(call, err) < 0)
			return PROGRESS_FAILED;
	}
	return talk_go(talk, returned);
}

/* Its token is of no use any more; another talk may have a newer one already. */
static enum progress log_in_again(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	bool newer = true;

	for (unsigned i = 0; i < CALLS; i++) {
		if (!not_let_in(&talk->calls[i]))
			continue;
		newer &= talk->calls[i].session != openstack->session.number;
		forget_answer(&talk->calls[i]);
	}
	talk->logged_in = send_again;
	return newer ? talk_go(talk, send_again) : login_begin(talk, err);
}

/* Whether the page after this one is to be asked for. */
static bool goes_on(struct openstack_call *call)
{
	const char *next = openstack_ok(call) ? openstack_next_page(call) : NULL;

	if (!next)
		return false;
	call->question.path = next;
	call->again = false;
	call->tries = 0;
	return true;
}

static enum progress returned(struct talk *talk, struct error *err)
{
	bool login = false, repeat = false, taken = true;
	int64_t pause_ms = 0, patience_ms;

	for (unsigned i = 0; i < CALLS; i++) {
		struct openstack_call *call = &talk->calls[i];
		if (lost(call)) {
			call->again = true;
		} else if ((patience_ms = openstack_patience(call))) {
			pause_ms = patience_ms > pause_ms ? patience_ms : pause_ms;
		} else if (!goes_on(call)) {
			taken &= !not_let_in(call);
			login |= not_let_in(call) && !talk->relogged;
			continue;
		}
		repeat = true;
		forget_answer(call);
	}
	if (login) {
		talk->relogged = true;
		return log_in_again(talk, err);
	}
	if (pause_ms)
		return talk_pause(talk, pause_ms, send_again, err);
	if (taken && !repeat)
		talk->relogged = false;
	return talk_go(talk, repeat ? send_again : talk->answered);
}

enum progress openstack_await(struct talk *talk, talk_step *next)
{
	talk->answered = next;
	return talk_go(talk, returned);
}

enum progress openstack_ask_one(struct talk *talk, const struct openstack_question *question, talk_step *next,
				struct error *err)
{
	bool bodiless = !strcmp(question->method, "GET") || !strcmp(question->method, "DELETE");

	if (!bodiless && !question->body)
		return talk_no_memory(err);
	if (openstack_ask(talk, 0, question, err) < 0)
		return PROGRESS_FAILED;
	return openstack_await(talk, next);
}

enum progress openstack_read(struct talk *talk, const char *service, const char *path, talk_step *next,
			     struct error *err)
{
	const struct openstack_question question = {.service = service, .method = "GET", .path = path};

	return openstack_ask_one(talk, &question, next, err);
}

/* --- what came of it -------------------------------------------------------------------------------------
 */

bool openstack_ok(const struct openstack_call *call)
{
	return call->talk && call->error.code == OK && call->status / 100 == 2;
}

bool openstack_absent(const struct openstack_call *call)
{
	return call->talk && call->error.code == OK && (call->status == 404 || call->status == 410);
}

bool openstack_withheld(const struct openstack_call *call)
{
	return openstack_absent(call) ||
	       (call->talk && call->error.code == OK && (call->status == 400 || call->status == 403));
}

bool openstack_header(const struct openstack_call *call, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name);

	for (const char *line = text_view(&call->headers); *line;
	     line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		return (size_t)snprintf(ret, size, "%.*s", (int)strcspn(line, "\r\n"), line) < size;
	}
	return false;
}

static bool read_date(const struct openstack_call *call, int64_t *ret_ms)
{
	char stamp[64];
	struct tm tm = {0};

	if (!openstack_header(call, "Date", stamp, sizeof(stamp)) ||
	    !strptime(stamp, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return false;
	*ret_ms = (int64_t)timegm(&tm) * 1000;
	return true;
}

int64_t openstack_clock(const struct openstack_call *call)
{
	struct world *world = call->talk->openstack->world;
	int64_t told_ms;

	return read_date(call, &told_ms) ? told_ms : world->ops->wall(world);
}

void openstack_set_clock(const struct openstack_call *call)
{
	struct openstack *openstack = call->talk->openstack;
	int64_t told_ms;

	if (!read_date(call, &told_ms))
		return;
	openstack->clock_ahead_ms = told_ms - openstack->world->ops->wall(openstack->world);
	openstack->clock_known = true;
}

const json_t *openstack_json(struct openstack_call *call, struct error *err)
{
	struct error why;

	if (call->json)
		return call->json;
	call->json = json_parse(text_view(&call->body), call->body.length, "answer", &why);
	if (call->json)
		return call->json;
	if (why.code == ERR_NO_MEMORY)
		fail_memory(err);
	else
		fail(err, ERR_UNREACHABLE, "location `%s`: %s answered something that is no JSON (HTTP %d)",
		     call->talk->openstack->location->name, call->what, call->status);
	return NULL;
}

const json_t *openstack_list(struct openstack_call *call, const char *member, struct error *err)
{
	const json_t *json = openstack_json(call, err), *list = json_object_get(json, member);

	if (json && !json_is_array(list))
		fail(err, ERR_UNREACHABLE, "location `%s`: %s answered no list of %s",
		     call->talk->openstack->location->name, call->what, member);
	return json_is_array(list) ? list : NULL;
}

const char *openstack_made(struct openstack_call *call, const char *member, struct error *err)
{
	const json_t *json = openstack_ok(call) ? openstack_json(call, err) : NULL;
	const char *id = openstack_id(json_object_get(json, member));

	if (json && !id)
		fail(err, ERR_UNREACHABLE, "location `%s`: %s answered without the id of the %s",
		     call->talk->openstack->location->name, call->what, member);
	return id;
}

enum progress openstack_failed(struct openstack_call *call, struct error *err, const char *doing)
{
	const struct openstack *openstack = call->talk->openstack;
	const char *name = openstack->location->name;
	struct openstack_refusal refusal;

	if (call->error.code == ERR_NO_MEMORY)
		return talk_no_memory(err);
	if (call->error.code != OK) {
		enum code code = call->error.code == ERR_TIMED_OUT ? ERR_UNREACHABLE : call->error.code;
		fail(err, code, "location `%s`: %s: %s: %s", name, doing, call->what, call->error.text);
		if (*call->error.remedy)
			remedy(err, "%s", call->error.remedy);
		return PROGRESS_FAILED;
	}
	if (openstack_refusal_read(call->status, text_view(&call->body), call->body.length,
				   &call->talk->arena, &refusal) < 0)
		return talk_no_memory(err);
	fail(err, openstack_code(refusal.kind), "location `%s`: %s: %s: %s (HTTP %d)", name, doing,
	     call->what, refusal.words, call->status);
	if (refusal.kind == REFUSED_FOR_ROOM)
		remedy(err, "`berth locations check` tells each quota, and what is used of it");
	return PROGRESS_FAILED;
}
