/* test_http_head.c - heads and bodies of answers: whole, in part, and what is none. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/http_head.h"

static enum reading read_text(const char *text, struct http_head *head)
{
	return http_head_read(text, strlen(text), head);
}

Test(http_head, an_answer_is_taken_apart)
{
	static const char text[] =
	    "HTTP/1.1 409 Conflict\r\nContent-Length: 12 \r\nX: a: b\r\nEmpty:\r\n\r\nbody";
	struct http_head head;

	cr_assert_eq(read_text(text, &head), READ_WHOLE);
	cr_expect_eq(head.status, 409);
	cr_expect(head.sized && head.length == 12 && !head.chunked);
	cr_expect_str_eq(text + head.size, "body");
	cr_expect(!strncmp(text + head.fields, "Content-Length", 14));
	cr_assert_eq(read_text("HTTP/1.0 200\r\ntransfer-encoding: Chunked\r\n\r\n", &head), READ_WHOLE);
	cr_expect(head.chunked && !head.sized);
}

Test(http_head, every_beginning_of_a_head_is_a_part)
{
	static const char text[] = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n";
	struct http_head head;

	for (size_t count = 0; count < sizeof(text) - 1; count++)
		cr_expect_eq(http_head_read(text, count, &head), READ_PART, "%zu", count);
	cr_expect_eq(http_head_read(text, sizeof(text) - 1, &head), READ_WHOLE);
	cr_expect_eq(head.status, 101);
}

Test(http_head, garbage_is_refused_at_its_first_byte)
{
	static const char *const cases[] = {
	    "x",
	    "HTTP/2",
	    "HTTP/1.1 20x",
	    "HTTP/1.1 1010",
	    "HTTP/1.1 999 What\r\n\r\n",
	    "HTTP/1.1 200 OK\n\n",
	    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nBell: \a\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
	    "\r\n\r\n",
	};
	struct http_head head;

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_expect_eq(read_text(cases[i], &head), READ_GARBAGE, "%s", cases[i]);
	cr_expect_eq(http_head_read("HTTP/1.1 200 O\0K\r\n\r\n", 20, &head), READ_GARBAGE);
}

static enum reading body_of(const char *fields, const char *bytes, bool closed, struct text *ret_body)
{
	owned_text answer = {0};
	struct http_head head;

	text_format(&answer, "HTTP/1.1 500 Oh\r\n%s\r\n", fields);
	cr_assert_eq(read_text(text_view(&answer), &head), READ_WHOLE);
	text_clear(ret_body);
	return http_body_read(&head, bytes, strlen(bytes), closed, ret_body);
}

Test(http_head, bodies_end_where_they_say)
{
	static const char chunked[] = "Transfer-Encoding: chunked\r\n", sized[] = "Content-Length: 5\r\n";
	owned_text body = {0};

	cr_expect_eq(body_of(sized, "hell", true, &body), READ_PART);
	cr_expect_eq(body_of(sized, "hello, you", false, &body), READ_WHOLE);
	cr_expect_str_eq(text_view(&body), "hello");
	cr_expect_eq(body_of("", "hello", false, &body), READ_PART);
	cr_expect_eq(body_of("", "hello", true, &body), READ_WHOLE);
	cr_expect_str_eq(text_view(&body), "hello");
	cr_expect_eq(body_of(chunked, "4\r\nhell\r\nA\r\no, all of \r\n0\r\n\r\n", false, &body), READ_WHOLE);
	cr_expect_str_eq(text_view(&body), "hello, all of ");
	static const char *const parts[] = {"",         "4",           "4\r\n",
					    "4\r\nhel", "4\r\nhell\r", "4\r\nhell\r\n0\r\n"};
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		cr_expect_eq(body_of(chunked, parts[i], true, &body), READ_PART, "%s", parts[i]);
	static const char *const garbage[] = {"\r\n",
					      "x\r\n",
					      "4\nhell",
					      "4\r\nhello\r\n",
					      "ffffffffffffffffffff\r\n",
					      "4;with=extensions and no end"};
	for (size_t i = 0; i < COUNT_OF(garbage); i++)
		cr_expect_eq(body_of(chunked, garbage[i], false, &body), READ_GARBAGE, "%s", garbage[i]);
}
