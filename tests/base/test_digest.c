/* test_digest.c - SHA-256 against its published examples. */
#include <criterion/criterion.h>

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
