/* test_show.c - what people see: diagnostics, plans, states, failures, tables. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cli/run_cli.h"

TestSuite(show, .init = cli_begin, .fini = cli_end, .timeout = 120);

#define INVALID                                                                                              \
	"{\"format_version\":\"1\",\"valid\":false,\"error_count\":2,\"warning_count\":1,\"diagnostics\":["  \
	"{\"severity\":\"error\",\"summary\":\"there is no component `reddis`\","                            \
	"\"detail\":\"did you mean `redis`?\",\"range\":{\"filename\":\"deck.yaml\","                        \
	"\"start\":{\"line\":5,\"column\":3,\"byte\":40},\"end\":{\"line\":5,\"column\":9,\"byte\":46}},"    \
	"\"snippet\":{\"code\":\"\\t- reddis # x\",\"start_line\":5,\"highlight_start_offset\":3,"           \
	"\"highlight_end_offset\":9}},"                                                                      \
	"{\"severity\":\"warning\",\"summary\":\"odd\",\"detail\":\"\",\"range\":{\"filename\":\"deck."      \
	"yaml\","                                                                                            \
	"\"start\":{\"line\":6,\"column\":3,\"byte\":50},\"end\":{\"line\":6,\"column\":3,\"byte\":50}},"    \
	"\"snippet\":\"\xc3\xa4\xc3\xb6 x\"},"                                                               \
	"{\"severity\":\"error\",\"summary\":\"bad \\u001b[2J\\u0007words\",\"detail\":\"\"}]}\n"

static const char invalid_text[] = "deck.yaml:5:3: error: there is no component `reddis`\n"
				   "    \t- reddis # x\n"
				   "    \t  ^~~~~~\n"
				   "  = did you mean `redis`?\n"
				   "deck.yaml:6:3: warning: odd\n"
				   "    \xc3\xa4\xc3\xb6 x\n"
				   "      ^\n"
				   "berth: error: bad \\x1b[2J\\x07words\n"
				   "2 errors, 1 warning\n";

Test(show, diagnostics_with_line_caret_and_remedy)
{
	script =
	    (struct script){.result = INVALID, .outcome = BERTH_INVALID, .message = "deck.yaml: 2 errors"};
	cr_expect_eq(run_cli("validate"), 65);
	cr_expect_str_eq(err, invalid_text);
	cr_expect_str_eq(out, "");
	cr_expect_eq(run_cli("deploy -y"), 65);
	cr_expect_str_eq(err, invalid_text);
	cr_expect_eq(run_cli("plan --detailed-exitcode"), 65);
	cr_expect_str_eq(err, invalid_text);
	write_file("deck.yaml", "id: b\n");
	cr_expect_eq(run_cli("locations check deck.yaml"), 65);
	cr_expect_str_eq(err, invalid_text);
}

Test(show, every_blueprint_is_validated)
{
	script = (struct script){.result = INVALID, .outcome = BERTH_INVALID, .message = "2 errors"};
	write_file("b.yaml", "id: b\n");
	cr_expect_eq(run_cli("validate blueprint.yaml b.yaml"), 65);
	cr_expect_eq(asked.begun, 2);
	cr_expect_str_eq(asked.file, "b.yaml");
	cr_expect_eq(asked.freed, 2);
	cr_expect_eq(run_cli("validate blueprint.yaml b.yaml -o json"), 65);
	cr_expect(strstr(out, "\"error_count\":4,\"warning_count\":2"), "%s", out);
	cr_expect_eq(strchr(out, '\n'), out + strlen(out) - 1, "one document");
}

Test(show, one_that_cannot_be_had_among_several_makes_one_document)
{
	script.result = "{\"format_version\":\"1\",\"valid\":true,\"error_count\":0,\"diagnostics\":[]}";
	cr_expect_neq(run_cli("validate blueprint.yaml nowhere -o json"), 0);
	cr_expect(strstr(out, "\"error\""), "%s", out);
	cr_expect_null(strstr(out, "\"valid\""), "%s", out);
	cr_expect_eq(strchr(out, '\n'), out + strlen(out) - 1, "one document: %s", out);
}

Test(show, a_valid_blueprint_is_called_so)
{
	script.result = "{\"format_version\":\"1\",\"valid\":true,\"error_count\":0,\"diagnostics\":[]}";
	cr_expect_eq(run_cli("validate"), 0);
	cr_expect_str_eq(out, "blueprint.yaml: valid\n");
	cr_expect_str_eq(err, "");
}

Test(show, json_is_passed_as_it_is)
{
	script = (struct script){
	    .result = "{\"b\": 1,   \"a\":2}", .message = "m", .remedy = "r", .outcome = BERTH_UNREACHABLE};
	static const char *const commands_there_are[] = {
	    "validate", "plan",     "deploy -y", "status",         "destroy -y app", "graph",
	    "types",    "events",   "locations", "logs app",       "stop app",       "start app",
	    "why app",  "wait app", "gc",        "gc --delete -y", "restart app",    "scale app web 2"};
	for (size_t i = 0; i < sizeof commands_there_are / sizeof *commands_there_are; i++) {
		char line[80];
		snprintf(line, sizeof line, "%s -o json", commands_there_are[i]);
		cr_expect_eq(run_cli(line), 69, "%s", line);
		cr_expect_str_eq(out, "{\"b\": 1,   \"a\":2}\n", "%s: %s", line, out);
		cr_expect_str_eq(err, "berth: error: m\n  = r\n", "%s: %s", line, err);
	}
}

Test(show, a_schema_is_set_out_in_lines)
{
	script.result = "{\"definitions\":{},\"type\":\"object\"}";
	cr_expect_eq(run_cli("schema"), 0);
	cr_expect_str_eq(out, "{\n  \"definitions\": {},\n  \"type\": \"object\"\n}\n");
	cr_expect_eq(run_cli("schema -o json"), 0);
	cr_expect_str_eq(out, "{\"definitions\":{},\"type\":\"object\"}\n");
	script =
	    (struct script){.result = "{\"format_version\":\"1\"}", .message = "m", .outcome = BERTH_FAILED};
	cr_expect_eq(run_cli("schema"), 1);
	cr_expect_str_eq(out, "");
}

Test(show, what_cannot_begin_is_a_document_with_json)
{
	script = (struct script){.begin_error = "no store", .remedy = "make one", .outcome = BERTH_DENIED};
	cr_expect_eq(run_cli("status -o json"), 77);
	cr_expect_str_eq(
	    out, "{\"format_version\":\"1\",\"error\":{\"code\":\"denied\",\"text\":\"no store\",\"remedy\":"
		 "\"make one\"}}\n");
	cr_expect_str_eq(err, "berth: error: no store\n  = make one\n");
}

#define PLAN                                                                                                 \
	"{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":["                                           \
	"{\"component\":\"redis\",\"instance\":\"shop.redis.1\",\"location\":\"here\",\"action\":"           \
	"\"replace\","                                                                                       \
	"\"because\":[{\"path\":\"env.A\",\"file\":\"deck.yaml\",\"line\":7,\"column\":3,\"old\":\"1\","     \
	"\"new\":\"2\"},{\"path\":\"memory\",\"file\":null,\"old\":\"0\",\"new\":\"67108864\"},"             \
	"{\"path\":\"cpus\",\"file\":null,\"old\":\"1500000000\",\"new\":\"0\"},"                            \
	"{\"path\":\"secrets\",\"file\":null,\"line\":null,\"old\":null,\"new\":null}],"                     \
	"\"links\":[],\"publishes\":[],\"outage\":\"until ready\",\"data_at_risk\":[\"/data\"],"             \
	"\"readiness\":\"tcp\"},"                                                                            \
	"{\"component\":\"web\",\"instance\":\"shop.web.1\",\"location\":\"there\",\"action\":\"create\","   \
	"\"because\":[],\"links\":[{\"alias\":\"cache\",\"to\":\"redis\",\"path\":\"published\","            \
	"\"host\":\"10.0.0.1\",\"port\":null,\"name\":\"cache\",\"note\":\"another "                         \
	"number\"},{\"alias\":\"x\",\"to\":\"x\","                                                           \
	"\"path\":\"network\",\"host\":\"x\",\"port\":80}],\"publishes\":[{\"port\":9090,"                   \
	"\"protocol\":\"tcp\",\"host_address\":\"0.0.0.0\",\"host_port\":null,\"why\":\"needed\"}],"         \
	"\"outage\":\"none\",\"data_at_risk\":[],\"readiness\":\"http /\"},"                                 \
	"{\"component\":\"old\",\"instance\":\"shop.old.1\",\"location\":\"here\",\"action\":\"remove\","    \
	"\"because\":[],\"links\":[],\"publishes\":[],\"outage\":\"none\",\"data_at_risk\":[]},"             \
	"{\"component\":\"x\",\"instance\":\"shop.x.1\",\"location\":\"here\",\"action\":\"unchanged\"}],"   \
	"\"diagnostics\":[],\"summary\":{\"create\":1,\"start\":0,\"replace\":1,\"remove\":1,"               \
	"\"unchanged\":1}}"

static const char replaced_text[] = "~ redis.1 at here: replace, ready when: tcp\n"
				    "    because env.A: 1 -> 2 (deck.yaml:7)\n"
				    "    because memory: (none) -> 64m\n"
				    "    because cpus: 1.5 -> (none)\n"
				    "    because a secret changed\n"
				    "    outage until ready\n"
				    "    data at risk /data\n";

static const char created_text[] =
    "+ web.1 at there: create, ready when: http /\n"
    "    link cache to redis by published at 10.0.0.1:(known after deploy), called cache; another number\n"
    "    link x by network at x:80\n"
    "    publishes 0.0.0.0:(known after deploy) -> 9090/tcp; needed\n";

Test(show, a_plan_in_full)
{
	char expected[2000];
	script.result = PLAN;
	snprintf(expected, sizeof expected,
		 "%s%s- old.1 at here: remove\n= x.1 at here: unchanged\n\n"
		 "Plan: 1 to create, 1 to replace, 1 to remove; 1 unchanged.\n",
		 replaced_text, created_text);
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect_str_eq(out, expected);
	cr_expect_str_eq(err, "");
	cr_expect_eq(run_cli("plan --detailed-exitcode"), 2);
	cr_expect_eq(run_cli("deploy --dry-run"), 0);
	cr_expect_str_eq(out, expected);
	cr_expect(asked.dry_run);
}

Test(show, what_its_target_rolls_has_no_outage)
{
	script.result =
	    "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":"
	    "\"update\",\"order\":\"rolling\",\"outage\":\"none\",\"instance\":\"shop.x.1\","
	    "\"location\":\"here\"}],\"summary\":{\"update\":1}}";
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect(strstr(out, "outage none: its target makes its tasks anew"), "%s", out);
	script.result =
	    "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":"
	    "\"update\",\"order\":\"under-way\",\"outage\":\"none\",\"instance\":\"shop.x.1\","
	    "\"location\":\"here\"}],\"summary\":{\"update\":1}}";
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect(strstr(out, "outage none: its target is at it already"), "%s", out);
}

Test(show, a_plan_of_nothing)
{
	script.result =
	    "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":"
	    "\"unchanged\",\"instance\":\"shop.x.1\",\"location\":\"here\"}],\"summary\":{\"unchanged\":1}}";
	cr_expect_eq(run_cli("plan --detailed-exitcode"), 0);
	cr_expect_str_eq(out, "= x.1 at here: unchanged\nNo changes. shop is as the blueprint says.\n");
}

Test(show, what_keeps_it_from_running_is_told_as_it_is)
{
	script.result = "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\","
			"\"action\":\"update\","
			"\"instance\":\"shop.x.1\",\"location\":\"here\",\"because\":[{\"path\":\"state\","
			"\"old\":\"it keeps "
			"ending\"},{\"path\":\"network\",\"old\":\"a rule is gone\"}]}],"
			"\"summary\":{\"update\":1}}";
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect(strstr(out, "    because it keeps ending\n    because a rule is gone\n"), "%s", out);
}

Test(show, what_software_is_told_is_named_as_that)
{
	script.result =
	    "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":"
	    "\"replace\","
	    "\"instance\":\"shop.x.1\",\"location\":\"here\",\"because\":[{\"path\":"
	    "\"files.software/settings.install\",\"old\":\"content 1 0600\",\"new\":\"content 2 "
	    "0600\"},{\"path\":"
	    "\"files.software/settings\",\"old\":\"content 1 0600\",\"new\":\"content 2 0600\"},{\"path\":"
	    "\"files.software/steps/launch\",\"old\":\"content 1 0600\",\"new\":\"content 2 0600\"}]}],"
	    "\"summary\":{\"replace\":1}}";
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect(strstr(out,
			 "because what its installation is told: it says something else\n    because "
			 "what its steps are told: it says something else\n    because the step launch: it "
			 "says something else\n"),
		  "%s", out);
}

/* A plan of its own, and one that has something to do elsewhere. */
Test(show, what_is_on_a_machine_that_does_not_answer_is_not_called_unchanged)
{
	static const char one[] =
	    "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":\"%s\","
	    "\"instance\":\"shop.x.1\",\"location\":\"a\"},{\"component\":\"y\",\"action\":\"unchanged\","
	    "\"instance\":\"shop.y.1\",\"location\":\"b\"}],\"summary\":{\"%s\":1,\"unchanged\":%d},"
	    "\"unknown\":[{\"instance\":\"shop.y.1\",\"why\":\"no route to b\"}]}";
	static const char unknown[] = "? y.1 at b: unknown\n    because no route to b\n";
	char result[600], expected[300];
	snprintf(result, sizeof result, one, "unchanged", "create", 2);
	script.result = result;
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect_eq(run_cli("plan --detailed-exitcode"), 69, "that nothing changes is not known");
	snprintf(
	    expected, sizeof expected,
	    "= x.1 at a: unchanged\n%sNo changes. shop is as the blueprint says, as far as is known: of 1 "
	    "instance nobody answers.\n",
	    unknown);
	cr_expect_str_eq(out, expected);
	snprintf(result, sizeof result, one, "create", "create", 1);
	cr_expect_eq(run_cli("plan --detailed-exitcode"), 2);
	cr_expect_eq(run_cli("plan"), 0);
	snprintf(expected, sizeof expected,
		 "+ x.1 at a: create\n%s\nPlan: 1 to create; 0 unchanged, 1 unknown.\n", unknown);
	cr_expect_str_eq(out, expected);
}

Test(show, a_plan_of_nothing_but_what_does_not_answer)
{
	script.result =
	    "{\"format_version\":\"1\",\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":"
	    "\"unchanged\",\"instance\":\"shop.x.1\",\"location\":\"here\"}],\"summary\":{\"unchanged\":1},"
	    "\"awaited\":[{\"instance\":\"shop.x.1\",\"why\":\"it was not seen to answer yet\"}]}";
	cr_expect_eq(run_cli("plan --detailed-exitcode"), 0);
	cr_expect_str_eq(out,
			 "= x.1 at here: unchanged\nNothing is to be made otherwise, but a deploy waits for\n"
			 "  shop.x.1: it was not seen to answer yet\n");
}

#define COMPONENTS                                                                                           \
	"\"components\":[{\"id\":\"redis\",\"type\":\"docker:redis:3\",\"location\":\"here\",\"state\":"     \
	"\"running\",\"instances\":[{\"name\":\"shop.redis.1\",\"state\":\"running\",\"target_id\":\"9f\","  \
	"\"address\":\"172.18.0.2\",\"ports\":[{\"port\":6379,\"protocol\":\"tcp\"}],\"exits\":1}],"         \
	"\"links\":[]},"                                                                                     \
	"{\"id\":\"web\",\"location\":\"here\",\"state\":\"broken\",\"instances\":[{\"name\":\"shop.web."    \
	"1\","                                                                                               \
	"\"state\":\"broken\",\"address\":\"\",\"ports\":[{\"port\":90,\"protocol\":\"tcp\",\"host_port\":"  \
	"80,"                                                                                                \
	"\"host_address\":\"0.0.0.0\"},{\"port\":53,\"protocol\":\"udp\",\"host_port\":53,"                  \
	"\"host_address\":\"::\"}],\"exits\":3,\"exit_code\":1,\"error\":\"it keeps exiting\"}],\"links\":[" \
	"{\"alias\":\"redis\",\"to\":\"redis\",\"path\":\"network\",\"host\":\"redis\",\"port\":6379,"       \
	"\"name\":\"redis\"},{\"alias\":\"a\",\"to\":\"far\",\"path\":\"published\",\"host\":\"10.0.0.2\","  \
	"\"port\":1,\"name\":\"a\"},{\"alias\":\"far\",\"to\":\"far\",\"path\":\"published\",\"host\":"      \
	"\"10.0.0.2\",\"port\":1,\"name\":null}]},"                                                          \
	"{\"id\":\"far\",\"location\":\"there\",\"state\":\"unknown\",\"error\":\"no answer\","              \
	"\"instances\":[]}]"

static const char components_text[] =
    "COMPONENT  INSTANCE      LOCATION  STATE    ADDRESS     PORTS\n"
    "redis      shop.redis.1  here      running  172.18.0.2  6379\n"
    "web        shop.web.1    here      broken               0.0.0.0:80->90, [::]:53->53/udp\n"
    "far                      there     unknown\n"
    "link web -> redis by network at redis:6379\n"
    "link web -> far as a by published at 10.0.0.2:1, called a\n"
    "link web -> far by published at 10.0.0.2:1, by variables only\n"
    "shop.redis.1: exited 1 time\n"
    "shop.web.1: exited 3 times; exit code 1; it keeps exiting\n"
    "far: no answer\n";

Test(show, status_of_one)
{
	char expected[2000];
	script = (struct script){
	    .result = "{\"format_version\":\"1\",\"app\":\"shop\",\"state\":\"unknown\"," COMPONENTS
		      ",\"unreachable\":[{\"location\":\"there\",\"error\":\"no answer\","
		      "\"remedy\":\"start it\"}]}",
	    .outcome = BERTH_UNREACHABLE,
	    .message = "there: no answer"};
	snprintf(expected, sizeof expected, "shop: unknown\n%s", components_text);
	cr_expect_eq(run_cli("status shop"), 69);
	cr_expect_str_eq(out, expected);
	cr_expect_str_eq(err, "berth: error: there: no answer\n  = start it\n");
}

Test(show, more_is_said_with_v)
{
	script.result = "{\"format_version\":\"1\",\"app\":\"shop\",\"state\":\"broken\"," COMPONENTS "}";
	cr_expect_eq(run_cli("status shop -v"), 0);
	cr_expect(strstr(out, "172.18.0.2  6379                             9f\n"), "%s", out);
	script.result =
	    "{\"app\":\"shop\",\"changes\":[{\"component\":\"x\",\"action\":\"unchanged\","
	    "\"instance\":\"shop.x.1\",\"location\":\"here\",\"links\":[{\"alias\":\"y\",\"to\":"
	    "\"y\",\"path\":\"network\",\"host\":\"y\",\"port\":80}]}],\"summary\":{\"unchanged\":1}}";
	cr_expect_eq(run_cli("plan -v"), 0);
	cr_expect(strstr(out, "= x.1 at here: unchanged\n    link y by network at y:80\n"), "%s", out);
	cr_expect_eq(run_cli("plan"), 0);
	cr_expect_null(strstr(out, "link y"), "%s", out);
}

Test(show, what_ended_once_is_told_by_its_code_and_a_finished_job_by_its_state)
{
	script.result =
	    "{\"app\":\"shop\",\"state\":\"stopped\",\"components\":[{\"id\":\"web\",\"location\":\"l\","
	    "\"instances\":["
	    "{\"name\":\"shop.web.1\",\"state\":\"finished\",\"exits\":1,\"exit_code\":0},"
	    "{\"name\":\"shop.web.2\",\"state\":\"stopped\",\"exits\":1,\"exit_code\":137},"
	    "{\"name\":\"shop.web.3\",\"state\":\"stopped\",\"exits\":4,\"exit_code\":1}]}]}";
	cr_expect_eq(run_cli("status shop"), 0);
	cr_expect_null(strstr(out, "shop.web.1: "), "%s", out);
	cr_expect(strstr(out, "\nshop.web.2: exit code 137\n"), "%s", out);
	cr_expect(strstr(out, "\nshop.web.3: exited 4 times; exit code 1\n"), "%s", out);
}

Test(show, what_a_signal_ended_is_told_by_its_name)
{
	script.result =
	    "{\"app\":\"shop\",\"state\":\"stopped\",\"components\":[{\"id\":\"web\",\"location\":\"l\","
	    "\"instances\":["
	    "{\"name\":\"shop.web.1\",\"state\":\"stopped\",\"exits\":1,\"exit_code\":-1,\"signal\":"
	    "\"SIGKILL\"},"
	    "{\"name\":\"shop.web.2\",\"state\":\"stopped\",\"exits\":1,\"exit_code\":-1,\"error\":\"its "
	    "keeper was killed\"}]}]}";
	cr_expect_eq(run_cli("status shop"), 0);
	cr_expect(strstr(out, "\nshop.web.1: killed by SIGKILL\n"), "%s", out);
	cr_expect_null(strstr(out, "code -1"), "%s", out);
}

Test(show, what_the_last_deploy_could_not_do_points_to_why)
{
	script.result =
	    "{\"app\":\"shop\",\"state\":\"running\",\"components\":[{\"id\":\"web\",\"location\":\"l\","
	    "\"instances\":[{\"name\":\"shop.web.1\",\"state\":\"running\",\"last_failure\":\"no such "
	    "image\"},{\"name\":\"shop.web.2\",\"state\":\"running\"}]}]}";
	cr_expect_eq(run_cli("status shop"), 0);
	cr_expect(strstr(out, "\nshop.web.1: the last deploy failed: no such image\n"
			      "  = `berth why shop` says what to do\n"),
		  "%s", out);
	cr_expect_null(strstr(out, "shop.web.2: the"), "%s", out);
}

Test(show, a_location_without_a_name_leaves_room_for_the_rest_of_its_line)
{
	script.result =
	    "{\"locations\":[{\"name\":\"{openstack: {endpoint: "
	    "\\\"http://keystone.example.org:5000/v3\\\"}}\","
	    "\"type\":\"openstack\",\"spec\":\"s\",\"source\":\"a.yaml\"},"
	    "{\"name\":\"docker:tcp://engine-of-the-second-floor.example.org:2376\",\"type\":\"docker\"}]}";
	cr_expect_eq(run_cli("locations"), 0);
	cr_expect(strstr(out, "..          openstack  s"), "%s", out);
	cr_expect_null(strstr(out, "5000/v3"), "%s", out);
	cr_expect(strstr(out, "docker:tcp://engine-of-the-second-floor.example.org:2376  docker"), "%s", out);
}

Test(show, status_of_all)
{
	script.result =
	    "{\"applications\":[{\"app\":\"shop\",\"state\":\"running\",\"instances\":3,\"locations\":[\"a\","
	    "\"b\"],"
	    "\"owner\":\"me\"},{\"app\":\"x\",\"state\":\"stopped\",\"instances\":1,\"locations\":[\"a\"]}]}";
	cr_expect_eq(run_cli("status"), 0);
	cr_expect_str_eq(out, "APPLICATION  STATE    INSTANCES  LOCATIONS  OWNER\n"
			      "shop         running  3          a, b       me\n"
			      "x            stopped  1          a\n");
	cr_expect_eq(run_cli("status --exit-code"), 1);
	script.result = "{\"applications\":[]}";
	cr_expect_eq(run_cli("status --exit-code"), 0);
	cr_expect_str_eq(out, "No applications.\n");
}

Test(show, exit_code_tells_whether_it_runs)
{
	script.result = "{\"app\":\"shop\",\"state\":\"broken\"}";
	cr_expect_eq(run_cli("status shop"), 0);
	cr_expect_eq(run_cli("status shop --exit-code"), 1);
	script.result = "{\"app\":\"shop\",\"state\":\"running\"}";
	cr_expect_eq(run_cli("status shop --exit-code"), 0);
}

Test(show, a_failed_deploy_says_what_runs_and_what_not)
{
	script = (struct script){.result = "{\"app\":\"shop\",\"changed\":true," COMPONENTS
					   ",\"failures\":[{\"component\":\"web\",\"instance\":\"shop.web."
					   "1\",\"location\":\"here\",\"error\":"
					   "\"it keeps exiting\",\"remedy\":\"look at its "
					   "log\",\"log\":[\"starting\",\"no \\u001b[31mport\"]}]}",
				 .outcome = BERTH_FAILED,
				 .message = "1 of 3 instances of `shop` are not as wanted",
				 .remedy = "deploy again"};
	char table[1000];
	snprintf(table, sizeof table, "%.*s",
		 (int)(strstr(components_text, "shop.redis.1: ") - components_text), components_text);
	cr_expect_eq(run_cli("deploy -y"), 1);
	cr_expect_str_eq(out, table);
	cr_expect_str_eq(err, "web.1 at here: it keeps exiting\n"
			      "  = look at its log\n"
			      "  | starting\n"
			      "  | no \\x1b[31mport\n"
			      "berth: error: 1 of 3 instances of `shop` are not as wanted\n"
			      "  = deploy again\n");
}

Test(show, a_deploy_ends_with_its_time_or_with_no_changes)
{
	script.result = "{\"app\":\"shop\",\"changed\":true,\"components\":[],\"failures\":[]}";
	cr_expect_eq(run_cli("deploy -y"), 0);
	cr_expect_eq(strncmp(out, "Deployed shop in 0.", 19), 0, "%s", out);
	script.result = "{\"app\":\"shop\",\"changed\":false,\"components\":[],\"failures\":[]}";
	cr_expect_eq(run_cli("deploy -y"), 0);
	cr_expect_str_eq(out, "No changes. shop is as the blueprint says.\n");
}

Test(show, destroy_names_what_it_kept)
{
	script.result =
	    "{\"app\":\"shop\",\"removed\":[\"shop.web.1\"],\"kept_volumes\":[{\"name\":\"data\","
	    "\"location\":\"here\",\"spec\":\"docker:unix:///a b.sock\",\"target_name\":\"shop_data\"},"
	    "{\"name\":\"more\",\"location\":\"here\",\"spec\":\"docker:unix:///a b.sock\","
	    "\"target_name\":\"shop_more\"}],\"failures\":[]}";
	cr_expect_eq(run_cli("destroy shop -y --owner ci --location here=docker"), 0);
	cr_expect_str_eq(
	    out, "removed shop.web.1\n"
		 "kept volume data at here (shop_data)\n"
		 "kept volume more at here (shop_more)\n"
		 "`berth destroy shop --volumes --location 'here=docker:unix:///a b.sock' --owner ci` "
		 "removes them\n"
		 "Destroyed shop\n");
	cr_expect_not(asked.volumes);
	script.result =
	    "{\"app\":\"shop\",\"removed\":[],\"removed_volumes\":[{\"name\":\"data\",\"location\":\"here\","
	    "\"spec\":\"docker\",\"target_name\":\"shop_data\"}],\"kept_volumes\":[],\"failures\":[]}";
	cr_expect_eq(run_cli("destroy shop -y --volumes"), 0);
	cr_expect(asked.volumes);
	cr_expect_str_eq(out, "removed volume data at here (shop_data)\nDestroyed shop\n");
}

Test(show, a_long_specification_of_a_location_leaves_room_for_the_rest)
{
	script.result =
	    "{\"locations\":[{\"name\":\"lab\",\"type\":\"openstack\",\"spec\":\"{openstack: {cloud: "
	    "lab, image: debian-12, minRam: 1024, network: private}}\",\"source\":\"shop.yaml\"}]}";
	cr_expect_eq(run_cli("locations"), 0);
	cr_expect_str_eq(out,
			 "NAME  TYPE       SPEC                                              SOURCE\n"
			 "lab   openstack  {openstack: {cloud: lab, image: debian-12, min..  shop.yaml\n");
}

Test(show, locations_and_whether_they_answer)
{
	script.result =
	    "{\"locations\":[{\"name\":\"a\",\"type\":\"docker\",\"spec\":\"docker\",\"source\":\"built in\","
	    "\"reachable\":false,\"error\":\"refused\",\"remedy\":\"start it\"}]}";
	cr_expect_eq(run_cli("locations"), 0);
	cr_expect_not(asked.check);
	script.outcome = BERTH_UNREACHABLE;
	script.message = "a: refused";
	script.remedy = "start it";
	cr_expect_eq(run_cli("locations check a"), 69);
	cr_expect(asked.check);
	cr_expect_str_eq(asked.name, "a");
	cr_expect_str_eq(out, "NAME  TYPE    SPEC    SOURCE    REACHABLE  VERSION  ENDPOINT\n"
			      "a     docker  docker  built in  no\n");
	cr_expect_str_eq(err, "berth: error: a: refused\n  = start it\n", "told once");
	script.outcome = BERTH_OK;
	cr_expect_eq(run_cli("locations chek"), 64);
	script.result =
	    "{\"locations\":[{\"name\":\"a\",\"type\":\"docker\",\"spec\":\"docker\",\"source\":\"x\","
	    "\"reachable\":true,\"version\":\"1\",\"endpoint\":\"unix:///e\",\"because\":\"DOCKER_HOST\"}]}";
	cr_expect_eq(run_cli("locations check a"), 0);
	cr_expect_str_eq(out, "NAME  TYPE    SPEC    SOURCE  REACHABLE  VERSION  ENDPOINT   CHOSEN BY\n"
			      "a     docker  docker  x       yes        1        unix:///e  DOCKER_HOST\n");
}

Test(show, what_else_a_location_tells_is_a_line_each)
{
	script.result =
	    "{\"locations\":[{\"name\":\"a\",\"type\":\"openstack\",\"spec\":\"x\",\"source\":\"y\","
	    "\"reachable\":true,"
	    "\"version\":\"1\",\"endpoint\":\"e\",\"about\":{\"user\":\"demo\\u001b[2J\",\"region\":null,"
	    "\"services\":[\"a\","
	    "\"b\"],\"images\":[],\"quotas\":[{\"name\":\"cores\",\"used\":1,\"limit\":20},{\"name\":"
	    "\"ports\",\"used\":"
	    "null,\"limit\":5},{\"name\":\"rules\",\"used\":3,\"limit\":null},{\"name\":\"none\",\"used\":"
	    "null,\"limit\":"
	    "null}],\"networks\":[{\"name\":\"n\",\"id\":\"i\",\"external\":true,\"down\":false,\"mtu\":9}],"
	    "\"spoken\":{\"low\":\"1\"},\"missing\":[\"no flavor\",\"no image\"]}}]}";
	cr_expect_eq(run_cli("locations check a"), 0);
	cr_expect_str_eq(strchr(out, '\n') + 1 + strcspn(strchr(out, '\n') + 1, "\n") + 1,
			 "user          demo\\x1b[2J\n"
			 "services      a, b\n"
			 "images        none\n"
			 "quotas        cores 1 of 20, ports at most 5, rules 3 of any number, none\n"
			 "networks      n (external, mtu 9)\n"
			 "spoken        low 1\n"
			 "missing       no flavor\n"
			 "              no image\n");
}

Test(show, types_and_events)
{
	script.result = "{\"types\":[{\"name\":\"docker\",\"summary\":\"a container\",\"example\":\"- type: "
			"x\\n  id: y\\n\","
			"\"keys\":[{\"name\":\"env\",\"summary\":\"variables\"}]}]}";
	cr_expect_eq(run_cli("types docker"), 0);
	cr_expect_str_eq(out, "docker: a container\n    - type: x\n      id: y\nenv  variables\n");
	script.result =
	    "{\"events\":[{\"time\":\"T\",\"app\":\"a\",\"component\":\"c\",\"instance\":\"a.c.1\",\"what\":"
	    "\"running\",\"text\":\"\"},{\"time\":\"T\",\"app\":\"a\"}]}";
	cr_expect_eq(run_cli("events a -o json"), 0);
	cr_expect_str_eq(asked.app, "a");
	cr_expect_eq(strchr(strchr(out, '\n') + 1, '\n'), out + strlen(out) - 1, "two lines: %s", out);
}

Test(show, a_graph_is_text)
{
	script.result = "digraph {}\n";
	cr_expect_eq(run_cli("graph --format mermaid"), 0);
	cr_expect_str_eq(out, "digraph {}\n");
	cr_expect_str_eq(asked.format, "mermaid");
	cr_expect_eq(run_cli("graph -o json"), 0);
	cr_expect_str_eq(out,
			 "{\"format_version\":\"1\",\"format\":\"dot\",\"drawing\":\"digraph {}\\n\"}\n");
}

Test(show, colours_only_when_wanted)
{
	script.result = "{\"valid\":true}";
	cr_expect_eq(run_cli("validate --color always"), 0);
	cr_expect_str_eq(out, "blueprint.yaml: \033[32mvalid\033[0m\n");
	setenv("CLICOLOR_FORCE", "1", 1);
	cr_expect_eq(run_cli("validate"), 0);
	cr_expect(strstr(out, "\033["));
	setenv("NO_COLOR", "1", 1);
	cr_expect_eq(run_cli("validate"), 0);
	cr_expect_null(strstr(out, "\033["));
}

Test(show, a_closed_pipe_ends_quietly)
{
	static const struct berth_event lines[] = {
	    {.kind = BERTH_EVENT_LOG, .component = "a", .instance = "s.a.1", .text = "x\n", .text_size = 2},
	    {.kind = BERTH_EVENT_LOG, .component = "b", .instance = "s.b.1", .text = "y\n", .text_size = 2}};
	script.result = PLAN;
	cr_expect_eq(run_into_closed_pipe("plan"), 0);
	cr_expect_str_eq(err, "");
	script = (struct script){.events = lines, .event_count = 2, .waits = 1, .result = "{}"};
	cr_expect_eq(run_into_closed_pipe("logs -f s"), 0, "it does not wait for what nobody reads");
	cr_expect_eq(asked.cancelled, 2);
	cr_expect_str_eq(err, "");
}

/* --- sizes ------------------------------------------------------------------------------------------- */

#define SIZED(size)                                                                                          \
	"{\"app\":\"s\",\"state\":\"running\",\"components\":[{\"id\":\"web\",\"state\":\"running\","        \
	"\"instances\":[],\"size\":{\"wanted\":3,\"real\":2," size "}}]}"

static void expect_line(const char *size, const char *line)
{
	script.result = size;
	cr_expect_eq(run_cli("status s"), 0);
	cr_expect(strstr(out, line), "%s is not in %s", line, out);
}

Test(show, the_size_of_a_cluster_and_who_made_it_so)
{
	expect_line(SIZED("\"initial\":1"), "size web 2 of 3\n");
	expect_line(SIZED("\"how\":\"policy\",\"by\":\"autoscaler\",\"since\":\"2020-01-01T00:00:00.000Z\","
			  "\"why\":\"from 2 instances to 3\""),
		    " by autoscaler: from 2 instances to 3\n");
	expect_line(SIZED("\"how\":\"scale\",\"by\":\"ann@here\",\"since\":\"2020-01-01T00:00:00.000Z\""),
		    ", scaled by ann@here\n");
}

Test(show, why_a_size_stays_as_it_is)
{
	expect_line(SIZED("\"min\":1,\"max\":3,\"holds\":\"at-maximum\""),
		    "size web 2 of 3, 1 to 3 allowed; at its maximum\n");
	expect_line(SIZED("\"min\":1,\"max\":2147483647,\"holds\":\"resizing\",\"target\":4"),
		    ", at least 1 allowed; it is being resized to 4\n");
	expect_line(SIZED("\"holds\":\"cooling-down\",\"until\":\"2020-01-01T00:00:00.000Z\""),
		    "; cooling down 0.0 s more\n");
	expect_line(SIZED("\"holds\":\"something new\""), "size web 2 of 3\n");
}

Test(show, the_numbers_that_an_autoscaler_goes_by)
{
	expect_line(SIZED("\"metrics\":[{\"name\":\"load\",\"state\":\"fresh\",\"value\":90.5,\"lower\":20.0,"
			  "\"upper\":50.0,\"wants\":6}]"),
		    "  load is 90.5 (20 to 50) asks for 6\n");
	expect_line(SIZED("\"metrics\":[{\"name\":\"load\",\"component\":\"queue\",\"state\":\"unknown\","
			  "\"target\":50}]"),
		    "  queue.load is not known (target 50)\n");
	expect_line(SIZED("\"metrics\":[{\"name\":\"load\",\"state\":\"stale\",\"value\":9,\"at\":"
			  "\"2020-01-01T00:00:00.000Z\"}]"),
		    "  load was 9, stale: ");
}
