/* fuzz_known_hosts.c - a known_hosts file of anybody's making: its lines speak for themselves alone. */
#include "tests/fuzz/target.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/known_hosts.h"

static const unsigned char key[] = {0,   0,   0,   11, 's', 's', 'h', '-', 'e', 'd', '2', '5',
				    '5', '1', '9', 0,  0,   0,   4,   'A', 'B', 'C', 'D'};

static struct host_key_finding look(const char *text, size_t size, uint16_t port)
{
	struct host_key_finding finding = {0};
	const struct host_key_question question = {
	    .name = "web.example", .port = port, .key = key, .key_size = sizeof(key)};

	known_hosts_look(&question, 0, text, size, &finding);
	HOLDS(finding.type_count <= HOST_KEY_TYPES);
	HOLDS(finding.verdict == HOST_KEY_UNKNOWN || finding.line > 0);
	return finding;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const char last[] = "\n@revoked * ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAABEFCQ0Q=\n";
	const char *text = size ? (const char *)input : "";
	owned_text longer = {0};
	struct host_key_finding one = look(text, size, 22);

	look(text, size, 2222);
	/* Read line by line it says the same, */
	struct host_key_finding lines = {0};
	const struct host_key_question question = {
	    .name = "web.example", .port = 22, .key = key, .key_size = sizeof(key)};
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - text) - at + 1 : size - at;
		known_hosts_look(&question, 0, text + at, length, &lines);
		at += length;
	}
	HOLDS(lines.verdict == one.verdict && lines.authority == one.authority);
	/* and whatever it says, a line after it is read. */
	text_add_bytes(&longer, text, size);
	text_add(&longer, last);
	if (!longer.failed)
		HOLDS(look(longer.data, longer.length, 22).verdict == HOST_KEY_REVOKED);
	return 0;
}
