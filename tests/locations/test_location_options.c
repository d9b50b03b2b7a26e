/* test_location_options.c - options of this machine, a Docker engine and a Marathon are judged where they are
 * written, and drivers know the same ones. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "tests/support/virtual_world.h"

static struct arena arena;
static struct diagnostics list;
static json_t *holder;

static void begin(void)
{
	holder = json_array();
}

static void end(void)
{
	json_decref(holder);
	diagnostics_release(&list);
	arena_release(&arena);
}

TestSuite(location_options, .init = begin, .fini = end);

static const struct location_spec *read_file(const char *text)
{
	const struct location_spec *specs = NULL;
	size_t count = 0;

	diagnostics_release(&list);
	list = (struct diagnostics){0};
	return location_specs_parse(&arena, holder, "locations.yaml", text, strlen(text), &list, &specs,
				    &count)
		   ? NULL
		   : specs;
}

Test(location_options, all_that_is_wrong_is_told_at_once)
{
	static const struct {
		int line, column;
		const char *words, *remedy;
	} told[] = {
	    {3, 3, "a marathon location has no option `pasword`", "did you mean `password`?"},
	    {4, 3, "a marathon location has no option `containeriser`", "`containerizer`?"},
	    {5, 13, "`patience` must be a duration", NULL},
	    {6, 9, "`user` must be a text, in quotes", NULL},
	    {7, 14, "`tlsVerify` must be true or false", NULL},
	    {8, 10, "`hosts` must be a map", NULL},
	    {9, 10, "`fetch` must be a list", NULL},
	    {10, 18, "`containerizer` must be `docker`", NULL},
	    {11, 20, "a docker location has no option `image`", "the options are host, context"},
	    {11, 30, "a docker location has no option `endpoint`", "did you mean `host`?"},
	    {11, 57, "`ca` must be a path", NULL},
	    {12, 17, "a localhost location has no option `user`", "address, grace, claims"},
	    {12, 33, "`grace` must be a duration", NULL},
	    {12, 47, "`claims` must be the absolute path", NULL},
	};
	const struct diagnostic *at;

	cr_assert_null(read_file("m:\n  type: marathon\n"
				 "  pasword: x\n"
				 "  containeriser: docker\n"
				 "  patience: tomorrow\n"
				 "  user: 12345\n"
				 "  tlsVerify: yes\n"
				 "  hosts: [a]\n"
				 "  fetch: {uri: x}\n"
				 "  containerizer: podman\n"
				 "d: {type: docker,  image: x, endpoint: 'unix:///x', ca: ca.pem}\n"
				 "l: {localhost: {user: x, grace: soon, claims: x}}\n"));
	at = list.first;
	for (size_t i = 0; i < COUNT_OF(told); i++, at = at->next) {
		cr_assert(at, "nothing of line %d", told[i].line);
		cr_expect(at->place.line == told[i].line && at->place.column == told[i].column,
			  "%d:%d: %s, not %d:%d", at->place.line, at->place.column, at->summary, told[i].line,
			  told[i].column);
		cr_expect(strstr(at->summary, told[i].words), "%s", at->summary);
		cr_expect(!told[i].remedy || (at->remedy && strstr(at->remedy, told[i].remedy)), "%s",
			  at->remedy ? at->remedy : "no remedy");
	}
	cr_expect_null(at);
}

Test(location_options, what_is_good_is_taken)
{
	cr_expect(
	    read_file("m: {type: marathon, url: 'http://a:8080', user: me, password: '12345', cpus: 1,\n"
		      "    memory: 512m, disk: 10, patience: 1.5h, tlsVerify: false, ca: ~/ca.pem,\n"
		      "    hosts: {a: 10.0.0.1}, constraints: [[hostname, UNIQUE]], network: host}\n"
		      "s: {type: mesos, url: 'http://a:5050', framework: m, patience: 300}\n"
		      "d: {docker: {host: 'unix:///x', subnets: 10.1.0.0/16, subnetSize: /24}}\n"
		      "l: {localhost: {address: 192.0.2.7, grace: 0, claims: /run/x}}\n"),
	    "%s", list.first ? list.first->summary : "");
}

/* Whether that driver's own reading knows the option, whatever it may be: nobody writes null. */
static bool driver_knows(struct world *world, const char *type, const char *option)
{
	const struct location_driver *driver = location_driver_of(type);
	owned_json options = json_pack("{s:n}", option);
	struct location_spec spec = {.name = "here", .type = type, .target = "", .options = options};
	struct location location = {.driver = driver,
				    .world = world,
				    .name = "here",
				    .spec = &spec,
				    .state_directory = "/nonexistent",
				    .helper = ""};
	struct error err = {0};

	cr_assert_neq(driver->open(&location, &err), 0, "%s", option);
	driver->close(&location);
	return !strstr(err.text, "has no option");
}

Test(location_options, drivers_know_what_is_taken)
{
	static const char *const types[] = {"localhost", "docker", "marathon", "mesos"};
	struct world *world = virtual_world_new(1);
	size_t known = 0;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		owned_text text = {0};
		text_format(&text, "a: {type: %s, nothingOfThat: 1}\n", types[i]);
		cr_assert_null(read_file(text_view(&text)));
		owned_memory char *names = strdup(strstr(list.first->remedy, "are ") + 4);
		for (char *rest = names, *name; (name = strsep(&rest, ", "));)
			if (*name) {
				known++;
				cr_expect(driver_knows(world, types[i], name), "%s has no `%s`", types[i],
					  name);
			}
		cr_expect_not(driver_knows(world, types[i], "nothingOfThat"));
	}
	cr_expect_eq(known, 3 + 10 + 2 * 23);
	virtual_world_free(world);
}
