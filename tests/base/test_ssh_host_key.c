/* test_ssh_host_key.c - whether a machine is the one that is meant. */
#include "ssh_server.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static struct told refused(struct ssh_server *server, const struct ssh_host *host)
{
	owned_world world = fixture_world();
	struct told told = run_there(world, host, "true");

	cr_expect_neq(told.error.code, OK);
	cr_expect_not(told.sent);
	cr_expect(strstr(told.error.text, "host key"), "%s", told.error.text);
	cr_expect_neq(told.error.remedy[0], '\0');
	cr_expect_not(ssh_server_logged(server, "Accepted"), "nobody logs in to a machine that is another");
	told.world = NULL;
	return told;
}

static void accepted(const struct ssh_host *host)
{
	owned_world world = fixture_world();
	owned_told told = run_there(world, host, "echo in");

	cr_expect_str_eq(text_view(&told.output), "in\n", "%s", told.error.text);
}

static void write_known(const struct ssh_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void write_known(const struct ssh_server *server, const char *format, ...)
{
	va_list arguments;
	FILE *file = fopen(server->known_hosts, "w");

	cr_assert(file);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	cr_assert_eq(fclose(file), 0);
}

Test(ssh_host_key, that_nobody_knows_is_refused_with_what_to_do)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	write_known(&server, "# nothing\n");
	owned_told told = refused(&server, &host);
	cr_expect_eq(told.error.code, ERR_UNVERIFIED);
	cr_expect(strstr(told.error.text, "not known: it shows ssh-ed25519 SHA256:"), "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "@127.0.0.1`, or name it: hostKey"), "%s", told.error.remedy);
	remove(server.known_hosts);
	owned_told without = refused(&server, &host);
	cr_expect_eq(without.error.code, ERR_UNVERIFIED);
}

Test(ssh_host_key, that_has_changed_is_refused_by_file_and_line)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);
	char where[300];

	shell("ssh-keygen -q -t ed25519 -N '' -f %s/other && (echo '# a comment'; echo \"[127.0.0.1]:%u "
	      "$(cut -d' ' -f1,2 "
	      "%s/other.pub)\") >%s",
	      server.folder.path, (unsigned int)server.port, server.folder.path, server.known_hosts);
	owned_told told = refused(&server, &host);
	cr_expect_eq(told.error.code, ERR_DENIED);
	snprintf(where, sizeof(where), "%s:2", server.known_hosts);
	cr_expect(strstr(told.error.text, where), "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "ssh-keygen -f"), "%s", told.error.remedy);
	/* Also where new ones are taken. */
	host.trust = SSH_ACCEPT_NEW;
	owned_told again = refused(&server, &host);
	cr_expect_eq(again.error.code, ERR_DENIED);
}

Test(ssh_host_key, that_is_revoked_is_refused_though_it_is_known)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	shell("echo \"@revoked * $(cut -d' ' -f1,2 %s/host_ed25519.pub)\" >>%s", server.folder.path,
	      server.known_hosts);
	owned_told told = refused(&server, &host);
	cr_expect(strstr(told.error.text, "revoked by"), "%s", told.error.text);
}

Test(ssh_host_key, is_asked_for_in_the_type_that_is_known)
{
	owned_sshd server = ssh_server_start("", "ed25519 ecdsa");
	struct ssh_host host = ssh_server_host(&server);

	for (int i = 0; i < 2; i++) {
		shell("echo \"[127.0.0.1]:%u $(cut -d' ' -f1,2 %s/host_%s.pub)\" >%s",
		      (unsigned int)server.port, server.folder.path, i ? "ecdsa" : "ed25519",
		      server.known_hosts);
		accepted(&host);
	}
}

Test(ssh_host_key, of_another_type_than_is_known_is_refused)
{
	owned_sshd server = ssh_server_start("", "ecdsa");
	struct ssh_host host = ssh_server_host(&server);

	shell("ssh-keygen -q -t ed25519 -N '' -f %s/other && echo \"[127.0.0.1]:%u $(cut -d' ' -f1,2 "
	      "%s/other.pub)\" >%s",
	      server.folder.path, (unsigned int)server.port, server.folder.path, server.known_hosts);
	host.trust = SSH_ACCEPT_NEW;
	owned_told told = refused(&server, &host);
	cr_expect(strstr(told.error.text, "knows its ssh-ed25519 key"), "%s", told.error.text);
}

Test(ssh_host_key, that_only_an_authority_vouches_for_is_refused_in_words)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	shell("echo \"@cert-authority * $(cut -d' ' -f1,2 %s/host_ed25519.pub)\" >%s", server.folder.path,
	      server.known_hosts);
	owned_told told = refused(&server, &host);
	cr_expect_eq(told.error.code, ERR_UNSUPPORTED);
	cr_expect(strstr(told.error.text, "certificate authority"), "%s", told.error.text);
}

Test(ssh_host_key, that_is_new_is_taken_once_and_then_known_where_that_is_wanted)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	write_known(&server, "somebody ssh-ed25519 AAAA\nno newline at the end");
	host.trust = SSH_ACCEPT_NEW;
	accepted(&host);
	host.trust = SSH_KNOWN_ONLY;
	accepted(&host);
	shell("test $(wc -l <%s) = 3 && grep -q '^no newline at the end$' %s", server.known_hosts,
	      server.known_hosts);
}

Test(ssh_host_key, may_be_pinned_whole_or_by_its_fingerprint)
{
	owned_sshd server = ssh_server_start("", "ed25519 ecdsa");
	struct ssh_host host = ssh_server_host(&server);
	char line[400] = "", finger[200] = "";
	FILE *file = fopen(in_folder(&server.folder, "host_ecdsa.pub"), "r");

	cr_assert(file && fgets(line, sizeof(line), file));
	fclose(file);
	shell("ssh-keygen -lf %s/host_ed25519.pub | cut -d' ' -f2 >%s/finger", server.folder.path,
	      server.folder.path);
	file = fopen(in_folder(&server.folder, "finger"), "r");
	cr_assert(file && fgets(finger, sizeof(finger), file));
	fclose(file);
	finger[strcspn(finger, "\n")] = '\0';
	write_known(&server, "# unused\n");
	host.host_keys = (const char *const[]){line, NULL};
	accepted(&host);
	host.host_keys = (const char *const[]){"SHA256:something", finger, NULL};
	accepted(&host);
}

Test(ssh_host_key, that_is_pinned_otherwise_is_refused)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	host.host_keys = (const char *const[]){"SHA256:something", NULL};
	host.trust = SSH_ACCEPT_NEW;
	owned_told told = refused(&server, &host);
	cr_expect(strstr(told.error.text,
			 "not one of those it must have (SHA256:something): it shows ssh-ed25519 SHA256:"),
		  "%s", told.error.text);
}

Test(ssh_host_key, known_by_another_name_is_looked_up_by_that)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	shell("echo \"[web.example]:%u $(cut -d' ' -f1,2 %s/host_ed25519.pub)\" >%s",
	      (unsigned int)server.port, server.folder.path, server.known_hosts);
	host.known_as = "web.example";
	accepted(&host);
}

Test(ssh_host_key, of_a_kind_that_cannot_be_checked_is_told_in_words)
{
	owned_sshd server = ssh_server_start("", "rsa");
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = refused(&server, &host);

	cr_expect_eq(told.error.code, ERR_UNSUPPORTED);
	cr_expect(strstr(told.error.text, "rsa-sha2-512"), "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "ed25519"), "%s", told.error.remedy);
}

Test(ssh_host_key, cannot_be_checked_when_a_file_of_them_cannot_be_read)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);
	owned_world world = fixture_world();

	host.known_hosts = (const char *const[]){server.known_hosts, server.folder.path, NULL};
	owned_told told = run_there(world, &host, "true");
	cr_expect_neq(told.error.code, OK);
	cr_expect(strstr(told.error.text, "host key"), "%s", told.error.text);
}
