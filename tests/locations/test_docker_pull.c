/* test_docker_pull.c - images are fetched with the user's login, again when that may help, and refusals are
 * told in words that help. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "locations/docker/registry.h"
#include "tests/locations/docker_bench.h"

TestSuite(docker_pull, .init = docker_set_up, .fini = docker_take_down);

#define CREATE "POST /containers/create?name=app.web.1"
#define PULL   "POST /images/create"
#define WHOLE  "{\"status\": \"Status: Downloaded newer image for x:1\"}\n"

static const char *note;
static char folder[300];

static void config(const char *content)
{
	char path[320];

	snprintf(folder, sizeof(folder), "%s/docker", virtual_world_directory(docker_world));
	snprintf(path, sizeof(path), "%s/config.json", folder);
	cr_assert_eq(docker_world->ops->directories_make(docker_world, folder, 0700, NULL), 0);
	cr_assert_eq(docker_world->ops->file_write(docker_world, path, 0600, content, strlen(content), NULL),
		     0);
	docker_variable("DOCKER_CONFIG", folder);
}

static void image_is_absent(void)
{
	REPLY(CREATE, 201, "{}");
	REPLY(CREATE, 404, "{\"message\": \"No such image: busybox:1\"}", .times = 1);
}

/* A refusal by these words of the engine's. */
static void refused(const char *words)
{
	static char body[1024];
	owned_json json = json_pack("{s:s}", "message", words);
	owned_memory char *line = json_line(json);

	snprintf(body, sizeof(body), "%s", line);
	image_is_absent();
	REPLY(PULL, 500, body);
}

static struct instance_spec from(const char *image)
{
	struct instance_spec spec = docker_web;

	spec.image = image;
	return spec;
}

static int64_t now(void)
{
	return docker_world->ops->now(docker_world);
}

/* --- the login ------------------------------------------------------------------------------ */

Test(docker_pull, login_goes_with_the_request_and_with_no_other)
{
	struct instance_spec spec = from("127.0.0.1:5000/x:1");

	config("{\"auths\":{\"127.0.0.1:5000\":{\"auth\":\"YW5uOnMzOmNyZXQ=\"}}}");
	image_is_absent();
	REPLY(PULL, 200, WHOLE);
	MUST(place, &spec, &note);
	for (size_t i = 0; i < docker_asked_count; i++)
		cr_expect_str_eq(docker_asked[i].login,
				 starts_with(docker_asked[i].line, PULL)
				     ? "{\"username\":\"ann\",\"password\":\"s3:cret\",\"serveraddress\":"
				       "\"127.0.0.1:5000\"}"
				     : "",
				 "%s", docker_asked[i].line);
}

Test(docker_pull, no_login_no_header)
{
	image_is_absent();
	REPLY(PULL, 200, WHOLE);
	MUST(place, &docker_web, &note);
	cr_expect_str_eq(docker_request(PULL, 0)->login, "");
}

static int slow_helper(void *owner, const struct process_options *options, struct process_end *ret_end,
		       int64_t *ret_lives_ms, struct error *err)
{
	static const char said[] = "{\"Username\":\"helped\",\"Secret\":\"key\"}";

	(void)owner, (void)err;
	cr_assert_eq(write(options->output, said, strlen(said)), (ssize_t)strlen(said));
	*ret_end = (struct process_end){0};
	*ret_lives_ms = 20000;
	return 0;
}

static void wake_nobody(struct errand *errand)
{
	(void)errand;
}

Test(docker_pull, helper_is_waited_for_and_others_go_on_meanwhile)
{
	struct errand errand = {.wake = wake_nobody};
	bool said = false;

	config("{\"credsStore\":\"slow\"}");
	char program[340];
	snprintf(program, sizeof(program), "%s/docker-credential-slow", folder);
	cr_assert_eq(docker_world->ops->file_write(docker_world, program, 0700, "", 0, NULL), 0);
	docker_variable("PATH", folder);
	docker_programs(slow_helper);
	image_is_absent();
	REPLY(PULL, 200, WHOLE);
	for (int i = 0; i < 15; i++) {
		cr_assert_eq(
		    docker_driver.place(&docker_location, &errand, &docker_web, &note, &docker_error),
		    PROGRESS_WAITING);
		said |= note && strstr(note, "asking docker-credential-slow for the login");
		virtual_world_run(docker_world, NULL, NULL, 1000);
	}
	cr_expect(said);
	cr_expect_eq(docker_requests(PULL), 0);
	enum progress progress = PROGRESS_WAITING;
	for (int i = 0; i < 15 && progress == PROGRESS_WAITING; i++) {
		virtual_world_run(docker_world, NULL, NULL, 1000);
		progress = docker_driver.place(&docker_location, &errand, &docker_web, &note, &docker_error);
	}
	cr_assert_eq(progress, PROGRESS_DONE, "%s", docker_error.text);
	cr_expect(strstr(docker_request(PULL, 0)->login, "\"helped\""));
}

/* --- refusals that no repetition helps ------------------------------------------------------- */

static const struct {
	const char *words;
	enum code code;
	const char *remedy;
} hopeless[] = {
    {"manifest for reg:5000/x:9 not found: manifest unknown: manifest unknown", ERR_MISSING, "spelling"},
    {"no matching manifest for linux/arm64/v8 in the manifest list entries", ERR_MISSING, "spelling"},
    {"failed to resolve reference \"reg:5000/x:9\": reg:5000/x:9: not found", ERR_MISSING, "spelling"},
    {"Head \"https://reg:5000/v2/x/manifests/1\": no basic auth credentials", ERR_DENIED,
     "`docker login reg:5000`"},
    {"unauthorized: authentication required", ERR_DENIED, "`docker login reg:5000`"},
    {"pull access denied for reg:5000/x, repository does not exist or may require 'docker login': denied: "
     "requested "
     "access to the resource is denied",
     ERR_DENIED, "`docker login reg:5000`"},
    {"error parsing HTTP 400 response body: invalid character 'C' looking for beginning of value: \"Client "
     "sent an HTTP "
     "request to an HTTPS server.\\n\"",
     ERR_DENIED, "`docker login reg:5000`"},
    {"denied", ERR_DENIED, "`docker login reg:5000`"},
    {"initializing source docker://reg:5000/x:9: reading manifest 9 in reg:5000/x: manifest unknown: "
     "manifest unknown",
     ERR_MISSING, "spelling"},
    {"initializing source docker://reg:5000/x:9: reading manifest 9 in reg:5000/x: unauthorized: "
     "authentication "
     "required",
     ERR_DENIED, "`docker login reg:5000`"},
    {"Get \"https://reg:5000/v2/\": x509: certificate signed by unknown authority", ERR_DENIED,
     "/etc/docker/certs.d/reg:5000/ca.crt"},
    {"Get \"https://reg:5000/v2/\": http: server gave HTTP response to HTTPS client", ERR_FAILED,
     "insecure-registries"},
    {"Get \"https://reg:5000/v2/\": dial tcp: lookup reg on 10.0.0.1:53: no such host", ERR_FAILED,
     "registry's name"},
    {"Get \"https://reg:5000/v2/\": dial tcp: lookup reg on 10.0.0.1:53: read udp: i/o timeout", ERR_FAILED,
     "registry's name"},
    {"write /var/lib/docker/tmp/GetImageBlob1: no space left on device", ERR_FAILED, "make room"},
    {"open /var/lib/docker/tmp/x: permission denied", ERR_FAILED, "engine's machine"},
    {"something that nobody has seen yet", ERR_FAILED, "engine's machine"},
};

Test(docker_pull, hopeless_refusal_fails_at_once_with_the_words_and_the_remedy)
{
	struct instance_spec spec = from("reg:5000/x:9");

	for (size_t i = 0; i < COUNT_OF(hopeless); i++) {
		docker_forget();
		refused(hopeless[i].words);
		int64_t before = now();
		MUST_FAIL(hopeless[i].code, place, &spec, &note);
		SAYS(hopeless[i].words);
		SAYS("cannot pull image `reg:5000/x:9`");
		HELPS(hopeless[i].remedy);
		cr_expect(docker_requests(PULL) == 1 && now() == before, "%s: tried again",
			  hopeless[i].words);
		cr_expect_null(strstr(docker_error.text, "tried"));
	}
}

Test(docker_pull, docker_hub_has_no_host_to_be_named)
{
	refused("pull access denied for busybox, repository does not exist or may require 'docker login'");
	MUST_FAIL(ERR_DENIED, place, &docker_web, &note);
	HELPS("`docker login` as the user who deploys");
}

Test(docker_pull, refused_login_is_told_by_its_place)
{
	struct instance_spec spec = from("reg:5000/x:9");

	config("{\"auths\":{\"reg:5000\":{\"auth\":\"YW5uOnMzOmNyZXQ=\"}}}");
	refused("unauthorized: authentication required");
	MUST_FAIL(ERR_DENIED, place, &spec, &note);
	HELPS("/docker/config.json");
	HELPS("`docker login reg:5000`");
	cr_expect_null(strstr(docker_error.text, "s3:cret"));
	cr_expect_null(strstr(docker_error.text, "YW5uOnM"));
}

Test(docker_pull, damaged_configuration_matters_when_a_login_was_needed)
{
	struct instance_spec spec = from("reg:5000/x:9");

	config("{\"auths\":\n");
	refused("unauthorized: authentication required");
	MUST_FAIL(ERR_DENIED, place, &spec, &note);
	SAYS("unauthorized");
	SAYS("config.json:2: not valid JSON");
	HELPS("mend that file");
	docker_forget();
	image_is_absent();
	REPLY(PULL, 200, WHOLE);
	MUST(place, &spec, &note);
	docker_forget();
	refused("manifest unknown");
	MUST_FAIL(ERR_MISSING, place, &spec, &note);
	cr_expect_null(strstr(docker_error.text, "config.json"), "%s", docker_error.text);
}

Test(docker_pull, image_that_is_called_like_a_trouble_is_none)
{
	struct instance_spec spec = from("reg:5000/denied/timeout-eof:1");

	refused("Head \"https://reg:5000/v2/denied/timeout-eof/manifests/1\": what "
		"reg:5000/denied/timeout-eof:1 is");
	MUST_FAIL(ERR_FAILED, place, &spec, &note);
	cr_expect_eq(docker_requests(PULL), 1);
}

/* --- what may pass --------------------------------------------------------------------------- */

static const char *const passing[] = {
    "received unexpected HTTP status: 503 Service Unavailable",
    "Get \"https://reg:5000/v2/\": read tcp 127.0.0.1:4->127.0.0.1:5: read: connection reset by peer",
    "Get \"https://reg:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused",
    "Get \"https://reg:5000/v2/\": net/http: TLS handshake timeout",
    "Get \"https://reg:5000/v2/\": context deadline exceeded",
    "Head \"https://reg:5000/v2/x/manifests/1\": EOF",
    "unexpected EOF",
    "toomanyrequests: You have reached your pull rate limit.",
};

Test(docker_pull, passing_trouble_is_tried_again_until_it_passes)
{
	struct instance_spec spec = from("reg:5000/x:1");
	char body[300];

	for (size_t i = 0; i < COUNT_OF(passing); i++) {
		docker_forget();
		image_is_absent();
		owned_json json = json_pack("{s:s}", "message", passing[i]);
		owned_memory char *line = json_line(json);
		snprintf(body, sizeof(body), "%s", line);
		REPLY(PULL, 200, WHOLE);
		REPLY(PULL, 500, body, .times = 2);
		int64_t before = now();
		MUST(place, &spec, &note);
		cr_expect_eq(docker_requests(PULL), 3, "%s", passing[i]);
		cr_expect_eq(now() - before, 1500, "%s: %lld ms", passing[i], (long long)(now() - before));
	}
}

Test(docker_pull, passing_trouble_that_stays_is_given_up_after_half_a_minute)
{
	refused("received unexpected HTTP status: 503 Service Unavailable");
	int64_t before = now();
	MUST_FAIL(ERR_FAILED, place, &docker_web, &note);
	cr_expect_eq(now() - before, 30000);
	cr_expect_eq(docker_requests(PULL), 7);
	SAYS("503 Service Unavailable");
	SAYS("(tried 7 times in 30 s)");
}

Test(docker_pull, hopeless_trouble_ends_the_trying)
{
	image_is_absent();
	REPLY(PULL, 404, "{\"message\": \"manifest unknown\"}");
	REPLY(PULL, 500, "{\"message\": \"EOF\"}", .times = 1);
	MUST_FAIL(ERR_MISSING, place, &docker_web, &note);
	SAYS("(tried 2 times in 1 s)");
}

Test(docker_pull, limit_of_the_anonymous_asks_for_a_login)
{
	refused("toomanyrequests: You have reached your pull rate limit.");
	MUST_FAIL(ERR_FAILED, place, &docker_web, &note);
	HELPS("`docker login`");
	config("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"YW5uOnMzOmNyZXQ=\"}}}");
	image_is_absent();
	MUST_FAIL(ERR_FAILED, place, &docker_web, &note);
	HELPS("higher limit");
	cr_expect_null(strstr(docker_error.remedy, "docker login"));
}

Test(docker_pull, each_try_asks_for_the_login_anew)
{
	struct instance_spec spec = from("reg:5000/x:1");

	config("{\"auths\":{\"reg:5000\":{\"auth\":\"YW5uOnMzOmNyZXQ=\"}}}");
	image_is_absent();
	REPLY(PULL, 200, WHOLE);
	REPLY(PULL, 500, "{\"message\": \"EOF\"}", .times = 1);
	MUST(place, &spec, &note);
	cr_expect(strstr(docker_request(PULL, 0)->login, "ann") &&
		  strstr(docker_request(PULL, 1)->login, "ann"));
}

/* --- streams ------------------------------------------------------------------------------- */

Test(docker_pull, stream_without_its_last_line_is_tried_again)
{
	image_is_absent();
	REPLY(PULL, 200, "{\"status\": \"Pulling from x\"}\n{\"status\": \"Digest: sha256:1\"}\n" WHOLE);
	REPLY(PULL, 200, "{\"status\": \"Pulling from x\"}\n{\"status\": \"Down", .times = 1);
	MUST(place, &docker_web, &note);
	cr_expect_eq(docker_requests(PULL), 2);
}

Test(docker_pull, stream_that_always_breaks_off_says_so)
{
	image_is_absent();
	REPLY(PULL, 200, "{\"status\": \"Pulling from x\"}\n");
	MUST_FAIL(ERR_FAILED, place, &docker_web, &note);
	SAYS("broke off before its end (tried 7 times");
}

Test(docker_pull, last_line_may_end_without_a_newline)
{
	image_is_absent();
	REPLY(PULL, 200, "{\"status\": \"Status: Image is up to date for x:1\"}");
	MUST(place, &docker_web, &note);
}

Test(docker_pull, podman_ends_in_its_own_way)
{
	image_is_absent();
	REPLY(PULL, 200,
	      "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"c6e0b4fd7d7f\"}\n"
	      "{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"b21f5d17ad94\"}\n");
	MUST(place, &docker_web, &note);
	cr_expect_eq(docker_requests(PULL), 1);
}

Test(docker_pull, engine_that_goes_away_is_unknown)
{
	image_is_absent();
	REPLY(PULL, 0, NULL, .error = ERR_UNREACHABLE, .sent = true);
	MUST_FAIL(ERR_UNREACHABLE, place, &docker_web, &note);
	cr_expect_eq(docker_requests(PULL), 1);
}

Test(docker_pull, error_in_a_stream_is_judged_as_any_other)
{
	image_is_absent();
	REPLY(PULL, 200, WHOLE);
	REPLY(PULL, 200,
	      "{\"status\": \"Pulling from x\"}\n{\"errorDetail\": {\"message\": \"unexpected EOF\"}, "
	      "\"error\": "
	      "\"unexpected EOF\"}\n",
	      .times = 1);
	MUST(place, &docker_web, &note);
	cr_expect_eq(docker_requests(PULL), 2);
}

/* --- what is told meanwhile ------------------------------------------------------------------ */

static void noted(const char *lines, const char *wanted)
{
	struct pull_lines told = {0};
	char words[300];

	pull_lines_feed(&told, lines, strlen(lines));
	pull_lines_note(&told, "x:1", words, sizeof(words));
	cr_expect_str_eq(words, wanted);
	pull_lines_release(&told);
}

Test(docker_pull, progress_is_the_sum_of_the_layers)
{
	noted("", "pulling x:1");
	noted("{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{\"current\":1000000,\"total\":"
	      "30000000}}\n"
	      "{\"status\":\"Downloading\",\"id\":\"b\",\"progressDetail\":{\"current\":2000000,\"total\":"
	      "10000000}}\n"
	      "{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{\"current\":10000000,\"total\":"
	      "30000000}}\n",
	      "pulling x:1: 12 of 40 MB");
	noted("{\"status\":\"Retrying in 5 seconds\",\"progressDetail\":{},\"id\":\"ff77c4b77b87\"}\n",
	      "pulling x:1; layer ff77c4b77b87 broke off, retrying in 5 seconds");
	noted("{\"status\":\"Retrying in 1 "
	      "second\",\"id\":\"a\"}\n{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{"
	      "\"current\":1,\"total\":2}}\n",
	      "pulling x:1: 0 of 1 MB");
	noted("not JSON\n[]\n{\"status\":5}\n{}\n\n", "pulling x:1");
}

Test(docker_pull, pause_before_another_try_is_told)
{
	struct errand errand = {.wake = wake_nobody};
	bool told = false;

	refused("received unexpected HTTP status: 503 Service Unavailable");
	for (int i = 0; i < 10; i++) {
		docker_driver.place(&docker_location, &errand, &docker_web, &note, &docker_error);
		told |= note && strstr(note, "503 Service Unavailable; again in ");
		virtual_world_run(docker_world, NULL, NULL, 300);
	}
	cr_expect(told);
	docker_driver.drop(&docker_location, &errand);
	cr_expect_eq(virtual_world_pending(docker_world), 0, "a dropped pull goes on");
}

Test(docker_pull, nothing_is_made_before_it_is_over)
{
	struct errand errand = {.wake = wake_nobody};

	image_is_absent();
	REPLY(PULL, 200, WHOLE, .delay_ms = 5000);
	enum progress progress = PROGRESS_WAITING;
	while (!docker_requests(PULL)) {
		cr_expect_not(errand.harmless);
		progress = docker_driver.place(&docker_location, &errand, &docker_web, &note, &docker_error);
		virtual_world_run(docker_world, NULL, NULL, 10);
	}
	cr_expect(errand.harmless);
	for (int i = 0; i < 30 && progress == PROGRESS_WAITING; i++) {
		virtual_world_run(docker_world, NULL, NULL, 1000);
		progress = docker_driver.place(&docker_location, &errand, &docker_web, &note, &docker_error);
		cr_expect_not(errand.harmless && docker_requests(CREATE) > 1);
	}
	cr_expect(progress == PROGRESS_DONE && !errand.harmless);
}

/* --- always ---------------------------------------------------------------------------------- */

Test(docker_pull, always_asks_the_registry_first)
{
	struct instance_spec spec = docker_web;

	spec.pull_always = true;
	REPLY(PULL, 200, WHOLE);
	REPLY(CREATE, 201, "{}");
	MUST(place, &spec, &note);
	cr_expect(docker_requests(PULL) == 1 && docker_requests(CREATE) == 1);
	cr_expect(docker_request(PULL, 0) < docker_request(CREATE, 0));
}

Test(docker_pull, always_means_once_for_all_that_one_plan_makes)
{
	struct instance_spec spec = docker_web;
	const char *const images[] = {"busybox:1", NULL};
	const struct list_request request = {.app = "app", .images = images};
	struct inventory inventory = {0};

	spec.pull_always = true;
	REPLY(PULL, 200, WHOLE);
	REPLY(CREATE, 201, "{}");
	REPLY("GET /containers/json", 200, "[]");
	REPLY("GET /volumes", 200, "{\"Volumes\": null}");
	REPLY("GET /images/json", 200, "[]");
	REPLY("GET /networks", 200,
	      "[{\"Id\": \"n0\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	MUST(place, &spec, &note);
	MUST(place, &spec, &note);
	cr_expect_eq(docker_requests(PULL), 1);
	MUST(list, &request, &inventory);
	inventory_release(&inventory);
	MUST(place, &spec, &note);
	cr_expect_eq(docker_requests(PULL), 2, "a new listing is a new plan");
}

Test(docker_pull, missing_does_not_ask)
{
	REPLY(CREATE, 201, "{}");
	MUST(place, &docker_web, &note);
	cr_expect_eq(docker_requests(PULL), 0);
}

Test(docker_pull, digest_is_never_asked_for_again)
{
	struct instance_spec spec =
	    from("busybox@sha256:0123456789012345678901234567890123456789012345678901234567890123");

	spec.pull_always = true;
	REPLY(CREATE, 201, "{}");
	MUST(place, &spec, &note);
	cr_expect_eq(docker_requests(PULL), 0);
}
