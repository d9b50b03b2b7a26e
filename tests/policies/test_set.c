/* test_set.c - sets as a whole: what they are made of, what is refused, what is kept; and Brooklyn's
 * restarter where the recorded series say less. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(set, .fini = end_bench);

static const char *const one = "app.x.1";
#define CLASS "org.apache.brooklyn.policy.ha."

Test(set, a_missing_failure_detector_is_supplied_in_the_manner_of_who_needs_it)
{
	static const struct {
		const char *policies, *supplied;
	} cases[] = {
	    {"[{\"type\": \"restarter\"}]", "failure-detector"},
	    {"[{\"type\": \"replacer\"}]", "failure-detector"},
	    {"[{\"type\": \"" CLASS "ServiceRestarter\"}]", CLASS "ServiceFailureDetector"},
	    {"[{\"type\": \"brooklyn.policy.ha.ServiceReplacer\"}]", CLASS "ServiceFailureDetector"},
	    {"[{\"type\": \"" CLASS "ServiceRestarter\"}, {\"type\": \"replacer\"}]", "failure-detector"},
	    {"[{\"type\": \"restarter\"}, {\"type\": \"" CLASS "ServiceFailureDetector\"}]", NULL},
	    {"[{\"type\": \"restarter\", \"failureSensorToMonitor\": \"app.broken\"}]", NULL},
	    {"[{\"type\": \"stop-after\", \"lifetime\": 1}]", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *supplied = NULL;
		bench_begin(&b, cases[i].policies, 1);
		for (size_t j = 0; j < policy_set_count(b.set); j++)
			if (policy_set_supplied(b.set, j))
				supplied = policy_set_name(b.set, j);
		cr_expect(supplied ? cases[i].supplied && !strcmp(supplied, cases[i].supplied)
				   : !cases[i].supplied,
			  "%s: %s", cases[i].policies, supplied ? supplied : "none");
		bench_end(&b);
	}
}

Test(set, what_a_policy_cannot_be_is_refused_with_a_remedy)
{
	static const struct {
		const char *policies, *text, *remedy;
	} cases[] = {
	    {"[{\"type\": \"restrter\"}]", "unknown type of policy `restrter`", "did you mean `restarter`?"},
	    {"[{\"type\": \"restarter\", \"bakoff\": 1}]", "restarter has no key `bakoff`",
	     "did you mean `backoff`?"},
	    {"[{\"type\": \"restarter\", \"backoff\": \"long\"}]", "`backoff` is to be a duration",
	     "such as `backoff: 30s`"},
	    {"[{\"type\": \"restarter\", \"backoff\": -1}]", "`backoff` is to be a duration", ""},
	    {"[{\"type\": \"restarter\", \"maxTries\": 1.5}]", "a whole number", ""},
	    {"[{\"type\": \"stop-after\"}]", "stop-after needs `lifetime`", ""},
	    {"[{\"type\": \"periodic\", \"effector\": \"x\", \"args\": []}]", "`args` is to be a map", ""},
	    {"[{\"type\": \"periodic\", \"effector\": \"\"}]", "`effector` is to be a text", ""},
	    {"[{\"type\": \"periodic\", \"effector\": \"x\", \"time\": \"8h\"}]", "a time of the day", ""},
	    {"[{\"type\": \"" CLASS "ServiceRestarter\", \"failureSensorToMonitor\": \"\"}]",
	     "the name of a sensor", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = bench_refuses(cases[i].policies);
		cr_expect(strstr(err.text, cases[i].text), "%s: %s", cases[i].policies, err.text);
		cr_expect(strstr(err.remedy, cases[i].remedy), "%s: %s", cases[i].policies, err.remedy);
	}
}

Test(set, a_bare_number_is_seconds_here_and_milliseconds_in_brooklyn)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"jitter\": 0, \"backoff\": 7}]", 1);
	bench_up(&b, 0, false);
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_FAILED);
	cr_expect_eq(b.wishes.next_ms, b.now + 7 * SECOND);
	bench_end(&b);
	bench_begin(&b,
		    "[{\"type\": \"" CLASS
		    "ServiceFailureDetector\", \"entityFailed.stabilizationDelay\": \"700\"}]",
		    1);
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_expect_eq(b.wishes.next_ms, b.now + 700);
}

Test(set, some_keys_can_be_changed_while_it_runs)
{
	struct error err = {0};
	json_t *value = json_string("3s");

	bench_begin(&b, "[{\"type\": \"restarter\", \"jitter\": 0}]", 1);
	size_t index = bench_index(&b, POLICY_RESTARTER);
	cr_assert_eq(policy_set_configure(b.set, index, "backoff", value, &err), 0, "%s", err.text);
	bench_up(&b, 0, false);
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_FAILED);
	cr_expect_eq(b.wishes.next_ms, b.now + 3 * SECOND);
	cr_expect_eq(policy_set_configure(b.set, index, "failureSensorToMonitor", value, &err), -1);
	cr_expect(strstr(err.text, "is read once"), "%s", err.text);
	cr_expect_eq(policy_set_configure(b.set, index, "bckoff", value, &err), -1);
	cr_expect(strstr(err.remedy, "`backoff`"), "%s", err.remedy);
	json_decref(value);
	value = json_string("soon");
	cr_expect_eq(policy_set_configure(b.set, index, "backoff", value, &err), -1);
	b.now += 3 * SECOND;
	bench_step(&b);
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_FAILED);
	cr_expect_eq(b.wishes.next_ms, b.now + 6 * SECOND, "what was refused changed nothing");
	json_decref(value);
}

static const char *backoff_of(const struct policy_set *set)
{
	for (size_t i = 0; i < policy_set_count(set); i++)
		if (policy_set_type(set, i)->kind == POLICY_RESTARTER)
			return json_string_value(json_object_get(policy_set_config(set, i), "backoff"));
	return NULL;
}

Test(set, what_was_set_is_kept_until_the_blueprint_gives_the_key_another_value)
{
	static const struct {
		const char *before, *after, *backoff;
	} cases[] = {
	    {"[{\"type\": \"restarter\"}]", "[{\"type\": \"restarter\"}]", "3s"},
	    {"[{\"type\": \"restarter\"}]", "[{\"type\": \"restarter\", \"backoff\": \"8s\"}]", "8s"},
	    {"[{\"type\": \"restarter\", \"backoff\": \"8s\"}]",
	     "[{\"type\": \"restarter\", \"backoff\": \"8s\", \"jitter\": 1}]", "3s"},
	    {"[{\"type\": \"restarter\", \"backoff\": \"8s\"}]", "[{\"type\": \"restarter\"}]", NULL},
	};
	struct error err = {0};
	json_t *words[] = {json_string("5s"), json_string("3s")};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bench_begin(&b, cases[i].before, 1);
		size_t index = bench_index(&b, POLICY_RESTARTER);
		for (size_t n = 0; n < 2; n++)
			cr_assert_eq(policy_set_configure(b.set, index, "backoff", words[n], &err), 0);
		json_t *saved = policy_set_save(b.set);
		bench_end(&b);
		bench_begin(&b, cases[i].after, 1);
		cr_assert_eq(policy_set_restore(b.set, saved, &err), 0, "%s", err.text);
		const char *backoff = backoff_of(b.set);
		cr_expect(cases[i].backoff ? backoff && !strcmp(backoff, cases[i].backoff) : !backoff,
			  "%zu: %s", i, backoff ? backoff : "none");
		bench_end(&b);
		json_decref(saved);
	}
	json_decref(words[0]);
	json_decref(words[1]);
}

Test(set, what_is_remembered_is_of_a_version)
{
	struct error err = {0};

	bench_begin(&b, "[{\"type\": \"restarter\"}]", 1);
	json_t *later = json_pack("{s:i, s:[]}", "version", 99, "policies");
	cr_expect_eq(policy_set_restore(b.set, later, &err), -1);
	cr_expect(strstr(err.text, "version 99"), "%s", err.text);
	json_decref(later);
	json_t *nothing = json_array();
	cr_expect_eq(policy_set_restore(b.set, nothing, &err), -1);
	json_decref(nothing);
	/* Whatever stands in it: numbers where texts are to be, nothing where much is. */
	json_t *odd = json_loads(
	    "{\"version\": 1, \"policies\": [7, {\"type\": \"restarter\", \"records\": [{\"member\": 3}, "
	    "{\"member\": \"app.x.1\", \"tries\": \"many\", \"next_at\": 9000000000000000000}], "
	    "\"times\": {}}]}",
	    0, NULL);
	cr_expect_eq(policy_set_restore(b.set, odd, &err), 0, "%s", err.text);
	bench_up(&b, 0, false);
	cr_expect_leq(b.wishes.next_ms, b.now + SECOND, "a time beyond all bounds is no time to wait for");
	json_decref(odd);
}

Test(set, two_policies_of_one_type_keep_what_is_theirs)
{
	static const char policies[] = "[{\"type\": \"periodic\", \"effector\": \"a\", \"period\": \"1m\"}, "
				       "{\"type\": \"periodic\", \"effector\": \"b\", \"period\": \"7m\"}]";

	bench_begin(&b, policies, 1);
	bench_step(&b);
	b.now += 30 * SECOND;
	bench_restart(&b, policies);
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 30 * SECOND);
	for (int i = 0; i < 6; i++) {
		b.now = b.wishes.next_ms;
		bench_step(&b);
		cr_expect_eq(bench_count(&b, WISH_INVOKE), 1);
		cr_expect_str_eq(bench_wish(&b, WISH_INVOKE, NULL)->what, "a");
		bench_ended(&b, bench_wish(&b, WISH_INVOKE, NULL), OUTCOME_DONE);
	}
	b.now = b.wishes.next_ms;
	bench_step(&b);
	cr_expect_eq(bench_count(&b, WISH_INVOKE), 2);
}

Test(set, members_that_go_are_forgotten)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"jitter\": 0}]", 2);
	bench_step(&b);
	bench_up(&b, 1, false);
	bench_ended(&b, bench_wish(&b, WISH_RESTART, "app.x.2"), OUTCOME_FAILED);
	b.member_count = 1;
	bench_step(&b);
	json_t *saved = policy_set_save(b.set);
	char *text = json_dumps(saved, 0);
	cr_expect_not(strstr(text, "app.x.2"), "%s", text);
	free(text);
	json_decref(saved);
}

/* --- Brooklyn's restarter ---------------------------------------------------------------------- */

static const char classic[] = "[{\"type\": \"" CLASS "ServiceRestarter\", "
			      "\"failOnRecurringFailuresInThisDuration\": \"1m\", "
			      "\"failureSensorToMonitor\": \"app.broken\"}]";

static const struct wish *restart(void)
{
	return bench_wish(&b, WISH_RESTART, one);
}

Test(set, brooklyns_restarter_counts_the_window_from_failure_to_failure_its_end_included)
{
	bench_begin(&b, classic, 1);
	bench_signal(&b, "app.broken", one);
	cr_assert(restart());
	cr_expect_eq(bench_wish(&b, WISH_EXPECT, one)->life, LIFE_STARTING);
	bench_ended(&b, restart(), OUTCOME_DONE);
	b.now += MINUTE;
	bench_signal(&b, "app.broken", one);
	cr_expect_null(restart(), "exactly a minute");
	cr_expect(bench_emitted(&b, "ha.entityFailed.restart"));
	cr_expect_eq(bench_wish(&b, WISH_EXPECT, one)->life, LIFE_ON_FIRE);
	b.now += MINUTE;
	bench_signal(&b, "app.broken", one);
	cr_expect_null(restart(), "counted from the failure that was given up on");
	b.now += MINUTE + 1;
	bench_signal(&b, "app.broken", one);
	cr_expect(restart(), "after a whole quiet minute");
}

Test(set, brooklyns_restarter_handles_what_fails_meanwhile_when_it_is_done)
{
	bench_begin(&b, classic, 1);
	bench_signal(&b, "app.broken", one);
	b.now += 10 * SECOND;
	bench_signal(&b, "app.broken", one);
	cr_expect_eq(bench_count(&b, WISH_RESTART), 1);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed.restart"), "its turn has not come");
	b.now += MINUTE;
	bench_ended(&b, restart(), OUTCOME_DONE);
	cr_expect(restart(), "70 s after the first was handled");
	bench_signal(&b, "app.broken", one);
	b.now += SECOND;
	bench_ended(&b, restart(), OUTCOME_DONE);
	cr_expect_null(restart());
	cr_expect(bench_emitted(&b, "ha.entityFailed.restart"));
}

Test(set, brooklyns_restarter_waits_while_others_are_at_work_on_a_member)
{
	bench_begin(&b, classic, 1);
	b.members[0].busy = true;
	bench_signal(&b, "app.broken", one);
	cr_expect_null(restart());
	b.members[0].busy = false;
	b.members[0].out_of_sight = true;
	bench_step(&b);
	cr_expect_null(restart());
	b.members[0].out_of_sight = false;
	bench_step(&b);
	cr_expect(restart());
}

Test(set, brooklyns_restarter_minds_its_members_apart)
{
	bench_begin(&b, classic, 2);
	bench_signal(&b, "app.broken", one);
	bench_signal(&b, "app.broken", "app.x.2");
	cr_expect_eq(bench_count(&b, WISH_RESTART), 2);
	bench_restart(&b, classic);
	bench_ended(&b, restart(), OUTCOME_DONE);
	bench_signal(&b, "app.broken", one);
	cr_expect_null(restart(), "it remembers, where Brooklyn forgets when it restarts itself");
}
