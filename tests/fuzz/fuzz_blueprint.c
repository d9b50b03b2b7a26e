/* fuzz_blueprint.c - a blueprint's text. */
#include "tests/fuzz/checked.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	blueprint_check(size ? (const char *)bytes : "", size);
	return 0;
}
