/* test_http_tls.c - HTTP over TLS: whom we trust, who we are, and what refusals say. */
#include "channel_client.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/certificates.h"

struct tls_server {
	int listener;
	uint16_t port;
	SSL_CTX *context;
	pthread_t thread;
};

static void write_file(const char *path, char *text)
{
	FILE *file = fopen(path, "we");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
	free(text);
}

/* NAME.pem and NAME-key.pem in the folder, with a password the key encrypted. */
static void make_certificate(const struct folder *folder, const char *called, long from, long to,
			     const char *password)
{
	char path[64];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_new(key, from, to);

	snprintf(path, sizeof(path), "%s.pem", called);
	write_file(in_folder(folder, path), certificate_pem(certificate));
	snprintf(path, sizeof(path), "%s-key.pem", called);
	write_file(in_folder(folder, path), key_pem(key, password));
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* Whoever asks for the connection gets back what it says, and "over" at its end. */
static void send_back(SSL *ssl)
{
	static const char head[] = "HTTP/1.1 101 UPGRADED\r\n\r\n";
	char bytes[16384];
	int count;

	SSL_write(ssl, head, sizeof(head) - 1);
	while ((count = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
		SSL_write(ssl, bytes, count);
	/* Said in TLS, not by a connection that just ended. */
	if (SSL_get_error(ssl, count) == SSL_ERROR_ZERO_RETURN)
		SSL_write(ssl, "over", 4);
	SSL_shutdown(ssl);
}

static void serve(SSL *ssl)
{
	char bytes[4096] = "";

	if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof(bytes) - 1) > 0) {
		if (strstr(bytes, "Upgrade: tcp")) {
			send_back(ssl);
			return;
		}
		static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure";
		SSL_write(ssl, answer, sizeof(answer) - 1);
		SSL_shutdown(ssl);
	}
}

static void *tls_main(void *argument)
{
	struct tls_server *server = argument;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	for (;;) {
		int fd = accept(server->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		SSL *ssl = SSL_new(server->context);
		SSL_set_fd(ssl, fd);
		serve(ssl);
		SSL_free(ssl);
		close(fd);
	}
}

static void tls_start(struct tls_server *server, const struct folder *folder, bool wants_client)
{
	if (access(in_folder(folder, "cert.pem"), F_OK) < 0)
		make_certificate(folder, "cert", -3600, 3600, NULL);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	server->context = SSL_CTX_new(TLS_server_method());
	cr_assert_eq(
	    SSL_CTX_use_certificate_file(server->context, in_folder(folder, "cert.pem"), SSL_FILETYPE_PEM),
	    1);
	cr_assert_eq(
	    SSL_CTX_use_PrivateKey_file(server->context, in_folder(folder, "cert-key.pem"), SSL_FILETYPE_PEM),
	    1);
	if (wants_client) {
		SSL_CTX_set_verify(server->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_load_verify_file(server->context, in_folder(folder, "cert.pem"));
	}
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
	cr_assert_eq(listen(server->listener, 10), 0);
	server->port = ntohs(address.sin_port);
	pthread_create(&server->thread, NULL, tls_main, server);
}

static void tls_stop(struct tls_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	SSL_CTX_free(server->context);
}

/* One GET of https://HOST/ by a world of its own, against a server of its own. */
static void get_securely(const char *host, bool wants_client, const struct folder *folder,
			 struct http_tls tls, struct outcome *outcome)
{
	struct tls_server server;
	tls_start(&server, folder, wants_client);
	{
		owned_world world = fixture_world();
		struct http_request request = {.method = "GET", .timeout_ms = SOON_MS, .tls = &tls};
		char url[64];

		snprintf(url, sizeof(url), "https://%s:%u/", host, (unsigned int)server.port);
		request.url = url;
		send_request(world, &request, outcome);
		cr_assert(wait_for(world, &outcome->over, 2 * SOON_MS));
	}
	tls_stop(&server);
}

Test(http_tls, who_is_trusted_is_answered)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	get_securely("127.0.0.1", false, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem")}, &outcome);
	cr_expect_eq(outcome.error.code, OK, "%s", outcome.error.text);
	cr_expect_str_eq(text_view(&outcome.body), "secure");
}

Test(http_tls, who_is_not_is_told_nothing)
{
	owned_folder folder = fixture_folder();
	owned_outcome unknown = {0}, unverified = {0}, misnamed = {0};

	get_securely("127.0.0.1", false, &folder, (struct http_tls){0}, &unknown);
	cr_expect_eq(unknown.error.code, ERR_DENIED, "%s", unknown.error.text);
	cr_expect(strstr(unknown.error.text, "not trusted"), "%s", unknown.error.text);
	cr_expect(strstr(unknown.error.remedy, "CA file"), "%s", unknown.error.remedy);
	cr_expect_not(unknown.sent);
	get_securely("localhost", false, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem")}, &misnamed);
	cr_expect_eq(misnamed.error.code, ERR_DENIED, "%s", misnamed.error.text);
	cr_expect(strstr(misnamed.error.text, "another host name"), "%s", misnamed.error.text);
	cr_expect(strstr(misnamed.error.remedy, "made for"), "%s", misnamed.error.remedy);
	get_securely("127.0.0.1", false, &folder, (struct http_tls){.no_verify = true}, &unverified);
	cr_expect_eq(unverified.error.code, OK, "%s", unverified.error.text);
}

Test(http_tls, a_client_certificate_is_shown)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	get_securely("127.0.0.1", true, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem"),
				       .cert_file = in_folder(&folder, "cert.pem"),
				       .key_file = in_folder(&folder, "cert-key.pem")},
		     &outcome);
	cr_expect_eq(outcome.error.code, OK, "%s", outcome.error.text);
}

/* The server of these tests says so after the handshake, when the connection may be gone already. */
Test(http_tls, a_missing_client_certificate_is_told_or_guessed_at)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	get_securely("127.0.0.1", true, &folder, (struct http_tls){.ca_file = in_folder(&folder, "cert.pem")},
		     &outcome);
	cr_expect(outcome.error.code == ERR_UNREACHABLE || outcome.error.code == ERR_DENIED, "%s",
		  outcome.error.text);
	cr_expect(strstr(outcome.error.code == ERR_DENIED ? outcome.error.text : outcome.error.remedy,
			 "client certificate"),
		  "%s: %s", outcome.error.text, outcome.error.remedy);
}

Test(http_tls, before_1_3_a_missing_client_certificate_is_told)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	get_securely("127.0.0.1", true, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem"), .not_newer_than_1_2 = true},
		     &outcome);
	cr_expect_eq(outcome.error.code, ERR_DENIED, "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.text, "wants a client certificate, and none was given"), "%s",
		  outcome.error.text);
	cr_expect_not(outcome.sent);
}

Test(http_tls, before_1_3_a_client_certificate_of_somebody_unknown_is_refused)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	make_certificate(&folder, "other", -3600, 3600, NULL);
	get_securely("127.0.0.1", true, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem"),
				       .cert_file = in_folder(&folder, "other.pem"),
				       .key_file = in_folder(&folder, "other-key.pem"),
				       .not_newer_than_1_2 = true},
		     &outcome);
	cr_expect_eq(outcome.error.code, ERR_DENIED, "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.text, "refuses the client certificate"), "%s", outcome.error.text);
}

Test(http_tls, a_certificate_out_of_date_is_told)
{
	owned_folder late = fixture_folder(), early = fixture_folder();
	owned_outcome expired = {0}, unborn = {0};

	make_certificate(&late, "cert", -7200, -3600, NULL);
	get_securely("127.0.0.1", false, &late, (struct http_tls){.ca_file = in_folder(&late, "cert.pem")},
		     &expired);
	cr_expect_eq(expired.error.code, ERR_DENIED, "%s", expired.error.text);
	cr_expect(strstr(expired.error.text, "has expired"), "%s", expired.error.text);
	cr_expect(strstr(expired.error.remedy, "renewed"), "%s", expired.error.remedy);
	make_certificate(&early, "cert", 3600, 7200, NULL);
	get_securely("127.0.0.1", false, &early, (struct http_tls){.ca_file = in_folder(&early, "cert.pem")},
		     &unborn);
	cr_expect_eq(unborn.error.code, ERR_DENIED, "%s", unborn.error.text);
	cr_expect(strstr(unborn.error.text, "not valid yet"), "%s", unborn.error.text);
}

/* OpenSSL would ask for it on the terminal. */
Test(http_tls, a_key_with_a_password_is_refused_without_a_question)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};
	char password[] = "open";

	make_certificate(&folder, "mine", -3600, 3600, password);
	get_securely("127.0.0.1", false, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem"),
				       .cert_file = in_folder(&folder, "mine.pem"),
				       .key_file = in_folder(&folder, "mine-key.pem")},
		     &outcome);
	cr_expect_eq(outcome.error.code, ERR_DENIED, "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.text, "client certificate or key"), "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.remedy, "password"), "%s", outcome.error.remedy);
}

Test(http_tls, plain_http_to_a_tls_port_gets_the_hint)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};
	struct tls_server server;

	tls_start(&server, &folder, false);
	{
		owned_world world = fixture_world();
		struct http_request request = get_request;
		char url[64];

		snprintf(url, sizeof(url), "http://127.0.0.1:%u/", (unsigned int)server.port);
		request.url = url;
		send_request(world, &request, &outcome);
		cr_assert(wait_for(world, &outcome.over, SOON_MS));
	}
	tls_stop(&server);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE, "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.remedy, "TLS"), "%s", outcome.error.remedy);
}

Test(http_tls, files_that_cannot_be_used_are_told)
{
	owned_folder folder = fixture_folder();
	owned_outcome no_ca = {0}, no_key = {0};

	get_securely("127.0.0.1", false, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "none.pem")}, &no_ca);
	cr_expect_eq(no_ca.error.code, ERR_DENIED, "%s", no_ca.error.text);
	cr_expect(strstr(no_ca.error.text, "CA file"), "%s", no_ca.error.text);
	get_securely("127.0.0.1", false, &folder,
		     (struct http_tls){.ca_file = in_folder(&folder, "cert.pem"),
				       .cert_file = in_folder(&folder, "cert.pem"),
				       .key_file = in_folder(&folder, "none.pem")},
		     &no_key);
	cr_expect_eq(no_key.error.code, ERR_DENIED, "%s", no_key.error.text);
	cr_expect(strstr(no_key.error.text, "client certificate or key"), "%s", no_key.error.text);
	cr_expect_not(no_key.sent);
}

Test(http_tls, a_connection_is_given_away)
{
	enum { TOTAL = 4 << 20 };
	owned_folder folder = fixture_folder();
	struct tls_server server;
	static unsigned char much[TOTAL];
	tls_start(&server, &folder, true);
	{
		owned_world world = fixture_world();
		owned_talk talk = {.compares = TOTAL};
		const struct http_tls tls = {.ca_file = in_folder(&folder, "cert.pem"),
					     .cert_file = in_folder(&folder, "cert.pem"),
					     .key_file = in_folder(&folder, "cert-key.pem")};
		char url[64];

		for (size_t i = 0; i < TOTAL; i++)
			much[i] = pattern_at(i);
		snprintf(url, sizeof(url), "https://127.0.0.1:%u/", (unsigned int)server.port);
		talk_to(
		    &talk, world,
		    &(struct http_request){.method = "POST", .url = url, .tls = &tls, .timeout_ms = SOON_MS});
		world->ops->channel_write(world, talk.channel, much, TOTAL);
		world->ops->channel_end(world, talk.channel);
		cr_assert(wait_for(world, &talk.over, 2 * SOON_MS));
		cr_expect_eq(talk.error.code, OK, "%s", talk.error.text);
		cr_expect_eq(talk.received, TOTAL + strlen("over"));
		cr_expect_not(talk.differs);
	}
	tls_stop(&server);
}

Test(http_tls, no_connection_is_given_to_whom_we_do_not_trust)
{
	owned_folder folder = fixture_folder();
	struct tls_server server;
	tls_start(&server, &folder, false);
	{
		owned_world world = fixture_world();
		owned_talk talk = {0};
		char url[64];

		snprintf(url, sizeof(url), "https://127.0.0.1:%u/", (unsigned int)server.port);
		talk_to(&talk, world, &(struct http_request){.method = "POST", .url = url});
		cr_assert(wait_for(world, &talk.over, 2 * SOON_MS));
		cr_expect_eq(talk.error.code, ERR_DENIED, "%s", talk.error.text);
		cr_expect(!talk.sent && !talk.opened);
	}
	tls_stop(&server);
}
