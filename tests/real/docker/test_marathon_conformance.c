/* test_marathon_conformance.c - the conformance suite over the Marathon driver: a double of Marathon whose
 * tasks are containers of the engine that BERTH_TEST_DOCKER names. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "tests/conformance/grounds.h"
#include "tests/conformance/rig.h"
#include "tests/real/docker/lossy.h"

static struct world *here;
static pid_t double_pid;
static char url[64];
static struct location_spec spec;
static json_t *options;

static bool pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	(void)subject;
	return real_pump(here, until, owner, limit_ms);
}

/* --- the double --------------------------------------------------------------------------------- */

static int curl(const char *method, const char *path, const char *body)
{
	char line[1024];

	snprintf(line, sizeof(line),
		 "curl -sf -m 30 -X %s -H 'Content-Type: application/json' %s%s%s '%s%s' >/dev/null 2>&1",
		 method, body ? "-d '" : "", body ? body : "", body ? "'" : "", url, path);
	return system(line) == 0 ? 0 : -1;
}

static unsigned free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	owned_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	return ntohs(address.sin_port);
}

static void start_double(void)
{
	char listen[32];

	snprintf(listen, sizeof(listen), "127.0.0.1:%u", free_port());
	snprintf(url, sizeof(url), "http://%s", listen);
	double_pid = fork();
	cr_assert(double_pid >= 0);
	if (double_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that crashes takes it along */
		execl(BERTH_SOURCE_DIR "/tests/doubles/marathon/run", "run", "--quiet", "--published",
		      "--with-parent", "--listen", listen, "--docker", getenv("BERTH_TEST_DOCKER"),
		      (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 200 && waitpid(double_pid, NULL, WNOHANG) == 0 && curl("GET", "/ping", NULL) < 0;
	     i++)
		usleep(100000);
	cr_assert(curl("GET", "/v2/info", NULL) == 0, "the double does not answer");
}

/* --- the subject ---------------------------------------------------------------------------------- */

static int open_marathon(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	json_object_set_new(options, "patience", json_string("10s"));
	spec = (struct location_spec){.name = "here", .type = "marathon", .target = url, .options = options};
	*ret = (struct location){.driver = &marathon_driver,
				 .world = here,
				 .name = "here",
				 .spec = &spec,
				 .state_directory = "/nonexistent",
				 .helper = "",
				 .environment = empty_environment};
	return marathon_driver.open(ret, err);
}

static int fit(struct subject *subject, struct arena *arena, struct instance_spec *fitted, enum manner manner,
	       uint16_t number)
{
	static const char *const manners[] = {
	    [STAYS] = "trap 'exit 0' TERM; sleep 1000 & wait",
	    [SPEAKS_AND_ENDS] = "echo spoken; exit 3",
	    [ENDS_WELL] = "exit 0",
	    [LISTENS] = "trap exit TERM; echo listening; while :; do sleep 1000& wait; done",
	};
	const char **command = arena_array(arena, const char *, 4);

	(void)subject, (void)number;
	if (!command)
		return -1;
	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = manners[manner];
	fitted->kind = COMPONENT_DOCKER;
	fitted->image = "busybox";
	fitted->command = command;
	fitted->memory_bytes = 16 << 20;
	return 0;
}

/* "/shop/web" of "shop.web.1". */
static void path_of(const char *name, char *ret, size_t size)
{
	const char *dot = strchr(name, '.'), *end = strrchr(name, '.');

	snprintf(ret, size, "/%.*s/%.*s", (int)(dot - name), name, (int)(end - dot - 1), dot + 1);
}

static int stranger(struct subject *subject, const char *name)
{
	char id[160], body[300];

	(void)subject;
	path_of(name, id, sizeof(id));
	snprintf(body, sizeof(body), "{\"id\":\"%s\",\"cmd\":\"sleep 1000\",\"instances\":0}", id);
	return curl("POST", "/v2/apps", body);
}

static bool stranger_left(struct subject *subject, const char *name)
{
	char id[160], path[200];

	(void)subject;
	path_of(name, id, sizeof(id));
	snprintf(path, sizeof(path), "/v2/apps%s", id);
	return curl("GET", path, NULL) == 0;
}

static int vanish(struct subject *subject, const char *name)
{
	char id[160], path[200];

	(void)subject;
	path_of(name, id, sizeof(id));
	snprintf(path, sizeof(path), "/v2/apps%s?force=true", id);
	return curl("DELETE", path, NULL);
}

static int reach(struct subject *subject, bool reachable)
{
	(void)subject;
	lossy_reach(reachable);
	return 0;
}

static int lose(struct subject *subject, enum lost what, const char *name)
{
	static const struct {
		const char *method, *part;
	} lost[] = {[LOST_PLACE] = {"POST", "/v2/apps"},
		    [LOST_START] = {"PUT", "/v2/apps/"},
		    [LOST_REMOVE] = {"DELETE", "/v2/apps/"},
		    [LOST_UPDATE] = {"PUT", "/v2/apps/"}};

	(void)subject, (void)name;
	lossy_lose(lost[what].method, lost[what].part);
	return 0;
}

/* A change that changes nothing is told all the same. */
static int repeat(struct subject *subject, const char *name)
{
	char id[160], path[200];

	(void)subject;
	path_of(name, id, sizeof(id));
	snprintf(path, sizeof(path), "/v2/apps%s", id);
	return curl("PUT", path, "{\"instances\":1}");
}

static int hang(struct subject *subject, const char *name)
{
	(void)subject, (void)name;
	return curl("POST", "/double/settings", "{\"never_match\":true}");
}

static const struct unfit unfits[] = {
    {"volumes_outlive_the_release", "a named volume would be of one agent"},
    {"volumes_go_when_asked", "a named volume would be of one agent"},
    {"files_are_there_before_the_start", "Marathon puts no files into tasks"},
    {"files_are_delivered_without_a_restart", "Marathon puts no files into tasks"},
    {"secret_file_is_shown_nowhere", "Marathon puts no files into tasks"},
    {"withdrawn_instance_runs_on", "tasks share no name that one could lose"},
    {"signal_reaches_the_main_process", "Marathon sends no signals"},
    {"exec_gives_both_streams_and_the_code", "Marathon runs no commands in tasks"},
    {"exec_tells_the_signal_that_ended_it", "Marathon runs no commands in tasks"},
    {"exec_gives_much_output_whole", "Marathon runs no commands in tasks"},
    {"exec_gives_back_its_input", "Marathon runs no commands in tasks"},
    {"exec_without_input_reads_its_end", "Marathon runs no commands in tasks"},
    {"exec_on_a_terminal_has_its_size", "Marathon runs no commands in tasks"},
    {"exec_runs_where_it_is_told", "Marathon runs no commands in tasks"},
    {"exec_of_no_command_is_missing", "Marathon runs no commands in tasks"},
    {"exec_of_what_cannot_run_is_denied", "Marathon runs no commands in tasks"},
    {"exec_needs_a_running_instance", "Marathon runs no commands in tasks"},
    {0},
};

static struct subject subject_marathon = {
    .driver = &marathon_driver,
    .unfits = unfits,
    .open = open_marathon,
    .pump = pump,
    .fit = fit,
    .stranger = stranger,
    .stranger_left = stranger_left,
    .vanish = vanish,
    .reach = reach,
    .lose = lose,
    .repeat = repeat,
    .hang = hang,
};

/* After the skipping, which runs no fini. */
static void set_up(void)
{
	struct error error;

	here = world_real_open(&error);
	cr_assert(here, "%s", error.text);
	start_double();
	lossy_install(here);
}

static void take_down(void)
{
	if (!here)
		return;
	curl("POST", "/double/settings", "{\"never_match\":false}");
	conformance_end(&subject_marathon);
	lossy_remove();
	world_real_close(here);
	json_decref(options);
	if (double_pid > 0) {
		kill(double_pid, SIGTERM);
		waitpid(double_pid, NULL, 0);
	}
}

#define CASE(name)                                                                                           \
	Test(marathon_conformance, name, .fini = take_down, .timeout = 300)                                  \
	{                                                                                                    \
		if (!getenv("BERTH_TEST_DOCKER"))                                                            \
			cr_skip_test("BERTH_TEST_DOCKER names no engine");                                   \
		conformance_begin(&subject_marathon, #name);                                                 \
		set_up();                                                                                    \
		conformance_##name(&subject_marathon);                                                       \
	}
CONFORMANCE_CASES(CASE)
