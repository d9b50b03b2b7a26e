/* child.h - a program of this machine that works for us, with one of its streams in our hands. */
#ifndef BERTH_CLI_CHILD_H
#define BERTH_CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int stream; /* ours, -1: none */
};

/* Which of its streams is ours; the others are our own, but for its input, which is empty. */
enum child_stream { CHILD_NONE, CHILD_INPUT, CHILD_OUTPUT };

/* 0, or -1 with errno. */
int child_begin(struct child *child, const char *const *words, enum child_stream stream);
/* Lets go of the stream and waits for its end: its exit code, 128 + N when signal N ended it. */
int child_end(struct child *child);

#endif
