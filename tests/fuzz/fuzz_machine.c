/* fuzz_machine.c - what a machine reached by SSH answers, whatever it is: a listing, a look at one, whose it
 * is, how long its lease is, what one uses; and lines of its stream of changes. */
#include "tests/fuzz/target.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "locations/location.h"
#include "tests/support/virtual_ssh.h"

struct talk {
	struct text answer;
	bool woken;
};

/* To each command the same; a stream goes on, and then ends. */
static void asked(void *owner, const struct virtual_ssh_request *request, struct ssh_call *call)
{
	const struct talk *talk = owner;

	(void)request;
	virtual_ssh_say(call, 1, false, text_view(&talk->answer), talk->answer.length);
	virtual_ssh_exit(call, 2, 0);
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void wake(struct errand *errand)
{
	((struct talk *)errand->owner)->woken = true;
}

static bool is_woken(void *owner)
{
	return ((struct talk *)owner)->woken;
}

static void changed(void *owner, const char *name, const struct told_end *end)
{
	(void)owner;
	HOLDS(!name || *name);
	HOLDS(!end || (name && end->target_id));
}

/* An errand to its end, which it must come to, with words where it fails. */
#define TO_ITS_END(ask)                                                                                      \
	({                                                                                                   \
		struct error error_ = {0}, *err = &error_;                                                   \
		struct errand errand_ = {.wake = wake, .owner = talk}, *errand = &errand_;                   \
		enum progress progress_;                                                                     \
		talk->woken = false;                                                                         \
		while ((progress_ = (ask)) == PROGRESS_WAITING &&                                            \
		       virtual_world_run(world, is_woken, talk, 3600000))                                    \
			talk->woken = false;                                                                 \
		HOLDS(progress_ != PROGRESS_WAITING);                                                        \
		HOLDS(progress_ == PROGRESS_DONE || *error_.text);                                           \
		progress_ == PROGRESS_DONE;                                                                  \
	})

static void list(struct world *world, struct location *location, struct talk *talk)
{
	struct inventory inventory = {0};
	const struct list_request request = {.app = "shop"};
	if (!TO_ITS_END(ssh_driver.list(location, errand, &request, &inventory, err)))
		return;
	for (size_t i = 0; i < inventory.instance_count; i++) {
		const struct observed *seen = &inventory.instances[i];
		/* What is taken for ours carries our mark under its own name. */
		HOLDS(*seen->app && *seen->component && seen->name && seen->target_id && seen->digest);
		HOLDS(!strncmp(seen->name, seen->app, strlen(seen->app)));
	}
	inventory_release(&inventory);
}

static void ask_the_rest(struct world *world, struct location *location, struct talk *talk)
{
	owned_arena arena = {0};
	struct observed seen = {0};
	struct owner holder = {0};
	struct lease held = {0};
	struct usage usage = {0};
	struct location_facts facts;
	const struct owner owner = {.id = "me", .words = "me", .place = "here"};
	const struct lease lease = {.token = "t", .words = "w", .ttl_ms = 60000};

	if (TO_ITS_END(ssh_driver.look(location, errand, "shop", "shop.web.1", &arena, &seen, err)))
		HOLDS(seen.name && seen.target_id);
	if (TO_ITS_END(ssh_driver.claim(location, errand, "shop", &owner, false, &arena, &holder, err)))
		HOLDS(holder.id && holder.words && holder.place);
	if (TO_ITS_END(ssh_driver.lease(location, errand, "shop", &lease, &arena, &held, err)))
		HOLDS(held.token && held.words && held.ttl_ms >= 0);
	if (TO_ITS_END(ssh_driver.usage(location, errand, "shop", "shop.web.1", &usage, err)))
		HOLDS(!isnan(usage.cpu_s));
	TO_ITS_END(ssh_driver.connect(location, errand, &facts, err));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct talk talk_ = {0};
	struct world *world = virtual_world_new(1);
	const struct virtual_hooks hooks = {.ssh = asked, .owner = &talk_};
	json_t *options = json_object();
	const struct location_spec spec = {
	    .name = "there", .type = "ssh", .target = "me@10.0.0.5", .options = options};
	struct location location = {.driver = &ssh_driver,
				    .world = world,
				    .name = "there",
				    .spec = &spec,
				    .state_directory = virtual_world_directory(world),
				    .helper = "",
				    .environment = no_environment};
	struct error error = {0};

	virtual_world_hooks(world, &hooks);
	HOLDS(ssh_driver.open(&location, &error) == 0);
	text_add(&talk_.answer, "@berth 1\n");
	text_add_bytes(&talk_.answer, bytes, size);
	text_add(&talk_.answer, "\n@end\n");
	list(world, &location, &talk_);
	ask_the_rest(world, &location, &talk_);
	text_clear(&talk_.answer);
	text_add(&talk_.answer, "@watching\n");
	text_add_bytes(&talk_.answer, bytes, size);
	HOLDS(ssh_driver.watch(&location, "shop", changed, &talk_, &error) == 0);
	virtual_world_run(world, is_woken, &(struct talk){0}, 5000);
	ssh_driver.close(&location);
	virtual_world_free(world);
	text_release(&talk_.answer);
	json_decref(options);
	return 0;
}
