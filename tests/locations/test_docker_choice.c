/* test_docker_choice.c - which engine is meant: the location, docker's variables, contexts, a socket that is
 * there. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "tests/locations/docker_bench.h"

static const char *home;

static void set_up(void)
{
	docker_set_up();
	home = virtual_world_directory(docker_world);
	docker_variable("HOME", home);
}

TestSuite(docker_choice, .init = set_up, .fini = docker_take_down);

static const struct endpoint *opened(const char *target, const char *options, const char *host)
{
	cr_assert(docker_reopen(target, options, host) == 0, "%s (%s)", docker_error.text,
		  docker_error.remedy);
	return &((const struct docker *)docker_location.state)->endpoint;
}

static const char *chosen(void)
{
	return opened("", NULL, NULL)->shown;
}

static void refused(enum code code, const char *target, const char *options)
{
	cr_assert(docker_reopen(target, options, NULL) == -1, "accepted");
	cr_assert(docker_error.code == code, "%s: %s", code_name(docker_error.code), docker_error.text);
}

/* A file below the home, with its folders. */
static const char *write_file(const char *name, const char *content)
{
	static char path[512];
	char folder[512];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	cr_assert(docker_world->ops->directories_make(docker_world, folder, 0755, NULL) == 0);
	cr_assert(docker_world->ops->file_write(docker_world, path, 0600, content, strlen(content), NULL) ==
		  0);
	return path;
}

static void write_in_context(const char *context, const char *format, const char *content)
{
	char digest[DIGEST_HEX], name[256];

	cr_assert(digest_hex(context, strlen(context), digest) == 0);
	snprintf(name, sizeof(name), format, digest);
	write_file(name, content);
}

static void make_context(const char *name, const char *host, bool unchecked)
{
	char meta[512];

	snprintf(meta, sizeof(meta),
		 "{\"Name\": \"%s\", \"Metadata\": {}, \"Endpoints\": {\"docker\": {\"Host\": \"%s\", "
		 "\"SkipTLSVerify\": %s}}}",
		 name, host, unchecked ? "true" : "false");
	write_in_context(name, ".docker/contexts/meta/%s/meta.json", meta);
}

/* --- precedence --- */

Test(docker_choice, the_location_counts_before_all_that_is_around)
{
	make_context("ctx", "unix:///context", false);
	docker_variable("DOCKER_CONTEXT", "ctx");
	cr_assert_str_eq(opened("unix:///target", NULL, "unix:///environment")->shown, "unix:///target");
	cr_assert_null(opened("unix:///target", NULL, "unix:///environment")->because);
	cr_assert_str_eq(opened("", "{\"host\": \"unix:///option\"}", "unix:///environment")->shown,
			 "unix:///option");
}

Test(docker_choice, docker_host_counts_before_docker_context_and_that_is_said)
{
	make_context("ctx", "unix:///context", false);
	docker_variable("DOCKER_CONTEXT", "ctx");
	cr_assert_str_eq(opened("", NULL, "unix:///environment")->shown, "unix:///environment");
	cr_assert_str_eq(opened("", NULL, "unix:///environment")->because,
			 "DOCKER_HOST, which counts before DOCKER_CONTEXT");
}

Test(docker_choice, docker_context_counts_before_the_configuration)
{
	make_context("ctx", "unix:///context", false);
	make_context("current", "unix:///current", false);
	write_file(".docker/config.json", "{\"auths\": {}, \"currentContext\": \"current\"}");
	cr_assert_str_eq(chosen(), "unix:///current");
	cr_assert(strstr(opened("", NULL, NULL)->because, "Docker context `current`, the current one by"));
	cr_assert(strstr(opened("", NULL, NULL)->because, "/.docker/config.json"));
	docker_variable("DOCKER_CONTEXT", "ctx");
	cr_assert_str_eq(chosen(), "unix:///context");
	cr_assert_str_eq(opened("", NULL, NULL)->because, "Docker context `ctx`, named by DOCKER_CONTEXT");
	docker_variable("DOCKER_CONTEXT", "default");
	cr_assert_str_eq(chosen(), "unix:///var/run/docker.sock");
}

Test(docker_choice, a_variable_that_is_empty_is_none)
{
	make_context("current", "unix:///current", false);
	write_file(".docker/config.json", "{\"currentContext\": \"current\"}");
	docker_variable("DOCKER_CONTEXT", "");
	cr_assert_str_eq(opened("", NULL, "")->shown, "unix:///current");
}

Test(docker_choice, docker_config_is_where_the_contexts_are)
{
	make_context("ctx", "unix:///context", false);
	docker_variable("DOCKER_CONTEXT", "ctx");
	docker_variable("DOCKER_CONFIG", "/nowhere");
	refused(ERR_INVALID, "", NULL);
	SAYS("/nowhere/contexts/meta/");
	docker_variable("DOCKER_CONFIG", arena_format(&(struct arena){0}, "%s/.docker", home));
	cr_assert_str_eq(chosen(), "unix:///context");
}

Test(docker_choice, a_location_names_a_context_outright)
{
	make_context("ctx", "tcp://10.0.0.5:2375", false);
	cr_assert_str_eq(opened("context=ctx", NULL, "unix:///environment")->shown, "tcp://10.0.0.5:2375");
	cr_assert_str_eq(opened("", "{\"context\": \"ctx\"}", "unix:///environment")->base,
			 "http://10.0.0.5:2375");
	/* What docker calls by that name. */
	cr_assert_str_eq(opened("context=default", NULL, "unix:///environment")->shown,
			 "unix:///environment");
	cr_assert_str_eq(opened("context=default", NULL, NULL)->shown, "unix:///var/run/docker.sock");
}

Test(docker_choice, one_location_says_only_once_which_engine_it_is)
{
	make_context("ctx", "unix:///context", false);
	refused(ERR_INVALID, "context=ctx", "{\"context\": \"ctx\"}");
	refused(ERR_INVALID, "unix:///x", "{\"context\": \"ctx\"}");
	refused(ERR_INVALID, "unix:///x", "{\"host\": \"unix:///y\"}");
	SAYS("both say which engine");
	refused(ERR_INVALID, "", "{\"host\": \"unix:///y\", \"context\": \"ctx\"}");
	refused(ERR_INVALID, "context=ctx", "{\"tlsVerify\": true}");
	SAYS("certificates of its own");
}

/* --- contexts that cannot be followed --- */

Test(docker_choice, an_unknown_context_is_told_with_its_file)
{
	docker_variable("DOCKER_CONTEXT", "nope");
	refused(ERR_INVALID, "", NULL);
	SAYS("no Docker context `nope` (named by DOCKER_CONTEXT)");
	SAYS("/.docker/contexts/meta/ca3704aa0b06f5954c79ee837faa152d84d6b2d42838f0637a15eda8337dbdce/"
	     "meta.json");
	HELPS("docker context ls");
}

Test(docker_choice, a_damaged_context_is_told_with_its_file)
{
	write_in_context("bad", ".docker/contexts/meta/%s/meta.json", "{\"Name\": \"bad\", ");
	refused(ERR_INVALID, "context=bad", NULL);
	SAYS("meta.json");
	HELPS("docker context inspect bad");
	write_in_context("bad", ".docker/contexts/meta/%s/meta.json",
			 "{\"Name\": \"bad\", \"Endpoints\": {}}");
	refused(ERR_INVALID, "context=bad", NULL);
	SAYS("names no engine");
	write_in_context("bad", ".docker/contexts/meta/%s/meta.json", "[]");
	refused(ERR_INVALID, "context=bad", NULL);
	make_context("bad", "ssh://some where", false);
	refused(ERR_INVALID, "context=bad", NULL);
	SAYS("names no machine");
	make_context("far", "ssh://me@somewhere", false);
	cr_assert_eq(docker_reopen("context=far", NULL, NULL), 0, "%s", docker_error.text);
}

Test(docker_choice, a_damaged_configuration_is_never_passed_over)
{
	write_file(".docker/config.json", "{\"currentContext\": ");
	refused(ERR_INVALID, "", NULL);
	SAYS("/.docker/config.json");
	HELPS("DOCKER_CONTEXT=default");
	write_file(".docker/config.json", "{\"currentContext\": 7}");
	refused(ERR_INVALID, "", NULL);
	write_file(".docker/config.json", "");
	cr_assert_str_eq(chosen(), "unix:///var/run/docker.sock");
	/* Who chooses without it does not read it. */
	write_file(".docker/config.json", "{\"currentContext\": ");
	docker_variable("DOCKER_CONTEXT", "default");
	cr_assert_str_eq(chosen(), "unix:///var/run/docker.sock");
}

/* --- the engine of this machine --- */

Test(docker_choice, without_a_word_it_is_the_first_socket_that_is_there)
{
	char runtime[256], own[256], desktop[256];

	snprintf(runtime, sizeof(runtime), "%s/run", home);
	docker_variable("XDG_RUNTIME_DIR", runtime);
	docker_socket("/run/podman/podman.sock");
	cr_assert_str_eq(chosen(), "unix:///run/podman/podman.sock");
	cr_assert_str_eq(opened("", NULL, NULL)->because, "the first socket found, Podman's");
	write_file("run/podman/podman.sock", "");
	snprintf(own, sizeof(own), "%s/run/podman/podman.sock", home);
	cr_assert_str_eq(opened("", NULL, NULL)->socket, own);
	snprintf(desktop, sizeof(desktop), "%s", write_file(".docker/run/docker.sock", ""));
	cr_assert_str_eq(opened("", NULL, NULL)->socket, desktop);
	const char *rootless = write_file("run/docker.sock", "");
	cr_assert_str_eq(opened("", NULL, NULL)->socket, rootless);
	docker_socket("/var/run/docker.sock");
	cr_assert_str_eq(chosen(), "unix:///var/run/docker.sock");
	cr_assert_str_eq(opened("", NULL, NULL)->because, "the docker program's default");
}

/* With Docker stopped, what runs there must not be made once more elsewhere. */
Test(docker_choice, a_socket_that_is_there_but_silent_is_not_passed_over)
{
	struct location_facts facts;

	docker_socket("/var/run/docker.sock");
	docker_socket("/run/podman/podman.sock");
	cr_assert_str_eq(chosen(), "unix:///var/run/docker.sock");
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE);
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	HELPS("Podman's socket is there too (docker:unix:///run/podman/podman.sock)");
	REPLY("GET /_ping", 0, NULL, .error = ERR_DENIED);
	MUST_FAIL(ERR_DENIED, connect, &facts);
	HELPS("Podman's");
}

Test(docker_choice, when_none_is_there_all_that_was_tried_is_told)
{
	struct location_facts facts;

	docker_variable("XDG_RUNTIME_DIR", "/run/user/7");
	cr_assert_str_eq(chosen(), "unix:///var/run/docker.sock");
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE);
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	SAYS("no engine is found on this machine: there is no /var/run/docker.sock, "
	     "/run/user/7/docker.sock, ");
	SAYS("/.docker/run/docker.sock, /run/user/7/podman/podman.sock, /run/podman/podman.sock");
	HELPS("systemctl start docker");
	HELPS("DOCKER_HOST");
}

Test(docker_choice, who_chose_is_told)
{
	struct location_facts facts = {0};

	REPLY("GET /version", 200, "{\"Version\": \"20.10.24\"}");
	REPLY("GET /info", 200, "{\"NCPU\": 2}");
	opened("", NULL, "unix:///engine.sock");
	MUST(connect, &facts);
	cr_assert_str_eq(facts.because, "DOCKER_HOST");
	opened("unix:///engine.sock", NULL, NULL);
	MUST(connect, &facts);
	cr_assert_str_eq(facts.because, "");
}

/* --- TLS --- */

static const char *certificates(const char *folder)
{
	static char path[512];
	char name[128];
	static const char *const names[] = {"ca.pem", "cert.pem", "key.pem"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
		write_file(name, "pem");
	}
	snprintf(path, sizeof(path), "%s/%s", home, folder);
	return path;
}

static void uses(const struct endpoint *endpoint, const char *folder)
{
	char path[600];

	cr_assert(endpoint->secure);
	snprintf(path, sizeof(path), "%s/ca.pem", folder);
	cr_assert_str_eq(endpoint->tls.ca_file, path);
	snprintf(path, sizeof(path), "%s/cert.pem", folder);
	cr_assert_str_eq(endpoint->tls.cert_file, path);
	snprintf(path, sizeof(path), "%s/key.pem", folder);
	cr_assert_str_eq(endpoint->tls.key_file, path);
	cr_assert_not(endpoint->tls.no_verify);
}

Test(docker_choice, docker_tls_verify_and_cert_path)
{
	const char *folder = certificates("certs");

	docker_variable("DOCKER_TLS_VERIFY", "1");
	docker_variable("DOCKER_CERT_PATH", folder);
	const struct endpoint *endpoint = opened("", NULL, "tcp://10.0.0.5:4000");
	uses(endpoint, folder);
	cr_assert_str_eq(endpoint->base, "https://10.0.0.5:4000");
	cr_assert_str_eq(endpoint->shown, "tcp://10.0.0.5:4000");
	/* As the docker program has it, which knows no other port of an engine than this. */
	cr_assert_str_eq(opened("", NULL, "tcp://10.0.0.5")->base, "https://10.0.0.5:2375");
	cr_assert_str_eq(opened("", NULL, "10.0.0.5")->base, "https://10.0.0.5:2375");
	/* And which goes there when nobody says where. */
	cr_assert_str_eq(opened("", NULL, NULL)->base, "https://localhost:2376");
	/* A socket needs none of it. */
	cr_assert_not(opened("", NULL, "unix:///engine.sock")->secure);
}

Test(docker_choice, the_usual_folder_is_docker_s_own)
{
	const char *folder = certificates(".docker");

	docker_variable("DOCKER_TLS_VERIFY", "1");
	uses(opened("", NULL, "tcp://10.0.0.5:4000"), folder);
}

Test(docker_choice, docker_tls_alone_trusts_any_certificate)
{
	docker_variable("DOCKER_TLS", "1");
	docker_variable("DOCKER_CERT_PATH", certificates("certs"));
	const struct endpoint *endpoint = opened("", NULL, "tcp://10.0.0.5:4000");
	cr_assert(endpoint->secure && endpoint->tls.no_verify);
	cr_assert_null(endpoint->tls.ca_file);
	cr_assert_not_null(endpoint->tls.cert_file);
}

Test(docker_choice, what_is_to_be_verified_needs_an_authority)
{
	docker_variable("DOCKER_TLS_VERIFY", "1");
	docker_variable("DOCKER_CERT_PATH", "/no/such/folder");
	refused(ERR_INVALID, "tcp://10.0.0.5:4000", NULL);
	SAYS("/no/such/folder/ca.pem");
	HELPS("DOCKER_CERT_PATH");
	refused(ERR_INVALID, "tcp://10.0.0.5:4000", "{\"certPath\": \"/nor/here\"}");
	SAYS("/nor/here/ca.pem");
	refused(ERR_INVALID, "tcp://10.0.0.5:4000", "{\"ca\": \"/nor/here.pem\"}");
	SAYS("/nor/here.pem");
}

Test(docker_choice, the_port_that_was_made_for_tls_means_it_in_a_location)
{
	const struct endpoint *endpoint = opened("tcp://10.0.0.5:2376", NULL, NULL);

	cr_assert_str_eq(endpoint->base, "https://10.0.0.5:2376");
	cr_assert_not(endpoint->tls.no_verify);
	cr_assert_null(endpoint->tls.ca_file); /* the system's authorities count */
	cr_assert_str_eq(opened("https://10.0.0.5", NULL, NULL)->base, "https://10.0.0.5:2376");
	cr_assert_str_eq(opened("http://10.0.0.5:2376", NULL, NULL)->base, "http://10.0.0.5:2376");
	cr_assert_str_eq(opened("tcp://10.0.0.5", NULL, NULL)->base, "http://10.0.0.5:2375");
	cr_assert_str_eq(opened("tcp://10.0.0.5", "{\"tlsVerify\": false}", NULL)->base,
			 "https://10.0.0.5:2376");
	/* The docker program would not take it so. */
	cr_assert_str_eq(opened("", NULL, "tcp://10.0.0.5:2376")->base, "http://10.0.0.5:2376");
}

Test(docker_choice, a_location_s_own_options_count_alone)
{
	struct arena arena = {0};
	const char *folder = arena_text(&arena, certificates("mine"));

	docker_variable("DOCKER_TLS", "1");
	docker_variable("DOCKER_CERT_PATH", certificates("certs"));
	uses(opened("", "{\"host\": \"tcp://10.0.0.5:4000\", \"tlsVerify\": true, \"certPath\": \"~/mine\"}",
		    NULL),
	     folder);
	uses(opened("tcp://10.0.0.5:4000",
		    arena_format(
			&arena, "{\"ca\": \"%s/ca.pem\", \"cert\": \"%s/cert.pem\", \"key\": \"%s/key.pem\"}",
			folder, folder, folder),
		    NULL),
	     folder);
	cr_assert(opened("tcp://10.0.0.5:4000", "{\"tlsVerify\": false}", NULL)->tls.no_verify);
	arena_release(&arena);
}

Test(docker_choice, options_that_contradict_are_refused)
{
	certificates("mine");
	refused(ERR_INVALID, "tcp://10.0.0.5", "{\"cert\": \"~/mine/cert.pem\"}");
	SAYS("without `key`");
	refused(ERR_INVALID, "http://10.0.0.5", "{\"tlsVerify\": true}");
	SAYS("without TLS");
	refused(ERR_INVALID, "unix:///engine.sock", "{\"certPath\": \"~/mine\"}");
	refused(ERR_INVALID, "tcp://10.0.0.5", "{\"certPath\": \"mine\"}");
	SAYS("begins with /");
	refused(ERR_INVALID, "tcp://10.0.0.5", "{\"tlsVerify\": \"yes\"}");
	refused(ERR_INVALID, "tcp://10.0.0.5", "{\"context\": \"\"}");
}

Test(docker_choice, a_context_has_its_certificates_beside_it)
{
	char digest[DIGEST_HEX], folder[512];

	docker_variable("DOCKER_TLS_VERIFY", "1");
	make_context("plain", "tcp://10.0.0.5:2376", false);
	cr_assert_not(opened("context=plain", NULL, NULL)->secure);
	make_context("ctx", "tcp://10.0.0.5:4000", false);
	digest_hex("ctx", 3, digest);
	snprintf(folder, sizeof(folder), ".docker/contexts/tls/%s/docker", digest);
	/* There before the context is read, whichever argument a compiler computes first. */
	const char *beside = certificates(folder);
	uses(opened("context=ctx", NULL, NULL), beside);
	make_context("lax", "tcp://10.0.0.5:4000", true);
	cr_assert(opened("context=lax", NULL, NULL)->tls.no_verify);
}

/* --- coming back --- */

static const json_t *come_back(const char *target)
{
	const json_t *options;

	cr_assert_str_eq(docker_driver.resolved(&docker_location, &options), target);
	return options;
}

Test(docker_choice, an_engine_is_found_again_without_the_environment_that_led_there)
{
	struct arena arena = {0};
	const char *folder = arena_text(&arena, certificates("certs"));

	opened("", NULL, NULL);
	cr_assert_null(come_back("unix:///var/run/docker.sock"));
	opened("", NULL, "tcp://10.0.0.5:2376"); /* plain, as the docker program has it */
	cr_assert_null(come_back("http://10.0.0.5:2376"));
	docker_variable("DOCKER_TLS_VERIFY", "1");
	docker_variable("DOCKER_CERT_PATH", folder);
	opened("", "{\"address\": \"10.0.0.5\"}", "tcp://10.0.0.5:4000");
	const json_t *options = come_back("tcp://10.0.0.5:4000");
	cr_assert_str_eq(json_text(options, "certPath"), folder);
	cr_assert_str_eq(json_text(options, "address"), "10.0.0.5");
	owned_memory char *line = json_line(options);
	docker_variable("DOCKER_TLS_VERIFY", NULL);
	docker_variable("DOCKER_CERT_PATH", NULL);
	uses(opened("tcp://10.0.0.5:4000", line, NULL), folder);
	arena_release(&arena);
}

Test(docker_choice, what_a_location_says_itself_is_kept_as_it_is)
{
	make_context("ctx", "unix:///context", false);
	opened("context=ctx", NULL, NULL);
	cr_assert_null(come_back("context=ctx"));
	opened("", "{\"context\": \"ctx\"}", NULL);
	cr_assert_str_eq(json_text(come_back(""), "context"), "ctx");
}

/* --- proxies --- */

static const char *proxy(const char *target)
{
	return opened(target, NULL, NULL)->proxy;
}

Test(docker_choice, a_proxy_is_heeded_as_by_the_docker_program)
{
	cr_assert_null(proxy("tcp://10.0.0.5:2375"));
	docker_variable("http_proxy", "http://p:1");
	docker_variable("HTTPS_PROXY", "http://p:2");
	cr_assert_str_eq(proxy("tcp://10.0.0.5:2375"), "http://p:1");
	cr_assert_str_eq(proxy("tcp://10.0.0.5:2376"), "http://p:2");
	docker_variable("HTTP_PROXY", "http://p:3");
	cr_assert_str_eq(proxy("tcp://10.0.0.5:2375"), "http://p:3");
	cr_assert_null(proxy("tcp://127.0.0.1:2375"));
	cr_assert_null(proxy("tcp://localhost:2375"));
	cr_assert_null(proxy("tcp://[::1]:2375"));
	cr_assert_null(proxy("unix:///engine.sock"));
}

Test(docker_choice, no_proxy_spares_hosts_networks_and_domains)
{
	static const struct {
		const char *list, *target;
		bool spared;
	} cases[] = {
	    {"*", "tcp://a.example", true},
	    {"10.0.0.5", "tcp://10.0.0.5", true},
	    {"10.0.0.6", "tcp://10.0.0.5", false},
	    {"192.168.0.0/16, 10.0.0.0/8", "tcp://10.0.0.5", true},
	    {"10.0.0.0/30", "tcp://10.0.0.5", false},
	    {"10.0.0.0/33", "tcp://10.0.0.5", false},
	    {"fd00::/8", "tcp://[fd12::1]:1", true},
	    {"fd00::/8", "tcp://[fe80::1]:1", false},
	    {"example.org", "tcp://example.org", true},
	    {"example.org", "tcp://a.EXAMPLE.org", true},
	    {"example.org", "tcp://notexample.org", false},
	    {".example.org", "tcp://a.example.org", true},
	    {".example.org", "tcp://example.org", false},
	    {"*.example.org", "tcp://a.example.org", true},
	    {"a.example:2375", "tcp://a.example:2375", true},
	    {"a.example:2375", "tcp://a.example:2376", false},
	    {"5", "tcp://10.0.0.5", false},
	    {", ,,", "tcp://10.0.0.5", false},
	};

	docker_variable("HTTP_PROXY", "http://p:1");
	docker_variable("HTTPS_PROXY", "http://p:1");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		docker_variable("NO_PROXY", cases[i].list);
		cr_expect_eq(proxy(cases[i].target) == NULL, cases[i].spared, "%s of %s", cases[i].target,
			     cases[i].list);
	}
}
