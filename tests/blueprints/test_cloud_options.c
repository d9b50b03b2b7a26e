/* test_cloud_options.c - what is said of a cloud is checked where it is written, by the names of here and of
 * Brooklyn. */
#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/cloud_options.h"
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(cloud_options, .fini = close_all);

#define SERVICES "services:\n- {type: server, id: a}\n"

Test(cloud_options, all_that_is_wrong_is_told_at_once)
{
	static const struct told told[] = {
	    {4, 5, "an openstack location has no option `minRAM`", "`minRam`?"},
	    {5, 15, "`minCores` must be a number of cores", NULL},
	    {6, 14, "`minDisk` must be one value", NULL},
	    {7, 5, "`networks` beside `network` (line 8)", "only one of them"},
	    {9, 27, "`autoAssignFloatingIp` must be true or false", NULL},
	    {10, 19, "`userMetadata` must be a map of texts", NULL},
	    {11, 12, "`auth` has no `user_name`", "`username`?"},
	    {12, 21, "`privateKeyFile` must be a path", NULL},
	    {13, 5, "`identity` without a `credential`", "password"},
	    {14, 16, "`interface` must be public, internal or admin", NULL},
	    {15, 15, "`authType` must be password, token", NULL},
	    {16, 15, "`endpoint` must be an address", NULL},
	    {17, 21, "`imageNameRegex` must be a part of a name, or an expression", NULL},
	    {18, 15, "`osFamily` must be a system with sshd", NULL},
	    {19, 5, "`setup.script`: nothing runs on a server", "`pre.install.command`"},
	};

	outcome = parse("location:\n"
			"  openstack:\n"
			"    cloud: lab\n"
			"    minRAM: 4gb\n"
			"    minCores: a few\n"
			"    minDisk: [10]\n"
			"    networks: [one, two]\n"
			"    network: three\n"
			"    autoAssignFloatingIp: \"yes\"\n"
			"    userMetadata: [a]\n"
			"    auth: {user_name: me}\n"
			"    privateKeyFile: key.pem\n"
			"    identity: \"shop:me\"\n"
			"    interface: outer\n"
			"    authType: kerberos\n"
			"    endpoint: keystone\n"
			"    imageNameRegex: \"debian(\"\n"
			"    osFamily: windows\n"
			"    setup.script: http://x/y\n" SERVICES);
	expect_told(&outcome.list, told, COUNT_OF(told));
}

/* As Brooklyn's guide of locations writes it. */
static const char brooklyns[] = "location:\n"
				"  jclouds:openstack-nova:\n"
				"    endpoint: http://k.example.org:5000/v2.0/\n"
				"    identity: \"your-tenant:your-username\"\n"
				"    credential: your-password\n"
				"    imageId: your-region-name/your-image-id\n"
				"    hardwareId: your-region-name/your-flavor-id\n"
				"    loginUser: 'ubuntu'\n"
				"    loginUser.privateKeyFile: /path/to/your/privatekey\n"
				"    jclouds.openstack-nova.auto-generate-keypairs: false\n"
				"    jclouds.openstack-nova.auto-create-floating-ips: true\n"
				"    templateOptions:\n"
				"      networks: [ \"your-network-id\" ]\n"
				"      floatingIpPoolNames: [ \"your-floatingIp-pool\" ]\n"
				"      securityGroups: ['your-security-group']\n"
				"      keyPairName: \"your-keypair\"\n" SERVICES;

static const char *text_of(const json_t *options, const char *key)
{
	const json_t *value = cloud_option(options, key);

	return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
}

Test(cloud_options, words_of_others_are_told_by_ours)
{
	static const struct {
		const char *written, *remedy;
	} words[] = {{"username: me", "auth: {username: ...}"},
		     {"auth_url: x", "auth: {auth_url: ...}"},
		     {"size: m1.tiny", "did you mean `flavor`?"},
		     {"key_name: k", "did you mean `keyPair`?"},
		     {"sshUser: u", "did you mean `user`?"},
		     {"net: n", "did you mean `network`?"},
		     {"zone: nova", "did you mean `availabilityZone`?"}};
	char text[200];

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		snprintf(text, sizeof text, "location:\n  openstack:\n    %s\n" SERVICES, words[i].written);
		refused(text, 3, 5, "an openstack location has no option", words[i].remedy);
	}
}

Test(cloud_options, what_brooklyn_calls_otherwise_is_the_same)
{
	outcome = accepted(brooklyns);
	cr_expect_eq(outcome.list.warnings, 0);
	const struct location_spec *spec = outcome.blueprint->components[0].location;
	cr_expect_str_eq(spec->type, "openstack");
	cr_expect_str_eq(text_of(spec->options, "privateKeyFile"), "/path/to/your/privatekey");
	cr_expect_str_eq(text_of(spec->options, "networks"), "your-network-id");
	cr_expect_str_eq(text_of(spec->options, "floatingNetwork"), "your-floatingIp-pool");
	cr_expect_str_eq(text_of(spec->options, "securityGroups"), "your-security-group");
	cr_expect_str_eq(text_of(spec->options, "keyPair"), "your-keypair");
	cr_expect(json_is_true(cloud_option(spec->options, "autoAssignFloatingIp")));
	cr_expect_null(cloud_option(spec->options, "userData"));
}

Test(cloud_options, what_logs_in_counts_before_what_brooklyn_would_make)
{
	outcome = accepted("location:\n"
			   "  openstack:\n"
			   "    privateKeyFile: /theirs\n"
			   "    loginUser.privateKeyFile: /first\n"
			   "    keyPair: swarm\n" SERVICES);
	const json_t *options = outcome.blueprint->components[0].location->options;
	cr_expect_str_eq(text_of(options, "privateKeyFile"), "/first");
}

Test(cloud_options, what_has_no_effect_is_told_and_left_out)
{
	outcome =
	    accepted("location:\n"
		     "  openstack:\n"
		     "    cloud: lab\n"
		     "    displayName: mine\n"
		     "    customizers:\n"
		     "    - {$brooklyn:object: {type: x.Y, object.fields: {cidr: \"82.40.153.101/24\"}}}\n"
		     "    password: s3cret\n"
		     "    stopIptables: true\n"
		     "    jclouds.ssh.max-retries: 3\n"
		     "    templateOptions: {generateKeyPair: true}\n" SERVICES);
	expect_words(entry_at(&outcome.list, 5, 5), "`customizers` is without effect", "`publish`");
	expect_words(entry_at(&outcome.list, 7, 5), "`password` is without effect", "a key");
	expect_words(entry_at(&outcome.list, 8, 5), "`stopIptables` is without effect", NULL);
	expect_words(entry_at(&outcome.list, 9, 5), "`jclouds.ssh.max-retries` is without effect", NULL);
	expect_words(entry_at(&outcome.list, 10, 23), "`generateKeyPair` is without effect", "a key");
	cr_expect_eq(outcome.list.warnings, 5);
	const json_t *options = outcome.blueprint->components[0].location->options;
	cr_expect_null(json_object_get(options, "password"));
	cr_expect_null(json_object_get(options, "customizers"));
}

Test(cloud_options, template_options_are_looked_at_too)
{
	outcome = parse("location:\n"
			"  openstack:\n"
			"    keyPair: a\n"
			"    templateOptions:\n"
			"      floatingIpPoolNames: [one, two]\n"
			"      minRam: 512\n"
			"      novaNetworks: [{networkUuid: n1}, {portUuid: p1}]\n"
			"      blockDeviceMappings: []\n"
			"      securityGroupNames: []\n" SERVICES);
	expect_words(entry_at(&outcome.list, 5, 28), "`floatingIpPoolNames` must be one name or id", NULL);
	expect_words(entry_at(&outcome.list, 6, 7), "`templateOptions` has no option `minRam`", "beside");
	expect_words(entry_at(&outcome.list, 7, 41), "`novaNetworks` must be a name or an id", NULL);
	expect_words(entry_at(&outcome.list, 8, 7), "`blockDeviceMappings`: a server boots from its image",
		     NULL);
	expect_words(entry_at(&outcome.list, 9, 27), "`securityGroupNames` must be a name or an id", NULL);
	cr_expect_eq(outcome.list.errors, 5);
	refused("location: {openstack: {templateOptions: [a]}}\n" SERVICES, 1, 41,
		"`templateOptions` must be a map", NULL);
	refused("location: {openstack: {floatingNetwork: out, autoAssignFloatingIp: false}}\n" SERVICES, 1,
		24, "`floatingNetwork` beside `autoAssignFloatingIp: false`", "leave one");
}

Test(cloud_options, what_a_server_boots_from_and_shows_is_looked_at)
{
	outcome = parse("location:\n"
			"  openstack:\n"
			"    bootVolume: {sise: 20gb, type: [ssd], deleteOnTermination: never, size: big}\n"
			"    hostKey: [accept-new]\n"
			"    configDrive: maybe\n"
			"    sshFrom: [10.0.0.0/8, home]\n" SERVICES);
	expect_words(entry_at(&outcome.list, 3, 18), "`bootVolume` has no `sise`", "`size`?");
	expect_words(entry_at(&outcome.list, 3, 36), "`type` must be one value", NULL);
	expect_words(entry_at(&outcome.list, 3, 64), "`deleteOnTermination` must be true or false", NULL);
	expect_words(entry_at(&outcome.list, 3, 77), "`size` must be so many GiB", NULL);
	expect_words(entry_at(&outcome.list, 4, 15), "`accept-new` stands alone", NULL);
	expect_words(entry_at(&outcome.list, 5, 18), "`configDrive` must be true or false", NULL);
	expect_words(entry_at(&outcome.list, 6, 27), "`sshFrom` must be an address or a network", NULL);
	cr_expect_eq(outcome.list.errors, 7);
	refused("location: {openstack: {hostKey: SHA256:abc}}\n" SERVICES, 1, 33,
		"`hostKey` must be `accept-new`, a fingerprint", NULL);
	refused("location: {openstack: {jump: \"a,b\"}}\n" SERVICES, 1, 30, "`jump` must be one machine",
		NULL);
	refused("location: {openstack: {bootVolume: 0}}\n" SERVICES, 1, 36,
		"`bootVolume` must be so many GiB, 1 or more", NULL);
	refused("location: {openstack: {bootVolume: {size: 5mb}}}\n" SERVICES, 1, 43,
		"`size` must be so many GiB, 1 or more", NULL);
	close_outcome(&outcome);
	outcome = accepted("location:\n"
			   "  openstack:\n"
			   "    bootVolume: 20gb\n"
			   "    serverGroup: anti-affinity\n"
			   "    jump: me@bastion.example.org\n" SERVICES);
	cr_expect_eq(outcome.list.warnings, 0);
}

/* It would be the name of a group that nobody has made, told by the first deploy. */
Test(cloud_options, a_slip_of_a_policy_is_told)
{
	outcome = accepted("location: {openstack: {serverGroup: anti_affinity}}\n" SERVICES);
	expect_words(entry_at(&outcome.list, 1, 37), "`anti_affinity` is no policy", "`anti-affinity`?");
	close_outcome(&outcome);
	outcome = accepted("location: {openstack: {serverGroup: web-affinity}}\n" SERVICES);
	cr_expect_eq(outcome.list.warnings, 0);
}

Test(cloud_options, a_component_may_say_its_own_machines)
{
	outcome = accepted("location: openstack:lab\nservices:\n"
			   "- {type: software, id: a, launch.command: x,\n"
			   "   provisioning.properties: {minRam: 2gb, stopIptables: true}}\n");
	const json_t *wishes = outcome.blueprint->components[0].provisioning;
	cr_expect_str_eq(text_of(wishes, "minRam"), "2gb");
	cr_expect_null(cloud_option(wishes, "stopIptables"));
	expect_words(entry_at(&outcome.list, 4, 43), "`stopIptables` is without effect", NULL);
	cr_expect_eq(outcome.list.warnings, 1);
	refused("location: openstack:lab\nservices:\n"
		"- {type: software, id: a, launch.command: x,\n"
		"   provisioning.properties: {minCores: many}}\n",
		4, 40, "`minCores` must be a number of cores", NULL);
	refused("location: openstack:lab\nservices:\n"
		"- {type: software, id: a, launch.command: x,\n"
		"   provisioning.properties: {minCores: 2, region: west}}\n",
		4, 43, "`region` is no option of one component's machines", "at the location");
}

/* The location's would have counted, unnoticed, where both are said by unlike names. */
Test(cloud_options, what_a_component_says_goes_over_the_same_by_another_name)
{
	owned_json own = json_loads("{\"network\":\"a\",\"loginUser\":\"root\",\"minRam\":512,"
				    "\"jclouds.openstack-nova.auto-create-floating-ips\":true,"
				    "\"templateOptions\":{\"userData\":\"x\",\"securityGroups\":[\"s\"]}}",
				    0, NULL);
	owned_json more = json_loads("{\"networkName\":\"b\",\"user\":\"me\",\"securityGroups\":\"t\","
				     "\"templateOptions\":{\"autoAssignFloatingIp\":false}}",
				     0, NULL);
	owned_json both = cloud_options_over(own, more);
	owned_json wanted =
	    json_loads("{\"networkName\":\"b\",\"user\":\"me\",\"minRam\":512,\"securityGroups\":\"t\","
		       "\"templateOptions\":{\"userData\":\"x\",\"autoAssignFloatingIp\":false}}",
		       0, NULL);
	cr_expect(json_equal(both, wanted));
	owned_json alone = cloud_options_over(NULL, more);
	cr_expect(json_equal(alone, more));
	cr_expect_eq(json_object_size(json_object_get(own, "templateOptions")), 2, "it is as it was");
}

/* They would have got two, unnoticed. */
Test(cloud_options, who_is_to_share_a_machine_is_told_that_nobody_does_there)
{
	refused("location: openstack:lab\nservices:\n"
		"- {type: process, id: a, command: [x], sameServer: one}\n"
		"- {type: process, id: b, command: [x], sameServer: two}\n"
		"- {type: process, id: c, command: [x], sameServer: one}\n",
		5, 40, "`c` is to share a machine with `a`", "`serverGroup: affinity`");
}

Test(cloud_options, a_file_of_locations_is_checked_alike)
{
	static const char text[] = "lab:\n  type: openstack\n  flavour: m1.small\n";
	owned_arena arena = {0};
	owned_by(diagnostics_release) struct diagnostics list = {0};
	owned_json holder = json_array();
	const struct location_spec *specs;
	size_t count;

	cr_expect_eq(
	    location_specs_parse(&arena, holder, "l.yaml", text, strlen(text), &list, &specs, &count), -1);
	expect_words(entry_at(&list, 3, 3), "no option `flavour`", "`flavor`?");
}
