/* test_openstack_choose.c - which image, flavor and network is taken, of those that a real OpenStack had and
 * of others; and what a check says of it. */
#include <string.h>

#include "locations/openstack/openstack.h"
#include "tests/locations/openstack_bench.h"

static struct arena room;
static struct location_facts facts;
static json_t *page;

static void end(void)
{
	json_decref(facts.about);
	json_decref(page);
	arena_release(&room);
	openstack_bench_end();
}

TestSuite(openstack_choose, .init = openstack_bench_begin, .fini = end, .timeout = 60);

/* --- images ------------------------------------------------------------------------------------------------
 */

static const struct openstack_image *images;
static size_t image_count;

static void some_images(void)
{
	static const char *const some[][5] = {
	    {"i1", "debian-11", "active", "2021", "debian"},
	    {"i2", "debian-12", "active", "2023", "debian"},
	    {"i3", "debian-12", "active", "2024", "debian"},
	    {"i4", "ubuntu", "saving", "2025", "ubuntu"},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT_OF(some); i++) {
		json_t *image = json_pack("{s:s, s:s, s:s, s:s}", "id", some[i][0], "name", some[i][1],
					  "status", some[i][2], "os_distro", some[i][4]);
		json_put(image, "created_at", json_sprintf("%s-01-01T00:00:00Z", some[i][3]));
		json_add(list, image);
	}
	page = json_pack("{s:o}", "images", list);
	cr_assert_eq(openstack_images_read(page, &room, &images, &image_count, &openstack_error), 0, "%s",
		     openstack_error.text);
}

static const char *image_for(struct openstack_image_wish wish)
{
	const struct openstack_image *image = NULL;

	openstack_error = (struct error){0};
	return openstack_image_choose(images, image_count, &wish, &image, &openstack_error) < 0 ? NULL
												: image->id;
}

Test(openstack_choose, an_image_by_id_name_pattern_and_properties)
{
	owned_json debian = json_pack("{s:s}", "os_distro", "debian");

	some_images();
	cr_expect_str_eq(image_for((struct openstack_image_wish){.id = "i1"}), "i1");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.id = "RegionOne/i2"}), "i2");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.name = "debian-11"}), "i1");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.name = "i1"}), "i1",
			 "an id is a name, too");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.name = "debian-12"}), "i3",
			 "the younger one");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.pattern = "debian-1\\d"}), "i3");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.pattern = "11"}), "i1",
			 "a part of its name");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.properties = debian}), "i3");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.pattern = ".*11", .properties = debian}),
			 "i1");
}

Test(openstack_choose, an_image_by_what_brooklyn_says_of_its_system)
{
	some_images();
	cr_expect_str_eq(image_for((struct openstack_image_wish){.family = "Debian"}), "i3");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.family = "linux"}), "i3");
	cr_expect_null(image_for((struct openstack_image_wish){.family = "centos"}));
	cr_expect(strstr(openstack_error.text, "`centos`"), "%s", openstack_error.text);
	cr_expect_str_eq(image_for((struct openstack_image_wish){.family = "centos", .id = "R/i1"}), "i1",
			 "one that is named outright is taken");
	cr_expect_str_eq(image_for((struct openstack_image_wish){.description = "debian-11"}), "i1",
			 "one without a description has its name");
	json_object_set_new(json_array_get(json_object_get(page, "images"), 0), "description",
			    json_string("the old stable"));
	cr_expect_str_eq(image_for((struct openstack_image_wish){.description = ".*old.*"}), "i1");
	cr_expect_null(image_for((struct openstack_image_wish){.description = "debian-11"}));
}

Test(openstack_choose, an_image_that_is_not_there_or_not_whole)
{
	some_images();
	cr_expect_null(image_for((struct openstack_image_wish){.name = "debian"}));
	cr_expect_eq(openstack_error.code, ERR_MISSING);
	cr_expect_str_eq(openstack_error.text, "there is no image `debian`");
	cr_expect_str_eq(openstack_error.remedy, "there are `debian-11`, `debian-12`, `debian-12`");
	cr_expect_null(image_for((struct openstack_image_wish){.name = "ubuntu"}));
	cr_expect_str_eq(openstack_error.text, "no server can be made of the image `ubuntu`: it is saving");
	cr_expect_null(image_for((struct openstack_image_wish){.id = "i1", .name = "debian-12"}),
		       "all must hold");
	cr_expect_null(image_for((struct openstack_image_wish){.pattern = "("}));
	cr_expect_neq(openstack_error.code, OK);
}

/* --- flavors -----------------------------------------------------------------------------------------------
 */

static const char *flavor_for(struct openstack_flavor_wish wish, const struct openstack_image *image)
{
	const struct openstack_flavor *flavors, *flavor = NULL;
	size_t count;

	openstack_error = (struct error){0};
	cr_assert_eq(openstack_flavors_read(openstack_recorded_body("23-flavors-detail"), &room, &flavors,
					    &count, &openstack_error),
		     0);
	return openstack_flavor_choose(flavors, count, &wish, image, &flavor, &openstack_error) < 0
		   ? NULL
		   : flavor->name;
}

Test(openstack_choose, the_least_flavor_that_is_enough)
{
	const struct openstack_image needs_256 = {.min_memory_mib = 256}, needs_9_gib = {.min_disk_gib = 9};

	cr_expect_str_eq(flavor_for((struct openstack_flavor_wish){0}, NULL), "m1.nano");
	cr_expect_str_eq(flavor_for((struct openstack_flavor_wish){.memory_mib = 193}, NULL), "m1.tiny");
	cr_expect_str_eq(flavor_for((struct openstack_flavor_wish){.memory_mib = 257}, NULL), "m1.huge",
			 "fewer cores come first");
	cr_expect_str_eq(flavor_for((struct openstack_flavor_wish){.cores = 2}, NULL), "m1.small");
	cr_expect_str_eq(flavor_for((struct openstack_flavor_wish){0}, &needs_256), "m1.tiny",
			 "the image needs it");
	cr_expect_null(flavor_for((struct openstack_flavor_wish){0}, &needs_9_gib));
	cr_expect_str_eq(openstack_error.text, "there is no flavor of at least 9 GiB of disk");
}

Test(openstack_choose, a_flavor_by_name_or_id)
{
	cr_expect_str_eq(flavor_for((struct openstack_flavor_wish){.name = "m1.small"}, NULL), "m1.small");
	cr_expect_str_eq(
	    flavor_for((struct openstack_flavor_wish){.id = "RegionOne/4d474b71-138c-48fc-acb4-dd2226970c58"},
		       NULL),
	    "m1.tiny");
	cr_expect_null(flavor_for(
	    (struct openstack_flavor_wish){.name = "m1.tiny", .memory_mib = 512, .cores = 1}, NULL));
	cr_expect_str_eq(openstack_error.text, "there is no flavor `m1.tiny` of at least 1 cores, 512 MiB");
	cr_expect(strstr(openstack_error.remedy, "`m1.small`"), "%s", openstack_error.remedy);
}

/* --- networks ----------------------------------------------------------------------------------------------
 */

static const char *network_of(const json_t *json, const char *wish)
{
	const struct openstack_network *networks, *network = NULL;
	size_t count;

	openstack_error = (struct error){0};
	cr_assert_eq(openstack_networks_read(json, &room, &networks, &count, &openstack_error), 0, "%s",
		     openstack_error.text);
	return openstack_network_choose(networks, count, wish, &network, &openstack_error) < 0
		   ? NULL
		   : network->name;
}

Test(openstack_choose, a_network_by_name_or_id_else_the_only_inner_one)
{
	const json_t *both = openstack_recorded_body("27-networks");

	cr_expect_str_eq(network_of(both, "public"), "public");
	cr_expect_str_eq(network_of(both, "5f62ab54-636c-4c76-8fcd-98c18e262074"), "private");
	cr_expect_str_eq(network_of(both, NULL), "private");
	cr_expect_null(network_of(both, "blue"));
	cr_expect_str_eq(openstack_error.text, "there is no network `blue`");
	cr_expect_str_eq(openstack_error.remedy, "there are `public`, `private`");
}

#define NETWORK(id, name, more) "{\"id\":\"" id "\",\"name\":\"" name "\",\"subnets\":[\"s\"]" more "}"

Test(openstack_choose, which_of_several_networks_is_asked_and_not_guessed)
{
	page = json_loads(
	    "{\"networks\":[" NETWORK("a", "blue", "") "," NETWORK("b", "blue", "") "," NETWORK(
		"c", "off", ",\"admin_state_up\":false") ",{\"id\":\"d\",\"name\":\"bare\",\"subnets\":[]}]}",
	    0, NULL);
	cr_expect_null(network_of(page, NULL));
	cr_expect_eq(openstack_error.code, ERR_INVALID);
	cr_expect_null(network_of(page, "blue"));
	cr_expect_str_eq(openstack_error.text, "there are 2 networks called `blue`: say which by its id");
	cr_expect_str_eq(openstack_error.remedy, "there are `a`, `b`");
	cr_expect_null(network_of(page, "off"));
	cr_expect(strstr(openstack_error.text, "is down"));
	cr_expect_null(network_of(page, "bare"));
	cr_expect(strstr(openstack_error.text, "has no subnet"));
}

/* --- as options, and in a check ----------------------------------------------------------------------------
 */

static const struct openstack_wishes *wishes(const char *options)
{
	openstack_openrc();
	if (openstack_here.state)
		openstack_driver.close(&openstack_here);
	cr_assert_eq(openstack_open("envvars", options), 0, "%s", openstack_error.text);
	return &((struct openstack *)openstack_here.state)->wishes;
}

Test(openstack_choose, sizes_are_numbers_or_words)
{
	cr_expect_eq(wishes("{\"minRam\":2048}")->flavor.memory_mib, 2048);
	cr_expect_eq(wishes("{\"minRam\":\"2048\"}")->flavor.memory_mib, 2048);
	cr_expect_eq(wishes("{\"minRam\":\"4gb\"}")->flavor.memory_mib, 4096);
	cr_expect_eq(wishes("{\"minDisk\":\"1500mb\"}")->flavor.disk_gib, 2);
	cr_expect_eq(wishes("{\"minCores\":3}")->flavor.cores, 3);
	cr_expect_eq(wishes("{\"networks\":[\"a\",\"b\"]}")->network_count, 2);
	cr_expect_str_eq(
	    wishes("{\"networkName\":\"a\",\"user\":\"debian\",\"autoAssignFloatingIp\":true}")->networks[0],
	    "a");
}

Test(openstack_choose, template_options_are_wishes_too)
{
	const struct openstack_wishes *some =
	    wishes("{\"templateOptions\":{\"novaNetworks\":[{\"networkUuid\":\"n1\"}],"
		   "\"floatingIpPoolNames\":[\"out\"],\"securityGroupNames\":[\"a\",\"b\"],"
		   "\"keyPairName\":\"mine\",\"availabilityZone\":\"az2\",\"overrideLoginUser\":\"core\","
		   "\"userMetadata\":{\"team\":\"shop\"},\"userData\":\"#cloud-config\\n\","
		   "\"autoAssignFloatingIp\":true},\"loginUser.privateKeyFile\":\"/k\"}");

	cr_assert_eq(some->network_count, 1);
	cr_expect_str_eq(some->networks[0], "n1");
	cr_expect_str_eq(some->floating_network, "out");
	cr_assert_eq(some->group_count, 2);
	cr_expect_str_eq(some->groups[1], "b");
	cr_expect_str_eq(some->key_pair, "mine");
	cr_expect_str_eq(some->key_file, "/k");
	cr_expect_str_eq(some->zone, "az2");
	cr_expect_str_eq(some->user, "core");
	cr_expect_str_eq(json_text(some->metadata, "team"), "shop");
	cr_expect_str_eq(some->user_data, "#cloud-config\n");
	cr_expect(some->floating);
}

Test(openstack_choose, what_is_no_wish_is_refused)
{
	static const char *const wrong[] = {"{\"minRam\":\"much\"}",
					    "{\"minRam\":-1}",
					    "{\"minCores\":\"some\"}",
					    "{\"image\":1}",
					    "{\"networks\":{}}",
					    "{\"networks\":[1]}",
					    "{\"network\":\"a\",\"networks\":[\"b\"]}",
					    "{\"bootVolume\":0}",
					    "{\"bootVolume\":\"0\"}",
					    "{\"bootVolume\":{\"size\":\"5mb\"}}",
					    "{\"imageProperties\":[]}",
					    "{\"imageProperties\":{\"a\":1}}"};

	openstack_openrc();
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		cr_expect_eq(openstack_open("envvars", wrong[i]), -1, "%s", wrong[i]);
		cr_expect_eq(openstack_error.code, ERR_INVALID);
	}
}

static void check_with(const char *options)
{
	LINES({"GET", NOVA "/os-keypairs", 403, NULL, "{}", 0},
	      {"GET", NEUTRON "/v2.0/quotas", 404, NULL, "{}", 0});
	wishes(options);
	json_decref(facts.about);
	facts.about = NULL;
	cr_assert_eq(openstack_connect(&facts), PROGRESS_DONE, "%s", openstack_error.text);
}

Test(openstack_choose, a_check_tells_what_a_machine_would_be_made_of)
{
	check_with("{\"imageNameRegex\":\"debian-.*\",\"minRam\":256}");
	const json_t *machine = json_object_get(facts.about, "machine");
	cr_expect_str_eq(json_text(json_object_get(machine, "image"), "name"), "debian-tiny");
	cr_expect_str_eq(json_text(json_object_get(machine, "flavor"), "name"), "m1.tiny");
	cr_expect_str_eq(json_text(json_array_get(json_object_get(machine, "networks"), 0), "name"),
			 "private");
	cr_expect_str_eq(json_text(machine, "reached"), "by a floating IP of public");
	cr_expect_eq(json_array_size(json_object_get(facts.about, "missing")), 0);
	cr_expect(json_is_null(json_object_get(facts.about, "keypairs")), "we may not ask");
}

Test(openstack_choose, a_check_tells_what_of_it_is_not_there)
{
	check_with("{\"image\":\"windows\",\"minCores\":64,\"network\":\"blue\"}");
	owned_memory char *words = json_line(json_object_get(facts.about, "missing"));
	cr_expect(strstr(words, "there is no image `windows`; there are `debian-tiny`"), "%s", words);
	cr_expect(strstr(words, "there is no flavor of at least 64 cores; there are"), "%s", words);
	cr_expect(strstr(words, "there is no network `blue`"), "%s", words);
	check_with("{\"flavor\":\"m1.tiny\"}");
	owned_memory char *more = json_line(json_object_get(facts.about, "missing"));
	cr_expect(strstr(more, "no image is said"), "%s", more);
	check_with(NULL);
	cr_expect(json_is_null(json_object_get(facts.about, "machine")));
}
