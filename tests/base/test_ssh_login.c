/* test_ssh_login.c - logging in to a machine: all kinds of keys, agents, passphrases, and what is said when
 * none will do. */
#include "ssh_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ssh_key.h"

static void lets_in(struct world *world, const struct ssh_host *host, const char *what)
{
	owned_told told = run_there(world, host, "echo in");

	cr_expect_str_eq(text_view(&told.output), "in\n", "%s: %s", what, told.error.text);
}

static struct told kept_out(const struct ssh_host *host)
{
	owned_world world = fixture_world();
	struct told told = run_there(world, host, "true");

	cr_expect_eq(told.error.code, ERR_DENIED, "%s", told.error.text);
	cr_expect_not(told.sent);
	cr_expect(strstr(told.error.text, "tried: "), "%s", told.error.text);
	told.world = NULL;
	return told;
}

/* A key that the machine lets in: how ssh-keygen is to make it. */
static const char *make_key(const struct ssh_server *server, const char *name, const char *how)
{
	shell("ssh-keygen -q %s -C '%s' -f %s/%s && cat %s/%s.pub >>%s/authorized_keys", how, name,
	      server->folder.path, name, server->folder.path, name, server->folder.path);
	return in_folder(&server->folder, name);
}

/* As ssh-keygen wrote it beside the key. */
static void tells_its_public_part(const char *text, const char *passphrase, const char *path)
{
	owned_text line = {0}, beside = {0};
	char written[8192] = "";
	bool encrypted;
	struct error why;
	struct ssh_key *key = ssh_key_open(text, strlen(text), passphrase, &encrypted, &why);

	cr_assert(key, "%s", why.text);
	ssh_key_public(key, &line);
	ssh_key_close(key);
	text_format(&beside, "%s.pub", path);
	FILE *file = fopen(text_view(&beside), "r");
	cr_assert(file && fgets(written, sizeof(written), file));
	fclose(file);
	cr_expect(starts_with(written, text_view(&line)), "%s: %s", written, text_view(&line));
}

Test(ssh_login, takes_keys_of_all_kinds_and_forms)
{
	static const char *const hows[] = {
	    "-t ed25519 -N ''",
	    "-t ecdsa -b 256 -N ''",
	    "-t ecdsa -b 384 -N ''",
	    "-t ecdsa -b 521 -N ''",
	    "-t rsa -b 2048 -N ''",
	    "-t rsa -b 2048 -N '' -m PEM",
	    "-t rsa -b 3072 -N '' -m PKCS8",
	    "-t ecdsa -N '' -m PEM",
	    "-t ecdsa -b 384 -N '' -m PKCS8",
	    "-t ed25519 -N 'pass word'",
	    "-t ed25519 -N 'pass word' -Z aes256-cbc",
	    "-t ed25519 -N 'pass word' -Z aes128-ctr -a 3",
	    "-t ecdsa -N 'pass word'",
	    "-t ecdsa -N 'pass word' -m PEM",
	    "-t rsa -b 2048 -N 'pass word'",
	    "-t rsa -b 2048 -N 'pass word' -m PEM",
	    "-t ecdsa -b 521 -N 'pass word' -m PKCS8",
	};
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);

	for (size_t i = 0; i < COUNT_OF(hows); i++) {
		char name[16], text[8192] = "";
		snprintf(name, sizeof(name), "key%zu", i);
		const char *passphrase = strstr(hows[i], "pass word") ? "pass word" : NULL;
		struct ssh_identity identity = {.file = make_key(&server, name, hows[i]),
						.passphrase = passphrase};
		host.identities = &identity;
		lets_in(world, &host, hows[i]);
		/* And as a text. */
		FILE *file = fopen(identity.file, "r");
		cr_assert(file && fread(text, 1, sizeof(text) - 1, file) > 0);
		fclose(file);
		tells_its_public_part(text, passphrase, identity.file);
		struct ssh_identity given = {.text = text, .passphrase = passphrase};
		host.identities = &given;
		lets_in(world, &host, hows[i]);
	}
}

Test(ssh_login, tries_one_key_after_the_other)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);

	shell("cd %s && ssh-keygen -q -t ed25519 -N '' -f stranger && echo rubbish >rubbish && chmod 600 "
	      "rubbish && cp key open && chmod 640 open",
	      server.folder.path);
	struct ssh_identity several[] = {
	    {.file = in_folder(&server.folder, "missing")},
	    {.file = in_folder(&server.folder, "rubbish")},
	    {.file = in_folder(&server.folder, "open")},
	    {.file = in_folder(&server.folder, "stranger")},
	    {.file = server.key},
	};
	host.identities = several;
	host.identity_count = COUNT_OF(several);
	lets_in(world, &host, "the last of five");
}

Test(ssh_login, says_what_was_tried_when_nothing_will_do)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	shell("cd %s && ssh-keygen -q -t ed25519 -N '' -f stranger && ssh-keygen -q -t ed25519 -N secret -f "
	      "locked && "
	      "echo rubbish >rubbish",
	      server.folder.path);
	struct ssh_identity several[] = {
	    {.file = in_folder(&server.folder, "missing")},
	    {.file = in_folder(&server.folder, "customary"), .customary = true},
	    {.file = in_folder(&server.folder, "rubbish")},
	    {.file = in_folder(&server.folder, "stranger")},
	    {.file = in_folder(&server.folder, "locked")},
	    {.file = in_folder(&server.folder, "locked"), .passphrase = "wrong-one"},
	};
	host.identities = several;
	host.identity_count = COUNT_OF(several);
	host.agent = in_folder(&server.folder, "no-agent");
	owned_told told = kept_out(&host);
	cr_expect(strstr(told.error.text, "missing (does not exist)"), "%s", told.error.text);
	cr_expect(strstr(told.error.text, "stranger (refused)"), "%s", told.error.text);
	cr_expect(strstr(told.error.text, "no passphrase is given"), "%s", told.error.text);
	cr_expect_not(strstr(told.error.text, "customary"), "%s", told.error.text);
	cr_expect_not(strstr(told.error.text, "wrong-one") || strstr(told.error.remedy, "wrong-one"));
}

Test(ssh_login, says_what_helps_with_a_key_that_cannot_be_used)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);
	static const char *const keys[][3] = {{"nowhere", "does not exist", "the right file"},
					      {"rubbish", "no private key", "not the .pub"},
					      {"open", "others may use it (mode 0644)", "chmod 600"},
					      {"locked", "no passphrase is given", "privateKeyPassphrase"}};

	shell("cd %s && ssh-keygen -q -t ed25519 -N secret -f locked && echo rubbish >rubbish && "
	      "chmod 600 rubbish && cp key open && chmod 644 open",
	      server.folder.path);
	host.agent = in_folder(&server.folder, "no-agent");
	host.identity_count = 1;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct ssh_identity one = {.file = in_folder(&server.folder, keys[i][0])};
		host.identities = &one;
		owned_told told = kept_out(&host);
		cr_expect(strstr(told.error.text, keys[i][1]), "%s", told.error.text);
		cr_expect(strstr(told.error.remedy, keys[i][2]), "%s", told.error.remedy);
	}
}

Test(ssh_login, has_nothing_to_try)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	host.identity_count = 0;
	owned_told told = kept_out(&host);
	cr_expect(strstr(told.error.text, "there is no key"), "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "ssh-copy-id"), "%s", told.error.remedy);
}

Test(ssh_login, ends_when_the_machine_has_seen_enough_keys)
{
	owned_sshd server = ssh_server_start("MaxAuthTries 2", "ed25519");
	struct ssh_host host = ssh_server_host(&server);
	struct ssh_identity several[6];
	char names[6][16];

	for (int i = 0; i < 6; i++) {
		snprintf(names[i], sizeof(names[i]), "stranger%d", i);
		shell("ssh-keygen -q -t ed25519 -N '' -f %s/%s", server.folder.path, names[i]);
		several[i] = (struct ssh_identity){.file = in_folder(&server.folder, names[i])};
	}
	host.identities = several;
	host.identity_count = 6;
	owned_told told = kept_out(&host);
	cr_expect(strstr(told.error.text, "Too many authentication failures"), "%s", told.error.text);
}

/* --- agents --------------------------------------------------------------------------------------- */

struct agent {
	char socket[256];
	pid_t pid;
};

static bool listens(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return !connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static struct agent start_agent(const struct ssh_server *server)
{
	struct agent agent;

	snprintf(agent.socket, sizeof(agent.socket), "%s", in_folder(&server->folder, "agent"));
	agent.pid = fork();
	cr_assert_geq(agent.pid, 0);
	if (agent.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/dev/null", "w", stdout);
		execlp("ssh-agent", "ssh-agent", "-D", "-a", agent.socket, (char *)NULL);
		_exit(127);
	}
	/* Its socket is there before it listens. */
	for (int i = 0; i < 3000 && !listens(agent.socket); i++)
		usleep(10000);
	return agent;
}

static void stop_agent(struct agent *agent)
{
	kill(agent->pid, SIGCONT);
	kill(agent->pid, SIGTERM);
	while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

#define owned_agent __attribute__((cleanup(stop_agent))) struct agent

Test(ssh_login, asks_an_agent_for_all_of_its_keys)
{
	static const char *const hows[] = {"-t ed25519 -N ''", "-t ecdsa -N ''", "-t rsa -b 2048 -N ''"};
	owned_sshd server = ssh_server_start("MaxAuthTries 20", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_agent agent = start_agent(&server);

	host.identity_count = 0;
	host.agent = agent.socket;
	shell("ssh-keygen -q -t ed25519 -N '' -f %s/stranger && SSH_AUTH_SOCK=%s ssh-add -q %s/stranger",
	      server.folder.path, agent.socket, server.folder.path);
	for (size_t i = 0; i < COUNT_OF(hows); i++) {
		char name[16];
		snprintf(name, sizeof(name), "key%zu", i);
		const char *key = make_key(&server, name, hows[i]);
		shell("SSH_AUTH_SOCK=%s ssh-add -q %s", agent.socket, key);
		host.idle_ms = 1000 + (int64_t)i; /* a session of its own */
		lets_in(world, &host, hows[i]);
		shell("SSH_AUTH_SOCK=%s ssh-add -q -d %s", agent.socket, key);
	}
	owned_told told = kept_out(&host);
	cr_expect(strstr(told.error.text, "the agent's ED25519 key"), "%s", told.error.text);
}

Test(ssh_login, asks_an_agent_only_for_the_keys_that_are_listed_where_that_is_wanted)
{
	owned_sshd server = ssh_server_start("MaxAuthTries 1", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_agent agent = start_agent(&server);

	for (int i = 0; i < 3; i++)
		shell("ssh-keygen -q -t ed25519 -N '' -f %s/stranger%d && SSH_AUTH_SOCK=%s ssh-add -q "
		      "%s/stranger%d",
		      server.folder.path, i, agent.socket, server.folder.path, i);
	/* Its private half is the agent's alone. */
	shell("SSH_AUTH_SOCK=%s ssh-add -q %s && rm %s", agent.socket, server.key, server.key);
	host.agent = agent.socket;
	host.listed_only = true;
	lets_in(world, &host, "the listed one");
}

Test(ssh_login, does_not_wait_for_an_agent_that_says_nothing_longer_than_for_all)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_agent agent = start_agent(&server);
	bool turns = false;

	kill(agent.pid, SIGSTOP);
	host.identity_count = 0;
	host.agent = agent.socket;
	host.connect_ms = 3000;
	owned_told told = {0};
	told_exec(&told, world, &host, &(struct ssh_command){.command = "true"});
	/* The loop goes on meanwhile. */
	world->ops->timer_start(world, 50, set_flag, &turns);
	cr_expect(wait_for(world, &turns, 2000));
	told_wait(&told);
	cr_expect_eq(told.error.code, ERR_TIMED_OUT);
	cr_expect(strstr(told.error.text, "agent"), "%s", told.error.text);
}

Test(ssh_login, goes_on_without_an_agent_that_talks_rubbish)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_folder(&server.folder, "rubbish"));
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 4), 0);
	pid_t rubbish = fork();
	if (rubbish == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int fd = accept(listener, NULL, NULL);
			if (write(fd, "\0\0\0\5\14\377\377\377\377", 9) < 0)
				_exit(1);
			pause();
		}
	}
	struct ssh_identity customary = {.file = server.key, .customary = true};
	host.identities = &customary;
	host.agent = address.sun_path;
	lets_in(world, &host, "the customary key");
	kill(rubbish, SIGKILL);
	waitpid(rubbish, NULL, 0);
	close(listener);
}

/* --- what costs ------------------------------------------------------------------------------------ */

static int64_t cpu_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t log_in_with(struct world *world, struct ssh_host *host, int sessions)
{
	struct told told[12] = {0};
	int64_t before = cpu_ms();

	for (int i = 0; i < sessions; i++) {
		host->idle_ms = 60000 + sessions * 100 + i; /* a session each */
		told_exec(&told[i], world, host, &(struct ssh_command){.command = "echo in"});
	}
	for (int i = 0; i < sessions; i++) {
		told_wait(&told[i]);
		cr_expect_str_eq(text_view(&told[i].output), "in\n", "%s", told[i].error.text);
		told_release(&told[i]);
	}
	return cpu_ms() - before;
}

Test(ssh_login, opens_an_encrypted_key_once_for_many)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	/* Which takes long to open. */
	struct ssh_identity identity = {.file = make_key(&server, "slow", "-t ed25519 -N passphrase -a 100"),
					.passphrase = "passphrase"};

	host.identities = &identity;
	int64_t one = log_in_with(world, &host, 1), many = log_in_with(world, &host, 12);
	cr_expect_lt(many, 4 * one, "%lld ms of CPU for twelve, %lld for one", (long long)many,
		     (long long)one);
}
