/* fd_watch.c - descriptors of the real world that tell when they can be read or written. */
#include "base/world_real_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct fd_watch {
	struct link link; /* in real->watches until cancelled */
	uv_poll_t poll;
	int fd; /* of our own: libuv wants one for each direction */
	void (*ready)(void *owner);
	void *owner;
};

static void free_watch(uv_handle_t *handle)
{
	free(handle->data);
}

/* An error is told too: who reads or writes then will learn which. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct fd_watch *watch = poll->data;

	(void)status;
	(void)events;
	watch->ready(watch->owner);
}

static struct fd_watch *watch_new(struct real *real, int fd)
{
	struct fd_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (watch->fd >= 0 && !uv_poll_init(&real->loop, &watch->poll, watch->fd)) {
		watch->poll.data = watch;
		link_append(&real->watches, &watch->link);
		return watch;
	}
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
	return NULL;
}

struct fd_watch *real_fd_watch(struct world *world, int fd, bool write, void (*ready)(void *owner),
			       void *owner)
{
	struct fd_watch *watch = watch_new(real_of(world), fd);

	if (!watch)
		return NULL;
	watch->ready = ready;
	watch->owner = owner;
	uv_poll_start(&watch->poll, write ? UV_WRITABLE : UV_READABLE, on_ready);
	return watch;
}

void real_fd_cancel(struct world *world, struct fd_watch *watch)
{
	(void)world;
	if (!watch || uv_is_closing((uv_handle_t *)&watch->poll))
		return;
	link_remove(&watch->link);
	uv_poll_stop(&watch->poll);
	close(watch->fd);
	uv_close((uv_handle_t *)&watch->poll, free_watch);
}

void fd_watches_close(struct real *real)
{
	while (!link_alone(&real->watches))
		real_fd_cancel(&real->world, owner_of(real->watches.next, struct fd_watch, link));
}
