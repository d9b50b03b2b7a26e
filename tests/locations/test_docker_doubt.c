/* test_docker_doubt.c - answers of the wrong shape are unknown, and what only resembles ours is left alone.
 */
#include <stdio.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_doubt, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_identity, .init = docker_set_up, .fini = docker_take_down);

#define LOOK    "GET /containers/app.web.1/json"
#define AGAIN   "GET /containers/c1d2/json"
#define NAMED   "GET /networks?filters="
#define OURS    "{\"Id\": \"n\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}"
#define LABELS  "\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": "
#define NETWORK "\"NetworkSettings\": {\"Networks\": {}}"

/* Entries, NULL-terminated. */
static const char *const no_lists[] = {
    "null", "{\"message\": \"x\"}", "[1]", "[null]", "7", "\"[]\"", "[{}, 1, {}]", NULL,
};

static struct inventory list(const char *app)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};

	MUST(list, &request, &inventory);
	return inventory;
}

static void lists(const char *containers)
{
	REPLY("GET /containers/json", 200, containers);
	REPLY("GET /networks", 200, "[]");
	REPLY("GET /volumes", 200, "{\"Volumes\": null}");
	REPLY("GET /images", 200, "[]");
}

Test(docker_doubt, listing_of_the_wrong_shape_is_unknown)
{
	static const char *const images[] = {"busybox:1", NULL};
	static const char *const kinds[] = {"GET /containers/json", "GET /networks", "GET /images/json"};
	const struct list_request request = {.app = "app", .images = images};
	struct inventory inventory = {0};
	char says[64];

	lists("[]");
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		for (size_t i = 0; no_lists[i]; i++) {
			REPLY(kinds[k], 200, no_lists[i], .times = 1);
			MUST_FAIL(ERR_UNREACHABLE, list, &request, &inventory);
			snprintf(says, sizeof(says), "%s answered something that is no list", kinds[k]);
			SAYS(says);
			docker_forget();
		}
	}
	MUST(list, &request, &inventory);
	inventory_release(&inventory);
}

Test(docker_doubt, volumes_of_the_wrong_shape_are_unknown)
{
	static const char *const wrong[] = {"null",
					    "[]",
					    "{}",
					    "{\"message\": \"x\"}",
					    "{\"Volumes\": {}}",
					    "{\"Volumes\": [null]}",
					    "{\"Volumes\": 1}"};
	const struct list_request request = {.app = "app"};
	struct inventory inventory = {0};

	lists("[]");
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		REPLY("GET /volumes", 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, list, &request, &inventory);
		SAYS("GET /volumes answered something that is no list");
		REPLY("GET /volumes", 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, release, "app", true);
	}
	cr_assert(!docker_requests("DELETE"));
}

Test(docker_doubt, networks_of_the_wrong_shape_are_neither_made_nor_released)
{
	const struct prepare_request request = {.app = "app", .instances = 1};

	for (size_t i = 0; no_lists[i]; i++) {
		REPLY(NAMED, 200, no_lists[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, prepare, &request);
		REPLY(NAMED, 200, "[]", .times = 1);
		REPLY("GET /networks", 200, no_lists[i], .times = 1);
		REPLY(NAMED, 200, "[]", .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, prepare, &request);
		REPLY(NAMED, 200, no_lists[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, release, "app", false);
		docker_forget();
	}
	cr_assert(!docker_requests("POST") && !docker_requests("DELETE"));
}

Test(docker_doubt, claim_of_the_wrong_shape_is_unknown)
{
	static const char *const wrong[] = {"null", "[]", "{}", "{\"message\": \"x\"}", "{\"Name\": 1}"};
	const struct owner me = {"id-me", "me@here", NULL};
	struct arena arena = {0};
	struct owner holder;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		REPLY("POST /volumes/create", 201, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, claim, "app", &me, true, &arena, &holder);
		REPLY("GET /volumes/berth.claim.app", 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, disclaim, "app");
	}
	cr_assert(!docker_requests("DELETE"));
	arena_release(&arena);
}

Test(docker_doubt, disclaiming_leaves_what_is_no_claim)
{
	REPLY(
	    "GET /volumes/berth.claim.app", 200,
	    "{\"Name\": \"berth.claim.app\", \"Labels\": {\"berth.app\": \"app\", \"berth.volume\": \"x\"}}");
	MUST_FAIL(ERR_CONFLICT, disclaim, "app");
	cr_assert(!docker_requests("DELETE"));
}

Test(docker_doubt, inspection_of_the_wrong_shape_is_unknown)
{
	static const char *const wrong[] = {"null",
					    "[]",
					    "{}",
					    "{\"message\": \"x\"}",
					    "{\"Id\": \"c1\", \"Name\": \"\"}",
					    "{\"Id\": \"c1\", \"Name\": \"/app.web.1\"}",
					    "{\"Id\": \"c1\", \"Name\": \"/app.web.1\", \"Config\": {}}",
					    "{\"Id\": \"c1",
					    ""};
	struct arena arena = {0};
	struct observed seen;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		REPLY(LOOK, 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, look, "app", "app.web.1", &arena, &seen);
		SAYS(LOOK);
		REPLY(LOOK, 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, stop, "app", "app.web.1");
		REPLY(LOOK, 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, remove, "app", "app.web.1");
	}
	cr_assert(!docker_requests("POST") && !docker_requests("DELETE"));
	arena_release(&arena);
}

Test(docker_doubt, server_s_failure_of_a_read_is_unknown)
{
	static const int statuses[] = {500, 502, 503, 504, 302};
	struct arena arena = {0};
	struct observed seen;

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		REPLY(LOOK, statuses[i], "<h1>\x1b[31mBad Gateway</h1>");
		MUST_FAIL(ERR_UNREACHABLE, look, "app", "app.web.1", &arena, &seen);
		SAYS(LOOK);
		SAYS("the answer was no JSON (HTTP ");
	}
	REPLY(LOOK, 404, "{}");
	MUST_FAIL(ERR_MISSING, look, "app", "app.web.1", &arena, &seen);
	arena_release(&arena);
}

Test(docker_doubt, first_ping_of_a_gateway_is_unknown)
{
	struct location_facts facts;

	REPLY("GET /_ping", 503, "<html>");
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	SAYS("GET /_ping");
}

/* --- what only resembles ours --- */

Test(docker_identity, labels_without_their_name_are_a_stranger)
{
	static const char *const rows[] = {
	    "{\"Id\": \"x\", \"Names\": [\"/renamed\"], \"Labels\": {" LABELS "\"1\"}}",
	    "{\"Id\": \"x\", \"Names\": [\"/app.web.2\"], \"Labels\": {" LABELS "\"1\"}}",
	    "{\"Id\": \"x\", \"Names\": [\"/app.web.0\"], \"Labels\": {" LABELS "\"0\"}}",
	    "{\"Id\": \"x\", \"Names\": [\"/app.web.1\"], \"Labels\": {" LABELS "\"01\"}}",
	    "{\"Id\": \"x\", \"Names\": [\"/app.web.1\"], \"Labels\": {\"berth.app\": \"app\"}}",
	    "{\"Id\": \"x\", \"Names\": [\"/app.web.1\"], \"Labels\": {\"berth.app\": \"app\", "
	    "\"berth.component\": \"../../x\", \"berth.instance\": \"1\"}}",
	    "{\"Id\": \"x\", \"Names\": null, \"Labels\": {" LABELS "\"1\"}}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char listed[512];
		snprintf(listed, sizeof(listed), "[%s]", rows[i]);
		lists(listed);
		struct inventory inventory = list(i % 2 ? "app" : NULL);
		cr_assert(!inventory.instance_count && inventory.stranger_count == 1, "row %zu", i);
		cr_assert(strstr(inventory.strangers[0].what,
				 "carries berth's labels but not its name: left alone"),
			  "%s", inventory.strangers[0].what);
		inventory_release(&inventory);
	}
}

Test(docker_identity, stranger_that_was_met_and_listed_is_told_once)
{
	static const char odd[] = "{\"Id\": \"x\", \"Name\": \"/app.web.1\", \"State\": {\"Running\": true}, "
				  "\"Config\": {\"Labels\": {" LABELS "\"2\"}}}";

	REPLY(LOOK, 200, odd);
	MUST_FAIL(ERR_CONFLICT, stop, "app", "app.web.1");
	MUST_FAIL(ERR_CONFLICT, remove, "app", "app.web.1");
	SAYS("carries berth's labels but not its name");
	MUST_FAIL(ERR_CONFLICT, start, &docker_web);
	cr_assert(!docker_requests("POST") && !docker_requests("DELETE"));
	lists("[{\"Id\": \"x\", \"Names\": [\"/app.web.1\"], \"Labels\": {" LABELS "\"2\"}}]");
	struct inventory inventory = list("app");
	cr_assert(inventory.stranger_count == 1 && !inventory.instance_count);
	cr_assert_str_eq(inventory.strangers[0].name, "app.web.1");
	inventory_release(&inventory);
}

Test(docker_identity, renamed_while_it_is_removed_is_not_gone)
{
	static const char renamed[] =
	    "{\"Id\": \"c1d2\", \"Name\": \"/elsewhere\", \"State\": {\"Running\": true}, "
	    "\"Config\": {\"Labels\": {" LABELS "\"1\"}}}";

	REPLY(LOOK, 404, "{}");
	REPLY(LOOK, 200, docker_container('a', "running"), .times = 1);
	REPLY("DELETE /containers/c1d2", 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(AGAIN, 200, renamed);
	MUST_FAIL(ERR_CONFLICT, remove, "app", "app.web.1");
	SAYS("`elsewhere`");
	cr_assert(docker_requests("DELETE") == 1);
}

Test(docker_identity, stop_that_was_lost_looks_at_the_same_container)
{
	static const char ended[] =
	    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"State\": {\"Running\": false}, "
	    "\"Config\": {\"Labels\": {" LABELS "\"1\"}}}";

	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY("POST /containers/c1d2/stop", 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(AGAIN, 200, ended);
	MUST(stop, "app", "app.web.1");
	cr_assert(docker_requests(LOOK) == 1 && docker_requests(AGAIN) == 1);
}

Test(docker_identity, gone_by_its_id_is_done)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY("POST /containers/c1d2/stop", 404, "{}");
	REPLY("DELETE /containers/c1d2", 404, "{}");
	MUST(stop, "app", "app.web.1");
	MUST(remove, "app", "app.web.1");
}

Test(docker_identity, hostile_id_and_name_stay_in_their_place_of_the_path)
{
	static const char odd[] =
	    "{\"Id\": \"../x?y\", \"Name\": \"/app.web.1\", \"State\": {\"Running\": true}, "
	    "\"Config\": {\"Labels\": {" LABELS "\"1\"}}, " NETWORK "}";
	struct arena arena = {0};
	struct observed seen;

	REPLY(LOOK, 200, odd);
	REPLY("POST /containers/..%2Fx%3Fy/stop", 204, NULL);
	MUST(stop, "app", "app.web.1");
	REPLY("GET /containers/a%2F..%3Fb/json", 404, "{}");
	MUST_FAIL(ERR_MISSING, look, "app", "a/..?b", &arena, &seen);
	arena_release(&arena);
}

/* --- networks --- */

Test(docker_identity, containers_join_the_oldest_network_by_its_id)
{
	const struct prepare_request request = {.app = "app", .instances = 1};
	const char *note;

	REPLY(NAMED, 200,
	      "[{\"Id\": \"young\", \"Name\": \"berth.app\", \"Created\": \"2026-02-01\", \"Labels\": "
	      "{\"berth.app\": \"app\"}}, {\"Id\": \"old\", \"Name\": \"berth.app\", \"Created\": "
	      "\"2026-01-01\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY("DELETE /networks/young", 404, "{}");
	REPLY("DELETE /networks/young", 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	REPLY("POST /containers/create", 201, "{\"Id\": \"c\"}");
	MUST(prepare, &request);
	cr_assert(docker_requests("DELETE") == 2);
	MUST(place, &docker_web, &note);
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests("GET /networks") == 1);
	const char *body = docker_request("POST /containers/create", 0)->body;
	cr_assert(strstr(body, "\"NetworkMode\":\"old\"") && strstr(body, "\"EndpointsConfig\":{\"old\":"),
		  "%s", body);
}

Test(docker_identity, network_not_known_is_asked_for_once)
{
	const char *note;

	REPLY("POST /containers/create", 201, "{\"Id\": \"c\"}");
	MUST(place, &docker_web, &note);
	MUST(place, &docker_web, &note);
	cr_assert(docker_requests("GET /networks") == 1);
	cr_assert(strstr(docker_request("POST /containers/create", 0)->body, "\"NetworkMode\":\"n0\""));
}

Test(docker_identity, absent_network_is_not_joined)
{
	const char *note;

	REPLY(NAMED, 200, "[]");
	MUST_FAIL(ERR_MISSING, place, &docker_web, &note);
	HELPS("deploy again");
	cr_assert(!docker_requests("POST"));
}

Test(docker_identity, network_twice_and_in_use_is_a_conflict)
{
	const struct prepare_request request = {.app = "app", .instances = 1};

	REPLY(NAMED, 200,
	      "[{\"Id\": \"young\", \"Name\": \"berth.app\", \"Created\": \"2026-02-01\", \"Labels\": "
	      "{\"berth.app\": \"app\"}}, {\"Id\": \"old\", \"Name\": \"berth.app\", \"Created\": "
	      "\"2026-01-01\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY("DELETE /networks/young", 403, "{\"message\": \"network berth.app has active endpoints\"}");
	MUST_FAIL(ERR_CONFLICT, prepare, &request);
	SAYS("twice");
	HELPS("docker network rm young");
	REPLY("DELETE /networks/young", 500, "{\"message\": \"boom\"}");
	MUST_FAIL(ERR_FAILED, prepare, &request);
	SAYS("boom");
}

Test(docker_identity, stranger_s_network_beside_ours_is_a_conflict)
{
	const struct prepare_request request = {.app = "app", .instances = 1};
	const char *note;

	REPLY(NAMED, 200, "[" OURS ", {\"Id\": \"s\", \"Name\": \"berth.app\", \"Labels\": null}]");
	MUST_FAIL(ERR_CONFLICT, prepare, &request);
	HELPS("docker network rm");
	MUST_FAIL(ERR_CONFLICT, place, &docker_web, &note);
	REPLY(NAMED, 200, "[" OURS ", {\"Id\": \"s\", \"Name\": \"berth.app2\", \"Labels\": null}]");
	MUST(prepare, &request);
	cr_assert(!docker_requests("POST") && !docker_requests("DELETE"));
}

Test(docker_identity, release_leaves_copies_of_our_labels)
{
	REPLY(NAMED, 200,
	      "[" OURS ", {\"Id\": \"copy\", \"Name\": \"copy\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY(
	    "GET /volumes", 200,
	    "{\"Volumes\": [{\"Name\": \"precious\", \"Labels\": {\"berth.app\": \"app\", \"berth.volume\": "
	    "\"data\"}}]}");
	REPLY("DELETE /networks/n", 204, NULL);
	MUST(release, "app", true);
	cr_assert(docker_requests("DELETE") == 1);
}
