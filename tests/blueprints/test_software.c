/* test_software.c - `type: software`: what it becomes on a machine and in a container, and what of it does
 * not go together. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(software, .fini = close_all);

/* The software `web` at this location with these lines, two columns in; they begin at line 5. */
static const char *at(const char *location, const char *lines)
{
	static char text[8192];

	snprintf(text, sizeof(text), "location: %s\nservices:\n- type: software\n  id: web\n%s\n", location,
		 lines);
	return text;
}

static void take_at(const char *location, const char *lines)
{
	close_outcome(&outcome);
	outcome = accepted(at(location, lines));
	spec = &outcome.blueprint->components[0];
}

static void take(const char *lines)
{
	take_at("localhost", lines);
}

static void bad(const char *lines, int line, int column, const char *words, const char *remedy_words)
{
	refused(at("localhost", lines), line, column, words, remedy_words);
}

static const struct file_entry *file_of(const char *path)
{
	for (size_t i = 0; i < spec->file_count; i++)
		if (!strcmp(spec->files[i].path, path))
			return &spec->files[i];
	cr_assert_fail("there is no file `%s`", path);
	return NULL;
}

static const char *content_of(const char *path)
{
	return file_of(path)->content->text;
}

static bool has_file(const char *path)
{
	for (size_t i = 0; i < spec->file_count; i++)
		if (!strcmp(spec->files[i].path, path))
			return true;
	return false;
}

static void holds(const char *path, const char *words)
{
	cr_expect(strstr(content_of(path), words), "`%s` does not hold `%s`:\n%s", path, words,
		  content_of(path));
}

/* --- as what it is placed --------------------------------------------------------------------------- */

Test(software, on_a_machine_it_is_a_process_that_runs_its_steps)
{
	take("  launch.command: ./run");
	cr_expect_eq(spec->kind, COMPONENT_PROCESS);
	cr_expect(!spec->command.shell);
	cr_assert_eq(spec->command.count, 3);
	cr_expect_str_eq(spec->command.words[1].text, "software/runner");
	cr_expect_str_eq(spec->command.words[2].text, "run");
	cr_expect_str_eq(content_of("software/steps/launch"), "./run");
	cr_expect_not_null(strstr(content_of("software/runner"), "launch"));
	cr_expect_str_eq(spec->stop_signal, "URG");
	cr_expect_eq(spec->update, UPDATE_STOP_FIRST);
	cr_expect_eq(spec->health->kind, CHECK_COMMAND);
	cr_expect_gt(spec->health->patience_ms, 30 * 60 * 1000);
}

Test(software, in_a_container_it_is_an_image_with_the_same_steps)
{
	take_at("docker", "  launch.command: ./run");
	cr_expect_eq(spec->kind, COMPONENT_DOCKER);
	cr_expect_str_eq(spec->image.familiar, "debian:stable-slim");
	cr_assert_eq(spec->entrypoint.count, 3);
	cr_expect(!spec->command.given);
	cr_expect_str_eq(content_of("/opt/berth/software/steps/launch"), "./run");
	holds("/opt/berth/software/settings", "run_dir='/opt/berth/run'");
	take_at("docker", "  launch.command: ./run\n  docker.image: busybox:1");
	cr_expect_str_eq(spec->image.familiar, "busybox:1");
}

Test(software, brooklyns_class_is_one)
{
	outcome = accepted("location: localhost\n"
			   "services:\n"
			   "- type: org.apache.brooklyn.entity.software.base.VanillaSoftwareProcess\n"
			   "  name: a b\n"
			   "  brooklyn.config:\n"
			   "    launch.command: ./run\n"
			   "    checkRunning.command: ./check\n"
			   "    shell.env: {A: 1}\n");
	spec = &outcome.blueprint->components[0];
	cr_expect_str_eq(spec->id, "a-b");
	cr_expect_str_eq(content_of("software/steps/checkRunning"), "./check");
	cr_assert_eq(spec->environment_count, 1);
}

/* --- its steps -------------------------------------------------------------------------------------- */

Test(software, a_type_is_installed_into_a_base_image_when_that_is_said)
{
	outcome =
	    accepted("location: docker\nservices:\n- type: RedisStore\n  id: web\n  install.version: 3.0.0\n"
		     "  skip.install: false\n");
	spec = &outcome.blueprint->components[0];
	cr_expect_str_eq(spec->image.familiar, "debian:stable-slim");
	cr_assert_eq(spec->open_port_count, 1);
	cr_expect_eq(spec->open_ports[0].port, 6379);
	cr_expect_eq(spec->health->port, 6379);
	cr_expect(has_file("/opt/berth/software/steps/install"));
	close_outcome(&outcome);
	outcome =
	    accepted("location: docker\nservices:\n- {type: RedisStore, id: web, install.version: 3.0.0}\n");
	cr_expect_str_eq(outcome.blueprint->components[0].image.familiar, "redis:3.0.0");
	cr_expect_eq(outcome.blueprint->components[0].file_count, 0);
}

Test(software, on_a_machine_elsewhere_it_is_reached_from_elsewhere)
{
	take_at("'ssh:root@10.0.0.1'", "  launch.command: x\n  ports: {http: 80}\n");
	cr_expect(spec->reached);
	take_at("{byon: {user: a, hosts: [10.0.0.1]}}", "  launch.command: x\n");
	cr_expect(spec->reached);
	take("  launch.command: x\n  ports: {http: 80}\n");
	cr_expect_not(spec->reached);
}

Test(software, brooklyns_machines_run_nothing_of_their_own)
{
	static const char *const types[] = {
	    "server", "EmptySoftwareProcess", "org.apache.brooklyn.entity.machine.MachineEntity",
	    "java:org.apache.brooklyn.entity.software.base.EmptySoftwareProcess",
	    "org.apache.brooklyn.entity.software.base.EmptySoftwareProcess:1.1.0"};
	char text[512];
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		close_outcome(&outcome);
		snprintf(text, sizeof text, "location: localhost\nservices:\n- type: '%s'\n", types[i]);
		outcome = accepted(text);
		spec = &outcome.blueprint->components[0];
		cr_expect_str_eq(spec->id, "server");
		cr_expect_eq(spec->kind, COMPONENT_PROCESS);
		cr_expect_str_eq(content_of("software/steps/launch"), "exec tail -f /dev/null\n");
	}
	refused("services:\n- {type: 'java:org.acme.Thing', id: r}\n", 2, 10, "`java:org.acme.Thing`", NULL);
	refused("services:\n- {type: 'redis:3', id: r}\n", 2, 10, "no version 3", "docker:redis:3");
}

Test(software, a_child_asks_its_parent_and_what_is_around_it)
{
	outcome = accepted("location: localhost\nbrooklyn.config: {stage: live}\nservices:\n"
			   "- type: software\n  id: db\n  launch.command: ./db\n  ports: {sql: 5000}\n"
			   "  brooklyn.config: {colour: red, sql.name: shop}\n  brooklyn.children:\n"
			   "  - type: vanilla-bash-server\n    id: agent\n    launch.command: ./agent\n"
			   "    brooklyn.config:\n"
			   "      colour: $brooklyn:scopeRoot().config(\"colour\")\n"
			   "      shell.env:\n"
			   "        NAME: $brooklyn:parent().config(\"sql.name\")\n"
			   "        COLOUR: $brooklyn:config(\"colour\")\n"
			   "        STAGE: $brooklyn:root().config(\"stage\")\n"
			   "        AT: $brooklyn:parent().attributeWhenReady(\"host.address\")\n"
			   "        ME: $brooklyn:self()\n"
			   "        THIS: $brooklyn:component(\"this\", \"\")\n");
	const struct component_spec *agent = &outcome.blueprint->components[1];
	static const char *const expected[] = {"shop", "red", "live", "host.address", "agent", "agent"};
	for (size_t i = 0; i < 6; i++)
		cr_expect_str_eq(agent->environment[i].value.text, expected[i]);
	cr_expect_eq(agent->environment[3].value.component, 0);
	refused("location: localhost\nservices:\n- type: software\n  launch.command: x\n  env: {A: "
		"'$brooklyn:parent().attributeWhenReady(\"host.address\")'}\n",
		5, 23, "parent() is no component of its own here", NULL);
}

Test(software, its_folders_are_no_sensors)
{
	bad("  launch.command: x\n  env: {A: '$brooklyn:attributeWhenReady(\"run.dir\")'}", 6, 42,
	    "is known where it runs", "$RUN_DIR");
}

Test(software, a_port_by_a_configs_name_is_where_it_listens)
{
	outcome = accepted("location: localhost\nservices:\n- {type: RedisStore, id: r, redis.port: auto}\n"
			   "- {type: static-web, id: w, web.port: 8001}\n"
			   "- type: process\n  id: p\n  command: x\n  env:\n"
			   "    A: $brooklyn:component(\"r\").attributeWhenReady(\"redis.port\")\n"
			   "    B: $brooklyn:component(\"w\").attributeWhenReady(\"web.port\")\n");
	const struct environment_entry *environment = outcome.blueprint->components[2].environment;
	cr_expect_eq(environment[0].value.kind, VALUE_PORT);
	cr_expect_str_eq(environment[0].value.text, "redis");
	cr_expect_eq(environment[1].value.port, 8001);
}

Test(software, each_step_is_a_script)
{
	take("  pre.install.command: a\n"
	     "  install.command: b\n"
	     "  post.install.command: c\n"
	     "  pre.customize.command: d\n"
	     "  customize.command: e\n"
	     "  post.customize.command: f\n"
	     "  pre.launch.command: g\n"
	     "  launch.command: h\n"
	     "  post.launch.command: i\n"
	     "  checkRunning.command: j\n"
	     "  stop.command: k");
	static const char *const names[] = {"pre.install", "install",        "post.install", "pre.customize",
					    "customize",   "post.customize", "pre.launch",   "launch",
					    "post.launch", "checkRunning",   "stop"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[100];
		snprintf(path, sizeof(path), "software/steps/%s", names[i]);
		cr_expect_eq(content_of(path)[0], (char)('a' + i));
	}
}

Test(software, a_step_may_be_an_expression)
{
	take("  install.version: 1.2\n"
	     "  launch.command: $brooklyn:formatString(\"./run-%s\", $brooklyn:config(\"install.version\"))");
	cr_expect_str_eq(content_of("software/steps/launch"), "./run-1.2");
}

Test(software, what_is_there_already_is_not_installed)
{
	take("  install.command: a\n  launch.command: b\n  skip.install: true");
	cr_expect(!has_file("software/steps/install"));
	take("  install.command: a\n  launch.command: b\n  skip.install: false");
	cr_expect(has_file("software/steps/install"));
}

Test(software, an_archive_brings_its_own_start)
{
	take("  install.version: 1.2\n"
	     "  download.url: 'https://example.org/a-${version}.tgz'\n"
	     "  download.sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	holds("software/settings", "download_url='https://example.org/a-1.2.tgz'");
	holds("software/settings", "download_sha256='0123456789abcdef");
	holds("software/steps/launch", "start.sh");
}

Test(software, what_it_is_installed_by_is_told_apart)
{
	take("  launch.command: a\n  install.version: 1\n  install.unique_label: it's\n  env: {A: x}");
	holds("software/settings.install", "INSTALL_VERSION='1'");
	holds("software/settings.install", "INSTALL_VERSION_MATCH='exact'");
	holds("software/settings.install", "label='it'\\''s'");
	holds("software/settings.install", "A='x'");
}

Test(software, another_version_may_do)
{
	take("  launch.command: a\n  install.version.match: at-least");
	holds("software/settings.install", "INSTALL_VERSION_MATCH='at-least'");
	take("  launch.command: a\n  install.version.match: any");
	holds("software/settings.install", "INSTALL_VERSION_MATCH='any'");
	bad("  launch.command: a\n  install.version.match: newer", 6, 26, "install.version.match", NULL);
}

Test(software, its_folders_and_times_are_settings)
{
	take("  launch.command: a\n"
	     "  install.dir: /opt/x\n"
	     "  run.dir: ~/x\n"
	     "  start.timeout: 10m\n"
	     "  softwareProcess.serviceProcessIsRunningPollPeriod: 20s");
	holds("software/settings", "install_dir='/opt/x'");
	holds("software/settings", "run_dir='~/x'");
	holds("software/settings", "start_timeout=600");
	holds("software/settings", "check_period=20");
	cr_expect_eq(spec->health->patience_ms, 40 * 60 * 1000);
}

static const char *outside(void *context, const char *name)
{
	(void)context;
	return !strcmp(name, "mine") ? "localhost" : NULL;
}

Test(software, on_a_machine_it_is_not_installed_for_ever)
{
	take("  launch.command: ./run\n");
	cr_expect_eq(spec->restart, RESTART_ON_FAILURE);
	holds("software/settings", "tries=3");
	take("  restart: always\n"
	     "  launch.command: ./run\n");
	cr_expect_eq(spec->restart, RESTART_ALWAYS);
	holds("software/settings", "tries=0");
	take_at("docker", "  launch.command: ./run\n");
	cr_expect_eq(spec->restart, RESTART_UNLESS_STOPPED);
	holds("/opt/berth/software/settings", "tries=0");
}

Test(software, a_name_stands_for_what_it_is_bound_to)
{
	static const char text[] = "services:\n- {type: software, location: mine, launch.command: a}\n"
				   "- {type: software, id: b, location: other, launch.command: a}\n";
	struct blueprint_options options = {.file = "b.yaml", .location_type = outside};
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	cr_assert_not_null(outcome.blueprint);
	cr_expect_str_eq(outcome.blueprint->components[0].id, "software");
	cr_expect_eq(outcome.blueprint->components[0].kind, COMPONENT_PROCESS);
	cr_expect_eq(outcome.blueprint->components[1].kind, COMPONENT_DOCKER);
}

Test(software, it_inherits_what_the_application_configures)
{
	outcome = accepted("location: localhost\n"
			   "brooklyn.config: {shell.env: {A: 1, B: 2}, launch.command: c}\n"
			   "services:\n- {type: software, launch.command: a, shell.env: {B: 3}}\n");
	spec = &outcome.blueprint->components[0];
	cr_assert_eq(spec->environment_count, 2);
	cr_expect_str_eq(spec->environment[0].value.text, "3");
	cr_expect_str_eq(spec->environment[1].value.text, "1");
	cr_expect_str_eq(content_of("software/steps/launch"), "a");
}

Test(software, what_starts_nothing_stays)
{
	take("  launch.command: ''\n  checkRunning.command: ''");
	holds("software/steps/launch", "tail -f");
	cr_expect(!has_file("software/steps/checkRunning"));
}

/* --- files ------------------------------------------------------------------------------------------ */

Test(software, files_are_put_where_their_phase_wants_them)
{
	take("  launch.command: a\n"
	     "  files.preinstall: {a: b}\n"
	     "  files.install: {conf/c.conf: conf/, 'https://example.org/d': d}\n"
	     "  files.customize: {e: /etc/e}\n"
	     "  files.runtime: {/x/f: f}");
	cr_expect_str_eq(content_of("software/copy.preinstall"), "put 'files/preinstall/1' 'b'\n");
	cr_expect_str_eq(content_of("software/copy.install"),
			 "put 'files/install/2' 'conf/c.conf'\nput 'https://example.org/d' 'd'\n");
	cr_expect_str_eq(content_of("software/copy.customize"), "put 'files/customize/3' '/etc/e'\n");
	cr_expect_str_eq(file_of("software/files/runtime/4")->source, "/x/f");
	cr_expect(!file_of("software/files/runtime/4")->template);
}

Test(software, templates_know_what_is_configured)
{
	take("  launch.command: a\n"
	     "  templates.preinstall: {a: b}\n"
	     "  templates.install: {c: d}\n"
	     "  templates.customize: {e: f}\n"
	     "  templates.runtime: {g: h}\n"
	     "  template.substitutions: {who: me}\n"
	     "  brooklyn.config: {the.port: 80}");
	const struct file_entry *file = file_of("software/files/runtime/4");
	cr_assert(file->template);
	int found = 0;
	for (size_t i = 0; i < file->substitution_count; i++)
		found += (!strcmp(file->substitutions[i].name, "who") &&
			  !strcmp(file->substitutions[i].value->text, "me")) ||
			 (!strcmp(file->substitutions[i].name, "config['the.port']") &&
			  !strcmp(file->substitutions[i].value->text, "80"));
	cr_expect_eq(found, 2);
}

/* --- ports and order -------------------------------------------------------------------------------- */

Test(software, ports_have_names_everywhere)
{
	take("  launch.command: a\n  ports: {http: auto}");
	cr_assert_eq(spec->named_port_count, 1);
	take_at("docker", "  launch.command: a\n  ports: {http: auto, in-fo: 9000}\n  env: {A: 1}");
	cr_assert_eq(spec->open_port_count, 2);
	cr_expect_eq(spec->open_ports[0].port, 8080);
	cr_expect_eq(spec->open_ports[1].port, 9000);
	cr_assert_eq(spec->environment_count, 4);
	cr_expect_str_eq(spec->environment[1].name, "BIND_ADDRESS");
	cr_expect_str_eq(spec->environment[3].name, "PORT_IN_FO");
	cr_expect_str_eq(spec->environment[3].value.text, "9000");
}

Test(software, a_latch_is_order)
{
	static const char *const latches[] = {"latch.start",     "latch.install", "latch.customize",
					      "latch.launch",    "start.latch",   "launch.latch",
					      "customize.latch", "install.latch"};
	for (size_t i = 0; i < sizeof(latches) / sizeof(*latches); i++) {
		char lines[400];
		snprintf(lines, sizeof(lines),
			 "  launch.command: a\n"
			 "  %s: $brooklyn:component(\"db\").attributeWhenReady(\"service.isUp\")\n"
			 "- {type: process, id: db, command: b}",
			 latches[i]);
		take(lines);
		cr_assert_eq(spec->depends_on_count, 1, "%s", latches[i]);
		cr_expect_eq(spec->depends_on[0].component, 1);
		cr_expect_eq(spec->depends_on[0].need, NEED_READY);
	}
	bad("  launch.command: a\n  latch.start: later", 6, 16, "waits for a sensor", "attributeWhenReady");
}

/* --- what does not go together ---------------------------------------------------------------------- */

Test(software, each_of_brooklyns_latches_is_order)
{
	static const char *const latches[] = {
	    "latch.provision",
	    "provision.latch",
	    "latch.setup",
	    "setup.latch",
	    "latch.preInstall.resources",
	    "resources.preInstall.latch",
	    "latch.install.resources",
	    "resources.install.latch",
	    "installResourcesLatch",
	    "latch.customize.resources",
	    "resources.customize.latch",
	    "latch.launch.resources",
	    "resources.runtime.latch",
	    "runtimeResourcesLatch",
	};
	char text[512];
	for (size_t i = 0; i < sizeof latches / sizeof *latches; i++) {
		close_outcome(&outcome);
		snprintf(text, sizeof text,
			 "location: localhost\nservices:\n- {type: software, id: a, launch.command: x}\n"
			 "- {type: software, id: b, launch.command: x, %s: '$brooklyn:component(\"a\")"
			 ".attributeWhenReady(\"is.configured.by.itself\")'}\n",
			 latches[i]);
		outcome = accepted(text);
		cr_assert_eq(outcome.blueprint->components[1].depends_on_count, 1, "%s", latches[i]);
		cr_expect_eq(outcome.blueprint->components[1].depends_on[0].need, NEED_READY);
	}
}

Test(software, what_is_missing_or_another_kinds_is_said)
{
	bad("  install.command: a", 4, 7, "has no `launch.command`", "download.url");
	bad("  launch.command: a\n  command: b", 6, 3, "does not go with software", "launch.command");
	bad("  launch.command: a\n  dir: /b", 6, 3, "does not go with software", "run.dir");
	bad("  launch.command: a\n  download.url: ftp://x", 6, 17, "no address", "https");
	bad("  launch.command: a\n  download.url: 'https://x/${version}'", 6, 17,
	    "needs an `install.version`", "install.version");
	bad("  launch.command: a\n  download.url: 'https://x/${os}'", 6, 17, "and nothing else", NULL);
	bad("  launch.command: a\n  download.sha256: abc", 6, 20, "64 digits", NULL);
	bad("  launch.command: a\n  templates.install: {'http://x/y': z}", 6, 23, "cannot be read", "beside");
	bad("  launch.command: a\n  files.install: {'ftp://y': z}", 6, 19, "cannot be read", "http URL");
	refused("services:\n- {type: process, id: a, command: b, launch.command: c}\n", 2, 38,
		"does not go with process", "type: software");
}

Test(software, what_has_no_effect_is_warned_of)
{
	take("  launch.command: a\n"
	     "  provisioning.properties: {minRam: 1}\n"
	     "  children.startable.mode: BACKGROUND\n"
	     "  openIptables: true\n"
	     "  stopIptables: true");
	cr_expect_eq(outcome.list.warnings, 3);
}

/* Its step would be missing, and nobody would be told. */
Test(software, a_slip_in_its_configuration_is_warned_of_with_what_was_meant)
{
	take("  launch.command: a\n"
	     "  brooklyn.config:\n"
	     "    install.comand: b\n"
	     "    checkRuning.command: c\n"
	     "    config.port: 1\n"
	     "    confg.port: 2\n"
	     "  env: {PORT: $brooklyn:config(\"config.port\")}");
	expect_words(entry_at(&outcome.list, 7, 5), "nothing reads the config `install.comand`",
		     "did you mean `install.command`?");
	expect_words(entry_at(&outcome.list, 8, 5), "`checkRuning.command`", "`checkRunning.command`");
	expect_words(entry_at(&outcome.list, 10, 5), "`confg.port`", "`config.port`");
	cr_expect_eq(outcome.list.warnings, 3);
}

/* What somebody reads is no slip, and what is like nothing may be for people or for later. */
Test(software, what_is_its_own_in_its_configuration_is_not_warned_of)
{
	take("  launch.command: a\n"
	     "  templates.runtime: {x.tpl: x.conf}\n"
	     "  brooklyn.config:\n"
	     "    install.dirs: a\n"
	     "    stop.comand: b\n"
	     "    proxy.ports: 2\n"
	     "    proxy.portx: 2\n"
	     "    colour: red\n"
	     "    env1: x\n"
	     "  env: {DIRS: $brooklyn:config(\"install.dirs\"), STOP: $brooklyn:config(\"stop.comand\"), "
	     "PORTS: $brooklyn:config(\"proxy.ports\")}");
	cr_expect_eq(outcome.list.warnings, 0, "%s", outcome.list.first->summary);
}

/* --- what it shares with others --------------------------------------------------------------------- */

Test(software, it_takes_what_every_component_takes)
{
	take_at("docker", "  name: Web\n"
			  "  description: for people\n"
			  "  location: docker\n"
			  "  launch.command: a\n"
			  "  openPorts: 80\n"
			  "  portBindings: {8080: 80}\n"
			  "  directPorts: [81]\n"
			  "  publish: [82]\n"
			  "  env: {A: 1}\n"
			  "  user: nobody\n"
			  "  links: [$brooklyn:component(\"db\")]\n"
			  "  dependsOn: [db]\n"
			  "  healthCheck: {http: {port: 80}}\n"
			  "  volumes: ['data:/data']\n"
			  "  cpus: 1\n"
			  "  memory: 64m\n"
			  "  files: {/etc/x: y}\n"
			  "  restart: always\n"
			  "  update: stop-first\n"
			  "  onChange: {signal: HUP}\n"
			  "  protect: true\n"
			  "  pull: always\n"
			  "  stopTimeout: 20s\n"
			  "  linkAddress: ip\n"
			  "  labels: {a: b}\n"
			  "  policies: [{type: restarter}]\n"
			  "  enrichers: []\n"
			  "  effectors: {dump: ./dump}\n"
			  "  sensors: {load: {value: 1}}\n"
			  "  brooklyn.initializers: []\n"
			  "  brooklyn.config: {a: b}\n"
			  "- {type: 'docker:x', id: db}");
	cr_expect_str_eq(spec->name, "Web");
	cr_expect_str_eq(spec->user, "nobody");
	cr_expect_eq(spec->health->kind, CHECK_HTTP);
	cr_expect_gt(spec->health->patience_ms, 0);
	cr_expect_eq(spec->stop_timeout_ms, 20000);
	cr_expect_eq(spec->link_count, 1);
	cr_expect_eq(spec->depends_on_count, 1);
	cr_expect_eq(spec->binding_count, 2);
	cr_expect_str_eq(content_of("/etc/x"), "y");
	take("  launch.command: a\n  instances: 2\n  locations: [localhost]");
	cr_expect_eq(spec->instances, 2);
}

Test(software, brooklyns_flags_are_other_spellings)
{
	take("  preInstallCommand: a\n  postInstallCommand: b\n  preCustomizeCommand: c\n"
	     "  postCustomizeCommand: d\n  preLaunchCommand: e\n  postLaunchCommand: f\n"
	     "  launch.command: g\n  downloadUrl: https://x/y.tgz\n  installDir: /i\n  runDir: /r\n"
	     "  installLabel: l\n  startTimeout: 1m\n"
	     "  preInstallFiles: {a: b}\n  installFiles: {a: b}\n  customizeFiles: {a: b}\n"
	     "  runtimeFiles: {a: b}\n  preInstallTemplates: {a: c}\n  installTemplates: {a: c}\n"
	     "  customizeTemplates: {a: c}\n  runtimeTemplates: {a: c}\n  substitutions: {x: y}\n"
	     "  shell.env: {A: b}\n  childStartMode: NONE\n  startLatch: true\n");
	cr_expect_str_eq(content_of("software/steps/post.launch"), "f");
	holds("software/settings", "run_dir='/r'");
	holds("software/settings", "start_timeout=60");
	holds("software/copy.install", "files/install/");
	take("  launch.command: g\n  install.command: a\n  skipInstall: true\n  provisioningProperties: {}");
	cr_expect_eq(outcome.list.warnings, 1);
	take("  launch.command: g\n  install.command: a\n  install.skip: true");
	cr_expect(!has_file("software/steps/install"));
}

Test(software, what_only_brooklyn_does_is_warned_of)
{
	take("  launch.command: a\n  inboundPorts.autoInfer: true\n  inboundPorts.configRegex: x\n"
	     "  requiredOpenLoginPorts: [22]\n  required.ports: [1]\n"
	     "  effector.add.openInboundPorts: true\n  openIptables: true\n  stopIptables: true\n"
	     "  dontRequireTtyForSudo: true\n  metrics.usage.retrieve: false\n"
	     "  softwareProcess.maxSensorRebindDelay: 1s");
	cr_expect_eq(outcome.list.warnings, 10);
}
