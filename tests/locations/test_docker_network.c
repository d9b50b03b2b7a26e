/* test_docker_network.c - an application's network, its claim, and what goes when it is released. */
#include <stdio.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_network, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_claim, .init = docker_set_up, .fini = docker_take_down);

#define OURS   "GET /networks?filters="
#define ALL    "GET /networks"
#define CREATE "POST /networks/create"

static const struct prepare_request request = {.app = "app", .instances = 3};

static const char old_and_young[] = "[{\"Id\": \"young\", \"Name\": \"berth.app\", \"Created\": "
				    "\"2026-02-01\", \"Labels\": {\"berth.app\": \"app\"}},"
				    "{\"Id\": \"old\", \"Name\": \"berth.app\", \"Created\": \"2026-01-01\", "
				    "\"Labels\": {\"berth.app\": \"app\"}}]";

static const char *subnet_of(size_t n, char text[static 64])
{
	const struct asked *asked = docker_request(CREATE, n);
	const char *at = asked ? strstr(asked->body, "\"Subnet\":\"") : NULL;

	cr_assert(at && sscanf(at, "\"Subnet\":\"%63[^\"]", text) == 1);
	return text;
}

Test(docker_network, existing_one_is_enough)
{
	REPLY(OURS, 200, "[{\"Id\": \"n\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	MUST(prepare, &request);
	cr_assert(!docker_requests("POST"));
}

Test(docker_network, oldest_is_kept_and_the_younger_removed)
{
	REPLY(OURS, 200, old_and_young);
	REPLY("DELETE /networks/young", 204, NULL);
	MUST(prepare, &request);
	cr_assert(docker_requests("DELETE /networks/young") == 1 && !docker_requests("DELETE /networks/old"));
}

static void absent_at_first(void)
{
	REPLY(ALL, 200, "[]");
	REPLY(OURS, 200, "[{\"Id\": \"n\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY(OURS, 200, "[]", .times = 1);
}

Test(docker_network, made_on_a_subnet_of_the_pool)
{
	char text[64];
	struct subnet subnet;

	absent_at_first();
	REPLY(CREATE, 201, "{\"Id\": \"n\"}");
	MUST(prepare, &request);
	cr_assert(subnet_parse(subnet_of(0, text), &subnet) && subnet.prefix == 23, "%s", text);
	cr_assert(starts_with(text, "10.213."), "%s", text);
	cr_assert(strstr(docker_request(CREATE, 0)->body, "\"berth.app\":\"app\""));
	/* The engine gives from the lower half; the upper is for those that keep their address. */
	const char *at = strstr(docker_request(CREATE, 0)->body, "\"IPRange\":\"");
	struct subnet given;
	cr_assert(at && sscanf(at, "\"IPRange\":\"%63[^\"]", text) == 1 && subnet_parse(text, &given));
	cr_assert(given.network == subnet.network && given.prefix == 24, "%s", text);
}

Test(docker_network, more_instances_get_a_larger_subnet)
{
	const struct prepare_request many = {.app = "app", .instances = 600};
	struct subnet subnet;
	char text[64];

	absent_at_first();
	REPLY(CREATE, 201, "{\"Id\": \"n\"}");
	MUST(prepare, &many);
	cr_assert(subnet_parse(subnet_of(0, text), &subnet) && subnet.prefix == 20, "%s", text);
}

Test(docker_network, overlapping_pool_takes_the_next)
{
	char first[64], second[64];

	absent_at_first();
	REPLY(CREATE, 201, "{\"Id\": \"n\"}");
	REPLY(CREATE, 403, "{\"message\": \"Pool overlaps with other one on this address space\"}",
	      .times = 1);
	MUST(prepare, &request);
	cr_assert_str_neq(subnet_of(0, first), subnet_of(1, second));
}

Test(docker_network, exhausted_pool_tells_the_option)
{
	REPLY(ALL, 200, "[{\"Name\": \"x\", \"IPAM\": {\"Config\": [{\"Subnet\": \"10.213.0.0/16\"}]}}]");
	REPLY(OURS, 200, "[]");
	MUST_FAIL(ERR_FAILED, prepare, &request);
	HELPS("subnets");
}

Test(docker_network, lost_creation_is_looked_for)
{
	absent_at_first();
	REPLY(CREATE, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	MUST(prepare, &request);
	cr_assert(docker_requests(CREATE) == 1);
}

Test(docker_network, stranger_of_the_name_is_a_conflict)
{
	REPLY(ALL, 200, "[{\"Id\": \"s\", \"Name\": \"berth.app\", \"Labels\": {}}]");
	REPLY(OURS, 200, "[]");
	MUST_FAIL(ERR_CONFLICT, prepare, &request);
	HELPS("docker network rm");
}

static void something_left(void)
{
	REPLY(ALL, 200,
	      "[{\"Id\": \"n\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}},"
	      "{\"Id\": \"s\", \"Name\": \"s\", \"Labels\": {}}]");
	REPLY("GET /volumes", 200,
	      "{\"Volumes\": [{\"Name\": \"app.data\", \"Labels\": {\"berth.app\": \"app\", "
	      "\"berth.volume\": \"data\"}},"
	      "{\"Name\": \"berth.claim.app\", \"Labels\": {\"berth.app\": \"app\", \"berth.claim\": "
	      "\"x\"}}]}");
	REPLY("DELETE /networks/n", 204, NULL);
	REPLY("DELETE /volumes/app.data", 204, NULL);
}

Test(docker_network, release_keeps_volumes_unless_asked)
{
	something_left();
	MUST(release, "app", false);
	cr_assert(docker_requests("DELETE") == 1 && docker_requests("DELETE /networks/n") == 1);
	MUST(release, "app", true);
	cr_assert(docker_requests("DELETE") == 3 && docker_requests("DELETE /volumes/app.data") == 1);
}

/* The engine's clock says 11:44:52. */
Test(docker_network, release_leaves_a_lease_that_lives)
{
	something_left();
	REPLY("GET /volumes", 200,
	      "{\"Volumes\": [{\"Name\": \"berth.lease.app.1\", \"CreatedAt\": \"2026-11-21T11:43:50Z\", "
	      "\"Labels\": "
	      "{\"berth.app\": \"app\", \"berth.lease\": \"a\", \"berth.lease.ttl\": \"60000\"}}, "
	      "{\"Name\": \"berth.lease.app.2\", \"CreatedAt\": \"2026-11-21T13:43:53+02:00\", \"Labels\": "
	      "{\"berth.app\": \"app\", \"berth.lease\": \"b\", \"berth.lease.ttl\": \"60000\"}}, "
	      "{\"Name\": \"copy\", \"CreatedAt\": \"2026-01-01T00:00:00Z\", \"Labels\": "
	      "{\"berth.app\": \"app\", \"berth.lease\": \"b\", \"berth.lease.ttl\": \"1\"}}]}");
	REPLY("DELETE /volumes/berth.lease.app.1", 204, NULL);
	MUST(release, "app", true);
	cr_assert(docker_requests("DELETE") == 2 &&
		  docker_requests("DELETE /volumes/berth.lease.app.1") == 1);
}

Test(docker_network, held_network_is_waited_for_then_a_conflict)
{
	something_left();
	REPLY("DELETE /networks/n", 403, "{\"message\": \"network berth.app has active endpoints\"}",
	      .times = 2);
	MUST(release, "app", false);
	REPLY("DELETE /networks/n", 403, "{\"message\": \"network berth.app has active endpoints\"}");
	MUST_FAIL(ERR_CONFLICT, release, "app", false);
	SAYS("has active endpoints");
}

/* --- claims --- */

static const struct owner me = {"id-me", "me@here", NULL};

static struct owner claim(bool adopt, struct arena *arena)
{
	struct owner holder = {0};

	MUST(claim, "app", &me, adopt, arena, &holder);
	return holder;
}

#define HELD_BY(id)                                                                                          \
	"{\"Name\": \"berth.claim.app\", \"Labels\": {\"berth.app\": \"app\", \"berth.claim\": \"" id        \
	"\", \"berth.owner\": \"somebody@there\"}}"

Test(docker_claim, second_creation_tells_the_first_owner)
{
	struct arena arena = {0};

	REPLY("POST /volumes/create", 201, HELD_BY("id-other"));
	struct owner holder = claim(false, &arena);
	cr_assert_str_eq(holder.id, "id-other");
	cr_assert_str_eq(holder.words, "somebody@there");
	cr_assert(!docker_requests("DELETE"));
	arena_release(&arena);
}

Test(docker_claim, adoption_replaces_it)
{
	struct arena arena = {0};

	REPLY("POST /volumes/create", 201, HELD_BY("id-me"));
	REPLY("POST /volumes/create", 201, HELD_BY("id-other"), .times = 1);
	REPLY("DELETE /volumes/berth.claim.app", 204, NULL);
	cr_assert_str_eq(claim(true, &arena).id, "id-me");
	cr_assert(docker_requests("DELETE") == 1);
	arena_release(&arena);
}

Test(docker_claim, stranger_s_volume_is_a_conflict)
{
	struct arena arena = {0};
	struct owner holder;

	REPLY("POST /volumes/create", 201, "{\"Name\": \"berth.claim.app\", \"Labels\": null}");
	REPLY("GET /volumes/berth.claim.app", 200, "{\"Name\": \"berth.claim.app\", \"Labels\": null}");
	MUST_FAIL(ERR_CONFLICT, claim, "app", &me, true, &arena, &holder);
	REPLY("GET /volumes/berth.claim.app", 200, "{\"Name\": \"berth.claim.app\", \"Labels\": null}");
	MUST_FAIL(ERR_CONFLICT, disclaim, "app");
	cr_assert(!docker_requests("DELETE"));
	arena_release(&arena);
}

/* Docker 20.10 does so until somebody has looked at the volume. */
Test(docker_claim, an_engine_that_was_started_anew_leaves_its_labels_out_of_the_answer)
{
	struct arena arena = {0};

	REPLY("POST /volumes/create", 201, "{\"Name\": \"berth.claim.app\", \"Labels\": null}");
	REPLY("GET /volumes/berth.claim.app", 200, HELD_BY("id-me"));
	cr_assert_str_eq(claim(false, &arena).id, "id-me");
	cr_assert(!docker_requests("DELETE"));
	arena_release(&arena);
}

Test(docker_claim, one_that_goes_between_the_two_answers_is_made)
{
	struct arena arena = {0};

	REPLY("POST /volumes/create", 201, HELD_BY("id-me"));
	REPLY("POST /volumes/create", 201, "{\"Name\": \"berth.claim.app\", \"Labels\": null}", .times = 1);
	REPLY("GET /volumes/berth.claim.app", 404, "{\"message\": \"no such volume\"}");
	cr_assert_str_eq(claim(false, &arena).id, "id-me");
	arena_release(&arena);
}

Test(docker_claim, lost_answer_is_asked_again)
{
	struct arena arena = {0};

	REPLY("POST /volumes/create", 201, HELD_BY("id-me"));
	REPLY("POST /volumes/create", 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	cr_assert_str_eq(claim(false, &arena).id, "id-me");
	arena_release(&arena);
}
