/* tidy.h - what clang-tidy is told beyond the sources: those that fill an error always return -1. */
#ifndef BERTH_TESTS_SUPPORT_TIDY_H
#define BERTH_TESTS_SUPPORT_TIDY_H

#include "base/error.h"

#define fail(...)        (fail(__VA_ARGS__), -1)
#define fail_memory(err) (fail_memory(err), -1)

#endif
