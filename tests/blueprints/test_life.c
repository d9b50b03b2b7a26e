/* test_life.c - how a component lives, ends and is replaced: each key's forms, and what is refused where. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(life, .fini = close_all);

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

Test(life, what_is_not_said_has_its_default)
{
	take("  id: x");
	cr_assert_not(spec->job || spec->protect || spec->pull_always || spec->link_numbers);
	cr_assert_eq(spec->restart, RESTART_UNLESS_STOPPED);
	cr_assert_eq(spec->update, UPDATE_BY_CASE);
	cr_assert_eq(spec->on_change->kind, ON_CHANGE_RESTART);
	cr_assert_eq(spec->stop_timeout_ms, -1);
	cr_assert_null(spec->stop_signal);
	cr_assert_eq(spec->file_count, 0);
}

Test(life, restart_is_a_word_and_no_is_one)
{
	static const struct {
		const char *line;
		enum restart_policy policy;
	} forms[] = {{"  restart: no", RESTART_NO},
		     {"  restart: 'no'", RESTART_NO},
		     {"  restart: always", RESTART_ALWAYS},
		     {"  restart: on-failure", RESTART_ON_FAILURE},
		     {"  restart: unless-stopped", RESTART_UNLESS_STOPPED}};
	for (size_t i = 0; i < 5; i++) {
		take(forms[i].line);
		cr_assert_eq(spec->restart, forms[i].policy, "%s", forms[i].line);
		cr_assert_eq(outcome.list.warnings, 0);
	}
	bad("  restart: allways", 12, "`restart` cannot be `allways`", "did you mean `always`?");
	bad("  restart: never", 12, "cannot be `never`", "unless-stopped, no, on-failure or always");
	bad("  restart: [no]", 12, "takes a text, not a list", NULL);
	bad("  restart:", 11, "takes a text, not nothing", NULL);
}

Test(life, a_job_is_not_restarted)
{
	take("  job: true");
	cr_assert(spec->job);
	cr_assert_eq(spec->restart, RESTART_NO);
	take("  job: true\n  restart: on-failure\n  instances: 3\n  portBindings: {}");
	cr_assert_eq(spec->restart, RESTART_ON_FAILURE);
	take("  restart: no\n  job: true\n  portBindings: {80: 80}");
	cr_assert_eq(spec->restart, RESTART_NO);
	take("  job: false\n  restart: always");
	cr_assert_eq(spec->restart, RESTART_ALWAYS);
	refused(with_lines("  job: true\n  restart: always"), 4, 12, "`x` is a job", "restart: no");
	refused(with_lines("  restart: unless-stopped\n  job: true"), 3, 12, "not to be restarted",
		"take `job` away");
	bad("  job: once", 8, "`job` is true or false, not `once`", NULL);
	bad("  job: {}", 8, "not a map", NULL);
	take("  job: yes");
	expect_words(entry_at(&outcome.list, 3, 8), "taken as true", "`true`");
	take("  job: true\n  openPorts: 80\n  healthCheck: {tcp: 80}");
	expect_words(entry_at(&outcome.list, 5, 3), "ready when it has finished", "take it away");
}

Test(life, stopping_takes_a_time_and_a_signal)
{
	take("  stopTimeout: 1m30s\n  stopSignal: SIGQUIT");
	cr_assert_eq(spec->stop_timeout_ms, 90000);
	cr_assert_str_eq(spec->stop_signal, "QUIT");
	static const char *const forms[][2] = {{"  stopSignal: int", "INT"},
					       {"  stopSignal: SIGRTMIN+3", "RTMIN+3"},
					       {"  stopSignal: 15", "TERM"}};
	for (size_t i = 0; i < 3; i++) {
		take(forms[i][0]);
		cr_assert_str_eq(spec->stop_signal, forms[i][1]);
	}
	take("  stopTimeout: 0");
	cr_assert_eq(spec->stop_timeout_ms, 0);
	bad("  stopTimeout: long", 16, "`long` is no time for `stopTimeout`", "10s");
	bad("  stopTimeout: 25h", 16, "longer than a day", "1h30m");
	bad("  stopSignal: SIGTREM", 15, "no signal is called `SIGTREM`", "did you mean `TERM`?");
	bad("  stopSignal: 0", 15, "no signal is called `0`", "HUP");
	bad("  stopSignal: RTMIN+99", 15, "no signal is called", NULL);
}

Test(life, pulling_protecting_and_how_it_is_reached)
{
	take("  pull: always\n  protect: true\n  linkAddress: ip");
	cr_assert(spec->pull_always && spec->protect && spec->link_numbers);
	take("  pull: missing\n  protect: false\n  linkAddress: name");
	cr_assert_not(spec->pull_always || spec->protect || spec->link_numbers);
	bad("  pull: never", 9, "`pull` cannot be `never`", "missing or always");
	bad("  pull: allways", 9, "`allways`", "`always`");
	bad("  protect: maybe", 12, "`protect` is true or false, not `maybe`", NULL);
	bad("  linkAddress: number", 16, "cannot be `number`", "name or ip");
	bad("  linkAdress: ip", 3, "unknown key `linkAdress`", "`linkAddress`");
	refused("services:\n- {type: process, id: p, command: x, pull: always}\n", 2, 38,
		"does not go with process", NULL);
	refused("services:\n- {type: process, id: p, command: x, linkAddress: ip}\n", 2, 38,
		"does not go with process", NULL);
	refused("services:\n- {type: external, id: p, address: x, ports: 1, protect: true}\n", 2, 49,
		"does not go with external", NULL);
}

Test(life, words_may_come_from_the_configuration)
{
	take("  brooklyn.config: {r: always, f: true}\n  restart: $brooklyn:config(\"r\")\n"
	     "  protect: $brooklyn:config(\"f\")");
	cr_assert_eq(spec->restart, RESTART_ALWAYS);
	cr_assert(spec->protect);
}

Test(life, an_update_comes_first_or_last)
{
	take("  update: start-first");
	cr_assert_eq(spec->update, UPDATE_START_FIRST);
	take("  update: stop-first\n  portBindings: {80: 80}\n  volumes: ['data:/d']");
	cr_assert_eq(spec->update, UPDATE_STOP_FIRST);
	take("  update: start-first\n  openPorts: 80\n  volumes: [/tmp, '/etc/x:/x:ro']");
	bad("  update: start-last", 11, "`update` cannot be `start-last`", "`start-first`");
	bad("  update: rolling", 11, "cannot be `rolling`", "start-first or stop-first");
}

Test(life, start_first_is_refused_where_two_cannot_be)
{
	static const struct {
		const char *line, *words;
	} hindrances[] = {
	    {"  portBindings: {80: 8080}", "the host's port 80 (line 3, column 18)"},
	    {"  directPorts: [81]", "the host's port 81 (line 3, column 17)"},
	    {"  publish: 6379", "the port kept on the host for 6379 (line 3, column 12)"},
	    {"  volumes: ['data:/d']", "the volume `data` (line 3, column 13)"},
	    {"  volumes: ['/srv:/d']", "the folder `/srv`, written to, (line 3, column 13)"},
	    {"  linkAddress: ip", "`linkAddress: ip` (line 3, column 3)"},
	};
	for (size_t i = 0; i < sizeof(hindrances) / sizeof(*hindrances); i++) {
		char lines[200];
		snprintf(lines, sizeof(lines), "%s\n  update: start-first", hindrances[i].line);
		refused(with_lines(lines), 4, 11, hindrances[i].words, "`update: stop-first`");
	}
	refused(with_lines("  job: true\n  update: start-first"), 4, 11, "is run anew", "take `update` away");
	refused("services:\n- {type: process, id: p, command: x, openPorts: 8080, update: start-first}\n", 2,
		63, "old and new cannot both have the port 8080", NULL);
	refused("services:\n- {type: process, id: p, command: x, ports: {http: 8080}, update: start-first}\n",
		2, 67, "the port `http` (line 2, column 52)", NULL);
	refused("services:\n- {type: process, id: p, command: x, ports: {h: 80-81}, instances: 2, update: "
		"start-first}\n",
		2, 79, "the port `h`", NULL);
	close_outcome(&outcome);
	outcome =
	    accepted("services:\n- {type: process, id: p, command: x, ports: {h: 80-81, a: auto}, update: "
		     "start-first}\n");
}

Test(life, a_use_of_its_mapped_port_keeps_a_port_too)
{
	refused("services:\n- {type: 'docker:x', id: x, update: start-first}\n- {type: 'docker:y', id: y, "
		"env: {A: "
		"'$brooklyn:component(\"x\").attributeWhenReady(\"mapped.docker.port.80\")'}}\n",
		2, 37, "the port kept on the host for 80 (line 3", NULL);
}

Test(life, a_change_is_met_by_a_word_a_signal_or_a_command)
{
	take("  onChange: none");
	cr_assert_eq(spec->on_change->kind, ON_CHANGE_NONE);
	take("  onChange: restart");
	cr_assert_eq(spec->on_change->kind, ON_CHANGE_RESTART);
	take("  onChange: {signal: SIGHUP}");
	cr_assert_eq(spec->on_change->kind, ON_CHANGE_SIGNAL);
	cr_assert_str_eq(spec->on_change->signal, "HUP");
	cr_assert_eq(spec->on_change->place.line, 3);
	take("  onChange: {command: nginx -s reload}");
	cr_assert_eq(spec->on_change->kind, ON_CHANGE_COMMAND);
	cr_assert(spec->on_change->command.shell);
	take("  onChange: {command: [nginx, -s, reload]}");
	cr_assert_eq(spec->on_change->command.count, 3);
	cr_assert_not(spec->on_change->command.shell);
}

Test(life, other_reactions_to_a_change_are_refused)
{
	bad("  onChange: HUP", 13, "`onChange` cannot be `HUP`", "{signal: HUP}");
	bad("  onChange: reload", 13, "cannot be `reload`", "{command: ...}");
	bad("  onChange: restrat", 13, "cannot be `restrat`", "`restart`");
	bad("  onChange: {signal: HPU}", 22, "no signal is called `HPU`", "did you mean `HUP`?");
	bad("  onChange: {singal: HUP}", 14, "unknown key `singal`", "`signal`");
	bad("  onChange: {signal: HUP, command: x}", 13, "takes one thing to do, not several", "restart");
	bad("  onChange: [restart]", 13, "not a list", NULL);
	bad("  onChange: {}", 13, "not a map", NULL);
	bad("  onChange: {command: ''}", 23, "a text or a list", NULL);
}

#define APART                                                                                                \
	"services:\n- {type: 'docker:x', id: db, location: 'docker:tcp://other:1', openPorts: 1}\n"          \
	"- type: docker:x\n  id: web\n  location: docker\n"

static void warned(const char *lines, int line, int column, const char *words)
{
	char text[2048];
	snprintf(text, sizeof(text), "%s%s", APART, lines);
	close_outcome(&outcome);
	outcome = accepted(text);
	cr_assert_eq(outcome.list.warnings, words ? 1 : 0, "%zu warnings for %s", outcome.list.warnings,
		     lines);
	if (words)
		expect_words(entry_at(&outcome.list, line, column), words, "`files`");
}

Test(life, an_environment_alone_carries_no_change_to_what_goes_on_running)
{
	warned("  onChange: {signal: HUP}\n  env: {A: '$berth:endpoint(\"db\")'}\n", 7, 9,
	       "`web` has where `db` is in its environment alone");
	warned("  onChange: none\n  links: {d: '$brooklyn:component(\"db\")'}\n", 7, 11, "`onChange: none`");
	warned("  onChange: {command: x}\n  env: {A: '$berth:secret(\"env:S\")'}\n", 7, 9, "a secret");
	warned("  onChange: {signal: HUP}\n  env: {A: "
	       "'$brooklyn:formatString(\"%s!\", $berth:address(\"db\"))'}\n",
	       7, 9, "where `db` is");
	warned("  env: {A: '$berth:endpoint(\"db\")'}\n", 0, 0, NULL);
	warned("  onChange: {signal: HUP}\n  env: {B: plain}\n", 0, 0, NULL);
}

Test(life, a_file_carries_the_change)
{
	warned("  onChange: {signal: HUP}\n  links: {d: '$brooklyn:component(\"db\")'}\n"
	       "  files: {/etc/a: {content: '$brooklyn:formatString(\"to %s\", $berth:endpoint(\"db\"))'}}\n",
	       0, 0, NULL);
	warned("  onChange: {signal: HUP}\n  env: {A: '$berth:secret(\"env:S\")'}\n"
	       "  files: {/etc/a: {secret: 'env:S'}}\n",
	       0, 0, NULL);
	warned("  onChange: {signal: HUP}\n  env: {A: '$berth:secret(\"env:S\")'}\n"
	       "  files: {/etc/a: {secret: 'env:T'}}\n",
	       7, 9, "a secret");
}

Test(life, a_name_on_one_engine_never_changes)
{
	outcome =
	    accepted("services:\n- {type: 'docker:x', id: db, openPorts: 1}\n- type: docker:x\n  id: web\n"
		     "  onChange: none\n  links: {d: '$brooklyn:component(\"db\")'}\n"
		     "  env: {A: '$berth:endpoint(\"db\")'}\n");
	cr_assert_eq(outcome.list.warnings, 0);
	close_outcome(&outcome);
	outcome = accepted("services:\n- {type: 'docker:x', id: db, openPorts: 1, linkAddress: ip}\n"
			   "- type: docker:x\n  id: web\n  onChange: none\n"
			   "  links: {d: '$brooklyn:component(\"db\")'}\n");
	cr_assert_eq(outcome.list.warnings, 1);
	close_outcome(&outcome);
	outcome = accepted(
	    "services:\n- {type: external, id: db, address: x, ports: 1}\n- type: docker:x\n  id: web\n"
	    "  onChange: none\n  links: {d: '$brooklyn:component(\"db\")'}\n");
	cr_assert_eq(outcome.list.warnings, 0);
}
