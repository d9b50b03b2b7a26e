/* probe.c - takes questions line by line and asks them all at once. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/probe.h"
#include "helper/question.h"

#define QUESTIONS_MAX 256

struct desk {
	unsigned idle_s;
	struct question *questions[QUESTIONS_MAX];
	size_t count;
	char line[16384];
	size_t held;
	bool passing_over; /* the rest of a line that is too long */
};

static void leave(int signal_number)
{
	(void)signal_number;
	_exit(EXIT_SUCCESS);
}

/* As the first process of a container it would be spared by every signal that it does not ask for. The alarm
 * ends it also while nobody takes its answers. */
static void heed_signals(unsigned idle_s)
{
	static const int ending[] = {SIGALRM, SIGTERM, SIGINT, SIGHUP};
	sigset_t none;
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		signal(ending[i], leave);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(idle_s);
}

static void take_question(struct desk *desk, const char *line)
{
	alarm(desk->idle_s);
	if (desk->count == QUESTIONS_MAX) {
		question_refuse(line, "too many questions at once");
		return;
	}
	struct question *question = question_begin(line);
	if (question)
		desk->questions[desk->count++] = question;
}

static void take_lines(struct desk *desk)
{
	char *begin = desk->line, *end = desk->line + desk->held, *newline;
	while ((newline = memchr(begin, '\n', (size_t)(end - begin)))) {
		*newline = '\0';
		if (!desk->passing_over)
			take_question(desk, begin);
		desk->passing_over = false;
		begin = newline + 1;
	}
	desk->held = (size_t)(end - begin);
	memmove(desk->line, begin, desk->held);
	if (desk->held < sizeof(desk->line) - 1)
		return;
	desk->line[desk->held] = '\0';
	if (!desk->passing_over)
		question_refuse(desk->line, "the question is too long");
	desk->passing_over = true;
	desk->held = 0;
}

/* False when no more will be asked. */
static bool read_questions(struct desk *desk)
{
	ssize_t count = read(STDIN_FILENO, desk->line + desk->held, sizeof(desk->line) - 1 - desk->held);
	if (count < 0)
		return errno == EINTR || errno == EAGAIN;
	desk->held += (size_t)count;
	take_lines(desk);
	return count > 0;
}

static int patience_ms(const struct desk *desk)
{
	int64_t now = now_ms(), least = -1;
	for (size_t i = 0; i < desk->count; i++) {
		int64_t left = question_due(desk->questions[i]) - now;
		left = left > 0 ? left : 0;
		least = least < 0 || left < least ? left : least;
	}
	return least > 3600000 ? 3600000 : (int)least;
}

static void move_questions(struct desk *desk, const struct pollfd *polls)
{
	size_t kept = 0;
	for (size_t i = 0; i < desk->count; i++) {
		struct question *question = question_move(desk->questions[i], polls[i].revents);
		if (question)
			desk->questions[kept++] = question;
	}
	desk->count = kept;
}

int probe_serve(unsigned idle_s)
{
	static struct desk desk;
	struct pollfd polls[QUESTIONS_MAX + 1];
	desk.idle_s = idle_s;
	heed_signals(idle_s);
	for (;;) {
		size_t count = desk.count;
		for (size_t i = 0; i < count; i++)
			polls[i] = question_waits(desk.questions[i]);
		polls[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
		if (poll(polls, count + 1, patience_ms(&desk)) < 0) {
			if (errno == EINTR)
				continue;
			return EXIT_FAILURE;
		}
		move_questions(&desk, polls);
		if (polls[count].revents && !read_questions(&desk))
			return EXIT_SUCCESS;
	}
}
