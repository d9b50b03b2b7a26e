/* tls_pair.c - whether a certificate and a private key are a pair that a server can answer with, through
 * OpenSSL, as nginx and haproxy read them. */
#include "base/tls_pair.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* What OpenSSL asks for where nothing else was said (its security level 2), which is RSA of 2,048 bits. */
enum { STRENGTH_LEAST = 112 };

static bool nothing_more(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/* As OpenSSL looks at each certificate that a server is to show: what signed itself is not asked how. */
static int judge_strength(X509 *certificate, struct error *err)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int signature = 0;
	if (!key)
		return fail(err, ERR_INVALID, "its public key cannot be read");
	if (EVP_PKEY_get_security_bits(key) < STRENGTH_LEAST) {
		fail(err, ERR_INVALID, "a key of %d bits is too weak: OpenSSL refuses it",
		     EVP_PKEY_get_bits(key));
		remedy(err,
		       "make one of RSA with 2048 bits, or of a curve such as P-256, and its certificate");
		return -1;
	}
	if (!X509_get_signature_info(certificate, NULL, NULL, &signature, NULL) ||
	    X509_self_signed(certificate, 0) || signature >= STRENGTH_LEAST)
		return 0;
	fail(err, ERR_INVALID, "a signature in it is too weak: OpenSSL refuses it");
	remedy(err, "have it signed with SHA-256");
	return -1;
}

static X509 *read_certificates(BIO *from, struct error *err)
{
	X509 *first = PEM_read_bio_X509_AUX(from, NULL, NULL, NULL), *next;
	if (!first) {
		fail(err, ERR_INVALID,
		     nothing_more() ? "it holds no certificate" : "the certificate in it cannot be read");
		remedy(err, "give it as PEM, which begins with -----BEGIN CERTIFICATE-----");
		return NULL;
	}
	int weak = judge_strength(first, err);
	while (!weak && (next = PEM_read_bio_X509(from, NULL, NULL, NULL))) {
		weak = judge_strength(next, err);
		X509_free(next);
	}
	if (!weak && nothing_more())
		return first;
	X509_free(first);
	if (weak)
		return NULL;
	fail(err, ERR_INVALID, "the chain behind the certificate cannot be read");
	remedy(err, "give each of its certificates as PEM, whole");
	return NULL;
}

/* Nobody is there who could be asked. */
static int without_passphrase(char *to, int size, int writing, void *ret_encrypted)
{
	(void)to;
	(void)size;
	(void)writing;
	*(bool *)ret_encrypted = true;
	return -1;
}

static EVP_PKEY *read_key(BIO *from, struct error *err)
{
	bool encrypted = false;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(from, NULL, without_passphrase, &encrypted);
	if (key)
		return key;
	fail(err, ERR_INVALID,
	     encrypted ? "the private key is encrypted, and nobody can tell its passphrase to a server"
		       : "it holds no private key that could be read");
	remedy(err, "give it as PEM without a passphrase: openssl pkey -in KEY -out NEW");
	return NULL;
}

static int refuse_stranger(struct error *err)
{
	fail(err, ERR_INVALID, "the private key is not the one of the certificate");
	remedy(err,
	       "give the key that the certificate was made with; in the certificate's file the server's own "
	       "comes first, its chain behind it");
	return -1;
}

int tls_pair_check(const char *certificate, size_t certificate_size, const char *key, size_t key_size,
		   bool *ret_key, struct error *err)
{
	BIO *from[] = {certificate_size < INT_MAX ? BIO_new_mem_buf(certificate, (int)certificate_size)
						  : NULL,
		       key_size < INT_MAX ? BIO_new_mem_buf(key, (int)key_size) : NULL};
	X509 *first = NULL;
	EVP_PKEY *pair = NULL;
	int failed = -1;
	*ret_key = false;
	ERR_clear_error();
	if (!from[0] || !from[1]) {
		fail_memory(err);
	} else if ((first = read_certificates(from[0], err))) {
		ERR_clear_error();
		*ret_key = true;
		pair = read_key(from[1], err);
		failed = !pair || (!X509_check_private_key(first, pair) && refuse_stranger(err)) ? -1 : 0;
	}
	ERR_clear_error();
	EVP_PKEY_free(pair);
	X509_free(first);
	BIO_free(from[0]);
	BIO_free(from[1]);
	return failed;
}
