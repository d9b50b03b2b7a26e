/* log.h - the command's output, line by line, into a file of bounded size. */
#ifndef BERTH_HELPER_LOG_H
#define BERTH_HELPER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `log` begins with "log GENERATION\n"; each record is a letter, the wall clock in ms, a blank, the bytes and
 * a newline. The letter says the stream, 'o' or 'e'; 'O' and 'E': the line goes on in the stream's next
 * record. Past its limit the file becomes `log.1` (the one before is gone) and the next generation begins. */
struct log {
	int fd;
	int64_t size, limit;
	unsigned long generation;
};

/* One stream of the command: its pipe and the line that has not ended yet. */
struct stream {
	char letter;
	int input, output; /* the read end is ours, the write end the command's */
	size_t held;
	char line[8192];
};

int log_open(struct log *log, int64_t limit);
int stream_open(struct stream *stream, char letter);
/* Write what has come, without waiting. */
void stream_drain(struct stream *stream, struct log *log);
/* Write the unfinished line too. */
void stream_flush(struct stream *stream, struct log *log);

#endif
