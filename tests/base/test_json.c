/* test_json.c - reading remotes' JSON and writing ours. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

static json_t *parse(const char *text, struct error *err)
{
	return json_parse(text, strlen(text), "the answer", err);
}

Test(json, reads_members_by_type)
{
	owned_json json = parse(
	    "{\"name\":\"x\",\"count\":5,\"on\":true,\"State\":{\"Exit\":{\"Code\":3}},\"real\":1.5}", NULL);

	cr_assert(json);
	cr_expect_str_eq(json_text(json, "name"), "x");
	cr_expect_null(json_text(json, "count"));
	cr_expect_null(json_text(json, "missing"));
	cr_expect_null(json_text(NULL, "name"));
	cr_expect_eq(json_number(json, "count", -1), 5);
	cr_expect_eq(json_number(json, "real", -1), -1);
	cr_expect_eq(json_number(json, "missing", -1), -1);
	cr_expect(json_flag(json, "on", false));
	cr_expect(json_flag(json, "name", true));
	cr_expect_not(json_flag(json, "missing", false));
	cr_expect_eq(json_integer_value(json_at(json, "State.Exit.Code")), 3);
	cr_expect_null(json_at(json, "State.Nothing.Code"));
	cr_expect_null(json_at(json, "name.Code"));
	cr_expect_null(json_at(NULL, "State"));
}

Test(json, what_is_wrong_is_named_with_its_place)
{
	struct error err = {0};

	cr_expect_null(parse("{\"a\":1,\n \"b\" 2}", &err));
	cr_expect_eq(err.code, ERR_INVALID);
	cr_expect(strstr(err.text, "the answer"), "%s", err.text);
	cr_expect(strstr(err.text, "line 2"), "%s", err.text);
}

static int note_member(void *context, const char *key, json_t *value, struct error *err)
{
	if (strcmp(key, "stop") == 0)
		return fail(err, ERR_CANCELLED, "stopped");
	text_format(context, "%s=", key);
	json_add_line(context, value);
	text_add(context, ";");
	return 0;
}

static int each(const char *text, struct text *to, struct error *err)
{
	text_clear(to);
	return json_each_member(text, strlen(text), "the list", note_member, to, err);
}

Test(json, members_are_told_one_after_the_other)
{
	owned_text told = {0};
	struct error err = {0};

	cr_expect_eq(
	    each(" { \"a\\n\\u00e4\" : {\"b\":[1,2]}\t,\n\"c\":\"}\",\"a\\n\\u00e4\":null } ", &told, &err),
	    0, "%s", err.text);
	cr_expect_str_eq(text_view(&told), "a\n\xc3\xa4={\"b\":[1,2]};c=\"}\";a\n\xc3\xa4=null;");
	cr_expect_eq(each("{}", &told, &err), 0);
	cr_expect_eq(each("{\"a\":1,\"stop\":2,\"b\":3}", &told, &err), -1);
	cr_expect_eq(err.code, ERR_CANCELLED);
	cr_expect_str_eq(text_view(&told), "a=1;");
}

Test(json, what_is_no_whole_object_has_no_members)
{
	static const char *const bad[] = {
	    "",           "[]",          "{",          "{\"a\"",         "{\"a\" 1}",
	    "{\"a\":}",   "{\"a\":1",    "{\"a\":1,}", "{\"a\":1 2}",    "{1:2}",
	    "{\"a\":1}x", "{\"a\":1}{}", "{,}",        "{\"a\":{\"b\"}", "{\"a\":{\"b\":1,\"b\":1}}"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		owned_text told = {0};
		struct error err = {0};
		cr_expect_eq(each(bad[i], &told, &err), -1, "%s", bad[i]);
		cr_expect_eq(err.code, ERR_INVALID);
		cr_expect(starts_with(err.text, "the list: "), "%s", err.text);
	}
}

Test(json, doubtful_input_is_refused)
{
	static const char *const bad[] = {
	    "",         "{\"a\":1,\"a\":2}",   "{} x", "[1,]", "NaN", "1e400", "\"\\u0000\"",
	    "\"\xff\"", "99999999999999999999"};
	struct error err;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		err = (struct error){0};
		cr_expect_null(parse(bad[i], &err), "%s", bad[i]);
		cr_expect_eq(err.code, ERR_INVALID);
	}
}

Test(json, only_honest_depth_is_read)
{
	struct error err = {0};
	owned_text deep = {0};

	for (int i = 0; i < 5000; i++)
		text_add(&deep, "[");
	cr_expect_null(parse(text_view(&deep), &err));
	cr_expect(strstr(err.text, "deeper"), "%s", err.text);
	text_clear(&deep);
	text_add(&deep, "{\"\\\"[[\": \"");
	for (int i = 0; i < 5000; i++)
		text_add(&deep, "[");
	text_add(&deep, "\", \"l\": [[],[],{}]}");
	owned_json json = parse(text_view(&deep), &err);
	cr_expect(json, "brackets in strings are no depth");
}

/* What jansson itself makes of it; NULL: nothing. */
static json_t *by_jansson(const char *text, size_t size)
{
	return json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

static void reads_the_same(const char *text, size_t size)
{
	struct error err = {0};
	owned_json ours = json_parse(text, size, "the answer", &err);
	owned_json theirs = by_jansson(text, size);

	cr_assert_eq(!ours, !theirs, "%.*s: %s", (int)size, text, ours ? "is wrong" : err.text);
	if (!ours)
		return;
	owned_memory char *our_line = json_line(ours), *their_line = json_line(theirs);
	cr_assert_str_eq(our_line, their_line);
}

/* A document with one of everything, each byte of it replaced by each that means something, left out, and
 * doubled. */
Test(json, what_is_read_is_what_jansson_reads)
{
	static const char whole[] = " {\"a\":[1,-20,0,-0,1.5,2e3,123456789012345678,1234567890123456789],"
				    "\"\":\"\",\"\\u00e4b\":null,\t"
				    "\"\xc3\xa4\":{\"b\":true,\"c\":false},\"\\n\":"
				    "\"\\\"\\u003c\\ud83d\\ude00\",\n\"d\":[ ],\"e\":{\r}} ";
	static const char others[] = "\0\x01 \n{}[]:,\"\\-+.0189eEabtfnu/\x7f\x80\xa4\xc3\xff";
	char text[2 * sizeof whole];

	reads_the_same(whole, sizeof whole - 1);
	for (size_t at = 0; at < sizeof whole - 1; at++) {
		reads_the_same(whole, at + 1);
		reads_the_same(whole + at, sizeof whole - 1 - at);
		memcpy(text, whole, sizeof whole);
		for (size_t i = 0; i < sizeof others - 1; i++) {
			text[at] = others[i];
			reads_the_same(text, sizeof whole - 1);
		}
		memcpy(text + at, whole + at + 1, sizeof whole - at - 1);
		reads_the_same(text, sizeof whole - 2);
		memcpy(text + at, whole + at, sizeof whole - at);
		memcpy(text + at + 1, whole + at, sizeof whole - at);
		reads_the_same(text, sizeof whole);
	}
}

Test(json, writes_one_line_in_order)
{
	owned_json json = json_object();

	cr_assert_eq(json_put_text(json, "z", "last"), 0);
	cr_assert_eq(json_put_number(json, "a", -3), 0);
	cr_assert_eq(json_put_flag(json, "on", true), 0);
	cr_assert_eq(json_put_text(json, "none", NULL), 0);
	owned_memory char *line = json_line(json);
	cr_expect_str_eq(line, "{\"z\":\"last\",\"a\":-3,\"on\":true,\"none\":null}");
}

Test(json, text_that_is_not_utf8_is_repaired)
{
	owned_json json = json_object();

	cr_assert_eq(json_put_text(json, "log", "ok \xff\xc3\xa9\xc3(\xed\xa0\x80 end\xe2\x82"), 0);
	const char *text = json_text(json, "log");
	cr_assert(text);
	cr_expect(starts_with(text, "ok \xef\xbf\xbd\xc3\xa9\xef\xbf\xbd("), "%s", text);
	cr_expect(strstr(text, " end\xef\xbf\xbd"), "%s", text);
}

Test(json, numbers_read_are_written_the_same)
{
	owned_json json = parse("[0.1,1e21,9007199254740993]", NULL);
	owned_memory char *line = json_line(json);

	cr_expect_str_eq(line, "[0.1,1e21,9007199254740993]");
}

Test(json, secrets_are_overwritten)
{
	json_t *json =
	    json_loads("{\"auths\": {\"x\": {\"auth\": \"c2VjcmV0\"}}, \"list\": [\"hunter2\"]}", 0, NULL);
	json_t *auth = json_incref(json_at(json, "auths.x.auth"));
	json_t *word = json_incref(json_array_get(json_object_get(json, "list"), 0));

	cr_assert_str_eq(json_string_value(auth), "c2VjcmV0");
	release_secret_json(&json);
	cr_expect_str_eq(json_string_value(auth), "");
	for (size_t i = 0; i < strlen("hunter2"); i++)
		cr_expect_eq(json_string_value(word)[i], '\0');
	json_decref(auth);
	json_decref(word);
}

Test(json, line_at_the_end_of_a_text)
{
	owned_text text = {0};
	owned_json json = json_loads("{\"b\": \"ä\\n\", \"a\": 1}", 0, NULL);

	text_add(&text, "head ");
	json_add_line(&text, json);
	cr_expect_str_eq(text_view(&text), "head {\"b\":\"ä\\n\",\"a\":1}");
}

/* What does not parse may be a password, or beside one. */
Test(json, complaint_does_not_quote)
{
	struct error err = {0};

	cr_assert_null(parse("{\"auth\" \"hunter2\"}", &err));
	cr_expect(strstr(err.text, "line 1") && !strstr(err.text, "hunter2"), "%s", err.text);
	cr_assert_null(parse("{\"auth\": hunter2}", &err));
	cr_expect_not(strstr(err.text, "hunter2"), "%s", err.text);
}
