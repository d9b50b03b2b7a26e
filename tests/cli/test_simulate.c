/* test_simulate.c - the program's `simulate`: what it asks the library, and how the story is shown. */
#include <criterion/criterion.h>
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
