/* test_known_hosts.c - what known_hosts files say, line by line. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/known_hosts.h"

/* Keys that are none, but look so: by type and one byte. */
static void add_key(struct text *to, const char *type, char which)
{
	const char length[4] = {0, 0, 0, (char)strlen(type)};

	text_add_bytes(to, length, 4);
	text_add(to, type);
	text_add_bytes(to, "\0\0\0\1", 4);
	text_add_char(to, which);
}

/* "A" and the like in a file's text become such a key: ed25519 in capital letters, ecdsa in small ones. */
static void write_file(struct text *to, const char *pattern)
{
	for (; *pattern; pattern++) {
		owned_text key = {0};
		if (*pattern != '$') {
			text_add_char(to, *pattern);
			continue;
		}
		char which = *++pattern;
		const char *type = which >= 'a' ? "ecdsa-sha2-nistp256" : "ssh-ed25519";
		add_key(&key, type, which);
		text_format(to, "%s ", type);
		base64_add(to, key.data, key.length);
	}
}

static struct host_key_finding look(const char *pattern, const char *name, uint16_t port, char which)
{
	struct host_key_finding finding = {0};
	owned_text key = {0}, file = {0};

	write_file(&file, pattern);
	if (which)
		add_key(&key, which >= 'a' ? "ecdsa-sha2-nistp256" : "ssh-ed25519", which);
	const struct host_key_question question = {name, port, which ? key.data : NULL, key.length};
	known_hosts_look(&question, 0, text_view(&file), file.length, &finding);
	return finding;
}

#define SAYS(verdict_, pattern, name, port, which)                                                           \
	cr_expect_eq(look(pattern, name, port, which).verdict, verdict_, "%s", pattern)

Test(known_hosts, know_a_key_by_name_and_port)
{
	SAYS(HOST_KEY_KNOWN, "h $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "h $A", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "h\t$A comment here\n", "H", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "  H $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "a,h,b $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "[h]:2222 $A\n", "h", 2222, 'A');
	SAYS(HOST_KEY_KNOWN, "[::1]:2222 $A\n", "::1", 2222, 'A');
	SAYS(HOST_KEY_UNKNOWN, "h $A\n", "h", 2222, 'A');
	SAYS(HOST_KEY_UNKNOWN, "[h]:2222 $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, "h $A\n", "hh", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, "", "h", 22, 'A');
}

Test(known_hosts, tell_a_changed_key_from_one_of_another_type)
{
	SAYS(HOST_KEY_CHANGED, "h $B\n", "h", 22, 'A');
	SAYS(HOST_KEY_OTHER, "h $b\n", "h", 22, 'A');
	SAYS(HOST_KEY_CHANGED, "h $b\nh $B\n", "h", 22, 'A');
	/* Several of one type may be right. */
	SAYS(HOST_KEY_KNOWN, "h $B\nh $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "h $A\nh $B\n", "h", 22, 'A');
}

Test(known_hosts, have_wildcards_and_exceptions)
{
	SAYS(HOST_KEY_KNOWN, "*.example $A\n", "web.example", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "w?b.* $A\n", "web.example", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, "*.example,!web.example $A\n", "web.example", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, "!web.example,*.example $A\n", "web.example", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "!web.example,*.example $A\n", "db.example", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, "!web.example $A\n", "db.example", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "[*]:22?? $A\n", "h", 2222, 'A');
	SAYS(HOST_KEY_KNOWN, "* $A\n", "h", 22, 'A');
}

Test(known_hosts, have_hashed_names)
{
	/* "h" by the salt of twenty zeros, as ssh-keygen -H would. */
	static const char hashed[] = "|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|pKGEfL80ElPzOH4Xe99PTve5QiY=";
	char line[200];

	snprintf(line, sizeof(line), "%s $A\n", hashed);
	SAYS(HOST_KEY_KNOWN, line, "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, line, "H", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, line, "g", 22, 'A');
	/* Damaged ones match nobody, and hurt nobody. */
	for (size_t length = 0; length < sizeof(hashed) - 2; length++) {
		snprintf(line, sizeof(line), "%.*s $B\nh $A\n", (int)length, hashed);
		SAYS(HOST_KEY_KNOWN, line, "h", 22, 'A');
	}
	SAYS(HOST_KEY_UNKNOWN, "|1|AAAA|AAAA $A\n", "h", 22, 'A');
}

Test(known_hosts, revoke_a_key_whatever_else_they_say)
{
	SAYS(HOST_KEY_REVOKED, "h $A\n@revoked * $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_REVOKED, "@revoked * $A\nh $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "@revoked * $B\nh $A\n", "h", 22, 'A');
	SAYS(HOST_KEY_UNKNOWN, "@revoked * $B\n", "h", 22, 'A');
	SAYS(HOST_KEY_KNOWN, "@revoked other $A\nh $A\n", "h", 22, 'A');
}

Test(known_hosts, name_authorities_that_cannot_be_asked)
{
	struct host_key_finding finding = look("# x\n@cert-authority *.example $A\n", "web.example", 22, 'A');

	cr_expect_eq(finding.verdict, HOST_KEY_UNKNOWN);
	cr_expect(finding.authority);
	cr_expect_eq(finding.line, 2);
	cr_expect_eq(look("@cert-authority * $A\nh $A\n", "h", 22, 'A').verdict, HOST_KEY_KNOWN);
	cr_expect_not(look("@cert-authority other $A\n", "h", 22, 'A').authority);
	cr_expect_eq(look("@another-marker h $A\n", "h", 22, 'A').verdict, HOST_KEY_UNKNOWN);
}

Test(known_hosts, lose_to_a_bad_line_nothing_but_itself)
{
	owned_text file = {0};

	text_add(&file,
		 "h ssh-ed25519 !!!notbase64\nh\nh ssh-ed25519\n\nh 1024 35 1234567\n#\n,,, $B\nh ssh-rsa ");
	for (int i = 0; i < 20000; i++)
		text_add_char(&file, 'A');
	text_add(&file, "\n");
	for (int i = 0; i < 20000; i++)
		text_add(&file, "*,");
	text_add(&file, "\r\nh $A\r\n");
	SAYS(HOST_KEY_KNOWN, text_view(&file), "h", 22, 'A');
	/* One whose type is not its key's. */
	struct host_key_finding finding = look("h $B\nh $A\n", "h", 22, 'A');
	cr_expect_eq(finding.line, 2);
	cr_expect_str_eq(finding.type, "ssh-ed25519");
}

Test(known_hosts, tell_which_types_are_known)
{
	struct host_key_finding finding = look("h $a\nh $A\nh $B\n@revoked h $C\nother $b\n", "h", 22, '\0');

	cr_assert_eq(finding.type_count, 2);
	cr_expect_str_eq(finding.types[0], "ecdsa-sha2-nistp256");
	cr_expect_str_eq(finding.types[1], "ssh-ed25519");
	cr_expect_eq(finding.verdict, HOST_KEY_UNKNOWN);
}

Test(known_hosts, give_a_fingerprint_as_others_do)
{
	owned_text shown = {0};

	host_key_fingerprint("", 0, &shown);
	cr_expect_str_eq(text_view(&shown), "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}
