/* log.c - copies the command's output into the log and rotates it; a full disk loses lines, never the
 * command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "helper/log.h"
#include "helper/record.h"

static int begin_file(struct log *log, int flags)
{
	char header[40];
	log->fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);
	if (log->fd < 0)
		return -1;
	struct stat status;
	log->size = fstat(log->fd, &status) == 0 ? status.st_size : 0;
	if (log->size > 0)
		return 0;
	int length = snprintf(header, sizeof(header), "log %lu\n", log->generation);
	if (write(log->fd, header, (size_t)length) == length)
		log->size = length;
	return 0;
}

/* A record cut off by a crash gets its end. */
static void mend_end(struct log *log)
{
	char last = '\n';
	int fd = open("log", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (pread(fd, &last, 1, log->size - 1) == 1 && last != '\n' && write(log->fd, "\n", 1) == 1)
		log->size++;
	close(fd);
}

int log_open(struct log *log, int64_t limit)
{
	char header[40] = "";
	*log = (struct log){.limit = limit > 0 ? limit : 1, .generation = 1};
	int fd = open("log", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t count = read(fd, header, sizeof(header) - 1);
		header[count > 0 ? count : 0] = '\0';
		close(fd);
		sscanf(header, "log %lu", &log->generation);
	}
	if (begin_file(log, 0) < 0)
		return -1;
	mend_end(log);
	return 0;
}

static void rotate(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->generation++;
	/* Where the rename fails the file is emptied instead: its size is bounded whatever happens. */
	begin_file(log, rename("log", "log.1") < 0 ? O_TRUNC : 0);
}

static void write_record(struct log *log, char letter, const char *bytes, size_t count)
{
	char mark[32];
	int length = snprintf(mark, sizeof(mark), "%c%lld ", letter, (long long)wall_ms());
	int64_t size = length + (int64_t)count + 1;
	if (log->fd < 0 || log->size + size > log->limit)
		rotate(log);
	if (log->fd < 0)
		return;
	struct iovec parts[] = {{mark, (size_t)length}, {(void *)bytes, count}, {(void *)"\n", 1}};
	ssize_t written = writev(log->fd, parts, 3);
	if (written > 0)
		log->size += written;
	if (written > 0 && written < size)
		mend_end(log);
}

int stream_open(struct stream *stream, char letter)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	stream->letter = letter;
	stream->held = 0;
	stream->input = ends[0];
	stream->output = ends[1];
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

/* Write the whole lines held; a line that fills the buffer goes out in pieces. */
static void write_lines(struct stream *stream, struct log *log)
{
	char *begin = stream->line, *end = stream->line + stream->held, *newline;
	while ((newline = memchr(begin, '\n', (size_t)(end - begin)))) {
		write_record(log, stream->letter, begin, (size_t)(newline - begin));
		begin = newline + 1;
	}
	stream->held = (size_t)(end - begin);
	memmove(stream->line, begin, stream->held);
	if (stream->held < sizeof(stream->line))
		return;
	write_record(log, (char)(stream->letter - 'a' + 'A'), stream->line, stream->held);
	stream->held = 0;
}

void stream_drain(struct stream *stream, struct log *log)
{
	/* At most so much in one go, so that a flood cannot keep us from our signals. */
	for (int turns = 0; turns < 64; turns++) {
		ssize_t count =
		    read(stream->input, stream->line + stream->held, sizeof(stream->line) - stream->held);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		stream->held += (size_t)count;
		write_lines(stream, log);
	}
}

void stream_flush(struct stream *stream, struct log *log)
{
	stream_drain(stream, log);
	if (stream->held > 0)
		write_record(log, stream->letter, stream->line, stream->held);
	stream->held = 0;
}
