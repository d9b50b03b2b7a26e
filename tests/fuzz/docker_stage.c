/* docker_stage.c - opens the Docker driver in a virtual world, and asks it for one thing after the other. */
#include "tests/fuzz/docker_stage.h"

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/target.h"

#define MOST_REQUESTS 200 /* of one input: then the engine is gone */
#define HOUR_MS       (60 * 60 * 1000)

static struct {
	struct world *world;
	struct world_ops ops;
	struct location_spec spec;
	struct location location;
	struct errand errand;
	struct docker_engine engine;
	unsigned requests;
	bool woken;
} stage;

static const struct spec_port ports[] = {{.port = 80,
					  .protocol = TCP,
					  .open = true,
					  .published = true,
					  .host_address = "0.0.0.0",
					  .host_port = 8080},
					 {.port = 53, .protocol = UDP, .open = true}};
static const struct spec_host hosts[] = {{.alias = "db", .target = "app.db"},
					 {.alias = "old", .address = "10.9.9.9"}};
static const struct volume volumes[] = {{.name = "data", .path = "/data"}, {.path = "/tmp/x"}};
static const struct spec_variable variables[] = {{"A", "b=c", false}, {"PASSWORD", "s3cret", true}};
static const struct spec_file files[] = {
    {.path = "/etc/x.conf", .content = "words", .size = 5, .mode = 0644}};
static const char *const command[] = {"run", "it", NULL};
static const char *const images[] = {"busybox:1", NULL};

static const struct instance_spec web = {
    .app = "app",
    .component = "web",
    .ordinal = 1,
    .name = "app.web.1",
    .shared_name = "app.web",
    .kind = COMPONENT_DOCKER,
    .image = "busybox:1",
    .command = command,
    .ports = ports,
    .port_count = 2,
    .hosts = hosts,
    .host_count = 2,
    .volumes = volumes,
    .volume_count = 2,
    .variables = variables,
    .variable_count = 2,
    .files = files,
    .file_count = 1,
    .digest = "aa",
    .link_digest = "11",
    .file_digest = "ff",
    .secret_salt = "",
    .memory_bytes = 1 << 27,
    .stop_timeout_ms = -1,
};

/* --- the outside ---------------------------------------------------------------------------- */

static const char *path_of(const char *url)
{
	const char *path = strstr(url, "://");

	path = path ? strchr(path + 3, '/') : NULL;
	if (path && starts_with(path, "/v1."))
		path = strchr(path + 1, '/');
	return path ? path : "/";
}

static int64_t answer_request(void *owner, const struct http_request *request, struct http_answer *answer)
{
	char line[600];

	(void)owner;
	snprintf(line, sizeof line, "%s %s", request->method, path_of(request->url));
	text_add(&answer->headers,
		 "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nDate: Sat, 21 Nov 2026 11:44:52 GMT\r\n\r\n");
	if (++stage.requests <= MOST_REQUESTS)
		answer->status = stage.engine.answer(stage.engine.owner, line, request, &answer->body);
	if (!answer->status)
		fail(&answer->error, ERR_UNREACHABLE, "no answer");
	/* A world reports its own lack of memory, as the real one does. */
	if (answer->body.failed || answer->headers.failed) {
		answer->status = 0;
		fail_memory(&answer->error);
	}
	answer->sent = true;
	return 1;
}

static void begin_channel(void *owner, const struct http_request *request, struct channel *channel)
{
	const struct error gone = {.code = ERR_UNREACHABLE, .text = "the other side is gone"};

	(void)owner, (void)request;
	if (++stage.requests <= MOST_REQUESTS)
		stage.engine.streams(stage.engine.owner, channel);
	else
		virtual_channel_hang_up(channel, 1, &gone, 0, NULL);
}

static int64_t answer_probe(void *owner, const char *address, uint16_t port, struct error *answer)
{
	(void)owner, (void)address, (void)port, (void)answer;
	return 1;
}

static bool no_file(struct world *world, const char *path)
{
	(void)world, (void)path;
	return false;
}

static bool any_interface(struct world *world, const char *name)
{
	(void)world;
	return starts_with(name, "br-") || !strcmp(name, "docker0");
}

static const char *no_variable(const char *name)
{
	(void)name;
	return NULL;
}

/* --- the verbs ------------------------------------------------------------------------------ */

static void discard(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)owner, (void)errors, (void)bytes, (void)count;
}

static void discard_change(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	(void)owner;
	HOLDS(!name || strlen(name) < 100000);
}

/* clang-format off */
#define VERBS \
	VERB(connect) VERB(list) VERB(newest) VERB(look) VERB(place) VERB(start) \
	VERB(stop) VERB(remove) VERB(update) VERB(deliver) VERB(rename) VERB(exec) \
	VERB(logs) VERB(lease) VERB(tidy) VERB(claim) VERB(disclaim) VERB(prepare) \
	VERB(release) VERB(probe) VERB(ask) VERB(withdraw) VERB(admit) VERB(signal) \
	VERB(watch)
/* clang-format on */

enum {
#define VERB(name) VERB_##name,
	VERBS
#undef VERB
};

const char *const docker_verbs[] = {
#define VERB(name) #name,
    VERBS
#undef VERB
	NULL};

/* What a verb is given, and gives back: stable until it has ended. */
static struct {
	struct arena arena;
	struct inventory inventory;
	struct observed observed;
	struct location_facts facts;
	struct lease holder;
	struct owner owner;
	struct exec_session session;
	const char *note;
} given;

static enum progress call(size_t verb, struct error *err)
{
	static const struct list_request everything = {.app = "app", .images = images},
					 newest = {.app = "app", .images = images, .newest = images};
	static const struct lease lease = {.token = "t1", .words = "me", .ttl_ms = 60000};
	static const struct owner me = {.id = "id1", .words = "me@here"};
	static const struct prepare_request prepare = {.app = "app", .instances = 3};
	static const struct health_check tcp = {.kind = CHECK_TCP, .port = 80, .timeout_ms = 1000};
	static const struct log_options log = {.tail = 10};
	static const struct value words[] = {{.kind = VALUE_TEXT, .text = "run"},
					     {.kind = VALUE_TEXT, .text = "it"}};
	static const struct health_check inside = {.kind = CHECK_COMMAND,
						   .timeout_ms = 1000,
						   .command = {.given = true, .words = words, .count = 2}};
	struct location *at = &stage.location;
	struct errand *errand = &stage.errand;

	switch (verb) {
	case VERB_connect:
		return docker_driver.connect(at, errand, &given.facts, err);
	case VERB_list:
		return docker_driver.list(at, errand, &everything, &given.inventory, err);
	case VERB_newest:
		return docker_driver.list(at, errand, &newest, &given.inventory, err);
	case VERB_look:
		return docker_driver.look(at, errand, "app", "app.web.1", &given.arena, &given.observed, err);
	case VERB_place:
		return docker_driver.place(at, errand, &web, &given.note, err);
	case VERB_start:
		return docker_driver.start(at, errand, &web, err);
	case VERB_stop:
		return docker_driver.stop(at, errand, "app", "app.web.1", err);
	case VERB_remove:
		return docker_driver.remove(at, errand, "app", "app.web.1", err);
	case VERB_update:
		return docker_driver.update(at, errand, &web, err);
	case VERB_deliver:
		return docker_driver.deliver(at, errand, &web, err);
	case VERB_rename:
		return docker_driver.rename(at, errand, "app", "app.web.1.g2", "app.web.1", err);
	case VERB_exec:
		return docker_driver.exec(at, errand, "app", "app.web.1", &given.session, err);
	case VERB_logs:
		return docker_driver.logs(at, errand, "app", "app.web.1", &log, discard, NULL, err);
	case VERB_lease:
		return docker_driver.lease(at, errand, "app", &lease, &given.arena, &given.holder, err);
	case VERB_tidy:
		return docker_driver.tidy(at, errand, "app", "t1", err);
	case VERB_claim:
		return docker_driver.claim(at, errand, "app", &me, false, &given.arena, &given.owner, err);
	case VERB_disclaim:
		return docker_driver.disclaim(at, errand, "app", err);
	case VERB_prepare:
		return docker_driver.prepare(at, errand, &prepare, err);
	case VERB_release:
		return docker_driver.release(at, errand, "app", true, err);
	case VERB_probe:
		return docker_driver.probe(at, errand, &web, &tcp, err);
	case VERB_ask:
		return docker_driver.probe(at, errand, &web, &inside, err);
	case VERB_withdraw:
		return docker_driver.withdraw(at, errand, "app", "app.web.1", err);
	case VERB_admit:
		return docker_driver.admit(at, errand, &web, err);
	case VERB_signal:
		return docker_driver.signal(at, errand, "app", "app.web.1", "HUP", err);
	default:
		return PROGRESS_DONE;
	}
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

/* The events of half a minute, with whatever comes of their breaking off. */
static struct docker_outcome watch(void)
{
	struct docker_outcome outcome = {0};

	if (docker_driver.watch(&stage.location, "app", discard_change, NULL, &outcome.error))
		outcome.progress = PROGRESS_FAILED;
	virtual_world_run(stage.world, NULL, NULL, 30000);
	docker_driver.unwatch(&stage.location, "app");
	return outcome;
}

struct docker_outcome docker_stage_run(size_t verb)
{
	struct docker_outcome outcome = {.progress = PROGRESS_WAITING};

	stage.requests = 0;
	if (verb == VERB_watch)
		return watch();
	memset(&given, 0, sizeof given);
	given.session = (struct exec_session){.command = command, .output = discard};
	stage.errand = (struct errand){.wake = wake};
	while (outcome.progress == PROGRESS_WAITING) {
		stage.woken = false;
		outcome.error = (struct error){0};
		outcome.progress = call(verb, &outcome.error);
		if (outcome.progress == PROGRESS_WAITING &&
		    !virtual_world_run(stage.world, is_woken, NULL, HOUR_MS))
			break;
	}
	docker_driver.drop(&stage.location, &stage.errand);
	inventory_release(&given.inventory);
	text_release(&given.session.input);
	arena_release(&given.arena);
	return outcome;
}

int docker_stage_open(const struct docker_engine *engine, struct error *err)
{
	const struct virtual_hooks hooks = {
	    .http = answer_request, .channel = begin_channel, .tcp = answer_probe};

	memset(&stage, 0, sizeof stage);
	stage.world = virtual_world_new(1);
	HOLDS(stage.world);
	stage.ops = *stage.world->ops;
	stage.ops.file_exists = no_file;
	stage.ops.has_interface = any_interface;
	stage.world->ops = &stage.ops;
	stage.engine = *engine;
	virtual_world_hooks(stage.world, &hooks);
	stage.spec =
	    (struct location_spec){.name = "here", .type = "docker", .target = "unix:///engine.sock"};
	stage.location = (struct location){.driver = &docker_driver,
					   .world = stage.world,
					   .name = "here",
					   .spec = &stage.spec,
					   .state_directory = "/nonexistent",
					   .helper = "",
					   .environment = no_variable};
	return docker_driver.open(&stage.location, err);
}

void docker_stage_close(void)
{
	docker_driver.close(&stage.location);
	virtual_world_free(stage.world);
}
