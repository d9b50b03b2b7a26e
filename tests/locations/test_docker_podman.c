/* test_docker_podman.c - what Podman does otherwise than Docker, at the seam. */
#include <string.h>

#include "tests/locations/docker_bench.h"

#define PONG                                                                                                 \
	"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\nDate: Sat, 21 Nov 2026 "       \
	"11:44:52 GMT\r\n"

static const char *note;

static void set_up(void)
{
	docker_set_up();
	REPLY("GET /_ping", 200, NULL, .headers = PONG);
	REPLY("GET /v4.3.1/libpod/info", 200, "{\"host\": {\"networkBackend\": \"netavark\"}}");
}

TestSuite(docker_podman, .init = set_up, .fini = docker_take_down);

static struct inventory listed(const char *containers)
{
	static const char *const images[] = {"busybox:1", "redis:3", NULL};
	static const struct list_request request = {.app = "app", .images = images};
	struct inventory inventory = {0};

	REPLY("GET /containers/json", 200, containers);
	REPLY("GET /networks?", 200, "[]");
	REPLY("GET /volumes?", 200, "{\"Volumes\": []}");
	REPLY("GET /images/json", 200,
	      "[{\"Id\": \"sha256:1\", \"RepoTags\": [\"docker.io/library/busybox:1\"]}, "
	      "{\"Id\": \"sha256:2\", \"RepoTags\": [\"localhost/redis:3\"]}]");
	MUST(list, &request, &inventory);
	return inventory;
}

#define LISTED                                                                                               \
	"[{\"Id\": \"c1\", \"Names\": [\"/app.web.1\"], \"Name\": \"\", \"ImageID\": \"sha256:1\", "         \
	"\"State\": \"running\", "                                                                           \
	"\"Labels\": {\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\", "     \
	"\"berth.spec\": \"aa\", \"berth.ports\": \"80/tcp\"}, "                                             \
	"\"Ports\": [{\"PrivatePort\": 80, \"PublicPort\": 8080, \"Type\": \"tcp\"}], "                      \
	"\"NetworkSettings\": {\"Networks\": {\"berth.app\": {\"NetworkID\": \"berth.app\", "                \
	"\"IPAddress\": \"10.213.0.5\", \"Aliases\": [%s]}}}}]"

Test(docker_podman, it_is_asked_who_it_is_once)
{
	struct location_facts facts = {0};

	REPLY("GET /version", 200, "{\"Version\": \"4.3.1\"}");
	REPLY("GET /info", 200, "{\"NCPU\": 2}");
	MUST(connect, &facts);
	MUST(connect, &facts);
	cr_assert_str_eq(facts.version, "Podman 4.3.1, API 1.41");
	cr_assert_eq(docker_requests("GET /_ping"), 1);
	cr_assert_eq(docker_requests("GET /v4.3.1/libpod/info"), 1);
	cr_assert_not(docker_location.driver->capabilities.host_names);
	cr_assert_not(docker_location.driver->capabilities.limits_in_place);
	cr_assert(docker_driver.capabilities.host_names, "of Docker that is still true");
}

Test(docker_podman, a_version_that_is_none_gets_into_no_path)
{
	struct location_facts facts = {0};

	REPLY("GET /version", 200, "{\"Version\": \"1\"}");
	REPLY("GET /info", 200, "{\"NCPU\": 2}");
	REPLY("GET /_ping", 200, NULL, .headers = "Api-Version: 1.41\r\nLibpod-Api-Version: ../../x\r\n");
	MUST(connect, &facts);
	cr_assert_eq(docker_requests("GET /_ping"), 1);
	cr_assert_null(strstr(docker_asked[1].line, "x/libpod"));
}

Test(docker_podman, a_listing_has_its_own_shape)
{
	struct arena arena = {0};
	struct inventory inventory = listed(arena_format(&arena, LISTED, "\"app.web\", \"web\", \"c1\""));

	cr_assert_eq(inventory.instance_count, 1, "%zu strangers", inventory.stranger_count);
	const struct observed *web = &inventory.instances[0];
	cr_assert_str_eq(web->name, "app.web.1");
	cr_assert(web->shared_name_held);
	cr_assert_eq(web->attachment_count, 2);
	cr_assert_eq(web->attachments[1].ports[0].number, 8080, "published on all addresses");
	cr_assert_str_eq(web->attachments[1].ports[0].bound, "0.0.0.0");
	inventory_release(&inventory);
	inventory = listed(arena_format(&arena, LISTED, "\"c1\""));
	cr_assert_not(inventory.instances[0].shared_name_held);
	inventory_release(&inventory);
	arena_release(&arena);
}

Test(docker_podman, images_go_by_their_whole_names)
{
	struct inventory inventory = listed("[]");

	cr_assert_str_eq(inventory.images[0].id, "sha256:1");
	cr_assert_str_eq(inventory.images[1].id, "sha256:2");
	cr_assert_str_eq(docker_request("GET /images/json", 0)->line, "GET /images/json",
			 "several names are all wanted of one image there");
	inventory_release(&inventory);
}

static json_t *made_of(const struct instance_spec *spec)
{
	REPLY("POST /containers/create", 201, "{\"Id\": \"c1d2\"}");
	MUST(place, spec, &note);
	const struct asked *create = docker_request("POST /containers/create", 0);
	return json_loads(create->body, 0, NULL);
}

Test(docker_podman, its_network_knows_it_by_all_that_it_is_called)
{
	static const char *const called[] = {"cache", "web", NULL};
	struct instance_spec spec = docker_web;

	spec.shared_from_start = true;
	spec.stop_timeout_ms = -1;
	spec.called = called, spec.called_count = 2;
	owned_json body = made_of(&spec);
	json_t *endpoint = json_at(body, "NetworkingConfig.EndpointsConfig.n0");
	owned_memory char *aliases = json_line(json_object_get(endpoint, "Aliases"));
	cr_assert_str_eq(aliases, "[\"app.web\",\"web\",\"cache\"]");
	cr_assert_eq(json_number(body, "StopTimeout", 0), 10, "it would be killed at once");
}

Test(docker_podman, all_addresses_are_no_address)
{
	static const struct spec_port everywhere = {
	    .port = 80, .protocol = TCP, .published = true, .host_address = "0.0.0.0", .host_port = 8080};
	struct instance_spec spec = docker_web;

	spec.ports = &everywhere;
	owned_json body = made_of(&spec);
	json_t *bindings = json_object_get(json_at(body, "HostConfig.PortBindings"), "80/tcp");
	cr_assert_str_eq(json_text(json_array_get(bindings, 0), "HostIp"), "");
}

Test(docker_podman, volumes_are_made_with_their_labels_before_the_container)
{
	static const struct volume volumes[] = {{.name = "data", .path = "/data"}, {.path = "/scratch"}};
	struct instance_spec spec = docker_web;

	spec.volumes = volumes, spec.volume_count = 2;
	REPLY("POST /volumes/create", 201, "{\"Name\": \"app.data\"}");
	REPLY("POST /volumes/create", 500, "{\"cause\": \"volume already exists\", \"message\": \"no\"}",
	      .times = 1);
	json_decref(made_of(&spec));
	cr_assert_eq(docker_requests("POST /volumes/create"), 2, "a race is none");
	owned_json volume = json_loads(docker_request("POST /volumes/create", 1)->body, 0, NULL);
	cr_assert_str_eq(json_text(volume, "Name"), "app.data");
	cr_assert_str_eq(json_text(json_object_get(volume, "Labels"), "berth.volume"), "data");
}

Test(docker_podman, a_missing_source_is_not_made_an_empty_directory)
{
	static const struct volume volume = {.source = "/no/such/directory", .path = "/in"};
	struct instance_spec spec = docker_web;

	spec.volumes = &volume, spec.volume_count = 1;
	MUST_FAIL(ERR_INVALID, place, &spec, &note);
	SAYS("/no/such/directory");
	cr_assert_null(docker_request("POST /containers/create", 0));
}

Test(docker_podman, a_name_in_use_is_looked_at)
{
	REPLY("POST /containers/create", 500,
	      "{\"cause\": \"that name is already in use\", \"message\": \"the container name is in use\"}");
	REPLY("GET /containers/app.web.1/json", 200, docker_container('a', "created"));
	MUST(place, &docker_web, &note);
}

Test(docker_podman, one_that_looks_no_names_up_gives_addresses)
{
	const struct attachment *attachments;
	struct location_facts facts = {0};
	struct arena arena = {0};
	size_t count;

	REPLY("GET /v4.3.1/libpod/info", 200, "{\"host\": {\"networkBackend\": \"cni\"}}");
	REPLY("GET /version", 200, "{\"Version\": \"4.3.1\"}");
	REPLY("GET /info", 200, "{\"NCPU\": 2}");
	cr_assert(docker_driver.foresee(&docker_location, &docker_web, &arena, &attachments, &count, NULL) ==
		  0);
	cr_assert_str_eq(attachments[0].name, "app.web");
	MUST(connect, &facts);
	cr_assert(docker_driver.foresee(&docker_location, &docker_web, &arena, &attachments, &count, NULL) ==
		  0);
	cr_assert_null(attachments[0].name);
	arena_release(&arena);
}

Test(docker_podman, its_networks_are_here_unless_it_is_rootless)
{
	struct location_facts facts = {0};

	REPLY("GET /version", 200, "{\"Version\": \"4.3.1\"}");
	REPLY("GET /info", 200, "{\"NCPU\": 2}");
	MUST(connect, &facts);
	cr_assert(networks_are_here(docker_location.state));
	cr_assert(network_is_here(docker_location.state, "berth.app"));
	REPLY("GET /v4.3.1/libpod/info", 200,
	      "{\"host\": {\"networkBackend\": \"netavark\", \"security\": {\"rootless\": true}}}");
	cr_assert(docker_reopen("unix:///engine.sock", NULL, NULL) == 0);
	MUST(connect, &facts);
	cr_assert_not(networks_are_here(docker_location.state));
}

/* It tells neither the address that a container was made for nor, of one that is stopped, any. */
Test(docker_podman, a_pinned_address_is_kept_in_a_label)
{
	struct instance_spec spec = docker_web;
	struct observed seen = {0};
	struct arena arena = {0};

	spec.pin_address = true, spec.pinned_address = "10.213.1.7";
	owned_json body = made_of(&spec);
	cr_assert_str_eq(json_text(json_object_get(body, "Labels"), "berth.address"), "10.213.1.7");
	REPLY("GET /containers/app.web.1/json", 200,
	      "{\"Id\": \"c1\", \"Name\": \"/app.web.1\", \"State\": {\"Status\": \"exited\"}, \"Config\": "
	      "{\"Labels\": {"
	      "\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\", "
	      "\"berth.ports\": \"80/tcp\", "
	      "\"berth.pinned\": \"yes\", \"berth.address\": \"10.213.1.7\"}}, \"NetworkSettings\": "
	      "{\"Networks\": "
	      "{\"berth.app\": {\"NetworkID\": \"berth.app\", \"IPAMConfig\": null, \"IPAddress\": \"\"}}}}");
	MUST(look, "app", "app.web.1", &arena, &seen);
	cr_assert_str_eq(seen.attachments[0].address, "10.213.1.7");
	arena_release(&arena);
}
