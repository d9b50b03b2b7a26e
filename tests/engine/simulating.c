/* simulating.c - a stage on which scenarios are played, for the tests of what becomes of them. */
#include "tests/engine/simulating.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"

struct scene stage;

void stage_open(void)
{
	scene_open(&stage);
}

void stage_close(void)
{
	scene_close(&stage);
}

json_t *play_seeded(const char *blueprint, const char *scenario, uint64_t seed,
		    enum berth_outcome *ret_outcome)
{
	struct berth_request request = {.size = sizeof request,
					.blueprint = blueprint,
					.file = "/b/shop.yaml",
					.scenario = scenario,
					.scenario_file = "/b/scenario.yaml",
					.seed = seed};
	json_t *document = NULL;
	*ret_outcome = scene_request(&stage, berth_simulate, &request, &document);
	return document;
}

json_t *play(const char *blueprint, const char *scenario, enum berth_outcome *ret_outcome)
{
	return play_seeded(blueprint, scenario, 0, ret_outcome);
}

void tell_story(const json_t *document)
{
	size_t i;
	json_t *line;
	json_array_foreach (json_object_get(document, "story"), i, line)
		cr_log_warn("%6lld %s: %s", (long long)json_number(line, "at_ms", 0), json_text(line, "who"),
			    json_text(line, "what"));
	json_array_foreach (json_object_get(document, "assertions"), i, line)
		cr_log_warn("%s: %s %s", json_text(line, "assertion"),
			    json_flag(line, "held", false) ? "held" : "broken",
			    json_text(line, "why") ? json_text(line, "why") : "");
}

bool told_in(const json_t *document, const char *words)
{
	size_t i;
	json_t *line;
	json_array_foreach (json_object_get(document, "story"), i, line)
		if (strstr(json_text(line, "what"), words))
			return true;
	return false;
}

const json_t *assertion(const json_t *document, const char *words)
{
	size_t i;
	json_t *one;
	json_array_foreach (json_object_get(document, "assertions"), i, one)
		if (strstr(json_text(one, "assertion"), words))
			return one;
	tell_story(document);
	cr_assert(false, "there is no assertion `%s`", words);
	return NULL;
}

void holds_for(const char *blueprint, const char *scenario)
{
	enum berth_outcome outcome;
	owned_json document = play(blueprint, scenario, &outcome);
	if (outcome != BERTH_OK)
		tell_story(document);
	cr_expect_eq(outcome, BERTH_OK);
	cr_expect(json_flag(document, "held", false));
}

void holds(const char *scenario)
{
	holds_for(SHOP, scenario);
}

void breaks(const char *scenario, const char *words, const char *why)
{
	enum berth_outcome outcome;
	owned_json document = play(SHOP, scenario, &outcome);
	const json_t *broken = assertion(document, words);
	cr_expect_eq(outcome, BERTH_FAILED);
	cr_expect_not(json_flag(document, "held", true));
	cr_expect_not(json_flag(broken, "held", true), "`%s` holds", words);
	if (!json_text(broken, "why") || !strstr(json_text(broken, "why"), why))
		tell_story(document);
	cr_expect(json_text(broken, "why") && strstr(json_text(broken, "why"), why), "`%s`, not `%s`",
		  json_text(broken, "why"), why);
	cr_expect_geq(json_number(broken, "at_ms", -1), 0);
}

void tells(const char *scenario, const char *words)
{
	enum berth_outcome outcome;
	owned_json document = play(SHOP, scenario, &outcome);
	if (!told_in(document, words))
		tell_story(document);
	cr_expect(told_in(document, words), "nothing tells `%s`", words);
}
