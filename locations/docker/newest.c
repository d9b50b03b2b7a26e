/* newest.c - what registries have now under a tag, for those components that want the newest one: asked
 * through the engine, which knows the way to them. */
#include <string.h>

#include "locations/docker/registry.h"

struct enquiry {
	struct inventory_image *image;
	struct login login;
	const char *digest; /* what the registry has; NULL: not known */
};

struct newest {
	struct enquiry *enquiries;
	size_t count, at; /* those from `at` on are under way, as many as there are slots for calls */
};

static step next_round;

static struct enquiry *enquiry_of(const struct newest *newest, unsigned slot)
{
	return newest->at + slot < newest->count ? &newest->enquiries[newest->at + slot] : NULL;
}

/* What is there already stands, and somebody is told why nothing newer is known of. */
static void doubt(struct task *task, struct enquiry *enquiry, const char *words)
{
	struct error why;

	registry_refused(&enquiry->login, enquiry->image->reference, "ask for the newest",
			 words_of(&task->arena, words, strlen(words)), &why);
	enquiry->digest = NULL;
	bool help = why.code != ERR_FAILED; /* else it is about pulling */
	enquiry->image->doubt =
	    arena_format(&task->inventory.arena, "%s; what is there already counts%s%s%s", why.text,
			 help ? " (" : "", help ? why.remedy : "", help ? ")" : "");
}

/* --- is the registry's one here? -------------------------------------------------------------- */

/* When it is not, the registry's digest is the id of one that no instance was made from. */
static void read_here(struct task *task, struct call *call, struct enquiry *enquiry)
{
	bool answered = call->error.code == OK;
	const char *id = call_ok(call) ? json_text(call_json(call, NULL), "Id") : NULL;

	if (id || (answered && call->status == 404))
		enquiry->image->newest = arena_text(&task->inventory.arena, id ? id : enquiry->digest);
	else
		doubt(task, enquiry, answered ? call_words(call) : call->error.text);
}

static enum progress here_told(struct task *task, struct error *err)
{
	struct newest *newest = task->newest;
	struct enquiry *enquiry;

	(void)err;
	for (unsigned slot = 0; slot < CALLS && (enquiry = enquiry_of(newest, slot)); slot++)
		if (enquiry->digest)
			read_here(task, &task->calls[slot], enquiry);
	newest->at += CALLS;
	return task_go(task, next_round);
}

static const char *image_path(struct task *task, const char *reference, const char *digest)
{
	const char *slash = strrchr(reference, '/'), *tag = strchr(slash ? slash : reference, ':');
	size_t length = tag ? (size_t)(tag - reference) : strlen(reference);

	return arena_format(&task->arena, "/images/%.*s@%s/json", (int)length, reference, digest);
}

/* --- what does the registry have? ------------------------------------------------------------- */

static bool is_digest(const char *text)
{
	return text && starts_with(text, "sha256:") && strlen(text) == 7 + 64 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

static void read_digest(struct task *task, struct call *call, struct enquiry *enquiry)
{
	const char *digest;

	if (call->error.code == ERR_TIMED_OUT) {
		doubt(task, enquiry, "timed out: no answer within 10 s");
	} else if (call->error.code != OK) {
		doubt(task, enquiry, call->error.text);
	} else if (call->status == 404 && !call_json(call, NULL)) {
		doubt(task, enquiry, "an engine of this kind asks no registry"); /* Podman */
	} else if (!call_ok(call)) {
		doubt(task, enquiry, call_words(call));
	} else {
		digest = json_string_value(json_at(call_json(call, NULL), "Descriptor.digest"));
		if (is_digest(digest))
			enquiry->digest = arena_text(&task->arena, digest);
		else
			doubt(task, enquiry, "the engine answered something that is no digest");
	}
}

static enum progress registries_told(struct task *task, struct error *err)
{
	struct enquiry *enquiry;
	struct error why;

	(void)err;
	for (unsigned slot = 0; slot < CALLS && (enquiry = enquiry_of(task->newest, slot)); slot++) {
		if (enquiry->image->doubt)
			continue;
		read_digest(task, &task->calls[slot], enquiry);
		if (!enquiry->digest)
			continue;
		const struct question question = {
		    .method = "GET",
		    .path = image_path(task, enquiry->image->reference, enquiry->digest),
		};
		if (ask(task, slot, &question, here_told, &why) == PROGRESS_FAILED)
			doubt(task, enquiry, why.text);
	}
	return task_go(task, here_told);
}

static enum progress ask_registries(struct task *task, struct error *err)
{
	struct enquiry *enquiry;
	struct error why;

	(void)err;
	for (unsigned slot = 0; slot < CALLS && (enquiry = enquiry_of(task->newest, slot)); slot++) {
		const struct question question = {
		    .method = "GET",
		    .path = arena_format(&task->arena, "/distribution/%s/json", enquiry->image->reference),
		    .login = enquiry->login.header.length ? text_view(&enquiry->login.header) : NULL,
		};
		if (ask(task, slot, &question, registries_told, &why) == PROGRESS_FAILED)
			doubt(task, enquiry, why.text);
		login_wipe(&enquiry->login);
	}
	return task_go(task, registries_told);
}

static void login_found(void *owner)
{
	task_returned(owner);
}

/* As many as there are slots for calls, at one time. */
static enum progress next_round(struct task *task, struct error *err)
{
	struct enquiry *enquiry;

	(void)err;
	if (task->newest->at >= task->newest->count) {
		*task->wish.inventory = task->inventory;
		task->inventory = (struct inventory){0};
		return PROGRESS_DONE;
	}
	for (unsigned slot = 0; slot < CALLS && (enquiry = enquiry_of(task->newest, slot)); slot++)
		if (login_find(&enquiry->login, task->docker, enquiry->image->reference, login_found, task) ==
		    PROGRESS_WAITING)
			task->waiting++;
	return task_go(task, ask_registries);
}

/* --- which are to be asked for ---------------------------------------------------------------- */

static bool asked_for(const struct list_request *request, const char *reference)
{
	for (const char *const *image = request->newest; image && *image; image++)
		if (!strcmp(*image, reference))
			return true;
	return false;
}

/* Whether there is anything that a newer one could replace. */
static bool in_use(const struct inventory *inventory, const char *reference)
{
	for (size_t i = 0; i < inventory->instance_count; i++) {
		const char *type = inventory->instances[i].type;
		if (type && starts_with(type, "docker:") && !strcmp(type + 7, reference))
			return true;
	}
	return false;
}

enum progress newest_begin(struct task *task, struct error *err)
{
	struct inventory *inventory = &task->inventory;
	size_t room = inventory->image_count + 1;
	struct inventory_image *images = arena_array(&inventory->arena, struct inventory_image, room);
	struct newest *newest = arena_array(&task->arena, struct newest, 1);
	struct enquiry *enquiries = arena_array(&task->arena, struct enquiry, room);

	if (!images || !newest || !enquiries)
		return out_of_memory(err);
	newest->enquiries = enquiries;
	task->newest = newest;
	for (size_t i = 0; i < inventory->image_count; i++) {
		images[i] = inventory->images[i];
		/* A digest names one image for ever. */
		if (!strchr(images[i].reference, '@') && asked_for(task->wish.list, images[i].reference) &&
		    in_use(inventory, images[i].reference))
			enquiries[newest->count++].image = &images[i];
	}
	inventory->images = images;
	return task_go(task, next_round);
}

void newest_free(struct newest *newest)
{
	for (size_t i = 0; newest && i < newest->count; i++)
		login_release(&newest->enquiries[i].login);
}
