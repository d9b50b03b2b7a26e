/* tcp_ask.c - a question over a connection of its own: something is said, and what is answered is heard. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/world_real_internal.h"

enum { MOST_HEARD = 1024 * 1024 };

struct tcp_talk {
	struct link link; /* in real->talks until over */
	struct real *real;
	struct tcp_question question;
	char *words;
	size_t length, said;
	struct text heard;
	struct probe_call *connecting;
	int fd; /* -1: there is no connection yet */
	struct fd_watch *to_read, *to_write;
	struct timer *late;
};

static void release(struct tcp_talk *talk)
{
	struct world *world = &talk->real->world;

	link_remove(&talk->link);
	if (talk->connecting)
		real_tcp_cancel(world, talk->connecting);
	real_fd_cancel(world, talk->to_read);
	real_fd_cancel(world, talk->to_write);
	real_timer_cancel(world, talk->late);
	if (talk->fd >= 0)
		close(talk->fd);
	if (talk->words)
		explicit_bzero(talk->words, talk->length);
	free(talk->words);
	text_release(&talk->heard);
	free(talk);
}

static void finish(struct tcp_talk *talk, const struct error *err)
{
	const struct tcp_question question = talk->question;
	const struct error told = *err;
	owned_text heard = talk->heard;

	talk->heard = (struct text){0};
	release(talk);
	question.answered(question.owner, &heard, &told);
}

static void finish_errno(struct tcp_talk *talk, const char *what, int number)
{
	struct error err = {0};

	fail(&err, ERR_UNREACHABLE, "%s: %s", what, strerror(number));
	finish(talk, &err);
}

static void on_late(void *owner)
{
	struct tcp_talk *talk = owner;
	struct error err = {0};

	talk->late = NULL;
	fail(&err, ERR_TIMED_OUT, "there was no whole answer in time");
	finish(talk, &err);
}

static void on_readable(void *owner)
{
	struct tcp_talk *talk = owner;
	char bytes[16 * 1024];
	ssize_t count = recv(talk->fd, bytes, sizeof(bytes), 0);
	struct error err = {0};

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count < 0) {
		finish_errno(talk, "the connection broke", errno);
		return;
	}
	text_add_bytes(&talk->heard, bytes, (size_t)count);
	if (talk->heard.failed)
		fail_memory(&err);
	else if (talk->heard.length > MOST_HEARD)
		fail(&err, ERR_FAILED, "the answer is longer than 1 MiB");
	if (err.code || !count || talk->question.enough(talk->question.owner, &talk->heard))
		finish(talk, &err);
}

static void on_writable(void *owner)
{
	struct tcp_talk *talk = owner;
	ssize_t count =
	    send(talk->fd, talk->words + talk->said, talk->length - talk->said, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (count < 0 && errno != EAGAIN && errno != EINTR) {
		finish_errno(talk, "the connection broke", errno);
		return;
	}
	talk->said += count > 0 ? (size_t)count : 0;
	if (talk->said == talk->length)
		real_fd_cancel(&talk->real->world, give(talk->to_write));
}

static void on_connected(void *owner, int fd, const struct error *err)
{
	struct tcp_talk *talk = owner;
	struct world *world = &talk->real->world;
	struct error failed = {0};

	talk->connecting = NULL;
	talk->fd = fd;
	if (err->code) {
		finish(talk, err);
		return;
	}
	talk->to_read = real_fd_watch(world, fd, false, on_readable, talk);
	if (talk->length)
		talk->to_write = real_fd_watch(world, fd, true, on_writable, talk);
	if (talk->to_read && (talk->to_write || !talk->length))
		return;
	fail_memory(&failed);
	finish(talk, &failed);
}

struct tcp_talk *real_tcp_ask(struct world *world, const struct tcp_question *question)
{
	struct real *real = real_of(world);
	struct tcp_talk *talk = calloc(1, sizeof(*talk));

	if (!talk)
		return NULL;
	*talk = (struct tcp_talk){.real = real, .question = *question, .fd = -1};
	link_append(&real->talks, &talk->link);
	talk->words = strdup(question->words);
	talk->length = strlen(question->words);
	talk->late = real_timer_start(world, question->timeout_ms, on_late, talk);
	talk->connecting =
	    tcp_connect(real, question->address, question->port, question->timeout_ms, on_connected, talk);
	if (talk->words && talk->late && talk->connecting)
		return talk;
	release(talk);
	return NULL;
}

void real_tcp_ask_cancel(struct world *world, struct tcp_talk *talk)
{
	(void)world;
	if (talk)
		release(talk);
}

void talks_close(struct real *real)
{
	while (!link_alone(&real->talks))
		release(owner_of(real->talks.next, struct tcp_talk, link));
}
