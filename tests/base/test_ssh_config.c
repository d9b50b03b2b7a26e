/* test_ssh_config.c - which machine a person means. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/ssh_config.h"

struct scene {
	struct world *world;
	struct folder home;
	struct arena arena;
	struct ssh_here here;
	struct error err;
};

static void release(struct scene *scene)
{
	arena_release(&scene->arena);
	remove_folder(&scene->home);
	world_real_close(scene->world);
}

#define owned_scene __attribute__((cleanup(release))) struct scene

static void write_file(const struct scene *scene, const char *name, const char *text)
{
	FILE *file = fopen(in_folder(&scene->home, name), "w");

	cr_assert(file);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
}

static struct scene begin(const char *config)
{
	struct scene scene = {.world = fixture_world(), .home = fixture_folder()};

	mkdir(in_folder(&scene.home, ".ssh"), 0700);
	scene.here = (struct ssh_here){.user = "me", .agent = "/agent"};
	write_file(&scene, ".ssh/config", config);
	return scene;
}

/* As the configuration has it; an address of NULL: refused. */
static struct ssh_host ask(struct scene *scene, const char *written)
{
	struct ssh_host host;

	scene->here.home = scene->home.path;
	scene->err = (struct error){0};
	if (ssh_host_parse(&scene->arena, written, &host, &scene->err) ||
	    ssh_host_complete(scene->world, &scene->arena, &scene->here, &host, &scene->err))
		host.address = NULL;
	return host;
}

static bool refused(struct scene *scene, enum code code, const char *words)
{
	struct ssh_host host = ask(scene, "web");

	return !host.address && scene->err.code == code && strstr(scene->err.text, words);
}

static const char *below_home(const struct scene *scene, const char *path)
{
	size_t length = strlen(scene->home.path);

	return strncmp(path, scene->home.path, length) ? path : path + length;
}

Test(ssh_config, what_a_person_writes_is_a_user_a_host_and_a_port)
{
	static const struct {
		const char *written, *user, *address;
		uint16_t port;
	} good[] = {
	    {"web", NULL, "web", 0},
	    {"me@web", "me", "web", 0},
	    {"me@web:2222", "me", "web", 2222},
	    {"web:22", NULL, "web", 22},
	    {"me@corp@web", "me@corp", "web", 0},
	    {"[::1]:2222", NULL, "::1", 2222},
	    {"me@[fe80::1]", "me", "fe80::1", 0},
	    {"fe80::1", NULL, "fe80::1", 0},
	    {"ssh://me@web:2222", "me", "web", 2222},
	    {"ssh://web/", NULL, "web", 0},
	};
	static const char *const bad[] = {
	    "",      "@web",   "me@",    "web:", "web:0",          "web:65536",        "web:x",
	    "[::1",  "[::1]x", "ssh://", "a b",  "ssh://web/path", "-oProxyCommand=x", "me@-x",
	    "web\n", "web/x"};
	owned_arena arena = {0};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct ssh_host host;
		struct error err = {0};
		cr_assert_eq(ssh_host_parse(&arena, good[i].written, &host, &err), 0, "%s: %s",
			     good[i].written, err.text);
		cr_expect_str_eq(host.address, good[i].address, "%s", good[i].written);
		cr_expect_eq(host.port, good[i].port, "%s", good[i].written);
		cr_expect(good[i].user ? host.user && !strcmp(host.user, good[i].user) : !host.user, "%s",
			  good[i].written);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct ssh_host host;
		struct error err = {0};
		cr_expect_eq(ssh_host_parse(&arena, bad[i], &host, &err), -1, "%s", bad[i]);
		cr_expect_eq(err.code, ERR_INVALID);
	}
}

Test(ssh_config, the_first_value_that_fits_wins)
{
	owned_scene scene = begin("User first\n"
				  "Host w*b !wxb\n"
				  "  HostName %h.example\n"
				  "  Port=2201\n"
				  "  User second\n"
				  "HOST *\n"
				  "  HostName other\n"
				  "  Port 2202\n");
	struct ssh_host web = ask(&scene, "web"), wxb = ask(&scene, "wxb"), named = ask(&scene, "root@web:3");

	cr_assert(web.address && wxb.address && named.address, "%s", scene.err.text);
	cr_expect_str_eq(web.address, "web.example");
	cr_expect_eq(web.port, 2201);
	cr_expect_str_eq(web.user, "first");
	cr_expect_str_eq(wxb.address, "other");
	cr_expect_eq(wxb.port, 2202);
	/* What was said beforehand stays. */
	cr_expect_str_eq(named.user, "root");
	cr_expect_eq(named.port, 3);
	cr_expect_str_eq(named.address, "web.example");
}

Test(ssh_config, without_a_word_in_it_all_is_as_is_customary)
{
	owned_scene scene = begin("");
	struct ssh_host web = ask(&scene, "web");

	cr_assert(web.address, "%s", scene.err.text);
	cr_expect_str_eq(web.user, "me");
	cr_assert_eq(web.identity_count, 3);
	cr_expect_str_eq(below_home(&scene, web.identities[0].file), "/.ssh/id_ed25519");
	cr_expect(web.identities[0].customary);
	cr_expect_str_eq(web.agent, "/agent");
	cr_expect_str_eq(below_home(&scene, web.known_hosts[0]), "/.ssh/known_hosts");
	cr_expect_str_eq(web.known_hosts[2], "/etc/ssh/ssh_known_hosts");
	cr_expect_eq(web.trust, SSH_KNOWN_ONLY);
	cr_expect(!web.jump && !web.listed_only && !web.known_as);
}

Test(ssh_config, keys_files_and_trust_are_taken_with_their_placeholders)
{
	owned_scene scene = begin("Host web\n"
				  "IdentityFile ~/.ssh/%h.key\n"
				  "IdentityFile \"%d/a key\"\n"
				  "IdentityFile %r-%p-%u-%%\n"
				  "IdentitiesOnly yes\n"
				  "IdentityAgent none\n"
				  "UserKnownHostsFile ~/one /two # not this\n"
				  "GlobalKnownHostsFile none\n"
				  "StrictHostKeyChecking accept-new\n"
				  "HostKeyAlias known.example\n"
				  "ConnectTimeout 7\n"
				  "IdentityFile none\n");
	struct ssh_host web = ask(&scene, "you@web");

	cr_assert(web.address, "%s", scene.err.text);
	cr_assert_eq(web.identity_count, 3);
	cr_expect_str_eq(below_home(&scene, web.identities[0].file), "/.ssh/web.key");
	cr_expect_str_eq(below_home(&scene, web.identities[1].file), "/a key");
	cr_expect_str_eq(web.identities[2].file, "you-22-me-%");
	cr_expect_not(web.identities[0].customary);
	cr_expect(web.listed_only && !web.agent);
	cr_expect_str_eq(below_home(&scene, web.known_hosts[0]), "/one");
	cr_expect_str_eq(web.known_hosts[1], "/two");
	cr_expect_null(web.known_hosts[2]);
	cr_expect_eq(web.trust, SSH_ACCEPT_NEW);
	cr_expect_str_eq(web.known_as, "known.example");
	cr_expect_eq(web.connect_ms, 7000);
}

Test(ssh_config, jumps_go_one_through_the_other)
{
	owned_scene scene = begin("Host web\nProxyJump me@first:2201,second\n"
				  "Host second\nHostName 192.0.2.2\nUser two\n"
				  "Host first\nProxyJump zeroth\n");
	struct ssh_host web = ask(&scene, "web");

	cr_assert(web.address, "%s", scene.err.text);
	cr_assert(web.jump && web.jump->jump && web.jump->jump->jump);
	cr_expect_str_eq(web.jump->address, "192.0.2.2");
	cr_expect_str_eq(web.jump->user, "two");
	cr_expect_str_eq(web.jump->jump->address, "first");
	cr_expect_eq(web.jump->jump->port, 2201);
	cr_expect_str_eq(web.jump->jump->jump->address, "zeroth");
}

Test(ssh_config, jumps_in_a_circle_end)
{
	owned_scene scene = begin("Host a\nProxyJump web\nHost web\nProxyJump a\n");

	cr_expect(refused(&scene, ERR_INVALID, "to jump through"), "%s", scene.err.text);
}

Test(ssh_config, other_files_are_included_where_they_stand)
{
	owned_scene scene = begin("Include conf.d/*.conf missing ~/.ssh/more\n"
				  "Host other\nInclude not-read\nHost *\nPort 4\n");

	mkdir(in_folder(&scene.home, ".ssh/conf.d"), 0700);
	write_file(&scene, ".ssh/conf.d/b.conf", "Port 2\nUser b\n");
	write_file(&scene, ".ssh/conf.d/a.conf", "Host web\nPort 1\n");
	write_file(&scene, ".ssh/conf.d/c.other", "User c\n");
	write_file(&scene, ".ssh/more", "HostName more\n");
	write_file(&scene, ".ssh/not-read", "Port nonsense\n");
	struct ssh_host web = ask(&scene, "web"), db = ask(&scene, "db");
	cr_assert(web.address && db.address, "%s", scene.err.text);
	cr_expect_eq(web.port, 1);
	cr_expect_eq(db.port, 2);
	cr_expect_str_eq(web.user, "b");
	cr_expect_str_eq(web.address, "more");
}

Test(ssh_config, a_file_that_includes_itself_ends)
{
	owned_scene scene = begin("Include config\n");

	cr_expect(refused(&scene, ERR_INVALID, "more than"), "%s", scene.err.text);
}

Test(ssh_config, a_match_by_name_is_one_and_by_anything_else_is_told)
{
	owned_scene scene = begin("Match host web,db\nUser matched\nMatch all\nPort 5\n"
				  "Match !originalhost web\nPort 6\n");
	struct ssh_host web = ask(&scene, "web");

	cr_assert(web.address, "%s", scene.err.text);
	cr_expect_str_eq(web.user, "matched");
	cr_expect_eq(web.port, 5);
	write_file(&scene, ".ssh/config", "Match exec \"test -e x\"\nPort 7\nHost *\nUser x\n");
	cr_expect(refused(&scene, ERR_UNSUPPORTED, "config:2: "), "%s", scene.err.text);
	cr_expect(strstr(scene.err.text, "exec"), "%s", scene.err.text);
	/* Where it cannot matter it does not. */
	write_file(&scene, ".ssh/config",
		   "Port 1\nMatch exec \"test -e x\"\nPort 7\nSendEnv X\nHost *\nUser x\n");
	cr_expect(ask(&scene, "web").address, "%s", scene.err.text);
}

Test(ssh_config, what_is_wrong_is_told_by_its_line)
{
	static const struct {
		const char *config, *words;
		enum code code;
	} wrong[] = {
	    {"\nPort\n", "config:2: ", ERR_INVALID},
	    {"User \"x\n", "config:1: ", ERR_INVALID},
	    {"Port many\n", "Port cannot be \"many\"", ERR_INVALID},
	    {"StrictHostKeyChecking perhaps\n", "StrictHostKeyChecking", ERR_INVALID},
	    {"IdentitiesOnly perhaps\n", "IdentitiesOnly", ERR_INVALID},
	    {"ConnectTimeout soon\n", "ConnectTimeout", ERR_INVALID},
	    {"ProxyJump b@\n", "names no machine", ERR_INVALID},
	    {"ProxyCommand nc %h %p\n", "ProxyCommand", ERR_UNSUPPORTED},
	    {"IdentityFile %C\n", "%C", ERR_UNSUPPORTED},
	};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		owned_scene scene = begin(wrong[i].config);
		cr_expect(refused(&scene, wrong[i].code, wrong[i].words), "%s: %s", wrong[i].config,
			  scene.err.text);
	}
}

Test(ssh_config, none_of_it_is_read_where_that_is_wanted)
{
	owned_scene scene = begin("Port nonsense\n");

	scene.here.config = "none";
	cr_expect_eq(ask(&scene, "web").port, 0);
	cr_expect_eq(scene.err.code, OK, "%s", scene.err.text);
	write_file(&scene, "another", "Port 9\n");
	scene.here.config = in_folder(&scene.home, "another");
	cr_expect_eq(ask(&scene, "web").port, 9);
}
