/* relay_stream.c - both directions of one connection: little at a time is read and written, much is moved by
 * the kernel from socket to socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/relay.h"

#define LITTLE    ((size_t)16 << 10) /* fits into a pipe of any size there is */
#define AT_ONCE   ((size_t)1 << 18)  /* more only makes both sides wait for each other */
#define PIPE_SIZE (1 << 18)

/* What one end says to the other. What that does not take yet waits in a pipe. */
struct direction {
	int from, to;
	int pipe[2]; /* out of, into */
	size_t held; /* in the pipe */
	bool readable, writable;
	bool much;   /* the last reading was all that could be taken at once */
	bool ending; /* the end of what `from` says is there, behind what can be read */
	bool ended;  /* and was read */
	bool told;   /* and `to` knows */
};

struct relay_stream {
	struct direction directions[2];
};

static bool direction_open(struct direction *direction, int from, int to)
{
	direction->from = from;
	direction->to = to;
	return pipe2(direction->pipe, O_NONBLOCK | O_CLOEXEC) == 0;
}

static void pipe_close(const struct direction *direction)
{
	close(direction->pipe[0]);
	close(direction->pipe[1]);
}

struct relay_stream *relay_stream_new(int client, int target)
{
	struct relay_stream *stream = calloc(1, sizeof(*stream));

	if (stream && direction_open(&stream->directions[RELAY_CLIENT], client, target)) {
		if (direction_open(&stream->directions[RELAY_TARGET], target, client))
			return stream;
		pipe_close(&stream->directions[RELAY_CLIENT]);
	}
	free(stream);
	close(client);
	close(target);
	return NULL;
}

void relay_stream_free(struct relay_stream *stream)
{
	close(stream->directions[0].from);
	close(stream->directions[0].to);
	pipe_close(&stream->directions[0]);
	pipe_close(&stream->directions[1]);
	free(stream);
}

/* --- one direction; each returns false when the connection is broken ---------------------------- */

/* Nothing now; or broken. */
static bool not_now(bool *ready)
{
	if (errno == EINTR)
		return true;
	*ready = false;
	return errno == EAGAIN;
}

static bool keep(struct direction *direction, const char *bytes, size_t count)
{
	ssize_t kept = write(direction->pipe[1], bytes, count);

	direction->held = count;
	return kept == (ssize_t)count;
}

static bool pass_little(struct direction *direction)
{
	char bytes[LITTLE];
	ssize_t count = recv(direction->from, bytes, sizeof(bytes), 0), sent = 0;

	if (count < 0)
		return not_now(&direction->readable);
	direction->ended = count == 0;
	direction->much = count == (ssize_t)sizeof(bytes);
	/* Less than was asked for: there is no more, but perhaps the end. */
	direction->readable = direction->much || direction->ending;
	if (count > 0 && (sent = send(direction->to, bytes, (size_t)count, MSG_NOSIGNAL)) < 0) {
		if (!not_now(&direction->writable))
			return false;
		sent = 0;
	}
	return sent == count || keep(direction, bytes + sent, (size_t)(count - sent));
}

static bool take_much(struct direction *direction)
{
	ssize_t count = splice(direction->from, NULL, direction->pipe[1], NULL, AT_ONCE,
			       SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (count < 0)
		return not_now(&direction->readable);
	direction->ended = count == 0;
	direction->much = count >= (ssize_t)LITTLE;
	direction->held = (size_t)count;
	return true;
}

static bool give_held(struct direction *direction)
{
	ssize_t count = splice(direction->pipe[0], NULL, direction->to, NULL, direction->held,
			       SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (count <= 0)
		return not_now(&direction->writable);
	direction->held -= (size_t)count;
	return true;
}

static bool tell_end(struct direction *direction)
{
	direction->told = true;
	return shutdown(direction->to, SHUT_WR) == 0;
}

/* A pipe of the usual size is soon full of small parts. */
static void widen(struct direction *direction, bool was_much)
{
	if (direction->much && !was_much)
		fcntl(direction->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
}

static bool direction_move(struct direction *direction)
{
	for (bool good = true;;) {
		bool was_much = direction->much;
		if (direction->held && direction->writable)
			good = give_held(direction);
		else if (direction->held || direction->told || (!direction->ended && !direction->readable))
			return true;
		else if (direction->ended)
			good = tell_end(direction);
		else
			good = was_much ? take_much(direction) : pass_little(direction);
		if (!good)
			return false;
		widen(direction, was_much);
	}
}

bool relay_stream_move(struct relay_stream *stream, enum relay_end end, uint32_t events)
{
	struct direction *of = &stream->directions[end], *to = &stream->directions[!end];

	if (events & ~(uint32_t)EPOLLOUT)
		of->readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		of->ending = true;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		to->writable = true;
	return direction_move(of) && direction_move(to) && !(of->told && to->told);
}
