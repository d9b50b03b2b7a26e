/* allocation_scenarios.c - what is done while allocations fail: a blueprint read, deploys, the store, the
 * drivers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/blueprint.h"
#include "engine/store.h"
#include "tests/fuzz/allocations.h"
#include "tests/fuzz/docker_stage.h"
#include "tests/fuzz/local_stage.h"
#include "tests/fuzz/scarce.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/target.h"

static void say(struct verdict *verdict, const struct error *err)
{
	snprintf(verdict->message, sizeof verdict->message, "%s%s",
		 err->code == ERR_NO_MEMORY ? "memory: " : "", err->text);
}

/* --- reading a blueprint -------------------------------------------------------------------- */

static const char rich[] =
    "id: app\n"
    "name: A rich one\n"
    "location: fake\n"
    "locations: {spare: {fake: {}}}\n"
    "parameters:\n"
    "- {name: stage, type: string, default: test}\n"
    "services:\n"
    "- type: docker:front:1\n"
    "  id: web\n"
    "  openPorts: 80\n"
    "  portBindings: {80: 9090}\n"
    "  instances: 1\n"
    "  links: {db: $brooklyn:component(\"redis\")}\n"
    "  dependsOn: {setup: finished}\n"
    "  env:\n"
    "    <<: &common {STAGE: $brooklyn:config(\"stage\")}\n"
    "    URL: $brooklyn:formatString(\"http://%s/%s\", $berth:endpoint(\"redis\"), \"x\")\n"
    "  files:\n"
    "    /etc/web.conf: {content: 'a: b', mode: 0600}\n"
    "  healthCheck: {http: {port: 80, path: /up}, interval: 1s}\n"
    "  memory: 64m\n"
    "  volumes: [\"data:/data\"]\n"
    "  labels: {team: one}\n"
    "- type: docker:redis:3\n"
    "  id: redis\n"
    "  openPorts: 6379\n"
    "  env: {<<: *common, ROLE: cache}\n"
    "  policies: [{type: restarter, backoff: 2s}]\n"
    "  effectors: {save: [redis-cli, save]}\n"
    "- type: docker:setup\n"
    "  id: setup\n"
    "  job: true\n"
    "  command: [make, it]\n";

static const char wrong[] =
    "id: app\nlocation: {dokcer: {}}\nservices:\n- type: docker:x:y:z\n  opnPorts: 5\n"
    "  env: {A: $brooklyn:component(\"nobody\"), B: $brooklyn:formatStirng(\"%s\")}\n"
    "- type: process\n  id: p\n  ports: {http: 99999}\n  healthCheck: {tpc: 5}\n";

static void nothing(void)
{
}

static struct verdict read_blueprint(const char *text)
{
	const struct blueprint_options options = {.file = "b.yaml", .directory = "/base"};
	struct diagnostics list = {0};
	struct verdict verdict = {0};
	struct blueprint *blueprint = blueprint_parse(text, strlen(text), &options, &list);

	HOLDS(!blueprint || !list.errors);
	diagnostics_sort(&list);
	owned_json document = diagnostics_json(&list, text, strlen(text));
	verdict.result = document ? json_line(document) : NULL;
	verdict.good = !list.failed && verdict.result;
	/* list->failed is how memory is said to be gone. */
	snprintf(verdict.message, sizeof verdict.message, "memory");
	blueprint_release(blueprint);
	diagnostics_release(&list);
	return verdict;
}

static struct verdict read_rich(void)
{
	return read_blueprint(rich);
}

static struct verdict read_wrong(void)
{
	return read_blueprint(wrong);
}

/* --- the engine, at a fake target ----------------------------------------------------------- */

static struct playhouse stage;

static struct verdict verdict_of(struct told told)
{
	struct verdict verdict = {.good = told.result && told.ended && told.outcome == BERTH_OK,
				  .result = told.result};

	HOLDS(told.ended || !told.begun);
	HOLDS(told.outcome == BERTH_OK || *told.message);
	snprintf(verdict.message, sizeof verdict.message, "%s%s", told.message,
		 !told.result ? " (no memory for the copy)" : "");
	return verdict;
}

static struct verdict run(verb_function *verb, const char *blueprint)
{
	const struct berth_request request = {.size = sizeof request,
					      .blueprint = blueprint,
					      .file = "/b.yaml",
					      .app = blueprint ? NULL : "app"};

	return verdict_of(stage_run(&stage, verb, &request));
}

static void must(struct verdict verdict)
{
	if (!verdict.good)
		fprintf(stderr, "%s\n", verdict.message);
	HOLDS(verdict.good);
	free(verdict.result);
}

static void raise_curtain(void)
{
	static const struct fake_behaviour setup = {.component = "app.setup", .exits = 1, .lives_ms = 10};

	stage_open(&stage);
	HOLDS(!fake_target_behave(stage.target, &setup));
}

/* Whatever happened before: it can be deployed, and taken away, and nothing is left. */
static void drop_curtain(void)
{
	must(run(berth_deploy, rich));
	must(run(berth_destroy, NULL));
	HOLDS(fake_target_instances(stage.target) == 0);
	stage_close(&stage);
}

static void deployed(void)
{
	raise_curtain();
	must(run(berth_deploy, rich));
}

static struct verdict validate(void)
{
	return run(berth_validate, rich);
}

static struct verdict plan(void)
{
	return run(berth_plan, rich);
}

static struct verdict deploy(void)
{
	return run(berth_deploy, rich);
}

static struct verdict update(void)
{
	char other[sizeof rich];

	memcpy(other, rich, sizeof rich);
	memcpy(strstr(other, "front:1"), "front:2", 7);
	memcpy(strstr(other, "'a: b'"), "'a: c'", 6);
	return run(berth_deploy, other);
}

static struct verdict status(void)
{
	return run(berth_status, NULL);
}

static struct verdict why(void)
{
	return run(berth_why, NULL);
}

static const char *const redis[] = {"redis", NULL};

static struct verdict policies(void)
{
	return run(berth_policy, NULL);
}

static struct verdict set_policy(void)
{
	static const char *const arguments[] = {"backoff=9s", "maxTries=3", NULL};
	const struct berth_request request = {.size = sizeof request,
					      .app = "app",
					      .action = "set",
					      .name = "restarter",
					      .components = redis,
					      .arguments = arguments};

	return verdict_of(stage_run(&stage, berth_policy, &request));
}

static struct verdict invoke(void)
{
	static const char *const arguments[] = {"TO=/b", NULL};
	const struct berth_request request = {.size = sizeof request,
					      .app = "app",
					      .name = "save",
					      .components = redis,
					      .arguments = arguments};

	return verdict_of(stage_run(&stage, berth_invoke, &request));
}

static struct verdict events(void)
{
	return run(berth_events, NULL);
}

static struct verdict graph(void)
{
	return run(berth_graph, rich);
}

static struct verdict destroy(void)
{
	return run(berth_destroy, NULL);
}

/* --- the store ------------------------------------------------------------------------------ */

static struct store *store;

static void open_store(void)
{
	stage_open(&stage);
	store = store_new(stage.world, stage.state);
	HOLDS(store);
}

static bool is_decided(void *number)
{
	return store_durable(store, *(uint64_t *)number, NULL) != 0;
}

static bool remembered(uint64_t number, struct error *err)
{
	if (number && !virtual_world_run(stage.world, is_decided, &number, 10000))
		return false;
	return store_durable(store, number, err) > 0;
}

static bool remember(struct error *err)
{
	owned_json list = json_pack("[s]", "a=b");
	owned_json ports = json_pack("{s:i}", "80/tcp", 20000);
	struct stored_application application = {.name = (char *)"app",
						 .file = (char *)"/b.yaml",
						 .directory = (char *)"/",
						 .blueprint = (char *)rich,
						 .settings = list};

	if (!list || !ports)
		return fail_memory(err), false;
	return remembered(store_put_application(store, &application), err) &&
	       remembered(store_put_intent(store, "app", "app.web.1", "fake", "place", "aa"), err) &&
	       remembered(store_put_instance(store, "app", "app.web.1", "id1", ports, "ff", "1 2 no"), err) &&
	       remembered(store_put_event(store, "app", "web", "app.web.1", "made", "words"), err);
}

static json_t *recall(struct error *err)
{
	struct stored_application *application = NULL;
	struct stored_instance instance = {0};
	json_t *names = NULL, *happened = NULL, *all = NULL;

	if (!store_application(store, "app", &application, err) && application &&
	    !store_instance(store, "app", "app.web.1", &instance, err) &&
	    !store_applications(store, &names, err) && !store_events(store, "app", 10, &happened, err)) {
		all = json_pack("{s:s, s:s, s:O, s:O, s:O, s:O}", "blueprint", application->blueprint, "id",
				instance.target_id, "ports", instance.ports, "settings",
				application->settings, "names", names, "events", happened);
		if (!all)
			fail_memory(err);
	}
	json_decref(names);
	json_decref(happened);
	stored_application_free(application);
	stored_instance_release(&instance);
	return all;
}

static struct verdict remember_and_recall(void)
{
	struct verdict verdict = {0};
	struct error err = {0};
	owned_json all = remember(&err) ? recall(&err) : NULL;

	verdict.result = all ? json_line(all) : NULL;
	verdict.good = verdict.result;
	if (all && !verdict.result)
		fail_memory(&err);
	say(&verdict, &err);
	return verdict;
}

static void close_store(void)
{
	struct error err = {0};

	HOLDS(remember(&err));
	owned_json all = recall(&err);
	HOLDS(all);
	store_free(store);
	stage_close(&stage);
}

/* --- Docker --------------------------------------------------------------------------------- */

#define LABELS                                                                                               \
	"{\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\", "                 \
	"\"berth.spec\": \"aa\", \"berth.links\": \"11\", \"berth.ports\": \"80/tcp\", "                     \
	"\"berth.type\": \"docker:busybox:1\"}"

#define INSPECTED(name)                                                                                      \
	"{\"Id\": \"c1d2\", \"Name\": \"/" name                                                              \
	"\", \"Image\": \"sha256:1\", \"RestartCount\": 2, \"Created\": "                                    \
	"\"2026-11-21T11:44:52.5Z\", \"Config\": {\"Labels\": " LABELS ", \"Tty\": false}, \"State\": "      \
	"{\"Status\": \"running\", \"Running\": true, \"ExitCode\": 0, \"StartedAt\": "                      \
	"\"2026-11-21T11:44:53Z\"}, \"HostConfig\": {\"RestartPolicy\": {\"Name\": \"unless-stopped\"}}, "   \
	"\"NetworkSettings\": {\"Ports\": {\"80/tcp\": [{\"HostIp\": \"0.0.0.0\", \"HostPort\": "            \
	"\"8080\"}]}, "                                                                                      \
	"\"Networks\": {\"berth.app\": {\"IPAddress\": \"10.213.0.5\", \"NetworkID\": \"n0\", \"Aliases\": " \
	"[\"c1d2\"]}}}}"

/* The longest that fits counts. */
static const struct {
	const char *line;
	int status;
	const char *body;
} answers[] = {
    {"GET /_ping", 200, "OK"},
    {"GET /version", 200, "{\"Version\": \"20.10\", \"Os\": \"linux\", \"Arch\": \"amd64\"}"},
    {"GET /info", 200,
     "{\"NCPU\": 2, \"MemTotal\": 4096, \"OperatingSystem\": \"Debian\", \"Containers\": 1}"},
    {"GET /containers/json", 200,
     "[{\"Id\": \"c1d2\", \"Names\": [\"/app.web.1\"], \"ImageID\": \"sha256:1\", \"Created\": 1000, "
     "\"State\": \"running\", \"Status\": \"Up 2 minutes\", \"Labels\": " LABELS ", \"Ports\": "
     "[{\"IP\": \"0.0.0.0\", \"PrivatePort\": 80, \"PublicPort\": 8080, \"Type\": \"tcp\"}], "
     "\"NetworkSettings\": {\"Networks\": {\"berth.app\": {\"IPAddress\": \"10.213.0.5\"}}}}]"},
    {"GET /containers/json?all=1&filters=%7B%22label%22%3A%5B%22berth.app%3Dapp%22%2C%22berth.helper", 200,
     "[]"},
    {"GET /containers/", 200, INSPECTED("app.web.1")},
    {"GET /containers/app.web.1.g2/", 200, INSPECTED("app.web.1.g2")},
    {"GET /networks", 200,
     "[{\"Id\": \"n0\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]"},
    {"GET /images/json", 200, "[{\"Id\": \"sha256:1\", \"RepoTags\": [\"busybox:1\"]}]"},
    {"GET /images/", 200, "{\"Id\": \"sha256:1\"}"},
    {"GET /distribution/", 200, "{\"Descriptor\": {\"digest\": \"sha256:2\"}}"},
    {"POST /containers/create", 201, "{\"Id\": \"c1d2\"}"},
    {"POST /containers/c1d2/exec", 201, "{\"Id\": \"e1\"}"},
    {"POST /containers/app.web.1/exec", 201, "{\"Id\": \"e1\"}"},
    {"GET /exec/e1/json", 200, "{\"Running\": false, \"ExitCode\": 0, \"Pid\": 12}"},
    {"POST /images/create", 200,
     "{\"status\": \"Pulling fs layer\", \"id\": \"a1\"}\r\n{\"status\": \"Status: Downloaded newer image "
     "for "
     "busybox:1\"}\r\n"},
    {"POST /networks/create", 201, "{\"Id\": \"n0\"}"},
    {"POST ", 204, ""},
    {"PUT ", 200, ""},
    {"DELETE ", 204, ""},
};

#define VOLUMES                                                                                              \
	"{\"Name\": \"app.data\", \"Labels\": {\"berth.app\": \"app\", \"berth.volume\": \"data\"}}, "       \
	"{\"Name\": "                                                                                        \
	"\"berth.claim.app\", \"Labels\": {\"berth.app\": \"app\", \"berth.claim\": \"id1\", "               \
	"\"berth.owner\": "                                                                                  \
	"\"me@here\"}}"

static char lease[1024]; /* the last one that was made */
static const char frame[] = "\1\0\0\0\0\0\0\3abc";

static int answer(void *owner, const char *line, const struct http_request *request, struct text *ret_body)
{
	size_t best = COUNT_OF(answers);

	(void)owner;
	if (strstr(line, "/logs?")) {
		text_add_bytes(ret_body, frame, sizeof frame - 1);
		return 200;
	}
	if (starts_with(line, "POST /volumes/create")) { /* its name and labels, as they were given */
		text_add_bytes(ret_body, request->body, request->body_size);
		if (memmem(request->body, request->body_size, "berth.lease", 11))
			snprintf(lease, sizeof lease, "{\"CreatedAt\": \"2026-11-21T11:44:52Z\", %.*s",
				 (int)request->body_size - 1, (const char *)request->body + 1);
		return 201;
	}
	if (starts_with(line, "GET /volumes?")) {
		text_format(ret_body, "{\"Volumes\": [" VOLUMES "%s%s]}", *lease ? ", " : "", lease);
		return 200;
	}
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		if (starts_with(line, answers[i].line) &&
		    (best == COUNT_OF(answers) || strlen(answers[i].line) > strlen(answers[best].line)))
			best = i;
	if (best == COUNT_OF(answers)) {
		text_add(ret_body, "{\"message\": \"no such thing\"}");
		return 404;
	}
	text_add(ret_body, answers[best].body);
	return answers[best].status;
}

static void streams(void *owner, struct channel *channel)
{
	bool paused = scarce_pause();

	(void)owner;
	virtual_channel_accept(channel, 1);
	virtual_channel_say(channel, 2, frame, sizeof frame - 1);
	virtual_channel_hang_up(channel, 3, NULL, 101, NULL);
	scarce_resume(paused);
}

static void engine_up(void)
{
	const struct docker_engine engine = {.answer = answer, .streams = streams};
	struct error err = {0};

	*lease = '\0';
	HOLDS(!docker_stage_open(&engine, &err));
}

/* Each verb in turn; the first that says no ends it. */
static struct verdict docker(void)
{
	struct verdict verdict = {.good = true};
	struct docker_outcome outcome = {0};

	for (size_t verb = 0; docker_verbs[verb] && verdict.good; verb++) {
		outcome = docker_stage_run(verb);
		HOLDS(outcome.progress != PROGRESS_WAITING);
		verdict.good = outcome.progress == PROGRESS_DONE;
		if (!verdict.good)
			say(&verdict, &outcome.error);
		if (!verdict.good)
			snprintf(verdict.message + strlen(verdict.message),
				 sizeof verdict.message - strlen(verdict.message), " (%s)",
				 docker_verbs[verb]);
	}
	return verdict;
}

static void engine_down(void)
{
	struct verdict verdict = docker();

	if (!verdict.good)
		fprintf(stderr, "afterwards: %s\n", verdict.message);
	HOLDS(verdict.good);
	docker_stage_close();
}

/* --- this machine --------------------------------------------------------------------------- */

#define TEXT_PIECE(text_)                                                                                    \
	{                                                                                                    \
		.text = (text_), .size = sizeof(text_) - 1                                                   \
	}
#define MARKS                                                                                                \
	"BERTH_APP=app\0BERTH_COMPONENT=web\0BERTH_INSTANCE=1\0BERTH_SPEC=aa\0BERTH_LINKS=11\0BERTH_SALT=\0" \
	"BERTH_SECRETS=\0BERTH_FILES=ff\0BERTH_PORTS=http=8080/tcp\0BERTH_BIND=127.0.0.1\0BERTH_CREATED=5\0" \
	"BERTH_GRACE=1000\0"

static void machine_up(void)
{
	static const struct local_files files = {
	    .manifest = TEXT_PIECE(MARKS),
	    .state =
		TEXT_PIECE("state parked\nhelper 4711 5\npid 0 0\nboot "
			   "b0070000-0000-4000-8000-000000000001\nexits 1\nstarts 1\ncode 0\nsignal 0\n"),
	    .log = TEXT_PIECE("2026-01-01T00:00:00.000Z o hello\n"),
	    .claim = TEXT_PIECE("id1\nme@here\n"),
	    .environment = TEXT_PIECE("PATH=/bin\0"),
	};

	local_stage_open(&files);
}

/* What lies on this machine is listed, looked at and taken away. */
static struct verdict machine(void)
{
	struct verdict verdict = {.good = true};
	struct local_outcome outcome;

	while (verdict.good && local_stage_next(&outcome)) {
		HOLDS(outcome.progress != PROGRESS_WAITING);
		/* Nothing of it runs that could hear a signal. */
		bool expected = outcome.progress == PROGRESS_DONE || !strcmp(outcome.verb, "signal");
		verdict.good = expected;
		if (!expected)
			say(&verdict, &outcome.error);
	}
	return verdict;
}

/* --- an OpenStack --------------------------------------------------------------------------- */

#define AT(service) "{\"interface\":\"public\",\"region\":\"R\",\"url\":\"http://" service "\"}"
#define CATALOGUE                                                                                            \
	"[{\"type\":\"compute\",\"endpoints\":[" AT("n/v2.1") "]},{\"type\":\"network\",\"endpoints\":[" AT( \
	    "q") "]},{\"type\":\"image\","                                                                   \
		 "\"endpoints\":[" AT("g") "]}]"

/* The first answer to a login is one to a token that Nova has forgotten by then. */
static const struct {
	const char *url;
	int status;
	const char *body;
} cloud[] = {
    {"http://k/v3/auth/tokens", 201,
     "{\"token\":{\"user\":{\"id\":\"u\",\"name\":\"ann\"},\"project\":{\"id\":\"p\",\"name\":\"shop\"},"
     "\"catalog\":" CATALOGUE "}}"},
    {"http://n/v2.1/limits", 200,
     "{\"limits\":{\"absolute\":{\"maxTotalInstances\":1,\"totalInstancesUsed\":1}}}"},
    {"http://n/v2.1/flavors", 200,
     "{\"flavors\":[{\"id\":\"f\",\"name\":\"tiny\",\"ram\":256,\"vcpus\":1,\"disk\":1}]}"},
    {"http://n/v2.1/os-keypairs", 200, "{\"keypairs\":[{}]}"},
    {"http://n/v2.1/", 200, "{\"version\":{\"version\":\"2.93\",\"min_version\":\"2.1\"}}"},
    {"http://g/v2/images?marker", 200, "{\"images\":[]}"},
    {"http://g/v2/images", 200,
     "{\"images\":[{\"id\":\"i\",\"name\":\"debian\",\"status\":\"active\"}],\"next\":\"/v2/"
     "images?marker=i\"}"},
    {"http://q/v2.0/networks", 200, "{\"networks\":[{\"id\":\"w\",\"name\":\"inner\",\"subnets\":[\"s\"]}]}"},
    {"http://q/v2.0/quotas", 200, "{\"quota\":{\"port\":{\"limit\":5,\"used\":1}}}"},
};

static struct {
	struct world *world;
	json_t *options;
	bool forgot, woken;
} sky;

static int64_t cloud_answers(void *owner, const struct http_request *request, struct http_answer *answer)
{
	bool paused = scarce_pause();

	(void)owner;
	answer->sent = true;
	answer->status = 404;
	for (size_t i = 0; i < COUNT_OF(cloud) && answer->status == 404; i++) {
		if (!starts_with(request->url, cloud[i].url))
			continue;
		answer->status = cloud[i].status;
		text_add(&answer->body, cloud[i].body);
		text_add(&answer->headers, "X-Subject-Token: t\r\n");
	}
	if (ends_with(request->url, "/limits") && !sky.forgot) {
		sky.forgot = true;
		answer->status = 401;
	}
	scarce_resume(paused);
	return 1;
}

static void cloud_up(void)
{
	static const struct virtual_hooks hooks = {.http = cloud_answers};

	sky.world = virtual_world_new(1);
	sky.options = json_pack("{s:s, s:s, s:s, s:s, s:i}", "endpoint", "http://k", "identity", "shop:ann",
				"credential", "p", "imageNameRegex", "deb.*", "minRam", 128);
	HOLDS(sky.world && sky.options);
	virtual_world_hooks(sky.world, &hooks);
}

static void wake_sky(struct errand *errand)
{
	(void)errand;
	sky.woken = true;
}

static bool sky_is_woken(void *owner)
{
	(void)owner;
	return sky.woken;
}

static const char *no_variable(const char *name)
{
	(void)name;
	return NULL;
}

/* Logged in, all of it asked, logged in once more, and told. */
static struct verdict look_up(void)
{
	const struct location_spec spec = {
	    .name = "sky", .type = "openstack", .target = "", .options = sky.options};
	struct location location = {.driver = &openstack_driver,
				    .world = sky.world,
				    .name = "sky",
				    .spec = &spec,
				    .environment = no_variable};
	struct verdict verdict = {0};
	struct location_facts facts = {0};
	struct errand errand = {.wake = wake_sky};
	struct error err = {0};
	enum progress progress = PROGRESS_FAILED;

	sky.forgot = false;
	if (!openstack_driver.open(&location, &err)) {
		do
			sky.woken = false;
		while ((progress = openstack_driver.connect(&location, &errand, &facts, &err)) ==
			   PROGRESS_WAITING &&
		       virtual_world_run(sky.world, sky_is_woken, NULL, 3600000));
		openstack_driver.close(&location);
	}
	HOLDS(progress != PROGRESS_WAITING);
	verdict.good = progress == PROGRESS_DONE;
	if (verdict.good) {
		bool paused = scarce_pause();
		verdict.result = json_line(facts.about);
		scarce_resume(paused);
	} else {
		say(&verdict, &err);
	}
	json_decref(facts.about);
	return verdict;
}

static void cloud_down(void)
{
	struct verdict verdict = look_up();

	HOLDS(verdict.good);
	free(verdict.result);
	json_decref(sky.options);
	virtual_world_free(sky.world);
}

/* --- all of them ------------------------------------------------------------------------------- */

const struct scenario scenarios[] = {
    {"read", nothing, read_rich, nothing},
    {"complain", nothing, read_wrong, nothing},
    {"validate", raise_curtain, validate, drop_curtain},
    {"plan", raise_curtain, plan, drop_curtain},
    {"deploy", raise_curtain, deploy, drop_curtain},
    {"update", deployed, update, drop_curtain},
    {"replan", deployed, plan, drop_curtain},
    {"status", deployed, status, drop_curtain},
    {"why", deployed, why, drop_curtain},
    {"policies", deployed, policies, drop_curtain},
    {"policy", deployed, set_policy, drop_curtain},
    {"invoke", deployed, invoke, drop_curtain},
    {"events", deployed, events, drop_curtain},
    {"graph", raise_curtain, graph, drop_curtain},
    {"destroy", deployed, destroy, drop_curtain},
    {"store", open_store, remember_and_recall, close_store},
    {"docker", engine_up, docker, engine_down},
    {"localhost", machine_up, machine, local_stage_close},
    {"openstack", cloud_up, look_up, cloud_down},
    {0},
};
