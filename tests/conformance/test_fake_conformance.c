/* test_fake_conformance.c - the conformance suite over the fake driver. */
#include <criterion/criterion.h>

#include "tests/conformance/conformance.h"
#include "tests/conformance/fake_subject.h"

#define CASE(name)                                                                                           \
	Test(fake_conformance, name, .init = fake_set_up, .fini = fake_take_down)                            \
	{                                                                                                    \
		conformance_begin(&fake_subject, #name);                                                     \
		conformance_##name(&fake_subject);                                                           \
	}
CONFORMANCE_CASES(CASE)
