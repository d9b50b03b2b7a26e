/* ssh_server.h - a real sshd on this machine for one test: in a folder of its own, as whoever runs the test.
 */
#ifndef BERTH_TESTS_BASE_SSH_SERVER_H
#define BERTH_TESTS_BASE_SSH_SERVER_H

#include "base/ssh.h"
#include "fixture.h"

#define PATIENCE_MS 90000 /* for what computes, on a busy machine */

struct ssh_server {
	struct folder folder;
	pid_t pid;
	uint16_t port;
	char user[64];
	/* For hosts that describe it: the key that it lets in, and the known_hosts that know it. */
	char key[256], known_hosts[256];
	struct ssh_identity identity;
	const char *files[2];
};

/* With these lines in its configuration ("" for none), and host keys of these types ("ed25519 ecdsa"). */
struct ssh_server ssh_server_start(const char *configuration, const char *host_key_types);
void ssh_server_stop(struct ssh_server *server);
#define owned_sshd __attribute__((cleanup(ssh_server_stop), unused)) struct ssh_server

/* It, as a client describes it: refers to the server. */
struct ssh_host ssh_server_host(struct ssh_server *server);
/* Run a command of the shell, which must end well. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Everything that sshd has logged. */
bool ssh_server_logged(const struct ssh_server *server, const char *words);

/* One call, and what came of it. */
struct told {
	struct world *world;
	struct ssh_call *call;
	bool over, opened;
	int calls, drains;
	struct error error;
	bool sent;
	int exit_code;
	char signal[16];
	struct text output, errors;
	size_t received;
	bool count_only; /* what comes is counted and not kept */
};
void told_release(struct told *told);
#define owned_told __attribute__((cleanup(told_release), unused)) struct told

void told_exec(struct told *told, struct world *world, const struct ssh_host *host,
	       const struct ssh_command *command);
void told_wait(struct told *told);
/* The whole of it: it must have ended by itself. */
struct told run_there(struct world *world, const struct ssh_host *host, const char *command);
struct ssh_sink told_sink(struct told *told, bool stream);

#endif
