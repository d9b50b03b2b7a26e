/* test_fake_marathon_conformance.c - the conformance suite over the fake driver of the manner of Marathon. */
#include <criterion/criterion.h>

#include "tests/conformance/conformance.h"
#include "tests/conformance/fake_subject.h"

static struct subject subject;

static void set_up(void)
{
	fake_set_up_profile(&subject, "marathon");
	fake_target_pace(fake_bed, FAKE_STAGING, 100, 900);
	fake_target_pace(fake_bed, FAKE_LATENESS, 1000, 5000);
}

static void take_down(void)
{
	conformance_end(&subject);
	fake_tear_down();
}

#define CASE(name)                                                                                           \
	Test(fake_marathon_conformance, name, .init = set_up, .fini = take_down)                             \
	{                                                                                                    \
		conformance_begin(&subject, #name);                                                          \
		conformance_##name(&subject);                                                                \
	}
CONFORMANCE_CASES(CASE)
