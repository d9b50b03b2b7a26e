/* test_openstack.c - the simulated OpenStack beyond what was recorded: changes of a revision, tokens that
 * end, listings that are late, machines behind their host keys, floating IPs and security groups. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/ssh.h"
#include "simulation/machine.h"
#include "simulation/openstack/cloud.h"

static struct universe *universe;
static struct machine *machine;
static struct seat *seat;
static struct openstack_cloud *cloud;
static struct arena arena;

static void set_up(void)
{
	universe = universe_new(1);
	machine = machine_new(universe, "one", "192.0.2.7");
	seat = seat_new(universe, machine);
	cloud = openstack_cloud_new(universe);
	cr_assert(seat && cloud);
}

static void take_down(void)
{
	openstack_cloud_free(cloud);
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
	arena_release(&arena);
}

TestSuite(openstack, .init = set_up, .fini = take_down, .timeout = 60);

static void pass(int64_t ms)
{
	int64_t end = clock_now(universe_clock(universe)) + ms;

	while (clock_step(universe_clock(universe), end))
		;
}

/* --- by somebody of the project --------------------------------------------------------------------------
 */

static const char *id_of(const char *list, const char *name)
{
	owned_json rows = openstack_cloud_list(cloud, list);

	for (size_t i = 0; i < json_array_size(rows); i++)
		if (!strcmp(json_text(json_array_get(rows, i), "name"), name))
			return arena_text(&arena, json_text(json_array_get(rows, i), "id"));
	cr_assert_fail("no %s among %s", name, list);
	return NULL;
}

static const char *made(int status, json_t *const *answer, const char *of)
{
	cr_assert_eq(status / 100, 2, "%d", status);
	return arena_text(&arena, json_text(json_object_get(*answer, of), "id"));
}

static const char *make_server(const char *name, const char *network, const char *more)
{
	owned_json answer = NULL;
	owned_json flavors = NULL;

	openstack_cloud_ask(cloud, CLOUD_NOVA, "GET", "/v2.1/flavors/detail", NULL, &flavors);
	const char *flavor = json_text(json_array_get(json_object_get(flavors, "flavors"), 0), "id");
	const char *body = arena_format(
	    &arena,
	    "{\"server\":{\"name\":\"%s\",\"imageRef\":\"%s\",\"flavorRef\":\"%s\",\"networks\":[{%s}]%s}}",
	    name, id_of("images", "debian-tiny"), flavor, network, more);
	int status = openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/servers", body, &answer);
	return made(status, &answer, "server");
}

static const char *in(const char *network)
{
	return arena_format(&arena, "\"uuid\":\"%s\"", id_of("networks", network));
}

static const char *make_group(const char *name, const char *rules_port)
{
	owned_json answer = NULL;
	const char *id =
	    made(openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/security-groups",
				     arena_format(&arena, "{\"security_group\":{\"name\":\"%s\"}}", name),
				     &answer),
		 &answer, "security_group");

	cr_assert_eq(
	    openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/security-group-rules",
				arena_format(&arena,
					     "{\"security_group_rule\":{\"security_group_id\":\"%s\","
					     "\"protocol\":\"tcp\",\"port_range_min\":%s,"
					     "\"port_range_max\":%s}}",
					     id, rules_port, rules_port),
				NULL),
	    201);
	return id;
}

static const json_t *get(enum openstack_service service, const char *path, json_t **ret)
{
	cr_assert_eq(openstack_cloud_ask(cloud, service, "GET", path, NULL, ret), 200, "%s", path);
	return *ret;
}

/* --- by a program ----------------------------------------------------------------------------------------
 */

static struct {
	bool over;
	int status;
	struct error error;
	char token[140]; /* a header */
} heard;

static void answered(void *owner, struct http_answer *answer)
{
	static const char name[] = "X-Subject-Token: ";
	const char *given = strstr(text_view(&answer->headers), name);

	(void)owner;
	heard.over = true;
	heard.status = answer->status;
	heard.error = answer->error;
	if (given)
		snprintf(heard.token, sizeof(heard.token), "X-Auth-Token: %.*s",
			 (int)strcspn(given + strlen(name), "\r\n"), given + strlen(name));
}

static int ask(const char *method, const char *url, const char *header, const char *body)
{
	const char *const headers[] = {header, *heard.token ? heard.token : NULL, NULL};
	const struct http_request request = {
	    .method = method, .url = url, .headers = headers, .body = body, .body_size = strlen(body)};
	const struct http_sink sink = {.done = answered};
	struct error err;

	heard.over = false;
	cr_assert(seat_world(seat)->ops->http_send(seat_world(seat), &request, &sink, &err), "%s", err.text);
	pass(1000);
	cr_assert(heard.over);
	return heard.status;
}

static void logged_in(void *owner, struct ssh_answer *answer)
{
	(void)owner;
	heard.over = true;
	heard.error = answer->error;
}

/* What comes of a command on it: OK, or why not. */
static enum code try_ssh(const char *address, const char *host_key)
{
	const char *const keys[] = {host_key, NULL};
	const struct ssh_host host = {
	    .address = address, .user = "debian", .host_keys = host_key ? keys : NULL};
	const struct ssh_command command = {.command = "true", .timeout_ms = 5000};
	const struct ssh_sink sink = {.done = logged_in};
	struct error err;

	heard.over = false;
	heard.error = (struct error){0};
	cr_assert(seat_world(seat)->ops->ssh->exec(seat_world(seat), &host, &command, &sink, &err));
	pass(10000);
	cr_assert(heard.over);
	return heard.error.code;
}

/* --- what it does ----------------------------------------------------------------------------------------
 */

static int log_in(void)
{
	*heard.token = '\0';
	return ask(
	    "POST", "http://10.0.3.1:5000/v3/auth/tokens", "Accept: application/json",
	    "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"demo\","
	    "\"domain\":{\"id\":\"default\"},\"password\":\"demopass\"}}}}}");
}

Test(openstack, a_change_of_another_revision_than_the_one_that_was_read_is_refused)
{
	static const char host[] = "http://10.0.3.1:9696";
	const char *path =
	    arena_format(&arena, "%s/v2.0/security-groups/%s", host, make_group("berth.shop", "22"));
	static const char body[] = "{\"security_group\":{\"description\":\"mine\"}}";
	owned_json group = NULL;

	get(CLOUD_NEUTRON, path + strlen(host), &group);
	cr_expect_eq(json_number(json_object_get(group, "security_group"), "revision_number", 0), 2,
		     "a rule changes its group");
	cr_expect_eq(ask("PUT", path, "If-Match: revision_number=2", body), 401,
		     "who shows nothing is nobody");
	cr_assert_eq(log_in(), 201);
	cr_expect_eq(ask("PUT", path, "If-Match: revision_number=1", body), 412);
	cr_expect_eq(ask("PUT", path, "If-Match: revision_number=2", body), 200);
	cr_expect_eq(ask("PUT", path, "If-Match: revision_number=2", body), 412, "somebody was first");
}

Test(openstack, tokens_end_and_what_is_revoked_is_known_for_a_while)
{
	static const char servers[] = "http://10.0.3.1:8774/v2.1/servers";
	const char *revoke = NULL;

	cr_assert_eq(log_in(), 201);
	cr_expect_eq(ask("GET", servers, "Accept: */*", ""), 200);
	revoke = arena_format(&arena, "X-Subject-Token: %s", heard.token + strlen("X-Auth-Token: "));
	cr_expect_eq(ask("DELETE", "http://10.0.3.1:5000/v3/auth/tokens", revoke, ""), 204);
	cr_expect_eq(ask("GET", servers, "Accept: */*", ""), 200, "Nova has seen it");
	cr_expect_eq(ask("GET", "http://10.0.3.1:9696/v2.0/ports", "Accept: */*", ""), 401,
		     "Neutron has not");
	pass(301000);
	cr_expect_eq(ask("GET", servers, "Accept: */*", ""), 401);
	openstack_cloud_token_life(cloud, 5000);
	cr_assert_eq(log_in(), 201);
	pass(5000);
	cr_expect_eq(ask("GET", servers, "Accept: */*", ""), 401);
}

Test(openstack, a_server_is_up_before_its_sshd_answers_and_its_console_tells_the_key)
{
	const char *group = make_group("open", "22");
	const char *id = make_server("web", in("public"),
				     arena_format(&arena, ",\"security_groups\":[{\"name\":\"%s\"}]", group));
	const char *action = arena_format(&arena, "/v2.1/servers/%s/action", id);
	owned_json console = NULL;

	cr_expect_eq(
	    openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", action, "{\"os-getConsoleOutput\":{}}", NULL),
	    409);
	pass(8000);
	cr_expect_null(openstack_cloud_machine(cloud, "web"));
	cr_expect_eq(try_ssh("10.88.0.100", NULL), ERR_UNREACHABLE);
	pass(20000);
	cr_assert(openstack_cloud_machine(cloud, "web"));
	cr_assert_eq(
	    openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", action, "{\"os-getConsoleOutput\":{}}", &console),
	    200);
	const char *key = strstr(json_text(console, "output"), "ssh-ed25519 ");
	cr_assert(key);
	key = arena_copy(&arena, key, strcspn(key, "\n"));
	cr_expect_eq(try_ssh("10.88.0.100", key), OK, "%s", heard.error.text);
	openstack_cloud_another_key(cloud, "web");
	cr_expect_eq(try_ssh("10.88.0.100", key), ERR_DENIED, "%s", heard.error.text);
}

Test(openstack, a_private_server_is_reached_by_its_floating_ip_alone_and_as_its_groups_say)
{
	owned_json ports = NULL;
	owned_json answer = NULL;
	const char *id = make_server("db", in("private"), "");

	pass(30000);
	get(CLOUD_NEUTRON, arena_format(&arena, "/v2.0/ports?device_id=%s", id), &ports);
	const char *port = json_text(json_array_get(json_object_get(ports, "ports"), 0), "id");
	cr_assert(port);
	cr_assert_eq(
	    openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/floatingips",
				arena_format(&arena,
					     "{\"floatingip\":{\"floating_network_id\":\"%s\",\"port_id\":"
					     "\"%s\"}}",
					     id_of("networks", "public"), port),
				&answer),
	    201);
	const char *address = json_text(json_object_get(answer, "floatingip"), "floating_ip_address");
	cr_expect_neq(try_ssh("10.77.0.100", NULL), OK, "nobody outside knows the way");
	cr_expect_neq(try_ssh(address, NULL), OK, "its group lets in nobody");
	const char *group = make_group("ssh", "22");
	cr_assert_eq(openstack_cloud_ask(
			 cloud, CLOUD_NEUTRON, "PUT", arena_format(&arena, "/v2.0/ports/%s", port),
			 arena_format(&arena, "{\"port\":{\"security_groups\":[\"%s\"]}}", group), NULL),
		     200);
	cr_expect_eq(try_ssh(address, NULL), OK, "%s", heard.error.text);
	cr_expect(openstack_cloud_lets_in(cloud, "192.0.2.7", "db", 22));
	cr_expect_not(openstack_cloud_lets_in(cloud, "192.0.2.7", "db", 6379));
}

Test(openstack, names_are_not_unique_and_a_late_listing_does_not_know_the_newest)
{
	owned_json early = NULL;
	owned_json later = NULL;

	openstack_cloud_lag(cloud, 5000);
	make_server("web", in("public"), "");
	make_server("web", in("public"), "");
	cr_expect_eq(
	    json_array_size(json_object_get(get(CLOUD_NOVA, "/v2.1/servers?name=^web$", &early), "servers")),
	    0);
	pass(6000);
	cr_expect_eq(
	    json_array_size(json_object_get(get(CLOUD_NOVA, "/v2.1/servers?name=^web$", &later), "servers")),
	    2);
}

Test(openstack, what_fails_says_why_and_only_404_means_gone)
{
	owned_json told = NULL;
	const char *path;

	openstack_cloud_full(cloud, true);
	path = arena_format(&arena, "/v2.1/servers/%s", make_server("web", in("public"), ""));
	pass(3000);
	cr_expect_str_eq(json_text(json_at(get(CLOUD_NOVA, path, &told), "server.fault"), "message"),
			 "No valid host was found. ");
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "DELETE", path, NULL, NULL), 204);
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "GET", path, NULL, NULL), 200);
	pass(10000);
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "GET", path, NULL, NULL), 404);
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "DELETE", path, NULL, NULL), 404);
}

Test(openstack, ports_that_were_there_before_outlive_their_server_and_its_own_do_not)
{
	owned_json answer = NULL;
	owned_json left = NULL;
	const char *port = made(
	    openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/ports",
				arena_format(&arena, "{\"port\":{\"name\":\"kept\",\"network_id\":\"%s\"}}",
					     id_of("networks", "public")),
				&answer),
	    &answer, "port");
	const char *id = make_server("web", arena_format(&arena, "\"port\":\"%s\"", port), "");

	make_server("other", in("public"), "");
	pass(10000);
	openstack_cloud_ask(cloud, CLOUD_NOVA, "DELETE", arena_format(&arena, "/v2.1/servers/%s", id), NULL,
			    NULL);
	openstack_cloud_lose(cloud, "other");
	pass(10000);
	left = openstack_cloud_list(cloud, "ports");
	cr_assert_eq(json_array_size(left), 1);
	cr_expect_str_eq(json_text(json_array_get(left, 0), "name"), "kept");
	cr_expect_str_eq(json_text(json_array_get(left, 0), "device_id"), "");
}

Test(openstack, quotas_are_kept)
{
	openstack_cloud_quota(cloud, "security_group", 1);
	openstack_cloud_quota(cloud, "instances", 0);
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/security-groups",
					 "{\"security_group\":{\"name\":\"x\"}}", NULL),
		     409);
	owned_json flavors = NULL;
	get(CLOUD_NOVA, "/v2.1/flavors/detail", &flavors);
	cr_expect_eq(
	    openstack_cloud_ask(
		cloud, CLOUD_NOVA, "POST", "/v2.1/servers",
		arena_format(
		    &arena,
		    "{\"server\":{\"name\":\"x\",\"imageRef\":\"%s\",\"flavorRef\":\"%s\",\"networks\":[]}}",
		    id_of("images", "debian-tiny"),
		    json_text(json_array_get(json_object_get(flavors, "flavors"), 0), "id")),
		NULL),
	    403);
}

/* As Nova's own schema does, for the version that is spoken: 2.93 here. */
Test(openstack, what_no_server_has_is_refused)
{
	static const char *const strange[] = {
	    "\"zone\":\"z\",\"networks\":\"auto\"}}",
	    "\"personality\":[],\"networks\":\"auto\"}}", /* up to 2.56 */
	    "\"networks\":[{\"id\":\"n\"}]}}",
	    "\"networks\":\"auto\",\"block_device_mapping_v2\":[{\"size\":1}]}}",
	    "\"networks\":\"auto\"},\"hints\":{}}",
	};

	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		owned_json answer = NULL;
		const char *body =
		    arena_format(&arena, "{\"server\":{\"name\":\"a\",\"flavorRef\":\"f\",%s", strange[i]);
		cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/servers", body, &answer),
			     400);
		const char *words = json_text(json_object_get(answer, "badRequest"), "message");
		cr_expect(words && strstr(words, "Additional properties are not allowed"), "%s: %s", body,
			  words);
	}
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/os-server-groups",
					 "{\"server_group\":{\"name\":\"g\",\"policies\":[\"affinity\"]}}",
					 NULL),
		     400, "up to 2.63");
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/os-server-groups",
					 "{\"server_group\":{\"name\":\"g\",\"policy\":\"beside\"}}", NULL),
		     400);
	cr_expect_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/os-server-groups",
					 "{\"server_group\":{\"name\":\"g\",\"policy\":\"affinity\"}}", NULL),
		     200);
}

Test(openstack, the_same_seed_is_the_same_cloud)
{
	char first[64];

	snprintf(first, sizeof(first), "%s", make_server("web", in("public"), ""));
	take_down();
	set_up();
	cr_expect_str_eq(make_server("web", in("public"), ""), first);
}
