/* certificates.h - certificates and keys for tests, made anew each time. */
#ifndef BERTH_TESTS_SUPPORT_CERTIFICATES_H
#define BERTH_TESTS_SUPPORT_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Self-signed with that key, for 127.0.0.1, valid from and to so many seconds from now. */
X509 *certificate_new(EVP_PKEY *key, long from, long to);
/* As PEM, for the caller to free; a password (NULL: none) encrypts it. */
char *certificate_pem(X509 *certificate);
char *key_pem(EVP_PKEY *key, const char *password);

#endif
