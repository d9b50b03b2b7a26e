/* test_links.c - links and dependsOn in every form, and circles of them. */
#include "parse.h"

#define TWO                                                                                                  \
	"services:\n"                                                                                        \
	"- {type: 'docker:x', id: Redis, openPorts: 6379}\n"                                                 \
	"- type: docker:y\n"                                                                                 \
	"  id: web\n"

static struct outcome outcome;
static const struct component_spec *web;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(links, .fini = close_all);

static void take(const char *text)
{
	close_outcome(&outcome);
	outcome = accepted(text);
	web = &outcome.blueprint->components[1];
}

Test(links, a_list_is_named_after_its_targets)
{
	static const char *const forms[] = {TWO "  links:\n  - $brooklyn:component(\"Redis\")\n",
					    TWO "  links: $brooklyn:entity(\"redis\")\n",
					    TWO "  links: [{$berth:component: redis}]\n",
					    TWO "  docker.container.links: ['$berth:sibling(\"redis\")']\n",
					    TWO "  links: ['$brooklyn:component(\"global\", \"redis\")']\n"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		take(forms[i]);
		cr_assert_eq(web->link_count, 1, "%s", forms[i]);
		cr_assert_str_eq(web->links[0].alias, "Redis");
		cr_assert_eq(web->links[0].component, 0);
	}
}

Test(links, a_map_gives_aliases)
{
	take(TWO "  links:\n    db: $brooklyn:component(\"Redis\")\n    cache: {component: "
		 "'$brooklyn:component(\"Redis\")', wait: true}\n");
	cr_assert_eq(web->link_count, 2);
	cr_assert_str_eq(web->links[0].alias, "db");
	cr_assert_str_eq(web->links[1].alias, "cache");
	cr_assert_eq(web->links[0].place.line, 6);
}

Test(links, wrong_links_are_refused)
{
	refused(TWO "  links:\n  - $brooklyn:component(\"Reddis\")\n", 6, 25,
		"no component has the id `Reddis`", "`Redis`");
	refused(TWO "  links: [redis]\n", 5, 11, "named by an expression", "$brooklyn:component(\"redis\")");
	refused(TWO "  links: ['$brooklyn:literal(\"redis\")']\n", 5, 22, "a component should be named here",
		NULL);
	refused(TWO "  links: ['$brooklyn:parent()']\n", 5, 22, "no component of its own", NULL);
	refused(TWO "  links: {'a b': '$brooklyn:component(\"redis\")'}\n", 5, 11, "no host name", NULL);
	refused(TWO "  links: {a: {component: '$brooklyn:component(\"redis\")', wait: never}}\n", 5, 64,
		"`wait` is true or false, not `never`", NULL);
	refused(TWO "  links: {a: {wait: true}}\n", 5, 14, "names no component", NULL);
	refused(TWO "  links: {a: {compnent: x, component: '$brooklyn:component(\"redis\")'}}\n", 5, 15,
		"unknown key `compnent`", "`component`");
	refused(TWO "  links: ['$brooklyn:component(\"redis\")', '$brooklyn:component(\"redis\")']\n", 5, 43,
		"two links have the alias `Redis`", NULL);
	refused(TWO "  links: ['$brooklyn:component(\"cousin\", \"redis\")']\n", 5, 32, "this scope", NULL);
}

Test(links, depends_on_takes_ids_and_conditions)
{
	take(TWO "  dependsOn: [redis]\n");
	cr_assert_eq(web->depends_on_count, 1);
	cr_assert_null(web->depends_on[0].alias);
	cr_assert_eq(web->depends_on[0].need, NEED_READY);
	take(TWO "  dependsOn: {redis: started}\n");
	cr_assert_eq(web->depends_on[0].need, NEED_STARTED);
	take(TWO "  dependsOn: $brooklyn:component(\"redis\")\n");
	cr_assert_eq(web->depends_on[0].component, 0);
	refused(TWO "  dependsOn: [nope]\n", 5, 15, "no component has the id `nope`", NULL);
	refused(TWO "  dependsOn: {redis: finished}\n", 5, 22, "`Redis` is no job", "`job: true`");
	refused(TWO "  dependsOn: {redis: healthy}\n", 5, 22, "cannot be `healthy`",
		"ready, started or finished");
	refused(TWO "  dependsOn: {redis: redy}\n", 5, 22, "cannot be `redy`", "`ready`");
}

Test(links, circles_show_their_whole_path)
{
	refused("services:\n- {type: 'docker:x', id: p,\n   links: ['$brooklyn:component(\"q\")']}\n"
		"- {type: 'docker:x', id: q,\n   dependsOn: [r]}\n"
		"- {type: 'docker:x', id: r, openPorts: 80,\n   env: {A: '$berth:address(\"p\")'}}\n",
		3, 12, "p -> q (dir/b.yaml:3) -> r (dir/b.yaml:5) -> p (dir/b.yaml:7)", "take one");
	refused(TWO "  links: ['$brooklyn:component(\"web\")']\n", 5, 11, "web -> web (dir/b.yaml:5)", NULL);
	refused(TWO "  env: {A: '$brooklyn:attributeWhenReady(\"service.isUp\")'}\n", 5, 23, "web -> web",
		NULL);
}

#define PEERS                                                                                                \
	"services:\n- {type: 'docker:x', id: a, links: {b: {component: '$brooklyn:component(\"b\")', wait: " \
	"false}}}\n"

Test(links, peers_are_wired_and_may_form_circles)
{
	take(PEERS "- {type: 'docker:x', id: b, links: ['$brooklyn:component(\"a\")']}\n");
	cr_assert(outcome.blueprint->components[0].links[0].peer);
	cr_assert_str_eq(outcome.blueprint->components[0].links[0].alias, "b");
	cr_assert_not(outcome.blueprint->components[1].links[0].peer);
	take(PEERS "- {type: 'docker:x', id: b, links: {a: {component: '$brooklyn:component(\"a\")', wait: "
		   "false}}}\n");
	take("services:\n- {type: 'docker:x', id: a, links: {me: {component: '$brooklyn:component(\"a\")', "
	     "wait: "
	     "false}}}\n");
}

Test(links, a_peer_that_is_waited_for_elsewhere_is_still_a_circle)
{
	refused(PEERS "- {type: 'docker:x', id: b, links: ['$brooklyn:component(\"a\")']}\n"
		      "- {type: 'docker:x', id: c, dependsOn: [c]}\n",
		4, 41, "c -> c", NULL);
	refused(
	    "services:\n- {type: 'docker:x', id: a, openPorts: 1, env: {B: '$berth:address(\"b\")'}, links: "
	    "{b: {component: '$brooklyn:component(\"b\")', wait: false}}}\n"
	    "- {type: 'docker:x', id: b, links: ['$brooklyn:component(\"a\")']}\n",
	    2, 60, "a -> b (dir/b.yaml:2) -> a (dir/b.yaml:3)", "take one");
}

#define JOB "services:\n- type: docker:redis\n  id: seed\n  job: true\n- type: docker:x\n  id: web\n"

Test(links, of_a_job_its_end_is_waited_for)
{
	outcome = accepted(JOB "  links: {s: '$brooklyn:component(\"seed\")'}\n  dependsOn: [seed]\n");
	web = &outcome.blueprint->components[1];
	cr_assert_eq(web->links[0].need, NEED_FINISHED);
	cr_assert_eq(web->depends_on[0].need, NEED_FINISHED);
	close_outcome(&outcome);
	outcome = accepted(JOB "  dependsOn: {seed: finished}\n");
	cr_assert_eq(outcome.blueprint->components[1].depends_on[0].need, NEED_FINISHED);
	close_outcome(&outcome);
	outcome = accepted(JOB "  dependsOn: {seed: started}\n  env: {A: "
			       "'$brooklyn:component(\"seed\").attributeWhenReady(\"service.isUp\")'}\n");
	cr_assert_eq(outcome.blueprint->components[1].depends_on[0].need, NEED_STARTED);
	refused("services:\n- {type: external, id: db, address: x, ports: 1}\n"
		"- {type: 'docker:x', id: web, dependsOn: {db: finished}}\n",
		3, 47, "`db` is no job", "write ready");
}

Test(links, a_job_has_no_address_for_others)
{
	refused(JOB "  env: {A: '$berth:address(\"seed\")'}\n", 7, 20, "it has ended before", "finished");
	refused(JOB "  env: {A: '$brooklyn:component(\"seed\").attributeWhenReady(\"host.name\")'}\n", 7, 41,
		"it has ended before", NULL);
	outcome = accepted(JOB "  links: {s: {component: '$brooklyn:component(\"seed\")', wait: false}}\n");
	expect_words(entry_at(&outcome.list, 7, 11), "only says what comes first", "`wait: false`");
}

Test(links, own_address_is_no_circle)
{
	take(TWO "  env: {A: '$brooklyn:attributeWhenReady(\"host.name\")'}\n");
	cr_assert_eq(web->environment[0].value.component, 1);
}

Test(links, a_faulty_target_does_not_cascade)
{
	refused("services:\n- {type: nonsense, id: a}\n- {type: 'docker:x', id: b, links: "
		"['$brooklyn:component(\"a\")'], "
		"env: {P: '$berth:port(\"a\", 80)'}}\n",
		2, 10, "unknown type", NULL);
}
