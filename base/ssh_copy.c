/* ssh_copy.c - files to and from a machine: by SFTP (draft-ietf-secsh-filexfer-02), and by `cat` where that
 * is not to be had. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ssh_bytes.h"
#include "base/ssh_internal.h"

enum message {
	SFTP_INIT = 1,
	SFTP_VERSION,
	SFTP_OPEN,
	SFTP_CLOSE,
	SFTP_READ,
	SFTP_WRITE,
	SFTP_FSTAT = 8,
	SFTP_FSETSTAT = 10,
	SFTP_REMOVE = 13,
	SFTP_RENAME = 18,
	SFTP_STATUS = 101,
	SFTP_HANDLE,
	SFTP_DATA,
	SFTP_ATTRS = 105,
	SFTP_EXTENDED = 200,
};

enum { STATUS_OK, STATUS_EOF, STATUS_MISSING, STATUS_DENIED };

enum {
	OPEN_READ = 1,
	OPEN_NEW = 2 | 8 | 32, /* to write, made, and not there before */
	HAS_SIZE = 1,
	HAS_MODE = 4,
	MESSAGE_MAX = 256 * 1024 + 1024,
	READ_PIECE = 255 * 1024, /* whoever gives less at a time does so */
	WRITE_PIECE = 32000,
	WRITES_UNDER_WAY = 32,
	GET_LIMIT = 64 * 1024 * 1024,
	NOISE_MAX = 64 * 1024, /* what a login shell may say before */
};

#define TOO_LONG     "%s: %s is longer than is wanted"
#define FILE_FOLLOWS "berth: the file follows\n"

enum stage { GREETING, CLEARING, OPENING, SIZING, MOVING, FINISHING, RENAMING, REPLACING, DONE };

struct ssh_copy {
	bool get, by_cat;
	char *path, *half;
	mode_t mode;
	size_t limit;
	struct text content, in, handle;
	enum stage stage;
	uint64_t offset; /* of the next piece */
	unsigned under_way;
	uint32_t next_id;
	bool can_rename, can_sync; /* as POSIX does */
	struct error error;
};

void ssh_copy_free(struct ssh_copy *copy)
{
	if (!copy)
		return;
	free(copy->path);
	free(copy->half);
	text_release(&copy->content);
	text_release(&copy->in);
	text_release(&copy->handle);
	free(copy);
}

/* --- what we say --------------------------------------------------------------------------------------- */

static void begin_message(struct ssh_copy *copy, struct text *message, enum message kind)
{
	message->secret = true;
	text_add_char(message, (char)kind);
	ssh_add_u32(message, copy->next_id++);
}

static void send_message(struct ssh_call *call, const struct text *message)
{
	owned_text framed = {.secret = true};

	text_reserve(&framed, message->length + 4);
	ssh_add_string(&framed, text_view(message), message->length);
	if (message->failed || framed.failed)
		call->queue.failed = true;
	else
		ssh_write(&call->peer->ssh->real->world, call, framed.data, framed.length);
	call->copy->under_way++;
}

static void send_path(struct ssh_call *call, enum message kind, const char *path)
{
	owned_text message = {0};

	begin_message(call->copy, &message, kind);
	ssh_add_string(&message, path, strlen(path));
	send_message(call, &message);
}

static void send_open(struct ssh_call *call, const char *path, uint32_t how)
{
	owned_text message = {0};

	begin_message(call->copy, &message, SFTP_OPEN);
	ssh_add_string(&message, path, strlen(path));
	ssh_add_u32(&message, how);
	ssh_add_u32(&message, how == OPEN_READ ? 0 : HAS_MODE);
	if (how != OPEN_READ)
		ssh_add_u32(&message, 0600);
	send_message(call, &message);
}

static void send_handle(struct ssh_call *call, enum message kind)
{
	owned_text message = {0};
	struct ssh_copy *copy = call->copy;

	begin_message(copy, &message, kind);
	ssh_add_string(&message, text_view(&copy->handle), copy->handle.length);
	if (kind == SFTP_FSETSTAT) {
		ssh_add_u32(&message, HAS_MODE);
		ssh_add_u32(&message, copy->mode & 07777);
	}
	send_message(call, &message);
}

static void send_extended(struct ssh_call *call, const char *name, const void *first, size_t first_size,
			  const char *second)
{
	owned_text message = {0};

	begin_message(call->copy, &message, SFTP_EXTENDED);
	ssh_add_string(&message, name, strlen(name));
	ssh_add_string(&message, first, first_size);
	if (second)
		ssh_add_string(&message, second, strlen(second));
	send_message(call, &message);
}

static void send_write(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;
	owned_text message = {0};
	size_t left = copy->content.length - copy->offset, count = left < WRITE_PIECE ? left : WRITE_PIECE;

	begin_message(copy, &message, SFTP_WRITE);
	ssh_add_string(&message, text_view(&copy->handle), copy->handle.length);
	ssh_add_u64(&message, copy->offset);
	ssh_add_string(&message, copy->content.data + copy->offset, count);
	copy->offset += count;
	send_message(call, &message);
}

static void send_read(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;
	owned_text message = {0};

	begin_message(copy, &message, SFTP_READ);
	ssh_add_string(&message, text_view(&copy->handle), copy->handle.length);
	ssh_add_u64(&message, copy->content.length);
	ssh_add_u32(&message, READ_PIECE);
	send_message(call, &message);
}

/* --- how it goes on --------------------------------------------------------------------------------------
 */

static void finish(struct ssh_call *call)
{
	call->copy->stage = DONE;
	call->ending = true; /* then the other side ends too */
}

static void fail_copy(struct ssh_call *call, enum code code, const char *words)
{
	struct ssh_copy *copy = call->copy;
	bool half = !copy->get && copy->stage > OPENING && copy->stage < DONE;

	fail(&copy->error, code, "%s: %s %s: %s", call->peer->name,
	     copy->get ? "cannot read" : "cannot write", copy->path, words);
	if (code == ERR_FAILED && !copy->get)
		remedy(&copy->error, "is its disk full, or the quota used up?");
	if (half)
		send_path(call, SFTP_REMOVE, copy->half);
	finish(call);
}

static void write_on(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;

	while (copy->under_way < WRITES_UNDER_WAY && copy->offset < copy->content.length)
		send_write(call);
	if (copy->under_way)
		return;
	copy->stage = FINISHING;
	send_handle(call, SFTP_FSETSTAT);
	if (copy->can_sync)
		send_extended(call, "fsync@openssh.com", copy->handle.data, copy->handle.length, NULL);
	send_handle(call, SFTP_CLOSE);
}

static void rename_half(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;
	owned_text message = {0};

	if (copy->can_rename) {
		send_extended(call, "posix-rename@openssh.com", copy->half, strlen(copy->half), copy->path);
		return;
	}
	begin_message(copy, &message, SFTP_RENAME);
	ssh_add_string(&message, copy->half, strlen(copy->half));
	ssh_add_string(&message, copy->path, strlen(copy->path));
	send_message(call, &message);
}

/* All that was asked in this stage is answered, and well. */
static void go_on(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;

	switch (copy->stage) {
	case CLEARING:
		copy->stage = OPENING;
		send_open(call, copy->half, OPEN_NEW);
		break;
	case OPENING:
		copy->stage = copy->get ? SIZING : MOVING;
		if (copy->get)
			send_handle(call, SFTP_FSTAT);
		else
			write_on(call);
		break;
	case SIZING:
		copy->stage = MOVING;
		send_read(call);
		break;
	case MOVING:
		if (copy->get)
			send_read(call);
		else
			write_on(call);
		break;
	case FINISHING:
		copy->stage = RENAMING;
		rename_half(call);
		break;
	case REPLACING:
		copy->stage = RENAMING;
		rename_half(call);
		copy->can_rename = true; /* not once more */
		break;
	default:
		finish(call);
	}
}

/* --- what it says -----------------------------------------------------------------------------------------
 */

static void take_version(struct ssh_call *call, struct ssh_bytes *from)
{
	struct ssh_copy *copy = call->copy;

	ssh_take_u32(from);
	while (from->left && !from->bad) {
		struct ssh_string name = ssh_take_string(from);
		ssh_take_string(from);
		copy->can_rename |= ssh_string_is(name, "posix-rename@openssh.com");
		copy->can_sync |= ssh_string_is(name, "fsync@openssh.com");
	}
	copy->under_way = 0;
	copy->stage = copy->get ? OPENING : CLEARING;
	if (copy->get)
		send_open(call, copy->path, OPEN_READ);
	else
		send_path(call, SFTP_REMOVE, copy->half);
}

static void take_status(struct ssh_call *call, struct ssh_bytes *from)
{
	struct ssh_copy *copy = call->copy;
	uint32_t status = ssh_take_u32(from);
	struct ssh_string said = ssh_take_string(from);
	owned_text words = {0};

	if (copy->get && copy->stage == MOVING && status == STATUS_EOF) {
		finish(call);
		return;
	}
	/* What is not there need not be removed; and whoever renames only to what is not there is helped. */
	if (status == STATUS_OK || copy->stage == CLEARING)
		return;
	if (copy->stage == RENAMING && !copy->can_rename && status != STATUS_DENIED) {
		copy->stage = REPLACING;
		send_path(call, SFTP_REMOVE, copy->path);
		return;
	}
	text_add_printable(&words, (const char *)said.bytes, said.size < 200 ? said.size : 200);
	fail_copy(call,
		  status == STATUS_MISSING  ? ERR_MISSING
		  : status == STATUS_DENIED ? ERR_DENIED
					    : ERR_FAILED,
		  words.length ? text_view(&words) : "it does not say why");
}

static void take_attributes(struct ssh_call *call, struct ssh_bytes *from)
{
	uint32_t has = ssh_take_u32(from);
	uint64_t size = has & HAS_SIZE ? ssh_take_u64(from) : 0;

	if (size > call->copy->limit)
		fail_copy(call, ERR_FAILED, "it is longer than is wanted");
}

static void take_data(struct ssh_call *call, struct ssh_bytes *from)
{
	struct ssh_copy *copy = call->copy;
	struct ssh_string data = ssh_take_string(from);

	if (copy->content.length + data.size > copy->limit)
		fail_copy(call, ERR_FAILED, "it is longer than is wanted");
	else if (!data.size)
		fail_copy(call, ERR_FAILED, "an empty piece came");
	else
		text_add_bytes(&copy->content, data.bytes, data.size);
}

static void take_message(struct ssh_call *call, struct ssh_string whole)
{
	struct ssh_copy *copy = call->copy;
	struct ssh_bytes from = ssh_bytes_of(whole.bytes, whole.size);
	enum message kind = (enum message)ssh_take(&from, 1).bytes[0];

	if (kind == SFTP_VERSION && copy->stage == GREETING) {
		take_version(call, &from);
		return;
	}
	ssh_take_u32(&from); /* which question; they are answered in their order, or it does not matter */
	copy->under_way -= copy->under_way > 0;
	if (kind == SFTP_STATUS) {
		take_status(call, &from);
	} else if (kind == SFTP_HANDLE && copy->stage == OPENING) {
		struct ssh_string handle = ssh_take_string(&from);
		text_add_bytes(&copy->handle, handle.bytes, handle.size);
	} else if (kind == SFTP_ATTRS && copy->stage == SIZING) {
		take_attributes(call, &from);
	} else if (kind == SFTP_DATA && copy->get && copy->stage == MOVING) {
		take_data(call, &from);
	} else {
		from.bad = true;
	}
	if (copy->stage == DONE)
		return;
	if (from.bad || copy->content.failed || copy->handle.failed)
		fail_copy(call, ERR_FAILED, "its SFTP server says what it should not");
	else if (!copy->under_way || copy->stage == MOVING)
		go_on(call);
}

void ssh_copy_opened(struct ssh_call *call)
{
	static const unsigned char init[] = {0, 0, 0, 5, SFTP_INIT, 0, 0, 0, 3};

	if (!call->copy->by_cat)
		ssh_write(&call->peer->ssh->real->world, call, init, sizeof(init));
}

/* Something that is no SFTP: a login shell's own words. */
static void give_up_sftp(struct ssh_call *call)
{
	call->restart = true;
	call->copy->stage = DONE;
	call->ending = true;
}

void ssh_copy_bytes(struct ssh_call *call, bool errors, const char *bytes, size_t count)
{
	struct ssh_copy *copy = call->copy;
	struct text *kept = errors ? &call->answer.errors : &copy->content;

	if (copy->by_cat) {
		if (kept->length + count <= (errors ? NOISE_MAX : copy->limit + NOISE_MAX))
			text_add_bytes(kept, bytes, count);
		else if (!errors)
			call->failed =
			    fail(&call->answer.error, ERR_FAILED, "%s: %s is longer than is wanted",
				 call->peer->name, copy->path) < 0;
		return;
	}
	if (errors || copy->stage == DONE)
		return;
	text_add_bytes(&copy->in, bytes, count);
	size_t at = 0;
	while (copy->in.length - at >= 4 && copy->stage != DONE) {
		struct ssh_bytes from = ssh_bytes_of(copy->in.data + at, copy->in.length - at);
		uint32_t length = ssh_take_u32(&from);
		bool sense = length && length <= MESSAGE_MAX;
		if (copy->stage == GREETING && (!sense || (from.left && from.at[0] != SFTP_VERSION))) {
			give_up_sftp(call);
			return;
		}
		if (!sense) {
			fail_copy(call, ERR_FAILED, "its SFTP server says what it should not");
			return;
		}
		if (from.left < length)
			break;
		take_message(call, ssh_take(&from, length));
		at += 4 + (size_t)length;
	}
	if (copy->in.failed) {
		call->queue.failed = true;
		return;
	}
	copy->in.length -= at;
	memmove(copy->in.data, copy->in.data + at, copy->in.length + 1);
}

/* --- by cat
 * ------------------------------------------------------------------------------------------------- */

static void add_word(struct text *to, const char *word)
{
	text_add_char(to, ' ');
	text_add_quoted(to, word);
}

void ssh_copy_restart(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;

	copy->by_cat = true;
	call->peer->no_sftp = true;
	call->kind = CALL_COMMAND;
	call->answer.error = (struct error){0};
	call->answer.exit_code = -1;
	call->answer.sent = false;
	text_clear(&call->answer.errors);
	text_clear(&call->what);
	text_clear(&call->queue);
	call->written = 0;
	/* What was cut short is not moved into its place. */
	text_add(&call->what,
		 copy->get
		     ? "sh -c 'LC_ALL=C; export LC_ALL; printf \"%s\\n\" \"$1\"; exec cat -- \"$2\"' berth"
		     : "sh -c 'LC_ALL=C; export LC_ALL; umask 077 && rm -f -- \"$2\" && cat >\"$2\" && test "
		       "\"$(wc -c <\"$2\")\" -eq "
		       "\"$4\" && chmod -- \"$3\" \"$2\" && mv -f -- \"$2\" \"$1\" || { rm -f -- \"$2\"; "
		       "exit 1; }' berth");
	if (copy->get) {
		owned_text line = {0};
		text_add_bytes(&line, FILE_FOLLOWS, strlen(FILE_FOLLOWS) - 1);
		add_word(&call->what, text_view(&line));
		add_word(&call->what, copy->path);
	} else {
		add_word(&call->what, copy->path);
		add_word(&call->what, copy->half);
		text_format(&call->what, " %o %zu", (unsigned int)(copy->mode & 07777), copy->content.length);
		text_add_bytes(&call->queue, text_view(&copy->content), copy->content.length);
	}
	call->ending = true;
	if (call->what.failed)
		call->queue.failed = true;
}

static void explain_cat(struct ssh_call *call)
{
	struct ssh_answer *answer = &call->answer;
	struct ssh_copy *copy = call->copy;
	owned_text words = {0};
	const char *said = text_view(&answer->errors);

	text_add_printable(&words, said, strcspn(said, "\n"));
	fail(&answer->error,
	     strstr(said, "No such file") || strstr(said, "nonexistent") ? ERR_MISSING
	     : strstr(said, "Permission denied")                         ? ERR_DENIED
									 : ERR_FAILED,
	     "%s: %s %s: %s", call->peer->name, copy->get ? "cannot read" : "cannot write", copy->path,
	     words.length ? text_view(&words) : "the machine does not say why");
}

/* Behind what a login shell said before. */
static bool take_from_cat(struct ssh_copy *copy)
{
	const char *mark = copy->content.length ? memmem(copy->content.data, copy->content.length,
							 FILE_FOLLOWS, strlen(FILE_FOLLOWS))
						: NULL;

	if (!mark)
		return false;
	size_t skip = (size_t)(mark - copy->content.data) + strlen(FILE_FOLLOWS);
	copy->content.length -= skip;
	memmove(copy->content.data, copy->content.data + skip, copy->content.length + 1);
	return true;
}

static void give_content(struct ssh_call *call)
{
	struct ssh_answer *answer = &call->answer;
	struct ssh_copy *copy = call->copy;

	text_release(&answer->output);
	if (!copy->get)
		return;
	if (call->sink.bytes && copy->content.length)
		call->sink.bytes(call->sink.owner, false, copy->content.data, copy->content.length);
	else
		answer->output = copy->content;
	if (!call->sink.bytes)
		copy->content = (struct text){0};
}

void ssh_copy_ended(struct ssh_call *call)
{
	struct ssh_copy *copy = call->copy;
	struct ssh_answer *answer = &call->answer;

	if (call->restart || call->told)
		return;
	/* Refused, or it ended before a word was said: there is none. */
	if (!copy->by_cat && copy->stage == GREETING && answer->error.code != ERR_TIMED_OUT &&
	    answer->error.code != ERR_NO_MEMORY) {
		call->restart = true;
		call->failed = false;
		return;
	}
	if (copy->by_cat && !answer->error.code && (answer->exit_code || (copy->get && !take_from_cat(copy))))
		explain_cat(call);
	if (!copy->by_cat && copy->error.code)
		answer->error = copy->error;
	else if (!copy->by_cat && copy->stage == DONE)
		answer->error = (struct error){0}; /* how the server ended is of no interest */
	else if (!copy->by_cat && !answer->error.code)
		fail(&answer->error, ERR_UNREACHABLE, "%s: its SFTP server ended before %s was done",
		     call->peer->name, copy->path);
	answer->exit_code = answer->error.code ? -1 : 0;
	answer->signal[0] = '\0';
	if (copy->get && !answer->error.code && copy->content.length > copy->limit)
		fail(&answer->error, ERR_FAILED, TOO_LONG, call->peer->name, copy->path);
	if (!answer->error.code)
		give_content(call);
}

/* --- the operations
 * ------------------------------------------------------------------------------------------- */

static char *half_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	owned_text half = {0};

	text_add_bytes(&half, path, (size_t)(name - path));
	text_format(&half, FILE_HALF, name);
	return text_take(&half);
}

static struct ssh_call *begin(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			      bool get, const struct ssh_sink *sink, struct error *err)
{
	struct ssh_call *call;
	struct ssh_copy *copy;

	if (!*file->path || file->path[strlen(file->path) - 1] == '/') {
		fail(err, ERR_INVALID, "\"%s\" is no file's path", file->path);
		return NULL;
	}
	call = ssh_call_new(world, host, sink, file->timeout_ms, err);
	if (!call)
		return NULL;
	call->copy = copy = calloc(1, sizeof(*copy));
	if (copy) {
		copy->get = get;
		copy->mode = file->mode;
		copy->limit = file->limit ? file->limit : GET_LIMIT;
		copy->path = strdup(file->path);
		copy->half = half_of(file->path);
		copy->content.secret = !get;
		if (!get)
			text_add_bytes(&copy->content, file->bytes, file->size);
	}
	text_add(&call->what, "sftp");
	call->kind = CALL_SUBSYSTEM;
	if (!copy || !copy->path || !copy->half || copy->content.failed || call->what.failed) {
		ssh_call_free(call);
		fail_memory(err);
		return NULL;
	}
	if (call->peer->no_sftp)
		ssh_copy_restart(call);
	ssh_call_begin(call);
	return call;
}

struct ssh_call *ssh_put(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			 const struct ssh_sink *sink, struct error *err)
{
	return begin(world, host, file, false, sink, err);
}

struct ssh_call *ssh_get(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			 const struct ssh_sink *sink, struct error *err)
{
	return begin(world, host, file, true, sink, err);
}
