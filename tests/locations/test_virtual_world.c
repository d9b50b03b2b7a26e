/* test_virtual_world.c - the world that other tests stand on keeps time and order. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/virtual_channel.h"
#include "tests/support/virtual_world.h"

static struct world *virtual;
static char order[64];

static void set_up(void)
{
	virtual = virtual_world_new(7);
	cr_assert_not_null(virtual);
}

static void take_down(void)
{
	virtual_world_free(virtual);
}

TestSuite(virtual_world, .init = set_up, .fini = take_down);

static void note(void *owner)
{
	strcat(order, owner);
}

static bool said(void *owner)
{
	return strstr(order, owner) != NULL;
}

Test(virtual_world, timers_fire_in_the_order_of_time_then_of_start)
{
	const struct world_ops *ops = virtual->ops;
	int64_t before = ops->now(virtual);

	ops->timer_start(virtual, 20, note, "d");
	ops->timer_start(virtual, 10, note, "b");
	ops->timer_start(virtual, 10, note, "c");
	ops->timer_start(virtual, 0, note, "a");
	cr_assert_str_eq(order, "", "called from inside");
	cr_assert(virtual_world_run(virtual, said, "d", 1000));
	cr_assert_str_eq(order, "abcd");
	cr_assert(ops->now(virtual) == before + 20);
}

Test(virtual_world, many_timers_keep_their_order)
{
	static char names[26][2];

	for (int i = 0; i < 26; i++) {
		int k = i * 7 % 26;
		names[k][0] = (char)('a' + k);
		virtual->ops->timer_start(virtual, k * 3, note, names[k]);
	}
	cr_assert(virtual_world_run(virtual, said, "z", 1000));
	cr_assert_str_eq(order, "abcdefghijklmnopqrstuvwxyz");
}

Test(virtual_world, cancelled_timers_are_silent)
{
	const struct world_ops *ops = virtual->ops;

	struct timer *first = ops->timer_start(virtual, 1, note, "a");
	ops->timer_start(virtual, 2, note, "b");
	struct timer *third = ops->timer_start(virtual, 3, note, "c");
	ops->timer_start(virtual, 4, note, "d");
	ops->timer_cancel(virtual, third);
	ops->timer_cancel(virtual, first);
	ops->timer_cancel(virtual, NULL);
	cr_assert(virtual_world_pending(virtual) == 2);
	virtual_world_run(virtual, NULL, NULL, 100);
	cr_assert_str_eq(order, "bd");
}

Test(virtual_world, limit_ends_the_wait)
{
	int64_t before = virtual->ops->now(virtual);

	virtual->ops->timer_start(virtual, 51, note, "a");
	cr_assert(!virtual_world_run(virtual, said, "a", 50));
	cr_assert(virtual->ops->now(virtual) == before + 50);
	cr_assert(virtual_world_run(virtual, said, "a", 1));
}

static void again(void *owner)
{
	virtual->ops->timer_start(virtual, 0, again, owner);
}

Test(virtual_world, endless_instant_is_given_up)
{
	again(NULL);
	cr_assert(!virtual_world_run(virtual, NULL, NULL, 10));
}

Test(virtual_world, job_is_done_in_its_turn)
{
	virtual->ops->timer_start(virtual, 0, note, "a");
	virtual->ops->work(virtual, note, note, "j");
	struct job *cancelled = virtual->ops->work(virtual, note, note, "x");
	virtual->ops->work_cancel(virtual, cancelled);
	cr_assert_str_eq(order, "");
	virtual_world_run(virtual, NULL, NULL, 0);
	cr_assert_str_eq(order, "ajj");
}

Test(virtual_world, chance_repeats_with_its_seed)
{
	struct world *same = virtual_world_new(7), *other = virtual_world_new(8);
	unsigned char a[16], b[16], c[16];

	virtual->ops->random(virtual, a, sizeof(a));
	same->ops->random(same, b, sizeof(b));
	other->ops->random(other, c, sizeof(c));
	cr_assert(!memcmp(a, b, sizeof(a)));
	cr_assert(memcmp(a, c, sizeof(a)) != 0);
	virtual->ops->random(virtual, b, sizeof(b));
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
	virtual_world_free(same);
	virtual_world_free(other);
}

static void answered(void *owner, const struct error *error)
{
	*(struct error *)owner = *error;
}

static void got(void *owner, struct http_answer *answer)
{
	struct http_answer *kept = owner;

	*kept = *answer;
	answer->body = (struct text){0};
}

Test(virtual_world, nobody_answers_by_default)
{
	const struct http_request request = {.method = "GET", .url = "http://localhost/"};
	struct http_answer answer = {0};
	const struct http_sink sink = {.done = got, .owner = &answer};
	struct error probe = {0}, error = {0};

	cr_assert_not_null(virtual->ops->http_send(virtual, &request, &sink, &error));
	cr_assert_not_null(virtual->ops->tcp_probe(virtual, "192.0.2.7", 80, 1000, answered, &probe));
	cr_assert(answer.error.code == OK && probe.code == OK, "called from inside");
	virtual_world_run(virtual, NULL, NULL, 0);
	cr_assert(answer.error.code == ERR_UNREACHABLE);
	cr_assert(probe.code == ERR_UNREACHABLE);
	const char *argv[] = {"/bin/true", NULL};
	const struct process_options child = {.argv = argv};
	cr_assert_null(virtual->ops->spawn(virtual, &child, NULL, NULL, &error));
	cr_assert(error.code == ERR_UNREACHABLE);
}

static int64_t serve(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	answer->status = 200;
	answer->sent = true;
	text_format(&answer->body, "you asked for %s", request->url);
	return 30;
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	(void)owner;
	cr_assert(status == 200 && count > 3 && !memcmp(bytes, "you", 3));
	strcat(order, "chunk ");
	return false;
}

Test(virtual_world, hooks_answer_for_the_outside)
{
	const struct virtual_hooks hooks = {.http = serve};
	const struct http_request request = {.method = "GET", .url = "http://localhost/x"};
	struct http_answer answer = {0}, stream = {0};
	const struct http_sink sink = {.done = got, .owner = &answer};
	const struct http_sink streaming = {.done = got, .chunk = chunk, .owner = &stream};
	struct error error = {0};

	virtual_world_hooks(virtual, &hooks);
	cr_assert_not_null(virtual->ops->http_send(virtual, &request, &sink, &error));
	cr_assert_not_null(virtual->ops->http_send(virtual, &request, &streaming, &error));
	struct exchange *unwanted = virtual->ops->http_send(virtual, &request, &sink, &error);
	virtual->ops->http_cancel(virtual, unwanted);
	virtual_world_run(virtual, NULL, NULL, 29);
	cr_assert(!answer.status);
	virtual_world_run(virtual, NULL, NULL, 1);
	cr_assert(answer.status == 200 && answer.error.code == OK);
	cr_assert_str_eq(text_view(&answer.body), "you asked for http://localhost/x");
	cr_assert_str_eq(order, "chunk ");
	cr_assert(stream.error.code == ERR_CANCELLED);
	text_release(&answer.body);
}

static bool collect(void *owner, const char *name)
{
	strcat(owner, name);
	strcat(owner, " ");
	return true;
}

Test(virtual_world, files_live_in_its_own_directory)
{
	const struct world_ops *ops = virtual->ops;
	struct text content = {0};
	struct error error = {0};
	char path[512], names[64] = "";

	snprintf(path, sizeof(path), "%s/a/b", virtual_world_directory(virtual));
	cr_assert(ops->directories_make(virtual, path, 0700, &error) == 0, "%s", error.text);
	strcat(path, "/file");
	cr_assert(!ops->file_exists(virtual, path));
	cr_assert(ops->file_read(virtual, path, 100, &content, &error) == -1 && error.code == ERR_MISSING);
	cr_assert(ops->file_write(virtual, path, 0600, "0123456789", 10, &error) == 0, "%s", error.text);
	cr_assert(ops->file_tail(virtual, path, 3, &content, &error) == 0);
	cr_assert_str_eq(text_view(&content), "789");
	cr_assert(ops->file_read_at(virtual, path, 8, 100, &content, &error) == 0);
	cr_assert_str_eq(text_view(&content), "78989");
	text_release(&content);
	*strrchr(path, '/') = '\0';
	cr_assert(ops->directory_list(virtual, path, collect, names, &error) == 0);
	cr_assert_str_eq(names, "file ");
	cr_assert(ops->file_write(virtual, "/tmp/elsewhere", 0600, "", 0, &error) == -1 &&
		  error.code == ERR_DENIED);
	cr_assert(ops->tree_remove(virtual, path, &error) == 0);
	cr_assert(!ops->file_exists(virtual, path));
	cr_assert(ops->tree_remove(virtual, path, &error) == 0, "%s", error.text);
}

Test(virtual_world, files_are_put_looked_at_renamed_and_linked)
{
	const struct world_ops *ops = virtual->ops;
	const struct file_rights rights = {.mode = 0640, .uid = (uid_t)-1, .gid = (gid_t)-1};
	const char *own = virtual_world_directory(virtual);
	struct file_facts facts;
	struct error error = {0};
	char from[512], to[512];

	snprintf(from, sizeof(from), "%s/a/file", own);
	snprintf(to, sizeof(to), "%s/b", own);
	cr_assert(ops->file_put(virtual, own, "a/file", &rights, "x", 1, &error) == 0, "%s", error.text);
	cr_assert(ops->file_look(virtual, from, &facts, &error) == 0);
	cr_assert(facts.kind == FILE_PLAIN && facts.mode == 0640 && facts.size == 1);
	cr_assert(ops->link_make(virtual, "a/file", to, &error) == 0);
	cr_assert(ops->file_put(virtual, NULL, to, &rights, "x", 1, &error) == -1);
	cr_assert(error.code == ERR_CONFLICT);
	cr_assert(ops->file_rename(virtual, from, to, &error) == -1 && error.code == ERR_CONFLICT);
	cr_assert(ops->file_remove(virtual, to, &error) == 0);
	cr_assert(ops->file_rename(virtual, from, to, &error) == 0, "%s", error.text);
	cr_assert(ops->file_look(virtual, from, &facts, &error) == -1 && error.code == ERR_MISSING);
}

Test(virtual_world, lock_has_one_holder)
{
	struct error error = {0};
	char path[512];

	snprintf(path, sizeof(path), "%s/lock", virtual_world_directory(virtual));
	struct file_lock *lock = virtual->ops->lock(virtual, path, &error);
	cr_assert_not_null(lock, "%s", error.text);
	cr_assert_null(virtual->ops->lock(virtual, path, &error));
	cr_assert(error.code == ERR_LOCKED);
	virtual->ops->unlock(virtual, lock);
	lock = virtual->ops->lock(virtual, path, &error);
	cr_assert_not_null(lock);
	virtual->ops->unlock(virtual, lock);
}

Test(virtual_world, marked_ports_are_taken)
{
	cr_assert(virtual->ops->port_free(virtual, "127.0.0.1", 8080, false));
	virtual_world_port(virtual, 8080, true);
	cr_assert(!virtual->ops->port_free(virtual, "127.0.0.1", 8080, false));
}

/* --- channels --- */

static struct channel *given;

static void give_channel(void *owner, const struct http_request *request, struct channel *channel)
{
	(void)owner, (void)request;
	given = channel;
	virtual_channel_accept(channel, 10);
	virtual_channel_say(channel, 10, "b", 1);
	virtual_channel_say(channel, 30, "c", 1);
}

/* "x" is answered with "d", the end with hanging up. */
static void heard(void *owner, struct channel *channel, const char *bytes, size_t count)
{
	(void)owner;
	if (count && bytes[count - 1] == 'x')
		virtual_channel_say(channel, 50, "d", 1);
	if (!count)
		virtual_channel_hang_up(channel, 60, NULL, 101, NULL);
}

static void note_opened(void *owner)
{
	(void)owner;
	strcat(order, "a");
}

static void note_bytes(void *owner, const char *bytes, size_t count)
{
	(void)owner;
	strncat(order, bytes, count);
}

static void note_done(void *owner, struct http_answer *answer)
{
	(void)owner;
	strcat(order, answer->error.code == OK ? "e" : "!");
}

static const struct channel_sink channel_sink = {
    .opened = note_opened, .bytes = note_bytes, .done = note_done};

Test(virtual_world, channels_speak_and_hear_in_order)
{
	const struct virtual_hooks hooks = {.channel = give_channel, .heard = heard};
	const struct http_request request = {.method = "POST", .url = "http://localhost/"};
	struct error error = {0};

	virtual_world_hooks(virtual, &hooks);
	struct channel *channel = virtual->ops->channel_open(virtual, &request, &channel_sink, &error);
	virtual_channel_stall(channel, true);
	virtual->ops->channel_write(virtual, channel, "xx", 2);
	virtual->ops->channel_end(virtual, channel);
	cr_assert_str_eq(order, "", "called from inside");
	cr_assert(virtual_world_run(virtual, said, "c", 1000));
	cr_assert_str_eq(order, "abc");
	cr_assert(virtual->ops->channel_waiting(channel) == 2 && !virtual_channel_ended(channel));
	virtual_channel_stall(channel, false);
	virtual_world_run(virtual, NULL, NULL, 1);
	cr_assert_str_eq(text_view(virtual_channel_heard(channel)), "xx");
	cr_assert(virtual_channel_ended(channel));
	cr_assert(virtual_world_run(virtual, said, "e", 1000));
	cr_assert_str_eq(order, "abcde");
}

Test(virtual_world, channels_are_cancelled_or_lead_nowhere)
{
	const struct virtual_hooks hooks = {.channel = give_channel};
	const struct http_request request = {.method = "POST", .url = "http://localhost/"};
	struct error error = {0};

	virtual->ops->channel_open(virtual, &request, &channel_sink, &error);
	cr_assert(virtual_world_run(virtual, said, "!", 1000), "nobody is there");
	virtual_world_hooks(virtual, &hooks);
	virtual->ops->channel_open(virtual, &request, &channel_sink, &error);
	virtual_world_run(virtual, NULL, NULL, 20);
	virtual->ops->channel_cancel(virtual, given);
	virtual_world_run(virtual, NULL, NULL, 100);
	cr_assert_str_eq(order, "!ab");
	cr_assert(virtual_world_pending(virtual) == 0);
}
