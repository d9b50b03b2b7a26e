/* http_errors.c - how an exchange ended, in our codes, with the remote's and the system's own words. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/http_internal.h"

/* What libcurl itself reports of a failed transfer; its own list of codes when there is nothing better. */
static const char *words_of(const struct exchange *exchange, CURLcode code)
{
	return exchange->words[0] ? exchange->words : exchange->http->curl.easy_strerror(code);
}

/* Whether any of the request may have left us. */
static bool exchange_sent(const struct exchange *exchange)
{
	const struct curl_functions *curl = &exchange->http->curl;
	long request_bytes = 0;
	curl_off_t began = 0;

	curl->easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	curl->easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &began);
	return request_bytes > 0 || began > 0;
}

static bool is_socket(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 || S_ISSOCK(status.st_mode);
}

/* The file's rights and kind, not a firewall's doing. */
static void fail_socket(const struct exchange *exchange, int number, struct error *err)
{
	const char *path = exchange->peer, *words = strerror(number);

	if (number == EACCES || number == EPERM)
		fail(err, ERR_DENIED, "no right to use the socket %s: %s", path, words);
	else if (number == ENOENT || number == ENOTDIR)
		fail(err, ERR_UNREACHABLE, "there is no socket %s: %s", path, words);
	else if (!is_socket(path))
		fail(err, ERR_UNREACHABLE, "%s is there, but it is not a socket", path);
	else if (number == ECONNREFUSED)
		fail(err, ERR_UNREACHABLE, "nobody listens on the socket %s: %s", path, words);
	else
		fail(err, ERR_UNREACHABLE, "cannot connect to %s: %s", path, words);
}

static void fail_connect(struct exchange *exchange, CURLcode code, struct error *err)
{
	long number = 0;

	exchange->http->curl.easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &number);
	if (number && exchange->unix_socket)
		fail_socket(exchange, (int)number, err);
	else
		fail(err, ERR_UNREACHABLE, "cannot connect to %s%s: %s", exchange->peer,
		     exchange->proxy ? " through the proxy" : "",
		     number ? strerror((int)number) : words_of(exchange, code));
}

static bool says(const char *words, const char *const *signs)
{
	for (; *signs; signs++)
		if (strstr(words, *signs))
			return true;
	return false;
}

/* The other side's certificate: out of date, for another name, or of an unknown signer. */
static void fail_trust(const struct exchange *exchange, const char *words, struct error *err)
{
	static const char *const misnamed[] = {"does not match", "subject name matches", NULL};
	static const char *const early[] = {"not yet valid", NULL}, *const late[] = {"has expired", NULL};

	if (says(words, late)) {
		fail(err, ERR_DENIED, "the certificate of %s has expired: %s", exchange->peer, words);
		remedy(err, "it has to be renewed there; or is the clock of this machine wrong?");
	} else if (says(words, early)) {
		fail(err, ERR_DENIED, "the certificate of %s is not valid yet: %s", exchange->peer, words);
		remedy(err, "is the clock of this machine, or was that of its maker, wrong?");
	} else if (says(words, misnamed)) {
		fail(err, ERR_DENIED, "the certificate of %s was made for another host name: %s",
		     exchange->peer, words);
		remedy(err, "write the name or address that it was made for, or have one made for this one "
			    "(subjectAltName)");
	} else {
		fail(err, ERR_DENIED, "the certificate of %s is not trusted: %s", exchange->peer, words);
		remedy(err, "give the authority that signed it as the CA file; of a controller: --ca FILE");
	}
}

/* The other side's word about our own certificate: in TLS 1.2 within the handshake, in 1.3 after it. */
static bool fail_client(const struct exchange *exchange, const char *words, struct error *err)
{
	static const char *const refusals[] = {"alert bad certificate",         "alert certificate",
					       "alert unsupported certificate", "alert unknown ca",
					       "alert access denied",           "alert decrypt error",
					       "alert no certificate",          NULL};
	static const char *const vague[] = {"alert handshake failure", NULL};

	if (!says(words, refusals) && (exchange->client_certificate || !says(words, vague)))
		return false;
	if (exchange->client_certificate) {
		fail(err, ERR_DENIED, "%s refuses the client certificate: %s", exchange->peer, words);
		remedy(err, "use one that is signed by the authority that it trusts, and not out of date");
	} else {
		fail(err, ERR_DENIED, "%s wants a client certificate, and none was given: %s", exchange->peer,
		     words);
		remedy(err, "give a certificate and its key that are signed by the authority that it trusts");
	}
	return true;
}

static void fail_handshake(const struct exchange *exchange, const char *words, struct error *err)
{
	static const char *const plain[] = {"wrong version number", "unknown protocol", "http request",
					    "packet length too long", NULL};

	if (fail_client(exchange, words, err))
		return;
	if (says(words, plain))
		fail(err, ERR_UNREACHABLE, "no TLS with %s: what listens there does not speak it (%s)",
		     exchange->peer, words);
	else
		fail(err, ERR_UNREACHABLE, "no TLS with %s: %s", exchange->peer, words);
	remedy(err, "does that port speak TLS? if not, use http:// (or tcp://) instead");
}

static void fail_tls(struct exchange *exchange, CURLcode code, struct error *err)
{
	const char *words = words_of(exchange, code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		fail_trust(exchange, words, err);
		break;
	case CURLE_SSL_CERTPROBLEM:
		fail(err, ERR_DENIED, "the client certificate or key for %s cannot be used: %s",
		     exchange->peer, words);
		remedy(err, "check that both files can be read, belong together and need no password");
		break;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CRL_BADFILE:
		fail(err, ERR_DENIED, "the CA file for %s cannot be used: %s", exchange->peer, words);
		break;
	default:
		fail_handshake(exchange, words, err);
	}
}

/* The other side hung up. What it wanted it does not always get to say: under TLS 1.3 a refused client
 * certificate may look so, too. */
static void fail_cut(struct exchange *exchange, CURLcode code, struct error *err)
{
	const char *words = words_of(exchange, code);

	if (exchange->tls && !exchange->answer.status && fail_client(exchange, words, err))
		return;
	fail(err, ERR_UNREACHABLE, "%s ended the connection before its answer was whole: %s", exchange->peer,
	     words);
	if (exchange->answer.status)
		return;
	if (exchange->tls)
		remedy(err, "it may want %s client certificate",
		       exchange->client_certificate ? "another" : "a");
	else if (!exchange->tls && !exchange->unix_socket)
		remedy(err, "it may speak TLS on that port (https)");
}

static void fail_resolve(const struct exchange *exchange, CURLcode code, struct error *err)
{
	fail(err, exchange->unix_socket ? ERR_INVALID : ERR_UNREACHABLE, "cannot connect to %s: %s",
	     exchange->peer, words_of(exchange, code));
	if (!exchange->unix_socket)
		remedy(err, "check the spelling of the host name, and the name service of this machine");
}

static void fail_slow(const struct exchange *exchange, CURLcode code, struct error *err)
{
	bool sent = exchange_sent(exchange);

	fail(err, ERR_TIMED_OUT, sent ? "no answer from %s in time: %s" : "cannot connect to %s in time: %s",
	     exchange->peer, words_of(exchange, code));
	if (!sent)
		remedy(err, "is that machine up, and does a firewall let us through?");
}

static void fail_garbled(const struct exchange *exchange, CURLcode code, struct error *err)
{
	if (code == CURLE_UNSUPPORTED_PROTOCOL && !exchange_sent(exchange))
		fail(err, ERR_INVALID, "the address %s cannot be used: %s", exchange->peer,
		     words_of(exchange, code));
	else
		fail(err, ERR_FAILED, "%s does not answer as HTTP should: %s", exchange->peer,
		     words_of(exchange, code));
}

void exchange_explain(struct exchange *exchange, CURLcode code, struct error *err)
{
	/* Why the machine that it goes through does not lead there says more. */
	if (exchange->bridge_error.code) {
		*err = exchange->bridge_error;
		return;
	}
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		fail_connect(exchange, code, err);
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
		fail_resolve(exchange, code, err);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		fail(err, ERR_UNREACHABLE, "cannot connect to %s: nobody knows its proxy by that name",
		     exchange->peer);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		fail_slow(exchange, code, err);
		break;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		fail_tls(exchange, code, err);
		break;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		fail_cut(exchange, code, err);
		break;
	case CURLE_OUT_OF_MEMORY:
		fail_memory(err);
		break;
	case CURLE_URL_MALFORMAT:
		fail(err, ERR_INVALID, "the address %s cannot be understood: %s", exchange->peer,
		     words_of(exchange, code));
		break;
	default:
		fail_garbled(exchange, code, err);
	}
}

void exchange_conclude(struct exchange *exchange, CURLcode code)
{
	struct http_answer *answer = &exchange->answer;
	const struct text *body = exchange->sink.chunk ? &exchange->chunk : &answer->body;
	long status = 0;

	exchange->http->curl.easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	answer->sent = code == CURLE_OK || status || exchange_sent(exchange);
	if (code == CURLE_OK)
		return;
	if (body->failed || answer->headers.failed)
		fail_memory(&answer->error);
	else if (exchange->refusal)
		fail(&answer->error, ERR_FAILED, "%s: %s", exchange->peer, exchange->refusal);
	else
		exchange_explain(exchange, code, &answer->error);
}
