/* test_location_spec.c - locations: spec strings, maps, names defined and used. */
#include "parse.h"

#include "base/cleanup.h"

static struct arena arena;
static struct outcome outcome;

static void close_all(void)
{
	arena_release(&arena);
	close_outcome(&outcome);
}

TestSuite(location_spec, .fini = close_all);

static const struct location_spec *take(const char *lines)
{
	char text[1024];
	snprintf(text, sizeof(text), "%sservices:\n- type: docker:x\n", lines);
	close_outcome(&outcome);
	outcome = accepted(text);
	return outcome.blueprint->components[0].location;
}

Test(location_spec, strings_are_a_type_and_what_follows)
{
	struct location_spec spec;
	cr_assert_eq(location_spec_parse(&arena, "docker:unix:///run/docker.sock", &spec, NULL), 0);
	cr_assert_str_eq(spec.type, "docker");
	cr_assert_str_eq(spec.target, "unix:///run/docker.sock");
	cr_assert_str_eq(spec.name, "");
	cr_assert_eq(location_spec_parse(&arena, "localhost", &spec, NULL), 0);
	cr_assert_str_eq(spec.type, "localhost");
	cr_assert_str_eq(spec.target, "");
	cr_assert_eq(location_spec_parse(&arena, "my-cloud", &spec, NULL), 0);
	cr_assert_null(spec.type);
	cr_assert_str_eq(spec.name, "my-cloud");
}

Test(location_spec, brooklyns_way_to_write_a_name)
{
	struct location_spec spec;
	cr_assert_eq(location_spec_parse(&arena, "named:my-cloud", &spec, NULL), 0);
	cr_expect_null(spec.type);
	cr_expect_str_eq(spec.name, "my-cloud");
	const struct location_spec *defined =
	    take("locations: {lab: 'docker:unix:///x'}\nlocation: named:lab\n");
	cr_expect_str_eq(defined->type, "docker");
	cr_expect_str_eq(defined->name, "lab");
}

Test(location_spec, brooklyns_way_to_write_an_openstack)
{
	static const char *const written[][3] = {
	    {"jclouds:openstack-nova", "openstack", ""},
	    {"jclouds:openstack-nova:RegionOne", "openstack", ":RegionOne"},
	    {"jclouds:openstack-nova:https://k:5000/v3", "openstack", ":https://k:5000/v3"},
	    {"jclouds:openstack-novae", "jclouds", "openstack-novae"},
	    {"jclouds:aws-ec2", "jclouds", "aws-ec2"},
	    {"openstack:lab", "openstack", "lab"},
	};
	struct location_spec spec;

	for (size_t i = 0; i < COUNT_OF(written); i++) {
		cr_assert_eq(location_spec_parse(&arena, written[i][0], &spec, NULL), 0);
		cr_expect_str_eq(spec.type, written[i][1]);
		cr_expect_str_eq(spec.target, written[i][2]);
	}
	const struct location_spec *nova = take("location:\n  jclouds:openstack-nova:\n    identity: "
						"shop:ann\n    credential: env:PASSWORD\n    region: R\n");
	cr_expect_str_eq(nova->type, "openstack");
	cr_expect_str_eq(json_text(nova->options, "identity"), "shop:ann");
}

Test(location_spec, what_was_read_is_written_again_without_its_password)
{
	static const char *const written[][2] = {
	    {"location: docker:unix:///x\n", "docker:unix:///x"},
	    {"location: localhost\n", "localhost"},
	    {"location:\n  ssh: {host: 10.0.0.5, user: me}\n", "{ssh: {host: \"10.0.0.5\", user: me}}"},
	    {"location:\n  ssh: {host: h, user: '12', password: plain}\n",
	     "{ssh: {host: h, user: \"12\", password: \"***\"}}"},
	    {"location:\n  ssh: {host: h, password: env:PASSWORD}\n",
	     "{ssh: {host: h, password: \"env:PASSWORD\"}}"},
	};

	for (size_t i = 0; i < COUNT_OF(written); i++)
		cr_expect_str_eq(location_spec_text(&arena, take(written[i][0])), written[i][1]);
}

Test(location_spec, what_is_no_spec_leaves_the_answer_untouched)
{
	struct location_spec spec = {.name = "kept"};
	struct error err = {0};
	cr_assert_eq(location_spec_parse(&arena, "", &spec, &err), -1);
	cr_assert_eq(err.code, ERR_INVALID);
	cr_assert(strstr(err.remedy, "docker:unix"));
	cr_assert_eq(location_spec_parse(&arena, ":x", &spec, &err), -1);
	cr_assert_str_eq(spec.name, "kept");
}

Test(location_spec, nobody_said)
{
	cr_assert_null(take(""));
}

Test(location_spec, a_map_gives_type_and_options)
{
	const struct location_spec *spec =
	    take("location: {type: fake, address: 10.0.0.5, port: 80, tls: true}\n");
	cr_assert_str_eq(spec->type, "fake");
	cr_assert_str_eq(json_text(spec->options, "address"), "10.0.0.5");
	cr_assert_eq(json_number(spec->options, "port", 0), 80);
	cr_assert(json_flag(spec->options, "tls", false));
	cr_assert_null(json_object_get(spec->options, "type"));
	spec = take("location: {fake: {delay: 1s}}\n");
	cr_assert_str_eq(spec->type, "fake");
	cr_assert_str_eq(json_text(spec->options, "delay"), "1s");
	spec = take("location: {fake: {}}\n");
	cr_assert_null(spec->options);
	spec = take("location: {byon: {hosts: [a, b]}}\n");
	cr_assert_str_eq(spec->type, "byon");
	spec = take("location: {docker: 'unix:///x'}\n");
	cr_assert_str_eq(spec->target, "unix:///x");
}

Test(location_spec, names_defined_in_the_blueprint_are_found)
{
	const struct location_spec *spec = take("locations: {mine: docker:unix:///x}\nlocation: mine\n");
	cr_assert_str_eq(spec->name, "mine");
	cr_assert_str_eq(spec->type, "docker");
	cr_assert_eq(spec, &outcome.blueprint->locations[0]);
	spec = take("location: other\n");
	cr_assert_null(spec->type);
	cr_assert_str_eq(spec->name, "other");
	spec = take("locations: [first, second]\n");
	cr_assert_str_eq(spec->name, "first");
}

Test(location_spec, a_component_goes_where_it_says)
{
	outcome =
	    accepted("location: here\nservices:\n- type: docker:x\n- {type: 'docker:y', location: there}\n");
	const struct component_spec *components = outcome.blueprint->components;
	cr_assert_str_eq(components[0].location->name, "here");
	cr_assert_str_eq(components[1].location->name, "there");
}

Test(location_spec, wrong_locations_are_refused)
{
	refused("location: [a]\nservices:\n- type: docker:x\n", 1, 11,
		"a location is a text or a map, not a list", NULL);
	refused("location: {a: 1, b: 2}\nservices:\n- type: docker:x\n", 1, 11, "says no `type`",
		"{fake: {}}");
	refused("location: a\nlocations: [b]\nservices:\n- type: docker:x\n", 2, 1,
		"beside `location` (line 1)", NULL);
	refused("locations: {a: b}\nservices:\n- type: docker:x\n", 1, 16, "only another name",
		"marathon: (with MARATHON_URL");
	refused("services:\n- type: docker:x\n  location: ''\n", 3, 13, "no location", NULL);
}

Test(location_spec, a_file_of_locations)
{
	owned_json holder = json_array();
	struct diagnostics list = {0};
	const struct location_spec *specs = NULL;
	size_t count = 0;
	const char text[] = "a: docker:tcp://10.0.0.5:2376\nb: {type: docker, address: 10.0.0.6}\n";
	cr_assert_eq(
	    location_specs_parse(&arena, holder, "l.yaml", text, strlen(text), &list, &specs, &count), 0);
	cr_assert_eq(count, 2);
	cr_assert_str_eq(specs[0].name, "a");
	cr_assert_str_eq(specs[1].name, "b");
	cr_assert_str_eq(json_text(specs[1].options, "address"), "10.0.0.6");
	const char wrong[] = "a: docker\nb: [x]\n";
	cr_assert_eq(
	    location_specs_parse(&arena, holder, "l.yaml", wrong, strlen(wrong), &list, &specs, &count), -1);
	expect_words(entry_at(&list, 2, 4), "not a list", NULL);
	diagnostics_release(&list);
}
