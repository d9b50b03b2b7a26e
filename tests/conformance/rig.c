/* rig.c - the tools of the conformance cases. */
#include "tests/conformance/rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

static void wake(struct errand *errand)
{
	struct rig *rig = errand->owner;

	rig->woken = true;
}

static bool is_woken(void *owner)
{
	const struct rig *rig = owner;

	return rig->woken;
}

void rig_errand(struct rig *rig)
{
	cr_assert_null(rig->errand.state, "an errand is still under way");
	rig->errand = (struct errand){.wake = wake, .owner = rig};
}

void rig_wait(struct rig *rig, const char *what)
{
	cr_assert(rig->subject->pump(rig->subject, is_woken, rig, PATIENCE_MS), "%s: nobody woke its errand",
		  what);
}

struct pair {
	const struct rig *one, *other;
};

static bool either_woken(void *owner)
{
	const struct pair *pair = owner;

	return pair->one->woken || pair->other->woken;
}

void rig_wait_either(struct rig *one, struct rig *other, const char *what)
{
	struct pair pair = {one, other};

	cr_assert(one->subject->pump(one->subject, either_woken, &pair, PATIENCE_MS),
		  "%s: nobody woke either errand", what);
}

void rig_open(struct rig *rig, struct subject *subject)
{
	*rig = (struct rig){.subject = subject};
	cr_assert(subject->open(subject, &rig->location, NULL, &rig->error) == 0, "%s", rig->error.text);
	const struct prepare_request request = {.app = subject->app, .instances = 4};
	MUST(rig, rig->location.driver->prepare(&rig->location, &rig->errand, &request, &rig->error));
}

void rig_close(struct rig *rig)
{
	rig->location.driver->close(&rig->location);
	arena_release(&rig->arena);
}

void rig_digest(struct instance_spec *spec, char fill)
{
	memset(spec->digest, fill, sizeof(spec->digest) - 1);
}

uint16_t rig_free_port(struct rig *rig)
{
	char address[64];

	cr_assert(
	    rig->location.driver->publish_address(&rig->location, address, sizeof(address), &rig->error) == 0,
	    "%s", rig->error.text);
	for (unsigned tries = 0; tries < 1000; tries++) {
		uint16_t number = (uint16_t)(20000 + ((unsigned)getpid() * 7 + tries * 13) % 10000);
		if (rig->location.driver->port_free(&rig->location, address, number, TCP))
			return number;
	}
	cr_assert_fail("no port is free");
	return 0;
}

static struct spec_port *one_port(struct rig *rig, uint16_t number)
{
	struct spec_port *port = arena_array(&rig->arena, struct spec_port, 1);
	char address[64];

	*port = (struct spec_port){.name = "http", .port = 80, .protocol = TCP, .open = true};
	if (!number)
		return port;
	cr_assert(rig->location.driver->publish_address(&rig->location, address, sizeof(address),
							&rig->error) == 0);
	port->published = true;
	port->host_address = arena_text(&rig->arena, address);
	port->host_port = number;
	return port;
}

struct instance_spec *rig_spec(struct rig *rig, const char *component, enum manner manner, uint16_t number)
{
	struct instance_spec *spec = arena_array(&rig->arena, struct instance_spec, 1);
	const char *app = rig->subject->app;

	cr_assert_not_null(spec);
	*spec = (struct instance_spec){
	    .app = app,
	    .component = component,
	    .ordinal = 1,
	    .name = instance_name(&rig->arena, app, component, 1),
	    .shared_name = arena_format(&rig->arena, "%s.%s", app, component),
	    .shared_from_start = true,
	    .ports = one_port(rig, number),
	    .port_count = 1,
	    .secret_salt = "5a17",
	    .stop_timeout_ms = -1,
	    .count = 1,
	    .restart = RESTART_UNLESS_STOPPED,
	};
	rig_digest(spec, 'a');
	memset(spec->link_digest, 'b', sizeof(spec->link_digest) - 1);
	memset(spec->secret_digest, 'c', sizeof(spec->secret_digest) - 1);
	cr_assert(rig->subject->fit(rig->subject, &rig->arena, spec, manner,
				    number ? number : rig_free_port(rig)) == 0);
	return spec;
}

struct instance_spec *rig_generation(struct rig *rig, const char *component, unsigned generation,
				     uint16_t number)
{
	struct instance_spec *spec = rig_spec(rig, component, STAYS, number);

	spec->generation = generation;
	spec->name = generation_name(&rig->arena, spec->app, component, spec->ordinal, generation);
	rig_digest(spec, 'd');
	return spec;
}

enum progress rig_place(struct rig *rig, const struct instance_spec *spec)
{
	const char *note = NULL;

	return AWAIT(rig,
		     rig->location.driver->place(&rig->location, &rig->errand, spec, &note, &rig->error));
}

void rig_run(struct rig *rig, const struct instance_spec *spec)
{
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "place: %s", rig->error.text);
	MUST(rig, rig->location.driver->start(&rig->location, &rig->errand, spec, &rig->error));
}

struct observed rig_look(struct rig *rig, const char *name)
{
	struct observed seen = {0};

	MUST(rig, rig->location.driver->look(&rig->location, &rig->errand, rig->subject->app, name,
					     &rig->arena, &seen, &rig->error));
	return seen;
}

size_t rig_count(struct rig *rig, const char *app)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};

	MUST(rig,
	     rig->location.driver->list(&rig->location, &rig->errand, &request, &inventory, &rig->error));
	size_t count = 0;
	for (size_t i = 0; i < inventory.instance_count; i++)
		count += !inventory.instances[i].late_double && !inventory.instances[i].leaving;
	inventory_release(&inventory);
	return count;
}

struct observed rig_until(struct rig *rig, const char *name, enum observed_state state)
{
	struct observed seen = rig_look(rig, name);

	for (int i = 0; i < PATIENCE_MS / 20 && seen.state != state; i++) {
		rig_pause(rig, 20);
		seen = rig_look(rig, name);
	}
	cr_assert(seen.state == state, "`%s` is in state %d, not %d", name, seen.state, state);
	return seen;
}

void rig_until_answers(struct rig *rig, const struct instance_spec *spec, const struct health_check *how)
{
	enum progress progress = AWAIT(rig, ASK(probe, spec, how));

	for (int i = 0; i < PATIENCE_MS / 20 && progress != PROGRESS_DONE; i++) {
		rig_pause(rig, 20);
		progress = AWAIT(rig, ASK(probe, spec, how));
	}
	cr_assert(progress == PROGRESS_DONE, "%s", rig->error.text);
}

static void gather(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)errors;
	text_add_bytes(owner, bytes, count);
}

void rig_until_said(struct rig *rig, const char *name, const char *words)
{
	const struct log_options options = {.tail = -1};
	bool said = false;

	for (int i = 0; i < PATIENCE_MS / 20 && !said; i++) {
		struct text output = {0};
		MUST(rig, ASK(logs, rig->subject->app, name, &options, gather, &output));
		said = strstr(text_view(&output), words);
		text_release(&output);
		rig_pause(rig, 20);
	}
	cr_assert(said, "`%s` did not write \"%s\"", name, words);
}

static bool never(void *owner)
{
	(void)owner;
	return false;
}

void rig_pause(struct rig *rig, int64_t pause_ms)
{
	rig->subject->pump(rig->subject, never, NULL, pause_ms);
}

static void changed(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	struct rig *rig = owner;

	if (name) {
		rig->told++;
		snprintf(rig->last_told, sizeof(rig->last_told), "%s", name);
	} else {
		rig->told_all++;
	}
}

static bool is_told(void *owner)
{
	const struct rig *rig = owner;

	return rig->told || rig->told_all;
}

void rig_until_told(struct rig *rig)
{
	cr_assert(rig->subject->pump(rig->subject, is_told, rig, PATIENCE_MS), "nobody told of the change");
	cr_assert(rig->told_all || starts_with(rig->last_told, rig->subject->app),
		  "told of `%s`, which is not ours", rig->last_told);
}

void rig_watch(struct rig *rig)
{
	cr_assert(rig->location.driver->watch(&rig->location, rig->subject->app, changed, rig, &rig->error) ==
		      0,
		  "%s", rig->error.text);
}

/* Criterion runs no fini of a case that is skipped. */
static void skip(const struct subject *subject, const char *reason)
{
	if (subject->tear_down)
		subject->tear_down();
	cr_skip_test("%s", reason);
}

void conformance_begin(struct subject *subject, const char *name)
{
	static char app[64];
	unsigned sum = 0;

	for (const struct unfit *unfit = subject->unfits; unfit && unfit->name; unfit++)
		if (!strcmp(unfit->name, name))
			skip(subject, unfit->reason);
	const char *lack = conformance_lack(subject->driver, name);
	if (lack)
		skip(subject, lack);
	for (const char *c = name; *c; c++)
		sum = sum * 31 + (unsigned char)*c;
	snprintf(app, sizeof(app), "cf-%04x-%d", sum & 0xffff, (int)getpid());
	subject->app = app;
}

static void clear(struct rig *rig, const char *app)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};
	const struct location_driver *driver = rig->location.driver;

	if (AWAIT(rig, driver->list(&rig->location, &rig->errand, &request, &inventory, &rig->error)) !=
	    PROGRESS_DONE)
		return;
	for (size_t i = 0; i < inventory.instance_count; i++)
		AWAIT(rig, driver->remove(&rig->location, &rig->errand, app, inventory.instances[i].name,
					  &rig->error));
	inventory_release(&inventory);
	if (driver->tidy) {
		AWAIT(rig, driver->tidy(&rig->location, &rig->errand, app, "first", &rig->error));
		AWAIT(rig, driver->tidy(&rig->location, &rig->errand, app, "second", &rig->error));
	}
	AWAIT(rig, driver->disclaim(&rig->location, &rig->errand, app, &rig->error));
	AWAIT(rig, driver->release(&rig->location, &rig->errand, app, true, &rig->error));
}

void conformance_end(struct subject *subject)
{
	struct rig rig = {.subject = subject};
	char other[80];

	if (!subject->app)
		return;
	if (subject->reach)
		subject->reach(subject, true);
	cr_assert(subject->open(subject, &rig.location, NULL, &rig.error) == 0, "%s", rig.error.text);
	snprintf(other, sizeof(other), "%s-b", subject->app);
	clear(&rig, other);
	clear(&rig, subject->app);
	cr_assert(rig_count(&rig, subject->app) == 0, "something is left at the target");
	rig_close(&rig);
}
