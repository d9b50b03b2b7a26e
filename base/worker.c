/* worker.c - one thread that does what would block, in order, and hands the results back to the loop. */
#include "base/world_real_internal.h"

#include <pthread.h>
#include <stdlib.h>

enum job_state { QUEUED, WORKING, WORKED };

struct job {
	struct link link; /* in the worker's queue, or among what is worked */
	struct worker *worker;
	enum job_state state; /* under the worker's lock */
	bool cancelled;
	void (*work)(void *owner);
	void (*done)(void *owner);
	void (*release)(void *owner);
	void *owner;
};

struct worker {
	uv_async_t ready; /* keeps the loop alive only while jobs are about */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct link queue, worked; /* under the lock */
	bool stopping;             /* under the lock */
	size_t jobs;               /* ours alone */
};

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		while (!worker->stopping && link_alone(&worker->queue))
			pthread_cond_wait(&worker->wanted, &worker->lock);
		if (worker->stopping)
			break;
		struct job *job = owner_of(worker->queue.next, struct job, link);
		link_remove(&job->link);
		job->state = WORKING;
		pthread_mutex_unlock(&worker->lock);
		job->work(job->owner);
		pthread_mutex_lock(&worker->lock);
		job->state = WORKED;
		link_append(&worker->worked, &job->link);
		uv_async_send(&worker->ready);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static void free_job(struct job *job)
{
	if (job->release)
		job->release(job->owner);
	free(job);
}

static void count_out(struct worker *worker)
{
	if (--worker->jobs == 0)
		uv_unref((uv_handle_t *)&worker->ready);
}

static struct job *take_worked(struct worker *worker)
{
	struct job *job = NULL;

	pthread_mutex_lock(&worker->lock);
	if (!link_alone(&worker->worked)) {
		job = owner_of(worker->worked.next, struct job, link);
		link_remove(&job->link);
		job->state = WORKING; /* should done cancel it, on_ready goes on to free it */
	}
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void on_ready(uv_async_t *async)
{
	struct worker *worker = async->data;
	struct job *job;

	while ((job = take_worked(worker))) {
		count_out(worker);
		if (!job->cancelled)
			job->done(job->owner);
		free_job(job);
	}
}

/* A thread that takes none of the process's signals. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int status = pthread_create(&worker->thread, NULL, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}

static void free_worker(uv_handle_t *handle)
{
	struct worker *worker = handle->data;

	pthread_cond_destroy(&worker->wanted);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static struct worker *worker_open(struct real *real)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	link_init(&worker->queue);
	link_init(&worker->worked);
	if (uv_async_init(&real->loop, &worker->ready, on_ready)) {
		free(worker);
		return NULL;
	}
	worker->ready.data = worker;
	uv_unref((uv_handle_t *)&worker->ready);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wanted, NULL);
	if (start_thread(worker)) {
		uv_close((uv_handle_t *)&worker->ready, free_worker);
		return NULL;
	}
	return worker;
}

struct job *worker_add(struct real *real, struct worker **worker, void (*work)(void *owner),
		       void (*done)(void *owner), void (*release)(void *owner), void *owner)
{
	if (!*worker)
		*worker = worker_open(real);
	struct job *job = *worker ? calloc(1, sizeof(*job)) : NULL;
	if (!job)
		return NULL;
	job->worker = *worker;
	job->work = work;
	job->done = done;
	job->release = release;
	job->owner = owner;
	if ((*worker)->jobs++ == 0)
		uv_ref((uv_handle_t *)&(*worker)->ready);
	pthread_mutex_lock(&(*worker)->lock);
	link_append(&(*worker)->queue, &job->link);
	pthread_cond_signal(&(*worker)->wanted);
	pthread_mutex_unlock(&(*worker)->lock);
	return job;
}

void worker_cancel(struct job *job)
{
	struct worker *worker = job->worker;

	pthread_mutex_lock(&worker->lock);
	bool working = job->state == WORKING;
	if (!working)
		link_remove(&job->link);
	pthread_mutex_unlock(&worker->lock);
	job->cancelled = true;
	if (working)
		return; /* on_ready frees it */
	count_out(worker);
	free_job(job);
}

static void forget_jobs(struct link *ring)
{
	while (!link_alone(ring)) {
		struct job *job = owner_of(ring->next, struct job, link);
		link_remove(&job->link);
		free_job(job);
	}
}

void worker_close(struct worker **slot)
{
	struct worker *worker = *slot;

	if (!worker)
		return;
	*slot = NULL;
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_signal(&worker->wanted);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	forget_jobs(&worker->queue);
	forget_jobs(&worker->worked);
	uv_close((uv_handle_t *)&worker->ready, free_worker);
}

struct job *real_work(struct world *world, void (*work)(void *owner), void (*done)(void *owner), void *owner)
{
	struct real *real = real_of(world);

	return worker_add(real, &real->jobs, work, done, NULL, owner);
}

void real_work_cancel(struct world *world, struct job *job)
{
	(void)world;
	if (job)
		worker_cancel(job);
}
