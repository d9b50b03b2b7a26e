/* test_docker_list.c - one listing per kind, read into what the engine of berth knows of instances. */
#include <stdio.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_list, .init = docker_set_up, .fini = docker_take_down);

#define LABELS                                                                                               \
	"\"berth.app\": \"app\", \"berth.component\": \"Web\", \"berth.instance\": \"2\", \"berth.spec\": "  \
	"\"aa\", \"berth.links\": \"11\", \"berth.type\": \"docker:busybox:1\", \"berth.ports\": \"80/tcp "  \
	"53/udp\""

static const char containers[] =
    "[{\"Id\": \"c1\", \"Names\": [\"/other/alias\", \"/app.Web.2\"], \"ImageID\": \"sha256:1\", "
    "\"Created\": 1000, "
    "\"State\": \"running\", \"Status\": \"Up 2 minutes\", \"Labels\": {" LABELS "}, \"Ports\": ["
    "{\"IP\": \"127.0.0.1\", \"PrivatePort\": 53, \"PublicPort\": 5353, \"Type\": \"udp\"},"
    "{\"IP\": \"::\", \"PrivatePort\": 80, \"PublicPort\": 8080, \"Type\": \"tcp\"},"
    "{\"IP\": \"0.0.0.0\", \"PrivatePort\": 80, \"PublicPort\": 8080, \"Type\": \"tcp\"},"
    "{\"PrivatePort\": 99, \"Type\": \"tcp\"}],"
    "\"NetworkSettings\": {\"Networks\": {\"berth.app\": {\"IPAddress\": \"10.213.0.5\", \"IPAMConfig\": "
    "{\"IPv4Address\": \"10.213.0.5\"}}}}}]";

static void script(const char *listed)
{
	REPLY("GET /containers/json", 200, listed);
	REPLY("GET /networks", 200, "[{\"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY(
	    "GET /volumes", 200,
	    "{\"Volumes\": [{\"Name\": \"app.data\", \"Labels\": {\"berth.app\": \"app\", \"berth.volume\": "
	    "\"data\"}}, {\"Name\": \"berth.claim.app\", \"Labels\": {\"berth.app\": \"app\", "
	    "\"berth.claim\": "
	    "\"id1\", \"berth.owner\": \"me@here\"}}]}");
	REPLY(
	    "GET /images/json", 200,
	    "[{\"Id\": \"sha256:1\", \"RepoTags\": [\"busybox:1\"], \"RepoDigests\": [\"redis@sha256:d\"]}, "
	    "{\"Id\": \"sha256:2\", \"RepoTags\": [\"busybox:latest\"]}]");
}

static struct inventory list(const char *const *images)
{
	const struct list_request request = {.app = "app", .images = images};
	struct inventory inventory = {0};

	MUST(list, &request, &inventory);
	return inventory;
}

Test(docker_list, one_request_per_kind)
{
	static const char *const images[] = {"busybox:1", NULL};

	script("[]");
	struct inventory inventory = list(images);
	cr_assert(docker_asked_count == 5, "%zu requests", docker_asked_count); /* with the ping */
	inventory_release(&inventory);
	docker_forget();
	inventory = list(NULL);
	cr_assert(docker_asked_count == 3, "%zu requests", docker_asked_count);
	inventory_release(&inventory);
}

Test(docker_list, version_is_negotiated_once)
{
	script("[]");
	struct inventory inventory = list(NULL);
	inventory_release(&inventory);
	cr_assert_str_eq(docker_request("GET /networks", 0)->api, "1.41");
	inventory = list(NULL);
	inventory_release(&inventory);
	cr_assert(docker_requests("GET /_ping") == 1);
}

Test(docker_list, container_is_told_in_full)
{
	script(containers);
	struct inventory inventory = list(NULL);
	cr_assert(inventory.instance_count == 1 && inventory.prepared);
	const struct observed *seen = inventory.instances;
	cr_assert_str_eq(seen->app, "app");
	cr_assert_str_eq(seen->component, "Web");
	cr_assert_str_eq(seen->name, "app.Web.2");
	cr_assert_str_eq(seen->type, "docker:busybox:1");
	cr_assert_str_eq(seen->image_id, "sha256:1");
	cr_assert_str_eq(seen->secret_salt, "");
	cr_assert(seen->ordinal == 2 && seen->state == SEEN_RUNNING && !seen->exits_known);
	cr_assert(seen->created_ms == 1000000 && seen->exit_code == -1 && seen->shared_name_held);
	cr_assert(seen->attachment_count == 3, "%zu attachments", seen->attachment_count);
	const struct attachment *at = seen->attachments;
	cr_assert_str_eq(at[0].network, "docker:unix:///engine.sock/app");
	cr_assert_str_eq(at[0].name, "app.web");
	cr_assert_str_eq(at[0].address, "10.213.0.5");
	cr_assert(at[0].port_count == 2 && at[0].ports[1].port == 53 && at[0].ports[1].protocol == UDP);
	cr_assert(starts_with(at[1].network, "host:"), "%s", at[1].network);
	cr_assert(at[1].ports[0].number == 5353);
	cr_assert_str_eq(at[2].network, "");
	cr_assert_str_eq(at[2].address, "192.0.2.2");
	cr_assert(at[2].port_count == 1 && at[2].ports[0].number == 8080);
	inventory_release(&inventory);
}

Test(docker_list, published_port_is_known_as_taken)
{
	script(containers);
	struct inventory inventory = list(NULL);
	inventory_release(&inventory);
	cr_assert_not(docker_driver.port_free(&docker_location, "192.0.2.2", 8080, TCP));
	cr_assert(docker_driver.port_free(&docker_location, "192.0.2.2", 8080, UDP));
	REPLY("GET /containers/json", 200, "[]");
	inventory = list(NULL);
	inventory_release(&inventory);
	cr_assert(docker_driver.port_free(&docker_location, "192.0.2.2", 8080, TCP));
}

Test(docker_list, states_and_exit_codes)
{
	static const struct {
		const char *state, *status;
		enum observed_state wanted;
		int code;
	} rows[] = {
	    {"created", "Created", SEEN_CREATED, -1},
	    {"exited", "Exited (137) 3 hours ago", SEEN_STOPPED, 137},
	    {"restarting", "Restarting (2) 1 second ago", SEEN_RESTARTING, 2},
	    {"dead", "Dead", SEEN_BROKEN, -1},
	    {"removing", "Removal In Progress", SEEN_BROKEN, -1},
	    {"paused", "Up 3 hours (Paused)", SEEN_RUNNING, -1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char listed[1024];
		snprintf(
		    listed, sizeof(listed),
		    "[{\"Id\": \"c1\", \"Names\": [\"/app.Web.2\"], \"State\": \"%s\", \"Status\": \"%s\", "
		    "\"Labels\": {" LABELS "}}]",
		    rows[i].state, rows[i].status);
		script(listed);
		struct inventory inventory = list(NULL);
		cr_assert(inventory.instance_count == 1);
		cr_assert(inventory.instances[0].state == rows[i].wanted, "%s", rows[i].state);
		cr_assert(inventory.instances[0].exit_code == rows[i].code, "%s", rows[i].status);
		cr_assert(inventory.instances[0].paused == !strcmp(rows[i].state, "paused"));
		inventory_release(&inventory);
	}
}

Test(docker_list, generation_is_that_of_the_name)
{
	script("[{\"Id\": \"c1\", \"Names\": [\"/app.Web.2.g7\"], \"State\": \"exited\", \"Status\": "
	       "\"Exited (0) "
	       "now\", \"Labels\": {" LABELS ", \"berth.files\": \"ff\", \"berth.job\": \"yes\"}}]");
	struct inventory inventory = list(NULL);
	cr_assert(inventory.instance_count == 1 && !inventory.stranger_count);
	const struct observed *seen = inventory.instances;
	cr_assert(seen->generation == 7 && seen->ordinal == 2 && seen->job);
	cr_assert(seen->state == SEEN_STOPPED && seen->exit_code == 0 && !seen->limits_known);
	cr_assert_str_eq(seen->file_digest, "ff");
	inventory_release(&inventory);
}

#define TWO(endpoint)                                                                                        \
	"[{\"Id\": \"old\", \"Names\": [\"/app.Web.2\"], \"State\": \"running\", \"Labels\": {" LABELS "}, " \
	"\"NetworkSettings\": {\"Networks\": {\"berth.app\": {" endpoint "}}}}, "                            \
	"{\"Id\": \"young\", \"Names\": [\"/app.Web.2.g2\"], \"State\": \"running\", \"Labels\": {" LABELS   \
	"}, \"NetworkSettings\": {\"Networks\": {\"berth.app\": {" endpoint "}}}}, "                         \
	"{\"Id\": \"third\", \"Names\": [\"/app.Web.3\"], \"State\": \"running\", \"Labels\": "              \
	"{\"berth.app\": "                                                                                   \
	"\"app\", \"berth.component\": \"Web\", \"berth.instance\": \"3\"}}]"

#define INSPECTED(aliases)                                                                                   \
	"{\"Id\": \"x\", \"Name\": \"/x\", \"Config\": {\"Labels\": {" LABELS                                \
	"}}, \"NetworkSettings\": {\"Networks\": {\"berth.app\": {\"Aliases\": [" aliases "]}}}}"

/* Both have an address of their own choice: one serves, the other did. */
Test(docker_list, of_two_generations_each_is_asked_whether_it_serves)
{
	script(TWO("\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.5\"}"));
	REPLY("GET /containers/old/json", 200, INSPECTED("\"mine\""));
	REPLY("GET /containers/young/json", 200, INSPECTED("\"app.web\""));
	struct inventory inventory = list(NULL);
	cr_assert(inventory.instance_count == 3);
	cr_assert(!inventory.instances[0].shared_name_held && inventory.instances[1].shared_name_held);
	cr_assert(docker_requests("GET /containers/") == 3);
	inventory_release(&inventory);
	/* Gone meanwhile it is as it was listed; an answer that is none is unknown. */
	REPLY("GET /containers/old/json", 404, "{}");
	inventory = list(NULL);
	cr_assert(inventory.instances[0].shared_name_held && inventory.instances[1].shared_name_held);
	inventory_release(&inventory);
	const struct list_request request = {.app = "app"};
	REPLY("GET /containers/young/json", 200, "[]");
	MUST_FAIL(ERR_UNREACHABLE, list, &request, &inventory);
}

Test(docker_list, listing_tells_the_name_as_far_as_it_can)
{
	static const struct {
		const char *label, *endpoint;
		bool held;
	} rows[] = {
	    {"\"berth.shared\": \"start\"", "\"IPAddress\": \"10.213.0.5\"", true},
	    {"\"berth.shared\": \"start\"", "\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.5\"}", false},
	    {"\"berth.shared\": \"start\", \"berth.pinned\": \"yes\"",
	     "\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.5\"}", true},
	    {"\"berth.pinned\": \"yes\"", "\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.5\"}", false},
	    {"\"x\": \"y\"", "\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.5\"}", true},
	    {"\"x\": \"y\"", "\"IPAddress\": \"10.213.0.5\"", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char listed[1024];
		snprintf(listed, sizeof(listed),
			 "[{\"Id\": \"c1\", \"Names\": [\"/app.Web.2\"], \"State\": \"running\", \"Labels\": "
			 "{" LABELS ", %s}, \"NetworkSettings\": {\"Networks\": {\"berth.app\": {%s}}}}]",
			 rows[i].label, rows[i].endpoint);
		script(listed);
		struct inventory inventory = list(NULL);
		cr_assert(inventory.instances[0].shared_name_held == rows[i].held, "row %zu", i);
		bool pinned = strstr(rows[i].label, "pinned");
		const char *address = inventory.instances[0].attachments[0].address;
		cr_assert(!address == (!pinned && strstr(rows[i].endpoint, "IPAMConfig")), "row %zu", i);
		inventory_release(&inventory);
	}
}

/* A deploy's helper is neither an instance nor a stranger, its lease no data. */
Test(docker_list, other_objects_are_told_when_all_applications_are)
{
	const struct list_request all = {.app = NULL};
	struct inventory inventory = {0};

	script("[{\"Id\": \"h\", \"Names\": [\"/berth.probe.app\"], \"State\": \"running\", \"Labels\": "
	       "{\"berth.app\": \"app\", \"berth.helper\": \"probe\"}}]");
	REPLY(
	    "GET /volumes", 200,
	    "{\"Volumes\": [{\"Name\": \"app.data\", \"Labels\": {\"berth.app\": \"app\", \"berth.volume\": "
	    "\"data\"}}, {\"Name\": \"berth.lease.app.7\", \"Labels\": {\"berth.app\": \"app\", "
	    "\"berth.lease\": \"t\", \"berth.lease.ttl\": \"1000\"}}]}");
	MUST(list, &all, &inventory);
	cr_assert(!inventory.instance_count && !inventory.stranger_count && inventory.volume_count == 1);
	cr_assert(inventory.object_count == 3, "%zu objects", inventory.object_count);
	static const char *const wanted[][2] = {
	    {"helper", "berth.probe.app"}, {"network", "berth.app"}, {"lease", "berth.lease.app.7"}};
	for (size_t i = 0; i < 3; i++) {
		cr_assert_str_eq(inventory.objects[i].app, "app");
		cr_assert_str_eq(inventory.objects[i].kind, wanted[i][0]);
		cr_assert_str_eq(inventory.objects[i].name, wanted[i][1]);
	}
	cr_assert(docker_asked_count == 4, "%zu requests", docker_asked_count);
	inventory_release(&inventory);
	inventory = list(NULL);
	cr_assert(!inventory.object_count && !inventory.instance_count && !inventory.stranger_count);
	inventory_release(&inventory);
}

Test(docker_list, images_by_tag_and_by_digest)
{
	static const char *const images[] = {"busybox:1", "redis:3@sha256:d", "redis@sha256:d",
					     "nowhere:1", "busybox",          NULL};

	script("[]");
	struct inventory inventory = list(images);
	cr_assert(inventory.image_count == 5);
	cr_assert_str_eq(inventory.images[0].id, "sha256:1");
	cr_assert_str_eq(inventory.images[1].reference, "redis:3@sha256:d");
	cr_assert_str_eq(inventory.images[1].id, "sha256:1");
	cr_assert_str_eq(inventory.images[2].id, "sha256:1");
	cr_assert_null(inventory.images[3].id);
	cr_assert_str_eq(inventory.images[4].id, "sha256:2");
	inventory_release(&inventory);
}

Test(docker_list, volumes_and_claims_are_told_apart)
{
	script("[]");
	struct inventory inventory = list(NULL);
	cr_assert(inventory.volume_count == 1 && inventory.claim_count == 1);
	cr_assert_str_eq(inventory.volumes[0].name, "data");
	cr_assert_str_eq(inventory.volumes[0].target_name, "app.data");
	cr_assert_str_eq(inventory.claims[0].owner_words, "me@here");
	inventory_release(&inventory);
}

static void list_fails(enum code code)
{
	const struct list_request request = {.app = "app"};
	struct inventory inventory = {0};

	MUST_FAIL(code, list, &request, &inventory);
	cr_assert_null(inventory.instances);
}

Test(docker_list, unanswered_read_names_the_call)
{
	script("[]");
	REPLY("GET /networks", 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	list_fails(ERR_TIMED_OUT);
	SAYS("GET /networks unanswered for 10 s");
}

Test(docker_list, engine_speaks_for_itself)
{
	script("[]");
	REPLY("GET /volumes", 500, "{\"message\": \"disk \\u001b[31m full\"}");
	list_fails(ERR_UNREACHABLE);
	SAYS("GET /volumes");
	SAYS("disk \\x1b[31m full");
}

Test(docker_list, nonsense_is_no_listing)
{
	script("<html>");
	list_fails(ERR_UNREACHABLE);
	SAYS("GET /containers/json answered something that is no JSON (HTTP 200)");
	HELPS("docker ps");
	script("[]");
	REPLY("GET /containers/json", 502, "<html>\x01");
	list_fails(ERR_UNREACHABLE);
	SAYS("the answer was no JSON (HTTP 502)");
	REPLY("GET /containers/json", 400, "<html>");
	list_fails(ERR_INVALID);
}

Test(docker_list, socket_without_rights_tells_the_remedy)
{
	REPLY("GET /_ping", 0, NULL, .error = ERR_DENIED);
	list_fails(ERR_DENIED);
	HELPS("usermod");
}

Test(docker_list, look_tells_exits_and_the_last_code)
{
	struct arena arena = {0};
	struct observed seen = {0};

	REPLY("GET /containers/app.web.1/json", 200, docker_container('a', "exited"));
	MUST(look, "app", "app.web.1", &arena, &seen);
	cr_assert(seen.exits == 3 && seen.exits_known && seen.exit_code == 3 && seen.state == SEEN_STOPPED);
	cr_assert(seen.started_ms - seen.created_ms == 500);
	cr_assert_str_eq(seen.target_id, "c1d2");
	REPLY("GET /containers/app.web.1/json", 200, docker_container('a', "running"));
	MUST(look, "app", "app.web.1", &arena, &seen);
	cr_assert(seen.exits == 2 && seen.state == SEEN_RUNNING);
	arena_release(&arena);
}

Test(docker_list, stranger_met_is_told_by_the_next_listing)
{
	struct arena arena = {0};
	struct observed seen = {0};

	script("[]");
	REPLY("GET /containers/app.web.1/json", 200, docker_container(0, "running"));
	MUST_FAIL(ERR_CONFLICT, look, "app", "app.web.1", &arena, &seen);
	HELPS("docker rm");
	struct inventory inventory = list(NULL);
	cr_assert(inventory.stranger_count == 1);
	cr_assert_str_eq(inventory.strangers[0].name, "app.web.1");
	inventory_release(&inventory);
	arena_release(&arena);
}

Test(docker_list, connect_tells_the_facts)
{
	struct location_facts facts = {0};

	REPLY("GET /version", 200, "{\"Version\": \"20.10.24\"}");
	REPLY("GET /info", 200,
	      "{\"NCPU\": 2, \"MemTotal\": 25232932864, \"KernelVersion\": \"6.1\", \"Containers\": 4}");
	MUST(connect, &facts);
	cr_assert_str_eq(facts.version, "Docker Engine 20.10.24, API 1.41");
	cr_assert_str_eq(facts.details, "2 CPUs, 23.5 GiB, Linux 6.1, 4 containers");
	cr_assert_str_eq(facts.endpoint, "unix:///engine.sock");
}

Test(docker_list, times_of_other_zones_are_the_same)
{
	cr_assert(time_of("2026-11-21T11:44:52Z") == 1795261492000);
	cr_assert(time_of("2026-11-21T11:44:52.25Z") == 1795261492250);
	cr_assert(time_of("2026-11-21T13:44:52+02:00") == 1795261492000);
	cr_assert(time_of("2026-11-21T06:14:52.500-05:30") == 1795261492500);
	cr_assert(time_of("0001-01-01T00:00:00Z") == 0 && time_of("x") == 0 && time_of(NULL) == 0);
	cr_assert(date_of("Sat, 21 Nov 2026 11:44:52 GMT") == 1795261492000);
	cr_assert(date_of("Sat, 21 Xyz 2026 11:44:52 GMT") == 0 && date_of("") == 0);
}

static char heard[256];

static void hear(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	(void)owner;
	snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s ", name ? name : "all");
}

static bool heard_both(void *owner)
{
	(void)owner;
	return strstr(heard, "app.Web.2 ") && strstr(heard, "app.Web.2.g2 ");
}

Test(docker_list, renamed_one_is_told_by_both_names)
{
	REPLY("GET /events", 200,
	      "{\"Action\": \"rename\", \"Actor\": {\"Attributes\": {\"name\": \"app.Web.2\", \"oldName\": "
	      "\"/app.Web.2.g2\"}}}\n");
	cr_assert(docker_driver.watch(&docker_location, "app", hear, NULL, &docker_error) == 0);
	cr_assert(virtual_world_run(docker_world, heard_both, NULL, 60000), "%s", heard);
	docker_driver.unwatch(&docker_location, "app");
}

Test(docker_version, oldest_and_newest)
{
	struct docker docker = {.location = &(struct location){.name = "here"}, .endpoint = {.shown = "x"}};
	struct error err = {0};

	cr_assert(version_read(&docker, &(struct pong){200, "api-version: 1.51\r\n", ""}, &err) == 0);
	cr_assert_str_eq(docker.api, "1.44");
	cr_assert(version_read(&docker, &(struct pong){200, "Api-Version: 1.40\r\n", ""}, &err) == 0);
	cr_assert_str_eq(docker.api, "1.40");
	cr_assert(version_read(&docker, &(struct pong){200, "Api-Version: 1.39\r\n", ""}, &err) == -1);
	cr_assert(err.code == ERR_UNSUPPORTED && err.remedy[0]);
	cr_assert(version_read(&docker, &(struct pong){200, "Server: nginx\r\n", ""}, &err) == -1);
	cr_assert(err.code == ERR_UNREACHABLE);
}
