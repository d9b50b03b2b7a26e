/* test_docker_engine.c - what only a real engine can show: names, addresses, checks, output and networks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/real/docker/engine_bench.h"

TestSuite(docker_engine, .fini = take_down, .timeout = 240);

/* The consumer is there first; its name for the other begins to mean something once that one is admitted. */
Test(docker_engine, link_follows_a_target_that_comes_later)
{
	set_up("link");
	struct spec_host host = {.alias = "db", .target = arena_format(&arena, "%s.store", app)};
	struct instance_spec *consumer = wish("front", "busybox", "sleep 1000");
	struct instance_spec *provider = wish("store", "busybox", "sleep 1000");
	consumer->hosts = &host, consumer->host_count = 1;
	run(consumer);
	const struct health_check *resolves = command("ping -c 1 -W 2 db");
	MUST_FAIL(ERR_FAILED, probe, consumer, resolves);
	run(provider);
	MUST_FAIL(ERR_FAILED, probe, consumer, resolves);
	struct observed before = look(provider);
	cr_assert(!before.shared_name_held && !held_as_listed(provider));
	MUST(admit, provider);
	struct observed after = look(provider);
	cr_assert(after.shared_name_held && held_as_listed(provider));
	cr_assert_str_eq(after.attachments[0].address, before.attachments[0].address);
	MUST(probe, consumer, resolves);
	/* What has links of its own keeps them. */
	MUST(admit, consumer);
	MUST(probe, consumer, resolves);
	MUST_FAIL(ERR_FAILED, probe, provider, resolves);
}

Test(docker_engine, shared_name_from_the_start_is_held)
{
	set_up("shared");
	struct instance_spec *spec = wish("front", "busybox", "sleep 1000");
	spec->shared_from_start = true;
	run(spec);
	struct observed seen = look(spec);
	cr_assert(seen.shared_name_held && held_as_listed(spec));
	MUST(admit, spec);
	cr_assert(look(spec).started_ms == seen.started_ms);
}

Test(docker_engine, checks_of_every_kind)
{
	set_up("checks");
	struct spec_port port = {.port = 8080, .protocol = TCP, .open = true};
	struct instance_spec *spec =
	    wish("page", "busybox:latest", "mkdir /www; echo here >/www/page; exec httpd -f -p 8080 -h /www");
	struct health_check check = {.kind = CHECK_TCP, .port = 8080, .timeout_ms = 3000};
	spec->ports = &port, spec->port_count = 1;
	run(spec);
	for (int i = 0; i < 100 && AWAIT(probe, spec, &check) != PROGRESS_DONE; i++)
		world_wait(here, 50);
	MUST(probe, spec, &check);
	check.kind = CHECK_HTTP, check.path = "/page";
	MUST(probe, spec, &check);
	check.path = "/nothing-here";
	MUST_FAIL(ERR_FAILED, probe, spec, &check);
	cr_assert(strstr(error.text, "404"), "%s", error.text);
	check.kind = CHECK_TCP, check.port = 81;
	MUST_FAIL(ERR_FAILED, probe, spec, &check);
	MUST(probe, spec, command("test -d /www"));
	MUST_FAIL(ERR_FAILED, probe, spec, command("echo fine; echo broken >&2; exit 4"));
	cr_assert(strstr(error.text, "ended with 4") && strstr(error.text, "broken"), "%s", error.text);
}

struct heard {
	struct text streams[2];
};

static void hear(void *owner, bool errors, const char *bytes, size_t count)
{
	struct heard *heard = owner;

	text_add_bytes(&heard->streams[errors], bytes, count);
}

Test(docker_engine, output_comes_in_two_streams)
{
	const struct log_options options = {.tail = -1, .follow = true};
	struct heard heard = {0};

	set_up("output");
	struct instance_spec *spec =
	    wish("talker", "busybox",
		 "echo out; echo err >&2; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "
		 "line-$i; done; echo last; sleep 1; kill -9 $$");
	run(spec);
	while (!heard.streams[0].data || !strstr(heard.streams[0].data, "last\n")) {
		errand.wake = wake;
		if (docker_driver.logs(&location, &errand, app, spec->name, &options, hear, &heard, &error) !=
		    PROGRESS_WAITING)
			break;
		woken = false;
		until_woken("logs");
	}
	docker_driver.drop(&location, &errand);
	cr_assert(starts_with(text_view(&heard.streams[0]), "out\nline-1\nline-2\n"));
	cr_assert(strstr(text_view(&heard.streams[0]), "line-3000\nlast\n"));
	cr_assert(starts_with(text_view(&heard.streams[1]), "err\n"));
	text_release(&heard.streams[0]);
	text_release(&heard.streams[1]);
}

Test(docker_engine, what_cannot_run_says_so)
{
	static const char *const nothing[] = {"/no/such/program", NULL};
	struct volume absent = {.source = "/no/such/directory", .path = "/in"};
	const char *note = NULL;

	set_up("wrong");
	struct instance_spec *program = wish("program", "busybox", NULL);
	program->command = nothing;
	MUST(place, program, &note);
	MUST_FAIL(ERR_FAILED, start, program);
	cr_assert(strstr(error.text, "/no/such/program"), "%s", error.text);
	struct instance_spec *mount = wish("mount", "busybox", "sleep 1000");
	mount->volumes = &absent, mount->volume_count = 1;
	MUST_FAIL(ERR_INVALID, place, mount, &note);
	cr_assert(strstr(error.text, "/no/such/directory"), "%s", error.text);
	struct instance_spec *image = wish("image", "no-such-registry.invalid/x:1", "sleep 1000");
	cr_assert(AWAIT(place, image, &note) == PROGRESS_FAILED);
	cr_assert(strstr(error.text, "no-such-registry.invalid") && error.remedy[0], "%s", error.text);
}

Test(docker_engine, restarts_are_counted_as_exits)
{
	set_up("exits");
	struct instance_spec *spec = wish("short", "busybox", "exit 3");
	run(spec);
	struct observed seen = look(spec);
	for (int i = 0; i < 400 && seen.exits < 3; i++) {
		world_wait(here, 50);
		seen = look(spec);
	}
	cr_assert(seen.exits >= 3, "%u exits", seen.exits);
	MUST(stop, app, spec->name);
	cr_assert(look(spec).state == SEEN_STOPPED);
}

/* Network names are not unique: two who prepare at once must end up with one. */
Test(docker_engine, prepared_by_two_at_once_is_one_network)
{
	set_up("twice");
	MUST(release, app, false);
	const struct prepare_request request = {.app = app, .instances = 2};
	struct errand errands[2] = {{.wake = wake}, {.wake = wake}};
	enum progress progress[2] = {PROGRESS_WAITING, PROGRESS_WAITING};
	for (int round = 0; round < 600; round++) {
		for (int i = 0; i < 2; i++)
			if (progress[i] == PROGRESS_WAITING)
				progress[i] = docker_driver.prepare(&location, &errands[i], &request, &error);
		if (progress[0] != PROGRESS_WAITING && progress[1] != PROGRESS_WAITING)
			break;
		world_wait(here, 100);
	}
	cr_assert(progress[0] == PROGRESS_DONE && progress[1] == PROGRESS_DONE, "%s", error.text);
	const char *found = docker_says("network ls -q --filter name=berth.%s", app);
	cr_assert(*found && !strchr(found, '\n'), "no network, or two: %s", found);
}

Test(docker_engine, images_are_found_by_their_tag)
{
	const char *const images[] = {"busybox", "busybox:latest", "no-such:1", NULL};
	struct inventory inventory = {0};

	set_up("images");
	const struct list_request request = {.app = app, .images = images};
	MUST(list, &request, &inventory);
	cr_assert(inventory.image_count == 3);
	cr_assert(inventory.images[1].id && starts_with(inventory.images[1].id, "sha256:"));
	cr_assert(inventory.images[0].id, "a bare name is its latest");
	cr_assert_str_eq(inventory.images[0].id, inventory.images[1].id);
	cr_assert_null(inventory.images[2].id);
	inventory_release(&inventory);
}

Test(docker_engine, stopped_one_starts_where_its_address_was_taken)
{
	set_up("moved");
	struct instance_spec *spec = wish("front", "busybox", "exec sleep 1000");
	run(spec);
	MUST(admit, spec);
	const char *address = look(spec).attachments[0].address;
	MUST(stop, app, spec->name);
	cr_assert(docker_does("run -d --rm --name %s-thief --network berth.%s --ip %s busybox sleep 1000",
			      app, app, address) == 0);
	enum progress progress = AWAIT(start, spec);
	cr_assert(docker_does("rm -f %s-thief", app) == 0);
	cr_assert(progress == PROGRESS_DONE, "%s", error.text);
	struct observed seen = look(spec);
	cr_assert(seen.state == SEEN_RUNNING && !seen.shared_name_held && !held_as_listed(spec));
	cr_assert_str_neq(seen.attachments[0].address, address);
	MUST(admit, spec);
	cr_assert(look(spec).shared_name_held);
}

Test(docker_engine, renamed_one_is_a_stranger_until_it_has_its_name_again)
{
	struct inventory inventory = {0};

	set_up("renamed");
	const struct list_request request = {.app = app};
	struct instance_spec *spec = wish("web", "busybox", "exec sleep 1000");
	run(spec);
	cr_assert(docker_does("rename %s %s-away", spec->name, spec->name) == 0);
	MUST(list, &request, &inventory);
	cr_assert(!inventory.instance_count && inventory.stranger_count == 1);
	inventory_release(&inventory);
	MUST(remove, app, spec->name);
	cr_assert(docker_does("top %s-away", spec->name) == 0, "it was touched");
	cr_assert(docker_does("rename %s-away %s", spec->name, spec->name) == 0);
	MUST(list, &request, &inventory);
	cr_assert(inventory.instance_count == 1 && !inventory.stranger_count);
	inventory_release(&inventory);
}

Test(docker_engine, stranger_s_network_of_the_name_is_not_joined)
{
	set_up("joined");
	const struct prepare_request request = {.app = app, .instances = 1};
	MUST(release, app, false);
	cr_assert(docker_does("network create berth.%s", app) == 0);
	enum progress progress = AWAIT(prepare, &request);
	enum code code = error.code;
	cr_assert(docker_does("network rm berth.%s", app) == 0);
	cr_assert(progress == PROGRESS_FAILED && code == ERR_CONFLICT, "%s", error.text);
}
