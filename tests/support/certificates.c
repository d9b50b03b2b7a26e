/* certificates.c - certificates and keys for tests, made anew each time. */
#include "certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

X509 *certificate_new(EVP_PKEY *key, long from, long to)
{
	X509 *certificate = X509_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), from);
	X509_gmtime_adj(X509_getm_notAfter(certificate), to);
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	if (!X509_sign(certificate, key, EVP_sha256()))
		abort();
	return certificate;
}

static char *text_of(BIO *from)
{
	char *bytes = NULL;
	long size = BIO_get_mem_data(from, &bytes);
	char *text = strndup(bytes, (size_t)size);

	if (!text)
		abort();
	BIO_free(from);
	return text;
}

char *certificate_pem(X509 *certificate)
{
	BIO *to = BIO_new(BIO_s_mem());

	if (!PEM_write_bio_X509(to, certificate))
		abort();
	return text_of(to);
}

char *key_pem(EVP_PKEY *key, const char *password)
{
	BIO *to = BIO_new(BIO_s_mem());

	if (!PEM_write_bio_PrivateKey(to, key, password ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
				      (void *)password))
		abort();
	return text_of(to);
}
