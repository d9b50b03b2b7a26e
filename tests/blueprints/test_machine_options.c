/* test_machine_options.c - what is said of machines, and of pools of them, is checked where it is written. */
#include "base/cleanup.h"
#include "base/text.h"
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(machine_options, .fini = close_all);

#define KEY         "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="
#define FINGERPRINT "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
#define SERVICES    "\nservices:\n- {type: server, id: a}\n"

Test(machine_options, all_that_is_wrong_is_told_at_once)
{
	static const struct told told[] = {
	    {4, 5, "a pool of machines has no option `privatKeyFile`", "`privateKeyFile`?"},
	    {5, 14, "`hostKey` must be `accept-new`, a fingerprint", NULL},
	    {8, 34, "`port` must be a port from 1 to 65535", NULL},
	    {8, 40, "`tcpPortMappings`: ports behind a translation", "HOST:PORT"},
	    {9, 7, "not said which machine", "user@10.0.0.5"},
	    {10, 36, "`winrm`: berth reaches no machine of Windows", "sshd"},
	    {12, 31, "`grace` must be a duration", NULL},
	    {12, 37, "a machine has no option `sudo`", "the options are host, port"},
	    {12, 58, "`address` must be the numeric address", NULL},
	    {12, 73, "`knownHosts` must be a path", NULL},
	    {12, 87, "`directory` must be a path on the machine", NULL},
	};

	outcome = parse("location:\n"
			"  byon:\n"
			"    user: me\n"
			"    privatKeyFile: ~/x\n"
			"    hostKey: abc\n"
			"    hosts:\n"
			"    - me@10.0.0.1\n"
			"    - {ssh: \"10.0.0.2:22\", port: many, tcpPortMappings: {22: \"1.2.3.4:1\"}}\n"
			"    - {user: x}\n"
			"    - {ssh: a, privateKeyFile: /k, winrm: b}\n"
			"locations:\n"
			"  one: {ssh: {host: h, grace: soon, sudo: true, address: h, knownHosts: k, "
			"directory: a b}}" SERVICES);
	expect_told(&outcome.list, told, COUNT_OF(told));
}

/* What no machine could show would be told as another one's key, and only when it is logged in to. */
Test(machine_options, a_key_or_a_jump_that_can_be_none_is_told)
{
	static const char *const good[] = {"hostKey: accept-new",
					   "hostKey: [\"" FINGERPRINT "\", \"" KEY " me@here\"]", "jump: web",
					   "jump: ssh://me@10.0.0.1:2222", "jump: \"[::1]:22\""};
	static const struct {
		const char *written, *words;
		int column;
	} bad[] = {
	    {"hostKey: SHA256:abc", "`hostKey` must be `accept-new`, a fingerprint", 23},
	    {"hostKey: \"" FINGERPRINT "=\"", "`hostKey` must be `accept-new`, a fingerprint", 23},
	    {"hostKey: 10.0.0.5 " KEY, "`hostKey` must be `accept-new`, a fingerprint", 23},
	    {"hostKey: [accept-new, \"" KEY "\"]", "`accept-new` stands alone", 24},
	    {"jump: me@", "`jump` must be one machine such as \"user@host:port\"", 20},
	    {"jump: me@web:99999", "`jump` must be one machine", 20},
	    {"jump: \"one,two\"", "`jump` must be one machine", 20},
	};
	char text[300];

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		snprintf(text, sizeof text, "location:\n  ssh: {host: h,\n    %s}" SERVICES, good[i]);
		close_outcome(&outcome);
		outcome = accepted(text);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(text, sizeof text, "location: {ssh: {host: h,\n             %s}}" SERVICES,
			 bad[i].written);
		refused(text, 2, bad[i].column, bad[i].words, NULL);
	}
}

Test(machine_options, what_brooklyn_says_of_a_machine_is_taken_or_told)
{
	outcome = accepted("location:\n"
			   "  byon:\n"
			   "    displayName: mine\n"
			   "    sshToolClass: x.Y\n"
			   "    hosts:\n"
			   "    - {ssh: \"me@10.0.0.2:22\", displayName: two, osFamily: linux, "
			   "privateAddresses: [10.1.0.2]}" SERVICES);
	expect_words(entry_at(&outcome.list, 4, 5), "`sshToolClass` is without effect", NULL);
	expect_words(entry_at(&outcome.list, 6, 49), "`osFamily` is without effect", "asked of itself");
	expect_words(entry_at(&outcome.list, 6, 66), "`privateAddresses` is without effect", "`address`");
	cr_expect_eq(outcome.list.warnings, 3);
}

Test(machine_options, one_host_is_a_pool_of_one)
{
	static const char *const written[] = {"host:10.0.0.7", "host:(10.0.0.7)", "{host: 10.0.0.7}"};

	for (size_t i = 0; i < COUNT_OF(written); i++) {
		char text[200];
		snprintf(text, sizeof text, "location: %s" SERVICES, written[i]);
		close_outcome(&outcome);
		outcome = accepted(text);
		cr_expect_str_eq(outcome.blueprint->components[0].location->type, "byon");
		cr_expect_str_eq(outcome.blueprint->components[0].location->target, "10.0.0.7");
	}
	refused("location: {byon: {user: me}}" SERVICES, 1, 18, "has no `hosts`", "list them");
	refused("location: {byon: {hosts: []}}" SERVICES, 1, 26, "a pool of no machines", "list them");
	refused("location: {ssh: {user: me}}" SERVICES, 1, 17, "not said which machine", "ssh:user@host");
}

static int read_key(void *context, const char *path, size_t limit, struct text *ret, struct error *err)
{
	(void)context;
	(void)limit;
	if (!strcmp(path, "/users/me/key") || !strcmp(path, "/users/me/open"))
		text_add(ret, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	else if (!strcmp(path, "/users/me/key.pub"))
		text_add(ret, "ssh-ed25519 AAAA me\n");
	else
		return fail(err, ERR_MISSING, "cannot read %s: No such file or directory", path);
	return 0;
}

static int check_key(void *context, const char *path, struct error *err)
{
	(void)context;
	if (!strcmp(path, "/users/me/key"))
		return 0;
	fail(err, ERR_DENIED, "others may use it");
	remedy(err, "chmod 600 %s", path);
	return -1;
}

static const char *home(void *context, const char *name)
{
	(void)context;
	return !strcmp(name, "HOME") ? "/users/me" : NULL;
}

static void judged(const char *file, bool judges)
{
	const struct blueprint_options options = {.file = "b.yaml",
						  .judges = judges,
						  .environment = home,
						  .file_read = read_key,
						  .key_check = check_key};
	char text[200];

	snprintf(text, sizeof text, "location: {ssh: {host: h, privateKeyFile: %s}}" SERVICES, file);
	close_outcome(&outcome);
	outcome = (struct outcome){0};
	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	cr_assert_not_null(outcome.blueprint);
}

Test(machine_options, a_key_that_is_none_is_told_when_it_is_judged)
{
	judged("~/key", true);
	cr_expect_eq(outcome.list.warnings, 0);
	judged("~/key.pub", true);
	expect_words(entry_at(&outcome.list, 1, 43), "`~/key.pub` is no private key", "without .pub");
	judged("~/open", true);
	expect_words(entry_at(&outcome.list, 1, 43), "the private key `~/open`: others may use it",
		     "chmod 600 /users/me/open");
	judged("/no/key", true);
	expect_words(entry_at(&outcome.list, 1, 43), "cannot be read from here", "ssh-keygen");
	judged("/no/key", false);
	cr_expect_eq(outcome.list.warnings, 0);
}
