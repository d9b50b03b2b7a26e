/* test_ssh_files.c - files to and from a machine: by SFTP, and where there is none. */
#include "ssh_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static struct told copy(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			bool get)
{
	struct told told = {.world = world};
	struct ssh_sink sink = told_sink(&told, false);
	struct error err = {0};
	struct ssh_file timed = *file;

	timed.timeout_ms = PATIENCE_MS;
	told.call = (get ? world->ops->ssh->get : world->ops->ssh->put)(world, host, &timed, &sink, &err);
	cr_assert(told.call, "%s", err.text);
	told_wait(&told);
	return told;
}

static struct told put(struct world *world, const struct ssh_host *host, const char *path, const char *bytes,
		       size_t size, mode_t mode)
{
	return copy(world, host, &(struct ssh_file){.path = path, .bytes = bytes, .size = size, .mode = mode},
		    false);
}

static struct told get(struct world *world, const struct ssh_host *host, const char *path, size_t limit)
{
	return copy(world, host, &(struct ssh_file){.path = path, .limit = limit}, true);
}

static char *many_bytes(size_t size)
{
	char *bytes = malloc(size);

	cr_assert(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	return bytes;
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_mode & 07777;
}

/* Everything that must hold whichever way the machine has. */
static void copies(struct ssh_server *server)
{
	enum { SIZE = 1500000 };
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(server);
	owned_memory char *bytes = many_bytes(SIZE);
	const char *path = in_folder(&server->folder, "a file's name");

	owned_told first = put(world, &host, path, bytes, SIZE, 0640);
	cr_assert_eq(first.error.code, OK, "%s", first.error.text);
	cr_expect_eq(mode_of(path), 0640);
	owned_told back = get(world, &host, path, 0);
	cr_assert_eq(back.error.code, OK, "%s", back.error.text);
	cr_assert_eq(back.output.length, SIZE);
	cr_expect_eq(memcmp(back.output.data, bytes, SIZE), 0);

	owned_told again = put(world, &host, path, "short", 5, 04711);
	cr_assert_eq(again.error.code, OK, "%s", again.error.text);
	cr_expect_eq(mode_of(path), 04711);
	owned_told small = get(world, &host, path, 5);
	cr_expect_str_eq(text_view(&small.output), "short");

	owned_told empty = put(world, &host, path, NULL, 0, 0600);
	cr_assert_eq(empty.error.code, OK, "%s", empty.error.text);
	owned_told nothing = get(world, &host, path, 0);
	cr_expect_eq(nothing.error.code, OK, "%s", nothing.error.text);
	cr_expect_eq(nothing.output.length, 0);
	shell("test \"$(ls -A %s | grep -c berth)\" = 0", server->folder.path);
}

static void copies_fail(struct ssh_server *server)
{
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(server);

	owned_told missing = get(world, &host, in_folder(&server->folder, "missing"), 0);
	cr_expect_eq(missing.error.code, ERR_MISSING, "%s", missing.error.text);
	cr_expect(strstr(missing.error.text, "missing: "), "%s", missing.error.text);
	owned_told nowhere = put(world, &host, in_folder(&server->folder, "no/where"), "x", 1, 0600);
	cr_expect_eq(nowhere.error.code, ERR_MISSING, "%s", nowhere.error.text);
	owned_told directory = get(world, &host, server->folder.path, 0);
	cr_expect_neq(directory.error.code, OK);
	owned_told large = get(world, &host, in_folder(&server->folder, "config"), 10);
	cr_expect_eq(large.error.code, ERR_FAILED);
	cr_expect(strstr(large.error.text, "longer than is wanted"), "%s", large.error.text);
	owned_told full = put(world, &host, "/dev/full/x", "x", 1, 0600);
	cr_expect_neq(full.error.code, OK);
}

Test(ssh_files, go_by_sftp_whole_with_their_mode_and_come_back)
{
	owned_sshd server = ssh_server_start("", "ed25519");

	copies(&server);
}

Test(ssh_files, go_without_sftp_too)
{
	owned_sshd server = ssh_server_start("Subsystem sftp /nowhere/sftp-server", "ed25519");

	copies(&server);
}

Test(ssh_files, go_where_the_login_shell_talks_into_it)
{
	owned_sshd server = ssh_server_start("", "ed25519");

	shell("cat >%s/noisy <<'E'\n#!/bin/sh\necho Welcome to this fine machine\neval "
	      "\"$SSH_ORIGINAL_COMMAND\"\nE\n"
	      "chmod 755 %s/noisy; sed -i \"s,^,command=\\\"%s/noisy\\\" ,\" %s/authorized_keys",
	      server.folder.path, server.folder.path, server.folder.path, server.folder.path);
	copies(&server);
}

Test(ssh_files, that_cannot_be_copied_say_why)
{
	owned_sshd server = ssh_server_start("", "ed25519");

	copies_fail(&server);
}

Test(ssh_files, that_cannot_be_copied_say_why_without_sftp_too)
{
	owned_sshd server = ssh_server_start("Subsystem sftp /nowhere/sftp-server", "ed25519");

	copies_fail(&server);
}

Test(ssh_files, begin_in_the_home_when_their_path_is_not_absolute)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	char name[64];

	snprintf(name, sizeof(name), ".berth-test-%u", (unsigned int)server.port);
	owned_told there = put(world, &host, name, "at home", 7, 0600);
	cr_assert_eq(there.error.code, OK, "%s", there.error.text);
	char command[200];
	/* That of the account: the shell's own is another one here. */
	snprintf(command, sizeof(command),
		 "cd \"$(getent passwd \"$(id -u)\" | cut -d: -f6)\" && cat %s && rm %s", name, name);
	owned_told shown = run_there(world, &host, command);
	cr_expect_str_eq(text_view(&shown.output), "at home");
}

Test(ssh_files, that_are_no_files_are_refused_at_once)
{
	owned_world world = fixture_world();
	struct ssh_host host = {.address = "127.0.0.1", .user = "x"};
	struct told told = {0};
	struct ssh_sink sink = told_sink(&told, false);
	struct error err = {0};

	cr_expect_null(world->ops->ssh->put(world, &host, &(struct ssh_file){.path = "/tmp/"}, &sink, &err));
	cr_expect_eq(err.code, ERR_INVALID);
	cr_expect_null(world->ops->ssh->get(world, &host, &(struct ssh_file){.path = ""}, &sink, &err));
}
