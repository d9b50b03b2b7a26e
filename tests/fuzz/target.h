/* target.h - what a target of libFuzzer is: it takes any bytes, and neither crashes, hangs nor leaks. */
#ifndef BERTH_TESTS_FUZZ_TARGET_H
#define BERTH_TESTS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What must hold whatever the input says; a failure is shown as a crash. */
#define HOLDS(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_broken(const char *file, int line, const char *condition);

/* From now on the process ends, as by a crash, when it computes for longer: however busy the machine is. */
void fuzz_patience(int seconds);

#endif
