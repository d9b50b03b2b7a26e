/* test_tls_pair.c - which certificates and keys a server can answer with. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/tls_pair.h"
#include "tests/support/certificates.h"

struct pair {
	EVP_PKEY *key;
	X509 *certificate;
	char *public, *private;
};

static struct pair make_pair(EVP_PKEY *key)
{
	X509 *certificate = certificate_new(key, -3600, 3600);
	return (struct pair){key, certificate, certificate_pem(certificate), key_pem(key, NULL)};
}

static void release_pair(struct pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->certificate);
	free(pair->public);
	free(pair->private);
}

#define owned_pair owned_by(release_pair) struct pair

static int check(const char *certificate, const char *key, bool *ret_key, struct error *err)
{
	*err = (struct error){0};
	return tls_pair_check(certificate, strlen(certificate), key, strlen(key), ret_key, err);
}

static void refused(const char *certificate, const char *key, bool of_key, const char *words)
{
	struct error err;
	bool found;
	cr_expect_eq(check(certificate, key, &found, &err), -1, "%s", words);
	cr_expect_eq(found, of_key, "%s", words);
	cr_expect(strstr(err.text, words), "%s", err.text);
	cr_expect(err.remedy[0], "%s", words);
}

Test(tls_pair, one_that_belongs_together_is_good_also_with_its_chain)
{
	owned_pair own = make_pair(EVP_EC_gen("P-256")), above = make_pair(EVP_RSA_gen(2048));
	owned_text chain = {0};
	struct error err;
	bool of_key;
	text_format(&chain, "%s%s", own.public, above.public);
	cr_expect_eq(check(own.public, own.private, &of_key, &err), 0, "%s", err.text);
	cr_expect_eq(check(above.public, above.private, &of_key, &err), 0, "%s", err.text);
	cr_expect_eq(check(chain.data, own.private, &of_key, &err), 0, "%s", err.text);
	refused(chain.data, above.private, true, "not the one of the certificate");
}

Test(tls_pair, what_no_server_could_read_is_told_apart)
{
	owned_pair own = make_pair(EVP_EC_gen("P-256"));
	owned_memory char *locked = key_pem(own.key, "secret");
	owned_text cut = {0}, broken = {0};
	refused("not a certificate", own.private, false, "holds no certificate");
	refused("", own.private, false, "holds no certificate");
	refused(own.public, "nothing", true, "holds no private key");
	refused(own.public, own.public, true, "holds no private key");
	refused(own.public, locked, true, "is encrypted");
	text_add_bytes(&cut, own.public, strlen(own.public) / 2);
	refused(cut.data, own.private, false, "the certificate in it cannot be read");
	text_format(&broken, "%s%s", own.public, cut.data);
	refused(broken.data, own.private, false, "the chain behind the certificate");
}

Test(tls_pair, a_key_that_openssl_finds_too_weak_is_told_before_a_proxy_does)
{
	owned_pair weak = make_pair(EVP_RSA_gen(1024));
	refused(weak.public, weak.private, false, "1024 bits is too weak");
}
