/* test_change.c - stop, start, restart, scale, saved plans, wait, why and gc: what is asked of the library,
 * and what is shown of its answer. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(change, .init = cli_begin, .fini = cli_end, .timeout = 120);

Test(change, stop_start_and_restart_take_an_application_and_its_components)
{
	static const char *const verbs[] = {"stop", "start", "restart"};
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		char line[80];
		snprintf(line, sizeof line, "%s shop web db", verbs[i]);
		cr_expect_eq(run_cli(line), 0, "%s", err);
		cr_expect_str_eq(asked.verb, verbs[i]);
		cr_expect_str_eq(asked.app, "shop");
		cr_expect_str_eq(asked.components, "web\ndb\n");
		cr_expect_not(asked.had_confirm, "it was asked for");
		cr_expect_eq(run_cli(verbs[i]), 64);
		cr_expect(strstr(err, "which application?"), "%s", err);
		snprintf(line, sizeof line, "%s ./shop.yaml", verbs[i]);
		cr_expect_eq(run_cli(line), 64);
		cr_expect(strstr(err, "takes an application's name, not a file"), "%s", err);
		snprintf(line, sizeof line, "%s --app shop", verbs[i]);
		cr_expect_eq(run_cli(line), 0, "%s", err);
		cr_expect_str_eq(asked.app, "shop");
	}
}

Test(change, what_was_done_is_said_in_its_own_words)
{
	script.result = "{\"app\":\"shop\",\"changed\":true,\"components\":[],\"failures\":[]}";
	cr_expect_eq(run_cli("stop shop"), 0);
	cr_expect_eq(strncmp(out, "Stopped shop in 0.", 18), 0, "%s", out);
	script.result = "{\"app\":\"shop\",\"changed\":false,\"components\":[],\"failures\":[]}";
	cr_expect_eq(run_cli("start shop"), 0);
	cr_expect_str_eq(out, "No changes. shop runs already.\n");
}

Test(change, rollback_takes_an_application_and_maybe_a_revision)
{
	cr_expect_eq(run_cli("rollback shop"), 0, "%s", err);
	cr_expect_str_eq(asked.verb, "rollback");
	cr_expect_str_eq(asked.app, "shop");
	cr_expect_eq(asked.count, 0);
	cr_expect_eq(run_cli("rollback shop 3"), 0, "%s", err);
	cr_expect_eq(asked.count, 3);
	cr_expect_eq(run_cli("rollback shop last"), 64);
	cr_expect_not_null(strstr(err, "berth history"), "%s", err);
	cr_expect_eq(run_cli("rollback shop 0"), 64);
}

Test(change, history_shows_what_was_deployed_when)
{
	script.result =
	    "{\"format_version\": \"1\", \"app\": \"shop\", \"revisions\": [{\"revision\": 2, \"time\": "
	    "\"2026-01-02T03:04:05.000Z\", \"file\": \"shop.yaml\", \"by\": \"me@here\", \"outcome\": 0, "
	    "\"images\": {\"web\": \"sha256:0123456789abcdef\"}, \"current\": true}, {\"revision\": 1, "
	    "\"outcome\": "
	    "null}]}";
	cr_expect_eq(run_cli("history shop"), 0, "%s", err);
	cr_expect_str_eq(asked.verb, "history");
	cr_expect_not_null(strstr(out, "2 *"), "%s", out);
	cr_expect_not_null(strstr(out, "web 0123456789ab"), "%s", out);
	cr_expect_not_null(strstr(out, "interrupted"), "%s", out);
}

Test(change, scale_wants_a_component_and_a_number)
{
	cr_expect_eq(run_cli("scale shop web 3"), 0, "%s", err);
	cr_expect_str_eq(asked.verb, "scale");
	cr_expect_str_eq(asked.components, "web\n");
	cr_expect_eq(asked.count, 3);
	cr_expect_eq(run_cli("scale shop web"), 64);
	cr_expect_eq(run_cli("scale shop web -- -1"), 64);
	cr_expect_eq(run_cli("scale shop web three"), 64);
	cr_expect_str_eq(err, "berth: error: `three` is not a number from 0 to 1000\n"
			      "  = usage: berth scale APP COMPONENT N\n");
	cr_expect_eq(run_cli("scale shop web 1001"), 64);
	cr_expect_eq(run_cli("scale shop web 3x"), 64);
	cr_expect_eq(run_cli("scale shop web 99999999999999999999"), 64);
	cr_expect_eq(asked.begun, 1);
	cr_expect_eq(run_cli("scale shop web 0"), 0, "%s", err);
	cr_expect_eq(asked.count, 0);
}

#define CHANGE(action, outage, risk)                                                                         \
	"{\"app\":\"shop\",\"changes\":[{\"component\":\"b\",\"instance\":\"shop.b.1\",\"location\":\"l\","  \
	"\"action\":\"" action "\",\"outage\":\"" outage "\",\"data_at_risk\":[" risk "]}]}"

Test(change, fewer_instances_are_not_asked_about_but_lost_data_are)
{
	script.plan = CHANGE("remove", "none", "");
	cr_expect_eq(run_cli("scale shop b 1"), 0, "%s", err);
	cr_expect(asked.confirmed);
	script.plan = CHANGE("remove", "none", "\"/data\"");
	cr_expect_eq(run_cli("scale shop b 1"), 64);
	cr_expect(strstr(err, "puts data at risk, and nobody can be asked"), "%s", err);
	cr_expect_eq(run_cli("scale shop b 1 -y"), 0);
}

Test(change, a_deploy_that_relinks_with_an_outage_is_asked_about)
{
	script.plan = CHANGE("relink", "seconds", "");
	cr_expect_eq(run_cli("deploy"), 64);
	script.plan = CHANGE("update", "none", "");
	cr_expect_eq(run_cli("deploy"), 0);
	script.plan = CHANGE("stop", "none", "");
	cr_expect_eq(run_cli("deploy"), 0);
}

/* --- saved plans --------------------------------------------------------------------------------- */

#define SAVED "{\\\"berth_plan\\\":1,\\\"app\\\":\\\"shop\\\"}"

static const char *content(const char *path)
{
	static char text[256];
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

Test(change, a_plan_is_kept_for_its_owner_alone_and_replaces_an_older_one_as_a_whole)
{
	struct stat there;
	script.result = "{\"app\":\"shop\",\"changes\":[],\"summary\":{},\"saved\":\"" SAVED "\"}";
	write_file("shop.plan", "old");
	cr_expect_eq(run_cli("plan --out shop.plan"), 0, "%s", err);
	cr_expect(strstr(out, "Kept in shop.plan: `berth deploy shop.plan` carries out exactly that.\n"),
		  "%s", out);
	cr_expect_str_eq(content("shop.plan"), "{\"berth_plan\":1,\"app\":\"shop\"}");
	cr_assert_eq(stat("shop.plan", &there), 0);
	cr_expect_eq(there.st_mode & 0777, 0600);
}

Test(change, a_plan_of_what_another_owner_holds_is_carried_out_with_adopt)
{
	script.result =
	    "{\"app\":\"shop\",\"changes\":[],\"summary\":{},\"owner\":\"eve@elsewhere\",\"saved\":\"" SAVED
	    "\"}";
	cr_expect_eq(run_cli("plan --out shop.plan"), 0, "%s", err);
	cr_expect(
	    strstr(out, "Kept in shop.plan: `berth deploy shop.plan --adopt` carries out exactly that.\n"),
	    "%s", out);
}

Test(change, a_plan_that_cannot_be_kept_leaves_the_older_one_and_no_litter)
{
	script.result = "{\"app\":\"shop\",\"changes\":[],\"summary\":{},\"saved\":\"" SAVED "\"}";
	cr_assert_eq(mkdir("taken", 0700), 0);
	cr_expect_eq(run_cli("plan --out taken"), 1);
	cr_expect(strstr(err, "cannot save taken: "), "%s", err);
	cr_expect_eq(system("test \"$(ls | grep -c taken)\" = 1"), 0, "a temporary file is left");
	cr_expect_eq(run_cli("plan --out nowhere/shop.plan"), 1);
	cr_expect(strstr(err, "cannot save nowhere/shop.plan: No such file or directory"), "%s", err);
}

Test(change, what_failed_is_not_kept)
{
	script = (struct script){
	    .result = "{\"saved\":\"" SAVED "\"}", .outcome = BERTH_UNREACHABLE, .message = "silent"};
	cr_expect_eq(run_cli("plan --out shop.plan"), 69);
	cr_expect_neq(access("shop.plan", F_OK), 0);
	script = (struct script){.result = "{\"app\":\"shop\",\"changes\":[]}"};
	cr_expect_eq(run_cli("plan --out shop.plan"), 1);
	cr_expect(strstr(err, "this plan cannot be kept"), "%s", err);
}

Test(change, a_saved_plan_is_known_by_its_first_bytes)
{
	write_file("shop.plan", "{\"berth_plan\":1,\"app\":\"shop\"}");
	cr_expect_eq(run_cli("deploy shop.plan"), 0, "%s", err);
	cr_expect_str_eq(asked.plan, "{\"berth_plan\":1,\"app\":\"shop\"}");
	cr_expect_str_eq(asked.blueprint, "");
	write_file("shop.yaml", "{berth_plan: 1}");
	cr_expect_eq(run_cli("deploy shop.yaml"), 0, "%s", err);
	cr_expect_str_eq(asked.plan, "");
	cr_expect_str_eq(asked.blueprint, "{berth_plan: 1}");
}

/* --- wait ---------------------------------------------------------------------------------------- */

Test(change, a_word_is_an_application_also_where_a_file_is_called_so)
{
	write_file("shop", "id: shop\n");
	write_file("shop.yaml", "id: shop\n");
	cr_expect_eq(run_cli("deploy shop"), 64);
	cr_expect_str_eq(err, "berth: error: `shop` is an application's name, not a blueprint's file\n"
			      "  = a blueprint is a file here: try `shop.yaml`\n");
	write_file("lone", "id: lone\n");
	cr_expect_eq(run_cli("plan lone"), 64);
	cr_expect(strstr(err, "  = `./lone`, if that file is a blueprint\n"), "%s", err);
	cr_expect_eq(asked.begun, 0);
	cr_expect_eq(run_cli("plan ./lone"), 0, "%s", err);
}

Test(change, wait_passes_the_state_on_and_says_how_it_came)
{
	script.result = "{\"app\":\"shop\",\"state\":\"running\",\"components\":[]}";
	cr_expect_eq(run_cli("wait shop"), 0);
	cr_expect_str_eq(asked.wait_for, "");
	cr_expect_str_eq(out, "shop is running\n");
	cr_expect_eq(run_cli("wait shop --for finished --timeout 3s"), 0);
	cr_expect_str_eq(asked.wait_for, "finished");
	cr_expect_eq(asked.timeout_ms, 3000);
	cr_expect_str_eq(out, "shop has finished\n");
	cr_expect_eq(run_cli("wait shop --for happy"), 64);
}

Test(change, a_wait_in_vain_shows_what_is_there)
{
	script =
	    (struct script){.result = "{\"app\":\"shop\",\"components\":[{\"id\":\"web\",\"location\":\"l\","
				      "\"state\":\"absent\",\"instances\":[]}]}",
			    .outcome = BERTH_TIMED_OUT,
			    .message = "`shop` was not running in time: shop.web.1 is absent",
			    .remedy = "`berth why shop` says what it waits for"};
	cr_expect_eq(run_cli("wait shop --timeout 1s"), 124);
	cr_expect(strstr(out, "web "), "%s", out);
	cr_expect_str_eq(err, "berth: error: `shop` was not running in time: shop.web.1 is absent\n"
			      "  = `berth why shop` says what it waits for\n");
}

/* --- why ----------------------------------------------------------------------------------------- */

#define FINDING                                                                                              \
	"{\"component\":\"web\",\"instance\":\"shop.web.1\",\"location\":\"here\",\"state\":\"broken\","     \
	"\"why\":\"it keeps ending: 3 times since it was made, last with code "                              \
	"1\",\"since\":\"2026-01-02T03:04:05."                                                               \
	"000Z\",\"last_failure\":{\"time\":\"2026-01-02T03:04:06.000Z\",\"text\":\"no \\u001b[31mport\"},"   \
	"\"who\":\"%s\",\"remedy\":\"the end of its log may say why\",\"next\":\"berth logs shop web\","     \
	"\"log\":[\"starting\"]}"

static void why(const char *who, const char *more)
{
	static char result[2048];
	snprintf(result, sizeof result,
		 "{\"app\":\"shop\",%s\"findings\":[" FINDING "],\"unknown\":[\"this\"]}", more, who);
	script.result = result;
}

Test(change, why_tells_the_reason_the_log_who_and_what_next)
{
	why("you", "");
	cr_expect_eq(run_cli("why shop web"), 0);
	cr_expect_str_eq(asked.components, "web\n");
	cr_expect_str_eq(out, "web.1 at here: broken, since 2026-01-02T03:04:05.000Z\n"
			      "    it keeps ending: 3 times since it was made, last with code 1\n"
			      "    last failure, at 2026-01-02T03:04:06.000Z: no \\x1b[31mport\n"
			      "  | starting\n"
			      "    you must act: the end of its log may say why\n"
			      "    next: berth logs shop web\n"
			      "    not known: this\n");
	why("administrator", "");
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect(strstr(out, "    its target's administrator must act: "), "%s", out);
	why("nobody", "\"under_way\":\"berth deploy, process 7 of me@here, since now\",");
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect(strstr(out, "    under way by berth deploy, process 7 of me@here, since now\n"), "%s", out);
	why("nobody", "");
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect(strstr(out, "  | starting\n    the end of its log may say why\n    next: "), "%s", out);
	why("owner", "\"owner\":\"eve@elsewhere\",");
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect(strstr(out, "    eve@elsewhere owns it and must act (--adopt takes it over): "), "%s", out);
}

Test(change, why_tells_what_policies_wait_for)
{
	script.result = "{\"app\":\"shop\",\"findings\":[],\"unknown\":[],\"kept\":true,\"policies\":["
			"{\"component\":\"db\",\"policy\":\"restarter\",\"about\":\"waits 4 s\"}]}";
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect_str_eq(out, "restarter of db:\n    waits 4 s\nshop is as wanted\n");
	script.result = "{\"app\":\"shop\",\"findings\":[{\"component\":\"db\",\"instance\":\"shop.db.1\"}],"
			"\"unknown\":[],"
			"\"kept\":false,\"policies\":[]}";
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect(strstr(out, "its policies wait for a controller: `berth serve`"), "%s", out);
}

Test(change, why_of_what_is_as_wanted_is_short)
{
	script.result = "{\"app\":\"shop\",\"findings\":[],\"unknown\":[]}";
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect_str_eq(out, "shop is as wanted\n");
	script.result = "{\"app\":\"shop\",\"findings\":[],\"unknown\":[\"what is wanted\"]}";
	cr_expect_eq(run_cli("why shop"), 0);
	cr_expect_str_eq(out, "    not known: what is wanted\nshop: all that was found of it runs\n");
}

Test(change, why_fits_forty_columns)
{
	why("you", "");
	setenv("TERM", "dumb", 1);
	cr_expect_eq(run_on_screen("why shop", "", 40, 24), 0);
	char *rest = out, *line;
	cr_expect(strstr(out, "    it keeps ending: 3 times since it\n    was made, last with code 1\n"),
		  "%s", out);
	while ((line = strsep(&rest, "\n")))
		cr_expect(strlen(line) <= 40 || strncmp(line, "web.1 at ", 9) == 0, "%s", line);
}

/* --- gc ------------------------------------------------------------------------------------------ */

#define FOUND(removed)                                                                                       \
	"{\"found\":[{\"location\":\"here\",\"app\":\"old\",\"kind\":\"instance\",\"name\":\"old.web.1\","   \
	"\"state\":\"running\",\"removed\":" removed "},{\"location\":\"here\",\"app\":\"old\","             \
	"\"kind\":\"network\",\"name\":\"old\",\"removed\":" removed                                         \
	"},{\"location\":\"here\",\"app\":\"old\","                                                          \
	"\"spec\":\"docker\",\"kind\":\"volume\",\"name\":\"old.data\",\"removed\":false}],\"failures\":[]}"

Test(change, gc_shows_what_it_found_and_touches_nothing)
{
	script.result = FOUND("false");
	cr_expect_eq(run_cli("gc --location here --location x=docker"), 0, "%s", err);
	cr_expect_not(asked.remove);
	cr_expect_str_eq(asked.locations, "here\nx=docker\n");
	cr_expect_str_eq(
	    out, "KIND      NAME       APPLICATION  LOCATION  STATE\n"
		 "instance  old.web.1  old          here      running\n"
		 "network   old        old          here\n"
		 "volume    old.data   old          here      data: stays\n"
		 "still running: 1; a deploy of the same blueprint takes it back, unharmed\n"
		 "2 without an owner; `berth gc --delete` removes them.\n"
		 "data of old stays: `berth destroy old --volumes --location here=docker` removes it\n");
	cr_expect_eq(run_cli("gc --delete --dry-run"), 0);
}

Test(change, gc_names_claims_that_nothing_is_behind)
{
	script.result =
	    "{\"found\":[{\"location\":\"here\",\"spec\":\"docker\",\"app\":\"old\",\"kind\":"
	    "\"claim\",\"name\":\"old\",\"state\":null,\"removed\":false,\"owner\":\"eve@elsewhere\"}],"
	    "\"failures\":[]}";
	cr_expect_eq(run_cli("gc"), 0, "%s", err);
	cr_expect_str_eq(out, "KIND   NAME  APPLICATION  LOCATION  STATE\n"
			      "claim  old   old          here      of eve@elsewhere: stays\n"
			      "Nothing that carries berth's mark is without an owner.\n"
			      "nothing is there of old but its claim: `berth destroy old --adopt --location "
			      "here=docker` removes it\n");
}

Test(change, gc_delete_asks_or_needs_y)
{
	script.result = FOUND("true");
	script.plan = FOUND("false");
	cr_expect_eq(run_cli("gc --delete"), 64);
	cr_expect_eq(asked.begun, 0);
	cr_expect_eq(run_cli("gc --delete -y"), 0, "%s", err);
	cr_expect(asked.remove);
	cr_expect(strstr(out, "removed instance old.web.1 at here\nremoved network old at here\n"), "%s",
		  out);
	cr_expect_null(strstr(out, "removed volume"), "%s", out);
	setenv("TERM", "dumb", 1);
	cr_expect_eq(run_on_terminal("gc --delete", "n\n"), 130);
	cr_expect(strstr(err, "old.web.1"), "%s", err);
	cr_expect(strstr(err, "gc? [y/N] "), "%s", err);
	cr_expect_not(asked.confirmed);
	cr_expect_eq(run_on_terminal("gc --delete", "y\n"), 0);
	cr_expect(asked.confirmed);
}

Test(change, gc_tells_of_every_location_that_failed)
{
	script = (struct script){
	    .result =
		"{\"found\":[],\"failures\":[{\"location\":\"a\",\"error\":\"silent\"},{\"location\":\"b\","
		"\"app\":\"x\",\"name\":\"x.y.1\",\"error\":\"busy\",\"remedy\":\"wait\"}]}",
	    .outcome = BERTH_UNREACHABLE,
	    .message = "a: silent"};
	cr_expect_eq(run_cli("gc"), 69);
	cr_expect_str_eq(err, "berth: error: b: x.y.1: busy\n  = wait\nberth: error: a: silent\n");
}

/* --- events -------------------------------------------------------------------------------------- */

#define RECORD(json)                                                                                         \
	{                                                                                                    \
		.kind = BERTH_EVENT_RECORD, .text = json, .text_size = sizeof json - 1                       \
	}

static const struct berth_event records[] = {
    RECORD("{\"time\":\"T1\",\"app\":\"shop\",\"component\":\"web\",\"instance\":\"shop.web.1\",\"what\":"
	   "\"broken\",\"text\":\"no \\u001b[31mport\"}"),
    RECORD("{\"time\":\"T2\",\"app\":\"shop\",\"component\":null,\"instance\":null,\"what\":\"x\",\"text\":"
	   "null}")};

Test(change, followed_events_come_a_line_each)
{
	script.events = records;
	script.event_count = COUNT_OF(records);
	cr_expect_eq(run_cli("events -f shop --since 1h"), 0);
	cr_expect(asked.follow);
	cr_expect_gt(asked.since_ms, 0);
	cr_expect_str_eq(out, "T1  shop.web.1  broken  no \\x1b[31mport\nT2  shop  x\n");
	cr_expect_eq(run_cli("events -f -o json"), 0);
	cr_expect_eq(strncmp(out, "{\"time\":\"T1\"", 12), 0, "%s", out);
	cr_expect_eq(strchr(strchr(out, '\n') + 1, '\n'), out + strlen(out) - 1, "two lines: %s", out);
}

Test(change, followed_events_end_with_whoever_reads_them)
{
	script.events = records;
	script.event_count = COUNT_OF(records);
	script.waits = 1;
	cr_expect_eq(run_into_closed_pipe("events -f"), 0);
	cr_expect_eq(asked.cancelled, 2);
	cr_expect_str_eq(err, "");
}
