/* test_simulate.c - the program's `simulate`: what it asks the library, and how the story is shown. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cli/run_cli.h"

static void begin(void)
{
	cli_begin();
	write_file("shop.yaml", "id: shop\n");
	write_file("away.yaml", "steps: [deploy]\n");
}

TestSuite(simulate, .init = begin, .fini = cli_end);

#define STORY                                                                                                \
	"\"story\":[{\"at_ms\":0,\"who\":\"you\",\"what\":\"berth deploy\"},"                                \
	"{\"at_ms\":62345,\"who\":\"web.1\",\"what\":\"running\"}]"
#define HELD "{\"assertion\":\"never fewer than 2 web\",\"file\":\"away.yaml\",\"line\":3,\"held\":true}"
#define BROKEN                                                                                               \
	"{\"assertion\":\"web recovers within 5s\",\"file\":\"away.yaml\",\"line\":4,\"held\":false,"        \
	"\"at_ms\":7050,\"why\":\"after 5.1s 1 of 2 web answer\"}"

Test(simulate, the_scenario_and_the_seed_are_passed_on)
{
	script.result = "{\"format_version\":\"1\",\"held\":true," STORY ",\"assertions\":[" HELD "]}";
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml --seed 7 --set a=b"), 0);
	cr_expect_str_eq(asked.verb, "simulate");
	cr_expect_str_eq(asked.blueprint, "id: shop\n");
	cr_expect_str_eq(asked.file, "shop.yaml");
	cr_expect_str_eq(asked.scenario, "steps: [deploy]\n");
	cr_expect_str_eq(asked.scenario_file, "away.yaml");
	cr_expect_eq(asked.seed, 7);
	cr_expect_str_eq(asked.settings, "a=b\n");
}

Test(simulate, the_story_comes_first_and_then_what_held)
{
	script.result =
	    "{\"format_version\":\"1\",\"held\":true,\"seed\":1," STORY ",\"assertions\":[" HELD "]}";
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml"), 0);
	cr_expect_str_eq(out, "     0.000  you    berth deploy\n"
			      "    62.345  web.1  running\n"
			      "\n"
			      "held    never fewer than 2 web\n");
	cr_expect_str_eq(err, "");
}

Test(simulate, what_is_broken_has_its_moment_its_place_and_the_command_that_plays_it_again)
{
	script = (struct script){.result = "{\"format_version\":\"1\",\"held\":false,\"seed\":3," STORY
					   ",\"assertions\":[" BROKEN "]}",
				 .outcome = BERTH_FAILED,
				 .message = "the scenario does not hold"};
	cr_expect_eq(
	    run_cli("simulate shop.yaml --scenario away.yaml --app s --set a=$b --location x=docker"), 1);
	cr_expect(strstr(out, "broken  web recovers within 5s: after 5.1s 1 of 2 web answer (at 7.050 s, "
			      "away.yaml:4)\n"));
	cr_expect(strstr(out, "again: berth simulate shop.yaml --scenario away.yaml --app s --set 'a=$b' "
			      "--location x=docker --seed 3\n"),
		  "%s", out);
	cr_expect_str_eq(err, "berth: error: the scenario does not hold\n");
}

Test(simulate, the_document_is_passed_as_it_is)
{
	script.result = "{\"b\": 1}";
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml -o json"), 0);
	cr_expect_str_eq(out, "{\"b\": 1}\n");
}

Test(simulate, it_does_not_begin_without_a_scenario)
{
	cr_expect_eq(run_cli("simulate shop.yaml"), 64);
	cr_expect(strstr(err, "which scenario?"));
	cr_expect_eq(run_cli("simulate shop.yaml --scenario nowhere.yaml"), 64);
	cr_expect(strstr(err, "cannot read nowhere.yaml"));
	cr_expect_eq(run_cli("simulate nowhere.yaml --scenario away.yaml"), 64);
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml --seed all"), 64);
	cr_expect(strstr(err, "--seed: `all` is not a number\n"), "%s", err);
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml --seed x"), 64);
	cr_expect(strstr(err, "--seed: `x` is not a number\n"), "%s", err);
	cr_expect_eq(asked.begun, 0);
}

Test(simulate, there_is_a_schema_of_scenarios)
{
	script.result = "{\"definitions\":{}}";
	cr_expect_eq(run_cli("schema scenario"), 0);
	cr_expect_str_eq(asked.name, "scenario");
	cr_expect_eq(run_cli("schema"), 0);
	cr_expect_str_eq(asked.name, "blueprint");
	cr_expect_eq(run_cli("schema weather"), 64);
	cr_expect(strstr(err, "there is no schema of `weather`"));
}

/* --- a dry run is plotted --------------------------------------------------------------------------------
 */

#define SERIES                                                                                               \
	"{\"format_version\":\"1\",\"held\":true,\"seed\":1," STORY ",\"assertions\":[],\"series\":{"        \
	"\"until_ms\":40000,\"metrics\":[{\"component\":\"web\",\"name\":\"load\",\"target\":50.0,"          \
	"\"points\":[[0,"                                                                                    \
	"25.0],[20000,null],[30000,100.0],[39000,100.0]]}],\"sizes\":[{\"component\":\"web\",\"points\":[{"  \
	"\"at_ms\":0,"                                                                                       \
	"\"wanted\":1,\"real\":1,\"min\":1,\"max\":3},{\"at_ms\":20000,\"wanted\":2,\"real\":1,\"min\":1,"   \
	"\"max\":"                                                                                           \
	"3},{\"at_ms\":30000,\"wanted\":2,\"real\":2,\"min\":1,\"max\":3}]}]}}"

/* Twenty columns of two seconds: what is not known leaves a gap, who is wanted and not there is a colon. */
static const char plot[] = "web.load, target 50\n"
			   "   105 |               *****\n"
			   "       |\n"
			   "       |\n"
			   "       |\n"
			   "    50 |--------------------\n"
			   "       |\n"
			   "       |**********\n"
			   "     0 |\n"
			   "web, instances\n"
			   "     3 |--------------------\n"
			   "     2 |          :::::#####\n"
			   "     1 |####################\n"
			   "       +--------------------\n"
			   "        0             40.0 s\n";

static void plain_terminal(const char *columns)
{
	setenv("COLUMNS", columns, 1);
	setenv("LC_ALL", "C", 1);
	setenv("NO_COLOR", "1", 1);
}

Test(simulate, what_sensors_told_and_the_sizes_that_became_of_it_are_plotted)
{
	script.result = SERIES;
	plain_terminal("29");
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml"), 0);
	cr_expect(strstr(out, plot), "%s", out);
	cr_expect_null(strchr(out, '\033'));
}

Test(simulate, a_plot_has_its_own_signs_and_colours_where_there_are_any)
{
	script.result = SERIES;
	setenv("COLUMNS", "29", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml --color always"), 0);
	cr_expect(strstr(out, "\033[32m\xe2\x96\x88\033[0m"), "%s", out);
}

Test(simulate, on_a_narrow_terminal_changes_are_lines)
{
	script.result = SERIES;
	plain_terminal("20");
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml"), 0);
	cr_expect(strstr(out, "0.0 s web 1\n20.0 s web 2\n"), "%s", out);
	cr_expect_null(strstr(out, "instances"));
}

Test(simulate, a_plot_is_drawn_into_a_file)
{
	static char drawing[32 * 1024];
	script.result = SERIES;
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml -o json --plot load.svg"), 0);
	FILE *file = fopen("load.svg", "r");
	cr_assert_not_null(file);
	drawing[fread(drawing, 1, sizeof drawing - 1, file)] = '\0';
	fclose(file);
	cr_expect(strstr(drawing, "<svg ") && strstr(drawing, "</svg>\n"));
	cr_expect(strstr(drawing, ">web.load</text>"), "%s", drawing);
	cr_expect_str_eq(out, SERIES "\n");
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml --plot /nowhere/load.svg"), 1);
	cr_expect(strstr(err, "cannot be written"), "%s", err);
	script.result = "{\"format_version\":\"1\",\"held\":true," STORY ",\"assertions\":[]}";
	cr_expect_eq(run_cli("simulate shop.yaml --scenario away.yaml --plot load.svg"), 1);
	cr_expect(strstr(err, "there is nothing to plot"), "%s", err);
}
