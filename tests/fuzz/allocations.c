/* allocations.c - every allocation fails once: nothing crashes, hangs or leaks, what went wrong is said, or
 * the work is done right all the same, and the program goes on usable.
 *
 *   fuzz-allocations [--every STRIDE] [--lasting] [--tell COUNT] [SCENARIO [N]]
 *
 * With N only that allocation fails, in this process, and its stack is shown.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fuzz/allocations.h"
#include "tests/fuzz/scarce.h"
#include "tests/fuzz/target.h"

enum { ROUND = 20, PATIENCE_S = 20, LEAKED = 23, BROKEN = 24 };

/* What a child was at, for its parent. */
static struct {
	size_t at;
	char problem[700];
} * shared;

static struct {
	size_t every;
	bool lasting;
	size_t told; /* of the bad ones */
} options = {.every = 1, .told = 8};

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static _Noreturn void complain_of(const char *what, const char *words)
{
	snprintf(shared->problem, sizeof shared->problem, "%s: %.300s", what, words);
	_exit(BROKEN);
}

/* From a little before where they differ. */
static const char *difference(const char *made, const char *wanted)
{
	size_t same = 0;

	while (made[same] && made[same] == wanted[same])
		same++;
	return made + (same > 60 ? same - 60 : 0);
}

/* With its `at`-th allocation failing. Whether there was such a one. */
static bool try(const struct scenario *scenario, size_t at, const char *wanted)
{
	scenario->set_up();
	fuzz_patience(PATIENCE_S);
	scarce_begin(at, options.lasting);
	struct verdict verdict = scenario->act();
	bool reached = scarce_end() >= at;
	if (!verdict.good && !strstr(verdict.message, "memory"))
		complain_of("it does not say that memory ran out", verdict.message);
	if (verdict.good && wanted && strcmp(verdict.result, wanted) != 0)
		complain_of("it says that all is well, but made", difference(verdict.result, wanted));
	free(verdict.result);
	scenario->take_down();
	return reached;
}

/* Some in a row, in a process of their own. */
static int child(const struct scenario *scenario, size_t from, size_t count, const char *wanted)
{
	bool reached = true;

	for (size_t i = 0; i < count && reached; i++) {
		shared->at = from + i * options.every;
		reached = try(scenario, shared->at, wanted);
	}
	shared->at += options.every;
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		return LEAKED;
	return reached ? 0 : 1;
}

static int run_child(const struct scenario *scenario, size_t from, size_t count, const char *wanted,
		     bool quiet)
{
	int status;

	fflush(NULL);
	*shared->problem = '\0';
	shared->at = from;
	pid_t pid = fork();
	if (pid == 0) {
		if (quiet && !freopen("/dev/null", "w", stderr))
			_exit(99);
		_exit(child(scenario, from, count, wanted));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* What it makes when there is memory, and with how many allocations. */
static char *measure(const struct scenario *scenario, size_t *ret_count)
{
	scenario->set_up();
	scarce_begin(0, false);
	struct verdict verdict = scenario->act();
	*ret_count = scarce_end();
	if (!verdict.good)
		fprintf(stderr, "%s: %s\n", scenario->name, verdict.message);
	HOLDS(verdict.good);
	scenario->take_down();
	return verdict.result;
}

static size_t report(const struct scenario *scenario, int code, size_t failed)
{
	if (failed < options.told) {
		printf("# %s %zu: ", scenario->name, shared->at);
		if (code == -SIGPROF)
			printf("it hangs\n");
		else if (code < 0 || code == 1 || !*shared->problem)
			printf("%s (%d)\n", code == LEAKED ? "it leaks" : "it crashes", code);
		else
			printf("%s\n", shared->problem);
	}
	return failed + 1;
}

static bool scenario_holds(const struct scenario *scenario)
{
	size_t count, failed = 0, done = 0;
	owned_memory char *wanted = measure(scenario, &count);

	for (size_t from = 1; from <= count;) {
		int code = run_child(scenario, from, ROUND, wanted, true);
		size_t stopped = shared->at;
		if (code == LEAKED)
			for (size_t at = from; at < stopped; at += options.every) {
				code = run_child(scenario, at, 1, wanted, true);
				shared->at = at;
				if (code == LEAKED)
					failed = report(scenario, code, failed);
			}
		else if (code != 0 && code != 1) {
			failed = report(scenario, code, failed);
			stopped += options.every;
		}
		done += (stopped - from) / options.every;
		from = stopped;
		if (code == 1)
			break;
	}
	printf("%s - %s: %zu of its %zu allocations failed%s, %zu badly\n", failed ? "not ok" : "ok",
	       scenario->name, done, count, options.lasting ? " with all that follow" : "", failed);
	return !failed;
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--every STRIDE] [--lasting] [--tell COUNT] [SCENARIO [N]]\nscenarios:", program);
	for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
		fprintf(stderr, " %s", scenario->name);
	fprintf(stderr, "\n");
	return 64;
}

int main(int argc, char **argv)
{
	bool good = true, found = false;
	int next = 1;

	for (; next < argc && starts_with(argv[next], "--"); next++)
		if (!strcmp(argv[next], "--lasting"))
			options.lasting = true;
		else if (!strcmp(argv[next], "--every") && next + 1 < argc)
			options.every = strtoul(argv[++next], NULL, 10);
		else if (!strcmp(argv[next], "--tell") && next + 1 < argc)
			options.told = strtoul(argv[++next], NULL, 10);
	if (!options.every)
		return usage(argv[0]);
	/* The stores are synced again and again. */
	if (!getenv("TMPDIR") && !access("/dev/shm", W_OK))
		setenv("TMPDIR", "/dev/shm", 1);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	for (const struct scenario *scenario = scenarios; scenario->name; scenario++) {
		if (next < argc && strcmp(scenario->name, argv[next]) != 0)
			continue;
		found = true;
		if (next + 1 < argc) {
			size_t count;
			owned_memory char *wanted = measure(scenario, &count);
			scarce_show(true);
			options.every = 1;
			int code = run_child(scenario, strtoul(argv[next + 1], NULL, 10), 1, wanted, false);
			report(scenario, code, 0);
			return code != 0 && code != 1;
		}
		good = scenario_holds(scenario) && good;
	}
	return !found ? usage(argv[0]) : good ? 0 : 1;
}
