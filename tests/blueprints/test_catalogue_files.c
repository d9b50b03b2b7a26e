/* test_catalogue_files.c - catalogues as Brooklyn's files write them: judged as a whole, one item deployed,
 * and used by blueprints. */
#include "base/text.h"
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(catalogue_files, .fini = close_all);

static const char *file_text; /* of /base/own.bom */

static int read_own(void *context, const char *path, size_t limit, struct text *ret, struct error *err)
{
	(void)context;
	(void)limit;
	if (strcmp(path, "/base/own.bom") || !file_text)
		return fail(err, ERR_MISSING, "there is none");
	text_add(ret, file_text);
	return 0;
}

static void take(const char *file, const char *text, bool judges)
{
	const struct blueprint_options options = {
	    .file = file, .judges = judges, .directory = "/base", .file_read = read_own};

	close_outcome(&outcome);
	outcome = (struct outcome){0};
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	diagnostics_sort(&outcome.list);
	cr_assert_not(outcome.list.failed);
	cr_assert_eq(outcome.blueprint == NULL, outcome.list.errors > 0);
}

static void good(void)
{
	cr_assert_not_null(outcome.blueprint, "%s:%d:%d: %s", outcome.list.first->place.file,
			   outcome.list.first->place.line, outcome.list.first->place.column,
			   outcome.list.first->summary);
}

static void judged(const char *text)
{
	take("own.bom", text, true);
	good();
}

static void deployed(const char *file, const char *text)
{
	take(file, text, false);
	good();
}

static void bad(const char *text, int line, int column, const char *words, const char *remedy_words)
{
	take("own.bom", text, true);
	expect_words(entry_at(&outcome.list, line, column), words, remedy_words);
	cr_expect_eq(outcome.list.errors, 1);
}

static const struct component_spec *component(const char *id)
{
	for (size_t i = 0; i < outcome.blueprint->component_count; i++)
		if (!strcmp(outcome.blueprint->components[i].id, id))
			return &outcome.blueprint->components[i];
	cr_assert_fail("there is no component `%s`", id);
	return NULL;
}

static const char *variable(const struct component_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		if (!strcmp(spec->environment[i].name, name))
			return spec->environment[i].value.text;
	return NULL;
}

#define SHOP                                                                                                 \
	"brooklyn.catalog:\n"                                                                                \
	"  version: 1.0\n"                                                                                   \
	"  publish: {license_code: Apache-2.0}\n"                                                            \
	"  items:\n"                                                                                         \
	"  - id: web-server\n"                                                                               \
	"    itemType: entity\n"                                                                             \
	"    item:\n"                                                                                        \
	"      type: docker:web:1\n"                                                                         \
	"      name: A web server\n"                                                                         \
	"      brooklyn.parameters:\n"                                                                       \
	"      - {name: web.mode, default: quiet}\n"                                                         \
	"      env: {MODE: $brooklyn:config(\"web.mode\"), PEER: $brooklyn:config(\"peer.name\")}\n"         \
	"  - id: shop\n"                                                                                     \
	"    itemType: template\n"                                                                           \
	"    item:\n"                                                                                        \
	"      brooklyn.parameters:\n"                                                                       \
	"      - {name: size, type: integer, default: 2}\n"                                                  \
	"      services:\n"                                                                                  \
	"      - {type: web-server, id: web, instances: $brooklyn:config(\"size\"), brooklyn.config: "       \
	"{peer.name: db}}\n"                                                                                 \
	"      - {type: 'docker:redis:3', id: db, openPorts: 6379}\n"

/* --- as a whole --------------------------------------------------------------------------------------- */

Test(catalogue_files, every_item_is_judged_and_told)
{
	judged(SHOP);
	cr_expect_eq(outcome.blueprint->component_count, 0);
	cr_assert_eq(outcome.blueprint->item_count, 2);
	cr_expect_str_eq(outcome.blueprint->items[0].id, "web-server");
	cr_expect_str_eq(outcome.blueprint->items[0].kind, "entity");
	cr_expect_str_eq(outcome.blueprint->items[1].id, "shop");
	cr_expect_str_eq(outcome.blueprint->items[1].version, "1.0");
	cr_expect_str_eq(outcome.blueprint->items[1].kind, "template");
}

Test(catalogue_files, what_is_wrong_is_told_where_it_stands)
{
	bad("brooklyn.catalog:\n  items:\n  - id: a\n    item: {type: 'docker:x', openPort: 1}\n", 4, 30,
	    "unknown key `openPort`", "openPorts");
	bad("brooklyn.catalog:\n  items:\n  - id: a\n    item:\n      services:\n      - {type: "
	    "nothing.such}\n",
	    6, 16, "not supported yet", NULL);
	bad("brooklyn.catalog:\n  items:\n  - {id: a, itemType: entitty, item: {type: 'docker:x'}}\n", 3, 23,
	    "no kind of item called `entitty`", "entity");
	bad("brooklyn.catalog:\n  items:\n  - classpath://a/b.bom\n", 3, 5, "cannot be read",
	    "beside this file");
	bad("brooklyn.catalog:\n  items:\n  - https://example.org/b.bom\n", 3, 5, "fetched from nowhere",
	    "beside this one");
	bad("brooklyn.catalog:\n  items: {id: a}\n", 2, 10, "`items` takes a list", NULL);
	bad("brooklyn.catalog:\n  items:\n  - {id: a}\n", 3, 5, "`id` and an `item`", NULL);
	bad("brooklyn.catalog:\n  items:\n  - {id: a, itemType: bean, item: {type: org.acme.Bean}}\n", 3, 5,
	    "is Java", NULL);
}

Test(catalogue_files, only_a_template_has_to_stand_by_itself)
{
	judged("brooklyn.catalog:\n  items:\n"
	       "  - id: part\n    itemType: entity\n    item:\n      type: docker:x\n"
	       "      links: [$brooklyn:component(\"other\")]\n      env: {A: $brooklyn:config(\"unset\")}\n"
	       "  - {id: members, item: {type: cluster, initialSize: 2}}\n"
	       "  - {id: box, item: {type: software}}\n");
	bad("brooklyn.catalog:\n  id: all\n  itemType: template\n  item:\n    services:\n"
	    "    - {type: 'docker:x', links: [$brooklyn:component(\"other\")]}\n",
	    6, 54, "no component has the id `other`", NULL);
}

Test(catalogue_files, policies_enrichers_and_locations_are_judged_as_such)
{
	judged("brooklyn.catalog:\n  items:\n"
	       "  - {id: again, itemType: policy, item: {type: "
	       "org.apache.brooklyn.policy.ha.ServiceRestarter}}\n"
	       "  - {id: sized, item: {type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy, "
	       "brooklyn.config: {metric: load, metricLowerBound: 1, metricUpperBound: 2}}}\n"
	       "  - {id: sum, item: {type: org.apache.brooklyn.enricher.stock.Aggregator}}\n"
	       "  - id: farm\n    itemType: location\n    item: {type: byon, brooklyn.config: {hosts: "
	       "[10.0.0.1]}}\n");
	cr_assert_eq(outcome.blueprint->item_count, 4);
	cr_expect_str_eq(outcome.blueprint->items[1].kind, "policy");
	cr_expect_str_eq(outcome.blueprint->items[2].kind, "enricher");
	cr_assert_eq(outcome.blueprint->location_count, 1);
	cr_expect_str_eq(outcome.blueprint->locations[0].type, "byon");
	cr_expect_str_eq(outcome.blueprint->locations[0].name, "farm");
	bad("brooklyn.catalog:\n  items:\n  - {id: again, itemType: policy, item: {type: restarter, "
	    "sometimes: 1}}\n",
	    3, 59, "`sometimes`", NULL);
}

Test(catalogue_files, nothing_in_it_is_fine_and_what_is_ignored_is_told)
{
	judged("brooklyn.catalog:\n  version: 1\n  scanJavaAnnotations: true\n");
	expect_words(entry_at(&outcome.list, 3, 3), "is Java", NULL);
	judged("brooklyn.catalog:\n  describtion: x\n  items: []\n");
	expect_words(entry_at(&outcome.list, 2, 3), "without effect", "description");
}

Test(catalogue_files, an_item_may_ask_the_parent_that_it_will_have)
{
	judged("brooklyn.catalog:\n  items:\n  - id: a\n    itemType: entity\n    item:\n      type: "
	       "'docker:x'\n"
	       "      env: {LOG: $brooklyn:parent().attributeWhenReady(\"log.location\")}\n");
	bad("brooklyn.catalog:\n  items:\n  - id: a\n    itemType: template\n    item:\n      services:\n"
	    "      - type: 'docker:x'\n"
	    "        env: {LOG: $brooklyn:parent().attributeWhenReady(\"log.location\")}\n",
	    8, 30, "no component of its own", NULL);
}

Test(catalogue_files, a_class_as_an_id_is_no_name_too_long)
{
	judged("brooklyn.catalog:\n  items:\n"
	       "  - {id: org.example.a.rather.long.name.of.a.package.and.yet.another.part.Web, item: {type: "
	       "'docker:x'}}\n");
}

/* --- one of them ---------------------------------------------------------------------------------------- */

Test(catalogue_files, the_only_template_is_what_is_deployed)
{
	deployed("own.bom", SHOP);
	cr_expect_str_eq(outcome.blueprint->id, "shop");
	cr_assert_eq(outcome.blueprint->component_count, 2);
	cr_expect_eq(component("web")->instances, 2);
	cr_expect_str_eq(variable(component("web"), "MODE"), "quiet");
	cr_expect_str_eq(variable(component("web"), "PEER"), "db");
}

Test(catalogue_files, another_one_is_named_after_the_file)
{
	deployed("dir/own.bom#shop:1.0", SHOP);
	cr_expect_str_eq(outcome.blueprint->id, "shop");
	deployed("own.yaml#again",
		 "brooklyn.catalog:\n  items:\n  - {id: again, item: {type: 'docker:x', env: {A: 1}}}\n"
		 "  - {id: other, item: {type: 'docker:y'}}\n");
	cr_expect_str_eq(outcome.blueprint->id, "again");
	cr_expect_str_eq(variable(component("again"), "A"), "1");
}

Test(catalogue_files, which_one_must_be_said)
{
	static const char two[] = "brooklyn.catalog:\n  items:\n  - {id: a, item: {type: 'docker:x'}}\n"
				  "  - {id: b, item: {type: 'docker:x'}}\n"
				  "  - {id: p, itemType: policy, item: {type: restarter}}\n";
	take("own.bom", two, false);
	expect_words(entry_at(&outcome.list, 1, 1), "not said which", "own.bom#ITEM: `a`, `b`");
	take("own.bom#c", two, false);
	expect_words(entry_at(&outcome.list, 1, 1), "no item `c`", NULL);
	take("own.bom#p", two, false);
	expect_words(entry_at(&outcome.list, 5, 5), "cannot be deployed: its kind is policy", "`policies`");
	take("own.yaml#a", "services:\n- {type: 'docker:x'}\n", false);
	expect_words(entry_at(&outcome.list, 1, 1), "an item of a catalogue, and this is none", NULL);
}

Test(catalogue_files, a_plan_beside_the_catalogue_is_its_item)
{
	deployed("own.yaml", "brooklyn.catalog: {id: whole, version: 1}\nname: Whole\nservices:\n- {type: "
			     "'docker:x', id: x}\n");
	cr_expect_str_eq(outcome.blueprint->id, "whole");
	cr_assert_eq(outcome.blueprint->component_count, 1);
}

/* --- used by a blueprint ----------------------------------------------------------------------------- */

static void with_own(const char *text, const char *blueprint)
{
	file_text = text;
	take("b.yaml", blueprint, false);
	file_text = NULL;
}

Test(catalogue_files, a_template_is_a_type_too)
{
	with_own(SHOP, "catalog: own.bom\nservices:\n- {type: web-server, id: a, web.mode: loud, "
		       "brooklyn.config: {peer.name: x}}\n"
		       "- {type: shop, id: s, brooklyn.config: {size: 3}}\n");
	good();
	cr_expect_str_eq(variable(component("a"), "MODE"), "loud");
	cr_expect_eq(component("web")->instances, 3);
	cr_expect_str_eq(component("db")->image.familiar, "redis:3");
}

#define VERSIONS                                                                                             \
	"brooklyn.catalog:\n  items:\n"                                                                      \
	"  - {id: x, version: 1.10.0, item: {type: 'docker:x:1.10'}}\n"                                      \
	"  - {id: x, version: 1.9.0, item: {type: 'docker:x:1.9'}}\n"                                        \
	"  - {id: x, version: 2.0.0-SNAPSHOT, item: {type: 'docker:x:2'}}\n"                                 \
	"  - {id: y, bundle: 'some:3.1', item: {type: 'x:1.9.0', env: {Y: 1}}}\n"

Test(catalogue_files, the_newest_version_is_meant_unless_another_is_named)
{
	with_own(VERSIONS, "catalog: [own.bom]\nservices:\n- {type: x, id: a}\n- {type: 'x:1.9.0', id: b}\n"
			   "- {type: 'y:3.1', id: c}\n- {type: 'x:2.0.0-SNAPSHOT', id: d}\n");
	good();
	cr_expect_str_eq(component("a")->image.familiar, "x:1.10");
	cr_expect_str_eq(component("b")->image.familiar, "x:1.9");
	cr_expect_str_eq(component("c")->image.familiar, "x:1.9");
	cr_expect_str_eq(component("d")->image.familiar, "x:2");
	with_own(VERSIONS, "catalog: [own.bom]\nservices:\n- {type: 'x:7', id: a}\n");
	expect_words(entry_at(&outcome.list, 3, 10), "no version 7 of `x`", "1.10.0");
}

Test(catalogue_files, a_location_and_a_policy_are_used_by_their_names)
{
	static const char text[] = "brooklyn.catalog:\n  items:\n"
				   "  - id: farm\n    itemType: location\n    item: {type: "
				   "'docker:tcp://10.0.0.1:2376', brooklyn.config: "
				   "{address: 10.0.0.9}}\n"
				   "  - id: again\n    itemType: policy\n    item: {type: "
				   "org.apache.brooklyn.policy.ha.ServiceRestarter, brooklyn.config: "
				   "{failOnRecurringFailuresInThisDuration: 9s}}\n";
	with_own(text, "catalog: own.bom\nlocation: farm\nservices:\n- type: docker:x\n  id: a\n"
		       "  brooklyn.policies: [{type: again}]\n");
	good();
	cr_expect_str_eq(component("a")->location->type, "docker");
	cr_expect_str_eq(component("a")->location->target, "tcp://10.0.0.1:2376");
	cr_assert_eq(component("a")->policy_count, 1);
	cr_expect_eq(json_object_size(component("a")->policies[0].config), 1);
	with_own(text, "catalog: own.bom\nservices:\n- {type: again, id: a}\n");
	expect_words(entry_at(&outcome.list, 3, 10), "its kind is policy", "`policies`");
}

Test(catalogue_files, files_may_include_files_but_not_themselves)
{
	with_own(SHOP, "catalog:\n  include: own.bom\nservices:\n- {type: web-server, id: a, "
		       "brooklyn.config: {peer.name: x}}\n");
	good();
	with_own("brooklyn.catalog:\n  items: [own.bom]\n",
		 "catalog: own.bom\nservices:\n- {type: 'docker:x'}\n");
	cr_assert_eq(outcome.list.errors, 1);
	cr_expect(strstr(outcome.list.first->summary, "too many times"));
}

Test(catalogue_files, what_lies_in_its_bundle_is_a_file_beside_it)
{
	static const char *const names[] = {"classpath://own.bom", "classpath:own.bom",
					    "classpath:///own.bom", "classpath://org.acme.bundle:own.bom"};

	for (size_t i = 0; i < 4; i++) {
		char text[200];
		snprintf(text, sizeof text,
			 "catalog: '%s'\nservices:\n- {type: web-server, id: a, brooklyn.config: {peer.name: "
			 "x}}\n",
			 names[i]);
		with_own(SHOP, text);
		good();
	}
	judged("brooklyn.catalog:\n  items:\n  - scanJavaAnnotations: false\n  - {id: a, item: {type: "
	       "'docker:x'}}\n");
}
