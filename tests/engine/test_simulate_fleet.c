/* test_simulate_fleet.c - the places of a simulation: their images, what is slow there, and what goes where.
 */
#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "tests/engine/simulating.h"

TestSuite(simulate_fleet, .init = stage_open, .fini = stage_close);

Test(simulate_fleet, images_are_slow_there_or_missing)
{
	holds("fleet:\n  cloud:\n    docker:\n      latency: 20ms\n      slow: {start: 3s}\n"
	      "      images: {'redis:3': {pull: 10s}, 'web:1': {present: true}}\nsteps: [deploy]\n");
	breaks("fleet:\n  cloud: {docker: {images: {'redis:3': {missing: true}}}}\nsteps: [deploy]\n",
	       "deploy", "redis:3");
}

Test(simulate_fleet, what_is_slow_takes_its_time)
{
	enum berth_outcome outcome;
	owned_json quick = play(SHOP, "steps: [deploy]\n", &outcome);
	owned_json slow = play(SHOP,
			       "fleet:\n  cloud: {docker: {images: {'redis:3': {pull: 10s}}}}\n"
			       "behaviour:\n  web: {stopsAfter: 5s}\nsteps: [deploy]\n",
			       &outcome);
	cr_expect_lt(json_number(quick, "virtual_ms", 0), 10000);
	cr_expect_gt(json_number(slow, "virtual_ms", 0), 10000);
}

Test(simulate_fleet, secrets_are_made_up_and_variables_are_given)
{
	static const char blueprint[] = "id: s\nlocation: docker\nservices:\n"
					"- type: docker:a\n  id: a\n  env:\n"
					"    ONE: $berth:secret(\"env:NOWHERE_TO_BE_FOUND\")\n"
					"    TWO: $berth:secret(\"file:/no/such/file\")\n"
					"    THREE: $berth:env(\"ONLY_IN_THE_SCENARIO\")\n";
	enum berth_outcome outcome;
	owned_json document = play(
	    blueprint, "description: of secrets\nvariables: {ONLY_IN_THE_SCENARIO: yes}\nsteps: [deploy]\n",
	    &outcome);
	if (outcome)
		tell_story(document);
	cr_expect_eq(outcome, BERTH_OK);
	owned_json without = play(blueprint, "steps: [deploy]\n", &outcome);
	cr_expect_eq(outcome, BERTH_INVALID, "the blueprint reads a variable that is nowhere");
	cr_expect_gt(json_number(without, "error_count", 0), 0);
}

Test(simulate_fleet, locations_of_all_kinds_are_simulated)
{
	static const char blueprint[] =
	    "id: far\nlocations:\n  tls: {type: docker, host: 'tcp://engine.example:2376', tlsVerify: true}\n"
	    "services:\n"
	    "- {type: 'docker:a', id: a, location: docker, openPorts: 80}\n"
	    "- {type: 'docker:b', id: b, location: 'docker:tcp://10.1.2.3:2375', openPorts: 80,"
	    " links: [$berth:component(\"a\")]}\n"
	    "- {type: 'docker:c', id: c, location: tls}\n"
	    "- {type: 'docker:d', id: d, location: nowhere}\n";
	enum berth_outcome outcome;
	owned_json document =
	    play(blueprint, "steps: [deploy, destroy]\nassert:\n- finally: {nothing: true}\n", &outcome);
	if (outcome)
		tell_story(document);
	cr_expect_eq(outcome, BERTH_OK);
}

Test(simulate_fleet, processes_run_on_the_machine_of_whoever_deploys)
{
	static const char blueprint[] =
	    "id: here\nlocation: localhost\nservices:\n"
	    "- {type: process, id: p, command: [/bin/serve], ports: {http: auto}}\n"
	    "- {type: process, id: q, command: [/bin/work]}\n";
	enum berth_outcome outcome;
	owned_json document =
	    play(blueprint,
		 "behaviour:\n  p: {answersAfter: 2s}\n"
		 "steps: [deploy, {kill: q}, {wait: 10s}]\nassert:\n- recovers: {within: 10s}\n"
		 "- finally: {state: running, unchanged: true, count: {p: 1, q: 1}}\n",
		 &outcome);
	if (outcome)
		tell_story(document);
	cr_expect_eq(outcome, BERTH_OK);
}

Test(simulate_fleet, the_places_of_a_cluster_are_as_the_blueprint_calls_them)
{
	static const char blueprint[] =
	    "id: z\nservices:\n- type: cluster\n  id: web\n  initialSize: 3\n  locations: [eu, us]\n"
	    "  memberSpec: {type: 'docker:web:1', openPorts: 80}\n";
	holds_for(blueprint, "behaviour:\n  web: {answersAfter: 3s}\n"
			     "fleet:\n  us: {docker: {images: {'web:1': {pull: 10s}}}}\n"
			     "steps: [deploy, {fault: {at: us, engineDown: 20s}}, {wait: 2m}]\n"
			     "assert:\n- recovers: {within: 1m}\n"
			     "- finally: {state: running, unchanged: true, count: {web: 3}}\n");
	holds_for(blueprint, "fleet:\n  us: {docker: {images: {'web:1': {missing: true}}}}\n"
			     "steps: [{deploy: , outcome: failed}]\n");
}

Test(simulate_fleet, a_load_balancer_of_this_machine_is_told_of_its_members)
{
	static const char blueprint[] =
	    "id: b\nservices:\n- {type: 'docker:web:1', id: web, instances: 2, openPorts: 80, location: "
	    "cloud}\n"
	    "- {type: loadbalancer, id: front, location: localhost, members: web, tls: {certificate: "
	    "nowhere.pem, key: {secret: 'env:NOWHERE'}}}\n";
	holds_for(blueprint, "steps: [deploy, {scale: {web: 3}}, {kill: web.1}, {wait: 1m}]\n"
			     "assert:\n- recovers: {within: 1m}\n- finally: {state: running}\n");
}
