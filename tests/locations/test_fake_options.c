/* test_fake_options.c - what a fake location can be told, and where its instances are attached. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/conformance/fake_subject.h"

static struct location location;
static struct error error;
static struct arena arena;

static void set_up(void)
{
	fake_set_up();
}

static void take_down(void)
{
	location.driver->close(&location);
	arena_release(&arena);
	fake_take_down();
}

TestSuite(fake_options, .init = set_up, .fini = take_down);

static const struct capabilities *opened(const char *options)
{
	cr_assert(fake_subject.open(&fake_subject, &location, options, &error) == 0, "%s", error.text);
	return &location.driver->capabilities;
}

static void refused(const char *options, const char *words, const char *remedy)
{
	cr_assert(fake_subject.open(&fake_subject, &location, options, &error) == -1, "%s", options);
	cr_assert(error.code == ERR_INVALID, "%s", error.text);
	cr_assert(strstr(error.text, words), "%s", error.text);
	cr_assert(strstr(error.remedy, remedy), "%s", error.remedy);
	cr_assert_null(location.state);
}

Test(fake_options, capabilities_are_docker_like_by_default)
{
	const struct capabilities *can = opened("{}");

	cr_assert(can->grain == GRAIN_INSTANCE && can->names_unique && can->host_names && can->mapped_ports);
	cr_assert(can->kinds & 1u << COMPONENT_PROCESS && can->kinds & 1u << COMPONENT_DOCKER);
	cr_assert(can->generations && can->limits_in_place && can->restart_in_place);
}

Test(fake_options, options_set_the_capabilities)
{
	const struct capabilities *can = opened(
	    "{\"grain\": \"component\", \"hostNames\": false, \"namesUnique\": false, \"mappedPorts\": false,"
	    "\"generations\": false, \"limitsInPlace\": false, \"restartInPlace\": false,"
	    "\"callsInFlight\": \"3\", \"delay\": 5}");

	cr_assert(can->grain == GRAIN_COMPONENT && !can->names_unique && !can->host_names &&
		  !can->mapped_ports);
	cr_assert(!can->generations && !can->limits_in_place && !can->restart_in_place);
	cr_assert(can->calls_in_flight == 3);
}

Test(fake_options, capabilities_are_each_locations_own)
{
	struct location other;

	opened("{\"callsInFlight\": 3}");
	cr_assert(fake_subject.open(&fake_subject, &other, "{\"callsInFlight\": 4}", &error) == 0);
	cr_assert(location.driver->capabilities.calls_in_flight == 3);
	cr_assert(other.driver->capabilities.calls_in_flight == 4);
	other.driver->close(&other);
	cr_assert(other.driver == &fake_driver && !other.state);
	other.driver->close(&other);
}

Test(fake_options, target_gives_the_capabilities_and_options_correct_them)
{
	fake_target_capabilities(fake_bed, &(struct capabilities){.calls_in_flight = 1, .host_names = true});
	const struct capabilities *can = opened("{\"hostNames\": false}");
	cr_assert(can->calls_in_flight == 1 && !can->host_names && !can->mapped_ports);
}

Test(fake_options, profile_nova_takes_any_number_of_things_of_one_name)
{
	const struct capabilities *can = opened("{\"profile\": \"nova\", \"restartInPlace\": true}");

	cr_assert(can->grain == GRAIN_INSTANCE && !can->names_unique && !can->limits_in_place);
	cr_assert(can->restart_in_place, "the location's own word holds");
}

Test(fake_options, profile_marathon_keeps_the_tasks_itself)
{
	const struct capabilities *can = opened("{\"profile\": \"marathon\"}");

	cr_assert(can->grain == GRAIN_COMPONENT && can->names_unique && !can->generations);
	cr_assert(!can->host_names && !can->limits_in_place && !(can->kinds & 1u << COMPONENT_PROCESS));
}

Test(fake_options, wrong_ones_are_refused)
{
	refused("{\"profile\": \"docker\"}", "`profile` must be `nova` or `marathon`", "");
	refused("{\"patience\": 0}", "`patience` must be", "");
	refused("{\"hostnames\": true}", "hostnames", "did you mean `hostNames`?");
	refused("{\"colour\": true}", "colour", "known options:");
	refused("{\"hostNames\": 1}", "`hostNames` must be true or false", "");
	refused("{\"grain\": \"sand\"}", "`grain` must be `instance` or `component`", "");
	refused("{\"delay\": -1}", "`delay` must be", "");
	refused("{\"delay\": \"soon\"}", "`delay` must be", "");
	refused("{\"callsInFlight\": 0}", "`callsInFlight` must be", "");
	refused("{\"target\": 5}", "`target` must be", "");
	refused("{\"address\": \"\"}", "`address` must be", "");
}

Test(fake_options, pinned_address_is_foreseen)
{
	const struct instance_spec spec = {
	    .app = "talk", .component = "web", .name = "talk.web.1", .pinned_address = "10.0.0.9"};
	const struct attachment *list;
	size_t count;

	opened("{}");
	cr_assert(location.driver->foresee(&location, &spec, &arena, &list, &count, &error) == 0);
	cr_assert(count == 1);
	cr_assert_str_eq(list[0].address, "10.0.0.9");
}

static bool never(void *owner)
{
	(void)owner;
	return false;
}

static void ignore(struct errand *errand)
{
	(void)errand;
}

Test(fake_options, unregistered_target_is_the_locations_own)
{
	const struct prepare_request request = {.app = "talk"};
	struct errand errand = {.wake = ignore};

	opened("{\"target\": \"elsewhere\", \"delay\": 100}");
	cr_assert(location.driver->prepare(&location, &errand, &request, &error) == PROGRESS_WAITING);
	fake_subject.pump(&fake_subject, never, NULL, 99);
	cr_assert(location.driver->prepare(&location, &errand, &request, &error) == PROGRESS_WAITING);
	fake_subject.pump(&fake_subject, never, NULL, 1);
	cr_assert(location.driver->prepare(&location, &errand, &request, &error) == PROGRESS_DONE);
	cr_assert(fake_target_calls(fake_bed, FAKE_PREPARE) == 0, "it went to the registered one");
}

/* --- attachments --- */

static const struct attachment *foreseen(const struct spec_port *ports, size_t port_count, size_t wanted)
{
	const struct instance_spec spec = {
	    .app = "talk",
	    .component = "web",
	    .ordinal = 1,
	    .name = "talk.web.1",
	    .shared_name = "talk.web",
	    .ports = ports,
	    .port_count = port_count,
	};
	const struct attachment *list;
	size_t count;

	cr_assert(location.driver->foresee(&location, &spec, &arena, &list, &count, &error) == 0, "%s",
		  error.text);
	cr_assert(count == wanted, "%zu attachments", count);
	return list;
}

Test(fake_options, network_is_foreseen_by_name)
{
	const struct spec_port ports[] = {{.port = 80}, {.port = 53, .protocol = UDP}};

	opened("{}");
	const struct attachment *list = foreseen(ports, 2, 1);
	cr_assert_str_eq(list[0].network, "fake:bed/talk");
	cr_assert_str_eq(list[0].name, "talk.web");
	cr_assert_null(list[0].address);
	cr_assert(list[0].port_count == 2 && list[0].ports[0].number == 80);
	cr_assert(list[0].ports[1].number == 53 && list[0].ports[1].protocol == UDP);
}

Test(fake_options, without_host_names_there_is_no_name)
{
	opened("{\"hostNames\": false}");
	cr_assert_null(foreseen(NULL, 0, 1)[0].name);
}

Test(fake_options, published_ports_are_foreseen_where_they_are_bound)
{
	const struct spec_port ports[] = {
	    {.port = 80, .published = true, .host_address = "0.0.0.0", .host_port = 8080},
	    {.port = 81, .published = true, .host_address = "198.51.100.7", .host_port = 8081},
	    {.port = 82, .published = true, .host_address = "127.0.0.1", .host_port = 8082},
	    {.port = 83, .published = true, .host_address = "198.51.100.7"},
	};
	char address[32];

	opened("{\"address\": \"198.51.100.7\"}");
	const struct attachment *list = foreseen(ports, 4, 3);
	cr_assert_str_eq(list[1].network, "");
	cr_assert_str_eq(list[1].address, "198.51.100.7");
	cr_assert(list[1].port_count == 3 && list[1].ports[0].number == 8080 && list[1].ports[2].number == 0);
	cr_assert_str_eq(list[2].address, "127.0.0.1");
	cr_assert_str_eq(list[2].network, "fake:bed", "nobody outside can route to loopback");
	cr_assert(location.driver->publish_address(&location, address, sizeof(address), &error) == 0);
	cr_assert_str_eq(address, "198.51.100.7");
}

Test(fake_options, unmapped_ports_keep_their_number)
{
	struct spec_port port = {
	    .port = 80, .published = true, .host_address = "192.0.2.10", .host_port = 8080};
	const struct instance_spec spec = {.kind = COMPONENT_DOCKER, .ports = &port, .port_count = 1};

	opened("{\"mappedPorts\": false}");
	cr_assert(location.driver->check(&location, &spec, &error) == -1);
	cr_assert(error.code == ERR_UNSUPPORTED);
	port.host_port = 80;
	cr_assert(location.driver->check(&location, &spec, &error) == 0);
}

Test(fake_options, names_that_are_not_unique_have_no_strangers_in_the_way)
{
	const struct prepare_request request = {.app = "talk"};
	struct instance_spec spec = {
	    .app = "talk", .component = "web", .ordinal = 1, .name = "talk.web.1", .kind = COMPONENT_PROCESS};
	struct errand errand = {.wake = ignore};
	const char *note;

	opened("{\"namesUnique\": false}");
	cr_assert(fake_target_stranger(fake_bed, "talk.web.1") == 0);
	location.driver->prepare(&location, &errand, &request, &error);
	fake_subject.pump(&fake_subject, never, NULL, 1);
	cr_assert(location.driver->prepare(&location, &errand, &request, &error) == PROGRESS_DONE);
	location.driver->place(&location, &errand, &spec, &note, &error);
	fake_subject.pump(&fake_subject, never, NULL, 1);
	cr_assert(location.driver->place(&location, &errand, &spec, &note, &error) == PROGRESS_DONE, "%s",
		  error.text);
	cr_assert_null(fake_target_find(fake_bed, "talk.web.1")->image_id);
	cr_assert_str_eq(fake_target_find(fake_bed, "talk.web.1")->type, "process");
}
