/* test_openstack_answers.c - what a real OpenStack said, as the client reads it, and what others might. */
#include <string.h>

#include "locations/openstack/network.h"
#include "tests/locations/openstack_bench.h"

static struct arena room;

static void end(void)
{
	arena_release(&room);
	openstack_bench_end();
}

TestSuite(openstack_answers, .init = openstack_bench_begin, .fini = end, .timeout = 60);

static struct error err;

Test(openstack_answers, a_token_tells_whose_it_is_and_where_the_services_are)
{
	struct openstack_token token;

	cr_assert_eq(
	    openstack_token_read(openstack_recorded_body("06-auth-password-scoped"), &room, &token, &err), 0,
	    "%s", err.text);
	cr_expect_str_eq(token.user, "demo");
	cr_expect_str_eq(token.project, "demo");
	cr_expect_eq(token.expires_ms, 1795225841000);
	cr_expect_eq(token.endpoint_count, 15);
	cr_expect_str_eq(openstack_endpoint(&token, &room, "identity", "public", NULL),
			 "http://127.0.0.1:5000/v3");
	cr_expect_str_eq(openstack_endpoint(&token, &room, "compute", "internal", "RegionOne"),
			 "http://127.0.0.1:8774/v2.1");
	cr_expect_null(openstack_endpoint(&token, &room, "compute", "public", "RegionTwo"));
	cr_expect_null(openstack_endpoint(&token, &room, "volumev3", "public", NULL));
	cr_expect_str_eq(openstack_services(&token, &room)[4], "image");
	cr_expect_null(openstack_services(&token, &room)[5]);
}

#define USER "{\"token\":{\"user\":{\"id\":\"1\",\"name\":\"u\"},"

Test(openstack_answers, what_is_no_token_is_refused)
{
	static const char *const wrong[] = {
	    "{}",
	    "{\"token\":[]}",
	    "{\"token\":{}}",
	    "{\"token\":{\"user\":{\"id\":1,\"name\":\"u\"}}}",
	    USER "\"catalog\":{}}}",
	    USER "\"catalog\":[{\"endpoints\":[]}]}}",
	    USER "\"catalog\":[{\"type\":\"x\",\"endpoints\":[{}]}]}}",
	};
	struct openstack_token token;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		owned_json json = json_loads(wrong[i], 0, NULL);
		cr_expect_eq(openstack_token_read(json, &room, &token, &err), -1, "%s", wrong[i]);
		cr_expect_eq(err.code, ERR_UNREACHABLE);
	}
}

Test(openstack_answers, a_version_is_agreed_on)
{
	struct openstack_microversions nova;

	cr_assert_eq(openstack_microversions_read(openstack_recorded_body("12-nova-v21"), &nova, &err), 0);
	cr_expect(nova.low == 1 && nova.high == 93);
	cr_expect_eq(openstack_microversion(&nova, 1, 93), 93);
	cr_expect_eq(openstack_microversion(&nova, 1, 52), 52);
	cr_expect_eq(openstack_microversion(&nova, 94, 99), -1, "it is too old");
	nova.low = 60;
	cr_expect_eq(openstack_microversion(&nova, 1, 52), -1, "it is too new");
	nova = (struct openstack_microversions){0};
	cr_expect_eq(openstack_microversion(&nova, 1, 93), -1, "it knows none");
}

Test(openstack_answers, limits_and_quotas)
{
	const struct openstack_quota *quotas;
	size_t count;

	cr_assert_eq(
	    openstack_limits_read(openstack_recorded_body("24-limits"), &room, &quotas, &count, &err), 0);
	cr_expect_eq(count, 5);
	cr_expect(!strcmp(quotas[2].name, "memory") && quotas[2].limit == 51200 && quotas[2].used == 0);
	cr_expect(!strcmp(quotas[3].name, "keypairs") && quotas[3].limit == 100 && quotas[3].used == -1);
	cr_assert_eq(openstack_network_quotas_read(openstack_recorded_body("26-neutron-quota"), &room,
						   &quotas, &count, &err),
		     0);
	cr_expect_eq(count, 4);
	cr_expect(!strcmp(quotas[1].name, "floatingIps") && quotas[1].limit == 50 && quotas[1].used == -1);
	owned_json details =
	    json_loads("{\"quota\":{\"port\":{\"limit\":-1,\"used\":3,\"reserved\":0}}}", 0, NULL);
	cr_assert_eq(openstack_network_quotas_read(details, &room, &quotas, &count, &err), 0);
	cr_expect(count == 1 && quotas[0].limit == -1 && quotas[0].used == 3);
}

Test(openstack_answers, images_flavors_and_networks)
{
	const struct openstack_image *images;
	const struct openstack_flavor *flavors;
	const struct openstack_network *networks;
	size_t count;

	cr_assert_eq(openstack_images_read(openstack_recorded_body("20-glance-image-by-name"), &room, &images,
					   &count, &err),
		     0);
	cr_expect(count == 1 && openstack_image_boots(&images[0]));
	cr_expect(images[0].min_memory_mib == 128 && images[0].created_ms == 1795222230000);
	cr_assert_eq(openstack_images_read(openstack_recorded_body("21-glance-image-none"), &room, &images,
					   &count, &err),
		     0);
	cr_expect_eq(count, 0);
	cr_assert_eq(openstack_flavors_read(openstack_recorded_body("23-flavors-detail"), &room, &flavors,
					    &count, &err),
		     0);
	cr_expect(count == 4 && flavors[0].memory_mib == 512 && flavors[0].cores == 2 &&
		  flavors[0].disk_gib == 1);
	cr_assert_eq(
	    openstack_networks_read(openstack_recorded_body("27-networks"), &room, &networks, &count, &err),
	    0);
	cr_expect(count == 2 && !networks[0].external && networks[1].external && networks[1].subnets == 1);
}

Test(openstack_answers, a_kernel_is_no_image_to_boot_from)
{
	owned_json page = json_loads(
	    "{\"images\":[{\"id\":\"k\",\"status\":\"active\",\"disk_format\":\"aki\"}]}", 0, NULL);
	const struct openstack_image *images;
	size_t count;

	cr_assert_eq(openstack_images_read(page, &room, &images, &count, &err), 0);
	cr_expect_not(openstack_image_boots(&images[0]));
}

/* It becomes part of a path, by which things are changed and removed. */
Test(openstack_answers, what_is_no_id_is_refused)
{
	static const char *const ids[] = {"", "..", "1/action", "1?x=1", "1#", "a b", "1\n2", "%2e%2e"};
	const struct openstack_server *servers;
	const struct openstack_group *groups;
	const struct openstack_floating *floating;
	size_t count;

	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		owned_json page =
		    json_pack("{s:[{s:s,s:s}], s:[{s:s,s:[]}], s:[{s:s,s:s}]}", "servers", "id", ids[i],
			      "status", "ACTIVE", "security_groups", "id", ids[i], "security_group_rules",
			      "floatingips", "id", ids[i], "floating_ip_address", "192.0.2.1");
		cr_expect_eq(openstack_servers_read(page, &room, &servers, &count, &err), -1, "%s", ids[i]);
		cr_expect_eq(openstack_groups_read(page, &room, &groups, &count, &err), -1, "%s", ids[i]);
		cr_expect_eq(openstack_floatings_read(page, &room, &floating, &count, &err), -1, "%s",
			     ids[i]);
		cr_expect_null(openstack_id(json_array_get(json_object_get(page, "servers"), 0)));
	}
}

/* A value of a server's metadata has 255 characters at most. */
Test(openstack_answers, a_host_key_that_is_too_long_to_be_kept_is_kept_by_its_fingerprint)
{
	static const char log[] =
	    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCax0bNDGSRkGtAeQua+3CGfnLspzvuqfUr/gIQbVx5"
	    "Eg/kMM+KKphfzm7l67O6H7f8HsBLl9SNICB47Rfy0NaWn+hA9r5PXdSJJbxzM+Ns5Nh9xg15XqLy8Hf/"
	    "SBRe8o6lrRQg27xSHwk36ZCL93DmQrPrpALIsnaCSWjjWS3FKjB7l1w6YFpK8l2M5AYvO8zBL3pwTmEu"
	    "gUgfvvEDSrU1Wrq5AUHiACnoIk1MQJgt9+FLc34IgRZSJUN5UuRne8NufDCFHJVFBuEQqVLVTF76aQjQ"
	    "rgvH4aAY0wKOrcxn2QIQEDPZq0n9D/xAP4Y7l7slnu0kAM/C2ZWAyeR7H1GV"
	    " root@vm\n";
	static const char both[] =
	    "ssh-rsa AAAAB3NzaC1yc2E= root@vm\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5 root@vm\n";

	cr_expect_str_eq(openstack_console_key(log, &room),
			 "SHA256:YpAiApPzE0fRsXm9chR9Il0fR6yHg7Clu85qJdvhR34");
	cr_expect_str_eq(openstack_console_key(both, &room), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5");
}

/* --- refusals ----------------------------------------------------------------------------------------------
 */

static void refusal_is(int status, const char *body, enum openstack_refusal_kind kind, const char *words)
{
	struct openstack_refusal refusal;

	cr_assert_eq(openstack_refusal_read(status, body, strlen(body), &room, &refusal), 0);
	cr_expect_eq(refusal.kind, kind, "%s: %d", words, refusal.kind);
	cr_expect_str_eq(refusal.words, words);
}

static void recorded_refusal_is(const char *name, enum openstack_refusal_kind kind, const char *words)
{
	owned_memory char *body = json_line(openstack_recorded_body(name));

	refusal_is((int)json_number(openstack_recorded(name), "status", 0), body, kind, words);
}

Test(openstack_answers, each_services_refusals_are_in_its_own_words)
{
	recorded_refusal_is("03-auth-bad-password", REFUSED_ASKER,
			    "The request you have made requires authentication.");
	recorded_refusal_is("13-nova-bad-token", REFUSED_ASKER,
			    "The request you have made requires authentication.");
	recorded_refusal_is("15-nova-bad-microversion", REFUSED_FOR_GOOD,
			    "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.93.");
	recorded_refusal_is("22-glance-image-404", REFUSED_AS_ABSENT,
			    "No image found with ID 00000000-0000-0000-0000-000000000000");
	recorded_refusal_is("29-keypair-duplicate", REFUSED_FOR_ANOTHER,
			    "Key pair 'k1795222242' already exists.");
	recorded_refusal_is(
	    "36-secgroup-rule-duplicate", REFUSED_FOR_ANOTHER,
	    "Security group rule already exists. Rule id is 7c4d27c2-0849-45b4-b60a-37e2c8c0ec2e.");
	recorded_refusal_is("37-server-bad-flavor", REFUSED_FOR_GOOD, "Flavor nope could not be found.");
	recorded_refusal_is("43-server-quota-exceeded", REFUSED_FOR_ROOM,
			    "Quota exceeded for instances: Requested 11, but already used 0 of 10 instances");
	recorded_refusal_is("69-sg-delete-in-use", REFUSED_FOR_ANOTHER,
			    "Security Group a10bf637-9942-4e51-b1ff-f5c61c9e29e1 in use.");
}

Test(openstack_answers, refusals_that_were_not_recorded)
{
	refusal_is(409,
		   "{\"NeutronError\":{\"type\":\"OverQuota\",\"message\":\"Quota exceeded for resources: "
		   "['port'].\"}}",
		   REFUSED_FOR_ROOM, "Quota exceeded for resources: ['port'].");
	refusal_is(503, "", REFUSED_FOR_NOW, "the service does not answer");
	refusal_is(502, "<html><head><title>502 Bad Gateway</title></head></html>", REFUSED_FOR_NOW,
		   "502 Bad Gateway");
	refusal_is(403, "{\"forbidden\":{\"code\":403,\"message\":\"Policy doesn't allow it\"}}",
		   REFUSED_ASKER, "Policy doesn't allow it");
	refusal_is(418, "[1]", REFUSED_FOR_GOOD, "it answered 418 without a word");
	refusal_is(400, "{\"badRequest\":{\"message\":\"a < b and\\n\\u001b[2J\"}}", REFUSED_FOR_GOOD,
		   "a < b and \\x1b[2J");
	cr_expect_eq(openstack_code(REFUSED_FOR_ROOM), ERR_CAPACITY);
	cr_expect_eq(openstack_code(REFUSED_FOR_NOW), ERR_UNREACHABLE);
	cr_expect_eq(openstack_code(REFUSED_ASKER), ERR_DENIED);
}
