/* pulse.c - whether an engine that keeps us waiting is there at all: asked by pings, beside what waits.
 *
 * A change may take minutes, as long as the engine is at it. One that answers no ping either does nothing for
 * us: what waits for it is ended as unknown, and for some seconds nothing more is asked, so that those who
 * come next do not wait for it one after the other. */
#include "locations/docker/docker.h"

enum { PINGS = 2, SILENT_MS = 5000 };

static void beat(struct docker *docker);

static int64_t now_at(const struct docker *docker)
{
	return docker->world->ops->now(docker->world);
}

static void due(void *owner)
{
	struct docker *docker = owner;

	docker->pulse.timer = NULL;
	beat(docker);
}

/* Without memory for it, each call still has its own limit. */
static void beat_after(struct docker *docker, int64_t delay_ms)
{
	docker->pulse.timer = docker->world->ops->timer_start(docker->world, delay_ms, due, docker);
}

/* Each one that it ends is one less. */
static void give_up(struct docker *docker)
{
	docker->pulse.silent = true;
	docker->pulse.missed = 0;
	docker->pulse.silent_until_ms = now_at(docker) + SILENT_MS;
	for (struct task *task = docker->tasks; task; task = task->next)
		for (unsigned i = 0; i < CALLS; i++)
			if (task->calls[i].exchange && task->calls[i].patient)
				call_give_up(&task->calls[i]);
}

static void answered(void *owner, struct http_answer *answer)
{
	struct docker *docker = owner;

	docker->pulse.ping = NULL;
	if (answer->error.code == OK)
		pulse_heard(docker);
	/* What is refused or cut tells those who wait, too. */
	docker->pulse.missed = answer->error.code == ERR_TIMED_OUT ? docker->pulse.missed + 1 : 0;
	text_release(&answer->body);
	text_release(&answer->headers);
	if (docker->pulse.missed >= PINGS)
		give_up(docker);
	else if (docker->pulse.awaited)
		beat_after(docker, docker->pulse.missed ? 0 : READ_MS);
}

static void ping(struct docker *docker)
{
	const struct question question = {.method = "GET", .path = "/_ping", .bare = true};
	const struct http_sink sink = {.done = answered, .owner = docker};

	docker->pulse.ping = docker_send(docker, &question, &sink, NULL);
	if (!docker->pulse.ping)
		beat_after(docker, READ_MS);
}

static void beat(struct docker *docker)
{
	int64_t left = docker->pulse.heard_ms + READ_MS - now_at(docker);

	if (left > 0 && !docker->pulse.missed)
		beat_after(docker, left);
	else
		ping(docker);
}

void pulse_await(struct docker *docker)
{
	if (docker->pulse.awaited++)
		return;
	docker->pulse.heard_ms = now_at(docker);
	docker->pulse.missed = 0;
	beat_after(docker, READ_MS);
}

void pulse_rest(struct docker *docker)
{
	if (--docker->pulse.awaited)
		return;
	docker->world->ops->timer_cancel(docker->world, docker->pulse.timer);
	if (docker->pulse.ping)
		docker->world->ops->http_cancel(docker->world, docker->pulse.ping);
	docker->pulse.timer = NULL;
	docker->pulse.ping = NULL;
}

void pulse_heard(struct docker *docker)
{
	docker->pulse.heard_ms = now_at(docker);
	docker->pulse.silent = false;
	docker->pulse.silent_until_ms = 0;
}

void pulse_missed(struct docker *docker)
{
	if (docker->pulse.silent)
		docker->pulse.silent_until_ms = now_at(docker) + SILENT_MS;
}

int pulse_there(const struct docker *docker, struct error *err)
{
	if (!docker->pulse.silent || now_at(docker) >= docker->pulse.silent_until_ms)
		return 0;
	fail(err, ERR_TIMED_OUT, "location `%s`: %s has answered nothing for %lld s, not even a ping",
	     docker->location->name, docker->endpoint.shown,
	     (long long)(now_at(docker) - docker->pulse.heard_ms) / 1000);
	remedy(err, "see whether the engine hangs: `docker ps` and its log");
	return -1;
}
