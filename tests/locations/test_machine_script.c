/* test_machine_script.c - what berth has done on a machine, run by this machine's own shell in a folder of
 * its own. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

static char folder[] = "/tmp/berth-machine-XXXXXX";

static void write_file(const char *name, const char *text)
{
	owned_text path = {0};

	text_format(&path, "%s/%s", folder, name);
	FILE *file = fopen(text_view(&path), "w");
	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", text_view(&path));
}

static void begin(void)
{
	cr_assert(mkdtemp(folder));
	write_file("machine", machine_script);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	owned_text line = {0};
	va_list arguments;

	va_start(arguments, format);
	text_vformat(&line, format, arguments);
	va_end(arguments);
	cr_assert_eq(system(text_view(&line)), 0, "%s", text_view(&line));
}

static void end(void)
{
	run("rm -rf '%s'", folder);
}

TestSuite(machine_script, .init = begin, .fini = end, .timeout = 60);

/* What it answers to that input. */
static int answer_to(const char *input, struct text *ret)
{
	char line[400];

	write_file("calls", input);
	snprintf(line, sizeof(line), "sh '%s/machine' <'%s/calls' 2>&1", folder, folder);
	FILE *answer = popen(line, "r");
	cr_assert(answer);
	while (fgets(line, sizeof(line), answer))
		text_add(ret, line);
	return pclose(answer);
}

/* What the calls answer. */
static void ask(const char *calls, struct text *ret)
{
	owned_text input = {0};

	text_format(&input, "{\n%secho @end\n}\n", calls);
	cr_assert_eq(answer_to(text_view(&input), ret), 0, "%s", text_view(ret));
	cr_assert(strstr(text_view(ret), "\n@end\n"), "%s", text_view(ret));
}

/* Somebody else's process, with a mark of its own. */
static pid_t somebody(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	execle("/bin/sleep", "sleep", "60", NULL, (char *const[]){"BERTH_INCARNATION=other.web.1.17", NULL});
	_exit(127);
}

/* Nothing is ended in truth: whom it would end it says. */
Test(machine_script, an_instance_whose_manifest_was_lost_ends_nobody_else)
{
	owned_text answer = {0};
	pid_t other = somebody();

	run("mkdir -p '%s/shop/web.1' && : >'%s/shop/web.1/manifest'", folder, folder);
	ask("strike() { echo \"ended:$found\"; found=; }\nremove shop web.1\n", &answer);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	cr_expect_null(strstr(text_view(&answer), "ended"), "%s", text_view(&answer));
	cr_expect(strstr(text_view(&answer), "@removed"), "%s", text_view(&answer));
}

/* Somebody who may write where he works makes a link there, and the file would become his wherever that
 * leads. */
Test(machine_script, a_file_is_not_written_where_a_link_of_its_user_leads)
{
	owned_text answer = {0};

	run("mkdir -p '%s/shop/web.1' '%s/.work/w/own' '%s/elsewhere'", folder, folder, folder);
	run("echo incarnation=w >'%s/shop/web.1/manifest'", folder);
	run("ln -s '%s/.work/w' '%s/shop/web.1/work'; ln -s '%s/elsewhere' '%s/.work/w/conf'", folder, folder,
	    folder, folder);
	ask("write_files() { printf a | file 0644 \"$(id -u)\" own/b; }\ndeliver shop web.1\n"
	    "write_files() { printf a | file 0644 \"$(id -u)\" conf/b; }\ndeliver shop web.1\n",
	    &answer);
	cr_expect(strstr(text_view(&answer), "@delivered"), "%s", text_view(&answer));
	cr_expect(strstr(text_view(&answer), "!conflict conf/b leads out"), "%s", text_view(&answer));
	run("[ ! -e '%s/elsewhere/b' ]", folder);
}

/* Whatever of it came, nothing begins before all of it is there; and it is not told as done. */
Test(machine_script, what_is_cut_short_on_its_way_is_not_carried_out)
{
	static const char whole[] =
	    "{\nCLAIM='me\n}\n'\nprepare shop\nwrite_files() {\nprintf a | file 0644 '' x\n}\n"
	    "prepare store\necho @end\n}";
	owned_text answer = {0};

	for (size_t length = 0; length + 1 < sizeof(whole); length++) {
		owned_text input = {0};
		text_clear(&answer);
		text_add_bytes(&input, whole, length);
		answer_to(text_view(&input), &answer);
		cr_assert_null(strstr(text_view(&answer), "@end"), "of %zu: %s", length, text_view(&answer));
		run("[ ! -e '%s/shop' ] && [ ! -e '%s/store' ]", folder, folder);
	}
	text_clear(&answer);
	cr_assert_eq(answer_to(whole, &answer), 0);
	cr_expect(strstr(text_view(&answer), "@prepared\n@prepared\n@end\n"), "%s", text_view(&answer));
}

/* Somebody else is at it: who claims it at that moment would have lost his claim. */
Test(machine_script, a_claim_is_not_given_up_while_another_one_is_at_it)
{
	owned_text answer = {0};

	run("mkdir '%s/shop' && echo other >'%s/shop/.claim'", folder, folder);
	ask("nap() { :; }\nbegan $PPID\nln -s \"$PPID:$began:$boot\" \"$here/shop/.lock\"\ndisclaim shop\n",
	    &answer);
	cr_expect(strstr(text_view(&answer), "!busy another berth is busy with shop"), "%s",
		  text_view(&answer));
	run("[ -e '%s/shop/.claim' ] && rm '%s/shop/.lock'", folder, folder);
	text_clear(&answer);
	ask("disclaim shop\n", &answer);
	cr_expect(strstr(text_view(&answer), "@disclaimed"), "%s", text_view(&answer));
	run("[ ! -e '%s/shop' ]", folder);
}
