/* conformance_target.c - what every driver must tell about its target: watches, listings, claims, output. */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/rig.h"

void conformance_vanished_instance_is_told(struct subject *subject)
{
	struct observed seen = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	rig_watch(rig);
	rig_look(rig, spec->name);
	rig->told = rig->told_all = 0;
	cr_assert_not_null(subject->vanish, "undeclared: nothing vanishes here");
	cr_assert(subject->vanish(subject, spec->name) == 0);
	rig_until_told(rig);
	MUST_NOT(rig, ERR_MISSING, ASK(look, subject->app, spec->name, &rig->arena, &seen));
	rig_close(rig);
}

void conformance_event_told_twice_changes_nothing(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	rig_watch(rig);
	struct observed first = rig_look(rig, spec->name);
	cr_assert_not_null(subject->repeat, "undeclared: nothing is told twice here");
	for (int i = 0; i < 2; i++) {
		rig->told = rig->told_all = 0;
		cr_assert(subject->repeat(subject, spec->name) == 0);
		rig_until_told(rig);
		struct observed seen = rig_look(rig, spec->name);
		cr_assert(seen.state == SEEN_RUNNING);
		cr_assert_str_eq(seen.target_id, first.target_id);
		cr_assert(rig_count(rig, subject->app) == 1);
	}
	rig_close(rig);
}

static bool relisted(void *owner)
{
	const struct rig *rig = owner;

	return rig->told_all > 0;
}

void conformance_gap_in_the_watch_is_relisted(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	rig_watch(rig);
	rig_look(rig, spec->name);
	rig->told = rig->told_all = 0;
	cr_assert(subject->reach && subject->vanish, "undeclared: the watch has no gaps here");
	cr_assert(subject->reach(subject, false) == 0);
	cr_assert(subject->vanish(subject, spec->name) == 0);
	cr_assert(subject->reach(subject, true) == 0);
	cr_assert(subject->pump(subject, relisted, rig, 60000), "nobody told to list again");
	cr_assert(rig_count(rig, subject->app) == 0);
	rig_close(rig);
}

void conformance_unwatched_is_told_no_more(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_watch(rig);
	rig->location.driver->unwatch(&rig->location, subject->app);
	rig->location.driver->unwatch(&rig->location, subject->app);
	rig_run(rig, spec);
	MUST(rig, ASK(remove, subject->app, spec->name));
	cr_assert(!rig->told && !rig->told_all);
	rig_close(rig);
}

static const struct attachment *on_network(const struct attachment *list, size_t count,
					   const struct attachment *like)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].network, like->network) &&
		    (!list[i].address || !like->address || !strcmp(list[i].address, like->address)))
			return &list[i];
	return NULL;
}

static void ports_agree(const struct attachment *foreseen, const struct attachment *seen)
{
	cr_assert(seen->port_count == foreseen->port_count, "network `%s`: %zu ports, foreseen %zu",
		  seen->network, seen->port_count, foreseen->port_count);
	for (size_t i = 0; i < seen->port_count; i++) {
		bool found = false;
		for (size_t k = 0; k < foreseen->port_count; k++) {
			const struct attached_port *a = &seen->ports[i], *b = &foreseen->ports[k];
			found |= a->port == b->port && a->protocol == b->protocol && a->number &&
				 (!b->number || a->number == b->number);
		}
		cr_assert(found, "network `%s`: port %u as %u was not foreseen", seen->network,
			  seen->ports[i].port, seen->ports[i].number);
	}
}

static void attachments_agree(const struct attachment *foreseen, size_t count, const struct observed *seen)
{
	cr_assert(seen->attachment_count == count, "%zu attachments, foreseen %zu", seen->attachment_count,
		  count);
	for (size_t i = 0; i < count; i++) {
		const struct attachment *real = &seen->attachments[i];
		const struct attachment *thought = on_network(foreseen, count, real);
		cr_assert(thought, "network `%s` at %s was not foreseen", real->network,
			  real->address ? real->address : "?");
		cr_assert(real->address, "network `%s`: a running instance has no address", real->network);
		cr_assert(!real->name == !thought->name &&
			  (!real->name || !strcmp(real->name, thought->name)));
		ports_agree(thought, real);
	}
}

void conformance_foreseen_is_observed(struct subject *subject)
{
	const struct attachment *foreseen;
	char address[64];
	struct rig rig[1];
	size_t count;

	rig_open(rig, subject);
	const struct location_driver *driver = rig->location.driver;
	uint16_t number = rig_free_port(rig);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, number);
	cr_assert(driver->check(&rig->location, spec, &rig->error) == 0, "%s", rig->error.text);
	cr_assert(driver->foresee(&rig->location, spec, &rig->arena, &foreseen, &count, &rig->error) == 0);
	cr_assert(driver->publish_address(&rig->location, address, sizeof(address), &rig->error) == 0);
	/* The vantage of those who can only route to the location. */
	bool outside = false;
	for (size_t i = 0; i < count; i++)
		outside |= foreseen[i].address && !strcmp(foreseen[i].address, address) &&
			   foreseen[i].port_count == 1 && foreseen[i].ports[0].number == number;
	cr_assert(outside, "the published port is not foreseen at %s", address);
	rig_run(rig, spec);
	struct observed seen = rig_look(rig, spec->name);
	attachments_agree(foreseen, count, &seen);
	/* A process binds its port in its own time. */
	for (int i = 0; i < 500 && driver->port_free(&rig->location, address, number, TCP); i++)
		rig_pause(rig, 20);
	cr_assert(!driver->port_free(&rig->location, address, number, TCP), "the port is still called free");
	rig_close(rig);
}

struct output {
	struct text text;
};

static void collect(void *owner, bool errors, const char *bytes, size_t count)
{
	struct output *output = owner;

	(void)errors;
	text_add_bytes(&output->text, bytes, count);
}

static void until_ended(struct rig *rig, const char *name)
{
	struct observed seen = {0};

	/* Who is started again at once shows how it ended only for a while, and a watch is not promised for
	 * each end. */
	for (int i = 0; i < 1000 && !(seen.exits && seen.exit_code == 3); i++) {
		seen = rig_look(rig, name);
		rig_pause(rig, 20);
	}
	cr_assert(seen.exits > 0, "it did not end");
	cr_assert(seen.exit_code == 3, "its exit code is %d", seen.exit_code);
}

void conformance_logs_are_there_after_the_end(struct subject *subject)
{
	struct log_options options = {.tail = -1};
	struct output output = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "talker", SPEAKS_AND_ENDS, 0);
	rig_run(rig, spec);
	until_ended(rig, spec->name);
	MUST(rig, ASK(logs, subject->app, spec->name, &options, collect, &output));
	cr_assert(strstr(text_view(&output.text), "spoken"), "the output is `%s`", text_view(&output.text));
	text_release(&output.text);
	options.tail = 0;
	MUST(rig, ASK(logs, subject->app, spec->name, &options, collect, &output));
	cr_assert_str_eq(text_view(&output.text), "");
	text_release(&output.text);
	MUST_NOT(rig, ERR_MISSING,
		 ASK(logs, subject->app, instance_name(&rig->arena, subject->app, "absent", 1), &options,
		     collect, &output));
	cr_assert_str_eq(text_view(&output.text), "");
	rig_close(rig);
}

void conformance_listing_tells_the_marks(struct subject *subject)
{
	const struct list_request request = {.app = subject->app};
	struct inventory inventory = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	rig_run(rig, spec);
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.instance_count == 1);
	const struct observed *seen = &inventory.instances[0];
	cr_assert_str_eq(seen->app, spec->app);
	cr_assert_str_eq(seen->component, spec->component);
	cr_assert_str_eq(seen->name, spec->name);
	cr_assert(seen->ordinal == 1 && seen->state == SEEN_RUNNING);
	cr_assert_str_eq(seen->digest, spec->digest);
	cr_assert_str_eq(seen->link_digest, spec->link_digest);
	cr_assert_str_eq(seen->secret_salt, spec->secret_salt);
	cr_assert_str_eq(seen->secret_digest, spec->secret_digest);
	cr_assert(inventory.prepared);
	inventory_release(&inventory);
	rig_close(rig);
}

static bool listed_protected(struct rig *rig, const char *name)
{
	const struct list_request request = {.app = rig->subject->app};
	struct inventory inventory = {0};
	bool found = false, protected = false;

	MUST(rig, ASK(list, &request, &inventory));
	for (size_t i = 0; i < inventory.instance_count; i++)
		if (!strcmp(inventory.instances[i].name, name)) {
			found = true;
			protected = inventory.instances[i].protect;
		}
	cr_assert(found, "%s is not listed", name);
	inventory_release(&inventory);
	return protected;
}

/* Whoever has neither its blueprint nor its store knows it from the target alone. */
void conformance_protection_is_kept_with_it(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	struct instance_spec *guarded = rig_spec(rig, "guarded", STAYS, 0);
	struct instance_spec *plain = rig_spec(rig, "plain", STAYS, 0);
	guarded->protect = true;
	cr_assert(rig_place(rig, guarded) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(listed_protected(rig, guarded->name), "from the moment it is there");
	MUST(rig, ASK(start, guarded));
	cr_assert(rig_place(rig, plain) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(listed_protected(rig, guarded->name) && !listed_protected(rig, plain->name));
	cr_assert(rig_look(rig, guarded->name).protect);
	rig_close(rig);
}

void conformance_listing_is_of_one_application(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	const char *other = arena_format(&rig->arena, "%s-b", subject->app);
	const struct prepare_request request = {.app = other, .instances = 1};
	MUST(rig, ASK(prepare, &request));
	struct instance_spec *mine = rig_spec(rig, "web", STAYS, 0);
	struct instance_spec *theirs = rig_spec(rig, "web", STAYS, 0);
	theirs->app = other;
	theirs->name = instance_name(&rig->arena, other, "web", 1);
	theirs->shared_name = arena_format(&rig->arena, "%s.web", other);
	cr_assert(rig_place(rig, mine) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(rig_place(rig, theirs) == PROGRESS_DONE, "%s", rig->error.text);
	cr_assert(rig_count(rig, subject->app) == 1);
	cr_assert(rig_count(rig, other) == 1);
	cr_assert(rig_count(rig, NULL) >= 2);
	rig_close(rig);
}

static const struct owner me = {"0123456789abcdef", "me@here", NULL},
			  somebody = {"fedcba9876543210", "somebody@there", NULL};

void conformance_claim_is_held_by_the_first(struct subject *subject)
{
	const struct list_request request = {.app = subject->app};
	struct inventory inventory = {0};
	struct owner holder = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	MUST(rig, ASK(claim, subject->app, &somebody, false, &rig->arena, &holder));
	cr_assert_str_eq(holder.id, somebody.id);
	MUST(rig, ASK(claim, subject->app, &me, false, &rig->arena, &holder));
	cr_assert_str_eq(holder.id, somebody.id);
	cr_assert_str_eq(holder.words, somebody.words);
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.claim_count == 1);
	cr_assert_str_eq(inventory.claims[0].app, subject->app);
	cr_assert_str_eq(inventory.claims[0].owner_id, somebody.id);
	inventory_release(&inventory);
	rig_close(rig);
}

void conformance_claim_is_adopted(struct subject *subject)
{
	struct owner holder = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	MUST(rig, ASK(claim, subject->app, &somebody, false, &rig->arena, &holder));
	MUST(rig, ASK(claim, subject->app, &me, true, &rig->arena, &holder));
	cr_assert_str_eq(holder.id, me.id);
	MUST(rig, ASK(claim, subject->app, &somebody, false, &rig->arena, &holder));
	cr_assert_str_eq(holder.id, me.id);
	rig_close(rig);
}

void conformance_claim_is_given_back(struct subject *subject)
{
	struct owner holder = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	MUST(rig, ASK(claim, subject->app, &somebody, false, &rig->arena, &holder));
	MUST(rig, ASK(disclaim, subject->app));
	MUST(rig, ASK(disclaim, subject->app));
	MUST(rig, ASK(claim, subject->app, &me, false, &rig->arena, &holder));
	cr_assert_str_eq(holder.id, me.id);
	rig_close(rig);
}

void conformance_prepared_twice_is_done(struct subject *subject)
{
	const struct list_request listing = {.app = subject->app};
	const struct prepare_request request = {.app = subject->app, .instances = 1};
	struct inventory inventory = {0};
	struct rig rig[1];

	rig_open(rig, subject);
	MUST(rig, ASK(prepare, &request));
	MUST(rig, ASK(list, &listing, &inventory));
	cr_assert(inventory.prepared);
	inventory_release(&inventory);
	MUST(rig, ASK(release, subject->app, false));
	MUST(rig, ASK(release, subject->app, false));
	rig_close(rig);
}

static void with_volume(struct rig *rig, struct instance_spec *spec)
{
	struct volume *volume = arena_array(&rig->arena, struct volume, 1);

	*volume = (struct volume){.name = "data", .path = "/data"};
	spec->volumes = volume;
	spec->volume_count = 1;
}

static size_t volumes_after(struct rig *rig, bool volumes)
{
	const struct list_request request = {.app = rig->subject->app};
	struct inventory inventory = {0};

	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 0);
	with_volume(rig, spec);
	rig_run(rig, spec);
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.volume_count == 1);
	cr_assert_str_eq(inventory.volumes[0].app, spec->app);
	cr_assert_str_eq(inventory.volumes[0].name, "data");
	inventory_release(&inventory);
	MUST(rig, ASK(remove, spec->app, spec->name));
	MUST(rig, ASK(release, spec->app, volumes));
	MUST(rig, ASK(list, &request, &inventory));
	size_t count = inventory.volume_count;
	inventory_release(&inventory);
	return count;
}

void conformance_volumes_outlive_the_release(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	cr_assert(volumes_after(rig, false) == 1);
	rig_close(rig);
}

void conformance_volumes_go_when_asked(struct subject *subject)
{
	struct rig rig[1];

	rig_open(rig, subject);
	cr_assert(volumes_after(rig, true) == 0);
	rig_close(rig);
}
