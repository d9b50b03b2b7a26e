/* test_digest.c - SHA-256 against its published examples. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"

Test(digest, gives_the_published_values)
{
	char hex[DIGEST_HEX];

	cr_assert_eq(digest_hex("abc", 3, hex), 0);
	cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	cr_assert_eq(digest_hex(NULL, 0, hex), 0);
	cr_expect_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(digest, sees_every_byte)
{
	char a[DIGEST_HEX], b[DIGEST_HEX];

	digest_hex("a\0b", 3, a);
	digest_hex("a\0c", 3, b);
	cr_expect_str_neq(a, b);
}

static void expect_hmac(const void *key, size_t key_size, const char *words, const char *wanted)
{
	unsigned char digest[HMAC_SIZE];
	char hex[2 * HMAC_SIZE + 1];
	cr_assert_eq(hmac_sha256(key, key_size, words, strlen(words), digest), 0);
	for (size_t i = 0; i < HMAC_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	cr_expect_str_eq(hex, wanted);
}

/* Of RFC 4231. */
Test(digest, what_was_signed_with_a_key_is_what_others_compute)
{
	unsigned char key[20], longer[131];
	memset(key, 0x0b, sizeof key);
	memset(longer, 0xaa, sizeof longer);
	expect_hmac(key, sizeof key, "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	expect_hmac("Jefe", 4, "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	expect_hmac(longer, sizeof longer, "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
