/* test_docker_prober.c - checks of a container that cannot be reached from here, asked by a helper in its
 * network. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/locations/docker_bench.h"

#define LOOK    "GET /containers/app.web.1/json"
#define VERSION "GET /version"
#define CREATE  "POST /containers/create?name=berth.helper.app"
#define NAMED   "GET /containers/berth.helper.app/json"
#define START   "POST /containers/h1/start"
#define ATTACH  "POST /containers/h1/attach?stream=1&stdin=1&stdout=1"
#define REMOVE  "DELETE /containers/h1?force=1&v=1"
#define LOAD    "POST /images/load"
#define NETWORK "0123456789abcdef"
#define AMD64   "{\"Os\": \"linux\", \"Arch\": \"amd64\", \"Version\": \"20\"}"

static const struct health_check none = {.kind = CHECK_NONE},
				 accepts = {.kind = CHECK_TCP, .port = 80, .timeout_ms = 1000},
				 page = {.kind = CHECK_HTTP, .port = 80, .path = "ok", .timeout_ms = 1000},
				 command = {.kind = CHECK_COMMAND};

static char program[512];
static struct channel *channel; /* the last one that was opened; NULL: none or hung up */
static unsigned channels, questions;
static char asked[512];     /* the last question, without its name */
static const char *answers; /* what the helper says to each question; NULL: nothing */
static unsigned deaf;       /* so many channels are hung up as soon as something is asked */

/* --- the helper program, as far as its head tells --- */

static void write_program(const char *name, unsigned char class, unsigned machine, bool interpreter)
{
	struct {
		ElfW(Ehdr) head;
		ElfW(Phdr) part;
	} file = {
	    .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, class},
		     .e_machine = (ElfW(Half))machine,
		     .e_phoff = sizeof(ElfW(Ehdr)),
		     .e_phnum = 1,
		     .e_phentsize = sizeof(ElfW(Phdr))},
	    .part = {.p_type = interpreter ? PT_INTERP : PT_LOAD},
	};

	snprintf(program, sizeof(program), "%s/%s", virtual_world_directory(docker_world), name);
	int fd = open(program, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	cr_assert(fd >= 0 && write(fd, &file, sizeof(file)) == (ssize_t)sizeof(file));
	close(fd);
	docker_location.helper = program;
}

static const unsigned char own_class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

/* --- the helper itself --- */

static void say(const char *words)
{
	char frame[512] = {1};
	int length = snprintf(frame + 8, sizeof(frame) - 8, "%s\n", words);

	frame[7] = (char)length;
	/* In two pieces, as they may come. */
	virtual_channel_say(channel, 1, frame, 5);
	virtual_channel_say(channel, 1, frame + 5, (size_t)length + 3);
}

static void accept_it(struct channel *opened)
{
	channel = opened;
	channels++;
	virtual_channel_accept(opened, 1);
}

static void refuse_it(struct channel *opened)
{
	channels++;
	virtual_channel_hang_up(opened, 1, NULL, 409, "{\"message\": \"not running\"}");
}

static void hear_question(const char *line, size_t length)
{
	char name[64], words[600];

	cr_assert(sscanf(line, "%63s", name) == 1);
	snprintf(asked, sizeof(asked), "%.*s", (int)(length - strlen(name) - 1), line + strlen(name) + 1);
	questions++;
	if (!answers)
		return;
	say("somebody-1 error else's");
	snprintf(words, sizeof(words), "%s %s", name, answers);
	say(words);
}

static void hear(struct channel *at, const char *bytes, size_t count)
{
	const char *end;

	cr_assert(at == channel);
	if (count && deaf) {
		deaf--;
		virtual_channel_hang_up(channel, 1, NULL, 0, NULL);
		return;
	}
	for (; count; count -= (size_t)(end + 1 - bytes), bytes = end + 1) {
		end = memchr(bytes, '\n', count);
		cr_assert(end, "half a question");
		hear_question(bytes, (size_t)(end - bytes));
	}
}

static void set_up(void)
{
	static const char *const nothing[] = {"lo", "docker0", NULL};

	docker_set_up();
	docker_interfaces(nothing);
	docker_talks(accept_it, hear);
	write_program("helper", own_class, EM_X86_64, false);
	answers = "open";
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(VERSION, 200, AMD64);
	REPLY(CREATE, 201, "{\"Id\": \"h1\"}");
	REPLY(START, 204, NULL);
	REPLY(REMOVE, 204, NULL);
	REPLY("GET /volumes", 200, "{\"Volumes\": null}");
}

TestSuite(docker_prober, .init = set_up, .fini = docker_take_down);

/* A container of the helper's name, inspected. */
static const char *found(const char *state, const char *image, const char *network, const char *labels)
{
	static char json[1024];

	snprintf(
	    json, sizeof(json),
	    "{\"Id\": \"h1\", \"Name\": \"/berth.helper.app\", \"Config\": {\"Image\": \"%s\", \"Labels\": "
	    "{%s}}, \"HostConfig\": {\"NetworkMode\": \"%s\"}, \"State\": {\"Status\": \"%s\"}}",
	    image, labels, network, state);
	return json;
}

#define OURS "\"berth.app\": \"app\", \"berth.helper\": \"probe\""

/* The name of its image, as the last create asked for it. */
static const char *image(void)
{
	static char name[64];
	size_t count = docker_requests(CREATE);

	cr_assert(count);
	const char *at = strstr(docker_request(CREATE, count - 1)->body, "berth-helper:");
	cr_assert(at);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\""), at);
	return name;
}

/* --- what is asked, and what is said --- */

Test(docker_prober, port_is_asked_inside_the_network)
{
	MUST(probe, &docker_web, &accepts);
	cr_assert_str_eq(asked, "tcp 1000 10.213.0.5 80");
	cr_assert(docker_requests(ATTACH) == 1);
}

Test(docker_prober, words_are_those_of_a_check_from_here)
{
	answers = "error 10.213.0.5:80: connection refused";
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &accepts);
	cr_assert_str_eq(docker_error.text, "10.213.0.5:80: connection refused");
	answers = "status 418 73686f727420616e642073746f7574";
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &page);
	cr_assert_str_eq(docker_error.text, "http://10.213.0.5:80/ok answered 418: short and stout");
	answers = "error no answer from 10.213.0.5:80 in time";
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &page);
	cr_assert_str_eq(docker_error.text, "http://10.213.0.5:80/ok: no answer from 10.213.0.5:80 in time");
}

Test(docker_prober, page_must_have_a_good_status)
{
	struct health_check teapot = page;

	answers = "status 204 ";
	MUST(probe, &docker_web, &page);
	cr_assert_str_eq(asked, "http 1000 10.213.0.5 80 /ok");
	answers = "status 418 ";
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &page);
	teapot.status = 418;
	MUST(probe, &docker_web, &teapot);
}

Test(docker_prober, path_of_two_lines_is_no_question)
{
	struct health_check lines = page;

	lines.path = "/ok\nx tcp 1 10.0.0.1 22";
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &lines);
	cr_assert(!questions);
}

Test(docker_prober, strange_answer_is_none)
{
	static const char *const strange[] = {"", "closed", "status", "status ok", "errors"};

	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		answers = strange[i];
		MUST_FAIL(ERR_FAILED, probe, &docker_web, &accepts);
		SAYS("speaks strangely");
		MUST_FAIL(ERR_FAILED, probe, &docker_web, &page);
		SAYS("speaks strangely");
	}
}

Test(docker_prober, others_need_none)
{
	MUST(probe, &docker_web, &none);
	cr_assert(!docker_requests(CREATE));
}

/* --- its container --- */

Test(docker_prober, container_can_do_nothing_else)
{
	static const char *const parts[] = {
	    "\"NetworkMode\":\"" NETWORK "\"",
	    "\"AutoRemove\":true",
	    "\"ReadonlyRootfs\":true",
	    "\"CapDrop\":[\"ALL\"]",
	    "\"no-new-privileges\"",
	    "\"User\":\"65534:65534\"",
	    "\"PidsLimit\":64",
	    "\"Memory\":67108864",
	    "\"berth.app\":\"app\"",
	    "\"berth.helper\":\"probe\"",
	    "\"StdinOnce\":true",
	    "\"Cmd\":[\"probe\",\"60\"]",
	};

	MUST(probe, &docker_web, &accepts);
	const char *body = docker_request(CREATE, 0)->body;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		cr_assert(strstr(body, parts[i]), "no %s in %s", parts[i], body);
	cr_assert(!strstr(body, "Port") && !strstr(body, "Mounts") && !strstr(body, "Privileged"));
}

struct asker {
	struct errand errand;
	const struct health_check *check;
	struct error error;
	enum progress progress;
};

static void not_told(struct errand *errand)
{
	(void)errand;
}

static void go_on(struct asker *asker)
{
	if (asker->progress == PROGRESS_WAITING)
		asker->progress = docker_driver.probe(&docker_location, &asker->errand, &docker_web,
						      asker->check, &asker->error);
}

static void begin(struct asker *asker)
{
	*asker =
	    (struct asker){.errand = {.wake = not_told}, .check = &accepts, .progress = PROGRESS_WAITING};
	go_on(asker);
}

/* All of them, for so long. */
static void go_on_for(struct asker *askers, size_t count, int64_t limit_ms)
{
	int64_t limit = docker_world->ops->now(docker_world) + limit_ms;

	while (docker_world->ops->now(docker_world) < limit) {
		for (size_t i = 0; i < count; i++)
			go_on(&askers[i]);
		virtual_world_run(docker_world, NULL, NULL, 1);
	}
}

Test(docker_prober, one_serves_all)
{
	struct asker askers[20];

	for (size_t i = 0; i < COUNT_OF(askers); i++)
		begin(&askers[i]);
	go_on_for(askers, COUNT_OF(askers), 100);
	for (size_t i = 0; i < COUNT_OF(askers); i++)
		cr_assert(askers[i].progress == PROGRESS_DONE, "%zu: %s", i, askers[i].error.text);
	MUST(probe, &docker_web, &accepts);
	cr_assert(docker_requests(CREATE) == 1 && docker_requests(START) == 1 && channels == 1);
	cr_assert(questions == COUNT_OF(askers) + 1);
}

Test(docker_prober, made_on_by_another_when_its_maker_is_dropped)
{
	struct asker askers[3];

	for (size_t i = 0; i < COUNT_OF(askers); i++)
		begin(&askers[i]);
	for (int64_t ms = 0; ms < 4; ms++) {
		go_on_for(askers, COUNT_OF(askers), 1);
		if (docker_requests(CREATE))
			break;
	}
	cr_assert(docker_requests(CREATE) == 1);
	for (size_t i = 0; i < 2; i++) {
		docker_driver.drop(&docker_location, &askers[i].errand);
		askers[i].progress = PROGRESS_FAILED;
	}
	go_on_for(askers, COUNT_OF(askers), 100);
	cr_assert(askers[2].progress == PROGRESS_DONE, "%s", askers[2].error.text);
}

Test(docker_prober, closed_while_it_is_made_and_asked)
{
	for (int64_t ms = 0; ms < 12; ms++) {
		struct asker askers[3];
		answers = NULL;
		for (size_t i = 0; i < COUNT_OF(askers); i++)
			begin(&askers[i]);
		go_on_for(askers, COUNT_OF(askers), ms);
		cr_assert(docker_reopen("unix:///engine.sock", NULL, NULL) == 0);
		docker_location.helper = program;
		cr_assert(virtual_world_pending(docker_world) == 0);
	}
	cr_assert(questions);
}

Test(docker_prober, image_is_loaded_when_it_is_absent)
{
	char manifest[128];

	REPLY(CREATE, 404, "{\"message\": \"No such image: berth-helper:x\"}", .times = 1);
	REPLY(LOAD, 200, "{\"stream\": \"Loaded image: berth-helper\\n\"}\n");
	MUST(probe, &docker_web, &accepts);
	cr_assert(docker_requests(CREATE) == 2 && docker_requests(LOAD) == 1);
	cr_assert(strlen(image()) == strlen("berth-helper:") + 12, "%s", image());
	/* Two blocks and more of the layer, then the index, whose name is in its header. */
	snprintf(manifest, sizeof(manifest), "\"RepoTags\":[\"%s\"],\"Layers\":[\"layer.tar\"]", image());
	const struct asked *load = docker_request(LOAD, 0);
	cr_assert(memmem(load->body, load->size, manifest, strlen(manifest)));
	cr_assert(memmem(load->body, load->size, ELFMAG, SELFMAG));
	cr_assert(memmem(load->body, load->size, "\"architecture\":\"amd64\"", 22));
	cr_assert(load->size % 512 == 0);
}

Test(docker_prober, another_program_is_another_image)
{
	char first[64];

	MUST(probe, &docker_web, &accepts);
	snprintf(first, sizeof(first), "%s", image());
	docker_reopen("unix:///engine.sock", NULL, NULL);
	write_program("other", own_class, EM_X86_64, false);
	cr_assert(truncate(program, 100000) == 0);
	MUST(probe, &docker_web, &accepts);
	cr_assert_str_neq(image(), first);
}

/* --- one that is there already --- */

Test(docker_prober, one_of_ours_that_runs_is_asked_too)
{
	MUST(probe, &docker_web, &accepts);
	char name[64];
	snprintf(name, sizeof(name), "%s", image());
	docker_reopen("unix:///engine.sock", NULL, NULL);
	docker_location.helper = program;
	REPLY(CREATE, 409, "{\"message\": \"in use\"}");
	REPLY(START, 304, NULL);
	REPLY(NAMED, 200, found("running", name, NETWORK, OURS));
	MUST(probe, &docker_web, &accepts);
	cr_assert(!docker_requests(REMOVE) && channels == 2);
}

static void is_made_anew(const char *found_one)
{
	REPLY(CREATE, 409, "{\"message\": \"in use\"}", .times = 1);
	REPLY(NAMED, 200, found_one);
	docker_forget();
	MUST(probe, &docker_web, &accepts);
	cr_assert(docker_requests(REMOVE) == 1 && docker_requests(CREATE) == 2);
	docker_reopen("unix:///engine.sock", NULL, NULL);
	docker_location.helper = program;
}

Test(docker_prober, one_of_ours_that_does_not_serve_is_made_anew)
{
	MUST(probe, &docker_web, &accepts);
	char name[64];
	snprintf(name, sizeof(name), "%s", image());
	docker_reopen("unix:///engine.sock", NULL, NULL);
	docker_location.helper = program;
	is_made_anew(found("running", "berth-helper:older", NETWORK, OURS));
	is_made_anew(found("running", name, "another", OURS));
	is_made_anew(found("exited", name, NETWORK, OURS));
}

Test(docker_prober, stranger_of_its_name_is_left_alone)
{
	static const char *const strangers[] = {"", "\"berth.app\": \"app\"",
						"\"berth.app\": \"b\", \"berth.helper\": \"probe\""};

	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		docker_reopen("unix:///engine.sock", NULL, NULL);
		docker_location.helper = program;
		REPLY(CREATE, 409, "{\"message\": \"in use\"}");
		REPLY(NAMED, 200, found("running", "redis", NETWORK, strangers[i]));
		MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
		SAYS("container `berth.helper.app` is there already and was not made by berth");
		HELPS("command");
		/* And it is not tried again. */
		docker_forget();
		MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
		MUST(tidy, "app", "t");
		cr_assert(!docker_requests("POST ") && !docker_requests("DELETE "));
	}
	cr_assert(!channels);
}

/* --- when something goes wrong --- */

Test(docker_prober, lost_answers_are_looked_after)
{
	REPLY(CREATE, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	REPLY(START, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	REPLY(NAMED, 404, "{\"message\": \"No such container\"}");
	MUST(probe, &docker_web, &accepts);
	cr_assert(docker_requests(CREATE) == 2 && docker_requests(START) == 2);
	MUST(tidy, "app", "t");
	cr_assert(docker_requests(REMOVE) == 1);
}

Test(docker_prober, made_again_when_it_ends)
{
	struct asker askers[3];

	deaf = 1;
	for (size_t i = 0; i < COUNT_OF(askers); i++)
		begin(&askers[i]);
	go_on_for(askers, COUNT_OF(askers), 100);
	for (size_t i = 0; i < COUNT_OF(askers); i++)
		cr_assert(askers[i].progress == PROGRESS_DONE, "%zu: %s", i, askers[i].error.text);
	cr_assert(docker_requests(CREATE) == 2 && channels == 2);
}

Test(docker_prober, given_up_when_it_ends_without_an_answer_each_time)
{
	deaf = 1000;
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("ends without an answer");
	cr_assert(docker_requests(CREATE) == 3);
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	cr_assert(docker_requests(CREATE) == 3);
}

Test(docker_prober, an_answer_makes_up_for_all_that_went_wrong_before)
{
	for (int i = 0; i < 4; i++) {
		deaf = 2;
		MUST(probe, &docker_web, &accepts);
	}
	cr_assert(channels == 1 + 4 * 2);
}

Test(docker_prober, given_up_when_it_never_listens)
{
	docker_talks(refuse_it, hear);
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("does not listen");
	cr_assert(channels == 3);
}

Test(docker_prober, silent_one_is_hung_up_on)
{
	answers = NULL;
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	cr_assert(channels == 3);
}

Test(docker_prober, refusals_end_in_the_engine_s_words)
{
	REPLY(START, 500, "{\"message\": \"exec format error\"}");
	for (int i = 0; i < 2; i++)
		MUST_FAIL(ERR_FAILED, probe, &docker_web, &accepts);
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("cannot be verified from here: the containers of `app` are on another machine's network");
	SAYS("cannot be started: exec format error");
}

Test(docker_prober, image_that_cannot_be_loaded_ends_in_the_engine_s_words)
{
	REPLY(CREATE, 404, "{\"message\": \"No such image: berth-helper:x\"}");
	REPLY(LOAD, 200, "{\"errorDetail\": {}, \"error\": \"no space left on device\"}\n");
	for (int i = 0; i < 2; i++)
		MUST_FAIL(ERR_FAILED, probe, &docker_web, &accepts);
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("cannot be loaded: no space left on device");
}

Test(docker_prober, image_is_loaded_once_a_try)
{
	REPLY(CREATE, 404, "{\"message\": \"No such image: berth-helper:x\"}");
	REPLY(LOAD, 200, "{\"stream\": \"Loaded image: berth-helper\\n\"}\n");
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &accepts);
	SAYS("cannot be made: No such image");
	cr_assert(docker_requests(LOAD) == 1);
}

Test(docker_prober, silence_of_the_engine_is_no_refusal)
{
	REPLY(CREATE, 0, NULL, .error = ERR_UNREACHABLE);
	for (int i = 0; i < 5; i++)
		MUST_FAIL(ERR_UNREACHABLE, probe, &docker_web, &accepts);
	REPLY(CREATE, 201, "{\"Id\": \"h1\"}");
	MUST(probe, &docker_web, &accepts);
}

Test(docker_prober, other_platforms_run_no_program_of_ours)
{
	REPLY(VERSION, 200, "{\"Os\": \"linux\", \"Arch\": \"arm64\"}");
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("the engine runs programs for linux/arm64, and berth-helper is one for linux/amd64");
	cr_assert(!docker_requests(CREATE));
}

Test(docker_prober, program_must_be_there_and_fit)
{
	static const struct {
		const char *name;
		unsigned char class;
		unsigned machine;
		bool interpreter;
		const char *says;
	} programs[] = {
	    {"shared", sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32, EM_X86_64, true,
	     "is not linked statically"},
	    {"class", ELFCLASSNONE, EM_X86_64, false, "is no program of this machine"},
	    {"machine", sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32, EM_VAX, false, "is not known"},
	};

	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		docker_reopen("unix:///engine.sock", NULL, NULL);
		write_program(programs[i].name, programs[i].class, programs[i].machine,
			      programs[i].interpreter);
		MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
		SAYS(programs[i].says);
	}
	docker_reopen("unix:///engine.sock", NULL, NULL);
	docker_location.helper = "/nonexistent/helper";
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("/nonexistent/helper");
	docker_reopen("unix:///engine.sock", NULL, NULL);
	MUST_FAIL(ERR_UNSUPPORTED, probe, &docker_web, &accepts);
	SAYS("is not installed");
}

/* --- its end --- */

Test(docker_prober, tidied_once)
{
	MUST(tidy, "app", "t");
	cr_assert(!docker_requests("DELETE "));
	MUST(probe, &docker_web, &accepts);
	MUST(tidy, "app", "t");
	cr_assert(docker_requests(REMOVE) == 1);
	MUST(tidy, "app", "t");
	cr_assert(docker_requests(REMOVE) == 1);
	MUST(probe, &docker_web, &accepts);
	cr_assert(docker_requests(CREATE) == 2);
}

Test(docker_prober, its_own_removal_is_awaited)
{
	MUST(probe, &docker_web, &accepts);
	REPLY(REMOVE, 404, NULL);
	REPLY(REMOVE, 409, "{\"message\": \"removal is already in progress\"}", .times = 3);
	MUST(tidy, "app", "t");
	cr_assert(docker_requests(REMOVE) == 4);
}

#define HELPERS                                                                                              \
	"GET /containers/json?all=1&filters=%7B%22label%22%3A%5B%22berth.app%3Dapp%22%2C%22berth.helper"

Test(docker_prober, goes_with_the_application_before_the_network)
{
	REPLY(HELPERS, 200,
	      "[{\"Id\": \"h1\", \"Names\": [\"/berth.helper.app\"], \"Labels\": {" OURS "}}, "
	      "{\"Id\": \"s1\", \"Names\": [\"/copy\"], \"Labels\": {" OURS "}}]");
	REPLY("GET /networks?", 200,
	      "[{\"Id\": \"n0\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	REPLY("DELETE /networks/n0", 204, NULL);
	MUST(release, "app", false);
	cr_assert(docker_requests("DELETE ") == 2);
	cr_assert(starts_with(docker_request("DELETE ", 0)->line, REMOVE));
}

Test(docker_prober, is_neither_an_instance_nor_a_stranger)
{
	const struct list_request request = {.app = "app"};
	struct inventory inventory = {0};

	REPLY(
	    "GET /containers/json?all=1", 200,
	    "[{\"Id\": \"h1\", \"Names\": [\"/berth.helper.app\"], \"State\": \"running\", \"Labels\": {" OURS
	    "}}]");
	REPLY("GET /networks", 200, "[]");
	REPLY("GET /volumes", 200, "{\"Volumes\": null}");
	MUST(list, &request, &inventory);
	cr_assert(!inventory.instance_count && !inventory.stranger_count);
	inventory_release(&inventory);
}

/* --- which way it would be asked --- */

static void list(const char *networks)
{
	static const char *const images[] = {"busybox:1", NULL};
	const struct list_request request = {.app = "app", .images = images};
	struct inventory inventory = {0};

	REPLY("GET /containers/json?all=1", 200, "[]");
	REPLY("GET /networks?", 200, networks);
	REPLY("GET /volumes", 200, "{\"Volumes\": null}");
	REPLY("GET /images/json", 200, "[]");
	MUST(list, &request, &inventory);
	inventory_release(&inventory);
}

static const char *readiness(const struct health_check *check)
{
	const char *words = docker_driver.readiness(&docker_location, &docker_web, check);

	return words ? words : "not at all";
}

#define ITS_NETWORK                                                                                          \
	"[{\"Id\": \"" NETWORK "\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]"

Test(docker_prober, way_is_told_beforehand)
{
	static const char *const here[] = {"docker0", "br-0123456789ab", NULL};
	static const char *const nothing[] = {"lo", NULL};

	cr_assert_str_eq(readiness(&none), "by its running");
	cr_assert_str_eq(readiness(&command), "in the container");
	docker_interfaces(here);
	list("[]");
	cr_assert_str_eq(readiness(&accepts), "from here");
	list(ITS_NETWORK);
	cr_assert_str_eq(readiness(&accepts), "from here");
	cr_assert(!docker_requests(VERSION));
	/* Another engine's default bridge does not make this one's networks ours. */
	docker_interfaces((const char *const[]){"docker0", NULL});
	cr_assert_str_eq(readiness(&accepts), "by a helper in its network");
	docker_interfaces(nothing);
	list("[]");
	cr_assert(docker_requests(VERSION) == 1);
	cr_assert_str_eq(readiness(&page), "by a helper in its network");
	list("[]");
	cr_assert(docker_requests(VERSION) == 1);
}

Test(docker_prober, what_could_not_be_asked_is_told_beforehand)
{
	static const char *const nothing[] = {"lo", "docker0", NULL};

	docker_interfaces(nothing);
	cr_assert(docker_reopen("tcp://10.0.0.9:2375", NULL, NULL) == 0);
	docker_location.helper = program;
	list("[]");
	cr_assert_str_eq(readiness(&accepts), "by a helper in its network");
	REPLY(VERSION, 200, "{\"Os\": \"windows\", \"Arch\": \"amd64\"}");
	cr_assert(docker_reopen("tcp://10.0.0.9:2375", NULL, NULL) == 0);
	docker_location.helper = program;
	list("[]");
	cr_assert_str_eq(readiness(&accepts), "not at all");
	cr_assert(docker_reopen("tcp://10.0.0.9:2375", NULL, NULL) == 0);
	cr_assert_str_eq(readiness(&accepts), "not at all");
	cr_assert_str_eq(readiness(&command), "in the container");
}
