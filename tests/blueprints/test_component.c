/* test_component.c - the keys of a component, in every form and every wrong form. */
#include "base/cleanup.h"
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(component, .fini = close_all);

static void take(const char *lines)
{
	close_outcome(&outcome);
	outcome = accepted(with_lines(lines));
	spec = &outcome.blueprint->components[0];
}

static void bad(const char *line, int column, const char *words, const char *remedy)
{
	refused(with_lines(line), 3, column, words, remedy);
}

Test(component, ids_come_from_id_name_or_image)
{
	outcome =
	    accepted("services:\n- {type: 'docker:y', id: One}\n- {type: 'docker:y', name: 'The two!'}\n"
		     "- type: docker:host:5000/a/three:1\n");
	cr_assert_str_eq(outcome.blueprint->components[0].id, "One");
	cr_assert_str_eq(outcome.blueprint->components[1].id, "The-two");
	cr_assert_str_eq(outcome.blueprint->components[1].name, "The two!");
	cr_assert_str_eq(outcome.blueprint->components[2].id, "three");
	cr_assert_str_eq(outcome.blueprint->components[2].image.familiar, "host:5000/a/three:1");
}

Test(component, an_id_is_no_longer_than_a_host_names_label)
{
	refused("services:\n- {type: 'docker:y', id: "
		"a123456789b123456789c123456789d123456789e123456789f123456789g123}\n",
		2, 26, "longer than 63", "shorter");
	outcome = accepted("services:\n- {type: 'docker:y', id: "
			   "a123456789b123456789c123456789d123456789e123456789f123456789g12}\n");
	cr_assert_eq(strlen(outcome.blueprint->components[0].id), 63);
}

Test(component, ids_must_be_there_and_differ)
{
	refused("services:\n- {type: 'docker:y', id: '!!'}\n", 2, 26, "has no letter", NULL);
	refused("services:\n- {type: process, command: x}\n", 2, 3, "no `id`", "add `id");
	refused("services:\n- {type: 'docker:y', id: Web}\n- {type: 'docker:y', id: web}\n", 3, 26,
		"the other one is at line 2, column 26", "another `id`");
	refused("services:\n- type: docker:y\n- type: docker:y\n", 3, 3, "two components have the id `y`",
		"its own");
}

Test(component, types_that_are_none)
{
	refused("services:\n- {type: org.acme.RedisStore, id: r, install.version: 3}\n", 2, 10,
		"not supported yet", "`RedisStore`");
	refused("services:\n- {type: 'chef:mysql', id: r}\n", 2, 10, "not supported yet", NULL);
	refused("services:\n- {type: org.apache.brooklyn.test.framework.TestCase, id: r}\n", 2, 10,
		"not supported yet", "berth wait");
	refused(
	    "services:\n- {type: org.apache.brooklyn.entity.software.base.VanillaWindowsProcess, id: r}\n", 2,
	    10, "not supported yet", "Windows");
	refused("services:\n- {type: proces, id: r}\n", 2, 10, "unknown type `proces`", "`process`");
	refused("services:\n- {type: memcachd, id: r}\n", 2, 10, "unknown type",
		"docker:IMAGE, process, software, external, cluster, loadbalancer and group");
	refused("services:\n- {type: rediss, id: r}\n", 2, 10, "unknown type", "did you mean `redis`?");
	refused("services:\n- {type: org.apache.brooklyn.entity.webapp.tomcat.TomcatServr, id: r}\n", 2, 10,
		"not supported yet", "did you mean `TomcatServer`?");
	refused("services:\n- {type: org.apache.brooklyn.entity.nosql.riak.RiakNode, id: r}\n", 2, 10,
		"not supported yet", "docker:IMAGE");
	refused("services:\n- {id: r}\n", 2, 8, "has no `type`", "docker:IMAGE");
	refused("services:\n- docker:redis\n", 2, 3, "a component is a map", "type");
	refused("services:\n- type: 'docker:'\n  id: x\n", 2, 9, "no image follows", "docker:IMAGE");
	refused("services:\n- type: docker:X\n", 2, 9, "small letters", "small letters");
}

Test(component, synonyms_of_type_are_one_key)
{
	outcome = accepted("services:\n- serviceType: docker:x\n");
	cr_assert_str_eq(outcome.blueprint->components[0].type, "docker:x");
	bad("  serviceType: docker:y", 3, "also given as `type` at line 2", NULL);
}

Test(component, unknown_and_later_keys_are_refused)
{
	bad("  openPort: 1", 3, "unknown key `openPort`", "`openPorts`");
	bad("  environment: {A: b}", 3, "unknown key `environment`", "did you mean `env`?");
	bad("  replicas: 3", 3, "unknown key `replicas`", "`instances`");
	bad("  image: redis", 3, "`image` does not go with docker components", "`type: docker:IMAGE`");
	bad("  zzzzzz: 1", 3, "unknown key `zzzzzz`", "brooklyn.config");
	bad("  brooklyn.config: {docker.useSsh: true}", 21, "`docker.useSsh` is not supported yet", NULL);
	bad("  address: x", 3, "`address` does not go with docker components", NULL);
	bad("  ports: {http: 80}", 3, "does not go with docker", "openPorts");
}

Test(component, config_nobody_reads_is_kept_for_config_alone)
{
	take("  brooklyn.config: {any.thing: {at: all}}");
	cr_assert_eq(outcome.list.warnings, 0);
}

Test(component, clockers_spellings_are_the_same_keys)
{
	take("  brooklyn.config:\n    docker.container.openPorts: [80]\n    docker.container.portBindings: "
	     "{8080: 80}\n"
	     "    docker.container.environment: {A: b}\n    docker.image.name: redis\n    docker.image.tag: "
	     "3\n");
	cr_assert_eq(spec->open_port_count, 1);
	cr_assert_eq(spec->bindings[0].host_port, 8080);
	cr_assert_str_eq(spec->environment[0].name, "A");
	cr_assert_str_eq(spec->image.familiar, "redis:3");
	refused(with_lines("  openPorts: 1\n  docker.container.openPorts: 2"), 4, 3,
		"also given as `openPorts` at line 3", NULL);
}

Test(component, each_further_spelling_is_its_key)
{
	static const char *const texts[] = {
	    "services: [{service_type: 'docker:y'}]\n",
	    "services: [{serviceType: 'docker:y'}]\n",
	    "services: [{type: 'docker:y', description: d, iconUrl: u}]\n",
	    "services: [{type: 'docker:y', brooklyn.tags: [b]}]\n",
	    "services: [{type: 'docker:y', icon_url: u, tags: [a]}]\nicon_url: u\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		close_all();
		outcome = accepted(texts[i]);
		cr_assert_str_eq(outcome.blueprint->components[0].id, "y");
		cr_assert_eq(outcome.list.warnings, 0);
	}
	take("  imageName: redis\n  imageTag: 3\n  docker.container.directPorts: [81]\n  "
	     "docker.image.entrypoint: "
	     "[/e]\n"
	     "  docker.image.commands: [/c, d]\n  docker.container.volumes.export: [/srv/data]");
	cr_assert_str_eq(spec->image.familiar, "redis:3");
	cr_assert_eq(spec->bindings[0].host_port, 81);
	cr_assert_str_eq(spec->entrypoint.words[0].text, "/e");
	cr_assert_str_eq(spec->command.words[1].text, "d");
	cr_assert_str_eq(spec->volumes[0].path, "/srv/data");
	take("  config: {commands: [/c]}");
	cr_assert_str_eq(spec->command.words[0].text, "/c");
}

Test(component, locations_may_be_brooklyns_list)
{
	outcome = accepted("locations: [one, two]\nservices:\n- {type: 'docker:x', id: x}\n"
			   "- {type: 'docker:x', id: y, locations: [three, four]}\n"
			   "- {type: process, id: z, command: c, locations: [five]}\n");
	static const char *const expected[] = {"one", "three", "five"};
	for (size_t i = 0; i < 3; i++)
		cr_assert_str_eq(outcome.blueprint->components[i].location->name, expected[i]);
}

Test(component, open_ports_in_every_form)
{
	static const char *const forms[] = {"  openPorts: 80,443", "  openPorts: [80, '443']",
					    "  openPorts: ['80', '443/tcp', 80]",
					    "  openPorts: [80, 443, 80-80]"};
	for (size_t i = 0; i < 4; i++) {
		take(forms[i]);
		cr_assert_eq(spec->open_port_count, 2, "%s", forms[i]);
		cr_assert_eq(spec->open_ports[0].port, 80);
		cr_assert_eq(spec->open_ports[1].port, 443);
	}
	take("  openPorts: 8000-8010");
	cr_assert_eq(spec->open_port_count, 11);
	take("  openPorts: [53, 53/udp]");
	cr_assert_eq(spec->open_port_count, 2);
	cr_assert_eq(spec->open_ports[1].protocol, UDP);
}

Test(component, open_ports_that_are_none)
{
	bad("  openPorts: 70000", 14, "`70000` is no port from 1 to 65535", "8000-8010");
	bad("  openPorts: [80, 0]", 19, "`0` is no port", NULL);
	bad("  openPorts: 53/sctp", 14, "no port", NULL);
	bad("  openPorts: 90-80", 14, "no port", NULL);
	bad("  openPorts: 1-2000", 14, "more than 1024 ports", NULL);
	bad("  openPorts: {80: 80}", 14, "not a map", "portBindings");
}

Test(component, port_bindings_in_every_form)
{
	static const char *const forms[] = {"  portBindings: {80: 9090}", "  portBindings: ['80:9090']",
					    "  portBindings: 80:9090", "  portBindings: {80/tcp: 9090}"};
	for (size_t i = 0; i < 4; i++) {
		take(forms[i]);
		cr_assert_eq(spec->binding_count, 1, "%s", forms[i]);
		cr_assert_eq(spec->bindings[0].host_port, 80);
		cr_assert_eq(spec->bindings[0].port, 9090);
		cr_assert_str_eq(spec->bindings[0].host_address, "0.0.0.0");
		cr_assert_eq(spec->open_ports[0].port, 9090);
	}
	take("  portBindings: {'127.0.0.1:80': 9090, '[::1]:80': 9090, 53/udp: 53}");
	cr_assert_eq(spec->binding_count, 3);
	cr_assert_str_eq(spec->bindings[0].host_address, "127.0.0.1");
	cr_assert_str_eq(spec->bindings[1].host_address, "::1");
	cr_assert_eq(spec->bindings[2].protocol, UDP);
	take("  portBindings: ['127.0.0.1:80:9090', 70]");
	cr_assert_str_eq(spec->bindings[0].host_address, "127.0.0.1");
	cr_assert_eq(spec->bindings[1].port, 70);
}

Test(component, port_bindings_that_are_none)
{
	bad("  portBindings: {0: 80}", 18, "the host's port", "{HOST: PORT}");
	bad("  portBindings: {80: 70000}", 18, "the component's port", NULL);
	bad("  portBindings: {'localhost:80': 80}", 18, "numeric", NULL);
	bad("  portBindings: {53/udp: 53/tcp}", 18, "protocol", NULL);
	bad("  portBindings: {80: 1, 80/tcp: 2}", 25, "wants the host's port 80", NULL);
}

Test(component, direct_ports_bind_their_own_number)
{
	take("  directPorts: [6379]\n  portBindings: {80: 9090}");
	cr_assert_eq(spec->binding_count, 2);
	cr_assert_eq(spec->bindings[1].host_port, 6379);
	cr_assert_eq(spec->bindings[1].port, 6379);
	bad("  directPorts: [x]", 17, "no port", NULL);
}

Test(component, publish_opens_the_port_too)
{
	take("  publish: [6379]");
	cr_assert_eq(spec->published_count, 1);
	cr_assert_eq(spec->open_ports[0].port, 6379);
}

Test(component, environment_names_and_secrets)
{
	take("  env: {A: 1, B: , DB_PASSWORD: hunter2, TOKEN_FILE: /run/t, USE_TOKEN: true}");
	cr_assert_eq(spec->environment_count, 5);
	cr_assert_eq(outcome.list.warnings, 1);
	expect_words(entry_at(&outcome.list, 3, 33), "`DB_PASSWORD` looks like a secret",
		     "$berth:secret(\"env:DB_PASSWORD\")");
	bad("  env: {'A=B': c}", 9, "holds a `=`", NULL);
	bad("  env: {'': c}", 9, "needs a name", NULL);
	bad("  env: [A=b]", 8, "`env` takes a map", "{NAME: value}");
	bad("  env: {A: [b]}", 12, "a list stands where a text", NULL);
}

Test(component, commands_are_shell_or_words)
{
	take("  command: echo hi\n  entrypoint: [/bin/x, -y]");
	cr_assert(spec->command.given && spec->command.shell);
	cr_assert_str_eq(spec->command.words[0].text, "echo hi");
	cr_assert_not(spec->entrypoint.shell);
	cr_assert_eq(spec->entrypoint.count, 2);
	bad("  command: {a: b}", 12, "a text or a list of texts", "/bin/sh -c");
	bad("  command: ''", 12, "not nothing", NULL);
}

Test(component, directory_user_and_labels)
{
	take("  dir: /srv\n  user: nobody\n  labels: {a.b: c, d: 5}");
	cr_assert_str_eq(spec->directory, "/srv");
	cr_assert_str_eq(spec->user, "nobody");
	cr_assert_eq(spec->label_count, 2);
	cr_assert_str_eq(spec->labels[1].value, "5");
	bad("  dir: srv", 8, "absolute", NULL);
	bad("  labels: {berth.app: x}", 12, "berth's own", NULL);
	bad("  labels: {a: [b]}", 15, "takes a text", NULL);
}

Test(component, marathon_members_are_kept_as_they_are_written)
{
	take("  marathon: {constraints: [[hostname, UNIQUE]], upgradeStrategy: {maximumOverCapacity: 0.5}, "
	     "gpus: 1}");
	owned_memory char *kept = json_dumps(spec->marathon, JSON_COMPACT);
	cr_assert_str_eq(kept, "{\"constraints\":[[\"hostname\",\"UNIQUE\"]],\"upgradeStrategy\":{"
			       "\"maximumOverCapacity\":0.5},\"gpus\":1}");
	bad("  marathon: [a]", 13, "takes a map", NULL);
	bad("  marathon: {instances: 3}", 14, "not for `marathon` to say", "at the component itself");
	bad("  marathon: {uris: [a]}", 14, "not for `marathon` to say", "fetch");
	bad("  marathon: {version: '1'}", 14, "not for `marathon` to say", NULL);
}

Test(component, what_is_no_member_of_an_app_of_marathon_is_an_error_at_any_depth)
{
	bad("  marathon: {constraint: [[a, UNIQUE]]}", 14, "unknown member `constraint`",
	    "did you mean `constraints`?");
	bad("  marathon: {enviroment: {A: b}}", 14, "unknown member `enviroment`", "did you mean `env`?");
	bad("  marathon: {wholly: other}", 14, "unknown member `wholly`", "`options`");
	bad("  marathon: {upgradeStrategy: {minimumHealthCapicity: 1}}", 32,
	    "unknown member `minimumHealthCapicity` of `upgradeStrategy`",
	    "did you mean `minimumHealthCapacity`?");
	bad("  marathon: {container: {volumes: [{containerPth: data}]}}", 37,
	    "unknown member `containerPth` of `volumes`", "`containerPath`");
	bad("  marathon: {container: {docker: {network: HOST}}}", 35, "not for `marathon` to say",
	    "networks: [{mode: host}]");
	take("  marathon: {container: null, env: {A: {secret: a}, B: b}, secrets: {a: {source: "
	     "x/y}}, networks: [{mode: container, labels: {any: thing}}]}");
}

#define AT_MARATHON "\n  location: marathon:http://m:8080"

Test(component, members_of_an_app_of_marathon_fit_each_other_and_its_ports)
{
	bad("  marathon: {healthChecks: [{portIndex: 1}]}\n  openPorts: 80", 41,
	    "no port of `portIndex` 1: the app has 1", "the last one 0");
	bad("  marathon: {healthChecks: [{portIndex: 2}], portDefinitions: [{port: 1}, {port: 2}]}", 41,
	    "no port of `portIndex` 2", "the last one 1");
	bad("  marathon: {healthChecks: [{portIndex: 1}]}", 41, "the app has 0", "openPorts: 8080");
	bad("  marathon: {healthChecks: [{portIndex: 0, port: 80}]}", 44, "`port` or `portIndex`, not both",
	    "take one of them away");
	bad("  marathon: {networks: [{mode: container, name: a}, {mode: host}]}", 60,
	    "an app with `host` can be in no other network", "networks of the mode container");
	bad("  marathon: {env: {A: {secret: db}}}" AT_MARATHON, 32, "none of the `secrets` of the app",
	    "secrets: {NAME: {source: PATH}}");
	bad("  marathon: {container: {volumes: [{containerPath: a, secret: db}]}}" AT_MARATHON, 63,
	    "none of the `secrets`", NULL);
	take("  marathon: {healthChecks: [{portIndex: 2}, {portIndex: 9, command: {value: x}}]}\n"
	     "  openPorts: [80, 81]\n  publish: 82");
	take("  marathon: {networks: [{mode: container, name: a}, {name: b}]}");
	take("  marathon: {env: {A: {secret: db}}, secrets: {db: {source: x}}}" AT_MARATHON);
	/* What may be said by the location, or goes to none that is known, is not judged. */
	take("  marathon: {env: {A: {secret: db}}}\n  location: somewhere");
	take("  marathon: {env: {A: {secret: db}}}\n"
	     "  location: {marathon: {options: {secrets: {db: {source: x}}}}}");
}

Test(component, members_of_an_app_of_marathon_take_values_of_their_kind)
{
	bad("  marathon: {gpus: one}", 20, "`gpus` takes a whole number, not text", NULL);
	bad("  marathon: {gpus: '1'}", 20, "`gpus` takes a whole number, not text", "without quotes");
	bad("  marathon: {gpus: 1.5}", 20, "a whole number, not a number", NULL);
	bad("  marathon: {cpus: -1}", 20, "`cpus` is at least 0, not -1", NULL);
	bad("  marathon: {constraints: [[hostname, 3]]}", 39, "takes text, not a number", "in quotes");
	bad("  marathon: {healthChecks: [{protocol: COMMAND}]}", 40, "by COMMAND has no `command`",
	    "command: {value:");
	bad("  marathon: {constraints: [hostname]}", 28, "takes a list, not text", "a list of lists");
	bad("  marathon: {constraints: {hostname: UNIQUE}}", 27, "`constraints` takes a list, not a map",
	    NULL);
	bad("  marathon: {upgradeStrategy: {maximumOverCapacity: 2}}", 53, "at most 1, not 2", NULL);
	bad("  marathon: {killSelection: OLDEST_FRIST}", 29, "cannot be `OLDEST_FRIST`",
	    "did you mean `OLDEST_FIRST`?");
	bad("  marathon: {constraints: [[hostname, UNIQE]]}", 39, "there is no constraint `UNIQE`",
	    "did you mean `UNIQUE`?");
	bad("  marathon: {constraints: [[hostname]]}", 28, "two or three parts, not 1", "[hostname, UNIQUE]");
	bad("  marathon: {constraints: [[hostname, UNIQUE, x]]}", 47, "`UNIQUE` takes no value", NULL);
	bad("  marathon: {constraints: [[rack, MAX_PER]]}", 35, "`MAX_PER` needs a value", "VALUE");
	bad("  marathon: {constraints: [[rack, MAX_PER, two]]}", 44, "a whole number, not `two`", NULL);
	bad("  marathon: {fetch: [{extract: true}]}", 22, "`fetch` has no `uri`", NULL);
	bad("  marathon: {unreachableStrategy: {inactiveAfterSeconds: 9, expungeAfterSeconds: 3}}", 58,
	    "at most `expungeAfterSeconds`, which is 3", NULL);
	bad("  marathon: {readinessChecks: [{timeoutSeconds: 40}]}", 49, "less than `intervalSeconds`", NULL);
	take("  marathon: {constraints: [[hostname, group_by], [rack, MAX_PER, '2']]}");
	bad("  marathon: {unreachableStrategy: off}", 35, "cannot be `off`", "disabled");
	bad("  marathon: {tty: 1}", 19, "`tty` takes true or false, not a number", NULL);
	bad("  marathon: {container: [a]}", 25, "`container` takes a map, not a list", NULL);
	bad("  marathon: {readinessChecks: [{httpStatusCodesForReady: [42]}]}", 59, "at least 100", NULL);
	take("  marathon: {gpus: 2.0, cpus: 0.5, resourceLimits: {cpus: unlimited, mem: 512}, "
	     "unreachableStrategy: disabled}");
}

Test(component, limits_and_instances)
{
	take("  memory: 256m\n  cpus: 0.5\n  instances: 3");
	cr_assert_eq(spec->memory_bytes, 256LL << 20);
	cr_assert_eq(spec->nano_cpus, 500000000);
	cr_assert_eq(spec->instances, 3);
	bad("  memory: 12 parsecs", 11, "no amount of memory", "256m");
	bad("  memory: 64", 11, "less than docker allows", "6m");
	bad("  cpus: many", 9, "no number of processors", "0.5");
	bad("  cpus: 0", 9, "no number of processors", NULL);
	bad("  instances: 0", 14, "from 1 to 1000", NULL);
}

Test(component, volumes_in_every_form)
{
	take("  volumes: ['data:/data', '/host:/in:ro', /anonymous, './beside:/b']");
	cr_assert_eq(spec->volume_count, 4);
	cr_assert_str_eq(spec->volumes[0].name, "data");
	cr_assert_str_eq(spec->volumes[1].source, "/host");
	cr_assert(spec->volumes[1].read_only);
	cr_assert_null(spec->volumes[2].name);
	cr_assert_null(spec->volumes[2].source);
	cr_assert_str_eq(spec->volumes[3].source, "/base/./beside");
	bad("  volumes: ['data:in']", 13, "must be absolute", "name:/path");
	bad("  volumes: ['data:/in:z']", 13, "`ro` or `rw`", NULL);
	bad("  volumes: ['da ta:/in']", 13, "volume's name", NULL);
	bad("  volumes: ['a1:/in', 'b1:/in']", 23, "two volumes at `/in`", NULL);
	bad("  volumes: {a: b}", 12, "takes a list", NULL);
}

Test(component, health_checks_in_every_form)
{
	take("  openPorts: 80\n  healthCheck: {http: {path: /ok, status: 204}, interval: 1s, timeout: 200ms, "
	     "retries: 5, "
	     "startPeriod: 1m}");
	cr_assert_eq(spec->health->kind, CHECK_HTTP);
	cr_assert_str_eq(spec->health->path, "/ok");
	cr_assert_eq(spec->health->status, 204);
	cr_assert_eq(spec->health->interval_ms, 1000);
	cr_assert_eq(spec->health->timeout_ms, 200);
	cr_assert_eq(spec->health->start_period_ms, 60000);
	cr_assert_eq(spec->health->retries, 5);
	take("  openPorts: 80\n  healthCheck: {tcp: {port: 80}}");
	cr_assert_eq(spec->health->kind, CHECK_TCP);
	cr_assert_eq(spec->health->port, 80);
	cr_assert_eq(spec->health->interval_ms, 2000);
	cr_assert_eq(spec->health->timeout_ms, 5000);
	take("  healthCheck: {command: [test, -f, /x]}");
	cr_assert_eq(spec->health->command.count, 3);
}

Test(component, health_checks_that_are_wrong)
{
	bad("  healthCheck: {interval: 1s}", 16, "needs one of http, tcp and command", "http");
	bad("  healthCheck: {tcp: {port: 80}, command: x}", 16, "only one of", NULL);
	bad("  healthCheck: {tcp: {port: 80}}", 3, "asks port 80, which `x` does not open", "openPorts");
	bad("  healthCheck: {tcp: {}}", 3, "has no port to ask", "openPorts");
	bad("  healthCheck: {command: x, intervall: 1s}", 29, "unknown key `intervall`", "`interval`");
	bad("  healthCheck: {command: x, interval: soon}", 39, "no time for `interval`", "10s");
	bad("  healthCheck: {command: x, retries: 0}", 38, "`retries` is a number", NULL);
	bad("  healthCheck: yes", 16, "takes a map", NULL);
	refused(with_lines("  openPorts: 80\n  healthCheck: {http: {path: ok}}"), 4, 30,
		"should begin with `/`", NULL);
}

Test(component, processes_have_named_ports)
{
	outcome =
	    accepted("services:\n- {type: process, id: p, command: run, dir: sub, ports: {http: auto, "
		     "admin: 8080, range: '9000-9010', any: 8080+}, healthCheck: {tcp: {port: http}}}\n");
	spec = outcome.blueprint->components;
	cr_assert_eq(spec->kind, COMPONENT_PROCESS);
	cr_assert_eq(spec->named_port_count, 4);
	cr_assert_eq(spec->named_ports[3].first, 8080);
	cr_assert_eq(spec->named_ports[3].last, 65535);
	cr_assert_eq(spec->named_ports[0].first, 0);
	cr_assert_eq(spec->named_ports[1].first, 8080);
	cr_assert_eq(spec->named_ports[1].last, 8080);
	cr_assert_eq(spec->named_ports[2].last, 9010);
	cr_assert_str_eq(spec->directory, "/base/sub");
	cr_assert_str_eq(spec->health->port_name, "http");
}

Test(component, processes_that_are_wrong)
{
	refused("services:\n- {type: process, id: p}\n", 2, 23, "has no `command`", "/bin/sh");
	refused("services:\n- {type: process, id: p, command: x, volumes: [a]}\n", 2, 38,
		"not supported on processes", NULL);
	refused("services:\n- {type: process, id: p, command: x, ports: {http: maybe}}\n", 2, 52, "no port",
		"auto");
	refused("services:\n- {type: process, id: p, command: x, ports: {http: +}}\n", 2, 52, "no port",
		"auto");
	refused("services:\n- {type: process, id: p, command: x, ports: {a-b: auto, a_b: auto}}\n", 2, 57,
		"the same variable", NULL);
	refused("services:\n- {type: process, id: p, command: x, portBindings: {80: 80}}\n", 2, 38,
		"does not go with process", "ports");
	refused("services:\n- {type: process, id: p, command: x, ports: {a: auto}, healthCheck: {tcp: {port: "
		"b}}}\n",
		2, 56, "asks port `b`", NULL);
}

Test(component, external_components_are_only_linked_to)
{
	outcome = accepted("services:\n- {type: external, id: db, address: db.example.com, ports: [5432]}\n"
			   "- {type: external, id: q, address: 10.0.0.1, ports: {amqp: 5672}}\n"
			   "- {type: 'docker:x', id: x, env: {A: '$berth:port(\"q\", \"amqp\")'}}\n");
	cr_assert_eq(outcome.blueprint->components[0].kind, COMPONENT_EXTERNAL);
	cr_assert_str_eq(outcome.blueprint->components[0].address, "db.example.com");
	cr_assert_eq(outcome.blueprint->components[0].open_ports[0].port, 5432);
	cr_assert_eq(outcome.blueprint->components[2].environment[0].value.port, 5672);
	refused("services:\n- {type: external, id: db, ports: [1]}\n", 2, 24, "has no `address`", "address");
	refused("services:\n- {type: external, id: db, address: x}\n", 2, 24, "has no `ports`", "ports");
	refused("services:\n- {type: external, id: db, address: 'http://x/', ports: [1]}\n", 2, 37,
		"no host name", NULL);
	refused("services:\n- {type: external, id: db, address: x, ports: [1], env: {A: b}}\n", 2, 52,
		"does not go with external", NULL);
}

Test(component, every_key_has_its_place)
{
	take("  env: {A: b}\n  openPorts: 80");
	static const char *const expected[] = {"type", "env", "openPorts", "env.A"};
	cr_assert_eq(spec->key_place_count, 4);
	for (size_t i = 0; i < 4; i++)
		cr_assert_str_eq(spec->key_places[i].key, expected[i]);
	cr_assert_eq(spec->key_places[3].place.line, 3);
	cr_assert_eq(spec->key_places[3].place.column, 9);
}

static char *many(unsigned components, const char *keys)
{
	struct text text = {0};
	text_add(&text, "services:\n");
	for (unsigned i = 0; i < components; i++)
		text_format(&text, "- {type: 'docker:x', id: a%u, %s}\n", i, keys);
	return text_take(&text);
}

Test(component, an_application_has_a_bound_and_who_crosses_it_is_told_where)
{
	char *most = many(200, "instances: 1000"), *more = many(201, "instances: 1000");
	outcome = accepted(most);
	refused(more, 202, 43, "more than 200000 instances", "several applications");
	free(most);
	free(more);
	char *ports = many(2, "instances: 1000, openPorts: ['1-1024']");
	refused(ports, 2, 41, "their ports and links are more than 1000000", "several applications");
	free(ports);
}
