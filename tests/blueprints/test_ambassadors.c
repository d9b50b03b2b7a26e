/* test_ambassadors.c - stand-ins: who gets one, what it is, and what becomes of the links to whom it stands
 * for. */
#include "parse.h"

#include "base/cleanup.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(ambassadors, .fini = close_all);

static const char *types(void *context, const char *name)
{
	(void)context;
	return strstr(name, "docker")  ? "docker"
	       : strstr(name, "mesos") ? "marathon"
	       : strstr(name, "host")  ? "localhost"
	       : strstr(name, "pool")  ? "byon"
				       : NULL;
}

static void take(const char *services)
{
	char text[4096];
	const struct blueprint_options options = {.file = "dir/b.yaml",
						  .directory = "/base",
						  .environment = test_environment,
						  .location_type = types};

	close_outcome(&outcome);
	outcome = (struct outcome){0};
	snprintf(text, sizeof(text), "id: app\nservices:\n%s", services);
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	cr_assert_not_null(outcome.blueprint, "%s",
			   outcome.list.first ? outcome.list.first->summary : "no memory");
}

static const struct component_spec *component(const char *id)
{
	for (size_t i = 0; i < outcome.blueprint->component_count; i++)
		if (!strcmp(outcome.blueprint->components[i].id, id))
			return &outcome.blueprint->components[i];
	return NULL;
}

static const char *linked(const char *id, size_t link)
{
	return outcome.blueprint->components[component(id)->links[link].component].id;
}

#define REDIS "- {type: 'docker:redis:3', id: redis, location: my-docker-cloud, openPorts: 6379}\n"
#define DNMONSTER                                                                                            \
	"- {type: 'docker:dnmonster', id: dnmonster, location: my-mesos-cluster, openPorts: [8080, "         \
	"53/udp]}\n"
#define IDENTIDOCK(location)                                                                                 \
	"- {type: 'docker:identidock', id: identidock, location: " location                                  \
	", links: {redis: $brooklyn:component(\"redis\"), monster: $brooklyn:component(\"dnmonster\")}}\n"

Test(ambassadors, a_container_linked_to_one_of_marathon_is_linked_to_its_stand_in)
{
	take(REDIS DNMONSTER IDENTIDOCK("my-docker-cloud"));
	cr_assert_eq(outcome.blueprint->component_count, 4);
	cr_expect_str_eq(linked("identidock", 0), "redis");
	cr_expect_str_eq(linked("identidock", 1), "dnmonster-for-my-docker-cloud");
	cr_expect_str_eq(component("identidock")->links[1].alias, "monster");
}

Test(ambassadors, a_stand_in_listens_where_the_provider_would_and_follows_it_without_a_restart)
{
	take(REDIS DNMONSTER IDENTIDOCK("my-docker-cloud"));
	const struct component_spec *spec = component("dnmonster-for-my-docker-cloud");
	cr_assert_not_null(spec);
	cr_expect_str_eq(spec->location->name, "my-docker-cloud");
	cr_expect_str_eq(spec->image.familiar, HELPER_IMAGE);
	cr_assert_eq(spec->open_port_count, 1, "its UDP port is not passed on");
	cr_expect_eq(spec->open_ports[0].port, 8080);
	cr_assert_not_null(spec->balancer);
	cr_expect_eq(spec->balancer->proxy, PROXY_RELAY);
	cr_expect_eq(spec->on_change->kind, ON_CHANGE_COMMAND);
	cr_expect_str_eq(linked("dnmonster-for-my-docker-cloud", 0), "dnmonster");
	cr_expect(spec->links[0].peer, "it is there before the provider, and takes connections when that is");
}

Test(ambassadors, who_is_linked_to_a_stand_in_waits_for_the_provider_as_before)
{
	take(REDIS DNMONSTER IDENTIDOCK("my-docker-cloud"));
	const struct component_spec *spec = component("identidock");
	cr_assert_eq(spec->depends_on_count, 1);
	cr_expect_str_eq(outcome.blueprint->components[spec->depends_on[0].component].id, "dnmonster");
	cr_expect_eq(spec->depends_on[0].need, NEED_READY);
}

Test(ambassadors, consumers_at_one_place_share_one_and_those_elsewhere_have_their_own)
{
	take(REDIS DNMONSTER IDENTIDOCK(
	    "my-docker-cloud") "- {type: 'docker:x', id: second, location: my-docker-cloud, links: "
			       "[$brooklyn:component(\"dnmonster\")]}\n"
			       "- {type: 'docker:x', id: third, location: docker-two, links: "
			       "[$brooklyn:component(\"dnmonster\")]}\n");
	cr_assert_eq(outcome.blueprint->component_count, 7);
	cr_expect_str_eq(linked("second", 0), "dnmonster-for-my-docker-cloud");
	cr_expect_str_eq(linked("third", 0), "dnmonster-for-docker-two");
}

Test(ambassadors, nobody_needs_one_on_marathon_itself_nor_where_the_link_is_direct)
{
	take(REDIS DNMONSTER IDENTIDOCK("my-mesos-cluster"));
	cr_expect_eq(outcome.blueprint->component_count, 3);
	take(REDIS "- {type: 'docker:dnmonster', id: dnmonster, location: my-mesos-cluster, openPorts: 8080, "
		   "link: direct}\n" IDENTIDOCK("my-docker-cloud"));
	cr_expect_eq(outcome.blueprint->component_count, 3);
	cr_expect_str_eq(linked("identidock", 1), "dnmonster");
}

Test(ambassadors, one_can_be_asked_for_wherever_the_provider_is)
{
	take("- {type: process, id: back, location: localhost, link: ambassador, ports: {http: 8080, admin: "
	     "auto}, command: x}\n"
	     "- {type: 'docker:x', id: front, location: my-docker-cloud, links: "
	     "[$brooklyn:component(\"back\")]}\n"
	     "- {type: process, id: beside, location: localhost, links: [$brooklyn:component(\"back\")], "
	     "command: x}\n");
	cr_assert_eq(outcome.blueprint->component_count, 4);
	cr_expect_str_eq(linked("front", 0), "back-for-my-docker-cloud");
	cr_expect_str_eq(linked("beside", 0), "back");
	const struct component_spec *spec = component("back-for-my-docker-cloud");
	cr_assert_eq(spec->open_port_count, 1, "a port of any number has none that consumers know");
	cr_expect_eq(spec->open_ports[0].port, 8080);
}

Test(ambassadors, beside_processes_it_is_a_process)
{
	take(DNMONSTER "- {type: process, id: front, location: this-host, command: x, links: "
		       "[$brooklyn:component(\"dnmonster\")]}\n"
		       "- {type: process, id: far, location: 'ssh:root@10.0.0.9', command: x, links: "
		       "[$brooklyn:component(\"dnmonster\")]}\n");
	cr_assert_eq(outcome.blueprint->component_count, 5);
	cr_expect_str_eq(linked("front", 0), "dnmonster-for-this-host");
	cr_expect_str_eq(linked("far", 0), "dnmonster-for-ssh");
	const struct component_spec *spec = component("dnmonster-for-this-host");
	cr_expect_eq(spec->kind, COMPONENT_PROCESS);
	cr_assert_eq(spec->named_port_count, 1);
	cr_expect_eq(spec->named_ports[0].first, 8080);
	cr_expect_eq(spec->open_port_count, 0);
	cr_expect_eq(spec->on_change->kind, ON_CHANGE_SIGNAL);
	cr_expect_str_eq(spec->files[0].path, "relay", "where it works");
}

Test(ambassadors, several_of_them_have_the_same_number_at_one_place)
{
	take(DNMONSTER "- {type: 'docker:x', id: other, location: my-mesos-cluster, openPorts: 8080}\n"
		       "- {type: process, id: front, location: this-host, command: x, links: "
		       "[$brooklyn:component(\"dnmonster\"), $brooklyn:component(\"other\")]}\n");
	cr_expect_eq(outcome.blueprint->component_count, 5);
}

Test(ambassadors, who_asks_for_one_where_there_can_be_none_is_told_so)
{
	static const char *const where[][2] = {
	    {"'marathon:http://10.0.0.1:8080'", "Marathon would move"},
	    {"'mesos:http://10.0.0.1:5050'", "Marathon would move"},
	    {"{byon: {hosts: [10.0.0.1]}}", "which machine"},
	};

	for (size_t i = 0; i < COUNT_OF(where); i++) {
		char text[1024];
		snprintf(
		    text, sizeof(text),
		    "services:\n- type: docker:x\n  id: back\n  location: docker-two\n  link: ambassador\n"
		    "  openPorts: 80\n- {type: '%s', id: front, location: %s, links: "
		    "[$brooklyn:component(\"back\")], command: x}\n",
		    i == 2 ? "process" : "docker:x", where[i][0]);
		const struct blueprint_options options = {.file = "b.yaml",
							  .directory = "/",
							  .environment = test_environment,
							  .location_type = types};
		close_outcome(&outcome);
		outcome = (struct outcome){0};
		outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
		cr_assert_null(outcome.blueprint);
		expect_words(entry_at(&outcome.list, 5, 3), where[i][1], "link: direct");
	}
}

Test(ambassadors, a_process_linked_to_a_container_has_its_published_number_unless_it_asks)
{
	take("- {type: 'docker:x', id: back, location: my-docker-cloud, openPorts: 80}\n"
	     "- {type: process, id: front, location: this-host, command: x, links: "
	     "[$brooklyn:component(\"back\")]}\n");
	cr_expect_str_eq(linked("front", 0), "back");
	take("- {type: 'docker:x', id: back, location: my-docker-cloud, openPorts: 80, link: ambassador}\n"
	     "- {type: process, id: front, location: this-host, command: x, links: "
	     "[$brooklyn:component(\"back\")]}\n");
	cr_expect_str_eq(linked("front", 0), "back-for-this-host");
}

Test(ambassadors, a_cluster_can_have_one_too)
{
	take("- type: cluster\n  id: web\n  location: docker-two\n  link: ambassador\n  initialSize: 2\n"
	     "  memberSpec: {type: 'docker:x', openPorts: 80}\n"
	     "- {type: 'docker:x', id: front, location: my-docker-cloud, links: "
	     "[$brooklyn:component(\"web\")]}\n");
	cr_assert_eq(outcome.blueprint->component_count, 3);
	cr_expect_str_eq(linked("front", 0), "web-for-my-docker-cloud");
	cr_expect_str_eq(linked("web-for-my-docker-cloud", 0), "web");
}

Test(ambassadors, a_link_without_waiting_stays_one)
{
	take(DNMONSTER "- type: docker:x\n  id: x\n  location: my-docker-cloud\n"
		       "  links: {d: {component: $brooklyn:component(\"dnmonster\"), wait: false}}\n");
	cr_expect_str_eq(linked("x", 0), "dnmonster-for-my-docker-cloud");
	cr_expect_eq(component("x")->depends_on_count, 0);
}

Test(ambassadors, an_id_that_would_be_too_long_is_cut_and_stays_its_own)
{
	take("- {type: 'docker:x', id: "
	     "a-provider-whose-name-is-nearly-as-long-as-a-name-can-be-at-all"
	     ", location: my-mesos-cluster, openPorts: 80}\n"
	     "- {type: 'docker:x', id: front, location: my-docker-cloud, links: "
	     "[$brooklyn:component(\"a-provider-whose-name-is-nearly-as-long-as-a-name-can-be-at-all\")]}\n");
	cr_assert_eq(outcome.blueprint->component_count, 3);
	cr_expect_eq(strlen(linked("front", 0)), 63);
}

Test(ambassadors, one_that_is_asked_for_needs_a_port_that_consumers_know)
{
	outcome = parse(
	    "services:\n- type: process\n  id: x\n  link: ambassador\n  ports: {http: auto}\n  command: x\n");
	expect_words(entry_at(&outcome.list, 4, 3), "`x` has no TCP port of a number of its own",
		     "openPorts");
}

Test(ambassadors, links_written_as_link_are_told_of)
{
	outcome = parse("services:\n- type: docker:x\n  link: [$brooklyn:component(\"y\")]\n");
	expect_words(entry_at(&outcome.list, 3, 9), "`link` takes direct or ambassador, not a list", "links");
}

Test(ambassadors, a_component_that_has_its_name_is_told_of)
{
	const struct blueprint_options options = {
	    .file = "b.yaml", .directory = "/", .environment = test_environment, .location_type = types};
	static const char text[] =
	    "services:\n" DNMONSTER
	    "- {type: 'docker:x', id: dnmonster-for-my-docker-cloud, location: my-docker-cloud}\n"
	    "- {type: 'docker:x', id: x, location: my-docker-cloud, links: "
	    "[$brooklyn:component(\"dnmonster\")]}\n";

	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	cr_assert_null(outcome.blueprint);
	expect_words(outcome.list.first, "two components have the id `dnmonster-for-my-docker-cloud`", NULL);
}
