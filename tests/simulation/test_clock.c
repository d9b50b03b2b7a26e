/* test_clock.c - what will happen, happens in order, and only what was not taken back. */
#include <criterion/criterion.h>

#include "simulation/clock.h"

struct note {
	struct event event;
	int number;
};

static int told[64];
static size_t told_count;
static struct clock *clock_;

static void tell(struct event *event)
{
	told[told_count++] = ((struct note *)event)->number;
}

static void set_up(void)
{
	told_count = 0;
	clock_ = clock_new();
	cr_assert_not_null(clock_);
}

static void take_down(void)
{
	clock_free(clock_);
}

TestSuite(clock, .init = set_up, .fini = take_down);

static void add(struct note *note, int number, int64_t delay_ms)
{
	event_prepare(&note->event, tell);
	note->number = number;
	cr_assert_eq(clock_add(clock_, &note->event, delay_ms), 0);
}

static void run(int64_t until)
{
	while (clock_step(clock_, until)) {
	}
}

Test(clock, events_happen_when_they_are_due_and_together_in_the_order_in_which_they_were_added)
{
	struct note notes[4];
	add(&notes[0], 1, 30);
	add(&notes[1], 2, 10);
	add(&notes[2], 3, 10);
	add(&notes[3], 4, -5);
	run(1020);
	cr_expect_eq(clock_now(clock_), 1020);
	cr_assert_eq(told_count, 3);
	cr_expect_eq(told[0], 4);
	cr_expect_eq(told[1], 2);
	cr_expect_eq(told[2], 3);
	cr_expect_eq(clock_next(clock_), 1030);
	clock_take(clock_, &notes[0].event);
	cr_expect_eq(clock_pending(clock_), 0);
}

Test(clock, one_that_is_added_again_is_moved)
{
	struct note one, other;
	add(&one, 1, 10);
	add(&other, 2, 20);
	cr_assert_eq(clock_add(clock_, &one.event, 30), 0);
	run(2000);
	cr_assert_eq(told_count, 2);
	cr_expect_eq(told[0], 2);
}

Test(clock, any_of_many_can_be_taken_out)
{
	struct note notes[40];
	for (int i = 0; i < 40; i++)
		add(&notes[i], i, (i * 7) % 40);
	for (int i = 0; i < 40; i += 2)
		clock_take(clock_, &notes[i].event);
	run(5000);
	cr_assert_eq(told_count, 20);
	for (size_t i = 0; i < told_count; i++) {
		cr_expect_eq(told[i] % 2, 1);
		cr_expect(!i || (told[i - 1] * 7) % 40 < (told[i] * 7) % 40);
	}
}
