/* test_base64.c - bytes as letters and back. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"

static void encodes(const char *bytes, size_t size, const char *wanted)
{
	owned_text text = {0};

	base64url_add(&text, bytes, size);
	cr_expect_str_eq(text_view(&text), wanted);
}

Test(base64, is_written_for_urls_and_padded)
{
	encodes("", 0, "");
	encodes("f", 1, "Zg==");
	encodes("fo", 2, "Zm8=");
	encodes("foo", 3, "Zm9v");
	encodes("foob", 4, "Zm9vYg==");
	encodes("\xfb\xff\xfe", 3, "-__-");
	encodes("\0\0", 2, "AAA=");
}

static void decodes(const char *letters, const char *wanted, size_t size)
{
	owned_text text = {0};

	cr_expect(base64_decode(letters, &text), "%s is refused", letters);
	cr_expect(text.length == size && !memcmp(text_view(&text), wanted, size), "%s", letters);
}

Test(base64, is_read_in_the_plain_alphabet)
{
	decodes("", "", 0);
	decodes("Zg==", "f", 1);
	decodes("Zm8=", "fo", 2);
	decodes("Zm9v", "foo", 3);
	decodes("+//+", "\xfb\xff\xfe", 3);
	decodes("Zm9v\r\nYg==\n", "foob", 4);
	decodes("AAA=", "\0\0", 2);
}

Test(base64, anything_else_is_refused)
{
	static const char *const wrong[] = {
	    "Zg",   "Zg=",  "Z===", "=",     "====",      "Zg==Zg==", "Zg==x",
	    "-__-", "Zm 9", "Zm9é", "Zm8=v", "Zg==\n\n=", "Zm9v=",    "Zm9vY"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		owned_text text = {0};
		cr_expect_not(base64_decode(wrong[i], &text), "%s is taken", wrong[i]);
	}
}

Test(base64, what_was_written_is_read_again)
{
	unsigned char bytes[256];

	for (size_t size = 0; size < sizeof(bytes); size++) {
		owned_text letters = {0}, again = {0};
		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)(i * 37 + size);
		base64url_add(&letters, bytes, size);
		for (char *c = letters.data; c && *c; c++)
			*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
		cr_assert(base64_decode(text_view(&letters), &again));
		cr_assert(again.length == size && !memcmp(text_view(&again), bytes, size));
	}
}
