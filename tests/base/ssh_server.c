/* ssh_server.c - a real sshd on this machine for one test. */
#include "ssh_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STARTS_MAX = 20 };

void shell(const char *format, ...)
{
	char command[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	int status = system(command);
	cr_assert_eq(status, 0, "%s: %d", command, status);
}

static uint16_t some_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void write_configuration(struct ssh_server *server, const char *configuration, const char *types)
{
	char words[128], *rest = words;
	FILE *file = fopen(in_folder(&server->folder, "config"), "w");

	cr_assert(file);
	snprintf(words, sizeof(words), "%s", types);
	fprintf(file, "%s\n", configuration);
	fprintf(file, "ListenAddress 127.0.0.1:%u\n", (unsigned int)server->port);
	for (const char *type; (type = strtok_r(rest, " ", &rest));)
		fprintf(file, "HostKey %s/host_%s\n", server->folder.path, type);
	fprintf(file,
		"AuthorizedKeysFile %s/authorized_keys\nPidFile none\nStrictModes no\nPermitRootLogin yes\n"
		"%sUsePAM no\nLogLevel VERBOSE\nPermitUserEnvironment yes\n"
		"PrintMotd no\nPrintLastLog no\nMaxStartups 100:30:200\nSetEnv HOME=%s\n",
		server->folder.path,
		strstr(configuration, "Subsystem") ? "" : "Subsystem sftp internal-sftp\n",
		server->folder.path); /* whatever whoever runs this has his shell do when it starts */
	cr_assert_eq(fclose(file), 0);
}

static void make_keys(struct ssh_server *server, const char *types)
{
	char words[128], *rest = words;
	const char *folder = server->folder.path;

	snprintf(words, sizeof(words), "%s", types);
	shell("ssh-keygen -q -t ed25519 -N '' -C 'a test' -f %s/key && cp %s/key.pub %s/authorized_keys",
	      folder, folder, folder);
	for (const char *type; (type = strtok_r(rest, " ", &rest));)
		shell("ssh-keygen -q -t %s -N '' -f %s/host_%s", type, folder, type);
}

static void know_it(struct ssh_server *server)
{
	const char *folder = server->folder.path;

	shell(
	    "for k in %s/host_*.pub; do echo \"[127.0.0.1]:%u $(cut -d' ' -f1,2 $k)\"; done >%s/known_hosts",
	    folder, (unsigned int)server->port, folder);
}

bool ssh_server_logged(const struct ssh_server *server, const char *words)
{
	char *log = NULL;
	size_t size = 0;
	FILE *file = fopen(in_folder(&server->folder, "log"), "r");
	bool found = file && getdelim(&log, &size, '\0', file) > 0 && strstr(log, words);

	if (file)
		fclose(file);
	free(log);
	return found;
}

static pid_t spawn(const struct ssh_server *server)
{
	const char *config = in_folder(&server->folder, "config"), *log = in_folder(&server->folder, "log");
	pid_t parent = getpid(), pid = fork();

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	int nothing = open("/dev/null", O_RDWR);
	dup2(nothing, 0);
	dup2(nothing, 1);
	dup2(nothing, 2);
	execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", config, "-E", log, (char *)NULL);
	_exit(127);
}

static bool listens(struct ssh_server *server)
{
	server->pid = spawn(server);
	for (int i = 0; i < 3000; i++) {
		if (ssh_server_logged(server, "Server listening on"))
			return true;
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			return false;
		usleep(10000);
	}
	cr_assert_fail("sshd does not begin to listen");
	return false;
}

struct ssh_server ssh_server_start(const char *configuration, const char *host_key_types)
{
	struct ssh_server server = {.folder = fixture_folder()};

	if (geteuid() == 0)
		mkdir("/run/sshd", 0755);
	snprintf(server.user, sizeof(server.user), "%s", getpwuid(geteuid())->pw_name);
	snprintf(server.key, sizeof(server.key), "%s", in_folder(&server.folder, "key"));
	snprintf(server.known_hosts, sizeof(server.known_hosts), "%s",
		 in_folder(&server.folder, "known_hosts"));
	make_keys(&server, host_key_types);
	for (int i = 0; i < STARTS_MAX; i++) {
		server.port = some_port();
		write_configuration(&server, configuration, host_key_types);
		if (listens(&server)) {
			know_it(&server);
			return server;
		}
	}
	shell("cat %s/log >&2", server.folder.path);
	cr_assert_fail("sshd does not start");
	return server;
}

void ssh_server_stop(struct ssh_server *server)
{
	kill(server->pid, SIGCONT);
	kill(server->pid, SIGTERM);
	while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
		;
	remove_folder(&server->folder);
}

struct ssh_host ssh_server_host(struct ssh_server *server)
{
	server->identity = (struct ssh_identity){.file = server->key};
	server->files[0] = server->known_hosts;
	return (struct ssh_host){
	    .address = "127.0.0.1",
	    .port = server->port,
	    .user = server->user,
	    .identities = &server->identity,
	    .identity_count = 1,
	    .known_hosts = server->files,
	    .connect_ms = PATIENCE_MS,
	};
}

/* --- one call ------------------------------------------------------------------------------------ */

static void done(void *owner, struct ssh_answer *answer)
{
	struct told *told = owner;

	told->over = true;
	told->calls++;
	told->call = NULL;
	told->error = answer->error;
	told->sent = answer->sent;
	told->exit_code = answer->exit_code;
	memcpy(told->signal, answer->signal, sizeof(told->signal));
	if (answer->output.length)
		text_add_bytes(&told->output, answer->output.data, answer->output.length);
	if (answer->errors.length)
		text_add_bytes(&told->errors, answer->errors.data, answer->errors.length);
}

static void opened(void *owner)
{
	((struct told *)owner)->opened = true;
}

static void came(void *owner, bool errors, const char *bytes, size_t count)
{
	struct told *told = owner;

	told->received += count;
	if (!told->count_only)
		text_add_bytes(errors ? &told->errors : &told->output, bytes, count);
}

static void drained(void *owner)
{
	((struct told *)owner)->drains++;
}

struct ssh_sink told_sink(struct told *told, bool stream)
{
	return (struct ssh_sink){
	    .done = done, .opened = opened, .drained = drained, .bytes = stream ? came : NULL, .owner = told};
}

void told_release(struct told *told)
{
	if (told->call)
		told->world->ops->ssh->cancel(told->world, told->call);
	text_release(&told->output);
	text_release(&told->errors);
}

void told_exec(struct told *told, struct world *world, const struct ssh_host *host,
	       const struct ssh_command *command)
{
	struct ssh_sink sink = told_sink(told, command->more_input);
	struct error err = {0};

	told->world = world;
	told->call = world->ops->ssh->exec(world, host, command, &sink, &err);
	cr_assert(told->call, "%s", err.text);
	cr_expect_not(told->over, "called back from inside the call");
}

void told_wait(struct told *told)
{
	cr_assert(wait_for(told->world, &told->over, PATIENCE_MS), "no end");
	cr_expect_eq(told->calls, 1);
}

struct told run_there(struct world *world, const struct ssh_host *host, const char *command)
{
	struct told told = {0};

	told_exec(&told, world, host, &(struct ssh_command){.command = command, .timeout_ms = PATIENCE_MS});
	told_wait(&told);
	return told;
}
