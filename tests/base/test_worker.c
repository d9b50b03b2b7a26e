/* test_worker.c - jobs on a thread of their own. */
#include "fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>

struct task {
	struct world *world;
	pthread_t thread, done_thread;
	sem_t begun, go;
	char *log, letter;
	bool done;
	sigset_t mask;
};

static void append(struct task *task)
{
	task->thread = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &task->mask);
	if (task->log)
		task->log[strlen(task->log)] = task->letter;
}

static void work(void *owner)
{
	append(owner);
}

static void done(void *owner)
{
	struct task *task = owner;

	task->done_thread = pthread_self();
	task->done = true;
}

static void block(void *owner)
{
	struct task *task = owner;

	sem_post(&task->begun);
	sem_wait(&task->go);
	append(task);
}

Test(worker, works_elsewhere_and_is_done_here)
{
	owned_world world = fixture_world();
	struct task task = {0};

	cr_assert(world->ops->work(world, work, done, &task));
	cr_expect_not(task.done);
	cr_assert(wait_for(world, &task.done, SOON_MS));
	cr_expect_not(pthread_equal(task.thread, pthread_self()));
	cr_expect(pthread_equal(task.done_thread, pthread_self()));
	cr_expect(sigismember(&task.mask, SIGINT) && sigismember(&task.mask, SIGCHLD),
		  "the thread would take the host's signals");
	cr_expect_eq(world_timeout_ms(world), -1);
}

Test(worker, jobs_run_in_order)
{
	owned_world world = fixture_world();
	char log[30] = "";
	struct task tasks[20] = {0};

	for (int i = 0; i < 20; i++) {
		tasks[i].log = log;
		tasks[i].letter = (char)('a' + i);
		cr_assert(world->ops->work(world, work, done, &tasks[i]));
	}
	cr_assert(wait_for(world, &tasks[19].done, SOON_MS));
	cr_expect_str_eq(log, "abcdefghijklmnopqrst");
	cr_expect(tasks[0].done && tasks[10].done);
}

static void init(struct task *task)
{
	sem_init(&task->begun, 0, 0);
	sem_init(&task->go, 0, 0);
}

Test(worker, a_cancelled_job_in_the_queue_never_runs)
{
	owned_world world = fixture_world();
	char log[30] = "";
	struct task first = {.log = log, .letter = '1'}, second = {.log = log, .letter = '2'};

	init(&first);
	world->ops->work(world, block, done, &first);
	struct job *job = world->ops->work(world, work, done, &second);
	sem_wait(&first.begun);
	world->ops->work_cancel(world, job);
	world->ops->work_cancel(world, NULL);
	sem_post(&first.go);
	cr_assert(wait_for(world, &first.done, SOON_MS));
	let_pass(world, 10);
	cr_expect_str_eq(log, "1");
	cr_expect_not(second.done);
}

Test(worker, a_cancelled_job_that_runs_is_finished_without_done)
{
	owned_world world = fixture_world();
	char log[30] = "";
	struct task first = {.log = log, .letter = '1'}, second = {.log = log, .letter = '2'};

	init(&first);
	struct job *job = world->ops->work(world, block, done, &first);
	sem_wait(&first.begun);
	world->ops->work_cancel(world, job);
	sem_post(&first.go);
	world->ops->work(world, work, done, &second);
	cr_assert(wait_for(world, &second.done, SOON_MS));
	cr_expect_str_eq(log, "12");
	cr_expect_not(first.done);
}

Test(worker, a_job_may_be_cancelled_between_work_and_done)
{
	owned_world world = fixture_world();
	struct task first = {0}, second = {0};

	init(&second);
	struct job *job = world->ops->work(world, work, done, &first);
	struct job *other = world->ops->work(world, block, done, &second);
	sem_wait(&second.begun); /* so the first has been worked */
	world->ops->work_cancel(world, job);
	sem_post(&second.go);
	cr_assert(wait_for(world, &second.done, SOON_MS));
	cr_expect_not(first.done);
	(void)other;
}

static void *release_later(void *owner)
{
	struct task *task = owner;
	struct timespec pause = {.tv_nsec = 20000000};

	nanosleep(&pause, NULL);
	sem_post(&task->go);
	return NULL;
}

Test(worker, closing_waits_for_the_job_that_runs_and_drops_the_others)
{
	struct world *world = fixture_world();
	char log[30] = "";
	struct task first = {.log = log, .letter = '1'}, second = {.log = log, .letter = '2'};
	pthread_t thread;

	init(&first);
	world->ops->work(world, block, done, &first);
	world->ops->work(world, work, done, &second);
	sem_wait(&first.begun);
	pthread_create(&thread, NULL, release_later, &first);
	world_real_close(world);
	cr_expect_str_eq(log, "1");
	cr_expect_not(first.done || second.done);
	pthread_join(thread, NULL);
}
