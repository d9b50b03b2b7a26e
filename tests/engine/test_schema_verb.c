/* test_schema_verb.c - `schema` knows every key, says what each is for, and agrees with the parser on words.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/keys.h"
#include "blueprints/shapes.h"
#include "blueprints/top_keys.h"
#include "tests/engine/scene.h"

static struct scene scene;
static json_t *schema;

static void raise_curtain(void)
{
	struct berth_request request = {.size = sizeof request};
	scene_open(&scene);
	cr_assert_eq(scene_request(&scene, berth_schema, &request, &schema), BERTH_OK);
	cr_assert_not_null(schema);
}

static void drop_curtain(void)
{
	json_decref(schema);
	scene_close(&scene);
}

TestSuite(schema_verb, .init = raise_curtain, .fini = drop_curtain);

static const json_t *definition(const char *name)
{
	return json_object_get(json_object_get(schema, "definitions"), name);
}

static const json_t *property_of(const char *kind, const char *key)
{
	return json_object_get(json_object_get(definition(kind), "properties"), key);
}

/* That every reference leads somewhere. */
static void follow(const json_t *of)
{
	const char *to = json_text(of, "$ref"), *key;
	const json_t *member;
	size_t i;
	if (to) {
		cr_assert(starts_with(to, "#/definitions/"), "%s", to);
		cr_assert_not_null(definition(to + strlen("#/definitions/")), "nothing is at %s", to);
	}
	json_array_foreach (of, i, member)
		follow(member);
	json_object_foreach ((json_t *)of, key, member)
		follow(member);
}

Test(schema_verb, every_reference_leads_somewhere)
{
	cr_assert_eq(json_object_size(json_object_get(schema, "definitions")), shape_count + 10);
	follow(schema);
}

Test(schema_verb, every_spelling_of_a_key_stands_where_the_parser_takes_it)
{
	static const struct {
		const char *definition;
		unsigned kind;
	} kinds[] = {{"dockerComponent", ON_DOCKER},
		     {"processComponent", ON_PROCESS},
		     {"externalComponent", ON_EXTERNAL},
		     {"clusterComponent", ON_CLUSTER},
		     {"balancerComponent", ON_BALANCER}};
	size_t count;
	const struct key_name *names = key_names(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < COUNT_OF(kinds); k++) {
			const json_t *property = property_of(kinds[k].definition, names[i].name);
			bool takes =
			    names[i].key != KEY_LATER && (key_rules[names[i].key].kinds & kinds[k].kind);
			cr_expect_eq(property != NULL, takes, "`%s` of %s", names[i].name,
				     kinds[k].definition);
			if (takes)
				cr_expect_str_eq(json_text(property, "description"),
						 key_rules[names[i].key].summary);
		}
	cr_assert(json_is_false(json_object_get(definition("dockerComponent"), "additionalProperties")));
}

Test(schema_verb, the_applications_own_keys_are_those_that_are_read)
{
	const json_t *properties = json_object_get(schema, "properties");
	for (size_t i = 0; i < top_key_count; i++)
		cr_expect_eq(json_object_get(properties, top_keys[i].name) != NULL,
			     top_keys[i].what != TOP_LATER, "`%s`", top_keys[i].name);
	cr_assert(json_is_false(json_object_get(schema, "additionalProperties")));
}

Test(schema_verb, the_configuration_refuses_only_what_is_for_later)
{
	const json_t *properties = json_object_get(definition("componentConfig"), "properties");
	cr_assert(json_is_false(json_object_get(properties, "docker.useSsh")));
	cr_assert(json_is_object(json_object_get(properties, "docker.container.openPorts")));
	cr_assert_null(json_object_get(properties, "restart"));
	cr_assert_null(json_object_get(definition("componentConfig"), "additionalProperties"));
}

Test(schema_verb, ports_are_named_by_processes_and_listed_by_what_is_external)
{
	const json_t *process = property_of("processComponent", "ports");
	const json_t *external = property_of("externalComponent", "ports");
	cr_assert_str_eq(json_text(json_array_get(json_object_get(process, "allOf"), 0), "$ref"),
			 "#/definitions/namedPorts");
	cr_assert_str_eq(json_text(json_array_get(json_object_get(external, "allOf"), 0), "$ref"),
			 "#/definitions/externalPorts");
}

Test(schema_verb, its_words_are_the_parsers)
{
	static const char *const keys[] = {"restart", "update", "pull", "linkAddress"};
	for (size_t k = 0; k < COUNT_OF(keys); k++) {
		const json_t *words =
		    json_object_get(json_array_get(json_object_get(definition(keys[k]), "anyOf"), 0), "enum");
		const json_t *word;
		size_t i;
		cr_assert_gt(json_array_size(words), 1, "%s", keys[k]);
		json_array_foreach (words, i, word) {
			owned_text blueprint = {0};
			owned_json answer = NULL;
			text_format(&blueprint, "location: fake\nservices:\n- {type: 'docker:x', %s: %s}\n",
				    keys[k], json_string_value(word));
			cr_expect_eq(scene_run(&scene, berth_validate, text_view(&blueprint), &answer),
				     BERTH_OK, "%s", text_view(&blueprint));
		}
	}
}
