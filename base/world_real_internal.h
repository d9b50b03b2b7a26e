/* world_real_internal.h - what the rooms of the real world share: the loop, what flies on it, the guards. */
#ifndef BERTH_BASE_WORLD_REAL_INTERNAL_H
#define BERTH_BASE_WORLD_REAL_INTERNAL_H

#include <signal.h>
#include <uv.h>

#include "base/file_error.h"
#include "base/member.h"
#include "base/world_real.h"

/* A ring of things in flight; the head is a link that belongs to nobody. */
struct link {
	struct link *next, *last;
};

static inline void link_init(struct link *link)
{
	link->next = link->last = link;
}

static inline void link_append(struct link *ring, struct link *link)
{
	link->last = ring->last;
	link->next = ring;
	ring->last->next = link;
	ring->last = link;
}

static inline void link_prepend(struct link *ring, struct link *link)
{
	link_append(ring->next, link);
}

static inline void link_remove(struct link *link)
{
	link->next->last = link->last;
	link->last->next = link->next;
	link_init(link);
}

static inline bool link_alone(const struct link *link)
{
	return link->next == link;
}

struct http;
struct ssh;
struct worker;

struct real {
	struct world world; /* first, so that a world is a real one by a cast */
	uv_loop_t loop;
	uv_timer_t bound; /* ends world_wait in time */
	struct link timers, probes, talks, children, watches, channels;
	struct http *http;       /* NULL until the first request */
	struct ssh *ssh;         /* likewise */
	struct worker *jobs;     /* NULL until the first job */
	struct worker *look_ups; /* names have a thread of their own: a slow resolver holds up no job */
	char boot_id[64];
};

static inline struct real *real_of(struct world *world)
{
	return (struct real *)world;
}

/* SIGPIPE blocked while libraries write; one that came of it is taken away afterwards. */
struct pipe_guard {
	sigset_t before;
	bool pending;
};
void pipe_guard_enter(struct pipe_guard *guard);
void pipe_guard_leave(const struct pipe_guard *guard);

/* world_real.c */
int64_t real_now(struct world *world);

/* self.c */
pid_t real_process_id(struct world *world);
uid_t real_user_id(struct world *world);
void real_host_name(struct world *world, char *ret_name, size_t size);
int real_working_directory(struct world *world, char *ret_path, size_t size);

/* timers.c */
struct timer *real_timer_start(struct world *world, int64_t delay_ms, void (*fired)(void *), void *owner);
void real_timer_cancel(struct world *world, struct timer *timer);
void timers_close(struct real *real);

/* http_curl.c */
struct exchange *real_http_send(struct world *world, const struct http_request *request,
				const struct http_sink *sink, struct error *err);
void real_http_cancel(struct world *world, struct exchange *exchange);
void http_close(struct real *real);

/* channel.c, channel_connection.c, channel_answer.c */
struct channel *real_channel_open(struct world *world, const struct http_request *request,
				  const struct channel_sink *sink, struct error *err);
void real_channel_write(struct world *world, struct channel *channel, const void *bytes, size_t count);
size_t real_channel_waiting(const struct channel *channel);
void real_channel_end(struct world *world, struct channel *channel);
void real_channel_cancel(struct world *world, struct channel *channel);
void channels_close(struct real *real);

/* ssh_call.c */
extern const struct ssh_ops real_ssh_ops;
void ssh_close(struct real *real);

/* tcp_probe.c */
struct probe_call *real_tcp_probe(struct world *world, const char *address, uint16_t port, int64_t timeout_ms,
				  void (*answered)(void *owner, const struct error *), void *owner);
void real_tcp_cancel(struct world *world, struct probe_call *call);
/* The connection itself, which is the owner's then; fd -1 with why not. */
struct probe_call *tcp_connect(struct real *real, const char *address, uint16_t port, int64_t timeout_ms,
			       void (*connected)(void *owner, int fd, const struct error *), void *owner);
void probes_close(struct real *real);

/* tcp_ask.c */
struct tcp_talk *real_tcp_ask(struct world *world, const struct tcp_question *question);
void real_tcp_ask_cancel(struct world *world, struct tcp_talk *talk);
void talks_close(struct real *real);

/* worker.c */
/* Like work, on the given worker (made when NULL); `release`, if given, gets `owner` when the job is over or
 * cancelled, on our thread. */
struct job *worker_add(struct real *real, struct worker **worker, void (*work)(void *owner),
		       void (*done)(void *owner), void (*release)(void *owner), void *owner);
void worker_cancel(struct job *job);
/* Waits for the job that runs, forgets the others. */
void worker_close(struct worker **slot);
struct job *real_work(struct world *world, void (*work)(void *owner), void (*done)(void *owner), void *owner);
void real_work_cancel(struct world *world, struct job *job);

/* process.c, with keeper.c */
struct child *real_spawn(struct world *world, const struct process_options *options,
			 void (*ended)(void *owner, const struct process_end *), void *owner,
			 struct error *err);
pid_t real_child_pid(struct child *child);
void real_child_drop(struct world *world, struct child *child);
void children_close(struct real *real);

/* fd_watch.c */
struct fd_watch *real_fd_watch(struct world *world, int fd, bool write, void (*ready)(void *owner),
			       void *owner);
void real_fd_cancel(struct world *world, struct fd_watch *watch);
void fd_watches_close(struct real *real);

/* processes.c */
int real_processes(struct world *world, const char *environment_prefix,
		   bool (*visit)(void *owner, const struct process_info *), void *owner, struct error *err);
int real_memfd_holders(struct world *world, const char *name_prefix,
		       bool (*visit)(void *owner, pid_t pid, uint64_t start_ticks, const char *name),
		       void *owner, struct error *err);
int real_signal(struct world *world, pid_t pid, uint64_t start_ticks, int signal_number, struct error *err);
const char *real_boot_id(struct world *world);

/* files.c */
int real_file_read(struct world *world, const char *path, size_t limit, struct text *ret_content,
		   struct error *err);
int real_file_tail(struct world *world, const char *path, size_t limit, struct text *ret_content,
		   struct error *err);
int real_file_read_at(struct world *world, const char *path, uint64_t offset, size_t limit,
		      struct text *ret_content, struct error *err);
int real_file_note(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		   struct error *err);
int real_file_write(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		    struct error *err);
int real_file_remove(struct world *world, const char *path, struct error *err);
bool real_file_exists(struct world *world, const char *path);
struct file_lock *real_lock(struct world *world, const char *path, struct error *err);
struct file_lock *real_directory_lock(struct world *world, const char *path, struct error *err);
void real_unlock(struct world *world, struct file_lock *lock);
const char *real_database_vfs(struct world *world);
/* All of the bytes; -1 with errno. */
int write_all(int fd, const void *bytes, size_t count);
/* So that a name given or taken in it lasts through a power cut. */
int sync_directory_of(const char *path, struct error *err);

/* paths.c */
int real_file_put(struct world *world, const char *base, const char *path, const struct file_rights *rights,
		  const void *bytes, size_t count, struct error *err);
int real_file_look(struct world *world, const char *path, struct file_facts *ret, struct error *err);
int real_file_follow(struct world *world, const char *path, struct file_facts *ret, struct error *err);
int real_file_create(struct world *world, const char *path, mode_t mode, struct error *err);
int real_file_mode(struct world *world, const char *path, mode_t mode, struct error *err);
int real_file_rename(struct world *world, const char *from, const char *to, struct error *err);
int real_link_make(struct world *world, const char *target, const char *path, struct error *err);

/* directories.c */
int real_tree_remove(struct world *world, const char *path, struct error *err);
int real_directory_remove(struct world *world, const char *path, struct error *err);
int real_directories_make(struct world *world, const char *path, mode_t mode, struct error *err);
int real_directory_list(struct world *world, const char *path, bool (*visit)(void *owner, const char *name),
			void *owner, struct error *err);

/* network.c */
int real_default_address(struct world *world, char *ret_address, size_t size);
bool real_has_interface(struct world *world, const char *name);
bool real_port_free(struct world *world, const char *address, uint16_t port, bool udp);

#endif
