/* signals.c - Ctrl-C and its kin become bytes in a pipe, read where the program waits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli/cli.h"

static const int taken[] = {SIGINT, SIGTERM, SIGHUP};
static int ends[2] = {-1, -1};
static struct sigaction before[COUNT_OF(taken)];

static void note(int number)
{
	int saved = errno;
	char byte = (char)number;
	if (write(ends[1], &byte, 1) < 0)
		byte = 0; /* full: there is enough to read */
	errno = saved;
}

int signals_begin(void)
{
	if (ends[0] >= 0)
		return ends[0];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct sigaction action = {.sa_handler = note};
		sigaction(taken[i], NULL, &before[i]);
		/* What nohup or a shell's background job ignores stays so. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(taken[i], &action, NULL);
	}
	return ends[0];
}

int signals_taken(void)
{
	char bytes[16];
	ssize_t count = read(ends[0], bytes, sizeof bytes);
	return count > 0 ? (int)count : 0;
}

int signals_next(void)
{
	char byte;
	return read(ends[0], &byte, 1) == 1 ? byte : 0;
}

void signals_default(void)
{
	for (size_t i = 0; ends[0] >= 0 && i < COUNT_OF(taken); i++)
		sigaction(taken[i], &before[i], NULL);
}

void signals_end(void)
{
	if (ends[0] < 0)
		return;
	signals_default();
	close(ends[0]);
	close(ends[1]);
	ends[0] = ends[1] = -1;
}
