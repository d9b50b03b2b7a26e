/* test_marathon_bodies.c - what is written of each kind of instance for each version of Marathon: in the form
 * of that version, here; as that version published it, by tests/contract/marathon-bodies. */
#include <string.h>

#include "tests/locations/marathon_bench.h"

TestSuite(marathon_bodies, .fini = close_all);

static const char *const versions[] = {"1.1.7",   "1.2.0",   "1.3.14",  "1.4.13",  "1.5.15", "1.6.590",
				       "1.7.236", "1.8.244", "1.9.109", "1.10.26", "1.11.26"};

/* What there may be of a component, and of the location it is for. */
static const struct form {
	const char *options, *members;
	struct health_check health;
	bool process, bare; /* no entry point */
	unsigned since;     /* 1.N: nothing before knows such a thing */
} forms[] = {
    {.options = "{}"},
    {.options = "{\"network\":\"host\"}"},
    {.options = "{\"network\":\"blue\"}", .since = 2},
    {.options = "{\"containerizer\":\"mesos\"}", .bare = true, .since = 5},
    {.options = "{\"containerizer\":\"mesos\",\"network\":\"host\"}", .bare = true, .since = 3},
    {.options = "{\"containerizer\":\"mesos\",\"network\":\"blue\"}", .bare = true, .since = 3},
    {.options = "{\"image\":\"debian:stable-slim\"}", .process = true, .bare = true},
    {.options = "{\"network\":\"host\",\"constraints\":[[\"hostname\",\"UNIQUE\"]],\"fetch\":[{\"uri\":"
		"\"u\"}],\"upgradeStrategy\":{\"minimumHealthCapacity\":0.5},\"cpus\":0.25,\"disk\":8}",
     .bare = true},
    {.options = "{\"role\":\"shop\"}", .since = 9},
    {.options = "{}",
     .health = {.kind = CHECK_HTTP,
		.port = 80,
		.path = "/up",
		.timeout_ms = 1500,
		.interval_ms = 100,
		.retries = 4}},
    {.options = "{}", .health = {.kind = CHECK_TCP, .port = 80, .timeout_ms = 1500, .interval_ms = 3000}},
    {.options = "{}", .members = "{\"readinessChecks\":[{\"portName\":\"p80\",\"path\":\"/\"}]}"},
    {.options = "{}", .members = "{\"container\":null,\"networks\":[{\"mode\":\"host\"}]}", .bare = true},
    {.options = "{}", .members = "{\"networks\":[{\"mode\":\"container\",\"name\":\"blue\"}]}", .since = 2},
};

static void open_version(const char *version, const char *options)
{
	static char info[200];

	close_all();
	memset(&stand, 0, sizeof(stand));
	snprintf(info, sizeof(info), "{\"version\":\"%s\",\"frameworkId\":\"f\",\"marathon_config\":{}}",
		 version);
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, info, 0},
	     {"GET", "http://a:8080/v2/apps/shop/web", 404, NULL, "{\"message\":\"no\"}", 0},
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", options) == 0, "%s", stand.err.text);
}

static void place_form(const char *version, const struct form *form)
{
	struct instance_spec made = *web();
	owned_json members = form->members ? json_loads(form->members, 0, NULL) : NULL;
	const char *note;

	made.marathon = members;
	made.health = form->health.kind ? &form->health : NULL;
	made.entrypoint = form->bare ? NULL : made.entrypoint;
	if (form->process) {
		made.kind = COMPONENT_PROCESS;
		made.image = NULL;
	}
	open_version(version, form->options);
	cr_assert(AWAIT_MARATHON(place, &made, &note) == PROGRESS_DONE, "%s: %s: %s", version, form->options,
		  stand.err.text);
}

Test(marathon_bodies, each_version_is_written_to_in_its_own_form)
{
	for (size_t v = 0; v < COUNT_OF(versions); v++) {
		unsigned minor = 0;
		sscanf(versions[v], "1.%u", &minor);
		for (size_t f = 0; f < COUNT_OF(forms); f++) {
			if (minor < forms[f].since)
				continue;
			place_form(versions[v], &forms[f]);
			const char *sent = text_view(&stand.sent);
			cr_expect(!strstr(sent, "\"networks\":") == (minor < 5), "%s: %s", versions[v], sent);
			cr_expect(!strstr(sent, "taskKillGracePeriodSeconds") == (minor < 2), "%s: %s",
				  versions[v], sent);
		}
	}
}

/* Of old they had an address of their own and told of their ports beside it, or none but their agent's. */
Test(marathon_bodies, mesos_own_containers_of_old_have_no_mappings)
{
	static const struct form named = {.options = "{\"containerizer\":\"mesos\",\"network\":\"blue\"}",
					  .bare = true},
				 bridge = {.options = "{\"containerizer\":\"mesos\"}"};
	struct instance_spec made = *web();
	const char *note;

	place_form("1.4.13", &named);
	cr_expect(strstr(text_view(&stand.sent),
			 "\"ipAddress\":{\"networkName\":\"blue\",\"discovery\":{\"ports\":[{\"number\":80,"
			 "\"protocol\":\"tcp\",\"name\":\"p80\"},{\"number\":53,\"protocol\":\"udp\","),
		  "%s", text_view(&stand.sent));
	cr_expect_null(strstr(text_view(&stand.sent), "portMappings"), "%s", text_view(&stand.sent));

	made.entrypoint = NULL;
	open_version("1.4.13", bridge.options);
	cr_assert(AWAIT_MARATHON(place, &made, &note) == PROGRESS_FAILED);
	cr_expect(stand.err.code == ERR_UNSUPPORTED && strstr(stand.err.text, "no bridge"), "%s",
		  stand.err.text);
	cr_expect_eq(requests("POST "), 0);
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == -1,
		  "told by a plan, too");
	made.port_count = 0;
	cr_expect(AWAIT_MARATHON(place, &made, &note) == PROGRESS_DONE, "who has no ports needs none");
	open_version("1.2.0", named.options);
	cr_assert(AWAIT_MARATHON(place, &made, &note) == PROGRESS_FAILED);
	cr_expect(strstr(stand.err.text, "no image"), "%s", stand.err.text);
}
