/* test_cp.c - `berth ssh`, `berth cp` and `berth port-forward`: what they ask of the library, and what lies
 * here afterwards. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/cli/run_cli.h"

#define DOCUMENT(code)                                                                                       \
	"{\"format_version\":\"1\",\"app\":\"shop\",\"instance\":\"shop.web.1\",\"exit_code\":" code "}"

static void begin(void)
{
	cli_begin();
	script.result = DOCUMENT("0");
}

TestSuite(cp, .init = begin, .fini = cli_end, .timeout = 120);

static const char *shell_text(const char *command, char *ret, size_t size)
{
	FILE *from = popen(command, "r"); /* NOLINT(cert-env33-c): the test's own words */
	size_t length = from ? fread(ret, 1, size - 1, from) : 0;
	ret[length] = '\0';
	cr_assert_eq(from ? pclose(from) : -1, 0, "%s", command);
	return ret;
}

/* --- a shell ------------------------------------------------------------------------------------------ */

Test(cp, ssh_is_a_shell_or_a_command_with_input)
{
	cr_expect_eq(run_cli("ssh shop web"), 0);
	cr_expect_str_eq(asked.verb, "exec");
	cr_expect_str_eq(asked.components, "web\n");
	cr_expect_eq(strncmp(asked.command, "sh\n-c\n", 6), 0, "%s", asked.command);
	cr_expect(asked.interactive && !asked.terminal);
	script.result = DOCUMENT("3");
	cr_expect_eq(run_cli("ssh -u me -w /srv shop web/2 -- ls -l"), 3);
	cr_expect_str_eq(asked.command, "ls\n-l\n");
	cr_expect_str_eq(asked.components, "web/2\n");
	cr_expect_str_eq(asked.user, "me");
	cr_expect_str_eq(asked.directory, "/srv");
	cr_expect_eq(run_cli("ssh shop"), BERTH_USAGE);
	cr_expect(strstr(err, "in which component?"), "%s", err);
	cr_expect_eq(run_cli("ssh - web"), BERTH_USAGE);
	cr_expect_eq(run_cli("ssh shop web -- -l"), BERTH_USAGE);
}

Test(cp, ssh_on_a_terminal_has_one_there)
{
	cr_expect_eq(run_on_screen("ssh shop web", "", 80, 24), 0);
	cr_expect(asked.terminal && asked.interactive);
	cr_expect_eq(asked.columns, 80);
}

/* --- into it ------------------------------------------------------------------------------------------ */

Test(cp, a_file_goes_in_as_an_archive)
{
	write_file("page.html", "content of the page");
	script.until_input_ends = true;
	cr_expect_eq(run_cli("cp -u me page.html shop/web/2:/srv/index.html"), 0);
	cr_expect_str_eq(asked.app, "shop");
	cr_expect_str_eq(asked.components, "web/2\n");
	cr_expect(asked.interactive && asked.input_ended && !asked.terminal);
	cr_expect_str_eq(asked.user, "me");
	cr_expect_str_eq(asked.input, "./page.html", "the archive begins with its name");
	cr_expect_geq(asked.input_size, 1024);
	cr_expect(strstr(asked.command, "\n/srv/index.html\npage.html\n"), "%s", asked.command);
}

Test(cp, what_looks_like_a_flag_there_is_a_path)
{
	write_file("page.html", "x");
	script.until_input_ends = true;
	cr_expect_eq(run_cli("cp ./page.html shop/web:-rf"), 0);
	cr_expect(strstr(asked.command, "\n./-rf\n"), "%s", asked.command);
}

Test(cp, a_folder_is_named_by_where_it_is)
{
	cr_assert_eq(mkdir("site", 0755), 0);
	write_file("site/a", "x");
	script.until_input_ends = true;
	cr_expect_eq(run_cli("cp site/ shop/web:"), 0);
	cr_expect_str_eq(asked.input, "./site/");
	cr_expect(strstr(asked.command, "\n.\nsite\n"), "%s", asked.command);
	asked = (struct asked){0};
	cr_expect_eq(run_cli("cp site/. shop/web:/srv"), 0);
	cr_expect_str_eq(asked.input, "./site/");
}

/* --- out of it ---------------------------------------------------------------------------------------- */

static char archive[20480];

/* What the instance sends: a folder `name` with a file and a link in it. */
static void sends(const char *name)
{
	static struct berth_event event;
	char command[512];
	snprintf(command, sizeof command,
		 "mkdir -p sent/%s && printf abc >sent/%s/f && chmod 640 sent/%s/f && ln -sf f sent/%s/l && "
		 "tar -C sent -cf - ./%s && rm -r sent",
		 name, name, name, name, name);
	FILE *from = popen(command, "r"); /* NOLINT(cert-env33-c): the test's own words */
	event = (struct berth_event){.kind = BERTH_EVENT_OUTPUT,
				     .component = "web",
				     .instance = "shop.web.1",
				     .text = archive,
				     .text_size = from ? fread(archive, 1, sizeof archive, from) : 0};
	cr_assert_eq(from ? pclose(from) : -1, 0);
	script.events = &event;
	script.event_count = 1;
}

static const char listing[] = "find . -mindepth 1 -printf '%p %m %l\\n' | sort";

Test(cp, what_comes_out_is_called_as_asked_or_lies_in_the_folder)
{
	char text[1024];
	sends("data");
	cr_expect_eq(run_cli("cp shop/web:/srv/data copy"), 0);
	cr_expect(strstr(asked.command, "\n/srv/data\ndata\n"), "%s", asked.command);
	cr_expect_not(asked.interactive);
	cr_expect(strstr(shell_text(listing, text, sizeof text), "./copy/f 640 \n./copy/l 777 f\n"), "%s",
		  text);
	cr_assert_eq(mkdir("into", 0755), 0);
	cr_expect_eq(run_cli("cp shop/web:/srv/data into"), 0);
	cr_expect_eq(run_cli("cp shop/web:/srv/data into/"), 0, "again, over what is there");
	cr_expect(strstr(shell_text(listing, text, sizeof text), "./into/data/f 640 "), "%s", text);
	cr_expect_null(strstr(text, ".berth-"), "%s", text);
}

Test(cp, what_else_is_sent_is_not_kept)
{
	char text[1024];
	sends("other");
	cr_expect_eq(run_cli("cp shop/web:/srv/data copy"), BERTH_FAILED);
	cr_expect(strstr(err, "cannot write copy"), "%s", err);
	cr_expect_null(strstr(shell_text(listing, text, sizeof text), "other"), "%s", text);
}

Test(cp, a_failure_there_leaves_nothing_here)
{
	char text[1024];
	sends("data");
	script.result = DOCUMENT("1");
	cr_expect_eq(run_cli("cp shop/web:/srv/data copy"), 1);
	cr_expect_null(strstr(shell_text(listing, text, sizeof text), "copy"), "%s", text);
	cr_expect_null(strstr(text, ".berth-"), "%s", text);
	script.result = DOCUMENT("127");
	cr_expect_eq(run_cli("cp shop/web:/srv/data copy"), 127);
	cr_expect(strstr(err, "no `tar`"), "%s", err);
}

Test(cp, one_side_is_an_instance)
{
	cr_expect_eq(run_cli("cp"), BERTH_USAGE);
	cr_expect_eq(run_cli("cp a"), BERTH_USAGE);
	cr_expect_eq(run_cli("cp a b"), BERTH_USAGE);
	cr_expect(strstr(err, "neither `a` nor `b`"), "%s", err);
	cr_expect_eq(run_cli("cp shop/web:a shop/web:b"), BERTH_USAGE);
	cr_expect(strstr(err, "both in an instance"), "%s", err);
	cr_expect_eq(run_cli("cp ./a/b:c /d/e:f"), BERTH_USAGE);
	cr_expect_eq(run_cli("cp none shop/web:b"), BERTH_USAGE);
	cr_expect(strstr(err, "cannot read none"), "%s", err);
	cr_expect_eq(run_cli("cp shop/web:/ x"), BERTH_USAGE);
	cr_expect(strstr(err, "name the folder itself"), "%s", err);
	cr_expect_eq(run_cli("cp shop/web:a none/"), BERTH_USAGE);
	cr_expect(strstr(err, "there is no folder none/"), "%s", err);
	cr_expect_eq(asked.begun, 0);
}

/* --- a port ------------------------------------------------------------------------------------------- */

Test(cp, port_forward_asks_for_the_port_before_it_listens)
{
	script.outcome = BERTH_FAILED;
	script.message = "`shop.web.1` is not running";
	script.result = "{\"app\":\"shop\"}";
	cr_expect_eq(run_cli("port-forward shop web/2 8080:80"), BERTH_FAILED);
	cr_expect_str_eq(asked.verb, "forward");
	cr_expect_str_eq(asked.components, "web/2\n");
	cr_expect(strstr(err, "is not running"), "%s", err);
	cr_expect_eq(run_cli("port-forward shop web http"), BERTH_FAILED);
	cr_expect_str_eq(asked.name, "http");
}

Test(cp, port_forward_takes_two_numbers_at_most)
{
	static const char *const wrong[][2] = {{"", "in which application?"},
					       {"shop", "in which component?"},
					       {"shop web", "which port?"},
					       {"shop web 0", "`0` is no port"},
					       {"shop web 70000", "`70000` is no port"},
					       {"shop web 80:", "is no port"},
					       {"shop web x:80", "begins with no port of this machine"},
					       {"shop web 70000:80", "begins with no port of this machine"}};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		char words[100];
		snprintf(words, sizeof words, "port-forward %s", wrong[i][0]);
		cr_expect_eq(run_cli(words), BERTH_USAGE, "%s", words);
		cr_expect(strstr(err, wrong[i][1]), "%s: %s", words, err);
	}
	cr_expect_eq(asked.begun, 0);
}
