/* test_docker_place.c - making containers: once per name, whoever holds it and whatever answer is lost. */
#include <stdlib.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_place, .init = docker_set_up, .fini = docker_take_down);

#define CREATE "POST /containers/create?name=app.web.1"
#define LOOK   "GET /containers/app.web.1/json"
#define DELETE "DELETE /containers/c1d2?force=1&v=1"
#define PULL   "POST /images/create"

static const char *note;

static json_t *body_of(const struct instance_spec *spec)
{
	REPLY("POST /containers/create", 201, "{\"Id\": \"c1\"}");
	MUST(place, spec, &note);
	const struct asked *asked = docker_request("POST /containers/create", 0);
	json_t *body = json_parse(asked->body, strlen(asked->body), "body", &docker_error);
	cr_assert_not_null(body);
	return body;
}

static void holds(const json_t *body, const char *path, const char *wanted)
{
	owned_json expected = json_loads(wanted, JSON_DECODE_ANY, NULL);
	owned_memory char *real =
	    json_at(body, path) ? json_dumps(json_at(body, path), JSON_ENCODE_ANY) : NULL;

	cr_assert(expected && json_equal(expected, json_at(body, path)), "%s is %s, not %s", path,
		  real ? real : "absent", wanted);
}

Test(docker_place, body_says_all_of_the_wish)
{
	static const struct spec_port ports[] = {
	    {.port = 80, .protocol = TCP, .published = true, .host_address = "10.0.0.1", .host_port = 8080},
	    {.port = 53, .protocol = UDP, .open = true}};
	static const struct spec_host hosts[] = {{.alias = "db", .target = "app.db"},
						 {.alias = "old", .address = "10.9.9.9"}};
	static const struct volume volumes[] = {{.name = "data", .path = "/data"},
						{.source = "/srv", .path = "/in", .read_only = true},
						{.path = "/tmp/x"}};
	static const struct spec_variable variables[] = {{"A", "b=c", false}};
	static const struct label labels[] = {{.name = "team", .value = "x"}};
	static const char *const command[] = {"run", "it", NULL};
	struct instance_spec spec = docker_web;
	spec.ports = ports, spec.port_count = 2;
	spec.hosts = hosts, spec.host_count = 2;
	spec.volumes = volumes, spec.volume_count = 3;
	spec.variables = variables, spec.variable_count = 1;
	spec.labels = labels, spec.label_count = 1;
	spec.command = command;
	spec.directory = "/w", spec.user = "nobody";
	spec.memory_bytes = 1 << 27, spec.nano_cpus = 500000000;
	spec.shared_from_start = true;
	owned_json body = body_of(&spec);
	holds(body, "Image", "\"busybox:1\"");
	holds(body, "Cmd", "[\"run\", \"it\"]");
	cr_assert_null(json_object_get(body, "Entrypoint"));
	holds(body, "Env", "[\"A=b=c\"]");
	holds(body, "WorkingDir", "\"/w\"");
	holds(body, "User", "\"nobody\"");
	holds(body, "ExposedPorts", "{\"80/tcp\": {}, \"53/udp\": {}}");
	holds(body, "HostConfig.PortBindings",
	      "{\"80/tcp\": [{\"HostIp\": \"10.0.0.1\", \"HostPort\": \"8080\"}]}");
	holds(body, "HostConfig.Memory", "134217728");
	holds(body, "HostConfig.NanoCpus", "500000000");
	holds(body, "HostConfig.ExtraHosts", "[\"old:10.9.9.9\"]");
	holds(body, "HostConfig.NetworkMode", "\"n0\"");
	holds(body, "HostConfig.RestartPolicy.Name", "\"unless-stopped\"");
	holds(body, "HostConfig.Mounts",
	      "[{\"Target\": \"/data\", \"ReadOnly\": false, \"Type\": \"volume\", \"Source\": \"app.data\", "
	      "\"VolumeOptions\": {\"Labels\": {\"berth.app\": \"app\", \"berth.volume\": \"data\"}}}, "
	      "{\"Target\": \"/in\", \"ReadOnly\": true, \"Type\": \"bind\", \"Source\": \"/srv\"}, "
	      "{\"Target\": \"/tmp/x\", \"ReadOnly\": false, \"Type\": \"volume\"}]");
	const json_t *endpoints = json_at(body, "NetworkingConfig.EndpointsConfig");
	const json_t *endpoint = json_object_get(endpoints, "n0");
	holds(endpoint, "Links", "[\"app.db:db\"]");
	holds(endpoint, "Aliases", "[\"app.web\"]");
	const json_t *marks = json_object_get(body, "Labels");
	cr_assert_str_eq(json_text(marks, "berth.app"), "app");
	cr_assert_str_eq(json_text(marks, "berth.instance"), "1");
	cr_assert_str_eq(json_text(marks, "berth.spec"), "aa");
	cr_assert_str_eq(json_text(marks, "team"), "x");
	cr_assert_null(json_text(marks, "berth.salt"));
}

Test(docker_place, shared_name_waits_for_admission)
{
	owned_json body = body_of(&docker_web);
	const json_t *endpoint = json_object_get(json_at(body, "NetworkingConfig.EndpointsConfig"), "n0");

	cr_assert_null(json_object_get(endpoint, "Aliases"));
}

Test(docker_place, same_digest_is_done)
{
	REPLY(CREATE, 409, "{\"message\": \"Conflict. The container name is already in use\"}");
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests(CREATE) == 1 && !docker_requests("DELETE"));
}

Test(docker_place, other_digest_is_removed_first)
{
	REPLY(CREATE, 201, "{}");
	REPLY(CREATE, 409, "{}", .times = 1);
	REPLY(LOOK, 200, docker_container('b', "running"));
	REPLY(DELETE, 204, NULL);
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests(CREATE) == 2 && docker_requests(DELETE) == 1);
}

Test(docker_place, stranger_is_not_touched)
{
	REPLY(CREATE, 409, "{}");
	REPLY(LOOK, 200, docker_container(0, "exited"));
	MUST_FAIL(ERR_CONFLICT, place, &docker_web, &note);
	SAYS("app.web.1");
	cr_assert(!docker_requests("DELETE"));
}

Test(docker_place, lost_answer_is_looked_for)
{
	REPLY(CREATE, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(LOOK, 200, docker_container('a', "created"));
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests(CREATE) == 1);
}

Test(docker_place, lost_request_is_made_again)
{
	REPLY(CREATE, 201, "{}");
	REPLY(CREATE, 0, NULL, .error = ERR_UNREACHABLE, .sent = true, .times = 1);
	REPLY(LOOK, 404, "{}");
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests(CREATE) == 2 && docker_requests(LOOK) == 1);
}

Test(docker_place, always_lost_is_unknown_in_the_end)
{
	REPLY(CREATE, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_TIMED_OUT, place, &docker_web, &note);
	cr_assert(docker_requests(CREATE) < 10);
}

Test(docker_place, name_of_one_still_being_made_is_waited_for)
{
	REPLY(CREATE, 201, "{}");
	REPLY(CREATE, 409, "{}", .times = 20);
	REPLY(LOOK, 404, "{}");
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests(CREATE) == 21 && !docker_requests("DELETE"));
}

Test(docker_place, name_that_is_never_free_is_said)
{
	REPLY(CREATE, 409, "{}");
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_FAILED, place, &docker_web, &note);
	SAYS("no container has it");
}

Test(docker_place, unsent_request_is_unreachable)
{
	REPLY(CREATE, 0, NULL, .error = ERR_UNREACHABLE);
	MUST_FAIL(ERR_UNREACHABLE, place, &docker_web, &note);
	cr_assert(!docker_requests(LOOK));
}

Test(docker_place, missing_source_of_a_mount_is_said)
{
	REPLY(CREATE, 400,
	      "{\"message\": \"invalid mount config for type \\\"bind\\\": bind source path does not exist: "
	      "/x\"}");
	MUST_FAIL(ERR_INVALID, place, &docker_web, &note);
	SAYS("/x");
	HELPS("engine's machine");
}

static void image_absent_once(void)
{
	REPLY(CREATE, 201, "{}");
	REPLY(CREATE, 404, "{\"message\": \"No such image: busybox:1\"}", .times = 1);
}

Test(docker_place, absent_image_is_pulled)
{
	image_absent_once();
	REPLY(PULL, 200,
	      "{\"status\": \"Pulling fs layer\", \"id\": \"l1\"}\n{\"status\": \"Downloading\", \"id\": "
	      "\"l1\", "
	      "\"progressDetail\": {\"current\": 12000000, \"total\": 40000000}}\n{\"status\": \"Status: "
	      "Done\"}\n");
	MUST(place, &docker_web, &note);
	cr_assert_str_eq(docker_request(PULL, 0)->line, "POST /images/create?fromImage=busybox&tag=1");
	cr_assert_null(note);
}

static void wake_nobody(struct errand *errand)
{
	(void)errand;
}

Test(docker_place, one_pull_for_all_and_its_progress_is_told)
{
	struct errand errands[2] = {{.wake = wake_nobody}, {.wake = wake_nobody}};
	enum progress progress[2] = {PROGRESS_WAITING, PROGRESS_WAITING};
	bool told = false;

	REPLY(CREATE, 404, "{\"message\": \"No such image: busybox:1\"}", .times = 2);
	REPLY(PULL, 200,
	      "{\"status\": \"Downloading\", \"id\": \"l1\", \"progressDetail\": {\"current\": 12000000, "
	      "\"total\": "
	      "40000000}}\n{\"status\": \"Status: Downloaded newer image for busybox:1\"}\n",
	      .delay_ms = 1000);
	for (int round = 0;
	     round < 50 && (progress[0] == PROGRESS_WAITING || progress[1] == PROGRESS_WAITING); round++) {
		for (int i = 0; i < 2; i++)
			if (progress[i] == PROGRESS_WAITING) {
				progress[i] = docker_driver.place(&docker_location, &errands[i], &docker_web,
								  &note, &docker_error);
				told |= note && strstr(note, "pulling busybox:1");
			}
		if (docker_requests(PULL))
			REPLY(CREATE, 201, "{}");
		virtual_world_run(docker_world, NULL, NULL, 500);
	}
	cr_assert(progress[0] == PROGRESS_DONE && progress[1] == PROGRESS_DONE, "%s", docker_error.text);
	cr_assert(docker_requests(PULL) == 1, "pulled %zu times", docker_requests(PULL));
	cr_assert(told);
}

Test(docker_place, error_line_fails_the_pull)
{
	image_absent_once();
	REPLY(PULL, 200,
	      "{\"status\": \"Pulling\"}\n{\"error\": \"manifest for busybox:1 not found: manifest "
	      "unknown\"}\n");
	MUST_FAIL(ERR_MISSING, place, &docker_web, &note);
	SAYS("manifest unknown");
	HELPS("spelling");
	cr_assert(docker_requests(CREATE) == 1);
}

Test(docker_place, refused_pull_speaks_the_engine_s_words)
{
	image_absent_once();
	REPLY(PULL, 404, "{\"message\": \"pull access denied for busybox, repository does not exist\"}");
	MUST_FAIL(ERR_DENIED, place, &docker_web, &note);
	SAYS("pull access denied");
	HELPS("docker login");
}

Test(docker_place, unreachable_registry_is_a_failure)
{
	image_absent_once();
	REPLY(PULL, 500, "{\"message\": \"dial tcp: lookup registry-1.docker.io: no such host\"}");
	MUST_FAIL(ERR_FAILED, place, &docker_web, &note);
	SAYS("no such host");
	HELPS("resolver");
}

Test(docker_place, digest_and_port_of_a_registry_are_kept)
{
	struct instance_spec spec = docker_web;

	spec.image = "host:5000/x/y@sha256:ab";
	image_absent_once();
	REPLY(PULL, 200, "{\"status\": \"Status: Downloaded newer image\"}\n");
	MUST(place, &spec, &note);
	cr_assert_str_eq(docker_request(PULL, 0)->line,
			 "POST /images/create?fromImage=host%3A5000%2Fx%2Fy&tag=sha256%3Aab");
}

Test(docker_place, dropped_pull_is_forgotten)
{
	struct errand errand = {.wake = wake_nobody};

	image_absent_once();
	REPLY(PULL, 200, "", .delay_ms = 100000);
	for (int i = 0; i < 5; i++) {
		cr_assert(docker_driver.place(&docker_location, &errand, &docker_web, &note, &docker_error) ==
			  PROGRESS_WAITING);
		virtual_world_run(docker_world, NULL, NULL, 100);
	}
	cr_assert(docker_requests(PULL) == 1);
	docker_driver.drop(&docker_location, &errand);
	cr_assert_null(errand.state);
	cr_assert(virtual_world_pending(docker_world) == 0);
}

Test(docker_place, check_refuses_what_no_engine_runs)
{
	static const struct label own[] = {{.name = "berth.app", .value = "x"}};
	struct instance_spec spec = docker_web;

	cr_assert(docker_driver.check(&docker_location, &spec, &docker_error) == 0);
	spec.memory_bytes = 1 << 20;
	cr_assert(docker_driver.check(&docker_location, &spec, &docker_error) == -1);
	cr_assert(docker_error.code == ERR_INVALID);
	spec = docker_web;
	spec.labels = own, spec.label_count = 1;
	cr_assert(docker_driver.check(&docker_location, &spec, &docker_error) == -1);
	SAYS("berth.app");
	spec = docker_web;
	spec.kind = COMPONENT_PROCESS;
	cr_assert(docker_driver.check(&docker_location, &spec, &docker_error) == -1);
	cr_assert(docker_error.code == ERR_UNSUPPORTED);
	HELPS("docker:IMAGE");
}
