/* server.c - the controller as a whole: opened, moved by its host's loop, ended. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>

#include "api/owner.h"
#include "api/server.h"
#include "base/cleanup.h"

enum {
	SWEEP_MS = 1000,
	GRACE_MS = 2000, /* for answers that are on their way, when all has ended */
	MOST_PEM = 1024 * 1024,
};

int64_t steady_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- opening -------------------------------------------------------------------------------- */

static int copy(char **ret, const char *text, struct error *err)
{
	return text && !(*ret = strdup(text)) ? fail_memory(err) : 0;
}

static int read_file(char **ret, const char *path, struct error *err)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	if (!path)
		return 0;
	char *bytes = file ? calloc(1, MOST_PEM + 1) : NULL;
	size_t size = bytes ? fread(bytes, 1, MOST_PEM, file) : 0;
	int saved = errno;
	if (file)
		fclose(file);
	if (!size) {
		free(bytes);
		return fail(err, ERR_INVALID, "%s cannot be read: %s", path, strerror(saved));
	}
	*ret = bytes;
	return 0;
}

static void forget_key(char **key)
{
	if (*key)
		explicit_bzero(*key, strlen(*key));
	free(give(*key));
}

struct secrets {
	struct tokens tokens;
	char *certificate, *key, *ca;
	struct receiver *receivers; /* until they are taken */
};

static void secrets_release(struct secrets *secrets)
{
	tokens_release(&secrets->tokens);
	receivers_free(give(secrets->receivers));
	forget_key(&secrets->key);
	free(give(secrets->certificate));
	free(give(secrets->ca));
}

static int read_secrets(const struct berth_server *server, struct secrets *ret, struct error *err)
{
	if ((server->token_file && tokens_read(server->token_file, &ret->tokens, err)) ||
	    (server->webhook_file && receivers_read(server->webhook_file, &ret->receivers, err)) ||
	    read_file(&ret->certificate, server->certificate_file, err) ||
	    read_file(&ret->key, server->key_file, err) || read_file(&ret->ca, server->ca_file, err)) {
		secrets_release(ret);
		return -1;
	}
	return 0;
}

static void swap_secrets(struct berth_server *server, struct secrets *with)
{
	struct secrets before = {server->tokens, server->certificate, server->key, server->ca,
				 with->receivers};
	server->tokens = with->tokens;
	server->certificate = with->certificate;
	server->key = with->key;
	server->ca = with->ca;
	*with = before;
}

static void log_webhook(void *context, bool well, const char *line)
{
	log_entry(context, well ? BERTH_LOG_INFO : BERTH_LOG_WARNING, "webhook", NULL, "%s", line);
}

static int take_options(struct berth_server *server, const struct berth_server_options *options,
			struct error *err)
{
	struct secrets secrets = {0};
	unsigned char chance[4];
	server->log = options->log;
	server->context = options->context;
	if (getrandom(chance, sizeof chance, 0) != sizeof chance)
		return fail(err, ERR_FAILED, "there is no randomness: %s", strerror(errno));
	snprintf(server->run_id, sizeof server->run_id, "%02x%02x%02x%02x", chance[0], chance[1], chance[2],
		 chance[3]);
	if (copy(&server->certificate_file, options->tls_certificate, err) ||
	    copy(&server->key_file, options->tls_key, err) ||
	    copy(&server->ca_file, options->client_ca, err) ||
	    copy(&server->token_file, options->token_file, err) ||
	    copy(&server->webhook_file, options->webhook_file, err) || read_secrets(server, &secrets, err))
		return -1;
	swap_secrets(server, &secrets);
	if (server->webhook_file) {
		server->webhooks = webhooks_new(server->berth, options->webhook_ca, log_webhook, server);
		if (!server->webhooks) {
			secrets_release(&secrets);
			return fail_memory(err);
		}
		webhooks_take(server->webhooks, give(secrets.receivers));
	}
	return server->ca ? certificates_load(err) : 0;
}

static int open_loop(struct berth_server *server, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN};
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll_fd < 0 ||
	    epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, berth_fd(server->berth), &event))
		return fail(err, ERR_FAILED, "no event loop: %s", strerror(errno));
	return 0;
}

static int open_doors(struct berth_server *server, const struct berth_server_options *options,
		      struct error *err)
{
	if (listen_open(server, options, err))
		return -1;
	for (struct door *door = server->doors; door; door = door->next)
		if (door_open(door, err))
			return -1;
	return 0;
}

static const char *own_socket(const struct berth_server *server)
{
	for (const struct door *door = server->doors; door; door = door->next)
		if (door->path)
			return door->path;
	return NULL;
}

/* From now on they change when they are read again, and not before. */
static int load_locations(struct berth_server *server, struct error *err)
{
	struct berth_error why = {0};
	if (berth_reload(server->berth, &why) == 0)
		return 0;
	fail(err, ERR_INVALID, "%s", why.text);
	remedy(err, "%s", why.remedy);
	return -1;
}

/* Of one that cannot be read nothing would be kept, and nobody would notice. */
static int read_store(struct berth_server *server, struct error *err)
{
	const struct berth_request request = {.size = sizeof request, .remembered = true};
	struct berth_operation *reading = berth_status(server->berth, &request, NULL, NULL);
	if (!reading)
		return fail_memory(err);
	enum berth_outcome outcome = berth_run(reading);
	if (outcome != BERTH_OK) {
		fail(err,
		     outcome == BERTH_LOCKED   ? ERR_LOCKED
		     : outcome == BERTH_DENIED ? ERR_DENIED
					       : ERR_FAILED,
		     "%s", berth_message(reading));
		remedy(err, "%s", berth_remedy(reading));
	}
	berth_operation_free(reading);
	return outcome == BERTH_OK ? 0 : -1;
}

static int open_all(struct berth_server *server, const struct berth_server_options *options,
		    struct error *err)
{
	char who[40];
	snprintf(who, sizeof who, "user %ld", (long)geteuid());
	if (http_library_load(&server->http, err) || take_options(server, options, err))
		return -1;
	if (load_locations(server, err))
		return -1;
	server->owner_fd = owner_take(berth_state_directory(server->berth), err);
	if (server->owner_fd < 0 || read_store(server, err) || open_loop(server, err) ||
	    open_doors(server, options, err) || resume_left(server, err) || keeping_begin(server, err))
		return -1;
	return owner_describe(server->owner_fd, own_socket(server), who, err);
}

static void tell(struct berth_error *ret, const struct error *err)
{
	if (!ret)
		return;
	ret->outcome = err->code == ERR_LOCKED    ? BERTH_LOCKED
		       : err->code == ERR_DENIED  ? BERTH_DENIED
		       : err->code == ERR_INVALID ? BERTH_USAGE
						  : BERTH_FAILED;
	snprintf(ret->text, sizeof ret->text, "%s", err->text);
	snprintf(ret->remedy, sizeof ret->remedy, "%s", err->remedy);
}

int berth_server_open(struct berth_server **ret, struct berth *berth,
		      const struct berth_server_options *given, struct berth_error *error)
{
	struct berth_server_options options = {.size = sizeof options};
	struct berth_server *server = calloc(1, sizeof *server);
	struct error err = {0};
	if (given && !given->size) {
		fail(&err, ERR_INVALID, "the size of the struct berth_server_options is not set");
		remedy(&err, "begin it with {.size = sizeof (struct berth_server_options)}");
		tell(error, &err);
		free(server);
		return -1;
	}
	if (given)
		memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
	if (!server) {
		fail_memory(&err);
		tell(error, &err);
		return -1;
	}
	server->berth = berth;
	server->epoll_fd = server->owner_fd = -1;
	server->tracked_end = &server->tracked;
	server->began_ms = server->swept_ms = steady_ms();
	if (open_all(server, &options, &err)) {
		tell(error, &err);
		berth_server_close(server);
		return -1;
	}
	for (const struct door *door = server->doors; door; door = door->next)
		server_log(server, "listening on %s", door->name);
	*ret = server;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whoever is inside already is so by what holds now. */
static void let_in_anew(struct berth_server *server, struct secrets *before)
{
	/* A connection goes on with the authority that there was when it began. */
	for (struct door *door = server->doors; door && !same_text(server->ca, before->ca); door = door->next)
		door_end_former(door);
	access_review(server);
	if (server->webhooks)
		webhooks_take(server->webhooks, give(before->receivers));
}

int berth_server_reload(struct berth_server *server, struct berth_error *error)
{
	struct secrets secrets = {0};
	struct error err = {0};
	if (load_locations(server, &err)) {
		tell(error, &err);
		return -1;
	}
	bool read = read_secrets(server, &secrets, &err) == 0;
	int failed = read ? 0 : -1;
	if (read)
		swap_secrets(server, &secrets);
	for (struct door *door = server->doors; door && !failed; door = door->next)
		failed = door_reload(door, &err);
	if (failed && read)
		swap_secrets(server, &secrets);
	if (failed)
		berth_reload_undo(server->berth);
	else
		let_in_anew(server, &secrets);
	secrets_release(&secrets);
	if (failed)
		tell(error, &err);
	return failed;
}

/* --- moving --------------------------------------------------------------------------------- */

int berth_server_fd(const struct berth_server *server)
{
	return server->epoll_fd;
}

static int sooner(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

static int daemon_timeout(const struct berth_server *server, struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG left = 0;
	if (!daemon || server->http.timeout(daemon, &left) != MHD_YES)
		return -1;
	return left > 60000 ? 60000 : (int)left;
}

int berth_server_timeout_ms(struct berth_server *server)
{
	int timeout = berth_timeout_ms(server->berth);
	for (struct door *door = server->doors; door; door = door->next) {
		timeout = sooner(timeout, daemon_timeout(server, door->daemon));
		timeout = sooner(timeout, daemon_timeout(server, door->former));
	}
	/* Deadlines, beats, and operations that nobody listens to. */
	if (server->guest_count || server->stops || server->refusals.since_ms || !tracked_all_ended(server))
		timeout = sooner(timeout, SWEEP_MS);
	return timeout;
}

void berth_server_dispatch(struct berth_server *server)
{
	berth_dispatch(server->berth);
	tracked_sweep(server);
	exchanges_wake(server);
	for (struct door *door = server->doors; door; door = door->next) {
		server->http.run(door->daemon);
		if (door->former)
			server->http.run(door->former);
	}
	int64_t now_ms = steady_ms();
	if (now_ms - server->swept_ms >= SWEEP_MS) {
		server->swept_ms = now_ms;
		guests_sweep(server);
		audit_sweep(server, now_ms);
	}
}

static void count_applications(void *of, const struct berth_number *number)
{
	if (strcmp(number->name, "applications") == 0)
		*(uint64_t *)of = number->value;
}

const char *berth_server_status(struct berth_server *server)
{
	uint64_t kept = 0;
	size_t running = tracked_running(server);
	berth_numbers(server->berth, count_applications, &kept);
	snprintf(server->status, sizeof server->status,
		 "%s%" PRIu64 " application%s kept, %zu operation%s under way",
		 server->stops ? "ending: " : "", kept, kept == 1 ? " is" : "s are", running,
		 running == 1 ? " is" : "s are");
	return server->status;
}

/* --- ending --------------------------------------------------------------------------------- */

void berth_server_stop(struct berth_server *server)
{
	size_t running = tracked_running(server);
	if (!server->stops++)
		server_log(server, "ending: %zu operation%s under way%s", running, running == 1 ? "" : "s",
			   running ? ": what flies is finished" : "");
	server->last_end_ms = steady_ms();
	for (struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		tracked_cancel(tracked);
	keeping_stop(server);
}

/* Who waits for an operation still asks how it ended. */
static bool all_told(const struct berth_server *server)
{
	bool told = !server->exchanges && !webhooks_flying(server->webhooks);
	for (const struct tracked *tracked = server->tracked; tracked && told; tracked = tracked->next)
		told = tracked->told || !tracked->cancels;
	return told || steady_ms() - server->last_end_ms > GRACE_MS;
}

bool berth_server_stopped(const struct berth_server *server)
{
	return server->stops && tracked_all_ended(server) && keeping_ended(server) && all_told(server);
}

void berth_server_close(struct berth_server *server)
{
	if (!server)
		return;
	audit_sweep(server, INT64_MAX);
	exchanges_resume(server, NULL);
	for (struct door *door = server->doors, *next; door; door = next) {
		next = door->next;
		door_close(door);
	}
	tracked_release_all(server);
	berth_operation_free(server->keeping);
	webhooks_free(server->webhooks);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	if (server->owner_fd >= 0)
		close(server->owner_fd);
	struct secrets secrets = {0};
	swap_secrets(server, &secrets);
	secrets_release(&secrets);
	metrics_release(&server->metrics);
	free(server->certificate_file);
	free(server->key_file);
	free(server->ca_file);
	free(server->token_file);
	free(server->webhook_file);
	free(server);
}
