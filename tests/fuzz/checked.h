/* checked.h - one blueprint checked as `berth validate` does, and what must hold of that whatever it says. */
#ifndef BERTH_TESTS_FUZZ_CHECKED_H
#define BERTH_TESTS_FUZZ_CHECKED_H

#include "tests/fuzz/target.h"

/* Whether it was accepted. Every complaint is one line and has a place in it; all of it can be told as JSON.
 */
bool blueprint_check(const char *text, size_t size);

#endif
