/* test_docker_logins.c - the user's logins are found where the docker program finds them, and sent as it
 * sends them. What it does was taken down from versions 20.10 and 28. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "locations/docker/registry.h"
#include "tests/locations/docker_bench.h"

static void set_up(void);
static void take_down(void);

TestSuite(docker_logins, .init = set_up, .fini = take_down);

#define HUB            "https://index.docker.io/v1/"
#define HERE           "127.0.0.1:5000"
#define ANN            "\"auth\":\"YW5uOnMzOmNyZXQ=\"" /* ann, s3:cret */
#define ANN_AT(server) "{\"username\":\"ann\",\"password\":\"s3:cret\",\"serveraddress\":\"" server "\"}"

/* --- a helper as a script has it ------------------------------------------------------------ */

static struct {
	const char *output, *errors;
	struct process_end end;
	int64_t lives_ms;
} helper;
static struct {
	char program[300], action[20], input[200];
	unsigned times;
	bool own_environment;
} asked;

static int run_helper(void *owner, const struct process_options *options, struct process_end *ret_end,
		      int64_t *ret_lives_ms, struct error *err)
{
	(void)owner, (void)err;
	ssize_t got = read(options->input, asked.input, sizeof(asked.input) - 1);
	cr_assert_geq(got, 0);
	asked.input[got] = '\0';
	snprintf(asked.program, sizeof(asked.program), "%s", options->argv[0]);
	snprintf(asked.action, sizeof(asked.action), "%s", options->argv[1]);
	cr_assert_null(options->argv[2]);
	asked.times++;
	for (const char *const *entry = options->environment; *entry; entry++)
		asked.own_environment |= starts_with(*entry, "PATH=");
	if (helper.output)
		cr_assert_eq(write(options->output, helper.output, strlen(helper.output)),
			     (ssize_t)strlen(helper.output));
	if (helper.errors)
		cr_assert_eq(write(options->errors, helper.errors, strlen(helper.errors)),
			     (ssize_t)strlen(helper.errors));
	*ret_end = helper.end;
	*ret_lives_ms = helper.lives_ms;
	return 0;
}

/* docker-credential-NAME lies in the second folder of PATH. */
static void helper_says(const char *output, int exit_code)
{
	helper.output = output;
	helper.errors = NULL;
	helper.end = (struct process_end){.exit_code = exit_code};
	helper.lives_ms = 100;
	memset(&asked, 0, sizeof(asked));
}

/* --- the bench ------------------------------------------------------------------------------ */

static char folder[300], config_file[320], path[700];
static struct login login;
static bool found;
static char header[1024];

static void file(const char *name, const char *content)
{
	char whole[400];

	snprintf(whole, sizeof(whole), "%s/%s", folder, name);
	cr_assert_eq(docker_world->ops->file_write(docker_world, whole, 0700, content, strlen(content), NULL),
		     0);
}

static void set_up(void)
{
	docker_set_up();
	docker_programs(run_helper);
	snprintf(folder, sizeof(folder), "%s/docker", virtual_world_directory(docker_world));
	snprintf(config_file, sizeof(config_file), "%s/config.json", folder);
	snprintf(path, sizeof(path), "relative:/nonexistent:%s", folder);
	cr_assert_eq(docker_world->ops->directories_make(docker_world, folder, 0700, NULL), 0);
	docker_variable("DOCKER_CONFIG", folder);
	docker_variable("PATH", path);
	file("docker-credential-keys", "");
	login = (struct login){0};
}

static void take_down(void)
{
	login_release(&login);
	docker_take_down();
}

static void now_found(void *owner)
{
	(void)owner;
	cr_assert_not(found, "found twice");
	found = true;
}

static bool is_found(void *owner)
{
	(void)owner;
	return found;
}

/* The login's JSON for an image; "" when there is none. */
static const char *login_for(const char *image)
{
	found = false;
	if (login_find(&login, docker_location.state, image, now_found, NULL) == PROGRESS_WAITING)
		cr_assert(virtual_world_run(docker_world, is_found, NULL, 600000), "nothing was ever found");
	header[0] = '\0';
	if (login.header.length)
		docker_login_read(text_view(&login.header), header, sizeof(header));
	return header;
}

static void gives(const char *config, const char *image, const char *wanted)
{
	file("config.json", config);
	const char *got = login_for(image);
	cr_expect_str_eq(got, wanted, "%s with %s: %s", image, config, got);
}

static void gives_nothing_because(const char *config, const char *why)
{
	gives(config, HERE "/a:1", "");
	cr_expect(login.trouble.code && strstr(login.trouble.text, why), "no `%s` in: %s", why,
		  login.trouble.text);
}

static void one_entry(const char *key, const char *image, bool its)
{
	char config[400], wanted[400];

	snprintf(config, sizeof(config), "{\"auths\":{\"%s\":{" ANN "}}}", key);
	snprintf(wanted, sizeof(wanted),
		 "{\"username\":\"ann\",\"password\":\"s3:cret\",\"serveraddress\":\"%s\"}", key);
	gives(config, image, its ? wanted : "");
	cr_expect_eq(login.trouble.code, OK, "%s", login.trouble.text);
}

/* --- which entry ---------------------------------------------------------------------------- */

Test(docker_logins, registry_is_matched_by_host_and_port)
{
	static const struct {
		const char *key;
		bool its;
	} keys[] = {{HERE, true},
		    {"http://" HERE, true},
		    {"https://" HERE "/v2/", true},
		    {HERE "/app", true},
		    {"HTTPS://" HERE, true},
		    {"127.0.0.1", false},
		    {"127.0.0.1:5001", false},
		    {"127.0.0.1:50000", false},
		    {"x" HERE, false},
		    {"ftp://" HERE, false},
		    {"", false}};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		one_entry(keys[i].key, HERE "/app/one:1", keys[i].its);
	one_entry("reg.example", "reg.example/app/one", true);
	one_entry("https://reg.example", "reg.example/app/one", true);
	one_entry("reg.example:443", "reg.example/app/one", false);
	one_entry("reg.example", "reg.example:443/app/one", false);
	one_entry("REG.example", "reg.example/app/one", false);
	one_entry("reg.example",
		  "reg.example/one@sha256:0123456789012345678901234567890123456789012345678901234567890123",
		  true);
}

Test(docker_logins, hub_has_one_name)
{
	static const char *const others[] = {
	    "docker.io",          "index.docker.io",      "https://index.docker.io/v1",
	    "https://docker.io/", "registry-1.docker.io", "https://index.docker.io/v2/"};

	one_entry(HUB, "redis:3", true);
	one_entry(HUB, "docker.io/library/redis:3", true);
	one_entry(HUB, "index.docker.io/someone/thing", true);
	one_entry(HUB, "reg.example/thing", false);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		one_entry(others[i], "redis:3", false);
}

Test(docker_logins, exact_name_goes_first)
{
	gives("{\"auths\":{\"https://" HERE "/v2/\":{\"username\":\"old\",\"password\":\"x\"},\"" HERE
	      "\":{" ANN "}}}",
	      HERE "/a", ANN_AT(HERE));
}

Test(docker_logins, members_are_sent_as_they_are_kept)
{
	static const struct {
		const char *entry, *wanted;
	} entries[] = {
	    {"\"username\":\"u\",\"password\":\"p\"", "\"username\":\"u\",\"password\":\"p\","},
	    {"\"username\":\"u\",\"password\":\"p\"," ANN, "\"username\":\"ann\",\"password\":\"s3:cret\","},
	    {ANN ",\"identitytoken\":\"it\"",
	     "\"username\":\"ann\",\"password\":\"s3:cret\",\"identitytoken\":\"it\","},
	    {"\"identitytoken\":\"it\"", "\"identitytoken\":\"it\","},
	    {"\"registrytoken\":\"rt\"", "\"registrytoken\":\"rt\","},
	    {"\"auth\":\"dTo=\"", "\"username\":\"u\","},
	    {"\"auth\":\"dTpwAAA=\"", "\"username\":\"u\",\"password\":\"p\","},
	    {"\"auth\":\"dTpww7YvPz4=\"", "\"username\":\"u\",\"password\":\"pö/?>\","},
	};
	char config[400], wanted[400];

	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		snprintf(config, sizeof(config), "{\"auths\":{\"" HERE "\":{%s}}}", entries[i].entry);
		snprintf(wanted, sizeof(wanted), "{%s\"serveraddress\":\"" HERE "\"}", entries[i].wanted);
		gives(config, HERE "/a", wanted);
	}
}

Test(docker_logins, nothing_kept_is_nothing_sent)
{
	static const char *const none[] = {"{}",
					   "",
					   " \n",
					   "{\"auths\":{}}",
					   "{\"auths\":[]}",
					   "{\"auths\":{\"" HERE "\":{}}}",
					   "{\"auths\":{\"" HERE "\":{\"auth\":\"\"}}}",
					   "{\"auths\":{\"" HERE "\":{\"auth\":5}}}",
					   "{\"credsStore\":\"\"}",
					   "{\"credsStore\":7,\"credHelpers\":{\"" HERE "\":[]}}"};

	for (size_t i = 0; i < COUNT_OF(none); i++) {
		gives(none[i], HERE "/a", "");
		cr_expect_eq(login.trouble.code, OK, "%s: %s", none[i], login.trouble.text);
		cr_expect_null(login.source);
	}
}

Test(docker_logins, no_configuration_is_no_login)
{
	cr_expect_str_eq(login_for(HERE "/a"), "");
	cr_expect_eq(login.trouble.code, OK);
	docker_variable("DOCKER_CONFIG", NULL);
	docker_variable("HOME", NULL);
	cr_expect_str_eq(login_for(HERE "/a"), "");
	cr_expect_eq(login.trouble.code, OK);
}

Test(docker_logins, configuration_lies_in_the_home_else)
{
	char home[320];

	snprintf(home, sizeof(home), "%s/home/.docker", folder);
	cr_assert_eq(docker_world->ops->directories_make(docker_world, home, 0700, NULL), 0);
	file("home/.docker/config.json", "{\"auths\":{\"" HERE "\":{" ANN "}}} and more");
	snprintf(home, sizeof(home), "%s/home", folder);
	docker_variable("DOCKER_CONFIG", "");
	docker_variable("HOME", home);
	cr_expect_str_eq(login_for(HERE "/a"), ANN_AT(HERE));
	cr_expect(ends_with(login.source, "/home/.docker/config.json"), "%s", login.source);
}

/* --- what is damaged ------------------------------------------------------------------------ */

Test(docker_logins, damage_is_told_with_its_line_and_without_the_secret)
{
	gives_nothing_because("{\"auths\": {\n\n  \"" HERE "\": {\"auth\" \"aHVudGVyMg==\"}}}",
			      "config.json:3: not valid JSON");
	cr_expect_not(strstr(login.trouble.text, "aHVudGVyMg"), "%s", login.trouble.text);
	gives_nothing_because("{\"auths\":", "config.json:1: not valid JSON");
	gives_nothing_because("[]", "config.json:1: no JSON object");
	gives_nothing_because("{\"auths\": {\n \"other\": {" ANN "},\n \"" HERE
			      "\": {\"auth\": \"aHVudGVyMg\"}}}",
			      "config.json:3: this is no login");
	cr_expect_not(strstr(login.trouble.text, "aHVudGVyMg"), "%s", login.trouble.text);
	cr_expect(strstr(login.trouble.remedy, "docker login"));
	gives_nothing_because("{\"auths\":{\"" HERE "\":{\"auth\":\"bm9jb2xvbg==\"}}}", "no login");
	gives_nothing_because("{\"auths\":{\"" HERE "\":{\"auth\":\"OnB3\"}}}", "no login");
	gives_nothing_because("{\"auths\":{\"" HERE "\":{\"auth\":\"dTr//w==\"}}}", "no login");
	gives_nothing_because("{\"auths\":{\"" HERE "\":\"auth\"}}", "no login");
}

Test(docker_logins, damage_elsewhere_does_not_matter)
{
	gives("{\"auths\":{\"other\":{\"auth\":\"!!!\"},\"" HERE "\":{" ANN "}}}", HERE "/a", ANN_AT(HERE));
	cr_expect_eq(login.trouble.code, OK);
}

Test(docker_logins, file_that_is_none_is_told_of)
{
	cr_assert_eq(docker_world->ops->directories_make(docker_world, config_file, 0700, NULL), 0);
	cr_expect_str_eq(login_for(HERE "/a"), "");
	cr_expect_eq(login.trouble.code, ERR_DENIED);
	cr_expect(strstr(login.trouble.text, config_file));
}

/* --- helpers -------------------------------------------------------------------------------- */

Test(docker_logins, helper_is_asked_as_docker_asks_it)
{
	helper_says("{\"ServerURL\":\"x\",\"Username\":\"helped\",\"Secret\":\"key\"}\n", 0);
	gives("{\"credsStore\":\"keys\"}", HERE "/a:1",
	      "{\"username\":\"helped\",\"password\":\"key\",\"serveraddress\":\"" HERE "\"}");
	cr_expect_str_eq(asked.input, HERE);
	cr_expect_str_eq(asked.action, "get");
	cr_expect(ends_with(asked.program, "/docker/docker-credential-keys"), "%s", asked.program);
	cr_expect(asked.own_environment);
	cr_expect_str_eq(login.source, "docker-credential-keys");
	gives("{\"credsStore\":\"keys\"}", "redis",
	      "{\"username\":\"helped\",\"password\":\"key\",\"serveraddress\":\"" HUB "\"}");
	cr_expect_str_eq(asked.input, HUB);
}

Test(docker_logins, helper_of_one_registry_goes_before_the_one_of_all)
{
	helper_says("{\"Username\":\"u\",\"Secret\":\"s\"}", 0);
	gives("{\"credsStore\":\"absent\",\"credHelpers\":{\"" HERE "\":\"keys\"}}", HERE "/a",
	      "{\"username\":\"u\",\"password\":\"s\",\"serveraddress\":\"" HERE "\"}");
	gives("{\"credHelpers\":{\"https://" HERE "\":\"keys\"}}", HERE "/a", "");
	gives("{\"credHelpers\":{\"docker.io\":\"keys\"}}", "redis", "");
	cr_expect_eq(asked.times, 1);
	gives("{\"credHelpers\":{\"" HUB "\":\"keys\"}}", "redis",
	      "{\"username\":\"u\",\"password\":\"s\",\"serveraddress\":\"" HUB "\"}");
	gives("{\"credHelpers\":{\"" HERE "\":\"\"},\"credsStore\":\"keys\",\"auths\":{\"" HERE "\":{" ANN
	      "}}}",
	      HERE "/a", ANN_AT(HERE));
	cr_expect_eq(asked.times, 2);
}

Test(docker_logins, helper_may_have_a_token)
{
	helper_says("{\"Username\":\"<token>\",\"Secret\":\"tok\"}", 0);
	gives("{\"credsStore\":\"keys\"}", HERE "/a",
	      "{\"identitytoken\":\"tok\",\"serveraddress\":\"" HERE "\"}");
	helper_says("{\"username\":\"low\",\"secret\":\"s\"} and more", 0);
	gives("{\"credsStore\":\"keys\"}", HERE "/a",
	      "{\"username\":\"low\",\"password\":\"s\",\"serveraddress\":\"" HERE "\"}");
}

Test(docker_logins, helper_that_knows_none_is_no_trouble)
{
	helper_says("credentials not found in native keychain\n", 1);
	gives("{\"credsStore\":\"keys\",\"auths\":{\"" HERE "\":{" ANN "}}}", HERE "/a", "");
	cr_expect_eq(login.trouble.code, OK);
	helper_says("{}", 0);
	gives("{\"credsStore\":\"keys\"}", HERE "/a", "");
	cr_expect_eq(login.trouble.code, OK);
}

Test(docker_logins, failing_helper_is_told_in_its_own_words)
{
	helper_says("the keychain\nis \033locked\n", 1);
	gives_nothing_because("{\"credsStore\":\"keys\"}",
			      "docker-credential-keys: the keychain is \\x1blocked");
	helper_says("", 3);
	helper.errors = "pass: not initialised\n";
	gives_nothing_because("{\"credsStore\":\"keys\"}", "docker-credential-keys: pass: not initialised");
	helper_says("", 3);
	gives_nothing_because("{\"credsStore\":\"keys\"}", "docker-credential-keys ended with code 3");
	helper_says("", 0);
	helper.end = (struct process_end){.exit_code = -1, .signal = 11};
	gives_nothing_because("{\"credsStore\":\"keys\"}", "signal 11");
	helper_says("hunter2", 0);
	gives_nothing_because("{\"credsStore\":\"keys\"}", "an answer that is no login");
	cr_expect_not(strstr(login.trouble.text, "hunter2"), "%s", login.trouble.text);
	helper_says("{\"Username\":\"u\",\"Secret\":\"hunter2\"}", 1);
	gives_nothing_because("{\"credsStore\":\"keys\"}", "ended with code 1");
	cr_expect_not(strstr(login.trouble.text, "hunter2"), "%s", login.trouble.text);
}

Test(docker_logins, what_the_file_has_stands_in_for_a_failing_helper)
{
	helper_says("locked", 1);
	gives("{\"credsStore\":\"keys\",\"auths\":{\"" HERE "\":{" ANN "}}}", HERE "/a", ANN_AT(HERE));
	cr_expect(strstr(login.trouble.text, "locked"));
	gives("{\"credsStore\":\"absent\",\"auths\":{\"" HERE "\":{" ANN "}}}", HERE "/a", ANN_AT(HERE));
	cr_expect(strstr(login.trouble.text, "docker-credential-absent is in no folder of PATH"));
}

Test(docker_logins, hanging_helper_is_given_up)
{
	helper_says(NULL, 0);
	helper.lives_ms = -1;
	int64_t before = docker_world->ops->now(docker_world);
	gives_nothing_because("{\"credsStore\":\"keys\"}",
			      "docker-credential-keys: it did not end within 60 s");
	cr_expect_eq(docker_world->ops->now(docker_world) - before, 60000);
	cr_expect_eq(virtual_world_pending(docker_world), 0);
}

Test(docker_logins, talkative_helper_is_given_up)
{
	static char much[60001]; /* a pipe holds no more before somebody reads */

	memset(much, 'x', sizeof(much) - 1);
	helper_says(much, 0);
	helper.errors = "y";
	gives_nothing_because("{\"credsStore\":\"keys\"}", "an answer that is no login");
	cr_expect_lt(strlen(login.trouble.text), 200);
}

Test(docker_logins, helper_outside_of_path_is_never_run)
{
	helper_says("{}", 0);
	file("evil", "");
	gives_nothing_because("{\"credsStore\":\"../evil\"}", "in no folder of PATH");
	docker_variable("PATH", ".:docker:");
	gives_nothing_because("{\"credsStore\":\"keys\"}", "in no folder of PATH");
	cr_expect_eq(asked.times, 0);
}

Test(docker_logins, dropped_search_ends_its_helper)
{
	helper_says("{}", 0);
	helper.lives_ms = -1;
	file("config.json", "{\"credsStore\":\"keys\"}");
	cr_assert_eq(login_find(&login, docker_location.state, HERE "/a", now_found, NULL), PROGRESS_WAITING);
	cr_expect_str_eq(login.helper, "docker-credential-keys");
	login_release(&login);
	cr_expect_eq(virtual_world_pending(docker_world), 0);
	virtual_world_run(docker_world, NULL, NULL, 100000);
	cr_expect_not(found);
}

/* --- after use ------------------------------------------------------------------------------ */

Test(docker_logins, sent_login_leaves_only_what_messages_need)
{
	file("config.json", "{\"auths\":{\"" HERE "\":{" ANN "}}}");
	login_for(HERE "/a");
	cr_assert(login.header.secret && login.header.length);
	login_wipe(&login);
	cr_expect(!login.header.length && !login.header.data);
	cr_expect_str_eq(login.source, config_file);
	cr_expect_str_eq(login.host, HERE);
}
