/* http_errors.c - how an exchange ended, in our codes, with the remote's and the system's own words. */
#include <errno.h>
#include <string.h>

#include "base/http_internal.h"

/* What libcurl itself reports of a failed transfer; its own list of codes when there is nothing better. */
static const char *words_of(const struct exchange *exchange, CURLcode code)
{
	return exchange->words[0] ? exchange->words : exchange->http->curl.easy_strerror(code);
}

bool exchange_sent(const struct exchange *exchange)
{
	const struct curl_functions *curl = &exchange->http->curl;
	long request_bytes = 0;
	curl_off_t began = 0;

	curl->easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	curl->easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &began);
	return request_bytes > 0 || began > 0;
}

static void fail_connect(struct exchange *exchange, CURLcode code, struct error *err)
{
	long number = 0;

	exchange->http->curl.easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &number);
	/* On a unix socket: the file's rights, not a firewall's. */
	if (exchange->unix_socket && (number == EACCES || number == EPERM)) {
		fail(err, ERR_DENIED, "no right to use the socket %s: %s", exchange->peer,
		     strerror((int)number));
	} else if (exchange->unix_socket && number == ENOENT) {
		fail(err, ERR_UNREACHABLE, "there is no socket %s: %s", exchange->peer,
		     strerror((int)number));
	} else if (number) {
		fail(err, ERR_UNREACHABLE, "cannot connect to %s: %s", exchange->peer, strerror((int)number));
	} else {
		fail(err, ERR_UNREACHABLE, "cannot connect to %s: %s", exchange->peer,
		     words_of(exchange, code));
	}
}

static void fail_tls(struct exchange *exchange, CURLcode code, struct error *err)
{
	const char *words = words_of(exchange, code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		fail(err, ERR_DENIED, "the certificate of %s is not trusted: %s", exchange->peer, words);
		remedy(
		    err,
		    "give the authority that signed it as the location's CA file, and the host name it was "
		    "made for");
		break;
	case CURLE_SSL_CERTPROBLEM:
		fail(err, ERR_DENIED, "the client certificate or key for %s cannot be used: %s",
		     exchange->peer, words);
		remedy(err, "check that both files can be read and belong together");
		break;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CRL_BADFILE:
		fail(err, ERR_DENIED, "the CA file for %s cannot be used: %s", exchange->peer, words);
		break;
	default:
		fail(err, ERR_UNREACHABLE, "no TLS with %s: %s", exchange->peer, words);
		remedy(err, "does that port speak TLS? if not, use http:// (or tcp://) instead");
	}
}

/* The other side hung up. What it wanted it rarely says: under TLS 1.3 a missing client certificate looks so,
 * too. */
static void fail_cut(struct exchange *exchange, CURLcode code, struct error *err)
{
	fail(err, ERR_UNREACHABLE, "%s ended the connection before its answer was whole: %s", exchange->peer,
	     words_of(exchange, code));
	if (exchange->answer.status)
		return;
	if (exchange->tls && !exchange->client_certificate)
		remedy(err, "it may want a client certificate");
	else if (!exchange->tls && !exchange->unix_socket)
		remedy(err, "it may speak TLS on that port (https)");
}

void exchange_explain(struct exchange *exchange, CURLcode code, struct error *err)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		fail_connect(exchange, code, err);
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		fail(err, ERR_UNREACHABLE, "cannot connect to %s: %s", exchange->peer,
		     words_of(exchange, code));
		break;
	case CURLE_OPERATION_TIMEDOUT:
		fail(err, ERR_TIMED_OUT, "no answer from %s in time: %s", exchange->peer,
		     words_of(exchange, code));
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
	case CURLE_UNSUPPORTED_PROTOCOL:
		if (!exchange_sent(exchange)) {
			fail(err, ERR_INVALID, "the address %s cannot be used: %s", exchange->peer,
			     words_of(exchange, code));
			break;
		}
		/* fall through */
	default:
		fail(err, ERR_FAILED, "%s does not answer as HTTP should: %s", exchange->peer,
		     words_of(exchange, code));
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
