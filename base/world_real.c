/* world_real.c - opening, turning and closing the real world; its table of operations. */
#include "base/world_real_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"

int64_t real_now(struct world *world)
{
	(void)world;
	return (int64_t)(uv_hrtime() / 1000000);
}

static int64_t real_wall(struct world *world)
{
	struct timespec time;

	(void)world;
	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t real_zone(struct world *world, int64_t wall_ms)
{
	time_t time = (time_t)(wall_ms / 1000);
	struct tm parts;

	(void)world;
	return localtime_r(&time, &parts) ? (int64_t)parts.tm_gmtoff * 1000 : 0;
}

static int real_random(struct world *world, void *bytes, size_t count)
{
	unsigned char *next = bytes;

	(void)world;
	while (count) {
		ssize_t got = getrandom(next, count, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		next += got;
		count -= (size_t)got;
	}
	return 0;
}

static const struct world_ops real_ops = {
    .now = real_now,
    .wall = real_wall,
    .zone = real_zone,
    .random = real_random,
    .process_id = real_process_id,
    .user_id = real_user_id,
    .host_name = real_host_name,
    .working_directory = real_working_directory,
    .timer_start = real_timer_start,
    .timer_cancel = real_timer_cancel,
    .http_send = real_http_send,
    .http_cancel = real_http_cancel,
    .channel_open = real_channel_open,
    .channel_write = real_channel_write,
    .channel_waiting = real_channel_waiting,
    .channel_end = real_channel_end,
    .channel_cancel = real_channel_cancel,
    .ssh = &real_ssh_ops,
    .tcp_probe = real_tcp_probe,
    .tcp_cancel = real_tcp_cancel,
    .tcp_ask = real_tcp_ask,
    .tcp_ask_cancel = real_tcp_ask_cancel,
    .work = real_work,
    .work_cancel = real_work_cancel,
    .spawn = real_spawn,
    .child_pid = real_child_pid,
    .child_drop = real_child_drop,
    .fd_watch = real_fd_watch,
    .fd_cancel = real_fd_cancel,
    .processes = real_processes,
    .memfd_holders = real_memfd_holders,
    .signal = real_signal,
    .boot_id = real_boot_id,
    .file_read = real_file_read,
    .file_tail = real_file_tail,
    .file_read_at = real_file_read_at,
    .file_write = real_file_write,
    .file_note = real_file_note,
    .file_put = real_file_put,
    .file_look = real_file_look,
    .file_follow = real_file_follow,
    .file_create = real_file_create,
    .file_mode = real_file_mode,
    .file_rename = real_file_rename,
    .link_make = real_link_make,
    .file_remove = real_file_remove,
    .tree_remove = real_tree_remove,
    .directory_remove = real_directory_remove,
    .directories_make = real_directories_make,
    .directory_list = real_directory_list,
    .file_exists = real_file_exists,
    .lock = real_lock,
    .directory_lock = real_directory_lock,
    .unlock = real_unlock,
    .database_vfs = real_database_vfs,
    .default_address = real_default_address,
    .has_interface = real_has_interface,
    .port_free = real_port_free,
};

struct world *world_real_open(struct error *err)
{
	struct real *real = calloc(1, sizeof(*real));

	if (!real) {
		fail_memory(err);
		return NULL;
	}
	int status = uv_loop_init(&real->loop);
	if (status) {
		fail(err, ERR_FAILED, "the event loop cannot be made: %s", uv_strerror(status));
		free(real);
		return NULL;
	}
	uv_timer_init(&real->loop, &real->bound);
	link_init(&real->timers);
	link_init(&real->probes);
	link_init(&real->talks);
	link_init(&real->children);
	link_init(&real->watches);
	link_init(&real->channels);
	real->world.ops = &real_ops;
	return &real->world;
}

void world_real_close(struct world *world)
{
	struct real *real = real_of(world);
	struct pipe_guard guard;

	if (!world)
		return;
	pipe_guard_enter(&guard);
	channels_close(real);
	http_close(real);
	ssh_close(real);
	talks_close(real);
	probes_close(real);
	worker_close(&real->jobs);
	worker_close(&real->look_ups);
	children_close(real);
	fd_watches_close(real);
	timers_close(real);
	uv_close((uv_handle_t *)&real->bound, NULL);
	/* Nothing but closing handles is left, so this ends without waiting for anybody. */
	uv_run(&real->loop, UV_RUN_DEFAULT);
	uv_loop_close(&real->loop);
	pipe_guard_leave(&guard);
	free(real);
}

void pipe_guard_enter(struct pipe_guard *guard)
{
	sigset_t pipe, pending;

	sigpending(&pending);
	guard->pending = sigismember(&pending, SIGPIPE) == 1;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &guard->before);
}

void pipe_guard_leave(const struct pipe_guard *guard)
{
	int error = errno;
	sigset_t pipe, pending;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	/* One that waited before us is the host's to see. */
	sigpending(&pending);
	if (!guard->pending && sigismember(&pending, SIGPIPE) == 1) {
		struct timespec none = {0};
		while (sigtimedwait(&pipe, NULL, &none) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
	errno = error;
}

int world_fd(struct world *world)
{
	return uv_backend_fd(&real_of(world)->loop);
}

int world_timeout_ms(struct world *world)
{
	uv_loop_t *loop = &real_of(world)->loop;

	/* libuv says 0 for a loop with nothing to do, which would keep the caller's poll spinning. */
	if (!uv_loop_alive(loop))
		return -1;
	uv_update_time(loop);
	return uv_backend_timeout(loop);
}

void world_dispatch(struct world *world)
{
	struct pipe_guard guard;

	pipe_guard_enter(&guard);
	uv_run(&real_of(world)->loop, UV_RUN_NOWAIT);
	pipe_guard_leave(&guard);
}

static void bound_fired(uv_timer_t *timer)
{
	(void)timer; /* to have woken the loop is all */
}

void world_wait(struct world *world, int timeout_ms)
{
	struct real *real = real_of(world);
	struct pipe_guard guard;

	if (timeout_ms == 0) {
		world_dispatch(world);
		return;
	}
	pipe_guard_enter(&guard);
	uv_update_time(&real->loop);
	/* Repeated: when it fires before the loop begins to wait, as it may on a busy machine, something must
	 * still end the wait. */
	if (timeout_ms > 0)
		uv_timer_start(&real->bound, bound_fired, (uint64_t)timeout_ms, 1);
	uv_run(&real->loop, UV_RUN_ONCE);
	uv_timer_stop(&real->bound);
	pipe_guard_leave(&guard);
}
