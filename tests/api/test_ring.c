/* test_ring.c - events are kept in order, read at any pace, and the oldest go first. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/ring.h"

static struct ring ring;

static void begin(void)
{
	ring = (struct ring){.limit = 1000};
}

static void end(void)
{
	ring_release(&ring);
}

TestSuite(ring, .init = begin, .fini = end);

static void add(const char *json)
{
	cr_assert_eq(ring_add(&ring, "phase", json, strlen(json)), 0);
}

Test(ring, an_event_has_its_number_its_kind_and_its_data)
{
	char bytes[200] = "";
	struct ring_place place = ring_after(0);
	add("{}");
	cr_assert_eq(ring_read(&ring, &place, bytes, sizeof bytes), (ptrdiff_t)strlen(bytes));
	cr_assert_str_eq(bytes, "id: 1\nevent: phase\ndata: {}\n\n");
	cr_assert_eq(ring_read(&ring, &place, bytes, sizeof bytes), 0);
}

Test(ring, what_was_read_by_its_only_reader_is_let_go)
{
	char bytes[200] = "";
	struct ring_place place = ring_after(0);
	add("{}");
	add("[]");
	ring_read(&ring, &place, bytes, 30); /* one of them, and the beginning of the other */
	ring_forget(&ring, place.number);
	cr_assert_eq(ring.first, 2);
	cr_assert_gt(ring_read(&ring, &place, bytes, sizeof bytes), 0, "what is left of it is still there");
	ring_forget(&ring, place.number);
	cr_assert_eq(ring.bytes, 0);
	add("{}");
	cr_assert_gt(ring_read(&ring, &place, bytes, sizeof bytes), 0, "and on it goes");
}

Test(ring, a_reader_gets_the_same_bytes_in_whatever_pieces)
{
	char whole[2000] = "", pieces[2000] = "";
	struct ring_place place = ring_after(0), again = ring_after(0);
	for (int i = 0; i < 20; i++)
		add("{\"a\":1}");
	cr_assert_gt(ring_read(&ring, &place, whole, sizeof whole), 0);
	size_t used = 0;
	for (ptrdiff_t count; (count = ring_read(&ring, &again, pieces + used, 7)) > 0;)
		used += (size_t)count;
	cr_assert_str_eq(pieces, whole);
	cr_assert_eq(again.number, 21);
}

Test(ring, who_comes_again_goes_on_after_the_last_one_it_has)
{
	char bytes[200] = "";
	struct ring_place place = ring_after(2);
	for (int i = 0; i < 3; i++)
		add("{}");
	ring_read(&ring, &place, bytes, sizeof bytes);
	cr_assert_eq(strncmp(bytes, "id: 3\n", 6), 0, "%s", bytes);
}

Test(ring, the_oldest_go_when_there_are_too_many)
{
	char bytes[64];
	struct ring_place place = ring_after(0);
	for (int i = 0; i < 1000; i++)
		add("{\"some\":\"bytes\"}");
	cr_assert_leq(ring.bytes, ring.limit);
	cr_assert_eq(ring.next, 1001);
	cr_assert_gt(ring.first, 900);
	cr_assert_eq(ring_read(&ring, &place, bytes, sizeof bytes), -1, "what is gone is told");
	cr_assert_eq(ring_skip(&ring, &place), ring.first - 1);
	cr_assert_gt(ring_read(&ring, &place, bytes, sizeof bytes), 0);
}

Test(ring, one_that_is_longer_than_all_may_be_stays_while_it_is_the_newest)
{
	char json[3000];
	memset(json, 'x', sizeof json);
	add("{}");
	cr_assert_eq(ring_add(&ring, "log", json, sizeof json), 0);
	cr_assert_eq(ring.first, 2);
	cr_assert_eq(ring.next, 3);
	add("{}");
	cr_assert_eq(ring.first, 3);
}

Test(ring, whole_events_can_be_taken)
{
	size_t size = 0;
	struct ring_place place = ring_after(0);
	cr_assert_null(ring_event(&ring, &place, &size));
	add("{\"n\":1}");
	const char *event = ring_event(&ring, &place, &size);
	cr_assert_not_null(event);
	cr_assert_not_null(memmem(event, size, "{\"n\":1}", 7));
	cr_assert_null(ring_event(&ring, &place, &size));
}
