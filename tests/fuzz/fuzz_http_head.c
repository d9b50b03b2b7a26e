/* fuzz_http_head.c - the head of an HTTP answer and its body, whole and byte by byte: both read the same. */
#include "tests/fuzz/target.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/http_head.h"

/* As it comes from a slow other end: what can become a head stays one. */
static void read_slowly(const char *bytes, size_t size, enum reading whole, const struct http_head *head)
{
	struct http_head one;
	enum reading reading = READ_PART;
	size_t most = size < 4096 ? size : 4096, have = 0;

	for (; have <= most && reading == READ_PART; have++)
		reading = http_head_read(bytes, have, &one);
	if (reading == READ_WHOLE)
		HOLDS(whole == READ_WHOLE && !memcmp(&one.size, &head->size, sizeof one.size));
	if (reading == READ_GARBAGE)
		HOLDS(whole == READ_GARBAGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	const char *bytes = size ? (const char *)input : "";
	struct http_head head = {0};
	enum reading reading = http_head_read(bytes, size, &head);

	read_slowly(bytes, size, reading, &head);
	if (reading != READ_WHOLE)
		return 0;
	HOLDS(head.size <= size && head.fields <= head.size && head.status >= 100);
	for (int closed = 0; closed < 2; closed++) {
		owned_text body = {0};
		if (http_body_read(&head, bytes + head.size, size - head.size, closed, &body) == READ_WHOLE)
			HOLDS(!body.failed && body.length <= size - head.size);
	}
	return 0;
}
