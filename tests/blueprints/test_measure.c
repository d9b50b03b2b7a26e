/* test_measure.c - how a sensor's number is found in what was answered. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/measure.h"

static double found(enum measure_kind kind, const char *where, const char *text)
{
	struct error err = {0};
	double number = -1;

	cr_assert_eq(where ? measure_check(kind, where, &err) : 0, 0, "%s", err.text);
	cr_assert_eq(measure(kind, where, text, strlen(text), &number, &err), 0, "%s", err.text);
	return number;
}

static void missing(enum measure_kind kind, const char *where, const char *text, const char *words)
{
	struct error err = {0};
	double number = -1;

	cr_assert_eq(measure(kind, where, text, strlen(text), &number, &err), -1, "%g", number);
	cr_expect(strstr(err.text, words), "`%s` does not say `%s`", err.text, words);
}

Test(measure, a_number_alone_is_what_it_is)
{
	cr_expect_eq(found(MEASURE_WHOLE, NULL, "42\n"), 42);
	cr_expect_eq(found(MEASURE_WHOLE, NULL, "  -1.5e3  "), -1500);
	missing(MEASURE_WHOLE, NULL, "", "is no number");
	missing(MEASURE_WHOLE, NULL, "12 monkeys", "`12 monkeys` is no number");
	missing(MEASURE_WHOLE, NULL, "nan", "is no number");
	missing(MEASURE_WHOLE, NULL, "inf", "is no number");
	missing(MEASURE_WHOLE, NULL, "a\033[2Jb", "is no number");
}

Test(measure, in_a_document_it_is_at_its_path)
{
	cr_expect_eq(found(MEASURE_JSON, "$.load", "{\"load\": 10}"), 10);
	cr_expect_eq(found(MEASURE_JSON, "$[1].x", "[1, {\"x\": 2.5}]"), 2.5);
	cr_expect_eq(found(MEASURE_JSON, "$.n", "{\"n\": \"7\"}"), 7, "written as text");
	cr_expect_eq(found(MEASURE_JSON, "$.on", "{\"on\": true}"), 1);
	missing(MEASURE_JSON, "$.load", "{\"lood\": 10}", "there is nothing at `$.load`");
	missing(MEASURE_JSON, "$.load", "{\"load\": [1]}", "there is no number at `$.load`");
	missing(MEASURE_JSON, "$.load", "{\"load\": null}", "there is no number");
	missing(MEASURE_JSON, "$.load", "<html>", "the answer");
}

static const char metrics[] = "# HELP http_requests_total The requests.\n"
			      "# TYPE http_requests_total counter\n"
			      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
			      "http_requests_total{method=\"get\", code=\"200\",} 3\n"
			      "http_requests_total{method=\"get\",code=\"500\",why=\"a \\\"b\\\" }\"} 2\n"
			      "queue_length 12.5\n"
			      "queue_length_max 99\n"
			      "broken{a=\n"
			      "temperature NaN\n";

Test(measure, of_prometheus_text_the_series_that_are_meant_are_added_up)
{
	cr_expect_eq(found(MEASURE_METRIC, "queue_length", metrics), 12.5);
	cr_expect_eq(found(MEASURE_METRIC, "http_requests_total", metrics), 1032);
	cr_expect_eq(found(MEASURE_METRIC, "http_requests_total{code=\"200\"}", metrics), 1030);
	cr_expect_eq(found(MEASURE_METRIC, "http_requests_total{code=\"200\", method=\"get\"}", metrics), 3);
	cr_expect_eq(found(MEASURE_METRIC, "http_requests_total{code=\"500\"}", metrics), 2);
	missing(MEASURE_METRIC, "http_requests_total{code=\"404\"}", metrics, "there is no metric");
	missing(MEASURE_METRIC, "queue", metrics, "there is no metric `queue`");
	missing(MEASURE_METRIC, "temperature", metrics, "there is no metric");
	missing(MEASURE_METRIC, "broken", metrics, "there is no metric");
}

Test(measure, of_a_text_the_last_place_where_the_pattern_matches_counts)
{
	cr_expect_eq(found(MEASURE_PATTERN, "load=([0-9.]+)", "load=1\nload=2.5 x\n"), 2.5);
	cr_expect_eq(found(MEASURE_PATTERN, "^busy: (-?[0-9]+)$", "busy: 3\nbusy: -4\nvery busy: 5\n"), -4);
	missing(MEASURE_PATTERN, "load=([0-9.]+)", "nothing here", "nothing matches `load=([0-9.]+)`");
	missing(MEASURE_PATTERN, "load=([a-z]+)", "load=high", "`high` is no number");
	missing(MEASURE_PATTERN, "(x*)", "yyy", "is no number");
}

Test(measure, what_can_not_be_looked_for_is_refused)
{
	static const struct {
		enum measure_kind kind;
		const char *where, *words;
	} wrong[] = {{MEASURE_JSON, "$..load", "is no path"},
		     {MEASURE_METRIC, "9{", "is no metric"},
		     {MEASURE_METRIC, "a{b=c}", "is no metric"},
		     {MEASURE_METRIC, "a b", "is no metric"},
		     {MEASURE_PATTERN, "load=[0-9]+", "which part is the number"},
		     {MEASURE_PATTERN, "load=(", "is no pattern"}};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct error err = {0};
		cr_expect_eq(measure_check(wrong[i].kind, wrong[i].where, &err), -1, "%s", wrong[i].where);
		cr_expect(strstr(err.text, wrong[i].words), "%s", err.text);
	}
}
