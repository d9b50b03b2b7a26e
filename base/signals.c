/* signals.c - the table of signals, read and written without the "SIG". */
#include "base/signals.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Numbers differ between kinds of machines; names do not. */
static const char *const names[] = {"HUP",  "INT",  "QUIT", "ILL",   "TRAP",   "ABRT", "BUS",  "FPE",
				    "KILL", "USR1", "SEGV", "USR2",  "PIPE",   "ALRM", "TERM", "CHLD",
				    "CONT", "STOP", "TSTP", "TTIN",  "TTOU",   "URG",  "XCPU", "XFSZ",
				    "PROF", "SYS",  "IO",   "WINCH", "VTALRM", "PWR"};
static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,   SIGTRAP,   SIGABRT, SIGBUS,  SIGFPE,
			      SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,  SIGPIPE,   SIGALRM, SIGTERM, SIGCHLD,
			      SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN,  SIGTTOU,   SIGURG,  SIGXCPU, SIGXFSZ,
			      SIGPROF, SIGSYS,  SIGIO,   SIGWINCH, SIGVTALRM, SIGPWR};
_Static_assert(COUNT_OF(names) == COUNT_OF(numbers), "a name for each number");

static int real_time_number(const char *text)
{
	int64_t offset = 0;

	if (!strncasecmp(text, "RTMIN", 5) && (!text[5] || text[5] == '+') &&
	    (!text[5] || parse_number(text + 6, 0, SIGRTMAX - SIGRTMIN, &offset)))
		return SIGRTMIN + (int)offset;
	if (!strncasecmp(text, "RTMAX", 5) && (!text[5] || text[5] == '-') &&
	    (!text[5] || parse_number(text + 6, 0, SIGRTMAX - SIGRTMIN, &offset)))
		return SIGRTMAX - (int)offset;
	return 0;
}

int signal_number(const char *text)
{
	int64_t number;

	if (parse_number(text, 1, SIGRTMAX, &number)) {
		char name[SIGNAL_NAME];
		signal_name((int)number, name);
		return *name ? (int)number : 0;
	}
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcasecmp(names[i], text))
			return numbers[i];
	return real_time_number(text);
}

void signal_name(int number, char ret_name[static SIGNAL_NAME])
{
	*ret_name = '\0';
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (numbers[i] == number)
			snprintf(ret_name, SIGNAL_NAME, "%s", names[i]);
	if (number == SIGRTMIN)
		snprintf(ret_name, SIGNAL_NAME, "RTMIN");
	else if (number > SIGRTMIN && number <= SIGRTMAX)
		snprintf(ret_name, SIGNAL_NAME, "RTMIN+%d", number - SIGRTMIN);
}

const char *const *signal_names(size_t *ret_count)
{
	*ret_count = COUNT_OF(names);
	return names;
}
