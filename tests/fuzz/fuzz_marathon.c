/* fuzz_marathon.c - a Marathon, and a Mesos below it, that answer anything: the first line names what is
 * asked of the driver and, behind a blank, who Marathon says that it is; then come the answers in turn, each
 * after a line of two percent signs: a status and a body. Those that it gives to whoever watches are a stream
 * of events.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "locations/marathon/answers.h"
#include "tests/fuzz/pieces.h"
#include "tests/support/virtual_world.h"

#define MOST_REQUESTS 100 /* of one input: then nobody is there */
#define HOUR_MS       (60 * 60 * 1000)
#define USUAL_INFO                                                                                           \
	"{\"version\":\"1.11.26\",\"frameworkId\":\"f-1\",\"marathon_config\":{"                             \
	"\"mesos_leader_ui_url\":\"http://m:5050/\"}}"

static struct {
	struct world *world;
	struct location location;
	struct errand errand;
	struct pieces pieces;
	struct piece last;
	const char *info; /* of /v2/info */
	unsigned requests;
	bool woken;
} stage;

static const struct spec_port ports[] = {
    {.port = 80, .protocol = TCP, .open = true, .published = true, .host_port = 8080},
    {.port = 53, .protocol = UDP, .open = true}};
static const char *const command[] = {"run", "it", NULL};
static const struct health_check tcp = {.kind = CHECK_TCP, .port = 80, .timeout_ms = 1000};
static const struct instance_spec web = {
    .app = "shop",
    .component = "web",
    .ordinal = 1,
    .count = 2,
    .name = "shop.web.1",
    .shared_name = "shop.web",
    .kind = COMPONENT_DOCKER,
    .image = "busybox:1",
    .command = command,
    .ports = ports,
    .port_count = 2,
    .digest = "aa",
    .link_digest = "11",
    .secret_salt = "",
    .secret_digest = "",
    .file_digest = "",
    .stop_timeout_ms = -1,
};

/* --- the outside ------------------------------------------------------------------------------------- */

/* "404 {...}"; without a number it is a 200. The last one is said again and again. */
static int next_answer(struct piece *ret_body)
{
	struct piece piece = pieces_next(&stage.pieces);
	int status = 200;

	if (piece.size)
		stage.last = piece;
	piece = stage.last;
	if (piece.size >= 4 && piece.text[3] == ' ' && (status = atoi(piece.text)) >= 100 && status <= 599) {
		piece.text += 4;
		piece.size -= 4;
	} else {
		status = 200;
	}
	*ret_body = piece;
	return status;
}

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *answer)
{
	struct piece body = {.text = ""};
	const char *path = strstr(request->url, "://");

	(void)owner;
	path = path ? strchr(path + 3, '/') : NULL;
	answer->sent = true;
	text_add(&answer->headers, "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:44:52 GMT\r\n");
	if (++stage.requests > MOST_REQUESTS) {
		fail(&answer->error, ERR_UNREACHABLE, "nobody is there any more");
		return 1;
	}
	/* Who it is is mostly as usual, so that more of the rest is reached. */
	if (path && !strcmp(path, "/v2/info")) {
		answer->status = 200;
		text_add(&answer->body, stage.info);
		return 1;
	}
	answer->status = next_answer(&body);
	if (answer->status / 100 == 3)
		text_format(&answer->headers, "Location: %s\r\n", body.text);
	text_add_bytes(&answer->body, body.text, body.size);
	return 1;
}

static int64_t answer_probe(void *owner, const char *address, uint16_t port, struct error *error)
{
	(void)owner, (void)port, (void)error;
	HOLDS(address && *address);
	return 1;
}

static const char *no_variable(const char *name)
{
	(void)name;
	return NULL;
}

/* --- what is asked ----------------------------------------------------------------------------------- */

static void discard(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)owner, (void)errors, (void)bytes, (void)count;
}

static void changed(void *owner, const char *name, const struct told_end *end)
{
	(void)owner;
	HOLDS(!name || *name);
	HOLDS(!end || name);
}

/* clang-format off */
#define VERBS \
	VERB(connect) VERB(list) VERB(all) VERB(look) VERB(place) VERB(start) VERB(stop) VERB(remove) \
	VERB(update) VERB(probe) VERB(logs) VERB(lease) VERB(tidy) VERB(claim) VERB(disclaim) \
	VERB(prepare) VERB(release) VERB(mesos) VERB(watch)
/* clang-format on */

enum {
#define VERB(name) VERB_##name,
	VERBS
#undef VERB
	    VERB_COUNT
};

static const char *const verbs[] = {
#define VERB(name) #name,
    VERBS
#undef VERB
};

/* What a verb is given, and gives back: stable until it has ended. */
static struct {
	struct arena arena;
	struct inventory inventory;
	struct observed observed;
	struct location_facts facts;
	struct lease holder;
	struct owner owner;
	const char *note;
} given;

static enum progress call(size_t verb, struct error *err)
{
	static const struct list_request one = {.app = "shop"}, all = {0};
	static const struct lease lease = {.token = "t1", .words = "me", .ttl_ms = 60000};
	static const struct owner me = {.id = "id1", .words = "me@here", .place = "p"};
	static const struct prepare_request prepare = {.app = "shop", .instances = 3};
	static const struct log_options log = {.tail = 10};
	struct location *at = &stage.location;
	const struct location_driver *driver = at->driver;
	struct errand *errand = &stage.errand;

	switch (verb) {
	case VERB_list:
		return driver->list(at, errand, &one, &given.inventory, err);
	case VERB_all:
		return driver->list(at, errand, &all, &given.inventory, err);
	case VERB_look:
		return driver->look(at, errand, "shop", web.name, &given.arena, &given.observed, err);
	case VERB_place:
		return driver->place(at, errand, &web, &given.note, err);
	case VERB_start:
		return driver->start(at, errand, &web, err);
	case VERB_stop:
		return driver->stop(at, errand, "shop", web.name, err);
	case VERB_remove:
		return driver->remove(at, errand, "shop", web.name, err);
	case VERB_update:
		return driver->update(at, errand, &web, err);
	case VERB_probe:
		return driver->probe(at, errand, &web, &tcp, err);
	case VERB_logs:
		return driver->logs(at, errand, "shop", web.name, &log, discard, NULL, err);
	case VERB_lease:
		return driver->lease(at, errand, "shop", &lease, &given.arena, &given.holder, err);
	case VERB_tidy:
		return driver->tidy(at, errand, "shop", "t1", err);
	case VERB_claim:
		return driver->claim(at, errand, "shop", &me, true, &given.arena, &given.owner, err);
	case VERB_disclaim:
		return driver->disclaim(at, errand, "shop", err);
	case VERB_prepare:
		return driver->prepare(at, errand, &prepare, err);
	case VERB_release:
		return driver->release(at, errand, "shop", true, err);
	default:
		return driver->connect(at, errand, &given.facts, err);
	}
}

/* What is taken for ours says whose it is, and of which component. */
static void check_what_was_told(size_t verb)
{
	for (size_t i = 0; i < given.inventory.instance_count; i++) {
		const struct observed *seen = &given.inventory.instances[i];
		HOLDS(*seen->app && *seen->component && *seen->name && seen->target_id && seen->digest);
		HOLDS(seen->count > 0 && seen->attachment_count > 0);
	}
	if (verb == VERB_look)
		HOLDS(!strcmp(given.observed.name, web.name));
	if (verb == VERB_claim)
		HOLDS(given.owner.id && given.owner.words && given.owner.place);
	if (verb == VERB_lease)
		HOLDS(given.holder.token && given.holder.words);
}

static void wake(struct errand *errand)
{
	(void)errand;
	stage.woken = true;
}

static bool is_woken(void *owner)
{
	(void)owner;
	return stage.woken;
}

static void run(size_t verb)
{
	enum progress progress = PROGRESS_WAITING;
	struct error error = {0};

	memset(&given, 0, sizeof given);
	stage.errand = (struct errand){.wake = wake};
	while (progress == PROGRESS_WAITING) {
		stage.woken = false;
		error = (struct error){0};
		progress = call(verb, &error);
		if (progress == PROGRESS_WAITING && !virtual_world_run(stage.world, is_woken, NULL, HOUR_MS))
			break;
	}
	HOLDS(progress != PROGRESS_WAITING);
	HOLDS(progress == PROGRESS_DONE || *error.text);
	if (progress == PROGRESS_DONE)
		check_what_was_told(verb);
	stage.location.driver->drop(&stage.location, &stage.errand);
	inventory_release(&given.inventory);
	json_decref(given.facts.about);
	arena_release(&given.arena);
}

/* The events of a minute, with whatever comes of their breaking off. */
static void watch(void)
{
	struct error error = {0};

	HOLDS(stage.location.driver->watch(&stage.location, "shop", changed, NULL, &error) == 0);
	virtual_world_run(stage.world, NULL, NULL, 60000);
	stage.location.driver->unwatch(&stage.location, "shop");
}

/* --- the stream, however it is cut into pieces --------------------------------------------------------- */

static bool note_event(void *owner, const char *name, const char *data, size_t size)
{
	text_format(owner, "%s|%zu|", name ? name : "", size);
	text_add_bytes(owner, data, size);
	return true;
}

static void feed(const struct piece *piece, size_t step, struct text *told)
{
	struct marathon_stream stream = {.event = note_event, .owner = told};

	for (size_t at = 0; at < piece->size; at += step)
		marathon_stream_feed(&stream, piece->text + at,
				     piece->size - at < step ? piece->size - at : step);
	marathon_stream_release(&stream);
}

static void check_the_stream(const struct piece *piece)
{
	owned_text whole = {0}, single = {0};

	feed(piece, piece->size + 1, &whole);
	feed(piece, 1, &single);
	HOLDS(whole.length == single.length);
	HOLDS(!whole.length || !memcmp(whole.data, single.data, whole.length));
}

/* --- one input ----------------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct virtual_hooks hooks = {.http = answer, .tcp = answer_probe};
	struct error error = {0};
	size_t verb = 0;

	memset(&stage, 0, sizeof stage);
	stage.pieces = pieces_of(bytes, size);
	stage.last = (struct piece){.text = ""};
	const char *wanted = pieces_next(&stage.pieces).text;
	size_t length = strcspn(wanted, " ");
	stage.info = wanted[length] ? wanted + length + 1 : USUAL_INFO;
	while (verb < VERB_COUNT &&
	       (strlen(verbs[verb]) != length || strncmp(verbs[verb], wanted, length) != 0))
		verb++;
	struct pieces ahead = stage.pieces;
	const struct piece events = verb == VERB_watch ? pieces_next(&ahead) : (struct piece){.text = ""};
	check_the_stream(&events);
	const struct location_spec spec = {.name = "here",
					   .type = verb == VERB_mesos ? "mesos" : "marathon",
					   .target = verb == VERB_mesos ? "http://m:5050" : "http://a:8080"};
	stage.world = virtual_world_new(1);
	HOLDS(stage.world);
	virtual_world_hooks(stage.world, &hooks);
	stage.location = (struct location){.driver = verb == VERB_mesos ? &mesos_driver : &marathon_driver,
					   .world = stage.world,
					   .name = "here",
					   .spec = &spec,
					   .state_directory = "/nonexistent",
					   .helper = "",
					   .environment = no_variable};
	HOLDS(stage.location.driver->open(&stage.location, &error) == 0);
	if (verb == VERB_watch)
		watch();
	else if (verb < VERB_COUNT)
		run(verb);
	stage.location.driver->close(&stage.location);
	virtual_world_free(stage.world);
	pieces_release(&stage.pieces);
	return 0;
}
