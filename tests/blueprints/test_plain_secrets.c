/* test_plain_secrets.c - what looks like a secret and is written in clear gets a warning, and no more. */
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(plain_secrets, .fini = close_all);

static void warned(const char *text, int line, int column, const char *words, const char *remedy)
{
	close_outcome(&outcome);
	outcome = accepted(text);
	cr_assert_eq(outcome.list.warnings, 1, "%zu warnings of %s", outcome.list.warnings, text);
	expect_words(entry_at(&outcome.list, line, column), words, remedy);
}

static void silent(const char *text)
{
	close_outcome(&outcome);
	outcome = accepted(text);
	cr_assert_eq(outcome.list.warnings, 0, "%s", outcome.list.first ? outcome.list.first->summary : "");
}

Test(plain_secrets, in_variables_labels_configuration_and_parameters)
{
	warned(with_lines("  env: {DB_PASSWORD: x}"), 3, 22, "`DB_PASSWORD` looks like a secret",
	       "secret(\"env:DB_PASSWORD\")");
	warned(with_lines("  labels: {api.token: x}"), 3, 23, "looks like a secret", "leave it out");
	warned(with_lines("  brooklyn.config: {db.password: x}"), 3, 34, "looks like a secret",
	       "secret(\"env:DB_PASSWORD\")");
	warned("brooklyn.config: {clientSecret: x}\nservices: [{type: 'docker:x'}]\n", 1, 33, "looks like",
	       "CLIENTSECRET");
	warned("parameters: [{name: db.password, default: x}]\nservices: [{type: 'docker:x'}]\n", 1, 43,
	       "looks like", "DB_PASSWORD");
	warned(with_lines("  env: {A_TOKEN: '$berth:env(\"GIT_COMMIT\")'}"), 3, 18,
	       "$berth:env gives it in clear", "secret(\"env:GIT_COMMIT\")");
	warned(with_lines("  env: {A_TOKEN: '$brooklyn:literal(\"x\")'}"), 3, 18, "stands in the blueprint",
	       NULL);
	warned(with_lines("  env: {A_TOKEN: {$brooklyn:literal: x}}"), 3, 18, "stands in the blueprint",
	       NULL);
}

Test(plain_secrets, references_switches_and_places_are_none)
{
	silent(with_lines(
	    "  env: {A_PASSWORD: '$berth:secret(\"env:A\")', B_TOKEN: '', C_SECRET: true, D_PASSWORD_FILE: "
	    "/run/d, E_TOKEN: 'https://example.org/token', F_TOKEN: }"));
	silent("parameters: [{name: db.password}]\n"
	       "services: [{type: 'docker:x', env: {P: '$brooklyn:config(\"db.password\")'}}]\n");
	warned(with_lines("  env: {E_TOKEN: 'https://me:pw@example.org'}"), 3, 18, "looks like", NULL);
}

Test(plain_secrets, no_command_may_hold_a_secret)
{
	refused(with_lines("  command: [run, '$berth:secret(\"env:A\")']"), 3, 33,
		"a secret in `command` could be read", "`env` or `files`");
	refused(with_lines(
		    "  healthCheck: {command: '$brooklyn:formatString(\"x %s\", $berth:secret(\"env:A\"))'}"),
		3, 72, "could be read", NULL);
	refused(with_lines("  onChange: {command: ['$berth:secret(\"env:A\")']}"), 3, 39, "could be read",
		NULL);
}
