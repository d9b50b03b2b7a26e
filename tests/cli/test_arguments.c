/* test_arguments.c - the command line, the environment, the user's file, and what is said of mistakes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

TestSuite(arguments, .init = cli_begin, .fini = cli_end, .timeout = 120);

static void user_file(const char *text)
{
	mkdir("berth", 0700);
	write_file("berth/config.yaml", text);
}

Test(arguments, flags_stand_anywhere)
{
	cr_expect_eq(
	    run_cli("--location a=docker deploy -y shop.yaml --location=b=fake --set x=1 --timeout 90s"), 64);
	write_file("shop.yaml", "id: s\n");
	cr_expect_eq(
	    run_cli("--location a=docker deploy -y shop.yaml --location=b=fake --set x=1 --timeout 90s"), 0);
	cr_expect_str_eq(asked.verb, "deploy");
	cr_expect_str_eq(asked.locations, "a=docker\nb=fake\n");
	cr_expect_str_eq(asked.settings, "x=1\n");
	cr_expect_str_eq(asked.file, "shop.yaml");
	cr_expect_str_eq(asked.blueprint, "id: s\n");
	cr_expect_eq(asked.timeout_ms, 90000);
}

Test(arguments, two_dashes_end_the_flags)
{
	cr_expect_eq(run_cli("logs -f app -- --tail"), 0);
	cr_expect_str_eq(asked.app, "app");
	cr_expect_str_eq(asked.components, "--tail\n");
	cr_expect(asked.follow);
}

Test(arguments, short_flags_cluster_and_take_values_either_way)
{
	cr_expect_eq(run_cli("status -vojson"), 0);
	cr_expect_str_eq(out, "{\"format_version\":\"1\"}\n");
	cr_expect_eq(run_cli("status -v -o json"), 0);
	cr_expect_str_eq(out, "{\"format_version\":\"1\"}\n");
}

Test(arguments, an_unambiguous_beginning_is_enough)
{
	cr_expect_eq(run_cli("plan --detailed"), 0);
	cr_expect_eq(run_cli("plan --ver"), 64, "--verbose or --version");
}

Test(arguments, an_unknown_flag_names_the_nearest)
{
	cr_expect_eq(run_cli("deploy --ajust"), 64);
	cr_expect_eq(run_cli("deploy --adop=1 --volume"), 64);
	cr_expect_eq(run_cli("deploy --locatoin x=y"), 64);
	cr_expect_str_eq(err, "berth: error: there is no flag `--locatoin` of `berth deploy`\n"
			      "  = did you mean `--location`?\n");
	cr_expect_eq(run_cli("status --state x"), 64);
	cr_expect(strstr(err, "  = --controller unix:DIR/controller.sock goes through the controller"), "%s",
		  err);
	cr_expect_eq(asked.opened, 0);
}

Test(arguments, an_unknown_command_names_the_nearest)
{
	cr_expect_eq(run_cli("depoly"), 64);
	cr_expect_str_eq(err,
			 "berth: error: there is no command `depoly`\n  = did you mean `berth deploy`?\n");
	cr_expect_eq(run_cli("xyzzy"), 64);
	cr_expect_str_eq(err,
			 "berth: error: there is no command `xyzzy`\n  = `berth help` lists the commands\n");
}

Test(arguments, no_command_at_all_is_told_as_it_is_wanted)
{
	cr_expect_eq(run_cli(""), 64);
	cr_expect(strstr(err, "deploy") && !*out);
	cr_expect_eq(run_cli("-o json"), 64);
	cr_expect_str_eq(out,
			 "{\"format_version\":\"1\",\"error\":{\"code\":\"usage\",\"text\":\"no command is "
			 "named\",\"remedy\":\"`berth help` lists the commands\"}}\n");
	cr_expect_str_eq(err, "berth: error: no command is named\n  = `berth help` lists the commands\n");
}

Test(arguments, names_of_other_programs_get_a_hint)
{
	static const char *const pairs[][2] = {
	    {"up", "deploy"},  {"apply", "deploy"},    {"down", "destroy"}, {"ps", "status"},
	    {"top", "status"}, {"config", "validate"}, {"describe", "why"}, {"kill", "stop"}};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		char hint[80];
		snprintf(hint, sizeof hint, "did you mean `berth %s`?", pairs[i][1]);
		cr_expect_eq(run_cli(pairs[i][0]), 64);
		cr_expect(strstr(err, hint), "%s", err);
	}
}

Test(arguments, who_leaves_out_a_files_ending_is_told_of_the_file_that_is_there)
{
	write_file("shop.yaml", "id: shop\n");
	cr_expect_eq(run_cli("plan shop"), 64);
	cr_expect(strstr(err, "try `shop.yaml`"), "%s", err);
	cr_expect_eq(run_cli("plan shap"), 64);
	cr_expect_null(strstr(err, "shap.yaml"), "%s", err);
	cr_expect_eq(run_cli("plan ."), 64);
	cr_expect_null(strstr(err, "..yaml"), "%s", err);
}

Test(arguments, flags_of_other_programs_get_a_hint)
{
	static const char *const pairs[][2] = {
	    {"deploy --auto-approve", "did you mean `--yes`?"},
	    {"status --json", "did you mean `--output json`?"},
	    {"deploy -f shop.yaml", "a blueprint is named without a flag"},
	    {"plan -detailed-exitcode", "a long flag begins with two dashes"},
	    {"scale shop web -1", "`--help` lists the flags"}};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		cr_expect_eq(run_cli(pairs[i][0]), 64);
		cr_expect(strstr(err, pairs[i][1]), "%s", err);
	}
}

Test(arguments, a_flag_without_its_value)
{
	cr_expect_eq(run_cli("plan --location"), 64);
	cr_expect_str_eq(err, "berth: error: --location needs a value: --location NAME=SPEC\n");
}

Test(arguments, values_are_checked)
{
	cr_expect_eq(run_cli("plan -o yaml"), 64);
	cr_expect_str_eq(err, "berth: error: --output: `yaml` is not one of table|json\n");
	cr_expect_eq(run_cli("plan --timeout soon"), 64);
	cr_expect_eq(run_cli("logs app --tail -3"), 64);
	cr_expect_eq(run_cli("graph --format png"), 64);
	cr_expect_eq(run_cli("plan -o tab"), 64, "no beginnings of values");
}

Test(arguments, one_argument_too_many)
{
	cr_expect_eq(run_cli("plan a.yaml b.yaml"), 64);
	cr_expect_str_eq(
	    err, "berth: error: `b.yaml` is one argument too many\n  = usage: berth plan [BLUEPRINT|PLAN]\n");
}

Test(arguments, mistakes_come_as_a_document_too)
{
	cr_expect_eq(run_cli("plan --nonsense -o json"), 64);
	cr_expect_str_eq(
	    out, "{\"format_version\":\"1\",\"error\":{\"code\":\"usage\",\"text\":\"there is no flag "
		 "`--nonsense` of `berth plan`\",\"remedy\":\"`berth plan --help` lists the flags\"}}\n");
	cr_expect(strstr(err, "there is no flag"));
}

Test(arguments, flag_outweighs_environment_outweighs_file)
{
	user_file("owner: file\ntimeout: 1s\napp: from-file\n");
	setenv("BERTH_OWNER", "environment", 1);
	setenv("BERTH_TIMEOUT", "2s", 1);
	cr_expect_eq(run_cli("plan --owner flag"), 0);
	cr_expect_str_eq(asked.owner, "flag");
	cr_expect_eq(asked.timeout_ms, 2000);
	cr_expect_str_eq(asked.app, "from-file");
}

Test(arguments, a_weightier_list_replaces_the_whole_list)
{
	user_file("location: [a=docker, b=fake]\n");
	cr_expect_eq(run_cli("status"), 0);
	cr_expect_str_eq(asked.locations, "a=docker\nb=fake\n");
	setenv("BERTH_LOCATION", "c=docker\nd=fake", 1);
	cr_expect_eq(run_cli("status"), 0);
	cr_expect_str_eq(asked.locations, "c=docker\nd=fake\n");
	cr_expect_eq(run_cli("status --location e=fake"), 0);
	cr_expect_str_eq(asked.locations, "e=fake\n");
}

/* A value that is not the flag's default. */
static const char *sample(const struct flag *flag)
{
	switch (flag->kind) {
	case FLAG_SWITCH:
		return "true";
	case FLAG_TEXT:
		return "something";
	case FLAG_WORDS:
		return "a=docker";
	case FLAG_CHOICE:
		return strrchr(flag->choices, '|') + 1;
	case FLAG_DURATION:
		return "90s";
	case FLAG_NUMBER:
	case FLAG_COUNT:
		return "7";
	case FLAG_MOMENT:
		return "2026-01-02T03:04:05Z";
	}
	return "";
}

/* What the flag is set to, as text, once `words` were parsed. */
static void value_by(const struct command *command, const struct flag *flag, const char *word, char ret[80])
{
	struct invocation invocation = {0};
	char *argv[] = {"berth", (char *)command->name, (char *)word, NULL};
	cr_assert_eq(arguments_parse(&invocation, word ? 3 : 2, argv), 0, "%s --%s", command->name,
		     flag->name);
	const void *at = (const char *)&invocation.settings + flag->at;
	if (flag->kind == FLAG_SWITCH)
		snprintf(ret, 80, "%d", *(const bool *)at);
	else if (flag->kind == FLAG_TEXT || flag->kind == FLAG_CHOICE)
		snprintf(ret, 80, "%s", *(const char *const *)at ? *(const char *const *)at : "");
	else if (flag->kind == FLAG_WORDS)
		snprintf(ret, 80, "%s",
			 ((const struct words *)at)->count ? ((const struct words *)at)->items[0] : "");
	else
		snprintf(ret, 80, "%lld", (long long)*(const int64_t *)at);
	invocation_release(&invocation);
}

Test(arguments, every_flag_has_a_variable_and_a_line_of_the_users_file)
{
	const struct flag *flag;
	for (size_t c = 0; commands[c]; c++)
		for (size_t i = 0; !commands[c]->hidden && (flag = flag_number(commands[c], i)); i++) {
			char unset[80], flagged[80], varied[80], filed[80], name[64], word[120];
			if (!flag_variable(flag, name))
				continue;
			unsetenv(name);
			user_file("");
			value_by(commands[c], flag, NULL, unset);
			snprintf(word, sizeof word, "--%s=%s", flag->name, sample(flag));
			value_by(commands[c], flag, word, flagged);
			cr_expect_str_neq(unset, flagged, "%s %s", commands[c]->name, word);
			setenv(name, sample(flag), 1);
			value_by(commands[c], flag, NULL, varied);
			cr_expect_str_eq(varied, flagged, "%s", name);
			unsetenv(name);
			snprintf(word, sizeof word, "%s: '%s'\n", flag->name, sample(flag));
			user_file(word);
			value_by(commands[c], flag, NULL, filed);
			cr_expect_str_eq(filed, flagged, "%s", word);
		}
}

Test(arguments, switches_in_the_environment)
{
	setenv("BERTH_DRY_RUN", "true", 1);
	cr_expect_eq(run_cli("deploy"), 0);
	cr_expect(asked.dry_run);
	setenv("BERTH_DRY_RUN", "0", 1);
	cr_expect_eq(run_cli("deploy -y"), 0);
	cr_expect_not(asked.dry_run);
	setenv("BERTH_DRY_RUN", "perhaps", 1);
	cr_expect_eq(run_cli("deploy"), 64);
	cr_expect_str_eq(err, "berth: error: BERTH_DRY_RUN: `perhaps` is not true or false\n");
	unsetenv("BERTH_DRY_RUN");
}

Test(arguments, the_users_file_says_where_it_is_wrong)
{
	char expected[1200];
	user_file("color: never\nlocatoin: x=y\n");
	cr_expect_eq(run_cli("status"), 64);
	snprintf(expected, sizeof expected,
		 "berth: error: %s/berth/config.yaml:2:1: there is no flag `locatoin`\n  = did you mean "
		 "`location`?\n",
		 getenv("XDG_CONFIG_HOME"));
	cr_expect_str_eq(err, expected);
	user_file("output: [json]\n");
	cr_expect_eq(run_cli("status"), 64);
	user_file("output: {a: b}\n");
	cr_expect_eq(run_cli("status"), 64);
	user_file("- a\n");
	cr_expect_eq(run_cli("status"), 64);
	user_file("output: 'json\n");
	cr_expect_eq(run_cli("status"), 64);
	user_file("# nothing\n");
	cr_expect_eq(run_cli("status"), 0);
}

Test(arguments, the_users_file_may_hold_another_commands_flag)
{
	user_file("detailed-exitcode: true\n");
	cr_expect_eq(run_cli("status"), 0);
}

Test(arguments, an_argument_is_a_file_or_a_name)
{
	cr_expect(is_file_name("-"));
	cr_expect(is_file_name("a/b"));
	cr_expect(is_file_name("a.yaml"));
	cr_expect(is_file_name("a.yml"));
	cr_expect(is_file_name("marathon.json"));
	cr_expect_not(is_file_name("my-app"));
	cr_expect_not(is_file_name("yaml"));
	cr_expect_eq(run_cli("status shop"), 0);
	cr_expect_str_eq(asked.app, "shop");
	cr_expect_eq(asked.blueprint_size, 0);
	cr_expect_eq(run_cli("status ./blueprint.yaml --app other"), 0);
	cr_expect_str_eq(asked.app, "other");
	cr_expect_str_eq(asked.blueprint, "id: shop\n");
	cr_expect_eq(run_cli("destroy -y shop --app other"), 64);
}

Test(arguments, a_missing_file_is_told_with_the_systems_words)
{
	cr_expect_eq(run_cli("plan nope.yaml"), 64);
	cr_expect_str_eq(err, "berth: error: cannot read nope.yaml: No such file or directory\n"
			      "  = name a blueprint file, or `-` for standard input\n");
	cr_expect_eq(run_cli("plan ./"), 64);
	cr_expect(strstr(err, "Is a directory"), "%s", err);
	cr_expect_eq(run_cli("plan https://example.org/b.yaml --app a"), 0);
	cr_expect_str_eq(asked.file, "https://example.org/b.yaml", "the library fetches it");
	cr_expect_str_eq(asked.blueprint, "");
	cr_expect_str_eq(asked.app, "a");
}

Test(arguments, standard_input_has_a_name_of_its_own)
{
	cr_expect_eq(run_cli("plan -"), 0);
	cr_expect_str_eq(asked.file, "<stdin>");
}

Test(arguments, the_helper_is_named_by_the_environment)
{
	setenv("BERTH_HELPER", "/opt/helper", 1);
	cr_expect_eq(run_cli("status"), 0);
	cr_expect_str_eq(asked.helper, "/opt/helper");
}

Test(arguments, help_is_made_of_the_tables)
{
	cr_expect_eq(run_cli("help"), 0);
	for (size_t i = 0; commands[i] && !commands[i]->hidden; i++) {
		char line[80];
		snprintf(line, sizeof line, "\n  %-10s %s", commands[i]->name, commands[i]->arguments);
		cr_expect(strstr(out, line), "%s", line);
	}
	cr_expect_eq(run_cli("logs --help"), 0);
	cr_expect(strstr(out, "usage: berth logs [FLAGS] [APP|BLUEPRINT] [COMPONENT...]\n"), "%s", out);
	cr_expect(strstr(out, "  -f, --follow "), "%s", out);
	cr_expect(strstr(out, "--location NAME=SPEC"), "%s", out);
	cr_expect_eq(run_cli(""), 64);
	cr_expect_str_eq(out, "");
	cr_expect_eq(asked.opened, 0);
}

Test(arguments, version_opens_nothing)
{
	cr_expect_eq(run_cli("version"), 0);
	cr_expect_str_eq(out, "berth 0.1.0\nlibberth 9.8.7\n");
	cr_expect_eq(run_cli("--version -o json"), 0);
	cr_expect_str_eq(out, "{\"format_version\":\"1\",\"version\":\"0.1.0\",\"library\":\"9.8.7\"}\n");
	cr_expect_eq(asked.opened, 0);
}

Test(arguments, durations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"90", 90000},  {"10m", 600000}, {"1h30m", 5400000},
		    {"250ms", 250}, {"1.5s", 1500},  {"2d", 172800000}};
	static const char *const bad[] = {"",    "m",   "5x",  "-3s",          "1m5",
					  "inf", ".5s", "1.s", "99999999999d", "0x10"};
	int64_t ms = 0;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		cr_expect_eq(parse_duration(good[i].text, &ms), 0, "%s", good[i].text);
		cr_expect_eq(ms, good[i].ms, "%s: %lld", good[i].text, (long long)ms);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		cr_expect_neq(parse_duration(bad[i], &ms), 0, "%s", bad[i]);
}

Test(arguments, moments)
{
	int64_t ms = 0;
	cr_expect_eq(parse_moment("10m", 1000000, &ms), 0);
	cr_expect_eq(ms, 400000);
	cr_expect_eq(parse_moment("1970-01-02T00:00:01.25Z", 0, &ms), 0);
	cr_expect_eq(ms, 86401250);
	cr_expect_eq(parse_moment("1970-01-02T02:00:00+02:00", 0, &ms), 0);
	cr_expect_eq(ms, 86400000);
	cr_expect_neq(parse_moment("yesterday", 0, &ms), 0);
	cr_expect_neq(parse_moment("1970-01-02T02:00:00 o'clock", 0, &ms), 0);
	cr_expect_neq(parse_moment("1970-01-02Tx", 0, &ms), 0);
}
