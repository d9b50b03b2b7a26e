/* record.c - writes the helper's records so that a reader finds the old one or the new one, never a part. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "helper/record.h"
#include "helper/tree.h"

int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Without its directory, which somebody removed, nothing will ever be read: that is no failure. */
static bool replace(const char *path, const char *beside, const char *text)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOENT;
	size_t length = strlen(text);
	ssize_t count = write(fd, text, length);
	close(fd);
	if (count == (ssize_t)length && rename(beside, path) == 0)
		return true;
	unlink(beside);
	return false;
}

static void boot_id(char *ret_id, size_t size)
{
	ret_id[0] = '\0';
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t count = read(fd, ret_id, size - 1);
	close(fd);
	ret_id[count > 0 ? count : 0] = '\0';
	ret_id[strcspn(ret_id, "\n")] = '\0';
}

bool record_write(const struct record *record)
{
	char text[1024], boot[64];
	boot_id(boot, sizeof(boot));
	snprintf(text, sizeof(text),
		 "state %s\nhelper %d %llu\npid %d %llu\nstarted %lld\nended %lld\nexits %u\nstarts %u\ncode "
		 "%d\nsignal "
		 "%d\nboot %s\n",
		 record->state, (int)getpid(), tree_start_ticks(getpid()), (int)record->pid,
		 record->pid_start, (long long)record->started_ms, (long long)record->ended_ms, record->exits,
		 record->starts, record->code, record->signal, boot);
	return replace("state", "state.new", text);
}

unsigned record_exits_before(void)
{
	char text[1024];
	int fd = open("state", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t count = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[count > 0 ? count : 0] = '\0';
	const char *line = strstr(text, "\nexits ");
	unsigned exits = 0;
	if (line)
		sscanf(line, "\nexits %u", &exits);
	return exits;
}

void record_error(const char *text)
{
	if (text)
		replace("error", "error.new", text);
	else
		unlink("error");
}
